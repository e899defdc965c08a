/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of netd/engine/store: every kind of object there and back; what is
 * pending, deleting or orphaned does not come back; another boot; files that
 * are broken, foreign or not ours to write are named and left alone.
 * Rows that cannot be loaded: engine_aside.c.
 */
#include "tests/unit/store_unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/str.h"
#include "tests/lib/needs.h"

static void round_trip(void **state)
{
	struct model before, after;
	struct store *store = filled(&before, LIFE_UP);
	struct name name = { .tenant = "red", .name = "f1" };
	const struct tenant *red;
	const struct endpoint *endpoint;
	char *want = meaning(&before), *have;

	(void)state;
	store_close(store);
	store = opened();
	loaded(store, &after);
	have = meaning(&after);
	assert_string_equal(have, want);
	/* what is no kernel object */
	red = model_tenant(&after, "red");
	assert_string_equal(red->delegate, "alice");
	assert_int_equal(red->quota.endpoints, 10);
	assert_int_equal(red->quota.networks, 5);
	assert_int_equal(red->quota.ports, 100);
	assert_int_equal(red->allow_ports_count, 2);
	assert_true(red->allow_ports[0].last == 65535 && red->allow_ports[0].proto == IPPROTO_UDP);
	assert_true(red->allow_ports[1].first == 8080 && red->allow_ports[1].proto == 0);
	assert_int_equal(red->transit, model_tenant(&before, "red")->transit);
	assert_int_equal(model_tenant(&after, "net")->kind, TENANT_LAB);
	assert_string_equal(model_stack(&after, &name)->netns_path, "/run/netns/f1");
	assert_ptr_equal(model_stack_by_netns(&after, UINT32_MAX, UINT64_MAX >> 1), model_stack(&after, &name));
	str_copy(name.name, sizeof(name.name), "c1");
	assert_ptr_equal(model_stack_requested(red, 4242, "4242 red \"2\""), model_stack(&after, &name));
	endpoint = model_request(model_tenant(&after, "red"), 0, "request \"1\"");
	assert_non_null(endpoint);
	assert_string_equal(endpoint->labels, "{\"a\":\"b \\\"c\\\"\"}");
	assert_true(endpoint->default_route);
	assert_int_equal(endpoint->life, LIFE_UP);
	str_copy(name.name, sizeof(name.name), "inner");
	assert_true(model_network(&after, &name)->internal && model_network(&after, &name)->host_access);
	assert_false(model_network(&after, &name)->guard || model_network(&after, &name)->masquerade);
	free(want);
	free(have);
	store_close(store);
	model_fini(&before);
	model_fini(&after);
}

/* A quota set below what stands must not keep the engine from starting. */
static void quota_below(void **state)
{
	struct model before, after;
	struct store *store = filled(&before, LIFE_UP);
	struct tenant *red = model_tenant(&before, "red");
	struct err err = ERR_INIT;

	(void)state;
	red->quota = (struct quota){ 1, 0, 0 };
	must(store_tenant(store, red, &err), &err);
	store_close(store);
	store = opened();
	loaded(store, &after);
	red = model_tenant(&after, "red");
	assert_int_equal(red->endpoint_count, 5);
	assert_int_equal(red->networks.count, 2);
	assert_int_equal(red->port_count, 2);
	assert_int_equal(red->quota.endpoints, 1);
	store_close(store);
	model_fini(&before);
	model_fini(&after);
}

static void pending_is_dropped(void **state)
{
	struct model before, after;
	struct store *store = filled(&before, LIFE_PENDING);

	(void)state;
	store_close(store);
	store = opened();
	loaded(store, &after);
	assert_empty(&after);
	store_close(store);
	assert_int_equal(rows(volatile_db), 0);
	assert_int_equal(rows(definitions_db), 0);
	model_fini(&before);
	model_fini(&after);
}

