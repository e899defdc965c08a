#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Containers on a real kernel: what they see, what they may, what becomes of them, what they leave.
# First without a daemon (a stack with loopback alone needs none), then on a network.
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need python3 curl
sandbox_outside
sandbox_mark

# What moat writes of containers; the registry of id ranges stays.
state_left() { find "$RT/containers" -mindepth 1 ! -name .ids 2>/dev/null; }
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
etc_hash() { find /etc /var/lib /var/log /home /root -xdev -printf '%p %u %g %m %s %T@ %C@\n' 2>/dev/null | sort | md5sum; }

# ------------------------------------------------------------ what it sees
before=$(etc_hash)
assert_ok "writes" inside sh -c 'echo x >/etc/new && echo x >/var/lib/new && rm -r /etc/apt/../hostname && mkdir /data &&
	echo x >/root/y && echo x >/tmp/z && mkdir -p /home/u && touch /var/log/w'
assert_eq "the host's files are as they were" "$before" "$(etc_hash)"
assert_fail "what was written is gone" inside cat /etc/new
[[ ! -e /data ]] && pass "no folder of it on the host" || fail "/data is on the host"
assert_fail "/etc/shadow cannot be read" inside cat /etc/shadow
assert_match "nor is it empty: it is refused" "Permission denied" "$output"
assert_fail "nor can the host's programs be written" inside sh -c 'echo x >>/usr/bin/env'
assert_fail "nor renamed" inside mv /usr/bin/env /usr/bin/env2
map1=$(inside cat /proc/self/uid_map)
map2=$(inside cat /proc/self/uid_map)
assert_match "65536 ids from far above" "^ +0 +[0-9]{9,} +65536$" "$map1"
if [[ $map1 != "$map2" ]]; then pass "another container has others"; else fail "the same ids" "$map1"; fi
assert_eq "it is process 2 of its own" 2 "$(inside sh -c 'echo $$')"
assert_eq "loopback is its only link, and up" "lo UNKNOWN" "$(inside ip -br link | awk '{print $1, $2}')"
assert_eq "its name is its host name" "n1" "$(moat run --rm --name n1 -- hostname)"
assert_eq "or what was asked for" "h.example" "$(moat run --rm --hostname h.example -- hostname)"
assert_eq "three descriptors and the one that looks" "0 1 2 3" "$(exec 7</etc 8</; inside ls /proc/self/fd | xargs)"
assert_eq "it is in no folder of the host's" "/" "$(cd /var/lib && inside pwd -P)"
assert_status 125 "a working folder that is no folder inside" moat run --rm -w /proc/self/fd/3 -- pwd
assert_match "no /dev of the host's" "^fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero$" \
	"$(inside ls /dev | xargs)"
assert_eq "/dev/null is the real one" "character special file 1:3" "$(inside stat -c '%F %t:%T' /dev/null)"
assert_fail "the kernel's memory is hidden" inside sh -c '[ -s /proc/kcore ] || exit 1'
assert_fail "sysctls are read-only" inside sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
assert_fail "sysfs is read-only" inside sh -c 'echo 1500 >/sys/class/net/lo/mtu'
assert_fail "process 1 is closed" inside ls /proc/1/fd/
assert_fail "and tells nothing of the host" inside grep -a "$RT" /proc/1/cmdline
assert_eq "the environment is its own" "HOME HOSTNAME PATH container" \
	"$(SECRET=1 inside cat /proc/self/environ | tr '\0' '\n' | cut -d= -f1 | sort | xargs)"
assert_eq "but for what is given" "A=b C=d" "$(C=d moat run --rm -e A=b -e C -- sh -c 'echo A=$A C=$C')"
assert_eq "hugepages, cgroups and the like are not mounted" "" "$(inside sh -c 'grep -E "cgroup|hugetlb|debugfs|tracefs" /proc/mounts')"

# ------------------------------------------------------------ what it may
status=$(inside grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | awk '{print $1 $2}' | xargs)
assert_eq "ten capabilities, none inheritable" "CapInh:0000000000000000 CapPrm:00000000000405fb CapEff:00000000000405fb \
CapBnd:00000000000405fb CapAmb:0000000000000000 NoNewPrivs:1 Seccomp:2" "$status"
assert_match "a user has none" "CapEff:	0000000000000000" "$(moat run --rm -u nobody -- cat /proc/self/status)"
assert_match "as many as are asked for" "CapEff:	0000000000001000" \
	"$(moat run --rm --cap-drop ALL --cap-add NET_ADMIN -- cat /proc/self/status)"
