#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# oci_acts - what a program in a container of moat-runtime tries on the kernel: each act is first done where the
# configuration takes its protection off, or outside, so that it is seen to work; then with what `spec` gives, and, where
# only a filter helps, with linux.seccomp. The ways by files and paths are in oci.sh.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
. "$(dirname "$0")/../conformance/oci/oci.sh"
exec 2>&1
need python3
bundle acts '.root.readonly = false'
cp "$MOAT_BIN_DIR/../tests/oci_acts" rootfs/bin/act
act=rootfs/bin/act
try() { inside /bin/act "$@"; } # as `spec` has it
# off JQ ACT... - with the configuration so changed
off() {
	local change=$1
	shift
	cp config.json config.kept
	config "$change"
	inside /bin/act "$@"
	mv config.kept config.json
}
without() { echo ".linux.namespaces -= [{\"type\": \"$1\"}]"; }
caps() { echo ".process.capabilities |= map_values([\"$1\"])"; }
filter() { # NAME... - refused by linux.seccomp
	jq -nc '$ARGS.positional' --args "$@" | sed 's/.*/.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": &, "action": "SCMP_ACT_ERRNO"}]}/'
}

# ------------------------------------------------------------ sysctls, ids
assert_eq "/proc/sys/net/../kernel is the kernel's" "$(cat /proc/sys/kernel/ostype)" "$(cat /proc/sys/net/../kernel/ostype)"
for name in net/../kernel/domainname net.ipv4../../kernel/domainname; do
	refuses "$name is refused for all that" "sysctl" ".linux.sysctl = {\"$name\": \"moat\"}"
done
mkdir -p /run/ids/root
mkdir /run/ids/root/../beside
assert_ok "a path with .. leads out" test -d /run/ids/beside
rmdir /run/ids/beside
assert_fail "an id with .. is refused" timeout 10 "$RUNTIME" --root /run/ids/root create ../beside
assert_eq "and nothing is made" "root" "$(ls /run/ids)$(ls /run/ids/root)"

# ------------------------------------------------------------ the kernel's files
for file in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/fs/binfmt_misc/register /proc/sys/vm/drop_caches /proc/sys/kernel/modprobe; do
	[[ -e $file ]] || continue
	assert_eq "$file is opened where nothing covers it" ok "$(off '.linux.readonlyPaths = [] | .linux.maskedPaths = []' write $file)"
	assert_eq "not by default" errno30 "$(try write $file)"
done
assert_eq "/proc/keys is read where nothing masks it" "1" "$(cp config.json config.kept; config '.linux.maskedPaths = []'; inside sh -c 'test -c /proc/keys; echo $?'; mv config.kept config.json)"
assert_eq "by default it is the null device" 0 "$(inside sh -c 'test -c /proc/keys; echo $?')"

# ------------------------------------------------------------ release_agent (CVE-2022-0492)
# Of a hierarchy of cgroup v1 that is nobody's, and whose agent no cgroup ever calls.
mkdir /run/cg
mount -n -t cgroup -o none,name=moat-attack cgroup /run/cg || die "no hierarchy of cgroup v1"
bound='.mounts += [{"destination": "/cg", "source": "/run/cg", "options": ["rbind"]}]'
mapped='.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 1000}] | .linux.gidMappings = .linux.uidMappings'
assert_eq "release_agent is written with its hierarchy inside and CAP_SYS_ADMIN" ok "$(off "$bound | $(caps CAP_SYS_ADMIN)" put /cg/release_agent)"
assert_eq "and the kernel would run it" /nosuch "$(cat /run/cg/release_agent)"
echo >/run/cg/release_agent
assert_eq "not without the capability" errno1 "$(off "$bound" put /cg/release_agent)"
assert_eq "nor with that of a user namespace, whatever its ids" errno1 "$(off "$bound | $mapped | $(caps CAP_SYS_ADMIN)" put /cg/release_agent)"
assert_eq "it is empty" "" "$(cat /run/cg/release_agent)"
assert_eq "a hierarchy is mounted with the capability" ok "$(off "$(caps CAP_SYS_ADMIN)" hierarchy /tmp)"
assert_eq "not by default" errno1 "$(try hierarchy /tmp)"
assert_eq "and none is there" "" "$(inside find / -name release_agent)"
umount /run/cg

