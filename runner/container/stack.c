// SPDX-License-Identifier: GPL-2.0-or-later
/* stack - the runner's calls of io.moat. Floor F4. */
#include "runner/container/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/varlink/varlink.h"
#include "runner/process/sync.h"

enum { STACK_ID_SIZE = 13 }; /* 12 hex digits, as the daemon's plans have them */

/**
 * struct daemon - whom a stack is asked of
 * @client: the connection; NULL: lost; @request: whose requests they are
 * @open: nobody has said what came of one of them; @begun: the next one is sent
 */
struct daemon {
	const char *socket, *request;
	struct varlink_client *client;
	bool open, begun;
};

static int make_call(struct daemon *daemon, const char *method, size_t index, json_t *parameters, const int *netns,
		     json_t **ret_reply, struct err *err);
static void request_set(json_t *parameters, const char *request, size_t index);
static int netns_lend(int *ret_fd, struct err *err);
static int plan_call(struct varlink_client *client, const char *method, json_t *parameters, int netns, char id[STACK_ID_SIZE],
		     json_t *plan, struct err *err);
static void line_add(json_t *plan, char id[STACK_ID_SIZE], const char *text);
static json_t *create_parameters(const struct spec *spec);
static json_t *attach_parameters(const struct spec *spec, size_t index);
static json_t *strings(const char *const *strv);
static json_t *routes(const char *const *texts, bool *ret_out);
static void hosts_lines(const json_t *reply, const char *hostname, struct buf *hosts);
static void server_lines(const json_t *reply, struct buf *hosts);
static char *full_name(const struct name *name);
static int taken_fd(const json_t *reply, const char *key, const int *fds, size_t count);

struct varlink_client *stack_attach_begin(const char *socket, const struct spec *spec, int netns, const char *request)
{
	const bool alone = spec->network_count == 0;
	struct varlink_client *client = NULL;
	json_t *parameters;

	if (varlink_connect(socket, &client, NULL) < 0)
		return NULL;
	parameters = alone ? create_parameters(spec) : attach_parameters(spec, 0);
	request_set(parameters, request, 0);
	if (varlink_call_begin(client, alone ? "io.moat.StackCreate" : "io.moat.EndpointAttach", parameters, &netns, 1, NULL) == 0)
		return client;
	varlink_close(client);
	return NULL;
}

int stack_attach(const char *socket, const struct spec *spec, int netns, const char *request, struct varlink_client *begun,
		 bool *ret_open, struct buf *hosts, struct err *err)
{
	struct daemon daemon = {.socket = socket, .request = request, .client = begun, .begun = begun};
	int rc = begun ? 0 : varlink_connect(socket, &daemon.client, err);

	*ret_open = false;
	if (rc == 0 && spec->network_count == 0)
		rc = make_call(&daemon, "io.moat.StackCreate", 0, create_parameters(spec), &netns, NULL, err);
	for (size_t i = 0; rc == 0 && i < spec->network_count; i++) {
		cleanup(json_freep) json_t *reply = NULL;

		/* The namespace goes with the first; the others find the stack by its name. */
		rc = make_call(&daemon, "io.moat.EndpointAttach", i, attach_parameters(spec, i),
			       i == 0 ? &netns : NULL, &reply, err);
		if (rc < 0 && i > 0 && stack_delete(socket, &spec->name, request, NULL) < 0)
			daemon.open = true;
		if (rc < 0)
			break;
		server_lines(reply, hosts);
		hosts_lines(reply, spec->hostname, hosts);
	}
	*ret_open = rc < 0 && daemon.open;
	varlink_close(daemon.client);
	return rc;
}

int stack_plan(const char *socket, const struct spec *spec, json_t *plan, struct err *err)
{
	cleanup(varlink_closep) struct varlink_client *client = NULL;
	int netns = -1, rc = varlink_connect(socket, &client, err);
	char id[STACK_ID_SIZE] = "";

	if (rc == 0)
		rc = netns_lend(&netns, err);
	if (rc == 0 && spec->network_count == 0)
		rc = plan_call(client, "io.moat.StackCreate", create_parameters(spec), netns, id, plan, err);
	for (size_t i = 0; rc == 0 && i < spec->network_count; i++) {
		json_t *parameters = attach_parameters(spec, i);

		/* There is no stack yet that the later ones could find by its name. */
		json_object_set_new(parameters, "netnsFd", json_integer(0));
		json_object_set_new(parameters, "container", json_true());
		rc = plan_call(client, "io.moat.EndpointAttach", parameters, netns, id, plan, err);
	}
	if (netns >= 0)
		fd_close(netns);
	return rc;
}

