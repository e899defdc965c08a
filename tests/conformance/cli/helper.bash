# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# helper - for the bats files of this folder: the program, and a fake daemon for it.

: "${MOAT_SOURCE_DIR:=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)}"
: "${MOAT_BIN_DIR:=$MOAT_SOURCE_DIR/build/bin}"

moat() { "$MOAT_BIN_DIR/moat" "$@"; }

# fake_start REPLIES - a daemon that answers what the JSON text says; its calls go to $calls
fake_start() {
	replies=$BATS_TEST_TMPDIR/replies calls=$BATS_TEST_TMPDIR/calls
	export MOAT_SOCKET=$BATS_TEST_TMPDIR/s
	printf '%s' "$1" >"$replies"
	: >"$calls"
	python3 -B "$BATS_TEST_DIRNAME/../fake_moatd.py" "$MOAT_SOCKET" "$replies" "$calls" 3>&- &
	fake_pid=$!
	for _ in $(seq 200); do
		[[ -S $MOAT_SOCKET ]] && return
		sleep 0.02
	done
	return 1
}

fake_stop() {
	[[ -z ${fake_pid-} ]] || kill "$fake_pid"
}

# call - the last call's parameters as JSON, keys sorted
call() { tail -n1 "$calls" | jq -cS '[.method, .parameters]'; }

# split_run COMMAND... - like run, with $out and $errors apart
# shellcheck disable=SC2034 # read by the tests
split_run() {
	status=0
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	out=$(<"$BATS_TEST_TMPDIR/out")
	errors=$(<"$BATS_TEST_TMPDIR/err")
}

# is EXPECTED GOT
is() {
	[[ $1 == "$2" ]] || {
		printf 'expected: %s\ngot:      %s\n' "$1" "$2" >&2
		return 1
	}
}

# has PART TEXT
has() {
	[[ $2 == *"$1"* ]] || {
		printf 'not there: %s\nin:        %s\n' "$1" "$2" >&2
		return 1
	}
}
