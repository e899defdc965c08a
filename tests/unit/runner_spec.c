/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of runner/spec: JSON and back, the texts of --network and -v, what is refused. */
#include "tests/unit/unit.h"

#include <string.h>

#include <errno.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/spec/spec.h"

static const char *args[] = {"sh", "-c", "echo \"\xc3\xa4\"\n", NULL};
static const char *env[] = {"A=1", "B=x=y", NULL};
static const char *ips[] = {"10.0.0.5", "fd00::5", NULL};
static const char *ports[] = {"8080:80/tcp", NULL};
static const char *none[] = {NULL};
static struct spec_network networks[] = {
	{.network = "red/web", .ips = ips, .mac = "02:00:00:00:00:01", .ifname = "web0", .aliases = ips, .routes = ips,
	 .bandwidth = {1000, 2000, 3000, 4000}},
	{.network = "red/db"},
};
static struct spec_volume volumes[] = {{"/srv", "/data", true}, {"/a", "/b", false}};
static struct spec_step steps[] = {{.args = args, .user = "postgres", .unless = "/x"},
				   {.args = args}};
static struct spec_seed seeds[] = {{"/var/lib/x", NULL, 33, 33, 02755},
				   {"/etc/y", "text\n", 0, 0, 0600}};

static void refused(struct spec *spec, enum err_kind kind);

static struct spec whole(void)
{
	struct spec spec = {
		.name = {.tenant = "red", .name = "w1"},
		.id = "0123456789ab",
		.args = args,
		.env = env,
		.user = "www-data",
		.workdir = "/srv",
		.hostname = "w1",
		.rootfs = "/srv/root",
		.caps = 0x405fb,
		.net = SPEC_NET_OWN,
		.read_only = true,
		.interactive = true,
		.tty = true,
		.size = {.rows = 25, .columns = 80},
		.restart = SPEC_RESTART_ON_FAILURE,
		.restart_max = 3,
		.stop_signal = 15,
		.publish = ports,
		.tmpfs = none,
		.networks = networks,
		.network_count = 2,
		.volumes = volumes,
		.volume_count = 2,
		.steps = steps,
		.step_count = 2,
		.seeds = seeds,
		.seed_count = 2,
	};

	return spec;
}

static void json_is_inverse(void **state)
{
	struct spec spec = whole(), back;
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = spec_encode(&spec);
	cleanup(json_freep) json_t *again = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(spec_decode(doc, arena, &back, &err), 0);
	again = spec_encode(&back);
	assert_true(json_equal(doc, again));
	assert_string_equal(back.args[2], args[2]);
	assert_null(back.args[3]);
	assert_string_equal(back.networks[0].ips[1], "fd00::5");
	assert_null(back.networks[1].mac);
	assert_string_equal(back.networks[0].aliases[1], "fd00::5");
	assert_string_equal(back.networks[0].routes[0], "10.0.0.5");
	assert_memory_equal(back.networks[0].bandwidth, networks[0].bandwidth, sizeof(networks[0].bandwidth));
	assert_int_equal(back.caps, 0x405fb);
	assert_null(back.seeds[0].content);
	assert_string_equal(back.seeds[1].content, "text\n");
	assert_int_equal(back.seeds[0].mode, 02755);
	assert_null(back.steps[1].unless);
	assert_null(back.join);
	assert_null(back.x11);
	assert_true(back.tty);
	assert_int_equal(back.size.columns, 80);
	assert_int_equal(back.restart, SPEC_RESTART_ON_FAILURE);
	assert_int_equal(back.restart_max, 3);
}

static void devices_pass(void **state)
{
	static const char *devices[] = {"eth1", "eth2,force", NULL};
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct spec spec = whole(), back;
	struct err err = ERR_INIT;

	(void)state;
	spec.devices = devices;
	cleanup(json_freep) json_t *doc = spec_encode(&spec);
	assert_int_equal(spec_decode(doc, arena, &back, &err), 0);
	assert_string_equal(back.devices[1], "eth2,force");
	spec.network_count = 0;
	spec.publish = none;
	spec.net = SPEC_NET_HOST;
	refused(&spec, ERR_USAGE);
}

