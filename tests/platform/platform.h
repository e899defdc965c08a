/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * platform - each program of this folder proves one fact about the kernel that
 * Moat relies on, by bare system calls and netlink, without Moat's own code
 * above lib/kern. Exit 0: the fact holds. 1: it does not, the design must
 * change. 77: this kernel lacks the thing, and Moat does without it.
 */
#ifndef MOAT_TESTS_PLATFORM_PLATFORM_H
#define MOAT_TESTS_PLATFORM_PLATFORM_H

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/kern/features.h"
#include "lib/kern/netns.h"
#include "lib/kern/nft.h"
#include "lib/kern/nft_decode.h"
#include "lib/kern/nlsock.h"
#include "lib/kern/rtnl.h"
#include "lib/kern/rtnl_decode.h"
#include "lib/kern/sysctl.h"

static inline void lacks(const char *what)
{
	const char *must = getenv("MOAT_MUST_WORK");

	printf("skipped: %s\n", what);
	exit(must && strcmp(must, "1") == 0 ? 1 : 77);
}

#define HOLDS(CONDITION)                                                                       \
	do {                                                                                   \
		if (!(CONDITION)) {                                                            \
			printf("%s:%d: does not hold: %s\n", __FILE__, __LINE__, #CONDITION);  \
			exit(1);                                                               \
		}                                                                              \
	} while (0)

/* The netlink message at *@offset of what was received; NULL: no more. NLMSG_NEXT() casts away const and alignment. */
static inline const struct nlmsghdr *message_next(const void *data, size_t size, size_t *offset)
{
	const struct nlmsghdr *nlh = (const void *)((const uint8_t *)data + *offset);

	if (*offset + sizeof(*nlh) > size || nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > size - *offset)
		return NULL;
	*offset += NLMSG_ALIGN(nlh->nlmsg_len);
	return nlh;
}

static inline const void *message_body(const struct nlmsghdr *nlh)
{
	return (const uint8_t *)nlh + NLMSG_HDRLEN;
}

static inline void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

/* A command of the shell's, where we are. Return: 0 when it succeeded. */
static inline __attribute__((format(printf, 1, 2))) int shell(const char *format, ...)
{
	char command[1024];
	va_list args;
	int n = snprintf(command, sizeof(command), "exec 2>/dev/null; "), more;

	va_start(args, format);
	more = vsnprintf(command + n, sizeof(command) - (size_t)n, format, args);
	va_end(args);
	HOLDS(more >= 0 && more < (int)sizeof(command) - n);
	return system(command);
}

/* The same in another namespace; @text without single quotes. */
static inline int shell_in(int ns_fd, const char *text)
{
	return shell("nsenter --net=/proc/%d/fd/%d sh -c '%s'", getpid(), ns_fd, text);
}

static inline void needs_tools(const char *names)
{
	if (shell("for name in %s; do command -v $name || exit 1; done >/dev/null", names) != 0)
		lacks(names);
}

/* CONDITION becomes true, on a busy machine too. */
#define COMES(CONDITION)                                                                       \
	do {                                                                                   \
		const struct timespec moment_ = {.tv_nsec = 20000000};                         \
		time_t until_ = time(NULL) + 60;                                               \
		bool came_;                                                                    \
												\
		while (!(came_ = (CONDITION)) && time(NULL) < until_)                          \
			nanosleep(&moment_, NULL);                                             \
		if (!came_) {                                                                  \
			printf("%s:%d: does not come: %s\n", __FILE__, __LINE__, #CONDITION);  \
			exit(1);                                                               \
		}                                                                              \
	} while (0)

/* A user namespace where we are not root, then a network namespace; both ours. Return: descriptor of the latter. */
static inline int private_world(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];
	int fd;

	if (uid != 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			lacks("neither root nor user namespaces");
		write_file("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_file("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1", gid);
		write_file("/proc/self/gid_map", map);
	}
	if (unshare(CLONE_NEWNET) < 0)
		lacks("cannot make a network namespace");
	HOLDS(netns_home(&fd, NULL) == 0);
	return fd;
}

static inline struct nlsock *open_sock(enum nlsock_kind kind, int fd, int home)
{
	struct nlsock *sock = NULL;

	HOLDS(nlsock_open(kind, fd, home, &sock, NULL) == 0);
	return sock;
}

/* One message; its ack. */
static inline int run_one(struct nlsock *sock, struct nlbatch *batch)
{
	struct nlack acks[8] = {0};
	int status = 0;

	HOLDS(batch->count <= ARRAY_COUNT(acks));
	HOLDS(nlsock_exec(sock, batch, acks) >= 0);
	for (uint32_t i = 0; i < batch->count; i++)
		status = status ? status : acks[i].status;
	nlbatch_fini(batch);
	return status;
}

static inline struct obj veth(const char *name, const char *peer)
{
	return obj_veth(0, name, &(struct mac){0}, 0, peer, &(struct mac){0}, 1500, "", "");
}

static inline int make_veth(struct nlsock *sock, const char *name, const char *peer,
			    int peer_fd)
{
	struct nlbatch batch = {0};
	struct obj obj = veth(name, peer);

	rtnl_veth_add(&batch, &obj.link, 0, peer_fd);
	return run_one(sock, &batch);
}

#endif
