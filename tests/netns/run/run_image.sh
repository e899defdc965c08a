#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# moat run --image: layouts as tests/lib/ocilayout.py makes them, what their configuration means, layers that mean harm,
# blobs that are not what they say.
# The shells inside shall expand what is in single quotes.
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need python3 busybox
file "$(command -v busybox)" 2>/dev/null | grep -q dynamically && skip "busybox is not static here"
sandbox_mark
export MOAT_STATE_DIR=$STATE
layout=/run/sandbox/layout victim=/run/sandbox/victim
layouts_make() { python3 "$SANDBOX_TOP/tests/lib/ocilayout.py" "$layout" "$(command -v busybox)"; }
image() { moat run --rm --image "$layout:$1" "${@:2}"; }
layouts_make

if ! image busybox >/run/sandbox/out 2>/run/sandbox/err; then
	# tmpfs can from 6.3 on
	assert_match "a file system that cannot map ids is refused by name" "rootfs: .* cannot map ids" "$(cat /run/sandbox/err)"
	[[ $(printf '6.3\n%s\n' "$(uname -r)" | sort -V | head -1) != 6.3 ]] || fail "this kernel can"
	note "SKIP the rest: $(cat /run/sandbox/err)"
	leftovers "no mount, no process is left"
	finish
fi

# ------------------------------------------------------------ what it is
assert_eq "Entrypoint, Cmd, Env, User, WorkingDir" "hello 1000 /home/app" "$(xargs </run/sandbox/out)"
assert_eq "a command takes Cmd's place" "x" "$(image busybox -- 'echo x')"
assert_eq "-e, -u, -w are stronger" "bye 0 /etc" "$(image busybox -e GREETING=bye -u root -w /etc | xargs)"
assert_eq "an index of platforms" "bin" "$(image bare -- ls / | head -1)"
assert_eq "the files of both layers" "new again mine" "$(image busybox -- 'ls /home/app /full' | grep -v : | xargs)"
assert_eq "whiteouts: a folder, a file, what an opaque one had" "1 1 1" \
	"$(image busybox -u root -- 'for f in /gone /etc/removed /full/old; do test -e $f; echo $?; done' | xargs)"
assert_eq "owners, hard links, modes, through a link in the image" "app 600 2 4755 0" \
	"$(image busybox -- 'stat -c "%U %a %h" /home/app/mine; stat -c %a /bin/setuid; test -f /usr/lib/through-link; echo $?' | xargs)"
assert_eq "its own host name and hosts" "h 127.0.1.1 h" "$(image busybox --hostname h -- 'cat /etc/hostname; grep 127.0.1.1 /etc/hosts' | xargs)"
assert_ok "a user may write what is his" image busybox -- 'echo x >/home/app/mine'
assert_fail "and not what is not" image busybox -- 'echo x >/etc/passwd'
assert_eq "what was written is gone" "mine" "$(image busybox -- 'cat /home/app/mine')"
assert_fail "read-only" image busybox -u root --read-only -- 'echo x >/x'
assert_status 125 "no command at all" image bare
moat run -d --name s --image $layout:busybox -- 'trap "exit 9" USR1; echo ready; while :; do sleep 0.05; done' >/dev/null
eventually 5 sh -c "[ -n \"\$(MOAT_RUNTIME_DIR=$RT $MOAT_BIN_DIR/moat logs s)\" ]"
assert_ok "stop" moat stop s
assert_eq "by its StopSignal" 9 "$(moat wait s)"
assert_match "inspect names digest and ports" '"image":"sha256:[0-9a-f]{64}","expose":\["80/tcp"\]' "$(moat inspect s)"
assert_ok "it starts again" moat restart s
assert_ok "and again" moat restart s
assert_ok "by the same files" moat exec s -- /bin/test -f /home/app/mine
moat rm -f s >/dev/null
cp -r $layout /run/sandbox/a:b
assert_eq "a folder with a colon" "x" "$(moat run --rm --image /run/sandbox/a:b:busybox -- 'echo x')"
assert_eq "oci: before it, as skopeo writes it" "x" "$(moat run --rm --image oci:$layout:busybox -- 'echo x')"

# ------------------------------------------------------------ shared, and cached
count() { find "$STATE/images" -mindepth 1 -maxdepth 1 -name 'sha256-*' | wc -l; }
before=$(find "$STATE/images" -type f -exec sha256sum {} + | sort | sha256sum)
inodes=$(find "$STATE/images" -printf '%i\n' | sort | sha256sum)
pids=()
for i in $(seq 10); do
	image busybox -- "echo $i >/home/app/mine; cat /home/app/mine" >"/run/sandbox/m$i" &
	pids+=($!)
