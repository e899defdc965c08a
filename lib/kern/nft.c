/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft - rulesets, elements and ports as nftables transactions; dumps. Floor F2.
 *
 * A transaction is one sendmsg(2):
 *
 *   NFNL_MSG_BATCH_BEGIN | NFT_MSG_* ... | NFNL_MSG_BATCH_END
 *
 * each message being nlmsghdr, nfgenmsg (family), attributes. Skeletons go through libnftnl; elements and ports,
 * which are what an attach consists of, are written straight.
 */
#include "lib/kern/nft.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/nft_skeleton.h"
#include "lib/kern/nlbuf.h"

static struct nlmsghdr *nft_message(struct nlbatch *batch, size_t room, unsigned type,
				    uint16_t flags, uint8_t family)
{
	struct nlmsghdr *nlh =
		nlbuf_begin(batch, room, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	return nlh;
}

static void batch_mark(struct nlbatch *batch, uint16_t type)
{
	struct nlmsghdr *nlh = nlbuf_begin(batch, 64, type, 0);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nfg->nfgen_family = AF_UNSPEC;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(NFNL_SUBSYS_NFTABLES);
	nlbuf_end(batch, nlh);
}

void nft_begin(struct nlbatch *batch)
{
	batch_mark(batch, NFNL_MSG_BATCH_BEGIN);
}

void nft_end(struct nlbatch *batch)
{
	batch_mark(batch, NFNL_MSG_BATCH_END);
}

static void put_table(struct nlbatch *batch, unsigned type, uint16_t flags, uint8_t family,
		      struct nftnl_table *table)
{
	struct nlmsghdr *nlh = nft_message(batch, NLBUF_NFT_ROOM, type, flags, family);

	nftnl_table_nlmsg_build_payload(nlh, table);
	nlbuf_end(batch, nlh);
}

static void put_set(struct nlbatch *batch, const struct nft_skeleton *skeleton, struct nftnl_set *s)
{
	struct nlmsghdr *nlh = nft_message(batch, NLBUF_NFT_ROOM, NFT_MSG_NEWSET, NLM_F_CREATE,
					   skeleton->family);

	nftnl_set_nlmsg_build_payload(nlh, s);
	nlbuf_end(batch, nlh);
	nftnl_set_free(s);
}


static void put_chain(struct nlbatch *batch, const struct nft_skeleton *skeleton,
		      const struct nft_chain_def *def)
{
	struct nftnl_chain *chain = nft_skeleton_chain(skeleton, def);
	struct nlmsghdr *nlh = nft_message(batch, NLBUF_NFT_ROOM, NFT_MSG_NEWCHAIN,
					   NLM_F_CREATE, skeleton->family);

	nftnl_chain_nlmsg_build_payload(nlh, chain);
	nlbuf_end(batch, nlh);
	nftnl_chain_free(chain);
}

static void put_rule(struct nlbatch *batch, uint8_t family, struct nftnl_rule *rule)
{
	struct nlmsghdr *nlh = nft_message(batch, NLBUF_NFT_ROOM, NFT_MSG_NEWRULE,
					   NLM_F_CREATE | NLM_F_APPEND, family);

	nftnl_rule_nlmsg_build_payload(nlh, rule);
	nlbuf_end(batch, nlh);
	nftnl_rule_free(rule);
}

static bool chain_wanted(const struct nft_skeleton *skeleton, const char *name, bool listed)
{
	for (const struct nft_chain_def *def = skeleton->chains; def->name; def++) {
		if (str_eq(def->name, name))
			return listed || !def->listed;
	}
	return false;
}

int nft_ruleset_add(struct nlbatch *batch, const struct obj_ruleset *ruleset,
		    const struct kern_features *features)
{
	const struct nft_skeleton *skeleton = nft_skeleton_get(ruleset->kind, ruleset->version);
	bool listed = features->netdev_device_add;
	struct nftnl_table *table;

	if (!skeleton)
		return -EINVAL;
	/*
	 * Made, removed and made again: whatever table of that name stood is gone, and it is no failure that none
	 * did (NFT_MSG_DESTROYTABLE, which says so, came with 6.3). The first message says nothing of flags: a table
	 * that stands keeps its own, whatever they are.
	 */
	table = nft_skeleton_table(skeleton, false, listed);
	nftnl_table_unset(table, NFTNL_TABLE_FLAGS);
	put_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE, skeleton->family, table);
	nftnl_table_free(table);
	nft_ruleset_del(batch, skeleton->kind);
	table = nft_skeleton_table(skeleton, features->nft_owner_persist, listed);
	put_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, skeleton->family, table);
	nftnl_table_free(table);
	for (unsigned set = SET_NONE + 1; set < SET_COUNT; set++) {
		if (set_def_get(set)->in == skeleton->kind)
			put_set(batch, skeleton, nft_skeleton_set(set));
	}
	for (uint32_t i = 0; skeleton->tallies[i].name; i++)
		put_set(batch, skeleton, nft_skeleton_tally(skeleton, &skeleton->tallies[i], SET_COUNT + i));
	for (const struct nft_chain_def *def = skeleton->chains; def->name; def++) {
		if (listed || !def->listed)
			put_chain(batch, skeleton, def);
	}
	for (const struct nft_rule_def *rule = skeleton->rules; rule->chain; rule++) {
		if (chain_wanted(skeleton, rule->chain, listed))
			put_rule(batch, skeleton->family, nft_skeleton_rule(skeleton, rule));
	}
	return 0;
}

