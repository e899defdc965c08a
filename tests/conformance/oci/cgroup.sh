#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# moat-runtime and control groups (config-linux.md, "Control groups"), under views of hybrid, v1 and v2,
# and what of runc's commands lives by them: ps, pause, resume, update, events, kill --all.
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/cgroups.sh"
SANDBOX_CGROUPS=1
sandbox_enter "$@"
. "$(dirname "$0")/oci.sh"
bundle cg

in_memory() { cat "/sys/fs/cgroup/memory/$1/$2"; }
# eats - 64 MiB by a shell of busybox, where there is no python
eats='x=$(dd if=/dev/zero bs=1M count=64 2>/dev/null | tr "\0" x); echo ${#x}'

for view in hybrid v1; do
	cgroups_view "$view"
	config '.linux.cgroupsPath = "/pod/c1" | .linux.resources.memory = {limit: 33554432, swap: 33554432} |
		.linux.resources.pids = {limit: 20} | .linux.resources.cpu = {shares: 512, quota: 50000, period: 100000}'
	args sleep 1000
	assert_ok "$view: create" bg create c1
	assert_eq "$view: Control groups: memory.limit" 33554432 "$(in_memory pod/c1 memory.limit_in_bytes)"
	assert_eq "$view: memory.swap" 33554432 "$(in_memory pod/c1 memory.memsw.limit_in_bytes)"
	assert_eq "$view: pids.limit" 20 "$(cat /sys/fs/cgroup/pids/pod/c1/pids.max)"
	assert_eq "$view: cpu.shares, quota, period" "512 50000 100000" \
		"$(cat /sys/fs/cgroup/cpu/pod/c1/cpu.{shares,cfs_quota_us,cfs_period_us} | xargs)"
	assert_eq "$view: cgroupsPath: it is there in every hierarchy" "" \
		"$(grep -v ':/pod/c1$' "/proc/$(pid_of c1)/cgroup" | grep -v -e "^0::/$" -e ":name=moat-attack:")"
	assert_ok "$view: start" rt start c1
	assert_ok "$view: exec enters them" rt exec c1 true
	assert_eq "$view: ps, json" "[$(pid_of c1)]" "$(rt ps --format json c1)"
	assert_match "$view: ps, table" "$(pid_of c1) +sleep 1000" "$(rt ps c1)"
	assert_match "$view: devices: /dev/null is allowed" "c 1:3 rwm" "$(cat /sys/fs/cgroup/devices/pod/c1/devices.list)"
	assert_eq "$view: and not all is" "" "$(grep '^a' /sys/fs/cgroup/devices/pod/c1/devices.list)"

	assert_ok "$view: pause" rt pause c1
	assert_eq "$view: its state" paused "$(status_of c1)"
	assert_fail "$view: exec into a paused one does not hang" rt exec c1 true
	assert_match "$view: and says why" "paused" "$output"
	assert_fail "$view: pause of a paused one" rt pause c1
	assert_ok "$view: resume" rt resume c1
	assert_eq "$view: its state again" running "$(status_of c1)"
	assert_fail "$view: resume of a running one" rt resume c1

	assert_ok "$view: update by flags" rt update --memory 67108864 --memory-swap 67108864 --pids-limit 30 c1
	assert_eq "$view: they hold" "67108864 30" \
		"$(in_memory pod/c1 memory.limit_in_bytes) $(cat /sys/fs/cgroup/pids/pod/c1/pids.max)"
	assert_ok "$view: update by resources" rt update --resources - c1 <<<'{"cpu":{"shares":1024},"memory":{"limit":33554432,"swap":33554432}}'
	assert_eq "$view: they hold, too" "33554432 1024" \
		"$(in_memory pod/c1 memory.limit_in_bytes) $(cat /sys/fs/cgroup/cpu/pod/c1/cpu.shares)"
	assert_fail "$view: what is no number is refused" rt update --memory 5x c1
	assert_match "$view: events --stats as runc writes them" "^stats c1 33554432 [0-9]+ 1 30$" \
		"$(rt events --stats c1 | jq -r '[.type, .id, .data.memory.usage.limit, .data.cpu.usage.total, .data.pids.current,
			.data.pids.limit] | join(" ")')"
	assert_ok "$view: kill --all" rt kill --all c1 KILL
	eventually 5 is_status c1 stopped
	assert_ok "$view: delete" rt delete c1
	assert_eq "$view: its cgroups are gone" "" "$(find /sys/fs/cgroup -name c1)"

	# what stays limits: beyond it is killed
	assert_eq "$view: beyond the limit" "" "$(sh_inside "$eats" | grep -x 67108864)"
	config '.linux.resources.memory = {limit: 268435456}'
	assert_eq "$view: within it" 67108864 "$(sh_inside "$eats")"

	# memory that runs out is told, as go-runc reads it; with the container events ends
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	args sleep 1000
	bg run --detach c4
	OCI_PATIENCE=60 rt events --interval 60m c4 >/run/events 2>&1 &
	events=$!
	assert_ok "$view: events begins with what is used" eventually 20 grep -q '"type":"stats"' /run/events
	assert_ok "$view: memory has not run out" test "$(jq -s 'map(select(.type == "oom")) | length' /run/events)" = 0
	assert_status 137 "$view: a second process takes too much" rt exec c4 sh -c "$eats"
	told() { [[ $(jq -r 'select(.type == "oom") | .id' /run/events | uniq) == c4 ]]; }
	assert_ok "$view: which is told" eventually 20 told
	assert_eq "$view: the container goes on" running "$(status_of c4)"
	rt kill c4 KILL
	ended() { ! kill -0 "$events" 2>/dev/null; }
	assert_ok "$view: events ends with the container" eventually 20 ended
	eventually 20 is_status c4 stopped
	rt delete c4
	args sh -c "sleep 1; $eats"
	bg run --detach c4
	assert_ok "$view: and when it is the container that is killed" timeout -k 5 60 \
		"$RUNTIME" --root "$OCI_ROOT" events --interval 60m c4
	assert_match "$view: that is told" '"type": *"oom"' "$output"
	rt delete -f c4

	# the mount of type cgroup: a folder for each hierarchy, with the container's own group alone; its name as on the host
	config '.linux.cgroupsPath = "//pod/./c5/"'
	for own in '.linux.namespaces -= [{"type": "cgroup"}]' '.linux.namespaces += [{"type": "cgroup"}]'; do
		config "$own"
		args sleep 1000
		bg run --detach c5
		assert_eq "$view: cgroupsPath, written in another way" /pod/c5 "$(grep :memory: "/proc/$(pid_of c5)/cgroup" | cut -d: -f3)"
		assert_eq "$view: every hierarchy is mounted inside" "$(ls -I unified /sys/fs/cgroup)" \
			"$(rt exec c5 ls /sys/fs/cgroup | grep -v -x unified)"
		assert_eq "$view: what is seen there is its own" 33554432 "$(rt exec c5 cat /sys/fs/cgroup/memory/memory.limit_in_bytes)"
		assert_ok "$view: and nothing around it" rt exec c5 test ! -e /sys/fs/cgroup/memory/pod
		for folder in memory/x x; do
			assert_fail "$view: it is not to be written: $folder" rt exec c5 mkdir "/sys/fs/cgroup/$folder"
		done
		rt delete -f c5
	done
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) -= ["ro"]'
	assert_eq "$view: without ro it is" made "$(sh_inside 'mkdir /sys/fs/cgroup/memory/x && rmdir /sys/fs/cgroup/memory/x && echo made')"
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) += ["ro"]'
	mkdir -p /run/over && config '.mounts += [{"destination": "/sys/fs/cgroup/systemd", "source": "/run/over", "options": ["bind"]}]'
	assert_eq "$view: something else can be mounted on one of them" "" "$(inside ls /sys/fs/cgroup/systemd)"
	config 'del(.mounts[-1])'

	# "fit for purpose": a frozen or a used cgroup is an error, not a process that hangs
	config '.linux.cgroupsPath = "/pod/used" | .linux.resources = {}'
	mkdir -p /sys/fs/cgroup/memory/pod/used
	sleep 1000 &
	sandbox_keep $!
	echo $! >/sys/fs/cgroup/memory/pod/used/cgroup.procs
	# By hand, as runtimes did: it is entered, and in the end all that is in it is killed.
	sh -c 'echo $$ >/sys/fs/cgroup/memory/pod/used/cgroup.procs && exec sleep 1000' &
	sandbox_keep $!
	eventually 20 grep -x $! /sys/fs/cgroup/memory/pod/used/cgroup.procs
	xargs kill -9 </sys/fs/cgroup/memory/pod/used/cgroup.procs
	alone() { [[ -z $(</sys/fs/cgroup/memory/pod/used/cgroup.procs) ]]; }
	assert_ok "$view: who enters a used cgroup and ends it kills somebody else's processes" eventually 20 alone
	sleep 1000 &
	sandbox_keep $!
	echo $! >/sys/fs/cgroup/memory/pod/used/cgroup.procs
	refuses "$view: a cgroup with processes" "has processes" .
	assert_ok "$view: those processes live on" kill $!
	eventually 5 rmdir /sys/fs/cgroup/memory/pod/used
	mkdir -p /sys/fs/cgroup/freezer/pod/used
	echo FROZEN >/sys/fs/cgroup/freezer/pod/used/freezer.state
	rm -f /run/entered
	sh -c 'echo $$ >/sys/fs/cgroup/freezer/pod/used/cgroup.procs; : >/run/entered' &
	frozen=$!
	hangs() { [[ $(</sys/fs/cgroup/freezer/pod/used/freezer.state) == FROZEN && $(</sys/fs/cgroup/freezer/pod/used/cgroup.procs) == "$frozen" ]]; }
	assert_ok "$view: who enters a frozen cgroup stays in it" eventually 20 hangs
	kill -9 $frozen
	assert_ok "$view: and does not come on, nor even die" test ! -e /run/entered -a -d /proc/$frozen/task
	echo THAWED >/sys/fs/cgroup/freezer/pod/used/freezer.state
	wait $frozen 2>/dev/null
	assert_ok "$view: until it is thawed" test ! -d /proc/$frozen
	echo FROZEN >/sys/fs/cgroup/freezer/pod/used/freezer.state
	refuses "$view: a frozen cgroup" "frozen" .
	echo THAWED >/sys/fs/cgroup/freezer/pod/used/freezer.state
	refuses "$view: a path out of it" "cgroupsPath" '.linux.cgroupsPath = "/pod/../../x"'
	refuses "$view: a controller nobody has" "rdma" '.linux.resources.rdma = {x: {hcaHandles: 1}}'

	# without a path: only what is needed, and nothing stays
	config 'del(.linux.cgroupsPath) | .linux.resources = {devices: [{allow: false, access: "rwm"}]}'
	args sleep 1000
	assert_ok "$view: one without a path" bg run --detach c2
	assert_ok "$view: pause" rt pause c2
	assert_ok "$view: delete --force of a paused one" rt delete --force c2
	assert_eq "$view: nothing stays" "" "$(cgroups_left moat)"
	find /sys/fs/cgroup -depth -path '*/pod*' -type d -exec rmdir {} \; 2>/dev/null
