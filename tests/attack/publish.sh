#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# publish - an ordinary user to whom a tenant is delegated tries to take, by publishing ports, what
# belongs to others: flows of the host and of other tenants to a machine outside, ports of the host's
# own programs, ports below 1024, ports of another tenant, answers to another tenant's requests.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need ip curl setpriv getent
getent passwd nobody >/dev/null || skip "no user nobody here"

sandbox_outside
start_moatd
moat tenant create red --delegate nobody && moat tenant create blue
moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64
moat network create blue/web --subnet 10.0.0.0/24 --subnet fd00:a::/64
moat attach blue/web --create --name victim -p 8081:80
moat attach red/web --create --name thief
as_thief() { setpriv --reuid nobody --regid nogroup --clear-groups -- "$MOAT_BIN_DIR/moat" "$@"; }
web() {
	"$@" &
	sandbox_keep $!
}
web moat enter red/thief -- "$SANDBOX_TOP/tests/lib/whoami.py" thief :: 80 >/dev/null 2>&1
web moat enter blue/victim -- "$SANDBOX_TOP/tests/lib/whoami.py" blue :: 80 >/dev/null 2>&1
web outside "$SANDBOX_TOP/tests/lib/whoami.py" bank :: 8080 >/dev/null 2>&1
web outside "$SANDBOX_TOP/tests/lib/whoami.py" bank :: 8086 >/dev/null 2>&1
web "$SANDBOX_TOP/tests/lib/whoami.py" host-program :: 8090 >/dev/null 2>&1
host_asks() { curl -s -m 3 "$1" | cut -d' ' -f1; }
blue_asks() { moat enter blue/victim -- curl -s -m 3 "$1" | cut -d' ' -f1; }
bank4="http://$OUTSIDE4:8080/" bank6="http://[$OUTSIDE6]:8086/"
eventually 10 curl -s -m 1 "$bank4" || die "the bank does not answer"
eventually 10 curl -s -m 1 "http://$HOST4:8081/" || die "blue does not answer"
eventually 10 curl -s -m 1 "http://$HOST4:8090/" || die "the host's program does not answer"

# Whether the daemon refuses an address that is not the host's or takes it for a day when it is, is of no concern here.
as_thief publish red/thief:eth0 -p "$OUTSIDE4:8080:80" >/dev/null 2>&1
as_thief publish red/thief:eth0 -p "[$OUTSIDE6]:8086:80" >/dev/null 2>&1
assert_eq "the host still reaches the bank (IPv4)" bank "$(host_asks "$bank4")"
assert_eq "the host still reaches the bank (IPv6)" bank "$(host_asks "$bank6")"
assert_eq "blue still reaches the bank (IPv4)" bank "$(blue_asks "$bank4")"
assert_eq "blue still reaches the bank (IPv6)" bank "$(blue_asks "$bank6")"
# That the above can fail: an address that is the host's is taken.
ip addr add "$OUTSIDE4/32" dev lo
assert_eq "an address of the host's own is published" thief "$(blue_asks "$bank4")"
ip addr del "$OUTSIDE4/32" dev lo
ip addr add "$OUTSIDE6/128" dev lo nodad
assert_eq "as with IPv6" thief "$(blue_asks "$bank6")"
ip addr del "$OUTSIDE6/128" dev lo

