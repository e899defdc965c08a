/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_nft - the rules a plan must keep in nftables: which rule set stands where, which device and address may be named in
 * which set, and which ports of the host may be published by whom; see check.h. Floor F4, pure.
 */
#include "netd/hand/check_rules.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

enum { PORT_PRIVILEGED = 1024 }; /* ports below are root's */

static bool kind_fits(enum ruleset_kind kind, enum ns_class class)
{
	if (kind == RULESET_HOST)
		return class == NS_HOST;
	return (kind == RULESET_ROUTER || kind == RULESET_GUARD) && class == NS_ROUTER;
}

/* The host's table in the host, the router's two in routers, none anywhere else: the owner of a stack has his own. */
static int rule_ruleset(struct check *c, const struct op *op)
{
	const struct obj *obj = &op->obj;
	const struct set_def *def;
	enum ruleset_kind kind;

	if (obj->kind == OBJ_RULESET) {
		kind = (enum ruleset_kind)obj->ruleset.kind;
	} else if (obj->kind == OBJ_PORT || obj->kind == OBJ_REDIRECT) {
		kind = RULESET_GUARD;
	} else if (obj->kind == OBJ_ELEM) {
		def = set_def_get(obj->elem.set);
		kind = def != NULL ? def->in : RULESET_NONE;
	} else {
		return 0;
	}
	return kind_fits(kind, ns_class(obj->ns))
		       ? 0
		       : refuse(c, EPERM, "such a ruleset does not stand in such a namespace");
}

/* Sets of devices that forward for our sake alone: what comes in by them goes to uplinks or nowhere. */
static bool is_opened(unsigned set)
{
	return set == SET_HOST_OPENED4 || set == SET_HOST_OPENED6 || set == SET_HOST_OPENED_ALL;
}

/* What one tenant may take of the host's connection table is the administrator's word, not the engine's. */
static int rule_capped(struct check *c, const struct op *op)
{
	const struct obj_elem *elem = &op->obj.elem;

	if (op->obj.kind != OBJ_ELEM || op->verb == OP_DEL || elem->set < SET_HOST_CAP_1K ||
	    elem->set > SET_HOST_CAP_64K || elem->set == set_of_cap(c->world->settings->connections))
		return 0;
	return refuse(c, EPERM, "so many connections are not what uplink \"%s\" may have", elem->dev);
}

/* None of a host that routes by itself: that would cut its neighbours off. */
static int rule_opened(struct check *c, const struct op *op)
{
	const struct obj_elem *elem = &op->obj.elem;
	uint8_t family;
	bool all;

	if (op->obj.kind != OBJ_ELEM || op->verb == OP_DEL || !is_opened(elem->set))
		return 0;
	all = elem->set == SET_HOST_OPENED_ALL;
	family = all ? (elem->family == OBJ_FAMILY_IPV6 ? 6 : 0) : elem->set == SET_HOST_OPENED4 ? 4 : 6;
	if (family != 0 && c->world->opens(c->world->ctx, family, all))
		return 0;
	return refuse(c, EPERM, "the host forwards by itself: \"%s\" is not ours to close",
		      all ? "all" : elem->dev);
}

/* The guard's ports, and devices in sets. */
static int rule_nft_device(struct check *c, const struct op *op)
{
	const struct obj *obj = &op->obj;
	const struct set_def *def;
	bool ok = true;

	if (obj->kind == OBJ_PORT && !is_port(obj->port.dev))
		return refuse(c, EPERM, "link \"%s\" is not to be guarded", obj->port.dev);
	if (obj->kind == OBJ_REDIRECT && (!is_port(obj->redirect.dev) || obj->redirect.to < OBJ_IFB_FIRST))
		return refuse(c, EPERM, "what comes in by link \"%s\" is not to be led to %u", obj->redirect.dev, obj->redirect.to);
	if (obj->kind != OBJ_ELEM)
		return 0;
	def = set_def_get(obj->elem.set);
	if (def == NULL || (def->key & ELEM_DEV) == 0)
		return 0;
	switch (def->in) {
	case RULESET_HOST: /* what is ours is never one of the host's ways out */
		ok = is_uplink_host(obj->elem.dev) != is_opened(obj->elem.set) &&
		     !str_eq(obj->elem.dev, "lo");
		break;
	case RULESET_ROUTER:
		ok = is_bridge(obj->elem.dev) || is_port(obj->elem.dev);
		break;
	case RULESET_GUARD:
		ok = is_port(obj->elem.dev);
		break;
	case RULESET_NONE:
	case RULESET_KIND_COUNT:
		ok = false;
		break;
	}
	return ok ? 0
		  : refuse(c, EPERM, "link \"%s\" is not to be named in set %s", obj->elem.dev,
			   def->name);
}

bool check_publishes(const struct obj *obj)
{
	if (obj->kind != OBJ_ELEM)
		return false;
	return obj->elem.set == SET_HOST_PUB4 || obj->elem.set == SET_HOST_PUB6 ||
	       obj->elem.set == SET_HOST_PUBIP4 || obj->elem.set == SET_HOST_PUBIP6 ||
	       obj->elem.set == SET_HOST_RANGE4 || obj->elem.set == SET_HOST_RANGE6 ||
	       obj->elem.set == SET_HOST_RANGEIP4 || obj->elem.set == SET_HOST_RANGEIP6;
}

/* Of a publishing element: the last of its ports. */
static uint16_t last_port(const struct obj_elem *elem)
{
	return elem->last ? elem->last : elem->port;
}

