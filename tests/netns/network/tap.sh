#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tap - a virtual machine on a network. A program takes the place of a VMM: it opens the tap as one would, and speaks
# frames as the machine; neighbours, the world, names and the guard are as with any other endpoint, in both modes that
# have a gateway. A tap that was deleted comes back; one that is open keeps nothing of a deleted tenant alive.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need jq setpriv
program=$(dirname "$0")/tap.py
sandbox_outside
sandbox_mark
start_moatd

field() { moat endpoint show "$1" --json | jq -r ".endpoint.$2"; }
# machine_start NAME IFNAME - the VMM, with its orders from descriptor 9
machine_start() {
	local mac ip4 ip6
	mac=$(field "$1" mac) ip4=$(field "$1" 'ips[0]') ip6=$(field "$1" 'ips[1]')
	rm -f /run/orders /run/heard
	mkfifo /run/orders
	exec 9<>/run/orders
	"$MOAT_BIN_DIR/moat" enter "$1" -- "$program" machine "$2" "$mac" "${ip4%/*}" "${ip6%/*}" <&9 >/run/heard 2>/run/machine.log &
	machine=$!
	sandbox_keep $machine
	eventually 10 grep -qx ready /run/heard || die "the machine does not start: $(cat /run/machine.log)"
}
machine_stop() {
	kill "$machine"
	wait "$machine" 2>/dev/null
	exec 9>&-
}
# shellcheck disable=SC2317 # called by eventually
order() { echo "$*" >&9; }
heard() { eventually 5 grep -qx -- "$1" /run/heard; }
peer() { moat enter "red/peer-$mode" -- "$@"; }
dropped() { moat endpoint show "red/vm-$mode" --json | jq -r ".endpoint.dropped.$1"; }

moat -q tenant create red || die "no tenant"
outside "$program" echo 9 >/run/outside.heard &
sandbox_keep $!
eventually 10 grep -qx ready /run/outside.heard || die "no listener"

