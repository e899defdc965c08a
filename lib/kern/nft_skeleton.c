/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_skeleton - constant rulesets to libnftnl's objects and to text. Floor F2, private to lib/kern, pure. */
#include "lib/kern/nft_skeleton.h"

#include <arpa/inet.h>
#include <assert.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_nat.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

/* Types of set keys as nft(8) numbers them (include/datatype.h): only nft reads them, to list our sets readably. */
enum {
	TYPE_NFPROTO = 2,
	TYPE_IPADDR = 7,
	TYPE_IP6ADDR = 8,
	TYPE_ETHERADDR = 9,
	TYPE_INET_PROTOCOL = 12,
	TYPE_INET_SERVICE = 13,
	TYPE_MARK = 19,
	TYPE_IFNAME = 41,
	TYPE_BITS = 6, /* a concatenation is its types one after the other */
};

const struct nft_skeleton *nft_skeleton_of(unsigned kind)
{
	static const struct nft_skeleton *const skeletons[] = {
		&nft_ruleset_guard, &nft_ruleset_host, &nft_ruleset_router};

	for (size_t i = 0; i < ARRAY_COUNT(skeletons); i++) {
		if (skeletons[i]->kind == kind)
			return skeletons[i];
	}
	return NULL;
}

const struct nft_skeleton *nft_skeleton_get(unsigned kind, unsigned version)
{
	const struct nft_skeleton *skeleton = nft_skeleton_of(kind);

	return skeleton && skeleton->version == version ? skeleton : NULL;
}

uint8_t nft_kind_family(enum ruleset_kind kind)
{
	return kind == RULESET_GUARD ? NFPROTO_NETDEV : NFPROTO_INET;
}

static void *must(void *object)
{
	if (!object)
		abort(); /* out of memory */
	return object;
}

void nft_table_comment(const struct nft_skeleton *skeleton, bool listed, struct buf *text)
{
	buf_printf(text, "moat %s %u%s", skeleton->word, skeleton->version,
		   skeleton->kind != RULESET_GUARD ? ""
		   : listed                        ? " list"
						   : " each");
}

struct nftnl_table *nft_skeleton_table(const struct nft_skeleton *skeleton, bool owner,
				       bool listed)
{
	struct nftnl_table *table = must(nftnl_table_alloc());
	struct nftnl_udata_buf *udata = must(nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN));
	struct buf comment = BUF_INIT;

	nft_table_comment(skeleton, listed, &comment);
	nftnl_udata_put_strz(udata, NFTNL_UDATA_TABLE_COMMENT, buf_cstr(&comment));
	buf_fini(&comment);
	nftnl_table_set_str(table, NFTNL_TABLE_NAME, NFT_TABLE);
	nftnl_table_set_u32(table, NFTNL_TABLE_FAMILY, skeleton->family);
	nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, owner ? NFT_F_OWNER | NFT_F_PERSIST : 0);
	nftnl_table_set_data(table, NFTNL_TABLE_USERDATA, nftnl_udata_buf_data(udata),
			     nftnl_udata_buf_len(udata));
	nftnl_udata_buf_free(udata);
	return table;
}

static uint32_t fields_type(uint8_t family, unsigned fields)
{
	uint32_t ip = family == 4 ? TYPE_IPADDR : TYPE_IP6ADDR;
	const struct {
		unsigned field;
		uint32_t type;
	} types[] = {
		{ELEM_DEV, TYPE_IFNAME},
		{ELEM_MAC, TYPE_ETHERADDR},
		{ELEM_IP, ip},
		{ELEM_PROTO, TYPE_INET_PROTOCOL},
		{ELEM_PORT, TYPE_INET_SERVICE},
		{ELEM_TO_IP, ip},
		{ELEM_TO_PORT, TYPE_INET_SERVICE},
		{ELEM_TO_LAST, TYPE_INET_SERVICE},
		{ELEM_FAMILY, TYPE_NFPROTO},
		{ELEM_MARK, TYPE_MARK},
		{ELEM_TO_MARK, TYPE_MARK},
	};
	uint32_t type = 0;

	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		if (fields & types[i].field)
			type = type << TYPE_BITS | types[i].type;
	}
	return type;
}

