# SPDX-License-Identifier: GPL-2.0-or-later
"""plugin - the CNI plugin as a process, from exec to exit, beside a static `true`, the floor and Debian's plugins."""
import json
import os
import statistics
import time

import world

PLUGIN = "cni/moat"  # beside the command line
NUMBER = 900
# A call is a fork, an exec and what the daemon does: so many of the first, and floors of the second.
ADD_FLOORS = 2.0
DEL_BOUND, VERSION_BOUND = 2.5, 1.5
PORTS_BOUND = 2.0
PEER_BOUND = 1 / 25


def spawn(path, env, stdin):
    """Return: nanoseconds from before the fork to after the wait."""
    actions = [(os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, "/run/bench.out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
    start = time.perf_counter_ns()
    pid = os.posix_spawn(path, [path], env, file_actions=actions)
    status = os.waitpid(pid, 0)[1]
    spent = time.perf_counter_ns() - start
    if status:
        with open("/run/bench.out", encoding="utf-8") as out:
            raise RuntimeError("%s: %s" % (path, out.read()[-300:]))
    return spent


class Ours:
    def __init__(self, true, ports):
        self.path = os.path.join(os.path.dirname(true), "../bin", PLUGIN)
        self.stdin = "/run/bench.conf.%d" % len(ports)
        with open(self.stdin, "w", encoding="utf-8") as out:
            json.dump({"cniVersion": "1.1.0", "name": "net", "type": "moat", "tenant": "bench",
                       "runtimeConfig": {"portMappings": ports}}, out)

    def call(self, verb, netns):
        return spawn(self.path, dict(os.environ, CNI_COMMAND=verb, CNI_CONTAINERID="bench", CNI_IFNAME="eth0",
                                  CNI_NETNS=world.netns_path(netns), CNI_PATH="/none", MOAT_STATE_DIR="/run/bench-state"),
                     self.stdin)


def ports(*numbers):
    return [{"hostPort": number, "containerPort": number, "protocol": "tcp"} for number in numbers]


def measure(bench, row):
    """ADD with IPAM, masquerade, isolation, guard and two ports; many ports; DEL; VERSION. All take turns."""
    true_path = bench.args.true
    kinds = {"two ports": Ours(true_path, ports(21000, 21002)), "206 ports": Ours(true_path, ports(*range(22000, 22412, 2))),
             "one range of 10,000": Ours(true_path, ports(*range(40000, 50000)))}
    peer = next((one for one in bench.peers() if isinstance(one, world.Cni)), None)
    add, remove, version = {kind: [] for kind in kinds}, [], []
    true, floor, theirs = [], [], []
    floor_ns, ours_ns, peer_ns = (world.namespaces(name, 1)[0] for name in ("cf", "cm", "cp"))
    bench.floor.ask("ports", 2, 32)
    for i in range(bench.rounds // 2 + 3):
        true.append(spawn(bench.args.true, dict(os.environ), "/dev/null"))
        floor.append(bench.floor.ask("attach", NUMBER, world.netns_path(floor_ns))[0])
        bench.floor.ask("detach", NUMBER)
        time.sleep(0.04)
        version.append(kinds["two ports"].call("VERSION", ours_ns))
        for kind, ours in kinds.items():
            add[kind].append(ours.call("ADD", ours_ns))
            time.sleep(0.04)
            gone = ours.call("DEL", ours_ns)
            if kind == "two ports":
                remove.append(gone)
            world.link_is_gone(ours_ns)
            time.sleep(0.04)
        if peer and i % 4 == 0:
            theirs.append(peer.add(peer_ns, i))
            peer.remove(peer_ns, i)
            time.sleep(0.04)
    world.remove_namespaces([floor_ns, ours_ns, peer_ns])
    bench.floor.ask("ports", 1, 32)
    bare, count = statistics.median(true), len(true)
    two = statistics.median(add["two ports"])
    rows = [row("a static program that does nothing: exec to exit", bare, "ns", samples=count),
            row("CNI plugin: ADD, two ports, exec to exit", two, "ns", bare + ADD_FLOORS * statistics.median(floor),
                "bare exec + 2 floors", 1.0, samples=count),
            row("CNI plugin: DEL, exec to exit", statistics.median(remove), "ns", bare, "bare exec", DEL_BOUND, samples=count),
            row("CNI plugin: VERSION, exec to exit", statistics.median(version), "ns", bare, "bare exec", VERSION_BOUND,
                samples=count)]
    rows += [row("CNI plugin: ADD, " + kind, statistics.median(add[kind]), "ns", two, "two ports", PORTS_BOUND, samples=count)
             for kind in ("206 ports", "one range of 10,000")]
    if theirs:
        rows.append(row("CNI plugin: ADD, beside the reference chain", two, "ns", statistics.median(theirs), "theirs", PEER_BOUND,
                        samples=len(theirs)))
    return rows
