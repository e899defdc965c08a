#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# publish_flows - a UDP client that keeps sending from one port of its own: whoever publishes the port next gets its
# next datagram, whether the last holder gave it up, was detached, or nobody had it; and flows of other ports stay.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need ip python3
here=$(dirname "$0")
sandbox_outside
start_moatd
for command in "tenant create red" "tenant create blue" "network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64" \
	"network create blue/web --subnet 10.0.0.0/24 --subnet fd00:a::/64" \
	"attach red/web --create --name a" "attach red/web --create --name b" "attach red/web --create --name c" \
	"attach blue/web --create --name a"; do
	# shellcheck disable=SC2086 # words
	moat $command >/dev/null || die "moat $command: $(moat $command 2>&1)"
done
for stack in red/a red/b blue/a; do
	moat enter $stack -- "$here/publish.py" serve $stack 5000 7000-7009 >"/run/sandbox/serve.${stack//\//.}" &
	sandbox_keep $!
	eventually 20 grep -q ready "/run/sandbox/serve.${stack//\//.}" || die "$stack does not serve"
done
# An echo for connections that shall not break.
moat enter red/c -- python3 -c 'import socket
s = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    c, _ = s.accept()
    import threading
    def run(c=c):
        while (d := c.recv(100)): c.sendall(d)
    threading.Thread(target=run, daemon=True).start()' &
sandbox_keep $!

client() { # NAME ADDRESS PORT PREFIX...
	local name=$1 address=$2 port=$3
	shift 3
	"$@" "$here/publish_flows.py" udp "/run/sandbox/heard.$name" "$address" "$port" &
	sandbox_keep $!
}
clients="out4 out6 host local hairpin4 hairpin6 range4 range6"
client out4 "$HOST4" 5000 outside
client out6 "$HOST6" 5000 outside
client host "$HOST4" 5000 env
client local 127.0.0.1 5000 env
client hairpin4 "$HOST4" 5000 moat enter red/c --
client hairpin6 "$HOST6" 5000 moat enter red/c --
client range4 "$HOST4" 6004 outside
client range6 "$HOST6" 6004 outside
all_hear() { # WHO
	local name
	for name in $clients; do [[ $(cat "/run/sandbox/heard.$name" 2>/dev/null) == "$1" ]] || return 1; done
}
heard() { # MESSAGE WHO
	eventually 12 all_hear "$2" || true
	local name
	for name in $clients; do assert_eq "$1 ($name)" "$2" "$(cat "/run/sandbox/heard.$name")"; done
	all_hear "$2" && return
	for name in /proc/self/ns/net "$RT"/ns/0001*; do
		note "$name"$'\n'"$(nsenter --net="$name" cat /proc/net/nf_conntrack)"
	done
	finish
}
ports=(-p 5000:5000/udp -p 6000-6009:7000-7009/udp)
heard "before anybody has the port" nobody
assert_ok "a publishes" moat publish red/a "${ports[@]}"
heard "a hears who was sending before" red/a
assert_ok "a connection by another port" moat publish red/c -p 8080:80 -p 8081:80 -p 8090-8099:80-89
eventually 15 outside python3 -c "import socket; socket.create_connection(('$HOST4', 8090), 2)" || die "no echo"
for port in 8080 8090; do
	outside "$here/publish_flows.py" tcp "/run/sandbox/tcp.$port" "$HOST4" $port &
	sandbox_keep $!
	eventually 10 grep -q alive "/run/sandbox/tcp.$port" || die "no connection by $port"
done
assert_ok "a gives it up" moat unpublish --strict red/a "${ports[@]}"
assert_ok "b takes it" moat publish red/b "${ports[@]}"
heard "b has the next datagram" red/b
assert_ok "nobody has it" moat unpublish --strict red/b "${ports[@]}"
heard "nobody hears" nobody
assert_ok "another tenant has it, after a while of knocking" moat publish blue/a "${ports[@]}"
heard "blue's hears" blue/a
assert_ok "its holder is detached" moat detach blue/a
assert_ok "and the port is another's" moat publish red/a "${ports[@]}"
heard "which hears" red/a
# A connection of TCP goes on until it ends; new ones do not come in.
assert_ok "the way of a connection ends" moat unpublish --strict red/c -p 8080:80
sleep 0.5
for port in 8080 8090; do assert_eq "the connection by $port is alive" alive "$(cat /run/sandbox/tcp.$port)"; done
assert_fail "a new one is not made" outside python3 -c "import socket; socket.create_connection(('$HOST4', 8080), 2)"
stop_moatd
assert_eq "nothing was complained of" "" "$(grep 'not forgotten' "$MOATD_LOG")"
finish
