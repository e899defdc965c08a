/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device - an interface of the host's moved into a stack, and back; or into a
 * container of the OCI runtime, for good. Floor F2. The kernel gives physical ones back to the first namespace when theirs ends
 * and deletes all others: so it is done before.
 */
#ifndef MOAT_KERN_DEVICE_H
#define MOAT_KERN_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/obj/obj.h"

/**
 * struct device - what tells it from others, whatever it is called by now
 * @name, @up: in the host
 * @kind: "veth", ...; "" of a physical one
 * @index: in the stack; 0: not known yet, then @name counts
 * @link, @far: IFLA_LINK: index of its other end, and whether that lies in another namespace
 */
struct device {
	char name[OBJ_IFNAME_SIZE];
	char kind[16];
	uint32_t index, link;
	bool far, up;
};

/**
 * device_look() - the interface @name of the caller's network namespace
 * @force: also one that bears a default route
 * Return: 0; ERR_NOTFOUND; ERR_PERMISSION for loopback, one of ours, a port of a bridge, one that is made of nothing but
 * software and has no other end (its like could be made anew inside, and would be brought back in its place).
 */
int device_look(const char *name, bool force, struct device *ret_device, struct err *err);

/** device_take() - into the stack @netns, set up there; it loses its addresses, as it does everywhere. @device: of device_look() */
int device_take(int netns, struct device *device, struct err *err);

/**
 * device_return() - out of the stack @netns into the caller's network namespace, with the name it had there
 * Return: 0, also when it is gone; ERR_CONFLICT when what is in its place is not it, or when its name is taken.
 */
int device_return(int netns, const struct device *device, struct err *err);

/**
 * device_give() - the interface @name of the caller's into @netns for good, as netDevices of the OCI runtime-spec 1.3 say
 * @as: its name there; NULL: the same; "eth%d": with a number of the kernel's choice
 * Its permanent addresses of global scope come along; it is set up. Any kind of link, but for loopback, one of ours, and
 * a port of a bridge or bond. What becomes of it at the end of the namespace is the kernel's affair.
 * @ret_device: name and up as they were, index as it is there
 * Return: 0; ERR_NOTFOUND; ERR_CONFLICT where the name is taken there. After a failure it is where it was.
 */
int device_give(int netns, const char *name, const char *as, struct device *ret_device, struct err *err);

/** device_give_back() - undoes it, for one who failed later: its name, its addresses, and up if it was. Gone is success. */
int device_give_back(int netns, const struct device *device, struct err *err);

#endif