int stack_delete_plan(const char *socket, const struct name *name, json_t *plan, struct err *err)
{
	cleanup(varlink_closep) struct varlink_client *client = NULL;
	cleanup(mem_freep) char *full = full_name(name);
	char id[STACK_ID_SIZE] = "";
	int rc = varlink_connect(socket, &client, err);

	return rc < 0 ? rc : plan_call(client, "io.moat.StackDelete", json_pack("{s:s}", "name", full), -1, id, plan, err);
}

int stack_open(const char *socket, const struct name *name, int *ret_netns, int *ret_userns,
	       struct err *err)
{
	cleanup(varlink_closep) struct varlink_client *client = NULL;
	cleanup(mem_freep) char *full = full_name(name);
	cleanup(json_freep) json_t *reply = NULL;
	int fds[FDIO_FDS_MAX], netns, userns;
	size_t count = 0;
	int rc = varlink_connect(socket, &client, err);

	if (rc == 0)
		rc = varlink_call(client, "io.moat.StackOpen", json_pack("{s:s}", "name", full),
				  NULL, 0, &reply, fds, &count, err);
	if (rc < 0)
		return rc;
	netns = taken_fd(reply, "netnsFd", fds, count);
	userns = taken_fd(reply, "usernsFd", fds, count);
	for (size_t i = 0; i < count; i++)
		if (netns < 0 || userns < 0 || (fds[i] != netns && fds[i] != userns))
			fd_close(fds[i]);
	if (netns < 0 || userns < 0)
		return err_set(err, ERR_CONFLICT, ENOTSUP, full,
			       "the stack has no user namespace of its own to join");
	*ret_netns = netns;
	*ret_userns = userns;
	return 0;
}

void stack_servers(const char *socket, const struct name *name, struct buf *hosts)
{
	cleanup(varlink_closep) struct varlink_client *client = NULL;
	cleanup(mem_freep) char *full = full_name(name);
	cleanup(json_freep) json_t *reply = NULL;
	const json_t *endpoints;

	if (varlink_connect(socket, &client, NULL) < 0 ||
	    varlink_call(client, "io.moat.StackShow", json_pack("{s:s}", "name", full), NULL, 0, &reply,
			 NULL, NULL, NULL) < 0)
		return;
	endpoints = json_object_get(json_object_get(reply, "stack"), "endpoints");
	for (size_t i = 0; i < json_array_size(endpoints); i++) {
		cleanup(json_freep) json_t *one = NULL;

		if (varlink_call(client, "io.moat.EndpointShow",
				 json_pack("{s:O}", "name", json_array_get(endpoints, i)), NULL, 0, &one,
				 NULL, NULL, NULL) == 0)
			server_lines(one, hosts);
	}
}

int stack_delete(const char *socket, const struct name *name, const char *request, struct err *err)
{
	cleanup(varlink_closep) struct varlink_client *client = NULL;
	cleanup(mem_freep) char *full = full_name(name);
	int rc = varlink_connect(socket, &client, err);

	if (rc < 0)
		return rc;
	return varlink_call(client, "io.moat.StackDelete", json_pack("{s:s, s:s*}", "name", full, "requestId", request),
			    NULL, 0, NULL, NULL, NULL, err);
}

struct varlink_client *stack_delete_begin(const char *socket, const struct name *name)
{
	struct varlink_client *client = NULL;
	cleanup(mem_freep) char *full = full_name(name);

	if (varlink_connect(socket, &client, NULL) < 0)
		return NULL;
	if (varlink_call_begin(client, "io.moat.StackDelete", json_pack("{s:s}", "name", full), NULL, 0, NULL) < 0) {
		varlink_close(client);
		return NULL;
	}
	return client;
}

