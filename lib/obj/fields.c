/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fields - the tables behind obj: one row a field, one table a kind. Floor F1, pure. */
#include "lib/obj/fields.h"

#include <string.h>

#include "lib/base/mem.h"

#define AT(member)                                                                             \
	.offset = offsetof(struct obj, member), .size = sizeof(((struct obj *)NULL)->member)

static const char *link_word(unsigned type)
{
	static const char *const words[] = {
		[LINK_LOOPBACK] = "loopback",
		[LINK_BRIDGE] = "bridge",
		[LINK_VETH] = "veth",
		[LINK_TAP] = "tap",
		[LINK_IFB] = "ifb",
	};

	return type < ARRAY_COUNT(words) ? words[type] : NULL;
}

static const char *flags_word(unsigned flags)
{
	static const char *const words[] = {[LINK_PORT_STATIC] = "static"};

	return flags < ARRAY_COUNT(words) ? words[flags] : NULL;
}

const char *ruleset_word(unsigned kind)
{
	static const char *const words[RULESET_KIND_COUNT] = {
		[RULESET_HOST] = "host",
		[RULESET_ROUTER] = "router",
		[RULESET_GUARD] = "guard",
	};

	return kind < ARRAY_COUNT(words) ? words[kind] : NULL;
}

/* Protocol numbers of IANA, as IPPROTO_TCP, IPPROTO_UDP and IPPROTO_SCTP have them. */
static const char *proto_word(unsigned proto)
{
	if (proto == 6)
		return "tcp";
	if (proto == 17)
		return "udp";
	if (proto == 132)
		return "sctp";
	return NULL;
}

static const char *family_word(unsigned family)
{
	if (family == OBJ_FAMILY_IPV4)
		return "ipv4";
	if (family == OBJ_FAMILY_IPV6)
		return "ipv6";
	return NULL;
}

static const struct field netns_fields[] = {
	{0},
};

static const struct field link_fields[] = {
	{"name", FIELD_NAME, FIELD_KEY, 0, AT(link.name), NULL},
	{"type", FIELD_ENUM, 0, 0, AT(link.type), link_word},
	{"mac", FIELD_MAC, FIELD_OPTIONAL, 0, AT(link.mac), NULL},
	{"mtu", FIELD_NUMBER, FIELD_OPTIONAL, 0, AT(link.mtu), NULL},
	{"master", FIELD_NAME, FIELD_OPTIONAL, 0, AT(link.master), NULL},
	{"port", FIELD_ENUM, FIELD_OPTIONAL, 0, AT(link.flags), flags_word},
	{"peer", FIELD_PEER, FIELD_OPTIONAL, 0, AT(link.peer_name), NULL},
	{"peer-mac", FIELD_MAC, FIELD_OPTIONAL, 0, AT(link.peer_mac), NULL},
	{"index", FIELD_NUMBER, FIELD_OPTIONAL, 0, AT(link.index), NULL},
	{"alias", FIELD_TEXT, FIELD_OPTIONAL, 0, AT(link.alias), NULL},
	{0},
};

static const struct field sysctl_fields[] = {
	{"key", FIELD_ENUM, FIELD_KEY, 0, AT(sysctl.key), sysctl_word},
	{"dev", FIELD_NAME, FIELD_KEY | FIELD_OPTIONAL, 0, AT(sysctl.dev), NULL},
	{"value", FIELD_NUMBER, 0, 0, AT(sysctl.value), NULL},
	{0},
};

static const struct field addr_fields[] = {
	{"dev", FIELD_NAME, FIELD_KEY, 0, AT(addr.dev), NULL},
	{"addr", FIELD_PREFIX, FIELD_KEY, 0, AT(addr.addr), NULL},
	{0},
};

static const struct field up_fields[] = {
	{"dev", FIELD_NAME, FIELD_KEY, 0, AT(up.dev), NULL},
	{0},
};

