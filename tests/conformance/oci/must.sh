#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# must - sentences of the runtime-spec with MUST that no other file here asks for (docs/CONFORMANCE.md has all of them):
# words that are missing, what is inherited, what `features` says, what stays when a container goes.
# shellcheck source-path=SCRIPTDIR
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/cgroups.sh"
SANDBOX_CGROUPS=1
sandbox_enter "$@"
. "$(dirname "$0")/oci.sh"
exec 2>&1
bundle must
features=$("$RUNTIME" features) || die "no features"
listed() { jq -r "$1[]" <<<"$features"; }

# ------------------------------------------------------------ runtime.md: Operations
for verb in state create start kill delete; do
	assert_fail "$verb without an id is an error" rt "$verb"
	assert_match "$verb says how it is used" "usage|id" "$output"
done
assert_eq "none of them made anything" "" "$(ls "$OCI_ROOT" 2>/dev/null)"
args sleep 1000
bg create one
assert_eq "create applies everything but the program" "moat-runtime" "$(cut -d ' ' -f 2 "/proc/$(pid_of one)/stat" | tr -d '()')"
refuses "a property that cannot be applied is an error of create" nosuchfs '.mounts += [{"destination": "/x", "type": "nosuchfs"}]'
config '.annotations = {"a.b": "c", "org.opencontainers.image.stopSignal": "SIGKILL", "org.opencontainers.future": "x"}'
bg create two
assert_eq "unknown annotations are kept, no more" '{"a.b":"c","org.opencontainers.future":"x","org.opencontainers.image.stopSignal":"SIGKILL"}' \
	"$(rt state two | jq -cS .annotations)"
assert_eq "state: the properties of the schema, of their kinds" "string string string number string object" \
	"$(rt state two | jq -r '[(.ociVersion, .id, .status, .pid, .bundle, .annotations) | type] | join(" ")')"
rt delete -f two
refuses "an empty key of an annotation" "annotations" '.annotations = {"": "x"}'
config 'del(.annotations)'
rt delete -f one

# ------------------------------------------------------------ config.md: Mounts
# Every option there is, each on a mount of its own; what the tmpfs of this kernel refuses is left to the kernel to say.
mkdir -p /run/src && mount -t tmpfs src /run/src && touch /run/src/file && mount --make-shared /run/src
# idmap and ridmap need mappings (config.sh); "nosymfollow" and those of one kind are asked there for what they do
for option in async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime noexec noiversion \
	nolazytime norelatime nostrictatime nosuid private rbind relatime remount ro rprivate rshared rslave runbindable rw shared silent slave \
	strictatime suid sync unbindable rro rrw rnosuid rsuid rnodev rdev rnoexec rexec rnoatime ratime rnodiratime rdiratime rrelatime \
	rnorelatime rstrictatime rnostrictatime tmpcopyup nosymfollow symfollow rnosymfollow rsymfollow; do
	grep -qx "$option" <<<"$(listed .mountOptions)" || fail "features lists the mount option $option" "it does not"
	case $option in
	bind | rbind) echo "{\"destination\": \"/o/$option\", \"source\": \"/run/src\", \"options\": [\"$option\"]}" ;;
	*private | *shared | *slave | *unbindable) echo "{\"destination\": \"/o/$option\", \"source\": \"/run/src\", \"options\": [\"bind\", \"$option\"]}" ;;
	remount) echo '{"destination": "/proc", "type": "none", "options": ["remount", "nosuid", "noexec", "nodev"]}' ;;
	*) echo "{\"destination\": \"/o/$option\", \"type\": \"tmpfs\", \"source\": \"t\", \"options\": [\"$option\"]}" ;;
	esac
done >/run/mounts
count=$(wc -l </run/mounts)
cp config.json config.plain
jq --slurpfile more /run/mounts '.mounts += $more' config.plain >config.json
assert_eq "every option of a mount is taken" "$((count - 1))" "$(inside grep -c ' /o/' /proc/mounts)"
args cat /proc/mounts
rt run mounts >/run/seen
assert_match "ro, nosuid, nodev, noexec, sync, dirsync do what they say" "ro nosuid nodev noexec sync dirsync" \
	"$(for option in ro nosuid nodev noexec sync dirsync; do awk -v at="/o/$option" -v o="$option" '$2 == at && $4 ~ "(^|,)" o "(,|$)" { print o }' /run/seen; done | xargs)"
cp config.plain config.json
# /m/deep lies in /m when /m comes first, and is covered by it when it comes last
config '.mounts += [{"destination": "/m", "type": "tmpfs"}, {"destination": "/m/deep", "source": "/run/src", "options": ["bind"]}]'
assert_eq "mounts are made in their order" file "$(inside ls /m/deep)"
config '.mounts |= (.[:-2] + [.[-1], .[-2]])'
assert_eq "and in the other one" "" "$(inside ls /m)"
cp config.plain config.json
refuses "uidMappings of a mount without gidMappings" "gidMappings" \
	'.mounts += [{"destination": "/v", "source": "/run/src", "options": ["bind"], "uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}]'
refuses "and the other way round" "uidMappings" \
	'.mounts += [{"destination": "/v", "source": "/run/src", "options": ["bind"], "gidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}]'

