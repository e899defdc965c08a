/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tune - what the reference plugin "tuning" sets inside: sysctls of the container's network namespace, and flags and queue of the
 * interface. Floor F5. /proc/sys/net shows those of the namespace that the reader is in (fs/proc/proc_sysctl.c,
 * net/sysctl_net.c), and an interface is named in it, so this process enters it, and goes back.
 *
 * Of sysctls allowed is what belongs to a network namespace, by prefix; nothing else of the kernel can be named. The interface's
 * own are reached by IFNAME in the name. CHECK looks at flags and queue alone: a sysctl reads back in other words than it was
 * written in (milliseconds become ticks), and is the container's to change where it may.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cni/conf.h"
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

/* Of the interface; TRI and -1: not said. As the reference plugin has it false is the same as that. */
struct tuning {
	const json_t *sysctl;
	int64_t tx_queue;
	int promisc, allmulti;
};

static int sysctls_take(struct cni_request *request, const json_t *list, struct err *err);
static bool wants_link(const struct cni_request *request);
static int inside(const struct cni_request *request, int netns, int (*act)(const struct cni_request *, struct err *), struct err *err);
static int write_all(const struct cni_request *request, struct err *err);
static int write_one(const char *name, const char *ifname, const char *value, struct err *err);
static void path_print(const char *name, const char *ifname, struct buf *path);
static int link_ask(const struct cni_request *request, int *ret_fd, struct ifreq *ret_flags, struct ifreq *ret_queue, struct err *err);
static int link_set(const struct cni_request *request, struct err *err);
static int link_compare(const struct cni_request *request, struct err *err);
static short flags_wanted(const struct cni_request *request);

int cni_tuning_decode(struct cni_request *request, const json_t *args_cni, struct err *err)
{
	static const struct json_field rows[] = {
		{"sysctl", JSON_FIELD_OBJECT, offsetof(struct tuning, sysctl), 0, 0, 0},
		{"promisc", JSON_FIELD_TRI, offsetof(struct tuning, promisc), 0, 0, 0},
		{"allmulti", JSON_FIELD_TRI, offsetof(struct tuning, allmulti), 0, 0, 0},
		{"txQLen", JSON_FIELD_INT, offsetof(struct tuning, tx_queue), 0, 0, INT32_MAX},
		{0},
	};
	struct tuning conf = {.tx_queue = -1}, args = {.tx_queue = -1, .promisc = -1, .allmulti = -1};
	int rc = cni_decode(request->doc, rows, NULL, &conf, "the network configuration", err);

	if (rc == CNI_OK && args_cni)
		rc = cni_decode(args_cni, rows, NULL, &args, "args.cni", err);
	request->sysctls = json_object();
	if (rc == CNI_OK)
		rc = sysctls_take(request, conf.sysctl, err);
	if (rc == CNI_OK)
		rc = sysctls_take(request, args.sysctl, err);
	request->promisc = (args.promisc >= 0 ? args.promisc : conf.promisc) == 1;
	request->allmulti = (args.allmulti >= 0 ? args.allmulti : conf.allmulti) == 1;
	request->tx_queue = args.tx_queue >= 0 ? args.tx_queue : conf.tx_queue;
	return rc;
}

/* A name in dots or slashes, IFNAME for the interface, a text. */
static int sysctls_take(struct cni_request *request, const json_t *list, struct err *err)
{
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)(uintptr_t)list, key, value) {
		if (!json_is_string(value)) {
			err_set(err, ERR_USAGE, EINVAL, key, "sysctl %s: its value must be a text", key);
			return CNI_DECODE;
		}
		if (!cni_sysctl_allowed(key))
			return cni_field_refuse(err, "sysctl", key, "it belongs to no network namespace, or Moat keeps it");
		json_object_set(request->sysctls, key, (json_t *)(uintptr_t)value);
	}
	return CNI_OK;
}

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
	int rc = json_object_size(request->sysctls) > 0 ? inside(request, netns, write_all, err) : CNI_OK;

	return rc == CNI_OK && wants_link(request) ? inside(request, netns, link_set, err) : rc;
}

