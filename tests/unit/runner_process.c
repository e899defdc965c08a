/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of runner/process, runner/privilege, runner/logfile, runner/recipes: users, capabilities, records, recipes. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/process/privilege.h"
#include "runner/process/process.h"
#include "runner/process/sync.h"
#include "runner/spec/recipes.h"
#include "runner/state/logfile.h"

#define BIT(cap) (UINT64_C(1) << (cap))

static void users_are_strict(void **state)
{
	static const char *const bad[] = {
		"",           ":",       ":5",      "1000:", "-1",
		"4294967295", "65536",   "1000x",   " 1",    "1 ",
		"+1",         "01",      "1:-1",    "1:1:1", "1:x1y",
		"nobody ",    "no such", "1:65536", "0x1",   "root:nosuchgroup",
	};
	struct process_user user;
	struct err err = ERR_INIT;
	uint32_t id;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		err = ERR_INIT;
		assert_int_not_equal(process_user_find(bad[i], &user, &err), 0);
		assert_int_equal(err.kind, ERR_USAGE);
	}
	assert_int_equal(process_user_find("0", &user, &err), 0);
	assert_int_equal(user.uid, 0);
	assert_int_equal(process_user_find("1234:4321", &user, &err), 0);
	assert_int_equal(user.uid, 1234);
	assert_int_equal(user.gid, 4321);
	assert_int_equal(user.group_count, 0);
	assert_int_equal(process_user_find("60123", &user, &err),
			 0); /* no entry: still a user */
	assert_string_equal(user.home, "/");
	assert_int_equal(process_user_find("root:daemon", &user, &err), 0);
	assert_int_equal(user.uid, 0);
	assert_int_equal(user.gid, 1);
	assert_string_equal(user.home, "/root");
	assert_int_equal(process_id_parse("65535", &id), 0);
	assert_int_equal(id, 65535);
}

static void capabilities_have_names(void **state)
{
	static const char *const bad[] = {"", "cap_", "NET", "12", "cap_12", "CAP_NET_ADMIN "};
	uint64_t caps = privilege_caps_default(), one;
	struct err err = ERR_INIT;

	(void)state;
	/* what a container must not have by default */
	assert_int_equal(caps & (BIT(CAP_NET_ADMIN) | BIT(CAP_NET_RAW) | BIT(CAP_SYS_ADMIN) |
				 BIT(CAP_SETFCAP) | BIT(CAP_MKNOD) | BIT(CAP_SYS_PTRACE) |
				 BIT(CAP_AUDIT_WRITE) | BIT(CAP_DAC_READ_SEARCH)),
			 0);
	assert_int_equal(caps, 0x405fb);
	assert_int_equal(privilege_caps_parse("NET_ADMIN", &one, &err), 0);
	assert_int_equal(one, BIT(CAP_NET_ADMIN));
	assert_int_equal(privilege_caps_parse("cap_net_raw", &one, &err), 0);
	assert_int_equal(one, BIT(CAP_NET_RAW));
	assert_int_equal(privilege_caps_parse("all", &one, &err), 0);
	assert_int_equal(one, BIT(CAP_LAST_CAP + 1) - 1);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(privilege_caps_parse(bad[i], &one, &err), -EINVAL);
}

static void records_are_json(void **state)
{
	static const char raw[] = "a\"\\\n\t\x01\xff\xc3\xa4\xed\xa0\x80\x7f";
	cleanup(buf_fini) struct buf line = BUF_INIT;

	(void)state;
	logfile_line(&line, "T", 2, raw, sizeof(raw)); /* with the NUL */
	assert_string_equal(buf_cstr(&line),
			    "{\"time\":\"T\",\"stream\":\"stderr\",\"log\":"
			    "\"a\\\"\\\\\\n\\t\\u0001\xef\xbf\xbd"
			    "\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\\u007f\\u0000\"}\n");
}

static uint64_t file_size(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, 0) == 0 ? (uint64_t)st.st_size : 0;
}

