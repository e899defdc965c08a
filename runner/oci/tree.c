// SPDX-License-Identifier: GPL-2.0-or-later
/* tree - root and mounts of a container. Floor F4. Devices are in devices.c. */
#include "runner/oci/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/str.h"
#include "runner/cgroup/layout.h"
#include "runner/oci/labels.h"
#include "runner/oci/ns.h"
#include "runner/oci/shared.h"
#include "runner/root/mountfd.h"

/* Where a mask goes: @name below @at, or @at itself, which is @own then. */
struct place {
	int at, own;
	const char *name;
	mode_t mode;
};

#define PLACE_INIT ((struct place){.own = -1, .name = ""})

enum { NOTHING = -2 }; /* in the place of a descriptor: made, and there is nothing to mount */

static int sources_open(const struct oci_config *config, struct oci_tree *tree, struct err *err);
static int clone_open(const char *path, bool recursive, struct err *err);
static int bind_open(const struct oci_mount *mount, const char *bundle, struct err *err);
static int attrs_set(int fd, unsigned int flags, const struct mount_attr *attr, const char *path,
		     struct err *err);
static bool without_network(const struct oci_mount *mount);
static bool all_in_sys(const struct oci_config *config, size_t first);
static bool root_may_change(const struct oci_config *config, const struct oci_tree *tree, size_t first);
static int root_change(const struct oci_config *config, const struct oci_cgroup *cgroup, struct oci_tree *tree, size_t first,
		       struct err *err);
static int root_place(const struct oci_config *config, const struct oci_tree *tree, struct err *err);
static int null_open(int *ret_null, struct err *err);
static int mount_one(const struct oci_config *config, const struct oci_cgroup *cgroup,
		     struct oci_tree *tree, size_t index, struct err *err);
static int mount_make(const struct oci_config *config, const struct oci_cgroup *cgroup,
		      const struct oci_mount *mount, int *ret_fd, struct err *err);
static int mount_place(struct oci_tree *tree, const struct oci_mount *mount, int fd,
		       struct err *err);
static int mount_again(struct oci_tree *tree, const struct oci_mount *mount, struct err *err);
static bool read_only_later(const struct oci_mount *mount);
static int cwd_make(const struct oci_config *config, int root, struct err *err);
static int place_find(const struct oci_tree *tree, const char *path, struct place *ret_place);
static void place_fini(struct place *place);
static int paths_seal(const struct oci_config *config, struct oci_tree *tree, bool of_proc, struct err *err);
static int mask_set(const struct oci_config *config, struct oci_tree *tree, const char *path, struct err *err);
static int read_only_set(const struct oci_tree *tree, const char *path, struct err *err);

int oci_tree_open(const struct oci_config *config, const char *rootfs, const char *bundle,
		  struct oci_tree *ret_tree, struct err *err)
{
	struct oci_tree tree = OCI_TREE_INIT;
	int rc;

	tree.rootfs = rootfs;
	tree.bundle = bundle;
	tree.binds = mem_array(config->mount_count + 1, sizeof(*tree.binds));
	for (size_t i = 0; i < config->mount_count; i++)
		tree.binds[i] = -1;
	tree.bind_count = config->mount_count;
	rc = sources_open(config, &tree, err);
	if (rc == -EPERM && tree.root < 0 && config->namespaces[OCI_NS_USER].wanted && !oci_mounts_shared(config)) {
		tree.late = true;
		rc = 0;
	}
	if (rc < 0)
		oci_tree_fini(&tree);
	else
		*ret_tree = tree;
	return rc;
}

void oci_tree_fini(struct oci_tree *tree)
{
	const int fds[] = {tree->root, tree->proc, tree->dev, tree->pts, tree->null, tree->empty};

	for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
		fd_close(fds[i]);
	for (size_t i = 0; i < tree->bind_count; i++)
		fd_close(tree->binds[i]);
	free(tree->binds);
	*tree = OCI_TREE_INIT;
}

