#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# frames_test - every attack of frames.py succeeds on a plain Linux bridge, made by ip(8): so when one
# of them fails behind Moat's guard, it is the guard that stopped it.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need /usr/bin/python3 ping bridge
/usr/bin/python3 -c 'import scapy' 2>/dev/null || skip "no python3-scapy here"

netns_add router
ip -n router link add br0 address 02:00:00:00:00:01 type bridge stp_state 0 forward_delay 0
ip -n router link set br0 addrgenmode none
ip -n router addr add 10.0.0.1/24 dev br0
ip -n router addr add fd00:a::1/64 dev br0 nodad
ip -n router addr add fe80::1/64 dev br0 nodad
ip -n router link set br0 up
netns router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
	net.ipv4.neigh.br0.locktime=0 net.ipv6.neigh.br0.locktime=0
number=10
for name in a v p; do
	netns_add $name
	ip link add "port-$name" netns router type veth peer name eth0 address "02:00:00:00:00:$number" netns $name
	ip -n router link set "port-$name" master br0 up
	ip -n $name link set eth0 addrgenmode none
	ip -n $name addr add "10.0.0.$number/24" dev eth0
	ip -n $name addr add "fd00:a::$number/64" dev eth0 nodad
	ip -n $name addr add "fe80::$number/64" dev eth0 nodad
	ip -n $name link set eth0 up
	ip -n $name route add default via 10.0.0.1
	ip -n $name -6 route add default via fe80::1 dev eth0
	stations+="${stations:+,}\"$name\":{\"netns\":\"/run/netns/$name\",\"ifname\":\"eth0\",
		\"ip4\":\"10.0.0.$number\",\"ip6\":\"fd00:a::$number\"}"
	((number += 1))
done
cat >/run/sandbox/world <<JSON
{"stations":{$stations}, "gateway4":"10.0.0.1", "gateway6":"fd00:a::1", "gateway_ll6":"fe80::1",
 "router":"/run/netns/router", "mode":"bridge", "gateway_dev":"br0", "guarded":false, "impossible":{}}
JSON
exec "$(dirname "$0")/guard.py" success:/run/sandbox/world
