#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# loopback6 - ports published on [::1] of the host: led on by moatd-dns (netd/dns/splice.h).
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need python3 jq curl ss
here=$(dirname "$(readlink -f "$0")")
sandbox_outside
printf '8300/tcp\n' >/run/sandbox/reserved
start_moatd --reserved-ports /run/sandbox/reserved

dns_pid() { moat_pids moatd-dns; }
fds() { find "/proc/$(dns_pid)/fd" -type l | wc -l; }
peer() { timeout 40 "$here/loopback6.py" "$@" 2>&1; }
listens() { ss -H -ln "-$1" "sport = :$2" | awk '{ print $4 }' | tr '\n' ' '; }
nobody_listens() { [[ -z $(listens "$1" "$2") ]]; }
listens_once() { [[ $(listens "$1" "$2") == "[::1]:$2 " ]]; }
serve() { # STACK NAME PORT
	moat enter "$1" -- "$here/loopback6.py" serve "$2" "$3" >/dev/null 2>&1 &
	sandbox_keep $!
}
moat tenant create red || die "no tenant"
moat tenant create blue || die "no tenant"
for tenant in red blue; do
	moat network create "$tenant/web" --subnet 10.1.0.0/24 --subnet fd01::/64 || die "no network"
done
moat network create red/old --subnet 10.2.0.0/24 --no-dns || die "no network red/old"
moat attach red/web --create --name w1 -p "[::1]:8080:80" -p 127.0.0.1:8080:80 -q || die "no red/w1"
moat attach blue/web --create --name w1 -p "[::1]:8081:80" -q || die "no blue/w1"
moat attach red/old --create --name v4 -q || die "no red/v4"
serve red/w1 red 80
serve blue/w1 blue 80
answers() { [[ $(peer stream 8080 5) == "red 5 whole" ]]; }
assert_ok "a port of an attach" eventually 10 answers
assert_eq "is on [::1] alone" "[::1]:8080 " "$(listens t 8080)"
assert_eq "its neighbour leads to another tenant" "blue 5 whole" "$(peer stream 8081 5)"

# What a stream must bear
assert_eq "8 MB both ways at once, half closed" "red 8388608 whole" "$(peer stream 8080 8388608)"
assert_eq "nothing at all" "red 0 whole" "$(peer stream 8080 0)"
assert_eq "who does not read is not read from, and nothing is lost" "red 67108864 whole held back" "$(peer slow 8080 67108864)"
sockets=$(fds)
assert_eq "200 at once" 200 "$(peer many 8080 200)"
assert_eq "and again" 200 "$(peer many 8080 200)"
given_back() { (($(fds) <= sockets + 128)); } # but for those that wait in the pool
assert_ok "their two sockets each are given back" eventually 3 given_back

# More at once than a tenant may have: the last ones wait for the first to end
assert_eq "300 of one tenant, one after the other where there is no room" 300 "$(peer waves 8080 300)"
"$here/loopback6.py" hold 8080 >/run/held &
held=$!
held() { [[ $(head -1 /run/held) == held ]]; }
eventually 5 held || die "no connection"

# UDP
moat publish red/w1 -p "[::1]:8090:80/udp" || die "no port of UDP"
assert_eq "UDP" "red hello" "$(peer udp 8090 hello)"
assert_eq "once more" "red again" "$(peer udp 8090 again)"
assert_eq "it is on [::1] alone" "[::1]:8090 " "$(listens u 8090)"
assert_fail "TCP is not" peer stream 8090 1

# What is refused, and leaves nothing
refused() { # STATUS WORDS COMMAND...
	local status=$1 words=$2
	shift 2
	assert_status "$status" "refused: moat $*" moat "$@"
	assert_match "and it says why" "$words" "$output"
}
python3 -c 'import socket,time; s=socket.create_server(("::1", 8095), family=socket.AF_INET6); time.sleep(1000)' &
sandbox_keep $!
python3 -c 'import socket,time; s=socket.create_server(("::", 8096), family=socket.AF_INET6); time.sleep(1000)' &
sandbox_keep $!
busy() { [[ -n $(listens t 8095) && -n $(listens t 8096) ]]; }
eventually 5 busy || die "nobody listens"
refused 4 "port 8095/tcp of the host is in use" publish red/w1 -p "[::1]:8095:80"
refused 4 "port 8096/tcp of the host is in use" publish red/w1 -p "[::1]:8096:80"
refused 4 "port 8300/tcp of the host is reserved" publish red/w1 -p "[::1]:8300:80"
refused 4 "port 8080 is published by red/w1:eth0" publish blue/w1 -p "[::1]:8080:80"
refused 4 "port 8080 is published by red/w1:eth0" publish blue/w1 -p 8080:80
refused 4 "on \[::1\] a tenant publishes at most 64 ports" publish red/w1 -p "[::1]:8100-8199:100-199"
refused 1 "only ports of tcp and udp" publish red/w1 -p "[::1]:8100:80/sctp"
refused 2 "the endpoint has no IPv6 address" publish red/v4 -p "[::1]:8100:80"
refused 4 "port 8096/tcp" attach red/web --create --name w2 -p "[::1]:8094:80" -p "[::1]:8096:80"
assert_eq "nothing of that listens" "" "$(listens t 8094)"
refused 3 "w2" endpoint show red/w2:eth0
assert_ok "without doing it" moat publish red/w1 -p "[::1]:8094:80" --dry-run
assert_eq "it listens not" "" "$(listens t 8094)"
assert_ok "a range" moat publish red/w1 -p "[::1]:8100-8103:80-83"
assert_eq "leads to the first port of the stack" "red 1 whole" "$(peer stream 8100 1)"
assert_ok "is taken back" moat unpublish red/w1 -p "[::1]:8100-8103:80-83"
assert_ok "and gone before long" eventually 5 nobody_listens t 8102
# moatd-dns is another process, which may close it later than who unpublished it is answered
assert_ok "a port" moat publish red/w1 -p "[::1]:8104:80"
assert_ok "that stands" eventually 5 listens_once t 8104
kill -STOP "$(dns_pid)"
assert_ok "is taken back" moat unpublish red/w1 -p "[::1]:8104:80"
assert_eq "while its socket is still there" "[::1]:8104 " "$(listens t 8104)"
moat publish red/w1 -p "[::1]:8104:80" >/run/again 2>&1 &
again=$!
sleep 0.3
kill -CONT "$(dns_pid)"
wait "$again"
assert_eq "and can be published again at once: it is not taken by ourselves" 0 $?
assert_eq "it leads there" "red 1 whole" "$(peer stream 8104 1)"
moat unpublish red/w1 -p "[::1]:8104:80" || die "not taken back"

