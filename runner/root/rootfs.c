// SPDX-License-Identifier: GPL-2.0-or-later
/* rootfs - layers, views and folders, prepared from outside. Floor F4. */
#include "runner/root/rootfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/process/idrange.h"

/* Of what it writes: a quarter of the memory at most, and a million files. */
#define LAYER_OPTIONS "size=25%,nr_inodes=1m,mode=0700"

enum {
	LOG_DEPTH_MAX = 3,   /* folders below /var/log that are made again, empty */
	SKELETON_MAX = 4096, /* folders in one place: more are left out */
	RESOLV_SIZE_MAX = 65536,
};

enum seed_kind {
	SEED_MERGED, /* the container's own, the host's content seen through */
	SEED_EMPTY,  /* the container's own, nothing of the host's in it */
	SEED_BELOW,  /* below such a one: the overlay does not look for the host's any more */
};

/* For whom, and what is done between two folders, with @ctx */
struct seeding {
	uint32_t base;
	void (*between)(void *ctx);
	void *ctx;
};

/* Folders every view begins with; parents before children. Those that the host has not are made. */
static const struct {
	const char *path;
	mode_t mode;
	enum seed_kind kind;
} seeds[] = {
	{".", 0755, SEED_MERGED},         {"etc", 0755, SEED_MERGED},
	{"var", 0755, SEED_MERGED},       {"var/lib", 0755, SEED_MERGED},
	{"var/cache", 0755, SEED_MERGED}, {"var/spool", 0755, SEED_MERGED},
	{"var/log", 0755, SEED_EMPTY},    {"var/tmp", 01777, SEED_EMPTY},
	{"run", 0755, SEED_EMPTY},        {"run/lock", 01777, SEED_BELOW},
	{"tmp", 01777, SEED_EMPTY},       {"home", 0755, SEED_EMPTY},
	{"root", 0700, SEED_EMPTY},       {"mnt", 0755, SEED_MERGED},
	{"media", 0755, SEED_MERGED},     {"opt", 0755, SEED_MERGED},
	{"srv", 0755, SEED_MERGED},
};

/* Folders whose children become empty folders of the same owner and mode. */
static const struct {
	const char *path;
	int depth;
	enum seed_kind kind; /* of the children */
} skeletons[] = {
	{"var/lib", 1, SEED_EMPTY},   {"var/cache", 1, SEED_EMPTY},
	{"var/spool", 1, SEED_EMPTY}, {"home", 1, SEED_BELOW},
	{"var/log", LOG_DEPTH_MAX, SEED_BELOW},
};

/* Below /var/lib: what packages are made of rather than what services wrote; seen through. Sorted. */
static const char *const package_data[] = {
	"aspell",       "apt",
	"binfmts",      "dictionaries-common",
	"dpkg",         "emacsen-common",
	"gems",         "ghc",
	"ispell",       "locales",
	"misc",         "pam",
	"python",       "sgml-base",
	"shells.state", "swcatalog",
	"tex-common",   "texmf",
	"ucf",          "usbutils",
	"vim",          "xkb",
	"xml-core",
};

static int layer_seed(const struct spec *spec, const struct seeding *seeding, int layer, struct err *err);
static int seed_folder(const char *path, uid_t uid, gid_t gid, mode_t mode, enum seed_kind kind,
		       struct err *err);
static int seed_file(const char *path, uid_t uid, gid_t gid, mode_t mode, const char *content,
		     struct err *err);
static int seed_skeleton(const char *path, const struct seeding *seeding, int depth, enum seed_kind kind, struct err *err);
static int seed_etc(const struct spec *spec, uint32_t base, struct err *err);
static void resolv_text(struct buf *text);
static bool is_package_data(const char *parent, const char *name);
static uint32_t id_inside(uint32_t id, uint32_t base);
static int overlay_new(int layer, const char *lower, struct err *err);
static char *layer_path(const struct state_dir *dir);
static int layer_open(const char *path, int *ret_layer, struct err *err);

int rootfs_layer_mount(const struct state_dir *dir, int *ret_layer, struct err *err)
{
	cleanup(mem_freep) char *path = layer_path(dir);

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, ERR_IO, errno, path, "mkdir");
	if (mount("moat", path, "tmpfs", MS_NOSUID | MS_NODEV, LAYER_OPTIONS) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "mount of a tmpfs");
	return layer_open(path, ret_layer, err);
}

