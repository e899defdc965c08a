/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verbs - what they share among them and with the journal. Floor F5. */
#ifndef MOAT_CNI_VERBS_H
#define MOAT_CNI_VERBS_H

#include "cni/cni.h"
#include "lib/base/err.h"
#include "lib/varlink/varlink.h"

/** cni_detach() - one endpoint. What is gone already is success. Return: CNI_OK or a code. */
int cni_detach(struct varlink_client *client, const char *tenant, const char *stack,
	       const char *ifname, struct err *err);

/** cni_netns_open() - CNI_NETNS: a network namespace, and not our own. Return: CNI_OK or CNI_NETNS. */
int cni_netns_open(const struct cni_request *request, int *ret_fd, struct err *err);

/** cni_call() - a method whose reply must have the object (or array) @member; *ret_member is the caller's, may be NULL */
int cni_call(struct varlink_client *client, const char *method, json_t *parameters, const char *member,
	     json_t **ret_member, struct err *err);

#endif
