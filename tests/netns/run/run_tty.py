#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run_tty - `moat run -it`, `exec -it` and `attach-tty` at a terminal of the test's own.

usage: run_tty.py MOAT          (inside a sandbox, MOAT_RUNTIME_DIR set)

Prints "ok - TEXT" or "not ok - TEXT" lines; the exit status is 1 when one is not ok.
"""
import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

MOAT = sys.argv[1]
PATIENCE = 20
failures = 0


def told(ok, text, context=""):
    global failures
    print(("ok" if ok else "not ok") + f" - {text}")
    if not ok:
        failures += 1
        for line in str(context).splitlines():
            print(f"# {line}")


def equal(want, got, text):
    told(want == got, text, f"expected: {want!r}\ngot:      {got!r}")


class Terminal:
    """A pty whose other end is the controlling terminal of a program of ours, as of a shell's user."""

    def __init__(self, *command, rows=33, columns=101):
        self.master, self.slave = pty.openpty()
        self.seen = ""
        self.size(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.execv(command[0], command)

    def size(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode("latin-1"))

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, pattern):
        """Reads on until it was shown; what is behind it stays for the next time. None: it was not."""
        end = time.monotonic() + PATIENCE
        while True:
            match = re.search(pattern, self.seen)
            if match:
                self.seen = self.seen[match.end():]
                return match
            if time.monotonic() > end:
                return None
            self.read(0.1)

    def wait(self):
        """The program's exit status, or 128 and its signal."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.read(0):
                    pass
                return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        return None

    def restored(self):
        """Are modes as they were? A killed client's are put back by somebody else, a moment later."""
        end = time.monotonic() + PATIENCE
        while termios.tcgetattr(self.slave) != self.before and time.monotonic() < end:
            time.sleep(0.01)
        return termios.tcgetattr(self.slave) == self.before

    def raw(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON


def moat(*args):
    run = subprocess.run([MOAT, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         check=False, timeout=60)
    return run.returncode, run.stdout.strip()


def a_session():
    t = Terminal(MOAT, "run", "--rm", "-it", "--name", "t", "--", "sh")
    told(t.expect(r"# "), "a shell asks", t.seen)
    told(t.raw(), "our terminal is in raw mode meanwhile")
    t.type("stty size; tty; echo $TERM\r")
    told(t.expect(r"33 101\r\n/dev/pts/0\r\nxterm\r\n"), "its terminal is its own, of our size", t.seen)
    t.size(20, 60)
    t.type("stty size\r")
    told(t.expect(r"20 60\r\n"), "and follows ours", t.seen)
    t.type("trap 'echo caught' INT; sleep 100\r")
    time.sleep(0.3)
    t.type("\x03")
    told(t.expect(r"caught\r\n"), "ctrl-c goes in", t.seen)
    t.type("python3 -c 'import fcntl, termios; fcntl.ioctl(0, termios.TIOCSTI, b\"x\")' 2>&1 | grep -o 'Operation not permitted'\r")
    told(t.expect(r"Operation not permitted\r\n"), "nothing is pushed back into it (TIOCSTI)", t.seen)
    t.type("\x10\x10\x7f\x7fexit 7\r")
    equal(7, t.wait(), "its status is ours; ctrl-p alone is a key like others")
    told(t.restored(), "and our terminal as it was")
    t = Terminal(MOAT, "run", "--rm", "-it", "-u", "nobody", "--", "sh", "-c", "echo again >/dev/stdout; stat -c %U $(tty)")
    told(t.expect(r"again\r\nnobody\r\n"), "a user may open its terminal again", t.seen)
    equal(0, t.wait(), "and is done")


def detached():
    t = Terminal(MOAT, "run", "-it", "--name", "d", "--", "sh", "-c", "while read x; do echo got $x; done; exit 5")
    t.type("one\r")
    told(t.expect(r"got one\r\n"), "it reads lines", t.seen)
    t.type("\x10\x11")
    equal(0, t.wait(), "ctrl-p ctrl-q let go of it")
    told(t.restored(), "and give our terminal back")
    told("running" in moat("ps")[1], "it runs on", moat("ps")[1])
    a = Terminal(MOAT, "attach-tty", "d")
    a.type("two\r")
    told(a.expect(r"got two\r\n"), "attach-tty has it again", a.seen)
    b = Terminal(MOAT, "attach-tty", "d")
    b.type("three\r")
    told(b.expect(r"got three\r\n"), "who comes takes it", b.seen)
    told(a.wait() is not None and a.restored(), "from whom it was", a.seen)
    told("taken" in a.seen, "who is told so", a.seen)
    os.kill(b.pid, signal.SIGKILL)
    equal(137, b.wait(), "a reader that is killed")
    told(b.restored(), "leaves its terminal as it was")
    told("running" in moat("ps")[1], "and does no harm to the container", moat("ps")[1])
    c = Terminal(MOAT, "attach-tty", "d")
    c.type("four\r")
    told(c.expect(r"got four\r\n"), "whose terminal is free", c.seen)
    c.type("\x04")
    equal(5, c.wait(), "its end is told to the reader")
    told(c.restored(), "whose terminal is as it was")
    log = moat("logs", "d")[1]
    told(all(f"got {n}" in log for n in ("one", "two", "three", "four")), "the log has all of it", log)
    equal("5", moat("wait", "d")[1], "wait tells its status, too")
    status, text = moat("attach-tty", "d")
    equal(125, status, "one that does not run has no terminal")
    moat("rm", "d")


def executed():
    moat("run", "-d", "--name", "e", "--", "sleep", "1000")
    t = Terminal(MOAT, "exec", "-it", "e", "--", "sh")
    told(t.expect(r"# "), "exec -it: a shell asks", t.seen)
    t.type("stty size; tty\r")
    told(t.expect(r"33 101\r\n/dev/pts/0\r\n"), "a terminal of the container's, of our size", t.seen)
    t.size(25, 77)
    t.type("stty size; exit 9\r")
    told(t.expect(r"25 77\r\n"), "it follows ours", t.seen)
    equal(9, t.wait(), "its status")
    told(t.restored(), "our terminal as it was")
    t = Terminal(MOAT, "exec", "-it", "e", "--", "sh", "-c", "echo ready; sleep 100")
    t.expect("ready")
    os.kill(t.pid, signal.SIGKILL)
    told(t.wait() == 137 and t.restored(), "also when we are killed")
    t = Terminal(MOAT, "exec", "-t", "e", "--", "sh", "-c", "seq 20000 | tail -1; test -t 1 && echo yes")
    told(t.expect(r"20000\r+\nyes\r+\n"), "-t alone", t.seen)
    equal(0, t.wait(), "is done")
    status, text = moat("attach-tty", "e")
    equal(125, status, "attach-tty needs a terminal")
    t = Terminal(MOAT, "attach-tty", "e")
    equal(125, t.wait(), "also the container")
    told("without -t" in t.seen, "and says so", t.seen)
    moat("rm", "-f", "e")


def killed():
    t = Terminal(MOAT, "run", "--rm", "-it", "--name", "k", "--", "sh", "-c", "echo ready; sleep 1000")
    told(t.expect("ready"), "one that will lose its client", t.seen)
    os.kill(t.pid, signal.SIGKILL)
    equal(137, t.wait(), "killed")
    told(t.restored(), "our terminal is as it was")
    t = Terminal(MOAT, "run", "--rm", "-it", "--", "sh", "-c", "trap 'exit 4' TERM; echo ready; while :; do sleep 0.05; done")
    t.expect("ready")
    os.kill(t.pid, signal.SIGTERM)
    equal(4, t.wait(), "a signal to the client reaches the command")
    told(t.restored(), "our terminal is as it was")
    t = Terminal(MOAT, "run", "--rm", "-it", "--", "/nosuch")
    equal(127, t.wait(), "one that cannot start")
    told(t.restored(), "leaves it, too")
    for command in (("run", "--rm", "-it", "--", "true"), ("exec", "-it", "x", "--", "true")):
        status, text = moat(*command)
        equal(125, status, f"{command[0]} -it without a terminal is refused")
        told("no terminal" in text, "and told why", text)
    equal((0, "/dev/pts/0"), moat("run", "--rm", "-t", "--", "tty"), "-t alone needs none")
    t = Terminal(MOAT, "run", "--rm", "-it", "--", "sh", "-c", "seq 200000 | md5sum; seq 200000")
    t.expect(r"\n199999\r\n200000\r\n")
    equal(0, t.wait(), "much output comes out whole, and is the last thing")


a_session()
detached()
executed()
killed()
sys.exit(failures > 0)