static void one_by_one(void **state)
{
	struct model before, after;
	struct store *store = filled(&before, LIFE_PENDING);
	struct err err = ERR_INIT;
	static const uint64_t up[] = { 1, 9, 2, 10, 20 }; /* red, empty, red/web, red/w1, its eth0 */

	(void)state;
	for (size_t i = 0; i < sizeof(up) / sizeof(*up); i++)
		must(store_up(store, up[i], &err), &err);
	must(store_deleting_all(store, (const uint64_t[]){ 9 }, 1, true, &err), &err);
	store_close(store);
	store = opened();
	loaded(store, &after);
	assert_int_equal(after.ids.count, 4);
	assert_null(model_tenant(&after, "empty"));
	assert_non_null(model_request(model_tenant(&after, "red"), 0, "request \"1\""));
	must(store_deleting_all(store, (const uint64_t[]){ 20 }, 1, false, &err), &err);
	must(store_remove(store, 10, &err), &err);
	model_fini(&after);
	store_close(store);
	store = opened();
	loaded(store, &after);
	assert_int_equal(after.ids.count, 3); /* red, red/web, and what w1 had there */
	assert_non_null(model_memory(&after, 20));
	assert_int_equal(after.ports.count, 0);
	store_close(store);
	assert_int_equal(rows(volatile_db), 1);
	assert_int_equal(rows(definitions_db), 2);
	model_fini(&before);
	model_fini(&after);
}

/* A transaction not committed has not happened. */
static void rolled_back(void **state)
{
	struct model before, after;
	struct store *store = filled(&before, LIFE_UP);
	struct err err = ERR_INIT;

	(void)state;
	must(store_begin(store, &err), &err);
	must(store_remove(store, 1, &err), &err);
	must(store_remove(store, 20, &err), &err);
	store_rollback(store);
	store_rollback(store); /* twice is no fault */
	must(store_begin(store, &err), &err);
	must(store_remove(store, 2, &err), &err);
	store_close(store); /* killed in the midst of it */
	store = opened();
	loaded(store, &after);
	assert_int_equal(after.ids.count, before.ids.count);
	store_close(store);
	model_fini(&before);
	model_fini(&after);
}

static struct endpoint *pending_endpoint(struct model *model)
{
	struct endpoint *endpoint = model_endpoint_by_id(model, 20);

	assert_non_null(endpoint);
	endpoint->life = LIFE_PENDING;
	return endpoint;
}

/* What was written ahead is there when its owner has committed it, and says that it is up. */
static void ahead(void **state)
{
	struct model before, after;
	struct store *store = filled(&before, LIFE_UP);
	const struct endpoint *endpoint = pending_endpoint(&before);
	struct err err = ERR_INIT;

	(void)state;
	must(store_remove(store, 20, &err), &err);
	assert_int_equal(store_ahead_begin(store, endpoint, &err), 0);
	must(store_endpoint(store, endpoint, &err), &err);
	store_ahead_end(store, 0);
	assert_int_equal(store_ahead_begin(store, &err, &err), 1); /* another's is open */
	assert_int_equal(store_ahead_join(store, endpoint, &err), 0);
	must(store_commit(store, &err), &err);
	must(store_remove(store, 22, &err), &err); /* none is open any more: this stands at once */
	store_close(store);
	store = opened();
	loaded(store, &after);
	assert_non_null(model_endpoint_by_id(&after, 20));
	assert_int_equal(model_endpoint_by_id(&after, 20)->life, LIFE_UP);
	assert_int_equal(after.ids.count, before.ids.count - 1);
	store_close(store);
	model_fini(&before);
	model_fini(&after);
}

