#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podman - moat-runtime as podman 4's runtime (podman --runtime): run, exec, logs, stop and start, terminals, health checks,
# pods, pause, limits; with podman's own seccomp profile, under views of control groups of v1, both, v2, and with none.
# Storage, state and configuration are the test's own; the root is a busybox, so no image is pulled.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/cgroups.sh"
SANDBOX_CGROUPS=1
sandbox_enter "$@"
need podman conmon jq
[[ -x /bin/busybox ]] || skip "no busybox here"
podman --version | grep -q ' 4\.' || skip "not podman 4: $(podman --version)"

# podman takes off what is mounted below /sys/kernel, by the list of mounts: that of the machine, which our /sys hides, too.
umount -n /sys && awk '$5 ~ "^/sys/kernel/" { print $5 }' /proc/self/mountinfo | sort -r | xargs -r -n 1 umount -n
mount -n -t sysfs sysfs /sys || die "no /sys"

P=/run/podman-test
mkdir -p $P/{root,runroot,tmp,rootfs/{bin,etc,proc,sys,dev,tmp,run}}
cp /bin/busybox $P/rootfs/bin/
for name in sh sleep echo id tty true grep readlink hostname; do ln -s busybox $P/rootfs/bin/$name; done
# The file that is shipped, with our folder. What podman asks for by default root may not raise here.
conf() { # conf enabled|disabled [LINE OF CONTAINERS]
	sed "s|/usr/bin/moat-runtime|$MOAT_BIN_DIR/moat-runtime|" "$SANDBOX_TOP/configs/containers.conf.d/moat.conf" >$P/containers.conf
	cat >>$P/containers.conf <<-TEXT
		cgroup_manager = "cgroupfs"
		events_logger = "none"
		[containers]
		cgroups = "$1"
		log_driver = "k8s-file"
		default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
		${2-}
	TEXT
}
export CONTAINERS_CONF=$P/containers.conf
p() { timeout 60 podman --root $P/root --runroot $P/runroot --tmpdir $P/tmp --storage-driver vfs --runtime moat "$@"; }
run() { p run --network none "$@"; }
run_in() { p run -d --pod "$@"; }
field() { p inspect -f "{{.State.$2}}" "$1"; }

life() { # life VIEW
	assert_eq "$1: run" hello "$(run --rm --rootfs $P/rootfs /bin/echo hello)"
	assert_ok "$1: run -d" run -d --name c1 --rootfs $P/rootfs \
		/bin/sh -c 'echo out; echo err >&2; trap "exit 3" TERM; while :; do sleep 0.1; done'
	assert_ok "$1: logs, both streams" eventually 10 same "out err" logs_of c1
	assert_eq "$1: exec" "uid=0 gid=0" "$(p exec c1 id)"
	assert_status 7 "$1: exec's status" p exec c1 sh -c 'exit 7'
	assert_match "$1: exec -t has a terminal" '^/dev/pts/' "$(p exec -t c1 tty 2>/dev/null)"
	assert_eq "$1: the runtime is ours" moat "$(p inspect -f '{{.OCIRuntime}}' c1)"
	assert_ok "$1: stop" p stop -t 10 c1
	assert_eq "$1: ends as it says" "exited 3" "$(field c1 Status) $(field c1 ExitCode)"
	assert_ok "$1: start again" p start c1
	assert_eq "$1: runs" running "$(field c1 Status)"
	assert_ok "$1: kill" p kill -s KILL c1
	assert_ok "$1: its end is noticed" eventually 10 same 137 field c1 ExitCode
	assert_ok "$1: rm -f" p rm -f c1
}
same() { [[ $("${@:2}") == "$1" ]]; }
logs_of() { p logs "$1" 2>&1 | sort -r | paste -sd' '; }

conf disabled
cgroups_view v1
life "no groups"
assert_match "podman's own filter is laid" 'Seccomp:.2' "$(run --rm --rootfs $P/rootfs /bin/grep Seccomp: /proc/self/status)"
assert_match "a terminal" '^/dev/pts/' "$(run -t --rm --rootfs $P/rootfs /bin/tty)"
assert_match "a user, and no capability" 'uid=1000.*CapEff:.0000000000000000' "$(run --rm --user 1000:1000 --cap-drop all \
	--read-only --rootfs $P/rootfs /bin/sh -c 'id; grep CapEff /proc/self/status' | paste -sd' ')"
assert_match "a limit that cannot be raised is told" 'RLIMIT_N[A-Z]+: .*hard limit is .* may not be raised' \
	"$(run --rm --ulimit nproc=4000000:4000000 --rootfs $P/rootfs /bin/true 2>&1)"
