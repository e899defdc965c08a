/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of runner/cli/lab/graphml: names, parallel links, loops, and each error with its line and column. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/fdio.h"
#include "runner/cli/lab/lab.h"
#include "tests/lib/needs.h"

static int load(const char *file, const char *text, size_t size, struct lab **ret_lab,
		struct err *err)
{
	struct lab_options options = {0};

	return lab_load(file, text, size, &options, ret_lab, err);
}

static struct lab *must(const char *file, const char *text)
{
	struct err err = ERR_INIT;
	struct lab *lab = NULL;

	if (load(file, text, strlen(text), &lab, &err) < 0)
		fail_msg("%s: %s\n%s", err.object, err.msg, text);
	return lab;
}

static struct lab *from_file(const char *name)
{
	const char *top = getenv("MOAT_SOURCE_DIR");
	cleanup(mem_freep) char *path = mem_printf("%s/%s", top ? top : ".", name);
	struct buf data = BUF_INIT;
	struct lab *lab = NULL;

	if (file_read(path, LAB_FILE_MAX, &data) == 0)
		lab = must(path, buf_cstr(&data));
	buf_fini(&data);
	return lab;
}

#define OPEN "<graphml><key id=\"L\" for=\"node\" attr.name=\"label\"/><graph>\n"
#define SHUT "</graph></graphml>\n"

struct bad {
	const char *text;
	const char *where;
	const char *what;
};

static const struct bad bads[] = {
	{"<graphml>", ":1:10", "not XML: no element found"},
	{"<graphml><graph></graphml>", ":1:19", "not XML: mismatched tag"},
	{"<html/>", ":1:1", "a document of <html>"},
	{"<graphml/>", ":1:1", "no <graph>"},
	{"<graphml><graph/></graphml>", ":1:1", "no nodes"},
	{"<!DOCTYPE g [<!ENTITY a \"x\">]>\n<graphml/>", ":1:13", "a document type is refused"},
	{"<!DOCTYPE g SYSTEM \"file:///etc/passwd\">\n<graphml/>", ":1:40",
	 "a document type is refused"},
	{OPEN "<node id=\"a\"/></graph>\n<graph/></graphml>", ":3:1", "a second <graph>"},
	{OPEN "<node/>" SHUT, ":2:1", "needs an id"},
	{OPEN "<node id=\"a\"/>\n<node id=\"a\"/>" SHUT, ":3:1",
	 "\"a\" stands in the graph already"},
	{OPEN "<node id=\"a\"><node id=\"b\"/></node>" SHUT, ":2:14", "inside another node"},
	{OPEN "<node id=\"a\"/><hyperedge/>" SHUT, ":2:15", "<hyperedge>"},
	{OPEN "<node id=\"a\"/>\n  <edge source=\"a\" target=\"z\"/>" SHUT, ":3:3",
	 "ends at node \"z\""},
	{OPEN "<node id=\"a\"/>\n<edge source=\"a\"/>" SHUT, ":3:1",
	 "needs a source and a target"},
	{OPEN "<node id=\"a\">&b;</node>" SHUT, ":2:14", "undefined entity"},
	{"<graphml><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><"
	 "a><a><a><a><a><a><a>",
	 ":1:103", "nest deeper"},
};

static void errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bads); i++) {
		struct lab *lab = NULL;
		struct err err = ERR_INIT;
		char where[64];
		int rc = load("x.graphml", bads[i].text, strlen(bads[i].text), &lab, &err);

		if (rc >= 0)
			fail_msg("taken, though \"%s\" was to come:\n%s", bads[i].what,
				 bads[i].text);
		assert_int_equal(rc, -err.no);
		snprintf(where, sizeof(where), "x.graphml%s", bads[i].where);
		if (strcmp(err.object, where) != 0 || !strstr(err.msg, bads[i].what))
			fail_msg("expected %s: %s\n     got %s: %s\n%s", where, bads[i].what,
				 err.object, err.msg, bads[i].text);
	}
}

