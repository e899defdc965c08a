// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_info - list, spec, features. Floor F4. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/oci/cli.h"
#include "runner/oci/hooks.h"
#include "runner/oci/mempolicy.h"
#include "runner/oci/seccomp.h"

static int report_add(void *ctx, const char *id);
static void table_print(const json_t *list);
static json_t *spec_make(bool rootless);
static json_t *spec_linux(bool rootless);
static json_t *strings(const char *const *strv);

struct listing {
	const struct oci_cli *cli;
	json_t *list;
};

int oci_cmd_list(const struct oci_cli *cli, char **argv)
{
	struct values {
		const char *format;
		bool quiet;
	} values = {.format = "table"};
	static const struct oci_option options[] = {
		{"format", 'f', OCI_OPTION_STRING, offsetof(struct values, format)},
		{"quiet", 'q', OCI_OPTION_FLAG, offsetof(struct values, quiet)},
		{0}};
	cleanup(json_freep) json_t *list = json_array();
	struct listing listing = {.cli = cli, .list = list};
	struct err err = ERR_INIT;
	int rc = oci_options_parse(options, argv, &values, &err);
	size_t index;
	json_t *item;

	if (rc >= 0 && argv[rc])
		rc = oci_usage(&err, "list [--format table|json] [--quiet]");
	if (rc >= 0 && !str_eq(values.format, "table") && !str_eq(values.format, "json"))
		rc = err_set(&err, ERR_USAGE, EINVAL, values.format,
			     "--format is table or json");
	if (rc >= 0)
		rc = oci_dir_each(cli->root, report_add, &listing, &err);
	if (rc < 0)
		return oci_cli_error(cli, &err);
	if (values.quiet) {
		json_array_foreach(list, index, item)
			puts(json_string_value(json_object_get(item, "id")));
	} else if (str_eq(values.format, "json")) {
		json_dumpf(list, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		table_print(list);
	}
	return 0;
}

int oci_cmd_spec(const struct oci_cli *cli, char **argv)
{
	struct values {
		const char *bundle;
		bool rootless;
	} values = {0};
	static const struct oci_option options[] = {
		{"bundle", 'b', OCI_OPTION_STRING, offsetof(struct values, bundle)},
		{"rootless", 0, OCI_OPTION_FLAG, offsetof(struct values, rootless)},
		{0}};
	cleanup(json_freep) json_t *spec = NULL;
	cleanup(mem_freep) char *path = NULL;
	struct err err = ERR_INIT;
	int rc = oci_options_parse(options, argv, &values, &err), fd;
	FILE *file;

	if (rc >= 0 && argv[rc])
		rc = oci_usage(&err, "spec [--bundle DIR] [--rootless]");
	if (rc < 0)
		return oci_cli_error(cli, &err);
	path = mem_printf("%s/config.json", values.bundle ? values.bundle : ".");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file) {
		err_sys(&err, ERR_IO, errno, path, "make");
		return oci_cli_error(cli, &err);
	}
	spec = spec_make(values.rootless);
	rc = json_dumpf(spec, file, JSON_INDENT(4)) < 0 || fputc('\n', file) == EOF;
	if (fclose(file) != 0 || rc) {
		err_sys(&err, ERR_IO, errno ? errno : EIO, path, "write");
		return oci_cli_error(cli, &err);
	}
	return 0;
}

int oci_cmd_features(const struct oci_cli *cli, char **argv)
{
	static const char *const hooks[] = {"prestart",	      "createRuntime", "createContainer",
					    "startContainer", "poststart",     "poststop", NULL};
	json_t *namespaces = json_array(), *caps = json_array(), *linux_part;
	cleanup(json_freep) json_t *doc = NULL;

	(void)cli;
	(void)argv;
	for (size_t i = 0; i < OCI_NS_COUNT; i++)
		json_array_append_new(namespaces, json_string(oci_ns_info[i].name));
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		char *name = cap_to_name(cap), upper[64];
		size_t i = 0;

		for (; name && name[i] && i < sizeof(upper) - 1; i++)
			upper[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32
									    : name[i]);
		upper[i] = '\0';
		/* One that the library does not know is a number to it. */
		if (name && str_starts(name, "cap_"))
			json_array_append_new(caps, json_string(upper));
		cap_free(name);
	}
	linux_part = json_pack("{s:o, s:o, s:{s:b, s:b, s:b, s:b, s:b}, s:o, s:{s:b}, s:{s:b}, "
			       "s:{s:{s:b}}, s:{s:b}, s:o, s:{s:b, s:b, s:b}}",
			       "namespaces", namespaces, "capabilities", caps, "cgroup", "v1", 1,
			       "v2", 1, "systemd", 1, "systemdUser", 0, "rdma", 1, "seccomp",
			       oci_seccomp_features(), "apparmor", "enabled", 1, "selinux",
			       "enabled", 1, "mountExtensions", "idmap",
			       "enabled", 1, "netDevices", "enabled", 1, "memoryPolicy",
			       oci_mempolicy_features(), "intelRdt", "enabled", 1, "schemata", 1, "monitoring",
			       1);
	doc = json_pack("{s:s, s:s, s:o, s:o, s:o, s:{s:s}}", "ociVersionMin", "1.0.0",
			"ociVersionMax", "1.3.0", "hooks", strings(hooks), "mountOptions",
			strings(oci_mount_options()), "linux", linux_part, "annotations",
			"io.moat.version", MOAT_VERSION);
	json_dumpf(doc, stdout, JSON_INDENT(2));
	putchar('\n');
	return 0;
}

/* ----------------------------------------------------------------- helpers */

