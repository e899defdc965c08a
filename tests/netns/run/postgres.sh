#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two clusters of PostgreSQL, same user, same port, same folder and so the same key of their shared
# memory, in two containers under pgbench at once: neither sees the other's segments, each has its own
# transactions and no others.
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need pgbench ipcs
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || skip "no PostgreSQL here"
sandbox_mark
psql_of() { moat exec "$1" -- psql -qAt -c "$2"; }
ready() { [[ $(psql_of "$1" 'select 1') == 1 ]]; }

for pg in pg1 pg2; do
	assert_ok "$pg starts" moat run -d --name $pg -- postgres -c fsync=off -c port=5432 -c shared_memory_type=sysv
done
for pg in pg1 pg2; do
	if eventually 30 ready $pg; then pass "$pg answers"; else fail "$pg does not answer" "$(moat logs $pg 2>&1)"; fi
done
# postmaster.pid, line 4: port, line 7: key and id of the segment
line() { moat exec "$1" -- sed -n "$2p" "$(moat exec "$1" -- sh -c 'ls /var/lib/postgresql/*/main/postmaster.pid')" | awk '{ print $1 }'; }
assert_eq "both have the same port" "5432 5432" "$(line pg1 4) $(line pg2 4)"
key=$(line pg1 7)
assert_match "and a segment by key" '^[0-9]+$' "$key"
assert_eq "which is the same" "$key" "$(line pg2 7)"
size() { moat exec "$1" -- ipcs -m | awk '/^0x/ { print $5 }' | xargs; }
# decimal KEY, owner: of each segment
segments() { awk '/^0x/ { print $1, $3 }' | while read -r hex owner; do echo "$((hex)) $owner"; done; }
shown() { moat exec "$1" -- ipcs -m | segments; }
assert_eq "ipcs in the one shows its own only" "$key postgres" "$(shown pg1)"
assert_eq "ipcs in the other shows its own only" "$key postgres" "$(shown pg2)"
assert_eq "and the host's none of them" "" "$(ipcs -m | grep ^0x)"
assert_match "large ones both" '^[0-9]{7,} [0-9]{7,}$' "$(size pg1) $(size pg2)"
# That this is more than a listing's manners: who shares the one's IPC sees its segment.
assert_eq "shared on request it is seen" "$key postgres" \
	"$(moat run --rm --ipc container:pg1 -- ipcs -m | segments)"

for pg in pg1 pg2; do
	moat exec $pg -- pgbench -q -i -s 1 >/run/sandbox/$pg.init 2>&1 || fail "pgbench -i in $pg" "$(cat /run/sandbox/$pg.init)"
done
bench() { moat exec "$1" -- pgbench -c 4 -j 2 -T 3 >/run/sandbox/"$1".bench 2>&1; }
bench pg1 &
first=$!
bench pg2 &
second=$!
wait $first || fail "pgbench in pg1" "$(cat /run/sandbox/pg1.bench)"
wait $second || fail "pgbench in pg2" "$(cat /run/sandbox/pg2.bench)"
for pg in pg1 pg2; do
	done_here=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' /run/sandbox/$pg.bench)
	assert_match "$pg: transactions" '^[1-9][0-9]+$' "$done_here"
	assert_eq "$pg has its own and no others" "$done_here" "$(psql_of $pg 'select count(*) from pgbench_history')"
	assert_eq "$pg: its balances agree" t \
		"$(psql_of $pg 'select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history)')"
	note "$pg: $(grep '^tps' /run/sandbox/$pg.bench)"
done
finish
