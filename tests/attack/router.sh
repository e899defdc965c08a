#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# router - a neighbour in the host's LAN uses the host as a router to another network it has (a VPN, a bridge
# of the host's own), since Moat made the host forward. The attack first succeeds with forwarding turned on by
# hand and no Moat; with Moat and its networks it fails, while tenants reach outside and are reached. A host that
# routes on purpose goes on. When the last network has gone, also after a crash, the host forwards no more.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need ip curl nft

sandbox_outside
# Another network of the host's, whose device forwards; only the host's way out does not.
netns_add office
ip link add office0 type veth peer name eth0 netns office
ip addr add 10.77.0.1/24 dev office0
ip addr add fd77::1/64 dev office0 nodad
ip link set office0 up
netns office ip addr add 10.77.0.2/24 dev eth0
netns office ip addr add fd77::2/64 dev eth0 nodad
netns office ip link set eth0 up
netns office ip route add default via 10.77.0.1
netns office ip route add default via fd77::1
outside ip route add 10.77.0.0/24 via "$HOST4"
outside ip route add fd77::/64 via "$HOST6"
netns office "$SANDBOX_TOP/tests/lib/whoami.py" office :: 80 >/dev/null 2>&1 &
sandbox_keep $!
echo 1 >/proc/sys/net/ipv4/conf/office0/forwarding
conf=/proc/sys/net
if [[ -e $conf/ipv6/conf/eth0/force_forwarding ]]; then
	echo 1 >$conf/ipv6/conf/office0/force_forwarding
	switch6=$conf/ipv6/conf/eth0/force_forwarding
else
	switch6=$conf/ipv6/conf/all/forwarding
fi
switch4=$conf/ipv4/conf/eth0/forwarding
switches() { echo "$(<$switch4) $(<$switch6)"; }
# shellcheck disable=SC2317 # called by name
attack() { outside curl -g -s -o /dev/null -m "${2:-2}" "http://$1/"; }

eventually 5 curl -s -m 1 http://10.77.0.2/ || die "the office's server does not answer"
assert_fail "the host does not route IPv4" attack 10.77.0.2 0.5
assert_fail "nor IPv6" attack '[fd77::2]' 0.5
echo 1 >"$switch4"
echo 1 >"$switch6"
assert_ok "with forwarding on the neighbour reaches the office by the host (IPv4)" attack 10.77.0.2
assert_ok "and by IPv6" attack '[fd77::2]'
echo 0 >"$switch4"
echo 0 >"$switch6"

start_moatd
assert_eq "the daemon alone turns on nothing" "0 0" "$(switches)"
moat tenant create red >/dev/null && moat tenant create blue >/dev/null
network() { moat network create "$1/web" --subnet 10.0.0.0/24 --subnet fd00:a::/64 >/dev/null || die "network $1"; }
network red
network blue
moat attach red/web --create --name a -p 8080:80 >/dev/null || die "attach"
moat enter red/a -- "$SANDBOX_TOP/tests/lib/whoami.py" red :: 80 >/dev/null 2>&1 &
sandbox_keep $!
assert_eq "with networks the way out forwards" "1 1" "$(switches)"
assert_fail "the neighbour does not reach the office (IPv4)" attack 10.77.0.2
assert_fail "nor by IPv6" attack '[fd77::2]'
closed() {
	assert_fail "$1: the neighbour does not reach the office" attack 10.77.0.2 0.7
	assert_fail "$1: nor by IPv6" attack '[fd77::2]' 0.7
}
works() {
	assert_ok "$1: a tenant reaches outside" moat enter red/a -- curl -s -o /dev/null -m 3 "http://$OUTSIDE4/"
	assert_ok "$1: and by IPv6" moat enter red/a -- curl -g -s -o /dev/null -m 3 "http://[$OUTSIDE6]/"
	assert_ok "$1: and is reached" attack "$HOST4:8080"
	assert_ok "$1: and by IPv6" attack "[$HOST6]:8080"
}
works "with networks"
assert_ok "the office is reached by the host" curl -s -o /dev/null -m 2 http://10.77.0.2/
assert_ok "and by a tenant, as before" moat enter red/a -- curl -s -o /dev/null -m 2 http://10.77.0.2/
assert_status 0 "check is clean" moat check

kill -KILL "$(moat_pids moatd-engine)"
eventually 10 moat check
closed "after a crash"
works "after a crash"
moat network delete red/web --force >/dev/null || die "network delete"
moat tenant delete red >/dev/null || die "tenant delete"
assert_eq "with one network left it forwards" "1 1" "$(switches)"

# A host whose administrator makes it a router is one, while networks stand and behind them.
echo 1 >$conf/ipv4/ip_forward
assert_ok "a host made a router on purpose is one" eventually 5 attack 10.77.0.2
moat network delete blue/web >/dev/null || die "network delete"
sleep 0.5
assert_ok "and stays one when the last network has gone" attack 10.77.0.2
[[ $switch6 == */all/* ]] || assert_eq "but what was not on purpose is turned back" 0 "$(<"$switch6")"
network blue
sleep 0.3
assert_ok "and when there is another" attack 10.77.0.2
moat network delete blue/web >/dev/null || die "network delete"
echo 0 >$conf/ipv4/ip_forward
echo 1 >$conf/ipv4/conf/office0/forwarding
sleep 0.5

network blue
assert_eq "with a network again it forwards" "1 1" "$(switches)"
closed "with a network again"
moat network delete blue/web >/dev/null || die "network delete"
assert_eq "and with the last gone no more" "0 0" "$(switches)"
assert_status 0 "check is clean" moat check

# The same when the daemon dies between: the last network is deleted, and whatever was not done is done at its start. A change
# waits while the daemon compares, as it does after each; with its hand stopped, for ever. Then once more.
gone() { moat version && ! moat network list blue | grep -q web; } # one that is being deleted is shown no more
for _ in 1 2 3 4 5; do
	network blue
	eventually 10 moat check
	hand=$(moat_pids moatd-hand)
	kill -STOP "$hand"
	(moat network delete blue/web >/dev/null 2>&1) &
	delete=$!
	sandbox_keep $delete
	if eventually 2 gone; then
		delete=
		break
	fi
	kill -CONT "$hand"
	wait $delete
done
assert_eq "the network is being deleted" "" "$delete"
kill -KILL "$(moat_pids moatd-engine)" "$hand" 2>/dev/null # the one ends with the other
back() { gone && [[ $(switches) == "0 0" ]]; }
assert_ok "died while the last was deleted: it is gone, and nothing forwards" eventually 10 back
assert_status 0 "check is clean" moat check
finish
