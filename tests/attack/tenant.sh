#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tenant - an ordinary user to whom a tenant is delegated tries to keep everybody else, root too,
# from the daemon: by requests without end, by never reading an answer, by descriptors, by half
# messages on all the connections there may be. Root's changes must go on, and the daemon's memory
# and descriptors stay within bounds. What he may not do is asked for, too.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need setpriv getent /usr/bin/python3
getent passwd nobody >/dev/null || skip "no user nobody here"

sandbox_outside
start_moatd
moat tenant create red --delegate nobody && moat tenant create blue
moat network create red/web --subnet 10.0.0.0/24
moat network create blue/web --subnet 10.0.0.0/24
# Endpoints with much to tell: an answer is large.
PYTHONPATH=$SANDBOX_TOP/tests/lib /usr/bin/python3 -c '
from moatsock import Moat
for i in range(20):
    Moat().call("EndpointAttach", network="red/web", name="red/r%d" % i, create=True, labels={"text": "x" * 1000})'
assert_ok "blue attaches" moat attach blue/web --create --name b
as_nobody() { setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"; }
engine=$(moat_pids moatd-engine)
peak() { awk '/^VmHWM/ { print int($2 / 1024) }' "/proc/$engine/status"; }

# besieged ATTACK SECONDS - root changes something all the while, in a second each
besieged() {
	local attack=$1 number=0 end=$((SECONDS + $2 - 1)) slowest=0 begin spent
	echo 5 >"/proc/$engine/clear_refs" # peak starts anew
	as_nobody "$SANDBOX_TOP/tests/attack/tenant.py" "$attack" "$2" >/run/sandbox/attack 2>&1 &
	sandbox_keep $!
	sleep 0.5
	while ((SECONDS < end && number < 10)); do
		begin=${EPOCHREALTIME/./}
		timeout 10 "$MOAT_BIN_DIR/moat" attach blue/web --create --name "$attack$number" >/dev/null || slowest=99999999
		spent=$((${EPOCHREALTIME/./} - begin))
		((spent > slowest)) && slowest=$spent
		((number++))
		((slowest < 5000000)) || break
	done
	note "$attack: $number attaches, the slowest took $((slowest / 1000)) ms"
	if ((slowest < 5000000)); then pass "$attack: root attaches"; else fail "$attack: root attaches"; fi
	wait $!
	note "$attack: the engine has had $(peak) MB"
	if (($(peak) < 80)); then pass "$attack: it takes little room"; else fail "$attack: the engine grew to $(peak) MB"; fi
	assert_eq "$attack: it is the same engine" "$engine" "$(moat_pids moatd-engine)"
	grep -q Traceback /run/sandbox/attack && note "$(cat /run/sandbox/attack)"
}
besieged checks 4
# Where each connection has a limit and all of a user have none, this makes 140 MB.
besieged silent 6
besieged descriptors 3
besieged half 3
besieged long 5

assert_fail "no tenant is made" as_nobody moat tenant create green
assert_fail "no other's network" as_nobody moat network create blue/mine
assert_fail "no other's endpoint" as_nobody moat attach blue/web --create --name mine
assert_fail "nor one of the own tenant in it" as_nobody moat attach blue/web --create --name red/mine
assert_fail "no other's endpoint goes" as_nobody moat detach blue/b
assert_fail "no other's tenant goes" as_nobody moat tenant delete blue --force
assert_fail "the own neither" as_nobody moat tenant delete red --force
assert_fail "no network without guard" as_nobody moat network create red/open --no-guard
assert_fail "no stack is opened" as_nobody moat enter red/r1 -- true
assert_fail "events are not told" timeout 5 setpriv --reuid nobody --regid nogroup --clear-groups "$MOAT_BIN_DIR/moat" events
assert_fail "the host's namespace is not attached" as_nobody moat attach red/web --netns /proc/self/ns/net --name host
assert_fail "nor one of root's" as_nobody moat attach red/web --netns /run/netns/outside --name outside
assert_fail "nor a user namespace" as_nobody moat attach red/web --netns /proc/self/ns/user --name user
assert_fail "nor a file" as_nobody moat attach red/web --netns /etc/hostname --name file
assert_eq "nothing of all that stands" "" "$(moat endpoint list | grep -E 'host|outside|mine|user|file')"
assert_ok "and all is as it should be" moat check
stop_moatd
finish
