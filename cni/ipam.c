/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipam - `ipam` of the configuration: who chooses addresses, and of which subnets. Floor F5. Pure, but for the file of resolvConf.
 *
 *	no ipam                     Moat's own; where `bridge` says it was written for that plugin, as {}
 *	{}                          nobody: a bare port, mode l2
 *	subnets without a type      Moat's own, of these
 *	type                        the plugin of that name in CNI_PATH (delegate.c)
 *	type dhcp                   that plugin, on a port of mode l2 that stands already
 *	type host-local, and none   Moat's own in its place: of its subnets, with its gateways
 */
#include <errno.h>
#include <string.h>

#include "cni/conf.h"
#include "lib/base/addr.h"
#include "lib/base/str.h"

enum { RANGES_MAX = 64, EXCLUDE_MAX = 64 };

struct ipam {
	const char *type, *subnet, *gateway, *range_start, *range_end, *resolv_conf;
	const json_t *ranges, *routes;
	const char **exclude;
};
static const struct json_field ipam_rows[] = {
	{"type", JSON_FIELD_STRING, offsetof(struct ipam, type), 0, 0, 0},
	{"subnet", JSON_FIELD_STRING, offsetof(struct ipam, subnet), 0, 0, 0},
	{"gateway", JSON_FIELD_STRING, offsetof(struct ipam, gateway), 0, 0, 0},
	{"rangeStart", JSON_FIELD_STRING, offsetof(struct ipam, range_start), 0, 0, 0},
	{"rangeEnd", JSON_FIELD_STRING, offsetof(struct ipam, range_end), 0, 0, 0},
	{"resolvConf", JSON_FIELD_STRING, offsetof(struct ipam, resolv_conf), 0, 0, 0},
	{"ranges", JSON_FIELD_ARRAY, offsetof(struct ipam, ranges), 0, 0, RANGES_MAX},
	{"routes", JSON_FIELD_ARRAY, offsetof(struct ipam, routes), 0, 0, RANGES_MAX},
	{"exclude", JSON_FIELD_STRV, offsetof(struct ipam, exclude), 0, 0, EXCLUDE_MAX},
	{0},
};

/* What the ranges of a configuration say. */
struct taken {
	struct cni_texts *subnets, *gateways, *excluded;
};

static int segment_decode(struct cni_request *request, const char *why, struct err *err);
static int own_decode(struct cni_request *request, const struct cni_top *top, const struct ipam *ipam, struct arena *arena,
		      struct err *err);
static int ranges_decode(const json_t *sets, const struct taken *taken, struct arena *arena, struct err *err);
static int range_take(const json_t *range, const struct taken *taken, struct arena *arena, struct err *err);

int cni_ipam_decode(struct cni_request *request, const struct cni_top *top, struct arena *arena,
		    struct err *err)
{
	bool stock = cni_is_set(top->bridge) || request->ipam_type;
	struct ipam ipam = {0};
	int rc = CNI_OK;

	if (top->ipam)
		rc = cni_decode(top->ipam, ipam_rows, arena, &ipam, "ipam", err);
	if (rc == CNI_OK && top->ipam ? json_object_size(top->ipam) == 0 : cni_is_set(top->bridge)) {
		request->bare = true;
		rc = segment_decode(request, "an empty ipam means none", err);
	} else if (rc == CNI_OK && request->leased && request->delegate) {
		rc = segment_decode(request, "ipam of type dhcp has them from a server on the segment", err);
	} else if (rc == CNI_OK && !request->delegate) { /* else its result has the routes */
		rc = own_decode(request, top, &ipam, arena, err);
	}
	request->masquerade = top->ip_masq >= 0 ? top->ip_masq : stock ? 0 : -1;
	request->default_route_asked = top->is_default_gateway == 1 && !request->bare;
	request->default_route = request->bare ? false
				 : stock       ? request->default_route || top->is_default_gateway == 1
					       : top->is_default_gateway != 0;
	return rc;
}

const char *cni_ipam_type(const json_t *doc)
{
	const char *type = json_string_value(cni_member(cni_member(doc, "ipam"), "type"));

	return cni_is_set(type) ? type : NULL;
}

/* A port alone: what speaks on it has its addresses from elsewhere. */
static int segment_decode(struct cni_request *request, const char *why, struct err *err)
{
	if (!request->mode || str_eq(request->mode, "l2")) {
		request->mode = "l2";
		return CNI_OK;
	}
	err_set(err, ERR_USAGE, EINVAL, "mode", "mode \"%s\" has addresses, and %s: leave one of them out", request->mode, why);
	return CNI_CONFIG;
}

static int own_decode(struct cni_request *request, const struct cni_top *top, const struct ipam *ipam, struct arena *arena,
		      struct err *err)
{
	struct cni_texts subnets = cni_texts_make(arena, RANGES_MAX + 1), gateways = cni_texts_make(arena, RANGES_MAX + 1);
	struct cni_texts excluded = cni_texts_make(arena, 2 * RANGES_MAX + 2 + EXCLUDE_MAX);
	struct taken taken = {&subnets, &gateways, &excluded};
	int rc = CNI_OK;

