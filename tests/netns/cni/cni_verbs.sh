#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cni_verbs - CHECK, STATUS, GC and the harder DELs of the CNI plugin against the daemon and the kernel: CHECK sees each
# tampering and raises no false alarm, STATUS tells why an ADD would fail, GC removes what is stale and nothing else, DEL
# has no reason to fail, and who dies without DEL is noticed.
#
# MOAT_CNI_ADDS=N: fresh ADDs that CHECK must find faultless (default 12).
# shellcheck disable=SC2119,SC2317 # start_moatd without options; functions that assert_status calls
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need jq ip nft tc python3 pgrep ss
sandbox_outside
sandbox_mark
start_moatd
export MOAT_STATE_DIR=$STATE
WEB='{"cniVersion":"1.1.0","name":"web","type":"moat"}'
PORT='.runtimeConfig={portMappings:[{hostPort:8080,containerPort:80},{hostPort:9000,containerPort:9000,protocol:"udp"}],
	bandwidth:{ingressRate:100000000,ingressBurst:4294967295,egressRate:50000000,egressBurst:1000000}}'

# cni VERB ID NETNS IFNAME CONF - $reply is what it printed; its exit status
cni() {
	reply=$(CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=$3 CNI_IFNAME=$4 CNI_ARGS='' CNI_PATH=/none \
		timeout 60 "$MOAT_BIN_DIR/cni/moat" <<<"$5")
}
code() { jq -r '.code // empty' <<<"$reply"; }
endpoints() { moat endpoint list --json | jq -r '[.endpoints[].name] | sort | join(" ")'; }
# add ID NETNS [FILTER] - ADD with a configuration of $WEB and a jq filter; $prev is its result
add() {
	local conf
	conf=$(jq -c "${3:-.}" <<<"$WEB")
	cni ADD "$1" "/run/netns/$2" eth0 "$conf" || return 1
	prev=$reply
}
# check ID NETNS - with the result of the ADD before
check() { cni CHECK "$1" "/run/netns/$2" eth0 "$(jq -c --argjson prev "$prev" '.prevResult = $prev' <<<"$WEB")"; }
again() { # a fresh attachment of c1
	cni DEL c1 /run/netns/p1 eth0 "$WEB" || die "no DEL: $reply"
	add c1 p1 "$PORT" || die "no fresh ADD: $reply"
}

for name in p1 p2 p3; do netns_add $name; done

# ---------------------------------------------------------------- CHECK: no false alarm
false_alarms=0
full=$(jq -c "$PORT" <<<"$WEB")
for ((i = 0; i < ${MOAT_CNI_ADDS:-12}; i++)); do
	cni ADD c1 /run/netns/p1 eth0 "$full" || die "ADD $i: $reply"
	cni CHECK c1 /run/netns/p1 eth0 "${WEB%\}},\"prevResult\":$reply}" || { ((++false_alarms)) && note "CHECK $i: status $?: $reply"; }
	cni DEL c1 /run/netns/p1 eth0 "$WEB" || die "DEL $i: status $?: $reply"
done
assert_eq "CHECK finds nothing wrong with $i fresh ADDs" 0 "$false_alarms"
for mode in routed l2; do
	add m1 p2 ".name=\"$mode\"|.mode=\"$mode\"" || die "ADD $mode: $reply"
	assert_ok "nor with one of mode $mode" cni CHECK m1 /run/netns/p2 eth0 \
		"$(jq -c --argjson prev "$prev" ".name=\"$mode\"|.prevResult=\$prev" <<<"$WEB")"
	cni DEL m1 /run/netns/p2 eth0 "$(jq -c ".name=\"$mode\"" <<<"$WEB")"
done

# ---------------------------------------------------------------- CHECK: each tampering
again
gateway=$(jq -r '.ips[0].gateway' <<<"$prev")
while IFS='|' read -r what command; do
	again
	netns p1 bash -c "$command" || die "cannot tamper: $command"
	assert_status 1 "CHECK sees: $what" check c1 p1
	check c1 p1
	# an endpoint without its interface is no longer the daemon's
	assert_match "and calls it so" '^(108|3)$' "$(code)"
done <<-TEXT
	the IPv4 address deleted|ip addr del "\$(ip -j -4 addr show eth0 | jq -r '.[0].addr_info[0] | "\(.local)/\(.prefixlen)"')" dev eth0
	the IPv6 address deleted|ip addr del "\$(ip -j -6 addr show eth0 scope global | jq -r '.[0].addr_info[0] | "\(.local)/\(.prefixlen)"')" dev eth0
	the IPv4 default route deleted|ip -4 route del default
	the IPv6 default route deleted|ip -6 route del default
	the default route led elsewhere|ip -4 route del default; ip -4 route add default via ${gateway%.*}.77 dev eth0
	the link set down|ip link set eth0 down
	the MAC address changed|ip link set eth0 address 02:66:66:66:66:66
	the MTU changed|ip link set eth0 mtu 1280
	the interface renamed|ip link set eth0 down; ip link set eth0 name eth9
	the interface deleted|ip link del eth0
	the neighbour of the gateway deleted|ip neigh flush nud permanent dev eth0
