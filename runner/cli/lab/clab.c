/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clab - containerlab's YAML to a lab (https://containerlab.dev/manual/topo-def-file/).
 * Floor F5, pure. Nodes are bare stacks: what needs a container is an error
 * with its place, or left out and listed with --bare. Nothing is ignored in
 * silence. Not here: the rules for names and addresses (lab.c).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"
#include "runner/cli/lab/envsubst.h"
#include "runner/cli/lab/lab.h"
#include "runner/cli/lab/yaml.h"

/* What becomes of a key. */
enum key_use {
	KEY_USED,
	KEY_CONTAINER, /* of a container, of containerlab's management network: --bare leaves it out */
	KEY_LATER, /* Moat's own, to come */
};

struct key {
	const char *name;
	enum key_use use;
};

static const struct key top_keys[] = {
	{"name", KEY_USED},        {"topology", KEY_USED},  {"routing", KEY_USED},
	{"prefix", KEY_CONTAINER}, {"mgmt", KEY_CONTAINER}, {"settings", KEY_CONTAINER},
	{"debug", KEY_CONTAINER},  {"tests", KEY_LATER},    {"scenario", KEY_LATER},
	{"seed", KEY_LATER},       {NULL, KEY_USED},
};

static const struct key topology_keys[] = {
	{"nodes", KEY_USED},  {"links", KEY_USED},    {"kinds", KEY_USED},
	{"groups", KEY_USED}, {"defaults", KEY_USED}, {"routing", KEY_USED},
	{NULL, KEY_USED},
};

/* Of node-config in containerlab's schema; the same for defaults, kinds.X and groups.X. */
static const struct key node_keys[] = {
	{"kind", KEY_USED},
	{"group", KEY_USED},
	{"image", KEY_CONTAINER},
	{"image-pull-policy", KEY_CONTAINER},
	{"restart-policy", KEY_CONTAINER},
	{"license", KEY_CONTAINER},
	{"type", KEY_CONTAINER},
	{"startup-config", KEY_CONTAINER},
	{"startup-delay", KEY_CONTAINER},
	{"enforce-startup-config", KEY_CONTAINER},
	{"suppress-startup-config", KEY_CONTAINER},
	{"auto-remove", KEY_CONTAINER},
	{"exec", KEY_CONTAINER},
	{"binds", KEY_CONTAINER},
	{"volumes", KEY_CONTAINER},
	{"ports", KEY_CONTAINER},
	{"env", KEY_CONTAINER},
	{"credentials", KEY_CONTAINER},
	{"env-files", KEY_CONTAINER},
	{"user", KEY_CONTAINER},
	{"hostname", KEY_CONTAINER},
	{"entrypoint", KEY_CONTAINER},
	{"cmd", KEY_CONTAINER},
	{"labels", KEY_CONTAINER},
	{"runtime", KEY_CONTAINER},
	{"mgmt-ipv4", KEY_CONTAINER},
	{"mgmt-ipv6", KEY_CONTAINER},
	{"network-mode", KEY_CONTAINER},
	{"link-apply-mode", KEY_CONTAINER},
	{"cpu", KEY_CONTAINER},
	{"memory", KEY_CONTAINER},
	{"cpu-set", KEY_CONTAINER},
	{"extras", KEY_CONTAINER},
	{"config", KEY_CONTAINER},
	{"stages", KEY_CONTAINER},
	{"dns", KEY_CONTAINER},
	{"certificate", KEY_CONTAINER},
	{"healthcheck", KEY_CONTAINER},
	{"components", KEY_CONTAINER},
	{"aliases", KEY_CONTAINER},
	{"shm-size", KEY_CONTAINER},
	{"cap-add", KEY_CONTAINER},
	{"privileged", KEY_CONTAINER},
	{"cgroupns-mode", KEY_CONTAINER},
	{"cgroup-parent", KEY_CONTAINER},
	{"pid-mode", KEY_CONTAINER},
	{"tmpfs", KEY_CONTAINER},
	{"security-opts", KEY_CONTAINER},
	{"sysctls", KEY_CONTAINER},
	{"devices", KEY_CONTAINER},
	{"gateway", KEY_LATER},
	{NULL, KEY_USED},
};