/* One that goes while we look is none, nor is what a killed runtime left. */
static int report_add(void *ctx, const char *id)
{
	struct listing *listing = ctx;
	const struct oci_request request = oci_cli_request(listing->cli, id);
	json_t *doc;

	if (oci_sweep(&request))
		return 0;
	if (oci_report(listing->cli->root, id, &doc, NULL) == 0)
		json_array_append_new(listing->list, doc);
	return 0;
}

static void table_print(const json_t *list)
{
	size_t index, width = 2, bundle_width = 6;
	json_t *item;

	json_array_foreach((json_t *)(uintptr_t)list, index, item) {
		size_t len = json_string_length(json_object_get(item, "id"));
		size_t bundle_len = json_string_length(json_object_get(item, "bundle"));

		width = len > width ? len : width;
		bundle_width = bundle_len > bundle_width ? bundle_len : bundle_width;
	}
	printf("%-*s  %-7s  %-8s  %-*s  %s\n", (int)width, "ID", "PID", "STATUS",
	       (int)bundle_width, "BUNDLE", "CREATED");
	json_array_foreach((json_t *)(uintptr_t)list, index, item)
		printf("%-*s  %-7lld  %-8s  %-*s  %s\n", (int)width,
		       json_string_value(json_object_get(item, "id")),
		       (long long)json_integer_value(json_object_get(item, "pid")),
		       json_string_value(json_object_get(item, "status")), (int)bundle_width,
		       json_string_value(json_object_get(item, "bundle")),
		       json_string_value(json_object_get(item, "created")));
}

/* What runc's and crun's `spec` make: tools edit it. */
static json_t *spec_make(bool rootless)
{
	static const char *const args[] = {"sh", NULL};
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm",
		NULL};
	static const char *const caps[] = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE",
					   NULL};
	static const struct {
		const char *at, *type, *source, *options[9];
	} mounts[] = {
		{"/proc", "proc", "proc", {NULL}},
		{"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
		{"/dev/pts", "devpts", "devpts",
		 {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
		{"/dev/shm", "tmpfs", "shm",
		 {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
		{"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
		{"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
		{"/sys/fs/cgroup", "cgroup", "cgroup",
		 {"nosuid", "noexec", "nodev", "relatime", "ro"}},
	};
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_COUNT(mounts); i++) {
		json_t *mount = json_pack("{s:s, s:s, s:s}", "destination", mounts[i].at, "type",
					  mounts[i].type, "source", mounts[i].source);

		/* One of group 5 is not to be had where only one group is mapped. */
		if (mounts[i].options[0]) {
			json_t *options = strings(mounts[i].options);

			if (rootless && str_eq(mounts[i].type, "devpts"))
				json_array_remove(options, json_array_size(options) - 1);
			json_object_set_new(mount, "options", options);
		}
		json_array_append_new(list, mount);
	}
	return json_pack(
		"{s:s, s:{s:b, s:{s:i, s:i}, s:o, s:o, s:s, s:{s:o, s:o, s:o}, s:[{s:s, s:i, s:i}], s:b}, "
		"s:{s:s, s:b}, s:s, s:o, s:o}",
		"ociVersion", "1.3.0", "process", "terminal", 1, "user", "uid", 0, "gid", 0, "args",
		strings(args), "env", strings(env), "cwd", "/", "capabilities", "bounding",
		strings(caps), "effective", strings(caps), "permitted", strings(caps), "rlimits",
		"type", "RLIMIT_NOFILE", "hard", 1024, "soft", 1024, "noNewPrivileges", 1, "root",
		"path", "rootfs", "readonly", 1, "hostname", "moat", "mounts", list, "linux",
		spec_linux(rootless));
}

static json_t *spec_linux(bool rootless)
{
	static const char *const kinds[] = {"pid", "network", "ipc", "uts", "mount", "cgroup",
					    NULL};
	static const char *const masked[] = {
		"/proc/acpi",	     "/proc/asound",	 "/proc/interrupts",  "/proc/kcore",
		"/proc/keys",	     "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
		"/proc/timer_list",  "/proc/timer_stats", "/sys/devices/virtual/powercap",
		"/sys/firmware",     NULL};
	static const char *const readonly[] = {"/proc/bus", "/proc/fs",		    "/proc/irq",
					       "/proc/sys", "/proc/sysrq-trigger", NULL};
	json_t *namespaces = json_array();
	json_t *object;

	for (size_t i = 0; kinds[i]; i++)
		json_array_append_new(namespaces, json_pack("{s:s}", "type", kinds[i]));
	if (rootless)
		json_array_append_new(namespaces, json_pack("{s:s}", "type", "user"));
	object = json_pack("{s:{s:[{s:b, s:s}]}, s:o, s:o, s:o}", "resources", "devices", "allow",
			   0, "access", "rwm", "namespaces", namespaces, "maskedPaths",
			   strings(masked), "readonlyPaths", strings(readonly));
	if (rootless) {
		json_object_del(object, "resources");
		json_object_set_new(object, "uidMappings",
				    json_pack("[{s:i, s:i, s:i}]", "containerID", 0, "hostID",
					      (int)geteuid(), "size", 1));
		json_object_set_new(object, "gidMappings",
				    json_pack("[{s:i, s:i, s:i}]", "containerID", 0, "hostID",
					      (int)getegid(), "size", 1));
	}
	return object;
}

static json_t *strings(const char *const *strv)
{
	json_t *array = json_array();

	for (size_t i = 0; strv[i]; i++)
		json_array_append_new(array, json_string(strv[i]));
	return array;
}
