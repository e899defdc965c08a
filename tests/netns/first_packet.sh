#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# first_packet - an endpoint works when the attach has answered: the very first packet it sends over IPv4, and the very first
# that is sent to it, is answered, to a neighbour, to the gateway and to outside, in bridge and routed mode. Each endpoint here
# sends one packet, or one is sent to it: no second chance. (Of IPv6 the kernel makes an address its own in a work of its own,
# net/ipv6/addrconf.c, addrconf_dad_start(): on a busy machine that may come after the first packet.)
# shellcheck source=../lib/sandbox.sh
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need ping
IFS=.- read -r major minor _ < <(uname -r)
((major > 6 || (major == 6 && minor >= 7))) || skip "Linux before 6.7 makes links ready some time later"
sandbox_outside
start_moatd
make() { moat "$@" >/run/sandbox/out || die "moat $*: $(</run/sandbox/out)"; }
make tenant create red
make network create red/flat --mode routed --subnet 10.1.0.0/24
make network create red/web --subnet 10.2.0.0/24
declare -A v4=([flat]=10.1.0 [web]=10.2.0) gateway=([flat]=169.254.1.1 [web]=10.2.0.1)
for network in flat web; do make attach red/$network --create --name $network --ip "${v4[$network]}.10"; done
n=20
# one NETWORK TARGET - a new endpoint's only packet
one() {
	make attach "red/$1" --create --name "n$n" --ip "${v4[$1]}.$n"
	moat enter "red/n$n" -- ping -c1 -W2 "$2" >/dev/null 2>&1
}
# to NETWORK - the only packet to a new endpoint, from a neighbour
to() {
	make attach "red/$1" --create --name "n$n" --ip "${v4[$1]}.$n"
	moat enter "red/$1" -- ping -c1 -W2 "${v4[$1]}.$n" >/dev/null 2>&1
}
for round in 1 2 3 4; do
	for network in flat web; do
		((++n))
		assert_ok "$network $round: to a neighbour" one $network "${v4[$network]}.10"
		((++n))
		assert_ok "$network $round: to the gateway" one $network "${gateway[$network]}"
		((++n))
		assert_ok "$network $round: to outside" one $network "$OUTSIDE4"
		((++n))
		assert_ok "$network $round: from a neighbour" to $network
	done
done
make tenant delete red --force
stop_moatd
finish
