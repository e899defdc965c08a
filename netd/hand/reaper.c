/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reaper - the threads of slow removals; see reaper.h. Floor F4.
 *
 * Two lanes take plans' removals from one queue, each what goes in one
 * namespace, a group's worth at most. One does it all while little is to be
 * done: what comes while it waits is the next group. The second is for crowds
 * (WORTH): its group goes while the first waits for RCU, in its turn
 * (netd/hand/turns.h).
 */
#include "netd/hand/reaper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
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
#include "netd/hand/reaper_work.h"
#include "netd/hand/turns.h"
#include "netd/seam/place.h"

enum {
	WORTH = DOOM_CHUNK / 2, /* links in the queue for which the second lane begins: each group costs something of its own */
	TRIES = 4,
	RETRY_MS = 20,
	STOP_MS = 2000, /* of what is still queued when we are to end; the supervisor waits for 10 s */
};

/**
 * struct lane
 * @batch: of struct reaper_work, what it has taken off the queue and is not done with; its thread alone changes it
 * @wanted: there is something for it to take
 * @place: where it wakes, and works while little is to be done
 */
struct lane {
	struct reaper *reaper;
	pthread_t thread;
	pthread_cond_t wanted;
	unsigned number;
	struct list batch;
	struct place place;
};

/**
 * struct reaper
 * @queue, @finished: of struct reaper_work, under @lock, as batches are
 * @queued: links in @queue
 * @changed: a lane is done with something
 * @started: lanes that are to be ended
 * @engine_cpu: where the engine answers those whose links go, and who is answered, -1 for not known; under @lock
 * @stop_ns: when to leave what is queued as it is, once @stopping
 */
struct reaper {
	struct turns turns;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct lane lanes[TURNS_LANES];
	struct list queue, finished;
	size_t queued, started;
	uint64_t stop_ns;
	bool stopping;
	int home_fd, event_fd, engine_cpu;
};

_Static_assert((int)TURNS_LANES <= (int)REGISTRY_LOAN && (int)REGISTRY_LOAN < (int)NLSOCK_BESIDE, "a socket for each lane");

static void *lane_run(void *data);

/* ---- the main thread's side ---- */

int reaper_start(int home_fd, struct reaper **ret_reaper, struct err *err)
{
	struct reaper *reaper = mem_alloc(sizeof(*reaper));
	int r;

	reaper->home_fd = home_fd;
	reaper->engine_cpu = -1;
	list_init(&reaper->queue);
	list_init(&reaper->finished);
	turns_init(&reaper->turns);
	pthread_mutex_init(&reaper->lock, NULL);
	pthread_cond_init(&reaper->changed, NULL);
	for (size_t i = 0; i < TURNS_LANES; i++) {
		reaper->lanes[i] = (struct lane){.reaper = reaper, .number = (unsigned)i};
		list_init(&reaper->lanes[i].batch);
		pthread_cond_init(&reaper->lanes[i].wanted, NULL);
	}
	reaper->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = reaper->event_fd < 0 ? errno : 0;
	for (; r == 0 && reaper->started < TURNS_LANES; reaper->started += r == 0) {
		struct lane *lane = &reaper->lanes[reaper->started];

		r = pthread_create(&lane->thread, NULL, lane_run, lane);
	}
	if (r != 0) {
		reaper_stop(reaper);
		return err_sys(err, ERR_INTERNAL, r, NULL,
			       "cannot start the threads for removals");
	}
	*ret_reaper = reaper;
	return 0;
}

static void works_free(struct list *works)
{
	list_each_safe(node, works)
		reaper_work_free(container_of(node, struct reaper_work, node));
}

void reaper_keep_off(struct reaper *reaper, int cpu)
{
	pthread_mutex_lock(&reaper->lock);
	reaper->engine_cpu = cpu;
	pthread_mutex_unlock(&reaper->lock);
}

void reaper_stop(struct reaper *reaper)
{
	if (reaper == NULL)
		return;
	pthread_mutex_lock(&reaper->lock);
	reaper->stopping = true;
	reaper->stop_ns = clock_monotonic_ns() + STOP_MS * 1000000ULL;
	for (size_t i = 0; i < TURNS_LANES; i++)
		pthread_cond_signal(&reaper->lanes[i].wanted);
	pthread_mutex_unlock(&reaper->lock);
	turns_hurry(&reaper->turns);
	for (size_t i = 0; i < reaper->started; i++)
		pthread_join(reaper->lanes[i].thread, NULL);
	works_free(&reaper->queue);
	works_free(&reaper->finished);
	turns_fini(&reaper->turns);
	for (size_t i = 0; i < TURNS_LANES; i++)
		pthread_cond_destroy(&reaper->lanes[i].wanted);
	pthread_cond_destroy(&reaper->changed);
	pthread_mutex_destroy(&reaper->lock);
	fd_close(reaper->event_fd);
	free(reaper);
}

/* Under the lock. */
static bool all_idle(const struct reaper *reaper)
{
	for (size_t i = 0; i < TURNS_LANES; i++) {
		if (!list_empty(&reaper->lanes[i].batch))
			return false;
	}
	return true;
}

