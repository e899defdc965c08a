#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Containers that share what others keep to themselves: tshark of one sees the packets of another, strace
# of one the system calls of another, IPC with its /dev/shm and message queues in one piece; the host's
# namespaces on request; never a container of another tenant, by whichever option.
# The shells inside shall expand what is in single quotes.
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need python3 tshark strace ipcs
sandbox_mark
start_moatd
moat tenant create red >/dev/null
moat tenant create blue >/dev/null
moat network create red/web --subnet 10.0.0.0/24 >/dev/null

worker='import ctypes, os, time
c = ctypes.CDLL(None); c.shmget(0x6d6f6174, 4096, 0o3600); open("/dev/shm/of-x", "w")
while True:
    try: os.open("/marker-of-x", 0)
    except OSError: pass
    time.sleep(0.05)'
assert_ok "x, on a network" moat run -d --name x --network red/web,ip=10.0.0.11 -- python3 -c "$worker"
assert_ok "y, beside it" moat run -d --name y --network red/web,ip=10.0.0.12 -- sleep 1000

# ------------------------------------------------------------ packets
# sniff CONTAINER OUTPUT - until five packets came, by a container that shares its stack
sniff() {
	moat run --rm --net "container:red/$1" --cap-add NET_RAW -- timeout 90 tshark -l -n -i eth0 -f icmp -c 4 \
		-T fields -e ip.src -e ip.dst -e icmp.type >"$2" 2>"$2.err" &
	sniffer=$!
	eventually 60 grep -q 'Capture started' "$2.err" || fail "tshark does not capture" "$(cat "$2.err")"
}
sniff x /run/sandbox/packets
assert_ok "y pings x" moat exec red/y -- ping -c 3 -i 0.2 10.0.0.11
wait $sniffer
assert_eq "tshark of a third sees the packets of x" \
	$'10.0.0.12\t10.0.0.11\t8\n10.0.0.11\t10.0.0.12\t0' "$(head -2 /run/sandbox/packets)"
assert_eq "without sharing it sees nothing of them" "" "$(moat run --rm --network red/web --cap-add NET_RAW -- \
	sh -c '(timeout 2 tshark -l -n -i eth0 -f "icmp and host 10.0.0.11" -T fields -e ip.src 2>/dev/null) & sleep 0.7; wait' &
	sleep 1
	moat exec red/y -- ping -c 3 -i 0.2 10.0.0.11 >/dev/null
	wait)"
assert_fail "nor without the capability" moat run --rm --net container:red/x -- timeout 2 tshark -i eth0 -c 1
assert_eq "its links, its addresses" "$(moat exec red/x -- ip -br addr show eth0)" \
	"$(moat run --rm --net container:red/x -- ip -br addr show eth0)"

# ------------------------------------------------------------ processes
traces() { # [OPTION...] - does strace of another container see what x does?
	moat run --rm "$@" -- sh -c 'pid=$(pgrep -o -x python3) && timeout 1 strace -e trace=openat,open -p "$pid" 2>&1 | grep -q marker-of-x'
}
assert_ok "strace of one sees the system calls of another" traces --pid container:red/x --cap-add SYS_PTRACE
assert_fail "which alone it does not even see" moat run --rm -- pgrep -f 'marker[-]of-x'
assert_fail "far less traces" traces --name red/z --cap-add SYS_PTRACE
assert_eq "process 1 is the other's, and closed" "moat-init" "$(moat run --rm --pid container:red/x -- cat /proc/1/comm)"
assert_fail "so closed that SYS_PTRACE does not open it" \
	moat run --rm --pid container:red/x --cap-add SYS_PTRACE -- ls /proc/1/root/
assert_ok "a joiner with SYS_PTRACE" moat run -d --name joiner --pid container:red/x --cap-add SYS_PTRACE -- sleep 777
eventually 5 moat exec red/x -- pgrep -f 'sleep 77[7]'
# The capability is the joiner's alone: who has fewer traces nobody who has more.
assert_fail "is not traced by the one it joined" moat exec red/x -- sh -c 'strace -p "$(pgrep -f "sleep 77[7]")" -o /dev/null'
assert_match "for want of rights" "Operation not permitted" "$output"
assert_ok "it goes" moat rm -f red/joiner
assert_fail "with its process" moat exec red/x -- pgrep -f 'sleep 77[7]'
assert_ok "one that leaves others behind" moat run --name leaver --rm --pid container:red/x -- sh -c 'sleep 778 & setsid sleep 778 & exit 0'
assert_fail "leaves none" moat exec red/x -- pgrep -f 'sleep 77[8]'
moat run -d --name killed --pid container:red/x -- sh -c 'sleep 779 & sleep 779' >/dev/null
eventually 5 moat exec red/x -- pgrep -f 'sleep 77[9]'
shim=$(pgrep -f '^moat-shim .*red/killed')
kill -KILL "$shim"
gone() { moat ps >/dev/null && ! moat exec red/x -- pgrep -f 'sleep 77[9]'; }
assert_ok "nor does one whose shim was killed" eventually 3 gone
assert_match "which shows" "red/killed .*exited \(137\)" "$(moat ps -a | grep killed)"
moat rm red/killed >/dev/null
assert_match "the host's processes, on request" "moatd-engine" "$(moat run --rm --pid host -- ps -eo args)"
assert_fail "to be seen, not to be touched" moat run --rm --pid host --cap-add SYS_PTRACE -- sh -c 'kill $(pgrep -o -x moatd-hand)'
assert_fail "nor looked into" moat run --rm --pid host --cap-add SYS_PTRACE -- sh -c 'ls /proc/$(pgrep -o -x moatd-hand)/root/'

