// SPDX-License-Identifier: GPL-2.0-or-later
/* run - `moat run`: options to a specification, and away. Floor F5. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/cli/container/container.h"
#include "runner/cli/profile.h"
#include "runner/container/device.h"
#include "runner/process/privilege.h"
#include "runner/spec/recipes.h"
#include "runner/spec/security.h"
#include "runner/spec/x11.h"
#include "runner/terminal/terminal.h"

static int run_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_run = {
	.name = "run",
	.summary = "runs a command in a container",
	.usage = "moat run [OPTION...] [--] COMMAND [ARG...]\n"
		 "\n"
		 "  -d, --detach         in the background; the name is printed\n"
		 "  --rm                 remove it when it ends\n"
		 "  -i, --interactive    the command reads our standard input\n"
		 "  -t, --tty            a terminal of the container's own; with -i ours is typed "
		 "into it, and\n"
		 "                       ctrl-p ctrl-q let go of it (attach-tty takes it again)\n"
		 "  --name [TENANT/]NAME by default its id; the tenant by default that of its "
		 "first network\n"
		 "  --network TENANT/NET[,ip=A]...[,mac=M][,ifname=I][,alias=N]...[,route=DST[=VIA]]...[,ingress-rate=R]...\n"
		 "                       an interface on that network; more than once: more "
		 "interfaces\n"
		 "  --net none           a stack of its own with loopback only (what it has "
		 "without --network)\n"
		 "  --net container:NAME the stack of that container, which must run\n"
		 "  --net host           the host's own network, in which it is nobody\n"
		 "  --pid container:NAME sees and may trace the processes of that container; host: "
		 "those of all\n"
		 "  --ipc container:NAME shares /dev/shm, message queues, System V IPC with it; host: "
		 "the host's;\n"
		 "                       private: its own, which is what it has anyway\n"
		 "  --device-net IF[,force]\n"
		 "                       an interface of the host is its own until it ends\n"
		 "  --x11                the X display DISPLAY names: its socket, and its cookie\n"
		 "  -p, --publish [HOSTIP:]HOST[-END]:CONT[-END][/tcp|udp|sctp]\n"
		 "                       a port of the host leads to it, on its first network\n"
		 "  --alias NAME         another name that the name service of its first network has it under; may be repeated\n"
		 "  --route DST[=VIA]    a way out by its first network beside the default route, by VIA or the network's "
		 "gateway; one to\n"
		 "                       0.0.0.0/0 or ::/0 takes its place; may be repeated\n"
		 "  --ingress-rate R, --egress-rate R\n"
		 "                       bits a second that it may receive, and send, on its first network, such as 500k, 10M "
		 "or 1G\n"
		 "  --ingress-burst B, --egress-burst B\n"
		 "                       bits that may come, and go, at full speed after a pause; otherwise a fiftieth of the "
		 "rate\n"
		 "  -v, --volume SRC:DST[:ro]\n"
		 "                       a file or folder of the host, owned inside as it is "
		 "outside\n"
		 "  -e, --env K=V        a variable; K alone takes ours\n"
		 "  -w, --workdir DIR    by default /\n"
		 "  -u, --user USER[:GROUP]\n"
		 "                       a name of the container's /etc/passwd, or a number\n"
		 "  --hostname H         by default the name\n"
		 "  --rootfs DIR         its file system; by default a view of the host's: "
		 "what is written\n"
		 "                       is the container's alone and goes with it, what only "
		 "the host's root\n"
		 "                       may read cannot be read; /home, /root, /run, /tmp, "
		 "/var/log and the\n"
		 "                       folders of services below /var/lib begin empty\n"
		 "  --image LAYOUT[:TAG] an OCI image layout, as podman, skopeo and umoci make it: "
		 "its files, and\n"
		 "                       its Entrypoint, Cmd, Env, User, WorkingDir, StopSignal\n"
		 "  --restart no|on-failure[:N]|always\n"
		 "                       start it again when it ends, or ends with another status "
		 "than 0 (N times at\n"
		 "                       most); 0.1 s later, then twice as long each time, up to "
		 "a minute\n"
		 "  --read-only          what is not a volume, tmpfs, /run or /tmp cannot be "
		 "written\n"
		 "  --tmpfs PATH[:size=N,mode=M,noexec]\n"
		 "                       an empty folder in memory\n"
		 "  -m, --memory N       at most so many bytes, with k, m, g; what goes beyond it is "
		 "killed\n"
		 "  --cpus N             at most so much processor time: 1.5 is one and a half of "
		 "them\n"
		 "  --pids-limit N       at most so many processes and threads\n"
		 "  --cap-add C, --cap-drop C\n"
		 "                       capabilities in its own namespaces; NET_ADMIN and "
		 "NET_RAW make its root\n"
		 "                       the owner of its stack; ALL is all of them\n"
		 "  --security-opt seccomp=unconfined|default|FILE, allow=GROUP, mask=PATH, unmask=PATH|ALL\n"
		 "                       opens or closes more than the defaults: moat-run(1)\n"
		 "  --landlock ro=PATH,rw=PATH,connect=PORT,bind=PORT\n"
		 "                       of what it sees it may touch only these\n"
		 "\n"
		 "Exit status: the command's, or 128 and its signal; 125 when it could not be "
		 "started, 126 when\n"
		 "the command cannot be executed, 127 when there is none.",
	.run = run_run,
};

enum option_letter {
	OPT_NAME = 0x200,
	OPT_RM,
	OPT_NETWORK,
	OPT_NET,
	OPT_PID,
	OPT_IPC,
	OPT_X11,
	OPT_HOSTNAME,
	OPT_ROOTFS,
	OPT_READ_ONLY,
	OPT_TMPFS,
	OPT_CAP_ADD,
	OPT_CAP_DROP,
	OPT_SECURITY,
	OPT_DEVICE_NET,
	OPT_LANDLOCK,
	OPT_RESTART,
	OPT_IMAGE,
	OPT_CPUS,
	OPT_PIDS_LIMIT,
	OPT_ALIAS,
	OPT_ROUTE,
	OPT_BANDWIDTH, /* and the next ones, as spec_bandwidth has them */
	OPT_BANDWIDTH_LAST = OPT_BANDWIDTH + SPEC_BANDWIDTH_COUNT - 1,
};