/* Under the lock. Shall a lane that does nothing take what is queued? Else the one that is busy takes it next. */
static bool is_wanted(const struct reaper *reaper)
{
	return !list_empty(&reaper->queue) && (reaper->queued >= WORTH || reaper->stopping || all_idle(reaper));
}

/* Under the lock. The first lane that does nothing: so what comes alone is always the first one's. Return: NULL for nobody. */
static struct lane *to_rouse(struct reaper *reaper)
{
	size_t i = 0;

	if (!is_wanted(reaper))
		return NULL;
	while (i < TURNS_LANES && !list_empty(&reaper->lanes[i].batch))
		i++;
	return i < TURNS_LANES ? &reaper->lanes[i] : NULL;
}

static void rouse(struct lane *lane)
{
	if (lane != NULL)
		pthread_cond_signal(&lane->wanted);
}

void reaper_submit(struct reaper *reaper, struct reaper_work *work)
{
	struct lane *lane;

	pthread_mutex_lock(&reaper->lock);
	list_append(&reaper->queue, &work->node);
	reaper->queued += work->links;
	lane = to_rouse(reaper);
	pthread_mutex_unlock(&reaper->lock);
	rouse(lane); /* which may run in our place at once, and wants the lock */
	if (lane != NULL)
		sched_yield();
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

bool reaper_next(struct reaper *reaper, uint32_t *ret_seq, struct seam_result *ret_result, struct registry_loan *ret_loan)
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
	*ret_loan = work->loan;
	work->loan.sock = NULL;
	reaper_work_free(work);
	return true;
}

void reaper_plan_begin(struct reaper *reaper)
{
	turns_plan_begin(&reaper->turns);
}

void reaper_plan_end(struct reaper *reaper)
{
	turns_plan_end(&reaper->turns);
}

bool reaper_idle(struct reaper *reaper)
{
	bool idle;

	pthread_mutex_lock(&reaper->lock);
	idle = all_idle(reaper) && list_empty(&reaper->queue);
	pthread_mutex_unlock(&reaper->lock);
	return idle;
}

void reaper_wait(struct reaper *reaper)
{
	bool planning = turns_plan_set(&reaper->turns, false); /* it would wait for us, and we for it */

	pthread_mutex_lock(&reaper->lock);
	while (!all_idle(reaper) || !list_empty(&reaper->queue))
		pthread_cond_wait(&reaper->changed, &reaper->lock);
	pthread_mutex_unlock(&reaper->lock);
	turns_plan_set(&reaper->turns, planning);
}

static bool works_hold(const struct list *works, uint64_t ns, const struct obj_neigh *neigh)
{
	list_each(node, works) {
		if (reaper_work_neigh_in(container_of(node, struct reaper_work, node), ns, neigh))
			return true;
	}
	return false;
}

void reaper_wait_neigh(struct reaper *reaper, uint64_t ns, const struct obj_neigh *neigh)
{
	bool held;

	pthread_mutex_lock(&reaper->lock);
	held = works_hold(&reaper->queue, ns, neigh);
	for (size_t i = 0; i < TURNS_LANES; i++)
		held |= works_hold(&reaper->lanes[i].batch, ns, neigh);
	pthread_mutex_unlock(&reaper->lock);
	if (held)
		reaper_wait(reaper);
}

/* ---- the lanes' side ---- */

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

/* Is there time for another group? */
static bool time_left(struct reaper *reaper)
{
	bool left;

	pthread_mutex_lock(&reaper->lock);
	left = !reaper->stopping || clock_monotonic_ns() < reaper->stop_ns;
	pthread_mutex_unlock(&reaper->lock);
	return left;
}

static void acks_all(struct nlack *acks, size_t count, int status)
{
	for (size_t i = 0; i < count; i++)
		acks[i] = (struct nlack){.status = status};
}

/* Neighbours of one namespace that go in one batch. Return: as links_try(). They hold the lock for microseconds each. */
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

struct seen {
	const struct nlsock *sock;
	const char *name;
};

static bool seen_there(const void *ctx)
{
	const struct seen *seen = ctx;

	return nlsock_ifindex(seen->sock, seen->name) >= 0;
}

/* Links of one namespace that go in one group, in its turn. Return: 0 when none is left, 1 when some are, -errno. */
static int links_try(struct lane *lane, struct nlsock *sock, struct removal *const *removals, size_t count,
		     struct nlack *acks)
{
	struct turns *turns = &lane->reaper->turns;
	const char *names[DOOM_CHUNK] = {NULL};
	struct seen seen = {.sock = sock};
	int r = 0;

	for (size_t i = 0; i < count; i++)
		names[i] = removals[i]->name;
	/* Gathering is the message that needs the lock; a link alone, with no other group under way, does without. */
	if (turns_take(turns) || count > 1)
		r = doom_gather(sock, names, count, acks);
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (acks[i].status == 0)
			seen.name = names[i];
	}
	if (r == 0) {
		turns_go(turns, lane->number,
			 (struct turns_group){.there = seen.name != NULL ? seen_there : NULL, .ctx = &seen});
		r = doom_remove(sock, names, count, acks);
		turns_gone(turns, lane->number);
	} else {
		turns_leave(turns);
	}
	if (r < 0)
		acks_all(acks, count, r);
	return r;
}

