/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addr - arithmetic and text of addresses, prefixes and MACs. Floor F0. Asks no resolver, no kernel. */
#include "lib/base/addr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"

static_assert(sizeof(struct ip) == 17 && sizeof(struct prefix) == 18 && sizeof(struct mac) == 6,
	      "no padding: compared by memcmp(), carried in records");
static_assert((int)IP_STR_SIZE == INET6_ADDRSTRLEN, "room for the longest IPv6 text");

static bool bits_equal(const struct ip *a, const struct ip *b, size_t bits);
static void host_bits_fill(struct ip *ip, size_t len, bool value);
static int hex_digit(char c);

int ip_parse(const char *s, struct ip *ret_ip)
{
	struct ip ip = {0};

	if (!s)
		return -EINVAL;
	if (inet_pton(AF_INET, s, ip.b) == 1)
		ip.family = 4;
	else if (inet_pton(AF_INET6, s, ip.b) == 1)
		ip.family = 6;
	else
		return -EINVAL;
	*ret_ip = ip;
	return 0;
}

const char *ip_print(const struct ip *ip, char dst[IP_STR_SIZE])
{
	dst[0] = '\0';
	if (ip->family == 4)
		inet_ntop(AF_INET, ip->b, dst, IP_STR_SIZE);
	else if (ip->family == 6)
		inet_ntop(AF_INET6, ip->b, dst, IP_STR_SIZE);
	return dst;
}

int prefix_parse(const char *s, struct prefix *ret_prefix)
{
	const char *slash = s ? strchr(s, '/') : NULL;
	char text[IP_STR_SIZE];
	struct prefix prefix = {0};
	uint64_t len;

	if (!slash || (size_t)(slash - s) >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, (size_t)(slash - s));
	text[slash - s] = '\0';
	if (ip_parse(text, &prefix.ip) < 0 || str_u64(slash + 1, ip_bits(&prefix.ip), &len) < 0)
		return -EINVAL;
	prefix.len = (uint8_t)len;
	*ret_prefix = prefix;
	return 0;
}

const char *prefix_print(const struct prefix *prefix, char dst[PREFIX_STR_SIZE])
{
	char text[IP_STR_SIZE];

	dst[0] = '\0';
	if (!ip_is_none(&prefix->ip))
		snprintf(dst, PREFIX_STR_SIZE, "%s/%u", ip_print(&prefix->ip, text),
			 (unsigned)prefix->len);
	return dst;
}

int mac_parse(const char *s, struct mac *ret_mac)
{
	struct mac mac;

	if (!s || strnlen(s, MAC_STR_SIZE) != MAC_STR_SIZE - 1)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(mac.b); i++) {
		int high = hex_digit(s[3 * i]), low = hex_digit(s[3 * i + 1]);

		if (high < 0 || low < 0 || s[3 * i + 2] != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		mac.b[i] = (uint8_t)(high << 4 | low);
	}
	*ret_mac = mac;
	return 0;
}

const char *mac_print(const struct mac *mac, char dst[MAC_STR_SIZE])
{
	snprintf(dst, MAC_STR_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", (unsigned)mac->b[0],
		 (unsigned)mac->b[1], (unsigned)mac->b[2], (unsigned)mac->b[3],
		 (unsigned)mac->b[4], (unsigned)mac->b[5]);
	return dst;
}

