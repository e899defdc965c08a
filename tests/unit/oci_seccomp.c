// SPDX-License-Identifier: GPL-2.0-or-later
/* oci_seccomp - profiles, compiled and installed in real processes; the listener; the folder of compiled ones. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/oci/seccomp.h"
#include "runner/oci/seccomp_cache.h"

#define ALLOW "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
#define RULE(name, action, more)                                                               \
	"{\"names\":[\"" name "\"],\"action\":\"SCMP_ACT_" action "\"" more "}"

static json_t *parsed(const char *text)
{
	json_t *doc = NULL;
	struct err err = ERR_INIT;

	if (json_parse(text, strlen(text), 0, &doc, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return doc;
}

static int made_of(const json_t *doc, const char *root, struct oci_seccomp *filter, struct err *err)
{
	return oci_seccomp_make(&(struct oci_config){.seccomp = doc}, root, filter, err);
}

static int made(const char *text, struct oci_seccomp *filter, struct err *err)
{
	cleanup(json_freep) json_t *doc = parsed(text);

	return made_of(doc, NULL, filter, err);
}

/* What @run says, as an exit status, behind the filter; 128 + signal where that ended it; 200: not installed. */
static int behind(const char *text, int (*run)(void))
{
	struct oci_seccomp filter;
	struct err err = ERR_INIT;
	int status;
	pid_t pid;

	if (made(text, &filter, &err) < 0)
		fail_msg("%s: %s: %s", text, err.object, err.msg);
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    oci_seccomp_apply(&filter, NULL, &err) < 0)
			_exit(200);
		/* not _exit(): a sanitizer's own calls at the end are not in the filter's list */
		syscall(SYS_exit_group, run());
	}
	oci_seccomp_fini(&filter);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void refused(const char *text, const char *word)
{
	struct oci_seccomp filter;
	struct err err = ERR_INIT;

	assert_int_equal(made(text, &filter, &err), -EINVAL);
	if (!strstr(err.msg, word) && !strstr(err.object, word))
		fail_msg("\"%s: %s\" says nothing of %s", err.object, err.msg, word);
}

static int asks(long number, long a, long b)
{
	errno = 0;
	return syscall(number, a, b) < 0 ? errno : 0;
}

static int asks_getppid(void)
{
	return asks(SYS_getppid, 0, 0);
}

static int asks_trap(void)
{
	signal(SIGSYS, _exit);
	return asks_getppid();
}

static void actions(void **state)
{
	(void)state;
	assert_int_equal(behind(ALLOW "]}", asks_getppid), 0);
	assert_int_equal(behind(ALLOW RULE("getppid", "ERRNO", "") "]}", asks_getppid), EPERM);
	assert_int_equal(
		behind(ALLOW RULE("getppid", "ERRNO", ",\"errnoRet\":38") "]}", asks_getppid),
		ENOSYS);
	assert_int_equal(
		behind(ALLOW RULE("getppid", "ERRNO", ",\"errnoRet\":0") "]}", asks_getppid),
		0);
	assert_int_equal(behind(ALLOW RULE("getppid", "KILL", "") "]}", asks_getppid),
			 128 + SIGSYS);
	assert_int_equal(behind(ALLOW RULE("getppid", "KILL_THREAD", "") "]}", asks_getppid),
			 128 + SIGSYS);
	assert_int_equal(behind(ALLOW RULE("getppid", "KILL_PROCESS", "") "]}", asks_getppid),
			 128 + SIGSYS);
	assert_int_equal(behind(ALLOW RULE("getppid", "TRAP", "") "]}", asks_trap), SIGSYS);
	/* nobody traces it (seccomp(2)) */
	assert_int_equal(
		behind(ALLOW RULE("getppid", "TRACE", ",\"errnoRet\":1") "]}", asks_getppid),
		ENOSYS);
	assert_int_equal(behind(ALLOW RULE("getppid", "LOG", "") "]}", asks_getppid), 0);
	/* a rule with the default action is none; the same rule twice is one */
	assert_int_equal(
		behind(ALLOW RULE("getppid", "ALLOW", "") "," RULE(
			       "getppid", "ERRNO", "") "," RULE("getppid", "ERRNO", "") "]}",
		       asks_getppid),
		EPERM);
	/* what no library knows is left out, what is younger than the library is not */
	assert_int_equal(behind(ALLOW RULE("no_such_call", "KILL", "") "]}", asks_getppid), 0);
}

