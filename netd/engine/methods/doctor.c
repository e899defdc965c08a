/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor - io.moat.Doctor: what of this host may keep Moat from working, and the command that mends it. Floor F4.
 *
 * Each remedy was tried with the program it is for (tests/netns/network/doctor_firewalls.sh).
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/netfilter.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/engine/compare/snapshot.h"
#include "netd/engine/methods/methods.h"

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

/* ------------------------------------------------------------------- firewalls */

static const char *family_word(uint8_t family)
{
	return family == NFPROTO_INET ? "inet" : family == NFPROTO_IPV4 ? "ip" : "ip6";
}

/* Commands that let our packets pass; said in one line that can be run as it is. */
static void remedy_print(const struct nft_base_chain *chain, struct buf *text)
{
	const char *tables = chain->family == NFPROTO_IPV6 ? "ip6tables" : "iptables";

	switch ((enum nft_tool)chain->tool) {
	case NFT_TOOL_FIREWALLD:
		buf_str(text, "firewall-cmd --permanent --zone=trusted --add-interface=mu+ && firewall-cmd --reload");
		return;
	case NFT_TOOL_UFW:
		buf_str(text, "ufw route allow in on mu+ && ufw route allow out on mu+");
		return;
	case NFT_TOOL_DOCKER:
	case NFT_TOOL_IPTABLES:
		buf_printf(text, "%s -I %s -i mu+ -j ACCEPT && %s -I %s -o mu+ -j ACCEPT", tables,
			   chain->tool == NFT_TOOL_DOCKER ? "DOCKER-USER" : chain->name, tables,
			   chain->tool == NFT_TOOL_DOCKER ? "DOCKER-USER" : chain->name);
		return;
	case NFT_TOOL_NFT:
		break;
	}
	buf_printf(text, "nft insert rule %s %s %s iifname 'mu*' accept && nft insert rule %s %s %s oifname 'mu*' accept",
		   family_word(chain->family), chain->table, chain->name, family_word(chain->family), chain->table,
		   chain->name);
}

/* Does it drop forwarded packets, ours among them? firewalld lets answers and what was published pass by itself. */
static bool in_the_way(const struct nft_base_chain *chain)
{
	if (chain->hook != NF_INET_FORWARD || !chain->drops ||
	    (chain->family != NFPROTO_INET && chain->family != NFPROTO_IPV4 && chain->family != NFPROTO_IPV6))
		return false;
	return !chain->knows_in || (!chain->knows_out && chain->tool != NFT_TOOL_FIREWALLD);
}

static void find_firewalls(const struct nft_base_chain *chains, size_t count, json_t *findings)
{
	static const char *const tools[] = {
		[NFT_TOOL_NFT] = "",		     [NFT_TOOL_IPTABLES] = " (iptables)",
		[NFT_TOOL_DOCKER] = " (Docker)",     [NFT_TOOL_UFW] = " (ufw)",
		[NFT_TOOL_FIREWALLD] = " (firewalld)",
	};
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		struct buf text cleanup(buf_fini) = BUF_INIT, remedy cleanup(buf_fini) = BUF_INIT;

		if (!in_the_way(&chains[i]))
			continue;
		any = true;
		buf_printf(&text, "chain %s of table %s %s%s drops forwarded packets, ours too, and has no rule for them",
			   chains[i].name, family_word(chains[i].family), chains[i].table, tools[chains[i].tool]);
		remedy_print(&chains[i], &remedy);
		finding(findings, "problem", "firewall", buf_cstr(&text), buf_cstr(&remedy));
	}
	if (!any)
		finding(findings, "ok", "firewall", "no foreign chain stands in the way of forwarded packets", NULL);
}

/* ------------------------------------------------------------------------ host */

static void find_ways_out(const struct host_facts *facts, json_t *findings)
{
	char line[200];

	if (facts->egress_count == 0) {
		finding(findings, "warning", "host", "there is no default route: tenants have no way out", "add a default route");
		return;
	}
	snprintf(line, sizeof(line), "tenants go out by %s, MTU %u", facts->egress[0], facts->mtu);
	finding(findings, "ok", "host", line, NULL);
}

