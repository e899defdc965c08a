#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# config - config.md and config-linux.md: what a configuration says is what the container has; what it must not say is
# refused. In the order of the documents.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
. "$(dirname "$0")/oci.sh"
exec 2>&1
bundle config

# ------------------------------------------------------------ config.md: version, root
for version in 1.0.0 1.0.2-dev 1.1.0 1.2.1 1.3.0 1.9.9+x; do
	config ".ociVersion = \"$version\""
	assert_eq "ociVersion $version" ok "$(inside echo ok)"
done
refuses "ociVersion must be there" ociVersion 'del(.ociVersion)'
for version in 2.0.0 1 1.0 x 1.0.0x -1.0.0; do
	refuses "ociVersion $version is refused" ociVersion ".ociVersion = \"$version\""
done
config '.future = {"a": [1, {"b": null}]} | .linux.future = true | .process.future = "x" | .mounts[0].future = 1'
assert_eq "unknown properties are ignored" ok "$(inside echo ok)"
refuses "root must be there" root 'del(.root)'
refuses "root.path must be a folder that is there" nosuch '.root.path = "nosuch"'
refuses "and no file" "no folder" '.root.path = "config.json"'
config '.root.path = "/run/b/config/rootfs"'
assert_eq "an absolute root.path" ok "$(inside echo ok)"
assert_match "root.readonly" "Read-only" "$(inside touch /file)"
config '.root.readonly = false'
assert_eq "without it" "" "$(inside touch /file)"

# ------------------------------------------------------------ mounts
config '.mounts += [{"destination": "/a/b", "type": "tmpfs", "source": "t", "options": ["size=1m", "mode=0710", "noexec"]}]'
assert_match "a mount, its place made, options of the file system and of the mount" "/a/b tmpfs rw,noexec,relatime,size=1024k,mode=710" \
	"$(inside awk '{ print $2, $3, $4 }' /proc/mounts)"
config '.mounts[-1] = {"destination": "rel", "type": "tmpfs"}'
assert_match "a relative destination is taken as of the root" "/rel tmpfs" "$(inside awk '{ print $2, $3 }' /proc/mounts)"
mkdir -p /run/src/below
mount -t tmpfs tmpfs /run/src/below
touch /run/src/file /run/src/below/deep
flags() { # OPTIONS - of a bind mount of /run/src with these, and of what is below it
	config ".mounts[-1] = {\"destination\": \"/v\", \"source\": \"/run/src\", \"options\": [$1]}"
	inside awk '$2 ~ "^/v" { print $2, $4 }' /proc/mounts | sed 's/,size.*\|,inode.*\|,mode=.*//' | tr '\n' ' ' | sed 's/ $//'
}
assert_eq "bind" "/v rw,nosuid,relatime" "$(flags '"bind"')"
assert_eq "rbind" "/v rw,nosuid,relatime /v/below rw,relatime" "$(flags '"rbind"')"
assert_eq "ro is of the mount alone" "/v ro,nosuid,relatime /v/below rw,relatime" "$(flags '"rbind", "ro"')"
assert_eq "rro of all below, too" "/v ro,nosuid,relatime /v/below ro,relatime" "$(flags '"rbind", "rro"')"
assert_eq "rnosuid, rnodev, rnoexec" "/v rw,nosuid,nodev,noexec,relatime /v/below rw,nosuid,nodev,noexec,relatime" \
	"$(flags '"rbind", "rnosuid", "rnodev", "rnoexec"')"