assert_status 125 "an unknown one is refused" moat run --rm --cap-add CAP_FLY -- true
assert_eq "its user" "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)" "$(moat run --rm -u nobody -- id)"
assert_eq "numbers need no name" "4242 4343" "$(moat run --rm -u 4242:4343 -- sh -c 'echo $(id -u) $(id -g)')"
for user in '' : :5 1000: -1 4294967295 1000x 65536 'nobody '; do
	[[ -z $user ]] || assert_status 125 "-u '$user' is refused" moat run --rm -u "$user" -- true
done
assert_fail "no user namespace" inside unshare -U true
assert_fail "no mount" inside mount -t tmpfs x /mnt
assert_fail "no mount with all capabilities either" moat run --rm --cap-add ALL -- mount -t tmpfs x /mnt
assert_fail "nor a user namespace" moat run --rm --cap-add ALL -- unshare -U true
assert_eq "TIOCSTI is refused, also with bits above 32" "1 1" "$(python \
	'errno_of(libc.syscall, 16, 0, 0x5412, b"x"), errno_of(libc.syscall, 16, 0, ctypes.c_ulong(0x100005412), b"x")' | tr -d '(),')"
assert_eq "keyrings, bpf, io_uring, clone3, modules" "1 1 38 38 1" "$(python \
	'*[errno_of(libc.syscall, n, 0, 0, 0, 0, 0) for n in (250, 321, 425, 435, 175)]')"
assert_eq "packet and nfnetlink sockets" "1 1" "$(python 'try_socket(17, 3, 0), try_socket(16, 3, 12)' | tr -d '(),')"
assert_eq "nfnetlink, bits above 32 set" "1" \
	"$(python 'errno_of(libc.syscall, 41, ctypes.c_ulong(0x100000010), 3, ctypes.c_ulong(0x10000000c))')"
assert_eq "with NET_RAW and NET_ADMIN" "0 0" "$(python 'try_socket(17, 3, 0), try_socket(16, 3, 12)' \
	--cap-add NET_RAW --cap-add NET_ADMIN | tr -d '(),')"
assert_ok "NET_ADMIN owns the stack" moat run --rm --cap-add NET_ADMIN -- ip addr add 10.9.9.9/32 dev lo
assert_fail "which is not so without" inside ip addr add 10.9.9.9/32 dev lo
assert_eq "port 80 and ping for every user" "0" "$(python 'try_socket(2, 2, 1)' -u 1000)"
assert_eq "core files, umask" "0 0022" "$(inside sh -c 'echo $(ulimit -c) $(umask)')"

# ------------------------------------------------------------ two of them
shm='import ctypes, time; c = ctypes.CDLL(None); i = c.shmget(0x4d6f6174, 4096, 0o3600); print(i, flush=True)'
assert_ok "one in the background" moat run -d --name a -- python3 -c "$shm; open('/dev/shm/a', 'w'); time.sleep(1000)"
assert_ok "another" moat run -d --name b -- python3 -c "$shm; time.sleep(1000)"
eventually 10 sh -c "[ -n \"\$(moat logs a)\" ] && [ -n \"\$(moat logs b)\" ]"
assert_match "both made the segment of that key anew (IPC_EXCL)" "^[0-9]+ [0-9]+$" "$(moat logs a) $(moat logs b)"
assert_eq "the one's shared memory is not the other's" "a " "$(moat exec a -- ls /dev/shm) $(moat exec b -- ls /dev/shm)"
assert_eq "nor its processes" "1 2" "$(moat exec b -- sh -c 'ls /proc | grep -E "^[12]$" | xargs')"
assert_status 125 "a name is given once" moat run -d --name a -- true
assert_match "both are listed" "default/a .*running.*default/b .*running" "$(moat ps | xargs)"
assert_status 1 "one that runs is not removed" sh -c 'moat rm a; [ $? = 4 ] && exit 1'
assert_ok "unless by force" moat rm -f a
assert_match "the other one's namespaces can be joined" "net:\[[0-9]+\]" \
	"$(moat run --rm --net container:b -- readlink /proc/self/ns/net)"
assert_eq "they are the same" "$(moat exec b -- readlink /proc/self/ns/net)" \
	"$(moat run --rm --net container:b -- readlink /proc/self/ns/net)"
