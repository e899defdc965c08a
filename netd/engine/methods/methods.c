/* SPDX-License-Identifier: GPL-2.0-or-later */
/* methods - the table of io.moat's methods, and small helpers of theirs. Floor F4. */
#include "netd/engine/methods/methods.h"

#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

/* clang-format off */
static const struct method methods[] = {
	{ "io.moat.EndpointAttach", method_endpoint_attach, METHOD_CHANGES | METHOD_MAKES | METHOD_SOON },
	{ "io.moat.EndpointDetach", method_endpoint_detach, METHOD_CHANGES | METHOD_SOON },
	{ "io.moat.Version",        method_version,         0 },
	{ "io.moat.TenantCreate",   method_tenant_create,   METHOD_CHANGES | METHOD_MAKES },
	{ "io.moat.TenantSet",      method_tenant_set,      METHOD_CHANGES },
	{ "io.moat.TenantList",     method_tenant_list,     0 },
	{ "io.moat.TenantShow",     method_tenant_show,     0 },
	{ "io.moat.TenantDelete",   method_tenant_delete,   METHOD_CHANGES | METHOD_MAKES },
	{ "io.moat.NetworkCreate",  method_network_create,  METHOD_CHANGES | METHOD_MAKES },
	{ "io.moat.NetworkSet",     method_network_set,     METHOD_CHANGES | METHOD_MAKES },
	{ "io.moat.NetworkList",    method_network_list,    0 },
	{ "io.moat.NetworkShow",    method_network_show,    0 },
	{ "io.moat.NetworkDelete",  method_network_delete,  METHOD_CHANGES | METHOD_MAKES },
	{ "io.moat.EndpointList",   method_endpoint_list,   0 },
	{ "io.moat.EndpointSet",    method_endpoint_set,    METHOD_CHANGES | METHOD_MAKES },
	{ "io.moat.EndpointShow",   method_endpoint_show,   0 },
	{ "io.moat.EndpointCheck",  method_endpoint_check,  0 },
	{ "io.moat.StackCreate",    method_stack_create,    METHOD_CHANGES | METHOD_MAKES },
	{ "io.moat.StackList",      method_stack_list,      0 },
	{ "io.moat.StackShow",      method_stack_show,      0 },
	{ "io.moat.StackOpen",      method_stack_open,      0 },
	{ "io.moat.StackDelete",    method_stack_delete,    METHOD_CHANGES | METHOD_MAKES },
	{ "io.moat.Publish",        method_publish,         METHOD_CHANGES | METHOD_MAKES },
	{ "io.moat.Unpublish",      method_unpublish,       METHOD_CHANGES },
	{ "io.moat.PublishList",    method_publish_list,    0 },
	{ "io.moat.LabUp",          method_lab_up,          METHOD_CHANGES | METHOD_MAKES },
	{ "io.moat.LabDown",        method_lab_down,        METHOD_CHANGES | METHOD_MAKES },
	{ "io.moat.LabList",        method_lab_list,        0 },
	{ "io.moat.LabShow",        method_lab_show,        0 },
	{ "io.moat.Check",          method_check,           0 },
	{ "io.moat.Doctor",         method_doctor,          0 },
	{ "io.moat.Events",         method_events,          0 },
};
/* clang-format on */

const struct method *method_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(methods); i++)
		if (str_eq(methods[i].name, name))
			return &methods[i];
	return NULL;
}

bool method_announced(const void *bytes, size_t size)
{
	for (size_t i = 0; i < ARRAY_COUNT(methods); i++)
		if (methods[i].flags & METHOD_SOON && memmem(bytes, size, methods[i].name, strlen(methods[i].name)))
			return true;
	return false;
}

int method_no_params(struct call *call, struct err *err)
{
	static const struct json_field fields[] = { { 0 } };
	char nothing;

	return call_params(call, fields, &nothing, err);
}

int method_name_param(struct call *call, const char **ret_name, struct err *err)
{
	struct {
		const char *name;
	} params = { 0 };
	static const struct json_field fields[] = {
		{ "name", JSON_FIELD_STRING, 0, JSON_REQUIRED, 0, 0 },
		{ 0 },
	};
	int r = call_params(call, fields, &params, err);

	if (r == 0)
		*ret_name = params.name;
	return r;
}

