#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""linger - passes the daemon TCP sockets that want a long time to close: linger.py SOCKET SECONDS [COUNT].

SO_LINGER, and bytes that nobody reads: whoever lets go of the last reference waits, and that needs no descriptor of it: one
who reads the message without room for descriptors, or closes the socket in which it lies, is that one. As COUNT connections. Nobody may read them before "sent" is printed, or the last to let go is this program.
"""
import socket
import struct
import sys
import time

SECONDS = float(sys.argv[2])


def lingering():
    listener = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(listener.getsockname())
    theirs, _ = listener.accept()
    ours.setblocking(False)
    try:
        while True:
            ours.send(bytes(65536))
    except BlockingIOError:
        pass
    ours.setblocking(True)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, int(SECONDS)))
    return ours, theirs


kept = []
for _ in range(int(sys.argv[3]) if len(sys.argv) > 3 else 1):
    laden, peer = lingering()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(sys.argv[1])
    socket.send_fds(sock, [b'{"method":"io.moat.Version","parameters":{}}\0'], [laden.fileno()])
    laden.close()
    kept.append((sock, peer))
print("sent", flush=True)
time.sleep(SECONDS)