/* Cut off before that, dropped, or undone by whoever else writes, it has not happened; what the other wrote has. */
static void ahead_undone(void **state)
{
	enum { CUT_OFF, DROPPED, FAILED, BY_ROW, BY_TRANSACTION, BY_META, WAYS };

	(void)state;
	for (int way = 0; way < WAYS; way++) {
		struct model before, after;
		struct store *store = filled(&before, LIFE_UP);
		const struct endpoint *endpoint = pending_endpoint(&before);
		struct err err = ERR_INIT;
		bool other = way == BY_ROW || way == BY_TRANSACTION;
		char text[16];

		must(store_remove(store, 20, &err), &err);
		assert_int_equal(store_ahead_begin(store, endpoint, &err), 0);
		must(store_endpoint(store, endpoint, &err), &err);
		store_ahead_end(store, way == FAILED ? -EIO : 0);
		store_ahead_drop(store, &err); /* not his */
		if (way == DROPPED)
			store_ahead_drop(store, endpoint);
		if (way == BY_TRANSACTION)
			must(store_begin(store, &err), &err);
		if (other)
			must(store_remove(store, 22, &err), &err);
		if (way == BY_TRANSACTION)
			must(store_commit(store, &err), &err);
		if (way == BY_META)
			must(store_set_opened(store, "eth0", &err), &err);
		if (way != CUT_OFF) {
			assert_int_equal(store_ahead_join(store, endpoint, &err), 1);
			store_rollback(store);
		}
		store_close(store);
		store = opened();
		loaded(store, &after);
		assert_null(model_endpoint_by_id(&after, 20));
		assert_int_equal(after.ids.count, before.ids.count - (other ? 2 : 1));
		if (way == BY_META)
			assert_int_equal(store_opened(store, text, sizeof(text)), 0);
		store_close(store);
		model_fini(&before);
		model_fini(&after);
	}
}

/* Two files do not commit as one: rows whose tenant, network or stack is gone go, too, and never come back. */
static void orphans(void **state)
{
	struct model before, after;
	struct store *store = filled(&before, LIFE_UP);
	char *have;

	(void)state;
	store_close(store);
	sql(definitions_db, "DELETE FROM rows WHERE id = '000000000001'");
	store = opened();
	loaded(store, &after);
	assert_null(model_tenant(&after, "red"));
	assert_int_equal(after.ids.count, 6); /* empty; net, its two nodes, a wire of two ends */
	model_fini(&after);
	store_close(store);
	assert_int_equal(rows(definitions_db), 1);
	assert_int_equal(rows(volatile_db), 4);
	/* a tenant of the same name begins empty */
	store = opened();
	loaded(store, &after);
	tenant_of(&after, "red", 99);
	put_all(store, &after, LIFE_UP);
	model_fini(&after);
	store_close(store);
	store = opened();
	loaded(store, &after);
	assert_int_equal(model_tenant(&after, "red")->networks.count, 0);
	assert_true(list_empty(&model_tenant(&after, "red")->stack_order));
	have = meaning(&after);
	assert_null(strstr(have, "10.0.0."));
	free(have);
	store_close(store);
	model_fini(&before);
	model_fini(&after);
}

static void another_boot(void **state)
{
	struct model before, after;
	struct store *store = filled(&before, LIFE_UP);

	(void)state;
	store_close(store);
	sql(volatile_db, "UPDATE meta SET value = '00000000-0000-0000-0000-000000000000' WHERE key = 'boot'");
	store = opened();
	loaded(store, &after);
	assert_int_equal(after.ids.count, 4); /* red, empty, web, inner: no stack, no endpoint, no lab */
	assert_int_equal(after.ports.count, 0);
	assert_null(model_tenant(&after, "net"));
	store_close(store);
	store = opened(); /* and the same boot once more: nothing is thrown away */
	store_close(store);
	assert_int_equal(rows(definitions_db), 4);
	model_fini(&before);
	model_fini(&after);
}

static void pools(void **state)
{
	struct pools want = small_pools(), have;
	struct store *store = opened();
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(store_pools(store, &have, &err), 0);
	must(store_set_pools(store, &want, &err), &err);
	store_close(store);
	store = opened();
	memset(&have, 0, sizeof(have));
	assert_int_equal(store_pools(store, &have, &err), 1);
	assert_memory_equal(&have, &want, sizeof(want));
	store_close(store);
	sql(definitions_db, "UPDATE meta SET value = 'ten' WHERE key = 'nets4'");
	store = opened();
	assert_refused(store_pools(store, &have, &err), &err, ERR_IO, definitions_db, "nets4");
	store_close(store);
}

/* ------------------------------------------------------------------ bad files */

static void content(const char *path, struct buf *ret)
{
	buf_clear(ret);
	assert_int_equal(file_read(path, 64 << 20, ret), 0);
}

