/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netavark - the same plugin for podman with netavark (>= 1.6, podman >= 4.5): driver "moat". Floor F5.
 *
 * netavark runs the program by the driver's name with a command: create, setup NETNS, teardown NETNS, info
 * (https://github.com/containers/netavark/blob/main/plugin-API.md). Here its documents become the requests that the CNI
 * verbs carry out, and their results netavark's. Nothing is made by create: podman tells no plugin when a network goes,
 * so that Moat's network is made with the first container, as with CNI.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cni/conf.h"
#include "cni/netavark.h"
#include "lib/base/addr.h"
#include "lib/base/str.h"

enum { SUBNETS_MAX = 4, PORT_COUNT_MAX = 65535 };

struct network {
	const char *name, *id, *driver;
	int dns, internal;
	const json_t *options, *ipam, *subnets, *routes;
};
static const struct json_field network_rows[] = {
	{"name", JSON_FIELD_STRING, offsetof(struct network, name), JSON_REQUIRED, 1, 128},
	{"id", JSON_FIELD_STRING, offsetof(struct network, id), 0, 0, 128},
	{"driver", JSON_FIELD_STRING, offsetof(struct network, driver), 0, 0, 128},
	{"dns_enabled", JSON_FIELD_TRI, offsetof(struct network, dns), 0, 0, 0},
	{"internal", JSON_FIELD_TRI, offsetof(struct network, internal), 0, 0, 0},
	{"options", JSON_FIELD_OBJECT, offsetof(struct network, options), 0, 0, 0},
	{"ipam_options", JSON_FIELD_OBJECT, offsetof(struct network, ipam), 0, 0, 0},
	{"subnets", JSON_FIELD_ARRAY, offsetof(struct network, subnets), 0, 0, SUBNETS_MAX},
	{"routes", JSON_FIELD_ARRAY, offsetof(struct network, routes), 0, 0, 1024},
	{0},
};

struct subnet {
	const char *subnet, *gateway;
	const json_t *lease_range;
};
static const struct json_field subnet_rows[] = {
	{"subnet", JSON_FIELD_STRING, offsetof(struct subnet, subnet), JSON_REQUIRED, 1, PREFIX_STR_SIZE},
	{"gateway", JSON_FIELD_STRING, offsetof(struct subnet, gateway), 0, 0, IP_STR_SIZE},
	{"lease_range", JSON_FIELD_OBJECT, offsetof(struct subnet, lease_range), 0, 0, 0},
	{0},
};

struct lease {
	const char *start, *end;
};
static const struct json_field lease_rows[] = {
	{"start_ip", JSON_FIELD_STRING, offsetof(struct lease, start), 0, 0, IP_STR_SIZE},
	{"end_ip", JSON_FIELD_STRING, offsetof(struct lease, end), 0, 0, IP_STR_SIZE},
	{0},
};

struct container {
	const char *id, *name;
	const json_t *ports, *network, *options;
};
static const struct json_field container_rows[] = {
	{"container_id", JSON_FIELD_STRING, offsetof(struct container, id), JSON_REQUIRED, 1, 1024},
	{"container_name", JSON_FIELD_STRING, offsetof(struct container, name), 0, 0, 1024},
	{"port_mappings", JSON_FIELD_ARRAY, offsetof(struct container, ports), 0, 0, CNI_PORTS_MAX},
	{"network", JSON_FIELD_OBJECT, offsetof(struct container, network), JSON_REQUIRED, 0, 0},
	{"network_options", JSON_FIELD_OBJECT, offsetof(struct container, options), JSON_REQUIRED, 0, 0},
	{0},
};

struct interface {
	const char *name, *mac;
	const char **ips, **aliases;
};
static const struct json_field interface_rows[] = {
	{"interface_name", JSON_FIELD_STRING, offsetof(struct interface, name), JSON_REQUIRED, 1, 64},
	{"static_mac", JSON_FIELD_STRING, offsetof(struct interface, mac), 0, 0, 64},
	{"static_ips", JSON_FIELD_STRV, offsetof(struct interface, ips), 0, 0, 0},
	{"aliases", JSON_FIELD_STRV, offsetof(struct interface, aliases), 0, 0, 0},
	{0},
};

struct port {
	int64_t host, container, range;
	const char *ip, *protocol;
};
static const struct json_field port_rows[] = {
	{"host_port", JSON_FIELD_INT, offsetof(struct port, host), JSON_REQUIRED, 0, 0},
	{"container_port", JSON_FIELD_INT, offsetof(struct port, container), JSON_REQUIRED, 0, 0},
	{"range", JSON_FIELD_INT, offsetof(struct port, range), 0, 0, 0},
	{"host_ip", JSON_FIELD_STRING, offsetof(struct port, ip), 0, 0, IP_STR_SIZE},
	{"protocol", JSON_FIELD_STRING, offsetof(struct port, protocol), 0, 0, 32},
	{0},
};

static int network_decode(const json_t *doc, struct cni_request *request, struct arena *arena, struct err *err);
static int options_decode(const json_t *options, struct cni_request *request, struct err *err);
static int flag_decode(const char *key, const char *text, int *ret_flag, struct err *err);
static int subnets_decode(const json_t *subnets, struct cni_request *request, struct arena *arena, struct err *err);
static int routes_decode(const json_t *routes, struct cni_request *request, struct err *err);
static int ports_decode(const json_t *ports, struct cni_request *request, struct arena *arena, struct err *err);
static int port_decode(const struct port *port, const char **specs, size_t *count, struct arena *arena, struct err *err);

int netavark_decode(enum netavark_verb verb, const json_t *doc, const char *netns, struct arena *arena,
		    struct cni_request *request, struct err *err)
{
	static const char *const none[] = {NULL};
	struct container container = {0};
	struct interface interface = {0};
	char stack[CNI_STACK_SIZE];
	int rc;

	request->verb = verb == NETAVARK_TEARDOWN ? CNI_VERB_DEL : CNI_VERB_ADD;
	request->version = "1.1.0";
	request->subnets = request->gateways = request->ips = request->publish = request->aliases = request->excluded = none;
	request->masquerade = request->host_access = request->name_service = -1;
	request->tx_queue = -1;
	request->default_route = true;
	request->tenant = "default";
	request->by_netavark = true;
	if (verb == NETAVARK_CREATE)
		return network_decode(doc, request, arena, err);
	rc = cni_decode(doc, container_rows, arena, &container, "input", err);
	if (rc == CNI_OK)
		rc = network_decode(container.network, request, arena, err);
	if (rc == CNI_OK)
		rc = cni_decode(container.options, interface_rows, arena, &interface, "network_options", err);
	if (rc == CNI_OK)
		rc = cni_names_check(container.id, interface.name, err);
	if (rc == CNI_OK && verb == NETAVARK_SETUP)
		rc = ports_decode(container.ports, request, arena, err);
	if (rc != CNI_OK)
		return rc;
	cni_stack_name(container.id, stack);
	request->stack = arena_strdup(arena, stack);
	request->container_id = container.id;
	request->ifname = interface.name;
	request->netns = netns;
	request->mac = cni_is_set(interface.mac) ? interface.mac : NULL;
	if (interface.ips)
		request->ips = interface.ips;
	if (interface.aliases)
		request->aliases = interface.aliases;
	request->pod = json_object();
	if (cni_is_set(container.name))
		json_object_set_new(request->pod, "podman.name", json_string(container.name));
	return CNI_OK;
}

json_t *netavark_result(const json_t *result, const char *ifname)
{
	const json_t *inside = NULL, *interface, *ip;
	json_t *subnets = json_array(), *servers;
	size_t i;

	json_array_foreach(json_object_get(result, "interfaces"), i, interface)
		if (json_object_get(interface, "sandbox"))
			inside = interface;
	json_array_foreach(json_object_get(result, "ips"), i, ip) {
		json_t *subnet = json_pack("{s:O}", "ipnet", json_object_get(ip, "address"));

		if (json_object_get(ip, "gateway"))
			json_object_set(subnet, "gateway", json_object_get(ip, "gateway"));
		json_array_append_new(subnets, subnet);
	}
	servers = json_object_get(json_object_get(result, "dns"), "nameservers");
	servers = servers ? json_incref(servers) : json_array();
	return json_pack("{s:[], s:o, s:{s:{s:O, s:o}}}", "dns_search_domains", "dns_server_ips", servers, "interfaces", ifname,
			 "mac_address", json_object_get(inside, "mac"), "subnets", subnets);
}

static int network_decode(const json_t *doc, struct cni_request *request, struct arena *arena, struct err *err)
{
	struct network network = {0};
	const char *ipam;
	int rc = cni_decode(doc, network_rows, arena, &network, "network", err);

	if (rc != CNI_OK)
		return rc;
	request->name = request->network = network.name;
	if (!cni_name_is_valid(network.name)) {
		err_set(err, ERR_NAME, EINVAL, "name", "name \"%s\": must be [a-zA-Z0-9][a-zA-Z0-9_.-]*", network.name);
		return CNI_CONFIG;
	}
	request->name_service = network.dns;
	request->internal = network.internal == 1;
	rc = options_decode(network.options, request, err);
	if (rc != CNI_OK || request->verb == CNI_VERB_DEL)
		return rc;
	ipam = json_string_value(json_object_get(network.ipam, "driver"));
	if (str_eq(ipam, "none")) {
		if (json_array_size(network.routes) > 0)
			return cni_field_refuse(err, "routes", "not empty", "without addresses there are no ways");
		request->mode = "l2";
		request->default_route = false;
		return CNI_OK;
	}
	if (ipam && !str_eq(ipam, "host-local"))
		return cni_field_refuse(err, "ipam_options.driver", ipam, "it is host-local or none");
	rc = subnets_decode(network.subnets, request, arena, err);
	return rc == CNI_OK ? routes_decode(network.routes, request, err) : rc;
}

/* In the words of CNI: its metric is a priority there. */
static int routes_decode(const json_t *routes, struct cni_request *request, struct err *err)
{
	struct route {
		const char *destination, *gateway;
		int64_t metric;
	};
	static const struct json_field rows[] = {
		{"destination", JSON_FIELD_STRING, offsetof(struct route, destination), JSON_REQUIRED, 0, 0},
		{"gateway", JSON_FIELD_STRING, offsetof(struct route, gateway), JSON_REQUIRED, 0, 0},
		{"metric", JSON_FIELD_INT, offsetof(struct route, metric), 0, 0, INT32_MAX},
		{0},
	};
	cleanup(json_freep) json_t *list = json_array();
	bool default_route = request->default_route;
	const json_t *item;
	size_t i;
	int rc = CNI_OK;

	json_array_foreach(routes, i, item) {
		struct route route = {0};

		rc = cni_decode(item, rows, NULL, &route, "routes", err);
		if (rc != CNI_OK)
			return rc;
		json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "dst", route.destination, "gw", route.gateway, "priority",
						      (json_int_t)route.metric));
	}
	rc = cni_routes_decode(request, list, request->gateways, "routes", err);
	if (rc == CNI_OK && request->default_route && !default_route)
		return cni_field_refuse(err, "no_default_route", "1", "there is a route to all addresses");
	return rc;
}

