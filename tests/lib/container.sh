# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# container - what tests of containers share. Sourced behind sandbox.sh. Where a client is to be
# killed, start "$MOAT_BIN_DIR/moat" itself: moat is a function of the shell there.

# What moat writes of containers; the registry of id ranges stays.
state_left() { find "$RT/containers" -mindepth 1 ! -name .ids ! -name .layer 2>/dev/null; }
nothing_left() { [[ -z $(state_left) && -z $(pgrep -x moat-shim) && -z $(pgrep -x moat-init) ]]; }
inside() { moat run --rm -- "$@"; }
# python EXPRESSION [OPTION...] - in a container with these options; its value is printed
python() {
	local code=$1
	shift
	moat run --rm "$@" -- python3 -c "
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def errno_of(call, *args):
    ctypes.set_errno(0)
    return 0 if call(*args) >= 0 else ctypes.get_errno()
def try_socket(*args):
    try:
        socket.socket(*args); return 0
    except OSError as e:
        return e.errno
print($code)"
}
# etc_hash - of what a container might have changed on the host. Outside /etc without times: others live here too.
etc_hash() {
	{
		find /etc -xdev -printf '%p %u %g %m %s %T@ %C@\n'
		find / /var/lib /var/log /home /root -xdev -maxdepth 1 -printf '%p %u %g %m\n'
	} 2>/dev/null | sort | md5sum
}
