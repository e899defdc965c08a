#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cni - the CNI plugin against the daemon and the kernel: what ADD tells is what stands, a mapped
# port leads there, DEL needs neither namespace nor daemon, and nothing is left behind.
# shellcheck disable=SC2119,SC2317 # start_moatd without options; functions that eventually calls
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need jq curl ping python3
sandbox_outside
sandbox_mark
start_moatd
export MOAT_STATE_DIR=$STATE

ID1=3f2a9c71d04be8556a90c1b7e2d4f6088812ab34cd56ef7890ab12cd34ef5678
ID2=3f2a9c71d04be8556a90c1b7e2d4f6088812ab34cd56ef7890ab12cd34ef5679
NATIVE='{"cniVersion":"1.1.0","name":"web","type":"moat"}'
STOCK='{"cniVersion":"1.0.0","name":"podman","type":"moat","bridge":"cni-podman0","isGateway":true,"ipMasq":true,
	"hairpinMode":true,"tenant":"red","ipam":{"type":"host-local","routes":[{"dst":"0.0.0.0/0"}],
	"ranges":[[{"subnet":"10.88.0.0/16","gateway":"10.88.0.1"}]]},"capabilities":{"portMappings":true}}'

# cni VERB ID NETNS IFNAME CONF [ARGS] - $reply is what it printed; its exit status
cni() {
	reply=$(CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=$3 CNI_IFNAME=$4 CNI_ARGS=${6-} CNI_PATH=/none \
		timeout 20 "$MOAT_BIN_DIR/cni/moat" <<<"$5")
}
code() { jq -r .code <<<"$reply"; }
get() { jq -r "$1" <<<"$reply"; }
# addresses NETNS IFNAME - of global scope with lengths, sorted
addresses() { netns "$1" ip -j addr show dev "$2" | jq -r '[.[].addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"] | sort | join(" ")'; }
endpoints() { moat endpoint list --json | jq -r '.endpoints | length'; }

for name in p1 p2 p3; do netns_add $name; done

# ---------------------------------------------------------------- ADD
cni VERSION "" "" "" "{}"
assert_eq "VERSION" "0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0" "$(get '.supportedVersions | join(" ")')"

assert_ok "ADD makes tenant's network and endpoint" cni ADD $ID1 /run/netns/p1 eth0 "$NATIVE"
cni DEL $ID1 /run/netns/p1 eth0 "$NATIVE"
cni ADD $ID1 /run/netns/p1 eth0 "$NATIVE"
assert_eq "the result has the configuration's version" 1.1.0 "$(get .cniVersion)"
assert_eq "its addresses are the interface's" "$(addresses p1 eth0)" "$(get '[.ips[].address] | sort | join(" ")')"
assert_eq "one of each family" "4 6" "$(get '[.ips[].address | if contains(":") then "6" else "4" end] | join(" ")')"
assert_eq "its MAC is the interface's" "$(netns p1 ip -j link show eth0 | jq -r '.[0].address')" "$(get '.interfaces[-1].mac')"
assert_eq "its MTU is the interface's" "$(netns p1 ip -j link show eth0 | jq -r '.[0].mtu')" "$(get '.interfaces[-1].mtu')"
assert_eq "the sandbox is verbatim" /run/netns/p1 "$(get '.interfaces[-1].sandbox')"
assert_eq "addresses point at the container's interface" "1 1" "$(get '[.ips[].interface] | join(" ")')"
assert_eq "its gateways are the default routes" \
	"$( (netns p1 ip -j -4 route show default; netns p1 ip -j -6 route show default) | jq -r '.[].gateway' | paste -sd' ')" \
	"$(get '[.routes[].gw] | join(" ")')"
assert_eq "default routes" "0.0.0.0/0 ::/0" "$(get '[.routes[].dst] | join(" ")')"
assert_ok "the way out works (IPv4)" netns p1 ping -c1 -W2 $OUTSIDE4
assert_ok "the way out works (IPv6)" netns p1 ping -c1 -W2 $OUTSIDE6
assert_eq "the whole id is kept in a label" $ID1 \
	"$(moat endpoint list --json | jq -r '.endpoints[0].labels["cni.containerId"]')"

