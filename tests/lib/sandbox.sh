# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# sandbox - the small world every root test in shell lives in. Sourced. It is
# the test's own network, mount, process, IPC and UTS namespace: nothing a test
# does can reach the machine's links, /dev, /run or cgroups, and everything it
# started dies with it.
#
#	. "$(dirname "$0")/../lib/sandbox.sh"
#	sandbox_enter "$@"              # starts itself anew inside
#	sandbox_outside                 # where wanted: an uplink, and somebody at its other end
#	start_moatd
#	assert_ok "red is made" moat tenant create red
#	finish
#
# The world with sandbox_outside:
#
#	 the sandbox = "the host"            namespace "outside" = "the internet"
#	 eth0 198.51.100.2/24  <--- veth --->  eth0 198.51.100.1/24
#	      2001:db8:51::2/64                     2001:db8:51::1/64
#	                                       lo   203.0.113.80 2001:db8:113::80
#
# outside has no route to anything behind the host but its uplink addresses, as in life.

SANDBOX_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${MOAT_SOURCE_DIR:=$SANDBOX_TOP}"
: "${MOAT_BIN_DIR:=$SANDBOX_TOP/build/bin}"
# The runtime directory, the store, and the log of the daemon under test.
RT=/run/rt
STATE=/run/state
MOATD_LOG=/run/sandbox/moatd.log
MOATD_PID=
OUTSIDE4=203.0.113.80 OUTSIDE6=2001:db8:113::80
HOST4=198.51.100.2 HOST6=2001:db8:51::2

# ------------------------------------------------------------ results
test_count=0
test_failures=0

note() {
	local line
	while IFS= read -r line; do printf '# %s\n' "$line"; done <<<"$*"
}

pass() { printf 'ok %d - %s\n' $((++test_count)) "$1"; }

# fail MESSAGE [CONTEXT] - counted; the test goes on
fail() {
	printf 'not ok %d - %s\n' $((++test_count)) "$1"
	((++test_failures))
	[[ -z ${2-} ]] || note "$2"
	note "at ${BASH_SOURCE[2]-}:${BASH_LINENO[1]-}"
	return 0
}

# die MESSAGE - the test cannot go on
die() {
	printf 'Bail out! %s\n' "$*"
	[[ ! -s $MOATD_LOG ]] || tail -n 40 "$MOATD_LOG" | sed 's/^/# moatd: /'
	exit 1
}

# skip REASON - the whole test cannot work here
skip() {
	if [[ ${MOAT_MUST_WORK:-0} == 1 ]]; then
		printf 'not ok - MOAT_MUST_WORK=1, but: %s\n' "$*"
		exit 1
	fi
	printf '1..0 # SKIP %s\n' "$*"
	exit 77
}

# finish - prints the plan; the exit status of the test
finish() {
	printf '1..%d\n' "$test_count"
	((test_count)) || die "no assertion was made"
	if ((test_failures)); then
		note "$test_failures of $test_count failed"
		[[ ! -s $MOATD_LOG ]] || tail -n 40 "$MOATD_LOG" | sed 's/^/# moatd: /'
		exit 1
	fi
	exit 0
}

# assert_eq MESSAGE EXPECTED GOT
assert_eq() {
	if [[ $2 == "$3" ]]; then pass "$1"; else fail "$1" "expected: $2"$'\n'"got:      $3"; fi
}

# assert_match MESSAGE REGEX GOT
assert_match() {
	if [[ $3 =~ $2 ]]; then pass "$1"; else fail "$1" "does not match: $2"$'\n'"got: $3"; fi
}

# assert_status STATUS MESSAGE COMMAND... ; the output is left in $output
assert_status() {
	local want=$1 message=$2 got=0
	shift 2
	output=$("$@" 2>&1) || got=$?
	if ((got == want)); then
		pass "$message"
	else
		fail "$message" "command: $*"$'\n'"status:  $got, expected $want"$'\n'"$output"
	fi
}

# assert_ok MESSAGE COMMAND...
assert_ok() {
	local message=$1 got=0
	shift
	output=$("$@" 2>&1) || got=$?
	if ((got == 0)); then pass "$message"; else fail "$message" "command: $*"$'\n'"status:  $got"$'\n'"$output"; fi
}

# assert_fail MESSAGE COMMAND... - any failure but "no such command" and death by a signal
assert_fail() {
	local message=$1 got=0
	shift
	output=$("$@" 2>&1) || got=$?
	if ((got > 0 && got < 126)); then
		pass "$message"
	else
		fail "$message" "command: $*"$'\n'"status:  $got, expected a failure"$'\n'"$output"
	fi
}

