#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dns - names of a tenant on its gateways, and what is forwarded to the host's name servers.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need dig python3 jq ss
sandbox_outside

# Two name servers outside, one of which is dead until it is asked for.
outside ip addr add 203.0.113.81/32 dev lo
outside "$SANDBOX_TOP/tests/lib/nameserver.py" "$OUTSIDE4" /run/asked >/run/nameserver.log 2>&1 &
sandbox_keep $!
echo "nameserver $OUTSIDE4" >/run/resolv.conf
start_moatd --resolv-conf /run/resolv.conf

dns_pid() { moat_pids moatd-dns; }
field() { awk -v key="$2:" '$1 == key { print $2 }' "/proc/$1/status"; }
# ask STACK DIG-ARGUMENT... - from within a stack, the answer's data alone
ask() {
	local stack=$1
	shift
	moat enter "$stack" -- dig +time=3 +tries=1 +short "$@" 2>&1 | sort | tr '\n' ' ' | sed 's/ $//'
}
# status STACK DIG-ARGUMENT... - the code and the flags
status() {
	local stack=$1
	shift
	moat enter "$stack" -- dig +time=3 +tries=1 "$@" 2>&1 |
		sed -n 's/.*status: \([A-Z]*\),.*/\1/p; s/^;; flags: \([a-z ]*\);.*/\1/p' | tr '\n' ' ' | sed 's/ $//'
}

# The process and its privilege
eventually 5 dns_pid || die "no moatd-dns"
dns=$(dns_pid)
for set in CapEff CapPrm CapBnd CapAmb; do
	assert_eq "its $set" 0000000000000000 "$(field "$dns" $set)"
done
assert_eq "its system calls are filtered" 2 "$(field "$dns" Seccomp)"
assert_fail "it is not root" test "$(field "$dns" Uid)" = 0
assert_fail "it is not the engine's user" test "$(field "$dns" Uid)" = "$(field "$(moat_pids moatd-engine)" Uid)"
assert_eq "its network namespace has nothing but lo" "lo" \
	"$(nsenter --net="/proc/$dns/ns/net" ip -o link | sed 's/^[0-9]*: \([^:]*\):.*/\1/')"

# Two tenants with the same subnet and the same names
for tenant in red blue; do
	moat tenant create "$tenant" || die "no tenant $tenant"
	moat network create "$tenant/web" --subnet 10.1.0.0/24 --subnet fd01::/64 || die "no network"
done
moat network create red/db --subnet 10.2.0.0/24 || die "no network red/db"
moat network create red/closed --subnet 10.3.0.0/24 --internal || die "no network red/closed"
moat network create red/mute --subnet 10.4.0.0/24 --no-dns || die "no network red/mute"
moat network create red/safe --subnet 10.5.0.0/24 --dns-rebind-protect || die "no network red/safe"
moat attach red/web --create --name W1 --ip 10.1.0.11 --ip fd01::11 -q || die "no red/W1"
moat attach red/web --create --name two --ip 10.1.0.12 --ip fd01::12 -q || die "no red/two"
moat attach red/db --name two --ip 10.2.0.12 -q || die "no second interface"
moat attach red/db --create --name pg.main --ip 10.2.0.13 -q || die "no red/pg.main"
moat attach red/web --create --name front1 --ip 10.1.0.41 --alias front --alias Web_1 -q || die "no red/front1"
moat attach red/web --create --name front2 --ip 10.1.0.42 --alias front -q || die "no red/front2"
moat attach red/closed --create --name shut --ip 10.3.0.11 -q || die "no red/shut"
moat attach red/mute --create --name deaf --ip 10.4.0.11 -q || die "no red/deaf"
moat attach red/safe --create --name safe --ip 10.5.0.11 -q || die "no red/safe"
moat attach blue/web --create --name w1 --ip 10.1.0.111 --ip fd01::111 -q || die "no blue/w1"
moat attach blue/web --create --name only-blue --ip 10.1.0.112 -q || die "no blue/only-blue"