int stack_delete_end(struct varlink_client *client, struct err *err)
{
	int rc = varlink_call_end(client, NULL, err);

	varlink_close(client);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

/* A child makes it, so that we stay where we are. It is the kind a container has: with a user namespace of its own. */
static int netns_lend(int *ret_fd, struct err *err)
{
	struct sync_msg msg = {.kind = SYNC_DONE};
	int ends[2], rc = sync_pair(ends);
	pid_t pid;

	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, NULL, "socketpair");
	pid = fork();
	if (pid == 0) {
		int fd = unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 ? -1 : open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

		if (fd < 0) {
			msg.kind = SYNC_FAILED;
			(void)err_sys(&msg.err, ERR_KERNEL, errno, NULL, "a network namespace to ask with");
		}
		(void)sync_send(ends[1], &msg, fd);
		_exit(0);
	}
	rc = pid < 0 ? err_sys(err, ERR_KERNEL, errno, NULL, "fork") : 0;
	fd_close(ends[1]);
	if (rc == 0 && sync_recv(ends[0], &msg, ret_fd) <= 0)
		rc = err_set(err, ERR_INTERNAL, EPIPE, NULL, "no network namespace to ask with");
	if (rc == 0 && msg.kind == SYNC_FAILED) {
		*err = msg.err;
		rc = -err->no;
	}
	fd_close(ends[0]);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	return rc;
}

/* @parameters: stolen */
static int plan_call(struct varlink_client *client, const char *method, json_t *parameters, int netns, char id[STACK_ID_SIZE],
		     json_t *plan, struct err *err)
{
	cleanup(json_freep) json_t *reply = NULL;
	const json_t *lines;
	int rc;

	json_object_set_new(parameters, "dryRun", json_true());
	rc = varlink_call(client, method, parameters, &netns, netns < 0 ? 0 : 1, &reply, NULL, NULL, err);
	lines = json_object_get(reply, "plan");
	for (size_t i = 0; rc == 0 && i < json_array_size(lines); i++)
		line_add(plan, id, json_string_value(json_array_get(lines, i)));
	return rc;
}

/* Of each dry run the stack's number is another; that of the first stands for it in @id, and so do the lines that are the same. */
static void line_add(json_t *plan, char id[STACK_ID_SIZE], const char *text)
{
	static const char word[] = "container:";
	cleanup(mem_freep) char *line = mem_strdup(text ? text : "");
	char *at = strstr(line, word);

	if (at && strlen(at + strlen(word)) >= STACK_ID_SIZE - 1) {
		at += strlen(word);
		if (!id[0])
			memcpy(id, at, STACK_ID_SIZE - 1);
		memcpy(at, id, STACK_ID_SIZE - 1);
	}
	for (size_t i = 0; i < json_array_size(plan); i++)
		if (str_eq(json_string_value(json_array_get(plan, i)), line))
			return;
	json_array_append_new(plan, json_string(line));
}

/*
 * An answer that is lost leaves it open whether the stack or endpoint stands now, and whose the name was before: the same
 * request on another connection gives the same answer and changes nothing. @index: of the endpoint, the first's request is
 * the stack's; @parameters: stolen.
 */
static int make_call(struct daemon *daemon, const char *method, size_t index, json_t *parameters, const int *netns,
		     json_t **ret_reply, struct err *err)
{
	cleanup(json_freep) json_t *kept = parameters;
	struct err lost = ERR_INIT;
	int rc;

	request_set(kept, daemon->request, index);
	rc = daemon->begun ? varlink_call_end(daemon->client, ret_reply, &lost)
			   : varlink_call(daemon->client, method, json_incref(kept), netns, netns ? 1 : 0, ret_reply, NULL,
					  NULL, &lost);
	daemon->begun = false;
	if (rc < 0 && lost.kind != ERR_UNAVAILABLE && err)
		*err = lost;
	if (rc == 0 || lost.kind != ERR_UNAVAILABLE)
		return rc;
	varlink_close(daemon->client);
	daemon->client = NULL;
	daemon->open = true;
	rc = varlink_connect(daemon->socket, &daemon->client, err);
	if (rc == 0)
		rc = varlink_call(daemon->client, method, json_incref(kept), netns, netns ? 1 : 0, ret_reply, NULL, NULL,
				  err);
	if (rc == 0 || (err && err->kind != ERR_UNAVAILABLE))
		daemon->open = false;
	return rc;
}

static void request_set(json_t *parameters, const char *request, size_t index)
{
	json_object_set_new(parameters, "requestId", index ? json_sprintf("%s-%zu", request, index) : json_string(request));
}