done
wait "${pids[@]}"
assert_eq "ten at once, each its own files" "$(seq 10 | xargs)" "$(cat /run/sandbox/m{1,2,3,4,5,6,7,8,9,10} | xargs)"
assert_eq "the image is as it was" "$before" "$(find "$STATE/images" -type f -exec sha256sum {} + | sort | sha256sum)"
assert_eq "and was not unpacked again" "$inodes" "$(find "$STATE/images" -printf '%i\n' | sort | sha256sum)"
assert_eq "nobody but root comes near" 700 "$(stat -c %a "$STATE/images")"
mkdir -p "$STATE/images/.new-dead/rootfs"
rm -rf "$STATE"/images/sha256-*
pids=() failures=0
for _ in 1 2 3 4 5; do
	image busybox >/dev/null &
	pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || ((++failures)); done
assert_eq "five that unpack it at once" "0 1" "$failures $(count)"
assert_eq "what a dead one left is taken away" "" "$(find "$STATE/images" -name '.new-*')"

# ------------------------------------------------------------ listed, removed
digest=$(moat image list -q)
assert_match "its digest" '^sha256:[0-9a-f]{64}$' "$digest"
assert_match "the table: what it takes, that nobody has it" "DIGEST +SIZE +USED BY sha256:${digest:7:12} +[0-9.]+M +-" "$(moat image list | xargs)"
image bare -- /bin/true
other=$(moat image list -q | grep -v "$digest")
moat run -d --name s --image $layout:busybox -- 'sleep 1000' >/dev/null
assert_eq "who has it, and how much it takes" "default/s True" "$(moat --json image list | python3 -c '
import json, sys
one = next(i for i in json.load(sys.stdin)["images"] if i["containers"])
print(*one["containers"], one["sizeBytes"] > 500000 and one["unpackedMs"] > 10**12)')"
assert_status 4 "one that a container has stays" moat image rm "$digest"
assert_match "which is named" "default/s: the container has this image" "$output"
assert_eq "the container runs on" ok "$(moat exec s -- /bin/sh -c 'test -f /home/app/mine && echo ok')"
moat stop -t 0 s >/dev/null
assert_status 4 "stopped or not" moat image rm "${digest:7:12}"
assert_eq "prune, dry" "would remove $other" "$(moat image prune --dry-run)"
assert_eq "which removed nothing" 2 "$(count)"
mkdir -p "$STATE/images/.new-dead/rootfs"
assert_eq "prune takes what nobody has" "$other" "$(moat image prune)"
assert_eq "that alone" "$digest" "$(moat image list -q)"
assert_ok "the container starts again" moat restart s
moat rm -f s >/dev/null
assert_status 3 "--strict: one that is not there" moat image rm --strict "$other"
assert_ok "without it success" moat image rm "$other"
assert_status 2 "no digest" moat image rm
for wrong in 'sha256:../../x' ../escape abc "$layout:bare" ''; do
	assert_status 2 "\"$wrong\" is no digest" moat image rm "$wrong"
done
assert_ok "the same digits by another algorithm are nothing" moat image rm "sha512:${digest:7:12}"
assert_eq "it is still there" 1 "$(count)"
echo '{"cut' >/run/sandbox/cut
moat run -d --name s --image $layout:bare -- /bin/sleep 1000 >/dev/null
moat stop -t 0 s >/dev/null
cp "$RT/containers/default/s/spec.json" /run/sandbox/spec
cp /run/sandbox/cut "$RT/containers/default/s/spec.json"
assert_eq "where a container cannot be read, nothing is pruned" "" "$(moat image prune)"
cp /run/sandbox/spec "$RT/containers/default/s/spec.json"
moat rm -f s >/dev/null
assert_eq "by its first digits" "$digest" "$(moat image rm "${digest:7:8}")"
assert_ok "and unpacked again when it is wanted" image busybox
# A container that is made while the image goes: it has all of its files, or is told that they are gone.
pids=() bad=
for i in 1 2 3 4 5 6 7 8; do
	image busybox -- 'test -f /home/app/mine && test -d /full || echo half' >"/run/sandbox/m$i" 2>&1 &
	pids+=($!)
	moat image prune >/dev/null
done
wait "${pids[@]}"
for i in 1 2 3 4 5 6 7 8; do
	[[ ! -s /run/sandbox/m$i || $(<"/run/sandbox/m$i") =~ ^moat:.*(No such file|open) ]] || bad+=$(<"/run/sandbox/m$i")
done
assert_eq "none runs on half an image" "" "$bad"
image busybox >/dev/null

