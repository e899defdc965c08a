# SPDX-License-Identifier: GPL-2.0-or-later
"""bench.py - Moat against the floor (the same kernel objects by the same kernel calls and nothing else), and its
peers on the same machine in the same minutes. Started by bench, inside a sandbox with a daemon.

Everything is a ratio of medians of interleaved rounds: absolute times say more about the machine than about us.

  --check         exit status 1 unless every bound is met; a row that fails is measured again, twice at most
  --quick         a few rounds, no bound, no thousands of endpoints: does the benchmark still run?
  --rounds N      rounds of each row (default 40)
  --rows A,B      only these: memory, attach, gone, peers, cni, clients, traffic, run, shims, lab, drop, thousandth, size; and, where
                  it is named, runs: a hundred containers at once, and the 1,000th running one
  --size N        so many endpoints in the network of row size (default 10,000)
  --json FILE     all figures
  --markdown FILE the table as docs/BENCHMARKS.md holds it
"""
import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from moatsock import Moat  # noqa: E402
import plugin  # noqa: E402
import size  # noqa: E402
import traffic  # noqa: E402
import world  # noqa: E402

SUBNETS = ["10.66.0.0/16", "fd66::/64"]
# Bounds: ratios of medians, and bytes.
ATTACH_BOUND = 1.5
PORTS = 2
DETACH_BOUND = 3.0
GONE_BOUND = 1.3
THOUSANDTH_BOUND = 1.5
RESTART_BOUND = 3.0
EACH_BOUND = 4000
PEER_BOUNDS = {"netavark": 1 / 20, "CNI": 1 / 40}
RUN_BOUND = 10.0
RUNS_BOUND = 1.3
SHIM_BOUND = 500 * 1000  # bytes
SHIMS = 10
AT_ONCE = 100
LAB_BOUND = 2.0
DROP_BOUND = 1.6
DELAY_BOUND = 1.0
PSS_BOUND = 12_000_000
# Of packets and streams: the inverse of 0.85 and 0.95 of the bare way's rate; to outside of 0.75 and 0.95.
TRAFFIC_BOUNDS = {"udp": {"inside": 1 / 0.85, "outside": 1 / 0.75}, "tcp": {"inside": 1 / 0.95, "outside": 1 / 0.95}}
FLAT_BOUND = 1.05
CROWD = 999
CLIENTS = 100
CLIENTS_BOUND = 1 / 0.8
# Seconds. Links that came up and links that went keep RTNL busy for a while: nobody shall pay for that of another.
SETTLE = 0.04
COMPANION = 1099
# Ports of two endpoints do not meet while their numbers are less apart, and each has 32 at most; floor_attach.c counts so.
NUMBERS, STRIDE = 1100, 32
EXISTING = 999  # before "the 1,000th", the companion among them
DROP_CONNECTIONS = 10
DROP_GROUP = 100


class Row:
    """One line of the table. base: what ratio is to; bound: of ratio, None for information."""

    def __init__(self, what, value, unit, base=None, base_name="", bound=None, absolute=False, samples=0):
        self.what, self.value, self.unit = what, value, unit
        self.base, self.base_name, self.bound, self.absolute = base, base_name, bound, absolute
        self.samples = samples

    @property
    def ratio(self):
        return self.value / self.base if self.base else None

    @property
    def met(self):
        if self.bound is None:
            return True
        return (self.value if self.absolute else self.ratio) <= self.bound

    def cells(self):
        if self.unit == "ns":
            value = "%.3f ms" % (self.value / 1e6) if self.value > 1e4 else "%.0f ns" % self.value
        elif not self.unit:
            value = "%d" % self.value
        else:
            value = "%.2f MB" % (self.value / 1e6) if self.value > 1e5 else "%.0f B" % self.value
        ratio = "%.2f x %s" % (self.ratio, self.base_name) if self.base else ""
        bound = ""
        if self.bound is not None:
            bound = "%d" % self.bound if not self.unit else "%.3g %s" % ((self.bound / 1e6, "MB") if self.bound > 1e5 else (self.bound, "B")) if self.absolute else "%.4g x" % self.bound
            bound += " met" if self.met else " MISSED"
        return [self.what, value, ratio, bound]

    def record(self):
        return {"what": self.what, "value": self.value, "unit": self.unit, "base": self.base,
                "baseName": self.base_name, "ratio": self.ratio, "bound": self.bound, "met": self.met,
                "samples": self.samples}