assert_eq "noatime, nodiratime" "/v rw,nosuid,noatime,nodiratime" "$(flags '"bind", "noatime", "nodiratime"')"
assert_eq "strictatime" "/v rw,nosuid" "$(flags '"bind", "strictatime"')"
assert_eq "nosymfollow" "/v rw,nosuid,relatime,nosymfollow" "$(flags '"bind", "nosymfollow"')"
assert_eq "suid" "/v rw,relatime" "$(flags '"bind", "suid"')"
assert_eq "the later of two wins" "/v rw,nosuid,relatime" "$(flags '"bind", "ro", "rw"')"
config '.mounts[-1] = {"destination": "/v/f", "source": "/run/src/file", "type": "bind", "options": ["bind"]}'
assert_eq "a file" "regular empty file" "$(inside stat -c %F /v/f)"
(cd /run/b/config && mkdir -p data && touch data/x)
config '.mounts[-1] = {"destination": "/v", "source": "data", "type": "none", "options": ["rbind"]}'
assert_eq "a source relative to the bundle" x "$(inside ls /v)"
ln -s /nowhere/yet rootfs/link
config '.mounts[-1] = {"destination": "/link", "source": "/run/src/file", "options": ["bind"]}'
assert_eq "a destination behind a link that leads nowhere yet" "regular empty file" "$(inside stat -c %F /nowhere/yet)"
mkdir -p rootfs/full/deep && echo text >rootfs/full/deep/file && ln -s deep rootfs/full/l && chmod 751 rootfs/full
config '.mounts[-1] = {"destination": "/full", "type": "tmpfs", "options": ["tmpcopyup"]}'
assert_eq "tmpcopyup" "text deep 751" "$(inside sh -c 'echo $(cat /full/deep/file) $(readlink /full/l) $(stat -c %a /full)')"
config '.mounts[-1] = {"destination": "/tmp", "type": "tmpfs", "options": ["ro"]} | .mounts += [{"destination": "/tmp/x", "source": "/run/src", "options": ["bind"]}]'
assert_match "a tmpfs that is ro can be mounted in" "file" "$(inside ls /tmp/x)"
assert_match "and is ro" "Read-only" "$(inside touch /tmp/y)"
config 'del(.mounts[-1])'
for shared in shared private slave rshared; do
	mount --make-shared /run/src/below
	config ".mounts[-1] = {\"destination\": \"/v\", \"source\": \"/run/src/below\", \"options\": [\"rbind\", \"$shared\"]}"
	case $shared in *shared) want=shared: ;; *slave) want=master: ;; *) want='^-' ;; esac
	assert_match "propagation: $shared" "$want" "$(inside awk '$5 == "/v" { print $7 }' /proc/self/mountinfo)"
done
config '.mounts[-1].options = ["rbind"]'
assert_eq "propagation is private where none is asked for" "-" "$(inside awk '$5 == "/v" { print $7 }' /proc/self/mountinfo)"
mount --make-private /run/src/below
refuses "a source that is not there" /run/nosuch '.mounts[-1].source = "/run/nosuch"'
refuses "an option nobody knows" bogus '.mounts[-1] = {"destination": "/v", "type": "tmpfs", "options": ["bogus=1"]}'
refuses "a type nobody knows" nofs '.mounts[-1] = {"destination": "/v", "type": "nofs"}'
refuses "no type" type '.mounts[-1] = {"destination": "/v"}'
refuses "no destination" destination '.mounts[-1] = {"type": "tmpfs"}'
refuses ".. in a destination" '".."' '.mounts[-1] = {"destination": "/a/../../x", "type": "tmpfs"}'
config 'del(.mounts[-1])'

# ------------------------------------------------------------ process
config '.process.cwd = "/made/on/the/way"'
assert_eq "cwd" /made/on/the/way "$(inside pwd)"
refuses "a relative cwd" cwd '.process.cwd = "tmp"'
refuses "no cwd" cwd 'del(.process.cwd)'
config '.process.cwd = "/" | .process.env = ["A=1", "B=x=y", "EMPTY="]'
environment() { inside /bin/env | sort | tr '\n' ' ' | sed 's/ $//'; }
assert_eq "env, HOME, and nothing else" "A=1 B=x=y EMPTY= HOME=/" "$(environment)"
# As crun and runc do it: engines leave HOME to the runtime.
printf '%s\n' '# no user' short:x:0 root:x:0:0:root:/root:/bin/sh alice:x:1000:1000::/home/alice: bare:x:1001:0::: >rootfs/etc/passwd
assert_eq "HOME is that of /etc/passwd" "A=1 B=x=y EMPTY= HOME=/root" "$(environment)"
config '.process.user = {"uid": 1000, "gid": 0}'
assert_eq "of the user" "A=1 B=x=y EMPTY= HOME=/home/alice" "$(environment)"
config '.process.user = {"uid": 1001, "gid": 0}'
assert_eq "/ where it has none" "A=1 B=x=y EMPTY= HOME=/" "$(environment)"
config '.process.env += ["HOME="]'
assert_eq "one that is given stays" "A=1 B=x=y EMPTY= HOME=" "$(environment)"
config '.process.env -= ["HOME="] | .process.user = {"uid": 0, "gid": 0}'
rm rootfs/etc/passwd && mkfifo rootfs/etc/passwd
assert_eq "a FIFO for a /etc/passwd keeps nobody waiting" "A=1 B=x=y EMPTY= HOME=/" "$(environment)"
rm rootfs/etc/passwd && ln -s /proc/self/fd/0 rootfs/etc/passwd
echo root:x:0:0:root:/of/the/host: >/run/passwd
args /bin/env
assert_eq "nor is one read that a link of /proc leads to" "HOME=/" "$(rt run passwd </run/passwd | grep HOME)"
rm rootfs/etc/passwd
config '.process.env = []'
assert_eq "sockets of the caller's are told as sd_listen_fds(3) reads it" "HOME=/ LISTEN_FDS=1 LISTEN_PID=1" \
	"$(LISTEN_FDS=1 rt run listen 3</dev/null | sort | paste -sd' ')"
