/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * owner - whose a kernel object is: the tenant, stack or endpoint of the model
 * that it is there for. Floor F4, pure.
 */
#ifndef MOAT_ENGINE_OWNER_H
#define MOAT_ENGINE_OWNER_H

#include "lib/plan/plan.h"
#include "netd/engine/engine.h"

/** owner_is_stack() - is it the namespace of a workload, whose insides are its owner's? */
static inline bool owner_is_stack(uint64_t ns) { return ns_class(ns) >= NS_STACK; }

/** owner_ns_print() - "host", the tenant of a router, the full name of a stack, or "nobody" */
void owner_ns_print(const struct model *model, uint64_t ns, char dst[NAME_FULL_SIZE]);
/** owner_print() - the same for an object; one of the host that serves a tenant is that tenant's */
void owner_print(const struct model *model, const struct obj *obj, char dst[NAME_FULL_SIZE]);
/** owner_of_tenant() - is @owner (as printed) the tenant or something of it? "" is every tenant. */
bool owner_of_tenant(const char *owner, const char *tenant);

/** owner_culprit() - the stack whose owner may have made the operation fail; 0 for none */
uint64_t owner_culprit(const struct model *model, const struct op *op);
/**
 * owner_concerns() - is the operation about namespace @ns: in it, a link that leads there, of a stack (@stack, or NULL) a
 * port of its endpoints, of a router its uplink in the host?
 */
bool owner_concerns(const struct op *op, uint64_t ns, const struct stack *stack);

#endif
