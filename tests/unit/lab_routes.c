/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties of runner/cli/lab/addressing, routes and emit on random graphs and on the files of
 * configs/labs: every address of every node is reached from every node of its part of the lab, by a
 * shortest path, with nothing but what a kernel does: local addresses, connected prefixes, the
 * longest route. Read back from the JSON that goes to the daemon, so that it is proven too.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "runner/cli/lab/lab.h"

enum { SEED = 20121121 };

/* --------------------------------------------------- a kernel of our own, from JSON */

struct iface {
	struct prefix ip;
	size_t peer_node;
	struct ip peer_ip;
};

struct box {
	const char *name;
	struct ip *own;
	size_t own_count;
	struct iface *ifaces;
	size_t iface_count;
	struct lab_route *routes;
	size_t route_count;
	size_t *peers;
	size_t peer_count;
};

struct world {
	json_t *doc;
	struct box *boxes;
	size_t count;
	struct table names;
};

static size_t box_find(const struct world *world, const char *name)
{
	uintptr_t index = (uintptr_t)table_find_str(&world->names, name);

	assert_true(index > 0);
	return index - 1;
}

static struct prefix prefix_of(const json_t *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(json_string_value(text), &prefix), 0);
	return prefix;
}

static void own_add(struct box *box, const struct ip *ip)
{
	box->own = mem_grow(box->own, box->own_count + 1, sizeof(*box->own));
	box->own[box->own_count++] = *ip;
}

/* Only what the interface's description allows is in it, and within its limits. */
static void check_names(const json_t *object, const char *const *keys)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		size_t i = 0;

		while (keys[i] && strcmp(keys[i], key) != 0)
			i++;
		if (!keys[i])
			fail_msg("unexpected key %s", key);
	}
}

static struct world world_new(const struct lab *lab)
{
	static const char *const lab_keys[] = {"name", "nodes", "wires", NULL};
	static const char *const node_keys[] = {"name", "ips", "routes", "forwarding", NULL};
	static const char *const wire_keys[] = {"a", "b", "mtu", NULL};
	static const char *const end_keys[] = {"node", "ifname", "ips", "mac", NULL};
	struct world world = {0};
	cleanup(mem_freep) char *text = NULL;
	const json_t *nodes, *wires, *item, *ip;
	struct err err = ERR_INIT;
	json_t *emitted = NULL;
	size_t i, j;

	assert_int_equal(lab_emit(lab, &emitted, &err), 0);
	text = json_text(emitted);
	json_decref(emitted);
	/* as the daemon's door reads it: size, depth, doubles */
	assert_int_equal(json_parse(text, strlen(text), 0, &world.doc, &err), 0);
	check_names(world.doc, lab_keys);
	assert_int_equal(
		name_tenant_check(json_string_value(json_object_get(world.doc, "name")), &err),
		0);
	nodes = json_object_get(world.doc, "nodes");
	wires = json_object_get(world.doc, "wires");
	assert_int_equal(json_array_size(nodes), lab->node_count);
	assert_int_equal(json_array_size(wires), lab->link_count);
	world.count = json_array_size(nodes);
	world.boxes = mem_array(world.count, sizeof(*world.boxes));
	json_array_foreach(nodes, i, item) {
		struct box *box = &world.boxes[i];
		const json_t *routes = json_object_get(item, "routes"), *route;

		check_names(item, node_keys);
		box->name = json_string_value(json_object_get(item, "name"));
		assert_int_equal(name_check("node", box->name, &err), 0);
		assert_int_equal(table_add_str(&world.names, box->name, (void *)(i + 1)), 0);
		assert_true(json_is_boolean(json_object_get(item, "forwarding")));
		json_array_foreach(json_object_get(item, "ips"), j, ip) {
			struct prefix loopback = prefix_of(ip);

			assert_int_equal(loopback.len, ip_bits(&loopback.ip));
			own_add(box, &loopback.ip);
		}
		box->route_count = json_array_size(routes);
		assert_true(box->route_count <= 16384);
		box->routes = mem_array(box->route_count, sizeof(*box->routes));
		json_array_foreach(routes, j, route) {
			struct prefix dst = prefix_of(json_object_get(route, "dst")),
				      network = prefix_network(&dst);

			assert_memory_equal(&dst, &network, sizeof(dst));
			box->routes[j].dst = dst;
			assert_int_equal(
				ip_parse(json_string_value(json_object_get(route, "via")),
					 &box->routes[j].via),
				0);
			assert_int_equal(box->routes[j].via.family, dst.ip.family);
		}
	}
	json_array_foreach(wires, i, item) {
		const json_t *ends[2] = {json_object_get(item, "a"),
					 json_object_get(item, "b")};
		size_t index[2];

		check_names(item, wire_keys);
		for (size_t e = 0; e < 2; e++) {
			check_names(ends[e], end_keys);
			index[e] = box_find(
				&world, json_string_value(json_object_get(ends[e], "node")));
			assert_int_equal(name_ifname_check(json_string_value(json_object_get(
								   ends[e], "ifname")),
							   &err),
					 0);
		}
		assert_true(index[0] != index[1]);
		for (size_t e = 0; e < 2; e++) {
			const json_t *ips = json_object_get(ends[e], "ips"),
				     *theirs = json_object_get(ends[!e], "ips");
			struct box *box = &world.boxes[index[e]];

			box->peers =
				mem_grow(box->peers, box->peer_count + 1, sizeof(*box->peers));
			box->peers[box->peer_count++] = index[!e];
			json_array_foreach(ips, j, ip) {
				struct iface iface = {.ip = prefix_of(ip),
						      .peer_node = index[!e]};

				iface.peer_ip = prefix_of(json_array_get(theirs, j)).ip;
				assert_int_equal(iface.peer_ip.family, iface.ip.ip.family);
				box->ifaces = mem_grow(box->ifaces, box->iface_count + 1,
						       sizeof(*box->ifaces));
				box->ifaces[box->iface_count++] = iface;
				own_add(box, &iface.ip.ip);
			}
		}
	}
	return world;
}

