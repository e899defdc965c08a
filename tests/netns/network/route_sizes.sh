#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# route_sizes - ways by an endpoint with an MTU and a segment size of their own: they stand so, packets are cut by them, they are
# changed live, found tampered with and mended, kept over the daemon's death, and never more than what the interface carries.
# shellcheck disable=SC2119 # start_moatd without options
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ip ping jq python3
start_moatd
moat tenant create red >/dev/null || die "no tenant"
moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64 >/dev/null || die "no network"
# call METHOD PARAMETERS - the answer, or the error's words
call() {
	timeout 20 python3 -c 'import json, sys; sys.path.insert(0, sys.argv[1]); from moatsock import Moat, MoatError
try: print(json.dumps(Moat().call(sys.argv[2], **json.loads(sys.argv[3]))))
except MoatError as error: print(error)' "$SANDBOX_TOP/tests/lib" "$@"
}
set_routes() { call EndpointSet "{\"name\": \"red/w1:eth0\", \"routes\": $1}"; }
# stands PREFIX - "MTU ADVMSS" in the kernel
stands() {
	local family=-4
	[[ $1 != *:* ]] || family=-6
	moat enter red/w1 -- ip -j "$family" route show "$1" | jq -r '.[0].metrics[0] as $m | "\($m.mtu // "-") \($m.advmss // "-")"'
}
told() { moat --json endpoint show red/w1 | jq -c '[.endpoint.routes[] | [.mtu, .advmss]]'; }

call EndpointAttach '{"network": "red/web", "name": "red/w1", "create": true, "ips": ["10.0.0.7", "fd00:a::7"], "routes": [
	{"dst": "10.9.0.0/16", "mtu": 1400, "advmss": 1300}, {"dst": "2001:db8::/32", "mtu": 1300}, {"dst": "0.0.0.0/0", "advmss": 1000}]}' >/run/answer
assert_eq "an endpoint with sizes" '[[1400,1300],[1300,null],[null,1000]]' "$(jq -c '[.endpoint.routes[] | [.mtu, .advmss]]' /run/answer)"
assert_eq "they stand in the kernel" "1400 1300/1300 -/- 1000" "$(stands 10.9.0.0/16)/$(stands 2001:db8::/32)/$(stands default)"
assert_fail "a packet that is larger is not sent whole" moat enter red/w1 -- ping -n -c1 -W1 -M "do" -s 1400 10.9.0.1
assert_match "for that is the size" "mtu.*1400" "$output"
assert_status 0 "check is clean" moat check
while IFS='|' read -r what command; do
	moat enter red/w1 -- bash -c "$command" || die "cannot tamper: $command"
	assert_status 5 "check sees: $what" moat check
	assert_ok "it is mended on demand" moat check --repair -q
	assert_eq "as it was: $what" "1400 1300/1300 -" "$(stands 10.9.0.0/16)/$(stands 2001:db8::/32)"
done <<-TEXT
	another MTU|ip route change 10.9.0.0/16 via 10.0.0.1 proto 77 metric 1024 mtu 1350 advmss 1300
	another segment|ip route change 10.9.0.0/16 via 10.0.0.1 proto 77 metric 1024 mtu 1400
	another MTU of IPv6|ip -6 route change 2001:db8::/32 via fd00:a::1 dev eth0 proto 77 metric 1024 mtu 1280
TEXT
set_routes '[{"dst": "10.9.0.0/16", "mtu": 1280}, {"dst": "2001:db8::/32", "mtu": 1400, "advmss": 1220}]' >/run/answer
assert_eq "changed live" "1280 -/1400 1220/- -" "$(stands 10.9.0.0/16)/$(stands 2001:db8::/32)/$(stands default)"
assert_status 0 "check is clean" moat check
kill -9 "$(moat_pids moatd-engine)"
eventually 20 timeout 2 "$MOAT_BIN_DIR/moat" version
assert_eq "the next daemon knows them" '[[1280,null],[1400,1220]]' "$(told)"
assert_status 0 "for which all is as it should be" eventually 10 moat check

assert_ok "a network with a smaller MTU" moat network set red/web --mtu 1290
assert_eq "no way is larger than its interface" "1280 -/1290 1220" "$(stands 10.9.0.0/16)/$(stands 2001:db8::/32)"
assert_status 0 "check is clean" moat check
kill -9 "$(moat_pids moatd-engine)"
eventually 20 timeout 2 "$MOAT_BIN_DIR/moat" version
assert_status 0 "nor for the next daemon" eventually 10 moat check
assert_ok "and with a larger one" moat network set red/web --mtu 1500
assert_eq "they are as they were asked for" "1280 -/1400 1220" "$(stands 10.9.0.0/16)/$(stands 2001:db8::/32)"
assert_status 0 "check is clean" moat check

while IFS='|' read -r route words; do
	assert_match "refused: $route" "$words" "$(set_routes "[$route]")"
done <<-TEXT
	{"dst": "10.9.0.0/16", "mtu": 1501}|route to 10.9.0.0/16: its MTU is 1501, and must be within 68..1500
	{"dst": "2001:db8::/32", "mtu": 1279}|route to 2001:db8::/32: its MTU is 1279, and must be within 1280..1500
	{"dst": "10.9.0.0/16", "mtu": 0}|mtu to 65520
	{"dst": "10.9.0.0/16", "advmss": 65496}|advmss to 65495
	{"dst": "10.9.0.0/16", "advmss": -1}|advmss to 65495
TEXT
assert_eq "and nothing changed" '[[1280,null],[1400,1220]]' "$(told)"
moat tenant delete red --force
leftovers
finish