static void damage(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

/* It is refused, the file is named, and not a byte of either has changed. */
static void refused(const char *path, const char *words)
{
	struct buf before[2] = { BUF_INIT, BUF_INIT }, after[2] = { BUF_INIT, BUF_INIT };
	struct store *store = NULL;
	struct err err = ERR_INIT;

	content(volatile_db, &before[0]);
	content(definitions_db, &before[1]);
	assert_refused(store_open(dir, dir, &store, &err), &err, ERR_IO, path, words);
	assert_null(store);
	content(volatile_db, &after[0]);
	content(definitions_db, &after[1]);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(before[i].size, after[i].size);
		if (before[i].size)
			assert_memory_equal(before[i].data, after[i].data, before[i].size);
		buf_fini(&before[i]);
		buf_fini(&after[i]);
	}
}

static void garbage(void **state)
{
	static const char text[4096] = "this was a database once; it is none now";
	const char *const paths[] = { volatile_db, definitions_db };
	cleanup(buf_fini) struct buf good = BUF_INIT;
	struct model before;
	struct store *store = filled(&before, LIFE_UP);

	(void)state;
	store_close(store);
	for (size_t i = 0; i < 2; i++) {
		content(paths[i], &good);
		damage(paths[i], text, sizeof(text));
		refused(paths[i], "file is not a database");
		/* cut in the middle of a page */
		damage(paths[i], good.data, good.size - 1000);
		refused(paths[i], "malformed");
		damage(paths[i], good.data, 5000);
		refused(paths[i], "malformed");
		damage(paths[i], good.data, good.size);
		store = opened();
		store_close(store);
	}
	model_fini(&before);
}

/* What the daemon before reservations wrote is taken over, both files; a change that fails leaves it as it was. */
static void version_one(void **state)
{
	static const char *const old[] = {
		"CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
		"CREATE TABLE rows(id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID",
		"INSERT INTO meta VALUES('version', '1')",
	};
	static const char *const definitions[] = {
		"INSERT INTO rows VALUES('000000000001', 'tenant', 'up', '{\"name\":\"red\",\"kind\":0,\"delegate\":\"\","
		"\"transit\":3,\"endpoints\":-1,\"networks\":-1,\"ports\":-1}')",
		"INSERT INTO rows VALUES('000000000002', 'network', 'up', '{\"tenant\":\"red\",\"name\":\"web\",\"subnets\":"
		"[\"10.0.0.0/24\"],\"gateways\":[\"10.0.0.1\"],\"mtu\":1500,\"guard\":true,\"masquerade\":true,"
		"\"internal\":false}')",
	};
	static const char *const volatiles[] = {
		"INSERT INTO rows VALUES('00000000000b', 'stack', 'up', '{\"tenant\":\"red\",\"name\":\"w1\",\"kind\":0}')",
		"INSERT INTO rows VALUES('000000000014', 'endpoint', 'up', '{\"id\":\"000000000014\",\"tenant\":\"red\","
		"\"stack\":\"w1\",\"ifname\":\"eth0\",\"mac\":\"02:00:00:00:00:14\",\"ips\":[\"10.0.0.9/24\"],\"mtu\":1500,"
		"\"default\":true,\"publish\":[],\"network\":\"web\",\"request\":\"again\"}')",
	};
	char boot[37], set_boot[128];
	struct endpoint *endpoint;
	struct store *store;
	struct model after;

	(void)state;
	for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++) {
		sql(definitions_db, old[i]);
		sql(volatile_db, old[i]);
	}
	assert_int_equal(clock_boot_id(boot), 0);
	snprintf(set_boot, sizeof(set_boot), "INSERT INTO meta VALUES('boot', '%s')", boot);
	sql(volatile_db, set_boot);
	for (size_t i = 0; i < 2; i++) {
		sql(definitions_db, definitions[i]);
		sql(volatile_db, volatiles[i]);
	}
	for (int twice = 0; twice < 2; twice++) {
		store = opened();
		loaded(store, &after);
		endpoint = model_request(model_tenant(&after, "red"), 0, "again");
		assert_non_null(endpoint);
		assert_ips(endpoint, "10.0.0.9/24");
		assert_true(endpoint->mtu_follows);
		assert_int_equal(model_tenant(&after, "red")->transit, 3);
		model_fini(&after);
		store_close(store);
	}
}

