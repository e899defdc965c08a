/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_doc - objects of the model as documents of the store, and back. Floor
 * F4, pure. The two directions stand side by side, so that they stay inverses.
 */
#ifndef MOAT_ENGINE_STORE_DOC_H
#define MOAT_ENGINE_STORE_DOC_H

#include "lib/base/json.h"
#include "lib/model/model.h"

json_t *doc_tenant(const struct tenant *tenant);
json_t *doc_network(const struct network *network);
/* Arrays of texts as they are given: "A-B", "NAME=IP". */
json_t *doc_allow_ports(const struct tenant *tenant);
json_t *doc_excluded(const struct network *network);
json_t *doc_reserved(const struct network *network);
json_t *doc_stack(const struct stack *stack);
json_t *doc_memory(const struct ipam_memory *memory); /* like an endpoint's, with less in it */
json_t *doc_endpoint(const struct endpoint *endpoint); /* of a wire: both ends */

/*
 * Each adds one object, LIFE_UP, of what doc_*() wrote, by this version or one before it. What else stands in a document is
 * refused, not passed over: a network whose "guard" cannot be read has one.
 * Return: 0; 1: its tenant, network or stack is not there; < 0: nothing was added.
 */
int load_tenant(struct model *model, uint64_t id, const json_t *doc, struct err *err);
int load_network(struct model *model, uint64_t id, const json_t *doc, struct err *err);
int load_stack(struct model *model, uint64_t id, const json_t *doc, struct err *err);
int load_endpoint(struct model *model, uint64_t id, const json_t *doc, struct err *err);
int load_memory(struct model *model, uint64_t id, const json_t *doc, struct err *err);
int load_wire(struct model *model, uint64_t id, const json_t *doc, struct err *err);

#endif
