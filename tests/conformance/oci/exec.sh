#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# exec - processes in a running container, as conmon, containerd's shim and people start them; terminals.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
. "$(dirname "$0")/oci.sh"
exec 2>&1
need python3
bundle exec
config '.process.env += ["FROM=config"] | .process.cwd = "/tmp" | .linux.namespaces += [{"type": "time"}]'
args sleep 1000
assert_ok "a container" bg run -d a
assert_eq "its output" hello "$(rt exec a echo hello)"
assert_status 7 "its exit status" rt exec a sh -c 'exit 7'
assert_eq "the container's namespaces" "$(for n in cgroup ipc mnt net pid time uts; do readlink "/proc/$(pid_of a)/ns/$n"; done)" \
	"$(rt exec a sh -c 'for n in cgroup ipc mnt net pid time uts; do readlink /proc/self/ns/$n; done')"
assert_eq "and processes" "sleep 1000" "$(rt exec a sh -c 'tr "\0" " " </proc/1/cmdline' | sed 's/ $//')"
assert_eq "environment and folder of the container" "config /tmp" "$(rt exec a sh -c 'echo $FROM $PWD')"
assert_eq "others by options" "new other /etc" "$(rt exec -e FROM=new --env MORE=other --cwd /etc a sh -c 'echo $FROM $MORE $PWD')"
assert_eq "a user by number" "uid=1000 gid=0" "$(rt exec -u 1000 a id | sed 's/ groups=.*//')"
assert_eq "with a group, and more" "uid=1000 gid=5 groups=7,8" "$(rt exec -u 1000:5 -g 7 --additional-gids 8 a id)"
for user in 1000: :5 -1 4294967295 1000x root " 1" "" 1:2:3; do
	assert_fail "a user of \"$user\" is refused" rt exec -u "$user" a id
done
assert_eq "capabilities of the container, none inheritable" "0000000000000000 0000000020000420" \
	"$(rt exec a awk '/CapInh|CapEff/ { printf "%s%s", s, $2; s = " " }' /proc/self/status)"
assert_eq "no_new_privs of the container" "NoNewPrivs:	1" "$(rt exec a grep NoNewPrivs /proc/self/status)"
assert_fail "a program that is not there" rt exec a nosuch
assert_match "is told as engines expect it" "executable file not found in .PATH" "$output"
assert_fail "one that is not executable" rt exec a /etc
assert_fail "of a container that is not there" rt exec nosuch true
assert_fail "a working directory that is not there" rt exec --cwd /nosuch a true

# ------------------------------------------------------------ process.json
jq '.process | .args = ["sh", "-c", "echo $X; id -u"] | .env += ["X=json"] | .user = {uid: 5, gid: 6}' config.json >process.json
assert_eq "process.json" "json 5" "$(rt exec --process process.json a | tr '\n' ' ' | sed 's/ $//')"
jq '.process | .args = ["grep", "CapEff", "/proc/self/status"] | del(.capabilities)' config.json >process.json
assert_eq "without capabilities it has the container's" "CapEff:	0000000020000420" "$(rt exec --process process.json a)"
assert_eq "HOME, and the number that sockets are for" "/ same" \
	"$(LISTEN_FDS=1 rt exec a sh -c '[ $$ = $LISTEN_PID ] && echo $HOME same' 3</dev/null)"
jq '.process | .args = ["sleep", "1000"]' config.json >process.json
assert_ok "detached" bg exec -d --pid-file /run/pid -p process.json a
assert_match "the pid file is there, of a process that runs" "sleep 1000" "$(tr '\0' ' ' <"/proc/$(</run/pid)/cmdline")"
assert_eq "with the standard streams alone" "0 1 2" "$(find "/proc/$(</run/pid)/fd" -type l -printf "%f\n" | sort -n | tr '\n' ' ' | sed 's/ $//')"
kill -9 "$(</run/pid)"
jq '.process | .args = ["true"] | .cwd = "tmp"' config.json >process.json
assert_fail "a relative cwd is refused" rt exec --process process.json a
mkfifo /run/fifo
assert_fail "a FIFO is refused" rt exec --process /run/fifo a
assert_match "and nobody waits" "fifo" "$output"

