// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgroup_try - runner/cgroup on a real kernel, in the view of cgroups it is started in (cgroup.sh makes
 * it, one after the other). Each test makes what it needs below /moat-try and takes it away.
 */
/* the order that cmocka.h asks for */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "runner/cgroup/cgroup.h"
#include "runner/cgroup/devices.h"

#define PATH "/moat-try/one"

static struct arena *arena;
static struct cgroup_layout layout;

static struct cgroup made(const char *path)
{
	struct cgroup cgroup;
	struct err err = ERR_INIT;

	if (cgroup_create(&layout, path, CGROUP_ALL, 0, &cgroup, &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	return cgroup;
}

static void unmade(struct cgroup *cgroup)
{
	struct cgroup top;
	struct err err = ERR_INIT;

	if (cgroup_delete(cgroup, CGROUP_WAIT_MS, &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	if (cgroup_open(&layout, "/moat-try", &top, NULL) == 0)
		assert_int_equal(cgroup_delete(&top, CGROUP_WAIT_MS, NULL), 0);
}

static int applied(const struct cgroup *cgroup, const char *text, struct err *err)
{
	cleanup(arena_freep) struct arena *own = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	struct cgroup_resources resources;

	assert_int_equal(json_parse(text, strlen(text), 0, &doc, NULL), 0);
	assert_int_equal(cgroup_resources_decode(doc, own, &resources, NULL), 0);
	return cgroup_apply(cgroup, &resources, err);
}

/* A child in the cgroup. Return: its pid; its status is of @run. */
static pid_t inside(const struct cgroup *cgroup, int (*run)(void *), void *ctx)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct err err = ERR_INIT;

		if (cgroup_enter(cgroup, 0, true, &err) < 0) {
			fprintf(stderr, "%s: %s\n", err.object, err.msg);
			_exit(99);
		}
		_exit(run(ctx));
	}
	assert_true(pid > 0);
	return pid;
}

/* Until it is where it belongs. Return: @pid. */
static pid_t arrived(const struct cgroup *cgroup, pid_t pid)
{
	size_t count = 0;

	for (int i = 0; i < 1000 && count == 0; i++) {
		pid_t *pids = NULL;

		poll(NULL, 0, 1);
		assert_int_equal(cgroup_processes(cgroup, &pids, &count, NULL), 0);
		assert_true(count == 0 || pids[0] == pid);
		free(pids);
	}
	assert_int_equal(count, 1);
	return pid;
}

static int ended(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int waits(void *ctx)
{
	(void)ctx;
	while (pause() < 0)
		;
	return 0;
}

static int counts(void *ctx)
{
	volatile unsigned long *count = ctx;

	while (count)
		(*count)++;
	return 0;
}

static void made_entered_and_gone(void **state)
{
	struct cgroup cgroup = made(PATH), again;
	pid_t pid = arrived(&cgroup, inside(&cgroup, waits, NULL));

	(void)state;
	assert_int_equal(cgroup_open(&layout, PATH, &again, NULL), 0);
	assert_int_equal(again.count, cgroup.count);
	assert_int_equal(cgroup_kill(&again, SIGTERM, NULL), 0);
	assert_int_equal(ended(pid), 128 + SIGTERM);
	cgroup_close(&again);
	unmade(&cgroup);
	assert_int_equal(cgroup_open(&layout, PATH, &again, NULL), -ENOENT);
}

/* It and its children, also in cgroups of their own below, and none escapes by forking. */
static int forks(void *ctx)
{
	(void)ctx;
	signal(SIGCHLD, SIG_IGN);
	while (poll(NULL, 0, 1) == 0)
		if (fork() == 0) {
			poll(NULL, 0, 20);
			_exit(0);
		}
	return 0;
}

static void all_are_killed(void **state)
{
	struct cgroup cgroup = made(PATH);
	struct cgroup below = made(PATH "/below");
	pid_t pid = inside(&cgroup, forks, NULL), other = inside(&below, waits, NULL);
	struct err err = ERR_INIT;

	(void)state;
	poll(NULL, 0, 50);
	if (cgroup_kill(&cgroup, SIGKILL, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(ended(pid), 128 + SIGKILL);
	assert_int_equal(ended(other), 128 + SIGKILL);
	cgroup_close(&below);
	unmade(&cgroup);
}

static void paused_and_resumed(void **state)
{
	struct cgroup cgroup = made(PATH);
	volatile unsigned long *count =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = inside(&cgroup, counts, (void *)(uintptr_t)count);
	struct err err = ERR_INIT;
	unsigned long then;

	(void)state;
	while (*count == 0)
		poll(NULL, 0, 1);
	assert_false(cgroup_frozen(&cgroup));
	if (cgroup_freeze(&cgroup, true, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(cgroup_frozen(&cgroup));
	then = *count;
	poll(NULL, 0, 50);
	assert_true(*count == then);
	/* nobody hangs on it: neither who would enter, nor who kills */
	assert_int_equal(cgroup_fit(&cgroup, &err), -EBUSY);
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_int_equal(cgroup_freeze(&cgroup, false, NULL), 0);
	assert_false(cgroup_frozen(&cgroup));
	while (*count == then)
		poll(NULL, 0, 1);
	assert_int_equal(cgroup_freeze(&cgroup, true, NULL), 0);
	if (cgroup_kill(&cgroup, SIGKILL, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(ended(pid), 128 + SIGKILL);
	unmade(&cgroup);
}

static void not_fit_for_purpose(void **state)
{
	struct cgroup cgroup = made(PATH), second;
	struct err err = ERR_INIT;
	pid_t pid;

	(void)state;
	/* empty and running: used */
	assert_int_equal(cgroup_create(&layout, PATH, CGROUP_ALL, 0, &second, &err), 0);
	cgroup_close(&second);
	assert_int_equal(cgroup_freeze(&cgroup, true, NULL), 0);
	assert_int_equal(cgroup_create(&layout, PATH, CGROUP_ALL, 0, &second, &err), -EBUSY);
	assert_int_equal(err.kind, ERR_CONFLICT);
	/* one below a frozen one is frozen, too */
	assert_int_equal(cgroup_create(&layout, PATH "/x", CGROUP_ALL, 0, &second, &err),
			 -EBUSY);
	assert_int_equal(cgroup_freeze(&cgroup, false, NULL), 0);
	pid = arrived(&cgroup, inside(&cgroup, waits, NULL));
	assert_int_equal(cgroup_create(&layout, PATH, CGROUP_ALL, 0, &second, &err), -EBUSY);
	assert_int_equal(err.no, EBUSY);
	assert_non_null(strstr(err.msg, "has processes"));
	assert_int_equal(cgroup_kill(&cgroup, SIGKILL, NULL), 0);
	assert_int_equal(ended(pid), 128 + SIGKILL);
	unmade(&cgroup);
}

static int eats(void *ctx)
{
	size_t size = *(size_t *)ctx;
	char *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t at = 0; at < size; at += 4096)
		((volatile char *)memory)[at] = 1;
	return 0;
}

/* Where the view has no such controller, the limit is refused by its name, and nothing else is to be seen. */
static bool refused_without(struct cgroup *cgroup, enum cgroup_controller controller,
			    const char *text)
{
	struct err err = ERR_INIT;

	if (cgroup_layout_find(&layout, controller))
		return false;
	assert_int_equal(applied(cgroup, text, &err), -ENOTSUP);
	assert_string_equal(err.object, cgroup_controller_name(controller, false));
	unmade(cgroup);
	return true;
}

static void memory_is_limited(void **state)
{
	struct cgroup cgroup = made(PATH);
	size_t size = 64 << 20;
	struct err err = ERR_INIT;

	(void)state;
	if (refused_without(&cgroup, CGROUP_MEMORY, "{\"memory\":{\"limit\":33554432}}"))
		return;
	assert_int_equal(ended(inside(&cgroup, eats, &size)), 0);
	if (applied(&cgroup, "{\"memory\":{\"limit\":33554432,\"swap\":33554432}}", &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	assert_int_equal(ended(inside(&cgroup, eats, &size)), 128 + SIGKILL);
	/* up and down again: the bound of memory and swap follows in the order the kernel wants */
	assert_int_equal(
		applied(&cgroup, "{\"memory\":{\"limit\":134217728,\"swap\":134217728}}", &err),
		0);
	assert_int_equal(ended(inside(&cgroup, eats, &size)), 0);
	assert_int_equal(
		applied(&cgroup, "{\"memory\":{\"limit\":33554432,\"swap\":33554432}}", &err),
		0);
	assert_int_equal(applied(&cgroup, "{\"memory\":{\"limit\":-1}}", &err), 0);
	assert_int_equal(ended(inside(&cgroup, eats, &size)), 0);
	unmade(&cgroup);
}

static int forks_three(void *ctx)
{
	(void)ctx;
	for (int i = 0; i < 3; i++)
		if (fork() < 0)
			return errno == EAGAIN ? 7 : 8;
	return 0;
}

static void processes_are_limited(void **state)
{
	struct cgroup cgroup = made(PATH);

	(void)state;
	if (refused_without(&cgroup, CGROUP_PIDS, "{\"pids\":{\"limit\":2}}"))
		return;
	assert_int_equal(applied(&cgroup, "{\"pids\":{\"limit\":2}}", NULL), 0);
	assert_int_equal(ended(inside(&cgroup, forks_three, NULL)), 7);
	assert_int_equal(applied(&cgroup, "{\"pids\":{\"limit\":-1}}", NULL), 0);
	assert_int_equal(ended(inside(&cgroup, forks_three, NULL)), 0);
	unmade(&cgroup);
}

static void cpu_is_limited(void **state)
{
	struct cgroup cgroup = made(PATH);
	static volatile unsigned long count;
	struct err err = ERR_INIT;
	json_int_t throttled = 0;
	pid_t pid;

	(void)state;
	if (refused_without(&cgroup, CGROUP_CPU, "{\"cpu\":{\"shares\":512}}"))
		return;
	if (applied(&cgroup, "{\"cpu\":{\"shares\":512,\"quota\":10000,\"period\":100000}}",
		    &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	pid = inside(&cgroup, counts, (void *)(uintptr_t)&count);
	for (int i = 0; i < 500 && !throttled; i++) {
		cleanup(json_freep) json_t *stat = cgroup_stat(&cgroup);

		throttled = json_integer_value(json_object_get(
			json_object_get(json_object_get(stat, "cpu"), "throttling"),
			"throttledPeriods"));
		poll(NULL, 0, 20);
	}
	assert_true(throttled > 0);
	assert_int_equal(cgroup_kill(&cgroup, SIGKILL, NULL), 0);
	assert_int_equal(ended(pid), 128 + SIGKILL);
	unmade(&cgroup);
}

/* Which of /dev/null (1:3), /dev/zero (1:5) opens, and whether a node can be made */
static int opens(void *ctx)
{
	int fd, bits = 0;

	(void)ctx;
	fd = open("/dev/null", O_RDWR);
	bits |= fd >= 0;
	fd = open("/dev/zero", O_RDONLY);
	bits |= (fd >= 0) << 1;
	fd = open("/dev/zero", O_WRONLY);
	bits |= (fd >= 0) << 2;
	bits |= (mknod("/run/sandbox/full", S_IFCHR | 0666, makedev(1, 7)) == 0) << 3;
	(void)unlink("/run/sandbox/full");
	return bits;
}

static void devices_are_limited(void **state)
{
	struct cgroup cgroup = made(PATH);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(ended(inside(&cgroup, opens, NULL)), 15);
	if (applied(&cgroup,
		    "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,"
		    "\"type\":\"c\","
		    "\"major\":1,\"minor\":3,\"access\":\"rw\"},{\"allow\":true,\"type\":\"c\","
		    "\"major\":1,"
		    "\"minor\":5,\"access\":\"r\"}]}",
		    &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	assert_int_equal(ended(inside(&cgroup, opens, NULL)), 3);
	/* other rules take the place of these */
	assert_int_equal(
		applied(&cgroup,
			"{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,"
			"\"access\":\"m\"},{\"allow\":true,\"type\":\"c\",\"major\":1,"
			"\"minor\":-1,"
			"\"access\":\"w\"}]}",
			&err),
		0);
	assert_int_equal(ended(inside(&cgroup, opens, NULL)) & 14, 12);
	unmade(&cgroup);
}

static void usage_is_told(void **state)
{
	struct cgroup cgroup = made(PATH);
	size_t size = 1 << 20;
	json_t *stat;

	(void)state;
	assert_int_equal(ended(inside(&cgroup, eats, &size)), 0);
	stat = cgroup_stat(&cgroup);
	assert_true(json_integer_value(json_object_get(
			    json_object_get(json_object_get(stat, "cpu"), "usage"), "total")) >
		    0);
	if (cgroup_layout_find(&layout, CGROUP_MEMORY))
		assert_true(json_integer_value(json_object_get(
				    json_object_get(json_object_get(stat, "memory"), "usage"),
				    "limit")) > 0);
	json_decref(stat);
	unmade(&cgroup);
}

static void what_the_system_has_not(void **state)
{
	struct cgroup cgroup = made(PATH);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(applied(&cgroup, "{\"rdma\":{\"mlx5\":{\"hcaHandles\":1}}}", &err),
			 cgroup_layout_find(&layout, CGROUP_RDMA) ? -EINVAL : -ENOTSUP);
	assert_non_null(strchr(err.msg, ' '));
	assert_true(applied(&cgroup, "{\"unified\":{\"hugetlb.nothing\":\"1\"}}", &err) < 0);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	unmade(&cgroup);
}

/* v2: cgroups below are the container's to make */
static void handed_to_another(void **state)
{
	struct cgroup cgroup = made(PATH);
	struct stat st;

	(void)state;
	assert_int_equal(cgroup_delegate(&cgroup, 1000, 1001, NULL), 0);
	/* v1's are never handed out */
	for (size_t i = 0; i < cgroup.count; i++) {
		assert_int_equal(fstat(cgroup.dirs[i].fd, &st), 0);
		assert_int_equal(st.st_uid, cgroup.dirs[i].hierarchy->unified ? 1000 : 0);
	}
	if (cgroup_unified(&cgroup) < 0) {
		unmade(&cgroup);
		return;
	}
	assert_int_equal(fstat(cgroup_unified(&cgroup), &st), 0);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(fstatat(cgroup_unified(&cgroup), "cgroup.procs", &st, 0), 0);
	assert_int_equal(st.st_gid, 1001);
	assert_int_equal(fstatat(cgroup_unified(&cgroup), "cgroup.freeze", &st, 0), 0);
	assert_int_equal(st.st_uid, 0);
	unmade(&cgroup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_entered_and_gone),
		cmocka_unit_test(all_are_killed),
		cmocka_unit_test(paused_and_resumed),
		cmocka_unit_test(not_fit_for_purpose),
		cmocka_unit_test(memory_is_limited),
		cmocka_unit_test(processes_are_limited),
		cmocka_unit_test(cpu_is_limited),
		cmocka_unit_test(devices_are_limited),
		cmocka_unit_test(usage_is_told),
		cmocka_unit_test(what_the_system_has_not),
		cmocka_unit_test(handed_to_another),
	};
	struct err err = ERR_INIT;
	int rc;

	alarm(100);
	arena = arena_new();
	if (cgroup_layout_read(arena, &layout, &err) < 0) {
		fprintf(stderr, "%s: %s\n", err.object, err.msg);
		return 1;
	}
	printf("mode %s\n", cgroup_mode_name(layout.mode));
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(arena);
	return rc;
}
