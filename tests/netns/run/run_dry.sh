#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# --dry-run of the verbs of containers: what each would do, an operation a line, the daemon's among them; nothing changes.
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need python3 busybox
sandbox_mark
export MOAT_STATE_DIR=$STATE
layout=/run/sandbox/layout
start_moatd
moat tenant create red
moat network create red/web --subnet 10.0.0.0/24
moat network create red/db --subnet 10.0.1.0/24
moat run -d --name red/a --network red/web -- sleep 1000
moat run --name red/done --network red/web -- true
python3 "$SANDBOX_TOP/tests/lib/ocilayout.py" "$layout" "$(command -v busybox)"

everything() {
	moat ps -a --json
	moat endpoint list red --json
	moat publish list red --json
	find "$RT/containers" "$STATE" ! -name '*-shm' ! -name '*-wal' -printf '%p %s %T@\n' 2>/dev/null | sort
	pgrep -x moat-shim
}
# dry WHAT LINES VERB... - its lines, without ids and what the daemon says more of an object than its kind
dry() {
	local what=$1 want=$2 before
	shift 2
	before=$(everything)
	assert_eq "$what" "$want" "$(moat "$@" | cut -d' ' -f1-3 | grep -E '^[-+~] (container|image|process|files)' | xargs)"
	assert_eq "and nothing has changed" "$before" "$(everything)"
}

# ------------------------------------------------------------ run
dry "run" "+ container red/new" run --dry-run -d --name red/new --network red/web --network red/db -p 8081:80 -- nginx -g 'daemon off;'
plan=$(moat run --dry-run -d --name red/new --network red/web --network red/db -p 8081:80 -- nginx -g 'daemon off;')
assert_eq "its command" "+ container red/new command=nginx -g daemon off;" "$(head -1 <<<"$plan")"
assert_eq "a link for each network" "2" "$(grep -c '^+ link ' <<<"$plan")"
assert_match "with the name it would have in the container" "peer=[^ ]*eth1" "$plan"
assert_match "the port that it would publish" "8081" "$plan"
assert_eq "both in the one stack that there will be" 1 "$(grep -o 'container:[0-9a-f]*' <<<"$plan" | sort -u | wc -l)"
assert_eq "another dry run is shown the same addresses: none was taken" "$(grep -o 'addr=10[^ ]*' <<<"$plan" | xargs)" \
	"$(moat run --dry-run -d --name red/new --network red/web --network red/db -p 8081:80 -- nginx | grep -o 'addr=10[^ ]*' | xargs)"
assert_match "as a document" '^\{"plan": ?\["\+ container red/new' "$(moat run --dry-run --json --name red/new --network red/web -- true)"
dry "with loopback alone" "+ container default/lo" run --dry-run --name lo -- true
assert_status 125 "a name that is taken is refused" moat run --dry-run --name red/a -- true
assert_match "by name" "red/a: a container has that name" "$output"
assert_status 125 "an ordinary user makes no containers, and has no plan" setpriv --reuid nobody --regid nogroup --clear-groups -- "$MOAT_BIN_DIR/moat" run --dry-run -- true
assert_match "and is told so" "containers are root's" "$output"
assert_status 125 "a network that is not there" moat run --dry-run --name red/b --network red/nosuch -- true
assert_status 125 "a container to join that does not run" moat run --dry-run --name red/b --net container:red/done -- true
assert_match "by name" "red/done: the container to join does not run" "$output"
assert_status 125 "and all that run itself refuses" moat run --dry-run --name red/b -v /nosuch:/x -- true
dry "an image that is not unpacked" "+ image $(python3 -c "
import json
index = json.load(open('$layout/index.json'))
print(next(m['digest'] for m in index['manifests'] if m['annotations']['org.opencontainers.image.ref.name'] == 'busybox'))") + container default/i" \
	run --dry-run --name i --image $layout:busybox
assert_status 125 "one that is not there" moat run --dry-run --name i --image $layout:nosuch

# ------------------------------------------------------------ the others
dry "exec" "+ process red/a" exec --dry-run red/a -- ls -l
assert_match "with its words" "command=ls -l" "$(moat exec --dry-run red/a -- ls -l)"
assert_status 125 "not in one that has ended" moat exec --dry-run red/done -- ls
dry "stop" "~ container red/a" stop --dry-run red/a
dry "of one that has ended" "" stop --dry-run red/done
dry "restart, of both" "~ container red/a ~ container red/a ~ container red/done" restart --dry-run red/a red/done
assert_match "kill" "signal=HUP" "$(moat kill --dry-run -s HUP red/a)"
assert_status 4 "not what has ended" moat kill --dry-run red/done
assert_match "pause" "^~ container red/a status=paused$" "$(moat pause --dry-run red/a)"
assert_match "unpause" "^~ container red/a status=running$" "$(moat unpause --dry-run red/a)"
dry "cp, in" "~ files red/a:/tmp" cp --dry-run /etc/hosts red/a:/tmp
dry "and out" "~ files /tmp/x" cp --dry-run red/a:/etc/hosts /tmp/x
assert_status 3 "not of what is not there" moat cp --dry-run /etc/hosts red/nosuch:/tmp
assert_status 2 "nor between two of ours" moat cp --dry-run /etc/hosts /tmp/x
assert_status 4 "rm of one that runs is refused" moat rm --dry-run red/a
dry "rm -f" "~ container red/a - container red/a" rm -f --dry-run red/a
assert_eq "its link goes with it" 1 "$(moat rm -f --dry-run red/a | grep -c '^- link ')"
dry "rm of one that has ended" "- container red/done" rm --dry-run red/done
dry "of none" "" rm --dry-run red/nosuch
assert_status 3 "which is told when asked" moat rm --strict --dry-run red/nosuch
for verb in ps "logs red/a" "inspect red/a" stats "wait red/done"; do
	# shellcheck disable=SC2086
	assert_status 2 "$verb changes nothing, and has no plan" moat $verb --dry-run
done
moat rm -f red/a red/done >/dev/null
moat tenant delete red --force
stop_moatd
leftovers "no mount, no process is left"
finish
