#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# demo [BUILD] - Moat shown on this machine without touching it: a private moatd in namespaces of its
# own; two tenants with the same addresses; nginx twice and PostgreSQL once; who reaches whom, really
# measured; a page through each published port; the Abilene network; and nothing left at the end.
#
# What is printed is what was measured. Anything that is not as it must be ends the demo with status
# 1, so it is a test, too.
# shellcheck source-path=SCRIPTDIR
[[ -z ${1-} ]] || export MOAT_BIN_DIR=$1/bin
. "$(dirname "$0")/../lib/sandbox.sh"
sandbox_enter "$@"

here=$(dirname "$0")
begin=$EPOCHREALTIME
[[ -t 1 && -z ${NO_COLOR-} && ${TERM-dumb} != dumb ]] && colour=1 || colour=
export DEMO_COLOUR=$colour

# Answers take milliseconds. Silence is believed after one second; where an answer must come, a busy
# machine is given more.
silence=1 answers=10
[[ -z ${MOAT_VM-} ]] || silence=5 answers=60

paint() { if [[ -n $colour ]]; then printf '\e[%sm%s\e[0m' "$1" "$2"; else printf '%s' "$2"; fi; }
title() { printf '\n%s\n' "$(paint 1 "$*")"; }
say() { printf '  %s\n' "$*"; }
seconds() {
	local us=$((${EPOCHREALTIME/./} - ${1/./}))
	printf '%d.%02d s' $((us / 1000000)) $((us % 1000000 / 10000))
}

wrong() {
	printf '\n%s\n' "$(paint '1;31' "The demo failed: $*")"
	[[ ! -s $MOATD_LOG ]] || tail -n 20 "$MOATD_LOG" | sed 's/^/  moatd: /'
	exit 1
}

# show COMMAND... - prints the command and runs it; its output is left out unless it fails
show() {
	announce "$@"
	local out
	out=$("$@" 2>&1) || wrong "$*: $out"
}

announce() {
	local word line=
	for word in "$@"; do
		[[ $word == *\'* ]] && word="\"$word\""
		[[ $word == *[\ \;]* && $word != \"* ]] && word="'$word'"
		line+=" $word"
	done
	printf '  %s%s\n' "$(paint 2 '$')" "$line"
}

for command in nginx psql curl jq ping /usr/bin/python3; do
	command -v "$command" >/dev/null || [[ -x /usr/sbin/$command ]] || wrong "no $command here: ./bootstrap deps"
done

# ------------------------------------------------------------ the start
title "Moat starts privately: its own namespaces and $RT, nothing of this machine"
sandbox_outside
"$SANDBOX_TOP/tests/lib/whoami.py" host :: 22 >/dev/null 2>&1 &
sandbox_keep $!
sandbox_mark
start_moatd
say "moatd is up after $(seconds "$begin"); here, the host is $HOST4, the internet is $OUTSIDE4"

title "Two tenants with the same addresses; servers by their usual command lines"
db_password=open-sesame
show moat tenant create red
show moat tenant create blue
for tenant in red blue; do
	show moat network create $tenant/web --subnet 10.0.0.0/24 --subnet fd00:a::/64
done
start=$EPOCHREALTIME
# Making a database cluster takes longer than all the rest: meanwhile the others start.
postgres=(moat run -d --name red/db --network "red/web,ip=10.0.0.11" -e "POSTGRES_PASSWORD=$db_password" -- postgres)
announce "${postgres[@]}"
"${postgres[@]}" >/run/sandbox/postgres.out 2>&1 &
postgres_pid=$!
show moat run -d --name red/www --network red/web,ip=10.0.0.10,ip=fd00:a::10 -p 8081:80 \
	--tmpfs /var/www/html -- nginx -g 'daemon off;'
show moat run -d --name blue/www --network blue/web,ip=10.0.0.10,ip=fd00:a::10 -p 8082:80 \
	--tmpfs /var/www/html -- nginx -g 'daemon off;'
show moat attach red/web --create --name red/client --ip 10.0.0.20
show moat attach blue/web --create --name blue/client --ip 10.0.0.20
for tenant in red blue; do
	show moat exec $tenant/www -- sh -c "echo '$tenant: hello from $tenant/www' >/var/www/html/index.html"
done

page() { curl -g -s -m "$answers" "http://$1/" | head -n 1; }
serves() { [[ $(page "$1") == "$2"* ]]; }
database() { "$(echo /usr/lib/postgresql/*/bin/pg_isready)" -q -t "$1" -h 10.0.0.11; }
export -f database
eventually "$answers" serves "$HOST4:8081" red || wrong "red/www does not serve"
eventually "$answers" serves "$HOST4:8082" blue || wrong "blue/www does not serve"
wait "$postgres_pid" || wrong "${postgres[*]}: $(cat /run/sandbox/postgres.out)"
eventually $((2 * answers)) moat enter red/client -- bash -c "database $answers" || wrong "red/db does not answer: $(moat logs red/db 2>&1 | tail -n 3)"
say "all serve after $(seconds "$start")"

# ---------------------------------------------------------- the picture
title "The layout, as Moat tells it (moat --json)"
{
	moat --json tenant list && moat --json network list && moat --json endpoint list &&
		moat --json publish list && moat --json ps -a
} >/run/sandbox/layout.json 2>/run/sandbox/layout.err || wrong "the lists: $(cat /run/sandbox/layout.err)"
/usr/bin/python3 "$here/picture.py" "$HOST4" "$OUTSIDE4" </run/sandbox/layout.json || wrong "the picture"

# ----------------------------------------------------------- the matrix
title "Who reaches whom (each field was tried just now: whose answer came, · for none)"
places=(red/client red/www blue/client outside host)
goals=("10.0.0.10:80" "[fd00:a::10]:80" "10.0.0.11:5432" "host:8081" "host:8082" "host:22" "internet:80")
# What must be seen, in the order of goals. "-" is silence.
declare -A expected=(
	[red/client]="red red database red blue - internet"
	[red/www]="red red database red blue - internet"
	[blue/client]="blue blue - red blue - internet"
	[outside]="- - - red blue host internet"
	[host]="- - - red blue host internet"
)

at() {
	local place=$1
	shift
	case $place in
	outside) outside "$@" ;;
	host) "$@" ;;
	*/www) moat exec "$place" -- "$@" ;;
	*) moat enter "$place" -- "$@" ;;
	esac
}

