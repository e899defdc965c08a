/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kern_nft - rulesets, elements and guarded ports in the kernel and back; what
 * is tampered with shows; owned tables withstand a foreign flush and are
 * taken over by the next socket.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/base/fdio.h"
#include "tests/lib/needs.h"
#include "tests/netns/kern/world.h"

#define ROUTER NS_ID(NS_ROUTER, 0x42)

static struct world world;

/* Without the owner flag, so that nft(8) may play the part of the meddler. */
static struct kern_features plain(bool listed)
{
	struct kern_features features = world.features;

	features.nft_owner_persist = false;
	features.netdev_device_add = listed;
	return features;
}

static uint64_t ns_of(enum ruleset_kind kind)
{
	return kind == RULESET_HOST ? 0 : ROUTER;
}

static void assert_digest(struct stack *stack, enum ruleset_kind kind, unsigned digest)
{
	struct obj key = obj_ruleset(stack->ns, kind, NFT_RULESET_VERSION);
	struct objv have = {0};
	const struct obj *found;

	snapshot(stack, &have);
	found = objv_find(&have, &key);
	assert_non_null(found);
	assert_int_equal(found->ruleset.digest, digest);
	assert_int_equal(found->ruleset.version, NFT_RULESET_VERSION);
	objv_fini(&have);
}

static void test_rulesets_stand(void **state)
{
	(void)state;
	for (unsigned kind = RULESET_NONE + 1; kind < RULESET_KIND_COUNT; kind++) {
		for (int listed = 0; listed <= world.features.netdev_device_add; listed++) {
			struct stack stack = stack_make(&world, ns_of((enum ruleset_kind)kind));
			struct kern_features features = plain(listed);
			struct obj want = obj_ruleset(stack.ns, (enum ruleset_kind)kind, NFT_RULESET_VERSION);
			struct nlbatch batch = {0};

			assert_have_not(&stack, &want);
			lay(&stack, (enum ruleset_kind)kind, &features);
			want.ruleset.digest = 1;
			assert_have(&stack, &want);
			lay(&stack, (enum ruleset_kind)kind, &features); /* over itself */
			assert_have(&stack, &want);
			nft_begin(&batch);
			nft_ruleset_del(&batch, (enum ruleset_kind)kind);
			assert_int_equal(nft_run(&stack, &batch), 0);
			assert_have_not(&stack, &want);
			nft_begin(&batch);
			nft_ruleset_del(&batch, (enum ruleset_kind)kind);
			assert_int_equal(nft_run(&stack, &batch), -ENOENT);
			stack_fini(&stack);
		}
	}
}

static void test_unknown_version(void **state)
{
	struct obj obj = obj_ruleset(ROUTER, RULESET_GUARD, 999);
	struct nlbatch batch = {0};

	(void)state;
	assert_int_equal(nft_ruleset_add(&batch, &obj.ruleset, &world.features), -EINVAL);
	assert_int_equal(batch.count, 0);
}

/* Whatever is done to a table of ours, its digest tells. */
static void test_tampering(void **state)
{
	static const struct {
		enum ruleset_kind kind;
		const char *command;
	} rows[] = {
		{RULESET_ROUTER, "nft add rule inet moat forward accept"},
		{RULESET_ROUTER, "nft insert rule inet moat forward counter"},
		{RULESET_ROUTER, "nft add chain inet moat forward '{ policy accept; }'"},
		{RULESET_ROUTER, "nft add chain inet moat extra"},
		{RULESET_ROUTER, "nft flush chain inet moat input"},
		{RULESET_ROUTER, "nft delete rule inet moat forward handle $(nft -a list chain "
				 "inet moat forward | sed -n 's/.*invalid iifname .* drop # handle //p')"},
		{RULESET_ROUTER,
		 "h=$(nft -a list chain inet moat forward | sed -n 's/.*invalid iifname .* drop # handle "
		 "//p'); nft replace rule inet moat forward handle $h ct state invalid accept"},
		{RULESET_ROUTER, "nft add set inet moat extra '{ type ifname; }'"},
		{RULESET_ROUTER, "nft add table inet moat '{ flags dormant; }'"},
		{RULESET_HOST, "nft flush chain inet moat raw; nft delete chain inet moat raw"},
		{RULESET_HOST, "nft flush chain inet moat to_uplink"},
		{RULESET_GUARD, "nft flush chain netdev moat nd"},
		{RULESET_GUARD, "nft add counter netdev moat extra"},
		{RULESET_GUARD, "nft insert rule netdev moat port accept"},
		{RULESET_GUARD, "nft add set netdev moat extra '{ type ifname; flags dynamic; counter; }'"},
	};

	(void)state;
	if (!world_has("nft"))
		world_skip("nft is not installed");
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct stack stack = stack_make(&world, ns_of(rows[i].kind));
		struct kern_features features = plain(world.features.netdev_device_add);

		lay(&stack, rows[i].kind, &features);
		assert_digest(&stack, rows[i].kind, 1);
		if (run_in(&world, &stack, "%s", rows[i].command) != 0)
			fail_msg("%s", rows[i].command);
		assert_digest(&stack, rows[i].kind, 0);
		lay(&stack, rows[i].kind, &features);
		assert_digest(&stack, rows[i].kind, 1);
		stack_fini(&stack);
	}
}

