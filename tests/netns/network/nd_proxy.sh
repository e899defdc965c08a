#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nd_proxy - endpoints with addresses of the host's own link (the /64 that most providers give): a router out there, which has
# that prefix on its link and no route to any of them, asks who has the address, and the host answers; for those that stand,
# as long as they stand. A prefix that is routed to the host elsewhere is only routed.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ip nft curl ping
sandbox_outside
outside ip route add 2001:db8:77::/48 via "$HOST6"
conf=/proc/sys/net/ipv6
switches() { cat $conf/conf/eth0/{proxy_ndp,forwarding} $conf/neigh/eth0/proxy_delay $conf/conf/all/forwarding | paste -sd' '; }
before=$(switches)
echo "routed-prefixes: 2001:db8:51::/64, 2001:db8:77::/48" >/run/sandbox/moatd.yaml
start_moatd --config /run/sandbox/moatd.yaml
make() { moat "$@" >/run/sandbox/out || die "moat $*: $(</run/sandbox/out)"; }
for tenant in red blue; do make tenant create "$tenant"; done

# what is the host's own stays that
assert_status 4 "the prefix of the link as a whole is refused" moat network create red/x --subnet 2001:db8:51::/64 --no-masquerade
assert_match "with the link's name, and what would do" "that of the host's link eth0: give it a part of it, such as a /80" "$output"
assert_status 4 "a part with the host's address is refused" moat network create red/x --subnet 2001:db8:51::/112 --no-masquerade
assert_match "with the address" "2001:db8:51::[12] of subnet 2001:db8:51::/112 is the host's own, or its gateway's" "$output"
assert_eq "and nothing has changed" "$before" "$(switches)"

make network create red/own --subnet 2001:db8:51:0:1::/80 --no-masquerade
make network create blue/own --mode routed --subnet 2001:db8:51:0:2::/80 --no-masquerade
make network create blue/far --mode routed --subnet 2001:db8:77:1::/64 --no-masquerade
make network create red/nat --subnet 2001:db8:51:0:3::/80
a=2001:db8:51:0:1::10 b=2001:db8:51:0:2::10 far=2001:db8:77:1::10
assert_ok "an attach says what it does" moat --dry-run attach red/own --create --name a --ip $a
assert_match "with the address the host will answer for" "proxy ns=host dev=eth0 ip=$a" "$output"
make attach red/own --create --name a --ip $a -p 8081:80
make attach blue/own --create --name b --ip $b
make attach blue/far --create --name far --ip $far
make attach red/nat --create --name n --ip 2001:db8:51:0:3::10
proxies() { ip -6 neigh show proxy | sed 's/ *$//' | sort; }
here="$a dev eth0 proxy proto 77
$b dev eth0 proxy proto 77"
assert_eq "the host answers for the two that are on its link" "$here" "$(proxies)"

# asks NAME - from it to the world: the answer comes back only if the router there finds whose the source address is
asks() {
	outside ip neigh flush dev eth0 nud reachable nud stale nud failed nud incomplete nud delay nud probe 2>/dev/null
	moat enter "$1" -- curl -s -m 3 "http://[$OUTSIDE6]/" || echo nothing
}
assert_eq "no route out there leads to them" "" "$(outside ip -6 route show | grep 2001:db8:51:0)"
assert_eq "bridge: it leaves with its own address, and is answered" "outside $a" "$(asks red/a)"
assert_match "by the host's MAC address" "$a lladdr 02:00:00:00:51:02" "$(outside ip neigh show dev eth0)"
assert_eq "routed: so it is there" "outside $b" "$(asks blue/b)"
assert_eq "what is routed only is answered by its route" "outside $far" "$(asks blue/far)"
assert_eq "nobody was asked for it" "" "$(outside ip neigh show dev eth0 | grep $far)"
assert_eq "and a masqueraded one leaves with the host's" "outside $HOST6" "$(asks red/n)"

# the other way round: the first packet finds its way, and meets the same rules as ever
knock() { outside ip neigh flush dev eth0 nud reachable nud stale nud failed nud incomplete 2>/dev/null; outside ping -c1 -W2 "$1" >/dev/null 2>&1; }
assert_fail "unasked nobody comes in" knock $a
get() { /usr/bin/python3 -c 'import json,sys; d=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
red=$(moat --json tenant show red | get 'd["tenant"]["routerNetns"]')
opened() {
	nft insert rule inet moat to_uplink icmpv6 type echo-request accept
	nsenter --net="$red" -- nft insert rule inet moat forward icmpv6 type echo-request accept
}
stop_moatd # it would mend what is opened
opened
assert_ok "with the rules opened the router reaches the endpoint without any route" knock $a
ip -6 neigh del proxy $a dev eth0
assert_fail "but not when the host does not answer for it" knock $a
assert_eq "nor is the endpoint answered" nothing "$(nsenter --net="$red" -- true; asks_a=$(for path in "$RT"/ns/*; do
	! nsenter --net="$path" -- ip addr show dev eth0 2>/dev/null | grep -q $a || nsenter --net="$path" -- curl -s -m 2 "http://[$OUTSIDE6]/"
done); echo "${asks_a:-nothing}")"
start_moatd --config /run/sandbox/moatd.yaml
assert_eq "the next start answers for it again" "$here" "$(proxies)"

