/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hand_beside - the real moatd-hand adds an endpoint to a router that stands: what is done in its stack and what in
 * nftables goes side by side (netd/hand/exec.c). Either part may fail, or both: nothing of it is left. And its link goes by the
 * socket that was opened for that beforehand (registry_loan_open()), again and again. Needs root.
 */
#include "tests/netns/kern/hand_world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"

static const uint64_t other = NS_ID(NS_STACK, 0xb2);

/* One endpoint more. */
static void second(struct objv *objs)
{
	static const char port2[] = "mp0000000000d2";
	struct mac gateway = mac_from_id(0xc1), inner = mac_from_id(0xd2);
	struct prefix all4 = prefix("0.0.0.0/0"), gw = prefix("10.0.0.1/24"), own = prefix("10.0.0.3/24");
	struct obj veth = obj_veth(router, port2, NULL, other, "eth0", &inner, 1500, bridge, "red/w2:eth0");

	veth.link.flags = LINK_PORT_STATIC;
	add(objs, obj_netns(other));
	add(objs, veth);
	add(objs, obj_sysctl(other, SYSCTL_IPV6_ADDR_GEN_MODE, "default", 1));
	add(objs, addr(other, "eth0", "10.0.0.3/24"));
	add(objs, obj_up(other, "eth0"));
	add(objs, obj_route(other, &all4, &gw.ip, "eth0"));
	add(objs, obj_neigh(other, "eth0", &gw.ip, &gateway));
	add(objs, obj_fdb(router, port2, &inner));
	add(objs, obj_neigh(router, bridge, &own.ip, &inner));
	add(objs, publish(8081, "10.97.0.1/32"));
	guarded(objs, port2, &inner, "10.0.0.3/32");
}

/* Return: its result, with all as it was before where it failed. */
static struct seam_result second_add(struct hand *hand, const struct objv *want, const struct obj *bad, size_t count)
{
	struct objv objs = {0}, none = {0}, before = {0}, after = {0};
	struct seam_result result;
	struct plan plan = {0};

	standing(hand, want, &before);
	second(&objs);
	plan_diff(&objs, &none, &plan);
	for (size_t i = 0; i < count; i++)
		plan_add(&plan, OP_ADD, &bad[i]);
	plan_order(&plan);
	result = run_plan(hand, &plan, 0);
	standing(hand, want, &after);
	if (result.status < 0) {
		assert_int_equal(result.undone, 1);
		assert_same(&before, &after);
		assert_false(registered(hand, other));
	}
	plan_fini(&plan);
	objv_fini(&objs);
	objv_fini(&before);
	objv_fini(&after);
	return result;
}

static void test_beside(void **state)
{
	struct hand hand = hand_start(0, -1);
	struct objv want = {0}, more = {0}, none = {0};
	struct obj taken = publish(8080, "10.97.0.1/32"); /* EEXIST */
	struct obj both[] = {taken, obj_up(other, "eth9")}; /* ENODEV: there is no such link */
	struct seam_result result;

	(void)state;
	build(&hand, &want);
	assert_int_equal(second_add(&hand, &want, &both[0], 1).status, -EEXIST);
	assert_int_equal(second_add(&hand, &want, &both[1], 1).status, -ENODEV);
	assert_int_equal(second_add(&hand, &want, both, 2).status, -ENODEV); /* the first in the plan is told */
	assert_int_equal(second_add(&hand, &want, NULL, 0).status, 0);
	second(&more);
	result = run_diff(&hand, &none, &more);
	assert_int_equal(result.status, 0);
	assert_stands(&hand, &want);
	objv_fini(&more);
	demolish(&hand, &want);
	assert_empty(&hand);
	assert_int_equal(hand_end(&hand, 0), 0);
}

/* Sockets of the hand's threads in this namespace: above the process id in their port's number (lib/kern/nlsock.c). */
static bool sockets_look(pid_t pid, unsigned long *ret_lent)
{
	FILE *file = fopen("/proc/thread-self/net/netlink", "re");
	char line[256];
	bool own = false;

	*ret_lent = 0;
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		unsigned protocol, port_id;
		unsigned long inode;

		if (sscanf(line, "%*s %u %u %*s %*s %*s %*s %*s %*s %lu", &protocol, &port_id, &inode) != 3 ||
		    protocol != NETLINK_ROUTE)
			continue;
		own |= port_id == (1U << 30 | (unsigned)pid) || port_id == (1U << 29 | (unsigned)pid);
		if (port_id == (1U << 28 | (unsigned)pid))
			*ret_lent = inode;
	}
	if (file != NULL)
		fclose(file);
	return own;
}

/* Looks until @fd ends. Return: 0, or what was wrong. */
static int look(pid_t pid, int fd)
{
	enum { NO_NAMESPACE = 1, NONE_LENT, OWN_OPENED, ANOTHER_LENT };
	struct pollfd end = {.fd = fd};
	unsigned long first, lent;
	char pin[64];
	int ns;

	snprintf(pin, sizeof(pin), "/run/moat/ns/%016" PRIx64, router);
	ns = open(pin, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		return NO_NAMESPACE;
	sockets_look(pid, &first);
	if (first == 0)
		return NONE_LENT;
	do {
		if (sockets_look(pid, &lent))
			return OWN_OPENED;
		if (lent != first)
			return ANOTHER_LENT;
	} while (poll(&end, 1, 1) == 0);
	return 0;
}

/* What it does behind an answer it has done by the next one. */
static unsigned descriptors(struct hand *hand)
{
	unsigned count = 0;
	char path[64];
	DIR *dir;

	assert_false(registered(hand, other));
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)hand->pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

/* A link takes some 16 ms to go, so a thread's own socket would be seen. */
static void test_loan(void **state)
{
	struct hand hand = hand_start(0, -1);
	struct objv want = {0}, more = {0}, none = {0};
	int ends[2], status;
	unsigned before;
	pid_t looker;

	(void)state;
	build(&hand, &want);
	demolish(&hand, &want);
	before = descriptors(&hand);
	build(&hand, &want);
	assert_true(registered(&hand, router)); /* the socket is opened behind the answer */
	second(&more);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	looker = fork();
	assert_true(looker >= 0);
	if (looker == 0) {
		fd_close(ends[1]);
		_exit(look(hand.pid, ends[0]));
	}
	fd_close(ends[0]);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(run_diff(&hand, &more, &none).status, 0);
		assert_int_equal(run_diff(&hand, &none, &more).status, 0);
	}
	fd_close(ends[1]);
	assert_int_equal(waitpid(looker, &status, 0), looker);
	assert_int_equal(status, 0);
	objv_fini(&more);
	assert_stands(&hand, &want);
	demolish(&hand, &want);
	assert_int_equal(descriptors(&hand), before);
	assert_empty(&hand);
	assert_int_equal(hand_end(&hand, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_beside), cmocka_unit_test(test_loan)};

	hand_world_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