config '.process.env = ["PATH=/sbin:/bin"]'
config '.process.user = {"uid": 1000, "gid": 1001, "additionalGids": [5, 7], "umask": 63}'
assert_eq "user" "uid=1000 gid=1001 groups=5,7" "$(inside id)"
assert_eq "umask" 0077 "$(inside sh -c umask)"
config '.process.user = {"uid": 0, "gid": 0}'
config '.process.capabilities = {"bounding": ["CAP_KILL", "CAP_CHOWN"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL", "CAP_CHOWN"], "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}'
caps() { inside awk '/^Cap/ { sub("0*", "", $2); printf "%s%s", s, $2; s = " " }' /proc/self/status; }
assert_eq "capabilities" "20 21 21 21 20" "$(caps)"
config '.kept = .process.capabilities | del(.process.capabilities)'
assert_eq "none are given where none are named" "    " "$(caps)"
config '.process.capabilities = .kept | del(.kept)'
config '.process.user.uid = 1000'
assert_eq "of a user that is not root: ambient ones" "20 20 20 21 20" "$(caps)"
config '.process.user.uid = 0'
config '.process.capabilities.permitted += ["CAP_FUTURE"]'
assert_match "one that nobody knows is a warning, not a failure" "warning: capability CAP_FUTURE.*ok" "$(inside echo ok | tr '\n' ' ')"
config 'del(.process.capabilities.permitted[-1])'
if ! capsh --has-p=cap_sys_resource 2>/dev/null; then
	config '.process.capabilities.permitted += ["CAP_SYS_RESOURCE"] | .process.capabilities.bounding += ["CAP_SYS_RESOURCE"]'
	assert_match "one that cannot be granted too" "warning: capability cap_sys_resource.*ok" "$(inside echo ok | tr '\n' ' ')"
	config 'del(.process.capabilities.permitted[-1], .process.capabilities.bounding[-1])'
fi
config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]'
assert_eq "rlimits" "100 200" "$(inside sh -c 'echo $(ulimit -n) $(ulimit -H -n)')"
refuses "a limit that is there twice" twice '.process.rlimits += [{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}]'
refuses "one nobody knows" RLIMIT_NO '.process.rlimits += [{"type": "RLIMIT_NO", "soft": 1, "hard": 1}]'
refuses "soft above hard" soft '.process.rlimits[0].soft = 300'
config '.process.noNewPrivileges = false'
assert_eq "without noNewPrivileges" "NoNewPrivs:	0" "$(inside grep NoNewPrivs /proc/self/status)"
config '.process.noNewPrivileges = true'
assert_eq "with it" "NoNewPrivs:	1" "$(inside grep NoNewPrivs /proc/self/status)"
config '.process.oomScoreAdj = 321'
assert_eq "oomScoreAdj" 321 "$(inside cat /proc/self/oom_score_adj)"
refuses "one out of range" oomScoreAdj '.process.oomScoreAdj = 2000'
config 'del(.process.oomScoreAdj) | .process.scheduler = {"policy": "SCHED_BATCH", "nice": 5}'
assert_eq "scheduler" "policy 3 nice 5" "$(inside awk '{ print "policy", $41, "nice", $19 }' /proc/self/stat)"
refuses "a policy nobody knows" SCHED_NO '.process.scheduler.policy = "SCHED_NO"'
refuses "deadline's numbers for another" SCHED_DEADLINE '.process.scheduler.runtime = 5'
config 'del(.process.scheduler) | .process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 6}'
assert_match "ioPriority" "best-effort: prio 6" "$(inside ionice)"
refuses "a class nobody knows" class '.process.ioPriority.class = "X"'
config 'del(.process.ioPriority)'
config 'del(.process.args)'
assert_ok "args may be unset for create" bg create u
assert_fail "but not for start" rt start u
assert_match "which says so" "unset" "$output"
rt delete -f u