void nft_ruleset_del(struct nlbatch *batch, enum ruleset_kind kind)
{
	uint8_t family = nft_kind_family(kind);
	struct nlmsghdr *nlh = nft_message(batch, 256, NFT_MSG_DELTABLE, 0, family);

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, NFT_TABLE);
	nlbuf_end(batch, nlh);
}

static unsigned first_set(enum ruleset_kind kind)
{
	for (unsigned set = SET_NONE + 1; set < SET_COUNT; set++) {
		if (set_def_get(set)->in == kind)
			return set;
	}
	abort();
}

void nft_ruleset_adopt(struct nlbatch *batch, enum ruleset_kind kind,
		       const struct kern_features *features)
{
	uint8_t family = nft_kind_family(kind);
	struct nlmsghdr *nlh;
	struct nlattr *elements;

	if (!features->nft_owner_persist)
		return;
	/*
	 * NFT_MSG_NEWTABLE makes a table that does not stand, with or without NLM_F_CREATE. So before it: remove no
	 * element of one of its sets, which says -ENOENT when there is none and else does nothing.
	 */
	nlh = nft_message(batch, 256, NFT_MSG_DELSETELEM, 0, family);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set_def_get(first_set(kind))->name);
	elements = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	mnl_attr_nest_end(nlh, elements);
	nlbuf_end(batch, nlh);

	nlh = nft_message(batch, 256, NFT_MSG_NEWTABLE, 0, family);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, NFT_TABLE);
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, htonl(NFT_F_OWNER | NFT_F_PERSIST));
	nlbuf_end(batch, nlh);
}

/*
 *   NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET
 *   NFTA_SET_ELEM_LIST_ELEMENTS { NFTA_LIST_ELEM {
 *     NFTA_SET_ELEM_KEY { NFTA_DATA_VALUE }, NFTA_SET_ELEM_DATA { NFTA_DATA_VALUE } } }
 * and in an interval set NFTA_SET_ELEM_KEY_END, the last key that belongs to it.
 */