TEXT

again
assert_ok "others may add what they like" netns p1 bash -c 'ip addr add 192.0.2.7/32 dev eth0; ip route add 198.18.0.0/15 dev eth0'
assert_ok "CHECK does not mind" check c1 p1
good=$prev
prev=$(jq -c '.interfaces[-1].mac = "02:00:00:00:00:01"' <<<"$good")
assert_status 1 "CHECK sees a prevResult of another interface" check c1 p1
prev=$(jq -c 'del(.ips[0])' <<<"$good")
assert_status 1 "CHECK sees a prevResult without an address" check c1 p1
prev=$good
assert_status 1 "CHECK of another namespace" cni CHECK c1 /run/netns/p2 eth0 "$(jq -c --argjson prev "$prev" '.prevResult = $prev' <<<"$WEB")"
cni CHECK nobody /run/netns/p1 eth0 "$(jq -c --argjson prev "$prev" '.prevResult = $prev' <<<"$WEB")"
assert_eq "CHECK of a container that is not there" 3 "$(code)"

# What is outside of the container is mended within a second: the engine is held until CHECK waits for it.
engine=$(moat_pids moatd-engine)
router=$(moat tenant show default --json | jq -r .tenant.routerNetns)
port=$(jq -r '.interfaces[0].name' <<<"$prev")
bridge=$(moat network show web --json | jq -r .network.bridge)
ip4=$(jq -r '.ips[0].address | split("/")[0]' <<<"$prev")
uplink=mu$(moat tenant show default --json | jq -r .tenant.id)
owned=$(moat version --json | jq -r '.features.nftOwnerPersist')
# asked - somebody waits at the daemon's socket
asked() { [[ $(ss -xlnH "src $MOAT_SOCKET" | awk '{ print $3 }') -gt 0 ]]; }
# frozen WHERE COMMAND - tamper while the engine stands still, and go on when CHECK waits for it; its exit status is CHECK's.
# The mending comes 100 ms after the message of the kernel, and may be first on a busy machine: then once more.
frozen() {
	local try
	for try in 1 2 3 4 5; do
		frozen_once "$@" || return $?
	done
	note "not seen in $try attempts"
	return 0
}
frozen_once() {
	local status=0
	kill -STOP "$engine"
	if [[ $1 == router ]]; then nsenter --net="$router" bash -c "$2"; else bash -c "$2"; fi || die "cannot tamper: $2"
	check c1 p1 &
	eventually 20 asked || die "CHECK does not ask"
	sleep 0.05
	kill -CONT "$engine"
	wait $! || status=$?
	moat check --repair -q >/dev/null
	return "$status"
}
assert_status 1 "CHECK sees: the port set down in the router" frozen router "ip link set $port down"
assert_status 1 "CHECK sees: the port taken off the bridge" frozen router "ip link set $port nomaster"
assert_status 1 "CHECK sees: the bridge set down" frozen router "ip link set $bridge down"
assert_status 1 "CHECK sees: the container's neighbour deleted" frozen router "ip neigh del $ip4 dev $bridge"
assert_status 1 "CHECK sees: the queue of what it receives removed" frozen router "tc qdisc del dev $port root"
assert_status 1 "CHECK sees: the queue of what it sends with another rate" frozen router "tc qdisc replace dev ms${port#mp} root tbf rate 1gbit burst 1m limit 1m"
assert_status 1 "CHECK sees: the device of that queue removed" frozen router "ip link del ms${port#mp}"
assert_status 1 "CHECK sees: the uplink set down in the host" frozen host "ip link set $uplink down"
while IFS='|' read -r what where command; do
	if [[ $owned == true ]]; then
		if [[ $where == router ]]; then nsenter --net="$router" bash -c "$command"; else bash -c "$command"; fi 2>/dev/null &&
			fail "the kernel lets others touch what we own: $what"
		assert_ok "the kernel does not let others do this, and CHECK agrees: $what" check c1 p1
	else
		assert_status 1 "CHECK sees: $what" frozen "$where" "$command"
	fi
done <<-TEXT
	an element of the guard deleted|router|nft delete element netdev moat ip4_ok '{ $port . $ip4 }'
	a port map of the host deleted|host|nft delete element inet moat pub4 '{ tcp . 8080 }'
	a port map of the router deleted|router|nft delete element inet moat pub4 '{ tcp . 8080 }'