/* A table of our name that we did not lay has version 0: it differs from every wanted one. */
static void test_foreign_table(void **state)
{
	struct stack stack = stack_make(&world, ROUTER);
	struct obj key = obj_ruleset(ROUTER, RULESET_ROUTER, NFT_RULESET_VERSION);
	struct objv have = {0};
	const struct obj *found;

	(void)state;
	if (!world_has("nft"))
		world_skip("nft is not installed");
	assert_int_equal(run_in(&world, &stack, "nft add table inet moat"), 0);
	snapshot(&stack, &have);
	found = objv_find(&have, &key);
	assert_non_null(found);
	assert_int_equal(found->ruleset.version, 0);
	assert_int_equal(found->ruleset.digest, 0);
	assert_false(obj_same(&key, found));
	objv_fini(&have);
	lay(&stack, RULESET_ROUTER, &world.features);
	assert_digest(&stack, RULESET_ROUTER, 1);
	stack_fini(&stack);
}

static struct obj marked_of(enum nft_set set, const char *dev, uint32_t mark, uint32_t to_mark)
{
	struct obj obj = elem_of(ROUTER, set, dev, NULL, NULL);

	obj.elem.mark = mark;
	obj.elem.to_mark = to_mark;
	return obj;
}

static struct obj family_of(enum nft_set set, uint8_t family)
{
	struct obj obj = obj_elem(0, set);

	obj.elem.family = family;
	return obj;
}

/* Every set: an element in, out; a map's data changed. */
static struct obj host_of(enum nft_set set, const char *ip, uint32_t mark)
{
	struct obj obj = elem_of(ROUTER, set, NULL, NULL, ip);

	obj.elem.mark = mark;
	return obj;
}

static struct obj routed_of(enum nft_set set, const char *dev, const char *text, uint32_t mark, uint8_t family)
{
	struct prefix prefix = prefix_of(text);
	struct obj obj = elem_of(set >= SET_HOST_UPLINK ? 0 : ROUTER, set, dev, NULL, NULL);

	obj.elem.ip = prefix_network(&prefix).ip;
	obj.elem.len = prefix.len;
	obj.elem.mark = mark;
	obj.elem.family = family;
	return obj;
}