static void elem_message(struct nlbatch *batch, unsigned type, uint16_t flags,
			 const struct obj_elem *elem, bool data)
{
	const struct set_def *def = set_def_get(elem->set);
	struct nlattr *list, *item, *value;
	uint8_t bytes[NFT_ELEM_SIZE];
	struct nlmsghdr *nlh;
	size_t size;

	assert(def);
	nlh = nft_message(batch, 512, type, flags, nft_kind_family(def->in));
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, def->name);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	item = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	size = nft_elem_pack(elem, def->family, def->key, bytes);
	value = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, size, bytes);
	mnl_attr_nest_end(nlh, value);
	if (def->key & (ELEM_LAST | ELEM_LEN)) {
		struct prefix prefix = {.ip = elem->ip, .len = elem->len};
		struct obj_elem end = *elem;

		if (def->key & ELEM_LEN)
			end.ip = prefix_last(&prefix);
		else
			end.port = elem->last;
		size = nft_elem_pack(&end, def->family, def->key, bytes);
		value = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY_END);
		mnl_attr_put(nlh, NFTA_DATA_VALUE, size, bytes);
		mnl_attr_nest_end(nlh, value);
	}
	if (data && def->data) {
		size = nft_elem_pack(elem, def->family, def->data, bytes);
		value = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_DATA);
		mnl_attr_put(nlh, NFTA_DATA_VALUE, size, bytes);
		mnl_attr_nest_end(nlh, value);
	}
	mnl_attr_nest_end(nlh, item);
	mnl_attr_nest_end(nlh, list);
	nlbuf_end(batch, nlh);
}

void nft_elem_add(struct nlbatch *batch, const struct obj_elem *elem)
{
	elem_message(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, elem, true);
}

void nft_elem_del(struct nlbatch *batch, const struct obj_elem *elem)
{
	elem_message(batch, NFT_MSG_DELSETELEM, 0, elem, false);
}

void nft_elem_set(struct nlbatch *batch, const struct obj_elem *elem)
{
	nft_elem_del(batch, elem);
	nft_elem_add(batch, elem);
}

/*
 *   NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME
 *   NFTA_CHAIN_HOOK { NFTA_HOOK_HOOKNUM, NFTA_HOOK_PRIORITY, NFTA_HOOK_DEVS { NFTA_DEVICE_NAME } | NFTA_HOOK_DEV }
 * and for a new chain NFTA_CHAIN_TYPE, NFTA_CHAIN_POLICY
 */
static void port_chain(struct nlbatch *batch, unsigned type, const char *chain, const char *dev,
		       bool listed, int32_t priority, uint32_t policy)
{
	struct nlmsghdr *nlh = nft_message(batch, 512, type, 0, NFPROTO_NETDEV);
	struct nlattr *hook, *devs;

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, NFT_TABLE);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain);
	hook = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM, htonl(NF_NETDEV_INGRESS));
	mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY, htonl((uint32_t)priority));
	if (listed) {
		devs = mnl_attr_nest_start(nlh, NFTA_HOOK_DEVS);
		mnl_attr_put_strz(nlh, NFTA_DEVICE_NAME, dev);
		mnl_attr_nest_end(nlh, devs);
	} else {
		mnl_attr_put_strz(nlh, NFTA_HOOK_DEV, dev);
	}
	mnl_attr_nest_end(nlh, hook);
	if (type == NFT_MSG_NEWCHAIN) {
		nlh->nlmsg_flags |= NLM_F_CREATE;
		mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
		if (!listed) {
			nlh->nlmsg_flags |= NLM_F_EXCL;
			mnl_attr_put_u32(nlh, NFTA_CHAIN_POLICY, htonl(policy));
		}
	}
	nlbuf_end(batch, nlh);
}

/* A device's own base chain, with its rule; without any hook given the whole chain is meant. */
static void chain_rules_del(struct nlbatch *batch, const char *chain)
{
	struct nlmsghdr *nlh = nft_message(batch, 256, NFT_MSG_DELRULE, 0, NFPROTO_NETDEV);

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, NFT_TABLE);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	nlbuf_end(batch, nlh);
}

static void chain_del(struct nlbatch *batch, const char *chain)
{
	struct nlmsghdr *nlh;

	chain_rules_del(batch, chain);
	nlh = nft_message(batch, 256, NFT_MSG_DELCHAIN, 0, NFPROTO_NETDEV);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, NFT_TABLE);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain);
	nlbuf_end(batch, nlh);
}