static const struct field route_fields[] = {
	{"dst", FIELD_PREFIX, FIELD_KEY, 0, AT(route.dst), NULL},
	{"via", FIELD_IP, FIELD_KEY | FIELD_OPTIONAL, 0, AT(route.via), NULL},
	{"dev", FIELD_NAME, FIELD_KEY | FIELD_OPTIONAL, 0, AT(route.dev), NULL},
	{"metric", FIELD_NUMBER, FIELD_KEY | FIELD_OPTIONAL, 0, AT(route.metric), NULL},
	{"table", FIELD_NUMBER, FIELD_KEY | FIELD_OPTIONAL, 0, AT(route.table), NULL},
	{"mtu", FIELD_NUMBER, FIELD_OPTIONAL, 0, AT(route.mtu), NULL},
	{"advmss", FIELD_NUMBER, FIELD_OPTIONAL, 0, AT(route.advmss), NULL},
	{0},
};

static const struct field rule_fields[] = {
	{"src", FIELD_PREFIX, FIELD_KEY, 0, AT(rule.src), NULL},
	{"table", FIELD_NUMBER, FIELD_KEY, 0, AT(rule.table), NULL},
	{0},
};

static const struct field neigh_fields[] = {
	{"dev", FIELD_NAME, FIELD_KEY, 0, AT(neigh.dev), NULL},
	{"ip", FIELD_IP, FIELD_KEY, 0, AT(neigh.ip), NULL},
	{"mac", FIELD_MAC, 0, 0, AT(neigh.mac), NULL},
	{0},
};

static const struct field fdb_fields[] = {
	{"dev", FIELD_NAME, FIELD_KEY, 0, AT(fdb.dev), NULL},
	{"mac", FIELD_MAC, FIELD_KEY, 0, AT(fdb.mac), NULL},
	{0},
};

static const struct field ruleset_fields[] = {
	{"kind", FIELD_ENUM, FIELD_KEY, 0, AT(ruleset.kind), ruleset_word},
	{"version", FIELD_NUMBER, 0, 0, AT(ruleset.version), NULL},
	{"digest", FIELD_NUMBER, 0, 0, AT(ruleset.digest), NULL},
	{0},
};

static const struct field elem_fields[] = {
	{"set", FIELD_ENUM, FIELD_KEY, 0, AT(elem.set), set_word},
	{"dev", FIELD_NAME, FIELD_KEY | FIELD_OPTIONAL, ELEM_DEV, AT(elem.dev), NULL},
	{"mac", FIELD_MAC, FIELD_KEY | FIELD_OPTIONAL, ELEM_MAC, AT(elem.mac), NULL},
	{"ip", FIELD_IP, FIELD_KEY | FIELD_OPTIONAL, ELEM_IP, AT(elem.ip), NULL},
	{"len", FIELD_NUMBER, FIELD_KEY | FIELD_OPTIONAL, ELEM_LEN, AT(elem.len), NULL},
	{"proto", FIELD_ENUM, FIELD_KEY | FIELD_OPTIONAL, ELEM_PROTO, AT(elem.proto),
	 proto_word},
	{"port", FIELD_NUMBER, FIELD_KEY | FIELD_OPTIONAL, ELEM_PORT, AT(elem.port), NULL},
	{"last", FIELD_NUMBER, FIELD_KEY | FIELD_OPTIONAL, ELEM_LAST, AT(elem.last), NULL},
	{"mark", FIELD_NUMBER, FIELD_KEY | FIELD_OPTIONAL, ELEM_MARK, AT(elem.mark), NULL},
	{"to-ip", FIELD_IP, FIELD_OPTIONAL, ELEM_TO_IP, AT(elem.to_ip), NULL},
	{"to-port", FIELD_NUMBER, FIELD_OPTIONAL, ELEM_TO_PORT, AT(elem.to_port), NULL},
	{"to-last", FIELD_NUMBER, FIELD_OPTIONAL, ELEM_TO_LAST, AT(elem.to_last), NULL},
	{"family", FIELD_ENUM, FIELD_KEY | FIELD_OPTIONAL, ELEM_FAMILY, AT(elem.family), family_word},
	{"to-mark", FIELD_NUMBER, FIELD_OPTIONAL, ELEM_TO_MARK, AT(elem.to_mark), NULL},
	{0},
};

