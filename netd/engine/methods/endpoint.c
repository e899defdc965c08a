/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * endpoint - io.moat.Endpoint*. Floor F4. Attach is the path that all of the
 * daemon exists for: parameters -> stack -> model -> objects -> transaction.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/kern/nft_decode.h"
#include "netd/engine/change.h"
#include "netd/engine/compare/reconcile.h"
#include "netd/engine/compare/snapshot.h"
#include "netd/engine/host/dnsfeed.h"
#include "netd/engine/methods/methods.h"
#include "netd/engine/methods/present.h"
#include "netd/engine/methods/publish.h"
#include "netd/engine/store/store.h"

enum { IPS_ASKED_MAX = 4, IFNAME_AUTO_MAX = 64 };

struct attach_params {
	const char *network, *name, *netns_path, *ifname, *mac, *tap, *request_id;
	const char **ips, **publish, **allow, **aliases;
	const json_t *labels, *bandwidth, *routes;
	int64_t netns_fd, mtu;
	bool create, container, dry_run;
	int default_route;
};

static const struct json_field attach_fields[] = {
	{ "network", JSON_FIELD_STRING, offsetof(struct attach_params, network), JSON_REQUIRED, 0, 0 },
	{ "name", JSON_FIELD_STRING, offsetof(struct attach_params, name), 0, 0, 0 },
	{ "netnsPath", JSON_FIELD_STRING, offsetof(struct attach_params, netns_path), 0, 0, 0 },
	{ "netnsFd", JSON_FIELD_INT, offsetof(struct attach_params, netns_fd), 0, 0, FDIO_FDS_MAX },
	{ "create", JSON_FIELD_BOOL, offsetof(struct attach_params, create), 0, 0, 0 },
	{ "container", JSON_FIELD_BOOL, offsetof(struct attach_params, container), 0, 0, 0 },
	{ "ifname", JSON_FIELD_STRING, offsetof(struct attach_params, ifname), 0, 0, 0 },
	{ "tap", JSON_FIELD_STRING, offsetof(struct attach_params, tap), 0, 0, 0 },
	{ "ips", JSON_FIELD_STRV, offsetof(struct attach_params, ips), 0, 0, IPS_ASKED_MAX },
	{ "mac", JSON_FIELD_STRING, offsetof(struct attach_params, mac), 0, 0, 0 },
	{ "allowAddresses", JSON_FIELD_STRV, offsetof(struct attach_params, allow), 0, 0, ENDPOINT_ALLOW_MAX },
	{ "aliases", JSON_FIELD_STRV, offsetof(struct attach_params, aliases), 0, 0, ENDPOINT_ALIASES_MAX },
	{ "bandwidth", JSON_FIELD_OBJECT, offsetof(struct attach_params, bandwidth), 0, 0, 0 },
	{ "routes", JSON_FIELD_ARRAY, offsetof(struct attach_params, routes), 0, 0, ENDPOINT_ROUTES_MAX },
	{ "defaultRoute", JSON_FIELD_TRI, offsetof(struct attach_params, default_route), 0, 0, 0 },
	{ "publish", JSON_FIELD_STRV, offsetof(struct attach_params, publish), 0, 0, ENDPOINT_PUBLISH_MAX },
	{ "mtu", JSON_FIELD_INT, offsetof(struct attach_params, mtu), 0, 68, 65535 },
	{ "labels", JSON_FIELD_OBJECT, offsetof(struct attach_params, labels), 0, 0, 0 },
	{ "requestId", JSON_FIELD_STRING, offsetof(struct attach_params, request_id), 0, 0, REQUEST_ID_SIZE - 1 },
	{ "dryRun", JSON_FIELD_BOOL, offsetof(struct attach_params, dry_run), 0, 0, 0 },
	{ 0 },
};

/**
 * struct attach - one attach on its way
 * @moved: the stack's first endpoint, which gets a table of its own since the default route is no longer its, or NULL
 * @stack_new: the stack was made for it, and goes with it when it fails
 * @adopt_fd: namespace for the hand, -1 when it has it or the transaction sees to it
 * @told: what the client will be told, made while the hand works
 * @named: moatd-dns knows its name
 */
