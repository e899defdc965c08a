/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spec - what a container shall be, as a value, and its JSON form. Floor F4,
 * pure: no descriptor, no kernel. The command line and the recipes fill it,
 * spec.json keeps it, the shim obeys it; the OCI configuration will be decoded
 * into the same value.
 */
#ifndef MOAT_RUNNER_SPEC_H
#define MOAT_RUNNER_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/model/names.h"

enum {
	SPEC_ARGS_MAX = 4096, /* arguments, and variables of the environment */
	SPEC_NETWORKS_MAX = 16,
	SPEC_VOLUMES_MAX = 64,
	SPEC_STEPS_MAX = 16,
	SPEC_SEEDS_MAX = 64,
	SPEC_SEED_MAX = 256 * 1024, /* bytes of a file the container begins with */
	SPEC_STRING_MAX =
		128 * 1024, /* characters of one argument (the kernel's MAX_ARG_STRLEN) */
	SPEC_HOSTNAME_MAX = 63,
	SPEC_PATH_SIZE = 4096, /* PATH_MAX, its end counted */
	SPEC_TMPFS_OPTION_SIZE = 32,
	SPEC_DISPLAY_MAX = 65535,
	SPEC_DEVICES_MAX = 16,
	SPEC_FILTER_MAX = 2048, /* instructions */
	SPEC_PATHS_MAX = 256,  /* masked, unmasked, and rules of Landlock */
	SPEC_PIDS_MAX = 4194304,
	SPEC_CPUS_MAX = 1000000, /* thousandths */
	SPEC_RESTART_TIMES_MAX = 1000000,
	SPEC_COOKIE_MAX = 64, /* bytes; MIT-MAGIC-COOKIE-1 has 16 */
};

/** struct spec_size - of a terminal, in characters; 0, 0: unknown */
struct spec_size {
	int64_t rows, columns;
};

enum spec_restart {
	SPEC_RESTART_NO,
	SPEC_RESTART_ON_FAILURE, /* when its status was not 0 */
	SPEC_RESTART_ALWAYS,
};

enum spec_net {
	SPEC_NET_NONE, /* a stack of its own with loopback only */
	SPEC_NET_OWN,  /* a stack of its own, attached to networks */
	SPEC_NET_JOIN, /* the stack of another container */
	SPEC_NET_HOST, /* the host's own: on request alone */
};

/* Where a container's processes, and its IPC objects with /dev/shm and /dev/mqueue, live */
enum spec_ns {
	SPEC_NS_OWN,
	SPEC_NS_JOIN, /* another container's */
	SPEC_NS_HOST,
};

/**
 * struct spec_security - what is opened, or closed beyond the defaults (security.h)
 * @allow: bit n: group n of enum filter_group is let through; @unconfined: all system calls are
 * @mask, @unmask: paths hidden, and default covers taken off ("ALL": all); @landlock: rules as --landlock has them.
 *	NULL-terminated, or NULL
 * @filter: a compiled one instead of the default's: 16 hexadecimal digits an instruction, or NULL
 */
struct spec_security {
	uint64_t allow;
	bool unconfined;
	const char **mask, **unmask, **landlock;
	const char *filter;
};

/**
 * struct spec_x11 - an X display: its socket, and the cookie that opens it
 * @display: number of the local display
 * @cookie: hexadecimal, or NULL where the display asks for none
 */
struct spec_x11 {
	int64_t display;
	const char *cookie;
};

enum { SPEC_BANDWIDTH_COUNT = 4 };
/** spec_bandwidth - limits of an interface: @option of the command line without dashes, @key of io.moat */
extern const struct spec_bandwidth {
	const char *option, *key;
} spec_bandwidth[SPEC_BANDWIDTH_COUNT];

/**
 * struct spec_network - one --network
 * @network: "red/web"; @ips, @aliases, @routes ("DST[=VIA]"): NULL-terminated or NULL; @mac, @ifname: NULL: the daemon's choice
 * @bandwidth: as spec_bandwidth has them, in bits; 0: no limit
 */
struct spec_network {
	const char *network;
	const char **ips, **aliases, **routes;
	const char *mac;
	const char *ifname;
	int64_t bandwidth[SPEC_BANDWIDTH_COUNT];
};

/** struct spec_volume - a folder or file of the host at @target */
struct spec_volume {
	const char *source;
	const char *target;
	bool read_only;
};

/**
 * struct spec_step - a command run inside before the container's own (recipes)
 * @user: as of -u
 * @unless: path inside; where it exists the step is left out
 */
struct spec_step {
	const char **args;
	const char *user;
	const char *unless;
};

/** struct spec_seed - a folder (@content NULL) or file the container begins with; ids as seen inside */
struct spec_seed {
	const char *path;
	const char *content;
	int64_t uid, gid, mode;
};

