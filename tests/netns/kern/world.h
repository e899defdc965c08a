/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world - what every cmocka program of tests/netns stands on: private network
 * namespaces made by itself, as root or in a user namespace of its own, and
 * short words for the objects of lib/obj and the calls of lib/kern.
 */
#ifndef MOAT_TESTS_NETNS_WORLD_H
#define MOAT_TESTS_NETNS_WORLD_H

/* the order that cmocka.h asks for */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <stdbool.h>
#include <stdio.h>

#include "lib/base/mem.h"
#include "lib/kern/features.h"
#include "lib/kern/netns.h"
#include "lib/kern/nft.h"
#include "lib/kern/nft_decode.h"
#include "lib/kern/nlsock.h"
#include "lib/kern/rtnl.h"
#include "lib/kern/rtnl_decode.h"
#include "lib/kern/sysctl.h"

enum { WORLD_SKIP = 77 };

/** struct stack - one namespace with its sockets */
struct stack {
	uint64_t ns;
	int fd;
	struct nlsock *rtnl, *nft;
};

/** struct world - @home is a fresh namespace too, never the machine's */
struct world {
	int home;
	bool root; /* of the machine, not of a user namespace with one uid */
	struct kern_features features;
};

/** world_enter() - leave the machine's namespace; exits with 77 and a reason where that is not possible */
void world_enter(struct world *world);
/** world_skip() - leave with the reason; a failure with MOAT_MUST_WORK=1 */
void world_skip(const char *reason) __attribute__((noreturn));
bool world_has(const char *program); /* in PATH */

struct stack stack_make(const struct world *world, uint64_t ns);
void stack_fini(struct stack *stack);

/* Words for values; a malformed one fails the test. */
struct mac mac_of(const char *text);
struct ip ip_of(const char *text);
struct prefix prefix_of(const char *text);

/** rtnl_run() - run and empty the batch; all must succeed */
void rtnl_run(struct stack *stack, struct nlbatch *batch);
/** nft_run() - close, run and empty the batch (opened by nft_begin()). Return: as nft_exec(). */
int nft_run(struct stack *stack, struct nlbatch *batch);
uint32_t index_of(const struct stack *stack, const char *name);

/** snapshot() - everything of a namespace, decoded and sorted */
void snapshot(struct stack *stack, struct objv *objs);
/** assert_have() - @objs holds exactly one object with @want's key, and the same value */
void assert_have(struct stack *stack, const struct obj *want);
void assert_have_not(struct stack *stack, const struct obj *key);
/** assert_is() - the snapshot is exactly @want (both printed when it is not) */
void assert_is(struct stack *stack, struct objv *want);

/** lay() - a ruleset of version 1 */
void lay(struct stack *stack, enum ruleset_kind kind, const struct kern_features *features);
struct obj elem_of(uint64_t ns, enum nft_set set, const char *dev, const char *mac,
		   const char *ip);
struct obj pub_of(uint64_t ns, enum nft_set set, const char *ip, uint8_t proto, uint16_t port,
		  const char *to_ip, uint16_t to_port);
/* @to_port: 0 in the sets whose elements let the port stay */
struct obj range_of(uint64_t ns, enum nft_set set, const char *ip, uint8_t proto, uint16_t first,
		    uint16_t last, const char *to_ip, uint16_t to_port);
struct obj allow_of(uint64_t ns, const char *dev, const char *prefix);
void add_elem(struct stack *stack, const struct obj *elem);

/** run_in() - a shell command inside the namespace; its exit status */
int run_in(const struct world *world, const struct stack *stack, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Wiring: links made, up, addressed in one call each. */

/** wire() - a veth between two namespaces, both ends up; @master and @mac_far may be NULL */
void wire(struct stack *near, const char *near_name, const char *near_mac, const char *master,
	  struct stack *far, const char *far_name, const char *far_mac);
void bridge_up(struct stack *stack, const char *name, const char *mac);
void address(struct stack *stack, const char *dev, const char *prefix);
void route(struct stack *stack, const char *dst, const char *via, const char *dev);
void set_sysctl(const struct world *world, struct stack *stack, enum sysctl_key key,
		const char *dev, int32_t value);

/** serve() - a listening TCP socket in @stack */
int serve(const struct world *world, const struct stack *stack, const char *ip, uint16_t port);
/**
 * reach() - TCP from @from to @ip, taken up at @listener within @ms
 * Of what shall succeed give it REACH_MS: an ARP request or a neighbour solicitation that comes before the other
 * kernel is ready for it (addresses join their group in a work queue) is repeated after a second.
 * @ret_peer: who the server saw; may be NULL
 * Return: 0, -ETIMEDOUT when nothing came, -errno.
 */
int reach(const struct world *world, const struct stack *from, const char *ip, uint16_t port,
	  int listener, int ms, struct ip *ret_peer);
enum { REACH_MS = 4000, NO_REACH_MS = 400 };

#endif
