/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runtime - what one container asks for: runtimeConfig (capabilities), args.cni, dns. Floor F5. Pure.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "cni/conf.h"
#include "cni/ports.h"
#include "lib/base/addr.h"
#include "lib/base/str.h"

enum { ALIASES_MAX = 16, LABELS_MAX = 64 }; /* the first is what the daemon takes */

struct runtime {
	const json_t *ports, *aliases, *bandwidth, *dns, *labels;
	const char **ips;
	const char *mac, *device, *guid;
	int64_t mtu;
};
static const struct json_field runtime_rows[] = {
	{"portMappings", JSON_FIELD_ARRAY, offsetof(struct runtime, ports), 0, 0,
	 CNI_PORTS_MAX},
	{"aliases", JSON_FIELD_ANY, offsetof(struct runtime, aliases), 0, 0, 0},
	{"bandwidth", JSON_FIELD_OBJECT, offsetof(struct runtime, bandwidth), 0, 0, 0},
	{"dns", JSON_FIELD_OBJECT, offsetof(struct runtime, dns), 0, 0, 0},
	{"ips", JSON_FIELD_STRV, offsetof(struct runtime, ips), 0, 0, 0},
	{"mac", JSON_FIELD_STRING, offsetof(struct runtime, mac), 0, 0, 0},
	{"mtu", JSON_FIELD_INT, offsetof(struct runtime, mtu), 0, 0, 65535},
	{"labels", JSON_FIELD_ARRAY, offsetof(struct runtime, labels), 0, 0, LABELS_MAX},
	{"deviceID", JSON_FIELD_STRING, offsetof(struct runtime, device), 0, 0, 0},
	{"infinibandGUID", JSON_FIELD_STRING, offsetof(struct runtime, guid), 0, 0, 0},
	{0},
};

static int bandwidth_decode(struct cni_request *request, const json_t *object, struct arena *arena, struct err *err);
static int aliases_decode(struct cni_request *request, const json_t *aliases, struct arena *arena, struct err *err);
static int dns_decode(struct cni_request *request, const json_t *conf, const json_t *runtime,
		      struct arena *arena, struct err *err);
static int device_refuse(const struct runtime *runtime, struct err *err);
static int labels_decode(struct cni_request *request, const json_t *labels, struct err *err);
static const char *const *addresses(const char **ips, struct arena *arena);

/* Where several say the same thing: runtimeConfig, then args.cni, then CNI_ARGS (request.c). */
int cni_runtime_decode(struct cni_request *request, const struct cni_top *top,
			  struct arena *arena, struct err *err)
{
	static const struct json_field args_rows[] = {{"cni", JSON_FIELD_OBJECT, 0, 0, 0, 0},
						      {0}};
	struct runtime runtime = {0}, args = {0};
	const json_t *args_cni = NULL;
	int rc = CNI_OK;

	if (top->runtime)
		rc = cni_decode(top->runtime, runtime_rows, arena, &runtime, "runtimeConfig", err);
	if (rc == CNI_OK && top->args)
		rc = cni_decode(top->args, args_rows, arena, &args_cni, "args", err);
	if (rc == CNI_OK && args_cni)
		rc = cni_decode(args_cni, runtime_rows, arena, &args, "args.cni", err);
	if (rc == CNI_OK)
		rc = bandwidth_decode(request, runtime.bandwidth ? runtime.bandwidth : request->doc, arena, err);
	if (rc == CNI_OK)
		rc = aliases_decode(request, runtime.aliases, arena, err);
	if (rc == CNI_OK)
		rc = cni_ports_decode(runtime.ports, arena, &request->publish, err);
	if (rc == CNI_OK)
		rc = dns_decode(request, top->dns, runtime.dns, arena, err);
	if (rc == CNI_OK)
		rc = cni_tuning_decode(request, args_cni, err);
	if (rc == CNI_OK)
		rc = labels_decode(request, args.labels, err);
	if (rc == CNI_OK)
		rc = device_refuse(&runtime, err);
	if (rc != CNI_OK)
		return rc;
	if (request->ports)
		request->publish = request->ports;
	if (args.mtu)
		request->mtu = args.mtu;
	request->ips = addresses(runtime.ips && runtime.ips[0] ? runtime.ips : args.ips, arena);
	request->mac = cni_is_set(runtime.mac) ? runtime.mac : cni_is_set(args.mac) ? args.mac : NULL;
	return CNI_OK;
}