static const struct option options[] = {
	{"detach", no_argument, NULL, 'd'},
	{"rm", no_argument, NULL, OPT_RM},
	{"interactive", no_argument, NULL, 'i'},
	{"name", required_argument, NULL, OPT_NAME},
	{"network", required_argument, NULL, OPT_NETWORK},
	{"net", required_argument, NULL, OPT_NET},
	{"pid", required_argument, NULL, OPT_PID},
	{"ipc", required_argument, NULL, OPT_IPC},
	{"x11", no_argument, NULL, OPT_X11},
	{"publish", required_argument, NULL, 'p'},
	{"alias", required_argument, NULL, OPT_ALIAS},
	{"route", required_argument, NULL, OPT_ROUTE},
	{"ingress-rate", required_argument, NULL, OPT_BANDWIDTH},
	{"ingress-burst", required_argument, NULL, OPT_BANDWIDTH + 1},
	{"egress-rate", required_argument, NULL, OPT_BANDWIDTH + 2},
	{"egress-burst", required_argument, NULL, OPT_BANDWIDTH + 3},
	{"volume", required_argument, NULL, 'v'},
	{"env", required_argument, NULL, 'e'},
	{"workdir", required_argument, NULL, 'w'},
	{"user", required_argument, NULL, 'u'},
	{"hostname", required_argument, NULL, OPT_HOSTNAME},
	{"rootfs", required_argument, NULL, OPT_ROOTFS},
	{"read-only", no_argument, NULL, OPT_READ_ONLY},
	{"tmpfs", required_argument, NULL, OPT_TMPFS},
	{"cap-add", required_argument, NULL, OPT_CAP_ADD},
	{"cap-drop", required_argument, NULL, OPT_CAP_DROP},
	{"security-opt", required_argument, NULL, OPT_SECURITY},
	{"landlock", required_argument, NULL, OPT_LANDLOCK},
	{"tty", no_argument, NULL, 't'},
	{"image", required_argument, NULL, OPT_IMAGE},
	{"memory", required_argument, NULL, 'm'},
	{"cpus", required_argument, NULL, OPT_CPUS},
	{"pids-limit", required_argument, NULL, OPT_PIDS_LIMIT},
	{"restart", required_argument, NULL, OPT_RESTART},
	{"device-net", required_argument, NULL, OPT_DEVICE_NET},
	CLI_COMMON_LONG,
	{0},
};

