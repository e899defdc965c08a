#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Services of Debian by their usual command lines, in views of the host's file system: sshd with a host
# key of its own, redis and haproxy with copies of their configuration, two FRRs under their usual init
# that learn each other's routes by OSPF and BGP. (nginx and PostgreSQL: run_net.sh, postgres.sh.)
# The shells inside shall expand what is in single quotes.
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need python3 curl ssh ssh-keygen redis-cli haproxy vtysh
[[ -x /usr/sbin/sshd && -x /usr/lib/frr/bgpd ]] || skip "no sshd or no FRR here"
sandbox_outside
sandbox_mark
start_moatd
moat tenant create red >/dev/null
moat network create red/web --subnet 10.0.0.0/24 >/dev/null
before=$(etc_hash)

# ------------------------------------------------------------ sshd
mkdir -m 700 /run/sandbox/ssh
ssh-keygen -q -t ed25519 -N '' -f /run/sandbox/key
cp /run/sandbox/key.pub /run/sandbox/ssh/authorized_keys
assert_ok "sshd" moat run -d --name ssh --network red/web -p 2222:22 -v /run/sandbox/ssh:/root/.ssh -- /usr/sbin/sshd -D
ssh_in() {
	outside ssh -F none -i /run/sandbox/key -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=3 \
		-o UserKnownHostsFile=/run/sandbox/known -o LogLevel=ERROR -p 2222 "$@" "root@$HOST4" 'hostname; id -u; echo $SSH_CONNECTION'
}
if eventually 10 ssh_in; then pass "a key opens it from outside"; else fail "it does not" "$(ssh_in 2>&1; moat logs red/ssh 2>&1)"; fi
assert_match "into the container, as its root" "^ssh 0 198.51.100.1 " "$(ssh_in | xargs)"
assert_match "whose host key is not the host's" "ed25519" "$(cat /run/sandbox/known)"
for key in /etc/ssh/ssh_host_*_key.pub; do
	assert_fail "not ${key##*/}" grep -qF "$(cut -d' ' -f2 "$key")" /run/sandbox/known
