#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a container may not by default, and what --security-opt and --landlock open and close: system calls
# group by group, covers of /proc and /sys, set-user-id files in volumes, Landlock rules and scopes.
# The shells inside shall expand what is in single quotes.
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need python3
sandbox_mark

# ------------------------------------------------------------ namespaces
for ns in cgroup ipc mnt net pid time user uts; do
	assert_fail "the $ns namespace is its own" test "$(readlink /proc/self/ns/$ns)" = "$(inside readlink /proc/self/ns/$ns)"
done

# ------------------------------------------------------------ system calls
# calls OPTION... - errno of one call of each group, by default or as the options have it
calls() {
	python 'errno_of(libc.syscall, 159, None), *[errno_of(libc.syscall, n, 0, 0, 0, 0, 0) for n in
		(246, 227, 321, 298, 323, 300, 425, 250, 165, 304, 308)], try_socket(38, 5, 0), try_socket(40, 1, 0),
		try_socket(17, 3, 0), try_socket(16, 3, 12), errno_of(libc.syscall, 16, 0, 0x5412, b"x"),
		errno_of(libc.syscall, 435, 0, 0)' "$@" | tr -d '(),'
}
# adjtimex kexec clock_settime bpf perf userfaultfd fanotify io_uring keyctl mount open_by_handle setns
# alg vsock packet netfilter TIOCSTI clone3
assert_eq "each group is refused" "1 1 1 1 1 1 1 38 1 1 1 1 97 97 1 1 1 38" "$(calls)"
opened=0
groups=(kernel:2 bpf:4 perf:5 userfaultfd:6 fanotify:7 io_uring:8 keyring:9 alg:13 packet:15 netfilter:16 tty:17)
closed=(x 1 1 1 1 1 1 1 38 1 1 1 1 97 97 1 1 1 38)
for pair in "${groups[@]}"; do
	name=${pair%:*} place=${pair#*:}
	read -r -a got <<<"x $(calls --security-opt allow="$name")"
	wrong=
	for ((i = 1; i <= 18; i++)); do
		((i == place)) || [[ ${got[i]} == "${closed[i]}" ]] || wrong+=" $i"
	done
	assert_eq "allow=$name opens nothing else" "" "$wrong"
	# What the kernel itself refuses (kexec, keyctl, packet sockets without their capability) says so with the same number.
	[[ ${got[place]} == "${closed[place]}" ]] || ((++opened))
done
if ((opened >= 6)); then pass "allow= opens groups ($opened of ${#groups[@]} seen)"; else fail "allow= opens $opened groups only"; fi
assert_ok "new user namespaces, asked for" moat run --rm --security-opt allow=namespaces -- unshare -U true
assert_ok "mounts in them, asked for" moat run --rm -u 1000 --security-opt allow=namespaces,mount -- unshare -Urm mount -t tmpfs x /mnt
assert_fail "not one without the other" moat run --rm -u 1000 --security-opt allow=namespaces -- unshare -Urm mount -t tmpfs x /mnt
assert_ok "all of it" moat run --rm -u 1000 --security-opt seccomp=unconfined -- unshare -Urm mount -t tmpfs x /mnt
assert_match "no filter at all" "Seccomp:	0" "$(moat run --rm --security-opt seccomp=unconfined -- grep Seccomp: /proc/self/status)"
assert_match "but no new privileges" "NoNewPrivs:	1" "$(moat run --rm --security-opt seccomp=unconfined -- grep NoNewPrivs /proc/self/status)"
assert_eq "calls that nobody has looked at are none" "38 38" "$(python '*[errno_of(libc.syscall, n, 0, 0, 0) for n in (470, 471)]' | tr -d '(),')"
assert_eq "32-bit numbers of x32 neither" "38" "$(python 'errno_of(libc.syscall, 0x40000000 + 39)')"
moat run -d --name keep --security-opt seccomp=unconfined -- sleep 1000 >/dev/null
assert_match "exec has what its container has" "Seccomp:	0" "$(moat exec keep -- grep Seccomp: /proc/self/status)"
moat rm -f keep >/dev/null
for option in seccomp=/etc/passwd seccomp=/nosuch seccomp=other seccomp= allow=everything allow= no-new-privileges=false label=type:x apparmor=mine mask=proc unmask=x flags=1 ''; do
	assert_status 125 "--security-opt '$option' is refused" moat run --rm --security-opt "$option" -- true
done
for option in seccomp=default no-new-privileges no-new-privileges:true no-new-privileges=true label=disable label:disable apparmor=unconfined; do
	assert_ok "--security-opt $option is what it is anyway" moat run --rm --security-opt "$option" -- true
done

cat >/run/sandbox/profile.json <<'JSON'
{"defaultAction": "SCMP_ACT_ALLOW", "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": []}],
 "syscalls": [
  {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13, "args": [], "comment": "", "includes": {}, "excludes": {}},
  {"names": ["rmdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13, "excludes": {"caps": ["CAP_NET_RAW"]}},
  {"names": ["symlink", "symlinkat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13, "includes": {"caps": ["CAP_NET_ADMIN"]}},
  {"names": ["link", "linkat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13, "includes": {"minKernel": "99.0"}},
  {"name": "chown", "action": "SCMP_ACT_ERRNO", "includes": {"arches": ["s390x"]}}]}
JSON
profile() { # OPTION... - which of five acts pass
	moat run --rm --security-opt seccomp=/run/sandbox/profile.json "$@" -- sh -c 'cd /tmp; touch f
	mkdir d && echo -n mkdir\ ; rmdir /run/lock && echo -n rmdir\ ; ln -s f s && echo -n symlink\ ; ln f l && echo -n link\ ; chown 1 f && echo -n chown' 2>/dev/null | xargs
}
assert_eq "a profile of its own" "symlink link chown" "$(profile)"
assert_eq "whose conditions are about capabilities" "rmdir link chown" "$(profile --cap-add NET_RAW --cap-add NET_ADMIN)"
moat run -d --name keep --security-opt seccomp=/run/sandbox/profile.json -- sleep 1000 >/dev/null
rm /run/sandbox/profile.json
assert_fail "exec has the same" moat exec keep -- mkdir /tmp/x
assert_ok "a restart needs no file" moat restart keep
assert_fail "and has it too" moat exec keep -- mkdir /tmp/x
moat rm -f keep >/dev/null
if [[ -e /usr/share/containers/seccomp.json ]]; then
	assert_ok "podman's own profile" moat run --rm --security-opt seccomp=/usr/share/containers/seccomp.json -- ls /
	assert_eq "podman's own refuses what it refuses" "1" "$(python 'errno_of(libc.syscall, 246, 0, 0, 0, 0, 0)' \
		--security-opt seccomp=/usr/share/containers/seccomp.json)"
fi

# ------------------------------------------------------------ covers
seen() { moat run --rm "$@" -- sh -c 'for f in /proc/interrupts /proc/timer_list /proc/keys /proc/kcore; do [ -e $f ] && [ ! -c $f ] && echo $f; done
	for d in /proc/acpi /proc/scsi /proc/asound /sys/firmware /sys/devices/virtual/powercap; do [ -n "$(ls -A $d 2>/dev/null)" ] && echo $d; done
	grep -q " /proc/sys ro" /proc/self/mountinfo || echo no cover; exit 0'; }
assert_eq "nothing of it is seen" "" "$(seen | xargs)"
assert_match "/proc/interrupts is, where it was asked for" "^/proc/interrupts$" "$(seen --security-opt unmask=/proc/interrupts | xargs)"
assert_match "all of it" "/proc/interrupts.*/proc/keys.*no cover" "$(seen --security-opt unmask=ALL | xargs)"
assert_match "as docker says it" "/proc/interrupts.*/proc/keys.*no cover" "$(seen --security-opt systempaths=unconfined | xargs)"
assert_fail "even then sysctls of the host are not its own" moat run --rm --security-opt unmask=ALL -- sh -c 'echo x >/proc/sys/kernel/core_pattern'
assert_eq "a path more, a file and a folder" "0 0" "$(moat run --rm --security-opt mask=/etc/passwd:/usr/share/doc -- \
	sh -c 'echo $(cat /etc/passwd | wc -c) $(ls /usr/share/doc | wc -l)')"
assert_ok "one that is not there" moat run --rm --security-opt mask=/nosuch/file -- true

# ------------------------------------------------------------ set-user-id files in volumes
mkdir /run/sandbox/vol
if moat run --rm -v /run/sandbox/vol:/vol -- true 2>/run/sandbox/err; then
	chmod='import os
def tries(*calls):
    for call in calls:
        try:
            call(); print("did", end=" ")
        except PermissionError: print("no", end=" ")
os.chdir(os.environ["WHERE"]); os.umask(0)
open("f", "w").close(); fd = os.open("f", os.O_RDWR)
tries(lambda: os.chmod("f", 0o4755), lambda: os.fchmod(fd, 0o2755), lambda: os.open("g", os.O_CREAT | os.O_WRONLY, 0o4755),
    lambda: os.mknod("h", 0o104755), lambda: os.chmod("f", 0o755))'
	assert_eq "a set-user-id file in a volume is not made" "no no no no did" \
		"$(moat run --rm -v /run/sandbox/vol:/vol -e WHERE=/vol -- python3 -c "$chmod" | xargs)"
	assert_eq "the host has none" "" "$(find /run/sandbox/vol -perm /6000)"
	rm -f /run/sandbox/vol/*
	assert_eq "asked for, it is" "did did did did did" \
		"$(moat run --rm -v /run/sandbox/vol:/vol -e WHERE=/vol --security-opt allow=setid -- python3 -c "$chmod" | xargs)"
	assert_match "and the host has it: that would be the hole" "/run/sandbox/vol/g" "$(find /run/sandbox/vol -perm -4000 -user root)"
	assert_eq "where nothing of the host is written, it may" "did did did did did" \
		"$(moat run --rm -v /run/sandbox/vol:/vol:ro -e WHERE=/tmp -- python3 -c "$chmod" | xargs)"
	# The kernel clears the bits of a file that somebody else writes.
	chmod 4755 /run/sandbox/vol/g
	assert_ok "one that is there is written" moat run --rm -v /run/sandbox/vol:/vol -- sh -c 'echo x >/vol/g'
	assert_eq "and is one no more" "755" "$(stat -c %a /run/sandbox/vol/g)"
	assert_fail "file capabilities" moat run --rm -v /run/sandbox/vol:/vol -- python3 -c 'import os
os.setxattr("/vol/f", "security.capability", bytes([1, 0, 0, 2]) + bytes(16))'
else
	note "SKIP set-user-id files: $(cat /run/sandbox/err)"
	[[ ${MOAT_MUST_WORK:-0} != 1 || $(printf '6.3\n%s\n' "$(uname -r)" | sort -V | head -1) != 6.3 ]] || fail "this kernel can"
fi

# ------------------------------------------------------------ Landlock
abi=$(/usr/bin/env python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))')
note "Landlock ABI $abi"
for rule in ro ro= ro=usr rw=x connect= connect=65536 bind=http other=1 ''; do
	assert_status 125 "--landlock '$rule' is refused" moat run --rm --landlock "$rule" -- true
done
if ((abi >= 4)); then
	locked() { moat run --rm --landlock ro=/usr,rw=/tmp "$@"; }
	assert_ok "what is in the rules runs" locked -- sh -c 'echo x >/tmp/x && cat /tmp/x && ls /usr >/dev/null && echo >/dev/null'
	assert_fail "what is not is not read" locked -- cat /etc/hosts
	assert_match "for want of rights" "Permission denied" "$output"
	assert_fail "not listed" locked -- ls /home
	assert_fail "nor written" locked -- touch /var/tmp/x
	assert_fail "ro is not written" locked -- sh -c 'echo x >/usr/x'
	assert_ok "without it it is" inside sh -c 'cat /etc/hosts && ls /home && touch /var/tmp/x'
	assert_status 125 "a path that is none" moat run --rm --landlock ro=/nosuch -- true
	assert_match "is told" "/nosuch" "$output"
	connects='import socket, sys, threading
out = []
for port in (8001, 8002):
    s = socket.socket()
    try: s.bind(("127.0.0.1", port)); s.listen()
    except OSError as e: out.append("bind%d" % e.errno); continue
    try: socket.create_connection(("127.0.0.1", port), 1); out.append("ok")
    except OSError as e: out.append("connect%d" % e.errno)
print(*out)'
	assert_eq "ports to connect to" "ok connect13" "$(moat run --rm --landlock connect=8001 -- python3 -c "$connects")"
	assert_eq "ports to listen on" "bind13 ok" "$(moat run --rm --landlock bind=8002 -- python3 -c "$connects")"
	assert_eq "both, more than one option" "ok bind13" \
		"$(moat run --rm --landlock connect=8001 --landlock bind=8001 -- python3 -c "$connects")"
	moat run -d --name keep --landlock ro=/usr -- sleep 1000 >/dev/null
	assert_fail "exec is in the same rules" moat exec keep -- cat /etc/hosts
	moat rm -f keep >/dev/null
else
	assert_status 125 "ports are refused by name" moat run --rm --landlock connect=1 -- true
	assert_match "with what they need" "Landlock ABI 4 \(Linux 6.7\)" "$output"
	note "SKIP Landlock rules: ABI $abi"
fi
if ((abi >= 6)); then
	python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX); s.bind("\0of-the-host"); s.listen(); time.sleep(1000)' &
	listener=$!
	abstract='import socket
s = socket.socket(socket.AF_UNIX); s.connect("\0of-the-host"); print("connected")'
	assert_ok "an abstract socket of the host" eventually 5 python3 -c "$abstract"
	assert_fail "is not reached from its own stack" inside python3 -c "$abstract"
	assert_fail "nor from the host's, by its scope" moat run --rm --net host -- python3 -c "$abstract"
	assert_match "which says so" "Operation not permitted" "$output"
	moat run -d --name keep --net host -- sleep 1000 >/dev/null
	assert_fail "nor by exec" moat exec keep -- python3 -c "$abstract"
	assert_ok "signals of exec reach the container all the same" moat exec keep -- sh -c 'kill -0 2'
	assert_ok "that goes" moat rm -f keep
	assert_eq "within it abstract sockets are its own" "connected" "$(inside python3 -c 'import socket
s = socket.socket(socket.AF_UNIX); s.bind("\0mine"); s.listen()
c = socket.socket(socket.AF_UNIX); c.connect("\0mine"); print("connected")')"
	kill $listener
	wait $listener 2>/dev/null
else
	note "SKIP Landlock scopes: ABI $abi"
fi
eventually 3 nothing_left
assert_eq "nothing is left of any of them" "" "$(state_left)"
leftovers "no mount, no process is left"
finish
