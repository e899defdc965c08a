/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/plan/fake: what the fake kernel refuses, and what its deletions take along. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/plan/fake.h"

#define R "ns=router:000000000001 "
#define S "ns=stack:000000000002 "

static struct op op_of(const char *line)
{
	struct op op = {.verb = line[0] == '+' ? OP_ADD : line[0] == '~' ? OP_SET : OP_DEL};
	struct err err = ERR_INIT;

	if (obj_parse(line + 2, &op.obj, &err) < 0)
		fail_msg("%s: %s", line, err.msg);
	return op;
}

static int apply(struct fake *fake, const char *line)
{
	struct op op = op_of(line);
	struct err err = ERR_INIT;
	int r = fake_apply_op(fake, &op, &err);

	assert_true(r <= 0 && (r < 0) == (err.kind != ERR_NONE) && -r == err.no);
	return r;
}

static void holds(const struct fake *fake, const char *lines)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;

	for (size_t i = 0; i < fake->objs.count; i++) {
		obj_print(&fake->objs.items[i], &text);
		buf_str(&text, "\n");
	}
	assert_string_equal(buf_cstr(&text), lines);
}

static bool has(const struct fake *fake, const char *line)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	cleanup(mem_freep) char *whole = mem_printf("\n%s", line);

	buf_str(&text, "\n");
	for (size_t i = 0; i < fake->objs.count; i++) {
		obj_print(&fake->objs.items[i], &text);
		buf_str(&text, "\n");
	}
	return strstr(buf_cstr(&text), whole);
}

/* A router with a bridge and guard, an endpoint in a stack, all up. */
static struct fake small(void)
{
	static const char *const lines[] = {
		"+ netns ns=router:000000000001",
		"+ netns ns=stack:000000000002",
		"+ link " R "name=mb0 type=bridge",
		"+ link " R "name=mp0 type=veth master=mb0 port=static "
		"peer=stack:000000000002/eth0 peer-mac=02:00:00:00:00:02",
		"+ addr " R "dev=mb0 addr=10.0.0.1/24",
		"+ addr " S "dev=eth0 addr=10.0.0.2/24",
		"+ addr " S "dev=eth0 addr=fd00::2/64",
		"+ up " R "dev=mb0",
		"+ up " S "dev=eth0",
		"+ route " S "dst=0.0.0.0/0 via=10.0.0.1 dev=eth0",
		"+ neigh " S "dev=eth0 ip=10.0.0.1 mac=02:00:00:00:00:01",
		"+ fdb " R "dev=mp0 mac=02:00:00:00:00:02",
		"+ ruleset " R "kind=guard version=1 digest=1",
		"+ elem " R "set=guard.ip4_ok dev=mp0 ip=10.0.0.2",
		"+ port " R "dev=mp0",
		"+ sysctl " R "key=net/ipv4/conf/*/rp_filter dev=mp0 value=1",
		"+ up " R "dev=mp0",
	};
	struct fake fake = {0};

	for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
		assert_int_equal(apply(&fake, lines[i]), 0);
	return fake;
}

static void made(void **state)
{
	struct fake fake = {0};

	(void)state;
	assert_int_equal(apply(&fake, "+ netns ns=stack:000000000002"), 0);
	assert_int_equal(apply(&fake,
			       "+ link ns=host name=v0 type=veth mac=02:00:00:00:00:01 "
			       "peer=stack:000000000002/eth0 peer-mac=02:00:00:00:00:02"),
			 0);
	holds(&fake, "link ns=host name=v0 type=veth mac=02:00:00:00:00:01 mtu=1500 "
		     "peer=stack:000000000002/eth0 peer-mac=02:00:00:00:00:02\n"
		     "netns ns=stack:000000000002\n"
		     "link ns=stack:000000000002 name=eth0 type=veth mac=02:00:00:00:00:02 "
		     "mtu=1500 peer=host/v0 peer-mac=02:00:00:00:00:01\n"
		     "link ns=stack:000000000002 name=lo type=loopback mtu=65536\n");
	fake_fini(&fake);
}