/* Names and marks alone: nft(8) lists them wrong unless it is told that they are no numbers in network order. */
static void set_byteorder(struct nftnl_set *set, bool key, bool data)
{
	enum { HOST_ENDIAN = 1 }; /* nft's enum byteorder (include/datatype.h) */
	struct nftnl_udata_buf *udata = must(nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN));

	if (key)
		nftnl_udata_put_u32(udata, NFTNL_UDATA_SET_KEYBYTEORDER, HOST_ENDIAN);
	if (data)
		nftnl_udata_put_u32(udata, NFTNL_UDATA_SET_DATABYTEORDER, HOST_ENDIAN);
	nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(udata), nftnl_udata_buf_len(udata));
	nftnl_udata_buf_free(udata);
}

/* An interval of a concatenation (pipapo) is told the bytes of each field. */
static void set_fields(struct nftnl_set *set, const struct set_def *def)
{
	const struct {
		unsigned field;
		uint8_t size;
	} rows[] = {
		{ELEM_DEV, OBJ_IFNAME_SIZE},
		{ELEM_IP, def->family == 4 ? 4 : 16},
		{ELEM_PROTO, 1},
		{ELEM_PORT, 2},
		{ELEM_FAMILY, 1},
		{ELEM_MARK, 4},
	};
	uint8_t sizes[ARRAY_COUNT(rows)];
	uint32_t count = 0;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		if (def->key & rows[i].field)
			sizes[count++] = rows[i].size;
	}
	nftnl_set_set_data(set, NFTNL_SET_DESC_CONCAT, sizes, count);
}

uint32_t nft_set_flags(const struct set_def *def)
{
	return (def->data ? NFT_SET_MAP : 0U) |
	       (def->key & (ELEM_LAST | ELEM_LEN) ? NFT_SET_INTERVAL | NFT_SET_CONCAT : 0U);
}

struct nftnl_set *nft_skeleton_set(unsigned set)
{
	const struct set_def *def = set_def_get(set);
	struct nftnl_set *s = must(nftnl_set_alloc());
	struct obj_elem none = {0};
	uint8_t scratch[NFT_ELEM_SIZE];

	nftnl_set_set_str(s, NFTNL_SET_TABLE, NFT_TABLE);
	nftnl_set_set_str(s, NFTNL_SET_NAME, def->name);
	nftnl_set_set_u32(s, NFTNL_SET_FAMILY, nft_kind_family(def->in));
	nftnl_set_set_u32(s, NFTNL_SET_ID, set);
	nftnl_set_set_u32(s, NFTNL_SET_FLAGS, nft_set_flags(def));
	if (def->key & (ELEM_LAST | ELEM_LEN))
		set_fields(s, def);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, fields_type(def->family, def->key));
	if (def->key == ELEM_DEV)
		set_byteorder(s, true, def->data == ELEM_TO_MARK);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN,
			  (uint32_t)nft_elem_pack(&none, def->family, def->key, scratch));
	if (def->data) {
		nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE, fields_type(def->family, def->data));
		nftnl_set_set_u32(
			s, NFTNL_SET_DATA_LEN,
			(uint32_t)nft_elem_pack(&none, def->family, def->data, scratch));
	}
	return s;
}


static struct nftnl_expr *expr_new(const char *name)
{
	return must(nftnl_expr_alloc(name));
}

static struct nftnl_expr *expr_connlimit(uint32_t connections)
{
	struct nftnl_expr *e = expr_new("connlimit");

	nftnl_expr_set_u32(e, NFTNL_EXPR_CONNLIMIT_COUNT, connections);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CONNLIMIT_FLAGS, NFT_CONNLIMIT_F_INV);
	return e;
}