static int options_decode(const json_t *options, struct cni_request *request, struct err *err)
{
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)(uintptr_t)options, key, value) {
		const char *text = json_string_value(value);
		int flag = -1, rc = CNI_OK;
		uint64_t number;

		if (!text) {
			err_set(err, ERR_USAGE, EINVAL, key, "option %s must be a text", key);
			return CNI_DECODE;
		}
		if (str_eq(key, "mtu") && str_u64(text, 65535, &number) == 0) {
			request->mtu = (int64_t)number;
		} else if (str_eq(key, "mode")) {
			request->mode = text;
		} else if (str_eq(key, "tenant") && cni_name_is_valid(text)) {
			request->tenant = text;
		} else if (str_eq(key, "no_default_route")) {
			rc = flag_decode(key, text, &flag, err);
			request->default_route = flag != 1;
		} else if (str_eq(key, "masquerade")) {
			rc = flag_decode(key, text, &request->masquerade, err);
		} else if (str_eq(key, "host_access")) {
			rc = flag_decode(key, text, &request->host_access, err);
		} else {
			rc = cni_field_refuse(err, key, text, "options are mtu, mode, tenant, no_default_route, masquerade, host_access");
		}
		if (rc != CNI_OK)
			return rc;
	}
	return CNI_OK;
}