int rootfs_layer_pin(const struct state_dir *dir, int layer, int mntns, struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("%s/fs", dir->path);
	cleanup(fd_closep) int copy =
		open_tree(layer, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (copy < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "copy of the layer's mount");
	if (setns(mntns, CLONE_NEWNS) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL,
			       "setns into the host's mount namespace");
	if (mkdirat(dir->fd, "fs", 0700) < 0 && errno != EEXIST)
		return err_sys(err, ERR_IO, errno, path, "mkdir");
	if (move_mount(copy, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "mount of the layer");
	return 0;
}

int rootfs_layer_take(const struct state_dir *dir, int *ret_mount, struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("%s/fs", dir->path);
	int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "copy of the layer's mount");
	if (umount2(path, MNT_DETACH) < 0) {
		fd_close(fd);
		return err_sys(err, ERR_KERNEL, errno, path, "the layer is lost: umount");
	}
	*ret_mount = fd;
	return 0;
}

int rootfs_layer_put(const struct state_dir *dir, int mount, int *ret_layer, struct err *err)
{
	cleanup(mem_freep) char *path = layer_path(dir);

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, ERR_IO, errno, path, "mkdir");
	if (move_mount(mount, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "mount of the layer");
	return layer_open(path, ret_layer, err);
}

int rootfs_layer_unpin(const struct state_dir *dir, struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("%s/fs", dir->path);

	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL &&
	    errno != ENOENT)
		return err_sys(err, ERR_KERNEL, errno, path, "umount");
	return 0;
}

bool rootfs_layer_pinned(const struct state_dir *dir)
{
	struct statx stx;

	return statx(dir->fd, "fs", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &stx) == 0 &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int rootfs_layer_seed(const struct spec *spec, uint32_t base, int layer, void (*between)(void *ctx), void *ctx, struct err *err)
{
	const struct seeding seeding = {.base = base, .between = between, .ctx = ctx};
	int rc = layer_seed(spec, &seeding, layer, err);

	if (chdir("/") < 0 && rc == 0)
		return err_sys(err, ERR_KERNEL, errno, "/", "chdir");
	return rc;
}

int rootfs_view(int layer, int *ret_root, struct err *err)
{
	int root = overlay_new(layer, "/", err);

	if (chdir("/") < 0 && root >= 0) {
		fd_close(root);
		return err_sys(err, ERR_KERNEL, errno, "/", "chdir");
	}
	if (root < 0)
		return root;
	*ret_root = root;
	return 0;
}

int rootfs_image(const struct spec *spec, int layer, int userns, int *ret_root, struct err *err)
{
	cleanup(fd_closep) int lower = -1;
	struct statx stx;
	int rc = rootfs_folder(spec->image, userns, true, &lower, err);
	int root;

	if (rc < 0)
		return rc;
	/* The overlay takes its lower layer by a path: a place in the layer, which nobody else sees. */
	if (fchdir(layer) < 0 || (mkdir("image", 0700) < 0 && errno != EEXIST) ||
	    statx(AT_FDCWD, "image", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &stx) < 0)
		return err_sys(err, ERR_IO, errno, NULL, "mkdir in the layer");
	if (!(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT) &&
	    move_mount(lower, "", AT_FDCWD, "image", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, ERR_KERNEL, errno, spec->image, "mount of the image");
	root = overlay_new(layer, "image", err);
	if (chdir("/") < 0 && root >= 0) {
		fd_close(root);
		return err_sys(err, ERR_KERNEL, errno, "/", "chdir");
	}
	if (root < 0)
		return root;
	*ret_root = root;
	return 0;
}

int rootfs_folder(const char *path, int userns, bool read_only, int *ret_mount, struct err *err)
{
	struct mount_attr attr = {
		.attr_set = (uint64_t)MOUNT_ATTR_IDMAP | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    (read_only ? MOUNT_ATTR_RDONLY : 0),
		.propagation = MS_PRIVATE,
		.userns_fd = (uint32_t)userns,
	};
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	cleanup(fd_closep) int place =
		(int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	int fd;

	if (place < 0 && errno == ELOOP)
		return err_set(err, ERR_PERMISSION, ELOOP, path,
			       "there is a symbolic link in its place now");
	if (place < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_KERNEL, errno, path,
			       "open");
	fd = open_tree(place, "",
		       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH);
	if (fd < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "copy of the mount");
	if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0) {
		int no = errno;

		fd_close(fd);
		if (no == EINVAL)
			return err_set(err, ERR_UNSUPPORTED, no, path,
				       "its file system, or one mounted below, cannot map ids "
				       "to the container's");
		return err_sys(err, ERR_KERNEL, no, path, "mount_setattr");
	}
	*ret_mount = fd;
	return 0;
}

int rootfs_socket(const char *path, int *ret_mount, struct err *err)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		.propagation = MS_PRIVATE,
	};
	int fd = open_tree(AT_FDCWD, path,
			   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_KERNEL, errno, path,
			       "open");
	if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
		rc = err_set(err, ERR_CONFLICT, ENOTSOCK, path, "it is no socket");
	else if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		rc = err_sys(err, ERR_KERNEL, errno, path, "mount_setattr");
	if (rc < 0) {
		fd_close(fd);
		return rc;
	}
	*ret_mount = fd;
	return 0;
}

