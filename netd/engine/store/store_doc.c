/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_doc - what a row says of an object. Floor F4, pure. */
#include "netd/engine/store/store_doc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

enum { DOC_ITEMS_MAX = STACK_ROUTES_MAX };

/* ---------------------------------------------------------------------- reading */

/**
 * struct reader - a document, and the first field of it that is not as it must be
 * A field that is not there has the value nothing has, as in rows of before it was there. All else that cannot be read, and a field
 * that we do not know, says something that we would pass over: then the row is not loaded (aside.h).
 */
struct reader {
	const json_t *doc;
	const char *bad; /* its name, NULL while all is well */
};

static void read_bad(struct reader *reader, const char *key)
{
	if (!reader->bad)
		reader->bad = key;
}

/* @known: names of fields, up to a NULL */
static struct reader read_begin(const json_t *doc, const char *const known[])
{
	struct reader reader = { .doc = doc };
	const char *key;
	json_t *value;

	/* jansson's iterators take no const, but only json_object_iter_set() writes */
	json_object_foreach((json_t *)(uintptr_t)doc, key, value) {
		size_t i = 0;

		while (known[i] && !str_eq(known[i], key))
			i++;
		if (!known[i])
			read_bad(&reader, key);
	}
	return reader;
}

static int read_end(const struct reader *reader, struct err *err)
{
	if (!reader->bad)
		return 0;
	return err_set(err, ERR_IO, EBADMSG, NULL, "its field '%.40s' is unknown or cannot be read", reader->bad);
}

static const json_t *field(const struct reader *reader, const char *key)
{
	const json_t *value = json_object_get(reader->doc, key);

	return json_is_null(value) ? NULL : value;
}

/* NULL where it is not there */
static const char *text_or_null(struct reader *reader, const char *key)
{
	const json_t *value = field(reader, key);

	if (value && !json_is_string(value))
		read_bad(reader, key);
	return json_string_value(value);
}

static const char *text_of(struct reader *reader, const char *key)
{
	const char *text = text_or_null(reader, key);

	return text ? text : "";
}

static void copy_of(struct reader *reader, const char *key, char *dst, size_t size)
{
	if (str_copy(dst, size, text_of(reader, key)) < 0)
		read_bad(reader, key);
}

static int64_t int_of(struct reader *reader, const char *key, int64_t min, int64_t max)
{
	const json_t *value = field(reader, key);
	int64_t number = json_integer_value(value);

	if (value && (!json_is_integer(value) || number < min || number > max))
		read_bad(reader, key);
	return number;
}

static bool bool_or(struct reader *reader, const char *key, bool absent)
{
	const json_t *value = field(reader, key);

	if (value && !json_is_boolean(value))
		read_bad(reader, key);
	return value ? json_is_true(value) : absent;
}

static bool bool_of(struct reader *reader, const char *key) { return bool_or(reader, key, false); }

static const json_t *array_of(struct reader *reader, const char *key, size_t max)
{
	const json_t *value = field(reader, key);

	if (value && (!json_is_array(value) || json_array_size(value) > max)) {
		read_bad(reader, key);
		return NULL;
	}
	return value;
}

/*
 * read_items() - the texts of an array, each by @parse into one of @dst
 * Return: how many; 0 where one is none.
 */
static size_t read_items(struct reader *reader, const char *key, void *dst, size_t size, size_t max,
			 int (*parse)(const char *s, void *ret_item))
{
	const json_t *array = array_of(reader, key, max);
	size_t i;
	json_t *item;

	json_array_foreach(array, i, item) {
		if (json_is_string(item) && parse(json_string_value(item), (uint8_t *)dst + i * size) == 0)
			continue;
		read_bad(reader, key);
		return 0;
	}
	return json_array_size(array);
}

static int prefix_item(const char *s, void *dst) { return prefix_parse(s, dst); }
static int ip_item(const char *s, void *dst) { return ip_parse(s, dst); }
static int range_item(const char *s, void *dst) { return ip_range_parse(s, dst); }
static int reserve_item(const char *s, void *dst) { return ipam_reserve_parse(s, dst, NULL); }
static int ports_item(const char *s, void *dst) { return port_range_parse(s, dst, NULL); }
static int spec_item(const char *s, void *dst) { return portspec_parse(s, dst, NULL); }
static int text_item(const char *s, void *dst)
{
	*(const char **)dst = s;
	return 0;
}

