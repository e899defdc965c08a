# SPDX-License-Identifier: GPL-2.0-or-later
"""frames - the raw frames of the attack tests, one function an attack. Pure: bytes out, nothing sent.

Each function takes the cast and a marker, and returns frames for attacker A to send. The cast:

	a  the attacker      its port, its own addresses
	v  the victim        on the same network
	p  a third station   the one that is impersonated
	gw4 gw6 gw_ll6 gw_mac   the gateway of all three
	hop                     the MAC address by which A reaches V: V's own, or the gateway's where that routes
	nobody4 nobody6         addresses of the network that nobody has

The marker is put where a payload is, so that a listener at the victim knows the frame again. Every
frame has A's own MAC and A's own address wherever the attack does not need a false one: so it is the
rule for that one field that has to stop it, not a neighbour of it.
"""
from scapy.config import conf

conf.ipv6_enabled = False  # scapy shall not look at this machine's routes
# pylint: disable=wrong-import-position
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import DHCP6_Advertise, DHCP6OptServerId, DUID_LL
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_RR, IPOption_SSRR
from scapy.layers.inet6 import (HBHOptUnknown, ICMPv6MLQuery, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA,
                                ICMPv6ND_Redirect, ICMPv6NDOptDstLLAddr, ICMPv6NDOptPrefixInfo,
                                ICMPv6NDOptSrcLLAddr, ICMPv6NDOptUnknown, IPv6,
                                IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting, RouterAlert)
from scapy.layers.l2 import ARP, LLC, SNAP, STP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.packet import Raw
from scapy.utils import checksum, mac2str

ALL_NODES_MAC = "33:33:00:00:00:01"
BROADCAST = "ff:ff:ff:ff:ff:ff"
ROGUE_PREFIX = "2001:db8:bad::"
ELSEWHERE4, ELSEWHERE6 = "192.0.2.99", "2001:db8:e15e::99"
# An option no host knows, of a type every host must skip (RFC 8200, 4.2: the two highest bits 0).
SKIPPED_OPTION = 0x1e
PROBE_PORT = 10  # to which no attack is sent


def ether(c, dst=None, src=None, **more):
    return Ether(src=src or c.a.mac, dst=dst or c.hop, **more)


def udp(c, marker, ip, dst=None):
    """To port 9 of the victim, with a header in front that A may not write."""
    return [ether(c, dst) / ip / UDP(sport=9, dport=9) / Raw(marker)]


# ---------------------------------------------------------------- who am I
def mac_spoof(c, marker):
    return [ether(c, src=c.p.mac) / IP(src=c.a.ip4, dst=c.v.ip4) / UDP(sport=9, dport=9) / Raw(marker)]


def mac_theft(c, marker):
    """The bridge shall believe that P's MAC is behind A's port."""
    return [Ether(src=c.p.mac, dst=BROADCAST) / IP(src=c.a.ip4, dst="255.255.255.255") / UDP(sport=9, dport=9)
            / Raw(marker)] * 8


def mac_flood(c, marker):
    """2,000 stations behind one port."""
    rest = bytes(udp(c, marker, IP(src=c.a.ip4, dst=c.v.ip4))[0])[12:]
    return [mac2str(c.v.mac) + b"\x02\x66" + n.to_bytes(2, "big") + b"\0\x01" + rest for n in range(2000)]


def mac_of_victim(c, marker):
    """The bridge shall believe that V's own MAC is behind A's port."""
    return [Ether(src=c.v.mac, dst=BROADCAST) / IP(src=c.a.ip4, dst="255.255.255.255") / UDP(sport=9, dport=9)
            / Raw(marker)] * 8


def ipv4_spoof(c, marker):
    return [ether(c) / IP(src=c.p.ip4, dst=c.v.ip4) / UDP(sport=9, dport=9) / Raw(marker)]


def ipv4_spoof_outside(c, marker):
    return [ether(c) / IP(src="203.0.113.7", dst=c.v.ip4) / UDP(sport=9, dport=9) / Raw(marker)]


def ipv4_spoof_gateway(c, marker):
    return udp(c, marker, IP(src=c.gw4, dst=c.v.ip4))


