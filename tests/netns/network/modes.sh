#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# modes - networks of mode routed and l2, and internal ones of each mode: who reaches whom in both
# families; what stands in the kernel, that it is mended where it
# was broken, is found again by a new daemon, and goes.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ping ip bridge nft /usr/bin/python3
here=$(dirname "$0")
wait=1.2
[[ ${MOAT_VM:-0} != 1 ]] || wait=4
talk() { /usr/bin/python3 "$here/engine_isolation.py" "$@"; }
inside() { # STACK COMMAND...
	local stack=$1
	shift
	moat enter "red/$stack" -- "$@"
}
serve() { # STACK...
	local stack
	for stack; do
		inside "$stack" /usr/bin/python3 "$here/engine_isolation.py" serve "red/$stack" &
		sandbox_keep $!
	done
}
# reach STACK PROTO ADDRESS WHO - it is WHO that answers; PROTO icmp: one ping is sent, and answered
reach() {
	local port=${5:-7000}
	if [[ $2 == icmp ]]; then
		# the stack's end sends once the kernel's linkwatch work has seen its carrier: at once, but behind RTNL
		assert_ok "$1 has a ping of $3 answered" eventually 4 inside "$1" ping -n -c1 -W 0.5 "$3"
	else
		assert_match "$1 reaches $3 by $2" "\"$4\"" "$(inside "$1" /usr/bin/python3 "$here/engine_isolation.py" many <<<"[[\"$2\", \"$3\", $port]]" 2>&1)"
	fi
}
# cut STACK ADDRESS... - no answer by any protocol
cut_off() {
	local stack=$1 address list=
	shift
	for address; do
		list+="${list:+, }[\"tcp\", \"$address\", 7000], [\"udp\", \"$address\", 7000], [\"icmp\", \"$address\", 0]"
	done
	assert_eq "$stack reaches none of $*" "" "$(inside "$stack" /usr/bin/python3 "$here/engine_isolation.py" many \
		<<<"[$list]" 2>&1 | tr -d ' ' | sed 's/\["-",""\]//g; s/[][,]//g')"
}
sandbox_outside
outside /usr/bin/python3 "$here/engine_isolation.py" serve outside &
sandbox_keep $!
for prefix in 10.1.0.0/16 10.2.0.0/24 10.3.0.0/24 10.4.0.0/24 fd00:1::/64 fd00:2::/64 fd00:3::/64 fd00:4::/64; do
	outside ip route add $prefix via "$([[ $prefix == *:* ]] && echo "$HOST6" || echo "$HOST4")"
done
start_moatd --log-level debug
for command in "tenant create red" \
	"network create red/flat --mode routed --subnet 10.1.0.0/16 --subnet fd00:1::/64" \
	"network create red/flat2 --mode routed --subnet 10.2.0.0/24 --subnet fd00:2::/64" \
	"network create red/web --subnet 10.3.0.0/24 --subnet fd00:3::/64" \
	"network create red/shut --mode routed --internal --subnet 10.4.0.0/24 --subnet fd00:4::/64" \
	"network create red/shut2 --internal --subnet 10.5.0.0/24 --subnet fd00:5::/64" \
	"network create red/lab --mode l2" \
	"attach red/flat --create --name a --ip 10.1.0.10 --ip fd00:1::10 -p 8080:7000 -p 8080:7000/udp" \
	"attach red/flat --create --name b --ip 10.1.7.20 --ip fd00:1::20" \
	"attach red/flat2 --create --name c --ip 10.2.0.10 --ip fd00:2::10" \
	"attach red/web --create --name d --ip 10.3.0.10 --ip fd00:3::10" \
	"attach red/shut --create --name i --ip 10.4.0.10 --ip fd00:4::10" \
	"attach red/shut --create --name j --ip 10.4.0.20 --ip fd00:4::20" \
	"attach red/shut2 --create --name k --ip 10.5.0.10 --ip fd00:5::10" \
	"attach red/lab --create --name x --ip 10.1.0.10/24 --ip fd00:1::10/64" \
	"attach red/lab --create --name y --ip 10.1.0.11/24 --ip fd00:1::11/64" \
	"attach red/lab --create --name z"; do
	# shellcheck disable=SC2086 # words
	moat $command >/dev/null || die "moat $command: $(moat $command 2>&1)"
done
for router in "$RT"/ns/0001*; do :; done
inr() { nsenter --net="$router" "$@"; }

note "routed: before anything could be learnt"
reach a icmp 10.1.7.20
reach b icmp fd00:1::10
reach a icmp 169.254.1.1
reach a icmp "$OUTSIDE4"
reach b icmp "$OUTSIDE6"
reach i icmp 10.4.0.20
reach i icmp fd00:4::20
serve a b c d i j k x y
sleep 0.5
for proto in tcp udp; do
	reach a $proto 10.1.7.20 red/b
	reach b $proto fd00:1::10 red/a
	reach a $proto 198.51.100.1 outside
	reach a $proto 2001:db8:51::1 outside
	reach b $proto "$HOST4" red/a 8080
	reach b $proto "$HOST6" red/a 8080
	reach d $proto "$HOST4" red/a 8080
	reach a $proto 169.254.1.1 red/a 8080
	for address in "$HOST4" "$HOST6"; do
		assert_ok "outside reaches the port published on $address by $proto" outside /usr/bin/python3 "$here/engine_isolation.py" \
			ask $proto "$address" 8080 red/a
	done
done
assert_eq "the stack has the gateway, and its network behind it" \
	"$(printf '%s\n' "169.254.1.1 scope link" "default via 169.254.1.1" "10.1.0.0/16 via 169.254.1.1" | sort)" \
	"$(inside a ip -o -4 route show dev eth0 proto 77 | sed 's/ metric [0-9]*//; s/ onlink//; s/ *$//' | sort)"
assert_eq "and in IPv6" "$(printf '%s\n' "default via fe80::1" "fd00:1::/64 via fe80::1" | sort)" \
	"$(inside a ip -o -6 route show dev eth0 proto 77 | sed 's/ metric.*//' | sort)"

note "what must not be reached: other networks of the tenant, their gateways, the outside from internal ones"
cut_off a 10.2.0.10 fd00:2::10 10.3.0.10 fd00:3::10 10.3.0.1 fd00:3::1 10.4.0.10 fd00:4::10 10.5.0.1
cut_off c 10.1.0.10 fd00:1::10 10.3.0.10 fd00:3::10
cut_off d 10.1.0.10 fd00:1::10 10.2.0.10 fd00:2::10 10.4.0.10 fd00:4::10 10.5.0.1 fd00:5::1 169.254.1.1
for stack in i k; do
	cut_off $stack "$OUTSIDE4" "$OUTSIDE6" "$HOST4" "$HOST6" 10.1.0.10 fd00:1::10 10.3.0.10 fd00:3::10 10.3.0.1 fd00:3::1
done
assert_eq "an internal network does not reach by the gateway what others publish" '[["-", ""], ["-", ""]]' \
	"$(inside i /usr/bin/python3 "$here/engine_isolation.py" many <<<'[["tcp", "169.254.1.1", 8080], ["udp", "169.254.1.1", 8080]]')"
assert_eq "nor one of mode bridge" '[["-", ""], ["-", ""]]' \
	"$(inside k /usr/bin/python3 "$here/engine_isolation.py" many <<<'[["tcp", "10.5.0.1", 8080], ["udp", "fd00:5::1", 8080]]')"
for address in 10.1.0.10 fd00:1::10 10.4.0.10 fd00:4::10; do
	assert_fail "outside does not reach $address though it routes it here" outside ping -n -c1 -W "$wait" $address
done
for stack in i k; do
	assert_status 4 "publishing on an internal network is refused ($stack)" moat publish red/$stack -p 8090:80
	assert_match "with its name" "red/shut.* is internal" "$output"
done
assert_status 4 "and so is attaching with a port" moat attach red/shut --create --name no -p 8090:80
assert_status 3 "which leaves no stack" moat endpoint show red/no

note "l2"
reach x icmp 10.1.0.11
reach y icmp fd00:1::10
reach x tcp 10.1.0.11 red/y
reach y udp fd00:1::10 red/x
assert_eq "no address is given that was not asked for" "" "$(inside z ip -o addr show dev eth0 scope global)"
inside z ip addr add 10.1.0.99/24 dev eth0
assert_ok "who takes one is heard: the segment learns" inside z ping -n -c1 -W "$wait" 10.1.0.10
inside z ip route add default via 10.1.0.1
inside z ip neigh add 10.1.0.1 lladdr "$(inr cat "/sys/class/net/$(moat --json network show red/lab | /usr/bin/python3 -c \
	'import json,sys; d = json.load(sys.stdin); print(d.get("network", d)["bridge"])')/address" 2>/dev/null ||
	inr ip -j link show type bridge | /usr/bin/python3 -c 'import json,sys; print([l["address"] for l in json.load(sys.stdin) if l["ifalias"] == "red/lab"][0])')" dev eth0
