#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# store_rows - single rows of the store that cannot be loaded: they stay byte for byte, what the kernel has of them stands and
# works, their tenant is told so, and all other tenants are served. With the row put back all is known again; with the row
# given up what it told of goes, and nothing else. (Files that are broken as a whole: store.sh. Documents one by one:
# tests/unit/engine_aside.c.)
# shellcheck source-path=SCRIPTDIR source=../lib/sandbox.sh
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need python3 nsenter ip nft bridge curl
sandbox_outside
start_moatd
sandbox_mark
definitions=$STATE/engine/moat.db
volatile=$RT/engine/volatile.db

# of JSON on standard input: field PATH
field() { python3 -c 'import json, sys; print(eval("d" + sys.argv[1], {"d": json.load(sys.stdin)}))' "$1"; }
port=8080
declare -A port_of
for tenant in red blue green; do
	moat -q tenant create $tenant || die "no tenant"
	moat -q network create $tenant/web --subnet 10.0.0.0/24 --subnet fd00:5::/64 || die "no network"
	moat -q attach $tenant/web --create --name server -p $port:80 || die "no endpoint"
	moat -q attach $tenant/web --create --name idle || die "no endpoint"
	nsenter --net="$(moat --json endpoint show $tenant/server | field '["endpoint"]["netnsPath"]')" \
		"$SANDBOX_TOP/tests/lib/whoami.py" $tenant :: 80 &
	sandbox_keep $!
	port_of[$tenant]=$((port++))
done
mapfile -t places < <(for tenant in red blue green; do
	moat --json tenant show $tenant | field '["tenant"]["routerNetns"]'
done; moat --json endpoint show red/server | field '["endpoint"]["netnsPath"]')

state() {
	PYTHONPATH=$SANDBOX_TOP/tests/lib PYTHONDONTWRITEBYTECODE=1 python3 -c '
import sys, kernelstate
for path in [None] + sys.argv[1:]:
    print("\n".join(kernelstate.read(path)))' "${places[@]}"
}
objects() { moat --json endpoint list && moat --json network list && moat --json tenant list; }
serves() { [[ $(outside curl -s -m 3 "http://$HOST4:${port_of[$1]}/") == "$1 "* ]]; }
# sql FILE STATEMENT - what it selects, if anything
sql() {
	python3 -c '
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for row in db.execute(sys.argv[2]):
    print(*row)
db.commit()' "$@"
}
rows() { sql "$definitions" 'SELECT quote(id), quote(kind), quote(state), quote(doc), seq FROM rows ORDER BY id' &&
	sql "$volatile" "SELECT quote(id), quote(kind), quote(state), quote(doc), seq FROM rows WHERE kind <> 'memory' ORDER BY id"; }
id_of() { moat --json "$1" show "$2" | field "[\"$1\"][\"id\"]"; }
restarted() {
	kill -KILL "$(moat_pids moatd-engine)"
	eventually 15 moat version
}

for tenant in red blue green; do
	eventually 10 serves $tenant || die "the port of $tenant does not work"
done
kernel_before=$(state)
objects_before=$(objects)
endpoint=$(id_of endpoint red/server)
network=$(id_of network red/web)
tenant_id=$(id_of tenant green)
stop_moatd # who has the files open has them alone
stack=$(sql "$volatile" "SELECT id FROM rows WHERE kind = 'stack' AND json_extract(doc, '\$.tenant') = 'red' AND json_extract(doc, '\$.name') = 'server'")
[[ -n $stack ]] || die "no row of the stack"
start_moatd

