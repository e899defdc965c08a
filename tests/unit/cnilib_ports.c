/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unit: portMappings taken out of a text are those that the parser's array gives, or are left where they are */
#include <string.h>

#include "cni/cni.h"
#include "cni/ports.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "tests/unit/unit.h"

static void specs_print(const char *const *specs, struct buf *dst)
{
	for (; *specs; specs++)
		buf_printf(dst, "%s%s", dst->size > 0 ? " " : "", *specs);
}

/* "[...]" to specs, by both ways; "left" where the first takes nothing */
static void ways(const char *before, const char *array, const char *after, struct buf *taken, struct buf *parsed)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(buf_fini) struct buf text = BUF_INIT, rest = BUF_INIT;
	cleanup(json_freep) json_t *doc = NULL;
	const char *const *specs = NULL;
	struct cni_ports ports;
	struct err err = ERR_INIT;

	buf_printf(&text, "%s%s%s", before, array, after);
	buf_printf(&rest, "%s[]%s", before, after);
	if (cni_ports_take(buf_cstr(&text), text.size, arena, &ports)) {
		specs_print(ports.specs, taken);
		assert_int_equal(ports.size, rest.size);
		assert_memory_equal(ports.text, rest.data, rest.size);
	} else {
		buf_str(taken, "left");
	}
	if (json_parse(array, strlen(array), JSON_FOLD_DUPLICATES, &doc, &err) == 0 &&
	    cni_ports_decode(doc, arena, &specs, &err) == CNI_OK)
		specs_print(specs, parsed);
	else
		buf_str(parsed, "refused");
}

#define ONE "{\"hostPort\":80,\"containerPort\":8080,\"protocol\":\"tcp\"}"

