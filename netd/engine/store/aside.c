/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aside - what a row that cannot be loaded keeps from being done. Floor F4, pure. */
#include "netd/engine/store/aside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/engine/compare/owner.h"

void asides_add(struct asides *asides, const struct aside *row, const char *reason)
{
	struct aside *copy = mem_alloc(sizeof(*copy));

	*copy = *row;
	copy->reason = mem_strdup(reason);
	asides->rows = mem_grow(asides->rows, asides->count + 1, sizeof(*asides->rows));
	asides->rows[asides->count++] = copy;
	if (!copy->holds)
		return;
	if (copy->id)
		(void)table_add(&asides->ids, &copy->id, sizeof(copy->id), copy);
	else
		asides->anything = true;
}

void asides_fini(struct asides *asides)
{
	table_fini(&asides->ids);
	for (size_t i = 0; i < asides->count; i++) {
		free(asides->rows[i]->reason);
		free(asides->rows[i]);
	}
	free(asides->rows);
	*asides = (struct asides){ 0 };
}

bool asides_hold(const struct asides *asides) { return asides->anything || asides->ids.count > 0; }

size_t asides_of(const struct asides *asides, const char *tenant)
{
	size_t count = 0;

	for (size_t i = 0; i < asides->count; i++)
		count += asides->rows[i]->holds && str_eq(asides->rows[i]->tenant, tenant);
	return count;
}

bool asides_may_own(const struct asides *asides, const char *tenant)
{
	for (size_t i = 0; i < asides->count; i++)
		if (asides->rows[i]->holds && (!asides->rows[i]->tenant[0] || str_eq(asides->rows[i]->tenant, tenant)))
			return true;
	return false;
}

int asides_refuse(const struct asides *asides, const char *tenant, struct err *err)
{
	size_t count = asides_of(asides, tenant);

	if (!count)
		return 0;
	return err_set(err, ERR_CONFLICT, EBUSY, tenant,
		       "%zu row%s of this tenant in the store cannot be loaded: until then it can but give up what is known: see moat doctor",
		       count, count == 1 ? "" : "s");
}

/* ---------------------------------------------------------------------- the kernel */

/* The id in the name of a link of ours, 0 where it is none. */
static uint64_t id_of(const char *dev)
{
	uint64_t id;

	return dev[0] == 'm' && dev[1] && str_hex48(dev + 2, &id) == 0 ? id : 0;
}

static const struct tenant *tenant_of_router(const struct model *model, uint64_t ns)
{
	const struct tenant *tenant;
	size_t cursor = 0;

	while ((tenant = table_next(&model->tenants, &cursor)))
		if (NS_ID(NS_ROUTER, tenant->id) == ns)
			return tenant;
	return NULL;
}

void asides_hold_uplinks(const struct asides *asides, struct model *model, const struct objv *host)
{
	const struct prefix *pool = &model->pools.transit4;

	if (!asides_hold(asides))
		return;
	model->strangers = true;
	for (size_t i = 0; i < asides->count; i++)
		if (asides->rows[i]->transit >= 0)
			model_transit_hold(model, (uint64_t)asides->rows[i]->transit);
	for (size_t i = 0; i < host->count; i++) {
		const struct obj *obj = &host->items[i];

		if (obj->kind == OBJ_ADDR && str_starts(obj->addr.dev, "mu") && id_of(obj->addr.dev) &&
		    prefix_contains(pool, &obj->addr.addr.ip))
			model_transit_hold(model, ip_diff(&obj->addr.addr.ip, &pool->ip) / 2);
	}
}

/* Links in a router are named after what they are for, which says whose a row of that id is. */
static void find_tenants(struct asides *asides, const struct model *model, const struct objv *have)
{
	for (size_t i = 0; i < have->count; i++) {
		const struct obj *obj = &have->items[i];
		const struct tenant *tenant;
		struct aside *row;
		uint64_t id;

		if (obj->kind != OBJ_LINK || ns_class(obj->ns) != NS_ROUTER)
			continue;
		id = id_of(obj->link.name);
		row = id ? table_find(&asides->ids, &id, sizeof(id)) : NULL;
		tenant = row && !row->tenant[0] ? tenant_of_router(model, obj->ns) : NULL;
		if (tenant)
			(void)str_copy(row->tenant, sizeof(row->tenant), tenant->name);
	}
}

/* Is the router of this id one that something is held in? @routers: of tenants that are known, and hold something. */
static bool is_held(const struct asides *asides, const struct table *routers, uint64_t id)
{
	return table_find(&asides->ids, &id, sizeof(id)) || table_find(routers, &id, sizeof(id));
}

static bool may_be_theirs(const struct asides *asides, const struct model *model, const struct table *routers,
			  const struct obj *obj)
{
	char owner[NAME_FULL_SIZE];
	bool named = obj->kind != OBJ_NETNS && obj->kind != OBJ_RULESET; /* all others begin with the name of a device */
	uint64_t id = ns_id48(obj->ns);

	if (asides->anything)
		return true;
	if (ns_class(obj->ns) == NS_ROUTER)
		return is_held(asides, routers, id);
	if (obj->ns != NS_HOST)
		return table_find(&asides->ids, &id, sizeof(id)) != NULL;
	id = named && str_starts(obj->port.dev, "mu") ? id_of(obj->port.dev) : 0;
	if (id)
		return is_held(asides, routers, id);
	owner_print(model, obj, owner);
	return str_eq(owner, "host") || asides_of(asides, owner) > 0;
}

void asides_keep(struct asides *asides, const struct model *model, struct objv *want, struct objv *have)
{
	struct table routers = { 0 };
	struct objv kept = { 0 };
	struct tenant *tenant;
	size_t cursor = 0;

	if (!asides_hold(asides))
		return;
	objv_sort(want);
	objv_sort(have);
	find_tenants(asides, model, have);
	while ((tenant = table_next(&model->tenants, &cursor)))
		if (asides_of(asides, tenant->name))
			(void)table_add(&routers, &tenant->id, sizeof(tenant->id), tenant);
	for (size_t i = 0; i < have->count; i++)
		if (!objv_find(want, &have->items[i]) && may_be_theirs(asides, model, &routers, &have->items[i]))
			objv_add(&kept, &have->items[i]);
	for (size_t i = 0; i < kept.count; i++)
		objv_add(want, &kept.items[i]);
	objv_fini(&kept);
	table_fini(&routers);
	objv_sort(want);
}

/* -------------------------------------------------------------------------- telling */

void aside_print(const struct aside *aside, struct buf *text)
{
	buf_printf(text, "row %s, of kind %s", aside->row, aside->kind);
	if (aside->tenant[0])
		buf_printf(text, " (of tenant %s)", aside->tenant);
	buf_printf(text, ", of %s", aside->path);
}

size_t asides_report(const struct asides *asides, const char *tenant, json_t *differences)
{
	size_t count = 0;

	for (size_t i = 0; i < asides->count; i++) {
		const struct aside *row = asides->rows[i];
		struct buf text cleanup(buf_fini) = BUF_INIT;

		if (tenant[0] && !str_eq(row->tenant, tenant))
			continue;
		count++;
		aside_print(row, &text);
		json_array_append_new(differences,
				      json_pack("{s:s, s:s, s:s, s:s}", "what", "aside", "owner",
						row->tenant[0] ? row->tenant : "nobody", "object", buf_cstr(&text), "have",
						row->reason));
	}
	return count;
}