/* The growing parts of the specification, while options are read. */
struct building {
	struct spec spec;
	struct arena *arena;
	const struct cli *cli;
	const char *image;
	const char *name;
	bool detach, x11, net_none, image_new;
	struct spec_network first; /* what options beside --network say of the first */
	bool first_given;
	const char *profile; /* of seccomp=FILE; the last one counts */
	uint64_t caps_dropped; /* by name */
	size_t env_count, publish_count, tmpfs_count, device_count;
};

static int option_take(struct building *b, int letter, struct err *err);
static int net_take(struct building *b, const char *value, struct err *err);
static int ns_take(struct building *b, int letter, const char *value, struct err *err);
static int join_take(struct building *b, const char *value, const char **ret_join,
		     struct err *err);
static int x11_take(struct building *b, struct err *err);
static int complete(struct building *b, char **args, struct err *err);
static int name_complete(struct building *b, struct err *err);
static int first_complete(struct building *b, struct err *err);
static int paths_resolve(struct building *b, struct err *err);
static int path_resolve(const char **path, struct arena *arena, struct err *err);
static const char **strings_add(struct arena *arena, const char **strings, size_t *count,
				const char *text);
static int run_fail(struct cli *cli, int code, const struct err *err);

static int run_run(struct cli *cli, int argc, char **argv)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct building b = {.arena = arena, .first = {.network = "the first network"}};
	struct container_host host;
	struct err err = ERR_INIT;
	int letter, code;

	b.spec.caps = privilege_caps_default();
	b.cli = cli;
	b.spec.env = b.spec.publish = b.spec.tmpfs = arena_array(arena, 1, sizeof(*b.spec.env));
	while ((letter = getopt_long(argc, argv, CLI_COMMON_SHORT "dip:v:e:w:u:tm:", options,
				     NULL)) != -1) {
		int rc = option_take(&b, letter, &err);

		if (rc < 0)
			return run_fail(cli, CLI_RUN_FAILED, &err);
		if (rc > 0) {
			rc = cli_common(cli, &cli_verb_run, letter);
			if (rc != 0)
				return rc > 0 ? CLI_OK : CLI_RUN_FAILED;
		}
	}
	complete(&b, argv + optind, &err);
	if (err.kind == ERR_NONE && cli->dry_run)
		(void)plan_run(cli, &b.spec, b.image_new ? b.image : NULL, arena, &err);
	if (err.kind != ERR_NONE)
		return run_fail(cli, CLI_RUN_FAILED, &err);
	if (cli->dry_run)
		return CLI_OK;

	container_host_init(&host, cli);
	code = container_run(&host, &b.spec, &err);
	container_host_fini(&host);
	if (err.kind != ERR_NONE)
		return run_fail(cli, code, &err);
	if (b.detach && cli->json)
		cli_print_json(
			json_pack("{s:o, s:s}", "name",
				  json_sprintf("%s/%s", b.spec.name.tenant, b.spec.name.name),
				  "id", b.spec.id));
	else if (b.detach && !cli->quiet)
		printf("%s/%s\n", b.spec.name.tenant, b.spec.name.name);
	return code;
}