def ipv4_spoof_nobody(c, marker):
    """From 0.0.0.0 to all: what a client without an address may do, but not to this port."""
    return udp(c, marker, IP(src="0.0.0.0", dst="255.255.255.255"), BROADCAST)


def ipv4_spoof_fragments(c, marker):
    head = dict(src=c.p.ip4, dst=c.v.ip4, proto=17, id=0x4d50)
    data = bytes(IP(src=c.p.ip4, dst=c.v.ip4) / UDP(sport=9, dport=9) / Raw(marker.ljust(64, b".")))[20:]
    return [ether(c) / IP(flags="MF", frag=0, **head) / Raw(data[:16]),
            ether(c) / IP(frag=2, **head) / Raw(data[16:])]


def ipv6_spoof_gateway(c, marker):
    return udp(c, marker, IPv6(src=c.gw6, dst=c.v.ip6))


def ipv6_spoof_outside(c, marker):
    return udp(c, marker, IPv6(src="2001:db8:bad::7", dst=c.v.ip6))


def ipv6_spoof_fragments(c, marker):
    head = dict(src=c.p.ip6, dst=c.v.ip6)
    data = bytes(IPv6(**head) / UDP(sport=9, dport=9) / Raw(marker.ljust(64, b".")))[40:]
    return [ether(c) / IPv6(**head) / IPv6ExtHdrFragment(id=79, offset=0, m=1, nh=17) / Raw(data[:16]),
            ether(c) / IPv6(**head) / IPv6ExtHdrFragment(id=79, offset=2, m=0, nh=17) / Raw(data[16:])]


def ipv6_spoof_destination_options(c, marker):
    return [ether(c) / IPv6(src=c.p.ip6, dst=c.v.ip6) / IPv6ExtHdrDestOpt(options=[decoy(c)]) /
            UDP(sport=9, dport=9) / Raw(marker)]


def ipv6_spoof(c, marker):
    return [ether(c) / IPv6(src=c.p.ip6, dst=c.v.ip6) / UDP(sport=9, dport=9) / Raw(marker)]


def ipv6_spoof_link_local(c, marker):
    return [ether(c) / IPv6(src=c.p.ll6, dst=c.v.ip6) / UDP(sport=9, dport=9) / Raw(marker)]


# ---------------------------------------------------------------------- ARP
def arp_reply(c, _):
    return [ether(c) / ARP(op=2, hwsrc=c.a.mac, psrc=c.p.ip4, hwdst=c.v.mac, pdst=c.v.ip4)]


def arp_request(c, _):
    return [ether(c) / ARP(op=1, hwsrc=c.a.mac, psrc=c.p.ip4, pdst=c.v.ip4)]


def arp_gratuitous(c, _):
    return [ether(c, dst=BROADCAST) / ARP(op=1, hwsrc=c.a.mac, psrc=c.p.ip4, pdst=c.p.ip4)]


def arp_foreign_hwsrc(c, _):
    """A true Ethernet source, a true IPv4 address, but P's MAC inside: whoever sends to A asks P."""
    return [ether(c) / ARP(op=2, hwsrc=c.p.mac, psrc=c.a.ip4, hwdst=c.v.mac, pdst=c.v.ip4)]


def arp_gateway(c, _):
    """The oldest one: V's way out goes over A."""
    return [ether(c) / ARP(op=2, hwsrc=c.a.mac, psrc=c.gw4, hwdst=c.v.mac, pdst=c.v.ip4)]


def arp_gateway_gratuitous(c, _):
    return [ether(c, dst=BROADCAST) / ARP(op=1, hwsrc=c.a.mac, psrc=c.gw4, pdst=c.gw4)]


def arp_to_router(c, _):
    """What the router sends to V shall come to A."""
    return [ether(c, dst=c.gw_mac) / ARP(op=2, hwsrc=c.a.mac, psrc=c.v.ip4, hwdst=c.gw_mac, pdst=c.gw4)]


def arp_vlan0(c, _):
    """VLAN 0 is a priority tag: a Linux host takes the frame as untagged, a filter of "ether type arp" does not."""
    return [ether(c) / Dot1Q(vlan=0, prio=5) / ARP(op=2, hwsrc=c.a.mac, psrc=c.p.ip4, hwdst=c.v.mac, pdst=c.v.ip4)]


