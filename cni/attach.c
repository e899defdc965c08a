/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attach - the endpoint of an ADD: asked for once, whatever becomes of the daemon meanwhile; and given its addresses later, where
 * they are leased. Floor F5.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cni/conf.h"
#include "cni/verbs.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

enum { ADDRESS_TRIES = 50, REQUEST_ID_SIZE = 40 };

static int attach_call(const struct cni_request *request, struct varlink_client **client, json_t *parameters, int netns,
		       json_t **ret_reply, struct err *err);
static void request_id_make(char dst[REQUEST_ID_SIZE]);
static void ips_set(const struct cni_request *request, const json_t *given, json_t *parameters);
static json_t *labels_make(const struct cni_request *request);

int cni_attach(const struct cni_request *request, const json_t *given, struct varlink_client **client, int netns,
	       json_t **ret_endpoint, struct err *err)
{
	cleanup(mem_freep) char *network =
		mem_printf("%s/%s", request->tenant, request->network);
	cleanup(mem_freep) char *stack = mem_printf("%s/%s", request->tenant, request->stack);
	cleanup(json_freep) json_t *reply = NULL, *parameters = NULL;
	char request_id[REQUEST_ID_SIZE];
	json_t *endpoint;
	int rc;

	request_id_make(request_id);
	parameters = json_pack("{s:s, s:s, s:s, s:i, s:s, s:o}", "requestId", request_id, "network", network, "name", stack,
			       "netnsFd", 0, "ifname", request->ifname, "labels",
			       labels_make(request));
	if (!request->leased && (!request->default_route || request->default_route_asked))
		json_object_set_new(parameters, "defaultRoute",
				    json_boolean(request->default_route));
	if (!request->leased)
		ips_set(request, given, parameters);
	cni_strings_set(parameters, "publish", request->publish);
	cni_strings_set(parameters, "aliases", request->aliases);
	if (request->routes)
		json_object_set(parameters, "routes", request->routes);
	if (request->bandwidth)
		json_object_set(parameters, "bandwidth", request->bandwidth);
	if (request->mac)
		json_object_set_new(parameters, "mac", json_string(request->mac));
	if (request->mtu)
		json_object_set_new(parameters, "mtu", json_integer(request->mtu));
	rc = attach_call(request, client, parameters, netns, &reply, err);
	if (rc != CNI_OK)
		return rc;
	endpoint = json_object_get(reply, "endpoint");
	if (!json_is_object(endpoint)) {
		err_set(err, ERR_INTERNAL, EPROTO, stack,
			"the daemon answered without an endpoint");
		return CNI_INTERNAL;
	}
	*ret_endpoint = json_incref(endpoint);
	return CNI_OK;
}

/*
 * An answer that is lost (the daemon was started anew meanwhile) says nothing of what was done: the same question, by the
 * same requestId, gets the answer of the first time, or is carried out now, and never twice.
 */
static int attach_call(const struct cni_request *request, struct varlink_client **client, json_t *parameters, int netns,
		       json_t **ret_reply, struct err *err)
{
	for (int left = CNI_TRIES; left > 0; left--) {
		if (*client && varlink_call(*client, "io.moat.EndpointAttach", json_incref(parameters), &netns, 1, ret_reply,
					    NULL, NULL, err) == 0) {
			*err = ERR_INIT;
			return CNI_OK;
		}
		if (err->kind != ERR_UNAVAILABLE || err->no == ETIMEDOUT)
			break;
		varlink_closep(client);
		*client = NULL;
		if (left > 1) {
			cni_moment_wait();
			(void)cni_connect(request, client, err);
		}
	}
	return cni_code_of(err);
}

/*
 * The address may be that of an endpoint which has given it back and is about to go: DEL of a lease is in that order. So it is
 * tried for a while.
 */
int cni_addresses_set(const struct cni_request *request, const json_t *given, struct varlink_client *client, int netns,
		      json_t **ret_endpoint, struct err *err)
{
	cleanup(mem_freep) char *name = mem_printf("%s/%s:%s", request->tenant, request->stack, request->ifname);
	cleanup(json_freep) json_t *parameters = json_pack("{s:s, s:i, s:O?}", "name", name, "netnsFd", 0, "routes", request->routes);
	cleanup(json_freep) json_t *reply = NULL;

	ips_set(request, given, parameters);
	for (int left = ADDRESS_TRIES; left > 0; left--) {
		*err = ERR_INIT;
		if (varlink_call(client, "io.moat.EndpointSet", json_incref(parameters), &netns, 1, &reply, NULL, NULL, err) == 0) {
			*ret_endpoint = json_incref(json_object_get(reply, "endpoint"));
			return CNI_OK;
		}
		if (err->kind != ERR_ADDRTAKEN)
			break;
		cni_moment_wait();
	}
	return cni_code_of(err);
}

static void request_id_make(char dst[REQUEST_ID_SIZE])
{
	uint64_t number[2] = {0};

	/* without randomness the process tells calls apart well enough */
	if (getrandom(number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
		number[0] = (uint64_t)getpid();
	snprintf(dst, REQUEST_ID_SIZE, "cni-%016llx%016llx", (unsigned long long)number[0], (unsigned long long)number[1]);
}

/* A network of mode l2 knows no lengths: there an address keeps its own. */
static void ips_set(const struct cni_request *request, const json_t *given, json_t *parameters)
{
	json_t *list;
	const json_t *ip;
	size_t i;

	if (!given) {
		cni_strings_set(parameters, "ips", request->ips);
		return;
	}
	list = json_array();
	json_array_foreach(json_object_get(given, "ips"), i, ip) {
		const char *text = json_string_value(json_object_get(ip, "address"));

		json_array_append_new(list, json_stringn(text, str_eq(request->mode, "l2") ? strlen(text)
										     : strcspn(text, "/")));
	}
	json_object_set_new(parameters, "ips", list);
}

/* The whole id is kept here: the stack's name may bear a part of it. GC of CNI is to leave netavark's alone. */
static json_t *labels_make(const struct cni_request *request)
{
	const char *const rows[][2] = {
		{"containerId", request->container_id},
		{"network", request->name},
		{"ifname", request->ifname},
		{"netns", request->netns},
	};
	json_t *labels = request->labels ? json_copy(request->labels) : json_object();

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		cleanup(mem_freep) char *key = mem_printf("%s.%s", request->by_netavark ? "netavark" : "cni", rows[i][0]);

		json_object_set_new(labels, key, json_string(rows[i][1]));
	}
	json_object_update(labels, request->pod);
	return labels;
}

void cni_strings_set(json_t *parameters, const char *key, const char *const *list)
{
	json_t *array;

	if (!*list)
		return;
	array = json_array();
	for (; *list; list++)
		json_array_append_new(array, json_string(*list));
	json_object_set_new(parameters, key, array);
}
