#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# poison - what one tenant does inside must not keep the daemon from starting, nor the others from
# being mended: an interface of ours renamed, its name taken, a namespace that changes while it is
# looked at, a program of the host on a published port. Each of them once made every start fail.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need ip nft curl jq

sandbox_outside
start_moatd
moat tenant create red && moat tenant create blue
moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64
moat network create blue/web --subnet 10.0.0.0/24 --subnet fd00:a::/64
assert_ok "blue has a server" moat attach blue/web --create --name other --ip 10.0.0.10 -p 8080:80 -p 8081:80
moat enter blue/other -- "$SANDBOX_TOP/tests/lib/whoami.py" blue :: 80 >/dev/null 2>&1 &
sandbox_keep $!
blue_served() { outside curl -s -m 2 "http://$HOST4:$1/" | grep -q ^blue; }
assert_ok "blue is served" eventually 10 blue_served 8080

# crash - the engine dies; the next one must come up, and serve blue
crash() {
	local engine
	engine=$(moat_pids moatd-engine)
	kill -9 "$engine"
	eventually 5 eval '[[ $(moat_pids moatd-engine) != "" && $(moat_pids moatd-engine) != '"$engine"' ]]'
	assert_ok "$1: the daemon comes back" eventually 10 timeout 2 "$MOAT_BIN_DIR/moat" version
	assert_ok "$1: blue attaches" timeout 10 "$MOAT_BIN_DIR/moat" attach blue/web --create --name "more-$2"
	assert_ok "$1: blue is served" eventually 5 blue_served 8080
}
# mended WHEN - somebody of the host takes a link of blue's router down
mended() {
	local netns port
	netns=$(moat --json tenant show blue | jq -r '(.tenant // .).routerNetns')
	port=$(moat --json endpoint show blue/other:eth0 | jq -r '(.endpoint // .).hostIfname')
	nsenter --net="$netns" ip link set "$port" down
	assert_ok "$1: what befalls blue is mended all the same" eventually 10 blue_served 8080
}

evil() {
	moat rm -f red/evil >/dev/null 2>&1
	moat run -d --name red/evil --network red/web,ip=10.0.0.66 --cap-add NET_ADMIN -- sh -c "$1; exec sleep 1000" ||
		fail "no hostile container"
	eventually 5 moat exec red/evil -- pgrep sleep
}

evil 'ip link set eth0 down; ip link set eth0 name other; ip link set other up'
crash "the interface has another name" 1
mended "the interface has another name"

evil 'ip link del eth0; ip link add eth0 type veth peer name eth1'
mended "another interface has the name"
crash "another interface has the name" 2
assert_status 5 "check --repair mends what it can, and says that it was not all" moat check --repair
assert_match "and names the stack" red/evil "$output"

evil 'ip link set eth0 mtu 68; ip addr flush dev eth0'
crash "IPv6 is off on the interface" 3

evil 'for i in $(seq 200); do ip link add v$i type bridge; done
	(while :; do ip link set v1 mtu 1400; ip link set v1 mtu 1500; done) >/dev/null 2>&1 &
	(while :; do ip addr add 192.0.2.1 dev v1; ip addr del 192.0.2.1 dev v1; done) >/dev/null 2>&1 &'
crash "a namespace that never holds still" 4
mended "a namespace that never holds still"
moat rm -f red/evil >/dev/null

# A local user waits on a published port for the day somebody flushes the host's rules.
kill -STOP "$MOATD_PID"
kill -9 "$(moat_pids moatd-engine)" "$(moat_pids moatd-hand)"
# Where tables have persistent owners, ours has none when the hand is dead: when its last removal, of a namespace with
# many links, has come back from the kernel.
eventually 60 nft delete table inet moat
assert_fail "the host's rules are gone" nft list table inet moat
"$SANDBOX_TOP/tests/lib/whoami.py" squatter :: 8081 >/dev/null 2>&1 &
sandbox_keep $!
eventually 5 curl -s -m 1 http://127.0.0.1:8081/
kill -CONT "$MOATD_PID"
assert_ok "a squatted port: the daemon comes back" eventually 10 timeout 2 "$MOAT_BIN_DIR/moat" version
assert_ok "a squatted port: the other port of blue is served" eventually 10 blue_served 8080
assert_match "a squatted port: it stays the host's" squatter "$(outside curl -s -m 2 "http://$HOST4:8081/")"
assert_status 5 "a squatted port: check says so" moat check
stop_moatd
finish