# ---------------------------------------------------------------------- ND
def advert(c, target=None):
    return ICMPv6ND_NA(tgt=target or c.p.ip6, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=c.a.mac)


def decoy(c):
    """32 bytes in which a filter that reads at fixed offsets behind the IPv6 header finds A's own address and MAC."""
    as_seen = bytes(IPv6(src=c.a.ip6, dst=c.v.ip6) / ICMPv6ND_NA(tgt=c.a.ip6) /
                    ICMPv6NDOptDstLLAddr(lladdr=c.a.mac))[40:]
    return HBHOptUnknown(otype=SKIPPED_OPTION, optlen=28, optdata=as_seen[4:32])


def nd_na(c, _):
    return [ether(c) / IPv6(src=c.a.ip6, dst=c.v.ip6, hlim=255) / advert(c)]


def nd_na_destination_options(c, _):
    return [ether(c) / IPv6(src=c.a.ip6, dst=c.v.ip6, hlim=255) / IPv6ExtHdrDestOpt(options=[decoy(c)]) / advert(c)]


def nd_na_hop_by_hop(c, _):
    return [ether(c) / IPv6(src=c.a.ip6, dst=c.v.ip6, hlim=255) / IPv6ExtHdrHopByHop(options=[decoy(c)]) / advert(c)]


def nd_na_fragments(c, _):
    """Two fragments; the first ends before the option. Forbidden by RFC 6980, a host may still take it."""
    whole = IPv6(src=c.a.ip6, dst=c.v.ip6, hlim=255) / advert(c)
    data = bytes(whole)[40:]
    head = dict(src=c.a.ip6, dst=c.v.ip6, hlim=255)
    return [ether(c) / IPv6(**head) / IPv6ExtHdrFragment(id=77, offset=0, m=1, nh=58) / Raw(data[:24]),
            ether(c) / IPv6(**head) / IPv6ExtHdrFragment(id=77, offset=3, m=0, nh=58) / Raw(data[24:])]


def nd_gateway(c, _):
    return [ether(c) / IPv6(src=c.a.ip6, dst=c.v.ip6, hlim=255) / advert(c, c.gw6)]


def nd_gateway_link_local(c, _):
    return [ether(c) / IPv6(src=c.a.ll6, dst=c.v.ll6, hlim=255) / advert(c, c.gw_ll6)]


def nd_to_router(c, _):
    return [ether(c, dst=c.gw_mac) / IPv6(src=c.a.ip6, dst=c.gw6, hlim=255) / advert(c, c.v.ip6)]


def nd_na_vlan0(c, _):
    return [ether(c) / Dot1Q(vlan=0) / IPv6(src=c.a.ip6, dst=c.v.ip6, hlim=255) / advert(c)]


def nd_na_own_target_foreign_mac(c, _):
    return [ether(c) / IPv6(src=c.a.ip6, dst=c.v.ip6, hlim=255) / ICMPv6ND_NA(tgt=c.a.ip6, R=0, S=1, O=1) /
            ICMPv6NDOptDstLLAddr(lladdr=c.p.mac)]


def nd_na_hidden_option(c, _):
    """First an option no host knows, with A's own MAC where a guard may look, then the one that counts."""
    return [ether(c) / IPv6(src=c.a.ip6, dst=c.v.ip6, hlim=255) / ICMPv6ND_NA(tgt=c.a.ip6, R=0, S=1, O=1) /
            ICMPv6NDOptUnknown(type=253, len=1, data=mac2str(c.a.mac)) / ICMPv6NDOptDstLLAddr(lladdr=c.p.mac)]


def nd_ns_foreign_source(c, _):
    return [ether(c) / IPv6(src=c.p.ip6, dst=c.v.ip6, hlim=255) / ICMPv6ND_NS(tgt=c.v.ip6) /
            ICMPv6NDOptSrcLLAddr(lladdr=c.a.mac)]


def nd_ns_foreign_lladdr(c, _):
    return [ether(c) / IPv6(src=c.a.ip6, dst=c.v.ip6, hlim=255) / ICMPv6ND_NS(tgt=c.v.ip6) /
            ICMPv6NDOptSrcLLAddr(lladdr=c.p.mac)]


