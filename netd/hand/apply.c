/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apply - groups of operations; see apply.h. Floor F4.
 *
 * rtnetlink takes many messages in one sendmsg(2), but is no transaction:
 * each stands alone. Some need the index of a link, which the kernel gives
 * out only when the link is made; so a message that may mean a link of the
 * same batch sends the batch off first ("flush"). nftables is a transaction:
 * all of a group or nothing.
 */
#include "netd/hand/apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/rtnl.h"
#include "lib/kern/rtnl_decode.h"
#include "lib/kern/sysctl.h"
#include "lib/kern/tap.h"
#include "netd/hand/apply_part.h"
#include "netd/hand/doom.h"

bool apply_goes_with_link(const struct op *op)
{
	const char *dev = op->obj.sysctl.dev;

	return op->obj.kind == OBJ_SYSCTL && op->obj.ns != 0 && op->verb == OP_ADD && dev[0] != '\0' && !str_eq(dev, "all") && !str_eq(dev, "default");
}

/*
 * The address generation mode of a new link goes by a message: the file of that sysctl is tried over and over while
 * anybody holds RTNL (net/ipv6/addrconf.c, addrconf_sysctl_addr_gen_mode()), and a message is in the batch anyway.
 */
static bool is_mode_of_link(const struct op *op)
{
	return apply_goes_with_link(op) && op->obj.sysctl.key == SYSCTL_IPV6_ADDR_GEN_MODE;
}

enum apply_class apply_class(const struct op *op)
{
	switch ((enum obj_kind)op->obj.kind) {
	case OBJ_NONE:
	case OBJ_KIND_COUNT:
	case OBJ_NETNS:
		return APPLY_NETNS;
	case OBJ_SYSCTL:
		return is_mode_of_link(op) ? APPLY_RTNL : APPLY_SYSCTL;
	case OBJ_RULESET:
	case OBJ_ELEM:
	case OBJ_PORT:
	case OBJ_REDIRECT:
		return APPLY_NFT;
	case OBJ_LINK:
	case OBJ_ADDR:
	case OBJ_UP:
	case OBJ_ROUTE:
	case OBJ_RULE:
	case OBJ_NEIGH:
	case OBJ_PROXY:
	case OBJ_FDB:
	case OBJ_QDISC:
		break;
	}
	return APPLY_RTNL;
}

void outcome_fail(struct outcome *out, int status, const char *text)
{
	out->status = status;
	snprintf(out->text, sizeof(out->text), "%.*s", SEAM_TEXT_SIZE - 1, text);
}

void outcome_fail_err(struct outcome *out, const struct err *err)
{
	outcome_fail(out, -err->no, err->msg);
}

void outcome_fail_shaping(struct outcome *out, const struct op *op)
{
	if (op->verb == OP_DEL)
		return;
	if (op->obj.kind == OBJ_LINK && op->obj.link.type == LINK_IFB && out->status == -EOPNOTSUPP)
		outcome_fail(out, out->status, "bandwidth from an endpoint needs ifb devices, which this kernel has not (CONFIG_IFB)");
	else if (op->obj.kind == OBJ_QDISC && out->status == -ENOENT)
		outcome_fail(out, out->status, "bandwidth needs the queue tbf, which this kernel has not (CONFIG_NET_SCH_TBF)");
	else if (op->obj.kind == OBJ_REDIRECT && out->status == -ENOENT)
		outcome_fail(out, out->status,
			     "bandwidth from an endpoint needs nftables' fwd, which this kernel has not (CONFIG_NFT_FWD_NETDEV)");
}

/* ---- namespaces ---- */

static void netns_one(struct apply *apply, const struct op *op, struct outcome *out)
{
	struct err err = ERR_INIT;
	char *pin;
	int r;

	if (op->verb == OP_DEL) {
		registry_forget(apply->reg, op->obj.ns, &pin);
		r = pin != NULL ? netns_unpin(pin, &err) : 0;
		free(pin);
	} else {
		r = registry_make(apply->reg, op->obj.ns, &err);
		/* The pin of the one before it may still be on its way out, or have gone since. */
		if (r == -EEXIST) {
			reaper_wait(apply->reaper);
			err = ERR_INIT;
			r = registry_make(apply->reg, op->obj.ns, &err);
		}
	}
	out->touched = r == 0;
	if (r < 0)
		outcome_fail_err(out, &err);
}