static void refusals(void **state)
{
	static const struct {
		const char *line;
		int no;
	} cases[] = {
		{"+ netns ns=router:000000000001", EEXIST},
		{"+ up ns=router:000000000009 dev=a", ENONET},
		{"+ link " R "name=mb0 type=bridge", EEXIST},
		{"+ link " R "name=x type=veth peer=stack:000000000009/x", ENONET},
		{"+ link " R "name=x type=veth peer=stack:000000000002/eth0", EEXIST},
		{"+ link " R "name=x type=veth master=mb9 peer=host/x", ENODEV},
		{"+ link " R "name=x type=veth master=mp0 peer=host/x", EOPNOTSUPP},
		{"~ link " R "name=x type=bridge", ENODEV},
		{"~ link " R "name=mb0 type=veth", EOPNOTSUPP},
		{"~ link " R "name=mp0 type=veth master=mb9", ENODEV},
		{"+ addr " R "dev=x addr=10.1.0.1/24", ENODEV},
		{"+ addr " R "dev=mb0 addr=10.0.0.1/24", EEXIST},
		{"+ up " R "dev=x", ENODEV},
		{"+ route " R "dst=10.9.0.0/16 dev=x", ENODEV},
		{"+ route " R "dst=10.9.0.0/16 dev=lo", ENETDOWN},
		{"+ route " R "dst=10.9.0.0/16 via=10.8.0.1 dev=mb0", ENETUNREACH},
		{"+ route " R "dst=10.9.0.0/16 via=10.0.0.9 dev=mp0", ENETUNREACH},
		{"+ route " R "dst=10.9.0.0/16 via=10.8.0.1", ENETUNREACH},
		{"+ route " S "dst=::/0 via=fd01::1 dev=eth0", EHOSTUNREACH},
		{"+ route " S "dst=0.0.0.0/0 via=10.0.0.1 dev=eth0", EEXIST},
		{"+ neigh " R "dev=x ip=10.0.0.9 mac=02:00:00:00:00:09", ENODEV},
		{"~ neigh " R "dev=mb0 ip=10.0.0.9 mac=02:00:00:00:00:09", ENOENT},
		{"+ fdb " R "dev=mb0 mac=02:00:00:00:00:09", EOPNOTSUPP},
		{"+ fdb " R "dev=x mac=02:00:00:00:00:09", ENODEV},
		{"+ fdb " R "dev=mp0 mac=02:00:00:00:00:02", EEXIST},
		{"+ elem " R "set=router.egress dev=mb0", ENOENT},
		{"+ elem " R "set=guard.ip4_ok dev=mp0 ip=10.0.0.2", EEXIST},
		{"~ elem " R "set=router.pub4 proto=tcp port=1 to-ip=10.0.0.1 to-port=1",
		 ENOENT},
		{"+ port " S "dev=eth0", ENOENT},
		{"+ port " R "dev=x", ENOENT},
		{"+ sysctl " R "key=net/ipv4/conf/*/rp_filter dev=x value=1", ENOENT},
		{"~ up " R "dev=mb0", EINVAL},
		{"+ netns ns=host", EINVAL},
	};
	struct fake fake = small();
	cleanup(buf_fini) struct buf before = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < fake.objs.count; i++) {
		obj_print(&fake.objs.items[i], &before);
		buf_str(&before, "\n");
	}
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		int r = apply(&fake, cases[i].line);

		if (r != -cases[i].no)
			fail_msg("%s: %d", cases[i].line, r);
		holds(&fake, buf_cstr(&before));
	}
	fake_fini(&fake);
}

static void again_is_fine(void **state)
{
	struct fake fake = small();

	(void)state;
	assert_int_equal(apply(&fake, "+ up " R "dev=mb0"), 0);
	assert_int_equal(
		apply(&fake, "+ sysctl " R "key=net/ipv4/conf/*/rp_filter dev=mp0 value=0"), 0);
	assert_true(has(&fake, "sysctl " R "key=net/ipv4/conf/*/rp_filter dev=mp0 value=0"));
	assert_int_equal(apply(&fake, "- addr " R "dev=mb0 addr=10.9.9.9/24"), 0);
	assert_int_equal(apply(&fake, "- link " R "name=gone type=veth"), 0);
	assert_int_equal(apply(&fake, "- netns ns=stack:000000000077"), 0);
	assert_int_equal(apply(&fake, "- up ns=router:000000000077 dev=a"), 0);
	assert_int_equal(apply(&fake, "+ route " S "dst=::/0 via=fe80::1 dev=eth0"), 0);
	assert_int_equal(apply(&fake, "+ route " R "dst=10.9.0.0/16 via=10.0.0.9"), 0);
	fake_fini(&fake);
}

static void either_end_ends_both(void **state)
{
	static const char *const ends[] = {"- link " R "name=mp0 type=veth",
					   "- link " S "name=eth0 type=veth"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
		struct fake fake = small();

		assert_int_equal(apply(&fake, ends[i]), 0);
		assert_false(has(&fake, "link " R "name=mp0"));
		assert_false(has(&fake, "link " S "name=eth0"));
		assert_false(has(&fake, "addr " S));
		assert_false(has(&fake, "up " S));
		assert_false(has(&fake, "route " S));
		assert_false(has(&fake, "neigh " S));
		assert_false(has(&fake, "fdb "));
		assert_true(has(&fake, "port ")); /* bound by name */
		assert_false(has(&fake, "sysctl "));
		assert_false(has(&fake, "up " R "dev=mp0"));
		assert_true(has(&fake, "up " R "dev=mb0"));
		assert_true(has(&fake, "elem ")); /* a set knows only the name, too */
		assert_true(has(&fake, "netns ns=stack:000000000002"));
		fake_fini(&fake);
	}
}

