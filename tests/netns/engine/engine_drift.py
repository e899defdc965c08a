#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""engine_drift - somebody damages what Moat made; each damage is seen, mended in time, and only it. Prints TAP lines
without a plan; exit 1 when one failed. Run by engine_drift.sh inside its sandbox; env ENGINE is the engine's pid."""
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "lib"))
import kernelstate  # noqa: E402
from moatsock import Moat  # noqa: E402

VM = os.environ.get("MOAT_VM") == "1"
LIMIT = 10.0 if VM else 1.5  # of the median: a busy machine may hold up any single one
PATIENCE = 20
count = failures = 0
times = []


def verdict(good, what, why=""):
    global count, failures
    count += 1
    failures += not good
    print("%s - %s" % ("ok" if good else "not ok", what))
    for line in [] if good else why.splitlines():
        print("# " + line)
    sys.stdout.flush()


def run(command, netns=None):
    argv = (["nsenter", "--net=" + netns] if netns else []) + ["sh", "-c", command]
    return subprocess.run(argv, capture_output=True, text=True)


class Watch(threading.Thread):
    """Listens to the daemon's events: when was something repaired?"""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(os.environ["MOAT_SOCKET"])
        self.sock.sendall(b'{"method":"io.moat.Events","more":true}\0')
        self.times = []
        self.start()

    def run(self):
        data = b""
        while True:
            data += self.sock.recv(1 << 16)
            *whole, data = data.split(b"\0")
            for text in whole:
                if json.loads(text)["parameters"]["event"] == "repaired":
                    self.times.append(time.monotonic())


