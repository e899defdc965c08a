#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# unanswered - a stack keeps a flow to outside that nobody answers, to an address that a network of its tenant has later:
# let pass once, and asked no more where it goes, it would go on into that network. By a router that translates to a fixed
# address it does. By one that masquerades, with the same rule, it does not: the kernel forgets a flow whose way out
# is not its first one's (nf_nat_oif_changed(), net/netfilter/nf_nat_core.c), and what comes next is a first packet.
# Moat's rules rest upon that. And what a network that has become internal sends anew stays inside.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need ip nft

sandbox_outside
TARGET=10.9.0.5
outside ip addr add "$TARGET/32" dev lo
# hear.py FILE PORT - counts there what comes
cat >/run/hear.py <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[2])))
count = 0
while True:
    with open(sys.argv[1], "w") as out:
        out.write("%d\n" % count)
    s.recv(100)
    count += 1
END
# send.py TARGET PORT FILE - one flow, twenty datagrams a second, and how many there were
cat >/run/send.py <<'END'
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 0))
count = 0
while True:
    try:
        s.sendto(b"x", (sys.argv[1], int(sys.argv[2])))
        count += 1
    except OSError:
        pass
    with open(sys.argv[3], "w") as out:
        out.write("%d\n" % count)
    time.sleep(0.05)
END
number() { local n; read -r n <"$1" 2>/dev/null; echo "${n:-0}"; }
# shellcheck disable=SC2317 # called by name
beyond() { (($(number "$1") > $2)); }
# more FILE N - waits until the number in it has grown by N
more() { eventually 20 beyond "$1" $(($(number "$1") + $2)); }
# hear FILE PORT COMMAND... - the command leads to where it shall hear
hear() {
	local where=$1 port=$2
	shift 2
	rm -f "$where"
	"$@" /usr/bin/python3 /run/hear.py "$where" "$port" &
	sandbox_keep $!
	eventually 20 test -s "$where" || die "nobody hears in $where"
}

# ------------------------------------------------------------ without Moat: what was translated passes
# bare WORDS - a router that translates so, a stack behind it, and later another network
bare() {
	for name in bare-router bare-a bare-new; do netns_add $name || die "netns"; done
	ip link add bare0 type veth peer name wan netns bare-router
	ip addr add 10.88.0.1/30 dev bare0
	ip link set bare0 up
	netns bare-router ip addr add 10.88.0.2/30 dev wan
	netns bare-router ip link set wan up
	netns bare-router ip route add default via 10.88.0.1
	netns bare-router sysctl -qw net.ipv4.ip_forward=1
	netns bare-router nft "table ip t {
		chain f { type filter hook forward priority 0; policy drop; ct status snat accept; iifname in0 oifname wan accept; }
		chain n { type nat hook postrouting priority 100; oifname wan $1; }
	}" || die "nft"
	netns bare-router ip link add in0 type veth peer name eth0 netns bare-a
	netns bare-router ip addr add 10.0.0.1/24 dev in0
	netns bare-router ip link set in0 up
	netns bare-a ip addr add 10.0.0.2/24 dev eth0
	netns bare-a ip link set eth0 up
	netns bare-a ip route add default via 10.0.0.1
	netns bare-router ip link add new0 type veth peer name eth0 netns bare-new
	netns bare-new ip addr add "$TARGET/24" dev eth0
	netns bare-new ip link set eth0 up
	hear /run/bare-new.n 9000 netns bare-new
	rm -f /run/bare.n
	netns bare-a /usr/bin/python3 /run/send.py "$TARGET" 9000 /run/bare.n &
	sender=$!
	sandbox_keep $sender
	assert_ok "a flow to outside that nobody answers ($1)" more /run/outside.n 3
	netns bare-router ip addr add 10.9.0.1/24 dev new0
	netns bare-router ip link set new0 up
}
bare_end() {
	kill $sender
	for name in bare-router bare-a bare-new; do ip netns del $name; done
	ip link del bare0 2>/dev/null
}
hear /run/outside.n 9000 outside
nft 'table ip t { chain n { type nat hook postrouting priority 100; oifname eth0 masquerade; }; }'
sysctl -qw net.ipv4.ip_forward=1
bare "snat to 10.88.0.2"
assert_ok "translated to a fixed address it goes on into a network made later" more /run/bare-new.n 3
bare_end
bare masquerade
assert_ok "masqueraded it is sent on" more /run/bare.n 20
assert_eq "and the kernel lets it in no more" 0 "$(number /run/bare-new.n)"
bare_end
nft delete table ip t
sysctl -qw net.ipv4.ip_forward=0

# ------------------------------------------------------------ with Moat
start_moatd
moat tenant create red >/dev/null && moat network create red/web --subnet 10.0.0.0/24 >/dev/null &&
	moat attach red/web --create --name a >/dev/null || die "red"
moat enter red/a -- /usr/bin/python3 /run/send.py "$TARGET" 9000 /run/a.n &
sender=$!
sandbox_keep $sender
assert_ok "with Moat, too, a flow to outside that nobody answers" more /run/outside.n 3
moat network create red/new --subnet 10.9.0.0/24 >/dev/null && moat attach red/new --create --name b --ip "$TARGET" >/dev/null ||
	die "red/new"
hear /run/new.n 9000 moat enter red/b --
assert_ok "it is sent on" more /run/a.n 20
assert_eq "and nothing of it comes into the network made later" 0 "$(number /run/new.n)"
moat detach red/b >/dev/null && moat network delete red/new >/dev/null || die "red/new does not go"
assert_ok "that has gone: outside again" more /run/outside.n 3

# A network that becomes internal: connections that stand go on, answered or not; nothing begins.
assert_ok "the network becomes internal" moat network set red/web --internal
assert_ok "the flow stands" more /run/outside.n 3
kill $sender
hear /run/second.n 9001 outside
moat enter red/a -- /usr/bin/python3 /run/send.py "$TARGET" 9001 /run/second-a.n &
sandbox_keep $!
assert_ok "another is begun" more /run/second-a.n 20
assert_eq "and does not come out" 0 "$(number /run/second.n)"
assert_status 0 "check is clean" moat check
moat network set red/web --no-internal >/dev/null || die "not internal"
assert_ok "and does when the network may go out again" more /run/second.n 3
finish
