/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of runner/oci/config*: what becomes of options, mappings, capabilities; what is refused. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/oci/config.h"
#include "runner/oci/state.h"

#define TOP "\"ociVersion\": \"1.3.0\", \"root\": {\"path\": \"r\"}"
#define LINUX "\"linux\": {\"namespaces\": [{\"type\": \"mount\"}, {\"type\": \"network\"}]"

static int decode(const char *text, struct arena *arena, struct oci_config *config,
		  struct err *err)
{
	json_t *doc;

	assert_int_equal(json_parse(text, strlen(text), 0, &doc, NULL), 0);
	return oci_config_decode(doc, arena, config, err);
}

static void refused(const char *text, const char *object)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct oci_config config;
	struct err err = ERR_INIT;

	assert_true(decode(text, arena, &config, &err) < 0);
	assert_string_equal(err.object, object);
	oci_config_fini(&config);
}

static void mount_is(const char *options, uint64_t set, uint64_t clear, uint64_t rec_set)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(mem_freep) char *text = mem_printf(
		"{" TOP ", " LINUX "}, \"mounts\": [{\"destination\": \"/v\", \"source\": \"/s\", "
		"\"options\": [\"bind\", %s]}]}",
		options);
	struct oci_config config;

	assert_int_equal(decode(text, arena, &config, NULL), 0);
	assert_int_equal(config.mounts[0].set, set);
	assert_int_equal(config.mounts[0].clear, clear);
	assert_int_equal(config.mounts[0].rec_set, rec_set);
	oci_config_fini(&config);
}

static void options_of_mounts(void **unused)
{
	(void)unused;
	mount_is("\"ro\"", MOUNT_ATTR_RDONLY, 0, 0);
	mount_is("\"ro\", \"rw\"", 0, MOUNT_ATTR_RDONLY, 0);
	mount_is("\"rw\", \"ro\"", MOUNT_ATTR_RDONLY, 0, 0);
	/* "relatime" and "remount" begin with an r, too */
	mount_is("\"relatime\"", 0, MOUNT_ATTR__ATIME, 0);
	mount_is("\"rrelatime\", \"rro\"", 0, 0, MOUNT_ATTR_RDONLY);
	/* the kernel wants the whole field of atime cleared where it is set */
	mount_is("\"noatime\"", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, 0);
	mount_is("\"noatime\", \"strictatime\"", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME, 0);
	mount_is("\"nosuid\", \"nodev\", \"noexec\"",
		 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, 0);
}

static void options_that_are_no_bits(void **unused)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct oci_config config;
	const struct oci_mount *mount;

	(void)unused;
	assert_int_equal(decode("{" TOP ", " LINUX "}, \"mounts\": [{\"destination\": \"t\", "
				"\"type\": \"tmpfs\", \"options\": [\"size=1m\", \"sync\", \"rslave\", "
				"\"tmpcopyup\", \"defaults\", \"huge\"]}]}",
				arena, &config, NULL),
			 0);
	mount = &config.mounts[0];
	assert_string_equal(mount->destination, "/t");
	assert_string_equal(mount->data[0], "size=1m");
	assert_string_equal(mount->data[1], "huge");
	assert_null(mount->data[2]);
	assert_string_equal(mount->flags[0], "sync");
	assert_null(mount->flags[1]);
	assert_int_equal(mount->propagation, MS_SLAVE);
	assert_true(mount->propagation_rec && mount->tmpcopyup && !mount->bind);
	oci_config_fini(&config);
}

/* What is of another kind than the schema says is no value that is not set. */
static void kinds(void **unused)
{
	(void)unused;
	refused("{" TOP ", \"linux\": {\"namespaces\": [{\"type\": \"mount\"}, {\"type\": \"network\", \"path\": 5}]}}", "linux.namespaces");
	refused("{" TOP ", " LINUX ", \"netDevices\": {\"eth0\": 5}}}", "eth0");
	refused("{" TOP ", " LINUX ", \"netDevices\": {\"eth0\": {\"name\": 5}}}}", "eth0");
	refused("{" TOP ", \"linux\": {\"namespaces\": [{\"type\": \"time\"}], \"timeOffsets\": {\"monotonic\": 5}}}", "linux.timeOffsets");
	refused("{" TOP ", " LINUX ", \"personality\": {\"domain\": \"LINUX\", \"flags\": \"x\"}}}", "linux.personality");
	refused("{" TOP ", " LINUX ", \"memoryPolicy\": {\"mode\": \"MPOL_BIND\", \"nodes\": 0}}}", "linux.memoryPolicy");
	refused("{" TOP ", " LINUX "}, \"process\": {\"cwd\": \"/\", \"terminal\": true, \"consoleSize\": {\"height\": \"5\"}}}",
		"process.consoleSize");
}

