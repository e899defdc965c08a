#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""whoami - the smallest web server a test can talk to: it says its name and who asks.

Usage: whoami.py NAME ADDRESS PORT ; ADDRESS :: is both families. Every answer is one line,
"NAME <client address>". It is a peer for tests, not a part of Moat.
"""
import os
import socket
import sys
import threading

IDLE = 10 * float(os.environ.get("MOAT_SLOWER", "1"))  # seconds without a word


def serve(conn, peer, name):
    with conn:
        conn.settimeout(IDLE)
        try:
            conn.recv(65536)
            host = peer[0].removeprefix("::ffff:")
            body = f"{name} {host}\n".encode()
            conn.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
                         % len(body) + body)
        except OSError:
            pass


def main():
    name, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((address, port))
        listener.listen(128)
        while True:
            conn, peer = listener.accept()
            threading.Thread(target=serve, args=(conn, peer, name), daemon=True).start()


main()
