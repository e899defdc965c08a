/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hand - the real moatd-hand in namespaces of this test's own, with this test
 * as its engine and its supervisor. Needs root.
 *
 * What stands in the kernel after a plan is what the plan said: dump, decode,
 * compare. What failed left nothing. What was killed comes back. What was
 * removed is gone.
 */
#include "tests/netns/kern/hand_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/seam/hold.h"

/* ---- tests ---- */

static void test_life(void **state)
{
	struct hand hand = hand_start(0, -1);
	struct objv want = {0};
	char pin[64];

	(void)state;
	assert_empty(&hand);
	build(&hand, &want);
	assert_stands(&hand, &want);
	snprintf(pin, sizeof(pin), "/run/moat/ns/%016" PRIx64, router);
	assert_int_equal(access(pin, F_OK), 0);
	demolish(&hand, &want);
	assert_int_equal(access(pin, F_OK), -1);
	assert_empty(&hand);
	/* Again: nothing of the first life is in the way. */
	build(&hand, &want);
	assert_stands(&hand, &want);
	demolish(&hand, &want);
	assert_empty(&hand);
	assert_int_equal(hand_end(&hand, 0), 0);
}

/* The last addition cannot be: everything before it goes again, changes to what they were. */
static void test_undo(void **state)
{
	struct hand hand = hand_start(0, -1);
	struct objv want = {0}, none = {0}, before = {0}, after = {0};
	struct obj twice = publish(8080, "10.97.0.1/32"), changed;
	struct seam_result result;
	struct plan plan = {0};

	(void)state;
	wanted(&want);
	plan_diff(&want, &none, &plan);
	plan_add(&plan, OP_ADD, &twice); /* EEXIST, in the middle */
	plan_order(&plan);
	result = run_plan(&hand, &plan, 0);
	assert_int_equal(result.status, -EEXIST);
	assert_int_equal(result.refused, 0);
	assert_int_equal(result.undone, 1);
	assert_int_equal(plan.ops[result.index].obj.kind, OBJ_ELEM);
	assert_true(result.text[0] != '\0');
	assert_empty(&hand);
	plan_fini(&plan);

	objv_clear(&want);
	build(&hand, &want);
	standing(&hand, &want, &before);
	changed = obj_sysctl(router, SYSCTL_IPV4_FORWARDING, "all", 0);
	plan_add(&plan, OP_SET, &changed);
	/* not its MAC: the kernel forgets all neighbours of a link whose address changes */
	changed = obj_bridge(router, bridge, NULL, 1400, "other");
	plan_add(&plan, OP_SET, &changed);
	changed = obj_neigh(router, bridge, &(struct ip){4, {10, 0, 0, 2}},
			    &(struct mac){{2, 2, 2, 2, 2, 3}});
	plan_add(&plan, OP_SET, &changed);
	changed = publish(8080, "10.97.0.9/32");
	plan_add(&plan, OP_SET, &changed);
	changed = obj_sysctl(stack, SYSCTL_IPV4_FORWARDING, "all", 1);
	plan_add(&plan, OP_ADD, &changed);
	changed = obj_up(router, "mpffffffffffff");
	plan_add(&plan, OP_ADD, &changed); /* there is no such link */
	plan_order(&plan);
	result = run_plan(&hand, &plan, 0);
	assert_int_equal(result.status, -ENODEV);
	assert_int_equal(result.undone, 1);
	plan_fini(&plan);
	standing(&hand, &want, &after);
	assert_same(&before, &after);
	objv_fini(&before);
	objv_fini(&after);
	demolish(&hand, &want);
	assert_int_equal(hand_end(&hand, 0), 0);
}