static json_t *create_parameters(const struct spec *spec)
{
	cleanup(mem_freep) char *name = full_name(&spec->name);

	return json_pack("{s:s, s:i}", "name", name, "netnsFd", 0);
}

static json_t *attach_parameters(const struct spec *spec, size_t index)
{
	const struct spec_network *network = &spec->networks[index];
	json_t *parameters = json_object();
	bool leads_out = false;
	char ifname[NAME_IFNAME_SIZE * 2];

	snprintf(ifname, sizeof(ifname), "eth%zu", index);
	json_object_set_new(parameters, "network", json_string(network->network));
	json_object_set_new(parameters, "name", json_string(spec->name.name));
	json_object_set_new(parameters, "ifname",
			    json_string(network->ifname ? network->ifname : ifname));
	if (network->ips)
		json_object_set_new(parameters, "ips", strings(network->ips));
	if (network->aliases)
		json_object_set_new(parameters, "aliases", strings(network->aliases));
	if (network->routes)
		json_object_set_new(parameters, "routes", routes(network->routes, &leads_out));
	for (size_t i = 0; i < SPEC_BANDWIDTH_COUNT; i++) {
		if (!network->bandwidth[i])
			continue;
		if (!json_object_get(parameters, "bandwidth"))
			json_object_set_new(parameters, "bandwidth", json_object());
		json_object_set_new(json_object_get(parameters, "bandwidth"), spec_bandwidth[i].key,
				    json_integer(network->bandwidth[i]));
	}
	if (network->mac)
		json_object_set_new(parameters, "mac", json_string(network->mac));
	if (index == 0) {
		json_object_set_new(parameters, "netnsFd", json_integer(0));
		json_object_set_new(parameters, "container", json_true());
		if (spec->publish[0])
			json_object_set_new(parameters, "publish", strings(spec->publish));
	} else if (!leads_out) {
		json_object_set_new(parameters, "defaultRoute", json_false());
	}
	return parameters;
}

/* "DST[=VIA]" each. @ret_out: one of them is to all addresses, which is a default route. */
static json_t *routes(const char *const *texts, bool *ret_out)
{
	json_t *array = json_array();

	for (size_t i = 0; texts[i]; i++) {
		size_t len = strcspn(texts[i], "=");
		json_t *route = json_pack("{s:s%}", "dst", texts[i], len);

		if (texts[i][len])
			json_object_set_new(route, "via", json_string(texts[i] + len + 1));
		json_array_append_new(array, route);
		*ret_out = *ret_out || (len >= 2 && strncmp(texts[i] + len - 2, "/0", 2) == 0);
	}
	return array;
}

static json_t *strings(const char *const *strv)
{
	json_t *array = json_array();

	for (size_t i = 0; strv[i]; i++)
		json_array_append_new(array, json_string(strv[i]));
	return array;
}

static void hosts_lines(const json_t *reply, const char *hostname, struct buf *hosts)
{
	const json_t *ips = json_object_get(json_object_get(reply, "endpoint"), "ips");

	for (size_t i = 0; i < json_array_size(ips); i++) {
		const char *ip = json_string_value(json_array_get(ips, i));

		if (ip)
			buf_printf(hosts, "%.*s\t%s\n", (int)strcspn(ip, "/"), ip, hostname);
	}
}

/* The gateways that answer names: those of the first network that has such. */
static void server_lines(const json_t *reply, struct buf *hosts)
{
	const json_t *dns = json_object_get(json_object_get(reply, "endpoint"), "dns");

	if (strstr(buf_cstr(hosts), "nameserver ") != NULL)
		return;
	for (size_t i = 0; i < json_array_size(dns); i++) {
		const char *ip = json_string_value(json_array_get(dns, i));

		if (ip)
			buf_printf(hosts, "nameserver %s\n", ip);
	}
}

static char *full_name(const struct name *name)
{
	return mem_printf("%s/%s", name->tenant, name->name);
}

static int taken_fd(const json_t *reply, const char *key, const int *fds, size_t count)
{
	const json_t *index = json_object_get(reply, key);

	if (!json_is_integer(index) || json_integer_value(index) < 0 ||
	    (size_t)json_integer_value(index) >= count)
		return -1;
	return fds[json_integer_value(index)];
}
