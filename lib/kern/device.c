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

/* Both ends of a way: a namespace and a socket in it */
struct place {
	int netns;
	struct nlsock *sock;
};

static int link_find(struct nlsock *sock, const char *name, uint32_t index,
		     struct rtnl_link_info *ret_link, struct err *err);
static int link_keep(const struct rtnl_link_info *link, struct err *err);
static int link_refuse(const struct rtnl_link_info *link, struct err *err);
static int route_refuse(struct nlsock *sock, const struct rtnl_link_info *link, struct err *err);
static int move(struct nlsock *from, uint32_t index, const char *name, int netns,
		struct err *err);
static int up(struct nlsock *sock, const char *name, struct err *err);
static bool name_is_ours(const char *name);
static int places_open(int netns, struct place *home, struct place *there, struct err *err);
static void places_close(struct place *home, struct place *there);
static int carry(const struct place *from, const struct place *to, const struct rtnl_link_info *link,
		 const char *as, bool make_up, uint32_t *ret_index, struct err *err);
static int index_free(struct nlsock *sock, uint32_t wish, const char *name, uint32_t *ret_index, struct err *err);
static int addrs_add(struct nlsock *sock, const struct buf *addrs, uint32_t from, const struct rtnl_link_info *link,
		     struct err *err);

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
	struct place home = {-1, NULL}, there = {-1, NULL};
	struct rtnl_link_info link;
	int rc = places_open(netns, &home, &there, err);

	if (rc == 0)
		rc = link_find(home.sock, device->name, 0, &link, err);
	if (rc == 0)
		rc = move(home.sock, link.index, NULL, netns, err);
	if (rc == 0)
		rc = link_find(there.sock, device->name, 0, &link, err);
	if (rc == 0) {
		device->index = link.index;
		device->link = link.link;
		device->far = link.far;
		rc = up(there.sock, device->name, err);
	}
	places_close(&home, &there);
	return rc;
}

int device_return(int netns, const struct device *device, struct err *err)
{
	struct place home = {-1, NULL}, there = {-1, NULL};
	struct rtnl_link_info link;
	int rc = places_open(netns, &home, &there, err);

	if (rc == 0)
		rc = link_find(there.sock, device->name, device->index, &link, err);
	/* A root of the stack may have made another of that number: only the host's has the host's other end. */
	if (rc == 0 && (!str_eq(link.kind, device->kind) || link.link != device->link ||
			link.far != device->far))
		rc = err_set(err, ERR_CONFLICT, EEXIST, device->name,
			     "what is in its place inside is not the host's interface");
	if (rc == 0)
		rc = move(there.sock, link.index, device->name, home.netns, err);
	if (rc == 0 && device->up)
		rc = up(home.sock, device->name, err);
	places_close(&home, &there);
	return rc == -ENODEV ? 0 : rc;
}

int device_give(int netns, const char *name, const char *as, struct device *ret_device, struct err *err)
{
	struct place home = {-1, NULL}, there = {-1, NULL};
	struct device device = {0};
	struct rtnl_link_info link;
	int rc = places_open(netns, &home, &there, err);

	if (rc == 0) {
		rc = link_find(home.sock, name, 0, &link, err);
		if (rc == -ENODEV)
			rc = err_set(err, ERR_NOTFOUND, ENODEV, name, "no such interface");
	}
	if (rc == 0)
		rc = link_keep(&link, err);
	if (rc == 0)
		rc = carry(&home, &there, &link, as ? as : name, true, &device.index, err);
	if (rc == 0) {
		(void)str_copy(device.name, sizeof(device.name), link.name);
		device.up = link.up;
		*ret_device = device;
	}
	places_close(&home, &there);
	return rc;
}

int device_give_back(int netns, const struct device *device, struct err *err)
{
	struct place home = {-1, NULL}, there = {-1, NULL};
	struct rtnl_link_info link;
	uint32_t index;
	int rc = places_open(netns, &home, &there, err);

	if (rc == 0)
		rc = link_find(there.sock, device->name, device->index, &link, err);
	if (rc == 0)
		rc = carry(&there, &home, &link, device->name, device->up, &index, err);
	places_close(&home, &there);
	return rc == -ENODEV ? 0 : rc;
}

/* ----------------------------------------------------------------- helpers */

static int places_open(int netns, struct place *home, struct place *there, struct err *err)
{
	int rc = netns_home(&home->netns, err);

	if (rc < 0)
		return rc;
	there->netns = netns;
	if (netns_same(home->netns, netns))
		return err_set(err, ERR_CONFLICT, EINVAL, NULL, "the container's network namespace is the host's");
	rc = nlsock_open(NLSOCK_RTNL, -1, -1, &home->sock, err);
	return rc == 0 ? nlsock_open(NLSOCK_RTNL, netns, home->netns, &there->sock, err) : rc;
}

static void places_close(struct place *home, struct place *there)
{
	nlsock_close(there->sock);
	nlsock_close(home->sock);
	fd_close(home->netns);
}

/*
 * The kernel moves first and renames then: with a name that is taken it leaves the interface there under its old name.
 * So the number it gets is ours to say: by that it is found, whatever it is called, and brought back.
 */