# ------------------------------------------------------------ hostname, domainname
config '.hostname = "name" | .domainname = "domain"'
assert_eq "hostname and domainname" "name domain" "$(inside sh -c 'echo $(hostname) $(cat /proc/sys/kernel/domainname)')"
refuses "a hostname without a uts namespace" hostname '.linux.namespaces -= [{"type": "uts"}]'

# ------------------------------------------------------------ namespaces
refuses "one that is there twice" twice '.linux.namespaces += [{"type": "pid"}]'
refuses "one nobody knows" wlan '.linux.namespaces += [{"type": "wlan"}]'
refuses "a relative path" absolute '.linux.namespaces += [{"type": "time", "path": "x"}]'
refuses "a path of another kind" "no user namespace" '.linux.namespaces += [{"type": "user", "path": "/proc/self/ns/net"}]'
refuses "a path that is no namespace" "no user namespace" '.linux.namespaces += [{"type": "user", "path": "/etc/passwd"}]'
config '.linux.namespaces += [{"type": "time"}]'
args sleep 1000
bg run -d n
for kind in cgroup ipc mnt net pid time uts; do
	[[ $(readlink /proc/self/ns/$kind) != "$(readlink "/proc/$(pid_of n)/ns/$kind")" ]]
	assert_eq "a new $kind namespace" 0 $?
done
pid=$(pid_of n)
cp config.json config.kept
for kind in ipc:ipc net:network pid:pid time:time uts:uts cgroup:cgroup; do
	config "del(.hostname, .domainname) | .linux.namespaces = ([.linux.namespaces[] | select(.type != \"${kind#*:}\")] + [{\"type\": \"${kind#*:}\", \"path\": \"/proc/$pid/ns/${kind%:*}\"}])"
	assert_eq "the ${kind#*:} namespace of another" "$(readlink "/proc/$pid/ns/${kind%:*}")" "$(inside readlink "/proc/self/ns/${kind%:*}")"
	cp config.kept config.json
done
rt delete -f n