int rootfs_host_mounts(int (*each)(void *ctx, int mount, const char *path, struct err *err),
		       void *ctx, struct err *err)
{
	static const char *const paths[] = {"/usr", "/opt"};
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		.propagation = MS_PRIVATE,
	};

	for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
		struct statx stx;
		int fd, rc;

		if (statx(AT_FDCWD, paths[i], AT_SYMLINK_NOFOLLOW, STATX_TYPE, &stx) < 0 ||
		    !(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT))
			continue;
		fd = open_tree(AT_FDCWD, paths[i],
			       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
		if (fd < 0)
			return err_sys(err, ERR_KERNEL, errno, paths[i], "open");
		if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) <
		    0) {
			rc = err_sys(err, ERR_KERNEL, errno, paths[i], "mount_setattr");
			fd_close(fd);
			return rc;
		}
		rc = each(ctx, fd, paths[i], err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ----------------------------------------------------------------- helpers */

/* Leaves the working folder in the layer. */
static int layer_seed(const struct spec *spec, const struct seeding *seeding, int layer, struct err *err)
{
	const uint32_t base = seeding->base;
	mode_t mask = umask(0);
	int rc = 0;

	if (fchdir(layer) < 0 || mkdir("up", 0755) < 0 || mkdir("work", 0700) < 0 ||
	    chdir("up") < 0)
		rc = err_sys(err, ERR_IO, errno, NULL, "mkdir in the layer");
	/* An image brings its folders itself; ours are / and /etc alone, the first two. */
	for (size_t i = 0; rc == 0 && i < (spec->image ? 2 : ARRAY_COUNT(seeds)); i++)
		rc = seed_folder(seeds[i].path, base, base, seeds[i].mode, seeds[i].kind, err);
	for (size_t i = 0; rc == 0 && !spec->image && i < ARRAY_COUNT(skeletons); i++)
		rc = seed_skeleton(skeletons[i].path, seeding, skeletons[i].depth, skeletons[i].kind, err);
	if (rc == 0)
		rc = seed_etc(spec, base, err);
	for (size_t i = 0; rc == 0 && i < spec->seed_count; i++) {
		const struct spec_seed *seed = &spec->seeds[i];
		const char *path = seed->path + strspn(seed->path, "/");
		uid_t uid = base + (uid_t)seed->uid;
		gid_t gid = base + (gid_t)seed->gid;
		mode_t mode = (mode_t)seed->mode;

		rc = seed->content ? seed_file(path, uid, gid, mode, seed->content, err)
				   : seed_folder(path, uid, gid, mode, SEED_EMPTY, err);
	}
	umask(mask);
	return rc;
}

/*
 * All paths are relative to the working folder, which is the fresh layer: nobody else can reach it
 * yet, so nothing can be changed between these calls, and three for a folder are enough. The mask of
 * our files is 0 meanwhile.
 */
static int seed_folder(const char *path, uid_t uid, gid_t gid, mode_t mode, enum seed_kind kind,
		       struct err *err)
{
	bool made = mkdir(path, mode & 01777) == 0;

	if (!made && errno != EEXIST)
		return err_sys(err, ERR_IO, errno, path, "mkdir in the layer");
	if (chown(path, uid, gid) < 0)
		return err_sys(err, ERR_IO, errno, path, "chown in the layer");
	/* mkdir(2) knows no set-group-ID; and who comes second to a folder means its own mode */
	if ((!made || mode & 06000) && chmod(path, mode) < 0)
		return err_sys(err, ERR_IO, errno, path, "chmod in the layer");
	if (kind == SEED_EMPTY && lsetxattr(path, "trusted.overlay.opaque", "y", 1, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "trusted.overlay.opaque");
	return 0;
}

static int seed_file(const char *path, uid_t uid, gid_t gid, mode_t mode, const char *content,
		     struct err *err)
{
	cleanup(fd_closep) int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc;

	if (fd < 0)
		return err_sys(err, ERR_IO, errno, path, "open in the layer");
	rc = fd_write_file(fd, content, strlen(content));
	if (rc == 0 && (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0))
		rc = -errno;
	if (rc < 0)
		return err_sys(err, ERR_IO, -rc, path, "write in the layer");
	return 0;
}

/* The host's folders below /@path again: empty, same mode, same owner as a number inside. */
static int seed_skeleton(const char *path, const struct seeding *seeding, int depth, enum seed_kind kind, struct err *err)
{
	cleanup(mem_freep) char *full = mem_printf("/%s", path);
	int fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct dirent *entry;
	int count = 0, rc = 0;
	DIR *stream;

	if (fd < 0)
		return 0;
	stream = fdopendir(fd);
	if (!stream) {
		fd_close(fd);
		return err_sys(err, ERR_IO, errno, full, "opendir");
	}
	while (rc == 0 && count < SKELETON_MAX && (entry = readdir(stream))) {
		struct stat st;

		if (entry->d_name[0] == '.' ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) ||
		    is_package_data(path, entry->d_name))
			continue;
		/* By the folder's own entry: what is mounted there is of no interest, nor what a link points to. */
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISDIR(st.st_mode))
			continue;
		cleanup(mem_freep) char *child = mem_printf("%s/%s", path, entry->d_name);

		count++;
		seeding->between(seeding->ctx);
		rc = seed_folder(child, id_inside(st.st_uid, seeding->base), id_inside(st.st_gid, seeding->base),
				 st.st_mode & 07777, kind, err);
		/* Two links, its name and its ".": no folder in it. Who does not count them says 1. */
		if (rc == 0 && depth > 1 && st.st_nlink != 2)
			rc = seed_skeleton(child, seeding, depth - 1, kind, err);
	}
	closedir(stream);
	return rc;
}