struct attach {
	struct endpoint *endpoint, *moved;
	bool stack_new;
	int adopt_fd;
	json_t *told;
	bool named;
};

/* ------------------------------------------------------------------- namespace */

/* A tap's name is the interface's; its stack is made with the first, and every other says that one's name. */
static int tap_params(struct attach_params *params, struct err *err)
{
	if (!params->tap)
		return 0;
	if (params->netns_fd >= 0 || params->netns_path || params->create || params->container || params->ifname)
		return err_set(err, ERR_USAGE, EINVAL, params->network,
			       "tap excludes a namespace, create, container and ifname");
	if (!params->name)
		return err_set(err, ERR_USAGE, EINVAL, params->network, "a tap needs a name for its stack");
	if (params->default_route == 1)
		return err_set(err, ERR_USAGE, EINVAL, params->network,
			       "a virtual machine chooses its way out itself: defaultRoute is not for a tap");
	params->ifname = params->tap;
	return 0;
}

/* The descriptor of the namespace, by number or by a path below /run/netns. -1 where none is given. */
static int netns_fd_get(struct call *call, const struct attach_params *params, int *ret_fd, struct err *err)
{
	static const char prefix[] = "/run/netns/";

	*ret_fd = -1;
	if (params->netns_fd >= 0 && params->netns_path)
		return err_set(err, ERR_USAGE, EINVAL, params->network, "netnsFd and netnsPath exclude one another");
	if ((params->netns_fd >= 0 || params->netns_path) && params->create)
		return err_set(err, ERR_USAGE, EINVAL, params->network, "create makes a namespace; none may be given");
	if (params->netns_fd >= 0) {
		*ret_fd = call_fd(call, params->netns_fd);
		if (*ret_fd < 0)
			return err_set(err, ERR_USAGE, EBADF, params->network, "no descriptor %lld came with the message",
				       (long long)params->netns_fd);
		return 0;
	}
	if (!params->netns_path)
		return 0;
	if (!str_starts(params->netns_path, prefix) || strchr(params->netns_path + sizeof(prefix) - 1, '/'))
		return err_set(err, ERR_USAGE, EINVAL, params->netns_path,
			       "netnsPath names a file below /run/netns; pass others as a descriptor");
	*ret_fd = open(params->netns_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*ret_fd < 0)
		return err_sys(err, ERR_NOTFOUND, errno, params->netns_path, "the namespace cannot be opened");
	return 0;
}

/* The stack the endpoint goes into, made where it has to be. */
static int stack_get(struct call *call, struct tenant *tenant, const struct attach_params *params, const struct name *name,
		     const struct stat *st, struct attach *attach, struct stack **ret_stack, struct err *err)
{
	struct stack *stack = model_stack(&call->engine->model, name);
	enum stack_kind kind = params->create || params->tap ? STACK_BARE : params->container ? STACK_CONTAINER : STACK_FOREIGN;
	char full[NAME_FULL_SIZE];
	int r;

	snprintf(full, sizeof(full), "%s/%s", name->tenant, name->name);
	if (stack && params->create)
		return err_set(err, ERR_TAKEN, EEXIST, full, "a stack of this name exists already");
	if (stack && attach->adopt_fd < 0) {
		if (stack->kind == STACK_FOREIGN)
			return err_set(err, ERR_USAGE, EINVAL, full,
				       "its namespace is not ours: give it again for another interface");
		*ret_stack = stack;
		return 0;
	}
	if (stack) {
		if (stack->netns[0] != st->st_dev || stack->netns[1] != st->st_ino)
			return err_set(err, ERR_TAKEN, EEXIST, full, "a stack of this name, of another namespace, exists");
		if (stack->kind == STACK_CONTAINER) { /* held already */
			fd_close(attach->adopt_fd);
			attach->adopt_fd = -1;
		}
		*ret_stack = stack;
		return 0;
	}
	if (attach->adopt_fd < 0 && !params->create && !params->tap)
		return err_set(err, ERR_NOTFOUND, ENOENT, full,
			       "there is no stack of this name; give a namespace, or create to make one");
	r = model_stack_add(tenant, name->name, kind, engine_id(call->engine), &stack, err);
	if (r < 0)
		return r;
	if (params->request_id && *params->request_id) {
		r = model_stack_request(stack, call->uid, params->request_id, err);
		if (r < 0) {
			model_stack_del(stack);
			return r;
		}
	}
	attach->stack_new = true;
	if (attach->adopt_fd >= 0)
		model_stack_set_netns(stack, st->st_dev, st->st_ino);
	if (params->netns_path)
		(void)str_copy(stack->netns_path, sizeof(stack->netns_path), params->netns_path);
	*ret_stack = stack;
	return 0;
}

