/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * addressing - automatic addresses. Floor F5, pure.
 *
 * Each node has a block of IPv4 addresses inside 10.0.0.0/8, a power of two
 * large, aligned to its size:
 *
 *   +0  nobody's
 *   +1  the node's loopback, /32
 *   +2  +3   first link that is numbered from here, /31
 *   +4  +5   second one ...
 *
 * A link is numbered from the end that numbers fewer links yet; that end has
 * the even address. So one route to a node's block reaches its loopback, and
 * both addresses of its links: what goes to the far one passes the node, or
 * ends before it, at the far one. Whatever address a node's packets bear,
 * answers come back.
 *
 * IPv6 is the same picture: fd6d:6f61:7400::/96 with the IPv4 address in the
 * last four bytes (10.0.0.1 is fd6d:6f61:7400::a00:1), lengths larger by 96.
 *
 * Blocks are handed out in the order of a depth-first walk from the first node
 * of the file, so that what lies behind one link is near in numbers too, and
 * routes to it can be merged; each part that no link joins to the others has a prefix of its own.
 * Equal files give equal addresses.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "runner/cli/lab/lab.h"

#define POOL_FIRST 0x0a000000u /* 10.0.0.0/8: private (RFC 1918) */
#define POOL_SIZE  0x01000000u

/* The unique local prefix (RFC 4193) fd6d:6f61:7400::/48: "moat" in ASCII. */
static const uint8_t pool6[12] = {0xfd, 0x6d, 0x6f, 0x61, 0x74};

/** struct half - one end of a link in the list of its node; @link in the order of the file */
struct half {
	uint32_t peer, link;
};

/** struct walk - the graph as arrays: halves of node i are at first[i] .. first[i + 1] */
struct walk {
	size_t *first;
	struct half *halves;
	uint32_t *order; /* nodes in depth-first order */
	bool *begins; /* at this place of the order a part of the lab begins that no link joins to others */
	uint32_t *owned; /* links numbered from each node */
	uint8_t *owner;  /* which end of each link numbers it */
};

static void walk_make(const struct lab *lab, struct walk *walk);
static void walk_fini(struct walk *walk);
static void walk_order(const struct lab *lab, struct walk *walk);
static void choose_owners(const struct lab *lab, struct walk *walk);
static uint64_t block_size(uint32_t owned);
static uint64_t part_size(const struct lab *lab, const struct walk *walk, size_t begin);
static uint64_t align(uint64_t at, uint64_t size);
static struct prefix prefix4(uint32_t address, uint8_t len);
static struct prefix prefix6(uint32_t address, uint8_t len);

int lab_address(struct lab *lab, struct err *err)
{
	uint32_t *next = mem_array(lab->node_count, sizeof(*next));
	struct walk walk;
	uint64_t at = 0;
	int rc = 0;

	walk_make(lab, &walk);
	walk_order(lab, &walk);
	choose_owners(lab, &walk);
	for (size_t i = 0; i < lab->node_count; i++) {
		struct lab_node *node = &lab->nodes[walk.order[i]];
		uint64_t size = block_size(walk.owned[walk.order[i]]);
		uint8_t len = (uint8_t)(32 - __builtin_ctzll(size));
		uint32_t first;

		if (walk.begins[i])
			at = align(at, part_size(lab, &walk, i));
		at = align(at, size);
		if (at + size > POOL_SIZE) {
			rc = lab_fail(lab, node->pos, err, ERR_LIMIT,
				      "node %s: 10.0.0.0/8 has no address left", node->name);
			goto out;
		}
		first = POOL_FIRST + (uint32_t)at;
		node->block4 = prefix4(first, len);
		node->block6 = prefix6(first, len);
		node->loopback4 = prefix4(first + 1, 32);
		node->loopback6 = prefix6(first + 1, 32);
		next[walk.order[i]] = first + 2;
		at += size;
	}
	for (size_t i = 0; i < lab->link_count; i++) {
		struct lab_link *link = &lab->links[i];
		struct lab_end *near = &link->end[walk.owner[i]],
			       *far = &link->end[!walk.owner[i]];
		uint32_t address = next[near->node];

		next[near->node] += 2;
		near->ip4 = prefix4(address, 31);
		near->ip6 = prefix6(address, 31);
		far->ip4 = prefix4(address + 1, 31);
		far->ip6 = prefix6(address + 1, 31);
	}
out:
	walk_fini(&walk);
	free(next);
	return rc;
}