TEXT
moat check --repair -q >/dev/null
assert_ok "all is mended" check c1 p1

# ---------------------------------------------------------------- STATUS
cni STATUS '' '' '' "$WEB"
assert_eq "STATUS is well, and prints nothing" "0 " "$? $reply"
tiny='{"cniVersion":"1.1.0","name":"tiny","type":"moat","ipam":{"type":"host-local","ranges":[[{"subnet":"10.7.0.0/30"}]]}}'
assert_ok "STATUS of a network that nobody has used yet" cni STATUS '' '' '' "$tiny"
assert_ok "the one address it has" cni ADD t1 /run/netns/p2 eth0 "$tiny"
cni STATUS '' '' '' "$tiny"
assert_eq "STATUS tells that no address is left" "50 no address is left in 10.7.0.0/30" "$(code) $(jq -r .msg <<<"$reply")"
cni ADD t2 /run/netns/p3 eth0 "$tiny"
assert_eq "which an ADD finds, too" 104 "$(code)"
cni DEL t1 '' eth0 "$tiny"
assert_ok "STATUS is well again" eventually 10 cni STATUS '' '' '' "$tiny"

# ---------------------------------------------------------------- GC
again
add c2 p2 . || die "$reply"
other=$(jq -c '.name = "other"' <<<"$WEB")
cni ADD c2 /run/netns/p2 net1 "$other" || die "$reply"
all="default/cni-c1:eth0 default/cni-c2:eth0 default/cni-c2:net1"
assert_eq "three attachments" "$all" "$(endpoints)"
gc() { cni GC '' '' '' "$(jq -c "$1" <<<"${2:-$WEB}")"; }
assert_ok "GC without a list" gc .
assert_fail "GC with a list that is none" gc '."cni.dev/valid-attachments" = [{}]'
assert_eq "touch nothing" "$all" "$(endpoints)"
assert_ok "GC that keeps one" gc '."cni.dev/valid-attachments" = [{containerID: "c1", ifname: "eth0"}]'
assert_eq "removes the other of this name alone" "default/cni-c1:eth0 default/cni-c2:net1" "$(endpoints)"
assert_ok "its interface goes" eventually 5 bash -c '! nsenter --net=/run/netns/p2 ip link show eth0'
assert_ok "GC by the older key, with Go's empty list" gc '."cni.dev/attachments" = null'
assert_eq "removes all of this name" "default/cni-c2:net1" "$(endpoints)"
ip netns del p2
netns_add p2
assert_ok "what goes with its namespace" eventually 15 bash -c "[[ -z \$($MOAT_BIN_DIR/moat endpoint list -q) ]]"
assert_ok "GC of what is gone" gc '."cni.dev/valid-attachments" = []' "$other"

# ---------------------------------------------------------------- DEL has no reason to fail
while IFS='|' read -r what command; do
	add c1 p1 "$PORT" || die "$reply"
	bash -c "$command" >/dev/null 2>&1
	cni DEL c1 "" eth0 "$WEB"
	assert_eq "DEL, and it prints nothing: $what" "0 " "$? $reply"
	assert_eq "and leaves nothing" "" "$(endpoints)"
done <<-TEXT
	the interface is gone|nsenter --net=/run/netns/p1 ip link del eth0
	the ruleset was flushed|nft flush ruleset; nsenter --net=$router nft flush ruleset
	the network was deleted|$MOAT_BIN_DIR/moat network delete default/web --force
	the tenant was deleted|$MOAT_BIN_DIR/moat tenant delete default --force
TEXT
assert_ok "DEL of what never was" cni DEL nobody "" eth0 "$WEB"
assert_ok "in a tenant that never was" cni DEL nobody "" eth0 "$(jq -c '.tenant="nobody"' <<<"$WEB")"

# ---------------------------------------------------------------- who dies without DEL
add c1 p1 "$PORT" || die "$reply"
ip netns del p1
assert_ok "a container that dies without DEL is noticed" eventually 15 bash -c "[[ -z \$($MOAT_BIN_DIR/moat endpoint list -q) ]]"
netns_add p1
add c1 p1 "$PORT"
assert_eq "its ports and name are free" 0 $?
assert_ok "CHECK of the newcomer" check c1 p1
assert_ok "DEL" cni DEL c1 /run/netns/p1 eth0 "$WEB"

stop_moatd
cni STATUS '' '' '' "$WEB"
assert_eq "STATUS without the daemon" 50 "$(code)"
start_moatd
assert_status 0 "what is and what should be agree" moat check
moat tenant delete default --force
ip netns del p1
ip netns del p2
ip netns del p3
leftovers
finish
