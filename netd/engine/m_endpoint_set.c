/* SPDX-License-Identifier: GPL-2.0-or-later */
/* m_endpoint_set - io.moat.EndpointSet: the bandwidth of a standing endpoint, live. Floor F4. */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "netd/engine/change.h"
#include "netd/engine/methods.h"
#include "netd/engine/present.h"
#include "netd/engine/store.h"

struct set_params {
	const char *name;
	const json_t *bandwidth;
	bool dry_run;
};

static const struct json_field set_fields[] = {
	{ "name", JSON_FIELD_STRING, offsetof(struct set_params, name), JSON_REQUIRED, 0, 0 },
	{ "bandwidth", JSON_FIELD_OBJECT, offsetof(struct set_params, bandwidth), JSON_REQUIRED, 0, 0 },
	{ "dryRun", JSON_FIELD_BOOL, offsetof(struct set_params, dry_run), 0, 0, 0 },
	{ 0 },
};

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

/** struct set - a change on its way; the endpoint may be gone when the answer comes */
struct set {
	uint64_t id;
	struct bandwidth before;
};

static struct endpoint *set_endpoint(const struct txn *txn)
{
	const struct set *set = txn->object;

	return model_endpoint_by_id(&txn->engine->model, set->id);
}

static int set_commit(struct txn *txn, json_t *reply, struct err *err)
{
	struct endpoint *endpoint = set_endpoint(txn);

	if (!endpoint)
		return err_set(err, ERR_NOTFOUND, ENOENT, txn->name, "the endpoint was removed meanwhile");
	endpoint->setting = false;
	json_object_set_new(reply, "endpoint", present_endpoint(txn->engine, endpoint));
	return store_endpoint(txn->engine->store, endpoint, err);
}

static void set_finish(struct txn *txn) { free(txn->object); }

static void set_abort(struct txn *txn)
{
	struct set *set = txn->object;
	struct endpoint *endpoint = set_endpoint(txn);

	if (endpoint) {
		endpoint->setting = false;
		endpoint->bandwidth = set->before;
	}
	free(set);
}

int method_endpoint_set(struct call *call, struct err *err)
{
	static const struct txn_ops ops = { .commit = set_commit, .abort = set_abort, .finish = set_finish };
	struct set_params params = { 0 };
	struct bandwidth after;
	struct endpoint *endpoint;
	char full[NAME_FULL_SIZE];
	struct set *set;
	struct txn *txn;
	int r;

	r = call_params(call, set_fields, &params, err);
	if (r < 0)
		return r;
	endpoint = method_endpoint(call, params.name, err);
	if (!endpoint)
		return -ENOENT;
	endpoint_name_print(endpoint, full);
	if (!endpoint->network)
		return err_set(err, ERR_CONFLICT, EINVAL, full, "an end of a wire has no bandwidth of its own");
	if (change_busy(endpoint->stack)) {
		call_wait(call);
		return 0;
	}
	after = endpoint->bandwidth;
	r = method_bandwidth(call, params.bandwidth, &after, err);
	if (r == 0)
		r = bandwidth_check(endpoint->stack->tenant, endpoint->id, &after, full, err);
	if (r < 0)
		return r;
	set = mem_alloc(sizeof(*set));
	*set = (struct set){ .id = endpoint->id, .before = endpoint->bandwidth };
	txn = txn_new(call, &ops, set, "endpoint-changed");
	memcpy(txn->name, full, sizeof(full));
	desired_shape(endpoint, &txn->have);
	endpoint->bandwidth = after;
	endpoint->setting = true;
	desired_shape(endpoint, &txn->want);
	txn_run(txn);
	return 0;
}
