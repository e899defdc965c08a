#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cli - the general verbs against the daemon and the kernel: what they make is there, what they do
# not make is not, and enter, check and events tell the truth.
# shellcheck disable=SC2119 # start_moatd without options
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need jq curl ping
sandbox_outside
sandbox_mark
start_moatd
"$MOAT_BIN_DIR/moat" events --json >/run/events &
events=$!
sandbox_keep $events
# it listens when it tells of something
heard() {
	moat tenant create early -q && moat tenant delete early && [[ -s /run/events ]]
}
eventually 10 heard || die "no event is heard of"

# router TENANT COMMAND... - in the tenant's router
router() {
	local path
	path=$(moat tenant show "$1" --json | jq -r .tenant.routerNetns)
	shift
	nsenter --net="$path" -- "$@"
}
event() { jq -r '"\(.event) \(.object)"' /run/events | grep -qx "$1"; }

# ---------------------------------------------------------------- tenant, network
assert_ok "a dry run" moat tenant create red --dry-run
assert_status 3 "makes nothing" moat tenant show red
assert_ok "tenant create" moat tenant create red --quota endpoints=3
assert_eq "says its name" red "$output"
assert_status 4 "a second of that name" moat tenant create red
assert_match "is refused by name" 'moat: tenant create failed: red: ' "$output"
assert_status 2 "a name against the rule" moat tenant create Red
assert_eq "as JSON" "io.moat.InvalidName Red" \
	"$(moat tenant create Red --json | jq -r '"\(.error.code) \(.error.object)"')"
assert_status 3 "a network of a tenant that is not there" moat network create green/web
assert_ok "network create" moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:7::/64
assert_ok "with subnets of the pools" moat network create red/auto
assert_status 2 "--mode odd" moat network create red/x --mode odd
assert_status 2 "--no-dns beside what needs names" moat network create red/x --no-dns --dns-rebind-protect
assert_ok "network set --no-dns" moat network set red/web --no-dns
assert_match "shows it" "dns +(no|false)" "$(moat network show red/web)"
assert_ok "and back with names" moat network set red/web --dns
assert_status 1 "--host-access of an internal network" moat network create red/x --host-access --internal
assert_ok "network set" moat network set red/web --mtu 1400
assert_match "shows what was set" "mtu +1400" "$(moat network show red/web)"
assert_ok "and back" moat network set red/web --mtu 1500
assert_eq "two networks" "auto web" "$(moat network list red -q | sed 's,red/,,' | sort | paste -sd' ')"

# ---------------------------------------------------------------- attach
netns_add p1
assert_ok "attach --dry-run" moat attach red/web --netns /run/netns/p1 --name p1 --dry-run
assert_match "prints the plan" '^\+ ' "$output"
assert_eq "and makes nothing" "lo 0" \
	"$(netns p1 ip -j link | jq -r '.[].ifname') $(moat endpoint list -q | wc -l)"
assert_ok "attach --netns" moat attach red/web --netns /run/netns/p1 --name p1 --ip 10.0.0.9 --ip fd00:7::9 \
	--mac 02:00:00:00:00:09 --ifname net0
assert_eq "says what it made" "red/p1:net0 10.0.0.9/24,fd00:7::9/64" "$output"
assert_eq "the MAC is there" 02:00:00:00:00:09 "$(netns p1 ip -j link show net0 | jq -r '.[0].address')"
assert_ok "attach --create, with a port" moat attach red/web --create --name w1 -p 8081:80
assert_status 4 "a taken address" moat attach red/web --create --name w2 --ip 10.0.0.9
assert_status 4 "a taken port" moat attach red/web --create --name w2 -p 8081:80
assert_status 2 "a bare port" moat attach red/web --create --name w2 -p 8081
assert_match "with a hint" "8081:8081" "$output"
assert_ok "the last of the quota" moat attach red/auto --name w1
assert_status 4 "one more than the quota" moat attach red/web --create --name w2
assert_status 3 "a stack that is not there" moat attach red/web --name nobody

# ---------------------------------------------------------------- enter
assert_ok "enter" moat enter red/w1 -- ip -j addr show eth0
assert_eq "is in the stack" "$(moat endpoint show red/w1:eth0 --json | jq -r '.endpoint.ips[0]')" \
	"$(jq -r '.[0].addr_info[0] | "\(.local)/\(.prefixlen)"' <<<"$output")"