run -d --name h --health-cmd '[ ! -e /tmp/ill ]' --health-interval disable --rootfs $P/rootfs /bin/sleep 100 >/dev/null
assert_ok "healthcheck" p healthcheck run h
p exec h sh -c 'echo >/tmp/ill'
assert_fail "that fails" p healthcheck run h
p rm -f -t 0 h >/dev/null
tar -C $P/rootfs -c . | p import - box >/dev/null 2>&1 || die "no image"
# With --rootfs podman 4 asks for a user namespace and gives no mappings for it: told, and not made up.
for file in subuid subgid; do
	echo "containers:200000:200000" >"$P/$file"
	[[ ! -e /etc/$file ]] || mount --bind "$P/$file" "/etc/$file"
done
if [[ $(cat /etc/subuid 2>/dev/null) == containers:* ]]; then
	assert_status 126 "--userns=auto with --rootfs" run --rm --userns=auto --rootfs $P/rootfs /bin/true
	assert_match "is told" "uidMappings and gidMappings" "$output"
	# With an image it does.
	assert_eq "--userns=auto: ids of its own" "0 200000 1024 uid=0 gid=0" \
		"$(run --rm --userns=auto box /bin/sh -c 'while read -r line; do echo $line; done </proc/self/uid_map; id' | xargs)"
	for name in u1 u2; do run -d --name $name --userns=auto box /bin/sleep 100 >/dev/null; done
	map_of() { p exec "$1" /bin/grep . /proc/self/uid_map | xargs; }
	assert_eq "two of them: not the same" "0 200000 1024 0 201024 1024" "$(map_of u1) $(map_of u2)"
	assert_eq "what one writes is that one's" "200000 201024" \
		"$(for name in u1 u2; do p exec $name /bin/sh -c 'echo >/tmp/f' && stat -c %u "$(p mount $name)/tmp/f"; done | xargs)"
	p rm -f -t 0 u1 u2 >/dev/null
fi
assert_ok "a pod" p pod create --name pod1 --infra=false
assert_eq "a container of it" in-pod "$(run --rm --pod pod1 --rootfs $P/rootfs /bin/echo in-pod)"
assert_ok "the pod goes" p pod rm -f pod1
# As pods usually are: a container of their own holds the namespaces, the others join them by path.
assert_ok "a pod that shares" p pod create --name pod2 --hostname podded --network none --infra-image box \
	--infra-command "/bin/sleep 1000" --share net,ipc,uts
for name in p1 p2; do
	assert_ok "$name of it" run_in pod2 --name $name box /bin/sleep 1000
done
for ns in net ipc uts; do
	shared=$(p exec p1 /bin/readlink /proc/self/ns/$ns)
	assert_match "both share $ns" "^$ns:" "$shared"
	assert_eq "in one piece" "$shared" "$(p exec p2 /bin/readlink /proc/self/ns/$ns)"
	assert_fail "which is not the host's" test "$shared" = "$(readlink /proc/self/ns/$ns)"
done
for ns in mnt pid; do
	assert_fail "$ns is each one's own" test "$(p exec p1 /bin/readlink /proc/self/ns/$ns)" = "$(p exec p2 /bin/readlink /proc/self/ns/$ns)"
done
assert_eq "one host name" "podded podded" "$(p exec p1 /bin/hostname) $(p exec p2 /bin/hostname)"
assert_ok "the pod stops" p pod stop -t 0 pod2
assert_eq "with all that is in it" "exited exited" "$(field p1 Status) $(field p2 Status)"
assert_ok "and starts" p pod start pod2
shared=$(p exec p1 /bin/readlink /proc/self/ns/net)
assert_match "anew" "^net:" "$shared"
assert_eq "in one piece again" "$shared" "$(p exec p2 /bin/readlink /proc/self/ns/net)"
assert_ok "and goes" p pod rm -f -t 0 pod2

# A v2 beside v1, as a machine that boots into v1 has it, has no controllers, so podman must not ask for its usual limit of processes.
conf enabled "pids_limit = 0"
cgroups_view v2
life v2
assert_eq "v2: nothing of its groups stays" "" "$(cgroups_left libpod- | grep -v conmon)"
conf enabled
for view in hybrid v1; do
	cgroups_view "$view"
	life "$view"
done
# Of v1: the limit is where podman says it is.
run -d --name m --memory 32m --pids-limit 20 --rootfs $P/rootfs /bin/sleep 100 >/dev/null
group=$(grep ':memory:' "/proc/$(field m Pid)/cgroup" | cut -d: -f3)
assert_eq "--memory" 33554432 "$(cat "/sys/fs/cgroup/memory$group/memory.limit_in_bytes")"
assert_ok "pause" p pause m
assert_eq "it is" paused "$(field m Status)"
assert_ok "unpause" p unpause m
assert_match "top" 'sleep' "$(p top m args)"
assert_ok "rm -f" p rm -f -t 0 m
assert_ok "its group is gone" test ! -d "/sys/fs/cgroup/memory$group"
assert_eq "nothing is left" "" "$(p ps -aq)"
finish