static const struct key link_keys[] = {
	{"type", KEY_USED},        {"endpoints", KEY_USED}, {"mtu", KEY_USED},
	{"ipv4", KEY_USED},        {"ipv6", KEY_USED},      {"vars", KEY_CONTAINER},
	{"labels", KEY_CONTAINER}, {"subnet", KEY_LATER},   {"impair", KEY_LATER},
	{NULL, KEY_USED},
};

static const struct key endpoint_keys[] = {
	{"node", KEY_USED}, {"interface", KEY_USED}, {"mac", KEY_USED},     {"ipv4", KEY_USED},
	{"ipv6", KEY_USED}, {"vars", KEY_CONTAINER}, {"impair", KEY_LATER}, {NULL, KEY_USED},
};

/* Links with one end outside the lab, by type and by the name before the ':' of the brief form. */
static const char *const outside_types[] = {"host",  "mgmt-net",     "macvlan",
					    "vxlan", "vxlan-stitch", "dummy"};
static const char *const outside_nodes[] = {"host", "mgmt-net", "macvlan", "vxlan", "dummy"};

/**
 * struct reader - one file being read
 * @defaults, @kinds, @groups: of topology, NULL where absent
 */
struct reader {
	struct lab *lab;
	const struct lab_options *options;
	struct err *err;
	const struct yaml_node *defaults, *kinds, *groups;
};

static int read_root(struct reader *reader, const struct yaml_node *root);
static int read_topology(struct reader *reader, const struct yaml_node *topology);
static int read_inherited(struct reader *reader, const struct yaml_node *topology);
static int read_node(struct reader *reader, const struct yaml_node *key,
		     const struct yaml_node *value);
static int node_kind(struct reader *reader, const struct yaml_node *key,
		     const struct yaml_node *node);
static int check_kind(struct reader *reader, const char *where, const struct yaml_node *kind);
static int read_link(struct reader *reader, const struct yaml_node *node);
static int link_outside(struct reader *reader, const struct yaml_node *node,
			const struct yaml_node *type);
static int read_end(struct reader *reader, const struct yaml_node *node,
		    struct lab_end *ret_end, bool *ret_outside);
static int read_end_brief(struct reader *reader, const struct yaml_node *node,
			  struct lab_end *ret_end, bool *ret_outside);
static int read_end_object(struct reader *reader, const struct yaml_node *node,
			   struct lab_end *ret_end);
static int find_node(struct reader *reader, const struct yaml_node *at, const char *name,
		     struct lab_end *end);
static int set_ifname(struct reader *reader, const struct yaml_node *at, const char *name,
		      struct lab_end *end);
static int read_link_ips(struct reader *reader, const struct yaml_node *list, uint8_t family,
			 struct lab_link *link);
static int read_ip(struct reader *reader, const struct yaml_node *node, uint8_t family,
		   struct lab_end *end);
static int read_mac(struct reader *reader, const struct yaml_node *node, struct mac *ret_mac);
static int read_mtu(struct reader *reader, const struct yaml_node *node, uint32_t *ret_mtu);
static int read_routing(struct reader *reader, const struct yaml_node *node);
static int check_keys(struct reader *reader, const char *where, const struct yaml_node *mapping,
		      const struct key *keys);
static int want(struct reader *reader, const char *what, const struct yaml_node *node,
		enum yaml_kind kind);
static const struct yaml_node *get(const struct yaml_node *mapping, const char *key);
static bool among(const char *const *names, size_t count, const char *name);

#define FAIL(reader, node, kind, ...)                                                          \
	lab_fail((reader)->lab, (node)->pos, (reader)->err, kind, __VA_ARGS__)

