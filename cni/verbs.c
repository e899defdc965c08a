/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verbs - ADD and DEL over the API. Floor F5. The namespace is opened here and passed as a
 * descriptor, so that what is attached is what the runtime named when it named it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "cni/cni.h"
#include "cni/verbs.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

static int network_get(const struct cni_request *request, struct varlink_client *client,
		       json_t **ret_network, struct err *err);
static int network_create(const struct cni_request *request, struct varlink_client *client,
			  json_t **ret_network, struct err *err);
static int network_compare(const struct cni_request *request, const json_t *network,
			   struct err *err);
static int attach(const struct cni_request *request, struct varlink_client *client, int netns,
		  json_t **ret_endpoint, struct err *err);
static json_t *labels_make(const struct cni_request *request);
static void strings_set(json_t *parameters, const char *key, const char *const *list);

int cni_add(const struct cni_request *request, json_t **ret_result, struct err *err)
{
	cleanup(varlink_closep) struct varlink_client *client = NULL;
	cleanup(json_freep) json_t *network = NULL, *endpoint = NULL;
	cleanup(fd_closep) int netns = -1;
	const json_t *has_route;
	int rc;

	rc = cni_netns_open(request, &netns, err);
	if (rc != CNI_OK)
		return rc;
	if (varlink_connect(request->socket, &client, err) < 0)
		return cni_code_of(err);
	rc = cni_journal_replay(request, client, err);
	if (rc == CNI_OK)
		rc = network_get(request, client, &network, err);
	if (rc == CNI_OK)
		rc = attach(request, client, netns, &endpoint, err);
	if (rc != CNI_OK)
		return rc;
	/* where it was not asked for, another interface of the stack may have it, which is as well */
	has_route = json_object_get(endpoint, "defaultRoute");
	rc = cni_result_add(request, endpoint, network,
			    request->default_route && !json_is_false(has_route), ret_result, err);
	if (rc != CNI_OK) { /* what the runtime is not told of may not stay */
		struct err ignored = ERR_INIT;

		cni_detach(client, request->tenant, request->stack, request->ifname, &ignored);
	}
	return rc;
}

int cni_del(const struct cni_request *request, struct err *err)
{
	cleanup(varlink_closep) struct varlink_client *client = NULL;
	int rc = CNI_OK;

	if (varlink_connect(request->socket, &client, err) < 0)
		rc = cni_code_of(err);
	if (rc == CNI_OK)
		rc = cni_journal_replay(request, client, err);
	if (rc == CNI_OK)
		rc = cni_detach(client, request->tenant, request->stack, request->ifname, err);
	return rc == CNI_TRY_AGAIN ? cni_journal_add(request, err) : rc;
}

int cni_detach(struct varlink_client *client, const char *tenant, const char *stack,
	       const char *ifname, struct err *err)
{
	cleanup(mem_freep) char *name = mem_printf("%s/%s:%s", tenant, stack, ifname);
	int rc;

	rc = varlink_call(client, "io.moat.EndpointDetach", json_pack("{s:s}", "name", name),
			  NULL, 0, NULL, NULL, NULL, err);
	if (rc < 0 && err->kind != ERR_NOTFOUND)
		return cni_code_of(err);
	*err = ERR_INIT;
	return CNI_OK;
}

/* Ours is the host's. */
int cni_netns_open(const struct cni_request *request, int *ret_fd, struct err *err)
{
	cleanup(fd_closep) int fd =
		open(request->netns, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat theirs, ours;

	if (fd < 0 || fstat(fd, &theirs) < 0 || stat("/proc/self/ns/net", &ours) < 0) {
		err_sys(err, ERR_USAGE, errno, request->netns, "cannot open CNI_NETNS");
		return CNI_NETNS;
	}
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		err_set(err, ERR_USAGE, EINVAL, request->netns,
			"CNI_NETNS is no network namespace");
		return CNI_NETNS;
	}
	if (theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino &&
	    !request->netns_may_be_ours) {
		err_set(err, ERR_USAGE, EINVAL, request->netns,
			"CNI_NETNS is the plugin's own namespace, and there is no "
			"CNI_NETNS_OVERRIDE");
		return CNI_NETNS;
	}
	*ret_fd = fd;
	fd = -1;
	return CNI_OK;
}