static int asks_young(void)
{
	return asks(462 /* mseal */, 1, 0);
}

static void younger_than_the_library(void **state)
{
	(void)state;
	assert_int_equal(
		behind(ALLOW RULE("mseal", "ERRNO", ",\"errnoRet\":77") "]}", asks_young), 77);
}

static void defaults(void **state)
{
	static const char allowed[] = "{\"defaultAction\":\"SCMP_ACT_ERRNO\"%s,\"syscalls\":[{"
				      "\"names\":[\"exit_group\",\"exit\"%s],"
				      "\"action\":\"SCMP_ACT_ALLOW\"}]}";
	cleanup(mem_freep) char *plain = mem_printf(allowed, "", "");
	cleanup(mem_freep) char *other = mem_printf(allowed, ",\"defaultErrnoRet\":95", "");
	cleanup(mem_freep) char *listed = mem_printf(allowed, "", ",\"getppid\"");

	(void)state;
	assert_int_equal(behind(plain, asks_getppid), EPERM);
	assert_int_equal(behind(other, asks_getppid), EOPNOTSUPP);
	assert_int_equal(behind(listed, asks_getppid), 0);
	assert_int_equal(behind("{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\"}", asks_getppid),
			 128 + SIGSYS);
}

static int asks_of_tomorrow(void)
{
	return asks(600, 0, 0);
}

