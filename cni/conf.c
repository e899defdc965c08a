/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf - the network configuration: Moat's own keys, the keys of the reference plugins "bridge" and
 * "host-local", and what the runtime adds under runtimeConfig and args. Floor F5. Pure.
 *
 * Keys match without regard to case and the last of equals wins, as Go's decoder has it: runtimes
 * rely on both. Keys that are not known are ignored, as the specification has it; known ones that
 * Moat cannot honour are refused by name and value, code 2.
 *
 * A configuration written for "bridge" (it has `bridge`, or `ipam` with a type) keeps that plugin's
 * defaults: no masquerading unless `ipMasq`, no default route unless `isDefaultGateway` or
 * `ipam.routes` say so. Any other has Moat's: both.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "cni/conf.h"
#include "lib/base/addr.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

enum {
	FLAGS = JSON_IGNORE_UNKNOWN | JSON_FOLD_CASE,
	NAME_LEN_MAX = 128,
	MTU_MAX = 65535,
};

static const struct json_field top_rows[] = {
	{"name", JSON_FIELD_STRING, offsetof(struct cni_top, name), 0, 0, 0},
	{"tenant", JSON_FIELD_STRING, offsetof(struct cni_top, tenant), 0, 0, 0},
	{"network", JSON_FIELD_STRING, offsetof(struct cni_top, network), 0, 0, 0},
	{"mode", JSON_FIELD_STRING, offsetof(struct cni_top, mode), 0, 0, 0},
	{"socket", JSON_FIELD_STRING, offsetof(struct cni_top, socket), 0, 0, 0},
	{"bridge", JSON_FIELD_STRING, offsetof(struct cni_top, bridge), 0, 0, 0},
	{"mac", JSON_FIELD_STRING, offsetof(struct cni_top, mac), 0, 0, 0},
	{"mtu", JSON_FIELD_INT, offsetof(struct cni_top, mtu), 0, 0, MTU_MAX},
	{"ipMasq", JSON_FIELD_TRI, offsetof(struct cni_top, ip_masq), 0, 0, 0},
	{"ipMasqBackend", JSON_FIELD_STRING, offsetof(struct cni_top, ip_masq_backend), 0, 0, 0},
	{"isDefaultGateway", JSON_FIELD_TRI, offsetof(struct cni_top, is_default_gateway), 0, 0, 0},
	{"nameService", JSON_FIELD_TRI, offsetof(struct cni_top, name_service), 0, 0, 0},
	{"hostAccess", JSON_FIELD_TRI, offsetof(struct cni_top, host_access), 0, 0, 0},
	{"ipam", JSON_FIELD_OBJECT, offsetof(struct cni_top, ipam), 0, 0, 0},
	{"dns", JSON_FIELD_OBJECT, offsetof(struct cni_top, dns), 0, 0, 0},
	{"runtimeConfig", JSON_FIELD_OBJECT, offsetof(struct cni_top, runtime), 0, 0, 0},
	{"args", JSON_FIELD_OBJECT, offsetof(struct cni_top, args), 0, 0, 0},
	{"prevResult", JSON_FIELD_OBJECT, offsetof(struct cni_top, prev_result), 0, 0, 0},
	{0},
};

/* All that a verb but ADD needs of it: whatever else is wrong, a DEL finds its attachment. */
static const struct json_field name_rows[] = {
	{"name", JSON_FIELD_STRING, offsetof(struct cni_top, name), 0, 0, 0},
	{"tenant", JSON_FIELD_STRING, offsetof(struct cni_top, tenant), 0, 0, 0},
	{"network", JSON_FIELD_STRING, offsetof(struct cni_top, network), 0, 0, 0},
	{"socket", JSON_FIELD_STRING, offsetof(struct cni_top, socket), 0, 0, 0},
	{0},
};
static const struct json_field check_rows[] = {
	{"prevResult", JSON_FIELD_OBJECT, offsetof(struct cni_top, prev_result), 0, 0, 0},
	{0},
};

static int names_decode(struct cni_request *request, const struct cni_top *top, struct err *err);
static int attachments_decode(struct cni_request *request, struct err *err);
static int prev_decode(struct cni_request *request, const struct cni_top *top, struct err *err);
static int backend_check(const struct cni_top *top, struct err *err);

int cni_conf_decode(struct cni_request *request, struct arena *arena, struct err *err)
{
	static const char *const none[] = {NULL};
	struct cni_top top = {0};
	int rc;

	request->subnets = request->gateways = request->ips = request->publish = request->aliases = request->excluded = none;
	request->masquerade = request->host_access = request->name_service = -1;
	request->tx_queue = -1;
	rc = cni_decode(request->doc, request->verb == CNI_VERB_ADD ? top_rows : name_rows, arena, &top,
			"the network configuration", err);
	if (rc == CNI_OK)
		rc = names_decode(request, &top, err);
	if (rc == CNI_OK && request->verb == CNI_VERB_CHECK)
		rc = cni_decode(request->doc, check_rows, arena, &top, "the network configuration", err);
	request->ipam_type = cni_ipam_type(request->doc);
	if (rc == CNI_OK && request->verb == CNI_VERB_CHECK)
		rc = cni_tuning_decode(request, cni_member(cni_member(request->doc, "args"), "cni"), err);
	request->leased = str_eq(request->ipam_type, "dhcp");
	if (request->ipam_type)
		request->delegate = cni_delegate_find(request->path, request->ipam_type, arena);
	if (rc == CNI_OK && request->verb == CNI_VERB_GC)
		rc = attachments_decode(request, err);
	if (rc == CNI_OK && (request->verb == CNI_VERB_ADD || request->verb == CNI_VERB_CHECK))
		rc = prev_decode(request, &top, err);
	if (rc != CNI_OK || request->verb != CNI_VERB_ADD)
		return rc;
	request->mode = cni_is_set(top.mode) ? top.mode : NULL;
	request->mtu = top.mtu;
	request->conf_mac = cni_is_set(top.mac) ? top.mac : NULL;
	request->host_access = top.host_access;
	request->name_service = top.name_service;
	rc = cni_stock_check(request->doc, err);
	if (rc == CNI_OK)
		rc = backend_check(&top, err);
	if (rc == CNI_OK)
		rc = cni_ipam_decode(request, &top, arena, err);
	if (rc == CNI_OK)
		rc = cni_runtime_decode(request, &top, arena, err);
	return rc;
}

