// SPDX-License-Identifier: GPL-2.0-or-later
/* spec_options - what a container shall be, as options say it: texts that are more than a word. Floor F4, pure. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/spec/spec.h"

enum {
	MEMORY_MIN = 64 * 1024,
	CPUS_MIN = 10, /* thousandths: a quota of 1 ms in a period of 100 */
};

static const char *const restart_names[] = {
	[SPEC_RESTART_NO] = "no",
	[SPEC_RESTART_ON_FAILURE] = "on-failure",
	[SPEC_RESTART_ALWAYS] = "always",
};

const struct spec_bandwidth spec_bandwidth[SPEC_BANDWIDTH_COUNT] = {
	{"ingress-rate", "ingressRateBits"},
	{"ingress-burst", "ingressBurstBits"},
	{"egress-rate", "egressRateBits"},
	{"egress-burst", "egressBurstBits"},
};

static const char **string_add(const char **strings, const char *text, struct arena *arena);
static bool route_is(const char *text);

int spec_network_parse(const char *text, struct arena *arena, struct spec_network *ret_network,
		       struct err *err)
{
	struct spec_network network = {0};
	char *rest = arena_strdup(arena, text);
	struct name name;
	int rc;

	network.network = strsep(&rest, ",");
	rc = name_parse("network", network.network, false, &name, err);
	if (rc < 0)
		return rc;
	while (rest) {
		char *value = strsep(&rest, ",");
		const char *key = strsep(&value, "=");

		if (!value || !*value)
			return err_set(err, ERR_USAGE, EINVAL, text, "\"%s\" is not KEY=VALUE",
				       key);
		rc = spec_network_set(&network, key, value, arena, err);
		if (rc < 0)
			return rc;
	}
	*ret_network = network;
	return 0;
}

int spec_network_set(struct spec_network *network, const char *key, const char *value, struct arena *arena,
		     struct err *err)
{
	struct mac mac;
	struct ip ip;

	for (size_t i = 0; i < SPEC_BANDWIDTH_COUNT; i++)
		if (str_eq(key, spec_bandwidth[i].option))
			return spec_bits_parse(value, &network->bandwidth[i])
				       ? 0
				       : err_set(err, ERR_USAGE, EINVAL, network->network,
						 "%s: \"%.40s\" is no number of bits, such as 500k, 10M or 1G, and not none",
						 key, value);
	if (str_eq(key, "ip")) {
		if (ip_parse(value, &ip) < 0)
			return err_set(err, ERR_USAGE, EINVAL, network->network, "\"%s\" is no address", value);
		network->ips = string_add(network->ips, value, arena);
	} else if (str_eq(key, "alias")) {
		if (name_check("alias", value, err) < 0)
			return -EINVAL;
		network->aliases = string_add(network->aliases, value, arena);
	} else if (str_eq(key, "route")) {
		if (!route_is(value))
			return err_set(err, ERR_USAGE, EINVAL, network->network,
				       "\"%s\" is no route: DST or DST=VIA, such as 10.9.0.0/16=10.0.0.7", value);
		network->routes = string_add(network->routes, value, arena);
	} else if (str_eq(key, "mac") && !network->mac) {
		if (mac_parse(value, &mac) < 0 || !mac_is_unicast(&mac))
			return err_set(err, ERR_USAGE, EINVAL, network->network, "\"%s\" is no unicast MAC address",
				       value);
		network->mac = value;
	} else if (str_eq(key, "ifname") && !network->ifname) {
		if (name_ifname_check(value, err) < 0)
			return -EINVAL;
		network->ifname = value;
	} else {
		return err_set(err, ERR_USAGE, EINVAL, network->network,
			       "\"%s\": known are ip, alias and route (repeated), mac, ifname, ingress-rate, ingress-burst, "
			       "egress-rate and egress-burst",
			       key);
	}
	return 0;
}

bool spec_bits_parse(const char *text, int64_t *ret_bits)
{
	static const char units[] = "kmgt";
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits, *found;
	uint64_t value, factor = 1;
	char number[24];

	if (str_eq(text, "none")) {
		*ret_bits = 0;
		return true;
	}
	if (digits == 0 || digits >= sizeof(number))
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	found = *unit ? strchr(units, *unit | 0x20) : NULL;
	if (found) {
		unit++;
		for (const char *u = units; u <= found; u++)
			factor *= 1000;
	}
	if ((*unit && strcasecmp(unit, "bit") != 0) || str_u64(number, INT64_MAX / factor, &value) < 0)
		return false;
	*ret_bits = (int64_t)(value * factor);
	return true;
}

int spec_volume_parse(const char *text, struct arena *arena, struct spec_volume *ret_volume,
		      struct err *err)
{
	struct spec_volume volume = {0};
	char *rest = arena_strdup(arena, text);
	const char *mode;