# ------------------------------------------------------------ a mount namespace of others
# somebody's, with a /proc/sys that is none
mkdir -p /run/false/net/ipv4 && echo false >/run/false/net/ipv4/ip_forward
unshare --mount --propagation private sh -c 'mount --bind /run/false /proc/sys && touch /run/src/there && exec sleep 1000' &
holder=$!
sandbox_keep $holder
eventually 10 test -e /run/src/there || die "no mount namespace to join"
mounts_of() { awk '{ print $5, $(NF - 2) }' "/proc/$1/mountinfo" | sort; }
mounts_of $holder >/run/mounts.holder
mounts_of self >/run/mounts.own
mount_ns() { config "(.linux.namespaces[] | select(.type == \"mount\")).path = \"$1\""; }
cp config.json config.alone
mount_ns "/proc/$holder/ns/mnt"
echo ours >rootfs/tmp/ours
args sleep 1000
bg run -d m
assert_eq "a mount namespace by path: it is in it" "$(readlink /proc/$holder/ns/mnt)" "$(readlink "/proc/$(pid_of m)/ns/mnt")"
assert_eq "its root is its own" "ours" "$(cat "/proc/$(pid_of m)/root/tmp/ours")"
assert_eq "nobody else's has changed" "/ $(stat -c %d:%i /)" "$(readlink /proc/$holder/root) $(stat -Lc %d:%i /proc/$holder/root)"
assert_match "its mounts are there" "/run/b/config/rootfs/proc proc" "$(mounts_of $holder)"
assert_eq "and nowhere else" "" "$(mounts_of self | comm -13 /run/mounts.own -)"
assert_eq "exec comes to its root" "ours" "$(rt exec m cat /tmp/ours)"
assert_eq "what is masked is" 0 "$(rt exec m cat /proc/keys | wc -c)"
rt delete -f m
assert_eq "delete takes them away" "" "$(mounts_of $holder | comm -3 /run/mounts.holder -)"
config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
assert_eq "sysctls go by the runtime's /proc" "1 false" "$(inside cat /proc/sys/net/ipv4/ip_forward) $(cat /run/false/net/ipv4/ip_forward)"
assert_eq "run takes its mounts away at the end" "" "$(mounts_of $holder | comm -3 /run/mounts.holder -)"
config 'del(.linux.sysctl)'
# Whoever mounts over it takes that away himself.
bg create m
nsenter --mount="/proc/$holder/ns/mnt" mount -t tmpfs over /run/b/config/rootfs
rt delete -f m
assert_match "what another mounted over it is left" "/run/b/config/rootfs tmpfs" "$(mounts_of $holder)"
nsenter --mount="/proc/$holder/ns/mnt" umount -l /run/b/config/rootfs
nsenter --mount="/proc/$holder/ns/mnt" umount -l /run/b/config/rootfs
# The runtime is killed when all is mounted: the next one takes it back.
printf '#!/bin/sh\nkill -9 $PPID\n' >/run/killer && chmod +x /run/killer
config '.hooks = {"createRuntime": [{"path": "/run/killer"}]}'
bg create m >/dev/null
assert_match "a runtime that is killed leaves them" "/run/b/config/rootfs/proc proc" "$(mounts_of $holder)"
config 'del(.hooks)'
bg create m
rt delete -f m
assert_eq "the next create takes them back" "" "$(mounts_of $holder | comm -3 /run/mounts.holder -)"
config '.hooks = {"createRuntime": [{"path": "/bin/false"}]}'
bg create m >/dev/null
assert_eq "so does a create that fails" "" "$(mounts_of $holder | comm -3 /run/mounts.holder -)"
config 'del(.hooks)'
config '.process.capabilities.bounding += ["CAP_SYS_CHROOT"]'
assert_match "who can leave root.path is told of" "warning: .*CAP_SYS_CHROOT" "$(inside true)"
config '.process.capabilities.bounding -= ["CAP_SYS_CHROOT"]'
refuses "a hook would be found there" "hooks.createContainer" '.hooks = {"createContainer": [{"path": "/bin/true"}]}'
refuses "with a new user namespace nothing could be mounted" "user namespace" \
	'.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 1, "size": 9}] | .linux.gidMappings = .linux.uidMappings'
cp config.json config.joined
# One that belongs to a user namespace, and that joined, too
unshare --user sleep 1000 &
user=$!
sandbox_keep $user
lives_apart() { [[ -e /proc/$1/ns/$2 && $(readlink "/proc/$1/ns/$2") != "$(readlink "/proc/self/ns/$2")" ]]; }
eventually 20 lives_apart $user user
echo 0 100000 1000 >/proc/$user/uid_map && echo 0 100000 1000 >/proc/$user/gid_map || die "no mappings"
nsenter --user="/proc/$user/ns/user" -S 0 -G 0 unshare --mount --propagation private sleep 1000 &
theirs=$!
sandbox_keep $theirs
eventually 20 lives_apart $theirs mnt
private() { ! grep -q 'shared:' "/proc/$theirs/mountinfo"; }
eventually 20 private
mounts_of $theirs >/run/mounts.theirs
mount_ns "/proc/$theirs/ns/mnt"
config ".linux.namespaces += [{\"type\": \"user\", \"path\": \"/proc/$user/ns/user\"}]"
args sleep 1000
assert_ok "its mount and its user namespace by path" bg run -d m
assert_eq "its mount and its user namespace by path: it is in both" "$(readlink /proc/$theirs/ns/mnt) $(readlink /proc/$user/ns/user)" \
	"$(readlink "/proc/$(pid_of m)/ns/mnt") $(readlink "/proc/$(pid_of m)/ns/user")"
assert_eq "as its root, with the container's files" "uid=0 gid=0 ours" "$(rt exec m sh -c 'echo $(id) $(cat /tmp/ours)')"
rt delete -f m
assert_eq "delete takes its mounts away there" "" "$(mounts_of $theirs | comm -3 /run/mounts.theirs -)"
kill $theirs $user
cp config.alone config.json
args sleep 1000
bg run -d other
cp config.joined config.json
mount_ns "/proc/$(pid_of other)/ns/mnt"
refuses "one where root.path is not" "root.path, in the mount namespace that is joined" '.'
rt delete -f other
config 'del(.linux.namespaces[] | select(.type == "mount"))'
args sleep 1000
bg run -d m
assert_eq "a mount namespace that is not listed: the runtime's" "$(readlink /proc/self/ns/mnt) ours" \
	"$(readlink "/proc/$(pid_of m)/ns/mnt") $(rt exec m cat /tmp/ours)"
