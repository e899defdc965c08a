#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Control groups on a real kernel, under each view of them: made, entered, limited, paused, killed,
# gone. The views are the sandbox's own.
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/cgroups.sh"
SANDBOX_CGROUPS=1
sandbox_enter "$@"
program=$MOAT_BIN_DIR/../tests/cgroup_try
[[ -x $program ]] || die "no $program: build first"

for view in hybrid v1 v2; do
	cgroups_view "$view"
	[[ $view == v1 ]] || cgroups_leaf
	assert_ok "$view" timeout 110 "$program"
	assert_match "it is that view" "mode $view" "$output"
	assert_eq "nothing stays of $view" "" "$(cgroups_left moat)"
	note "$(tail -n 1 <<<"$output")"
done
finish