/* The interface's name: as asked for, else the first ethN that the stack has not. */
static int ifname_get(const struct stack *stack, const char *asked, char dst[NAME_IFNAME_SIZE], struct err *err)
{
	if (asked) {
		int r = name_ifname_check(asked, err);

		return r < 0 ? r : str_copy(dst, NAME_IFNAME_SIZE, asked);
	}
	for (int i = 0; i < IFNAME_AUTO_MAX; i++) {
		snprintf(dst, NAME_IFNAME_SIZE, "eth%d", i);
		if (!stack_endpoint(stack, dst))
			return 0;
	}
	return err_set(err, ERR_LIMIT, EMFILE, stack->name, "it has %d interfaces; name the next one", IFNAME_AUTO_MAX);
}

/* ------------------------------------------------------------------ transaction */

static int attach_rows(const struct attach *attach, struct store *store, struct err *err)
{
	int r = attach->stack_new ? store_stack(store, attach->endpoint->stack, err) : 0;

	if (r == 0)
		r = store_endpoint(store, attach->endpoint, err);
	if (r == 0 && attach->moved)
		r = store_endpoint(store, attach->moved, err);
	return r;
}

/*
 * Until it stands there is no row of it: what the kernel has that no row speaks of goes at the next start. The rows are written
 * while the hand works, all but the commit; where that cannot be, by attach_commit(), which also tells why.
 */
static int attach_prepare(struct txn *txn, struct err *err)
{
	struct attach *attach = txn->object;
	struct store *store = txn->engine->store;

	(void)err;
	if (store_ahead_begin(store, attach, NULL) == 0)
		store_ahead_end(store, attach_rows(attach, store, NULL));
	attach->told = present_endpoint(txn->engine, attach->endpoint);
	/*
	 * Known by name a moment before it is there: nobody waits for moatd-dns then, and attach_abort() takes the name back.
	 * Not where a namespace of a user's has still to be judged. Of a crowd the names go together, with the next answer.
	 */
	attach->named = txn->adopt_fresh || (!txn->adopting && txn->adopt_fd < 0);
	if (attach->named)
		dnsfeed_endpoint(txn->engine->dnsfeed, attach->endpoint);
	if (txn->engine->txns <= 1)
		dnsfeed_flush_news(txn->engine->dnsfeed);
	return 0;
}

static int attach_commit(struct txn *txn, json_t *reply, struct err *err)
{
	struct attach *attach = txn->object;
	struct endpoint *endpoint = attach->endpoint;
	struct store *store = txn->engine->store;
	int r;

	model_endpoint_up(endpoint);
	if (attach->stack_new)
		endpoint->stack->life = LIFE_UP;
	r = store_ahead_join(store, attach, err);
	if (r > 0)
		r = attach_rows(attach, store, err);
	if (r == 0)
		r = store_forget(store, &txn->engine->model, err);
	if (r == 0)
		r = store_commit(store, err);
	if (!attach->named)
		dnsfeed_endpoint(txn->engine->dnsfeed, endpoint);
	/* another one of the stack may have come meanwhile */
	json_object_set_new(attach->told, "defaultRoute", json_boolean(model_default_endpoint(endpoint->stack) == endpoint));
	json_object_set_new(reply, "endpoint", attach->told);
	attach->told = NULL;
	return r;
}

static void attach_free(struct txn *txn)
{
	struct attach *attach = txn->object;

	fd_close(attach->adopt_fd);
	json_decref(attach->told);
	free(attach);
}

