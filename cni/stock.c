/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stock - keys of the reference plugin "bridge" that mean nothing to Moat: what they ask for is so by design, or cannot be had.
 * Floor F5. Pure.
 *
 * The first pass whatever they say; docs/ENGINES.md has the reason of each. The second are refused where they ask for something:
 * to ignore them would be another network than the one that was asked for.
 */
#include <errno.h>
#include <strings.h>

#include "cni/conf.h"
#include "lib/base/json.h"

enum { VALUE_MAX = 80 };

struct stock_key {
	const char *name;
	json_type type;	 /* as which it must be written; JSON_TRUE: true or false */
	const char *why; /* it cannot be had; NULL: it is so by design */
};
static const struct stock_key keys[] = {
	{"enabledad", JSON_TRUE, NULL},
	{"forceAddress", JSON_TRUE, NULL},
	{"hairpinMode", JSON_TRUE, NULL},
	{"isGateway", JSON_TRUE, NULL},
	{"macspoofchk", JSON_TRUE, NULL},
	{"preserveDefaultVlan", JSON_TRUE, NULL},
	{"promiscMode", JSON_TRUE, NULL},
	{"disableContainerInterface", JSON_TRUE, "what Moat attaches is up, and is kept so"},
	{"portIsolation", JSON_TRUE, "containers of one network reach one another: give those a network each that shall not"},
	{"vlan", JSON_INTEGER, "no VLAN of the host leads to a network of Moat: leave it out, and give each VLAN a network of its own"},
	{"vlanTrunk", JSON_ARRAY, "no port of Moat lets tagged frames through: attach one interface a network instead"},
};

static bool type_is(const json_t *value, json_type type);
static bool asks(const json_t *value);

int cni_stock_check(const json_t *doc, struct err *err)
{
	static const char *const must_be[] = {[JSON_TRUE] = "true or false", [JSON_INTEGER] = "an integer", [JSON_ARRAY] = "an array"};
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)(uintptr_t)doc, key, value) {
		const struct stock_key *row = keys, *end = keys + ARRAY_COUNT(keys);

		while (row < end && strcasecmp(row->name, key) != 0)
			row++;
		if (row == end || json_is_null(value))
			continue;
		if (!type_is(value, row->type)) {
			err_set(err, ERR_USAGE, EINVAL, row->name, "the network configuration: %s must be %s", row->name, must_be[row->type]);
			return CNI_DECODE;
		}
		if (row->why && asks(value)) {
			cleanup(mem_freep) char *text = json_text(value);
			cleanup(mem_freep) char *told = mem_printf("%.*s", VALUE_MAX, text ? text : "");

			return cni_field_refuse(err, row->name, told, row->why);
		}
	}
	return CNI_OK;
}

static bool type_is(const json_t *value, json_type type)
{
	return type == JSON_TRUE ? json_is_boolean(value) : json_typeof(value) == type;
}

/* Not what stands there for "none": false, 0, an empty list. */
static bool asks(const json_t *value)
{
	return json_is_true(value) || json_integer_value(value) != 0 || json_array_size(value) > 0;
}