/* The network, made when it is not there. */
static int network_get(const struct cni_request *request, struct varlink_client *client,
		       json_t **ret_network, struct err *err)
{
	cleanup(mem_freep) char *name = mem_printf("%s/%s", request->tenant, request->network);
	int rc;

	rc = cni_call(client, "io.moat.NetworkShow", json_pack("{s:s}", "name", name), "network",
		  ret_network, err);
	if (rc == CNI_OK)
		return network_compare(request, *ret_network, err);
	if (err->kind != ERR_NOTFOUND)
		return rc;
	/* one that came first with the same is as good as ours */
	rc = cni_call(client, "io.moat.TenantCreate", json_pack("{s:s}", "name", request->tenant),
		  "tenant", NULL, err);
	if (rc != CNI_OK && err->kind != ERR_TAKEN)
		return rc;
	rc = network_create(request, client, ret_network, err);
	if (rc == CNI_OK || err->kind != ERR_TAKEN)
		return rc;
	rc = cni_call(client, "io.moat.NetworkShow", json_pack("{s:s}", "name", name), "network",
		  ret_network, err);
	return rc == CNI_OK ? network_compare(request, *ret_network, err) : rc;
}

static int network_create(const struct cni_request *request, struct varlink_client *client,
			  json_t **ret_network, struct err *err)
{
	cleanup(mem_freep) char *name = mem_printf("%s/%s", request->tenant, request->network);
	json_t *parameters = json_pack("{s:s}", "name", name);

	strings_set(parameters, "subnets", request->subnets);
	strings_set(parameters, "gateways", request->gateways);
	if (request->mode)
		json_object_set_new(parameters, "mode", json_string(request->mode));
	if (request->mtu)
		json_object_set_new(parameters, "mtu", json_integer(request->mtu));
	if (request->masquerade >= 0)
		json_object_set_new(parameters, "masquerade",
				    json_boolean(request->masquerade));
	if (request->host_access == 1)
		json_object_set_new(parameters, "hostAccess", json_true());
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

static int attach(const struct cni_request *request, struct varlink_client *client, int netns,
		  json_t **ret_endpoint, struct err *err)
{
	cleanup(mem_freep) char *network =
		mem_printf("%s/%s", request->tenant, request->network);
	cleanup(mem_freep) char *stack = mem_printf("%s/%s", request->tenant, request->stack);
	cleanup(json_freep) json_t *reply = NULL;
	json_t *parameters, *endpoint;

	parameters = json_pack("{s:s, s:s, s:i, s:s, s:o}", "network", network, "name", stack,
			       "netnsFd", 0, "ifname", request->ifname, "labels",
			       labels_make(request));
	if (!request->default_route || request->default_route_asked)
		json_object_set_new(parameters, "defaultRoute",
				    json_boolean(request->default_route));
	strings_set(parameters, "ips", request->ips);
	strings_set(parameters, "publish", request->publish);
	if (request->mac)
		json_object_set_new(parameters, "mac", json_string(request->mac));
	if (request->mtu)
		json_object_set_new(parameters, "mtu", json_integer(request->mtu));
	if (varlink_call(client, "io.moat.EndpointAttach", parameters, &netns, 1, &reply, NULL,
			 NULL, err) < 0)
		return cni_code_of(err);
	endpoint = json_object_get(reply, "endpoint");
	if (!json_is_object(endpoint)) {
		err_set(err, ERR_INTERNAL, EPROTO, stack,
			"the daemon answered without an endpoint");
		return CNI_INTERNAL;
	}
	*ret_endpoint = json_incref(endpoint);
	return CNI_OK;
}

/* The whole id is kept here: the stack's name may bear a part of it. */
static json_t *labels_make(const struct cni_request *request)
{
	json_t *labels = json_pack("{s:s, s:s, s:s, s:s}", "cni.containerId",
				   request->container_id, "cni.network", request->name,
				   "cni.ifname", request->ifname, "cni.netns", request->netns);

	json_object_update(labels, request->pod);
	return labels;
}

static void strings_set(json_t *parameters, const char *key, const char *const *list)
{
	json_t *array;

	if (!*list)
		return;
	array = json_array();
	for (; *list; list++)
		json_array_append_new(array, json_string(*list));
	json_object_set_new(parameters, key, array);
}

int cni_call(struct varlink_client *client, const char *method, json_t *parameters,
	     const char *member, json_t **ret_member, struct err *err)
{
	cleanup(json_freep) json_t *reply = NULL;
	json_t *object;

	if (varlink_call(client, method, parameters, NULL, 0, &reply, NULL, NULL, err) < 0)
		return cni_code_of(err);
	object = json_object_get(reply, member);
	if (!json_is_object(object) && !json_is_array(object)) {
		err_set(err, ERR_INTERNAL, EPROTO, method, "the daemon answered without \"%s\"",
			member);
		return CNI_INTERNAL;
	}
	if (ret_member)
		*ret_member = json_incref(object);
	return CNI_OK;
}
