/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kern_lockdown - capabilities and seccomp: each claim tried in a child, which
 * must still do its work and can no longer do the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/kern/caps.h"
#include "lib/kern/lockdown.h"
#include "tests/lib/needs.h"
#include "tests/netns/kern/world.h"

static struct world world;

/* Status of wait(2) of a child that runs @fn; its failed conditions are printed and end it with 1. */
static int in_child(void (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		for (int sig = 1; sig < 32; sig++)
			signal(sig, SIG_DFL);
		fn();
		_exit(0);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	return status;
}

#define MUST(CONDITION)                                                                        \
	do {                                                                                   \
		if (!(CONDITION)) {                                                            \
			static const char text[] = "not so: " #CONDITION "\n";                 \
			(void)!write(2, text, sizeof(text) - 1);                               \
			_exit(1);                                                              \
		}                                                                              \
	} while (0)

static bool has_cap(cap_value_t cap)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	cap_get_flag(caps, cap, CAP_EFFECTIVE, &value);
	cap_free(caps);
	return value == CAP_SET;
}

static void reduced(void)
{
	static const int keep[] = {CAP_NET_ADMIN, CAP_SYS_ADMIN};
	int fd = -1;

	MUST(caps_reduce(keep, 2, NULL) == 0);
	MUST(has_cap(CAP_NET_ADMIN) && has_cap(CAP_SYS_ADMIN));
	MUST(!has_cap(CAP_NET_RAW) && !has_cap(CAP_DAC_OVERRIDE) && !has_cap(CAP_SETPCAP));
	MUST(cap_get_bound(CAP_NET_ADMIN) == 1 && cap_get_bound(CAP_NET_RAW) == 0);
	MUST(netns_create(world.home, &fd, NULL) == 0); /* what it is kept for */
	MUST(socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM);
	/* root by uid is no way back */
	MUST(setuid(0) == 0 && !has_cap(CAP_NET_RAW));
	MUST(caps_reduce(keep, 2, NULL) < 0); /* SETPCAP is gone: no second time */
}

static void none(void)
{
	int fd = -1;

	MUST(caps_reduce(NULL, 0, NULL) == 0);
	MUST(!has_cap(CAP_NET_ADMIN) && !has_cap(CAP_SYS_ADMIN));
	MUST(netns_create(world.home, &fd, NULL) == -EPERM);
}

static void somebody(void)
{
	MUST(caps_become(65534, 65534, NULL) == 0);
	MUST(getuid() == 65534 && geteuid() == 65534 && getgid() == 65534 &&
	     getgroups(0, NULL) == 0);
	MUST(!has_cap(CAP_SETUID) && setuid(0) < 0);
}

static void *thread_works(void *arg)
{
	*(int *)arg = 42;
	return NULL;
}

static void hand_works(void)
{
	struct kern_features features = {0};
	struct obj_sysctl sysctl = {.key = SYSCTL_IPV4_FORWARDING, .value = 1, .dev = "all"};
	pthread_t thread;
	int value = 0, fd = -1;

	MUST(lockdown_apply(LOCKDOWN_HAND, 0, NULL) == 0);
	/* all that lib/kern does: namespaces, both netlink families, dumps, sysctls */
	MUST(features_probe(world.home, &features, NULL) == 0);
	MUST(features.nft_owner_persist == world.features.nft_owner_persist &&
	     features.netdev_device_add == world.features.netdev_device_add);
	MUST(netns_create(world.home, &fd, NULL) == 0 && netns_enter(fd, NULL) == 0);
	MUST(sysctl_write(NULL, &sysctl, NULL) == 0);
	netns_leave(world.home);
	MUST(netns_identify(fd, &(struct netns_id){0}, NULL) == 0);
	MUST(pthread_create(&thread, NULL, thread_works, &value) == 0);
	MUST(pthread_join(thread, NULL) == 0 && value == 42);
	MUST(socket(AF_INET, SOCK_DGRAM, 0) >= 0 && socket(AF_INET6, SOCK_STREAM, 0) >= 0);
	/* and nothing else */
	MUST(socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM);
	MUST(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM);
	MUST(unshare(CLONE_NEWUSER) < 0 && errno == EPERM);
	MUST(setns(fd, 0) < 0 && errno == EPERM);
	MUST(mount("none", "/", "tmpfs", 0, NULL) < 0 && errno == EPERM);
	MUST(fork() < 0);
	MUST(chown("/nowhere", 1, 1) < 0 && errno == EPERM);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) < 0 && errno == EPERM);
}