/* ----------------------------------------------------------------- helpers */

/* Return: 0 taken; 1 one of those that every verb takes; -errno. */
static int option_take(struct building *b, int letter, struct err *err)
{
	struct spec *spec = &b->spec;
	uint64_t caps;
	int rc = 0;

	switch (letter) {
	case 'd':
		b->detach = true;
		break;
	case 'i':
		spec->interactive = true;
		break;
	case OPT_RM:
		spec->remove = true;
		break;
	case OPT_NAME:
		b->name = optarg;
		break;
	case OPT_NETWORK: {
		struct spec_network *grown =
			arena_array(b->arena, spec->network_count + 1, sizeof(*grown));

		if (spec->network_count)
			memcpy(grown, spec->networks, spec->network_count * sizeof(*grown));
		spec->networks = grown;
		rc = spec_network_parse(optarg, b->arena, &grown[spec->network_count++], err);
		break;
	}
	case OPT_ALIAS:
	case OPT_ROUTE:
		b->first_given = true;
		rc = spec_network_set(&b->first, letter == OPT_ALIAS ? "alias" : "route", optarg, b->arena, err);
		break;
	case OPT_BANDWIDTH ... OPT_BANDWIDTH_LAST:
		b->first_given = true;
		rc = spec_network_set(&b->first, spec_bandwidth[letter - OPT_BANDWIDTH].option, optarg, b->arena, err);
		break;
	case OPT_NET:
		rc = net_take(b, optarg, err);
		break;
	case OPT_PID:
	case OPT_IPC:
		rc = ns_take(b, letter, optarg, err);
		break;
	case OPT_DEVICE_NET: {
		char device[16];
		bool force;

		rc = device_parse(optarg, device, &force, err);
		if (rc == 0)
			spec->devices = strings_add(b->arena, spec->devices, &b->device_count,
						    optarg);
		break;
	}
	case OPT_SECURITY:
		if (str_starts(optarg, "seccomp=/") || str_starts(optarg, "seccomp=.") ||
		    str_starts(optarg, "seccomp:/")) {
			b->profile = optarg + strlen("seccomp=");
			break;
		}
		if (str_starts(optarg, "seccomp"))
			b->profile = NULL;
		rc = security_option_take(optarg, spec, b->arena, err);
		break;
	case OPT_LANDLOCK:
		rc = security_landlock_add(optarg, spec, b->arena, err);
		break;
	case OPT_X11:
		b->x11 = true;
		break;
	case 'p': {
		struct portspec port;
		char text[PORTSPEC_SIZE];

		rc = portspec_parse(optarg, &port, err);
		if (rc == 0)
			spec->publish = strings_add(
				b->arena, spec->publish, &b->publish_count,
				arena_strdup(b->arena, portspec_print(&port, text)));
		break;
	}
	case 'v': {
		struct spec_volume *grown =
			arena_array(b->arena, spec->volume_count + 1, sizeof(*grown));

		if (spec->volume_count)
			memcpy(grown, spec->volumes, spec->volume_count * sizeof(*grown));
		spec->volumes = grown;
		rc = spec_volume_parse(optarg, b->arena, &grown[spec->volume_count++], err);
		break;
	}
	case 'e': {
		const char *assignment;

		if (!*optarg)
			return err_set(err, ERR_USAGE, EINVAL, "-e", "a variable is NAME=VALUE");
		assignment = container_env(b->arena, optarg);
		if (assignment)
			spec->env = strings_add(b->arena, spec->env, &b->env_count, assignment);
		break;
	}
	case 'w':
		spec->workdir = optarg;
		break;
	case 'u':
		spec->user = optarg;
		break;
	case OPT_HOSTNAME:
		if (!*optarg)
			return err_set(err, ERR_NAME, EINVAL, "--hostname",
				       "a host name is 1 to %d characters", SPEC_HOSTNAME_MAX);
		spec->hostname = optarg;
		break;
	case OPT_ROOTFS:
		spec->rootfs = optarg;
		break;
	case OPT_READ_ONLY:
		spec->read_only = true;
		break;
	case OPT_TMPFS:
		spec->tmpfs = strings_add(b->arena, spec->tmpfs, &b->tmpfs_count, optarg);
		break;
	case OPT_CAP_ADD:
	case OPT_CAP_DROP:
		rc = privilege_caps_parse(optarg, &caps, err);
		if (rc < 0)
			break;
		spec->caps = letter == OPT_CAP_ADD ? spec->caps | caps : spec->caps & ~caps;
		b->caps_dropped = letter == OPT_CAP_ADD ? b->caps_dropped & ~caps
							: b->caps_dropped | caps;
		break;
	case 't':
		spec->tty = true;
		break;
	case OPT_RESTART:
		rc = spec_restart_parse(optarg, spec, err);
		break;
	case OPT_IMAGE:
		b->image = optarg;
		break;
	case 'm':
		rc = spec_memory_parse(optarg, &spec->memory, err);
		break;
	case OPT_CPUS:
		rc = spec_cpus_parse(optarg, &spec->cpus_milli, err);
		break;
	case OPT_PIDS_LIMIT:
		rc = spec_pids_parse(optarg, &spec->pids, err);
		break;
	default:
		rc = 1;
	}
	return rc;
}

