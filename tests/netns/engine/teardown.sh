#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# teardown - configs/teardown, which removing the package runs: everything in the kernel goes, containers with it;
# definitions stay, and a daemon that comes back knows them.
# shellcheck source-path=SCRIPTDIR source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need nft jq
sandbox_outside
teardown() {
	MOATD=$MOAT_BIN_DIR/moatd MOAT=$MOAT_BIN_DIR/moat MOAT_ENGINE_USER=64999 "$SANDBOX_TOP/configs/teardown"
}

forwards() { cat /proc/sys/net/ipv{4,6}/conf/*/{forwarding,force_forwarding} 2>/dev/null; }
forwarded=$(forwards)
sandbox_mark
assert_ok "where nothing is, nothing is done" teardown
start_moatd
for tenant in red blue; do
	moat -q tenant create $tenant || die "no tenant"
	moat -q network create $tenant/web --subnet 10.0.0.0/24 --subnet fd00:5::/64 || die "no network"
	moat -q attach $tenant/web --create --name bare || die "no stack"
done
moat -q run -d --name red/runs --network red/web -p 8081:80 -- sleep 1000 || die "no container"
moat -q run -d --name blue/stopped --network blue/web -- sleep 1000 || die "no container"
moat -q stop -t 0 blue/stopped
definitions=$(moat network list --json | jq -c '[.networks[] | {name, subnets}] | sort_by(.name)')
assert_status 1 "while moatd runs it does nothing" teardown
assert_match "and says why" "moatd runs" "$output"
assert_ok "nothing was harmed" moat check
stop_moatd

assert_ok "it takes everything apart" teardown
assert_fail "the runtime folder is gone" test -e "$RT"
assert_eq "the host forwards where it did before, and nowhere else" "$forwarded" "$(forwards)"
leftovers "no link, mount, table, route or process is left"

start_moatd
assert_eq "definitions are known again" "$definitions" "$(moat network list --json | jq -c '[.networks[] | {name, subnets}] | sort_by(.name)')"
assert_eq "endpoints are not" "" "$(moat -q endpoint list)"
assert_eq "containers are not" "" "$(moat ps -a -q)"
assert_ok "and the kernel is as it should be" moat check
stop_moatd
finish
