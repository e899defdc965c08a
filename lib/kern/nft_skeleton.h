/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_skeleton - a ruleset as constant tables: chains, sets, tallies, rules of
 * small expression structs. Floor F2, private to lib/kern, pure.
 *
 * A rule is a row of expressions as nf_tables itself knows them: load something
 * into a register, compare it or look it up, give a verdict. Registers are
 * counted in units of 4 bytes from 0; a concatenation is loaded into registers
 * side by side, each field rounded up to 4 bytes (a name takes 4, a MAC 2).
 */
#ifndef MOAT_KERN_NFT_SKELETON_H
#define MOAT_KERN_NFT_SKELETON_H

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>

#include "lib/base/buf.h"
#include "lib/obj/obj.h"

struct nftnl_rule;
struct nftnl_table;
struct nftnl_set;
struct nftnl_chain;

enum nft_x_kind {
	X_END,
	X_META,    /* key -> reg */
	X_META_SET, /* reg -> key */
	X_PAYLOAD, /* base, offset, len -> reg */
	X_CT,      /* key -> reg */
	X_FIB,     /* result, flags -> reg */
	X_EXTHDR,  /* type, offset, len, flags -> reg */
	X_AND,     /* reg &= bytes */
	X_CMP,     /* reg against bytes, a host-order number, or a name */
	X_RANGE,   /* reg between bytes[0..len) and bytes[8..8+len) */
	X_LOOKUP,  /* reg in set; of a map: data -> reg 0 */
	X_TALLY,   /* name; reg holds the interface: its element, made at the first packet, counts or limits; number: connections */
	X_VERDICT, /* verdict, name of a chain */
	X_RT,      /* key -> reg, in host order */
	X_HTON16,  /* reg: two bytes turned */
	X_TCPOPT,  /* type, offset, len: written from reg */
	X_DNAT,    /* family, enum nft_dnat; address in reg 0, port behind it, last port behind that */
	X_MASQ,
	X_NUMBER,  /* number -> reg */
	X_FORWARD, /* the packet goes on by the device whose index is in reg */
};

enum nft_dnat {
	DNAT_PORT,       /* to this port */
	DNAT_KEEP_PORT,  /* the port stays */
	DNAT_SHIFT_PORT, /* to the first port plus the port modulo their number: see interval_valid() of lib/obj/valid.c */
};

struct nft_x {
	uint8_t kind; /* enum nft_x_kind */
	uint8_t reg;
	uint8_t op;  /* NFT_CMP_*; base of a payload; result of a fib; 1: inverted lookup; enum nft_dnat */
	uint8_t len; /* bytes */
	uint16_t offset;
	uint16_t set; /* enum nft_set */
	uint32_t key; /* of meta, ct, exthdr; flags of a fib */
	int32_t verdict;
	uint32_t number;
	const char *name;
	uint8_t bytes[16];
};

