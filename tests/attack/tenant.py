#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tenant - one attack of a delegated user on the daemon's socket, run as that user: tenant.py ATTACK SECONDS.

checks: comparisons on eight connections, each asked for anew when answered or ahead; silent: many requests on all the
connections one may have, no answer read; descriptors: as many as fit, in messages that never end; half: connections
that begin a message and stop; long: messages of four megabytes less one byte on each.
"""
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from moatsock import Moat  # pylint: disable=wrong-import-position

CONNECTIONS = 64


def checks():
    def one(ahead):
        moat = Moat(timeout=60)
        while True:
            for _ in range(ahead):
                moat.send("Check", {"tenant": "red"})
            for _ in range(ahead):
                moat.receive()

    for ahead in (1, 1, 1, 1, 4, 4, 4, 4):
        threading.Thread(target=one, args=(ahead,), daemon=True).start()


def opened():
    """Connections; those that the daemon will not have are no failure."""
    kept = []
    for _ in range(CONNECTIONS):
        try:
            kept.append(Moat())
        except OSError:
            break
    return kept


def silent():
    kept = opened()
    message = b'{"method":"io.moat.EndpointList","parameters":{}}\0' * 400
    for moat in kept:
        moat.sock.setblocking(False)
    end = time.monotonic() + float(sys.argv[2])
    while time.monotonic() < end:
        for moat in kept:
            try:
                moat.sock.send(message)
            except OSError:
                pass
        time.sleep(0.001)


def descriptors():
    kept = opened()
    fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(8)]
    for moat in kept:
        for _ in range(4):
            try:
                socket.send_fds(moat.sock, [b"{"], fds)
            except OSError:
                break
    return kept


def half():
    kept = opened()
    for moat in kept:
        moat.sock.send(b'{"method":"io.moat.Version","par')
    return kept


def long():
    kept = opened()
    message = b'{"method":"io.moat.Version","parameters":{"x":"' + b"x" * ((4 << 20) - 100)
    for moat in kept:
        moat.sock.settimeout(1)
        try:
            moat.sock.sendall(message)
        except OSError:
            pass
    return kept


ATTACKS = {"checks": checks, "silent": silent, "descriptors": descriptors, "half": half, "long": long}
keep = ATTACKS[sys.argv[1]]()
time.sleep(float(sys.argv[2]) if sys.argv[1] != "silent" else 0)