int oci_tree_idmap(const struct oci_config *config, struct oci_tree *tree, pid_t pid,
		   struct err *err)
{
	cleanup(fd_closep) int own = -1;

	for (size_t i = 0; i < config->mount_count; i++) {
		const struct oci_mount *mount = &config->mounts[i];
		struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP};
		cleanup(fd_closep) int mapped = -1;
		bool recursive = mount->ridmap;
		char path[48];
		int fd, rc;

		if (!oci_mount_mapped(mount))
			continue;
		/* It is the container's process that will make it. */
		if (tree->binds[i] < 0)
			return err_set(err, ERR_PERMISSION, EPERM, mount->destination,
				       "idmapped mount: only the host's root may map ids");
		if (mount->uids.count) {
			mapped = oci_ns_mapped(&mount->uids, &mount->gids, err);
			fd = mapped;
		} else {
			if (own < 0) {
				snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
				own = open(path, O_RDONLY | O_CLOEXEC);
			}
			if (own < 0)
				return err_sys(err, ERR_KERNEL, errno, mount->destination,
					       "open the container's user namespace");
			fd = own;
		}
		if (fd < 0)
			return fd;
		attr.userns_fd = (unsigned int)fd;
		rc = attrs_set(tree->binds[i], recursive ? AT_RECURSIVE : 0, &attr, mount->destination, err);
		if (rc == -EINVAL)
			return err_set(err, ERR_UNSUPPORTED, EINVAL, mount->destination,
				       "idmapped mount: this kernel maps no ids of %s",
				       mount->bind ? "its file system" : mount->type);
		if (rc < 0)
			return err_wrap(err, "idmapped mount");
	}
	return 0;
}

int oci_tree_build(const struct oci_config *config, const struct oci_cgroup *cgroup,
		   struct oci_tree *tree, int net, bool no_pivot, struct err *err)
{
	int rc = tree->late ? sources_open(config, tree, err) : 0;
	bool waits = net >= 0, devices = false;

	if (rc == 0)
		rc = root_place(config, tree, err);
	if (rc == 0)
		rc = null_open(&tree->null, err);
	for (size_t i = 0; rc == 0 && i < config->mount_count; i++) {
		if (waits && !without_network(&config->mounts[i])) {
			/* It may not be there yet: what does not need it comes first. */
			devices = all_in_sys(config, i);
			if (devices)
				rc = oci_devices_make(config, tree, err);
			if (rc == 0 && devices && tree->proc >= 0 && !config->hooks[OCI_HOOK_CREATE_CONTAINER].count)
				rc = paths_seal(config, tree, true, err);
			if (rc == 0 && tree->proc_sealed && !no_pivot && root_may_change(config, tree, i))
				rc = root_change(config, cgroup, tree, i, err);
			if (rc == 0)
				rc = oci_ns_net_take(net, err);
			waits = false;
		}
		if (rc == 0)
			rc = mount_one(config, cgroup, tree, i, err);
	}
	if (rc == 0 && waits)
		rc = oci_ns_net_take(net, err);
	if (rc == 0 && !devices)
		rc = oci_devices_make(config, tree, err);
	return rc == 0 ? cwd_make(config, tree->root, err) : rc;
}

int oci_tree_finish(const struct oci_config *config, struct oci_tree *tree, bool no_pivot,
		    struct err *err)
{
	struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY};
	struct mount_attr propagation = {.propagation = config->rootfs_propagation};
	int rc = tree->proc_sealed ? 0 : paths_seal(config, tree, true, err);

	if (rc == 0)
		rc = paths_seal(config, tree, false, err);
	for (size_t i = 0; rc == 0 && i < config->mount_count; i++)
		if (tree->binds[i] >= 0) /* mount_one() has kept it for this */
			rc = attrs_set(tree->binds[i], 0, &sealed,
				       config->mounts[i].destination, err);
	if (rc == 0 && config->root_readonly)
		rc = attrs_set(tree->root, 0, &sealed, "root.readonly", err);
	if (rc < 0)
		return rc;
	if (!tree->entered)
		rc = no_pivot || oci_mounts_shared(config) ? oci_shared_enter(tree->root, err)
							   : mountfd_root_change(tree->root, err);
	if (rc == 0 && config->rootfs_propagation)
		rc = attrs_set(tree->root, config->rootfs_propagation_rec ? AT_RECURSIVE : 0,
			       &propagation, "linux.rootfsPropagation", err);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

