// SPDX-License-Identifier: GPL-2.0-or-later
/* become - the last steps before a container's program. Floor F4. */
#include "runner/oci/become.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/oci/labels.h"

/* sched_setattr(2); <linux/sched/types.h> cannot be had together with <sched.h>. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int limits_set(const struct oci_process *process, struct err *err);
static int scheduling_set(const struct oci_become *become, struct err *err);
static int keyring_new(struct err *err);
static int ids_set(const struct oci_process *process, struct err *err);
static int bounding_set(uint64_t caps, struct err *err);
static int caps_set(const struct oci_process *process, uint64_t had, struct err *err);
static uint64_t caps_had(void);
static uint64_t caps_wanted(const struct oci_process *process);
static void caps_warn(const struct oci_process *process, uint64_t had, struct buf *warnings);
static int folder_enter(const char *path, struct err *err);
static int program_find(const struct oci_process *process, char **ret_path, struct err *err);
static void signals_reset(uint64_t ignored);

int oci_become(const struct oci_become *become, struct buf *warnings, char **ret_path,
	       struct err *err)
{
	const struct oci_process *process = become->process;
	bool early = !process->no_new_privs && become->seccomp;
	bool inside = false;
	uint64_t had = 0;
	int rc;

	umask(process->umask >= 0 ? (mode_t)process->umask : 022);
	/* Labels first: the keyring bears one. */
	rc = oci_labels_set(become->host_proc, process, err);
	if (rc == 0 && !become->keep_keyring)
		rc = keyring_new(err);
	if (rc == 0)
		rc = scheduling_set(become, err);
	if (rc == 0)
		rc = limits_set(process, err);
	if (rc == 0 && process->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "no_new_privs");
	/* Without no_new_privs only CAP_SYS_ADMIN may install a filter: as long as we have it. */
	if (rc == 0 && early)
		rc = oci_seccomp_apply(become->seccomp, become->listener_state, err);
	if (rc == 0 && process->caps_given) {
		had = caps_had();
		caps_warn(process, had, warnings);
		if (!become->bounded)
			rc = bounding_set(process->caps[OCI_CAPS_BOUNDING], err);
	}
	/* A folder that only root may enter is entered as root: whoever wrote the configuration may. */
	if (rc == 0)
		inside = folder_enter(process->cwd, NULL) == 0;
	if (rc == 0)
		rc = ids_set(process, err);
	if (rc == 0 && process->caps_given)
		rc = caps_set(process, had, err);
	if (rc == 0 && !inside)
		rc = folder_enter(process->cwd, err);
	if (rc == 0 && process->args)
		rc = program_find(process, ret_path, err);
	return rc;
}

