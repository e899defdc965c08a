/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_foreign - other programs' rules, as far as they can be in our packets' way. Floor F2, pure.
 *
 * Accepting is a matter of each base chain: that ours accepts a packet does not keep another from dropping it. So of
 * the others is told whether they drop what no rule of theirs speaks of, and whether rules of theirs speak of
 * our uplinks. Whether these let a packet pass in the end is not worked out: that they were made for us is
 * as much as one who is not nftables can say. Rules of xtables (iptables-legacy) are not seen here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/nft_decode.h"
#include "lib/kern/nft_skeleton.h"
#include "lib/kern/nlbuf.h"

/* Return: the message type of nftables, or -1; its family. */
static int message_type(const struct nlmsghdr *nlh, uint8_t *ret_family)
{
	const struct nfgenmsg *nfg;

	if (nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*nfg)))
		return -1;
	nfg = mnl_nlmsg_get_payload(nlh);
	*ret_family = nfg->nfgen_family;
	return nlh->nlmsg_type & 0xff;
}

static uint32_t be32(const struct nlattr *attr, uint32_t otherwise)
{
	return ntohl(nlbuf_u32(attr, htonl(otherwise)));
}

/* ---- chains ---- */

struct chains {
	struct nft_base_chain *items;
	size_t count, capacity;
};

static void chain_add(struct chains *chains, const struct nft_base_chain *chain)
{
	if (chains->count == chains->capacity) {
		chains->capacity = chains->capacity ? 2 * chains->capacity : 16;
		chains->items = mem_grow(chains->items, chains->capacity, sizeof(*chains->items));
	}
	chains->items[chains->count++] = *chain;
}

static void decode_base_chain(struct chains *chains, const struct nlmsghdr *nlh, uint8_t family)
{
	const struct nlattr *attrs[NFTA_CHAIN_MAX + 1], *hook[NFTA_HOOK_MAX + 1];
	struct nft_base_chain chain = {.family = family};

	nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
	if (!attrs[NFTA_CHAIN_HOOK] ||
	    !nlbuf_name(attrs[NFTA_CHAIN_TABLE], chain.table, sizeof(chain.table)) ||
	    str_eq(chain.table, NFT_TABLE))
		return;
	nlbuf_nested(attrs[NFTA_CHAIN_HOOK], hook, ARRAY_COUNT(hook));
	(void)nlbuf_name(attrs[NFTA_CHAIN_NAME], chain.name, sizeof(chain.name));
	(void)nlbuf_name(attrs[NFTA_CHAIN_TYPE], chain.type, sizeof(chain.type));
	chain.hook = (uint8_t)be32(hook[NFTA_HOOK_HOOKNUM], 0);
	chain.priority = (int32_t)be32(hook[NFTA_HOOK_PRIORITY], 0);
	chain.drops = be32(attrs[NFTA_CHAIN_POLICY], NF_ACCEPT) == NF_DROP;
	chain_add(chains, &chain);
}

/* Programs are known by the chains they always make. */
static enum nft_tool tool_of_chain(uint8_t family, const char *table, const char *name)
{
	if (str_eq(table, "firewalld"))
		return NFT_TOOL_FIREWALLD;
	if ((family != NFPROTO_IPV4 && family != NFPROTO_IPV6) || !str_eq(table, "filter"))
		return NFT_TOOL_NFT;
	if (str_eq(name, "DOCKER-USER"))
		return NFT_TOOL_DOCKER;
	if (str_eq(name, "ufw-user-forward") || str_eq(name, "ufw6-user-forward"))
		return NFT_TOOL_UFW;
	return NFT_TOOL_IPTABLES;
}

static void decode_tool(struct chains *chains, const struct nlmsghdr *nlh, uint8_t family)
{
	const struct nlattr *attrs[NFTA_CHAIN_MAX + 1];
	char table[64], name[64];

	nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
	if (!nlbuf_name(attrs[NFTA_CHAIN_TABLE], table, sizeof(table)) ||
	    !nlbuf_name(attrs[NFTA_CHAIN_NAME], name, sizeof(name)))
		return;
	for (size_t i = 0; i < chains->count; i++) {
		struct nft_base_chain *chain = &chains->items[i];
		enum nft_tool tool = tool_of_chain(family, table, name);

		if (chain->family == family && str_eq(chain->table, table) && tool > chain->tool)
			chain->tool = (uint8_t)tool;
	}
}

/* ---- rules ---- */

/* What one rule says that matters here. */
struct rule {
	bool in, out;	    /* matches our uplinks by name */
	bool conditional;   /* matches anything at all */
	bool drops;
};