# ------------------------------------------------------------ sockets, terminals, keys
python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX); s.bind("\0of-the-host"); s.listen(); time.sleep(1000)' &
listener=$!
assert_ok "an abstract socket is there" eventually 10 sh -c "[ \"\$($act abstract of-the-host)\" = ok ]"
assert_eq "it is reached from the host's network" ok "$(off "$(without network)" abstract of-the-host)"
assert_eq "not from a container's own" errno111 "$(try abstract of-the-host)"
kill $listener
wait $listener 2>/dev/null
# on_tty WORD... - with a terminal of its own session as standard input, as an administrator's shell has one
on_tty() {
	python3 -c 'import os, pty, sys
pid, fd = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
out = b""
try:
    while True:
        data = os.read(fd, 4096)
        if not data: break
        out += data
except OSError: pass
os.waitpid(pid, 0)
print(out.decode(errors="replace").replace("\r", "").strip())' "$@"
}
if [[ $(on_tty $act tty) =~ ok$ ]]; then
	for word in tty tty-high; do
		assert_match "a program types on its terminal ($word)" "ok$" "$(on_tty $act $word)"
		args /bin/act $word
		assert_match "one in a container not on the caller's" "errno(1|25|5)$" "$(on_tty timeout 20 "$RUNTIME" --root "$OCI_ROOT" run tty)"
	done
else
	note "SKIP TIOCSTI: this kernel has it switched off (dev.tty.legacy_tiocsti)"
fi
# with_key WORD... - in a session that has a key
with_key() {
	python3 -c 'import ctypes, os, sys
c = ctypes.CDLL(None); c.syscall(250, 1, None); c.syscall(248, b"user", b"moat-oci", b"x", 1, -3)
os.execvp(sys.argv[1], sys.argv[1:])' "$@"
}
assert_eq "a key of a session is found by what it starts" ok "$(with_key $act key moat-oci)"
args /bin/act key moat-oci
assert_eq "by a container that shall have no session of its own" ok \
	"$(with_key timeout 20 "$RUNTIME" --root "$OCI_ROOT" run --no-new-keyring key </dev/null)"
assert_match "not by another" "^errno(126|2)$" "$(with_key timeout 20 "$RUNTIME" --root "$OCI_ROOT" run key </dev/null)"

# ------------------------------------------------------------ others' processes, namespaces
sleep 1000 &
other=$!
eventually 5 test -r /proc/$other/maps
for what in ptrace peek; do
	assert_eq "$what of a process of the host, where its pids and the capability were given" ok \
		"$(off "$(without pid) | $(caps CAP_SYS_PTRACE) | .linux.maskedPaths = []" $what $other)"
	assert_eq "not with its pids alone" errno1 "$(off "$(without pid)" $what $other)"
	assert_eq "by default there is no such process" errno3 "$(try $what $other)"
done
assert_eq "its namespace is entered with its pids and capabilities" ok \
	"$(off "$(without pid) | .process.capabilities |= map_values([\"CAP_SYS_PTRACE\", \"CAP_SYS_ADMIN\"])" setns /proc/$other/ns/net)"
assert_match "not with its pids alone: it cannot be opened" "^errno(9|13)$" "$(off "$(without pid)" setns /proc/$other/ns/net)"
assert_eq "nor its own by default" errno1 "$(try setns /proc/self/ns/net)"
kill $other
wait $other 2>/dev/null
for what in netfilter packet; do
	assert_eq "$what: root of a new user namespace may, where there is no filter" ok "$(try $what)"
	assert_eq "not with one that refuses it" errno1 "$(off "$(filter unshare)" $what)"
done
if [[ $($act uring) == ok ]]; then
	assert_eq "io_uring, where there is no filter" ok "$(try uring)"
	assert_eq "not with one" errno1 "$(off "$(filter io_uring_setup)" uring)"
else
	note "SKIP io_uring: this kernel has none"
fi

# ------------------------------------------------------------ capabilities
assert_eq "a device node is made with the capability" ok "$(off "$(caps CAP_MKNOD)" node /tmp/mem)"
rm -f rootfs/tmp/mem
assert_eq "not by default" errno1 "$(try node /tmp/mem)"
handles=$($act handle /run/b)
if [[ $handles == ok ]]; then
	assert_eq "a folder by its number, with the capability" ok "$(off "$(caps CAP_DAC_READ_SEARCH)" handle /)"
	assert_eq "not by default" errno1 "$(try handle /)"
else
	note "SKIP files by number: $handles"
fi
assert_eq "the clock: a tick that is none is refused for that, with the capability" errno22 "$(off "$(caps CAP_SYS_TIME)" clock)"
assert_eq "for want of the capability by default" errno1 "$(try clock)"
assert_ok "nothing is left of any" test -z "$(ls "$OCI_ROOT")"
finish
