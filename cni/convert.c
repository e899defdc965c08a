/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * convert - results in the shapes of all versions of the specification. Floor F5. Pure.
 *
 * Within the plugin there is one shape, that of 1.1.0. What the others have:
 *
 *	0.1.0, 0.2.0           ip4 and ip6: one address each, its gateway, its routes; no interfaces; dns
 *	0.3.0, 0.3.1, 0.4.0    interfaces, ips with "version", routes, dns
 *	1.0.0                  ips without "version"; dns where there is something to say
 *	1.1.0                  of interfaces mtu, socketPath and pciID as well; of routes mtu, priority ...
 *
 * Members of a route are copied whole, as the reference library does: an older reader passes over what it does not know.
 */
#include <errno.h>
#include <string.h>

#include "cni/cni.h"
#include "lib/base/addr.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

enum shape { SHAPE_IP4, SHAPE_VERSIONED, SHAPE_1_0, SHAPE_1_1 };

enum { ITEMS_MAX = 1024 };

static const char *const new_members[] = {"mtu", "socketPath", "pciID"};

static enum shape shape_of(const char *version);
static int old_make(const json_t *result, json_t *old, const char *version, struct err *err);
static json_t *old_routes(const json_t *routes, uint8_t family);
static int old_parse(const json_t *doc, json_t *result, struct err *err);
static int old_family_parse(const json_t *ip, json_t *result, struct err *err);
static int interfaces_parse(const json_t *doc, json_t *result, struct err *err);
static int ips_parse(const json_t *doc, json_t *result, struct err *err);
static int routes_parse(const json_t *routes, json_t *list, struct err *err);
static int list_get(const json_t *doc, const char *key, const json_t **ret_list, struct err *err);
static uint8_t family_of(const json_t *address);
static int refuse(struct err *err, const char *where, const char *why);

int cni_result_convert(const json_t *result, const char *version, json_t **ret_result,
		       struct err *err)
{
	cleanup(json_freep) json_t *out = json_pack("{s:s}", "cniVersion", version);
	const json_t *dns = json_object_get(result, "dns"), *item;
	enum shape shape = shape_of(version);
	json_t *copy;
	size_t i;
	int rc;

	if (shape == SHAPE_IP4) {
		rc = old_make(result, out, version, err);
		if (rc != CNI_OK)
			return rc;
	} else {
		copy = json_array();
		json_array_foreach(json_object_get(result, "interfaces"), i, item) {
			json_t *interface = json_copy((json_t *)(uintptr_t)item);

			for (size_t j = 0; shape != SHAPE_1_1 && j < ARRAY_COUNT(new_members); j++)
				json_object_del(interface, new_members[j]);
			json_array_append_new(copy, interface);
		}
		json_object_set_new(out, "interfaces", copy);
		copy = json_array();
		json_array_foreach(json_object_get(result, "ips"), i, item) {
			json_t *ip = json_object();

			if (shape == SHAPE_VERSIONED)
				json_object_set_new(ip, "version",
						    json_string(family_of(json_object_get(item, "address")) == 6
									? "6"
									: "4"));
			json_object_update(ip, (json_t *)(uintptr_t)item);
			json_array_append_new(copy, ip);
		}
		json_object_set_new(out, "ips", copy);
		if (json_array_size(json_object_get(result, "routes")) > 0)
			json_object_set(out, "routes", json_object_get(result, "routes"));
	}
	if (json_object_size(dns) > 0)
		json_object_set(out, "dns", (json_t *)(uintptr_t)dns);
	else if (shape == SHAPE_IP4 || shape == SHAPE_VERSIONED)
		json_object_set_new(out, "dns", json_object());
	*ret_result = out;
	out = NULL;
	return CNI_OK;
}

