/* SPDX-License-Identifier: GPL-2.0-or-later */
/* endpoint - `moat endpoint list|show|set`. Floor F5. Making and deleting are attach and detach. */
#include <string.h>

#include "lib/base/fdio.h"
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
	{"routes", "routes"},
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
	[SET] = {"set", "changes bandwidth, routes and addresses of an endpoint, live",
		 "moat endpoint set TENANT/NAME[:IFNAME] [OPTION]...\n\n" CLI_BANDWIDTH_USAGE
		 "  none instead of a number takes the limit away; a rate alone takes the burst that goes with it\n\n"
		 "  --route DST[=VIA]   the ways out that it has from now on beside the default route, as of moat attach; none: no "
		 "more\n"
		 "  --ip IP/LEN         the addresses of one that has none, where its network's mode is l2; none: no more\n"
		 "  --netns PATH        its namespace, for routes and addresses in one that is not Moat's",
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
	static const struct option options[] = {
		CLI_BANDWIDTH_LONG,
		{"route", required_argument, NULL, 'r'},
		{"ip", required_argument, NULL, 'I'},
		{"netns", required_argument, NULL, 'N'},
		CLI_COMMON_LONG,
		{0},
	};
	cleanup(json_freep) json_t *parameters = json_object();
	cleanup(fd_closep) int fd = -1;
	const char *netns = NULL;
	int letter, rc;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT, options, NULL)) != -1) {
		rc = -1;
		switch (letter) {
		case 'r':
			if (strcmp(optarg, "none") == 0)
				json_object_set_new(parameters, "routes", json_array());
			else
				cli_route(parameters, optarg);
			break;
		case 'I':
			if (strcmp(optarg, "none") == 0)
				json_object_set_new(parameters, "ips", json_array());
			else
				cli_append(parameters, "ips", optarg);
			break;
		case 'N':
			netns = optarg;
			break;
		case CLI_BANDWIDTH_FIRST ... CLI_BANDWIDTH_LAST:
			rc = cli_bandwidth(cli, letter, optarg, parameters);
			break;
		default:
			rc = cli_option(cli, &subs[SET], letter);
		}
		if (rc >= 0)
			return rc;
	}
	rc = cli_operands(cli, argc, argv, one_name, 1);
	if (rc >= 0)
		return rc;
	if (json_object_size(parameters) == 0)
		return cli_usage(cli, "nothing to set: --ingress-rate, --ingress-burst, --egress-rate, --egress-burst, --route or --ip is missing");
	if (netns) {
		rc = cli_netns_open(cli, netns, &fd);
		if (rc != CLI_OK)
			return rc;
		json_object_set_new(parameters, "netnsFd", json_integer(0));
	}
	json_object_set_new(parameters, "name", json_string(argv[optind]));
	return cli_change(cli, "EndpointSet", json_incref(parameters), &fd, fd >= 0, "endpoint");
}
