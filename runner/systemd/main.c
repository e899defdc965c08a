// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * moat-scope - asks systemd for the cgroup of an OCI container, for moat-runtime
 * --systemd-cgroup. Floor F4. A program of its own, since the runtime is static
 * and started for every container, and D-Bus is asked by few of them.
 *
 *	moat-scope start UNIT SLICE PID [FILE=VALUE...]	a transient scope with that process; returns when it is there
 *	moat-scope set UNIT [FILE=VALUE...]		other limits, as files of cgroup v2
 *	moat-scope stop UNIT				it is gone afterwards; gone already is success
 *
 * What is said on standard error is one line, the reason. Exit status 0, 1; 2: the unit is there already.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "lib/base/str.h"
#include "runner/systemd/properties.h"

#define NAME    "org.freedesktop.systemd1"
#define PATH    "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"

enum { WAIT_USEC = 30 * 1000000 }; /* for a job: a scope's takes milliseconds */

/* Which job we wait for, and what became of it: "done", "failed", ... */
struct job {
	char path[256], result[32];
	bool over;
};

static int connect_manager(sd_bus **ret_bus);
static int scope_start(sd_bus *bus, char **args, sd_bus_error *error);
static int scope_set(sd_bus *bus, char **args, sd_bus_error *error);
static int scope_stop(sd_bus *bus, char **args, sd_bus_error *error);
static int settings_append(sd_bus_message *message, char **args);
static int job_call(sd_bus *bus, sd_bus_message *message, sd_bus_error *error);
static int job_removed(sd_bus_message *message, void *ctx, sd_bus_error *error);

static const struct verb {
	const char *name;
	int (*run)(sd_bus *bus, char **args, sd_bus_error *error);
	int args;
} verbs[] = {{"start", scope_start, 3}, {"set", scope_set, 1}, {"stop", scope_stop, 1}};

int main(int argc, char **argv)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	const struct verb *verb = NULL;
	sd_bus *bus = NULL;
	int rc, code = 0;

	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (str_eq(argv[1], verbs[i].name) && argc >= 2 + verbs[i].args)
			verb = &verbs[i];
	if (!verb) {
		fprintf(stderr, "moat-scope is called by moat-runtime alone\n");
		return 1;
	}
	rc = connect_manager(&bus);
	if (rc < 0)
		fprintf(stderr, "systemd is not reached: %s\n", strerror(-rc));
	else
		rc = verb->run(bus, argv + 2, &error);
	if (rc < 0) {
		code = sd_bus_error_has_name(&error, NAME ".UnitExists") ? 2 : 1;
		if (bus)
			fprintf(stderr, "%s\n", error.message ? error.message : strerror(-rc));
	}
	sd_bus_error_free(&error);
	sd_bus_flush_close_unref(bus);
	return code;
}

/* ----------------------------------------------------------------- helpers */

/* By the system's bus; where that does not run, by systemd's own socket, which is root's (as systemctl does). */
static int connect_manager(sd_bus **ret_bus)
{
	sd_bus *bus = NULL;
	int rc = sd_bus_open_system(&bus);

	if (rc < 0 && geteuid() == 0) {
		rc = sd_bus_new(&bus);
		if (rc >= 0)
			rc = sd_bus_set_address(bus, "unix:path=/run/systemd/private");
		if (rc >= 0)
			rc = sd_bus_start(bus);
	}
	if (rc < 0) {
		sd_bus_unref(bus);
		return rc;
	}
	*ret_bus = bus;
	return 0;
}

static int scope_start(sd_bus *bus, char **args, sd_bus_error *error)
{
	sd_bus_message *message = NULL;
	uint64_t pid;
	int rc = str_u64(args[2], INT32_MAX, &pid);

	if (rc >= 0)
		rc = sd_bus_message_new_method_call(bus, &message, NAME, PATH, MANAGER, "StartTransientUnit");
	if (rc >= 0)
		rc = sd_bus_message_append(message, "ss", args[0], "fail");
	if (rc >= 0)
		rc = sd_bus_message_open_container(message, 'a', "(sv)");
	/* CollectMode: one that failed is forgotten like any other, so that its name is free. */
	if (rc >= 0)
		rc = sd_bus_message_append(message, "(sv)(sv)(sv)(sv)(sv)(sv)", "Description", "s", "Moat container",
					   "Slice", "s", args[1], "Delegate", "b", 1, "DefaultDependencies", "b", 0,
					   "CollectMode", "s", "inactive-or-failed", "PIDs", "au", 1, (uint32_t)pid);
	if (rc >= 0)
		rc = settings_append(message, args + 3);
	if (rc >= 0)
		rc = sd_bus_message_close_container(message);
	if (rc >= 0)
		rc = sd_bus_message_append(message, "a(sa(sv))", 0);
	if (rc >= 0)
		rc = job_call(bus, message, error);
	sd_bus_message_unref(message);
	return rc;
}

