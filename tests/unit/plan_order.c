/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/plan/plan: ranks, order, validity and undo of single operations. */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/plan/plan.h"

#define R "ns=router:000000000001 "
#define S "ns=stack:000000000002 "

/* A plan as it must stand, one line of each rank. */
static const char in_order[] =
	"+ netns ns=router:000000000001\n"
	"+ netns ns=stack:000000000002\n"
	"+ sysctl ns=host key=net/ipv4/conf/*/forwarding dev=all value=1\n"
	"+ sysctl " R "key=net/ipv6/conf/*/addr_gen_mode dev=default value=1\n"
	"+ sysctl " R "key=net/netfilter/nf_conntrack_tcp_loose value=0\n"
	"+ link " R "name=mb0 type=bridge\n"
	"+ link " R "name=mp0 type=veth master=mb0 port=static peer=stack:000000000002/eth0\n"
	"~ link ns=host name=v0 type=veth mtu=1400\n"
	"+ sysctl " R "key=net/ipv4/conf/*/rp_filter dev=mp0 value=1\n"
	"+ up ns=host dev=v0\n"
	"+ up " R "dev=mb0\n"
	"+ up " S "dev=eth0\n"
	"+ route " S "dst=10.9.0.0/16 via=10.0.0.1 dev=eth0\n"
	"+ addr " R "dev=mb0 addr=10.0.0.1/24\n"
	"+ route " R "dst=192.0.2.0/24 dev=mb0\n"
	"+ route " R "dst=0.0.0.0/0 via=192.0.2.1 dev=mb0\n"
	"+ neigh " R "dev=mb0 ip=10.0.0.2 mac=02:00:00:00:00:02\n"
	"+ fdb " R "dev=mp0 mac=02:00:00:00:00:02\n"
	"+ addr ns=host dev=v0 addr=10.0.0.1/24\n"
	"+ ruleset ns=host kind=host version=1 digest=1\n"
	"+ elem ns=host set=host.pub4 proto=tcp port=80 to-ip=100.64.0.2 to-port=80\n"
	"+ ruleset " R "kind=router version=1 digest=1\n"
	"~ ruleset " R "kind=guard version=1 digest=1\n"
	"+ elem " R "set=guard.ip4_ok dev=mp0 ip=10.0.0.2\n"
	"+ port " R "dev=mp0\n"
	"+ up " R "dev=mp0\n"
	"+ route " R "dst=10.7.0.2/32 dev=mp0\n"
	"commit\n"
	"- route " R "dst=10.7.0.3/32 dev=mp1\n"
	"- up " R "dev=mp1\n"
	"- elem ns=host set=host.pub4 proto=tcp port=81 to-ip=100.64.0.2 to-port=80\n"
	"- port " R "dev=mp1\n"
	"- elem " R "set=guard.ip4_ok dev=mp1 ip=10.0.0.2\n"
	"- ruleset " R "kind=router version=2 digest=1\n"
	"- fdb " R "dev=mp1 mac=02:00:00:00:00:02\n"
	"- neigh " R "dev=mb0 ip=10.0.0.3 mac=02:00:00:00:00:02\n"
	"- route " R "dst=10.6.0.0/16 via=192.0.2.9 dev=mb0\n"
	"- route " R "dst=10.5.0.0/16 dev=mb0\n"
	"- addr " R "dev=mb0 addr=10.0.0.9/24\n"
	"- up " R "dev=mb0\n"
	"- link " R "name=mp1 type=veth\n"
	"- link " R "name=mb1 type=bridge\n"
	"- netns ns=stack:000000000003\n";

static struct plan parsed(const char *text)
{
	struct plan plan = {0};
	struct err err = ERR_INIT;

	if (plan_parse(text, &plan, &err) < 0)
		fail_msg("%s", err.msg);
	return plan;
}

static void ordered(void **state)
{
	struct plan plan = parsed(in_order), shuffled = {0};

	(void)state;
	for (size_t step = 1; step < plan.count; step++) {
		cleanup(buf_fini) struct buf printed = BUF_INIT;

		/* another permutation each time: every step-th, then the rest */
		for (size_t start = 0; start < step; start++) {
			for (size_t i = start; i < plan.count; i += step)
				plan_add(&shuffled,
					 (enum op_verb)plan.ops[plan.count - 1 - i].verb,
					 &plan.ops[plan.count - 1 - i].obj);
		}
		plan_order(&shuffled);
		plan_print(&shuffled, &printed);
		assert_string_equal(buf_cstr(&printed), in_order);
		plan_fini(&shuffled);
	}
	plan_fini(&plan);
}

static struct op op_of(enum op_verb verb, const char *line)
{
	struct op op = {.verb = (uint8_t)verb};
	struct err err = ERR_INIT;

	if (obj_parse(line, &op.obj, &err) < 0)
		fail_msg("%s: %s", line, err.msg);
	return op;
}

static bool valid(enum op_verb verb, const char *line)
{
	struct op op = op_of(verb, line);

	return op_valid(&op);
}