static bool in_proc(const char *path)
{
	return str_starts(path, "/proc/");
}

static int sources_open(const struct oci_config *config, struct oci_tree *tree, struct err *err)
{
	struct mount_attr attr = {.propagation = config->rootfs_propagation ? MS_SLAVE
									    : MS_PRIVATE};
	int rc = 0;

	tree->root = clone_open(tree->rootfs, true, err);
	if (tree->root < 0)
		return tree->root;
	/* Of the host's peers: with propagation asked for, what is mounted there later arrives. */
	if (config->rootfs_propagation != MS_SHARED)
		rc = attrs_set(tree->root, AT_RECURSIVE, &attr, tree->rootfs, err);
	for (size_t i = 0; rc == 0 && i < config->mount_count; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		if (mount->remount || (!mount->bind && !oci_mount_mapped(mount)))
			continue;
		/* A file system whose ids are mapped must be the host's, who alone may map them. */
		if (mount->bind)
			rc = tree->binds[i] = bind_open(mount, tree->bundle, err);
		else
			rc = mount_make(config, NULL, mount, &tree->binds[i], err);
		rc = rc > 0 ? 0 : rc;
	}
	return rc;
}

static int clone_open(const char *path, bool recursive, struct err *err)
{
	int fd = open_tree(AT_FDCWD, path,
			   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				   (recursive ? (unsigned int)AT_RECURSIVE : 0));

	if (fd < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_KERNEL, errno, path,
			       "open");
	return fd;
}

/*
 * By the runtime, whose rights reach further than those of a user namespace inside: a source in a folder closed to
 * others, flags that would be locked there.
 */
static int bind_open(const struct oci_mount *mount, const char *bundle, struct err *err)
{
	cleanup(mem_freep) char *joined = NULL;
	/* What is mounted below the source comes along with rbind alone. Private, unless asked for. */
	struct mount_attr below = {
		.attr_set = mount->rec_set,
		.attr_clr = mount->rec_clear,
		.propagation = mount->propagation_rec || !mount->propagation
				       ? mount->propagation ? mount->propagation : MS_PRIVATE
				       : 0,
	};
	struct mount_attr own = {
		.attr_set = mount->set,
		.attr_clr = mount->clear,
		.propagation = mount->propagation_rec ? 0 : mount->propagation,
	};
	int fd, rc;

	if (mount->source[0] != '/')
		joined = mem_printf("%s/%s", bundle, mount->source);
	fd = clone_open(joined ? joined : mount->source, mount->recursive, err);
	if (fd < 0)
		return fd;
	rc = attrs_set(fd, AT_RECURSIVE, &below, mount->destination, err);
	if (rc == 0 && (own.attr_set || own.attr_clr || own.propagation))
		rc = attrs_set(fd, 0, &own, mount->destination, err);
	if (rc < 0) {
		fd_close(fd);
		return rc;
	}
	return fd;
}

static int attrs_set(int fd, unsigned int flags, const struct mount_attr *attr, const char *path,
		     struct err *err)
{
	struct mount_attr copy = *attr;

	if (mount_setattr(fd, "", AT_EMPTY_PATH | flags, &copy, sizeof(copy)) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "set attributes of the mount");
	return 0;
}

/* File systems that belong to no network namespace; sysfs does, and some that the kernel may have besides. */
static bool without_network(const struct oci_mount *mount)
{
	static const char *const types[] = {"proc", "tmpfs", "devpts", "mqueue"};

	for (size_t i = 0; i < ARRAY_COUNT(types); i++)
		if (!mount->bind && str_eq(mount->type, types[i]))
			return true;
	return mount->bind || mount->remount;
}

