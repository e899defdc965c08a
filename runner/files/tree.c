// SPDX-License-Identifier: GPL-2.0-or-later
/* tree - paths below a root that is not ours. Floor F4. */
#include "runner/files/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

enum { RACES_MAX = 128 }; /* of a tree that is renamed in while we resolve */

static int folders_make(int root, const char *path);
static int remove_below(int folder, const char *name, int depth);

int tree_open(int root, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	for (int tries = 0;; tries++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN || tries == RACES_MAX)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

int tree_parent(int root, const char *path, bool make, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	cleanup(mem_freep) char *parent = slash ? mem_strndup(path, (size_t)(slash - path)) : NULL;
	int fd;

	if (!*name || str_eq(name, ".") || str_eq(name, ".."))
		return -EINVAL;
	*ret_name = name;
	if (!parent || !*parent)
		return tree_open(root, ".", O_PATH | O_DIRECTORY);
	fd = tree_open(root, parent, O_PATH | O_DIRECTORY);
	if (fd != -ENOENT || !make)
		return fd;
	fd = folders_make(root, parent);
	return fd < 0 ? fd : tree_open(root, parent, O_PATH | O_DIRECTORY);
}

int tree_remove(int folder, const char *name)
{
	return remove_below(folder, name, 0);
}

/* ----------------------------------------------------------------- helpers */

/* Each prefix anew from the root: a link on the way is followed as inside. */
static int folders_make(int root, const char *path)
{
	cleanup(mem_freep) char *prefix = mem_strdup(path);
	size_t len = strlen(prefix);

	for (size_t i = 1; i <= len; i++) {
		const char *name;
		int folder, rc = 0;

		if (prefix[i] != '/' && prefix[i] != '\0')
			continue;
		prefix[i] = '\0';
		folder = tree_parent(root, prefix, false, &name);
		if (folder >= 0 && mkdirat(folder, name, 0755) < 0 && errno != EEXIST)
			rc = -errno;
		/* "//" and "/." are no names of folders */
		if (folder < 0 && folder != -EINVAL)
			rc = folder;
		fd_close(folder < 0 ? -1 : folder);
		if (rc < 0)
			return rc;
		if (i < len)
			prefix[i] = '/';
	}
	return 0;
}

static int remove_below(int folder, const char *name, int depth)
{
	struct dirent *entry;
	DIR *stream;
	int fd, rc = 0;

	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (depth == TREE_DEPTH_MAX)
		return -ELOOP;
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	stream = fdopendir(fd);
	if (!stream) {
		rc = -errno;
		fd_close(fd);
		return rc;
	}
	while (rc == 0 && (entry = readdir(stream)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			rc = remove_below(fd, entry->d_name, depth + 1);
	closedir(stream);
	if (rc == 0 && unlinkat(folder, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		rc = -errno;
	return rc;
}
