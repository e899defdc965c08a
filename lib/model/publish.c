/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * publish - published ports: who holds which port of the host. Floor F2, pure.
 *
 * Two publications of one protocol and port clash when either means every
 * address of the host or both mean the same one; and inside one tenant always
 * but for those of two families, since the router tells them apart by family,
 * protocol and port alone.
 *
 * So within a scope (a protocol, and an address of the host, or all of them,
 * or a tenant) nothing overlaps, and a scope is a portmap. A publication stands
 * in two: its address's and its tenant's. What means every address must clash
 * with no other address's, and looks at as many scopes as there are addresses
 * of the host that ports are published on.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/model/model.h"
#include "lib/model/portmap.h"

/* @tenant: id, 0: of an address; @ip: family 0: every address; of a tenant: its family alone. No padding: it is a key of bytes. */
struct scope_key {
	uint64_t tenant;
	struct ip ip;
	uint8_t proto;
	uint8_t zero[6];
};
_Static_assert(sizeof(struct scope_key) == 32, "a key has no padding");

/* @link: in model.port_addresses, of one address of the host */
struct port_scope {
	struct scope_key key;
	struct portmap map;
	struct list link;
};

static struct scope_key address_key(const struct portspec *spec)
{
	return (struct scope_key){ .ip = spec->host_ip, .proto = spec->proto };
}

/* Of one family: what means every address of the host stands in both. */
static struct scope_key tenant_key(const struct endpoint *endpoint, const struct portspec *spec, uint8_t family)
{
	return (struct scope_key){ .tenant = endpoint->stack->tenant->id, .ip = { .family = family }, .proto = spec->proto };
}

static bool has_family(const struct portspec *spec, uint8_t family)
{
	return !spec->host_ip.family || spec->host_ip.family == family;
}

static const struct publish *scope_find(const struct model *model, struct scope_key key, const struct portspec *spec)
{
	const struct port_scope *scope = table_find(&model->ports, &key, sizeof(key));

	return scope ? portmap_find(&scope->map, spec->host_port, portspec_last(spec)) : NULL;
}

static void scope_add(struct model *model, struct scope_key key, struct publish *publish)
{
	struct port_scope *scope = table_find(&model->ports, &key, sizeof(key));

	if (!scope) {
		scope = mem_alloc(sizeof(*scope));
		scope->key = key;
		list_init(&scope->link);
		if (key.ip.family && !key.tenant)
			list_append(&model->port_addresses, &scope->link);
		table_add(&model->ports, &scope->key, sizeof(scope->key), scope);
	}
	portmap_add(&scope->map, publish->spec.host_port, portspec_last(&publish->spec), publish);
}

static void scope_del(struct model *model, struct scope_key key, const struct portspec *spec)
{
	struct port_scope *scope = table_find(&model->ports, &key, sizeof(key));

	if (!scope)
		return;
	portmap_del(&scope->map, spec->host_port, portspec_last(spec));
	if (!portmap_empty(&scope->map))
		return;
	list_remove(&scope->link);
	table_del(&model->ports, &key, sizeof(key));
	free(scope);
}

/* Of all publications that @spec would clash with, one; NULL when there is none. */
static const struct publish *clash_find(const struct endpoint *endpoint, const struct portspec *spec)
{
	const struct model *model = endpoint->stack->tenant->model;
	const struct scope_key every = { .proto = spec->proto };
	const struct publish *held = scope_find(model, every, spec);

	if (!held && spec->host_ip.family)
		held = scope_find(model, address_key(spec), spec);
	for (uint8_t family = 4; !held && family <= 6; family = (uint8_t)(family + 2))
		if (has_family(spec, family))
			held = scope_find(model, tenant_key(endpoint, spec, family), spec);
	if (held || spec->host_ip.family)
		return held;
	list_each(node, &model->port_addresses) {
		const struct port_scope *scope = container_of(node, struct port_scope, link);

		held = scope->key.proto == spec->proto ? scope_find(model, scope->key, spec) : NULL;
		if (held)
			break;
	}
	return held;
}

