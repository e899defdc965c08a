// SPDX-License-Identifier: GPL-2.0-or-later
/* oci_acts - what a hostile program in a container tries, one act a run: "ok" or "errnoN" is printed. Of oci_acts.sh. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int told(long rc)
{
	if (rc >= 0)
		puts("ok");
	else
		printf("errno%d\n", errno);
	return 0;
}

static long abstract(const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "%s", name);
	return connect(fd, (struct sockaddr *)&addr, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
}

/* Reads the first bytes of what is mapped first in another's memory. */
static long peek(pid_t pid)
{
	char path[64], line[256];
	unsigned long at = 4096;
	struct iovec here = {line, 8}, there;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "r");
	if (maps && fgets(line, sizeof(line), maps))
		at = strtoul(line, NULL, 16);
	if (maps)
		fclose(maps);
	there = (struct iovec){(void *)at, 8};
	return process_vm_readv(pid, &here, 1, &there, 1, 0);
}

/* "Shocker": the folder above all, by its number, through any file of the same file system. */
static long by_handle(const char *path)
{
	struct file_handle *handle = malloc(sizeof(*handle) + MAX_HANDLE_SZ);
	int mount_id, top = open(path, O_RDONLY | O_DIRECTORY);

	handle->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, path, handle, &mount_id, 0) < 0)
		return -1;
	return open_by_handle_at(top, handle, O_RDONLY | O_DIRECTORY);
}

/* root of a new user namespace, and a socket it has no business with */
static long nested(int family, int type, int protocol)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 ? -1 : socket(family, type, protocol);
}

int main(int argc, char **argv)
{
	const char *act = argc > 1 ? argv[1] : "", *arg = argc > 2 ? argv[2] : "";
	struct timex tick = {.modes = ADJ_TICK, .tick = 1}; /* no such tick: who may set it is told so, and it stays */
	unsigned char params[120] = {0};

	if (strcmp(act, "write") == 0)
		return told(open(arg, O_WRONLY));
	if (strcmp(act, "put") == 0)
		return told(write(open(arg, O_WRONLY), "/nosuch\n", 8));
	if (strcmp(act, "hierarchy") == 0)
		return told(mount("x", arg, "cgroup", 0, "none,name=moat-attack"));
	if (strcmp(act, "read") == 0)
		return told(open(arg, O_RDONLY));
	if (strcmp(act, "abstract") == 0)
		return told(abstract(arg));
	if (strcmp(act, "tty") == 0)
		return told(ioctl(0, TIOCSTI, "x"));
	/* The kernel compares 32 bits of it, a filter that compares 64 sees another number. */
	if (strcmp(act, "tty-high") == 0)
		return told(syscall(SYS_ioctl, 0, TIOCSTI | 1UL << 32, "x"));
	if (strcmp(act, "key") == 0)
		return told(syscall(SYS_request_key, "user", arg, NULL, 0));
	if (strcmp(act, "ptrace") == 0)
		return told(ptrace(PTRACE_SEIZE, atoi(arg), 0, 0));
	if (strcmp(act, "peek") == 0)
		return told(peek(atoi(arg)));
	if (strcmp(act, "node") == 0)
		return told(mknod(arg, S_IFCHR | 0600, makedev(1, 1)));
	if (strcmp(act, "netfilter") == 0)
		return told(nested(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
	if (strcmp(act, "packet") == 0)
		return told(nested(AF_PACKET, SOCK_RAW, 0));
	if (strcmp(act, "setns") == 0)
		return told(setns(open(arg, O_RDONLY), 0));
	if (strcmp(act, "uring") == 0)
		return told(syscall(425 /* io_uring_setup */, 1, params));
	if (strcmp(act, "handle") == 0)
		return told(by_handle(arg));
	if (strcmp(act, "clock") == 0)
		return told(clock_adjtime(CLOCK_REALTIME, &tick));
	fprintf(stderr, "oci_acts: no act \"%s\"\n", act);
	return 2;
}
