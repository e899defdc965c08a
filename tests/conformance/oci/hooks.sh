#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# hooks - config.md, POSIX-platform Hooks, and the lifecycle of runtime.md: when each runs, where, with what, and what
# becomes of the container when it fails.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
. "$(dirname "$0")/oci.sh"
exec 2>&1
bundle hooks

# A hook that writes down when it ran, the status and pid it was told, its arguments, environment, and where it is.
cat >/run/hook <<'H'
#!/bin/sh
state=$(cat)
status=$(echo "$state" | sed 's/.*"status":"\([a-z]*\)".*/\1/')
pid=$(echo "$state" | sed 's/.*"pid":\([0-9]*\).*/\1/')
root=other
[ -e /run/hook ] && root=host
net=host
[ "$(readlink /proc/self/ns/net)" = "$HOST_NET" ] || net=container
echo "$1 $status $([ "$pid" -gt 0 ] && echo pid) $root $net $X" >>"${LOG:-/run/hooks.log}"
[ "$1" != "$FAIL" ] || { echo "hook says no" >&2; exit 3; }
H
chmod +x /run/hook
cp /run/hook rootfs/bin/hook
mkdir -p rootfs/log
host_net=$(readlink /proc/self/ns/net)
all() { # FAIL - hooks of all kinds, that kind fails
	config '.hooks = (["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"] | map({(.): [{
		"path": (if . == "startContainer" then "/bin/hook" else "/run/hook" end), "args": ["hook", .],
		"env": ["PATH=/bin:/usr/bin", "X=y", "HOST_NET='"$host_net"'", "FAIL='"${1-}"'",
			(if . == "startContainer" then "LOG=/log/hooks.log" else "LOG=/run/hooks.log" end)]}]}) | add)'
}
log() { tr '\n' ';' </run/hooks.log 2>/dev/null; }
config '.root.readonly = false | .mounts += [{"destination": "/log", "source": "/run/log", "options": ["bind"]}]'
mkdir -p /run/log
ln -s /run/log/hooks.log /run/hooks.log
all
args sh -c 'echo program >>/log/hooks.log; sleep 1000'
assert_ok "create" bg create h
assert_eq "create runs prestart, createRuntime and createContainer, in that order, each in its namespace" \
	"prestart creating pid host host y;createRuntime creating pid host host y;createContainer creating pid host container y;" "$(log)"
assert_ok "start" rt start h
eventually 5 grep -q program /run/hooks.log
assert_match "start runs startContainer inside, before the program" "startContainer created pid other container y;program;|startContainer created pid other container y;poststart running pid host host y;program" "$(log)"
assert_match "and poststart" "poststart running pid host host y;" "$(log)"
rt kill h KILL
eventually 5 is_status h stopped
: >/run/log/hooks.log
assert_ok "delete" rt delete h
assert_eq "delete runs poststop" "poststop stopped  host host y;" "$(log)"

for kind in prestart createRuntime createContainer; do
	all "$kind"
	: >/run/log/hooks.log
	assert_fail "$kind fails: so does create" bg create h
	assert_match "it names the hook and what it said" "/bin/hook: $kind hook|/run/hook: $kind hook.*hook says no" "$output"
	assert_ok "and nothing is left" test ! -e "$OCI_ROOT/h"
done
for kind in startContainer poststart; do
	all "$kind"
	assert_ok "$kind: created" bg create h
	assert_fail "$kind fails: so does start" rt start h
	assert_match "it names the hook and what it said" "hook: $kind hook.*hook says no" "$output"
	assert_ok "the container is stopped" eventually 5 is_status h stopped
	assert_ok "and can be deleted" rt delete h
	assert_fail "run fails, too" bg run -d h
	assert_ok "and leaves nothing" test ! -e "$OCI_ROOT/h"
done
all poststop
assert_ok "poststop fails" bg run -d h
assert_ok "delete does not" rt delete -f h
assert_match "but warns" "warning: .*poststop hook.*hook says no" "$output"
config 'del(.hooks) | .hooks.createRuntime = [{"path": "/bin/sleep", "args": ["sleep", "100"], "timeout": 1}]'
assert_fail "a hook that outlives its timeout is killed, and is a failure" bg create h
assert_match "which says so" "killed after its timeout of 1 s" "$output"
config '.hooks.createRuntime = [{"path": "/run/nosuch"}]'
assert_fail "a hook that is not there is a failure" bg create h
refuses "a relative path" absolute '.hooks.createRuntime[0].path = "hook"'
refuses "a timeout that is not above 0" timeout '.hooks.createRuntime[0].timeout = 0'
refuses "no path" path 'del(.hooks.createRuntime[0].path)'
assert_ok "nothing is left" test -z "$(ls "$OCI_ROOT")"
finish
