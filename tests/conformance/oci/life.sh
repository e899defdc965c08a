#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# life - the operations and the lifecycle of runtime.md, sentence by sentence where it says MUST.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
. "$(dirname "$0")/oci.sh"
exec 2>&1
bundle life

# ------------------------------------------------------------ State
args sleep 100
assert_ok "create" bg create --pid-file /run/pid a
state=$(rt state a)
assert_eq "State: ociVersion, id, bundle" "1.3.0 a /run/b/life" "$(jq -r '"\(.ociVersion) \(.id) \(.bundle)"' <<<"$state")"
assert_eq "State: status is created" created "$(jq -r .status <<<"$state")"
assert_eq "State: pid is that of the pid file" "$(</run/pid)" "$(jq -r .pid <<<"$state")"
assert_ok "the pid file was there when create returned" test -s /run/pid
assert_eq "the container is a child of who called" 1 "$(awk '/^PPid/ { print $2 }' /proc/"$(</run/pid)"/status)"
assert_fail "State: of one that is not there is an error" rt state nosuch
assert_match "it names the container" "nosuch.*does not exist" "$output"

# ------------------------------------------------------------ Create
assert_fail "Create: an id that is taken is an error" bg create a
assert_match "it names the id" "a: a container of this id exists" "$output"
assert_eq "and the first one is as it was" created "$(status_of a)"
assert_fail "Create: without a bundle is an error" bg create --bundle /run/nosuch b
for id in ../x a/b . .. "" "a b" "$(printf 'x%.0s' {1..1100})"; do
	assert_fail "an id of \"${id:0:20}\" is refused" bg create "$id"
done
assert_ok "nothing was made by those" test ! -e /run/x -a ! -e "$OCI_ROOT/../x"
cp config.json config.kept
config '.process.args = ["touch", "/never"] | .hostname = "late"'
assert_ok "Start" rt start a
assert_eq "Start: status is running" running "$(status_of a)"
assert_eq "Create: later changes of config.json have no effect" "sleep 100 moat" \
	"$(tr '\0' ' ' <"/proc/$(pid_of a)/cmdline")$(nsenter -u -t "$(pid_of a)" hostname)"
mv config.kept config.json

# ------------------------------------------------------------ Start, Kill, Delete
assert_fail "Start: of one that is not created is an error" rt start a
assert_match "it says what it is" "running" "$output"
assert_fail "Start: of one that is not there is an error" rt start nosuch
assert_fail "Delete: of one that is not stopped is an error" rt delete a
assert_eq "and has no effect" running "$(status_of a)"
assert_fail "Kill: an unknown signal is an error" rt kill a NOSUCH
assert_ok "Kill: by name" rt kill a CONT
assert_ok "Kill: by name with SIG" rt kill a SIGCONT
assert_ok "Kill: by name in small letters" rt kill a sigcont
assert_ok "Kill: of the real-time signals" rt kill a rtmin+1
assert_ok "Kill: 0 asks whether it is there" rt kill a 0
assert_ok "Kill: by number" rt kill a 9
assert_ok "State: stopped when its process has ended" eventually 5 is_status a stopped
assert_fail "Kill: of one that is stopped is an error" rt kill a KILL
assert_fail "Kill: of one that is not there is an error" rt kill nosuch KILL
assert_ok "Delete" rt delete a
assert_fail "Delete: of one that is not there is an error" rt delete a
assert_ok "with --force it is not" rt delete --force a
assert_ok "nothing of it is left" test -z "$(ls "$OCI_ROOT")"
assert_ok "Delete: its id can be used again" bg create a
assert_fail "Delete: of one that is created is an error" rt delete a
assert_ok "with --force it is killed first" rt delete -f a
assert_ok "Kill: one that is created" bg create a
assert_ok "is killed" rt kill a KILL
assert_ok "and stopped" eventually 5 is_status a stopped
rt delete a

# ------------------------------------------------------------ run, exit status
assert_eq "run: its output" "hello" "$(inside echo hello)"
args sh -c 'exit 42'
assert_status 42 "run: its exit status" rt run r
args sh -c 'kill -9 $$'
args sleep 50
"$RUNTIME" --root "$OCI_ROOT" run r </dev/null &
eventually 5 is_status r running
rt kill r KILL
wait $!
assert_eq "run: killed by a signal is 128 and its number" 137 $?
args sh -c 'trap "exit 7" USR1; while :; do sleep 0.05; done'
"$RUNTIME" --root "$OCI_ROOT" run r </dev/null &
eventually 5 is_status r running
sleep 0.2
kill -USR1 $!
wait $!
assert_eq "run: signals it gets are the container's" 7 $?
args nosuch
assert_fail "a program that is not there is told by create" bg create r
assert_match "as engines expect it" "executable file not found in .PATH" "$output"
args /etc
assert_fail "a folder is no program" rt run r
assert_match "as engines expect it" 'ermission denied' "$output"
args sleep 50
assert_ok "detached" bg run -d --pid-file /run/pid r
rt delete -f r
assert_ok "nothing is left of any" test -z "$(ls "$OCI_ROOT")"

# ------------------------------------------------------------ log
assert_fail "an error" rt --log /run/log --log-format json state nosuch
assert_eq "is a record of JSON, as podman and containerd read it" "error nosuch: container does not exist" \
	"$(jq -r '"\(.level) \(.msg)"' /run/log)"
assert_ok "a FIFO as configuration is refused" mkfifo /run/fifo
assert_fail "and nobody waits" bg create --config /run/fifo f
assert_eq "list: JSON" "[]" "$(rt list --format json)"
finish
