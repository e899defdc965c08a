#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# host_ra - a host that has its IPv6 default route from router advertisements keeps it while Moat makes it
# forward, and goes on hearing advertisements; tenants go out by it. First shown: forwarding alone loses it.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ip curl

conf=/proc/sys/net/ipv6/conf
# A router that advertises itself and 2001:db8:51::/64 each 0.3 s, for 4 s at a time.
cat >/run/advertise.py <<'END'
import socket, struct, sys, time
dev, source = sys.argv[1], socket.inet_pton(socket.AF_INET6, sys.argv[2])
to = socket.inet_pton(socket.AF_INET6, "ff02::1")
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind((dev, 0))
mac = sock.getsockname()[4]
# RFC 4861, 4.2: type, code, checksum, hop limit, flags, router's lifetime, two timers; source MAC (4.6.1);
# prefix (4.6.2): length, on-link and autonomous, its two lifetimes
prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 60, 60, 0) + socket.inet_pton(socket.AF_INET6, "2001:db8:51::")
message = bytearray(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 4, 0, 0) + b"\1\1" + mac + prefix)
total = sum(struct.unpack("!%dH" % (len(message) // 2 + 20), source + to + struct.pack("!II", len(message), 58) + message))
while total >> 16:
    total = (total & 0xffff) + (total >> 16)
message[2:4] = struct.pack("!H", ~total & 0xffff)
frame = (b"\x33\x33\0\0\0\1" + mac + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(message), 58, 255) + source + to + message)
while True:
    sock.send(frame)
    time.sleep(0.3)
END
# lan HOST - the link of one host, in namespace HOST or here, to a router in namespace HOST-router
lan() {
	netns_add "$1-router"
	netns "$1-router" ip link add eth0 type veth peer name eth0 netns "$1"
	netns "$1-router" ip addr add fe80::1/64 dev eth0 nodad
	netns "$1-router" ip addr add 2001:db8:51::1/64 dev eth0 nodad
	netns "$1-router" ip addr add "$OUTSIDE6/128" dev lo nodad
	netns "$1-router" ip link set eth0 up
	netns "$1" ip link set eth0 up
	netns "$1-router" /usr/bin/python3 /run/advertise.py eth0 fe80::1 >/run/advertise.log 2>&1 &
	sandbox_keep $!
}
default_of() { netns "$1" ip -6 route show default proto ra | grep -q .; }
default_lost() { ! default_of "$1"; }

touch /run/netns/host
mount --bind /proc/self/ns/net /run/netns/host
netns_add bare
lan bare
lan host
assert_ok "a bare host learns its default route" eventually 10 default_of bare
assert_ok "the host learns its default route" eventually 10 default_of host
netns bare bash -c "echo 1 >$conf/all/forwarding"
assert_ok "forwarding alone: it is lost" eventually 1 default_lost bare
sleep 1
assert_ok "and for good" default_lost bare

before=$(<$conf/eth0/accept_ra)
host-router() { netns host-router "$@"; }
host-router "$SANDBOX_TOP/tests/lib/whoami.py" outside :: 80 >/dev/null 2>&1 &
sandbox_keep $!
start_moatd
moat tenant create red >/dev/null || die "tenant"
moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64 >/dev/null || die "network"
moat attach red/web --create --name a >/dev/null || die "attach"
assert_ok "with a network it stands" eventually 6 default_of host
if [[ -e $conf/eth0/force_forwarding ]]; then
	assert_eq "the device forwards" 1 "$(<$conf/eth0/force_forwarding)"
	assert_eq "and reads advertisements as before" "$before" "$(<$conf/eth0/accept_ra)"
else
	assert_eq "all devices forward" 1 "$(<$conf/all/forwarding)"
	assert_eq "and it reads advertisements all the same" 2 "$(<$conf/eth0/accept_ra)"
fi
# Three seconds more than an advertisement lasts: without others the route would have gone.
sleep 7
assert_ok "it is renewed by those that come" eventually 6 default_of host
assert_ok "a tenant goes out by it" moat enter red/a -- curl -g -s -o /dev/null -m 5 "http://[$OUTSIDE6]/"
assert_status 0 "check is clean" moat check
moat network delete red/web --force >/dev/null || die "network delete"
sleep 5
assert_ok "and with the last network gone" eventually 6 default_of host

# Where another program reads advertisements (networkd, NetworkManager), the kernel is told not to; that stays.
echo 0 >$conf/eth0/accept_ra
ip -6 route flush default proto ra
ip -6 route add default via fe80::1 dev eth0 proto ra
moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64 >/dev/null || die "network"
assert_eq "what another program reads, the kernel does not" 0 "$(<$conf/eth0/accept_ra)"
assert_ok "and its route stands" default_of host
finish