/* What each element of a tally begins with. Zeroes are written out: the kernel tells them, and both are compared. */
static struct nftnl_expr *tally_state(const struct nft_tally_def *tally)
{
	struct nftnl_expr *e;

	if (!tally->rate) {
		e = expr_new("counter");
		nftnl_expr_set_u64(e, NFTNL_EXPR_CTR_PACKETS, 0);
		nftnl_expr_set_u64(e, NFTNL_EXPR_CTR_BYTES, 0);
		return e;
	}
	e = expr_new("limit");
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, tally->rate);
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, 1); /* second */
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_BURST, tally->burst);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
	return e;
}

struct nftnl_set *nft_skeleton_tally(const struct nft_skeleton *skeleton, const struct nft_tally_def *tally, uint32_t id)
{
	struct nftnl_set *set = must(nftnl_set_alloc());

	nftnl_set_set_str(set, NFTNL_SET_TABLE, NFT_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, tally->name);
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, skeleton->family);
	nftnl_set_set_u32(set, NFTNL_SET_ID, id);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_EVAL);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, TYPE_IFNAME);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, OBJ_IFNAME_SIZE);
	nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, NFT_TALLY_MAX);
	set_byteorder(set, true, false);
	if (!tally->connections)
		nftnl_set_set_data(set, NFTNL_SET_EXPR, tally_state(tally), 0);
	return set;
}

struct nftnl_chain *nft_skeleton_chain(const struct nft_skeleton *skeleton,
				       const struct nft_chain_def *def)
{
	struct nftnl_chain *chain = must(nftnl_chain_alloc());

	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, NFT_TABLE);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, def->name);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_FAMILY, skeleton->family);
	if (def->type) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, def->type);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, def->hook);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, def->priority);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, def->policy);
	}
	return chain;
}

/* The kernel tells a register that begins a 16-byte one by the latter's number; so do we, that texts agree. */
static uint32_t reg_number(unsigned reg)
{
	return reg % 4 ? NFT_REG32_00 + reg : NFT_REG_1 + reg / 4;
}

static struct nftnl_expr *expr_and(const struct nft_x *x)
{
	static const uint8_t zero[sizeof(x->bytes)];
	struct nftnl_expr *e = expr_new("bitwise");
	uint32_t len = x->len ? x->len : sizeof(x->number);

	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, reg_number(x->reg));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, reg_number(x->reg));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, x->len ? (const void *)x->bytes : &x->number,
		       len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, zero, len);
	return e;
}

static struct nftnl_expr *expr_cmp(const struct nft_x *x)
{
	struct nftnl_expr *e = expr_new("cmp");
	char name[OBJ_IFNAME_SIZE] = {0};

	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, reg_number(x->reg));
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, x->op);
	if (x->name) {
		memcpy(name, x->name, strlen(x->name));
		nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, name, sizeof(name));
	} else if (x->len) {
		nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, x->bytes, x->len);
	} else {
		nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, &x->number, sizeof(x->number));
	}
	return e;
}

static struct nftnl_expr *expr_lookup(const struct nft_x *x)
{
	const struct set_def *def = set_def_get(x->set);
	struct nftnl_expr *e = expr_new("lookup");

	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, reg_number(x->reg));
	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, def->name);
	if (def->data)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_DREG, reg_number(0));
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_FLAGS, x->op ? NFT_LOOKUP_F_INV : 0);
	return e;
}

static struct nftnl_expr *expr_dnat(const struct nft_x *x)
{
	struct nftnl_expr *e = expr_new("nat");
	uint32_t port = reg_number(x->key == NFPROTO_IPV4 ? 1 : 4);
	uint32_t last = reg_number(x->key == NFPROTO_IPV4 ? 2 : 5);

	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_FAMILY, x->key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_REG_ADDR_MIN, reg_number(0));
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_REG_ADDR_MAX, reg_number(0));
	if (x->op == DNAT_KEEP_PORT) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_FLAGS, NF_NAT_RANGE_MAP_IPS);
		return e;
	}
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_REG_PROTO_MIN, port);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_REG_PROTO_MAX, x->op == DNAT_SHIFT_PORT ? last : port);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_FLAGS,
			   NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED |
				   (x->op == DNAT_SHIFT_PORT ? NF_NAT_RANGE_PROTO_OFFSET : 0U));
	return e;
}

