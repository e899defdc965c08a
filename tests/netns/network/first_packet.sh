#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# first_packet - an endpoint works when the attach has answered: the very first packet it sends, over IPv4 and IPv6, and the very
# first that is sent to it, is answered, to a neighbour, to the gateway and to outside, in bridge and routed mode. Each endpoint
# here sends one packet, or one is sent to it: no second chance. At last the same where all of it is new, the bridge's carrier and
# the gateway's address with it, and the kernel's lock for links is asked for by others all the while.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ping
IFS=.- read -r major minor _ < <(uname -r)
((major > 6 || (major == 6 && minor >= 7))) || skip "Linux before 6.7 makes links ready some time later"
sandbox_outside
start_moatd
make() { moat "$@" >/run/sandbox/out || die "moat $*: $(</run/sandbox/out)"; }
make tenant create red
make network create red/flat --mode routed --subnet 10.1.0.0/24 --subnet fd00:1::/64
make network create red/web --subnet 10.2.0.0/24 --subnet fd00:2::/64
declare -A prefix=([flat4]=10.1.0. [web4]=10.2.0. [flat6]=fd00:1:: [web6]=fd00:2::)
declare -A gateway=([flat4]=169.254.1.1 [web4]=10.2.0.1 [flat6]=fec0:0:0:ffff::1 [web6]=fd00:2::1)
declare -A outside=([4]=$OUTSIDE4 [6]=$OUTSIDE6)
for network in flat web; do
	make attach red/$network --create --name $network --ip "${prefix[${network}4]}10" --ip "${prefix[${network}6]}10"
done
n=20
fresh() { make attach "red/$1" --create --name "n$n" --ip "${prefix[${1}4]}$n" --ip "${prefix[${1}6]}$n"; }
# one NETWORK TARGET - a new endpoint's only packet
one() {
	fresh "$1"
	moat enter "red/n$n" -- ping -c1 -W5 "$2" >/dev/null 2>&1
}
# to NETWORK FAMILY - the only packet to a new endpoint, from a neighbour
to() {
	fresh "$1"
	moat enter "red/$1" -- ping -c1 -W5 "${prefix[$1$2]}$n" >/dev/null 2>&1
}
for family in 4 6; do
	for round in 1 2 3; do
		for network in flat web; do
			((++n))
			assert_ok "IPv$family, $network $round: to a neighbour" one $network "${prefix[$network$family]}10"
			((++n))
			assert_ok "IPv$family, $network $round: to the gateway" one $network "${gateway[$network$family]}"
			((++n))
			assert_ok "IPv$family, $network $round: to outside" one $network "${outside[$family]}"
			((++n))
			assert_ok "IPv$family, $network $round: from a neighbour" to $network $family
		done
	done
done

# An address that comes back, under its name or another: neighbours who still take the old one for reachable go on at once.
for network in flat web; do
	make attach red/$network --create --name back --ip "${prefix[${network}4]}9" --ip "${prefix[${network}6]}9"
	for family in 4 6; do
		assert_ok "IPv$family, $network: its neighbour learns of it" moat enter red/$network -- ping -c1 -W5 "${prefix[$network$family]}9"
	done
	for name in back else; do
		make detach red/back
		make attach red/$network --create --name $name --ip "${prefix[${network}4]}9" --ip "${prefix[${network}6]}9"
		for family in 4 6; do
			assert_ok "IPv$family, $network: the first packet to the same address again, as $name" \
				moat enter red/$network -- ping -c1 -W5 "${prefix[$network$family]}9"
		done
	done
	make detach red/else
done

busy=()
for i in 1 2 3 4; do
	while ip link add "busy$i" type bridge && ip link del "busy$i"; do :; done >/dev/null 2>&1 &
	busy+=($!)
done
make network create red/lone --subnet 10.3.0.0/24
lost=0
for ((i = 1; i <= 40; i++)); do
	make network set red/lone --subnet "fd00:3:$i::/64"
	make attach red/lone --create --name lone
	moat enter red/lone -- ping -c1 -W5 "fd00:3:$i::1" >/dev/null 2>&1 || ((++lost))
	make detach red/lone
	make network set red/lone --remove-subnet "fd00:3:$i::/64"
done
kill "${busy[@]}"
wait "${busy[@]}"
assert_eq "the only endpoint's first packet to a new gateway, 40 times: lost" 0 "$lost"
make tenant delete red --force
stop_moatd
finish
