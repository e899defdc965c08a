/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verbs - ADD and DEL over the API. Floor F5. The namespace is opened here and passed as a
 * descriptor, so that what is attached is what the runtime named when it named it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cni/conf.h"
#include "cni/verbs.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

static int add(const struct cni_request *request, struct varlink_client **client, int netns, const json_t *given,
	       json_t **ret_result, struct err *err);
static int complete(const struct cni_request *request, int netns, const json_t *endpoint, const json_t *network,
		    json_t **ret_result, struct err *err);
static int detach_call(const struct cni_request *request, struct err *err);
static int add_leased(struct cni_request *request, struct varlink_client **client, int netns, struct arena *arena,
		      json_t **ret_result, struct err *err);
static int fresh_check(const struct cni_request *request, struct varlink_client *client, struct err *err);
static int given_check(struct cni_request *request, const json_t *given, struct arena *arena, struct err *err);

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
	if (cni_connect(request, &client, err) < 0)
		return cni_code_of(err);
	rc = cni_journal_replay(request, client, err);
	if (rc == CNI_OK && request->leased)
		return add_leased(request, &client, netns, arena, ret_result, err);
	if (rc == CNI_OK && request->delegate)
		rc = fresh_check(request, client, err);
	if (rc != CNI_OK)
		return rc;
	rc = cni_delegate(request, CNI_VERB_ADD, NULL, NULL, &given, err);
	if (rc == CNI_OK && request->delegate)
		rc = given_check(request, given, arena, err);
	if (rc == CNI_OK)
		rc = add(request, &client, netns, given, ret_result, err);
	/* what it gave is given back, also where it said that it gave nothing; its opinion of that is not ours */
	if (rc != CNI_OK && request->delegate) {
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

	rc = cni_network_get(request, given, *client, &network, err);
	if (rc == CNI_OK)
		rc = cni_attach(request, given, client, netns, &endpoint, err);
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

	rc = cni_network_get(request, NULL, *client, &network, err);
	if (rc == CNI_OK && !str_eq(json_string_value(json_object_get(network, "mode")), "l2")) {
		err_set(err, ERR_CONFLICT, EEXIST, request->network, "the network exists, and its mode is not l2, which ipam of type dhcp needs");
		rc = CNI_CONFIG;
	}
	if (rc == CNI_OK)
		rc = cni_attach(request, NULL, client, netns, &bare, err);
	if (rc != CNI_OK)
		return rc;
	rc = cni_delegate(request, CNI_VERB_ADD, NULL, NULL, &given, err);
	if (rc == CNI_OK)
		rc = given_check(request, given, arena, err);
	if (rc == CNI_OK)
		rc = cni_addresses_set(request, given, *client, netns, &endpoint, err);
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

	for (int left = CNI_TRIES; rc == CNI_TRY_AGAIN && left > 0; left--) {
		cleanup(varlink_closep) struct varlink_client *client = NULL;

		if (left < CNI_TRIES)
			cni_moment_wait();
		*err = ERR_INIT;
		if (cni_connect(request, &client, err) < 0)
			return cni_code_of(err);
		rc = cni_journal_replay(request, client, err);
		if (rc == CNI_OK)
			rc = cni_detach(client, request->tenant, request->stack, request->ifname, err);
		if (err->no == ETIMEDOUT)
			break;
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

int cni_connect(const struct cni_request *request, struct varlink_client **ret_client, struct err *err)
{
	const bool status = request->verb == CNI_VERB_STATUS;
	const struct varlink_patience patience = {
		.unread_ms = (status ? CNI_STATUS_S : CNI_UNREAD_S) * UINT64_C(1000),
		.answer_ms = (status ? CNI_STATUS_S : CNI_ANSWER_S) * UINT64_C(1000),
	};
	int rc = varlink_connect(request->socket, ret_client, err);

	if (rc == 0)
		varlink_patience_set(*ret_client, &patience);
	return rc;
}

void cni_moment_wait(void)
{
	static const struct timespec moment = {0, 100 * 1000 * 1000};

	nanosleep(&moment, NULL);
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