# probe PLACE GOAL SECONDS - whose answer comes back within that time
probe() {
	local goal=$2 limit=$3 answer
	case $goal in
	*:5432) at "$1" "$(echo /usr/lib/postgresql/*/bin/pg_isready)" -q -t "$limit" -h 10.0.0.11 >/dev/null 2>&1 && answer=database ;;
	*)
		goal=${goal/host:/$HOST4:}
		goal=${goal/internet:/$OUTSIDE4:}
		answer=$(at "$1" curl -g -s -m "$limit" "http://$goal/" 2>/dev/null | head -n 1 | sed 's/[: ].*//')
		[[ $2 == internet:* && $answer == outside ]] && answer=internet
		;;
	esac
	printf '%s' "${answer:--}"
}

mkdir /run/sandbox/matrix
pids=()
for i in "${!places[@]}"; do
	read -ra want <<<"${expected[${places[i]}]}"
	for j in "${!goals[@]}"; do
		[[ ${want[j]} == - ]] && limit=$silence || limit=$answers
		probe "${places[i]}" "${goals[j]}" "$limit" >"/run/sandbox/matrix/$i.$j" &
		pids+=($!)
	done
done
wait "${pids[@]}"

width=16
printf '  %-12s' "from \\ to"
printf "%-${width}s" "${goals[@]}"
printf '\n'
bad=0
for i in "${!places[@]}"; do
	printf '  %-12s' "${places[i]}"
	read -ra want <<<"${expected[${places[i]}]}"
	for j in "${!goals[@]}"; do
		got=$(<"/run/sandbox/matrix/$i.$j")
		field=$(printf "%-${width}s" "$got")
		[[ $got != - ]] || field="·${field:1}"
		case $got in
		red) field=$(paint 31 "$field") ;;
		blue) field=$(paint 34 "$field") ;;
		-) field=$(paint 2 "$field") ;;
		*) field=$(paint 32 "$field") ;;
		esac
		printf '%s' "$field"
		[[ $got == "${want[j]}" ]] || {
			((bad += 1))
			failed+="${failed:+; }${places[i]} to ${goals[j]}: ${want[j]} expected, $got came"
		}
	done
	printf '\n'