/* Do the mounts from @first on have nothing to do with /dev, where devices are all we were told to make? */
static bool all_in_sys(const struct oci_config *config, size_t first)
{
	for (size_t i = first; i < config->mount_count; i++)
		if (!str_eq(config->mounts[i].destination, "/sys") &&
		    !str_starts(config->mounts[i].destination, "/sys/"))
			return false;
	return config->device_count == 0;
}

/*
 * Is the host's tree of no use to the mounts from @first on, nor to anybody after them? Terminals are looked for in it, and
 * a hook sees it; of masked files it has the mask, until one of them is in our own tree. And in a user namespace that is not
 * the first the kernel gives a sysfs to nobody who sees none (mount_too_revealing()); but then no node could be made.
 */
static bool root_may_change(const struct oci_config *config, const struct oci_tree *tree, size_t first)
{
	if (oci_mounts_shared(config) || config->process.terminal || !tree->nodes)
		return false;
	for (size_t i = 0; !tree->null_ours && config->masked[i]; i++)
		if (!in_proc(config->masked[i]))
			return false;
	for (size_t i = first; i < config->mount_count; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		/* The hierarchies of v1 are mounted on what is mounted then: oci_cgroup_mount_each() */
		if (!mount->bind && str_starts(mount->type, "cgroup") && !cgroup_layout_is_v2())
			return false;
		if (mount->bind ? tree->binds[i] < 0
				: !without_network(mount) && !str_eq(mount->type, "sysfs") && !str_starts(mount->type, "cgroup"))
			return false;
	}
	return true;
}

/* What a mount of control groups is the host's tree tells. */
static int root_change(const struct oci_config *config, const struct oci_cgroup *cgroup, struct oci_tree *tree, size_t first,
		       struct err *err)
{
	int rc = 0;

	for (size_t i = first; rc == 0 && i < config->mount_count; i++)
		if (!config->mounts[i].bind && str_starts(config->mounts[i].type, "cgroup") && tree->binds[i] < 0) {
			rc = mount_make(config, cgroup, &config->mounts[i], &tree->binds[i], err);
			if (rc == 0 && tree->binds[i] < 0)
				tree->binds[i] = NOTHING;
		}
	if (rc == 0)
		rc = mountfd_root_change(tree->root, err);
	tree->entered = rc == 0;
	return rc;
}

/* Over the host's root, in a mount namespace that tells nobody. */
static int root_place(const struct oci_config *config, const struct oci_tree *tree, struct err *err)
{
	struct mount_attr own = {.propagation =
					 config->rootfs_propagation ? MS_SLAVE : MS_PRIVATE};

	if (oci_mounts_shared(config))
		return oci_shared_place(tree->root, tree->rootfs, err);
	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &own, sizeof(own)) < 0)
		return err_sys(err, ERR_KERNEL, errno, "/", "make the mounts our own");
	if (move_mount(tree->root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, ERR_KERNEL, errno, "root.path", "mount of the root");
	return 0;
}

/*
 * What covers masked files: the host's, looked at by its descriptor (CVE-2025-31133). By the container's process,
 * since a mount can be copied in its own namespace only.
 */
static int null_open(int *ret_null, struct err *err)
{
	struct stat st;

	*ret_null = open("/dev/null", O_PATH | O_CLOEXEC | O_NOFOLLOW);
	if (*ret_null < 0 || fstat(*ret_null, &st) < 0)
		return err_sys(err, ERR_KERNEL, errno, "/dev/null", "open");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_set(err, ERR_KERNEL, ENODEV, "/dev/null", "is not the device 1:3");
	return 0;
}

