/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reaper_work - what is to go of one plan; see reaper_work.h. Floor F4. */
#include "netd/hand/reaper_work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/kern/netns.h"

struct reaper_work *reaper_work_new(uint32_t seq)
{
	struct reaper_work *work = mem_alloc(sizeof(*work));

	list_init(&work->node);
	work->seq = seq;
	work->result.index = UINT32_MAX;
	work->result.undone = 0;
	return work;
}

void reaper_work_close(struct reaper_work *work)
{
	for (size_t i = 0; i < work->fd_count; i++)
		fd_close(work->fds[i]);
	for (size_t i = 0; i < work->count; i++)
		free(work->removals[i].path);
	free(work->fds);
	free(work->removals);
	work->fds = NULL;
	work->removals = NULL;
	work->fd_count = work->count = 0;
}

void reaper_work_free(struct reaper_work *work)
{
	if (work == NULL)
		return;
	reaper_work_close(work);
	nlsock_close(work->loan.sock);
	free(work);
}

bool reaper_work_empty(const struct reaper_work *work)
{
	return work->count == 0;
}

static struct removal *removal_add(struct reaper_work *work)
{
	if (work->count == work->capacity) {
		work->capacity = work->capacity != 0 ? 2 * work->capacity : 8;
		work->removals =
			mem_grow(work->removals, work->capacity, sizeof(*work->removals));
	}
	work->removals[work->count] = (struct removal){.fd = -1, .work = work};
	return &work->removals[work->count++];
}

/* A removal inside a namespace. Return: NULL with errno set where there is no descriptor left. */
static struct removal *removal_in(struct reaper_work *work, uint64_t ns, int ns_fd, uint32_t index)
{
	struct removal *removal;

	/* Plans are sorted by namespace, so the last descriptor is nearly always the right one. */
	if (work->fd_count == 0 || work->last_ns != ns) {
		int fd = fcntl(ns_fd, F_DUPFD_CLOEXEC, 0);

		if (fd < 0)
			return NULL;
		work->fds = mem_grow(work->fds, work->fd_count + 1, sizeof(int));
		work->fds[work->fd_count++] = fd;
		work->last_ns = ns;
	}
	removal = removal_add(work);
	removal->ns = ns;
	removal->fd = work->fds[work->fd_count - 1];
	removal->index = index;
	return removal;
}

int reaper_work_link(struct reaper_work *work, uint64_t ns, int ns_fd, const char *name,
		     uint32_t index)
{
	struct removal *removal = removal_in(work, ns, ns_fd, index);

	if (removal == NULL)
		return -errno;
	memcpy(removal->name, name, sizeof(removal->name));
	if (work->links++ == 0)
		work->place = ns;
	return 0;
}

void reaper_work_borrow(struct reaper_work *work, struct ns_entry *entry)
{
	if (work->loan.sock == NULL && work->links > 0 && work->place == entry->ns)
		registry_lend(entry, &work->loan);
}

int reaper_work_neigh(struct reaper_work *work, uint64_t ns, int ns_fd,
		      const struct obj_neigh *neigh, uint32_t index)
{
	struct removal *removal = removal_in(work, ns, ns_fd, index);

	if (removal == NULL)
		return -errno;
	removal->neigh = *neigh;
	return 0;
}

void reaper_work_pin(struct reaper_work *work, char *path, uint32_t index)
{
	struct removal *removal = removal_add(work);

	removal->path = path;
	removal->index = index;
}

bool reaper_work_neigh_in(const struct reaper_work *work, uint64_t ns, const struct obj_neigh *neigh)
{
	for (size_t i = 0; i < work->count; i++) {
		const struct removal *removal = &work->removals[i];

		if (removal->ns == ns && removal->path == NULL && ip_cmp(&removal->neigh.ip, &neigh->ip) == 0 &&
		    memcmp(removal->neigh.dev, neigh->dev, sizeof(neigh->dev)) == 0)
			return true;
	}
	return false;
}

/* ---- many works ---- */

static int removal_cmp(const void *pa, const void *pb)
{
	const struct removal *a = *(struct removal *const *)pa,
			     *b = *(struct removal *const *)pb;

	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	if (removal_is_neigh(a) != removal_is_neigh(b))
		return removal_is_neigh(a) ? -1 : 1;
	return (a > b) - (a < b);
}

/* A number may have been given to another namespace since. */
bool reaper_same_place(const struct removal *a, const struct removal *b)
{
	return a->ns == b->ns && (a->fd == b->fd || netns_same(a->fd, b->fd));
}

size_t reaper_works_sorted(const struct list *works, struct removal ***ret_removals)
{
	struct removal **sorted;
	size_t count = 0, total = 0;

	list_each(node, works)
		total += container_of(node, struct reaper_work, node)->count;
	sorted = mem_array(total + 1, sizeof(struct removal *));
	list_each(node, works) {
		struct reaper_work *work = container_of(node, struct reaper_work, node);

		for (size_t i = 0; i < work->count; i++) {
			if (work->removals[i].path == NULL)
				sorted[count++] = &work->removals[i];
		}
	}
	qsort(sorted, count, sizeof(struct removal *), removal_cmp);
	*ret_removals = sorted;
	return count;
}
