/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipam - choosing, holding, cooling and remembering addresses. Floor F2, pure.
 *
 * What is known of an address stands in its slot; an address without a slot is
 * fresh. The numbers of all slots of a subnet are in its `busy`, so that the
 * next fresh one is found without looking at those that are not.
 *
 * A memory stays where it is while an endpoint that is still pending holds its
 * addresses: an attach that fails, or a dry run, leaves it as it was.
 */
#include "lib/model/ipam.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/model/model.h"

struct ipam_name {
	char name[NAME_SIZE];
	struct list reserved; /* struct ipam_reservation */
	struct list memories; /* struct ipam_memory */
};

struct ipam_reservation {
	struct ipam_name *name;
	struct ip ip;
	struct list link;      /* in ipam.reserved */
	struct list name_link; /* in struct ipam_name */
};

/** struct ipam_slot - one address; @cooling: links that still bear it; @last: the last of them that began */
struct ipam_slot {
	struct ip ip;
	bool held;
	uint32_t cooling;
	const struct cooling *last;
	struct ipam_reservation *reservation;
	struct ipam_memory *memory;
};

/* ---------------------------------------------------------------------- slots */

void ipam_host_range(const struct prefix *subnet, uint64_t *ret_first, uint64_t *ret_last)
{
	uint64_t size = prefix_size(subnet);

	if (subnet->len + 1 >= ip_bits(&subnet->ip)) {
		/* of two, both; of one, that (RFC 3021 2.1, RFC 6164 6) */
		*ret_first = 0;
		*ret_last = size - 1;
		return;
	}
	*ret_first = 1; /* 0 is the network, or the subnet-router anycast address (RFC 4291 2.6.1) */
	*ret_last = subnet->ip.family == 4 ? size - 2 : size - 1; /* the last IPv4 one is the broadcast */
}

bool ipam_is_host(const struct prefix *subnet, const struct ip *ip)
{
	struct ip last = prefix_last(subnet);

	if (!prefix_contains(subnet, ip))
		return false;
	if (subnet->len + 1 >= ip_bits(&subnet->ip))
		return true;
	return ip_cmp(ip, &subnet->ip) != 0 && (ip->family == 6 || ip_cmp(ip, &last) != 0);
}

/* Index of the subnet that holds @ip; SIZE_MAX where none does. */
static size_t subnet_of(const struct network *network, const struct ip *ip)
{
	for (size_t s = 0; s < network->subnet_count; s++)
		if (prefix_contains(&network->subnets[s], ip))
			return s;
	return SIZE_MAX;
}

/* Its number in the subnet. Beyond 2^64 none is ever given by itself, so none has to be known. */
static bool number_of(const struct prefix *subnet, const struct ip *ip, uint64_t *ret_n)
{
	*ret_n = ip_diff(ip, &subnet->ip);
	return *ret_n < RUNS_NONE;
}

static struct ipam_slot *slot_find(const struct network *network, const struct ip *ip)
{
	return table_find(&network->ipam.slots, ip, sizeof(*ip));
}

static struct ipam_slot *slot_get(struct network *network, const struct ip *ip)
{
	struct ipam_slot *slot = slot_find(network, ip);
	size_t s = subnet_of(network, ip);
	uint64_t n;

	if (slot)
		return slot;
	slot = mem_alloc(sizeof(*slot));
	slot->ip = *ip;
	table_add(&network->ipam.slots, &slot->ip, sizeof(slot->ip), slot);
	if (s != SIZE_MAX && number_of(&network->subnets[s], ip, &n))
		runs_add(&network->ipam.busy[s], n);
	return slot;
}

/* A slot of which nothing is known any more is fresh. */
static void slot_put(struct network *network, struct ipam_slot *slot)
{
	size_t s = subnet_of(network, &slot->ip);
	uint64_t n;

	if (slot->held || slot->cooling || slot->reservation || slot->memory)
		return;
	if (s != SIZE_MAX && number_of(&network->subnets[s], &slot->ip, &n))
		runs_del(&network->ipam.busy[s], n);
	table_del(&network->ipam.slots, &slot->ip, sizeof(slot->ip));
	free(slot);
}