# ------------------------------------------------------------ harm
mkdir $victim
kept() { (cd $victim && echo "$(find . | sort | xargs) $(cat kept) $(stat -c '%a %u %h' kept)"); }
echo kept >$victim/kept
safe=$(kept)
# First that these layers do harm where nobody takes care.
for kind in absolute symlink symlink-up; do
	python3 - "$layout" $kind <<-'END'
		import gzip, io, json, pathlib, sys, tarfile
		top = pathlib.Path(sys.argv[1])
		def blob(d): return (top / "blobs" / d["digest"].replace(":", "/")).read_bytes()
		for m in json.loads((top / "index.json").read_text())["manifests"]:
		    if sys.argv[2] in m["annotations"].values():
		        layer = json.loads(blob(m))["layers"][1]
		        tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob(layer)))).extractall("/run/sandbox/careless")
	END
	if [[ $(kept) != "$safe" ]]; then pass "$kind harms who is careless"; else fail "$kind is harmless"; fi
	rm -rf /run/sandbox/careless $victim
	mkdir $victim
	echo kept >$victim/kept
done
safe=$(kept)
for kind in $(python3 -c 'import re, sys; print(*re.findall(r"^    \"([a-z-]+)\": lambda", open(sys.argv[1]).read(), re.M))' \
	"$SANDBOX_TOP/tests/lib/ocilayout.py"); do
	image "$kind" -- true >/run/sandbox/out 2>&1
	status=$?
	assert_eq "$kind: nothing outside is touched" "$safe" "$(kept)"
	assert_eq "$kind: nor anything made" "" "$(find /run /tmp /etc / -maxdepth 2 -name escaped 2>/dev/null)$(find / -xdev -maxdepth 3 -name escaped 2>/dev/null)"
	case $kind in
	dotdot* | hardlink-up | whiteout-dotdot | owner) assert_eq "$kind: is refused" 125 "$status" ;;
	device) assert_eq "$kind: no device is made" "" "$(find "$STATE/images" -type c -o -type b)" ;;
	esac
	assert_eq "$kind: nothing half is kept" "" "$(find "$STATE/images" -maxdepth 1 -name '.new-*')"
done

# ------------------------------------------------------------ not what it says
cp -r $layout $layout.good
# spoil TAG WHICH PYTHON - change a blob of an image ("manifest", "config", 0, 1: layers), its name stays
spoil() {
	rm -rf $layout "$STATE"/images/sha256-*
	cp -r $layout.good $layout
	python3 - "$layout" "$@" <<-'END'
		import json, pathlib, sys
		top, tag, which, how = pathlib.Path(sys.argv[1]), *sys.argv[2:]
		def path(d): return top / "blobs" / d["digest"].replace(":", "/")
		one = next(m for m in json.loads((top / "index.json").read_text())["manifests"] if tag in m["annotations"].values())
		doc = json.loads(path(one).read_bytes())
		if which != "manifest":
		    one = doc["config"] if which == "config" else doc["layers"][int(which)]
		data = path(one).read_bytes()
		path(one).write_bytes(eval(how))
	END
}
for which in manifest config 0 1; do
	spoil busybox $which 'data[:-1] + bytes([data[-1] ^ 1])'
	assert_status 125 "$which: another byte" image busybox
	assert_match "is told by its digest" "sha256:[0-9a-f]{64}.*another than its name says" "$output"
	spoil busybox $which 'data + b" "'
	assert_status 125 "$which: one byte more" image busybox
	spoil busybox $which 'data[:-1]'
	assert_status 125 "$which: one byte less" image busybox
	assert_eq "$which: nothing is kept" 0 "$(count)"
done
rm -rf $layout
cp -r $layout.good $layout
rm "$(find $layout/blobs -type f -size +100k | head -1)"
rm -rf "$STATE"/images/sha256-*
assert_status 125 "a blob that is missing" image busybox
assert_status 125 "no such tag" image nosuch
assert_match "the tags there are, are told" "busybox, bare" "$output"
assert_status 125 "no layout" moat run --rm --image /etc -- true
assert_status 125 "no folder" moat run --rm --image /nosuch -- true
assert_status 125 "--rootfs and --image" moat run --rm --image $layout --rootfs / -- true
for text in '' '{' '[]' '{"manifests":[]}' '{"manifests":[{}]}' '{"manifests":[{"digest":"sha256:../../../etc/passwd","size":1}]}' \
	'{"manifests":[{"digest":"md5:d41d8cd98f00b204e9800998ecf8427e","size":0}]}' "$(printf '[%.0s' {1..20000})"; do
	printf '%s' "$text" >$layout/index.json
	assert_status 125 "index.json: ${text:0:40}" image busybox
	assert_match "the layout is named" "$layout" "$output"
done
rm $layout/index.json
mkfifo $layout/index.json
assert_status 125 "index.json: a FIFO" timeout 10 "$MOAT_BIN_DIR/moat" run --rm --image $layout:busybox
eventually 3 nothing_left
assert_eq "nothing is left of any of them" "" "$(state_left)"
leftovers "no mount, no process is left"
finish