done
ssh-keygen -q -t ed25519 -N '' -f /run/sandbox/other
mv /run/sandbox/key /run/sandbox/good
cp /run/sandbox/other /run/sandbox/key
assert_status 255 "another key does not open it" ssh_in
mv /run/sandbox/good /run/sandbox/key
known=$(cat /run/sandbox/known)
assert_ok "started again" moat restart red/ssh
eventually 10 ssh_in
assert_eq "it keeps its key" "$known" "$(cat /run/sandbox/known)"
assert_ok "stops" moat stop red/ssh
assert_ok "by a name alone" moat run -d --name ssh2 --network red/web -- sshd
assert_ok "it answers" eventually 10 sh -c 'moat exec red/ssh2 -- python3 -c "
import socket
print(socket.create_connection((\"127.0.0.1\", 22), 2).recv(8))" | grep -q SSH-2.0'
assert_ok "questions are no servers" moat run --rm -- /usr/sbin/sshd -V
moat rm -f red/ssh red/ssh2 >/dev/null

# ------------------------------------------------------------ redis
assert_ok "redis" moat run -d --name redis --network red/web -p 6379:6379 -- redis-server /etc/redis/redis.conf \
	--bind '* -::*' --protected-mode no
redis() { outside redis-cli -h "$HOST4" -p 6379 "$@"; }
pong() { [[ $(redis ping) == PONG ]]; }
if eventually 10 pong; then pass "answers from outside"; else fail "it does not" "$(moat logs red/redis 2>&1; moat exec red/redis -- cat /var/log/redis/redis-server.log)"; fi
assert_eq "remembers" "OK 41 42" "$(redis set n 41 | xargs) $(redis get n) $(redis incr n)"
assert_eq "by the host's file" "16" "$(redis config get databases | tail -1)"
assert_eq "as its user" "redis" "$(moat exec red/redis -- ps -C redis-server -o user= | xargs)"
assert_eq "its data is the container's own" "" "$(find /var/lib/redis -newer /run/sandbox/key.pub -name dump.rdb)"
assert_ok "stops" moat stop red/redis
assert_match "with 0" "redis .*exited \(0\)" "$(moat ps -a)"
moat rm red/redis >/dev/null

# ------------------------------------------------------------ haproxy
mkdir /run/sandbox/haproxy
cat /etc/haproxy/haproxy.cfg - >/run/sandbox/haproxy/haproxy.cfg <<'TEXT'

frontend web
	bind :80
	default_backend pages
backend pages
	server one 10.0.0.21:80 check inter 200ms
	server two 10.0.0.22:80 check inter 200ms
TEXT
cp -r /etc/haproxy/errors /run/sandbox/haproxy/
mount -n --bind /run/sandbox/haproxy /etc/haproxy
page='import http.server, socket
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(socket.gethostname().encode())
http.server.HTTPServer(("", 80), H).serve_forever()'
for n in 1 2; do
	moat run -d --name "page$n" --network "red/web,ip=10.0.0.2$n" -- python3 -c "$page" >/dev/null
done
assert_ok "haproxy" moat run -d --name proxy --network red/web -p 8080:80 -- haproxy -f /etc/haproxy/haproxy.cfg
both() { [[ $(for _ in 1 2 3 4; do outside curl -s -m 2 "http://$HOST4:8080/"; echo; done | sort -u | xargs) == "page1 page2" ]]; }
if eventually 15 both; then pass "spreads what comes from outside over two servers"; else fail "it does not" "$(moat logs red/proxy 2>&1)"; fi
assert_match "tells of itself on its socket" "Name: HAProxy" \
	"$(moat exec red/proxy -- python3 -c 'import socket
s = socket.socket(socket.AF_UNIX); s.connect("/run/haproxy/admin.sock"); s.sendall(b"show info\n"); print(s.recv(4096).decode())')"
assert_ok "stops" moat stop red/proxy
umount -n /etc/haproxy
assert_ok "as its unit starts it" moat run -d --name proxy2 -- haproxy -Ws -f /dev/null -p /run/haproxy.pid
moat rm -f red/proxy proxy2 red/page1 red/page2 >/dev/null

# ------------------------------------------------------------ FRR
moat network create red/routes --subnet 10.9.0.0/24 --no-guard >/dev/null
# frr NUMBER OTHER - a router of its own number, by the host's /etc/frr as it is then
frr() {
	rm -rf /run/sandbox/frr
	install -d -m 750 -o frr -g frr /run/sandbox/frr
	sed 's/^\(bgpd\|ospfd\)=no/\1=yes/' /run/sandbox/machine/daemons >/run/sandbox/frr/daemons
	echo 'service integrated-vtysh-config' >/run/sandbox/frr/vtysh.conf
	cat >/run/sandbox/frr/frr.conf <<TEXT
hostname r$1
interface lo
 ip address 192.0.2.$1/32
 ip address 198.18.0.$1/32
interface eth0
 ip ospf network point-to-point
 ip ospf hello-interval 1
 ip ospf dead-interval 4
router ospf
 ospf router-id 192.0.2.$1
 timers throttle spf 10 50 200
 network 10.9.0.0/24 area 0
 network 192.0.2.$1/32 area 0
router bgp 6500$1
 bgp router-id 192.0.2.$1
 no bgp ebgp-requires-policy
 timers bgp 1 3
 neighbor 10.9.0.1$2 remote-as 6500$2
 neighbor 10.9.0.1$2 advertisement-interval 0
 neighbor 10.9.0.1$2 timers connect 1
 address-family ipv4 unicast
  network 198.18.0.$1/32
TEXT
	chown frr:frr /run/sandbox/frr/*
	chmod 640 /run/sandbox/frr/*
	mount -n --bind /run/sandbox/frr /etc/frr
	moat run -d --name "r$1" --network "red/routes,ip=10.9.0.1$1" -- /usr/lib/frr/frrinit.sh start
	umount -n /etc/frr
}
mkdir /run/sandbox/machine
mount -n --bind /etc/frr /run/sandbox/machine
assert_ok "FRR by its usual init" frr 1 2
assert_ok "and another" frr 2 1
runs() { [[ $(moat exec "red/r$1" -- ps -eo comm= | grep -c -x -E 'watchfrr|zebra|bgpd|ospfd|staticd') == 5 ]]; }
for n in 1 2; do
	if eventually 20 runs $n; then pass "r$n has its five daemons"; else fail "it has not" "$(moat exec red/r$n -- ps -ef; moat logs red/r$n 2>&1)"; fi
done
learned() { # PROTOCOL ROUTE ROUTER
	moat exec "red/r$3" -- ip route show proto "$1" | grep -q -E "^$2 .*via 10.9.0.1[12]"
}
for n in 1 2; do
	other=$((3 - n))
	if eventually 25 learned ospf 192.0.2.$other $n; then pass "r$n learned r$other's address by OSPF"; else fail "no route by OSPF" \
		"$(moat exec red/r$n -- vtysh -c 'show ip ospf neighbor' -c 'show ip route' 2>&1)"; fi
	if eventually 25 learned bgp 198.18.0.$other $n; then pass "r$n learned r$other's prefix by BGP"; else fail "no route by BGP" \
		"$(moat exec red/r$n -- vtysh -c 'show bgp summary' -c 'show ip route' 2>&1)"; fi
done
assert_ok "packets take the way of OSPF" moat exec red/r1 -- ping -c 1 -W 3 192.0.2.2
assert_ok "and that of BGP" moat exec red/r1 -- ping -c 1 -W 3 -I 198.18.0.1 198.18.0.2
assert_match "its configuration was copied, to its owner" "^frr frr 640 " "$(moat exec red/r1 -- stat -c '%U %G %a %n' /etc/frr/frr.conf)"
assert_ok "stop ends the daemons, too" moat stop -t 5 red/r1
lost() { ! learned ospf 192.0.2.1 2; }
assert_ok "and r2 forgets its routes" eventually 15 lost
moat rm -f red/r1 red/r2 >/dev/null

assert_eq "the host's files are as they were" "$before" "$(etc_hash)"
assert_ok "all go" moat tenant delete red --force
eventually 3 nothing_left
assert_eq "nothing is left of any of them" "" "$(state_left)"
stop_moatd
finish
