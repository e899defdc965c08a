#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cni - the CNI plugin killed, and let fail, at each of its system calls, in ADD and in DEL; and the daemon's engine killed
# while it works. After an ADD that was cut off the runtime's DEL finds its way and leaves nothing; one that said "done" has
# done it, one that was refused left nothing; a DEL that was cut off is finished by the next.
#
# CNI_CUT_STEP=N: every Nth call (default 3).
# shellcheck disable=SC2119,SC2086 # start_moatd without options; ways of strace are words
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need strace jq pgrep
sandbox_outside
sandbox_mark
start_moatd
STEP=${CNI_CUT_STEP:-3}
. "$(dirname "$0")/cni_cuts.sh"
plugin ADD || die "$reply" # the network is made by it
plugin DEL || die "$reply"
plugin ADD -e trace=all || die "$reply"
points $TRACE >/run/add.points
plugin DEL -e trace=all || die "$reply"
points $TRACE >/run/del.points
assert_ok "there is something to cut" test "$(wc -l </run/add.points)" -gt 3

wrong=''
for way in signal=KILL error=EIO error=ENOMEM; do
	cuts=0
	while read -r name count; do
		status=0
		plugin ADD -e trace="$name" -e inject="$name:$way:when=$count" || status=$?
		where="ADD $way $name $count: status $status"
		if ((status == 0)); then
			[[ $(jq -r '.ips | length' <<<"$reply") == 2 && $(endpoints) == 1 ]] || wrong+="$where, but it is not done"$'\n'
		elif ((status == 1)) && [[ -n $reply ]]; then
			jq -e .code <<<"$reply" >/dev/null || wrong+="$where: $reply"$'\n'
		fi
		plugin DEL || wrong+="$where: DEL: $reply"$'\n'
		[[ $(endpoints) == 0 ]] || wrong+="$where: DEL left something"$'\n'
		((++cuts))
	done </run/add.points
	assert_eq "ADD cut off by $way at $cuts calls: DEL leaves nothing" "" "$wrong"
	wrong='' cuts=0
	while read -r name count; do
		plugin ADD || wrong+="no fresh ADD before $name $count: $reply"$'\n'
		plugin DEL -e trace="$name" -e inject="$name:$way:when=$count" || :
		plugin DEL || wrong+="DEL $way $name $count: the next DEL: $reply"$'\n'
		[[ $(endpoints) == 0 ]] || wrong+="DEL $way $name $count: the next left something"$'\n'
		((++cuts))
	done </run/del.points
	assert_eq "DEL cut off by $way at $cuts calls: the next one finishes it" "" "$wrong"
	wrong=''
done

# The engine dies while an ADD waits for it: the plugin asks again, and it is done once.
done_all=0
for delay in 0.000 0.004 0.008 0.012 0.016 0.030; do
	plugin ADD &
	sleep $delay
	kill -KILL "$(moat_pids moatd-engine)"
	wait $! && ((++done_all))
	eventually 20 moat version
	# one that came before the socket was there again is told to try again
	plugin DEL || wrong+="engine killed after $delay: $reply"$'\n'
	[[ $(endpoints) == 0 ]] || wrong+="engine killed after $delay: something is left"$'\n'
	sleep 1.1 # the supervisor waits before it starts children that die young
done
assert_eq "the engine killed meanwhile ($done_all of 6 were done all the same)" "" "$wrong"
assert_status 0 "what is and what should be agree" moat check
moat tenant delete default --force
ip netns del p1
leftovers
finish
