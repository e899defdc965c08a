/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gc - GC: detach what the runtime no longer knows of. Floor F5.
 *
 * Of this configuration's name alone, and only what this plugin attached: the endpoints of the tenant whose labels say so.
 * One that cannot be detached does not keep the others; the failures are told together. The delegate is asked to sweep for itself
 * whatever became of ours.
 */
#include <errno.h>

#include "cni/cni.h"
#include "cni/verbs.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

static int sweep_own(const struct cni_request *request, struct err *err);
static int sweep(const struct cni_request *request, struct varlink_client *client, const json_t *endpoints,
		 struct err *err);
static bool is_stale(const struct cni_request *request, const json_t *endpoint);
static bool is_valid(const json_t *attachments, const char *container, const char *ifname);
static int detach(struct varlink_client *client, const char *name, struct err *err);
static int release(const struct cni_request *request, const json_t *labels, struct err *err);

int cni_gc(const struct cni_request *request, struct err *err)
{
	struct err later = ERR_INIT;
	int rc, theirs;

	if (!request->attachments_given)
		return CNI_OK;
	rc = sweep_own(request, err);
	theirs = cni_delegate(request, CNI_VERB_GC, NULL, NULL, NULL, &later);
	if (rc != CNI_OK || theirs == CNI_OK)
		return rc;
	*err = later;
	return theirs;
}

static int sweep_own(const struct cni_request *request, struct err *err)
{
	cleanup(varlink_closep) struct varlink_client *client = NULL;
	cleanup(json_freep) json_t *endpoints = NULL;
	int rc;

	if (cni_connect(request, &client, err) < 0)
		return cni_code_of(err);
	rc = cni_journal_replay(request, client, err);
	if (rc == CNI_OK)
		rc = cni_call(client, "io.moat.EndpointList", json_pack("{s:s}", "tenant", request->tenant), "endpoints",
			      &endpoints, err);
	if (rc != CNI_OK && err->kind == ERR_NOTFOUND) { /* no tenant, no attachments */
		*err = ERR_INIT;
		return CNI_OK;
	}
	return rc == CNI_OK ? sweep(request, client, endpoints, err) : rc;
}

static int sweep(const struct cni_request *request, struct varlink_client *client, const json_t *endpoints,
		 struct err *err)
{
	struct err first = ERR_INIT;
	size_t failures = 0, i;
	const json_t *endpoint;
	int rc = CNI_OK;

	json_array_foreach(endpoints, i, endpoint) {
		struct err own = ERR_INIT;
		int code;

		if (!is_stale(request, endpoint))
			continue;
		code = request->leased ? release(request, json_object_get(endpoint, "labels"), &own) : CNI_OK;
		if (code == CNI_OK)
			code = detach(client, json_string_value(json_object_get(endpoint, "name")), &own);
		if (code == CNI_OK && !request->leased)
			code = release(request, json_object_get(endpoint, "labels"), &own);
		if (code == CNI_OK)
			continue;
		if (failures++ == 0) {
			rc = code;
			first = own;
		}
	}
	if (failures > 0)
		*err = first;
	if (failures > 1)
		err_wrap(err, "%zu attachments could not be removed; the first", failures);
	return rc;
}

static bool is_stale(const struct cni_request *request, const json_t *endpoint)
{
	const json_t *labels = json_object_get(endpoint, "labels");
	const char *container = json_string_value(json_object_get(labels, "cni.containerId"));
	const char *ifname = json_string_value(json_object_get(labels, "cni.ifname"));

	return container && ifname && str_eq(json_string_value(json_object_get(labels, "cni.network")), request->name) &&
	       !is_valid(request->attachments, container, ifname);
}

static bool is_valid(const json_t *attachments, const char *container, const char *ifname)
{
	const json_t *item;
	size_t i;

	json_array_foreach(attachments, i, item)
		if (str_eq(json_string_value(json_object_get(item, "containerID")), container) &&
		    str_eq(json_string_value(json_object_get(item, "ifname")), ifname))
			return true;
	return false;
}

static int detach(struct varlink_client *client, const char *name, struct err *err)
{
	int r = varlink_call(client, "io.moat.EndpointDetach", json_pack("{s:s}", "name", name ? name : ""), NULL, 0, NULL,
			     NULL, NULL, err);

	return r < 0 && err->kind != ERR_NOTFOUND ? cni_code_of(err) : CNI_OK;
}

static int release(const struct cni_request *request, const json_t *labels, struct err *err)
{
	return cni_delegate(request, CNI_VERB_DEL, json_string_value(json_object_get(labels, "cni.containerId")),
			    json_string_value(json_object_get(labels, "cni.ifname")), NULL, err);
}
