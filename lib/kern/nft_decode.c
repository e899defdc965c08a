/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_decode - raw nftables dumps to objects. Floor F2, pure.
 *
 * A table of ours tells by its comment what it is ("moat guard 2 list"). Whether
 * it still is what was laid is found by comparison with the skeleton: chains
 * and their hooks, sets and their types, tallies, and the rules of each
 * chain in order, attribute by attribute: what we say must stand, and what the
 * kernel adds must be a default of zero. libnftnl builds our side only: its
 * parser ends the process at bytes it does not like.
 */
#include "lib/kern/nft_decode.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/nft.h"
#include "lib/kern/nft_skeleton.h"
#include "lib/kern/nlbuf.h"

enum {
	CHAINS_MAX = 32, /* of one skeleton */
	ATTR_TYPES = 24, /* more than any expression has */
	COMMENT_TYPE =
		0, /* NFTNL_UDATA_TABLE_COMMENT: the first byte of user data; then length and text */
};

/* One of our two tables (inet, netdev), as far as the messages have shown it. */
struct table {
	uint8_t family;
	bool stands, intact, listed;
	unsigned kind, version;
	const struct nft_skeleton
		*skeleton; /* NULL: a version, or a table, that this build does not know */
	uint64_t chains, sets, tallies; /* bit i: the i-th of the skeleton was seen */
	size_t rules[CHAINS_MAX];        /* seen of the i-th chain */
	size_t each_chains, each_rules;  /* base chains of single devices: one rule each */
	size_t redirect_chains, redirect_rules; /* the same */
};

struct decoder {
	uint64_t ns;
	struct objv *objs;
	struct table tables[2];
};

static int bad_bytes(struct err *err)
{
	return err_set(err, ERR_KERNEL, EBADMSG, NULL, "nftables dump: not netlink messages");
}

/* The nftables message type, or -1; its family. */
static int message_type(const struct nlmsghdr *nlh, uint8_t *ret_family)
{
	const struct nfgenmsg *nfg;

	if (nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*nfg)))
		return -1;
	nfg = mnl_nlmsg_get_payload(nlh);
	*ret_family = nfg->nfgen_family;
	return nlh->nlmsg_type & 0xff;
}

static bool name_is(const struct nlattr *attr, const char *name)
{
	char text[64];

	return nlbuf_name(attr, text, sizeof(text)) && str_eq(text, name);
}

static uint32_t be32(const struct nlattr *attr, uint32_t otherwise)
{
	return ntohl(nlbuf_u32(attr, htonl(otherwise)));
}

static struct table *table_of(struct decoder *d, uint8_t family)
{
	for (size_t i = 0; i < ARRAY_COUNT(d->tables); i++) {
		if (d->tables[i].family == family)
			return &d->tables[i];
	}
	return NULL;
}

/*
 * "moat guard 2 list" from the user data: type 0, length, text with NUL. Of a version that this build does not know
 * kind and version are told all the same, and nothing else is read: what is wanted takes its place.
 */
static void comment_read(struct table *table, const struct nlattr *udata)
{
	const uint8_t *p = nlbuf_payload(udata, 2);
	char comment[64], word[16];
	unsigned version;
	size_t len;

	if (!p || p[0] != COMMENT_TYPE || p[1] == 0 || p[1] >= sizeof(comment) ||
	    udata->nla_len < sizeof(*udata) + 2U + p[1])
		return;
	len = p[1];
	memcpy(comment, p + 2, len);
	comment[len] = '\0';
	if (sscanf(comment, "moat %15s %u", word, &version) != 2 || version > UINT16_MAX)
		return;
	for (unsigned kind = RULESET_NONE + 1; kind < RULESET_KIND_COUNT; kind++) {
		const struct nft_skeleton *skeleton = nft_skeleton_of(kind);

		if (skeleton->family != table->family || !str_eq(skeleton->word, word))
			continue;
		table->kind = kind;
		table->version = version;
		for (int listed = 0; version == skeleton->version && listed < 2; listed++) {
			struct buf text = BUF_INIT;

			nft_table_comment(skeleton, listed, &text);
			if (str_eq(buf_cstr(&text), comment)) {
				table->skeleton = skeleton;
				table->listed = listed;
			}
			buf_fini(&text);
		}
		return;
	}
}

