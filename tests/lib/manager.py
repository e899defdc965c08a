#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""manager LOG COMMAND [ARG...] - what systemd is to a service, as far as moatd can tell the difference.

Listens to sd_notify(3) datagrams, keeps descriptors (FDSTORE=1, FDSTOREREMOVE=1, FDNAME=) and gives them back
to the next life of the command by LISTEN_FDS. Every assignment it is told goes to LOG, one a line; "pid N" at each
start, "end STATUS" at each end. SIGHUP: the command is ended by SIGTERM and started again. SIGTERM: ended, and so are
we. The environment variable MANAGER_EXTRA names a file given along under the name "stranger". Of the time it knows
nothing: whoever reads LOG judges the watchdog.
"""
import array
import os
import select
import signal
import socket
import sys

FIRST = 3
log = open(sys.argv[1], "a", encoding="ascii", buffering=1)
store = []  # (name, descriptor)
wanted = []  # signals that came


def receive(sock):
    data, control, _, _ = sock.recvmsg(4096, socket.CMSG_SPACE(64 * 4), socket.MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for level, kind, payload in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload)
    state = dict(line.split("=", 1) for line in data.decode().splitlines())
    for key, value in state.items():
        log.write(f"{key}={value}\n")
    name = state.get("FDNAME", "stored")
    if state.get("FDSTORE") == "1":
        store.extend((name, fd) for fd in fds)
    else:
        for fd in fds:
            os.close(fd)
    if state.get("FDSTOREREMOVE") == "1":
        for entry in [entry for entry in store if entry[0] == name]:
            store.remove(entry)
            os.close(entry[1])


def start(command):
    pid = os.fork()
    if pid:
        log.write(f"pid {pid}\n")
        return pid
    # Out of the way first: a source may be another's target.
    aside = [os.dup2(fd, 1000 + number) for number, (_, fd) in enumerate(store)]
    for number, fd in enumerate(aside):
        os.dup2(fd, FIRST + number, inheritable=True)
    if store:
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(store)),
                          LISTEN_FDNAMES=":".join(name for name, _ in store))
    signal.set_wakeup_fd(-1)
    os.closerange(FIRST + len(store), 4096)
    os.execvp(command[0], command)
    return None


def main():
    command = sys.argv[2:]
    path = sys.argv[1] + ".socket"
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(path)
    os.environ["NOTIFY_SOCKET"] = path
    if "MANAGER_EXTRA" in os.environ:
        store.append(("stranger", os.open(os.environ["MANAGER_EXTRA"], os.O_RDONLY)))
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda number, frame: wanted.append(number))
    pid = start(command)
    while True:
        ready, _, _ = select.select([sock, wake], [], [])
        # What it said comes before its end, as systemd has it.
        if sock in ready:
            receive(sock)
            continue
        os.read(wake, 64)
        if signal.SIGHUP in wanted or signal.SIGTERM in wanted:
            os.kill(pid, signal.SIGTERM)
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            log.write(f"end {status}\n")
            if signal.SIGTERM in wanted:
                return 0
            wanted.clear()
            pid = start(command)


sys.exit(main())