/* A VPN that came up later, a network the host was given: addresses of ours that are somebody's. */
static void find_overlaps(const struct pools *pools, const struct pool_overlap *overlaps, size_t count, json_t *findings)
{
	for (size_t i = 0; i < count; i++) {
		struct buf text cleanup(buf_fini) = BUF_INIT;
		char route[PREFIX_STR_SIZE], pool[PREFIX_STR_SIZE];

		prefix_print(&overlaps[i].route, route);
		prefix_print(&overlaps[i].pool, pool);
		if (overlaps[i].transit)
			buf_printf(&text, "the route to %s by %s overlaps %s, where uplinks of tenants have their addresses: "
				   "what is there may be out of the host's reach", route, overlaps[i].dev, pool);
		else
			buf_printf(&text, "the route to %s by %s overlaps %s, from which networks get their subnets: "
				   "those that have such a one do not reach it", route, overlaps[i].dev, pool);
		finding(findings, overlaps[i].transit ? "problem" : "warning", "pools", buf_cstr(&text), overlaps[i].remedy);
	}
	if (count == 0) {
		struct buf text cleanup(buf_fini) = BUF_INIT;
		char transit[PREFIX_STR_SIZE], nets[PREFIX_STR_SIZE];

		buf_printf(&text, "no route of the host overlaps ours: %s for uplinks, %s for networks",
			   prefix_print(&pools->transit4, transit), prefix_print(&pools->nets4, nets));
		finding(findings, "ok", "pools", buf_cstr(&text), NULL);
	}
}

/* ----------------------------------------------------------------------- store */

enum { ASIDES_TOLD = 32 }; /* one by one; `moat check` has all */

/* What an administrator does about one row: a copy put back, or what it tells of given up. */
static void remedy_row(const struct aside *row, struct buf *text)
{
	if (row->dependent) {
		buf_str(text, "mend or give up what it belongs to");
		return;
	}
	buf_printf(text, "put back a copy of %s, or the program that wrote it", row->path);
	if (row->id && row->holds)
		buf_str(text, "; or give up what it tells of, which goes from the kernel at the next start");
	if (row->id)
		buf_printf(text, ": systemctl stop moatd; sqlite3 %s \"DELETE FROM rows WHERE id = '%s'\"; systemctl start moatd",
			   row->path, row->row);
}

static void find_asides(const struct asides *asides, json_t *findings)
{
	for (size_t i = 0; i < asides->count && i < ASIDES_TOLD; i++) {
		const struct aside *row = asides->rows[i];
		struct buf text cleanup(buf_fini) = BUF_INIT, remedy cleanup(buf_fini) = BUF_INIT;

		aside_print(row, &text);
		buf_printf(&text, " cannot be loaded: %s. It stays as it is, and what the kernel has of it", row->reason);
		remedy_row(row, &remedy);
		finding(findings, "problem", "store", buf_cstr(&text), buf_cstr(&remedy));
	}
	if (asides->count > ASIDES_TOLD) {
		char more[80];

		snprintf(more, sizeof(more), "%zu more rows cannot be loaded: moat check names all", asides->count - ASIDES_TOLD);
		finding(findings, "problem", "store", more, NULL);
	}
	if (!asides->count)
		finding(findings, "ok", "store", "every row was loaded", NULL);
}

static void on_host(void *ctx, struct hand_answer *answer)
{
	struct call *call = ctx;
	struct engine *engine = call->engine;
	struct nft_base_chain *chains cleanup(mem_freep) = NULL;
	struct pool_overlap *overlaps cleanup(mem_freep) = NULL;
	size_t chain_count = 0, overlap_count = 0;
	struct err err = ERR_INIT;
	json_t *findings;
	int r = hand_result_err(&answer->result, "host", "reading the host's rules", &err);

	if (r == 0)
		r = snapshot_chains(answer->data, answer->size, &chains, &chain_count, &err);
	if (r == 0)
		r = snapshot_overlaps(answer->data, answer->size, &engine->model.pools, &overlaps, &overlap_count, &err);
	if (r < 0) {
		call_fail(call, &err);
		return;
	}
	findings = json_array();
	find_features(&engine->features, findings);
	find_ways_out(&engine->facts, findings);
	find_firewalls(chains, chain_count, findings);
	find_overlaps(&engine->model.pools, overlaps, overlap_count, findings);
	find_asides(&engine->asides, findings);
	call_reply(call, json_pack("{s:o}", "findings", findings));
}

int method_doctor(struct call *call, struct err *err)
{
	static const struct json_field fields[] = { { 0 } };
	char nothing;
	int r = call_params(call, fields, &nothing, err);

	if (r == 0)
		r = call_allow(call, NULL, err);
	if (r < 0)
		return r;
	hand_dump(call->engine->hand, NS_HOST, SEAM_RULES_ALL | SEAM_LINKS | SEAM_ADDRS | SEAM_ROUTES, NULL, 0, on_host, call);
	return 0;
}
