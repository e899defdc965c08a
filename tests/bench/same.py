# SPDX-License-Identifier: GPL-2.0-or-later
"""same.py FLOOR - the kernel state after one attach with one port, by Moat and by the floor program: router and
stack must be equal line by line, once names, MAC addresses and transit addresses are called the same. The lines
of the host that an attach adds must be, too. Then the same for what is left after a detach.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import kernelstate  # noqa: E402
from moatsock import Moat  # noqa: E402
import world  # noqa: E402

checks = 0
failures = 0


def check(what, have, want):
    global checks, failures
    checks += 1
    wrong = kernelstate.difference(have, want)
    failures += bool(wrong)
    print("%sok %d - %s (%d lines)" % ("not " if wrong else "", checks, what, len(want)))
    for line in wrong:
        print("# " + line)


def names_of(router, port):
    """What differs by nature between two tenants. router: its lines."""
    bridge = next(line.split()[1] for line in router if line.startswith("link mb"))
    names = {bridge: "BRIDGE"}
    if port:
        names[port] = "PORT"
    for line in router:
        match = re.match(r"link (\S+) .*alias=(.*?) mac=(\S+)", line)
        if match and match[1] != "lo":
            names[match[3]] = "MAC-" + ("UPLINK" if match[1] == "uplink" else "BRIDGE")
        match = re.match(r'nft element inet moat network_of \["mb\S+", (\d+)\]', line)
        if match:
            names[match[1]] = "NETWORK"
        match = re.match(r"fdb mp\S+ (\S+) static", line)
        if match:
            names[match[1]] = "MAC-ENDPOINT"
        match = re.match(r"neigh uplink (\S+) (\S+)", line)
        if match:
            names[match[2]] = "MAC-HOST"
            names[match[1]] = "TRANSIT-HOST"
        match = re.match(r"addr (\S+) (\S+)/\S+ scope=(global|link)", line)
        if match and match[1] == "uplink" and match[3] == "global":
            names[match[2]] = "TRANSIT-ROUTER"
    return names


def tidy(lines, names):
    lines = kernelstate.renamed(lines, names)
    # The kernel writes 100.126.0.0/31 for the transit prefix, and an address ending in :: inside a longer one.
    lines = [re.sub(r"alias=(.*?)( mac=| learning=|$)", r"alias=\2", line) for line in lines]
    lines = [re.sub(r"fe80::[0-9a-f:]+(?!/64 dev)", "LINK-LOCAL", line) if "dst=fe80::/64" not in line else line
             for line in lines]
    return sorted(lines)


def added(after, before):
    rest = list(before)
    for line in list(after):
        if line in rest:
            rest.remove(line)
            after = after[:after.index(line)] + after[after.index(line) + 1:]
    return after


def router_of(moat):
    return moat.call("TenantShow", name="same")["tenant"]["routerNetns"]


def main():
    moat = Moat()
    floor = world.Floor(sys.argv[1], own_host=True)
    floor.ask("world")
    moat.call("TenantCreate", name="same")
    moat.call("NetworkCreate", name="same/net", subnets=["10.66.0.0/16", "fd66::/64"])
    stack_moat, stack_floor = world.namespaces("same", 2)
    floor_router, floor_host = "/run/netns/floor-router", "/proc/%d/ns/net" % floor.process.pid
    moat_router = router_of(moat)
    before_moat, before_floor = kernelstate.read(), kernelstate.read(floor_host)
    fresh_moat, fresh_floor = kernelstate.read(moat_router), kernelstate.read(floor_router)
    check("the routers are the same before",
          tidy(fresh_floor, names_of(fresh_floor, None)), tidy(fresh_moat, names_of(fresh_moat, None)))

    fd = os.open(world.netns_path(stack_moat), os.O_RDONLY)
    endpoint = moat.call("EndpointAttach", [fd], network="same/net", name="e1", netnsFd=0,
                         publish=["20001:80"])["endpoint"]
    os.close(fd)
    floor.ask("attach", 1, world.netns_path(stack_floor))
    ours, floors = kernelstate.read(moat_router), kernelstate.read(floor_router)
    port_floor = next(line.split()[1] for line in floors if line.startswith("link mp"))
    names_moat = names_of(ours, endpoint["hostIfname"])
    names_floor = names_of(floors, port_floor)
    check("an attach makes the same in the router", tidy(floors, names_floor), tidy(ours, names_moat))
    check("an attach makes the same in the stack",
          tidy(kernelstate.read(world.netns_path(stack_floor)), names_floor),
          tidy(kernelstate.read(world.netns_path(stack_moat)), names_moat))
    check("an attach adds the same to the host",
          tidy(added(kernelstate.read(floor_host), before_floor), names_floor),
          tidy(added(kernelstate.read(), before_moat), names_moat))

    floor.ask("detach", 1)
    moat.call("EndpointDetach", name="same/e1")
    world.link_is_gone(stack_moat)
    check("after a detach the floor's router is as before", kernelstate.read(floor_router), fresh_floor)
    check("after a detach Moat's router is as before", kernelstate.read(moat_router), fresh_moat)
    check("after a detach Moat's host is as before", kernelstate.read(), before_moat)
    floor.close()
    print("1..%d" % checks)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