# ------------------------------------------------------------ descriptors
exec 5</etc/passwd 3</etc/group 4</etc/hosts
assert_eq "none of the caller's are handed on" "0 1 2 3" "$(rt exec a ls /proc/self/fd | tr '\n' ' ' | sed 's/ $//')"
assert_eq "but those that shall be" "0 1 2 3 4 5" "$(rt exec --preserve-fds 2 a ls /proc/self/fd | tr '\n' ' ' | sed 's/ $//')"
exec 3<&- 4<&- 5<&-
assert_fail "one that is not open cannot be" rt exec --preserve-fds 1 a true
assert_match "and that is said" "descriptor 3 is not open" "$output"

# ------------------------------------------------------------ terminals
# console SOCKET - takes a terminal from there and shows what comes out of it
cat >/run/console.py <<'P'
import array, os, socket, sys, termios
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(1)
open(sys.argv[1] + ".ready", "w").close()
c, _ = s.accept()
data, anc, _, _ = c.recvmsg(100, socket.CMSG_SPACE(4))
fd = array.array("i", anc[0][2])[0]
out = b""
while True:
    try:
        more = os.read(fd, 4096)
    except OSError:
        break
    if not more:
        break
    out += more
sys.stdout.write("%d %s" % (os.isatty(fd), out.decode().replace("\r\n", " ")))
P
console() {
	local socket=$1
	shift
	rm -f "$socket" "$socket.ready"
	python3 /run/console.py "$socket" >/run/console.out &
	eventually 10 test -e "$socket.ready"
	"$@"
	wait $!
	cat /run/console.out
}
jq '.process | .terminal = true | .consoleSize = {height: 33, width: 77} | .args = ["sh", "-c", "tty; stty size; ls -l /proc/self/fd/0 | sed \"s/.*-> //\""]' config.json >process.json
assert_match "a terminal of the container's, sent to the console socket, of the right size" '^1 /dev/pts/[0-9]+ 33 77 /dev/pts/[0-9]+ $' \
	"$(console /run/s rt exec -d --process process.json --console-socket /run/s a)"
rt delete -f a
config '.process.terminal = true | .process.consoleSize = {height: 22, width: 55}'
args sh -c 'tty; stty size; echo console >/dev/console; test -c /dev/console && echo char'
assert_match "the same for a container, with /dev/console" '^1 /dev/pts/[0-9]+ 22 55 console char $' \
	"$(console /run/s bg run -d --console-socket /run/s t)"
rt delete -f t
assert_fail "a terminal needs a console socket" bg create t
assert_match "and that is said" "console-socket" "$output"
args sh -c 'stty -echo; read -r x; echo "got $x"; stty size'
output=$(python3 - "$RUNTIME" "$OCI_ROOT" <<'P'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 88, 0, 0))
    os.execv(sys.argv[1], [sys.argv[1], "--root", sys.argv[2], "run", "t"])
os.write(fd, b"typed\n")
out = b""
while True:
    try:
        more = os.read(fd, 4096)
    except OSError:
        break
    if not more:
        break
    out += more
print(os.waitpid(pid, 0)[1], out.decode().replace("\r\n", " "))
P
)
assert_match "run carries between our terminal and its, in our size" '^0 .*got typed 44 88' "$output"
# execCPUAffinity: of exec, not of the container's own process
cpus=$(taskset -pc $$ | sed 's/.*: //')
first=${cpus%%[-,]*} last=${cpus##*[-,]}
allowed() { sed -n 's/^Cpus_allowed_list:.//p' "$@"; }
config ".process.terminal = false | .process.execCPUAffinity = {\"initial\": \"$first\", \"final\": \"$last\"}"
args sleep 1000
bg run -d cpus
assert_eq "execCPUAffinity: not the container's own process" "$(allowed /proc/self/status)" "$(allowed "/proc/$(pid_of cpus)/status")"
assert_eq "execCPUAffinity: final" "$last" "$(rt exec cpus cat /proc/self/status | allowed)"
jq ".process | .args = [\"cat\", \"/proc/self/status\"] | .execCPUAffinity = {\"initial\": \"$first\"}" config.json >process.json
assert_eq "execCPUAffinity: initial, without a final one" "$first" "$(rt exec -p process.json cpus | allowed)"
for list in 100000 9-1 - "," 1- ; do
	jq ".execCPUAffinity.initial = \"$list\"" process.json >wrong.json
	assert_fail "execCPUAffinity: \"$list\" is refused" rt exec -p wrong.json cpus
	assert_match "and told" "moat-runtime: $list: execCPUAffinity" "$output"
done
rt delete -f cpus
config 'del(.process.execCPUAffinity)'
assert_fail "a console socket without a terminal is refused" bg create --console-socket /run/s t
assert_ok "nothing is left" test -z "$(ls "$OCI_ROOT")"
finish
