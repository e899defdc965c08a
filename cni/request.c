/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request - environment, standard input and names of one CNI call. Floor F5. Pure but for one look whether the plugin that
 * `ipam.type` names is there: neither opens the namespace nor asks the daemon.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cni/conf.h"
#include "cni/ports.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

const char *const cni_versions[] = {"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0", NULL};

/* The first version that knows of it. */
static const char *const verb_since[] = {
	[CNI_VERB_NONE] = "0.1.0",  [CNI_VERB_ADD] = "0.1.0",    [CNI_VERB_DEL] = "0.1.0",
	[CNI_VERB_CHECK] = "0.4.0", [CNI_VERB_STATUS] = "1.1.0", [CNI_VERB_GC] = "1.1.0",
	[CNI_VERB_VERSION] = "0.1.0",
};

static const char *const verb_names[] = {
	[CNI_VERB_NONE] = "",           [CNI_VERB_ADD] = "ADD",       [CNI_VERB_DEL] = "DEL",
	[CNI_VERB_CHECK] = "CHECK",     [CNI_VERB_STATUS] = "STATUS", [CNI_VERB_GC] = "GC",
	[CNI_VERB_VERSION] = "VERSION",
};

static int doc_parse(struct cni_request *request, const char *delegates, const char *text, size_t size, struct arena *arena,
		     struct err *err);
static int verb_check(enum cni_verb verb, const char *version, struct err *err);
static int env_check(const struct cni_env *env, enum cni_verb verb, struct err *err);
static int version_check(const json_t *doc, struct arena *arena, const char **ret_version,
			 struct err *err);
static bool of_attachment(enum cni_verb verb);
static bool is_set(const char *s);
static bool id_is_valid(const char *s);
static bool ifname_is_valid(const char *s);
static bool name_is_long(const char *s, size_t max);
static bool is_utf8(const char *s);

enum cni_verb cni_verb_parse(const char *command)
{
	for (size_t i = CNI_VERB_NONE + 1; i < ARRAY_COUNT(verb_names); i++)
		if (str_eq(verb_names[i], command))
			return (enum cni_verb)i;
	return CNI_VERB_NONE;
}

int cni_request_decode(const struct cni_env *env, const char *text, size_t size,
		       struct arena *arena, struct cni_request *ret_request, struct err *err)
{
	struct cni_request *request = ret_request;
	char stack[CNI_STACK_SIZE];
	int rc;

	memset(request, 0, sizeof(*request));
	request->verb = cni_verb_parse(env->command);
	if (request->verb == CNI_VERB_NONE) {
		err_set(err, ERR_USAGE, EINVAL, "CNI_COMMAND", "unknown CNI_COMMAND: %s",
			env->command ? env->command : "");
		return CNI_ENVIRONMENT;
	}
	if (doc_parse(request, env->path, text, size, arena, err) < 0 || !json_is_object(request->doc)) {
		if (request->doc)
			err_set(err, ERR_USAGE, EINVAL, NULL,
				"the network configuration is no JSON object");
		return CNI_DECODE;
	}
	rc = version_check(request->doc, arena, &request->version, err);
	if (rc == CNI_OK)
		rc = verb_check(request->verb, request->version, err);
	if (rc == CNI_OK)
		rc = env_check(env, request->verb, err);
	if (rc != CNI_OK)
		return rc;
	request->container_id = env->container_id;
	request->netns = is_set(env->netns) ? env->netns : NULL;
	request->ifname = env->ifname;
	request->netns_may_be_ours =
		str_eq(env->netns_override, "1") ||
		(env->netns_override && strcasecmp(env->netns_override, "true") == 0);
	request->state_dir = is_set(env->state_dir) ? env->state_dir : "/var/lib/moat";
	request->pod = json_object();
	/* GC and STATUS are of a whole network: a container they may be given was not looked at by env_check() */
	if (is_set(env->container_id) && of_attachment(request->verb)) {
		cni_stack_name(env->container_id, stack);
		request->stack = arena_strdup(arena, stack);
	}

