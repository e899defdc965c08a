// SPDX-License-Identifier: GPL-2.0-or-later
/* oci_beside - a network namespace by a thread: it is a new one and ours stays, and so do the processors we may run on. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "runner/oci/beside.h"

enum { TRIES = 200 };

static int proc = -1;

/* Root of a user namespace may make a network namespace. */
static int rights_take(void **state)
{
	(void)state;
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0 || (geteuid() != 0 && unshare(CLONE_NEWUSER) < 0))
		return -1;
	return 0;
}

static ino_t net_own(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	return st.st_ino;
}

static bool loopback_is_up(int ns)
{
	struct ifreq request = {.ifr_name = "lo"};
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = setns(ns, CLONE_NEWNET) < 0 ? -1 : socket(AF_INET, SOCK_DGRAM, 0);

		_exit(fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0 || !(request.ifr_flags & IFF_UP));
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	return status == 0;
}

/* Whether it is made there or left to us is the scheduler's: either comes soon, on two processors with little to do. */
static void made(void **state)
{
	const ino_t before = net_own();
	const size_t open_before = entries("/proc/self/fd");
	size_t count = 0;
	cpu_set_t may, still;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(may), &may), 0);
	for (int i = 0; i < TRIES; i++) {
		struct oci_beside beside = {0};
		struct err err = ERR_INIT;
		struct stat st;
		int fd;

		oci_beside_begin(proc, &beside);
		usleep((useconds_t)(i % 4) * 500);
		fd = oci_beside_end(&beside, &err);
		assert_true(fd >= 0);
		if (fd > 0) {
			count++;
			assert_int_equal(ioctl(fd, NS_GET_NSTYPE), CLONE_NEWNET);
			assert_int_equal(fstat(fd, &st), 0);
			assert_true(st.st_ino != before);
			assert_true(loopback_is_up(fd));
			fd_close(fd);
		}
		oci_beside_fini(&beside);
	}
	assert_int_equal(net_own(), before);
	assert_int_equal(sched_getaffinity(0, sizeof(still), &still), 0);
	assert_memory_equal(&may, &still, sizeof(may));
	assert_int_equal(entries("/proc/self/fd"), open_before);
	assert_int_equal(entries("/proc/self/task"), 3);
	print_message("%zu of %d were made by the thread\n", count, TRIES);
	if (CPU_COUNT(&may) < 2)
		assert_int_equal(count, 0);
}

/* Who has lost interest leaves nothing behind. */
static void dropped(void **state)
{
	const size_t open_before = entries("/proc/self/fd");

	(void)state;
	for (int i = 0; i < TRIES; i++) {
		struct oci_beside beside = {0};

		oci_beside_begin(proc, &beside);
		usleep((useconds_t)(i % 4) * 500);
		oci_beside_fini(&beside);
	}
	assert_int_equal(entries("/proc/self/fd"), open_before);
	assert_int_equal(entries("/proc/self/task"), 3);
}

/* What the kernel refuses is told; and on one processor nothing is begun. */
static void refused(void **state)
{
	int status = -1;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		bool told = false;
		unsigned int here;
		cpu_set_t one;

		if (setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		for (int i = 0; i < TRIES; i++) {
			struct oci_beside beside = {0};
			struct err err = ERR_INIT;
			int fd;

			oci_beside_begin(proc, &beside);
			usleep((useconds_t)(i % 4) * 500);
			fd = oci_beside_end(&beside, &err);
			if (fd > 0 || (fd < 0 && err.kind == ERR_NONE))
				_exit(3);
			told |= fd < 0;
			oci_beside_fini(&beside);
		}
		if (getcpu(&here, NULL) < 0)
			_exit(4);
		CPU_ZERO(&one);
		CPU_SET(here, &one);
		if (sched_setaffinity(0, sizeof(one), &one) < 0)
			_exit(5);
		for (int i = 0; i < TRIES; i++) {
			struct oci_beside beside = {0};

			oci_beside_begin(proc, &beside);
			if (beside.stack)
				_exit(6);
			oci_beside_fini(&beside);
		}
		_exit(told ? 0 : 1); /* 1: never begun by the thread */
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	assert_true(WEXITSTATUS(status) <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made),
		cmocka_unit_test(dropped),
		cmocka_unit_test(refused),
	};

	if (rights_take(NULL) < 0) {
		puts("1..0 # SKIP no user namespaces");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
