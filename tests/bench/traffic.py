# SPDX-License-Identifier: GPL-2.0-or-later
"""traffic - packets through what Moat made, beside the same way made bare by ip and nft.

A way is two namespaces and an address: a sender floods, a counter counts what arrives. Ways take turns, a second each;
what is told is nanoseconds for one packet, or for one kilobyte of a stream, at the place where they arrive.
"""
import os
import subprocess
import time

PORTS = {"udp": 5201, "tcp": 5202}
TURN = 0.5


def ip(*words):
    subprocess.run(["ip"] + [word for text in words for word in text.split()], check=True)


def bare_bridge():
    """Two namespaces on a bridge in a third, one queue each, as lean as it gets. Return: (from, to, address)."""
    for name in ("bare-a", "bare-b", "bare-bridge"):
        ip("netns add " + name)
    ip("-n bare-bridge link add br0 type bridge")
    ip("-n bare-bridge link set br0 up")
    for i, name in enumerate(("bare-a", "bare-b")):
        ip("-n bare-bridge link add p%d numtxqueues 1 numrxqueues 1 type veth peer name eth0 netns %s numtxqueues 1 numrxqueues 1" % (i, name))
        ip("-n bare-bridge link set p%d master br0 up" % i)
        ip("-n %s addr add 10.77.0.%d/24 dev eth0" % (name, i + 2))
        ip("-n %s link set eth0 up" % name)
    return "bare-a", "bare-b", "10.77.0.3"


def bare_masquerade():
    """A namespace on a bridge, and one masquerade behind it to the world. Return: (from, to, address)."""
    for name in ("hop-a", "hop-world", "hop"):
        ip("netns add " + name)
    ip("-n hop link add br0 type bridge")
    ip("-n hop addr add 10.78.0.1/24 dev br0")
    ip("-n hop link set br0 up")
    ip("-n hop link add p0 numtxqueues 1 numrxqueues 1 type veth peer name eth0 netns hop-a numtxqueues 1 numrxqueues 1")
    ip("-n hop link set p0 master br0 up")
    ip("-n hop link add out numtxqueues 1 numrxqueues 1 type veth peer name eth0 netns hop-world numtxqueues 1 numrxqueues 1")
    ip("-n hop addr add 192.0.2.1/24 dev out")
    ip("-n hop link set out up")
    ip("-n hop-a addr add 10.78.0.2/24 dev eth0")
    ip("-n hop-a link set eth0 up")
    ip("-n hop-a route add default via 10.78.0.1")
    ip("-n hop-world addr add 192.0.2.2/24 dev eth0")
    ip("-n hop-world link set eth0 up")
    subprocess.run(["ip", "netns", "exec", "hop", "sysctl", "-qw", "net.ipv4.ip_forward=1"], check=True)
    subprocess.run(["ip", "netns", "exec", "hop", "nft", "table ip n { chain c { type nat hook postrouting priority 100; "
                    "oifname out masquerade; }; }"], check=True)
    return "hop-a", "hop-world", "192.0.2.2"


class Way:
    """A sender and a counter that wait for their turn."""

    def __init__(self, flood, kind, source, target, address):
        self.flood, self.kind, self.source, self.address = flood, kind, source, address
        self.counter = self.start(target, "count", kind, str(PORTS[kind]))
        self.rates = []
        self.tell()  # it answers when it listens

    def start(self, where, *words):
        path = where if where.startswith("/") else "/run/netns/" + where
        return subprocess.Popen(["nsenter", "--net=" + path, self.flood] + list(words), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)

    def tell(self):
        self.counter.stdin.write("\n")
        self.counter.stdin.flush()
        return [int(word) for word in self.counter.stdout.readline().split()]

    def turn(self):
        sender = self.start(self.source, "send", self.kind, self.address, str(PORTS[self.kind]))
        time.sleep(0.15)  # connected, and the window open
        self.tell()
        time.sleep(TURN)
        count, spent = self.tell()
        sender.stdin.close()
        if sender.wait() != 0 or count == 0:
            raise SystemExit("bench: nothing arrives by %s from %s at %s" % (self.kind, self.source, self.address))
        self.rates.append(spent / count if self.kind == "udp" else spent / count * 1024)

    def close(self):
        self.counter.stdin.close()
        self.counter.wait()


def measure(flood, ways, rounds):
    """ways: {name: (from, to, address)}. Return: {(kind, name): [ns for a packet or a kilobyte]}"""
    found = {}
    for kind in ("udp", "tcp"):
        turns = {name: Way(flood, kind, *way) for name, way in ways.items()}
        for i in range(rounds + 1):
            for name in sorted(turns, reverse=i % 2 == 1):
                turns[name].turn()
        for name, way in turns.items():
            way.close()
            found[kind, name] = way.rates[1:]
    return found