static struct ipam_name *name_get(struct ipam *ipam, const char *text)
{
	struct ipam_name *name = table_find_str(&ipam->names, text);

	if (name)
		return name;
	name = mem_alloc(sizeof(*name));
	(void)str_copy(name->name, sizeof(name->name), text);
	list_init(&name->reserved);
	list_init(&name->memories);
	table_add_str(&ipam->names, name->name, name);
	return name;
}

static void name_put(struct ipam *ipam, struct ipam_name *name)
{
	if (!list_empty(&name->reserved) || !list_empty(&name->memories))
		return;
	table_del_str(&ipam->names, name->name);
	free(name);
}

/* --------------------------------------------------------------------- memory */

const char *ipam_memory_name(const struct ipam_memory *memory) { return memory->name->name; }

static void memory_drop(struct ipam_memory *memory)
{
	struct network *network = memory->network;
	struct ipam *ipam = &network->ipam;

	for (size_t i = 0; i < memory->ip_count; i++) {
		struct ipam_slot *slot = slot_find(network, &memory->ips[i]);

		slot->memory = NULL;
		slot_put(network, slot);
	}
	list_remove(&memory->link);
	list_remove(&memory->name_link);
	ipam->memory_count--;
	name_put(ipam, memory->name);
	model_memory_gone(network->tenant->model, memory);
	free(memory);
}

static struct ipam_memory *memory_of(const struct network *network, const char *name, const char *ifname)
{
	struct ipam_name *known = table_find_str(&network->ipam.names, name);

	if (!known)
		return NULL;
	list_each(node, &known->memories) {
		struct ipam_memory *memory = container_of(node, struct ipam_memory, name_link);

		if (str_eq(memory->ifname, ifname))
			return memory;
	}
	return NULL;
}

/* The name the daemon gives where the client gives none, "ep-" and an id: it never comes back. */
static bool name_is_made_up(const char *name)
{
	enum { LEN = 15 };

	if (!str_starts(name, "ep-") || strlen(name) != LEN)
		return false;
	for (const char *c = name + 3; *c; c++)
		if (!isxdigit((unsigned char)*c))
			return false;
	return true;
}

void ipam_remember(struct network *network, uint64_t id, const char *name, const char *ifname, const struct ip *ips,
		   size_t count)
{
	struct ipam *ipam = &network->ipam;
	struct ipam_memory *memory = memory_of(network, name, ifname);

	if (memory)
		memory_drop(memory);
	if (name_is_made_up(name) || model_id_taken(network->tenant->model, id))
		return;
	memory = mem_alloc(sizeof(*memory));
	for (size_t i = 0; i < count && i < IPAM_IPS_MAX; i++) {
		struct ipam_slot *slot;

		if (subnet_of(network, &ips[i]) == SIZE_MAX)
			continue;
		slot = slot_get(network, &ips[i]);
		if (slot->held || slot->memory)
			continue;
		slot->memory = memory;
		memory->ips[memory->ip_count++] = ips[i];
	}
	if (memory->ip_count == 0) {
		free(memory);
		return;
	}
	memory->id = id;
	memory->network = network;
	memory->name = name_get(ipam, name);
	(void)str_copy(memory->ifname, sizeof(memory->ifname), ifname);
	list_append(&ipam->memories, &memory->link);
	list_append(&memory->name->memories, &memory->name_link);
	model_memory_made(network->tenant->model, memory);
	if (++ipam->memory_count > IPAM_MEMORIES_MAX)
		memory_drop(container_of(ipam->memories.next, struct ipam_memory, link));
}

/* -------------------------------------------------------------------- choosing */

const struct ip_range *ipam_excluded(const struct network *network, const struct ip *ip)
{
	for (size_t i = 0; i < network->ipam.excluded_count; i++) {
		const struct ip_range *range = &network->ipam.excluded[i];

		if (ip_cmp(&range->first, ip) <= 0 && ip_cmp(ip, &range->last) <= 0)
			return range;
	}
	return NULL;
}

