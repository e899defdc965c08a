#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# catalogue - ways out of containers that others' runtimes had, one after the other: first the act where
# nothing keeps from it, so that it is seen to be one, then inside of `moat run`. Needs no daemon.
# The shells and programs inside shall expand what is in single quotes.
# shellcheck disable=SC2016
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
. "$(dirname "$0")/../lib/container.sh"
sandbox_enter "$@"
need python3 nsenter busybox
# On one file system, since a file's number is one of its file system.
sandbox_volumes /run/volumes
mkdir -p /run/victim /run/vol /run/secret /run/volumes/vol /run/volumes/secret
for name in vol secret; do mount -n --bind /run/volumes/$name /run/$name || die "cannot mount"; done
echo top-secret >/run/secret/key
chmod 700 /run/secret
chmod 600 /run/secret/key
sandbox_mark
# A python program may be a script of somebody's home: the containers' is Debian's.
py=/usr/bin/python3
[[ -x $py ]] || py=python3
prelude='import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    ctypes.set_errno(0)
    r = libc.syscall(number, *args)
    return r if r >= 0 else -ctypes.get_errno()
def opens(path, mode=os.O_RDONLY):
    try: os.close(os.open(path, mode)); return "open"
    except OSError as e: return "errno%d" % e.errno
'
outside_py() { "$py" -c "$prelude$1"; }
inside_py() { # CODE [OPTION...]
	local code=$1
	shift
	moat run --rm "$@" -- "$py" -c "$prelude$code"
}
moat run --rm -v /run/vol:/mnt -- true 2>/run/sandbox/err || skip "volumes: $(cat /run/sandbox/err)"

# ------------------------------------------------------------ the program that starts it (CVE-2019-5736)
sums() { sha256sum "$MOAT_BIN_DIR/moat" "$MOAT_BIN_DIR/moat-shim"; }
before=$(sums)
watch='import os, sys, time
seen = set()
end = time.time() + 60
while time.time() < end:
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or pid == str(os.getpid()): continue
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f: who = f.read(40)
            os.close(os.open("/proc/%s/exe" % pid, os.O_PATH))
            with open("/proc/%s/exe" % pid, "rb") as f: head = f.read(4)
            name = os.readlink("/proc/%s/exe" % pid)
        except OSError: continue
        if name not in seen: seen.add(name); print(name, flush=True)'
# One that joined another is in no domain of Landlock, which would keep it from looking at all.
moat run -d --name base -- sleep 1000 >/dev/null
moat run -d --name watcher --pid container:base --cap-add ALL -- "$py" -c "$watch" >/dev/null
pid=$(moat inspect base | $py -c 'import json, sys; print(json.load(sys.stdin)["pid"])')
cp /bin/sleep /run/sandbox/joiner
nsenter -t "$pid" -U -p -S 0 -G 0 -- /run/sandbox/joiner 2 &
joined() { moat logs watcher | grep -q joiner; }
assert_ok "a joiner that takes no care gives its program away" eventually 5 joined
wait $!
for _ in {1..15}; do moat exec base -- true; done
assert_eq "moat exec does not" "" "$(moat logs watcher | grep -E 'moat|/build/')"
assert_fail "nor process 1" moat exec watcher -- readlink /proc/1/exe
moat rm -f watcher base >/dev/null
assert_status 126 "/proc/self/exe as the command is none" moat run --rm -v /run/vol:/mnt -w /mnt -- /proc/self/exe/x
assert_ok "or is harmless" sh -c 'moat run --rm -- /proc/self/exe --version; [ $? -lt 128 ]'
printf '#!/proc/self/exe\n' >/run/vol/script
chmod 755 /run/vol/script
assert_ok "a script for /proc/self/exe, too" sh -c 'moat run --rm -v /run/vol:/mnt -- /mnt/script; [ $? -lt 128 ]'
assert_eq "the programs are what they were" "$before" "$(sums)"

# ------------------------------------------------------------ descriptors that leak (CVE-2024-21626)
assert_eq "a descriptor that leaks is a way out" "top-secret" "$(exec 9</run/secret; sh -c 'cat /proc/self/fd/9/key')"
for fd in 3 4 5 6 7 8 9 10 11 12; do
	output=$(exec 9</ 7</run/secret; moat run --rm -w /proc/self/fd/$fd -- sh -c 'cat ../run/secret/key key 2>/dev/null' 2>/dev/null)
	[[ $output != *top-secret* ]] || fail "descriptor $fd leads outside" "$output"
