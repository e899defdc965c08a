// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * moat-device - moves one interface of the host's into a stack, or back, for a
 * shim or a command that asked (runner/container/device.c). Floor F4. A program of its
 * own since it is needed seldom, and speaks netlink, which a shim does not.
 *
 *	moat-device look NAME 0|1		its mark, and may it be taken?
 *	moat-device take MARK...		as device.c prints it
 *	moat-device return MARK...
 *	moat-device give NAME NAME-THERE	for good (netDevices of the OCI runtime-spec)
 *	moat-device back MARK...		of give, when what it was for failed
 *
 * Descriptor 3: the network namespace of the stack; 4: where the answer goes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/str.h"
#include "lib/kern/device.h"
#include "runner/container/device.h"

static bool mark_parse(char **args, struct device *ret_device);

int main(int argc, char **argv)
{
	struct device_answer answer = {.rc = -1};
	struct device device = {0};

	err_set(&answer.err, ERR_INTERNAL, 22, NULL, "moat-device: called with other arguments");
	if (argc == 4 && str_eq(argv[1], "look")) {
		answer.err = ERR_INIT;
		answer.rc = device_look(argv[2], str_eq(argv[3], "1"), &device, &answer.err);
	} else if (argc == 4 && str_eq(argv[1], "give")) {
		answer.err = ERR_INIT;
		answer.rc = device_give(DEVICE_FD_NETNS, argv[2], argv[3], &device, &answer.err);
	} else if (argc == 2 + DEVICE_MARK_WORDS && mark_parse(argv + 2, &device)) {
		answer.err = ERR_INIT;
		answer.rc = str_eq(argv[1], "take")   ? device_take(DEVICE_FD_NETNS, &device, &answer.err)
			    : str_eq(argv[1], "back") ? device_give_back(DEVICE_FD_NETNS, &device, &answer.err)
						      : device_return(DEVICE_FD_NETNS, &device, &answer.err);
	}
	(void)str_copy(answer.mark.name, sizeof(answer.mark.name), device.name);
	(void)str_copy(answer.mark.kind, sizeof(answer.mark.kind), device.kind);
	answer.mark.index = device.index;
	answer.mark.link = device.link;
	answer.mark.far = device.far;
	answer.mark.up = device.up;
	return fd_write_all(DEVICE_FD_ANSWER, &answer, sizeof(answer)) < 0;
}

static bool mark_parse(char **args, struct device *ret_device)
{
	uint64_t index, link, far, up;

	if (str_copy(ret_device->name, sizeof(ret_device->name), args[0]) < 0 ||
	    str_copy(ret_device->kind, sizeof(ret_device->kind),
		     str_eq(args[1], "-") ? "" : args[1]) < 0 ||
	    str_u64(args[2], UINT32_MAX, &index) < 0 || str_u64(args[3], UINT32_MAX, &link) < 0 ||
	    str_u64(args[4], 1, &far) < 0 || str_u64(args[5], 1, &up) < 0)
		return false;
	ret_device->index = (uint32_t)index;
	ret_device->link = (uint32_t)link;
	ret_device->far = far == 1;
	ret_device->up = up == 1;
	return true;
}
