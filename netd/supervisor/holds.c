/* SPDX-License-Identifier: GPL-2.0-or-later */
/* holds - see holds.h. Floor F4. */
#include "netd/supervisor/holds.h"

#include <inttypes.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "netd/seam/hold.h"
#include "netd/supervisor/notify.h"

enum {
	HOLDS_STORED_MAX = NOTIFY_STORE_MAX - 1, /* one is the listening socket (supervisor.c) */
	NAME_SIZE = 17,
};

/* @stored: the service manager has a copy */
struct held {
	uint64_t ns;
	int fd;
	bool stored;
};

static void held_free(struct held *held)
{
	if (held == NULL)
		return;
	fd_close(held->fd);
	free(held);
}

static const char *name_print(uint64_t ns, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%" PRIx64, ns);
	return name;
}

static void held_store(struct holds *holds, struct held *held)
{
	char name[NAME_SIZE];
	int r;

	if (holds->stored == HOLDS_STORED_MAX) {
		log_warn("the service manager keeps %d namespaces at most: this one will not outlive us",
			 HOLDS_STORED_MAX);
		return;
	}
	r = notify_store(name_print(held->ns, name), held->fd);
	if (r < 0)
		log_warn("cannot have the service manager keep a namespace: %s", strerror(-r));
	held->stored = r > 0;
	holds->stored += held->stored;
}

static struct held *add(struct holds *holds, uint64_t ns, int fd)
{
	struct held *held;

	if (holds->table.count >= hold_limit()) {
		log_error("cannot hold another namespace: the limit of %zu is reached",
			  hold_limit());
		fd_close(fd);
		return NULL;
	}
	holds_drop(holds, ns);
	held = mem_alloc(sizeof(*held));
	*held = (struct held){.ns = ns, .fd = fd};
	table_add(&holds->table, &held->ns, sizeof(held->ns), held);
	return held;
}

void holds_keep(struct holds *holds, uint64_t ns, int fd)
{
	struct held *held = add(holds, ns, fd);

	if (held != NULL)
		held_store(holds, held);
}

void holds_drop(struct holds *holds, uint64_t ns)
{
	struct held *held = table_del(&holds->table, &ns, sizeof(ns));

	if (held != NULL && held->stored) {
		char name[NAME_SIZE];

		holds->stored--;
		if (notify_unstore(name_print(ns, name)) < 0)
			log_warn("cannot tell the service manager to drop a namespace");
	}
	held_free(held);
}

/* Lower-case hex digits as name_print() writes them: no leading zero, nothing else. */
static bool name_parse(const char *name, uint64_t *ret_ns)
{
	size_t len = strlen(name);

	if (len == 0 || len > NOTIFY_NAME_MAX || name[0] == '0' ||
	    strspn(name, "0123456789abcdef") != len)
		return false;
	*ret_ns = strtoull(name, NULL, 16);
	return true;
}

bool holds_take(struct holds *holds, const char *name, int fd)
{
	struct held *held;
	uint64_t ns;

	if (!name_parse(name, &ns))
		return false;
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		log_warn("%s from the service manager is no network namespace", name);
		return false;
	}
	if (table_find(&holds->table, &ns, sizeof(ns)) != NULL)
		return false;
	held = add(holds, ns, fd);
	if (held != NULL) {
		held->stored = true;
		holds->stored++;
	}
	return true;
}

int holds_send(const struct holds *holds, int control)
{
	const struct held *held;
	size_t cursor = 0;
	int r = 0;

	while (r == 0 && (held = table_next(&holds->table, &cursor)) != NULL)
		r = hold_send(control, HOLD_KEEP, held->ns, held->fd);
	return r == 0 ? hold_send(control, HOLD_END, 0, -1) : r;
}

void holds_fini(struct holds *holds)
{
	size_t cursor = 0;
	struct held *held;

	while ((held = table_next(&holds->table, &cursor)) != NULL)
		held_free(held);
	table_fini(&holds->table);
}
