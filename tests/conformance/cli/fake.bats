#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line before a daemon that answers what the test wants: requests, tables, JSON, errors, exit codes.

bats_require_minimum_version 1.5.0
load helper

teardown() {
	fake_stop
}

TENANTS='{"tenants":[
	{"name":"default","id":"0123456789ab","kind":"tenant","delegate":null,"quota":{},"networks":0,"endpoints":0,
	 "routerNetns":null,"transit":[]},
	{"name":"red","id":"0123456789ac","kind":"tenant","delegate":"bob","quota":{"endpoints":5,"ports":null},"networks":2,
	 "endpoints":17,"routerNetns":"/run/moat/ns/r","transit":["100.127.0.2","fd00::2"]}]}'
ENDPOINT='{"name":"red/w1:eth0","id":"0123456789ad","stack":"red/w1","ifname":"eth0","mac":"02:00:00:00:00:01",
	"ips":["10.0.0.11","fd00::b"],"gateways":["10.0.0.1","fd00::1"],"network":"red/web","mtu":1500,"publish":["8081:80/tcp"],
	"hostIfname":"mp0123456789ad","netnsPath":null,"state":"up","guard":true,"labels":{"a":"b"}}'

# requests - lines "METHOD PARAMETERS | ARGUMENTS": what a command asks for
requests() {
	local want arguments failed=0
	while IFS='|' read -r want arguments; do
		[[ -n ${want// /} ]] || continue
		eval "split_run moat $arguments"
		if [[ $status != 0 || $(call) != "$(jq -cS '.' <<<"$want")" ]]; then
			printf 'moat%s\n  status %s %s\n  asked  %s\n  wanted %s\n' "$arguments" "$status" "$errors" "$(call)" "$want"
			failed=1
		fi
	done
	return $failed
}

@test "each command asks for what its options say" {
	replies='[]'
	for method in TenantCreate TenantSet TenantList TenantShow TenantDelete NetworkCreate NetworkSet NetworkList \
		NetworkShow NetworkDelete EndpointAttach EndpointDetach EndpointList EndpointShow Publish Unpublish \
		PublishList Check Doctor Version; do
		replies=$(jq -c --arg m $method '. + [{method: $m, reply: {}}]' <<<"$replies")
	done
	fake_start "$replies"
	requests <<'TABLE'
["TenantCreate",{"name":"red"}] | tenant create red
["TenantCreate",{"name":"red","delegate":"bob","quota":{"endpoints":5,"ports":0}}] | tenant create red --delegate bob --quota endpoints=5,ports=0
["TenantCreate",{"name":"red","delegate":"bob"}] | tenant create --delegate=bob -- red
["TenantCreate",{"name":"red","dryRun":true}] | tenant create red --dry-run
["TenantSet",{"name":"red","quota":{"networks":1}}] | tenant set red --quota networks=1
["TenantSet",{"name":"red","delegate":"","quota":{"ports":null}}] | tenant set red --no-delegate --quota ports=none
["TenantList",{}] | tenant list
["TenantShow",{"name":"red"}] | tenant show red
["TenantDelete",{"name":"red"}] | tenant delete red
["TenantDelete",{"name":"red","force":true,"strict":true,"dryRun":true}] | --dry-run tenant delete --force --strict red
["NetworkCreate",{"name":"red/web"}] | network create red/web
["NetworkCreate",{"name":"red/web","subnets":["10.0.0.0/24","fd00::/64"],"gateways":["10.0.0.254"],"mode":"routed","mtu":9000}] | network create red/web --subnet 10.0.0.0/24 --subnet fd00::/64 --gateway 10.0.0.254 --mode routed --mtu 9000
["NetworkCreate",{"name":"red/web","internal":true,"dns":false,"masquerade":false,"hostAccess":true,"guard":false}] | network create red/web --internal --no-dns --no-masquerade --host-access --no-guard
["NetworkCreate",{"name":"red/web","exclude":["10.0.0.8/29"],"reserve":["db=10.0.0.2"]}] | network create red/web --exclude 10.0.0.8/29 --reserve db=10.0.0.2
["NetworkSet",{"name":"red/web","mtu":1400}] | network set red/web --mtu 1400
["NetworkSet",{"name":"red/web","internal":true,"dns":true,"masquerade":true,"hostAccess":false}] | network set red/web --internal --dns --masquerade --no-host-access
["NetworkSet",{"name":"red/web","internal":false,"dns":false,"masquerade":false,"hostAccess":true}] | network set red/web --no-internal --no-dns --no-masquerade --host-access
["NetworkSet",{"name":"red/web","exclude":["10.0.0.4"],"unexclude":["10.0.0.8/29"],"reserve":["a=10.0.0.5","b=fd00::5"],"unreserve":["db"]}] | network set red/web --exclude 10.0.0.4 --unexclude 10.0.0.8/29 --reserve a=10.0.0.5 --reserve b=fd00::5 --unreserve db
["NetworkList",{}] | network list
["NetworkList",{"tenant":"red"}] | network list red
["NetworkShow",{"name":"red/web"}] | network show red/web
["NetworkDelete",{"name":"red/web","force":true}] | network delete red/web --force
["EndpointAttach",{"network":"red/web","netnsFd":0}] | attach red/web --netns /proc/self/ns/net
["EndpointAttach",{"network":"red/web","create":true,"name":"w1","ifname":"net1","ips":["10.0.0.5","fd00::5"],"mac":"02:00:00:00:00:05","defaultRoute":false,"publish":["80:80","[::1]:53:53/udp"]}] | attach red/web --create --name w1 --ifname net1 --ip 10.0.0.5 --ip fd00::5 --mac 02:00:00:00:00:05 --no-default-route -p 80:80 --publish '[::1]:53:53/udp'
["EndpointAttach",{"network":"red/web","name":"w1","defaultRoute":true}] | attach red/web --name w1 --default-route
["EndpointAttach",{"network":"red/web","name":"w1"}] | attach red/web --name w1
["EndpointAttach",{"network":"red/web","name":"vm","tap":"tap0","dryRun":true}] | attach red/web --tap tap0 --name vm --dry-run
["EndpointDetach",{"name":"red/w1"}] | detach red/w1
["EndpointDetach",{"name":"red/w1:eth0","strict":true}] | detach red/w1:eth0 --strict
["EndpointList",{}] | endpoint list
["EndpointList",{"tenant":"red"}] | endpoint list red
["EndpointShow",{"name":"red/w1:eth0"}] | endpoint show red/w1:eth0
["Publish",{"name":"red/w1","publish":["80:80"]}] | publish red/w1 -p 80:80
["Publish",{"name":"list","publish":["80:80"]}] | publish list -p 80:80
["PublishList",{}] | publish list
["PublishList",{"tenant":"red"}] | publish list red
["Unpublish",{"name":"red/w1","publish":["80:80","81:81"],"strict":true}] | unpublish red/w1 -p 80:80 -p 81:81 --strict
["Check",{}] | check
["Check",{"tenant":"red","repair":true}] | check red --repair
["Doctor",{}] | doctor
["Version",{}] | version
TABLE
}

@test "attach --netns passes the namespace itself" {
	fake_start "[{\"method\":\"EndpointAttach\",\"reply\":{\"endpoint\":$ENDPOINT}}]"
	split_run moat attach red/web --netns /proc/self/ns/net
	is 0 "$status"
	is "red/w1:eth0 10.0.0.11,fd00::b" "$out"
	is "$(stat -Lc '%d,%i' /proc/self/ns/net)" "$(jq -r '.fds | map(join(","))[0]' "$calls")"
	is 1 "$(jq '.fds | length' "$calls")"
	split_run moat attach red/web --name w1
	is 0 "$(tail -n1 "$calls" | jq '.fds | length')"
}

@test "a list is an aligned table, names with -q, the reply with --json" {
	fake_start "[{\"method\":\"TenantList\",\"reply\":$TENANTS}]"
	split_run moat tenant list
	is 0 "$status"
	is "\
NAME     KIND    NETWORKS  ENDPOINTS  DELEGATE  QUOTA
default  tenant  0         0          -         -
red      tenant  2         17         bob       endpoints=5" "$out"
	split_run moat tenant list -q
	is "default"$'\n'"red" "$out"
	split_run moat tenant list --json
	is "$(jq -cS . <<<"$TENANTS")" "$(jq -cS . <<<"$out")"
	is 1 "$(wc -l <<<"$out")"
	split_run moat --json tenant list -q
	is 1 "$(jq -s length <<<"$out")"
}

@test "an empty list is its headers" {
	fake_start '[{"method":"EndpointList","reply":{"endpoints":[]}}]'
	split_run moat endpoint list
	is 0 "$status"
	is 1 "$(wc -l <<<"$out")"
	has "NAME" "$out"
	split_run moat endpoint list -q
	is "" "$out"
}

@test "show is one line a property" {
	fake_start "[{\"method\":\"EndpointShow\",\"reply\":{\"endpoint\":$ENDPOINT}}]"
	split_run moat endpoint show red/w1:eth0
	is 0 "$status"
	is "10.0.0.11,fd00::b" "$(sed -n 's/^ips  *//p' <<<"$out")"
	is "yes" "$(sed -n 's/^guard  *//p' <<<"$out")"
	is "-" "$(sed -n 's/^namespace  *//p' <<<"$out")"
	is "a=b" "$(sed -n 's/^labels  *//p' <<<"$out")"
}

@test "what is made is named; -q is silent" {
	fake_start "[{\"method\":\"TenantCreate\",\"reply\":{\"tenant\":{\"name\":\"red\"},\"plan\":null}},
		{\"method\":\"TenantDelete\",\"reply\":{}},
		{\"method\":\"Publish\",\"reply\":{\"publish\":[\"8080:80/tcp\",\"53:53/udp\"]}}]"
	split_run moat tenant create red
	is red "$out"
	split_run moat tenant create red -q
	is "" "$out"
	split_run moat tenant create red --json
	is '{"tenant":{"name":"red"}}' "$out"
	split_run moat tenant delete red
	is "" "$out"
	split_run moat tenant delete red --json
	is '{}' "$out"
	split_run moat publish red/w1 -p 53:53/udp
	is "8080:80/tcp,53:53/udp" "$out"
}

@test "--dry-run prints the plan, one operation a line" {
	fake_start '[{"method":"NetworkCreate","match":{"dryRun":true},"reply":{"network":null,"plan":["netns a","link b"]}}]'
	split_run moat network create red/web --dry-run
	is 0 "$status"
	is "netns a"$'\n'"link b" "$out"
	split_run moat network create red/web --dry-run --json
	is '{"plan":["netns a","link b"]}' "$out"
}

@test "publish list that fails says publish list" {
	fake_start '[{"method":"PublishList","error":"io.moat.NoSuchObject","parameters":{"message":"none","object":"red"}}]'
	split_run moat publish list red
	is "moat: publish list failed: red: none" "$errors"
}

@test "a standard output that is closed does not become the daemon's socket" {
	fake_start '[{"method":"TenantList","reply":{"tenants":[]}}]'
	status=0
	moat tenant list --json >&- 2>"$BATS_TEST_TMPDIR/err" || status=$?
	is 1 "$status"
	has "writing the output failed: Bad file descriptor" "$(<"$BATS_TEST_TMPDIR/err")"
	moat tenant list >/dev/null <&-
}

@test "no colour and no control characters in what is no terminal; colour on one, unless NO_COLOR" {
	fake_start '[{"method":"TenantList","reply":{"tenants":[{"name":"r\u001b[31med\n","kind":"tenant"}]}}]'
	split_run moat tenant list
	is 2 "$(wc -l <<<"$out")"
	has 'r?[31med?' "$out"
	command -v script >/dev/null || skip "no script here"
	TERM=xterm script -qec "'$MOAT_BIN_DIR/moat' tenant list" /dev/null >"$BATS_TEST_TMPDIR/tty" </dev/null
	grep -q $'\033\[1m' "$BATS_TEST_TMPDIR/tty"
	TERM=xterm NO_COLOR=1 script -qec "'$MOAT_BIN_DIR/moat' tenant list" /dev/null >"$BATS_TEST_TMPDIR/tty" </dev/null
	run ! grep -q $'\033' "$BATS_TEST_TMPDIR/tty"
}

@test "every error has its exit code, names its object, and is JSON when asked" {
	local name want rules='[]'
	local -A codes=([InvalidParameter]=2 [InvalidName]=2 [NoSuchObject]=3 [NameTaken]=4 [AddressTaken]=4 [PortTaken]=4
		[AddressesExhausted]=4 [PermissionDenied]=4 [QuotaExceeded]=4 [NotEmpty]=4 [Conflict]=4 [LimitExceeded]=4
		[NotSupported]=1 [Unavailable]=1 [KernelFailure]=1 [InputOutput]=1 [Internal]=1)
	# the table is the interface's, whole
	is "$(sed -n 's/^error \([A-Za-z]*\).*/\1/p' "$MOAT_SOURCE_DIR/netd/io.moat.varlink" | sort)" \
		"$(printf '%s\n' "${!codes[@]}" | sort)"
	for name in "${!codes[@]}"; do
		rules=$(jq -c --arg n "$name" '. + [{method: "TenantShow", match: {name: $n}, error: ("io.moat." + $n),
			parameters: {message: "the reason", object: "red/web"}}]' <<<"$rules")
	done
	fake_start "$rules"
	for name in "${!codes[@]}"; do
		split_run moat tenant show "$name"
		is "${codes[$name]}" "$status"
		is "moat: tenant show failed: red/web: the reason" "$errors"
		is "" "$out"
		split_run moat tenant show "$name" --json
		is "${codes[$name]}" "$status"
		is "" "$errors"
		is "{\"error\":{\"code\":\"io.moat.$name\",\"message\":\"the reason\",\"object\":\"red/web\"}}" "$out"
	done
}

@test "a method the daemon does not know, and one that hangs up" {
	fake_start '[{"method":"NetworkShow","close":true},{"method":"TenantShow","raw":"{\"para","close":true}]'
	split_run moat network set red/web --mtu 1400
	is 1 "$status"
	has "does not know this call" "$errors"
	split_run moat network show red/web
	is 1 "$status"
	has "closed the connection" "$errors"
	split_run moat tenant show red
	is 1 "$status"
	has "closed the connection" "$errors"
}

@test "check: 0 without differences, 5 with, 0 when they were mended" {
	local difference='{"what":"missing","owner":"red","object":"link mb0123","have":null}'
	fake_start "[{\"method\":\"Check\",\"match\":{\"repair\":true},\"reply\":{\"differences\":[$difference],\"repaired\":true}},
		{\"method\":\"Check\",\"match\":{\"tenant\":\"blue\"},\"reply\":{\"differences\":[],\"repaired\":false}},
		{\"method\":\"Check\",\"reply\":{\"differences\":[$difference],\"repaired\":false}}]"
	split_run moat check
	is 5 "$status"
	is "\
WHAT     OWNER  OBJECT       HAVE
missing  red    link mb0123  -" "$out"
	split_run moat check blue
	is 0 "$status"
	is "" "$out"
	split_run moat check --repair
	is 0 "$status"
	has "mended" "$out"
	split_run moat check --json
	is 5 "$status"
	is 1 "$(jq '.differences | length' <<<"$out")"
}

@test "events: one line each, one object a line with --json" {
	fake_start '[{"method":"Events","stream":[{"event":"endpoint-attached","object":"red/w1:eth0","time":1700000000123},
		{"event":"repaired","object":"red","time":1700000001000,"detail":"2 objects"}]}]'
	split_run moat events
	is 1 "$status"
	has "closed the connection" "$errors"
	is "2023-11-14T22:13:20.123Z  endpoint-attached  red/w1:eth0" "$(head -n1 <<<"$out")"
	has "2 objects" "$(sed -n 2p <<<"$out")"
	split_run moat events --json
	is 2 "$(grep -c '"event"' <<<"$out")"
	is repaired "$(sed -n 2p <<<"$out" | jq -r .event)"
}

@test "doctor and version" {
	fake_start '[{"method":"Doctor","reply":{"findings":[{"level":"ok","subject":"kernel","message":"6.1","remedy":null},
			{"level":"problem","subject":"forward","message":"dropped","remedy":"accept it"}]}},
		{"method":"Version","reply":{"version":"9.9","interface":"io.moat","kernel":"6.1.0","features":{"owner":false}}}]'
	split_run moat doctor
	is 0 "$status"
	has "remedy: accept it" "$out"
	has "kernel: 6.1" "$out"
	split_run moat doctor -q
	run ! grep -q kernel <<<"$out"
	split_run moat version
	has "moatd    9.9" "$out"
	has "kernel   6.1.0" "$out"
	has "owner: no" "$out"
	split_run moat version --json
	is "$(moat --version)" "moat $(jq -r .client <<<"$out")"
	is 9.9 "$(jq -r .version <<<"$out")"
}