# ------------------------------------------------------------ IPC
segments='ipcs -m | grep -c 0x6d6f6174'
assert_eq "IPC is its own" "0" "$(moat run --rm -- sh -c "echo \$($segments) \$(ls /dev/shm)")"
assert_eq "shared: System V and POSIX together" "1 of-x" \
	"$(moat run --rm --ipc container:red/x -- sh -c "echo \$($segments) \$(ls /dev/shm)")"
queue() { # NAME FLAGS - mq_open(3) by its number; prints 0 or the error
	printf 'import ctypes; l = ctypes.CDLL(None, use_errno=True)
r = l.syscall(240, b"%s", %s, 0o600, None); print(0 if r >= 0 else ctypes.get_errno())' "$1" "$2"
}
assert_eq "x makes a message queue" 0 "$(moat exec red/x -- python3 -c "$(queue q 0o102)")"
assert_eq "who shares has it" "0 q" "$(moat run --rm --ipc container:red/x -- sh -c "python3 -c '$(queue q 2)'; ls /dev/mqueue" | xargs)"
assert_eq "y has not" "2" "$(moat exec red/y -- python3 -c "$(queue q 2)")"
assert_ok "and writes: both ways" moat run --rm --ipc container:red/x -- touch /dev/shm/back
assert_ok "x sees it" moat exec red/x -- test -e /dev/shm/back
touch /dev/shm/of-host
assert_eq "the host's, on request" "of-host" "$(moat run --rm --ipc host -- ls /dev/shm)"
assert_fail "with its rights" moat run --rm --ipc host -- sh -c 'rm /dev/shm/of-host'
assert_eq "private is what it is anyway" "" "$(moat run --rm --ipc private -- ls /dev/shm)"

# ------------------------------------------------------------ the host's network
assert_eq "the host's stack, on request" "$(readlink /proc/self/ns/net)" "$(moat run --rm --net host -- readlink /proc/self/ns/net)"
assert_eq "its links, by sysfs too" "$(find /sys/class/net -mindepth 1 -printf '%f\n' | sort | xargs)" \
	"$(moat run --rm --net host -- ls /sys/class/net | xargs)"
moat run -d --name hosts --net host --pid host --ipc host -- sleep 1000 >/dev/null
assert_eq "as inspect tells" "host host host" "$(moat inspect hosts | jq -r '.config | "\(.net) \(.pidMode) \(.ipcMode)"')"
moat rm -f hosts >/dev/null
assert_fail "in which it is nobody" moat run --rm --net host --cap-add NET_ADMIN -- ip link add moat9 type bridge
assert_fail "and sniffs nothing" moat run --rm --net host --cap-add NET_RAW -- timeout 2 tshark -i lo -c 1
assert_status 125 "with a network it is refused" moat run --rm --net host --network red/web -- true
assert_status 125 "with a port too" moat run --rm --net host -p 1:1 -- true

# ------------------------------------------------------------ other tenants
moat run -d --name blue/b -- sleep 1000 >/dev/null
for option in --net --pid --ipc; do
	assert_status 125 "$option: blue joins red" moat run --rm --name blue/j $option container:red/x -- true
	assert_match "is refused by name" "red/x: $option: a container of another tenant than blue/j" "$output"
	assert_status 125 "$option: red joins blue" moat run --rm --name red/j $option container:blue/b -- true
	assert_match "is refused by name, too" "blue/b: $option: a container of another tenant than red/j" "$output"
	assert_status 125 "$option: one that is none" moat run --rm $option container:red/none -- true
	assert_match "is told by name" "red/none" "$output"
	assert_status 125 "$option: a name that is none" moat run --rm $option container:-x -- true
	assert_status 125 "$option: a kind that is none" moat run --rm $option shared -- true
done
assert_status 125 "one option of two is enough" moat run --rm --name red/j --pid container:red/x --ipc container:blue/b -- true
assert_status 125 "two that share no user namespace" moat run --rm --pid container:red/x --ipc container:red/y -- true
assert_match "is told" "user namespace is not that of the other" "$output"
assert_ok "two that do" moat run -d --name x2 --net container:red/x -- sleep 1000
assert_eq "all of them at once" "of-x" "$(moat run --rm --net container:red/x2 --pid container:red/x --ipc container:red/x -- ls /dev/shm | grep -v back)"
assert_eq "a stack of its own beside them" "1 10.0.0.77/24" "$(moat run --rm --pid container:red/x --network red/web,ip=10.0.0.77 -- \
	sh -c 'echo $(pgrep -c -f marker[-]of-x) $(ip -br addr show eth0 | awk "{print \$3}")' | sed 's/^[2-9]/1/')"
assert_ok "stopped while joined" moat stop red/x
assert_status 125 "it cannot be joined" moat run --rm --pid container:red/x -- true
assert_match "and told why" "red/x.*does not run" "$output"
assert_ok "all go" moat rm -f red/x red/x2 red/y blue/b
assert_ok "with their tenants" sh -c 'moat tenant delete red --force && moat tenant delete blue --force'
eventually 3 nothing_left
assert_eq "nothing is left of any of them" "" "$(state_left)"
stop_moatd
leftovers "no link, no mount, no process is left"
finish
