#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Services in containers, and containers on networks: attached, published, restarted in the same
# stack, undone when an attach fails, cut off, damaged.
# The shells inside shall expand what is in single quotes.
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need python3 curl
sandbox_outside
sandbox_mark

# ------------------------------------------------------------ services
if [[ -x /usr/sbin/nginx ]]; then
	assert_ok "nginx by its usual command line" moat run -d --name web -- nginx -g 'daemon off;'
	answers() { moat exec "$1" -- curl -s -o /dev/null -m 2 "$2"; }
	if eventually 10 answers web http://127.0.0.1/; then pass "answers"; else fail "it does not" "$(moat logs web 2>&1)"; fi
	assert_eq "its workers are www-data" "www-data" "$(moat exec web -- ps -C nginx -o user= | grep -v root | uniq)"
	assert_ok "stops" moat stop web
	assert_match "with 0" "exited \(0\)" "$(moat ps -a)"
	moat rm web >/dev/null
else
	note "no nginx here"
	[[ ${MOAT_MUST_WORK:-0} != 1 ]] || fail "MOAT_MUST_WORK=1, but no nginx"
fi
if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
	assert_ok "PostgreSQL" moat run -d --name pg -e POSTGRES_PASSWORD=x -- postgres
	query() { [[ $(moat exec pg -- psql -Atc "$1") == "$2" ]]; }
	if eventually 20 query 'select 41+1' 42; then pass "counts"; else fail "it does not" "$(moat logs pg 2>&1)"; fi
	moat exec pg -- psql -qc 'create table t as select 7 as seven'
	assert_ok "again" moat restart pg
	if eventually 20 query 'select seven from t' 7; then pass "remembers"; else fail "it does not" "$(moat logs pg 2>&1)"; fi
	assert_ok "stops" moat stop pg
	moat rm pg >/dev/null
else
	note "no PostgreSQL here"
	[[ ${MOAT_MUST_WORK:-0} != 1 ]] || fail "MOAT_MUST_WORK=1, but no PostgreSQL"
fi

# ------------------------------------------------------------ on a network
if [[ ! -x $MOAT_BIN_DIR/moatd ]]; then
	[[ ${MOAT_MUST_WORK:-0} != 1 ]] || fail "MOAT_MUST_WORK=1, but no moatd"
	note "no moatd here: networks not tried"
	finish
fi
start_moatd
moat tenant create red >/dev/null
moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:1::/64 >/dev/null
moat network create red/db --subnet 10.0.1.0/24 >/dev/null
assert_ok "on a network" moat run -d --name w1 --network red/web,ip=10.0.0.11,mac=02:00:00:00:00:11 -p 8080:80 -- \
	python3 -m http.server 80 --bind ::
assert_match "with the address asked for" "10.0.0.11/24" "$(moat exec red/w1 -- ip -br addr show eth0)"
assert_match "and the MAC" "02:00:00:00:00:11" "$(moat exec red/w1 -- ip -br link show eth0)"
assert_match "its own name among its hosts" "10.0.0.11.*w1" "$(moat exec red/w1 -- cat /etc/hosts)"
assert_match "it reaches the world" "^outside" "$(moat exec red/w1 -- curl -s -m 5 "http://$OUTSIDE4/")"
published() { outside curl -s -o /dev/null -m 2 "http://$HOST4:8080/"; }
if eventually 10 published; then pass "the world reaches its port"; else fail "the port is closed" "$(moat logs red/w1)"; fi
assert_match "another reaches it" "200" \
	"$(moat run --rm --network red/web -- curl -s -o /dev/null -w '%{http_code}' -m 5 http://10.0.0.11/)"
