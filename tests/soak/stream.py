#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""stream.py serve PORT | ask ADDRESS PORT - one TCP connection with numbered lines, echoed.

ask: a line each 20 ms, until SIGTERM; then one line of JSON: lines sent and echoed, the longest wait in ms, and what
broke the connection, if anything did.
"""
import json
import os
import signal
import socket
import sys
import threading
import time

PACE = 0.02


def serve(port):
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)

    def echo(client):
        with client:
            while data := client.recv(4096):
                client.sendall(data)
    while True:
        threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()


def ask(address, port):
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    sent = got = 0
    longest, broken = 0.0, None
    try:
        with socket.create_connection((address, port), timeout=10) as sock:
            sock.settimeout(15 * float(os.environ.get("MOAT_SLOWER", "1")))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            print("connected", flush=True)
            lines = sock.makefile("r")
            while not stop.is_set():
                begin = time.monotonic()
                sock.sendall(b"%d\n" % sent)
                sent += 1
                line = lines.readline()
                if line != "%d\n" % got:
                    raise OSError("line %d came back as %r" % (got, line))
                got += 1
                longest = max(longest, time.monotonic() - begin)
                time.sleep(PACE)
    except OSError as error:
        broken = str(error)
    print(json.dumps({"sent": sent, "echoed": got, "longest_ms": round(longest * 1000), "broken": broken}), flush=True)


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    ask(sys.argv[2], int(sys.argv[3]))
