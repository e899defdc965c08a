#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# moat run: what it may use, pause, unpause, stats, and that no cgroup of it stays, under each view of
# cgroups and where there are none.
# The shells inside shall expand what is in single quotes.
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
. "$(dirname "$0")/../../lib/cgroups.sh"
SANDBOX_CGROUPS=1
sandbox_enter "$@"
need python3
sandbox_mark
eat="x = b'x' * (64 << 20); print(len(x))"
# of_container NAME - its folders, those of its first process
pid_of() { moat inspect "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])'; }
oom_of() { moat inspect "$1" | python3 -c 'import json, sys; print(str(json.load(sys.stdin)["oomKilled"]).lower())'; }
status_of() { moat ps --json | python3 -c 'import json, sys
print(*[c["status"] for c in json.load(sys.stdin)["containers"] if c["name"] == sys.argv[1]])' "default/$1"; }

for view in hybrid v1; do
	cgroups_view "$view"
	assert_eq "$view: 64 MiB without a limit" 67108864 "$(inside python3 -c "$eat")"
	assert_status 137 "$view: not with 32" moat run --rm --memory 32m -- python3 -c "$eat"
	moat run -d --name oom --memory 32m -- sh -c 'until [ -e /tmp/now ]; do sleep 0.1; done; rm /tmp/now; exec python3 -c "$1"' sh "$eat" >/dev/null
	assert_eq "$view: while it runs its memory has not run out" false "$(oom_of oom)"
	moat exec oom -- touch /tmp/now
	assert_eq "$view: it is killed for its memory" 137 "$(moat wait oom)"
	assert_eq "$view: inspect tells so" true "$(oom_of oom)"
	assert_match "$view: ps, too" "exited \(137, out of memory\)" "$(moat ps -a)"
	moat restart oom >/dev/null
	assert_eq "$view: that was the run before" false "$(oom_of oom)"
	moat kill oom >/dev/null
	assert_eq "$view: killed by somebody, which is no want of memory" "137 false" "$(moat wait oom) $(oom_of oom)"
	moat rm -f oom >/dev/null
	assert_eq "$view: nothing stays" "" "$(cgroups_left moat)"
	assert_status 0 "$view: with 128 it is" moat run --rm -m 128m -- python3 -c "$eat"
	assert_match "$view: no more processes than allowed" "Cannot fork" \
		"$(moat run --rm --pids-limit 4 -- sh -c 'for i in 1 2 3 4 5 6; do sleep 1 & done' 2>&1)"
	assert_ok "$view: one with limits" moat run -d --name a --cpus 0.25 --memory 64m --pids-limit 50 -- \
		sh -c 'while :; do :; done'
	assert_eq "$view: which inspect tells" "67108864 0.25 50 null null" \
		"$(moat inspect a | jq -r '.config | "\(.memoryBytes) \(.cpus) \(.pidsLimit) \(.net) \(.pidMode)"')"
	pid=$(pid_of a)
	assert_match "$view: it is in cgroups of its own" "memory:/moat/default\.a\." "$(cat "/proc/$pid/cgroup")"
	assert_eq "$view: and sees them as the root" "/" \
		"$(moat exec a -- cat /proc/self/cgroup | sed -n 's/.*:memory://p')"
	sleep 1
	# 25% within a wide margin: the machine is shared
	assert_ok "$view: its processor time is limited" python3 - "$(moat stats --json a)" <<-'PYTHON'
		import json, sys
		row, = json.loads(sys.argv[1])["containers"]
		assert row["name"] == "default/a", row
		assert 1 < row["cpuPercent"] < 60, row
		assert row["memoryLimitBytes"] == 64 << 20 and 0 < row["memoryBytes"] < 64 << 20, row
		assert row["pids"] == 2 and row["pidsLimit"] == 50, row
	PYTHON
	assert_match "$view: as a table" "default/a +[0-9.]+% .* 64.0 MiB +2 " "$(moat stats)"

	assert_ok "$view: pause" moat pause a
	assert_eq "$view: it is paused" paused "$(status_of a)"
	assert_match "$view: inspect says so, too" '"status": *"paused"' "$(moat inspect a)"
	used=$(moat stats --json a | grep -o '"cpuNs": *[0-9]*')
	sleep 0.3
	assert_eq "$view: it uses nothing meanwhile" "$used" "$(moat stats --json a | grep -o '"cpuNs": *[0-9]*')"
	assert_status 125 "$view: exec does not hang" timeout 10 "$MOAT_BIN_DIR/moat" exec a -- true
	assert_match "$view: but says why" " default/a: the container is paused" "$output"
	assert_ok "$view: unpause" moat unpause a
	assert_eq "$view: it runs" running "$(status_of a)"
	assert_ok "$view: exec again" moat exec a -- true
	assert_ok "$view: what is run in it is limited too" moat exec a -- grep -q 'memory:/$' /proc/self/cgroup
	assert_status 137 "$view: by the same limit" moat exec a -- python3 -c "$eat"
	assert_ok "$view: stop of a paused one" moat pause a
	assert_ok "$view: does not hang" timeout 20 "$MOAT_BIN_DIR/moat" stop -t 1 a
	assert_status 4 "$view: one that does not run is not paused" moat pause a
	assert_match "$view: which is named" " default/a: " "$output"
	assert_status 4 "$view: and has no use" moat stats a
	assert_eq "$view: its cgroups are gone with its processes" "" "$(cgroups_left moat)"
	assert_ok "$view: restart" moat restart a
	assert_eq "$view: the limit is there again" 67108864 \
		"$(cat "/sys/fs/cgroup/memory$(sed -n 's/.*:memory://p' "/proc/$(pid_of a)/cgroup")/memory.limit_in_bytes")"
	assert_ok "$view: rm -f of a paused one" moat pause a
	assert_ok "$view: goes" timeout 20 "$MOAT_BIN_DIR/moat" rm -f a
	assert_eq "$view: and nothing stays" "" "$(cgroups_left moat)"

	# kill -9 of its shim: the next command takes the rest
	assert_ok "$view: one more" moat run -d --name b --pids-limit 9 -- sleep 1000
	kill -9 "$(pgrep -x moat-shim)"
	eventually 5 test ! -e "/proc/$(pid_of b)" || true
	moat ps >/dev/null
	assert_eq "$view: nothing of a lost one" "" "$(cgroups_left moat)"
	assert_ok "$view: rm" moat rm -f b
	# one that never gets to run
	assert_status 127 "$view: no such command" moat run --rm --memory 64m -- /nonexistent
	assert_eq "$view: leaves nothing" "" "$(cgroups_left moat)"
done

cgroups_view v2
cgroups_leaf
assert_ok "v2: a container" moat run -d --name a -- sleep 1000
assert_match "v2: has its cgroup" "0::/moat/default\.a\." "$(cat "/proc/$(pid_of a)/cgroup")"
assert_ok "v2: pause" moat pause a
assert_eq "v2: it is paused" paused "$(status_of a)"
assert_ok "v2: rm -f" timeout 20 "$MOAT_BIN_DIR/moat" rm -f a
if ! grep -qw memory /sys/fs/cgroup/cgroup.controllers; then
	assert_status 125 "v2: a limit nobody can keep is refused" moat run --rm --memory 64m -- true
	assert_match "v2: by its name" "memory.*cgroup controller" "$output"
fi
assert_eq "v2: nothing stays" "" "$(cgroups_left moat)"

cgroups_view none
assert_ok "none: a container without limits runs" inside true
assert_status 125 "none: one with a limit does not" moat run --rm --pids-limit 5 -- true
assert_match "none: and says why" "pids.*cgroup controller" "$output"
assert_ok "none: d" moat run -d --name a -- sleep 1000
assert_status 1 "none: no pause" moat pause a
assert_match "none: and why" "no cgroups" "$output"
assert_ok "none: rm" moat rm -f a

for wrong in "--memory=x" "--memory=1" "--memory=-5" "--memory=5q" "--memory=99999999999999999999" "--cpus=0" "--cpus=x" \
	"--cpus=1.2345" "--pids-limit=x" "--pids-limit=9999999999"; do
	assert_status 125 "$wrong" moat run --rm "$wrong" -- true
	assert_match "$wrong: names it" "${wrong#*=}" "$output"
done
assert_ok "no container is left" nothing_left
leftovers
finish
