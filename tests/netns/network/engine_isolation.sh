#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# engine_isolation - two tenants with the same subnets: who reaches whom, by TCP, UDP and ICMP, in
# IPv4 and IPv6, each pair tried. Nothing is reached but what is published, and that from everywhere.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ping ip
here=$(dirname "$0")
sandbox_outside
# outside routes everything to the host, as a hostile neighbour would: the host must not forward it
for prefix in 10.0.0.0/16 10.97.0.0/16 10.111.0.0/16 fd00:a::/64 fd00:b::/64; do
	outside ip route add $prefix via "$([[ $prefix == *:* ]] && echo "$HOST6" || echo "$HOST4")"
done
/usr/bin/python3 "$here/engine_isolation.py" serve host &
sandbox_keep $!
outside /usr/bin/python3 "$here/engine_isolation.py" serve outside &
sandbox_keep $!
start_moatd
both="--subnet 10.0.0.0/24 --subnet fd00:a::/64"
second="--subnet 10.0.1.0/24 --subnet fd00:b::/64"
inner="--subnet 10.0.2.0/24 --subnet fd00:c::/64 --internal"
for command in "tenant create red" "tenant create blue" "network create red/web $both" "network create red/db $second" \
	"network create red/inner $inner" "network create blue/web $both" "network create blue/db $second" \
	"attach red/web --create --name a --ip 10.0.0.10 --ip fd00:a::10 -p 8080:7000 -p 8080:7000/udp -p 127.0.0.1:8079:7000" \
	"attach red/web --create --name b --ip 10.0.0.20 --ip fd00:a::20" \
	"attach red/db --create --name d --ip 10.0.1.10 --ip fd00:b::10" \
	"attach red/inner --create --name i --ip 10.0.2.10 --ip fd00:c::10" \
	"attach blue/web --create --name a --ip 10.0.0.10 --ip fd00:a::10 -p 8081:7000 -p 8081:7000/udp" \
	"attach blue/web --create --name b --ip 10.0.0.30 --ip fd00:a::30"; do
	# shellcheck disable=SC2086 # words
	moat $command >/dev/null || die "moat $command: $(moat $command 2>&1)"
done
for stack in red/a red/b red/d red/i blue/a blue/b; do
	moat enter $stack -- /usr/bin/python3 "$here/engine_isolation.py" serve $stack &
	sandbox_keep $!
done
while IFS= read -r line; do
	case $line in
	"ok - "*) pass "${line#ok - }" ;;
	"not ok - "*) fail "${line#not ok - }" ;;
	*) printf '%s\n' "$line" ;;
	esac
done < <(
	HOST4=$HOST4 HOST6=$HOST6 /usr/bin/python3 "$here/engine_isolation.py" matrix 2>&1
	echo "$?" >/run/status
)
assert_eq "it came to its end" 0 "$(</run/status)"
moat unpublish red/a -p 8080:7000 >/dev/null || fail "unpublish"
assert_fail "what is unpublished is not reached" outside bash -c "exec 3<>/dev/tcp/$HOST4/8080"
assert_ok "its UDP port stays" outside /usr/bin/python3 "$here/engine_isolation.py" ask udp "$HOST4" 8080 red/a
moat network delete red/db --force || fail "network delete"
assert_ok "what stays in the tenant is reached as before" moat enter red/b -- /usr/bin/python3 "$here/engine_isolation.py" \
	ask tcp 10.0.0.10 7000 red/a
moat tenant delete red --force
moat tenant delete blue --force
leftovers
finish