static void joins_and_display_pass(void **state)
{
	static const struct spec_x11 x11 = {.display = 7, .cookie = "00ff"};
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct spec spec = whole(), back;
	struct err err = ERR_INIT;

	(void)state;
	assert_false(spec_joins(&spec));
	spec.pid = SPEC_NS_JOIN;
	spec.pid_join = "red/x";
	spec.ipc = SPEC_NS_HOST;
	spec.x11 = &x11;
	assert_true(spec_joins(&spec));
	cleanup(json_freep) json_t *doc = spec_encode(&spec);
	assert_int_equal(spec_decode(doc, arena, &back, &err), 0);
	assert_int_equal(back.pid, SPEC_NS_JOIN);
	assert_int_equal(back.ipc, SPEC_NS_HOST);
	assert_string_equal(back.pid_join, "red/x");
	assert_null(back.ipc_join);
	assert_int_equal(back.x11->display, 7);
	assert_string_equal(back.x11->cookie, "00ff");
}

static void restart_texts(void **state)
{
	static const char *const bad[] = {
		"",          "never",   "on-failure:",        "on-failure:x",
		"always:3",  "no:1",    "on-failure:-1",      "on-failure:1 ",
		"on-failur", "always ", "on-failure:10000000"};
	struct spec spec = {0};
	struct err err;

	(void)state;
	assert_int_equal(spec_restart_parse("always", &spec, &err), 0);
	assert_int_equal(spec.restart, SPEC_RESTART_ALWAYS);
	assert_int_equal(spec_restart_parse("on-failure:7", &spec, &err), 0);
	assert_int_equal(spec.restart, SPEC_RESTART_ON_FAILURE);
	assert_int_equal(spec.restart_max, 7);
	assert_int_equal(spec_restart_parse("on-failure", &spec, &err), 0);
	assert_int_equal(spec.restart_max, 0);
	assert_int_equal(spec_restart_parse("no", &spec, &err), 0);
	assert_int_equal(spec.restart, SPEC_RESTART_NO);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(spec_restart_parse(bad[i], &spec, &err), -EINVAL);
}

static void long_arguments_pass(void **state)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(mem_freep) char *text = mem_alloc(SPEC_STRING_MAX + 2);
	const char *words[] = {"sh", text, NULL};
	struct spec spec = whole(), back;
	struct err err = ERR_INIT;

	(void)state;
	memset(text, 'x', SPEC_STRING_MAX);
	spec.args = words;
	cleanup(json_freep) json_t *doc = spec_encode(&spec);

	assert_int_equal(spec_decode(doc, arena, &back, &err), 0);
	assert_int_equal(strlen(back.args[1]), SPEC_STRING_MAX);
	text[SPEC_STRING_MAX] = 'x';
	assert_int_not_equal(spec_check(&spec, &err), 0);
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void refused(struct spec *spec, enum err_kind kind)
{
	struct err err = ERR_INIT;

	assert_int_not_equal(spec_check(spec, &err), 0);
	assert_int_equal(err.kind, kind);
	assert_string_not_equal(err.msg, "");
}

static void check_refuses(void **state)
{
	const char *no_value[] = {"A", NULL}, *no_name[] = {"=x", NULL};
	const char *latin1[] = {"ls", "\xe4", NULL}, *relative[] = {"tmp", NULL};
	struct spec spec = whole();

	(void)state;
	assert_int_equal(spec_check(&spec, NULL), 0);
	spec.args = none;
	refused(&spec, ERR_USAGE);
	spec.args = latin1;
	refused(&spec, ERR_USAGE);
	spec = whole();
	spec.env = no_value;
	refused(&spec, ERR_USAGE);
	spec.env = no_name;
	refused(&spec, ERR_USAGE);
	spec = whole();
	spec.tmpfs = relative;
	refused(&spec, ERR_USAGE);
	spec = whole();
	spec.workdir = "srv";
	refused(&spec, ERR_USAGE);
	spec = whole();
	spec.hostname = "a b";
	refused(&spec, ERR_NAME);
	spec = whole();
	spec.net = SPEC_NET_HOST; /* with a network */
	refused(&spec, ERR_USAGE);
	spec = whole();
	spec.pid_join = "blue/x";
	refused(&spec, ERR_PERMISSION);
	spec.pid_join = "x"; /* of tenant default */
	refused(&spec, ERR_PERMISSION);
	spec.pid_join = "red/w1"; /* itself */
	refused(&spec, ERR_USAGE);
	spec = whole();
	spec.ipc_join = "blue/x";
	refused(&spec, ERR_PERMISSION);
	spec = whole();
	spec.network_count = 0;
	spec.publish = none;
	spec.join = "blue/x";
	refused(&spec, ERR_PERMISSION);
	spec = whole();
	spec.network_count = 0; /* with a published port */
	refused(&spec, ERR_USAGE);
	spec = whole();
	spec.network_count = SPEC_NETWORKS_MAX + 1;
	refused(&spec, ERR_LIMIT);
}

