#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sandbox_test - the tests' own walls: what a test breaks inside stays inside, what it leaves is told,
# a failure is a failure. Without this, every green root test would prove nothing.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/sandbox.sh"
sandbox_enter "$@"

export SANDBOX_PATIENCE=1
lib=$(dirname "$0")
small=/run/sandbox/small.sh
# run_small TEXT - a test of its own, in a sandbox inside this one
run_small() {
	printf '#!/bin/bash\n. %q/sandbox.sh\nsandbox_enter "$@"\n%s\n' "$lib" "$1" >"$small"
	chmod 755 "$small"
	"$small"
}

assert_ok "a test that passes passes" run_small 'assert_eq same 1 1; finish'
assert_status 1 "a test with one failure fails" run_small 'assert_eq same 1 2; assert_eq same 1 1; finish'
assert_status 1 "a test without an assertion fails" run_small finish
assert_status 1 "a command that is missing is no expected failure" run_small 'assert_fail x no-such-command; finish'
assert_status 77 "a skip is 77" env MOAT_MUST_WORK=0 bash -c ". $lib/sandbox.sh; skip because"
assert_status 1 "a skip under MOAT_MUST_WORK=1 is a failure" env MOAT_MUST_WORK=1 bash -c ". $lib/sandbox.sh; skip because"

assert_ok "the inner sandbox may ruin what it has" run_small 'rm /dev/null; echo x >/dev/null; rm -rf /run/netns
	ip link add wild type veth peer name west; echo x >/var/lib/moat/x; hostname gone; assert_eq x 1 1; finish'
assert_ok "/dev/null is a device still" test -c /dev/null
assert_fail "no link came out" ip link show wild
assert_fail "no file came out" test -e /var/lib/moat/x
assert_eq "no name came out" sandbox "$(hostname)"

leaver='sandbox_mark; %s; leftovers; finish'
# shellcheck disable=SC2059
{
	assert_ok "nothing left is no leftover" run_small "$(printf "$leaver" true)"
	assert_status 1 "a link left is told" run_small "$(printf "$leaver" 'ip link add wild type veth peer name west')"
	assert_status 1 "a namespace left is told" run_small "$(printf "$leaver" 'ip netns add wild')"
	assert_status 1 "a process left is told" run_small "$(printf "$leaver" 'sleep 60 & true')"
	assert_status 1 "a route left is told" run_small "$(printf "$leaver" 'ip route add 192.0.2.0/24 dev lo')"
}

# Here this sandbox is the machine.
assert_status 99 "run_and_check tells of a link" "$lib/run_and_check" ip link add wild type veth peer name west
assert_status 99 "run_and_check tells of /dev" "$lib/run_and_check" rm /dev/zero
assert_status 99 "run_and_check tells of /run" "$lib/run_and_check" mkdir /run/moat
assert_status 99 "run_and_check tells of a process" "$lib/run_and_check" sh -c 'sleep 60 >/dev/null 2>&1 &'
assert_status 3 "run_and_check passes the status on" "$lib/run_and_check" sh -c 'exit 3'

sandbox_outside
assert_eq "outside answers over IPv4" "outside $HOST4" "$(curl -s "http://$OUTSIDE4/")"
assert_eq "outside answers over IPv6" "outside $HOST6" "$(curl -g -s "http://[$OUTSIDE6]/")"
finish
