/* SPDX-License-Identifier: GPL-2.0-or-later */
/* caps - reduce a process to the capabilities it needs, by libcap. Floor F2. */
#include "lib/kern/caps.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/base/mem.h"

/* Root is a uid as any other, for good: no capability by exec or by changing uids. */
enum {
	SECUREBITS = 1 << 0 | 1 << 1 /* NOROOT and its lock */ |
		     1 << 5 /* KEEP_CAPS off, locked */ | 1 << 6 |
		     1 << 7 /* NO_CAP_AMBIENT_RAISE and its lock */,
};

static bool listed(cap_value_t cap, const int *keep, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (keep[i] == cap)
			return true;
	}
	return false;
}

/* Bounding and ambient sets, securebits: while CAP_SETPCAP is still there. */
static int drop_bounds(const int *keep, size_t count, struct err *err)
{
	if (cap_reset_ambient() < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "reset ambient capabilities");
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++) {
		if (!listed(cap, keep, count) && cap_get_bound(cap) > 0 &&
		    cap_drop_bound(cap) < 0)
			return err_sys(err, ERR_KERNEL, errno, NULL,
				       "drop capability %d from the bounding set", cap);
	}
	if (prctl(PR_SET_SECUREBITS, SECUREBITS, 0, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "set securebits");
	return 0;
}

static int set_and_verify(const int *keep, size_t count, struct err *err)
{
	cap_t want = cap_init(), have;
	int r = 0;

	if (!want)
		abort();
	for (size_t i = 0; i < count; i++) {
		cap_value_t cap = keep[i];

		if (cap_set_flag(want, CAP_PERMITTED, 1, &cap, CAP_SET) < 0 ||
		    cap_set_flag(want, CAP_EFFECTIVE, 1, &cap, CAP_SET) < 0)
			r = err_set(err, ERR_INTERNAL, EINVAL, NULL, "no such capability: %d",
				    keep[i]);
	}
	if (r == 0 && cap_set_proc(want) < 0)
		r = err_sys(err, ERR_KERNEL, errno, NULL, "set capabilities");
	have = cap_get_proc();
	if (r == 0 && (!have || cap_compare(want, have) != 0))
		r = err_set(err, ERR_INTERNAL, EPERM, NULL,
			    "capabilities are not what was set");
	cap_free(want);
	cap_free(have);
	return r;
}

int caps_reduce(const int *keep, size_t count, struct err *err)
{
	int r = drop_bounds(keep, count, err);

	return r < 0 ? r : set_and_verify(keep, count, err);
}

int caps_become(uid_t uid, gid_t gid, struct err *err)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	int r;

	r = drop_bounds(NULL, 0, err);
	if (r < 0)
		return r;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "become uid %u, gid %u", uid, gid);
	if (getresuid(&ruid, &euid, &suid) < 0 || getresgid(&rgid, &egid, &sgid) < 0 ||
	    ruid != uid || euid != uid || suid != uid || rgid != gid || egid != gid ||
	    sgid != gid || getgroups(0, NULL) != 0)
		return err_set(err, ERR_INTERNAL, EPERM, NULL,
			       "uid and gid are not what was set");
	return set_and_verify(NULL, 0, err);
}
