#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# teardown_open - a tenant is deleted while everything in it is in use: connections stand, processes listen and stay,
# names are asked, forwarded connections fill its tables. Its router goes within seconds, since nobody of ours holds it;
# the processes live on, with dead links, in namespaces that are theirs alone. Then the same with a name service that
# does not react: it is killed, and the teardown goes on.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need jq dig
program=$(dirname "$0")/teardown_open.py
sandbox_outside
echo "nameserver $OUTSIDE4" >/run/resolv.conf
nsenter --net=/run/netns/outside -- "$program" serve 90 >/run/served &
sandbox_keep $!
sandbox_mark
start_moatd --resolv-conf /run/resolv.conf

# Of namespaces that a link of ours leads to the kernel keeps a number, and forgets it with the namespace.
peers() { ip netns list-id | wc -l; }
peers_are() { [[ $(peers) == "$1" ]]; }
before=$(peers)

# holders INODE - processes with a descriptor of that namespace's file, or that live in it
holders() {
	local pid link
	for pid in /proc/[0-9]*; do
		for link in "$pid"/fd/* "$pid/ns/net"; do
			[[ $(readlink "$link") != "net:[$1]" ]] || echo "${pid#/proc/} $link"
		done
	done 2>/dev/null
}
# sockets PROGRAM - how many it has: of which namespace one is cannot be seen
sockets() { find "/proc/$(moat_pids "$1")/fd" -lname 'socket:*' 2>/dev/null | wc -l; }
declare -A quiet
sockets_are_quiet() {
	local program
	for program in moatd-hand moatd-engine moatd-dns; do
		(($(sockets "$program") <= quiet[$program])) || return 1
	done
}
line() { eventually 10 grep -q "$2" "/run/$1.said"; }

# furnish - a tenant with two stacks and a container, and all of it in use
furnish() {
	moat -q tenant create red || die "no tenant"
	moat -q network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64 || die "no network"
	moat -q network create red/flat --mode routed --subnet 10.1.0.0/24 || die "no network"
	moat -q attach red/web --create --name server --ip 10.0.0.11 -p 8090:90 || die "no server"
	moat -q attach red/web --create --name client --ip 10.0.0.12 || die "no client"
	moat -q attach red/flat --create --name far --ip 10.1.0.13 || die "no far"
	inside server serve 90
	inside client hold 10.0.0.11 90
	inside far hold "$OUTSIDE4" 90
	rm -f /run/outside.said
	nsenter --net=/run/netns/outside -- "$program" hold "$HOST4" 8090 >/run/outside.said &
	holder=$!
	sandbox_keep $holder
	for who in client far outside; do
		line $who "^connected" || die "$who has no connection"
	done
	line server "^listening" || die "nobody listens"
	eventually 5 answered || die "no name service"
	# a name that nobody answers: asked of the world when the router goes
	"$MOAT_BIN_DIR/moat" enter red/client -- dig +time=20 +tries=1 @10.0.0.1 nobody.test >/dev/null 2>&1 &
	asker=$!
	# and a connection to the name service that stays open
	inside client-dns hold 10.0.0.1 53
	line client-dns "^connected" || die "no connection to the name service"
}
declare -A pid
# inside NAME ARG... - the program in stack NAME (up to a '-'), which stays
inside() {
	local who=$1
	shift
	rm -f "/run/$who.said"
	"$MOAT_BIN_DIR/moat" enter "red/${who%-*}" -- "$program" "$@" >"/run/$who.said" 2>&1 &
	pid[$who]=$!
	sandbox_keep $!
}
answered() { [[ $(moat enter red/client -- dig +time=1 +tries=1 +short @10.0.0.1 server A) == 10.0.0.11 ]]; }
path_of_router() { moat tenant show red --json | jq -r .tenant.routerNetns; }
ended() {
	local who
	for who in "${!pid[@]}"; do
		kill "${pid[$who]}" 2>/dev/null
		wait "${pid[$who]}" 2>/dev/null
	done
	pid=()
	kill "$holder" "$asker" 2>/dev/null
	wait "$holder" "$asker" 2>/dev/null
}

# Sockets to ask the world's name servers by come with the first tenant, and stay.
moat -q tenant create warm && moat -q network create warm/web --subnet 10.0.0.0/24 &&
	moat -q attach warm/web --create --name client || die "no tenant"
warm() { [[ $(moat enter warm/client -- dig +time=1 +tries=1 +short @10.0.0.1 client A) == 10.0.0.2 ]]; }
eventually 5 warm || die "no name service"
moat -q tenant delete warm --force
eventually 10 peers_are "$before" || die "the first router does not go"
sleep 0.2
for program_of in moatd-hand moatd-engine moatd-dns; do
	quiet[$program_of]=$(sockets "$program_of")
done
# teardown WHAT - delete it, and see what is left
teardown() {
	local path inode who
	path=$(path_of_router)
	inode=$(stat -L -c %i "$path")
	assert_ok "$1: it goes by force" moat tenant delete red --force
	assert_ok "its router's namespace is no more" eventually 10 peers_are "$before"
	assert_eq "nobody has it open" "" "$(holders "$inode")"
	assert_fail "its pin is gone" test -e "$path"
	assert_fail "and its uplink" ip link show type veth | grep -q ': mu'
	# who sends once more, later, is answered by a reset of the host's own, and that entry stays for 10 s (nf_conntrack_tcp_timeout_close)
	assert_ok "the host's connection table has forgotten its connections" eventually 40 forgotten
	for who in server client far client-dns; do
		assert_ok "$who lives on" kill -0 "${pid[$who]}"
	done
	for who in server client far; do
		assert_ok "$who has no link but its own lo" eventually 20 lonely "$who"
	done
	assert_ok "the server still listens" nsenter --net="/proc/${pid[server]}/ns/net" "$program" once 127.0.0.1 90
	assert_ok "check is clean" moat check
	ended
	assert_ok "hand, engine and dns hold no socket more than before" eventually 10 sockets_are_quiet
}
lonely() { [[ $(nsenter --net="/proc/${pid[$1]}/ns/net" ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | paste -sd' ') == lo ]]; }
# What the host remembers of connections from the router, or led to it
transit() { nsenter --net="$(path_of_router)" ip -4 -o addr show dev uplink scope global | sed -n 's,.* \(10[0-9.]*\)/.*,\1,p'; }
forgotten() { ! grep -F "=$address " /proc/net/nf_conntrack; }
[[ -r /proc/net/nf_conntrack ]] || skip "no /proc/net/nf_conntrack here"

furnish
address=$(transit)
assert_fail "before: connections of its stand in the host's table" forgotten
assert_match "to it" "dport=8090 .*src=$address " "$output"
assert_match "and from it" "src=$address dst=$OUTSIDE4 .*dport=90 " "$output"
teardown "in use"

# ---------------------------------------------------------------- a name service that does not react
furnish
dns=$(moat_pids moatd-dns)
kill -STOP "$dns"
address=$(transit)
teardown "its name service does not react"
assert_fail "it was killed" kill -0 "$dns"
assert_match "and the log says why" "does not (close a tenant's sockets|read what it is told)" "$(<"$MOATD_LOG")"
furnish
assert_ok "the new one serves the next tenant" answered

# ---------------------------------------------------------------- a router that comes late
# Its pin cannot be made when the daemon starts, so it is left; a repair makes it, and its names come with it.
path=$(path_of_router)
stop_moatd
umount "$path"
rm -f "$path"
mkdir -p "$path/in-the-way"
nsenter --net=/run/netns/host ip link del "$(ip -br link show type veth | sed -n 's/^\(mu[0-9a-f]*\).*/\1/p')"
start_moatd --resolv-conf /run/resolv.conf
assert_status 5 "a router that cannot be made is missing" moat check
assert_fail "nobody answers names" answered
rm -rf "$path"
moat check --repair >/dev/null
assert_ok "a repair makes it" eventually 10 moat check
assert_ok "and its name service" eventually 5 answered
moat -q tenant delete red --force
ended
leftovers
finish
