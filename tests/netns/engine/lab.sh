#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# lab - `moat lab`: Abilene from its GraphML, every pair of nodes by IPv4 and IPv6, between
# loopbacks and from addresses of links; containerlab's YAML; and nothing is left after `down`.
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ping jq python3

labs=$MOAT_SOURCE_DIR/configs/labs

# shellcheck disable=SC2119 # no options
start_moatd

# Pings each address of its standard input, asks again each 0.5 s for $1 s, prints those that stay silent.
cat >/run/silent.py <<'PY'
import select, socket, struct, sys, time
left = set(sys.stdin.read().split())
v4 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
v6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6)
end, again = time.monotonic() + float(sys.argv[1]), 0
while left and time.monotonic() < end:
    if time.monotonic() >= again:
        again = time.monotonic() + 0.5
        for address in left:
            six = ":" in address
            request = struct.pack("!BBHHH", 128 if six else 8, 0, 0, 0, 1)
            try:
                (v6 if six else v4).sendto(request, (address, 0))
            except OSError:
                pass  # no route: silent
    for ready in select.select([v4, v6], [], [], 0.1)[0]:
        data, sender = ready.recvfrom(2048)
        if data[0] in (0, 129):
            left.discard(sender[0])
print("\n".join(sorted(left)))
PY

# reach_all LAB ADDRESSES - from every node to every address of the list
reach_all() {
	local node silent bad=
	while read -r node; do
		silent=$(moat lab exec "$1/$node" -- python3 /run/silent.py 10 <<<"$2" 2>&1)
		[[ -z $silent ]] || bad+="$node: ${silent//$'\n'/ }"$'\n'
	done < <(jq -r '.lab.nodes[].name' <<<"$lab")
	printf '%s' "$bad"
}

# ---------------------------------------------------------------- Abilene
assert_status 0 "a dry run of Abilene" moat lab up --dry-run "$labs/zoo/Abilene.graphml"
assert_match "prints its plan" $'\n\\+ route ' $'\n'"$output"
assert_status 3 "and makes nothing" moat lab show abilene
assert_status 0 "Abilene goes up" moat lab up "$labs/zoo/Abilene.graphml"
lab=$(moat lab show --json abilene)
assert_eq "it has 11 nodes and 14 wires" "11 14" \
	"$(jq -r '"\(.lab.nodes | length) \(.lab.wires | length)"' <<<"$lab")"
loopbacks=$(jq -r '.lab.nodes[].ips[] | split("/")[0]' <<<"$lab")
assert_eq "each node has two loopback addresses" 22 "$(wc -l <<<"$loopbacks")"
assert_eq "every node reaches every loopback, IPv4 and IPv6" "" "$(reach_all abilene "$loopbacks")"
links=$(jq -r '.lab.wires[] | (.a.ips + .b.ips)[] | split("/")[0]' <<<"$lab")
assert_eq "every node reaches both ends of every link" "" "$(reach_all abilene "$links")"
assert_eq "what nobody has is silent" 10.0.0.56 \
	"$(printf '%s\n' 10.0.0.56 10.0.0.57 | moat lab exec abilene/Seattle -- python3 /run/silent.py 1)"
from=$(jq -r '.lab.nodes[] | select(.name == "Seattle").ips[0] | split("/")[0]' <<<"$lab")
to=$(jq -r '.lab.nodes[] | select(.name == "Atlanta").ips[0] | split("/")[0]' <<<"$lab")
assert_ok "loopback to loopback" moat lab exec abilene/Seattle -- ping -n -c 1 -w 5 -I "$from" "$to"
# Seattle, Denver, Kansas City, Houston (or Indianapolis), Atlanta: three routers between
assert_ok "Atlanta is four hops from Seattle" moat lab exec abilene/Seattle -- ping -n -c 1 -w 5 -t 4 "$to"
assert_fail "and not three" moat lab exec abilene/Seattle -- ping -n -c 1 -w 2 -t 3 "$to"
assert_status 4 "a second one of the name is refused" moat lab up "$labs/zoo/Abilene.graphml"
assert_eq "the list has it" abilene "$(moat lab show -q)"
assert_match "show prints nodes" 'Seattle +10\.' "$(moat lab show abilene)"
assert_status 0 "the kernel is as it should be" moat check
assert_status 0 "it goes down" moat lab down abilene
assert_status 3 "and is gone" moat lab show abilene
assert_match "as a lab" "abilene: there is no lab of this name" "$output"
leftovers "nothing of Abilene is left behind"

# ---------------------------------------------------------------- Geant
assert_status 0 "Geant2012 goes up" moat lab up "$labs/zoo/Geant2012.graphml"
lab=$(moat lab show --json geant2012)
loopbacks=$(jq -r '.lab.nodes[].ips[] | split("/")[0]' <<<"$lab")
assert_eq "each of its 40 nodes has two loopback addresses" 80 "$(wc -l <<<"$loopbacks")"
assert_eq "every node reaches every loopback, IPv4 and IPv6" "" "$(reach_all geant2012 "$loopbacks")"
assert_status 0 "it goes down" moat lab down geant2012
leftovers "nothing of Geant2012 is left behind"

# ---------------------------------------------------------------- YAML
assert_status 0 "the line goes up" moat lab up "$labs/line.yml"
lab=$(moat lab show --json line)
links=$(jq -r '.lab.wires[] | (.a.ips + .b.ips)[] | split("/")[0]' <<<"$lab")
assert_eq "every node of the line reaches every address" "" "$(reach_all line "$links")"
assert_status 0 "beside it the ring, with a variable" env MTU=9000 "$MOAT_BIN_DIR/moat" lab up "$labs/ring.yml"
lab=$(moat lab show --json ring)
links=$(jq -r '.lab.wires[] | (.a.ips + .b.ips)[] | split("/")[0]' <<<"$lab")
assert_eq "every node of the ring reaches every address" "" "$(reach_all ring "$links")"
assert_match "MAC and MTU are as asked for" 'mtu 9000 .*02:00:00:00:12:01' \
	"$(moat lab exec ring/r1 -- ip -o link show eth1)"
assert_status 2 "down without a name: there are two" moat lab down
assert_status 0 "down by the file" moat lab down "$labs/ring.yml"
assert_status 0 "down without a name" moat lab down
assert_eq "no lab is left" "" "$(moat lab show -q)"
assert_status 0 "down of what is gone" moat lab down line
assert_status 3 "unless --strict" moat lab down --strict line

# ---------------------------------------------------------------- refusals
cat >/run/bad.yml <<'Y'
name: bad
topology:
  nodes:
    a: {kind: linux, image: alpine}
    b: {kind: linux}
  links:
    - endpoints: ["a:eth1", "b:eth1"]
Y
assert_status 1 "a key of containers is an error" moat lab up /run/bad.yml
assert_match "with its place" '/run/bad\.yml:4:22: node a: .*"image"' "$output"
assert_status 0 "--bare takes the topology" moat lab up --bare /run/bad.yml
assert_match "and tells what it left out" 'left out.*image \(line 4\)' "$output"
assert_eq "two nodes stand" "a b" "$(moat lab show --json bad | jq -r '[.lab.nodes[].name] | join(" ")')"
assert_status 0 "down" moat lab down bad
assert_status 3 "a file that is not there" moat lab up /run/none.yml
leftovers
finish
