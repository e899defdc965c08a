# SPDX-License-Identifier: GPL-2.0-or-later
"""plugin - the CNI plugin as a process, from exec to exit, beside a static `true`, the floor and Debian's plugins."""
import json
import os
import statistics
import time

import world

PLUGIN = "cni/moat"  # beside the command line
NUMBER = 900
MANY = 206
# A call is a fork, an exec and what the daemon does: so many of the first, and floors of the second.
ADD_FLOORS = 2.0
DEL_BOUND, VERSION_BOUND = 2.5, 1.5
PORTS_BOUND, DUAL_BOUND = 2.0, 1.2
PEER_BOUND = 1 / 25
AT_ONCE, AT_ONCE_BOUND = 100, 1 / 0.8
CROWD_BOUND = 1.3
SETTLE = 0.04


def start(path, env, stdin, stdout="/run/bench.out"):
    actions = [(os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
    return os.posix_spawn(path, [path], env, file_actions=actions)


def end(pid, what, stdout="/run/bench.out"):
    if os.waitpid(pid, 0)[1]:
        with open(stdout, encoding="utf-8") as out:
            raise RuntimeError("%s: %s" % (what, out.read()[-300:]))


def spawn(path, env, stdin):
    """Return: nanoseconds from before the fork to after the wait."""
    began = time.perf_counter_ns()
    pid = start(path, env, stdin)
    end(pid, path)
    return time.perf_counter_ns() - began


class Ours:
    def __init__(self, true, ports, network="net", tenant="bench"):
        self.path = os.path.join(os.path.dirname(true), "../bin", PLUGIN)
        self.stdin = "/run/bench.conf.%s.%d-%d" % (network, len(ports), ports[-1]["hostPort"] if ports else 0)
        with open(self.stdin, "w", encoding="utf-8") as out:
            json.dump({"cniVersion": "1.1.0", "name": network, "type": "moat", "tenant": tenant,
                       "runtimeConfig": {"portMappings": ports}}, out)

    @staticmethod
    def env(verb, netns, container="bench"):
        return dict(os.environ, CNI_COMMAND=verb, CNI_CONTAINERID=container, CNI_IFNAME="eth0",
                    CNI_NETNS=world.netns_path(netns), CNI_PATH="/none", MOAT_STATE_DIR="/run/bench-state")

    def call(self, verb, netns, container="bench"):
        return spawn(self.path, self.env(verb, netns, container), self.stdin)

    def add_and_delete(self, netns):
        """Return: nanoseconds of each. What goes behind the answer has gone."""
        spent = self.call("ADD", netns)
        time.sleep(SETTLE)
        gone = self.call("DEL", netns)
        world.link_is_gone(netns)
        time.sleep(SETTLE)
        return spent, gone


def ports(*numbers):
    return [{"hostPort": number, "containerPort": number, "protocol": "tcp"} for number in numbers]


def floor_attach(bench, netns, count):
    bench.floor.ask("ports", count, 32)
    spent = bench.floor.ask("attach", NUMBER, world.netns_path(netns))[0]
    bench.floor.ask("detach", NUMBER)
    time.sleep(SETTLE)
    return spent


def measure(bench, row):
    """ADD with IPAM, masquerade, isolation, guard and two ports; many ports; one family; DEL; VERSION. All take turns."""
    true_path = bench.args.true
    kinds = {"two ports": Ours(true_path, ports(21000, 21002)),
             "206 ports in a row": Ours(true_path, ports(*range(22000, 22000 + MANY))),
             "206 ports": Ours(true_path, ports(*range(22000, 22000 + 2 * MANY, 2))),
             "one range of 10,000": Ours(true_path, ports(*range(40000, 50000))),
             "IPv4 alone": Ours(true_path, ports(21000, 21002), "net4")}
    bench.moat.call("NetworkCreate", name="bench/net4", subnets=["10.69.0.0/16"])
    peer = next((one for one in bench.peers() if isinstance(one, world.Cni)), None)
    samples = {name: [] for name in ("true", "floor", "floor of 206", "VERSION", "DEL", "theirs", *kinds)}
    floor_ns, ours_ns, peer_ns = (world.namespaces(name, 1)[0] for name in ("cf", "cm", "cp"))
    for i in range(bench.rounds // 2 + 3):
        samples["true"].append(spawn(true_path, dict(os.environ), "/dev/null"))
        samples["floor"].append(floor_attach(bench, floor_ns, 2))
        samples["floor of 206"].append(floor_attach(bench, floor_ns, MANY))
        samples["VERSION"].append(kinds["two ports"].call("VERSION", ours_ns))
        for kind, ours in kinds.items():
            spent, gone = ours.add_and_delete(ours_ns)
            samples[kind].append(spent)
            if kind == "two ports":
                samples["DEL"].append(gone)
        if peer and i % 4 == 0:
            samples["theirs"].append(peer.add(peer_ns, i))
            peer.remove(peer_ns, i)
            time.sleep(SETTLE)
    world.remove_namespaces([floor_ns, ours_ns, peer_ns])
    bench.floor.ask("ports", 1, 32)
    bench.moat.call("NetworkDelete", name="bench/net4")
    return rows_of(samples, row) + at_once(bench, row)


def rows_of(samples, row):
    mid = {name: statistics.median(values) for name, values in samples.items() if values}
    count = len(samples["true"])
    bare, two = mid["true"], mid["two ports"]

    def one(what, name, base=None, base_name="", bound=None):
        return row(what, mid[name], "ns", base, base_name, bound, samples=count)

    rows = [one("a static program that does nothing: exec to exit", "true"),
            one("CNI plugin: ADD, two ports, exec to exit", "two ports", bare + ADD_FLOORS * mid["floor"], "bare exec + 2 floors", 1.0),
            one("CNI plugin: DEL, exec to exit", "DEL", bare, "bare exec", DEL_BOUND),
            one("CNI plugin: VERSION, exec to exit", "VERSION", bare, "bare exec", VERSION_BOUND),
            one("floor: attach, 206 ports", "floor of 206", mid["floor"], "two ports"),
            one("CNI plugin: ADD, 206 ports that follow one another", "206 ports in a row", two, "two ports", PORTS_BOUND),
            one("CNI plugin: ADD, 206 ports with gaps", "206 ports", two, "two ports", PORTS_BOUND),
            one("CNI plugin: ADD, one range of 10,000", "one range of 10,000", two, "two ports", PORTS_BOUND),
            one("CNI plugin: ADD, both families", "two ports", mid["IPv4 alone"], "IPv4 alone", DUAL_BOUND)]
    if "theirs" in mid:
        rows.append(one("CNI plugin: ADD, beside the reference chain", "two ports", mid["theirs"], "theirs", PEER_BOUND))
    return rows


def at_once(bench, row):
    """
    A hundred ADDs, all started before the first is waited for, beside a hundred attaches of the floor one by one; and, since the
    floor starts no program, beside that and a hundred programs at once that do nothing.
    """
    floor, ours, starts = [], [], []
    plugin = Ours(bench.args.true, [])
    for _ in range(min(3, bench.rounds // 5)):
        names = world.namespaces("af", AT_ONCE), world.namespaces("am", AT_ONCE)
        floor.append(sum(bench.floor.ask("attach", 1 + i, world.netns_path(name))[0] for i, name in enumerate(names[0])))
        for i in range(AT_ONCE):
            bench.floor.ask("detach", 1 + i)
        time.sleep(1)
        began = time.perf_counter_ns()
        for pid in [start(bench.args.true, dict(os.environ), "/dev/null") for _ in names[1]]:
            end(pid, bench.args.true)
        starts.append(time.perf_counter_ns() - began)
        began = time.perf_counter_ns()
        running = [start(plugin.path, plugin.env("ADD", name, name), plugin.stdin, "/run/bench.out.%s" % name) for name in names[1]]
        for pid, name in zip(running, names[1]):
            end(pid, name, "/run/bench.out.%s" % name)
        ours.append(time.perf_counter_ns() - began)
        addresses = set()
        for name in names[1]:
            with open("/run/bench.out.%s" % name, encoding="utf-8") as out:
                addresses.update(ip["address"] for ip in json.load(out)["ips"])
        if len(addresses) != 2 * AT_ONCE:
            raise SystemExit("bench: %d addresses of %d ADDs" % (len(addresses), AT_ONCE))
        for name in names[1]:
            plugin.call("DEL", name, name)
        world.remove_namespaces(names[0] + names[1])
        time.sleep(1)
    return [row("floor: %d attaches, one by one" % AT_ONCE, statistics.median(floor), "ns", samples=len(floor)),
            row("a static program that does nothing: %d at once" % AT_ONCE, statistics.median(starts), "ns", samples=len(starts)),
            row("CNI plugin: %d ADDs at once" % AT_ONCE, statistics.median(ours), "ns", statistics.median(floor), "floor", AT_ONCE_BOUND,
                samples=len(ours)),
            row("CNI plugin: the same", statistics.median(ours), "ns", statistics.median(floor) + statistics.median(starts),
                "floor + programs", samples=len(ours))]


class Crowd:
    """ADD among few containers, and among many; the floor's own growth is the kernel's."""

    def __init__(self, bench, settle):
        self.bench, self.settle = bench, settle
        self.few = self.many = None

    def look(self, floor, count):
        """With @count endpoints on either side. Return: median nanoseconds of the floor, of ADD."""
        names = world.namespaces("cc", 2)
        plugin = Ours(self.bench.args.true, ports(64000, 64002), "net", "size")
        theirs, ours = [], []
        floor.ask("ports", 2, 4)
        for _ in range(self.bench.rounds // 4 + 5):
            theirs.append(floor.ask("attach", 1 + count, world.netns_path(names[0]))[0])
            floor.ask("detach", 1 + count)
            time.sleep(self.settle)
            ours.append(plugin.add_and_delete(names[1])[0])
        world.remove_namespaces(names)
        return statistics.median(theirs), statistics.median(ours)

    def row(self, row, count):
        base = self.few[1] + self.many[0] - self.few[0]
        return row("CNI plugin: ADD among %d containers" % count, self.many[1], "ns", base, "among ten + the floor's growth", CROWD_BOUND)
