#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# engine_recovery - SIGKILL of engine, hand and supervisor at rest and under load: all comes back by
# itself, the kernel's state is the same line by line, not one ping is lost meanwhile, ports work.
# And what may not keep the daemon from starting: a quota below what stands, clients in the midst.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need nft ip bridge ping curl
sandbox_outside
netns_add given
start_moatd
for command in "tenant create red" "tenant create blue" "network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64" \
	"network create blue/web --subnet 10.0.0.0/24" "attach red/web --create --name a -p 8080:80" \
	"attach red/web --create --name b --ip 10.0.0.20" "attach red/web --netns /run/netns/given --name given -p 8082:80" \
	"attach blue/web --create --name a -p 8081:80"; do
	# shellcheck disable=SC2086 # words
	moat $command >/dev/null || die "moat $command"
done
cat >/run/lab.yml <<'END'
name: ring
topology:
  nodes:
    n1: {kind: linux}
    n2: {kind: linux}
  links:
    - endpoints: ["n1:eth1", "n2:eth1"]
      ipv4: ["10.1.1.1/30", "10.1.1.2/30"]
END
moat lab up /run/lab.yml >/dev/null || die "moat lab up"
for server in red/a blue/a red/given; do
	if [[ $server == red/given ]]; then
		nsenter --net=/run/netns/given "$SANDBOX_TOP/tests/lib/whoami.py" $server :: 80 >/dev/null 2>&1 &
		given_server=$!
	else
		moat enter $server -- "$SANDBOX_TOP/tests/lib/whoami.py" $server :: 80 >/dev/null 2>&1 &
	fi
	sandbox_keep $!
done
page() { outside curl -g -s -m 3 "http://$1/"; }
serves() { [[ $(page "$1") == "$2 "* ]]; }
all_serve() {
	serves "$HOST4:8080" red/a && serves "$HOST4:8081" blue/a && serves "$HOST4:8082" red/given && serves "[$HOST6]:8080" red/a
}
eventually 10 all_serve || die "the servers do not answer"

paths=$(moat --json tenant list | /usr/bin/python3 -c 'import json,sys
print(*[t["routerNetns"] for t in json.load(sys.stdin)["tenants"] if t["routerNetns"]])')
paths+=" $(ls -d "$RT"/ns/0002*) /run/netns/given /proc/self/ns/net"
state() {
	local path
	for path in $paths; do
		PYTHONPATH=$SANDBOX_TOP/tests/lib /usr/bin/python3 -c \
			'import kernelstate,sys; print(*kernelstate.read(sys.argv[1]), sep="\n")' "$path"
	done
	for path in "tenant list" "network list" "endpoint list" "publish list" "lab list"; do
		# shellcheck disable=SC2086 # words
		moat --json $path | /usr/bin/python3 -c 'import json,sys
def tidy(v):
    if isinstance(v, list): return sorted((tidy(x) for x in v), key=str)
    return {k: tidy(x) for k, x in v.items()} if isinstance(v, dict) else v
print(json.dumps(tidy(json.load(sys.stdin)), sort_keys=True))'
	done
	ls "$RT/ns"
}
state >/run/before 2>&1
settled() {
	state >/run/after 2>&1
	cmp -s /run/before /run/after
}
same() { if eventually 5 settled; then pass "$1"; else fail "$1" "$(diff /run/before /run/after | head -20)"; fi; }

# watched ADDRESS... - pings all the time, and reports what was lost
pings=()
watch_begin() {
	moat enter red/a -- ping -n -i 0.02 10.0.0.20 >/run/ping.1 2>&1 &
	pings=($!)
	moat enter red/a -- ping -n -i 0.02 "$OUTSIDE4" >/run/ping.2 2>&1 &
	pings+=($!)
	moat enter ring/n1 -- ping -n -i 0.02 10.1.1.2 >/run/ping.3 2>&1 &
	pings+=($!)
	sandbox_keep "${pings[@]}"
	sleep 0.3
}
watch_end() {
	local i text
	sleep 0.3
	# shellcheck disable=SC2046 # words; this process namespace is the test's own
	kill -INT $(pgrep -x ping)
	wait "${pings[@]}" 2>/dev/null
	for i in 1 2 3; do
		text=$(tail -n 2 /run/ping.$i | head -n 1)
		assert_match "$1: no ping is lost ($text)" ", 0% packet loss" "$text"
	done
}
ready() { [[ $(grep -c 'moatd: ready' "$MOATD_LOG") -ge $1 ]] && moat version >/dev/null 2>&1; }
times=1

victims=(moatd-engine moatd-hand both moatd-engine)
cuts=(1 2 3 4 5 6)
# A look at the kernel takes seconds where the processor is emulated.
[[ ${MOAT_VM:-0} != 1 ]] || victims=(both) cuts=(1 2)
for victim in "${victims[@]}"; do
	watch_begin
	engine=$(moat_pids moatd-engine)
	hand=$(moat_pids moatd-hand)
	case $victim in
	both) kill -KILL "$engine" "$hand" 2>/dev/null ;; # the one may have ended with the other
	*) kill -KILL "$(moat_pids "$victim")" ;;
	esac
	assert_ok "$victim killed: ports serve without it" all_serve
	times=$((times + 1))
	assert_ok "$victim killed: it comes back" eventually 10 ready $times
	assert_status 0 "$victim killed: check is clean" moat check
	watch_end "$victim killed"
	same "$victim killed: everything stands as before"
