/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names - what one tenant's names are: networks, hosts on them, addresses.
 * Floor F4, pure: no message, no socket.
 *
 * Names are kept folded to lower case. A host is one endpoint under the name
 * of its stack; a stack with several endpoints is several hosts of one name.
 * An endpoint may have aliases beside it, of which several may have the same; a stack's own name is never another's alias.
 * All kinds of name may hold dots, so NAME.NETWORK is looked for at every dot.
 *
 * What is a tenant's own, and so never asked elsewhere:
 *   - every name of one label (names of hosts; there is no other use for them);
 *   - every name that ends in ".NETWORK" of one of its networks;
 *   - the addresses in its networks' subnets, backwards (PTR).
 */
#ifndef MOAT_DNS_NAMES_H
#define MOAT_DNS_NAMES_H

#include "lib/base/addr.h"
#include "lib/base/ds.h"
#include "netd/seam/dnsrec.h"

enum {
	NAMES_ANSWERS_MAX = 64, /* addresses in one answer */
	NAMES_ALIASES_MAX = 64, /* of one host; the engine has fewer */
	NAMES_TEXT_SIZE = 256,	/* a whole name as text: RFC 1035, 2.3.4, less than 255 */
};

struct name_net {
	uint64_t id;
	char name[DNSREC_NAME_SIZE]; /* folded */
	uint16_t flags;		     /* enum dnsrec_flag */
	struct ip subnet[DNSREC_PREFIXES_MAX];
	uint8_t len[DNSREC_PREFIXES_MAX], subnet_count;
};

struct name_host {
	uint64_t id, network;
	char name[DNSREC_NAME_SIZE]; /* folded */
	struct ip ip[DNSREC_IPS_MAX], link;
	uint8_t ip_count;
	struct list same; /* hosts of one name */
	struct list aliases;
	uint32_t outstanding, connections; /* kept for forward.c and tcp.c */
};

/** struct names - of one tenant; zero initialised is empty */
struct names {
	struct table networks, network_names, hosts, host_names, addresses;
};

enum names_verdict {
	NAMES_OTHER,  /* not ours: ask elsewhere */
	NAMES_FOUND,  /* there are answers */
	NAMES_NODATA, /* the name exists, and has nothing of that family */
	NAMES_NONE,   /* ours to know, and it does not exist */
};

/** struct names_answer - addresses (of a name), or a name (of an address) */
struct names_answer {
	struct ip ip[NAMES_ANSWERS_MAX];
	size_t count;
	char name[2 * DNSREC_NAME_SIZE];
};

void names_fini(struct names *names);

/* Records of the engine, which dnsrec_valid() has passed: a network or host of that id is replaced. */
void names_network(struct names *names, const struct dnsrec *rec);
void names_network_gone(struct names *names, uint64_t id);
void names_host(struct names *names, const struct dnsrec *rec);
/** names_alias() - a host that is not there has none; nor has one more than NAMES_ALIASES_MAX */
void names_alias(struct names *names, const struct dnsrec *rec);
void names_host_gone(struct names *names, uint64_t id);

const struct name_net *names_network_find(const struct names *names, uint64_t id);
/** names_asker() - whose address it is: an endpoint's own, or its link-local one. NULL for nobody's. */
struct name_host *names_asker(const struct names *names, const struct ip *ip);
struct name_host *names_host_find(const struct names *names, uint64_t id);

/**
 * names_lookup() - addresses of a name
 * @name: folded, without the final dot; a host's own names win over NAME.NETWORK
 * @network: where the asker is: of a host on several networks its address there, where it has one; else all
 * @families: 4, 6, or 10 for both
 * Cost: two look-ups a dot.
 */
enum names_verdict names_lookup(const struct names *names, const char *name, uint64_t network, int families,
				struct names_answer *ret_answer);

/** names_reverse() - the name of an address: NAME.NETWORK */
enum names_verdict names_reverse(const struct names *names, const struct ip *ip, struct names_answer *ret_answer);

/** names_reverse_parse() - "1.0.0.10.in-addr.arpa", or 32 nibbles of ip6.arpa: whole addresses only. */
bool names_reverse_parse(const char *name, struct ip *ret_ip);

#endif
