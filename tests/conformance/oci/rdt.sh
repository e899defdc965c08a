#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rdt - linux.intelRdt, sentence by sentence of config-linux.md, on a model of resctrl (resctrl.py): no processor here has the real
# one. The runtime finds it as it finds the real one, in mountinfo, and there alone it is deceived: over its own mountinfo lies one
# that calls the FUSE file system "resctrl".
# shellcheck source-path=SCRIPTDIR
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
. "$(dirname "$0")/oci.sh"
exec 2>&1
need python3
grep -qw fuse /proc/filesystems || modprobe fuse 2>/dev/null || skip "no FUSE here"
mknod -m 666 /dev/fuse c 10 229
R="/run/res ctrl"
mkdir -p "$R"
"$(dirname "$0")/resctrl.py" "$R" >/run/fake.out 2>&1 &
is_mounted() { grep -q mounted /run/fake.out; }
eventually 30 is_mounted || skip "FUSE cannot be mounted: $(cat /run/fake.out)"
# rt as ever, but that it sees a resctrl
rt() {
	timeout -k 5 "${OCI_PATIENCE:-60}" bash -c 'sed "s/ - fuse resctrl / - resctrl resctrl /" /proc/self/mountinfo >/run/mountinfo
		mount -n --bind /run/mountinfo "/proc/$$/mountinfo" || exit 99
		exec "$@"' - "$RUNTIME" --root "$OCI_ROOT" "$@"
}
classes() { (cd "$R" && ls -d -- */ 2>/dev/null) | grep -v -x -E 'info/|mon_data/|mon_groups/' | tr -d '\n'; }
schema() { sed -n "s/^ *$1://p" "$R/${2:-.}/schemata" | tr -d ' '; }
# holds PID FOLDER - is it among the tasks?
holds() { grep -qx "$1" "$R/$2/tasks"; }
nothing() { assert_eq "$1: nothing is left" " " "$(classes) $(ls "$OCI_ROOT" 2>/dev/null)"; }
# refused WHAT TEXT JQ - and nothing is left, or was changed
refused() {
	local before
	before=$(cat "$R"/schemata "$R"/*/schemata 2>/dev/null; classes)
	refuses "$1" "$2" "$3"
	assert_eq "$1: nothing is changed" "$before" "$(cat "$R"/schemata "$R"/*/schemata 2>/dev/null; classes)"
}
bundle rdt
args sleep 1000
plain=$(schema L3)
assert_eq "there is a model" "0=7ff;1=7ff 0=100;1=100" "$plain $(schema MB)"
assert_ok "not set: nothing is touched" bg run -d c0
assert_eq "not set: no class" "" "$(classes)"
rt delete -f c0

# ------------------------------------------------------------ a class of its own
config '.linux.intelRdt = {"l3CacheSchema": "L3:0=7f0;1=1f", "memBwSchema": "MB:0=20;1=70"}'
assert_ok "without closID" bg create c1
assert_eq "the class is called by the id" "c1/" "$(classes)"
assert_eq "its schemata are written" "0=7f0;1=01f 0=20;1=70" "$(schema L3 c1) $(schema MB c1)"
assert_ok "the process is in it before the program begins" holds "$(pid_of c1)" c1
rt start c1
assert_ok "and after" holds "$(pid_of c1)" c1
assert_ok "exec, too" bg exec -d --pid-file /run/exec.pid c1 sleep 1000
assert_ok "is in it" holds "$(cat /run/exec.pid)" c1
rt delete -f c1
nothing "delete"
assert_eq "the root's schemata are as they were" "$plain" "$(schema L3)"
config '.linux.intelRdt = {"schemata": ["L3:0=f", "MB:1=50"], "l3CacheSchema": "L3:0=ff;1=f"}'
bg run -d c1
assert_eq "schemata are written last" "0=00f;1=00f 0=100;1=50" "$(schema L3 c1) $(schema MB c1)"
rt delete -f c1
mkdir "$R/c2"
config '.linux.intelRdt = {"schemata": ["L3:0=f"]}'
assert_ok "a class of that id that was there" bg run -d c2
rt delete -f c2
assert_eq "is not removed" "c2/" "$(classes)"
rmdir "$R/c2"

