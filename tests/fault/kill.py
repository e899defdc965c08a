# SPDX-License-Identifier: GPL-2.0-or-later
"""kill.py MOATD-PID PROGRAM VERB [--error] [--one NAME:K] - the program is killed on entering each system call of one
request; with --error the call fails instead (EIO).

PROGRAM: engine, hand, client. VERB: attach, detach. The calls are learned from a run that is only watched; then, for
each thread, each name of a call and each of its occurrences, strace kills the thread's process there. After each:

  the daemon answers again, by itself
  an attach that was answered stands whole; one that was not stands whole or not at all; one that was refused does not
  a detach that was answered is gone; one that was not is gone or stands whole
  the same request again is answered, and then it is as if nothing had happened
  "check" finds no difference; links, addresses, routes, neighbours, FDB, nftables and sysctls of host, router and
  stack, the runtime folder, mounts and the supervisor's descriptors are as they were
  the neighbour, who pinged all the while through router and host, lost nothing

An attach that was not answered is undone where its row still says "pending", and stands where the row said "up" and
only the answer was lost: the summary counts both.
"""
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import kernelstate  # noqa: E402
from moatsock import Moat, MoatError  # noqa: E402

RUNTIME = os.environ["MOAT_RUNTIME_DIR"]
MOAT = os.path.join(os.environ["MOAT_BIN_DIR"], "moat")
STACK = "/run/netns/victim"
TRACE = "/run/sandbox/trace"
PATIENCE = 5.0  # seconds for what goes behind the answer, and for the daemon to come back
YOUNG = 1.05  # the supervisor waits before it starts children that die younger than a second again and again
QUICK_DEATHS = 3
PORT = re.compile(r"mp[0-9a-f]{12}")


class Failure(Exception):
    pass


