#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cni_deadline - the CNI plugin does not wait for ever for a daemon that takes connections' requests, or not even those, and
# never answers: each verb ends with the specification's code, and DEL is journalled. It lasts as long as the plugin waits.
# shellcheck source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need python3 jq
netns_add p1
# "deaf" takes nobody; "mute" takes all, reads, and says nothing
python3 - <<'PY' &
import socket, select
deaf, mute = (socket.socket(socket.AF_UNIX) for _ in range(2))
for sock, name in (deaf, "deaf"), (mute, "mute"):
    sock.bind("/run/" + name)
    sock.listen(64)
held = []
while True:
    for sock in select.select([mute] + held, [], [])[0]:
        if sock is mute:
            held.append(sock.accept()[0])
        elif not sock.recv(65536):
            held.remove(sock)
            sock.close()
PY
sandbox_keep $!
eventually 5 test -S /run/mute

# plugin VERB SOCKET - into /run/VERB.SOCKET: its status, and what it said
plugin() {
	local status=0 reply prev=''
	[[ $1 == CHECK ]] && prev=',"prevResult":{"cniVersion":"1.1.0","ips":[]}'
	reply=$(CNI_COMMAND=$1 CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/p1 CNI_IFNAME=eth0 CNI_PATH=/none MOAT_SOCKET=/run/$2 \
		MOAT_STATE_DIR=/run/state.$1 timeout 200 "$MOAT_BIN_DIR/cni/moat" \
		<<<'{"cniVersion":"1.1.0","name":"web","type":"moat","cni.dev/valid-attachments":[]'"$prev}") || status=$?
	printf '%s %s\n' "$status" "$(jq -r '"\(.code) \(.msg) \(.details // "")"' <<<"${reply:-null}")" >"/run/$1.$2"
}
for verb in ADD DEL CHECK GC STATUS; do plugin $verb deaf & pids+=($!); done
plugin STATUS mute & pids+=($!)
wait "${pids[@]}"
for verb in ADD CHECK GC; do
	assert_match "$verb of a daemon that reads nothing" "^1 11 .*moatd has taken no request" "$(cat /run/$verb.deaf)"
done
assert_match "DEL succeeds" "^0 " "$(cat /run/DEL.deaf)"
assert_eq "and is in the journal" "default:cni-c1:eth0.del" "$(ls /run/state.DEL/cni)"
assert_match "STATUS" "^1 50 .*moatd has" "$(cat /run/STATUS.deaf)"
assert_match "STATUS of a daemon that reads and never answers" "^1 50 .*moatd has not answered" "$(cat /run/STATUS.mute)"
finish