static size_t prefixes_of(struct reader *reader, const char *key, struct prefix *dst, size_t max)
{
	return read_items(reader, key, dst, sizeof(*dst), max, prefix_item);
}

/* Of an object's name there is always one, and without its tenant's nothing is known of it. */
static struct tenant *tenant_of(struct model *model, struct reader *reader)
{
	const char *name = text_of(reader, "tenant");

	if (name_tenant_check(name, NULL) < 0)
		read_bad(reader, "tenant");
	return model_tenant(model, name);
}

static json_t *prefixes_json(const struct prefix *prefixes, size_t count)
{
	json_t *array = json_array();
	char text[PREFIX_STR_SIZE];

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(prefix_print(&prefixes[i], text)));
	return array;
}

/* ---------------------------------------------------------------------- tenants */

json_t *doc_allow_ports(const struct tenant *tenant)
{
	json_t *array = json_array();
	char text[PORT_RANGE_SIZE];

	for (size_t i = 0; i < tenant->allow_ports_count; i++)
		json_array_append_new(array, json_string(port_range_print(&tenant->allow_ports[i], text)));
	return array;
}

json_t *doc_tenant(const struct tenant *tenant)
{
	json_t *doc = json_pack("{s:s, s:i, s:s, s:i, s:I, s:I, s:I}", "name", tenant->name, "kind", (int)tenant->kind, "delegate",
			 tenant->delegate, "transit", (int)tenant->transit, "endpoints",
			 (json_int_t)tenant->quota.endpoints, "networks", (json_int_t)tenant->quota.networks, "ports",
			 (json_int_t)tenant->quota.ports);

	if (tenant->allow_ports_count)
		json_object_set_new(doc, "allowPorts", doc_allow_ports(tenant));
	return doc;
}

int load_tenant(struct model *model, uint64_t id, const json_t *doc, struct err *err)
{
	static const char *const known[] = { "name", "kind", "delegate", "transit", "endpoints", "networks", "ports",
					     "allowPorts", NULL };
	struct port_range allow_ports[TENANT_ALLOW_PORTS_MAX];
	struct reader reader = read_begin(doc, known);
	struct tenant_want want = {
		.name = text_of(&reader, "name"),
		.allow_ports = allow_ports,
		.kind = int_of(&reader, "kind", TENANT_PLAIN, TENANT_LAB) == TENANT_LAB ? TENANT_LAB : TENANT_PLAIN,
		.delegate = text_of(&reader, "delegate"),
		.quota = { int_of(&reader, "endpoints", -1, INT64_MAX), int_of(&reader, "networks", -1, INT64_MAX),
			   int_of(&reader, "ports", -1, INT64_MAX) },
		.id = id,
		.transit = int_of(&reader, "transit", 0, UINT32_MAX),
	};
	struct tenant *tenant;
	int r;

	want.allow_ports_count = read_items(&reader, "allowPorts", allow_ports, sizeof(*allow_ports), TENANT_ALLOW_PORTS_MAX,
					    ports_item);
	r = read_end(&reader, err);
	if (r == 0)
		r = model_tenant_add(model, &want, &tenant, err);
	if (r == 0)
		tenant->life = LIFE_UP;
	return r;
}

/* --------------------------------------------------------------------- networks */

json_t *doc_excluded(const struct network *network)
{
	json_t *array = json_array();
	char text[IP_RANGE_STR_SIZE];

	for (size_t i = 0; i < network->ipam.excluded_count; i++)
		json_array_append_new(array, json_string(ip_range_print(&network->ipam.excluded[i], text)));
	return array;
}

json_t *doc_reserved(const struct network *network)
{
	json_t *array = json_array();
	char text[IP_STR_SIZE];
	struct ipam_reserve *reserves;
	size_t count = ipam_reserved_get(network, &reserves);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_sprintf("%s=%s", reserves[i].name, ip_print(&reserves[i].ip, text)));
	free(reserves);
	return array;
}

