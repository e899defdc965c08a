/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * valid - is a record an object? Floor F1, pure. This is the decoder of hostile
 * input: the privileged hand runs it on every record an engine sends, before
 * it looks at anything else. What is well formed is decided here; what is
 * allowed (whose links, which prefixes) is the hand's own check.
 */
#include <string.h>

#include "lib/obj/fields.h"

enum {
	MTU_MIN = 68,         /* RFC 791: what every link must carry */
	MTU_MAX = 65535,      /* ETH_MAX_MTU */
	MTU_LOOPBACK = 65536, /* drivers/net/loopback.c */
};

static bool zero_after(const char *s, size_t size, size_t len)
{
	for (size_t i = len; i < size; i++) {
		if (s[i])
			return false;
	}
	return true;
}

/*
 * dev_valid_name() of the kernel's net/core/dev.c, and narrower: printable ASCII
 * alone, and no '%', which would make the kernel choose a name of its own.
 */
bool name_valid(const char name[OBJ_IFNAME_SIZE])
{
	size_t len = strnlen(name, OBJ_IFNAME_SIZE);

	if (!len || len == OBJ_IFNAME_SIZE || !zero_after(name, OBJ_IFNAME_SIZE, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/' || name[i] == ':' ||
		    name[i] == '%')
			return false;
	}
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

bool ns_valid(uint64_t ns)
{
	unsigned class_ = (unsigned)(ns >> 48);

	if (class_ == NS_HOST)
		return ns == 0;
	return class_ <= NS_FOREIGN && ns_id48(ns) != 0;
}

/* "all" and "default" are folders of conf/: the kernel refuses links of that name, too. */
static bool link_name_valid(const char name[OBJ_IFNAME_SIZE])
{
	return name_valid(name) && strcmp(name, "all") != 0 && strcmp(name, "default") != 0;
}

static bool text_valid(const char text[OBJ_ALIAS_SIZE])
{
	size_t len = strnlen(text, OBJ_ALIAS_SIZE);

	if (len == OBJ_ALIAS_SIZE || !zero_after(text, OBJ_ALIAS_SIZE, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		if (c < ' ' || c == 0x7f)
			return false;
	}
	return true;
}

static bool ip_wellformed(const struct ip *ip)
{
	size_t used = ip->family == 4 ? 4 : ip->family == 6 ? 16 : 0;

	return used && zero_after((const char *)ip->b, sizeof(ip->b), used);
}

static bool ip_unicast(const struct ip *ip)
{
	return ip_wellformed(ip) && !ip_is_unspecified(ip) && !ip_is_multicast(ip);
}

static bool prefix_wellformed(const struct prefix *prefix)
{
	return ip_wellformed(&prefix->ip) && prefix->len <= (prefix->ip.family == 4 ? 32 : 128);
}

static bool field_valid(const struct obj *obj, const struct field *field)
{
	const void *at = (const uint8_t *)obj + field->offset;

	if (!field_present(obj, field) && field->flags & FIELD_OPTIONAL)
		return true;
	switch ((enum field_type)field->type) {
	case FIELD_NAME:
		return name_valid(at);
	case FIELD_TEXT:
		return text_valid(at);
	case FIELD_MAC:
		return mac_is_unicast(at);
	case FIELD_IP:
		return ip_unicast(at);
	case FIELD_PREFIX:
		return prefix_wellformed(at);
	case FIELD_NUMBER:
		return field_number(obj, field) >= 0;
	case FIELD_ENUM:
		return field->word((unsigned)field_number(obj, field));
	case FIELD_PEER:
		return ns_valid(obj->link.peer_ns) && link_name_valid(obj->link.peer_name);
	}
	return false;
}

static bool link_valid(const struct obj *obj)
{
	const struct obj_link *link = &obj->link;
	uint32_t mtu_max = link->type == LINK_LOOPBACK ? MTU_LOOPBACK : MTU_MAX;

	if (!link_name_valid(link->name) ||
	    (link->mtu && (link->mtu < MTU_MIN || link->mtu > mtu_max)))
		return false;
	if (link->master[0] &&
	    (!link_name_valid(link->master) || !strcmp(link->master, link->name)))
		return false;
	if (link->flags & LINK_PORT_STATIC && !link->master[0])
		return false;
	if (!link->peer_name[0] && !mac_is_zero(&link->peer_mac))
		return false;
	if (link->peer_name[0] && link->peer_ns == obj->ns &&
	    !strcmp(link->peer_name, link->name))
		return false;
	/* a bridge is no port of a bridge (ELOOP), and neither is the loopback */
	if (link->type != LINK_VETH && link->peer_name[0])
		return false;
	/* the kernel numbers all other links itself */
	if ((link->type == LINK_IFB) != (link->index != 0))
		return false;
	return link->type == LINK_VETH || link->type == LINK_TAP || !link->master[0];
}

static bool sysctl_valid(const struct obj_sysctl *sysctl)
{
	const struct sysctl_def *def = sysctl_def_get(sysctl->key);

	if (!def || sysctl->value < 0 || sysctl->value > def->max)
		return false;
	return sysctl_is_per_device(def) == (sysctl->dev[0] != '\0');
}

static bool addr_valid(const struct obj_addr *addr)
{
	return addr->addr.len && ip_unicast(&addr->addr.ip);
}

static bool table_valid(uint32_t table)
{
	return table >= OBJ_TABLE_FIRST && table <= OBJ_TABLE_LAST;
}

static bool rule_valid(const struct obj_rule *rule)
{
	return table_valid(rule->table) && ip_unicast(&rule->src.ip) &&
	       rule->src.len == (rule->src.ip.family == 4 ? 32 : 128);
}

static bool route_valid(const struct obj_route *route)
{
	struct prefix network = prefix_network(&route->dst);

	if ((route->table && !table_valid(route->table)) ||
	    (route->metric == 1024 && route->dst.ip.family == 6))
		return false;
	if (route->mtu > OBJ_ROUTE_MTU_MAX || route->advmss > OBJ_ROUTE_ADVMSS_MAX ||
	    (route->mtu && route->mtu < ip_mtu_min(route->dst.ip.family)))
		return false;
	if (memcmp(&network, &route->dst, sizeof(network)) != 0 ||
	    ip_is_multicast(&route->dst.ip))
		return false;
	if (ip_is_none(&route->via))
		return route->dev[0];
	return route->via.family == route->dst.ip.family;
}

/* The host's table stands in the host alone, the others never do. */
static bool ruleset_fits(unsigned kind, uint64_t ns)
{
	return (kind == RULESET_HOST) == (ns_class(ns) == NS_HOST);
}

/*
 * An interval has more than one port. One that is shifted begins at a multiple of its length: the kernel adds to
 * the first port of the target the port it was sent to modulo that length (net/netfilter/nf_nat_core.c,
 * NF_NAT_RANGE_PROTO_OFFSET with a base of zero), and only so does the first lead to the first.
 */
static bool interval_valid(const struct obj_elem *elem, const struct set_def *def)
{
	unsigned length = (unsigned)elem->last - elem->port + 1;

	if (!(def->key & ELEM_LAST))
		return true;
	if (elem->last <= elem->port)
		return false;
	return !(def->data & ELEM_TO_LAST) ||
	       (elem->to_last > elem->to_port &&
		(unsigned)elem->to_last - elem->to_port + 1 == length && elem->port % length == 0);
}

/* An interval is a prefix, as a network writes it. */
static bool elem_prefix_valid(const struct obj_elem *elem, const struct set_def *def)
{
	struct prefix prefix = {.ip = elem->ip, .len = elem->len}, network;

	if (!(def->key & ELEM_LEN))
		return true;
	if (prefix.len > ip_bits(&elem->ip))
		return false;
	network = prefix_network(&prefix);
	return memcmp(&network, &prefix, sizeof(network)) == 0;
}

static bool elem_valid(const struct obj *obj)
{
	const struct set_def *def = set_def_get(obj->elem.set);

	if (!def || !ruleset_fits(def->in, obj->ns))
		return false;
	for (const struct field *field = fields_of(OBJ_ELEM); field->name; field++) {
		bool used = (def->key | def->data) & field->elem;

		if (field->elem && used != field_present(obj, field))
			return false;
	}
	return interval_valid(&obj->elem, def) && elem_prefix_valid(&obj->elem, def) &&
	       (!obj->elem.ip.family || obj->elem.ip.family == def->family) &&
	       (!obj->elem.to_ip.family || obj->elem.to_ip.family == def->family);
}

/* As the kernel wants them: a bucket of some size, and room for what waits (net/sched/sch_tbf.c, tbf_change()). */
static bool qdisc_valid(const struct obj_qdisc *qdisc)
{
	return qdisc->rate && qdisc->burst && qdisc->limit;
}

static bool kind_valid(const struct obj *obj)
{
	switch ((enum obj_kind)obj->kind) {
	case OBJ_LINK:
		return link_valid(obj);
	case OBJ_SYSCTL:
		return sysctl_valid(&obj->sysctl);
	case OBJ_ADDR:
		return addr_valid(&obj->addr);
	case OBJ_ROUTE:
		return route_valid(&obj->route);
	case OBJ_RULE:
		return rule_valid(&obj->rule);
	case OBJ_RULESET:
		return ruleset_fits(obj->ruleset.kind, obj->ns) && obj->ruleset.digest <= 1;
	case OBJ_ELEM:
		return elem_valid(obj);
	case OBJ_QDISC:
		return qdisc_valid(&obj->qdisc);
	case OBJ_REDIRECT:
		return obj->redirect.to && ruleset_fits(RULESET_GUARD, obj->ns);
	case OBJ_PORT:
		return ruleset_fits(RULESET_GUARD, obj->ns);
	case OBJ_PROXY:
		return obj->proxy.ip.family == 6 && !ip_is_linklocal(&obj->proxy.ip);
	case OBJ_NETNS:
	case OBJ_UP:
	case OBJ_NEIGH:
	case OBJ_FDB:
		return true;
	case OBJ_NONE:
	case OBJ_KIND_COUNT:
		break;
	}
	return false;
}

bool obj_valid(const struct obj *obj)
{
	const struct field *fields = fields_of(obj->kind);
	struct obj canon = {.ns = obj->ns, .kind = obj->kind};

	if (!fields || !ns_valid(obj->ns))
		return false;
	for (const struct field *field = fields; field->name; field++) {
		if (!field_valid(obj, field))
			return false;
		memcpy((uint8_t *)&canon + field->offset, (const uint8_t *)obj + field->offset,
		       field->size);
	}
	if (obj->kind == OBJ_LINK)
		canon.link.peer_ns = obj->link.peer_ns;
	/* nothing may hide beside the fields; and a peer namespace without a peer was refused above */
	return memcmp(&canon, obj, sizeof(canon)) == 0 && kind_valid(obj);
}