done
((bad == 0)) || wrong "$failed"
say "as it must be: 10.0.0.10 is another server for each tenant, nothing is reached but what is published"

# ------------------------------------------------- through the published ports
title "From the internet, through each published port"
for port in "8081 red" "8082 blue"; do
	read -r number tenant <<<"$port"
	for address in "$HOST4" "[$HOST6]"; do
		got=$(outside curl -g -s -m "$answers" "http://$address:$number/" | head -n 1)
		[[ $got == "$tenant: hello from $tenant/www" ]] || wrong "http://$address:$number/ gave: $got"
		say "http://$address:$number/  $(paint 32 "$got")"
	done
done
got=$(moat enter red/client -- env PGPASSWORD=$db_password PGCONNECT_TIMEOUT="$answers" psql -h 10.0.0.11 -U postgres -Atc \
	"select 'PostgreSQL ' || current_setting('server_version') || ' sees ' || host(inet_client_addr())" 2>&1)
[[ $got == *"sees 10.0.0.20"* ]] || wrong "psql from red/client: $got"
say "psql -h 10.0.0.11 in red/client  $(paint 32 "$got")"

# ---------------------------------------------------------------- the lab
title "A lab: the Abilene research network, from its GraphML"
start=$EPOCHREALTIME
show moat lab up "$SANDBOX_TOP/configs/labs/zoo/Abilene.graphml"
say "up after $(seconds "$start")"
moat --json lab show abilene >/run/sandbox/lab.json || wrong "lab show"
mapfile -t nodes < <(jq -r '(.lab // .).nodes[].name' /run/sandbox/lab.json)
mapfile -t loopbacks < <(jq -r '(.lab // .).nodes[].ips[] | sub("/.*"; "") | select(contains(":") | not)' /run/sandbox/lab.json)
((${#nodes[@]} == 11 && ${#loopbacks[@]} == 11)) || wrong "Abilene has 11 nodes, here are ${#nodes[@]} with ${#loopbacks[@]} addresses"
# From every node to every other, at once; each prints ADDRESS TTL TIME of what came back.
pids=()
for node in "${nodes[@]}"; do
	# shellcheck disable=SC2016 # the inner shell's own
	moat enter "abilene/$node" -- bash -c 'for to; do { out=$(ping -n -c1 -W10 "$to") && sed -n \
		"s/.*from \(.*\): .*ttl=\([0-9]*\) time=\(.*\)/\1 \2 \3/p" <<<"$out"; } & done; wait' ping "${loopbacks[@]}" \
		>"/run/sandbox/ping.$node" 2>&1 &
	pids+=($!)
done
wait "${pids[@]}"
reached=0 far_ttl=65
for i in "${!nodes[@]}"; do
	while read -r address ttl time; do
		((reached += 1))
		((ttl < far_ttl)) || continue
		far_ttl=$ttl far_from=${nodes[i]} far_time=$time
		for j in "${!loopbacks[@]}"; do
			[[ ${loopbacks[j]} != "$address" ]] || far_to=${nodes[j]}
		done
	done < <(grep -E '^[0-9.]+ [0-9]+ ' "/run/sandbox/ping.${nodes[i]}")
done
((reached == 121)) || wrong "only $reached of 121 pings in the lab came back"
say "121 of 121 pings came back, from every node to every other"
say "the farthest: $far_from to $far_to, $((65 - far_ttl)) links away, $far_time"

# ---------------------------------------------------------------- the end
title "Clean-up"
show moat lab down abilene
show moat rm -f red/www
show moat rm -f blue/www
show moat rm -f red/db
show moat tenant delete red --force
show moat tenant delete blue --force
eventually "$answers" sandbox_clean || wrong "something is left: $(for what in links mounts nft rules processes; do sandbox_diff $what; done)"
stop_moatd || wrong "moatd ended with status $?"
eventually "$answers" sandbox_clean || wrong "something is left: $(for what in links mounts nft rules processes; do sandbox_diff $what; done)"
say "nothing is left: no link, no mount, no rule, no route, no process"
printf '\n%s\n' "$(paint '1;32' "All as it must be, in $(seconds "$begin").")"