int cni_result_parse(const json_t *doc, json_t **ret_result, struct err *err)
{
	cleanup(json_freep) json_t *result = json_pack("{s:[], s:[], s:[]}", "interfaces", "ips", "routes");
	const json_t *dns = json_object_get(doc, "dns"), *routes;
	int rc;

	if (!json_is_object(doc))
		return refuse(err, "prevResult", "must be an object");
	if (json_is_object(json_object_get(doc, "ip4")) || json_is_object(json_object_get(doc, "ip6"))) {
		rc = old_parse(doc, result, err);
	} else {
		rc = interfaces_parse(doc, result, err);
		if (rc == CNI_OK)
			rc = ips_parse(doc, result, err);
		if (rc == CNI_OK)
			rc = list_get(doc, "routes", &routes, err);
		if (rc == CNI_OK)
			rc = routes_parse(routes, json_object_get(result, "routes"), err);
	}
	if (rc == CNI_OK && dns && !json_is_null(dns) && !json_is_object(dns))
		rc = refuse(err, "dns", "must be an object");
	if (rc != CNI_OK)
		return rc;
	if (json_object_size(dns) > 0)
		json_object_set(result, "dns", (json_t *)(uintptr_t)dns);
	*ret_result = result;
	result = NULL;
	return CNI_OK;
}

int cni_result_merge(json_t *result, const json_t *prev, struct err *err)
{
	static const char *const lists[] = {"interfaces", "ips", "routes"};
	size_t before = json_array_size(json_object_get(prev, "interfaces")), i;
	json_t *ip;

	json_array_foreach(json_object_get(result, "ips"), i, ip) {
		json_int_t index = json_integer_value(json_object_get(ip, "interface"));

		json_object_set_new(ip, "interface", json_integer(index + (json_int_t)before));
	}
	for (i = 0; i < ARRAY_COUNT(lists); i++) {
		json_t *all = json_copy(json_object_get(prev, lists[i]));

		json_array_extend(all, json_object_get(result, lists[i]));
		if (json_array_size(all) > 2 * ITEMS_MAX) {
			json_decref(all);
			return refuse(err, lists[i], "has too many items");
		}
		json_object_set_new(result, lists[i], all);
	}
	if (json_object_size(json_object_get(result, "dns")) == 0 && json_object_get(prev, "dns"))
		json_object_set(result, "dns", json_object_get(prev, "dns"));
	return CNI_OK;
}

static enum shape shape_of(const char *version)
{
	if (str_eq(version, "0.1.0") || str_eq(version, "0.2.0"))
		return SHAPE_IP4;
	if (str_starts(version, "0."))
		return SHAPE_VERSIONED;
	return str_eq(version, "1.0.0") ? SHAPE_1_0 : SHAPE_1_1;
}

/* The first address of each family. One that has none cannot be told of. */
static int old_make(const json_t *result, json_t *old, const char *version, struct err *err)
{
	static const struct {
		uint8_t family;
		const char *key;
	} rows[] = {{4, "ip4"}, {6, "ip6"}};
	bool any = false;

	for (size_t row = 0; row < ARRAY_COUNT(rows); row++) {
		const json_t *ip;
		size_t i;

		json_array_foreach(json_object_get(result, "ips"), i, ip) {
			json_t *one, *routes;

			if (family_of(json_object_get(ip, "address")) != rows[row].family)
				continue;
			one = json_pack("{s:O}", "ip", json_object_get(ip, "address"));
			if (json_object_get(ip, "gateway"))
				json_object_set(one, "gateway", json_object_get(ip, "gateway"));
			routes = old_routes(json_object_get(result, "routes"), rows[row].family);
			if (json_array_size(routes) > 0)
				json_object_set(one, "routes", routes);
			json_decref(routes);
			json_object_set_new(old, rows[row].key, one);
			any = true;
			break;
		}
	}
	if (any)
		return CNI_OK;
	err_set(err, ERR_UNSUPPORTED, EPROTONOSUPPORT, "cniVersion",
		"a result of version %s must have an address, and this interface gets none: use cniVersion 0.3.1 or later",
		version);
	return CNI_VERSION;
}

static json_t *old_routes(const json_t *routes, uint8_t family)
{
	json_t *list = json_array();
	const json_t *route;
	size_t i;

	json_array_foreach(routes, i, route) {
		json_t *one;

		if (family_of(json_object_get(route, "dst")) != family)
			continue;
		one = json_pack("{s:O}", "dst", json_object_get(route, "dst"));
		if (json_object_get(route, "gw"))
			json_object_set(one, "gw", json_object_get(route, "gw"));
		json_array_append_new(list, one);
	}
	return list;
}