static void test_elements(void **state)
{
	const struct obj elems[] = {
		elem_of(ROUTER, SET_GUARD_MAC, "mp000000000001", "02:00:00:00:00:01", NULL),
		elem_of(ROUTER, SET_GUARD_ARP, "mp000000000001", "02:00:00:00:00:01",
			"10.0.0.1"),
		elem_of(ROUTER, SET_GUARD_IP4, "mp000000000001", NULL, "10.0.0.1"),
		elem_of(ROUTER, SET_GUARD_IP6, "mp000000000001", NULL, "fe80::1"),
		allow_of(ROUTER, "mp000000000001", "10.9.0.0/16"),
		allow_of(ROUTER, "mp000000000001", "10.10.0.7/32"),
		allow_of(ROUTER, "mp000000000001", "128.0.0.0/1"),
		allow_of(ROUTER, "mp000000000001", "fd09::/64"),
		allow_of(ROUTER, "mp000000000001", "fd09::7/128"),
		elem_of(ROUTER, SET_GUARD_ROUTED, "mp000000000001", NULL, NULL),
		elem_of(ROUTER, SET_ROUTER_EGRESS, "mb000000000001", NULL, NULL),
		marked_of(SET_ROUTER_NETWORK, "mp000000000001", 0, 7),
		marked_of(SET_ROUTER_MEMBER, "mp000000000001", 7, 0),
		routed_of(SET_ROUTER_ROUTED4, "", "192.0.2.64/26", 7, 0),
		routed_of(SET_ROUTER_ROUTED6, "", "2001:db8:1::/64", 7, 0),
		host_of(SET_ROUTER_HOST4, "10.248.0.0", 7),
		host_of(SET_ROUTER_HOST6, "fd01::", 7),
		elem_of(ROUTER, SET_ROUTER_DNS, "mb000000000001", NULL, NULL),
		pub_of(ROUTER, SET_ROUTER_PUB4, NULL, IPPROTO_TCP, 8080, "10.0.0.1", 80),
		pub_of(ROUTER, SET_ROUTER_PUB6, NULL, IPPROTO_UDP, 53, "fd00::1", 5353),
		range_of(ROUTER, SET_ROUTER_RANGE4, NULL, IPPROTO_TCP, 30000, 30099, "10.0.0.1", 0),
		range_of(ROUTER, SET_ROUTER_RANGE6, NULL, IPPROTO_SCTP, 1, 65535, "fd00::1", 0),
		range_of(ROUTER, SET_ROUTER_SHIFT4, NULL, IPPROTO_UDP, 9000, 9099, "10.0.0.1", 80),
		range_of(ROUTER, SET_ROUTER_SHIFT6, NULL, IPPROTO_TCP, 2, 3, "fd00::1", 65534),
		elem_of(0, SET_HOST_UPLINK, "mu000000000001", NULL, NULL),
		elem_of(0, SET_HOST_CAP_1K, "mu000000000001", NULL, NULL),
		elem_of(0, SET_HOST_CAP_4K, "mu000000000001", NULL, NULL),
		elem_of(0, SET_HOST_CAP_16K, "mu000000000001", NULL, NULL),
		elem_of(0, SET_HOST_CAP_64K, "mu000000000001", NULL, NULL),
		elem_of(0, SET_HOST_OPENED4, "eth0", NULL, NULL),
		elem_of(0, SET_HOST_OPENED6, "eth0", NULL, NULL),
		family_of(SET_HOST_OPENED_ALL, OBJ_FAMILY_IPV6),
		elem_of(0, SET_HOST_SRC4, "mu000000000001", NULL, "10.248.0.1"),
		elem_of(0, SET_HOST_SRC6, "mu000000000001", NULL, "fd01::1"),
		routed_of(SET_HOST_ROUTED4, "mu000000000001", "192.0.2.64/26", 0, 0),
		routed_of(SET_HOST_ROUTED6, "mu000000000001", "2001:db8:1::1/128", 0, 0),
		routed_of(SET_HOST_ACCESS4, "mu000000000001", "192.0.2.64/26", 0, 0),
		routed_of(SET_HOST_ACCESS6, "mu000000000001", "2001:db8:1::/64", 0, 0),
		routed_of(SET_HOST_OWN4, "", "192.0.0.0/8", 0, OBJ_FAMILY_IPV4),
		routed_of(SET_HOST_OWN6, "", "2001:db8:1::/48", 0, OBJ_FAMILY_IPV6),
		pub_of(0, SET_HOST_PUB4, NULL, IPPROTO_TCP, 8080, "10.248.0.1", 8080),
		pub_of(0, SET_HOST_PUB6, NULL, IPPROTO_TCP, 8080, "fd01::1", 8080),
		pub_of(0, SET_HOST_PUBIP4, "192.0.2.1", IPPROTO_TCP, 65535, "10.248.0.1", 1),
		pub_of(0, SET_HOST_PUBIP6, "2001:db8::1", IPPROTO_UDP, 1, "fd01::1", 65535),
		range_of(0, SET_HOST_RANGE4, NULL, IPPROTO_TCP, 30000, 30099, "10.248.0.1", 0),
		range_of(0, SET_HOST_RANGE6, NULL, IPPROTO_SCTP, 30000, 30099, "fd01::1", 0),
		range_of(0, SET_HOST_RANGEIP4, "192.0.2.1", IPPROTO_UDP, 1, 65535, "10.248.0.1", 0),
		range_of(0, SET_HOST_RANGEIP6, "2001:db8::1", IPPROTO_TCP, 1, 2, "fd01::1", 0),
	};
	struct stack router = stack_make(&world, ROUTER), host = stack_make(&world, 0);
	uint64_t seen = 0;

	(void)state;
	lay(&router, RULESET_GUARD, &world.features);
	lay(&router, RULESET_ROUTER, &world.features);
	lay(&host, RULESET_HOST, &world.features);
	for (size_t i = 0; i < ARRAY_COUNT(elems); i++) {
		struct stack *stack = elems[i].ns == 0 ? &host : &router;
		struct obj obj = elems[i];
		struct nlbatch batch = {0};

		seen |= 1ULL << obj.elem.set;
		add_elem(stack, &obj);
		assert_have(stack, &obj);
		if (set_def_get(obj.elem.set)->data) {
			if (set_def_get(obj.elem.set)->data & ELEM_TO_MARK) {
				obj.elem.to_mark = 4242;
			} else if (set_def_get(obj.elem.set)->data & ELEM_TO_PORT) {
				obj.elem.to_port = 4242;
				if (obj.elem.to_last)
					obj.elem.to_last = (uint16_t)(4242 + obj.elem.last - obj.elem.port);
			} else {
				obj.elem.to_ip = ip_of(obj.elem.to_ip.family == 4 ? "10.9.9.9" : "fd09::9");
			}
			nft_begin(&batch);
			nft_elem_set(&batch, &obj.elem);
			assert_int_equal(nft_run(stack, &batch), 0);
			assert_have(stack, &obj);
		}
		nft_begin(&batch);
		nft_elem_del(&batch, &obj.elem);
		assert_int_equal(nft_run(stack, &batch), 0);
		assert_have_not(stack, &obj);
		nft_begin(&batch);
		nft_elem_del(&batch, &obj.elem);
		assert_int_equal(nft_run(stack, &batch), -ENOENT);
	}
	assert_true(seen == (1ULL << SET_COUNT) - 2); /* a new set wants a row here */
	stack_fini(&router);
	stack_fini(&host);
}

