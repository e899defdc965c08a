/* SPDX-License-Identifier: GPL-2.0-or-later */
/* methods - the methods of io.moat, one file a subject (m_*.c), and what they share. Floor F4. */
#ifndef MOAT_ENGINE_METHODS_H
#define MOAT_ENGINE_METHODS_H

#include "lib/base/str.h"
#include "netd/engine/api.h"

/* clang-format off */
int method_tenant_create(struct call *call, struct err *err);
int method_tenant_set(struct call *call, struct err *err);
int method_tenant_list(struct call *call, struct err *err);
int method_tenant_show(struct call *call, struct err *err);
int method_tenant_delete(struct call *call, struct err *err);
int method_network_create(struct call *call, struct err *err);
int method_network_set(struct call *call, struct err *err);
int method_network_list(struct call *call, struct err *err);
int method_network_show(struct call *call, struct err *err);
int method_network_delete(struct call *call, struct err *err);
int method_endpoint_attach(struct call *call, struct err *err);
int method_endpoint_detach(struct call *call, struct err *err);
int method_endpoint_list(struct call *call, struct err *err);
int method_endpoint_set(struct call *call, struct err *err);
int method_endpoint_show(struct call *call, struct err *err);
int method_endpoint_check(struct call *call, struct err *err);
int method_stack_create(struct call *call, struct err *err);
int method_stack_list(struct call *call, struct err *err);
int method_stack_show(struct call *call, struct err *err);
int method_stack_open(struct call *call, struct err *err);
int method_stack_delete(struct call *call, struct err *err);
int method_publish(struct call *call, struct err *err);
int method_unpublish(struct call *call, struct err *err);
int method_publish_list(struct call *call, struct err *err);
int method_lab_up(struct call *call, struct err *err);
int method_lab_down(struct call *call, struct err *err);
int method_lab_list(struct call *call, struct err *err);
int method_lab_show(struct call *call, struct err *err);
int method_version(struct call *call, struct err *err);
int method_check(struct call *call, struct err *err);
int method_doctor(struct call *call, struct err *err);
int method_events(struct call *call, struct err *err);
/* clang-format on */

/** method_no_params() - there are no parameters */
int method_no_params(struct call *call, struct err *err);
/** method_name_param() - the parameters are {name} and nothing else */
int method_name_param(struct call *call, const char **ret_name, struct err *err);
/** method_named() - @full names a @kind ("network") in a tenant that the asker may use; @ifname: it may end in :IFNAME */
int method_named(struct call *call, const char *kind, const char *full, bool ifname, struct name *ret_name, struct err *err);
/** method_tenant_param() - the parameters are {tenant?}; the tenant, when named, must exist (*ret_tenant NULL: all) */
int method_tenant_param(struct call *call, const struct tenant **ret_tenant, struct err *err);
/** method_tenant_next() - the next one whose things a list shows: @only, or (NULL) all that the asker may know, @labs with them */
const struct tenant *method_tenant_next(struct call *call, const struct tenant *only, bool labs, size_t *cursor);

/* Find what stands (LIFE_UP), or say in @err that it does not, or that the asker may not know: who gets it may use it. */
struct tenant *method_tenant(struct call *call, const char *name, struct err *err);
struct network *method_network(struct call *call, const struct name *name, struct err *err);
struct stack *method_stack(struct call *call, const struct name *name, struct err *err);
/** method_endpoint() - by "T/N:IF", or "T/N" where the stack has one */
struct endpoint *method_endpoint(struct call *call, const char *full, struct err *err);

/** method_look_first() - the answer depends on routes of the host that are not watched: look at it, then the call comes again */
bool method_look_first(struct call *call);
/** network_set_resume() - at start, when the kernel is as the store says: changes that were cut off are carried on */
void network_set_resume(struct engine *engine);
/* Addresses of a network as parameters; @object is what the failure is told of. */
int method_range(const char *object, const char *text, struct ip_range *ret_range, struct err *err);
/** method_bandwidth() - what @object (NULL: nothing) says into @bandwidth, which keeps what it does not say */
int method_bandwidth(struct call *call, const json_t *object, struct bandwidth *bandwidth, struct err *err);
/** method_routes() - what @array (NULL: nothing) says into @routes, of ENDPOINT_ROUTES_MAX; is one to all addresses among them? */
int method_routes(struct call *call, const json_t *array, const char *object, struct stack_route *routes, size_t *ret_count,
		  bool *ret_leads_out, struct err *err);
/**
 * method_endpoint_netns() - the descriptor of a namespace that is not ours, which came as number @index; -1 where none came, or
 * the hand has the namespace. Return: 0, -EBADF, -ESTALE: it is another one.
 */
int method_endpoint_netns(struct call *call, const struct endpoint *endpoint, int64_t index, int *ret_fd, struct err *err);
int method_reserve(const char *object, const char *text, struct ipam_reserve *ret_reserve, struct err *err);

/** method_drop_tenant() - remove a tenant or lab with all in it (rules checked by the caller) */
void method_drop_tenant(struct call *call, struct tenant *tenant, const char *event);

#endif