static int names_decode(struct cni_request *request, const struct cni_top *top, struct err *err)
{
	request->socket = cni_is_set(top->socket) ? top->socket : "/run/moat/moatd.sock";
	request->name = top->name;
	request->tenant = cni_is_set(top->tenant) ? top->tenant : "default";
	request->network = cni_is_set(top->network) ? top->network : top->name;
	if (!cni_is_set(top->name)) {
		err_set(err, ERR_USAGE, EINVAL, "name", "missing network name");
		return CNI_CONFIG;
	}
	if (!cni_name_is_valid(request->name) || !cni_name_is_valid(request->network) ||
	    !cni_name_is_valid(request->tenant)) {
		const char *key = !cni_name_is_valid(request->tenant) ? "tenant"
				  : cni_is_set(top->network)          ? "network"
								  : "name";
		const char *value =
			!cni_name_is_valid(request->tenant) ? request->tenant : request->network;

		err_set(err, ERR_NAME, EINVAL, key,
			"%s \"%s\": must be [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most %d characters",
			key, value, (int)NAME_LEN_MAX);
		return CNI_CONFIG;
	}
	return CNI_OK;
}

const json_t *cni_member(const json_t *object, const char *name)
{
	const json_t *found = NULL, *value;
	const char *key;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
		if (strcasecmp(key, name) == 0)
			found = value;
	return found;
}

/*
 * Which attachments are valid: the key as the specification has it, or as libcni wrote it at first (it writes both).
 * A Go program that knows of none writes null, which is an empty list; no key at all says nothing.
 */
static int attachments_decode(struct cni_request *request, struct err *err)
{
	static const char *const spellings[] = {"cni.dev/valid-attachments", "cni.dev/attachments"};
	const json_t *list = NULL, *item;
	size_t i;

	for (i = 0; i < ARRAY_COUNT(spellings) && !list; i++)
		list = cni_member(request->doc, spellings[i]);
	if (list && !json_is_array(list) && !json_is_null(list)) {
		err_set(err, ERR_USAGE, EINVAL, "cni.dev/valid-attachments", "cni.dev/valid-attachments must be an array");
		return CNI_DECODE;
	}
	json_array_foreach(list, i, item) {
		if (json_is_string(json_object_get(item, "containerID")) && json_is_string(json_object_get(item, "ifname")))
			continue;
		err_set(err, ERR_USAGE, EINVAL, "cni.dev/valid-attachments",
			"cni.dev/valid-attachments: item %zu has no containerID or no ifname; nothing was removed", i);
		return CNI_DECODE;
	}
	request->attachments = list;
	request->attachments_given = list != NULL;
	return CNI_OK;
}

static int prev_decode(struct cni_request *request, const struct cni_top *top, struct err *err)
{
	if (top->prev_result)
		return cni_result_parse(top->prev_result, &request->prev, err);
	if (request->verb != CNI_VERB_CHECK)
		return CNI_OK;
	err_set(err, ERR_USAGE, EINVAL, "prevResult", "required prevResult missing: CHECK compares with it");
	return CNI_CONFIG;
}

/* By whose rules packets are translated makes no difference to who sends them: ours are nftables', in tables of our own. */
static int backend_check(const struct cni_top *top, struct err *err)
{
	const char *backend = top->ip_masq_backend;

	if (!cni_is_set(backend) || str_eq(backend, "nftables") || str_eq(backend, "iptables"))
		return CNI_OK;
	return cni_field_refuse(err, "ipMasqBackend", backend, "it is nftables or iptables");
}

int cni_decode(const json_t *object, const struct json_field *rows, struct arena *arena, void *dst, const char *what,
	       struct err *err)
{
	if (json_decode(object, rows, FLAGS, arena, dst, err) == 0)
		return CNI_OK;
	err_wrap(err, "%s%s%s", what, err->object[0] ? ": " : "", err->object);
	return CNI_DECODE;
}

int cni_field_refuse(struct err *err, const char *key, const char *value, const char *why)
{
	err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, key, "unsupported field: %s: %s%s%s", key, value, why ? ": " : "", why ? why : "");
	return CNI_FIELD;
}

bool cni_name_is_valid(const char *s)
{
	size_t len = s ? strnlen(s, NAME_LEN_MAX + 1) : 0;

	for (size_t i = 0; i < len; i++)
		if (!isascii(s[i]) ||
		    (!isalnum((unsigned char)s[i]) && (i == 0 || !strchr("_.-", s[i]))))
			return false;
	return len > 0 && len <= NAME_LEN_MAX;
}
