#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# engine_api - wrong calls by command line and by raw bytes: each is refused by its code, with a
# message that names the object, and nothing has changed: not the kernel, not what is listed.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need python3 nft ip bridge
here=$(dirname "$0")

# A user to whom a tenant can be delegated, known inside alone.
cp /etc/passwd /run/sandbox/passwd
echo 'alice:x:4242:4242::/:/bin/sh' >>/run/sandbox/passwd
mount --bind /run/sandbox/passwd /etc/passwd || die "cannot mount /etc/passwd"
sandbox_outside
netns_add taken
netns_add free
"$SANDBOX_TOP/tests/lib/whoami.py" host :: 7000 >/dev/null 2>&1 &
sandbox_keep $!
start_moatd
for command in "tenant create red --delegate alice" "tenant create blue" \
	"network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64" "network create blue/web --subnet 10.0.0.0/24" \
	"attach red/web --create --name a -p 8080:80" "attach blue/web --create --name b -p 8081:80" \
	"attach red/web --netns /run/netns/taken --name taken"; do
	# shellcheck disable=SC2086 # words
	moat $command >/dev/null || die "moat $command"
done

# state FILE - all that stands: the kernel read by others' tools, and what is listed
state() {
	local list path
	for path in /proc/self/ns/net $(moat --json tenant list | python3 -c \
		'import json,sys; print(*[t["routerNetns"] for t in json.load(sys.stdin)["tenants"]])') \
		$(moat --json endpoint list | python3 -c \
			'import json,sys; print(*[e["netnsPath"] for e in json.load(sys.stdin)["endpoints"]])'); do
		PYTHONPATH=$SANDBOX_TOP/tests/lib python3 -c \
			'import kernelstate,sys; print(*kernelstate.read(sys.argv[1]), sep="\n")' "$path"
	done
	for list in "tenant list" "network list" "endpoint list" "publish list" "lab list"; do
		# shellcheck disable=SC2086 # words
		moat --json $list
	done
	ls "$RT/ns"
}
settled() {
	state >/run/after 2>&1
	cmp -s /run/before /run/after
}
unchanged() {
	if eventually 5 settled; then pass "$1"; else fail "$1" "$(diff /run/before /run/after | head -20)"; fi
}
state >/run/before 2>&1

# wrong STATUS "WORDS" ARGS... - the message is one line, names the command and holds the words
wrong() {
	local status=$1 words=$2 out got=0
	shift 2
	out=$(moat "$@" 2>&1) || got=$?
	if [[ $got == "$status" && $out == "moat: "*"$words"* && $(wc -l <<<"$out") == 1 ]]; then
		pass "moat $*: $status"
	else
		fail "moat $*" "status $got, expected $status with: $words"$'\n'"$out"
	fi
}
long=$(printf 'x%.0s' {1..129})
wrong 2 "Red: a tenant's name is 1 to 63" tenant create Red
wrong 2 "a tenant's name is" tenant create "$(printf 'x%.0s' {1..64})"
wrong 4 "red: a tenant of this name exists already" tenant create red
wrong 2 "x: there is no user 'nosuchuser'" tenant create x --delegate nosuchuser
wrong 2 "foo" tenant create x --quota foo=1
wrong 3 "nix: there is no tenant" tenant show nix
wrong 3 "nix: there is no tenant" tenant delete nix --strict
wrong 4 "red: it holds 1 networks and 2 endpoints; --force" tenant delete red
wrong 3 "nix: there is no tenant" network create nix/web
wrong 4 "red/web: a network of this name exists already" network create red/web
wrong 2 "red/x: 10.0.1.1/24 has host bits set; the network is 10.0.1.0/24" network create red/x --subnet 10.0.1.1/24
wrong 2 "red/x: 'ten' is no prefix" network create red/x --subnet ten
wrong 4 "red/x: subnet 10.0.0.128/25 overlaps 10.0.0.0/24 of network red/web" network create red/x --subnet 10.0.0.128/25
wrong 2 "the prefix length must be from 8 to 31" network create red/x --subnet 10.7.0.0/32
wrong 2 "red/x: gateway 10.7.1.1 is no host address" network create red/x --subnet 10.7.0.0/24 --gateway 10.7.1.1
wrong 2 "red/x: the MTU must be from 1280" network create red/x --mtu 1279
wrong 2 "red/x: a routed network has the gateways 169.254.1.1 and fe80::1" network create red/x --mode routed --subnet 10.7.0.0/24 --gateway 10.7.0.1
wrong 2 "red/x: a network of mode l2 has no subnet" network create red/x --mode l2 --subnet 10.7.0.0/24
wrong 2 "red/x: there is no mode 'odd'" network create red/x --mode odd
wrong 2 "a network's name is 1 to 128" network create "red/$long"
wrong 3 "red/nix: there is no network" network show red/nix
wrong 4 "red/web: it holds 2 endpoints; --force" network delete red/web
wrong 3 "red/nix: there is no network" attach red/nix --create --name x
wrong 3 "red/x: there is no stack of this name; give a namespace, or create" attach red/web --name x
wrong 4 "red/a: a stack of this name exists already" attach red/web --create --name a
wrong 4 "blue/x: a stack of tenant blue joins no network of tenant red" attach red/web --create --name blue/x
wrong 4 "red/x:eth0: 10.0.0.1 is the gateway of network red/web" attach red/web --create --name x --ip 10.0.0.1
wrong 4 "red/x:eth0: 10.0.0.2 is held by red/a:eth0" attach red/web --create --name x --ip 10.0.0.2
wrong 2 "red/x:eth0: 10.0.0.255 is no host address of network red/web" attach red/web --create --name x --ip 10.0.0.255
wrong 2 "red/x:eth0: fd00:b::1 is no host address" attach red/web --create --name x --ip fd00:b::1
wrong 2 "'10.0.0' is no IP address" attach red/web --create --name x --ip 10.0.0
wrong 2 "01:00:00:00:00:01 is not a unicast MAC" attach red/web --create --name x --mac 01:00:00:00:00:01
wrong 2 "'2:3' is no MAC address" attach red/web --create --name x --mac 2:3
wrong 2 "lo: an interface name is" attach red/web --create --name x --ifname lo
wrong 4 "red/a:eth0: the stack has an interface of this name" attach red/web --name a --ifname eth0
wrong 3 "/run/netns/nix: cannot open the namespace" attach red/web --netns /run/netns/nix --name x
lines=$(wc -l <"$MOATD_LOG")
wrong 2 "not a network namespace" attach red/web --netns /dev/null --name x
wrong 4 "the host's own network namespace" attach red/web --netns /proc/self/ns/net --name x
assert_eq "who brings what is no namespace to take does not fill the log" "$lines" "$(wc -l <"$MOATD_LOG")"
wrong 4 "the namespace belongs to a stack of another tenant" attach blue/web --netns /run/netns/taken --name x
wrong 2 "80: a port specification is" attach red/web --create --name x -p 80
wrong 4 "8081:80/tcp: port 8081 is published by blue/b:eth0" attach red/web --create --name x -p 8081:80
wrong 4 "attach failed: 7000/tcp: port 7000/tcp of the host is in use: a program listens there" attach red/web --create --name x -p 7000:80
wrong 4 "publish failed: 7000/tcp: port 7000/tcp of the host is in use" publish red/a -p 9000:80 -p 7000:80
wrong 2 "80-81:80-82" publish red/a -p 80-81:80-82
wrong 2 "80:80/icmp" publish red/a -p 80:80/icmp
wrong 3 "red/nix: there is no stack" publish red/nix -p 9000:80
wrong 3 "9000:80/tcp: red/a does not publish this port" unpublish red/a -p 9000:80 --strict
wrong 3 "red/nix: there is no stack" detach red/nix --strict
wrong 3 "red/a:eth9: there is no endpoint" detach red/a:eth9 --strict
wrong 3 "red/nix: there is no stack" endpoint show red/nix
wrong 125 "red/nix: there is no stack" enter red/nix -- true
wrong 3 "nix: there is no lab" lab show nix
wrong 4 "red: it is a tenant and no lab" lab down red
assert_eq "an error in JSON: one document, nothing else" \
	'{"error":{"code":"io.moat.NoSuchObject","message":"there is no tenant of this name","object":"nix"}}' \
	"$(moat --json tenant show nix 2>/dev/null)"
