#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bandwidth - what an endpoint may receive and send is held, between endpoints of one host and to the outside, on bridges and
# without, by IPv4 and IPv6; changed live; drift is seen and mended; and it outlives the daemon. Rates are small, so that any
# machine reaches them, and are judged by their ratio alone.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ip ping jq tc python3

sandbox_outside
netns_add pod
start_moatd
stream=$SANDBOX_TOP/tests/lib/stream.py
M=1000000
moat tenant create red
moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64
moat network create red/pods --mode routed --subnet 10.1.0.0/24
moat network create red/wire --mode l2
moat attach red/web --create --name a --ip 10.0.0.10 --ip fd00:a::10
assert_ok "an endpoint with a bandwidth" moat attach red/web --create --name b --ip 10.0.0.11 --ip fd00:a::11 \
	--ingress-rate 20M --egress-rate 10mbit --egress-burst 400k
assert_ok "one of a routed network" moat attach red/pods --create --name c --ip 10.1.0.12 --egress-rate 10M
moat attach red/pods --create --name p --ip 10.1.0.13
assert_ok "two of a network that has no guard" moat attach red/wire --create --name d --ip 10.2.0.13/24 --egress-rate 10M
moat attach red/wire --create --name e --ip 10.2.0.14/24
for name in a b c p e; do
	moat enter red/$name -- "$stream" serve 7000 >/dev/null 2>&1 &
	sandbox_keep $!
done
outside "$stream" serve 7000 >/dev/null 2>&1 &
sandbox_keep $!
# rate FROM ADDRESS - bits a second that arrive there
rate() {
	if [[ $1 == pod ]]; then
		netns pod timeout 60 "$stream" send "$2" 7000 "${3-0.7}"
	else
		moat enter "red/$1" -- timeout 60 "$stream" send "$2" 7000 "${3-0.7}"
	fi
}
# held NAME FROM ADDRESS RATE - never more than that, and most of it at least once: others may keep the processors
held() {
	local got
	for _ in 1 2 3 4; do
		got=$(rate "$2" "$3") || got=0
		note "$1: $((got / 1000)) of $(($4 / 1000)) kbit/s"
		((got <= $4 * 13 / 10)) || break
		((got < $4 / 2)) || { pass "$1" && return; }
	done
	fail "$1" "got $got bit/s of $4"
}
# free NAME FROM ADDRESS RATE - many times that
free() {
	local got
	got=$(rate "$2" "$3" 0.3) || got=0
	if ((got < $4 * 4)); then fail "$1" "got $got bit/s, not four times $4"; else pass "$1"; fi
}
held "what it receives" a 10.0.0.11 $((20 * M))
held "what it sends" b 10.0.0.10 $((10 * M))
held "what it receives, by IPv6" a fd00:a::11 $((20 * M))
held "what it sends to the outside" b "$OUTSIDE4" $((10 * M))
held "what one of a routed network sends" c 10.1.0.13 $((10 * M))
held "where there is no guard" d 10.2.0.14 $((10 * M))
free "who has none is not held" a "$OUTSIDE4" $((20 * M))
free "nor is the direction that has none" p 10.1.0.12 $((10 * M))

b=$(moat --json endpoint show red/b)
assert_eq "it is shown" '{"ingressRateBits":20000000,"ingressBurstBits":0,"egressRateBits":10000000,"egressBurstBits":400000}' \
	"$(jq -c .endpoint.bandwidth <<<"$b")"
port=$(jq -r .endpoint.hostIfname <<<"$b")
id=$(jq -r .endpoint.id <<<"$b")
router=$(moat --json tenant show red | jq -r .tenant.routerNetns)
inside() { nsenter --net="$router" "$@"; }
assert_match "tc sees the one queue" "qdisc tbf .* rate 20Mbit" "$(inside tc qdisc show dev "$port")"
assert_match "and the other" "rate 10Mbit burst (50000|4999[0-9])b" "$(inside tc qdisc show dev "ms$id")"
assert_match "the plan is told" "qdisc ns=router:[0-9a-f]* dev=mp[0-9a-f]* rate=2500000 " "$(moat --dry-run attach red/web --create --name z --ingress-rate 20M)"

