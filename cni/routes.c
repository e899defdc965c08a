/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routes - ways that a configuration or the plugin that it names wants in the container, as EndpointAttach has them. Floor F5.
 * Pure.
 *
 * The gateway of the network need not be said there, and its default route is a switch; so a route by that gateway goes without
 * it. A network of mode l2 has none: there every route says its own, a delegate's by the gateway of its address, as the
 * reference library has it (plugins/pkg/ipam, ConfigureIface).
 */
#include <stdio.h>
#include <string.h>

#include "cni/conf.h"
#include "lib/base/addr.h"
#include "lib/base/str.h"

enum { PRIORITY_MAX = INT32_MAX, MTU_MAX = 65520, ADVMSS_MAX = 65495 }; /* that the daemon takes: type Route of io.moat */
enum { TABLE_MAIN = 254, SCOPE_LINK = 253 }; /* RT_TABLE_MAIN, RT_SCOPE_LINK of <linux/rtnetlink.h> */

struct fields {
	const char *dst, *gw;
	int64_t priority, mtu, advmss, table, scope;
};
static const struct json_field rows[] = {
	{"dst", JSON_FIELD_STRING, offsetof(struct fields, dst), JSON_REQUIRED, 0, 0},
	{"gw", JSON_FIELD_STRING, offsetof(struct fields, gw), 0, 0, 0},
	{"priority", JSON_FIELD_INT, offsetof(struct fields, priority), 0, 0, PRIORITY_MAX},
	{"mtu", JSON_FIELD_INT, offsetof(struct fields, mtu), 0, 0, MTU_MAX},
	{"advmss", JSON_FIELD_INT, offsetof(struct fields, advmss), 0, 0, ADVMSS_MAX},
	{"table", JSON_FIELD_INT, offsetof(struct fields, table), 0, 0, 0},
	{"scope", JSON_FIELD_INT, offsetof(struct fields, scope), 0, 0, 0},
	{0},
};

static int route_take(struct cni_request *request, const struct fields *fields, const char *const *gateways, struct err *err);
static int fields_refuse(const struct fields *fields, bool l2, struct err *err);
static int number_refuse(struct err *err, const char *key, int64_t value, const char *why);
static const char *gateway_for(const char *dst, const char *const *gateways);
static bool is_default(const char *dst);

int cni_routes_decode(struct cni_request *request, const json_t *routes, const char *const *gateways, const char *what,
		      struct err *err)
{
	const json_t *route;
	size_t i;

	json_array_foreach(routes, i, route) {
		struct fields fields = {0};
		int rc = cni_decode(route, rows, NULL, &fields, what, err);

		if (rc == CNI_OK)
			rc = fields_refuse(&fields, str_eq(request->mode, "l2"), err);
		if (rc == CNI_OK)
			rc = route_take(request, &fields, gateways, err);
		if (rc != CNI_OK)
			return rc;
	}
	return CNI_OK;
}

int cni_routes_given(struct cni_request *request, const json_t *given, struct arena *arena, struct err *err)
{
	static const char *const defaults[] = {"0.0.0.0/0", "::/0"};
	const json_t *ips = json_object_get(given, "ips"), *ip;
	struct cni_texts gateways = cni_texts_make(arena, json_array_size(ips));
	bool wanted = request->default_route;
	size_t i;
	int rc;

	json_array_foreach(ips, i, ip) {
		const char *gateway = json_string_value(json_object_get(ip, "gateway"));

		if (cni_is_set(gateway))
			cni_texts_add(&gateways, gateway);
	}
	request->default_route = false;
	rc = cni_routes_decode(request, json_object_get(given, "routes"), gateways.items, "routes", err);
	if (rc != CNI_OK || request->default_route || !wanted)
		return rc;
	/* isDefaultGateway, and the delegate spoke of no such route */
	for (i = 0; i < ARRAY_COUNT(defaults) && str_eq(request->mode, "l2"); i++) {
		struct fields fields = {.dst = defaults[i], .gw = gateway_for(defaults[i], gateways.items)};

		if (fields.gw)
			rc = route_take(request, &fields, gateways.items, err);
	}
	request->default_route = true;
	return rc;
}

/* A way of one's own: by a next hop that is not the network's gateway, or to somewhere. */
static int route_take(struct cni_request *request, const struct fields *fields, const char *const *gateways, struct err *err)
{
	bool known = !cni_is_set(fields->gw), l2 = str_eq(request->mode, "l2");
	const char *via = fields->gw;
	struct prefix prefix;
	json_t *route;

	if (prefix_parse(fields->dst, &prefix) < 0 && ip_parse(fields->dst, &prefix.ip) < 0)
		return cni_field_refuse(err, "ipam.routes.dst", fields->dst, "it is no prefix such as 10.1.0.0/16");
	for (size_t i = 0; !known && gateways[i]; i++)
		known = str_eq(gateways[i], fields->gw);
	if (l2 && known)
		via = fields->scope == SCOPE_LINK ? NULL : gateway_for(fields->dst, gateways);
	else if (known)
		via = NULL;
	request->default_route = request->default_route || is_default(fields->dst);
	if (is_default(fields->dst) && !via && !l2 && !fields->priority && !fields->mtu && !fields->advmss)
		return CNI_OK;
	route = json_pack("{s:s}", "dst", fields->dst);
	if (cni_is_set(via))
		json_object_set_new(route, "via", json_string(via));
	if (fields->priority)
		json_object_set_new(route, "metric", json_integer(fields->priority));
	if (fields->mtu)
		json_object_set_new(route, "mtu", json_integer(fields->mtu));
	if (fields->advmss)
		json_object_set_new(route, "advmss", json_integer(fields->advmss));
	if (!request->routes)
		request->routes = json_array();
	json_array_append_new(request->routes, route);
	return CNI_OK;
}

/*
 * What came with 1.1.0 and cannot be had. Tables of their own are Moat's in a stack of several interfaces. The kernel takes scope link,
 * 253, for a way without a next hop alone, and gives it to each; only a network of mode l2 has such.
 */
static int fields_refuse(const struct fields *fields, bool l2, struct err *err)
{
	if (fields->table && fields->table != TABLE_MAIN)
		return number_refuse(err, "ipam.routes.table", fields->table, "routes stand in the main one, 254");
	if (fields->scope && (fields->scope != SCOPE_LINK || cni_is_set(fields->gw) || !l2))
		return number_refuse(err, "ipam.routes.scope", fields->scope, "it is 0, or in mode l2 253 where the route has no gw");
	return CNI_OK;
}

static int number_refuse(struct err *err, const char *key, int64_t value, const char *why)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return cni_field_refuse(err, key, text, why);
}

static const char *gateway_for(const char *dst, const char *const *gateways)
{
	for (size_t i = 0; gateways[i]; i++)
		if (!strchr(gateways[i], ':') == !strchr(dst, ':'))
			return gateways[i];
	return NULL;
}

static bool is_default(const char *dst) { return str_eq(dst, "0.0.0.0/0") || str_eq(dst, "::/0"); }