static void logs_are_bounded(void **state)
{
	char folder[] = "/tmp/runner_log.XXXXXX", text[1000];
	struct logfile log;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	fd = open(folder, O_RDONLY | O_DIRECTORY);
	logfile_init(&log, fd);
	log.size_max = 10000;
	assert_int_equal(file_size(fd, "log"), 0); /* nothing said, no file */
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	for (int i = 0; i < 100; i++) {
		/* in two halves: a line is written whole */
		assert_int_equal(logfile_add(&log, 1, text, 400), 0);
		assert_int_equal(logfile_add(&log, 1, text + 400, 600), 0);
		assert_true(file_size(fd, "log") <= 10000);
		assert_true(file_size(fd, "log.1") <= 10000);
	}
	assert_true(file_size(fd, "log.1") > 9000);
	assert_int_equal(logfile_add(&log, 2, "end", 3),
			 0); /* no newline: written at the end */
	logfile_fini(&log);
	cleanup(buf_fini) struct buf data = BUF_INIT;
	cleanup(mem_freep) char *path = mem_printf("%s/log", folder);

	assert_int_equal(file_read(path, 20000, &data), 0);
	assert_non_null(strstr(buf_cstr(&data), "\"stream\":\"stderr\",\"log\":\"end\"}\n"));
	unlinkat(fd, "log", 0);
	unlinkat(fd, "log.1", 0);
	close(fd);
	rmdir(folder);
}

static void long_lines_are_cut(void **state)
{
	char folder[] = "/tmp/runner_log.XXXXXX", *text = mem_alloc(LOGFILE_LINE_MAX * 2 + 10);
	cleanup(buf_fini) struct buf data = BUF_INIT;
	struct logfile log;
	size_t lines = 0;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	fd = open(folder, O_RDONLY | O_DIRECTORY);
	logfile_init(&log, fd);
	memset(text, 'y', LOGFILE_LINE_MAX * 2 + 10);
	assert_int_equal(logfile_add(&log, 1, text, 7), 0);
	assert_int_equal(logfile_add(&log, 1, text, LOGFILE_LINE_MAX * 2), 0);
	assert_int_equal(logfile_add(&log, 1, "\n", 1), 0);
	logfile_fini(&log);
	cleanup(mem_freep) char *path = mem_printf("%s/log", folder);

	assert_int_equal(file_read(path, 1 << 20, &data), 0);
	for (size_t i = 0; i < data.size; i++)
		lines += data.data[i] == '\n';
	assert_int_equal(lines, 3); /* two full ones, and 7 + newline */
	unlinkat(fd, "log", 0);
	close(fd);
	rmdir(folder);
	free(text);
}

static void recipes_know_their_commands(void **state)
{
	static const char *nginx[] = {"nginx", "-g", "daemon off;", NULL};
	static const char *own[] = {"/usr/lib/postgresql/15/bin/postgres", "-D", "/data", NULL};
	static const char *stop[] = {"pg_ctlcluster", "15", "main", "stop", NULL};
	static const char *plain[] = {"postgres", "-c", "work_mem=8MB", NULL};
	static const char *none[] = {NULL};
	static const char *password[] = {"POSTGRES_PASSWORD=secret", NULL};
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct spec spec = {.args = nginx,
			    .env = none,
			    .publish = none,
			    .tmpfs = none,
			    .workdir = "/",
			    .hostname = "h"};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(recipes_apply(&spec, 0, arena, &err), 0);
	assert_ptr_equal(spec.args, nginx);
	spec.args = own;
	assert_int_equal(recipes_apply(&spec, 0, arena, &err), 0);
	spec.args = stop;
	assert_int_equal(recipes_apply(&spec, 0, arena, &err), -ENOTSUP);
	spec.args = plain;
	spec.rootfs = "/srv";
	assert_int_equal(recipes_apply(&spec, 0, arena, &err), 0);
	spec.rootfs = NULL;
	if (access("/usr/lib/postgresql", F_OK) < 0)
		return; /* the rest asks for an installed server */
	spec.env = password;
	assert_int_equal(recipes_apply(&spec, 0, arena, &err), 1);
	assert_string_equal(spec.user, "postgres");
	assert_int_equal(spec.step_count, 1);
	assert_string_equal(spec.steps[0].user, "postgres");
	assert_non_null(strstr(spec.steps[0].unless, "/main/PG_VERSION"));
	for (size_t i = 0;; i++) {
		assert_non_null(spec.args[i]);
		if (str_eq(spec.args[i], "work_mem=8MB"))
			break;
	}
	for (size_t i = 0; spec.steps[0].args[i];
	     i++) /* nobody reads it from the command line */
		assert_null(strstr(spec.steps[0].args[i], "secret"));
	assert_int_equal(spec_check(&spec, &err), 0);
}