static int flag_decode(const char *key, const char *text, int *ret_flag, struct err *err)
{
	if (str_eq(text, "1") || str_eq(text, "true"))
		*ret_flag = 1;
	else if (str_eq(text, "0") || str_eq(text, "false"))
		*ret_flag = 0;
	else
		return cni_field_refuse(err, key, text, "it is true or false");
	return CNI_OK;
}

static int subnets_decode(const json_t *subnets, struct cni_request *request, struct arena *arena, struct err *err)
{
	size_t count = json_array_size(subnets), gateways = 0;
	const char **list = arena_array(arena, count + 1, sizeof(*list));
	const char **vias = arena_array(arena, count + 1, sizeof(*vias));
	struct cni_texts excluded = cni_texts_make(arena, 2 * count + 1);

	for (size_t i = 0; i < count; i++) {
		struct subnet subnet = {0};
		struct lease lease = {0};
		char text[PREFIX_STR_SIZE];
		struct prefix prefix;
		int rc = cni_decode(json_array_get(subnets, i), subnet_rows, arena, &subnet, "subnets", err);

		if (rc != CNI_OK)
			return rc;
		if (prefix_parse(subnet.subnet, &prefix) < 0) {
			err_set(err, ERR_USAGE, EINVAL, "subnets", "subnet \"%s\" is no prefix such as 10.1.0.0/16", subnet.subnet);
			return CNI_CONFIG;
		}
		prefix = prefix_network(&prefix);
		if (subnet.lease_range)
			rc = cni_decode(subnet.lease_range, lease_rows, arena, &lease, "lease_range", err);
		if (rc == CNI_OK)
			rc = cni_range_exclude(&prefix, lease.start, lease.end, arena, &excluded, err);
		if (rc != CNI_OK)
			return rc;
		list[i] = arena_strdup(arena, prefix_print(&prefix, text));
		if (cni_is_set(subnet.gateway))
			vias[gateways++] = subnet.gateway;
	}
	request->subnets = list;
	request->gateways = vias;
	request->excluded = excluded.items;
	return CNI_OK;
}

