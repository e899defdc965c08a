# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# containerd - a containerd of the test's own. Sourced behind sandbox.sh and sandbox_enter: its root, state, sockets and
# configuration are in the sandbox, where /run is its own, and what it would make in /opt goes with the sandbox.
#
#	containerd_start        with configs/containerd/config.toml, whose paths become those of the build
#	c ARGS...               ctr, bounded in time
#	run --OPTION[=VALUE]... ID CMD...  ctr run, by moat-runtime, of the root $CTR_ROOTFS
#	task_is ID STATUS       as `ctr task ls` has it
need containerd ctr containerd-shim-runc-v2 jq
[[ -x /bin/busybox ]] || skip "no busybox here"
containerd --version | grep -q ' 1\.6\.' || skip "not containerd 1.6: $(containerd --version)"
[[ -x $MOAT_BIN_DIR/moat-runtime ]] || skip "no moat-runtime is built"

CTRD=/run/ctrd
CTR_ROOTFS=$CTRD/rootfs
CTRD_PID=
mount -n -t tmpfs tmpfs /opt || die "cannot mount /opt"
mkdir -p $CTRD $CTR_ROOTFS/{bin,etc,proc,sys,dev,tmp,run} /opt/cni/bin
cp /bin/busybox $CTR_ROOTFS/bin/
for name in sh sleep echo id tty true cat grep stty stat readlink httpd ping ip mkdir; do ln -s busybox $CTR_ROOTFS/bin/$name; done

containerd_start() { # [MORE] - lines of configuration behind the file's
	sed "s|/usr/bin/moat-runtime|$MOAT_BIN_DIR/moat-runtime|; s|/usr/lib/cni|/opt/cni/bin|" \
		"$SANDBOX_TOP/configs/containerd/config.toml" >$CTRD/config.toml
	[[ -z ${1-} ]] || printf '%s\n' "$1" >>$CTRD/config.toml
	containerd --config $CTRD/config.toml --root $CTRD/root --state $CTRD/state --address $CTRD/sock \
		</dev/null >>$CTRD/log 2>&1 &
	CTRD_PID=$!
	sandbox_keep "$CTRD_PID"
	eventually 30 c version || die "containerd does not answer: $(tail -n 20 $CTRD/log)"
}

containerd_stop() {
	kill -s "${1:-TERM}" "$CTRD_PID"
	wait "$CTRD_PID"
	CTRD_PID=
}

c() { timeout -k 5 60 ctr -a $CTRD/sock "$@" </dev/null; }
# Options, ID and command: the root stands between, where the options end.
run() {
	local -a options=()
	while [[ $1 == -* ]]; do
		options+=("$1")
		shift
	done
	c run --runc-binary "$MOAT_BIN_DIR/moat-runtime" "${options[@]}" --rootfs $CTR_ROOTFS "$@"
}
task_status() { c task ls | awk -v id="$1" '$1 == id { print $3 }'; }
task_pid() { c task ls | awk -v id="$1" '$1 == id { print $2 }'; }
task_is() { [[ $(task_status "$1") == "$2" ]]; }
# gone ID - the task, dead or alive, and its container
gone() {
	c task rm -f "$1" 2>/dev/null
	c container rm "$1"
}