int ip_cmp(const struct ip *a, const struct ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool ip_is_none(const struct ip *ip)
{
	return ip->family == 0;
}

bool ip_is_unspecified(const struct ip *ip)
{
	static const uint8_t zero[16];

	return !ip_is_none(ip) && memcmp(ip->b, zero, ip_size(ip)) == 0;
}

bool ip_is_loopback(const struct ip *ip)
{
	static const struct ip one = {.family = 6, .b[15] = 1};

	if (ip->family == 4)
		return ip->b[0] == 127;
	return ip_cmp(ip, &one) == 0;
}

bool ip_is_multicast(const struct ip *ip)
{
	if (ip->family == 4)
		return (ip->b[0] & 0xf0) == 0xe0;
	return ip->family == 6 && ip->b[0] == 0xff;
}

bool ip_is_linklocal(const struct ip *ip)
{
	if (ip->family == 4)
		return ip->b[0] == 169 && ip->b[1] == 254;
	return ip->family == 6 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

size_t ip_size(const struct ip *ip)
{
	return ip->family == 4 ? 4 : ip->family == 6 ? 16 : 0;
}

uint8_t ip_bits(const struct ip *ip)
{
	return (uint8_t)(8 * ip_size(ip));
}

struct ip ip4_make(uint32_t host_order)
{
	return (struct ip){
		.family = 4,
		.b = {(uint8_t)(host_order >> 24), (uint8_t)(host_order >> 16),
		      (uint8_t)(host_order >> 8), (uint8_t)host_order},
	};
}

struct ip ip6_linklocal(const struct mac *mac)
{
	return (struct ip){
		.family = 6,
		.b = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, (uint8_t)(mac->b[0] ^ 0x02), mac->b[1],
		      mac->b[2], 0xff, 0xfe, mac->b[3], mac->b[4], mac->b[5]},
	};
}

int ip_add(const struct ip *ip, uint64_t n, struct ip *ret_ip)
{
	struct ip sum = *ip;
	unsigned carry = 0;

	for (size_t i = ip_size(ip); i-- > 0; n >>= 8) {
		carry += (unsigned)sum.b[i] + (unsigned)(n & 0xff);
		sum.b[i] = (uint8_t)carry;
		carry >>= 8;
	}
	if (carry > 0 || n > 0)
		return -ERANGE;
	*ret_ip = sum;
	return 0;
}

uint64_t ip_diff(const struct ip *a, const struct ip *b)
{
	uint8_t diff[16] = {0};
	size_t size = ip_size(a), first = size > 8 ? size - 8 : 0;
	int borrow = 0;
	uint64_t n = 0;

	assert(a->family == b->family && ip_cmp(a, b) >= 0);
	for (size_t i = size; i-- > 0;) {
		borrow = a->b[i] - b->b[i] - borrow;
		diff[i] = (uint8_t)borrow;
		borrow = borrow < 0;
	}
	for (size_t i = 0; i < first; i++)
		if (diff[i])
			return UINT64_MAX;
	for (size_t i = first; i < size; i++)
		n = n << 8 | diff[i];
	return n;
}

bool prefix_contains(const struct prefix *prefix, const struct ip *ip)
{
	return !ip_is_none(ip) && prefix->len <= ip_bits(ip) &&
	       bits_equal(&prefix->ip, ip, prefix->len);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return a->len < b->len ? prefix_contains(a, &b->ip) : prefix_contains(b, &a->ip);
}

bool prefix_within(const struct prefix *inner, const struct prefix *outer)
{
	return inner->len >= outer->len && prefix_contains(outer, &inner->ip);
}

bool prefix_is_private(const struct prefix *prefix)
{
	static const struct prefix ranges[] = {
		{.ip = {.family = 4, .b = {10}}, .len = 8},
		{.ip = {.family = 4, .b = {172, 16}}, .len = 12},
		{.ip = {.family = 4, .b = {192, 168}}, .len = 16},
		{.ip = {.family = 6, .b = {0xfc}}, .len = 7},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (prefix_within(prefix, &ranges[i]))
			return true;
	return false;
}

struct prefix prefix_network(const struct prefix *prefix)
{
	struct prefix network = *prefix;

	host_bits_fill(&network.ip, network.len, false);
	return network;
}

struct ip prefix_last(const struct prefix *prefix)
{
	struct ip ip = prefix->ip;

	host_bits_fill(&ip, prefix->len, true);
	return ip;
}

uint64_t prefix_size(const struct prefix *prefix)
{
	unsigned bits = ip_bits(&prefix->ip);

	if (bits == 0)
		return 0;
	if (prefix->len >= bits)
		return 1;
	bits -= prefix->len;
	return bits >= 64 ? UINT64_MAX : UINT64_C(1) << bits;
}

bool mac_is_zero(const struct mac *mac)
{
	static const struct mac zero;

	return memcmp(mac, &zero, sizeof(zero)) == 0;
}

bool mac_is_unicast(const struct mac *mac)
{
	return !(mac->b[0] & 0x01) && !mac_is_zero(mac);
}

struct mac mac_from_id(uint64_t id48)
{
	struct mac mac;

	for (size_t i = 0; i < sizeof(mac.b); i++)
		mac.b[i] = (uint8_t)(id48 >> (40 - 8 * i));
	mac.b[0] = (uint8_t)((mac.b[0] & ~0x01U) | 0x02);
	return mac;
}

static bool bits_equal(const struct ip *a, const struct ip *b, size_t bits)
{
	unsigned rest = bits % 8;

	if (a->family != b->family || memcmp(a->b, b->b, bits / 8) != 0)
		return false;
	return rest == 0 || ((a->b[bits / 8] ^ b->b[bits / 8]) >> (8 - rest)) == 0;
}

static void host_bits_fill(struct ip *ip, size_t len, bool value)
{
	for (size_t i = len; i < ip_bits(ip); i++) {
		uint8_t bit = (uint8_t)(0x80U >> i % 8);

		if (value)
			ip->b[i / 8] |= bit;
		else
			ip->b[i / 8] &= (uint8_t)~bit;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
