#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""guard - sends every attack of frames.py from one stack and looks at the state of another.

Usage: guard.py [--only REGEX] [--few] success|failure:FILE...

One process for all worlds, and one connection to the daemon: where a processor is emulated, the start of a program is
what takes the time. FILE holds a world, one after the other. --few (or MOAT_FEW=1): the first attack of each kind that docs/ATTACKS.md names a
mechanism for.

The world is JSON: {"stations": {"a": {"netns", "ifname", "ip4", "ip6", "endpoint": its name in Moat}, "v": ..., "p": ...},
"gateway4", "gateway6", "gateway_ll6", "router": netns, "mode": bridge or routed, "gateway_dev": the router's
bridge, or A's port where there is none, "guarded": whether there are
counters in Moat, "impossible": {attack: why it cannot succeed here even unguarded}}.

"success" proves the test: without a guard every attack must have its effect on the victim
(neighbour table, routes, sockets, frames that arrived), or be named impossible with the reason and
then indeed not succeed. "failure": none has one, and the attacker's counter of the right reason
has moved, and nothing is put down to the others. TAP out, exit 1 when anything is otherwise.
"""
import argparse
import contextlib
import ctypes
import ipaddress
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time
from types import SimpleNamespace

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import frames  # noqa: E402  pylint: disable=wrong-import-position
from moatsock import Moat  # noqa: E402  pylint: disable=wrong-import-position

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
SLOWER = float(os.environ.get("MOAT_SLOWER", "1"))  # an emulated processor, as tests/vm/run measured it
PATIENCE = 3.0 * SLOWER  # an effect or a counter is there by then
libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def inside(netns):
    """This thread, and what it starts, in another network namespace."""
    with open("/proc/thread-self/ns/net", "rb") as home, open(netns, "rb") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns", netns)
        try:
            yield
        finally:
            if libc.setns(home.fileno(), CLONE_NEWNET):
                os._exit(3)


def run(netns, *command, check=True):
    with inside(netns):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}")
    return done


def ip_json(netns, *args):
    return json.loads(run(netns, "ip", "-j", *args).stdout or "[]")


def sysctl(netns, name, value):
    """Writes it; the value before, None where there is no such thing or it is not to be written."""
    if value is None:
        return None
    with inside(netns), contextlib.suppress(FileNotFoundError):
        with open("/proc/sys/" + name, "r+", encoding="ascii") as file:
            before = file.read().strip()
            file.seek(0)
            file.write(str(value))
            return before
    return None


def until(condition, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while True:
        if condition():
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)


class World:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            spec = json.load(file)
        self.router = spec.get("router")
        self.guarded = spec["guarded"]
        self.moat = Moat(timeout=60) if self.guarded else None
        self.impossible = spec.get("impossible", {})
        self.gw4, self.gw6 = spec["gateway4"], spec["gateway6"]
        for name, station in spec["stations"].items():
            station = SimpleNamespace(**station)
            link = ip_json(station.netns, "addr", "show", "dev", station.ifname)[0]
            station.mac = link["address"]
            station.ll6 = next(a["local"] for a in link["addr_info"]
                               if a["family"] == "inet6" and a["scope"] == "link")
            setattr(self, name, station)
        self.gw_ll6 = spec["gateway_ll6"]
        self.bridge = spec["gateway_dev"]
        self.gw_mac = ip_json(self.router, "link", "show", "dev", self.bridge)[0]["address"]
        self.hop = self.v.mac
        if spec["mode"] == "routed":
            self.hop = self.gw_mac
            self.impossible = {function.__name__: "no segment, but a router: it passes on packets, not frames, and those "
                               "of IPv4 by strict reverse path alone"
                               for function, _, _ in ATTACKS if function not in ROUTED}
        net4 = ipaddress.ip_network(self.a.ip4 + "/24", strict=False)
        self.nobody4 = [str(net4[n]) for n in range(100, 250)]
        net6 = ipaddress.ip_network(self.a.ip6 + "/64", strict=False)
        self.nobody6 = [str(net6[0x10000 + n]) for n in range(100)]
        with inside(self.a.netns):
            self.sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.sender.bind((self.a.ifname, 0))
        with inside(self.v.netns):
            self.probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.probe.bind((self.v.ip4, frames.PROBE_PORT))
            self.probe.setblocking(False)
        self.seen = {name: self.listen(getattr(self, name)) for name in ("a", "v")}
        self.soften()

    @staticmethod
    def listen(station):
        with inside(station.netns):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            # beyond net.core.rmem_max, which is 208 KB before 6.16: less than a storm
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
            sock.bind((station.ifname, ETH_P_ALL))
            sock.setblocking(False)
        return sock

    def soften(self):
        """The victim believes whatever a default Linux host may be made to believe: only the guard protects it."""
        dev, self.hard = self.v.ifname, {}
        for name, value in {
                f"net/ipv4/neigh/{dev}/locktime": 0, f"net/ipv6/neigh/{dev}/locktime": 0,
                "net/ipv4/conf/all/rp_filter": 0, f"net/ipv4/conf/{dev}/rp_filter": 0,
                "net/ipv4/conf/all/accept_redirects": 1, f"net/ipv4/conf/{dev}/accept_redirects": 1,
                "net/ipv4/conf/all/shared_media": 1, f"net/ipv4/conf/{dev}/shared_media": 1,
                "net/ipv6/conf/all/forwarding": 0, f"net/ipv6/conf/{dev}/forwarding": 0,
                f"net/ipv6/conf/{dev}/accept_ra": 1, f"net/ipv6/conf/{dev}/autoconf": 1,
                f"net/ipv6/conf/{dev}/accept_ra_defrtr": 1, f"net/ipv6/conf/{dev}/accept_ra_pinfo": 1,
                f"net/ipv6/conf/{dev}/accept_redirects": 1, f"net/ipv6/conf/{dev}/suppress_frag_ndisc": 0,
                "net/ipv6/conf/all/suppress_frag_ndisc": 0}.items():
            self.hard[name] = sysctl(self.v.netns, name, value)

    def harden(self):
        """The victim as it was: what soften() changed, and what the attacks taught it."""
        for name, value in self.hard.items():
            sysctl(self.v.netns, name, value)
        LearnsRoute().prepare(self, None)
        for to in (frames.ELSEWHERE4, frames.ELSEWHERE6):
            run(self.v.netns, "ip", "route", "del", to, check=False)

    def fini(self):
        """What the attacks kept at a station goes with its world."""
        for sock in (self.sender, self.probe, self.moat, *self.seen.values()):
            if sock:
                sock.close()
        for _, effect, _ in ATTACKS:
            if isinstance(effect, Socket) and effect.sock:
                effect.sock.close()
                effect.sock = None

    def send(self, packets):
        last = data = None
        for packet in packets:
            if packet is not last:  # a storm is one frame, over and over
                last, data = packet, bytes(packet)
            self.sender.send(data)

    def passed(self):
        """What was sent so far has gone its whole way, or will not: a decent packet behind it came out at V."""
        mark = os.urandom(12)
        frame = bytes(frames.udp_to_victim(self, mark))
        def came():
            with contextlib.suppress(BlockingIOError):
                while True:
                    if self.probe.recv(64) == mark:
                        return True
            return False
        for _ in range(20):  # a flood before it may have left it no room
            self.sender.send(frame)
            if until(came, PATIENCE / 20):
                time.sleep(0.01)  # on another processor it may have been the faster one
                return
        raise RuntimeError("no decent packet gets from A to V")

    def drain(self, who):
        got = []
        with contextlib.suppress(BlockingIOError):
            while True:
                got.append(self.seen[who].recv(65536))
        return got

    def counters(self, who="a"):
        """Packets that the guard dropped of one station, by reason, as Moat tells them."""
        if not self.guarded:
            return {}
        return self.moat.call("EndpointShow", name=getattr(self, who).endpoint)["endpoint"]["dropped"]


# ------------------------------------------------------------- effects on the victim
class Arrives:
    """The frame reaches the victim's interface. pattern: how the marker may look there."""

    def prepare(self, world, marker):
        self.marker = marker
        world.drain("v")

    def seen(self, world):
        return any(self.marker in frame for frame in world.drain("v"))


