/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settings - moatd.yaml, read and judged; see settings.h. Floor F4. */
#include "netd/seam/settings.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/obj/obj.h"

enum { SETTINGS_MAX = 64 * 1024 };

/* A pool: @min to @max bits of prefix, so that tenants or networks find room in it. */
struct key {
	const char *name;
	size_t offset;
	uint8_t family, min, max;
};

static const struct key keys[] = {
	{ "transit4", offsetof(struct settings, transit4), 4, 8, 24 },
	{ "transit6", offsetof(struct settings, transit6), 6, 16, 112 },
	{ "networks4", offsetof(struct settings, networks4), 4, 8, 24 },
	{ "networks6", offsetof(struct settings, networks6), 6, 16, 64 },
};

static const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		if (str_eq(keys[i].name, name))
			return &keys[i];
	return NULL;
}

/* Cut the comment off (a '#' at the start or behind a blank), and blanks at the end. */
static void line_trim(char *line)
{
	size_t size;

	for (char *p = line; (p = strchr(p, '#')); p++)
		if (p == line || p[-1] == ' ' || p[-1] == '\t') {
			*p = '\0';
			break;
		}
	for (size = strlen(line); size && strchr(" \t\r", line[size - 1]); size--)
		line[size - 1] = '\0';
}

static int pool_parse(const struct key *key, const char *value, struct prefix *ret_pool)
{
	struct prefix pool, network;

	if (prefix_parse(value, &pool) < 0 || pool.ip.family != key->family || pool.len < key->min || pool.len > key->max)
		return -EINVAL;
	network = prefix_network(&pool);
	if (memcmp(&network, &pool, sizeof(pool)) != 0 || ip_is_multicast(&pool.ip) || ip_is_loopback(&pool.ip) ||
	    ip_is_linklocal(&pool.ip))
		return -EINVAL;
	*ret_pool = pool;
	return 0;
}

/* Prefixes apart by a comma, with or without blanks. */
static int routed_parse(char *value, unsigned number, struct settings *settings, struct err *err)
{
	static const struct key ranges[] = { { .family = 4, .min = 8, .max = 32 }, { .family = 6, .min = 16, .max = 128 } };
	char *rest = NULL;

	if (settings->routed_count)
		return err_set(err, ERR_USAGE, EINVAL, NULL, "line %u: routed-prefixes is given twice", number);
	for (char *word = strtok_r(value, ", \t", &rest); word; word = strtok_r(NULL, ", \t", &rest)) {
		struct prefix prefix;

		if (settings->routed_count == SETTINGS_ROUTED_MAX)
			return err_set(err, ERR_USAGE, EINVAL, NULL, "line %u: routed-prefixes are %d at most", number,
				       SETTINGS_ROUTED_MAX);
		if (pool_parse(&ranges[strchr(word, ':') != NULL], word, &prefix) < 0)
			return err_set(err, ERR_USAGE, EINVAL, NULL,
				       "line %u: routed-prefixes are of 8 to 32 bits (IPv4) or 16 to 128 (IPv6), not '%s'", number,
				       word);
		settings->routed[settings->routed_count++] = prefix;
	}
	if (!settings->routed_count)
		return err_set(err, ERR_USAGE, EINVAL, NULL, "line %u: routed-prefixes names none", number);
	return 0;
}

static int connections_parse(const char *value, unsigned number, struct settings *settings, struct err *err)
{
	uint64_t count;

	if (settings->connections)
		return err_set(err, ERR_USAGE, EINVAL, NULL, "line %u: connections is given twice", number);
	/* each is a rule of its own in the host's ruleset, which is a constant */
	if (str_u64(value, UINT32_MAX, &count) < 0 || set_of_cap((uint32_t)count) == SET_NONE)
		return err_set(err, ERR_USAGE, EINVAL, NULL,
			       "line %u: connections is one of 1024, 4096, 16384 and 65536, not '%s'", number, value);
	settings->connections = (uint32_t)count;
	return 0;
}

static int line_parse(char *line, unsigned number, struct settings *settings, struct err *err)
{
	char *value = strchr(line, ':');
	const struct key *key;
	struct prefix *pool;

	if (!value || (value[1] != ' ' && value[1] != '\t' && value[1] != '\0'))
		return err_set(err, ERR_USAGE, EINVAL, NULL, "line %u: not of the form 'key: value'", number);
	*value++ = '\0';
	value += strspn(value, " \t");
	key = key_find(line);
	if (str_eq(line, "connections"))
		return connections_parse(value, number, settings, err);
	if (str_eq(line, "routed-prefixes"))
		return routed_parse(value, number, settings, err);
	if (!key)
		return err_set(err, ERR_USAGE, EINVAL, NULL, "line %u: there is no key '%s'", number, line);
	pool = (struct prefix *)(void *)((char *)settings + key->offset);
	if (pool->ip.family)
		return err_set(err, ERR_USAGE, EINVAL, NULL, "line %u: %s is given twice", number, line);
	if (pool_parse(key, value, pool) < 0)
		return err_set(err, ERR_USAGE, EINVAL, NULL, "line %u: %s is an IPv%u prefix of %u to %u bits, not '%s'",
			       number, line, key->family, key->min, key->max, value);
	return 0;
}

int settings_parse(const char *text, struct settings *ret_settings, struct err *err)
{
	char *copy cleanup(mem_freep) = mem_strdup(text);
	struct settings settings = { 0 };
	unsigned number = 0;
	int r = 0;

	for (char *line = copy, *next; line && r == 0; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		line_trim(line);
		if (line[0] && !str_eq(line, "---"))
			r = line_parse(line, number, &settings, err);
	}
	if (r == 0 && settings.transit4.ip.family && settings.networks4.ip.family &&
	    prefix_overlaps(&settings.transit4, &settings.networks4))
		r = err_set(err, ERR_USAGE, EINVAL, NULL, "transit4 and networks4 overlap");
	for (size_t i = 0; i < settings.routed_count && r == 0; i++)
		if ((settings.transit4.ip.family && prefix_overlaps(&settings.routed[i], &settings.transit4)) ||
		    (settings.transit6.ip.family && prefix_overlaps(&settings.routed[i], &settings.transit6)))
			r = err_set(err, ERR_USAGE, EINVAL, NULL, "routed-prefixes and the addresses of uplinks overlap");
	if (settings.connections == 0)
		settings.connections = SETTINGS_CONNECTIONS;
	if (r == 0)
		*ret_settings = settings;
	return r;
}

int settings_load(const char *path, struct settings *ret_settings, struct err *err)
{
	struct buf text cleanup(buf_fini) = BUF_INIT;
	struct stat st;
	int r;

	*ret_settings = (struct settings){ .connections = SETTINGS_CONNECTIONS };
	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_sys(err, ERR_IO, errno, path, "cannot read %s", path);
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err, ERR_PERMISSION, EPERM, path, "%s must belong to root and be writable by root alone", path);
	r = file_read(path, SETTINGS_MAX, &text);
	if (r < 0)
		return err_sys(err, ERR_IO, -r, path, "cannot read %s", path);
	r = settings_parse(buf_cstr(&text), ret_settings, err);
	return r < 0 ? err_wrap(err, "%s", path) : 0;
}
