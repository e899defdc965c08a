/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/plan/diff: small states by hand, and the plan between them. */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/plan/plan.h"

/* The objects of a text of lines. */
static struct objv objs(const char *lines)
{
	struct objv v = {0};

	while (*lines) {
		size_t len = strcspn(lines, "\n");
		cleanup(mem_freep) char *line = mem_strndup(lines, len);
		struct err err = ERR_INIT;
		struct obj obj;

		if (obj_parse(line, &obj, &err) < 0)
			fail_msg("%s: %s", line, err.msg);
		objv_add(&v, &obj);
		lines += len + (lines[len] == '\n');
	}
	return v;
}

static void differs(const char *want, const char *have, const char *expected)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	struct objv w = objs(want), h = objs(have);
	struct plan plan;

	plan_diff(&w, &h, &plan);
	plan_print(&plan, &text);
	for (size_t i = 0; i < plan.count; i++)
		assert_true(op_valid(&plan.ops[i]));
	plan_fini(&plan);
	objv_fini(&w);
	objv_fini(&h);
	assert_string_equal(buf_cstr(&text), expected);
}

#define R     "ns=router:000000000001 "
#define S     "ns=stack:000000000002 "
#define VETH  "link " R "name=mp0 type=veth mtu=1500 master=mb0 peer=stack:000000000002/eth0"
#define GUARD "ruleset " R "kind=guard version=1 digest=1\n"
#define ELEM  "elem " R "set=guard.ip4_ok dev=mp0 ip=10.0.0.2\n"

static void plain(void **state)
{
	(void)state;
	differs("", "", "");
	differs("up ns=host dev=a", "", "+ up ns=host dev=a\ncommit\n");
	differs("", "up ns=host dev=a", "commit\n- up ns=host dev=a\n");
	differs("up ns=host dev=a", "up ns=host dev=a", "");
	differs("neigh ns=host dev=a ip=10.0.0.1 mac=02:00:00:00:00:01",
		"neigh ns=host dev=a ip=10.0.0.1 mac=02:00:00:00:00:02",
		"~ neigh ns=host dev=a ip=10.0.0.1 mac=02:00:00:00:00:01\ncommit\n");
}

static void twice_is_once(void **state)
{
	(void)state;
	differs("up ns=host dev=a\nup ns=host dev=a", "", "+ up ns=host dev=a\ncommit\n");
	differs("", "up ns=host dev=a\nup ns=host dev=a", "commit\n- up ns=host dev=a\n");
	differs(GUARD GUARD ELEM ELEM, ELEM, "+ " GUARD "+ " ELEM "commit\n");
}

static void the_kernels_own_stays(void **state)
{
	(void)state;
	differs("",
		"netns ns=host\n"
		"link ns=host name=lo type=loopback mtu=65536\n"
		"addr ns=host dev=lo addr=127.0.0.1/8\n"
		"addr ns=host dev=lo addr=::1/128\n"
		"sysctl ns=host key=net/ipv4/conf/*/forwarding dev=all value=1",
		"");
	differs("link ns=host name=lo type=loopback mtu=65536\naddr ns=host dev=lo "
		"addr=::1/128",
		"", "");
	differs("", "addr ns=host dev=lo addr=10.0.0.1/32",
		"commit\n- addr ns=host dev=lo addr=10.0.0.1/32\n");
	differs("link ns=host name=lo type=loopback mtu=1500",
		"link ns=host name=lo type=loopback mtu=65536",
		"~ link ns=host name=lo type=loopback mtu=1500\ncommit\n");
}

static void the_far_end_comes_along(void **state)
{
	const char *bare = "link " S "name=eth0 type=veth mtu=1500";
	const char *more = "link " S "name=eth0 type=veth mtu=1500 alias=\"x\"";
	const char *mutual =
		"link " S "name=eth0 type=veth mtu=1500 peer=router:000000000001/mp0";
	cleanup(mem_freep) char *both = mem_printf("%s\n%s", VETH, bare);
	cleanup(mem_freep) char *asks = mem_printf("%s\n%s", more, VETH);
	cleanup(mem_freep) char *each = mem_printf("%s\n%s", mutual, VETH);
	cleanup(mem_freep) char *there =
		mem_printf("%s\n%s\nup " S "dev=eth0",
			   "link " R "name=mp0 type=veth mtu=1500 master=mb0", bare);

	(void)state;
	differs(both, "", "+ " VETH "\ncommit\n");
	differs(asks, "",
		"+ " VETH "\n~ link " S "name=eth0 type=veth mtu=1500 alias=\"x\"\ncommit\n");
	/* each names the other: the first by key makes both */
	differs(each, "", "+ " VETH "\ncommit\n");
	/* and is not removed for not being named itself */
	differs(VETH, there, "commit\n- up " S "dev=eth0\n");
	differs(VETH "\nup " S "dev=eth0", there, "");
}

