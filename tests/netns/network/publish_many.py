#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""publish_many TENANTS ENDPOINTS PORTS - publishes TENANTS x ENDPOINTS x PORTS ports, each on its tenant's own address of
the host, and compares what one more costs with what it cost when there was none. Prints figures; fails where it grew."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
import moatsock

TENANTS, ENDPOINTS, PORTS = (int(word) for word in sys.argv[1:4])
GROWTH = 4  # times what it cost at first; a step that is linear in the ports would be a hundred times


def one_more(moat):
    """Publish and take back a single port, and a range: milliseconds, the least of many: the machine does other things, too."""
    times = []
    for _ in range(40):
        begin = time.perf_counter()
        for spec in ("65400:80", "65410-65419:90-99"):
            moat.call("Publish", name="t0/probe", publish=[spec])
            moat.call("Unpublish", name="t0/probe", publish=[spec])
        times.append((time.perf_counter() - begin) * 1000)
    return min(times)


def main():
    moat = moatsock.Moat(timeout=600)
    for tenant in range(TENANTS):
        moat.call("TenantCreate", name="t%d" % tenant)
        moat.call("NetworkCreate", name="t%d/n" % tenant, subnets=["10.%d.0.0/16" % tenant])
    moat.call("EndpointAttach", network="t0/n", create=True, name="probe")
    before = one_more(moat)
    begin = time.perf_counter()
    for endpoint in range(ENDPOINTS):
        for tenant in range(TENANTS):
            first = 1024 + endpoint * PORTS
            moat.call("EndpointAttach", network="t%d/n" % tenant, create=True, name="e%d" % endpoint,
                      publish=["198.51.100.%d:%d:%d" % (10 + tenant, port, port) for port in range(first, first + PORTS)])
    took = time.perf_counter() - begin
    after = one_more(moat)
    end = time.monotonic() + 20
    while after > GROWTH * before and time.monotonic() < end:  # others had the processor: what it costs is the least it takes
        after = min(after, one_more(moat))
    print("%d ports published in %.1f s; one port and one range more: %.2f ms before, %.2f ms now"
          % (TENANTS * ENDPOINTS * PORTS, took, before, after))
    try:
        moat.call("Publish", name="t0/probe", publish=["2000-2001:80-81"])
        sys.exit("a port that is published was published again")
    except moatsock.MoatError as error:
        if "is published by t" not in str(error):
            raise
    if after > GROWTH * before:
        sys.exit("one more costs %.1f times what it cost" % (after / before))


main()
