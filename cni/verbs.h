/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verbs - what the journal needs of them. Floor F5. */
#ifndef MOAT_CNI_VERBS_H
#define MOAT_CNI_VERBS_H

#include "lib/base/err.h"
#include "lib/varlink/varlink.h"

/** cni_detach() - one endpoint. What is gone already is success. Return: CNI_OK or a code. */
int cni_detach(struct varlink_client *client, const char *tenant, const char *stack,
	       const char *ifname, struct err *err);

#endif