# ------------------------------------------------------------ update
config '.linux.intelRdt = {"l3CacheSchema": "L3:0=7f0;1=1f"}'
bg run -d c1
assert_ok "update" rt update --l3-cache-schema "L3:0=f" --mem-bw-schema "MB:1=40" c1
assert_eq "changes what it names" "0=00f;1=01f 0=100;1=40" "$(schema L3 c1) $(schema MB c1)"
assert_ok "one of the two" rt update --mem-bw-schema "MB:1=30" c1
assert_eq "leaves the other" "0=00f;1=01f 0=100;1=30" "$(schema L3 c1) $(schema MB c1)"
# not_updated WHAT TEXT OPTION... - it is refused, and nothing is changed
not_updated() {
	local what=$1 text=$2
	shift 2
	assert_fail "$what" rt update "$@" c1
	assert_match "$what: told" "$text" "$output"
	assert_eq "$what: nothing is changed" "0=00f;1=01f 0=100;1=30" "$(schema L3 c1) $(schema MB c1)"
}
not_updated "a mask that the kernel refuses, after a line that is right" "MB:0=500" --l3-cache-schema "L3:0=ff" --mem-bw-schema "MB:0=500"
not_updated "a line that is none" "memBwSchema must be one line that starts with MB:" --mem-bw-schema "0=1"
not_updated "bytes that are no text" "no text" --mem-bw-schema $'MB:0=\xff'
not_updated "what is refused behind it" "the container has no cgroup" --l3-cache-schema "L3:0=ff" --cpuset-cpus 99999
rt delete -f c1
config 'del(.linux.intelRdt)'
bg run -d c1
assert_fail "a container without a class" rt update --l3-cache-schema "L3:0=f" c1
assert_match "is told so" "linux.intelRdt: the container was made without it" "$output"
rt delete -f c1
nothing "update"

# ------------------------------------------------------------ closID
config '.linux.intelRdt = {"closID": "gold"}'
refused "closID alone, which is not there" "there is no class gold" .
mkdir "$R/gold"
echo "L3:0=3f" >"$R/gold/schemata"
assert_ok "closID alone" bg run -d c3
assert_ok "joins it" holds "$(pid_of c3)" gold
assert_eq "and writes nothing" "0=03f;1=7ff" "$(schema L3 gold)"
rt delete -f c3
assert_eq "it stays" "gold/" "$(classes)"
config '.linux.intelRdt.l3CacheSchema = "L3: 1=7FF; 0=3f"'
assert_ok "a schema that it has already, as people write it" bg run -d c3
rt delete -f c3
refused "one that it has not" "gold is there, and its schemata are not L3:0=1f" '.linux.intelRdt.l3CacheSchema = "L3:0=1f"'
refused "bandwidth that it has not" "its schemata are not MB:0=50" '.linux.intelRdt = {"closID": "gold", "memBwSchema": "MB:0=50"}'
refused "a cache that is not there" "its schemata are not" '.linux.intelRdt = {"closID": "gold", "l3CacheSchema": "L3:5=1"}'
refused "schemata of which one is wrong, after one that is right" "linux.intelRdt: schemata: Invalid argument (The mask 5 has non-consecutive 1-bits)" \
	'.linux.intelRdt = {"closID": "gold", "l3CacheSchema": "L3:0=3f", "schemata": ["MB:0=50", "L3:0=5"]}'
refused "a failure behind the schemata" nosuch '.linux.intelRdt = {"closID": "fresh", "schemata": ["L3:0=f"]} | .process.args = ["nosuch"]'
config '.linux.intelRdt = {"closID": "silver", "schemata": ["L3:0=f"]}'
assert_ok "a class that is not there, with schemata" bg run -d c4
assert_eq "is made" "gold/silver/" "$(classes)"
rt delete -f c4
assert_eq "and stays: closID named it" "gold/silver/" "$(classes)"
config '.linux.intelRdt = {"closID": "/"}'
mkdir "$R/c5" && echo $$ >"$R/c5/tasks"
assert_ok "the default class" bg run -d c5
assert_ok "closID /: is the root of it" holds "$(pid_of c5)" .
assert_fail "although whoever starts it is in another" holds "$(pid_of c5)" c5
rt delete -f c5
assert_ok "and nothing of it is removed" test -e "$R/c5/tasks"
echo $$ >"$R/tasks"
rmdir "$R/c5" "$R/silver"