const char *ipam_reserved_for(const struct network *network, const struct ip *ip)
{
	const struct ipam_slot *slot = slot_find(network, ip);

	return slot && slot->reservation ? slot->reservation->name->name : NULL;
}

/* What stands against giving an address to the stack @name. */
enum bar { BAR_NONE, BAR_HELD, BAR_RESERVED, BAR_EXCLUDED, BAR_COOLING };

static enum bar bar_of(const struct network *network, const struct ip *ip, const char *name)
{
	const struct ipam_slot *slot = slot_find(network, ip);

	if (slot && slot->held)
		return BAR_HELD;
	if (slot && slot->reservation && !str_eq(slot->reservation->name->name, name))
		return BAR_RESERVED;
	if (ipam_excluded(network, ip))
		return BAR_EXCLUDED;
	/*
	 * Who comes back at once has its own again: the old link is cut off, and on a bridge nothing else bears the address.
	 * A route to it, as routed networks have, goes with the link; until then the kernel refuses another.
	 */
	if (slot && slot->cooling &&
	    (network->mode == NETWORK_ROUTED || !slot->last || !str_eq(slot->last->name, name)))
		return BAR_COOLING;
	return BAR_NONE;
}

/* The least fresh number from @n to @last; RUNS_NONE where there is none. Each turn passes a gateway or an exclusion. */
static uint64_t fresh_from(const struct network *network, size_t s, uint64_t n, uint64_t last)
{
	const struct prefix *subnet = &network->subnets[s];

	for (;;) {
		const struct ip_range *range;
		struct ip ip;

		n = runs_gap(&network->ipam.busy[s], n);
		if (n > last || ip_add(&subnet->ip, n, &ip) < 0)
			return RUNS_NONE;
		range = ipam_excluded(network, &ip);
		if (range)
			n = ip_diff(&range->last, &subnet->ip);
		else if (ip_cmp(&ip, &network->gateways[s]) != 0)
			return n;
		if (n >= last)
			return RUNS_NONE;
		n++;
	}
}

static bool fresh_take(struct network *network, size_t s, struct ip *ret_ip)
{
	uint64_t first, last, n;

	ipam_host_range(&network->subnets[s], &first, &last);
	n = network->cursor[s];
	if (n < first || n > last)
		n = first;
	n = fresh_from(network, s, n, last);
	if (n == RUNS_NONE)
		n = fresh_from(network, s, first, last);
	if (n == RUNS_NONE)
		return false;
	network->cursor[s] = n == last ? first : n + 1;
	return ip_add(&network->subnets[s].ip, n, ret_ip) == 0;
}

/* One of the memory's addresses in subnet @s that nothing stands against. */
static bool memory_take(const struct ipam_memory *memory, size_t s, const char *name, struct ip *ret_ip)
{
	const struct network *network = memory->network;

	for (size_t i = 0; i < memory->ip_count; i++) {
		const struct ip *ip = &memory->ips[i];

		if (ipam_is_host(&network->subnets[s], ip) && ip_cmp(ip, &network->gateways[s]) != 0 &&
		    bar_of(network, ip, name) == BAR_NONE) {
			*ret_ip = *ip;
			return true;
		}
	}
	return false;
}

/* Will one of its addresses in subnet @s be the name's again when its link has gone? */
static bool memory_cools(const struct ipam_memory *memory, size_t s, const char *name, struct ip *ret_ip)
{
	for (size_t i = 0; i < memory->ip_count; i++) {
		if (!prefix_contains(&memory->network->subnets[s], &memory->ips[i]) ||
		    bar_of(memory->network, &memory->ips[i], name) != BAR_COOLING)
			continue;
		*ret_ip = memory->ips[i];
		return true;
	}
	return false;
}

/*
 * What is the name's own: reserved, or remembered; of its memories first that of the same interface.
 * Return: BAR_NONE with *ret_ip; BAR_COOLING when it will be free soon; BAR_HELD when there is none.
 */
static enum bar own_take(struct network *network, size_t s, const char *name, const char *ifname, struct ip *ret_ip)
{
	struct ipam_name *known = table_find_str(&network->ipam.names, name);
	const struct ipam_memory *memory = memory_of(network, name, ifname);

