/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * result - what goes to standard output: results, versions, errors. Floor F5. Pure.
 *
 * Made in the shape of 1.1.0; convert.c gives those of the other versions.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "cni/cni.h"
#include "lib/base/addr.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

/* A gap in the codes 0..99 belongs to the specification. */
static const int codes[] = {
	[ERR_NONE] = CNI_INTERNAL,
	[ERR_USAGE] = CNI_CONFIG,
	[ERR_NAME] = CNI_CONFIG,
	[ERR_NOTFOUND] = CNI_NO_SUCH_OBJECT,
	[ERR_TAKEN] = CNI_TAKEN,
	[ERR_ADDRTAKEN] = CNI_ADDRESS_TAKEN,
	[ERR_PORTTAKEN] = CNI_PORT_TAKEN,
	[ERR_EXHAUSTED] = CNI_EXHAUSTED,
	[ERR_PERMISSION] = CNI_REFUSED,
	[ERR_QUOTA] = CNI_REFUSED,
	[ERR_NOTEMPTY] = CNI_REFUSED,
	[ERR_CONFLICT] = CNI_REFUSED,
	[ERR_LIMIT] = CNI_REFUSED,
	[ERR_UNSUPPORTED] = CNI_UNSUPPORTED,
	[ERR_UNAVAILABLE] = CNI_TRY_AGAIN,
	[ERR_KERNEL] = CNI_KERNEL,
	[ERR_IO] = CNI_IO,
	[ERR_INTERNAL] = CNI_INTERNAL,
};
static_assert(ARRAY_COUNT(codes) == ERR_KIND_COUNT, "every kind has its code");

static json_t *dns_make(const struct cni_request *request, const json_t *endpoint);
static json_t *interfaces_make(const struct cni_request *request, const json_t *endpoint);
static int ips_make(const struct cni_request *request, const json_t *endpoint, const json_t *network, size_t index,
		    json_t *result, struct err *err);
static const char *given_gateway(const json_t *given, const char *address);
static int prefix_find(const char *text, const json_t *subnets, struct prefix *ret_prefix);
static const char *gateway_find(const json_t *gateways, uint8_t family);
static void routes_make(const json_t *endpoint, bool default_route, json_t *result);
static bool routes_have(const json_t *routes, const char *dst);

int cni_code_of(const struct err *err)
{
	return (size_t)err->kind < ARRAY_COUNT(codes) ? codes[err->kind] : CNI_INTERNAL;
}

json_t *cni_result_version(const char *version)
{
	json_t *list = json_array();

	for (size_t i = 0; cni_versions[i]; i++)
		json_array_append_new(list, json_string(cni_versions[i]));
	return json_pack("{s:s, s:o}", "cniVersion", version, "supportedVersions", list);
}

json_t *cni_result_error(const char *version, int code, const struct err *err)
{
	return json_pack("{s:s, s:i, s:s, s:s}", "cniVersion", version, "code", code, "msg",
			 err->msg, "details", err->object);
}

int cni_result_add(const struct cni_request *request, const json_t *endpoint,
		   const json_t *network, bool default_route, json_t **ret_result,
		   struct err *err)
{
	cleanup(json_freep) json_t *result = NULL;
	json_t *interfaces;
	int rc;

	interfaces = interfaces_make(request, endpoint);
	result = json_pack("{s:s, s:o}", "cniVersion", request->version, "interfaces",
			   interfaces);
	rc = ips_make(request, endpoint, network, json_array_size(interfaces) - 1, result, err);
	if (rc != CNI_OK)
		return rc;
	routes_make(endpoint, default_route, result);
	json_object_set_new(result, "dns", dns_make(request, endpoint));
	if (request->prev)
		rc = cni_result_merge(result, request->prev, err);
	return rc == CNI_OK ? cni_result_convert(result, request->version, ret_result, err) : rc;
}

/* As asked for; else as the delegate gave it, or the file of resolvConf; the network's own name servers where neither says some. */
static json_t *dns_make(const struct cni_request *request, const json_t *endpoint)
{
	const json_t *given = request->given ? json_object_get(request->given, "dns") : request->resolv;
	json_t *dns = json_object_size(request->dns) > 0 ? json_copy(request->dns)
		      : json_object_size(given) > 0	 ? json_copy((json_t *)(uintptr_t)given)
							 : json_object();

	if (!json_object_get(dns, "nameservers") && json_array_size(json_object_get(endpoint, "dns")) > 0)
		json_object_set(dns, "nameservers", json_object_get(endpoint, "dns"));
	return dns;
}

/*
 * Host side first, the container's last. The host side lives in the router's namespace; it bears
 * no sandbox all the same, since runtimes take whatever has one for the container's.
 */