assert_eq "and the ids too" "$(moat exec b -- cat /proc/self/uid_map)" \
	"$(moat run --rm --net container:b -- cat /proc/self/uid_map)"

# ------------------------------------------------------------ exec
assert_status 3 "a status comes back" moat exec b -- sh -c 'exit 3'
assert_status 127 "no such command" moat exec b -- /nosuch
assert_status 126 "no command" moat exec b -- /etc/passwd
assert_status 137 "killed" moat exec b -- sh -c 'kill -9 $$'
assert_status 125 "no such container" moat exec nosuch -- true
assert_status 125 "a user that is none" moat exec -u 1000x b -- true
assert_eq "it is no more than the container" "$status" \
	"$(moat exec b -- grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | awk '{print $1 $2}' | xargs)"
assert_eq "input goes in" "HELLO" "$(echo hello | moat exec -i b -- tr a-z A-Z)"
assert_eq "none without -i" "" "$(echo hello | moat exec b -- cat)"
assert_eq "its user, folder, variables" "4242 /usr x" \
	"$(moat exec -u 4242 -w /usr -e V=x b -- sh -c 'echo $(id -u) $PWD $V')"
assert_eq "nothing leaks in" "0 1 2 3" "$(exec 7</etc 8</; moat exec b -- ls /proc/self/fd | xargs)"

# ------------------------------------------------------------ how it ends
assert_status 7 "its status" inside sh -c 'exit 7'
assert_status 137 "128 and its signal" inside sh -c 'kill -9 $$'
assert_status 127 "no such command" inside /nosuch
assert_status 126 "no command" inside /etc/passwd
assert_status 125 "nothing to run" moat run --rm
for option in -t --memory=1m --cpus=1 --pids-limit=1 --image=x --pid=host --ipc=host --security-opt=x --restart=no \
	--device-net=x --x11 --net=host; do
	assert_status 125 "$option is refused by name" moat run --rm $option -- true
	assert_match "and told so" "${option%%=*}.* is not built yet" "$output"
done
best=9999
for _ in 1 2 3 4 5; do
	moat run -d --rm --name s -- sleep 1000 >/dev/null
	start=${EPOCHREALTIME/./}
	moat stop s >/dev/null
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	((took < best)) && best=$took
done
if ((best < 100)); then pass "sleep stops at once ($best ms)"; else fail "stop of sleep takes $best ms"; fi
assert_ok "one that does not want to" moat run -d --name deaf -- sh -c 'trap "" TERM; while :; do sleep 1; done'
assert_ok "is killed" moat stop -t 1 deaf
assert_match "and it shows" "exited \(137\)" "$(moat ps -a)"
assert_ok "stopping it again is no failure" moat stop deaf
assert_ok "gone" moat rm deaf
assert_ok "removing what is gone is no failure" moat rm deaf
assert_status 3 "unless asked for" moat rm --strict deaf
assert_ok "orphans" moat run -d --name orphans -- sh -c '(sleep 0.05 & ) ; sleep 1000'
sleep 0.3
assert_eq "are reaped" "" "$(moat exec orphans -- ps -eo stat= | grep Z)"
assert_ok "and done" moat rm -f orphans b
"$MOAT_BIN_DIR/moat" run --rm -- sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done' >/run/sandbox/out &
client=$!
eventually 10 grep -q ready /run/sandbox/out
kill -TERM "$client"
got=0
wait "$client" || got=$?
assert_eq "a signal to the client reaches the command" 9 "$got"
assert_eq "its input" "5" "$(echo hello | moat run --rm -i -- sh -c 'read x; echo ${#x}')"
assert_eq "much output, and a reader that goes away" "y" "$(timeout 10 moat run --rm -- yes | head -1)"
assert_eq "output is whole" "$(seq 200000 | md5sum)" "$(inside seq 200000 | md5sum)"
assert_eq "errors go where errors go" "out|err" \
	"$(inside sh -c 'echo out; echo err >&2' 2>/run/sandbox/err)|$(cat /run/sandbox/err)"
assert_eq "even reopened, by a user" "x" "$(moat run --rm -u nobody -- sh -c 'echo x >/dev/stdout')"
eventually 3 nothing_left
assert_eq "nothing is left of any of them" "" "$(state_left)"