static struct nftnl_expr *expr_exthdr(const struct nft_x *x)
{
	struct nftnl_expr *e = expr_new("exthdr");

	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_DREG, reg_number(x->reg));
	nftnl_expr_set_u8(e, NFTNL_EXPR_EXTHDR_TYPE, (uint8_t)x->key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OFFSET, x->offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_LEN, x->len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_FLAGS, x->number);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_IPV6);
	return e;
}

static struct nftnl_expr *expr_hton16(const struct nft_x *x)
{
	struct nftnl_expr *e = expr_new("byteorder");

	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_SREG, reg_number(x->reg));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_DREG, reg_number(x->reg));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_LEN, sizeof(uint16_t));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_SIZE, sizeof(uint16_t));
	return e;
}

static struct nftnl_expr *expr_tcpopt(const struct nft_x *x)
{
	struct nftnl_expr *e = expr_new("exthdr");

	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_SREG, reg_number(x->reg));
	nftnl_expr_set_u8(e, NFTNL_EXPR_EXTHDR_TYPE, (uint8_t)x->key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OFFSET, x->offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_LEN, x->len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
	return e;
}

/* Simple loads: up to four numbers. */
static struct nftnl_expr *expr_numbers(const char *name, const uint16_t *attrs,
				       const uint32_t *values, size_t count)
{
	struct nftnl_expr *e = expr_new(name);

	for (size_t i = 0; i < count; i++)
		nftnl_expr_set_u32(e, attrs[i], values[i]);
	return e;
}

static struct nftnl_expr *expr_load(const struct nft_x *x)
{
	static const uint16_t meta[] = {NFTNL_EXPR_META_KEY, NFTNL_EXPR_META_DREG};
	static const uint16_t meta_set[] = {NFTNL_EXPR_META_KEY, NFTNL_EXPR_META_SREG};
	static const uint16_t ct[] = {NFTNL_EXPR_CT_KEY, NFTNL_EXPR_CT_DREG};
	static const uint16_t rt[] = {NFTNL_EXPR_RT_KEY, NFTNL_EXPR_RT_DREG};
	static const uint16_t fib[] = {NFTNL_EXPR_FIB_FLAGS, NFTNL_EXPR_FIB_DREG,
				       NFTNL_EXPR_FIB_RESULT};
	static const uint16_t payload[] = {NFTNL_EXPR_PAYLOAD_BASE, NFTNL_EXPR_PAYLOAD_DREG,
					   NFTNL_EXPR_PAYLOAD_OFFSET, NFTNL_EXPR_PAYLOAD_LEN};
	uint32_t reg = reg_number(x->reg);
	const uint32_t keyed[] = {x->key, reg, x->op};
	const uint32_t bytes[] = {x->op, reg, x->offset, x->len};

	if (x->kind == X_META)
		return expr_numbers("meta", meta, keyed, ARRAY_COUNT(meta));
	if (x->kind == X_META_SET)
		return expr_numbers("meta", meta_set, keyed, ARRAY_COUNT(meta_set));
	if (x->kind == X_CT)
		return expr_numbers("ct", ct, keyed, ARRAY_COUNT(ct));
	if (x->kind == X_RT)
		return expr_numbers("rt", rt, keyed, ARRAY_COUNT(rt));
	if (x->kind == X_FIB)
		return expr_numbers("fib", fib, keyed, ARRAY_COUNT(fib));
	return expr_numbers("payload", payload, bytes, ARRAY_COUNT(payload));
}

static struct nftnl_expr *expr_build(const struct nft_x *x)
{
	struct nftnl_expr *e;