static void decode_refuses(void **state)
{
	static const struct {
		const char *key, *value; /* JSON */
	} cases[] = {
		{"tenant", "\"Red\""},
		{"name", "\"../x\""},
		{"id", "\"12\""},
		{"args", "[]"},
		{"args", "[1]"},
		{"caps", "\"xyz\""},
		{"net", "\"bridge\""},
		{"net", "\"join\""},
		{"unknown", "1"},
		{"readOnly", "1"},
		{"volumes", "[{}]"},
		{"join", "\"red/x\""},
		{"pid", "\"join\""},
		{"pid", "\"other\""},
		{"pidJoin", "\"red/x\""},
		{"ipc", "\"join\""},
		{"x11", "{}"},
		{"x11", "{\"display\":70000}"},
		{"seeds", "[{\"path\":\"/x\",\"uid\":65536}]"},
	};
	struct spec spec = whole(), back;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		cleanup(arena_freep) struct arena *arena = arena_new();
		cleanup(json_freep) json_t *doc = spec_encode(&spec);
		struct err err = ERR_INIT;

		json_object_set_new(doc, cases[i].key,
				    json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
		assert_int_not_equal(spec_decode(doc, arena, &back, &err), 0);
		assert_int_not_equal(err.kind, ERR_NONE);
	}
}

static void networks_parse(void **state)
{
	static const char *const bad[] = {
		"",
		"Red/web",
		"red/web,",
		"red/web,ip",
		"red/web,ip=",
		"red/web,ip=10.0.0.0/24",
		"red/web,mac=01:00:00:00:00:00",
		"red/web,ifname=lo",
		"red/web,mtu=1500",
		"red/web,mac=02:00:00:00:00:01,mac=02:00:00:00:00:02",
		"red/web,alias=a/b",
		"red/web,route=",
		"red/web,route=x",
		"red/web,route==10.0.0.1",
		"red/web,route=10.9.0.0/16=",
		"red/web,route=10.9.0.0/16=x",
		"red/web,route=10.9.0.0/33",
		"red/web,route=10.9.0.0/16=fd00::1",
		"red/web,route=10.9.0.0/16=10.0.0.1=10.0.0.2",
		"red/web,route=10.9.0.0/16 dev lo",
		"red/web,ingress-rate=fast",
		"red/web,egress-burst=10Q",
	};
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct spec_network network;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
		spec_network_parse(
			"red/web,ip=10.0.0.5,mac=02:00:00:00:00:01,ip=fd00::5,ifname=e0", arena,
			&network, &err),
		0);
	assert_string_equal(network.network, "red/web");
	assert_string_equal(network.ips[0], "10.0.0.5");
	assert_string_equal(network.ips[1], "fd00::5");
	assert_null(network.ips[2]);
	assert_string_equal(network.mac, "02:00:00:00:00:01");
	assert_string_equal(network.ifname, "e0");
	assert_int_equal(spec_network_parse("web,alias=a,egress-burst=none,alias=b,ingress-rate=2Mbit,egress-rate=7k", arena,
					    &network, &err),
			 0);
	assert_string_equal(network.aliases[1], "b");
	assert_null(network.aliases[2]);
	assert_int_equal(network.bandwidth[0], 2000000);
	assert_int_equal(network.bandwidth[1], 0);
	assert_int_equal(network.bandwidth[2], 7000);
	assert_int_equal(spec_network_parse("web", arena, &network, &err), 0);
	assert_null(network.ips);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_not_equal(spec_network_parse(bad[i], arena, &network, &err), 0);
	assert_int_equal(spec_network_parse("web,route=10.9.0.0/16=10.0.0.7,route=fd00::5,route=::/0=fe80::1", arena, &network, &err), 0);
	assert_string_equal(network.routes[0], "10.9.0.0/16=10.0.0.7");
	assert_string_equal(network.routes[1], "fd00::5");
	assert_string_equal(network.routes[2], "::/0=fe80::1");
	assert_null(network.routes[3]);
}

