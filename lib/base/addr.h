/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * addr - IPv4 and IPv6 addresses, prefixes and MAC addresses as values.
 * Floor F0. All bytes in network order; all structs without padding holes, so
 * that they may be compared by memcmp() and carried in fixed-size records.
 */
#ifndef MOAT_BASE_ADDR_H
#define MOAT_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct ip - one address
 * @family: 4, 6, or 0 for "none" (then all zero)
 * @b: 4 or 16 bytes used, the rest zero
 */
struct ip {
	uint8_t family;
	uint8_t b[16];
};

/** struct prefix - an address with its prefix length: of a network (host bits 0) or of an interface */
struct prefix {
	struct ip ip;
	uint8_t len;
};

struct mac {
	uint8_t b[6];
};

enum {
	IP_STR_SIZE = 46,     /* INET6_ADDRSTRLEN */
	PREFIX_STR_SIZE = 50, /* "/128" more */
	MAC_STR_SIZE = 18,
};

/* Parsers are strict (inet_pton(3) forms only), fill *ret only on success; -EINVAL otherwise. */
int ip_parse(const char *s, struct ip *ret_ip);
const char *ip_print(const struct ip *ip, char dst[IP_STR_SIZE]); /* "" for none; returns dst */
int prefix_parse(const char *s, struct prefix *ret_prefix);	  /* "10.0.0.1/24": host bits kept */
const char *prefix_print(const struct prefix *prefix, char dst[PREFIX_STR_SIZE]);
int mac_parse(const char *s, struct mac *ret_mac); /* six pairs of hex digits with ':' */
const char *mac_print(const struct mac *mac, char dst[MAC_STR_SIZE]);

int ip_cmp(const struct ip *a, const struct ip *b); /* order: family, then numeric */
bool ip_is_none(const struct ip *ip);
bool ip_is_unspecified(const struct ip *ip);
bool ip_is_loopback(const struct ip *ip);
bool ip_is_multicast(const struct ip *ip);
bool ip_is_linklocal(const struct ip *ip);
size_t ip_size(const struct ip *ip);   /* 4, 16, or 0 */
uint8_t ip_bits(const struct ip *ip);  /* 32, 128, or 0 */
static inline uint32_t ip_mtu_min(uint8_t family) { return family == 6 ? 1280 : 68; } /* what every link must carry: RFC 8200, RFC 791 */
struct ip ip4_make(uint32_t host_order);
struct ip ip6_linklocal(const struct mac *mac); /* fe80::/64 with the modified EUI-64 of RFC 4291 appendix A */

/** ip_add() - @ip plus @n. Return: 0, or -ERANGE when it would wrap. */
int ip_add(const struct ip *ip, uint64_t n, struct ip *ret_ip);
/** ip_diff() - a - b for a >= b of one family, saturated at UINT64_MAX. */
uint64_t ip_diff(const struct ip *a, const struct ip *b);

bool prefix_contains(const struct prefix *prefix, const struct ip *ip);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
/** prefix_within() - is all of @inner in @outer? */
bool prefix_within(const struct prefix *inner, const struct prefix *outer);
/** prefix_is_private() - within 10/8, 172.16/12, 192.168/16 (RFC 1918) or fc00::/7 (RFC 4193) */
bool prefix_is_private(const struct prefix *prefix);
struct prefix prefix_network(const struct prefix *prefix); /* host bits cleared */
struct ip prefix_last(const struct prefix *prefix);	   /* all host bits set */
/** prefix_size() - number of addresses, saturated at UINT64_MAX. */
uint64_t prefix_size(const struct prefix *prefix);

bool mac_is_zero(const struct mac *mac);
bool mac_is_unicast(const struct mac *mac); /* not multicast, not zero */
struct mac mac_from_id(uint64_t id48);	    /* locally administered unicast, stable per id */

#endif
