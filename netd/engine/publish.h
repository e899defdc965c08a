/* SPDX-License-Identifier: GPL-2.0-or-later */
/* publish - port specifications of a call. Floor F4. */
#ifndef MOAT_ENGINE_PUBLISH_H
#define MOAT_ENGINE_PUBLISH_H

#include "netd/engine/api.h"

/** publish_specs() - texts to specifications in the call's arena; ports below 1024 only for admins */
int publish_specs(struct call *call, const char **texts, struct portspec **ret_specs, size_t *ret_count, struct err *err);

#endif
