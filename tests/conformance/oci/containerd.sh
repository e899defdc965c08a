#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# containerd - moat-runtime as containerd 1.6's runtime (ctr run --runc-binary, containerd-shim-runc-v2): run, detached,
# with terminals, exec, kill, pause, metrics, limits, events, an out of memory, the end of containerd, of the shim, and a
# root of containerd's own snapshotter; under views of control groups of v1, both, and v2. What ctr has no verb for (update)
# is asked for with the shim's own command line. No image is pulled: the root is a busybox.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/cgroups.sh"
SANDBOX_CGROUPS=1
sandbox_enter "$@"
. "$SANDBOX_TOP/tests/lib/containerd.sh"
need script python3

# With a v2 that has not the controller of --cpu-shares, whose default ctr asks for, it must not ask.
shares=()
# What the shim says to its runtime.
runtime() { timeout 20 "$MOAT_BIN_DIR/moat-runtime" --root /run/containerd/runc/default "$@"; }
event() { # TOPIC ID - it came
	grep -q -E " default $1 .*\"(container_)?id\":\"$2\"" "$CTRD/events"
}
# events_start - and wait until they come: labelling is one
events_start() {
	ctr -a $CTRD/sock events >$CTRD/events 2>&1 &
	events=$!
	sandbox_keep $events
	eventually 20 events_come || die "no events come"
}
events_come() {
	c namespaces label default "now=$EPOCHREALTIME" && [[ -s $CTRD/events ]]
}
none_left() { [[ -z $(runtime list -q)$(cgroups_left "$1") ]]; }
pty() { # COMMAND LINE of ctr - on a terminal of 33 x 99
	timeout 60 script -qec "stty rows 33 cols 99; ctr -a $CTRD/sock $1" /dev/null </dev/null 2>&1 | tr -d '\r'
	return "${PIPESTATUS[0]}"
}
loop='trap "exit 3" TERM; echo ready; while :; do sleep 0.1; done'
# it says "ready" to a file that the test reads
detached() { # OPTION... ID
	rm -f /run/out.$$
	run -d --log-uri=file:///run/out.$$ "${shares[@]}" "$@" /bin/sh -c "$loop" && eventually 20 grep -q ready /run/out.$$
}

life() { # life VIEW
	local view=$1
	events_start
	assert_eq "$view: run" hello "$(run --rm "${shares[@]}" a1 /bin/echo hello)"
	((test_failures == 0)) || die "nothing runs"
	assert_status 7 "$view: its status" run --rm "${shares[@]}" a2 /bin/sh -c 'exit 7'
	assert_ok "$view: run -d" detached b1
	assert_eq "$view: is running" RUNNING "$(task_status b1)"
	assert_eq "$view: by a process of ours" "$(runtime state b1 | jq -r .pid)" "$(task_pid b1)"
	assert_eq "$view: exec" "uid=0 gid=0" "$(c task exec --exec-id e1 b1 /bin/id)"
	assert_status 9 "$view: exec's status" c task exec --exec-id e2 b1 /bin/sh -c 'exit 9'
	assert_ok "$view: exec -d" c task exec -d --exec-id e3 b1 /bin/sleep 100
	assert_match "$view: ps has both, exec by its id" "^$(task_pid b1) .*ExecID:e3" "$(c task ps b1 | tail -n +2 | paste -sd' ')"
	assert_ok "$view: kill of an exec" c task kill --exec-id e3 -s KILL b1
	assert_ok "$view: which ends" eventually 20 event /tasks/exit b1
	assert_ok "$view: pause" c task pause b1
	assert_eq "$view: is paused" PAUSED "$(task_status b1)"
	assert_fail "$view: no exec into a paused one" c task exec --exec-id e4 b1 /bin/true
	assert_ok "$view: resume" c task resume b1
	assert_eq "$view: is running again" RUNNING "$(task_status b1)"
	assert_match "$view: metrics" 'pids' "$(c task metrics --format json b1)"
	assert_fail "$view: checkpoint" c task checkpoint b1
	assert_match "$view: is refused, by name" 'checkpoints are not supported by moat-runtime' "$output"
	assert_eq "$view: and has done nothing" RUNNING "$(task_status b1)"
	assert_ok "$view: kill" c task kill -s TERM b1
	assert_ok "$view: its end is noticed" eventually 20 task_is b1 STOPPED
	assert_match "$view: delete says its status" 'exit code 3' "$(c task rm b1 2>&1)"
	assert_ok "$view: its container" c container rm b1
	assert_ok "$view: kill --all" detached b2
	assert_ok "$view: kill --all" c task kill --all -s KILL b2
	assert_ok "$view: ends it" eventually 20 task_is b2 STOPPED
	assert_ok "$view: delete" gone b2
	for topic in create start exec-added exec-started paused resumed exit delete; do
		assert_ok "$view: event /tasks/$topic" eventually 20 event "/tasks/$topic" b1
	done
	assert_match "$view: of exit with the status" '"id":"b1".*"exit_status":3' "$(grep ' /tasks/exit ' $CTRD/events)"
	kill "$events"
	wait "$events" 2>/dev/null
	assert_eq "$view: no task is left" "" "$(c task ls -q)"
	assert_ok "$view: no container of ours, no group" eventually 20 none_left b[12]
}

# Each shim looks for itself what control groups there are.
cgroups_view v2
containerd_start
shares=(--cpu-shares=0)
life v2
shares=()
for view in v1 hybrid; do
	cgroups_view "$view"
	life "$view"
done