cut_off z "$OUTSIDE4" 10.3.0.10 10.1.7.20 169.254.1.1
assert_fail "and nobody answers for the router there" inside z ping -n -c1 -W "$wait" 10.3.0.1
assert_status 4 "publishing is refused" moat publish red/x -p 8091:80

note "in the kernel"
assert_ok "nothing differs" moat check
port=$(moat --json endpoint show red/b | /usr/bin/python3 -c 'import json,sys; d = json.load(sys.stdin); print(d.get("endpoint", d)["hostIfname"])')
assert_eq "a routed port has no address" "" "$(inr ip -o addr show dev "$port")"
bridge_lab=$(moat --json network show red/lab | /usr/bin/python3 -c 'import json,sys; d = json.load(sys.stdin); print(d.get("network", d)["bridge"])')
# what is added makes nobody look; what is taken away does, and then both are seen
inr ip addr add 10.1.0.1/24 dev "$bridge_lab"
inr ip route del 10.1.7.20 dev "$port" || die "no route"
inr ip neigh del fd00:1::20 dev "$port" || die "no neighbour"
mended() { [[ -n $(inr ip -o route show 10.1.7.20 dev "$port") && -n $(inr ip -o neigh show fd00:1::20 dev "$port" nud permanent) &&
	-z $(inr ip -o -4 addr show dev "$bridge_lab") ]]; }
