#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# netdev - config-linux.md, Network Devices: interfaces of the runtime's namespace become the container's, with what they
# are; and are the host's again where the container was not made after all.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
. "$(dirname "$0")/oci.sh"
exec 2>&1
need ip
bundle netdev
nic() { # NAME - one end of a pair, its other end in a place of its own
	ip link add "$1" mtu 1400 address "02:00:00:00:99:0${1: -1}" type veth peer name "far-$1" netns far || die "cannot make $1"
	ip addr add "192.0.2.1${1: -1}/24" broadcast 192.0.2.255 metric 77 dev "$1"
	ip addr add "192.0.2.9${1: -1}/24" dev "$1" # the kernel calls it secondary
	ip addr add "198.51.100.${1: -1}" peer 198.51.100.100/32 dev "$1"
	ip addr add "203.0.113.${1: -1}/24" valid_lft 1000 preferred_lft 1000 dev "$1"
	ip addr add "192.168.9.${1: -1}/24" scope link dev "$1"
	ip -6 addr add "2001:db8::${1: -1}/64" nodad dev "$1"
	ip link set "$1" up
	netns far ip addr add 192.0.2.1/24 dev "far-$1"
	netns far ip link set "far-$1" up
}
netns_add far
nic nic1
nic nic2
# shellcheck disable=SC2317 # by assert_fail
here() { ip -br link show "$1" >/dev/null 2>&1; }
# what counts of its addresses
addresses() { sed -n 's/^ *\(inet6\? .*\)/\1/p' | grep -v 'fe80:' | sed 's/ valid_lft.*//; s/ \(nic.\|ext.*\)$//' | sort; }
wanted() { ip addr show "$1" | addresses | grep -v -e 203.0.113 -e 'scope link'; }

# ------------------------------------------------------------ moved
before=$(wanted nic1)
config '.linux.netDevices = {"nic1": {}, "nic2": {"name": "ext0"}}'
args sleep 1000
assert_ok "two interfaces are given" bg create a
assert_fail "the host has them no more" here nic1
assert_fail "nor the other" here nic2
in_a() { nsenter -t "$(pid_of a)" -n "$@"; }
assert_match "its name, MAC and MTU are as they were; it is up" "nic1.*<.*UP.*mtu 1400.*02:00:00:00:99:01" "$(in_a ip -o link show nic1)"
assert_match "the other is renamed" "ext0.*<.*UP.*mtu 1400.*02:00:00:00:99:02" "$(in_a ip -o link show ext0)"
assert_eq "permanent global addresses are kept, with peer, metric and broadcast; no others" "$before" "$(in_a ip addr show nic1 | addresses)"
assert_match "of both families" "inet6 2001:db8::2/64 scope global" "$(in_a ip addr show ext0 | addresses)"
assert_ok "it works" in_a ping -q -c 1 -W 5 -I nic1 192.0.2.1
assert_ok "it runs" rt start a
assert_match "and has them" nic1 "$(rt exec a cat /proc/net/dev)"

# ------------------------------------------------------------ refused
ip link add nic3 type veth peer name far-nic3 netns far
config '.linux.netDevices = {"nic3": {"name": "ext0"}} | (.linux.namespaces[] | select(.type == "network")).path = "/proc/'"$(pid_of a)"'/ns/net"'
refuses "a name that is taken in the container's namespace" "ext0: linux.netDevices: there is an interface of that name already" .
assert_ok "the host keeps it" here nic3
assert_eq "what has the name has it still" 1 "$(in_a ip -br link show ext0 | wc -l)"
for number in 1 2; do
	ip link show nic3 >/dev/null 2>&1 || ip link add nic3 type veth peer name "far-nic3$number" netns far
	config '.linux.netDevices = {"nic3": {"name": "ext%d"}} | .process.args = ["true"]'
	assert_ok "\"ext%d\" is a template: the kernel finds a number" bg run t
	assert_ok "ext$number" in_a ip link show "ext$number"
done
assert_fail "an interface in a namespace joined by path stays there" here nic3
config 'del((.linux.namespaces[] | select(.type == "network")).path)'
refuses "an interface that is not there" "nosuch: linux.netDevices: no such interface" '.linux.netDevices = {"nosuch": {}}'
refuses "loopback" "loopback belongs" '.linux.netDevices = {"lo": {"name": "lo1"}}'
ip link add br9 type bridge && ip link add nic5 type veth peer name far-nic5 netns far && ip link set nic5 master br9
refuses "a port of a bridge" "port of a bridge" '.linux.netDevices = {"nic5": {}}'
refuses "two of one name" "would be called" '.linux.netDevices = {"nic5": {"name": "x"}, "br9": {"name": "x"}}'
for name in a/b . .. "a b" "%d" "a%s" a%db aaaaaaaaaaaaaaaa a:b; do
	refuses "the name \\\"$name\\\"" "no valid name" ".linux.netDevices = {\"nic5\": {\"name\": \"$name\"}}"
done
refuses "without a network namespace" "nic5: linux.netDevices needs a network namespace" \
	'.linux.netDevices = {"nic5": {}} | .linux.namespaces -= [{"type": "network"}]'
refuses "the host's own by path" "is the host's" \
	'.linux.netDevices = {"br9": {}} | (.linux.namespaces[] | select(.type == "network")).path = "/proc/1/ns/net"'

# ------------------------------------------------------------ given back where the create failed
nic nic4
before=$(wanted nic4)
refuses "the second of two is not there" nosuch '.linux.netDevices = {"nic4": {"name": "x"}, "nosuch": {}}'
assert_eq "the first is the host's again, with its addresses" "$before" "$(wanted nic4)"
refuses "a hook fails afterwards" "ended with status 1" '.linux.netDevices = {"nic4": {"name": "x"}} | .hooks.createRuntime = [{"path": "/bin/false"}]'
assert_eq "again" "$before" "$(wanted nic4)"
assert_match "up, as it was" "<.*UP.*mtu 1400.*02:00:00:00:99:04" "$(ip -o link show nic4)"
refuses "the program is not found" "not found" '.linux.netDevices = {"nic4": {"name": "x"}} | .process.args = ["nosuch"]'
assert_eq "again" "$before" "$(wanted nic4)"
ip link set nic4 down
refuses "one that was down" "not found" '.linux.netDevices = {"nic4": {"name": "x"}} | .process.args = ["nosuch"]'
assert_match "is down again" "nic4.*state DOWN" "$(ip -o link show nic4)"

# ------------------------------------------------------------ beside other things
config '.linux.netDevices = {"nic4": {"name": "x4"}} | .linux.sysctl = {"net.ipv4.conf.x4.forwarding": "1", "net.ipv4.ip_forward": "0"}'
assert_eq "sysctls of an interface that comes" 1 "$(inside cat /proc/sys/net/ipv4/conf/x4/forwarding)"
refuses "of one that does not" x5 '.linux.netDevices = {} | .linux.sysctl = {"net.ipv4.conf.x5.forwarding": "1"}'
config '.linux.netDevices = {} | del(.linux.sysctl)'
nic nic6
config '.linux.netDevices = {"nic6": {}} | .linux.namespaces += [{"type": "user"}] |
	.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}] | .linux.gidMappings = .linux.uidMappings'
assert_match "into a network namespace of a user namespace" "nic6" "$(inside cat /proc/net/dev)"
rt delete -f a
assert_ok "nothing is left" test -z "$(ls "$OCI_ROOT")"
finish