def stale(netns, address, mac, dev):
    """A neighbour entry that believes the next one who says otherwise: its age must exceed a locktime of 0 ticks."""
    run(netns, "ip", "neigh", "replace", address, "lladdr", mac, "dev", dev, "nud", "stale")
    time.sleep(0.03)


class Neighbour:
    """The victim's neighbour entry for one station names another one's MAC."""

    def __init__(self, family, of, becomes):
        self.family, self.of, self.becomes = family, of, becomes

    def target(self, world):
        """Address, and whose MAC is the right one."""
        of = getattr(world, self.of)
        return getattr(of, "ip" + self.family), of.mac

    def prepare(self, world, _):
        self.address, right = self.target(world)
        self.mac = getattr(world, self.becomes).mac
        assert right != self.mac
        stale(world.v.netns, self.address, right, world.v.ifname)

    def seen(self, world):
        entries = ip_json(world.v.netns, "neigh", "show", self.address, "dev", world.v.ifname)
        return any(entry.get("lladdr") == self.mac for entry in entries)


class GatewayNeighbour(Neighbour):
    """The victim's entry for its gateway names the attacker. Moat lays it as permanent; here it is one like others."""

    def __init__(self, name):
        super().__init__(None, None, "a")
        self.name = name

    def target(self, world):
        return getattr(world, self.name), world.gw_mac

    def prepare(self, world, marker):
        entries = ip_json(world.v.netns, "neigh", "show", getattr(world, self.name), "dev", world.v.ifname)
        self.laid = any("PERMANENT" in entry["state"] for entry in entries)
        super().prepare(world, marker)

    def undo(self, world):
        where = (self.address, "dev", world.v.ifname)
        run(world.v.netns, "ip", "neigh", "del", *where)
        if self.laid:
            run(world.v.netns, "ip", "neigh", "replace", *where, "lladdr", world.gw_mac, "nud", "permanent")