static void each_name(const struct obj_port *port, char dst[32])
{
	snprintf(dst, 32, NFT_EACH_PREFIX "%s", port->dev);
}

/* The standing chain of a device, by the last digit of its name. Names that do not end with one have one, too. */
static void list_chain(const struct obj_port *port, char dst[32])
{
	size_t len = strnlen(port->dev, sizeof(port->dev));
	char last = len ? port->dev[len - 1] : '0';
	unsigned digit = last >= 'a' && last <= 'f' ? (unsigned)(last - 'a') + 10 : (unsigned char)last % 16;

	snprintf(dst, 32, NFT_LIST_PREFIX "%x", digit);
}

void nft_port_add(struct nlbatch *batch, const struct obj_port *port,
		  const struct kern_features *features)
{
	char chain[32];

	if (features->netdev_device_add) {
		list_chain(port, chain);
		port_chain(batch, NFT_MSG_NEWCHAIN, chain, port->dev, true, NFT_GUARD_PRIORITY, NF_DROP);
		return;
	}
	each_name(port, chain);
	port_chain(batch, NFT_MSG_NEWCHAIN, chain, port->dev, false, NFT_GUARD_PRIORITY, NF_DROP);
	put_rule(batch, NFPROTO_NETDEV, nft_each_rule(chain));
}

void nft_port_del(struct nlbatch *batch, const struct obj_port *port,
		  const struct kern_features *features)
{
	char chain[32];

	if (features->netdev_device_add) {
		list_chain(port, chain);
		port_chain(batch, NFT_MSG_DELCHAIN, chain, port->dev, true, NFT_GUARD_PRIORITY, NF_DROP);
		return;
	}
	each_name(port, chain);
	chain_del(batch, chain);
}

static void redirect_name(const struct obj_redirect *redirect, char dst[32])
{
	snprintf(dst, 32, NFT_REDIRECT_PREFIX "%s", redirect->dev);
}

void nft_redirect_add(struct nlbatch *batch, const struct obj_redirect *redirect)
{
	char chain[32];

	redirect_name(redirect, chain);
	port_chain(batch, NFT_MSG_NEWCHAIN, chain, redirect->dev, false, NFT_REDIRECT_PRIORITY, NF_ACCEPT);
	put_rule(batch, NFPROTO_NETDEV, nft_redirect_rule(chain, redirect->to));
}

void nft_redirect_set(struct nlbatch *batch, const struct obj_redirect *redirect)
{
	char chain[32];

	redirect_name(redirect, chain);
	chain_rules_del(batch, chain);
	put_rule(batch, NFPROTO_NETDEV, nft_redirect_rule(chain, redirect->to));
}

void nft_redirect_del(struct nlbatch *batch, const struct obj_redirect *redirect)
{
	char chain[32];

	redirect_name(redirect, chain);
	chain_del(batch, chain);
}

static void tally_message(struct nlbatch *batch, unsigned type, uint16_t flags, const char *set,
			  const struct obj_port *port)
{
	struct nlmsghdr *nlh = nft_message(batch, 256, type, flags, NFPROTO_NETDEV);
	struct nlattr *list, *item, *value;

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	item = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	value = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, sizeof(port->dev), port->dev);
	mnl_attr_nest_end(nlh, value);
	mnl_attr_nest_end(nlh, item);
	mnl_attr_nest_end(nlh, list);
	nlbuf_end(batch, nlh);
}

/* Made if need be, and removed: a removal that does not fail where there is nothing came with 6.3 (NFT_MSG_DESTROYSETELEM). */
void nft_port_forget(struct nlbatch *batch, const struct obj_port *port)
{
	for (const struct nft_tally_def *tally = nft_ruleset_guard.tallies; tally->name; tally++) {
		tally_message(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE, tally->name, port);
		tally_message(batch, NFT_MSG_DELSETELEM, 0, tally->name, port);
	}
}

