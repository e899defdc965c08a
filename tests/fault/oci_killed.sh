#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# oci_killed - moat-runtime killed (SIGKILL), or a system call of it failing, in the middle of create, start, exec, delete and run:
# nothing runs on, and the next command takes back what is left. At points spread over the whole of each; of run and exec also
# over what the container's process does before it executes the program: all of the mounts and what privilege is given up.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
. "$(dirname "$0")/../conformance/oci/oci.sh"
exec 2>&1
need strace
bundle killed
args sleep 1000

# all_calls OPTION... - of a whole run, with those of the container's process
all_calls() {
	strace -f -qq -c -o /run/all "$RUNTIME" --root "$OCI_ROOT" "$@" run k </dev/null >/dev/null 2>&1 || return 1
	awk '$NF == "total" { print $4 }' /run/all
}
args true
rt run k # the folder of containers is there
count=$(all_calls --cgroup-manager disabled)
note "a run without a cgroup of its own: $count system calls"
assert_ok "a run takes no more system calls than it needs" test "$count" -gt 100 -a "$count" -le "${OCI_CALLS:-390}"
args sleep 1000

# calls COMMAND... - the system calls the runtime itself makes, one a line: the name, and how many of it there were by
# then (that is how strace counts). What seal.c starts anew counts on; strace's own execve is none that it could cut off.
calls() {
	strace -qq -o /run/calls "$RUNTIME" --root "$OCI_ROOT" "$@" </dev/null >/dev/null 2>&1
	sed -n 's/^\([a-z_0-9]*\)(.*/\1/p' /run/calls | awk '{ print $1, ++n[$1] }' | grep -v -E '^exit|^execve 1$'
}
# calls_inside COMMAND... - the same of those it starts, until they execute a program. How often a thread yields is the scheduler's.
calls_inside() {
	strace -f -qq -o /run/calls "$RUNTIME" --root "$OCI_ROOT" "$@" </dev/null >/dev/null 2>&1
	awk 'NR == 1 { main = $1 }
		{ pid = $1; sub(/^[0-9]+ +/, "") }
		pid != main && !over[pid] && /^[a-z_0-9]+\(/ {
			name = $0; sub(/\(.*/, "", name)
			if (name ~ /^exec/) over[pid] = 1
			else if (name !~ /^(exit|sched_yield)/ && !told[name, ++n[pid, name]]++) print name, n[pid, name] }' /run/calls
}
# some N - of the lines, N or so, spread
some() { awk -v n="$1" '{ line[NR] = $0 } END { step = NR > n ? NR / n : 1; for (i = 1; i <= NR; i += step) print line[int(i)] }'; }
# cut_at HOW NAME COUNT COMMAND... - HOW is signal=KILL or error=EIO
cut_at() {
	local how=$1 name=$2 when=$3
	shift 3
	# With follow=1 in those it starts, too: strace counts for each by itself.
	# A shell between, for its word of who was killed.
	bash -c '"$@" </dev/null >/run/cut.out 2>&1; exit $?' cut timeout -k 2 60 strace ${follow:+-f} -qq -o /dev/null -e "trace=$name" \
		-e "inject=$name:$how:when=$when" "$RUNTIME" --root "$OCI_ROOT" "$@" 2>/dev/null
}
alone() { ! pgrep -x moat-runtime && ! pgrep -x sleep; }
# What is left may be abandoned (list takes it back), or a container that is whole: then it can be deleted. A child that has
# not run yet holds its folder's lock until it follows its parent: then a second list takes it.
taken_back() {
	rt list
	for id in $(rt list -q); do
		rt delete -f "$id" || return 1
	done
	[[ -z $(ls "$OCI_ROOT") ]]
}
tidy() { eventually 3 taken_back && eventually 3 alone; }
bad='' killed=0
calls create k | some "${OCI_CUTS:-40}" >/run/create
rt delete -f k
assert_ok "create makes calls enough" test "$(wc -l </run/calls)" -gt 100
while read -r name when; do
	cut_at signal=KILL "$name" "$when" create k
	((killed += $? == 137))
	tidy || bad+=" $name:$when"
done </run/create
assert_eq "killed in create: nothing is left" "" "$bad"
assert_ok "it was killed, each time or almost" test "$killed" -ge $(($(wc -l </run/create) * 9 / 10))
bad='' silent='' failed=0
while read -r name when; do
	# A close(2) that fails has closed all the same, one that strace lets fail has not: nobody would read an end of file.
	[[ $name != mmap && $name != brk && $name != mprotect && $name != arch_prctl && $name != execve && $name != close ]] || continue
	if cut_at error=EIO "$name" "$when" create k; then
		[[ $(status_of k) == created ]] || silent+=" $name:$when"
	else
		((failed++))
		[[ -s /run/cut.out ]] || silent+=" $name:$when"
	fi
	tidy || bad+=" $name:$when"
done </run/create
assert_eq "a call of create fails: nothing is left" "" "$bad"
assert_eq "and it is said, or the container is whole" "" "$silent"
assert_ok "many of those are failures" test "$failed" -ge 10
bg create k
calls start k | some "${OCI_CUTS:-8}" >/run/start
rt delete -f k
running() { bg create k && rt start k && eventually 5 is_status k running; }
running
calls exec k true >/run/exec.all
some "${OCI_CUTS:-12}" </run/exec.all >/run/exec
# Of a command that does not end these are not reached: it is waited for before.
sed -n '/^rt_sigtimedwait /,$p' /run/exec.all >/run/exec.behind
rt delete -f k
ended() { bg create k && rt kill k KILL && eventually 5 is_status k stopped; }
ended
calls delete k | some "${OCI_CUTS:-8}" >/run/delete
# libc's own start; and a close(2) that fails has closed all the same, one that strace lets fail has not: nobody would read an end of file
unsuited() { [[ $1 == mmap || $1 == brk || $1 == mprotect || $1 == arch_prctl || $1 == execve || $1 == close ]]; }
# said - one line of ours that names what failed
said() { grep -qE '^moat-runtime: [^ ].*' /run/cut.out; }

bad='' killed=0
while read -r name when; do
	bg create k
	cut_at signal=KILL "$name" "$when" start k
	((killed += $? == 137))
	# It is created or running, and either way it can be killed and deleted.
	[[ $(status_of k) =~ ^(created|running)$ ]] || bad+=" $name:$when:$(status_of k)"
	tidy || bad+=" $name:$when"
done </run/start
assert_eq "killed in start: the container is created or running" "" "$bad"
bad='' failed=0
while read -r name when; do
	! unsuited "$name" || continue
	bg create k
	if cut_at error=EIO "$name" "$when" start k; then
		[[ $(status_of k) == running ]] || bad+=" $name:$when:not_running"
	else
		((failed++))
		said || bad+=" $name:$when:silent"
	fi
	tidy || bad+=" $name:$when"
done </run/start
assert_eq "a call of start fails: it says so, or the container runs" "" "$bad"

# A command beside the container's own: whatever happens to it, the container lives, and it alone
processes() { pgrep -x sleep | wc -l; }
bad='' killed_exec=0 failed=0
running
while read -r name when; do
	if grep -qx "$name $when" /run/exec.behind; then
		((++killed_exec))
	else
		cut_at signal=KILL "$name" "$when" exec k sleep 700
		((killed_exec += $? == 137))
	fi
	is_status k running || bad+=" $name:$when:$(status_of k)"
	# one that began lives as long as it likes, in the container: no other does
	rt exec k sh -c 'for p in /proc/[0-9]*; do [ "$(cat $p/cmdline 2>/dev/null)" != sleep700 ] || kill -9 ${p#/proc/}; done'
	eventually 5 test "$(pgrep -c -x moat-runtime)" = 0 || bad+=" $name:$when:runtime"
	eventually 5 sh -c '[ "$(pgrep -c -x sleep)" = 1 ]' || bad+=" $name:$when:$(processes)"
	! unsuited "$name" || continue
	if ! cut_at error=EIO "$name" "$when" exec k true; then
		((failed++))
		said || bad+=" $name:$when:silent"
	fi
	is_status k running || bad+=" $name:$when:$(status_of k):error"
done </run/exec
assert_eq "killed in exec, or a call of it fails: the container runs on, alone; a failure is said" "" "$bad"
assert_ok "it was killed, each time or almost" test "$killed_exec" -ge $(($(wc -l </run/exec) * 3 / 4))
assert_ok "some of those are failures" test "$failed" -ge 1
assert_ok "what it leaves is taken by delete" tidy

bad=
while read -r name when; do
	ended
	cut_at signal=KILL "$name" "$when" delete k
	((killed += $? == 137))
	tidy || bad+=" $name:$when"
	! unsuited "$name" || continue
	ended
	if cut_at error=EIO "$name" "$when" delete k; then
		[[ ! -e $OCI_ROOT/k ]] || bad+=" $name:$when:there"
	else
		said || bad+=" $name:$when:silent"
	fi
	tidy || bad+=" $name:$when:error"
done </run/delete
assert_eq "killed in delete, or a call of it fails: the next one finishes it" "" "$bad"
assert_ok "both were killed" test "$killed" -ge 14

# `run`, which says that the program may start before it hears that all is ready: what is killed before it waits leaves a
# container that is written down, or none.
args true
sed '/^rt_sigtimedwait /,$d' <<<"$(calls run k)" | some "${OCI_CUTS:-10}" >/run/run
args sleep 1000
bad='' killed=0
while read -r name when; do
	cut_at signal=KILL "$name" "$when" run k
	((killed += $? == 137))
	tidy || bad+=" $name:$when"
done </run/run
assert_eq "killed in run: what runs is known, and nothing is left" "" "$bad"
assert_ok "it was killed, each time or almost" test "$killed" -ge $(($(wc -l </run/run) * 9 / 10))
args true
bad='' failed=0
while read -r name when; do
	! unsuited "$name" || continue
	if ! cut_at error=EIO "$name" "$when" run k; then
		((failed++))
		said || bad+=" $name:$when:silent"
	fi
	tidy || bad+=" $name:$when"
done </run/run
assert_eq "a call of run fails: it says so, or does without; nothing is left" "" "$bad"
assert_ok "many of those are failures" test "$failed" -ge 3
# By the container's process itself: of run, then of exec
calls_inside run k | some "${OCI_CUTS:-24}" >/run/inside
assert_ok "the container's process makes calls enough" test "$(wc -l </run/inside)" -ge 24
follow=1 bad='' killed=0 failed=0
while read -r name when; do
	cut_at signal=KILL "$name" "$when" run k || ((++killed))
	tidy || bad+=" $name:$when"
	! unsuited "$name" || continue
	if ! cut_at error=EIO "$name" "$when" run k; then
		((++failed))
		said || bad+=" $name:$when:silent"
	fi
	tidy || bad+=" $name:$when:error"
done </run/inside
assert_eq "the container's process killed, or a call of it fails: it is said, and nothing is left" "" "$bad"
assert_ok "it was killed, each time" test "$killed" -eq "$(wc -l </run/inside)"
assert_ok "and most failures are failures" test "$failed" -ge $(($(wc -l </run/inside) / 3))
args sleep 1000
running
calls_inside exec k true | some "${OCI_CUTS:-12}" >/run/inside
bad='' failed=0
while read -r name when; do
	for how in signal=KILL error=EIO; do
		[[ $how == signal=KILL ]] || ! unsuited "$name" || continue
		if ! cut_at $how "$name" "$when" exec k true; then
			[[ $how == signal=KILL ]] || said || bad+=" $name:$when:silent"
			((++failed))
		fi
		is_status k running || bad+=" $name:$when:$(status_of k):$how"
		eventually 5 sh -c '[ "$(pgrep -c -x sleep)$(pgrep -c -x moat-runtime)" = 10 ]' || bad+=" $name:$when:left:$how"
	done
done </run/inside
follow=
assert_eq "one of exec killed, or a call of it fails: the container runs on, alone; a failure is said" "" "$bad"
assert_ok "most of those are failures" test "$failed" -ge "$(wc -l </run/inside)"
assert_ok "nothing is left of it" tidy
args true
# Which writes the state down, too
output=$(timeout 60 strace -f -qq -o /dev/null -e trace=renameat -e inject=renameat:error=EIO "$RUNTIME" --root "$OCI_ROOT" run k 2>&1)
assert_match "a state that cannot be written" "write state.json" "$output"
assert_ok "and nothing of it is left" tidy
finish