static void decode_table(struct decoder *d, const struct nlmsghdr *nlh, uint8_t family)
{
	const struct nlattr *attrs[NFTA_TABLE_MAX + 1];
	struct table *table = table_of(d, family);

	nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
	if (!table || !name_is(attrs[NFTA_TABLE_NAME], NFT_TABLE))
		return;
	table->stands = table->intact = true;
	/* Without a comment of ours it takes the place of what should stand there: version 0. */
	table->kind = family == NFPROTO_NETDEV     ? RULESET_GUARD
		      : ns_class(d->ns) == NS_HOST ? RULESET_HOST
						   : RULESET_ROUTER;
	comment_read(table, attrs[NFTA_TABLE_USERDATA]);
	if (be32(attrs[NFTA_TABLE_FLAGS], 0) & NFT_TABLE_F_DORMANT)
		table->intact = false;
}

static int chain_index(const struct nft_skeleton *skeleton, const char *name)
{
	for (int i = 0; skeleton->chains[i].name; i++) {
		if (str_eq(skeleton->chains[i].name, name))
			return i;
	}
	return -1;
}

static bool chain_same(const struct nft_chain_def *def, const struct nlattr *const *attrs)
{
	const struct nlattr *hook[NFTA_HOOK_MAX + 1];

	if (!def->type)
		return !attrs[NFTA_CHAIN_HOOK];
	nlbuf_nested(attrs[NFTA_CHAIN_HOOK], hook, ARRAY_COUNT(hook));
	return attrs[NFTA_CHAIN_HOOK] && name_is(attrs[NFTA_CHAIN_TYPE], def->type) &&
	       be32(hook[NFTA_HOOK_HOOKNUM], UINT32_MAX) == def->hook &&
	       (int32_t)be32(hook[NFTA_HOOK_PRIORITY], 0) == def->priority &&
	       be32(attrs[NFTA_CHAIN_POLICY], UINT32_MAX) == def->policy;
}

static size_t payload_size(const struct nlattr *attr)
{
	return attr->nla_len - sizeof(*attr);
}

static void port_object(const struct decoder *d, const struct nlattr *attr)
{
	struct obj obj = {.ns = d->ns, .kind = OBJ_PORT};

	if (nlbuf_name(attr, obj.port.dev, sizeof(obj.port.dev)) && obj.port.dev[0])
		objv_add(d->objs, &obj);
}

/* Devices of a base chain of the guard: NFTA_HOOK_DEVS { NFTA_DEVICE_NAME ... }, and NFTA_HOOK_DEV where it is one. */
static void decode_ports(const struct decoder *d, const struct nlattr *hook_attr)
{
	const struct nlattr *hook[NFTA_HOOK_MAX + 1];
	const struct nlattr *dev;
	size_t used = 0;

	nlbuf_nested(hook_attr, hook, ARRAY_COUNT(hook));
	if (!hook[NFTA_HOOK_DEVS]) {
		if (hook[NFTA_HOOK_DEV])
			port_object(d, hook[NFTA_HOOK_DEV]);
		return;
	}
	while ((dev = nlbuf_list_next(hook[NFTA_HOOK_DEVS], &used)))
		port_object(d, dev);
}