static void recipes_of_daemons(void **state)
{
	static const char *sshd[] = {"sshd", NULL}, *test[] = {"/usr/sbin/sshd", "-t", NULL};
	static const char *redis[] = {"redis-server", NULL};
	static const char *haproxy[] = {"/usr/sbin/haproxy", "-f", "/x", NULL};
	static const char *init[] = {"/usr/lib/frr/frrinit.sh", "start", NULL};
	static const char *status[] = {"/usr/lib/frr/frrinit.sh", "status", NULL};
	static const char *zebra[] = {"/usr/lib/frr/zebra", NULL}, *frr[] = {"frr", "start", NULL};
	static const char *none[] = {NULL};
	const uint64_t admin = UINT64_C(1) << CAP_SYS_ADMIN, net = UINT64_C(1) << CAP_NET_ADMIN;
	cleanup(arena_freep) struct arena *arena = arena_new();
	const struct spec plain = {.env = none, .publish = none, .tmpfs = none};
	struct spec spec = plain;
	struct err err = ERR_INIT;

	(void)state;
	spec.args = test;
	assert_int_equal(recipes_apply(&spec, 0, arena, &err), 0);
	spec.args = sshd;
	assert_int_equal(recipes_apply(&spec, 0, arena, &err), 1);
	assert_string_equal(spec.args[0], "/usr/sbin/sshd");
	assert_string_equal(spec.args[1], "-D");
	assert_int_equal(spec.step_count, 1);
	assert_string_equal(spec.steps[0].unless, "/run/sshd/ssh_host_ed25519_key");
	assert_null(spec.user);
	spec = plain;
	spec.args = redis;
	assert_int_equal(recipes_apply(&spec, 0, arena, &err), 1);
	assert_string_equal(spec.user, "redis");
	assert_string_equal(spec.args[1], "--daemonize");
	spec = plain;
	spec.args = haproxy;
	assert_int_equal(recipes_apply(&spec, 0, arena, &err), 1);
	assert_string_equal(spec.args[3], "-db");
	spec = plain;
	spec.args = status;
	assert_int_equal(recipes_apply(&spec, 0, arena, &err), 0);
	spec.args = frr;
	assert_int_equal(recipes_apply(&spec, 0, arena, &err), 0);
	spec.args = init;
	assert_int_equal(recipes_apply(&spec, admin, arena, &err), 1);
	assert_true(spec.linger);
	assert_int_equal(spec.caps & (admin | net), net); /* what was dropped stays away */
	spec = plain;
	spec.args = zebra;
	assert_int_equal(recipes_apply(&spec, 0, arena, &err), 1);
	assert_false(spec.linger);
	assert_int_equal(spec.caps & (admin | net), admin | net);
}

/* A child that fails says why and ends, with a word of its parent's on the way to it. */
static void last_words_are_read(void **state)
{
	const struct sync_msg ours = {.kind = SYNC_GO}, theirs = {.kind = SYNC_FAILED, .value = 7};
	struct sync_msg msg = {0};
	int ends[2];

	(void)state;
	assert_int_equal(sync_pair(ends), 0);
	assert_int_equal(sync_send(ends[0], &ours, -1), 0);
	assert_int_equal(sync_send(ends[1], &theirs, -1), 0);
	fd_close(ends[1]);
	assert_int_equal(sync_recv(ends[0], &msg, NULL), 1);
	assert_int_equal(msg.kind, SYNC_FAILED);
	assert_int_equal(msg.value, 7);
	assert_int_equal(sync_recv(ends[0], &msg, NULL), 0);
	fd_close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_words_are_read),
		cmocka_unit_test(users_are_strict),
		cmocka_unit_test(capabilities_have_names),
		cmocka_unit_test(records_are_json),
		cmocka_unit_test(logs_are_bounded),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(recipes_know_their_commands),
		cmocka_unit_test(recipes_of_daemons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