answers() { [[ $(ask red/two @10.1.0.1 w1 A) == 10.1.0.11 ]]; }
answers_new() { [[ $(ask red/two @10.1.0.1 w1 A) == 10.1.0.21 ]]; }
eventually 5 answers || die "no answer: $(moat enter red/two -- dig +time=1 +tries=1 @10.1.0.1 w1 2>&1)"

# A name is known a moment before its endpoint stands; of one that fails nothing is known
python3 -c 'import socket, time; s = socket.create_server(("", 7707)); time.sleep(600)' &
sandbox_keep $!
somebody_listens() { ss -H -ltn "sport = :7707" | grep -q .; }
eventually 5 somebody_listens || die "nobody listens"
for name in taken taken2; do
	assert_fail "a port that somebody listens on is refused" moat attach red/web --create --name $name --alias hapless -p 7707:80 -q
	assert_eq "its name is not known" "NXDOMAIN qr aa rd ra" "$(status red/two @10.1.0.1 $name A)"
	assert_eq "nor its alias" "NXDOMAIN qr aa rd ra" "$(status red/two @10.1.0.1 hapless A)"
done
moat attach red/web --create --name taken --ip 10.1.0.71 --alias hapless -p 7708:80 -q || die "no red/taken"
assert_eq "one that stands has its address alone" 10.1.0.71 "$(ask red/two @10.1.0.1 taken A)"
assert_eq "and its alias" 10.1.0.71 "$(ask red/two @10.1.0.1 hapless A)"
moat detach red/taken -q || die "cannot detach red/taken"

# Names
assert_eq "a name, in small letters" 10.1.0.11 "$(ask red/two @10.1.0.1 w1 A)"
assert_eq "in others" 10.1.0.11 "$(ask red/two @10.1.0.1 W1 A)"
assert_eq "its IPv6 address" fd01::11 "$(ask red/two @10.1.0.1 w1 AAAA)"
assert_eq "asked by IPv6" fd01::11 "$(ask red/two @fd01::1 w1 AAAA)"
assert_eq "by TCP" 10.1.0.11 "$(ask red/two +tcp @10.1.0.1 w1 A)"
assert_eq "by TCP and IPv6" 10.1.0.11 "$(ask red/two +tcp @fd01::1 w1 A)"
router=$(moat tenant show red --json | jq -r '[.. | .routerNetns? // empty][0]')
bridge=$(nsenter --net="$router" ip -4 -o addr show to 10.1.0.1 | awk '{ print $2 }')
gateway=$(nsenter --net="$router" ip -6 -o addr show dev "$bridge" to fe80::/64 | awk '{ sub("/.*", "", $4); print $4 }')
assert_eq "by link-local address" 10.1.0.11 "$(ask red/two "@$gateway%eth0" w1 A)"
assert_eq "with its network" 10.1.0.11 "$(ask red/two @10.1.0.1 w1.web A)"
assert_eq "on two networks: the asker's own first" 10.1.0.12 "$(ask red/W1 @10.1.0.1 two A)"
assert_eq "the other one by its name" 10.2.0.12 "$(ask red/W1 @10.1.0.1 two.db A)"
assert_eq "from that network" 10.2.0.12 "$(ask red/pg.main @10.2.0.1 two A)"
assert_eq "an alias that two share has the addresses of both" "10.1.0.41 10.1.0.42" "$(ask red/two @10.1.0.1 front A)"
assert_eq "with the network's name, too; case does not matter" "10.1.0.41" "$(ask red/shut @10.3.0.1 web_1.WEB A)"
assert_eq "backwards the stack's own name is told" "front1.web." "$(ask red/two @10.1.0.1 -x 10.1.0.41)"
assert_status 4 "the name of another stack is no alias" moat attach red/web --create --name x --alias two
assert_eq "of another tenant it is nobody's" "" "$(ask blue/w1 @10.1.0.1 front A)"
assert_eq "from a third: all" "10.1.0.12 10.2.0.12" "$(ask red/shut @10.3.0.1 two A)"
assert_eq "a name with a dot in it" 10.2.0.13 "$(ask red/W1 @10.1.0.1 pg.main A)"
assert_eq "and its network" 10.2.0.13 "$(ask red/W1 @10.1.0.1 PG.Main.DB A)"
assert_eq "backwards" w1.web. "$(ask red/two @10.1.0.1 -x 10.1.0.11)"
assert_eq "backwards, IPv6" two.web. "$(ask red/W1 @10.1.0.1 -x fd01::12)"
assert_eq "authoritative, of an own name" "NOERROR qr aa rd ra" "$(status red/two @10.1.0.1 w1)"
assert_eq "no such name" "NXDOMAIN qr aa rd ra" "$(status red/two @10.1.0.1 w9)"
assert_eq "no such name in a network" "NXDOMAIN qr aa rd ra" "$(status red/two @10.1.0.1 w9.web)"
assert_eq "a name without such data" "NOERROR qr aa rd ra" "$(status red/two @10.1.0.1 pg.main AAAA)"
assert_eq "nor such type" "NOERROR qr aa rd ra" "$(status red/two @10.1.0.1 w1 MX)"
assert_eq "the name of a network exists" "NOERROR qr aa rd ra" "$(status red/two @10.1.0.1 web)"
assert_eq "nobody's address" "NXDOMAIN qr aa rd ra" "$(status red/two @10.1.0.1 -x 10.1.0.99)"
assert_eq "none of that has left" "" "$(cat /run/asked 2>/dev/null)"

