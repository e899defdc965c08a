/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine - small things that every part of the engine needs. Floor F4. */
#include "netd/engine/engine.h"

#include "lib/base/clock.h"
#include "netd/engine/api.h"

uint64_t engine_id(const struct engine *engine)
{
	uint64_t id;

	do
		id = random_id48();
	while (model_id_taken(&engine->model, id) || table_find(&engine->asides.ids, &id, sizeof(id)));
	return id;
}

size_t engine_routers(const struct engine *engine)
{
	const struct tenant *tenant;
	size_t cursor = 0, count = engine->model.strangers;

	while ((tenant = table_next(&engine->model.tenants, &cursor)))
		count += tenant_has_router(tenant);
	return count;
}

void engine_ignore(void *ctx, struct hand_answer *answer)
{
	(void)ctx;
	(void)answer;
}

void engine_die(struct engine *engine)
{
	engine->status = 1;
	loop_stop(engine->loop);
}

void engine_event(struct engine *engine, const char *event, const char *object, const char *detail)
{
	json_t *doc;

	if (!api_listened(engine->api))
		return;
	doc = json_pack("{s:s, s:s, s:I}", "event", event, "object", object, "time", (json_int_t)clock_realtime_ms());

	json_object_set_new(doc, "detail", detail ? json_string(detail) : json_null());
	api_broadcast(engine->api, doc);
	json_decref(doc);
}
