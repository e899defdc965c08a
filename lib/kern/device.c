// SPDX-License-Identifier: GPL-2.0-or-later
/* device - interfaces of the host's in stacks. Floor F2. */
#include "lib/kern/device.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/netns.h"
#include "lib/kern/nlsock.h"
#include "lib/kern/rtnl.h"
#include "lib/kern/rtnl_decode.h"

static int link_find(struct nlsock *sock, const char *name, uint32_t index,
		     struct rtnl_link_info *ret_link, struct err *err);
static int link_refuse(const struct rtnl_link_info *link, struct err *err);
static int route_refuse(struct nlsock *sock, const struct rtnl_link_info *link, struct err *err);
static int move(struct nlsock *from, uint32_t index, const char *name, int netns,
		struct err *err);
static int up(struct nlsock *sock, const char *name, struct err *err);
static bool name_is_ours(const char *name);

int device_look(const char *name, bool force, struct device *ret_device, struct err *err)
{
	struct device device = {0};
	struct rtnl_link_info link;
	struct nlsock *sock;
	int rc = nlsock_open(NLSOCK_RTNL, -1, -1, &sock, err);

	if (rc < 0)
		return rc;
	rc = link_find(sock, name, 0, &link, err);
	if (rc == -ENODEV)
		rc = err_set(err, ERR_NOTFOUND, ENODEV, name, "no such interface");
	if (rc == 0)
		rc = link_refuse(&link, err);
	if (rc == 0 && !force)
		rc = route_refuse(sock, &link, err);
	nlsock_close(sock);
	if (rc < 0)
		return rc;
	(void)str_copy(device.name, sizeof(device.name), link.name);
	(void)str_copy(device.kind, sizeof(device.kind), link.kind);
	device.link = link.link;
	/* Here the other end may be near, but seen from the stack it is far. */
	device.far = link.link != 0;
	device.up = link.up;
	*ret_device = device;
	return 0;
}

int device_take(int netns, struct device *device, struct err *err)
{
	struct nlsock *host = NULL, *stack = NULL;
	struct rtnl_link_info link;
	int home, rc;

	rc = netns_home(&home, err);
	if (rc < 0)
		return rc;
	rc = nlsock_open(NLSOCK_RTNL, -1, -1, &host, err);
	if (rc == 0)
		rc = nlsock_open(NLSOCK_RTNL, netns, home, &stack, err);
	if (rc == 0)
		rc = link_find(host, device->name, 0, &link, err);
	if (rc == 0)
		rc = move(host, link.index, NULL, netns, err);
	if (rc == 0)
		rc = link_find(stack, device->name, 0, &link, err);
	if (rc == 0) {
		device->index = link.index;
		device->link = link.link;
		device->far = link.far;
		rc = up(stack, device->name, err);
	}
	nlsock_close(stack);
	nlsock_close(host);
	fd_close(home);
	return rc;
}

int device_return(int netns, const struct device *device, struct err *err)
{
	struct nlsock *host = NULL, *stack = NULL;
	struct rtnl_link_info link;
	int home, rc;

	rc = netns_home(&home, err);
	if (rc < 0)
		return rc;
	rc = nlsock_open(NLSOCK_RTNL, -1, -1, &host, err);
	if (rc == 0)
		rc = nlsock_open(NLSOCK_RTNL, netns, home, &stack, err);
	if (rc == 0)
		rc = link_find(stack, device->name, device->index, &link, err);
	/* A root of the stack may have made another of that number: only the host's has the host's other end. */
	if (rc == 0 && (!str_eq(link.kind, device->kind) || link.link != device->link ||
			link.far != device->far))
		rc = err_set(err, ERR_CONFLICT, EEXIST, device->name,
			     "what is in its place inside is not the host's interface");
	if (rc == 0)
		rc = move(stack, link.index, device->name, home, err);
	if (rc == 0 && device->up)
		rc = up(host, device->name, err);
	nlsock_close(stack);
	nlsock_close(host);
	fd_close(home);
	return rc == -ENODEV ? 0 : rc;
}

/* ----------------------------------------------------------------- helpers */

