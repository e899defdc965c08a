#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cni_stock - a configuration of the reference `bridge` plugin with every key that asks for nothing else than Moat does, with keys of
# `tuning` in it: what it says stands in the kernel, CHECK sees what is undone, and who promiscMode and hairpinMode are for
# reaches itself by its own published port.
# shellcheck disable=SC2119,SC2086 # start_moatd without options; what ip sets are words
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need jq ip curl python3
[[ -x /usr/lib/cni/host-local ]] || skip "no containernetworking-plugins here"
sandbox_outside
sandbox_mark
start_moatd
export MOAT_STATE_DIR=$STATE
printf 'nameserver 192.0.2.53\nsearch corp.example\noptions ndots:3\n' >/run/resolv.conf
STOCK='{"cniVersion":"1.1.0","name":"stock","type":"moat","bridge":"br-stock","isGateway":true,"isDefaultGateway":true,"forceAddress":true,
	"ipMasq":true,"ipMasqBackend":"iptables","mtu":1400,"hairpinMode":true,"promiscMode":false,"vlan":0,"vlanTrunk":[],
	"preserveDefaultVlan":false,"macspoofchk":true,"enabledad":true,"portIsolation":false,"disableContainerInterface":false,
	"promisc":true,"allmulti":true,"txQLen":77,"args":{"cni":{"labels":[{"key":"app","value":"web"}]}},
	"ipam":{"type":"host-local","dataDir":"/run/pool","resolvConf":"/run/resolv.conf","subnet":"10.77.0.0/24"},
	"runtimeConfig":{"portMappings":[{"hostPort":8080,"containerPort":80}]}}'

# cni VERB CONF - $reply is what it printed; its exit status
cni() {
	reply=$(CNI_COMMAND=$1 CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/p1 CNI_IFNAME=eth0 CNI_PATH=${PLUGINS:-/none} \
		timeout 60 "$MOAT_BIN_DIR/cni/moat" <<<"$2")
}
check() { cni CHECK "$(jq -c --argjson prev "$prev" '.prevResult = $prev' <<<"${1:-$STOCK}")"; }
link() { netns p1 ip -j -d link show eth0 | jq -r '.[0] | "\(.mtu) \(.txqlen) \(.promiscuity > 0) \(.flags | contains(["PROMISC"])) \(.flags | contains(["ALLMULTI"]))"'; }
endpoints() { moat endpoint list --json | jq -r '.endpoints | length'; }
netns_add p1

cni ADD "$STOCK"
assert_eq "ADD by a configuration with every key of bridge" 0 $?
prev=$reply
assert_eq "MTU, queue, promisc and allmulti are the interface's" "1400 77 true true true" "$(link)"
assert_eq "dns is what resolvConf has" "192.0.2.53 corp.example ndots:3" "$(jq -r '.dns | "\(.nameservers[]) \(.search[]) \(.options[])"' <<<"$reply")"
assert_eq "labels of args are the endpoint's" web "$(moat endpoint show cni-c1:eth0 --json | jq -r .endpoint.labels.app)"
assert_status 0 "what is tuned is no difference to the daemon" moat check
assert_ok "CHECK" check
while IFS='|' read -r what how back; do
	netns p1 ip link set eth0 $how
	check
	assert_match "CHECK sees: $what" "\"code\":108.*$what" "$reply"
	netns p1 ip link set eth0 $back
	assert_ok "and that it is as it was" check
done <<-TEXT
	promisc|promisc off|promisc on
	allmulti|allmulticast off|allmulticast on
	txQLen is 76|txqueuelen 76|txqueuelen 77
TEXT
netns p1 ip link set eth0 promisc off
assert_ok "who did not ask for it does not mind" check "$(jq -c 'del(.promisc)' <<<"$STOCK")"
assert_ok "and args say so over the configuration" check "$(jq -c '.args.cni.promisc = false' <<<"$STOCK")"

netns p1 "$SANDBOX_TOP/tests/lib/whoami.py" p1 :: 80 >/run/p1.log 2>&1 &
sandbox_keep $!
eventually 20 netns p1 curl -s -m1 http://127.0.0.1/ >/dev/null || die "no server"
assert_ok "hairpin: it reaches itself by its published port" netns p1 curl -s -m5 "http://$HOST4:8080/"
assert_ok "DEL" cni DEL "$STOCK"
assert_ok "the interface goes" eventually 10 bash -c '! nsenter --net=/run/netns/p1 ip link show eth0'

netns p1 ip link add eth0 type veth peer name eth9 || die "cannot make a link"
cni ADD "$STOCK"
assert_eq "an interface of that name that is somebody else's is an error, and is left" "107 0 eth0" \
	"$(jq -r .code <<<"$reply") $(endpoints) $(netns p1 ip -j link show eth0 | jq -r '.[0].ifname')"
assert_ok "DEL of that" cni DEL "$STOCK"
assert_ok "leaves it, too" netns p1 ip link show eth0
netns p1 ip link del eth0

for key in vlan=5 'vlanTrunk=[{"id":5}]' portIsolation=true disableContainerInterface=true; do
	cni ADD "$(jq -c ".${key%%=*} = ${key#*=}" <<<"$STOCK")"
	assert_eq "refused, and nothing is left: $key" "2 0" "$(jq -r .code <<<"$reply") $(endpoints)"
done
PLUGINS=/usr/lib/cni
cni ADD "$STOCK"
assert_eq "host-local itself reads resolvConf itself" "192.0.2.53 corp.example ndots:3" "$(jq -r '.dns | "\(.nameservers[]) \(.search[]) \(.options[])"' <<<"$reply")"
assert_ok "DEL" cni DEL "$STOCK"
own=$(jq -c '.dns = {nameservers: ["192.0.2.9"]}' <<<"$STOCK")
cni ADD "$own"
assert_eq "dns of the configuration comes before it" 192.0.2.9 "$(jq -r '.dns.nameservers | join(" ")' <<<"$reply")"
assert_ok "DEL" cni DEL "$own"
assert_eq "and its address is given back" "" "$(find /run/pool -name '10.*')"
assert_status 0 "what is and what should be agree" moat check
moat tenant delete default --force
ip netns del p1
leftovers
finish