# ------------------------------------------------------------ logs
moat run -d --name l -- sh -c 'echo one; echo two >&2; sleep 0.3; printf "th\377ree"' >/dev/null
assert_eq "followed to the end" $'one\nth\xef\xbf\xbdree' "$(moat logs -f l 2>/dev/null)"
assert_eq "and each stream to its own" "two" "$(moat logs l 2>&1 >/dev/null)"
assert_eq "as JSON" "stdout stderr stdout" "$(moat logs --json l | python3 -c '
import json, sys
print(*[json.loads(line)["stream"] for line in sys.stdin])')"
moat rm l >/dev/null
moat run -d --name l -- sh -c 'seq 3000000' >/dev/null
moat logs -f l >/dev/null
size=$(du -sb "$RT/containers/default/l" | cut -f1)
if ((size < 18000000 && size > 9000000)); then pass "logs are bounded ($size bytes)"; else fail "logs take $size bytes"; fi
assert_eq "the end is kept" 3000000 "$(moat logs l | tail -1)"
moat rm l >/dev/null

# ------------------------------------------------------------ files of the host
mkdir -p /run/sandbox/vol/sub
echo host >/run/sandbox/vol/file
chmod 600 /run/sandbox/vol/file
assert_eq "a volume, owned inside as outside" "host root" \
	"$(moat run --rm -v /run/sandbox/vol:/mnt/v -- sh -c 'echo $(cat /mnt/v/file) $(stat -c %U /mnt/v/file)')"
assert_ok "is written" moat run --rm -u 33 -v /run/sandbox/vol:/new/place -- sh -c 'test -d /new/place/sub'
assert_ok "by root" moat run --rm -v /run/sandbox/vol:/new/place -- touch /new/place/by-root
assert_eq "as root's" "root" "$(stat -c %U /run/sandbox/vol/by-root)"
assert_fail "not where it is read-only" moat run --rm -v /run/sandbox/vol:/mnt:ro -- touch /mnt/x
assert_eq "a file" "host" "$(moat run --rm -v /run/sandbox/vol/file:/etc/motd.moat -- cat /etc/motd.moat)"
assert_status 125 "one that is not there" moat run --rm -v /nosuch:/mnt -- true
assert_status 125 "a way out" moat run --rm -v /run/sandbox/vol:/mnt/../../x -- true
assert_fail "read-only" moat run --rm --read-only -- touch /x
assert_ok "but for what must be written" moat run --rm --read-only -- sh -c 'touch /run/x /tmp/x /var/tmp/x /dev/shm/x'
assert_ok "and what is asked for" moat run --rm --read-only --tmpfs /opt -- touch /opt/x
if busybox=$(command -v busybox); then
	root=/run/sandbox/root
	mkdir -p $root/bin /run/sandbox/victim
	cp "$busybox" $root/bin/busybox
	ln -s busybox $root/bin/sh
	assert_eq "a folder as root" "bin dev proc sys" "$(moat run --rm --rootfs $root -- /bin/busybox ls / | xargs)"
	assert_ok "is written" moat run --rm --rootfs $root -- /bin/busybox touch /made
	assert_eq "as its owner" "root" "$(stat -c %U $root/made)"
	rmdir $root/dev
	for link in /run/sandbox/victim ../victim ../../../../../run/sandbox/victim; do
		ln -s "$link" $root/dev
		moat run --rm --rootfs $root -- /bin/busybox true >/dev/null 2>&1
		assert_eq "/dev -> $link leads nowhere" "" "$(ls -A /run/sandbox/victim)"
		rm $root/dev
	done
else
	note "no busybox here: --rootfs not tried"
	[[ ${MOAT_MUST_WORK:-0} != 1 ]] || fail "MOAT_MUST_WORK=1, but no busybox"
fi