/* A published port leads to a router, and what comes from an uplink is a router's: neither is any other machine. */
static int rule_router_address(struct check *c, const struct op *op)
{
	const struct obj_elem *elem = &op->obj.elem;
	char text[IP_STR_SIZE];

	if (op->obj.kind != OBJ_ELEM || op->verb == OP_DEL)
		return 0;
	if (check_publishes(&op->obj) && !is_transit(c, &elem->to_ip))
		return refuse(c, EPERM, "a port cannot be published to %s",
			      ip_print(&elem->to_ip, text));
	if ((elem->set == SET_HOST_SRC4 || elem->set == SET_HOST_SRC6) &&
	    !is_transit(c, &elem->ip))
		return refuse(c, EPERM, "%s is no source on an uplink",
			      ip_print(&elem->ip, text));
	if ((elem->set == SET_ROUTER_HOST4 || elem->set == SET_ROUTER_HOST6) && !is_transit(c, &elem->ip))
		return refuse(c, EPERM, "%s is no address of the host's on an uplink", ip_print(&elem->ip, text));
	return 0;
}

/* What may come from an uplink with its own address, and leaves with it. */
static int rule_routed(struct check *c, const struct op *op)
{
	const struct obj_elem *elem = &op->obj.elem;
	struct prefix prefix = {.ip = elem->ip, .len = elem->len};
	char text[PREFIX_STR_SIZE];

	if (op->obj.kind != OBJ_ELEM || op->verb == OP_DEL || elem->set < SET_HOST_ROUTED4 || elem->set > SET_HOST_ACCESS6)
		return 0;
	if ((elem->set == SET_HOST_OWN4 && elem->family != OBJ_FAMILY_IPV4) ||
	    (elem->set == SET_HOST_OWN6 && elem->family != OBJ_FAMILY_IPV6))
		return refuse(c, EPERM, "%s is of the other family", prefix_print(&prefix, text));
	/* of what is not translated, and of nobody outside, the administrator's word alone */
	return (elem->set == SET_HOST_OWN4 || elem->set == SET_HOST_OWN6 ? is_routed : is_led)(c, &prefix)
		       ? 0
		       : refuse(c, EPERM, "%s is not among the routed-prefixes of moatd.yaml, or leads elsewhere",
				prefix_print(&prefix, text));
}

static const char *proto_name(uint8_t proto)
{
	return proto == IPPROTO_TCP ? "tcp" : proto == IPPROTO_UDP ? "udp" : "sctp";
}

/* Ports below 1024 are root's, those the administrator reserved nobody's; of the rest who may take which he may say. */
static int rule_publish_allowed(struct check *c, const struct op *op)
{
	const struct obj_elem *elem = &op->obj.elem;
	uint16_t port;

	if (!check_publishes(&op->obj) || op->verb == OP_DEL)
		return 0;
	port = c->world->reserved(c->world->ctx, elem->proto, elem->port, last_port(elem));
	if (port != 0)
		return refuse(c, EACCES,
			      "port %u/%s of the host is reserved by its administrator", port,
			      proto_name(elem->proto));
	if (elem->port < PORT_PRIVILEGED && c->uid != 0)
		return refuse(c, EACCES,
			      "port %u/%s of the host is below 1024: only root may publish it",
			      elem->port, proto_name(elem->proto));
	if (!c->world->allowed(c->world->ctx, c->uid, elem->proto, elem->port, last_port(elem)))
		return refuse(c, EACCES,
			      "port %u/%s of the host, or one of its range, is not among those allowed to uid %u",
			      elem->port, proto_name(elem->proto), c->uid);
	return 0;
}

/* Publishing must not take a port away from a server of the host: its sshd above all. */
static int rule_publish_free(struct check *c, const struct op *op)
{
	const struct obj_elem *elem = &op->obj.elem;
	int r;

	/* OP_SET: the port is ours already. */
	if (!check_publishes(&op->obj) || op->verb != OP_ADD)
		return 0;
	r = c->world->busy(c->world->ctx, elem, set_def_get(elem->set)->family);
	if (r < 0)
		return refuse(c, -r, "cannot learn who listens on port %u/%s of the host: %s",
			      elem->port, proto_name(elem->proto), strerror(-r));
	if (r > 0)
		return refuse(c, EADDRINUSE,
			      "port %d/%s of the host is in use: a program listens there", r,
			      proto_name(elem->proto));
	return 0;
}

int check_nft(struct check *c, const struct op *op)
{
	static int (*const rules[])(struct check * c, const struct op *op) = {
		rule_ruleset, rule_nft_device, rule_router_address, rule_publish_allowed, rule_publish_free,
		rule_opened,  rule_capped,     rule_routed,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(rules) / sizeof(*rules); i++)
		r = rules[i](c, op);
	return r;
}

int check_listen(uint8_t proto, uint32_t port, uint32_t uid, const struct check_world *world, struct seam_result *ret_result)
{
	struct seam_result result = {.refused = 1, .index = UINT32_MAX};
	struct check c = {.world = world, .uid = uid, .result = &result};
	struct op op = {.verb = OP_ADD, .obj = obj_elem(NS_HOST, SET_HOST_PUBIP6)};
	int r = port == 0 || port > UINT16_MAX ? refuse(&c, EPERM, "%u is no port", port) : 0;

	op.obj.elem.ip.family = 6;
	op.obj.elem.ip.b[15] = 1;
	op.obj.elem.proto = proto;
	op.obj.elem.port = (uint16_t)port;
	if (r == 0)
		r = rule_publish_allowed(&c, &op);
	if (r == 0)
		r = rule_publish_free(&c, &op);
	if (r < 0)
		*ret_result = result;
	return r;
}
