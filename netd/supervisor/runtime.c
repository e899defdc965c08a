/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runtime - folders, lock and socket of the supervisor; see runtime.h. Floor F4. */
#include "netd/supervisor/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

enum { LISTEN_BACKLOG = 4096 };

/* Beyond the largest number: (uid_t)-1 means "leave as it is" to the kernel. */
enum { ID_MAX = 0x7fffffff };

static int user_find(const char *name, const char *what, const char *option, uid_t *ret_uid,
		     gid_t *ret_gid, struct err *err)
{
	const struct passwd *user;
	uint64_t number;

	if (str_u64(name, ID_MAX, &number) == 0) {
		*ret_uid = (uid_t)number;
		*ret_gid = (gid_t)number;
	} else {
		user = getpwnam(name);
		if (user == NULL)
			return err_set(err, ERR_NOTFOUND, ENOENT, name,
				       "there is no user \"%s\" for the %s: make it "
				       "(sysusers) or give %s",
				       name, what, option);
		*ret_uid = user->pw_uid;
		*ret_gid = user->pw_gid;
	}
	if (*ret_uid == 0)
		return err_set(err, ERR_USAGE, EINVAL, name, "the %s must not run as root", what);
	return 0;
}

/* For a daemon that is only tried out: a number that is nobody's does as well as a user made for it. */
static void dns_ids_guess(struct runtime_ids *ids)
{
	const struct passwd *user = getpwnam("moat-dns");

	if (user != NULL) {
		ids->dns_uid = user->pw_uid;
		ids->dns_gid = user->pw_gid;
		return;
	}
	ids->dns_uid = ids->engine_uid + 1;
	while (getpwuid(ids->dns_uid) != NULL || getgrgid(ids->dns_uid) != NULL)
		ids->dns_uid++;
	ids->dns_gid = ids->dns_uid;
	log_warn("there is no user \"moat-dns\" for the name service: it runs as uid %u",
		 ids->dns_uid);
}

int runtime_ids_find(const char *engine_user, const char *dns_user, const char *admin_group,
		     struct runtime_ids *ret_ids, struct err *err)
{
	struct runtime_ids ids = {.admin_gid = (gid_t)-1};
	uint64_t number;
	int r = user_find(engine_user, "engine", "--engine-user", &ids.engine_uid, &ids.engine_gid,
			  err);

	if (r == 0 && dns_user != NULL)
		r = user_find(dns_user, "name service", "--dns-user", &ids.dns_uid, &ids.dns_gid,
			      err);
	else if (r == 0)
		dns_ids_guess(&ids);
	if (r < 0)
		return r;
	/* the one could take the other over by ptrace(2), and both are there to be taken over apart */
	if (ids.dns_uid == ids.engine_uid)
		return err_set(err, ERR_USAGE, EINVAL, dns_user,
			       "engine and name service must be different users");
	if (str_u64(admin_group, ID_MAX, &number) == 0) {
		ids.admin_gid = (gid_t)number;
	} else {
		const struct group *group = getgrnam(admin_group);

		if (group != NULL)
			ids.admin_gid = group->gr_gid;
	}
	*ret_ids = ids;
	return 0;
}