def wait_for(what, test, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while True:
        result = test()
        if result:
            return result
        if time.monotonic() > end:
            raise Failure(what() if callable(what) else what)
        time.sleep(0.02)


class Daemon:
    def __init__(self, pid):
        self.pid = pid
        self.deaths = 0
        self.seen = None

    def child(self, name):
        """Pid of moatd-NAME, or None."""
        try:
            with open("/proc/%d/task/%d/children" % (self.pid, self.pid), encoding="ascii") as f:
                pids = f.read().split()
            for pid in pids:
                with open("/proc/%s/comm" % pid, encoding="ascii") as f:
                    if f.read().strip() == "moatd-" + name:
                        return int(pid)
        except OSError:
            pass
        return None

    def both(self):
        pids = (self.child("engine"), self.child("hand"))
        return pids if all(pids) else None

    def answers(self):
        try:
            with Moat(timeout=PATIENCE) as moat:
                moat.call("Version")
            return True
        except (OSError, MoatError):
            return False

    def rest(self):
        """Up again; and old enough that its next death does not make the supervisor wait."""
        wait_for("the daemon does not answer", self.answers, 15)
        pids = wait_for("engine and hand are not both there", self.both)
        if pids != self.seen:
            self.seen = pids
            self.deaths += 1
            if self.deaths % QUICK_DEATHS == 0:
                time.sleep(YOUNG)


def listing():
    """What lies in the runtime folder, and mounts."""
    files = []
    for folder, folders, names in os.walk(RUNTIME):
        files += [os.path.relpath(os.path.join(folder, name), RUNTIME) for name in folders + names]
    # The store's journal comes and goes.
    files = [name for name in files if not re.search(r"-(journal|wal|shm)$", name)]
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        mounts = [line.split()[4] for line in f]
    return sorted("file " + name for name in files) + sorted("mount " + name for name in mounts)


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


class World:
    """One tenant, a neighbour who stays and pings, a namespace for the endpoint that comes and goes."""

    def __init__(self, daemon):
        self.daemon = daemon
        subprocess.run(["ip", "netns", "add", "victim"], check=True)
        with Moat() as moat:
            moat.call("TenantCreate", name="red")
            moat.call("NetworkCreate", name="red/web", subnets=["10.0.0.0/24", "fd00:5::/64"])
            moat.call("EndpointAttach", network="red/web", name="neighbour", create=True, publish=["8000:80"])
            self.neighbour = moat.call("EndpointShow", name="red/neighbour")["endpoint"]
            self.router = moat.call("TenantShow", name="red")["tenant"]["routerNetns"]
        self.requests = 0
        self.ping = None
        self.before = self.after = None
        self.files = {}

    def parameters(self):
        return dict(network="red/web", name="victim", netnsFd=0, ips=["10.0.0.77", "fd00:5::77"],
                    mac="02:00:00:00:00:77", publish=["8080:80"], requestId="request-%d" % self.requests)

    def attach(self):
        fd = os.open(STACK, os.O_RDONLY)
        try:
            with Moat(timeout=10) as moat:
                return moat.call("EndpointAttach", [fd], **self.parameters())["endpoint"]
        finally:
            os.close(fd)

    @staticmethod
    def detach():
        with Moat(timeout=10) as moat:
            moat.call("EndpointDetach", name="red/victim")

    def read(self):
        places = {"host": None, "router": self.router, "victim": STACK, "neighbour": self.neighbour["netnsPath"]}
        with concurrent.futures.ThreadPoolExecutor(len(places)) as pool:
            found = list(pool.map(kernelstate.read, places.values()))
        lines = ["%s: %s" % (place, line) for place, part in zip(places, found) for line in part]
        mine = self.neighbour["hostIfname"]
        lines = [PORT.sub(lambda match: match[0] if match[0] == mine else "PORT", line) for line in lines]
        return sorted(lines)

    def learn(self):
        """The two states there are, and what lies around in each."""
        self.before = self.read()
        self.files["before"] = listing(), descriptors(self.daemon.pid)
        self.attach()
        time.sleep(0.5)
        self.after = self.read()
        self.files["after"] = listing(), descriptors(self.daemon.pid)
        if self.before == self.after:
            raise SystemExit("Bail out! an attach changes nothing that can be seen")
        self.detach()
        self.settle("before")

    def state(self):
        """'before', 'after', or what is wrong with either."""
        lines = self.read()
        if lines == self.before:
            return "before", []
        if lines == self.after:
            return "after", []
        to_before = kernelstate.difference(lines, self.before)
        to_after = kernelstate.difference(lines, self.after)
        return None, to_before if len(to_before) < len(to_after) else to_after

    def settle(self, *allowed):
        """Return: which of the allowed states it is."""
        last = []

        def test():
            name, wrong = self.state()
            last[:] = ["the state is \"%s\"" % name] if name else wrong
            return name if name in allowed else None
        return wait_for(lambda: "not \"%s\" in the kernel:\n%s" % ("\" or \"".join(allowed), "\n".join(last[:40])),
                        test)

    def clean(self, state):
        """Nothing else is left anywhere."""
        def differences():
            with Moat() as moat:
                return moat.call("Check")["differences"]
        found = differences()
        if found:
            raise Failure("check: " + "; ".join("%s %s" % (d["what"], d["object"]) for d in found[:10]))
        files, count = self.files[state]

        def files_same():
            return listing() == files
        wait_for(lambda: "files and mounts: " + ", ".join(kernelstate.difference(listing(), files)), files_same)
        wait_for(lambda: "the supervisor has %d descriptors, %d before" % (descriptors(self.daemon.pid), count),
                 lambda: descriptors(self.daemon.pid) == count)

    def ping_start(self):
        self.ping = subprocess.Popen(
            ["nsenter", "--net=" + self.neighbour["netnsPath"], "ping", "-i", "0.02", "-n", "-q", "203.0.113.80"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def ping_stop(self):
        """Return: (sent, lost)."""
        self.ping.send_signal(signal.SIGINT)
        out = self.ping.communicate(timeout=10)[0]
        match = re.search(r"(\d+) packets transmitted, (\d+) received", out)
        if not match:
            raise Failure("ping said: " + out)
        return int(match[1]), int(match[1]) - int(match[2])


class Strace:
    """strace on one thread, or on a command."""

    def __init__(self, arguments, thread=None, command=None):
        argv = ["strace", "-o", TRACE] + arguments
        if thread is not None:
            argv += ["-p", str(thread)]
        self.process = subprocess.Popen(argv + (command or []), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                        text=True)
        if thread is not None:
            line = self.process.stderr.readline()
            if "attached" not in line:
                self.process.wait()
                raise Failure("strace: " + line.strip())

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait()
        self.process.stderr.close()


def calls():
    """Names of the calls in the trace and how often each came."""
    counts = {}
    with open(TRACE, encoding="utf-8", errors="replace") as f:
        for line in f:
            match = re.match(r"(?:\d+\s+)?([a-z_0-9]+)\(", line)
            # While somebody holds RTNL, a sysctl of IPv6 is entered again and again: one place, not thousands.
            if match and "ERESTART" not in line:
                counts[match[1]] = counts.get(match[1], 0) + 1
    return counts


class Killer:
    def __init__(self, world, program, verb, error):
        self.world, self.program, self.verb = world, program, verb
        self.how = "error=EIO" if error else "signal=KILL"
        self.error = error
        self.start = "before" if verb == "attach" else "after"
        self.goal = "after" if verb == "attach" else "before"
        self.outcomes = {}
        self.fired = 0
        self.failures = []

    # ---- one request
    def prepare(self):
        self.world.requests += 1
        if self.start == "after":
            self.world.attach()
            self.world.settle("after")

    def request(self):
        """Return: "answered" with success, "refused" with an error, "lost"."""
        try:
            if self.verb == "attach":
                self.world.attach()
            else:
                self.world.detach()
            return "answered"
        except MoatError:
            return "refused"
        except OSError:
            return "lost"

    def command(self):
        if self.verb == "attach":
            return [MOAT, "attach", "red/web", "--netns", STACK, "--name", "victim", "--ip", "10.0.0.77", "--ip",
                    "fd00:5::77", "--mac", "02:00:00:00:00:77", "-p", "8080:80"]
        return [MOAT, "detach", "red/victim"]

    def threads(self):
        """Of the program as it runs now; ids in the order they were made."""
        pid = self.world.daemon.child(self.program)
        return pid, sorted(int(tid) for tid in os.listdir("/proc/%d/task" % pid))

    def run_traced(self, thread, arguments):
        """Return: (what became of the request, did it come to the call)."""
        if self.program == "client":
            strace = Strace(["-f"] + arguments, command=self.command())
            strace.process.wait()
            status = strace.process.returncode
            strace.stop()
            return "answered" if status == 0 else "lost", status != 0
        pid, tids = self.threads()
        strace = Strace(arguments, thread=tids[thread])
        answered = self.request()
        # What comes behind the answer is part of the request, too.
        end = time.monotonic() + (0.06 if self.verb == "attach" else 0.15)
        while time.monotonic() < end and strace.process.poll() is None:
            time.sleep(0.005)
        died = strace.process.poll() is not None  # it ends with whom it traces
        strace.stop()
        with open(TRACE, encoding="utf-8", errors="replace") as f:
            injected = "(INJECTED)" in f.read()
        if not died and not injected and answered != "answered":
            raise Failure("%s, although nothing happened" % answered)
        return answered, died or injected

    def finish(self, answered):
        """Back to the start, whatever came of it, and nothing may be left."""
        world = self.world
        world.daemon.rest()
        states = [self.goal] if answered == "answered" else ["before", "after"]
        if answered == "refused" and self.verb == "attach":
            states = ["before"]
        state = world.settle(*states)
        world.clean(state)
        key = answered + ", then " + {"before": "nothing stands", "after": "all stands"}[state]
        self.outcomes[key] = self.outcomes.get(key, 0) + 1
        if answered != "answered" and self.program != "client":
            # The client asks again: same request, same answer.
            if self.request() != "answered":
                raise Failure("the same request again is refused")
            world.settle(self.goal)
        world.detach()
        world.settle("before")

    # ---- all of them
    def points(self, thread):
        """(name, occurrence) of every call, from a run that nobody disturbs."""
        self.prepare()
        answered, _ = self.run_traced(thread, ["-e", "signal=none"])
        counts = calls()
        self.finish(answered)
        if answered != "answered":
            raise Failure("the undisturbed request failed")
        return [(name, k) for name in sorted(counts) for k in range(1, counts[name] + 2)]

    def kill_at(self, thread, name, k):
        """Return: did it come to that call?"""
        self.prepare()
        answered, reached = self.run_traced(
            thread, ["-e", "trace=" + name, "-e", "inject=%s:%s:when=%d" % (name, self.how, k)])
        self.fired += reached
        self.finish(answered)
        return reached

    def run(self, one=None):
        count = 1 if self.program == "client" else len(self.threads()[1])
        for thread in range(count):
            points = self.points(thread) if one is None else [one]
            print("# %s, thread %d: %d places to die at" % (self.program, thread, len(points)), flush=True)
            unreached = set()
            for name, k in points:
                if name in unreached or name in ("exit_group", "restart_syscall"):
                    continue
                # What wakes another thread (futex; the reaper's eventfd) does not fail so in any kernel.
                if self.error and (name == "futex" or (name, self.program, thread > 0) == ("write", "hand", True)):
                    continue
                try:
                    if not self.kill_at(thread, name, k):
                        unreached.add(name)
                except Failure as failure:
                    self.failures.append("%s thread %d, %s at %s number %d: %s" %
                                         (self.program, thread, self.how, name, k, failure))
                    print("# " + self.failures[-1].replace("\n", "\n#   "), flush=True)
                    if len(self.failures) >= 5:
                        return
                    self.recover()

    def recover(self):
        """After a failure: from the ground up, so that the next place is judged by itself."""
        try:
            self.world.daemon.rest()
            with Moat() as moat:
                moat.call("Check", repair=True)
            self.world.detach()
            self.world.settle("before")
        except (Failure, OSError, MoatError) as failure:
            raise SystemExit("Bail out! cannot go on: %s" % failure) from failure


def main():
    daemon = Daemon(int(sys.argv[1]))
    program, verb = sys.argv[2], sys.argv[3]
    error = "--error" in sys.argv
    one = None
    if "--one" in sys.argv:
        name, _, k = sys.argv[sys.argv.index("--one") + 1].partition(":")
        one = name, int(k)
    world = World(daemon)
    daemon.rest()
    world.learn()
    killer = Killer(world, program, verb, error)
    world.ping_start()
    started = time.monotonic()
    killer.run(one)
    sent, lost = world.ping_stop()
    for outcome in sorted(killer.outcomes):
        print("# %4d times %s" % (killer.outcomes[outcome], outcome))
    print("# %.0f s" % (time.monotonic() - started))
    failed = len(killer.failures)
    print("%sok 1 - %s at %d places of one %s of the %s: nothing lost, nothing left" %
          ("not " if failed else "", killer.how, killer.fired, verb, program))
    enough = killer.fired >= (1 if one else 10)
    print("%sok 2 - the places were reached" % ("" if enough else "not "))
    print("%sok 3 - the neighbour lost %d of %d packets meanwhile" % ("not " if lost else "", lost, sent))
    print("1..3")
    return 1 if failed or lost or not enough else 0


if __name__ == "__main__":
    sys.exit(main())