	volume.source = strsep(&rest, ":");
	volume.target = strsep(&rest, ":");
	mode = strsep(&rest, ":");
	if (!volume.target || rest || (mode && !str_eq(mode, "ro") && !str_eq(mode, "rw")))
		return err_set(err, ERR_USAGE, EINVAL, text,
			       "a volume is SRC:DST or SRC:DST:ro");
	volume.read_only = str_eq(mode, "ro");
	if (spec_volume_check(&volume, err) < 0)
		return -EINVAL;
	*ret_volume = volume;
	return 0;
}

int spec_memory_parse(const char *text, int64_t *ret_bytes, struct err *err)
{
	static const char units[] = "bkmgt";
	size_t digits = strspn(text, "0123456789");
	char number[24];
	uint64_t value;
	unsigned int shift = 0;

	if (text[digits]) {
		const char *unit = strchr(units, text[digits] | 0x20);

		if (!unit || text[digits + 1])
			digits = 0;
		else
			shift = 10 * (unsigned int)(unit - units);
	}
	if (digits == 0 || digits >= sizeof(number))
		return err_set(err, ERR_USAGE, EINVAL, text,
			       "an amount of memory is a number, with b, k, m, g or t behind it");
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (str_u64(number, (uint64_t)INT64_MAX >> shift, &value) < 0)
		return err_set(err, ERR_USAGE, ERANGE, text, "no such amount of memory");
	value <<= shift;
	if (value < MEMORY_MIN)
		return err_set(err, ERR_USAGE, EINVAL, text,
			       "a container needs %d bytes at least to be started", MEMORY_MIN);
	*ret_bytes = (int64_t)value;
	return 0;
}

int spec_cpus_parse(const char *text, int64_t *ret_milli, struct err *err)
{
	size_t whole = strspn(text, "0123456789");
	size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
	int64_t milli = 0;

	if (whole > 6 || part > 3 || whole + part == 0 ||
	    text[whole + part + (text[whole] == '.')])
		return err_set(err, ERR_USAGE, EINVAL, text,
			       "processors are a number, with three decimals at most");
	for (size_t i = 0; i < whole; i++)
		milli = milli * 10 + (text[i] - '0');
	for (size_t i = 0; i < 3; i++)
		milli = milli * 10 + (i < part ? text[whole + 1 + i] - '0' : 0);
	if (milli < CPUS_MIN || milli > SPEC_CPUS_MAX)
		return err_set(err, ERR_USAGE, ERANGE, text,
			       "from 0.01 processors (the kernel's least quota) to %d are possible",
			       SPEC_CPUS_MAX / 1000);
	*ret_milli = milli;
	return 0;
}

int spec_pids_parse(const char *text, int64_t *ret_pids, struct err *err)
{
	uint64_t value = 0;

	if (!str_eq(text, "-1") && str_u64(text, SPEC_PIDS_MAX, &value) < 0)
		return err_set(err, ERR_USAGE, EINVAL, text,
			       "a limit of processes is 1 to %d; 0 or -1: none", SPEC_PIDS_MAX);
	*ret_pids = (int64_t)value;
	return 0;
}

int spec_restart_parse(const char *text, struct spec *spec, struct err *err)
{
	const char *number = strchr(text, ':');
	size_t len = number ? (size_t)(number - text) : strlen(text);
	uint64_t times = 0;

	for (size_t i = 0; i < ARRAY_COUNT(restart_names); i++) {
		if (strlen(restart_names[i]) != len || !str_starts(text, restart_names[i]) ||
		    (number && (i != SPEC_RESTART_ON_FAILURE ||
				str_u64(number + 1, SPEC_RESTART_TIMES_MAX, &times) < 0)))
			continue;
		spec->restart = (enum spec_restart)i;
		spec->restart_max = (int64_t)times;
		return 0;
	}
	return err_set(err, ERR_USAGE, EINVAL, text,
		       "--restart is no, on-failure, on-failure:TIMES or always");
}

const char *spec_restart_name(enum spec_restart restart)
{
	return restart_names[restart];
}

/* ----------------------------------------------------------------- helpers */

/* Return: one longer, NULL-terminated. */
static const char **string_add(const char **strings, const char *text, struct arena *arena)
{
	size_t count = 0;
	const char **grown;

	while (strings && strings[count])
		count++;
	grown = arena_array(arena, count + 2, sizeof(*grown));
	for (size_t i = 0; i < count; i++)
		grown[i] = strings[i];
	grown[count] = text;
	return grown;
}

/* A prefix, or an address alone; behind a '=' an address of its family. Whether it can be is the daemon's to say. */
static bool route_is(const char *text)
{
	size_t len = strcspn(text, "=");
	char dst[PREFIX_STR_SIZE];
	struct prefix prefix;
	struct ip via;

	if (len >= sizeof(dst))
		return false;
	memcpy(dst, text, len);
	dst[len] = '\0';
	if (prefix_parse(dst, &prefix) < 0 && ip_parse(dst, &prefix.ip) < 0)
		return false;
	return !text[len] || (ip_parse(text + len + 1, &via) == 0 && via.family == prefix.ip.family);
}
