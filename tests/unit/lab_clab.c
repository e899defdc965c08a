/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of runner/cli/lab/clab: what is read, and each error with its line and column. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/fdio.h"
#include "runner/cli/lab/lab.h"
#include "runner/cli/lab/yaml.h"

static const char *variable(void *ctx, const char *name)
{
	(void)ctx;
	if (!strcmp(name, "SET"))
		return "eth9";
	if (!strcmp(name, "EMPTY"))
		return "";
	if (!strcmp(name, "CONTROL"))
		return "a\nb";
	return NULL;
}

static int load(const char *text, size_t size, bool bare, struct lab **ret_lab, struct err *err)
{
	struct lab_options options = {.bare = bare, .env = variable};

	return lab_load("x.yml", text, size, &options, ret_lab, err);
}

/* Two nodes; what follows is inside "topology:". */
#define HEAD  "name: t\ntopology:\n  defaults: {kind: linux}\n  nodes:\n    a:\n    b:\n"
#define LINKS HEAD "  links:\n"

static struct lab *must(const char *text, bool bare)
{
	struct err err = ERR_INIT;
	struct lab *lab = NULL;

	if (load(text, strlen(text), bare, &lab, &err) < 0)
		fail_msg("%s: %s\n%s", err.object, err.msg, text);
	return lab;
}

/* --------------------------------------------------------------------- errors */

struct bad {
	const char *text;
	const char *where; /* after "x.yml" */
	const char *what;  /* part of the message */
};