	switch ((enum nft_x_kind)x->kind) {
	case X_META:
	case X_META_SET:
	case X_CT:
	case X_FIB:
	case X_PAYLOAD:
	case X_RT:
		return expr_load(x);
	case X_HTON16:
		return expr_hton16(x);
	case X_TCPOPT:
		return expr_tcpopt(x);
	case X_EXTHDR:
		return expr_exthdr(x);
	case X_AND:
		return expr_and(x);
	case X_CMP:
		return expr_cmp(x);
	case X_RANGE:
		e = expr_new("range");
		nftnl_expr_set_u32(e, NFTNL_EXPR_RANGE_SREG, reg_number(x->reg));
		nftnl_expr_set_u32(e, NFTNL_EXPR_RANGE_OP, NFT_RANGE_EQ);
		nftnl_expr_set(e, NFTNL_EXPR_RANGE_FROM_DATA, x->bytes, x->len);
		nftnl_expr_set(e, NFTNL_EXPR_RANGE_TO_DATA, x->bytes + 8, x->len);
		return e;
	case X_LOOKUP:
		return expr_lookup(x);
	case X_TALLY:
		/* what the elements hold is told by the set, but for connections: see struct nft_tally_def */
		e = expr_new("dynset");
		if (x->number)
			nftnl_expr_set(e, NFTNL_EXPR_DYNSET_EXPR, expr_connlimit(x->number), 0);
		nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
		nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, reg_number(x->reg));
		nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, x->name);
		return e;
	case X_VERDICT:
		e = expr_new("immediate");
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, (uint32_t)x->verdict);
		if (x->name)
			nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, x->name);
		return e;
	case X_FORWARD:
		e = expr_new("fwd");
		nftnl_expr_set_u32(e, NFTNL_EXPR_FWD_SREG_DEV, reg_number(x->reg));
		return e;
	case X_NUMBER:
		e = expr_new("immediate");
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, reg_number(x->reg));
		nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, &x->number, sizeof(x->number));
		return e;
	case X_DNAT:
		return expr_dnat(x);
	case X_MASQ:
		return expr_new("masq");
	case X_END:
		break;
	}
	abort();
}

static struct nftnl_rule *rule_new(uint8_t family, const char *chain, const struct nft_x *x)
{
	struct nftnl_rule *rule = must(nftnl_rule_alloc());

	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, family);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, NFT_TABLE);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
	for (; x->kind != X_END; x++)
		nftnl_rule_add_expr(rule, expr_build(x));
	return rule;
}

struct nftnl_rule *nft_skeleton_rule(const struct nft_skeleton *skeleton,
				     const struct nft_rule_def *rule)
{
	return rule_new(skeleton->family, rule->chain, rule->x);
}

struct nftnl_rule *nft_each_rule(const char *chain)
{
	static const struct nft_x x[] = {GOTO(NFT_PORT_CHAIN), {.kind = X_END}};

	return rule_new(NFPROTO_NETDEV, chain, x);
}

struct nftnl_rule *nft_redirect_rule(const char *chain, uint32_t to)
{
	const struct nft_x x[] = {NUMBER(0, to), FORWARD(0), {.kind = X_END}};

	return rule_new(NFPROTO_NETDEV, chain, x);
}

void nft_rule_text(struct nftnl_rule *rule, struct buf *text)
{
	struct nftnl_expr_iter *iter = must(nftnl_expr_iter_create(rule));
	struct nftnl_expr *e;

	while ((e = nftnl_expr_iter_next(iter))) {
		char line[512];
		const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);

		if (nftnl_expr_snprintf(line, sizeof(line), e, NFTNL_OUTPUT_DEFAULT, 0) < 0)
			line[0] = '\0';
		buf_printf(text, "  [ %s %s]\n", name, line);
	}
	nftnl_expr_iter_destroy(iter);
}

