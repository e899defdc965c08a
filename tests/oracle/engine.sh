#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# engine - one tenant with a network, an endpoint and two published ports, and a routed network with an
# endpoint in the same stack, made by Moat; and the same
# in namespaces beside, made by ip, bridge, nft and sysctl by hand. Read by these tools, router and
# stack are the same line by line, and so is what was added to the host.
# shellcheck source=../lib/sandbox.sh
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need ip bridge nft sysctl
here=$(dirname "$0")
read_state() { PYTHONPATH=$SANDBOX_TOP/tests/lib /usr/bin/python3 -c \
	'import kernelstate,sys; print(*kernelstate.read(sys.argv[1]), sep="\n")' "$1" | sort; }
field() { /usr/bin/python3 -c 'import json,sys
d = json.load(sys.stdin)
d = d.get(sys.argv[1], d)
for key in sys.argv[2:]: print(d[int(key) if key.isdigit() else key] if not isinstance(d.get(key), list) else " ".join(d[key]))' "$@"; }
sandbox_outside
read_state /proc/self/ns/net >/run/ours.host.before
start_moatd
moat tenant create red >/dev/null || die "tenant"
moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64 >/dev/null || die "network"
# shellcheck disable=SC2153 # the sandbox's
moat attach red/web --create --name w1 --ip 10.0.0.9 --ip fd00:a::9 -p 8080:80 -p "$HOST4:53:5353/udp" \
	-p 30000-30009:30000-30009/sctp -p "[$HOST6]:8000-8009:90-99" >/dev/null || die "attach"
moat network create red/flat --mode routed --subnet 10.1.0.0/16 --subnet fd00:b::/64 >/dev/null || die "routed network"
moat attach red/flat --name w1 --ip 10.1.7.9 --ip fd00:b::9 -p 8081:81 >/dev/null || die "routed attach"
mapfile -t tenant < <(moat --json tenant show red | field tenant id routerNetns transit)
mapfile -t endpoint < <(moat --json endpoint show red/w1:eth0 | field endpoint mac hostIfname netnsPath)
mapfile -t routed < <(moat --json endpoint show red/w1:eth1 | field endpoint mac hostIfname)
mapfile -t flat < <(moat --json network show red/flat | field network id)
mapfile -t network < <(moat --json network show red/web | field network id bridge)
read -r transit4 transit6 <<<"${tenant[2]}"
routed_mac=${routed[0]} routed_port=${routed[1]} web_mark=$((0x${network[0]} & 0x7fffffff)) flat_mark=$((0x${flat[0]} & 0x7fffffff))
# of the second interface of a stack: the first has metric 1024 and no table
table=$(((77 << 16) + 1025))
port=${endpoint[1]} mac=${endpoint[0]} bridge=${network[1]} up=mu${tenant[0]}
# The pair of the transit: host even, router odd. MAC addresses and link-local addresses as the links say.
router4=${transit4%/*} router6=${transit6%/*}
host4=${router4%.*}.$((${router4##*.} - 1)) host6=$(/usr/bin/python3 -c \
	'import ipaddress,sys; print(ipaddress.ip_address(sys.argv[1]) - 1)' "$router6")
mac_of() { nsenter --net="$1" ip -o link show "$2" | sed 's/.*link\/ether \([^ ]*\).*/\1/'; }
host_mac=$(mac_of /proc/self/ns/net "$up") router_mac=$(mac_of "${tenant[1]}" uplink) bridge_mac=$(mac_of "${tenant[1]}" "$bridge")
flat_mac=$(mac_of "${tenant[1]}" "$routed_port")
# linklocal MAC - RFC 4291 appendix A
linklocal() { /usr/bin/python3 -c 'import ipaddress,sys
b = bytes.fromhex(sys.argv[1].replace(":", ""))
print(ipaddress.ip_address(b"\xfe\x80" + bytes(6) + bytes([b[0] ^ 2]) + b[1:3] + b"\xff\xfe" + b[3:]))' "$1"; }

# ------------------------------------------------------------ theirs
for name in host router stack; do ip netns add "their-$name" || die "netns"; done
netns their-host ip link set lo up
netns their-host ip link add eth0 type veth peer name eth9 # somebody's way out
read_state /run/netns/their-host >/run/theirs.host.before
# set NETNS KEY=VALUE... - in order; KEY as a path
set_knobs() {
	local name=$1 pair
	shift
	for pair; do
		nsenter --net="/run/netns/their-$name" sh -c "echo '${pair#*=}' >/proc/sys/net/${pair%%=*}" || fail "$pair in $name"
	done
}
force=
[[ ! -e /proc/sys/net/ipv6/conf/all/force_forwarding ]] || force=1
set_knobs router ipv4/conf/all/forwarding=1 ipv6/conf/all/forwarding=1 \
	ipv4/conf/{all,default}/{accept_redirects,secure_redirects,send_redirects,accept_source_route}=0 \
	ipv4/conf/all/rp_filter=1 ipv4/conf/all/arp_announce=2 \
	ipv6/conf/default/addr_gen_mode=1 ipv6/conf/{all,default}/{accept_ra,accept_redirects}=0 ipv6/conf/default/autoconf=0 \
	ipv6/conf/all/accept_source_route=0 netfilter/nf_conntrack_tcp_loose=0 ipv4/ip_early_demux=0
set_knobs stack ipv4/ip_unprivileged_port_start=0 "ipv4/ping_group_range=0 2147483647"
netns their-host ip link add "$up" address "$host_mac" numtxqueues 1 numrxqueues 1 type veth peer name uplink \
	address "$router_mac" numtxqueues 1 numrxqueues 1 netns their-router
netns their-host ip link set "$up" alias "red uplink"
set_knobs host "ipv6/conf/$up/addr_gen_mode=1" "ipv6/conf/$up/accept_ra=0" "ipv4/conf/$up/forwarding=1" "ipv4/conf/$up/route_localnet=1" \
	ipv4/conf/eth0/forwarding=1
if [[ -n $force ]]; then
	set_knobs host "ipv6/conf/$up/force_forwarding=1" ipv6/conf/eth0/force_forwarding=1
else
	set_knobs host ipv6/conf/all/forwarding=1
fi
side() { # NETNS DEV MAC ADDRESS4 ADDRESS6 PEER4 PEER6 PEER_MAC
	netns "their-$1" ip -batch - <<-END
		link set $2 up
		addr add $4/31 dev $2
		addr add $5/127 dev $2 nodad
		addr add $(linklocal "$3")/64 dev $2 nodad
		neigh add $6 lladdr $8 dev $2 nud permanent
		neigh add $7 lladdr $8 dev $2 nud permanent
	END
}
side host "$up" "$host_mac" "$host4" "$host6" "$router4" "$router6" "$router_mac"
side router uplink "$router_mac" "$router4" "$router6" "$host4" "$host6" "$host_mac"
netns their-router ip -batch - <<-END
	link set lo up
	route add default via $host4 dev uplink proto 77
	route add default via $host6 dev uplink proto 77
	link add $bridge address $bridge_mac mtu 1500 type bridge stp_state 0 mcast_snooping 0
	link set $bridge alias red/web
	link set $bridge up
	addr add 10.0.0.1/24 dev $bridge
	addr add fd00:a::1/64 dev $bridge nodad
	addr add $(linklocal "$bridge_mac")/64 dev $bridge nodad
	link add $port master $bridge mtu 1500 numtxqueues 1 numrxqueues 1 type veth peer name eth0 address $mac mtu 1500 numtxqueues 1 numrxqueues 1 netns their-stack
	link set $port alias red/w1:eth0
	link set $port type bridge_slave learning off flood off mcast_flood on bcast_flood on guard on root_block on
	addr add 169.254.1.1/32 dev uplink scope link
	addr add fec0:0:0:ffff::1/128 dev uplink nodad
	link add $routed_port address $flat_mac mtu 1500 numtxqueues 1 numrxqueues 1 type veth peer name eth1 address $routed_mac mtu 1500 numtxqueues 1 numrxqueues 1 netns their-stack
	link set $routed_port alias red/w1:eth1
	neigh add 10.0.0.9 lladdr $mac dev $bridge nud permanent
	neigh add fd00:a::9 lladdr $mac dev $bridge nud permanent
END
# Where the kernel has VLAN filtering, ours belong to no VLAN either.
netns their-router ip link set "$bridge" type bridge vlan_default_pvid 0 2>/dev/null
netns their-router bridge fdb add "$mac" dev "$port" master static
set_knobs router ipv4/conf/{uplink,"$bridge"}/arp_ignore=1
set_knobs stack ipv6/conf/{eth0,eth1}/addr_gen_mode=1 ipv6/conf/{eth0,eth1}/accept_ra=0
netns their-stack ip -batch - <<-END
	link set lo up
	link set eth0 up
	addr add 10.0.0.9/24 dev eth0
	addr add fd00:a::9/64 dev eth0 nodad
	addr add $(linklocal "$mac")/64 dev eth0 nodad
	route add default via 10.0.0.1 dev eth0 proto 77 metric 1024
	route add default via fd00:a::1 dev eth0 proto 77
	neigh add 10.0.0.1 lladdr $bridge_mac dev eth0 nud permanent
	neigh add fd00:a::1 lladdr $bridge_mac dev eth0 nud permanent
	link set eth1 up
	addr add 10.1.7.9/32 dev eth1
	addr add fd00:b::9/128 dev eth1 nodad
	addr add $(linklocal "$routed_mac")/64 dev eth1 nodad
	route add 169.254.1.1/32 dev eth1 proto 77 metric 1025
	route add 10.1.0.0/16 via 169.254.1.1 dev eth1 onlink proto 77 metric 1025
	route add fd00:b::/64 via fe80::1 dev eth1 proto 77 metric 1025
	route add default via 169.254.1.1 dev eth1 onlink proto 77 metric 1025
	route add default via fe80::1 dev eth1 proto 77 metric 1025
	route add default via 169.254.1.1 dev eth1 onlink proto 77 table $table
	route add default via fe80::1 dev eth1 proto 77 table $table
	neigh add 169.254.1.1 lladdr $flat_mac dev eth1 nud permanent
	neigh add fe80::1 lladdr $flat_mac dev eth1 nud permanent
END
# Before 6.17 IPv6 forwards on all devices or on none.
opened6='opened_all { ipv6 }'
[[ ! -e /proc/sys/net/ipv6/conf/eth0/force_forwarding ]] || opened6='opened6 { "eth0" }'
{
	cat "$here/host.nft"
	cat <<-END
		add element inet moat uplinks { "$up" }
		add element inet moat cap_16384 { "$up" }
		add element inet moat opened4 { "eth0" }
		add element inet moat $opened6
		add element inet moat src4 { "$up" . $router4 }
		add element inet moat src6 { "$up" . $router6 }
		add element inet moat pub4 { tcp . 8080 : $router4 . 8080, tcp . 8081 : $router4 . 8081 }
		add element inet moat pub6 { tcp . 8080 : $router6 . 8080, tcp . 8081 : $router6 . 8081 }
		add element inet moat pubip4 { $HOST4 . udp . 53 : $router4 . 53 }
		add element inet moat range4 { sctp . 30000-30009 : $router4 }
		add element inet moat range6 { sctp . 30000-30009 : $router6 }
		add element inet moat rangeip6 { $HOST6 . tcp . 8000-8009 : $router6 }
	END
} | netns their-host nft -f - || fail "host.nft is not taken"
{
	sed "s/@PORT@/$port/" "$here/router.nft"
	cat <<-END
		add element inet moat egress { "$bridge", "$routed_port" }
		add element inet moat dns { "$bridge", "$routed_port" }
		add element inet moat network_of { "$bridge" : $web_mark, "$routed_port" : $flat_mark }
		add element inet moat members { "$bridge" . $web_mark, "$routed_port" . $flat_mark }
		add element inet moat pub4 { tcp . 8080 : 10.0.0.9 . 80, udp . 53 : 10.0.0.9 . 5353, tcp . 8081 : 10.1.7.9 . 81 }
		add element inet moat pub6 { tcp . 8080 : fd00:a::9 . 80, tcp . 8081 : fd00:b::9 . 81 }
		add element netdev moat mac_ok { "$port" . $mac, "$routed_port" . $routed_mac }
		add element netdev moat arp_ok { "$port" . $mac . 10.0.0.9, "$routed_port" . $routed_mac . 10.1.7.9 }
		add element netdev moat ip4_ok { "$port" . 10.0.0.9, "$routed_port" . 10.1.7.9 }
		add element inet moat range4 { sctp . 30000-30009 : 10.0.0.9 }
		add element inet moat range6 { sctp . 30000-30009 : fd00:a::9 }
		add element inet moat shift6 { tcp . 8000-8009 : fd00:a::9 . 90 . 99 }
		add element netdev moat ip6_ok { "$port" . fd00:a::9, "$port" . $(linklocal "$mac") }
		add element netdev moat ip6_ok { "$routed_port" . fd00:b::9, "$routed_port" . $(linklocal "$routed_mac") }
		add element netdev moat routed { "$routed_port" }
	END
} | netns their-router nft -f - || fail "router.nft is not taken"
netns their-router ip -batch - <<-END
	link set $port up
	link set $routed_port up
	route add 10.1.7.9/32 dev $routed_port proto 77
	route add fd00:b::9/128 dev $routed_port proto 77
	neigh add 10.1.7.9 lladdr $routed_mac dev $routed_port nud permanent
	neigh add fd00:b::9 lladdr $routed_mac dev $routed_port nud permanent
END

# ------------------------------------------------------------ the same?
# Ours has an owner where the kernel knows that, and the guard's rules are left out; so are the two that shift ports,
# whose end nft cannot read.
tidy() { grep -v '^nft table \|^nft device \|^nft \(chain\|rule\) .*"family": "netdev"\|^nft rule {"chain": "prerouting".*"right": "local"}}\], "family"' "$1"; }
same() { # WHAT THEIRS OURS
	if diff <(tidy "$2") <(tidy "$3") >/run/diff; then
		pass "$1 ($(wc -l <"$3") lines)"
	else
		fail "$1" "$(head -40 /run/diff)"
	fi
}
read_state /run/netns/their-router >/run/theirs.router
read_state "${tenant[1]}" >/run/ours.router
same "the router is the same" /run/theirs.router /run/ours.router
read_state /run/netns/their-stack >/run/theirs.stack
read_state "${endpoint[2]}" >/run/ours.stack
same "the stack is the same" /run/theirs.stack /run/ours.stack
for whose in theirs ours; do
	path=/proc/self/ns/net
	[[ $whose == ours ]] || path=/run/netns/their-host
	read_state $path >/run/$whose.host.after
	comm -13 /run/$whose.host.before /run/$whose.host.after | grep -v "force_forwarding\|ipv6/conf/all/forwarding\|/eth9/" >/run/$whose.host
	assert_ok "something was added to the host ($whose)" test "$(wc -l </run/$whose.host)" -gt 40
done
same "what was added to the host is the same" /run/theirs.host /run/ours.host
ip netns del their-host && ip netns del their-router && ip netns del their-stack
moat tenant delete red --force
leftovers
finish