int oci_become_exec(const struct oci_become *become, const char *path, struct err *err)
{
	const struct oci_process *process = become->process;
	int rc = 0, no;

	signals_reset(become->ignored_known ? become->ignored : oci_become_ignored(become->host_proc));
	if (close_range(3 + become->preserve_fds, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "close_range");
	if (become->seccomp && process->no_new_privs)
		rc = oci_seccomp_apply(become->seccomp, become->listener_state, err);
	if (rc < 0)
		return rc;
	execve(path, (char *const *)(uintptr_t)process->args,
	       (char *const *)(uintptr_t)become->env);
	no = errno;
	if (no == EACCES && process->selinux && *process->selinux)
		return err_sys(err, ERR_PERMISSION, no, path, "exec under the label %s", process->selinux);
	return err_sys(err, no == ENOENT ? ERR_NOTFOUND : ERR_KERNEL, no, path, "exec");
}

int oci_become_bound(const struct oci_process *process, struct err *err)
{
	return process->caps_given ? bounding_set(process->caps[OCI_CAPS_BOUNDING], err) : 0;
}

/* proc_pid_status(5), SigIgn: all at once. */
uint64_t oci_become_ignored(int host_proc)
{
	cleanup(fd_closep) int fd = openat(host_proc, "self/status", O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *at;

	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, "\nSigIgn:");
	return at ? strtoull(at + sizeof("\nSigIgn:") - 1, NULL, 16) : UINT64_MAX;
}

bool oci_become_warns(const struct oci_process *process)
{
	return process->caps_given && ((process->caps_unknown && *process->caps_unknown) || caps_wanted(process) & ~caps_had());
}

/* ----------------------------------------------------------------- helpers */

/* "MUST be set exactly, or an error": what may not be raised is told with both numbers. */
static int limits_set(const struct oci_process *process, struct err *err)
{
	for (size_t i = 0; i < process->rlimit_count; i++) {
		const struct oci_rlimit *limit = &process->rlimits[i];
		const struct rlimit value = {.rlim_cur = limit->soft, .rlim_max = limit->hard};
		struct rlimit now = {0};

		if (setrlimit((enum __rlimit_resource)limit->resource, &value) == 0)
			continue;
		if (errno != EPERM)
			return err_sys(err, ERR_KERNEL, errno, limit->name,
				       "process.rlimits: setrlimit");
		(void)getrlimit((enum __rlimit_resource)limit->resource, &now);
		return err_set(err, ERR_PERMISSION, EPERM, limit->name,
			       "process.rlimits: the hard limit is %llu here and may not be raised to %llu without "
			       "CAP_SYS_RESOURCE: Operation not permitted",
			       (unsigned long long)now.rlim_max,
			       (unsigned long long)limit->hard);
	}
	return 0;
}

static int scheduling_set(const struct oci_become *become, struct err *err)
{
	const struct oci_process *process = become->process;
	const struct oci_scheduler *scheduler = &process->scheduler;

	if (scheduler->policy >= 0) {
		struct attributes attr = {
			.size = sizeof(attr),
			.policy = (uint32_t)scheduler->policy,
			.flags = scheduler->flags,
			.nice = scheduler->nice,
			.priority = (uint32_t)scheduler->priority,
			.runtime = scheduler->runtime,
			.deadline = scheduler->deadline,
			.period = scheduler->period,
		};

		if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
			return err_sys(err, ERR_KERNEL, errno, "process.scheduler",
				       "sched_setattr");
	}
	if (process->ioprio_class >= 0 &&
	    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
		    process->ioprio_class << IOPRIO_CLASS_SHIFT | process->ioprio_level) < 0)
		return err_sys(err, ERR_KERNEL, errno, "process.ioPriority", "ioprio_set");
	if (become->config && become->config->personality_given &&
	    personality(become->config->personality) < 0)
		return err_sys(err, ERR_KERNEL, errno, "linux.personality", "personality");
	return become->config && become->config->memory_policy
		       ? oci_mempolicy_set(become->config->memory_policy, err)
		       : 0;
}

/* Keyrings are not divided by namespaces: one of its own instead of the caller's. */
static int keyring_new(struct err *err)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS &&
	    errno != EDQUOT && errno != EPERM)
		return err_sys(err, ERR_KERNEL, errno, NULL, "a session keyring");
	return 0;
}

static int ids_set(const struct oci_process *process, struct err *err)
{
	if (setgroups(process->group_count, process->groups) < 0 &&
	    (process->group_count || errno != EPERM))
		return err_sys(err, ERR_KERNEL, errno, "process.user.additionalGids",
			       "setgroups");
	if (process->uid && process->caps_given && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "prctl(PR_SET_KEEPCAPS)");
	if (setresgid(process->gid, process->gid, process->gid) < 0)
		return err_sys(err, ERR_KERNEL, errno, "process.user.gid", "setresgid to %u",
			       process->gid);
	if (setresuid(process->uid, process->uid, process->uid) < 0)
		return err_sys(err, ERR_KERNEL, errno, "process.user.uid", "setresuid to %u",
			       process->uid);
	/* A change of ids makes a process dumpable anew, according to fs.suid_dumpable. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "prctl(PR_SET_DUMPABLE)");
	return 0;
}

static uint64_t caps_had(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	if (syscall(SYS_capget, &head, data) < 0)
		return 0;
	return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

static uint64_t caps_wanted(const struct oci_process *process)
{
	uint64_t wanted = 0;

	for (size_t set = 0; set < OCI_CAPS_COUNT; set++)
		wanted |= process->caps[set];
	return wanted;
}

/* config.md: what cannot be granted "SHOULD NOT" be an error, but a warning. */
static void caps_warn(const struct oci_process *process, uint64_t had, struct buf *warnings)
{
	const uint64_t wanted = caps_wanted(process);

	for (const char **name = process->caps_unknown; name && *name; name++)
		buf_printf(warnings, "capability %.64s is not known here\n", *name);
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		char *name;

		if (!(wanted & ~had & UINT64_C(1) << cap))
			continue;
		name = cap_to_name(cap);
		buf_printf(warnings, "capability %s cannot be granted: we do not have it\n",
			   name ? name : "?");
		if (name)
			cap_free(name);
	}
}