class RouterNeighbour:
    """The router's entry for the victim names the attacker."""

    def __init__(self, family):
        self.family = family

    def prepare(self, world, _):
        self.address = getattr(world.v, "ip" + self.family)
        self.laid = any("PERMANENT" in entry["state"] for entry in ip_json(world.router, "neigh", "show", self.address))
        if not self.laid:
            stale(world.router, self.address, world.v.mac, world.bridge)

    def seen(self, world):
        entries = ip_json(world.router, "neigh", "show", self.address)
        return any(entry.get("lladdr") == world.a.mac for entry in entries)

    def undo(self, world):
        if not self.laid:  # or V would stay cut off
            run(world.router, "ip", "neigh", "del", self.address, "dev", world.bridge)


class FillsNeighbours:
    """The router's neighbour table holds entries for addresses that nobody has, and that it searches for."""

    def __init__(self, family):
        self.family = family

    def prepare(self, world, _):
        self.of = set(getattr(world, "nobody" + self.family))

    def seen(self, world):
        shown = ip_json(world.router, "-" + self.family, "neigh", "show")
        # one that has failed already gives way to the next, net/core/neighbour.c, neigh_forced_gc()
        return sum(entry["dst"] in self.of and "FAILED" not in entry["state"] for entry in shown) > 20


class Floods:
    """Half of it and more reaches the victim."""

    def prepare(self, world, marker):
        self.marker, self.count = marker, 0
        world.drain("v")

    def seen(self, world):
        self.count += sum(self.marker in frame for frame in world.drain("v"))
        return self.count > 2000


class LearnsRoute:
    """The victim takes a router or a prefix from a router advertisement."""

    def prepare(self, world, _):
        run(world.v.netns, "ip", "-6", "route", "flush", "proto", "ra", check=False)
        run(world.v.netns, "ip", "-6", "addr", "flush", "dev", world.v.ifname, "dynamic", check=False)
        run(world.v.netns, "ip", "-6", "route", "del", "2001:db8:bad::/64", check=False)

    def seen(self, world):
        routes = run(world.v.netns, "ip", "-6", "route", "show").stdout
        return "proto ra" in routes or "2001:db8:bad:" in routes