static void make_ports(struct stack *stack)
{
	struct nlbatch batch = {0};

	for (unsigned i = 0; i < 2; i++) {
		char name[OBJ_IFNAME_SIZE], peer[OBJ_IFNAME_SIZE];
		struct obj obj;

		snprintf(name, sizeof(name), "mp%012x", i);
		snprintf(peer, sizeof(peer), "far%u", i);
		obj = obj_veth(ROUTER, name, &(struct mac){0}, 0, peer, &(struct mac){0}, 1500,
			       "", "");
		rtnl_veth_add(&batch, &obj.link, 0, -1);
	}
	rtnl_run(stack, &batch);
}

static void ports_by(bool listed)
{
	struct stack stack = stack_make(&world, ROUTER);
	struct kern_features features = plain(listed);
	struct obj first = obj_port(ROUTER, "mp000000000000"),
		   second = obj_port(ROUTER, "mp000000000001");
	struct nlbatch batch = {0};

	make_ports(&stack);
	lay(&stack, RULESET_GUARD, &features);
	nft_begin(&batch);
	nft_port_add(&batch, &first.port, &features);
	assert_int_equal(nft_run(&stack, &batch), 0);
	nft_begin(&batch);
	nft_port_add(&batch, &second.port, &features);
	assert_int_equal(nft_run(&stack, &batch), 0);
	assert_have(&stack, &first);
	assert_have(&stack, &second);
	assert_digest(&stack, RULESET_GUARD, 1);
	nft_begin(&batch);
	nft_port_del(&batch, &first.port, &features);
	assert_int_equal(nft_run(&stack, &batch), 0);
	assert_have_not(&stack, &first);
	assert_have(&stack, &second);
	nft_begin(&batch);
	nft_port_del(&batch, &second.port, &features);
	assert_int_equal(nft_run(&stack, &batch), 0);
	assert_have_not(&stack, &second);
	assert_digest(&stack, RULESET_GUARD, 1);
	nft_begin(&batch);
	nft_port_del(&batch, &second.port, &features);
	assert_int_equal(nft_run(&stack, &batch), -ENOENT);
	/* again, and then the link goes without a word */
	nft_begin(&batch);
	nft_port_add(&batch, &first.port, &features);
	assert_int_equal(nft_run(&stack, &batch), 0);
	rtnl_link_del(&batch, "mp000000000000");
	rtnl_run(&stack, &batch);
	assert_digest(&stack, RULESET_GUARD, 1);
	nft_begin(&batch);
	nft_port_add(&batch, &second.port, &features);
	assert_int_equal(nft_run(&stack, &batch), 0);
	assert_have(&stack, &second);
	/* a ruleset laid anew has no ports */
	lay(&stack, RULESET_GUARD, &features);
	assert_have_not(&stack, &second);
	stack_fini(&stack);
}