/* Does the chain hang on the device that its name says, on it alone? */
static bool redirect_is_of(const struct nlattr *hook_attr, const char *chain)
{
	const char *dev = chain + strlen(NFT_REDIRECT_PREFIX);
	const struct nlattr *hook[NFTA_HOOK_MAX + 1];
	const struct nlattr *item;
	size_t used = 0, count = 0;
	bool same = true;

	nlbuf_nested(hook_attr, hook, ARRAY_COUNT(hook));
	if (!hook[NFTA_HOOK_DEVS])
		return name_is(hook[NFTA_HOOK_DEV], dev);
	for (; (item = nlbuf_list_next(hook[NFTA_HOOK_DEVS], &used)); count++)
		same = same && name_is(item, dev);
	return same && count == 1;
}

static void decode_chain(struct decoder *d, const struct nlmsghdr *nlh, uint8_t family)
{
	static const struct nft_chain_def each = {.type = "filter",
						  .hook = NF_NETDEV_INGRESS,
						  .priority = NFT_GUARD_PRIORITY,
						  .policy = NF_DROP};
	static const struct nft_chain_def redirect = {.type = "filter",
						      .hook = NF_NETDEV_INGRESS,
						      .priority = NFT_REDIRECT_PRIORITY,
						      .policy = NF_ACCEPT};
	const struct nlattr *attrs[NFTA_CHAIN_MAX + 1];
	struct table *table = table_of(d, family);
	char name[64];
	int i;

	nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
	if (!table || !table->stands || !table->skeleton ||
	    !name_is(attrs[NFTA_CHAIN_TABLE], NFT_TABLE))
		return;
	if (!nlbuf_name(attrs[NFTA_CHAIN_NAME], name, sizeof(name))) {
		table->intact = false;
		return;
	}
	i = chain_index(table->skeleton, name);
	if (i >= 0 && (table->listed || !table->skeleton->chains[i].listed)) {
		table->chains |= 1ULL << i;
		if (!chain_same(&table->skeleton->chains[i], attrs))
			table->intact = false;
		if (table->skeleton->chains[i].listed)
			decode_ports(d, attrs[NFTA_CHAIN_HOOK]);
		return;
	}
	/* A device's own base chain. One that is not as it should be does not guard: then the port is not shown. */
	if (table->kind == RULESET_GUARD && !table->listed &&
	    str_starts(name, NFT_EACH_PREFIX) && chain_same(&each, attrs)) {
		decode_ports(d, attrs[NFTA_CHAIN_HOOK]);
		table->each_chains++;
		return;
	}
	if (table->kind == RULESET_GUARD && str_starts(name, NFT_REDIRECT_PREFIX) && chain_same(&redirect, attrs) &&
	    redirect_is_of(attrs[NFTA_CHAIN_HOOK], name)) {
		table->redirect_chains++;
		return;
	}
	table->intact = false;
}

