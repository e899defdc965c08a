/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop - libevent behind our own few words. Floor F4. */
#include "netd/loop/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "lib/base/mem.h"

enum { LOOP_SIGNALS_MAX = 4 };
enum { PROMPT, PATIENT, PRIORITIES }; /* libevent's: the smaller goes first */

struct loop_signal {
	struct event *event;
	loop_timer_fn fn;
	void *ctx;
};

struct loop {
	struct event_base *base;
	struct loop_signal signals[LOOP_SIGNALS_MAX];
	size_t signal_count;
};

struct loop_io {
	struct loop *loop;
	struct event *event;
	int fd, priority;
	unsigned events;
	loop_io_fn fn;
	void *ctx;
};

struct loop_timer {
	struct event *event;
	loop_timer_fn fn;
	void *ctx;
};

struct loop *loop_new(void)
{
	struct loop *loop = mem_alloc(sizeof(*loop));
	struct event_config *config = event_config_new();

	/* After each call of the patient it is looked whether there is something for the others. */
	if (!config || event_config_set_max_dispatch_interval(config, NULL, 1, PATIENT) < 0)
		abort();
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!loop->base || event_base_priority_init(loop->base, PRIORITIES) < 0)
		abort(); /* no epoll instance or no memory: nothing can be said or done yet */
	return loop;
}

int loop_run(struct loop *loop) { return event_base_dispatch(loop->base) < 0 ? -EIO : 0; }
void loop_stop(struct loop *loop) { event_base_loopbreak(loop->base); }

static void on_io(evutil_socket_t fd, short what, void *ctx)
{
	struct loop_io *io = ctx;
	unsigned events = 0;

	(void)fd;
	if (what & EV_READ)
		events |= LOOP_READ;
	if (what & EV_WRITE)
		events |= LOOP_WRITE;
	io->fn(io->ctx, events);
}

void loop_io_set(struct loop_io *io, unsigned events)
{
	short what = EV_PERSIST;

	if (events == io->events && io->event)
		return;
	if (io->event)
		event_free(io->event);
	io->event = NULL;
	io->events = events;
	if (!events)
		return;
	if (events & LOOP_READ)
		what |= EV_READ;
	if (events & LOOP_WRITE)
		what |= EV_WRITE;
	io->event = event_new(io->loop->base, io->fd, what, on_io, io);
	if (!io->event || event_priority_set(io->event, io->priority) < 0 || event_add(io->event, NULL) < 0)
		abort();
}

void loop_io_patient(struct loop_io *io)
{
	unsigned events = io->events;

	io->priority = PATIENT;
	loop_io_set(io, 0);
	loop_io_set(io, events);
}

struct loop_io *loop_io_new(struct loop *loop, int fd, unsigned events, loop_io_fn fn, void *ctx)
{
	struct loop_io *io = mem_alloc(sizeof(*io));

	io->loop = loop;
	io->fd = fd;
	io->fn = fn;
	io->ctx = ctx;
	loop_io_set(io, events);
	return io;
}

void loop_io_free(struct loop_io *io)
{
	if (!io)
		return;
	if (io->event)
		event_free(io->event);
	free(io);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct loop_timer *timer = ctx;

	(void)fd;
	(void)what;
	timer->fn(timer->ctx);
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_timer_fn fn, void *ctx)
{
	struct loop_timer *timer = mem_alloc(sizeof(*timer));

	timer->fn = fn;
	timer->ctx = ctx;
	timer->event = event_new(loop->base, -1, 0, on_timer, timer);
	if (!timer->event || event_priority_set(timer->event, PROMPT) < 0)
		abort();
	return timer;
}

void loop_timer_patient(struct loop_timer *timer) { event_priority_set(timer->event, PATIENT); }

void loop_timer_set(struct loop_timer *timer, uint64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	event_add(timer->event, &tv);
}

bool loop_timer_armed(const struct loop_timer *timer) { return event_pending(timer->event, EV_TIMEOUT, NULL); }

void loop_timer_free(struct loop_timer *timer)
{
	if (!timer)
		return;
	event_free(timer->event);
	free(timer);
}

static void on_signal(evutil_socket_t fd, short what, void *ctx)
{
	struct loop_signal *signal = ctx;

	(void)fd;
	(void)what;
	signal->fn(signal->ctx);
}

void loop_on_signal(struct loop *loop, int signo, loop_timer_fn fn, void *ctx)
{
	struct loop_signal *signal = &loop->signals[loop->signal_count];

	if (loop->signal_count == LOOP_SIGNALS_MAX)
		abort();
	loop->signal_count++;
	signal->fn = fn;
	signal->ctx = ctx;
	signal->event = evsignal_new(loop->base, signo, on_signal, signal);
	if (!signal->event || event_priority_set(signal->event, PROMPT) < 0 || event_add(signal->event, NULL) < 0)
		abort();
}