static void verbs_of_kinds(void **state)
{
	const char *veth = "link ns=host name=a type=veth peer=router:000000000001/b";
	const char *set = "elem ns=host set=host.uplinks dev=a";
	const char *map =
		"elem ns=host set=host.pub4 proto=tcp port=1 to-ip=10.0.0.1 to-port=1";

	(void)state;
	assert_true(valid(OP_ADD, "netns ns=router:000000000001"));
	assert_true(valid(OP_ADD, "netns ns=stack:000000000001"));
	assert_false(valid(OP_ADD, "netns ns=host"));
	assert_false(valid(OP_ADD, "netns ns=container:000000000001"));
	assert_false(valid(OP_ADD, "netns ns=foreign:000000000001"));
	assert_false(valid(OP_DEL, "netns ns=host"));
	assert_true(valid(OP_DEL, "netns ns=container:000000000001"));
	assert_true(valid(OP_ADD, veth));
	assert_false(valid(OP_ADD, "link ns=host name=a type=veth"));
	assert_true(valid(OP_DEL, "link ns=host name=a type=veth"));
	assert_true(valid(OP_SET, "link ns=host name=lo type=loopback mtu=1500"));
	assert_false(valid(OP_ADD, "link ns=host name=lo type=loopback"));
	assert_false(valid(OP_DEL, "link ns=host name=lo type=loopback"));
	assert_true(valid(OP_SET, map));
	assert_false(valid(OP_SET, set));
	assert_true(valid(OP_ADD, set));
	assert_false(valid(OP_SET, "up ns=host dev=a"));
	assert_true(valid(OP_SET, "route ns=host dst=10.0.0.0/8 dev=a"));
	assert_false(valid(OP_SET, "addr ns=host dev=a addr=10.0.0.1/24"));
	assert_false(valid(OP_SET, "port ns=router:000000000001 dev=a"));
	assert_false(valid(OP_NONE, set));
	assert_false(valid(OP_VERB_COUNT, set));
	assert_false(valid(255, set));
}

static void records(void **state)
{
	struct op op = op_of(OP_DEL, "link ns=host name=a type=veth");

	(void)state;
	op.slow = 1;
	assert_true(op_valid(&op));
	op.slow = 2;
	assert_false(op_valid(&op));
	op.slow = 1;
	op.verb = OP_SET;
	assert_false(op_valid(&op));
	op = op_of(OP_DEL, "up ns=host dev=a");
	op.slow = 1;
	assert_false(op_valid(&op));
	for (size_t i = 0; i < sizeof(op.zero); i++) {
		op = op_of(OP_DEL, "up ns=host dev=a");
		op.zero[i] = 1;
		assert_false(op_valid(&op));
	}
	op = op_of(OP_DEL, "up ns=host dev=a");
	op.obj.up.dev[1] = '/';
	assert_false(op_valid(&op));
}

static void slow_is_set(void **state)
{
	struct plan plan = {0};
	struct op link = op_of(OP_DEL, "link ns=host name=a type=veth"),
		  ns = op_of(OP_DEL, "netns ns=router:000000000001"),
		  up = op_of(OP_DEL, "up ns=host dev=a");

	(void)state;
	plan_add(&plan, OP_DEL, &link.obj);
	plan_add(&plan, OP_DEL, &ns.obj);
	plan_add(&plan, OP_DEL, &up.obj);
	plan_add(&plan, OP_SET, &link.obj);
	assert_int_equal(plan.ops[0].slow, 1);
	assert_int_equal(plan.ops[1].slow, 1);
	assert_int_equal(plan.ops[2].slow, 0);
	assert_int_equal(plan.ops[3].slow, 0);
	plan_order(&plan);
	assert_int_equal(plan.commit, 1);
	assert_int_equal(plan.ops[1].obj.kind, OBJ_UP);
	assert_int_equal(plan.ops[3].obj.kind, OBJ_NETNS);
	plan_fini(&plan);
	assert_int_equal(plan.count, 0);
}

static void undo(void **state)
{
	struct op add = op_of(OP_ADD, "addr ns=host dev=a addr=10.0.0.1/24");
	struct op set = op_of(OP_SET, "neigh ns=host dev=a ip=10.0.0.2 mac=02:00:00:00:00:02");
	struct op old = op_of(OP_SET, "neigh ns=host dev=a ip=10.0.0.2 mac=02:00:00:00:00:01");
	struct op knob =
		op_of(OP_ADD, "sysctl ns=host key=net/ipv4/conf/*/forwarding dev=a value=1");
	struct op up = op_of(OP_ADD, "up ns=host dev=a"), inverse;

	(void)state;
	assert_true(op_undo(&add, NULL, &inverse));
	assert_int_equal(inverse.verb, OP_DEL);
	assert_memory_equal(&inverse.obj, &add.obj, sizeof(add.obj));
	assert_true(op_undo(&set, &old.obj, &inverse));
	assert_memory_equal(&inverse, &old, sizeof(old));
	assert_false(op_undo(&set, NULL, &inverse));
	/* a switch goes back to its value, where that is known */
	assert_false(op_undo(&knob, NULL, &inverse));
	old.obj = knob.obj;
	old.obj.sysctl.value = 0;
	assert_true(op_undo(&knob, &old.obj, &inverse));
	assert_int_equal(inverse.verb, OP_SET);
	assert_int_equal(inverse.obj.sysctl.value, 0);
	/* a link that was up already stays so */
	assert_false(op_undo(&up, &up.obj, &inverse));
	assert_true(op_undo(&up, NULL, &inverse));
	assert_int_equal(inverse.verb, OP_DEL);
	add.verb = OP_DEL;
	assert_false(op_undo(&add, NULL, &inverse));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordered), cmocka_unit_test(verbs_of_kinds),
		cmocka_unit_test(records), cmocka_unit_test(slow_is_set),
		cmocka_unit_test(undo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
