/* SPDX-License-Identifier: GPL-2.0-or-later */
/* present - objects of the model as io.moat shows them. Floor F4, pure. Each returns a new document. */
#ifndef MOAT_ENGINE_PRESENT_H
#define MOAT_ENGINE_PRESENT_H

#include <jansson.h>

#include "netd/engine/engine.h"

json_t *present_tenant(const struct engine *engine, const struct tenant *tenant);
json_t *present_network(const struct network *network);
json_t *present_stack(const struct engine *engine, const struct stack *stack);
json_t *present_endpoint(const struct engine *engine, const struct endpoint *endpoint);
json_t *present_publish(const struct endpoint *endpoint); /* array of PORTSPEC */
json_t *present_lab(const struct engine *engine, const struct tenant *lab);
/** netns_path() - where a pinned namespace stands: RUNTIME/ns/<16 hex digits> */
void netns_path(const struct engine *engine, uint64_t ns, char *dst, size_t size);

#endif
