#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The life of a container by its verbs: kill, wait, inspect, stop, restart, and what --restart does by itself. Without a
# daemon, so that it is plain that none of it depends on one.
# The shells inside shall expand what is in single quotes.
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need python3
sandbox_mark

# of NAME KEY - a number or word from inspect
of() { moat inspect "$1" | grep -oP "\"$2\":\K(\"[^\"]*\"|[^,}]*)" | tr -d '"'; }
status_is() { [[ $(of "$1" status) == "$2" ]]; }
logged() { [[ $(moat logs "$1" | wc -l) -ge $2 ]]; }
shims() { pgrep -x moat-shim | wc -l; }

# ------------------------------------------------------------ kill, wait
moat run -d --name k -- sh -c 'trap "echo usr1" USR1; trap "exit 3" HUP; echo ready; while :; do sleep 0.05; done' >/dev/null
eventually 5 logged k 1
assert_ok "a signal by name" moat kill -s SIGUSR1 k
assert_ok "reaches the command" eventually 5 logged k 2
assert_status 2 "one that is none is refused" moat kill -s FLY k
assert_status 2 "STOP, too: pause is for that" moat kill -s STOP k
"$MOAT_BIN_DIR/moat" wait k >/run/sandbox/status &
waiter=$!
assert_ok "another, by number" moat kill -s 1 k
wait "$waiter"
assert_eq "who waits is told with what it ended" 3 "$(cat /run/sandbox/status)"
assert_eq "also afterwards" 3 "$(moat wait k)"
assert_status 4 "what does not run gets no signal" moat kill k
assert_status 3 "nor what is not there" moat kill nosuch
assert_status 3 "nobody waits for that" moat wait nosuch
assert_status 3 "nor tells of it" moat inspect nosuch
as_nobody() { setpriv --reuid nobody --regid nogroup --clear-groups -- "$MOAT_BIN_DIR/moat" "$@"; }
assert_status 4 "an ordinary user sees no containers" as_nobody ps
assert_match "and is told why" "^moat: ps failed: $RT/containers: containers are root's" "$output"
assert_status 125 "nor makes any" as_nobody run --rm -- true
moat run -d --rm --name r -- sleep 1000 >/dev/null
"$MOAT_BIN_DIR/moat" wait r >/run/sandbox/status &
waiter=$!
# until it is heard: a name that goes meanwhile would be told as that
eventually 5 sh -c "ls -l /proc/$waiter/fd 2>/dev/null | grep -q socket"
sleep 0.3
assert_ok "KILL" moat kill r
wait "$waiter"
assert_eq "one with --rm, too, is waited for" 137 "$(cat /run/sandbox/status)"
assert_eq "several, in their order" "3 3" "$(moat wait k k | xargs)"
assert_eq "as JSON" '{"containers":[{"name":"default/k","exitCode":3}]}' "$(moat wait --json k | tr -d ' ')"
moat rm k >/dev/null

# ------------------------------------------------------------ inspect
moat run -d --name i -e A=b -w /usr --cap-drop ALL --cap-add NET_ADMIN --tmpfs /opt --restart on-failure:4 -- sleep 1000 >/dev/null
assert_eq "inspect: what was asked for" "['sleep', '1000'] ['A=b'] /usr ['cap_net_admin'] ['/opt'] {'policy': 'on-failure', 'times': 4}" \
	"$(moat inspect i | python3 -c 'import json, sys
config = json.load(sys.stdin)["config"]
print(*(config[key] for key in ("command", "env", "workdir", "capabilities", "tmpfs", "restart")))')"
assert_eq "its process" sleep "$(cat "/proc/$(pgrep -P "$(of i pid)")/comm")"
assert_eq "its shim" moat-shim "$(cat "/proc/$(of i shimPid)/comm")"
told=$(grep -oE '^\*[a-zA-Z*, ]+\*$|\*[a-zA-Z]+\* ?[,(]?' "$SANDBOX_TOP/docs/man/moat-inspect.1.scd" | grep -oE '[a-zA-Z]+' | sort -u)
assert_eq "every key is told of by moat-inspect(1)" "" "$(moat inspect i | python3 -c 'import json, sys
doc = json.load(sys.stdin)
print(*sorted({*doc, *doc["config"], *doc["config"]["restart"]} - set(sys.argv[1].split())))' "$told")"
moat rm -f i >/dev/null

# ------------------------------------------------------------ restart by policy
for policy in never on-failure: on-failure:x always:3 on-failure:-1; do
	assert_status 125 "--restart $policy is refused" moat run -d --restart "$policy" -- true
