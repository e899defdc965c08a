/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab - a topology as a value: nodes, links between two of them, addresses,
 * routes, and where in the file each stands. Floor F5, pure: reads bytes it is
 * given, opens no file, asks no kernel and no daemon.
 *
 *   bytes -- clab.c (containerlab's YAML) --\
 *         -- graphml.c (Topology Zoo) -------+--> struct lab --> addressing.c --> routes.c --> emit.c --> LabUp
 */
#ifndef MOAT_RUNNER_CLI_LAB_LAB_H
#define MOAT_RUNNER_CLI_LAB_LAB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/base/ds.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/model/names.h"

enum {
	LAB_FILE_MAX = 4 << 20, /* bytes of a lab file, also with its variables expanded */
	LAB_NODES_MAX = 8192,   /* nodes of one lab */
	LAB_LINKS_MAX = 16384,  /* links of one lab */
	LAB_GROUPS_MAX = 1024,  /* groups of one YAML file */
	LAB_NOTES_MAX = 64,     /* remarks kept; the rest is counted */
	LAB_MTU_MIN = 1280,     /* bytes; each interface has IPv6 (RFC 8200) */
	LAB_MTU_MAX = 65535,    /* bytes; what a veth takes */
	LAB_ROUTES_PLAIN_MAX = 32768,   /* routes of a lab up to which no two are merged */
	LAB_ROUTES_MAX = 98304,         /* routes of a lab: a plan may hold 131072 operations */
	LAB_ROUTE_CELLS_MAX = 16 << 20, /* nodes times destinations: seconds of work */
};

/** struct lab_pos - place in the file, both from 1; line 0: nowhere */
struct lab_pos {
	uint32_t line, column;
};

/** struct lab_end - one end of a link. @ip4, @ip6: family 0 where it has none. @mac: zero where not asked for. */
struct lab_end {
	uint32_t node; /* index in lab.nodes */
	char ifname[NAME_IFNAME_SIZE];
	struct mac mac;
	struct prefix ip4, ip6;
	struct lab_pos pos;
};

/** struct lab_link - @mtu: bytes, 0 where not asked for */
struct lab_link {
	struct lab_end end[2];
	uint32_t mtu;
	struct lab_pos pos;
};

struct lab_route {
	struct prefix dst;
	struct ip via;
};

/**
 * struct lab_node
 * @loopback4, @loopback6: family 0 where it has none
 * @block4, @block6: with automatic addresses: what holds its loopback and the links numbered from it
 * @link_count: ends of links on it
 */
struct lab_node {
	const char *name;
	struct prefix loopback4, loopback6;
	struct prefix block4, block6;
	struct lab_route *routes;
	size_t route_count, route_capacity;
	uint32_t link_count;
	bool forwarding;
	struct lab_pos pos;
};

enum lab_routing {
	LAB_ROUTING_NONE,
	LAB_ROUTING_STATIC, /* shortest paths by hops */
};

/** struct lab_left_out - a key that --bare left out. @count: how often; @first: where first */
struct lab_left_out {
	const char *key;
	struct lab_pos first;
	unsigned count;
};

/**
 * struct lab - one topology; strings live in @arena
 * @automatic: addresses are made by addressing.c
 * @merged: routes were merged, there being too many of them one by one
 * @notes: remarks for a person, @notes_dropped: how many more there were
 */
struct lab {
	const char *file;
	const char *name;
	struct lab_pos name_pos;
	struct lab_node *nodes;
	size_t node_count, node_capacity;
	struct lab_link *links;
	size_t link_count, link_capacity;
	enum lab_routing routing;
	bool automatic, merged;
	const char *notes[LAB_NOTES_MAX];
	size_t note_count, notes_dropped;
	struct lab_left_out *left_out;
	size_t left_out_count, left_out_capacity;
	struct table node_index; /* name -> struct lab_node index + 1 */
	struct table ifnames;    /* "INDEX:IFNAME" */
	struct arena *arena;
};

/**
 * struct lab_options
 * @bare: leave out what a bare node cannot do, and list it
 * @name: instead of the file's own; may be NULL
 * @env: value of a variable for ${VAR}, NULL where it is not set; may be NULL: no variable is set
 */
struct lab_options {
	bool bare;
	const char *name;
	const char *(*env)(void *ctx, const char *variable);
	void *env_ctx;
};

/**
 * lab_load() - bytes of a lab file to a whole lab: read, addressed, routed
 * @file: its name, for messages and, with GraphML, for the lab's name
 * @data: containerlab's YAML, or GraphML where the first byte that is no space is '<'
 * @ret_lab: the caller's, lab_free()
 * Return: 0, or -errno with "FILE:LINE:COLUMN" as the error's object.
 * Cost: O(n * (n + m)) where routes are asked for.
 */
int lab_load(const char *file, const char *data, size_t size, const struct lab_options *options,
	     struct lab **ret_lab, struct err *err);
void lab_free(struct lab *lab);
void lab_freep(struct lab **lab);

/** lab_route_count() - static routes of all nodes together */
size_t lab_route_count(const struct lab *lab);

/**
 * lab_emit() - the parameters of io.moat.LabUp
 * @ret_parameters: the caller's
 * Return: 0, or -E2BIG when they do not fit one message of the API.
 */
int lab_emit(const struct lab *lab, json_t **ret_parameters, struct err *err);

/* ------------------------------------------------------- the steps, for lab.c and the tests */

struct lab *lab_new(const char *file);

/** lab_name_make() - a lab's name out of a file's: base name without suffixes, lower case, what is illegal becomes '-' */
const char *lab_name_make(struct arena *arena, const char *file);

/**
 * lab_node_add() - append a node; checks name, doubles and the limit. @name is copied.
 * lab_link_add() - append a link between two ends whose nodes exist; checks interface names, doubles, self-links,
 * addresses and MTU
 */
int lab_node_add(struct lab *lab, const char *name, struct lab_pos pos, struct err *err);
int lab_link_add(struct lab *lab, const struct lab_link *link, struct err *err);
struct lab_node *lab_node_find(struct lab *lab,
			       const char *name); /* NULL where there is none */
int lab_ifname_check(const struct lab *lab, const char *node, const char *ifname,
		     struct lab_pos pos, struct err *err);

void lab_note(struct lab *lab, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void lab_leave_out(struct lab *lab, const char *key, struct lab_pos pos);

/** lab_fail() - err_set() with "FILE:LINE:COLUMN" as object; ERR_LIMIT gives -E2BIG, all others -EINVAL */
int lab_fail(const struct lab *lab, struct lab_pos pos, struct err *err, enum err_kind kind,
	     const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Fill an empty lab, without automatic addresses and routes. */
int clab_parse(struct lab *lab, const char *data, size_t size,
	       const struct lab_options *options, struct err *err);
int graphml_parse(struct lab *lab, const char *data, size_t size, struct err *err);

/** lab_address() - a loopback for each node, a /31 and /127 for each link; see addressing.c for the plan of numbers */
int lab_address(struct lab *lab, struct err *err);

/** lab_routes() - shortest-path static routes for both families; see routes.c */
int lab_routes(struct lab *lab, struct err *err);

#endif
