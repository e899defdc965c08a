/* SPDX-License-Identifier: GPL-2.0-or-later */
/* owner - from kernel objects back to the model. Floor F4, pure. */
#include "netd/engine/compare/owner.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

void owner_ns_print(const struct model *model, uint64_t ns, char dst[NAME_FULL_SIZE])
{
	const struct stack *stack = model_stack_by_ns(model, ns);
	const struct tenant *tenant;
	size_t cursor = 0;

	snprintf(dst, NAME_FULL_SIZE, ns == NS_HOST ? "host" : "nobody");
	if (stack)
		stack_name_print(stack, dst);
	while (ns_class(ns) == NS_ROUTER && (tenant = table_next(&model->tenants, &cursor)))
		if (ns == NS_ID(NS_ROUTER, tenant->id))
			snprintf(dst, NAME_FULL_SIZE, "%s", tenant->name);
}

/* Is the prefix of @elem, which names no uplink, routed to @tenant? */
static bool routes(const struct tenant *tenant, const struct obj_elem *elem)
{
	const struct network *network;
	size_t cursor = 0;

	while ((elem->set == SET_HOST_OWN4 || elem->set == SET_HOST_OWN6) &&
	       (network = table_next(&tenant->networks, &cursor)))
		for (size_t i = 0; i < network->subnet_count; i++)
			if (network->routed[i] && network->subnets[i].len == elem->len &&
			    ip_cmp(&network->subnets[i].ip, &elem->ip) == 0)
				return true;
	return false;
}

/* Does the host answer for an endpoint of @tenant that has this address? */
static bool answers(const struct tenant *tenant, const struct obj_proxy *proxy)
{
	const struct network *network;
	size_t cursor = 0;

	while ((network = table_next(&tenant->networks, &cursor)))
		if (network_proxy_dev(network, &proxy->ip))
			return true;
	return false;
}

/* The tenant an object of the host is there for: by its uplink, its prefix, or the transit address a port leads to. */
static const struct tenant *served(const struct model *model, const struct obj *obj)
{
	const struct tenant *tenant;
	size_t cursor = 0;
	uint64_t id;

	if (obj->kind == OBJ_NETNS || obj->kind == OBJ_RULESET)
		return NULL;
	while ((tenant = table_next(&model->tenants, &cursor))) {
		struct prefix ip4 = tenant_transit4(tenant, true), ip6 = tenant_transit6(tenant, true);

		/* every other kind begins with the name of a device */
		if (str_starts(obj->port.dev, "mu") && str_hex48(obj->port.dev + 2, &id) == 0 && id == tenant->id)
			return tenant;
		if ((obj->kind == OBJ_ELEM && routes(tenant, &obj->elem)) ||
		    (obj->kind == OBJ_PROXY && answers(tenant, &obj->proxy)))
			return tenant;
		if (obj->kind == OBJ_ELEM &&
		    (ip_cmp(&obj->elem.to_ip, &ip4.ip) == 0 || ip_cmp(&obj->elem.to_ip, &ip6.ip) == 0))
			return tenant;
	}
	return NULL;
}

void owner_print(const struct model *model, const struct obj *obj, char dst[NAME_FULL_SIZE])
{
	const struct tenant *tenant = obj->ns == NS_HOST ? served(model, obj) : NULL;

	if (tenant)
		snprintf(dst, NAME_FULL_SIZE, "%s", tenant->name);
	else
		owner_ns_print(model, obj->ns, dst);
}

bool owner_of_tenant(const char *owner, const char *tenant)
{
	size_t len = strlen(tenant);

	return len == 0 || (strncmp(owner, tenant, len) == 0 && (owner[len] == '\0' || owner[len] == '/'));
}

/* Id of the port an object of a router is about, 0 for none. All kinds but these two begin with the name of a device. */
static uint64_t port_of(const struct obj *obj)
{
	uint64_t id;

	if (obj->kind == OBJ_NETNS || obj->kind == OBJ_RULESET || ns_class(obj->ns) != NS_ROUTER)
		return 0;
	return str_starts(obj->port.dev, "mp") && str_hex48(obj->port.dev + 2, &id) == 0 ? id : 0;
}

/* The stack whose owner may have made the operation fail, 0 for none. */
uint64_t owner_culprit(const struct model *model, const struct op *op)
{
	const struct endpoint *endpoint;

	if (owner_is_stack(op->obj.ns))
		return op->obj.ns;
	if (op->obj.kind == OBJ_LINK && owner_is_stack(op->obj.link.peer_ns))
		return op->obj.link.peer_ns;
	endpoint = port_of(&op->obj) ? model_endpoint_by_id(model, port_of(&op->obj)) : NULL;
	return endpoint ? endpoint->stack->ns : 0;
}

/* Of the host's side of router @ns: its uplink, and what names it. */
static bool is_of_uplink(const struct obj *obj, uint64_t ns)
{
	uint64_t id;

	if (obj->ns != NS_HOST || obj->kind == OBJ_NETNS || obj->kind == OBJ_RULESET || ns_class(ns) != NS_ROUTER)
		return false;
	return str_starts(obj->port.dev, "mu") && str_hex48(obj->port.dev + 2, &id) == 0 && id == ns_id48(ns);
}

bool owner_concerns(const struct op *op, uint64_t ns, const struct stack *stack)
{
	uint64_t port = port_of(&op->obj);

	if (op->obj.ns == ns || (op->obj.kind == OBJ_LINK && op->obj.link.peer_ns == ns) || is_of_uplink(&op->obj, ns))
		return true;
	if (!port || !stack)
		return false;
	list_each(node, &stack->endpoints)
		if (container_of(node, struct endpoint, stack_link)->id == port)
			return true;
	return false;
}