# ------------------------------------------------------------------ routers
def advertisement(c, between=None):
    packet = IPv6(src=c.a.ll6, dst="ff02::1", hlim=255)
    if between is not None:
        packet = packet / between
    return packet / ICMPv6ND_RA(routerlifetime=1800) / ICMPv6NDOptSrcLLAddr(lladdr=c.a.mac) / \
        ICMPv6NDOptPrefixInfo(prefix=ROGUE_PREFIX, prefixlen=64, L=1, A=1)


def ra(c, _):
    return [ether(c, dst=ALL_NODES_MAC) / advertisement(c)]


def ra_unicast(c, _):
    return [ether(c) / advertisement(c)]


def ra_destination_options(c, _):
    return [ether(c, dst=ALL_NODES_MAC) / advertisement(c, IPv6ExtHdrDestOpt(options=[decoy(c)]))]


def ra_hop_by_hop(c, _):
    return [ether(c, dst=ALL_NODES_MAC) / advertisement(c, IPv6ExtHdrHopByHop(options=[decoy(c)]))]


def ra_vlan0(c, _):
    return [ether(c, dst=ALL_NODES_MAC) / Dot1Q(vlan=0) / advertisement(c)]


def ra_fragments(c, _):
    data = bytes(advertisement(c))[40:]
    head = dict(src=c.a.ll6, dst="ff02::1", hlim=255)
    return [ether(c, dst=ALL_NODES_MAC) / IPv6(**head) / IPv6ExtHdrFragment(id=78, offset=0, m=1, nh=58) /
            Raw(data[:16]),
            ether(c, dst=ALL_NODES_MAC) / IPv6(**head) / IPv6ExtHdrFragment(id=78, offset=2, m=0, nh=58) /
            Raw(data[16:])]


def redirect4(c, _):
    """
    From the victim's gateway, which is what the victim believes: send to A what goes elsewhere. What
    is quoted is an echo reply: for that the kernel needs no socket to believe it (icmp_err()).
    """
    return [ether(c) / IP(src=c.gw4, dst=c.v.ip4) / ICMP(type=5, code=1, gw=c.a.ip4) /
            IP(src=c.v.ip4, dst=ELSEWHERE4) / ICMP(type=0) / Raw(b"\0" * 8)]


def redirect4_own_source(c, marker):
    """Where A is the victim's router for anything, its own address is enough: seen at the victim, not obeyed."""
    return [ether(c) / IP(src=c.a.ip4, dst=c.v.ip4) / ICMP(type=5, code=1, gw=c.a.ip4) /
            IP(src=c.v.ip4, dst=ELSEWHERE4) / UDP(sport=9, dport=9) / Raw(marker)]


def redirect6(c, _):
    return [ether(c) / IPv6(src=c.gw_ll6, dst=c.v.ip6, hlim=255) /
            ICMPv6ND_Redirect(tgt=c.a.ll6, dst=ELSEWHERE6) / ICMPv6NDOptDstLLAddr(lladdr=c.a.mac)]


def redirect6_own_source(c, marker):
    return [ether(c) / IPv6(src=c.a.ll6, dst=c.v.ip6, hlim=255) / ICMPv6ND_Redirect(tgt=c.a.ll6, dst=ELSEWHERE6) /
            ICMPv6NDOptDstLLAddr(lladdr=c.a.mac) / Raw(marker)]


def dhcp4_server(c, marker):
    return [ether(c, dst=BROADCAST) / IP(src=c.a.ip4, dst="255.255.255.255") / UDP(sport=67, dport=68) /
            BOOTP(op=2, yiaddr="10.66.6.6", siaddr=c.a.ip4, xid=1) /
            DHCP(options=[("message-type", "offer"), ("server_id", c.a.ip4), ("router", c.a.ip4), "end"]) / Raw(marker)]


def dhcp6_server(c, marker):
    return [ether(c) / IPv6(src=c.a.ll6, dst=c.v.ip6) / UDP(sport=547, dport=546) / DHCP6_Advertise(trid=1) /
            DHCP6OptServerId(duid=DUID_LL(lladdr=c.a.mac)) / Raw(marker)]


