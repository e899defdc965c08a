/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of netd/seam: whole messages over a socket however they come, and what is no message. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "netd/seam/seam.h"

static struct seam_head plan_head(uint32_t count)
{
	return (struct seam_head){
		.magic = SEAM_MAGIC,
		.verb = SEAM_PLAN,
		.seq = 7,
		.count = count,
		.size = sizeof(struct op),
		.commit = count,
		.arg = 1000,
	};
}

static void pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

static int open_count(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static void a_message_comes_whole(void **state)
{
	struct seam_head head = plan_head(3), got;
	cleanup(buf_fini) struct buf payload = BUF_INIT;
	int fds[2], room[FDIO_FDS_MAX];
	struct op ops[3];
	size_t count;

	(void)state;
	memset(ops, 0x5a, sizeof(ops));
	pair(fds);
	assert_int_equal(seam_send(fds[0], &head, ops, NULL, 0), 0);
	assert_int_equal(seam_recv(fds[1], 1, &got, &payload, room, &count), 0);
	assert_memory_equal(&got, &head, sizeof(got));
	assert_int_equal(payload.size, sizeof(ops));
	assert_memory_equal(payload.data, ops, sizeof(ops));
	assert_int_equal(count, 0);
	/* Only the other side may say that. */
	assert_int_equal(seam_send(fds[0], &head, ops, NULL, 0), 0);
	assert_int_equal(seam_recv(fds[1], 0, &got, &payload, room, &count), -EPROTO);
	close(fds[0]);
	close(fds[1]);
}

struct drip {
	int fd;
	const uint8_t *data;
	size_t size;
};

static void *drip_run(void *data)
{
	const struct drip *drip = data;

	for (size_t i = 0; i < drip->size; i++) {
		if (write(drip->fd, drip->data + i, 1) != 1)
			break;
	}
	close(drip->fd);
	return NULL;
}

static void a_message_comes_byte_by_byte(void **state)
{
	struct seam_head head = plan_head(2), got;
	cleanup(buf_fini) struct buf payload = BUF_INIT, wire = BUF_INIT;
	int fds[2], room[FDIO_FDS_MAX];
	struct drip drip;
	pthread_t thread;
	size_t count;

	(void)state;
	buf_add(&wire, &head, sizeof(head));
	memset(buf_extend(&wire, 2 * sizeof(struct op)), 0x77, 2 * sizeof(struct op));
	pair(fds);
	drip = (struct drip){fds[0], wire.data, wire.size};
	assert_int_equal(pthread_create(&thread, NULL, drip_run, &drip), 0);
	assert_int_equal(seam_recv(fds[1], 1, &got, &payload, room, &count), 0);
	assert_int_equal(payload.size, 2 * sizeof(struct op));
	assert_memory_equal(payload.data, wire.data + sizeof(head), payload.size);
	assert_int_equal(seam_recv(fds[1], 1, &got, &payload, room, &count), -EPIPE);
	pthread_join(thread, NULL);
	close(fds[1]);
}

/* More than a socket buffer holds, through non-blocking ends. */
static void a_large_message(void **state)
{
	enum { MANY = 20000 };
	struct seam_head head = plan_head(MANY), got;
	cleanup(buf_fini) struct buf payload = BUF_INIT, ops = BUF_INIT;
	int fds[2], room[FDIO_FDS_MAX];
	size_t count;
	pid_t pid;

	(void)state;
	memset(buf_extend(&ops, MANY * sizeof(struct op)), 3, MANY * sizeof(struct op));
	pair(fds);
	fd_nonblock(fds[0], true);
	fd_nonblock(fds[1], true);
	pid = fork();
	if (pid == 0)
		_exit(seam_send(fds[0], &head, ops.data, NULL, 0) == 0 ? 0 : 1);
	assert_int_equal(seam_recv(fds[1], 1, &got, &payload, room, &count), 0);
	assert_int_equal(payload.size, ops.size);
	assert_memory_equal(payload.data, ops.data, ops.size);
	assert_int_equal(waitpid(pid, &(int){0}, 0), pid);
	close(fds[0]);
	close(fds[1]);
}

static void a_cut_message(void **state)
{
	struct seam_head head = plan_head(2);
	uint8_t wire[sizeof(head) + 2 * sizeof(struct op)] = {0};

	(void)state;
	memcpy(wire, &head, sizeof(head));
	for (size_t size = 0; size < sizeof(wire); size += 13) {
		cleanup(buf_fini) struct buf payload = BUF_INIT;
		int fds[2], room[FDIO_FDS_MAX];
		struct seam_head got;
		size_t count;

		pair(fds);
		assert_int_equal(fd_write_all(fds[0], wire, size), 0);
		close(fds[0]);
		assert_int_equal(seam_recv(fds[1], 1, &got, &payload, room, &count),
				 size == 0 ? -EPIPE : -EPROTO);
		close(fds[1]);
	}
}

/* Each field of a good head, spoiled. */
static void heads(void **state)
{
	struct seam_head good = plan_head(2), head;

	(void)state;
	assert_int_equal(seam_head_check(&good, 1), 0);
	assert_int_equal(seam_head_check(&good, 0), -EPROTO);
#define SPOILED(FIELD, VALUE)                                                                  \
	head = good;                                                                           \
	head.FIELD = (VALUE);                                                                  \
	assert_int_equal(seam_head_check(&head, 1), -EPROTO)
	SPOILED(magic, SEAM_MAGIC + 1);
	SPOILED(zero, 1);
	SPOILED(verb, SEAM_NONE);
	SPOILED(verb, SEAM_VERB_COUNT);
	SPOILED(verb, SEAM_ANSWER);
	SPOILED(verb, SEAM_QUIT);
	SPOILED(size, sizeof(struct op) - 1);
	SPOILED(size, 0);
	SPOILED(count, SEAM_OPS_MAX + 1);
	SPOILED(count, UINT32_MAX);
	SPOILED(count, 1); /* less than commit */
	SPOILED(commit, 3);
	SPOILED(arg, (uint64_t)UINT32_MAX + 1);
#undef SPOILED
	head = plan_head(0);
	assert_int_equal(seam_head_check(&head, 1), 0);
	head = plan_head(SEAM_OPS_MAX);
	assert_int_equal(seam_head_check(&head, 1), 0);

	head = (struct seam_head){.magic = SEAM_MAGIC,
				  .verb = SEAM_DUMP,
				  .size = 1,
				  .count = sizeof(struct seam_scope)};
	assert_int_equal(seam_head_check(&head, 1), 0);
	head.count += (uint32_t)sizeof(struct obj);
	assert_int_equal(seam_head_check(&head, 1), 0);
	head.count--;
	assert_int_equal(seam_head_check(&head, 1), -EPROTO);
	head.count = sizeof(struct seam_scope) - 1;
	assert_int_equal(seam_head_check(&head, 1), -EPROTO);
	head.count = sizeof(struct seam_scope);
	head.commit = 1;
	assert_int_equal(seam_head_check(&head, 1), -EPROTO);
	head = (struct seam_head){
		.magic = SEAM_MAGIC, .verb = SEAM_ANSWER, .size = 1, .count = SEAM_DUMP_MAX};
	assert_int_equal(seam_head_check(&head, 0), 0);
	head.count++;
	assert_int_equal(seam_head_check(&head, 0), -EPROTO);
	head = (struct seam_head){.magic = SEAM_MAGIC, .verb = SEAM_QUIT};
	assert_int_equal(seam_head_check(&head, 1), 0);
	head.arg = 1;
	assert_int_equal(seam_head_check(&head, 1), -EPROTO);
	head.verb = SEAM_SOON; /* ports or none, and a processor or none */
	assert_int_equal(seam_head_check(&head, 1), 0);
	assert_int_equal(seam_head_check(&head, 0), -EPROTO);
	head.arg = SEAM_SOON_MAX;
	assert_int_equal(seam_head_check(&head, 1), 0);
	head.arg++;
	assert_int_equal(seam_head_check(&head, 1), -EPROTO);
	head.arg = 0;
	assert_int_equal(seam_head_check(&head, 1), 0);
	head.count = 1;
	assert_int_equal(seam_head_check(&head, 1), -EPROTO);
}

/* ADOPT brings exactly one; nothing else from an engine brings any; none leaks. */
static void descriptors(void **state)
{
	struct seam_adopt adopt = {.ns = NS_ID(NS_FOREIGN, 1)};
	struct seam_head head = {.magic = SEAM_MAGIC,
				 .verb = SEAM_ADOPT,
				 .count = 1,
				 .size = sizeof(adopt)},
			 got;
	struct seam_head plan = plan_head(0);
	cleanup(buf_fini) struct buf payload = BUF_INIT;
	int fds[2], room[FDIO_FDS_MAX], sent[2], before;
	size_t count;

	(void)state;
	sent[0] = sent[1] = STDERR_FILENO;
	pair(fds);
	before = open_count();
	assert_int_equal(seam_send(fds[0], &head, &adopt, sent, 1), 0);
	assert_int_equal(seam_recv(fds[1], 1, &got, &payload, room, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(fcntl(room[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(room[0]);
	assert_int_equal(seam_send(fds[0], &plan, NULL, sent, 1), 0);
	assert_int_equal(seam_recv(fds[1], 1, &got, &payload, room, &count), -EPROTO);
	assert_int_equal(seam_send(fds[0], &head, &adopt, NULL, 0), 0);
	assert_int_equal(seam_recv(fds[1], 1, &got, &payload, room, &count), -EPROTO);
	assert_int_equal(open_count(), before);
	close(fds[0]);
	close(fds[1]);

	pair(fds);
	assert_int_equal(seam_send(fds[0], &head, &adopt, sent, 2), 0);
	assert_int_equal(seam_recv(fds[1], 1, &got, &payload, room, &count), -EPROTO);
	assert_int_equal(count, 0);
	assert_int_equal(open_count(), before);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_comes_whole),
		cmocka_unit_test(a_message_comes_byte_by_byte),
		cmocka_unit_test(a_large_message),
		cmocka_unit_test(a_cut_message),
		cmocka_unit_test(heads),
		cmocka_unit_test(descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