	if (!known)
		return BAR_HELD;
	list_each(node, &known->reserved) {
		const struct ip *ip = &container_of(node, struct ipam_reservation, name_link)->ip;
		enum bar bar = bar_of(network, ip, name);

		if (!prefix_contains(&network->subnets[s], ip) || (bar != BAR_NONE && bar != BAR_COOLING))
			continue;
		*ret_ip = *ip;
		return bar;
	}
	if (memory && memory_take(memory, s, name, ret_ip))
		return BAR_NONE;
	if (memory && network->mode == NETWORK_ROUTED && memory_cools(memory, s, name, ret_ip))
		return BAR_COOLING;
	list_each(node, &known->memories)
		if (memory_take(container_of(node, struct ipam_memory, name_link), s, name, ret_ip))
			return BAR_NONE;
	return BAR_HELD;
}

static uint64_t excluded_count(const struct network *network, size_t s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < network->ipam.excluded_count; i++) {
		const struct ip_range *range = &network->ipam.excluded[i];
		uint64_t size;

		if (!prefix_contains(&network->subnets[s], &range->first))
			continue;
		size = ip_diff(&range->last, &range->first);
		sum = size >= UINT64_MAX - 1 - sum ? UINT64_MAX - 1 : sum + size + 1;
	}
	return sum;
}

static int exhausted(const struct network *network, size_t s, const char *full, struct err *err)
{
	char text[PREFIX_STR_SIZE];
	size_t reserved = 0;
	bool cooling = false;

	list_each(node, &network->ipam.reserved) {
		const struct ipam_slot *slot =
			slot_find(network, &container_of(node, struct ipam_reservation, link)->ip);

		reserved += !slot->held && subnet_of(network, &slot->ip) == s;
	}
	list_each(node, &network->ipam.cooling) {
		const struct cooling *c = container_of(node, struct cooling, link);

		for (size_t i = 0; i < c->ip_count && !cooling; i++) {
			const struct ipam_slot *slot = slot_find(network, &c->ips[i]);

			cooling = subnet_of(network, &c->ips[i]) == s && !slot->held && !slot->reservation &&
				  !ipam_excluded(network, &c->ips[i]);
		}
	}
	return err_set(err, ERR_EXHAUSTED, cooling ? EAGAIN : ENOSPC, full,
		       "no address is left in %s of network %s/%s: %zu held, %llu excluded, %zu reserved for others",
		       prefix_print(&network->subnets[s], text), network->tenant->name, network->name,
		       network->ipam.held[s], (unsigned long long)excluded_count(network, s), reserved);
}

/* Excluded addresses that are held all the same: by those who had them before. */
static uint64_t excluded_held(const struct network *network, size_t s)
{
	const struct ipam_slot *slot;
	uint64_t count = 0;
	size_t cursor = 0;

	while (network->ipam.excluded_count && (slot = table_next(&network->ipam.slots, &cursor)))
		count += slot->held && subnet_of(network, &slot->ip) == s && ipam_excluded(network, &slot->ip);
	return count;
}

bool ipam_is_exhausted(const struct network *network, size_t s)
{
	const struct ip *gateway = &network->gateways[s];
	uint64_t first, last, taken = excluded_count(network, s);

	ipam_host_range(&network->subnets[s], &first, &last);
	if (last < first || taken > last - first)
		return true;
	taken -= excluded_held(network, s);
	if (ipam_is_host(&network->subnets[s], gateway) && !ipam_excluded(network, gateway))
		taken++;
	list_each(node, &network->ipam.reserved) {
		const struct ipam_slot *slot =
			slot_find(network, &container_of(node, struct ipam_reservation, link)->ip);

		taken += !slot->held && subnet_of(network, &slot->ip) == s;
	}
	return taken + network->ipam.held[s] > last - first;
}

