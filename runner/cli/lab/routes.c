/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routes - shortest-path static routes. Floor F5, pure.
 *
 * A destination is a prefix and the nodes that hold it: a node's block where
 * addresses are automatic, else each link's subnet with both its ends. From
 * every destination a breadth-first walk gives each node its distance in hops;
 * a node's next hop is over the first link of the file that leads to a node
 * one hop nearer. Each hop is nearer, so there is no loop, and whichever end
 * of a subnet is reached first delivers over the link itself.
 *
 * Up to LAB_ROUTES_PLAIN_MAX routes in a lab each destination is a route of its
 * own. Above, each node's table is the smallest one that forwards every
 * destination alike (R. Draves et al., "Constructing Optimal IP Routing
 * Tables", IEEE INFOCOM 1999): a trie over the destinations; upwards, each
 * vertex keeps the next hops that suit both children, or else those that suit
 * either; downwards, a vertex that does not have the next hop it inherits gets
 * a route. What a node is connected to itself suits any next hop, since the
 * kernel has a longer prefix for it. Addresses that no node of that part
 * of the lab has may then be forwarded until their TTL ends.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "runner/cli/lab/lab.h"

enum {
	NODE_ROUTES_MAX = 16384, /* of one node: STACK_ROUTES_MAX of lib/model/model.h */
	NO_HOP = UINT16_MAX,     /* in hops: connected, or not to be reached */
};

/** struct hop - one usable link of a node: over it, @via is the neighbour @peer */
struct hop {
	uint32_t peer;
	struct ip via;
};

/** struct dest - @owner: nodes that hold it, one or two */
struct dest {
	struct prefix prefix;
	uint32_t owner[2];
	size_t owner_count;
	struct lab_pos pos;
	uint32_t component;
};

/**
 * struct net - the lab as one family sees it
 * @first, @hops: those of node i are at first[i] .. first[i + 1], in the order of the file
 * @component: of each node
 * @choice: [dest * node_count + node]: index of the hop among the node's, or NO_HOP
 */
struct net {
	const struct lab *lab;
	uint8_t family;
	size_t *first;
	struct hop *hops;
	uint32_t *component;
	uint32_t component_count;
	size_t *component_size;
	struct dest *dests;
	size_t dest_count;
	uint16_t *choice;
};

/** struct vertex - of the trie without chains: two children, or none and a destination. Children stand before parents. */
struct vertex {
	struct prefix prefix;
	size_t child[2];
	size_t dest;
	bool leaf;
};

struct trie {
	struct vertex *vertices;
	size_t count;
};

static void net_init(struct net *net, const struct lab *lab, uint8_t family);
static void net_fini(struct net *net);
static void net_components(struct net *net);
static int net_dests(struct net *net, struct err *err);
static int dests_check(struct net *net, struct err *err);
static size_t net_plain_count(const struct net *net);
static int net_choose(struct net *net, struct err *err);
static void choose_for(struct net *net, size_t dest, uint32_t *distance, uint32_t *queue);
static void routes_plain(struct lab *lab, const struct net *net);
static void routes_merged(struct lab *lab, const struct net *net);
static void merge_node(struct lab *lab, const struct net *net, const struct trie *trie,
		       uint32_t node);
static size_t trie_build(struct trie *trie, const struct dest *dests, const size_t *sorted,
			 size_t count);
static void route_add(struct lab_node *node, const struct prefix *dst, const struct ip *via);
static const struct prefix *end_ip(const struct lab_end *end, uint8_t family);
static bool link_usable(const struct lab_link *link, uint8_t family);
static bool ip_bit(const struct ip *ip, size_t bit);
static int dest_cmp(const void *a, const void *b, void *ctx);

int lab_routes(struct lab *lab, struct err *err)
{
	struct net nets[2];
	size_t plain;
	int rc = 0;

	net_init(&nets[0], lab, 4);
	net_init(&nets[1], lab, 6);
	for (size_t i = 0; i < 2 && !rc; i++)
		rc = net_dests(&nets[i], err);
	plain = rc ? 0 : net_plain_count(&nets[0]) + net_plain_count(&nets[1]);
	lab->merged = plain > LAB_ROUTES_PLAIN_MAX;
	for (size_t i = 0; i < 2 && !rc; i++) {
		rc = net_choose(&nets[i], err);
		if (rc)
			break;
		if (lab->merged)
			routes_merged(lab, &nets[i]);
		else
			routes_plain(lab, &nets[i]);
		free(nets[i].choice);
		nets[i].choice = NULL;
	}
	if (!rc && nets[0].component_count > 1 && (lab->automatic || nets[0].dest_count))
		lab_note(lab,
			 "the nodes fall into %u parts that no link joins: routes stay inside "
			 "each",
			 (unsigned)nets[0].component_count);
	net_fini(&nets[0]);
	net_fini(&nets[1]);
	if (!rc && lab_route_count(lab) > LAB_ROUTES_MAX)
		rc = lab_fail(
			lab, (struct lab_pos){0}, err, ERR_LIMIT,
			"%zu static routes (%zu before merging) are more than the %d of a lab",
			lab_route_count(lab), plain, (int)LAB_ROUTES_MAX);
	for (size_t i = 0; i < lab->node_count && !rc; i++)
		if (lab->nodes[i].route_count > NODE_ROUTES_MAX)
			rc = lab_fail(lab, lab->nodes[i].pos, err, ERR_LIMIT,
				      "node %s: %zu static routes are more than %d",
				      lab->nodes[i].name, lab->nodes[i].route_count,
				      (int)NODE_ROUTES_MAX);
	if (!rc && lab->merged)
		lab_note(lab,
			 "%zu static routes instead of %zu: those with one next hop are merged",
			 lab_route_count(lab), plain);
	return rc;
}

/* -------------------------------------------------------------------- graph */

static void net_init(struct net *net, const struct lab *lab, uint8_t family)
{
	size_t *fill = mem_array(lab->node_count + 1, sizeof(*fill));
	size_t total = 0;

	*net = (struct net){.lab = lab, .family = family};
	net->first = mem_array(lab->node_count + 1, sizeof(*net->first));
	for (size_t i = 0; i < lab->link_count; i++) {
		if (!link_usable(&lab->links[i], family))
			continue;
		total += 2;
		for (size_t e = 0; e < 2; e++)
			net->first[lab->links[i].end[e].node + 1]++;
	}
	for (size_t i = 0; i < lab->node_count; i++) {
		net->first[i + 1] += net->first[i];
		fill[i + 1] = net->first[i + 1];
	}
	net->hops = mem_array(total, sizeof(*net->hops));
	for (size_t i = 0; i < lab->link_count; i++) {
		if (!link_usable(&lab->links[i], family))
			continue;
		for (size_t e = 0; e < 2; e++) {
			const struct lab_end *end = &lab->links[i].end[e],
					     *peer = &lab->links[i].end[!e];

			net->hops[fill[end->node]++] = (struct hop){
				.peer = peer->node, .via = end_ip(peer, family)->ip};
		}
	}
	free(fill);
	net_components(net);
}

static void net_fini(struct net *net)
{
	free(net->first);
	free(net->hops);
	free(net->component);
	free(net->component_size);
	free(net->dests);
	free(net->choice);
}

static void net_components(struct net *net)
{
	size_t count = net->lab->node_count;
	uint32_t *queue = mem_array(count, sizeof(*queue));

	net->component = mem_array(count, sizeof(*net->component));
	net->component_size = mem_array(count, sizeof(*net->component_size));
	for (size_t i = 0; i < count; i++)
		net->component[i] = UINT32_MAX;
	for (uint32_t root = 0; root < count; root++) {
		size_t head = 0, tail = 0;

		if (net->component[root] != UINT32_MAX)
			continue;
		net->component[root] = net->component_count;
		queue[tail++] = root;
		while (head < tail) {
			uint32_t node = queue[head++];

			for (size_t h = net->first[node]; h < net->first[node + 1]; h++) {
				uint32_t peer = net->hops[h].peer;

				if (net->component[peer] != UINT32_MAX)
					continue;
				net->component[peer] = net->component_count;
				queue[tail++] = peer;
			}
		}
		net->component_size[net->component_count++] = tail;
	}
	free(queue);
}

/* ------------------------------------------------------------- destinations */

static int net_dests(struct net *net, struct err *err)
{
	const struct lab *lab = net->lab;

	net->dests = mem_array(lab->automatic ? lab->node_count : lab->link_count,
			       sizeof(*net->dests));
	if (lab->automatic) {
		for (uint32_t i = 0; i < lab->node_count; i++)
			net->dests[net->dest_count++] = (struct dest){
				.prefix = net->family == 4 ? lab->nodes[i].block4
							   : lab->nodes[i].block6,
				.owner = {i},
				.owner_count = 1,
				.component = net->component[i],
			};
		return 0;
	}
	for (size_t i = 0; i < lab->link_count; i++) {
		struct dest dest = {.pos = lab->links[i].pos};

		for (size_t e = 0; e < 2; e++) {
			const struct lab_end *end = &lab->links[i].end[e];
			const struct prefix *ip = end_ip(end, net->family);
			struct prefix network;

			if (!ip->ip.family)
				continue;
			network = prefix_network(ip);
			if (dest.owner_count &&
			    memcmp(&network, &dest.prefix, sizeof(network)) != 0)
				return lab_fail(lab, end->pos, err, ERR_USAGE,
						"%s:%s: routing static needs both ends of a "
						"link in one subnet",
						lab->nodes[end->node].name, end->ifname);
			dest.prefix = network;
			dest.owner[dest.owner_count++] = end->node;
			dest.component = net->component[end->node];
		}
		if (dest.owner_count)
			net->dests[net->dest_count++] = dest;
	}
	return dests_check(net, err);
}

/* Two links with one subnet: a connected route of a node would hide the other link from it. */
static int dests_check(struct net *net, struct err *err)
{
	size_t *sorted = mem_array(net->dest_count, sizeof(*sorted));
	int rc = 0;

	for (size_t i = 0; i < net->dest_count; i++)
		sorted[i] = i;
	qsort_r(sorted, net->dest_count, sizeof(*sorted), dest_cmp, net->dests);
	for (size_t i = 1; i < net->dest_count && !rc; i++) {
		const struct dest *a = &net->dests[sorted[i - 1]], *b = &net->dests[sorted[i]],
				  *late, *early;
		char text[PREFIX_STR_SIZE];

		if (!prefix_overlaps(&a->prefix, &b->prefix))
			continue;
		late = a > b ? a : b;
		early = a > b ? b : a;
		rc = lab_fail(net->lab, late->pos, err, ERR_USAGE,
			      "routing static: %s overlaps the subnet of the link in line %u",
			      prefix_print(&late->prefix, text), (unsigned)early->pos.line);
	}
	free(sorted);
	return rc;
}

static size_t net_plain_count(const struct net *net)
{
	size_t count = 0;

	for (size_t i = 0; i < net->dest_count; i++)
		count += net->component_size[net->dests[i].component] -
			 net->dests[i].owner_count;
	return count;
}

static int net_choose(struct net *net, struct err *err)
{
	size_t nodes = net->lab->node_count;
	uint32_t *distance, *queue;

	if (net->dest_count && nodes > (size_t)LAB_ROUTE_CELLS_MAX / net->dest_count)
		return lab_fail(
			net->lab, (struct lab_pos){0}, err, ERR_LIMIT,
			"static routes of %zu nodes to %zu prefixes: their product may be %d",
			nodes, net->dest_count, (int)LAB_ROUTE_CELLS_MAX);
	net->choice = mem_array(net->dest_count * nodes, sizeof(*net->choice));
	distance = mem_array(nodes, sizeof(*distance));
	queue = mem_array(nodes, sizeof(*queue));
	for (size_t i = 0; i < net->dest_count; i++)
		choose_for(net, i, distance, queue);
	free(distance);
	free(queue);
	return 0;
}

static void choose_for(struct net *net, size_t dest, uint32_t *distance, uint32_t *queue)
{
	const struct dest *to = &net->dests[dest];
	size_t nodes = net->lab->node_count, head = 0, tail = 0;
	uint16_t *choice = net->choice + dest * nodes;

	memset(distance, 0xff, nodes * sizeof(*distance));
	for (size_t i = 0; i < to->owner_count; i++) {
		distance[to->owner[i]] = 0;
		queue[tail++] = to->owner[i];
	}
	while (head < tail) {
		uint32_t node = queue[head++];

		for (size_t h = net->first[node]; h < net->first[node + 1]; h++) {
			uint32_t peer = net->hops[h].peer;

			if (distance[peer] != UINT32_MAX)
				continue;
			distance[peer] = distance[node] + 1;
			queue[tail++] = peer;
		}
	}
	for (size_t node = 0; node < nodes; node++) {
		choice[node] = NO_HOP;
		if (!distance[node] || distance[node] == UINT32_MAX)
			continue;
		for (size_t h = net->first[node]; h < net->first[node + 1]; h++) {
			if (distance[net->hops[h].peer] != distance[node] - 1)
				continue;
			choice[node] = (uint16_t)(h - net->first[node]);
			break;
		}
		assert(choice[node] != NO_HOP);
	}
}

/* ------------------------------------------------------------------- tables */

static void routes_plain(struct lab *lab, const struct net *net)
{
	for (size_t node = 0; node < lab->node_count; node++) {
		for (size_t d = 0; d < net->dest_count; d++) {
			uint16_t choice = net->choice[d * lab->node_count + node];

			if (choice != NO_HOP)
				route_add(&lab->nodes[node], &net->dests[d].prefix,
					  &net->hops[net->first[node] + choice].via);
		}
	}
}

static void routes_merged(struct lab *lab, const struct net *net)
{
	size_t *sorted = mem_array(net->dest_count, sizeof(*sorted));
	size_t count = 0;

	/* a trie for each part of the lab: no node gets a route to where it cannot reach */
	for (uint32_t c = 0; c < net->component_count; c++) {
		struct trie trie = {0};

		count = 0;
		for (size_t d = 0; d < net->dest_count; d++)
			if (net->dests[d].component == c)
				sorted[count++] = d;
		if (count < 2)
			continue;
		qsort_r(sorted, count, sizeof(*sorted), dest_cmp, net->dests);
		trie.vertices = mem_array(2 * count, sizeof(*trie.vertices));
		trie_build(&trie, net->dests, sorted, count);
		for (uint32_t node = 0; node < lab->node_count; node++)
			if (net->component[node] == c)
				merge_node(lab, net, &trie, node);
		free(trie.vertices);
	}
	free(sorted);
}

/* Sets of next hops are bits, @words of 64 each; a leaf that suits any has all bits. */
static void merge_node(struct lab *lab, const struct net *net, const struct trie *trie,
		       uint32_t node)
{
	size_t words = (net->first[node + 1] - net->first[node]) / 64 + 1;
	uint64_t *sets = mem_array(trie->count * words, sizeof(*sets));
	uint16_t *inherited = mem_array(trie->count, sizeof(*inherited));

	for (size_t v = 0; v < trie->count; v++) {
		const struct vertex *vertex = &trie->vertices[v];
		uint64_t *set = sets + v * words;
		const uint64_t *a, *b;
		uint64_t common = 0;

		if (vertex->leaf) {
			uint16_t choice = net->choice[vertex->dest * lab->node_count + node];

			if (choice == NO_HOP)
				memset(set, 0xff, words * sizeof(*set));
			else
				set[choice / 64] = UINT64_C(1) << (choice % 64);
			continue;
		}
		a = sets + vertex->child[0] * words;
		b = sets + vertex->child[1] * words;
		for (size_t w = 0; w < words; w++)
			common |= set[w] = a[w] & b[w];
		for (size_t w = 0; w < words && !common; w++)
			set[w] = a[w] | b[w];
	}
	inherited[trie->count - 1] = NO_HOP;
	for (size_t v = trie->count; v-- > 0;) {
		const struct vertex *vertex = &trie->vertices[v];
		const uint64_t *set = sets + v * words;
		uint16_t hop = inherited[v];

		/* the highest bit is above every hop there is, so only a set that suits any has it */
		if (!(set[words - 1] >> 63) &&
		    (hop == NO_HOP || !(set[hop / 64] >> (hop % 64) & 1))) {
			size_t w = 0;

			while (!set[w])
				w++;
			hop = (uint16_t)(w * 64 + (size_t)__builtin_ctzll(set[w]));
			route_add(&lab->nodes[node], &vertex->prefix,
				  &net->hops[net->first[node] + hop].via);
		}
		if (!vertex->leaf)
			inherited[vertex->child[0]] = inherited[vertex->child[1]] = hop;
	}
	free(sets);
	free(inherited);
}

/* Return: index of the vertex that holds @sorted[0 .. count). */
static size_t trie_build(struct trie *trie, const struct dest *dests, const size_t *sorted,
			 size_t count)
{
	const struct prefix *low = &dests[sorted[0]].prefix,
			    *high = &dests[sorted[count - 1]].prefix;
	struct vertex vertex = {0};
	size_t bit = 0, split = 0;

	if (count == 1) {
		vertex = (struct vertex){.prefix = *low, .dest = sorted[0], .leaf = true};
	} else {
		/* they do not overlap, so the first and the last differ inside both lengths */
		while (ip_bit(&low->ip, bit) == ip_bit(&high->ip, bit))
			bit++;
		while (!ip_bit(&dests[sorted[split]].prefix.ip, bit))
			split++;
		vertex.prefix = (struct prefix){.ip = low->ip, .len = (uint8_t)bit};
		vertex.prefix = prefix_network(&vertex.prefix);
		vertex.child[0] = trie_build(trie, dests, sorted, split);
		vertex.child[1] = trie_build(trie, dests, sorted + split, count - split);
	}
	trie->vertices[trie->count] = vertex;
	return trie->count++;
}

static void route_add(struct lab_node *node, const struct prefix *dst, const struct ip *via)
{
	if (node->route_count == node->route_capacity) {
		node->route_capacity = node->route_capacity ? 2 * node->route_capacity : 8;
		node->routes =
			mem_grow(node->routes, node->route_capacity, sizeof(*node->routes));
	}
	node->routes[node->route_count++] = (struct lab_route){.dst = *dst, .via = *via};
}

/* ------------------------------------------------------------------ helpers */

static const struct prefix *end_ip(const struct lab_end *end, uint8_t family)
{
	return family == 4 ? &end->ip4 : &end->ip6;
}

static bool link_usable(const struct lab_link *link, uint8_t family)
{
	const struct prefix *a = end_ip(&link->end[0], family),
			    *b = end_ip(&link->end[1], family);

	return a->ip.family && b->ip.family && a->len == b->len && prefix_contains(a, &b->ip);
}

static bool ip_bit(const struct ip *ip, size_t bit)
{
	return ip->b[bit / 8] >> (7 - bit % 8) & 1;
}

static int dest_cmp(const void *a, const void *b, void *ctx)
{
	const struct dest *dests = ctx;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int order = ip_cmp(&dests[i].prefix.ip, &dests[j].prefix.ip);

	if (!order)
		order = (int)dests[i].prefix.len - dests[j].prefix.len;
	return order ? order : (i > j) - (i < j);
}
