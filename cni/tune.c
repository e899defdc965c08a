/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tune - sysctls that a configuration wants in the container's network namespace, as the reference plugin "tuning" takes
 * them. Floor F5. /proc/sys/net shows those of the namespace that the reader is in (fs/proc/proc_sysctl.c, net/sysctl_net.c),
 * so this process enters it, writes, and goes back.
 *
 * Allowed is what belongs to a network namespace, by prefix; nothing else of the kernel can be named. The interface's own
 * are reached by IFNAME in the name.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "cni/cni.h"
#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

enum { NAME_MAX_LEN = 128 };

static const char *const allowed[] = {
	"net.ipv4.conf.",
	"net.ipv6.conf.",
	"net.ipv4.neigh.",
	"net.ipv6.neigh.",
	"net.ipv4.tcp_",
	"net.ipv4.udp_",
	"net.ipv4.icmp_",
	"net.ipv6.icmp.",
	"net.ipv4.ip_local_port_range",
	"net.ipv4.ip_local_reserved_ports",
	"net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.ip_nonlocal_bind",
	"net.ipv6.ip_nonlocal_bind",
	"net.ipv4.ip_default_ttl",
	"net.ipv4.ip_forward",
	"net.ipv4.ping_group_range",
	"net.ipv6.bindv6only",
	"net.core.somaxconn",
	"net.unix.max_dgram_qlen",
};

static int write_all(const struct cni_request *request, struct err *err);
static int write_one(const char *name, const char *ifname, const char *value, struct err *err);
static void path_print(const char *name, const char *ifname, struct buf *path);

/* Dots or slashes, as sysctl(8) has it; nothing that leads out of the folder. */
bool cni_sysctl_allowed(const char *name)
{
	char dotted[NAME_MAX_LEN + 1];
	size_t len = strnlen(name, NAME_MAX_LEN + 1);

	if (len > NAME_MAX_LEN || strstr(name, "..") || strstr(name, "//") || strstr(name, "./") || strstr(name, "/."))
		return false;
	for (size_t i = 0; i <= len; i++)
		dotted[i] = name[i] == '/' ? '.' : name[i];
	for (size_t i = 0; i < ARRAY_COUNT(allowed); i++)
		if (str_starts(dotted, allowed[i]))
			return true;
	return false;
}

int cni_tune(const struct cni_request *request, int netns, struct err *err)
{
	cleanup(fd_closep) int own = -1;
	int rc;

	if (json_object_size(request->sysctls) == 0)
		return CNI_OK;
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0 || setns(netns, CLONE_NEWNET) < 0) {
		err_sys(err, ERR_KERNEL, errno, request->netns, "cannot enter the namespace to write sysctls");
		return CNI_KERNEL;
	}
	rc = write_all(request, err);
	if (setns(own, CLONE_NEWNET) < 0 && rc == CNI_OK) {
		err_sys(err, ERR_KERNEL, errno, request->netns, "cannot leave the namespace");
		return CNI_KERNEL;
	}
	return rc;
}

static int write_all(const struct cni_request *request, struct err *err)
{
	const json_t *value;
	const char *name;

	json_object_foreach(request->sysctls, name, value) {
		int rc = write_one(name, request->ifname, json_string_value(value), err);

		if (rc != CNI_OK)
			return rc;
	}
	return CNI_OK;
}

static int write_one(const char *name, const char *ifname, const char *value, struct err *err)
{
	cleanup(buf_fini) struct buf path = BUF_INIT;
	cleanup(fd_closep) int fd = -1;
	size_t size = strlen(value);

	path_print(name, ifname, &path);
	fd = open(buf_cstr(&path), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && write(fd, value, size) == (ssize_t)size)
		return CNI_OK;
	err_sys(err, ERR_KERNEL, errno, name, "sysctl %s cannot be set to \"%.100s\"", name, value);
	return CNI_KERNEL;
}

/* Of a name in dots each becomes a slash; of one in slashes none, so that an interface may have dots. */
static void path_print(const char *name, const char *ifname, struct buf *path)
{
	bool slashes = strchr(name, '/') != NULL;

	buf_str(path, "/proc/sys/");
	while (*name) {
		if (str_starts(name, "IFNAME")) {
			buf_str(path, ifname);
			name += strlen("IFNAME");
			continue;
		}
		buf_printf(path, "%c", *name == '.' && !slashes ? '/' : *name);
		name++;
	}
}
