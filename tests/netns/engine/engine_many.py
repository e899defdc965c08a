#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""engine_many fill COUNT | churn COUNT - many attaches over several connections. Prints one line; exit 1 where it failed."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from moatsock import Moat, MoatError  # noqa: E402

CONNECTIONS = 4


def spread(count, work):
    failures = []

    def run(first):
        with Moat(timeout=120) as moat:
            for i in range(first, count, CONNECTIONS):
                try:
                    work(moat, i)
                except (MoatError, OSError) as error:
                    failures.append("%d: %s" % (i, error))
                    return
    threads = [threading.Thread(target=run, args=(n,)) for n in range(CONNECTIONS)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("%d in %.2f s %s" % (count, time.monotonic() - start, "; ".join(failures)))
    return not failures


def fill(count):
    return spread(count, lambda moat, i: moat.call("EndpointAttach", network="red/web", name="e%d" % i, create=True))


def churn(count):
    """Half of them goes while others come, from several sides at once."""
    def work(moat, i):
        moat.call("StackDelete", name="red/e%d" % i, strict=True)
        moat.call("EndpointAttach", network="red/web", name="n%d" % i, create=True)
    return spread(count, work)


sys.exit(0 if {"fill": fill, "churn": churn}[sys.argv[1]](int(sys.argv[2])) else 1)
