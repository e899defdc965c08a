// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fetch - an image of an OCI layout to a folder of ours. Floor F4.
 *
 *	STATE_DIR/images/ALGORITHM-HEX/   of the manifest's digest
 *		rootfs/       all layers, one over the other; owners 0..65535 as in the image
 *		config.json   its configuration, verified
 *	STATE_DIR/images/.new-HEX/        one that is being unpacked
 *	STATE_DIR/images/.lock            held meanwhile: what else begins with .new- was left by the dead
 *
 * Every blob's size and digest are those its parent says, from the index on; a folder gets its name when all were right.
 * images/ is root's alone: set-user-ID bits are kept in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <dirent.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/files/files.h"
#include "runner/files/tree.h"
#include "runner/files/unpack.h"
#include "runner/spec/image.h"

enum { INDEX_DEPTH_MAX = 4, CHUNK_SIZE = 128 * 1024 };

/* A blob as it is read: what came so far, and its digest. */
struct reading {
	int fd;
	int64_t size;
	bool wide; /* sha512 */
	struct sha256_ctx sha256;
	struct sha512_ctx sha512;
	char data[CHUNK_SIZE];
};

static int layout_open(const char *path, const char *tag, struct arena *arena, int *ret_layout, struct image_blob *ret_blob,
		       json_t **ret_doc, struct err *err);
static int layout_check(int layout, const char *path, struct err *err);
static int manifest_find(int layout, const char *tag, struct arena *arena,
			 struct image_blob *ret_blob, json_t **ret_doc, struct err *err);
static int blob_json(int layout, const struct image_blob *blob, struct buf *text,
		     json_t **ret_doc, struct err *err);
static int blob_open(int layout, const struct image_blob *blob, struct reading *reading,
		     struct err *err);
static ssize_t blob_read(struct reading *reading);
static int blob_end(struct reading *reading, const struct image_blob *blob, struct err *err);
static int images_open(const char *state_dir, struct err *err);
static int image_make(int images, int layout, const char *name, const json_t *manifest,
		      struct arena *arena, struct err *err);
static int layers_unpack(int layout, int rootfs, const struct image_manifest *manifest,
			 struct err *err);
static int layer_unpack(int layout, const struct image_blob *blob, struct unpack *unpack,
			struct err *err);
static void dead_remove(int images);
static int file_take(int layout, const char *name, struct buf *ret_text, struct err *err);

int files_image(const char *state_dir, const char *layout_path, const char *tag, char *ret_digest,
		struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(fd_closep) int layout = -1, images = -1;
	cleanup(json_freep) json_t *manifest = NULL;
	cleanup(mem_freep) char *name = NULL, *done = NULL;
	struct image_blob blob;
	int rc = layout_open(layout_path, tag, arena, &layout, &blob, &manifest, err);

	if (rc < 0)
		return rc;
	name = mem_strdup(blob.digest);
	*strchr(name, ':') = '-';
	done = mem_printf("%s/config.json", name);
	images = images_open(state_dir, err);
	if (images < 0)
		return images;
	if (faccessat(images, done, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		rc = image_make(images, layout, name, manifest, arena, err);
	if (rc == 0)
		memcpy(ret_digest, blob.digest, strlen(blob.digest) + 1);
	return rc;
}

int files_image_find(const char *layout_path, const char *tag, char *ret_digest, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(fd_closep) int layout = -1;
	cleanup(json_freep) json_t *manifest = NULL;
	struct image_blob blob;
	int rc = layout_open(layout_path, tag, arena, &layout, &blob, &manifest, err);

	if (rc == 0)
		memcpy(ret_digest, blob.digest, strlen(blob.digest) + 1);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

/* @ret_layout, @ret_doc: the caller's, of a failure as well */
static int layout_open(const char *path, const char *tag, struct arena *arena, int *ret_layout, struct image_blob *ret_blob,
		       json_t **ret_doc, struct err *err)
{
	int rc;

	*ret_layout = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_layout < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, errno, path, "open of the image layout");
	rc = layout_check(*ret_layout, path, err);
	return rc < 0 ? rc : manifest_find(*ret_layout, tag, arena, ret_blob, ret_doc, err);
}

static int layout_check(int layout, const char *path, struct err *err)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	cleanup(json_freep) json_t *doc = NULL;
	int rc = file_take(layout, "oci-layout", &text, err);

	if (rc == -ENOENT)
		return err_set(err, ERR_NOTFOUND, ENOENT, path,
			       "no OCI image layout: it has no file oci-layout");
	if (rc == 0)
		rc = json_parse(buf_cstr(&text), text.size, 0, &doc, err);
	if (rc == 0 &&
	    !str_eq(json_string_value(json_object_get(doc, "imageLayoutVersion")), "1.0.0"))
		rc = err_set(err, ERR_UNSUPPORTED, ENOTSUP, path,
			     "an image layout of another version than 1.0.0");
	return rc;
}

/* Down from index.json, through indexes of platforms. */
static int manifest_find(int layout, const char *tag, struct arena *arena,
			 struct image_blob *ret_blob, json_t **ret_doc, struct err *err)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	cleanup(json_freep) json_t *doc = NULL;
	int rc = file_take(layout, "index.json", &text, err);

	if (rc == 0)
		rc = json_parse(buf_cstr(&text), text.size, 0, &doc, err);
	for (int depth = 0; rc == 0; depth++, tag = NULL) {
		rc = image_index_find(doc, tag, NULL, arena, ret_blob, err);
		if (rc < 0)
			break;
		/* The document before is done with, but for the media type. */
		ret_blob->media_type = arena_strdup(arena, ret_blob->media_type);
		json_decref(doc);
		doc = NULL;
		buf_clear(&text);
		rc = blob_json(layout, ret_blob, &text, &doc, err);
		if (rc == 0 && !image_is_index(ret_blob)) {
			*ret_doc = doc;
			doc = NULL;
			return 0;
		}
		if (depth == INDEX_DEPTH_MAX)
			rc = err_set(err, ERR_LIMIT, ELOOP, "index.json",
				     "more than %d indexes in one another", INDEX_DEPTH_MAX);
	}
	return rc;
}