assert_ok "what somebody broke is mended" eventually 5 mended
reach a icmp 10.1.7.20
inr ip link del "$port"
back() { inside a ping -n -c1 -W 1 10.1.7.20 >/dev/null 2>&1; }
assert_ok "a port that was deleted is made again" eventually 8 back
assert_ok "and nothing differs" moat check

note "addresses change hands at once"
for _ in 1 2 3; do
	moat detach red/b || fail "detach"
	moat attach red/flat --create --name b --ip 10.1.7.20 --ip fd00:1::20 >/dev/null || fail "attach"
	reach a icmp 10.1.7.20
	reach a icmp fd00:1::20
done

note "two endpoints in one stack"
assert_ok "a second endpoint, without default route" moat attach red/flat2 --name b --ifname eth1 --ip 10.2.0.20 --ip fd00:2::20 --no-default-route
reach b icmp 10.2.0.10
reach b icmp fd00:2::10
reach b icmp 10.1.0.10
reach b icmp "$OUTSIDE4"

note "what we do ourselves, and what a stack does with its carrier, costs no comparison"
moat attach red/flat2 --create --name flap >/dev/null || die "attach"
compared() { grep -c 'comparing .* with the kernel' "$MOATD_LOG"; }
sleep 1.5 # the kernel tells of a carrier up to a second late
before=$(compared)
for net in flat2 web; do
	moat attach red/$net --create --name passing >/dev/null || die "attach"
	moat detach red/passing || die "detach"
done
sleep 1.5
assert_eq "an endpoint that comes and goes makes nobody compare" "$before" "$(compared)"
for _ in 1 2 3; do inside flap ip link set eth0 down && inside flap ip link set eth0 up; done
sleep 1.5
assert_eq "a link of a routed network that comes and goes makes nobody compare" "$before" "$(compared)"
moat detach red/flap || die "detach"

note "a new daemon finds it all"
networks() { moat --json network list | /usr/bin/python3 -c 'import json,sys; print(sorted(map(str, json.load(sys.stdin)["networks"])))'; }
networks >/run/before
stop_moatd
start_moatd
assert_eq "the networks are the same" "$(</run/before)" "$(networks)"
assert_ok "nothing differs" moat check
reach a icmp 10.1.7.20
assert_ok "a network with its endpoints is deleted" moat network delete red/flat --force
assert_ok "and the l2 one" moat network delete red/lab --force
assert_eq "no port is left that belongs to none" "" "$(inr ip -o -4 route show | grep '^10\.1\.')"
reach i icmp 10.4.0.20
assert_ok "nothing differs" moat check
moat tenant delete red --force
leftovers
finish
