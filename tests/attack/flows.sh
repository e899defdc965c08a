#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# flows - a tenant opens flows without end, to fill the connection table that the host and all tenants share. First
# with a cap that is no cap: the host's table has them all. Then capped: it has as many as the cap says, the tenant
# gets no new ones while another tenant and the host do, and what it has goes on.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need ip curl

sandbox_outside
# Takes what comes, says nothing: flows stay without answer.
outside /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 9000))
while True: s.recv(100)' &
sandbox_keep $!
cat >/run/flood.py <<'END'
import socket, sys
socks, failed = [], 0
for i in range(int(sys.argv[2])):
    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.sendto(b"x", (sys.argv[1], 9000))
    except OSError:
        failed += 1
    socks.append(s)
END
ulimit -n 4096 2>/dev/null || true
table() { cat /proc/sys/net/netfilter/nf_conntrack_count; }
started() {
	printf 'connections: %d\n' "$1" >/run/moatd.yaml
	start_moatd --config /run/moatd.yaml
	moat tenant create red >/dev/null && moat tenant create blue >/dev/null || die "tenants"
	for tenant in red blue; do
		moat network create $tenant/web --subnet 10.0.0.0/24 --subnet fd00:a::/64 >/dev/null || die "network"
	done
	moat attach red/web --create --name a -p 8080:80 >/dev/null && moat attach blue/web --create --name a -p 8081:80 >/dev/null ||
		die "attach"
}
served() {
	moat enter "$1" -- "$SANDBOX_TOP/tests/lib/whoami.py" "$1" :: 80 >/dev/null 2>&1 &
	sandbox_keep $!
}
red() { moat enter red/a -- "$@"; }
flood() { red /usr/bin/python3 /run/flood.py "$OUTSIDE4" 1300 && red /usr/bin/python3 /run/flood.py "$OUTSIDE6" 500; }
page() { curl -g -s -o /dev/null -m "${2:-3}" "http://$1/"; }

started 65536
before=$(table)
flood
assert_ok "uncapped: the host's table has all flows of one tenant ($(($(table) - before)))" test $(($(table) - before)) -ge 1800
moat tenant delete red --force >/dev/null && moat tenant delete blue --force >/dev/null || die "tenant delete"
stop_moatd

started 1024
served red/a
served blue/a
eventually 10 outside curl -s -o /dev/null -m 1 "http://$HOST4:8080/" || die "red does not serve"
eventually 10 outside curl -s -o /dev/null -m 1 "http://$HOST4:8081/" || die "blue does not serve"
exec 9> >(outside /usr/bin/python3 -c '
import socket, sys
s = socket.create_connection((sys.argv[1], 8080), 5)
print("stands", flush=True)
sys.stdin.readline()
s.settimeout(5)
s.sendall(b"GET / HTTP/1.0\r\n\r\n")
print(s.recv(9).decode())' "$HOST4" >/run/kept)
eventually 10 grep -q stands /run/kept || die "no connection stands"
before=$(table)
flood
grown=$(($(table) - before))
assert_ok "capped at 1024: the host's table grows by no more ($grown)" test $grown -le 1024
assert_ok "and by nearly so many" test $grown -ge 950
assert_fail "the tenant gets no new one, to outside" red curl -s -o /dev/null -m 1 "http://$OUTSIDE4/"
assert_fail "nor from outside" outside curl -s -o /dev/null -m 1 "http://$HOST4:8080/"
assert_ok "another tenant does, to outside" moat enter blue/a -- curl -s -o /dev/null -m 3 "http://$OUTSIDE4/"
assert_ok "and by IPv6" moat enter blue/a -- curl -g -s -o /dev/null -m 3 "http://[$OUTSIDE6]/"
assert_ok "and from outside" outside curl -s -o /dev/null -m 3 "http://$HOST4:8081/"
assert_ok "the host does" page "$OUTSIDE4"
echo >&9
exec 9>&-
assert_ok "a connection that stood before goes on" eventually 5 grep -q HTTP /run/kept
assert_status 0 "check is clean" moat check

# Another number: written, and the daemon started again.
stop_moatd
echo 'connections: 4096' >/run/moatd.yaml
start_moatd --config /run/moatd.yaml
assert_ok "with a higher cap the tenant connects again" red curl -s -o /dev/null -m 3 "http://$OUTSIDE4/"
assert_status 0 "check is clean" moat check
finish