int clab_parse(struct lab *lab, const char *data, size_t size,
	       const struct lab_options *options, struct err *err)
{
	struct reader reader = {.lab = lab, .options = options, .err = err};
	struct yaml_node *root = NULL;
	struct envsubst subst;
	int rc;

	rc = envsubst_expand(lab, data, size, options, &subst, err);
	if (!rc)
		rc = yaml_load(lab, &subst, &root, err);
	envsubst_fini(&subst);
	return rc < 0 ? rc : read_root(&reader, root);
}

static int read_root(struct reader *reader, const struct yaml_node *root)
{
	const struct yaml_node *name, *topology, *routing, *inner;
	int rc = want(reader, "a lab file", root, YAML_MAPPING);

	if (!rc)
		rc = check_keys(reader, "the file", root, top_keys);
	if (rc < 0)
		return rc;
	name = get(root, "name");
	if (!name)
		return FAIL(reader, root, ERR_USAGE,
			    "the lab has no name: key \"name\" is missing");
	rc = want(reader, "name", name, YAML_SCALAR);
	if (rc < 0)
		return rc;
	reader->lab->name = name->text;
	reader->lab->name_pos = name->pos;
	topology = get(root, "topology");
	if (!topology)
		return FAIL(reader, root, ERR_USAGE, "key \"topology\" is missing");
	routing = get(root, "routing");
	if (routing) {
		rc = read_routing(reader, routing);
		if (rc < 0)
			return rc;
	}
	rc = want(reader, "topology", topology, YAML_MAPPING);
	if (!rc)
		rc = check_keys(reader, "topology", topology, topology_keys);
	if (rc < 0)
		return rc;
	inner = get(topology, "routing");
	if (inner) {
		if (routing)
			return FAIL(reader, inner, ERR_USAGE,
				    "routing stands in line %u already",
				    (unsigned)routing->pos.line);
		rc = read_routing(reader, inner);
		if (rc < 0)
			return rc;
	}
	return read_topology(reader, topology);
}

static int read_topology(struct reader *reader, const struct yaml_node *topology)
{
	const struct yaml_node *nodes = get(topology, "nodes"), *links = get(topology, "links");
	int rc = read_inherited(reader, topology);

	if (rc < 0)
		return rc;
	if (!nodes)
		return FAIL(reader, topology, ERR_USAGE, "topology has no nodes");
	rc = want(reader, "nodes", nodes, YAML_MAPPING);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < nodes->item_count; i += 2) {
		rc = read_node(reader, nodes->items[i], nodes->items[i + 1]);
		if (rc < 0)
			return rc;
	}
	if (!nodes->item_count)
		return FAIL(reader, nodes, ERR_USAGE, "topology has no nodes");
	if (!links)
		return 0;
	rc = want(reader, "links", links, YAML_SEQUENCE);
	for (size_t i = 0; !rc && i < links->item_count; i++)
		rc = read_link(reader, links->items[i]);
	return rc;
}