/* ---- sysctls ---- */

static void sysctl_one(struct ns_entry *entry, const struct op *op, struct outcome *out)
{
	const struct obj_sysctl *sysctl = &op->obj.sysctl;
	struct err err = ERR_INIT;
	int r;

	if (op->verb == OP_DEL)
		return; /* it dies with its link or namespace */
	/* One of a link made by the same plan goes again with it: no old value is ever asked for. */
	if (!apply_goes_with_link(op)) {
		r = sysctl_read(&entry->dirs, sysctl, &out->old, &err);
		out->old_known = r == 0;
		if (r == 0 && out->old == sysctl->value)
			return;
	}
	err = ERR_INIT;
	r = sysctl_write(&entry->dirs, sysctl, &err);
	out->touched = r == 0 || r == -EIO;
	if (r < 0)
		outcome_fail_err(out, &err);
}

/* ---- rtnetlink ---- */

/* A batch under way: which messages are whose, and whether it makes a link that a later message may mean. */
struct flight {
	struct nlsock *sock;
	struct nlbatch batch;
	const struct op *ops;
	struct outcome *out;
	uint32_t *messages; /* of each op, number of messages in the batch */
	size_t from, to;    /* ops in the batch */
	bool makes_link;
	char asked[OBJ_IFNAME_SIZE]; /* the link whose index was asked for last, until links come or go */
	uint32_t index;
};

static int index_of(struct flight *f, const char *name, uint32_t *ret_index, struct outcome *out)
{
	int index = 0;

	if (name[0] != '\0' && str_eq(f->asked, name)) {
		*ret_index = f->index;
		return 0;
	}
	if (name[0] != '\0')
		index = nlsock_ifindex(f->sock, name);
	if (index < 0) {
		out->status = index;
		snprintf(out->text, sizeof(out->text), "link %s: %s", name, strerror(-index));
		return index;
	}
	if (str_copy(f->asked, sizeof(f->asked), name) == 0)
		f->index = (uint32_t)index;
	*ret_index = (uint32_t)index;
	return 0;
}

/* The link whose index the message must bear, NULL where it bears names alone. */
static const char *index_name(const struct op *op)
{
	const struct obj *obj = &op->obj;

	switch ((enum obj_kind)obj->kind) {
	case OBJ_LINK:
		return op->verb != OP_DEL && obj->link.master[0] != '\0' ? obj->link.master
									 : NULL;
	case OBJ_ADDR:
		return obj->addr.dev;
	case OBJ_ROUTE:
		return obj->route.dev[0] != '\0' ? obj->route.dev : NULL;
	case OBJ_NEIGH:
		return obj->neigh.dev;
	case OBJ_PROXY:
		return obj->proxy.dev;
	case OBJ_FDB:
		return obj->fdb.dev;
	case OBJ_QDISC:
		return obj->qdisc.dev;
	case OBJ_REDIRECT:
	case OBJ_UP:
	case OBJ_RULE:
	case OBJ_NONE:
	case OBJ_NETNS:
	case OBJ_SYSCTL:
	case OBJ_RULESET:
	case OBJ_ELEM:
	case OBJ_PORT:
	case OBJ_KIND_COUNT:
		break;
	}
	return NULL;
}

/*
 * A message that bears a MAC address makes the kernel forget all neighbours of the link, permanent
 * ones too, even if it is the address it has (NETDEV_CHANGEADDR, neigh_changeaddr() in
 * net/core/neighbour.c). So one that does not change is left out.
 */