/* @index: 0: by name. Return: 0; -ENODEV without a word; -errno. */
static int link_find(struct nlsock *sock, const char *name, uint32_t index,
		     struct rtnl_link_info *ret_link, struct err *err)
{
	struct buf bytes = BUF_INIT;
	struct rtnl_link_info *links = NULL;
	int count, rc = rtnl_dump(sock, RTNL_LINKS, &bytes, err);

	if (rc == 0) {
		count = rtnl_list_links((struct rtnl_slice){bytes.data, bytes.size}, &links);
		rc = count < 0 ? err_sys(err, ERR_KERNEL, -count, name, "list of links")
			       : -ENODEV;
		for (int i = 0; rc == -ENODEV && i < count; i++)
			if (index ? links[i].index == index : str_eq(links[i].name, name)) {
				*ret_link = links[i];
				rc = 0;
			}
	}
	free(links);
	buf_fini(&bytes);
	return rc;
}

static int link_refuse(const struct rtnl_link_info *link, struct err *err)
{
	if (link->loopback)
		return err_set(err, ERR_PERMISSION, EPERM, link->name,
			       "loopback belongs to its stack");
	if (name_is_ours(link->name))
		return err_set(err, ERR_PERMISSION, EPERM, link->name, "it is one of Moat's own");
	if (link->master)
		return err_set(err, ERR_CONFLICT, EBUSY, link->name,
			       "it is a port of a bridge or a bond");
	/* Anybody with NET_ADMIN inside could delete it and make its like. */
	if (link->kind[0] && !link->link)
		return err_set(err, ERR_PERMISSION, EPERM, link->name,
			       "an interface of kind %s could not be known again when it comes back",
			       link->kind);
	return 0;
}

static int route_refuse(struct nlsock *sock, const struct rtnl_link_info *link, struct err *err)
{
	struct buf bytes = BUF_INIT;
	struct rtnl_route_info *routes = NULL;
	int count, rc = rtnl_dump(sock, RTNL_ROUTES, &bytes, err);

	if (rc == 0) {
		count = rtnl_list_routes((struct rtnl_slice){bytes.data, bytes.size}, &routes);
		if (count < 0)
			rc = err_sys(err, ERR_KERNEL, -count, link->name, "list of routes");
		for (int i = 0; rc == 0 && i < count; i++)
			if (routes[i].dst.len == 0 && routes[i].index == link->index)
				rc = err_set(err, ERR_CONFLICT, EBUSY, link->name,
					     "the host's default route leads there; with "
					     "\",force\" it is taken all the same");
	}
	free(routes);
	buf_fini(&bytes);
	return rc;
}

static int move(struct nlsock *from, uint32_t index, const char *name, int netns,
		struct err *err)
{
	struct nlbatch batch = {0};
	struct nlack ack;
	int rc;

	rtnl_link_move(&batch, index, name, netns);
	rc = nlsock_exec(from, &batch, &ack);
	nlbatch_fini(&batch);
	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, name, "move of the interface");
	if (rc > 0)
		return err_sys(err, ack.status == -EEXIST ? ERR_CONFLICT : ERR_KERNEL, -ack.status,
			       name, "move of the interface%s%s", ack.text[0] ? ": " : "", ack.text);
	return 0;
}

static int up(struct nlsock *sock, const char *name, struct err *err)
{
	struct nlbatch batch = {0};
	struct nlack ack;
	int rc;

	rtnl_link_up(&batch, name, true);
	rc = nlsock_exec(sock, &batch, &ack);
	nlbatch_fini(&batch);
	/* The other end of a veth may be gone by now: that is not what was asked. */
	if (rc == 0 || (rc > 0 && ack.status == -ENOTCONN))
		return 0;
	return err_sys(err, ERR_KERNEL, rc < 0 ? -rc : -ack.status, name, "set up");
}

/* m, a letter, 12 hexadecimal digits: obj.h */
static bool name_is_ours(const char *name)
{
	return strlen(name) == 14 && name[0] == 'm' && strspn(name + 2, "0123456789abcdef") == 12;
}
