#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# host_pools - addresses of uplinks and networks overlap no route of the host: not when they are chosen, and what comes
# later (a VPN) is told with the line that mends it; that line is written, and tenants go on with other uplinks.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ip curl
sandbox_outside
# A VPN on the first two candidates of either pool.
ip link add vpn0 type veth peer name vpn1
ip addr add 10.200.0.1/24 dev vpn0
ip link set vpn0 up
ip link set vpn1 up
for net in 10.97.0.0/17 10.111.4.0/24 10.64.0.0/10; do ip route add $net via 10.200.0.2 dev vpn0; done

# pools LEVEL - findings of that level, message and remedy
pools() { moat --json doctor | /usr/bin/python3 -c 'import json,sys
for f in json.load(sys.stdin)["findings"]:
    if f["subject"] == "pools" and f["level"] == sys.argv[1]:
        print(f["message"], f["remedy"], sep="\t")' "$1"; }
field() { moat --json "$1" show "$2" | /usr/bin/python3 -c 'import json,sys; print(*json.load(sys.stdin)[sys.argv[1]][sys.argv[2]])' "$1" "$3"; }
uses() {
	assert_ok "$1: a tenant reaches outside" moat enter red/a -- curl -s -o /dev/null -m 3 "http://$OUTSIDE4/"
	assert_ok "$1: and by IPv6" moat enter red/a -- curl -g -s -o /dev/null -m 3 "http://[$OUTSIDE6]/"
	assert_ok "$1: and is reached" outside curl -s -o /dev/null -m 3 "http://$HOST4:8080/"
	assert_ok "$1: and by IPv6" outside curl -g -s -o /dev/null -m 3 "http://[$HOST6]:8080/"
}

touch /run/moatd.yaml
start_moatd --config /run/moatd.yaml
moat tenant create red >/dev/null && moat network create red/web >/dev/null &&
	moat attach red/web --create --name a -p 8080:80 >/dev/null || die "the tenant"
moat enter red/a -- "$SANDBOX_TOP/tests/lib/whoami.py" red :: 80 >/dev/null 2>&1 &
sandbox_keep $!
eventually 10 outside curl -s -o /dev/null -m 1 "http://$HOST4:8080/"
assert_match "uplinks are where nothing else is" "^172[.]29[.]" "$(field tenant red transit)"
assert_match "networks, too" "^172[.]2[4-7][.]" "$(field network red/web subnets)"
assert_match "doctor says so" "172[.]29[.]0[.]0/16" "$(pools ok)"
assert_eq "and has nothing else to say" "" "$(pools problem)$(pools warning)"
uses "at first"

ip route add 172.29.7.0/24 via 10.200.0.2 dev vpn0
ip route add 172.24.0.0/13 via 10.200.0.2 dev vpn0 metric 5000
problem=$(pools problem)
assert_match "a route that comes later is told" "the route to 172[.]29[.]7[.]0/24 by vpn0 overlaps 172[.]29[.]0[.]0/16" "$problem"
assert_match "of networks as well" "the route to 172[.]24[.]0[.]0/13 by vpn0 overlaps 172[.]24[.]0[.]0/14" "$(pools warning)"
assert_match "with the line that mends it" "write 'transit4: 192[.]168[.]192[.]0/18' into" "$problem"
line=${problem#*write \'} line=${line%%\'*}
old=$(field tenant red transit)
stop_moatd
echo "$line" >>/run/moatd.yaml
start_moatd --config /run/moatd.yaml
assert_match "the line as it was told: uplinks are there" "^192[.]168[.]192[.]" "$(field tenant red transit)"
assert_eq "addresses of before are gone" "" "$(ip -o addr show | grep -F "${old%%/*}")"
assert_status 0 "check is clean" moat check
assert_eq "doctor finds no more overlap of uplinks" "" "$(pools problem)"
uses "with other uplinks"
stop_moatd

refused() {
	local out
	out=$("$MOAT_BIN_DIR/moatd" --runtime-dir "$RT" --state-dir "$STATE" --engine-user 64999 --config /run/moatd.yaml 2>&1 &
		pid=$!; sleep 1; kill $pid; wait $pid)
	assert_match "$1" "$2" "$out"
	assert_eq "and nothing of its own making" "" "$(grep -o "bad message.*" <<<"$out" | head -1)"
}
echo "transit4: 10.0.0.0/8" >>/run/moatd.yaml
"$MOAT_BIN_DIR/moatd" --runtime-dir "$RT" --state-dir "$STATE" --engine-user 64999 --config /run/moatd.yaml >/dev/null 2>&1 &
waited=$!
eventually 5 test -S "$RT/moatd.sock"
assert_status 1 "who asks meanwhile does not wait" timeout 10 "$MOAT_BIN_DIR/moat" version
assert_match "and reads the line that is wrong" "moatd is not ready: /run/moatd.yaml: line 2: transit4 is given twice" "$output"
kill $waited
wait $waited
refused "a file that makes no sense keeps the daemon from starting, and says why" "/run/moatd.yaml: line 2: transit4 is given twice"
sed -i '$d' /run/moatd.yaml
chmod 666 /run/moatd.yaml
refused "and so does one that everybody may write" "/run/moatd.yaml must belong to root"
chmod 644 /run/moatd.yaml
start_moatd --config /run/moatd.yaml
uses "mended"
finish