assert_ok "enter without --" moat enter red/w1 cat /sys/class/net/eth0/address
assert_eq "/sys is the stack's" "$(moat endpoint show red/w1:eth0 --json | jq -r .endpoint.mac)" "$output"
assert_status 42 "the command's own status" moat enter red/w1 -- sh -c 'exit 42'
assert_status 127 "no such command" moat enter red/w1 -- no-such-command
assert_status 125 "no such stack" moat enter red/nobody -- true
assert_eq "port 80 without privilege" 0 "$(moat enter red/w1 -- cat /proc/sys/net/ipv4/ip_unprivileged_port_start)"
assert_ok "both stacks reach each other" moat enter red/w1 -- ping -c1 -W2 10.0.0.9
assert_ok "and the world" moat enter red/w1 -- ping -c1 -W2 "$OUTSIDE4"

# ---------------------------------------------------------------- publish, live
moat enter red/w1 -- "$SANDBOX_TOP/tests/lib/whoami.py" w1 :: 80 >/run/w1.log 2>&1 &
sandbox_keep $!
eventually 10 outside curl -s -m1 "http://$HOST4:8081/"
assert_ok "the port given with attach" outside curl -s -m3 "http://$HOST4:8081/"
assert_fail "another is closed" outside curl -s -m1 "http://$HOST4:8082/"
assert_ok "publish" moat publish red/w1:eth0 -p 8082:80
assert_ok "opens it" outside curl -s -m3 "http://$HOST4:8082/"
assert_eq "both are listed" "8081:80/tcp 8082:80/tcp" "$(moat publish list red -q | sort | paste -sd' ')"
assert_ok "unpublish" moat unpublish red/w1:eth0 -p 8082:80
assert_fail "closes it" outside curl -s -m1 "http://$HOST4:8082/"
assert_ok "once more" moat unpublish red/w1:eth0 -p 8082:80
assert_status 3 "once more, strictly" moat unpublish red/w1:eth0 -p 8082:80 --strict

# ---------------------------------------------------------------- check
assert_status 0 "check" moat check
moat enter red/w1 -- ip link set eth0 down
assert_status 5 "check sees a container's own doing" moat check red
assert_match "names the stack" "red/w1" "$output"
assert_eq "as JSON, too" true "$(moat check --json | jq '.differences | length > 0')"
assert_status 0 "--repair mends it" moat check --repair
assert_status 0 "then nothing differs" moat check
assert_eq "the link is up again" true "$(moat enter red/w1 -- ip -j link show eth0 | jq '.[0].flags | contains(["UP"])')"

# ---------------------------------------------------------------- detach, delete
assert_ok "detach of one interface" moat detach red/w1:eth1
assert_eq "leaves the other" "red/p1:net0 red/w1:eth0" "$(moat endpoint list -q | sort | paste -sd' ')"
assert_ok "detach of the stack" moat detach red/w1
assert_ok "once more" moat detach red/w1
assert_status 3 "once more, strictly" moat detach red/w1 --strict
assert_fail "its port is closed" outside curl -s -m1 "http://$HOST4:8081/"
assert_status 4 "a network in use" moat network delete red/web
assert_ok "--force" moat network delete red/web --force
assert_ok "a network" moat network delete red/auto
assert_ok "a tenant" moat tenant delete red
assert_ok "once more" moat tenant delete red
assert_status 3 "once more, strictly" moat tenant delete red --strict

# ---------------------------------------------------------------- events
for wanted in "tenant-created red" "network-created red/web" "endpoint-attached red/p1:net0" "endpoint-attached red/w1:eth0" \
	"network-deleted red/auto" "tenant-deleted red"; do
	eventually 2 event "$wanted"
	assert_ok "event: $wanted" event "$wanted"
done
for wanted in port-published port-unpublished endpoint-detached; do
	assert_ok "event: $wanted" grep -q "\"$wanted\"" /run/events
done
kill "$events"
wait "$events"

assert_ok "doctor" moat doctor
assert_eq "version names both" "true true" \
	"$(moat version --json | jq -r '"\(has("client")) \(has("kernel"))"')"
ip netns del p1
leftovers
finish
