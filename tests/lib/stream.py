#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""stream - how much arrives: one TCP stream, measured where it is received.

    stream.py serve PORT               answers each stream with what it got: bytes and seconds
    stream.py send ADDRESS PORT SECONDS  prints bits a second
"""
import socket
import sys
import time


def serve(port):
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        client, _ = server.accept()
        count, first, last = 0, None, None
        while data := client.recv(1 << 16):
            last = time.monotonic()
            if first is None:
                first = last
            else:
                count += len(data)
        client.sendall(f"{count} {(last or 0) - (first or 0)}".encode())
        client.close()


def connect(address, port):
    """Until somebody serves there."""
    limit = time.monotonic() + 30
    while True:
        try:
            return socket.create_connection((address, port), timeout=30)
        except ConnectionRefusedError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.05)


def send(address, port, seconds):
    client = connect(address, port)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
    end, data = time.monotonic() + seconds, bytes(1 << 14)
    while time.monotonic() < end:
        client.sendall(data)
    client.shutdown(socket.SHUT_WR)
    count, taken = client.recv(100).split()
    print(int(int(count) * 8 / max(float(taken), 0.001)))


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