static void affinities(void **unused)
{
	static const struct {
		const char *value;
		int rc;
	} rows[] = {{"\"\"", 0}, {"null", 0}, {"\"0-3,7\"", 0}, {"1", -EINVAL}, {"[\"0\"]", -EINVAL}, {"\"x\"", -EINVAL}, {"\"0 1\"", -EINVAL}};

	(void)unused;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		cleanup(arena_freep) struct arena *arena = arena_new();
		cleanup(mem_freep) char *text =
			mem_printf("{\"cwd\": \"/\", \"execCPUAffinity\": {\"initial\": %s, \"final\": \"1\"}}", rows[i].value);
		cleanup(json_freep) json_t *doc = NULL;
		struct oci_process process;

		assert_int_equal(json_parse(text, strlen(text), 0, &doc, NULL), 0);
		assert_int_equal(oci_process_decode(doc, arena, &process, NULL), rows[i].rc);
		if (rows[i].rc == 0)
			assert_string_equal(process.cpu_final, "1");
	}
}

static void processes(void **unused)
{
	static const char text[] =
		"{\"cwd\": \"/\", \"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"soft\": 5, \"hard\": "
		"18446744073709551615}], \"capabilities\": {\"bounding\": [\"CAP_KILL\", \"CAP_X\", \"ALL\"], "
		"\"effective\": [\"CAP_CHOWN\"]}, \"consoleSize\": {\"height\": 1, \"width\": 2}}";
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	cleanup(buf_fini) struct buf data = BUF_INIT;
	struct oci_process process;

	(void)unused;
	buf_str(&data, text);
	assert_int_equal(oci_json_parse(&data, &doc, NULL), 0);
	assert_int_equal(oci_process_decode(doc, arena, &process, NULL), 0);
	assert_true(process.rlimits[0].hard == RLIM_INFINITY && process.rlimits[0].soft == 5);
	assert_true(process.caps_given && process.caps[OCI_CAPS_BOUNDING] == 1 << 5);
	assert_int_equal(process.caps[OCI_CAPS_EFFECTIVE], 1);
	assert_string_equal(process.caps_unknown[0], "CAP_X");
	assert_string_equal(process.caps_unknown[1], "ALL");
	assert_int_equal(process.rows, 0); /* ignored without a terminal */
	assert_null(process.args);
	assert_int_equal(process.umask, -1);
}

static void users(void **unused)
{
	static const char *const bad[] = {"",	 ":", "1:", ":1",   "-1", "4294967295", "1x",
					  " 1", "root", "1:2:3", "01", "99999999999999999999"};
	uid_t uid;
	gid_t gid;

	(void)unused;
	assert_int_equal(oci_user_parse("1000:5", &uid, &gid, NULL), 0);
	assert_true(uid == 1000 && gid == 5);
	assert_int_equal(oci_user_parse("4294967294", &uid, &gid, NULL), 0);
	assert_true(uid == 4294967294 && gid == 0);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_true(oci_user_parse(bad[i], &uid, &gid, NULL) < 0);
}

static void refusals(void **unused)
{
	(void)unused;
	refused("{}", "ociVersion");
	refused("{\"ociVersion\": \"2.0.0\"}", "ociVersion");
	refused("{\"ociVersion\": \"1.0.0\"}", "root");
	refused("{" TOP ", \"hostname\": \"h\", " LINUX "}}", "hostname");
	refused("{" TOP ", " LINUX ", \"sysctl\": {\"kernel.core_pattern\": \"x\"}}}",
		"kernel.core_pattern");
	refused("{" TOP ", " LINUX ", \"sysctl\": {\"net/../kernel/core_pattern\": \"x\"}}}",
		"net/../kernel/core_pattern");
	refused("{" TOP ", \"linux\": {\"namespaces\": [{\"type\": \"mount\"}], \"netDevices\": {\"eth0\": {}}}}", "eth0");
	refused("{" TOP ", " LINUX ", \"netDevices\": {\"eth0\": {\"name\": \"%d\"}}}}", "eth0");
	refused("{" TOP ", " LINUX ", \"memoryPolicy\": {\"mode\": \"MPOL_BIND\", \"nodes\": \"3-1\"}}}", "linux.memoryPolicy");
	refused("{" TOP ", \"linux\": {\"namespaces\": [{\"type\": \"user\"}]}}", "linux.namespaces");
	refused("{" TOP ", \"linux\": {\"namespaces\": [{\"type\": \"user\"}, {\"type\": \"mount\", \"path\": \"/x\"}]}}",
		"linux.namespaces");
	refused("{" TOP ", " LINUX ", \"uidMappings\": [{\"size\": 1}]}}", "linux.uidMappings");
	refused("{" TOP ", " LINUX ", \"maskedPaths\": [\"x\"]}}", "linux.maskedPaths");
	refused("{" TOP ", " LINUX "}, \"annotations\": {\"a\": 5}}", "a");
	refused("{" TOP ", " LINUX "}, \"hooks\": {\"poststop\": [{\"path\": \"x\"}]}}",
		"poststop");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_mounts), cmocka_unit_test(options_that_are_no_bits),
		cmocka_unit_test(kinds),
		cmocka_unit_test(affinities),
		cmocka_unit_test(processes),	     cmocka_unit_test(users),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