class Redirected:
    """The victim's way elsewhere goes over the attacker."""

    def __init__(self, family):
        self.family = family

    def prepare(self, world, _):
        v, dev = world.v.netns, world.v.ifname
        if self.family == "4":
            run(v, "ip", "route", "flush", "cache")
            run(v, "ip", "neigh", "replace", world.a.ip4, "lladdr", world.a.mac, "dev", dev, "nud", "stale")
            run(v, "ip", "route", "replace", frames.ELSEWHERE4 + "/32", "via", world.gw4, "dev", dev)
        else:
            run(v, "ip", "-6", "route", "flush", "cache")
            run(v, "ip", "neigh", "replace", world.a.ll6, "lladdr", world.a.mac, "dev", dev, "nud", "stale")
            run(v, "ip", "-6", "route", "replace", frames.ELSEWHERE6 + "/128", "via", world.gw_ll6, "dev", dev)

    def seen(self, world):
        to, via = ((frames.ELSEWHERE4, world.a.ip4) if self.family == "4" else (frames.ELSEWHERE6, world.a.ll6))
        return f"via {via} " in run(world.v.netns, "ip", "route", "get", to).stdout


class Socket:
    """A client's socket at the victim gets the marker."""

    def __init__(self, family, port):
        self.family, self.port = family, port
        self.sock = None

    def prepare(self, world, marker):
        self.marker = marker
        if self.sock is None:
            with inside(world.v.netns):
                self.sock = socket.socket(socket.AF_INET if self.family == "4" else socket.AF_INET6, socket.SOCK_DGRAM)
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, world.v.ifname.encode())
                if self.family == "6":
                    self.sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                self.sock.bind(("", self.port))
                self.sock.setblocking(False)

    def seen(self, _):
        got = []
        with contextlib.suppress(BlockingIOError):
            while True:
                got.append(self.sock.recv(65536))
        return any(self.marker in data for data in got)


class Steals:
    """What one station sends to another comes out at the attacker."""

    def __init__(self, sender, receiver):
        self.sender, self.receiver = sender, receiver

    def prepare(self, world, marker):
        self.marker = marker + b"-stolen"
        sender, receiver = getattr(world, self.sender), getattr(world, self.receiver)
        run(sender.netns, "ip", "neigh", "replace", receiver.ip4, "lladdr", receiver.mac, "dev", sender.ifname,
            "nud", "permanent")
        world.drain("a")

    def seen(self, world):
        with inside(getattr(world, self.sender).netns), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(self.marker, (getattr(world, self.receiver).ip4, 9))
        time.sleep(0.02)
        return any(self.marker in frame for frame in world.drain("a"))


    def undo(self, world):
        """A bridge that was taught wrong learns better."""
        receiver = getattr(world, self.receiver)
        with inside(receiver.netns), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, receiver.ifname.encode())
            sock.sendto(b"here I am", ("255.255.255.255", 9))


class GrowsTable:
    """The bridge's forwarding table holds the attacker's inventions."""

    def prepare(self, world, _):
        pass

    def seen(self, world):
        table = run(world.router, "bridge", "fdb", "show", "br", world.bridge).stdout
        return table.count("02:66:") > 1500