/* A list of a hundred names and more: what is younger than all of them is unknown, not forbidden. */
static void list_of_a_time(void **state)
{
	static const char *const some[] = {"read",        "write",      "openat2",
					   "close_range", "exit_group", "exit"};
	cleanup(buf_fini) struct buf text = BUF_INIT;

	(void)state;
	buf_str(&text, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[");
	for (size_t i = 0; i < 120; i++)
		buf_printf(&text, "%s\"%s\"", i ? "," : "", some[i % ARRAY_COUNT(some)]);
	buf_str(&text, "],\"action\":\"SCMP_ACT_ALLOW\"}]}");
	assert_int_equal(behind(buf_cstr(&text), asks_getppid), EPERM);
	assert_int_equal(behind(buf_cstr(&text), asks_of_tomorrow), ENOSYS);
	/* a short list is a list of what is allowed, and nothing else */
	assert_int_equal(
		behind("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":["
		       "\"exit_group\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
		       asks_of_tomorrow),
		EPERM);
}

/* getpriority(which, who): its first argument is compared */
static int priority_of;
static int asks_priority(void)
{
	return asks(SYS_personality, priority_of, 0);
}

static void arguments(void **state)
{
	static const struct {
		const char *op;
		long value, two;
		bool below, same, above; /* does it meet 15, 16, 17? */
	} cases[] = {
		{"NE", 16, 0, true, false, true},         {"LT", 16, 0, true, false, false},
		{"LE", 16, 0, true, true, false},         {"EQ", 16, 0, false, true, false},
		{"GE", 16, 0, false, true, true},         {"GT", 16, 0, false, false, true},
		{"MASKED_EQ", 16, 16, false, true, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const bool expected[] = {cases[i].below, cases[i].same, cases[i].above};
		cleanup(mem_freep) char *text =
			mem_printf(ALLOW RULE("personality", "ERRNO",
					      ",\"errnoRet\":77,\"args\":[{\"index\":0,"
					      "\"value\":%ld,\"valueTwo\":%ld,\"op\":"
					      "\"SCMP_CMP_%s\"}]") "]}",
				   cases[i].value, cases[i].two, cases[i].op);

		for (int k = 0; k < 3; k++) {
			priority_of = 15 + k;
			if ((behind(text, asks_priority) == 77) != expected[k])
				fail_msg("%s of %d", cases[i].op, priority_of);
		}
	}
}

static int asks_two(void)
{
	return asks(SYS_getpriority, priority_of, 7);
}

/* On different arguments all must hold; on the same one any may. */
static void several_arguments(void **state)
{
	static const char both[] = ALLOW RULE(
		"getpriority", "ERRNO",
		",\"errnoRet\":77,\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},"
		"{\"index\":1,\"value\":7,\"op\":\"SCMP_CMP_EQ\"}]") "]}";
	static const char any[] = ALLOW RULE(
		"getpriority", "ERRNO",
		",\"errnoRet\":77,\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},"
		"{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}]") "]}";

	(void)state;
	for (priority_of = 0; priority_of < 3; priority_of++) {
		assert_int_equal(behind(both, asks_two) == 77, priority_of == 1);
		assert_int_equal(behind(any, asks_two) == 77, priority_of >= 1);
	}
}

static void flags_and_architectures(void **state)
{
	(void)state;
	assert_int_equal(
		behind("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":["
		       "\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\","
		       "\"SECCOMP_FILTER_FLAG_TSYNC\",\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_"
		       "RECV\"],"
		       "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_"
		       "X32\","
		       "\"SCMP_ARCH_S390X\",\"SCMP_ARCH_LOONGARCH64\"],\"syscalls\":[" RULE(
			       "getppid", "ERRNO", "") "]}",
		       asks_getppid),
		EPERM);
}

static void what_is_refused(void **state)
{
	(void)state;
	refused("{}", "defaultAction");
	refused("{\"defaultAction\":\"SCMP_ACT_NO\"}", "defaultAction");
	refused("{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", "NOTIFY");
	refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1}",
		"defaultErrnoRet");
	refused("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":70000}", "4095");
	refused(ALLOW RULE("getppid", "KILL", ",\"errnoRet\":1") "]}", "errnoRet");
	refused(ALLOW RULE("getppid", "NOTHING", "") "]}", "action");
	refused(ALLOW "{\"names\":[],\"action\":\"SCMP_ACT_KILL\"}]}", "names");
	refused(ALLOW "{\"names\":\"getppid\",\"action\":\"SCMP_ACT_KILL\"}]}", "names");
	refused(ALLOW RULE("getppid", "KILL",
			   ",\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]") "]}",
		"index");
	refused(ALLOW RULE("getppid", "KILL",
			   ",\"args\":[{\"index\":0,\"value\":1,\"op\":\"EQ\"}]") "]}",
		"op");
	refused(ALLOW RULE("getppid", "KILL",
			   ",\"args\":[{\"index\":0,\"op\":\"SCMP_CMP_EQ\"}]") "]}",
		"value");
	refused(ALLOW RULE("getppid", "NOTIFY", "") "]}", "listenerPath");
	refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"X\"]}", "flags");
	refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_Z80\"]}",
		"Z80");
	refused("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerMetadata\":\"x\"}",
		"listenerPath");
	refused("[]", "object");
}

/* ---------------------------------------------------------------- listener */

struct listener {
	char folder[32], path[64];
	int sock;
};

static void listen_at(struct listener *l)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(l->folder, sizeof(l->folder), "/tmp/seccomp.XXXXXX");
	assert_non_null(mkdtemp(l->folder));
	snprintf(l->path, sizeof(l->path), "%s/sock", l->folder);
	memcpy(address.sun_path, l->path, strlen(l->path) + 1);
	l->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(l->sock, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(l->sock, 1), 0);
}

static void listen_end(struct listener *l)
{
	close(l->sock);
	unlink(l->path);
	rmdir(l->folder);
}

