#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# endpoint_routes - ways by an endpoint beside its default route: packets take them, by the gateway and by a neighbour that passes
# them on; they are shown, found missing, mended, kept over the daemon's death, have their place in a second interface's own
# table, and go with the endpoint; they are no way out of an internal network; what cannot be is refused by name.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2086,SC2317 # options are words; functions that assert_ok calls
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ip ping jq python3
sandbox_outside
start_moatd
moat tenant create red >/dev/null || die "no tenant"
moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64 >/dev/null || die "no network"
moat network create red/flat --mode routed --subnet 10.2.0.0/24 >/dev/null || die "no routed network"
moat network create red/wire --mode l2 >/dev/null || die "no l2 network"
# way ENDPOINT FAMILY ADDRESS - "NEXT-HOP DEVICE" to it
way() { moat enter "red/$1" -- ip -j -"$2" route get "$3" | jq -r '.[0] | "\(.gateway // "link") \(.dev)"'; }
routes() { moat --json endpoint show "red/$1" | jq -c '[.endpoint.routes[] | [.dst, .via, .metric]]'; }
# ours NAME - how many routes of ours in a namespace by name
ours() { netns "$1" ip -4 route show proto 77 | wc -l; }

assert_ok "one that passes packets on" moat attach red/web --create --name hop --ip 10.0.0.20 --ip fd00:a::20 --allow-address 10.9.0.0/16 \
	--allow-address 2001:db8:9::/48
moat enter red/hop -- sh -c 'ip addr add 10.9.0.1/32 dev lo; ip addr add 2001:db8:9::1/128 dev lo'
netns_add w1
assert_ok "an endpoint with ways of its own" moat attach red/web --netns /run/netns/w1 --name w1 --ip 10.0.0.7 --ip fd00:a::7 \
	--route 10.9.0.0/16=10.0.0.20 --route 2001:db8:9::/48=fd00:a::20 --route 10.8.0.0/16 --route 10.7.0.1
assert_eq "they are shown, with their next hops" '[["10.9.0.0/16","10.0.0.20",null],["2001:db8:9::/48","fd00:a::20",null],["10.8.0.0/16","10.0.0.1",null],["10.7.0.1/32","10.0.0.1",null]]' "$(routes w1)"
assert_match "by the command, too" "routes .*dst=10.9.0.0/16,via=10.0.0.20" "$(moat endpoint show red/w1)"
assert_ok "packets go by the neighbour" eventually 10 netns w1 ping -n -c1 -W2 10.9.0.1
assert_ok "and by IPv6" eventually 10 netns w1 ping -n -c1 -W2 2001:db8:9::1
netns w1 ip route del default
assert_match "a way without next hop leads by the gateway" "via 10.0.0.1 " "$(netns w1 ip route get 10.8.0.1)"
assert_ok "detach" moat detach red/w1
gone() { [[ $(ours w1) == 0 ]]; }
assert_ok "takes them along" eventually 10 gone

assert_ok "a way to everywhere" moat attach red/web --create --name w2 --ip 10.0.0.8 --route 0.0.0.0/0=10.0.0.20 --route 10.5.0.0/16
assert_eq "takes the place of the default route, of its family" "10.0.0.20 eth0/fd00:a::1 eth0" "$(way w2 4 "$OUTSIDE4")/$(way w2 6 "$OUTSIDE6")"
assert_eq "the rest is as it was" "10.0.0.1 eth0" "$(way w2 4 10.5.0.1)"
assert_status 0 "check is clean" moat check
while IFS='|' read -r what command; do
	moat enter red/w2 -- bash -c "$command" || die "cannot tamper: $command"
	assert_status 5 "check sees: $what" moat check
	assert_ok "it is mended on demand" moat check --repair -q
	assert_status 0 "check is clean again" moat check
done <<-TEXT
	a way deleted|ip route del 10.5.0.0/16
	the one to everywhere deleted|ip route del default
	a way led elsewhere|ip route del 10.5.0.0/16; ip route add 10.5.0.0/16 via 10.0.0.20
TEXT
moat enter red/w2 -- ip route flush 10.5.0.0/16
moat check --repair -q >/dev/null
assert_ok "a second interface, of mode l2, and a way out by a neighbour on it" moat attach red/wire --name w2 --ip 192.168.9.7/24 \
	--route 172.16.0.0/12=192.168.9.1 --route 10.5.0.0/16