# ------------------------------------------------------------ cut off
"$MOAT_BIN_DIR/moat" run --name k -- sleep 1000 &
client=$!
eventually 10 moat exec k -- true
kill -KILL "$client"
wait "$client" 2>/dev/null
gone() { [[ -z $(pgrep -x sleep) && -z $(pgrep -x moat-shim) ]]; }
if eventually 1 gone; then pass "with its client a foreground container goes"; else fail "it runs on" "$(ps ax)"; fi
assert_match "as killed" "exited \(137\)" "$(moat ps -a)"
moat rm k >/dev/null
"$MOAT_BIN_DIR/moat" run --rm --name k -- sleep 1000 &
client=$!
eventually 10 moat exec k -- true
kill -KILL "$client"
wait "$client" 2>/dev/null
if eventually 1 nothing_left; then pass "one with --rm without a trace"; else fail "left" "$(state_left)"; fi
moat run -d --rm --name k1 -- sleep 1000 >/dev/null
moat run -d --name k2 -- sleep 1000 >/dev/null
pkill -KILL -x moat-shim -P 1
if eventually 1 gone; then pass "with its shim a container goes"; else fail "it runs on" "$(ps ax)"; fi
assert_match "and the next command finds it so" "default/k2 .*exited \(137\)" "$(moat ps -a)"
assert_eq "one with --rm not at all" "" "$(moat ps -a | grep k1)"
assert_ok "the name is free" moat run --rm --name k1 -- true
assert_ok "it starts again" moat restart k2
assert_ok "and runs" moat exec k2 -- true
moat rm -f k2 >/dev/null

# ------------------------------------------------------------ many at once
pids=() failures=0
for i in $(seq 100); do
	"$MOAT_BIN_DIR/moat" run --rm --name "p$i" -- sh -c 'cut -c12-22 /proc/self/uid_map' >>/run/sandbox/maps &
	pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || ((++failures)); done
assert_eq "a hundred at once" 0 "$failures"
assert_eq "all with ids" 100 "$(wc -l </run/sandbox/maps)"
pids=()
for i in $(seq 20); do
	moat run -d --name "q$i" -- sleep 1000 >/dev/null &
	pids+=($!)
done
wait "${pids[@]}"
assert_eq "twenty that live at once share no ids" 20 "$(moat ps --json | python3 -c '
import json, sys
print(len({c["idBase"] for c in json.load(sys.stdin)["containers"]}))')"
assert_ok "and go" moat rm -f $(seq -f 'q%g' 20)
eventually 3 nothing_left
assert_eq "nothing is left of them" "" "$(state_left)$(ls "$RT/containers/.ids")"

# ------------------------------------------------------------ restart, without a daemon
moat run -d --name r -- sh -c 'echo run >>/var/lib/count; wc -l </var/lib/count; sleep 1000' >/dev/null
eventually 5 sh -c '[ "$(moat logs r)" = 1 ]'
assert_ok "again" moat restart r
eventually 5 sh -c '[ "$(moat logs r | tail -1)" = 2 ]'
assert_eq "its files stay" "1 2" "$(moat logs r | xargs)"
moat rm -f r >/dev/null
leftovers "no mount, no process is left"

# ------------------------------------------------------------ services
if [[ -x /usr/sbin/nginx ]]; then
	assert_ok "nginx by its usual command line" moat run -d --name web -- nginx -g 'daemon off;'
	answers() { moat exec "$1" -- curl -s -o /dev/null -m 2 "$2"; }
	if eventually 10 answers web http://127.0.0.1/; then pass "answers"; else fail "it does not" "$(moat logs web 2>&1)"; fi
	assert_eq "its workers are www-data" "www-data" "$(moat exec web -- ps -C nginx -o user= | grep -v root | uniq)"
	assert_ok "stops" moat stop web
	assert_match "with 0" "exited \(0\)" "$(moat ps -a)"
	moat rm web >/dev/null
else
	note "no nginx here"
	[[ ${MOAT_MUST_WORK:-0} != 1 ]] || fail "MOAT_MUST_WORK=1, but no nginx"
fi
if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
	assert_ok "PostgreSQL" moat run -d --name pg -e POSTGRES_PASSWORD=x -- postgres
	query() { [[ $(moat exec pg -- psql -Atc "$1") == "$2" ]]; }
	if eventually 20 query 'select 41+1' 42; then pass "counts"; else fail "it does not" "$(moat logs pg 2>&1)"; fi
	moat exec pg -- psql -qc 'create table t as select 7 as seven'
	assert_ok "again" moat restart pg
	if eventually 20 query 'select seven from t' 7; then pass "remembers"; else fail "it does not" "$(moat logs pg 2>&1)"; fi
	assert_ok "stops" moat stop pg
	moat rm pg >/dev/null
else
	note "no PostgreSQL here"
	[[ ${MOAT_MUST_WORK:-0} != 1 ]] || fail "MOAT_MUST_WORK=1, but no PostgreSQL"
fi

