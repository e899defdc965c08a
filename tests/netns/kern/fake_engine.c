/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake_engine - see fake_engine.h */
#include "tests/netns/kern/fake_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/kern/nft_decode.h"
#include "lib/kern/rtnl_decode.h"
#include "netd/seam/hold.h"

enum { ANSWER_S = 20 };

/* ---- the place ---- */

static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

void place_make(void)
{
	assert_int_equal(unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
	assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"), 0);
	assert_int_equal(mkdir("/run/moat", 0755), 0);
	assert_int_equal(mkdir("/run/moat/ns", 0700), 0);
	assert_int_equal(mount("/run/moat/ns", "/run/moat/ns", NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, "/run/moat/ns", NULL, MS_SHARED, NULL), 0);
	loopback_up();
}

static const char *hand_path(char dst[4096])
{
	const char *folder = getenv("MOAT_BIN_DIR");

	snprintf(dst, 4096, "%s/moatd-hand", folder != NULL ? folder : "bin");
	return dst;
}

static void hand_exec(int seam, int control)
{
	char path[4096];

	if (dup2(fcntl(seam, F_DUPFD, 100), 3) < 0 || dup2(fcntl(control, F_DUPFD, 100), 4) < 0)
		_exit(126);
	close_range(5, ~0U, 0);
	execl(hand_path(path), "moatd-hand", "--seam-fd", "3", "--control-fd", "4",
	      "--runtime-dir", "/run/moat", "--reserved-ports", "/run/reserved", "--log-level",
	      getenv("HAND_LOG") != NULL ? "debug" : "info", NULL);
	_exit(127);
}

/* @held: what a supervisor would hand over; 0: nothing. */
struct hand hand_start(uint64_t held_ns, int held_fd)
{
	struct timeval patience = {.tv_sec = ANSWER_S};
	struct hand hand = {.seq = 100};
	int seam[2], control[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, seam), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
	setsockopt(seam[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	hand.pid = fork();
	assert_true(hand.pid >= 0);
	if (hand.pid == 0)
		hand_exec(seam[1], control[1]);
	close(seam[1]);
	close(control[1]);
	hand.seam = seam[0];
	hand.control = control[0];
	if (held_ns != 0)
		assert_int_equal(hold_send(hand.control, HOLD_KEEP, held_ns, held_fd), 0);
	assert_int_equal(hold_send(hand.control, HOLD_END, 0, -1), 0);
	return hand;
}

/* Return: its exit status, or -signal. */
int hand_end(struct hand *hand, int sig)
{
	int status;

	if (sig != 0)
		kill(hand->pid, sig);
	close(hand->seam);
	assert_int_equal(waitpid(hand->pid, &status, 0), hand->pid);
	close(hand->control);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- the engine's part ---- */

void ask(struct hand *hand, enum seam_verb verb, const void *payload, uint32_t count,
	 uint32_t size, uint32_t commit, uint32_t uid, int fd)
{
	struct seam_head head = {
		.magic = SEAM_MAGIC,
		.verb = (uint16_t)verb,
		.seq = ++hand->seq,
		.count = count,
		.size = size,
		.commit = commit,
		.arg = uid,
	};

	assert_int_equal(seam_send(hand->seam, &head, payload, &fd, fd < 0 ? 0 : 1), 0);
}

/* One message of @verb, of the last request. Its descriptors go to @fds (room for 2). */
struct seam_head hear(struct hand *hand, enum seam_verb verb, struct buf *payload, int *fds,
		      size_t *fd_count)
{
	int room[FDIO_FDS_MAX];
	struct seam_head head;
	size_t count;

	assert_int_equal(seam_recv(hand->seam, 0, &head, payload, room, &count), 0);
	assert_int_equal(head.verb, verb);
	assert_int_equal(head.seq, hand->seq);
	if (fd_count != NULL) {
		memcpy(fds, room, count * sizeof(int));
		*fd_count = count;
	} else {
		assert_int_equal(count, 0);
	}
	return head;
}

struct seam_result hear_result(struct hand *hand, enum seam_verb verb)
{
	cleanup(buf_fini) struct buf payload = BUF_INIT;
	struct seam_head head = hear(hand, verb, &payload, NULL, NULL);
	struct seam_result result;

	assert_int_equal(head.size, sizeof(result));
	memcpy(&result, payload.data, sizeof(result));
	if (result.status != 0 && getenv("HAND_LOG") != NULL)
		fprintf(stderr, "answer: op %u: %d %s\n", result.index, result.status,
			result.text);
	return result;
}

struct seam_result run_plan(struct hand *hand, const struct plan *plan, uint32_t uid)
{
	struct seam_result result;

	ask(hand, SEAM_PLAN, plan->ops, (uint32_t)plan->count, sizeof(struct op),
	    (uint32_t)plan->commit, uid, -1);
	result = hear_result(hand, SEAM_ANSWER);
	if (result.status == 0)
		assert_int_equal(hear_result(hand, SEAM_DONE).status, 0);
	return result;
}

struct seam_result run_diff(struct hand *hand, struct objv *want, struct objv *have)
{
	struct seam_result result;
	struct plan plan;

	plan_diff(want, have, &plan);
	result = run_plan(hand, &plan, 0);
	plan_fini(&plan);
	return result;
}

/* All of one namespace, decoded. @want: its sysctls are read back, too. */
void snapshot(struct hand *hand, uint64_t ns, const struct objv *want, struct objv *objs)
{
	cleanup(buf_fini) struct buf request = BUF_INIT, answer = BUF_INIT;
	struct seam_scope scope = {
		.ns = ns,
		.parts = SEAM_LINKS | SEAM_ADDRS | SEAM_ROUTES | SEAM_NEIGHS | SEAM_FDB |
			 SEAM_NFT | SEAM_SYSCTLS | SEAM_RULES | SEAM_QDISCS,
	};
	struct rtnl_raw raw = {0};

	buf_add(&request, &scope, sizeof(scope));
	for (size_t i = 0; i < want->count; i++) {
		if (want->items[i].ns != ns || want->items[i].kind != OBJ_SYSCTL)
			continue;
		buf_add(&request, &want->items[i], sizeof(struct obj));
		scope.named++;
	}
	memcpy(request.data, &scope, sizeof(scope));
	ask(hand, SEAM_DUMP, request.data, (uint32_t)request.size, 1, 0, 0, -1);
	assert_int_equal(hear(hand, SEAM_ANSWER, &answer, NULL, NULL).size, 1);
	for (size_t at = 0; at < answer.size;) {
		const struct seam_chunk *chunk = (const void *)(answer.data + at);
		const uint8_t *data = answer.data + at + sizeof(*chunk);
		struct rtnl_slice slice = {data, chunk->size};

		if (chunk->part == SEAM_LINKS)
			raw.links = slice;
		else if (chunk->part == SEAM_ADDRS)
			raw.addrs = slice;
		else if (chunk->part == SEAM_ROUTES)
			raw.routes = slice;
		else if (chunk->part == SEAM_NEIGHS)
			raw.neighs = slice;
		else if (chunk->part == SEAM_FDB)
			raw.fdb = slice;
		else if (chunk->part == SEAM_RULES)
			raw.rules = slice;
		else if (chunk->part == SEAM_QDISCS)
			raw.qdiscs = slice;
		else if (chunk->part == SEAM_NFT)
			assert_int_equal(nft_decode(data, chunk->size, ns, objs, NULL), 0);
		else
			for (size_t i = 0; i < chunk->size / sizeof(struct obj); i++)
				objv_add(objs, (const struct obj *)(const void *)data + i);
		at += sizeof(*chunk) + (chunk->size + 7) / 8 * 8;
	}
	assert_int_equal(rtnl_decode(&raw, ns, objs, NULL), 0);
}

/* The registry: is @ns in it? */
bool registered(struct hand *hand, uint64_t ns)
{
	cleanup(buf_fini) struct buf answer = BUF_INIT;
	struct seam_scope scope = {.parts = SEAM_REGISTRY};
	const struct seam_chunk *chunk;
	const struct seam_nsinfo *infos;

	ask(hand, SEAM_DUMP, &scope, sizeof(scope), 1, 0, 0, -1);
	hear(hand, SEAM_ANSWER, &answer, NULL, NULL);
	chunk = (const void *)answer.data;
	assert_int_equal(chunk->part, SEAM_REGISTRY);
	infos = (const void *)(answer.data + sizeof(*chunk) + sizeof(struct seam_features));
	for (size_t i = 0; i < (chunk->size - sizeof(struct seam_features)) / sizeof(*infos);
	     i++) {
		if (infos[i].ns == ns)
			return true;
	}
	return false;
}
