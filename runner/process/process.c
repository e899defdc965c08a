// SPDX-License-Identifier: GPL-2.0-or-later
/* process - becoming a container's program. Floor F4. */
#include "runner/process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/process/idrange.h"
#include "runner/process/landlock.h"
#include "runner/process/privilege.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum { DATABASE_MAX = 4 * 1024 * 1024 }; /* bytes of /etc/passwd and /etc/group: fifty thousand users */

static FILE *database_open(const char *path);
static bool by_name(const char *text, struct process_user *user);
static void by_id(uid_t uid, struct process_user *user);
static bool group_find(const char *text, gid_t *ret_gid);
static void groups_of(const char *name, struct process_user *user);
static char **environment(const struct process *process, const struct process_user *user);
static void environment_set(char **env, size_t *count, const char *assignment);
static void signals_reset(void);
static int folder_enter(const char *path, struct err *err);

int process_id_parse(const char *text, uint32_t *ret_id)
{
	uint64_t value;

	if (str_u64(text, IDRANGE_SIZE - 1, &value) < 0)
		return -EINVAL;
	*ret_id = (uint32_t)value;
	return 0;
}

int process_user_find(const char *text, struct process_user *ret_user, struct err *err)
{
	cleanup(mem_freep) char *copy = mem_strdup(text);
	struct process_user user = {.home = "/"};
	char *group = strchr(copy, ':');
	uint32_t id;

	if (group)
		*group++ = '\0';
	if (!*copy || (group && !*group))
		return err_set(err, ERR_USAGE, EINVAL, text,
			       "a user is USER, UID, USER:GROUP or UID:GID");
	if (process_id_parse(copy, &id) == 0) {
		user.uid = id;
		by_id(id, &user);
	} else if (strspn(copy, "0123456789+-") > 0 || !by_name(copy, &user)) {
		return err_set(err, ERR_USAGE, EINVAL, text, "no such user inside");
	}
	if (group) {
		user.group_count = 0;
		if (process_id_parse(group, &id) == 0)
			user.gid = id;
		else if (strspn(group, "0123456789+-") > 0 || !group_find(group, &user.gid))
			return err_set(err, ERR_USAGE, EINVAL, text, "no such group inside");
	}
	*ret_user = user;
	return 0;
}

int process_exec(const struct process *process, struct err *err)
{
	static const char *const none[] = {NULL};
	struct process_user user = {.home = "/root"};
	int rc = 0;

	if (process->user && *process->user)
		rc = process_user_find(process->user, &user, err);
	if (rc < 0)
		return PROCESS_FAILED;
	signals_reset();
	umask(022);
	privilege_limits();
	/* Keyrings are not divided by namespaces: one of its own instead of the caller's. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS &&
	    errno != EDQUOT) {
		err_sys(err, ERR_KERNEL, errno, NULL, "a session keyring");
		return PROCESS_FAILED;
	}
	/* So that it may open /dev/stdin again, and nobody else its terminal. */
	if (process->tty &&
	    (ioctl(0, TIOCSCTTY, 0) < 0 || fchown(0, user.uid, (gid_t)-1) < 0)) {
		err_sys(err, ERR_KERNEL, errno, NULL, "take the terminal");
		return PROCESS_FAILED;
	}
	if (privilege_bound(process->caps, err) < 0)
		return PROCESS_FAILED;
	if (setgroups(user.group_count, user.groups) < 0 ||
	    setresgid(user.gid, user.gid, user.gid) < 0 ||
	    setresuid(user.uid, user.uid, user.uid) < 0) {
		err_sys(err, ERR_KERNEL, errno, process->user, "become the user");
		return PROCESS_FAILED;
	}
	if (privilege_set(user.uid == 0 ? process->caps : 0, err) < 0)
		return PROCESS_FAILED;
	if (folder_enter(process->workdir, err) < 0)
		return PROCESS_FAILED;
	environ = environment(process, &user);
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
		err_sys(err, ERR_KERNEL, errno, NULL, "close_range");
		return PROCESS_FAILED;
	}
	if (landlock_apply(process->landlock ? process->landlock : none, process->scopes, err) < 0)
		return PROCESS_FAILED;
	if (privilege_filter_install(process->filter, err) < 0)
		return PROCESS_FAILED;
	execvp(process->args[0], (char *const *)(uintptr_t)process->args);
	rc = errno;
	err_sys(err, rc == ENOENT ? ERR_NOTFOUND : ERR_KERNEL, rc, process->args[0], "exec");
	return rc == ENOENT ? PROCESS_NOT_FOUND : PROCESS_NOT_EXECUTABLE;
}

/* ----------------------------------------------------------------- helpers */

