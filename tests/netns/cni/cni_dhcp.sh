#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cni_dhcp - addresses from a DHCP server on the segment, by Debian's plugin dhcp and its daemon: the lease stands, with its
# gateway, routes and name server; CHECK, DEL, GC and an ADD that fails give it back, which the server is told; two ask at once.
# shellcheck disable=SC2119,SC2317 # start_moatd without options; functions that assert_ok calls
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need jq ip ping dnsmasq
[[ -x /usr/lib/cni/dhcp ]] || skip "no containernetworking-plugins here"
sandbox_outside
start_moatd
export MOAT_STATE_DIR=$STATE
CONF='{"cniVersion":"1.0.0","name":"lan","type":"moat","ipam":{"type":"dhcp","daemonSocketPath":"/run/sandbox/dhcp.sock"}}'
LEASES=/run/sandbox/leases

# cni VERB ID NETNS IFNAME CONF - $reply is what it printed; its exit status
cni() {
	reply=$(CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=$3 CNI_IFNAME=$4 CNI_ARGS='' CNI_PATH=/none:/usr/lib/cni \
		timeout 120 "$MOAT_BIN_DIR/cni/moat" <<<"$5")
}
code() { jq -r '.code // empty' <<<"$reply"; }
leased() { awk '{ print $3 }' $LEASES 2>/dev/null | sort | paste -sd' '; }
given_back() { [[ -z $(leased) ]]; }
endpoints() { moat endpoint list --json | jq -r '[.endpoints[].name | select(contains("cni-"))] | join(" ")'; }
check() { cni CHECK "$1" "/run/netns/$2" eth0 "$(jq -c --argjson prev "$prev" '.prevResult = $prev' <<<"$CONF")"; }
for name in server p1 p2; do netns_add $name; done

# the server: an endpoint of the same segment
moat tenant create default >/dev/null || die "no tenant"
moat network create lan --mode l2 >/dev/null || die "no segment"
moat attach default/lan --netns /run/netns/server --name server --ip 10.77.0.1/24 >/dev/null || die "no server"
netns server dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=eth0 --user=root --pid-file= --no-ping \
	--dhcp-authoritative --dhcp-range=10.77.0.50,10.77.0.51,255.255.255.0,1h --dhcp-leasefile=$LEASES --log-facility=/run/sandbox/dnsmasq.log \
	--dhcp-option=option:router,10.77.0.1 --dhcp-option-force=option:classless-static-route,172.16.0.0/12,10.77.0.9,0.0.0.0/0,10.77.0.1 &
sandbox_keep $!
cni ADD c1 /run/netns/p1 eth0 "$CONF"
assert_match "ADD while the plugin's daemon is away tells so" 'plugin dhcp.*dhcp.sock' "$reply"
assert_eq "and leaves nothing" "" "$(endpoints)"
/usr/lib/cni/dhcp daemon -socketpath /run/sandbox/dhcp.sock >/run/sandbox/dhcp.log 2>&1 &
sandbox_keep $!
eventually 20 test -S /run/sandbox/dhcp.sock || die "the daemon of dhcp does not start: $(cat /run/sandbox/dhcp.log)"