done
pass "none of ten leads out of run"
moat run -d --name keep -- sleep 1000 >/dev/null
for fd in 3 4 5 6 7 8 9 10 11 12; do
	output=$(exec 9</ 7</run/secret; moat exec -w /proc/self/fd/$fd keep -- sh -c 'cat ../run/secret/key key 2>/dev/null' 2>/dev/null)
	[[ $output != *top-secret* ]] || fail "descriptor $fd leads outside" "$output"
done
pass "nor out of exec"
moat rm -f keep >/dev/null

# ------------------------------------------------------------ links in a root (CVE-2019-19921 ... CVE-2025-52881)
root=/run/volumes/root
mkdir -p $root/bin $root/etc
cp "$(command -v busybox)" $root/bin/busybox
ln -sf busybox $root/bin/sh
ln -s /run/victim $root/link
assert_eq "a mount by path follows a link" "was-here" "$(unshare -m sh -c "mount -n -t tmpfs x $root/link && touch /run/victim/was-here && ls /run/victim")"
rm $root/link
for place in dev proc sys dev/null dev/console dev/pts dev/shm proc/self run tmp; do
	for target in /run/victim ../victim ../../../../run/victim /proc/1/root/run/victim; do
		rm -rf "${root:?}/dev" $root/proc $root/sys $root/run $root/tmp
		mkdir -p "$(dirname "$root/$place")"
		ln -s "$target" "$root/$place"
		moat run --rm --rootfs $root -v /run/vol:/run/data --tmpfs /tmp/t -- /bin/busybox true >/dev/null 2>&1
	done
done
assert_eq "nothing was made where links in forty roots led" "" "$(ls -A /run/victim)"
rm -rf "${root:?}/dev" $root/proc $root/sys $root/run $root/tmp
assert_eq "/dev/null is the device all the same" "1:3" "$(moat run --rm --rootfs $root -- /bin/busybox stat -c '%t:%T' /dev/null)"
# Exchanged in a loop while it starts: what was looked at is not what is mounted on.
mkdir -p $root/data
ln -s /run/victim $root/elsewhere
outside_py "import time
end = time.time() + 120
while time.time() < end and not os.path.exists('/run/sandbox/enough'):
    libc.renameat2(-100, b'$root/data', -100, b'$root/elsewhere', 2)" &
racer=$!
landed=0
for _ in {1..25}; do
	moat run --rm --rootfs $root -v /run/vol:/data/place -- /bin/busybox true >/dev/null 2>&1 && ((++landed))
done
touch /run/sandbox/enough
wait $racer
assert_eq "a place exchanged for a link in a loop leads nowhere" "" "$(ls -A /run/victim)"
note "$landed of 25 started"

# ------------------------------------------------------------ files that are none
rm -rf $root/etc/passwd
mkfifo $root/etc/passwd
assert_status 124 "a FIFO keeps who reads it" timeout 1 cat $root/etc/passwd
assert_status 125 "not us" timeout 20 "$MOAT_BIN_DIR/moat" run --rm --rootfs $root -u somebody -- /bin/busybox true
rm $root/etc/passwd
truncate -s 40G $root/etc/passwd
assert_status 124 "a file almost without end, too" timeout 1 md5sum $root/etc/passwd
assert_status 125 "nor that us" timeout 20 "$MOAT_BIN_DIR/moat" run --rm --rootfs $root -u somebody -- /bin/busybox true
assert_ok "root is found without it" timeout 20 "$MOAT_BIN_DIR/moat" run --rm --rootfs $root -- /bin/busybox true
rm $root/etc/passwd

# ------------------------------------------------------------ names
touch /run/sandbox/names
for name in ../x ../../etc x/../../y .. red/../x "$(printf 'a%.0s' {1..200})"; do
	assert_status 125 "a name like ${name:0:20} is refused" moat run --rm --name "$name" -- true
done
assert_eq "nothing is beside the containers" "" "$(find "$RT" -mindepth 1 -maxdepth 2 -newer /run/sandbox/names ! -path '*/containers*')"

# ------------------------------------------------------------ the kernel's files
all=(--cap-add ALL --security-opt seccomp=unconfined --security-opt unmask=ALL)
for file in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/fs/binfmt_misc/register \
	/sys/kernel/uevent_helper /proc/sys/vm/drop_caches; do
	[[ -e $file ]] || continue
	assert_eq "$file can be opened by root" "open" "$(outside_py "print(opens('$file', os.O_WRONLY))")"
	assert_match "not by a container's, with all that can be asked for" "^errno(1|13|30|2)$" "$(inside_py "print(opens('$file', os.O_WRONLY))" "${all[@]}")"
