/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device - interfaces of the host's that are a container's for its life
 * (--device-net). Floor F4. Which ones are away, and what tells them from others,
 * stands in the file `devices` of the container's folder from before the first is
 * moved until all are back: whoever finds the container ended brings them.
 */
#ifndef MOAT_RUNNER_CONTAINER_DEVICE_H
#define MOAT_RUNNER_CONTAINER_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "runner/spec/spec.h"
#include "runner/state/state.h"

#define DEVICE_FILE "devices" /* in the container's folder: a mark a line */

enum {
	DEVICE_FD_NETNS = 3,  /* of the program moat-device: the stack's network namespace */
	DEVICE_FD_ANSWER = 4, /* and where a struct device_answer goes */
	DEVICE_MARK_WORDS = 6,
	DEVICE_FILE_MAX = 16384, /* bytes */
};

/** struct device_mark - lib/kern/device.h */
struct device_mark {
	char name[16], kind[16];
	uint32_t index, link;
	bool far, up;
};

/** struct device_answer - of moat-device; both ends are of one build */
struct device_answer {
	int32_t rc;
	struct device_mark mark;
	struct err err;
};

/** device_parse() - "NAME" or "NAME,force". Return: 0; -EINVAL. */
int device_parse(const char *text, char ret_name[16], bool *ret_force, struct err *err);

/** devices_take() - those of @spec into the stack @netns. Return: 0; else none is away. */
int devices_take(const struct state_dir *dir, const struct spec *spec, int netns, struct err *err);

/**
 * devices_return() - what the file names, back into our network namespace
 * @netns: the stack's, or -1: it is asked of the daemon at @socket when there is anything to bring
 * Return: 0, also where nothing is away; else the file stays.
 */
int devices_return(const struct state_dir *dir, const char *socket, int netns, struct err *err);

/**
 * device_hand_over() - the interface @host into @netns for good, there called @as (lib/kern/device.h, device_give())
 * @ret_mark: for device_hand_back()
 */
int device_hand_over(int netns, const char *host, const char *as, struct device_mark *ret_mark, struct err *err);
/** device_hand_back() - undoes it */
int device_hand_back(int netns, const struct device_mark *mark, struct err *err);

#endif
