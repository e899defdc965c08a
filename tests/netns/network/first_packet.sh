#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# first_packet - an endpoint works when the attach has answered: the very first packet it sends, over IPv4 and IPv6, and the very
# first that is sent to it, is answered, to a neighbour, to the gateway and to outside, in bridge and routed mode. Each endpoint
# here sends one packet, or one is sent to it: no second chance.
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
make tenant delete red --force
stop_moatd
finish