static const struct bad bads[] = {
	/* the shape of the file */
	{"", ":1:1", "empty"},
	{"- a\n", ":1:1", "must be a mapping, not a list"},
	{"topology: {nodes: {a: {kind: linux}}}\n", ":1:1", "\"name\" is missing"},
	{"name: t\n", ":1:1", "\"topology\" is missing"},
	{"name: [t]\ntopology: {}\n", ":1:7", "name: must be a single value, not a list"},
	{"name: T\ntopology: {nodes: {a: {kind: linux}}}\n", ":1:7",
	 "lab \"T\": a tenant's name"},
	{"name: t\ntopology: {nodes: {}}\n", ":2:19", "no nodes"},
	{"name: t\ntopology: {links: []}\n", ":2:11", "no nodes"},
	{"name: t\ncolour: red\n", ":2:1", "unknown key \"colour\""},
	{"name: t\ntopology:\n  nodez: {}\n", ":3:3", "unknown key \"nodez\""},
	{"name: t\nmgmt: {network: x}\ntopology: {nodes: {a: {kind: linux}}}\n", ":2:1",
	 "\"mgmt\" yet; --bare"},
	{"name: t\ntests: []\n", ":2:1", "\"tests\" is not supported yet"},
	{"name: t\nname: u\n", ":2:1", "key \"name\" stands in line 1 already"},
	{HEAD "    a:\n", ":7:5", "key \"a\" stands in line 5 already"},
	{"name: t\nrouting: maybe\ntopology: {}\n", ":2:10", "routing is none, static or frr"},
	{"name: t\nrouting: frr\ntopology: {}\n", ":2:10", "frr is not supported yet"},
	{"name: t\nrouting: none\ntopology:\n  routing: static\n", ":4:12",
	 "routing stands in line 2"},
	/* not YAML, and YAML that is refused */
	{"name: t\n\ttopology: x\n", ":2:1", "not YAML"},
	{"name: 't\n", ":2:1", "not YAML"},
	{"name: t\n---\nname: u\n", ":2:1", "second document"},
	{"name: *x\n", ":1:7", "names no anchor"},
	{"name: &a [*a]\n", ":1:11", "names no anchor"},
	{"name: !!python/object x\n", ":1:7", "tag \"tag:yaml.org,2002:python/object\""},
	{"name: !mine x\n", ":1:7", "tag \"!mine\""},
	{"? [a, b]\n: x\n", ":1:3", "a key must be a single value"},
	{"name: \"a\\0b\"\n", ":1:7", "NUL"},
	{"a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", ":1:35", "nest deeper"},
	/* nodes */
	{HEAD "    c-{1}:\n", ":7:5", "node \"c-{1}\": a node's name"},
	{HEAD "    c[1-3]:\n", ":7:5", "ranges of nodes are not supported yet"},
	{HEAD "    c: {image: x}\n", ":7:9",
	 "node c: nodes are bare stacks, they have no \"image\""},
	{HEAD "    c: {imagine: x}\n", ":7:9", "node c: unknown key \"imagine\""},
	{HEAD "    c: [x]\n", ":7:8", "node c: must be a mapping, not a list"},
	{HEAD "    c: {kind: nokia_srlinux}\n", ":7:15",
	 "node c: kind \"nokia_srlinux\" is not supported"},
	{HEAD "    c: {kind: bridge}\n", ":7:15", "node c: kind bridge is not supported yet"},
	{"name: t\ntopology:\n  nodes:\n    a:\n", ":4:5", "node a has no kind"},
	{"name: t\ntopology:\n  defaults: {exec: [x]}\n", ":3:14", "defaults: nodes are bare"},
	{"name: t\ntopology:\n  kinds: {linux: {image: x}}\n", ":3:19",
	 "kind linux: nodes are bare"},
	{"name: t\ntopology:\n  kinds: {ceos: {}}\n", ":3:11",
	 "kind \"ceos\" is not supported"},
	{"name: t\ntopology:\n  groups: {g: {kind: ceos}}\n  nodes: {a: {group: g}}\n", ":3:22",
	 "node a: kind \"ceos\""},
	/* links */
	{LINKS "    - {mtu: 1500}\n", ":8:7", "without endpoints"},
	{LINKS "    - endpoints: [\"a:eth1\"]\n", ":8:18", "two endpoints, not 1"},
	{LINKS "    - endpoints: [\"a:eth1\", \"c:eth1\"]\n", ":8:29", "ends at node \"c\""},
	{LINKS "    - endpoints: [\"a:eth1\", \"b\"]\n", ":8:29",
	 "\"b\" is not NODE:INTERFACE"},
	{LINKS "    - endpoints: [\"a:eth1\", [b]]\n", ":8:29", "an endpoint is"},
	{LINKS "    - endpoints: [\"a:eth1\", \"a:eth2\"]\n", ":8:7",
	 "joins a node with itself"},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n    - endpoints: [\"b:eth1\", "
	       "\"a:eth2\"]\n",
	 ":9:19", "interface eth1 of node b is used by a link already"},
	{LINKS "    - endpoints: [\"a:lo\", \"b:eth1\"]\n", ":8:19", "an interface name is"},
	{LINKS "    - endpoints: [\"a:abcdefghijklmnop\", \"b:eth1\"]\n", ":8:19",
	 "an interface name is"},
	{LINKS "    - endpoints: [\"a:eth1\", \"host:x\"]\n", ":8:29",
	 "a link to host is not supported yet"},
	{LINKS "    - {type: vxlan}\n", ":8:14",
	 "a link of type vxlan is not supported yet; --bare"},
	{LINKS "    - {type: lan}\n", ":8:14", "type lan is not supported yet"},
	{LINKS "    - {type: rope}\n", ":8:14", "link type \"rope\" is not known"},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      color: x\n", ":9:7",
	 "unknown key \"color\""},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      vars: {x: 1}\n", ":9:7",
	 "\"vars\" yet"},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      impair: {}\n", ":9:7",
	 "\"impair\" is not"},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      mtu: 1279\n", ":9:12",
	 "mtu \"1279\""},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      mtu: 65536\n", ":9:12",
	 "mtu \"65536\""},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      mtu: 0x500\n", ":9:12",
	 "mtu \"0x500\""},
	{LINKS "    - {type: veth, endpoints: [{node: a}, {node: b, interface: eth1}]}\n",
	 ":8:32", "an endpoint without \"interface\""},
	{LINKS "    - type: veth\n      endpoints:\n        - {node: a, interface: eth1, mac: "
	       "01:00:00:00:00:01}\n"
	       "        - {node: b, interface: eth1}\n",
	 ":10:43", "not the MAC address of a single interface"},
	{LINKS "    - type: veth\n      endpoints:\n"
	       "        - {node: a, interface: eth1, mac: 02:00:00:00:00:01}\n"
	       "        - {node: b, interface: eth1, mac: 02-00-00-00-00-01}\n",
	 ":11:11", "the MAC of the other end"},
	/* addresses */
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      ipv4: 10.0.0.1/24\n", ":9:13",
	 "ipv4: must be a list"},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      ipv4: [10.0.0.1]\n", ":9:14",
	 "a:eth1: \"10.0.0.1\" is no IPv4 address"},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      ipv6: [\"\", 10.0.0.1/24]\n",
	 ":9:18", "b:eth1: \"10.0.0.1/24\" is no IPv6 address"},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      ipv4: [10.0.0.1/24, "
	       "10.0.0.2/24, 10.0.0.3/24]\n",
	 ":9:13", "one or two, not 3"},
	{LINKS
	 "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      ipv4: [10.0.0.1/24, 10.0.0.1/24]\n",
	 ":8:29", "the address of the other end"},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      ipv4: [10.0.0.0/24]\n",
	 ":8:19", "the network itself"},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      ipv4: [10.0.0.255/24]\n",
	 ":8:19", "broadcast"},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      ipv4: [127.0.0.1/8]\n",
	 ":8:19", "not the address of a single interface"},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      ipv6: [\"ff02::1/64\"]\n",
	 ":8:19", "not the address of a single interface"},
	{LINKS "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      ipv6: [\"fe80::1/64\"]\n",
	 ":8:19", "link-local"},
	/* static routes */
	{"routing: static\n" LINKS
	 "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      ipv4: [10.0.0.1/24, 10.0.1.2/24]\n",
	 ":9:29", "both ends of a link in one subnet"},
	{"routing: static\n" LINKS
	 "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n      ipv4: [10.0.0.1/24, 10.0.0.2/24]\n"
	 "    - endpoints: [\"a:eth2\", \"b:eth2\"]\n      ipv4: [10.0.0.129/25, "
	 "10.0.0.130/25]\n",
	 ":11:7", "10.0.0.128/25 overlaps the subnet of the link in line 9"},
	/* variables: columns are those of the file */
	{"name: t\ncolour: ${A:=long default} \ntopology: {}\n", ":2:1",
	 "unknown key \"colour\""},
	{"name: t\n${A:=colour}: x\n", ":2:1", "unknown key \"colour\""},
	{"name: t\nx: {a: ${A:=bbbbbbbb}, a: 2}\n", ":2:24", "key \"a\" stands in line 2"},
	{LINKS "    - {endpoints: [\"a:${SET}\", \"c:eth1\"]}\n", ":8:32",
	 "ends at node \"c\""},
	{LINKS "    - {endpoints: [\"\xc3\xa4:${NO:-e}\", \"b:${NO:-e}\", \"\"], x: 1}\n",
	 ":8:53", "unknown key \"x\""},
	{"name: ${CONTROL}\n", ":1:7", "variable CONTROL holds more than printable ASCII"},
	{"name: ${A:=x\n", ":1:7", "${A has no closing brace"},
	{"name: ${A:=${A:=${A:=${A:=${A:=${A:=${A:=${A:=${A:=x}}}}}}}}}\n", ":1:47",
	 "nest deeper"},
};

