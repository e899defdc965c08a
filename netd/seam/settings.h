/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings - what the administrator wrote into moatd.yaml. Floor F4.
 *
 * Engine and hand read the file, each for itself, when they start: what the
 * hand allows in the host depends on it, and the hand believes no engine. So
 * it is YAML of the simplest kind, a key and a value a line:
 *
 *	# where uplinks of tenants have their addresses
 *	transit4: 10.111.0.0/16
 *	transit6: fd12:3456:789a:ffff::/64
 *	# where networks get their subnets from that ask for none
 *	networks4: 10.64.0.0/12
 *	networks6: fd12:3456:789a::/49
 *	# connections through one uplink at a time: 1024, 4096, 16384 or 65536
 *	connections: 16384
 *	# what is routed to this host, and may be the subnet of a network without masquerade
 *	routed-prefixes: 2001:db8:1::/48, 203.0.113.64/26
 */
#ifndef MOAT_NETD_SETTINGS_H
#define MOAT_NETD_SETTINGS_H

#include "lib/base/addr.h"
#include "lib/base/err.h"

#define SETTINGS_FILE "/etc/moat/moatd.yaml"

enum {
	SETTINGS_ROUTED_MAX = 16,
	SETTINGS_CONNECTIONS = 16384, /* a sixteenth of nf_conntrack_max as most hosts have it */
};

/** struct settings - pools of family 0: not given; @connections: SETTINGS_CONNECTIONS where not given */
struct settings {
	uint32_t connections;
	struct prefix transit4, transit6, networks4, networks6;
	struct prefix routed[SETTINGS_ROUTED_MAX];
	size_t routed_count;
};

/**
 * settings_parse() - @text of the file; a key that is unknown or given twice, or a value that makes no sense, is refused
 * Return: 0 or -EINVAL, with the number of the line.
 */
int settings_parse(const char *text, struct settings *ret_settings, struct err *err);
/** settings_load() - from @path, which must be root's and writable by root alone; none is like an empty one. Return: 0 or -errno. */
int settings_load(const char *path, struct settings *ret_settings, struct err *err);

#endif
