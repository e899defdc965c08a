/* SPDX-License-Identifier: GPL-2.0-or-later */
/* endpoint_set - io.moat.EndpointSet: bandwidth, routes, and in mode l2 addresses of a standing endpoint, live. Floor F4. */
#include <errno.h>
#include <string.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "netd/engine/change.h"
#include "netd/engine/methods/methods.h"
#include "netd/engine/methods/present.h"
#include "netd/engine/store/store.h"

/* @inside: it changes what is in the stack's own namespace */
struct set_params {
	const char *name;
	const json_t *bandwidth, *routes;
	const char **ips;
	int64_t netns_fd;
	bool dry_run, inside;
};

static const struct json_field set_fields[] = {
	{ "name", JSON_FIELD_STRING, offsetof(struct set_params, name), JSON_REQUIRED, 0, 0 },
	{ "bandwidth", JSON_FIELD_OBJECT, offsetof(struct set_params, bandwidth), 0, 0, 0 },
	{ "ips", JSON_FIELD_STRV, offsetof(struct set_params, ips), 0, 0, MODEL_IPS_MAX },
	{ "routes", JSON_FIELD_ARRAY, offsetof(struct set_params, routes), 0, 0, ENDPOINT_ROUTES_MAX },
	{ "netnsFd", JSON_FIELD_INT, offsetof(struct set_params, netns_fd), 0, 0, FDIO_FDS_MAX },
	{ "dryRun", JSON_FIELD_BOOL, offsetof(struct set_params, dry_run), 0, 0, 0 },
	{ 0 },
};

static int set_params_get(struct call *call, struct set_params *params, struct err *err)
{
	const json_t *given = call->request.parameters;
	int r = call_params(call, set_fields, params, err);

	if (r < 0)
		return r;
	if (!json_object_get(given, "netnsFd"))
		params->netns_fd = -1;
	params->inside = json_object_get(given, "ips") || params->routes;
	if (!params->bandwidth && !params->inside)
		return err_set(err, ERR_USAGE, EINVAL, params->name, "nothing to set: bandwidth, ips or routes");
	return 0;
}

/* -1: not said */
struct bits {
	int64_t ingress_rate, ingress_burst, egress_rate, egress_burst;
};

static const struct json_field bits_fields[] = {
	{ "ingressRateBits", JSON_FIELD_INT, offsetof(struct bits, ingress_rate), 0, 0, INT64_MAX },
	{ "ingressBurstBits", JSON_FIELD_INT, offsetof(struct bits, ingress_burst), 0, 0, INT64_MAX },
	{ "egressRateBits", JSON_FIELD_INT, offsetof(struct bits, egress_rate), 0, 0, INT64_MAX },
	{ "egressBurstBits", JSON_FIELD_INT, offsetof(struct bits, egress_burst), 0, 0, INT64_MAX },
	{ 0 },
};

/* A rate that is taken away takes its burst along; one that is said anew, and no burst with it, has the burst of its own. */
static void direction_apply(int64_t rate, int64_t burst, uint64_t *to_rate, uint64_t *to_burst)
{
	if (rate >= 0) {
		*to_rate = (uint64_t)rate;
		*to_burst = 0;
	}
	if (burst >= 0)
		*to_burst = (uint64_t)burst;
}

int method_bandwidth(struct call *call, const json_t *object, struct bandwidth *bandwidth, struct err *err)
{
	struct bits bits = { -1, -1, -1, -1 };
	int r;

	if (!object)
		return 0;
	r = json_decode(object, bits_fields, 0, call->arena, &bits, err);
	if (r < 0) {
		err->kind = ERR_USAGE;
		return r;
	}
	direction_apply(bits.ingress_rate, bits.ingress_burst, &bandwidth->ingress_rate, &bandwidth->ingress_burst);
	direction_apply(bits.egress_rate, bits.egress_burst, &bandwidth->egress_rate, &bandwidth->egress_burst);
	return 0;
}

/* metric 0: not said */
struct route_params {
	const char *dst, *via;
	int64_t metric, mtu, advmss;
};

static const struct json_field route_fields[] = {
	{ "dst", JSON_FIELD_STRING, offsetof(struct route_params, dst), JSON_REQUIRED, 0, 0 },
	{ "via", JSON_FIELD_STRING, offsetof(struct route_params, via), 0, 0, 0 },
	{ "metric", JSON_FIELD_INT, offsetof(struct route_params, metric), 0, 1, ROUTE_METRIC_MAX },
	{ "mtu", JSON_FIELD_INT, offsetof(struct route_params, mtu), 0, 1, OBJ_ROUTE_MTU_MAX },
	{ "advmss", JSON_FIELD_INT, offsetof(struct route_params, advmss), 0, 1, ROUTE_ADVMSS_MAX },
	{ 0 },
};

