#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# doctor_firewalls - the firewalls of others beside Moat, each as Debian's package makes it: the chain in the way is
# named with the command that mends it; the very command is run; then traffic flows, both ways, IPv4 and IPv6, and
# doctor has no more to say. Of Docker there are two: Debian's engine itself, and the chains of version 28, which Debian has not.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/cgroups.sh"
SANDBOX_CGROUPS=1
sandbox_enter "$@"
need ip curl nft iptables ip6tables ufw firewalld firewall-cmd dbus-daemon dockerd docker busybox
# What these programs write below /etc is the test's own.
mkdir -p /run/etc/{upper,work}
mount -n -t overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work overlay /etc || die "cannot mount /etc"

sandbox_outside
start_moatd
moat tenant create red >/dev/null && moat network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64 >/dev/null &&
	moat attach red/web --create --name a -p 8080:80 >/dev/null || die "the tenant"
moat enter red/a -- "$SANDBOX_TOP/tests/lib/whoami.py" red :: 80 >/dev/null 2>&1 &
sandbox_keep $!
eventually 10 outside curl -s -o /dev/null -m 1 "http://$HOST4:8080/" || die "red does not serve"

out4() { moat enter red/a -- curl -s -o /dev/null -m 2 "http://$OUTSIDE4/"; }
out6() { moat enter red/a -- curl -g -s -o /dev/null -m 2 "http://[$OUTSIDE6]/"; }
in4() { outside curl -s -o /dev/null -m 2 "http://$HOST4:8080/"; }
in6() { outside curl -g -s -o /dev/null -m 2 "http://[$HOST6]:8080/"; }
host4() { curl -s -o /dev/null -m 2 http://127.0.0.1:8080/; }
ways=(out4 out6 in4 in6 host4)
flows() { local way; for way in "${ways[@]}"; do $way || { echo "$way does not flow"; return 1; }; done; }
# problems - chain and remedy of each, a line
problems() { moat --json doctor | /usr/bin/python3 -c 'import json,sys
for f in json.load(sys.stdin)["findings"]:
    if f["subject"] == "firewall" and f["level"] == "problem":
        print(f["message"], f["remedy"], sep="\t")'; }
# mended NAME CHAIN... - each chain is named; the remedies are run as they stand; all flows, and none is named any more
mended() {
	local name=$1 chain message remedy
	shift
	problems >/run/problems
	for chain; do
		assert_ok "$name: doctor names chain $chain" grep -q "^chain $chain .*drops" /run/problems
	done
	assert_eq "$name: and no other" $# "$(wc -l </run/problems)"
	while IFS=$'\t' read -r message remedy; do
		note "$message: $remedy"
		assert_ok "$name: the remedy can be run as it is told" bash -c "$remedy"
	done </run/problems
	assert_ok "$name: with the remedy all flows" flows
	assert_eq "$name: doctor has no more to say" "" "$(problems)"
}

assert_ok "alone: all flows" flows
assert_eq "alone: doctor finds no chain" "" "$(problems)"

# iptables, policy accept: beside ours nothing need be done.
for tables in iptables ip6tables; do
	$tables -P FORWARD ACCEPT
	$tables -A FORWARD -i docker0 -j ACCEPT
	$tables -A FORWARD -s 192.0.2.0/24 -j DROP 2>/dev/null
done
assert_ok "iptables, policy accept: all flows" flows
assert_eq "iptables, policy accept: doctor finds nothing" "" "$(problems)"
for tables in iptables ip6tables; do $tables -P FORWARD DROP; done
assert_fail "iptables, policy drop: nothing leaves" out4
assert_fail "iptables, policy drop: nor comes in" in4
mended "iptables, policy drop" "FORWARD of table ip filter (iptables)" "FORWARD of table ip6 filter (iptables)"
nft flush table ip filter
nft delete table ip filter
nft flush table ip6 filter
nft delete table ip6 filter

# Docker 28's chains, as its engine lays them with --ip6tables.
for tables in iptables ip6tables; do
	$tables -P FORWARD DROP
	for chain in DOCKER-USER DOCKER-FORWARD DOCKER-BRIDGE DOCKER-CT DOCKER-ISOLATION-STAGE-1 DOCKER-ISOLATION-STAGE-2 DOCKER; do
		$tables -N $chain
	done
	$tables -A FORWARD -j DOCKER-USER
	$tables -A FORWARD -j DOCKER-FORWARD
	$tables -A DOCKER-FORWARD -j DOCKER-CT
	$tables -A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
	$tables -A DOCKER-FORWARD -j DOCKER-BRIDGE
	$tables -A DOCKER-FORWARD -i docker0 -j ACCEPT
	$tables -A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
	$tables -A DOCKER-BRIDGE -o docker0 -j DOCKER
	$tables -A DOCKER ! -i docker0 -o docker0 -j DROP
	$tables -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
	$tables -A DOCKER-ISOLATION-STAGE-1 -j RETURN
	$tables -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
	$tables -A DOCKER-ISOLATION-STAGE-2 -j RETURN
	$tables -A DOCKER-USER -j RETURN
done
assert_fail "Docker: nothing leaves" out4
assert_fail "Docker: nor by IPv6" out6
mended Docker "FORWARD of table ip filter (Docker)" "FORWARD of table ip6 filter (Docker)"
assert_match "Docker: in the chain that is its user's" "mu[+]" "$(iptables -S DOCKER-USER)"
nft delete table ip filter
nft delete table ip6 filter

# Debian's engine, with a container whose port it publishes beside ours. Of version 20.10, its IPv6 chains have no DOCKER-USER.
D=/run/docker-test
mkdir -p $D/box/bin
cp "$(command -v busybox)" $D/box/bin/
# The engine asks for the devices controller, where there is v1.
if grep -q :devices: /proc/self/cgroup; then cgroups_view v1; else cgroups_view v2; fi
d() { timeout 60 docker -H unix://$D/sock "$@"; }
dockerd_start() {
	dockerd --data-root $D/root --exec-root $D/exec --pidfile $D/pid -H unix://$D/sock --storage-driver vfs --experimental \
		--ipv6 --fixed-cidr-v6 fd00:d0c::/64 --ip6tables >>$D/log 2>&1 &
	dockerd=$!
	sandbox_keep $dockerd
	eventually 30 d version || die "no Docker: $(tail -n 5 $D/log)"
}
dockerd_start
assert_fail "Docker of Debian: nothing leaves" out4
assert_fail "Docker of Debian: nor by IPv6" out6
mended "Docker of Debian" "FORWARD of table ip filter (Docker)" "FORWARD of table ip6 filter (iptables)"
tar -C $D/box -c . | d import - box >/dev/null || die "no image"
assert_ok "Docker of Debian: a container of its own" d run -d --name web --ulimit nofile=1024:1024 -p 8090:80 box \
	/bin/busybox httpd -f -p 80
theirs() { [[ $(outside curl -s -o /dev/null -m 2 -w '%{http_code}' "http://$HOST4:8090/") == 404 ]]; }
assert_ok "Docker of Debian: is reached beside ours" eventually 10 theirs
assert_ok "Docker of Debian: ours flow all the same" flows
kill $dockerd
wait $dockerd 2>/dev/null
dockerd_start
assert_ok "Docker of Debian: started again, all flows" flows
assert_eq "Docker of Debian: and doctor has nothing to say" "" "$(problems)"
assert_ok "Docker of Debian: check is clean" moat check
kill $dockerd
wait $dockerd 2>/dev/null
ip link del docker0
for family in ip ip6; do
	for table in filter nat; do nft delete table $family $table 2>/dev/null; done
done
cgroups_view none
assert_ok "Docker gone: all flows" flows

ufw --force enable >/dev/null 2>&1 || die "ufw does not start: $(ufw --force enable 2>&1)"
assert_fail "ufw: nothing leaves" out4
assert_fail "ufw: nor comes in" in4
mended ufw "FORWARD of table ip filter (ufw)" "FORWARD of table ip6 filter (ufw)"
ufw --force disable >/dev/null 2>&1
for family in ip ip6; do
	for table in filter nat mangle raw; do nft delete table $family $table 2>/dev/null; done
done
assert_ok "ufw gone: all flows" flows

mkdir -p /run/dbus /run/firewalld
dbus-daemon --system --nofork --nopidfile >/run/dbus.log 2>&1 &
sandbox_keep $!
eventually 5 test -S /run/dbus/system_bus_socket || die "no bus: $(</run/dbus.log)"
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket
firewalld --nofork --nopid >/run/firewalld.log 2>&1 &
firewalld=$!
sandbox_keep $firewalld
assert_ok "firewalld runs" eventually 30 timeout 5 firewall-cmd --state
assert_fail "firewalld: nothing leaves" out4
assert_ok "firewalld: what is published comes in by its own rules" in4
mended firewalld "filter_FORWARD of table inet firewalld (firewalld)"
assert_ok "firewalld: and after it was loaded again" timeout 20 firewall-cmd --reload
assert_ok "firewalld: all flows" flows
assert_eq "firewalld: doctor has nothing to say" "" "$(problems)"
kill $firewalld
wait $firewalld 2>/dev/null
nft delete table inet firewalld 2>/dev/null

# Somebody's own table
nft -f - <<'END'
table inet edge {
	chain pass {
		type filter hook forward priority 10; policy accept;
		ct state established accept
		counter log prefix "edge " drop
	}
}
END
assert_fail "a table of one's own: nothing leaves" out4
mended "a table of one's own" "pass of table inet edge"
nft delete table inet edge
assert_status 0 "check is clean" moat check
finish
