#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# restart - engine, hand, supervisor, everything killed with SIGKILL; packets flow meanwhile, and afterwards all is known
# again: routers, bare stacks, a namespace of somebody else's, published ports. Also a stop in good order.
# shellcheck source-path=SCRIPTDIR source=../lib/sandbox.sh
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need python3 nsenter ip nft bridge ping curl
sandbox_outside
start_moatd
sandbox_mark # what follows is to be gone at the end; what the daemon itself keeps is not

moat -q tenant create red || die "no tenant"
moat -q network create red/web --subnet 10.0.0.0/24 --subnet fd00:5::/64 || die "no network"
moat -q attach red/web --create --name server -p 8080:80 || die "no server"
netns_add foreign
moat -q attach red/web --netns /run/netns/foreign --name guest -p 8081:80 || die "no guest"
server=$RT/ns/$(moat --json endpoint show red/server | python3 -c '
import json, sys
e = json.load(sys.stdin)
print(e.get("endpoint", e)["netnsPath"].rpartition("/")[2])')
[[ -e $server ]] || die "no namespace of the server at $server"
nsenter --net="$server" "$SANDBOX_TOP/tests/lib/whoami.py" server :: 80 &
sandbox_keep $!
netns foreign "$SANDBOX_TOP/tests/lib/whoami.py" guest :: 80 &
sandbox_keep $!
router=$(moat --json tenant show red | python3 -c '
import json, sys
t = json.load(sys.stdin)
print(t.get("tenant", t)["routerNetns"])')

# published - does each port lead to its server, from outside, by both families?
published() {
	local host
	for host in "$HOST4" "[$HOST6]"; do
		[[ $(outside curl -s -m 2 "http://$host:8080/") == "server "* ]] || return 1
		[[ $(outside curl -s -m 2 "http://$host:8081/") == "guest "* ]] || return 1
	done
}

# state - all that stands in the kernel
state() {
	PYTHONPATH=$SANDBOX_TOP/tests/lib PYTHONDONTWRITEBYTECODE=1 python3 -c '
import sys, kernelstate
for path in [None] + sys.argv[1:]:
    print("\n".join(kernelstate.read(path)))' "$router" "$server" /run/netns/foreign
}

endpoints() { moat endpoint list | sort; }

# ping_start, ping_stop - fifty packets a second from a stack through router and host to the world and back
ping_start() {
	nsenter --net="$server" ping -i 0.02 -n -q "$OUTSIDE4" >/run/sandbox/ping4 2>&1 &
	ping_pids=($!)
	nsenter --net="$server" ping -i 0.02 -n -q "$OUTSIDE6" >/run/sandbox/ping6 2>&1 &
	ping_pids+=($!)
	sleep 0.2
}

ping_stop() {
	kill -INT "${ping_pids[@]}"
	wait "${ping_pids[@]}"
	local file sent got
	for file in /run/sandbox/ping4 /run/sandbox/ping6; do
		read -r sent _ _ got _ < <(grep transmitted "$file")
		assert_eq "$1: of $sent packets none was lost (${file#/run/sandbox/})" "$sent" "$got"
	done
}

# recovered WHAT - everything is as it was
recovered() {
	eventually 15 moat version || die "$1: the daemon does not come back"
	# The first answer may be the last of an engine whose hand has just been killed.
	assert_ok "$1: check finds nothing" eventually 15 moat check
	assert_eq "$1: the endpoints are known" "$endpoints_before" "$(endpoints)"
	assert_eq "$1: the kernel is as it was" "" "$(diff <(printf '%s\n' "$state_before") <(state))"
	if published; then pass "$1: published ports lead to their servers"; else fail "$1: published ports do not work"; fi
}

child() { pgrep -x -P "$MOATD_PID" "moatd-$1"; }

eventually 5 published || die "published ports do not work"
assert_ok "check is clean at first" moat check
endpoints_before=$(endpoints)
state_before=$(state)

for name in engine hand; do
	ping_start
	for _ in 1 2 3; do
		pid=$(child "$name")
		kill -KILL "$pid"
		eventually 10 moat version || die "$name does not come back"
	done
	recovered "$name killed three times"
	ping_stop "$name killed three times"
done

ping_start
kill -KILL "$MOATD_PID"
wait "$MOATD_PID" 2>/dev/null
if eventually 5 bash -c '! pgrep -x moatd-engine && ! pgrep -x moatd-hand'; then
	pass "without the supervisor nobody stays behind"
else
	fail "children outlive the supervisor" "$(pgrep -a moatd)"
fi
sleep 0.5
start_moatd
recovered "supervisor killed"
ping_stop "supervisor killed"

ping_start
pids=("$MOATD_PID" "$(child engine)" "$(child hand)")
kill -KILL "${pids[@]}"
wait "$MOATD_PID" 2>/dev/null
start_moatd
recovered "all killed at once"
ping_stop "all killed at once"

ping_start
stop_moatd
assert_eq "an orderly stop leaves the kernel as it is" "" "$(diff <(printf '%s\n' "$state_before") <(state))"
if published; then pass "published ports work without a daemon"; else fail "published ports need the daemon"; fi
start_moatd
recovered "stopped and started"
ping_stop "stopped and started"

# Killed while it has much to do: what was answered stands, the rest does not, and nothing is left of it.
for i in {1..30}; do ip netns add "crowd$i"; done
(
	for i in {1..30}; do
		moat attach red/web --netns "/run/netns/crowd$i" --name "crowd$i" >/dev/null 2>&1 && printf 'crowd%d\n' "$i"
	done >/run/sandbox/answered
) &
crowd=$!
for _ in 1 2 3 4; do
	sleep 0.1
	kill -KILL "$MOATD_PID"
	wait "$MOATD_PID" 2>/dev/null
	start_moatd
done
wait "$crowd"
eventually 15 moat version
assert_ok "killed in a crowd: check finds nothing" moat check
lost=
while read -r name; do
	moat endpoint show "red/$name" >/dev/null || lost+=" $name"
done </run/sandbox/answered
assert_eq "killed in a crowd: none that was answered ($(wc -l </run/sandbox/answered) of 30) is lost" "" "$lost"
for i in {1..30}; do moat detach "red/crowd$i" >/dev/null; done
eventually 5 moat check
assert_eq "killed in a crowd: the kernel is as it was before" "" "$(diff <(printf '%s\n' "$state_before") <(state))"

# And then it can all be taken away.
for i in {1..30}; do ip netns del "crowd$i"; done
assert_ok "the tenant goes" moat tenant delete red --force
SANDBOX_ALLOWED='whoami.py|/run/netns/foreign' leftovers
stop_moatd
finish
