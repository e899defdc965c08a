/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files_client - asking moat-files. Floor F4. */
#ifndef MOAT_RUNNER_CONTAINER_FILES_CLIENT_H
#define MOAT_RUNNER_CONTAINER_FILES_CLIENT_H

#include "lib/base/err.h"
#include "runner/process/sync.h"

enum { FILES_FD_ANSWER = 3 }; /* one end of a sync_pair() */

/**
 * files_ask() - run moat-files and take its answer
 * @program: its path; @args: argv, argv[0] included. Our standard streams are its.
 * Return: 0 and *ret_answer; -errno with its error.
 */
int files_ask(const char *program, const char *const *args, struct sync_msg *ret_answer,
	      struct err *err);

#endif