# ------------------------------------------------------------ config.md: Process
config '.process.consoleSize = {"height": 10, "width": 20}'
assert_eq "consoleSize without a terminal is ignored" ok "$(inside echo ok)"
config 'del(.process.consoleSize)'
echo 300 >/proc/self/oom_score_adj
assert_eq "oomScoreAdj that is not set is not changed" 300 "$(inside cat /proc/self/oom_score_adj)"
echo 0 >/proc/self/oom_score_adj 2>/dev/null
for kind in $(listed .linux.capabilities); do echo "\"$kind\""; done | jq -s . >/run/caps
jq --slurpfile caps /run/caps '.process.capabilities = {bounding: $caps[0], permitted: $caps[0], effective: $caps[0]}' config.plain >config.json
assert_eq "every capability of features is known" "" "$(inside true | grep 'is not known')"
assert_match "and granted where we have it" "[0-9a-f]{16}" "$(inside sed -n 's/^CapEff:.//p' /proc/self/status | tail -n 1)"
cp config.plain config.json

# ------------------------------------------------------------ config-linux.md: Namespaces
for kind in $(listed .linux.namespaces); do echo "{\"type\": \"$kind\"}"; done | jq -s . >/run/kinds
jq --slurpfile kinds /run/kinds '.linux.namespaces = $kinds[0] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] |
	.linux.gidMappings = .linux.uidMappings' config.plain >config.json
args sleep 1000
assert_ok "every namespace of features can be had" bg run -d all
for kind in $(listed .linux.namespaces); do
	case $kind in mount) file=mnt ;; network) file=net ;; *) file=$kind ;; esac
	[[ $(readlink "/proc/self/ns/$file") != "$(readlink "/proc/$(pid_of all)/ns/$file")" ]]
	assert_eq "a new $kind namespace" 0 $?
done
rt delete -f all
cp config.plain config.json
config 'del(.hostname, .domainname) | .linux.namespaces = [{"type": "mount"}] | .mounts |= map(select(.type != "sysfs" and .type != "mqueue" and .type != "proc")) |
	.mounts += [{"destination": "/proc", "source": "/proc", "options": ["rbind"]}]'
args sleep 1000
bg run -d none
for file in cgroup ipc net pid time user uts; do
	assert_eq "a namespace that is not listed is the runtime's: $file" "$(readlink /proc/self/ns/$file)" "$(readlink "/proc/$(pid_of none)/ns/$file")"
done
rt delete -f none
cp config.plain config.json

# ------------------------------------------------------------ config-linux.md: Seccomp, by what features says
nr=0
for action in $(listed .linux.seccomp.actions); do
	[[ $action == SCMP_ACT_NOTIFY ]] || echo "{\"names\": [\"$(echo acct reboot swapon swapoff syslog vhangup quotactl nfsservctl lookup_dcookie kexec_load | cut -d ' ' -f $((++nr)))\"], \"action\": \"$action\"}"
done | jq -s . >/run/actions
for operator in $(listed .linux.seccomp.operators); do
	echo "{\"names\": [\"personality\"], \"action\": \"SCMP_ACT_LOG\", \"args\": [{\"index\": 0, \"value\": 77, \"valueTwo\": 78, \"op\": \"$operator\"}]}"
done | jq -s . >/run/operators
jq --slurpfile actions /run/actions --slurpfile operators /run/operators --argjson features "$features" \
	'.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: $features.linux.seccomp.archs,
		flags: $features.linux.seccomp.supportedFlags, syscalls: ($actions[0] + $operators[0])}' config.plain >config.json
assert_eq "every action, operator, architecture and flag of features is taken" ok "$(inside echo ok)"
cp config.plain config.json

# ------------------------------------------------------------ runtime-linux.md, config-linux.md
config '.mounts |= map(select(.type != "proc"))'
rm -rf rootfs/proc/*
assert_eq "links in /dev are made as runtimes do, /proc or not" "/proc/self/fd" "$(inside readlink /dev/fd)"
cp config.plain config.json
refuses "a relative read-only path" readonlyPaths '.linux.readonlyPaths = ["etc"]'
assert_eq "resctrl is not touched where intelRdt is not set" "" "$(grep resctrl /proc/self/mountinfo)"

# ------------------------------------------------------------ Control groups
cgroups_view v2
cgroups_leaf
config '.linux.cgroupsPath = "relative/c" | .linux.resources = {"unified": {"cgroup.max.descendants": "5"}}'
args sleep 1000
bg run -d c
place=$(sed -n 's/^0:://p' "/proc/$(pid_of c)/cgroup")
assert_eq "unified: what the runtime does not know is written" 5 "$(cat "/sys/fs/cgroup$place/cgroup.max.descendants")"
rt delete -f c
bg run -d c
assert_eq "a relative cgroupsPath is the same place each time" "$place" "$(sed -n 's/^0:://p' "/proc/$(pid_of c)/cgroup")"
rt delete -f c
refuses "unified: a controller that is not there" "nosuch" '.linux.resources.unified = {"nosuch.max": "1"}'
refuses "an RDMA entry without any limit" "rdma" '.linux.resources.rdma = {"x": {}}'
rmdir /sys/fs/cgroup/relative 2>/dev/null
touch /run/src/stays
config 'del(.linux.cgroupsPath, .linux.resources) | .mounts += [{"destination": "/v", "source": "/run/src", "options": ["bind"]}]'
inside true
assert_ok "delete leaves what create did not make: sources of mounts" test -e /run/src/stays
assert_ok "and the root" test -d rootfs/bin
assert_eq "nothing is left" "" "$(ls "$OCI_ROOT")"
finish
