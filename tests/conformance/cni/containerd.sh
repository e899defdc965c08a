#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# containerd - `ctr run --cni` of containerd 1.6 with our plugin, the file of configs/cni, and moat-runtime: addresses and
# ways out, DEL without a namespace at a foreground container's end, no DEL at all for a detached one, whose namespace's end
# the daemon notices, ends while the daemon is down, and two chains by two configurations. No image is pulled.
# shellcheck disable=SC2119,SC2317 # start_moatd without options; functions that assert_ok calls
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/cgroups.sh"
SANDBOX_CGROUPS=1
sandbox_enter "$@"
need curl
. "$SANDBOX_TOP/tests/lib/containerd.sh"
cgroups_view hybrid
sandbox_outside
# What ctr reads of /etc is the test's own.
mkdir -p /run/etc/{upper,work}
mount -n -t overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work overlay /etc || die "cannot mount /etc"
rm -rf /etc/cni
mkdir -p /etc/cni/net.d
cp "$SANDBOX_TOP/configs/cni/10-moat.conflist" /etc/cni/net.d/
ln -s "$MOAT_BIN_DIR/cni/moat" /opt/cni/bin/moat
containerd_start
sandbox_mark
start_moatd
export MOAT_STATE_DIR=$STATE

endpoints() { moat endpoint list --json | jq -r '.endpoints | length'; }
are() { [[ $(endpoints) == "$1" ]]; }
inside() { local id=$1 && shift && nsenter --net="/proc/$(task_pid "$id")/ns/net" -- "$@"; }
address() { inside "$1" ip -j -4 addr show eth0 | jq -r '.[0].addr_info[0].local'; }
journal() { find "$STATE/cni" -type f; }
journal_is_empty() { [[ -z $(journal) ]]; }
server() { # ID - which answers on port 80 with its name
	run -d --cni "$1" /bin/sh -c "mkdir -p /tmp/www && echo $1 >/tmp/www/$1 && exec httpd -f -p 80 -h /tmp/www"
}

assert_match "a foreground container has an address at its start" 'inet 10\..* scope global eth0' \
	"$(run --rm --cni f1 /bin/ip addr show eth0 | paste -sd' ')"
assert_ok "its DEL, without a namespace, took the endpoint" eventually 20 are 0
# A machine under load may lose the first packet of a link that has just come up.
reach='i=0; until ping -c1 -W1 $0; do i=$((i + 1)); [ $i -lt 20 ] || exit 1; done'
assert_ok "the way out works" run --rm --cni f2 /bin/sh -c "$reach" $OUTSIDE4
assert_ok "of IPv6 as well" run --rm --cni f3 /bin/sh -c "$reach" $OUTSIDE6
assert_status 7 "its status" run --rm --cni f4 /bin/sh -c 'exit 7'

assert_ok "detached" server d1
assert_ok "two of them" server d2
assert_eq "are two endpoints" 2 "$(endpoints)"
assert_eq "named by namespace and id" "default-d1 default-d2" "$(moat endpoint list --json |
	jq -r '[.endpoints[].labels["cni.containerId"]] | sort | join(" ")')"
assert_ok "reach one another" eventually 20 inside d1 curl -s -m2 "http://$(address d2)/d2"
d1=$(address d1)
assert_ok "one ends without DEL" c task kill -s KILL d1
assert_ok "and its task is deleted" eventually 20 c task rm d1
assert_ok "its namespace's end is noticed" eventually 20 are 1
assert_fail "its address does not answer" inside d2 curl -s -m1 "http://$d1/d1"
assert_ok "its container goes" c container rm d1
assert_ok "the same id again" server d1
assert_eq "is one more" 2 "$(endpoints)"
assert_status 1 "an id that lives is refused" server d1
assert_eq "and nothing is made or taken" 2 "$(endpoints)"

# Without a daemon there is no ADD; DEL is written down.
run --rm --cni f5 /bin/sh -c 'echo up; exec sleep 1000' >/run/f5.out &
ctr_pid=$!
sandbox_keep $ctr_pid
assert_ok "a container in the foreground" eventually 20 grep -q up /run/f5.out
stop_moatd
c task kill -s KILL f5
wait $ctr_pid
assert_eq "ends as it would" 137 $?
assert_match "its DEL is written down" '.' "$(journal)"
assert_fail "no container without a daemon" run --rm --cni f6 /bin/true
assert_match "which is said" 'moatd' "$output"
gone f6 >/dev/null 2>&1
start_moatd
assert_ok "which is read" eventually 20 journal_is_empty
assert_ok "what ended meanwhile is taken back" eventually 20 are 2
assert_ok "those that live are connected" eventually 20 inside d1 curl -s -m2 "http://$(address d2)/d2"

# Another engine's containers beside, in a network of the same tenant with another name.
sed 's/"name": "moat"/"name": "other"/; s/"network": "cni"/"network": "other"/' /etc/cni/net.d/10-moat.conflist >/etc/cni/net.d/05-other.conflist
assert_ok "the first file of the folder counts" server o1
assert_eq "another network" "cni cni other" "$(moat endpoint list --json | jq -r '[.endpoints[].network | split("/")[-1]] | sort | join(" ")')"
rm /etc/cni/net.d/05-other.conflist

# The shim dies: containerd kills what it held, and nobody says DEL.
kill -9 "$(pgrep -f -x '.*containerd-shim-runc-v2 .*-id d2 .*')"
assert_ok "a container whose shim died" eventually 20 are 2
for id in o1 d1 d2; do gone $id >/dev/null 2>&1; done
assert_ok "nothing is left" eventually 20 are 0
assert_status 0 "what is and what should be agree" moat check
for network in cni other; do moat network delete $network; done
leftovers
finish
