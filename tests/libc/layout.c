/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layout - what our objects and Debian's archives, compiled with the headers of glibc, and musl, which lib/libc links some
 * programs with, must mean alike: structures and constants that go across. Compiled twice, with the headers of either;
 * same_layout compares what both print. What the kernel defines and either passes on unseen is not here.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <locale.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define SIZE(type) printf("%s: %zu bytes\n", #type, sizeof(type))
#define PART(type, member) printf("%s.%s: at %zu\n", #type, #member, offsetof(type, member))
#define WHOLE(type, member) printf("%s.%s: at %zu, %zu bytes\n", #type, #member, offsetof(type, member), sizeof(((type *)0)->member))
#define VALUE(name) printf("%s: %lld\n", #name, (long long)(name))

static void files(void)
{
	SIZE(struct stat);
	WHOLE(struct stat, st_dev);
	WHOLE(struct stat, st_ino);
	WHOLE(struct stat, st_nlink);
	WHOLE(struct stat, st_mode);
	WHOLE(struct stat, st_uid);
	WHOLE(struct stat, st_gid);
	WHOLE(struct stat, st_rdev);
	WHOLE(struct stat, st_size);
	WHOLE(struct stat, st_blocks);
	WHOLE(struct stat, st_mtim);
	SIZE(struct statfs);
	WHOLE(struct statfs, f_type);
	WHOLE(struct statfs, f_flags);
	WHOLE(struct dirent, d_ino);
	WHOLE(struct dirent, d_type);
	PART(struct dirent, d_name);
	WHOLE(struct flock, l_type);
	WHOLE(struct flock, l_start);
	SIZE(struct iovec);
	SIZE(struct pollfd);
	SIZE(nfds_t);
	SIZE(mode_t);
	SIZE(off_t);
	SIZE(dev_t);
	WHOLE(struct inotify_event, mask);
	PART(struct inotify_event, name);
	VALUE(AT_FDCWD);
	VALUE(AT_EACCESS);
	VALUE(AT_SYMLINK_NOFOLLOW);
	VALUE(AT_REMOVEDIR);
	VALUE(O_CLOEXEC);
	VALUE(O_TMPFILE);
	VALUE(O_DIRECTORY);
	VALUE(SEEK_END);
	VALUE(DT_DIR);
	VALUE(MFD_CLOEXEC);
	VALUE(EOF);
}

static void processes(void)
{
	SIZE(sigset_t);
	SIZE(siginfo_t);
	WHOLE(siginfo_t, si_signo);
	WHOLE(siginfo_t, si_code);
	WHOLE(siginfo_t, si_pid);
	WHOLE(siginfo_t, si_status);
	SIZE(struct signalfd_siginfo);
	SIZE(posix_spawn_file_actions_t);
	SIZE(cpu_set_t);
	SIZE(struct rlimit);
	WHOLE(struct rlimit, rlim_max);
	SIZE(struct timespec);
	SIZE(struct timeval);
	SIZE(struct tm);
	WHOLE(struct tm, tm_isdst);
	WHOLE(struct tm, tm_gmtoff);
	SIZE(struct utsname);
	WHOLE(struct utsname, release);
	SIZE(pid_t);
	SIZE(gid_t);
	SIZE(time_t);
	VALUE(SIGRTMAX);
	VALUE(SIG_BLOCK);
	VALUE(SIG_SETMASK);
	VALUE(P_ALL);
	VALUE(P_PID);
	VALUE(WNOHANG);
	VALUE(WEXITED);
	VALUE(WNOWAIT);
	VALUE(CLOCK_REALTIME);
	VALUE(CLOCK_MONOTONIC);
	VALUE(CLOCK_BOOTTIME);
	VALUE(RLIMIT_NOFILE);
	VALUE(AT_RANDOM);
	VALUE(AT_SECURE);
	VALUE(_SC_NPROCESSORS_CONF);
	VALUE(_SC_NPROCESSORS_ONLN);
	VALUE(_SC_PAGESIZE);
	VALUE(_SC_CLK_TCK);
	VALUE(_SC_ARG_MAX);
	VALUE(_SC_OPEN_MAX);
}

static void people(void)
{
	WHOLE(struct passwd, pw_name);
	WHOLE(struct passwd, pw_uid);
	WHOLE(struct passwd, pw_gid);
	WHOLE(struct passwd, pw_dir);
	WHOLE(struct passwd, pw_shell);
	SIZE(struct passwd);
	WHOLE(struct group, gr_name);
	WHOLE(struct group, gr_gid);
	WHOLE(struct group, gr_mem);
	SIZE(struct group);
	WHOLE(struct lconv, decimal_point);
	SIZE(struct option);
	WHOLE(struct option, has_arg);
	WHOLE(struct option, flag);
	WHOLE(struct option, val);
	VALUE(required_argument);
	VALUE(optional_argument);
	SIZE(struct termios);
	WHOLE(struct termios, c_lflag);
	PART(struct termios, c_cc);
	VALUE(VMIN);
	VALUE(TCSANOW);
	VALUE(ECHO);
	SIZE(struct winsize);
}

/* glibc makes msg_iovlen, msg_controllen and cmsg_len of 8 bytes, musl of 4 (POSIX) and a pad: the same number, little-endian. */
static void sockets(void)
{
	SIZE(struct msghdr);
	PART(struct msghdr, msg_namelen);
	PART(struct msghdr, msg_iov);
	PART(struct msghdr, msg_iovlen);
	PART(struct msghdr, msg_control);
	PART(struct msghdr, msg_controllen);
	PART(struct msghdr, msg_flags);
	SIZE(struct cmsghdr);
	PART(struct cmsghdr, cmsg_level);
	PART(struct cmsghdr, cmsg_type);
	printf("CMSG_SPACE: %zu %zu\n", (size_t)CMSG_SPACE(sizeof(int)), (size_t)CMSG_SPACE(3 * sizeof(int)));
	SIZE(struct sockaddr_un);
	SIZE(struct sockaddr_in);
	SIZE(struct sockaddr_in6);
	WHOLE(struct sockaddr_in6, sin6_scope_id);
	SIZE(struct ifreq);
	SIZE(struct ucred);
	SIZE(socklen_t);
	VALUE(SOL_SOCKET);
	VALUE(SCM_RIGHTS);
	VALUE(SO_PEERCRED);
	VALUE(MSG_CMSG_CLOEXEC);
	VALUE(MSG_NOSIGNAL);
	VALUE(SOCK_SEQPACKET);
}

/* isspace(3) and the like are a look into a table whose columns glibc's headers know. */
static void characters(void)
{
	for (int c = 0; c < 128; c++)
		printf("%d: %d%d%d%d%d%d%d %d\n", c, !!isspace(c), !!isdigit(c), !!isalpha(c), !!isalnum(c), !!isprint(c),
		       !!isxdigit(c), !!iscntrl(c), tolower(c));
}

int main(void)
{
	files();
	processes();
	people();
	sockets();
	characters();
	return 0;
}
