#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# moat cp: where things land, as whose, and that no link of a container leads a copy out of it.
# The shells inside shall expand what is in single quotes.
# shellcheck disable=SC2016
. "$(dirname "$0")/../../lib/sandbox.sh"
. "$(dirname "$0")/../../lib/container.sh"
sandbox_enter "$@"
need python3 tar
sandbox_mark
here=/run/sandbox/here
mkdir -p $here/dir/sub $here/victim
echo one >$here/file
echo two >$here/dir/two
ln -s two $here/dir/link
printf 'x' >"$here/dir/sub/name with \"quotes\" and ä"
chmod 4755 $here/dir/two
truncate -s 5M $here/big
echo end >>$here/big
moat run -d --name c -- sleep 1000 >/dev/null
in_c() { moat exec c -- sh -c "$1"; }


# ------------------------------------------------------------ where things land
assert_ok "a file under a new name" moat cp $here/file c:/tmp/new
assert_ok "into a folder" moat cp $here/file c:/tmp
assert_ok "over a file" moat cp $here/dir/two c:/tmp/file
assert_eq "they are there" "one two" "$(in_c 'cat /tmp/new /tmp/file' | xargs)"
assert_ok "a folder under a new name" moat cp $here/dir c:/tmp/d1
assert_ok "into a folder that is there" moat cp $here/dir c:/tmp/d1
assert_ok "what is in it" moat cp $here/dir/. c:/tmp
assert_eq "they are there, too" "two two two two" "$(in_c 'cat /tmp/d1/two /tmp/d1/dir/two /tmp/two; readlink /tmp/d1/link' | xargs)"
assert_eq "any name" x "$(in_c 'cat "/tmp/d1/sub/name with \"quotes\" and ä"')"
assert_eq "as root's, with its mode" "root 4755" "$(in_c 'stat -c "%U %a" /tmp/d1/two')"
assert_eq "it is root's for the container as well" "ok" "$(in_c 'rm -r /tmp/d1 && echo ok')"
assert_ok "a large one, with a hole" moat cp $here/big c:/tmp/big
assert_eq "is whole" "$(md5sum <$here/big)" "$(moat exec c -- md5sum /tmp/big | sed 's,/tmp/big,-,')"
assert_ok "out again" moat cp c:/tmp/big $here/back
assert_eq "whole" "$(md5sum <$here/big)" "$(md5sum <$here/back)"
in_c 'mkdir -p /tmp/out/x && echo y >/tmp/out/x/y && chmod 6755 /tmp/out/x/y && ln -s /etc/shadow /tmp/out/s && mkfifo /tmp/out/f'
assert_ok "a folder out" moat cp c:/tmp/out $here
assert_eq "without set-user-ID bits, ours" "755 root y" "$(stat -c '%a %U' $here/out/x/y) $(cat $here/out/x/y)"
assert_status 1 "a FIFO itself is refused" moat cp c:/tmp/out/f $here/
assert_match "by name" "cp failed: f: c:/tmp/out/f to $here/: sockets, FIFOs" "$output"
assert_eq "links are links, FIFOs are left" "/etc/shadow s x" "$(readlink $here/out/s) $(find $here/out -mindepth 1 -maxdepth 1 -printf "%f\n" | sort | xargs)"
assert_eq "an archive out" "out/ out/s out/x/ out/x/y" "$(moat cp c:/tmp/out - | tar t | sort | xargs)"
(cd $here && tar cz dir) | moat cp - c:/root
assert_eq "an archive in" two "$(in_c 'cat /root/dir/two')"
assert_ok "with the tenant's name" moat cp default/c:/tmp/two $here/t2