static int seed_etc(const struct spec *spec, uint32_t base, struct err *err)
{
	cleanup(buf_fini) struct buf resolv = BUF_INIT;
	cleanup(mem_freep) char *hostname = mem_printf("%s\n", spec->hostname);
	cleanup(mem_freep) char *hosts =
		mem_printf("127.0.0.1\tlocalhost\n"
			   "::1\tlocalhost ip6-localhost ip6-loopback\n"
			   "127.0.1.1\t%s\n",
			   spec->hostname);
	int rc = seed_file("etc/hostname", base, base, 0644, hostname, err);

	if (rc == 0)
		rc = seed_file("etc/hosts", base, base, 0644, hosts, err);
	resolv_text(&resolv);
	if (rc == 0)
		rc = seed_file("etc/resolv.conf", base, base, 0644, buf_cstr(&resolv), err);
	return rc;
}

/* The host's name servers, without those on its loopback: the container has a loopback of its own. */
static void resolv_text(struct buf *text)
{
	cleanup(buf_fini) struct buf data = BUF_INIT;
	char *rest, *line;

	if (file_read("/etc/resolv.conf", RESOLV_SIZE_MAX, &data) < 0 || !data.data)
		return;
	rest = (char *)data.data;
	while ((line = strsep(&rest, "\n"))) {
		char word[128] = "";

		if (sscanf(line, " nameserver %127s", word) == 1 && !str_starts(word, "127.") &&
		    !str_eq(word, "::1"))
			buf_printf(text, "nameserver %s\n", word);
		else if (str_starts(line, "search ") || str_starts(line, "options "))
			buf_printf(text, "%s\n", line);
	}
}

static bool is_package_data(const char *parent, const char *name)
{
	if (!str_eq(parent, "var/lib"))
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(package_data); i++)
		if (str_eq(package_data[i], name))
			return true;
	return false;
}

/* An id of the host as the same number inside; root where it has no place there. */
static uint32_t id_inside(uint32_t id, uint32_t base)
{
	return base + (id < IDRANGE_SIZE ? id : 0);
}

/*
 * By paths relative to the layer: no name of ours can be taken for an option's end. lowerdir=/ takes
 * the root file system alone, what is mounted below is left out (clone_private_mount() in
 * fs/namespace.c). Leaves the working folder in the layer.
 */
static int overlay_new(int layer, const char *lower, struct err *err)
{
	const char *const options[][2] = {
		{"lowerdir", lower}, {"upperdir", "up"}, {"workdir", "work"}};
	cleanup(fd_closep) int context = fsopen("overlay", FSOPEN_CLOEXEC);
	int fd;

	if (context < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "fsopen(overlay)");
	if (fchdir(layer) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "chdir to the layer");
	for (size_t i = 0; i < ARRAY_COUNT(options); i++)
		if (fsconfig(context, FSCONFIG_SET_STRING, options[i][0], options[i][1], 0) < 0)
			return err_sys(err, ERR_KERNEL, errno, NULL, "overlay: %s=%s",
				       options[i][0], options[i][1]);
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "overlay");
	fd = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (fd < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "overlay: fsmount");
	return fd;
}

/*
 * One folder for all: each shim mounts on it in a namespace of its own, and never has to unmount. The kernel before 6.15
 * takes an upper layer only from a mount that is somewhere.
 */
static char *layer_path(const struct state_dir *dir)
{
	return mem_printf("%s/../../.layer", dir->path);
}

static int layer_open(const char *path, int *ret_layer, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "open of the layer");
	*ret_layer = fd;
	return 0;
}
