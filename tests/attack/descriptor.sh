#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# descriptor - a user passes the daemon a descriptor that it cannot close: a file of a FUSE file system of his own, whose server
# never answers. First that it is so: a process that takes it hangs in close(2), SIGKILL or not.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need setpriv getent /usr/bin/python3
getent passwd nobody >/dev/null || skip "no user nobody here"
grep -qw fuse /proc/filesystems || modprobe fuse 2>/dev/null || skip "no FUSE here"
mknod -m 666 /dev/fuse c 10 229
here=$(readlink -f "$(dirname "$0")")

# nobody's file system, and its file to the socket
passes() { # SOCKET SECONDS
	setpriv --reuid nobody --regid nogroup --clear-groups -- unshare --user --map-root-user --mount -- \
		/usr/bin/python3 "$here/fuse.py" "$1" "$2"
}
cat >/run/taker.py <<'END'
import os, socket
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind("/run/taker")
os.chmod("/run/taker", 0o666)
server.listen()
_, fds, _, _ = socket.recv_fds(server.accept()[0], 100, 4)
print("closing", flush=True)
os.close(fds[0])
print("closed", flush=True)
END
/usr/bin/python3 /run/taker.py >/run/taken &
taker=$!
sandbox_keep $taker
eventually 10 test -S /run/taker || die "nobody takes anything"
passes /run/taker 4 >/run/sent 2>&1 &
sandbox_keep $!
eventually 5 grep -q closing /run/taken || die "it was not passed: $(</run/sent)"
sleep 0.3
kill -KILL $taker
sleep 0.3
assert_ok "who takes such a descriptor hangs, killed or not" test -e "/proc/$taker" -a "$(</run/taken)" = closing
wait $!

start_moatd
passes "$MOAT_SOCKET" 8 >/run/sent 2>&1 &
attack=$!
sandbox_keep $attack
eventually 5 grep -q sent /run/sent || die "it was not passed: $(</run/sent)"
sleep 0.5
assert_ok "the daemon answers others" timeout 2 "$MOAT_BIN_DIR/moat" version
assert_ok "and does what it is told" timeout 4 "$MOAT_BIN_DIR/moat" tenant create red
kill $attack
stop_moatd
finish