static json_t *interfaces_make(const struct cni_request *request, const json_t *endpoint)
{
	const char *host = json_string_value(json_object_get(endpoint, "hostIfname"));
	const char *mac = json_string_value(json_object_get(endpoint, "mac"));
	const json_t *mtu = json_object_get(endpoint, "mtu");
	json_t *interfaces = json_array();
	json_t *inside;

	if (host)
		json_array_append_new(interfaces, json_pack("{s:s}", "name", host));
	inside = json_pack("{s:s, s:s, s:s}", "name", request->ifname, "mac", mac ? mac : "",
			   "sandbox", request->netns);
	if (json_is_integer(mtu))
		json_object_set_new(inside, "mtu", json_integer(json_integer_value(mtu)));
	json_array_append_new(interfaces, inside);
	return interfaces;
}

static int ips_make(const struct cni_request *request, const json_t *endpoint, const json_t *network, size_t index,
		    json_t *result, struct err *err)
{
	const json_t *subnets = json_object_get(network, "subnets"),
		     *gateways = json_object_get(endpoint, "gateways");
	json_t *ips = json_array();
	const json_t *ip;
	size_t i;

	json_object_set_new(result, "ips", ips);
	json_array_foreach(json_object_get(endpoint, "ips"), i, ip) {
		char text[PREFIX_STR_SIZE];
		struct prefix prefix;
		const char *gateway;
		json_t *item;

		if (prefix_find(json_string_value(ip), subnets, &prefix) < 0) {
			err_set(err, ERR_INTERNAL, EPROTO, json_string_value(ip),
				"the daemon gave an address of no subnet");
			return CNI_INTERNAL;
		}
		gateway = gateway_find(gateways, prefix.ip.family);
		if (!gateway)
			gateway = given_gateway(request->given, prefix_print(&prefix, text));
		item = json_pack("{s:s, s:I}", "address", prefix_print(&prefix, text),
				 "interface", (json_int_t)index);
		if (gateway)
			json_object_set_new(item, "gateway", json_string(gateway));
		json_array_append_new(ips, item);
	}
	return CNI_OK;
}

/* CNI wants the length of the network beside each address. */
static int prefix_find(const char *text, const json_t *subnets, struct prefix *ret_prefix)
{
	const json_t *subnet;
	struct prefix prefix;
	struct ip ip;
	size_t i;

	if (prefix_parse(text, ret_prefix) == 0)
		return 0;
	if (ip_parse(text, &ip) < 0)
		return -EINVAL;
	json_array_foreach(subnets, i, subnet) {
		if (prefix_parse(json_string_value(subnet), &prefix) == 0 &&
		    prefix_contains(&prefix, &ip)) {
			*ret_prefix = (struct prefix){.ip = ip, .len = prefix.len};
			return 0;
		}
	}
	return -ENOENT;
}

/* Where the network has none (mode l2): the one that the delegate named beside the address. */
static const char *given_gateway(const json_t *given, const char *address)
{
	const json_t *ip;
	size_t i;

	json_array_foreach(json_object_get(given, "ips"), i, ip)
		if (str_eq(json_string_value(json_object_get(ip, "address")), address))
			return json_string_value(json_object_get(ip, "gateway"));
	return NULL;
}

static const char *gateway_find(const json_t *gateways, uint8_t family)
{
	const json_t *gateway;
	struct ip ip;
	size_t i;

	json_array_foreach(gateways, i, gateway)
		if (ip_parse(json_string_value(gateway), &ip) == 0 && ip.family == family)
			return json_string_value(gateway);
	return NULL;
}

/* The default ones where there is one, and its own, of which one to everywhere takes their place. */
static void routes_make(const json_t *endpoint, bool default_route, json_t *result)
{
	static const struct {
		uint8_t family;
		const char *dst;
	} rows[] = {{4, "0.0.0.0/0"}, {6, "::/0"}};
	static const char *const numbers[][2] = {{"metric", "priority"}, {"mtu", "mtu"}, {"advmss", "advmss"}};
	const json_t *gateways = json_object_get(endpoint, "gateways"), *own = json_object_get(endpoint, "routes"), *item;
	json_t *routes = json_array();
	size_t i;

	for (i = 0; i < ARRAY_COUNT(rows) && default_route; i++) {
		const char *gateway = gateway_find(gateways, rows[i].family);

		if (gateway && !routes_have(own, rows[i].dst))
			json_array_append_new(routes, json_pack("{s:s, s:s}", "dst",
								rows[i].dst, "gw", gateway));
	}
	json_array_foreach(own, i, item) {
		json_t *route = json_pack("{s:O?}", "dst", json_object_get(item, "dst"));

		if (json_is_string(json_object_get(item, "via")))
			json_object_set(route, "gw", json_object_get(item, "via"));
		for (size_t j = 0; j < ARRAY_COUNT(numbers); j++)
			if (json_is_integer(json_object_get(item, numbers[j][0])))
				json_object_set(route, numbers[j][1], json_object_get(item, numbers[j][0]));
		json_array_append_new(routes, route);
	}
	if (default_route || json_array_size(routes) > 0)
		json_object_set_new(result, "routes", routes);
	else
		json_decref(routes);
}

static bool routes_have(const json_t *routes, const char *dst)
{
	const json_t *item;
	size_t i;

	json_array_foreach(routes, i, item)
		if (str_eq(json_string_value(json_object_get(item, "dst")), dst))
			return true;
	return false;
}
