#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run_test - the QEMU lane itself: another kernel, root, this file system, the status, the timeout,
# and nothing written through to the machine.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
run=$(dirname "$0")/run
need qemu-system-x86_64 busybox modprobe cpio
[[ -n $(find /boot -name 'vmlinuz-6.1.*') ]] || skip "no Debian 12 kernel in /boot"

mark=/var/tmp/moat-vm-mark.$$
# shellcheck disable=SC2016
assert_status 3 "the guest runs a command and passes its status on" "$run" -v -t 300 sh -c '
	uname -r; id -u; test -e "$1" && echo sees-the-tree; echo x >"$2" && echo may-write
	ip link add name west type veth peer name east && nft add table inet t && echo has-modules
	cat /sys/fs/cgroup/cgroup.controllers; exit 3' sh "$(realpath "$0")" "$mark"
note "$output"
assert_match "it is Debian's own kernel" "6\.1\.[0-9-]*-amd64" "$output"
for word in sees-the-tree may-write has-modules memory; do
	assert_match "the guest says $word" "$word" "$output"
done
assert_fail "nothing was written through to the machine" test -e "$mark"
assert_status 124 "a command that does not end is stopped" "$run" -t 40 sh -c 'echo started; sleep 1000'
finish
