# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# oci - what tests of moat-runtime share. Sourced behind sandbox.sh and sandbox_enter.
#
#	bundle NAME [JQ]        makes /run/b/NAME, a bundle of busybox, and goes there; config.json is that of
#	                        `spec`, without terminal, changed by the jq program JQ
#	args WORD...            its process.args from now on
#	config JQ               changes config.json in place
need jq busybox

RUNTIME=$MOAT_BIN_DIR/moat-runtime
OCI_ROOT=/run/oci
# Nothing of a container keeps a test waiting, should it hang; two processors with a load of 40 were seen to take 20 s.
rt() { timeout -k 5 "${OCI_PATIENCE:-60}" "$RUNTIME" --root "$OCI_ROOT" "$@"; }
# bg ARGS... - the same for create and run --detach: what runs on keeps no pipe of the test's open
bg() {
	local status=0
	rt "$@" </dev/null >/run/bg.out 2>&1 || status=$?
	cat /run/bg.out
	return "$status"
}

bundle() {
	local name=$1
	mkdir -p "/run/b/$name/rootfs"/{bin,proc,sys,dev,tmp,etc,run} || die "cannot make a bundle"
	cp "$(command -v busybox)" "/run/b/$name/rootfs/bin/busybox"
	/bin/busybox --list | grep -v -x busybox | while read -r applet; do
		ln -sf busybox "/run/b/$name/rootfs/bin/$applet"
	done
	cd "/run/b/$name" || die "no bundle"
	rm -f config.json
	"$RUNTIME" spec || die "spec does not work"
	config '.process.terminal = false | .process.args = ["true"]'
	[[ -z ${2-} ]] || config "$2"
}

config() {
	jq "$1" config.json >config.new || die "jq: $1"
	mv config.new config.json
}
args() {
	# jq itself would take "-c" as an option of its own
	local word json=
	for word in "$@"; do
		word=${word//\\/\\\\}
		word=${word//\"/\\\"}
		word=${word//$'\n'/\\n}
		json+=${json:+,}\"${word//$'\t'/\\t}\"
	done
	jq --argjson args "[$json]" '.process.args = $args' config.json >config.new && mv config.new config.json
}
# inside [JQ] WORD... - the output of a container of this bundle with these arguments
inside() {
	args "$@"
	rt run "i$((++oci_count))" 2>&1 </dev/null
}
# sh_inside SCRIPT - the same, by its shell
sh_inside() { inside sh -c "$1"; }
oci_count=0

# state ID - its status
status_of() { rt state "$1" 2>/dev/null | jq -r .status; }
pid_of() { rt state "$1" | jq -r .pid; }
is_status() { [[ $(status_of "$1") == "$2" ]]; }

# refuses MESSAGE WHAT JQ - the configuration so changed is refused by create, WHAT occurs in the one line that says
# why, and nothing is left
refuses() {
	local message=$1 what=$2 text status=0
	cp config.json config.kept
	config "$3"
	text=$(bg create refused) || status=$?
	if ((status == 0)); then
		fail "$message" "it was created"
		rt delete -f refused
	elif [[ $text != *"$what"* || $(wc -l <<<"$text") != 1 ]]; then
		fail "$message" "does not say \"$what\" in one line: $text"
	elif [[ -e $OCI_ROOT/refused ]]; then
		fail "$message" "its folder is left"
		rt delete -f refused
	else
		pass "$message"
	fi
	mv config.kept config.json
}
