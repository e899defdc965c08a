/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf - the network configuration: Moat's own keys, the keys of the reference plugins "bridge" and
 * "host-local", and what the runtime adds under runtimeConfig and args. Floor F5. Pure.
 *
 * Keys match without regard to case and the last of equals wins, as Go's decoder has it: runtimes
 * rely on both. Keys that are not known are ignored, as the specification has it; known ones that
 * Moat cannot honour are refused by name and value, code 2.
 *
 * A configuration written for "bridge" (it has `bridge`, or `ipam` of type "host-local") keeps that
 * plugin's defaults: no masquerading unless `ipMasq`, no default route unless `isDefaultGateway` or
 * `ipam.routes` say so. Any other has Moat's: both.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "cni/cni.h"
#include "lib/base/addr.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

enum {
	FLAGS = JSON_IGNORE_UNKNOWN | JSON_FOLD_CASE,
	NAME_LEN_MAX = 128,
	MTU_MAX = 65535,
	RANGES_MAX = 64,
};

/* The configuration's top. */
struct top {
	const char *name, *tenant, *network, *mode, *socket, *bridge;
	int64_t mtu, vlan;
	int ip_masq, is_default_gateway, host_access;
	bool promisc, no_interface, port_isolation;
	const json_t *ipam, *dns, *runtime, *args, *prev_result, *vlan_trunk;
};
static const struct json_field top_rows[] = {
	{"name", JSON_FIELD_STRING, offsetof(struct top, name), 0, 0, 0},
	{"tenant", JSON_FIELD_STRING, offsetof(struct top, tenant), 0, 0, 0},
	{"network", JSON_FIELD_STRING, offsetof(struct top, network), 0, 0, 0},
	{"mode", JSON_FIELD_STRING, offsetof(struct top, mode), 0, 0, 0},
	{"socket", JSON_FIELD_STRING, offsetof(struct top, socket), 0, 0, 0},
	{"bridge", JSON_FIELD_STRING, offsetof(struct top, bridge), 0, 0, 0},
	{"mtu", JSON_FIELD_INT, offsetof(struct top, mtu), 0, 0, MTU_MAX},
	{"vlan", JSON_FIELD_INT, offsetof(struct top, vlan), 0, 0, 0},
	{"ipMasq", JSON_FIELD_TRI, offsetof(struct top, ip_masq), 0, 0, 0},
	{"isDefaultGateway", JSON_FIELD_TRI, offsetof(struct top, is_default_gateway), 0, 0, 0},
	{"hostAccess", JSON_FIELD_TRI, offsetof(struct top, host_access), 0, 0, 0},
	{"promiscMode", JSON_FIELD_BOOL, offsetof(struct top, promisc), 0, 0, 0},
	{"disableContainerInterface", JSON_FIELD_BOOL, offsetof(struct top, no_interface), 0, 0,
	 0},
	{"portIsolation", JSON_FIELD_BOOL, offsetof(struct top, port_isolation), 0, 0, 0},
	{"ipam", JSON_FIELD_OBJECT, offsetof(struct top, ipam), 0, 0, 0},
	{"dns", JSON_FIELD_OBJECT, offsetof(struct top, dns), 0, 0, 0},
	{"runtimeConfig", JSON_FIELD_OBJECT, offsetof(struct top, runtime), 0, 0, 0},
	{"args", JSON_FIELD_OBJECT, offsetof(struct top, args), 0, 0, 0},
	{"prevResult", JSON_FIELD_OBJECT, offsetof(struct top, prev_result), 0, 0, 0},
	{"vlanTrunk", JSON_FIELD_ARRAY, offsetof(struct top, vlan_trunk), 0, 0, 0},
	{0},
};

struct ipam {
	const char *type, *subnet, *gateway, *range_start, *range_end, *resolv_conf;
	const json_t *ranges, *routes;
};
static const struct json_field ipam_rows[] = {
	{"type", JSON_FIELD_STRING, offsetof(struct ipam, type), 0, 0, 0},
	{"subnet", JSON_FIELD_STRING, offsetof(struct ipam, subnet), 0, 0, 0},
	{"gateway", JSON_FIELD_STRING, offsetof(struct ipam, gateway), 0, 0, 0},
	{"rangeStart", JSON_FIELD_STRING, offsetof(struct ipam, range_start), 0, 0, 0},
	{"rangeEnd", JSON_FIELD_STRING, offsetof(struct ipam, range_end), 0, 0, 0},
	{"resolvConf", JSON_FIELD_STRING, offsetof(struct ipam, resolv_conf), 0, 0, 0},
	{"ranges", JSON_FIELD_ARRAY, offsetof(struct ipam, ranges), 0, 0, RANGES_MAX},
	{"routes", JSON_FIELD_ARRAY, offsetof(struct ipam, routes), 0, 0, RANGES_MAX},
	{0},
};