static int net_take(struct building *b, const char *value, struct err *err)
{
	b->spec.join = NULL;
	b->net_none = str_eq(value, "none");
	if (b->net_none) {
		b->spec.net = SPEC_NET_NONE;
		return 0;
	}
	if (str_eq(value, "host")) {
		b->spec.net = SPEC_NET_HOST;
		return 0;
	}
	if (str_starts(value, "container:")) {
		b->spec.net = SPEC_NET_JOIN;
		return join_take(b, value, &b->spec.join, err);
	}
	return err_set(err, ERR_USAGE, EINVAL, value,
		       "--net is none, container:NAME or host; a network goes to --network");
}

static int ns_take(struct building *b, int letter, const char *value, struct err *err)
{
	enum spec_ns *ns = letter == OPT_PID ? &b->spec.pid : &b->spec.ipc;
	const char **join = letter == OPT_PID ? &b->spec.pid_join : &b->spec.ipc_join;

	*join = NULL;
	if (str_eq(value, "private")) {
		*ns = SPEC_NS_OWN;
		return 0;
	}
	if (str_eq(value, "host")) {
		*ns = SPEC_NS_HOST;
		return 0;
	}
	if (str_starts(value, "container:")) {
		*ns = SPEC_NS_JOIN;
		return join_take(b, value, join, err);
	}
	return err_set(err, ERR_USAGE, EINVAL, value, "--%s is private, container:NAME or host",
		       letter == OPT_PID ? "pid" : "ipc");
}

static int join_take(struct building *b, const char *value, const char **ret_join,
		     struct err *err)
{
	struct name name;

	value += strlen("container:");
	if (name_parse("container", value, false, &name, err) < 0)
		return -EINVAL;
	*ret_join = arena_printf(b->arena, "%s/%s", name.tenant, name.name);
	return 0;
}

/* The display is named once, now, by whoever runs us, as folders are. */
static int x11_take(struct building *b, struct err *err)
{
	struct spec_x11 *x11 = arena_array(b->arena, 1, sizeof(*x11));
	const char **env;
	size_t n = 0;
	int rc = x11_find(b->arena, x11, err);

	if (rc < 0)
		return rc;
	b->spec.x11 = x11;
	/* First, so that a variable of -e counts more. */
	env = arena_array(b->arena, b->env_count + 3, sizeof(*env));
	env[n++] = arena_printf(b->arena, "DISPLAY=:%lld", (long long)x11->display);
	if (x11->cookie)
		env[n++] = "XAUTHORITY=" X11_AUTHORITY;
	memcpy(env + n, b->spec.env, b->env_count * sizeof(*env));
	b->spec.env = env;
	b->env_count += n;
	return 0;
}