netns=$(moat exec red/w1 -- readlink /proc/self/ns/net)
userns=$(moat exec red/w1 -- readlink /proc/self/ns/user)
assert_ok "stopped" moat stop red/w1
assert_match "its endpoint stands" "red/w1" "$(moat endpoint list)"
assert_ok "and started again" moat restart red/w1
assert_eq "in the same network namespace" "$netns" "$(moat exec red/w1 -- readlink /proc/self/ns/net)"
assert_eq "and user namespace" "$userns" "$(moat exec red/w1 -- readlink /proc/self/ns/user)"
if eventually 10 published; then pass "its port still leads to it"; else fail "the port is closed" "$(moat logs red/w1)"; fi
assert_ok "two networks" moat run --rm --network red/web --network red/db -- sh -c 'ip -br addr show eth0 && ip -br addr show eth1'
assert_match "an address in each" "10.0.0..*10.0.1." "${output//$'\n'/ }"
assert_status 125 "a network that is none" moat run --rm --name x --network red/nosuch -- true
assert_status 125 "a port that is taken" moat run --name x --network red/web -p 8080:80 -- true
assert_status 125 "the second of two that fails" moat run --name x --network red/web --network red/nosuch -- true
assert_status 125 "another tenant's" moat run --name blue/x --network red/web -- true
assert_eq "leave nothing" "w1" "$(ls "$RT/containers/red")"
assert_eq "at the daemon neither" "1" "$(moat endpoint list -q | wc -l)"
"$MOAT_BIN_DIR/moat" run --rm --name k --network red/web -- sleep 1000 &
client=$!
eventually 10 moat exec red/k -- true
kill -KILL "$client"
wait "$client" 2>/dev/null
lone() { [[ $(moat endpoint list -q | wc -l) == 1 && ! -e $RT/containers/red/k ]]; }
if eventually 2 lone; then pass "a killed client leaves no endpoint"; else fail "left" "$(moat endpoint list)"; fi
moat run -d --rm --name k --network red/web -- sleep 1000 >/dev/null
pkill -KILL -f '^moat-shim .*red/k'
# Dying takes the shim a moment; the first command behind that finds what it left.
if eventually 2 sh -c 'moat ps >/dev/null; sleep 0.1; [ "$(moat endpoint list -q | wc -l)" = 1 ]' && lone; then pass "nor does a killed shim"; else fail "left" "$(moat endpoint list)"; fi
assert_match "its name server is the gateway" "^nameserver 10\\." "$(moat exec red/w1 -- cat /etc/resolv.conf)"
assert_eq "who joins its stack asks the same one" "$(moat exec red/w1 -- cat /etc/resolv.conf)" \
	"$(moat run --rm --net container:red/w1 -- cat /etc/resolv.conf)"
assert_match "which knows it" "w1" "$(moat exec red/w1 -- getent ahosts w1.web)"
assert_ok "aliases and rates" moat run -d --name w2 --alias www --egress-rate 20M --network red/web,alias=w3,ingress-rate=5M,egress-rate=1M \
	--network red/db,egress-rate=3M -- sleep 1000