# sandbox_slower - $slower: how many times as long things may take: on an emulated processor as tests/vm/run measured it, on a
# machine with more to do than it can by how many share a processor.
sandbox_slower() {
	local load
	: "${SANDBOX_PROCESSORS:=$(nproc)}"
	read -r load _ </proc/loadavg
	slower=$((1 + ${load%.*} / SANDBOX_PROCESSORS))
	((slower <= 20)) || slower=20
	((slower >= ${MOAT_SLOWER:-1})) || slower=$MOAT_SLOWER
}

# eventually SECONDS COMMAND... - tries until it succeeds; on a slow or busy machine so many times as long
eventually() {
	local slower deadline
	sandbox_slower
	deadline=$((${EPOCHREALTIME/./} + ${1} * slower * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		((${EPOCHREALTIME/./} < deadline)) || return 1
		sleep 0.02
	done
}

# need COMMAND... - skips where one is missing
need() {
	local command
	for command in "$@"; do
		command -v "$command" >/dev/null || skip "no $command here"
	done
}

# ------------------------------------------------------------ the world
# sandbox_enter ARGS... - start this script anew, inside; the second time, furnish the place
sandbox_enter() {
	if [[ ${SANDBOX_INSIDE:-} != "$PPID" ]]; then
		((EUID == 0)) || skip "needs root"
		local -a box=()
		# Some tests are the root of a cgroup namespace, too (cgroups.sh).
		[[ ${SANDBOX_CGROUPS:-0} != 1 ]] || box=("$SANDBOX_TOP/tests/lib/cgroup_box")
		exec env -u SANDBOX_INSIDE "${box[@]}" unshare --net --mount --ipc --uts --pid --fork --kill-child \
			--propagation private -- bash -c 'export SANDBOX_INSIDE=$$; bash "$@"; exit $?' sandbox "$0" "$@"
	fi
	set -u
	# -n: mount(8) shall not keep notes in the machine's /run.
	mount -n -t tmpfs -o mode=755,nosuid tmpfs /run || die "cannot mount /run"
	mount -n -t proc proc /proc || die "cannot mount /proc"
	# A new sysfs shows the new network namespace, and none of the machine's cgroups.
	mount -n -t sysfs sysfs /sys || die "cannot mount /sys"
	mkdir -p /run/sandbox /run/lock /run/netns "$STATE"
	sandbox_dev
	sandbox_var
	hostname sandbox
	ip link set lo up || die "cannot set lo up"
	export MOAT_RUNTIME_DIR=$RT MOAT_SOCKET=$RT/moatd.sock
	unset NOTIFY_SOCKET
	PATH=$MOAT_BIN_DIR:$PATH
}

# A /dev of nodes made here: nobody can replace, chmod or write over the machine's.
sandbox_dev() {
	local name node
	mkdir /run/sandbox/dev
	mount -t tmpfs -o mode=755,nosuid tmpfs /run/sandbox/dev || die "cannot mount /dev"
	for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
		IFS=: read -r name major minor <<<"$node"
		mknod -m 666 "/run/sandbox/dev/$name" c "$major" "$minor" || die "cannot make /dev/$name"
	done
	mkdir /run/sandbox/dev/{net,pts,shm,mqueue}
	mknod -m 666 /run/sandbox/dev/net/tun c 10 200
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts /run/sandbox/dev/pts
	mount -t tmpfs -o mode=1777 tmpfs /run/sandbox/dev/shm
	ln -s pts/ptmx /run/sandbox/dev/ptmx
	ln -s /proc/self/fd /run/sandbox/dev/fd
	ln -s fd/0 /run/sandbox/dev/stdin
	ln -s fd/1 /run/sandbox/dev/stdout
	ln -s fd/2 /run/sandbox/dev/stderr
	mount --move /run/sandbox/dev /dev || die "cannot mount /dev"
}

# /var/lib/moat is the sandbox's own, whether the machine has one or not.
sandbox_var() {
	if [[ ! -d /var/lib/moat ]]; then
		mkdir -p /run/sandbox/var/{upper,work}
		mount -t overlay -o lowerdir=/var/lib,upperdir=/run/sandbox/var/upper,workdir=/run/sandbox/var/work \
			overlay /var/lib || die "cannot mount an overlay on /var/lib"
		mkdir /var/lib/moat
	else
		mount -t tmpfs -o mode=755 tmpfs /var/lib/moat || die "cannot mount /var/lib/moat"
	fi
}

# netns_add NAME - a namespace under /run/netns with lo up
netns_add() {
	ip netns add "$1" && nsenter --net="/run/netns/$1" ip link set lo up
}

# netns NAME COMMAND... - runs a command in it
netns() {
	local name=$1
	shift
	nsenter --net="/run/netns/$name" -- "$@"
}

outside() { netns outside "$@"; }

# sandbox_volumes FOLDER - a folder whose file system can map ids, for volumes. Since 6.3 the sandbox's tmpfs can; before,
# in the QEMU lane, where a loop device is nobody else's, it is ext4.
sandbox_volumes() {
	local i
	mkdir -p "$1"
	[[ ${MOAT_VM:-0} == 1 ]] || return 0
	modprobe loop && truncate -s 16m "$1.image" && mkfs.ext4 -q "$1.image" || die "no file system for volumes"
	# Another test beside us has one, too; each goes with its mount.
	for i in {0..7}; do
		[[ -e /dev/loop$i ]] || mknod "/dev/loop$i" b 7 "$i"
		losetup "/dev/loop$i" "$1.image" 2>/dev/null || continue
		mount -t ext4 "/dev/loop$i" "$1" && losetup -d "/dev/loop$i" && return 0
		break
	done
	die "cannot mount it"
}

# sandbox_outside - the uplink and the world behind it, with a web server (80) that says who asks
sandbox_outside() {
	netns_add outside || die "cannot make outside"
	ip link add eth0 address 02:00:00:00:51:02 type veth peer name eth0 address 02:00:00:00:51:01 netns outside ||
		die "cannot make the uplink"
	# The kernel would add its own some time later, and leftovers would wonder.
	ip link set eth0 addrgenmode none
	ip addr add fe80::2/64 dev eth0 nodad
	ip addr add "$HOST4/24" dev eth0
	ip addr add "$HOST6/64" dev eth0 nodad
	ip link set eth0 up
	outside ip addr add 198.51.100.1/24 dev eth0
	outside ip addr add 2001:db8:51::1/64 dev eth0 nodad
	outside ip addr add "$OUTSIDE4/32" dev lo
	outside ip addr add "$OUTSIDE6/128" dev lo nodad
	outside ip link set eth0 up
	ip route add default via 198.51.100.1
	ip route add default via 2001:db8:51::1
	# Otherwise the first second is lost, until the kernel's link watch tells IPv6 that the carrier is there.
	ip neigh add 2001:db8:51::1 lladdr 02:00:00:00:51:01 dev eth0 nud permanent
	outside ip neigh add "$HOST6" lladdr 02:00:00:00:51:02 dev eth0 nud permanent
	# To nsfs a symbolic link would not do: bind the sandbox's own, so that tests may name it, too.
	touch /run/netns/host
	mount --bind /proc/self/ns/net /run/netns/host
	outside "$SANDBOX_TOP/tests/lib/whoami.py" outside :: 80 >/run/sandbox/outside.log 2>&1 &
	sandbox_keep $!
	eventually 10 ping -c1 -W0.2 "$OUTSIDE4" || die "the uplink does not work (IPv4)"
	eventually 10 ping -c1 -W0.2 "$OUTSIDE6" || die "the uplink does not work (IPv6)"
	eventually 10 curl -s -m 2 "http://$OUTSIDE4/" || die "the web server outside does not answer"
}

# ------------------------------------------------------------ the daemon
sandbox_kept=()
# sandbox_keep PID... - processes of the test's own furniture: leftovers does not count them
sandbox_keep() { sandbox_kept+=("$@"); }

# start_moatd [OPTION...] - and wait until it answers
start_moatd() {
	[[ -x $MOAT_BIN_DIR/moatd ]] || die "no $MOAT_BIN_DIR/moatd: build first"
	[[ -e /run/sandbox/links ]] || sandbox_mark
	"$MOAT_BIN_DIR/moatd" --runtime-dir "$RT" --state-dir "$STATE" --engine-user "${SANDBOX_ENGINE_USER:-64999}" \
		"$@" </dev/null >>"$MOATD_LOG" 2>&1 &
	MOATD_PID=$!
	eventually "${SANDBOX_START:-20}" moatd_ready || die "moatd did not get ready in time"
}

moatd_ready() {
	kill -0 "$MOATD_PID" 2>/dev/null || die "moatd ended before it was ready"
	moat version
}

# stop_moatd [SIGNAL] - and wait for its end; its status is returned
stop_moatd() {
	local pid=$MOATD_PID
	[[ -n $pid ]] || return 0
	MOATD_PID=
	kill -s "${1:-TERM}" "$pid" 2>/dev/null
	wait "$pid"
}

# moat ARGS... - the command line under test
moat() { command "$MOAT_BIN_DIR/moat" "$@"; }

# moat_pids NAME - processes of that program, children of the daemon under test
moat_pids() { pgrep -x -P "$MOATD_PID" -- "$1"; }

# sandbox_mark - remember how the place looks now, for leftovers
sandbox_mark() {
	local what
	for what in links mounts nft rules processes; do
		sandbox_look "$what" >/run/sandbox/$what
		sort -o /run/sandbox/$what /run/sandbox/$what
	done
}

# sandbox_look WHAT - a listing
sandbox_look() {
	case $1 in
	links) ip -o link show | sed 's/^[0-9]*: //; s/[@:].*//' ;;
	mounts) awk '{ print $5, $(NF - 2) }' /proc/self/mountinfo ;;
	nft) if command -v nft >/dev/null; then nft list tables; fi ;;
	rules)
		ip -4 rule show
		ip -6 rule show
		# An interface that forwards answers to the subnet routers' anycast address: a matter of a sysctl.
		ip -4 route show table all
		ip -6 route show table all | grep -v '^anycast '
		;;
	processes)
		local pid
		for pid in /proc/[0-9]*; do
			pid=${pid#/proc/}
			sandbox_is_ours "$pid" && continue
			printf '%s %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline")"
		done 2>/dev/null
		;;
	esac
}

