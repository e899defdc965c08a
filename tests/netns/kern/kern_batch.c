/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kern_batch - what a batch promises: an ack for each rtnetlink message, in
 * place; nftables all or nothing, with the message that failed named.
 */
#include <errno.h>
#include <string.h>

#include "tests/netns/kern/world.h"

#define ROUTER NS_ID(NS_ROUTER, 0x42)

static struct world world;

static struct obj veth(unsigned i)
{
	char name[OBJ_IFNAME_SIZE], peer[OBJ_IFNAME_SIZE];

	snprintf(name, sizeof(name), "mp%012x", i);
	snprintf(peer, sizeof(peer), "mq%012x", i);
	return obj_veth(ROUTER, name, &(struct mac){0}, ROUTER, peer, &(struct mac){0}, 1500,
			"", "");
}

/* rtnetlink is no transaction: the one in the middle fails, those around it stand. */
static void test_failing_middle(void **state)
{
	struct stack router = stack_make(&world, ROUTER);
	struct obj first = veth(1), last = veth(3);
	struct obj missing = obj_up(ROUTER, "mp000000000001");
	struct nlbatch batch = {0};
	struct nlack acks[4];

	(void)state;
	rtnl_veth_add(&batch, &first.link, 0, -1);
	rtnl_veth_add(&batch, &first.link, 0, -1); /* again */
	rtnl_link_up(&batch, "nobody", true);
	rtnl_veth_add(&batch, &last.link, 0, -1);
	assert_int_equal(batch.count, 4);
	assert_int_equal(nlsock_exec(router.rtnl, &batch, acks), 1);
	assert_int_equal(acks[0].status, 0);
	assert_int_equal(acks[1].status, -EEXIST);
	assert_int_equal(acks[2].status, -ENODEV);
	assert_int_equal(acks[3].status, 0);
	nlbatch_fini(&batch);
	assert_have(&router, &first);
	assert_have(&router, &last);
	assert_have_not(&router, &missing);
	stack_fini(&router);
}

/* The kernel's own words come along. */
static void test_words(void **state)
{
	struct stack router = stack_make(&world, ROUTER);
	struct obj obj = veth(1);
	struct prefix dst = prefix_of("10.1.0.0/16");
	struct ip via = ip_of("192.0.2.1");
	struct obj route = obj_route(ROUTER, &dst, &via, "mp000000000001");
	struct nlbatch batch = {0};
	struct nlack ack;

	(void)state;
	rtnl_veth_add(&batch, &obj.link, 0, -1);
	rtnl_link_up(&batch, "mp000000000001", true);
	rtnl_link_up(&batch, "mq000000000001", true);
	rtnl_run(&router, &batch);
	rtnl_route_add(&batch, &route.route, index_of(&router, "mp000000000001"));
	assert_int_equal(nlsock_exec(router.rtnl, &batch, &ack), 1);
	assert_int_equal(ack.status, -ENETUNREACH);
	assert_string_equal(ack.text, "Nexthop has invalid gateway");
	nlbatch_fini(&batch);
	stack_fini(&router);
}

/* More messages than one sendmsg() takes, a failure in every hundredth: every ack at its place. */
static void test_many(void **state)
{
	enum { COUNT = 3000 };
	struct stack router = stack_make(&world, ROUTER);
	struct obj link = veth(1);
	struct nlbatch batch = {0};
	static struct nlack acks[COUNT];
	uint32_t index;

	(void)state;
	rtnl_veth_add(&batch, &link.link, 0, -1);
	rtnl_run(&router, &batch);
	index = index_of(&router, "mp000000000001");
	for (uint32_t i = 0; i < COUNT; i++) {
		struct prefix prefix = {
			.ip = ip4_make(0x0a000001 + (i % 100 == 99 ? i - 1 : i)), .len = 32};
		struct obj obj = obj_addr(ROUTER, "mp000000000001", &prefix);

		rtnl_addr_add(&batch, &obj.addr, index);
	}
	assert_int_equal(nlsock_exec(router.rtnl, &batch, acks), 1);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(acks[i].status, i % 100 == 99 ? -EEXIST : 0);
	nlbatch_fini(&batch);
	stack_fini(&router);
}

static void test_nft_all_or_nothing(void **state)
{
	struct stack router = stack_make(&world, ROUTER);
	struct obj good = elem_of(ROUTER, SET_GUARD_IP4, "mp1", NULL, "10.0.0.1");
	struct obj more = elem_of(ROUTER, SET_GUARD_IP6, "mp1", NULL, "fd00::1");
	struct nlbatch batch = {0};
	struct err err = ERR_INIT;
	uint32_t index = 0;

	(void)state;
	lay(&router, RULESET_GUARD, &world.features);
	add_elem(&router, &good);
	nft_begin(&batch);
	nft_elem_add(&batch, &more.elem);
	nft_elem_add(&batch, &good.elem); /* exists */
	nft_end(&batch);
	assert_int_equal(nft_exec(router.nft, &batch, &index, &err), -EEXIST);
	assert_int_equal(index, 2); /* begin is 0 */
	assert_non_null(strstr(err.msg, "set ip4_ok"));
	nlbatch_fini(&batch);
	assert_have_not(&router, &more);
	assert_have(&router, &good);
	/* and the socket is good for the next one */
	add_elem(&router, &more);
	assert_have(&router, &more);
	stack_fini(&router);
}

/* A transaction as large as a lab's: one sendmsg(). */
static void test_nft_large(void **state)
{
	enum { COUNT = 50000 };
	struct stack router = stack_make(&world, ROUTER);
	struct nlbatch batch = {0};
	struct objv have = {0};
	size_t count = 0;

	(void)state;
	lay(&router, RULESET_GUARD, &world.features);
	nft_begin(&batch);
	for (uint32_t i = 0; i < COUNT; i++) {
		struct obj obj = elem_of(ROUTER, SET_GUARD_IP4, "mp1", NULL, "10.0.0.1");

		obj.elem.ip = ip4_make(0x0a000000 + i);
		nft_elem_add(&batch, &obj.elem);
	}
	assert_int_equal(nft_run(&router, &batch), 0);
	snapshot(&router, &have);
	for (size_t i = 0; i < have.count; i++)
		count += have.items[i].kind == OBJ_ELEM;
	assert_int_equal(count, COUNT);
	objv_fini(&have);
	stack_fini(&router);
}

static void test_empty(void **state)
{
	struct stack router = stack_make(&world, ROUTER);
	struct nlbatch batch = {0};

	(void)state;
	assert_int_equal(nlsock_exec(router.rtnl, &batch, NULL), 0);
	nft_begin(&batch);
	assert_int_equal(nft_run(&router, &batch), 0);
	stack_fini(&router);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failing_middle),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_nft_all_or_nothing),
		cmocka_unit_test(test_nft_large),
		cmocka_unit_test(test_empty),
	};

	world_enter(&world);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