# Tenants
assert_eq "the same name elsewhere is another" 10.1.0.111 "$(ask blue/only-blue @10.1.0.1 w1 A)"
assert_eq "a neighbour's name is none" "NXDOMAIN qr aa rd ra" "$(status red/two @10.1.0.1 only-blue)"
assert_eq "nor is its address" "NXDOMAIN qr aa rd ra" "$(status red/two @10.1.0.1 -x 10.1.0.112)"

# Forwarding
assert_eq "a name of the world" 192.0.2.53 "$(ask red/two @10.1.0.1 www.test A)"
assert_eq "its IPv6 address" 2001:db8::53 "$(ask red/two @10.1.0.1 www.test AAAA)"
assert_eq "any type" '"type 65280"' "$(ask red/two @10.1.0.1 www.test TYPE65280 | sed 's/.*/"type 65280"/')"
assert_eq "not ours to be sure of" "NOERROR qr rd ra" "$(status red/two @10.1.0.1 www.test)"
assert_eq "EDNS goes through" '"edns 4321"' "$(ask red/two @10.1.0.1 +bufsize=4321 edns.test TXT)"
assert_eq "as does its absence" '"edns 0"' "$(ask red/two @10.1.0.1 +noedns edns.test TXT)"
assert_eq "truncated" "NOERROR qr tc rd ra" "$(status red/two @10.1.0.1 +ignore +bufsize=512 big.test TXT)"
assert_match "then asked by TCP, and whole" "x{200}" "$(ask red/two @10.1.0.1 +bufsize=512 big.test TXT)"
assert_match "big by UDP" "x{200}" "$(ask red/two @10.1.0.1 +bufsize=6000 +ignore big.test TXT)"
assert_eq "lies are passed over" 192.0.2.53 "$(ask red/two @10.1.0.1 lies.test A)"
assert_match "a refusal" "^REFUSED" "$(status red/two @10.1.0.1 refused.test)"
assert_match "no such name in the world" "^NXDOMAIN" "$(status red/two @10.1.0.1 www.nowhere)"
assert_match "a zone of one label is the world's" "^NXDOMAIN qr rd ra" "$(status red/two @10.1.0.1 com DS)"
# A third of the ids and ports may be equal by chance only if they are drawn from very few.
for i in {1..30}; do ask red/two @10.1.0.1 "r$i.test" A >/dev/null; done
assert_ok "ports are drawn anew" test "$(awk '$1 == "udp" && $4 ~ /^r[0-9]+\./ { print $2 }' /run/asked | sort -u | wc -l)" -gt 20
assert_ok "ids, too" test "$(awk '$1 == "udp" && $4 ~ /^r[0-9]+\./ { print $3 }' /run/asked | sort -u | wc -l)" -gt 20

