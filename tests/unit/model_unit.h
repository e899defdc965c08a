/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model_unit - a model with small pools, and its rules in a line each, for the unit tests of lib/model. */
#ifndef MOAT_TESTS_UNIT_MODEL_UNIT_H
#define MOAT_TESTS_UNIT_MODEL_UNIT_H

#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/model/model.h"

static inline struct prefix prefix_of(const char *s)
{
	struct prefix prefix;

	if (prefix_parse(s, &prefix) < 0)
		fail_msg("'%s' is no prefix", s);
	return prefix;
}

static inline struct ip ip_of(const char *s)
{
	struct ip ip;

	if (ip_parse(s, &ip) < 0)
		fail_msg("'%s' is no address", s);
	return ip;
}

static inline struct pools small_pools(void)
{
	return (struct pools){
		.transit4 = prefix_of("100.72.0.0/28"), /* 8 tenants */
		.transit6 = prefix_of("fd00:7::/64"),
		.nets4 = prefix_of("10.64.0.0/22"), /* 4 networks */
		.nets6 = prefix_of("fd00:64::/56"),
	};
}

/* A failure of this kind, about this object ("" any), and nothing else. */
static inline void assert_refused(int r, const struct err *err, enum err_kind kind, const char *object,
				  const char *words)
{
	struct err told = ERR_INIT; /* what cannot be printed is told as '?' */

	if (r >= 0)
		fail_msg("it was taken: '%s' should have been refused: %s", object, words);
	err_set(&told, kind, 1, object, "-");
	if (err->kind != kind || !strstr(err->msg, words) || (*object && strcmp(err->object, told.object) != 0))
		fail_msg("refused as %s '%s': %s; expected %s '%s': ...%s...", err_kind_name(err->kind), err->object,
			 err->msg, err_kind_name(kind), object, words);
	assert_int_equal(r, -err->no);
	assert_true(err->no > 0);
}

static inline struct tenant *tenant_of(struct model *model, const char *name, uint64_t id)
{
	const struct tenant_want want = { .name = name, .quota = { -1, -1, -1 }, .id = id, .transit = -1 };
	struct tenant *tenant = NULL;
	struct err err = ERR_INIT;

	if (model_tenant_add(model, &want, &tenant, &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	return tenant;
}

/* @subnets: up to MODEL_SUBNETS_MAX, with blanks between; "" for automatic ones; "routed ..." and "l2" for that mode */
static inline int network_try(struct model *model, const char *full, uint64_t id, const char *subnets,
			      const char *gateways, struct network **ret_network, struct err *err)
{
	struct prefix prefixes[MODEL_SUBNETS_MAX + 1];
	struct ip ips[MODEL_SUBNETS_MAX + 1];
	struct network_want want = { .id = id, .subnets = prefixes, .gateways = ips, .mtu = 1500, .guard = true,
				     .masquerade = true };
	char text[256], *word, *rest;

	if (strncmp(subnets, "routed", 6) == 0) {
		want.mode = NETWORK_ROUTED;
		subnets += 6;
	} else if (strcmp(subnets, "l2") == 0) {
		want.mode = NETWORK_L2;
		want.guard = false;
		subnets += 2;
	}
	assert_int_equal(name_parse("network", full, false, &want.name, err), 0);
	snprintf(text, sizeof(text), "%s", subnets);
	for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		prefixes[want.subnet_count++] = prefix_of(word);
	snprintf(text, sizeof(text), "%s", gateways);
	for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		ips[want.gateway_count++] = ip_of(word);
	return model_network_add(model, &want, ret_network, err);
}

static inline struct network *network_of(struct model *model, const char *full, uint64_t id, const char *subnets)
{
	struct network *network = NULL;
	struct err err = ERR_INIT;

	if (network_try(model, full, id, subnets, "", &network, &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	return network;
}

static inline struct stack *stack_of(struct tenant *tenant, const char *name, uint64_t id)
{
	struct stack *stack = NULL;
	struct err err = ERR_INIT;

	if (model_stack_add(tenant, name, STACK_BARE, id, &stack, &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	return stack;
}

/* @ips: asked for, with blanks between */
static inline int endpoint_try(struct stack *stack, struct network *network, const char *ifname, uint64_t id, const char *ips,
			       struct endpoint **ret_endpoint, struct err *err)
{
	struct ip asked[8];
	struct endpoint_want want = { .id = id, .ifname = ifname, .ips = asked, .default_route = true };
	char text[256], *word, *rest;

	snprintf(text, sizeof(text), "%s", ips);
	for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		asked[want.ip_count++] = ip_of(word);
	return model_endpoint_add(stack, network, &want, ret_endpoint, err);
}

static inline struct endpoint *endpoint_of(struct stack *stack, struct network *network, const char *ifname, uint64_t id,
					   const char *ips)
{
	struct endpoint *endpoint = NULL;
	struct err err = ERR_INIT;

	if (endpoint_try(stack, network, ifname, id, ips, &endpoint, &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	return endpoint;
}

static inline void assert_ips(const struct endpoint *endpoint, const char *expected)
{
	char text[8 * PREFIX_STR_SIZE] = "", one[PREFIX_STR_SIZE];

	for (size_t i = 0; i < endpoint->ip_count; i++) {
		if (i)
			strcat(text, " ");
		strcat(text, prefix_print(&endpoint->ips[i], one));
	}
	assert_string_equal(text, expected);
}

static inline int publish_try(struct endpoint *endpoint, const char *spec, struct err *err)
{
	struct portspec parsed;

	assert_int_equal(portspec_parse(spec, &parsed, err), 0);
	return model_publish(endpoint, &parsed, 1, err);
}

static inline void assert_empty(const struct model *model)
{
	assert_int_equal(model->tenants.count, 0);
	assert_int_equal(model->ids.count, 0);
	assert_int_equal(model->transits.count, 0);
	assert_int_equal(model->ports.count, 0);
	assert_int_equal(model->requests.count, 0);
	assert_int_equal(model->netnses.count, 0);
	assert_int_equal(model->nets.count, 0);
}

#endif