done
assert_eq "no release_agent is to be found" "" "$(inside find / -xdev -name release_agent 2>/dev/null)$(inside find /sys /proc -maxdepth 6 -name release_agent -writable 2>/dev/null)"
mknod -m 666 /run/vol/zero c 1 5
assert_eq "a device node is opened where it is made" "open" "$(outside_py 'print(opens("/run/vol/zero"))')"
assert_eq "in a volume it is none" "errno13" "$(inside_py 'print(opens("/mnt/zero"))' -v /run/vol:/mnt)"
assert_eq "and none is made, with all that can be asked for" "-1 -1" \
	"$(inside_py 'print(call(133, b"/tmp/m", 0o20666, 0x105), call(133, b"/mnt/m", 0o20666, 0x105))' "${all[@]}" -v /run/vol:/mnt)"
rm /run/vol/zero

# ------------------------------------------------------------ files by number ("shocker")
handle='buf = ctypes.create_string_buffer(136); ctypes.c_uint.from_buffer(buf).value = 128; mnt = ctypes.c_int()
print(call(303, -100, b"%s", buf, ctypes.byref(mnt), 0), bytes(buf.raw[:8 + buf.raw[0]]).hex())'
by_handle='h = ctypes.create_string_buffer(bytes.fromhex("%s"), 136); top = os.open("%s", os.O_RDONLY)
fd = call(304, top, h, 0); print(os.read(fd, 20).decode().strip() if fd >= 0 else fd)'
# shellcheck disable=SC2059
read -r made number <<<"$(outside_py "$(printf "$handle" /run/secret/key)")"
assert_eq "a file has a number" 0 "$made"
# shellcheck disable=SC2059
assert_eq "by which root opens it, past every folder" "top-secret" "$(outside_py "$(printf "$by_handle" "$number" /run/vol)")"
# shellcheck disable=SC2059
assert_eq "a container's does not" "-1" "$(inside_py "$(printf "$by_handle" "$number" /mnt)" "${all[@]}" -v /run/vol:/mnt)"

# ------------------------------------------------------------ others' processes, namespaces, keys, time
sleep 500 &
other=$!
peek="b = ctypes.create_string_buffer(8)
class V(ctypes.Structure): _fields_ = [('b', ctypes.c_void_p), ('n', ctypes.c_size_t)]
a = int(open('/proc/$other/maps').readline().split('-')[0], 16) if os.access('/proc/$other/maps', os.R_OK) and opens('/proc/$other/maps') == 'open' else 4096
l = V(ctypes.addressof(b), 4); r = V(a, 4)
print(call(310, $other, ctypes.byref(l), 1, ctypes.byref(r), 1, ctypes.c_long(0)), call(101, 0x4206, $other, 0, 0))"
assert_match "root reads and traces another's memory" "^[1-9][0-9]* 0$" "$(outside_py "$peek")"
assert_eq "a container's root does not, even where it sees it" "-1 -1" "$(inside_py "$peek" "${all[@]}" --pid host)"
assert_eq "and where it does not there is none" "-3 -3" "$(inside_py "$peek" "${all[@]}")"
for ns in net mnt user ipc pid; do
	assert_eq "root opens another's $ns namespace" "open" "$(outside_py "print(opens('/proc/$other/ns/$ns'))")"
	assert_match "a container's to none of the host's" "^errno13$" "$(inside_py "print(opens('/proc/$other/ns/$ns'))" "${all[@]}" --pid host)"
done
kill -KILL $other
wait $other 2>/dev/null
key='r = call(248, b"user", b"moat-secret", b"x", 1, -3); print(call(249, b"user", b"moat-secret", None, 0) > 0)'
find_key='print(call(249, b"user", b"moat-secret", None, 0) > 0)'
assert_eq "a key in a session is found by what the session starts" "True True" \
	"$($py -c "$prelude
call(250, 1, None); $key; sys.stdout.flush()
import subprocess; subprocess.run([sys.executable, '-c', sys.argv[1]])" "$prelude$find_key" | xargs)"
assert_match "but not by a container, asked for keyrings or not" "False" "$($py -c "$prelude
call(250, 1, None); $key; sys.stdout.flush()
import subprocess; subprocess.run(sys.argv[1:])" "$MOAT_BIN_DIR/moat" run --rm --security-opt allow=keyring -- $py -c "$prelude$find_key" | tail -1)"
assert_eq "the clock is nobody's inside" "-1 -1" \
	"$(inside_py 'print(call(227, 0, (ctypes.c_long * 2)(1, 0)), call(164, (ctypes.c_long * 2)(1, 0), None))' "${all[@]}")"

rm -rf /run/vol/*
eventually 3 nothing_left
assert_eq "nothing is left of any of them" "" "$(state_left)"
leftovers "no mount, no process is left"
finish