assert_status 1 "ADD twice is refused" cni ADD $ID1 /run/netns/p1 eth0 "$NATIVE"
cni ADD $ID1 /run/netns/p1 eth0 "$NATIVE"
assert_eq "with a code of ours" 101 "$(code)"
assert_eq "and changes nothing" 1 "$(endpoints)"
assert_ok "a second interface of the same container" cni ADD $ID1 /run/netns/p1 net1 "${NATIVE/web/back}"
assert_eq "the default route stays with the first" eth0 "$(netns p1 ip -j route get 203.0.113.80 | jq -r '.[].dev')"
assert_eq "is there" "eth0 lo net1" "$(netns p1 ip -j link | jq -r '[.[].ifname] | sort | join(" ")')"
assert_ok "and goes alone" cni DEL $ID1 /run/netns/p1 net1 "${NATIVE/web/back}"
assert_ok "it goes behind the answer" eventually 5 bash -c '! nsenter --net=/run/netns/p1 ip link show net1'
assert_eq "the first stays" "eth0 lo" "$(netns p1 ip -j link | jq -r '[.[].ifname] | sort | join(" ")')"

# ---------------------------------------------------------------- one port, address and MAC asked for
subnet=$(moat network show default/web --json | jq -r '.network.subnets[] | select(contains(":") | not)')
asked=${subnet%.*}.77
conf=$(jq -c '.runtimeConfig = {portMappings: [{HostPort: 8081, ContainerPort: 80, Protocol: "TCP"}]}' <<<"$NATIVE")
assert_ok "ADD with a port, an address and a MAC" cni ADD $ID2 /run/netns/p2 eth0 "$conf" \
	"IgnoreUnknown=1;K8S_POD_NAME=pod;IP=$asked;MAC=02:00:00:00:00:77"
cni ADD $ID2 /run/netns/p2 eth0 "$conf"
assert_match "the address is there" " $asked/" " $(addresses p2 eth0)"
assert_eq "the MAC is there" 02:00:00:00:00:77 "$(netns p2 ip -j link show eth0 | jq -r '.[0].address')"
netns p2 "$SANDBOX_TOP/tests/lib/whoami.py" p2 :: 80 >/run/p2.log 2>&1 &
sandbox_keep $!
eventually 10 curl -s -m1 "http://$asked/" || eventually 10 netns p2 curl -s -m1 http://127.0.0.1/ || die "no server in p2"
assert_ok "the port leads there (IPv4)" outside curl -s -m3 "http://$HOST4:8081/"
assert_match "to that container" p2 "$output"
assert_ok "the port leads there (IPv6)" outside curl -g -s -m3 "http://[$HOST6]:8081/"
assert_ok "the other container reaches it" netns p1 curl -s -m3 "http://$asked/"
cni DEL fifth "" eth0 "$NATIVE"
assert_ok "a port of every IPv4 address of the host" cni ADD fifth /run/netns/p3 eth0 \
	"$(jq -c '.runtimeConfig = {portMappings: [{hostPort: 8082, containerPort: 80, hostIP: "0.0.0.0"}]}' <<<"$NATIVE")"
assert_ok "and its DEL" cni DEL fifth "" eth0 "$NATIVE"
assert_status 1 "the port is taken for another" cni ADD third /run/netns/p3 eth0 "$conf"
cni ADD third /run/netns/p3 eth0 "$conf"
assert_eq "with its code" 103 "$(code)"
assert_status 1 "the address is taken for another" cni ADD third /run/netns/p3 eth0 "$NATIVE" "IP=$asked"
cni ADD third /run/netns/p3 eth0 "$NATIVE" "IP=$asked"
assert_eq "with its code" 102 "$(code)"
assert_eq "and nothing of it stays" lo "$(netns p3 ip -j link | jq -r '[.[].ifname] | join(" ")')"

# ---------------------------------------------------------------- a stock configuration, in a tenant of its own
assert_ok "ADD by podman's own configuration" cni ADD third /run/netns/p3 eth0 "$STOCK"
cni DEL third /run/netns/p3 eth0 "$STOCK"
cni ADD third /run/netns/p3 eth0 "$STOCK"
assert_eq "its gateway" 10.88.0.1 "$(get '.ips[0].gateway')"
assert_match "its subnet" '^10\.88\.0\.[0-9]+/16$' "$(get '.ips[0].address')"
assert_ok "its way out" netns p3 ping -c1 -W2 $OUTSIDE4
assert_status 1 "another subnet under the same name is refused" \
	cni ADD fourth /run/netns/p3 eth1 "${STOCK//10.88/10.89}"

