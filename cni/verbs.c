/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verbs - ADD and DEL over the API. Floor F5. The namespace is opened here and passed as a
 * descriptor, so that what is attached is what the runtime named when it named it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cni/conf.h"
#include "cni/verbs.h"
#include "lib/base/addr.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

enum { ATTACH_TRIES = 4, ADDRESS_TRIES = 50, REQUEST_ID_SIZE = 40 };
static const struct timespec moment = {0, 100 * 1000 * 1000}; /* between two of them */

static int add(const struct cni_request *request, struct varlink_client **client, int netns, const json_t *given,
	       json_t **ret_result, struct err *err);
static int complete(const struct cni_request *request, int netns, const json_t *endpoint, const json_t *network,
		    json_t **ret_result, struct err *err);
static int detach_call(const struct cni_request *request, struct err *err);
static int add_leased(struct cni_request *request, struct varlink_client **client, int netns, struct arena *arena,
		      json_t **ret_result, struct err *err);
static int addresses_set(const struct cni_request *request, const json_t *given, struct varlink_client *client, int netns,
			 json_t **ret_endpoint, struct err *err);
static int fresh_check(const struct cni_request *request, struct varlink_client *client, struct err *err);
static int given_check(struct cni_request *request, const json_t *given, struct arena *arena, struct err *err);
static json_t *given_subnets(const json_t *given, const char *key);
static int network_get(const struct cni_request *request, const json_t *given, struct varlink_client *client,
		       json_t **ret_network, struct err *err);
static int network_create(const struct cni_request *request, const json_t *given, struct varlink_client *client,
			  json_t **ret_network, struct err *err);
static int network_compare(const struct cni_request *request, const json_t *network,
			   struct err *err);
static int network_widen(const struct cni_request *request, const json_t *given, struct varlink_client *client,
			 json_t **network, struct err *err);
static int attach(const struct cni_request *request, const json_t *given, struct varlink_client **client, int netns,
		  json_t **ret_endpoint, struct err *err);
static int attach_call(const struct cni_request *request, struct varlink_client **client, json_t *parameters, int netns,
		       json_t **ret_reply, struct err *err);
static void request_id_make(char dst[REQUEST_ID_SIZE]);
static void ips_set(const struct cni_request *request, const json_t *given, json_t *parameters);
static json_t *labels_make(const struct cni_request *request);
static void strings_set(json_t *parameters, const char *key, const char *const *list);

int cni_add(struct cni_request *request, json_t **ret_result, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(varlink_closep) struct varlink_client *client = NULL;
	cleanup(json_freep) json_t *given = NULL;
	cleanup(fd_closep) int netns = -1;
	int rc;

	rc = cni_netns_open(request, &netns, err);
	if (rc != CNI_OK)
		return rc;
	if (varlink_connect(request->socket, &client, err) < 0)
		return cni_code_of(err);
	rc = cni_journal_replay(request, client, err);
	if (rc == CNI_OK && request->leased)
		return add_leased(request, &client, netns, arena, ret_result, err);
	if (rc == CNI_OK && request->delegate)
		rc = fresh_check(request, client, err);
	if (rc == CNI_OK)
		rc = cni_delegate(request, CNI_VERB_ADD, NULL, NULL, &given, err);
	if (rc != CNI_OK)
		return rc;
	rc = request->delegate ? given_check(request, given, arena, err) : CNI_OK;
	if (rc == CNI_OK)
		rc = add(request, &client, netns, given, ret_result, err);
	if (rc != CNI_OK && request->delegate) { /* what it gave is given back, and its opinion of that is not ours */
		struct err ignored = ERR_INIT;

		(void)cni_delegate(request, CNI_VERB_DEL, NULL, NULL, NULL, &ignored);
	}
	return rc;
}