/*
 * The container's own files may be anything by now: a FIFO or a device would hang or lie; one without end, or that grows
 * as fast as it is read, would keep us for ever, so what it is at this moment is taken as a whole.
 */
static FILE *database_open(const char *path)
{
	cleanup(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t left, want;
	char part[4096];
	struct stat st;
	FILE *file;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > DATABASE_MAX)
		return NULL;
	left = (size_t)st.st_size;
	/* In memory that goes with the stream */
	file = fmemopen(NULL, left + 1, "w+");
	for (; file && left; left -= (size_t)n) {
		want = left < sizeof(part) ? left : sizeof(part);
		n = read(fd, part, want);
		if (n <= 0 || fwrite(part, 1, (size_t)n, file) != (size_t)n)
			break;
	}
	if (file)
		rewind(file);
	return file;
}

static bool by_name(const char *text, struct process_user *user)
{
	FILE *file = database_open("/etc/passwd");
	struct passwd *entry;
	bool found = false;

	while (file && !found && (entry = fgetpwent(file)))
		if (str_eq(entry->pw_name, text) && entry->pw_uid < IDRANGE_SIZE &&
		    entry->pw_gid < IDRANGE_SIZE) {
			user->uid = entry->pw_uid;
			user->gid = entry->pw_gid;
			if (str_copy(user->home, sizeof(user->home), entry->pw_dir) < 0)
				(void)str_copy(user->home, sizeof(user->home), "/");
			found = true;
		}
	if (file)
		fclose(file);
	if (found)
		groups_of(text, user);
	return found;
}

static void by_id(uid_t uid, struct process_user *user)
{
	FILE *file = database_open("/etc/passwd");
	struct passwd *entry;

	while (file && (entry = fgetpwent(file)))
		if (entry->pw_uid == uid && entry->pw_gid < IDRANGE_SIZE) {
			user->gid = entry->pw_gid;
			if (str_copy(user->home, sizeof(user->home), entry->pw_dir) < 0)
				(void)str_copy(user->home, sizeof(user->home), "/");
			break;
		}
	if (file)
		fclose(file);
}

static bool group_find(const char *text, gid_t *ret_gid)
{
	FILE *file = database_open("/etc/group");
	struct group *entry;
	bool found = false;

	while (file && !found && (entry = fgetgrent(file)))
		if (str_eq(entry->gr_name, text) && entry->gr_gid < IDRANGE_SIZE) {
			*ret_gid = entry->gr_gid;
			found = true;
		}
	if (file)
		fclose(file);
	return found;
}

static void groups_of(const char *name, struct process_user *user)
{
	FILE *file = database_open("/etc/group");
	struct group *entry;

	while (file && user->group_count < PROCESS_GROUPS_MAX && (entry = fgetgrent(file)))
		for (char **member = entry->gr_mem; *member; member++)
			if (str_eq(*member, name) && entry->gr_gid < IDRANGE_SIZE) {
				user->groups[user->group_count++] = entry->gr_gid;
				break;
			}
	if (file)
		fclose(file);
}

/* Ours first, the user's over them. Memory lives until the exec. */
static char **environment(const struct process *process, const struct process_user *user)
{
	size_t count = 0, room = 6;
	char **env;

	while (process->env[room - 6])
		room++;
	env = mem_array(room, sizeof(*env));
	environment_set(env, &count, "PATH=" PATH_DEFAULT);
	environment_set(env, &count, mem_printf("HOME=%s", user->home));
	environment_set(env, &count, mem_printf("HOSTNAME=%s", process->hostname));
	environment_set(env, &count, "container=moat");
	if (process->tty)
		environment_set(env, &count, "TERM=xterm");
	for (size_t i = 0; process->env[i]; i++)
		environment_set(env, &count, process->env[i]);
	return env;
}

static void environment_set(char **env, size_t *count, const char *assignment)
{
	size_t len = strcspn(assignment, "=") + 1;
	size_t i = 0;

	while (i < *count && strncmp(env[i], assignment, len) != 0)
		i++;
	env[i] = mem_strdup(assignment);
	if (i == *count)
		(*count)++;
}

/* The shim and the init ignore and block signals; a program begins with none ignored. */
static void signals_reset(void)
{
	sigset_t none;

	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		(void)signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* As the user, so that its rights count; and truly inside: a folder outside has no path (CVE-2024-21626). */
static int folder_enter(const char *path, struct err *err)
{
	char now[4096];

	if (chdir(path) < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_KERNEL, errno, path,
			       "working directory");
	if (syscall(SYS_getcwd, now, sizeof(now)) < 0 || now[0] != '/')
		return err_set(err, ERR_PERMISSION, EACCES, path,
			       "working directory: outside of the container");
	return 0;
}
