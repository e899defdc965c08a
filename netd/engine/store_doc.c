/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_doc - what a row says of an object. Floor F4, pure. */
#include "netd/engine/store_doc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

enum { DOC_ITEMS_MAX = STACK_ROUTES_MAX };

/* Read a field as text; "" where it is not there. */
static const char *text_of(const json_t *doc, const char *key)
{
	const char *text = json_string_value(json_object_get(doc, key));

	return text ? text : "";
}

static int64_t int_of(const json_t *doc, const char *key) { return json_integer_value(json_object_get(doc, key)); }
static bool bool_of(const json_t *doc, const char *key) { return json_is_true(json_object_get(doc, key)); }

static json_t *prefixes_json(const struct prefix *prefixes, size_t count)
{
	json_t *array = json_array();
	char text[PREFIX_STR_SIZE];

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(prefix_print(&prefixes[i], text)));
	return array;
}

/* Up to @max prefixes; what is no prefix is passed over. Return: how many. */
static size_t prefixes_of(const json_t *array, struct prefix *dst, size_t max)
{
	size_t count = 0, i;
	json_t *item;

	json_array_foreach(array, i, item)
		if (count < max && prefix_parse(json_string_value(item), &dst[count]) == 0)
			count++;
	return count;
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
	struct port_range allow_ports[TENANT_ALLOW_PORTS_MAX];
	struct tenant_want want = {
		.name = text_of(doc, "name"),
		.allow_ports = allow_ports,
		.kind = int_of(doc, "kind") == TENANT_LAB ? TENANT_LAB : TENANT_PLAIN,
		.delegate = text_of(doc, "delegate"),
		.quota = { int_of(doc, "endpoints"), int_of(doc, "networks"), int_of(doc, "ports") },
		.id = id,
		.transit = int_of(doc, "transit"),
	};
	struct tenant *tenant;
	const json_t *item;
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(doc, "allowPorts"), i, item) {
		if (r < 0 || i == TENANT_ALLOW_PORTS_MAX)
			break;
		r = port_range_parse(json_string_value(item) ? json_string_value(item) : "", &allow_ports[i], err);
		want.allow_ports_count = i + 1;
	}
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

static void addresses_of(const json_t *doc, struct addresses *dst, struct network_want *want)
{
	size_t i;
	json_t *item;

	want->excluded = dst->excluded;
	want->reserved = dst->reserved;
	json_array_foreach(json_object_get(doc, "excluded"), i, item)
		if (want->excluded_count < IPAM_EXCLUDED_MAX &&
		    ip_range_parse(json_string_value(item), &dst->excluded[want->excluded_count]) == 0)
			want->excluded_count++;
	json_array_foreach(json_object_get(doc, "reserved"), i, item)
		if (want->reserved_count < IPAM_RESERVED_MAX && json_is_string(item) &&
		    ipam_reserve_parse(json_string_value(item), &dst->reserved[want->reserved_count], NULL) == 0)
			want->reserved_count++;
}

int load_network(struct model *model, uint64_t id, const json_t *doc, struct err *err)
{
	struct prefix subnets[MODEL_SUBNETS_MAX];
	struct ip gateways[MODEL_SUBNETS_MAX];
	struct network_want want = {
		.id = id,
		.subnets = subnets,
		.gateways = gateways,
		.mtu = (uint32_t)int_of(doc, "mtu"),
		.guard = bool_of(doc, "guard"),
		.masquerade = bool_of(doc, "masquerade"),
		.internal = bool_of(doc, "internal"),
		.dns = !json_is_false(json_object_get(doc, "dns")), /* rows of before there was a name service */
		.dns_rebind_protect = bool_of(doc, "rebindProtect"),
		.host_access = bool_of(doc, "hostAccess"),
	};
	struct addresses *addresses;
	struct network *network;
	size_t i;
	json_t *item;
	int r;

	if (!model_tenant(model, text_of(doc, "tenant")))
		return 0;
	if (network_mode_parse(text_of(doc, "mode"), &want.mode) < 0)
		want.mode = NETWORK_BRIDGE; /* the only one there was when rows said nothing of it */
	addresses = mem_alloc(sizeof(*addresses));
	addresses_of(doc, addresses, &want);
	(void)str_copy(want.name.tenant, sizeof(want.name.tenant), text_of(doc, "tenant"));
	(void)str_copy(want.name.name, sizeof(want.name.name), text_of(doc, "name"));
	want.subnet_count = prefixes_of(json_object_get(doc, "subnets"), subnets, MODEL_SUBNETS_MAX);
	json_array_foreach(json_object_get(doc, "gateways"), i, item)
		if (want.gateway_count < MODEL_SUBNETS_MAX &&
		    ip_parse(json_string_value(item), &gateways[want.gateway_count]) == 0)
			want.gateway_count++;
	if (want.mode == NETWORK_ROUTED)
		want.gateway_count = 0; /* they are always the same */
	r = model_network_add(model, &want, &network, err);
	free(addresses);
	if (r < 0)
		return r;
	network->life = LIFE_UP;
	network->setting = bool_of(doc, "setting");
	return 0;
}