/* Before a delegate is asked for addresses: what is attached already has some, and giving "them" back would free those. */
static int fresh_check(const struct cni_request *request, struct varlink_client *client, struct err *err)
{
	cleanup(mem_freep) char *name = mem_printf("%s/%s:%s", request->tenant, request->stack, request->ifname);
	int rc = cni_call(client, "io.moat.EndpointShow", json_pack("{s:s}", "name", name), "endpoint", NULL, err);

	if (rc == CNI_OK) {
		err_set(err, ERR_TAKEN, EEXIST, name, "this container and interface is attached already");
		return CNI_TAKEN;
	}
	if (err->kind != ERR_NOTFOUND)
		return rc;
	*err = ERR_INIT;
	return CNI_OK;
}

/* What is there when this fails is as it was before. @given: the delegate's result, or NULL. */
static int add(const struct cni_request *request, struct varlink_client **client, int netns, const json_t *given,
	       json_t **ret_result, struct err *err)
{
	cleanup(json_freep) json_t *network = NULL, *endpoint = NULL;
	int rc;

	rc = network_get(request, given, *client, &network, err);
	if (rc == CNI_OK)
		rc = attach(request, given, client, netns, &endpoint, err);
	if (rc != CNI_OK)
		return rc;
	rc = complete(request, netns, endpoint, network, ret_result, err);
	if (rc != CNI_OK) { /* what the runtime is not told of may not stay */
		struct err ignored = ERR_INIT;

		cni_detach(*client, request->tenant, request->stack, request->ifname, &ignored);
	}
	return rc;
}

static int complete(const struct cni_request *request, int netns, const json_t *endpoint, const json_t *network,
		    json_t **ret_result, struct err *err)
{
	/* where it was not asked for, another interface of the stack may have it, which is as well */
	const json_t *has_route = json_object_get(endpoint, "defaultRoute");
	int rc = cni_tune(request, netns, err);

	return rc == CNI_OK ? cni_result_add(request, endpoint, network, request->default_route && !json_is_false(has_route), ret_result, err)
			    : rc;
}

/*
 * The interface stands first, up and without addresses, so that there is something to ask by; then the delegate is asked, and
 * what it gave is set. A second ADD fails at the first of these, before anything is asked for.
 */
static int add_leased(struct cni_request *request, struct varlink_client **client, int netns, struct arena *arena,
		      json_t **ret_result, struct err *err)
{
	cleanup(json_freep) json_t *network = NULL, *bare = NULL, *endpoint = NULL, *given = NULL;
	int rc;

	rc = network_get(request, NULL, *client, &network, err);
	if (rc == CNI_OK && !str_eq(json_string_value(json_object_get(network, "mode")), "l2")) {
		err_set(err, ERR_CONFLICT, EEXIST, request->network, "the network exists, and its mode is not l2, which ipam of type dhcp needs");
		rc = CNI_CONFIG;
	}
	if (rc == CNI_OK)
		rc = attach(request, NULL, client, netns, &bare, err);
	if (rc != CNI_OK)
		return rc;
	rc = cni_delegate(request, CNI_VERB_ADD, NULL, NULL, &given, err);
	if (rc == CNI_OK)
		rc = given_check(request, given, arena, err);
	if (rc == CNI_OK)
		rc = addresses_set(request, given, *client, netns, &endpoint, err);
	if (rc == CNI_OK)
		rc = complete(request, netns, endpoint, network, ret_result, err);
	if (rc != CNI_OK) { /* by a connection of its own: the daemon may have been started anew meanwhile */
		struct err ignored = ERR_INIT;

		(void)cni_del(request, &ignored);
	}
	request->given = NULL;
	return rc;
}

/*
 * The address may be that of an endpoint which has given it back and is about to go: DEL of a lease is in that order. So it is
 * tried for a while.
 */
static int addresses_set(const struct cni_request *request, const json_t *given, struct varlink_client *client, int netns,
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
		nanosleep(&moment, NULL);
	}
	return cni_code_of(err);
}

/*
 * The delegate's addresses are released whatever became of ours: an endpoint that stands yet, for the daemon is away,
 * keeps others from attaching with them until the journal has been carried out. A lease is given back by the interface that it
 * is for, so before that goes.
 */