# ------------------------------------------------------------ refused
assert_status 3 "what is not there" moat cp c:/nosuch $here/x
assert_status 3 "no such container" moat cp nosuch:/etc/passwd $here/x
assert_status 3 "into a folder that is not there" moat cp $here/file c:/no/such/place
assert_status 4 "a folder over a file" moat cp $here/dir c:/tmp/new
assert_status 4 "a file as a folder" moat cp $here/file c:/tmp/nodir/
assert_status 2 "neither of both a container" moat cp $here/file $here/x
assert_status 2 "both" moat cp c:/a c:/b
assert_status 2 "one operand" moat cp $here/file
assert_status 2 "no path" moat cp c: $here/x
assert_fail "an archive into what is no folder" moat cp - c:/tmp/new </dev/null
assert_fail "an archive that is none" moat cp - c:/tmp <$here/file
assert_eq "nothing changed by these" one "$(in_c 'cat /tmp/new')"

# ------------------------------------------------------------ no way out
echo kept >$here/victim/kept
in_c "ln -s $here/victim /tmp/lead; ln -s /../../../..$here/victim /tmp/up; ln -s /proc/1/root /tmp/root1; ln -s /proc/self/root$here/victim /tmp/magic"
safe="kept kept"
kept() { (cd $here/victim && echo "$(find . -mindepth 1 -printf "%f\n" | sort | xargs) $(cat kept)"); }
for name in lead up magic; do
	# With the host's eyes the link leads to the victim: who followed it there would write on the host.
	pid=$(moat inspect c | grep -oP '"pid":\K[0-9]+')
	[[ $name == magic ]] || assert_eq "$name leads to the host's folder, for who follows it" $here/victim \
		"$(realpath -m "$(readlink "/proc/$pid/root/tmp/$name")")"
	moat cp $here/file "c:/tmp/$name/escaped" >/dev/null 2>&1
	moat cp $here/file "c:/tmp/$name" >/dev/null 2>&1
	assert_eq "$name: nothing lands on the host" "$safe" "$(kept)"
	rm -rf $here/leak
	moat cp "c:/tmp/$name/kept" $here/leak >/dev/null 2>&1
	assert_eq "$name: nothing of the host's is told" "" "$(cat $here/leak 2>/dev/null)"
done
in_c "mkdir -p /tmp/evil/a && echo x >/tmp/evil/a/kept"
mkdir -p $here/into
ln -s $here/victim $here/into/evil
moat cp c:/tmp/evil $here/into >/dev/null 2>&1
assert_eq "what comes out does not go through a link that lies there" "$safe" "$(kept)"
# A container that exchanges a folder and a link all the time.
cat >/run/sandbox/racer.py <<-END
	import ctypes, os
	libc = ctypes.CDLL(None)
	os.makedirs("/tmp/race/dir", exist_ok=True)
	os.symlink("$here/victim", "/tmp/race/link")
	while True:
	    libc.renameat2(-100, b"/tmp/race/dir", -100, b"/tmp/race/link", 2)
END
moat cp /run/sandbox/racer.py c:/tmp/racer.py
moat exec c -- timeout 30 python3 /tmp/racer.py &
racer=$!
eventually 5 moat exec c -- test -e /tmp/race/link
for _ in $(seq 40); do
	moat cp $here/file c:/tmp/race/dir/escaped >/dev/null 2>&1
	moat cp c:/tmp/race/dir/kept $here/leak >/dev/null 2>&1
done
assert_eq "nor in a race" "$safe" "$(kept)"
assert_eq "neither way" "" "$(cat $here/leak 2>/dev/null)"
moat rm -f c >/dev/null
wait "$racer" 2>/dev/null

# ------------------------------------------------------------ one that does not run
sandbox_volumes /run/sandbox/vol && mkdir /run/sandbox/vol/v
moat run -d --name s -v /run/sandbox/vol/v:/data -- sh -c "echo left >/root/left; echo data >/data/d; mkdir /root/d; ln -s /../../..$here/victim /root/lead
	ln -s $here/victim /root/abs; ln -s /proc/1/root$here/victim /root/magic; exit 3" >/dev/null