json_t *doc_network(const struct network *network)
{
	json_t *doc, *gateways = json_array();
	char text[IP_STR_SIZE];

	for (size_t i = 0; i < network->subnet_count; i++)
		json_array_append_new(gateways, json_string(ip_print(&network->gateways[i], text)));
	doc = json_pack("{s:s, s:s, s:s, s:o, s:o, s:i, s:b, s:b, s:b, s:b, s:b}", "tenant", network->tenant->name, "name",
			network->name, "mode", network_mode_name(network->mode), "subnets",
			prefixes_json(network->subnets, network->subnet_count), "gateways", gateways, "mtu",
			(int)network->mtu, "guard", (int)network->guard, "masquerade", (int)network->masquerade, "internal",
			(int)network->internal, "dns", (int)network->dns, "rebindProtect", (int)network->dns_rebind_protect);
	json_object_set_new(doc, "excluded", doc_excluded(network));
	json_object_set_new(doc, "reserved", doc_reserved(network));
	if (network->host_access)
		json_object_set_new(doc, "hostAccess", json_true());
	if (network->setting)
		json_object_set_new(doc, "setting", json_true());
	return doc;
}

struct addresses {
	struct ip_range excluded[IPAM_EXCLUDED_MAX];
	struct ipam_reserve reserved[IPAM_RESERVED_MAX];
};

static void addresses_of(struct reader *reader, struct addresses *dst, struct network_want *want)
{
	want->excluded = dst->excluded;
	want->excluded_count =
		read_items(reader, "excluded", dst->excluded, sizeof(*dst->excluded), IPAM_EXCLUDED_MAX, range_item);
	want->reserved = dst->reserved;
	want->reserved_count =
		read_items(reader, "reserved", dst->reserved, sizeof(*dst->reserved), IPAM_RESERVED_MAX, reserve_item);
}

int load_network(struct model *model, uint64_t id, const json_t *doc, struct err *err)
{
	static const char *const known[] = { "tenant", "name", "mode", "subnets", "gateways", "mtu", "guard", "masquerade", "internal",
					     "dns", "rebindProtect", "excluded", "reserved", "hostAccess", "setting", NULL };
	struct reader reader = read_begin(doc, known);
	struct prefix subnets[MODEL_SUBNETS_MAX];
	struct ip gateways[MODEL_SUBNETS_MAX];
	struct network_want want = {
		.id = id,
		.subnets = subnets,
		.gateways = gateways,
		.mtu = (uint32_t)int_of(&reader, "mtu", 0, UINT16_MAX),
		.guard = bool_of(&reader, "guard"),
		.masquerade = bool_of(&reader, "masquerade"),
		.internal = bool_of(&reader, "internal"),
		.dns = bool_or(&reader, "dns", true), /* rows of before there was a name service */
		.dns_rebind_protect = bool_of(&reader, "rebindProtect"),
		.host_access = bool_of(&reader, "hostAccess"),
	};
	const struct tenant *tenant = tenant_of(model, &reader);
	const char *mode = text_or_null(&reader, "mode");
	bool setting = bool_of(&reader, "setting");
	struct addresses *addresses = mem_alloc(sizeof(*addresses));
	struct network *network;
	int r;

	want.mode = NETWORK_BRIDGE; /* the only one there was when rows said nothing of it */
	if (mode && network_mode_parse(mode, &want.mode) < 0)
		read_bad(&reader, "mode");
	addresses_of(&reader, addresses, &want);
	copy_of(&reader, "tenant", want.name.tenant, sizeof(want.name.tenant));
	copy_of(&reader, "name", want.name.name, sizeof(want.name.name));
	want.subnet_count = prefixes_of(&reader, "subnets", subnets, MODEL_SUBNETS_MAX);
	want.gateway_count = read_items(&reader, "gateways", gateways, sizeof(*gateways), MODEL_SUBNETS_MAX, ip_item);
	if (want.mode == NETWORK_ROUTED)
		want.gateway_count = 0; /* they are always the same */
	r = read_end(&reader, err);
	if (r == 0)
		r = tenant ? model_network_add(model, &want, &network, err) : 1;
	free(addresses);
	if (r != 0)
		return r;
	network->life = LIFE_UP;
	network->setting = setting;
	return 0;
}