int method_routes(struct call *call, const json_t *array, const char *object, struct stack_route *routes, size_t *ret_count,
		  bool *ret_leads_out, struct err *err)
{
	const json_t *item;
	size_t i;

	*ret_count = 0;
	json_array_foreach(array, i, item) {
		struct route_params params = { 0 };
		struct stack_route *route = &routes[i];

		*route = (struct stack_route){ 0 };
		if (i >= ENDPOINT_ROUTES_MAX || json_decode(item, route_fields, 0, call->arena, &params, err) < 0)
			return err_set(err, ERR_USAGE, EINVAL, object, "a route has dst, and may have via, a metric from 1 to %d, mtu to %d and advmss to %d",
				       ROUTE_METRIC_MAX, OBJ_ROUTE_MTU_MAX, ROUTE_ADVMSS_MAX);
		/* an address alone is the route to it */
		if (allow_parse(params.dst, &route->dst) < 0)
			return err_set(err, ERR_USAGE, EINVAL, object, "route to '%s': it is neither a prefix nor an address", params.dst);
		if (params.via && ip_parse(params.via, &route->via) < 0)
			return err_set(err, ERR_USAGE, EINVAL, object, "route to '%s': '%s' is no address", params.dst, params.via);
		route->metric = (uint32_t)params.metric;
		route->mtu = (uint32_t)params.mtu;
		route->advmss = (uint32_t)params.advmss;
		*ret_leads_out = *ret_leads_out || route->dst.len == 0;
		(*ret_count)++;
	}
	return 0;
}

/**
 * struct set - a change on its way; the endpoint may be gone when the answer comes
 * @before: what of it is put back where the change fails; routes owned
 */
struct set {
	uint64_t id;
	bool ips_changed;
	struct before {
		struct bandwidth bandwidth;
		struct stack_route *routes;
		size_t route_count;
		bool default_route;
	} before;
};

static void before_get(const struct endpoint *endpoint, struct before *before)
{
	*before = (struct before){ .bandwidth = endpoint->bandwidth, .route_count = endpoint->route_count,
				   .default_route = endpoint->default_route };
	before->routes = mem_array(endpoint->route_count + 1, sizeof(*before->routes));
	if (endpoint->route_count)
		memcpy(before->routes, endpoint->routes, endpoint->route_count * sizeof(*before->routes));
}

/* All of it stood together before. */
static void before_apply(const struct set *set, struct endpoint *endpoint)
{
	const struct before *before = &set->before;
	struct err err = ERR_INIT;

	(void)endpoint_routes_take(endpoint, NULL, 0, "", &err);
	if (set->ips_changed)
		model_endpoint_ips_settle(endpoint, false);
	(void)endpoint_routes_take(endpoint, before->routes, before->route_count, "", &err);
	endpoint->bandwidth = before->bandwidth;
	endpoint->default_route = before->default_route;
}

static void set_free(struct set *set)
{
	free(set->before.routes);
	free(set);
}

static struct endpoint *set_endpoint(const struct txn *txn)
{
	const struct set *set = txn->object;

	return model_endpoint_by_id(&txn->engine->model, set->id);
}

static int set_commit(struct txn *txn, json_t *reply, struct err *err)
{
	const struct set *set = txn->object;
	struct endpoint *endpoint = set_endpoint(txn);
	struct store *store = txn->engine->store;
	int r;

	if (!endpoint)
		return err_set(err, ERR_NOTFOUND, ENOENT, txn->name, "the endpoint was removed meanwhile");
	endpoint->setting = false;
	json_object_set_new(reply, "endpoint", present_endpoint(txn->engine, endpoint));
	if (!set->ips_changed)
		return store_endpoint(store, endpoint, err);
	model_endpoint_ips_settle(endpoint, true);
	ipam_up(endpoint);
	r = store_begin(store, err);
	if (r == 0)
		r = store_forget(store, &txn->engine->model, err);
	if (r == 0)
		r = store_endpoint(store, endpoint, err);
	return r == 0 ? store_commit(store, err) : r;
}

static void set_finish(struct txn *txn) { set_free(txn->object); }