static void attach_abort(struct txn *txn)
{
	struct attach *attach = txn->object;
	struct stack *stack = attach->endpoint->stack;

	if (attach->moved)
		attach->moved->own_table = false;
	store_ahead_drop(txn->engine->store, attach);
	if (attach->named) /* the model tells of the end of those alone that stood */
		dnsfeed_endpoint_gone(txn->engine->dnsfeed, attach->endpoint);
	model_endpoint_del(attach->endpoint);
	if (attach->stack_new) {
		if (stack->kind == STACK_CONTAINER && !(txn->call && txn->call->dry_run))
			change_release(txn->engine, stack->ns);
		model_stack_del(stack);
	}
	attach_free(txn);
}

/* Asked for again by the same user, in the same tenant, with the same requestId: the same answer. */
static bool repeated(struct call *call, const char *request_id, const char *name)
{
	const struct tenant *tenant = model_tenant(&call->engine->model, name);
	const struct endpoint *endpoint = request_id && tenant ? model_request(tenant, call->uid, request_id) : NULL;

	if (!endpoint)
		return false;
	if (endpoint->life == LIFE_UP)
		call_reply(call, json_pack("{s:o}", "endpoint", present_endpoint(call->engine, endpoint)));
	else
		call_wait(call);
	return true;
}

/*
 * Addresses beside its own. The user of a tenant may move those of its networks about; what lies elsewhere is the
 * host's: whoever administers that says whose it is.
 */
static int allow_get(struct call *call, const struct network *network, const char *const *texts, struct prefix *dst,
		     size_t *ret_count, struct err *err)
{
	*ret_count = 0;
	for (size_t i = 0; texts && texts[i]; i++) {
		if (allow_parse(texts[i], &dst[i]) < 0)
			return err_set(err, ERR_USAGE, EINVAL, network->name, "'%s' is neither a prefix nor an address", texts[i]);
		if (!call->admin && !allow_on_link(network, &dst[i]))
			return err_set(err, ERR_PERMISSION, EPERM, network->name,
				       "%s lies in no subnet of the network: only an administrator may allow it", texts[i]);
		(*ret_count)++;
	}
	return 0;
}

static int ips_get(const struct attach_params *params, struct ip *ips, size_t *ret_count, struct err *err)
{
	for (size_t i = 0; params->ips && params->ips[i]; i++, (*ret_count)++)
		if (ip_parse(params->ips[i], &ips[i]) < 0)
			return err_set(err, ERR_USAGE, EINVAL, params->network, "'%s' is no IP address", params->ips[i]);
	return 0;
}

/* A network without subnets cannot tell how long an address's prefix is. */
static int prefixes_get(const struct attach_params *params, struct prefix *prefixes, size_t *ret_count, struct err *err)
{
	for (size_t i = 0; params->ips && params->ips[i]; i++, (*ret_count)++)
		if (prefix_parse(params->ips[i], &prefixes[i]) < 0)
			return err_set(err, ERR_USAGE, EINVAL, params->network,
				       "'%s' is no address with a length, such as 10.0.0.1/24: mode l2 needs one",
				       params->ips[i]);
	return 0;
}

/* "labels" of an attach, as they are kept; as the interface says, texts alone. */
static int labels_get(const struct attach_params *params, char **ret_labels, struct err *err)
{
	const char *key;
	json_t *value;

	if (!params->labels)
		return 0;
	/* jansson's iterators take no const, but only json_object_iter_set() writes */
	json_object_foreach((json_t *)(uintptr_t)params->labels, key, value)
		if (!json_is_string(value))
			return err_set(err, ERR_USAGE, EINVAL, params->network, "the value of label '%s' is no text", key);
	*ret_labels = json_text(params->labels);
	return 0;
}

static int endpoint_make(struct call *call, struct stack *stack, struct network *network, const struct attach_params *params,
			 struct endpoint **ret_endpoint, struct err *err)
{
	struct endpoint_want want = { .id = engine_id(call->engine), .mtu = (uint32_t)params->mtu,
				      .request_id = params->request_id, .request_uid = call->uid,
				      .tap = params->tap != NULL };
	char ifname[NAME_IFNAME_SIZE];
	struct ip ips[IPS_ASKED_MAX];
	struct prefix allow[ENDPOINT_ALLOW_MAX];
	struct prefix prefixes[IPS_ASKED_MAX];
	struct stack_route routes[ENDPOINT_ROUTES_MAX];
	struct portspec *specs;
	bool leads_out = false;
	char *labels cleanup(mem_freep) = NULL;
	int r;

