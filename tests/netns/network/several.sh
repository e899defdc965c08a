#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# several - one stack on several networks: whose default route it uses, who has it next, and that an answer leaves by the
# interface whose address it bears, with the client's address kept, both families, under a strict rp_filter.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
sandbox_outside
start_moatd
moat tenant create red >/dev/null || die "tenant"
moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64 >/dev/null || die "network web"
moat network create red/db --subnet 10.0.1.0/24 --subnet fd00:b::/64 >/dev/null || die "network db"
moat network create red/adm --subnet 10.0.2.0/24 --subnet fd00:c::/64 >/dev/null || die "network adm"
inside() { moat enter red/w -- "$@"; }
# way 4|6 - the device to the outside
way() { inside ip -"$1" route get "$([[ $1 == 4 ]] && echo "$OUTSIDE4" || echo "$OUTSIDE6")" | sed -n 's/.* dev \([^ ]*\).*/\1/p'; }
has() { moat --json endpoint show "red/w:$1" | grep -c '"defaultRoute": *true'; }
# asked URL - who the server in the stack says has asked
asked() { outside curl -s -g -m 3 "$1"; }

assert_ok "one network" moat attach red/web --create --name w -p 8080:80
inside sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1
assert_eq "the way out is its interface" eth0/eth0 "$(way 4)/$(way 6)"
assert_eq "it needs no rule of its own" 0 "$(inside ip rule | grep -c 'proto 77')"
assert_ok "another network" moat attach red/db --name w -p 8081:80
inside sysctl -qw net.ipv4.conf.eth1.rp_filter=1
assert_eq "the first keeps the way out" eth0/eth0 "$(way 4)/$(way 6)"
assert_eq "and is shown to have it" 1/0 "$(has eth0)/$(has eth1)"
inside "$SANDBOX_TOP/tests/lib/whoami.py" w :: 80 >/run/sandbox/w.log 2>&1 &
sandbox_keep $!
eventually 10 asked "http://$HOST4:8080/" || die "the server in the stack does not answer"
for url in "$HOST4:8080" "[$HOST6]:8080" "$HOST4:8081" "[$HOST6]:8081"; do
	assert_match "who asks $url is answered, and seen as who he is" '198\.51\.100\.1|2001:db8:51::1' "$(asked "http://$url/")"
done
assert_ok "both ways out work by their own addresses" inside curl -s -m 3 --interface eth1 "http://$OUTSIDE4/"
assert_ok "and the other" inside curl -s -m 3 --interface eth0 "http://$OUTSIDE4/"
assert_status 0 "check is clean" moat check

inside ip -4 rule del from 10.0.1.2 pref 7700
assert_fail "without the rule the answer goes the wrong way, and is dropped" asked "http://$HOST4:8081/"
assert_status 5 "check says that it is gone" moat check
assert_match "by name" "rule .*src=10.0.1.2/32" "$output"
moat check --repair >/dev/null
assert_match "mended on demand, it answers" '198\.51\.100\.1' "$(asked "http://$HOST4:8081/")"

assert_ok "a third network that is to be the way out" moat attach red/adm --name w --default-route
assert_eq "it is" eth2/eth2 "$(way 4)/$(way 6)"
assert_eq "and is shown to be" 0/0/1 "$(has eth0)/$(has eth1)/$(has eth2)"
inside sysctl -qw net.ipv4.conf.eth2.rp_filter=1
for url in "$HOST4:8080" "[$HOST6]:8080" "$HOST4:8081" "[$HOST6]:8081"; do
	assert_match "$url answers as before" '198\.51\.100\.1|2001:db8:51::1' "$(asked "http://$url/")"
done
assert_status 0 "check is clean" moat check
kill -KILL "$(moat_pids moatd-engine)"
ready() { [[ $(grep -c 'moatd: ready' "$MOATD_LOG") -ge 2 ]]; }
assert_ok "the engine is killed and back" eventually 30 ready
assert_status 0 "check is clean" moat check
assert_eq "it knows whose the way out is" 0/0/1 "$(has eth0)/$(has eth1)/$(has eth2)"

assert_ok "the third goes" moat detach red/w:eth2
eventually 5 eval '[[ $(way 4) == eth0 ]]'
assert_eq "the first has it again" eth0/eth0 "$(way 4)/$(way 6)"
assert_ok "the first goes" moat detach red/w:eth0
eventually 5 eval '[[ $(way 4) == eth1 ]]'
assert_eq "the second has it" eth1/eth1/1 "$(way 4)/$(way 6)/$(has eth1)"
assert_match "and answers" '198\.51\.100\.1' "$(asked "http://$HOST4:8081/")"
assert_ok "an interface that is no way out" moat attach red/web --name w --ifname eth0 --no-default-route -p 8080:80
assert_ok "the second goes, too" moat detach red/w:eth1
eventually 5 eval '[[ -z $(way 4) ]]'
assert_eq "now there is none" "" "$(way 4)"
assert_match "but who asks is answered" '198\.51\.100\.1' "$(asked "http://$HOST4:8080/")"
assert_status 0 "check is clean" moat check
moat tenant delete red --force >/dev/null
leftovers
finish