	request->path = env->path;
	rc = cni_conf_decode(request, arena, err);
	if (rc == CNI_OK && request->verb == CNI_VERB_ADD) {
		const char *const *ips = NULL;
		const char *mac = NULL;

		rc = cni_args_decode(request, env->args, arena, &mac, &ips, err);
		if (rc == CNI_OK && !request->ips[0] && ips)
			request->ips = ips;
		if (rc == CNI_OK && !request->mac)
			request->mac = mac ? mac : request->conf_mac;
	}
	if (is_set(env->socket))
		request->socket = env->socket;
	if (rc == CNI_OK && !is_utf8(request->socket)) {
		err_set(err, ERR_USAGE, EINVAL, "environment", "MOAT_SOCKET is not UTF-8");
		rc = CNI_ENVIRONMENT;
	}
	return rc;
}

void cni_request_fini(struct cni_request *request)
{
	json_decref(request->doc);
	json_decref(request->bandwidth);
	json_decref(request->dns);
	json_decref(request->pod);
	json_decref(request->routes);
	json_decref(request->prev);
	json_decref(request->sysctls);
	json_decref(request->labels);
	json_decref(request->resolv);
	request->doc = request->bandwidth = request->dns = request->pod = request->prev = request->sysctls = request->labels = request->resolv = NULL;
}

void cni_stack_name(const char *container_id, char dst[CNI_STACK_SIZE])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	if (strlen(container_id) <= CNI_STACK_ID_MAX) {
		snprintf(dst, CNI_STACK_SIZE, "cni-%s", container_id);
		return;
	}
	for (const char *c = container_id; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	snprintf(dst, CNI_STACK_SIZE, "cni-%.*s-%012llx", CNI_STACK_ID_MAX, container_id,
		 (unsigned long long)(hash & UINT64_C(0xffffffffffff)));
}

/*
 * Mappings are taken out beforehand, but where a delegate is to get the whole configuration. What is no JSON without them
 * is parsed with them, too, for the place that the message names.
 */
static int doc_parse(struct cni_request *request, const char *delegates, const char *text, size_t size, struct arena *arena,
		     struct err *err)
{
	struct cni_ports ports;

	if (cni_ports_take(text, size, arena, &ports) &&
	    json_parse(ports.text, ports.size, JSON_FOLD_DUPLICATES, &request->doc, NULL) == 0) {
		const char *type = cni_ipam_type(request->doc);

		request->ports = ports.specs;
		if (!type || !cni_delegate_find(delegates, type, arena))
			return 0;
		request->ports = NULL;
		json_decref(request->doc);
		request->doc = NULL;
	}
	return json_parse(text, size, JSON_FOLD_DUPLICATES, &request->doc, err);
}

/* A verb that the configuration's version does not have cannot have been meant. */
static int verb_check(enum cni_verb verb, const char *version, struct err *err)
{
	size_t have = 0, need = 0;

	while (!str_eq(cni_versions[have], version))
		have++;
	while (!str_eq(cni_versions[need], verb_since[verb]))
		need++;
	if (have >= need)
		return CNI_OK;
	err_set(err, ERR_UNSUPPORTED, EPROTONOSUPPORT, "cniVersion",
		"config version \"%s\" does not allow %s, which came with %s", version, verb_names[verb],
		verb_since[verb]);
	return CNI_VERSION;
}

static bool of_attachment(enum cni_verb verb)
{
	return verb == CNI_VERB_ADD || verb == CNI_VERB_DEL || verb == CNI_VERB_CHECK;
}

