#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""publish serve NAME FIRST-LAST... | ask PROTO ADDRESS FIRST-LAST - servers on many ports that say name, port and who
asked; and, for each port of a range of the host, who answers: one line a run of ports that answer alike."""
import os
import select
import socket
import sys

PATIENCE = 4 if os.environ.get("MOAT_VM") == "1" else 1.5


def ports(word):
    first, _, last = word.partition("-")
    return range(int(first), int(last or first) + 1)


def serve(name, ranges):
    poll, sockets = select.poll(), {}
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for port in (p for word in ranges for p in ports(word)):
            sock = socket.socket(socket.AF_INET6, kind)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("::", port))
            if kind == socket.SOCK_STREAM:
                sock.listen(16)
            poll.register(sock, select.POLLIN)
            sockets[sock.fileno()] = sock
    print("ready", flush=True)
    while True:
        for fd, _ in poll.poll():
            sock = sockets[fd]
            said = "%s %d " % (name, sock.getsockname()[1])
            if sock.type == socket.SOCK_STREAM:
                conn, peer = sock.accept()
                conn.sendall((said + peer[0].removeprefix("::ffff:")).encode())
                conn.close()
            else:
                _, peer = sock.recvfrom(100)
                sock.sendto((said + peer[0].removeprefix("::ffff:")).encode(), peer)


def ask(proto, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE)
            sock.connect((address, port))
            if proto == "udp":
                sock.send(b"?")
            name, at, peer = sock.recv(200).decode().split()
            return name, int(at), peer
    except (OSError, ValueError):
        return "nobody", port, "-"


def ask_range(proto, address, word):
    """"8000-8099 web 9000-9099 198.51.100.1": every port of the first range led to its fellow of the second"""
    runs = []
    for port in ports(word):
        name, at, peer = ask(proto, address, port)
        if runs and runs[-1][0] == (name, peer) and at - runs[-1][2] == port - runs[-1][1]:
            runs[-1][3] = port
        else:
            runs.append([(name, peer), port, at, port])
    for (name, peer), first, at, last in runs:
        span = "" if first == last else "-%d" % last
        to = "" if first == last else "-%d" % (at + last - first)
        print("%d%s %s %d%s %s" % (first, span, name, at, to, peer))


if sys.argv[1] == "serve":
    serve(sys.argv[2], sys.argv[3:])
else:
    ask_range(*sys.argv[2:5])