@test "enter: not root, no such stack, not executable, no such command, the command's own status" {
	local stack='{"name":"red/w1","id":"0123456789ad","kind":"bare","netnsPath":null,"endpoints":[]}'
	fake_start "[{\"method\":\"StackOpen\",\"match\":{\"name\":\"red/w1\"},\"reply\":{\"stack\":$stack,\"netnsFd\":0},\"fds\":[\"$BATS_TEST_TMPDIR/ns\"]},
		{\"method\":\"StackOpen\",\"match\":{\"name\":\"red/no\"},\"error\":\"io.moat.NoSuchObject\",\"parameters\":{\"message\":\"there is none\",\"object\":\"red/no\"}},
		{\"method\":\"StackOpen\",\"reply\":{\"stack\":$stack,\"netnsFd\":0}}]"
	split_run moat enter red/no -- true
	is 125 "$status"
	if ((EUID != 0)); then
		has "only root" "$errors"
		skip "needs root"
	fi
	has "there is none" "$errors"
	split_run moat enter red/odd -- true
	is 125 "$status"
	has "no network namespace" "$errors"
	mounts=$(awk '{ print $5, $(NF - 2) }' /proc/self/mountinfo)
	# the stack's namespace stands here as long as the sleeper does
	unshare -n sleep 60 3>&- &
	sleeper=$!
	until [[ $(readlink "/proc/$sleeper/ns/net") != "$(readlink /proc/self/ns/net)" ]]; do sleep 0.02; done
	ln -s "/proc/$sleeper/ns/net" "$BATS_TEST_TMPDIR/ns"
	split_run moat enter red/w1 -- readlink /proc/self/ns/net
	is 0 "$status"
	is "$(readlink "/proc/$sleeper/ns/net")" "$out"
	split_run moat enter red/w1 ls /sys/class/net
	is lo "$out"
	split_run moat enter red/w1 -- sh -c 'exit 42'
	is 42 "$status"
	split_run moat enter red/w1 -- sh -c 'kill -9 $$'
	is 137 "$status"
	split_run moat enter red/w1 -- /nonexistent
	is 127 "$status"
	split_run moat enter red/w1 -- /etc
	is 126 "$status"
	# nothing of it is seen outside
	is "$mounts" "$(awk '{ print $5, $(NF - 2) }' /proc/self/mountinfo)"
	kill "$sleeper"
}