# what stands against root inside: nothing of it is in there
assert_eq "inside there is no queue" "" "$(moat enter red/b -- tc qdisc show dev eth0 | grep tbf)"
# the guard still stands before it: what may not be sent is not sent by way of the ifb either
moat enter red/b -- ip addr add 10.0.0.99/32 dev eth0
assert_fail "the guard is not passed by" moat enter red/b -- ping -n -c2 -i0.1 -W1 -I 10.0.0.99 10.0.0.10
assert_ok "check is clean" moat check

assert_ok "a rate is changed live" moat endpoint set red/b --egress-rate 40M
held "and held" b 10.0.0.10 $((40 * M))
assert_ok "one is taken away" moat endpoint set red/b --egress-rate none --ingress-rate none
free "and nothing is held" b 10.0.0.10 $((40 * M))
assert_eq "nothing is left of it" "0 0" "$(inside tc qdisc show | grep -c "tbf.*$id") $(inside ip -o link | grep -c "ms$id")"
assert_ok "and one given" moat endpoint set red/b --egress-rate 10M --ingress-rate 20M
assert_ok "check is clean" moat check

# drift, each kind by itself: seen by check, mended by the daemon
mended() { timeout 20 "$MOAT_BIN_DIR/moat" check >/dev/null 2>&1; }
drift() {
	local name=$1
	shift
	inside "$@" || fail "$name: $*"
	eventually 20 mended || fail "$name: it stays" "$(moat check)"
	pass "$name is mended"
}
drift "a queue removed" tc qdisc del dev "$port" root
drift "a queue with another rate" tc qdisc replace dev "ms$id" root tbf rate 1gbit burst 1m limit 1m
drift "another queue in its place" tc qdisc replace dev "$port" root pfifo
drift "the ifb removed" ip link del "ms$id"
drift "the ifb down" ip link set "ms$id" down
held "after all of that it is held" b 10.0.0.10 $((10 * M))
held "both ways" a 10.0.0.11 $((20 * M))

kill -9 "$(moat_pids moatd-engine)"
eventually 20 timeout 2 "$MOAT_BIN_DIR/moat" version
assert_eq "it outlives the daemon" 10000000 "$(moat --json endpoint show red/b | jq .endpoint.bandwidth.egressRateBits)"
assert_ok "and check is clean" moat check

# by CNI
CONF='{"cniVersion":"1.0.0","name":"web","type":"moat","tenant":"red","runtimeConfig":{"bandwidth":{"ingressRate":20000000,"ingressBurst":4294967295,"egressRate":10000000,"egressBurst":400000}}}'
cni() {
	CNI_COMMAND=$1 CNI_CONTAINERID=pod CNI_NETNS=/run/netns/pod CNI_IFNAME=eth0 CNI_PATH=/none MOAT_SOCKET=$RT/moatd.sock \
		timeout 30 "$MOAT_BIN_DIR/cni/moat" <<<"${2-$CONF}"
}
prev=$(cni ADD) || fail "no ADD" "$prev"
pod=$(jq -r '.ips[0].address | sub("/.*"; "")' <<<"$prev")
netns pod "$stream" serve 7000 >/dev/null 2>&1 &
sandbox_keep $!
held "by CNI: what it receives" a "$pod" $((20 * M))
held "by CNI: what it sends" pod 10.0.0.10 $((10 * M))
CHECKED=$(jq -c --argjson prev "$prev" '.prevResult = $prev' <<<"$CONF")
assert_ok "CHECK finds nothing wrong" cni CHECK "$CHECKED"
assert_ok "DEL" cni DEL

assert_status 2 "a rate is a number" moat endpoint set red/b --egress-rate fast
assert_match "and told so" "no number of bits" "$output"
assert_status 2 "not too small" moat endpoint set red/b --egress-rate 10
assert_match "and told so" "from 1000 to 10.15 bit/s" "$output"
assert_status 2 "a burst needs a rate" moat attach red/web --create --name z --egress-burst 1M
assert_status 2 "something must be set" moat endpoint set red/b
assert_status 3 "of an endpoint that is there" moat endpoint set red/nobody --egress-rate 1M
assert_ok "an endpoint goes with all of it" moat detach red/b
gone() { [[ $(inside ip -o link | grep -c "ms$id") == 0 ]]; }
eventually 20 gone || fail "its ifb stays"
assert_ok "check is clean" moat check
assert_ok "red goes" moat tenant delete red --force
leftovers
stop_moatd
finish