# A terminal: that of script is as large as we say, ctr carries it on.
assert_match "run -t has a terminal, as large as ours" '/dev/pts/0.*33 99' \
	"$(pty "run --rm -t --runc-binary $MOAT_BIN_DIR/moat-runtime --rootfs $CTR_ROOTFS t1 /bin/sh -c 'tty; until stty size | grep -x \"33 99\"; do sleep 0.1; done'" | paste -sd' ')"
pty "run --rm -t --runc-binary $MOAT_BIN_DIR/moat-runtime --rootfs $CTR_ROOTFS t2 /bin/sh -c 'exit 5'" >/dev/null
assert_eq "its status" 5 $?
assert_ok "exec -t into one without" detached t3
assert_match "exec -t has a terminal" '/dev/pts/0.*33 99' \
	"$(pty "task exec -t --exec-id e1 t3 /bin/sh -c 'tty; until stty size | grep -x \"33 99\"; do sleep 0.1; done'" | paste -sd' ')"
assert_eq "stdin of exec" from-us "$(echo from-us | timeout 60 ctr -a $CTRD/sock task exec --exec-id e2 t3 /bin/cat)"
gone t3

# Limits, where ctr says.
assert_ok "limits" detached --memory-limit=33554432 --cgroup=/place/m1 m1
memory=/sys/fs/cgroup/memory/place/m1/memory.limit_in_bytes
assert_eq "--memory-limit" 33554432 "$(cat $memory)"
assert_eq "metrics say so" 33554432 "$(c task metrics --format json m1 | jq .memory.usage.limit)"
assert_ok "update, as the shim does it" runtime --log /run/update.log --log-format json \
	update --resources - m1 <<<'{"memory":{"limit":67108864},"cpu":{"shares":512}}'
assert_eq "is in force" 67108864 "$(cat $memory)"
assert_eq "events --stats" 67108864 "$(runtime events --stats m1 | jq .data.memory.usage.limit)"
assert_eq "ps --format json" "$(task_pid m1)" "$(runtime ps --format json m1 | jq '.[0]')"
assert_status 1 "what cannot be is refused" runtime --log /run/update.log --log-format json \
	update --resources - m1 <<<'{"memory":{"limit":"much"}}'
assert_match "and told in the log" '"level": ?"error".*memory' "$(tail -n 1 /run/update.log)"
gone m1
events_start
assert_status 137 "out of memory" run --rm --memory-limit=16777216 m2 /bin/sh -c 'x=a; while :; do x=$x$x; done'
assert_ok "is an event" eventually 20 event /tasks/oom m2

# What a container is given and refused.
assert_match "containerd's own filter is laid, no new privileges" 'NoNewPrivs:.1 Seccomp:.2' \
	"$(run --rm --seccomp s1 /bin/grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | paste -sd' ')"
assert_match "privileged, read-only, environment, folder, volume" '^b /tmp vol no' "$(echo vol >/run/vol; run --rm --privileged --read-only \
	--env=A=b --cwd=/tmp --mount=type=bind,src=/run/vol,dst=/etc/vol,options=rbind:ro s2 \
	/bin/sh -c 'echo $A; pwd; cat /etc/vol; touch /x 2>/dev/null || echo no' | paste -sd' ')"
assert_match "a namespace joined" "$(stat -Lc %i /proc/self/ns/net)" "$(run --rm --with-ns=network:/proc/$$/ns/net s3 /bin/readlink /proc/self/ns/net)"
assert_fail "a program that is not there" run --rm s4 /bin/nonsuch
assert_match "is named, out of our log" 'OCI runtime create failed: /bin/nonsuch' "$output"
c container rm s4 2>/dev/null
assert_ok "the pid file" run -d --pid-file=/run/pid s5 /bin/sleep 100
assert_eq "holds the pid" "$(task_pid s5)" "$(cat /run/pid)"
gone s5

# A root of containerd's own, of an image that lies in a file.
python3 "$SANDBOX_TOP/tests/lib/ocilayout.py" /run/layout /bin/busybox dotdot
tar -C /run/layout -cf /run/image.tar .
assert_ok "an image of a file" c image import --base-name moat.test/image --digests=true /run/image.tar
image=$(c image ls -q | grep -m1 :bare)
for snapshotter in native overlayfs; do
	c image unpack --snapshotter "$snapshotter" "$image" >/dev/null 2>&1
	assert_eq "a snapshot: $snapshotter" mine "$(c run --rm --snapshotter "$snapshotter" --runc-binary "$MOAT_BIN_DIR/moat-runtime" \
		"$image" i1 /bin/sh -c 'echo mine >/new && cat /new')"
done
assert_match "a user namespace, whose root owns the root" '0 +100000 +65536 owner 0' "$(c run --rm --snapshotter native \
	--runc-binary "$MOAT_BIN_DIR/moat-runtime" --uidmap 0:100000:65536 --gidmap 0:100000:65536 "$image" i2 \
	/bin/sh -c 'cat /proc/self/uid_map; stat -c "owner %u" /bin' | paste -sd' ')"

# Whoever ends, what it held is held on, or taken back.
assert_ok "a task" detached k1
pid=$(task_pid k1)
containerd_stop KILL
assert_ok "outlives its containerd" test -d "/proc/$pid"
containerd_start
assert_eq "which finds it again" "$pid RUNNING" "$(task_pid k1) $(task_status k1)"
assert_eq "and enters it" again "$(c task exec --exec-id e1 k1 /bin/echo again)"
kill -9 "$(pgrep -f -x '.*containerd-shim-runc-v2 .*-id k1 .*')"
assert_ok "without its shim it is killed" eventually 20 test ! -d "/proc/$pid"
assert_ok "and nothing of it is left" eventually 20 none_left k1
gone k1 >/dev/null 2>&1
finish