struct runtime {
	const json_t *ports, *bandwidth, *dns;
	const char **ips;
	const char *mac;
};
static const struct json_field runtime_rows[] = {
	{"portMappings", JSON_FIELD_ARRAY, offsetof(struct runtime, ports), 0, 0,
	 CNI_PORTS_MAX},
	{"bandwidth", JSON_FIELD_OBJECT, offsetof(struct runtime, bandwidth), 0, 0, 0},
	{"dns", JSON_FIELD_OBJECT, offsetof(struct runtime, dns), 0, 0, 0},
	{"ips", JSON_FIELD_STRV, offsetof(struct runtime, ips), 0, 0, 0},
	{"mac", JSON_FIELD_STRING, offsetof(struct runtime, mac), 0, 0, 0},
	{0},
};

struct port {
	int64_t host, container;
	const char *protocol, *ip;
};
static const struct json_field port_rows[] = {
	{"hostPort", JSON_FIELD_INT, offsetof(struct port, host), JSON_REQUIRED, 1, 65535},
	{"containerPort", JSON_FIELD_INT, offsetof(struct port, container), JSON_REQUIRED, 1,
	 65535},
	{"protocol", JSON_FIELD_STRING, offsetof(struct port, protocol), 0, 0, 16},
	{"hostIP", JSON_FIELD_STRING, offsetof(struct port, ip), 0, 0, IP_STR_SIZE},
	{0},
};

/* A growing vector in the arena, with room for all there may be. */
struct texts {
	const char **items;
	size_t count, max;
};

static int names_decode(struct cni_request *request, const struct top *top, struct arena *arena,
			struct err *err);
static int attachments_decode(struct cni_request *request, struct err *err);
static int prev_decode(struct cni_request *request, const struct top *top, struct err *err);
static int top_refuse(const struct top *top, struct err *err);
static int ipam_decode(struct cni_request *request, const struct top *top, struct arena *arena,
		       struct err *err);
static int ranges_decode(const json_t *sets, struct texts *subnets, struct texts *gateways,
			 struct arena *arena, struct err *err);
static int range_take(const json_t *range, struct texts *subnets, struct texts *gateways,
		      struct arena *arena, struct err *err);
static int routes_decode(const json_t *routes, bool *ret_default, struct err *err);
static int runtime_decode(struct cni_request *request, const struct top *top,
			  struct arena *arena, struct err *err);
static int ports_decode(struct cni_request *request, const json_t *ports, struct arena *arena,
			struct err *err);
static int bandwidth_refuse(const json_t *bandwidth, struct err *err);
static int dns_decode(struct cni_request *request, const json_t *conf, const json_t *runtime,
		      struct arena *arena, struct err *err);
static const char *const *addresses(const char **ips, struct arena *arena);
static int decode(const json_t *object, const struct json_field *rows, struct arena *arena,
		  void *dst, const char *what, struct err *err);
static int field_refuse(struct err *err, const char *key, const char *value);
static bool name_is_valid(const char *s);
static bool is_set(const char *s);
static void texts_add(struct texts *texts, const char *text);

int cni_conf_decode(struct cni_request *request, struct arena *arena, struct err *err)
{
	static const char *const none[] = {NULL};
	struct top top = {0};
	int rc;

	request->subnets = request->gateways = request->ips = request->publish = none;
	request->masquerade = request->host_access = -1;
	rc = decode(request->doc, top_rows, arena, &top, "the network configuration", err);
	if (rc == CNI_OK)
		rc = names_decode(request, &top, arena, err);
	if (rc == CNI_OK && request->verb == CNI_VERB_GC)
		rc = attachments_decode(request, err);
	if (rc == CNI_OK && (request->verb == CNI_VERB_ADD || request->verb == CNI_VERB_CHECK))
		rc = prev_decode(request, &top, err);
	if (rc != CNI_OK || request->verb != CNI_VERB_ADD)
		return rc;
	request->mode = is_set(top.mode) ? top.mode : NULL;
	request->mtu = top.mtu;
	request->host_access = top.host_access;
	rc = top_refuse(&top, err);
	if (rc == CNI_OK)
		rc = ipam_decode(request, &top, arena, err);
	if (rc == CNI_OK)
		rc = runtime_decode(request, &top, arena, err);
	return rc;
}

