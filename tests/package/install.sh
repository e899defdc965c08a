#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install BUILD - `cmake --install` under DESTDIR: exactly the files of installed.txt, the programs find each other, the
# unit is one that systemd reads without a complaint.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/sandbox.sh"
build=$1
list=$(dirname "$0")/installed.txt
need cmake
dest=$(mktemp -d)
trap 'rm -rf "$dest"' EXIT

DESTDIR=$dest/root cmake --install "$build" --prefix /usr >"$dest/log" 2>&1 || die "cmake --install: $(cat "$dest/log")"
expected=$(grep -v '^#' "$list")
if ! command -v scdoc >/dev/null; then
	[[ ${MOAT_MUST_WORK:-0} != 1 ]] || die "MOAT_MUST_WORK=1, but there is no scdoc for the man pages"
	note "no scdoc here: no man pages are expected"
	expected=$(grep -v /share/man/ <<<"$expected")
fi
assert_eq "these files are installed, and no other" "" \
	"$(diff <(echo "$expected") <(cd "$dest/root" && find . -type f -printf '%m %P\n' | sort -k 2))"
assert_eq "nothing is writable by others than its owner" "" "$(find "$dest/root" ! -type l -perm /022)"
for program in usr/bin/moat usr/sbin/moatd; do
	assert_ok "$program runs" "$dest/root/$program" --version
done
version=$output
assert_match "and says its version" "[0-9]+\.[0-9]+\.[0-9]+" "$version"

unit=$dest/root/usr/lib/systemd/system/moatd.service
assert_eq "the unit starts the installed program" /usr/sbin/moatd "$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$unit")"
if command -v systemd-analyze >/dev/null; then
	# It looks whether the program is there; at its place in the system it is not.
	mkdir "$dest/unit"
	sed "s,^ExecStart=,&$dest/root," "$unit" >"$dest/unit/moatd.service"
	assert_ok "systemd reads the unit" systemd-analyze verify --man=no "$dest/unit/moatd.service"
	assert_eq "without a complaint" "" "$output"
else
	note "no systemd-analyze here: the unit was not read"
fi
if command -v systemd-sysusers >/dev/null; then
	assert_ok "systemd-sysusers reads the users" systemd-sysusers --dry-run "$dest/root/usr/lib/sysusers.d/moat.conf"
fi
finish