static int mount_one(const struct oci_config *config, const struct oci_cgroup *cgroup,
		     struct oci_tree *tree, size_t index, struct err *err)
{
	const struct oci_mount *mount = &config->mounts[index];
	int fd = tree->binds[index], rc = 0;
	bool each;

	if (mount->remount)
		return mount_again(tree, mount, err);
	if (fd == -1)
		rc = mount_make(config, cgroup, mount, &fd, err);
	if (rc < 0 || fd < 0)
		return rc;
	each = rc > 0;
	rc = mount_place(tree, mount, fd, err);
	if (rc == 0 && each)
		rc = oci_cgroup_mount_each(cgroup, mount, fd, err);
	tree->binds[index] = -1;
	if (rc == 0 && (read_only_later(mount) || (each && mount->set & MOUNT_ATTR_RDONLY)))
		tree->binds[index] = fd;
	else if (rc == 0 && !mount->bind && str_eq(mount->type, "proc") && tree->proc < 0)
		tree->proc = fd;
	else if (rc == 0 && !mount->bind && str_eq(mount->type, "devpts"))
		tree->pts = fd;
	else
		fd_close(fd);
	return rc;
}

static bool labelled(const struct oci_config *config)
{
	return config->mount_label && *config->mount_label;
}

/* Those whose files have labels by the policy, or whose super block the kernel made, take no other. */
static bool label_wanted(const struct oci_config *config, const struct oci_mount *mount)
{
	return labelled(config) && !str_eq(mount->type, "proc") && !str_eq(mount->type, "sysfs") &&
	       !str_eq(mount->type, "mqueue");
}

/* A file system that is new. Its own options go to it, the general ones become the mount's. */
static int mount_make(const struct oci_config *config, const struct oci_cgroup *cgroup,
		      const struct oci_mount *mount, int *ret_fd, struct err *err)
{
	uint64_t set = mount->set & ~(read_only_later(mount) ? (uint64_t)MOUNT_ATTR_RDONLY : 0);
	struct mount_attr more = {.attr_set = mount->rec_set, .attr_clr = mount->rec_clear};
	cleanup(mem_freep) char *label = NULL;
	const char **options;
	size_t count = 0;
	int fd, rc = 0;

	if (str_starts(mount->type, "cgroup"))
		return oci_cgroup_mount(cgroup, mount,
					config->namespaces[OCI_NS_CGROUP].wanted, ret_fd, err);
	for (size_t i = 0; mount->data[i]; i++)
		count++;
	for (size_t i = 0; mount->flags[i]; i++)
		count++;
	options = mem_array(count + 2, sizeof(*options));
	count = 0;
	if (label_wanted(config, mount))
		options[count++] = label = mem_printf("context=%s", config->mount_label);
	for (size_t i = 0; mount->flags[i]; i++)
		options[count++] = mount->flags[i];
	for (size_t i = 0; mount->data[i]; i++)
		options[count++] = mount->data[i];
	fd = mountfd_new(mount->type, mount->source, options, set, err);
	free(options);
	if (fd >= 0 && labelled(config) && str_eq(mount->type, "mqueue"))
		rc = oci_labels_mark(fd, config->mount_label, mount->destination, err);
	if (fd >= 0 && rc == 0 && (more.attr_set || more.attr_clr))
		rc = attrs_set(fd, 0, &more, mount->destination, err);
	if (fd < 0 || rc < 0) {
		fd_close(fd);
		return err_wrap(err, "mount of %s", mount->destination);
	}
	*ret_fd = fd;
	return 0;
}

static int mount_place(struct oci_tree *tree, const struct oci_mount *mount, int fd,
		       struct err *err)
{
	struct mount_attr propagation = {.propagation = mount->propagation};
	cleanup(fd_closep) int target = -1;
	struct stat st = {.st_mode = S_IFDIR}; /* every new file system's */
	int rc = 0;