# ------------------------------------------------------------ on a network
if [[ ! -x $MOAT_BIN_DIR/moatd ]]; then
	[[ ${MOAT_MUST_WORK:-0} != 1 ]] || fail "MOAT_MUST_WORK=1, but no moatd"
	note "no moatd here: networks not tried"
	finish
fi
start_moatd
moat tenant create red >/dev/null
moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:1::/64 >/dev/null
moat network create red/db --subnet 10.0.1.0/24 >/dev/null
assert_ok "on a network" moat run -d --name w1 --network red/web,ip=10.0.0.11,mac=02:00:00:00:00:11 -p 8080:80 -- \
	python3 -m http.server 80 --bind ::
assert_match "with the address asked for" "10.0.0.11/24" "$(moat exec red/w1 -- ip -br addr show eth0)"
assert_match "and the MAC" "02:00:00:00:00:11" "$(moat exec red/w1 -- ip -br link show eth0)"
assert_match "its own name among its hosts" "10.0.0.11.*w1" "$(moat exec red/w1 -- cat /etc/hosts)"
assert_match "it reaches the world" "^outside" "$(moat exec red/w1 -- curl -s -m 5 "http://$OUTSIDE4/")"
published() { outside curl -s -o /dev/null -m 2 "http://$HOST4:8080/"; }
if eventually 10 published; then pass "the world reaches its port"; else fail "the port is closed" "$(moat logs red/w1)"; fi
assert_match "another reaches it" "200" \
	"$(moat run --rm --network red/web -- curl -s -o /dev/null -w '%{http_code}' -m 5 http://10.0.0.11/)"
netns=$(moat exec red/w1 -- readlink /proc/self/ns/net)
userns=$(moat exec red/w1 -- readlink /proc/self/ns/user)
assert_ok "stopped" moat stop red/w1
assert_match "its endpoint stands" "red/w1" "$(moat endpoint list)"
assert_ok "and started again" moat restart red/w1
assert_eq "in the same network namespace" "$netns" "$(moat exec red/w1 -- readlink /proc/self/ns/net)"
assert_eq "and user namespace" "$userns" "$(moat exec red/w1 -- readlink /proc/self/ns/user)"
if eventually 10 published; then pass "its port still leads to it"; else fail "the port is closed" "$(moat logs red/w1)"; fi
assert_ok "two networks" moat run --rm --network red/web --network red/db -- sh -c 'ip -br addr show eth0 && ip -br addr show eth1'
assert_match "an address in each" "10.0.0..*10.0.1." "${output//$'\n'/ }"
assert_status 125 "a network that is none" moat run --rm --name x --network red/nosuch -- true
assert_status 125 "a port that is taken" moat run --name x --network red/web -p 8080:80 -- true
assert_status 125 "the second of two that fails" moat run --name x --network red/web --network red/nosuch -- true
assert_status 125 "another tenant's" moat run --name blue/x --network red/web -- true
assert_eq "leave nothing" "w1" "$(ls "$RT/containers/red")"
assert_eq "at the daemon neither" "1" "$(moat endpoint list -q | wc -l)"
"$MOAT_BIN_DIR/moat" run --rm --name k --network red/web -- sleep 1000 &
client=$!
eventually 10 moat exec red/k -- true
kill -KILL "$client"
wait "$client" 2>/dev/null
lone() { [[ $(moat endpoint list -q | wc -l) == 1 && ! -e $RT/containers/red/k ]]; }
if eventually 2 lone; then pass "a killed client leaves no endpoint"; else fail "left" "$(moat endpoint list)"; fi
moat run -d --rm --name k --network red/web -- sleep 1000 >/dev/null
pkill -KILL -f '^moat-shim .*red/k'
# Dying takes the shim a moment; the first command behind that finds what it left.
if eventually 2 sh -c 'moat ps >/dev/null; sleep 0.1; [ "$(moat endpoint list -q | wc -l)" = 1 ]' && lone; then pass "nor does a killed shim"; else fail "left" "$(moat endpoint list)"; fi
stop_moatd KILL
assert_ok "without the daemon it runs on" moat exec red/w1 -- true
if eventually 5 published; then pass "and is reached"; else fail "the port is closed"; fi
start_moatd
assert_ok "removed" moat rm -f red/w1
assert_eq "with its endpoint" "" "$(moat endpoint list -q)"
assert_ok "the tenant can go" moat tenant delete red --force
assert_ok "and all is in order" moat check
stop_moatd
finish
