# bash completion for moat(1). Generated from its table of commands; see configs/completion in the source.
# shellcheck shell=bash disable=SC2086

@CORE@

_moat() {
	local line=${COMP_LINE:0:COMP_POINT} words cur list
	# Not COMP_WORDS: these are broken at ":" and "=", which stand in names here.
	read -ra words <<<"$line"
	[[ $line != *[[:space:]] ]] || words+=('')
	cur=${words[${#words[@]} - 1]}
	list=$(_moat_candidates "${words[@]}")
	[[ $cur != -*=* ]] || cur=${cur#*=}
	COMPREPLY=()
	if [[ $list == *FILES* ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	elif [[ $list == *COMMAND* ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur" | sort -u)
	fi
	list=$(grep -v -x -e FILES -e COMMAND <<<"$list")
	mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W "$list" -- "$cur")
	[[ ${COMPREPLY[*]} != */ ]] || compopt -o nospace 2>/dev/null
	# The line editor replaces what stands behind the last ":" or "=" of the word.
	if [[ $cur == *[:=]* ]]; then
		local kept=${cur%"${cur##*[:=]}"}
		COMPREPLY=("${COMPREPLY[@]#"$kept"}")
	fi
}
complete -F _moat moat
