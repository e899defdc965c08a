#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# host_access - the host and the endpoints of a network made so reach one another, both ways and families; without it, and for
# other networks of the tenant, other tenants and those outside, nothing is opened.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ip curl
sandbox_outside
outside ip route add 192.0.2.0/24 via "$HOST4"
outside ip route add 2001:db8:1::/48 via "$HOST6"
echo "routed-prefixes: 192.0.2.0/24, 2001:db8:1::/48" >/run/sandbox/moatd.yaml
start_moatd --config /run/sandbox/moatd.yaml
make() { moat "$@" >/run/sandbox/out || die "moat $*"; }
for tenant in red blue; do make tenant create "$tenant"; done
make network create red/own --subnet 192.0.2.0/26 --subnet 2001:db8:1::/64 --no-masquerade
make network create red/other --mode routed --subnet 192.0.2.128/26 --subnet 2001:db8:1:2::/64 --no-masquerade
make network create blue/own --mode routed --subnet 192.0.2.64/26 --subnet 2001:db8:1:1::/64 --no-masquerade
make attach red/own --create --name a --ip 192.0.2.10 --ip 2001:db8:1::10
make attach red/other --create --name o --ip 192.0.2.138 --ip 2001:db8:1:2::10
make attach blue/own --create --name b --ip 192.0.2.70 --ip 2001:db8:1:1::70
"$SANDBOX_TOP/tests/lib/whoami.py" host :: 8000 >/dev/null 2>&1 &
sandbox_keep $!
for name in red/a red/o blue/b; do
	moat enter "$name" -- "$SANDBOX_TOP/tests/lib/whoami.py" "$name" :: 80 >/dev/null 2>&1 &
	sandbox_keep $!
