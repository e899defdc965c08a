/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reaper - the thread of slow removals; see reaper.h. Floor F4.
 *
 * RTNL, the kernel's one lock for everything about links, is held while a
 * group of links goes, some tens of milliseconds. Each message of an attach
 * takes that lock anew, so that a thread which removed group after group
 * could get in between any two of them. Hence turns: before each group the
 * thread waits until the plan that is under way at that moment has ended. So
 * a plan meets one group at most, and plans that never cease do not keep the
 * thread from its work.
 */
#include "netd/hand/reaper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/ds.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/kern/netns.h"
#include "lib/kern/nlsock.h"
#include "lib/kern/rtnl.h"
#include "netd/hand/doom.h"

enum {
	TRIES = 4,
	RETRY_MS = 20,
	STOP_MS = 2000, /* of what is still queued when we are to end; the supervisor waits for 10 s */
};

/* A neighbour (@neigh.dev not empty), a link (@name) or a pin (@path). @fd: of the namespace, the work's. */
struct removal {
	uint64_t ns;
	int fd;
	uint32_t index;
	char name[OBJ_IFNAME_SIZE];
	struct obj_neigh neigh;
	char *path;
	struct reaper_work *work;
};

struct reaper_work {
	struct list node;
	uint32_t seq;
	struct removal *removals;
	size_t count, capacity;
	int *fds; /* one a namespace, shared by what goes in it */
	size_t fd_count;
	uint64_t last_ns;
	struct seam_result result;
};

/**
 * struct reaper
 * @queue, @batch, @finished: of struct reaper_work, under @lock; @batch is what the thread has taken off the queue
 *   and is not done with: it alone changes it
 * @plans: begun so far; @planning: one is under way, and it does not wait for us; @waits_turn: the thread waits for its end
 * @stop_ns: when to leave what is queued as it is, once @stopping
 */
struct reaper {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list queue, batch, finished;
	uint64_t plans, stop_ns;
	bool planning, waits_turn, stopping;
	int home_fd, event_fd;
};

static void *reaper_run(void *data);

static bool is_neigh(const struct removal *removal)
{
	return removal->neigh.dev[0] != '\0';
}

/* ---- work ---- */

struct reaper_work *reaper_work_new(uint32_t seq)
{
	struct reaper_work *work = mem_alloc(sizeof(*work));

	list_init(&work->node);
	work->seq = seq;
	work->result.index = UINT32_MAX;
	work->result.undone = 0;
	return work;
}

static void work_close(struct reaper_work *work)
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
	work_close(work);
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
	return 0;
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

/* ---- the main thread's side ---- */

int reaper_start(int home_fd, struct reaper **ret_reaper, struct err *err)
{
	struct reaper *reaper = mem_alloc(sizeof(*reaper));
	int r;

	reaper->home_fd = home_fd;
	list_init(&reaper->queue);
	list_init(&reaper->batch);
	list_init(&reaper->finished);
	pthread_mutex_init(&reaper->lock, NULL);
	pthread_cond_init(&reaper->changed, NULL);
	reaper->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = reaper->event_fd < 0 ? errno
				 : pthread_create(&reaper->thread, NULL, reaper_run, reaper);
	if (r != 0) {
		fd_close(reaper->event_fd);
		free(reaper);
		return err_sys(err, ERR_INTERNAL, r, NULL,
			       "cannot start the thread for removals");
	}
	*ret_reaper = reaper;
	return 0;
}

static void works_free(struct list *works)
{
	list_each_safe(node, works)
		reaper_work_free(container_of(node, struct reaper_work, node));
}

void reaper_stop(struct reaper *reaper)
{
	if (reaper == NULL)
		return;
	pthread_mutex_lock(&reaper->lock);
	reaper->stopping = true;
	reaper->stop_ns = clock_monotonic_ns() + STOP_MS * 1000000ULL;
	pthread_cond_broadcast(&reaper->changed);
	pthread_mutex_unlock(&reaper->lock);
	pthread_join(reaper->thread, NULL);
	works_free(&reaper->queue);
	works_free(&reaper->finished);
	pthread_cond_destroy(&reaper->changed);
	pthread_mutex_destroy(&reaper->lock);
	fd_close(reaper->event_fd);
	free(reaper);
}

