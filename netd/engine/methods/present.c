/* SPDX-License-Identifier: GPL-2.0-or-later */
/* present - model to JSON. Floor F4, pure. */
#include "netd/engine/methods/present.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/engine/store/store_doc.h"

void netns_path(const struct engine *engine, uint64_t ns, char *dst, size_t size)
{
	snprintf(dst, size, "%s/ns/%016llx", engine->runtime_dir, (unsigned long long)ns);
}

static json_t *id_json(uint64_t id)
{
	char hex[13];

	str_hex48_print(id, hex);
	return json_string(hex);
}

static json_t *quota_json(const struct quota *quota)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "endpoints", quota->endpoints < 0 ? json_null() : json_integer(quota->endpoints));
	json_object_set_new(doc, "networks", quota->networks < 0 ? json_null() : json_integer(quota->networks));
	json_object_set_new(doc, "ports", quota->ports < 0 ? json_null() : json_integer(quota->ports));
	return doc;
}

json_t *present_tenant(const struct engine *engine, const struct tenant *tenant)
{
	struct prefix transit4 = tenant_transit4(tenant, true), transit6 = tenant_transit6(tenant, true);
	char path[512], text4[PREFIX_STR_SIZE], text6[PREFIX_STR_SIZE];
	json_t *doc = json_object();

	netns_path(engine, NS_ID(NS_ROUTER, tenant->id), path, sizeof(path));
	json_object_set_new(doc, "name", json_string(tenant->name));
	json_object_set_new(doc, "id", id_json(tenant->id));
	json_object_set_new(doc, "kind", json_string(tenant->kind == TENANT_LAB ? "lab" : "tenant"));
	json_object_set_new(doc, "delegate", tenant->delegate[0] ? json_string(tenant->delegate) : json_null());
	json_object_set_new(doc, "quota", quota_json(&tenant->quota));
	json_object_set_new(doc, "allowPorts", doc_allow_ports(tenant));
	json_object_set_new(doc, "networks", json_integer((json_int_t)tenant->networks.count));
	json_object_set_new(doc, "endpoints", json_integer((json_int_t)tenant->endpoint_count));
	json_object_set_new(doc, "aside", json_integer((json_int_t)asides_of(&engine->asides, tenant->name)));
	json_object_set_new(doc, "routerNetns", tenant_has_router(tenant) ? json_string(path) : json_null());
	json_object_set_new(doc, "transit",
			    json_pack("[ss]", prefix_print(&transit4, text4), prefix_print(&transit6, text6)));
	return doc;
}

/* One a subnet; of a routed network one a family. */
static json_t *gateways_json(const struct network *network)
{
	json_t *gateways = json_array();
	char text[IP_STR_SIZE];

	for (size_t i = 0; i < network->subnet_count; i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again = again || ip_cmp(&network->gateways[i], &network->gateways[j]) == 0;
		if (!again)
			json_array_append_new(gateways, json_string(ip_print(&network->gateways[i], text)));
	}
	return gateways;
}

static json_t *exhausted_json(const struct network *network)
{
	char text[PREFIX_STR_SIZE];
	json_t *list = json_array();

	for (size_t i = 0; i < network->subnet_count; i++)
		if (ipam_is_exhausted(network, i))
			json_array_append_new(list, json_string(prefix_print(&network->subnets[i], text)));
	return list;
}

json_t *present_network(const struct network *network)
{
	json_t *subnets = json_array(), *routed = json_array(), *gateways, *doc = json_object();
	char name[NAME_FULL_SIZE], bridge[OBJ_IFNAME_SIZE], text[PREFIX_STR_SIZE];

	network_name_print(network, name);
	model_ifname('b', network->id, bridge);
	for (size_t i = 0; i < network->subnet_count; i++)
		json_array_append_new(subnets, json_string(prefix_print(&network->subnets[i], text)));
	for (size_t i = 0; i < network->subnet_count; i++)
		if (network->routed[i])
			json_array_append_new(routed, json_string(prefix_print(&network->subnets[i], text)));
	gateways = gateways_json(network);
	json_object_set_new(doc, "name", json_string(name));
	json_object_set_new(doc, "id", id_json(network->id));
	json_object_set_new(doc, "mode", json_string(network_mode_name(network->mode)));
	json_object_set_new(doc, "subnets", subnets);
	json_object_set_new(doc, "routed", routed);
	json_object_set_new(doc, "gateways", gateways);
	json_object_set_new(doc, "mtu", json_integer(network->mtu));
	json_object_set_new(doc, "guard", json_boolean(network->guard));
	json_object_set_new(doc, "masquerade", json_boolean(network->masquerade));
	json_object_set_new(doc, "internal", json_boolean(network->internal));
	json_object_set_new(doc, "dns", json_boolean(network->dns));
	json_object_set_new(doc, "dnsRebindProtect", json_boolean(network->dns_rebind_protect));
	json_object_set_new(doc, "hostAccess", json_boolean(network->host_access));
	json_object_set_new(doc, "excluded", doc_excluded(network));
	json_object_set_new(doc, "reserved", doc_reserved(network));
	json_object_set_new(doc, "exhausted", exhausted_json(network));
	json_object_set_new(doc, "endpoints", json_integer((json_int_t)network->endpoint_count));
	json_object_set_new(doc, "bridge", network->mode == NETWORK_ROUTED ? json_null() : json_string(bridge));
	return doc;
}

