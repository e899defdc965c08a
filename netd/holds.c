/* SPDX-License-Identifier: GPL-2.0-or-later */
/* holds - see holds.h. Floor F4. */
#include "netd/holds.h"

#include <inttypes.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "netd/hold.h"
#include "netd/notify.h"

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

static void held_store(struct holds *holds, struct held *held)
{
	int r;

	if (holds->stored == NOTIFY_STORE_MAX) {
		log_warn("the service manager keeps %d namespaces at most: this one will not outlive us",
			 NOTIFY_STORE_MAX);
		return;
	}
	r = notify_store(held->ns, held->fd);
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
		holds->stored--;
		if (notify_unstore(ns) < 0)
			log_warn("cannot tell the service manager to drop a namespace");
	}
	held_free(held);
}

static void take_one(void *ctx, uint64_t ns, int fd)
{
	struct holds *holds = ctx;
	struct held *held;

	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		log_warn("%" PRIx64 " from the service manager is no network namespace", ns);
		fd_close(fd);
		notify_unstore(ns);
		return;
	}
	held = add(holds, ns, fd);
	if (held != NULL) {
		held->stored = true;
		holds->stored++;
	}
}

void holds_take(struct holds *holds)
{
	size_t count = notify_take(take_one, holds);

	if (count > 0)
		log_info("%zu namespaces of containers are back", holds->table.count);
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