# attack, effect, the reasons one of whose counters must move
ND = ("nd_spoofed",)
BOOTPC, DHCP6C = Socket("4", 68), Socket("6", 546)
UDP4, UDP6 = Socket("4", 9), Socket("6", 9)
ATTACKS = [
    (frames.mac_spoof, UDP4, ("mac_spoofed",)),
    (frames.mac_theft, Steals("v", "p"), ("mac_spoofed",)),
    (frames.mac_of_victim, Steals("p", "v"), ("mac_spoofed",)),
    (frames.mac_flood, GrowsTable(), ("mac_spoofed",)),
    (frames.ipv4_spoof, UDP4, ("ip_spoofed",)),
    (frames.ipv4_spoof_outside, UDP4, ("ip_spoofed",)),
    (frames.ipv4_spoof_gateway, UDP4, ("ip_spoofed",)),
    (frames.ipv4_spoof_nobody, UDP4, ("ip_spoofed",)),
    (frames.ipv4_spoof_fragments, UDP4, ("ip_spoofed",)),
    (frames.ipv6_spoof, UDP6, ("ip_spoofed",)),
    (frames.ipv6_spoof_outside, UDP6, ("ip_spoofed",)),
    (frames.ipv6_spoof_gateway, UDP6, ("ip_spoofed",)),
    (frames.ipv6_spoof_link_local, UDP6, ("ip_spoofed",)),
    (frames.ipv6_spoof_fragments, UDP6, ("ip_spoofed",)),
    (frames.ipv6_spoof_destination_options, UDP6, ("ip_spoofed",)),
    (frames.arp_reply, Neighbour("4", "p", "a"), ("arp_spoofed",)),
    (frames.arp_request, Neighbour("4", "p", "a"), ("arp_spoofed",)),
    (frames.arp_gratuitous, Neighbour("4", "p", "a"), ("arp_spoofed",)),
    (frames.arp_foreign_hwsrc, Neighbour("4", "a", "p"), ("arp_spoofed",)),
    (frames.arp_gateway, GatewayNeighbour("gw4"), ("arp_spoofed",)),
    (frames.arp_gateway_gratuitous, GatewayNeighbour("gw4"), ("arp_spoofed",)),
    (frames.arp_to_router, RouterNeighbour("4"), ("arp_spoofed",)),
    (frames.arp_vlan0, Neighbour("4", "p", "a"), ("restricted",)),
    (frames.nd_na, Neighbour("6", "p", "a"), ND),
    (frames.nd_na_destination_options, Neighbour("6", "p", "a"), ND),
    (frames.nd_na_hop_by_hop, Neighbour("6", "p", "a"), ND),
    (frames.nd_na_fragments, Neighbour("6", "p", "a"), ND),
    (frames.nd_gateway, GatewayNeighbour("gw6"), ND),
    (frames.nd_gateway_link_local, GatewayNeighbour("gw_ll6"), ND),
    (frames.nd_to_router, RouterNeighbour("6"), ND),
    (frames.nd_na_vlan0, Neighbour("6", "p", "a"), ("restricted",)),
    (frames.nd_na_own_target_foreign_mac, Neighbour("6", "a", "p"), ND),
    (frames.nd_na_hidden_option, Neighbour("6", "a", "p"), ND),
    (frames.nd_ns_foreign_source, Neighbour("6", "p", "a"), ND),
    (frames.nd_ns_foreign_lladdr, Neighbour("6", "a", "p"), ND),
    (frames.ra, LearnsRoute(), ND),
    (frames.ra_unicast, LearnsRoute(), ND),
    (frames.ra_destination_options, LearnsRoute(), ND),
    (frames.ra_hop_by_hop, LearnsRoute(), ND),
    (frames.ra_vlan0, LearnsRoute(), ("restricted",)),
    (frames.ra_fragments, LearnsRoute(), ND),
    (frames.redirect4, Redirected("4"), ("ip_spoofed",)),
    (frames.redirect4_own_source, Arrives(), ("restricted",)),
    (frames.redirect6, Redirected("6"), ND),
    (frames.redirect6_own_source, Arrives(), ND),
    (frames.dhcp4_server, BOOTPC, ("dhcp_spoofed",)),
    (frames.dhcp4_server_fragments, BOOTPC, ("dhcp_spoofed",)),
    (frames.dhcp4_server_as_gateway, BOOTPC, ("ip_spoofed",)),
    (frames.dhcp6_server, DHCP6C, ("dhcp_spoofed",)),
    (frames.dhcp6_server_fragments, DHCP6C, ("dhcp_spoofed",)),
    (frames.vlan0, UDP4, ("restricted",)),
    (frames.dot1q, Arrives(), ("restricted",)),
    (frames.dot1ad, Arrives(), ("restricted",)),
    (frames.snap, Arrives(), ("restricted",)),
    (frames.bpdu, Arrives(), ("restricted",)),
    (frames.lldp, Arrives(), ("restricted",)),
    (frames.lldp_unicast, Arrives(), ("restricted",)),
    (frames.pause, Arrives(), ("restricted",)),
    (frames.ipx, Arrives(), ("restricted",)),
    (frames.lacp, Arrives(), ("restricted",)),
    (frames.eapol, Arrives(), ("restricted",)),
    (frames.pppoe, Arrives(), ("restricted",)),
    (frames.mpls, Arrives(), ("restricted",)),
    (frames.rarp, Arrives(), ("restricted",)),
    (frames.record_route, UDP4, ("restricted",)),
    (frames.router_advertisement4, Arrives(), ("restricted",)),
    (frames.source_route_loose, Arrives(), ("restricted",)),
    (frames.source_route_strict, Arrives(), ("restricted",)),
    (frames.routing_header_0, Arrives(), ("restricted",)),
    (frames.routing_header_2, Arrives(), ("restricted",)),
    (frames.igmp_query, Arrives(), ("restricted",)),
    (frames.mld_query, Arrives(), ("restricted",)),
    (frames.storm_broadcast, Floods(), ("rate",)),
    (frames.storm_multicast, Floods(), ("rate",)),
    (frames.storm_arp, Floods(), ("rate",)),
    # Not the guard, but the router itself: nothing is counted.
    (frames.sweep4, FillsNeighbours("4"), ()),
    (frames.sweep6, FillsNeighbours("6"), ()),
]