static int take_any(struct endpoint *endpoint, size_t s, const char *full, struct ip *ret_ip, struct err *err)
{
	struct network *network = endpoint->network;
	const char *name = endpoint->stack->name;
	enum bar own = own_take(network, s, name, endpoint->ifname, ret_ip);
	char text[IP_STR_SIZE];

	if (own == BAR_COOLING)
		return err_set(err, ERR_ADDRTAKEN, EAGAIN, full, "%s, which is its own, is on a link that is on its way out",
			       ip_print(ret_ip, text));
	if (own == BAR_NONE || fresh_take(network, s, ret_ip))
		return 0;
	list_each(node, &network->ipam.memories)
		if (memory_take(container_of(node, struct ipam_memory, link), s, name, ret_ip))
			return 0;
	return exhausted(network, s, full, err);
}

static int asked_check(const struct endpoint *endpoint, const struct ip *ip, const char *full, size_t *ret_s,
		       struct err *err)
{
	const struct network *network = endpoint->network;
	const struct endpoint *holder = table_find(&network->used, ip, sizeof(*ip));
	char text[IP_STR_SIZE], range[IP_RANGE_STR_SIZE];
	const char *tenant = network->tenant->name;
	size_t s = subnet_of(network, ip);

	ip_print(ip, text);
	if (s == SIZE_MAX || !ipam_is_host(&network->subnets[s], ip))
		return err_set(err, ERR_USAGE, EINVAL, full, "%s is no host address of network %s/%s", text, tenant,
			       network->name);
	if (ip_cmp(ip, &network->gateways[s]) == 0)
		return err_set(err, ERR_ADDRTAKEN, EADDRINUSE, full, "%s is the gateway of network %s/%s", text, tenant,
			       network->name);
	switch (bar_of(network, ip, endpoint->stack->name)) {
	case BAR_HELD:
		return err_set(err, ERR_ADDRTAKEN, EADDRINUSE, full, "%s is held by %s/%s:%s", text, tenant,
			       holder->stack->name, holder->ifname);
	case BAR_RESERVED:
		return err_set(err, ERR_ADDRTAKEN, EADDRINUSE, full, "%s is reserved for stack %s/%s", text, tenant,
			       ipam_reserved_for(network, ip));
	case BAR_EXCLUDED:
		return err_set(err, ERR_ADDRTAKEN, EADDRINUSE, full, "%s is in %s, which network %s/%s excludes", text,
			       ip_range_print(ipam_excluded(network, ip), range), tenant, network->name);
	case BAR_COOLING:
		return err_set(err, ERR_ADDRTAKEN, EAGAIN, full, "%s is on a link that is on its way out", text);
	case BAR_NONE:
		break;
	}
	*ret_s = s;
	return 0;
}

/* On a segment the others of the subnet are neighbours; where there is none, nobody is. */
static uint8_t ip_length(const struct network *network, size_t s)
{
	const struct prefix *subnet = &network->subnets[s];

	return network->mode == NETWORK_ROUTED ? ip_bits(&subnet->ip) : subnet->len;
}

int ipam_choose(struct endpoint *endpoint, const struct endpoint_want *want, const char *full, struct err *err)
{
	struct network *network = endpoint->network;
	bool asked[7] = { 0 };
	char text[IP_STR_SIZE];
	size_t s = 0;
	int r;

	if (want->ip_count > IPAM_IPS_MAX - IPAM_SUBNETS_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, full, "at most %d addresses may be asked for",
			       IPAM_IPS_MAX - IPAM_SUBNETS_MAX);
	for (size_t i = 0; i < want->ip_count; i++) {
		const struct ip *ip = &want->ips[i];

		r = asked_check(endpoint, ip, full, &s, err);
		if (r < 0)
			return r;
		for (size_t j = 0; j < i; j++)
			if (ip_cmp(&want->ips[j], ip) == 0)
				return err_set(err, ERR_USAGE, EINVAL, full, "%s is asked for twice", ip_print(ip, text));
		endpoint->ips[endpoint->ip_count++] = (struct prefix){ .ip = *ip, .len = ip_length(network, s) };
		asked[ip->family] = true;
	}
	for (s = 0; s < network->subnet_count; s++) {
		struct ip ip;

		if (asked[network->subnets[s].ip.family])
			continue;
		r = take_any(endpoint, s, full, &ip, err);
		if (r < 0)
			return r;
		endpoint->ips[endpoint->ip_count++] = (struct prefix){ .ip = ip, .len = ip_length(network, s) };
	}
	return 0;
}