battery() {
	local mode=$1 vm=red/vm-$1 gateway=$2 mac ip4 ip6 peer4 peer_mac gateway_mac port
	assert_ok "$mode: attach --tap" moat attach "red/$mode" --tap t0 --name "vm-$mode" -p "$3:7/udp"
	assert_ok "an endpoint beside it" moat attach "red/$mode" --create --name "peer-$mode"
	ip4=$(field "$vm" 'ips[0]') ip6=$(field "$vm" 'ips[1]') mac=$(field "$vm" mac)
	ip4=${ip4%/*} ip6=${ip6%/*} port=$(field "$vm" hostIfname)
	peer4=$(field "red/peer-$mode" 'ips[0]') peer4=${peer4%/*} peer_mac=$(field "red/peer-$mode" mac)
	assert_eq "it is told that it is one" true "$(field "$vm" tap)"
	assert_eq "and has no default route of ours" false "$(field "$vm" defaultRoute)"
	assert_ok "check is clean" moat check
	assert_eq "its namespace has no address" "" \
		"$(moat enter "$vm" -- ip -o addr show | grep -v ' lo ')"
	machine_start "$vm" t0
	assert_status 1 "who is the second to open it is refused" moat enter "$vm" -- "$program" open t0

	order arp "$gateway"
	assert_ok "the gateway answers its ARP" heard "arp $gateway .*"
	gateway_mac=$(sed -n "s/^arp $gateway //p" /run/heard | head -n 1)
	assert_ok "it is reached from its network (IPv4)" peer "$program" ask "$ip4" 7 hello
	assert_eq "and it was it" "machine hello" "$output"
	if [[ $mode == bridge ]]; then
		assert_ok "(IPv6)" peer "$program" ask "$ip6" 7 hello
		assert_eq "and it was it" "machine hello" "$output"
	fi
	assert_ok "and by its published port" outside "$program" ask "$HOST4" "$3" out
	assert_eq "and it was it" "machine out" "$output"
	order udp "$mac" "$ip4" "$gateway_mac" 198.51.100.1 9 "way-$mode"
	assert_ok "it reaches the world" heard "udp echo way-$mode"
	order name "$gateway_mac" "$gateway" "peer-$mode"
	assert_ok "it asks names" heard "name $peer4"
	assert_ok "and has one" peer python3 -c 'import socket,sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); n = sys.argv[2].encode()
s.sendto(b"\0\1\1\0\0\1\0\0\0\0\0\0" + bytes([len(n)]) + n + b"\0\0\1\0\1", (sys.argv[1], 53))
sys.exit(s.recv(512)[-4:] != socket.inet_aton(sys.argv[3]))' "$gateway" "vm-$mode" "$ip4"

	# ---- who it says it is
	rm -f /run/peer.heard
	"$MOAT_BIN_DIR/moat" enter "red/peer-$mode" -- "$program" echo 9 >/run/peer.heard &
	local listener=$!
	sandbox_keep $listener
	eventually 10 grep -qx ready /run/peer.heard || die "no listener"
	local way=$gateway_mac
	[[ $mode == routed ]] || way=$peer_mac
	order udp "$mac" "$ip4" "$way" "$peer4" 9 honest
	assert_ok "what is true arrives" eventually 5 grep -q " honest" /run/peer.heard
	order udp "$mac" "$gateway" "$way" "$peer4" 9 forged-address
	assert_ok "a false address falls to the guard" eventually 5 counted ip_spoofed 1
	order udp 02:00:00:00:66:66 "$ip4" "$way" "$peer4" 9 forged-mac
	assert_ok "a false MAC address, too" eventually 5 counted mac_spoofed 1
	order claim "$mac" "$gateway"
	assert_ok "and a false claim by ARP" eventually 5 counted arp_spoofed 1
	order udp "$mac" "$ip4" "$way" "$peer4" 9 last
	assert_ok "what is true arrives still" eventually 5 grep -q " last" /run/peer.heard
	assert_fail "and nothing of the rest did" grep forged /run/peer.heard
	assert_fail "nothing of others came to it" grep stray /run/heard
	kill $listener
	assert_ok "check is clean with the machine on" moat check

	# ---- damage
	moat enter "$vm" -- ip link del t0
	assert_ok "the VMM of a tap that is deleted is told" eventually 5 machine_gone
	exec 9>&-
	assert_status 5 "check misses it" moat check
	assert_match "by name" "name=t0 type=tap" "$output"
	moat check --repair >/dev/null
	assert_ok "repair makes it again" moat check
	moat enter "$vm" -- ip link set t0 nomaster
	assert_status 5 "one off its bridge is seen" moat check
	moat check --repair >/dev/null
	assert_ok "and mended" moat check
	machine_start "$vm" t0
	assert_ok "opened again it is what it was" peer "$program" ask "$ip4" 7 again
	nsenter --net="$(moat tenant show red --json | jq -r .tenant.routerNetns)" ip link del "$port"
	assert_ok "a port that is deleted comes back by itself" eventually 10 peer "$program" ask "$ip4" 7 port
	local path
	path=$(field "red/peer-$mode" netnsPath)
	exec 8<"$path"
	kill -9 "$(moat_pids moatd-hand)"
	assert_ok "it does not notice that the hand is killed" nsenter --net=/proc/$$/fd/8 "$program" ask "$ip4" 7 hand
	eventually 20 moat version
	assert_ok "and the next one finds all as it was" moat check
	stop_moatd
	assert_ok "it needs no daemon" nsenter --net=/proc/$$/fd/8 "$program" ask "$ip4" 7 alone
	exec 8<&-
	start_moatd
	assert_ok "recovery leaves it alone" moat check
	assert_ok "and its VMM" peer "$program" ask "$ip4" 7 recovered
	assert_ok "a narrower network" moat network set "red/$mode" --mtu 1400
	assert_eq "has narrower taps" 1400 "$(moat enter "$vm" -- cat /sys/class/net/t0/mtu)"
	assert_ok "check is clean" moat check
	machine_stop
	assert_ok "a user without privilege who was let in may open it" \
		moat enter "$vm" -- setpriv --reuid 64998 --regid 64998 --clear-groups "$program" open t0
}
counted() { (($(dropped "$1") >= $2)); }
machine_gone() { ! kill -0 "$machine"; }
# Of the far ends of the host's links: the kernel forgets the number of a namespace that is no more. outside's stays.
no_peers() { (($(ip netns list-id | wc -l) <= peers)); }
peers=$(ip netns list-id | wc -l)

moat -q network create red/bridge --subnet 10.0.0.0/24 --subnet fd00:a::/64 || die "no network"
moat -q network create red/routed --mode routed --subnet 10.1.0.0/24 --subnet fd00:b::/64 || die "no network"

# ---------------------------------------------------------------- what is refused
assert_status 2 "a tap without a name" moat attach red/bridge --tap t0
assert_status 2 "a tap in a namespace that is given" moat attach red/bridge --tap t0 --name x --netns /proc/self/ns/net
assert_status 2 "a name beside the tap's" moat attach red/bridge --tap t0 --name x --ifname t1
assert_status 2 "a way out of the stack's" moat attach red/bridge --tap t0 --name x --default-route
assert_status 2 "a name that no interface can have" moat attach red/bridge --tap a/b --name x
assert_ok "a dry run" moat attach red/bridge --tap t0 --name x --dry-run
assert_match "tells of the tap" "name=t0 type=tap" "$output"
assert_status 3 "and makes nothing" moat endpoint show red/x
moat -q attach red/bridge --create --name plain || die "no stack"
assert_status 4 "a tap beside an interface of the stack's own" moat attach red/bridge --tap t0 --name plain
moat -q attach red/bridge --tap t0 --name two || die "no tap"
assert_ok "a second network of one machine" moat attach red/routed --tap t1 --name two
assert_status 4 "an interface of the stack's own beside taps" moat attach red/bridge --name two
assert_status 4 "a tap of a name that it has" moat attach red/routed --tap t1 --name two
assert_ok "one of two goes" moat detach red/two:t0
assert_ok "and comes back" moat attach red/bridge --tap t0 --name two
assert_ok "check is clean" moat check
moat -q detach red/two
moat -q detach red/plain

battery bridge 10.0.0.1 5007
battery routed 169.254.1.1 5008

# ---------------------------------------------------------------- the end
mode=bridge
machine_start red/vm-bridge t0
assert_ok "the tenant goes, the machine's tap is open" moat tenant delete red --force
assert_ok "and with it the router's namespace" eventually 10 no_peers
assert_ok "the machine goes on" kill -0 "$machine"
order arp 10.0.0.1
sleep 0.2
assert_ok "and its tap is a dead link" kill -0 "$machine"
machine_stop
leftovers
finish