/* ----------------------------------------------------------------------- stacks */

/* "UID TENANT ID"; before version 2 of the store the id alone, which was root's. NULL where there is none. */
static const char *request_of(struct reader *reader, uint32_t *ret_uid)
{
	const char *text = text_or_null(reader, "request"), *tenant = text_of(reader, "tenant");
	size_t len = strlen(tenant);
	unsigned long uid;
	char *rest;

	if (!text)
		return NULL;
	uid = strtoul(text, &rest, 10);
	if (rest == text || *rest != ' ' || strncmp(rest + 1, tenant, len) != 0 || rest[1 + len] != ' ')
		return text;
	*ret_uid = (uint32_t)uid;
	return rest + len + 2;
}

json_t *doc_stack(const struct stack *stack)
{
	json_t *routes = json_array(), *doc;
	char dst[PREFIX_STR_SIZE], via[IP_STR_SIZE];

	for (size_t i = 0; i < stack->route_count; i++)
		json_array_append_new(routes, json_pack("[ss]", prefix_print(&stack->routes[i].dst, dst),
							ip_print(&stack->routes[i].via, via)));
	doc = json_pack("{s:s, s:s, s:i, s:I, s:I, s:s, s:b, s:o, s:o}", "tenant", stack->tenant->name, "name", stack->name,
			"kind", (int)stack->kind, "dev", (json_int_t)stack->netns[0], "ino", (json_int_t)stack->netns[1], "path",
			stack->netns_path, "forwarding", (int)stack->forwarding, "loopback",
			prefixes_json(stack->loopback, stack->loopback_count), "routes", routes);
	if (stack->request)
		json_object_set_new(doc, "request", json_string(stack->request));
	return doc;
}

/* [prefix, next hop] each; *ret_routes is malloc'ed, NULL for none */
static size_t lab_routes_of(struct reader *reader, struct stack_route **ret_routes)
{
	const json_t *array = array_of(reader, "routes", DOC_ITEMS_MAX);
	size_t count = json_array_size(array);
	struct stack_route *routes = count ? mem_array(count, sizeof(*routes)) : NULL;

	for (size_t i = 0; i < count; i++) {
		const json_t *pair = json_array_get(array, i);
		const char *dst = json_string_value(json_array_get(pair, 0)), *via = json_string_value(json_array_get(pair, 1));

		if (json_array_size(pair) != 2 || !dst || !via || prefix_parse(dst, &routes[i].dst) < 0 ||
		    ip_parse(via, &routes[i].via) < 0)
			read_bad(reader, "routes");
	}
	*ret_routes = routes;
	return count;
}

int load_stack(struct model *model, uint64_t id, const json_t *doc, struct err *err)
{
	static const char *const known[] = { "tenant", "name", "kind", "dev", "ino", "path", "forwarding", "loopback", "routes",
					     "request", NULL };
	struct reader reader = read_begin(doc, known);
	struct tenant *tenant = tenant_of(model, &reader);
	struct stack said = { .forwarding = bool_of(&reader, "forwarding") }, *stack;
	enum stack_kind kind = (enum stack_kind)int_of(&reader, "kind", STACK_BARE, STACK_FOREIGN);
	uint64_t dev = (uint64_t)int_of(&reader, "dev", INT64_MIN, INT64_MAX);
	uint64_t ino = (uint64_t)int_of(&reader, "ino", INT64_MIN, INT64_MAX);
	uint32_t uid = 0;
	const char *request = request_of(&reader, &uid);
	int r;

	copy_of(&reader, "path", said.netns_path, sizeof(said.netns_path));
	said.loopback_count = prefixes_of(&reader, "loopback", said.loopback, ARRAY_COUNT(said.loopback));
	said.route_count = lab_routes_of(&reader, &said.routes);
	r = read_end(&reader, err);
	if (r == 0)
		r = tenant ? model_stack_add(tenant, text_of(&reader, "name"), kind, id, &stack, err) : 1;
	if (r == 0 && request) {
		r = model_stack_request(stack, uid, request, err);
		if (r < 0)
			model_stack_del(stack);
	}
	if (r != 0) {
		free(said.routes);
		return r;
	}
	stack->life = LIFE_UP;
	model_stack_set_netns(stack, dev, ino);
	stack->forwarding = said.forwarding;
	memcpy(stack->netns_path, said.netns_path, sizeof(stack->netns_path));
	memcpy(stack->loopback, said.loopback, sizeof(stack->loopback));
	stack->loopback_count = said.loopback_count;
	stack->routes = said.routes;
	stack->route_count = said.route_count;
	return 0;
}

