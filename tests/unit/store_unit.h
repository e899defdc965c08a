/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_unit - a store in a folder of its own, and a model with one of each kind in it, for the unit tests of netd/engine/store. */
#ifndef MOAT_TESTS_UNIT_STORE_UNIT_H
#define MOAT_TESTS_UNIT_STORE_UNIT_H

#include "tests/unit/model_unit.h"

#include <netinet/in.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/plan/desired.h"
#include "netd/engine/store/store.h"

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static char dir[] = "/tmp/moat-store.XXXXXX";
static char volatile_db[64], definitions_db[64];

static inline int setup(void **state)
{
	char command[256];

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/moat-store.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	chmod(dir, 0755);
	snprintf(command, sizeof(command), "%s/engine", dir);
	snprintf(volatile_db, sizeof(volatile_db), "%s/engine/volatile.db", dir);
	snprintf(definitions_db, sizeof(definitions_db), "%s/engine/moat.db", dir);
	return mkdir(command, 0700);
}

static inline int teardown(void **state)
{
	static const char *const files[] = { "volatile.db", "volatile.db-wal", "volatile.db-shm", "moat.db", "moat.db-wal",
					     "moat.db-shm" };
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/engine/%s", dir, files[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/engine", dir);
	rmdir(path);
	return rmdir(dir);
}