/*
 * Neighbours first, then links, in groups, each in its turn. Return: 0 when none is left, else the last failure, with
 * @acks filled. What there was no time for is neither a failure nor done: the next start finds it.
 */
static int all_try(struct lane *lane, struct nlsock *sock, struct removal *const *removals,
		   size_t count, struct nlack *acks)
{
	int worst = 0;

	acks_all(acks, count, 0);
	for (size_t from = 0, to; from < count && time_left(lane->reaper); from = to) {
		bool neigh = removal_is_neigh(removals[from]);
		int r;

		for (to = from + 1; to < count && to - from < DOOM_CHUNK &&
				    removal_is_neigh(removals[to]) == neigh;
		     to++)
			;
		r = neigh ? neighs_try(sock, removals + from, to - from, acks + from)
			  : links_try(lane, sock, removals + from, to - from, acks + from);
		worst = r != 0 ? r : worst;
	}
	return worst;
}

/* What one of the works has borrowed in the namespace of these; NULL for none. */
static struct nlsock *borrowed(struct removal *const *removals, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct reaper_work *work = removals[i]->work;

		if (work->loan.sock != NULL && work->loan.ns == removals[i]->ns)
			return work->loan.sock;
	}
	return NULL;
}

/* All of one namespace. What would not go is tried again; the kernel's memory may have been short. */
static void place_remove(struct lane *lane, struct removal **removals, size_t count)
{
	cleanup(mem_freep) struct nlack *acks = mem_array(count, sizeof(*acks));
	struct nlsock *loan = borrowed(removals, count), *sock = loan;
	struct reaper *reaper = lane->reaper;
	struct err err = ERR_INIT;
	int r = loan != NULL ? 0 : -1;

	for (int try = 0; try < TRIES && r < 0; try++) {
		if (try > 0)
			poll(NULL, 0, RETRY_MS);
		err = ERR_INIT;
		r = nlsock_open_beside(NLSOCK_RTNL, lane->number, removals[0]->fd, reaper->home_fd, &sock, &err);
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
		if (all_try(lane, sock, removals, count, acks) == 0)
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
	if (loan == NULL)
		nlsock_close(sock);
}

static void batch_rtnl(struct lane *lane)
{
	cleanup(mem_freep) struct removal **removals = NULL;
	size_t count = reaper_works_sorted(&lane->batch, &removals);

	for (size_t from = 0, to; from < count; from = to) {
		for (to = from + 1; to < count && reaper_same_place(removals[from], removals[to]); to++)
			;
		place_remove(lane, removals + from, to - from);
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

/*
 * Under the lock. What is oldest, and what goes in the same namespace, so that it is one group; it may be more than one
 * where a single plan has more links.
 */
static void batch_take(struct lane *lane)
{
	struct reaper *reaper = lane->reaper;
	uint64_t place = container_of(reaper->queue.next, struct reaper_work, node)->place;
	size_t links = 0;

	list_each_safe(node, &reaper->queue) {
		struct reaper_work *work = container_of(node, struct reaper_work, node);

		if (work->place != place)
			continue;
		if (links > 0 && links + work->links > DOOM_CHUNK)
			break;
		list_remove(node);
		list_append(&lane->batch, node);
		links += work->links;
	}
	reaper->queued -= links;
	rouse(to_rouse(reaper));
}

/* Under the lock. Descriptors at once, since one of ours would keep the namespace alive. */
static void batch_done(struct lane *lane)
{
	struct reaper *reaper = lane->reaper;

	list_each_safe(node, &lane->batch) {
		reaper_work_close(container_of(node, struct reaper_work, node));
		list_remove(node);
		list_append(&reaper->finished, node);
	}
	pthread_cond_broadcast(&reaper->changed);
	(void)!write(reaper->event_fd, &(uint64_t){1}, sizeof(uint64_t));
}

static void *lane_run(void *data)
{
	struct lane *lane = data;
	struct reaper *reaper = lane->reaper;

	pthread_mutex_lock(&reaper->lock);
	for (;;) {
		while (!is_wanted(reaper) && !reaper->stopping) {
			if (lane->number == 0) /* the other one is for crowds */
				place_not(&lane->place, reaper->engine_cpu);
			pthread_cond_wait(&lane->wanted, &reaper->lock);
		}
		if (list_empty(&reaper->queue) ||
		    (reaper->stopping && clock_monotonic_ns() >= reaper->stop_ns))
			break;
		if (reaper->queued > 1 || reaper->engine_cpu < 0)
			place_any(&lane->place); /* a crowd's go wherever there is room */
		batch_take(lane);
		pthread_mutex_unlock(&reaper->lock);
		batch_rtnl(lane);
		batch_pins(reaper, &lane->batch);
		pthread_mutex_lock(&reaper->lock);
		batch_done(lane);
	}
	pthread_mutex_unlock(&reaper->lock);
	return NULL;
}
