#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Terminals of containers: run -it, exec -it, attach-tty. What a user at a terminal sees is tried by run_tty.py.
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need python3
sandbox_mark
MOAT_RUNTIME_DIR=$RT timeout 100 python3 "$(dirname "$0")/run_tty.py" "$MOAT_BIN_DIR/moat" >/run/sandbox/lines
while IFS= read -r line; do
	case $line in
	'ok - '*) pass "${line#ok - }" ;;
	'not ok - '*) fail "${line#not ok - }" ;;
	*) note "${line#\# }" ;;
	esac
done </run/sandbox/lines
if grep -q 'much output' /run/sandbox/lines; then pass "to the end"; else fail "it ended early"; fi
eventually 3 nothing_left
assert_eq "nothing is left of any of them" "" "$(state_left)"
leftovers "no mount, no process is left"
finish