	r = ifname_get(stack, params->ifname, ifname, err);
	if (r == 0)
		r = publish_specs(call, params->publish, &specs, &want.publish_count, err);
	if (r == 0)
		r = publish_allow(call, stack->tenant, specs, want.publish_count, err);
	if (r == 0)
		r = allow_get(call, network, params->allow, allow, &want.allow_count, err);
	if (r == 0)
		r = method_bandwidth(call, params->bandwidth, &want.bandwidth, err);
	if (r == 0)
		r = method_routes(call, params->routes, network->name, routes, &want.route_count, &leads_out, err);
	if (r < 0)
		return r;
	r = network->mode == NETWORK_L2 ? prefixes_get(params, prefixes, &want.prefix_count, err)
					: ips_get(params, ips, &want.ip_count, err);
	if (r < 0)
		return r;
	if (params->mac && (mac_parse(params->mac, &want.mac) < 0 || mac_is_zero(&want.mac)))
		return err_set(err, ERR_USAGE, EINVAL, params->network, "'%s' is no MAC address", params->mac);
	r = labels_get(params, &labels, err);
	if (r < 0)
		return r;
	if (params->default_route == 1 && network->mode == NETWORK_L2 && !leads_out)
		return err_set(err, ERR_CONFLICT, EINVAL, params->network, "a network of mode l2 has no gateway");
	if (params->default_route == 0 && leads_out)
		return err_set(err, ERR_USAGE, EINVAL, params->network, "a route to all addresses, and no default route");
	want.default_route = leads_out || (params->default_route != 0 && network->mode != NETWORK_L2);
	want.first_route = params->default_route == 1;
	want.ifname = ifname;
	want.ips = ips;
	want.allow = allow;
	want.aliases = params->aliases;
	want.alias_count = params->aliases ? strv_count((char *const *)(uintptr_t)params->aliases) : 0;
	want.prefixes = prefixes;
	want.routes = routes;
	want.publish = specs;
	want.labels = labels;
	return model_endpoint_add(stack, network, &want, ret_endpoint, err);
}

/* The first endpoint of a stack has no table of its own, as long as the main one's best default route is its. */
static void table_move(struct attach *attach, struct objv *want)
{
	struct endpoint *endpoint = attach->endpoint;

	list_each(node, &endpoint->stack->endpoints) {
		struct endpoint *other = container_of(node, struct endpoint, stack_link);

		if (other == endpoint || !other->network || other->own_table || other->life != LIFE_UP ||
		    other->metric < endpoint->metric || !endpoint->own_table)
			continue;
		other->own_table = true;
		attach->moved = other;
		desired_own_table(other, want);
	}
}

static void attach_run(struct call *call, struct attach *attach)
{
	static const struct txn_ops ops = { .prepare = attach_prepare, .commit = attach_commit, .abort = attach_abort, .finish = attach_free, .eager = true };
	struct endpoint *endpoint = attach->endpoint;
	struct txn *txn = txn_new(call, &ops, attach, "endpoint-attached");

	endpoint_name_print(endpoint, txn->name);
	txn->adopt_ns = endpoint->stack->ns;
	txn->adopt_fd = attach->adopt_fd;
	txn->adopt_fresh = attach->stack_new && call->admin; /* a refused plan is logged whole: not for anybody's asking */
	attach->adopt_fd = -1;
	txn_adopt(txn);
	if (attach->stack_new)
		desired_stack(endpoint->stack, &txn->want);
	else if (endpoint->stack->kind == STACK_FOREIGN)
		desired_stack(endpoint->stack, &txn->want);
	desired_endpoint(endpoint, &txn->want);
	table_move(attach, &txn->want);
	txn->listen = listen_ask_endpoint(call->engine->listens, endpoint);
	txn_run(txn);
}

