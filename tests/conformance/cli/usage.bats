#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Wrong usage: every verb with every kind of wrong input, no daemon anywhere.

load helper

setup() {
	export MOAT_SOCKET=$BATS_TEST_TMPDIR/nobody
}

# table - lines "STATUS | MESSAGE PART | ARGUMENTS..."; the message is on stderr, stdout stays empty
table() {
	local want part arguments failed=0
	while IFS='|' read -r want part arguments; do
		read -r want <<<"$want"
		read -r part <<<"$part"
		[[ -n $want ]] || continue
		eval "split_run moat $arguments"
		if [[ $status != "$want" || $errors != *"$part"* || -n $out || $(wc -l <<<"$errors") != 1 ]]; then
			printf 'moat%s\n  status %s, wanted %s\n  stdout: %s\n  stderr: %s\n  wanted: %s\n' \
				"$arguments" "$status" "$want" "$out" "$errors" "$part"
			failed=1
		fi
	done
	return $failed
}

@test "wrong usage of every verb" {
	table <<'TABLE'
2 | unknown verb "xyzzy"                         | xyzzy
2 | unknown verb "tenent"; did you mean "tenant" | tenent list
2 | unknown verb "pubish"; did you mean "publish" | pubish
2 | unknown verb "net"; did you mean "network"   | net list
2 | unknown verb ""                              | ''
2 | unknown option --nope                        | --nope
2 | unknown option -x                            | -x
2 | option --socket needs a value                | --socket
2 | option --json takes no value                 | --json=yes version

2 | tenant: which verb?                          | tenant
2 | unknown verb "lst"; did you mean "tenant list" | tenant lst
2 | unknown verb "remove"                        | tenant remove x
2 | tenant create: NAME is missing               | tenant create
2 | tenant create: unexpected argument "b"       | tenant create a b
2 | tenant create: unknown option --nope         | tenant create a --nope
2 | tenant create: unknown option -x             | tenant create a -x
2 | option --delegate needs a value              | tenant create a --delegate
2 | option --quota needs a value                 | tenant create a --quota
2 | "rooms" is none of endpoints, networks, ports | tenant create a --quota rooms=1
2 | "endpoints" is not KEY=N                     | tenant create a --quota endpoints
2 | "x" is no whole number                       | tenant create a --quota ports=x
2 | "-1" is no whole number                      | tenant create a --quota ports=-1
2 | "" is no whole number                        | tenant create a --quota ports=
2 | "99999999999999999999" is no whole number    | tenant create a --quota ports=99999999999999999999
2 | ports is given twice                         | tenant create a --quota ports=1,ports=2
2 | "" is not KEY=N                              | tenant create a --quota ''
2 | not UTF-8                                    | tenant create $'\xff'
2 | tenant set: nothing to set                   | tenant set a
2 | tenant set: NAME is missing                  | tenant set --delegate u
2 | tenant list: unexpected argument "a"         | tenant list a
2 | tenant show: NAME is missing                 | tenant show
2 | tenant show: unexpected argument "b"         | tenant show a b
2 | tenant delete: NAME is missing               | tenant delete --force
2 | option --force takes no value                | tenant delete a --force=1
2 | changes nothing, so --dry-run                | tenant list --dry-run
2 | changes nothing, so --dry-run                | tenant show a --dry-run

2 | network: which verb?                         | network
2 | did you mean "network create"                | network craete
2 | network create: TENANT/NAME is missing       | network create
2 | network create: unexpected argument "b"      | network create a b
2 | unknown option --dsn                         | network create a --dsn
2 | option --subnet needs a value                | network create a --subnet
2 | option --gateway needs a value               | network create a --gateway
2 | option --mode needs a value                  | network create a --mode
2 | --mtu: "x" is no whole number up to 65535    | network create a --mtu x
2 | --mtu: "65536" is no whole number up to 65535 | network create a --mtu 65536
2 | option --internal takes no value             | network create a --internal=1
2 | network set: nothing to set                  | network set a
2 | network show: TENANT/NAME is missing         | network show
2 | network delete: NAME is missing              | network delete
2 | network list: unexpected argument "b"        | network list a b
2 | changes nothing, so --dry-run                | network list --dry-run

2 | attach: TENANT/NETWORK is missing            | attach
2 | attach: unexpected argument "b"              | attach a b
2 | attach: --netns PATH or --name is missing    | attach a
2 | attach: --name is missing                    | attach a --create
2 | attach: --name is missing                    | attach a --tap t0
2 | exclude each other                           | attach a --create --netns /proc/self/ns/net --name x
2 | exclude each other                           | attach a --create --tap t0 --name x
2 | option --netns needs a value                 | attach a --netns
2 | option -p needs a value                      | attach a --name x -p
2 | unknown option -z                            | attach a --name x -z
3 | /nonexistent: cannot open the namespace      | attach a --netns /nonexistent
2 | detach: NAME is missing                      | detach
2 | detach: unexpected argument "b"              | detach a b
2 | detach: unknown option --force               | detach a --force
2 | endpoint: which verb?                        | endpoint
2 | endpoint show: TENANT/NAME[:IFNAME] is missing | endpoint show
2 | endpoint list: unexpected argument "b"       | endpoint list a b
2 | publish: TENANT/NAME is missing              | publish
2 | publish: -p SPEC is missing                  | publish a
2 | publish: unexpected argument "b"             | publish a b -p 80:80
2 | publish: unknown option --strict             | publish a --strict -p 80:80
2 | publish: unexpected argument "c"             | publish list b c
2 | changes nothing, so --dry-run                | publish list --dry-run
2 | unpublish: TENANT/NAME is missing            | unpublish
2 | unpublish: -p SPEC is missing                | unpublish a

125 | enter: TENANT/NAME is missing              | enter
125 | enter: CMD is missing                      | enter a
125 | enter: CMD is missing                      | enter a --
125 | enter: unknown option --nope               | enter --nope a -- true
125 | changes nothing, so --dry-run              | enter --dry-run a -- true
2 | check: unexpected argument "b"               | check a b
2 | check: unknown option --fix                  | check --fix
2 | changes nothing, so --dry-run                | check --dry-run
2 | events: unexpected argument "a"              | events a
2 | changes nothing, so --dry-run                | events --dry-run
2 | doctor: unexpected argument "a"              | doctor a
2 | version: unexpected argument "a"             | version a
2 | changes nothing, so --dry-run                | version --dry-run
2 | help: unknown verb "netwrk"; did you mean "network" | help netwrk
2 | did you mean "tenant create"                 | help tenant creat
2 | unknown verb "a?[31mb"                       | $'a\e[31mb'
125 | changes nothing, so --dry-run              | attach-tty --dry-run a
125 | web: a network is more than loopback       | run --net none --network web -- true
TABLE
}