/* -------------------------------------------------------------------- endpoints */

/* Rate and burst in, rate and burst out, in bits. */
static json_t *bandwidth_json(const struct bandwidth *bandwidth)
{
	return json_pack("[I,I,I,I]", (json_int_t)bandwidth->ingress_rate, (json_int_t)bandwidth->ingress_burst,
			 (json_int_t)bandwidth->egress_rate, (json_int_t)bandwidth->egress_burst);
}

static struct bandwidth bandwidth_of(struct reader *reader)
{
	const json_t *array = array_of(reader, "bandwidth", 4);
	uint64_t bits[4] = { 0 };
	size_t i;
	json_t *item;

	json_array_foreach(array, i, item) {
		if (!json_is_integer(item) || json_integer_value(item) < 0)
			read_bad(reader, "bandwidth");
		bits[i] = (uint64_t)json_integer_value(item);
	}
	if (array && json_array_size(array) != 4)
		read_bad(reader, "bandwidth");
	return (struct bandwidth){ bits[0], bits[1], bits[2], bits[3] };
}

/* [prefix, next hop or "", metric or 0, mtu or 0, advmss or 0] each; the last two where one is set */
static json_t *routes_json(const struct endpoint *endpoint)
{
	json_t *array = json_array();
	char dst[PREFIX_STR_SIZE], via[IP_STR_SIZE];

	for (size_t i = 0; i < endpoint->route_count; i++) {
		const struct stack_route *route = &endpoint->routes[i];

		json_t *row = json_pack("[s,s,I]", prefix_print(&route->dst, dst), ip_is_none(&route->via) ? "" : ip_print(&route->via, via),
					(json_int_t)route->metric);

		if (route->mtu || route->advmss) {
			json_array_append_new(row, json_integer(route->mtu));
			json_array_append_new(row, json_integer(route->advmss));
		}
		json_array_append_new(array, row);
	}
	return array;
}

static size_t routes_of(struct reader *reader, struct stack_route *routes)
{
	const json_t *array = array_of(reader, "routes", ENDPOINT_ROUTES_MAX);
	size_t i;
	json_t *item;

	json_array_foreach(array, i, item) {
		const char *dst = json_string_value(json_array_get(item, 0)), *via = json_string_value(json_array_get(item, 1));
		json_int_t metric = json_integer_value(json_array_get(item, 2));
		json_int_t mtu = json_integer_value(json_array_get(item, 3)), advmss = json_integer_value(json_array_get(item, 4));
		bool sized = json_array_size(item) == 5 && json_is_integer(json_array_get(item, 3)) && json_is_integer(json_array_get(item, 4)) &&
			     mtu >= 0 && mtu <= OBJ_ROUTE_MTU_MAX && advmss >= 0 && advmss <= ROUTE_ADVMSS_MAX;

		routes[i] = (struct stack_route){ .metric = (uint32_t)metric, .mtu = (uint32_t)mtu, .advmss = (uint32_t)advmss };
		if ((json_array_size(item) != 3 && !sized) || !dst || !via || prefix_parse(dst, &routes[i].dst) < 0 ||
		    (*via && ip_parse(via, &routes[i].via) < 0) || !json_is_integer(json_array_get(item, 2)) || metric < 0 ||
		    metric > ROUTE_METRIC_MAX)
			read_bad(reader, "routes");
	}
	return json_array_size(array);
}

