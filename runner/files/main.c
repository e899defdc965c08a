// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main - the program moat-files: started by `moat run --image`, `moat image` and `moat cp`, with a descriptor for its answer, of no use
 * to anybody else. Floor F4.
 */
#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/str.h"
#include "runner/container/files_client.h"
#include "runner/files/files.h"
#include "runner/process/sync.h"
#include "runner/spec/image.h"

int main(int argc, char **argv)
{
	struct sync_msg msg = {.kind = SYNC_DONE};
	int rc;

	if (argc < 4 || fcntl(FILES_FD_ANSWER, F_GETFD) < 0 ||
	    !(str_eq(argv[1], "image") || str_eq(argv[1], "image-find") || ((str_eq(argv[1], "cp") || str_eq(argv[1], "image-rm")) && argc == 5))) {
		fputs("usage: moat-files image STATE-DIR LAYOUT [TAG]\n"
		      "       moat-files image-find STATE-DIR LAYOUT [TAG]\n"
		      "       moat-files image-rm STATE-DIR RUNTIME-DIR NAME\n"
		      "       moat-files cp RUNTIME-DIR FROM TO\n"
		      "It is started by moat run --image, moat image and moat cp.\n",
		      stderr);
		return 1;
	}
	(void)fcntl(FILES_FD_ANSWER, F_SETFD, FD_CLOEXEC);
	(void)signal(SIGPIPE, SIG_IGN);
	if (str_eq(argv[1], "image")) {
		static_assert(sizeof(msg.text) >= IMAGE_DIGEST_SIZE, "a digest fits");
		rc = files_image(argv[2], argv[3], argv[4], msg.text, &msg.err);
	} else if (str_eq(argv[1], "image-find")) {
		rc = files_image_find(argv[3], argv[4], msg.text, &msg.err);
	} else if (str_eq(argv[1], "image-rm")) {
		rc = files_image_remove(argv[2], argv[3], argv[4], &msg.err);
	} else {
		rc = files_copy(argv[2], argv[3], argv[4], &msg.err);
	}
	if (rc < 0)
		msg.kind = SYNC_FAILED;
	(void)sync_send(FILES_FD_ANSWER, &msg, -1);
	return rc < 0;
}