done
assert_status 125 "with --rm, too" moat run -d --rm --restart always -- true
moat run -d --name f --restart on-failure:3 -- sh -c 'echo run; exit 5' >/dev/null
assert_eq "on-failure:3 waits for the last" 5 "$(moat wait f)"
assert_eq "four runs, three of them again" "4 3 exited" "$(moat logs f | wc -l) $(of f restartCount) $(of f status)"
moat rm f >/dev/null
moat run -d --name f --restart on-failure -- sh -c 'echo run; [ -e /tmp/second ] || { touch /tmp/second; exit 1; }' >/dev/null
assert_eq "a failure is mended in the same files" "0 2" "$(moat wait f) $(moat logs f | wc -l)"
moat rm f >/dev/null
moat run -d --name f --restart on-failure -- true >/dev/null
assert_eq "what did not fail is left" "0 0" "$(moat wait f) $(of f restartCount)"
moat rm f >/dev/null
moat run -d --name a --restart always -- sh -c 'readlink /proc/self/ns/net; cut -c12-22 /proc/self/uid_map; exit 0' >/dev/null
assert_ok "always" eventually 10 logged a 8
assert_eq "in the same stack, with the same ids" 2 "$(moat logs a | sort -u | wc -l)"
rests() { status_is a restarting; }
assert_ok "between its runs it rests" eventually 10 rests
assert_status 4 "it is not removed meanwhile" moat rm a
assert_ok "stop of a resting one" moat stop a
sleep 1
assert_eq "is final" "exited" "$(of a status)"
assert_eq "and its shim gone" 0 "$(shims)"
assert_ok "it starts again on demand" moat restart a
count=$(moat logs a | wc -l)
assert_ok "and again, by its policy" eventually 10 logged a $((count + 4))
assert_ok "kill" moat kill a || true
eventually 5 status_is a exited
assert_eq "is final, too" exited "$(of a status)"
moat rm a >/dev/null
moat run -d --name a --restart always -- sleep 1000 >/dev/null
first=$(of a pid)
kill -KILL "$first"
another() { [[ $(of a pid) != "$first" && $(of a pid) != null ]]; }
assert_ok "what somebody killed comes again" eventually 5 another
second=$(of a pid)
shim=$(of a shimPid)
assert_ok "moat restart" moat restart a
assert_eq "by the same shim" "$shim" "$(of a shimPid)"
if [[ $(of a pid) != "$second" ]]; then pass "another process"; else fail "the same process"; fi
assert_eq "asked for, it does not count" 1 "$(of a restartCount)"
assert_ok "rm -f while it runs" moat rm -f a
moat run -d --name a --restart always -- false >/dev/null
eventually 10 rests
assert_ok "rm -f while it rests" moat rm -f a
"$MOAT_BIN_DIR/moat" run --name fg --restart always -- sh -c 'echo run; exit 6' >/run/sandbox/out
assert_eq "in the foreground the first run is ours" "6 run" "$? $(cat /run/sandbox/out)"
assert_ok "it goes on behind" eventually 10 logged fg 3
moat rm -f fg >/dev/null

# ------------------------------------------------------------ small ones
# What a shim has for itself alone: pages that others of its kind share do not count.
for i in 1 2 3; do moat run -d --name "m$i" --restart always -- sleep 1000 >/dev/null; done
for i in 1 2 3; do
	private=$(awk '/^Private_(Clean|Dirty):/ { sum += $2 } END { print sum }' "/proc/$(of "m$i" shimPid)/smaps_rollup")
	if ((private <= 500)); then pass "a shim has $private kB of its own"; else fail "a shim has $private kB of its own"; fi
done
moat run -d --name m4 -- sh -c 'seq 300000' >/dev/null
moat wait m4 >/dev/null
moat restart m1 m2 >/dev/null
private=$(awk '/^Private_(Clean|Dirty):/ { sum += $2 } END { print sum }' "/proc/$(of m1 shimPid)/smaps_rollup")
if ((private <= 500)); then pass "$private kB after a restart"; else fail "$private kB after a restart"; fi
moat rm -f m1 m2 m3 m4 >/dev/null

# ------------------------------------------------------------ deaf and lost ones
moat run -d --name deaf -- sleep 1000 >/dev/null
kill -STOP "$(of deaf shimPid)"
assert_ok "rm -f of one whose shim hangs" timeout 60 moat rm -f deaf
moat run -d --name lost --restart always -- sleep 1000 >/dev/null
kill -KILL "$(of lost shimPid)"
gone() { [[ -z $(pgrep -x sleep) ]]; }
assert_ok "with its shim a container goes, whatever its policy" eventually 1 gone
assert_eq "as killed" "exited 137" "$(of lost status) $(of lost exitCode)"
moat rm lost >/dev/null
moat run -d --name lost --restart always -- false >/dev/null
lost_rests() { status_is lost restarting; }
eventually 10 lost_rests
kill -KILL "$(of lost shimPid)"
assert_eq "one whose shim is lost while it rests" exited "$(sleep 0.1; of lost status)"
assert_ok "is removed" moat rm lost
eventually 3 nothing_left
assert_eq "nothing is left of any of them" "" "$(state_left)"
leftovers "no mount, no process is left"
finish