static void tmpfs_parse(void **state)
{
	static const char *const bad[] = {"",	     "rel",	  "/",	       "/a:",	    "/a:b",	 "/a:size",   "/a:size=x", "/a:size=1x",
					  "/a:size=", "/a:size=0", "/a:mode=",  "/a:mode=9", "/a:mode=17777", "/a:,", "/a:rw,", "/a:suid",
					  "/a:size=1,uid=0", "/..:rw"};
	struct spec_tmpfs tmpfs;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(spec_tmpfs_parse("/a", &tmpfs, &err), 0);
	assert_string_equal(tmpfs.path, "/a");
	assert_string_equal(tmpfs.size, "size=25%");
	assert_string_equal(tmpfs.mode, "mode=1777");
	assert_false(tmpfs.noexec);
	assert_int_equal(spec_tmpfs_parse("/a/b:rw,noexec,size=10M,mode=0700,nosuid", &tmpfs, &err), 0);
	assert_string_equal(tmpfs.path, "/a/b");
	assert_string_equal(tmpfs.size, "size=10M");
	assert_string_equal(tmpfs.mode, "mode=0700");
	assert_true(tmpfs.noexec);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_not_equal(spec_tmpfs_parse(bad[i], &tmpfs, &err), 0);
}

static void volumes_parse(void **state)
{
	static const char *const bad[] = {"",         "/a",         "a:/b", "/a:b",
					  "/a:/b:rx", "/a:/b:ro:x", ":/b",  "/a:"};
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct spec_volume volume;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(spec_volume_parse("/a:/b", arena, &volume, &err), 0);
	assert_string_equal(volume.source, "/a");
	assert_string_equal(volume.target, "/b");
	assert_false(volume.read_only);
	assert_int_equal(spec_volume_parse("/a:/b:ro", arena, &volume, &err), 0);
	assert_true(volume.read_only);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_not_equal(spec_volume_parse(bad[i], arena, &volume, &err), 0);
}

static void amounts(void **state)
{
	static const struct {
		const char *text;
		int64_t value; /* 0: refused */
	} memory[] = {{"262144", 262144},
		      {"64k", 65536},
		      {"256m", 256 << 20},
		      {"1G", 1 << 30},
		      {"65536b", 65536},
		      {"2t", INT64_C(2) << 40},
		      {"", 0},
		      {"m", 0},
		      {"1", 0},
		      {"63k", 0},
		      {"1.5g", 0},
		      {"1mb", 0},
		      {"-1m", 0},
		      {" 1m", 0},
		      {"9999999t", 0},
		      {"99999999999999999999999999", 0}},
	  cpus[] = {{"1", 1000},       {"1.5", 1500}, {"0.01", 10},   {".25", 250},
		    {"1000", 1000000}, {"2.", 2000},  {"", 0},        {".", 0},
		    {"0", 0},          {"0.009", 0},  {"1.2345", 0},  {"-1", 0},
		    {"1e3", 0},        {"1000.1", 0}, {"12345678", 0}};
	int64_t got;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(memory); i++) {
		got = 0;
		assert_int_equal(spec_memory_parse(memory[i].text, &got, NULL) == 0,
				 memory[i].value != 0);
		assert_int_equal(got, memory[i].value);
	}
	for (size_t i = 0; i < ARRAY_COUNT(cpus); i++) {
		got = 0;
		assert_int_equal(spec_cpus_parse(cpus[i].text, &got, NULL) == 0,
				 cpus[i].value != 0);
		assert_int_equal(got, cpus[i].value);
	}
	got = 7;
	assert_int_equal(spec_pids_parse("-1", &got, NULL), 0);
	assert_int_equal(got, 0);
	assert_int_equal(spec_pids_parse("100", &got, NULL), 0);
	assert_int_equal(got, 100);
	assert_int_equal(spec_pids_parse("-2", &got, NULL), -EINVAL);
	assert_int_equal(spec_pids_parse("4194305", &got, NULL), -EINVAL);
	assert_int_equal(spec_pids_parse("x", &got, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts),
		cmocka_unit_test(json_is_inverse), cmocka_unit_test(joins_and_display_pass),
		cmocka_unit_test(devices_pass),
		cmocka_unit_test(restart_texts),   cmocka_unit_test(long_arguments_pass),
		cmocka_unit_test(check_refuses),   cmocka_unit_test(decode_refuses),
		cmocka_unit_test(networks_parse),  cmocka_unit_test(volumes_parse), cmocka_unit_test(tmpfs_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
