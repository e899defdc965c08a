#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# deletions - many endpoints go at once while others come; the hand dies, and is stopped, in the midst of it:
# what was doomed is gone in the end, and what came stands. How long it takes is the benchmark's affair.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
here=$(dirname "$0")
sandbox_outside
start_moatd
count=250
[[ ${MOAT_VM:-0} != 1 ]] || count=24
moat tenant create red >/dev/null || die "tenant"
moat network create red/web --subnet 10.0.0.0/16 --subnet fd00:a::/64 >/dev/null || die "network"
router=$(moat --json tenant show red | /usr/bin/python3 -c 'import json,sys; d=json.load(sys.stdin); print(d.get("tenant",d)["routerNetns"])')
ports() { nsenter --net="$router" ip -o link show type veth | grep -c ' mp'; }
ports_are() { [[ $(ports) == "$1" ]]; }
neighbours() { nsenter --net="$router" ip neigh show nud permanent | grep -c ' dev mb'; }
many() { /usr/bin/python3 "$here/deletions.py" "$@"; }

# An address that somebody asked for before it was given: the kernel has an entry without an answer.
moat attach red/web --create --name first >/dev/null || die "the first endpoint"
nsenter --net="$router" ping -c1 -W1 10.0.77.77 >/dev/null 2>&1
assert_match "the router asked for an address in vain" '10.0.77.77 dev mb[0-9a-f]+ +(INCOMPLETE|FAILED)' \
	"$(nsenter --net="$router" ip neigh show 10.0.77.77)"
assert_ok "it is given all the same" moat attach red/web --create --name stay --ip 10.0.77.77
assert_ok "and reaches its gateway" moat enter red/stay -- ping -c1 -W5 10.0.0.1

assert_ok "$count endpoints are attached" many fill $count
assert_ok "all are detached at once, and 10 come meanwhile" many drop $count 10
note "$output"
assert_ok "their links are gone" eventually 30 ports_are 12
assert_status 0 "check is clean" moat check
assert_eq "so are their neighbours" 24 "$(neighbours)"

assert_ok "$count come again" many fill $count
assert_ok "and go" many drop $count 0
kill -KILL "$(moat_pids moatd-hand)"
ready() { [[ $(grep -c 'moatd: ready' "$MOATD_LOG") -ge 2 ]]; }
assert_ok "the hand is killed with their links in its queue: it is back" eventually 30 ready
assert_ok "and the links are gone" eventually 30 ports_are 12
assert_status 0 "check is clean" moat check

assert_ok "$count come again" many fill $count
assert_ok "and go" many drop $count 0
stop_moatd
assert_eq "the daemon stops" 0 $?
start_moatd
assert_ok "started again it has nothing left of them" eventually 30 ports_are 12
assert_status 0 "check is clean" moat check
assert_eq "the neighbours are those that stay" 24 "$(neighbours)"
assert_ok "who stayed was not touched" moat enter red/stay -- ping -c1 -W5 10.0.0.1
moat tenant delete red --force
SANDBOX_PATIENCE=30 leftovers
finish
