/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NS_GET_USERNS and NS_GET_OWNER_UID tell whose a network namespace is, from outside it. */
#include <sys/wait.h>

#include "tests/platform/platform.h"

int main(void)
{
	int to_child[2], from_child[2], fd, home = private_world(), own = -1;
	uint32_t uid = 0;
	char path[64], byte;
	pid_t pid;

	HOLDS(pipe(to_child) == 0 && pipe(from_child) == 0);
	pid = fork();
	HOLDS(pid >= 0);
	if (pid == 0) {
		/* a user namespace of its own with a network namespace in it, by an unprivileged uid where we may choose */
		byte = 'n';
		if (geteuid() == 0 && setresuid(12345, 12345, 12345) < 0)
			byte = 'r';
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
			byte = 'u';
		(void)!write(from_child[1], &byte, 1);
		(void)!read(to_child[0], &byte, 1);
		_exit(0);
	}
	HOLDS(read(from_child[0], &byte, 1) == 1);
	if (byte == 'u')
		lacks("no user namespaces for ordinary users");
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	HOLDS(netns_open(path, &fd, NULL) == 0);
	HOLDS(netns_owner(fd, &uid, NULL) == 0);
	HOLDS(!netns_user_is_own(fd));
	HOLDS(uid == (byte == 'n' ? 12345U : 0U));
	HOLDS(netns_create(home, &own, NULL) == 0);
	HOLDS(netns_owner(own, &uid, NULL) == 0);
	HOLDS(netns_user_is_own(own) && uid == 0);
	HOLDS(netns_same(own, own) && !netns_same(own, fd));
	HOLDS(write(to_child[1], "x", 1) == 1);
	HOLDS(waitpid(pid, NULL, 0) == pid);
	return 0;
}