void reaper_submit(struct reaper *reaper, struct reaper_work *work)
{
	pthread_mutex_lock(&reaper->lock);
	list_append(&reaper->queue, &work->node);
	pthread_cond_broadcast(&reaper->changed);
	pthread_mutex_unlock(&reaper->lock);
}

void reaper_fail(struct reaper *reaper, struct reaper_work *work, const struct seam_result *result)
{
	if (result->status >= 0)
		return;
	pthread_mutex_lock(&reaper->lock);
	work->result = *result;
	pthread_mutex_unlock(&reaper->lock);
}

int reaper_fd(const struct reaper *reaper)
{
	return reaper->event_fd;
}

bool reaper_next(struct reaper *reaper, uint32_t *ret_seq, struct seam_result *ret_result)
{
	struct reaper_work *work = NULL;
	uint64_t times;

	(void)!read(reaper->event_fd, &times,
		    sizeof(times)); /* before the look: a later signal is not lost */
	pthread_mutex_lock(&reaper->lock);
	if (!list_empty(&reaper->finished)) {
		work = container_of(reaper->finished.next, struct reaper_work, node);
		list_remove(&work->node);
	}
	pthread_mutex_unlock(&reaper->lock);
	if (work == NULL)
		return false;
	*ret_seq = work->seq;
	*ret_result = work->result;
	reaper_work_free(work);
	return true;
}

/* To wake the thread costs a plan more than most of its messages: only where it waits for its turn. */
static void planning_set(struct reaper *reaper, bool planning)
{
	reaper->planning = planning;
	if (reaper->waits_turn)
		pthread_cond_broadcast(&reaper->changed);
}

void reaper_plan_begin(struct reaper *reaper)
{
	pthread_mutex_lock(&reaper->lock);
	reaper->plans++;
	planning_set(reaper, true);
	pthread_mutex_unlock(&reaper->lock);
}

void reaper_plan_end(struct reaper *reaper)
{
	pthread_mutex_lock(&reaper->lock);
	planning_set(reaper, false);
	pthread_mutex_unlock(&reaper->lock);
}

void reaper_wait(struct reaper *reaper)
{
	bool planning;

	pthread_mutex_lock(&reaper->lock);
	planning = reaper->planning;
	planning_set(reaper, false); /* it would wait for us, and we for it */
	while (!list_empty(&reaper->batch) || !list_empty(&reaper->queue))
		pthread_cond_wait(&reaper->changed, &reaper->lock);
	planning_set(reaper, planning);
	pthread_mutex_unlock(&reaper->lock);
}

static bool works_hold(const struct list *works, uint64_t ns, const struct obj_neigh *neigh)
{
	list_each(node, works) {
		const struct reaper_work *work = container_of(node, struct reaper_work, node);

		for (size_t i = 0; i < work->count; i++) {
			const struct removal *removal = &work->removals[i];

			if (removal->ns == ns && removal->path == NULL &&
			    ip_cmp(&removal->neigh.ip, &neigh->ip) == 0 &&
			    memcmp(removal->neigh.dev, neigh->dev, sizeof(neigh->dev)) == 0)
				return true;
		}
	}
	return false;
}

void reaper_wait_neigh(struct reaper *reaper, uint64_t ns, const struct obj_neigh *neigh)
{
	bool held;

	pthread_mutex_lock(&reaper->lock);
	held = works_hold(&reaper->queue, ns, neigh) || works_hold(&reaper->batch, ns, neigh);
	pthread_mutex_unlock(&reaper->lock);
	if (held)
		reaper_wait(reaper);
}

/* ---- the thread's side ---- */