int cni_tune_check(const struct cni_request *request, int netns, struct err *err)
{
	return wants_link(request) ? inside(request, netns, link_compare, err) : CNI_OK;
}

static bool wants_link(const struct cni_request *request)
{
	return request->promisc || request->allmulti || request->tx_queue >= 0;
}

static int inside(const struct cni_request *request, int netns, int (*act)(const struct cni_request *, struct err *), struct err *err)
{
	cleanup(fd_closep) int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int rc;

	if (own < 0 || setns(netns, CLONE_NEWNET) < 0) {
		err_sys(err, ERR_KERNEL, errno, request->netns, "cannot enter the namespace to tune it");
		return CNI_KERNEL;
	}
	rc = act(request, err);
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

/* What the interface has; *ret_fd: to change it by. netdevice(7). */
static int link_ask(const struct cni_request *request, int *ret_fd, struct ifreq *ret_flags, struct ifreq *ret_queue, struct err *err)
{
	cleanup(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq flags = {0}, queue = {0};

	snprintf(flags.ifr_name, sizeof(flags.ifr_name), "%s", request->ifname);
	snprintf(queue.ifr_name, sizeof(queue.ifr_name), "%s", request->ifname);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &flags) < 0 || ioctl(fd, SIOCGIFTXQLEN, &queue) < 0) {
		err_sys(err, ERR_KERNEL, errno, request->ifname, "the flags and queue of the interface cannot be read");
		return CNI_KERNEL;
	}
	*ret_flags = flags;
	*ret_queue = queue;
	*ret_fd = fd;
	fd = -1;
	return CNI_OK;
}

static int link_set(const struct cni_request *request, struct err *err)
{
	cleanup(fd_closep) int fd = -1;
	struct ifreq flags, queue;
	int rc = link_ask(request, &fd, &flags, &queue, err);

	if (rc != CNI_OK)
		return rc;
	flags.ifr_flags = (short)(flags.ifr_flags | flags_wanted(request));
	if (flags_wanted(request) && ioctl(fd, SIOCSIFFLAGS, &flags) < 0) {
		err_sys(err, ERR_KERNEL, errno, request->ifname, "promisc or allmulti cannot be set");
		return CNI_KERNEL;
	}
	if (request->tx_queue < 0)
		return CNI_OK;
	queue.ifr_qlen = (int)request->tx_queue;
	if (ioctl(fd, SIOCSIFTXQLEN, &queue) < 0) {
		err_sys(err, ERR_KERNEL, errno, request->ifname, "txQLen cannot be set to %d", (int)request->tx_queue);
		return CNI_KERNEL;
	}
	return CNI_OK;
}

static int link_compare(const struct cni_request *request, struct err *err)
{
	cleanup(fd_closep) int fd = -1;
	struct ifreq flags, queue;
	short lacks;
	int rc = link_ask(request, &fd, &flags, &queue, err);

	if (rc != CNI_OK)
		return rc;
	lacks = (short)(flags_wanted(request) & ~flags.ifr_flags);
	if (lacks) {
		err_set(err, ERR_CONFLICT, ENODATA, request->ifname, "%s is off, which the configuration wants",
			lacks & IFF_PROMISC ? "promisc" : "allmulti");
		return CNI_DIFFERS;
	}
	if (request->tx_queue >= 0 && queue.ifr_qlen != request->tx_queue) {
		err_set(err, ERR_CONFLICT, ENODATA, request->ifname, "txQLen is %d, the configuration wants %d", queue.ifr_qlen,
			(int)request->tx_queue);
		return CNI_DIFFERS;
	}
	return CNI_OK;
}

static short flags_wanted(const struct cni_request *request)
{
	return (short)((request->promisc ? IFF_PROMISC : 0) | (request->allmulti ? IFF_ALLMULTI : 0));
}