# sandbox_parent PID - its parent; 1 where there is none
sandbox_parent() {
	local stat
	stat=$(</proc/"$1"/stat) || return 1
	# After the name, which may hold anything: state, parent
	read -r _ stat _ <<<"${stat##*) }"
	printf '%s' "$stat"
}

# The daemon under test with its children, the furniture, subshells of the test itself: no leftovers.
# A process that runs a program of its own under the test's shell is one.
sandbox_is_ours() {
	local pid=$1 parent
	[[ $pid == 1 || $pid == "$$" ]] && return 0
	[[ " ${sandbox_kept[*]-} ${MOATD_PID} " == *" $pid "* ]] && return 0
	parent=$(sandbox_parent "$pid" 2>/dev/null) || return 0
	[[ -n $MOATD_PID && $parent == "$MOATD_PID" ]] && return 0
	# the engine's own, which take what users pass
	[[ -n $MOATD_PID && $(cat "/proc/$pid/comm" 2>/dev/null) == moatd-porter ]] && return 0
	[[ " ${sandbox_kept[*]-} " == *" $parent "* ]] && return 0
	[[ $(readlink "/proc/$pid/exe") == "$(readlink "/proc/$$/exe")" &&
		$(tr '\0' ' ' <"/proc/$pid/cmdline") == "$(tr '\0' ' ' <"/proc/$$/cmdline")" ]]
}

