#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# engine_ipam - addresses that stick to names, over restarts of a stack and of the daemon; what is
# reserved and excluded; `network set` on a network that is at work; `tenant set`.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need nft ip ping
here=$(dirname "$0")

cp /etc/passwd /run/sandbox/passwd
echo 'alice:x:4242:4242::/:/bin/sh' >>/run/sandbox/passwd
echo 'alias:x:4242:4242::/:/bin/sh' >>/run/sandbox/passwd
mount --bind /run/sandbox/passwd /etc/passwd || die "cannot mount /etc/passwd"
sandbox_outside
start_moatd
helper() { /usr/bin/python3 "$here/engine_ipam.py" "$@"; }
# get EXPRESSION COMMAND... - of its JSON document d
get() {
	local expression=$1
	shift
	moat --json "$@" | /usr/bin/python3 -c "import json,sys; d=json.load(sys.stdin); d=d.get('network',d.get('endpoint',d.get('tenant',d))) if isinstance(d,dict) else d; print($expression)"
}
ips() { get '" ".join(d["ips"])' endpoint show "$1"; }
clean() { assert_status 0 "check is clean: $1" moat check; }
wrong() {
	local status=$1 words=$2 out got=0
	shift 2
	out=$(moat "$@" 2>&1) || got=$?
	if [[ $got == "$status" && $out == "moat: "*"$words"* && $(wc -l <<<"$out") == 1 ]]; then
		pass "moat $*: $status"
	else
		fail "moat $*" "status $got, expected $status with: $words"$'\n'"$out"
	fi
}

for command in "tenant create red --delegate alice" "network create red/web --subnet 10.0.0.0/24 --exclude 10.0.0.128/25 --reserve db=10.0.0.2" \
	"network create red/far --mode routed --subnet 10.7.0.0/29" "network create red/one --mode routed --subnet 10.6.0.9/32" \
	"network create red/small --subnet 10.9.0.0/29" "network create red/pair --subnet 10.8.0.0/31 --subnet fd00:8::/127"; do
	# shellcheck disable=SC2086 # words
	moat $command >/dev/null || die "moat $command"
done
router=$(get 'd["routerNetns"]' tenant show red)

# ---- reserved, excluded, small
for name in zeta alpha again; do
	moat attach red/web --create --name $name >/dev/null || die "attach $name"
done
assert_eq "the reserved address is passed over" "10.0.0.3/24" "$(ips red/zeta)"
wrong 4 "red/x:eth0: 10.0.0.2 is reserved for stack red/db" attach red/web --create --name x --ip 10.0.0.2
wrong 4 "red/x:eth0: 10.0.0.200 is in 10.0.0.128-10.0.0.255, which network red/web excludes" \
	attach red/web --create --name x --ip 10.0.0.200
assert_ok "the one it is reserved for comes" moat attach red/web --create --name db
assert_eq "and has it" "10.0.0.2/24" "$(ips red/db)"
assert_ok "a /31 and a /127 hold one endpoint beside the gateway" moat attach red/pair --create --name pair
assert_eq "with the other address of each" "10.8.0.1/31 fd00:8::1/127" "$(ips red/pair)"
assert_ok "which reaches its gateway" moat enter red/pair -- ping -c1 -W5 10.8.0.0
assert_ok "by IPv6, too" moat enter red/pair -- ping -c1 -W5 fd00:8::
wrong 4 "red/x:eth0: no address is left in 10.8.0.0/31 of network red/pair: 1 held, 0 excluded, 0 reserved" \
	attach red/pair --create --name x
assert_ok "at the last address: another waits for the link that has it" helper full