static void errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bads); i++) {
		struct lab *lab = NULL;
		struct err err = ERR_INIT;
		char where[64];
		int rc = load(bads[i].text, strlen(bads[i].text), false, &lab, &err);

		if (rc >= 0)
			fail_msg("taken, though \"%s\" was to come:\n%s", bads[i].what,
				 bads[i].text);
		assert_null(lab);
		assert_int_equal(rc, -err.no);
		snprintf(where, sizeof(where), "x.yml%s", bads[i].where);
		if (strcmp(err.object, where) != 0 || !strstr(err.msg, bads[i].what))
			fail_msg("expected %s: %s\n     got %s: %s\n%s", where, bads[i].what,
				 err.object, err.msg, bads[i].text);
		/* what is right and not there yet is no wrong usage: the exit status tells them apart */
		if (strstr(err.msg, "not supported yet") && err.kind != ERR_UNSUPPORTED)
			fail_msg("of another kind: %s", err.msg);
	}
}

/* "Billion laughs": ten aliases on ten levels. Must fail, and at once. */
static void laughs(void **state)
{
	struct buf text = BUF_INIT;
	struct lab *lab = NULL;
	struct err err = ERR_INIT;

	(void)state;
	buf_str(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++) {
		buf_printf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			buf_printf(&text, "%s*a%d", j ? ", " : "", i - 1);
		buf_str(&text, "]\n");
	}
	assert_int_equal(load(buf_cstr(&text), text.size, true, &lab, &err), -E2BIG);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_non_null(strstr(err.msg, "aliases written out"));
	assert_string_equal(err.object, "x.yml:7:20");
	buf_fini(&text);
}