static int encode_link_set(struct nlsock *sock, struct nlbatch *batch, const struct obj_link *link,
			   uint32_t master, struct outcome *out)
{
	cleanup(buf_fini) struct buf bytes = BUF_INIT;
	cleanup(mem_freep) struct rtnl_link_info *infos = NULL;
	struct obj_link message = *link;
	struct err err = ERR_INIT;
	int count, r;

	/* which address it has must be known, or neighbours are lost without a word */
	r = rtnl_link_get(sock, link->name, &bytes, &err);
	if (r < 0) {
		outcome_fail(out, r, err.msg);
		return r;
	}
	count = rtnl_list_links((struct rtnl_slice){bytes.data, bytes.size}, &infos);
	if (count == 1 && memcmp(&infos[0].mac, &link->mac, sizeof(link->mac)) == 0)
		memset(&message.mac, 0, sizeof(message.mac));
	rtnl_link_set(batch, &message, master);
	return 0;
}

/* Of an end inside of a stack nothing but its MTU: its owner may have bridged it, or given it another MAC address. */
static bool says_mtu_only(const struct op *op)
{
	const struct obj_link *link = &op->obj.link;

	return ns_class(op->obj.ns) >= NS_STACK && mac_is_zero(&link->mac) && !link->alias[0] && !link->master[0];
}

static int tap_add(struct apply *apply, uint64_t ns, const char *name, struct err *err)
{
	const struct ns_entry *entry = registry_find(apply->reg, ns);
	int r;

	if (entry == NULL)
		return err_set(err, ERR_NOTFOUND, ENOENT, name, "the namespace is not known here");
	r = netns_enter(entry->fd, err);
	if (r < 0)
		return r;
	r = tap_make(name, err);
	netns_leave(apply->reg->host.fd);
	return r;
}

/*
 * A tap is made at once, and not by the batch; the batch says the rest of it. What failed after that is undone like
 * any link that stands.
 */
static int encode_tap(struct apply *apply, const struct op *op, struct nlbatch *batch, uint32_t master,
		      struct outcome *out)
{
	const char *name = op->obj.link.name;
	struct err err = ERR_INIT;
	int r = tap_add(apply, op->obj.ns, name, &err);

	/* the one before it may still be on its way out, or have gone since */
	if (r == -EEXIST) {
		reaper_wait(apply->reaper);
		err = ERR_INIT;
		r = tap_add(apply, op->obj.ns, name, &err);
	}
	if (r < 0) {
		outcome_fail_err(out, &err);
		return r;
	}
	out->touched = true;
	rtnl_link_set(batch, &op->obj.link, master);
	return 0;
}

static int encode_link(struct apply *apply, struct nlsock *sock, struct nlbatch *batch,
		       const struct op *op, uint32_t master, struct outcome *out)
{
	const struct obj_link *link = &op->obj.link;
	int peer_fd = -1;

	if (op->verb == OP_SET && says_mtu_only(op)) {
		rtnl_link_mtu(batch, link->name, link->mtu);
		return 0;
	}
	if (link->type == LINK_IFB) {
		/* its number cannot be changed: it is made anew */
		if (op->verb == OP_SET)
			rtnl_link_del(batch, link->name);
		rtnl_ifb_add(batch, link);
		return 0;
	}
	if (op->verb == OP_SET)
		return encode_link_set(sock, batch, link, master, out);
	if (link->type == LINK_BRIDGE) {
		rtnl_bridge_add(batch, link);
		return 0;
	}
	if (link->type == LINK_TAP)
		return encode_tap(apply, op, batch, master, out);
	if (link->peer_ns != op->obj.ns) {
		const struct ns_entry *peer = registry_find(apply->reg, link->peer_ns);

		if (peer == NULL) {
			outcome_fail(out, -ENOENT, "the peer's namespace is not known here");
			return -ENOENT;
		}
		peer_fd = peer->fd;
	}
	rtnl_veth_add(batch, link, master, peer_fd);
	return 0;
}

