/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conf - what the parts that decode a configuration share: conf.c its top, ipam.c, runtime.c. Floor F5. Pure. */
#ifndef MOAT_CNI_CONF_H
#define MOAT_CNI_CONF_H

#include "cni/cni.h"
#include "lib/base/addr.h"
#include "lib/base/json.h"

/** struct cni_top - the configuration's top; texts and documents are the configuration's */
struct cni_top {
	const char *name, *tenant, *network, *mode, *socket, *bridge, *ip_masq_backend, *mac;
	int64_t mtu;
	int ip_masq, is_default_gateway, host_access, name_service;
	const json_t *ipam, *dns, *runtime, *args, *prev_result;
};

/** cni_ipam_decode() - `ipam`: whose addresses, which subnets, which default route (ipam.c) */
int cni_ipam_decode(struct cni_request *request, const struct cni_top *top, struct arena *arena, struct err *err);
/** struct cni_texts - a growing vector in the arena, with room for @max and a NULL */
struct cni_texts {
	const char **items;
	size_t count, max;
};
struct cni_texts cni_texts_make(struct arena *arena, size_t max);
void cni_texts_add(struct cni_texts *texts, const char *text);
/**
 * cni_range_exclude() - what of @subnet lies before @start and behind @end (each "" or NULL: nothing), as ranges "A-B"
 * Return: CNI_OK, or CNI_CONFIG.
 */
int cni_range_exclude(const struct prefix *subnet, const char *start, const char *end, struct arena *arena,
		      struct cni_texts *excluded, struct err *err);
/**
 * cni_routes_decode() - @routes, in the shape of 1.1.0, into request->routes and request->default_route (routes.c)
 * @gateways: of the network; @what: of the configuration
 */
int cni_routes_decode(struct cni_request *request, const json_t *routes, const char *const *gateways, const char *what,
		      struct err *err);
/** cni_ipam_type() - the type of the delegate, or NULL: for the verbs that need nothing else of it */
const char *cni_ipam_type(const json_t *doc);
/** cni_resolv_read() - *ret_dns: what a resolv.conf(5) says, as a result has it; the caller's (resolv.c). CNI_IO, CNI_CONFIG. */
int cni_resolv_read(const char *path, json_t **ret_dns, struct err *err);
/** cni_stock_check() - keys of the reference plugin that Moat has by design, or has not (stock.c). CNI_FIELD, CNI_DECODE. */
int cni_stock_check(const json_t *doc, struct err *err);
/** cni_tuning_decode() - keys of the reference plugin "tuning", in the configuration and in args.cni, which may be NULL (tune.c) */
int cni_tuning_decode(struct cni_request *request, const json_t *args_cni, struct err *err);
/** cni_runtime_decode() - runtimeConfig, args.cni, dns, and what is tuned (runtime.c) */
int cni_runtime_decode(struct cni_request *request, const struct cni_top *top, struct arena *arena, struct err *err);

/** cni_decode() - as json_decode(), as the specification has it: unknown keys pass, case does not matter. CNI_DECODE. */
int cni_decode(const json_t *object, const struct json_field *rows, struct arena *arena, void *dst, const char *what,
	       struct err *err);
/** cni_member() - of what is not decoded by rows: a key in any case, the last one of several; NULL: not there, or no object */
const json_t *cni_member(const json_t *object, const char *name);
/** cni_field_refuse() - a known field that cannot be honoured. @why: and what to do instead. Return: CNI_FIELD. */
int cni_field_refuse(struct err *err, const char *key, const char *value, const char *why);

/** cni_name_is_valid() - as the specification has names of networks, and no longer than ours */
bool cni_name_is_valid(const char *s);

static inline bool cni_is_set(const char *s) { return s && *s; }

#endif
