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

/** cni_network_get() - Moat's network, made when it is not there, and with the subnets of what the delegate gave (network.c) */
int cni_network_get(const struct cni_request *request, const json_t *given, struct varlink_client *client,
		    json_t **ret_network, struct err *err);

/**
 * cni_attach() - the endpoint, once, even where an answer is lost (attach.c)
 * @given: the delegate's result, or NULL; @client: NULL afterwards where the daemon went away
 */
int cni_attach(const struct cni_request *request, const json_t *given, struct varlink_client **client, int netns,
	       json_t **ret_endpoint, struct err *err);
/** cni_addresses_set() - those of a lease, for one that stands without */
int cni_addresses_set(const struct cni_request *request, const json_t *given, struct varlink_client *client, int netns,
		      json_t **ret_endpoint, struct err *err);

/* How often the daemon is asked that went away in the middle, and the tenth of a second between. */
enum { CNI_TRIES = 4 };
void cni_moment_wait(void);

/**
 * cni_connect() - to the daemon, which has its time to answer (cni.h: CNI_ANSWER_S); then it is CNI_TRY_AGAIN
 * After that nothing is asked again here: the runtime's patience is not without end, either. What was asked may be done yet, but
 * before what is asked later, since the daemon takes connections in order; so the runtime's DEL finds it, or the journal.
 */
int cni_connect(const struct cni_request *request, struct varlink_client **ret_client, struct err *err);

/** cni_strings_set() - a list that is not empty into @parameters, under @key */
void cni_strings_set(json_t *parameters, const char *key, const char *const *list);

#endif
