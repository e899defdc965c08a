#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# drift_torn - a pair of links goes while a comparison looks, between the look at its one end and that at the other: what was seen by
# half is looked at again, not given up as what cannot be mended. When it goes is left to chance, near enough: before there was a
# second look, 40 rounds told of it 14 times.
# shellcheck source-path=SCRIPTDIR disable=SC2119
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ip jq nsenter
sandbox_outside
start_moatd
moat tenant create red >/dev/null || die "no tenant"
moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64 >/dev/null || die "no network"
for i in $(seq 30); do
	moat attach red/web --create --name "a$i" >/dev/null || die "no endpoint"
done
uplink=$(ip -o link | grep -o 'mu[0-9a-f]*' | head -n1)
router=$(moat --json tenant show red | jq -r .tenant.routerNetns)
port=$(nsenter --net="$router" ip -o link | grep -o 'mp[0-9a-f]*' | head -n1)
[[ $uplink && $port ]] || die "no uplink, or no port"
for _ in $(seq 10); do
	nsenter --net="$router" ip link del "$port" # a comparison begins 100 ms from now
	sleep "$(printf 0.%03d $((85 + RANDOM % 60)))"
	ip link del "$uplink"
	eventually 30 moat check -q >/dev/null || die "it is not mended: $(moat check)"
done
assert_ok "the links were lost, and mended" grep -q 'differ from what should be: mending' "$MOATD_LOG"
assert_fail "nothing was given up" grep 'cannot be mended' "$MOATD_LOG"
assert_fail "and no plan was refused" grep 'a plan was refused' "$MOATD_LOG"
assert_status 0 "check is clean" moat check
moat tenant delete red --force
leftovers
finish