shown() { moat --json endpoint show "red/w2:$1" | python3 -c '
import json, sys
e = json.load(sys.stdin)["endpoint"]
b = e["bandwidth"]
print(",".join(e["aliases"]), b.get("ingressRateBits"), b.get("egressRateBits"))'; }
assert_eq "the first network has them, those beside --network and those in it" "w3,www 5000000 20000000" "$(shown eth0)"
assert_eq "another has its own" " 0 3000000" "$(shown eth1)"
assert_match "the name service knows the alias" "10.0.0." "$(moat exec red/w1 -- getent ahosts www.web)"
moat rm -f red/w2 >/dev/null
# r1 is the way to 10.9.0.0/24, which lies behind it, and the second network's default route is the better one of IPv6
assert_ok "a router" moat run -d --name r1 --network red/web,ip=10.0.0.7 --cap-add NET_ADMIN -- sleep 1000
moat exec red/r1 -- ip addr add 10.9.0.1/32 dev lo
assert_ok "routes" moat run -d --name w2 --route 10.9.0.0/24=10.0.0.7 --route 10.99.0.0/16 \
	--network red/web,route=10.98.0.0/16=10.0.0.7 --network red/db,route=10.97.0.0/16 -- sleep 1000
routes() { moat exec red/w2 -- ip -4 route show table main; }
assert_match "of --route, by another stack" "10.9.0.0/24 via 10.0.0.7 dev eth0" "$(routes)"
assert_match "by the gateway" "10.99.0.0/16 via 10.0.0.[0-9]+ dev eth0" "$(routes)"
assert_match "and those in --network" "10.98.0.0/16 via 10.0.0.7 dev eth0" "$(routes)"
assert_match "also of the second" "10.97.0.0/16 via .* dev eth1" "$(routes)"
assert_match "the default route stays" "default via 10.0.0.[0-9]+ dev eth0" "$(routes)"
assert_eq "kept over a restart" "$(routes)" "$(moat restart red/w2 >/dev/null; routes)"
assert_ok "nothing differs" moat check
moat rm -f red/w2 >/dev/null
assert_ok "a default route by another stack" moat run -d --name w2 --network red/web --network red/db,route=0.0.0.0/0 --route 0.0.0.0/0=10.0.0.7 -- sleep 1000
assert_match "takes the place of the gateway's" "default via 10.0.0.7 dev eth0" "$(routes)"
moat rm -f red/w2 red/r1 >/dev/null
assert_status 125 "a route that is none" moat run --rm --network red/web --route nowhere -- true
assert_match "which says so" "\"nowhere\" is no route" "$output"
assert_status 125 "one to the gateway's own network" moat run --rm --name w2 --network red/web --route 10.0.0.0/25 -- true
assert_match "is refused by the daemon, by name" "10.0.0.0/25" "$output"
assert_status 125 "one by a hop that is not there" moat run --rm --name w2 --network red/web --route 10.9.0.0/24=10.1.2.3 -- true
assert_status 125 "one without a network" moat run --rm --route 10.9.0.0/24 -- true
assert_eq "nothing is left of them" "" "$(moat endpoint list -q | grep w2)$(moat ps -a -q | grep w2)"
assert_status 125 "a rate that is none" moat run --rm --network red/web --ingress-rate fast -- true
assert_match "which says so" "ingress-rate: \"fast\" is no number of bits" "$output"
assert_status 125 "an alias that is no name" moat run --rm --network red/web --alias a/b -- true
assert_status 125 "a rate without a network" moat run --rm --egress-rate 1M -- true
assert_match "which says so, too" "need --network" "$output"
stop_moatd KILL
assert_ok "without the daemon it runs on" moat exec red/w1 -- true
if eventually 5 published; then pass "and is reached"; else fail "the port is closed"; fi
start_moatd
assert_ok "removed" moat rm -f red/w1
assert_eq "with its endpoint" "" "$(moat endpoint list -q)"
assert_ok "the tenant can go" moat tenant delete red --force
# ---------------------------------------------------------------- damaged
ranges() { find "$RT/containers/.ids" -mindepth 1 -maxdepth 1 | wc -l; }
before=$(ranges)
moat tenant create dam >/dev/null
moat network create dam/net >/dev/null
for file in spec.json state.json; do
	for damage in '{"cut' '{"version":99}'; do
		moat run -d --name dam/d --network dam/net -- sleep 1000 >/dev/null
		moat stop -t 0 dam/d >/dev/null
		echo "$damage" >"$RT/containers/dam/d/$file"
		assert_match "one whose $file cannot be read is told of" 'dam/d +- +unreadable' "$(moat ps)"
		assert_ok "nobody takes it away: not a sweep," test -e "$RT/containers/dam/d/spec.json"
		assert_fail "nor rm" moat rm dam/d
		assert_fail "nor may it be started" moat restart dam/d
		assert_eq "its stack stands" 1 "$(moat endpoint list --json | jq '[.endpoints[] | select(.stack == "dam/d")] | length')"
		assert_ok "rm -f does" moat rm -f dam/d
		assert_eq "with its stack" 0 "$(moat endpoint list --json | jq '[.endpoints[] | select(.stack == "dam/d")] | length')"
		assert_eq "and its ids" "$before" "$(ranges)"
	done
done
moat tenant delete dam --force >/dev/null
assert_ok "and all is in order" moat check
stop_moatd
finish