static int old_parse(const json_t *doc, json_t *result, struct err *err)
{
	int rc = old_family_parse(json_object_get(doc, "ip4"), result, err);

	return rc == CNI_OK ? old_family_parse(json_object_get(doc, "ip6"), result, err) : rc;
}

static int old_family_parse(const json_t *ip, json_t *result, struct err *err)
{
	const json_t *routes;
	json_t *one;
	int rc;

	if (!ip || json_is_null(ip))
		return CNI_OK;
	if (!family_of(json_object_get(ip, "ip")))
		return refuse(err, "prevResult", "ip4 or ip6 has no ip such as 10.1.0.5/16");
	one = json_pack("{s:O}", "address", json_object_get(ip, "ip"));
	if (json_is_string(json_object_get(ip, "gateway")))
		json_object_set(one, "gateway", json_object_get(ip, "gateway"));
	json_array_append_new(json_object_get(result, "ips"), one);
	rc = list_get(ip, "routes", &routes, err);
	return rc == CNI_OK ? routes_parse(routes, json_object_get(result, "routes"), err) : rc;
}

static int interfaces_parse(const json_t *doc, json_t *result, struct err *err)
{
	const json_t *list, *item;
	size_t i;
	int rc = list_get(doc, "interfaces", &list, err);

	if (rc != CNI_OK)
		return rc;
	json_array_foreach(list, i, item) {
		static const char *const texts[] = {"name", "mac", "sandbox"};

		for (size_t j = 0; j < ARRAY_COUNT(texts); j++) {
			const json_t *text = json_object_get(item, texts[j]);

			if (!json_is_object(item) || (text && !json_is_string(text) && !json_is_null(text)))
				return refuse(err, "prevResult", "interfaces must be objects with texts");
		}
		json_array_append(json_object_get(result, "interfaces"), (json_t *)(uintptr_t)item);
	}
	return CNI_OK;
}

static int ips_parse(const json_t *doc, json_t *result, struct err *err)
{
	size_t interfaces = json_array_size(json_object_get(result, "interfaces")), i;
	const json_t *list, *item;
	int rc = list_get(doc, "ips", &list, err);

	if (rc != CNI_OK)
		return rc;
	json_array_foreach(list, i, item) {
		const json_t *index = json_object_get(item, "interface");
		json_t *ip;

		if (!family_of(json_object_get(item, "address")))
			return refuse(err, "prevResult", "an item of ips has no address such as 10.1.0.5/16");
		if (index && !json_is_null(index) &&
		    (!json_is_integer(index) || json_integer_value(index) < 0 ||
		     (size_t)json_integer_value(index) >= interfaces))
			return refuse(err, "prevResult", "an item of ips points at no interface");
		ip = json_copy((json_t *)(uintptr_t)item);
		json_object_del(ip, "version");
		json_array_append_new(json_object_get(result, "ips"), ip);
	}
	return CNI_OK;
}

static int routes_parse(const json_t *routes, json_t *list, struct err *err)
{
	const json_t *item;
	size_t i;

	json_array_foreach(routes, i, item) {
		if (!family_of(json_object_get(item, "dst")))
			return refuse(err, "prevResult", "a route has no dst such as 10.1.0.0/16");
		json_array_append(list, (json_t *)(uintptr_t)item);
	}
	return CNI_OK;
}

static int list_get(const json_t *doc, const char *key, const json_t **ret_list, struct err *err)
{
	const json_t *list = json_object_get(doc, key);

	*ret_list = NULL;
	if (!list || json_is_null(list))
		return CNI_OK;
	if (!json_is_array(list) || json_array_size(list) > ITEMS_MAX)
		return refuse(err, key, "must be an array, not too long");
	*ret_list = list;
	return CNI_OK;
}

/* 4, 6, or 0 for what is no address with a length. */
static uint8_t family_of(const json_t *address)
{
	struct prefix prefix;

	if (!json_is_string(address) || prefix_parse(json_string_value(address), &prefix) < 0)
		return 0;
	return prefix.ip.family;
}

static int refuse(struct err *err, const char *where, const char *why)
{
	err_set(err, ERR_USAGE, EINVAL, where, "%s: %s", where, why);
	return CNI_DECODE;
}
