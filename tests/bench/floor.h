/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor - what the kernel itself costs. The parts of the floor program; see floor.c.
 * Whatever fails ends the program: a floor that skipped something would be no floor.
 */
#ifndef MOAT_TESTS_BENCH_FLOOR_H
#define MOAT_TESTS_BENCH_FLOOR_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/kern/sysctl.h"
#include "lib/obj/obj.h"

void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
uint64_t now_ns(void);

/* ---- floor_nl.c: messages one behind the other, one sendmsg(2), one acknowledgement ---- */

/** struct msgs - @last: start of the last message begun */
struct msgs {
	size_t size;
	struct nlmsghdr *last;
	_Alignas(8) uint8_t bytes[256 << 10];
};
void msgs_clear(struct msgs *m);
/** msgs_run() - send on @sock, wait for the ack of the last message; @what for the report of a failure */
void msgs_run(struct msgs *m, int sock, const char *what);
int netlink_open(int protocol);
uint32_t ifindex(int sock, const char *name);
void sysctl_put(const char *path, const char *value);
/** sysctl_put_in() - the same below a directory that stands open */
void sysctl_put_in(int folder, const char *path, const char *value);
int ns_current(void);
void ns_enter(int fd);

void put_veth(struct msgs *m, const struct obj_link *link, uint32_t master, int peer_ns);
void put_up(struct msgs *m, uint32_t index);
void put_link_del(struct msgs *m, uint32_t index);
void put_link_group(struct msgs *m, uint32_t index, uint32_t group);
void put_group_del(struct msgs *m, uint32_t group);
void put_addr(struct msgs *m, uint32_t index, const struct prefix *addr);
void put_addr_gen_mode(struct msgs *m, uint32_t index, uint8_t mode);
/** put_route() - @via of family 0: on link; @onlink: the kernel shall not look whether the gateway is */
void put_route(struct msgs *m, uint32_t index, const struct prefix *dst, const struct ip *via, uint32_t metric, bool onlink);
void put_neigh(struct msgs *m, bool add, uint32_t index, const struct ip *ip, const struct mac *mac);
void put_fdb(struct msgs *m, uint32_t index, const struct mac *mac);
/* Between nft_open() and nft_close() only: one transaction. */
void nft_open(struct msgs *m);
void nft_close(struct msgs *m);
void put_elem(struct msgs *m, bool add, uint8_t family, const char *set, const void *key, size_t key_size,
	      const void *data, size_t data_size);
void put_port(struct msgs *m, bool add, const char *dev, bool listed);

/* ---- floor_attach.c ---- */

/**
 * struct world - a router with one network, as Moat lays it
 * Sockets are opened once: one of each kind in the host and in the router.
 * @routed: the network's mode; else it is a bridge
 * @ports: published by each endpoint; @stride: from the first of one endpoint to that of the next
 * @roots: where switches of stacks are written: a list of the directory cache for a few of them each, as the hand has it
 * @pair: to the two processes of pair_make()
 * @listed: devices are added to a standing chain of the guard, instead of a chain each
 */
struct world {
	int home, router;
	int host_nft, router_rt, router_nft;
	uint32_t bridge;
	char bridge_name[OBJ_IFNAME_SIZE];
	struct mac gateway_mac;
	struct ip gateway4, gateway6, transit4, transit6;
	struct prefix subnets[2];
	uint32_t mtu, mark;
	unsigned ports, stride;
	bool listed, routed;
	struct sysctl_roots roots;
	int pair;
};

/** world_make() - the untimed part: router, uplink, rulesets, bridge network, by Moat's own desired objects */
void world_make(struct world *w, bool routed);
/** attach() - the @n-th endpoint into the namespace at @path. Return: nanoseconds. */
uint64_t attach(struct world *w, unsigned n, const char *path);
/** cut() - in two steps: the router forgets the @n-th endpoint, so that nothing reaches it; cut_rest() - and then all of it goes */
void cut(struct world *w, unsigned n);
void cut_rest(struct world *w, unsigned n);
/** detach() - at once. Return: nanoseconds until it is cut off; @ret_all: until its link is gone, too */
uint64_t detach(struct world *w, unsigned n, uint64_t *ret_all);

/**
 * drop() - cut off @count endpoints from the @first-th on, then delete their links as one group
 * Return: nanoseconds of the deletion alone; @ret_all: with putting them into the group
 */
uint64_t drop(struct world *w, unsigned first, unsigned count, uint64_t *ret_all);

/* ---- floor_pair.c ---- */

/** pair_make() - two processes with all that @w has by now: one that passes requests on, one that does them */
void pair_make(struct world *w);
/** pair_ask() - attach the @n-th endpoint into the namespace at @path by them; detach it where @path is NULL. Return: nanoseconds until the reply is read. */
uint64_t pair_ask(struct world *w, unsigned n, const char *path);

/* ---- floor_dump.c ---- */

/**
 * dump() - read from the kernel what a comparison must, of the namespaces that @file names, and throw it away
 * A line "router PATH", "stack PATH" or "host PATH" each; lines of objects (obj_parse()) before the first are the switches and
 * neighbours of any stack. Return: nanoseconds; @ret_size: bytes of it.
 */
uint64_t dump(int home, const struct sysctl_roots *roots, const char *file, uint64_t *ret_size);

/* ---- floor_lab.c ---- */

/** lab_up() - make what the plan in @file adds: namespaces, veths, addresses, routes. Return: nanoseconds. */
uint64_t lab_up(const char *file);
void lab_down(void);

#endif