/* ---------------------------------------------------------- holding, letting go */

static void held_count(struct network *network, const struct ip *ip, bool held)
{
	size_t s = subnet_of(network, ip);

	if (s != SIZE_MAX && held)
		network->ipam.held[s]++;
	else if (s != SIZE_MAX)
		network->ipam.held[s]--;
}

void ipam_hold(const struct endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->ip_count; i++) {
		slot_get(endpoint->network, &endpoint->ips[i].ip)->held = true;
		held_count(endpoint->network, &endpoint->ips[i].ip, true);
	}
}

void ipam_up(const struct endpoint *endpoint)
{
	struct network *network = endpoint->network;
	struct ipam_memory *own;

	for (size_t i = 0; i < endpoint->ip_count; i++) {
		const struct ipam_slot *slot = slot_find(network, &endpoint->ips[i].ip);

		if (slot->memory)
			memory_drop(slot->memory);
	}
	own = memory_of(network, endpoint->stack->name, endpoint->ifname);
	if (own)
		memory_drop(own);
}

void ipam_release(const struct endpoint *endpoint)
{
	struct network *network = endpoint->network;
	struct ip ips[IPAM_IPS_MAX];

	for (size_t i = 0; i < endpoint->ip_count; i++) {
		ips[i] = endpoint->ips[i].ip;
		slot_find(network, &ips[i])->held = false;
		held_count(network, &ips[i], false);
	}
	if (endpoint->life == LIFE_UP)
		ipam_remember(network, endpoint->id, endpoint->stack->name, endpoint->ifname, ips, endpoint->ip_count);
	for (size_t i = 0; i < endpoint->ip_count; i++) {
		struct ipam_slot *slot = slot_find(network, &ips[i]);

		if (slot)
			slot_put(network, slot);
	}
}

void ipam_unhold(const struct endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->ip_count; i++) {
		struct ipam_slot *slot = slot_find(endpoint->network, &endpoint->ips[i].ip);

		slot->held = false;
		held_count(endpoint->network, &endpoint->ips[i].ip, false);
		slot_put(endpoint->network, slot);
	}
}

struct cooling *cooling_begin(const struct endpoint *endpoint)
{
	struct network *network = endpoint->network;
	struct cooling *cooling;

	if (!network)
		return NULL;
	cooling = mem_alloc(sizeof(*cooling));
	cooling->network = network;
	(void)str_copy(cooling->name, sizeof(cooling->name), endpoint->stack->name);
	list_append(&network->ipam.cooling, &cooling->link);
	for (size_t i = 0; i < endpoint->ip_count; i++) {
		struct ipam_slot *slot = slot_get(network, &endpoint->ips[i].ip);

		slot->cooling++;
		slot->last = cooling;
		cooling->ips[cooling->ip_count++] = slot->ip;
	}
	return cooling;
}

void cooling_end(struct cooling *cooling)
{
	if (!cooling)
		return;
	for (size_t i = 0; cooling->network && i < cooling->ip_count; i++) {
		struct ipam_slot *slot = slot_find(cooling->network, &cooling->ips[i]);

		slot->cooling--;
		if (slot->last == cooling)
			slot->last = NULL;
		slot_put(cooling->network, slot);
	}
	list_remove(&cooling->link);
	free(cooling);
}

/* -------------------------------------------------------------------- definition */

void ipam_exclude(struct network *network, const struct ip_range *ranges, size_t count)
{
	struct ipam *ipam = &network->ipam;

	free(ipam->excluded);
	ipam->excluded = mem_array(count + 1, sizeof(*ranges));
	if (count)
		memcpy(ipam->excluded, ranges, count * sizeof(*ranges));
	ipam->excluded_count = count;
}

static void reservation_drop(struct network *network, struct ipam_reservation *reservation)
{
	struct ipam_slot *slot = slot_find(network, &reservation->ip);

	slot->reservation = NULL;
	slot_put(network, slot);
	list_remove(&reservation->link);
	list_remove(&reservation->name_link);
	name_put(&network->ipam, reservation->name);
	network->ipam.reserved_count--;
	free(reservation);
}

