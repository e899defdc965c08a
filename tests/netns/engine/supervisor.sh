#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# supervisor - moatd keeps its two children alive and what must outlive them. The engine is a
# stand-in, so that this test is of the supervisor alone: it says that it is ready and sleeps.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need socat pgrep

libexec=/run/libexec
mkdir "$libexec"
ln -s "$MOAT_BIN_DIR/moatd-hand" "$libexec/moatd-hand"
cp "${MOAT_STAND_IN:-$MOAT_BIN_DIR/../tests/stand_in}" "$libexec/moatd-engine" || die "no stand-in: build first"
touch /run/engine.log
chmod 666 /run/engine.log

child() { pgrep -x -P "$supervisor" -- "$1"; }
ready() { [[ $(grep -c ' ready: ' /run/moatd.log) -ge $1 ]]; }
other() { local now; now=$(child "$1") && [[ -n $now && $now != "$2" ]]; }
field() { awk -v key="$2:" '$1 == key { print $2 }' "/proc/$1/status"; }

"$MOAT_BIN_DIR/moatd" --runtime-dir "$RT" --state-dir "$STATE" --engine-user 64999 --libexec "$libexec" \
	--admin-group 4321 </dev/null >/run/moatd.log 2>&1 &
supervisor=$!
sandbox_keep "$supervisor"
eventually 10 ready 1 || die "it does not get ready: $(cat /run/moatd.log)"

# The folders
assert_eq "the runtime folder" "755 0" "$(stat -c '%a %u' "$RT")"
assert_eq "the folder of pins" "700 0" "$(stat -c '%a %u' "$RT/ns")"
assert_eq "the engine's volatile folder" "700 64999" "$(stat -c '%a %u' "$RT/engine")"
assert_eq "the engine's durable folder" "700 64999" "$(stat -c '%a %u' "$STATE/engine")"
assert_eq "the folder of containers" "700 0" "$(stat -c '%a %u' "$RT/containers")"
assert_eq "the socket is for everybody" "666" "$(stat -c %a "$RT/moatd.sock")"
assert_match "pins lie on a shared mount" "shared:" "$(awk -v at="$RT/ns" '$5 == at { print $7 }' /proc/self/mountinfo)"

# The engine's privilege: none
engine=$(child moatd-engine)
hand=$(child moatd-hand)
assert_eq "the engine's uid" 64999 "$(field "$engine" Uid)"
assert_eq "the engine's groups" "" "$(field "$engine" Groups)"
for set in CapEff CapPrm CapBnd CapAmb; do
	assert_eq "the engine's $set" 0000000000000000 "$(field "$engine" $set)"
done
assert_eq "the engine gains nothing by exec" 1 "$(field "$engine" NoNewPrivs)"
assert_fail "the engine has a network namespace of its own" \
	test "$(readlink "/proc/$engine/ns/net")" = "$(readlink /proc/self/ns/net)"
assert_eq "the engine's descriptors" "0 1 2 3 4 5 6" "$(cd "/proc/$engine/fd" && echo *)"
assert_match "the engine's options" \
	"^--seam-fd 3 --listen-fd 4 --ready-fd 5 --dns-fd 6 --resolv-conf /etc/resolv.conf --runtime-dir $RT --state-dir $STATE --log-level info --config /etc/moat/moatd.yaml --admin-gid 4321$" \
	"$(grep seam-fd /run/engine.log)"
assert_eq "the hand is root, with three capabilities" "0 0000000000201400" "$(field "$hand" Uid) $(field "$hand" CapEff)"

# A second one
assert_status 4 "another moatd is refused" "$MOAT_BIN_DIR/moatd" --runtime-dir "$RT" --state-dir "$STATE" \
	--engine-user 64999 --libexec "$libexec"
assert_match "it says why" "another moatd \(pid $supervisor\) serves $RT" "$output"
assert_ok "and has not taken the socket away" test -S "$RT/moatd.sock"
assert_fail "an engine that would be root is refused" "$MOAT_BIN_DIR/moatd" --runtime-dir /run/x --state-dir /run/y \
	--engine-user 0 --libexec "$libexec"

# Death of each
inode=$(stat -c %i "$RT/moatd.sock")
times=1
for name in moatd-hand moatd-engine moatd-hand; do
	engine=$(child moatd-engine)
	hand=$(child moatd-hand)
	kill -KILL "$(child $name)"
	times=$((times + 1))
	assert_ok "$name killed: ready again" eventually 5 ready $times
	assert_ok "$name killed: a new engine" other moatd-engine "$engine"
	assert_ok "$name killed: a new hand" other moatd-hand "$hand"
	assert_match "$name killed: it is said" "$name \([0-9]+\) was killed by signal 9" "$(cat /run/moatd.log)"
done
assert_eq "the socket is the same all the time" "$inode" "$(stat -c %i "$RT/moatd.sock")"

