#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# --device-net: an interface of the host is a container's for its life, and the host's again afterwards: when
# it ended, when its client, its shim, all of it was killed. What the container's root makes in its place stays
# inside. Never an interface of ours, nor by mistake the one with the default route.
# The shells inside shall expand what is in single quotes.
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need python3
sandbox_outside
# The interface in question: one end here, the other in a place of its own.
netns_add far
ip link add nic0 address 02:00:00:00:77:01 type veth peer name nic1 netns far || die "cannot make nic0"
ip link set nic0 addrgenmode none
netns far ip addr add 192.0.2.1/24 dev nic1
netns far ip link set nic1 up
ip addr add 192.0.2.2/24 dev nic0
ip link set nic0 up
sandbox_mark
start_moatd
moat tenant create red >/dev/null
moat network create red/web --subnet 10.0.0.0/24 >/dev/null
admin=(--network red/web --cap-add NET_ADMIN)
here() { ip -br link show nic0 2>/dev/null | awk '{ print $3 }'; }
away() { [[ -z $(here) ]]; }
back() { [[ $(here) == 02:00:00:00:77:01 ]]; }
state_of() { ip -o link show nic0 | grep -o -E 'state (UP|DOWN)'; }

# ------------------------------------------------------------ there and back
assert_ok "a container has it" moat run -d --name red/x "${admin[@]}" --device-net nic0 -- sleep 1000
assert_ok "the host has it no more" away
assert_match "it is up inside, by its name, with its MAC" "nic0.* UP .*02:00:00:00:77:01" "$(moat exec red/x -- ip -br link show nic0)"
assert_eq "without addresses, as in a jail" "" "$(moat exec red/x -- ip -o -4 addr show nic0)"
moat exec red/x -- ip addr add 192.0.2.2/24 dev nic0
assert_ok "it works" moat exec red/x -- ping -c 1 -W 3 192.0.2.1
assert_match "beside its interface on a network" "eth0.*10.0.0." "$(moat exec red/x -- ip -br addr show eth0)"
assert_status 125 "one that is away is not given twice" moat run --rm --name red/y "${admin[@]}" --device-net nic0 -- true
assert_match "and told so" "nic0: no such interface" "$output"
assert_ok "it stops" moat stop red/x
assert_ok "the host has it back" back
assert_match "as up as it was" "UP" "$(state_of)"
assert_eq "without addresses" "" "$(ip -o -4 addr show nic0)"
assert_ok "started again" moat restart red/x
assert_ok "it has it again" away
assert_ok "and gives it back" moat rm -f red/x
assert_ok "to the host" back
ip link set nic0 down
assert_ok "one with --rm, renamed inside" moat run --rm --name red/x "${admin[@]}" --device-net nic0 -- \
	sh -c 'ip link set nic0 down && ip link set nic0 name other && ip link show other'
assert_ok "comes back by its name" back
assert_match "as down as it was" "DOWN" "$(state_of)"
ip link set nic0 up

# ------------------------------------------------------------ killed
"$MOAT_BIN_DIR/moat" run --rm --name red/k0 "${admin[@]}" --device-net nic0 -- sleep 1000 >/dev/null &
client=$!
eventually 10 away
kill -KILL "$client"
wait "$client" 2>/dev/null
assert_ok "the client killed: back within a moment" eventually 5 back
moat run -d --name red/k "${admin[@]}" --device-net nic0 -- sleep 1000 >/dev/null
kill -KILL "$(pgrep -f '^moat-shim .*red/k')"
swept() { moat ps >/dev/null && back; }
assert_ok "the shim killed: back by the next command" eventually 5 swept
assert_match "the container ended" "red/k .*exited \(137\)" "$(moat ps -a)"
assert_ok "it starts again with it" moat restart red/k
assert_ok "away" away
kill -KILL "$(pgrep -f '^moat-shim .*red/k')" "$(pgrep -x moat-init)"
assert_ok "all of it killed, and removed" eventually 5 moat rm -f red/k
assert_ok "back" back
moat run -d --name red/k "${admin[@]}" --device-net nic0 -- sleep 1000 >/dev/null
stop_moatd KILL
assert_ok "with the daemon killed it stops" moat stop red/k
assert_ok "and is back" back
start_moatd
assert_ok "its rest goes" moat rm red/k

# ------------------------------------------------------------ its like
assert_ok "the container's root deletes it, and makes another of its name, number and kind" \
	moat run --name red/liar "${admin[@]}" --device-net nic0 -- sh -c 'index=$(cat /sys/class/net/nic0/ifindex)
	ip link del nic0 && ip link add nic0 index "$index" address 02:00:00:00:77:01 type veth peer name evil index 900 && ip link show nic0'
assert_ok "that does not come to the host" away
assert_match "which is said by name" "nic0: what is in its place inside is not the host's interface" "$(moat rm red/liar 2>&1)"
ip link add nic0 address 02:00:00:00:77:01 type veth peer name nic1 netns far
ip link set nic0 addrgenmode none
netns far ip link set nic1 up
assert_ok "it goes with its stack" sh -c "rm '$RT/containers/red/liar/devices' && moat rm red/liar"

# ------------------------------------------------------------ refused
refused() { # MESSAGE DEVICE TEXT [OPTION...]
	local message=$1 device=$2 text=$3
	shift 3
	assert_status 125 "$message" moat run --rm --name red/r "$@" --device-net "$device" -- true
	assert_match "and told why" "$text" "$output"
}
refused "one that is none" nosuch "nosuch: no such interface" "${admin[@]}"
refused "loopback" lo "lo: " "${admin[@]}"
refused "one of ours" "$(ip -br link show | awk '/^mu/ { print $1 }' | cut -d@ -f1 | head -1)" "one of Moat's own" "${admin[@]}"
refused "the one with the default route" eth0 "eth0: the host's default route leads there" "${admin[@]}"
refused "no name of an interface" a/b "a/b" "${admin[@]}"
refused "an option that is none" nic0,fast "nic0,fast" "${admin[@]}"
ip link add br0 type bridge
refused "one that could be made anew inside" br0 "br0: an interface of kind bridge" "${admin[@]}"
ip link del br0
refused "with the stack of another" nic0 "a stack of the container's own" --net host
assert_ok "with force it goes" moat run --rm --name red/f --network red/web,ifname=web0 --device-net eth0,force -- ip link show eth0
assert_status 125 "but not where its name is taken inside" moat run --rm --name red/f --network red/web --device-net eth0,force -- true
assert_match "which is said" "move of the interface" "$output"
assert_match "it stays the host's then" "eth0" "$(ip -br link show eth0)"
assert_ok "nothing is away" back
moat tenant delete red --force >/dev/null
stop_moatd
refused "without a daemon" nic0 "moatd must run" --net none
assert_ok "nothing is away then either" back
eventually 3 nothing_left
finish
