#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# engine_version - the daemon is started on rulesets that another version of it laid: each is replaced in one
# transaction with all its elements, no connection breaks, no ping is lost, check is clean. Nor does it touch what others of
# the host have: conntrack goes on for them.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need nft ip ping
sandbox_outside
start_moatd
for command in "tenant create red" "network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64" \
	"attach red/web --create --name a" "attach red/web --create --name b --ip 10.0.0.20"; do
	# shellcheck disable=SC2086 # words
	moat $command >/dev/null || die "moat $command"
done
# More than one transaction takes by itself (1024 operations): four elements a port and family, and two families.
ports=()
for ((port = 20000; port < 20700; port++)); do ports+=(-p "$port:80"); done
moat publish red/a "${ports[@]}" >/dev/null || die "moat publish"
router=$(moat --json tenant show red | /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)["tenant"]["routerNetns"])')

# Gives back what comes; ends when the connection does.
moat enter red/a -- /usr/bin/python3 -c '
import socket
server = socket.create_server(("0.0.0.0", 80))
peer = server.accept()[0]
while data := peer.recv(4096):
    peer.sendall(data)' >/dev/null 2>&1 &
sandbox_keep $!
cat >/run/stream.py <<'END'
import socket, sys, time
for _ in range(100):
    try:
        sock = socket.create_connection((sys.argv[1], 20000), 1)
        break
    except OSError:
        time.sleep(0.05)
sock.settimeout(5)
number = 0
while True:
    sock.sendall(b"%d\n" % number)
    if sock.recv(100) != b"%d\n" % number:
        sys.exit("it broke")
    number += 1
    print(number, flush=True)
    time.sleep(0.02)
END
outside /usr/bin/python3 /run/stream.py "$HOST4" >/run/stream 2>&1 &
stream=$!
sandbox_keep $stream
eventually 10 test -s /run/stream || die "the published port does not answer"
moat enter red/a -- ping -n -i 0.02 "$OUTSIDE4" >/run/ping 2>&1 &
ping=$!
sandbox_keep $ping
eventually 5 test -s /run/ping

in_router() { nsenter --net="$router" -- "$@"; }
comments() { { nft list ruleset; in_router nft list ruleset; } 2>/dev/null | grep -o 'comment "moat [^"]*"' | sort; }
elements() { { nft -j list ruleset; in_router nft -j list ruleset; } 2>/dev/null | PYTHONPATH=$SANDBOX_TOP/tests/lib /usr/bin/python3 -B -c '
import json, sys
from kernelstate import without_flags
text = without_flags(sys.stdin.read().strip())
decoder, at = json.JSONDecoder(), 0
while at < len(text):
    doc, at = decoder.raw_decode(text, at)
    while at < len(text) and text[at].isspace(): at += 1
    for row in doc["nftables"]:
        for kind in ("set", "map"):
            # what packets themselves fill are no elements of ours
            if kind in row and row[kind]["table"] == "moat" and not row[kind]["name"].startswith("flows_"):
                print(row[kind]["family"], row[kind]["name"],
                      sorted(json.dumps(e) for e in row[kind].get("elem", [])))' | sort; }
elements >/run/elements
assert_ok "there are more elements than a usual transaction takes" test "$(grep -o 'tcp' /run/elements | wc -l)" -gt 2048

# another VERSION - in place of what stands, a ruleset of the host as another version may have laid it: with chains and sets of
# its own, and the hooks without which the kernel would neither track nor translate what belongs to flows that stand.
another() {
	local version=$1 hooks='
	set uplinks { type ifname; elements = { "old" }; }
	chain before { type nat hook prerouting priority -100; }
	chain behind { type nat hook postrouting priority 100; }
	chain passing { type filter hook forward priority 0; policy accept; ct state established accept; }'
	printf 'delete table inet moat\ntable inet moat {\n comment "moat host %d"; %s\n}\n' "$version" "$hooks" | nft -f - ||
		die "nft: the host's table"
}
# one_transaction FILE - of what the monitor wrote: were table and all its elements of pub4 made by one transaction?
one_transaction() {
	/usr/bin/python3 - "$1" <<'END'
import sys
counts, now = [], 0
for line in open(sys.argv[1]):
    if line.startswith(("add element inet moat pub4", "create element inet moat pub4")):
        now += 1
    if line.startswith("# new generation"):
        counts.append(now)
        now = 0
counts = [c for c in counts if c]
sys.exit(0 if counts == [700] else "elements of pub4 by transaction: %s" % counts)
END
}
# Another user of conntrack, and enough changes of our table that one which let go of more than it held would be seen: a
# flow begins where conntrack has its hooks, and nowhere else.
nft -f - <<'END' || die "nft: another table"
table inet other {
	chain f {
		type filter hook forward priority 5
		ct state established counter
	}
}
END
probes=0
tracked() {
	probes=$((probes + 1))
	ping -q -c 1 -W 1 "127.0.2.$probes" >/dev/null
	grep -q "dst=127.0.2.$probes " /proc/net/nf_conntrack
}
moved() { [[ $(wc -l </run/stream) -gt $at ]]; }
assert_ok "conntrack works" tracked
before=$(comments)
for version in 1 7 1 7; do
	stop_moatd
	another $version
	assert_match "laid by version $version" "moat host $version" "$(comments)"
	sleep 0.2 # the kernel lets go of what it deleted behind our back
	assert_ok "version $version: conntrack goes on, for others too, without the table that went" tracked
	stdbuf -oL nft monitor >/run/monitor 2>&1 &
	monitor=$!
	sandbox_keep $monitor
	sleep 0.3
	start_moatd
	assert_eq "version $version: all are of this version now" "$before" "$(comments)"
	elements >/run/now
	assert_ok "version $version: every element is there" cmp /run/elements /run/now
	assert_status 0 "version $version: check is clean" moat check
	assert_ok "version $version: conntrack goes on when ours stands" tracked
	at=$(wc -l </run/stream)
	assert_ok "version $version: the connection to a published port lives on" eventually 5 moved
	sleep 0.3
	kill $monitor
	wait $monitor 2>/dev/null
	assert_ok "version $version: the host's ruleset was replaced with its elements in one transaction" one_transaction /run/monitor
done
assert_ok "the connection to a published port never broke" kill -0 $stream
kill -INT "$(pgrep -x ping)"
wait $ping 2>/dev/null
assert_match "no ping was lost" ", 0% packet loss" "$(tail -n 2 /run/ping | head -n 1)"
kill $stream 2>/dev/null
finish