static void test_ports_each(void **state)
{
	(void)state;
	ports_by(false);
}

static void needs_device_add_ports_listed(void **state)
{
	(void)state;
	needs(world.features.netdev_device_add, "no devices can be added to a standing netdev chain here");
	ports_by(true);
}

/* A port's own chain that lets everything through does not guard it. */
static void test_port_opened(void **state)
{
	struct stack stack = stack_make(&world, ROUTER);
	struct kern_features features = plain(false);
	struct obj port = obj_port(ROUTER, "mp000000000000");
	struct nlbatch batch = {0};

	(void)state;
	if (!world_has("nft"))
		world_skip("nft is not installed");
	make_ports(&stack);
	lay(&stack, RULESET_GUARD, &features);
	nft_begin(&batch);
	nft_port_add(&batch, &port.port, &features);
	assert_int_equal(nft_run(&stack, &batch), 0);
	assert_have(&stack, &port);
	assert_int_equal(run_in(&world, &stack, "nft flush chain netdev moat p_mp000000000000"),
			 0);
	/* nothing passes now (policy drop), and it shows */
	assert_digest(&stack, RULESET_GUARD, 0);
	stack_fini(&stack);
}

static void needs_owner(void **state)
{
	struct stack stack = stack_make(&world, ROUTER), other;
	struct obj elem = elem_of(ROUTER, SET_GUARD_IP4, "mp1", NULL, "10.0.0.1");
	struct nlbatch batch = {0};
	struct err err = ERR_INIT;

	(void)state;
	needs(world.features.nft_owner_persist && world_has("nft"), "no owner and persist flags here, or no nft");
	nft_begin(&batch);
	nft_ruleset_adopt(&batch, RULESET_GUARD, &world.features);
	assert_int_equal(nft_run(&stack, &batch),
			 -ENOENT); /* nothing to adopt, and nothing made */
	lay(&stack, RULESET_GUARD, &world.features);
	add_elem(&stack, &elem);
	assert_int_equal(run_in(&world, &stack, "nft flush ruleset"), 0);
	assert_have(&stack, &elem);
	assert_digest(&stack, RULESET_GUARD, 1);
	assert_int_not_equal(run_in(&world, &stack, "nft delete table netdev moat 2>/dev/null"),
			     0);

	/* another socket: may not while the first lives, may when it is gone */
	other = (struct stack){.ns = ROUTER, .fd = -1, .rtnl = stack.rtnl};
	assert_int_equal(nlsock_open(NLSOCK_NFT, stack.fd, world.home, &other.nft, &err), 0);
	nft_begin(&batch);
	nft_ruleset_adopt(&batch, RULESET_GUARD, &world.features);
	assert_int_equal(nft_run(&other, &batch), -EPERM);
	nft_begin(&batch);
	nft_elem_del(&batch, &elem.elem);
	assert_int_equal(nft_run(&other, &batch), -EPERM);
	nlsock_close(stack.nft);
	assert_have(&other, &elem);
	nft_begin(&batch);
	nft_ruleset_adopt(&batch, RULESET_GUARD, &world.features);
	assert_int_equal(nft_run(&other, &batch), 0);
	nft_begin(&batch);
	nft_ruleset_adopt(&batch, RULESET_GUARD, &world.features);
	assert_int_equal(nft_run(&other, &batch), 0); /* ours already */
	assert_int_equal(run_in(&world, &stack, "nft flush ruleset"), 0);
	assert_have(&other, &elem);
	assert_digest(&other, RULESET_GUARD, 1);
	nft_begin(&batch);
	nft_elem_del(&batch, &elem.elem);
	assert_int_equal(nft_run(&other, &batch), 0);
	/* and laid anew by the new owner */
	lay(&other, RULESET_GUARD, &world.features);
	assert_digest(&other, RULESET_GUARD, 1);
	stack.nft = other.nft;
	stack_fini(&stack);
}

