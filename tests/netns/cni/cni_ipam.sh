#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cni_ipam - addresses that another plugin chooses (Debian's host-local and static), none at all, and sysctls: what the
# delegate gives is what stands, it is given back whatever happens, and a stock configuration of the reference `bridge`
# plugin works when only its type changes.
# shellcheck disable=SC2119,SC2086 # start_moatd without options; routes of ip are words
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need jq ip ping strace
[[ -x /usr/lib/cni/host-local && -x /usr/lib/cni/static ]] || skip "no containernetworking-plugins here"
sandbox_outside
sandbox_mark
start_moatd
export MOAT_STATE_DIR=$STATE
POOL=/run/pool
# /etc/cni/net.d/87-podman-bridge.conflist of podman 4.3, with another type and folder
STOCK='{"cniVersion":"0.4.0","name":"podman","type":"moat","bridge":"cni-podman0","isGateway":true,"ipMasq":true,
	"hairpinMode":true,"ipam":{"type":"host-local","dataDir":"'$POOL'","routes":[{"dst":"0.0.0.0/0"}],
	"ranges":[[{"subnet":"10.88.0.0/16","gateway":"10.88.0.1"}]]},"capabilities":{"portMappings":true}}'

# cni VERB ID NETNS IFNAME CONF [ARGS] - $reply is what it printed; its exit status
cni() {
	reply=$(CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=$3 CNI_IFNAME=$4 CNI_ARGS=${6-} CNI_PATH=/none:/usr/lib/cni \
		timeout 60 "$MOAT_BIN_DIR/cni/moat" <<<"$5")
}
code() { jq -r '.code // empty' <<<"$reply"; }
held() { find "$POOL" -type f -name '[0-9]*' -printf '%f\n' 2>/dev/null | sort | paste -sd' '; }
address() { netns "$1" ip -j -4 addr show dev "$2" | jq -r '.[0].addr_info[0] | "\(.local)/\(.prefixlen)"'; }
endpoints() { moat endpoint list --json | jq -r '.endpoints | length'; }
for name in p1 p2 p3 q1 q2 q3; do netns_add $name; done

# ---------------------------------------------------------------- ranges of a subnet that Moat chooses from
OWN='{"cniVersion":"1.0.0","name":"own","type":"moat","ipam":{"subnet":"10.94.0.0/24","gateway":"10.94.0.254","rangeStart":"10.94.0.50",
	"rangeEnd":"10.94.0.52","exclude":["10.94.0.51/32"],"routes":[{"dst":"0.0.0.0/0"}]}}'
cni ADD o1 /run/netns/q1 eth0 "$OWN" || fail "$reply"
cni ADD o2 /run/netns/q2 eth0 "$OWN" || fail "$reply"
assert_eq "addresses are those of the range, but for what is excluded" "10.94.0.50/24 10.94.0.52/24" "$(address q1 eth0) $(address q2 eth0)"
cni ADD o3 /run/netns/q3 eth0 "$OWN"
assert_eq "then there is none" 104 "$(code)"
cni ADD o3 /run/netns/q3 eth0 "$OWN" "IP=10.94.0.99"
assert_match "and none outside of it can be asked for" "10.94.0.99" "$reply"
for name in 1 2; do assert_ok "DEL" cni DEL o$name /run/netns/q$name eth0 "$OWN"; done
for name in q1 q2 q3; do ip netns del $name; done

