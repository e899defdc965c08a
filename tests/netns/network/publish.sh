#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# publish - ranges of ports, whole: every port of each leads to its fellow, in TCP and UDP, IPv4 and IPv6; from
# outside, the host, its 127.0.0.1, the endpoint itself, its neighbours, another network, another tenant; and what is
# refused, with the holder's name.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ip python3
here=$(dirname "$0")
output=
sandbox_outside
start_moatd
for command in "tenant create red" "tenant create blue" \
	"network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64" \
	"network create red/db --subnet 10.0.1.0/24 --subnet fd00:b::/64" \
	"network create blue/web --subnet 10.0.0.0/24 --subnet fd00:a::/64" \
	"attach red/web --create --name w --ip 10.0.0.10 --ip fd00:a::10" \
	"attach red/web --create --name n --ip 10.0.0.20 --ip fd00:a::20" \
	"attach red/db --create --name d --ip 10.0.1.10 --ip fd00:b::10" \
	"attach blue/web --create --name w --ip 10.0.0.10 --ip fd00:a::10"; do
	# shellcheck disable=SC2086 # words
	moat $command >/dev/null || die "moat $command: $(moat $command 2>&1)"
done
serve() { # STACK RANGE...
	local stack=$1
	moat enter "$stack" -- "$here/publish.py" serve "$@" >"/run/sandbox/serve.${stack//\//.}" &
	sandbox_keep $!
	eventually 20 grep -q ready "/run/sandbox/serve.${stack//\//.}" || die "$stack does not serve"
}
serve red/w 80 9000-9099 5001-5020 30000-30030
serve blue/w 80 81
ask() { "$here/publish.py" ask "$@"; }

# ---- every port of a range
assert_ok "a range that begins at a multiple of its length" moat publish red/w -p 8000-8049:9000-9049 -p 8000-8049:9000-9049/udp
assert_ok "one that does not, upwards" moat publish red/w -p 4001-4017:5001-5017 -p 4001-4017:5001-5017/udp
assert_ok "downwards" moat publish red/w -p 40007-40029:9060-9082
assert_ok "one that keeps its ports" moat publish red/w -p 30000-30029:30000-30029 -p 30000-30029:30000-30029/udp
assert_ok "one on one address" moat publish red/w -p "$HOST4:7001-7010:9011-9020" -p "[$HOST6]:6001-6010:9021-9030"
assert_ok "a single port of another tenant" moat publish blue/w -p 8050:80
for address in "$HOST4 198.51.100.1" "$HOST6 2001:db8:51::1"; do
	read -r to from <<<"$address"
	for proto in tcp udp; do
		assert_eq "8000 by $proto to $to" "8000-8049 red/w 9000-9049 $from" "$(outside "$here/publish.py" ask $proto "$to" 8000-8049)"
		assert_eq "4001 by $proto to $to" "4001-4017 red/w 5001-5017 $from" "$(outside "$here/publish.py" ask $proto "$to" 4001-4017)"
		assert_eq "30000 by $proto to $to" "30000-30029 red/w 30000-30029 $from" "$(outside "$here/publish.py" ask $proto "$to" 30000-30029)"
	done
	assert_eq "40007 by tcp to $to" "40007-40029 red/w 9060-9082 $from" "$(outside "$here/publish.py" ask tcp "$to" 40007-40029)"
	assert_eq "the end of the range is its end, and the next is another's" \
		$'8049 red/w 9049 '"$from"$'\n8050 blue/w 80 '"$from"$'\n8051 nobody 8051 -' "$(outside "$here/publish.py" ask tcp "$to" 8049-8051)"
	assert_eq "nothing before or behind it" "4000 nobody 4000 -" "$(outside "$here/publish.py" ask tcp "$to" 4000-4000)"
	assert_eq "nor behind it" "4018 nobody 4018 -" "$(outside "$here/publish.py" ask tcp "$to" 4018-4018)"
done
assert_eq "one address of the host" "7001-7010 red/w 9011-9020 198.51.100.1" "$(outside "$here/publish.py" ask tcp "$HOST4" 7001-7010)"
assert_eq "and no other" "7001-7002 nobody 7001-7002 -" "$(outside "$here/publish.py" ask tcp "$HOST6" 7001-7002)"
assert_eq "one IPv6 address" "6001-6010 red/w 9021-9030 2001:db8:51::1" "$(outside "$here/publish.py" ask tcp "$HOST6" 6001-6010)"

# ---- from everywhere: who is seen is a side of an uplink or a gateway, so that answers come back by the same way
host_side4=$(ip -4 -o addr show | awk '$2 ~ /^mu/ { split($4, a, "/"); print a[1] }' | sort -V | tr '\n' ' ')
for place in "host::" "red/w:the endpoint itself:" "red/n:its neighbour:" "red/d:another network of the tenant:" "blue/w:another tenant:"; do
	IFS=: read -r who what _ <<<"$place"
	for to in "$HOST4" "$HOST6"; do
		for question in "tcp 8003 9003" "udp 8003 9003" "tcp 4005 5005" "tcp 30007 30007"; do
			read -r proto port at <<<"$question"
			if [[ $who == host ]]; then
				got=$(ask "$proto" "$to" "$port")
				what="the host"
			else
				got=$(moat enter "$who" -- "$here/publish.py" ask "$proto" "$to" "$port")
			fi
			assert_match "$what asks $to port $port by $proto" "^$port red/w $at [0-9a-f.:]+$" "$got"
			# never the asker's own address: it would answer itself past the router
			[[ $got != *" 10."* && $got != *" fd00:"* || " $host_side4" == *" ${got##* } "* ]] ||
				fail "$what is seen by its inner address" "$got"
		done
	done
