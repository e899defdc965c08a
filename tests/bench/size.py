# SPDX-License-Identifier: GPL-2.0-or-later
"""size - a routed network of ten thousand endpoints: one attach more, what an endpoint costs in memory, and a restart that
compares all of it with the kernel. The floor has a host of its own with as many, since the kernel's own steps grow, too.

The others publish four ports each, which is what a tenant's 65,535 allow; the one that is measured publishes 32.
"""
import ctypes
import os
import signal
import time

import plugin
import world
from moatsock import Moat

PORTS, MEASURED_PORTS = 4, 32
FIRST_PORT = 2000
FEW = 10
ROUNDS, RESTARTS = 15, 3


class Namespaces:
    """Network namespaces that only descriptors of ours keep."""

    def __init__(self, count):
        home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.fds = []
        for _ in range(count):
            world.must(world.LIBC.unshare(world.CLONE_NEWNET))
            self.fds.append(os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        world.must(world.LIBC.setns(ctypes.c_int(home), world.CLONE_NEWNET))
        os.close(home)

    def path(self, i):
        return "/proc/%d/fd/%d" % (os.getpid(), self.fds[i])

    def close(self):
        while self.fds:
            os.close(self.fds.pop())


def specs(n, count):
    return ["%d:%d" % (FIRST_PORT + n * PORTS + i, 80 + i) for i in range(count)]


def world_make(bench, floor):
    floor.ask("routed")
    bench.moat.call("TenantCreate", name="size")
    bench.moat.call("NetworkCreate", name="size/net", mode="routed", subnets=["10.67.0.0/16", "fd67::/64"])


def fill(bench, floor, kept, first, count):
    """From @first to @count."""
    floor.ask("ports", PORTS, PORTS)
    for i in range(first, count):
        floor.ask("attach", 1 + i, kept.path(i))
    for i in range(first, count):
        bench.moat.call("EndpointAttach", network="size/net", name="e%d" % i, create=True, publish=specs(i, PORTS))


def one_more(bench, floor, count, settle):
    """Return: nanoseconds of the floor, of Moat."""
    names = world.namespaces("sz", 2)
    theirs, ours = [], []
    floor.ask("ports", MEASURED_PORTS, PORTS)
    for i in range(ROUNDS + 1):
        a = floor.ask("attach", 1 + count, world.netns_path(names[0]))[0]
        floor.ask("detach", 1 + count)
        time.sleep(settle)
        fd = os.open(world.netns_path(names[1]), os.O_RDONLY)
        b = bench.moat.timed("EndpointAttach", [fd], network="size/net", name="last", netnsFd=0,
                             publish=specs(count, MEASURED_PORTS))[0]
        os.close(fd)
        bench.moat.call("EndpointDetach", name="size/last")
        world.link_is_gone(names[1])
        time.sleep(settle)
        if i:
            theirs.append(a)
            ours.append(b)
    world.remove_namespaces(names)
    return theirs, ours


def list_for_dump(bench, path):
    """What the floor is to read: every namespace Moat verifies, with the switches and neighbours of a stack."""
    plan = bench.moat.call("EndpointAttach", network="size/net", name="dry", create=True, dryRun=True)["plan"]
    lines = [line[2:] for line in plan if line.startswith(("+ sysctl ns=stack:", "+ neigh ns=stack:"))]
    lines.append("host /proc/%d/ns/net" % os.getpid())
    for tenant in bench.moat.call("TenantList")["tenants"]:
        if tenant["routerNetns"]:
            lines.append("router " + tenant["routerNetns"])
    stacks = bench.moat.call("EndpointList", tenant="size")["endpoints"]
    lines += ["stack " + endpoint["netnsPath"] for endpoint in stacks]
    with open(path, "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    return len(stacks)


def engine_of(bench):
    for pid in bench.children():
        with open("/proc/%d/comm" % pid, encoding="ascii") as f:
            if f.read().strip() == "moatd-engine":
                return pid
    raise SystemExit("bench: no engine")


def restart(bench):
    """Kill engine (the hand dies with it) and wait for the first answer of the next. Return: nanoseconds."""
    bench.moat.close()
    start = time.perf_counter_ns()
    os.kill(engine_of(bench), signal.SIGKILL)
    while True:
        try:
            moat = Moat(timeout=600)  # waits in the queue of the listening socket, which the supervisor keeps
            moat.call("Version")
            break
        except (ConnectionError, OSError):
            time.sleep(0.001)
    spent = time.perf_counter_ns() - start
    bench.moat = moat
    return spent


def measure(bench, count, settle, Row, median):
    """With @count endpoints and one more. Return: rows. Leaves all of it standing: it is the last thing that is measured."""
    bench.moat.call("Check")  # what a crowd of an earlier row, or a comparison, took is given back
    idle = bench.pss()
    world.remove_namespaces(["floor-router"])
    floor, kept = world.Floor(bench.args.floor, own_host=True), Namespaces(count)
    crowd = plugin.Crowd(bench, settle)
    world_make(bench, floor)
    fill(bench, floor, kept, 0, FEW)
    crowd.few = crowd.look(floor, FEW)
    fill(bench, floor, kept, FEW, count)
    crowd.many = crowd.look(floor, count)
    theirs, ours = one_more(bench, floor, count, settle)
    # The floor's own would make each dump of a router dearer: the kernel's neighbour table is one for all.
    bench.moat.call("Check")
    each = (bench.pss() - idle) / count
    stacks = list_for_dump(bench, "/run/sandbox/dump")
    dumps, restarts, checks = [], [], []
    for _ in range(RESTARTS):
        dumps.append(floor.ask("dump", "/run/sandbox/dump")[0])
        restarts.append(restart(bench))
        spent, reply = bench.moat.timed("Check")
        if reply["differences"]:
            raise SystemExit("bench: %d differences after a restart" % len(reply["differences"]))
        checks.append(spent)
    floor.close()
    kept.close()
    what = "endpoint %d of a routed network" % (count + 1)
    return [
        Row("floor: attach, %s" % what, median(theirs), "ns", samples=len(theirs)),
        Row("Moat: attach, %s, 32 ports" % what, median(ours), "ns", median(theirs), "floor", bench.bounds["attach"], samples=len(ours)),
        crowd.row(Row, count),
        Row("Moat: engine + hand + dns, PSS for each of %d endpoints" % count, each, "bytes", bound=bench.bounds["each"], absolute=True,
            samples=1),
        Row("floor: dump of %d stacks, their router and the host" % stacks, median(dumps), "ns", samples=len(dumps)),
        Row("Moat: restart, all of that compared with what should be", median(restarts), "ns", median(dumps), "dump",
            bench.bounds["restart"], samples=len(restarts)),
        Row("Moat: check of the same", median(checks), "ns", median(dumps), "dump", samples=len(checks)),
    ]
