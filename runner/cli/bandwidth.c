/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bandwidth - the options for an endpoint's bandwidth, of `moat attach` and `moat endpoint set`. Floor F5. */
#include "runner/cli/bandwidth.h"

#include "lib/base/json.h"
#include "runner/spec/spec.h"

int cli_bandwidth(struct cli *cli, int letter, const char *text, json_t *parameters)
{
	size_t row = (size_t)(letter - CLI_BANDWIDTH_FIRST);
	json_t *bandwidth = json_object_get(parameters, "bandwidth");
	int64_t bits = 0;

	if (!spec_bits_parse(text, &bits))
		return cli_usage(cli, "--%s: \"%.40s\" is no number of bits, such as 500k, 10M or 1G, and not none",
				 spec_bandwidth[row].option, text);
	if (!bandwidth) {
		bandwidth = json_object();
		json_object_set_new(parameters, "bandwidth", bandwidth);
	}
	json_object_set_new(bandwidth, spec_bandwidth[row].key, json_integer(bits));
	return -1;
}
