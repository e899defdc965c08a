#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# engine_drift - 37 ways of damaging what Moat keeps in router and host: each is mended within
# 1.5 s, `check` tells of it, and connections that it does not concern live on.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need nft ip bridge nsenter
here=$(dirname "$0")
sandbox_outside
start_moatd
for command in "tenant create red" "tenant create blue" "network create red/web --subnet 10.0.0.0/24 --subnet fd00:a::/64" \
	"network create red/other --subnet 10.5.0.0/24" "network create blue/web --subnet 10.0.0.0/24" \
	"attach red/web --create --name a -p 8080:80" "attach red/web --create --name server --ip 10.0.0.20" \
	"attach red/web --create --name client" "attach red/other --create --name oserver --ip 10.5.0.20" \
	"attach red/other --create --name other" "attach blue/web --create --name server --ip 10.0.0.20 -p 8090:7777" \
	"attach blue/web --create --name client"; do
	# shellcheck disable=SC2086 # words
	moat $command >/dev/null || die "moat $command"
done
for server in red/server red/oserver blue/server; do
	moat enter $server -- /usr/bin/python3 -c '
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(4096):
            self.request.sendall(data)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
Server(("0.0.0.0", 7777), Echo).serve_forever()' >/dev/null 2>&1 &
	sandbox_keep $!
done
eventually 10 moat enter red/client -- bash -c 'exec 3<>/dev/tcp/10.0.0.20/7777' || die "red/server does not serve"
eventually 10 moat enter red/other -- bash -c 'exec 3<>/dev/tcp/10.5.0.20/7777' || die "red/oserver does not serve"
eventually 10 moat enter blue/client -- bash -c 'exec 3<>/dev/tcp/10.0.0.20/7777' || die "blue/server does not serve"
eventually 10 outside bash -c "exec 3<>/dev/tcp/$HOST4/8090" || die "blue/server is not published"

export ENGINE
ENGINE=$(moat_pids moatd-engine)
while IFS= read -r line; do
	case $line in
	"ok - "*) pass "${line#ok - }" ;;
	"not ok - "*) fail "${line#not ok - }" ;;
	*) printf '%s\n' "$line" ;;
	esac
done < <(
	/usr/bin/python3 "$here/engine_drift.py" 2>&1
	echo "# drift: status $?" | tee /run/drift.status
)
assert_eq "it came to its end" "# drift: status 0" "$(</run/drift.status)"
assert_eq "the engine has lived through it" "$ENGINE" "$(moat_pids moatd-engine)"
finish
