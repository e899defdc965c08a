/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start - what the engine must know before it compares: see start.h. Floor F4.
 */
#include "netd/engine/start.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "netd/engine/compare/reconcile.h"
#include "netd/engine/compare/snapshot.h"
#include "netd/engine/store/store.h"

enum { ASIDES_LOGGED = 32 }; /* rows of the store that cannot be loaded, one by one */

/* Not all rows could be loaded: who may be there for them keeps what it has, and somebody has to be told. */
static int load_leftovers(struct engine *engine, const struct hand_answer *answer, struct err *err)
{
	const struct asides *asides = &engine->asides;
	struct objv host = { 0 };
	int r = snapshot_decode(answer->data, answer->size, NS_HOST, &host, err);

	if (r == 0)
		asides_hold_uplinks(asides, &engine->model, &host);
	objv_fini(&host);
	for (size_t i = 0; i < asides->count && i < ASIDES_LOGGED; i++) {
		struct buf text cleanup(buf_fini) = BUF_INIT;

		aside_print(asides->rows[i], &text);
		log_error("%s is set aside: %s", buf_cstr(&text), asides->rows[i]->reason);
	}
	log_error("%zu rows of the store are set aside; they stay as they are, and so does what the kernel has of them: see moat doctor",
		  asides->count);
	return r;
}

static void on_host(void *ctx, struct hand_answer *answer)
{
	struct engine *engine = ctx;
	struct pools pools;
	struct err err = ERR_INIT;
	int r = hand_result_err(&answer->result, "host", "dump", &err);

	if (r == 0)
		r = snapshot_host(answer->data, answer->size, &engine->features, &engine->settings, &engine->facts, &err);
	if (r == 0)
		r = store_pools(engine->store, &pools, &err);
	if (r == 0)
		r = snapshot_pools(answer->data, answer->size, random_id48(), &engine->settings, &pools, &err);
	if (r >= 0) {
		snapshot_pools_given(&engine->settings, &pools);
		r = store_set_pools(engine->store, &pools, &err);
	}
	if (r >= 0) {
		model_init(&engine->model, &pools);
		_Static_assert((int)MODEL_ROUTED_MAX == (int)SETTINGS_ROUTED_MAX, "as many as may be written down");
		memcpy(engine->model.routed, engine->settings.routed, sizeof(engine->model.routed));
		engine->model.routed_count = engine->settings.routed_count;
		engine->model.links = engine->facts.links;
		r = store_load(engine->store, &engine->model, &engine->asides, &err);
	}
	if (r == 0 && engine->asides.count)
		r = load_leftovers(engine, answer, &err);
	if (r < 0) {
		log_failure(&err, "start");
		engine_die(engine);
		return;
	}
	reconcile_start(engine->reconcile);
}

static void on_features(void *ctx, struct hand_answer *answer)
{
	struct engine *engine = ctx;
	struct err err = ERR_INIT;
	struct seam_nsinfo *infos = NULL;
	size_t count;
	int r = hand_result_err(&answer->result, "hand", "registry", &err);

	if (r == 0)
		r = snapshot_registry(answer->data, answer->size, &engine->features, &infos, &count, &err);
	free(infos);
	if (r < 0) {
		log_failure(&err, "start");
		engine_die(engine);
		return;
	}
	hand_dump(engine->hand, NS_HOST, SEAM_LINKS | SEAM_ADDRS | SEAM_ROUTES, NULL, 0, on_host, engine);
}

void start(struct engine *engine)
{
	hand_dump(engine->hand, NS_HOST, SEAM_REGISTRY, NULL, 0, on_features, engine);
}
