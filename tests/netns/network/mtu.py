#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mtu serve PORT | mtu talk HOST PORT - 200 kB each way over one TCP connection, in segments as large as it lets.
talk prints the segment sizes that both ends send with; exit 1 when it takes longer than 8 s."""
import socket
import sys

SIZE = 200_000


def receive(sock, size):
    while size:
        data = sock.recv(min(size, 65536))
        if not data:
            raise ConnectionError("closed too early")
        size -= len(data)


def mss(sock):
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)


def serve(port):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        sock = listener.accept()[0]
        sock.settimeout(8)
        with sock:
            try:
                receive(sock, SIZE)
                sock.sendall(b"x" * SIZE)
                sock.sendall(b"%5d" % mss(sock))
            except OSError:
                pass


def talk(host, port):
    with socket.create_connection((host, port), timeout=8) as sock:
        sock.sendall(b"x" * SIZE)
        receive(sock, SIZE)
        print(mss(sock), int(sock.recv(5)))


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    talk(sys.argv[2], int(sys.argv[3]))
