/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * network - Moat's network of a configuration: found, made when it is first used, widened by what a delegate gave. Floor F5.
 */
#include <errno.h>
#include <string.h>

#include "cni/conf.h"
#include "cni/verbs.h"
#include "lib/base/addr.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

static int network_create(const struct cni_request *request, const json_t *given, struct varlink_client *client,
			  json_t **ret_network, struct err *err);
static int network_compare(const struct cni_request *request, const json_t *network, struct err *err);
static int network_widen(const struct cni_request *request, const json_t *given, struct varlink_client *client,
			 json_t **network, struct err *err);
static json_t *given_subnets(const json_t *given, const char *key);

/* The network, made when it is not there, and with the subnets of what the delegate gave. */
int cni_network_get(const struct cni_request *request, const json_t *given, struct varlink_client *client,
		    json_t **ret_network, struct err *err)
{
	cleanup(mem_freep) char *name = mem_printf("%s/%s", request->tenant, request->network);
	int rc;

	rc = cni_call(client, "io.moat.NetworkShow", json_pack("{s:s}", "name", name), "network",
		      ret_network, err);
	if (rc != CNI_OK && err->kind != ERR_NOTFOUND)
		return rc;
	if (rc != CNI_OK) {
		/* one that came first with the same is as good as ours */
		rc = cni_call(client, "io.moat.TenantCreate", json_pack("{s:s}", "name", request->tenant), "tenant", NULL,
			      err);
		if (rc != CNI_OK && err->kind != ERR_TAKEN)
			return rc;
		rc = network_create(request, given, client, ret_network, err);
		if (rc == CNI_OK || err->kind != ERR_TAKEN)
			return rc;
		rc = cni_call(client, "io.moat.NetworkShow", json_pack("{s:s}", "name", name), "network", ret_network, err);
		if (rc != CNI_OK)
			return rc;
	}
	*err = ERR_INIT;
	rc = network_compare(request, *ret_network, err);
	return rc == CNI_OK && given && !str_eq(request->mode, "l2") ? network_widen(request, given, client, ret_network, err) : rc;
}

static int network_create(const struct cni_request *request, const json_t *given, struct varlink_client *client,
			  json_t **ret_network, struct err *err)
{
	cleanup(mem_freep) char *name = mem_printf("%s/%s", request->tenant, request->network);
	json_t *parameters = json_pack("{s:s}", "name", name);

	cni_strings_set(parameters, "subnets", request->subnets);
	cni_strings_set(parameters, "gateways", request->gateways);
	cni_strings_set(parameters, "exclude", request->excluded);
	if (given && !str_eq(request->mode, "l2")) {
		json_object_set_new(parameters, "subnets", given_subnets(given, "address"));
		json_object_set_new(parameters, "gateways", given_subnets(given, "gateway"));
	}
	if (request->mode)
		json_object_set_new(parameters, "mode", json_string(request->mode));
	if (request->mtu)
		json_object_set_new(parameters, "mtu", json_integer(request->mtu));
	if (request->masquerade >= 0)
		json_object_set_new(parameters, "masquerade",
				    json_boolean(request->masquerade));
	if (request->host_access == 1)
		json_object_set_new(parameters, "hostAccess", json_true());
	if (request->internal)
		json_object_set_new(parameters, "internal", json_true());
	if (request->name_service == 0)
		json_object_set_new(parameters, "dns", json_false());
	return cni_call(client, "io.moat.NetworkCreate", parameters, "network", ret_network, err);
}

/* One that stands with other subnets than the configuration's is somebody else's, or of yesterday. */
static int network_compare(const struct cni_request *request, const json_t *network,
			   struct err *err)
{
	const json_t *subnets = json_object_get(network, "subnets"), *subnet;
	size_t i;

	for (const char *const *wanted = request->subnets; *wanted; wanted++) {
		bool found = false;

		json_array_foreach(subnets, i, subnet)
			found |= str_eq(json_string_value(subnet), *wanted);
		if (!found) {
			err_set(err, ERR_CONFLICT, EEXIST, request->network,
				"the network exists without the configuration's subnet %s",
				*wanted);
			return CNI_CONFIG;
		}
	}
	return CNI_OK;
}

/* A range of the delegate's that the network has not yet. */
static int network_widen(const struct cni_request *request, const json_t *given, struct varlink_client *client,
			 json_t **network, struct err *err)
{
	cleanup(mem_freep) char *name = mem_printf("%s/%s", request->tenant, request->network);
	cleanup(json_freep) json_t *subnets = given_subnets(given, "address"), *gateways = given_subnets(given, "gateway");
	const json_t *subnet;
	json_t *wider = NULL;
	size_t i, have;
	bool all = true;

	json_array_foreach(subnets, i, subnet) {
		bool found = false;

		for (have = 0; have < json_array_size(json_object_get(*network, "subnets")); have++)
			found |= json_equal(subnet, json_array_get(json_object_get(*network, "subnets"), have));
		all &= found;
	}
	if (all)
		return CNI_OK;
	if (cni_call(client, "io.moat.NetworkSet",
		     json_pack("{s:s, s:O, s:O}", "name", name, "subnets", subnets, "gateways", gateways), "network", &wider,
		     err) != CNI_OK)
		return cni_code_of(err);
	json_decref(*network);
	*network = wider;
	return CNI_OK;
}

/* The subnets of its addresses, or its gateways. */
static json_t *given_subnets(const json_t *given, const char *key)
{
	json_t *list = json_array();
	const json_t *ip;
	size_t i;

	json_array_foreach(json_object_get(given, "ips"), i, ip) {
		const char *text = json_string_value(json_object_get(ip, key));
		char network[PREFIX_STR_SIZE];
		struct prefix prefix;

		if (str_eq(key, "address") && prefix_parse(text, &prefix) == 0) {
			prefix = prefix_network(&prefix);
			text = prefix_print(&prefix, network);
		}
		if (cni_is_set(text))
			json_array_append_new(list, json_string(text));
	}
	return list;
}
