# SPDX-License-Identifier: GPL-2.0-or-later
"""oci.py - moat-runtime against the floor (the same namespaces and mounts by the same calls and nothing else) and against
crun and runc, on one bundle, in shuffled turns. Started by oci, inside a sandbox.

The unit is fork, exec and wait of a static `true`. The bundle is what `crun spec` and `runc spec` write: pid, network, ipc,
uts, mount and cgroup namespaces, seven mounts, masks, read-only paths. Where a runtime can do without a cgroup of the
container's own it is told to (crun, moat-runtime; runc cannot).

  --check         exit status 1 unless every bound is met; a row that fails is measured again, twice at most
  --quick         a few rounds, no bound, thirty containers instead of a thousand: does the benchmark still run?
  --rounds N      rounds of each row (default 40)
  --rows A,B      only these: run, seccomp, calls, exec, state, many; limit, where the memory controller is
  --markdown FILE the table as docs/BENCHMARKS.md holds it
"""
import argparse
import json
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import time

from bench import Row, machine, median, table
import world

RUN_BOUND, RUN_BESIDE_CRUN, SECCOMP_BOUND = 4.0, 0.40, 4.5
EXEC_BOUND, STATE_BOUND = 4.0, 1.6
CALLS_BOUND, PEAK_BOUND = 350, 1_500_000
MANY_BOUND = 1.3
FITS_TRIES = 5
LIMIT_BOUND = 256 * 1024
LIMITS = [64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 3072, 4096, 6144, 8192, 16384]  # KiB
SETTLE = 0.01  # seconds: the kernel takes a container's namespaces away behind its end
PROFILE = "/usr/share/containers/seccomp.json"  # podman's, as Debian's golang-github-containers-common ships it
KEPT = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
QUIET = ["nosuid", "noexec", "nodev"]
MOUNTS = [
    ("/proc", "proc", "proc", []),
    ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    ("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
    ("/dev/shm", "tmpfs", "shm", [*QUIET, "mode=1777", "size=65536k"]),
    ("/dev/mqueue", "mqueue", "mqueue", QUIET),
    ("/sys", "sysfs", "sysfs", [*QUIET, "ro"]),
    ("/sys/fs/cgroup", "cgroup", "cgroup", [*QUIET, "relatime", "ro"]),
]
MASKED = ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
          "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


def config(args, seccomp=None):
    linux = {
        "namespaces": [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount", "cgroup")],
        "maskedPaths": MASKED, "readonlyPaths": READ_ONLY,
        "resources": {"devices": [{"allow": False, "access": "rwm"}]},
    }
    if seccomp:
        linux["seccomp"] = seccomp
    return {
        "ociVersion": "1.0.2",  # crun 1.8 knows no newer one
        "process": {
            "terminal": False, "user": {"uid": 0, "gid": 0}, "args": args, "cwd": "/", "noNewPrivileges": True,
            "env": ["PATH=/bin"], "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "capabilities": {name: KEPT for name in ("bounding", "effective", "permitted")},
        },
        "root": {"path": "rootfs", "readonly": True}, "hostname": "bench",
        "mounts": [dict(zip(("destination", "type", "source", "options"), mount)) for mount in MOUNTS],
        "linux": linux,
    }


def profile():
    """The engine's profile as it hands it to a runtime: what depends on capabilities and machine is decided.
    Return: None where there is none."""
    if not os.path.exists(PROFILE):
        return None
    with open(PROFILE, encoding="utf-8") as f:
        whole = json.load(f)
    rules = []
    for rule in whole["syscalls"]:
        wanted, unwanted = rule.get("includes") or {}, rule.get("excludes") or {}
        if not set(wanted.get("caps", [])) <= set(KEPT) or set(unwanted.get("caps", [])) & set(KEPT):
            continue
        if "amd64" not in wanted.get("arches", ["amd64"]) or "amd64" in unwanted.get("arches", []):
            continue
        rules.append({key: rule[key] for key in ("names", "action", "args", "errnoRet") if rule.get(key)})
    arches = next(entry for entry in whole["archMap"] if entry["architecture"] == "SCMP_ARCH_X86_64")
    return {"defaultAction": whole["defaultAction"], "defaultErrnoRet": whole.get("defaultErrnoRet", 1),
            "architectures": [arches["architecture"], *arches["subArchitectures"]], "syscalls": rules}


def bundle_make(name, args, programs, seccomp=None):
    path = "/run/bundles/" + name
    for folder in ("bin", "proc", "sys", "dev"):
        os.makedirs("%s/rootfs/%s" % (path, folder))
    shutil.copy(programs + "/static_true", path + "/rootfs/bin/true")
    shutil.copy(shutil.which("busybox"), path + "/rootfs/bin/sleep")
    with open(path + "/config.json", "w", encoding="utf-8") as f:
        json.dump(config(args, seccomp), f, indent=2)
    return path


class Runtime:
    def __init__(self, bench, name, *argv):
        self.bench, self.name = bench, name
        self.argv = [*argv[:1], "--root", "/run/state-" + name, *argv[1:]]
        self.count = 0

    def command(self, verb, *rest):
        return [*self.argv, verb, *rest]

    def run(self, bundle="true"):
        """Return: nanoseconds of a container from nothing to its end, and of processor time"""
        return self.bench.cost(*self.command("run", "--bundle", self.bench.bundles[bundle], "b%d" % os.getpid()))

    def works(self):
        """Whether it runs a container; why not is told in the end."""
        done = subprocess.run(self.command("run", "--bundle", self.bench.bundles["true"], "try"), capture_output=True, text=True)
        if done.returncode:
            self.bench.absent.append("%s: %s" % (self.name, (done.stderr + done.stdout).strip()[-200:]))
        return done.returncode == 0


class Bench:
    def __init__(self, args):
        self.args = args
        self.rounds = 2 if args.quick else args.rounds
        self.absent = []
        self.floor = world.Floor(args.programs + "/floor", own_host=False)
        self.seccomp = profile()
        self.bundles = {"true": bundle_make("true", ["/bin/true"], args.programs),
                        "sleep": bundle_make("sleep", ["/bin/sleep", "100000"], args.programs)}
        if self.seccomp:
            self.bundles["seccomp"] = bundle_make("seccomp", ["/bin/true"], args.programs, self.seccomp)
        else:
            self.absent.append("seccomp: no " + PROFILE)
        self.moat = Runtime(self, "moat-runtime", args.runtime, "--cgroup-manager=disabled")
        peers = [Runtime(self, "crun", "crun", "--cgroup-manager=disabled"), Runtime(self, "runc", "runc")]
        if not self.moat.works():
            raise SystemExit("oci.py: " + self.absent[-1])
        self.peers = [peer for peer in peers if shutil.which(peer.name) and peer.works()]

    def cost(self, *argv):
        return self.floor.ask("cost", *argv)

    def true(self):
        return self.cost(self.args.programs + "/static_true")

    def floor_run(self):
        return self.cost(self.args.programs + "/floor_run", self.bundles["true"] + "/rootfs", "/bin/true")

    def turns(self, what):
        """what: name -> a function that returns nanoseconds, of the clock and of processors. In a new order each round.
        Return: name -> medians of both"""
        found = {name: [] for name in what}
        for i in range(self.rounds + 1):
            order = list(what)
            random.shuffle(order)
            for name in order:
                spent = what[name]()
                if i:
                    found[name].append(spent)
                time.sleep(SETTLE)
        return {name: tuple(map(median, zip(*samples))) for name, samples in found.items()}

    def rows_of(self, found, what, bound, beside=None):
        """Each in units of `true`; with beside, ours against crun's, too. Bounds are the clock's: processor time tells, beside
        other work, what of it is the waiting of the kernel for others."""
        unit, rows = found["true"], []
        for index, kind in enumerate(("", ", processor time")):
            rows.append(Row("fork, exec, wait of a static true" + kind, unit[index], "ns", samples=self.rounds))
            for name, spent in found.items():
                if name != "true":
                    bounded = bound if name == "moat-runtime" and not index else None
                    rows.append(Row("%s: %s%s" % (name, what, kind), spent[index], "ns", unit[index], "true", bounded,
                                    samples=self.rounds))
            if beside and "crun" in found:
                rows.append(Row("moat-runtime: %s, beside crun%s" % (what, kind), found["moat-runtime"][index], "ns",
                                found["crun"][index], "crun", None if index else beside, samples=self.rounds))
        return rows

    # ------------------------------------------------------------------ rows
    def measure_run(self):
        what = {"true": self.true, "floor": self.floor_run}
        for runtime in [self.moat, *self.peers]:
            what[runtime.name] = runtime.run
        return self.rows_of(self.turns(what), "run", RUN_BOUND, RUN_BESIDE_CRUN)

    def measure_seccomp(self):
        if not self.seccomp:
            return []
        what = {"true": self.true}
        for runtime in [self.moat, *self.peers]:
            what[runtime.name] = lambda runtime=runtime: runtime.run("seccomp")
        return self.rows_of(self.turns(what), "run with podman's seccomp profile", SECCOMP_BOUND)

    def measure_calls(self):
        rows = []
        if not shutil.which("strace"):
            self.absent.append("calls: no strace")
        for runtime in [self.moat, *self.peers]:
            ours = runtime is self.moat
            command = runtime.command("run", "--bundle", self.bundles["true"], "calls")
            if shutil.which("strace"):
                world.run(["strace", "-f", "-c", "-o", "/run/calls", *command])
                with open("/run/calls", encoding="utf-8") as f:
                    calls = int(re.search(r"(\d+)(?: +\d+)? total$", f.read(), re.M)[1])
                rows.append(Row("%s: system calls of a run, the container's included" % runtime.name, calls, "",
                                bound=CALLS_BOUND if ours else None, absolute=True, samples=1))
            peak, status = self.floor.ask("peak", *command)
            if status:
                raise SystemExit("oci.py: %s: status %d" % (" ".join(command), status))
            rows.append(Row("%s: peak memory of a run" % runtime.name, peak, "bytes", bound=PEAK_BOUND if ours else None,
                            absolute=True, samples=1))
        return rows

    def with_containers(self, measure):
        """measure(), while a container of each runtime sleeps."""
        running = []
        try:
            for runtime in [self.moat, *self.peers]:
                self.floor.spawn(*runtime.command("run", "--detach", "--bundle", self.bundles["sleep"], "sleeper"))
                running.append(runtime)
            return measure()
        finally:
            for runtime in running:
                self.floor.spawn(*runtime.command("delete", "--force", "sleeper"))

    def measure_exec(self):
        def measure():
            what = {"true": self.true}
            for runtime in [self.moat, *self.peers]:
                what[runtime.name] = lambda runtime=runtime: self.cost(*runtime.command("exec", "sleeper", "/bin/true"))
            return self.rows_of(self.turns(what), "exec", EXEC_BOUND)
        return self.with_containers(measure)

    def measure_state(self):
        def measure():
            what = {"true": self.true}
            for runtime in [self.moat, *self.peers]:
                what[runtime.name] = lambda runtime=runtime: self.cost(*runtime.command("state", "sleeper"))
            return self.rows_of(self.turns(what), "state", STATE_BOUND)
        return self.with_containers(measure)

    def measure_many(self):
        """The 1,000th beside the first; a hundred at once. Floor and `true` tell what the kernel has become slower by."""
        crowd, at_once = (30, 10) if self.args.quick else (999, 100)
        what = {"true": self.true, "moat-runtime": self.moat.run, "floor": self.floor_run}
        before, failed = self.turns(what), 0
        for first in range(0, crowd, at_once):
            started = [subprocess.Popen(self.moat.command("run", "--detach", "--bundle", self.bundles["sleep"], "many%d" % i),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
                       for i in range(first, min(first + at_once, crowd))]
            failed += sum(process.wait() != 0 for process in started)
        after = self.turns(what)
        for i in range(crowd):
            world.run(self.moat.command("delete", "--force", "many%d" % i))
        return [
            Row("moat-runtime: run, the first", before["moat-runtime"][0], "ns", before["true"][0], "true", samples=self.rounds),
            Row("moat-runtime: run, with %d running" % crowd, after["moat-runtime"][0], "ns", before["moat-runtime"][0], "the first",
                MANY_BOUND, samples=self.rounds),
            Row("floor: the same", after["floor"][0], "ns", before["floor"][0], "the first", samples=self.rounds),
            Row("moat-runtime: the same, processor time", after["moat-runtime"][1], "ns", before["moat-runtime"][1], "the first",
                samples=self.rounds),
            Row("floor: the same, processor time", after["floor"][1], "ns", before["floor"][1], "the first", samples=self.rounds),
            Row("moat-runtime: of these, %d at once, failed" % at_once, failed, "", bound=0, absolute=True),
        ]


    def measure_limit(self):
        """The smallest memory limit under which a container runs, as often as it is tried."""
        rows = []
        if not os.path.isdir("/sys/fs/cgroup/memory"):
            raise SystemExit("oci.py: no memory controller in this view: oci --limits")
        for runtime in [Runtime(self, "moat-runtime", self.args.runtime), Runtime(self, "crun", "crun"),
                        Runtime(self, "runc", "runc")]:
            ours = runtime.name == "moat-runtime"
            found = next((limit for limit in LIMITS if self.fits(runtime, limit * 1024)), None)
            if found:
                rows.append(Row("%s: smallest memory limit that works" % runtime.name, found * 1024, "bytes",
                                bound=LIMIT_BOUND if ours else None, absolute=True, samples=FITS_TRIES))
            elif ours:
                raise SystemExit("oci.py: no container runs under %d KiB" % LIMITS[-1])
            else:
                self.absent.append("limit: %s runs nothing under %d KiB here" % (runtime.name, LIMITS[-1]))
        return rows

    def fits(self, runtime, limit):
        name = "limit-%s-%d" % (runtime.name, limit)
        bundle = bundle_make(name, ["/bin/true"], self.args.programs)
        with open(bundle + "/config.json", encoding="utf-8") as f:
            whole = json.load(f)
        whole["linux"].update(resources={"memory": {"limit": limit}}, cgroupsPath="/" + name)
        with open(bundle + "/config.json", "w", encoding="utf-8") as f:
            json.dump(whole, f)
        return all(subprocess.run(runtime.command("run", "--bundle", bundle, "%s-%d" % (name, i)), stdin=subprocess.DEVNULL,
                                  capture_output=True).returncode == 0 for i in range(FITS_TRIES))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    parser.add_argument("--runtime", required=True)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--rows", default="run,seccomp,calls,exec,state,many")
    parser.add_argument("--markdown")
    bench = Bench(parser.parse_args())
    rows = []
    for name in bench.args.rows.split(","):
        for attempt in range(3 if bench.args.check else 1):
            found = getattr(bench, "measure_" + name)()
            if all(row.met for row in found):
                break
            if bench.args.check and attempt < 2:
                print("# %s: a bound was missed, measuring again" % name, flush=True)
        rows += found
    print("# %s, %s" % (machine(), platform.machine()))
    for line in table(rows, False).splitlines():
        print("# " + line)
    for reason in bench.absent:
        print("# not measured: " + reason)
    if bench.args.markdown:
        with open(bench.args.markdown, "w", encoding="utf-8") as f:
            f.write(table(rows, True) + "\n")
    if not bench.args.check:
        print("ok 1 - every row was measured")
        return 0
    for index, row in enumerate((row for row in rows if row.bound is not None), 1):
        print("%sok %d - %s" % ("" if row.met else "not ", index, row.what))
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
