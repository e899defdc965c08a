/* SPDX-License-Identifier: GPL-2.0-or-later */
/* side - a second thread beside the main one; see side.h. Floor F4. */
#include "netd/hand/side.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/base/mem.h"
#include "netd/seam/place.h"

/**
 * struct side
 * @fn, @ctx: the work, as long as it is not done; NULL for none
 * @main_cpu: where the main thread was when it began the last one: the other one sleeps elsewhere, or they would share it
 */
struct side {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t begun, ended;
	void (*fn)(void *ctx);
	void *ctx;
	int main_cpu;
	bool stopping;
};

static void *side_loop(void *data)
{
	struct side *side = data;
	struct place place = {0};

	pthread_mutex_lock(&side->lock);
	while (!side->stopping) {
		void (*fn)(void *ctx) = side->fn;
		int cpu = side->main_cpu;

		if (fn == NULL) {
			pthread_cond_wait(&side->begun, &side->lock);
			continue;
		}
		pthread_mutex_unlock(&side->lock);
		fn(side->ctx);
		pthread_mutex_lock(&side->lock);
		side->fn = NULL;
		pthread_cond_signal(&side->ended);
		pthread_mutex_unlock(&side->lock);
		place_not(&place, cpu); /* where it wakes next time: the main thread does not wait for that */
		pthread_mutex_lock(&side->lock);
	}
	pthread_mutex_unlock(&side->lock);
	return NULL;
}

int side_start(struct side **ret_side, struct err *err)
{
	struct side *side = mem_alloc(sizeof(*side));
	int r;

	side->main_cpu = -1;
	pthread_mutex_init(&side->lock, NULL);
	pthread_cond_init(&side->begun, NULL);
	pthread_cond_init(&side->ended, NULL);
	r = pthread_create(&side->thread, NULL, side_loop, side);
	if (r != 0) {
		free(side);
		return err_sys(err, ERR_INTERNAL, r, NULL, "cannot start the second thread");
	}
	*ret_side = side;
	return 0;
}

void side_stop(struct side *side)
{
	if (side == NULL)
		return;
	pthread_mutex_lock(&side->lock);
	side->stopping = true;
	pthread_cond_signal(&side->begun);
	pthread_mutex_unlock(&side->lock);
	pthread_join(side->thread, NULL);
	pthread_cond_destroy(&side->ended);
	pthread_cond_destroy(&side->begun);
	pthread_mutex_destroy(&side->lock);
	free(side);
}

void side_run(struct side *side, void (*fn)(void *ctx), void *ctx)
{
	pthread_mutex_lock(&side->lock);
	side->fn = fn;
	side->ctx = ctx;
	side->main_cpu = sched_getcpu();
	pthread_mutex_unlock(&side->lock);
	pthread_cond_signal(&side->begun);
}

void side_wait(struct side *side)
{
	pthread_mutex_lock(&side->lock);
	while (side->fn != NULL)
		pthread_cond_wait(&side->ended, &side->lock);
	pthread_mutex_unlock(&side->lock);
}