done
from() { moat enter "$1" -- curl -s -m 1 "$2" || echo nothing; }
name_of() { { curl -s -m 1 "$1" || echo nothing; } | cut -d' ' -f1; }
served() { [[ $(moat enter red/a -- curl -s -m 1 http://127.0.0.1/) == red/a* && $(curl -s -m 1 http://127.0.0.1:8000/) == host* ]]; }
assert_ok "the servers are there" eventually 10 served
# both NAME V4 V6 - the host from it, and it from the host
both() {
	from "$1" "http://$HOST4:8000/"; from "$1" "http://[$HOST6]:8000/"
	name_of "http://$2/"; name_of "http://[$3]/"
}
none=$(for _ in {1..4}; do echo nothing; done)
assert_eq "closed: neither reaches the other (bridge)" "$none" "$(both red/a 192.0.2.10 2001:db8:1::10)"
assert_eq "closed: neither reaches the other (routed)" "$none" "$(both blue/b 192.0.2.70 2001:db8:1:1::70)"
assert_ok "red's network is opened" moat network set red/own --host-access
assert_eq "they reach one another" "host 192.0.2.10
host 2001:db8:1::10
red/a
red/a" "$(both red/a 192.0.2.10 2001:db8:1::10)"
assert_eq "another network of the tenant does not" "$none" "$(both red/o 192.0.2.138 2001:db8:1:2::10)"
assert_eq "another tenant does not" "$none" "$(both blue/b 192.0.2.70 2001:db8:1:1::70)"
assert_eq "nor does it reach the opened network" "nothing nothing" \
	"$(from blue/b http://192.0.2.10/) $(from red/o http://192.0.2.10/)"
assert_eq "nor do those outside" "nothing nothing" \
	"$(outside curl -s -m 1 http://192.0.2.10/ || echo nothing) $(outside curl -s -m 1 "http://[2001:db8:1::10]/" || echo nothing)"
# ATTACK - from outside with the address by which the host is let in: IPv6 has no check of its own against it
end=$(ip -6 -o route get 2001:db8:1::10 | grep -o 'src [^ ]*' | cut -d' ' -f2)
outside ip addr add "$end/128" dev lo nodad
assert_eq "with the host's address at the uplink neither" nothing \
	"$(outside curl -s -m 1 --interface "$end" "http://[2001:db8:1::10]/" || echo nothing)"
outside ip addr del "$end/128" dev lo
assert_ok "blue's network is opened too" moat network set blue/own --host-access
assert_eq "they reach one another (routed)" "host 192.0.2.70
host 2001:db8:1:1::70
blue/b
blue/b" "$(both blue/b 192.0.2.70 2001:db8:1:1::70)"
assert_eq "but the two tenants not" nothing "$(from blue/b http://192.0.2.10/)"
stop_moatd
start_moatd --config /run/sandbox/moatd.yaml
assert_status 0 "after a restart check is clean" moat check
assert_eq "and it is told" true "$(moat --json network show red/own | /usr/bin/python3 -c 'import json,sys; print(json.dumps(json.load(sys.stdin)["network"]["hostAccess"]))')"
assert_status 1 "not with masquerade" moat network set red/own --masquerade
assert_ok "closed again" moat network set red/own --no-host-access
assert_eq "neither reaches the other" "$none" "$(both red/a 192.0.2.10 2001:db8:1::10)"
# masqueraded networks: the host knows their endpoints, nobody outside does
make network create red/nat --subnet 10.0.0.0/24 --subnet fd00:a::/64
make network create blue/nat --mode routed --subnet 10.0.0.0/25 --subnet fd00:b::/64
make network create blue/pool --mode routed --host-access
make attach red/nat --create --name n --ip 10.0.0.10 --ip fd00:a::10
make attach blue/nat --create --name m --ip 10.0.0.10 --ip fd00:b::10
make attach blue/pool --create --name p
for name in red/n blue/m blue/p; do
	moat enter "$name" -- "$SANDBOX_TOP/tests/lib/whoami.py" "$name" :: 80 >/dev/null 2>&1 &
	sandbox_keep $!
done
serving() { [[ $(moat enter "$1" -- curl -s -m 1 http://127.0.0.1/) == $1* ]]; }
for name in red/n blue/m blue/p; do assert_ok "$name serves" eventually 10 serving "$name"; done
assert_eq "masqueraded, closed: neither reaches the other" "$none" "$(both red/n 10.0.0.10 fd00:a::10)"
assert_ok "opened" moat network set red/nat --host-access
assert_eq "they reach one another" "host 10.0.0.10
host fd00:a::10
red/n
red/n" "$(both red/n 10.0.0.10 fd00:a::10)"
assert_eq "and it leaves with the host's address as before" "outside $HOST4 outside $HOST6" \
	"$(from red/n "http://$OUTSIDE4/") $(from red/n "http://[$OUTSIDE6]/")"
assert_eq "so with subnets of the pools, made so" "blue/p" \
	"$(name_of "http://$(moat --json endpoint show blue/p | /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)["endpoint"]["ips"][0].split("/")[0])')/")"
assert_eq "another tenant with the same address is closed" "$none" "$(both blue/m 10.0.0.99 fd00:b::10)"
assert_eq "nor do the two reach one another" "nothing nothing" "$(from blue/p http://10.0.0.10/) $(from red/n "http://[fd00:b::10]/")"
assert_status 4 "and cannot be opened" moat network set blue/nat --host-access
assert_match "with the reason" "reaches 10.0.0.0/25, or a part of it, in network red/nat already, and can reach it in one alone" "$output"
outside ip route add 10.0.0.0/24 via "$HOST4"
outside ip route add fd00:a::/64 via "$HOST6"
assert_eq "those outside do not come in, with a route either" "nothing nothing" \
	"$(outside curl -s -m 1 http://10.0.0.10/ || echo nothing) $(outside curl -s -m 1 "http://[fd00:a::10]/" || echo nothing)"
make publish red/n -p 8088:80
assert_match "a published port is reached" "^red/n " "$(outside curl -s -m 2 "http://$HOST4:8088/")"
assert_match "from the host, too" "^red/n " "$(curl -s -m 2 "http://$HOST4:8088/")"
assert_match "and by the network itself" "^red/n " "$(from red/n "http://$HOST4:8088/")"
ip route add 10.9.0.0/16 via 198.51.100.1
assert_status 4 "where the host leads elsewhere by itself: refused" moat network create red/there --subnet 10.9.1.0/24 --host-access
assert_match "with the route" "red/there: 10.9.1.0/24, or a part of it, is reached from the host by its own route to 10.9.0.0/16" "$output"
ip route del 10.9.0.0/16
stop_moatd
nft flush ruleset
start_moatd --config /run/sandbox/moatd.yaml
assert_status 0 "after a restart without rules all is mended" moat check
assert_eq "and they reach one another" "host 10.0.0.10 red/n" "$(from red/n "http://$HOST4:8000/") $(name_of http://10.0.0.10/)"
assert_ok "closed again" moat network set red/nat --no-host-access
assert_eq "neither reaches the other" "$none" "$(both red/n 10.0.0.10 fd00:a::10)"
assert_eq "no way of the host is left" "" "$(ip route show 10.0.0.0/24; ip -6 route show fd00:a::/64)"
assert_ok "then the other may be opened" moat network set blue/nat --host-access
assert_eq "and is" "host 10.0.0.10" "$(from blue/m "http://$HOST4:8000/")"
for tenant in red blue; do assert_ok "$tenant goes" moat tenant delete "$tenant" --force; done
stop_moatd
finish