static int names_decode(struct cni_request *request, const struct top *top, struct arena *arena,
			struct err *err)
{
	request->socket = is_set(top->socket) ? top->socket : "/run/moat/moatd.sock";
	request->name = top->name;
	request->tenant = is_set(top->tenant) ? top->tenant : "default";
	request->network = is_set(top->network) ? top->network : top->name;
	(void)arena;
	if (!is_set(top->name)) {
		err_set(err, ERR_USAGE, EINVAL, "name", "missing network name");
		return CNI_CONFIG;
	}
	if (!name_is_valid(request->name) || !name_is_valid(request->network) ||
	    !name_is_valid(request->tenant)) {
		const char *key = !name_is_valid(request->tenant) ? "tenant"
				  : is_set(top->network)          ? "network"
								  : "name";
		const char *value =
			!name_is_valid(request->tenant) ? request->tenant : request->network;

		err_set(err, ERR_NAME, EINVAL, key,
			"%s \"%s\": must be [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most %d characters",
			key, value, (int)NAME_LEN_MAX);
		return CNI_CONFIG;
	}
	return CNI_OK;
}

/*
 * Which attachments are valid: the key as the specification has it, or as libcni wrote it at first (it writes both).
 * A Go program that knows of none writes null, which is an empty list; no key at all says nothing.
 */
