# SPDX-License-Identifier: GPL-2.0-or-later
"""cut.py MOATD-PID PROGRAM VERB [--how KILL,EIO,...] [--places N] [--one CALL:K] - a request is cut off at each system call.

PROGRAM: engine, hand, client. VERB: a row of verbs.py. The calls are learned from a run that is only watched; then, for
each thread, each name of a call and each of its occurrences, strace kills the thread's process on entering it (KILL),
or lets the call fail with the error that --how names. After each:

  the daemon answers again, by itself
  a request that was answered has done all; one that was not, all or nothing; one that was refused, nothing
  the same request again is answered, and then it is as if nothing had happened
  "check" finds no difference; the model tells one of the two states; the runtime folder, mounts and the supervisor's
  descriptors are as they were; and, at every LOOK-th place and at the end, so are links, addresses, routes,
  neighbours, FDB, nftables and sysctls of host, router and stacks, as ip, bridge and nft tell them
  the neighbour, who pinged all the while through router and host, lost nothing

What is left behind stays there until it is seen: so a look at every LOOK-th place misses none, only the place.
--places N takes that many places of each thread, evenly spread, other ones for each way (the quick form).
"""
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import kernelstate  # noqa: E402
from moatsock import Moat, MoatError  # noqa: E402
from verbs import VERBS, VICTIM, ask  # noqa: E402