assert_eq "the first interface's way is the better one" "10.0.0.1 eth0" "$(way w2 4 10.5.0.1)"
assert_eq "what only the second has leads by it" "192.168.9.1 eth1" "$(way w2 4 172.16.0.1)"
assert_eq "and from its address all its ways are its own" "link eth1" \
	"$(moat enter red/w2 -- ip -j route get 10.5.0.1 from 192.168.9.7 | jq -r '.[0] | "\(.gateway // "link") \(.dev)"')"
assert_eq "as are those of the first from its own" "10.0.0.1 eth0" \
	"$(moat enter red/w2 -- ip -j route get 10.5.0.1 from 10.0.0.8 | jq -r '.[0] | "\(.gateway // "link") \(.dev)"')"
# one destination and one metric by two interfaces: the kernel makes one route with two next hops of them
call() {
	timeout 20 python3 -c 'import json, sys; sys.path.insert(0, sys.argv[1]); from moatsock import Moat
Moat().call(sys.argv[2], **json.loads(sys.argv[3]))' "$SANDBOX_TOP/tests/lib" "$@"
}
assert_ok "a way with a metric" call EndpointAttach '{"network": "red/web", "create": true, "name": "w5", "ips": ["10.0.0.55", "fd00:a::55"],
	"routes": [{"dst": "2001:db8:7::/48", "via": "fd00:a::20", "metric": 50}]}'
assert_ok "and another interface's with the same" call EndpointAttach '{"network": "red/wire", "name": "w5", "ips": ["fd00:c::5/64"],
	"routes": [{"dst": "2001:db8:7::/48", "via": "fd00:c::6", "metric": 50}]}'
assert_eq "are one in the kernel" 2 "$(moat enter red/w5 -- ip -6 route show 2001:db8:7::/48 | grep -c nexthop)"
assert_status 0 "and two for check" moat check
moat enter red/w5 -- ip -6 route del 2001:db8:7::/48 via fd00:c::6
assert_status 5 "which sees that one has gone" moat check
assert_ok "and mends it" moat check --repair -q
assert_status 0 "for good" moat check
assert_ok "one goes with its interface" moat detach red/w5:eth1
assert_match "the other stays" "via fd00:a::20 " "$(moat enter red/w5 -- ip -6 route show 2001:db8:7::/48)"
assert_status 0 "check is clean" moat check
assert_ok "one of a routed network" moat attach red/flat --create --name w3 --no-default-route --route 10.5.0.0/16
assert_eq "leads by the gateway" "169.254.1.1 eth0" "$(way w3 4 10.5.0.1)"
assert_status 0 "check is clean" moat check

before=$(routes w2:eth0)$(routes w2:eth1)$(routes w3)
kill -9 "$(moat_pids moatd-engine)"
eventually 20 timeout 2 "$MOAT_BIN_DIR/moat" version
assert_eq "they are known to the next daemon" "$before" "$(routes w2:eth0)$(routes w2:eth1)$(routes w3)"
assert_status 0 "for which all is as it should be" eventually 10 moat check

