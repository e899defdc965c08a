/* SPDX-License-Identifier: GPL-2.0-or-later */
/* publish - `moat publish` and `moat unpublish`: ports of the host that lead to an endpoint. Floor F5. */
#include <stdio.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/cli/cli.h"

static const struct cli_column columns[] = {
	{"PORT", "spec"},
	{"ENDPOINT", "endpoint"},
	{"ADDRESS", "address"},
	{"TARGET", "target"},
	{0},
};

static int publish_run(struct cli *cli, int argc, char **argv);
static int unpublish_run(struct cli *cli, int argc, char **argv);
static int change_run(struct cli *cli, const struct cli_verb *verb, const char *method,
		      bool may_list, int argc, char **argv);

#define PORTSPEC                                                                               \
	"  SPEC: [HOSTIP:]HOST[-END]:CONT[-END][/tcp|udp|sctp], HOSTIP as 192.0.2.1 or "       \
	"[2001:db8::1]; without: every\n"                                                      \
	"        address of the host but ::1, tcp. A range is published, and taken back, as one.\n" \
	"        On [::1] a port answers only where that is said, as [::1]:8081:80"

const struct cli_verb cli_verb_publish = {
	.name = "publish",
	.summary = "opens ports of the host to an endpoint",
	.usage = "moat publish TENANT/NAME -p SPEC [-p SPEC]...\nmoat publish list "
		 "[TENANT]\n\n" PORTSPEC,
	.run = publish_run,
};

const struct cli_verb cli_verb_unpublish = {
	.name = "unpublish",
	.summary = "closes published ports",
	.usage = "moat unpublish TENANT/NAME -p SPEC [-p SPEC]... [--strict]\n\n"
		 "  --strict  fail when one is not published\n" PORTSPEC,
	.run = unpublish_run,
};

static int publish_run(struct cli *cli, int argc, char **argv)
{
	return change_run(cli, &cli_verb_publish, "Publish", true, argc, argv);
}

static int unpublish_run(struct cli *cli, int argc, char **argv)
{
	return change_run(cli, &cli_verb_unpublish, "Unpublish", false, argc, argv);
}

static int change_run(struct cli *cli, const struct cli_verb *verb, const char *method,
		      bool may_list, int argc, char **argv)
{
	static const char *const names[] = {"TENANT/NAME", NULL};
	static const char *const names_of_list[] = {"list", "TENANT", NULL};
	static const struct option options[] = {
		{"publish", required_argument, NULL, 'p'},
		CLI_COMMON_LONG,
		{"strict", no_argument, NULL, 's'},
		{0},
	};
	cleanup(json_freep) json_t *parameters = json_object();
	cleanup(json_freep) json_t *reply = NULL;
	int letter, rc;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT "p:", options, NULL)) !=
	       -1) {
		rc = -1;
		if (letter == 'p')
			cli_append(parameters, "publish", optarg);
		else if (letter == 's' && !may_list)
			json_object_set_new(parameters, "strict", json_true());
		else
			rc = cli_option(cli, verb, letter);
		if (rc >= 0)
			return rc;
	}
	/* "list" with -p is an endpoint of that name */
	if (may_list && !json_object_get(parameters, "publish") &&
	    str_eq(argv[optind], "list")) {
		rc = cli_operands(cli, argc, argv, names_of_list, 1);
		if (rc >= 0)
			return rc;
		cli->verb = "publish list";
		return cli_list(cli, "PublishList",
				argv[optind + 1]
					? json_pack("{s:s}", "tenant", argv[optind + 1])
					: NULL,
				"ports", columns);
	}
	rc = cli_operands(cli, argc, argv, names, 1);
	if (rc >= 0)
		return rc;
	if (!json_object_get(parameters, "publish"))
		return cli_usage(cli, "-p SPEC is missing");
	json_object_set_new(parameters, "name", json_string(argv[optind]));
	rc = cli_call(cli, method, json_incref(parameters), NULL, 0, &reply);
	if (reply && cli->json) {
		cli_print_json(reply);
	} else if (reply && !cli->quiet &&
		   json_array_size(json_object_get(reply, "publish")) > 0) {
		cleanup(mem_freep) char *ports = cli_cell(json_object_get(reply, "publish"));

		printf("%s\n", ports);
	}
	return rc;
}