int method_named(struct call *call, const char *kind, const char *full, bool ifname, struct name *ret_name, struct err *err)
{
	int r = name_parse(kind, full, ifname, ret_name, err);

	return r < 0 ? r : call_allow(call, ret_name->tenant, err);
}

int method_tenant_param(struct call *call, const struct tenant **ret_tenant, struct err *err)
{
	struct {
		const char *tenant;
	} params = { 0 };
	static const struct json_field fields[] = {
		{ "tenant", JSON_FIELD_STRING, 0, 0, 0, 0 },
		{ 0 },
	};
	int r = call_params(call, fields, &params, err);

	if (r < 0)
		return r;
	*ret_tenant = NULL;
	if (!params.tenant)
		return call_allow_any(call, err);
	*ret_tenant = method_tenant(call, params.tenant, err);
	return *ret_tenant ? 0 : -ENOENT;
}

const struct tenant *method_tenant_next(struct call *call, const struct tenant *only, bool labs, size_t *cursor)
{
	const struct tenant *tenant;

	while ((tenant = table_next(&call->engine->model.tenants, cursor)))
		if (only ? tenant == only : (labs || tenant->kind != TENANT_LAB) && call_sees(call, tenant))
			break;
	return tenant;
}

struct tenant *method_tenant(struct call *call, const char *name, struct err *err)
{
	struct tenant *tenant;

	/* first: who may not know of it is not told either whether it is there */
	if (name_tenant_check(name, err) < 0 || call_allow(call, name, err) < 0)
		return NULL;
	tenant = model_tenant(&call->engine->model, name);
	if (tenant && tenant->life == LIFE_UP)
		return tenant;
	if (asides_refuse(&call->engine->asides, name, err) == 0)
		err_set(err, ERR_NOTFOUND, ENOENT, name, "there is no tenant of this name");
	return NULL;
}

static void full_name(const struct name *name, char dst[NAME_FULL_SIZE])
{
	snprintf(dst, NAME_FULL_SIZE, "%s/%s%s%s", name->tenant, name->name, name->ifname[0] ? ":" : "", name->ifname);
}

struct network *method_network(struct call *call, const struct name *name, struct err *err)
{
	struct network *network = model_network(&call->engine->model, name);
	char full[NAME_FULL_SIZE];

	if (call_allow(call, name->tenant, err) < 0)
		return NULL;
	if (network && network->life == LIFE_UP)
		return network;
	full_name(name, full);
	if (!model_tenant(&call->engine->model, name->tenant))
		err_set(err, ERR_NOTFOUND, ENOENT, full, "there is no tenant '%s'", name->tenant);
	else
		err_set(err, ERR_NOTFOUND, ENOENT, full, "there is no network of this name");
	return NULL;
}

struct stack *method_stack(struct call *call, const struct name *name, struct err *err)
{
	struct stack *stack = model_stack(&call->engine->model, name);
	char full[NAME_FULL_SIZE];

	if (call_allow(call, name->tenant, err) < 0)
		return NULL;
	if (stack && stack->life == LIFE_UP)
		return stack;
	full_name(name, full);
	err_set(err, ERR_NOTFOUND, ENOENT, full, "there is no stack of this name");
	return NULL;
}

struct endpoint *method_endpoint(struct call *call, const char *full, struct err *err)
{
	struct endpoint *endpoint = NULL;
	struct stack *stack;
	struct name name;

	if (name_parse("endpoint", full, true, &name, err) < 0)
		return NULL;
	stack = method_stack(call, &name, err);
	if (!stack)
		return NULL;
	if (name.ifname[0]) {
		endpoint = stack_endpoint(stack, name.ifname);
	} else if (!list_empty(&stack->endpoints)) {
		endpoint = container_of(stack->endpoints.next, struct endpoint, stack_link);
		if (stack->endpoints.next != stack->endpoints.prev) {
			err_set(err, ERR_USAGE, EINVAL, full, "it has several interfaces: name one as %s:%s", full,
				endpoint->ifname);
			return NULL;
		}
	}
	if (!endpoint || endpoint->life != LIFE_UP) {
		err_set(err, ERR_NOTFOUND, ENOENT, full, "there is no endpoint of this name");
		return NULL;
	}
	return endpoint;
}
