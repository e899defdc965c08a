/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * publish - published ports: who holds which port of the host. Floor F2, pure.
 *
 * Two publications of one protocol and port clash when either means every
 * address of the host or both mean the same one; and inside one tenant always,
 * since the router tells them apart by protocol and port alone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/model/model.h"

/* key: protocol in the upper half, port in the lower */
struct port_slot {
	uint32_t key;
	struct list publishes;
};

static uint32_t slot_key(const struct portspec *spec) { return (uint32_t)spec->proto << 16 | spec->host_port; }

static bool clashes(const struct publish *held, const struct endpoint *endpoint, const struct portspec *spec)
{
	return held->spec.host_ip.family == 0 || spec->host_ip.family == 0 ||
	       ip_cmp(&held->spec.host_ip, &spec->host_ip) == 0 ||
	       held->endpoint->stack->tenant == endpoint->stack->tenant;
}

static int publish_check(const struct endpoint *endpoint, const struct portspec *spec, struct err *err)
{
	const struct model *model = endpoint->stack->tenant->model;
	uint32_t key = slot_key(spec);
	const struct port_slot *slot = table_find(&model->ports, &key, sizeof(key));
	char text[PORTSPEC_SIZE], holder[NAME_FULL_SIZE];

	portspec_print(spec, text);
	if (spec->host_ip.family != 0) {
		bool has = false;

		for (size_t i = 0; i < endpoint->ip_count; i++)
			has = has || endpoint->ips[i].ip.family == spec->host_ip.family;
		if (!has)
			return err_set(err, ERR_USAGE, EINVAL, text, "the endpoint has no IPv%u address",
				       spec->host_ip.family);
	}
	if (!slot)
		return 0;
	list_each(node, &slot->publishes) {
		const struct publish *held = container_of(node, struct publish, slot_link);

		if (!clashes(held, endpoint, spec))
			continue;
		endpoint_name_print(held->endpoint, holder);
		return err_set(err, ERR_PORTTAKEN, EADDRINUSE, text, "port %u is published by %s", spec->host_port, holder);
	}
	return 0;
}

static void publish_add(struct endpoint *endpoint, const struct portspec *spec)
{
	struct model *model = endpoint->stack->tenant->model;
	uint32_t key = slot_key(spec);
	struct port_slot *slot = table_find(&model->ports, &key, sizeof(key));
	struct publish *publish = mem_alloc(sizeof(*publish));

	if (!slot) {
		slot = mem_alloc(sizeof(*slot));
		slot->key = key;
		list_init(&slot->publishes);
		table_add(&model->ports, &slot->key, sizeof(slot->key), slot);
	}
	publish->spec = *spec;
	publish->endpoint = endpoint;
	list_append(&slot->publishes, &publish->slot_link);
	endpoint->publish = mem_grow(endpoint->publish, endpoint->publish_count + 1, sizeof(*endpoint->publish));
	endpoint->publish[endpoint->publish_count++] = publish;
	endpoint->stack->tenant->port_count++;
}

static void publish_del(struct endpoint *endpoint, size_t index)
{
	struct model *model = endpoint->stack->tenant->model;
	struct publish *publish = endpoint->publish[index];
	uint32_t key = slot_key(&publish->spec);
	struct port_slot *slot = table_find(&model->ports, &key, sizeof(key));

	list_remove(&publish->slot_link);
	if (slot && list_empty(&slot->publishes)) {
		table_del(&model->ports, &key, sizeof(key));
		free(slot);
	}
	free(publish);
	memmove(&endpoint->publish[index], &endpoint->publish[index + 1],
		(endpoint->publish_count - index - 1) * sizeof(*endpoint->publish));
	endpoint->publish_count--;
	endpoint->stack->tenant->port_count--;
}

int model_publish(struct endpoint *endpoint, const struct portspec *specs, size_t count, struct err *err)
{
	const struct tenant *tenant = endpoint->stack->tenant;
	size_t before = endpoint->publish_count;
	char text[PORTSPEC_SIZE];
	int r = 0;

	if (count == 0)
		return 0;
	if (!endpoint->network || endpoint->network->internal)
		return err_set(err, ERR_CONFLICT, EINVAL, portspec_print(&specs[0], text),
			       "ports are published for endpoints of a network with a way out");
	if (before + count > ENDPOINT_PUBLISH_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, portspec_print(&specs[0], text),
			       "an endpoint publishes at most %d ports", ENDPOINT_PUBLISH_MAX);
	if (!quota_left(tenant, tenant->quota.ports, tenant->port_count, count))
		return err_set(err, ERR_QUOTA, EDQUOT, portspec_print(&specs[0], text),
			       "tenant %s may publish %lld ports", tenant->name, (long long)tenant->quota.ports);
	for (size_t i = 0; i < count; i++) {
		r = publish_check(endpoint, &specs[i], err);
		if (r < 0)
			break;
		publish_add(endpoint, &specs[i]);
	}
	while (r < 0 && endpoint->publish_count > before)
		publish_del(endpoint, endpoint->publish_count - 1);
	return r;
}

bool model_unpublish(struct endpoint *endpoint, const struct portspec *spec)
{
	for (size_t i = 0; i < endpoint->publish_count; i++) {
		const struct portspec *held = &endpoint->publish[i]->spec;

		if (held->proto == spec->proto && held->host_port == spec->host_port && held->port == spec->port &&
		    ip_cmp(&held->host_ip, &spec->host_ip) == 0) {
			publish_del(endpoint, i);
			return true;
		}
	}
	return false;
}
