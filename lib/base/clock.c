/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock - time, randomness and the boot's identity, read here and handed down. Floor F0. */
#include "lib/base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"

enum { BOOT_ID_LEN = 36 };

static struct timespec now(clockid_t clock);

uint64_t clock_monotonic_ns(void)
{
	struct timespec ts = now(CLOCK_MONOTONIC);

	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

uint64_t clock_realtime_ms(void)
{
	struct timespec ts = now(CLOCK_REALTIME);

	return (uint64_t)ts.tv_sec * 1000U + (uint64_t)ts.tv_nsec / 1000000U;
}

uint64_t random_id48(void)
{
	uint64_t id = 0;

	while (id == 0) {
		/* up to 256 bytes come whole, but a signal may come before the pool is ready */
		if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id)) {
			if (errno != EINTR) {
				static const char text[] = "no randomness\n";

				fwrite(text, 1, sizeof(text) - 1, stderr);
				abort(); /* nothing safe could be done */
			}
			id = 0;
		}
		id &= (UINT64_C(1) << 48) - 1;
	}
	return id;
}

int clock_boot_id(char dst[37])
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	int rc = file_read("/proc/sys/kernel/random/boot_id", BOOT_ID_LEN + 1, &text);

	if (rc < 0)
		return rc;
	if (text.size < BOOT_ID_LEN)
		return -EIO;
	memcpy(dst, text.data, BOOT_ID_LEN);
	dst[BOOT_ID_LEN] = '\0';
	return 0;
}

static struct timespec now(clockid_t clock)
{
	struct timespec ts;
	int rc = clock_gettime(clock, &ts);

	assert(rc == 0);
	(void)rc;
	return ts;
}