static void encode_other(struct nlbatch *batch, const struct op *op, uint32_t index)
{
	const struct obj *obj = &op->obj;
	bool del = op->verb == OP_DEL;

	switch ((enum obj_kind)obj->kind) {
	case OBJ_ADDR:
		(del ? rtnl_addr_del : rtnl_addr_add)(batch, &obj->addr, index);
		break;
	case OBJ_UP:
		rtnl_link_up(batch, obj->up.dev, !del);
		break;
	case OBJ_ROUTE:
		(del			 ? rtnl_route_del
		 : op->verb == OP_SET ? rtnl_route_set
				      : rtnl_route_add)(batch, &obj->route, index);
		break;
	case OBJ_RULE:
		(del ? rtnl_rule_del : rtnl_rule_add)(batch, &obj->rule);
		break;
	case OBJ_NEIGH:
		/* An entry without an address may be there: the kernel was asking for one who was not yet. */
		(del ? rtnl_neigh_del : rtnl_neigh_set)(batch, &obj->neigh, index);
		break;
	case OBJ_PROXY:
		(del ? rtnl_proxy_del : rtnl_proxy_add)(batch, &obj->proxy, index);
		break;
	case OBJ_FDB:
		(del ? rtnl_fdb_del : rtnl_fdb_add)(batch, &obj->fdb, index);
		break;
	case OBJ_QDISC:
		if (del)
			rtnl_qdisc_del(batch, index);
		else
			rtnl_qdisc_set(batch, &obj->qdisc, index);
		break;
	case OBJ_SYSCTL:
		rtnl_link_gen_mode(batch, obj->sysctl.dev, (uint8_t)obj->sysctl.value);
		break;
	case OBJ_NONE:
	case OBJ_NETNS:
	case OBJ_LINK:
	case OBJ_RULESET:
	case OBJ_ELEM:
	case OBJ_PORT:
	case OBJ_REDIRECT:
	case OBJ_KIND_COUNT:
		break;
	}
}

static int encode(struct apply *apply, struct flight *f, const struct op *op, struct outcome *out)
{
	struct nlbatch *batch = &f->batch;
	const char *name = index_name(op);
	uint32_t index = 0;

	if (name != NULL) {
		int r = index_of(f, name, &index, out);

		if (r < 0)
			return r;
	}
	if (op->obj.kind == OBJ_LINK)
		return encode_link(apply, f->sock, batch, op, index, out);
	if (op->obj.kind == OBJ_NEIGH && op->verb != OP_DEL)
		reaper_wait_neigh(apply->reaper, op->obj.ns, &op->obj.neigh);
	encode_other(batch, op, index);
	return 0;
}

static void acks_read(struct flight *f, struct nlack *acks)
{
	uint32_t at = 0;

	for (size_t i = f->from; i < f->to; i++) {
		struct outcome *out = &f->out[i];

		for (uint32_t m = 0; m < f->messages[i]; m++, at++) {
			/* A rule that stands already says the same: its link went, and it stayed. */
			if (acks[at].status == -EEXIST && f->ops[i].obj.kind == OBJ_RULE)
				acks[at].status = 0;
			/* One that is given another value is taken out first, and may have gone by itself. */
			if (acks[at].status == -ESRCH && m == 0 && f->ops[i].verb == OP_SET && f->ops[i].obj.kind == OBJ_ROUTE)
				acks[at].status = 0;
			/* -EIO: the answer is lost, so it may have happened. */
			out->touched |= acks[at].status == 0 || acks[at].status == -EIO;
			if (acks[at].status != 0 && out->status == 0)
				outcome_fail(out, acks[at].status,
				     acks[at].text[0] != '\0' ? acks[at].text
							      : strerror(-acks[at].status));
		}
		outcome_fail_shaping(out, &f->ops[i]);
	}
}

static void send_flight(struct flight *f)
{
	cleanup(mem_freep) struct nlack *acks = NULL;
	int lost;

	if (f->batch.count > 0) {
		acks = mem_array(f->batch.count, sizeof(*acks));
		lost = nlsock_exec(f->sock, &f->batch, acks);
		for (uint32_t i = 0; lost < 0 && i < f->batch.count; i++) {
			if (acks[i].status == -EIO && acks[i].text[0] == '\0')
				snprintf(acks[i].text, sizeof(acks[i].text), "no answer: %s",
					 strerror(-lost));
		}
		acks_read(f, acks);
	}
	nlbatch_clear(&f->batch);
	if (f->makes_link)
		f->asked[0] = '\0';
	f->makes_link = false;
}