# Without a segment: the gateway has one address on every port
moat network create red/flat --mode routed --subnet 10.6.0.0/24 --subnet fd06::/64 || die "no network red/flat"
moat attach red/flat --create --name far --ip 10.6.0.11 --ip fd06::11 -q || die "no red/far"
assert_eq "the port's gateway answers" 10.1.0.11 "$(ask red/far @169.254.1.1 w1 A)"
assert_eq "by TCP" 10.1.0.11 "$(ask red/far +tcp @169.254.1.1 w1 A)"
assert_eq "with its network" fd06::11 "$(ask red/far @169.254.1.1 far.flat AAAA)"
assert_eq "and forwards" 192.0.2.53 "$(ask red/far @169.254.1.1 www.test A)"
assert_eq "others know it" 10.6.0.11 "$(ask red/two @10.1.0.1 far A)"
assert_eq "by IPv6 at an address of its own" 10.1.0.11 "$(ask red/far @fec0:0:0:ffff::1 w1 A)"
assert_eq "an endpoint is told whom to ask" "169.254.1.1 fec0:0:0:ffff::1" \
	"$(moat endpoint show red/far --json | jq -r '[.. | .dns? // empty][0] | join(" ")')"

# IPv6 alone
moat network create red/six --mode routed --subnet fd07::/64 || die "no network red/six"
moat network create red/mute6 --mode routed --subnet fd08::/64 --no-dns || die "no network red/mute6"
moat network create red/shut6 --mode routed --subnet fd09::/64 --internal || die "no network red/shut6"
moat attach red/six --create --name six --ip fd07::11 -q || die "no red/six"
moat attach red/mute6 --create --name mute6 -q || die "no red/mute6"
moat attach red/shut6 --create --name shut6 -q || die "no red/shut6"
assert_eq "without IPv4: told whom to ask" fec0:0:0:ffff::1 "$(moat endpoint show red/six --json | jq -r '[.. | .dns? // empty][0] | join(" ")')"
assert_eq "it answers" fd07::11 "$(ask red/six @fec0:0:0:ffff::1 six AAAA)"
assert_eq "by TCP" fd06::11 "$(ask red/six +tcp @fec0:0:0:ffff::1 far.flat AAAA)"
assert_eq "an address leads back" six.six. "$(ask red/six @fec0:0:0:ffff::1 -x fd07::11)"
assert_eq "and forwards" 192.0.2.53 "$(ask red/six @fec0:0:0:ffff::1 www.test A)"
assert_ok "it answers pings, as 169.254.1.1 does" moat enter red/six -- ping -c1 -W2 fec0:0:0:ffff::1
assert_eq "an internal network: its own names" fd07::11 "$(ask red/shut6 @fec0:0:0:ffff::1 six AAAA)"
assert_eq "and no others" "REFUSED qr rd ra" "$(status red/shut6 @fec0:0:0:ffff::1 www.test)"
assert_match "without name service: nobody there" "timed out|no servers" \
	"$(moat enter red/mute6 -- dig +time=1 +tries=1 @fec0:0:0:ffff::1 six AAAA 2>&1)"
assert_match "from a bridge that address is not reached" "timed out|no servers|unreachable" \
	"$(moat enter red/two -- dig +time=1 +tries=1 @fec0:0:0:ffff::1 six AAAA 2>&1)"
