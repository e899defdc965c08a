// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgroup - for now: none is made, a container stays in its caller's. What a
 * configuration asks of one, beyond the rule that closes all devices, is refused,
 * so that no limit is believed that does not hold. Floor F4.
 */
#include "runner/oci/cgroup.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "lib/base/mem.h"

int oci_cgroup_plan(const struct oci_config *config, const char *id, bool systemd, bool disabled,
		    struct oci_cgroup *ret_cgroup, struct err *err)
{
	const char *key;
	json_t *value;

	(void)id;
	json_object_foreach((json_t *)(uintptr_t)config->resources, key, value)
		if (strcmp(key, "devices") != 0)
			return err_set(err, ERR_UNSUPPORTED, ENOTSUP, key,
				       "linux.resources: limits are not supported yet");
	if (systemd)
		return err_set(err, ERR_UNSUPPORTED, ENOTSUP, "--systemd-cgroup",
			       "not supported yet");
	*ret_cgroup = (struct oci_cgroup){.disabled = disabled};
	return 0;
}

void oci_cgroup_fini(struct oci_cgroup *cgroup)
{
	free(cgroup->path);
	cgroup->path = NULL;
}

int oci_cgroup_create(const struct oci_cgroup *cgroup, const json_t *resources, struct err *err)
{
	(void)cgroup;
	(void)resources;
	(void)err;
	return 0;
}

int oci_cgroup_enter(const struct oci_cgroup *cgroup, pid_t pid, bool exec, struct err *err)
{
	(void)cgroup;
	(void)pid;
	(void)exec;
	(void)err;
	return 0;
}

int oci_cgroup_kill(const struct oci_cgroup *cgroup, int signal, struct err *err)
{
	(void)cgroup;
	(void)signal;
	(void)err;
	return 0;
}

int oci_cgroup_delete(const struct oci_cgroup *cgroup, struct err *err)
{
	(void)cgroup;
	(void)err;
	return 0;
}

bool oci_cgroup_frozen(const struct oci_cgroup *cgroup)
{
	(void)cgroup;
	return false;
}

int oci_cgroup_mount(const struct oci_cgroup *cgroup, const struct oci_mount *mount,
		     bool own_namespace, int *ret_mount, struct err *err)
{
	(void)cgroup;
	(void)mount;
	(void)own_namespace;
	(void)err;
	*ret_mount = -1;
	return 0;
}