for command in "detach red/nix" "tenant delete nix" "network delete red/nix" "unpublish red/a -p 9000:80" "lab down nix"; do
	# shellcheck disable=SC2086 # words
	assert_status 0 "deleting what is not there is no failure: $command" moat $command
done
unchanged "after all wrong commands everything is as it was"

engine=$(moat_pids moatd-engine)
hand=$(moat_pids moatd-hand)
export ALICE_UID=4242
for test in unknown types lab_input depth halves pipeline deaf idle descriptors pending gone request request_lost users; do
	begin=${EPOCHREALTIME/./}
	assert_ok "raw: $test" /usr/bin/python3 "$here/engine_api.py" $test
	note "$test: $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
done
assert_eq "engine and hand have lived through it" "$engine $hand" "$(moat_pids moatd-engine) $(moat_pids moatd-hand)"
assert_eq "no plan was refused by the hand" 0 "$(grep -c 'refused operation' "$MOATD_LOG")"
unchanged "after all raw calls everything is as it was"

# Dry runs: what is shown is what is then done, and the showing changes nothing.
plan_words() { sed -E 's/mark=[0-9]+/mark=ID/; s/\bm([ubp])[0-9a-f]{12}/m\1ID/g; s/[0-9a-f]{12}/ID/g; s/mac=[0-9a-f:]+/mac=MAC/g; s/addr=fe80[^ ]*/addr=LL/; s/ip=fe80[^ ]*/ip=LL/' | sort; }
shown() { moat --dry-run "$@" | plan_words; }
shown tenant create dry >/run/dry.1
shown network create red/dry >/run/dry.2
shown network create red/dry >/run/dry.3
shown attach red/web --create --name dry -p 9500:80 >/run/dry.4
shown attach red/web --create --name dry -p 9500:80 >/run/dry.5
shown detach red/a >/run/dry.6
shown network delete red/web --force >/run/dry.7
shown tenant delete blue --force >/run/dry.8
shown publish red/a -p 9501:80 >/run/dry.9
shown unpublish red/a -p 8080:80 >/run/dry.10
unchanged "after all dry runs everything is as it was"
assert_eq "a dry run twice shows the same subnets" "$(</run/dry.2)" "$(</run/dry.3)"
assert_eq "a dry run twice shows the same addresses" "$(</run/dry.4)" "$(</run/dry.5)"
assert_match "a detach is shown" "- link .*" "$(</run/dry.6)"
moat attach red/web --create --name dry -p 9500:80 >/dev/null
shown detach red/dry >/run/dry.back
# All that the attach was to make, less what goes with the namespace and links, is what the detach would take away.
assert_eq "the addresses given are those that were shown" \
	"$(grep -o 'set=guard.ip4_ok .*' /run/dry.4)" "$(grep -o 'set=guard.ip4_ok .*' /run/dry.back)"
moat detach red/dry
unchanged "attached and detached, everything is as it was"

moat tenant delete red --force
moat tenant delete blue --force
leftovers
finish