int cni_del(const struct cni_request *request, struct err *err)
{
	struct err later = ERR_INIT;
	int rc, released = CNI_OK;

	if (request->leased)
		released = cni_delegate(request, CNI_VERB_DEL, NULL, NULL, NULL, &later);
	rc = detach_call(request, err);
	if (rc == CNI_TRY_AGAIN)
		rc = cni_journal_add(request, err);
	if (!request->leased)
		released = cni_delegate(request, CNI_VERB_DEL, NULL, NULL, NULL, &later);
	if (rc == CNI_OK && released != CNI_OK)
		*err = later;
	return rc != CNI_OK ? rc : released;
}

/*
 * Whom it is cut off from in the middle it asks again, since nothing is harmed by that: the journal is for a daemon that is not
 * there, and one that is does not look into it by itself.
 */
static int detach_call(const struct cni_request *request, struct err *err)
{
	int rc = CNI_TRY_AGAIN;

	for (int left = ATTACH_TRIES; rc == CNI_TRY_AGAIN && left > 0; left--) {
		cleanup(varlink_closep) struct varlink_client *client = NULL;

		if (left < ATTACH_TRIES)
			nanosleep(&moment, NULL);
		*err = ERR_INIT;
		if (varlink_connect(request->socket, &client, err) < 0)
			return cni_code_of(err);
		rc = cni_journal_replay(request, client, err);
		if (rc == CNI_OK)
			rc = cni_detach(client, request->tenant, request->stack, request->ifname, err);
	}
	return rc;
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

/* The network, made when it is not there, and with the subnets of what the delegate gave. */
static int network_get(const struct cni_request *request, const json_t *given, struct varlink_client *client,
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

	strings_set(parameters, "subnets", request->subnets);
	strings_set(parameters, "gateways", request->gateways);
	strings_set(parameters, "exclude", request->excluded);
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

/* What a delegate gives: addresses, and routes. */
static int given_check(struct cni_request *request, const json_t *given, struct arena *arena, struct err *err)
{
	int rc;

	request->given = given;
	if (json_array_size(json_object_get(given, "ips")) == 0) {
		err_set(err, ERR_USAGE, EINVAL, "ipam", "the plugin of ipam.type gave no address");
		return CNI_CONFIG;
	}
	rc = cni_routes_given(request, given, arena, err);
	if (rc != CNI_OK)
		err_wrap(err, "the result of plugin %s", request->ipam_type);
	return rc;
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

/* A network of mode l2 knows no lengths: there an address keeps its own. */
static void ips_set(const struct cni_request *request, const json_t *given, json_t *parameters)
{
	json_t *list;
	const json_t *ip;
	size_t i;

	if (!given) {
		strings_set(parameters, "ips", request->ips);
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

static int attach(const struct cni_request *request, const json_t *given, struct varlink_client **client, int netns,
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
	strings_set(parameters, "publish", request->publish);
	strings_set(parameters, "aliases", request->aliases);
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
	for (int left = ATTACH_TRIES; left > 0; left--) {
		if (*client && varlink_call(*client, "io.moat.EndpointAttach", json_incref(parameters), &netns, 1, ret_reply,
					    NULL, NULL, err) == 0) {
			*err = ERR_INIT;
			return CNI_OK;
		}
		if (err->kind != ERR_UNAVAILABLE)
			break;
		varlink_closep(client);
		*client = NULL;
		if (left > 1) {
			nanosleep(&moment, NULL);
			(void)varlink_connect(request->socket, client, err);
		}
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

/* The whole id is kept here: the stack's name may bear a part of it. GC of CNI is to leave netavark's alone. */
static json_t *labels_make(const struct cni_request *request)
{
	const char *const rows[][2] = {
		{"containerId", request->container_id},
		{"network", request->name},
		{"ifname", request->ifname},
		{"netns", request->netns},
	};
	json_t *labels = json_object();

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		cleanup(mem_freep) char *key = mem_printf("%s.%s", request->by_netavark ? "netavark" : "cni", rows[i][0]);

		json_object_set_new(labels, key, json_string(rows[i][1]));
	}
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
