// SPDX-License-Identifier: GPL-2.0-or-later
/* mempolicy - names of set_mempolicy(2), lists of nodes. Floor F4. */
#include "runner/oci/mempolicy.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/str.h"

enum { WEIGHTED_INTERLEAVE = 6 }; /* MPOL_WEIGHTED_INTERLEAVE: since Linux 6.9 */

struct row {
	const char *name;
	int value;
};
static const struct row modes[] = {
	{"MPOL_DEFAULT", MPOL_DEFAULT},
	{"MPOL_BIND", MPOL_BIND},
	{"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
	{"MPOL_WEIGHTED_INTERLEAVE", WEIGHTED_INTERLEAVE},
	{"MPOL_PREFERRED", MPOL_PREFERRED},
	{"MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY},
	{"MPOL_LOCAL", MPOL_LOCAL},
};
static const struct row flags[] = {
	{"MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING},
	{"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
	{"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES},
};

static bool row_find(const struct row *rows, size_t count, const char *name, int *ret_value);
static int nodes_parse(const char *text, struct oci_mempolicy *policy, struct err *err);
static json_t *names(const struct row *rows, size_t count);

int oci_mempolicy_decode(const json_t *object, struct arena *arena, const struct oci_mempolicy **ret_policy,
			 struct err *err)
{
	const char *mode = json_string_value(json_object_get(object, "mode"));
	const json_t *nodes = json_object_get(object, "nodes"), *list = json_object_get(object, "flags");
	struct oci_mempolicy *policy = arena_alloc(arena, sizeof(*policy));
	size_t index;
	json_t *item;
	int flag;

	if (!mode || !row_find(modes, ARRAY_COUNT(modes), mode, &policy->mode))
		return err_set(err, ERR_USAGE, EINVAL, "linux.memoryPolicy", "no such mode: \"%s\"", mode ? mode : "");
	if (list && !json_is_null(list) && !json_is_array(list))
		return err_set(err, ERR_USAGE, EINVAL, "linux.memoryPolicy", "flags must be an array");
	json_array_foreach((json_t *)(uintptr_t)list, index, item) {
		const char *name = json_string_value(item);

		if (!name || !row_find(flags, ARRAY_COUNT(flags), name, &flag))
			return err_set(err, ERR_USAGE, EINVAL, "linux.memoryPolicy", "no such flag: \"%s\"",
				       name ? name : "");
		policy->mode |= flag;
	}
	if (nodes && !json_is_null(nodes) && !json_is_string(nodes))
		return err_set(err, ERR_USAGE, EINVAL, "linux.memoryPolicy", "nodes must be a string");
	*ret_policy = policy;
	if (nodes && !json_is_null(nodes) && !json_is_string(nodes))
		return err_set(err, ERR_USAGE, EINVAL, "linux.memoryPolicy", "nodes must be a list such as \"0-3,7\"");
	return json_string_length(nodes) ? nodes_parse(json_string_value(nodes), policy, err) : 0;
}

int oci_mempolicy_set(const struct oci_mempolicy *policy, struct err *err)
{
	bool some = false;

	for (size_t i = 0; i < ARRAY_COUNT(policy->nodes); i++)
		some = some || policy->nodes[i];
	/* The kernel takes one bit off what it is told (get_nodes() in mm/mempolicy.c). */
	if (syscall(SYS_set_mempolicy, policy->mode, some ? policy->nodes : NULL, some ? OCI_NODES_MAX + 1 : 0) < 0)
		return err_sys(err, errno == ENOSYS ? ERR_UNSUPPORTED : ERR_KERNEL, errno, "linux.memoryPolicy",
			       "set_mempolicy");
	return 0;
}

json_t *oci_mempolicy_features(void)
{
	return json_pack("{s:o, s:o}", "modes", names(modes, ARRAY_COUNT(modes)), "flags",
			 names(flags, ARRAY_COUNT(flags)));
}

/* ----------------------------------------------------------------- helpers */

static bool row_find(const struct row *rows, size_t count, const char *name, int *ret_value)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(rows[i].name, name)) {
			*ret_value = rows[i].value;
			return true;
		}
	return false;
}

/* "0-3,7" */
static int nodes_parse(const char *text, struct oci_mempolicy *policy, struct err *err)
{
	const size_t bits = 8 * sizeof(policy->nodes[0]);
	const char *at = text;

	for (;;) {
		char *end;
		unsigned long first, last;

		if (*at < '0' || *at > '9')
			break;
		first = last = strtoul(at, &end, 10);
		if (*end == '-' && end[1] >= '0' && end[1] <= '9')
			last = strtoul(end + 1, &end, 10);
		if (last >= OCI_NODES_MAX || first > last)
			break;
		for (; first <= last; first++)
			policy->nodes[first / bits] |= 1UL << first % bits;
		if (!*end)
			return 0;
		if (*end != ',')
			break;
		at = end + 1;
	}
	return err_set(err, ERR_USAGE, EINVAL, "linux.memoryPolicy",
		       "nodes: \"%.100s\" is no list such as \"0-3,7\" of numbers below %d", text, OCI_NODES_MAX);
}

static json_t *names(const struct row *rows, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(rows[i].name));
	return list;
}
