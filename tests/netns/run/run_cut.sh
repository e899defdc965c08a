#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Containers whose client or shim is killed, a hundred of them at once, and one that is started again
# without a daemon.
# The shells inside shall expand what is in single quotes.
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need python3 curl
sandbox_mark

# ------------------------------------------------------------ cut off
"$MOAT_BIN_DIR/moat" run --name k -- sleep 1000 &
client=$!
# Of a client that is lost before its container has started nothing is left: the shim hears of the start a moment after it.
started() { eventually 10 moat exec k -- pgrep -x sleep >/dev/null && sleep 0.3; }
started
kill -KILL "$client"
wait "$client" 2>/dev/null
gone() { [[ -z $(pgrep -x sleep) && -z $(pgrep -x moat-shim) ]]; }
if eventually 1 gone; then pass "with its client a foreground container goes"; else fail "it runs on" "$(ps ax)"; fi
assert_match "as killed" "exited \(137\)" "$(moat ps -a)"
moat rm k >/dev/null
"$MOAT_BIN_DIR/moat" run --rm --name k -- sleep 1000 &
client=$!
eventually 10 moat exec k -- true
kill -KILL "$client"
wait "$client" 2>/dev/null
if eventually 1 nothing_left; then pass "one with --rm without a trace"; else fail "left" "$(state_left)"; fi
moat run -d --rm --name k1 -- sleep 1000 >/dev/null
moat run -d --name k2 -- sleep 1000 >/dev/null
pkill -KILL -x moat-shim -P 1
if eventually 1 gone; then pass "with its shim a container goes"; else fail "it runs on" "$(ps ax)"; fi
assert_match "and the next command finds it so" "default/k2 .*exited \(137\)" "$(moat ps -a)"
assert_eq "one with --rm not at all" "" "$(moat ps -a | grep k1)"
assert_ok "the name is free" moat run --rm --name k1 -- true
assert_ok "it starts again" moat restart k2
assert_ok "and runs" moat exec k2 -- true
moat rm -f k2 >/dev/null

# ------------------------------------------------------------ many at once
pids=() failures=0
for i in $(seq 100); do
	"$MOAT_BIN_DIR/moat" run --rm --name "p$i" -- sh -c 'cut -c12-22 /proc/self/uid_map' >>/run/sandbox/maps &
	pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || ((++failures)); done
assert_eq "a hundred at once" 0 "$failures"
assert_eq "all with ids" 100 "$(wc -l </run/sandbox/maps)"
pids=()
for i in $(seq 20); do
	moat run -d --name "q$i" -- sleep 1000 >/dev/null &
	pids+=($!)
done
wait "${pids[@]}"
assert_eq "twenty that live at once share no ids" 20 "$(moat ps --json | python3 -c '
import json, sys
print(len({c["idBase"] for c in json.load(sys.stdin)["containers"]}))')"
assert_ok "and go" moat rm -f $(seq -f 'q%g' 20)
eventually 3 nothing_left
assert_eq "nothing is left of them" "" "$(state_left)$(ls "$RT/containers/.ids")"

# ------------------------------------------------------------ restart, without a daemon
moat run -d --name r -- sh -c 'echo run >>/var/lib/count; wc -l </var/lib/count; sleep 1000' >/dev/null
eventually 5 sh -c '[ "$(moat logs r)" = 1 ]'
assert_ok "again" moat restart r
eventually 5 sh -c '[ "$(moat logs r | tail -1)" = 2 ]'
assert_eq "its files stay" "1 2" "$(moat logs r | xargs)"
moat rm -f r >/dev/null
leftovers "no mount, no process is left"
finish
