#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The stack outlives the process: a container that lives in another one's (--net container:X) keeps connections and
# addresses while X is started anew a hundred times: by its shim, by stop and a new shim, and by its own death.
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need python3
sandbox_outside
sandbox_mark
start_moatd
moat tenant create red >/dev/null
moat network create red/web --subnet 10.0.0.0/24 >/dev/null

# Says after its own name how many words it has answered; each connection is one client's.
cat >/run/sandbox/echo.py <<-'END'
	import socket, threading
	def serve(connection):
	    count = 0
	    for line in connection.makefile("rb"):
	        count += 1
	        connection.sendall(b"%d %s" % (count, line))
	listener = socket.create_server(("", 7), family=socket.AF_INET)
	print("ready", flush=True)
	while True:
	    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
END
# A word every 20 ms on one connection, for ever; a line for each hundredth answer; ends when one is not as it should be.
cat >/run/sandbox/talk.py <<-'END'
	import socket, sys, time
	connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=20)
	answers, n = connection.makefile("rb"), 0
	while True:
	    n += 1
	    connection.sendall(b"%d\n" % n)
	    answer = answers.readline()
	    if answer != b"%d %d\n" % (n, n):
	        sys.exit(f"lost after {n}: {answer}")
	    print(n, flush=True)
	    time.sleep(0.02)
END
python=$(cat /run/sandbox/echo.py)
talk=$(cat /run/sandbox/talk.py)
moat run -d --name red/z --network red/web,ip=10.0.0.9 -- python3 -c "$python" >/dev/null
moat run -d --name red/x --network red/web,ip=10.0.0.5 -p 8007:7 --restart always -- sleep 1000 >/dev/null
moat run -d --name red/y --net container:red/x -- python3 -c "$python" >/dev/null
moat run -d --name red/w --net container:red/x -- python3 -c "$talk" 10.0.0.9 7 >/dev/null
eventually 10 sh -c "[ -n \"\$($MOAT_BIN_DIR/moat logs red/y)\" ]" || fail "y does not listen"
ip netns exec outside python3 -c "$talk" "$HOST4" 8007 >/run/sandbox/outside 2>&1 &
caller=$!
spoken() { moat logs red/w | tail -1; }
eventually 10 sh -c "[ \$($MOAT_BIN_DIR/moat logs red/w | wc -l) -gt 2 ]"
heard() { (($(wc -l </run/sandbox/outside) > 2)); }
eventually 10 heard
stack() { moat exec red/y -- sh -c 'readlink /proc/self/ns/net; ip -o addr show dev eth0 | tr -s " "; ip route; cat /sys/class/net/eth0/address'; }
pid_of() { moat inspect "$1" | grep -oP '"pid":\K[0-9]+'; }
before=$(stack)
heard=$(wc -l </run/sandbox/outside)
said=$(moat logs red/w | wc -l)
failures=0 same=0 last=$(pid_of red/x)
for i in $(seq 100); do
	case $((i % 10)) in
	0)
		moat stop -t 0 red/x >/dev/null || ((++failures))
		moat restart red/x >/dev/null || ((++failures))
		;;
	5)
		kill -KILL "$last"
		eventually 10 sh -c "p=\$($MOAT_BIN_DIR/moat inspect red/x | grep -oP '\"pid\":\\K[0-9]+'); [ -n \"\$p\" ] && [ \$p != $last ]" || ((++failures))
		;;
	*)
		moat restart -t 0 red/x >/dev/null || ((++failures))
		;;
	esac
	now=$(pid_of red/x)
	[[ $now != "$last" ]] || ((++same))
	last=$now
done
assert_eq "a hundred starts, each another process" "0 0" "$failures $same"
# A restart asked for while another start is under way (the policy's) is answered by the start that it asks for, not by that one.
changed=0 refused=0
for i in $(seq 16); do
	kill -KILL "$(pid_of red/x)"
	sleep "0.$((i % 4))$((i * 7 % 10))"
	moat restart -t 0 red/x >/dev/null || ((++refused))
	last=$(pid_of red/x)
	sleep 0.2
	[[ $(pid_of red/x) == "$last" ]] || ((++changed))
done
assert_eq "asked for meanwhile, too: done when it is answered" "0 0" "$refused $changed"
assert_eq "the stack is as it was" "$before" "$(stack)"
assert_eq "and X is in it" "$(moat exec red/y -- readlink /proc/self/ns/net)" "$(moat exec red/x -- readlink /proc/self/ns/net)"
more() { (($(wc -l </run/sandbox/outside) > heard + 100 && $(moat logs red/w | wc -l) > said + 100)); }
assert_ok "both connections went on" eventually 20 more
if kill -0 "$caller" 2>/dev/null; then pass "the one from outside, through the published port"; else fail "lost" "$(tail -2 /run/sandbox/outside)"; fi
assert_match "the one to another container" "running" "$(moat ps | grep red/w)"
assert_eq "on the same address" "10.0.0.5" "$(moat inspect red/x | grep -oP '"ips":\["\K10[0-9.]+' | head -1)"
note "answers: $(wc -l </run/sandbox/outside) outside, $(spoken) inside"

# Nothing of it needs the daemon, as long as X runs.
stop_moatd
assert_ok "without a daemon X is started anew" moat restart -t 0 red/x
kill -KILL "$(pid_of red/x)"
last=$(pid_of red/x)
runs() { moat exec red/x -- true; }
assert_ok "and by its policy" eventually 10 runs
heard=$(wc -l </run/sandbox/outside) said=$(moat logs red/w | wc -l)
assert_ok "its guests talk on" eventually 20 more
kill "$caller"
start_moatd
assert_ok "all is in order" moat check
moat rm -f red/w red/y red/x red/z >/dev/null
moat tenant delete red --force >/dev/null
stop_moatd
leftovers
finish
