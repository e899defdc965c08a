#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cni_pods - configs/cni/kubernetes.conflist: routed pods with their own addresses. Host and pods reach one another, nobody
# translates their addresses on the way out, the rules of a Service in the host work, a hostPort works, no name service.
# shellcheck disable=SC2119 # start_moatd without options
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need jq curl ping nft
sandbox_outside
sandbox_mark
echo "routed-prefixes: 10.244.0.0/16" >/run/moatd.yaml
start_moatd --config /run/moatd.yaml
export MOAT_STATE_DIR=$STATE
# what a runtime hands over: the list's plugin, with its name and version
CONF=$(jq -c '.plugins[0] + {name, cniVersion}' "$SANDBOX_TOP/configs/cni/kubernetes.conflist")
ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart-0;K8S_POD_INFRA_CONTAINER_ID=aa;K8S_POD_UID=0d"

# cni VERB ID NETNS CONF - $reply is what it printed; its exit status
cni() {
	reply=$(CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=$3 CNI_IFNAME=eth0 CNI_ARGS=$ARGS CNI_PATH=/none \
		timeout 20 "$MOAT_BIN_DIR/cni/moat" <<<"$4")
}
# Somebody outside knows where the pods are, as a cloud's router or another node does.
outside ip route add 10.244.1.0/24 via $HOST4
for name in p1 p2; do netns_add $name; done
cni ADD aaaa /run/netns/p1 "$(jq -c '.runtimeConfig = {portMappings: [{HostPort: 8080, ContainerPort: 80, Protocol: "TCP", HostIP: ""}]}' <<<"$CONF")"
assert_eq "ADD" "0 null" "$? $(jq -r .msg <<<"$reply")"
one=$(jq -r '.ips[0].address | split("/")[0]' <<<"$reply")
assert_match "the pod's address is of the pods' range" '^10\.244\.1\.' "$one"
assert_eq "there is no name server in the result" null "$(jq -c .dns <<<"$reply")"
cni ADD bbbb /run/netns/p2 "$CONF"
two=$(jq -r '.ips[0].address | split("/")[0]' <<<"$reply")
for name in p1 p2; do
	netns $name "$SANDBOX_TOP/tests/lib/whoami.py" $name 0.0.0.0 80 >/run/$name.log 2>&1 &
	sandbox_keep $!
done
assert_ok "the host reaches a pod" eventually 10 curl -s -m1 "http://$one/"
assert_ok "a pod reaches the host" netns p1 ping -c1 -W2 $HOST4
assert_ok "pods reach one another" netns p1 curl -s -m3 "http://$two/"
assert_match "by their own addresses" "$one" "$output"
assert_ok "a pod reaches others" netns p1 curl -s -m3 "http://$OUTSIDE4/"
assert_match "by its own address: nobody translates it" "$one" "$output"
assert_fail "from elsewhere a pod is reached by its ports alone" outside curl -s -m1 "http://$two/"
assert_ok "the hostPort leads in" outside curl -s -m3 "http://$HOST4:8080/"
assert_match "to that pod" p1 "$output"
# A Service as kube-proxy has it: rules of the host translate its address to a pod's, and who is no pod is masqueraded.
nft -f - <<-TEXT
	table ip kube {
		chain services { type nat hook prerouting priority dstnat; ip daddr 10.96.0.10 tcp dport 80 dnat to $two:80; }
		chain local { type nat hook output priority -100; ip daddr 10.96.0.10 tcp dport 80 dnat to $two:80; }
		chain post { type nat hook postrouting priority srcnat; ct status dnat ip daddr 10.244.0.0/16 ip saddr != 10.244.0.0/16 masquerade; }
	}
TEXT
assert_ok "a pod reaches a Service" netns p1 curl -s -m3 http://10.96.0.10/
assert_match "of another pod of this host" p2 "$output"
assert_ok "the host reaches it" curl -s -m3 http://10.96.0.10/
nft delete table ip kube
assert_match "who it is is in the endpoint's labels" 'cart-0' "$(moat endpoint show "$(moat endpoint list pods --json | jq -r '.endpoints[0].name')" --json)"
assert_match "and shown" 'cart-0' "$(moat endpoint show "$(moat endpoint list pods --json | jq -r '.endpoints[0].name')")"
assert_ok "DEL" cni DEL aaaa "" "$CONF"
assert_ok "DEL" cni DEL bbbb /run/netns/p2 "$CONF"
assert_eq "nothing is left" "" "$(moat endpoint list -q)"
assert_status 0 "what is and what should be agree" moat check
moat tenant delete pods --force
ip netns del p1
ip netns del p2
outside ip route del 10.244.1.0/24
leftovers
finish