@test "wrong usage with --json is one JSON document on stdout" {
	for arguments in "--json tenant create" "tenant create --json a b" "--json nothing" "--json attach a" \
		"attach --json a --netns /nonexistent"; do
		# shellcheck disable=SC2086 # words are meant
		split_run moat $arguments
		((status == 2 || status == 3))
		is "" "$errors"
		is true "$(jq -s 'length == 1 and (.[0].error | has("code") and has("message") and has("object"))' <<<"$out")"
	done
	is io.moat.NoSuchObject "$(jq -r .error.code <<<"$out")"
	is /nonexistent "$(jq -r .error.object <<<"$out")"
}

@test "no arguments: usage on stderr, exit 2" {
	split_run moat
	is 2 "$status"
	is "" "$out"
	has "Usage: moat VERB" "$errors"
}

@test "help: of moat, of each verb, of each verb's verbs" {
	split_run moat help
	is 0 "$status"
	is "" "$errors"
	verbs=$(sed -n 's/^  \([a-z]*\) .*/\1/p' <<<"$out")
	for verb in tenant network attach detach endpoint publish unpublish enter check events doctor version help; do
		has "$verb" "$verbs"
	done
	for verb in $verbs; do
		split_run moat "$verb" --help
		is 0 "$status"
		is "" "$errors"
		has "moat $verb" "$out"
		for sub in $(sed -n 's/^  \([a-z]*\) .*/\1/p' < <(sed -n '/^Verbs:/,$p' <<<"$out")); do
			split_run moat "$verb" "$sub" --help
			is 0 "$status"
			has "moat $verb $sub" "$out"
			split_run moat help "$verb" "$sub"
			has "moat $verb $sub" "$out"
		done
	done
	split_run moat --help
	is 0 "$status"
	has "Usage: moat VERB" "$out"
}

@test "no daemon: exit 1, the socket is named" {
	split_run moat tenant list
	is 1 "$status"
	is "moat: tenant list failed: $MOAT_SOCKET: moatd does not answer at its socket: No such file or directory" "$errors"
	split_run moat tenant list --json
	is 1 "$status"
	is "" "$errors"
	is io.moat.Unavailable "$(jq -r .error.code <<<"$out")"
	split_run moat --socket /nowhere/s tenant list
	has /nowhere/s "$errors"
	split_run moat tenant list --socket /nowhere/s
	has /nowhere/s "$errors"
	unset MOAT_SOCKET
	MOAT_RUNTIME_DIR=/nowhere/rt split_run moat tenant list
	has /nowhere/rt/moatd.sock "$errors"
}

@test "enter without a daemon is 125" {
	split_run moat enter red/w1 -- true
	is 125 "$status"
}

@test "moat --version needs no daemon; moat version names itself before it fails" {
	split_run moat --version
	is 0 "$status"
	has "moat 0." "$out"
	split_run moat version
	is 1 "$status"
	has "moat     0." "$out"
	has "$MOAT_SOCKET" "$errors"
}

@test "output that cannot be written is a failure" {
	[[ -c /dev/full ]] || skip "no /dev/full here"
	status=0
	moat help >/dev/full 2>"$BATS_TEST_TMPDIR/err" || status=$?
	is 1 "$status"
	has "writing the output failed" "$(<"$BATS_TEST_TMPDIR/err")"
	status=0
	"$MOAT_BIN_DIR/moat-runtime" features >/dev/full 2>"$BATS_TEST_TMPDIR/err" || status=$?
	is 1 "$status"
	has "writing the output: No space left" "$(<"$BATS_TEST_TMPDIR/err")"
}