	if (mount->bind && fstat(fd, &st) < 0)
		return err_sys(err, ERR_KERNEL, errno, mount->destination, "stat");
	/* What is trusted later must lie where its name says: no link on the way to it (CVE-2019-19921). */
	if (!mount->bind && (str_eq(mount->type, "proc") || str_eq(mount->type, "sysfs"))) {
		struct open_how how = {
			.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
		};

		target = (int)syscall(SYS_openat2, tree->root, mount->destination, &how,
				      sizeof(how));
		if (target < 0 && errno != ENOENT)
			return err_sys(err, ERR_KERNEL, errno, mount->destination,
				       "%s must be mounted on an ordinary folder", mount->type);
	}
	if (target < 0)
		target = mountfd_target(tree->root, mount->destination, S_ISDIR(st.st_mode), true,
					err);
	if (target < 0)
		return target;
	if (mount->tmpcopyup) {
		cleanup(fd_closep) int from = mountfd_beneath(tree->root, mount->destination,
							      O_RDONLY | O_DIRECTORY);

		rc = from < 0 ? err_sys(err, ERR_KERNEL, -from, mount->destination, "open")
			      : oci_copyup(from, fd, mount->destination, err);
	}
	if (rc == 0)
		rc = mountfd_attach_at(target, fd, mount->destination, err);
	if (rc == 0 && !mount->bind && mount->propagation)
		rc = attrs_set(fd, 0, &propagation, mount->destination, err);
	return rc;
}

/* "remount": other attributes for what is mounted there. */
static int mount_again(struct oci_tree *tree, const struct oci_mount *mount, struct err *err)
{
	struct mount_attr attr = {.attr_set = mount->set, .attr_clr = mount->clear};
	cleanup(fd_closep) int target = mountfd_beneath(tree->root, mount->destination, O_PATH);

	if (target < 0)
		return err_sys(err, ERR_KERNEL, -target, mount->destination, "open");
	return attrs_set(target, 0, &attr, mount->destination, err);
}

/* A file system in memory is filled first: /dev with nodes, others with what is mounted below. */
static bool read_only_later(const struct oci_mount *mount)
{
	return !mount->bind && !mount->remount && mount->set & MOUNT_ATTR_RDONLY &&
	       str_eq(mount->type, "tmpfs");
}

/* The folder to begin in; a read-only root may not have it, then chdir(2) tells. */
static int cwd_make(const struct oci_config *config, int root, struct err *err)
{
	int fd;

	if (!config->process.cwd || str_eq(config->process.cwd, "/"))
		return 0;
	fd = mountfd_target(root, config->process.cwd, true, true, NULL);
	if (fd < 0 && fd != -EROFS && fd != -EACCES && fd != -ENOTDIR && fd != -ELOOP &&
	    fd != -EEXIST)
		return err_sys(err, ERR_KERNEL, -fd, config->process.cwd,
			       "make the working directory");
	fd_close(fd);
	return 0;
}

/*
 * Below /proc by the file system we mounted ourselves, whatever /proc names by now (CVE-2025-52881). A name in /proc
 * itself, as nearly all are, is the kernel's own: it needs no descriptor, as long as it is no link.
 * Return: 0; -ENOENT: it is not there, and needs no mask; -errno.
 */