# An engine that cannot live: starts get rare, not many
touch /run/die
: >/run/engine.log
kill -KILL "$(child moatd-engine)"
sleep 2
starts=$(grep -c seam-fd /run/engine.log)
assert_ok "starts are held back ($starts in 2 s)" test "$starts" -ge 3 -a "$starts" -le 9
# Nobody waits for it: not who asks now, and not who has been waiting
assert_status 1 "a client is told that it cannot live" timeout 5 "$MOAT_BIN_DIR/moat" --socket "$RT/moatd.sock" version
plugin() {
	local prev=''
	[[ $1 == CHECK ]] && prev=',"prevResult":{"cniVersion":"1.1.0","ips":[]}'
	CNI_COMMAND=$1 CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/p1 CNI_IFNAME=eth0 CNI_PATH=/none MOAT_SOCKET=$RT/moatd.sock \
		MOAT_STATE_DIR=$STATE timeout 10 "$MOAT_BIN_DIR/cni/moat" <<<'{"cniVersion":"1.1.0","name":"web","type":"moat","cni.dev/valid-attachments":[]'"$prev}"
}
netns_add p1
told=$output
for verb in ADD/11 CHECK/11 GC/11 STATUS/50; do
	assert_status 1 "the plugin is told, too: ${verb%/*}" plugin "${verb%/*}"
	assert_match "and tells the runtime" "\"code\": *${verb#*/},.*moatd is not ready" "$(tr -d '\n' <<<"$output")"
done
assert_status 0 "DEL is kept for later" plugin DEL
assert_eq "in the journal" "default:cni-c1:eth0.del" "$(ls "$STATE/cni")"
rm "$STATE/cni/default:cni-c1:eth0.del"
output=$told
assert_match "and how it ended" "moatd is not ready: moatd-.* ended with status 3.*its log says why" "$output"
assert_match "it is said in the log, once" "^1$" "$(grep -c "no engine gets ready, and clients are told so" /run/moatd.log)"
rm /run/die
times=$((times + 1))
assert_ok "and it comes back when it can" eventually 5 ready $times

# One that cannot be started at all, for a program or a line of the configuration is missing: the reason goes to the client
mv "$libexec/moatd-hand" "$libexec/moatd-away"
kill -KILL "$(child moatd-engine)"
assert_status 1 "a client that waits is told" timeout 5 "$MOAT_BIN_DIR/moat" --socket "$RT/moatd.sock" version
assert_match "what is missing" "moatd is not ready: cannot open $libexec/moatd-hand" "$output"
mv "$libexec/moatd-away" "$libexec/moatd-hand"
times=$((times + 1))
assert_ok "and it comes back, too" eventually 5 ready $times
# What clients never see: one that dies once, or takes a moment
client=("$MOAT_BIN_DIR/moat" --socket "$RT/moatd.sock")
assert_status 124 "a client of one that is ready waits for its answer" timeout 3 "${client[@]}" tenant list
assert_eq "and says that it waits, once" "moat: waiting for moatd" "$output"
assert_status 124 "with -q" timeout 2 "${client[@]}" tenant list -q
assert_eq "it does not say so" "" "$output"
assert_status 124 "with --json" timeout 2 "${client[@]}" tenant list --json
assert_eq "neither" "" "$output"
touch /run/slow
kill -KILL "$(child moatd-engine)"
assert_status 124 "a client waits for one that is slow to start" timeout 2 "$MOAT_BIN_DIR/moat" --socket "$RT/moatd.sock" version
rm /run/slow
times=$((times + 1))
assert_ok "which gets ready" eventually 5 ready $times

# What it holds for the hand outlives both, and the process it came from
: >/run/engine.log
touch /run/adopt
times=$((times + 1))
kill -KILL "$(child moatd-engine)"
eventually 5 ready $times
rm /run/adopt
first=$(readlink "/proc/$(child moatd-engine)/ns/net")
times=$((times + 1))
kill -KILL "$(child moatd-hand)"
eventually 5 ready $times
assert_eq "a namespace that was adopted is there again after death" "known 1 known 1" \
	"$(grep known /run/engine.log | paste -sd' ')"
held=$(readlink "/proc/$(child moatd-hand)/fd/"* "/proc/$supervisor/fd/"* | grep -cxF "$first")
assert_ok "it is the same, held by supervisor and hand" test "$held" -eq 2

# The supervisor's own death takes them along; its end leaves the namespaces
engine=$(child moatd-engine)
hand=$(child moatd-hand)
kill -HUP "$supervisor"
sleep 0.2
assert_ok "SIGHUP is nothing" kill -0 "$supervisor"
kill -TERM "$supervisor"
wait "$supervisor"
assert_eq "SIGTERM: an orderly end" 0 $?
assert_fail "the engine is gone" kill -0 "$engine"
assert_fail "the hand is gone" kill -0 "$hand"
assert_fail "the socket is gone" test -e "$RT/moatd.sock"

# Told to a service manager
socat -u UNIX-RECV:/run/notify - >/run/notified 2>/dev/null &
sandbox_keep $!
eventually 5 test -S /run/notify
NOTIFY_SOCKET=/run/notify "$MOAT_BIN_DIR/moatd" --runtime-dir "$RT" --state-dir "$STATE" --engine-user 64999 \
	--libexec "$libexec" </dev/null >>/run/moatd.log 2>&1 &
supervisor=$!
sandbox_keep "$supervisor"
assert_ok "READY=1 is told" eventually 5 grep -q READY=1 /run/notified
engine=$(child moatd-engine)
hand=$(child moatd-hand)
kill -KILL "$supervisor"
wait "$supervisor"
gone() { ! kill -0 "$engine" && ! kill -0 "$hand"; }
assert_ok "killed by SIGKILL, it takes both along" eventually 5 gone
finish