# damaged WHAT TENANTS ROWS STATEMENT STATEMENT - with a row of these tenants changed in the definitions, and one in the volatile file
damaged() {
	local what=$1 tenants=$2 rows=$3 kept log whose row
	stop_moatd
	cp -a "$definitions" "$volatile" /run/sandbox/
	sql "$definitions" "$4" && sql "$volatile" "$5" || die "$what: cannot do it"
	kept=$(rows)
	: >"$MOATD_LOG"
	start_moatd
	log=$(<"$MOATD_LOG")
	assert_eq "$what: the kernel is as it was" "" "$(diff <(printf '%s\n' "$kernel_before") <(state))"
	assert_status 5 "$what: check says that not all is well" moat check
	for row in $rows; do
		assert_match "$what: the log names row $row" "row $row, of kind .* is set aside" "$log"
		assert_match "$what: check names it and its file" "aside .*row $row.*\.db" "$output"
		assert_match "$what: doctor names it" "problem +store: row $row.*cannot be loaded" "$(moat doctor)"
	done
	assert_status 5 "$what: repairing mends nothing of it" moat check --repair
	assert_status 0 "$what: blue has nothing to do with it" moat check blue
	for tenant in red blue green; do
		if serves $tenant; then pass "$what: the port of $tenant works"; else fail "$what: the port of $tenant does not work"; fi
	done
	# another tenant is served
	assert_ok "$what: blue attaches" moat attach blue/web --create --name new -p 8099:80
	assert_ok "$what: and detaches" moat detach blue/new
	assert_ok "$what: a tenant is made, with a network" moat tenant create violet
	assert_ok "$what: with an uplink" moat network create violet/web --subnet 10.9.0.0/24
	for tenant in red green; do
		serves $tenant || fail "$what: the new tenant got the uplink of $tenant"
	done
	assert_ok "$what: and deleted" moat tenant delete violet --force
	for whose in $tenants; do
		for request in "attach $whose/web --create --name new" "publish $whose/idle -p 8098:80" \
			"network create $whose/more --subnet 10.8.0.0/24" "network set $whose/web --mtu 1400" \
			"network delete $whose/web --force" "tenant delete $whose --force" "detach $whose/nobody"; do
			# shellcheck disable=SC2086
			assert_status 4 "$what: refused: $request" moat $request
			[[ $output == *"cannot be loaded"*"moat doctor"* ]] || fail "$what: $request: why?" "$output"
		done
	done
	restarted
	if eventually 15 unchanged; then
		pass "$what: and after all that, and another start, it still is"
	else
		fail "$what: and after all that it is not" "$(diff <(printf '%s\n' "$kernel_before") <(state))"
	fi
	stop_moatd
	assert_eq "$what: the rows are as they were" "$kept" "$(rows)"
	cp -a /run/sandbox/moat.db "$definitions"
	cp -a /run/sandbox/volatile.db "$volatile"
	rm -f "$definitions"-* "$volatile"-*
	start_moatd
	assert_ok "$what: the good rows back: check is clean" moat check
	assert_eq "$what: all is known" "$objects_before" "$(objects)"
}
unchanged() { [[ $(state) == "$kernel_before" ]]; }

damaged "a tenant's and an endpoint's, unreadable" "green red" "$tenant_id $endpoint" \
	"UPDATE rows SET doc = '{' WHERE id = '$tenant_id'" "UPDATE rows SET doc = 'x' WHERE id = '$endpoint'"
# of what has no id it cannot be told what stands for it: then a comparison removes nothing from anybody
damaged "a guard that is neither, and a stack's without id" red "$network zz" \
	"UPDATE rows SET doc = json_set(doc, '\$.guard', 'maybe') WHERE id = '$network'" "UPDATE rows SET id = 'zz' WHERE id = '$stack'"

# What the tenant of such a row has besides can be taken away, and told
stop_moatd
sql "$volatile" "UPDATE rows SET doc = 'x' WHERE id = '$endpoint'"
start_moatd
assert_eq "the tenant shows how many there are" 1 "$(moat --json tenant show red | field '["tenant"]["aside"]')"
assert_eq "another has none" 0 "$(moat --json tenant show blue | field '["tenant"]["aside"]')"
assert_ok "what is known of the tenant can be taken away" moat detach red/idle
if serves red; then pass "and the rest works on"; else fail "detaching one broke the other"; fi
assert_match "doctor says how to give it up" "DELETE FROM rows WHERE id = '$endpoint'" "$(moat doctor)"

# Given up as doctor says: what it told of goes at the next start, and nothing else.
stop_moatd
sql "$volatile" "DELETE FROM rows WHERE id = '$endpoint'"
start_moatd
assert_ok "given up: check is clean" moat check
if serves red; then fail "given up: its port still works"; else pass "given up: its port is gone"; fi
for tenant in blue green; do
	if serves $tenant; then pass "given up: $tenant is served"; else fail "given up: $tenant is not served"; fi
done
assert_ok "given up: the tenant can make things again" moat attach red/web --create --name again -p "${port_of[red]}:80"
for tenant in red blue green; do
	moat -q tenant delete $tenant --force
done
SANDBOX_ALLOWED='whoami.py' leftovers
stop_moatd
finish