static void test_taken(void **state)
{
	static const struct {
		const char *array, *specs;
	} rows[] = {
		{"[" ONE "]", "80:8080/tcp"},
		{"[\n" ONE " , " ONE "\t]", "80:8080/tcp 80:8080/tcp"},
		{"[{\"HostPort\": 53, \"ContainerPort\" :53,\"Protocol\":\"UDP\",\"HostIP\":\"\"}]", "53:53/udp"},
		{"[{\"hostPort\":1,\"containerPort\":65535}]", "1:65535/tcp"},
		{"[{\"hostPort\":1,\"containerPort\":2,\"protocol\":\"\"}]", "1:2/tcp"},
		{"[{\"hostPort\":1,\"containerPort\":2,\"hostIP\":\"192.0.2.1\"}]", "192.0.2.1:1:2/tcp"},
		{"[{\"hostIP\":\"::\",\"protocol\":\"sctp\",\"hostPort\":1,\"containerPort\":2}]", "[::]:1:2/sctp"},
		{"[{\"hostPort\":9,\"containerPort\":5},{\"hostPort\":10,\"containerPort\":6},{\"hostPort\":11,\"containerPort\":7}]",
		 "9-11:5-7/tcp"},
		{"[{\"hostPort\":9,\"containerPort\":5},{\"hostPort\":10,\"containerPort\":7}]", "9:5/tcp 10:7/tcp"},
		{"[{\"hostPort\":9,\"containerPort\":5},{\"hostPort\":10,\"containerPort\":6,\"protocol\":\"udp\"}]",
		 "9:5/tcp 10:6/udp"},
		{"[{\"hostPort\":9,\"containerPort\":5,\"protocol\":\"tcp\"},{\"hostPort\":10,\"containerPort\":6,\"protocol\":\"TCP\"}]",
		 "9-10:5-6/tcp"},
		{"[{\"hostPort\":9,\"containerPort\":5,\"hostIP\":\"10.0.0.1\"},{\"hostPort\":10,\"containerPort\":6,\"hostIP\":\"10.0.0.2\"}]",
		 "10.0.0.1:9:5/tcp 10.0.0.2:10:6/tcp"},
		{"[{\"hostPort\":10,\"containerPort\":6},{\"hostPort\":9,\"containerPort\":5}]", "10:6/tcp 9:5/tcp"},
		/* as the one before but for the numbers, and nearly so */
		{"[{\"containerPort\":6,\"hostPort\":9},{\"containerPort\":70,\"hostPort\":10},{\"containerPort\":71,\"hostPort\":11}]",
		 "9:6/tcp 10-11:70-71/tcp"},
		{"[{\"hostPort\":9,\"containerPort\":5,\"protocol\":\"udp\"},{\"hostPort\":10,\"containerPort\":6,\"protocol\":\"tcp\"}]",
		 "9:5/udp 10:6/tcp"},
		{"[{\"hostPort\":9,\"containerPort\":5,\"protocol\":\"udp\"},{\"hostPort\":10,\"containerPort\":6,\"protocol\":\"udp\"}]",
		 "9-10:5-6/udp"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		cleanup(buf_fini) struct buf taken = BUF_INIT, parsed = BUF_INIT;

		ways("{\"a\":[{\"runtimeConfig\":\"\\\"}\"}],\"runtimeConfig\":{\"mac\":\"\",\"PORTMAPPINGS\":", rows[i].array,
		     ",\"z\":{}},\"capabilities\":{\"portMappings\":true}}", &taken, &parsed);
		assert_string_equal(buf_cstr(&parsed), rows[i].specs);
		assert_string_equal(buf_cstr(&taken), rows[i].specs);
	}
}

/* What the parser takes as well, or refuses in words: both is its matter. */
static void test_left(void **state)
{
	static const struct {
		const char *array, *parsed;
	} rows[] = {
		{"[]", ""},
		{"[{\"hostPort\":0,\"containerPort\":1}]", "refused"},
		{"[{\"hostPort\":65536,\"containerPort\":1}]", "refused"},
		{"[{\"hostPort\":18446744073709551617,\"containerPort\":1}]", "refused"},
		{"[{\"hostPort\":-1,\"containerPort\":1}]", "refused"},
		{"[{\"hostPort\":080,\"containerPort\":1}]", "refused"},
		{"[{\"hostPort\":80.0,\"containerPort\":1}]", "refused"},
		{"[{\"hostPort\":8e1,\"containerPort\":1}]", "refused"},
		{"[{\"hostPort\":\"80\",\"containerPort\":1}]", "refused"},
		{"[{\"hostPort\":,\"containerPort\":1}]", "refused"},
		{"[{\"hostPort\":80}]", "refused"},
		{"[{\"hostPort\":80,\"hostPort\":81,\"containerPort\":1}]", "81:1/tcp"},
		{"[{\"hostPort\":80,\"HostPort\":81,\"containerPort\":1}]", "81:1/tcp"},
		{"[{\"hostPort\":80,\"containerPort\":1,\"name\":\"x\"}]", "80:1/tcp"},
		{"[{\"hostPort\":80,\"containerPort\":1,\"protocol\":null}]", "80:1/tcp"},
		{"[{\"hostPort\":80,\"containerPort\":1,\"protocol\":\"t\\u0063p\"}]", "80:1/tcp"},
		{"[{\"hostPort\":80,\"containerPort\":1,\"protocol\":\"icmp\"}]", "80:1/icmp"},
		{"[{\"hostPort\":80,\"containerPort\":1,\"hostIP\":\"localhost\"}]", "refused"},
		{"[{\"hostPort\":80,\"containerPort\":1},]", "refused"},
		{"[{\"hostPort\":80,\"containerPort\":1},{\"hostPort\":81,\"containerPort\":0}]", "refused"},
		{"[{\"hostPort\":80,\"containerPort\":1},{\"hostPort\":081,\"containerPort\":1}]", "refused"},
		{"[{\"hostPort\":80,\"containerPort\":1},{\"hostPort\":81,\"containerPort\":70000}]", "refused"},
		{"[{\"hostPort\":80,\"containerPort\":1},{\"hostPort\":81,\"containerPort\":1]", "refused"},
		{"[{\"hostPort\":80,\"containerPort\":1}", "refused"},
		{"[{\"hostPort\":80,\"containerPort\":1}{\"hostPort\":81,\"containerPort\":1}]", "refused"},
		{"[80]", "refused"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		cleanup(buf_fini) struct buf taken = BUF_INIT, parsed = BUF_INIT;

		ways("{\"runtimeConfig\":{\"portMappings\":", rows[i].array, "}}", &taken, &parsed);
		assert_string_equal(buf_cstr(&taken), "left");
		assert_string_equal(buf_cstr(&parsed), rows[i].parsed);
	}
}

/* The array has to be the one that the parser would see. */
static void test_place(void **state)
{
	static const struct {
		const char *before, *after, *taken;
	} rows[] = {
		{"{\"runtimeConfig\":{\"portMappings\":", "}}", "80:8080/tcp"},
		{" {\"x\":\"{\\\"\",\"RUNTIMEconfig\" : {\"portMappings\":", "} } ", "80:8080/tcp"},
		{"{\"portMappings\":", "}", "left"},
		{"{\"args\":{\"portMappings\":", "}}", "left"},
		{"{\"runtimeConfig\":{\"x\":{\"portMappings\":", "}}}", "left"},
		{"{\"runtimeConfig\":[{\"portMappings\":", "}]}", "left"},
		{"{\"runtimeConfig\":{\"portMappings\":", "},\"runtimeconfig\":{}}", "left"},
		{"{\"runtimeConfig\":{\"portMappings\":", ",\"portmappings\":[]}}", "left"},
		{"{\"runtimeConfig\":{\"portMappings\":", "},\"runtimeConfi\\u0067\":{}}", "left"},
		{"{\"runtimeConfig\":{\"portMappings\":", "}", "left"},
		{"{\"runtimeConfig\":{\"portMappings\":", "", "left"},
		{"{\"x\":\"\\", "\"}", "left"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		cleanup(buf_fini) struct buf taken = BUF_INIT, parsed = BUF_INIT;

		ways(rows[i].before, "[" ONE "]", rows[i].after, &taken, &parsed);
		assert_string_equal(buf_cstr(&taken), rows[i].taken);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
