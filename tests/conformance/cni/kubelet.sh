#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kubelet - pods of containerd's CRI, asked for as a kubelet asks (tests/lib/cri.py), with the files of configs/containerd and
# of configs/cni/kubernetes.conflist, our plugin and moat-runtime: RunPodSandbox with a hostPort, two containers of one pod, ExecSync,
# who reaches whom, StopPodSandbox, RemovePodSandbox. The images lie in files, none is pulled.
# shellcheck disable=SC2119,SC2317 # start_moatd without options; functions that assert_ok calls
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/cgroups.sh"
SANDBOX_CGROUPS=1
sandbox_enter "$@"
need curl python3 socat
. "$SANDBOX_TOP/tests/lib/containerd.sh"
# containerd's CRI has the container's loopback set up by the reference plugin.
[[ -x /usr/lib/cni/loopback ]] || skip "no loopback plugin here"
cgroups_view hybrid
sandbox_outside
mkdir -p /run/etc/{upper,work}
mount -n -t overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work overlay /etc || die "cannot mount /etc"
rm -rf /etc/cni
mkdir -p /etc/cni/net.d
cp "$SANDBOX_TOP/configs/cni/kubernetes.conflist" /etc/cni/net.d/
ln -s "$MOAT_BIN_DIR/cni/moat" /usr/lib/cni/loopback /opt/cni/bin/
# Root here may not make anything likelier to live (oom_score_adj), and pulls no pause image.
containerd_start "[plugins.\"io.containerd.grpc.v1.cri\"]
  sandbox_image = \"moat.test/image:pause\"
  restrict_oom_score_adj = true"
echo "routed-prefixes: 10.244.0.0/16" >/run/moatd.yaml
sandbox_mark
start_moatd --config /run/moatd.yaml
python3 "$SANDBOX_TOP/tests/lib/ocilayout.py" /run/layout /bin/busybox dotdot
tar -C /run/layout -cf /run/image.tar .
c -n k8s.io image import --base-name moat.test/image /run/image.tar >/dev/null || die "no image"

cri() { python3 -B "$SANDBOX_TOP/tests/lib/cri.py" $CTRD/sock "$1" "$(jq -cn "${@:3}" "$2")"; }
# config NAME [PORT [ANNOTATION VALUE]] - a PodSandboxConfig
config() {
	jq -cn --arg name "$1" --argjson port "${2:-0}" --arg key "${3-}" --arg value "${4-}" '{"1": {"1": $name, "2": ("uid-" + $name), "3": "shop", "4": 0},
		"2": $name, "3": "/run/logs", "5": (if $port > 0 then [{"2": 80, "3": $port}] else [] end),
		"7": (if $key != "" then [{"1": $key, "2": $value}] else [] end), "8": {"1": "/kubepods"}}'
}
first() { jq -r '.["1"][0]'; }
# pod NAME ... - its id
pod() { cri RunPodSandbox '{"1": $config}' --argjson config "$(config "$@")" | first; }
address() { cri PodSandboxStatus '{"1": $id}' --arg id "$1" | jq -r '.["1"][0]["5"][0]["1"][0]'; }
# container POD-ID POD-CONFIG NAME SCRIPT - made and started; its id
container() {
	local id
	id=$(cri CreateContainer '{"1": $pod, "2": {"1": {"1": $name}, "2": {"1": "moat.test/image:pause"}, "3": ["/bin/sh", "-c", $script],
		"11": ($name + ".log")}, "3": $config}' --arg pod "$1" --argjson config "$2" --arg name "$3" --arg script "$4" | first)
	cri StartContainer '{"1": $id}' --arg id "$id" >/dev/null && echo "$id"
}
# sync ID SCRIPT - its output; its exit status
sync() {
	local reply
	reply=$(cri ExecSync '{"1": $id, "2": ["/bin/sh", "-c", $script], "3": 30}' --arg id "$1" --arg script "$2") || return 125
	jq -r '.["1"][0] // ""' <<<"$reply"
	return "$(jq -r '.["3"][0] // 0' <<<"$reply")"
}
endpoints() { moat endpoint list pods --json | jq -r '.endpoints | length'; }
are() { [[ $(endpoints) == "$1" ]]; }
of() { moat endpoint list pods --json | jq -c --arg name "$1" '.endpoints[] | select(.labels.K8S_POD_NAME == $name)'; }
answers() { # TEXT COMMAND... - it prints that
	local who=$1
	shift
	[[ $("$@") == "$who" ]]
}

assert_match "the service answers" containerd "$(cri Version '{}')"
web=$(pod web 8080)
assert_match "RunPodSandbox" '^[0-9a-f]{64}$' "$web"
one=$(address "$web")
assert_match "has an address of the node's range" '^10\.244\.1\.' "$one"
assert_eq "which Moat gave it, by the pod's name, with its hostPort" "$one/32 8080:80/tcp shop" \
	"$(of web | jq -r '[.ips[0], .publish[0], .labels.K8S_POD_NAMESPACE] | join(" ")')"
assert_eq "RunPodSandbox of a port that is taken is refused" "" "$(pod thief 8080 2>/run/thief)"
assert_match "by the name of who has it" '8080' "$(cat /run/thief)"
assert_ok "and leaves nothing" eventually 20 are 1

server=$(container "$web" "$(config web 8080)" server 'while :; do echo web | busybox nc -l -p 80; done')
assert_match "a container of the pod runs" '^[0-9a-f]{64}$' "$server"
side=$(container "$web" "$(config web 8080)" side 'exec sleep 1000')
assert_eq "a second one is in the same network namespace" "$(sync "$server" 'readlink /proc/self/ns/net')" "$(sync "$side" 'readlink /proc/self/ns/net')"
assert_eq "and has the pod's address" "$one" "$(sync "$side" "busybox ip -4 -o addr show eth0 | sed 's/.*inet //; s,/.*,,'")"
assert_status 3 "ExecSync's status" sync "$side" 'exit 3'
assert_ok "loopback is the pod's own" sync "$side" 'busybox ip -o link show lo | grep UP'

client=$(pod client 0 kubernetes.io/egress-bandwidth 10M)
assert_eq "a pod with a limit of bandwidth is held to it" true "$(of client | jq '.bandwidth != null')"
other=$(container "$client" "$(config client)" other 'exec sleep 1000')
assert_ok "a pod reaches another" eventually 20 answers web sync "$other" "busybox nc -w 2 $one 80 </dev/null"
assert_ok "the host reaches a pod" eventually 20 answers web timeout 2 socat -u TCP4:"$one":80,connect-timeout=2 STDOUT
assert_ok "the hostPort leads in" eventually 20 answers web outside timeout 2 socat -u TCP4:"$HOST4":8080,connect-timeout=2 STDOUT

assert_ok "StopPodSandbox" cri StopPodSandbox '{"1": $id}' --arg id "$web"
assert_eq "gives back what the pod had" 1 "$(endpoints)"
assert_ok "RemovePodSandbox" cri RemovePodSandbox '{"1": $id}' --arg id "$web"
again=$(pod web 8080)
assert_match "a pod of the same name may come again" '^[0-9a-f]{64}$' "$again"
for id in "$again" "$client"; do
	cri StopPodSandbox '{"1": $id}' --arg id "$id" >/dev/null
	cri RemovePodSandbox '{"1": $id}' --arg id "$id" >/dev/null
done
assert_eq "no pod is left" "{}" "$(cri ListPodSandbox '{}')"
assert_eq "no endpoint" 0 "$(endpoints)"
assert_status 0 "what is and what should be agree" moat check
moat tenant delete pods --force
leftovers
finish
