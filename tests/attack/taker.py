#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""taker - is passed a descriptor, as a daemon without care: taker.py SOCKET takes|reads|closes; begins at SIGUSR1.

takes: as it is, and closes it; reads: the bytes it came with, and no descriptor; closes: the connection, with all of it unread.
"""
import os
import signal
import socket
import sys

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
server.listen()
peer = server.accept()[0]
signal.sigwait([signal.SIGUSR1])
fds = []
if sys.argv[2] == "takes":
    _, fds, _, _ = socket.recv_fds(peer, 100, 4)
else:
    peer.recv(1, socket.MSG_PEEK)
print("begins", flush=True)
if fds:
    os.close(fds[0])
elif sys.argv[2] == "reads":
    peer.recv(100)
else:
    peer.close()
print("done", flush=True)
