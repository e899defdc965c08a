/* SPDX-License-Identifier: GPL-2.0-or-later */
/* m_misc - io.moat.Version, Check, Doctor, Events. Floor F4. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "netd/engine/methods.h"
#include "netd/engine/reconcile.h"
#include "netd/engine/snapshot.h"

static int no_params(struct call *call, struct err *err)
{
	static const struct json_field fields[] = { { 0 } };
	char nothing;

	return call_params(call, fields, &nothing, err);
}

int method_version(struct call *call, struct err *err)
{
	const struct seam_features *features = &call->engine->features;
	int r = no_params(call, err);

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

/* ----------------------------------------------------------------------- doctor */

static void finding(json_t *findings, const char *level, const char *subject, const char *message, const char *remedy)
{
	json_t *row = json_pack("{s:s, s:s, s:s}", "level", level, "subject", subject, "message", message);

	json_object_set_new(row, "remedy", remedy ? json_string(remedy) : json_null());
	json_array_append_new(findings, row);
}

static void find_features(const struct seam_features *features, json_t *findings)
{
	char text[160];

	snprintf(text, sizeof(text), "Linux %s", features->release);
	finding(findings, "ok", "kernel", text, NULL);
	if (features->nft_owner_persist)
		finding(findings, "ok", "nftables", "our tables have an owner: a foreign 'nft flush ruleset' does not touch them",
			NULL);
	else
		finding(findings, "note", "nftables",
			"this kernel has no persistent owner tables (Linux 6.9): a foreign 'nft flush ruleset' removes "
			"ours, and they are restored within a second",
			"let other programs flush their own tables only");
	if (!features->netdev_device_add)
		finding(findings, "note", "nftables",
			"this kernel cannot add devices to a chain (Linux 6.4): each guarded port has a chain of its own", NULL);
	if (!features->ipv6)
		finding(findings, "warning", "IPv6", "the kernel has no IPv6", "boot without ipv6.disable=1");
	else if (!features->force_forwarding)
		finding(findings, "note", "IPv6",
			"this kernel forwards IPv6 for all devices or none (force_forwarding came with Linux 6.17): "
			"net.ipv6.conf.all.forwarding is set when the first network is made",
			NULL);
	if (features->br_netfilter)
		finding(findings, "note", "br_netfilter", "it is loaded; Moat turns it off inside every router", NULL);
}

static void on_rules(void *ctx, struct hand_answer *answer)
{
	struct call *call = ctx;
	struct engine *engine = call->engine;
	struct buf text cleanup(buf_fini) = BUF_INIT;
	struct err err = ERR_INIT;
	json_t *findings = json_array();
	char line[400];
	size_t count = 0;
	int r = hand_result_err(&answer->result, "host", "reading the host's rules", &err);

	if (r == 0)
		r = snapshot_drops(answer->data, answer->size, &text, &count, &err);
	if (r < 0) {
		json_decref(findings);
		call_fail(call, &err);
		return;
	}
	find_features(&engine->features, findings);
	if (engine->facts.egress_count == 0)
		finding(findings, "warning", "host", "there is no default route: tenants have no way out",
			"add a default route");
	else {
		snprintf(line, sizeof(line), "tenants go out by %s, MTU %u", engine->facts.egress[0], engine->facts.mtu);
		finding(findings, "ok", "host", line, NULL);
	}
	if (count == 0)
		finding(findings, "ok", "firewall", "no foreign chain with policy drop stands in the way of forwarded packets",
			NULL);
	for (char *chain = (char *)text.data, *end; chain && *chain; chain = end + 1) {
		end = strchr(chain, '\n');
		if (!end)
			break;
		*end = '\0';
		snprintf(line, sizeof(line), "chain %s drops forwarded packets by policy, ours too", chain);
		finding(findings, "problem", "firewall", line,
			"accept packets from and to our uplinks in that chain: interface names begin with \"mu\"");
	}
	call_reply(call, json_pack("{s:o}", "findings", findings));
}

int method_doctor(struct call *call, struct err *err)
{
	int r = no_params(call, err);

	if (r == 0)
		r = call_allow(call, NULL, err);
	if (r < 0)
		return r;
	hand_dump(call->engine->hand, NS_HOST, SEAM_RULES_ALL, NULL, 0, on_rules, call);
	return 0;
}

/* ----------------------------------------------------------------------- events */

int method_events(struct call *call, struct err *err)
{
	int r = no_params(call, err);

	if (r == 0)
		r = call_allow(call, NULL, err);
	if (r == 0 && !call->request.more)
		r = err_set(err, ERR_USAGE, EINVAL, "io.moat.Events", "events come one by one: call with \"more\"");
	if (r < 0)
		return r;
	api_listen(call->engine->api, call);
	return 0;
}