int method_endpoint_attach(struct call *call, struct err *err)
{
	struct attach_params params = { .netns_fd = -1 };
	struct attach *attach;
	struct stack *stack = NULL;
	struct name network_name, name;
	struct network *network;
	struct tenant *tenant;
	struct stat st = { 0 };
	uint64_t cursor[MODEL_SUBNETS_MAX];
	char full[NAME_FULL_SIZE], hex[13];
	bool dry_run = call->dry_run;
	int r, fd = -1;

	r = call_params(call, attach_fields, &params, err);
	if (!json_object_get(call->request.parameters, "netnsFd"))
		params.netns_fd = -1;
	if (r == 0)
		r = method_named(call, "network", params.network, false, &network_name, err);
	if (r < 0)
		return r;
	r = tap_params(&params, err);
	if (r < 0)
		return r;
	if (repeated(call, params.request_id, network_name.tenant))
		return 0;
	tenant = model_tenant(&call->engine->model, network_name.tenant);
	network = model_network(&call->engine->model, &network_name);
	if ((tenant && tenant->life == LIFE_PENDING) || (network && (network->life == LIFE_PENDING || network->setting))) {
		call_wait(call);
		return 0;
	}
	if (!tenant || !network)
		return method_network(call, &network_name, err) ? -EAGAIN : -ENOENT;
	if (params.name) {
		snprintf(full, sizeof(full), "%s", params.name);
		if (!strchr(params.name, '/')) /* beside a network a plain name means the network's tenant */
			snprintf(full, sizeof(full), "%s/%.*s", network_name.tenant, NAME_SIZE, params.name);
	} else {
		str_hex48_print(engine_id(call->engine), hex);
		snprintf(full, sizeof(full), "%s/ep-%s", network_name.tenant, hex);
	}
	r = name_parse("stack", full, false, &name, err);
	if (r == 0 && !str_eq(name.tenant, network_name.tenant))
		r = err_set(err, ERR_PERMISSION, EPERM, full, "a stack of tenant %s joins no network of tenant %s",
			    name.tenant, network_name.tenant);
	if (r < 0)
		return r;
	stack = model_stack(&call->engine->model, &name);
	if (stack && stack->life == LIFE_PENDING) { /* should it fail, it takes along what is in it */
		call_wait(call);
		return 0;
	}
	r = netns_fd_get(call, &params, &fd, err);
	if (r < 0)
		return r;
	if (fd >= 0) {
		/* a namespace whose interface of this name is on its way out: wait until it is gone */
		if (fstat(fd, &st) == 0 &&
		    txn_ending(call->engine, st.st_dev, st.st_ino, params.ifname ? params.ifname : "eth0")) {
			fd_close(fd);
			call_wait(call);
			return 0;
		}
		r = change_netns_known(call, &name, &st, err);
		if (r != 0) {
			fd_close(fd);
			return r < 0 ? r : 0;
		}
	}
	attach = mem_alloc(sizeof(*attach));
	attach->adopt_fd = fd;
	memcpy(cursor, network->cursor, sizeof(cursor));
	r = stack_get(call, tenant, &params, &name, &st, attach, &stack, err);
	if (r == 0)
		r = endpoint_make(call, stack, network, &params, &attach->endpoint, err);
	if (r < 0) {
		if (attach->stack_new)
			model_stack_del(stack);
		fd_close(attach->adopt_fd);
		free(attach);
		if (r != -EAGAIN)
			return r;
		call_wait(call); /* for the links that still bear its address: tried again when they have gone */
		return 0;
	}
	attach_run(call, attach);
	if (dry_run) /* as if it had not been: the next one gets the addresses this one was shown */
		memcpy(network->cursor, cursor, sizeof(cursor));
	return 0;
}

/* ----------------------------------------------------------------------- detach */

struct detach_params {
	const char *name;
	bool strict, dry_run;
};

static const struct json_field detach_fields[] = {
	{ "name", JSON_FIELD_STRING, offsetof(struct detach_params, name), JSON_REQUIRED, 0, 0 },
	{ "strict", JSON_FIELD_BOOL, offsetof(struct detach_params, strict), 0, 0, 0 },
	{ "dryRun", JSON_FIELD_BOOL, offsetof(struct detach_params, dry_run), 0, 0, 0 },
	{ 0 },
};

static int detach_prepare(struct txn *txn, struct err *err)
{
	int r = change_mark(txn, err);

	if (r < 0)
		return r;
	txn_cool(txn, txn->object);
	model_endpoint_del(txn->object);
	return 0;
}