# ---------------------------------------------------------------- live
assert_ok "ways are changed live" moat endpoint set red/w3 --route 10.5.1.0/24
assert_eq "those that were are gone" '[["10.5.1.0/24","169.254.1.1",null]]' "$(routes w3)"
assert_fail "in the kernel, too" moat enter red/w3 -- ip route get 10.5.2.1
assert_ok "and taken away" moat endpoint set red/w3 --route none
assert_eq "all" '[]' "$(routes w3)"
assert_ok "the default route's stand-in" moat endpoint set red/w2:eth0 --route 10.5.0.0/16
assert_eq "goes, and the gateway has it again" "10.0.0.1 eth0" "$(way w2 4 "$OUTSIDE4")"
assert_status 4 "addresses of a bridge are its network's to give" moat endpoint set red/w2:eth0 --ip 10.0.0.9/24
netns_add w4
assert_ok "a port without addresses" moat attach red/wire --netns /run/netns/w4 --name w4
assert_status 2 "in a namespace that is not ours it is asked for" moat endpoint set red/w4 --ip 192.168.9.1/24
assert_status 4 "and no other will do" moat endpoint set red/w4 --ip 192.168.9.1/24 --netns /run/netns/w1
assert_status 4 "nor an address that another has" moat endpoint set red/w4 --ip 192.168.9.7/24 --netns /run/netns/w4
assert_status 2 "nor a way that leads nowhere" moat endpoint set red/w4 --ip 192.168.9.1/24 --route 10.1.0.0/16=192.168.8.1 --netns /run/netns/w4
assert_eq "nothing has changed" "[] 0" "$(moat --json endpoint show red/w4 | jq -c .endpoint.ips) $(netns w4 ip -4 -o addr show dev eth0 | wc -l)"
assert_match "a dry run tells what would be" "addr .*192.168.9.1/24" "$(moat endpoint set red/w4 --ip 192.168.9.1/24 --netns /run/netns/w4 --dry-run)"
assert_ok "it gets an address, and a way out by it" moat endpoint set red/w4 --ip 192.168.9.1/24 --route 0.0.0.0/0=192.168.9.7 --netns /run/netns/w4
assert_eq "they stand" "192.168.9.7 eth0" "$(netns w4 ip -j route show default | jq -r '.[0] | "\(.gateway) \(.dev)"')"
assert_ok "its neighbour answers" eventually 10 netns w4 ping -n -c1 -W2 192.168.9.7
assert_eq "it is shown to have the way out" true "$(moat --json endpoint show red/w4 | jq -c .endpoint.defaultRoute)"
assert_status 4 "one that has addresses keeps them" moat endpoint set red/w4 --ip 192.168.9.2/24 --netns /run/netns/w4
assert_status 2 "as long as it has ways by them" moat endpoint set red/w4 --ip none --netns /run/netns/w4
assert_ok "they are taken away" moat endpoint set red/w4 --ip none --route none --netns /run/netns/w4
assert_ok "and given anew" moat endpoint set red/w4 --ip 192.168.9.2/24 --netns /run/netns/w4
assert_eq "others" 192.168.9.2/24 "$(netns w4 ip -j -4 addr show dev eth0 | jq -r '.[0].addr_info[] | "\(.local)/\(.prefixlen)"')"
assert_ok "another's go, from its own table as well" moat endpoint set red/w2:eth1 --ip none --route none
assert_ok "and it has the one that is free" moat endpoint set red/w2:eth1 --ip 192.168.9.1/24
assert_status 0 "check is clean" moat check
kill -9 "$(moat_pids moatd-engine)"
eventually 20 timeout 2 "$MOAT_BIN_DIR/moat" version
assert_eq "the next daemon knows it" '["192.168.9.2/24"]' "$(moat --json endpoint show red/w4 | jq -c .endpoint.ips)"
assert_status 0 "for which all is as it should be" eventually 10 moat check
ip netns del w4

assert_match "a dry run tells of them" "route .*dst=10.4.0.0/16 via=10.0.0.20" \
	"$(moat attach red/web --create --name dry --route 10.4.0.0/16=10.0.0.20 --dry-run)"
while IFS='|' read -r network option words; do
	assert_status 2 "refused: $option" moat attach "red/$network" --create --name new $option
	assert_match "in words" "$words" "$output"
done <<-TEXT
	web|--route 10.9.0.1/16|red/new:eth0: route to 10.9.0.1/16: it has host bits set
	web|--route x|route to 'x': it is neither a prefix nor an address
	web|--route 10.9.0.0/16=x|'x' is no address
	web|--route 10.9.0.0/16=|'' is no address
	web|--route 10.0.0.1|route to 10.0.0.1/32: it would lead away from 10.0.0.1, a next hop on the link
	web|--route fd00:a::1=fd00:a::9|it would lead away from fd00:a::1
	web|--route 10.9.0.0/16=10.0.0.255|10.0.0.255 is all of the link
	web|--route 10.9.0.0/16=10.1.0.1|10.1.0.1 is beside no address of the interface
	web|--route 0.0.0.0/0=10.0.0.20 --no-default-route|a route to all addresses, and no default route
	flat|--route 10.9.0.0/16=10.2.0.1|there is no next hop but the gateway
TEXT
assert_status 3 "and nothing was made" moat endpoint show red/new
# Halves of everything are no way out of a network that has none: the router decides, not the stack.
halves="--route 0.0.0.0/1 --route 128.0.0.0/1 --route ::/1 --route 8000::/1"
moat network create red/in --internal --subnet 10.3.0.0/24 --subnet fd00:3::/64 >/dev/null || die "no internal network"
assert_ok "halves of everything" moat attach red/web --create --name free $halves
assert_ok "in an internal network, too" moat attach red/in --create --name shut $halves
for address in "$OUTSIDE4" "$OUTSIDE6"; do
	assert_ok "$address: out of one" eventually 10 moat enter red/free -- ping -n -c1 -W2 "$address"
	assert_fail "$address: not out of the other" moat enter red/shut -- ping -n -c2 -i0.2 -W1 "$address"
done
assert_fail "nor into a network beside it" moat enter red/shut -- ping -n -c2 -i0.2 -W1 10.0.0.20
moat tenant delete red --force
ip netns del w1
leftovers
finish