rt delete -f m
assert_eq "delete takes its mounts away, too" "" "$(mounts_of self | comm -3 /run/mounts.own -)"
kill $holder
cp config.alone config.json

config '.linux.timeOffsets = {"monotonic": {"secs": 86400}, "boottime": {"secs": 864000, "nanosecs": 5}}'
assert_eq "time offsets" "monotonic 86400 0 boottime 864000 5" "$(inside sh -c 'echo $(cat /proc/self/timens_offsets)')"
refuses "without a time namespace" time '.linux.namespaces -= [{"type": "time"}]'
refuses "of a clock nobody knows" clock '.linux.timeOffsets.realtime = {"secs": 1}'
config 'del(.linux.timeOffsets)'

# ------------------------------------------------------------ user namespaces
config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}] | .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 500}]'
assert_eq "a user namespace: root inside" "uid=0 gid=0" "$(inside id)"
assert_eq "its mappings" "0 100000 1000 0 200000 500" "$(inside sh -c 'echo $(cat /proc/self/uid_map /proc/self/gid_map)')"
assert_eq "its devices are the host's, bound" "1:3 1:5 1:7 1:8 1:9 5:0" \
	"$(inside sh -c 'cd /dev; for d in null zero full random urandom tty; do stat -c %t:%T $d; done' | tr '\n' ' ' | sed 's/ $//')"
chown 100005:200006 /run/src/file
chmod 700 /run/src
touch rootfs/vf
config '.mounts += [{"destination": "/vf", "source": "/run/src/file", "options": ["bind"]}]'
assert_eq "a source in a folder closed to it, seen by its ids" "5 6" "$(inside stat -c '%u %g' /vf)"
chmod 755 /run/src
chown 5:6 /run/src/file
config '.mounts[-1].options = ["bind", "idmap"]'
assert_eq "idmap: with the container's mappings" "5 6" "$(inside stat -c '%u %g' /vf)"
config '.mounts[-1].uidMappings = [{"containerID": 5, "hostID": 100007, "size": 1}] | .mounts[-1].gidMappings = [{"containerID": 6, "hostID": 200008, "size": 1}]'
assert_eq "idmap: with those of the mount" "7 8" "$(inside stat -c '%u %g' /vf)"
config 'del(.mounts[-1])'
# A new file system's ids are mapped since the kernel knows how to: tmpfs since 6.3.
mkdir rootfs/ids && touch rootfs/ids/old && chown 100003:200004 rootfs/ids/old && chown 100000:200000 rootfs/ids
config '.mounts += [{"destination": "/ids", "type": "tmpfs", "options": ["idmap", "uid=5", "gid=6", "mode=755", "nosuid"],
	"uidMappings": [{"containerID": 5, "hostID": 100007, "size": 1}], "gidMappings": [{"containerID": 6, "hostID": 200008, "size": 1}]}]'
if [[ $(printf '%s\n' 6.3 "$(uname -r)" | sort -V | head -n 1) == 6.3 ]]; then
	assert_eq "idmap of a new file system: with its own mappings" "7 8" "$(inside stat -c '%u %g' /ids)"
	assert_match "idmap of a new file system: is one" "nosuid.*idmapped" "$(inside awk '$5 == "/ids" { print $6 }' /proc/self/mountinfo)"
	config '.mounts[-1] |= (del(.uidMappings, .gidMappings) | .options = ["idmap", "mode=755", "ro", "tmpcopyup"])'
	assert_eq "idmap of a new file system: with the container's, filled, read-only" "0 0 3 4 ro" \
		"$(inside sh -c 'stat -c "%u %g" /ids /ids/old; touch /ids/x 2>/dev/null || echo ro' | paste -sd ' ')"
	config '.mounts[-1].options = ["idmap", "mode=755"]'
	assert_eq "and writes to it" "0 0" "$(inside sh -c 'touch /ids/x; stat -c "%u %g" /ids/x')"
else
	refuses "idmap of tmpfs before 6.3" "/ids: idmapped mount: this kernel maps no ids of tmpfs" .