/* Ranges, reservations, memories and the order of creation come back; memories in the order they were made. */
static void addresses(void **state)
{
	static const char *const names[] = { "zeta", "alpha", "mike" };
	const struct pools pools = small_pools();
	struct ip_range range;
	struct ipam_reserve reserve;
	struct network_def def;
	struct model before, after;
	struct network *web;
	struct tenant *red, *other;
	struct stack *stack;
	struct endpoint *endpoint;
	struct store *store = opened();
	struct err err = ERR_INIT;
	struct list *node;

	(void)state;
	model_init(&before, &pools);
	red = tenant_of(&before, "red", 1);
	web = network_of(&before, "red/web", 2, "10.0.0.0/24 fd00::/64");
	assert_int_equal(ip_range_parse("10.0.0.128/25", &range), 0);
	must(ipam_reserve_parse("db=fd00::5", &reserve, &err), &err);
	network_def_get(web, &def);
	must(network_def_exclude(&def, web, &range, &err), &err);
	must(network_def_reserve(&def, web, &reserve, &err), &err);
	must(network_def_check(&def, web, &err), &err);
	network_def_apply(&def, web);
	network_def_fini(&def);
	/* ids that say another order than that of making */
	for (unsigned i = 0; i < 3; i++) {
		stack = stack_of(red, names[i], 90 - 10 * i);
		endpoint_of(stack, web, "eth0", 91 - 10 * i, "");
	}
	put_all(store, &before, LIFE_UP);
	/* alpha goes, and its row stands for what is remembered; then mike, cut off before its links have gone */
	endpoint = stack_endpoint(table_find_str(&red->stacks, "alpha"), "eth0");
	model_stack_del(endpoint->stack);
	must(store_remove(store, 80, &err), &err);
	must(store_memory(store, model_memory(&before, 81), &err), &err);
	must(store_deleting_all(store, (const uint64_t[]){ 70 }, 1, false, &err), &err);
	must(store_deleting_all(store, (const uint64_t[]){ 71 }, 1, false, &err), &err);
	store_close(store);

	store = opened();
	loaded(store, &after);
	red = model_tenant(&after, "red");
	web = table_find_str(&red->networks, "web");
	assert_int_equal(web->ipam.excluded_count, 1);
	assert_string_equal(ipam_reserved_for(web, &reserve.ip), "db");
	assert_int_equal(web->ipam.memory_count, 2);
	/* who comes back has its own again, and the newcomer neither */
	assert_ips(endpoint_of(stack_of(red, "new", 10), web, "eth0", 11, ""), "10.0.0.5/24 fd00::6/64");
	assert_ips(endpoint_of(stack_of(red, "mike", 12), web, "eth0", 13, ""), "10.0.0.4/24 fd00::4/64");
	assert_ips(endpoint_of(stack_of(red, "alpha", 14), web, "eth0", 15, ""), "10.0.0.3/24 fd00::3/64");
	/* a memory that has been taken up again is no row any more */
	model_endpoint_up(stack_endpoint(table_find_str(&red->stacks, "alpha"), "eth0"));
	must(store_forget(store, &after, &err), &err);
	store_close(store);
	assert_int_equal(rows(volatile_db), 3); /* zeta, its eth0, and what mike had */
	model_fini(&after);
	model_fini(&before);

	/* the order of making, whatever the ids */
	store = opened();
	model_init(&before, &pools);
	other = tenant_of(&before, "other", 200);
	red = tenant_of(&before, "blue", 201);
	model_tenant_del(other); /* the uplink's number is that of red, which the store has */
	for (unsigned i = 0; i < 3; i++)
		stack_of(red, names[i], 290 - 10 * i);
	put_all(store, &before, LIFE_UP);
	store_close(store);
	store = opened();
	loaded(store, &after);
	node = &model_tenant(&after, "blue")->stack_order;
	for (unsigned i = 0; i < 3; i++) {
		node = node->next;
		assert_string_equal(container_of(node, struct stack, order)->name, names[i]);
	}
	store_close(store);
	model_fini(&after);
	model_fini(&before);
}

