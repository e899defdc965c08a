# SPDX-License-Identifier: GPL-2.0-or-later
"""moatsock - io.moat over its socket for tests: one persistent connection, nothing but Python.

A call that is timed is encoded before the clock starts and decoded after it stops.
"""
import array
import json
import os
import socket
import time


class MoatError(Exception):
    """The daemon answered with an error; code is its name without the interface."""

    def __init__(self, error, parameters):
        super().__init__("%s: %s" % (error, (parameters or {}).get("message", "")))
        self.code = error.rpartition(".")[2]


class Moat:
    """A connection. Lost: ConnectionError; open another."""

    def __init__(self, path=None, timeout=30):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.pending = b""
        self.sock.connect(path or os.environ["MOAT_SOCKET"])

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def send(self, method, parameters, fds=()):
        message = json.dumps({"method": "io.moat." + method, "parameters": parameters}).encode() + b"\0"
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.sock.sendmsg([message], rights)

    def receive(self):
        data = b""
        while not data.endswith(b"\0"):
            part = self.sock.recv(1 << 16)
            if not part:
                raise ConnectionError("the daemon closed the connection")
            data += part
        return self.decode(data)

    def receive_one(self):
        """One reply of several that were asked for in a row."""
        while b"\0" not in self.pending:
            part = self.sock.recv(1 << 16)
            if not part:
                raise ConnectionError("the daemon closed the connection")
            self.pending += part
        data, _, self.pending = self.pending.partition(b"\0")
        return self.decode(data + b"\0")

    @staticmethod
    def decode(data):
        reply = json.loads(data[:-1])
        if "error" in reply:
            raise MoatError(reply["error"], reply.get("parameters"))
        return reply.get("parameters", {})

    def call(self, method, fds=(), **parameters):
        self.send(method, parameters, fds)
        return self.receive()

    def timed(self, method, fds=(), **parameters):
        """Return: (nanoseconds of the round trip, reply)."""
        message = json.dumps({"method": "io.moat." + method, "parameters": parameters}).encode() + b"\0"
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        start = time.perf_counter_ns()
        self.sock.sendmsg([message], rights)
        data = self.sock.recv(1 << 16)
        while data and not data.endswith(b"\0"):
            data += self.sock.recv(1 << 16)
        spent = time.perf_counter_ns() - start
        if not data:
            raise ConnectionError("the daemon closed the connection")
        return spent, self.decode(data)