static int attachments_decode(struct cni_request *request, struct err *err)
{
	static const char *const spellings[] = {"cni.dev/valid-attachments", "cni.dev/attachments"};
	const json_t *list = NULL, *value, *item;
	const char *key;
	size_t i;

	for (i = 0; i < ARRAY_COUNT(spellings) && !list; i++)
		json_object_foreach(request->doc, key, value)
			if (strcasecmp(key, spellings[i]) == 0)
				list = value;
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

static int prev_decode(struct cni_request *request, const struct top *top, struct err *err)
{
	if (top->prev_result)
		return cni_result_parse(top->prev_result, &request->prev, err);
	if (request->verb != CNI_VERB_CHECK)
		return CNI_OK;
	err_set(err, ERR_USAGE, EINVAL, "prevResult", "required prevResult missing: CHECK compares with it");
	return CNI_CONFIG;
}

/* What the reference plugin has and Moat has not (yet). */
static int top_refuse(const struct top *top, struct err *err)
{
	if (top->vlan != 0)
		return field_refuse(err, "vlan", "not 0");
	if (json_array_size(top->vlan_trunk) > 0)
		return field_refuse(err, "vlanTrunk", "not empty");
	if (top->promisc)
		return field_refuse(err, "promiscMode", "true");
	if (top->no_interface)
		return field_refuse(err, "disableContainerInterface", "true");
	if (top->port_isolation)
		return field_refuse(err, "portIsolation", "true");
	return CNI_OK;
}

static int ipam_decode(struct cni_request *request, const struct top *top, struct arena *arena,
		       struct err *err)
{
	struct texts subnets = {arena_array(arena, RANGES_MAX + 2, sizeof(char *)), 0,
				RANGES_MAX + 1};
	struct texts gateways = {arena_array(arena, RANGES_MAX + 2, sizeof(char *)), 0,
				 RANGES_MAX + 1};
	struct ipam ipam = {0};
	bool stock, routed = false;
	int rc = CNI_OK;

	if (top->ipam)
		rc = decode(top->ipam, ipam_rows, arena, &ipam, "ipam", err);
	if (rc != CNI_OK)
		return rc;
	if (is_set(ipam.type) && !str_eq(ipam.type, "host-local"))
		return field_refuse(err, "ipam.type", ipam.type);
	if (is_set(ipam.resolv_conf))
		return field_refuse(err, "ipam.resolvConf", ipam.resolv_conf);
	stock = is_set(top->bridge) || is_set(ipam.type);
	if (is_set(ipam.subnet))
		rc = range_take(top->ipam, &subnets, &gateways, arena, err);
	if (rc == CNI_OK)
		rc = ranges_decode(ipam.ranges, &subnets, &gateways, arena, err);
	if (rc == CNI_OK)
		rc = routes_decode(ipam.routes, &routed, err);
	if (rc == CNI_OK && str_eq(ipam.type, "host-local") && subnets.count == 0) {
		err_set(err, ERR_USAGE, EINVAL, "ipam", "host-local without a subnet");
		rc = CNI_CONFIG;
	}
	request->subnets = subnets.items;
	request->gateways = gateways.items;
	request->masquerade = top->ip_masq >= 0 ? top->ip_masq : stock ? 0 : -1;
	request->default_route_asked = top->is_default_gateway == 1;
	request->default_route =
		stock ? routed || top->is_default_gateway == 1 : top->is_default_gateway != 0;
	return rc;
}

/* [[{subnet...}, ...], ...] */
static int ranges_decode(const json_t *sets, struct texts *subnets, struct texts *gateways,
			 struct arena *arena, struct err *err)
{
	const json_t *set, *range;
	size_t i, j;

	json_array_foreach(sets, i, set) {
		if (!json_is_array(set)) {
			err_set(err, ERR_USAGE, EINVAL, "ipam.ranges",
				"must be an array of arrays");
			return CNI_DECODE;
		}
		json_array_foreach(set, j, range) {
			int rc = range_take(range, subnets, gateways, arena, err);

			if (rc != CNI_OK)
				return rc;
		}
	}
	return CNI_OK;
}

static int range_take(const json_t *range, struct texts *subnets, struct texts *gateways,
		      struct arena *arena, struct err *err)
{
	char text[PREFIX_STR_SIZE];
	struct prefix prefix;
	struct ipam ipam = {0};
	int rc;

	rc = decode(range, ipam_rows, arena, &ipam, "ipam.ranges", err);
	if (rc != CNI_OK)
		return rc;
	if (is_set(ipam.range_start))
		return field_refuse(err, "ipam.rangeStart", ipam.range_start);
	if (is_set(ipam.range_end))
		return field_refuse(err, "ipam.rangeEnd", ipam.range_end);
	if (prefix_parse(ipam.subnet, &prefix) < 0 || subnets->count >= subnets->max) {
		err_set(err, ERR_USAGE, EINVAL, "ipam",
			"subnet \"%s\" is no prefix such as 10.1.0.0/16",
			ipam.subnet ? ipam.subnet : "");
		return CNI_CONFIG;
	}
	/* host-local takes 10.1.2.3/16 for 10.1.0.0/16 */
	prefix = prefix_network(&prefix);
	texts_add(subnets, arena_strdup(arena, prefix_print(&prefix, text)));
	if (is_set(ipam.gateway))
		texts_add(gateways, ipam.gateway);
	return CNI_OK;
}

/* Default routes are ours to make; others are not made yet. */
static int routes_decode(const json_t *routes, bool *ret_default, struct err *err)
{
	struct fields {
		const char *dst, *gw;
	};
	static const struct json_field rows[] = {
		{"dst", JSON_FIELD_STRING, offsetof(struct fields, dst), JSON_REQUIRED, 0, 0},
		{"gw", JSON_FIELD_STRING, offsetof(struct fields, gw), 0, 0, 0},
		{0},
	};
	const json_t *route;
	size_t i;

	json_array_foreach(routes, i, route) {
		struct fields fields = {0};
		int rc = decode(route, rows, NULL, &fields, "ipam.routes", err);

		if (rc != CNI_OK)
			return rc;
		if (!str_eq(fields.dst, "0.0.0.0/0") && !str_eq(fields.dst, "::/0"))
			return field_refuse(err, "ipam.routes.dst", fields.dst);
		if (is_set(fields.gw))
			return field_refuse(err, "ipam.routes.gw", fields.gw);
		*ret_default = true;
	}
	return CNI_OK;
}

/* Where several say the same thing: runtimeConfig, then args.cni, then CNI_ARGS (request.c). */
static int runtime_decode(struct cni_request *request, const struct top *top,
			  struct arena *arena, struct err *err)
{
	static const struct json_field args_rows[] = {{"cni", JSON_FIELD_OBJECT, 0, 0, 0, 0},
						      {0}};
	struct runtime runtime = {0}, args = {0};
	const json_t *args_cni = NULL;
	int rc = CNI_OK;

	if (top->runtime)
		rc = decode(top->runtime, runtime_rows, arena, &runtime, "runtimeConfig", err);
	if (rc == CNI_OK && top->args)
		rc = decode(top->args, args_rows, arena, &args_cni, "args", err);
	if (rc == CNI_OK && args_cni)
		rc = decode(args_cni, runtime_rows, arena, &args, "args.cni", err);
	if (rc == CNI_OK)
		rc = bandwidth_refuse(runtime.bandwidth, err);
	if (rc == CNI_OK)
		rc = ports_decode(request, runtime.ports, arena, err);
	if (rc == CNI_OK)
		rc = dns_decode(request, top->dns, runtime.dns, arena, err);
	if (rc != CNI_OK)
		return rc;
	request->ips = addresses(runtime.ips && runtime.ips[0] ? runtime.ips : args.ips, arena);
	request->mac = is_set(runtime.mac) ? runtime.mac : is_set(args.mac) ? args.mac : NULL;
	return CNI_OK;
}

static int ports_decode(struct cni_request *request, const json_t *ports, struct arena *arena,
			struct err *err)
{
	size_t count = json_array_size(ports);
	const char **specs = arena_array(arena, count + 1, sizeof(*specs));

	for (size_t i = 0; i < count; i++) {
		struct port port = {0};
		char protocol[17] = "tcp", host[IP_STR_SIZE + 3] = "";
		struct ip ip;
		int rc = decode(json_array_get(ports, i), port_rows, arena, &port,
				"portMappings", err);

		if (rc != CNI_OK)
			return rc;
		if (is_set(port.protocol))
			str_copy(protocol, sizeof(protocol), port.protocol);
		for (char *c = protocol; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		if (is_set(port.ip) && ip_parse(port.ip, &ip) < 0) {
			err_set(err, ERR_USAGE, EINVAL, "portMappings",
				"hostIP \"%s\" is no address", port.ip);
			return CNI_CONFIG;
		}
		if (is_set(port.ip))
			snprintf(host, sizeof(host), ip.family == 6 ? "[%s]:" : "%s:", port.ip);
		specs[i] = arena_printf(arena, "%s%lld:%lld/%s", host, (long long)port.host,
					(long long)port.container, protocol);
	}
	request->publish = specs;
	return CNI_OK;
}

/* No shaping yet. A limit of 0 is none. */
static int bandwidth_refuse(const json_t *bandwidth, struct err *err)
{
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)(uintptr_t)bandwidth, key, value) {
		if (json_is_integer(value) && json_integer_value(value) != 0)
			return field_refuse(err, "runtimeConfig.bandwidth", key);
	}
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
		rc = decode(conf, conf_rows, arena, &from_conf, "dns", err);
	if (rc == CNI_OK && runtime)
		rc = decode(runtime, runtime_names, arena, &from_runtime, "runtimeConfig.dns",
			    err);
	if (rc != CNI_OK)
		return rc;
	request->dns = json_object();
	if (is_set(from_conf.domain))
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

static int decode(const json_t *object, const struct json_field *rows, struct arena *arena,
		  void *dst, const char *what, struct err *err)
{
	if (json_decode(object, rows, FLAGS, arena, dst, err) == 0)
		return CNI_OK;
	err_wrap(err, "%s%s%s", what, err->object[0] ? ": " : "", err->object);
	return CNI_DECODE;
}

static int field_refuse(struct err *err, const char *key, const char *value)
{
	err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, key, "unsupported field: %s: %s", key, value);
	return CNI_FIELD;
}

static bool name_is_valid(const char *s)
{
	size_t len = s ? strnlen(s, NAME_LEN_MAX + 1) : 0;

	for (size_t i = 0; i < len; i++)
		if (!isascii(s[i]) ||
		    (!isalnum((unsigned char)s[i]) && (i == 0 || !strchr("_.-", s[i]))))
			return false;
	return len > 0 && len <= NAME_LEN_MAX;
}

static bool is_set(const char *s)
{
	return s && *s;
}

static void texts_add(struct texts *texts, const char *text)
{
	if (texts->count < texts->max)
		texts->items[texts->count++] = text;
}