static int complete(struct building *b, char **args, struct err *err)
{
	struct spec *spec = &b->spec;
	size_t count = 0;
	int rc;

	while (args[count])
		count++;
	spec->args = arena_array(b->arena, count + 1, sizeof(*spec->args));
	for (size_t i = 0; i < count; i++)
		spec->args[i] = args[i];
	if (count == 0 && !b->image)
		return err_set(err, ERR_USAGE, EINVAL, NULL, "COMMAND is missing");
	if (spec->rootfs && b->image)
		return err_set(err, ERR_USAGE, EINVAL, NULL,
			       "--rootfs and --image exclude each other");
	/* What else excludes a network is refused by spec_check(), which does not see whether "none" was said. */
	if (spec->network_count && b->net_none)
		return err_set(err, ERR_USAGE, EINVAL, spec->networks[0].network,
			       "a network is more than loopback: not with --net none");
	if (spec->network_count && spec->net == SPEC_NET_NONE)
		spec->net = SPEC_NET_OWN;
	rc = b->first_given ? first_complete(b, err) : 0;
	if (rc < 0)
		return rc;
	if (b->detach && spec->interactive && !spec->tty)
		return err_set(err, ERR_USAGE, EINVAL, NULL,
			       "-d and -i exclude each other, but for a terminal (-t)");
	if (spec->remove && spec->restart != SPEC_RESTART_NO)
		return err_set(err, ERR_USAGE, EINVAL, NULL,
			       "--rm and --restart exclude each other");
	spec->attached = !b->detach;
	spec->stop_signal = SIGTERM;
	if (spec->tty && spec->attached) {
		if (terminal_check(spec->interactive, err) < 0)
			return -ENOTTY;
		spec->size = terminal_size();
	}
	str_hex48_print(random_id48(), spec->id);
	rc = name_complete(b, err);
	if (rc == 0 && b->image) {
		rc = container_image(b->cli, b->image, spec, b->arena, err);
		/* Whatever it runs is in its configuration, which is not known yet. */
		b->image_new = rc > 0;
		if (b->image_new && !spec->args[0])
			spec->args = strings_add(b->arena, spec->args, &count, "");
		rc = b->image_new ? 0 : rc;
		for (b->env_count = 0; rc == 0 && spec->env[b->env_count]; b->env_count++)
			;
	}
	if (!spec->workdir)
		spec->workdir = "/";
	/* From where we are, as LAYOUT of --image is; what is kept is whole. */
	if (rc == 0 && spec->rootfs && spec->rootfs[0] != '/')
		rc = path_resolve(&spec->rootfs, b->arena, err);
	if (rc == 0 && b->x11)
		rc = x11_take(b, err);
	if (rc == 0 && b->profile)
		rc = profile_take(b->profile, spec, b->arena, err);
	if (rc == 0 && !b->image_new)
		rc = recipes_apply(spec, b->caps_dropped, b->arena, err);
	if (rc == 0)
		rc = spec_check(spec, err);
	return rc < 0 ? rc : paths_resolve(b, err);
}

/* What was asked for outside --network is of the first, wherever that stands among the options. */
static int first_complete(struct building *b, struct err *err)
{
	struct spec_network *network = b->spec.networks;
	int rc = 0;

	if (!b->spec.network_count)
		return err_set(err, ERR_USAGE, EINVAL, NULL, "--alias, --route, --ingress-rate and the like need --network");
	for (const char **alias = b->first.aliases; rc == 0 && alias && *alias; alias++)
		rc = spec_network_set(network, "alias", *alias, b->arena, err);
	for (const char **route = b->first.routes; rc == 0 && route && *route; route++)
		rc = spec_network_set(network, "route", *route, b->arena, err);
	for (size_t i = 0; i < SPEC_BANDWIDTH_COUNT; i++)
		if (b->first.bandwidth[i])
			network->bandwidth[i] = b->first.bandwidth[i];
	return rc;
}