uplink6=$(moat --json tenant show red | jq -r '.tenant.transit[1]' | cut -d/ -f1)
assert_match "nor from a routed port another address of the router" "timed out|no servers" \
	"$(moat enter red/six -- dig +time=1 +tries=1 @"$uplink6" six AAAA 2>&1)"
assert_status 4 "no network has that address" moat network create red/taken --subnet fec0:0:0:ffff::/64

# Closed, mute, guarded
assert_eq "an internal network: its own names" 10.1.0.11 "$(ask red/shut @10.3.0.1 w1 A)"
assert_eq "and no others" "REFUSED qr rd ra" "$(status red/shut @10.3.0.1 www.test)"
assert_match "without name service: nobody there" "timed out|no servers" \
	"$(moat enter red/deaf -- dig +time=1 +tries=1 @10.4.0.1 w1 2>&1)"
assert_match "nor at another network's gateway" "timed out|no servers" \
	"$(moat enter red/deaf -- dig +time=1 +tries=1 @10.1.0.1 w1 2>&1)"
assert_eq "a private address of the world" 10.1.2.3 "$(ask red/two @10.1.0.1 inside.test A)"
assert_match "refused where asked for" "^REFUSED" "$(status red/safe @10.5.0.1 inside.test)"
assert_eq "others are not" 192.0.2.53 "$(ask red/safe @10.5.0.1 www.test A)"
assert_match "from outside there is nobody" "timed out|no servers|refused" \
	"$(outside dig +time=1 +tries=1 @"$HOST4" w1 2>&1)"

# Names come and go
moat detach red/W1 -q || die "no detach"
assert_match "a detached name is gone" "^NXDOMAIN" "$(status red/two @10.1.0.1 w1)"
moat attach red/web --create --name w1 --ip 10.1.0.21 -q || die "no new w1"
assert_eq "and is given again" 10.1.0.21 "$(ask red/two @10.1.0.1 w1 A)"

# Name servers: dead, slow, changed
printf 'nameserver 203.0.113.81\nnameserver %s\n' "$OUTSIDE4" >/run/resolv.conf
sleep 2.5
assert_eq "a dead first server" 192.0.2.53 "$(ask red/two @10.1.0.1 www.test A)"
assert_eq "a slow one" 192.0.2.53 "$(ask red/two @10.1.0.1 slow.test A)"
printf 'nameserver 203.0.113.81\n' >/run/resolv.conf
sleep 2.5
assert_eq "all dead: own names all the same" 10.1.0.21 "$(ask red/two @10.1.0.1 w1 A)"
assert_match "and an end to the others" "^SERVFAIL" \
	"$(moat enter red/two -- dig +time=8 +tries=1 @10.1.0.1 www.test | sed -n 's/.*status: \([A-Z]*\),.*/\1/p')"
printf 'nameserver %s\n' "$OUTSIDE4" >/run/resolv.conf
sleep 2.5

# Killed: it comes back alone
engine=$(moat_pids moatd-engine)
kill -9 "$(dns_pid)"
assert_ok "killed, it answers again" eventually 2 answers_new
assert_eq "the engine has not noticed" "$engine" "$(moat_pids moatd-engine)"
assert_eq "what it forwards, too" 192.0.2.53 "$(ask red/two @10.1.0.1 www.test A)"
dns=$(dns_pid)
kill -9 "$engine"
assert_ok "without an engine it answers" test "$(ask red/two @10.1.0.1 w1 A)" = 10.1.0.21
eventually 10 moat version || die "the engine does not come back"
assert_ok "with a new one, too" eventually 2 answers_new
assert_eq "and is the same" "$dns" "$(dns_pid)"
moat attach red/web --create --name late --ip 10.1.0.31 -q || die "no red/late"
assert_eq "which is told of new names" 10.1.0.31 "$(ask red/two @10.1.0.1 late A)"

# Teardown
moat tenant delete red --force -q || die "red does not go"
moat tenant delete blue --force -q || die "blue does not go"
stop_moatd
leftovers
finish
