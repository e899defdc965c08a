# The table: what follows a verb. Sets subs, flags, values ("OPTION:KIND"), operands (kinds, by place).
_moat_row() {
	case $1 in
	@TABLE@
	*)
		subs='' flags='' values='' operands=''
		;;
	esac
}

# Names of one kind, by asking the daemon: nothing where it does not answer.
_moat_ask() {
	if [ -n "$socket" ]; then set -- --socket "$socket" "$@"; fi
	timeout 2 moat -q "$@" 2>/dev/null
}

# All that may stand at a place, one a line; FILES and COMMAND are for the shell to fill in.
_moat_expand() {
	local kinds="$1|" kind
	while [ -n "$kinds" ]; do
		kind=${kinds%%|*}
		kinds=${kinds#*|}
		case $kind in
		TENANTS) _moat_ask tenant list ;;
		TENANTS/) _moat_ask tenant list | sed 's,$,/,' ;;
		NETWORKS) _moat_ask network list ;;
		ENDPOINTS) _moat_ask endpoint list | sed 'p; s/:[^:]*$//' | sort -u ;;
		CONTAINERS) _moat_ask ps -a ;;
		LABS) _moat_ask lab show ;;
		NET) printf '%s\n' none && _moat_ask ps -a | sed 's/^/container:/' ;;
		USERS) cut -d: -f1 /etc/passwd ;;
		VERBS)
			_moat_row ''
			printf '%s\n' $subs
			;;
		ANYTHING | '') ;;
		*) printf '%s\n' "$kind" ;;
		esac
	done
}

# _moat_candidates moat WORD... - what may stand at the place of the last word, one a line
_moat_candidates() {
	local subs flags values operands verb='' want='' rest='' socket='' word place=0
	shift
	_moat_row ''
	while [ $# -gt 1 ]; do
		word=$1
		shift
		if [ -n "$want" ]; then
			if [ "$rest" = --socket ]; then socket=$word; fi
			want=''
			continue
		fi
		case $word in
		--) ;;
		-*)
			rest=" $values "
			case $rest in
			*" $word:"*)
				want=${rest#*" $word:"}
				want=${want%% *}
				rest=$word
				;;
			esac
			;;
		*)
			if [ -n "$subs" ]; then
				verb="$verb${verb:+ }$word"
				_moat_row "$verb"
			else
				place=$((place + 1))
			fi
			;;
		esac
	done
	word=$1
	if [ -z "$want" ]; then
		case $word in
		-*=*)
			rest=" $values "
			want=${rest#*" ${word%%=*}:"}
			if [ "$want" = "$rest" ]; then return; fi
			want=${want%% *}
			;;
		-*)
			for word in $flags $values; do printf '%s\n' "${word%%:*}"; done
			return
			;;
		esac
	fi
	if [ -n "$want" ]; then
		_moat_expand "$want"
	elif [ -n "$subs" ]; then
		printf '%s\n' $subs
	else
		while [ $place -gt 0 ] && [ "$operands" != "${operands#* }" ]; do
			operands=${operands#* }
			place=$((place - 1))
		done
		_moat_expand "${operands%% *}"
	fi
}