static void world_free(struct world *world)
{
	for (size_t i = 0; i < world->count; i++) {
		free(world->boxes[i].own);
		free(world->boxes[i].ifaces);
		free(world->boxes[i].routes);
		free(world->boxes[i].peers);
	}
	free(world->boxes);
	table_fini(&world->names);
	json_decref(world->doc);
}

static bool box_owns(const struct box *box, const struct ip *ip)
{
	for (size_t i = 0; i < box->own_count; i++)
		if (!ip_cmp(&box->own[i], ip))
			return true;
	return false;
}

/* The neighbour that has @ip, over a connected prefix. SIZE_MAX where there is none. */
static size_t box_neighbour(const struct box *box, const struct ip *ip)
{
	for (size_t i = 0; i < box->iface_count; i++)
		if (prefix_contains(&box->ifaces[i].ip, ip) &&
		    !ip_cmp(&box->ifaces[i].peer_ip, ip))
			return box->ifaces[i].peer_node;
	return SIZE_MAX;
}

static size_t box_forward(const struct box *box, const struct ip *ip)
{
	const struct lab_route *best = NULL;
	uint8_t connected = 0;

	for (size_t i = 0; i < box->iface_count; i++)
		if (prefix_contains(&box->ifaces[i].ip, ip) &&
		    box->ifaces[i].ip.len > connected)
			connected = box->ifaces[i].ip.len;
	for (size_t i = 0; i < box->route_count; i++)
		if (prefix_contains(&box->routes[i].dst, ip) &&
		    (!best || box->routes[i].dst.len > best->dst.len))
			best = &box->routes[i];
	if (connected && (!best || best->dst.len <= connected))
		return box_neighbour(box, ip);
	if (!best)
		return SIZE_MAX;
	/* a kernel refuses a route whose gateway is not on a link */
	assert_true(box_neighbour(box, &best->via) != SIZE_MAX);
	return box_neighbour(box, &best->via);
}

/* Hops from each node to node @to; SIZE_MAX: no way */
static void distances(const struct world *world, size_t to, size_t *hops)
{
	cleanup(mem_freep) size_t *queue = mem_array(world->count, sizeof(*queue));
	size_t head = 0, tail = 0;

	for (size_t i = 0; i < world->count; i++)
		hops[i] = SIZE_MAX;
	hops[to] = 0;
	queue[tail++] = to;
	while (head < tail) {
		const struct box *box = &world->boxes[queue[head]];
		size_t next = hops[queue[head++]] + 1;

		for (size_t i = 0; i < box->peer_count; i++) {
			if (hops[box->peers[i]] != SIZE_MAX)
				continue;
			hops[box->peers[i]] = next;
			queue[tail++] = box->peers[i];
		}
	}
}

/*
 * @automatic: with addresses of ours the loopbacks, the first two of each node, are reached by the
 * very shortest way, and what no link leads to is dropped at once
 */
