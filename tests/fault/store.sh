#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# store - the databases truncated, full of garbage, read-only, on a full disk: a clear message that names the file, and
# nothing destroyed: not the file, and nothing that stands in the kernel. With the file or the space back all is well.
# shellcheck source-path=SCRIPTDIR source=../lib/sandbox.sh
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"
need python3 nsenter ip nft bridge
sandbox_outside
mkdir -p "$RT"
for folder in "$STATE" "$RT"; do
	mount -t tmpfs -o size=8m,mode=755 tmpfs "$folder" || die "no file system for $folder"
done
start_moatd
sandbox_mark
moat -q tenant create red || die "no tenant"
moat -q network create red/web --subnet 10.0.0.0/24 --subnet fd00:5::/64 || die "no network"
moat -q attach red/web --create --name a -p 8080:80 || die "no endpoint"
moat -q attach red/web --create --name b || die "no endpoint"
router=$(moat --json tenant show red | python3 -c 'import json, sys; t = json.load(sys.stdin); print(t.get("tenant", t)["routerNetns"])')
definitions=$STATE/engine/moat.db
volatile=$RT/engine/volatile.db
[[ -s $definitions && -s $volatile ]] || die "no databases where they were expected"

state() {
	PYTHONPATH=$SANDBOX_TOP/tests/lib PYTHONDONTWRITEBYTECODE=1 python3 -c '
import sys, kernelstate
for path in [None] + sys.argv[1:]:
    print("\n".join(kernelstate.read(path)))' "$router"
}
objects() { moat --json endpoint list && moat --json network list; }
kernel_before=$(state)
objects_before=$(objects)

# moatd_fails - started, it must not come to serve; what it said is in $said
moatd_fails() {
	local log=/run/sandbox/failing.log
	"$MOAT_BIN_DIR/moatd" --runtime-dir "$RT" --state-dir "$STATE" --engine-user "${SANDBOX_ENGINE_USER:-64999}" \
		</dev/null >"$log" 2>&1 &
	local pid=$! serves=1 i
	for ((i = 0; i < 40; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		if timeout 0.3 "$MOAT_BIN_DIR/moat" version >/dev/null 2>&1; then
			serves=0
			break
		fi
		grep -q 'moatd-engine: error' "$log" && ((i > 8)) && break
		sleep 0.02
	done
	kill -TERM "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	said=$(<"$log")
	return $((serves == 0))
}

# damaged WHAT FILE COMMAND... - with the file damaged by the command
damaged() {
	local what=$1 file=$2 hash
	shift 2
	stop_moatd
	cp -a "$file" /run/sandbox/good
	"$@" "$file" || die "$what: cannot do it"
	hash=$(sha256sum <"$file")
	if moatd_fails; then pass "$what: it does not start"; else fail "$what: it serves" "$said"; fi
	assert_match "$what: the message names the file" "${file//./\\.}" "$said"
	assert_match "$what: and says what is to be done, or what is wrong" "put back a copy of it, or remove it|has version 999|may not be written" "$said"
	assert_eq "$what: the file is as it was" "$hash" "$(sha256sum <"$file")"
	assert_eq "$what: the kernel is as it was" "" "$(diff <(printf '%s\n' "$kernel_before") <(state))"
	cp -a /run/sandbox/good "$file"
	start_moatd
	assert_ok "$what: the good file back, it starts, and check is clean" moat check
	assert_eq "$what: all is known" "$objects_before" "$(objects)"
}

half() { truncate -s $(($(stat -c %s "$1") / 2)) "$1"; }
stump() { truncate -s 100 "$1"; }
garbage() { head -c 20000 /dev/urandom >"$1"; }
# where the rows are: SQLite fills its pages from the end
hole() { dd if=/dev/urandom of="$1" bs=1 seek=6500 count=6000 conv=notrunc status=none; }
text() { echo "this is no database" >"$1"; }
# the engine is no root, whom no mode stops
locked() { chown root:root "$1" && chmod 444 "$1"; }
newer() { python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("UPDATE meta SET value = 999 WHERE key = \"version\"").connection.commit()' "$1"; }

for how in half stump garbage hole text newer locked; do
	damaged "definitions, $how" "$definitions" "$how"
	damaged "endpoints, $how" "$volatile" "$how"
done

# read-only: a daemon that could not keep what it is told does not begin to serve
for folder in "$STATE" "$RT"; do
	stop_moatd
	mount -o remount,ro "$folder" || die "cannot make it read-only"
	if moatd_fails; then
		assert_match "read-only: the message says so" "$folder.*Read-only" "$said"
		assert_eq "read-only: the kernel is as it was" "" "$(diff <(printf '%s\n' "$kernel_before") <(state))"
	else
		fail "read-only: it serves, and cannot keep what it is told" "$said"
	fi
	mount -o remount,rw "$folder"
	start_moatd
	assert_eq "writable again: all is known" "$objects_before" "$(objects)"
done

# full FOLDER FILE COMMAND... - on a full disk the change fails. What the file has in hand may serve a few first; then it
# is asked for again with another name, the last word of the command with a number.
full() {
	local folder=$1 file=$2 i
	shift 2
	local command=("${@:1:$#-1}") name=${!#}
	head -c 16m /dev/zero >"$folder/ballast" 2>/dev/null
	for ((i = 1; i < 100; i++)); do
		"${command[@]}" "$name$i" >/dev/null 2>&1 || break
	done
	eventually 10 moat version
	assert_status 1 "full: a change fails" "${command[@]}" "$name$i"
	assert_match "with its reason, and the file's name" "$file.*(full|space)" "$output"
	eventually 10 moat version
	assert_match "and by its code" '"io.moat.InputOutput"' "$("${command[@]}" "$name$i" --json 2>&1)"
	eventually 10 moat version
	assert_ok "full: check is clean" moat check
	stop_moatd
	rm "$folder/ballast"
	start_moatd
	assert_ok "with space it works again" "${command[@]}" "$name$i"
	while ((i > 0)); do
		moat -q detach "red/more$i"
		moat -q network delete "red/more$((i--))"
	done
	assert_eq "$file: all is known" "$objects_before" "$(objects)"
	eventually 10 moat check
	assert_eq "full: the kernel is as it was" "" "$(diff <(printf '%s\n' "$kernel_before") <(state))"
}
full "$STATE" moat.db moat network create --subnet 10.7.0.0/24 red/more
full "$RT" volatile.db moat attach red/web --create --name more
assert_ok "check is clean at the end" moat check
moat -q tenant delete red --force
leftovers
stop_moatd
finish