def dhcp4_server_fragments(c, marker):
    """The second fragment has no port to look at, the first has nothing else."""
    head = dict(src=c.a.ip4, dst=c.v.ip4, proto=17, id=0x4d4f)
    data = bytes(IP(src=c.a.ip4, dst=c.v.ip4) / UDP(sport=67, dport=68) / Raw(marker.ljust(64, b".")))[20:]
    return [ether(c) / IP(flags="MF", frag=0, **head) / Raw(data[:16]),
            ether(c) / IP(frag=2, **head) / Raw(data[16:])]


def dhcp4_server_as_gateway(c, marker):
    return [ether(c, dst=BROADCAST) / IP(src=c.gw4, dst="255.255.255.255") / UDP(sport=67, dport=68) /
            BOOTP(op=2, yiaddr="10.66.6.6", siaddr=c.a.ip4, xid=1) /
            DHCP(options=[("message-type", "offer"), ("server_id", c.gw4), ("router", c.a.ip4), "end"]) / Raw(marker)]


def dhcp6_server_fragments(c, marker):
    head = dict(src=c.a.ll6, dst=c.v.ip6)
    data = bytes(IPv6(**head) / UDP(sport=547, dport=546) / Raw(marker.ljust(64, b".")))[40:]
    return [ether(c) / IPv6(**head) / IPv6ExtHdrFragment(id=80, offset=0, m=1, nh=17) / Raw(data[:16]),
            ether(c) / IPv6(**head) / IPv6ExtHdrFragment(id=80, offset=2, m=0, nh=17) / Raw(data[16:])]


# --------------------------------------------------- neither IP nor ARP
def vlan0(c, marker):
    """A priority tag alone: Linux takes it off, and a program gets what is in it."""
    return [ether(c) / Dot1Q(vlan=0) / IP(src=c.p.ip4, dst=c.v.ip4) / UDP(sport=9, dport=9) / Raw(marker)]


def lacp(c, marker):
    """To V alone: a bridge keeps what goes to the group of the slow protocols."""
    return [ether(c, type=0x8809) / Raw(b"\x01\x01" + marker)]


def eapol(c, marker):
    return [ether(c, type=0x888e) / Raw(b"\x02\x01\0\0" + marker)]


def pppoe(c, marker):
    """An access concentrator's offer."""
    return [ether(c, dst=BROADCAST, type=0x8863) / Raw(b"\x11\x07\0\0\0\0" + marker)]


def mpls(c, marker):
    return [ether(c, type=0x8847) / Raw(b"\0\x01\x01\xff" + marker)]


def rarp(c, marker):
    return [ether(c, dst=BROADCAST, type=0x8035) / Raw(b"\0\x01\x08\0\x06\x04\0\x04" + marker)]


def dot1q(c, marker):
    return [ether(c) / Dot1Q(vlan=5) / IP(src=c.a.ip4, dst=c.v.ip4) / UDP(sport=9, dport=9) / Raw(marker)]


def dot1ad(c, marker):
    return [ether(c) / Dot1AD(vlan=5) / Dot1Q(vlan=6) / IP(src=c.a.ip4, dst=c.v.ip4) / UDP(sport=9, dport=9) /
            Raw(marker)]


def snap(c, marker):
    return [Dot3(src=c.a.mac, dst=c.v.mac) / LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(OUI=0, code=0x0800) /
            IP(src=c.a.ip4, dst=c.v.ip4) / UDP(sport=9, dport=9) / Raw(marker)]


def bpdu(c, marker):
    return [Dot3(src=c.a.mac, dst="01:80:c2:00:00:00") / LLC(dsap=0x42, ssap=0x42, ctrl=3) /
            STP(rootid=0, rootmac=c.a.mac, bridgeid=0, bridgemac=c.a.mac) / Raw(marker)]


def lldp(c, marker):
    """To the nearest customer bridge (802.1AB, 7.1): the address that a plain Linux bridge passes on."""
    return [Ether(src=c.a.mac, dst="01:80:c2:00:00:00", type=0x88cc) / Raw(b"\x02\x07\x04" + bytes(6) + marker)]


def lldp_unicast(c, marker):
    return [ether(c, type=0x88cc) / Raw(b"\x02\x07\x04" + bytes(6) + marker)]


def pause(c, marker):
    return [ether(c, type=0x8808) / Raw(b"\x00\x01\xff\xff" + marker)]


def ipx(c, marker):
    return [ether(c, type=0x8137) / Raw(marker)]


