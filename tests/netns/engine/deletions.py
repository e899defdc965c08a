#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""deletions fill COUNT | drop COUNT COMING - COUNT endpoints at once, from several connections: they come; they all go,
while COMING others come one after the other. Prints one line; exit 1 where something failed."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from moatsock import Moat  # noqa: E402

CONNECTIONS = 10


def together(calls):
    """calls: (method, parameters) each. All are asked for before the first answer is read. Return: the connections."""
    sides = [Moat(timeout=120) for _ in range(CONNECTIONS)]
    for i, (method, parameters) in enumerate(calls):
        sides[i % CONNECTIONS].send(method, parameters)
    return sides


def answers(sides, count):
    for i in range(count):
        sides[i % CONNECTIONS].receive_one()


def fill(count):
    sides = together([("EndpointAttach", {"network": "red/web", "name": "d%d" % i, "create": True,
                                          "publish": ["%d:80" % (20000 + i)]}) for i in range(count)])
    answers(sides, count)
    print("%d have come" % count)


def drop(count, coming):
    start = time.monotonic()
    sides = together([("EndpointDetach", {"name": "red/d%d" % i, "strict": True}) for i in range(count)])
    waited = []
    with Moat(timeout=120) as moat:
        for i in range(coming):
            begun = time.monotonic()
            moat.call("EndpointAttach", network="red/web", name="n%d" % i, create=True)
            waited.append(time.monotonic() - begun)
    answers(sides, count)
    print("%d detached in %.2f s; attaches meanwhile took %s ms" %
          (count, time.monotonic() - start, " ".join("%.0f" % (w * 1000) for w in waited)))


{"fill": fill, "drop": drop}[sys.argv[1]](*[int(n) for n in sys.argv[2:]])
