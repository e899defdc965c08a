#compdef moat
# zsh completion for moat(1). Generated from its table of commands; see configs/completion in the source.

@CORE@

_moat_as_sh() {
	emulate -L sh
	_moat_candidates "$@"
}

_moat() {
	local -a list
	local cur=${words[CURRENT]}
	list=("${(@f)$(_moat_as_sh "${(@)words[1,CURRENT]}")}")
	list=("${(@)list:#}")
	if [[ $cur == -*=* ]]; then compset -P '*='; fi
	if (( ${list[(Ie)FILES]} )); then _files; fi
	if (( ${list[(Ie)COMMAND]} )); then _command_names -e; fi
	list=("${(@)list:#(FILES|COMMAND)}")
	if (( ! ${#list} )); then return; fi
	if [[ ${list[1]} == */ ]]; then compadd -S '' -- "${list[@]}"; else compadd -- "${list[@]}"; fi
}

_moat "$@"
