#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# publish_many - many thousand published ports: one more costs what it cost at first, a check and a restart find
# every one of them, and the list says when it is too long. MOAT_PUBLISH_MANY="5 64 1000" makes 320,000.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
output=
here=$(dirname "$0")
many=${MOAT_PUBLISH_MANY:-2 8 1000}
[[ ${MOAT_VM:-0} != 1 ]] || many="2 2 50"
read -r tenants endpoints ports <<<"$many"
count=$((tenants * endpoints * ports))
sandbox_outside
start_moatd
# shellcheck disable=SC2086 # words
assert_ok "$count ports are published, and one more costs what it did" /usr/bin/python3 -B "$here/publish_many.py" $many
note "$output"
timed() { # MESSAGE COMMAND...
	local message=$1 start=${EPOCHREALTIME/./}
	shift
	assert_status 0 "$message" "$@"
	note "$message: $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
}
timed "check is clean" moat check
kill -KILL "$(moat_pids moatd-engine)"
ready() { [[ $(grep -c 'moatd: ready' "$MOATD_LOG") -ge 2 ]]; }
start=${EPOCHREALTIME/./}
assert_ok "killed, the engine is back" eventually 300 ready
note "back after $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
timed "all of them stand" moat check
if ((count > 100000)); then
	assert_status 4 "all of them are too many for one list" moat publish list
	assert_match "which says so" "$count ports are published; one list holds" "$output"
else
	assert_eq "the list has them all" "$((count + 1))" "$(moat publish list | wc -l)"
fi
timed "an endpoint of $ports ports is detached" moat detach t0/e0
for ((t = 0; t < tenants; t++)); do moat tenant delete t$t --force || die "tenant delete"; done
SANDBOX_PATIENCE=30 leftovers
finish