/* What failed is tried once more, by itself. The flight's range is the caller's to put back. */
static void one_again(struct apply *apply, struct flight *f, size_t i)
{
	f->out[i] = (struct outcome){.touched = f->out[i].touched};
	f->from = i;
	f->to = i + 1;
	if (encode(apply, f, &f->ops[i], &f->out[i]) == 0) {
		f->messages[i] = f->batch.count;
		send_flight(f);
	}
}

/*
 * A link that exists already may be one on its way out, with the reaper, or
 * the other end of one. Then the reaper finishes first, and what failed is
 * tried once more, one by one, in order.
 */
static void send_again(struct apply *apply, struct flight *f)
{
	size_t from = f->from, to = f->to;
	bool taken = false;

	for (size_t i = from; i < to; i++) {
		if (f->ops[i].verb == OP_ADD && f->ops[i].obj.kind == OBJ_LINK &&
		    f->out[i].status == -EEXIST)
			taken = true;
	}
	if (!taken)
		return;
	reaper_wait(apply->reaper); /* nothing to wait for: it has gone since */
	for (size_t i = from; i < to; i++) {
		if (f->out[i].status != 0)
			one_again(apply, f, i);
	}
	f->from = from;
	f->to = to;
}

/* Return: 0: an address that stands, and had lost its route, has one again; it was not made here, so is not to be undone. */
static int addr_connect(struct flight *f, const struct obj_addr *addr, struct outcome *out)
{
	uint32_t index;
	struct nlack ack;
	int r = index_of(f, addr->dev, &index, out);

	if (r < 0)
		return r;
	rtnl_addr_connect(&f->batch, &addr->addr, index);
	r = nlsock_exec(f->sock, &f->batch, &ack);
	nlbatch_clear(&f->batch);
	if (r == 0)
		*out = (struct outcome){0};
	return r;
}

/*
 * An address of host or router that stands already may have lost its route, and counts as missing then (rtnl_decode.c,
 * is_connected()). So that is made, and what failed behind it, for want of the route as a rule, is tried once more.
 */
static void addrs_again(struct apply *apply, struct flight *f)
{
	size_t from = f->from, to = f->to;
	bool again = false;

	for (size_t i = from; i < to; i++) {
		const struct op *op = &f->ops[i];

		if (op->verb == OP_ADD && op->obj.kind == OBJ_ADDR && f->out[i].status == -EEXIST && ns_class(op->obj.ns) <= NS_ROUTER &&
		    addr_connect(f, &op->obj.addr, &f->out[i]) == 0)
			again = true;
		if (again && f->out[i].status != 0)
			one_again(apply, f, i);
	}
	f->from = from;
	f->to = to;
}

/* Return: whether one of its operations failed. */
static bool flush(struct apply *apply, struct flight *f)
{
	size_t from = f->from, to = f->to;
	bool failed = false;

	send_flight(f);
	send_again(apply, f);
	addrs_again(apply, f);
	for (size_t i = from; i < to; i++)
		failed |= f->out[i].status != 0;
	f->from = f->to = to;
	return failed;
}

static void links_remove(struct nlsock *sock, const struct op *ops, size_t count,
			 struct outcome *out)
{
	cleanup(mem_freep) const char **names = mem_array(count, sizeof(*names));
	cleanup(mem_freep) struct nlack *acks = mem_array(count, sizeof(*acks));
	int r;

	for (size_t i = 0; i < count; i++)
		names[i] = ops[i].obj.link.name;
	r = doom_links(sock, names, count, acks);
	for (size_t i = 0; i < count; i++) {
		int status = r < 0 ? r : acks[i].status;

		out[i].touched = true;
		if (status != 0)
			outcome_fail(&out[i], status,
			     acks[i].text[0] != '\0' ? acks[i].text : strerror(-status));
	}
}

