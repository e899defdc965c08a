/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * network - containers that attach themselves to Moat's networks: annotation
 * io.moat.network. Floor F4; by io.moat over varlink, as moat run does.
 *
 *	io.moat.network	  TENANT/NET[,ip=A][,mac=M][,ifname=I]..., as moat run --network has it, several separated by spaces, of one tenant
 *	io.moat.publish	  PORTSPEC, several separated by spaces
 */
#ifndef MOAT_RUNNER_OCI_NETWORK_H
#define MOAT_RUNNER_OCI_NETWORK_H

#include <sys/types.h>

#include "lib/base/err.h"
#include "runner/container/device.h"
#include "runner/oci/config.h"

/** oci_network_wanted() - does it attach itself? */
bool oci_network_wanted(const struct oci_config *config);

/** oci_network_name() - TENANT/ID, the full name of its stack, malloc'ed. Return: 0; -EINVAL. */
int oci_network_name(const struct oci_config *config, const char *id, char **ret_name,
		     struct err *err);

/** oci_network_attach() - the network namespace of @pid; all or nothing. @request, @ret_open: as of stack_attach(). */
int oci_network_attach(const char *daemon, const struct oci_config *config, const char *id, const char *request,
		       pid_t pid, bool *ret_open, struct err *err);

/** oci_network_detach() - the stack goes; what is gone, and (@request) what came otherwise, is success */
int oci_network_detach(const char *daemon, const char *name, const char *request, struct err *err);

/** struct oci_netdevs - interfaces that were given; oci_netdevs_fini(). @netns: the container's, or -1 */
struct oci_netdevs {
	struct device_mark *marks;
	size_t count;
	int netns;
};
/** oci_netdevs_give() - linux.netDevices into the network namespace of @pid. After a failure those given are the host's again. */
int oci_netdevs_give(const struct oci_config *config, pid_t pid, struct oci_netdevs *ret_given, struct err *err);
/** oci_netdevs_back() - into the host, for a create that failed later; never at the end of a container (config-linux.md) */
void oci_netdevs_back(const struct oci_netdevs *given);
void oci_netdevs_fini(struct oci_netdevs *given);

#endif
