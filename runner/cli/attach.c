/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attach - `moat attach`: an endpoint of a network into a namespace. Floor F5. The namespace is
 * opened here, with the caller's rights, and passed as a descriptor: the daemon follows no path.
 */
#include <stdio.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/bandwidth.h"

static int attach_run(struct cli *cli, int argc, char **argv);
static int attach(struct cli *cli, json_t *parameters, const char *netns);

const struct cli_verb cli_verb_attach = {
	.name = "attach",
	.summary = "puts an interface of a network into a namespace",
	.usage = "moat attach TENANT/NETWORK --netns PATH [--name NAME] [OPTION]...    into an "
		 "existing namespace\n"
		 "moat attach TENANT/NETWORK --create --name NAME [OPTION]...          into a "
		 "stack made for it\n"
		 "moat attach TENANT/NETWORK --name NAME [OPTION]...                   into "
		 "the stack of that name\n"
		 "moat attach TENANT/NETWORK --tap IFNAME --name NAME [OPTION]...      for a "
		 "virtual machine\n\n"
		 "  --tap IFNAME        a tap device of that name, which the VMM opens: moat enter TENANT/NAME -- "
		 "qemu...\n"
		 "  --name NAME         of the stack; otherwise \"ep-\" and the endpoint's id\n"
		 "  --ifname IFNAME     inside the namespace; otherwise the first free of "
		 "eth0, eth1...\n"
		 "  --ip IP             an address of the network, one of each family; "
		 "otherwise the next free\n"
		 "  --allow-address P   a prefix it may send from beside its own addresses, and that is "
		 "routed to it;\n"
		 "                      may be repeated\n"
		 "  --alias NAME        another name that the name service has it under; may be repeated\n"
		 CLI_BANDWIDTH_USAGE
		 "  --mac MAC           otherwise one made from the endpoint's id\n"
		 "  --default-route     the stack's way out from now on; otherwise its first "
		 "interface's, and the next one's\n"
		 "                      when that goes\n"
		 "  --no-default-route  no way out through this interface\n"
		 "  --route DST[=VIA]   a way out beside the default route, by VIA or the network's gateway; one to "
		 "0.0.0.0/0 or\n"
		 "                      ::/0 takes its place; may be repeated\n"
		 "  -p, --publish SPEC  [HOSTIP:]HOST[-END]:CONT[-END][/tcp|udp|sctp], may be repeated",
	.run = attach_run,
};

static int attach_run(struct cli *cli, int argc, char **argv)
{
	static const char *const names[] = {"TENANT/NETWORK", NULL};
	static const struct option options[] = {
		{"netns", required_argument, NULL, 'N'},
		{"create", no_argument, NULL, 'c'},
		{"tap", required_argument, NULL, 't'},
		{"name", required_argument, NULL, 'n'},
		{"ifname", required_argument, NULL, 'i'},
		{"ip", required_argument, NULL, 'I'},
		{"mac", required_argument, NULL, 'm'},
		{"allow-address", required_argument, NULL, 'A'},
		CLI_BANDWIDTH_LONG,
		{"alias", required_argument, NULL, 'a'},
		{"default-route", no_argument, NULL, 'D'},
		{"no-default-route", no_argument, NULL, 'd'},
		{"route", required_argument, NULL, 'r'},
		{"publish", required_argument, NULL, 'p'},
		CLI_COMMON_LONG,
		{0},
	};
	cleanup(json_freep) json_t *parameters = json_object();
	const char *netns = NULL;
	int letter, rc;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT "p:", options, NULL)) !=
	       -1) {
		rc = -1;
		switch (letter) {
		case 'N':
			netns = optarg;
			break;
		case 'c':
			json_object_set_new(parameters, "create", json_true());
			break;
		case 't':
			json_object_set_new(parameters, "tap", json_string(optarg));
			break;
		case 'n':
			json_object_set_new(parameters, "name", json_string(optarg));
			break;
		case 'i':
			json_object_set_new(parameters, "ifname", json_string(optarg));
			break;
		case 'I':
			cli_append(parameters, "ips", optarg);
			break;
		case 'a':
			cli_append(parameters, "aliases", optarg);
			break;
		case 'A':
			cli_append(parameters, "allowAddresses", optarg);
			break;
		case 'm':
			json_object_set_new(parameters, "mac", json_string(optarg));
			break;
		case 'D':
			json_object_set_new(parameters, "defaultRoute", json_true());
			break;
		case 'd':
			json_object_set_new(parameters, "defaultRoute", json_false());
			break;
		case 'r':
			cli_route(parameters, optarg);
			break;
		case 'p':
			cli_append(parameters, "publish", optarg);
			break;
		case CLI_BANDWIDTH_FIRST ... CLI_BANDWIDTH_LAST:
			rc = cli_bandwidth(cli, letter, optarg, parameters);
			break;
		default:
			rc = cli_option(cli, &cli_verb_attach, letter);
		}
		if (rc >= 0)
			return rc;
	}
	rc = cli_operands(cli, argc, argv, names, 1);
	if (rc >= 0)
		return rc;
	json_object_set_new(parameters, "network", json_string(argv[optind]));
	return attach(cli, parameters, netns);
}

/* One place to put it, and one alone. @parameters is borrowed. */
static int attach(struct cli *cli, json_t *parameters, const char *netns)
{
	bool create = json_object_get(parameters, "create"),
	     tap = json_object_get(parameters, "tap");
	cleanup(fd_closep) int fd = -1;

	if ((netns ? 1 : 0) + (create ? 1 : 0) + (tap ? 1 : 0) > 1)
		return cli_usage(cli, "--netns, --create and --tap exclude each other");
	if (!netns && !json_object_get(parameters, "name"))
		return cli_usage(cli, create || tap ? "--name is missing"
						    : "--netns PATH or --name is missing");
	if (netns) {
		int rc = cli_netns_open(cli, netns, &fd);

		if (rc != CLI_OK)
			return rc;
		json_object_set_new(parameters, "netnsFd", json_integer(0));
	}
	if (cli->json || cli->dry_run || cli->quiet)
		return cli_change(cli, "EndpointAttach", json_incref(parameters), &fd, fd >= 0,
				  "endpoint");

	cleanup(json_freep) json_t *reply = NULL;
	int rc = cli_call(cli, "EndpointAttach", json_incref(parameters), &fd, fd >= 0, &reply);

	if (reply) {
		const json_t *endpoint = json_object_get(reply, "endpoint");
		cleanup(mem_freep) char *name = cli_cell(json_object_get(endpoint, "name"));
		cleanup(mem_freep) char *ips = cli_cell(json_object_get(endpoint, "ips"));

		printf("%s %s\n", name, ips);
	}
	return rc;
}