# ------------------------------------------------------------ enableMonitoring
config '.linux.intelRdt = {"closID": "gold", "enableMonitoring": true}'
assert_ok "enableMonitoring" bg run -d c6
assert_ok "the process is in a group of its own" holds "$(pid_of c6)" gold/mon_groups/c6
assert_ok "exec" bg exec -d --pid-file /run/exec.pid c6 sleep 1000
assert_ok "is counted with it" holds "$(cat /run/exec.pid)" gold/mon_groups/c6
rt delete -f c6
assert_eq "delete removes the group" "" "$(ls "$R/gold/mon_groups")"
mkdir "$R/gold/mon_groups/c7"
assert_fail "a group that is there" bg run -d c7
assert_match "is told" "gold/mon_groups/c7 is there already" "$output"
assert_ok "and left" test -d "$R/gold/mon_groups/c7"
mkdir "$R/gold/mon_groups/other"
refused "no group is left" "make its monitoring group: No space left on device (Out of RMIDs)" .
rmdir "$R/gold/mon_groups/c7" "$R/gold/mon_groups/other"
config '.linux.intelRdt = {"enableMonitoring": true}'
bg run -d c8
assert_ok "in a class of its own" holds "$(pid_of c8)" c8/mon_groups/c8
rt delete -f c8
config '.linux.intelRdt = {"closID": "/", "enableMonitoring": true}'
bg run -d c9
assert_ok "in the default class" holds "$(pid_of c9)" mon_groups/c9
rt delete -f c9
assert_eq "all of it is gone" "gold/ " "$(classes) $(ls "$R/mon_groups")"
config '.linux.intelRdt = {"closID": "gold", "enableCMT": true}'
bg run -d c9
assert_ok "enableCMT of older configurations is the same" holds "$(pid_of c9)" gold/mon_groups/c9
rt delete -f c9

# ------------------------------------------------------------ what goes wrong
mkdir "$R/one" "$R/two"
refused "no class is left" "make its class: No space left on device (Out of CLOSIDs)" '.linux.intelRdt = {"schemata": ["L3:0=f"]}'
rmdir "$R/one" "$R/two"
refused "a schema that is none" "linux.intelRdt: L3:0=5: Invalid argument (The mask 5" '.linux.intelRdt = {"l3CacheSchema": "L3:0=5"}'
refused "a resource that is not there" "Unknown or unsupported resource name 'L4'" '.linux.intelRdt = {"schemata": ["L4:0=1"]}'
refused "memBwSchema must begin with MB:" "memBwSchema must be one line that starts with MB:" '.linux.intelRdt = {"memBwSchema": "0=1"}'
refused "memBwSchema of two lines" "memBwSchema must be one line" '.linux.intelRdt = {"memBwSchema": "MB:0=10\nL3:0=1"}'
refused "schemata of two lines in one" "schemata[1] is more than one line" '.linux.intelRdt = {"schemata": ["L3:0=1", "MB:0=10\nL3:0=1"]}'
for name in a/b ../x .. . info mon_groups mon_data; do
	refused "closID $name" "linux.intelRdt" ".linux.intelRdt = {\"closID\": \"$name\"}"
done
config '.linux.intelRdt = {"schemata": ["L3:0=f"], "enableMonitoring": true}'
rt run -d c.kill >/dev/null 2>&1
assert_eq "a runtime that is killed as it has made the class" "c.kill/gold/" "$(classes)"
rt delete -f c.kill
assert_eq "delete finds it" "gold/" "$(classes)"
rt run -d d.kill >/dev/null 2>&1
assert_eq "another one" "d.kill/gold/" "$(classes)"
assert_ok "the next create takes it back, and makes its own" bg run -d d.kill
assert_ok "in which it is" holds "$(pid_of d.kill)" d.kill/mon_groups/d.kill
rt delete -f d.kill
assert_eq "and which goes" "gold/" "$(classes)"
rmdir "$R/gold"
assert_eq "the model is well" mounted "$(cat /run/fake.out)"
nothing "at the end"
assert_eq "features" "true true true" "$("$RUNTIME" features | jq -r '.linux.intelRdt | [.enabled, .schemata, .monitoring] | join(" ")')"
finish