# Whoever dies
engine=$(moat_pids moatd-engine)
kill -9 "$(dns_pid)"
assert_ok "dns killed: it comes back" eventually 3 answers
assert_eq "UDP, too" "red back" "$(peer udp 8090 back)"
ended() { [[ $(tail -1 /run/held) == ended ]]; }
assert_ok "its connections have ended" eventually 3 ended
wait "$held"
"$here/loopback6.py" hold 8080 >/run/held &
held=$!
eventually 5 held || die "no connection"
kill -9 "$engine"
eventually 10 moat version || die "the engine does not come back"
assert_ok "engine killed: a new connection" eventually 3 answers
assert_eq "and UDP" "red new" "$(peer udp 8090 new)"
assert_fail "one that stood has not ended" ended
assert_ok "a port of before is taken back" moat unpublish red/w1 -p "[::1]:8080:80"
assert_ok "and its connections end" eventually 3 ended
wait "$held"
assert_ok "nobody is there any more" eventually 5 nobody_listens t 8080
assert_eq "on 127.0.0.1 it is, still" "8080" "$(moat publish list --json | jq -r '[.. | .spec? // empty] | map(select(startswith("127"))) | .[0] | split(":")[1]')"
assert_ok "it is given again" moat publish red/w1 -p "[::1]:8080:80"
assert_ok "and answers" eventually 3 answers

# Its sockets are waited for before its plan, and what came behind it on another connection ran meanwhile: it is told of that, and
# nothing of it stays.
raced=$(python3 - "$SANDBOX_TOP" <<'PY'
import sys
sys.path.insert(0, sys.argv[1] + "/tests/lib")
from moatsock import Moat, MoatError
first, second, told = Moat(), Moat(), {}
for i in range(40):
    first.call("TenantCreate", name="race")
    first.call("NetworkCreate", name="race/n")
    first.call("EndpointAttach", network="race/n", name="x", create=True)
    first.send("Publish", {"name": "race/x", "publish": ["[::1]:8190:80"]})
    if i % 2:
        second.send("TenantDelete", {"name": "race", "force": True})
    else:
        second.send("EndpointDetach", {"name": "race/x"})
    for asked, word in ((first, "publish"), (second, "removal")):
        try:
            asked.receive()
            error = "done"
        except MoatError as failed:
            error = failed.code
        told[word, error] = told.get((word, error), 0) + 1
    first.call("TenantDelete", name="race", force=True)
print(" ".join("%s:%s" % key for key in sorted(told)))
PY
)
note "raced: $raced"
assert_eq "a removal is done, whatever was under way" "" "$(grep -o 'removal:[^ ]*' <<<"$raced" | grep -v 'removal:done')"
assert_eq "who published is told that the endpoint has gone, or it was done before" "" \
	"$(grep -o 'publish:[^ ]*' <<<"$raced" | grep -vE 'publish:(done|NoSuchObject)')"
assert_match "and it was not always done before" "publish:NoSuchObject" "$raced"
assert_ok "nothing of it listens" eventually 5 nobody_listens t 8190
assert_ok "and all is as it should be" moat check

moat check >/dev/null || die "check finds differences"
moat detach red/w1 -q || die "no detach"
assert_ok "with its endpoint a port goes" eventually 5 nobody_listens t 8080
assert_ok "of UDP, too" eventually 5 nobody_listens u 8090
assert_eq "another's does not" "blue 3 whole" "$(peer stream 8081 3)"
moat tenant delete red --force -q || die "red does not go"
moat tenant delete blue --force -q || die "blue does not go"
assert_ok "nobody listens in the end" eventually 5 nobody_listens t 8081
stop_moatd
leftovers
finish
