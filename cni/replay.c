/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay - moatd-replay: carry out the deletions that the CNI plugin journalled while the daemon was away. Floor F5.
 * moatd starts it when its engine is ready and something waits; what cannot be done yet stays for the plugin's next call.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cni/cni.h"
#include "cni/verbs.h"
#include "lib/base/log.h"

int main(int argc, char **argv)
{
	cleanup(varlink_closep) struct varlink_client *client = NULL;
	struct cni_request request = {.tenant = "", .stack = "", .ifname = ""}; /* no attachment of its own */
	struct err err = ERR_INIT;

	if (argc != 3) {
		fprintf(stderr, "usage: moatd-replay SOCKET STATE-DIR   (moatd starts it)\n");
		return EXIT_FAILURE;
	}
	request.socket = argv[1];
	request.state_dir = argv[2];
	if (cni_connect(&request, &client, &err) == 0 && cni_journal_replay(&request, client, &err) == CNI_OK)
		return EXIT_SUCCESS;
	log_failure(&err, "deletions of CNI that wait");
	return EXIT_FAILURE;
}
