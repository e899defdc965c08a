#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# --x11: xeyes and xclock in a container show on a display of the host, that asks for a cookie. Two
# screenshots are compared: xeyes run on the host, and the same run in a container.
# The shells inside shall expand what is in single quotes.
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need Xvfb xauth xwd xeyes xclock xwininfo
# The display's socket has its place below /tmp, and that is the machine's.
mkdir -p /run/sandbox/tmp/{upper,work}
mount -n -t overlay -o lowerdir=/tmp,upperdir=/run/sandbox/tmp/upper,workdir=/run/sandbox/tmp/work overlay /tmp ||
	die "cannot mount an overlay on /tmp"
rm -rf /tmp/.X11-unix
mkdir -m 1777 /tmp/.X11-unix
sandbox_mark
export HOME=/run/sandbox XAUTHORITY=/run/sandbox/cookies DISPLAY=:77
touch $XAUTHORITY
xauth -q add :77 . "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" || die "xauth"
Xvfb :77 -br -noreset -screen 0 400x300x24 -nolisten tcp -nolisten local -listen unix -auth $XAUTHORITY >/run/sandbox/xvfb.log 2>&1 &
xvfb=$!
eventually 20 xwininfo -root || die "Xvfb: $(cat /run/sandbox/xvfb.log)"

# 4 bytes a pixel, at the end; the header in front of them bears what the stack of xwd(1) had in it
shot() { xwd -silent -root | tail -c $((400 * 300 * 4)) | md5sum; }
is_blank() { [[ $(shot) == "$blank" ]]; }
# looks COMMAND... - the screen, once what COMMAND shows there is drawn and still
looks() {
	local before='' now pid
	"$@" >/run/sandbox/out 2>&1 &
	pid=$!
	eventually 20 sh -c 'xwininfo -root -tree | grep -q "\"xeyes\""' || fail "no window" "$(cat /run/sandbox/out)"
	for _ in {1..50}; do
		now=$(shot)
		[[ $now == "$before" && $now != "$blank" ]] && break
		before=$now
		sleep 0.1
	done
	screen=$now
	kill $pid
	wait $pid 2>/dev/null
	eventually 20 sh -c '! xwininfo -root -tree | grep -q "\"xeyes\""' || fail "the window does not go"
	eventually 5 is_blank
}
blank=$(shot)
looks xeyes -geometry 200x150+50+50
of_host=$screen
if [[ $of_host != "$blank" ]]; then pass "xeyes on the host draws"; else fail "the screen stays empty"; fi
assert_eq "the screen is empty again" "$blank" "$(shot)"
looks "$MOAT_BIN_DIR/moat" run --rm --name eyes --x11 -- xeyes -geometry 200x150+50+50
assert_eq "xeyes in a container looks the same" "$of_host" "$screen"
assert_eq "and is gone with it" "$blank" "$(shot)"
looks "$MOAT_BIN_DIR/moat" run --rm --name eyes --x11 -u 1234 --read-only -- xeyes -geometry 200x150+50+50
assert_eq "as any user, in a root that is read-only" "$of_host" "$screen"
moat run -d --name clock --x11 -- xclock -digital >/dev/null
assert_ok "xclock has a window" eventually 20 sh -c 'xwininfo -root -tree | grep -q "\"xclock\""'
assert_eq "socket and cookie are all of the display's folder" "X77 authority" "$(moat exec clock -- ls /tmp/.X11-unix | xargs)"
assert_eq "of the cookies one" "1" "$(moat exec clock -- xauth -i -f /tmp/.X11-unix/authority list | wc -l)"
assert_fail "nothing is written there" moat exec clock -- touch /tmp/.X11-unix/x
assert_ok "a restart finds it again" moat restart clock
assert_ok "with its window" eventually 20 sh -c 'xwininfo -root -tree | grep -q "\"xclock\""'
moat rm -f clock >/dev/null

# ------------------------------------------------------------ without
assert_fail "without --x11 there is no display" moat run --rm -e DISPLAY=:77 -- xwininfo -root
assert_fail "the socket without the cookie opens nothing" moat run --rm --x11 -e XAUTHORITY=/dev/null -- xwininfo -root
assert_match "the display says so" "(Authorization required|unable to open display)" "$output"
assert_ok "with both it does" moat run --rm --x11 -- xwininfo -root
for display in '' host:0 :x :70000 77; do
	assert_status 125 "DISPLAY='$display' is refused" env DISPLAY="$display" "$MOAT_BIN_DIR/moat" run --rm --x11 -- true
done
assert_status 125 "a display that is none" env DISPLAY=:78 "$MOAT_BIN_DIR/moat" run --rm --x11 -- true
assert_match "is told by its socket" "/tmp/.X11-unix/X78" "$output"
touch /tmp/.X11-unix/X79
assert_status 125 "a file in its place" env DISPLAY=:79 "$MOAT_BIN_DIR/moat" run --rm --x11 -- true
printf 'nonsense' >/run/sandbox/bad
assert_status 125 "a file of cookies that is none" env XAUTHORITY=/run/sandbox/bad "$MOAT_BIN_DIR/moat" run --rm --x11 -- true
assert_match "is told by name" "/run/sandbox/bad" "$output"
kill $xvfb
wait $xvfb 2>/dev/null
leftovers "no mount, no process is left"
finish
