/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netavark - documents of netavark's plugin interface to requests, and results to its documents. Floor F5. Pure. */
#ifndef MOAT_CNI_NETAVARK_H
#define MOAT_CNI_NETAVARK_H

#include "cni/cni.h"

enum netavark_verb { NETAVARK_NONE, NETAVARK_INFO, NETAVARK_CREATE, NETAVARK_SETUP, NETAVARK_TEARDOWN };

/**
 * netavark_decode() - what came on standard input
 * @netns: path; NULL for create
 * @ret_request: zeroed by the caller, socket and state_dir left alone; of create the network alone.
 * cni_request_fini() either way. Return: CNI_OK or a code; netavark knows no codes.
 */
int netavark_decode(enum netavark_verb verb, const json_t *doc, const char *netns, struct arena *arena,
		    struct cni_request *ret_request, struct err *err);
/** netavark_result() - a status block from a result of version 1.1.0; the caller's */
json_t *netavark_result(const json_t *result, const char *ifname);

#endif