cni ADD c1 /run/netns/p1 eth0 "$CONF" || fail "ADD" "$reply $(cat /run/sandbox/dhcp.log /run/sandbox/dnsmasq.log)"
ip=$(jq -r '.ips[0].address' <<<"$reply")
assert_match "ADD tells the lease" '^10\.77\.0\.5[01]/24$' "$ip"
assert_eq "its gateway" 10.77.0.1 "$(jq -r '.ips[0].gateway' <<<"$reply")"
assert_match "and its routes" '172.16.0.0/12 10.77.0.9' "$(jq -r '.routes[] | "\(.dst) \(.gw)"' <<<"$reply")"
prev=$reply
assert_eq "the server has it" "${ip%/*}" "$(leased)"
assert_eq "the interface has it" "$ip" "$(netns p1 ip -j -4 addr show dev eth0 | jq -r '.[0].addr_info[0] | "\(.local)/\(.prefixlen)"')"
assert_eq "the routes stand" "10.77.0.9 10.77.0.1" "$(netns p1 ip -j route get 172.16.0.1 | jq -r '.[0].gateway') $(netns p1 ip -j route show default | jq -r '.[0].gateway')"
assert_ok "packets go" eventually 10 netns p1 ping -n -c1 -W2 10.77.0.1
assert_match "the daemon knows it" "$ip" "$(moat endpoint show cni-c1)"
cni CHECK c1 /run/netns/p1 eth0 "$(jq -c --argjson prev "$prev" '.prevResult = $prev' <<<"$CONF")"
assert_eq "CHECK finds nothing" "0 " "$? $reply"
netns p1 ip route del 172.16.0.0/12
check c1 p1
assert_match "CHECK sees a route of the lease deleted" '"code":108.*172.16.0.0/12' "$reply"
netns p1 ip addr del "$ip" dev eth0
check c1 p1
assert_eq "and its address" 108 "$(code)"
cni ADD c1 /run/netns/p1 eth0 "$CONF"
assert_eq "ADD twice is refused" 101 "$(code)"
assert_eq "and gives nothing back" "${ip%/*}" "$(leased)"
assert_ok "DEL" cni DEL c1 /run/netns/p1 eth0 "$CONF"
assert_ok "gives the lease back" eventually 10 given_back
assert_eq "and leaves nothing" "" "$(endpoints)"
assert_ok "DEL once more" cni DEL c1 "" eth0 "$CONF"

# ---------------------------------------------------------------- two at once
for i in 1 2; do
	(cni ADD d$i /run/netns/p$i eth0 "$CONF"; printf '%s' "$reply" >/run/sandbox/reply$i) &
	adds[i]=$!
done
wait "${adds[@]}"
assert_eq "two that ask at once get one each" "10.77.0.50/24 10.77.0.51/24" "$(jq -r '.ips[0].address' /run/sandbox/reply[12] | sort | paste -sd' ')"
assert_ok "GC" cni GC '' '' '' "$(jq -c '.cniVersion = "1.1.0" | ."cni.dev/valid-attachments" = [{containerID: "d1", ifname: "eth0"}]' <<<"$CONF")"
assert_eq "keeps what is valid" default/cni-d1:eth0 "$(endpoints)"
one_left() { [[ $(leased) == "$(jq -r '.ips[0].address | split("/")[0]' /run/sandbox/reply1)" ]]; }
assert_ok "and gives the other lease back" eventually 10 one_left
stop_moatd
assert_ok "DEL while moatd is away" cni DEL d1 "" eth0 "$CONF"
assert_ok "gives it back, too" eventually 10 given_back
start_moatd
gone() { [[ -z $(endpoints) ]]; }
assert_ok "and moatd does the rest when it is there" eventually 20 gone

# ---------------------------------------------------------------- an ADD that fails behind the lease
cni ADD c1 /run/netns/p1 eth0 "$(jq -c '.sysctl = {"net.ipv4.conf.IFNAME.nosuch": "1"}' <<<"$CONF")"
assert_eq "an ADD that fails behind the lease" 107 "$(code)"
assert_ok "gives it back" eventually 10 given_back
assert_eq "and leaves nothing" "" "$(endpoints)"
cni ADD c1 /run/netns/p1 eth0 "$(jq -c '.mode = "bridge"' <<<"$CONF")"
assert_match "a mode that gives addresses itself is refused" '"code":7.*mode.*bridge' "$reply"
moat network create plain --subnet 10.5.0.0/24 >/dev/null
cni ADD c1 /run/netns/p1 eth0 "$(jq -c '.network = "plain"' <<<"$CONF")"
assert_match "a network of such a mode, too" '"code":7.*plain' "$reply"
assert_eq "and nothing was asked for" "" "$(leased)"
assert_status 0 "what is and what should be agree" moat check
moat tenant delete default --force
for name in server p1 p2; do ip netns del $name; done
leftovers
finish
