/* SPDX-License-Identifier: GPL-2.0-or-later */
/* endpoint - `moat endpoint list|show`. Floor F5. Making and deleting are attach and detach. */
#include "runner/cli/cli.h"

static const struct cli_column columns[] = {
	{"NAME", "name"}, {"NETWORK", "network"}, {"IPS", "ips"},     {"MAC", "mac"},
	{"MTU", "mtu"},   {"PUBLISH", "publish"}, {"STATE", "state"}, {0},
};
static const struct cli_column lines[] = {
	{"name", "name"},
	{"id", "id"},
	{"stack", "stack"},
	{"ifname", "ifname"},
	{"network", "network"},
	{"mac", "mac"},
	{"ips", "ips"},
	{"gateways", "gateways"},
	{"mtu", "mtu"},
	{"publish", "publish"},
	{"tap", "tap"},
	{"guard", "guard"},
	{"allowed", "allowAddresses"},
	{"dropped", "dropped"},
	{"host interface", "hostIfname"},
	{"namespace", "netnsPath"},
	{"state", "state"},
	{"labels", "labels"},
	{0},
};
static const char *const one_name[] = {"TENANT/NAME[:IFNAME]", NULL};

static int list_run(struct cli *cli, int argc, char **argv);
static int show_run(struct cli *cli, int argc, char **argv);

enum { LIST, SHOW };
static const struct cli_verb subs[] = {
	[LIST] = {"list", "lists the endpoints", "moat endpoint list [TENANT]", NULL, list_run},
	[SHOW] = {"show", "shows one endpoint",
		  "moat endpoint show TENANT/NAME[:IFNAME]\n\n"
		  "  The interface may be left out where the stack has one.",
		  NULL, show_run},
	{0},
};

const struct cli_verb cli_verb_endpoint = {
	.name = "endpoint",
	.summary = "endpoints: interfaces of stacks on networks",
	.usage = "moat endpoint list|show ...",
	.sub = subs,
};

static int list_run(struct cli *cli, int argc, char **argv)
{
	return cli_list_of_tenant(cli, &subs[LIST], "EndpointList", "endpoints", columns, argc,
				  argv);
}

static int show_run(struct cli *cli, int argc, char **argv)
{
	int rc = cli_plain(cli, &subs[SHOW], argc, argv, one_name, 1);

	return rc >= 0 ? rc
		       : cli_show(cli, "EndpointShow", json_pack("{s:s}", "name", argv[optind]),
				  "endpoint", lines);
}