class Stream(threading.Thread):
    """A TCP connection with a number a moment, echoed by the far side. It must never end."""

    def __init__(self, netns, address, port):
        super().__init__(daemon=True)
        code = ("import socket,sys,time\ns=socket.create_connection((%r,%d),10);s.settimeout(20)\n"
                "n=0\nwhile True:\n s.sendall(b'%%08d'%%n);got=b''\n"
                " while len(got)<8:\n  part=s.recv(8-len(got))\n  assert part\n  got+=part\n"
                " assert int(got)==n\n n+=1\n print(n,flush=True)\n time.sleep(0.02)\n" % (address, port))
        self.child = subprocess.Popen(["nsenter", "--net=" + netns, "/usr/bin/python3", "-c", code], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
        self.number = 0
        self.start()

    def run(self):
        for line in self.child.stdout:
            self.number = int(line)


def settle(want, seconds, place):
    """What is not as it was, everywhere; where a look takes seconds only at @place."""
    deadline = time.monotonic() + seconds
    places = {place: PLACES[place]} if VM else PLACES
    while True:
        diff = {place: kernelstate.difference(kernelstate.read(netns), want[place]) for place, netns in places.items()}
        if not any(diff.values()) or time.monotonic() > deadline:
            return "\n".join("%s: %s" % (place, line) for place, lines in diff.items() for line in lines[:8])


def damage(watch, want, place, command, what):
    """One damage: it works, it is mended in time, and all is as before; or the kernel refuses it, and nothing happened."""
    seen = len(watch.times)
    begin = time.monotonic()
    done = run(command, PLACES[place])
    if done.returncode != 0:
        verdict(False, what, "the damage could not be done: " + done.stderr)
        return
    while len(watch.times) == seen and time.monotonic() < begin + LIMIT + PATIENCE:
        time.sleep(0.005)
    if len(watch.times) == seen:
        left = settle(want, 0, place)
        verdict(False, what, "nothing was mended" + ("\n" + left if left else ", but all is as before"))
        MOAT.call("Check", repair=True)
        settle(want, 2, place)
        return
    # a damage of several messages may take a second look
    left = settle(want, 2, place)
    times.append(watch.times[-1] - begin)
    verdict(not left, "%s: mended (%d ms)" % (what, times[-1] * 1000), left)


def check_sees(engine, want, place, command, what):
    """The same, but the engine is stopped until `check` waits for it: the difference is told."""
    os.kill(engine, signal.SIGSTOP)
    done = run(command, PLACES[place])
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(20)
    sock.connect(os.environ["MOAT_SOCKET"])
    sock.sendall(b'{"method":"io.moat.Check"}\0')
    os.kill(engine, signal.SIGCONT)
    data = b""
    while not data.endswith(b"\0"):
        data += sock.recv(1 << 16)
    rows = json.loads(data[:-1])["parameters"]["differences"]
    verdict(done.returncode == 0 and bool(rows) and len(rows) < 60, "check tells it: %s" % what, done.stderr + str(rows)[:600])
    left = settle(want, LIMIT + 2, place)
    if left:    # what makes no message of the kernel's is mended when it is asked for
        MOAT.call("Check", repair=True)
        left = settle(want, 2, place)
    verdict(not left, "and is as before: %s" % what, left)


def main():
    global MOAT, PLACES
    engine = int(os.environ["ENGINE"])
    MOAT = Moat()
    tenant = MOAT.call("TenantShow", name="red")["tenant"]
    endpoint = MOAT.call("EndpointShow", name="red/a")["endpoint"]
    router, bridge, port = tenant["routerNetns"], MOAT.call("NetworkShow", name="red/web")["network"]["bridge"], \
        endpoint["hostIfname"]
    uplink, mac = "mu" + tenant["id"], endpoint["mac"]
    PLACES = {"host": None, "router": router, "stack": endpoint["netnsPath"]}
    owned = MOAT.call("Version")["features"]["nftOwnerPersist"]
    want = {place: kernelstate.read(netns) for place, netns in PLACES.items()}
    ip4, ip6 = (ip.split("/")[0] for ip in endpoint["ips"])
    names = dict(bridge=bridge, port=port, uplink=uplink, mac=mac, ip4=ip4, ip6=ip6, transit=tenant["transit"][0].split("/")[0])
    rows = [
        ("router", "ip link del {bridge}", "the bridge deleted"),
        ("router", "ip link del {port}", "an endpoint's link deleted"),
        ("router", "ip link del uplink", "the uplink deleted in the router"),
        ("host", "ip link del {uplink}", "the uplink deleted in the host"),
        ("router", "ip link set {bridge} down", "the bridge set down"),
        ("router", "ip link set {port} down", "an endpoint's link set down"),
        ("router", "ip link set uplink down", "the uplink set down in the router"),
        ("host", "ip link set {uplink} down", "the uplink set down in the host"),
        ("router", "ip link set {port} nomaster", "a port taken off the bridge"),
        ("router", "ip link set {bridge} mtu 1400", "the bridge's MTU changed"),
        ("router", "ip link set {port} mtu 1300", "a port's MTU changed"),
        ("router", "bridge link set dev {port} learning on flood on", "a port that learns and floods"),
        ("router", "ip addr del 10.0.0.1/24 dev {bridge}", "the gateway's IPv4 address deleted"),
        ("router", "ip addr del fd00:a::1/64 dev {bridge}", "the gateway's IPv6 address deleted"),
        ("router", "ip addr flush dev uplink", "all addresses of the uplink deleted"),
        ("host", "ip addr flush dev {uplink}", "all addresses of the host's end deleted"),
        ("router", "ip neigh del {ip4} dev {bridge}", "an IPv4 neighbour deleted"),
        ("router", "ip neigh del {ip6} dev {bridge}", "an IPv6 neighbour deleted"),
        ("router", "ip neigh replace {ip4} lladdr 02:66:66:66:66:66 dev {bridge} nud permanent", "a neighbour's MAC changed"),
        ("host", "ip neigh del {transit} dev {uplink}", "the host's neighbour deleted"),
        ("router", "bridge fdb del {mac} dev {port} master", "a forwarding entry deleted"),
        ("router", "ip route del default", "the IPv4 default route deleted"),
        ("router", "ip -6 route del default", "the IPv6 default route deleted"),
        ("router", "ip -4 route flush table main", "all IPv4 routes flushed, those of its addresses too"),
        ("router", "ip -6 route del fd00:a::/64 dev {bridge}", "the route of the gateway's IPv6 address deleted"),
        ("host", "ip -4 route flush dev {uplink}", "the routes to a router flushed in the host"),
        ("router", "echo 0 >/proc/sys/net/ipv4/conf/all/forwarding", "IPv4 forwarding turned off"),
        ("router", "echo 0 >/proc/sys/net/ipv6/conf/all/forwarding", "IPv6 forwarding turned off"),
        ("host", "echo 0 >/proc/sys/net/ipv4/conf/{uplink}/forwarding", "the host end's forwarding turned off"),
    ]
    quiet = [    # of these the kernel sends no message: they are found by check
        ("router", "echo 1 >/proc/sys/net/ipv4/conf/all/accept_redirects", "redirects accepted"),
        ("router", "echo 1 >/proc/sys/net/netfilter/nf_conntrack_tcp_loose", "loose connection tracking"),
        ("router", "echo 1 >/proc/sys/net/ipv4/ip_early_demux", "early demultiplexing"),
        ("host", "echo 0 >/proc/sys/net/ipv4/conf/{uplink}/route_localnet", "the host end's route_localnet turned off"),
    ]
    nft = [
        ("router", "nft flush ruleset", "all rules of the router flushed"),
        ("router", "nft delete table netdev moat", "the guard's table deleted"),
        ("router", "nft delete table inet moat", "the router's table deleted"),
        ("host", "nft delete table inet moat", "the host's table deleted"),
        ("router", "nft delete element netdev moat ip4_ok '{{ {port} . {ip4} }}'", "an element of the guard deleted"),
        ("router", "nft flush chain inet moat forward", "a chain flushed"),
        ("router", "nft add element inet moat pub4 '{{ tcp . 9 : 10.0.0.9 . 9 }}'", "an element added"),
        ("host", "nft delete element inet moat pub4 '{{ tcp . 8080 }}'", "a published port's element deleted"),
    ]
    if VM:    # a look at the kernel takes seconds there: what differs in that kernel, and some of the rest
        rows, quiet, nft = rows[:1] + rows[7:8] + rows[13:14] + rows[20:21] + rows[23:24], quiet[:1], nft[:1] + nft[3:7]
    watch = Watch()
    streams = [Stream(MOAT.call("EndpointShow", name=name)["endpoint"]["netnsPath"], to, 7777)
               for name, to in (("red/client", "10.0.0.20"), ("red/other", "10.5.0.20"), ("blue/client", "10.0.0.20"))]
    outside = Stream("/run/netns/outside", "198.51.100.2", 8090)
    streams.append(outside)
    time.sleep(0.5)
    for place, command, what in rows:
        damage(watch, want, place, command.format(**names), what)
    for place, command, what in nft:
        command = command.format(**names)
        if not owned:
            damage(watch, want, place, command, what)
            continue
        done = run(command, PLACES[place])
        left = settle(want, 0, place)
        verdict(not left and (done.returncode != 0 or "flush ruleset" in command),
                "%s: the kernel does not let others touch what we own" % what, "status %d\n%s" % (done.returncode, left))
    if owned:
        verdict(not MOAT.call("Check")["differences"], "check finds nothing to mend")
    for place, command, what in quiet + (rows[:1] if VM else rows[::4] + rows[20:22]) + ([] if owned else nft[2:3]):
        check_sees(engine, want, place, command.format(**names), what)
    median = sorted(times)[len(times) // 2]
    verdict(median < LIMIT, "half of them mended within %d ms, the last within %.1f s" % (1000 * median, max(times)), str(sorted(times)))
    left = MOAT.call("Check")["differences"]
    verdict(not left, "check is clean at the end", str(left)[:800])
    numbers = [stream.number for stream in streams]
    time.sleep(1)
    for stream, number, what in zip(streams, numbers, ("in the damaged network", "in another network of the tenant",
                                                       "in another tenant", "from outside to another tenant's port")):
        broken = stream.child.poll() is not None
        verdict(not broken and stream.number > number, "a connection %s lives on (%d exchanges)" % (what, stream.number),
                stream.child.stderr.read() if broken else "it stands still")
    for stream in streams:
        stream.child.kill()
    sys.exit(1 if failures else 0)


main()
