/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab - what the fuzz targets of both lab formats check of a file: taken whole, or refused with its place. */
#ifndef MOAT_TESTS_FUZZ_LAB_H
#define MOAT_TESTS_FUZZ_LAB_H

#include <errno.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/cli/lab/lab.h"
#include "tests/fuzz/fuzz.h"

static inline const char *lab_variable(void *ctx, const char *name)
{
	(void)ctx;
	return strlen(name) % 3 == 0 ? NULL : strlen(name) % 3 == 1 ? "" : "value: x";
}

/** lab_try() - read, and check what came. Return: whether the file was taken. */
static inline bool lab_try(const char *file, const uint8_t *data, size_t size, bool bare)
{
	struct lab_options options = {.bare = bare, .env = lab_variable};
	cleanup(json_freep) json_t *doc = NULL, *again = NULL;
	cleanup(mem_freep) char *text = NULL;
	cleanup(lab_freep) struct lab *lab = NULL;
	struct err err = ERR_INIT;
	int rc = lab_load(file, (const char *)data, size, &options, &lab, &err);

	if (rc < 0) {
		fuzz_check(!lab && err.no == -rc && *err.msg && str_starts(err.object, file));
		return false;
	}
	fuzz_check(lab->node_count > 0 && lab->node_count <= LAB_NODES_MAX);
	fuzz_check(lab->link_count <= LAB_LINKS_MAX && lab_route_count(lab) <= LAB_ROUTES_MAX);
	fuzz_check(bare || lab->left_out_count == 0);
	for (size_t i = 0; i < lab->node_count; i++)
		fuzz_check(name_check("node", lab->nodes[i].name, NULL) == 0 &&
			   lab->nodes[i].pos.line > 0);
	for (size_t i = 0; i < 2 * lab->link_count; i++) {
		const struct lab_end *end = &lab->links[i / 2].end[i % 2];

		fuzz_check(end->node < lab->node_count &&
			   name_ifname_check(end->ifname, NULL) == 0);
	}
	rc = lab_emit(lab, &doc, &err);
	fuzz_check(rc == 0 || rc == -E2BIG);
	if (rc < 0)
		return true;
	text = json_text(doc);
	fuzz_check(json_parse(text, strlen(text), 0, &again, NULL) == 0);
	return true;
}

#endif