static int place_find(const struct oci_tree *tree, const char *path, struct place *ret_place)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	struct place place = PLACE_INIT;
	struct stat st;

	if (tree->proc < 0 || !str_starts(path, "/proc/")) {
		place.own = mountfd_beneath(tree->root, path, O_PATH);
	} else {
		path += sizeof("/proc/") - 1;
		path += strspn(path, "/");
		if (*path && *path != '.' && !strchr(path, '/')) {
			place.at = tree->proc;
			place.name = path;
			if (fstatat(tree->proc, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
				return -errno;
			place.mode = st.st_mode;
			*ret_place = place;
			return S_ISLNK(st.st_mode) ? -ELOOP : 0;
		}
		place.own = (int)syscall(SYS_openat2, tree->proc, *path ? path : ".", &how,
					 sizeof(how));
		if (place.own < 0)
			place.own = -errno;
	}
	if (place.own == -ENOTDIR)
		return -ENOENT;
	if (place.own < 0)
		return place.own;
	if (fstat(place.own, &st) < 0) {
		fd_close(place.own);
		return -errno;
	}
	place.at = place.own;
	place.mode = st.st_mode;
	*ret_place = place;
	return 0;
}

static void place_fini(struct place *place)
{
	fd_close(place->own);
}

static int place_cover(const struct place *place, int mount, const char *path, struct err *err)
{
	if (move_mount(mount, "", place->at, place->name,
		       MOVE_MOUNT_F_EMPTY_PATH |
			       (*place->name ? 0 : (unsigned int)MOVE_MOUNT_T_EMPTY_PATH)) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "mount");
	return 0;
}

/* Masked and read-only paths: either those in /proc, as they are written, or the others */
static int paths_seal(const struct oci_config *config, struct oci_tree *tree, bool of_proc, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && config->masked[i]; i++)
		if (in_proc(config->masked[i]) == of_proc)
			rc = mask_set(config, tree, config->masked[i], err);
	for (size_t i = 0; rc == 0 && config->readonly[i]; i++)
		if (in_proc(config->readonly[i]) == of_proc)
			rc = read_only_set(tree, config->readonly[i], err);
	tree->proc_sealed |= of_proc;
	return rc;
}

/*
 * A file is covered by /dev/null, a folder by one that is empty: the first is a new file system, the others are
 * copies of its mount (which is mounted by then: before 6.15 one that is nowhere cannot be copied). The null device is the
 * host's: on a mount that is read-only it is written to as ever, but given no other mode or owner.
 */
static int mask_set(const struct oci_config *config, struct oci_tree *tree, const char *path, struct err *err)
{
	cleanup(mem_freep) char *label = labelled(config) ? mem_printf("context=%s", config->mount_label) : NULL;
	const char *const options[] = {"mode=0755", "size=4k", "nr_inodes=2", label, NULL};
	const uint64_t attrs = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY};
	cleanup(place_fini) struct place place = PLACE_INIT;
	int found = place_find(tree, path, &place);
	bool folder = found == 0 && S_ISDIR(place.mode);
	cleanup(fd_closep) int cover = -1;
	int rc;

	if (found == -ENOENT)
		return 0;
	if (found < 0)
		return err_sys(err, ERR_KERNEL, -found, path, "linux.maskedPaths");
	if (folder && tree->empty < 0) {
		tree->empty = mountfd_new("tmpfs", NULL, options, attrs, err);
		return tree->empty < 0 ? tree->empty : place_cover(&place, tree->empty, path, err);
	}
	cover = open_tree(folder ? tree->empty : tree->null, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (cover < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "copy of the mask");
	rc = folder || tree->null_ours ? 0 : attrs_set(cover, 0, &sealed, path, err);
	if (rc == 0)
		rc = place_cover(&place, cover, path, err);
	/* Of which others are copied from now on: the host's may be out of reach by then. */
	if (rc == 0 && !folder) {
		int host = tree->null;

		tree->null = cover;
		cover = host;
		tree->null_ours = true;
	}
	return rc;
}

static int read_only_set(const struct oci_tree *tree, const char *path, struct err *err)
{
	struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY};
	cleanup(place_fini) struct place place = PLACE_INIT;
	int found = place_find(tree, path, &place);
	cleanup(fd_closep) int copy = -1;
	int rc;

	if (found == -ENOENT)
		return 0;
	if (found < 0)
		return err_sys(err, ERR_KERNEL, -found, path, "linux.readonlyPaths");
	copy = open_tree(place.at, place.name,
			 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW |
				 (*place.name ? 0 : (unsigned int)AT_EMPTY_PATH));
	if (copy < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "copy of the mount");
	rc = attrs_set(copy, AT_RECURSIVE, &sealed, path, err);
	return rc == 0 ? place_cover(&place, copy, path, err) : rc;
}