/* Where the stack's namespace can be opened by path, or null: containers' are held by descriptor only. */
static json_t *stack_path(const struct engine *engine, const struct stack *stack)
{
	char path[512];

	if (stack->kind == STACK_BARE) {
		netns_path(engine, stack->ns, path, sizeof(path));
		return json_string(path);
	}
	return stack->netns_path[0] ? json_string(stack->netns_path) : json_null();
}

json_t *present_stack(const struct engine *engine, const struct stack *stack)
{
	static const char *const kinds[] = {
		[STACK_BARE] = "bare",
		[STACK_CONTAINER] = "container",
		[STACK_FOREIGN] = "foreign",
	};
	json_t *endpoints = json_array(), *doc = json_object();
	char name[NAME_FULL_SIZE];

	list_each(node, &stack->endpoints) {
		endpoint_name_print(container_of(node, struct endpoint, stack_link), name);
		json_array_append_new(endpoints, json_string(name));
	}
	stack_name_print(stack, name);
	json_object_set_new(doc, "name", json_string(name));
	json_object_set_new(doc, "id", id_json(stack->id));
	json_object_set_new(doc, "kind", json_string(kinds[stack->kind]));
	json_object_set_new(doc, "netnsPath", stack_path(engine, stack));
	json_object_set_new(doc, "endpoints", endpoints);
	return doc;
}

json_t *present_publish(const struct endpoint *endpoint)
{
	json_t *array = json_array();
	char text[PORTSPEC_SIZE];

	for (size_t i = 0; i < endpoint->publish_count; i++)
		json_array_append_new(array, json_string(portspec_print(&endpoint->publish[i]->spec, text)));
	return array;
}

/* Who answers names: gateways of the families the endpoint has; for fe80::1 of a routed network, which is no address, another. */
static json_t *dns_json(const struct endpoint *endpoint)
{
	const struct network *network = endpoint->network;
	json_t *dns = json_array(), *gateways;
	char text[IP_STR_SIZE];
	size_t i;
	json_t *item;

	if (!network || !network_has_dns(network))
		return dns;
	gateways = gateways_json(network);
	json_array_foreach(gateways, i, item) {
		struct ip ip;
		bool has = false;

		if (ip_parse(json_string_value(item), &ip) < 0)
			continue;
		for (size_t j = 0; j < endpoint->ip_count; j++)
			has = has || endpoint->ips[j].ip.family == ip.family;
		if (ip.family == 6 && ip_is_linklocal(&ip))
			ip = network_names6();
		if (has)
			json_array_append_new(dns, json_string(ip_print(&ip, text)));
	}
	json_decref(gateways);
	return dns;
}

static json_t *aliases_json(const struct endpoint *endpoint)
{
	json_t *array = json_array();

	for (size_t i = 0; i < endpoint->alias_count; i++)
		json_array_append_new(array, json_string(endpoint->aliases[i]));
	return array;
}

/* null where neither direction has a limit. */
static json_t *bandwidth_json(const struct bandwidth *bandwidth)
{
	if (!bandwidth->ingress_rate && !bandwidth->egress_rate)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I}", "ingressRateBits", (json_int_t)bandwidth->ingress_rate, "ingressBurstBits",
			 (json_int_t)bandwidth->ingress_burst, "egressRateBits", (json_int_t)bandwidth->egress_rate,
			 "egressBurstBits", (json_int_t)bandwidth->egress_burst);
}

/* With the next hop that each has; none: null. */
static json_t *routes_json(const struct endpoint *endpoint)
{
	json_t *array = json_array();
	char dst[PREFIX_STR_SIZE], text[IP_STR_SIZE];

	for (size_t i = 0; i < endpoint->route_count; i++) {
		const struct stack_route *route = &endpoint->routes[i];
		const struct ip *via = endpoint_route_via(endpoint, route);
		json_t *row = json_pack("{s:s}", "dst", prefix_print(&route->dst, dst));

		json_object_set_new(row, "via", via ? json_string(ip_print(via, text)) : json_null());
		json_object_set_new(row, "metric", route->metric ? json_integer(route->metric) : json_null());
		json_object_set_new(row, "mtu", route->mtu ? json_integer(route->mtu) : json_null());
		json_object_set_new(row, "advmss", route->advmss ? json_integer(route->advmss) : json_null());
		json_array_append_new(array, row);
	}
	return array;
}

