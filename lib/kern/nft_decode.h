/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_decode - raw nftables dumps to objects. Floor F2, pure: no socket; what
 * the engine may link. It reads bytes a kernel wrote and survives any others.
 */
#ifndef MOAT_KERN_NFT_DECODE_H
#define MOAT_KERN_NFT_DECODE_H

#include "lib/obj/obj.h"

/**
 * nft_decode() - append OBJ_RULESET, OBJ_ELEM, OBJ_PORT, OBJ_REDIRECT of @ns from an nft_dump()
 * A ruleset whose table stands is shown with the version in its user data and digest 1 iff every chain (with hook,
 * priority, policy), set, counter and rule of that version stands as laid, none more and none less.
 * Return: 0, or -EBADMSG with @err.
 */
int nft_decode(const void *data, size_t size, uint64_t ns, struct objv *objs, struct err *err);

/** enum nft_tool - whose table it looks like, by its chains */
enum nft_tool { NFT_TOOL_NFT, NFT_TOOL_IPTABLES, NFT_TOOL_DOCKER, NFT_TOOL_UFW, NFT_TOOL_FIREWALLD };

/**
 * struct nft_base_chain - for doctor: a chain that sees packets and is not ours
 * @drops: its policy is drop, or one of its own rules drops or rejects whatever comes so far
 * @knows_in, @knows_out: a rule of its table matches what comes in, or goes out, by our uplinks ("mu*")
 */
struct nft_base_chain {
	char table[64], name[64], type[16];
	uint8_t family; /* NFPROTO_* */
	uint8_t hook;
	uint8_t tool; /* enum nft_tool */
	bool drops, knows_in, knows_out;
	int32_t priority;
};
/** nft_list_base_chains() - from nft_dump_foreign(), ours left out. Return: number and malloc'ed array, or -EBADMSG. */
int nft_list_base_chains(const void *data, size_t size, struct nft_base_chain **ret_chains);

/** struct nft_counter - what the guard dropped of one port for one reason */
struct nft_counter {
	const char *reason; /* static */
	char dev[OBJ_IFNAME_SIZE];
	uint64_t packets, bytes;
};
/** nft_list_counters() - from nft_dump_counters(). Return: number and malloc'ed array, or -EBADMSG. */
int nft_list_counters(const void *data, size_t size, struct nft_counter **ret_counters);
/** nft_counter_reason() - the reasons there are: mac_spoofed, ip_spoofed, arp_spoofed ...; NULL behind the last */
const char *nft_counter_reason(size_t index);

/**
 * nft_event_foreign() - does a message of the monitor tell that somebody else changed a table of ours (named "moat")?
 * @portid: netlink port of our own changes; what the kernel does by itself (port 0: a chain that goes with its device)
 * does not count either.
 */
bool nft_event_foreign(const void *data, size_t size, uint32_t portid);

#endif
