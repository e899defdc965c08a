// SPDX-License-Identifier: GPL-2.0-or-later
/* landlock - rules as text, domains in the kernel. Floor F4. */
#include "runner/process/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

/* linux/landlock.h of ABI 6; a kernel that knows less takes what is behind as zero, or not at all */
struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};
struct path_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));
struct port_attr {
	uint64_t allowed_access;
	uint64_t port;
};
enum {
	CREATE_VERSION = 1,
	RULE_PATH = 1,
	RULE_PORT = 2,
	PORT_MAX = 65535,
};

#define FS(bit) (UINT64_C(1) << (bit))
static const uint64_t FS_EXECUTE = FS(0), FS_WRITE = FS(1), FS_READ = FS(2), FS_READ_DIR = FS(3),
		      FS_TRUNCATE = FS(14), FS_IOCTL = FS(15);
static const uint64_t NET_BIND = 1, NET_CONNECT = 2;

/* struct rule - one KEY=VALUE. @path, or @port where that is NULL */
struct rule {
	const char *path;
	uint64_t port;
	bool write, connect;
};

static int rule_parse(const char *text, char *part, struct rule *ret_rule, struct err *err);
static int rules_each(const char *const *rules,
		      int (*each)(void *ctx, const struct rule *rule, struct err *err), void *ctx,
		      struct err *err);
static int handled_add(void *ctx, const struct rule *rule, struct err *err);
static int rule_add(void *ctx, const struct rule *rule, struct err *err);
static int path_add(int ruleset, uint64_t handled, const char *path, bool write, struct err *err);
static uint64_t fs_known(int abi);

/* While a ruleset is made */
struct building {
	struct ruleset_attr attr;
	int abi, fd;
};

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

int landlock_check(const char *const *rules, struct err *err)
{
	return rules_each(rules, NULL, NULL, err);
}

int landlock_apply(const char *const *rules, unsigned int scopes, struct err *err)
{
	struct building building = {.abi = landlock_abi(), .fd = -1};
	size_t size = building.abi >= LANDLOCK_ABI_SCOPES  ? sizeof(building.attr)
		      : building.abi >= LANDLOCK_ABI_PORTS ? offsetof(struct ruleset_attr, scoped)
							   : sizeof(uint64_t);
	int rc = rules_each(rules, handled_add, &building, err);

	if (rc < 0)
		return rc;
	if (building.abi >= LANDLOCK_ABI_SCOPES)
		building.attr.scoped = scopes;
	if (!building.attr.handled_access_fs && !building.attr.handled_access_net &&
	    !building.attr.scoped)
		return 0;
	building.fd = (int)syscall(SYS_landlock_create_ruleset, &building.attr, size, 0);
	if (building.fd < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "landlock_create_ruleset");
	rc = rules_each(rules, rule_add, &building, err);
	if (rc == 0 && building.attr.handled_access_fs) {
		rc = path_add(building.fd, building.attr.handled_access_fs, "/dev", true, err);
		if (rc == 0)
			rc = path_add(building.fd, building.attr.handled_access_fs, "/proc",
				      false, err);
	}
	if (rc == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			syscall(SYS_landlock_restrict_self, building.fd, 0) < 0))
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "landlock_restrict_self");
	fd_close(building.fd);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

/* @part: of @text, cut in two here */
static int rule_parse(const char *text, char *part, struct rule *ret_rule, struct err *err)
{
	struct rule rule = {0};
	char *value = part;
	const char *key = strsep(&value, "=");

	if (!value)
		return err_set(err, ERR_USAGE, EINVAL, text, "\"%s\" is not KEY=VALUE", key);
	if (str_eq(key, "ro") || str_eq(key, "rw")) {
		if (value[0] != '/')
			return err_set(err, ERR_USAGE, EINVAL, text,
				       "%s: an absolute path is needed", key);
		rule.path = value;
		rule.write = key[1] == 'w';
	} else if (str_eq(key, "connect") || str_eq(key, "bind")) {
		if (str_u64(value, PORT_MAX, &rule.port) < 0)
			return err_set(err, ERR_USAGE, EINVAL, text,
				       "\"%s\" is no port: 0 to 65535", value);
		rule.connect = key[0] == 'c';
	} else {
		return err_set(err, ERR_USAGE, EINVAL, text,
			       "\"%s\": known are ro, rw, connect and bind", key);
	}
	*ret_rule = rule;
	return 0;
}

static int rules_each(const char *const *rules,
		      int (*each)(void *ctx, const struct rule *rule, struct err *err), void *ctx,
		      struct err *err)
{
	for (size_t i = 0; rules[i]; i++) {
		cleanup(mem_freep) char *copy = mem_strdup(rules[i]);
		char *rest = copy, *part;

		while ((part = strsep(&rest, ","))) {
			struct rule rule;
			int rc = rule_parse(rules[i], part, &rule, err);

			if (rc == 0 && each)
				rc = each(ctx, &rule, err);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static int handled_add(void *ctx, const struct rule *rule, struct err *err)
{
	struct building *building = ctx;
	int needed = rule->path ? LANDLOCK_ABI_FILES : LANDLOCK_ABI_PORTS;

	if (building->abi < needed)
		return err_set(err, ERR_UNSUPPORTED, ENOTSUP, "--landlock",
			       "%s need Landlock ABI %d (Linux %s), this kernel has %d",
			       rule->path ? "paths" : "ports", needed, rule->path ? "5.13" : "6.7",
			       building->abi);
	if (rule->path)
		building->attr.handled_access_fs = fs_known(building->abi);
	else
		building->attr.handled_access_net |= rule->connect ? NET_CONNECT : NET_BIND;
	return 0;
}

static int rule_add(void *ctx, const struct rule *rule, struct err *err)
{
	const struct building *building = ctx;
	const struct port_attr port = {
		.allowed_access = rule->connect ? NET_CONNECT : NET_BIND,
		.port = rule->port,
	};

	if (rule->path)
		return path_add(building->fd, building->attr.handled_access_fs, rule->path,
				rule->write, err);
	if (syscall(SYS_landlock_add_rule, building->fd, RULE_PORT, &port, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, "--landlock", "port %u",
			       (unsigned int)rule->port);
	return 0;
}

static int path_add(int ruleset, uint64_t handled, const char *path, bool write, struct err *err)
{
	cleanup(fd_closep) int place = open(path, O_PATH | O_CLOEXEC);
	struct path_attr attr = {
		.allowed_access = write ? handled : FS_EXECUTE | FS_READ | FS_READ_DIR,
		.parent_fd = place,
	};
	struct stat st;

	if (place < 0 || fstat(place, &st) < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_KERNEL, errno, path,
			       "--landlock");
	if (!S_ISDIR(st.st_mode))
		attr.allowed_access &=
			FS_EXECUTE | FS_WRITE | FS_READ | ((FS_TRUNCATE | FS_IOCTL) & handled);
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &attr, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "--landlock");
	return 0;
}

/* 13 rights from the beginning; linking elsewhere came with ABI 2, truncate(2) with 3, ioctl(2) of devices with 5 */
static uint64_t fs_known(int abi)
{
	const unsigned int count = 13U + (abi >= 2) + (abi >= 3) + (abi >= 5);

	return FS(count) - 1;
}
