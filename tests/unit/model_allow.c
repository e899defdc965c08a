/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model_allow - which addresses beside its own an endpoint may be allowed, and what then may not be any more */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "tests/unit/model_unit.h"

/* @allow, @exclude: with blanks between */
static int allow_try(struct stack *stack, struct network *network, uint64_t id, const char *allow, struct endpoint **ret_endpoint,
		     struct err *err)
{
	struct prefix prefixes[ENDPOINT_ALLOW_MAX + 1];
	struct endpoint_want want = { .id = id, .ifname = "eth0", .allow = prefixes };
	char text[1024], *word, *rest;

	snprintf(text, sizeof(text), "%s", allow);
	for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		assert_int_equal(allow_parse(word, &prefixes[want.allow_count++]), 0);
	return model_endpoint_add(stack, network, &want, ret_endpoint, err);
}

struct scene {
	struct model model;
	struct tenant *red, *blue;
	struct network *web, *db;
	struct stack *w1, *w2;
};

/* red/web has 10.0.0.200 to .210 and fd00:a::200 excluded */
static void scene_init(struct scene *scene)
{
	const struct pools pools = small_pools();
	struct ip_range ranges[2];

	model_init(&scene->model, &pools);
	scene->red = tenant_of(&scene->model, "red", 1);
	scene->blue = tenant_of(&scene->model, "blue", 2);
	scene->web = network_of(&scene->model, "red/web", 3, "10.0.0.0/24 fd00:a::/64");
	scene->db = network_of(&scene->model, "red/db", 4, "10.0.1.0/24");
	assert_int_equal(ip_range_parse("10.0.0.200-10.0.0.210", &ranges[0]), 0);
	assert_int_equal(ip_range_parse("fd00:a::200", &ranges[1]), 0);
	ipam_exclude(scene->web, ranges, 2);
	scene->w1 = stack_of(scene->red, "w1", 5);
	scene->w2 = stack_of(scene->red, "w2", 6);
}

static void refused(void **state)
{
	static const struct {
		const char *allow;
		enum err_kind kind;
		const char *words;
	} rows[] = {
		{ "0.0.0.0/0", ERR_USAGE, "0.0.0.0/0 is not what a stack may have" },
		{ "::/0", ERR_USAGE, "is not what a stack may have" },
		{ "127.0.0.1", ERR_USAGE, "127.0.0.1/32 is not what a stack may have" },
		{ "169.254.1.1", ERR_USAGE, "is not what a stack may have" },
		{ "224.0.0.0/8", ERR_USAGE, "is not what a stack may have" },
		{ "192.0.0.0/2", ERR_USAGE, "is not what a stack may have" },
		{ "::1", ERR_USAGE, "is not what a stack may have" },
		{ "::ffff:10.0.0.9", ERR_USAGE, "is not what a stack may have" },
		{ "fe80::1", ERR_USAGE, "is not what a stack may have" },
		{ "ff02::1", ERR_USAGE, "is not what a stack may have" },
		{ "10.9.0.1/24", ERR_USAGE, "10.9.0.1/24 has host bits set; the prefix is 10.9.0.0/24" },
		{ "10.9.0.0/24 10.9.0.5", ERR_USAGE, "10.9.0.0/24 and 10.9.0.5/32 overlap" },
		{ "10.0.0.0/23", ERR_CONFLICT, "10.0.0.0/23 overlaps 10.0.0.0/24 of network red/web" },
		{ "10.0.0.200/31", ERR_CONFLICT, "10.0.0.200/31 overlaps 10.0.0.0/24 of network red/web" },
		{ "10.0.1.9", ERR_CONFLICT, "10.0.1.9/32 overlaps 10.0.1.0/24 of network red/db" },
		{ "10.0.0.1", ERR_ADDRTAKEN, "10.0.0.1/32 is the gateway of network red/web" },
		{ "10.0.0.255", ERR_USAGE, "10.0.0.255/32 is no host address of network red/web" },
		{ "10.0.0.199", ERR_CONFLICT, "10.0.0.199/32 may be given to another endpoint: exclude it" },
		{ "fd00:a::201", ERR_CONFLICT, "may be given to another endpoint: exclude it" },
	};
	struct scene scene;

	(void)state;
	scene_init(&scene);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct endpoint *endpoint;
		struct err err = ERR_INIT;

		assert_refused(allow_try(scene.w1, scene.web, 10, rows[i].allow, &endpoint, &err), &err, rows[i].kind,
			       "red/w1:eth0", rows[i].words);
	}
	assert_int_equal(scene.web->endpoint_count, 0);
	model_fini(&scene.model);
}

