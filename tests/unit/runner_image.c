/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of runner/image: which image of a layout, what is refused of its documents, what its configuration means. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/spec/image.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define ONE(n, more) "{\"digest\":\"sha256:" HEX n "\",\"size\":7" more "}"
#define TAG(name)    ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\"}"
#define ARCH(name)   ",\"platform\":{\"os\":\"linux\",\"architecture\":\"" name "\"}"

static json_t *doc_of(const char *text)
{
	json_t *doc = NULL;
	struct err err;

	assert_int_equal(json_parse(text, strlen(text), 0, &doc, &err), 0);
	return doc;
}

/* The last digit of the digest that is found; 0 and the error's kind. */
static char found(const char *text, const char *tag, enum err_kind *ret_kind)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = doc_of(text);
	struct err err = ERR_INIT;
	struct image_blob blob;
	int rc = image_index_find(doc, tag, "amd64", arena, &blob, &err);

	*ret_kind = err.kind;
	return rc < 0 ? '\0' : blob.digest[strlen(blob.digest) - 1];
}

static void an_image_is_found(void **state)
{
	static const struct {
		const char *text, *tag;
		char digit;
		enum err_kind kind;
	} cases[] = {
		{"{\"manifests\":[" ONE("1", "") "]}", NULL, '1', ERR_NONE},
		{"{\"manifests\":[" ONE("1", TAG("a")) "," ONE("2", TAG("b")) "]}", "b", '2', ERR_NONE},
		{"{\"manifests\":[" ONE("1", TAG("a")) "," ONE("2", TAG("b")) "]}", NULL, 0, ERR_USAGE},
		{"{\"manifests\":[" ONE("1", TAG("a")) "," ONE("2", TAG("latest")) "]}", NULL, '2', ERR_NONE},
		{"{\"manifests\":[" ONE("1", TAG("a")) "]}", "c", 0, ERR_NOTFOUND},
		{"{\"manifests\":[" ONE("1", ARCH("arm64")) "," ONE("2", ARCH("amd64")) "]}", NULL, '2', ERR_NONE},
		{"{\"manifests\":[" ONE("1", ARCH("arm64")) "]}", NULL, 0, ERR_NOTFOUND},
		{"{\"manifests\":[]}", NULL, 0, ERR_USAGE},
		{"{\"manifests\":[7]}", NULL, 0, ERR_USAGE},
		{"{}", NULL, 0, ERR_USAGE},
		{"{\"manifests\":[{\"digest\":\"sha256:../../x\",\"size\":1}]}", NULL, 0, ERR_USAGE},
		{"{\"manifests\":[{\"digest\":\"sha256:" HEX "g\",\"size\":1}]}", NULL, 0, ERR_USAGE},
		{"{\"manifests\":[{\"digest\":\"sha256:" HEX "11\",\"size\":1}]}", NULL, 0, ERR_USAGE},
		{"{\"manifests\":[{\"digest\":\"md5:" HEX "1\",\"size\":1}]}", NULL, 0, ERR_USAGE},
		{"{\"manifests\":[{\"digest\":\"sha256:" HEX "1\",\"size\":-1}]}", NULL, 0, ERR_USAGE},
		{"{\"manifests\":[{\"digest\":\"sha256:" HEX "1\"}]}", NULL, 0, ERR_USAGE},
	};
	enum err_kind kind;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(found(cases[i].text, cases[i].tag, &kind), cases[i].digit);
		assert_int_equal(kind, cases[i].kind);
	}
}

static void a_configuration_is_applied(void **state)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc =
		doc_of("{\"config\":{\"Entrypoint\":[\"/e\",\"-x\"],\"Cmd\":[\"c\"],\"Env\":[\"A=1\",\"B=2\"],\"User\":\"app\","
		       "\"WorkingDir\":\"/w\",\"StopSignal\":\"SIGQUIT\",\"ExposedPorts\":{\"80/tcp\":{}}}}");
	const char *none[] = {NULL}, *own[] = {"mine", NULL}, *env[] = {"B=3", NULL};
	struct spec spec = {.args = none, .env = env};
	struct image_config config;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(image_config_decode(doc, arena, &config, &err), 0);
	assert_int_equal(image_apply(&config, &spec, arena, &err), 0);
	assert_string_equal(spec.args[0], "/e");
	assert_string_equal(spec.args[2], "c");
	assert_null(spec.args[3]);
	assert_string_equal(spec.env[1], "B=2");
	assert_string_equal(spec.env[2], "B=3");
	assert_string_equal(spec.user, "app");
	assert_string_equal(spec.workdir, "/w");
	assert_int_equal(spec.stop_signal, 3);
	assert_string_equal(spec.expose[0], "80/tcp");
	spec = (struct spec){.args = own, .env = none, .user = "root", .workdir = "/"};
	assert_int_equal(image_apply(&config, &spec, arena, &err), 0);
	assert_string_equal(spec.args[2], "mine");
	assert_null(spec.args[3]);
	assert_string_equal(spec.user, "root");
	assert_string_equal(spec.workdir, "/");
}

static void configurations_are_refused(void **state)
{
	static const char *const bad[] = {
		"[]",
		"{\"config\":7}",
		"{\"config\":{\"Cmd\":\"x\"}}",
		"{\"config\":{\"Cmd\":[1]}}",
		"{\"config\":{\"Env\":[null]}}",
		"{\"config\":{\"User\":0}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		cleanup(arena_freep) struct arena *arena = arena_new();
		cleanup(json_freep) json_t *doc = doc_of(bad[i]);
		struct image_config config;
		struct err err = ERR_INIT;

		assert_int_equal(image_config_decode(doc, arena, &config, &err), -EINVAL);
		assert_int_equal(err.kind, ERR_USAGE);
	}
}

static void names_are_split(void **state)
{
	static const char *const cases[][3] = {
		{"/a/b:tag", "/a/b", "tag"}, {"/a/b", "/a/b", NULL},	  {"oci:/a/b:1.0", "/a/b", "1.0"},
		{"/a:1/b", "/a:1/b", NULL},  {"/a:1/b:2", "/a:1/b", "2"}, {"b:t", "b", "t"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		cleanup(arena_freep) struct arena *arena = arena_new();
		const char *layout, *tag;

		image_name_split(cases[i][0], arena, &layout, &tag);
		assert_string_equal(layout, cases[i][1]);
		if (cases[i][2])
			assert_string_equal(tag, cases[i][2]);
		else
			assert_null(tag);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_is_found),
		cmocka_unit_test(a_configuration_is_applied),
		cmocka_unit_test(configurations_are_refused),
		cmocka_unit_test(names_are_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