assert_fail "a port of the host's program is not to be had" as_thief publish red/thief:eth0 -p 8090:80
assert_eq "it answers itself" host-program "$(outside curl -s -m 3 "http://$HOST4:8090/" | cut -d' ' -f1)"
assert_fail "nor on one address" as_thief publish red/thief:eth0 -p "$HOST4:8090:80"
assert_fail "nor one below 1024" as_thief publish red/thief:eth0 -p 443:80
assert_fail "nor blue's" as_thief publish red/thief:eth0 -p 8081:80
assert_fail "nor blue's on one address" as_thief publish red/thief:eth0 -p "$HOST4:8081:80"
assert_eq "blue is served by blue" blue "$(outside curl -s -m 3 "http://$HOST4:8081/" | cut -d' ' -f1)"
assert_ok "a free one is" as_thief publish red/thief:eth0 -p 8082:80
assert_eq "and is served by red" thief "$(outside curl -s -m 3 "http://$HOST4:8082/" | cut -d' ' -f1)"
# On [::1] somebody listens instead: the same rules
moat publish blue/victim:eth0 -p "[::1]:8085:80"
web "$SANDBOX_TOP/tests/lib/whoami.py" host-program ::1 8091 >/dev/null 2>&1
eventually 10 curl -s -m 1 "http://[::1]:8091/" || die "the host's program does not answer on [::1]"
assert_eq "blue is served by blue on [::1]" blue "$(host_asks "http://[::1]:8085/")"
assert_fail "a port of the host's program is not to be had there" as_thief publish red/thief:eth0 -p "[::1]:8091:80"
assert_fail "nor one that is on every address" as_thief publish red/thief:eth0 -p "[::1]:8090:80"
assert_eq "it answers itself" host-program "$(host_asks "http://[::1]:8091/")"
assert_fail "nor one below 1024" as_thief publish red/thief:eth0 -p "[::1]:443:80"
assert_fail "nor blue's" as_thief publish red/thief:eth0 -p "[::1]:8085:80"
assert_fail "nor does blue lose it" as_thief unpublish blue/victim:eth0 -p "[::1]:8085:80"
assert_eq "blue is served by blue on [::1]" blue "$(host_asks "http://[::1]:8085/")"
assert_ok "a free one is" as_thief publish red/thief:eth0 -p "[::1]:8087:80"
assert_eq "and is served by red" thief "$(host_asks "http://[::1]:8087/")"
assert_fail "an endpoint of blue publishes nothing for nobody" as_thief publish blue/victim:eth0 -p 8083:80
assert_fail "nor does it lose a port" as_thief unpublish blue/victim:eth0 -p 8081:80
assert_eq "blue is served by blue" blue "$(outside curl -s -m 3 "http://$HOST4:8081/" | cut -d' ' -f1)"

# Two files of root's: ports that are nobody's, and what a user may have.
stop_moatd
printf '8300-8309/tcp\n' >/run/sandbox/reserved
printf 'nobody 8200-8249/tcp\nnobody 8250-8319\nroot 1\n' >/run/sandbox/allowed
start_moatd --reserved-ports /run/sandbox/reserved --allowed-ports /run/sandbox/allowed
assert_ok "what he may have, by two lines together" as_thief publish red/thief:eth0 -p 8240-8260:80-100
assert_fail "and no port more" as_thief publish red/thief:eth0 -p 8190-8200:80-90
assert_match "he is told" "port 8190/tcp of the host, or one of its range, is not among those allowed" "$output"
assert_fail "nor one protocol more" as_thief publish red/thief:eth0 -p 8200:80/udp
assert_ok "but where all are allowed" as_thief publish red/thief:eth0 -p 8270:80/udp
assert_fail "a reserved one in the middle of what he may have" as_thief publish red/thief:eth0 -p 8295-8315:80-100
assert_match "is named" "port 8300/tcp of the host is reserved" "$output"
assert_fail "nor on [::1]" as_thief publish red/thief:eth0 -p "[::1]:8300:80"
assert_match "where it is named, too" "port 8300/tcp of the host is reserved" "$output"
assert_fail "nor what he may not have" as_thief publish red/thief:eth0 -p "[::1]:8190:80"
assert_match "he is told" "port 8190/tcp of the host, or one of its range, is not among those allowed" "$output"
assert_fail "and not even root has it" moat publish red/thief:eth0 -p 8305:80
assert_ok "root has others" moat publish red/thief:eth0 -p 8190:80
stop_moatd
finish
