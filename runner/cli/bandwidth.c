/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bandwidth - the options for an endpoint's bandwidth, of `moat attach` and `moat endpoint set`. Floor F5. */
#include "runner/cli/bandwidth.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

static const struct {
	const char *option, *key;
} rows[] = {
	{"--ingress-rate", "ingressRateBits"},
	{"--ingress-burst", "ingressBurstBits"},
	{"--egress-rate", "egressRateBits"},
	{"--egress-burst", "egressBurstBits"},
};

/* "10000000", "10M", "10mbit": powers of ten, as rates are told everywhere. Return: whether it is one. */
static bool bits_parse(const char *text, json_int_t *ret_bits)
{
	static const char units[] = "kmgt";
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits, *found;
	uint64_t value, factor = 1;
	char number[24];

	if (digits == 0 || digits >= sizeof(number))
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	found = *unit ? strchr(units, tolower((unsigned char)*unit)) : NULL;
	if (found) {
		unit++;
		for (const char *u = units; u <= found; u++)
			factor *= 1000;
	}
	if ((*unit && strcasecmp(unit, "bit") != 0) || str_u64(number, INT64_MAX / factor, &value) < 0)
		return false;
	*ret_bits = (json_int_t)(value * factor);
	return true;
}

int cli_bandwidth(struct cli *cli, int letter, const char *text, json_t *parameters)
{
	size_t row = (size_t)(letter - CLI_BANDWIDTH_FIRST);
	json_t *bandwidth = json_object_get(parameters, "bandwidth");
	json_int_t bits = 0;

	if (!str_eq(text, "none") && !bits_parse(text, &bits))
		return cli_usage(cli, "%s: \"%.40s\" is no number of bits, such as 500k, 10M or 1G, and not none", rows[row].option,
				 text);
	if (!bandwidth) {
		bandwidth = json_object();
		json_object_set_new(parameters, "bandwidth", bandwidth);
	}
	json_object_set_new(bandwidth, rows[row].key, json_integer(bits));
	return -1;
}