# ---- sticky
assert_ok "restarted at once, 20 times: the address stays" helper restart red/again red/web 20
assert_eq "it is the one from before" "10.0.0.5/24" "$(ips red/again)"
assert_ok "and it works" moat enter red/again -- ping -c1 -W5 10.0.0.3
moat attach red/far --create --name far >/dev/null || die "attach far"
assert_ok "the same where a route leads to it, which goes with the link" helper restart red/far red/far 20
assert_ok "and it works" moat enter red/far -- ping -c1 -W5 "$OUTSIDE4"
assert_ok "a routed network is set, too" moat network set red/far --mode routed --mtu 1400
assert_eq "inside of the stack" 1400 "$(moat enter red/far -- cat /sys/class/net/eth0/mtu)"
clean "after that"
moat detach red/far
assert_ok "a /32 is one endpoint of a routed network" moat attach red/one --create --name one
assert_eq "with that address" "10.6.0.9/32" "$(ips red/one)"
assert_ok "and it works" moat enter red/one -- ping -c1 -W5 "$OUTSIDE4"
moat detach red/one
moat detach red/alpha
assert_ok "another name comes meanwhile" moat attach red/web --create --name other
assert_eq "and gets a fresh address" "10.0.0.6/24" "$(ips red/other)"
kill -KILL "$(moat_pids moatd-engine)"
ready() { [[ $(grep -c 'moatd: ready' "$MOATD_LOG") -ge 2 ]]; }
assert_ok "the engine is killed and is back" eventually 30 ready
assert_ok "who comes back then" moat attach red/web --create --name alpha
assert_eq "has its address from before" "10.0.0.4/24" "$(ips red/alpha)"
assert_eq "the list is in the order of making" "zeta db pair s0 s1 s2 s3 s4 again other alpha" \
	"$(get '" ".join(e["stack"].partition("/")[2] for e in d["endpoints"])' endpoint list red)"
assert_eq "what was reserved still is" "['db=10.0.0.2']" "$(get 'd["reserved"]' network show red/web)"
clean "after the restart"

# ---- set, while a stream runs
mtus() {
	printf '%s %s %s' "$(get 'd["mtu"]' network show red/web)" "$(moat enter red/zeta -- cat /sys/class/net/eth0/mtu 2>/dev/null)" \
		"$(nsenter --net="$router" ip -o link show "$(get 'd["hostIfname"]' endpoint show red/zeta)" | grep -o 'mtu [0-9]*')"
}
assert_eq "before" "1500 1500 mtu 1500" "$(mtus)"
moat enter red/zeta -- /usr/bin/python3 "$here/engine_ipam.py" serve 9000 &
server=$!
sandbox_keep $server
listens() { moat enter red/zeta -- ss -ltn 2>/dev/null | grep -q ':9000 '; }
eventually 10 listens || die "the server does not listen"
rm -f /run/stop
moat enter red/again -- /usr/bin/python3 "$here/engine_ipam.py" stream 10.0.0.3 9000 /run/stop >/run/streamed 2>&1 &
client=$!
sandbox_keep $client
sleep 0.5
moat --dry-run network set red/web --mtu 1400 >/run/plan
assert_eq "a dry run shows both ends of each link, and the bridge" "11" "$(grep -c '^~ link .*mtu=1400' /run/plan)"
assert_eq "and changes nothing" "1500 1500 mtu 1500" "$(mtus)"
assert_ok "the MTU is set" moat network set red/web --mtu 1400
assert_eq "at both ends" "1400 1400 mtu 1400" "$(mtus)"
sleep 0.5
assert_ok "and back" moat network set red/web --mtu 1500
assert_eq "at both ends" "1500 1500 mtu 1500" "$(mtus)"
out() { moat enter red/again -- ping -c1 -W"$1" "$OUTSIDE4" >/dev/null 2>&1; }
assert_ok "it gets out" out 5
assert_ok "internal" moat network set red/web --internal
assert_fail "it does not get out" out 1
clean "internal"
assert_ok "no longer internal" moat network set red/web --no-internal --no-masquerade
assert_eq "but without masquerade" "False False" "$(get 'd["internal"],d["masquerade"]' network show red/web | tr -d '(),')"
assert_ok "as it was" moat network set red/web --masquerade
assert_ok "it gets out again" out 5
touch /run/stop
wait $client
assert_eq "the stream has run through all that without a fault" 0 $?
assert_match "and bytes have come back" '[0-9]{6,}' "$(</run/streamed)"
wait $server