# What gets through to V where the gateway routes and nothing guards.
ROUTED = [frames.ipv6_spoof, frames.ipv6_spoof_outside, frames.ipv6_spoof_fragments,
          frames.ipv6_spoof_destination_options, frames.mac_spoof, frames.redirect4_own_source,
          frames.router_advertisement4, frames.dhcp4_server_fragments, frames.record_route, frames.routing_header_0,
          frames.routing_header_2]


# Groups are nobody's on a routed port: they fall before anybody asks what is in them, and uncounted.
GROUPS = [frames.ra, frames.ra_unicast, frames.ra_destination_options, frames.ra_hop_by_hop, frames.ra_fragments, frames.mld_query]


def documented():
    """The rows of docs/ATTACKS.md: test, what stops it, what it is counted as."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "ATTACKS.md")
    with open(path, encoding="utf-8") as file:
        return re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \| (?:`(\w+)`|nothing) \|$", file.read(), re.MULTILINE)


def chosen(only, few):
    """The attacks to be made."""
    first = {}
    for name, stopped_by, _ in documented():
        first.setdefault(stopped_by, name)
    return [row for row in ATTACKS if re.search(only, row[0].__name__) and (not few or row[0].__name__ in first.values())]


class Report:
    def __init__(self):
        self.count = self.failures = 0

    def line(self, good, text, *context):
        self.count += 1
        self.failures += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {text}", flush=True)
        for item in context if not good else ():
            print(f"# {item}", flush=True)


def attack(world, report, function, effect, reasons, expect):
    name, marker = function.__name__, f"moat-{os.urandom(6).hex()}".encode()
    undo = getattr(effect, "undo", lambda _: None)
    effect.prepare(world, marker)
    assert isinstance(effect, Steals) or not effect.seen(world), f"{name}: the effect is there before the attack"
    before = world.counters()
    packets = function(world, marker)
    world.send(packets)
    if expect == "success":
        why = world.impossible.get(name)
        if why:
            world.passed()
            report.line(not effect.seen(world), f"{name} unguarded: cannot succeed: {why}",
                        "it did succeed: the reason is not one")
        else:
            report.line(until(lambda: effect.seen(world)), f"{name} unguarded: succeeds",
                        "no effect on the victim: this test would prove nothing")
        undo(world)
        return

    def moved():
        now = world.counters()
        return [reason for reason in now if now[reason] > before[reason]]

    if reasons and not (world.hop == world.gw_mac and function in GROUPS):
        counted = until(lambda: set(moved()) & set(reasons))
        report.line(counted, f"{name}: counted as {'/'.join(moved()) or 'nothing'}",
                    f"expected one of {', '.join(reasons)}")
    world.passed()
    report.line(not effect.seen(world), f"{name}: no effect on the victim")
    undo(world)


def legitimate(world, report, title):
    """What must work, with cold caches, from each side."""
    # Entries that attacks and their preparation made, away: but not those the network itself laid as permanent.
    for name in ("a", "v", "p"):
        station = getattr(world, name)
        for other in ("a", "v", "p"):
            for address in (getattr(world, other).ip4, getattr(world, other).ip6, getattr(world, other).ll6):
                run(station.netns, "ip", "neigh", "del", address, "dev", station.ifname, check=False)
    wait = str(2 * SLOWER)
    for one, other in (("a", "v"), ("v", "a"), ("p", "v")):
        for family in ("ip4", "ip6"):
            src, dst = getattr(world, one), getattr(world, other)
            for station, address in ((src, getattr(dst, family)), (dst, getattr(src, family))):
                run(station.netns, "ip", "neigh", "del", address, "dev", station.ifname, check=False)
            done = run(src.netns, "ping", "-n", "-c3", "-i0.1", "-W" + wait, getattr(dst, family), check=False)
            report.line(" 0% packet loss" in done.stdout, f"{title}: {one} pings {other} ({family}), cold caches",
                        done.stdout)
            report.line(talk(src, dst, family), f"{title}: TCP {one} to {other} ({family})")
    # fe80::1 is on no interface of a router: it need not answer
    for gateway in (gateway for gateway in (world.gw4, world.gw6) if gateway and not gateway.startswith("fe80")):
        done = run(world.v.netns, "ping", "-n", "-c2", "-i0.1", "-W" + wait, gateway, check=False)
        report.line(" 0% packet loss" in done.stdout, f"{title}: v pings its gateway {gateway}", done.stdout)


def talk(src, dst, family):
    """64 KiB over TCP and back."""
    af = socket.AF_INET if family == "ip4" else socket.AF_INET6
    with inside(dst.netns):
        listener = socket.create_server((getattr(dst, family), 7777), family=af)
    with inside(src.netns):
        client = socket.socket(af, socket.SOCK_STREAM)
    with listener, client:
        client.settimeout(5 * SLOWER)
        listener.settimeout(5 * SLOWER)
        try:
            client.connect((getattr(dst, family), 7777))
            server, _ = listener.accept()
            with server:
                server.settimeout(5 * SLOWER)
                for sender, receiver in ((client, server), (server, client)):
                    data, got = os.urandom(65536), b""
                    sender.sendall(data[:32768])
                    sender.sendall(data[32768:])
                    while len(got) < len(data):
                        chunk = receiver.recv(65536)
                        if not chunk:
                            return False
                        got += chunk
                    if got != data:
                        return False
        except OSError:
            return False
    return True


def round_of(path, expect, attacks):
    """One world from its beginning to its end. Return: are all lines good?"""
    world, report = World(path), Report()
    unknown = set(world.impossible) - {function.__name__ for function, _, _ in ATTACKS}
    assert not unknown, unknown
    report.line([(name, reason) for name, _, reason in documented()] ==
                [(function.__name__, (reasons or ("",))[0]) for function, _, reasons in ATTACKS],
                "docs/ATTACKS.md lists these attacks, in this order")
    title = "unguarded" if expect == "success" else "guarded"
    print(f"# {os.path.basename(path)}: {title}", flush=True)
    legitimate(world, report, title)
    for function, effect, reasons in attacks:
        attack(world, report, function, effect, reasons, expect)
    legitimate(world, report, title + ", after the attacks")
    for name in ("v", "p") if world.guarded else ():
        counted = {reason: packets for reason, packets in world.counters(name).items() if packets}
        report.line(not counted, f"{title}: nothing of it is put down to {name}", counted)
    world.harden()
    world.fini()
    print(f"1..{report.count}", flush=True)
    return not report.failures and report.count > 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="+", metavar="success|failure:FILE")
    parser.add_argument("--only", default="")
    parser.add_argument("--few", action="store_true", default=os.environ.get("MOAT_FEW") == "1")
    args = parser.parse_args()
    attacks = chosen(args.only, args.few)
    print(f"# {len(attacks)} of {len(ATTACKS)} attacks", flush=True)
    good = bool(attacks)
    for expect, _, path in (word.partition(":") for word in args.rounds):
        if expect not in ("success", "failure"):
            parser.error(f"{expect} is neither success nor failure")
        good = round_of(path, expect, attacks) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
