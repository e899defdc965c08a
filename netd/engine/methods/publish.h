/* SPDX-License-Identifier: GPL-2.0-or-later */
/* publish - port specifications of a call. Floor F4. */
#ifndef MOAT_ENGINE_PUBLISH_H
#define MOAT_ENGINE_PUBLISH_H

#include "netd/engine/api.h"

/** publish_specs() - texts to specifications in the call's arena */
int publish_specs(struct call *call, const char **texts, struct portspec **ret_specs, size_t *ret_count, struct err *err);
/** publish_allow() - may the caller publish them: ports below 1024 are root's, those on [::1] few. Return: 0 or -EACCES, -E2BIG */
int publish_allow(const struct call *call, const struct tenant *tenant, const struct portspec *specs, size_t count, struct err *err);

#endif