/* defaults, kinds and groups: all three hold what nodes hold. */
static int read_inherited(struct reader *reader, const struct yaml_node *topology)
{
	const struct yaml_node *parts[2];
	static const char *const names[2] = {"kinds", "groups"};
	int rc;

	reader->defaults = get(topology, "defaults");
	if (reader->defaults) {
		rc = want(reader, "defaults", reader->defaults, YAML_MAPPING);
		if (!rc)
			rc = check_keys(reader, "defaults", reader->defaults, node_keys);
		if (rc < 0)
			return rc;
	}
	parts[0] = reader->kinds = get(topology, "kinds");
	parts[1] = reader->groups = get(topology, "groups");
	for (size_t p = 0; p < 2; p++) {
		if (!parts[p])
			continue;
		rc = want(reader, names[p], parts[p], YAML_MAPPING);
		if (rc < 0)
			return rc;
		if (parts[p]->item_count / 2 > LAB_GROUPS_MAX)
			return FAIL(reader, parts[p], ERR_LIMIT, "more than %d %s",
				    (int)LAB_GROUPS_MAX, names[p]);
		for (size_t i = 0; i < parts[p]->item_count; i += 2) {
			const struct yaml_node *key = parts[p]->items[i],
					       *value = parts[p]->items[i + 1];
			char where[96];

			snprintf(where, sizeof(where), "%s %.80s", p ? "group" : "kind",
				 key->text);
			rc = p ? 0 : check_kind(reader, "kinds", key);
			if (rc < 0)
				return rc;
			if (yaml_is_null(value))
				continue;
			rc = want(reader, where, value, YAML_MAPPING);
			if (!rc)
				rc = check_keys(reader, where, value, node_keys);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static int read_node(struct reader *reader, const struct yaml_node *key,
		     const struct yaml_node *value)
{
	char where[96];
	int rc;

	if (strchr(key->text, '['))
		return FAIL(reader, key, ERR_UNSUPPORTED,
			    "node \"%.80s\": ranges of nodes are not supported yet", key->text);
	rc = lab_node_add(reader->lab, key->text, key->pos, reader->err);
	if (rc < 0)
		return rc;
	snprintf(where, sizeof(where), "node %.80s", key->text);
	if (!yaml_is_null(value)) {
		rc = want(reader, where, value, YAML_MAPPING);
		if (!rc)
			rc = check_keys(reader, where, value, node_keys);
		if (rc < 0)
			return rc;
	}
	return node_kind(reader, key, yaml_is_null(value) ? NULL : value);
}

/* containerlab: the node's own kind, else its group's, else the default one; its group: its own, else the default one. */
static int node_kind(struct reader *reader, const struct yaml_node *key,
		     const struct yaml_node *node)
{
	const struct yaml_node *kind = node ? get(node, "kind") : NULL,
			       *group = node ? get(node, "group") : NULL, *in;
	char where[96];
	int rc;

	snprintf(where, sizeof(where), "node %.80s", key->text);
	if (!group && reader->defaults)
		group = get(reader->defaults, "group");
	if (group) {
		rc = want(reader, "group", group, YAML_SCALAR);
		if (rc < 0)
			return rc;
		in = reader->groups ? get(reader->groups, group->text) : NULL;
		if (!kind && in)
			kind = get(in, "kind");
	}
	if (!kind && reader->defaults)
		kind = get(reader->defaults, "kind");
	if (!kind)
		return FAIL(reader, key, ERR_USAGE,
			    "%s has no kind, and topology has no default one", where);
	return check_kind(reader, where, kind);
}

static int check_kind(struct reader *reader, const char *where, const struct yaml_node *kind)
{
	int rc = want(reader, "kind", kind, YAML_SCALAR);

	if (rc < 0)
		return rc;
	if (str_eq(kind->text, "linux"))
		return 0;
	if (str_eq(kind->text, "bridge") || str_eq(kind->text, "host"))
		return FAIL(reader, kind, ERR_UNSUPPORTED,
			    "%s: kind %s is not supported yet, only linux", where, kind->text);
	return FAIL(reader, kind, ERR_UNSUPPORTED,
		    "%s: kind \"%.80s\" is not supported: Moat knows linux", where, kind->text);
}

/* -------------------------------------------------------------------- links */

static int read_link(struct reader *reader, const struct yaml_node *node)
{
	const struct yaml_node *type, *endpoints, *mtu;
	struct lab_link link = {.pos = node->pos};
	bool outside = false;
	int rc = want(reader, "a link", node, YAML_MAPPING);

	if (rc < 0)
		return rc;
	type = get(node, "type");
	if (type) {
		rc = want(reader, "type", type, YAML_SCALAR);
		if (rc < 0)
			return rc;
		if (!str_eq(type->text, "veth") && !str_eq(type->text, "veth-stitch"))
			return link_outside(reader, node, type);
	}
	rc = check_keys(reader, "a link", node, link_keys);
	if (rc < 0)
		return rc;
	endpoints = get(node, "endpoints");
	if (!endpoints)
		return FAIL(reader, node, ERR_USAGE, "a link without endpoints");
	rc = want(reader, "endpoints", endpoints, YAML_SEQUENCE);
	if (rc < 0)
		return rc;
	if (endpoints->item_count != 2)
		return FAIL(reader, endpoints, ERR_USAGE, "a link has two endpoints, not %zu",
			    endpoints->item_count);
	for (size_t i = 0; i < 2; i++) {
		rc = read_end(reader, endpoints->items[i], &link.end[i], &outside);
		if (rc < 0)
			return rc;
	}
	if (outside)
		return 0;
	mtu = get(node, "mtu");
	if (mtu) {
		rc = read_mtu(reader, mtu, &link.mtu);
		if (rc < 0)
			return rc;
	}
	rc = read_link_ips(reader, get(node, "ipv4"), 4, &link);
	if (!rc)
		rc = read_link_ips(reader, get(node, "ipv6"), 6, &link);
	return rc < 0 ? rc : lab_link_add(reader->lab, &link, reader->err);
}

/* A link that leaves the lab, or has one end only, is more than bare nodes have. */
static int link_outside(struct reader *reader, const struct yaml_node *node,
			const struct yaml_node *type)
{
	char what[64];

	if (str_eq(type->text, "lan"))
		return FAIL(reader, type, ERR_UNSUPPORTED,
			    "a link of type lan is not supported yet");
	if (!among(outside_types, ARRAY_COUNT(outside_types), type->text))
		return FAIL(reader, type, ERR_USAGE, "link type \"%.80s\" is not known",
			    type->text);
	if (!reader->options->bare)
		return FAIL(reader, type, ERR_UNSUPPORTED,
			    "a link of type %s is not supported yet; --bare takes only links "
			    "between nodes",
			    type->text);
	snprintf(what, sizeof(what), "links of type %s", type->text);
	lab_leave_out(reader->lab, what, node->pos);
	return 0;
}

static int read_end(struct reader *reader, const struct yaml_node *node,
		    struct lab_end *ret_end, bool *ret_outside)
{
	switch (node->kind) {
	case YAML_SCALAR:
		return read_end_brief(reader, node, ret_end, ret_outside);
	case YAML_MAPPING:
		return read_end_object(reader, node, ret_end);
	case YAML_SEQUENCE:
		break;
	}
	return FAIL(reader, node, ERR_USAGE,
		    "an endpoint is \"NODE:INTERFACE\" or {node: ..., interface: ...}");
}

static int read_end_brief(struct reader *reader, const struct yaml_node *node,
			  struct lab_end *ret_end, bool *ret_outside)
{
	const char *colon = strchr(node->text, ':'), *name;
	char what[64];
	int rc;

	if (!colon || colon == node->text || strchr(colon + 1, ':'))
		return FAIL(reader, node, ERR_USAGE, "endpoint \"%.80s\" is not NODE:INTERFACE",
			    node->text);
	name = arena_strndup(reader->lab->arena, node->text, (size_t)(colon - node->text));
	if (!lab_node_find(reader->lab, name) &&
	    among(outside_nodes, ARRAY_COUNT(outside_nodes), name)) {
		if (!reader->options->bare)
			return FAIL(reader, node, ERR_UNSUPPORTED,
				    "endpoint \"%.80s\": a link to %s is not supported yet; "
				    "--bare takes only links between nodes",
				    node->text, name);
		snprintf(what, sizeof(what), "links to %s", name);
		lab_leave_out(reader->lab, what, node->pos);
		*ret_outside = true;
		return 0;
	}
	ret_end->pos = node->pos;
	rc = find_node(reader, node, name, ret_end);
	return rc < 0 ? rc : set_ifname(reader, node, colon + 1, ret_end);
}

static int read_end_object(struct reader *reader, const struct yaml_node *node,
			   struct lab_end *ret_end)
{
	const struct yaml_node *name = get(node, "node"), *ifname = get(node, "interface"),
			       *value;
	int rc = check_keys(reader, "an endpoint", node, endpoint_keys);

	if (rc < 0)
		return rc;
	if (!name || !ifname)
		return FAIL(reader, node, ERR_USAGE, "an endpoint without \"%s\"",
			    name ? "interface" : "node");
	rc = want(reader, "node", name, YAML_SCALAR);
	if (!rc)
		rc = want(reader, "interface", ifname, YAML_SCALAR);
	ret_end->pos = node->pos;
	if (!rc)
		rc = find_node(reader, name, name->text, ret_end);
	if (!rc)
		rc = set_ifname(reader, ifname, ifname->text, ret_end);
	value = get(node, "mac");
	if (!rc && value)
		rc = read_mac(reader, value, &ret_end->mac);
	value = get(node, "ipv4");
	if (!rc && value)
		rc = read_ip(reader, value, 4, ret_end);
	value = get(node, "ipv6");
	if (!rc && value)
		rc = read_ip(reader, value, 6, ret_end);
	return rc;
}

static int find_node(struct reader *reader, const struct yaml_node *at, const char *name,
		     struct lab_end *end)
{
	const struct lab_node *node = lab_node_find(reader->lab, name);

	if (!node)
		return FAIL(reader, at, ERR_USAGE,
			    "a link ends at node \"%.80s\", which topology does not have",
			    name);
	end->node = (uint32_t)(node - reader->lab->nodes);
	return 0;
}

static int set_ifname(struct reader *reader, const struct yaml_node *at, const char *name,
		      struct lab_end *end)
{
	int rc = lab_ifname_check(reader->lab, reader->lab->nodes[end->node].name, name,
				  at->pos, reader->err);

	if (rc < 0)
		return rc;
	return str_copy(end->ifname, sizeof(end->ifname), name);
}

/* One address per endpoint, in their order; "" leaves an endpoint without. */
static int read_link_ips(struct reader *reader, const struct yaml_node *list, uint8_t family,
			 struct lab_link *link)
{
	char what[8];
	int rc;

	if (!list)
		return 0;
	snprintf(what, sizeof(what), "ipv%u", (unsigned)family);
	rc = want(reader, what, list, YAML_SEQUENCE);
	if (rc < 0)
		return rc;
	if (!list->item_count || list->item_count > 2)
		return FAIL(reader, list, ERR_USAGE,
			    "%s holds an address for each endpoint, one or two, not %zu", what,
			    list->item_count);
	for (size_t i = 0; i < list->item_count; i++) {
		const struct yaml_node *item = list->items[i];

		if (item->kind == YAML_SCALAR && !item->len)
			continue;
		rc = read_ip(reader, item, family, &link->end[i]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_ip(struct reader *reader, const struct yaml_node *node, uint8_t family,
		   struct lab_end *end)
{
	struct prefix *slot = family == 4 ? &end->ip4 : &end->ip6;
	const char *name = reader->lab->nodes[end->node].name;
	struct prefix prefix;

	if (node->kind != YAML_SCALAR || prefix_parse(node->text, &prefix) < 0 ||
	    prefix.ip.family != family)
		return FAIL(reader, node, ERR_USAGE,
			    "%s:%s: \"%.60s\" is no IPv%u address with its prefix length", name,
			    end->ifname, node->text ? node->text : "", (unsigned)family);
	if (slot->ip.family)
		return FAIL(reader, node, ERR_USAGE, "%s:%s has an IPv%u address already", name,
			    end->ifname, (unsigned)family);
	*slot = prefix;
	return 0;
}

static int read_mac(struct reader *reader, const struct yaml_node *node, struct mac *ret_mac)
{
	char text[MAC_STR_SIZE];

	if (node->kind == YAML_SCALAR && str_copy(text, sizeof(text), node->text) == 0) {
		for (char *p = text; *p; p++)
			if (*p == '-')
				*p = ':';
		if (mac_parse(text, ret_mac) == 0 && mac_is_unicast(ret_mac))
			return 0;
	}
	return FAIL(reader, node, ERR_USAGE,
		    "\"%.40s\" is not the MAC address of a single interface",
		    node->text ? node->text : "");
}

static int read_mtu(struct reader *reader, const struct yaml_node *node, uint32_t *ret_mtu)
{
	uint64_t mtu;

	if (node->kind != YAML_SCALAR || str_u64(node->text, LAB_MTU_MAX, &mtu) < 0 ||
	    mtu < LAB_MTU_MIN)
		return FAIL(reader, node, ERR_USAGE,
			    "mtu \"%.40s\" is not %d..%d bytes, what IPv6 needs at least and a "
			    "veth takes at most",
			    node->text ? node->text : "", (int)LAB_MTU_MIN, (int)LAB_MTU_MAX);
	*ret_mtu = (uint32_t)mtu;
	return 0;
}

static int read_routing(struct reader *reader, const struct yaml_node *node)
{
	int rc = want(reader, "routing", node, YAML_SCALAR);

	if (rc < 0)
		return rc;
	if (str_eq(node->text, "none"))
		reader->lab->routing = LAB_ROUTING_NONE;
	else if (str_eq(node->text, "static"))
		reader->lab->routing = LAB_ROUTING_STATIC;
	else if (str_eq(node->text, "frr"))
		return FAIL(reader, node, ERR_UNSUPPORTED,
			    "routing frr is not supported yet, only none and static");
	else
		return FAIL(reader, node, ERR_USAGE,
			    "routing is none, static or frr, not \"%.40s\"", node->text);
	return 0;
}

/* ------------------------------------------------------------------ helpers */

static int check_keys(struct reader *reader, const char *where, const struct yaml_node *mapping,
		      const struct key *keys)
{
	for (size_t i = 0; i < mapping->item_count; i += 2) {
		const struct yaml_node *key = mapping->items[i];
		const struct key *row = keys;

		while (row->name && strcmp(row->name, key->text) != 0)
			row++;
		if (!row->name)
			return FAIL(reader, key, ERR_USAGE, "%s: unknown key \"%.80s\"", where,
				    key->text);
		switch (row->use) {
		case KEY_USED:
			break;
		case KEY_CONTAINER:
			if (!reader->options->bare)
				return FAIL(reader, key, ERR_UNSUPPORTED,
					    "%s: nodes are bare stacks, they have no \"%s\" "
					    "yet; --bare takes only the topology",
					    where, row->name);
			lab_leave_out(reader->lab, row->name, key->pos);
			break;
		case KEY_LATER:
			return FAIL(reader, key, ERR_UNSUPPORTED,
				    "%s: \"%s\" is not supported yet", where, row->name);
		}
	}
	return 0;
}

static int want(struct reader *reader, const char *what, const struct yaml_node *node,
		enum yaml_kind kind)
{
	static const char *const names[] = {
		[YAML_SCALAR] = "a single value",
		[YAML_SEQUENCE] = "a list",
		[YAML_MAPPING] = "a mapping",
	};

	if (node->kind == kind)
		return 0;
	return FAIL(reader, node, ERR_USAGE, "%s: must be %s, not %s", what, names[kind],
		    names[node->kind]);
}

/* A key that is there but null counts as absent, as containerlab's decoder has it. */
static const struct yaml_node *get(const struct yaml_node *mapping, const char *key)
{
	const struct yaml_node *node;

	if (mapping->kind != YAML_MAPPING)
		return NULL;
	node = yaml_get(mapping, key);
	return node && !yaml_is_null(node) ? node : NULL;
}

static bool among(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}