static void unknown_version(void **state)
{
	struct store *store = opened();

	(void)state;
	store_close(store);
	sql(definitions_db, "UPDATE meta SET value = '3' WHERE key = 'version'");
	refused(definitions_db, "version 3, this program knows 2; it was left as it is");
	/* and what else a version to come may look like */
	sql(definitions_db, "DROP TABLE rows; CREATE TABLE things(a)");
	refused(definitions_db, "version 3");
	sql(definitions_db, "UPDATE meta SET value = 'x' WHERE key = 'version'");
	refused(definitions_db, "version x");
	sql(definitions_db, "UPDATE meta SET value = '2 or so' WHERE key = 'version'");
	refused(definitions_db, "version 2 or so");
	/* what cannot be read is not taken for what is not there, and then written anew */
	sql(definitions_db, "UPDATE meta SET value = '99999999999999999999' WHERE key = 'version'");
	refused(definitions_db, "a version longer");
	sql(definitions_db, "UPDATE meta SET value = NULL WHERE key = 'version'");
	refused(definitions_db, "version cannot be read");
	sql(definitions_db, "DROP TABLE meta; CREATE TABLE meta(key TEXT PRIMARY KEY, worth TEXT)");
	refused(definitions_db, "version cannot be read");
	unlink(definitions_db);
	store = opened();
	store_close(store);
	sql(volatile_db, "UPDATE meta SET value = '3' WHERE key = 'version'");
	refused(volatile_db, "version 3");
	sql(volatile_db, "DROP TABLE meta; CREATE TABLE meta(key TEXT PRIMARY KEY, worth TEXT)");
	refused(volatile_db, "version cannot be read");
}

/* Cut off between the tables and the version: nothing was kept yet, and all goes on. */
static void no_version_yet(void **state)
{
	struct store *store = opened();
	struct model after;

	(void)state;
	store_close(store);
	sql(definitions_db, "DELETE FROM meta WHERE key = 'version'");
	sql(volatile_db, "DELETE FROM meta WHERE key = 'version'");
	for (int twice = 0; twice < 2; twice++) {
		store = opened();
		loaded(store, &after);
		model_fini(&after);
		store_close(store);
	}
}

/* Run as nobody, whom a mode can stop. */
static void needs_root_read_only(void **state)
{
	struct store *store = opened();
	struct stat st;
	char folder[64];
	int status;
	pid_t pid;

	(void)state;
	store_close(store);
	needs(getuid() == 0, "root, to become somebody else");
	snprintf(folder, sizeof(folder), "%s/engine", dir);
	chmod(folder, 0755);
	chmod(volatile_db, 0666);
	chmod(definitions_db, 0444);
	assert_int_equal(chown(folder, 65534, 65534), 0);
	assert_int_equal(chown(volatile_db, 65534, 65534), 0);
	pid = fork();
	if (pid == 0) {
		struct err err = ERR_INIT;

		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(9);
		if (store_open(dir, dir, &store, &err) == 0)
			_exit(8);
		if (!strstr(err.msg, "may not be written") || strcmp(err.object, definitions_db) != 0) {
			fprintf(stderr, "%s: %s\n", err.object, err.msg);
			_exit(7);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(stat(definitions_db, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0444);
}

static void no_folder(void **state)
{
	struct store *store = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_refused(store_open("/nonexistent", dir, &store, &err), &err, ERR_IO, "/nonexistent/engine/moat.db",
		       "cannot be opened");
	assert_refused(store_open(dir, "/nonexistent", &store, &err), &err, ERR_IO, "/nonexistent/engine/volatile.db",
		       "cannot be opened");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(round_trip),   TEST(quota_below), TEST(pending_is_dropped), TEST(one_by_one), TEST(rolled_back),
		TEST(ahead),	    TEST(ahead_undone),
		TEST(orphans),	    TEST(another_boot), TEST(pools),		  TEST(garbage),    TEST(unknown_version),
		TEST(version_one),  TEST(no_version_yet), TEST(addresses),
		TEST(needs_root_read_only),   TEST(no_folder),
	};

	needs_choose(argc, argv);
	return needs_status(cmocka_run_group_tests(tests, NULL, NULL));
}
