/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network_params - what NetworkCreate and NetworkSet are both asked with: one table, so that no key means two things. Floor F4. */
#ifndef MOAT_ENGINE_NETWORK_PARAMS_H
#define MOAT_ENGINE_NETWORK_PARAMS_H

#include "lib/base/json.h"
#include "lib/model/model.h"

/** struct network_params - texts as they came; 0 and -1 (JSON_FIELD_TRI): not given */
struct network_params {
	const char *name, *mode;
	const char **subnets, **gateways, **exclude, **unexclude, **reserve, **unreserve, **remove;
	int64_t mtu;
	int guard, masquerade, internal, dns, dns_rebind_protect, host_access;
	bool dry_run;
};

#define NETWORK_PARAM(KEY, TYPE, MEMBER, FLAGS, MIN, MAX)                                                                       \
	{                                                                                                                       \
		KEY, TYPE, offsetof(struct network_params, MEMBER), FLAGS, MIN, MAX                                             \
	}
#define NETWORK_PARAMS                                                                                                          \
	NETWORK_PARAM("name", JSON_FIELD_STRING, name, JSON_REQUIRED, 0, 0),                                                    \
		NETWORK_PARAM("subnets", JSON_FIELD_STRV, subnets, 0, 0, MODEL_SUBNETS_MAX),                                    \
		NETWORK_PARAM("gateways", JSON_FIELD_STRV, gateways, 0, 0, MODEL_SUBNETS_MAX),                                  \
		NETWORK_PARAM("mode", JSON_FIELD_STRING, mode, 0, 0, 0),                                                        \
		NETWORK_PARAM("mtu", JSON_FIELD_INT, mtu, 0, 68, 65535),                                                        \
		NETWORK_PARAM("guard", JSON_FIELD_TRI, guard, 0, 0, 0),                                                         \
		NETWORK_PARAM("masquerade", JSON_FIELD_TRI, masquerade, 0, 0, 0),                                               \
		NETWORK_PARAM("internal", JSON_FIELD_TRI, internal, 0, 0, 0),                                                   \
		NETWORK_PARAM("dns", JSON_FIELD_TRI, dns, 0, 0, 0),                                                             \
		NETWORK_PARAM("dnsRebindProtect", JSON_FIELD_TRI, dns_rebind_protect, 0, 0, 0),                                 \
		NETWORK_PARAM("hostAccess", JSON_FIELD_TRI, host_access, 0, 0, 0),                                              \
		NETWORK_PARAM("exclude", JSON_FIELD_STRV, exclude, 0, 0, IPAM_EXCLUDED_MAX),                                    \
		NETWORK_PARAM("reserve", JSON_FIELD_STRV, reserve, 0, 0, IPAM_RESERVED_MAX),                                    \
		NETWORK_PARAM("dryRun", JSON_FIELD_BOOL, dry_run, 0, 0, 0)

#endif