static void walk_make(const struct lab *lab, struct walk *walk)
{
	size_t *fill = mem_array(lab->node_count + 1, sizeof(*fill));

	walk->first = mem_array(lab->node_count + 1, sizeof(*walk->first));
	walk->halves = mem_array(2 * lab->link_count, sizeof(*walk->halves));
	walk->order = mem_array(lab->node_count, sizeof(*walk->order));
	walk->begins = mem_array(lab->node_count, sizeof(*walk->begins));
	walk->owned = mem_array(lab->node_count, sizeof(*walk->owned));
	walk->owner = mem_array(lab->link_count, sizeof(*walk->owner));
	for (size_t i = 0; i < lab->node_count; i++)
		fill[i + 1] = walk->first[i + 1] = walk->first[i] + lab->nodes[i].link_count;
	for (uint32_t i = 0; i < lab->link_count; i++) {
		for (size_t e = 0; e < 2; e++) {
			uint32_t node = lab->links[i].end[e].node;

			walk->halves[fill[node]++] =
				(struct half){.peer = lab->links[i].end[!e].node, .link = i};
		}
	}
	free(fill);
}

static void walk_fini(struct walk *walk)
{
	free(walk->first);
	free(walk->halves);
	free(walk->order);
	free(walk->begins);
	free(walk->owned);
	free(walk->owner);
}

static void walk_order(const struct lab *lab, struct walk *walk)
{
	uint32_t *stack = mem_array(lab->node_count, sizeof(*stack));
	size_t *at = mem_array(lab->node_count, sizeof(*at)); /* next half to follow */
	bool *seen = mem_array(lab->node_count, sizeof(*seen));
	size_t depth, count = 0;

	for (uint32_t root = 0; root < lab->node_count; root++) {
		if (seen[root])
			continue;
		seen[root] = true;
		walk->begins[count] = true;
		walk->order[count++] = root;
		stack[0] = root;
		depth = 1;
		while (depth) {
			uint32_t node = stack[depth - 1], peer;

			if (walk->first[node] + at[node] == walk->first[node + 1]) {
				depth--;
				continue;
			}
			peer = walk->halves[walk->first[node] + at[node]++].peer;
			if (seen[peer])
				continue;
			seen[peer] = true;
			walk->order[count++] = peer;
			stack[depth++] = peer;
		}
	}
	assert(count == lab->node_count);
	free(stack);
	free(at);
	free(seen);
}

static void choose_owners(const struct lab *lab, struct walk *walk)
{
	for (size_t i = 0; i < lab->link_count; i++) {
		const struct lab_link *link = &lab->links[i];

		walk->owner[i] =
			walk->owned[link->end[1].node] < walk->owned[link->end[0].node];
		walk->owned[link->end[walk->owner[i]].node]++;
	}
}

static uint64_t block_size(uint32_t owned)
{
	uint64_t size = 2;

	while (size < 2 + 2 * (uint64_t)owned)
		size *= 2;
	return size;
}

static uint64_t part_size(const struct lab *lab, const struct walk *walk, size_t begin)
{
	uint64_t end = 0, size = 2;

	for (size_t i = begin; i < lab->node_count && (i == begin || !walk->begins[i]); i++) {
		uint64_t block = block_size(walk->owned[walk->order[i]]);

		end = align(end, block) + block;
	}
	while (size < end)
		size *= 2;
	return size;
}

static uint64_t align(uint64_t at, uint64_t size)
{
	return (at + size - 1) & ~(size - 1);
}

static struct prefix prefix4(uint32_t address, uint8_t len)
{
	return (struct prefix){.ip = ip4_make(address), .len = len};
}

static struct prefix prefix6(uint32_t address, uint8_t len)
{
	struct prefix prefix = {.ip.family = 6, .len = (uint8_t)(len + 96)};
	struct ip ip4 = ip4_make(address);

	memcpy(prefix.ip.b, pool6, sizeof(pool6));
	memcpy(prefix.ip.b + sizeof(pool6), ip4.b, 4);
	return prefix;
}