static void dns_works(void)
{
	int pair[2], udp = socket(AF_INET6, SOCK_DGRAM, 0);
	struct ifreq request = {.ifr_ifindex = 1};
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	int landlock = lockdown_files(NULL);

	MUST(landlock == 0 || landlock == 1);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	/* Landlock alone, before the filter hides it */
	MUST(landlock == 1 || (open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES));
	MUST(lockdown_apply(LOCKDOWN_DNS, 0, NULL) == 0);
	MUST(ioctl(udp, SIOCGIFNAME, &request) == 0 && strcmp(request.ifr_name, "lo") == 0);
	MUST(connect(udp, &none, sizeof(none)) == 0);
	MUST(send(pair[0], "x", 1, 0) == 1);
	/* and nothing else */
	MUST(open("/etc/passwd", O_RDONLY) < 0 && errno == EPERM);
	MUST(unlink("/etc/nothing") < 0 && errno == EPERM);
	MUST(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
	MUST(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM);
	MUST(bind(udp, &none, sizeof(none)) < 0 && errno == EPERM);
	MUST(listen(udp, 1) < 0 && errno == EPERM);
	MUST(setns(world.home, CLONE_NEWNET) < 0 && errno == EPERM);
	MUST(unshare(CLONE_NEWNET) < 0 && errno == EPERM);
	MUST(kill(1, 0) < 0 && errno == EPERM);
	MUST(fork() < 0);
}

static void porter_works(void)
{
	int pair[2], queued = 0, status = -1;
	struct statfs fs;
	pid_t pid;

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	MUST(lockdown_apply(LOCKDOWN_PORTER, 0, NULL) == 0);
	MUST(fstatfs(world.home, &fs) == 0 && ioctl(world.home, NS_GET_NSTYPE) == CLONE_NEWNET);
	MUST(send(pair[0], "x", 1, 0) == 1 && ioctl(pair[0], SIOCOUTQ, &queued) == 0 && queued > 0);
	pid = fork();
	if (pid == 0) {
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		_exit(recv(pair[1], &status, 1, 0) == 1 ? 0 : 1);
	}
	MUST(pid > 0);
	/* and nothing else: nobody waits for what it forked, either */
	MUST(waitpid(pid, &status, 0) < 0 && errno == EPERM);
	MUST(open("/etc/passwd", O_RDONLY) < 0 && errno == EPERM);
	MUST(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM);
	MUST(setns(world.home, CLONE_NEWNET) < 0 && errno == EPERM);
	MUST(unshare(CLONE_NEWNET) < 0 && errno == EPERM);
	MUST(kill(pid, SIGKILL) < 0 && errno == EPERM);
	MUST(ioctl(world.home, NS_GET_USERNS) < 0 && errno == EPERM);
}

static void engine_works(void)
{
	int pair[2];
	pthread_t thread;
	int value = 0;

	MUST(lockdown_apply(LOCKDOWN_ENGINE, 0, NULL) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	MUST(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
	MUST(pthread_create(&thread, NULL, thread_works, &value) == 0 &&
	     pthread_join(thread, NULL) == 0);
	MUST(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
	MUST(socket(AF_NETLINK, SOCK_RAW, 0) < 0 && errno == EPERM);
	MUST(setns(world.home, CLONE_NEWNET) < 0 && errno == EPERM);
	MUST(unshare(CLONE_NEWNET) < 0 && errno == EPERM);
	MUST(mount("a", "/b", NULL, MS_BIND, NULL) < 0 && errno == EPERM);
	MUST(fork() < 0);
}

static void hand_execs(void)
{
	MUST(lockdown_apply(LOCKDOWN_HAND, 0, NULL) == 0);
	execl("/bin/true", "true", NULL);
}

static void engine_traces(void)
{
	MUST(lockdown_apply(LOCKDOWN_ENGINE, 0, NULL) == 0);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void engine_strays(void)
{
	MUST(lockdown_apply(LOCKDOWN_ENGINE, LOCKDOWN_KILL, NULL) == 0);
	(void)!chroot("/");
}

static void assert_killed(void (*fn)(void))
{
	int status = in_child(fn);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void test_caps(void **state)
{
	(void)state;
	assert_int_equal(in_child(reduced), 0);
	assert_int_equal(in_child(none), 0);
}

static void needs_uids_become(void **state)
{
	FILE *map = fopen("/proc/self/uid_map", "r");
	unsigned long inside, outside, count = 0;

	(void)state;
	if (!map || fscanf(map, "%lu %lu %lu", &inside, &outside, &count) != 3)
		count = 0;
	if (map)
		fclose(map);
	needs(count >= 65535, "only one uid here");
	assert_int_equal(in_child(somebody), 0);
}

static void test_profiles(void **state)
{
	(void)state;
	assert_int_equal(in_child(hand_works), 0);
	assert_int_equal(in_child(engine_works), 0);
	assert_int_equal(in_child(dns_works), 0);
	assert_int_equal(in_child(porter_works), 0);
}

static void test_killed(void **state)
{
	(void)state;
	assert_killed(hand_execs);
	assert_killed(engine_traces);
	assert_killed(engine_strays);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caps),
		cmocka_unit_test(needs_uids_become),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_killed),
	};

	world_enter(&world);
	needs_choose(argc, argv);
	return needs_status(cmocka_run_group_tests(tests, NULL, NULL));
}