/* The first failure of a plan is its report; the others have the same cause more often than not. */
static void removal_failed(struct reaper *reaper, const struct removal *removal, int no, const char *text)
{
	struct seam_result *result = &removal->work->result;

	pthread_mutex_lock(&reaper->lock);
	if (result->status == 0) {
		result->status = -no;
		result->index = removal->index;
		snprintf(result->text, sizeof(result->text), "%s", text[0] != '\0' ? text : strerror(no));
	}
	pthread_mutex_unlock(&reaper->lock);
}

/* Until the plan that is under way has ended. Return: whether there is time for another group. */
static bool turn_wait(struct reaper *reaper)
{
	bool go_on;
	uint64_t plan;

	pthread_mutex_lock(&reaper->lock);
	plan = reaper->plans;
	reaper->waits_turn = true;
	while (reaper->planning && reaper->plans == plan && !reaper->stopping)
		pthread_cond_wait(&reaper->changed, &reaper->lock);
	reaper->waits_turn = false;
	go_on = !reaper->stopping || clock_monotonic_ns() < reaper->stop_ns;
	pthread_mutex_unlock(&reaper->lock);
	return go_on;
}

static void acks_all(struct nlack *acks, size_t count, int status)
{
	for (size_t i = 0; i < count; i++)
		acks[i] = (struct nlack){.status = status};
}

/* Neighbours of one namespace that go in one batch. Return: as links_try(). */
static int neighs_try(struct nlsock *sock, struct removal *const *removals, size_t count,
		      struct nlack *acks)
{
	struct nlbatch batch = {0};
	int r, left = 0, lost = 0;

	for (size_t i = 0; i < count; i++) {
		const struct obj_neigh *neigh = &removals[i]->neigh;
		int index = nlsock_ifindex(sock, neigh->dev);

		if (index < 0 && index != -ENODEV)
			lost = index;
		/* without its link there is none: index 0 is EINVAL */
		rtnl_neigh_del(&batch, neigh, index > 0 ? (uint32_t)index : 0);
	}
	r = lost < 0 ? lost : nlsock_exec(sock, &batch, acks);
	nlbatch_fini(&batch);
	if (r < 0) {
		acks_all(acks, count, r);
		return r;
	}
	for (size_t i = 0; i < count; i++) {
		int status = acks[i].status;

		if (status == -ENOENT || status == -ENODEV || status == -EINVAL)
			acks[i].status = 0;
		left |= acks[i].status != 0;
	}
	return left;
}

static int links_try(struct nlsock *sock, struct removal *const *removals, size_t count,
		     struct nlack *acks)
{
	const char *names[DOOM_CHUNK] = {NULL};
	int r;

	for (size_t i = 0; i < count; i++)
		names[i] = removals[i]->name;
	r = doom_links(sock, names, count, acks);
	if (r < 0)
		acks_all(acks, count, r);
	return r;
}

/*
 * Neighbours first, then links, in groups, each in its turn. Return: 0 when none is left, else the last failure, with
 * @acks filled. What there was no time for is neither a failure nor done: the next start finds it.
 */
static int all_try(struct reaper *reaper, struct nlsock *sock, struct removal *const *removals,
		   size_t count, struct nlack *acks)
{
	int worst = 0;

	acks_all(acks, count, 0);
	for (size_t from = 0, to; from < count && turn_wait(reaper); from = to) {
		bool neigh = is_neigh(removals[from]);
		int r;

		for (to = from + 1; to < count && to - from < DOOM_CHUNK &&
				    is_neigh(removals[to]) == neigh;
		     to++)
			;
		r = (neigh ? neighs_try : links_try)(sock, removals + from, to - from,
						     acks + from);
		worst = r != 0 ? r : worst;
	}
	return worst;
}

