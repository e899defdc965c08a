/* SPDX-License-Identifier: GPL-2.0-or-later */
/* args - CNI_ARGS, "KEY=VALUE;KEY=VALUE". Floor F5. Pure. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "cni/cni.h"
#include "lib/base/addr.h"
#include "lib/base/str.h"

enum { ARGS_MAX = 64 * 1024, IPS_MAX = 16 };

/* What the reference plugins put into labels, or ignore. */
static const char *const pod_keys[] = {
	"K8S_POD_NAMESPACE",
	"K8S_POD_NAME",
	"K8S_POD_INFRA_CONTAINER_ID",
	"K8S_POD_UID",
};

static int ips_split(char *list, struct arena *arena, const char *const **ret_ips,
		     struct err *err);
static int refuse(struct err *err, const char *what, const char *why);

int cni_args_decode(struct cni_request *request, const char *args, struct arena *arena,
		    const char **ret_mac, const char *const **ret_ips, struct err *err)
{
	char *rest, *pair;
	const char *unknown = NULL;
	bool ignore = false;

	if (!args || !*args)
		return CNI_OK;
	if (strnlen(args, ARGS_MAX + 1) > ARGS_MAX)
		return refuse(err, "...", "is too long");
	rest = arena_strdup(arena, args);
	while ((pair = strsep(&rest, ";"))) {
		char *value = strchr(pair, '=');
		bool pod = false;

		if (!*pair)
			continue;
		if (!value)
			return refuse(err, pair, "is not KEY=VALUE");
		*value++ = '\0';
		for (size_t i = 0; i < sizeof(pod_keys) / sizeof(pod_keys[0]); i++)
			pod |= str_eq(pod_keys[i], pair);
		if (pod) {
			json_object_set_new(
				request->pod, pair,
				json_string(value)); /* UTF-8 as a whole, so in parts */
		} else if (str_eq(pair, "IgnoreUnknown")) {
			ignore = str_eq(value, "1") || strcasecmp(value, "true") == 0;
		} else if (str_eq(pair, "MAC")) {
			struct mac mac;

			if (*value && mac_parse(value, &mac) < 0)
				return refuse(err, value, "is no MAC address");
			*ret_mac = *value ? value : NULL;
		} else if (str_eq(pair, "IP")) {
			int rc = ips_split(value, arena, ret_ips, err);

			if (rc != CNI_OK)
				return rc;
		} else {
			unknown = pair;
		}
	}
	if (unknown && !ignore)
		return refuse(err, unknown,
			      "is an unknown key, and there is no IgnoreUnknown=1");
	return CNI_OK;
}

/* "10.1.0.9", "10.1.0.9/16", several with commas */
static int ips_split(char *list, struct arena *arena, const char *const **ret_ips,
		     struct err *err)
{
	const char **ips = arena_array(arena, IPS_MAX + 1, sizeof(*ips));
	size_t count = 0;
	struct ip ip;
	char *item;

	while ((item = strsep(&list, ","))) {
		item[strcspn(item, "/")] = '\0';
		if (!*item)
			continue;
		if (count == IPS_MAX)
			return refuse(err, "IP", "has too many addresses");
		if (ip_parse(item, &ip) < 0)
			return refuse(err, item, "is no IP address");
		ips[count++] = item;
	}
	*ret_ips = ips;
	return CNI_OK;
}

static int refuse(struct err *err, const char *what, const char *why)
{
	err_set(err, ERR_USAGE, EINVAL, "CNI_ARGS", "CNI_ARGS: \"%s\" %s", what, why);
	return CNI_ENVIRONMENT;
}