static json_t *end_json(const struct endpoint *endpoint)
{
	json_t *publish = json_array(), *aliases = json_array();
	char hex[13], mac[MAC_STR_SIZE], text[PORTSPEC_SIZE];
	json_t *doc;

	for (size_t i = 0; i < endpoint->publish_count; i++)
		json_array_append_new(publish, json_string(portspec_print(&endpoint->publish[i]->spec, text)));
	str_hex48_print(endpoint->id, hex);
	doc = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:b, s:o}", "id", hex, "tenant", endpoint->stack->tenant->name,
			"stack", endpoint->stack->name, "ifname", endpoint->ifname, "mac", mac_print(&endpoint->mac, mac),
			"ips", prefixes_json(endpoint->ips, endpoint->ip_count), "mtu",
			endpoint->mtu_follows ? 0 : (int)endpoint->mtu, "default",
			(int)endpoint->default_route, "publish", publish);
	if (endpoint->allow_count)
		json_object_set_new(doc, "allow", prefixes_json(endpoint->allow, endpoint->allow_count));
	if (endpoint->route_count)
		json_object_set_new(doc, "routes", routes_json(endpoint));
	for (size_t i = 0; i < endpoint->alias_count; i++)
		json_array_append_new(aliases, json_string(endpoint->aliases[i]));
	if (endpoint->alias_count)
		json_object_set(doc, "aliases", aliases);
	json_decref(aliases);
	if (!bandwidth_same(&endpoint->bandwidth, &(struct bandwidth){ 0 }))
		json_object_set_new(doc, "bandwidth", bandwidth_json(&endpoint->bandwidth));
	if (endpoint->network) {
		json_object_set_new(doc, "network", json_string(endpoint->network->name));
		json_object_set_new(doc, "metric", json_integer(endpoint->metric));
		json_object_set_new(doc, "ownTable", json_boolean(endpoint->own_table));
	}
	if (endpoint->tap)
		json_object_set_new(doc, "tap", json_true());
	if (endpoint->labels)
		json_object_set_new(doc, "labels", json_string(endpoint->labels));
	if (endpoint->request)
		json_object_set_new(doc, "request", json_string(endpoint->request));
	return doc;
}

json_t *doc_memory(const struct ipam_memory *memory)
{
	json_t *ips = json_array();
	char text[IP_STR_SIZE];

	for (size_t i = 0; i < memory->ip_count; i++)
		json_array_append_new(ips, json_sprintf("%s/%u", ip_print(&memory->ips[i], text), ip_bits(&memory->ips[i])));
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "tenant", memory->network->tenant->name, "network", memory->network->name,
			 "stack", ipam_memory_name(memory), "ifname", memory->ifname, "ips", ips);
}

json_t *doc_endpoint(const struct endpoint *endpoint)
{
	json_t *doc = end_json(endpoint);

	if (endpoint->peer)
		json_object_set_new(doc, "peer", end_json(endpoint->peer));
	return doc;
}

/* What is needed to add one end again; @prefixes and @specs are the caller's room. */
struct end {
	struct stack *stack;
	struct endpoint_want want;
	struct prefix prefixes[MODEL_IPS_MAX];
	struct prefix allow[ENDPOINT_ALLOW_MAX];
	const char *aliases[ENDPOINT_ALIASES_MAX];
	struct stack_route routes[ENDPOINT_ROUTES_MAX];
	struct portspec specs[ENDPOINT_PUBLISH_MAX];
};

/*
 * One end, of which the model will be asked to make the same again.
 * Return: 0; 1: its stack is not there; < 0. The texts in it are the document's.
 */
