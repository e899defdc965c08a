/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check - CHECK: is everything that ADD made still there? Floor F5.
 *
 * Three are held against one another: what the runtime remembers (prevResult), what the daemon wants, and what the kernel
 * has, inside the container's namespace, in the router and in the host; the last comparison is the daemon's. Plugins
 * that come after ours may add interfaces, addresses and routes to prevResult: what is not ours is not judged.
 */
#include <errno.h>
#include <strings.h>

#include "cni/cni.h"
#include "cni/verbs.h"
#include "lib/base/addr.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

static int prev_compare(const struct cni_request *request, const json_t *endpoint, struct err *err);
static int prev_interface(const struct cni_request *request, const json_t *endpoint, size_t *ret_index, struct err *err);
static int prev_ips(const json_t *prev, size_t index, const json_t *ips, struct err *err);
static int differences_tell(const char *name, const json_t *differences, struct err *err);
static int differs(struct err *err, const char *object, const char *what, const char *value);
static bool ips_have(const json_t *ips, const struct ip *ip);
static int address_parse(const char *text, struct ip *ret_ip);

int cni_check(const struct cni_request *request, struct err *err)
{
	cleanup(mem_freep) char *name = mem_printf("%s/%s:%s", request->tenant, request->stack, request->ifname);
	cleanup(mem_freep) char *network = mem_printf("%s/%s", request->tenant, request->network);
	cleanup(varlink_closep) struct varlink_client *client = NULL;
	cleanup(json_freep) json_t *endpoint = NULL, *reply = NULL;
	cleanup(fd_closep) int netns = -1;
	int rc;

	rc = cni_netns_open(request, &netns, err);
	if (rc != CNI_OK)
		return rc;
	if (cni_connect(request, &client, err) < 0)
		return cni_code_of(err);
	rc = cni_call(client, "io.moat.EndpointShow", json_pack("{s:s}", "name", name), "endpoint", &endpoint, err);
	if (rc != CNI_OK)
		return err->kind == ERR_NOTFOUND ? CNI_UNKNOWN : rc;
	if (!str_eq(json_string_value(json_object_get(endpoint, "network")), network))
		return differs(err, name, "is attached to another network:",
			       json_string_value(json_object_get(endpoint, "network")));
	rc = prev_compare(request, endpoint, err);
	if (rc != CNI_OK)
		return rc;
	if (varlink_call(client, "io.moat.EndpointCheck", json_pack("{s:s, s:i}", "name", name, "netnsFd", 0), &netns, 1,
			 &reply, NULL, NULL, err) < 0)
		return err->kind == ERR_CONFLICT ? CNI_DIFFERS : cni_code_of(err);
	rc = differences_tell(name, json_object_get(reply, "differences"), err);
	if (rc == CNI_OK)
		rc = cni_tune_check(request, netns, err);
	return rc == CNI_OK ? cni_delegate(request, CNI_VERB_CHECK, NULL, NULL, NULL, err) : rc;
}

static int prev_compare(const struct cni_request *request, const json_t *endpoint, struct err *err)
{
	size_t index = 0;
	int rc;

	/* results of before 0.3.0 have no interfaces: their addresses are the container's */
	if (json_array_size(json_object_get(request->prev, "interfaces")) == 0)
		return prev_ips(request->prev, SIZE_MAX, json_object_get(endpoint, "ips"), err);
	rc = prev_interface(request, endpoint, &index, err);
	return rc == CNI_OK ? prev_ips(request->prev, index, json_object_get(endpoint, "ips"), err) : rc;
}

/* The one in the container that bears our name. */
static int prev_interface(const struct cni_request *request, const json_t *endpoint, size_t *ret_index, struct err *err)
{
	const char *mac = json_string_value(json_object_get(endpoint, "mac"));
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(request->prev, "interfaces"), i, item) {
		const char *sandbox = json_string_value(json_object_get(item, "sandbox"));
		const char *theirs = json_string_value(json_object_get(item, "mac"));

		if (!sandbox || !*sandbox || !str_eq(json_string_value(json_object_get(item, "name")), request->ifname))
			continue;
		if (theirs && *theirs && mac && strcasecmp(theirs, mac) != 0)
			return differs(err, request->ifname, "prevResult has another MAC address than what was attached:",
				       theirs);
		*ret_index = i;
		return CNI_OK;
	}
	return differs(err, request->ifname, "prevResult has no such interface in the container:", request->ifname);
}

/* All of ours are there. Others' may be there as well. @index: of the interface, SIZE_MAX for any. */
static int prev_ips(const json_t *prev, size_t index, const json_t *ips, struct err *err)
{
	cleanup(json_freep) json_t *listed = json_array();
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(prev, "ips"), i, item) {
		const json_t *at = json_object_get(item, "interface");

		if (index == SIZE_MAX || !json_is_integer(at) || (size_t)json_integer_value(at) == index)
			json_array_append(listed, json_object_get(item, "address"));
	}
	json_array_foreach(ips, i, item) {
		const char *text = json_string_value(item);
		struct ip ip;

		if (address_parse(text, &ip) == 0 && !ips_have(listed, &ip))
			return differs(err, text, "prevResult lacks an address of the attachment:", text);
	}
	return CNI_OK;
}

static bool ips_have(const json_t *ips, const struct ip *ip)
{
	const json_t *item;
	size_t i;

	json_array_foreach(ips, i, item) {
		struct ip other;

		if (address_parse(json_string_value(item), &other) == 0 && ip_cmp(&other, ip) == 0)
			return true;
	}
	return false;
}

/* With or without a length. */
static int address_parse(const char *text, struct ip *ret_ip)
{
	struct prefix prefix;

	if (prefix_parse(text, &prefix) < 0)
		return ip_parse(text, ret_ip);
	*ret_ip = prefix.ip;
	return 0;
}

/* The first one, and how many more there are. */
static int differences_tell(const char *name, const json_t *differences, struct err *err)
{
	const json_t *first = json_array_get(differences, 0);
	size_t count = json_array_size(differences);
	const char *what, *object, *have;

	if (!json_is_array(differences)) {
		err_set(err, ERR_INTERNAL, EPROTO, name, "the daemon answered without differences");
		return CNI_INTERNAL;
	}
	if (count == 0)
		return CNI_OK;
	what = json_string_value(json_object_get(first, "what"));
	object = json_string_value(json_object_get(first, "object"));
	have = json_string_value(json_object_get(first, "have"));
	err_set(err, ERR_CONFLICT, ENODATA, name, "%s: %s%s%s%s", what ? what : "", object ? object : "",
		have ? "; there is: " : "", have ? have : "", count > 1 ? " (and more)" : "");
	return CNI_DIFFERS;
}

static int differs(struct err *err, const char *object, const char *what, const char *value)
{
	err_set(err, ERR_CONFLICT, ENODATA, object, "%s %s", what, value ? value : "none");
	return CNI_DIFFERS;
}