/* ----------------------------------------------------------------------- stacks */

/* "UID TENANT ID"; before version 2 of the store the id alone, which was root's. NULL where there is none. */
static const char *request_of(const json_t *doc, uint32_t *ret_uid)
{
	const char *text = json_string_value(json_object_get(doc, "request")), *tenant = text_of(doc, "tenant");
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

int load_stack(struct model *model, uint64_t id, const json_t *doc, struct err *err)
{
	struct tenant *tenant = model_tenant(model, text_of(doc, "tenant"));
	const json_t *routes = json_object_get(doc, "routes");
	int64_t kind = int_of(doc, "kind");
	const char *request;
	struct stack *stack;
	uint32_t uid = 0;
	int r;

	if (!tenant || kind < STACK_BARE || kind > STACK_FOREIGN)
		return 0;
	r = model_stack_add(tenant, text_of(doc, "name"), (enum stack_kind)kind, id, &stack, err);
	if (r < 0)
		return r;
	request = request_of(doc, &uid);
	if (request)
		(void)model_stack_request(stack, uid, request, NULL);
	stack->life = LIFE_UP;
	model_stack_set_netns(stack, (uint64_t)int_of(doc, "dev"), (uint64_t)int_of(doc, "ino"));
	stack->forwarding = bool_of(doc, "forwarding");
	(void)str_copy(stack->netns_path, sizeof(stack->netns_path), text_of(doc, "path"));
	stack->loopback_count =
		prefixes_of(json_object_get(doc, "loopback"), stack->loopback, ARRAY_COUNT(stack->loopback));
	if (json_array_size(routes) > DOC_ITEMS_MAX || json_array_size(routes) == 0)
		return 0;
	stack->routes = mem_array(json_array_size(routes), sizeof(*stack->routes));
	for (size_t i = 0; i < json_array_size(routes); i++) {
		const json_t *pair = json_array_get(routes, i);
		struct stack_route *route = &stack->routes[stack->route_count];

		if (prefix_parse(json_string_value(json_array_get(pair, 0)), &route->dst) == 0 &&
		    ip_parse(json_string_value(json_array_get(pair, 1)), &route->via) == 0)
			stack->route_count++;
	}
	return 0;
}

/* -------------------------------------------------------------------- endpoints */

/* Rate and burst in, rate and burst out, in bits. */
static json_t *bandwidth_json(const struct bandwidth *bandwidth)
{
	return json_pack("[I,I,I,I]", (json_int_t)bandwidth->ingress_rate, (json_int_t)bandwidth->ingress_burst,
			 (json_int_t)bandwidth->egress_rate, (json_int_t)bandwidth->egress_burst);
}

static struct bandwidth bandwidth_of(const json_t *array)
{
	uint64_t bits[4] = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(bits); i++)
		bits[i] = (uint64_t)json_integer_value(json_array_get(array, i));
	return (struct bandwidth){ bits[0], bits[1], bits[2], bits[3] };
}

/* [prefix, next hop or "", metric or 0] each */
static json_t *routes_json(const struct endpoint *endpoint)
{
	json_t *array = json_array();
	char dst[PREFIX_STR_SIZE], via[IP_STR_SIZE];

	for (size_t i = 0; i < endpoint->route_count; i++) {
		const struct stack_route *route = &endpoint->routes[i];

		json_array_append_new(array, json_pack("[s,s,I]", prefix_print(&route->dst, dst),
						       ip_is_none(&route->via) ? "" : ip_print(&route->via, via),
						       (json_int_t)route->metric));
	}
	return array;
}

