/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network - `moat network create|set|list|show|delete`. Floor F5. */
#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/cli.h"

enum { MTU_MAX = 65535 };

static const struct cli_column columns[] = {
	{"NAME", "name"},
	{"MODE", "mode"},
	{"SUBNETS", "subnets"},
	{"GATEWAYS", "gateways"},
	{"MTU", "mtu"},
	{"ENDPOINTS", "endpoints"},
	{0},
};
static const struct cli_column lines[] = {
	{"name", "name"},         {"id", "id"},
	{"mode", "mode"},         {"subnets", "subnets"},
	{"gateways", "gateways"}, {"mtu", "mtu"},
	{"guard", "guard"},       {"masquerade", "masquerade"},
	{"internal", "internal"}, {"dns", "dns"},
	{"routed", "routed"},     {"host access", "hostAccess"},
	{"excluded", "excluded"}, {"reserved", "reserved"},
	{"endpoints", "endpoints"},
	{"bridge", "bridge"},     {0},
};
static const char *const one_name[] = {"TENANT/NAME", NULL};

static int write_run(struct cli *cli, const struct cli_verb *verb, const char *method, int argc,
		     char **argv);
static int create_run(struct cli *cli, int argc, char **argv);
static int set_run(struct cli *cli, int argc, char **argv);
static int list_run(struct cli *cli, int argc, char **argv);
static int show_run(struct cli *cli, int argc, char **argv);
static int delete_run(struct cli *cli, int argc, char **argv);

enum { CREATE, SET, LIST, SHOW, DELETE };
static const struct cli_verb subs[] = {
	[CREATE] = {"create", "makes a network",
		    "moat network create TENANT/NAME [--subnet CIDR]... [--gateway IP]... "
		    "[--mode bridge|routed|l2]\n"
		    "                    [--mtu N] [--internal] [--no-dns] [--no-masquerade] "
		    "[--host-access] [--no-guard]\n"
		    "                    [--dns-rebind-protect] [--exclude A-B|CIDR]... "
		    "[--reserve NAME=IP]...\n\n"
		    "  --subnet CIDR    one of IPv4, one of IPv6; without any: the next free "
		    "/24 and /64 of the pools\n"
		    "  --gateway IP     the router's address in it; otherwise the first\n"
		    "  --mode MODE      bridge: a segment with a gateway, up to 1,023 endpoints;\n"
		    "                   routed: no segment, every packet passes the router, up to "
		    "10,000;\n"
		    "                   l2: a segment that learns, without gateway, addresses and "
		    "guard, for labs\n"
		    "  --mtu N          bytes; otherwise that of the host's way out\n"
		    "  --internal       no way out, not reached from outside, and nothing is "
		    "published of it\n"
		    "  --no-dns         no name service\n"
		    "  --dns-rebind-protect  names from outside that lead to private "
		    "addresses are refused\n"
		    "  --no-masquerade  packets of subnets among moatd.yaml's routed-prefixes leave with "
		    "their own\n"
		    "                   source address; others do not leave\n"
		    "  --host-access    endpoints and the host reach one another\n"
		    "  --no-guard       endpoints may send from any address: for tests and "
		    "trusted labs only\n"
		    "  --exclude A-B    addresses that nobody is given; A alone, or a prefix\n"
		    "  --reserve NAME=IP\n"
		    "                   the address is for the stack of that name alone",
		    NULL, create_run},
	[SET] = {"set", "changes a network",
		 "moat network set TENANT/NAME [--mtu N] [--internal|--no-internal] "
		 "[--dns|--no-dns]\n"
		 "                 [--dns-rebind-protect|--no-dns-rebind-protect] "
		 "[--masquerade|--no-masquerade]\n"
		 "                 "
		 "[--host-access|--no-host-access]\n"
		 "                 [--subnet CIDR [--gateway IP]]... [--remove-subnet CIDR]...\n"
		 "                 [--exclude A-B|CIDR]... [--unexclude A-B|CIDR]...\n"
		 "                 [--reserve NAME=IP]... [--unreserve NAME[=IP]]...\n\n"
		 "  --mtu N          bytes, for all endpoints that have none of their own\n"
		 "  --subnet CIDR    one more; endpoints that stand get no address of it\n"
		 "  --remove-subnet CIDR\n"
		 "                   one less, of which no endpoint has an address; not the last\n"
		 "  --exclude A-B    nobody is given these; who holds one keeps it\n"
		 "  --unexclude A-B  what was excluded no longer is\n"
		 "  --reserve NAME=IP\n"
		 "                   the address is for the stack of that name alone\n"
		 "  --unreserve NAME what is reserved for the name no longer is\n\n"
		 "Connections that stand go on. Mode, guard and gateways cannot change.",
		 NULL, set_run},
	[LIST] = {"list", "lists the networks", "moat network list [TENANT]", NULL, list_run},
	[SHOW] = {"show", "shows one network", "moat network show TENANT/NAME", NULL, show_run},
	[DELETE] = {"delete", "deletes a network",
		    "moat network delete TENANT/NAME [--force] [--strict]\n\n"
		    "  --force   with the endpoints on it\n"
		    "  --strict  fail when there is none of that name",
		    NULL, delete_run},
	{0},
};

const struct cli_verb cli_verb_network = {
	.name = "network",
	.summary = "networks: segments of a tenant's router",
	.usage = "moat network create|set|list|show|delete ...",
	.sub = subs,
};