/*
 * Folders of the host are named once, now, by whoever runs us. Kept as they were given they would be followed anew at
 * each start, and by then the container may have put a link to anything in its volume (rootfs_folder() follows none).
 */
static int paths_resolve(struct building *b, struct err *err)
{
	struct spec *spec = &b->spec;
	struct spec_volume *volumes =
		arena_array(b->arena, spec->volume_count + 1, sizeof(*volumes));
	int rc = spec->rootfs ? path_resolve(&spec->rootfs, b->arena, err) : 0;
	struct stat st;

	if (rc == 0 && spec->rootfs && stat(spec->rootfs, &st) == 0 && !S_ISDIR(st.st_mode))
		return err_set(err, ERR_USAGE, ENOTDIR, spec->rootfs, "--rootfs: it is no folder");
	if (rc == 0 && spec->image && !b->image_new)
		rc = path_resolve(&spec->image, b->arena, err);

	for (size_t i = 0; rc == 0 && i < spec->volume_count; i++) {
		volumes[i] = spec->volumes[i];
		rc = path_resolve(&volumes[i].source, b->arena, err);
	}
	spec->volumes = volumes;
	return rc;
}

static int path_resolve(const char **path, struct arena *arena, struct err *err)
{
	cleanup(mem_freep) char *real = realpath(*path, NULL);

	if (!real)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, errno, *path,
			       "open");
	*path = arena_strdup(arena, real);
	return 0;
}

/* NAME alone is of the tenant whose network it joins: a container is of one tenant. */
static int name_complete(struct building *b, struct err *err)
{
	struct spec *spec = &b->spec;
	struct name network = {.tenant = "default"};
	int rc = 0;

	if (spec->network_count)
		rc = name_parse("network", spec->networks[0].network, false, &network, err);
	else if (spec_joins(spec))
		rc = name_parse("container",
				spec->join       ? spec->join
				: spec->pid_join ? spec->pid_join
						 : spec->ipc_join,
				false, &network, err);
	if (rc == 0 && b->name && strchr(b->name, '/')) {
		rc = name_parse("container", b->name, false, &spec->name, err);
	} else if (rc == 0) {
		const char *name = b->name ? b->name : spec->id;

		rc = name_check("container", name, err);
		if (rc == 0) {
			(void)str_copy(spec->name.name, sizeof(spec->name.name), name);
			memcpy(spec->name.tenant, network.tenant, sizeof(spec->name.tenant));
		}
	}
	for (size_t i = 0; rc == 0 && i < spec->network_count; i++) {
		rc = name_parse("network", spec->networks[i].network, false, &network, err);
		if (rc == 0 && !str_eq(network.tenant, spec->name.tenant))
			rc = err_set(err, ERR_USAGE, EINVAL, spec->networks[i].network,
				     "a network of another tenant than the container's, %s",
				     spec->name.tenant);
	}
	if (rc == 0 && !spec->hostname)
		spec->hostname = arena_strndup(b->arena, spec->name.name,
					       strnlen(spec->name.name, SPEC_HOSTNAME_MAX));
	return rc;
}

static const char **strings_add(struct arena *arena, const char **strings, size_t *count,
				const char *text)
{
	const char **grown = arena_array(arena, *count + 2, sizeof(*grown));

	if (*count)
		memcpy(grown, strings, *count * sizeof(*grown));
	grown[(*count)++] = text;
	return grown;
}

/* The error's own exit code is for other verbs: of a command it must be told apart. */
static int run_fail(struct cli *cli, int code, const struct err *err)
{
	(void)cli_fail(cli, err);
	return code;
}