	if (request->ipam_type && !str_eq(request->ipam_type, "host-local")) {
		err_set(err, ERR_USAGE, ENOENT, "ipam.type", "there is no plugin \"%s\" in CNI_PATH [%s]", request->ipam_type,
			request->path ? request->path : "");
		return CNI_CONFIG;
	}
	if (cni_is_set(ipam->resolv_conf)) {
		rc = cni_resolv_read(ipam->resolv_conf, &request->resolv, err);
		if (rc != CNI_OK)
			return rc;
	}
	/* those of the runtime, a capability, come first, as host-local has them */
	rc = ranges_decode(cni_member(top->runtime, "ipRanges"), &taken, arena, err);
	if (rc == CNI_OK && cni_is_set(ipam->subnet))
		rc = range_take(top->ipam, &taken, arena, err);
	if (rc == CNI_OK)
		rc = ranges_decode(ipam->ranges, &taken, arena, err);
	/* as whereabouts has them, and "A-B"; what is none of these the daemon refuses by name */
	for (const char *const *range = ipam->exclude; range && *range; range++)
		cni_texts_add(&excluded, *range);
	if (rc == CNI_OK)
		rc = cni_routes_decode(request, ipam->routes, gateways.items, "ipam.routes", err);
	if (rc == CNI_OK && request->ipam_type && subnets.count == 0) {
		err_set(err, ERR_USAGE, EINVAL, "ipam", "host-local without a subnet");
		rc = CNI_CONFIG;
	}
	request->subnets = subnets.items;
	request->gateways = gateways.items;
	request->excluded = excluded.items;
	return rc;
}

/* [[{subnet...}, ...], ...] */
static int ranges_decode(const json_t *sets, const struct taken *taken, struct arena *arena, struct err *err)
{
	const json_t *set, *range;
	size_t i, j;

	json_array_foreach(sets, i, set) {
		if (!json_is_array(set)) {
			err_set(err, ERR_USAGE, EINVAL, "ipam.ranges",
				"must be an array of arrays");
			return CNI_DECODE;
		}
		json_array_foreach(set, j, range) {
			int rc = range_take(range, taken, arena, err);

			if (rc != CNI_OK)
				return rc;
		}
	}
	return CNI_OK;
}

static int range_take(const json_t *range, const struct taken *taken, struct arena *arena, struct err *err)
{
	char text[PREFIX_STR_SIZE];
	struct prefix prefix;
	struct ipam ipam = {0};
	int rc;

	rc = cni_decode(range, ipam_rows, arena, &ipam, "ipam.ranges", err);
	if (rc != CNI_OK)
		return rc;
	if (prefix_parse(ipam.subnet, &prefix) < 0 || taken->subnets->count >= taken->subnets->max) {
		err_set(err, ERR_USAGE, EINVAL, "ipam",
			"subnet \"%s\" is no prefix such as 10.1.0.0/16",
			ipam.subnet ? ipam.subnet : "");
		return CNI_CONFIG;
	}
	/* host-local takes 10.1.2.3/16 for 10.1.0.0/16 */
	prefix = prefix_network(&prefix);
	cni_texts_add(taken->subnets, arena_strdup(arena, prefix_print(&prefix, text)));
	if (cni_is_set(ipam.gateway))
		cni_texts_add(taken->gateways, ipam.gateway);
	return cni_range_exclude(&prefix, ipam.range_start, ipam.range_end, arena, taken->excluded, err);
}

/* The address before one that is not the first of all. */
static void ip_before(struct ip *ip)
{
	size_t i = ip_size(ip);

	while (i-- > 0 && ip->b[i]-- == 0)
		;
}

int cni_range_exclude(const struct prefix *subnet, const char *start, const char *end, struct arena *arena,
		      struct cni_texts *excluded, struct err *err)
{
	struct ip first = subnet->ip, last = prefix_last(subnet), from = first, to = last;
	char a[IP_STR_SIZE], b[IP_STR_SIZE];

	if ((cni_is_set(start) && (ip_parse(start, &from) < 0 || !prefix_contains(subnet, &from))) ||
	    (cni_is_set(end) && (ip_parse(end, &to) < 0 || !prefix_contains(subnet, &to))) || ip_cmp(&from, &to) > 0) {
		err_set(err, ERR_USAGE, EINVAL, "ipam", "rangeStart \"%.40s\" and rangeEnd \"%.40s\" are no range of the subnet",
			start ? start : "", end ? end : "");
		return CNI_CONFIG;
	}
	if (ip_cmp(&from, &first) > 0) {
		ip_before(&from);
		cni_texts_add(excluded, arena_printf(arena, "%s-%s", ip_print(&first, a), ip_print(&from, b)));
	}
	if (ip_cmp(&to, &last) < 0) {
		(void)ip_add(&to, 1, &to); /* the subnet ends behind it */
		cni_texts_add(excluded, arena_printf(arena, "%s-%s", ip_print(&to, a), ip_print(&last, b)));
	}
	return CNI_OK;
}

struct cni_texts cni_texts_make(struct arena *arena, size_t max)
{
	return (struct cni_texts){arena_array(arena, max + 1, sizeof(char *)), 0, max};
}

void cni_texts_add(struct cni_texts *texts, const char *text)
{
	if (texts->count < texts->max)
		texts->items[texts->count++] = text;
}