# ---- a subnet more; an owner who is in the way
assert_ok "a subnet is added" moat network set red/web --subnet fd00:a::/64
clean "with endpoints that have no address of it"
assert_ok "who comes then" moat attach red/web --create --name six
assert_eq "has one of each" "10.0.0.7/24 fd00:a::2/64" "$(ips red/six)"
assert_ok "and reaches its gateway" moat enter red/six -- ping -c1 -W5 fd00:a::1
clean "with an endpoint that has one"
assert_ok "one more subnet" moat network set red/web --subnet 10.98.0.0/24 --reserve far=10.98.0.9
assert_ok "and one goes, another comes" moat network set red/web --unreserve far --remove-subnet 10.98.0.0/24 --subnet 10.96.0.0/24
assert_eq "so it stands" "['10.0.0.0/24', 'fd00:a::/64', '10.96.0.0/24']" "$(get 'd["subnets"]' network show red/web)"
clean "with another subnet"
assert_ok "that one goes, too" moat network set red/web --remove-subnet 10.96.0.0/24
assert_eq "the gateway of it is gone" "" "$(nsenter --net="$(get 'd["routerNetns"]' tenant show red)" -- ip -o addr show to 10.96.0.0/24)"
assert_ok "and another network may have it" moat network create red/seven --subnet 10.96.0.0/24
moat network delete red/seven >/dev/null
clean "without it"
moat enter red/other -- ip link set eth0 down
moat enter red/other -- ip link set eth0 name mine
assert_ok "an owner who has renamed its end does not keep the rest from changing" moat network set red/web --mtu 1450
assert_eq "at both ends" "1450 1450 mtu 1450" "$(mtus)"
assert_match "it is logged" "red/web: the inside of a stack cannot be changed" "$(grep 'inside of a stack' "$MOATD_LOG")"
moat detach red/other
moat enter red/six -- sh -c 'ip link add own type bridge && ip link set eth0 master own && ip link set own up' ||
	die "no bridge in red/six"
assert_ok "an owner who has bridged its end" moat network set red/web --mtu 1460
assert_match "has it bridged still, with the new MTU" "mtu 1460 .*master own" "$(moat enter red/six -- ip -o link show eth0)"
assert_ok "and back" moat network set red/web --mtu 1450
kill -KILL "$(moat_pids moatd-engine)"
ready() { [[ $(grep -c 'moatd: ready' "$MOATD_LOG") -ge 3 ]]; }
assert_ok "the engine is killed and is back" eventually 30 ready
assert_eq "what was set is still so" "1450 1450 mtu 1450" "$(mtus)"
clean "after the restart"

# ---- what is refused, and changes nothing
before=$(moat --json network show red/web)
wrong 4 "red/web: its mode is bridge and cannot change while it stands" network set red/web --mode routed
wrong 4 "red/web: its guard cannot be switched while it stands" network set red/web --no-guard
wrong 4 "red/web: the gateway of a subnet cannot change while the network stands" network set red/web --gateway 10.0.0.9
wrong 4 "red/web: the gateway of subnet 10.0.0.0/24 cannot change" network set red/web --subnet 10.0.0.0/24 --gateway 10.0.0.9
wrong 4 "red/web: subnet 10.9.0.0/30 overlaps 10.9.0.0/29 of network red/small" network set red/web --subnet 10.9.0.0/30
moat publish red/zeta -p 8085:80 >/dev/null
wrong 4 "red/web: red/zeta:eth0 publishes ports, which needs a way out" network set red/web --internal
moat unpublish red/zeta -p 8085:80
wrong 4 "red/web: 10.0.0.3 of subnet 10.0.0.0/24 is held by red/zeta:eth0" network set red/web --remove-subnet 10.0.0.0/24
wrong 4 "red/web: fd00:a::2 of subnet fd00:a::/64 is held by red/six:eth0" network set red/web --remove-subnet fd00:a::/64
wrong 2 "red/web: its subnet is 10.0.0.0/24, and not 10.0.0.0/25" network set red/web --remove-subnet 10.0.0.0/25
wrong 4 "red/small: 10.9.0.0/29 is its only subnet" network set red/small --remove-subnet 10.9.0.0/29
wrong 2 "mtu: must be within" network set red/web --mtu 0
wrong 2 "red/web: the MTU must be from 1280" network set red/web --mtu 1000
wrong 3 "red/nix: there is no network" network set red/nix --mtu 1400
wrong 4 "red/web: 10.0.0.3, to be reserved for x, is held by red/zeta:eth0" network set red/web --reserve x=10.0.0.3
wrong 4 "red/web: 10.0.0.2 is reserved for stack red/db" network set red/web --reserve x=10.0.0.2
wrong 4 "red/web: 10.0.0.130, reserved for x, is in 10.0.0.128-10.0.0.255, which is excluded" network set red/web --reserve x=10.0.0.130
wrong 2 "red/web: '10.0.0.9-' is no range" network set red/web --exclude 10.0.0.9-
wrong 4 "red/web: 10.0.0.200 overlaps 10.0.0.128-10.0.0.255" network set red/web --exclude 10.0.0.200
wrong 2 "red/web: 'x' says no address" network set red/web --reserve x
wrong 2 "red/web: what is excluded is 10.0.0.128-10.0.0.255" network set red/web --unexclude 10.0.0.200
wrong 2 "red/z: the range 10.5.0.1 lies in no subnet" network create red/z --subnet 10.4.0.0/24 --exclude 10.5.0.1
wrong 4 "red/z: 10.4.0.1, to be reserved for x, is the gateway" network create red/z --subnet 10.4.0.0/24 --reserve x=10.4.0.1
assert_eq "nothing of it has changed" "$before" "$(moat --json network show red/web)"
assert_ok "what is so already is no change" moat network set red/web --mode bridge --guard --mtu 1450 --subnet fd00:a::/64 \
	--remove-subnet 10.99.0.0/24
