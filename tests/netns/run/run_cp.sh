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
assert_status 4 "one that does not run" sh -c "'$MOAT_BIN_DIR/moat' run -d --name s -- true >/dev/null; '$MOAT_BIN_DIR/moat' wait s >/dev/null; '$MOAT_BIN_DIR/moat' cp s:/etc/hosts $here/x"
moat rm s >/dev/null
eventually 3 nothing_left
assert_eq "nothing is left of any of them" "" "$(state_left)"
leftovers "no mount, no process is left"
finish