/* What a message is about, for people: "set ip4_ok", "chain guard", "table moat". */
static void message_subject(const struct nlbatch *batch, uint32_t index, struct buf *text)
{
	const struct nlmsghdr *nlh = NULL;
	const struct nlattr *attrs[8];
	size_t offset = 0;
	bool bad = false;
	char name[64];

	for (uint32_t i = 0; i <= index; i++)
		nlh = nlbuf_next(batch->bytes.data, batch->bytes.size, &offset, &bad);
	if (!nlh || nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES) {
		buf_str(text, "nftables transaction");
		return;
	}
	nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
	switch (nlh->nlmsg_type & 0xff) {
	case NFT_MSG_NEWSETELEM:
	case NFT_MSG_DELSETELEM:
		if (nlbuf_name(attrs[NFTA_SET_ELEM_LIST_SET], name, sizeof(name)))
			buf_printf(text, "nftables set %s", name);
		break;
	case NFT_MSG_NEWCHAIN:
	case NFT_MSG_DELCHAIN:
		if (nlbuf_name(attrs[NFTA_CHAIN_NAME], name, sizeof(name)))
			buf_printf(text, "nftables chain %s", name);
		break;
	case NFT_MSG_NEWRULE:
	case NFT_MSG_DELRULE:
		if (nlbuf_name(attrs[NFTA_RULE_CHAIN], name, sizeof(name)))
			buf_printf(text, "nftables rule in %s", name);
		break;
	case NFT_MSG_NEWSET:
		if (nlbuf_name(attrs[NFTA_SET_NAME], name, sizeof(name)))
			buf_printf(text, "nftables set %s", name);
		break;
	default:
		break;
	}
	if (!text->size)
		buf_str(text, "nftables table moat");
}

int nft_exec(struct nlsock *sock, struct nlbatch *batch, uint32_t *ret_index, struct err *err)
{
	struct buf subject = BUF_INIT;
	struct nlack ack;
	uint32_t index;
	int r;

	r = nlsock_exec_nft(sock, batch, &index, &ack);
	if (ret_index)
		*ret_index = index;
	if (r == 0)
		return 0;
	if (index == UINT32_MAX)
		buf_str(&subject, "nftables transaction");
	else
		message_subject(batch, index, &subject);
	err_sys(err, ERR_KERNEL, -r, NULL, "%s%s%s", buf_cstr(&subject),
		ack.text[0] ? ": " : "", ack.text);
	buf_fini(&subject);
	return r;
}

/* Dumps. */

static int generation(struct nlsock *sock, uint32_t *ret_generation, struct err *err)
{
	const struct nlattr *attrs[NFTA_GEN_MAX + 1];
	struct nlbatch request = {0};
	struct buf bytes = BUF_INIT;
	const struct nlmsghdr *nlh;
	size_t offset = 0;
	bool bad = false;
	int r;

	nlbuf_end(&request, nft_message(&request, 64, NFT_MSG_GETGEN, 0, AF_UNSPEC));
	r = nlsock_dump(sock, &request, &bytes, err);
	nlbatch_fini(&request);
	nlh = r == 0 ? nlbuf_next(bytes.data, bytes.size, &offset, &bad) : NULL;
	if (r == 0 && !nlh)
		r = err_set(err, ERR_KERNEL, EBADMSG, NULL, "nftables tells no generation");
	if (r == 0) {
		nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
		*ret_generation = ntohl(nlbuf_u32(attrs[NFTA_GEN_ID], 0));
	}
	buf_fini(&bytes);
	return r;
}

/* One request with up to two names: a dump of what stands in a table, or a plain get. */
static int get(struct nlsock *sock, unsigned type, uint16_t flags, uint8_t family,
	       uint16_t table_attr, uint16_t name_attr, const char *name, struct buf *bytes,
	       struct err *err)
{
	struct nlbatch request = {0};
	struct nlmsghdr *nlh = nft_message(&request, 512, type, flags, family);
	int r;

