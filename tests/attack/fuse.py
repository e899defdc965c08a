#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""fuse - passes the daemon a descriptor whose last close never returns: fuse.py SOCKET SECONDS [COUNT [MESSAGE]].

A file of a FUSE file system, served here: every close(2) of it asks the server to flush (fuse_flush() in fs/fuse/file.c), waits
for the answer however it is signalled, and no answer comes. Any user can mount one, in a user namespace of his own. Start it by
`unshare --user --map-root-user --mount`.
"""
import ctypes
import os
import socket
import struct
import sys
import threading
import time

LOOKUP, GETATTR, OPEN, RELEASE, FLUSH, INIT, FORGET, INTERRUPT = 1, 3, 14, 18, 25, 26, 2, 36
ENOSYS = 38
libc = ctypes.CDLL(None, use_errno=True)


def attributes(node):
    """struct fuse_attr: the root is a folder, the rest an empty file."""
    mode = 0o40755 if node == 1 else 0o100644
    return struct.pack("=6Q10I", node, 0, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def serve(device):
    while True:
        request = os.read(device, 1 << 18)
        _, opcode, unique, node, _, _, pid = struct.unpack_from("=IIQQ3I", request)
        # Our own close is answered: with a file of it open, our end would wait for us.
        if opcode in (FORGET, INTERRUPT) or (opcode == FLUSH and pid != os.getpid()):
            continue
        error, body = 0, b""
        if opcode == INIT:
            body = struct.pack("=4I2H2I", 7, 31, 0, 0, 16, 12, 4096, 1).ljust(64, b"\0")
        elif opcode == LOOKUP:
            body = struct.pack("=4Q2I", 2, 0, 1000, 1000, 0, 0) + attributes(2)
        elif opcode == GETATTR:
            body = struct.pack("=Q2I", 1000, 0, 0) + attributes(node)
        elif opcode == OPEN:
            body = struct.pack("=Q2I", 1, 0, 0)
        elif opcode not in (RELEASE, FLUSH):
            error = -ENOSYS
        os.write(device, struct.pack("=IiQ", 16 + len(body), error, unique) + body)


def main():
    mount = "/tmp"
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    if libc.mount(b"fuse", mount.encode(), b"fuse", 0, options.encode()):
        raise OSError(ctypes.get_errno(), "mount")
    threading.Thread(target=serve, args=(device,), daemon=True).start()
    file = os.open(mount + "/file", os.O_RDONLY)
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    message = sys.argv[4] if len(sys.argv) > 4 else '{"method":"io.moat.Version","parameters":{}}'
    socks = []
    for _ in range(count):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(sys.argv[1])
        try:
            socket.send_fds(sock, [message.encode() + b"\0"], [file])
        except OSError:
            sock.close()  # sent away already
            continue
        socks.append(sock)
    os.close(file)
    print("sent", flush=True)
    time.sleep(float(sys.argv[2]))
    os._exit(0)  # with us goes the file system, and whoever waits for it goes on


main()
