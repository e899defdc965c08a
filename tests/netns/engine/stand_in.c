/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stand_in - takes the place of moatd-engine in supervisor.sh: logs its options and how many
 * namespaces the hand knows, says that it is ready, gives back what it is sent. Where /run/adopt is, it has its
 * own network namespace held as a container's; where /run/release is, that one is given up; where /run/die is, it ends at once; while /run/slow
 * is, it is not ready; where /run/deaf is, nothing comes back.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "netd/seam/seam.h"

enum { SEAM_FD = 3, READY_FD = 5 };

/* Return: bytes of the answer's payload, or -1. */
static ssize_t ask(enum seam_verb verb, const void *request, uint32_t count, uint32_t size,
		   int fd)
{
	struct seam_head head = {
		.magic = SEAM_MAGIC, .verb = (uint16_t)verb, .count = count, .size = size};
	struct buf payload = BUF_INIT;
	int fds[FDIO_FDS_MAX];
	ssize_t bytes = -1;
	size_t fd_count;

	if (seam_send(SEAM_FD, &head, request, &fd, fd >= 0) == 0 &&
	    seam_recv(SEAM_FD, 0, &head, &payload, fds, &fd_count) == 0 &&
	    head.size != sizeof(struct seam_result))
		bytes = (ssize_t)payload.size;
	buf_fini(&payload);
	return bytes;
}

/* A plan of one removal: its answer, then word that it is done. */
static int release(uint64_t ns)
{
	struct op op = {.verb = OP_DEL, .obj = {.kind = OBJ_NETNS, .ns = ns}};
	struct seam_head head = {
		.magic = SEAM_MAGIC, .verb = SEAM_PLAN, .count = 1, .size = sizeof(op)};
	struct seam_result result = {.status = -1};
	struct buf payload = BUF_INIT;
	int fds[FDIO_FDS_MAX];
	size_t fd_count;

	if (seam_send(SEAM_FD, &head, &op, NULL, 0) < 0)
		return -1;
	do {
		if (seam_recv(SEAM_FD, 0, &head, &payload, fds, &fd_count) < 0 ||
		    payload.size != sizeof(result))
			break;
		memcpy(&result, payload.data, sizeof(result));
	} while (result.status == 0 && head.verb != SEAM_DONE);
	buf_fini(&payload);
	return result.status;
}

int main(int argc, char **argv)
{
	struct seam_adopt adopt = {.ns = NS_ID(NS_CONTAINER, 7), .hold = 1};
	struct seam_scope scope = {.parts = SEAM_REGISTRY};
	FILE *log = fopen("/run/engine.log", "ae");
	ssize_t bytes;
	char byte;

	if (!log)
		return 4;
	for (int i = 1; i < argc; i++)
		fprintf(log, "%s%c", argv[i], i + 1 < argc ? ' ' : '\n');
	fflush(log);
	if (access("/run/die", F_OK) == 0)
		return 3;
	if (access("/run/release", F_OK) == 0 && release(adopt.ns) < 0)
		return 9;
	if (access("/run/adopt", F_OK) == 0) {
		int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

		if (ask(SEAM_ADOPT, &adopt, 1, sizeof(adopt), own) < 0)
			return 5;
		close(own);
	}
	bytes = ask(SEAM_DUMP, &scope, sizeof(scope), 1, -1);
	if (bytes < 0)
		return 6;
	bytes -= (ssize_t)(sizeof(struct seam_chunk) + sizeof(struct seam_features));
	fprintf(log, "known %zd\n", bytes / (ssize_t)sizeof(struct seam_nsinfo));
	fclose(log);
	while (access("/run/slow", F_OK) == 0)
		usleep(50 * 1000);
	if (write(READY_FD, "x", 1) != 1)
		return 7;
	while (read(READY_FD, &byte, 1) == 1) {
		if (access("/run/deaf", F_OK) != 0 && write(READY_FD, &byte, 1) != 1)
			return 8;
	}
	return 0;
}