/* One answer: the error number of it. Calls of @and_on go on, before and after. */
static void answer(int notify, int number, int no)
{
	for (bool done = false; !done;) {
		struct seccomp_notif ask = {0};
		struct seccomp_notif_resp say = {0};

		assert_int_equal(ioctl(notify, SECCOMP_IOCTL_NOTIF_RECV, &ask), 0);
		say.id = ask.id;
		if (ask.data.nr == number) {
			say.error = -no;
			done = true;
		} else {
			say.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		}
		assert_int_equal(ioctl(notify, SECCOMP_IOCTL_NOTIF_SEND, &say), 0);
	}
}

static void notified(void **state)
{
	/* even the calls that hand the descriptor over wait for the one who is to get it */
	static const char profile[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":"
				      "\"%s\",\"listenerMetadata\":\"m\","
				      "\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\","
				      "\"SECCOMP_FILTER_FLAG_TSYNC\"],"
				      "\"syscalls\":[{\"names\":[\"getppid\",\"sendmsg\","
				      "\"sendto\",\"close\",\"wait4\",\"munmap\"],"
				      "\"action\":\"SCMP_ACT_NOTIFY\"}]}";
	struct listener l;
	struct oci_seccomp filter;
	struct err err = ERR_INIT;
	cleanup(mem_freep) char *text = NULL;
	cleanup(json_freep) json_t *doc = NULL;
	char got[64] = "";
	int conn, fds[FDIO_FDS_MAX], status;
	size_t count = 0;
	pid_t pid;

	(void)state;
	alarm(60);
	listen_at(&l);
	text = mem_printf(profile, l.path);
	doc = parsed(text);
	if (made_of(doc, NULL, &filter, &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	assert_string_equal(filter.metadata, "m");
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    oci_seccomp_apply(&filter, "{\"ociVersion\":\"1.2.0\"}", &err) < 0)
			_exit(200);
		_exit(asks_getppid());
	}
	conn = accept(l.sock, NULL, NULL);
	assert_int_equal(fd_recv(conn, got, sizeof(got) - 1, fds, &count), 22);
	assert_string_equal(got, "{\"ociVersion\":\"1.2.0\"}");
	assert_int_equal(count, 1);
	answer(fds[0], SYS_getppid, 99);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 99);
	close(fds[0]);
	close(conn);
	oci_seccomp_fini(&filter);
	listen_end(&l);
	/* nobody listens */
	assert_int_equal(made_of(doc, NULL, &filter, &err), -ENOENT);
	alarm(0);
}

/* ------------------------------------------------------------------- cache */

