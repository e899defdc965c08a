#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guard - the attacks of frames.py between two stacks of one network, of mode bridge and of mode
# routed: without a guard they must succeed, but for those that a bridge with a fixed table, or the
# want of one, stops by itself; behind the guard none may, each must be counted under its reason, and
# what is legitimate must go through.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need /usr/bin/python3 ping bridge nft jq
/usr/bin/python3 -c 'import scapy' 2>/dev/null || skip "no python3-scapy here"

here=$(dirname "$0")
sandbox_outside
start_moatd

# world NETWORK STACK-PREFIX GUARDED - the JSON that guard.py reads
world() {
	local name json router bridge stations="" gateway
	bridge=$(moat --json network show "$1" | jq -r '(.network // .).bridge // ""')
	# of a routed network every port is the gateway
	gateway=${bridge:-$(moat --json endpoint show "${1%/*}/$2a" | jq -r .endpoint.hostIfname)}
	router=$(moat --json tenant show "${1%/*}" | jq -r '(.tenant // .).routerNetns')
	for name in a v p; do
		json=$(moat --json endpoint show "${1%/*}/$2$name" | jq -c '.endpoint // . |
			{endpoint: .name, netns: .netnsPath, ifname, ip4: [.ips[] | select(contains(":") | not)][0] | sub("/.*"; ""),
			 ip6: [.ips[] | select(contains(":"))][0] | sub("/.*"; "")}') || return 1
		stations+="${stations:+,}\"$name\":$json"
	done
	moat --json network show "$1" | jq -c --argjson stations "{$stations}" --arg router "$router" \
		--arg gateway "$gateway" --argjson guarded "$3" --arg ll6 "$(link_local "$router" "$gateway")" '
		.network // . |
		{stations: $stations, router: $router, mode: .mode, gateway_dev: $gateway, guarded: $guarded, gateway_ll6: $ll6,
		 gateway4: [.gateways[] | select(contains(":") | not)][0] | sub("/.*"; ""),
		 gateway6: [.gateways[] | select(contains(":"))][0] | sub("/.*"; ""),
		 impossible: {
			mac_of_victim: "the bridge learns nothing: its table is the one Moat wrote",
			sweep4: "the router searches for no neighbour", sweep6: "the router searches for no neighbour",
			arp_to_router: "neighbours in the router are permanent",
			nd_to_router: "neighbours in the router are permanent",
			mac_theft: "the bridge learns nothing: its table is the one Moat wrote",
			mac_flood: "the bridge learns nothing: its table is the one Moat wrote"}}'
}

link_local() {
	nsenter --net="$1" ip -j -6 addr show dev "$2" scope link | jq -r '[.[].addr_info[]?.local][0] // "fe80::1"'
}

# network NAME SUBNET4 SUBNET6 [OPTION...] - with three stacks on it
network() {
	local name=$1 subnet4=$2 subnet6=$3 station
	shift 3
	assert_ok "network $name" moat network create "cave/$name" --subnet "$subnet4" --subnet "$subnet6" "$@"
	for station in a v p; do
		assert_ok "stack $name-$station" moat attach "cave/$name" --create --name "$name-$station"
	done
}

# attacks EXPECT:WORLD... - counted as one assertion each, as guard.py tells them
attacks() {
	local line
	while IFS= read -r line; do
		case $line in
		"ok "*) pass "${line#*- }" ;;
		"not ok "*) fail "${line#*- }" ;;
		"1.."*) ((attacks_whole += 1)) ;;
		*) printf '%s\n' "$line" ;;
		esac
	done < <(/usr/bin/python3 "$here/guard.py" "$@" 2>&1)
}

# dropped ENDPOINT [REASON] - how many packets of it the guard has dropped
dropped() { moat --json endpoint show "$1" | jq --arg reason "${2:-}" '.endpoint.dropped | if $reason == "" then add else .[$reason] end'; }

attacks_whole=0
assert_ok "tenant cave" moat tenant create cave
network open 10.0.0.0/24 fd00:a::/64 --no-guard
network safe 10.0.1.0/24 fd00:b::/64
network wide 10.0.2.0/24 fd00:c::/64 --mode routed --no-guard
network fast 10.0.3.0/24 fd00:d::/64 --mode routed

for pair in open:false safe:true wide:false fast:true; do
	world "cave/${pair%:*}" "${pair%:*}-" "${pair#*:}" >"/run/sandbox/${pair%:*}" || die "no world of $pair"
done
attacks success:/run/sandbox/open success:/run/sandbox/wide failure:/run/sandbox/safe failure:/run/sandbox/fast
assert_eq "all rounds went to their end" 4 "$attacks_whole"

# What was counted is the kernel's: it outlives the daemon, and goes with the endpoint.
counted=$(moat --json endpoint show cave/safe-a | jq -c .endpoint.dropped)
# An engine whose hand begins anew answers, without what only the hand can ask.
stands() { [[ $(moat --json endpoint show cave/safe-a | jq -c .endpoint.dropped) == "$counted" ]]; }
for part in moatd-engine moatd-hand; do
	kill -9 "$(moat_pids $part)"
	assert_ok "$part is killed: what was counted stands" eventually 30 stands
done
assert_match "people can read it, too" "dropped .*mac_spoofed=[1-9]" "$(moat endpoint show cave/safe-a)"
assert_eq "without a guard there is nothing to tell" null "$(moat --json endpoint show cave/open-a | jq .endpoint.dropped)"
router=$(moat --json tenant show cave | jq -r '(.tenant // .).routerNetns')
port=$(moat --json endpoint show cave/safe-a | jq -r .endpoint.hostIfname)
# tallies - elements of the attacker's port in the router's table
tallies() { nsenter --net="$router" nft list ruleset | grep -c "\"$port\" counter\|\"$port\" limit"; }
assert_match "the kernel has it by port" '^[1-9]' "$(tallies)"
assert_ok "the attacker is detached" moat detach cave/safe-a
none_left() { [[ $(tallies) == 0 ]]; }
assert_ok "and what was counted of it goes with it" eventually 10 none_left

assert_ok "after all that, nothing differs from what shall be" moat check
assert_ok "tenant cave is deleted" moat tenant delete cave --force
leftovers
stop_moatd
finish