/* One more than each limit. */
static void limits(void **state)
{
	struct buf text = BUF_INIT;
	struct lab *lab = NULL;
	struct err err = ERR_INIT;

	(void)state;
	buf_str(&text, "name: t\ntopology:\n  defaults: {kind: linux}\n  nodes:\n");
	for (int i = 0; i < LAB_NODES_MAX; i++)
		buf_printf(&text, "    n%d:\n", i);
	assert_int_equal(load(buf_cstr(&text), text.size, false, &lab, &err), 0);
	assert_int_equal(lab->node_count, LAB_NODES_MAX);
	lab_freep(&lab);
	buf_str(&text, "    one-more:\n");
	assert_int_equal(load(buf_cstr(&text), text.size, false, &lab, &err), -E2BIG);
	assert_non_null(strstr(err.msg, "one-more: a lab holds at most 8192 nodes"));

	buf_clear(&text);
	buf_str(&text, LINKS);
	for (int i = 0; i <= LAB_LINKS_MAX; i++)
		buf_printf(&text, "    - {endpoints: [\"a:e%d\", \"b:e%d\"]}\n", i, i);
	assert_int_equal(load(buf_cstr(&text), text.size, false, &lab, &err), -E2BIG);
	assert_string_equal(err.object, "x.yml:16392:7");

	buf_clear(&text);
	buf_str(&text, "name: t\nx: \"");
	for (int i = 0; i <= YAML_SCALAR_MAX; i++)
		buf_str(&text, "y");
	buf_str(&text, "\"\n");
	assert_int_equal(load(buf_cstr(&text), text.size, false, &lab, &err), -E2BIG);

	buf_clear(&text);
	buf_extend(&text, LAB_FILE_MAX + 1);
	memset(text.data, ' ', text.size);
	assert_int_equal(load(buf_cstr(&text), text.size, false, &lab, &err), -E2BIG);
	assert_string_equal(err.object, "x.yml");
	buf_fini(&text);
}

/* ----------------------------------------------------------------- what is read */

