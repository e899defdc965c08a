#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podman - podman 4 with CNI and the files of configs/cni: addresses and MACs asked for, ports and ranges of them, two
# networks, a life with stop and start. Its storage, state and configuration are the test's own, and no image is pulled: the
# root is a busybox. Containers are run by moat-runtime, without control groups.
# shellcheck disable=SC2119,SC2317 # start_moatd without options; functions that assert_ok calls
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need podman curl jq conmon
[[ -x $MOAT_BIN_DIR/moat-runtime ]] || skip "no moat-runtime is built"
[[ -x /bin/busybox ]] || skip "no busybox here"
podman --version | grep -q ' 4\.' || skip "podman 5 has no CNI: $(podman --version)"
sandbox_outside
sandbox_mark
start_moatd
export MOAT_STATE_DIR=$STATE

P=/run/podman-test
mkdir -p $P/{cni,root,runroot,tmp,rootfs/{bin,etc,proc,sys,dev,tmp,run,www}}
cp /bin/busybox $P/rootfs/bin/
for name in sh sleep httpd cat; do ln -s busybox $P/rootfs/bin/$name; done
# conmon passes no environment of ours to the podman that cleans up after a container: the file names the socket.
sed "s|\"tenant\":|\"socket\": \"$MOAT_SOCKET\", &|" "$SANDBOX_TOP/configs/cni/podman.conflist" >$P/cni/podman.conflist
sed 's/"name": "moat"/"name": "back"/' $P/cni/podman.conflist >$P/cni/back.conflist
# The file that is shipped, with our folders, and a runtime that this kernel's control groups do not trouble.
sed "s|/usr/lib/cni|$MOAT_BIN_DIR/cni|; s|/etc/cni/net.d|$P/cni|" "$SANDBOX_TOP/configs/cni/containers.conf" >$P/containers.conf
cat >>$P/containers.conf <<-TEXT
	[engine]
	runtime = "moat"
	runtime_supports_nocgroup = ["moat"]
	cgroup_manager = "cgroupfs"
	events_logger = "none"
	[engine.runtimes]
	moat = ["$MOAT_BIN_DIR/moat-runtime"]
	[containers]
	log_driver = "k8s-file"
	cgroups = "disabled"
TEXT
export CONTAINERS_CONF=$P/containers.conf
p() { timeout 60 podman --root $P/root --runroot $P/runroot --tmpdir $P/tmp --storage-driver vfs "$@"; }
# run NAME OPTION... - a web server on port 80 that answers with its name
run() {
	local name=$1
	shift
	mkdir -p "$P/www/$name"
	echo "$name" >"$P/www/$name/name"
	p run -d --name "$name" --security-opt seccomp=unconfined -v "$P/www/$name:/www" "$@" --rootfs "$P/rootfs" \
		/bin/httpd -f -p 80 -h /www >/dev/null
}
inside() { local name=$1 && shift && nsenter --net="/proc/$(p inspect -f '{{.State.Pid}}' "$name")/ns/net" -- "$@"; }
endpoints() { moat endpoint list podman --json 2>/dev/null | jq -r '.endpoints | length'; }

assert_match "podman sees the networks, of driver moat" 'back +moat.*moat +moat' "$(p network ls --format '{{.Name}} {{.Driver}}' | sort | paste -sd' ')"
assert_ok "run" run c1 -p 8080:80
address=$(p inspect -f '{{.NetworkSettings.Networks.moat.IPAddress}}' c1)
assert_match "podman knows its address" '^10\.' "$address"
assert_eq "which is the interface's" "$address" "$(inside c1 ip -j -4 addr show eth0 | jq -r '.[0].addr_info[0].local')"
assert_eq "its MAC as well" "$(inside c1 ip -j link show eth0 | jq -r '.[0].address')" \
	"$(p inspect -f '{{.NetworkSettings.Networks.moat.MacAddress}}' c1)"
assert_ok "the published port answers" eventually 10 outside curl -s -m1 "http://$HOST4:8080/name"
assert_eq "with the container's name" c1 "$(outside curl -s -m3 "http://$HOST4:8080/name")"
assert_ok "the way out works" inside c1 ping -c1 -W2 $OUTSIDE4
assert_match "its name is in the endpoint's labels" '"K8S_POD_NAME": ?"c1"' "$(moat endpoint list podman --json)"

subnet=${address%.*}
assert_ok "run with an address, a MAC and a range of ports" run c2 --ip "$subnet.77" --mac-address 02:00:00:00:00:77 -p 9000-9002:80-82
assert_eq "the address" "$subnet.77" "$(inside c2 ip -j -4 addr show eth0 | jq -r '.[0].addr_info[0].local')"
assert_eq "the MAC" 02:00:00:00:00:77 "$(inside c2 ip -j link show eth0 | jq -r '.[0].address')"
assert_ok "the first port of the range" eventually 10 outside curl -s -m1 "http://$HOST4:9000/name"
assert_eq "one element a range" "9000-9002:80-82/tcp" "$(moat endpoint list podman --json |
	jq -r '.endpoints[] | select(.mac == "02:00:00:00:00:77").publish | join(" ")')"
assert_ok "containers of a network reach one another" inside c1 curl -s -m3 "http://$subnet.77/name"
assert_status 126 "the same port twice" run c3 -p 8080:80
assert_match "podman tells whose it is" '8080' "$output"
p rm -f -t 0 c3 >/dev/null 2>&1

assert_ok "two networks" run c4 --network moat --network back
assert_eq "are two interfaces" "eth0 eth1 lo" "$(inside c4 ip -j link | jq -r '[.[].ifname] | sort | join(" ")')"
assert_ok "the other is another network" run c5 --network back
back=$(p inspect -f '{{.NetworkSettings.Networks.back.IPAddress}}' c5)
assert_ok "reached by who is in both" eventually 10 inside c4 curl -s -m2 "http://$back/name"
assert_eq "five endpoints" 5 "$(endpoints)"

assert_ok "stop" p stop -t 0 c1
assert_fail "its port is closed" outside curl -s -m1 "http://$HOST4:8080/name"
assert_ok "start" p start c1
assert_ok "its port answers again" eventually 10 outside curl -s -m1 "http://$HOST4:8080/name"
assert_ok "rm" p rm -f -t 0 c1 c2 c4 c5
assert_eq "nothing is left" 0 "$(endpoints)"
assert_eq "each by its DEL, none reaped" 0 "$(grep -c 'its namespace is gone' "$MOATD_LOG")"
assert_status 0 "what is and what should be agree" moat check
moat tenant delete podman --force
leftovers
finish
