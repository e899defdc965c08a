/* SPDX-License-Identifier: GPL-2.0-or-later */
/* misc - io.moat.Version, Check, Events. Floor F4. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "netd/engine/compare/reconcile.h"
#include "netd/engine/methods/methods.h"

int method_version(struct call *call, struct err *err)
{
	const struct seam_features *features = &call->engine->features;
	int r = method_no_params(call, err);

	if (r < 0)
		return r;
	call_reply(call, json_pack("{s:s, s:s, s:s, s:{s:b, s:b, s:b, s:b, s:b}}", "version", MOAT_VERSION, "interface",
				   "io.moat", "kernel", features->release, "features", "nftOwnerPersist",
				   features->nft_owner_persist != 0, "netdevDeviceAdd", features->netdev_device_add != 0,
				   "forceForwarding", features->force_forwarding != 0, "ipv6", features->ipv6 != 0,
				   "brNetfilter", features->br_netfilter != 0));
	return 0;
}

int method_check(struct call *call, struct err *err)
{
	struct {
		const char *tenant;
		bool repair;
	} params = { 0 };
	static const struct json_field fields[] = {
		{ "tenant", JSON_FIELD_STRING, 0, 0, 0, 0 },
		{ "repair", JSON_FIELD_BOOL, sizeof(const char *), 0, 0, 0 },
		{ 0 },
	};
	int r = call_params(call, fields, &params, err);

	if (r == 0 && params.tenant && !method_tenant(call, params.tenant, err))
		r = -ENOENT;
	if (r == 0)
		r = call_allow(call, params.tenant, err);
	if (r < 0)
		return r;
	reconcile_call(call->engine->reconcile, call, params.tenant, params.repair);
	return 0;
}

/* ----------------------------------------------------------------------- events */

int method_events(struct call *call, struct err *err)
{
	int r = method_no_params(call, err);

	if (r == 0)
		r = call_allow(call, NULL, err);
	if (r == 0 && !call->request.more)
		r = err_set(err, ERR_USAGE, EINVAL, "io.moat.Events", "events come one by one: call with \"more\"");
	if (r < 0)
		return r;
	api_listen(call->engine->api, call);
	return 0;
}
