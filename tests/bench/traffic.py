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


def veth(here, name, there, queues="numtxqueues 1 numrxqueues 1"):
    """A pair with one queue each: @name in the namespace @here, eth0 in @there."""
    ip("-n %s link add %s %s type veth peer name eth0 netns %s %s" % (here, name, queues, there, queues))


def masquerades(hops):
    """A namespace on a bridge in the first of so many bare hops behind one another, each with one rule of translation, the
    world behind the last. Return: (from, to, address)."""
    names = ["hop%d-%d" % (hops, i) for i in range(hops)]
    inside, world = "hop%d-a" % hops, "hop%d-world" % hops
    for name in [inside, world] + names:
        ip("netns add " + name)
    ip("-n %s link add br0 type bridge" % names[0])
    ip("-n %s addr add 10.78.0.1/24 dev br0" % names[0])
    ip("-n %s link set br0 up" % names[0])
    veth(names[0], "p0", inside)
    ip("-n %s link set p0 master br0 up" % names[0])
    ip("-n %s addr add 10.78.0.2/24 dev eth0" % inside)
    ip("-n %s link set eth0 up" % inside)
    ip("-n %s route add default via 10.78.0.1" % inside)
    for i, (name, there) in enumerate(zip(names, names[1:] + [world])):
        net = "192.0.2" if there == world else "10.79.%d" % i
        veth(name, "out", there)
        ip("-n %s addr add %s.1/24 dev out" % (name, net))
        ip("-n %s link set out up" % name)
        ip("-n %s addr add %s.2/24 dev eth0" % (there, net))
        ip("-n %s link set eth0 up" % there)
        if there != world:
            ip("-n %s route add default via %s.2" % (name, net))
        subprocess.run(["ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv4.ip_forward=1"], check=True)
        subprocess.run(["ip", "netns", "exec", name, "nft", "table ip n { chain c { type nat hook postrouting priority 100; "
                        "oifname out masquerade; }; }"], check=True)
    return inside, world, "192.0.2.2"


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