	if (table_attr)
		mnl_attr_put_strz(nlh, table_attr, NFT_TABLE);
	if (name)
		mnl_attr_put_strz(nlh, name_attr, name);
	nlbuf_end(&request, nlh);
	r = nlsock_dump(sock, &request, bytes, err);
	nlbatch_fini(&request);
	return r;
}

/* The elements of every set of ours that the messages from @start on show. */
static int dump_elements(struct nlsock *sock, uint8_t family, size_t start, size_t end,
			 struct buf *bytes, struct err *err)
{
	size_t offset = start;

	/* The buffer moves as it grows: each round looks at it anew. */
	while (offset < end) {
		const struct nlmsghdr *nlh;
		const struct nlattr *attrs[NFTA_SET_MAX + 1];
		char table[64], name[64];
		bool bad = false;
		int r;

		nlh = nlbuf_next(bytes->data, end, &offset, &bad);
		if (!nlh)
			break;
		nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
		if (!nlbuf_name(attrs[NFTA_SET_TABLE], table, sizeof(table)) ||
		    !str_eq(table, NFT_TABLE) ||
		    !nlbuf_name(attrs[NFTA_SET_NAME], name, sizeof(name)) ||
		    ntohl(nlbuf_u32(attrs[NFTA_SET_FLAGS], 0)) & NFT_SET_EVAL)
			continue;
		r = get(sock, NFT_MSG_GETSETELEM, NLM_F_DUMP, family, NFTA_SET_ELEM_LIST_TABLE,
			NFTA_SET_ELEM_LIST_SET, name, bytes, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int dump_family(struct nlsock *sock, uint8_t family, struct buf *bytes, struct err *err)
{
	size_t sets, end;
	int r;

	r = get(sock, NFT_MSG_GETTABLE, 0, family, NFTA_TABLE_NAME, 0, NULL, bytes, NULL);
	if (r == -ENOENT || r == -EAFNOSUPPORT || r == -EOPNOTSUPP)
		return 0;
	if (r < 0)
		return err_sys(err, ERR_KERNEL, -r, NULL, "get nftables table");
	r = get(sock, NFT_MSG_GETCHAIN, NLM_F_DUMP, family, NFTA_CHAIN_TABLE, 0, NULL, bytes,
		err);
	if (r == 0)
		r = get(sock, NFT_MSG_GETRULE, NLM_F_DUMP, family, NFTA_RULE_TABLE, 0, NULL,
			bytes, err);
	if (r == 0)
		r = get(sock, NFT_MSG_GETOBJ, NLM_F_DUMP, family, NFTA_OBJ_TABLE, 0, NULL,
			bytes, err);
	sets = bytes->size;
	if (r == 0)
		r = get(sock, NFT_MSG_GETSET, NLM_F_DUMP, family, NFTA_SET_TABLE, 0, NULL,
			bytes, err);
	end = bytes->size;
	if (r == 0)
		r = dump_elements(sock, family, sets, end, bytes, err);
	return r;
}

int nft_dump(struct nlsock *sock, struct buf *bytes, struct err *err)
{
	size_t before = bytes->size;
	int r = -EBUSY;

	for (int i = 0; i < 10; i++) {
		uint32_t first, last;

		bytes->size = before;
		r = generation(sock, &first, err);
		if (r < 0)
			break;
		r = dump_family(sock, NFPROTO_INET, bytes, err);
		if (r == 0)
			r = dump_family(sock, NFPROTO_NETDEV, bytes, err);
		/* What changed while we read may be why it failed. */
		if (generation(sock, &last, NULL) < 0 || (r < 0 && first == last))
			break;
		if (first == last)
			return 0;
		r = err_set(err, ERR_UNAVAILABLE, EBUSY, NULL,
			    "nftables changes faster than it can be read");
	}
	bytes->size = before;
	return r < 0 ? r : -EIO;
}

int nft_dump_counters(struct nlsock *sock, struct buf *bytes, struct err *err)
{
	int r = 0;

	for (const struct nft_tally_def *tally = nft_ruleset_guard.tallies; r == 0 && tally->name; tally++) {
		if (!tally->rate)
			r = get(sock, NFT_MSG_GETSETELEM, NLM_F_DUMP, NFPROTO_NETDEV, NFTA_SET_ELEM_LIST_TABLE,
				NFTA_SET_ELEM_LIST_SET, tally->name, bytes, err);
	}
	return r == -ENOENT ? 0 : r;
}

int nft_dump_foreign(struct nlsock *sock, struct buf *bytes, struct err *err)
{
	int r = get(sock, NFT_MSG_GETCHAIN, NLM_F_DUMP, AF_UNSPEC, 0, 0, NULL, bytes, err);

	if (r == 0)
		r = get(sock, NFT_MSG_GETRULE, NLM_F_DUMP, AF_UNSPEC, 0, 0, NULL, bytes, err);
	return r;
}

/* Printing: libnftnl's own listing of everything the batch would hold. */

static void line_add(struct buf *text, const char *what, const char *line, int len)
{
	buf_printf(text, "%s %.*s\n", what, len > 0 ? len : 0, line);
}

int nft_ruleset_print(enum ruleset_kind kind, uint16_t version,
		      const struct kern_features *features, struct buf *text)
{
	const struct nft_skeleton *skeleton = nft_skeleton_get(kind, version);
	bool listed = features->netdev_device_add;
	struct nftnl_table *table;
	char line[2048];

	if (!skeleton)
		return -EINVAL;
	table = nft_skeleton_table(skeleton, features->nft_owner_persist, listed);
	line_add(text, "table", line,
		 nftnl_table_snprintf(line, sizeof(line), table, NFTNL_OUTPUT_DEFAULT, 0));
	nftnl_table_free(table);
	buf_str(text, "comment ");
	nft_table_comment(skeleton, listed, text);
	buf_str(text, "\n");
	for (unsigned i = SET_NONE + 1; i < SET_COUNT; i++) {
		struct nftnl_set *set;

		if (set_def_get(i)->in != kind)
			continue;
		set = nft_skeleton_set(i);
		/* libnftnl says nothing of a set's shape: key and data as nft's type numbers and bytes. */
		buf_printf(text, "set %.*s key %#x %u bytes",
			   nftnl_set_snprintf(line, sizeof(line), set, NFTNL_OUTPUT_DEFAULT, 0),
			   line, nftnl_set_get_u32(set, NFTNL_SET_KEY_TYPE),
			   nftnl_set_get_u32(set, NFTNL_SET_KEY_LEN));
		if (set_def_get(i)->data)
			buf_printf(text, " data %#x %u bytes",
				   nftnl_set_get_u32(set, NFTNL_SET_DATA_TYPE),
				   nftnl_set_get_u32(set, NFTNL_SET_DATA_LEN));
		buf_str(text, "\n");
		nftnl_set_free(set);
	}
	for (const struct nft_tally_def *tally = skeleton->tallies; tally->name; tally++) {
		buf_printf(text, "tally %s", tally->name);
		if (tally->connections)
			buf_printf(text, " over %u connections", tally->connections);
		if (tally->rate)
			buf_printf(text, " over %u/second burst %u", tally->rate, tally->burst);
		buf_str(text, "\n");
	}
	for (const struct nft_chain_def *def = skeleton->chains; def->name; def++) {
		struct nftnl_chain *chain;

		if (def->listed && !listed)
			continue;
		chain = nft_skeleton_chain(skeleton, def);
		line_add(text, "chain", line,
			 nftnl_chain_snprintf(line, sizeof(line), chain, NFTNL_OUTPUT_DEFAULT,
					      0));
		nftnl_chain_free(chain);
	}
	for (const struct nft_rule_def *def = skeleton->rules; def->chain; def++) {
		struct nftnl_rule *rule;

		if (!chain_wanted(skeleton, def->chain, listed))
			continue;
		rule = nft_skeleton_rule(skeleton, def);
		buf_printf(text, "rule %s\n", def->chain);
		nft_rule_text(rule, text);
		nftnl_rule_free(rule);
	}
	return 0;
}
