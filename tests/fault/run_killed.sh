#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `moat run --rm --network` killed along its whole way: the client, its shim, the container's first
# process, each at every RUN_KILLED_STEP-th of its system calls; or a call fails there (EIO). The next command must find nothing:
# no container, endpoint, process, id range, mount.
. "$(dirname "$0")/../lib/sandbox.sh"
. "$(dirname "$0")/../lib/container.sh"
sandbox_enter "$@"
need strace python3
# moat looks for its shim beside itself: here that is strace around it, without or with its children.
wrapped=/run/sandbox/bin
mkdir $wrapped
cp "$MOAT_BIN_DIR/moat" $wrapped/moat
cat >$wrapped/moat-shim <<-END
	#!/bin/sh
	exec strace \$SHIM_STRACE "$MOAT_BIN_DIR/moat-shim" "\$@"
END
cat >$wrapped/moat-files <<-END
	#!/bin/sh
	exec strace \$FILES_STRACE "$MOAT_BIN_DIR/moat-files" "\$@"
END
chmod +x $wrapped/moat-shim $wrapped/moat-files
sandbox_outside
sandbox_mark
start_moatd
moat tenant create red >/dev/null
moat network create red/web --subnet 10.0.0.0/24 >/dev/null

run=(run --rm --name k --network red/web -- /bin/true)
# points FILE [PID] [STEP] [ALWAYS] - "NAME K" of every step-th call in a trace, and of each that ALWAYS matches: the Kth of
# that name, by which strace counts
points() {
	awk -v pid="${2-}" -v step="${3:-${RUN_KILLED_STEP:-7}}" -v always="${4:-^$}" '
		pid != "" { if ($1 != pid) next; sub(/^[0-9]+ +/, "") }
		/^[a-z0-9_]+\(/ { name = $0; sub(/\(.*/, "", name); seen[name]++
			if ((++n % step == 0 || $0 ~ always) && name !~ /^exit|^execve$/) print name, seen[name] }' "$1"
}
# Dying takes a process a moment: the first command behind that finds what it left.
swept() {
	moat ps >/dev/null
	what=$(state_left; moat endpoint list -q; pgrep -ax moat-shim; pgrep -ax moat-init; ls "$RT/containers/.ids" 2>/dev/null)
	[[ -z $what ]]
}
# kill_along WHO POINTS - one run for each point
kill_along() {
	local who=$1 name count status killed=0 tried=0 left=''
	while read -r name count; do
		status=0
		rm -f /run/sandbox/trace
		if [[ $who == client ]]; then
			{
				strace -o /run/sandbox/trace -e trace="$name" -e inject="$name:signal=KILL:when=$count" \
					"$MOAT_BIN_DIR/moat" "${run[@]}" >/run/sandbox/out 2>&1
			} 2>/dev/null || status=$? # the shell's word about the kill
		else
			SHIM_STRACE="-o /run/sandbox/trace -e trace=$name -e inject=$name:signal=KILL:when=$count $3" \
				$wrapped/moat "${run[@]}" >/run/sandbox/out 2>&1 || status=$?
		fi
		((++tried))
		((status == 0)) || ((++killed))
		if ! eventually 5 swept; then
			left="killed at $name, call $count: $what"
			break
		fi
	done <"$2"
	if [[ -z $left ]]; then pass "$who: nothing is left ($tried runs)"; else fail "$who" "$left"; fi
	# Behind its last word to the client, the shim's death is nobody's failure.
	if ((killed * 10 > tried * 8)); then pass "$who: $killed of them failed"; else fail "$who: only $killed of $tried failed"; fi
}

# fail_along WHO POINTS - the same with a call that fails: the command is done, or one line says what failed
fail_along() {
	local who=$1 name count status failed=0 tried=0 left=''
	while read -r name count; do
		# libc's own start, memory and randomness, without which we abort; close, which closes whatever it answers but here
		# and waitid, of a child that is there: what it does not tell counts as killed, 137
		[[ $name != close && $name != waitid && $name != getrandom && $name != mmap && $name != brk && $name != mprotect && $name != arch_prctl && $name != munmap ]] || continue
		status=0
		if [[ $who == client ]]; then
			timeout -k 2 30 strace -o /run/sandbox/trace -e trace="$name" -e inject="$name:error=EIO:when=$count" \
				"$MOAT_BIN_DIR/moat" "${run[@]}" >/run/sandbox/out 2>&1 || status=$?
		else
			SHIM_STRACE="-o /run/sandbox/trace -e trace=$name -e inject=$name:error=EIO:when=$count" \
				timeout -k 2 30 $wrapped/moat "${run[@]}" >/run/sandbox/out 2>&1 || status=$?
		fi
		((++tried))
		((status == 0)) || ((++failed))
		# The loader, which reads libraries before there is a program, has words of its own.
		((status == 0)) || grep -q -E '^moat: .* failed: |: error while loading shared libraries: .*: ' /run/sandbox/out ||
			left+="$name, call $count: status $status, not said why: $(</run/sandbox/out)"$'\n'
		eventually 5 swept || left+="$name, call $count: $what"$'\n'
	done <"$2"
	if [[ -z $left ]]; then pass "$who: a call fails: it is said, and nothing is left ($tried runs)"; else fail "$who: a call fails" "$left"; fi
	if ((failed > 0)); then pass "$who: $failed of them failed"; else fail "$who: none of $tried failed"; fi
}

strace -o /run/sandbox/client "$MOAT_BIN_DIR/moat" "${run[@]}" || die "the client cannot be traced"
SHIM_STRACE='-f -o /run/sandbox/shim' $wrapped/moat "${run[@]}" || die "the shim cannot be traced"
eventually 5 grep -q 'exited with' /run/sandbox/shim
first=$(awk '{ print $1; exit }' /run/sandbox/shim)
second=$(awk -v first="$first" '$1 != first { print $1; exit }' /run/sandbox/shim)
points /run/sandbox/client >/run/sandbox/client.points
points /run/sandbox/shim "$first" >/run/sandbox/shim.points
points /run/sandbox/shim "$second" >/run/sandbox/container.points
kill_along client /run/sandbox/client.points
kill_along shim /run/sandbox/shim.points ''
kill_along container /run/sandbox/container.points -f
# Each call of the registry of id ranges, and each word to another, too: a range stayed taken, an endpoint was left, and two
# waited for each other for ever.
words='"[.]ids/|^(sendto|sendmsg|recvmsg)[(]'
points /run/sandbox/client '' "${RUN_KILLED_STEP:-7}" "$words" >/run/sandbox/client.points
points /run/sandbox/shim "$first" "$((${RUN_KILLED_STEP:-7} * 2))" "$words" >/run/sandbox/shim.points
fail_along client /run/sandbox/client.points
fail_along shim /run/sandbox/shim.points
assert_ok "the name is free" moat "${run[@]}"

# ------------------------------------------------------------ without a network: the stack alone is asked for
with_network=("${run[@]}")
run=(run --rm --name red/k -- /bin/true)
stacks() { PYTHONPATH=$SANDBOX_TOP/tests/lib python3 -c 'from moatsock import Moat; print(*(s["name"] for s in Moat().call("StackList")["stacks"]))'; }
SHIM_STRACE='-o /run/sandbox/shim' $wrapped/moat "${run[@]}" || die "the shim cannot be traced"
eventually 5 grep -q 'exited with' /run/sandbox/shim
points /run/sandbox/shim '' 1000000 '^(sendto|sendmsg|recvmsg|connect)[(]' >/run/sandbox/shim.points
kill_along shim /run/sandbox/shim.points ''
fail_along shim /run/sandbox/shim.points
assert_eq "no stack is left of it" "" "$(stacks)"
# Somebody else's of that name was there before: whatever becomes of the run, it stays.
moat attach red/web --create --name k >/dev/null
left=''
while read -r name count; do
	for run in "run --rm --name red/k -- /bin/true" "${with_network[*]}"; do
		for how in signal=KILL error=EIO; do
			# shellcheck disable=SC2086
			SHIM_STRACE="-o /run/sandbox/trace -e trace=$name -e inject=$name:$how:when=$count" \
				timeout -k 2 30 $wrapped/moat $run >/run/sandbox/out 2>&1
			moat ps >/dev/null
			[[ $(moat endpoint list -q) == *red/k:eth0* ]] || left+="$how at $name $count of $run: the other stack is gone"$'\n'
		done
	done
done </run/sandbox/shim.points
if [[ -z $left && -s /run/sandbox/shim.points ]]; then pass "another's stack of that name stays"; else fail "another's stack" "$left"; fi
moat detach red/k >/dev/null

# ------------------------------------------------------------ with a terminal
run=(run --rm -t --name k --network red/web -- /bin/true)
SHIM_STRACE='-f -o /run/sandbox/shim' $wrapped/moat "${run[@]}" || die "the shim cannot be traced"
eventually 5 grep -q 'exited with' /run/sandbox/shim
points /run/sandbox/shim "$(awk '{ print $1; exit }' /run/sandbox/shim)" 23 >/run/sandbox/shim.points
kill_along shim /run/sandbox/shim.points ''

# ------------------------------------------------------------ while it rests, or starts again by its policy
SHIM_STRACE='-o /run/sandbox/shim' $wrapped/moat run -d --name k --network red/web --restart on-failure:2 -- /bin/false >/dev/null ||
	die "the shim cannot be traced"
moat wait red/k >/dev/null
moat rm red/k >/dev/null
points /run/sandbox/shim '' 41 >/run/sandbox/again.points
left='' tried=0
while read -r name count; do
	SHIM_STRACE="-o /run/sandbox/trace -e trace=$name -e inject=$name:signal=KILL:when=$count" \
		$wrapped/moat run -d --name k --network red/web --restart on-failure:2 -- /bin/false >/run/sandbox/out 2>&1
	((++tried))
	eventually 10 sh -c "! pgrep -x moat-shim"
	# Started or not, it is removed at the first word.
	if ! moat rm -f red/k >/run/sandbox/out 2>&1 || ! eventually 5 swept; then
		left="killed at $name, call $count: $what $(cat /run/sandbox/out)"
		break
	fi
done </run/sandbox/again.points
if [[ -z $left && $tried -gt 0 ]]; then pass "one that restarts: rm -f leaves nothing ($tried runs)"; else fail "one that restarts" "$left"; fi

# ------------------------------------------------------------ of an image
if command -v busybox >/dev/null && command -v python3 >/dev/null; then
	export MOAT_STATE_DIR=$STATE
	layout=/run/sandbox/layout
	python3 "$SANDBOX_TOP/tests/lib/ocilayout.py" $layout "$(command -v busybox)" device
	run=(run --rm --name k --network red/web --image "$layout:bare" -- /bin/true)
	if FILES_STRACE='-o /run/sandbox/files' SHIM_STRACE=' ' $wrapped/moat "${run[@]}" 2>/run/sandbox/err; then
		points /run/sandbox/files '' 37 >/run/sandbox/files.points
		left='' tried=0
		while read -r name count; do
			rm -rf "$STATE"/images/sha256-*
			FILES_STRACE="-o /run/sandbox/trace -e trace=$name -e inject=$name:signal=KILL:when=$count" \
				$wrapped/moat "${run[@]}" >/run/sandbox/out 2>&1
			((++tried))
			if ! moat "${run[@]}" || ! eventually 5 swept || [[ -n $(find "$STATE/images" -name '.new-*') ]]; then
				left="killed at $name, call $count: $what"
				break
			fi
		done </run/sandbox/files.points
		if [[ -z $left && $tried -gt 0 ]]; then pass "unpacking: the next one finds nothing half ($tried runs)"; else fail "unpacking" "$left"; fi
	else
		note "SKIP images: $(cat /run/sandbox/err)"
	fi
fi
assert_ok "all is in order" moat check
moat tenant delete red --force >/dev/null
stop_moatd
leftovers
finish
