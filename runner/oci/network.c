// SPDX-License-Identifier: GPL-2.0-or-later
/* network - annotations to a stack of the daemon's. Floor F4. */
#include "runner/oci/network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/model/names.h"
#include "runner/container/stack.h"
#include "runner/process/namespaces.h"

static int spec_make(const struct oci_config *config, const char *id, struct arena *arena,
		     struct spec *ret_spec, struct err *err);
static const char **words(const char *text, struct arena *arena, size_t *ret_count);

bool oci_network_wanted(const struct oci_config *config)
{
	const char *text = oci_annotation(config, "io.moat.network");

	return text && *text;
}

int oci_network_name(const struct oci_config *config, const char *id, char **ret_name,
		     struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct spec spec;
	int rc = spec_make(config, id, arena, &spec, err);

	if (rc == 0)
		*ret_name = mem_printf("%s/%s", spec.name.tenant, spec.name.name);
	return rc;
}

int oci_network_attach(const char *daemon, const struct oci_config *config, const char *id, const char *request,
		       pid_t pid, bool *ret_open, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(buf_fini) struct buf hosts = BUF_INIT;
	cleanup(fd_closep) int netns = namespaces_open(pid, "net", err);
	struct spec spec;
	int rc = netns < 0 ? netns : spec_make(config, id, arena, &spec, err);

	*ret_open = false;
	/* /etc/hosts and /etc/resolv.conf of an OCI container are its engine's. */
	return rc == 0 ? stack_attach(daemon, &spec, netns, request, NULL, ret_open, &hosts, err) : rc;
}

int oci_network_detach(const char *daemon, const char *name, const char *request, struct err *err)
{
	struct name full;
	int rc = name_parse("container", name, false, &full, err);

	return rc == 0 ? stack_delete(daemon, &full, request, err) : rc;
}

int oci_netdevs_give(const struct oci_config *config, pid_t pid, struct oci_netdevs *ret_given, struct err *err)
{
	struct oci_netdevs given = {.netns = namespaces_open(pid, "net", err)};
	int rc = given.netns < 0 ? given.netns : 0;

	given.marks = mem_array(config->netdev_count + 1, sizeof(*given.marks));
	while (rc == 0 && given.count < config->netdev_count) {
		const struct oci_netdev *netdev = &config->netdevs[given.count];

		rc = device_hand_over(given.netns, netdev->host, netdev->name ? netdev->name : netdev->host,
				      &given.marks[given.count], err);
		if (rc == 0)
			given.count++;
	}
	if (rc < 0) {
		oci_netdevs_back(&given);
		oci_netdevs_fini(&given);
		return err_wrap(err, "linux.netDevices");
	}
	*ret_given = given;
	return 0;
}

void oci_netdevs_back(const struct oci_netdevs *given)
{
	for (size_t i = given->count; i-- > 0;)
		(void)device_hand_back(given->netns, &given->marks[i], NULL);
}

void oci_netdevs_fini(struct oci_netdevs *given)
{
	fd_close(given->netns);
	free(given->marks);
	*given = (struct oci_netdevs){.netns = -1};
}

/* ----------------------------------------------------------------- helpers */

static int spec_make(const struct oci_config *config, const char *id, struct arena *arena,
		     struct spec *ret_spec, struct err *err)
{
	size_t count, ports;
	const char **list = words(oci_annotation(config, "io.moat.network"), arena, &count);
	struct spec spec = {.net = SPEC_NET_OWN, .hostname = id};
	struct name first = {0}, other;
	int rc = name_check("container", id, err);

	if (rc < 0)
		return rc;
	if (count == 0 || count > SPEC_NETWORKS_MAX)
		return err_set(err, ERR_USAGE, EINVAL, "io.moat.network",
			       "needs 1 to %d networks", SPEC_NETWORKS_MAX);
	spec.networks = arena_array(arena, count, sizeof(*spec.networks));
	for (size_t i = 0; i < count; i++) {
		rc = spec_network_parse(list[i], arena, &spec.networks[i], err);
		if (rc == 0)
			rc = name_parse("network", spec.networks[i].network, false,
					i ? &other : &first, err);
		if (rc == 0 && i && !str_eq(other.tenant, first.tenant))
			rc = err_set(err, ERR_USAGE, EINVAL, list[i], "all networks must be of one tenant");
		if (rc < 0)
			return err_wrap(err, "io.moat.network");
	}
	spec.network_count = count;
	spec.publish = words(oci_annotation(config, "io.moat.publish"), arena, &ports);
	spec.name = first;
	*ret_spec = spec;
	return str_copy(ret_spec->name.name, sizeof(ret_spec->name.name), id);
}

static const char **words(const char *text, struct arena *arena, size_t *ret_count)
{
	char *rest = arena_strdup(arena, text ? text : ""), *word;
	const char **list = arena_array(arena, strlen(rest) / 2 + 2, sizeof(*list));
	size_t count = 0;

	while ((word = strsep(&rest, " \t\n")))
		if (*word)
			list[count++] = word;
	*ret_count = count;
	return list;
}