static int end_of(struct model *model, const json_t *doc, struct end *end, struct err *err)
{
	static const char *const known[] = { "id", "tenant", "stack", "ifname", "mac", "ips", "mtu", "default", "publish", "allow",
					     "routes", "aliases", "bandwidth", "network", "metric", "ownTable", "tap", "labels",
					     "request", "peer", NULL };
	struct reader reader = read_begin(doc, known);
	const struct tenant *tenant = tenant_of(model, &reader);
	const char *stack = text_of(&reader, "stack");
	struct endpoint_want *want = &end->want;

	*end = (struct end){ .stack = tenant ? table_find_str(&tenant->stacks, stack) : NULL };
	want->prefixes = end->prefixes;
	want->allow = end->allow;
	want->routes = end->routes;
	want->aliases = end->aliases;
	want->publish = end->specs;
	if (str_hex48(text_of(&reader, "id"), &want->id) < 0)
		read_bad(&reader, "id");
	if (!*stack)
		read_bad(&reader, "stack");
	if (mac_parse(text_of(&reader, "mac"), &want->mac) < 0)
		read_bad(&reader, "mac");
	want->ifname = text_of(&reader, "ifname");
	want->mtu = (uint32_t)int_of(&reader, "mtu", 0, UINT16_MAX);
	want->default_route = bool_of(&reader, "default");
	want->metric = (uint16_t)int_of(&reader, "metric", 0, UINT16_MAX);
	want->own_table = bool_of(&reader, "ownTable");
	want->tap = bool_of(&reader, "tap");
	want->labels = text_or_null(&reader, "labels");
	want->request_id = request_of(&reader, &want->request_uid);
	want->prefix_count = prefixes_of(&reader, "ips", end->prefixes, MODEL_IPS_MAX);
	want->allow_count = prefixes_of(&reader, "allow", end->allow, ENDPOINT_ALLOW_MAX);
	want->route_count = routes_of(&reader, end->routes);
	want->alias_count = read_items(&reader, "aliases", end->aliases, sizeof(*end->aliases), ENDPOINT_ALIASES_MAX, text_item);
	want->bandwidth = bandwidth_of(&reader);
	want->publish_count = read_items(&reader, "publish", end->specs, sizeof(*end->specs), ENDPOINT_PUBLISH_MAX, spec_item);
	(void)text_or_null(&reader, "network");
	return read_end(&reader, err) < 0 ? -EBADMSG : !end->stack;
}

int load_endpoint(struct model *model, uint64_t id, const json_t *doc, struct err *err)
{
	struct end *end = mem_alloc(sizeof(*end));
	const char *name = json_string_value(json_object_get(doc, "network"));
	struct network *network = NULL;
	struct endpoint *endpoint;
	int r = end_of(model, doc, end, err);

	if (r >= 0 && (!name || end->want.id != id))
		r = err_set(err, ERR_IO, EBADMSG, NULL, "its field '%s' cannot be read", name ? "id" : "network");
	if (r == 0) {
		network = table_find_str(&end->stack->tenant->networks, name);
		r = network ? model_endpoint_add(end->stack, network, &end->want, &endpoint, err) : 1;
	}
	if (r == 0)
		endpoint->life = LIFE_UP;
	free(end);
	return r;
}

int load_memory(struct model *model, uint64_t id, const json_t *doc, struct err *err)
{
	/* a row that was an endpoint's has more in it, which is of no use any more */
	struct reader reader = { .doc = doc };
	const struct tenant *tenant = tenant_of(model, &reader);
	struct network *network = tenant ? table_find_str(&tenant->networks, text_of(&reader, "network")) : NULL;
	struct prefix prefixes[MODEL_IPS_MAX];
	struct ip ips[MODEL_IPS_MAX];
	size_t count = prefixes_of(&reader, "ips", prefixes, MODEL_IPS_MAX);
	int r = read_end(&reader, err);

	for (size_t i = 0; i < count; i++)
		ips[i] = prefixes[i].ip;
	if (r == 0 && network)
		ipam_remember(network, id, text_of(&reader, "stack"), text_of(&reader, "ifname"), ips, count);
	return r < 0 ? r : !network;
}

int load_wire(struct model *model, uint64_t id, const json_t *doc, struct err *err)
{
	struct end *a = mem_alloc(sizeof(*a)), *b = mem_alloc(sizeof(*b));
	const json_t *peer = json_object_get(doc, "peer");
	struct endpoint *endpoint;
	int r = end_of(model, doc, a, err), other = 0;

	if (r >= 0 && (!json_is_object(peer) || a->want.id != id))
		r = err_set(err, ERR_IO, EBADMSG, NULL, "its field '%s' cannot be read", json_is_object(peer) ? "id" : "peer");
	if (r >= 0)
		other = end_of(model, peer, b, err);
	if (r == 0 || other < 0)
		r = other;
	if (r == 0)
		r = model_wire_add(a->stack, &a->want, b->stack, &b->want, &endpoint, err);
	if (r == 0)
		endpoint->life = endpoint->peer->life = LIFE_UP;
	free(a);
	free(b);
	return r;
}
