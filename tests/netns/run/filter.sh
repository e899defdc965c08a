#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The default system call filter as the kernel has it: every number, of x86_64 and x32, and the calls whose arguments
# count, asked of the kernel in a container and compared with docs/SECCOMP.md (filter_walk.c). tests/unit/filter_calls.c
# does the same with the compiled program.
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"

mkdir /run/sandbox/walk /run/sandbox/vol
cp "$MOAT_BIN_DIR/../tests/filter_walk" "$MOAT_SOURCE_DIR/docs/SECCOMP.md" /run/sandbox/walk
walk() { moat run --rm "$@" -v /run/sandbox/walk:/walk:ro -- /walk/filter_walk /walk/SECCOMP.md; }
said="[0-9]+ calls, 0 wrong"
walk >/run/sandbox/out
status=$?
((status != 77)) || skip "$(</run/sandbox/out)"
assert_match "each call is answered as the document says" "^$said" "$(</run/sandbox/out)"
assert_match "by exec, too" "^$said" "$(moat run -d --name keep -v /run/sandbox/walk:/walk:ro -- sleep 1000 >/dev/null
	moat exec keep -- /walk/filter_walk /walk/SECCOMP.md)"
moat rm -f keep >/dev/null
assert_match "of a user, too" "^$said" "$(walk -u 1000)"
# The test can fail: what is asked for is another answer.
assert_match "a group that was asked for differs, in its own calls alone" "^call 321 .*: 3999, not 1
[0-9]+ calls, 1 wrong" "$(walk --security-opt allow=bpf)"
assert_match "no filter differs in all that are refused" "calls, [0-9]{3,} wrong" "$(walk --security-opt seccomp=unconfined)"
if moat run --rm -v /run/sandbox/vol:/vol -- true 2>/dev/null; then
	assert_match "with a volume that may be written" "^$said" "$(moat run --rm -v /run/sandbox/walk:/walk:ro -v /run/sandbox/vol:/vol -- \
		/walk/filter_walk /walk/SECCOMP.md volumes)"
else
	note "SKIP volumes to be written: this kernel cannot map their ids"
fi
eventually 3 nothing_left
assert_eq "nothing is left of any of them" "" "$(state_left)"
finish
