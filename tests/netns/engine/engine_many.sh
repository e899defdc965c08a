#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# engine_many - a bridge filled to its last port, the refusal of one more, a check and a restart over
# all of them, a tenth of them replaced from four sides at once, all gone at once: nothing is left.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
here=$(dirname "$0")
sandbox_outside
start_moatd
# The emulated processor of the QEMU lane takes fifty times as long; the limit of a bridge is tried on this kernel alone.
full=1023
[[ ${MOAT_VM:-0} != 1 ]] || full=24
moat tenant create red >/dev/null || die "tenant"
moat network create red/web --subnet 10.0.0.0/16 --subnet fd00:a::/64 >/dev/null || die "network"
router=$(moat --json tenant show red | /usr/bin/python3 -c 'import json,sys; d=json.load(sys.stdin); print(d.get("tenant",d)["routerNetns"])')
ports() { nsenter --net="$router" ip -o link show type veth | grep -c ' mp'; }
assert_ok "$full endpoints are attached" /usr/bin/python3 "$here/engine_many.py" fill $full
note "$output"
assert_eq "they stand" $full "$(ports)"
if ((full == 1023)); then
	assert_status 4 "the bridge's 1024th port is refused" moat attach red/web --create --name more
	assert_match "and the message names what will hold more" "has the 1023 ports a bridge can hold; .*routed" "$output"
	assert_eq "nothing of it was made" $full "$(ports)"
fi
assert_ok "the first and the last reach each other" moat enter red/e0 -- ping -c1 -W5 "$(moat --json endpoint show \
	red/e$((full - 1)) | /usr/bin/python3 -c 'import json,sys; d=json.load(sys.stdin); print(d.get("endpoint",d)["ips"][0].split("/")[0])')"
start=${EPOCHREALTIME/./}
assert_status 0 "check is clean" moat check
note "check: $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
kill -KILL "$(moat_pids moatd-engine)"
ready() { [[ $(grep -c 'moatd: ready' "$MOATD_LOG") -ge 2 ]]; }
assert_ok "killed, the engine is back" eventually 30 ready
assert_status 0 "check is clean" moat check
assert_ok "a part of them is replaced from four sides" /usr/bin/python3 "$here/engine_many.py" churn $((full < 96 ? full : 96))
note "$output"
assert_status 0 "check is clean" moat check
gone() { [[ $(ports) == "$full" ]]; }
assert_ok "as many stand as before" eventually 10 gone
start=${EPOCHREALTIME/./}
assert_status 0 "all go at once" moat network delete red/web --force
note "delete: $(((${EPOCHREALTIME/./} - start) / 1000)) ms until the answer"
assert_status 0 "a new one is attached while they go" moat network create red/next
assert_status 0 "and an endpoint" moat attach red/next --create --name next
assert_status 0 "check is clean" moat check
moat tenant delete red --force
SANDBOX_PATIENCE=30 leftovers
finish
