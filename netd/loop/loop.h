/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop - the event loop of the engine: descriptors, timers, signals. Floor F4. loop.c is the only file that knows libevent. */
#ifndef MOAT_ENGINE_LOOP_H
#define MOAT_ENGINE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

enum { LOOP_READ = 1 << 0, LOOP_WRITE = 1 << 1 };

struct loop;
struct loop_io;
struct loop_timer;

typedef void (*loop_io_fn)(void *ctx, unsigned events);
typedef void (*loop_timer_fn)(void *ctx);

struct loop *loop_new(void);
int loop_run(struct loop *loop); /* until loop_stop(); 0 or -EIO */
void loop_stop(struct loop *loop);

/** loop_io_new() - watch @fd, which stays the caller's */
struct loop_io *loop_io_new(struct loop *loop, int fd, unsigned events, loop_io_fn fn, void *ctx);
void loop_io_set(struct loop_io *io, unsigned events);
void loop_io_free(struct loop_io *io);
/** loop_io_patient() - from now on its turn comes when nothing waits that is not patient, too; one after the other */
void loop_io_patient(struct loop_io *io);

struct loop_timer *loop_timer_new(struct loop *loop, loop_timer_fn fn, void *ctx);
void loop_timer_set(struct loop_timer *timer, uint64_t ms); /* once, from now */
bool loop_timer_armed(const struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);
void loop_timer_patient(struct loop_timer *timer); /* before it is set */

/** loop_on_signal() - for the life of the loop */
void loop_on_signal(struct loop *loop, int signo, loop_timer_fn fn, void *ctx);

#endif