static int ports_decode(const json_t *ports, struct cni_request *request, struct arena *arena, struct err *err)
{
	enum { PROTOCOLS = 3 };
	const char **specs = arena_array(arena, PROTOCOLS * json_array_size(ports) + 1, sizeof(*specs));
	size_t count = 0, i;
	const json_t *item;

	json_array_foreach(ports, i, item) {
		struct port port = {0};
		int rc = cni_decode(item, port_rows, arena, &port, "port_mappings", err);

		if (rc == CNI_OK)
			rc = port_decode(&port, specs, &count, arena, err);
		if (rc != CNI_OK)
			return rc;
	}
	request->publish = specs;
	return CNI_OK;
}

/* "tcp,udp" is two. A range of 0 is one port. */
static int port_decode(const struct port *port, const char **specs, size_t *count, struct arena *arena, struct err *err)
{
	static const char *const protocols[] = {"tcp", "udp", "sctp"};
	int64_t more = port->range > 1 ? port->range - 1 : 0;
	const char *asked = cni_is_set(port->protocol) ? port->protocol : "tcp";
	char host[IP_STR_SIZE + 3] = "";
	size_t known = 0;
	struct ip ip;

	if (port->host < 1 || port->container < 1 || port->range < 0 || more > PORT_COUNT_MAX || port->host + more > 65535 ||
	    port->container + more > 65535) {
		err_set(err, ERR_USAGE, ERANGE, "port_mappings", "port_mappings: %lld to %lld, %lld of them: must be 1 to 65535",
			(long long)port->host, (long long)port->container, (long long)more + 1);
		return CNI_CONFIG;
	}
	if (cni_is_set(port->ip) && ip_parse(port->ip, &ip) < 0) {
		err_set(err, ERR_USAGE, EINVAL, "port_mappings", "host_ip \"%s\" is no address", port->ip);
		return CNI_CONFIG;
	}
	if (cni_is_set(port->ip))
		snprintf(host, sizeof(host), ip.family == 6 ? "[%s]:" : "%s:", port->ip);
	for (size_t i = 0; i < ARRAY_COUNT(protocols); i++) {
		size_t len = strlen(protocols[i]);
		const char *at = asked;

		while (*at) {
			size_t word = strcspn(at, ",");

			if (word == len && strncmp(at, protocols[i], len) == 0)
				break;
			at += word + (at[word] == ',');
		}
		if (!*at)
			continue;
		known += len + 1;
		specs[(*count)++] =
			more ? arena_printf(arena, "%s%lld-%lld:%lld-%lld/%s", host, (long long)port->host,
					    (long long)(port->host + more), (long long)port->container,
					    (long long)(port->container + more), protocols[i])
			     : arena_printf(arena, "%s%lld:%lld/%s", host, (long long)port->host, (long long)port->container,
					    protocols[i]);
	}
	return known == strlen(asked) + 1 ? CNI_OK : cni_field_refuse(err, "protocol", asked, "it is of tcp, udp, sctp");
}