static void check_world(const struct world *world, bool automatic)
{
	cleanup(mem_freep) size_t *hops = mem_array(world->count, sizeof(*hops));

	/* a sample of large ones: the walk is what takes the time */
	for (size_t to = 0; to<world->count; to += world->count> 100 ? 37 : 1) {
		distances(world, to, hops);
		for (size_t a = 0; a < world->boxes[to].own_count; a++) {
			const struct ip *ip = &world->boxes[to].own[a];
			char text[IP_STR_SIZE];

			for (size_t from = 0; from < world->count; from++) {
				size_t at = from, steps = 0;

				while (at != SIZE_MAX && !box_owns(&world->boxes[at], ip) &&
				       steps <= world->count) {
					at = box_forward(&world->boxes[at], ip);
					steps++;
				}
				if (hops[from] == SIZE_MAX ? automatic && at != SIZE_MAX
							   : at != to)
					fail_msg("%s to %s (%s): ended at %s after %zu steps",
						 world->boxes[from].name, world->boxes[to].name,
						 ip_print(ip, text),
						 at == SIZE_MAX ? "nobody"
								: world->boxes[at].name,
						 steps);
				if (at == to && automatic && a < 2)
					assert_int_equal(steps, hops[from]);
				if (at == to)
					assert_true(steps <=
						    hops[from] +
							    2); /* round by the other end */
			}
		}
	}
}

/* No address twice in the lab. */
static void check_unique(const struct world *world)
{
	struct table seen = {0};

	for (size_t i = 0; i < world->count; i++)
		for (size_t a = 0; a < world->boxes[i].own_count; a++)
			assert_int_equal(table_add(&seen, &world->boxes[i].own[a],
						   sizeof(struct ip), world->boxes),
					 0);
	table_fini(&seen);
}

/* ----------------------------------------------------------------- random graphs */

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

struct edge {
	size_t a, b;
};

/* A tree for each of @parts, and @more edges inside them; parallel ones happen. */
static size_t random_graph(uint32_t *state, size_t nodes, size_t parts, size_t more,
			   struct edge *edges)
{
	size_t count = 0;

	for (size_t i = parts; i < nodes; i++) {
		size_t back = i / parts; /* an earlier node of the same part */

		edges[count++] =
			(struct edge){i % parts + parts * (next_random(state) % back), i};
	}
	for (size_t i = 0; i < more; i++) {
		size_t a = next_random(state) % nodes,
		       size = (nodes - a % parts + parts - 1) / parts;
		size_t b = a % parts + parts * (next_random(state) % size);

		if (a != b)
			edges[count++] = (struct edge){a, b};
	}
	return count;
}

static struct lab *load(const char *file, const struct buf *text)
{
	struct lab_options options = {0};
	struct err err = ERR_INIT;
	struct lab *lab = NULL;

	if (lab_load(file, buf_cstr(text), text->size, &options, &lab, &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	return lab;
}

static struct lab *graphml_lab(size_t nodes, const struct edge *edges, size_t count)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;

	buf_str(&text, "<graphml><graph>\n");
	for (size_t i = 0; i < nodes; i++)
		buf_printf(&text, "<node id=\"%zu\"/>", i);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "<edge source=\"%zu\" target=\"%zu\"/>\n", edges[i].a,
			   edges[i].b);
	buf_str(&text, "</graph></graphml>\n");
	return load("random.graphml", &text);
}

/* The same by YAML, with subnets of several lengths in no order. */
static struct lab *yaml_lab(size_t nodes, const struct edge *edges, size_t count)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;

	buf_str(&text, "name: random\nrouting: static\ntopology:\n  defaults: {kind: linux}\n  "
		       "nodes:\n");
	for (size_t i = 0; i < nodes; i++)
		buf_printf(&text, "    n%zu:\n", i);
	buf_str(&text, "  links:\n");
	for (size_t i = 0; i < count; i++) {
		size_t net = (i * 37) % 1021, len = 24 + i % 8;

		buf_printf(&text, "    - endpoints: [\"n%zu:a%zu\", \"n%zu:b%zu\"]\n",
			   edges[i].a, i, edges[i].b, i);
		buf_printf(&text, "      ipv4: [\"10.%zu.%zu.1/%zu\", \"10.%zu.%zu.%d/%zu\"]\n",
			   net / 250, net % 250, len, net / 250, net % 250, len == 31 ? 0 : 2,
			   len);
		buf_printf(&text,
			   "      ipv6: [\"2001:db8:%zx::1/64\", \"2001:db8:%zx::2/64\"]\n",
			   net, net);
	}
	return load("random.yml", &text);
}

static void random_small(void **state)
{
	uint32_t random = SEED;

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct edge edges[200];
		size_t nodes = 2 + next_random(&random) % 24,
		       parts = round % 5 == 4 && nodes > 3 ? 2 : 1;
		size_t count =
			random_graph(&random, nodes, parts, next_random(&random) % 20, edges);
		struct lab *labs[2] = {graphml_lab(nodes, edges, count),
				       yaml_lab(nodes, edges, count)};

		for (size_t i = 0; i < 2; i++) {
			struct world world = world_new(labs[i]);

			assert_false(labs[i]->merged);
			assert_int_equal(labs[i]->note_count, parts > 1);
			check_unique(&world);
			check_world(&world, labs[i]->automatic);
			world_free(&world);
			lab_free(labs[i]);
		}
	}
}