# found and mended
ip -6 neigh del proxy $b dev eth0
ip -6 neigh add proxy 2001:db8:51:0:1::99 dev eth0 protocol 77
ip -6 neigh add proxy 2001:db8:51:0:9::9 dev eth0
assert_status 5 "one that is missing, one too many" moat check
assert_match "the one is told, by tenant" "blue.*proxy.*$b" "$output"
assert_match "the other, too" "proxy.*2001:db8:51:0:1::99" "$output"
assert_ok "mended" moat check --repair
assert_eq "somebody else's was left alone" "2001:db8:51:0:9::9 dev eth0 proxy" "$(proxies | grep 0:9)"
ip -6 neigh del proxy 2001:db8:51:0:9::9 dev eth0
assert_eq "and ours stand" "$here" "$(proxies)"
echo 0 >$conf/conf/eth0/proxy_ndp
assert_ok "switched off by somebody: mended" moat check --repair
assert_eq "it is on" 1 "$(<$conf/conf/eth0/proxy_ndp)"
# the link goes and comes, and the kernel has forgotten all
ip link set eth0 down
ip link set eth0 up
ip addr add "$HOST6/64" dev eth0 nodad
ip route add default via 198.51.100.1
ip route add default via 2001:db8:51::1
restored() { [[ $(proxies) == "$here" ]]; }
assert_ok "after the link was down the host answers again by itself" eventually 5 restored
ip neigh replace 2001:db8:51::1 lladdr 02:00:00:00:51:01 dev eth0 nud permanent
# the prefix goes from the link, and comes
ip addr del "$HOST6/64" dev eth0
gone() { [[ -z $(proxies) ]]; }
assert_ok "without the prefix on its link it answers for nobody" eventually 5 gone
ip addr add "$HOST6/64" dev eth0 nodad
assert_ok "and with it again" eventually 5 restored
ip route replace default via 2001:db8:51::1
assert_eq "and they are reached" "outside $b" "$(asks blue/b)"

assert_ok "masqueraded from now on" moat network set red/own --masquerade
b_alone() { [[ $(proxies) == "$b dev eth0 proxy proto 77" ]]; }
assert_ok "the host does not answer any more" eventually 5 b_alone # it goes behind the answer
assert_ok "and back" moat network set red/own --no-masquerade
assert_eq "it does" "$here" "$(proxies)"
assert_ok "an endpoint goes" moat detach blue/b
one() { [[ $(proxies) == "$a dev eth0 proxy proto 77" ]]; }
assert_ok "and nobody answers for it" eventually 3 one

# the administrator takes the prefix back
stop_moatd
echo "routed-prefixes: 2001:db8:77::/48" >/run/sandbox/moatd.yaml
start_moatd --config /run/sandbox/moatd.yaml
assert_eq "not routed here any more: nobody answers" "" "$(proxies)"
assert_status 0 "check is clean" moat check
stop_moatd
echo "routed-prefixes: 2001:db8:51::/64, 2001:db8:77::/48" >/run/sandbox/moatd.yaml
start_moatd --config /run/sandbox/moatd.yaml
assert_eq "and given again: it answers" "$a dev eth0 proxy proto 77" "$(proxies)"

# first turned on by the host itself: it stays
for tenant in red blue; do assert_ok "$tenant goes" moat tenant delete "$tenant" --force; done
assert_eq "no answer is left" "" "$(proxies)"
assert_eq "and the link is as it was" "$before" "$(switches)"
assert_status 0 "check is clean" moat check # and looks at the link as it is now
stop_moatd # nothing of ours is under way then
echo 1 >$conf/conf/eth0/proxy_ndp
start_moatd --config /run/sandbox/moatd.yaml
make tenant create red
make network create red/own --subnet 2001:db8:51:0:1::/80 --no-masquerade
make tenant delete red --force
assert_eq "what the host itself had turned on stays on" 1 "$(<$conf/conf/eth0/proxy_ndp)"
stop_moatd
leftovers
finish
