#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion in bash and zsh: verbs, options and their values, names that the daemon knows; quiet where there is none.

load helper

setup() {
	scripts=$MOAT_BIN_DIR/../configs/completion
	PATH=$MOAT_BIN_DIR:$PATH
	export MOAT_SOCKET=$BATS_TEST_TMPDIR/nobody
}

teardown() {
	fake_stop
}

names() {
	fake_start '[
		{"method": "TenantList", "reply": {"tenants": [{"name": "red"}, {"name": "rosa"}, {"name": "blue"}]}},
		{"method": "NetworkList", "reply": {"networks": [{"name": "red/web"}, {"name": "blue/db"}]}},
		{"method": "EndpointList", "reply": {"endpoints": [{"name": "red/w1:eth0"}, {"name": "red/w1:eth1"}, {"name": "red/w2:eth0"}]}},
		{"method": "LabList", "reply": {"labs": [{"name": "ring"}]}}]'
}

# complete_bash LINE - what bash makes of Tab at the end of LINE, sorted, in one line. A shell of its own, with nothing but
# the script; the function is found as bash finds it, and called with what bash gives it.
complete_bash() {
	bash --norc --noprofile -c '
		. "$1"
		COMP_LINE=$2 COMP_POINT=${#2}
		COMP_WORDS=()
		# As readline breaks it: at blanks, and ":" and "=" are words of their own.
		while read -r word; do COMP_WORDS+=("$word"); done < <(sed "s/[:=]/ & /g" <<<"$2" | tr -s " " "\n" | sed "/^$/d")
		[[ $2 != *[[:space:]:=] ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		spec=$(complete -p moat) || exit 1
		function=${spec#*-F }
		"${function%% *}" moat "${COMP_WORDS[COMP_CWORD]}" ""
		((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"' bash "$scripts/moat" "$1" 2>&1 | sort | paste -sd' '
}

# complete_zsh LINE - the same by zsh; compadd, which only works in the line editor, prints what it is given
complete_zsh() {
	zsh -f -c '
		compadd() { while [[ $1 == -* ]]; do [[ $1 == -S ]] && shift; [[ $1 == -- ]] && { shift; break }; shift; done
			print -l -- ${(M)@:#${words[CURRENT]}*} }
		compset() { words[CURRENT]=${words[CURRENT]#*=} }
		_files() { print FILES }
		_command_names() { print COMMANDS }
		words=(${(z)1}) CURRENT=${#words}
		[[ $1 != *" " ]] || { words+=(""); CURRENT=$((CURRENT + 1)) }
		. "$2"' zsh "$1" "$scripts/_moat" 2>&1 | sed "/^$/d" | sort | paste -sd' '
}

# table - lines "WHAT IS OFFERED | LINE": by both shells
table() {
	local want line shell got failed=0
	while IFS='|' read -r want line; do
		read -r want <<<"$want"
		for shell in bash zsh; do
			[[ $shell == bash ]] || command -v zsh >/dev/null || continue
			got=$(complete_$shell "${line# }")
			[[ $got == "$want" ]] || {
				printf '%s: %s\n  offered: %s\n  wanted:  %s\n' "$shell" "${line# }" "$got" "$want"
				failed=1
			}
		done
	done
	return $failed
}

@test "both scripts are read without a complaint" {
	bash -n "$scripts/moat"
	! command -v zsh >/dev/null || zsh -n "$scripts/_moat"
	! command -v shellcheck >/dev/null || shellcheck -s bash -e SC2086,SC2034 "$scripts/moat"
}

@test "verbs, options, words" {
	table <<'TABLE'
tenant | moat te
create | moat tenant c
create delete list set show | moat network 
--internal | moat network create red/web --i
TABLE
} 

@test "without a daemon: no name, no word, no failure" {
	table <<'TABLE'
 | moat tenant show 
 | moat attach r
TABLE
}

@test "names that the daemon knows" {
	names
	table <<'TABLE'
red rosa | moat tenant delete r
blue red rosa | moat tenant show 
 | moat tenant show red 
 | moat tenant create r
red/ rosa/ | moat network create r
red/web | moat network delete r
blue/db | moat attach b
red/web | moat attach r
red/web | moat run --network r
red/w1 red/w1:eth0 red/w1:eth1 red/w2 red/w2:eth0 | moat detach red/w
red/w2 red/w2:eth0 | moat --json detach --strict red/w2
TABLE
	is "eth0 eth1" "$(complete_bash 'moat detach red/w1:')"
	is ring "$(complete_bash 'moat lab down ri')"
	# Of another daemon there is nothing to tell.
	is "" "$(complete_bash 'moat --socket /nonexistent tenant show ')"
	is red "$(MOAT_SOCKET=/nonexistent complete_bash "moat --socket $MOAT_SOCKET tenant show re")"
}

@test "files and commands of the host" {
	cd "$BATS_TEST_TMPDIR"
	touch ring.yml
	is ring.yml "$(complete_bash 'moat lab up ri')"
	has bash "$(complete_bash 'moat enter red/w1 -- bas')"
	command -v zsh >/dev/null || skip "no zsh here"
	is FILES "$(complete_zsh 'moat lab up ri')"
	is COMMANDS "$(complete_zsh 'moat enter red/w1 -- bas')"
}

@test "every verb of the table is completed, and every option of its usage" {
	is "$(moat --json help | jq -r '.verbs[].name' | sort | paste -sd' ')" "$(complete_bash 'moat ')"
	for verb in $(moat --json help | jq -r '.verbs[] | select(.verbs).name'); do
		is "$(moat --json help "$verb" | jq -r '.verbs[].name' | sort | paste -sd' ')" "$(complete_bash "moat $verb ")"
	done
	offered=$(complete_bash 'moat run --')
	for option in $(moat run --help | grep -o -E '^  (-[a-z], )?--[a-z0-9-]+' | grep -o -e '--[a-z0-9-]*'); do
		has " $option " " $offered "
	done
}
