#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rootless - moat-runtime without any privilege of the host's: a user's own user namespace, where the runtime may not even
# copy a mount, nor read its own file but from memory.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
. "$(dirname "$0")/oci.sh"
exec 2>&1
need setpriv
# It must be where a user may read it.
cp "$RUNTIME" /run/moat-runtime
chmod 755 /run/moat-runtime
mkdir -m 1777 /run/user
bundle rootless
user() { setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all env XDG_RUNTIME_DIR=/run/user timeout 20 "$@"; }
urt() { user /run/moat-runtime "$@"; }
chown -R 65534:65534 /run/b
rm -f config.json
assert_ok "spec --rootless" urt spec --rootless
config '.process.terminal = false | .root.readonly = false | .mounts += [{"destination": "/v", "source": "/etc/hostname", "options": ["rbind", "ro"]}]'
chown 65534:65534 config.json
args id
assert_eq "root inside" "uid=0 gid=0" "$(urt run r)"
args cat /proc/self/uid_map
assert_eq "of the user's own id" "0 65534 1" "$(urt run r | awk '{ print $1, $2, $3 }')"
args cat /v
assert_eq "a bind mount" "$(cat /etc/hostname)" "$(urt run r)"
rt() { urt "$@"; }
OCI_ROOT=/run/user/moat-runtime
for mount in '{"destination": "/i", "source": "/etc", "options": ["rbind", "idmap"]}' '{"destination": "/i", "type": "tmpfs", "options": ["idmap"]}'; do
	refuses "no ids are mapped without privilege: ${mount:0:30}" "/i: idmapped mount: only the host's root may map ids" ".mounts += [$mount]"
done
args sh -c 'echo >/dev/null && stat -c %t:%T /dev/null && echo x >/file && cat /file'
assert_eq "devices, and a root to write to" "1:3 x" "$(urt run r | tr '\n' ' ' | sed 's/ $//')"
args sleep 1000
assert_ok "detached" user sh -c '/run/moat-runtime run -d r </dev/null >/run/user/out 2>&1'
assert_eq "exec" "uid=0 gid=0" "$(urt exec r id)"
assert_eq "list" "r running" "$(urt list --format json | jq -r '.[] | "\(.id) \(.status)"')"
assert_ok "delete" urt delete -f r
assert_eq "nothing is left" "" "$(ls /run/user/moat-runtime)"

# ------------------------------------------------------------ the engine's user namespace, and none of the container's
# As podman without --userns has it. A network namespace that is left is the host's, to which there is no way back (setns(2)
# asks for rights over it), or the engine's; and a sysfs is given only to who still sees another (mount_too_revealing()).
rm -f config.json
"$RUNTIME" spec
config '.process.terminal = false | .root.readonly = false | (.mounts[] | select(.type == "devpts").options) |= map(select(startswith("gid") | not))'
args sh -c 'ls -d /sys/kernel; ls /sys/class/net; ip -o link show lo | grep -c ,UP; readlink /proc/self/ns/net'
chown 65534:65534 config.json
engine() { user unshare --user --map-root-user --mount "$@" /run/moat-runtime --root /run/user/moat-runtime run r </dev/null; }
for more in host engine; do
	for _ in 1 2 3; do # who comes first may matter
		mapfile -t lines < <(if [[ $more == host ]]; then engine; else engine --net; fi)
		assert_eq "a new network namespace with its sysfs, beside that of the $more" "/sys/kernel lo 1" "${lines[*]:0:3}"
		got=${lines[3]-}
		assert_match "which is no other's" '^net:' "${got#"$(readlink /proc/self/ns/net)"}"
	done
done
args chmod 600 /proc/keys
assert_match "masks stay as they are" "Read-only file system" "$(engine 2>&1)"
assert_eq "nothing is left of these" "" "$(ls /run/user/moat-runtime)"
finish
