/* SPDX-License-Identifier: GPL-2.0-or-later */
/* endpoint - `moat endpoint list|show|set`. Floor F5. Making and deleting are attach and detach. */
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/bandwidth.h"

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
	{"aliases", "aliases"},
	{"bandwidth", "bandwidth"},
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
static int set_run(struct cli *cli, int argc, char **argv);

enum { LIST, SHOW, SET };
static const struct cli_verb subs[] = {
	[LIST] = {"list", "lists the endpoints", "moat endpoint list [TENANT]", NULL, list_run},
	[SHOW] = {"show", "shows one endpoint",
		  "moat endpoint show TENANT/NAME[:IFNAME]\n\n"
		  "  The interface may be left out where the stack has one.",
		  NULL, show_run},
	[SET] = {"set", "changes the bandwidth of an endpoint, live",
		 "moat endpoint set TENANT/NAME[:IFNAME] [OPTION]...\n\n" CLI_BANDWIDTH_USAGE
		 "  none instead of a number takes the limit away; a rate alone takes the burst that goes with it",
		 NULL, set_run},
	{0},
};

const struct cli_verb cli_verb_endpoint = {
	.name = "endpoint",
	.summary = "endpoints: interfaces of stacks on networks",
	.usage = "moat endpoint list|show|set ...",
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

static int set_run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {CLI_BANDWIDTH_LONG, CLI_COMMON_LONG, {0}};
	cleanup(json_freep) json_t *parameters = json_object();
	int letter, rc;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT, options, NULL)) != -1) {
		rc = letter >= CLI_BANDWIDTH_FIRST && letter <= CLI_BANDWIDTH_LAST
			     ? cli_bandwidth(cli, letter, optarg, parameters)
			     : cli_option(cli, &subs[SET], letter);
		if (rc >= 0)
			return rc;
	}
	rc = cli_operands(cli, argc, argv, one_name, 1);
	if (rc >= 0)
		return rc;
	if (!json_object_get(parameters, "bandwidth"))
		return cli_usage(cli, "nothing to set: --ingress-rate, --ingress-burst, --egress-rate or --egress-burst is missing");
	json_object_set_new(parameters, "name", json_string(argv[optind]));
	return cli_change(cli, "EndpointSet", json_incref(parameters), NULL, 0, "endpoint");
}
