/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tenant - `moat tenant create|set|list|show|delete`. Floor F5. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/cli/cli.h"

enum { QUOTA_MAX = 1000000 }; /* of anything that is counted */

static const struct cli_column columns[] = {
	{"NAME", "name"},
	{"KIND", "kind"},
	{"NETWORKS", "networks"},
	{"ENDPOINTS", "endpoints"},
	{"DELEGATE", "delegate"},
	{"QUOTA", "quota"},
	{0},
};
static const struct cli_column lines[] = {
	{"name", "name"},           {"id", "id"},
	{"kind", "kind"},           {"delegate", "delegate"},
	{"quota", "quota"},         {"ports allowed", "allowPorts"},
	{"networks", "networks"},
	{"endpoints", "endpoints"}, {"router namespace", "routerNetns"},
	{"transit", "transit"},     {"rows set aside", "aside"},
	{0},
};
static const char *const one_name[] = {"NAME", NULL};
static const char *const nothing[] = {NULL};

static int write_run(struct cli *cli, const struct cli_verb *verb, const char *method, int argc,
		     char **argv);
static int write_call(struct cli *cli, const char *method, json_t *parameters);
static int allow_ports_parse(const char *text, json_t *parameters);
static int quota_parse(struct cli *cli, const char *text, json_t *parameters);

static int create_run(struct cli *cli, int argc, char **argv);
static int set_run(struct cli *cli, int argc, char **argv);
static int list_run(struct cli *cli, int argc, char **argv);
static int show_run(struct cli *cli, int argc, char **argv);
static int delete_run(struct cli *cli, int argc, char **argv);

enum { CREATE, SET, LIST, SHOW, DELETE };
static const struct cli_verb subs[] = {
	[CREATE] = {"create", "makes a tenant",
		    "moat tenant create NAME [--delegate USER] [--quota "
		    "endpoints=N,networks=N,ports=N]\n"
		    "                   [--allow-ports FIRST[-LAST][/PROTO],...]\n\n"
		    "  NAME             [a-z0-9][a-z0-9-]*, at most 63 characters\n"
		    "  --delegate USER  who may use it besides root and the group moat-admin\n"
		    "  --quota ...      the most it may have of each, or KEY=none; what is left "
		    "out is not limited\n"
		    "  --allow-ports ...  the ports of the host it may publish; otherwise any",
		    NULL, create_run},
	[SET] = {"set", "changes a tenant's delegate, quota or ports",
		 "moat tenant set NAME [--delegate USER | --no-delegate] [--quota "
		 "endpoints=N,networks=N,ports=N]\n"
		 "                [--allow-ports FIRST[-LAST][/PROTO],...|any]\n\n"
		 "  --delegate USER  who may use it besides root and the group moat-admin\n"
		 "  --no-delegate    nobody else\n"
		 "  --quota ...      the most it may have of each, or KEY=none; what is left out "
		 "stays.\n"
		 "                   Below what it has: nothing is taken away, and nothing more "
		 "given\n"
		 "  --allow-ports ...  the ports of the host it may publish, in place of those "
		 "before; what is\n"
		 "                   published already stays, and is told",
		 NULL, set_run},
	[LIST] = {"list", "lists the tenants", "moat tenant list", NULL, list_run},
	[SHOW] = {"show", "shows one tenant", "moat tenant show NAME", NULL, show_run},
	[DELETE] = {"delete", "deletes a tenant",
		    "moat tenant delete NAME [--force] [--strict]\n\n"
		    "  --force   with everything in it\n"
		    "  --strict  fail when there is none of that name",
		    NULL, delete_run},
	{0},
};

const struct cli_verb cli_verb_tenant = {
	.name = "tenant",
	.summary = "tenants: each with a virtual router of its own",
	.usage = "moat tenant create|set|list|show|delete ...",
	.sub = subs,
};

static int create_run(struct cli *cli, int argc, char **argv)
{
	return write_run(cli, &subs[CREATE], "TenantCreate", argc, argv);
}

static int set_run(struct cli *cli, int argc, char **argv)
{
	return write_run(cli, &subs[SET], "TenantSet", argc, argv);
}

static int list_run(struct cli *cli, int argc, char **argv)
{
	int rc = cli_plain(cli, &subs[LIST], argc, argv, nothing, 0);

	return rc >= 0 ? rc : cli_list(cli, "TenantList", NULL, "tenants", columns);
}

