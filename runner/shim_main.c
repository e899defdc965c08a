// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shim_main - the program moat-shim: started by `moat run` and `moat restart`
 * with two descriptors and three arguments, of no use to anybody else. Floor F4.
 */
#include <stdio.h>
#include <unistd.h>

#include "runner/process.h"
#include "runner/shim.h"

int main(int argc, char **argv)
{
	struct err err;
	struct name name;

	if (argc != 4 || name_parse("container", argv[3], false, &name, &err) < 0) {
		fputs("usage: moat-shim RUNTIME-DIR SOCKET TENANT/NAME\n"
		      "It is started by moat run and moat restart, one for each container.\n",
		      stderr);
		return PROCESS_FAILED;
	}
	return shim_run(argv[1], argv[2], &name);
}