RUNTIME = os.environ["MOAT_RUNTIME_DIR"]
TRACE = "/run/sandbox/trace"
PINGED = "/run/sandbox/pinged"
# an emulated processor, or one that many share: waits are so many times as long
SLOWER = max(float(os.environ.get("MOAT_SLOWER", "1")), min(20, 1 + os.getloadavg()[0] / os.cpu_count()))
PATIENCE = 5.0 * SLOWER  # seconds for what goes behind the answer, and for the daemon to come back
YOUNG = 1.05  # the supervisor waits before it starts children that die younger than a second again and again
QUICK_DEATHS = 3
LOOK = 8
# What is another one each time it is made: ids, and what is made of them.
CHANGING = (("ID", re.compile(r"(?<=\bm[a-z])[0-9a-f]{12}|\b(?:[0-9a-f]{4})?[0-9a-f]{12}\b")),
            ("MARK", re.compile(r"(?<=[ \[])\d{8,10}(?=[],])")),  # of a network, made of its id
            ("MAC", re.compile(r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b")),
            ("LL", re.compile(r"\bfe80::[0-9a-f:]+")),
            ("TRANSIT", re.compile(r"\b(?:10\.97|10\.111|172\.29|192\.168)(?:\.\d+){2}\b|"
                                   r"\bfd[0-9a-f:]+:ffff:[0-9a-f:]*")))
LISTS = (("TenantList", "tenants"), ("NetworkList", "networks"), ("StackList", "stacks"),
         ("EndpointList", "endpoints"), ("PublishList", "ports"), ("LabList", "labs"))


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

    def __init__(self, daemon, verb):
        self.daemon, self.verb, self.pair = daemon, verb, verb.pair
        subprocess.run(["ip", "netns", "add", "victim"], check=True)
        with Moat() as moat:
            moat.call("TenantCreate", name="red")
            moat.call("NetworkCreate", name="red/web", subnets=["10.0.0.0/24", "fd00:5::/64"])
            moat.call("EndpointAttach", network="red/web", name="neighbour", create=True, publish=["8000:80"])
            self.neighbour = moat.call("EndpointShow", name="red/neighbour")["endpoint"]
            self.router = moat.call("TenantShow", name="red")["tenant"]["routerNetns"]
            if self.pair.setup:
                self.pair.setup(moat, self)
        self.requests = 0
        self.ping = self.ping_log = None
        self.known = set()
        self.states = {}
        self.files = {}

    def go(self, state):
        """By the pair's undisturbed request."""
        answered, error = ask(self.pair.forth if state == "after" else self.pair.back, self)
        if answered != "answered":
            raise Failure("the undisturbed request to \"%s\" was %s: %s" % (state, answered, error))

    def plain(self, lines):
        """Without what is another one each time."""
        for word, pattern in CHANGING:
            lines = [pattern.sub(lambda match, word=word: match[0] if match[0] in self.known else word, line)
                     for line in lines]
        return sorted(lines)

    def model(self):
        with Moat(timeout=PATIENCE) as moat:
            found = {key: moat.call(method)[key] for method, key in LISTS}
        return ["%s %s" % (key, json.dumps(row, sort_keys=True)) for key, rows in found.items() for row in rows]

    def kernel(self):
        places = {"host": None, "router": self.router, "victim": VICTIM, "neighbour": self.neighbour["netnsPath"]}
        with concurrent.futures.ThreadPoolExecutor(len(places)) as pool:
            found = list(pool.map(kernelstate.read, places.values()))
        return ["%s: %s" % (place, line) for place, part in zip(places, found) for line in part]

    def read(self, look):
        """What the model tells, and with @look what the kernel has."""
        return {"model": self.plain(self.model()), "kernel": self.plain(self.kernel()) if look else None}

    def learn(self):
        """The two states there are, and what lies around in each."""
        if self.verb.pair.forth_repairs:
            self.go("after")
        lines = self.model() + self.kernel()
        self.known = {match for _, pattern in CHANGING for line in lines for match in pattern.findall(line)}
        self.known |= {"02:00:00:00:00:77", "02:00:00:00:00:78", "02:00:00:00:00:79"}
        for state in ("after", "before"):
            self.go(state)
            # addresses of IPv6 get their routes behind everything else, later on a busy machine
            have = None
            while have != self.states.get(state) or have is None:
                self.states[state] = have
                time.sleep(0.5)
                have = self.read(True)
            self.files[state] = listing(), descriptors(self.daemon.pid)
        if self.states["before"] == self.states["after"]:
            raise SystemExit("Bail out! the request changes nothing that can be seen")

    def settle(self, allowed, look):
        """Return: which of the allowed states it is."""
        last = []

        def test():
            try:
                have, nearest = self.read(look), None
            except OSError:  # it died behind the answer, later than expected
                last[:] = ["the daemon does not answer"]
                return None
            for name in allowed:
                want = self.states[name]
                wrong = [line for part in have if have[part] is not None and have[part] != want[part]
                         for line in kernelstate.difference(have[part], want[part])]
                if not wrong:
                    return name
                if nearest is None or len(wrong) < len(nearest):
                    nearest = wrong
            last[:] = nearest
            return None
        return wait_for(lambda: "not \"%s\":\n%s" % ("\" or \"".join(allowed), "\n".join(last[:40])), test)

    def clean(self, state):
        """Nothing else is left anywhere."""
        if not (self.pair.forth_repairs and state == "before"):
            last = []

            def agrees():
                try:
                    with Moat() as moat:
                        last[:] = moat.call("Check")["differences"]
                except OSError:  # it died behind the answer, later than expected
                    self.daemon.rest()
                    return False
                return not last
            wait_for(lambda: "check: " + "; ".join("%s %s" % (d["what"], d["object"]) for d in last[:10]), agrees)
        files, count = self.files[state]
        want = self.plain(files), count

        def now():
            return self.plain(listing()), descriptors(self.daemon.pid)
        wait_for(lambda: "files and mounts: %s; the supervisor has %d descriptors, %d before" %
                 (", ".join(kernelstate.difference(now()[0], want[0])), now()[1], count), lambda: now() == want)

    def ping_start(self):
        # a file: a pipe that nobody reads is full after a thousand answers, and ping waits
        self.ping_log = open(PINGED, "w", encoding="ascii")
        self.ping = subprocess.Popen(
            ["nsenter", "--net=" + self.neighbour["netnsPath"], "ping", "-i", "0.02", "-n", "203.0.113.80"],
            stdout=self.ping_log, stderr=subprocess.STDOUT)

    def ping_stop(self):
        """Return: (sent, lost); what was under way when it was stopped is neither."""
        self.ping.send_signal(signal.SIGINT)
        self.ping.wait(timeout=10)
        self.ping_log.close()
        with open(PINGED, encoding="ascii") as f:
            out = f.read()
        got = {int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", out)}
        if not got:
            raise Failure("ping said: " + out[-300:])
        return max(got), max(got) - len(got)


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


def trace():
    with open(TRACE, encoding="utf-8", errors="replace") as f:
        return f.read()


def calls():
    """Names of the calls in the trace and how often each came."""
    counts = {}
    for line in trace().splitlines():
        match = re.match(r"(?:\d+\s+)?([a-z_0-9]+)\(", line)
        # While somebody holds RTNL, a sysctl of IPv6 is entered again and again: one place, not thousands.
        if match and "ERESTART" not in line:
            counts[match[1]] = counts.get(match[1], 0) + 1
    return counts


class Cutter:
    def __init__(self, world, program, verb, how):
        self.world, self.program, self.verb = world, program, verb
        self.error = how != "KILL"
        self.how = "error=" + how if self.error else "signal=KILL"
        self.outcomes = {}
        self.fired = self.taken = 0
        self.failures = []

    # ---- one request
    def prepare(self):
        self.world.requests += 1
        if self.verb.start == "after" or self.world.pair.forth_repairs:
            self.world.go(self.verb.start)

    def threads(self):
        """Of the program as it runs now; ids in the order they were made."""
        pid = self.world.daemon.child(self.program)
        return pid, sorted(int(tid) for tid in os.listdir("/proc/%d/task" % pid))

    def run_traced(self, thread, arguments):
        """Return: (what became of the request, did it come to the call)."""
        if self.program == "client":
            strace = Strace(["-f"] + arguments, command=self.verb.command())
            strace.process.wait()
            status = strace.process.returncode
            strace.stop()
            return "answered" if status == 0 else "lost", status != 0
        _, tids = self.threads()
        strace = Strace(arguments, thread=tids[thread])
        answered, error = self.verb.request(self.world)
        # What comes behind the answer is part of the request, too; the call that is cut off need not be waited for any more.
        # Where it was not answered something must have happened: on a busy machine strace comes to say so later.
        end = time.monotonic() + (20 if answered != "answered" else (0.06 if self.verb.is_forth else 0.15) * min(SLOWER, 4))
        while time.monotonic() < end and strace.process.poll() is None and "(INJECTED)" not in trace():
            time.sleep(0.005)
        died = strace.process.poll() is not None  # it ends with whom it traces
        strace.stop()
        text = trace()
        injected, died = "(INJECTED)" in text, died or "+++" in text
        if not died and not injected and answered != "answered":
            raise Failure("%s, although nothing happened: %s" % (answered, error))
        return answered, died or injected

    def finish(self, answered, look):
        """Back to the start, whatever came of it, and nothing may be left."""
        world, verb = self.world, self.verb
        world.daemon.rest()
        states = [verb.goal] if answered == "answered" else ["before", "after"]
        # a removal that was refused may have been done all the same, and so may a repair
        if answered == "refused" and verb.is_forth and not world.pair.forth_repairs:
            states = ["before"]
        state = world.settle(states, look)
        world.clean(state)
        key = answered + ", then " + ("done" if state == verb.goal else "as before")
        self.outcomes[key] = self.outcomes.get(key, 0) + 1
        if answered != "answered" and self.program != "client":
            # The client asks again: same request, same answer.
            again, error = verb.request(world)
            if again != "answered" and not (state == verb.goal and error and error.code in verb.again):
                raise Failure("the same request again is %s: %s" % (again, error))
            world.settle([verb.goal], False)
        if not world.pair.forth_repairs:
            world.go("before")
            world.settle(["before"], False)

    # ---- all of them
    def points(self, thread):
        """(name, occurrence) of every call, from a run that nobody disturbs."""
        self.prepare()
        answered, _ = self.run_traced(thread, ["-e", "signal=none"])
        counts = calls()
        self.finish(answered, True)
        if answered != "answered":
            raise Failure("the undisturbed request failed")
        return [(name, k) for name in sorted(counts) for k in range(1, counts[name] + 2)]

    def cut_at(self, thread, name, k):
        """Return: did it come to that call?"""
        self.prepare()
        answered, reached = self.run_traced(
            thread, ["-e", "trace=" + name, "-e", "inject=%s:%s:when=%d" % (name, self.how, k)])
        self.fired += reached
        self.taken += 1
        self.finish(answered, self.taken % LOOK == 0)
        return reached

    def possible(self, thread, name):
        """
        Does the call fail so in any kernel? Nobody's wakening of another thread does; what is not closed stays open; and brk(2)
        tells of failure by the old end: the C library takes a number of an error for an address.
        """
        if name in ("exit_group", "restart_syscall"):
            return False
        if not self.error:
            return True
        return name not in ("futex", "close", "munmap", "brk") and (name, self.program, thread > 0) != ("write", "hand", True)

    def run(self, places, first, one):
        """places: so many of each thread, or 0 for all; first: which of them begins."""
        count = 1 if self.program == "client" else len(self.threads()[1])
        for thread in range(count):
            points = [p for p in (self.points(thread) if one is None else [one]) if self.possible(thread, p[0])]
            every = max(1, len(points) // places) if places else 1
            chosen = points[first % every::every]
            print("# %s, thread %d: %d of %d places" % (self.program, thread, len(chosen), len(points)), flush=True)
            unreached = set()
            for name, k in chosen:
                if name in unreached:
                    continue
                try:
                    if not self.cut_at(thread, name, k):
                        unreached.add(name)
                except Failure as failure:
                    self.failures.append("%s thread %d, %s at %s number %d: %s" %
                                         (self.program, thread, self.how, name, k, failure))
                    print("# " + self.failures[-1].replace("\n", "\n#   "), flush=True)
                    if len(self.failures) >= 5:
                        return
                    self.recover()
        # and what any place left behind is seen now
        try:
            self.prepare()
            self.finish(self.verb.request(self.world)[0], True)
            self.world.settle(["before"], not self.world.pair.forth_repairs)
        except Failure as failure:
            self.failures.append("at the end: %s" % failure)
            print("# " + self.failures[-1].replace("\n", "\n#   "), flush=True)

    def recover(self):
        """After a failure: from the ground up, so that the next place is judged by itself."""
        try:
            self.world.daemon.rest()
            with Moat() as moat:
                moat.call("Check", repair=True)
            self.world.go("before")
            self.world.settle(["before"], True)
        except (Failure, OSError, MoatError) as failure:
            raise SystemExit("Bail out! cannot go on: %s" % failure) from failure


def option(name):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else None


def main():
    daemon = Daemon(int(sys.argv[1]))
    program, word = sys.argv[2], sys.argv[3]
    verb, places, one = VERBS[word], int(option("--places") or 0), option("--one")
    if one:
        name, _, k = one.partition(":")
        one = name, int(k)
    world = World(daemon, verb)
    daemon.rest()
    world.learn()
    world.ping_start()
    started = time.monotonic()
    number = reached = 0
    good = True
    for turn, how in enumerate((option("--how") or "KILL").split(",")):
        cutter = Cutter(world, program, verb, how)
        cutter.run(places, turn * 3 + 1, one)
        for outcome in sorted(cutter.outcomes):
            print("# %4d times %s" % (cutter.outcomes[outcome], outcome))
        number += 1
        reached += cutter.fired
        failed = bool(cutter.failures)
        good = good and not failed
        print("%sok %d - %s at %d places of one %s of the %s: nothing lost, nothing left" %
              ("not " if failed else "", number, cutter.how, cutter.fired, word, program))
    sent, lost = world.ping_stop()
    print("# %.0f s" % (time.monotonic() - started))
    print("%sok %d - places were reached" % ("" if reached else "not ", number + 1))
    print("%sok %d - the neighbour lost %d of %d packets meanwhile" % ("not " if lost else "", number + 2, lost, sent))
    print("1..%d" % (number + 2))
    return 0 if good and reached and not lost else 1


if __name__ == "__main__":
    sys.exit(main())
