#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# oci_network - containers of moat-runtime that attach themselves to Moat's networks by annotation: they reach each other
# and the world outside before their first instruction, a published port leads in, and all of it goes with them.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
. "$(dirname "$0")/../../conformance/oci/oci.sh"
exec 2>&1
sandbox_outside
start_moatd
assert_ok "a tenant" moat tenant create red
assert_ok "a network" moat network create red/web --subnet 10.7.0.0/24
assert_ok "another" moat network create red/db --subnet 10.8.0.0/24
bundle net '.annotations = {"io.moat.network": "red/web,ip=10.7.0.10", "io.moat.publish": "8080:80"}
	| .linux.namespaces -= [{"type": "cgroup"}] | .mounts = [.mounts[] | select(.type != "cgroup")] | del(.linux.resources)'
args sh -c 'mkdir -p /dev/shm/www; echo served >/dev/shm/www/index.html; exec httpd -f -p 80 -h /dev/shm/www'
assert_ok "a container that says its network" bg run -d server
assert_match "the daemon knows it" "red/server" "$(moat endpoint list red)"
assert_match "the address it asked for" "10.7.0.10/24" "$(rt exec server ip -4 addr show eth0)"
assert_ok "its port is published" eventually 5 curl -s -m 2 "http://$HOST4:8080/"
assert_eq "from outside, too" served "$(outside curl -s -m 5 "http://$HOST4:8080/")"
config '.annotations = {"io.moat.network": "red/web red/db,ifname=db0"}'
assert_match "another container reaches it with its first instruction" "served" "$(inside wget -q -O - http://10.7.0.10/)"
assert_match "and has the second network" "10.8.0." "$(inside ip -4 addr show db0)"
assert_match "and the world" "outside" "$(inside wget -q -O - "http://$OUTSIDE4/")"
config '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "exit 1"]}]'
assert_fail "a create that fails" bg create broken
assert_eq "leaves no stack" "" "$(moat endpoint list red | grep broken)"
config 'del(.hooks)'
args true
config '.annotations = {"io.moat.network": "red/nosuch"}'
assert_fail "a network that is not there" bg create broken
assert_match "is named" "red/nosuch" "$output"
config '.annotations = {"io.moat.network": "red/web"}'
moat attach red/web --create --name elses >/dev/null
assert_fail "the name of a stack that is somebody else's" bg create elses
assert_match "is refused" "elses" "$output"
assert_match "and that one stays" "red/elses" "$(moat endpoint list red)"
moat detach red/elses >/dev/null
refuses "networks of two tenants" "one tenant" '.annotations = {"io.moat.network": "red/web blue/web"}'
refuses "what is no network" "io.moat.network" '.annotations = {"io.moat.network": " "}'
refuses "a name that is none" "io.moat.network: " '.annotations = {"io.moat.network": "///"}'
refuses "without a network namespace" "network namespace" '.linux.namespaces -= [{"type": "network"}] | .annotations = {"io.moat.network": "red/web"}'
assert_ok "the container is deleted" rt delete -f server
assert_eq "its endpoint with it" "" "$(moat endpoint list red | grep server)"
assert_ok "the tenant can go" moat tenant delete red --force
stop_moatd
config '.annotations = {"io.moat.network": "red/web"}'
assert_fail "without the daemon it is refused" bg create alone
assert_match "and that is said" "moatd" "$output"
assert_ok "nothing is left" test -z "$(ls "$OCI_ROOT")"
finish