# ---------------------------------------------------------------- host-local
cni ADD c1 /run/netns/p1 eth0 "$STOCK"
assert_eq "ADD by podman's own configuration" 0 $?
assert_eq "host-local chose the address" "10.88.0.2" "$(held)"
assert_eq "it is the interface's" 10.88.0.2/16 "$(address p1 eth0)"
assert_eq "and the result's, in the shape of 0.4.0" "4 10.88.0.2/16 10.88.0.1" "$(jq -r '.ips[0] | "\(.version) \(.address) \(.gateway)"' <<<"$reply")"
prev=$reply
assert_ok "the way out works" netns p1 ping -c1 -W2 $OUTSIDE4
cni CHECK c1 /run/netns/p1 eth0 "$(jq -c --argjson prev "$prev" '.prevResult = $prev' <<<"$STOCK")"
assert_eq "CHECK, of the delegate, too" "0 " "$? $reply"
mv $POOL/podman/10.88.0.2 /run/taken
cni CHECK c1 /run/netns/p1 eth0 "$(jq -c --argjson prev "$prev" '.prevResult = $prev' <<<"$STOCK")"
assert_match "CHECK sees that the reservation is gone" 'host-local' "$reply"
mv /run/taken $POOL/podman/10.88.0.2
cni ADD c1 /run/netns/p1 eth0 "$STOCK"
assert_eq "ADD twice is refused" 101 "$(code)"
assert_eq "and gives nothing back" "10.88.0.2" "$(held)"
cni ADD c2 /run/netns/p2 eth0 "$STOCK" "IgnoreUnknown=1;IP=10.88.0.77"
assert_eq "an address asked for by CNI_ARGS is the delegate's to give" 10.88.0.77/16 "$(address p2 eth0)"
assert_ok "they reach one another" netns p1 ping -c1 -W2 10.88.0.77
taken=$(jq -c '.runtimeConfig = {portMappings: [{hostPort: 8080, containerPort: 80}]}' <<<"$STOCK")
cni DEL c2 "" eth0 "$taken"
cni ADD c2 /run/netns/p2 eth0 "$taken" || fail "$reply"
cni ADD c3 /run/netns/p3 eth0 "$taken"
assert_eq "an ADD that fails for its port" 103 "$(code)"
assert_eq "gives its address back" 2 "$(held | wc -w)"
assert_ok "DEL" cni DEL c1 /run/netns/p1 eth0 "$STOCK"
ip netns del p2
assert_ok "DEL without a namespace" cni DEL c2 "" eth0 "$STOCK"
assert_eq "give all back" "" "$(held)"

more=$(jq -c '.name = "more" | .cniVersion = "1.1.0" | .ipam.ranges[0][0] += {subnet: "10.89.0.0/16", gateway: "10.89.0.1",
	rangeStart: "10.89.0.50", rangeEnd: "10.89.0.51"}' <<<"$STOCK")
cni ADD c3 /run/netns/p3 eth0 "$more"
assert_eq "rangeStart, and a configuration newer than the delegate" 10.89.0.50/16 "$(address p3 eth0)"
cni GC '' '' '' "$(jq -c '."cni.dev/valid-attachments" = null' <<<"$more")"
assert_eq "GC by a delegate that has none gives the address back" "0  0" "$? $(held) $(endpoints)$reply"
stop_moatd
assert_ok "DEL without the daemon" cni DEL c3 "" eth0 "$more"
cni ADD c3 /run/netns/p3 eth0 "$more"
assert_eq "ADD without the daemon asks the delegate for nothing" "11 " "$(code) $(held)"
start_moatd

# ---------------------------------------------------------------- static
static='{"cniVersion":"1.0.0","name":"fixed","type":"moat","ipam":{"type":"static",
	"addresses":[{"address":"10.90.0.5/24","gateway":"10.90.0.254"},{"address":"fd90::5/64","gateway":"fd90::fe"}],
	"routes":[{"dst":"0.0.0.0/0"},{"dst":"::/0","gw":"fd90::fe"}],"dns":{"nameservers":["10.90.0.9"]}}}'
cni ADD c3 /run/netns/p3 eth0 "$static"
assert_eq "static" "10.90.0.5/24 fd90::5/64" "$(jq -r '[.ips[].address] | join(" ")' <<<"$reply")"
assert_eq "its gateways" "10.90.0.254 fd90::fe" "$( (netns p3 ip -j -4 route show default; netns p3 ip -j -6 route show default) | jq -r '.[].gateway' | paste -sd' ')"
assert_ok "its DEL" cni DEL c3 /run/netns/p3 eth0 "$static"
# routes beside the default one: in the container, in the result, and CHECK sees each that is tampered with
routed=$(jq -c '.cniVersion = "1.1.0" | .ipam.routes += [{dst: "10.0.0.0/8"}, {dst: "172.16.0.0/12", gw: "10.90.0.9"}, {dst: "fd91::/32"}]' <<<"$static")
cni ADD c3 /run/netns/p3 eth0 "$routed"
assert_eq "routes of the delegate are told" "0.0.0.0/0 10.90.0.254 ::/0 fd90::fe 10.0.0.0/8 10.90.0.254 172.16.0.0/12 10.90.0.9 fd91::/32 fd90::fe" \
	"$(jq -r '[.routes[] | .dst, .gw] | join(" ")' <<<"$reply")"
