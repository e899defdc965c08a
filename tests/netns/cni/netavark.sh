#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# netavark - the plugin with netavark's documents against the daemon and the kernel: two containers of one network, a range
# of ports, and nothing is left.
# shellcheck disable=SC2119 # start_moatd without options
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need jq curl ping
sandbox_outside
sandbox_mark
start_moatd
export MOAT_STATE_DIR=$STATE
PLUGIN=$MOAT_BIN_DIR/netavark/moat # by the driver's name
network=$(jq -nc '{name: "podman1", id: "2f259b", driver: "moat", dns_enabled: true, internal: false, ipv6_enabled: false,
	ipam_options: {driver: "host-local"}, options: {mtu: "1400"}, subnets: [{subnet: "10.88.0.0/16", gateway: "10.88.0.1"}]}')
# container ID IP [PORTS] - the document of setup and teardown
container() {
	jq -nc --argjson network "$network" --arg id "$1" --arg ip "$2" --argjson ports "${3:-null}" '{container_id: $id,
		container_name: $id, port_mappings: $ports, network: $network,
		network_options: {interface_name: "eth0", static_ips: [$ip], static_mac: null, aliases: null}}'
}
for name in p1 p2; do netns_add $name; done

assert_eq "create gives back what may stand" "$network" "$("$PLUGIN" create <<<"$network")"
one=$(container aaaa 10.88.0.10 '[{"host_port": 8080, "container_port": 80, "range": 3, "host_ip": "", "protocol": "tcp"}]')
two=$(container bbbb 10.88.0.11)
status=$("$PLUGIN" setup /run/netns/p1 <<<"$one")
assert_eq "setup tells address and gateway" "10.88.0.10/16 10.88.0.1" "$(jq -r '.interfaces.eth0.subnets[0] | "\(.ipnet) \(.gateway)"' <<<"$status")"
assert_eq "and who answers names" 10.88.0.1 "$(jq -r '.dns_server_ips[0]' <<<"$status")"
assert_eq "the MAC is the interface's" "$(netns p1 ip -j link show eth0 | jq -r '.[0].address')" "$(jq -r .interfaces.eth0.mac_address <<<"$status")"
assert_eq "the MTU was an option" 1400 "$(netns p1 ip -j link show eth0 | jq '.[0].mtu')"
"$PLUGIN" setup /run/netns/p2 <<<"$two" >/dev/null || fail "setup of the second"
assert_ok "the containers reach one another" netns p2 ping -c1 -W2 10.88.0.10
assert_ok "the way out works" netns p2 ping -c1 -W2 $OUTSIDE4
netns p1 "$SANDBOX_TOP/tests/lib/whoami.py" p1 :: 82 >/run/p1.log 2>&1 &
sandbox_keep $!
assert_ok "a port of the range leads in" eventually 10 outside curl -s -m1 "http://$HOST4:8082/"
assert_match "setup twice is refused" '"error":"moat: ' "$("$PLUGIN" setup /run/netns/p1 <<<"$one")"
assert_ok "teardown" "$PLUGIN" teardown /run/netns/p1 <<<"$one"
assert_ok "teardown again" "$PLUGIN" teardown /run/netns/p1 <<<"$one"
ip netns del p2
assert_eq "teardown of a namespace that is gone" "" "$("$PLUGIN" teardown /run/netns/p2 <<<"$two")"
assert_eq "nothing is left" "" "$(moat endpoint list -q)"
assert_status 0 "what is and what should be agree" moat check
moat tenant delete default --force
ip netns del p1
leftovers
finish