static void taken(void **state)
{
	struct endpoint *first, *other;
	struct err err = ERR_INIT;
	struct network *network;
	struct ip_range range;
	struct stack *b1;
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_int_equal(allow_try(scene.w1, scene.web, 10, "10.9.0.0/24 2001:db8:9::/64 10.0.0.200 fd00:a::200", &first, &err), 0);
	assert_int_equal(first->allow_count, 4);
	assert_true(allow_on_link(scene.web, &first->allow[2]) && !allow_on_link(scene.web, &first->allow[0]));
	/* what it has nobody else gets, by name of the holder; not a network either */
	assert_refused(allow_try(scene.w2, scene.web, 11, "10.9.0.77", &other, &err), &err, ERR_ADDRTAKEN, "red/w2:eth0",
		       "10.9.0.77/32 overlaps 10.9.0.0/24, which is allowed to red/w1:eth0");
	err = (struct err)ERR_INIT;
	assert_refused(allow_try(scene.w2, scene.web, 11, "10.0.0.200", &other, &err), &err, ERR_ADDRTAKEN, "red/w2:eth0",
		       "which is allowed to red/w1:eth0");
	err = (struct err)ERR_INIT;
	assert_refused(network_try(&scene.model, "red/new", 12, "10.9.0.0/16", "", &network, &err), &err, ERR_CONFLICT, "red/new",
		       "subnet 10.9.0.0/16 overlaps 10.9.0.0/24, which is allowed to red/w1:eth0");
	/* nor may what it has of the subnet be given out again */
	assert_int_equal(ip_range_parse("10.0.0.0-10.0.0.199", &range), 0);
	err = (struct err)ERR_INIT;
	assert_refused(allow_still_excluded(scene.web, &range, 1, "red/web", &err), &err, ERR_CONFLICT, "red/web",
		       "10.0.0.200/32 is allowed to red/w1:eth0, and so must stay excluded");
	assert_int_equal(allow_still_excluded(scene.web, scene.web->ipam.excluded, 2, "red/web", &err), 0);
	/* another tenant has its own addresses */
	network = network_of(&scene.model, "blue/web", 13, "10.0.0.0/24");
	b1 = stack_of(scene.blue, "b1", 14);
	assert_int_equal(allow_try(b1, network, 15, "10.9.0.0/24", &other, &err), 0);
	/* what somebody held before it was excluded he keeps */
	endpoint_of(stack_of(scene.red, "w3", 16), scene.web, "eth0", 17, "10.0.0.150");
	assert_int_equal(ip_range_parse("10.0.0.150", &range), 0);
	ipam_exclude(scene.web, &range, 1);
	err = (struct err)ERR_INIT;
	assert_refused(allow_try(scene.w2, scene.web, 11, "10.0.0.150", &other, &err), &err, ERR_ADDRTAKEN, "red/w2:eth0",
		       "10.0.0.150/32 is held by red/w3:eth0");
	assert_int_equal(ip_range_parse("10.0.0.200", &range), 0);
	ipam_exclude(scene.web, &range, 1);
	/* and what went is free */
	model_endpoint_del(first);
	assert_int_equal(allow_try(scene.w2, scene.web, 11, "10.9.0.77 10.0.0.200", &other, &err), 0);
	network_of(&scene.model, "red/new", 12, "10.10.0.0/16");
	model_fini(&scene.model);
}

static void families_and_limits(void **state)
{
	struct endpoint *endpoint;
	struct err err = ERR_INIT;
	char many[512] = "";
	struct prefix prefix;
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_refused(allow_try(scene.w1, scene.db, 10, "2001:db8:9::/64", &endpoint, &err), &err, ERR_USAGE, "red/w1:eth0",
		       "2001:db8:9::/64 is of a family the endpoint has no address of");
	for (int i = 0; i <= ENDPOINT_ALLOW_MAX; i++) {
		char one[32];

		snprintf(one, sizeof(one), "10.9.%d.0/24 ", i);
		strcat(many, one);
	}
	err = (struct err)ERR_INIT;
	assert_refused(allow_try(scene.w1, scene.db, 10, many, &endpoint, &err), &err, ERR_LIMIT, "red/w1:eth0", "at most 16");
	many[strlen(many) - strlen("10.9.16.0/24 ")] = '\0';
	assert_int_equal(allow_try(scene.w1, scene.db, 10, many, &endpoint, &err), 0);
	assert_int_equal(allow_parse("10.0.0.1", &prefix), 0);
	assert_int_equal(prefix.len, 32);
	assert_int_equal(allow_parse("fd00::1", &prefix), 0);
	assert_int_equal(prefix.len, 128);
	assert_int_equal(allow_parse("10.0.0.1/33", &prefix), -EINVAL);
	assert_int_equal(allow_parse("web", &prefix), -EINVAL);
	assert_int_equal(allow_parse(NULL, &prefix), -EINVAL);
	model_fini(&scene.model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(taken),
		cmocka_unit_test(families_and_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
