#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cni_verbs - the CNI plugin killed, and let fail, at each of its system calls in CHECK, STATUS and GC, and in ADD and DEL with a
# delegate (cni.sh has those without). A CHECK or STATUS that was cut off changes nothing, a GC is finished by the next; with a
# delegate the pool is empty in the end.
#
# CNI_CUT_STEP=N: every Nth call (default 9).
# shellcheck disable=SC2119,SC2086 # start_moatd without options; ways of strace are words
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need strace jq
[[ -x /usr/lib/cni/host-local ]] || skip "no containernetworking-plugins here"
sandbox_outside
sandbox_mark
start_moatd
STEP=${CNI_CUT_STEP:-9}
. "$(dirname "$0")/cni_cuts.sh"
plugin ADD || die "$reply"
CHECKED=$(jq -c --argjson prev "$reply" '.prevResult = $prev' <<<"$CONF")
SWEPT=$(jq -c '."cni.dev/valid-attachments" = []' <<<"$CONF")
CONF=$CHECKED plugin CHECK -e trace=all || die "$reply"
points $TRACE >/run/check.points
plugin STATUS -e trace=all || die "$reply"
points $TRACE >/run/status.points
CONF=$SWEPT plugin GC -e trace=all || die "$reply"
points $TRACE >/run/gc.points
assert_ok "there is something to cut" test "$(wc -l </run/check.points)" -gt 2

wrong=''
for way in signal=KILL error=EIO error=EINTR; do
	cuts=0
	plugin ADD || die "$reply"
	CHECKED=$(jq -c --argjson prev "$reply" '.prevResult = $prev' <<<"$CONF")
	for verb in CHECK STATUS; do
		while read -r name count; do
			status=0 where="$verb $way $name $count"
			CONF=$CHECKED plugin $verb -e trace="$name" -e inject="$name:$way:when=$count" || status=$?
			((status != 1)) || [[ -z $reply ]] || jq -e .code <<<"$reply" >/dev/null || wrong+="$where: $reply"$'\n'
			((status == 0)) || CONF=$CHECKED plugin $verb || wrong+="$where: the next: $reply"$'\n'
			((++cuts))
		done <"/run/${verb,,}.points"
	done
	assert_eq "CHECK and STATUS cut off by $way at $cuts calls: the next is well" "1 " "$(endpoints) $wrong"
	wrong='' cuts=0
	while read -r name count; do
		CONF=$SWEPT plugin GC -e trace="$name" -e inject="$name:$way:when=$count" || :
		CONF=$SWEPT plugin GC || wrong+="GC $way $name $count: the next GC: $reply"$'\n'
		[[ $(endpoints) == 0 ]] || wrong+="GC $way $name $count: the next left something"$'\n'
		plugin ADD || wrong+="no fresh ADD behind GC $way $name $count: $reply"$'\n'
		((++cuts))
	done </run/gc.points
	assert_eq "GC cut off by $way at $cuts calls: the next one finishes it" "" "$wrong"
	wrong=''
	plugin DEL || die "$reply"
done

# With a delegate: what it gave is given back, whatever was cut off. A close that fails closes all the same, and one that strace lets
# fail does not: the end of the delegate's words would never come.
export CNI_PATH=/usr/lib/cni
CONF='{"cniVersion":"1.0.0","name":"pool","type":"moat","ipam":{"type":"host-local","dataDir":"/run/pool","subnet":"10.66.0.0/24"}}'
held() { find /run/pool -type f -name '10.*' -printf '%f '; }
plugin ADD -e trace=all || die "$reply"
points $TRACE >/run/add.points
plugin DEL -e trace=all || die "$reply"
points $TRACE >/run/del.points
for way in signal=KILL error=EIO; do
	cuts=0
	while read -r name count; do
		[[ $way == signal=* || $name != close ]] || continue
		plugin ADD -e trace="$name" -e inject="$name:$way:when=$count" || :
		plugin DEL || wrong+="ADD $way $name $count: DEL: $reply"$'\n'
		[[ $(endpoints) == 0 && -z $(held) ]] || wrong+="ADD $way $name $count: DEL left something: $(held)"$'\n'
		((++cuts))
	done </run/add.points
	while read -r name count; do
		[[ $way == signal=* || $name != close ]] || continue
		plugin ADD || wrong+="no fresh ADD before $name $count: $reply"$'\n'
		plugin DEL -e trace="$name" -e inject="$name:$way:when=$count" || :
		plugin DEL || wrong+="DEL $way $name $count: the next DEL: $reply"$'\n'
		[[ $(endpoints) == 0 && -z $(held) ]] || wrong+="DEL $way $name $count: the next left something: $(held)"$'\n'
		((++cuts))
	done </run/del.points
	assert_eq "with a delegate, cut off by $way at $cuts calls: DEL leaves nothing, nor does the pool" "" "$wrong"
	wrong=''
done
assert_status 0 "what is and what should be agree" moat check
moat tenant delete default --force
ip netns del p1
leftovers
finish