done

# The supervisor: what it started dies with it, what they made stands; another takes it up.
watch_begin
kill -KILL "$MOATD_PID"
wait "$MOATD_PID" 2>/dev/null
gone() { ! pgrep -x moatd-engine && ! pgrep -x moatd-hand; }
assert_ok "supervisor killed: its children end" eventually 5 gone
assert_ok "supervisor killed: ports serve without any of them" all_serve
assert_fail "supervisor killed: a command says that nobody listens" moat tenant list
assert_match "in one line that names the socket" "^moat: [^"$'\n'"]*$RT/moatd.sock: [^"$'\n'"]*$" "$output"
start_moatd
times=$((times + 1))
assert_status 0 "started again: check is clean" moat check
watch_end "supervisor killed"
same "started again: everything stands as before"

watch_begin
stop_moatd
assert_ok "stopped in order: ports serve" all_serve
start_moatd
times=$((times + 1))
watch_end "stopped and started"
same "stopped and started: everything stands as before"

# What an older or careless administrator left: none of it may keep the daemon from starting.
moat tenant set red --quota endpoints=1,networks=0,ports=1 >/dev/null || fail "the quota cannot be set below what stands"
kill -KILL "$(moat_pids moatd-engine)"
times=$((times + 1))
assert_ok "a quota below what stands: it starts" eventually 10 ready $times
assert_ok "and all ports serve" all_serve
assert_status 4 "and nothing more is taken" moat attach red/web --create --name more
moat tenant set red --quota endpoints=1000,networks=1000,ports=1000 >/dev/null
state >/run/before 2>&1

# Killed in the midst of work, again and again; what was answered stands, what was not is whole or not at all.
for i in "${cuts[@]}"; do
	victim=moatd-engine
	((i % 2)) || victim=moatd-hand
	clients=()
	for n in 1 2 3 4 5 6 7 8; do
		(moat attach red/web --create --name "k$i-$n" -p $((20000 + 10 * i + n)):80 >/dev/null 2>&1 && touch "/run/told.k$i-$n") &
		clients+=($!)
	done
	sleep 0.0$((i * 7 % 10))
	kill -KILL "$(moat_pids "$victim")"
	wait "${clients[@]}" 2>/dev/null
	times=$((times + 1))
	eventually 10 ready $times || fail "it does not come back ($victim, $i)"
	output=$(moat check) || fail "check after a kill in the midst ($victim, $i)" "$output"
done
known=$(moat --json endpoint list red)
missing=
assert_ok "some were answered before the kills" compgen -G "/run/told.k*"
for told in /run/told.k*; do
	[[ -e $told ]] || continue
	grep -q "\"red/${told#/run/told.}\"" <<<"$known" || missing+=" ${told#/run/told.}"
done
assert_eq "whatever was answered stands" "" "$missing"
assert_status 0 "check is clean after ${#cuts[@]} kills in the midst of work" moat check
/usr/bin/python3 -c 'import json,sys
print(*{e["stack"] for e in json.load(sys.stdin)["endpoints"] if "/k" in e["stack"]}, sep="\n")' <<<"$known" | while read -r name; do
	[[ -z $name ]] || moat detach "$name" || echo "detach $name" >>/run/undone
done
assert_fail "all of it can be detached" test -e /run/undone
same "and everything stands as before"

# A namespace that ended while nobody looked
kill -STOP "$(moat_pids moatd-engine)"
kill "$given_server"
ip netns del given
kill -KILL "$(moat_pids moatd-engine)"
times=$((times + 1))
assert_ok "a foreign namespace ended meanwhile: it starts" eventually 10 ready $times
assert_status 3 "and the endpoint is no more" moat endpoint show red/given
assert_status 0 "and check is clean" moat check
moat lab down ring
moat tenant delete red --force
moat tenant delete blue --force
leftovers
finish