/* clang-format off */
/* The words rules are written in. R is a register. */
#define META(KEY, R)		   { .kind = X_META, .key = NFT_META_##KEY, .reg = (R) }
#define META_SET(KEY, R)	   { .kind = X_META_SET, .key = NFT_META_##KEY, .reg = (R) }
#define LINK_BYTES(OFF, LEN, R)	   { .kind = X_PAYLOAD, .op = NFT_PAYLOAD_LL_HEADER, .offset = (OFF), .len = (LEN), .reg = (R) }
#define NET_BYTES(OFF, LEN, R)	   { .kind = X_PAYLOAD, .op = NFT_PAYLOAD_NETWORK_HEADER, .offset = (OFF), .len = (LEN), .reg = (R) }
#define TRANS_BYTES(OFF, LEN, R)   { .kind = X_PAYLOAD, .op = NFT_PAYLOAD_TRANSPORT_HEADER, .offset = (OFF), .len = (LEN), .reg = (R) }
#define CT(KEY, R)		   { .kind = X_CT, .key = NFT_CT_##KEY, .reg = (R) }
#define FIB(RESULT, FLAGS, R)	   { .kind = X_FIB, .op = NFT_FIB_RESULT_##RESULT, .key = (FLAGS), .reg = (R) }
#define EXTHDR_EXISTS(TYPE, R)	   { .kind = X_EXTHDR, .key = (TYPE), .len = 1, .number = NFT_EXTHDR_F_PRESENT, .reg = (R) }
#define EXTHDR_BYTES(TYPE, OFF, LEN, R) { .kind = X_EXTHDR, .key = (TYPE), .offset = (OFF), .len = (LEN), .reg = (R) }
#define AND(R, LEN, ...)	   { .kind = X_AND, .reg = (R), .len = (LEN), .bytes = { __VA_ARGS__ } }
#define AND32(R, NUMBER)	   { .kind = X_AND, .reg = (R), .number = (NUMBER) }
#define IS(R, LEN, ...)		   { .kind = X_CMP, .op = NFT_CMP_EQ, .reg = (R), .len = (LEN), .bytes = { __VA_ARGS__ } }
#define IS_NOT(R, LEN, ...)	   { .kind = X_CMP, .op = NFT_CMP_NEQ, .reg = (R), .len = (LEN), .bytes = { __VA_ARGS__ } }
#define AT_MOST(R, LEN, ...)	   { .kind = X_CMP, .op = NFT_CMP_LTE, .reg = (R), .len = (LEN), .bytes = { __VA_ARGS__ } }
#define IS32(R, NUMBER)		   { .kind = X_CMP, .op = NFT_CMP_EQ, .reg = (R), .number = (NUMBER) }
#define IS_NOT32(R, NUMBER)	   { .kind = X_CMP, .op = NFT_CMP_NEQ, .reg = (R), .number = (NUMBER) }
#define IS_NAME(R, NAME)	   { .kind = X_CMP, .op = NFT_CMP_EQ, .reg = (R), .name = (NAME) }
#define IS_NOT_NAME(R, NAME)	   { .kind = X_CMP, .op = NFT_CMP_NEQ, .reg = (R), .name = (NAME) }
#define BYTE_BETWEEN(R, LOW, HIGH) { .kind = X_RANGE, .reg = (R), .len = 1, .bytes = { [0] = (LOW), [8] = (HIGH) } }
#define IN(SET, R)		   { .kind = X_LOOKUP, .set = (SET), .reg = (R) }
#define NOT_IN(SET, R)		   { .kind = X_LOOKUP, .set = (SET), .reg = (R), .op = 1 }
#define TALLY(NAME, R)		   { .kind = X_TALLY, .name = (NAME), .reg = (R) }
#define TALLY_OVER(NAME, R, N)	   { .kind = X_TALLY, .name = (NAME), .reg = (R), .number = (N) }
#define ACCEPT			   { .kind = X_VERDICT, .verdict = NF_ACCEPT }
#define DROP			   { .kind = X_VERDICT, .verdict = NF_DROP }
#define JUMP(CHAIN)		   { .kind = X_VERDICT, .verdict = NFT_JUMP, .name = (CHAIN) }
#define GOTO(CHAIN)		   { .kind = X_VERDICT, .verdict = NFT_GOTO, .name = (CHAIN) }
#define RT(KEY, R)		   { .kind = X_RT, .key = NFT_RT_##KEY, .reg = (R) }
#define HTON16(R)		   { .kind = X_HTON16, .reg = (R) }
#define TCPOPT_SET(TYPE, OFF, LEN, R) { .kind = X_TCPOPT, .key = (TYPE), .offset = (OFF), .len = (LEN), .reg = (R) }
#define DNAT(FAMILY)		   { .kind = X_DNAT, .key = (FAMILY) }
#define DNAT_KEEPING(FAMILY)	   { .kind = X_DNAT, .key = (FAMILY), .op = DNAT_KEEP_PORT }
#define DNAT_SHIFTING(FAMILY)	   { .kind = X_DNAT, .key = (FAMILY), .op = DNAT_SHIFT_PORT }
#define MASQUERADE		   { .kind = X_MASQ }
#define NUMBER(R, N)		   { .kind = X_NUMBER, .reg = (R), .number = (N) }
#define FORWARD(R)		   { .kind = X_FORWARD, .reg = (R) }
/* clang-format on */