int method_endpoint_detach(struct call *call, struct err *err)
{
	static const struct txn_ops ops = { .prepare = detach_prepare, .eager = true };
	struct detach_params params = { 0 };
	struct endpoint *endpoint = NULL;
	struct stack *stack;
	struct name name;
	struct txn *txn;
	int r;

	r = call_params(call, detach_fields, &params, err);
	if (r == 0)
		r = method_named(call, "endpoint", params.name, true, &name, err);
	if (r < 0)
		return r;
	stack = model_stack(&call->engine->model, &name);
	if (stack && name.ifname[0])
		endpoint = stack_endpoint(stack, name.ifname);
	if (!stack || (name.ifname[0] && !endpoint))
		return change_missing(call, params.strict, name.ifname[0] ? "endpoint" : "stack", params.name, err);
	if (stack->tenant->kind == TENANT_LAB)
		return err_set(err, ERR_CONFLICT, EBUSY, params.name, "it is a node of a lab, which goes as a whole");
	if (change_busy(stack)) {
		call_wait(call);
		return 0;
	}
	if (!endpoint || (stack->kind != STACK_CONTAINER && stack->endpoints.next == stack->endpoints.prev)) {
		change_stack(call, stack, "endpoint-detached");
		return 0;
	}
	txn = txn_new(call, &ops, endpoint, "endpoint-detached");
	endpoint_name_print(endpoint, txn->name);
	txn->ending_dev = stack->netns[0];
	txn->ending_ino = stack->netns[1];
	(void)str_copy(txn->ending_ifname, sizeof(txn->ending_ifname), endpoint->ifname);
	change_drop_endpoint(txn, endpoint);
	txn_run(txn);
	return 0;
}

/* ------------------------------------------------------------------- list, show */

int method_endpoint_list(struct call *call, struct err *err)
{
	const struct tenant *tenant, *only;
	size_t cursor = 0;
	json_t *array;
	int r = method_tenant_param(call, &only, err);

	if (r < 0)
		return r;
	array = json_array();
	while ((tenant = method_tenant_next(call, only, false, &cursor))) {
		list_each(node, &tenant->stack_order)
			list_each(link, &container_of(node, struct stack, order)->endpoints)
			{
				const struct endpoint *endpoint = container_of(link, struct endpoint, stack_link);

				if (endpoint->life == LIFE_UP)
					json_array_append_new(array, present_endpoint(call->engine, endpoint));
			}
	}
	call_reply(call, json_pack("{s:o}", "endpoints", array));
	return 0;
}

/* Not an object of the model: the kernel alone knows. Where it cannot be asked, nothing is said of it. */
static void on_dropped(void *ctx, struct hand_answer *answer)
{
	struct call *call = ctx;
	struct err err = ERR_INIT;
	const struct endpoint *endpoint = NULL;
	uint64_t packets[SNAPSHOT_REASONS_MAX];
	char port[OBJ_IFNAME_SIZE];
	const char *name;
	json_t *doc, *dropped;

	if (method_name_param(call, &name, &err) == 0)
		endpoint = method_endpoint(call, name, &err);
	if (!endpoint) {
		call_fail(call, &err);
		return;
	}
	model_ifname('p', endpoint->id, port);
	doc = present_endpoint(call->engine, endpoint);
	if (answer->result.status == 0 && snapshot_dropped(answer->data, answer->size, port, packets, &err) == 0) {
		dropped = json_object();
		for (size_t i = 0; nft_counter_reason(i); i++)
			json_object_set_new(dropped, nft_counter_reason(i), json_integer((json_int_t)packets[i]));
		json_object_set_new(doc, "dropped", dropped);
	}
	call_reply(call, json_pack("{s:o}", "endpoint", doc));
}

int method_endpoint_show(struct call *call, struct err *err)
{
	const char *name;
	const struct endpoint *endpoint;
	int r = method_name_param(call, &name, err);

	if (r < 0)
		return r;
	endpoint = method_endpoint(call, name, err);
	if (!endpoint)
		return -ENOENT;
	if (endpoint->network && endpoint->network->guard)
		hand_dump(call->engine->hand, NS_ID(NS_ROUTER, endpoint->stack->tenant->id), SEAM_DROPPED, NULL, 0, on_dropped,
			  call);
	else
		call_reply(call, json_pack("{s:o}", "endpoint", present_endpoint(call->engine, endpoint)));
	return 0;
}