static void whole(void **state)
{
	struct lab *lab =
		must("name: my-lab\n"
		     "topology:\n"
		     "  groups: {g: {kind: linux}}\n"
		     "  nodes:\n"
		     "    a: {kind: linux}\n"
		     "    b: {group: g}\n"
		     "    c: &c\n"
		     "      group: g\n"
		     "    d:\n"
		     "      <<: *c\n"
		     "  links:\n"
		     "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n"
		     "      mtu: 9000\n"
		     "      ipv4: [\"10.0.0.1/24\", \"10.0.0.2/24\"]\n"
		     "      ipv6: [\"\", \"2001:db8::2/64\"]\n"
		     "    - type: veth\n"
		     "      endpoints:\n"
		     "        - {node: b, interface: e1-2, mac: \"02-00-00-00-00-0A\", ipv4: "
		     "10.0.1.1/31}\n"
		     "        - {node: c, interface: eth1, ipv6: \"2001:db8:1::1/127\"}\n",
		     false);
	const struct lab_link *link;
	char text[PREFIX_STR_SIZE], mac[MAC_STR_SIZE];

	(void)state;
	assert_string_equal(lab->name, "my-lab");
	assert_int_equal(lab->node_count, 4);
	assert_string_equal(lab->nodes[3].name, "d");
	assert_int_equal(lab->nodes[3].pos.line, 9);
	assert_int_equal(lab->link_count, 2);
	link = &lab->links[0];
	assert_int_equal(link->mtu, 9000);
	assert_string_equal(prefix_print(&link->end[0].ip4, text), "10.0.0.1/24");
	assert_string_equal(prefix_print(&link->end[1].ip4, text), "10.0.0.2/24");
	assert_int_equal(link->end[0].ip6.ip.family, 0);
	assert_string_equal(prefix_print(&link->end[1].ip6, text), "2001:db8::2/64");
	link = &lab->links[1];
	assert_int_equal(link->end[0].node, 1);
	assert_string_equal(link->end[0].ifname, "e1-2");
	assert_string_equal(mac_print(&link->end[0].mac, mac), "02:00:00:00:00:0a");
	assert_true(mac_is_zero(&link->end[1].mac));
	assert_string_equal(prefix_print(&link->end[0].ip4, text), "10.0.1.1/31");
	assert_string_equal(prefix_print(&link->end[1].ip6, text), "2001:db8:1::1/127");
	assert_int_equal(lab->routing, LAB_ROUTING_NONE);
	assert_int_equal(lab_route_count(lab), 0);
	assert_false(lab->nodes[0].forwarding);
	assert_true(lab->nodes[1].forwarding);
	lab_free(lab);
}