/* Fields in the order of enum elem_field, each padded with zeroes to 4 bytes. */
size_t nft_elem_pack(const struct obj_elem *elem, uint8_t family, unsigned fields,
		     uint8_t dst[NFT_ELEM_SIZE])
{
	size_t ip_bytes = family == 4 ? 4 : 16;
	uint16_t port_be = htons(elem->port), to_port_be = htons(elem->to_port);
	uint16_t to_last_be = htons(elem->to_last);
	const struct {
		unsigned field;
		const void *data;
		size_t size;
	} parts[] = {
		{ELEM_DEV, elem->dev, sizeof(elem->dev)},
		{ELEM_MAC, elem->mac.b, sizeof(elem->mac.b)},
		{ELEM_IP, elem->ip.b, ip_bytes},
		{ELEM_PROTO, &elem->proto, sizeof(elem->proto)},
		{ELEM_PORT, &port_be, sizeof(port_be)},
		{ELEM_TO_IP, elem->to_ip.b, ip_bytes},
		{ELEM_TO_PORT, &to_port_be, sizeof(to_port_be)},
		{ELEM_TO_LAST, &to_last_be, sizeof(to_last_be)},
		{ELEM_FAMILY, &elem->family, sizeof(elem->family)},
		{ELEM_MARK, &elem->mark, sizeof(elem->mark)},
		{ELEM_TO_MARK, &elem->to_mark, sizeof(elem->to_mark)},
	};
	size_t size = 0;

	memset(dst, 0, NFT_ELEM_SIZE);
	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		if (!(fields & parts[i].field))
			continue;
		memcpy(dst + size, parts[i].data, parts[i].size);
		/* a key of one field is no concatenation */
		size += fields == parts[i].field ? parts[i].size : (parts[i].size + 3) & ~(size_t)3;
	}
	return size;
}

bool nft_elem_unpack(const void *src, size_t size, uint8_t family, unsigned fields,
		     struct obj_elem *elem)
{
	size_t ip_bytes = family == 4 ? 4 : 16;
	uint16_t port_be = 0, to_port_be = 0, to_last_be = 0;
	const struct {
		unsigned field;
		void *data;
		size_t size;
	} parts[] = {
		{ELEM_DEV, elem->dev, sizeof(elem->dev)},
		{ELEM_MAC, elem->mac.b, sizeof(elem->mac.b)},
		{ELEM_IP, elem->ip.b, ip_bytes},
		{ELEM_PROTO, &elem->proto, sizeof(elem->proto)},
		{ELEM_PORT, &port_be, sizeof(port_be)},
		{ELEM_TO_IP, elem->to_ip.b, ip_bytes},
		{ELEM_TO_PORT, &to_port_be, sizeof(to_port_be)},
		{ELEM_TO_LAST, &to_last_be, sizeof(to_last_be)},
		{ELEM_FAMILY, &elem->family, sizeof(elem->family)},
		{ELEM_MARK, &elem->mark, sizeof(elem->mark)},
		{ELEM_TO_MARK, &elem->to_mark, sizeof(elem->to_mark)},
	};
	const uint8_t *p = src;
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		if (!(fields & parts[i].field))
			continue;
		if (used > size || size - used < parts[i].size)
			return false;
		memcpy(parts[i].data, p + used, parts[i].size);
		used += (parts[i].size + 3) & ~(size_t)3;
	}
	/* The kernel may leave the padding of the last field away. */
	if (used > ((size + 3) & ~(size_t)3) || size > used)
		return false;
	elem->dev[sizeof(elem->dev) - 1] = '\0';
	if (fields & ELEM_IP)
		elem->ip.family = family;
	if (fields & ELEM_TO_IP)
		elem->to_ip.family = family;
	if (fields & ELEM_PORT)
		elem->port = ntohs(port_be);
	if (fields & ELEM_TO_PORT)
		elem->to_port = ntohs(to_port_be);
	if (fields & ELEM_TO_LAST)
		elem->to_last = ntohs(to_last_be);
	return true;
}