done
for port in 8003 4005 30007; do
	assert_match "127.0.0.1 of the host, port $port" "^$port red/w [0-9]+ " "$(ask tcp 127.0.0.1 $port)"
	assert_match "by udp" "^$port red/w [0-9]+ " "$(ask udp 127.0.0.1 $port)"
done

# ---- conflicts, with the holder's name; nothing of a refused request stands
refused() { # STATUS WORDS COMMAND...
	local status=$1 words=$2
	shift 2
	assert_status "$status" "refused: moat $*" moat "$@"
	assert_match "and it says why" "$words" "$output"
}
holder="is published by red/w:eth0, as part of 8000-8049:9000-9049/tcp"
refused 4 "port 8003 $holder" publish blue/w -p 8003:80
refused 4 "port 8040 $holder" publish blue/w -p 8040-8049:80-89
refused 4 "port 8000 $holder" publish blue/w -p 7999-8000:80-81
refused 4 "port 8003 $holder" publish blue/w -p "$HOST4:8003:80"
refused 4 "port 8050 is published by blue/w:eth0" publish red/n -p 8050-8059:80-89
refused 4 "port 7005 is published by red/w:eth0" publish blue/w -p 7005:80
refused 4 "port 8003 $holder" publish red/w -p 9500:80 -p 8003:80
assert_eq "nothing of a refused request stands" "9500 nobody 9500 -" "$(outside "$here/publish.py" ask tcp "$HOST4" 9500)"
refused 2 "10 ports of the host cannot lead to 9 ports" publish red/n -p 9500-9509:80-88
refused 2 "write '80-81:80-81'" publish red/n -p 80-81
refused 2 "8000-8049:9000-9049/tcp is published, and it is taken back as it was" unpublish red/w -p 8000-8010:9000-9010
refused 2 "8000-8049:9000-9049/tcp is published" unpublish red/w -p 8003:9003
refused 3 "does not publish this port" unpublish --strict red/w -p 8000-8049:9001-9050/sctp

# ---- a port in use within a range, and reserved ones
python3 -c 'import socket,time; s=socket.create_server(("127.0.0.1", 9510)); time.sleep(1000)' &
sandbox_keep $!
eventually 10 python3 -c 'import socket; socket.create_connection(("127.0.0.1", 9510))' || die "no listener"
refused 4 "port 9510/tcp of the host is in use" publish red/n -p 9501-9519:81-99
assert_ok "on another address it is not in the way" moat publish red/n -p "$HOST4:9501-9519:81-99"
assert_ok "SCTP ports are another thing" moat publish red/n -p 9510:80/sctp -p 9520-9529:80-89/sctp

# ---- SCTP: the kernel here need not speak it, only lead it
moat enter red/w -- "$here/publish_sctp.py" hear 4 /run/sandbox/sctp4 &
sandbox_keep $!
moat enter red/w -- "$here/publish_sctp.py" hear 6 /run/sandbox/sctp6 &
sandbox_keep $!
for family in 4 6; do eventually 10 grep -q ready /run/sandbox/sctp$family || die "no ear for SCTP"; done
assert_ok "SCTP: one port, a range that is shifted, one that is not" moat publish red/w -p 9600:700/sctp -p 9610-9619:710-719/sctp \
	-p 9620-9629:9620-9629/sctp
outside "$here/publish_sctp.py" send "$HOST4" 9600 9610 9619 9625 9601
outside "$here/publish_sctp.py" send "$HOST6" 9600 9610 9619 9625 9601
for family in 4 6; do
	eventually 5 grep -q 9625 /run/sandbox/sctp$family || true
	assert_eq "arrives where it should (IPv$family)" "ready 700 710 719 9625" "$(tr '\n' ' ' </run/sandbox/sctp$family | sed 's/ $//')"
done

# ---- the list, and the way back
assert_match "the list shows ranges" "8000-8049:9000-9049/tcp +red/w:eth0 +10.0.0.10 +9000-9049" "$(moat publish list)"
assert_match "in JSON, too" '"count": *50' "$(moat --json publish list)"
assert_eq "what stands is what should" "" "$(moat check 2>&1 | grep -v '^ok\|no differ' | head -5)"
kill -KILL "$(moat_pids moatd-hand)"
# the engine before it may still answer whoever asks at once
eventually 20 moat check >/dev/null || die "the daemon does not come back"
assert_eq "and again after a restart" "" "$(moat check 2>&1 | grep -v '^ok\|no differ' | head -5)"
assert_eq "8000 still" "8000-8049 red/w 9000-9049 198.51.100.1" "$(outside "$here/publish.py" ask tcp "$HOST4" 8000-8049)"
nft delete table inet moat 2>/dev/null && eventually 20 moat check
assert_ok "a range is taken back" moat unpublish --strict red/w -p 8000-8049:9000-9049
assert_eq "and leads nowhere" "8000-8001 nobody 8000-8001 -" "$(outside "$here/publish.py" ask tcp "$HOST4" 8000-8001)"
assert_ok "now another has it" moat publish blue/w -p 8000-8001:80-81
assert_eq "and is reached" "8000-8001 blue/w 80-81 198.51.100.1" "$(outside "$here/publish.py" ask tcp "$HOST4" 8000-8001)"
for tenant in red blue; do moat tenant delete $tenant --force || die "tenant delete"; done
stop_moatd
leftovers
finish
