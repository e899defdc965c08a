#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# supervisor_store - what moatd gives to a service manager and gets back: held namespaces over a restart
# (FDSTORE, LISTEN_FDS), and signs of life that depend on the engine. The manager is tests/lib/manager.py, the
# engine a stand-in; with systemd and real containers: tests/vm/package.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need python3 pgrep socat

libexec=/run/libexec
mkdir "$libexec"
ln -s "$MOAT_BIN_DIR/moatd-hand" "$libexec/moatd-hand"
cp "${MOAT_STAND_IN:-$MOAT_BIN_DIR/../tests/stand_in}" "$libexec/moatd-engine" || die "no stand-in: build first"
touch /run/engine.log
chmod 666 /run/engine.log
told=/run/told

said() { [[ $(grep -c -x -- "$1" "$told") -ge $2 ]]; }
count() { grep -c -x -- "$1" "$told" || true; }
moatd_pid() { sed -n 's/^pid //p' "$told" | tail -n 1; }
child() { pgrep -x -P "$(moatd_pid)" -- "$1"; }
known() { grep known /run/engine.log | tail -n 1; }

# The engine's own namespace is the "container's": it dies with it, unless somebody else holds it.
touch /run/adopt
MANAGER_EXTRA=/etc/passwd WATCHDOG_USEC=400000 "$SANDBOX_TOP/tests/lib/manager.py" "$told" \
	"$MOAT_BIN_DIR/moatd" --runtime-dir "$RT" --state-dir "$STATE" --engine-user 64999 --libexec "$libexec" \
	</dev/null >/run/moatd.log 2>&1 &
manager=$!
sandbox_keep "$manager"
eventually 10 said READY=1 1 || die "it does not get ready: $(cat /run/moatd.log)"
rm /run/adopt

assert_ok "what has no name of ours is given back" eventually 5 said FDNAME=stranger 1
assert_ok "the listening socket is given to the manager" eventually 5 said FDNAME=api 2
assert_ok "and so is a held namespace" eventually 5 said FDSTORE=1 2
name=$(sed -n 's/^FDNAME=//p' "$told" | tail -n 1)
assert_eq "under its number" 3000000000007 "$name"
assert_eq "and neither is to be polled" 2 "$(count FDPOLL=0)"
space=$(readlink "/proc/$(child moatd-engine)/ns/net")

# A restart: nobody but the manager has it meanwhile. Clients wait in the queue of the socket: none is refused.
knock() {
	local knocked=0 refused=0
	until [[ -e /run/enough ]]; do
		socat -u OPEN:/dev/null "UNIX-CONNECT:$RT/moatd.sock" || ((++refused))
		((++knocked))
	done
	echo "$knocked $refused" >/run/knocked
}
inode=$(stat -c %i "$RT/moatd.sock")
knock 2>/run/refused &
knocker=$!
sandbox_keep $knocker
: >/run/engine.log
kill -HUP "$manager"
eventually 10 said READY=1 2 || die "no second life: $(cat /run/moatd.log)"
touch /run/enough
wait $knocker
read -r knocked refused </run/knocked
assert_eq "of $knocked clients none was refused" 0 "$refused"
assert_ok "and there were some" test "$knocked" -gt 3
assert_eq "the socket is the same" "$inode" "$(stat -c %i "$RT/moatd.sock")"
assert_eq "it stopped in good order" 1 "$(count 'end 0')"
assert_eq "the hand of the next life knows it" "known 1" "$(known)"
held=$(readlink "/proc/$(child moatd-hand)/fd/"* "/proc/$(moatd_pid)/fd/"* | grep -cxF "$space")
assert_ok "it is the same, held by supervisor and hand" test "$held" -eq 2
assert_eq "the environment of the children has nothing of it" "" \
	"$(tr '\0' '\n' <"/proc/$(child moatd-hand)/environ" | grep -E 'LISTEN|NOTIFY|WATCHDOG')"

# Killed, not stopped
: >/run/engine.log
kill -KILL "$(moatd_pid)"
eventually 10 said READY=1 3 || die "no third life: $(cat /run/moatd.log)"
assert_eq "killed by SIGKILL: it is there again" "known 1" "$(known)"

# A socket that nobody reaches by its path is of no use
rm "$RT/moatd.sock"
kill -HUP "$manager"
eventually 10 said READY=1 4 || die "no fourth life: $(cat /run/moatd.log)"
assert_ok "a socket whose path is gone is made anew" socat -u OPEN:/dev/null "UNIX-CONNECT:$RT/moatd.sock"
assert_eq "and the manager has the new one" "FDNAME=api" "$(grep -A2 FDSTORE=1 "$told" | tail -n 1)"
inode=$(stat -c %i "$RT/moatd.sock")
kill -HUP "$manager"
eventually 10 said READY=1 5 || die "no fifth life: $(cat /run/moatd.log)"
assert_eq "which it gives back" "$inode" "$(stat -c %i "$RT/moatd.sock")"

# It goes for good
before=$(count FDSTOREREMOVE=1)
touch /run/release
kill -KILL "$(child moatd-engine)"
assert_ok "a namespace that goes is taken from the manager" eventually 5 said FDSTOREREMOVE=1 $((before + 1))
assert_eq "by its number" "$name" "$(sed -n 's/^FDNAME=//p' "$told" | tail -n 1)"
rm /run/release
: >/run/engine.log
kill -HUP "$manager"
eventually 10 said READY=1 6 || die "no sixth life: $(cat /run/moatd.log)"
assert_eq "and does not come back" "known 0" "$(known)"

# Signs of life
alive=$(count WATCHDOG=1)
assert_ok "signs of life come again and again" eventually 5 said WATCHDOG=1 $((alive + 5))
touch /run/deaf
sleep 1
alive=$(count WATCHDOG=1)
sleep 1
assert_eq "an engine that answers no more stops them" "$alive" "$(count WATCHDOG=1)"
rm /run/deaf
kill -KILL "$(child moatd-engine)"
assert_ok "a new engine brings them back" eventually 5 said WATCHDOG=1 $((alive + 5))

kill -TERM "$manager"
wait "$manager"
assert_eq "the manager ends" 0 $?
# What the unit allows must be what the program reckons with.
assert_eq "the unit keeps as many as the program stores" \
	"$(sed -n 's/.*NOTIFY_STORE_MAX = \([0-9]*\).*/\1/p' "$SANDBOX_TOP/netd/supervisor/notify.h")" \
	"$(sed -n 's/^FileDescriptorStoreMax=//p' "$SANDBOX_TOP/configs/systemd/moatd.service")"
finish