static void set_abort(struct txn *txn)
{
	struct set *set = txn->object;
	struct endpoint *endpoint = set_endpoint(txn);

	if (endpoint) {
		endpoint->setting = false;
		before_apply(set, endpoint);
	}
	set_free(set);
}

/* Which ways it has now; none were said: those it had, if they lead on. A network of mode l2 has a way out by them alone. */
static int routes_set(struct call *call, struct endpoint *endpoint, const struct set_params *params, const struct before *before,
		      const char *full, struct err *err)
{
	struct stack_route routes[ENDPOINT_ROUTES_MAX];
	bool leads_out = false;
	size_t count;
	int r;

	if (!params->routes)
		return endpoint_routes_take(endpoint, before->routes, before->route_count, full, err);
	r = method_routes(call, params->routes, full, routes, &count, &leads_out, err);
	if (r == 0)
		r = endpoint_routes_take(endpoint, routes, count, full, err);
	if (r < 0)
		return r;
	if (endpoint->network->mode == NETWORK_L2)
		endpoint->default_route = leads_out;
	else if (leads_out && !endpoint->default_route)
		return err_set(err, ERR_CONFLICT, EINVAL, full, "a route to all addresses, and it was attached without a default route");
	return 0;
}

static int endpoint_alter(struct call *call, struct endpoint *endpoint, const struct set_params *params, struct set *set,
			  const char *full, struct err *err)
{
	struct prefix prefixes[MODEL_IPS_MAX];
	struct bandwidth bandwidth = endpoint->bandwidth;
	size_t count = 0;
	int r = method_bandwidth(call, params->bandwidth, &bandwidth, err);

	if (r == 0)
		r = bandwidth_check(endpoint->stack->tenant, endpoint->id, &bandwidth, full, err);
	for (; r == 0 && params->ips && params->ips[count]; count++)
		if (prefix_parse(params->ips[count], &prefixes[count]) < 0)
			r = err_set(err, ERR_USAGE, EINVAL, full, "'%s' is no address with a length, such as 10.0.0.1/24",
				    params->ips[count]);
	if (r == 0 && json_object_get(call->request.parameters, "ips")) {
		r = model_endpoint_ips_set(endpoint, prefixes, count, full, err);
		set->ips_changed = r == 0;
	}
	if (r == 0 && (set->ips_changed || params->routes))
		r = routes_set(call, endpoint, params, &set->before, full, err);
	endpoint->bandwidth = bandwidth;
	return r;
}

int method_endpoint_set(struct call *call, struct err *err)
{
	static const struct txn_ops ops = { .commit = set_commit, .abort = set_abort, .finish = set_finish };
	struct set_params params = { .netns_fd = -1 };
	struct objv have = { 0 };
	struct endpoint *endpoint;
	char full[NAME_FULL_SIZE];
	struct set *set;
	struct txn *txn;
	int r, fd = -1;

	r = set_params_get(call, &params, err);
	if (r < 0)
		return r;
	endpoint = method_endpoint(call, params.name, err);
	if (!endpoint)
		return -ENOENT;
	endpoint_name_print(endpoint, full);
	if (!endpoint->network)
		return err_set(err, ERR_CONFLICT, EINVAL, full, "an end of a wire has nothing that is changed live");
	if (change_busy(endpoint->stack)) {
		call_wait(call);
		return 0;
	}
	r = method_endpoint_netns(call, endpoint, params.netns_fd, &fd, err);
	if (r == 0 && fd < 0 && endpoint->stack->kind == STACK_FOREIGN && params.inside)
		r = err_set(err, ERR_USAGE, EINVAL, full, "its namespace is not ours: give it again for a change inside of it");
	if (r < 0)
		return r;
	set = mem_alloc(sizeof(*set));
	set->id = endpoint->id;
	before_get(endpoint, &set->before);
	desired_endpoint(endpoint, &have);
	r = endpoint_alter(call, endpoint, &params, set, full, err);
	if (r < 0) {
		before_apply(set, endpoint);
		set_free(set);
		objv_fini(&have);
		fd_close(fd);
		return r;
	}
	txn = txn_new(call, &ops, set, "endpoint-changed");
	memcpy(txn->name, full, sizeof(full));
	txn->have = have;
	endpoint->setting = true;
	desired_endpoint(endpoint, &txn->want);
	txn->adopt_ns = endpoint->stack->ns;
	txn->adopt_fd = fd;
	txn_run(txn);
	return 0;
}