static int publish_check(const struct endpoint *endpoint, const struct portspec *spec, struct err *err)
{
	const struct tenant *tenant = endpoint->stack->tenant;
	const struct publish *held;
	char text[PORTSPEC_SIZE], holder[NAME_FULL_SIZE], what[PORTSPEC_SIZE + 80] = "";
	unsigned port;

	portspec_print(spec, text);
	if (spec->host_ip.family != 0) {
		bool has = false;

		for (size_t i = 0; i < endpoint->ip_count; i++)
			has = has || endpoint->ips[i].ip.family == spec->host_ip.family;
		if (!has)
			return err_set(err, ERR_USAGE, EINVAL, text, "the endpoint has no IPv%u address",
				       spec->host_ip.family);
	}
	/* RFC 4007 9: what comes from such an address is forwarded by nobody, and to such an address nothing else comes */
	if (spec->host_ip.family == 6 && ip_is_linklocal(&spec->host_ip) && !tenant->model->loading)
		return err_set(err, ERR_USAGE, EINVAL, text, "a link-local address of the host leads no further than its link");
	port = tenant->allow_ports_count && !tenant->model->loading
		       ? portspec_outside(spec, tenant->allow_ports, tenant->allow_ports_count)
		       : 0;
	if (port)
		return err_set(err, ERR_PERMISSION, EACCES, text, "port %u is not among those that tenant %s may publish", port,
			       tenant->name);
	held = clash_find(endpoint, spec);
	if (!held)
		return 0;
	endpoint_name_print(held->endpoint, holder);
	port = held->spec.host_port > spec->host_port ? held->spec.host_port : spec->host_port;
	if (held->spec.more) {
		char range[PORTSPEC_SIZE];

		snprintf(what, sizeof(what), ", as part of %s", portspec_print(&held->spec, range));
	} else if (held->spec.host_ip.family && spec->host_ip.family && ip_cmp(&held->spec.host_ip, &spec->host_ip) != 0) {
		char ip[IP_STR_SIZE];

		snprintf(what, sizeof(what), " on %s; a tenant has a port on one address of a family", ip_print(&held->spec.host_ip, ip));
	}
	return err_set(err, ERR_PORTTAKEN, EADDRINUSE, text, "port %u is published by %s%s", port, holder, what);
}

static void publish_add(struct endpoint *endpoint, const struct portspec *spec)
{
	struct model *model = endpoint->stack->tenant->model;
	struct publish *publish = mem_alloc(sizeof(*publish));

	publish->spec = *spec;
	publish->endpoint = endpoint;
	scope_add(model, address_key(spec), publish);
	for (uint8_t family = 4; family <= 6; family = (uint8_t)(family + 2))
		if (has_family(spec, family))
			scope_add(model, tenant_key(endpoint, spec, family), publish);
	endpoint->publish = mem_grow(endpoint->publish, endpoint->publish_count + 1, sizeof(*endpoint->publish));
	endpoint->publish[endpoint->publish_count++] = publish;
	endpoint->stack->tenant->port_count += 1U + spec->more;
}

static void publish_del(struct endpoint *endpoint, size_t index)
{
	struct model *model = endpoint->stack->tenant->model;
	struct publish *publish = endpoint->publish[index];

	scope_del(model, address_key(&publish->spec), &publish->spec);
	for (uint8_t family = 4; family <= 6; family = (uint8_t)(family + 2))
		if (has_family(&publish->spec, family))
			scope_del(model, tenant_key(endpoint, &publish->spec, family), &publish->spec);
	endpoint->stack->tenant->port_count -= 1U + publish->spec.more;
	free(publish);
	memmove(&endpoint->publish[index], &endpoint->publish[index + 1],
		(endpoint->publish_count - index - 1) * sizeof(*endpoint->publish));
	endpoint->publish_count--;
}

int model_publish(struct endpoint *endpoint, const struct portspec *specs, size_t count, struct err *err)
{
	const struct tenant *tenant = endpoint->stack->tenant;
	size_t before = endpoint->publish_count, ports = 0;
	char text[PORTSPEC_SIZE];
	int r = 0;

	if (count == 0)
		return 0;
	if (!endpoint->network || endpoint->network->mode == NETWORK_L2)
		return err_set(err, ERR_CONFLICT, EINVAL, portspec_print(&specs[0], text),
			       "ports are published for endpoints of a network with a way out; a wire, or mode l2, has none");
	if (endpoint->network->internal && !tenant->model->loading)
		return err_set(err, ERR_CONFLICT, EINVAL, portspec_print(&specs[0], text),
			       "network %s/%s is internal: a port of it would not be reached from outside", tenant->name,
			       endpoint->network->name);
	if (before + count > ENDPOINT_PUBLISH_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, portspec_print(&specs[0], text),
			       "an endpoint publishes at most %d ports, or ranges of them", ENDPOINT_PUBLISH_MAX);
	for (size_t i = 0; i < count; i++)
		ports += 1U + specs[i].more;
	if (!quota_left(tenant, tenant->quota.ports, tenant->port_count, ports))
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

const struct publish *endpoint_publishes_part(const struct endpoint *endpoint, const struct portspec *spec)
{
	const struct publish *held =
		scope_find(endpoint->stack->tenant->model,
			   tenant_key(endpoint, spec, spec->host_ip.family ? spec->host_ip.family : 4), spec);

	return held && held->endpoint == endpoint && ip_cmp(&held->spec.host_ip, &spec->host_ip) == 0 ? held : NULL;
}

const struct publish *endpoint_publishes(const struct endpoint *endpoint, const struct portspec *spec)
{
	const struct publish *held = endpoint_publishes_part(endpoint, spec);

	return held && portspec_same(&held->spec, spec) ? held : NULL;
}

bool model_unpublish(struct endpoint *endpoint, const struct portspec *spec)
{
	const struct publish *held = endpoint_publishes(endpoint, spec);

	/* from the end: whoever takes an endpoint down takes its last publication first */
	for (size_t i = held ? endpoint->publish_count : 0; i-- > 0;)
		if (endpoint->publish[i] == held) {
			publish_del(endpoint, i);
			return true;
		}
	return false;
}