static int env_check(const struct cni_env *env, enum cni_verb verb, struct err *err)
{
	cleanup(buf_fini) struct buf missing = BUF_INIT;

	if (!of_attachment(verb))
		return CNI_OK;
	if (!is_set(env->container_id))
		buf_str(&missing, ",CNI_CONTAINERID");
	if (!is_set(env->netns) && verb != CNI_VERB_DEL)
		buf_str(&missing, ",CNI_NETNS");
	if (!is_set(env->ifname))
		buf_str(&missing, ",CNI_IFNAME");
	if (missing.size > 0) {
		err_set(err, ERR_USAGE, EINVAL, "environment",
			"required env variables [%s] missing", buf_cstr(&missing) + 1);
		return CNI_ENVIRONMENT;
	}
	if (!is_utf8(env->netns) || !is_utf8(env->args)) {
		err_set(err, ERR_USAGE, EINVAL, "environment",
			"CNI_NETNS or CNI_ARGS is not UTF-8");
		return CNI_ENVIRONMENT;
	}
	return cni_names_check(env->container_id, env->ifname, err);
}

int cni_names_check(const char *container_id, const char *ifname, struct err *err)
{
	if (!id_is_valid(container_id)) {
		err_set(err, ERR_USAGE, EINVAL, "CNI_CONTAINERID",
			"CNI_CONTAINERID: \"%s\" is not [a-zA-Z0-9][a-zA-Z0-9_.-]*", container_id);
		return CNI_ENVIRONMENT;
	}
	if (!ifname_is_valid(ifname)) {
		err_set(err, ERR_USAGE, EINVAL, "CNI_IFNAME",
			"CNI_IFNAME: \"%s\" is no interface name: 1..%d bytes without '/', ':' and spaces", ifname,
			(int)CNI_IFNAME_MAX);
		return CNI_ENVIRONMENT;
	}
	return CNI_OK;
}

/* Sets *ret_version also when it is refused: the error bears it. */
static int version_check(const json_t *doc, struct arena *arena, const char **ret_version,
			 struct err *err)
{
	struct fields {
		const char *version;
	} fields = {0};
	static const struct json_field rows[] = {
		{"cniVersion", JSON_FIELD_STRING, offsetof(struct fields, version), 0, 0, 32},
		{0},
	};
	cleanup(buf_fini) struct buf list = BUF_INIT;

	if (json_decode(doc, rows, JSON_IGNORE_UNKNOWN | JSON_FOLD_CASE, arena, &fields, err) <
	    0)
		return CNI_DECODE;
	/* none at all means the first version there was */
	*ret_version = arena_strdup(arena, is_set(fields.version) ? fields.version : "0.1.0");
	for (size_t i = 0; cni_versions[i]; i++) {
		if (str_eq(cni_versions[i], *ret_version))
			return CNI_OK;
		buf_printf(&list, "%s%s", i > 0 ? " " : "", cni_versions[i]);
	}
	err_set(err, ERR_UNSUPPORTED, EPROTONOSUPPORT, "cniVersion",
		"incompatible CNI versions: the configuration is \"%s\", the plugin supports "
		"[%s]",
		*ret_version, buf_cstr(&list));
	return CNI_VERSION;
}

static bool is_set(const char *s)
{
	return s && *s;
}

static bool id_is_valid(const char *s)
{
	for (const char *c = s; *c; c++)
		if (!isascii(*c) ||
		    (!isalnum((unsigned char)*c) && (c == s || !strchr("_.-", *c))))
			return false;
	return *s && !name_is_long(s, 1024);
}

/* As the kernel's dev_valid_name(), and no bytes beyond ASCII's printable ones. */
static bool ifname_is_valid(const char *s)
{
	if (!*s || name_is_long(s, CNI_IFNAME_MAX) || str_eq(s, ".") || str_eq(s, ".."))
		return false;
	for (; *s; s++)
		if (*s <= ' ' || *s >= 0x7f || *s == '/' || *s == ':')
			return false;
	return true;
}

static bool name_is_long(const char *s, size_t max)
{
	return strnlen(s, max + 1) > max;
}

/* What JSON can hold. */
static bool is_utf8(const char *s)
{
	cleanup(json_freep) json_t *text = s ? json_string(s) : NULL;

	return !s || text;
}