/* What a runtime gives where a plugin says in its capabilities that it takes a device. */
static int device_refuse(const struct runtime *runtime, struct err *err)
{
	static const char why[] = "Moat attaches by links of its own: take it out of the capabilities";

	if (cni_is_set(runtime->device))
		return cni_field_refuse(err, "runtimeConfig.deviceID", runtime->device, why);
	if (cni_is_set(runtime->guid))
		return cni_field_refuse(err, "runtimeConfig.infinibandGUID", runtime->guid, why);
	return CNI_OK;
}

/* [{"key": K, "value": V}]. Ours stand beside them, and before them where they have the same name (attach.c). */
static int labels_decode(struct cni_request *request, const json_t *labels, struct err *err)
{
	struct fields {
		const char *key, *value;
	};
	static const struct json_field rows[] = {
		{"key", JSON_FIELD_STRING, offsetof(struct fields, key), JSON_REQUIRED, 1, 256},
		{"value", JSON_FIELD_STRING, offsetof(struct fields, value), JSON_REQUIRED, 0, 0},
		{0},
	};
	const json_t *label;
	size_t i;

	request->labels = json_object();
	json_array_foreach(labels, i, label) {
		struct fields fields = {0};
		int rc = cni_decode(label, rows, NULL, &fields, "args.cni.labels", err);

		if (rc != CNI_OK)
			return rc;
		json_object_set_new(request->labels, fields.key, json_string(fields.value));
	}
	return CNI_OK;
}

/*
 * As the bandwidth plugin has it: bits a second, and bits. Those who know no burst say the largest number there is: containerd
 * 2^32 - 1, others 2^31 - 1. Taken by its word that is half a gigabyte at full speed; it means none.
 */
static int bandwidth_decode(struct cni_request *request, const json_t *object, struct arena *arena, struct err *err)
{
	enum { BURST_NONE = INT32_MAX };
	struct fields {
		int64_t ingress_rate, ingress_burst, egress_rate, egress_burst;
	} fields = {0};
	static const struct json_field rows[] = {
		{"ingressRate", JSON_FIELD_INT, offsetof(struct fields, ingress_rate), 0, 0, INT64_MAX},
		{"ingressBurst", JSON_FIELD_INT, offsetof(struct fields, ingress_burst), 0, 0, INT64_MAX},
		{"egressRate", JSON_FIELD_INT, offsetof(struct fields, egress_rate), 0, 0, INT64_MAX},
		{"egressBurst", JSON_FIELD_INT, offsetof(struct fields, egress_burst), 0, 0, INT64_MAX},
		{0},
	};
	int rc = cni_decode(object, rows, arena, &fields, "bandwidth", err);

	if (rc != CNI_OK || (!fields.ingress_rate && !fields.egress_rate))
		return rc;
	if (!fields.ingress_rate || fields.ingress_burst >= BURST_NONE)
		fields.ingress_burst = 0;
	if (!fields.egress_rate || fields.egress_burst >= BURST_NONE)
		fields.egress_burst = 0;
	request->bandwidth = json_pack("{s:I, s:I, s:I, s:I}", "ingressRateBits", (json_int_t)fields.ingress_rate, "ingressBurstBits",
				       (json_int_t)fields.ingress_burst, "egressRateBits", (json_int_t)fields.egress_rate,
				       "egressBurstBits", (json_int_t)fields.egress_burst);
	return CNI_OK;
}

