#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# escape - a container that tries to get at the host's files: a link in its volume where another
# volume begins, followed at the next start; a copy of /proc without what is mounted over it, with
# every capability there is; the process that started it. Needs no daemon.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need python3

at=/run/volumes
sandbox_volumes $at
mkdir -p $at/vol/data $at/other /run/secret
echo top-secret >/run/secret/key
chmod 700 /run/secret
inside() { moat exec vol -- "$@"; }

# ------------------------------------------------------------ volumes
assert_ok "a volume, and one that begins inside of it" moat run -d --name vol -v $at/vol:/vol -v $at/vol/data:/data -- sleep 1000
assert_ok "it is the folder" inside sh -c 'echo mine >/vol/data/file && grep -q mine /data/file'
assert_ok "the container puts a link in its place" inside sh -c 'rm /vol/data/file && rmdir /vol/data && ln -s /run/secret /vol/data'
assert_fail "the link is not followed at the next start" moat restart vol
assert_fail "nothing of the secret is seen" inside cat /data/key
moat rm -f vol
mkdir -p $at/vol2/a/data
assert_ok "a volume that begins two folders down" moat run -d --name vol -v $at/vol2:/vol -v $at/vol2/a/data:/data -- sleep 1000
assert_ok "a link in place of the folder between" inside sh -c "mv /vol/a /vol/b && ln -s $at/vol2/b /vol/a"
assert_fail "is not followed either" moat restart vol
moat rm -f vol
# That it would have led there: whoever runs us may name a link, and it is followed once, then.
ln -s $at/other $at/link
echo other >$at/other/file
assert_eq "a link that is named at the start is followed" other "$(moat run --rm -v $at/link:/data -- cat /data/file)"
assert_ok "and for good" moat run -d --name vol -v $at/link:/data -- sleep 1000
ln -sfn /run/secret $at/link
assert_ok "it starts anew" moat restart vol
assert_eq "with the folder it began with" other "$(inside cat /data/file)"
assert_fail "and not with another" inside cat /data/key
moat rm -f vol
assert_eq "nothing was written there" key "$(ls /run/secret)"

# ------------------------------------------------------------ every capability
# probe EXPRESSION [OPTION...] - of a program with all capabilities; call NUMBER ARGS is the errno of a system call
probe() {
	moat run --rm --cap-add ALL "${@:2}" -- python3 -c "$(probe_code "$1")"
}
probe_code() {
	printf '%s' "
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    ctypes.set_errno(0)
    return 0 if libc.syscall(number, *args) >= 0 else ctypes.get_errno()
def opens(path, mode):
    try:
        os.close(os.open(path, mode)); return True
    except OSError:
        return False
print($1)"
}
copy='call(428, -100, b"/proc", 1)'
# open_tree_attr(2) is of 6.15: before, there is no such call to try
younger='call(467, -100, b"/proc", 1, None, 0)'
anew='call(430, b"proc", 0), call(165, b"proc", b"/mnt", b"proc", 0, 0), call(429, -1, b"", -100, b"/mnt", 4)'
sysctl='opens("/proc/sys/net/ipv4/ip_forward", os.O_WRONLY)'
nofilter=(--security-opt seccomp=unconfined)
assert_eq "without a filter /proc is copied (open_tree)" 0 "$(probe "$copy" "${nofilter[@]}")"
assert_match "and by its younger brother (open_tree_attr)" "^(0|38)$" "$(probe "$younger" "${nofilter[@]}")"
assert_match "and mounted anew" "^0 0 [0-9]+$" "$(probe "$anew" "${nofilter[@]}" | tr -d '(),')"
assert_eq "with a filter it cannot be copied" 1 "$(probe "$copy")"
assert_eq "nor by its younger brother" 1 "$(probe "$younger")"
assert_eq "nor mounted anew" "1 1 1" "$(probe "$anew" | tr -d '(),')"
assert_eq "sysctls of the stack are written where nothing covers them" True "$(probe "$sysctl" --security-opt unmask=ALL)"
assert_eq "but not with the cover" False "$(probe "$sysctl")"
# alone EXPRESSION - by root beside a process 1 of its own kind, in a pid namespace without us
alone() { unshare --pid --fork --mount-proc bash -c 'python3 -c "$1"; exit $?' alone "$(probe_code "$1")"; }
for file in exe root cwd fd/0 ns/net ns/user mem; do
	assert_eq "/proc/1/$file of another is open to root" True "$(alone "opens('/proc/1/$file', os.O_RDONLY)")"
	assert_eq "that of a container is closed" False "$(probe "opens('/proc/1/$file', os.O_RDONLY)")"
done
trace='call(101, 0x4206, 1, 0, 0)'
assert_eq "another process 1 is traced" 0 "$(alone "$trace")"
assert_eq "that of a container is not" 1 "$(probe "$trace")"
finish