assert_eq "and stand" "10.0.0.0/8 10.90.0.254 172.16.0.0/12 10.90.0.9 fd91::/32 fd90::fe" \
	"$( (netns p3 ip -j -4 route; netns p3 ip -j -6 route) | jq -r '.[] | select(.dst == "10.0.0.0/8" or .dst == "172.16.0.0/12" or .dst == "fd91::/32") | .dst, .gateway' | paste -sd' ')"
prev=$reply
check_routed() { cni CHECK c3 /run/netns/p3 eth0 "$(jq -c --argjson prev "$prev" '.prevResult = $prev' <<<"$routed")"; }
assert_ok "CHECK" check_routed
while IFS='|' read -r route elsewhere; do
	family=-4
	[[ $route != *:* ]] || family=-6
	for tampering in "" "via $elsewhere dev eth0" "${elsewhere:+metric 77 dev eth0}"; do
		was=$(netns p3 ip -o $family route show "$route" | sed 's/ proto 77//; s/ pref [a-z]*//')
		netns p3 ip $family route del "$route" || die "cannot tamper"
		[[ -z $tampering ]] || netns p3 ip $family route add "$route" $tampering || die "cannot tamper: $tampering"
		check_routed
		assert_match "CHECK sees: $route deleted${tampering:+, and now $tampering}" "\"code\":108.*$route" "$reply"
		[[ -z $tampering ]] || netns p3 ip $family route del "$route" $tampering
		netns p3 ip $family route add $was proto 77
		assert_ok "and that it is as it was" check_routed
	done
done <<-TEXT
	10.0.0.0/8|10.90.0.9
	172.16.0.0/12|10.90.0.254
	fd91::/32|fd90::9
TEXT
assert_ok "DEL" cni DEL c3 /run/netns/p3 eth0 "$routed"
assert_ok "takes them along" eventually 10 bash -c '! nsenter --net=/run/netns/p3 ip route | grep -q 10.90'
cni ADD c3 /run/netns/p3 eth0 "$(jq -c '.ipam.routes[0] = {dst: "10.0.0.0/8", gw: "10.91.0.1"}' <<<"$static")"
assert_match "a next hop that cannot be had is refused by name" '"code":7.*10.91.0.1' "$reply"
assert_eq "and leaves nothing" 0 "$(endpoints)"
# the same without a delegate, where Moat chooses
OWN=$(jq -c '.cniVersion = "1.1.0" | .ipam.routes += [{dst: "10.0.0.0/8", gw: "10.94.0.51", priority: 50, mtu: 1400, advmss: 1300}]' <<<"$OWN")
cni ADD o4 /run/netns/p3 eth0 "$OWN"
prev=$reply
assert_eq "a route with priority, MTU and segment" "10.94.0.51 50 1400 1300" \
	"$(netns p3 ip -j route show 10.0.0.0/8 | jq -r '.[0] | "\(.gateway) \(.metric) \(.metrics[0].mtu) \(.metrics[0].advmss)"')"
assert_eq "is told with them" "10.0.0.0/8 10.94.0.51 50 1400 1300" "$(jq -r '.routes[-1] | "\(.dst) \(.gw) \(.priority) \(.mtu) \(.advmss)"' <<<"$reply")"
check_own() { cni CHECK o4 /run/netns/p3 eth0 "$(jq -c --argjson prev "$prev" '.prevResult = $prev' <<<"$OWN")"; }
assert_ok "CHECK" check_own
for sizes in "mtu 1399 advmss 1300" "mtu 1400" "advmss 1300"; do
	netns p3 ip route change 10.0.0.0/8 via 10.94.0.51 dev eth0 metric 50 proto 77 $sizes || die "cannot tamper"
	check_own
	assert_match "CHECK sees: now $sizes" '"code":108.*10.0.0.0/8.*mtu=1400 advmss=1300' "$reply"