/* A list, as the specification has it; or by network, as podman says it. */
static int aliases_decode(struct cni_request *request, const json_t *aliases, struct arena *arena, struct err *err)
{
	const json_t *list = json_is_object(aliases) ? json_object_get(aliases, request->name) : aliases, *item;
	size_t count = json_array_size(list), i;
	const char **names;

	if ((aliases && !json_is_array(aliases) && !json_is_object(aliases)) || (list && !json_is_array(list)) || count > ALIASES_MAX) {
		err_set(err, ERR_USAGE, EINVAL, "aliases", "runtimeConfig: aliases must be a list of at most %d names, or one by network",
			ALIASES_MAX);
		return CNI_DECODE;
	}
	names = arena_array(arena, count + 1, sizeof(*names));
	json_array_foreach(list, i, item) {
		if (!json_is_string(item)) {
			err_set(err, ERR_USAGE, EINVAL, "aliases", "runtimeConfig: aliases: item %zu is no text", i);
			return CNI_DECODE;
		}
		names[i] = json_string_value(item);
	}
	request->aliases = names;
	return CNI_OK;
}

/* The runtime's names of things differ from the result's: servers, searches. */
static int dns_decode(struct cni_request *request, const json_t *conf, const json_t *runtime,
		      struct arena *arena, struct err *err)
{
	struct fields {
		const char **nameservers, **search, **options;
		const char *domain;
	} from_conf = {0}, from_runtime = {0};
	static const struct json_field conf_rows[] = {
		{"nameservers", JSON_FIELD_STRV, offsetof(struct fields, nameservers), 0, 0, 0},
		{"search", JSON_FIELD_STRV, offsetof(struct fields, search), 0, 0, 0},
		{"options", JSON_FIELD_STRV, offsetof(struct fields, options), 0, 0, 0},
		{"domain", JSON_FIELD_STRING, offsetof(struct fields, domain), 0, 0, 0},
		{0},
	};
	static const struct json_field runtime_names[] = {
		{"servers", JSON_FIELD_STRV, offsetof(struct fields, nameservers), 0, 0, 0},
		{"searches", JSON_FIELD_STRV, offsetof(struct fields, search), 0, 0, 0},
		{"options", JSON_FIELD_STRV, offsetof(struct fields, options), 0, 0, 0},
		{0},
	};
	static const struct {
		const char *key;
		size_t offset;
	} lists[] = {
		{"nameservers", offsetof(struct fields, nameservers)},
		{"search", offsetof(struct fields, search)},
		{"options", offsetof(struct fields, options)},
	};
	int rc = CNI_OK;

	if (conf)
		rc = cni_decode(conf, conf_rows, arena, &from_conf, "dns", err);
	if (rc == CNI_OK && runtime)
		rc = cni_decode(runtime, runtime_names, arena, &from_runtime, "runtimeConfig.dns",
			    err);
	if (rc != CNI_OK)
		return rc;
	request->dns = json_object();
	if (cni_is_set(from_conf.domain))
		json_object_set_new(request->dns, "domain", json_string(from_conf.domain));
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		const char **ours, **theirs, **list;
		json_t *array;

		memcpy(&ours, (const char *)&from_conf + lists[i].offset, sizeof(ours));
		memcpy(&theirs, (const char *)&from_runtime + lists[i].offset, sizeof(theirs));
		list = theirs && theirs[0] ? theirs : ours;
		if (!list || !list[0])
			continue;
		array = json_array();
		for (; *list; list++)
			json_array_append_new(array, json_string(*list));
		json_object_set_new(request->dns, lists[i].key, array);
	}
	return CNI_OK;
}

/* "10.1.0.9" or "10.1.0.9/16": the length is the network's. What is no address is the daemon's to refuse. */
static const char *const *addresses(const char **ips, struct arena *arena)
{
	size_t count = 0;
	const char **out;

	while (ips && ips[count])
		count++;
	out = arena_array(arena, count + 1, sizeof(*out));
	for (size_t i = 0; i < count; i++)
		out[i] = arena_strndup(arena, ips[i], strcspn(ips[i], "/"));
	return out;
}