static void kept_for_the_next(void **state)
{
	static const char text[] = ALLOW RULE("getppid", "ERRNO", "") "]}";
	static const char other_text[] = ALLOW RULE("getppid", "KILL", "") "]}";
	const struct oci_section profile = {text, sizeof(text) - 1}, another = {other_text, sizeof(other_text) - 1};
	cleanup(json_freep) json_t *doc = parsed(text);
	cleanup(json_freep) json_t *other = parsed(other_text);
	char folder[] = "/tmp/seccomp.XXXXXX", cache[48], path[160], path2[512], name[32];
	struct oci_seccomp first, second;
	struct oci_seccomp kept = {.listener = -1};
	struct err err = ERR_INIT;
	FILE *names;
	bool notify;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(cache, sizeof(cache), "%s/.seccomp", folder);
	assert_int_equal(oci_seccomp_cache_load(cache, &profile, &kept, &notify), -ENOENT);
	assert_int_equal(made_of(doc, folder, &first, &err), 0);
	assert_int_equal(oci_seccomp_cache_load(cache, &profile, &kept, &notify), 0);
	assert_int_equal(kept.program.len, first.program.len);
	assert_memory_equal(kept.program.filter, first.program.filter,
			    kept.program.len * sizeof(*kept.program.filter));
	assert_false(notify);
	oci_seccomp_fini(&kept);
	assert_int_equal(oci_seccomp_cache_load(cache, &another, &kept, &notify), -ENOENT);

	snprintf(path, sizeof(path), "ls %s", cache);
	names = popen(path, "r");
	assert_non_null(fgets(name, sizeof(name), names));
	pclose(names);
	name[strcspn(name, "\n")] = '\0';
	snprintf(path, sizeof(path), "%s/%s", cache, name);
	/* its name alone says nothing: another profile's bytes under it */
	assert_int_equal(made_of(other, folder, &second, &err), 0);
	snprintf(path2, sizeof(path2), "rm -f %s && cp %s/* %s", path, cache, path);
	assert_int_equal(system(path2), 0);
	assert_int_equal(oci_seccomp_cache_load(cache, &profile, &kept, &notify), -ENOENT);
	oci_seccomp_fini(&second);
	/* cut, writable by others, a link, somebody's folder: not used */
	oci_seccomp_cache_save(cache, &profile, &first, false);
	assert_int_equal(oci_seccomp_cache_load(cache, &profile, &kept, &notify), 0);
	oci_seccomp_fini(&kept);
	assert_int_equal(chmod(path, 0622), 0);
	assert_int_equal(oci_seccomp_cache_load(cache, &profile, &kept, &notify), -ENOENT);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(chmod(cache, 0777), 0);
	assert_int_equal(oci_seccomp_cache_load(cache, &profile, &kept, &notify), -ENOENT);
	assert_int_equal(chmod(cache, 0700), 0);
	assert_int_equal(truncate(path, 100), 0);
	assert_int_equal(oci_seccomp_cache_load(cache, &profile, &kept, &notify), -ENOENT);
	assert_int_equal(made_of(doc, folder, &second, &err), 0);
	assert_int_equal(second.program.len, first.program.len);
	assert_int_equal(oci_seccomp_cache_load(cache, &profile, &kept, &notify), 0);
	oci_seccomp_fini(&kept);
	oci_seccomp_fini(&first);
	oci_seccomp_fini(&second);
	snprintf(path2, sizeof(path2), "rm -r %s", folder);
	assert_int_equal(system(path2), 0);
}

/* A profile that was put aside: compiled once, its bytes and flags remembered; anything wrong with it is told as ever. */
static void put_aside(void **state)
{
	static const char good[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],\"syscalls\":["
				   RULE("getppid", "ERRNO", "") "]}";
	static const char *const wrong[] = {"{\"defaultAction\":\"SCMP_ACT_NO\"}", "{\"defaultAction\":}", "{]", "{\"a\":1,\"a\":1}",
					    ALLOW RULE("getppid", "NOTIFY", "") "]}"};
	char folder[] = "/tmp/seccomp.XXXXXX", command[64];
	struct oci_config config = {.aside = {good, sizeof(good) - 1}};
	struct oci_seccomp first, second;
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_true(oci_seccomp_later(&config));
	assert_int_equal(oci_seccomp_make(&config, folder, &first, &err), 0);
	assert_int_equal(oci_seccomp_make(&config, folder, &second, &err), 0);
	assert_int_equal(first.flags, SECCOMP_FILTER_FLAG_LOG);
	assert_int_equal(second.flags, first.flags);
	assert_int_equal(second.program.len, first.program.len);
	assert_memory_equal(second.program.filter, first.program.filter, first.program.len * sizeof(*first.program.filter));
	oci_seccomp_fini(&first);
	oci_seccomp_fini(&second);
	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
		for (int again = 0; again < 2; again++) {
			config.aside = (struct oci_section){wrong[i], strlen(wrong[i])};
			err = ERR_INIT;
			assert_int_equal(oci_seccomp_make(&config, folder, &first, &err), -EINVAL);
			assert_true(*err.msg);
		}
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions),
		cmocka_unit_test(younger_than_the_library),
		cmocka_unit_test(defaults),
		cmocka_unit_test(list_of_a_time),
		cmocka_unit_test(arguments),
		cmocka_unit_test(several_arguments),
		cmocka_unit_test(flags_and_architectures),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(notified),
		cmocka_unit_test(kept_for_the_next),
		cmocka_unit_test(put_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