done
cni ADD o5 /run/netns/p1 eth0 "$(jq -c '.ipam.routes[-1].mtu = 9000' <<<"$OWN")"
assert_match "more than the interface carries is refused in words" '"code":7.*its MTU is 9000' "$reply"
assert_ok "DEL" cni DEL o4 /run/netns/p3 eth0 "$OWN"
cni ADD c3 /run/netns/p3 eth0 "$(jq -c '.ipam.type = "nosuch"' <<<"$static")"
assert_match "a delegate that is not there" '"code":7.*nosuch.*CNI_PATH' "$reply"

# ---------------------------------------------------------------- no addresses; sysctls
bare='{"cniVersion":"1.1.0","name":"wire","type":"moat","ipam":{}}'
cni ADD b1 /run/netns/p1 eth0 "$bare"
assert_eq "an empty ipam gives a bare port" "0 0 l2" "$? $(jq '.ips | length' <<<"$reply") $(moat network show wire --json | jq -r .network.mode)"
cni ADD b3 /run/netns/p3 eth0 "$bare"
netns p1 ip addr add 192.0.2.1/24 dev eth0
netns p3 ip addr add 192.0.2.3/24 dev eth0
assert_ok "on which those inside agree on addresses" eventually 5 netns p1 ping -c1 -W1 192.0.2.3
cni DEL b1 "" eth0 "$bare"
cni DEL b3 "" eth0 "$bare"
tuned='{"cniVersion":"1.1.0","name":"tuned","type":"moat","mtu":1400,"sysctl":{"net.ipv4.conf.IFNAME.arp_filter":"1",
	"net/core/somaxconn":"500"},"args":{"cni":{"sysctl":{"net.ipv4.ip_unprivileged_port_start":"80"}}}}'
before=$(cat /proc/sys/net/core/somaxconn)
cni ADD s1 /run/netns/p1 eth0 "$tuned"
assert_eq "sysctls are written inside" "0 1 500 80" "$? $(netns p1 cat /proc/sys/net/ipv4/conf/eth0/arp_filter /proc/sys/net/core/somaxconn \
	/proc/sys/net/ipv4/ip_unprivileged_port_start | paste -sd' ')"
assert_eq "and not here" "$before" "$(cat /proc/sys/net/core/somaxconn)"
assert_eq "the MTU as well" 1400 "$(netns p1 ip -j link show eth0 | jq '.[0].mtu')"
cni DEL s1 "" eth0 "$tuned"
cni ADD s1 /run/netns/p1 eth0 "$(jq -c '.sysctl["net.ipv4.conf.IFNAME.nosuch"] = "1"' <<<"$tuned")"
assert_match "one that the kernel has not" '"code":107.*nosuch' "$reply"
assert_eq "leaves nothing" 0 "$(endpoints)"
cni ADD s1 /run/netns/p1 eth0 "$(jq -c '.sysctl["kernel.hostname"] = "x"' <<<"$tuned")"
assert_eq "one that is no namespace's is refused by name" 2 "$(code)"

# ---------------------------------------------------------------- one process
native='{"cniVersion":"1.1.0","name":"own","type":"moat","runtimeConfig":{"portMappings":[{"hostPort":8081,"containerPort":80}]}}'
for verb in ADD DEL; do
	CNI_COMMAND=$verb CNI_CONTAINERID=x CNI_NETNS=/run/netns/p1 CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni \
		strace -f -qq -e trace=execve,fork,vfork,clone,clone3 -o /run/execs "$MOAT_BIN_DIR/cni/moat" <<<"$native" >/dev/null
	assert_eq "$verb without a delegate is one process" 1 "$(wc -l </run/execs)"
done

assert_status 0 "what is and what should be agree" moat check
moat tenant delete default --force
ip netns del p1
ip netns del p3
leftovers
finish