static size_t routes_of(const json_t *array, struct stack_route *routes, size_t max)
{
	size_t count = 0, i;
	json_t *item;

	json_array_foreach(array, i, item) {
		const char *via = json_string_value(json_array_get(item, 1));
		struct stack_route *route = &routes[count];

		if (count == max)
			break;
		*route = (struct stack_route){ .metric = (uint32_t)json_integer_value(json_array_get(item, 2)) };
		if (prefix_parse(json_string_value(json_array_get(item, 0)), &route->dst) == 0 && via &&
		    (!*via || ip_parse(via, &route->via) == 0))
			count++;
	}
	return count;
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

static bool end_of(struct model *model, const json_t *doc, struct end *end)
{
	struct tenant *tenant = model_tenant(model, text_of(doc, "tenant"));
	const char *labels = json_string_value(json_object_get(doc, "labels"));
	size_t i;
	json_t *item;

	*end = (struct end){ .stack = tenant ? table_find_str(&tenant->stacks, text_of(doc, "stack")) : NULL };
	if (!end->stack || str_hex48(text_of(doc, "id"), &end->want.id) < 0)
		return false;
	end->want.ifname = text_of(doc, "ifname");
	end->want.mtu = (uint32_t)int_of(doc, "mtu");
	end->want.default_route = bool_of(doc, "default");
	end->want.metric = (uint16_t)int_of(doc, "metric");
	end->want.own_table = bool_of(doc, "ownTable");
	end->want.tap = bool_of(doc, "tap");
	end->want.labels = labels;
	end->want.request_id = request_of(doc, &end->want.request_uid);
	end->want.prefixes = end->prefixes;
	end->want.prefix_count = prefixes_of(json_object_get(doc, "ips"), end->prefixes, MODEL_IPS_MAX);
	end->want.allow = end->allow;
	end->want.allow_count = prefixes_of(json_object_get(doc, "allow"), end->allow, ENDPOINT_ALLOW_MAX);
	end->want.routes = end->routes;
	end->want.route_count = routes_of(json_object_get(doc, "routes"), end->routes, ENDPOINT_ROUTES_MAX);
	end->want.aliases = end->aliases;
	json_array_foreach(json_object_get(doc, "aliases"), i, item)
		if (json_is_string(item) && end->want.alias_count < ENDPOINT_ALIASES_MAX)
			end->aliases[end->want.alias_count++] = json_string_value(item);
	end->want.bandwidth = bandwidth_of(json_object_get(doc, "bandwidth"));
	end->want.publish = end->specs;
	json_array_foreach(json_object_get(doc, "publish"), i, item)
		if (end->want.publish_count < ENDPOINT_PUBLISH_MAX &&
		    portspec_parse(json_string_value(item), &end->specs[end->want.publish_count], NULL) == 0)
			end->want.publish_count++;
	return mac_parse(text_of(doc, "mac"), &end->want.mac) == 0;
}

int load_endpoint(struct model *model, uint64_t id, const json_t *doc, struct err *err)
{
	struct end *end = mem_alloc(sizeof(*end));
	struct endpoint *endpoint;
	struct network *network;
	int r = 0;

	(void)id;
	if (end_of(model, doc, end)) {
		network = table_find_str(&end->stack->tenant->networks, text_of(doc, "network"));
		if (network) {
			r = model_endpoint_add(end->stack, network, &end->want, &endpoint, err);
			if (r == 0)
				endpoint->life = LIFE_UP;
		}
	}
	free(end);
	return r;
}

int load_memory(struct model *model, uint64_t id, const json_t *doc, struct err *err)
{
	const struct tenant *tenant = model_tenant(model, text_of(doc, "tenant"));
	struct network *network = tenant ? table_find_str(&tenant->networks, text_of(doc, "network")) : NULL;
	struct prefix prefixes[MODEL_IPS_MAX];
	struct ip ips[MODEL_IPS_MAX];
	size_t count = prefixes_of(json_object_get(doc, "ips"), prefixes, MODEL_IPS_MAX);

	(void)err;
	for (size_t i = 0; i < count; i++)
		ips[i] = prefixes[i].ip;
	if (network)
		ipam_remember(network, id, text_of(doc, "stack"), text_of(doc, "ifname"), ips, count);
	return 0;
}

int load_wire(struct model *model, uint64_t id, const json_t *doc, struct err *err)
{
	struct end *a = mem_alloc(sizeof(*a)), *b = mem_alloc(sizeof(*b));
	struct endpoint *endpoint;
	int r = 0;

	(void)id;
	if (end_of(model, doc, a) && end_of(model, json_object_get(doc, "peer"), b)) {
		r = model_wire_add(a->stack, &a->want, b->stack, &b->want, &endpoint, err);
		if (r == 0)
			endpoint->life = endpoint->peer->life = LIFE_UP;
	}
	free(a);
	free(b);
	return r;
}
