#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mtu - networks are as wide as the host's way out when they are made, uplinks always; and where that is narrower than
# both ends, and nobody hears that a packet was too big, TCP still goes both ways, in segments that fit.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need nft
here=$(dirname "$0")
sandbox_outside
start_moatd
moat tenant create red >/dev/null || die "tenant"
mtu_of() { moat --json network show "$1" | sed -n 's/.*"mtu": *\([0-9]*\).*/\1/p'; }
uplink=mu$(moat --json tenant show red | sed -n 's/.*"id": *"\([0-9a-f]*\)".*/\1/p')
router() { moat --json tenant show red | sed -n 's/.*"routerNetns": *"\([^"]*\)".*/\1/p'; }
uplink_is() {
	[[ $(cat "/sys/class/net/$uplink/mtu") == "$1" ]] &&
		nsenter --net="$(router)" ip link show uplink | grep -q " mtu $1 "
}
inside() { moat enter red/w -- "$@"; }

assert_ok "a network" moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64
assert_eq "is as wide as the way out" 1500 "$(mtu_of red/web)"
assert_ok "the uplink, too" uplink_is 1500
assert_ok "one that asks for it is not" moat network create red/wide --subnet 10.0.1.0/24 --mtu 9000
assert_eq "but as it asked" 9000 "$(mtu_of red/wide)"
assert_ok "an endpoint" moat attach red/web --create --name w -p 8080:8080
assert_eq "has the network's" 1500 "$(inside cat /sys/class/net/eth0/mtu)"

ip link set eth0 mtu 1400
assert_ok "the host's link becomes narrower: the uplink follows" eventually 10 uplink_is 1400
ip route change default via 198.51.100.1 mtu 1340
assert_ok "its route has an MTU: the uplink follows" eventually 10 uplink_is 1340
assert_ok "a network that is made now" moat network create red/late --subnet 10.0.2.0/24
assert_eq "is as wide as that" 1340 "$(mtu_of red/late)"
assert_eq "the old one stays as it is" 1500 "$(mtu_of red/web)"
assert_status 0 "check is clean" moat check

# Nobody hears that a packet was too big: not the stack, not the world outside, whose link is wider than ours.
blind='table inet blind { chain in { type filter hook input priority -10; icmp type destination-unreachable drop; icmpv6 type packet-too-big drop; }; }'
inside nft "$blind"
outside nft "$blind"
assert_fail "a large packet is lost on the way out" inside ping -c1 -W1 -M "do" -s 1400 "$OUTSIDE4"
outside /usr/bin/python3 "$here/mtu.py" serve 81 &
sandbox_keep $!
inside /usr/bin/python3 "$here/mtu.py" serve 8080 &
sandbox_keep $!
eventually 5 outside curl -s -m 1 telnet://127.0.0.1:81 </dev/null
assert_ok "TCP from the stack goes both ways (IPv4)" inside "$here/mtu.py" talk "$OUTSIDE4" 81
# 20 bytes of IPv4, 40 of IPv6, 20 of TCP, 12 of its time stamps
assert_eq "in segments that fit" "1288 1288" "$output"
assert_ok "(IPv6)" inside "$here/mtu.py" talk "$OUTSIDE6" 81
assert_eq "in segments that fit" "1268 1268" "$output"
assert_ok "TCP to a published port goes both ways (IPv4)" outside "$here/mtu.py" talk "$HOST4" 8080
assert_eq "in segments that fit" "1288 1288" "$output"
assert_ok "(IPv6)" outside "$here/mtu.py" talk "$HOST6" 8080
assert_eq "in segments that fit" "1268 1268" "$output"
moat tenant delete red --force >/dev/null
ip route change default via 198.51.100.1
leftovers
finish
