#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# routed_prefix - networks without masquerade whose subnets are routed to the host: they leave with their own addresses, of
# outside and of neighbours nothing but answers and published ports comes in, and nobody takes the addresses of another.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ip nft curl
sandbox_outside
# what the network around does with such prefixes
outside ip route add 192.0.2.0/24 via "$HOST4"
outside ip route add 2001:db8:1::/48 via "$HOST6"
echo "routed-prefixes: 192.0.2.0/24, 2001:db8:1::/48" >/run/sandbox/moatd.yaml
start_moatd --config /run/sandbox/moatd.yaml
make() { moat "$@" >/run/sandbox/out || die "moat $*"; }
for tenant in red blue; do make tenant create "$tenant"; done
make network create red/own --subnet 192.0.2.0/26 --subnet 2001:db8:1::/64 --no-masquerade
make network create red/nat --subnet 10.0.0.0/24 --subnet fd00:a::/64
make network create red/far --subnet 172.30.0.0/24 --no-masquerade
make network create blue/own --mode routed --subnet 192.0.2.64/26 --subnet 2001:db8:1:1::/64 --no-masquerade
make attach red/own --create --name a --ip 192.0.2.10 --ip 2001:db8:1::10 -p 8081:80
make attach red/own --create --name a2
make attach red/nat --create --name n --ip 10.0.0.10 --ip fd00:a::10
make attach red/far --create --name f
make attach blue/own --create --name b --ip 192.0.2.70 --ip 2001:db8:1:1::70
get() { /usr/bin/python3 -c 'import json,sys; d=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
router() { moat --json tenant show "$1" | get 'd["tenant"]["routerNetns"]'; }
assert_eq "which subnets are routed is told" "['192.0.2.0/26', '2001:db8:1::/64'] []" \
	"$(moat --json network show red/own | get 'd["network"]["routed"]') $(moat --json network show red/far | get 'd["network"]["routed"]')"

# from NAME URL - the answer, which says who asks; "nothing" where none comes
from() { moat enter "$1" -- curl -s -m 1 "$2" || echo nothing; }
here() { curl -s -m 1 "$1" || echo nothing; }
there() { outside curl -s -m 1 "$1" || echo nothing; }
assert_eq "bridge: it leaves with its own address" "outside 192.0.2.10" "$(from red/a "http://$OUTSIDE4/")"
assert_eq "so with IPv6" "outside 2001:db8:1::10" "$(from red/a "http://[$OUTSIDE6]/")"
assert_eq "routed: it leaves with its own address" "outside 192.0.2.70" "$(from blue/b "http://$OUTSIDE4/")"
assert_eq "so with IPv6" "outside 2001:db8:1:1::70" "$(from blue/b "http://[$OUTSIDE6]/")"
assert_eq "another network of the tenant is masqueraded" "outside $HOST4" "$(from red/n "http://$OUTSIDE4/")"
assert_eq "a prefix that is not routed to the host does not leave" nothing "$(from red/f "http://$OUTSIDE4/")"

# ATTACK - nobody but a neighbour of the same network reaches what is not published
for name in red/a blue/b; do
	moat enter "$name" -- "$SANDBOX_TOP/tests/lib/whoami.py" "$name" :: 80 >/dev/null 2>&1 &
	sandbox_keep $!
done
served() { [[ $(from red/a2 http://192.0.2.10/) == red/a* && $(from blue/b http://192.0.2.70/) == blue/b* ]]; }
assert_ok "a neighbour in the network reaches it" eventually 10 served
reach() {
	there "http://$1/"; there "http://[$2]/"; here "http://$1/"; here "http://[$2]/"
	from "$3" "http://$1/"; from "$3" "http://[$2]/"; from red/n "http://$1/"
}
nobody=$(for _ in {1..7}; do echo nothing; done)
assert_eq "outside, the host, another tenant, another network do not (bridge)" "$nobody" "$(reach 192.0.2.10 2001:db8:1::10 blue/b)"
assert_eq "outside, the host, another tenant, another network do not (routed)" "$nobody" "$(reach 192.0.2.70 2001:db8:1:1::70 red/a)"
assert_eq "a published port is reached" "red/a 198.51.100.1" "$(there "http://$HOST4:8081/")"
assert_eq "from a routed address of another tenant, too" "red/a" "$(from blue/b "http://$HOST4:8081/" | cut -d' ' -f1)"

# ATTACK - source addresses of others. counted SOURCE: of its packets, those that came to the host, and those that the raw
# chain let pass. The first two show that what is sent does come, and pass.
cat >/run/spoof.py <<'END'
import socket, struct, sys
dev, mac, src, dst = sys.argv[1:5]
udp = struct.pack("!HHHH", 4000, 9, 8, 0)
if ":" in src:
    packet = struct.pack("!IHBB", 6 << 28, 8, 17, 60) + b"".join(socket.inet_pton(socket.AF_INET6, a) for a in (src, dst)) + udp
else:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 28, 1, 0, 60, 17, 0) + socket.inet_aton(src) + socket.inet_aton(dst)
    total = sum(struct.unpack("!10H", head))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    packet = head[:10] + struct.pack("!H", ~total & 0xffff) + head[12:] + udp
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind((dev, 0))
own = sock.getsockname()[4]
sock.send(bytes.fromhex(mac.replace(":", "")) + own + (b"\x86\xdd" if ":" in src else b"\x08\x00") + packet)
END
counted() {
	local ip=ip
	[[ $1 != *:* ]] || ip=ip6
	nft delete table inet watch 2>/dev/null
	nft -f - <<END
table inet watch {
	chain before {
		type filter hook prerouting priority -310
		$ip saddr $1 udp dport 9 counter
	}
	chain behind {
		type filter hook prerouting priority -290
		$ip saddr $1 udp dport 9 counter
	}
}
END
	"${@:2}" || die "cannot send"
	sleep 0.2
	nft list table inet watch | grep -o 'packets [0-9]*' | cut -d' ' -f2 | paste -sd' '
}
mac_of() { cat "/sys/class/net/$1/address"; }
uplink() { ip -o route get "$1" | grep -o 'dev mu[0-9a-f]*' | cut -d' ' -f2; }
red=$(router red) red_mac=$(mac_of "$(uplink 192.0.2.10)") blue=$(router blue) blue_mac=$(mac_of "$(uplink 192.0.2.70)")
[[ $red_mac != "$blue_mac" ]] || die "the uplinks are one"
taken() { nsenter --net="$blue" -- /usr/bin/python3 /run/spoof.py uplink "$blue_mac" "$@"; }
world() { outside /usr/bin/python3 /run/spoof.py eth0 02:00:00:00:51:02 "$@"; }
assert_eq "blue's router taken: its own addresses pass" "1 1" "$(counted 192.0.2.71 taken 192.0.2.71 "$OUTSIDE4")"
assert_eq "with IPv6" "1 1" "$(counted 2001:db8:1:1::71 taken 2001:db8:1:1::71 "$OUTSIDE6")"
assert_eq "red's do not" "1 0" "$(counted 192.0.2.10 taken 192.0.2.10 "$OUTSIDE4")"
assert_eq "with IPv6" "1 0" "$(counted 2001:db8:1::10 taken 2001:db8:1::10 "$OUTSIDE6")"
assert_eq "nor what is routed to nobody yet" "1 0" "$(counted 192.0.2.200 taken 192.0.2.200 "$OUTSIDE4")"
assert_eq "outside: an address of its own passes" "1 1" "$(counted 203.0.113.9 world 203.0.113.9 "$HOST4")"
assert_eq "a tenant's does not" "1 0" "$(counted 192.0.2.10 world 192.0.2.10 "$HOST4")"
assert_eq "with IPv6" "1 0" "$(counted 2001:db8:1::10 world 2001:db8:1::10 "$HOST6")"
nft delete table inet watch

# repair, restart, change
routes() { ip route show proto 77; ip -6 route show proto 77; }
before=$(routes)
ip route del 192.0.2.0/26
mended() { [[ $(routes) == "$before" ]]; }
assert_ok "a route that somebody deleted comes back" eventually 5 mended
assert_status 0 "check is clean" moat check
# ATTACK, unprotected - with the rules opened the server is reached, so it is they that closed it
stop_moatd
nft insert rule inet moat to_uplink accept
for path in "$red" "$blue"; do
	nsenter --net="$path" -- nft insert rule inet moat forward iifname uplink accept || die "nft: a router"
done
b=$(for path in "$RT"/ns/*; do ! nsenter --net="$path" -- ip addr show dev eth0 2>/dev/null | grep -q 192.0.2.70 || echo "$path"; done)
assert_eq "unprotected: outside reaches it" "red/a 198.51.100.1" "$(there http://192.0.2.10/)"
assert_eq "unprotected: and so does the other tenant" "red/a 192.0.2.70" \
	"$(nsenter --net="$b" -- curl -s -m 1 http://192.0.2.10/ || echo nothing)"
start_moatd --config /run/sandbox/moatd.yaml
assert_eq "mended by the next start: not any more" nothing "$(there http://192.0.2.10/)"
assert_eq "the routes are the same" "$before" "$(routes)"
assert_eq "and it leaves as before" "outside 192.0.2.10" "$(from red/a "http://$OUTSIDE4/")"
assert_ok "masqueraded from now on" moat network set red/own --masquerade
assert_eq "it leaves with the host's address" "outside $HOST4" "$(from red/a "http://$OUTSIDE4/")"
assert_eq "no route leads there" "" "$(routes | grep -E '192.0.2.0/26|2001:db8:1::/64')"
assert_ok "and back" moat network set red/own --no-masquerade
assert_eq "it leaves with its own" "outside 2001:db8:1::10" "$(from red/a "http://[$OUTSIDE6]/")"
assert_eq "the routes are back" "$before" "$(routes)"

# refused
assert_status 4 "a prefix that is routed to another" moat network create blue/x --mode routed --subnet 192.0.2.0/27 --no-masquerade
assert_match "names its holder" "routed to network red/own already" \
	"$(moat network create blue/x --mode routed --subnet 192.0.2.0/27 --no-masquerade 2>&1)"
stop_moatd
echo "routed-prefixes: 192.0.2.0/26" >/run/sandbox/moatd.yaml
start_moatd --config /run/sandbox/moatd.yaml
assert_match "the administrator takes a prefix back: its routes go" '^192.0.2.0/26 via [^ ]* dev mu[0-9a-f]* *$' "$(routes)"
assert_status 0 "check is clean" moat check
assert_ok "red goes" moat tenant delete red --force
assert_ok "its route goes with it, so that blue has the prefix at once" \
	moat network create blue/next --mode routed --subnet 192.0.2.0/26 --no-masquerade
assert_match "and its route" '^192.0.2.0/26 via ' "$(routes)"
assert_ok "blue goes" moat tenant delete blue --force
assert_eq "no route is left" "" "$(routes)"
stop_moatd
leftovers
finish