static int create_run(struct cli *cli, int argc, char **argv)
{
	return write_run(cli, &subs[CREATE], "NetworkCreate", argc, argv);
}

static int set_run(struct cli *cli, int argc, char **argv)
{
	return write_run(cli, &subs[SET], "NetworkSet", argc, argv);
}

static int list_run(struct cli *cli, int argc, char **argv)
{
	return cli_list_of_tenant(cli, &subs[LIST], "NetworkList", "networks", columns, argc,
				  argv);
}

static int show_run(struct cli *cli, int argc, char **argv)
{
	int rc = cli_plain(cli, &subs[SHOW], argc, argv, one_name, 1);

	return rc >= 0 ? rc
		       : cli_show(cli, "NetworkShow", json_pack("{s:s}", "name", argv[optind]),
				  "network", lines);
}

static int delete_run(struct cli *cli, int argc, char **argv)
{
	return cli_delete(cli, &subs[DELETE], "NetworkDelete", CLI_DELETE_FORCE, argc, argv);
}

/* Options without an argument, on and off: their letters are SWITCH_ON or SWITCH_OFF and the number of the key. */
enum { INTERNAL, DNS, REBIND, MASQUERADE, HOST_ACCESS, GUARD, SWITCH_COUNT };
enum { SWITCH_ON = 0x200, SWITCH_OFF = 0x300 };

static bool switch_set(json_t *parameters, int letter)
{
	static const char *const keys[SWITCH_COUNT] = {
		[INTERNAL] = "internal",
		[DNS] = "dns",
		[REBIND] = "dnsRebindProtect",
		[MASQUERADE] = "masquerade",
		[HOST_ACCESS] = "hostAccess",
		[GUARD] = "guard",
	};
	bool on = letter < SWITCH_OFF;
	int key = letter - (on ? SWITCH_ON : SWITCH_OFF);

	if (letter < SWITCH_ON || key >= SWITCH_COUNT)
		return false;
	json_object_set_new(parameters, keys[key], json_boolean(on));
	return true;
}

static int write_run(struct cli *cli, const struct cli_verb *verb, const char *method, int argc,
		     char **argv)
{
	static const struct option options[] = {
		{"subnet", required_argument, NULL, 's'},
		{"gateway", required_argument, NULL, 'g'},
		{"remove-subnet", required_argument, NULL, 'S'},
		{"mode", required_argument, NULL, 'm'},
		{"mtu", required_argument, NULL, 'M'},
		{"exclude", required_argument, NULL, 'x'},
		{"unexclude", required_argument, NULL, 'X'},
		{"reserve", required_argument, NULL, 'r'},
		{"unreserve", required_argument, NULL, 'R'},
		{"internal", no_argument, NULL, SWITCH_ON + INTERNAL},
		{"no-internal", no_argument, NULL, SWITCH_OFF + INTERNAL},
		{"dns", no_argument, NULL, SWITCH_ON + DNS},
		{"no-dns", no_argument, NULL, SWITCH_OFF + DNS},
		{"dns-rebind-protect", no_argument, NULL, SWITCH_ON + REBIND},
		{"no-dns-rebind-protect", no_argument, NULL, SWITCH_OFF + REBIND},
		{"masquerade", no_argument, NULL, SWITCH_ON + MASQUERADE},
		{"no-masquerade", no_argument, NULL, SWITCH_OFF + MASQUERADE},
		{"host-access", no_argument, NULL, SWITCH_ON + HOST_ACCESS},
		{"no-host-access", no_argument, NULL, SWITCH_OFF + HOST_ACCESS},
		{"guard", no_argument, NULL, SWITCH_ON + GUARD},
		{"no-guard", no_argument, NULL, SWITCH_OFF + GUARD},
		CLI_COMMON_LONG,
		{0},
	};
	cleanup(json_freep) json_t *parameters = json_object();
	json_int_t number;
	int letter, rc;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT, options, NULL)) != -1) {
		rc = -1;
		switch (letter) {
		case 's':
			cli_append(parameters, "subnets", optarg);
			break;
		case 'S':
			cli_append(parameters, "removeSubnets", optarg);
			break;
		case 'g':
			cli_append(parameters, "gateways", optarg);
			break;
		case 'm':
			json_object_set_new(parameters, "mode", json_string(optarg));
			break;
		case 'M':
			rc = cli_number(cli, "--mtu", optarg, MTU_MAX, &number);
			if (rc < 0)
				json_object_set_new(parameters, "mtu", json_integer(number));
			break;
		case 'x':
			cli_append(parameters, "exclude", optarg);
			break;
		case 'X':
			cli_append(parameters, "unexclude", optarg);
			break;
		case 'r':
			cli_append(parameters, "reserve", optarg);
			break;
		case 'R':
			cli_append(parameters, "unreserve", optarg);
			break;
		default:
			rc = switch_set(parameters, letter) ? -1 : cli_option(cli, verb, letter);
		}
		if (rc >= 0)
			return rc;
	}
	rc = cli_operands(cli, argc, argv, one_name, 1);
	if (rc >= 0)
		return rc;
	if (verb == &subs[SET] && json_object_size(parameters) == 0)
		return cli_usage(cli, "nothing to set");
	json_object_set_new(parameters, "name", json_string(argv[optind]));
	return cli_change(cli, method, json_incref(parameters), NULL, 0, "network");
}