/* All of one namespace. What would not go is tried again; the kernel's memory may have been short. */
static void place_remove(struct reaper *reaper, struct removal **removals, size_t count)
{
	cleanup(mem_freep) struct nlack *acks = mem_array(count, sizeof(*acks));
	struct err err = ERR_INIT;
	struct nlsock *sock;
	int r = -1;

	for (int try = 0; try < TRIES && r < 0; try++) {
		if (try > 0)
			poll(NULL, 0, RETRY_MS);
		err = ERR_INIT;
		r = nlsock_open_second(NLSOCK_RTNL, removals[0]->fd, reaper->home_fd, &sock, &err);
	}
	if (r < 0) {
		for (size_t i = 0; i < count; i++)
			removal_failed(reaper, removals[i], err.no, err.msg);
		return;
	}
	for (int try = 0; count > 0 && try < TRIES; try++) {
		size_t left = 0;

		if (try > 0)
			poll(NULL, 0, RETRY_MS);
		if (all_try(reaper, sock, removals, count, acks) == 0)
			break;
		for (size_t i = 0; i < count; i++) {
			if (acks[i].status == 0)
				continue;
			if (try == TRIES - 1)
				removal_failed(reaper, removals[i], -acks[i].status, acks[i].text);
			removals[left++] = removals[i];
		}
		count = left;
	}
	nlsock_close(sock);
}

static int removal_cmp(const void *pa, const void *pb)
{
	const struct removal *a = *(struct removal *const *)pa,
			     *b = *(struct removal *const *)pb;

	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	if (is_neigh(a) != is_neigh(b))
		return is_neigh(a) ? -1 : 1;
	return (a > b) - (a < b);
}

/* A number may have been given to another namespace since. */
static bool same_place(const struct removal *a, const struct removal *b)
{
	return a->ns == b->ns && (a->fd == b->fd || netns_same(a->fd, b->fd));
}

static void batch_rtnl(struct reaper *reaper, const struct list *batch)
{
	cleanup(mem_freep) struct removal **links = NULL;
	size_t count = 0, total = 0;

	list_each(node, batch)
		total += container_of(node, struct reaper_work, node)->count;
	links = mem_array(total + 1, sizeof(*links));
	list_each(node, batch) {
		struct reaper_work *work = container_of(node, struct reaper_work, node);

		for (size_t i = 0; i < work->count; i++) {
			if (work->removals[i].path == NULL)
				links[count++] = &work->removals[i];
		}
	}
	qsort(links, count, sizeof(*links), removal_cmp);
	for (size_t from = 0, to; from < count; from = to) {
		for (to = from + 1; to < count && same_place(links[from], links[to]); to++)
			;
		place_remove(reaper, links + from, to - from);
	}
}

static void batch_pins(struct reaper *reaper, const struct list *batch)
{
	list_each(node, batch) {
		struct reaper_work *work = container_of(node, struct reaper_work, node);

		for (size_t i = 0; i < work->count; i++) {
			struct err err = ERR_INIT;

			if (work->removals[i].path != NULL &&
			    netns_unpin(work->removals[i].path, &err) < 0)
				removal_failed(reaper, &work->removals[i], err.no, err.msg);
		}
	}
}

/* Under the lock. At once, since a descriptor of ours would keep the namespace alive. */
static void batch_close(const struct list *batch)
{
	list_each(node, batch)
		work_close(container_of(node, struct reaper_work, node));
}

static void list_move(struct list *from, struct list *to)
{
	list_each_safe(node, from) {
		list_remove(node);
		list_append(to, node);
	}
}

static void *reaper_run(void *data)
{
	struct reaper *reaper = data;

	pthread_mutex_lock(&reaper->lock);
	for (;;) {
		while (list_empty(&reaper->queue) && !reaper->stopping)
			pthread_cond_wait(&reaper->changed, &reaper->lock);
		if (list_empty(&reaper->queue) ||
		    (reaper->stopping && clock_monotonic_ns() >= reaper->stop_ns))
			break;
		list_move(&reaper->queue, &reaper->batch);
		pthread_mutex_unlock(&reaper->lock);
		batch_rtnl(reaper, &reaper->batch);
		batch_pins(reaper, &reaper->batch);
		pthread_mutex_lock(&reaper->lock);
		batch_close(&reaper->batch);
		list_move(&reaper->batch, &reaper->finished);
		pthread_cond_broadcast(&reaper->changed);
		(void)!write(reaper->event_fd, &(uint64_t){1}, sizeof(uint64_t));
	}
	pthread_mutex_unlock(&reaper->lock);
	return NULL;
}
