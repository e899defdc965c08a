#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# allow - addresses beside its own that an endpoint may use: a prefix of containers behind it, one that it
# holds for others, of its subnet. Packets of them pass the guard and come back, from neighbours, other networks'
# way out and the daemon's next life; all others fall, and who may not ask for them is told so.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ip ping jq curl setpriv getent
getent passwd nobody >/dev/null || skip "no user nobody here"

sandbox_outside
start_moatd
moat tenant create red --delegate nobody && moat tenant create blue
assert_ok "a network" moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64 --exclude 10.0.0.200-10.0.0.210 \
	--exclude fd00:a::200
moat network create blue/web --subnet 10.0.0.0/24
assert_ok "an endpoint with a prefix of each family, and an address of the subnet" moat attach red/web --create --name a \
	--ip 10.0.0.10 --allow-address 10.9.0.0/24 --allow-address 2001:db8:9::/64 --allow-address 10.0.0.200 --allow-address fd00:a::200
assert_ok "a neighbour" moat attach red/web --create --name b --ip 10.0.0.11
assert_eq "what it was allowed is shown" '["10.9.0.0/24","2001:db8:9::/64","10.0.0.200/32","fd00:a::200/128"]' \
	"$(moat --json endpoint show red/a | jq -c .endpoint.allowAddresses)"
assert_match "by the command, too" "allowed .*10.9.0.0/24,2001:db8:9::/64" "$(moat endpoint show red/a)"
for address in 10.9.0.5/32 10.0.0.200/32 10.8.0.5/32 2001:db8:9::5/128 fd00:a::200/128 2001:db8:8::5/128; do
	moat enter red/a -- ip addr add $address dev eth0 nodad 2>/dev/null || moat enter red/a -- ip addr add $address dev eth0
done

# from ADDRESS TO - does an echo come back?
from() { moat enter red/a -- ping -n -c2 -i0.1 -W2 -I "$1" "$2"; }
# served FROM SERVER ADDRESS [OPTION...] - who answers there
served() {
	local from=$1 address=$3
	shift 3
	moat enter "red/$from" -- curl -s -m 3 "$@" "http://$address/" | cut -d" " -f1
}
# works WHEN - in both directions
works() {
	assert_ok "$1: from the prefix to the neighbour" from 10.9.0.5 10.0.0.11
	assert_ok "$1: from the prefix to the neighbour (IPv6)" from 2001:db8:9::5 "$b6"
	assert_ok "$1: from the address of the subnet" from 10.0.0.200 10.0.0.11
	assert_ok "$1: from the address of the subnet (IPv6)" from fd00:a::200 "$b6"
	assert_ok "$1: from the prefix to the outside" from 10.9.0.5 "$OUTSIDE4"
	assert_ok "$1: the neighbour reaches the prefix" moat enter red/b -- ping -n -c2 -i0.1 -W2 10.9.0.5
	assert_ok "$1: the neighbour reaches the prefix (IPv6)" moat enter red/b -- ping -n -c2 -i0.1 -W2 2001:db8:9::5
	assert_ok "$1: the neighbour reaches the address of the subnet" moat enter red/b -- ping -n -c2 -i0.1 -W2 10.0.0.200
	assert_eq "$1: TCP from the prefix to the neighbour" b "$(served a b 10.0.0.11 --interface 10.9.0.5)"
	assert_eq "$1: TCP from the neighbour to the prefix" a "$(served b a 10.9.0.5)"
	assert_fail "$1: beside the prefix nothing passes" from 10.8.0.5 10.0.0.11
	assert_fail "$1: beside the prefix nothing passes (IPv6)" from 2001:db8:8::5 "$b6"
}
b6=$(moat --json endpoint show red/b | jq -r '.endpoint.ips[] | select(contains(":")) | sub("/.*"; "")')
for name in a b; do
	moat enter red/$name -- "$SANDBOX_TOP/tests/lib/whoami.py" $name :: 80 >/dev/null 2>&1 &
	sandbox_keep $!
done
serving() { [[ $(served b a 10.0.0.10) == a && $(served a b 10.0.0.11) == b ]]; }
eventually 10 serving || fail "the two serve nobody"
works "attached"
moat enter red/b -- ip addr add 10.9.0.6/32 dev eth0
assert_fail "another endpoint may not use it" moat enter red/b -- ping -n -c2 -i0.1 -W1 -I 10.9.0.6 10.0.0.10
assert_ok "all is as it should be" moat check

kill -9 "$(moat_pids moatd-engine)"
eventually 10 timeout 2 "$MOAT_BIN_DIR/moat" version
works "the daemon died"
assert_ok "and check is clean" moat check

as_nobody() { setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"; }
assert_status 4 "it is nobody else's" moat attach red/web --create --name c --allow-address 10.9.0.128/25
assert_match "and the holder is named" "10.9.0.128/25 overlaps 10.9.0.0/24, which is allowed to red/a:eth0" "$output"
assert_status 4 "no network takes it" moat network create red/nine --subnet 10.9.0.0/16
assert_status 4 "what it has of the subnet stays excluded" moat network set red/web --unexclude 10.0.0.200-10.0.0.210
assert_match "and the holder is named" "10.0.0.200/32 is allowed to red/a:eth0" "$output"
assert_status 2 "a prefix it must be" moat attach red/web --create --name c --allow-address web
assert_status 2 "not everything" moat attach red/web --create --name c --allow-address 0.0.0.0/0
assert_status 4 "the tenant's user may not take what is not his" as_nobody moat attach red/web --create --name c --allow-address 192.0.2.0/24
assert_match "and is told so" "only an administrator may allow it" "$output"
assert_ok "what is his he may" as_nobody moat attach red/web --create --name c --allow-address 10.0.0.201
assert_ok "another tenant has its own" moat attach blue/web --create --name a --allow-address 10.9.0.0/24

assert_ok "the endpoint goes" moat detach red/a
assert_ok "then the prefix is free" moat attach red/web --create --name d --allow-address 10.9.0.128/25
assert_ok "and check is clean" moat check
assert_ok "red goes" moat tenant delete red --force
assert_ok "blue goes" moat tenant delete blue --force
leftovers
stop_moatd
finish
