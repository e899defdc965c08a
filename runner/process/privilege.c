// SPDX-License-Identifier: GPL-2.0-or-later
/* privilege - capabilities, a filter put in force, limits. Floor F4. */
#include "runner/process/privilege.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "runner/filter/filter.h"

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

enum {
	NOFILE_SOFT = 1024,
	NOFILE_HARD = 524288,
};

static const int caps_default[] = {
	CAP_CHOWN,  CAP_DAC_OVERRIDE,     CAP_FOWNER, CAP_FSETID,
	CAP_KILL,   CAP_NET_BIND_SERVICE, CAP_SETGID, CAP_SETPCAP,
	CAP_SETUID, CAP_SYS_CHROOT,
};

uint64_t privilege_caps_default(void)
{
	uint64_t caps = 0;

	for (size_t i = 0; i < ARRAY_COUNT(caps_default); i++)
		caps |= CAP_BIT(caps_default[i]);
	return caps;
}

int privilege_caps_parse(const char *name, uint64_t *ret_caps, struct err *err)
{
	char full[64];
	cap_value_t cap;

	if (strcasecmp(name, "ALL") == 0) {
		*ret_caps = CAP_BIT(CAP_LAST_CAP + 1) - 1;
		return 0;
	}
	snprintf(full, sizeof(full), "%s%s", strncasecmp(name, "cap_", 4) == 0 ? "" : "cap_",
		 name);
	/* cap_from_name(3) also takes numbers, and stops reading at a space */
	if (full[strspn(full, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")] ||
	    strlen(name) >= sizeof(full) - 4 || cap_from_name(full, &cap) < 0 ||
	    cap > CAP_LAST_CAP)
		return err_set(err, ERR_USAGE, EINVAL, name, "no such capability");
	*ret_caps = CAP_BIT(cap);
	return 0;
}

int privilege_bound(uint64_t caps, struct err *err)
{
	/* libcap's cap_reset_ambient(3) asks for each of them first: 41 calls. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return err_sys(err, ERR_KERNEL, errno, NULL,
			       "reset of the ambient capabilities");
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(caps & CAP_BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
		    errno != EINVAL)
			return err_sys(err, ERR_KERNEL, errno, NULL, "drop of capability %d",
				       cap);
	return 0;
}

int privilege_set(uint64_t caps, struct err *err)
{
	cap_value_t list[CAP_LAST_CAP + 1];
	cap_t set = cap_init();
	int count = 0, rc = 0;

	if (!set)
		return err_sys(err, ERR_INTERNAL, errno, NULL, "cap_init");
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (caps & CAP_BIT(cap))
			list[count++] = cap;
	if ((count && (cap_set_flag(set, CAP_PERMITTED, count, list, CAP_SET) < 0 ||
		       cap_set_flag(set, CAP_EFFECTIVE, count, list, CAP_SET) < 0)) ||
	    cap_set_proc(set) < 0)
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "capset");
	cap_free(set);
	return rc;
}

struct sock_fprog *privilege_filter_room(void)
{
	size_t size =
		sizeof(struct sock_fprog) + FILTER_SIZE_MAX * sizeof(struct sock_filter);
	struct sock_fprog *program =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (program == MAP_FAILED)
		abort(); /* as all our memory */
	program->filter = (struct sock_filter *)(void *)(program + 1);
	return program;
}

int privilege_filter_install(const struct sock_fprog *program, struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "no_new_privs");
	if (program->len == 0)
		return 0;
	if (prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, program, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "seccomp");
	return 0;
}

void privilege_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) == 0) {
		limit.rlim_cur = 0;
		(void)setrlimit(RLIMIT_CORE, &limit);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		if (limit.rlim_max > NOFILE_HARD)
			limit.rlim_max = NOFILE_HARD;
		limit.rlim_cur = limit.rlim_max < NOFILE_SOFT ? limit.rlim_max : NOFILE_SOFT;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}