static int bounding_set(uint64_t caps, struct err *err)
{
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(caps & UINT64_C(1) << cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
		    errno != EINVAL)
			return err_sys(err, ERR_KERNEL, errno, "process.capabilities.bounding",
				       "drop of capability %d", cap);
	return 0;
}

/* By the kernel's calls: libcap's make three objects and one call more. */
static int caps_set(const struct oci_process *process, uint64_t had, struct err *err)
{
	const uint64_t permitted = process->caps[OCI_CAPS_PERMITTED] & had;
	const uint64_t inheritable = process->caps[OCI_CAPS_INHERITABLE] & had;
	const uint64_t effective = process->caps[OCI_CAPS_EFFECTIVE] & permitted;
	const uint64_t ambient = process->caps[OCI_CAPS_AMBIENT] & permitted & inheritable;
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct data[2] = {
		{(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
		{(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)},
	};
	int rc = 0;

	if (syscall(SYS_capset, &head, data) < 0)
		rc = err_sys(err, ERR_KERNEL, errno, "process.capabilities", "capset");
	/* libcap's cap_reset_ambient(3) would ask for each of them first. */
	if (rc == 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 &&
	    errno != EINVAL)
		rc = err_sys(err, ERR_KERNEL, errno, "process.capabilities.ambient", "reset");
	for (int cap = 0; rc == 0 && cap <= CAP_LAST_CAP; cap++)
		if (ambient & UINT64_C(1) << cap && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0 &&
		    errno != EPERM)
			rc = err_sys(err, ERR_KERNEL, errno, "process.capabilities.ambient",
				     "raise of capability %d", cap);
	return rc;
}

/* And truly inside: a folder outside has no path here (CVE-2024-21626). */
static int folder_enter(const char *path, struct err *err)
{
	char now[4096];

	if (chdir(path) < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_KERNEL, errno, path,
			       "process.cwd");
	if (!str_eq(path, "/") &&
	    (syscall(SYS_getcwd, now, sizeof(now)) < 0 || now[0] != '/')) {
		if (chdir("/") < 0)
			return err_sys(err, ERR_KERNEL, errno, "/", "chdir");
		return err_set(err, ERR_PERMISSION, EACCES, path,
			       "process.cwd: outside of the container");
	}
	return 0;
}

/* As execvp(3) looks, by the PATH of the new environment; at create, so that create tells. */
static int program_find(const struct oci_process *process, char **ret_path, struct err *err)
{
	const char *name = process->args[0], *path = NULL;
	bool denied = false;

	if (!*name)
		return err_set(err, ERR_USAGE, EINVAL, "process.args", "the program is empty");
	for (const char **env = process->env; *env; env++)
		if (str_starts(*env, "PATH="))
			path = *env + sizeof("PATH=") - 1;
	if (strchr(name, '/'))
		path = "";
	else if (!path || !*path)
		path = PATH_DEFAULT;
	for (;;) {
		size_t len = strcspn(path, ":");
		cleanup(mem_freep) char *full =
			strchr(name, '/') ? mem_strdup(name)
					  : mem_printf("%.*s%s%s", (int)len, path,
						       len ? "/" : "./", name);
		struct stat st;

		if (stat(full, &st) == 0 && S_ISREG(st.st_mode)) {
			if (faccessat(AT_FDCWD, full, X_OK, AT_EACCESS) == 0) {
				*ret_path = mem_strdup(full);
				return 0;
			}
			denied = true;
		} else if (stat(full, &st) == 0 || errno == EACCES || (strchr(name, '/') && errno != ENOENT)) {
			denied = true;
		}
		if (!path[len])
			break;
		path += len + 1;
	}
	if (denied)
		return err_set(err, ERR_PERMISSION, EACCES, name,
			       "process.args: Permission denied");
	return err_set(err, ERR_NOTFOUND, ENOENT, name,
		       strchr(name, '/') ? "process.args: No such file or directory"
					 : "process.args: executable file not found in $PATH");
}

/* Handlers end with the exec, what is ignored stays so: conmon ignores SIGPIPE, and its containers should not. */
static void signals_reset(uint64_t ignored)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		if (ignored & UINT64_C(1) << (number - 1))
			(void)signal(number, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