static inline struct store *opened(void)
{
	struct store *store = NULL;
	struct err err = ERR_INIT;

	if (store_open(dir, dir, &store, &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	return store;
}

static inline void must(int r, const struct err *err)
{
	if (r < 0)
		fail_msg("%s: %s", err->object, err->msg);
}

/* A file of ours, changed behind the engine's back. */
static inline void sql(const char *path, const char *statements)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, statements, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", statements, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static inline int rows(const char *path)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;
	int count;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM rows", -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	count = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return count;
}

/* Everything a model means, as text: two models are the same when this is. */
static inline char *meaning(const struct model *model)
{
	const struct host_facts facts = { .egress = { "eth0" }, .egress_count = 1, .ipv6 = true, .mtu = 1500 };
	struct objv objs = { 0 };
	struct buf text = BUF_INIT;
	const struct tenant *tenant;
	size_t cursor = 0;

	desired_all(model, &facts, &objs);
	objv_sort(&objs);
	for (size_t i = 0; i < objs.count; i++) {
		obj_print(&objs.items[i], &text);
		buf_printf(&text, "\n");
	}
	objv_fini(&objs);
	while ((tenant = table_next(&model->tenants, &cursor)))
		buf_printf(&text, "%zu %zu\n", tenant->endpoint_count, tenant->port_count);
	buf_printf(&text, "ids %zu ports %zu requests %zu %zu nets %zu namespaces %zu\n", model->ids.count, model->ports.count,
		   model->requests.count, model->stack_requests.count, model->nets.count, model->netnses.count);
	return (char *)text.data;
}

/* One of each kind, all its fields used. */
static inline void fill(struct model *model)
{
	struct tenant_want lab_want = { .name = "net", .kind = TENANT_LAB, .quota = { -1, -1, -1 }, .id = 50, .transit = -1 };
	struct prefix prefixes[] = { prefix_of("10.1.0.1/31"), prefix_of("fd01::1/127"), prefix_of("10.1.0.0/31") };
	struct endpoint_want a = { .id = 53, .ifname = "to-b", .prefixes = prefixes, .prefix_count = 2, .mtu = 9000,
				   .mac = { { 2, 0, 0, 0, 0, 0xaa } } };
	struct endpoint_want b = { .id = 54, .ifname = "to-a", .prefixes = &prefixes[2], .prefix_count = 1, .mtu = 9000 };
	struct tenant *red = tenant_of(model, "red", 1), *lab;
	struct network *web, *inner;
	struct stack *w1, *c1, *f1, *n1, *n2;
	struct endpoint *endpoint;
	struct prefix allow[] = { prefix_of("10.9.0.0/24"), prefix_of("fd09::/64") };
	struct stack_route ways[] = { { prefix_of("10.8.0.0/16"), { 0 }, 0, 0, 0 }, { prefix_of("::/0"), ip_of("fe80::7"), 77, 1280, 1220 } };
	struct endpoint_want want = { .id = 20, .ifname = "eth0", .routes = ways, .route_count = 2, .default_route = true, .request_id = "request \"1\"",
				      .allow = allow, .allow_count = 2,
				      .aliases = (const char *const[]){ "front", "Www.1" }, .alias_count = 2,
				      .bandwidth = { 1000000, 0, 1000000000000000, 12345 },
				      .labels = "{\"a\":\"b \\\"c\\\"\"}" };
	struct endpoint_want tap = { .id = 24, .ifname = "tap0", .tap = true };
	struct err err = ERR_INIT;

	tenant_of(model, "empty", 9);
	red->quota = (struct quota){ 10, 5, 100 };
	red->allow_ports[0] = (struct port_range){ .first = 1, .last = 65535, .proto = IPPROTO_UDP };
	red->allow_ports[1] = (struct port_range){ .first = 8080, .last = 8080 };
	red->allow_ports_count = 2;
	str_copy(red->delegate, sizeof(red->delegate), "alice");
	must(network_try(model, "red/web", 2, "10.0.0.0/24 fd00::/64", "10.0.0.254", &web, &err), &err);
	inner = network_of(model, "red/inner", 3, "192.168.7.0/24");
	inner->internal = true;
	inner->guard = false;
	inner->masquerade = false;
	inner->host_access = true;
	w1 = stack_of(red, "w1", 10);
	must(model_stack_add(red, "c1", STACK_CONTAINER, 11, &c1, &err), &err);
	must(model_stack_add(red, "f1", STACK_FOREIGN, 12, &f1, &err), &err);
	model_stack_set_netns(c1, 4, 0xf0001234);
	must(model_stack_request(c1, 4242, "4242 red \"2\"", &err), &err);
	model_stack_set_netns(f1, UINT32_MAX, UINT64_MAX >> 1);
	str_copy(f1->netns_path, sizeof(f1->netns_path), "/run/netns/f1");
	must(model_endpoint_add(w1, web, &want, &endpoint, &err), &err);
	must(publish_try(endpoint, "8080:80", &err), &err);
	must(publish_try(endpoint, "[2001:db8::1]:53:5353/udp", &err), &err);
	endpoint_of(w1, inner, "eth1", 21, "192.168.7.77");
	endpoint_of(c1, web, "eth0", 22, "");
	endpoint_of(f1, web, "net1", 23, "");
	must(model_endpoint_add(stack_of(red, "vm", 13), web, &tap, &endpoint, &err), &err);

	must(model_tenant_add(model, &lab_want, &lab, &err), &err);
	n1 = stack_of(lab, "a", 51);
	n2 = stack_of(lab, "b", 52);
	n1->forwarding = true;
	n1->loopback[0] = prefix_of("10.255.0.1/32");
	n1->loopback[1] = prefix_of("fd00:255::1/128");
	n1->loopback_count = 2;
	n1->routes = mem_array(2, sizeof(*n1->routes));
	n1->routes[0] = (struct stack_route){ prefix_of("10.255.0.2/32"), ip_of("10.1.0.0"), 0, 0, 0 };
	n1->routes[1] = (struct stack_route){ prefix_of("::/0"), ip_of("fd01::"), 0, 0, 0 };
	n1->route_count = 2;
	must(model_wire_add(n1, &a, n2, &b, &endpoint, &err), &err);
}

/* All that stands becomes @life and goes to the store. */
static inline void put_all(struct store *store, struct model *model, enum life life)
{
	struct tenant *tenant;
	size_t cursor = 0;
	struct err err = ERR_INIT;

	must(store_begin(store, &err), &err);
	while ((tenant = table_next(&model->tenants, &cursor))) {
		struct network *network;
		size_t at = 0;

		tenant->life = life;
		must(store_tenant(store, tenant, &err), &err);
		while ((network = table_next(&tenant->networks, &at))) {
			network->life = life;
			must(store_network(store, network, &err), &err);
		}
		list_each(node, &tenant->stack_order) {
			struct stack *stack = container_of(node, struct stack, order);

			stack->life = life;
			must(store_stack(store, stack, &err), &err);
			list_each(link, &stack->endpoints) {
				struct endpoint *endpoint = container_of(link, struct endpoint, stack_link);

				endpoint->life = life;
				must(store_endpoint(store, endpoint, &err), &err);
			}
		}
	}
	must(store_commit(store, &err), &err);
}

static inline void loaded(struct store *store, struct model *model)
{
	const struct pools pools = small_pools();
	struct asides asides = { 0 };
	struct err err = ERR_INIT;

	model_init(model, &pools);
	must(store_load(store, model, &asides, &err), &err);
	assert_int_equal(asides.count, 0);
	asides_fini(&asides);
}

/* A model of one of each, and the store that holds it. */
static inline struct store *filled(struct model *model, enum life life)
{
	const struct pools pools = small_pools();
	struct store *store = opened();

	model_init(model, &pools);
	fill(model);
	put_all(store, model, life);
	return store;
}

#endif