# ------------------------------------------------------------ odd headers
def source_route_loose(c, marker):
    return [ether(c) / IP(src=c.a.ip4, dst=c.v.ip4, options=[IPOption_LSRR(routers=[c.p.ip4], pointer=4)]) /
            UDP(sport=9, dport=9) / Raw(marker)]


def source_route_strict(c, marker):
    return [ether(c) / IP(src=c.a.ip4, dst=c.v.ip4, options=[IPOption_SSRR(routers=[c.p.ip4], pointer=4)]) /
            UDP(sport=9, dport=9) / Raw(marker)]


def record_route(c, marker):
    return [ether(c) / IP(src=c.a.ip4, dst=c.v.ip4, options=[IPOption_RR(routers=["0.0.0.0"] * 3)]) /
            UDP(sport=9, dport=9) / Raw(marker)]


def router_advertisement4(c, marker):
    """ICMP router discovery (RFC 1256)."""
    return [ether(c) / IP(src=c.a.ip4, dst=c.v.ip4) / ICMP(type=9) / Raw(b"\x01\x02\x07\x08" + marker)]


def routing_header_2(c, marker):
    return [ether(c) / IPv6(src=c.a.ip6, dst=c.v.ip6) / IPv6ExtHdrRouting(type=2, segleft=1, addresses=[c.p.ip6]) /
            UDP(sport=9, dport=9) / Raw(marker)]


def routing_header_0(c, marker):
    return [ether(c) / IPv6(src=c.a.ip6, dst=c.v.ip6) / IPv6ExtHdrRouting(type=0, segleft=1, addresses=[c.p.ip6]) /
            UDP(sport=9, dport=9) / Raw(marker)]


def igmp_query(c, marker):
    """IGMP general query without the router alert: who sends it becomes the segment's querier."""
    message = b"\x11\x64\0\0\0\0\0\0" + b"\x02\x7d\0\0" + marker
    message = message[:2] + checksum(message).to_bytes(2, "big") + message[4:]
    return [ether(c, dst="01:00:5e:00:00:01") / IP(src=c.a.ip4, dst="224.0.0.1", ttl=1, proto=2) / Raw(message)]


def mld_query(c, marker):
    return [ether(c, dst=ALL_NODES_MAC) / IPv6(src=c.a.ll6, dst="ff02::1", hlim=1) /
            IPv6ExtHdrHopByHop(options=[RouterAlert()]) / ICMPv6MLQuery() / Raw(marker)]


# ------------------------------------------------------------------- floods
def storm_broadcast(c, marker):
    return [ether(c, dst=BROADCAST) / IP(src=c.a.ip4, dst="255.255.255.255") / UDP(sport=9, dport=9) /
            Raw(marker)] * 4000


def storm_multicast(c, marker):
    return [ether(c, dst=ALL_NODES_MAC) / IPv6(src=c.a.ip6, dst="ff02::1") / UDP(sport=9, dport=9) / Raw(marker)] * 4000


def storm_arp(c, marker):
    """Requests for nobody, each of which everybody must look at."""
    return [ether(c, dst=BROADCAST) / ARP(op=1, hwsrc=c.a.mac, psrc=c.a.ip4, pdst=c.nobody4[-1]) / Raw(marker)] * 4000


def sweep4(c, marker):
    """By the gateway to addresses that nobody has: for each of them it looks for a neighbour."""
    return [ether(c, dst=c.gw_mac) / IP(src=c.a.ip4, dst=to) / UDP(sport=9, dport=9) / Raw(marker) for to in c.nobody4]


def sweep6(c, marker):
    return [ether(c, dst=c.gw_mac) / IPv6(src=c.a.ip6, dst=to) / UDP(sport=9, dport=9) / Raw(marker) for to in c.nobody6]


def udp_to_victim(c, marker):
    """No attack either, and to a port that nothing else is sent to."""
    return ether(c) / IP(src=c.a.ip4, dst=c.v.ip4) / UDP(sport=PROBE_PORT, dport=PROBE_PORT) / Raw(marker)


def tcp_to_victim(c, marker):
    """No attack: what must go through, guard or not."""
    return [ether(c) / IP(src=c.a.ip4, dst=c.v.ip4) / TCP(sport=9, dport=9, flags="S") / Raw(marker)]