assert_ok "given back and taken in one" moat network set red/web --unreserve db --reserve db2=10.0.0.99 --unexclude 10.0.0.128/25
assert_eq "and so it stands" "[] ['db2=10.0.0.99']" "$(get 'd["excluded"],d["reserved"]' network show red/web | sed 's/^(//; s/)$//; s/, / /')"

# ---- tenant set
quota() { get '" ".join(str(d["quota"][k]) for k in ("endpoints","networks","ports"))' tenant show red; }
assert_ok "a quota below what there is" moat tenant set red --quota endpoints=2
assert_eq "the others stay" "2 None None" "$(quota)"
wrong 4 "the tenant may have 2 endpoints and has them" attach red/web --create --name more
assert_ok "another one" moat tenant set red --quota networks=9
assert_eq "the first stays" "2 9 None" "$(quota)"
assert_ok "none" moat tenant set red --quota endpoints=none
assert_eq "is no limit" "None 9 None" "$(quota)"
assert_ok "then more is given" moat attach red/web --create --name more
wrong 2 "red: user 'alias' is another name of 'alice': delegate to that" tenant set red --delegate alias
as_alice() { setpriv --reuid=4242 --regid=4242 --clear-groups "$MOAT_BIN_DIR/moat" "$@" >/dev/null 2>&1; }
assert_ok "the delegate may" as_alice network set red/web --mtu 1440
assert_fail "but not set the tenant" as_alice tenant set red --quota endpoints=none
assert_ok "the delegate is removed" moat tenant set red --no-delegate
assert_eq "it is" None "$(get 'd["delegate"]' tenant show red)"
assert_fail "and may no longer" as_alice network set red/web --mtu 1430
wrong 2 "nothing to set" tenant set red

# ---- the ports a tenant may publish
outside_of() { { moat "$@" >/dev/null; } 2>&1; }
assert_ok "a port is published" moat publish red/zeta -p 8085:80
assert_eq "what is published already and left out is told" "moat: published already, and stays: red/zeta:eth0 8085:80/tcp" \
	"$(outside_of tenant set red --allow-ports 9000-9099,53/udp)"
assert_eq "so it is shown" "['9000-9099', '53/udp']" "$(get 'd["allowPorts"]' tenant show red)"
assert_match "it stays" '8085:80/tcp' "$(moat publish list red)"
wrong 4 "8086:80/tcp: port 8086 is not among those that tenant red may publish" publish red/zeta -p 8086:80
wrong 4 "9099-9100:80-81/tcp: port 9100 is not" publish red/zeta -p 9099-9100:80-81
wrong 4 "53:53/tcp: port 53 is not" attach red/web --create --name ports -p 53:53
assert_ok "one of them may be" moat publish red/zeta -p 9005:80
kill -KILL "$(moat_pids moatd-engine)"
ready4() { [[ $(grep -c 'moatd: ready' "$MOATD_LOG") -ge 4 ]]; }
assert_ok "the engine is killed and is back" eventually 30 ready4
assert_eq "the ports are known still" "['9000-9099', '53/udp']" "$(get 'd["allowPorts"]' tenant show red)"
assert_match "and what was outside of them stands" '8085:80/tcp' "$(moat publish list red)"
moat unpublish red/zeta -p 8085:80 -p 9005:80 >/dev/null
wrong 4 "port 8085 is not" publish red/zeta -p 8085:80
assert_eq "any again" "" "$(outside_of tenant set red --allow-ports any)"
assert_ok "then it may" moat publish red/zeta -p 8085:80
assert_ok "a tenant is made with them" moat tenant create ports --allow-ports 443
assert_eq "and has them" "['443']" "$(get 'd["allowPorts"]' tenant show ports)"
moat tenant delete ports
wrong 2 "80-79" tenant set red --allow-ports 80-79
clean "at the end"
assert_eq "no plan was refused by the hand" 0 "$(grep -c 'refused operation' "$MOATD_LOG")"
moat tenant delete red --force
leftovers
finish