static void test_base_chains(void **state)
{
	struct stack stack = stack_make(&world, 0);
	struct nft_base_chain *chains = NULL;
	struct buf bytes = BUF_INIT;

	(void)state;
	if (!world_has("nft"))
		world_skip("nft is not installed");
	lay(&stack, RULESET_HOST, &world.features);
	assert_int_equal(run_in(&world, &stack,
				"nft add table ip filter; "
				"nft add chain ip filter FORWARD '{ type filter hook forward "
				"priority 0; policy drop; }'; "
				"nft add chain ip filter other"),
			 0);
	assert_int_equal(nft_dump_foreign(stack.nft, &bytes, NULL), 0);
	assert_int_equal(nft_list_base_chains(bytes.data, bytes.size, &chains), 1);
	assert_string_equal(chains[0].table, "filter");
	assert_string_equal(chains[0].name, "FORWARD");
	assert_string_equal(chains[0].type, "filter");
	assert_int_equal(chains[0].drops, 1);
	free(chains);
	buf_fini(&bytes);
	stack_fini(&stack);
}

/* Decoders survive any bytes: every dump cut and bent. */
static void test_bent_dumps(void **state)
{
	struct stack stack = stack_make(&world, ROUTER);
	struct obj elem =
		pub_of(ROUTER, SET_ROUTER_PUB4, NULL, IPPROTO_TCP, 80, "10.0.0.1", 80);
	struct buf bytes = BUF_INIT;
	uint64_t random = 88172645463325252ULL;

	(void)state;
	make_ports(&stack);
	lay(&stack, RULESET_ROUTER, &world.features);
	lay(&stack, RULESET_GUARD, &world.features);
	add_elem(&stack, &elem);
	assert_int_equal(nft_dump(stack.nft, &bytes, NULL), 0);
	assert_int_equal(rtnl_dump(stack.rtnl, RTNL_LINKS, &bytes, NULL), 0);
	for (int round = 0; round < 3000; round++) {
		struct objv objs = {0};
		size_t size = bytes.size;
		uint8_t *copy = malloc(
			size); /* exactly as long: what reads on is caught by the sanitizer */
		struct rtnl_raw raw;

		memcpy(copy, bytes.data, size);
		for (int i = 0; i < 4; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			copy[random % size] = (uint8_t)(random >> 32);
		}
		if (round % 2)
			size = random % size;
		raw = (struct rtnl_raw){.links = {copy, size},
					.addrs = {copy, size},
					.routes = {copy, size},
					.neighs = {copy, size},
					.fdb = {copy, size}};
		(void)rtnl_decode(&raw, ROUTER, &objs, NULL);
		(void)nft_decode(copy, size, ROUTER, &objs, NULL);
		objv_fini(&objs);
		free(copy);
	}
	buf_fini(&bytes);
	stack_fini(&stack);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rulesets_stand), cmocka_unit_test(test_unknown_version),
		cmocka_unit_test(test_tampering),      cmocka_unit_test(test_foreign_table),
		cmocka_unit_test(test_elements),       cmocka_unit_test(test_ports_each),
		cmocka_unit_test(needs_device_add_ports_listed),   cmocka_unit_test(test_port_opened),
		cmocka_unit_test(needs_owner),          cmocka_unit_test(test_base_chains),
		cmocka_unit_test(test_bent_dumps),
	};

	world_enter(&world);
	needs_choose(argc, argv);
	return needs_status(cmocka_run_group_tests(tests, NULL, NULL));
}