fi
refuses "idmap of what the kernel does not map" "/ids: idmapped mount: this kernel maps no ids of ramfs" '.mounts[-1] = {"destination": "/ids", "type": "ramfs", "options": ["idmap"]}'
mkdir -p /run/lower
refuses "idmap of an overlay" "/ids: idmapped mount: this kernel maps no ids of overlay" \
	'.mounts[-1] = {"destination": "/ids", "type": "overlay", "options": ["idmap", "lowerdir=/run/lower:/run/src"]}'
refuses "idmap of what belongs to a namespace" "/ids: mounts[7]: idmap: proc belongs to a namespace" '.mounts[-1] = {"destination": "/ids", "type": "proc", "options": ["idmap"]}'
refuses "idmap of what is there" "/tmp: mounts[7]: idmap: of a mount that is there" '.mounts[-1] = {"destination": "/tmp", "type": "none", "options": ["remount", "idmap"]}'
config 'del(.mounts[-1])'
refuses "without mappings" uidMappings 'del(.linux.uidMappings)'
args sleep 1000
bg run -d n
pid=$(pid_of n)
config "del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces = [{\"type\": \"mount\"}, {\"type\": \"ipc\"}, {\"type\": \"uts\"}, {\"type\": \"pid\"},
	{\"type\": \"user\", \"path\": \"/proc/$pid/ns/user\"}, {\"type\": \"network\", \"path\": \"/proc/$pid/ns/net\"}]"
assert_eq "user and network namespaces of another" "0 100000 1000 $(readlink "/proc/$pid/ns/net")" \
	"$(inside sh -c 'echo $(cat /proc/self/uid_map) $(readlink /proc/self/ns/net)')"
assert_eq "exec into a user namespace" "0 100000 1000 uid=0" "$(rt exec n sh -c 'echo $(cat /proc/self/uid_map) $(id)' | sed 's/ gid.*//')"
rt delete -f n

# ------------------------------------------------------------ devices, sysctl, masks, propagation
"$RUNTIME" spec --bundle /run/src
cp /run/src/config.json .
config '.process.terminal = false | .linux.devices = [{"path": "/dev/mine", "type": "c", "major": 1, "minor": 5, "fileMode": 384, "uid": 3, "gid": 4}, {"path": "/dev/deep/pipe", "type": "p"}]'
assert_eq "default devices" "null 1:3 666 zero 1:5 666 full 1:7 666 random 1:8 666 urandom 1:9 666 tty 5:0 666" \
	"$(inside sh -c 'cd /dev; for d in null zero full random urandom tty; do stat -c "%n %t:%T %a" $d; done' | tr '\n' ' ' | sed 's/ $//')"
assert_eq "links in /dev" "/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 pts/ptmx" \
	"$(inside sh -c 'cd /dev; for l in fd stdin stdout stderr ptmx; do readlink $l; done' | tr '\n' ' ' | sed 's/ $//')"
assert_eq "linux.devices" "1:5 600 3 4 fifo" "$(inside sh -c 'echo $(stat -c "%t:%T %a %u %g" /dev/mine) $(stat -c %F /dev/deep/pipe)')"
refuses "a kind nobody knows" kind '.linux.devices[0].type = "x"'
refuses "without numbers" major 'del(.linux.devices[0].major)'
refuses "twice" twice '.linux.devices += [.linux.devices[0]]'
mkdir -p rootfs/opt && touch rootfs/opt/taken
refuses "something else is there already" "something else" '.linux.devices[0].path = "/opt/taken"'
config 'del(.linux.devices) | .linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1", "net/ipv4/conf/lo/forwarding": "1", "fs.mqueue.msg_max": "20"}'
assert_eq "sysctl" "1 1 1 20" "$(inside sh -c 'cd /proc/sys; echo $(cat net/ipv4/ip_forward kernel/shm_rmid_forced net/ipv4/conf/lo/forwarding fs/mqueue/msg_max)')"
for name in kernel.core_pattern vm.swappiness kernel.sysrq net/../kernel/core_pattern net.ipv4../../kernel/core_pattern /net/x net. .net "net.ipv4/../../kernel/core_pattern"; do
	refuses "sysctl $name" sysctl ".linux.sysctl = {\"$name\": \"1\"}"
done
refuses "a sysctl of a namespace it has not" "network namespace" '.linux.namespaces -= [{"type": "network"}]'
config 'del(.linux.sysctl) | .linux.maskedPaths += ["/etc/secret", "/opt", "/nosuch"] | .linux.readonlyPaths += ["/tmp", "/nosuch"] | .root.readonly = false'
echo secret >rootfs/etc/secret
assert_eq "masked: a file is empty, a folder is" "0 0" "$(inside sh -c 'echo $(cat /etc/secret | wc -c) $(ls -A /opt | wc -l)')"
assert_match "readonlyPaths" "Read-only" "$(inside touch /tmp/x)"
refuses "a relative masked path" maskedPaths '.linux.maskedPaths = ["etc"]'
for shared in shared:shared: slave:^- private:^- ; do
	config ".linux.rootfsPropagation = \"${shared%%:*}\""
	assert_match "rootfsPropagation ${shared%%:*}" "${shared#*:}" "$(inside awk '$5 == "/" { print $7 }' /proc/self/mountinfo)"
done
refuses "one nobody knows" rootfsPropagation '.linux.rootfsPropagation = "x"'
config 'del(.linux.rootfsPropagation) | .linux.personality = {"domain": "LINUX32"}'
assert_eq "personality" i686 "$(inside uname -m)"
refuses "a domain nobody knows" personality '.linux.personality.domain = "BSD"'
refuses "an annotation that is no string" annotation '.annotations = {"a": 1}'
if ! grep -q selinuxfs /proc/filesystems; then
	refuses "a mount label where the kernel has no SELinux" "mountLabel: SELinux is not active" '.linux.mountLabel = "system_u:object_r:x_t:s0"'
	refuses "a process label there" "process.selinuxLabel: SELinux is not active" '.process.selinuxLabel = "system_u:system_r:x_t:s0"'
	assert_eq "empty labels are none" ok "$(config '.process.selinuxLabel = "" | .linux.mountLabel = ""'; inside echo ok)"
fi
grep -q ' - resctrl ' /proc/self/mountinfo ||
	refuses "intelRdt without resctrl" "intelRdt: no resctrl file system is mounted" '.linux.intelRdt = {"closID": "x"}'
config 'del(.linux.personality) | .linux.memoryPolicy = {"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}'
if [[ -e /proc/self/numa_maps ]]; then
	assert_eq "memoryPolicy" "interleave=static:0" "$(inside sh -c 'head -n 1 /proc/self/numa_maps | cut -d " " -f 2')"
	args sleep 1000
	bg run -d numa
	assert_eq "of exec too" "interleave=static:0" "$(rt exec numa sh -c 'head -n 1 /proc/self/numa_maps | cut -d " " -f 2')"
	rt delete -f numa
	config '.linux.memoryPolicy = {"mode": "MPOL_PREFERRED", "nodes": "0-0"}'
	assert_eq "another mode" "prefer:0" "$(inside sh -c 'head -n 1 /proc/self/numa_maps | cut -d " " -f 2')"
	config '.linux.memoryPolicy = {"mode": "MPOL_DEFAULT"}'
	assert_eq "the default" "default" "$(inside sh -c 'head -n 1 /proc/self/numa_maps | cut -d " " -f 2')"
	refuses "a mode that needs nodes" "memoryPolicy: set_mempolicy" '.linux.memoryPolicy.mode = "MPOL_BIND"'
	refuses "a node that is not there" "memoryPolicy: set_mempolicy" '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "1000"}'
fi
refuses "a mode nobody knows" "no such mode" '.linux.memoryPolicy.mode = "MPOL_X"'
refuses "no mode" "no such mode" 'del(.linux.memoryPolicy.mode)'
refuses "a flag nobody knows" "no such flag" '.linux.memoryPolicy.flags = ["MPOL_X"]'
for nodes in x 1- 3-1 1024 0-99999999999999999999 ",1" "1,"; do
	refuses "the nodes \"$nodes\"" "memoryPolicy: nodes" ".linux.memoryPolicy.nodes = \"$nodes\""
done
config 'del(.linux.memoryPolicy)'
assert_eq "features says no more than there is" "true true true true true true 7" "$("$MOAT_BIN_DIR/moat-runtime" features |
	jq -r '.linux | [.cgroup.v1, .cgroup.v2, .cgroup.systemd, .selinux.enabled, .netDevices.enabled, .intelRdt.enabled,
		(.memoryPolicy.modes | length)] | join(" ")')"
assert_ok "nothing is left" test -z "$(ls "$OCI_ROOT")"
finish