/* SIGKILL, and a new one: it knows the namespaces, and the tables obey it. */
static void test_restart(void **state)
{
	struct hand hand = hand_start(0, -1);
	struct objv want = {0};
	struct obj more = publish(8081, "10.97.0.1/32");
	struct plan plan = {0};

	(void)state;
	build(&hand, &want);
	assert_int_equal(hand_end(&hand, SIGKILL), -SIGKILL);
	hand = hand_start(0, -1);
	assert_true(registered(&hand, router));
	assert_true(registered(&hand, stack));
	assert_stands(&hand, &want);
	plan_add(&plan, OP_ADD, &more);
	plan_order(&plan);
	assert_int_equal(run_plan(&hand, &plan, 0).status, 0);
	plan_fini(&plan);
	objv_add(&want, &more);
	assert_stands(&hand, &want);
	demolish(&hand, &want);
	assert_empty(&hand);
	assert_int_equal(hand_end(&hand, 0), 0);
}

/* Removing what is gone is success, link by link and with the whole namespace. */
static void test_gone(void **state)
{
	struct hand hand = hand_start(0, -1);
	struct objv want = {0};
	struct plan plan = {0};

	(void)state;
	build(&hand, &want);
	for (size_t i = 0; i < want.count; i++) {
		if (want.items[i].kind != OBJ_NETNS && want.items[i].kind != OBJ_SYSCTL &&
		    want.items[i].kind != OBJ_UP)
			plan_add(&plan, OP_DEL, &want.items[i]);
	}
	plan_order(&plan);
	for (int times = 0; times < 2; times++) {
		struct seam_result result = run_plan(&hand, &plan, 0);

		assert_int_equal(result.status, 0);
		if (result.index != UINT32_MAX)
			fail_msg("time %d, op %u: %s", times, result.index, result.text);
	}
	plan_fini(&plan);
	demolish(&hand, &want);
	assert_empty(&hand);
	assert_int_equal(hand_end(&hand, 0), 0);
}

/* A stack whose interface is still on its way out gets a new one of the same name at once. */
static void test_replace(void **state)
{
	struct hand hand = hand_start(0, -1);
	struct mac inner = mac_from_id(0xe1);
	struct obj netns = obj_netns(stack), router_ns = obj_netns(router);
	struct plan make = {0}, swap = {0};

	(void)state;
	plan_add(&make, OP_ADD, &netns);
	plan_add(&make, OP_ADD, &router_ns);
	plan_order(&make);
	assert_int_equal(run_plan(&hand, &make, 0).status, 0);
	for (int i = 0; i < 8; i++) {
		struct obj link, up;
		char name[OBJ_IFNAME_SIZE];

		snprintf(name, sizeof(name), "mp%012x", (unsigned)i);
		link = obj_veth(router, name, NULL, stack, "eth0", &inner, 1500, "", "");
		up = obj_up(stack, "eth0");
		plan_add(&swap, OP_ADD, &link);
		plan_add(&swap, OP_ADD, &up);
		plan_order(&swap);
		ask(&hand, SEAM_PLAN, swap.ops, (uint32_t)swap.count, sizeof(struct op),
		    (uint32_t)swap.commit, 0, -1);
		assert_int_equal(hear_result(&hand, SEAM_ANSWER).status, 0);
		hear_result(&hand, SEAM_DONE);
		plan_fini(&swap);
		plan_add(&swap, OP_DEL, &link);
		plan_order(&swap);
		ask(&hand, SEAM_PLAN, swap.ops, 1, sizeof(struct op), 0, 0, -1);
		assert_int_equal(hear_result(&hand, SEAM_ANSWER).status, 0);
		/* not waiting for its DONE: it comes before the next plan's answer, or after */
		{
			cleanup(buf_fini) struct buf payload = BUF_INIT;
			int fds[FDIO_FDS_MAX];
			struct seam_head head;
			size_t count;
			uint32_t removal = hand.seq;

			plan_fini(&swap);
			snprintf(name, sizeof(name), "mp%012x", 0x100U + (unsigned)i);
			link = obj_veth(router, name, NULL, stack, "eth0", &inner, 1500, "",
					"");
			plan_add(&swap, OP_ADD, &link);
			plan_add(&swap, OP_ADD, &up);
			plan_order(&swap);
			ask(&hand, SEAM_PLAN, swap.ops, (uint32_t)swap.count, sizeof(struct op),
			    (uint32_t)swap.commit, 0, -1);
			for (int heard = 0; heard < 3; heard++) {
				assert_int_equal(
					seam_recv(hand.seam, 0, &head, &payload, fds, &count),
					0);
				assert_int_equal(
					((const struct seam_result *)(const void *)payload.data)
						->status,
					0);
				assert_true(head.seq == removal ? head.verb == SEAM_DONE
								: head.seq == hand.seq);
			}
		}
		plan_fini(&swap);
		plan_add(&swap, OP_DEL, &link);
		plan_order(&swap);
		assert_int_equal(run_plan(&hand, &swap, 0).status, 0);
		plan_fini(&swap);
	}
	plan_fini(&make);
	plan_add(&make, OP_DEL, &netns);
	plan_add(&make, OP_DEL, &router_ns);
	plan_order(&make);
	assert_int_equal(run_plan(&hand, &make, 0).status, 0);
	plan_fini(&make);
	assert_empty(&hand);
	assert_int_equal(hand_end(&hand, 0), 0);
}