/* Longer words. */
#define IPV4(R)      META(NFPROTO, R), IS(R, 1, NFPROTO_IPV4)
#define IPV6(R)      META(NFPROTO, R), IS(R, 1, NFPROTO_IPV6)
#define L4(R, PROTO) META(L4PROTO, R), IS(R, 1, PROTO)
#define CT_IS(BITS)  CT(STATE, 0), AND32(0, BITS), IS_NOT32(0, 0)
/*
 * Of a flow whose source was translated, which is done at the last hook: a packet of it passed them all before this one. Masqueraded,
 * it leaves by the device its first one left by, or the kernel forgets it (nf_nat_oif_changed(); tests/attack/unanswered.sh).
 */
#define CT_SNAT      CT(STATUS, 0), AND32(0, IPS_SRC_NAT), IS_NOT32(0, 0)
#define CT_DNAT      CT(STATUS, 0), AND32(0, IPS_DST_NAT), IS_NOT32(0, 0)
#define COUNT(NAME)  META(IIFNAME, 0), TALLY(NAME, 0)
/*
 * The segment size of a TCP connection that begins, either way, no larger than the routes to both of its ends let through
 * (the kernel only ever lowers it: nft_exthdr_tcp_set_eval()). An MSS of RFC 9293 is option 2, its value at byte 2.
 */
#define CLAMP_MSS L4(0, IPPROTO_TCP), TRANS_BYTES(13, 1, 0), AND(0, 1, 0x06 /* SYN, RST */), IS(0, 1, 0x02), \
	RT(TCPMSS, 0), HTON16(0), TCPOPT_SET(2, 2, 2, 0)
#define TO_LOCAL     FIB(ADDRTYPE, NFTA_FIB_F_DADDR, 0), IS32(0, 2 /* RTN_LOCAL */)
enum {
	NFT_CT_NEW = 8,       /* NF_CT_STATE_BIT() of new */
	NFT_CT_INVALID = 1,   /* NF_CT_STATE_INVALID_BIT */
	NFT_CT_KNOWN = 2 | 4, /* NF_CT_STATE_BIT() of established, related */
};

struct nft_rule_def {
	const char *chain;
	const struct nft_x *x; /* ends with X_END */
};
#define RULE(CHAIN, ...)                                                                       \
	{                                                                                      \
		(CHAIN), (const struct nft_x[])                                                \
		{                                                                              \
			__VA_ARGS__,                                                           \
			{                                                                      \
				.kind = X_END                                                  \
			}                                                                      \
		}                                                                              \
	}

/** struct nft_chain_def - a chain; with @type a base chain */
struct nft_chain_def {
	const char *name;
	const char *type; /* "filter", "nat", NULL */
	uint8_t hook;
	uint8_t policy; /* NF_ACCEPT, NF_DROP */
	int32_t priority;
	bool listed; /* only where devices are added to a standing chain */
};

/**
 * struct nft_tally_def - a set of interface names that packets themselves fill: each name has a state of its own
 * @rate, @burst: packets a second, and at once: TALLY() goes on to the rest of its rule only for what is beyond them;
 *   0: the state counts packets and bytes
 * @connections: TALLY_OVER(), with this very number, goes on only for packets of connections beyond so many that live ("ct
 *   count over"); the kernel removes elements without any. Here the rule bears the state, and the set none: of a set's the
 *   kernel gives the rule a copy that does not hold conntrack's hooks, and lets go of them when the rule ends all the same
 *   (nft_connlimit_clone() of net/netfilter/nft_connlimit.c; tests/platform/connlimit_clone.c). Each table that went would
 *   take the hooks from others, until nothing in the namespace was tracked or translated any more.
 *
 * Nobody pays for it but the packets that meet the rule, and attaching a port costs nothing. An element is made by a port
 * of ours alone and one a port, so that the kernel's memory for them is bounded; NFT_TALLY_MAX bounds it once more.
 */
struct nft_tally_def {
	const char *name;
	uint32_t rate, burst;
	uint32_t connections;
};