static void limits(void **state)
{
	struct buf text = BUF_INIT;
	struct lab *lab = NULL;
	struct err err = ERR_INIT;

	(void)state;
	buf_str(&text, OPEN);
	for (int i = 0; i <= LAB_NODES_MAX; i++)
		buf_printf(&text, "<node id=\"%d\"/>\n", i);
	buf_str(&text, SHUT);
	assert_int_equal(load("x", buf_cstr(&text), text.size, &lab, &err), -E2BIG);
	assert_string_equal(err.object, "x:8194:1");
	buf_clear(&text);
	buf_str(&text, OPEN "<node id=\"a\"/><node id=\"b\"/>\n");
	for (int i = 0; i <= LAB_LINKS_MAX; i++)
		buf_str(&text, "<edge source=\"a\" target=\"b\"/>\n");
	buf_str(&text, SHUT);
	assert_int_equal(load("x", buf_cstr(&text), text.size, &lab, &err), -E2BIG);
	assert_string_equal(err.object, "x:16387:1");
	buf_fini(&text);
}

static void names(void **state)
{
	static const char *const labels[][2] = {
		{"New York", "New-York"},
		{"new york", "new-york-2"},
		{"New-York-3", "New-York-3"},
		{"New York", "New-York-4"},
		{"Z\xc3\xbcrich (CH)", "Zurich-CH"},
		{"\xc3\x85lesund", "Alesund"},
		{"  .x_1. ", "x_1"},
		{"\xe6\x9d\xb1\xe4\xba\xac", "n7"},
		{"", "n8"},
		{"?", "n9"},
		{"n9", "n9-2"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaa",
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
	};
	struct buf text = BUF_INIT;
	struct lab *lab;

	(void)state;
	buf_str(&text, OPEN);
	for (size_t i = 0; i < ARRAY_COUNT(labels); i++)
		buf_printf(&text,
			   "<node id=\"%zu\"><data key=\"X\">no</data><data "
			   "key=\"L\">%s</data></node>\n",
			   i, labels[i][0]);
	buf_str(&text, SHUT);
	lab = must("dir/My Lab_2.graphml", buf_cstr(&text));
	assert_string_equal(lab->name, "my-lab-2");
	for (size_t i = 0; i < ARRAY_COUNT(labels); i++)
		assert_string_equal(lab->nodes[i].name, labels[i][1]);
	lab_free(lab);
	buf_fini(&text);
}

static void parallel_and_loop(void **state)
{
	struct lab *lab = must(
		"x", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n"
		     "<g:graphml xmlns:g=\"http://graphml.graphdrawing.org/xmlns\"><g:graph>\n"
		     "<g:edge source=\"a\" target=\"b\"/><g:edge source=\"b\" target=\"a\"/>\n"
		     "<g:edge source=\"a\" target=\"a\"/><g:node id=\"a\"/><g:node id=\"b\"/>"
		     "</g:graph></g:graphml>");

	(void)state;
	assert_int_equal(lab->node_count, 2);
	assert_int_equal(lab->link_count, 2);
	assert_string_equal(lab->links[1].end[0].ifname, "eth2");
	assert_int_equal(lab->note_count, 1);
	assert_string_equal(lab->notes[0], "line 4: the edge from n0 to itself is left out");
	lab_free(lab);
}

static void zoo(void **state)
{
	struct lab *lab = from_file("configs/labs/zoo/Abilene.graphml");

	(void)state;
	assert_non_null(lab);
	assert_string_equal(lab->name, "abilene");
	assert_int_equal(lab->node_count, 11);
	assert_int_equal(lab->link_count, 14);
	assert_string_equal(lab->nodes[0].name, "New-York");
	assert_int_equal(lab_route_count(lab), 11 * 10 * 2);
	assert_int_equal(lab->note_count, 0);
	lab_free(lab);
	lab = from_file("configs/labs/zoo/Geant2012.graphml");
	assert_non_null(lab);
	assert_int_equal(lab->node_count, 40);
	assert_int_equal(lab->link_count, 61);
	lab_free(lab);
}

/* The same files where the whole collection is at hand, and the largest of it. */
static void needs_whole_zoo(void **state)
{
	struct lab *lab = from_file("../shared/data/topologies/zoo/Kdl.graphml");

	(void)state;
	needs(lab != NULL, "../shared/data/topologies/zoo is not here");
	assert_int_equal(lab->node_count, 754);
	assert_true(lab->merged);
	assert_true(lab_route_count(lab) < LAB_ROUTES_PLAIN_MAX);
	lab_free(lab);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors), cmocka_unit_test(limits),
		cmocka_unit_test(names),  cmocka_unit_test(parallel_and_loop),
		cmocka_unit_test(zoo),    cmocka_unit_test(needs_whole_zoo),
	};

	needs_choose(argc, argv);
	return needs_status(cmocka_run_group_tests(tests, NULL, NULL));
}
