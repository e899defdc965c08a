// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shim_main - the program moat-shim: started by `moat run` and `moat restart`
 * with two descriptors and three arguments, of no use to anybody else. Floor F4.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runner/container/shim.h"
#include "runner/process/process.h"

int main(int argc, char **argv)
{
	struct err err;
	struct shim_args args;
	struct name name;

	if (argc != 4 || name_parse("container", argv[3], false, &name, &err) < 0) {
		fputs("usage: moat-shim RUNTIME-DIR SOCKET TENANT/NAME\n"
		      "It is started by moat run and moat restart, one for each container.\n",
		      stderr);
		return PROCESS_FAILED;
	}
	/* The kernel lays the arguments out one behind the other. */
	args = (struct shim_args){
		.runtime_dir = argv[1],
		.socket = argv[2],
		.name = &name,
		.title = argv[0],
		.title_size = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) - argv[0]),
	};
	return shim_run(&args);
}