static void variables(void **state)
{
	static const struct {
		const char *text, *ifname;
	} rows[] = {
		{"${SET}", "eth9"},
		{"$SET", "eth9"},
		{"${NO:=eth3}", "eth3"},
		{"${NO:-eth3}", "eth3"},
		{"${NO-eth3}", "eth3"},
		{"${NO=eth3}", "eth3"},
		{"${SET:=eth3}", "eth9"},
		{"e${EMPTY-x}3", "e3"},
		{"e${EMPTY:-x}3", "ex3"},
		{"${SET+eth4}", "eth4"},
		{"e${NO+x}4", "e4"},
		{"e${EMPTY:+x}4", "e4"},
		{"e${EMPTY+x}4", "ex4"},
		{"${NO:=${SET}}", "eth9"},
		{"${NO:=e${NO:=t}h5}", "eth5"},
		{"e$$SET", "e$SET"},
		{"$NO", "$NO"},
		{"${NO}", "${NO}"},
		{"$1", "$1"},
		{"$_", "$_"},
		{"${_}", "${_}"},
		{"${NO#x}", "${NO#x}"},
		{"e$", "e$"},
		{"${1:=x", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		cleanup(mem_freep) char *text =
			mem_printf(LINKS "    - endpoints: ['a:%s', 'b:eth1']\n", rows[i].text);
		struct lab *lab = NULL;
		struct err err = ERR_INIT;
		int rc = load(text, strlen(text), false, &lab, &err);

		if (!rows[i].ifname) {
			assert_int_equal(rc, -EINVAL);
			continue;
		}
		if (rc < 0)
			fail_msg("%s: %s: %s", rows[i].text, err.object, err.msg);
		assert_string_equal(lab->links[0].end[0].ifname, rows[i].ifname);
		lab_free(lab);
	}
}

static void bare(void **state)
{
	struct lab *lab = must("name: t\nmgmt: {network: x}\ntopology:\n  defaults: {kind: "
			       "linux, image: alpine}\n"
			       "  nodes:\n    a: {image: x, exec: [ls]}\n    b:\n  links:\n"
			       "    - endpoints: [\"a:eth1\", \"b:eth1\"]\n"
			       "    - endpoints: [\"a:eth2\", \"host:x\"]\n"
			       "    - {type: dummy, endpoint: {node: a, interface: d}}\n",
			       true);
	static const char *const keys[] = {"mgmt", "image", "exec", "links to host",
					   "links of type dummy"};

	(void)state;
	assert_int_equal(lab->link_count, 1);
	assert_int_equal(lab->left_out_count, ARRAY_COUNT(keys));
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		assert_string_equal(lab->left_out[i].key, keys[i]);
	assert_int_equal(lab->left_out[1].count, 2);
	assert_int_equal(lab->left_out[1].first.line, 4);
	assert_int_equal(lab->left_out[1].first.column, 27);
	lab_free(lab);
}

/* Ours need no --bare; containerlab's own do. */
static void files(void **state)
{
	static const struct {
		const char *path;
		bool bare;
		size_t nodes, links;
	} rows[] = {
		{"configs/labs/two-nodes.yml", false, 2, 1},
		{"configs/labs/line.yml", false, 5, 4},
		{"configs/labs/ring.yml", false, 4, 4},
		{"../shared/data/topologies/containerlab/01-linux-nodes.clab.yml", true, 3, 3},
		{"../shared/data/topologies/containerlab/stages.clab.yml", true, 4, 3},
		{"../shared/data/topologies/containerlab/clos3.yml", true, 7, 6},
		{"../shared/data/topologies/containerlab/frr01/frr01.clab.yml", true, 6, 6},
	};
	const char *top = getenv("MOAT_SOURCE_DIR");

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		cleanup(mem_freep) char *path =
			mem_printf("%s/%s", top ? top : ".", rows[i].path);
		struct buf data = BUF_INIT;
		struct err err = ERR_INIT;
		struct lab *lab = NULL;
		int rc = file_read(path, LAB_FILE_MAX, &data);

		if (rc == -ENOENT && rows[i].bare) {
			print_message("%s: not here, not read\n", rows[i].path);
			continue;
		}
		assert_int_equal(rc, 0);
		if (rows[i].bare) {
			assert_true(load(buf_cstr(&data), data.size, false, &lab, &err) < 0);
			assert_int_equal(err.kind, ERR_UNSUPPORTED);
		}
		lab = must(buf_cstr(&data), rows[i].bare);
		assert_int_equal(lab->node_count, rows[i].nodes);
		assert_int_equal(lab->link_count, rows[i].links);
		assert_int_equal(lab->left_out_count > 0, rows[i].bare);
		lab_free(lab);
		buf_fini(&data);
	}
}

static void other_name(void **state)
{
	struct lab_options options = {.name = "second"};
	const char *text = "name: First\ntopology: {nodes: {a: {kind: linux}}}\n";
	struct err err = ERR_INIT;
	struct lab *lab = NULL;

	(void)state;
	assert_int_equal(lab_load("x.yml", text, strlen(text), &options, &lab, &err), 0);
	assert_string_equal(lab->name, "second");
	lab_free(lab);
	options.name = "Second";
	assert_true(lab_load("x.yml", text, strlen(text), &options, &lab, &err) < 0);
	assert_int_equal(err.kind, ERR_NAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors),    cmocka_unit_test(laughs),
		cmocka_unit_test(limits),    cmocka_unit_test(whole),
		cmocka_unit_test(variables), cmocka_unit_test(bare),
		cmocka_unit_test(files),     cmocka_unit_test(other_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