/* Each part of the path that is missing is made 0755; symbolic links in the part that stands are the admin's matter. */
static int parents_make(const char *path, struct err *err)
{
	cleanup(mem_freep) char *copy = mem_strdup(path);

	for (char *p = strchr(copy + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return err_sys(err, ERR_IO, errno, copy, "cannot make folder %s", copy);
		*p = '/';
	}
	return 0;
}

/*
 * A folder of ours: made, or found; never followed through a symbolic link,
 * and never one that somebody else could have prepared.
 */
static int folder_make(const char *path, mode_t mode, uid_t uid, gid_t gid, struct err *err)
{
	cleanup(fd_closep) int fd = -1;
	struct stat st;

	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return err_sys(err, ERR_IO, errno, path, "cannot make folder %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, ERR_IO, errno, path, "cannot open folder %s", path);
	if (st.st_uid != 0 && st.st_uid != uid)
		return err_set(err, ERR_PERMISSION, EPERM, path, "folder %s belongs to uid %u",
			       path, st.st_uid);
	if (fchmod(fd, mode) < 0 || fchown(fd, uid, gid) < 0)
		return err_sys(err, ERR_IO, errno, path, "cannot set owner and mode of %s",
			       path);
	return 0;
}

static bool is_mount(const char *path)
{
	struct statx stx;

	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &stx) == 0 &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/*
 * The same as ip-netns(8) does with /run/netns, and for its reason: where
 * mounts propagate, a copy of this mount in another mount namespace (a
 * service with PrivateTmp=, a container's before it let go of the host's
 * tree) follows when a namespace's pin is taken away. A copy that did not
 * would keep the network namespace and everything in it alive.
 */
static int ns_folder_share(const char *path, struct err *err)
{
	if (!is_mount(path) && mount(path, path, "none", MS_BIND, NULL) < 0)
		return err_sys(err, ERR_IO, errno, path, "cannot mount %s on itself", path);
	if (mount("", path, "none", MS_SHARED, NULL) < 0)
		return err_sys(err, ERR_IO, errno, path, "cannot make %s a shared mount", path);
	return 0;
}

static int lock_take(const char *runtime_dir, int *ret_lock, struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("%s/moatd.lock", runtime_dir);
	cleanup(fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	char pid[16] = {0};

	if (fd < 0)
		return err_sys(err, ERR_IO, errno, path, "cannot open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, ERR_IO, errno, path, "cannot lock %s", path);
		if (pread(fd, pid, sizeof(pid) - 1, 0) <= 0)
			pid[0] = '\0';
		pid[strcspn(pid, "\n")] = '\0';
		return err_set(err, ERR_CONFLICT, EBUSY, path,
			       "another moatd (pid %s) serves %s", pid[0] != '\0' ? pid : "?",
			       runtime_dir);
	}
	snprintf(pid, sizeof(pid), "%d\n", getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, strlen(pid), 0) < 0)
		return err_sys(err, ERR_IO, errno, path, "cannot write %s", path);
	*ret_lock = fd;
	fd = -1;
	return 0;
}

int runtime_make(const char *runtime_dir, const char *state_dir, const struct runtime_ids *ids,
		 int *ret_lock, struct err *err)
{
	const struct {
		const char *base, *name;
		mode_t mode;
		bool engine;
	} folders[] = {
		{runtime_dir, "", 0755, false},
		{runtime_dir, "/ns", 0700, false},
		{runtime_dir, "/containers", 0700, false},
		{runtime_dir, "/engine", 0700, true},
		{state_dir, "", 0755, false},
		{state_dir, "/engine", 0700, true},
	};
	cleanup(mem_freep) char *ns = mem_printf("%s/ns", runtime_dir);
	cleanup(fd_closep) int lock = -1;
	int r;

	for (size_t i = 0; i < ARRAY_COUNT(folders); i++) {
		cleanup(mem_freep) char *path =
			mem_printf("%s%s", folders[i].base, folders[i].name);
		uid_t uid = folders[i].engine ? ids->engine_uid : 0;
		gid_t gid = folders[i].engine ? ids->engine_gid : 0;

		if (folders[i].name[0] == '\0') {
			r = parents_make(path, err);
			if (r < 0)
				return r;
		}
		r = folder_make(path, folders[i].mode, uid, gid, err);
		/* Before anything below is touched: it may be another's, and alive. */
		if (r == 0 && i == 0)
			r = lock_take(runtime_dir, &lock, err);
		if (r < 0)
			return r;
	}
	r = ns_folder_share(ns, err);
	if (r < 0)
		return r;
	*ret_lock = lock;
	lock = -1;
	return 0;
}

/*
 * Whose queue does a client at @path get into? Nobody but us may listen there while we have the lock, so whoever takes a
 * connection is @kept. A path that is gone, or was bound anew by somebody who is dead, refuses.
 */
static bool listens_at(int kept, const struct sockaddr_un *path)
{
	cleanup(fd_closep) int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = sizeof(int);
	int accepts = 0;

	if (kept < 0 || getsockopt(kept, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) < 0 || !accepts)
		return false;
	return connect(client, (const struct sockaddr *)path, sizeof(*path)) == 0 || errno == EAGAIN;
}

int runtime_listen(const char *runtime_dir, int kept, int *ret_fd, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	cleanup(mem_freep) char *path = mem_printf("%s/moatd.sock", runtime_dir);
	cleanup(fd_closep) int fd = -1;
	mode_t old;
	int r;

	if (str_copy(addr.sun_path, sizeof(addr.sun_path), path) < 0)
		return err_set(err, ERR_USAGE, ENAMETOOLONG, path,
			       "the path %s is too long for a Unix socket", path);
	if (listens_at(kept, &addr)) {
		*ret_fd = kept;
		return 1;
	}
	fd_close(kept);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, ERR_IO, errno, path, "cannot make a socket");
	/* What is there is a dead one's: we hold the lock. */
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(err, ERR_IO, errno, path, "cannot remove the old %s", path);
	/*
	 * 0666: the mode decides nothing. The engine judges every connection by its SO_PEERCRED, and
	 * a plain user may have been given a tenant, so he must be able to connect.
	 */
	old = umask(0111);
	r = bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	umask(old);
	if (r == 0 && listen(fd, LISTEN_BACKLOG) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, ERR_IO, -r, path, "cannot listen at %s", path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}