static const struct field port_fields[] = {
	{"dev", FIELD_NAME, FIELD_KEY, 0, AT(port.dev), NULL},
	{0},
};

static const struct field proxy_fields[] = {
	{"dev", FIELD_NAME, FIELD_KEY, 0, AT(proxy.dev), NULL},
	{"ip", FIELD_IP, FIELD_KEY, 0, AT(proxy.ip), NULL},
	{0},
};

static const struct field qdisc_fields[] = {
	{"dev", FIELD_NAME, FIELD_KEY, 0, AT(qdisc.dev), NULL},
	{"rate", FIELD_NUMBER, 0, 0, AT(qdisc.rate), NULL},
	{"burst", FIELD_NUMBER, 0, 0, AT(qdisc.burst), NULL},
	{"limit", FIELD_NUMBER, 0, 0, AT(qdisc.limit), NULL},
	{0},
};

static const struct field redirect_fields[] = {
	{"dev", FIELD_NAME, FIELD_KEY, 0, AT(redirect.dev), NULL},
	{"to", FIELD_NUMBER, 0, 0, AT(redirect.to), NULL},
	{0},
};

static const struct {
	const char *name;
	const struct field *fields;
} kinds[OBJ_KIND_COUNT] = {
	[OBJ_NETNS] = {"netns", netns_fields},
	[OBJ_LINK] = {"link", link_fields},
	[OBJ_SYSCTL] = {"sysctl", sysctl_fields},
	[OBJ_ADDR] = {"addr", addr_fields},
	[OBJ_UP] = {"up", up_fields},
	[OBJ_ROUTE] = {"route", route_fields},
	[OBJ_RULE] = {"rule", rule_fields},
	[OBJ_NEIGH] = {"neigh", neigh_fields},
	[OBJ_FDB] = {"fdb", fdb_fields},
	[OBJ_RULESET] = {"ruleset", ruleset_fields},
	[OBJ_ELEM] = {"elem", elem_fields},
	[OBJ_PORT] = {"port", port_fields},
	[OBJ_PROXY] = {"proxy", proxy_fields},
	[OBJ_QDISC] = {"qdisc", qdisc_fields},
	[OBJ_REDIRECT] = {"redirect", redirect_fields},
};

const struct field *fields_of(unsigned kind)
{
	return kind < ARRAY_COUNT(kinds) ? kinds[kind].fields : NULL;
}

const char *obj_kind_name(enum obj_kind kind)
{
	const char *name = (unsigned)kind < ARRAY_COUNT(kinds) ? kinds[kind].name : NULL;

	return name ? name : "none";
}

int64_t field_number(const struct obj *obj, const struct field *field)
{
	const uint8_t *at = (const uint8_t *)obj + field->offset;
	uint16_t u16;
	int32_t s32;
	int64_t s64;

	switch (field->size) {
	case 1:
		return *at;
	case 8:
		memcpy(&s64, at, sizeof(s64));
		return s64;
	case 2:
		memcpy(&u16, at, sizeof(u16));
		return u16;
	default:
		/* 32 bits: the one signed field is a sysctl's value; an MTU, digest or index beyond 2^31 is none */
		memcpy(&s32, at, sizeof(s32));
		return s32;
	}
}

bool field_put(struct obj *obj, const struct field *field, int64_t value)
{
	uint8_t *at = (uint8_t *)obj + field->offset;
	uint16_t u16 = (uint16_t)value;
	int32_t s32 = (int32_t)value;

	switch (field->size) {
	case 1:
		*at = (uint8_t)value;
		return *at == value;
	case 8:
		memcpy(at, &value, sizeof(value));
		return true;
	case 2:
		memcpy(at, &u16, sizeof(u16));
		return u16 == value;
	default:
		memcpy(at, &s32, sizeof(s32));
		return s32 == value;
	}
}

bool field_present(const struct obj *obj, const struct field *field)
{
	const uint8_t *at = (const uint8_t *)obj + field->offset;

	for (size_t i = 0; i < field->size; i++) {
		if (at[i])
			return true;
	}
	return field->type == FIELD_PEER && obj->link.peer_ns;
}