moat wait s >/dev/null
assert_ok "out of it" moat cp s:/root/left $here/left
assert_eq "what it had written" left "$(cat $here/left)"
assert_ok "out of its volume" moat cp s:/data/d $here/data
assert_ok "into it" moat cp $here/dir s:/root/d
assert_ok "into its volume" moat cp $here/file s:/data/in
assert_eq "on the host" "data one" "$(cat $here/data /run/sandbox/vol/v/in | xargs)"
assert_eq "the host's files are seen through" "$(head -n 1 /etc/passwd)" "$(moat cp s:/etc/passwd - | tar xO | head -n 1)"
moat cp s:/etc/shadow - 2>/run/sandbox/out >/dev/null
assert_match "but for what only the host's root may read" "Permission denied" "$(cat /run/sandbox/out)"
for name in lead abs magic; do
	moat cp $here/file "s:/root/$name/escaped" >/dev/null 2>&1
	rm -rf $here/leak
	moat cp "s:/root/$name/kept" $here/leak >/dev/null 2>&1
	assert_eq "$name: it leads nowhere" "$safe" "$(kept)$(cat $here/leak 2>/dev/null)"
done
assert_status 3 "what is not there" moat cp s:/nosuch $here/x
pids=() bad=
for i in 1 2 3 4; do
	moat cp s:/root/left "$here/many$i" &
	pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || bad+=" $pid"; done
assert_eq "four at once" "left left left left" "$(cat $here/many[1-4] | xargs)$bad"
assert_match "it rests as before" "exited \(3\)" "$(moat ps -a)"
leftovers_now() { sandbox_diff mounts | grep -v /containers/; }
assert_eq "no mount is left but its layer" "" "$(leftovers_now)"
moat rm s >/dev/null
moat run -d --name s -- sh -c 'test -e /root/once || { mkdir -p /root/once; exit 0; }; exec sleep 1000' >/dev/null
moat wait s >/dev/null
assert_ok "into it, while it rests" moat cp $here/file s:/root/once/file
moat restart s
assert_eq "started again it has what came" "one root" "$(moat exec s -- sh -c 'cat /root/once/file; stat -c %U /root/once/file' | xargs)"
assert_ok "and cp goes to the one that runs" moat cp $here/file s:/root/once/file2
assert_eq "at once" one "$(moat exec s -- cat /root/once/file2)"
moat rm -f s >/dev/null
moat run -d --name s --read-only -- true >/dev/null
moat wait s >/dev/null
assert_fail "into one that is read-only" moat cp $here/file s:/root/x
assert_match "which says so" "Read-only" "$output"
moat rm s >/dev/null
if command -v busybox >/dev/null; then
	python3 "$SANDBOX_TOP/tests/lib/ocilayout.py" /run/sandbox/layout "$(command -v busybox)" device
	export MOAT_STATE_DIR=$STATE
	if moat run -d --name s --image /run/sandbox/layout:bare -- /bin/sh -c 'echo img >/img' >/dev/null 2>/run/sandbox/err; then
		moat wait s >/dev/null
		assert_eq "one of an image" img "$(moat cp s:/img - | tar xO)"
		assert_eq "with the image's files" bin/busybox "$(moat cp s:/bin - | tar t | grep -x bin/busybox)"
		moat rm s >/dev/null
	else
		note "SKIP images: $(cat /run/sandbox/err)"
	fi
fi
mkdir -p /run/sandbox/vol/root/{etc,tmp,proc,sys,dev,bin,run}
cp "$(command -v busybox)" /run/sandbox/vol/root/bin/
moat run -d --name s --rootfs /run/sandbox/vol/root -- /bin/busybox sh -c 'echo folder >/etc/f' >/dev/null
moat wait s >/dev/null
assert_eq "one of a folder" folder "$(moat cp s:/etc/f - | tar xO)"
rm -rf /run/sandbox/vol/root
assert_status 3 "whose folder is gone" moat cp s:/etc/f $here/x
moat rm s >/dev/null
eventually 3 nothing_left
assert_eq "nothing is left of any of them" "" "$(state_left)"
leftovers "no mount, no process is left"
finish