static int carry(const struct place *from, const struct place *to, const struct rtnl_link_info *link,
		 const char *as, bool make_up, uint32_t *ret_index, struct err *err)
{
	struct buf addrs = BUF_INIT;
	struct nlbatch batch = {0};
	struct rtnl_link_info now;
	struct nlack ack = {0};
	uint32_t index = 0, back;
	int rc = rtnl_dump(from->sock, RTNL_ADDRS, &addrs, err);

	if (rc == 0)
		rc = index_free(to->sock, link->index, as, &index, err);
	if (rc == 0) {
		rtnl_link_carry(&batch, link->index, as, to->netns, index);
		rc = nlsock_exec(from->sock, &batch, &ack);
		if (rc > 0)
			rc = err_sys(err, ack.status == -EEXIST ? ERR_CONFLICT : ERR_KERNEL, -ack.status, link->name,
				     "move of the interface, to be called %s%s%s", as, ack.text[0] ? ": " : "", ack.text);
		else if (rc < 0)
			rc = err_sys(err, ERR_KERNEL, -rc, link->name, "move of the interface");
	}
	nlbatch_fini(&batch);
	if (index && link_find(from->sock, as, link->index, &now, NULL) == -ENODEV &&
	    link_find(to->sock, as, index, &now, NULL) == 0) {
		if (rc == 0)
			rc = addrs_add(to->sock, &addrs, link->index, &now, err);
		if (rc == 0 && make_up)
			rc = up(to->sock, now.name, err);
		if (rc < 0 && index_free(from->sock, link->index, link->name, &back, NULL) == 0) {
			rtnl_link_carry(&batch, index, link->name, from->netns, back);
			(void)nlsock_exec(to->sock, &batch, &ack);
			nlbatch_fini(&batch);
			now.index = back;
			(void)addrs_add(from->sock, &addrs, link->index, &now, NULL);
			if (link->up)
				(void)up(from->sock, link->name, NULL);
		}
		*ret_index = index;
	} else if (rc == 0) {
		rc = err_set(err, ERR_CONFLICT, ENOENT, link->name, "the interface went elsewhere meanwhile");
	}
	buf_fini(&addrs);
	return rc;
}

/* A number for a link that comes: @wish, or the next that is free; and is the name free? "%d" asks for any. */
static int index_free(struct nlsock *sock, uint32_t wish, const char *name, uint32_t *ret_index, struct err *err)
{
	struct rtnl_link_info *links = NULL;
	struct buf bytes = BUF_INIT;
	bool taken = true;
	int count = 0, rc = rtnl_dump(sock, RTNL_LINKS, &bytes, err);

	if (rc == 0) {
		count = rtnl_list_links((struct rtnl_slice){bytes.data, bytes.size}, &links);
		if (count < 0)
			rc = err_sys(err, ERR_KERNEL, -count, name, "list of links");
	}
	for (int i = 0; rc == 0 && i < count; i++)
		if (str_eq(links[i].name, name))
			rc = err_set(err, ERR_CONFLICT, EEXIST, name, "there is an interface of that name already");
	for (; rc == 0 && taken; wish += taken ? 1 : 0) {
		taken = false;
		for (int i = 0; i < count; i++)
			taken = taken || links[i].index == wish;
	}
	*ret_index = rc == 0 ? wish : 0;
	free(links);
	buf_fini(&bytes);
	return rc;
}

static int addrs_add(struct nlsock *sock, const struct buf *addrs, uint32_t from, const struct rtnl_link_info *link,
		     struct err *err)
{
	struct nlbatch batch = {0};
	struct nlack *acks = NULL;
	int rc = 0;

	rtnl_addrs_keep(&batch, addrs->data, addrs->size, from, link->index);
	if (batch.count) {
		acks = mem_array(batch.count, sizeof(*acks));
		rc = nlsock_exec(sock, &batch, acks);
	}
	if (rc < 0)
		rc = err_sys(err, ERR_KERNEL, -rc, link->name, "keep its addresses");
	for (uint32_t i = 0; rc > 0 && i < batch.count; i++)
		if (acks[i].status < 0)
			rc = err_sys(err, ERR_KERNEL, -acks[i].status, link->name, "keep its addresses%s%s",
				     acks[i].text[0] ? ": " : "", acks[i].text);
	free(acks);
	nlbatch_fini(&batch);
	return rc;
}

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

/* Those nobody may have */
static int link_keep(const struct rtnl_link_info *link, struct err *err)
{
	if (link->loopback)
		return err_set(err, ERR_PERMISSION, EPERM, link->name,
			       "loopback belongs to its stack");
	if (name_is_ours(link->name))
		return err_set(err, ERR_PERMISSION, EPERM, link->name, "it is one of Moat's own");
	if (link->master)
		return err_set(err, ERR_CONFLICT, EBUSY, link->name,
			       "it is a port of a bridge or a bond");
	return 0;
}

static int link_refuse(const struct rtnl_link_info *link, struct err *err)
{
	int rc = link_keep(link, err);

	if (rc < 0)
		return rc;
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