/* Above LAB_ROUTES_PLAIN_MAX: merged tables forward alike. */
static void random_merged(void **state)
{
	uint32_t random = SEED + 1;

	(void)state;
	for (int round = 0; round < 4; round++) {
		struct edge edges[600];
		size_t parts = round == 3 ? 2 : 1, nodes = round == 3 ? 240 : 140;
		size_t count = random_graph(&random, nodes, parts, (size_t)round * 40, edges);
		struct lab *labs[2] = {graphml_lab(nodes, edges, count),
				       yaml_lab(nodes, edges, count)};

		for (size_t i = 0; i < 2; i++) {
			struct world world = world_new(labs[i]);

			assert_true(labs[i]->merged);
			check_unique(&world);
			check_world(&world, labs[i]->automatic);
			world_free(&world);
			lab_free(labs[i]);
		}
	}
}

/* A star: one node with more links than a word has bits, each leaf with one route. */
static void star(void **state)
{
	struct edge edges[300];
	struct world world;
	struct lab *lab;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(edges); i++)
		edges[i] = (struct edge){0, i + 1};
	lab = graphml_lab(ARRAY_COUNT(edges) + 1, edges, ARRAY_COUNT(edges));
	assert_true(lab->merged);
	assert_int_equal(lab->nodes[7].route_count, 2);
	world = world_new(lab);
	check_unique(&world);
	check_world(&world, true);
	world_free(&world);
	lab_free(lab);
}

/* The largest lab in nodes: addresses do not run out, and it is either built or refused by its limit. */
static void largest(void **state)
{
	cleanup(mem_freep) struct edge *edges =
		mem_array(LAB_LINKS_MAX + LAB_NODES_MAX, sizeof(*edges));
	cleanup(buf_fini) struct buf text = BUF_INIT;
	struct lab_options options = {0};
	uint32_t random = SEED + 2;
	struct err err = ERR_INIT;
	struct lab *lab = NULL;
	size_t count =
		random_graph(&random, LAB_NODES_MAX, 1, LAB_LINKS_MAX - LAB_NODES_MAX, edges);
	int rc;

	(void)state;
	buf_str(&text, "<graphml><graph>\n");
	for (size_t i = 0; i < LAB_NODES_MAX; i++)
		buf_printf(&text, "<node id=\"%zu\"/>", i);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "<edge source=\"%zu\" target=\"%zu\"/>\n", edges[i].a,
			   edges[i].b);
	buf_str(&text, "</graph></graphml>\n");
	rc = lab_load("large.graphml", buf_cstr(&text), text.size, &options, &lab, &err);
	assert_int_equal(rc, -E2BIG);
	assert_non_null(strstr(err.msg, "static routes"));
	print_message("%s: %s\n", err.object, err.msg);
}

static void zoo(void **state)
{
	static const char *const files[] = {"configs/labs/zoo/Abilene.graphml",
					    "configs/labs/zoo/Geant2012.graphml",
					    "configs/labs/line.yml", "configs/labs/ring.yml"};
	const char *top = getenv("MOAT_SOURCE_DIR");

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		cleanup(mem_freep) char *path = mem_printf("%s/%s", top ? top : ".", files[i]);
		cleanup(buf_fini) struct buf data = BUF_INIT;
		struct world world;
		struct lab *lab;

		assert_int_equal(file_read(path, LAB_FILE_MAX, &data), 0);
		lab = load(path, &data);
		world = world_new(lab);
		check_unique(&world);
		check_world(&world, lab->automatic);
		world_free(&world);
		lab_free(lab);
	}
}

/* Equal bytes give an equal call. */
static void deterministic(void **state)
{
	uint32_t random = SEED;
	struct edge edges[200];
	size_t count = random_graph(&random, 50, 1, 30, edges);
	cleanup(mem_freep) char *a = NULL, *b = NULL;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct lab *lab = graphml_lab(50, edges, count);
		json_t *doc = NULL;

		assert_int_equal(lab_emit(lab, &doc, NULL), 0);
		*(i ? &b : &a) = json_text(doc);
		json_decref(doc);
		lab_free(lab);
	}
	assert_string_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_small), cmocka_unit_test(random_merged),
		cmocka_unit_test(star),         cmocka_unit_test(largest),
		cmocka_unit_test(zoo),          cmocka_unit_test(deterministic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