/**
 * struct spec - one container
 * @id: 12 hex digits
 * @args, @env, @publish, @tmpfs: NULL-terminated, never NULL
 * @caps: bit n: capability n of linux/capability.h stays with the container
 * @join: full name of the container whose stack is joined (SPEC_NET_JOIN)
 * @pid_join, @ipc_join: the same for processes and IPC objects (SPEC_NS_JOIN)
 * @x11: NULL: no display
 * @devices: interfaces of the host as --device-net has them, NULL-terminated, or NULL
 * @rootfs: absolute path, or NULL for the copy-on-write view of the host, or of an image
 * @image: folder of the unpacked image its files are seen through to, or NULL; @image_digest: of its manifest
 * @expose: what the image says of ports: told, and no more
 * @linger: the command starts daemons and ends with 0: the container lives as long as they
 * @attached: a client watches: its death is the container's
 * @tty: its streams are a terminal of its own, which begins with @size
 * @memory: bytes; @pids: processes and threads; @cpus_milli: thousandths of one processor; 0: no limit
 * @restart: when it is started again by itself; at most @restart_max times in a row, 0: without limit
 * @stop_signal: what `stop` sends first
 * All strings live in an arena that the caller names.
 */
struct spec {
	struct name name;
	char id[13];
	const char **args;
	const char **env;
	const char *user;
	const char *workdir;
	const char *hostname;
	const char *rootfs;
	const char *image, *image_digest;
	const char **expose;
	const char *join, *pid_join, *ipc_join;
	uint64_t caps;
	enum spec_net net;
	enum spec_ns pid, ipc;
	const struct spec_x11 *x11;
	struct spec_security security;
	bool read_only, remove, interactive, attached, linger, tty;
	struct spec_size size;
	enum spec_restart restart;
	int64_t memory, pids, cpus_milli;
	int64_t restart_max;
	int64_t stop_signal;
	const char **publish;
	const char **tmpfs;
	const char **devices;
	struct spec_network *networks;
	size_t network_count;
	struct spec_volume *volumes;
	size_t volume_count;
	struct spec_step *steps;
	size_t step_count;
	struct spec_seed *seeds;
	size_t seed_count;
};

/** spec_joins() - does it live in the user namespace of another container? */
bool spec_joins(const struct spec *spec);

/** spec_check() - are its names, paths and counts within the rules? Return: 0 or -EINVAL. */
int spec_check(const struct spec *spec, struct err *err);

json_t *spec_encode(const struct spec *spec);
/** spec_decode() - inverse of spec_encode(); strings point into @doc or @arena, which must both outlive the spec */
int spec_decode(const json_t *doc, struct arena *arena, struct spec *ret_spec, struct err *err);

/**
 * spec_network_parse() - "TENANT/NET[,ip=A]...[,mac=M][,ifname=I][,alias=N]...[,route=DST[=VIA]]...[,ingress-rate=R]..."
 */
int spec_network_parse(const char *text, struct arena *arena, struct spec_network *ret_network,
		       struct err *err);
/** spec_volume_check() - may these be its ends? Return: 0; -EINVAL with the path. */
int spec_volume_check(const struct spec_volume *volume, struct err *err);
/** spec_memory_parse() - "256m", "1g", "262144": bytes, with b, k, m, g, t as powers of 1024; at least 64 KiB */
int spec_memory_parse(const char *text, int64_t *ret_bytes, struct err *err);
/** spec_cpus_parse() - "1.5": up to three decimals, at least 0.01 */
int spec_cpus_parse(const char *text, int64_t *ret_milli, struct err *err);
/** spec_pids_parse() - 1 to 4194304 (the kernel's PID_MAX_LIMIT); "-1" and "0": no limit, as in docker */
int spec_pids_parse(const char *text, int64_t *ret_pids, struct err *err);

/** spec_restart_parse() - "no", "always", "on-failure", "on-failure:N" */
int spec_restart_parse(const char *text, struct spec *spec, struct err *err);
const char *spec_restart_name(enum spec_restart restart);
/** spec_network_set() - one of its KEY=VALUE. Return: 0, -EINVAL. */
int spec_network_set(struct spec_network *network, const char *key, const char *value, struct arena *arena,
		     struct err *err);

/** spec_bits_parse() - "10000000", "10M", "10mbit", "none" (0): powers of ten, as rates are told everywhere */
bool spec_bits_parse(const char *text, int64_t *ret_bits);

/**
 * struct spec_tmpfs - one of @tmpfs, taken apart: @size and @mode as the kernel's options, "size=..."
 */
struct spec_tmpfs {
	char path[SPEC_PATH_SIZE];
	char size[SPEC_TMPFS_OPTION_SIZE], mode[SPEC_TMPFS_OPTION_SIZE];
	bool noexec;
};

/** spec_tmpfs_parse() - "PATH[:OPTION,...]"; whether it may lie there is judged, too. Return: 0, -EINVAL. */
int spec_tmpfs_parse(const char *text, struct spec_tmpfs *ret_tmpfs, struct err *err);

/** spec_volume_parse() - "SRC:DST[:ro|:rw]", both absolute */
int spec_volume_parse(const char *text, struct arena *arena, struct spec_volume *ret_volume,
		      struct err *err);

#endif
