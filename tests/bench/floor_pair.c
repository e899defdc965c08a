/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor_pair - the floor behind two processes: what the layout alone costs, whoever writes the programs.
 *
 * One that deals with clients and has no privilege, one that has the privilege and makes the objects: so a request is
 * four messages and four wakings of processes that slept:
 *
 *   client -> decider -> maker -> decider -> client
 *
 * A detach is answered when the router has forgotten the endpoint, as Moat's is. Messages are as long as Moat's and say
 * nothing: neither side decodes, decides, judges, stores or writes down anything. What Moat takes beyond this is its own
 * work; what this takes beyond the floor nobody can save who keeps them apart.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/floor.h"

enum { REQUEST_SIZE = 256, ANSWER_SIZE = 248, MESSAGE_MAX = 8192 };

/* Bytes from decider to maker and from decider to client, as the daemon's are (strace). */
static const struct sizes {
	size_t plan, reply;
} sizes[] = { { 4256, 18 }, { 7688, 492 } }; /* of a detach; of an attach */

struct request {
	unsigned attach, n, ports, stride;
	char path[REQUEST_SIZE - 4 * sizeof(unsigned)];
};
_Static_assert(sizeof(struct request) == REQUEST_SIZE, "a request is one message of this size");

static void put(int sock, const void *bytes, size_t size)
{
	if (send(sock, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
		die("pair: send: %s", strerror(errno));
}

/* What ends a socket is the end of who has the other one: then there is nothing left to do. */
static void get(int sock, void *bytes, size_t size)
{
	if (recv(sock, bytes, size, MSG_WAITALL) != (ssize_t)size)
		_exit(0);
}

static void decide(int client, int maker)
{
	static uint8_t message[MESSAGE_MAX];

	for (;;) {
		const struct sizes *s;

		get(client, message, REQUEST_SIZE);
		s = &sizes[((const struct request *)(const void *)message)->attach];
		put(maker, message, s->plan);
		get(maker, message, ANSWER_SIZE);
		put(client, message, s->reply);
	}
}

static void make(struct world *w, int decider)
{
	static _Alignas(8) uint8_t message[MESSAGE_MAX];
	const struct request *request = (const void *)message;

	for (;;) {
		get(decider, message, REQUEST_SIZE);
		get(decider, message + REQUEST_SIZE, sizes[request->attach].plan - REQUEST_SIZE);
		w->ports = request->ports;
		w->stride = request->stride;
		if (request->attach)
			attach(w, request->n, request->path);
		else
			cut(w, request->n);
		put(decider, message, ANSWER_SIZE);
		if (!request->attach)
			cut_rest(w, request->n);
	}
}

void pair_make(struct world *w)
{
	int outer[2], inner[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, outer) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, inner) < 0)
		die("pair: %s", strerror(errno));
	for (int side = 0; side < 2; side++) {
		pid_t pid = fork();

		if (pid < 0)
			die("pair: fork: %s", strerror(errno));
		if (pid > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(outer[0]);
		close(inner[side]);
		if (side == 0)
			decide(outer[1], inner[1]);
		close(outer[1]);
		make(w, inner[0]);
	}
	close(outer[1]);
	close(inner[0]);
	close(inner[1]);
	w->pair = outer[0];
}

uint64_t pair_ask(struct world *w, unsigned n, const char *path)
{
	static uint8_t reply[MESSAGE_MAX];
	struct request request = { .attach = path != NULL, .n = n, .ports = w->ports, .stride = w->stride };
	uint64_t start;

	if (path && snprintf(request.path, sizeof(request.path), "%s", path) >= (int)sizeof(request.path))
		die("pair: %s is too long", path);
	start = now_ns();
	put(w->pair, &request, sizeof(request));
	if (recv(w->pair, reply, sizes[request.attach].reply, MSG_WAITALL) <= 0)
		die("pair: it has gone");
	return now_ns() - start;
}