/* A child in namespaces of its own; @userns: owned by its own user namespace, made by @uid. */
static pid_t child_start(bool userns, uid_t uid, int *ret_fd)
{
	int ready[2], mapped[2];
	char path[64], byte = 'x';
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(mapped, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (uid != 0 && (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0))
			_exit(1);
		if (unshare(userns ? CLONE_NEWUSER : 0) < 0 || unshare(CLONE_NEWNET) < 0 ||
		    write(ready[1], &byte, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(fd_read_all(ready[0], &byte, 1), 0);
	close(ready[0]);
	close(mapped[0]);
	close(mapped[1]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(*ret_fd >= 0);
	return pid;
}

static void child_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Return: status of the answer, with the info when it is 0. */
static int adopt(struct hand *hand, uint64_t ns, uint32_t uid, bool hold, int fd,
		 struct seam_nsinfo *ret_info)
{
	struct seam_adopt request = {.ns = ns, .uid = uid, .hold = hold};
	cleanup(buf_fini) struct buf payload = BUF_INIT;
	struct seam_head head;
	struct seam_result result;

	ask(hand, SEAM_ADOPT, &request, 1, sizeof(request), 0, 0, fd);
	head = hear(hand, SEAM_ANSWER, &payload, NULL, NULL);
	if (head.size == sizeof(*ret_info)) {
		memcpy(ret_info, payload.data, sizeof(*ret_info));
		return 0;
	}
	memcpy(&result, payload.data, sizeof(result));
	assert_true(result.text[0] != '\0');
	return result.status;
}

static void test_adopt(void **state)
{
	static const uint64_t container = NS_ID(NS_CONTAINER, 7),
			      foreign = NS_ID(NS_FOREIGN, 8), other = NS_ID(NS_FOREIGN, 9);
	struct hand hand = hand_start(0, -1);
	struct prefix own = prefix("10.9.9.9/24");
	struct obj lo = obj_up(foreign, "lo"), ip = obj_addr(container, "lo", &own),
		   gone = obj_netns(container);
	struct plan plan = {0};
	struct seam_nsinfo info;
	struct hold_msg msg;
	int host, net, mine, held, fds[2];
	pid_t plain, owned;
	cleanup(buf_fini) struct buf payload = BUF_INIT;
	struct seam_open open_request = {.ns = container, .what = SEAM_OPEN_NS};
	size_t fd_count;

	(void)state;
	host = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	plain = child_start(false, 0, &net);
	owned = child_start(true, 1234, &mine);

	assert_int_equal(adopt(&hand, foreign, 0, false, host, &info), -EPERM);
	assert_int_equal(adopt(&hand, foreign, 0, false, hand.seam, &info), -EINVAL);
	assert_int_equal(adopt(&hand, container, 0, false, net, &info),
			 -EINVAL); /* containers are held */
	assert_int_equal(adopt(&hand, NS_ID(NS_ROUTER, 7), 0, true, net, &info), -EINVAL);
	assert_int_equal(adopt(&hand, foreign, 1234, false, net, &info),
			 -EPERM); /* root's, not 1234's */
	assert_int_equal(adopt(&hand, container, 4321, true, mine, &info), -EPERM);

	assert_int_equal(adopt(&hand, container, 1234, true, mine, &info), 0);
	assert_int_equal(info.ns, container);
	assert_int_equal(hold_recv(hand.control, &msg, &held), 0);
	assert_int_equal(msg.verb, HOLD_KEEP);
	assert_int_equal(msg.ns, container);
	assert_int_equal(adopt(&hand, NS_ID(NS_CONTAINER, 9), 0, true, mine, &info),
			 -EEXIST); /* known already */
	assert_int_equal(adopt(&hand, container, 0, true, net, &info),
			 -EEXIST); /* another's number */
	assert_int_equal(adopt(&hand, container, 1234, true, mine, &info), 0);

	/* The namespace and its user namespace, for who may enter. */
	ask(&hand, SEAM_OPEN, &open_request, 1, sizeof(open_request), 0, 0, -1);
	hear(&hand, SEAM_ANSWER, &payload, fds, &fd_count);
	assert_int_equal(fd_count, 2);
	close(fds[0]);
	close(fds[1]);

	/* One for which no plan came is had by the number it is brought with next; a number is never of two. */
	assert_int_equal(adopt(&hand, foreign, 0, false, net, &info), 0);
	assert_int_equal(adopt(&hand, other, 0, false, net, &info), 0);
	assert_false(registered(&hand, foreign));
	assert_true(registered(&hand, other));
	assert_int_equal(adopt(&hand, other, 0, false, mine, &info), -EEXIST);
	assert_int_equal(adopt(&hand, foreign, 0, false, mine, &info), -EEXIST); /* a container is no foreign one */

	/* A foreign one is forgotten after its plan. */
	assert_int_equal(adopt(&hand, foreign, 0, false, net, &info), 0);
	assert_true(registered(&hand, foreign));
	plan_add(&plan, OP_ADD, &lo);
	plan_order(&plan);
	assert_int_equal(run_plan(&hand, &plan, 0).status, 0);
	assert_false(registered(&hand, foreign));
	assert_int_equal(run_plan(&hand, &plan, 0).status, -ENOENT);
	plan_fini(&plan);

	/* A container outlives its process and the hand; its new hand writes into it. */
	child_end(owned);
	close(mine);
	assert_int_equal(hand_end(&hand, SIGKILL), -SIGKILL);
	hand = hand_start(container, held);
	close(held);
	assert_true(registered(&hand, container));
	plan_add(&plan, OP_ADD, &ip);
	plan_order(&plan);
	assert_int_equal(run_plan(&hand, &plan, 0).status, 0);
	plan_fini(&plan);
	plan_add(&plan, OP_DEL, &gone);
	plan_order(&plan);
	assert_int_equal(run_plan(&hand, &plan, 0).status, 0);
	plan_fini(&plan);
	assert_int_equal(hold_recv(hand.control, &msg, &held), 0);
	assert_int_equal(msg.verb, HOLD_DROP);
	assert_false(registered(&hand, container));

	child_end(plain);
	close(net);
	close(host);
	assert_int_equal(hand_end(&hand, 0), 0);
}

static int listener(int type, const char *ip, uint16_t host_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(host_port)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, ip, &at.sin_addr);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* What the check refuses on the real machine: ports of others, links of others; and nothing runs. */
static void test_refused(void **state)
{
	static const struct {
		uint16_t port;
		uint8_t proto;
		uint32_t uid;
		int status;
	} rows[] = {
		{8000, IPPROTO_TCP, 0, -EADDRINUSE}, {8000, IPPROTO_UDP, 0, 0},
		{8001, IPPROTO_UDP, 0, -EADDRINUSE}, {8002, IPPROTO_TCP, 0, -EACCES},
		{80, IPPROTO_TCP, 5, -EACCES},       {80, IPPROTO_TCP, 0, 0},
		{8003, IPPROTO_TCP, 5, 0},
	};
	int tcp = listener(SOCK_STREAM, "127.0.0.1", 8000),
	    udp = listener(SOCK_DGRAM, "0.0.0.0", 8001);
	struct obj table = obj_ruleset(0, RULESET_HOST, 4), eth = obj_up(0, "eth0");
	struct plan plan = {0};
	struct hand hand;

	(void)state;
	assert_int_equal(
		file_write_atomic("/run/reserved", "# mine\n8002/tcp\n", 16, 0600, false, NULL),
		0);
	hand = hand_start(0, -1);
	plan_add(&plan, OP_ADD, &table);
	plan_order(&plan);
	assert_int_equal(run_plan(&hand, &plan, 0).status, 0);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct obj obj = publish(rows[i].port, "10.97.0.1/32");
		struct seam_result result;

		obj.elem.proto = rows[i].proto;
		plan_fini(&plan);
		plan_add(&plan, OP_ADD, &obj);
		plan_order(&plan);
		result = run_plan(&hand, &plan, rows[i].uid);
		assert_int_equal(result.status, rows[i].status);
		assert_int_equal(result.refused, rows[i].status != 0);
	}
	plan_fini(&plan);
	plan_add(&plan, OP_ADD, &eth);
	plan_order(&plan);
	assert_int_equal(run_plan(&hand, &plan, 0).refused, 1);
	plan_fini(&plan);
	plan_add(&plan, OP_DEL, &table);
	plan_order(&plan);
	assert_int_equal(run_plan(&hand, &plan, 0).status, 0);
	plan_fini(&plan);
	close(tcp);
	close(udp);
	unlink("/run/reserved");
	assert_int_equal(hand_end(&hand, 0), 0);
}

static struct seam_result publish_tcp(struct hand *hand, uint16_t host_port)
{
	struct obj obj = publish(host_port, "10.97.0.1/32");
	struct plan plan = {0};
	struct seam_result result;

	plan_add(&plan, OP_ADD, &obj);
	plan_order(&plan);
	result = run_plan(hand, &plan, 0);
	plan_fini(&plan);
	return result;
}

/*
 * SOON: who listens is looked for ahead, and that is good for the plan that comes at once alone. A plan that comes
 * later, or one behind it, meets what has begun to listen meanwhile.
 */
static void test_soon(void **state)
{
	struct obj table = obj_ruleset(0, RULESET_HOST, 4);
	const struct timespec rest = {.tv_nsec = 20000000}; /* many times what the hand waits */
	struct hand hand = hand_start(0, -1);
	struct plan plan = {0};
	int first = listener(SOCK_STREAM, "0.0.0.0", 8100), later;

	(void)state;
	plan_add(&plan, OP_ADD, &table);
	plan_order(&plan);
	assert_int_equal(run_plan(&hand, &plan, 0).status, 0);
	ask(&hand, SEAM_SOON, NULL, 0, 0, 0, 1, -1);
	assert_int_equal(publish_tcp(&hand, 8100).status, -EADDRINUSE);
	ask(&hand, SEAM_SOON, NULL, 0, 0, 0, 1, -1);
	assert_int_equal(publish_tcp(&hand, 8101).status, 0);
	later = listener(SOCK_STREAM, "0.0.0.0", 8102);
	assert_int_equal(publish_tcp(&hand, 8102).status, -EADDRINUSE);
	close(later);
	ask(&hand, SEAM_SOON, NULL, 0, 0, 0, 1, -1);
	nanosleep(&rest, NULL);
	later = listener(SOCK_STREAM, "0.0.0.0", 8103);
	assert_int_equal(publish_tcp(&hand, 8103).status, -EADDRINUSE);
	close(first);
	close(later);
	ask(&hand, SEAM_SOON, NULL, 0, 0, 0, 0, -1); /* and one that no plan follows, at the end */
	plan_fini(&plan);
	plan_add(&plan, OP_DEL, &table);
	plan_order(&plan);
	assert_int_equal(run_plan(&hand, &plan, 0).status, 0);
	plan_fini(&plan);
	ask(&hand, SEAM_SOON, NULL, 0, 0, 0, 1, -1);
	assert_int_equal(hand_end(&hand, 0), 0);
}

/* Many links, gone in groups behind the answer. */
static void test_many(void **state)
{
	enum { MANY = 250 };
	struct hand hand = hand_start(0, -1);
	struct obj nets[] = {obj_netns(router), obj_netns(stack)};
	struct objv want = {0}, none = {0}, have = {0};

	(void)state;
	add(&want, nets[0]);
	add(&want, nets[1]);
	for (int i = 0; i < MANY; i++) {
		char here[OBJ_IFNAME_SIZE], there[OBJ_IFNAME_SIZE];
		struct mac mac = mac_from_id(0x1000 + (uint64_t)i);

		snprintf(here, sizeof(here), "mp%012x", (unsigned)i);
		snprintf(there, sizeof(there), "eth%d", i);
		add(&want, obj_veth(router, here, NULL, stack, there, &mac, 1500, "", ""));
	}
	assert_int_equal(run_diff(&hand, &want, &none).status, 0);
	objv_add(&none, &nets[0]);
	objv_add(&none, &nets[1]);
	assert_int_equal(run_diff(&hand, &none, &want).status, 0);
	snapshot(&hand, router, &none, &have);
	snapshot(&hand, stack, &none, &have);
	assert_int_equal(have.count, 0);
	objv_fini(&want);
	demolish(&hand, &none);
	assert_empty(&hand);
	objv_fini(&have);
	assert_int_equal(hand_end(&hand, 0), 0);
}

static void status_line(pid_t pid, const char *key, char dst[64])
{
	char path[64], line[256];
	FILE *file;

	dst[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, key, strlen(key)) == 0)
			sscanf(line + strlen(key), " %63s", dst);
	}
	fclose(file);
}

/* CAP_NET_BIND_SERVICE (10), CAP_NET_ADMIN (12) and CAP_SYS_ADMIN (21), a filter, nothing to be gained by exec. */
static void test_privilege(void **state)
{
	struct hand hand = hand_start(0, -1);
	char value[64];

	(void)state;
	registered(&hand, router); /* it serves, so it is done with its start */
	for (size_t i = 0; i < 3; i++) {
		status_line(hand.pid, (const char *const[]){"CapEff:", "CapPrm:", "CapBnd:"}[i],
			    value);
		assert_int_equal(strtoull(value, NULL, 16), 1 << 10 | 1 << 12 | 1 << 21);
	}
	status_line(hand.pid, "Seccomp:", value);
	assert_string_equal(value, "2");
	status_line(hand.pid, "NoNewPrivs:", value);
	assert_string_equal(value, "1");
	assert_int_equal(hand_end(&hand, 0), 0);
}

/* What no engine sends ends the hand. */
static void test_malformed(void **state)
{
	struct hand hand = hand_start(0, -1);
	struct seam_head head = {.magic = SEAM_MAGIC,
				 .verb = SEAM_PLAN,
				 .count = SEAM_OPS_MAX + 1,
				 .size = sizeof(struct op)};
	char byte;

	(void)state;
	assert_int_equal(fd_write_all(hand.seam, &head, sizeof(head)), 0);
	assert_int_equal(recv(hand.seam, &byte, 1, 0), 0);
	assert_int_equal(hand_end(&hand, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),      cmocka_unit_test(test_undo),
		cmocka_unit_test(test_restart),   cmocka_unit_test(test_gone),
		cmocka_unit_test(test_replace),   cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_refused),   cmocka_unit_test(test_many),
		cmocka_unit_test(test_privilege), cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_soon),
	};

	hand_world_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