json_t *present_endpoint(const struct engine *engine, const struct endpoint *endpoint)
{
	const struct network *network = endpoint->network;
	json_t *ips = json_array(), *gateways = network ? gateways_json(network) : json_array();
	json_t *allowed = json_array(), *doc = json_object();
	char name[NAME_FULL_SIZE], text[PREFIX_STR_SIZE], mac[MAC_STR_SIZE], port[OBJ_IFNAME_SIZE];

	for (size_t i = 0; i < endpoint->ip_count; i++)
		json_array_append_new(ips, json_string(prefix_print(&endpoint->ips[i], text)));
	for (size_t i = 0; i < endpoint->allow_count; i++)
		json_array_append_new(allowed, json_string(prefix_print(&endpoint->allow[i], text)));
	model_ifname('p', endpoint->id, port);
	endpoint_name_print(endpoint, name);
	json_object_set_new(doc, "name", json_string(name));
	json_object_set_new(doc, "id", id_json(endpoint->id));
	stack_name_print(endpoint->stack, name);
	json_object_set_new(doc, "stack", json_string(name));
	json_object_set_new(doc, "ifname", json_string(endpoint->ifname));
	json_object_set_new(doc, "tap", json_boolean(endpoint->tap));
	json_object_set_new(doc, "mac", json_string(mac_print(&endpoint->mac, mac)));
	json_object_set_new(doc, "ips", ips);
	json_object_set_new(doc, "dns", dns_json(endpoint));
	json_object_set_new(doc, "gateways", gateways);
	if (network)
		network_name_print(network, name);
	json_object_set_new(doc, "network", network ? json_string(name) : json_null());
	json_object_set_new(doc, "mtu", json_integer(endpoint->mtu));
	json_object_set_new(doc, "defaultRoute", json_boolean(model_default_endpoint(endpoint->stack) == endpoint));
	json_object_set_new(doc, "routes", routes_json(endpoint));
	json_object_set_new(doc, "publish", present_publish(endpoint));
	json_object_set_new(doc, "hostIfname", network ? json_string(port) : json_null());
	json_object_set_new(doc, "netnsPath", stack_path(engine, endpoint->stack));
	json_object_set_new(doc, "state", json_string("up"));
	json_object_set_new(doc, "guard", json_boolean(network && network->guard));
	json_object_set_new(doc, "allowAddresses", allowed);
	json_object_set_new(doc, "aliases", aliases_json(endpoint));
	json_object_set_new(doc, "bandwidth", bandwidth_json(&endpoint->bandwidth));
	json_object_set_new(doc, "dropped", json_null());
	json_object_set_new(doc, "labels",
			    endpoint->labels ? json_loads(endpoint->labels, 0, NULL) : json_null());
	return doc;
}

static json_t *wire_end_json(const struct endpoint *endpoint)
{
	json_t *ips = json_array();
	char text[PREFIX_STR_SIZE], mac[MAC_STR_SIZE];

	for (size_t i = 0; i < endpoint->ip_count; i++)
		json_array_append_new(ips, json_string(prefix_print(&endpoint->ips[i], text)));
	return json_pack("{s:s, s:s, s:o, s:s}", "node", endpoint->stack->name, "ifname", endpoint->ifname, "ips", ips, "mac",
			 mac_print(&endpoint->mac, mac));
}

static json_t *node_json(const struct engine *engine, const struct stack *stack)
{
	json_t *ifnames = json_array(), *ips = json_array();
	char text[PREFIX_STR_SIZE];

	list_each(node, &stack->endpoints)
		json_array_append_new(ifnames,
				      json_string(container_of(node, struct endpoint, stack_link)->ifname));
	for (size_t i = 0; i < stack->loopback_count; i++)
		json_array_append_new(ips, json_string(prefix_print(&stack->loopback[i], text)));
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", stack->name, "id", id_json(stack->id), "netnsPath",
			 stack_path(engine, stack), "ifnames", ifnames, "ips", ips);
}

json_t *present_lab(const struct engine *engine, const struct tenant *lab)
{
	json_t *nodes = json_array(), *wires = json_array();

	list_each(node, &lab->stack_order) {
		const struct stack *stack = container_of(node, struct stack, order);

		json_array_append_new(nodes, node_json(engine, stack));
		list_each(link, &stack->endpoints) {
			const struct endpoint *end = container_of(link, struct endpoint, stack_link);

			if (end->peer && end->wire_first)
				json_array_append_new(wires, json_pack("{s:o, s:o, s:i}", "a", wire_end_json(end), "b",
								       wire_end_json(end->peer), "mtu", (int)end->mtu));
		}
	}
	return json_pack("{s:s, s:o, s:o}", "name", lab->name, "nodes", nodes, "wires", wires);
}