static int scope_set(sd_bus *bus, char **args, sd_bus_error *error)
{
	sd_bus_message *message = NULL;
	int rc = sd_bus_message_new_method_call(bus, &message, NAME, PATH, MANAGER, "SetUnitProperties");

	if (rc >= 0)
		rc = sd_bus_message_append(message, "sb", args[0], 1);
	if (rc >= 0)
		rc = sd_bus_message_open_container(message, 'a', "(sv)");
	if (rc >= 0)
		rc = settings_append(message, args + 1);
	if (rc >= 0)
		rc = sd_bus_message_close_container(message);
	if (rc >= 0)
		rc = sd_bus_call(bus, message, 0, error, NULL);
	sd_bus_message_unref(message);
	return rc;
}

static int scope_stop(sd_bus *bus, char **args, sd_bus_error *error)
{
	sd_bus_message *message = NULL;
	int rc = sd_bus_message_new_method_call(bus, &message, NAME, PATH, MANAGER, "StopUnit");

	if (rc >= 0)
		rc = sd_bus_message_append(message, "ss", args[0], "replace");
	if (rc >= 0)
		rc = job_call(bus, message, error);
	sd_bus_message_unref(message);
	return rc < 0 && sd_bus_error_has_name(error, NAME ".NoSuchUnit") ? 0 : rc;
}

static int settings_append(sd_bus_message *message, char **args)
{
	int rc = 0;

	for (; rc >= 0 && *args; args++) {
		char *value = strchr(*args, '=');

		if (!value)
			return -EINVAL;
		*value = '\0';
		rc = property_append(message, *args, value + 1);
	}
	return rc;
}

/* The answer names a job; that it is over is told to those who subscribed before. */
static int job_call(sd_bus *bus, sd_bus_message *message, sd_bus_error *error)
{
	/* On systemd's own socket nobody has a name. */
	const char *unique = NULL, *path = NULL, *sender = sd_bus_get_unique_name(bus, &unique) >= 0 ? NAME : NULL;
	sd_bus_message *reply = NULL;
	struct job job = {0};
	int rc = sd_bus_match_signal(bus, NULL, sender, PATH, MANAGER, "JobRemoved", job_removed, &job);

	if (rc >= 0)
		(void)sd_bus_call_method(bus, NAME, PATH, MANAGER, "Subscribe", NULL, NULL, NULL);
	if (rc >= 0)
		rc = sd_bus_call(bus, message, 0, error, &reply);
	if (rc >= 0)
		rc = sd_bus_message_read(reply, "o", &path);
	if (rc >= 0)
		rc = str_copy(job.path, sizeof(job.path), path);
	/* What came together with the answer waits in a queue, and is looked at now that the job's name is known. */
	while (rc >= 0 && !job.over) {
		rc = sd_bus_process(bus, NULL);
		if (rc == 0)
			rc = sd_bus_wait(bus, WAIT_USEC) == 0 ? -ETIMEDOUT : 0;
	}
	if (rc >= 0 && !str_eq(job.result, "done")) {
		fprintf(stderr, "systemd: the job ended with: ");
		rc = -EIO;
		(void)sd_bus_error_setf(error, NAME ".JobFailed", "%s", job.result);
	}
	sd_bus_message_unref(reply);
	return rc < 0 ? rc : 0;
}

static int job_removed(sd_bus_message *message, void *ctx, sd_bus_error *error)
{
	const char *path, *unit, *result;
	struct job *job = ctx;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) >= 0 && str_eq(path, job->path)) {
		(void)str_copy(job->result, sizeof(job->result), result);
		job->over = true;
	}
	return 0;
}