static void removals_that_die_with_another(void **state)
{
	(void)state;
	differs("",
		VETH "\nlink " S "name=eth0 type=veth\nup " S "dev=eth0\nup " R "dev=mp0\n"
		     "route " S "dst=0.0.0.0/0 via=10.0.0.1 dev=eth0\n"
		     "route " S "dst=10.0.0.0/8 via=10.0.0.1",
		"commit\n- route " S "dst=10.0.0.0/8 via=10.0.0.1\n- " VETH "\n");
	/* each end names the other: one goes */
	differs("route " S "dst=10.0.0.0/8 via=10.0.0.1 dev=eth0 mtu=1400", "route " S "dst=10.0.0.0/8 via=10.0.0.1 dev=eth0 advmss=1360",
		"~ route " S "dst=10.0.0.0/8 via=10.0.0.1 dev=eth0 mtu=1400\ncommit\n");
	differs("", VETH "\nlink " S "name=eth0 type=veth peer=router:000000000001/mp0",
		"commit\n- " VETH "\n");
	/* a dump without peers names both: the second is gone by then, which is success */
	differs("", "link " R "name=mp0 type=veth\nlink " S "name=eth0 type=veth",
		"commit\n- link " R "name=mp0 type=veth\n- link " S "name=eth0 type=veth\n");
	differs("",
		"netns ns=router:000000000001\n" VETH "\n" GUARD ELEM "link " S
		"name=eth0 type=veth",
		"commit\n- link " S "name=eth0 type=veth\n- netns ns=router:000000000001\n");
	differs("", GUARD ELEM "port " R "dev=mp0", "commit\n- " GUARD);
	differs(GUARD, GUARD ELEM "port " R "dev=mp0", "commit\n- port " R "dev=mp0\n- " ELEM);
	/* a bridge does not take its ports along */
	differs("", "link " R "name=mb0 type=bridge\nlink " R "name=mp0 type=veth master=mb0",
		"commit\n- link " R "name=mp0 type=veth master=mb0\n"
		"- link " R "name=mb0 type=bridge\n");
}

static void a_ruleset_laid_anew(void **state)
{
	const char *want = GUARD ELEM "port " R "dev=mp0";

	(void)state;
	differs(want, "ruleset " R "kind=guard version=1 digest=0\n" ELEM "port " R "dev=mp0",
		"~ " GUARD "+ " ELEM "+ port " R "dev=mp0\ncommit\n");
	differs(want, "ruleset " R "kind=guard version=2 digest=1\n" ELEM "port " R "dev=mp0",
		"~ " GUARD "+ " ELEM "+ port " R "dev=mp0\ncommit\n");
	/* missing, though a stale dump still names what was in it */
	differs(want, ELEM, "+ " GUARD "+ " ELEM "+ port " R "dev=mp0\ncommit\n");
	/* what is not wanted goes without being told */
	differs(GUARD, "ruleset " R "kind=guard version=2 digest=1\n" ELEM,
		"~ " GUARD "commit\n");
	/* other tables, other namespaces stay as they are */
	differs("ruleset " R "kind=router version=2 digest=1\n" ELEM,
		"ruleset " R "kind=router version=1 digest=1\n" ELEM,
		"~ ruleset " R "kind=router version=2 digest=1\ncommit\n");
	/* and a ruleset outside of what was asked about is no reason */
	differs(ELEM, "", "+ " ELEM "commit\n");
}

static void a_port_that_changes_its_bridge(void **state)
{
	const char *fdb = "fdb " R "dev=mp0 mac=02:00:00:00:00:01";
	cleanup(mem_freep) char *want =
		mem_printf("link " R "name=mp0 type=veth master=mb1\n%s", fdb);
	cleanup(mem_freep) char *have =
		mem_printf("link " R "name=mp0 type=veth master=mb0\n%s", fdb);

	(void)state;
	differs(want, have,
		"~ link " R "name=mp0 type=veth master=mb1\n+ fdb " R
		"dev=mp0 mac=02:00:00:00:00:01\ncommit\n");
	differs("link " R "name=mp0 type=veth", have,
		"~ link " R "name=mp0 type=veth\ncommit\n");
}

static void a_change_keeps_the_alias(void **state)
{
	(void)state;
	differs("link " R "name=mb0 type=bridge mtu=1400",
		"link " R "name=mb0 type=bridge mac=02:00:00:00:00:01 mtu=1500 alias=\"red\"",
		"~ link " R "name=mb0 type=bridge mtu=1400 alias=\"red\"\ncommit\n");
	differs("link " R "name=mb0 type=bridge alias=\"blue\"",
		"link " R "name=mb0 type=bridge alias=\"red\"",
		"~ link " R "name=mb0 type=bridge alias=\"blue\"\ncommit\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(twice_is_once),
		cmocka_unit_test(the_kernels_own_stays),
		cmocka_unit_test(the_far_end_comes_along),
		cmocka_unit_test(removals_that_die_with_another),
		cmocka_unit_test(a_ruleset_laid_anew),
		cmocka_unit_test(a_port_that_changes_its_bridge),
		cmocka_unit_test(a_change_keeps_the_alias),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