/* An attribute that only the kernel names must say nothing: a default of zero. */
static bool is_zero(const struct nlattr *attr)
{
	const uint8_t *bytes = nlbuf_payload(attr, 0);

	for (size_t i = 0; i < payload_size(attr); i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

/* The kernel ends every string with a NUL, libnftnl most. */
static bool bytes_same(const struct nlattr *want, const struct nlattr *have)
{
	const uint8_t *a = nlbuf_payload(want, 0), *b = nlbuf_payload(have, 0);
	size_t size = payload_size(want), more = payload_size(have);

	return memcmp(a, b, size < more ? size : more) == 0 &&
	       (size == more || (more == size + 1 && b[size] == '\0'));
}

/*
 * Do two attributes say the same? What is nested is told by ours: the kernel does not mark it. Attributes within stand
 * in any order. @depth: ours nest to four levels.
 */
static bool attr_same(const struct nlattr *want, const struct nlattr *have, unsigned depth)
{
	const struct nlattr *wants[ATTR_TYPES], *haves[ATTR_TYPES];

	if (!(want->nla_type & NLA_F_NESTED))
		return bytes_same(want, have);
	if (depth == 0)
		return false;
	nlbuf_nested(want, wants, ARRAY_COUNT(wants));
	nlbuf_nested(have, haves, ARRAY_COUNT(haves));
	for (size_t i = 0; i < ATTR_TYPES; i++) {
		if (wants[i] ? !haves[i] || !attr_same(wants[i], haves[i], depth - 1)
			     : haves[i] && !is_zero(haves[i]))
			return false;
	}
	return true;
}

static bool expressions_same(const struct nlattr *want, const struct nlattr *have)
{
	size_t want_used = 0, have_used = 0;

	if (!want || !have)
		return want == have;
	for (;;) {
		const struct nlattr *w = nlbuf_list_next(want, &want_used),
				    *h = nlbuf_list_next(have, &have_used);

		if (!w || !h)
			return w == h && have_used >= payload_size(have);
		if (!attr_same(w, h, 4))
			return false;
	}
}

static bool rule_same(struct nftnl_rule *rule, const struct nlmsghdr *nlh)
{
	const struct nlattr *want[NFTA_RULE_MAX + 1], *have[NFTA_RULE_MAX + 1];
	struct nlbatch batch = {0};
	struct nlmsghdr *ours = nlbuf_begin(&batch, NLBUF_NFT_ROOM, 0, 0);
	bool same;

	mnl_nlmsg_put_extra_header(ours, sizeof(struct nfgenmsg));
	nftnl_rule_nlmsg_build_payload(ours, rule);
	nlbuf_attrs(ours, sizeof(struct nfgenmsg), want, ARRAY_COUNT(want));
	nlbuf_attrs(nlh, sizeof(struct nfgenmsg), have, ARRAY_COUNT(have));
	same = expressions_same(want[NFTA_RULE_EXPRESSIONS], have[NFTA_RULE_EXPRESSIONS]);
	nlbatch_fini(&batch);
	nftnl_rule_free(rule);
	return same;
}

/* Its first expression loads the index: NFTA_LIST_ELEM { NFTA_EXPR_NAME, NFTA_EXPR_DATA { NFTA_IMMEDIATE_DATA { NFTA_DATA_VALUE } } } */
static uint32_t redirect_to(const struct nlattr *expressions)
{
	const struct nlattr *expr[NFTA_EXPR_MAX + 1], *immediate[NFTA_IMMEDIATE_MAX + 1], *data[NFTA_DATA_MAX + 1];
	size_t used = 0;
	const struct nlattr *first = expressions ? nlbuf_list_next(expressions, &used) : NULL;

	if (!first)
		return 0;
	nlbuf_nested(first, expr, ARRAY_COUNT(expr));
	if (!name_is(expr[NFTA_EXPR_NAME], "immediate"))
		return 0;
	nlbuf_nested(expr[NFTA_EXPR_DATA], immediate, ARRAY_COUNT(immediate));
	nlbuf_nested(immediate[NFTA_IMMEDIATE_DATA], data, ARRAY_COUNT(data));
	return nlbuf_u32(data[NFTA_DATA_VALUE], 0);
}

/* One that is another rule than ours is no redirection; the ruleset is then not as it was laid. */
static void decode_redirect(struct decoder *d, struct table *table, const char *chain, const struct nlmsghdr *nlh,
			    const struct nlattr *expressions)
{
	struct obj obj = {.ns = d->ns, .kind = OBJ_REDIRECT};

	table->redirect_rules++;
	obj.redirect.to = redirect_to(expressions);
	if (!rule_same(nft_redirect_rule(chain, obj.redirect.to), nlh))
		table->intact = false;
	else if (str_copy(obj.redirect.dev, sizeof(obj.redirect.dev), chain + strlen(NFT_REDIRECT_PREFIX)) == 0)
		objv_add(d->objs, &obj);
}

/* The @nth rule of a chain, NULL when there are fewer. */
static const struct nft_rule_def *rule_def(const struct nft_skeleton *skeleton,
					   const char *chain, size_t nth)
{
	for (const struct nft_rule_def *rule = skeleton->rules; rule->chain; rule++) {
		if (str_eq(rule->chain, chain) && nth-- == 0)
			return rule;
	}
	return NULL;
}

static void decode_rule(struct decoder *d, const struct nlmsghdr *nlh, uint8_t family)
{
	const struct nlattr *attrs[NFTA_RULE_MAX + 1];
	struct table *table = table_of(d, family);
	const struct nft_rule_def *def;
	char chain[64];
	int i;

	nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
	if (!table || !table->stands || !table->skeleton ||
	    !name_is(attrs[NFTA_RULE_TABLE], NFT_TABLE))
		return;
	if (!nlbuf_name(attrs[NFTA_RULE_CHAIN], chain, sizeof(chain))) {
		table->intact = false;
		return;
	}
	i = chain_index(table->skeleton, chain);
	if (i >= 0) {
		def = rule_def(table->skeleton, chain, table->rules[i]++);
		if (!def || !rule_same(nft_skeleton_rule(table->skeleton, def), nlh))
			table->intact = false;
	} else if (table->kind == RULESET_GUARD && str_starts(chain, NFT_REDIRECT_PREFIX)) {
		decode_redirect(d, table, chain, nlh, attrs[NFTA_RULE_EXPRESSIONS]);
	} else {
		table->each_rules++;
		if (!rule_same(nft_each_rule(chain), nlh))
			table->intact = false;
	}
}

/* Of a set of ours as it is laid: flags, lengths, and what its elements begin with. */
static bool set_same(struct nftnl_set *want, const struct nlmsghdr *nlh, uint8_t family)
{
	const struct nlattr *wants[NFTA_SET_MAX + 1], *haves[NFTA_SET_MAX + 1];
	struct nlbatch batch = {0};
	struct nlmsghdr *ours = nlbuf_begin(&batch, NLBUF_NFT_ROOM, 0, 0);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(ours, sizeof(*nfg));
	const struct nlattr *a, *b;
	bool same;

	nfg->nfgen_family = family;
	nftnl_set_nlmsg_build_payload(ours, want);
	nlbuf_attrs(ours, sizeof(*nfg), wants, ARRAY_COUNT(wants));
	nlbuf_attrs(nlh, sizeof(*nfg), haves, ARRAY_COUNT(haves));
	a = wants[NFTA_SET_EXPR];
	b = haves[NFTA_SET_EXPR];
	same = be32(haves[NFTA_SET_FLAGS], 0) == be32(wants[NFTA_SET_FLAGS], 0) &&
	       be32(haves[NFTA_SET_KEY_LEN], 0) == be32(wants[NFTA_SET_KEY_LEN], 0) &&
	       be32(haves[NFTA_SET_DATA_LEN], 0) == be32(wants[NFTA_SET_DATA_LEN], 0) &&
	       (a && b ? attr_same(a, b, 4) : a == b);
	nlbatch_fini(&batch);
	nftnl_set_free(want);
	return same;
}

static int tally_find(const struct nft_skeleton *skeleton, const struct nlattr *name)
{
	for (int i = 0; skeleton->tallies[i].name; i++) {
		if (name_is(name, skeleton->tallies[i].name))
			return i;
	}
	return -1;
}

static unsigned set_find(unsigned kind, const struct nlattr *name)
{
	for (unsigned set = SET_NONE + 1; set < SET_COUNT; set++) {
		if (set_def_get(set)->in == kind && name_is(name, set_def_get(set)->name))
			return set;
	}
	return SET_NONE;
}

static void decode_set(struct decoder *d, const struct nlmsghdr *nlh, uint8_t family)
{
	const struct nlattr *attrs[NFTA_SET_MAX + 1];
	struct table *table = table_of(d, family);
	unsigned set;
	int tally;

	nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
	if (!table || !table->stands || !table->skeleton ||
	    !name_is(attrs[NFTA_SET_TABLE], NFT_TABLE))
		return;
	set = set_find(table->kind, attrs[NFTA_SET_NAME]);
	tally = set == SET_NONE ? tally_find(table->skeleton, attrs[NFTA_SET_NAME]) : -1;
	if (set != SET_NONE) {
		table->intact &= set_same(nft_skeleton_set(set), nlh, family);
		table->sets |= 1ULL << set;
	} else if (tally >= 0) {
		table->intact &= set_same(nft_skeleton_tally(table->skeleton, &table->skeleton->tallies[tally], 0), nlh,
					  family);
		table->tallies |= 1ULL << tally;
	} else {
		table->intact = false;
	}
}

/* Counters, quotas and the like that have a name: we lay none. */
static void decode_object(struct decoder *d, const struct nlmsghdr *nlh, uint8_t family)
{
	const struct nlattr *attrs[NFTA_OBJ_MAX + 1];
	struct table *table = table_of(d, family);

	nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
	if (table && name_is(attrs[NFTA_OBJ_TABLE], NFT_TABLE))
		table->intact = false;
}

static bool data_value(const struct nlattr *attr, const void **ret_data, size_t *ret_size)
{
	const struct nlattr *data[NFTA_DATA_MAX + 1];

	nlbuf_nested(attr, data, ARRAY_COUNT(data));
	if (!data[NFTA_DATA_VALUE])
		return false;
	*ret_data = nlbuf_payload(data[NFTA_DATA_VALUE], 0);
	*ret_size = data[NFTA_DATA_VALUE]->nla_len - sizeof(struct nlattr);
	return true;
}

/* The prefix whose first and last address these are; false for a range that is none. */
static bool prefix_between(const struct ip *first, const struct ip *last, uint8_t *ret_len)
{
	for (uint8_t len = 1; len <= ip_bits(first); len++) {
		struct prefix prefix = {.ip = *first, .len = len}, network = prefix_network(&prefix);
		struct ip end = prefix_last(&prefix);

		if (ip_cmp(&network.ip, first) == 0 && ip_cmp(&end, last) == 0) {
			*ret_len = len;
			return true;
		}
	}
	return false;
}

/* The last key of an interval: as the first in all but the port, or in all but the address. */
static bool elem_end(const struct set_def *def, const struct nlattr *attr, struct obj_elem *elem)
{
	struct obj_elem end = {0};
	const void *bytes;
	size_t size;

	if (!data_value(attr, &bytes, &size) ||
	    !nft_elem_unpack(bytes, size, def->family, def->key, &end))
		return false;
	if (def->key & ELEM_LEN)
		return memcmp(end.dev, elem->dev, sizeof(end.dev)) == 0 && end.mark == elem->mark &&
		       end.family == elem->family &&
		       prefix_between(&elem->ip, &end.ip, &elem->len);
	if (end.proto != elem->proto || ip_cmp(&end.ip, &elem->ip) != 0)
		return false;
	elem->last = end.port;
	return true;
}

static void elem_object(const struct decoder *d, unsigned set, const struct nlattr *attr)
{
	const struct nlattr *attrs[NFTA_SET_ELEM_MAX + 1];
	const struct set_def *def = set_def_get(set);
	struct obj obj = obj_elem(d->ns, (enum nft_set)set);
	const void *bytes;
	size_t size;

	nlbuf_nested(attr, attrs, ARRAY_COUNT(attrs));
	if (!data_value(attrs[NFTA_SET_ELEM_KEY], &bytes, &size) ||
	    !nft_elem_unpack(bytes, size, def->family, def->key, &obj.elem))
		return;
	if (def->key & (ELEM_LAST | ELEM_LEN) && !elem_end(def, attrs[NFTA_SET_ELEM_KEY_END], &obj.elem))
		return;
	if (def->data && (!data_value(attrs[NFTA_SET_ELEM_DATA], &bytes, &size) ||
			  !nft_elem_unpack(bytes, size, def->family, def->data, &obj.elem)))
		return;
	objv_add(d->objs, &obj);
}

static void decode_elements(struct decoder *d, const struct nlmsghdr *nlh, uint8_t family)
{
	const struct nlattr *attrs[NFTA_SET_ELEM_LIST_MAX + 1], *list;
	struct table *table = table_of(d, family);
	const struct nlattr *item;
	size_t used = 0;
	unsigned set;

	nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
	if (!table || !table->stands || !name_is(attrs[NFTA_SET_ELEM_LIST_TABLE], NFT_TABLE))
		return;
	set = set_find(table->kind, attrs[NFTA_SET_ELEM_LIST_SET]);
	list = attrs[NFTA_SET_ELEM_LIST_ELEMENTS];
	/* A set of our name and another shape would be misread; decode_set() has told by then. */
	if (set == SET_NONE || !list || !(table->sets & 1ULL << set))
		return;
	while ((item = nlbuf_list_next(list, &used)))
		elem_object(d, set, item);
}

static void finish_table(struct decoder *d, struct table *table)
{
	const struct nft_skeleton *skeleton = table->skeleton;
	struct obj obj;

	if (!table->stands)
		return;
	obj = obj_ruleset(d->ns, (enum ruleset_kind)table->kind, (uint16_t)table->version);
	for (size_t i = 0; skeleton && skeleton->chains[i].name; i++) {
		const struct nft_chain_def *chain = &skeleton->chains[i];

		if (chain->listed && !table->listed)
			continue;
		if (!(table->chains & 1ULL << i) ||
		    rule_def(skeleton, chain->name, table->rules[i]))
			table->intact = false;
	}
	for (size_t i = 0; skeleton && skeleton->tallies[i].name; i++) {
		if (!(table->tallies & 1ULL << i))
			table->intact = false;
	}
	for (unsigned set = SET_NONE + 1; skeleton && set < SET_COUNT; set++) {
		if (set_def_get(set)->in == table->kind && !(table->sets & 1ULL << set))
			table->intact = false;
	}
	obj.ruleset.digest =
		skeleton && table->intact && table->each_chains == table->each_rules &&
		table->redirect_chains == table->redirect_rules;
	objv_add(d->objs, &obj);
}

int nft_decode(const void *data, size_t size, uint64_t ns, struct objv *objs, struct err *err)
{
	struct decoder d = {
		.ns = ns,
		.objs = objs,
		.tables = {{.family = NFPROTO_INET}, {.family = NFPROTO_NETDEV}},
	};
	const struct nlmsghdr *nlh;
	size_t offset = 0;
	bool bad = false;

	while ((nlh = nlbuf_next(data, size, &offset, &bad))) {
		uint8_t family = 0;

		switch (message_type(nlh, &family)) {
		case NFT_MSG_NEWTABLE:
			decode_table(&d, nlh, family);
			break;
		case NFT_MSG_NEWCHAIN:
			decode_chain(&d, nlh, family);
			break;
		case NFT_MSG_NEWRULE:
			decode_rule(&d, nlh, family);
			break;
		case NFT_MSG_NEWSET:
			decode_set(&d, nlh, family);
			break;
		case NFT_MSG_NEWOBJ:
			decode_object(&d, nlh, family);
			break;
		case NFT_MSG_NEWSETELEM:
			decode_elements(&d, nlh, family);
			break;
		default:
			break;
		}
	}
	if (bad)
		return bad_bytes(err);
	for (size_t i = 0; i < ARRAY_COUNT(d.tables); i++)
		finish_table(&d, &d.tables[i]);
	return 0;
}

static uint64_t be64(const struct nlattr *attr)
{
	const uint8_t *p = nlbuf_payload(attr, sizeof(uint64_t));
	uint64_t value = 0;

	for (size_t i = 0; p && i < sizeof(value); i++)
		value = value << 8 | p[i];
	return value;
}

/* One element of a tally: its key is a port, its state a counter. */
static bool counter_read(const struct nlattr *item, struct nft_counter *counter)
{
	const struct nlattr *attrs[NFTA_SET_ELEM_MAX + 1], *expr[NFTA_EXPR_MAX + 1], *values[NFTA_COUNTER_MAX + 1];
	const void *key;
	size_t size;

	nlbuf_nested(item, attrs, ARRAY_COUNT(attrs));
	if (!data_value(attrs[NFTA_SET_ELEM_KEY], &key, &size) || size != sizeof(counter->dev))
		return false;
	nlbuf_nested(attrs[NFTA_SET_ELEM_EXPR], expr, ARRAY_COUNT(expr));
	if (!name_is(expr[NFTA_EXPR_NAME], "counter"))
		return false;
	memcpy(counter->dev, key, sizeof(counter->dev));
	counter->dev[sizeof(counter->dev) - 1] = '\0';
	nlbuf_nested(expr[NFTA_EXPR_DATA], values, ARRAY_COUNT(values));
	counter->packets = be64(values[NFTA_COUNTER_PACKETS]);
	counter->bytes = be64(values[NFTA_COUNTER_BYTES]);
	return true;
}

int nft_list_counters(const void *data, size_t size, struct nft_counter **ret_counters)
{
	struct nft_counter *counters = NULL;
	size_t offset = 0, count = 0, capacity = 0;
	const struct nlmsghdr *nlh;
	bool bad = false;

	while ((nlh = nlbuf_next(data, size, &offset, &bad))) {
		const struct nlattr *attrs[NFTA_SET_ELEM_LIST_MAX + 1], *item;
		size_t used = 0;
		uint8_t family;
		int tally;

		if (message_type(nlh, &family) != NFT_MSG_NEWSETELEM)
			continue;
		nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
		if (!name_is(attrs[NFTA_SET_ELEM_LIST_TABLE], NFT_TABLE) || !attrs[NFTA_SET_ELEM_LIST_ELEMENTS])
			continue;
		tally = tally_find(&nft_ruleset_guard, attrs[NFTA_SET_ELEM_LIST_SET]);
		while (tally >= 0 && (item = nlbuf_list_next(attrs[NFTA_SET_ELEM_LIST_ELEMENTS], &used))) {
			struct nft_counter counter = {.reason = nft_ruleset_guard.tallies[tally].name};

			if (!counter_read(item, &counter))
				continue;
			if (count == capacity) {
				capacity = capacity ? 2 * capacity : 8;
				counters = mem_grow(counters, capacity, sizeof(*counters));
			}
			counters[count++] = counter;
		}
	}
	if (bad) {
		free(counters);
		return -EBADMSG;
	}
	*ret_counters = counters;
	return (int)count;
}

const char *nft_counter_reason(size_t index)
{
	const struct nft_tally_def *tally = nft_ruleset_guard.tallies;

	while (tally->name && (tally->rate || index-- > 0))
		tally++;
	return tally->name;
}

bool nft_event_foreign(const void *data, size_t size, uint32_t portid)
{
	const struct nlmsghdr *nlh;
	size_t offset = 0;
	bool bad = false;

	while ((nlh = nlbuf_next(data, size, &offset, &bad))) {
		const struct nlattr *attrs[NFTA_TABLE_NAME + 1];
		uint8_t family;
		int type = message_type(nlh, &family);

		/* The table's name is attribute 1 of every message but those of the generation. */
		if (type < 0 || type == NFT_MSG_NEWGEN || type == NFT_MSG_GETGEN)
			continue;
		if (nlh->nlmsg_pid == 0 || nlh->nlmsg_pid == portid)
			continue;
		nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
		if (name_is(attrs[NFTA_TABLE_NAME], NFT_TABLE))
			return true;
	}
	return false;
}
