/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status - STATUS: would an ADD get through? Floor F5. No, code 50, when the daemon does not answer, when the network has
 * no address left, or when the host lacks what it takes; 51 when somebody's firewall cuts off what is attached, too.
 */
#include <errno.h>

#include "cni/cni.h"
#include "cni/verbs.h"
#include "lib/base/addr.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

static int network_judge(const struct cni_request *request, struct varlink_client *client, bool ipv6, struct err *err);
static int findings_judge(const json_t *findings, struct err *err);

int cni_status(const struct cni_request *request, struct err *err)
{
	cleanup(varlink_closep) struct varlink_client *client = NULL;
	cleanup(json_freep) json_t *features = NULL, *findings = NULL;
	int rc;

	if (cni_connect(request, &client, err) < 0)
		return CNI_NOT_AVAILABLE;
	if (cni_call(client, "io.moat.Version", NULL, "features", &features, err) != CNI_OK ||
	    cni_call(client, "io.moat.Doctor", NULL, "findings", &findings, err) != CNI_OK)
		return CNI_NOT_AVAILABLE;
	rc = network_judge(request, client, !json_is_false(json_object_get(features, "ipv6")), err);
	if (rc == CNI_OK)
		rc = findings_judge(findings, err);
	return rc == CNI_OK ? cni_delegate(request, CNI_VERB_STATUS, NULL, NULL, NULL, err) : rc;
}

/* One that is not there yet is made when it is first used. */
static int network_judge(const struct cni_request *request, struct varlink_client *client, bool ipv6, struct err *err)
{
	cleanup(mem_freep) char *name = mem_printf("%s/%s", request->tenant, request->network);
	cleanup(json_freep) json_t *network = NULL;
	const json_t *subnet;
	size_t i;

	if (cni_call(client, "io.moat.NetworkShow", json_pack("{s:s}", "name", name), "network", &network, err) != CNI_OK) {
		bool none = err->kind == ERR_NOTFOUND;

		*err = none ? ERR_INIT : *err;
		return none ? CNI_OK : CNI_NOT_AVAILABLE;
	}
	json_array_foreach(json_object_get(network, "exhausted"), i, subnet) {
		err_set(err, ERR_EXHAUSTED, ENOSPC, name, "no address is left in %s", json_string_value(subnet));
		return CNI_NOT_AVAILABLE;
	}
	json_array_foreach(json_object_get(network, "subnets"), i, subnet) {
		struct prefix prefix;

		if (ipv6 || prefix_parse(json_string_value(subnet), &prefix) < 0 || prefix.ip.family == 4)
			continue;
		err_set(err, ERR_UNSUPPORTED, EAFNOSUPPORT, name, "the kernel has no IPv6 for subnet %s",
			json_string_value(subnet));
		return CNI_NOT_AVAILABLE;
	}
	return CNI_OK;
}

static int findings_judge(const json_t *findings, struct err *err)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(findings, i, finding) {
		const char *subject = json_string_value(json_object_get(finding, "subject"));
		const char *message = json_string_value(json_object_get(finding, "message"));
		const char *remedy = json_string_value(json_object_get(finding, "remedy"));

		if (!str_eq(json_string_value(json_object_get(finding, "level")), "problem"))
			continue;
		err_set(err, ERR_CONFLICT, EBUSY, subject, "%s%s%s", message ? message : "", remedy ? "; remedy: " : "",
			remedy ? remedy : "");
		return str_eq(subject, "firewall") ? CNI_LIMITED : CNI_NOT_AVAILABLE;
	}
	return CNI_OK;
}