# ---------------------------------------------------------------- DEL
assert_ok "DEL" cni DEL $ID1 /run/netns/p1 eth0 "$NATIVE"
assert_ok "DEL again" cni DEL $ID1 /run/netns/p1 eth0 "$NATIVE"
cni DEL $ID1 /run/netns/p1 eth0 "$NATIVE"
assert_eq "prints nothing" "" "$reply"
assert_ok "the interface goes" eventually 5 bash -c '! nsenter --net=/run/netns/p1 ip link show eth0'
ip netns del p3
assert_ok "DEL of a namespace that is gone" cni DEL third "" eth0 "$STOCK"
assert_eq "one endpoint is left" 1 "$(endpoints)"

# ---------------------------------------------------------------- many at once, on a network that is not there yet
many='{"cniVersion":"1.0.0","name":"many","type":"moat","tenant":"blue"}'
pids=()
for i in 1 2 3 4 5 6 7 8; do
	netns_add "m$i"
	cni ADD "many$i" "/run/netns/m$i" eth0 "$many" &
	pids+=($!)
done
for pid in "${pids[@]}"; do
	wait "$pid"
	assert_eq "one of eight ADDs at once" 0 $?
done
assert_eq "each has an address of its own" 8 "$(moat endpoint list blue --json | jq '[.endpoints[].ips[0]] | unique | length')"
pids=()
for i in 1 2 3 4 5 6 7 8; do
	cni DEL "many$i" "" eth0 "$many" &
	pids+=($!)
done
for pid in "${pids[@]}"; do
	wait "$pid"
	assert_eq "one of eight DELs at once" 0 $?
done
assert_eq "all are gone" "" "$(moat endpoint list blue -q)"
for i in 1 2 3 4 5 6 7 8; do ip netns del "m$i"; done

# ---------------------------------------------------------------- without the daemon
stop_moatd
assert_status 1 "ADD without the daemon" cni ADD $ID1 /run/netns/p1 eth0 "$NATIVE"
cni ADD $ID1 /run/netns/p1 eth0 "$NATIVE"
assert_eq "says: try again" 11 "$(code)"
assert_ok "DEL without the daemon" cni DEL $ID2 "" eth0 "$conf"
assert_eq "is journalled, for root alone" "700 1" \
	"$(stat -c %a "$STATE/cni") $(find "$STATE/cni" -name '*.del' | wc -l)"
start_moatd
journal_empty() { [[ -z $(find "$STATE/cni" -name '*.del') ]]; }
assert_ok "the daemon's start carries it out" eventually 10 journal_empty
assert_eq "the endpoint has gone" 0 "$(endpoints)"
assert_ok "it is attached again" cni ADD $ID2 /run/netns/p2 eth0 "$conf"
stop_moatd
assert_ok "DEL without the daemon, once more" cni DEL $ID2 "" eth0 "$conf"
start_moatd
assert_ok "a newer ADD of the same attachment, as soon as it answers" cni ADD $ID2 /run/netns/p2 eth0 "$conf"
assert_ok "comes after the old deletion" eventually 10 journal_empty
sleep 0.5
assert_eq "which does not undo it" 1 "$(endpoints)"
eventually 5 outside curl -s -m1 "http://$HOST4:8081/"
assert_ok "its port leads there" outside curl -s -m3 "http://$HOST4:8081/"
assert_ok "the next call of another" cni DEL nobody "" eth0 "$NATIVE"
assert_eq "does not undo it" 1 "$(endpoints)"
assert_ok "its DEL" cni DEL $ID2 /run/netns/p2 eth0 "$conf"
assert_fail "its port is closed" outside curl -s -m1 "http://$HOST4:8081/"
assert_eq "nothing is left of endpoints" 0 "$(endpoints)"
assert_status 0 "what is and what should be agree" moat check

for tenant in red blue default; do moat tenant delete $tenant --force; done
ip netns del p1
ip netns del p2
leftovers
finish
