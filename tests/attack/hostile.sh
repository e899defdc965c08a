#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# hostile - a container whose root does what root of a stack can: another MAC, other addresses, no
# link, more links, bridges, a link moved away, floods. Router and host stand as before, the others
# on its network and in another tenant notice nothing, and the way out of it is to start it anew.
# shellcheck source-path=SCRIPTDIR disable=SC2016
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need ping ip nft jq curl bridge /usr/bin/python3

sandbox_outside
start_moatd
moat tenant create red && moat tenant create blue
moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64
moat network create blue/web --subnet 10.0.0.0/24 --subnet fd00:a::/64
assert_ok "a neighbour on the same network" moat attach red/web --create --name good --ip 10.0.0.10
assert_ok "a peer there" moat attach red/web --create --name peer --ip 10.0.0.11
assert_ok "another tenant" moat attach blue/web --create --name other --ip 10.0.0.10 -p 8080:80
assert_ok "the hostile container" moat run -d --name red/evil --network red/web,ip=10.0.0.66 \
	--cap-add NET_ADMIN --cap-add NET_RAW -- sleep 1000

evil() { moat exec red/evil -- "$@"; }
evil_sh() { moat exec red/evil -- sh -c "$1"; }

moat enter blue/other -- "$SANDBOX_TOP/tests/lib/whoami.py" blue :: 80 >/dev/null 2>&1 &
sandbox_keep $!
eventually 10 outside curl -s -m 1 "http://$HOST4:8080/" || fail "blue's web server does not answer"

router=$(moat --json tenant show red | jq -r '(.tenant // .).routerNetns')
# router_state - all that the router of red and the host are made of
router_state() {
	local netns
	for netns in "$router" /proc/self/ns/net; do
		nsenter --net="$netns" sh -c 'ip -o link; ip -o addr; ip route show table all; ip -6 route show table all
			ip rule; ip -6 rule; bridge fdb show; ip neigh show nud permanent; nft -s list ruleset' |
			sed -E 's/ (qlen|expires|age) [^ ]*//g; /packets [0-9]+ bytes/d; s/ state (UP|DOWN|LOWERLAYERDOWN|UNKNOWN)//
				s/<[^>]*>//; s/ifindex [0-9]+//; /"m[up][0-9a-f]+" (ct count|counter|limit)/d # elements that packets made' | sort
	done
}
before=$(router_state)

# others_fine WHEN - the neighbour talks to its peer and out, blue is served
others_fine() {
	assert_ok "$1: neighbour and peer talk (IPv4)" moat enter red/good -- ping -n -c2 -i0.05 -W2 10.0.0.11
	assert_ok "$1: neighbour and peer talk (IPv6)" moat enter red/good -- ping -n -c2 -i0.05 -W2 "$peer6"
	assert_ok "$1: the neighbour gets out" moat enter red/good -- curl -s -m 3 -o /dev/null "http://$OUTSIDE4/"
	assert_ok "$1: blue is served" outside curl -s -m 3 -o /dev/null "http://$HOST4:8080/"
}
peer6=$(moat --json endpoint show red/peer | jq -r '(.endpoint // .).ips[] | select(contains(":")) | sub("/.*"; "")')
others_fine "before"
assert_ok "evil reaches its gateway, as long as it behaves" evil ping -n -c1 -W2 10.0.0.1
assert_eq "evil is root of its stack" 0 "$(evil id -u)"

mac=$(evil cat /sys/class/net/eth0/address)
assert_ok "evil takes another MAC" evil_sh 'ip link set eth0 address 02:66:66:66:66:66'
assert_fail "with it, it reaches nobody" evil ping -n -c2 -i0.2 -W1 10.0.0.1
assert_ok "evil takes its own MAC back" evil ip link set eth0 address "$mac"
assert_ok "evil takes its neighbour's address" evil_sh 'ip addr flush dev eth0 scope global; ip addr add 10.0.0.10/24 dev eth0'
assert_fail "with it, it reaches nobody" evil ping -n -c2 -i0.2 -W1 10.0.0.11
assert_ok "evil takes the gateway's address" evil_sh 'ip addr flush dev eth0 scope global; ip addr add 10.0.0.1/24 dev eth0'
assert_fail "with it, it reaches nobody" evil ping -n -c2 -i0.2 -W1 10.0.0.10
others_fine "another MAC and others' addresses"

assert_ok "evil adds bridges and pairs, and bridges its own port" evil_sh 'for i in 1 2 3; do
	ip link add br$i type bridge && ip link set br$i up && ip link add va$i type veth peer name vb$i || exit 1
	done; ip link set va1 master br1; ip link set eth0 master br1; ip link set br1 address 02:66:66:66:66:67'
others_fine "a bridge behind the port"
assert_ok "evil fills its own tables" evil_sh 'ip link set eth0 nomaster; ip addr flush dev eth0 scope global
	ip addr add 10.0.0.66/24 dev eth0
	for i in $(seq 1 250); do echo "route add 203.0.$i.0/24 dev lo"; echo "neigh replace 10.0.0.$i lladdr 02:66:00:00:00:01 dev eth0"; done |
	ip -batch - -force >/dev/null; nft add table inet mine && nft add chain inet mine c "{ type filter hook output priority 0; }"'
assert_ok "evil floods: 20,000 frames of other stations" evil /usr/bin/python3 -c '
import socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0))
for n in range(20000):
    s.send(b"\xff" * 6 + b"\x02\x66" + struct.pack("!I", n) + b"\x08\x00" + bytes(46))'
assert_eq "the bridge learnt none of them" 0 "$(nsenter --net="$router" bridge fdb show | grep -c '02:66:')"
others_fine "a flood"

# All capabilities of its user namespace, which exec does not give it.
assert_ok "evil moves its link to a namespace of its own" moat enter red/evil -- sh -c '
	unshare -n sleep 6 >/dev/null 2>&1 & sleep 0.3; ip link set eth0 netns $!'
assert_fail "it is gone from the stack" evil ip link show eth0
others_fine "a link moved away"
assert_ok "evil deletes every link it has" evil_sh 'for d in $(ls /sys/class/net); do
	[ $d = lo ] || ip link del $d 2>/dev/null; done; true'
others_fine "links deleted"

assert_eq "router of red and host are as they were" "" \
	"$(diff <(printf '%s\n' "$before") <(router_state | cat) | grep '^[<>]' | grep -v -F "$(moat --json endpoint show red/evil |
		jq -r '(.endpoint // .).hostIfname // "no-such-link"')")"
moat check >/run/sandbox/check 2>&1
note "$(cat /run/sandbox/check)"
assert_eq "check names nothing but evil's own stack" "" "$(grep -E 'red/|blue/|host' /run/sandbox/check | grep -v red/evil)"

assert_ok "evil is stopped and removed" moat rm -f red/evil
assert_ok "and started anew" moat run -d --name red/evil --network red/web,ip=10.0.0.66 -- sleep 1000
assert_ok "then it works again" evil ping -n -c1 -W2 10.0.0.1
assert_ok "and check is clean" moat check
others_fine "at the end"

assert_ok "evil goes" moat rm -f red/evil
assert_ok "red goes" moat tenant delete red --force
assert_ok "blue goes" moat tenant delete blue --force
leftovers
stop_moatd
finish