static int show_run(struct cli *cli, int argc, char **argv)
{
	int rc = cli_plain(cli, &subs[SHOW], argc, argv, one_name, 1);

	return rc >= 0 ? rc
		       : cli_show(cli, "TenantShow", json_pack("{s:s}", "name", argv[optind]),
				  "tenant", lines);
}

static int delete_run(struct cli *cli, int argc, char **argv)
{
	return cli_delete(cli, &subs[DELETE], "TenantDelete", CLI_DELETE_FORCE, argc, argv);
}

static int write_run(struct cli *cli, const struct cli_verb *verb, const char *method, int argc,
		     char **argv)
{
	static const struct option options[] = {
		{"delegate", required_argument, NULL, 'd'},
		{"no-delegate", no_argument, NULL, 'D'},
		{"quota", required_argument, NULL, 'Q'},
		{"allow-ports", required_argument, NULL, 'P'},
		CLI_COMMON_LONG,
		{0},
	};
	cleanup(json_freep) json_t *parameters = json_object();
	int letter, rc;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT, options, NULL)) != -1) {
		switch (letter) {
		case 'd':
			json_object_set_new(parameters, "delegate", json_string(optarg));
			rc = -1;
			break;
		case 'D':
			json_object_set_new(parameters, "delegate", json_string(""));
			rc = -1;
			break;
		case 'Q':
			rc = quota_parse(cli, optarg, parameters);
			break;
		case 'P':
			rc = allow_ports_parse(optarg, parameters);
			break;
		default:
			rc = cli_option(cli, verb, letter);
		}
		if (rc >= 0)
			return rc;
	}
	rc = cli_operands(cli, argc, argv, one_name, 1);
	if (rc >= 0)
		return rc;
	if (verb == &subs[SET] && json_object_size(parameters) == 0)
		return cli_usage(cli, "nothing to set: --delegate, --quota or --allow-ports is missing");
	json_object_set_new(parameters, "name", json_string(argv[optind]));
	return write_call(cli, method, parameters);
}

/* As cli_change(), and what the ports leave out. */
static int write_call(struct cli *cli, const char *method, json_t *parameters)
{
	cleanup(json_freep) json_t *reply = NULL;
	const json_t *item;
	size_t i;
	int rc = cli_call(cli, method, json_incref(parameters), NULL, 0, &reply);

	if (!reply)
		return rc;
	if (!cli->json)
		json_array_foreach(json_object_get(reply, "outside"), i, item)
			fprintf(stderr, "moat: published already, and stays: %s\n", json_string_value(item));
	cli_print_changed(cli, reply, "tenant");
	return rc;
}

/* "FIRST[-LAST][/PROTO],...", or "any"; the daemon judges them. */
static int allow_ports_parse(const char *text, json_t *parameters)
{
	cleanup(mem_freep) char *copy = mem_strdup(text);
	char *rest = copy, *item;

	json_object_set_new(parameters, "allowPorts", json_array());
	while (!str_eq(text, "any") && (item = strsep(&rest, ",")))
		cli_append(parameters, "allowPorts", item);
	return -1;
}

/* "endpoints=N,networks=N,ports=N", any of them. Return: -1, or the exit code. */
static int quota_parse(struct cli *cli, const char *text, json_t *parameters)
{
	static const char *const keys[] = {"endpoints", "networks", "ports"};
	cleanup(mem_freep) char *copy = mem_strdup(text);
	cleanup(json_freep) json_t *quota = json_object();
	char *rest = copy, *item;

	while ((item = strsep(&rest, ","))) {
		char *value = strchr(item, '=');
		json_int_t number;
		bool known = false;
		int rc;

		if (!value)
			return cli_usage(cli, "--quota: \"%s\" is not KEY=N", item);
		*value++ = '\0';
		for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
			known |= str_eq(keys[i], item);
		if (!known)
			return cli_usage(
				cli, "--quota: \"%s\" is none of endpoints, networks, ports",
				item);
		if (json_object_get(quota, item))
			return cli_usage(cli, "--quota: %s is given twice", item);
		if (str_eq(value, "none")) {
			json_object_set_new(quota, item, json_null());
			continue;
		}
		rc = cli_number(cli, "--quota", value, QUOTA_MAX, &number);
		if (rc >= 0)
			return rc;
		json_object_set_new(quota, item, json_integer(number));
	}
	json_object_set(parameters, "quota", quota);
	return -1;
}