# leftovers [MESSAGE] - asserts that links, mounts, nft tables, rules, routes, processes and pinned namespaces are
# as they were before the daemon was first started (what the daemon keeps for itself while it runs, apart)
leftovers() {
	local message=${1:-nothing is left behind} what rest
	# Links and namespaces may go behind the answer.
	if eventually "${SANDBOX_PATIENCE:-5}" sandbox_clean; then
		pass "$message"
		return
	fi
	rest=$(for what in links mounts nft rules processes; do
		sandbox_diff "$what"
	done)
	fail "$message" "${rest:-it went too late}"
}

# sandbox_diff WHAT - what is there now and was not at sandbox_mark. SANDBOX_ALLOWED: a regex of what may be.
sandbox_diff() {
	# No pipe before the list is whole: it would find its own reader.
	sandbox_look "$1" >/run/sandbox/now
	sort -o /run/sandbox/now /run/sandbox/now
	# The shared mount under which the daemon pins namespaces is the daemon's own.
	comm -13 "/run/sandbox/$1" /run/sandbox/now | grep -v -x -E "$RT/ns [^ ]*" |
		grep -v -E "${SANDBOX_ALLOWED:-^$}" | sed "s/^/left $1: /"
}

sandbox_clean() {
	local what
	for what in links mounts nft rules processes; do
		[[ -z $(sandbox_diff "$what") ]] || return 1
	done
}