static int blob_json(int layout, const struct image_blob *blob, struct buf *text,
		     json_t **ret_doc, struct err *err)
{
	struct reading *reading;
	ssize_t n;
	int rc;

	if (blob->size > JSON_SIZE_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, blob->digest, "a document of more than %d bytes",
			       JSON_SIZE_MAX);
	reading = mem_alloc(sizeof(*reading));
	rc = blob_open(layout, blob, reading, err);
	while (rc == 0 && (n = blob_read(reading)) != 0) {
		if (n < 0 || reading->size > blob->size)
			break;
		buf_add(text, reading->data, (size_t)n);
	}
	if (rc == 0)
		rc = blob_end(reading, blob, err);
	free(reading);
	return rc == 0 && ret_doc ? json_parse(buf_cstr(text), text->size, 0, ret_doc, err) : rc;
}

static int blob_open(int layout, const struct image_blob *blob, struct reading *reading,
		     struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("blobs/%s", blob->digest);
	struct stat st;

	*strchr(path, ':') = '/';
	reading->wide = str_starts(blob->digest, "sha512:");
	sha256_init(&reading->sha256);
	sha512_init(&reading->sha512);
	reading->fd = tree_open(layout, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (reading->fd < 0)
		return err_sys(err, reading->fd == -ENOENT ? ERR_NOTFOUND : ERR_IO, -reading->fd,
			       path, "open of a blob");
	if (fstat(reading->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != blob->size) {
		fd_close(reading->fd);
		return err_set(err, ERR_USAGE, EBADMSG, path,
			       "the blob is no file of %lld bytes, as it should be",
			       (long long)blob->size);
	}
	return 0;
}

/* Return: bytes in @data; 0 at the end; -errno. */
static ssize_t blob_read(struct reading *reading)
{
	ssize_t n;

	do
		n = read(reading->fd, reading->data, sizeof(reading->data));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	reading->size += n;
	if (reading->wide)
		sha512_update(&reading->sha512, (size_t)n, (const uint8_t *)reading->data);
	else
		sha256_update(&reading->sha256, (size_t)n, (const uint8_t *)reading->data);
	return n;
}

/* What has not been read is read now; then all of it is judged. */
static int blob_end(struct reading *reading, const struct image_blob *blob, struct err *err)
{
	uint8_t digest[SHA512_DIGEST_SIZE];
	size_t size = reading->wide ? SHA512_DIGEST_SIZE : SHA256_DIGEST_SIZE;
	char text[IMAGE_DIGEST_SIZE];
	ssize_t n;

	while ((n = blob_read(reading)) > 0 && reading->size <= blob->size)
		;
	fd_close(reading->fd);
	if (n < 0)
		return err_sys(err, ERR_IO, (int)-n, blob->digest, "read of a blob");
	if (reading->wide)
		sha512_digest(&reading->sha512, size, digest);
	else
		sha256_digest(&reading->sha256, size, digest);
	memcpy(text, blob->digest, 7);
	for (size_t i = 0; i < size; i++)
		snprintf(text + 7 + 2 * i, 3, "%02x", digest[i]);
	if (reading->size != blob->size || !str_eq(text, blob->digest))
		return err_set(err, ERR_USAGE, EBADMSG, blob->digest,
			       "the blob is another than its name says");
	return 0;
}

static int images_open(const char *state_dir, struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("%s/images", state_dir);
	int fd;

	if ((mkdir(state_dir, 0755) < 0 && errno != EEXIST) ||
	    (mkdir(path, 0700) < 0 && errno != EEXIST))
		return err_sys(err, ERR_IO, errno, path, "mkdir");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, ERR_IO, errno, path, "open") : fd;
}

static int image_make(int images, int layout, const char *name, const json_t *doc,
		      struct arena *arena, struct err *err)
{
	cleanup(fd_closep) int lock =
		openat(images, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	cleanup(mem_freep) char *new = mem_printf(".new-%012llx", (unsigned long long)random_id48());
	cleanup(mem_freep) char *done = mem_printf("%s/config.json", name);
	cleanup(buf_fini) struct buf config = BUF_INIT;
	cleanup(fd_closep) int folder = -1, rootfs = -1, file = -1;
	struct image_manifest manifest;
	int rc;

	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return err_sys(err, ERR_IO, errno, ".lock", "lock of the images");
	/* Somebody else may have been faster. */
	if (faccessat(images, done, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	dead_remove(images);
	rc = image_manifest_decode(doc, arena, &manifest, err);
	if (rc == 0)
		rc = blob_json(layout, &manifest.config, &config, NULL, err);
	if (rc < 0)
		return rc;
	if (mkdirat(images, new, 0700) < 0 ||
	    (folder = openat(images, new, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    mkdirat(folder, "rootfs", 0755) < 0 ||
	    (rootfs = openat(folder, "rootfs", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_sys(err, ERR_IO, errno, new, "mkdir");
	rc = layers_unpack(layout, rootfs, &manifest, err);
	if (rc == 0) {
		file = openat(folder, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		rc = file < 0 ? -errno : fd_write_all(file, config.data, config.size);
		/* One of that name without its configuration is none of ours: nothing else makes it. */
		if (rc == 0)
			rc = tree_remove(images, name);
		if (rc == 0 && renameat(images, new, images, name) < 0)
			rc = -errno;
		if (rc < 0)
			rc = err_sys(err, ERR_IO, -rc, name, "keep the image");
	}
	if (rc < 0)
		(void)tree_remove(images, new);
	return rc;
}

static int layers_unpack(int layout, int rootfs, const struct image_manifest *manifest,
			 struct err *err)
{
	struct unpack unpack = {
		.root = rootfs, .base = "", .whiteouts = true, .owners = true, .set_ids = true};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < manifest->layer_count; i++)
		rc = layer_unpack(layout, &manifest->layers[i], &unpack, err);
	return rc;
}

static la_ssize_t archive_chunk(struct archive *archive, void *ctx, const void **ret_data)
{
	struct reading *reading = ctx;
	ssize_t n = blob_read(reading);

	if (n < 0)
		archive_set_error(archive, (int)-n, "read: %s", strerror((int)-n));
	*ret_data = reading->data;
	return n < 0 ? ARCHIVE_FATAL : n;
}

static int layer_unpack(int layout, const struct image_blob *blob, struct unpack *unpack,
			struct err *err)
{
	struct archive *archive = archive_read_new();
	struct reading *reading = mem_alloc(sizeof(*reading));
	int rc = blob_open(layout, blob, reading, err);

	if (rc == 0) {
		unpack_format(archive);
		if (archive_read_open(archive, reading, NULL, archive_chunk, NULL) != ARCHIVE_OK)
			rc = err_set(err, ERR_UNSUPPORTED, ENOTSUP, blob->digest, "layer: %s",
				     archive_error_string(archive));
		else
			rc = unpack_archive(unpack, archive, err);
		if (rc == 0)
			rc = blob_end(reading, blob, err);
		else
			fd_close(reading->fd);
	}
	archive_read_free(archive);
	free(reading);
	return rc;
}

/* Under the lock. */
static void dead_remove(int images)
{
	int fd = openat(images, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!stream) {
		fd_close(fd);
		return;
	}
	while ((entry = readdir(stream)))
		if (str_starts(entry->d_name, ".new-"))
			(void)tree_remove(images, entry->d_name);
	closedir(stream);
}

/* A small file of the layout, from whoever made it. */
static int file_take(int layout, const char *name, struct buf *ret_text, struct err *err)
{
	cleanup(fd_closep) int fd = tree_open(layout, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	char path[40];
	int rc = fd < 0 ? fd : 0;

	if (rc == 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		rc = file_read(path, JSON_SIZE_MAX, ret_text);
	}
	return rc < 0 ? err_sys(err, rc == -ENOENT ? ERR_NOTFOUND : ERR_IO, -rc, name, "read") : 0;
}
