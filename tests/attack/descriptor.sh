#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# descriptor - a user passes the daemon what it cannot let go of: a file of a FUSE file system of his own, whose server never
# answers; a TCP socket that lingers. First that it is so: a process that takes the one hangs in close(2), SIGKILL or not; one that
# only reads beside the other, or closes the socket in which it lies unread, hangs, too. Then on the daemon: as a user who has
# nothing, as one to whom a tenant is delegated, on one connection and on more than he may have.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need setpriv getent /usr/bin/python3
getent passwd nobody >/dev/null || skip "no user nobody here"
grep -qw fuse /proc/filesystems || modprobe fuse 2>/dev/null || skip "no FUSE here"
mknod -m 666 /dev/fuse c 10 229
here=$(readlink -f "$(dirname "$0")")
MOAT=$MOAT_BIN_DIR/moat

nobody() { setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"; }

# attacker fuse|linger SOCKET SECONDS [COUNT [MESSAGE]] - in the background, until it has sent; $attacker is its pid
attacker() {
	local kind=$1
	shift
	rm -f /run/sent
	if [[ $kind == fuse ]]; then
		setpriv --reuid nobody --regid nogroup --clear-groups -- unshare --user --map-root-user --mount -- \
			/usr/bin/python3 "$here/fuse.py" "$@" >/run/sent 2>&1 &
	else
		setpriv --reuid nobody --regid nogroup --clear-groups -- /usr/bin/python3 "$here/linger.py" "$@" >/run/sent 2>&1 &
	fi
	attacker=$!
	sandbox_keep "$attacker"
	eventually 30 grep -q sent /run/sent || die "it was not passed: $(</run/sent)"
}
ended() {
	kill -KILL "$attacker"
	wait "$attacker"
} 2>/dev/null

# ------------------------------------------------------------ the attacks are some
# taker HOW KIND - a process that was passed such a thing, $taker
taker() {
	rm -f /run/taker
	/usr/bin/python3 "$here/taker.py" /run/taker "$1" >/run/taken &
	taker=$!
	sandbox_keep "$taker"
	eventually 10 test -S /run/taker || die "nobody takes anything"
	attacker "$2" /run/taker 60
	kill -USR1 "$taker"
	eventually 10 grep -q begins /run/taken || die "nothing came: $(</run/taken)"
	sleep 0.5
}
taker takes fuse
kill -KILL "$taker"
sleep 0.3
assert_ok "who takes such a file hangs, killed or not" test -e "/proc/$taker" -a "$(</run/taken)" = begins
ended
for how in reads closes; do
	taker "$how" linger
	assert_eq "who $how, and takes nothing, hangs by a socket that lingers" begins "$(</run/taken)"
	kill -KILL "$taker" && wait "$taker" 2>/dev/null
	ended
done

# -------------------------------------------------------------- and not of us
number=0
serves() { # WHO-AND-WHAT
	((++number))
	assert_ok "$1: the daemon answers others" timeout 10 "$MOAT" version
	assert_ok "$1: and does what it is told" timeout 20 "$MOAT" tenant create "other$number"
	assert_eq "$1: it is the same engine" "$engine" "$(moat_pids moatd-engine)"
}
# Those that hang in their end have lost their name in /proc/PID/cmdline, not in comm.
porters() { pgrep -c -x moatd-porter; }
idle() { (($(porters) == 2)); }
many() { (($(porters) >= 32)); }
no_porters() { (($(porters) == 0)); }
other_engine() { [[ -n $(moat_pids moatd-engine) && $(moat_pids moatd-engine) != "$engine" ]]; }

start_moatd
moat tenant create red && moat network create red/web || die "no tenant"
engine=$(moat_pids moatd-engine)
assert_ok "one process makes those that take, and one is ready" eventually 10 idle
ATTACH='{"method":"io.moat.EndpointAttach","parameters":{"network":"red/web","name":"x","netnsFd":0}}'
# What is passed is the daemon's alone when it sees it: an attacker tries until he is so fast, or many.
attack() {
	kill -STOP "$engine"
	attacker "$@"
	kill -CONT "$engine"
}
for who in "who has nothing" "a delegated user"; do
	attack fuse "$MOAT_SOCKET" 60 1 "$ATTACH"
	serves "$who, one file"
	assert_ok "$who: his other connections work" nobody timeout 10 "$MOAT" version
	ended
	attack linger "$MOAT_SOCKET" 60
	serves "$who, one socket"
	ended
	# Those beyond what he may have are closed with what was sent by them unread.
	attack linger "$MOAT_SOCKET" 60 100
	serves "$who, a hundred sockets"
	ended
	assert_ok "$who: they end with the attacker" eventually 20 idle
	attack fuse "$MOAT_SOCKET" 60 100 "$ATTACH"
	serves "$who, a hundred files"
	assert_ok "$who: some hang, and" eventually 20 many
	count=$(porters)
	assert_ok "$who: no more than he may have connections ($count)" test "$count" -le 66
	assert_fail "$who: all his connections are taken" nobody timeout 5 "$MOAT" version
	ended
	assert_ok "$who: when his server has ended, they end" eventually 20 idle
	assert_ok "$who: and he may come again" nobody timeout 10 "$MOAT" version
	moat tenant set red --delegate nobody || die "cannot delegate"
done

# What they are for: a namespace of the user's own comes through, and nothing else.
nobody unshare --user --map-root-user --net -- /usr/bin/python3 "$here/brings.py" "$MOAT_SOCKET" >/run/answers 2>&1
note "$(</run/answers)"
assert_eq "a namespace of his own is attached" red/a:a "$(sed -n 1p /run/answers)"
for line in 2 3; do
	assert_match "another file is refused as what it is" "network namespace" "$(sed -n ${line}p /run/answers)"
done
assert_match "each keeps its place" "^red/d:d$" "$(sed -n 4p /run/answers)"

# With the engine they go, those that hang as well when they can, and others come with the next.
attacker fuse "$MOAT_SOCKET" 60 3
kill -KILL "$engine"
eventually 20 other_engine || die "no other engine"
assert_ok "the next engine serves users" eventually 20 nobody timeout 5 "$MOAT" version
ended
assert_ok "and has as many processes" eventually 20 idle
engine=$(moat_pids moatd-engine)
kill -KILL "$(pgrep -x -P "$engine" moatd-porter)"
eventually 20 other_engine || die "the engine lives on without"
assert_ok "it is started anew when it has lost them" eventually 20 nobody timeout 5 "$MOAT" version
stop_moatd
assert_ok "none is left" eventually 20 no_porters
finish
