/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emit - a lab to the parameters of io.moat.LabUp (netd/io.moat.varlink). Floor F5, pure. */
#include "lib/base/json.h"
#include "runner/cli/lab/lab.h"

enum {
	MESSAGE_ROOM = 4096, /* of a message: method, keys and braces around the parameters */
};

static json_t *node_json(const struct lab_node *node);
static json_t *link_json(const struct lab *lab, const struct lab_link *link);
static json_t *end_json(const struct lab *lab, const struct lab_end *end);
static void ips_add(json_t *object, const struct prefix *ip4, const struct prefix *ip6);

int lab_emit(const struct lab *lab, json_t **ret_parameters, struct err *err)
{
	cleanup(json_freep) json_t *parameters = json_object();
	json_t *nodes = json_array(), *wires = json_array();
	size_t size;

	json_object_set_new(parameters, "name", json_string(lab->name));
	json_object_set_new(parameters, "nodes", nodes);
	json_object_set_new(parameters, "wires", wires);
	for (size_t i = 0; i < lab->node_count; i++)
		json_array_append_new(nodes, node_json(&lab->nodes[i]));
	for (size_t i = 0; i < lab->link_count; i++)
		json_array_append_new(wires, link_json(lab, &lab->links[i]));
	size = json_dumpb(parameters, NULL, 0, JSON_COMPACT);
	if (size + MESSAGE_ROOM > JSON_SIZE_MAX)
		return lab_fail(lab, (struct lab_pos){0}, err, ERR_LIMIT,
				"%zu nodes, %zu links and %zu routes are %zu bytes, more than "
				"the %d of one message",
				lab->node_count, lab->link_count, lab_route_count(lab), size,
				(int)JSON_SIZE_MAX);
	*ret_parameters = parameters;
	parameters = NULL;
	return 0;
}

static json_t *node_json(const struct lab_node *node)
{
	json_t *object = json_object(), *routes = json_array();

	json_object_set_new(object, "name", json_string(node->name));
	ips_add(object, &node->loopback4, &node->loopback6);
	for (size_t i = 0; i < node->route_count; i++) {
		char dst[PREFIX_STR_SIZE], via[IP_STR_SIZE];
		json_t *route = json_object();

		json_object_set_new(route, "dst",
				    json_string(prefix_print(&node->routes[i].dst, dst)));
		json_object_set_new(route, "via",
				    json_string(ip_print(&node->routes[i].via, via)));
		json_array_append_new(routes, route);
	}
	if (node->route_count)
		json_object_set_new(object, "routes", routes);
	else
		json_decref(routes);
	json_object_set_new(object, "forwarding", json_boolean(node->forwarding));
	return object;
}

static json_t *link_json(const struct lab *lab, const struct lab_link *link)
{
	json_t *object = json_object();

	json_object_set_new(object, "a", end_json(lab, &link->end[0]));
	json_object_set_new(object, "b", end_json(lab, &link->end[1]));
	if (link->mtu)
		json_object_set_new(object, "mtu", json_integer(link->mtu));
	return object;
}

static json_t *end_json(const struct lab *lab, const struct lab_end *end)
{
	json_t *object = json_object();
	char mac[MAC_STR_SIZE];

	json_object_set_new(object, "node", json_string(lab->nodes[end->node].name));
	json_object_set_new(object, "ifname", json_string(end->ifname));
	ips_add(object, &end->ip4, &end->ip6);
	if (!mac_is_zero(&end->mac))
		json_object_set_new(object, "mac", json_string(mac_print(&end->mac, mac)));
	return object;
}

static void ips_add(json_t *object, const struct prefix *ip4, const struct prefix *ip6)
{
	char text[PREFIX_STR_SIZE];
	json_t *ips;

	if (!ip4->ip.family && !ip6->ip.family)
		return;
	ips = json_array();
	if (ip4->ip.family)
		json_array_append_new(ips, json_string(prefix_print(ip4, text)));
	if (ip6->ip.family)
		json_array_append_new(ips, json_string(prefix_print(ip6, text)));
	json_object_set_new(object, "ips", ips);
}
