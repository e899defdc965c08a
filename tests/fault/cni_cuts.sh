# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cni_cuts - the CNI plugin under strace: its configuration, its calls, and which of them are cut off. Sourced behind sandbox.sh and
# start_moatd by who sets STEP: every so-manieth call.
# shellcheck disable=SC2034,SC2086 # what is set here is for who sources it; ways of strace are words
export MOAT_STATE_DIR=$STATE CNI_CONTAINERID=c1 CNI_IFNAME=eth0 CNI_PATH=/none CNI_NETNS=/run/netns/p1
CONF='{"cniVersion":"1.1.0","name":"web","type":"moat","runtimeConfig":{"portMappings":[{"hostPort":8080,"containerPort":80}]}}'
netns_add p1
TRACE=/run/sandbox/trace
# plugin VERB [STRACE-OPTION...] - $reply is what it printed
plugin() {
	local verb=$1
	shift
	if (($#)); then
		reply=$(CNI_COMMAND=$verb timeout 30 strace -o $TRACE "$@" "$MOAT_BIN_DIR/cni/moat" <<<"$CONF" 2>/dev/null)
	else
		reply=$(CNI_COMMAND=$verb timeout 30 "$MOAT_BIN_DIR/cni/moat" <<<"$CONF")
	fi
}
endpoints() { moat endpoint list --json | jq -r '.endpoints | length'; }
# points FILE - "NAME K" of every step-th call in a trace: the Kth of that name, by which strace counts
points() {
	awk -v step="$STEP" -v from=$((RANDOM % STEP)) '
		/^[a-z0-9_]+\(/ { name = $0; sub(/\(.*/, "", name); seen[name]++
			if (++n % step == from && name !~ /^exit|^execve$/) print name, seen[name] }' "$1"
}