static void cascades(void **state)
{
	struct fake fake = small();

	(void)state;
	/* a bridge sets its ports free */
	assert_int_equal(apply(&fake, "- link " R "name=mb0 type=bridge"), 0);
	assert_false(has(&fake, "fdb "));
	assert_false(has(&fake, "addr " R "dev=mb0"));
	assert_true(has(&fake, "link " R "name=mp0 type=veth mac="));
	assert_true(has(&fake, "port " R "dev=mp0"));
	fake_fini(&fake);

	/* a namespace takes the far ends of its veths */
	fake = small();
	assert_int_equal(apply(&fake, "- netns ns=stack:000000000002"), 0);
	assert_false(has(&fake, "link " R "name=mp0"));
	assert_false(has(&fake, "link " S));
	assert_true(has(&fake, "port "));
	assert_true(has(&fake, "elem "));
	fake_fini(&fake);

	/* down: routes, neighbours, IPv6 */
	fake = small();
	assert_int_equal(apply(&fake, "- up " S "dev=eth0"), 0);
	assert_false(has(&fake, "route " S));
	assert_false(has(&fake, "neigh " S));
	assert_false(has(&fake, "addr " S "dev=eth0 addr=fd00::2/64"));
	assert_true(has(&fake, "addr " S "dev=eth0 addr=10.0.0.2/24"));
	fake_fini(&fake);

	/* the last IPv4 address takes the IPv4 routes */
	fake = small();
	assert_int_equal(apply(&fake, "+ addr " S "dev=eth0 addr=10.0.0.3/24"), 0);
	assert_int_equal(apply(&fake, "- addr " S "dev=eth0 addr=10.0.0.2/24"), 0);
	assert_true(has(&fake, "route " S));
	assert_int_equal(apply(&fake, "- addr " S "dev=eth0 addr=10.0.0.3/24"), 0);
	assert_false(has(&fake, "route " S));
	fake_fini(&fake);

	/* a ruleset laid again is empty; other tables are not */
	fake = small();
	assert_int_equal(apply(&fake, "~ ruleset " R "kind=guard version=2 digest=1"), 0);
	assert_false(has(&fake, "elem "));
	assert_false(has(&fake, "port "));
	fake_fini(&fake);
	fake = small();
	assert_int_equal(apply(&fake, "+ ruleset " R "kind=router version=1 digest=1"), 0);
	assert_true(has(&fake, "elem "));
	assert_int_equal(apply(&fake, "- ruleset " R "kind=guard version=1 digest=1"), 0);
	assert_false(has(&fake, "elem "));
	fake_fini(&fake);

	/* another bridge, no FDB entries */
	fake = small();
	assert_int_equal(apply(&fake, "~ link " R "name=mp0 type=veth master=mb0"), 0);
	assert_true(has(&fake, "fdb "));
	assert_int_equal(apply(&fake, "~ link " R "name=mp0 type=veth"), 0);
	assert_false(has(&fake, "fdb "));
	fake_fini(&fake);
}

/* What a ruleset or a change of bridge swept away comes back when a later op fails. */
static void undo_brings_back(void **state)
{
	struct fake fake = small();
	cleanup(buf_fini) struct buf before = BUF_INIT;
	cleanup(plan_fini) struct plan plan = {0};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < fake.objs.count; i++) {
		obj_print(&fake.objs.items[i], &before);
		buf_str(&before, "\n");
	}
	assert_int_equal(plan_parse("~ link " R "name=mp0 type=veth mtu=1400 alias=\"x\"\n"
				    "~ ruleset " R "kind=guard version=2 digest=1\n"
				    "+ up " R "dev=nowhere\n"
				    "commit\n",
				    &plan, &err),
			 0);
	assert_int_equal(fake_apply(&fake, &plan, SIZE_MAX, &err), -ENODEV);
	holds(&fake, buf_cstr(&before));
	assert_int_equal(fake_apply(&fake, &plan, 0, &err), -EIO);
	holds(&fake, buf_cstr(&before));
	fake_fini(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made),          cmocka_unit_test(refusals),
		cmocka_unit_test(again_is_fine), cmocka_unit_test(either_end_ends_both),
		cmocka_unit_test(cascades),      cmocka_unit_test(undo_brings_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
