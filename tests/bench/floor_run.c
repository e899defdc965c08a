/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor_run - what the kernel itself costs of a container: the namespaces, mounts, devices, masks and capabilities of the
 * default bundle by the same calls, and nothing around them: no configuration is read, nothing is checked, written down or
 * reported, no copy of ourselves is made first. tests/bench/oci compares moat-runtime with it.
 *
 *   floor_run ROOTFS PROGRAM     PROGRAM, of the rootfs, is waited for; its status is ours
 *
 * What fails ends it: a floor that skipped something would be no floor.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OPTIONS_MAX = 8, CAPS_KEPT = 1 << CAP_KILL | 1 << CAP_NET_BIND_SERVICE | 1 << CAP_AUDIT_WRITE };
#define QUIET (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* The mounts of `crun spec` and `runc spec`; an option "a=b", or a flag */
static const struct file_system {
	const char *type, *source, *at;
	unsigned int attrs;
	const char *options[OPTIONS_MAX];
} file_systems[] = {
	{"proc", "proc", "proc", 0, {0}},
	{"tmpfs", "tmpfs", "dev", MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, {"mode=755", "size=65536k"}},
	{"devpts", "devpts", "dev/pts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
	 {"newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
	{"tmpfs", "shm", "dev/shm", QUIET, {"mode=1777", "size=65536k"}},
	{"mqueue", "mqueue", "dev/mqueue", QUIET, {0}},
	{"sysfs", "sysfs", "sys", QUIET | MOUNT_ATTR_RDONLY, {0}},
	{"cgroup2", "cgroup", "sys/fs/cgroup", QUIET | MOUNT_ATTR_RDONLY, {0}},
};

static const struct {
	const char *name;
	unsigned int minor, major;
} nodes[] = {{"null", 3, 1}, {"zero", 5, 1}, {"full", 7, 1}, {"random", 8, 1}, {"urandom", 9, 1}, {"tty", 0, 5}};

static const char *const links[][2] = {{"fd", "/proc/self/fd"},
				       {"stdin", "/proc/self/fd/0"},
				       {"stdout", "/proc/self/fd/1"},
				       {"stderr", "/proc/self/fd/2"},
				       {"ptmx", "pts/ptmx"}};

static const char *const masked[] = {"proc/acpi",	"proc/asound",	   "proc/kcore",       "proc/keys",	"proc/latency_stats",
				     "proc/timer_list", "proc/timer_stats", "proc/sched_debug", "sys/firmware", "proc/scsi"};
static const char *const read_only[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};

/* Return: @value, which is no failure */
static int must(long value, const char *what)
{
	if (value >= 0)
		return (int)value;
	fprintf(stderr, "floor_run: %s: %s\n", what, strerror(errno));
	exit(125);
}

static int file_system_new(const struct file_system *fs)
{
	int context = must(fsopen(fs->type, FSOPEN_CLOEXEC), fs->type), fd;

	must(fsconfig(context, FSCONFIG_SET_STRING, "source", fs->source, 0), fs->source);
	for (size_t i = 0; i < OPTIONS_MAX && fs->options[i]; i++) {
		const char *value = strchr(fs->options[i], '=');
		char key[32];

		snprintf(key, sizeof(key), "%.*s", value ? (int)(value - fs->options[i]) : 31, fs->options[i]);
		must(value ? fsconfig(context, FSCONFIG_SET_STRING, key, value + 1, 0)
			   : fsconfig(context, FSCONFIG_SET_FLAG, key, NULL, 0),
		     fs->options[i]);
	}
	must(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), fs->type);
	fd = must(fsmount(context, FSMOUNT_CLOEXEC, fs->attrs), fs->type);
	close(context);
	return fd;
}

static void place(int mount, int root, const char *at)
{
	must(move_mount(mount, "", root, at, MOVE_MOUNT_F_EMPTY_PATH), at);
	close(mount);
}

static void mounts_make(int root)
{
	for (size_t i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++) {
		const struct file_system *fs = &file_systems[i];

		if (strncmp(fs->at, "dev/", 4) == 0)
			must(mkdirat(root, fs->at, 0755), fs->at);
		place(file_system_new(fs), root, fs->at);
	}
}

static void devices_make(int root)
{
	int dev = must(openat(root, "dev", O_PATH | O_DIRECTORY | O_CLOEXEC), "dev");

	umask(0);
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		must(mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), nodes[i].name);
	umask(022);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		must(symlinkat(links[i][1], dev, links[i][0]), links[i][0]);
	close(dev);
}

/* What is not there needs no mask: that is asked by the first call for each. */
static void masks_make(int root, int null)
{
	static const struct file_system empty = {"tmpfs", "tmpfs", "", QUIET | MOUNT_ATTR_RDONLY, {"nr_inodes=2", "size=4k"}};
	struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY};
	int folder = -1;

	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++) {
		struct stat st;

		if (fstatat(root, masked[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && folder < 0)
			folder = file_system_new(&empty);
		place(must(open_tree(S_ISDIR(st.st_mode) ? folder : null, "",
				     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH),
			   masked[i]),
		      root, masked[i]);
	}
	for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
		int fd = open_tree(root, read_only[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

		if (fd < 0)
			continue;
		must(mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &sealed, sizeof(sealed)), read_only[i]);
		place(fd, root, read_only[i]);
	}
}

static void root_change(int root)
{
	must(fchdir(root), "root");
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount");
	must(chdir("/"), "/");
}

static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	must(ioctl(fd, SIOCSIFFLAGS, &request), "lo");
	close(fd);
}

static void rights_drop(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{CAPS_KEPT, CAPS_KEPT, 0}, {0}};
	const struct rlimit files = {1024, 1024};

	must(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL), "keyctl");
	must(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap >= 32 || !(CAPS_KEPT & 1U << cap))
			must(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0), "bounding set");
	must(syscall(SYS_capset, &head, data), "capset");
}

static void become(const char *rootfs, char *program)
{
	struct mount_attr own = {.propagation = MS_PRIVATE}, sealed = {.attr_set = MOUNT_ATTR_RDONLY};
	char *const args[] = {program, NULL}, *const env[] = {NULL};
	int root, null;

	must(unshare(CLONE_NEWCGROUP), "unshare");
	must(setsid(), "setsid");
	must(sethostname("floor", 5), "sethostname");
	loopback_up();
	must(mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &own, sizeof(own)), "/");
	null = must(open("/dev/null", O_PATH | O_CLOEXEC), "/dev/null");
	root = must(open_tree(AT_FDCWD, rootfs, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE), rootfs);
	must(move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), rootfs);
	mounts_make(root);
	devices_make(root);
	masks_make(root, null);
	must(mount_setattr(root, "", AT_EMPTY_PATH, &sealed, sizeof(sealed)), "root");
	root_change(root);
	rights_drop();
	execve(program, args, env);
	must(-1, program);
}

int main(int argc, char **argv)
{
	struct clone_args clone = {.flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET,
				   .exit_signal = SIGCHLD};
	int status;
	long pid;

	if (argc != 3) {
		fputs("usage: floor_run ROOTFS PROGRAM\n", stderr);
		return 125;
	}
	pid = must(syscall(SYS_clone3, &clone, sizeof(clone)), "clone3");
	if (pid == 0)
		become(argv[1], argv[2]);
	must(waitpid((pid_t)pid, &status, 0), "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