/** struct nft_skeleton - one version of one kind, whole; arrays end with a zero row */
struct nft_skeleton {
	enum ruleset_kind kind;
	uint16_t version;
	uint8_t family;   /* NFPROTO_* */
	const char *word; /* "guard", in the table's comment */
	const struct nft_chain_def *chains;
	const struct nft_rule_def *rules;
	const struct nft_tally_def *tallies;
};

#define NFT_TABLE       "moat"
#define NFT_PORT_CHAIN  "port"  /* the rules of a guarded port */
#define NFT_LIST_PREFIX "guard_" /* base chains that devices are added to: one for each last digit of their names */
#define NFT_EACH_PREFIX "p_"    /* base chain of one device, where they cannot */
#define NFT_REDIRECT_PREFIX "s_" /* base chain of one device whose packets go through an ifb */

enum {
	NFT_GUARD_PRIORITY = -500,
	/*
	 * Behind the guard: what an ifb gives back meets no ingress hook again (drivers/net/ifb.c sets tc_skip_classify,
	 * net/core/dev.c leaves out nf_ingress() then, and so too tc's own redirection, which comes before it).
	 */
	NFT_REDIRECT_PRIORITY = -400,
	NFT_F_OWNER = 0x2,
	NFT_F_PERSIST = 0x4, /* Debian 12's header does not know it yet */
	NFT_TALLY_MAX = 65536,
};

extern const struct nft_skeleton nft_ruleset_guard, nft_ruleset_host, nft_ruleset_router;

/** nft_skeleton_of() - what this build lays of a kind */
const struct nft_skeleton *nft_skeleton_of(unsigned kind);
/** nft_skeleton_get() - of a kind and version, NULL where this build has none */
const struct nft_skeleton *nft_skeleton_get(unsigned kind, unsigned version);
uint8_t nft_kind_family(enum ruleset_kind kind);

/* libnftnl's objects of a skeleton; the caller frees them. */
struct nftnl_table *nft_skeleton_table(const struct nft_skeleton *skeleton, bool owner,
				       bool listed);
struct nftnl_set *nft_skeleton_set(unsigned set);
/** nft_skeleton_tally() - @id: of the set in its transaction, apart from those of enum nft_set */
struct nftnl_set *nft_skeleton_tally(const struct nft_skeleton *skeleton, const struct nft_tally_def *tally, uint32_t id);
/** nft_set_flags() - NFT_SET_* of a set */
uint32_t nft_set_flags(const struct set_def *def);
struct nftnl_chain *nft_skeleton_chain(const struct nft_skeleton *skeleton,
				       const struct nft_chain_def *chain);
struct nftnl_rule *nft_skeleton_rule(const struct nft_skeleton *skeleton,
				     const struct nft_rule_def *rule);
/** nft_each_rule() - the one rule of a device's own base chain "p_DEV": on to the port's rules */
struct nftnl_rule *nft_each_rule(const char *chain);

/** nft_redirect_rule() - the one rule of a device's base chain "s_DEV": on by the device of index @to */
struct nftnl_rule *nft_redirect_rule(const char *chain, uint32_t to);

/** nft_rule_text() - the expressions of a rule, appended: what two rules are compared by */
void nft_rule_text(struct nftnl_rule *rule, struct buf *text);

/** nft_table_comment() - "moat guard 2 list": kind, version, how ports are bound */
void nft_table_comment(const struct nft_skeleton *skeleton, bool listed, struct buf *text);

/* Keys and data of elements as the kernel lays them out. */
enum { NFT_ELEM_SIZE = 64 };
/** nft_elem_pack() - the @fields (key or data of its set) of an element; Return: bytes */
size_t nft_elem_pack(const struct obj_elem *elem, uint8_t family, unsigned fields,
		     uint8_t dst[NFT_ELEM_SIZE]);
/** nft_elem_unpack() - the inverse. Return: false when @size does not fit. */
bool nft_elem_unpack(const void *src, size_t size, uint8_t family, unsigned fields,
		     struct obj_elem *elem);

#endif