static bool is_link_del(const struct op *op)
{
	return op->verb == OP_DEL && op->obj.kind == OBJ_LINK;
}

/* Return: how many operations were taken up. */
static size_t rtnl_run(struct apply *apply, struct flight *f, size_t count, bool go_on)
{
	size_t i = 0;

	while (i < count) {
		const struct op *op = &f->ops[i];
		uint32_t before;

		if (is_link_del(op)) {
			size_t n = 1;

			if (flush(apply, f) && !go_on)
				return i;
			while (i + n < count && is_link_del(op + n))
				n++;
			links_remove(f->sock, op, n, &f->out[i]);
			f->asked[0] = '\0';
			i += n;
			f->from = f->to = i;
			continue;
		}
		if (f->makes_link && index_name(op) != NULL && flush(apply, f) && !go_on)
			return i;
		before = f->batch.count;
		if (encode(apply, f, op, &f->out[i]) < 0 && !go_on) {
			flush(apply, f);
			return i + 1;
		}
		f->messages[i] = f->batch.count - before;
		f->makes_link |= op->verb != OP_DEL && op->obj.kind == OBJ_LINK;
		f->to = ++i;
	}
	flush(apply, f);
	return i;
}

static size_t rtnl_group(struct apply *apply, struct ns_entry *entry, const struct op *ops,
			 size_t count, bool go_on, struct outcome *out)
{
	cleanup(mem_freep) uint32_t *messages = mem_array(count, sizeof(*messages));
	struct flight f = {.ops = ops, .out = out, .messages = messages};
	struct err err = ERR_INIT;
	size_t done;

	if (registry_rtnl(apply->reg, entry, &f.sock, &err) < 0) {
		outcome_fail_err(&out[0], &err);
		return 1;
	}
	done = rtnl_run(apply, &f, count, go_on);
	nlbatch_fini(&f.batch);
	return done;
}

/* ---- all ---- */

static size_t each_group(struct apply *apply, struct ns_entry *entry, const struct op *ops,
			 size_t count, bool go_on, struct outcome *out)
{
	bool sysctls = apply_class(&ops[0]) == APPLY_SYSCTL;
	struct err err = ERR_INIT;
	size_t i;

	if (sysctls && entry->ns != 0 && netns_enter(entry->fd, &err) < 0) {
		outcome_fail_err(&out[0], &err);
		return 1;
	}
	if (sysctls)
		entry->dirs.once = count == 1 && ns_class(entry->ns) >= NS_STACK; /* those of host and routers stay open */
	for (i = 0; i < count; i++) {
		if (sysctls)
			sysctl_one(entry, &ops[i], &out[i]);
		else
			netns_one(apply, &ops[i], &out[i]);
		if (out[i].status != 0 && !go_on) {
			i++;
			break;
		}
	}
	if (sysctls && entry->ns != 0) {
		registry_rtnl_here(entry);
		netns_leave(apply->reg->host.fd);
	}
	return i;
}

int apply_group(struct apply *apply, const struct op *ops, size_t count, bool go_on,
		struct outcome *out)
{
	enum apply_class class = apply_class(&ops[0]);
	struct ns_entry *entry = registry_find(apply->reg, ops[0].obj.ns);
	size_t done = count;
	int worst = 0;

	memset(out, 0, count * sizeof(*out));
	if (entry == NULL && class != APPLY_NETNS) {
		/* What was in it is gone with it. */
		for (size_t i = 0; i < count; i++) {
			if (ops[i].verb != OP_DEL)
				outcome_fail(&out[i], -ENOENT, "the namespace is not known here");
		}
	} else if (class == APPLY_RTNL) {
		done = rtnl_group(apply, entry, ops, count, go_on, out);
	} else if (class == APPLY_NFT) {
		done = apply_nft_group(apply, entry, ops, count, go_on, out);
	} else {
		done = each_group(apply, entry, ops, count, go_on, out);
	}
	for (size_t i = done; i < count; i++)
		out[i].status = -ECANCELED;
	for (size_t i = 0; i < count; i++)
		worst |= out[i].status != 0;
	return worst;
}