void ipam_reserve(struct network *network, const struct ipam_reserve *reserves, size_t count)
{
	struct ipam *ipam = &network->ipam;

	while (!list_empty(&ipam->reserved))
		reservation_drop(network, container_of(ipam->reserved.next, struct ipam_reservation, link));
	for (size_t i = 0; i < count; i++) {
		struct ipam_reservation *reservation = mem_alloc(sizeof(*reservation));

		reservation->ip = reserves[i].ip;
		reservation->name = name_get(ipam, reserves[i].name);
		list_append(&ipam->reserved, &reservation->link);
		list_append(&reservation->name->reserved, &reservation->name_link);
		slot_get(network, &reservation->ip)->reservation = reservation;
		ipam->reserved_count++;
	}
}

size_t ipam_reserved_get(const struct network *network, struct ipam_reserve **ret)
{
	size_t count = 0;

	*ret = mem_array(network->ipam.reserved_count + 1, sizeof(**ret));
	list_each(node, &network->ipam.reserved) {
		const struct ipam_reservation *reservation = container_of(node, struct ipam_reservation, link);

		(void)str_copy((*ret)[count].name, NAME_SIZE, reservation->name->name);
		(*ret)[count++].ip = reservation->ip;
	}
	return count;
}

void ipam_subnet_added(struct network *network, size_t index)
{
	struct ipam *ipam = &network->ipam;
	struct ipam_slot *slot;
	size_t cursor = 0;
	uint64_t n;

	for (size_t s = IPAM_SUBNETS_MAX - 1; s > index; s--) { /* the last is free: it was checked that there is room */
		ipam->busy[s] = ipam->busy[s - 1];
		ipam->held[s] = ipam->held[s - 1];
		network->cursor[s] = network->cursor[s - 1];
	}
	ipam->busy[index] = (struct runs){ 0 };
	ipam->held[index] = 0;
	network->cursor[index] = 1;
	while ((slot = table_next(&ipam->slots, &cursor))) { /* memories of when the network had it before */
		if (!prefix_contains(&network->subnets[index], &slot->ip) ||
		    !number_of(&network->subnets[index], &slot->ip, &n))
			continue;
		runs_add(&ipam->busy[index], n);
		ipam->held[index] += slot->held;
	}
}

void ipam_subnet_removed(struct network *network, size_t index)
{
	struct ipam *ipam = &network->ipam;

	runs_fini(&ipam->busy[index]);
	for (size_t s = index; s + 1 < IPAM_SUBNETS_MAX; s++) {
		ipam->busy[s] = ipam->busy[s + 1];
		ipam->held[s] = ipam->held[s + 1];
		network->cursor[s] = network->cursor[s + 1];
	}
	ipam->busy[IPAM_SUBNETS_MAX - 1] = (struct runs){ 0 };
	ipam->held[IPAM_SUBNETS_MAX - 1] = 0;
}

void ipam_init(struct network *network)
{
	list_init(&network->ipam.memories);
	list_init(&network->ipam.cooling);
	list_init(&network->ipam.reserved);
}

void ipam_fini(struct network *network)
{
	struct ipam *ipam = &network->ipam;

	while (!list_empty(&ipam->memories))
		memory_drop(container_of(ipam->memories.next, struct ipam_memory, link));
	ipam_reserve(network, NULL, 0);
	list_each_safe(node, &ipam->cooling) {
		struct cooling *cooling = container_of(node, struct cooling, link);

		for (size_t i = 0; i < cooling->ip_count; i++) {
			struct ipam_slot *slot = slot_find(network, &cooling->ips[i]);

			slot->cooling--;
			slot_put(network, slot);
		}
		list_remove(&cooling->link);
		cooling->network = NULL;
	}
	assert(ipam->slots.count == 0 && ipam->names.count == 0);
	table_fini(&ipam->slots);
	table_fini(&ipam->names);
	for (size_t s = 0; s < IPAM_SUBNETS_MAX; s++)
		runs_fini(&ipam->busy[s]);
	free(ipam->excluded);
}