def median(samples):
    return statistics.median(samples)


class Bench:
    def __init__(self, args):
        self.args = args
        self.rounds = 5 if args.quick else args.rounds
        self.floor = world.Floor(args.floor, own_host=True)
        self.runner = world.Floor(args.floor, own_host=False)
        self.moat = Moat()
        self.absent = []
        self.accompanied = False
        self.bounds = {"attach": ATTACH_BOUND, "each": EACH_BOUND, "restart": RESTART_BOUND}
        self.floor_world()
        self.moat.call("TenantCreate", name="bench")
        self.moat.call("NetworkCreate", name="bench/net", subnets=SUBNETS)

    def floor_world(self):
        self.floor.ask("world")
        self.floor.ask("ports", 1, STRIDE)

    def company(self):
        """One endpoint that stays. A machine's first guarded port makes the kernel patch its own text (static keys of
        the netdev hook: 0.2 ms), and its last one does it again: no machine attaches only first ports."""
        self.floor.ask("attach", COMPANION, world.netns_path(world.namespaces("company-floor", 1)[0]))
        self.attach(world.namespaces("company-moat", 1)[0], COMPANION)
        self.accompanied = True

    def attach(self, netns, number, ports=1):
        """Return: nanoseconds of the round trip, the endpoint."""
        fd = os.open(world.netns_path(netns), os.O_RDONLY)
        first = 20000 + number % NUMBERS * STRIDE
        spent, reply = self.moat.timed("EndpointAttach", [fd], network="bench/net", name="e%d" % number,
                                       netnsFd=0, publish=["%d:%d" % (first + i, 80 + i) for i in range(ports)])
        os.close(fd)
        return spent, reply["endpoint"]

    def detach(self, number):
        return self.moat.timed("EndpointDetach", name="bench/e%d" % number)[0]

    def at_rest(self, netns):
        """A link is seen no more long before the kernel is done with it, and RTNL is held until then: who compares waits for
        that, as the floor does by itself."""
        world.link_is_gone(netns)
        self.moat.call("Check")

    # ------------------------------------------------------------------ rows
    def measure_attach(self):
        """Attach with two ports, and detach: floor and Moat take turns, each first every other time."""
        self.floor.ask("ports", PORTS, STRIDE)
        ours, floor, detach, version = [], [], [], []
        floor_detach, floor_gone, pair, pair_detach = [], [], [], []
        floor_ns, moat_ns = world.namespaces("f", 2), world.namespaces("m", 2)
        self.floor.ask("pair")
        for i in range(self.rounds + 2):
            def do_floor():
                spent = self.floor.ask("attach", 1, world.netns_path(floor_ns[i % 2]))[0]
                time.sleep(SETTLE)
                cut, gone = self.floor.ask("detach", 1)
                time.sleep(SETTLE)
                paired = self.floor.ask("pass", 1, world.netns_path(floor_ns[i % 2]))[0]
                time.sleep(SETTLE)
                return spent, cut, gone, paired, self.floor.ask("pass", 1)[0]

            def do_moat():
                spent = self.attach(moat_ns[i % 2], 1, PORTS)[0]
                time.sleep(SETTLE)
                trip = self.moat.timed("Version")[0]
                # Both from the same rest: caches and cores as cold for one as for the other.
                time.sleep(SETTLE)
                cut = self.detach(1)
                self.at_rest(moat_ns[i % 2])
                return spent, trip, cut

            if i % 2:
                a = do_floor()
                time.sleep(SETTLE)
                b = do_moat()
            else:
                b = do_moat()
                time.sleep(SETTLE)
                a = do_floor()
            time.sleep(SETTLE)
            if i < 2:
                continue
            floor.append(a[0])
            floor_detach.append(a[1])
            floor_gone.append(a[2])
            pair.append(a[3])
            pair_detach.append(a[4])
            ours.append(b[0])
            version.append(b[1])
            detach.append(b[2])
        world.remove_namespaces(floor_ns + moat_ns)
        self.floor.ask("ports", 1, STRIDE)
        return [
            Row("floor: attach, two ports", median(floor), "ns", samples=len(floor)),
            Row("floor behind two processes: attach, two ports", median(pair), "ns", median(floor), "floor", samples=len(pair)),
            Row("Moat: attach, two ports, over the socket", median(ours), "ns", median(floor), "floor",
                ATTACH_BOUND, samples=len(ours)),
            Row("Moat: version, round trip", median(version), "ns", samples=len(version)),
            Row("Moat: detach, until answered", median(detach), "ns", median(version), "version",
                DETACH_BOUND, samples=len(detach)),
            Row("floor behind two processes: detach, until answered", median(pair_detach), "ns", median(version), "version",
                samples=len(pair_detach)),
            Row("floor: detach, until cut off", median(floor_detach), "ns", samples=len(floor_detach)),
            Row("floor: detach, until the link is gone", median(floor_gone), "ns", samples=len(floor_gone)),
        ]

    def measure_gone(self):
        """From the request to detach until the kernel tells the end of the router's link, to the same listener on either side."""
        ours, floor = [], []
        floor_ns, moat_ns = world.namespaces("gf", 2), world.namespaces("gm", 2)
        router = self.moat.call("TenantShow", name="bench")["tenant"]["routerNetns"]

        def do_floor(i):
            self.floor.ask("attach", 1, world.netns_path(floor_ns[i % 2]))
            time.sleep(SETTLE)
            return self.until_gone(world.netns_path("floor-router"), "mp%012x" % (0xF10000000000 + 1), lambda: self.floor.ask("detach", 1))

        def do_moat(i):
            endpoint = self.attach(moat_ns[i % 2], 1, PORTS)[1]
            time.sleep(SETTLE)
            spent = self.until_gone(router, endpoint["hostIfname"], lambda: self.detach(1))
            self.at_rest(moat_ns[i % 2])
            return spent

        self.floor.ask("ports", PORTS, STRIDE)
        for i in range(self.rounds + 1):
            for do, samples in ((do_floor, floor), (do_moat, ours))[::1 if i % 2 else -1]:
                samples.append(do(i))
                time.sleep(SETTLE)
        self.floor.ask("ports", 1, STRIDE)
        world.remove_namespaces(floor_ns + moat_ns)
        return [
            Row("floor: detach, until the end of the link is told", median(floor[1:]), "ns", samples=self.rounds),
            Row("Moat: detach, until the end of the link is told", median(ours[1:]), "ns", median(floor[1:]), "floor", GONE_BOUND,
                samples=self.rounds),
        ]

    @staticmethod
    def until_gone(netns, link, detach):
        gone = world.Unregistered(netns, link)
        gone.ready()
        start = time.perf_counter_ns()
        detach()
        return gone.wait() - start

    def peers(self):
        found = []
        for make in (world.Cni, world.Netavark, lambda: world.SixCommands(self.runner)):
            try:
                peer = make()
                netns = world.namespaces("try", 1)
                peer.add(netns[0], 9000)
                peer.remove(netns[0], 9000)
                world.remove_namespaces(netns)
                found.append(peer)
            except RuntimeError as error:
                self.absent.append("%s: %s" % (getattr(make, "name", "peer"), error))
                if os.path.exists(world.netns_path("try0")):
                    world.remove_namespaces(["try0"])
        return found

    def measure_peers(self):
        """Attach and detach of others, interleaved among each other and with Moat's."""
        peers = self.peers()
        rounds = max(2, self.rounds // 4)
        add = {peer: [] for peer in peers}
        remove = {peer: [] for peer in peers}
        ours, ours_detach = [], []
        names = world.namespaces("p", rounds * (len(peers) + 1))
        for i in range(rounds):
            netns = names.pop()
            ours.append(self.attach(netns, 2)[0])
            ours_detach.append(self.detach(2))
            self.at_rest(netns)
            world.remove_namespaces([netns])
            for peer in peers:
                netns = names.pop()
                add[peer].append(peer.add(netns, i))
                remove[peer].append(peer.remove(netns, i))
                world.remove_namespaces([netns])
                time.sleep(SETTLE)
        rows = [Row("Moat: attach, one port (in these rounds)", median(ours), "ns", samples=rounds),
                Row("Moat: detach (in these rounds)", median(ours_detach), "ns", samples=rounds)]
        for peer in peers:
            rows.append(Row(peer.name + ": add", median(add[peer]), "ns", median(ours), "Moat's attach",
                            samples=rounds))
            bound = PEER_BOUNDS.get(peer.name.split()[0])
            if bound:
                rows.append(Row("Moat: attach, beside %s" % peer.name.split()[0], median(ours), "ns", median(add[peer]), "theirs",
                                bound, samples=rounds))
            rows.append(Row(peer.name + ": remove", median(remove[peer]), "ns", median(ours_detach),
                            "Moat's detach", samples=rounds))
        return rows

    def measure_cni(self):
        """What a container engine waits for: the plugin as a process."""
        return plugin.measure(self, Row)

    def crowd(self, names, ports):
        """All but one of the names, with so many ports each, on either side."""
        self.floor.ask("ports", ports, STRIDE)
        for i in range(EXISTING - 1):
            self.floor.ask("attach", 1 + i, world.netns_path(names[0][i]))
            self.attach(names[1][i], 1 + i, ports)

    def one_more(self, names, ports):
        """Return: what the 1,000th takes the floor, and Moat, in nanoseconds."""
        last, ours, floor = EXISTING + 1, [], []
        for i in range(min(15, self.rounds) + 1):
            a = self.floor.ask("attach", last, world.netns_path(names[0][-1]))[0]
            self.floor.ask("detach", last)
            time.sleep(SETTLE)
            b = self.attach(names[1][-1], last, ports)[0]
            self.detach(last)
            self.at_rest(names[1][-1])
            time.sleep(SETTLE)
            if i:
                floor.append(a)
                ours.append(b)
        return floor, ours

    def floor_anew(self, names):
        """The floor's endpoints go with their namespaces; a new floor for who comes next, with its companion."""
        world.remove_namespaces(names[0] + names[1])
        self.floor.close()
        world.remove_namespaces(["floor-router"])
        self.floor = world.Floor(self.args.floor, own_host=True)
        self.floor_world()
        world.link_is_gone("company-floor0")  # it went with the old one's router, when the kernel gets to it
        self.floor.ask("attach", COMPANION, world.netns_path("company-floor0"))

    def measure_thousandth(self):
        """Both with 999 endpoints on one bridge, 32 ports each; then the 1,000th comes and goes."""
        names = world.namespaces("tf", EXISTING), world.namespaces("tm", EXISTING)
        self.crowd(names, STRIDE)
        floor, ours = self.one_more(names, STRIDE)
        self.floor_anew(names)
        return [Row("floor: the 1,000th attach to a bridge, 32 ports", median(floor), "ns", samples=len(floor)),
                Row("Moat: the 1,000th attach to a bridge, 32 ports", median(ours), "ns", median(floor), "floor", THOUSANDTH_BOUND,
                    samples=len(ours))]

    def measure_drop(self):
        names = world.namespaces("df", EXISTING), world.namespaces("dm", EXISTING)
        self.crowd(names, 1)
        rows = self.drop(median(self.one_more(names, 1)[1]), names[1], names[0])
        self.floor_anew(names)
        return rows

    def measure_size(self):
        return size.measure(self, (300 if self.args.quick else self.args.size) - 1, SETTLE, Row, median)

    def drop(self, usual, moat_ns, floor_ns):
        """All but the companion go at once, from ten sides, while others come. usual: what an attach takes here."""
        count = EXISTING - 1
        hundreds = []
        for _ in range(3):
            hundreds.append(self.floor.ask("drop", 1, DROP_GROUP)[1])
            for i in range(DROP_GROUP):
                self.floor.ask("attach", 1 + i, world.netns_path(floor_ns[i]))
            time.sleep(SETTLE)
        alone = self.floor.ask("drop", 1, count)[0]
        shown = {e["name"]: e for e in self.moat.call("EndpointList", tenant="bench")["endpoints"]}
        names = ["e%d" % (1 + i) for i in range(count)]
        ports = ["mp" + shown["bench/%s:eth0" % name]["id"] for name in names]
        router = self.moat.call("TenantShow", name="bench")["tenant"]["routerNetns"]
        sides = [Moat(timeout=60) for _ in range(DROP_CONNECTIONS)]
        gone = world.Gone(router, ports)
        gone.ready()
        start = time.perf_counter_ns()
        for i, name in enumerate(names):
            sides[i % DROP_CONNECTIONS].send("EndpointDetach", {"name": "bench/" + name})
        delays = []
        coming = world.namespaces("tn", 40)
        for i, netns in enumerate(coming):
            delays.append(self.attach(netns, EXISTING + 2 + i)[0])
        for side in sides:
            for _ in names[sides.index(side)::DROP_CONNECTIONS]:
                side.receive_one()
            side.close()
        answered = time.perf_counter_ns() - start
        spent = gone.wait() - start
        for i in range(len(coming)):
            self.detach(EXISTING + 2 + i)
        world.link_is_gone(coming[-1])
        world.remove_namespaces(coming)
        return [
            Row("floor: %d links deleted as one group" % count, alone, "ns", samples=1),
            Row("floor: 100 links put into a group and deleted", median(hundreds), "ns", samples=len(hundreds)),
            Row("Moat: %d detaches at once, until all is answered" % count, answered, "ns", samples=1),
            Row("Moat: %d detaches at once, until the last link is gone" % count, spent, "ns", alone, "one group",
                DROP_BOUND, samples=1),
            Row("Moat: the longest that an attach waited meanwhile", max(max(delays) - usual, 0), "ns",
                median(hundreds), "100 links", DELAY_BOUND, samples=len(delays)),
        ]

    def children(self):
        path = "/proc/%d/task/%d/children" % (self.args.moatd, self.args.moatd)
        with open(path, encoding="ascii") as f:
            return [int(pid) for pid in f.read().split()]

    @staticmethod
    def pss_of(pid):
        with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as f:
            return int(re.search(r"^Pss:\s+(\d+) kB", f.read(), re.M)[1]) * 1024

    def pss(self):
        return sum(self.pss_of(pid) for pid in self.children())

    def measure_memory(self):
        children = self.children()
        if len(children) != 3:
            raise SystemExit("bench: %d children of moatd, not 3" % len(children))
        return [
            Row("Moat: engine + hand + dns, idle, PSS", self.pss(), "bytes", bound=PSS_BOUND, absolute=True, samples=1),
            Row("Moat: with the supervisor", self.pss() + self.pss_of(self.args.moatd), "bytes", samples=1),
        ]

    def stay(self, name):
        """An endpoint that stays. Return: (path of its namespace, its IPv4 address)."""
        self.moat.call("EndpointAttach", network="bench/net", name=name, create=True)
        shown = self.moat.call("EndpointShow", name="bench/" + name)["endpoint"]
        return shown["netnsPath"], shown["ips"][0].split("/")[0]

    def measure_traffic(self):
        """From endpoint to endpoint, guarded, against a bare bridge; to outside, against one bare masquerade, with what
        the layout costs by itself beside it: two bare ones; and both again when a thousand others are there."""
        rounds = max(3, self.rounds // 4)
        source, target = self.stay("source")[0], self.stay("target")
        ways = {"inside, bare": traffic.bare_bridge(), "inside": (source, target[0], target[1]),
                "outside, bare": traffic.masquerades(1), "outside, twice": traffic.masquerades(2),
                "outside": (source, "outside", "203.0.113.80")}
        found = traffic.measure(self.args.flood, ways, rounds)
        rows = []
        for kind, what in (("udp", "64-byte packet"), ("tcp", "kilobyte of a stream")):
            for way, base in (("inside", "bare veth + bridge"), ("outside", "one bare masquerade")):
                bare = median(found[kind, way + ", bare"])
                rows.append(Row("%s, a %s" % (base, what), bare, "ns", samples=rounds))
                rows.append(Row("Moat: %s, a %s" % ("endpoint to endpoint" if way == "inside" else "endpoint to the world", what),
                                median(found[kind, way]), "ns", bare, base, TRAFFIC_BOUNDS[kind][way], samples=rounds))
            rows.append(Row("two bare masquerades, a %s" % what, median(found[kind, "outside, twice"]), "ns", bare,
                            "one bare masquerade", samples=rounds))
        if not self.args.quick:
            rows += self.flat(ways, rounds)
        for name in ("source", "target"):
            self.detach_named(name)
        return rows

    def flat(self, ways, rounds):
        """The same endpoints, beside two others on a network of their own that is full. Interleaved with themselves before
        would need two daemons: so the bare way, measured in both, is the clock."""
        few = traffic.measure(self.args.flood, {name: ways[name] for name in ("inside", "inside, bare")}, rounds)
        crowd = world.namespaces("crowd", 1)[0]
        for i in range(CROWD - 3):
            fd = os.open(world.netns_path(crowd), os.O_RDONLY)
            self.moat.call("EndpointAttach", [fd], network="bench/net", name="crowd", netnsFd=0, ifname="c%d" % i, defaultRoute=False)
            os.close(fd)
        many = traffic.measure(self.args.flood, {name: ways[name] for name in ("inside", "inside, bare")}, rounds)
        self.detach_named("crowd")
        world.remove_namespaces([crowd])
        rows = []
        for kind, what in (("udp", "64-byte packet"), ("tcp", "kilobyte of a stream")):
            clock = median(many[kind, "inside, bare"]) / median(few[kind, "inside, bare"])
            rows.append(Row("Moat: a %s among a thousand endpoints" % what, median(many[kind, "inside"]) / clock, "ns",
                            median(few[kind, "inside"]), "among three", FLAT_BOUND, samples=rounds))
        return rows

    def detach_named(self, name):
        self.moat.call("EndpointDetach", name="bench/" + name)

    def measure_clients(self):
        """A hundred clients attach at once, each its own endpoint; the floor makes as many one after the other."""
        floor_ns, moat_ns = world.namespaces("cf", CLIENTS), world.namespaces("cm", CLIENTS)
        rounds, floor, ours = (1 if self.args.quick else 4), [], []
        sides = [Moat(timeout=60) for _ in range(CLIENTS)]
        for _ in range(rounds + 1):
            floor.append(sum(self.floor.ask("attach", 1 + i, world.netns_path(floor_ns[i]))[0] for i in range(CLIENTS)))
            self.floor.ask("drop", 1, CLIENTS)
            time.sleep(SETTLE)
            fds = [os.open(world.netns_path(name), os.O_RDONLY) for name in moat_ns]
            start = time.perf_counter_ns()
            for i, side in enumerate(sides):
                side.send("EndpointAttach", dict(network="bench/net", name="c%d" % i, netnsFd=0, publish=["%d:80" % (20001 + i)]),
                          [fds[i]])
            ids = {side.receive()["endpoint"]["id"] for side in sides}
            ours.append(time.perf_counter_ns() - start)
            if len(ids) != CLIENTS:
                raise SystemExit("bench: %d endpoints for %d clients" % (len(ids), CLIENTS))
            for fd in fds:
                os.close(fd)
            for i in range(CLIENTS):
                self.detach_named("c%d" % i)
            self.at_rest(moat_ns[-1])
            time.sleep(SETTLE)
        for side in sides:
            side.close()
        world.remove_namespaces(floor_ns + moat_ns)
        return [Row("floor: %d attaches, one after the other" % CLIENTS, median(floor[1:]), "ns", samples=rounds),
                Row("Moat: %d clients attach at once, until all are answered" % CLIENTS, median(ours[1:]), "ns",
                    median(floor[1:]), "floor", CLIENTS_BOUND, samples=rounds)]

    def measure_run(self):
        """A container with network from nothing to its end, against one fork, exec and wait."""
        rounds = max(3, self.rounds // 2)
        moat = os.path.join(os.environ["MOAT_BIN_DIR"], "moat")
        floor, ours = [], []
        for i in range(rounds + 1):
            a = self.runner.spawn(self.args.true)
            b = self.runner.spawn(moat, "run", "--rm", "--network", "bench/net", "--", "true")
            time.sleep(0.1)
            if i:
                floor.append(a)
                ours.append(b)
        return [
            Row("fork, exec, wait of a static true", median(floor), "ns", samples=rounds),
            Row("Moat: run --rm --network, true", median(ours), "ns", median(floor), "true", RUN_BOUND,
                samples=rounds),
        ]

    def measure_shims(self):
        """What a detached container's shim has for itself alone: pages that all shims share do not count."""
        moat = os.path.join(os.environ["MOAT_BIN_DIR"], "moat")
        names = ["bench/shim%d" % i for i in range(SHIMS)]
        private = []
        for name in names:
            world.run([moat, "run", "-q", "-d", "--name", name, "--network", "bench/net", "--", "sleep", "100000"])
        for name in names:
            shown = json.loads(world.run([moat, "--json", "inspect", name])[1])
            with open("/proc/%d/smaps_rollup" % shown["shimPid"], encoding="ascii") as f:
                private.append(sum(int(kb) for kb in re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+) kB", f.read(), re.M)) * 1024)
        world.run([moat, "rm", "-q", "-f", *names])
        return [Row("Moat: shim of a detached container, private memory", median(private), "bytes", bound=SHIM_BOUND, absolute=True,
                    samples=SHIMS)]

    def start_stop(self, rounds):
        """Return: nanoseconds until a detached container with network runs, and of `true`, medians of so many."""
        moat = os.path.join(os.environ["MOAT_BIN_DIR"], "moat")
        ours, true = [], []
        for i in range(rounds + 1):
            a = self.runner.spawn(self.args.true)
            b = self.runner.spawn(moat, "run", "-q", "-d", "--name", "bench/one", "--network", "bench/net", "--", "sleep", "100000")
            self.runner.spawn(moat, "rm", "-q", "-f", "bench/one")
            time.sleep(SETTLE)
            if i:
                true.append(a)
                ours.append(b)
        return median(ours), median(true)

    def start_many(self, first, count):
        """So many containers at once. Return: how many failed."""
        moat = os.path.join(os.environ["MOAT_BIN_DIR"], "moat")
        started = [subprocess.Popen([moat, "run", "-q", "-d", "--name", "bench/many%d" % (first + i), "--network", "bench/net", "--",
                                     "sleep", "100000"], stdout=subprocess.DEVNULL) for i in range(count)]
        return sum(process.wait() != 0 for process in started)

    def measure_runs(self):
        """The 1,000th beside the first. The machine changes while a thousand start: how much is told by `true`, before and after."""
        rounds = max(5, self.rounds // 2)
        crowd, at_once = (30, 10) if self.args.quick else (CROWD, AT_ONCE)
        before, true_before = self.start_stop(rounds)
        failed = sum(self.start_many(first, min(at_once, crowd - first)) for first in range(0, crowd, at_once))
        after, true_after = self.start_stop(rounds)
        moat = os.path.join(os.environ["MOAT_BIN_DIR"], "moat")
        world.run([moat, "rm", "-q", "-f", *("bench/many%d" % i for i in range(crowd))])
        return [
            Row("Moat: run -d --network, the first", before, "ns", true_before, "true", samples=rounds),
            Row("Moat: run -d --network, with %d running" % crowd, after, "ns", before, "the first", RUNS_BOUND, samples=rounds),
            Row("fork, exec, wait of a static true, in the same minute", true_after, "ns", true_before, "before", samples=rounds),
            Row("Moat: of these, %d at once, failed" % at_once, failed, "", bound=0, absolute=True),
        ]

    def measure_lab(self):
        """Abilene as a user brings it up, against the floor of the very plan Moat prints for it."""
        rounds = max(3, self.rounds // 4)
        moat = os.path.join(os.environ["MOAT_BIN_DIR"], "moat")
        file = os.path.join(os.environ["MOAT_SOURCE_DIR"], "configs/labs/zoo/Abilene.graphml")
        plan = world.run([moat, "lab", "up", file, "--dry-run"])[1]
        with open("/run/sandbox/abilene.plan", "w", encoding="utf-8") as f:
            f.write(plan + "commit\n")
        floor, ours = [], []
        for i in range(rounds + 1):
            a = self.floor.ask("lab", "/run/sandbox/abilene.plan")[0]
            self.floor.ask("unlab")
            time.sleep(0.3)
            b = self.runner.spawn(moat, "lab", "up", file)
            self.runner.spawn(moat, "lab", "down", file)
            time.sleep(0.3)
            if i:
                floor.append(a)
                ours.append(b)
        return [
            Row("floor: Abilene up (%d operations)" % len(plan.splitlines()), median(floor), "ns", samples=rounds),
            Row("Moat: lab up Abilene, the whole command", median(ours), "ns", median(floor), "floor", LAB_BOUND,
                samples=rounds),
        ]


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = re.search(r"^model name\s*: (.*)$", f.read(), re.M)
    return "Linux %s, %d cores%s" % (platform.release(), os.cpu_count(), ", " + model[1] if model else "")


def table(rows, markdown):
    cells = [["what", "median", "ratio", "bound"]] + [row.cells() for row in rows]
    if markdown:
        lines = ["| " + " | ".join(line) + " |" for line in cells]
        lines.insert(1, "|---|--:|--:|--:|")
        return "\n".join(lines)
    widths = [max(len(line[i]) for line in cells) for i in range(4)]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip()
                     for line in cells)


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--floor", required=True)
    parser.add_argument("--true", required=True)
    parser.add_argument("--flood", required=True)
    parser.add_argument("--moatd", type=int, required=True)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--rows", default="memory,attach,gone,peers,cni,clients,traffic,run,shims,lab,drop,thousandth,size")
    parser.add_argument("--size", type=int, default=10000)
    parser.add_argument("--json")
    parser.add_argument("--markdown")
    return parser.parse_args()


def main():
    args = options()
    names = [name for name in args.rows.split(",") if not (args.quick and name in ("drop", "thousandth"))]
    if "memory" in names:  # idle is before anything was done
        names.remove("memory")
        names.insert(0, "memory")
    bench = Bench(args)
    rows = []
    for name in names:
        measure = getattr(bench, "measure_" + name)
        if name != "memory" and not bench.accompanied:
            bench.company()
        tries = 3 if args.check and name != "size" else 1  # minutes to build, and it stays
        for attempt in range(tries):
            found = measure()
            if all(row.met for row in found):
                break
            if attempt + 1 < tries:
                print("# %s: a bound was missed, measuring again" % name, flush=True)
        rows += found
    print("# " + machine())
    for line in table(rows, False).splitlines():
        print("# " + line)
    for reason in bench.absent:
        print("# not measured: " + reason)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump({"machine": machine(), "rows": [row.record() for row in rows], "absent": bench.absent}, f,
                      indent=1)
    if args.markdown:
        with open(args.markdown, "w", encoding="utf-8") as f:
            f.write(machine() + "\n\n" + table(rows, True) + "\n")
    missed = [row for row in rows if not row.met]
    for row in missed:
        print("# %s: %s" % ("MISSED" if args.check else "missed (not checked)", row.what))
    if args.check:
        for index, row in enumerate((row for row in rows if row.bound is not None), 1):
            print("%sok %d - %s" % ("" if row.met else "not ", index, row.what))
        return 1 if missed else 0
    print("ok 1 - every row was measured")
    return 0


if __name__ == "__main__":
    sys.exit(main())