done

cgroups_view v2
cgroups_leaf
config '.linux.cgroupsPath = "/pod/c3" | .linux.resources = {devices: [{allow: false, access: "rwm"}]} |
	.linux.namespaces += [{type: "cgroup"}] | .linux.namespaces |= unique'
args sleep 1000
assert_ok "v2: run" bg run --detach c3
assert_eq "v2: cgroupsPath" "0::/pod/c3" "$(grep ^0: "/proc/$(pid_of c3)/cgroup")"
assert_ok "v2: devices by a program: null is allowed" rt exec c3 sh -c ': >/dev/null'
assert_fail "v2: another node is not" rt exec c3 sh -c 'mknod /tmp/d b 7 0 && cat /tmp/d'
assert_match "v2: the container sees its own as the root" "0::/" "$(rt exec c3 cat /proc/self/cgroup)"
assert_ok "v2: and has it mounted" rt exec c3 test -e /sys/fs/cgroup/cgroup.procs
assert_fail "v2: it is not to be written" rt exec c3 mkdir /sys/fs/cgroup/x
assert_ok "v2: pause" rt pause c3
assert_eq "v2: paused" paused "$(status_of c3)"
assert_ok "v2: delete --force" rt delete --force c3
assert_eq "v2: nothing stays" "" "$(cgroups_left c3)"
# Whose it is: of the program's user, where it may write to it (config-linux.md, Cgroup ownership)
owners() { stat -c %u "/sys/fs/cgroup/pod/c3"{,/cgroup.procs,/cgroup.subtree_control,/cgroup.max.depth,/cgroup.freeze} | paste -sd ' '; }
config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}] | .linux.gidMappings = .linux.uidMappings'
bg run --detach c3
assert_eq "v2: a cgroup that is not to be written stays root's" "0 0 0 0 0" "$(owners)"
rt delete -f c3
config '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) -= ["ro"]'
bg run --detach c3
assert_eq "v2: one to be written is the program's, as far as the kernel hands it out" "100000 100000 100000 0 0" "$(owners)"
assert_ok "v2: which makes groups of its own" rt exec c3 mkdir /sys/fs/cgroup/mine
assert_fail "v2: and does not change what holds it" rt exec c3 sh -c 'echo 1 >/sys/fs/cgroup/cgroup.freeze'
rt delete -f c3
config '.process.user.uid = 7'
bg run --detach c3
assert_eq "v2: that of process.user" "100007 100007 100007 0 0" "$(owners)"
rt delete -f c3
config '.process.user.uid = 0 | .linux.namespaces -= [{"type": "cgroup"}]'
bg run --detach c3
assert_eq "v2: without a cgroup namespace of its own it stays root's" "0 0 0 0 0" "$(owners)"
rt delete -f c3
assert_eq "v2: nothing stays" "" "$(cgroups_left c3)"
refuses "v2: unified: a file nobody has" "memory.nothing" '.linux.resources.unified = {"memory.nothing": "1"}'
finish