/* "mu*" and names that begin so: a comparison of as many bytes as are given. */
static bool is_uplinks(const struct nlattr *cmp_data)
{
	const struct nlattr *data[NFTA_DATA_MAX + 1];
	const char *bytes;

	nlbuf_nested(cmp_data, data, ARRAY_COUNT(data));
	bytes = nlbuf_payload(data[NFTA_DATA_VALUE], 2);
	return bytes && bytes[0] == 'm' && bytes[1] == 'u';
}

static bool is_drop(const struct nlattr *immediate_data)
{
	const struct nlattr *data[NFTA_DATA_MAX + 1], *verdict[NFTA_VERDICT_MAX + 1];

	nlbuf_nested(immediate_data, data, ARRAY_COUNT(data));
	nlbuf_nested(data[NFTA_DATA_VERDICT], verdict, ARRAY_COUNT(verdict));
	return verdict[NFTA_VERDICT_CODE] && be32(verdict[NFTA_VERDICT_CODE], NF_ACCEPT) == NF_DROP;
}

/* @meta: key that the last expression loaded, 0 for none */
static void expression_read(struct rule *rule, const char *name, const struct nlattr *body, uint32_t *meta)
{
	enum { ATTRS_MAX = 16 }; /* more than any of these has */
	const struct nlattr *attrs[ATTRS_MAX];
	uint32_t key = *meta;
	char target[32];

	*meta = 0;
	nlbuf_nested(body, attrs, ARRAY_COUNT(attrs));
	if (str_eq(name, "meta")) {
		*meta = be32(attrs[NFTA_META_KEY], 0);
		rule->conditional = true;
	} else if (str_eq(name, "cmp") && be32(attrs[NFTA_CMP_OP], UINT32_MAX) == NFT_CMP_EQ) {
		if (is_uplinks(attrs[NFTA_CMP_DATA])) {
			rule->in |= key == NFT_META_IIFNAME;
			rule->out |= key == NFT_META_OIFNAME;
		}
	} else if (str_eq(name, "immediate")) {
		rule->drops |= is_drop(attrs[NFTA_IMMEDIATE_DATA]);
	} else if (str_eq(name, "reject")) {
		rule->drops = true;
	} else if (str_eq(name, "target")) {
		rule->drops |= nlbuf_name(attrs[NFTA_TARGET_NAME], target, sizeof(target)) &&
			       str_eq(target, "REJECT");
	} else if (!str_eq(name, "counter") && !str_eq(name, "log")) {
		rule->conditional = true;
	}
}

static void decode_rule(struct chains *chains, const struct nlmsghdr *nlh, uint8_t family)
{
	const struct nlattr *attrs[NFTA_RULE_MAX + 1], *item;
	struct rule rule = {0};
	uint32_t meta = 0;
	char table[64], name[64];
	size_t used = 0;

	nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
	if (!nlbuf_name(attrs[NFTA_RULE_TABLE], table, sizeof(table)) ||
	    !nlbuf_name(attrs[NFTA_RULE_CHAIN], name, sizeof(name)) || !attrs[NFTA_RULE_EXPRESSIONS])
		return;
	while ((item = nlbuf_list_next(attrs[NFTA_RULE_EXPRESSIONS], &used))) {
		const struct nlattr *expr[NFTA_EXPR_MAX + 1];
		char word[32];

		nlbuf_nested(item, expr, ARRAY_COUNT(expr));
		if (nlbuf_name(expr[NFTA_EXPR_NAME], word, sizeof(word)))
			expression_read(&rule, word, expr[NFTA_EXPR_DATA], &meta);
	}
	for (size_t i = 0; i < chains->count; i++) {
		struct nft_base_chain *chain = &chains->items[i];

		if (chain->family != family || !str_eq(chain->table, table))
			continue;
		chain->knows_in |= rule.in && !rule.drops;
		chain->knows_out |= rule.out && !rule.drops;
		chain->drops |= str_eq(chain->name, name) && rule.drops && !rule.conditional;
	}
}

int nft_list_base_chains(const void *data, size_t size, struct nft_base_chain **ret_chains)
{
	struct chains chains = {0};
	const struct nlmsghdr *nlh;
	bool bad = false;
	uint8_t family;

	/* base chains first: what comes later is told of them */
	for (int pass = 0; pass < 2 && !bad; pass++) {
		size_t offset = 0;

		while ((nlh = nlbuf_next(data, size, &offset, &bad))) {
			int type = message_type(nlh, &family);

			if (type == NFT_MSG_NEWCHAIN)
				(pass == 0 ? decode_base_chain : decode_tool)(&chains, nlh, family);
			else if (type == NFT_MSG_NEWRULE && pass == 1)
				decode_rule(&chains, nlh, family);
		}
	}
	if (bad) {
		free(chains.items);
		return -EBADMSG;
	}
	*ret_chains = chains.items;
	return (int)chains.count;
}
