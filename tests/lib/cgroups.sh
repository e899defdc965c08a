# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# cgroups - views of control groups for a sandbox. Sourced behind sandbox.sh, with SANDBOX_CGROUPS=1 set
# before sandbox_enter: then the sandbox is the root of a cgroup namespace, in cgroups of its own that go
# with it (tests/lib/cgroup_box), and may mount what it likes.
#
#	cgroups_view v1|v2|hybrid|none

# Of the controllers this kernel gives to v1. A hierarchy is the whole kernel's: one that an attack has made (tests/attack/oci_acts.sh,
# which may run beside us) is none of a view's, and would stay as long as there are cgroups of ours in it.
cgroups_v1() {
	local controllers
	while IFS=: read -r _ controllers _; do
		[[ -z $controllers || $controllers == name=moat-* ]] || printf '%s\n' "$controllers"
	done </proc/self/cgroup
}

cgroups_view() {
	local controllers folder
	# The sandbox's own sysfs: what is mounted there is an earlier view. (mountpoint(1) would find the machine's below it.)
	while [[ $(stat -c %d /sys/fs/cgroup) != "$(stat -c %d /sys/fs)" ]]; do
		umount -n -l /sys/fs/cgroup || die "cannot umount"
	done
	case $1 in
	none) return ;;
	v2)
		mount -n -t cgroup2 cgroup2 /sys/fs/cgroup || die "cannot mount cgroup2"
		;;
	*)
		mount -n -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup || die "cannot mount a tmpfs"
		for controllers in $(cgroups_v1); do
			folder=/sys/fs/cgroup/${controllers#name=}
			mkdir "$folder"
			[[ $controllers != name=* ]] || controllers=none,$controllers
			mount -n -t cgroup -o "$controllers" cgroup "$folder" || die "cannot mount $folder"
		done
		if [[ $1 == hybrid ]]; then
			mkdir /sys/fs/cgroup/unified
			mount -n -t cgroup2 cgroup2 /sys/fs/cgroup/unified || die "cannot mount cgroup2"
		fi
		;;
	esac
}

# cgroups_leaf - v2 hands controllers down from cgroups without processes alone: ours go one below
cgroups_leaf() {
	local top=/sys/fs/cgroup pid
	[[ ! -d $top/unified ]] || top+=/unified
	mkdir -p "$top/init"
	while read -r pid; do
		echo "$pid" >"$top/init/cgroup.procs"
	done <"$top/cgroup.procs" 2>/dev/null
}

# cgroups_left WORD - folders with that word in their names, in any hierarchy
cgroups_left() { find /sys/fs/cgroup -mindepth 1 -type d -name "*$1*" 2>/dev/null; }
