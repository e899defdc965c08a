/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hand - the asynchronous client of the seam. Floor F4; it judges heads by the same table as the hand does. */
#include "netd/engine/hand.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/ds.h"
#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/seam/place.h"

enum {
	HAND_READ_SIZE = 16 * 1024,
	HAND_IDLE_MS = 1000,	     /* behind the last plan, then it may run anywhere */
	HAND_PLACED_NS = 1000000000, /* for which it keeps to one processor at most, however many plans there are */
	HAND_IN_KEPT = 4 * HAND_READ_SIZE, /* of what a dump took, megabytes of a large network, no more is kept */
};

/* One message on its way out. */
struct outgoing {
	struct list link;
	struct buf data;
	size_t sent;
	int fd; /* -1 for none; goes with the first byte; owned */
};

/* One request whose answer, or whose DONE, is awaited. */
struct waiter {
	struct list link;
	uint32_t seq;
	uint16_t verb; /* a committed PLAN is spoken of twice; only OPEN brings descriptors */
	hand_fn answered, done;
	void *ctx;
};

struct hand {
	struct loop_io *io;
	int fd;
	uint32_t seq;
	struct list outgoing;
	struct list unanswered; /* in order */
	struct list unfinished; /* committed plans with slow removals */
	uint64_t planned_ns;	/* when a plan last went, was answered, or came to its end */
	struct loop_timer *idle;
	struct place place;	/* where it waits for the hand */
	uint64_t placed_ns;	/* since when it has kept there */
	struct plan later;	/* hand_plan_later() */
	struct buf in;
	int fds[FDIO_FDS_MAX];
	size_t fd_count;
	void (*gone)(void *ctx);
	void *ctx;
};

static void hand_lost(struct hand *hand, const char *why)
{
	log_error("the hand is lost: %s", why);
	loop_io_set(hand->io, 0);
	hand->gone(hand->ctx);
}

/* ------------------------------------------------------------------------ out */

static void hand_flush(struct hand *hand)
{
	while (!list_empty(&hand->outgoing)) {
		struct outgoing *out = container_of(hand->outgoing.next, struct outgoing, link);
		struct iovec iov = { out->data.data + out->sent, out->data.size - out->sent };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
		_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
		ssize_t n;

		if (out->fd >= 0) {
			struct cmsghdr *cmsg;

			msg.msg_control = control;
			msg.msg_controllen = sizeof(control);
			cmsg = CMSG_FIRSTHDR(&msg);
			*cmsg = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
						  .cmsg_level = SOL_SOCKET,
						  .cmsg_type = SCM_RIGHTS };
			memcpy(CMSG_DATA(cmsg), &out->fd, sizeof(int));
		}
		n = sendmsg(hand->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			loop_io_set(hand->io, LOOP_READ | LOOP_WRITE);
			return;
		}
		if (n < 0) {
			hand_lost(hand, strerror(errno));
			return;
		}
		fd_close(out->fd);
		out->fd = -1;
		out->sent += (size_t)n;
		if (out->sent < out->data.size)
			continue;
		list_remove(&out->link);
		buf_fini(&out->data);
		free(out);
	}
	loop_io_set(hand->io, LOOP_READ);
}

/* Queue one message; the payload is copied, @fd owned. */
static struct buf *queue(struct hand *hand, struct seam_head *head, int fd, hand_fn answered, hand_fn done, void *ctx)
{
	struct outgoing *out = mem_alloc(sizeof(*out));
	struct waiter *waiter = mem_alloc(sizeof(*waiter));

	head->magic = SEAM_MAGIC;
	head->seq = ++hand->seq;
	waiter->seq = head->seq;
	waiter->verb = head->verb;
	waiter->answered = answered;
	waiter->done = done;
	waiter->ctx = ctx;
	list_append(&hand->unanswered, &waiter->link);
	out->fd = fd;
	buf_add(&out->data, head, sizeof(*head));
	list_append(&hand->outgoing, &out->link);
	return &out->data;
}

static void plan_queue(struct hand *hand, const struct plan *plan, uint32_t uid, hand_fn answered, hand_fn done, void *ctx)
{
	struct seam_head head = { .verb = SEAM_PLAN, .count = (uint32_t)plan->count, .size = sizeof(struct op),
				  .commit = (uint32_t)plan->commit, .arg = uid };

	buf_add(queue(hand, &head, -1, answered, done, ctx), plan->ops, plan->count * sizeof(*plan->ops));
	hand->planned_ns = clock_monotonic_ns();
}

static void later_answered(void *ctx, struct hand_answer *answer)
{
	(void)ctx;
	(void)answer; /* of removals alone: what would not go is found by the next check */
}

/* What was put off goes before everything else that is asked for. */
static void later_queue(struct hand *hand)
{
	if (hand->later.count == 0)
		return;
	plan_order(&hand->later);
	plan_queue(hand, &hand->later, 0, later_answered, NULL, NULL);
	plan_fini(&hand->later);
	hand->later = (struct plan){ 0 };
}

static struct buf *hand_queue(struct hand *hand, struct seam_head *head, int fd, hand_fn answered, hand_fn done, void *ctx)
{
	later_queue(hand);
	return queue(hand, head, fd, answered, done, ctx);
}

/* Nothing is planned just now: it may run anywhere again. */
static void on_idle(void *ctx)
{
	struct hand *hand = ctx;

	if (!list_empty(&hand->unanswered) || clock_monotonic_ns() - hand->planned_ns < HAND_IDLE_MS * 1000000ULL)
		loop_timer_set(hand->idle, HAND_IDLE_MS);
	else
		place_any(&hand->place);
}

/*
 * While it waits for the hand it stays where it is, or it would be drawn to the hand's processor. Where plans never cease,
 * one of them in a while waits anywhere, so that the kernel can give it a better place than it had.
 */
static void wait_here(struct hand *hand)
{
	uint64_t now = clock_monotonic_ns();

	if (hand->place.kind == PLACE_ANY) {
		hand->placed_ns = now;
	} else if (now - hand->placed_ns >= HAND_PLACED_NS) {
		place_any(&hand->place);
		return;
	}
	place_only(&hand->place, sched_getcpu());
	if (!loop_timer_armed(hand->idle))
		loop_timer_set(hand->idle, HAND_IDLE_MS);
}

void hand_plan(struct hand *hand, const struct plan *plan, uint32_t uid, hand_fn answered, hand_fn done, void *ctx)
{
	later_queue(hand);
	plan_queue(hand, plan, uid, answered, done, ctx);
	hand_flush(hand);
	wait_here(hand);
}

void hand_plan_later(struct hand *hand, const struct plan *plan)
{
	if (hand->later.count + plan->count > SEAM_OPS_MAX)
		later_queue(hand);
	for (size_t i = 0; i < plan->count; i++)
		plan_add(&hand->later, (enum op_verb)plan->ops[i].verb, &plan->ops[i].obj);
}

void hand_soon(struct hand *hand, bool publishes)
{
	struct seam_head head = { .magic = SEAM_MAGIC, .verb = SEAM_SOON, .arg = publishes ? SEAM_SOON_PUBLISHES : 0 };
	uint64_t cpu = (uint64_t)(sched_getcpu() + 1) << SEAM_SOON_CPU;

	if (cpu <= SEAM_SOON_MAX)
		head.arg |= cpu;

	/* one that is at work is awake; and what cannot be said at once is worth nothing */
	if (list_empty(&hand->unanswered) && list_empty(&hand->outgoing))
		(void)!send(hand->fd, &head, sizeof(head), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void hand_dump(struct hand *hand, uint64_t ns, uint32_t parts, const struct obj *named, size_t named_count,
	       hand_fn answered, void *ctx)
{
	struct seam_scope scope = { .ns = ns, .parts = parts, .named = (uint32_t)named_count };
	size_t size = sizeof(scope) + named_count * sizeof(*named);
	struct seam_head head = { .verb = SEAM_DUMP, .count = (uint32_t)size, .size = 1 };
	struct buf *data = hand_queue(hand, &head, -1, answered, NULL, ctx);

	buf_add(data, &scope, sizeof(scope));
	buf_add(data, named, named_count * sizeof(*named));
	hand_flush(hand);
}

void hand_open(struct hand *hand, uint64_t ns, enum seam_open_what what, hand_fn answered, void *ctx)
{
	struct seam_open request = { .ns = ns, .what = what };
	struct seam_head head = { .verb = SEAM_OPEN, .count = 1, .size = sizeof(request) };

	buf_add(hand_queue(hand, &head, -1, answered, NULL, ctx), &request, sizeof(request));
	hand_flush(hand);
}

void hand_listen(struct hand *hand, enum seam_open_what what, uint16_t port, uint32_t uid, hand_fn answered, void *ctx)
{
	struct seam_open request = { .ns = NS_HOST, .what = what, .port = port };
	struct seam_head head = { .verb = SEAM_OPEN, .count = 1, .size = sizeof(request), .arg = uid };

	buf_add(hand_queue(hand, &head, -1, answered, NULL, ctx), &request, sizeof(request));
	hand_flush(hand);
}

void hand_adopt(struct hand *hand, uint64_t ns, uint32_t uid, bool hold, int fd, hand_fn answered, void *ctx)
{
	struct seam_adopt request = { .ns = ns, .uid = uid, .hold = hold };
	struct seam_head head = { .verb = SEAM_ADOPT, .count = 1, .size = sizeof(request) };

	buf_add(hand_queue(hand, &head, fd, answered, NULL, ctx), &request, sizeof(request));
	hand_flush(hand);
}

/* ------------------------------------------------------------------------- in */

static void fill_answer(const struct seam_head *head, const uint8_t *payload, struct hand_answer *answer)
{
	*answer = (struct hand_answer){ 0 };
	if (head->size == sizeof(struct seam_result) && head->count == 1)
		memcpy(&answer->result, payload, sizeof(answer->result));
	else if (head->size == sizeof(struct seam_nsinfo) && head->count == 1)
		memcpy(&answer->info, payload, sizeof(answer->info));
	else
		answer->size = head->count;
	answer->data = payload;
	answer->result.text[SEAM_TEXT_SIZE - 1] = '\0';
}

/* Answers of OPEN come in order, and nothing else brings descriptors: those at hand are this one's. */
static void take_fds(struct hand *hand, struct hand_answer *answer)
{
	for (size_t i = 0; i < hand->fd_count; i++)
		answer->fds[answer->fd_count++] = hand->fds[i];
	hand->fd_count = 0;
}

/* Return: false when the hand said something it may not. */
static bool take_message(struct hand *hand, const struct seam_head *head, const uint8_t *payload)
{
	struct waiter *waiter = NULL;
	struct hand_answer answer;
	bool keep = false;

	if (head->verb == SEAM_ANSWER) {
		if (list_empty(&hand->unanswered))
			return false;
		waiter = container_of(hand->unanswered.next, struct waiter, link);
		if (waiter->seq != head->seq)
			return false;
	} else {
		list_each(node, &hand->unfinished) {
			struct waiter *candidate = container_of(node, struct waiter, link);

			if (candidate->seq == head->seq) {
				waiter = candidate;
				break;
			}
		}
		if (!waiter)
			return false;
	}
	if (waiter->verb == SEAM_PLAN)
		hand->planned_ns = clock_monotonic_ns();
	fill_answer(head, payload, &answer);
	if (waiter->verb == SEAM_OPEN && answer.result.status == 0)
		take_fds(hand, &answer);
	list_remove(&waiter->link);
	if (head->verb == SEAM_ANSWER && waiter->verb == SEAM_PLAN && answer.result.status == 0) {
		list_append(&hand->unfinished, &waiter->link);
		keep = true;
	} else {
	}
	if (head->verb == SEAM_ANSWER)
		waiter->answered(waiter->ctx, &answer);
	else if (waiter->done)
		waiter->done(waiter->ctx, &answer);
	for (size_t i = 0; i < answer.fd_count; i++)
		fd_close(answer.fds[i]);
	if (!keep)
		free(waiter);
	return true;
}

static void on_hand(void *ctx, unsigned events)
{
	struct hand *hand = ctx;
	int fds[FDIO_FDS_MAX];
	size_t fd_count = 0, offset = 0;
	ssize_t n;

	if (events & LOOP_WRITE)
		hand_flush(hand);
	if (!(events & LOOP_READ))
		return;
	size_t old = hand->in.size;
	n = fd_recv(hand->fd, buf_extend(&hand->in, HAND_READ_SIZE), HAND_READ_SIZE, fds, &fd_count);
	hand->in.size = old + (n > 0 ? (size_t)n : 0);
	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0) {
		hand_lost(hand, n == 0 ? "it closed the seam" : strerror((int)-n));
		return;
	}
	for (size_t i = 0; i < fd_count; i++) {
		if (hand->fd_count < FDIO_FDS_MAX)
			hand->fds[hand->fd_count++] = fds[i];
		else
			fd_close(fds[i]);
	}
	while (hand->in.size - offset >= sizeof(struct seam_head)) {
		struct seam_head head;
		size_t size;

		memcpy(&head, hand->in.data + offset, sizeof(head));
		if (seam_head_check(&head, 0) < 0) {
			hand_lost(hand, "it sent a malformed message");
			return;
		}
		size = sizeof(head) + (size_t)head.count * head.size;
		if (hand->in.size - offset < size)
			break;
		if (!take_message(hand, &head, hand->in.data + offset + sizeof(head))) {
			hand_lost(hand, "it answered what was not asked");
			return;
		}
		offset += size;
	}
	buf_consume(&hand->in, offset);
	if (hand->in.size == 0 && hand->in.capacity > HAND_IN_KEPT)
		buf_fini(&hand->in);
	if (hand->later.count) {
		later_queue(hand);
		hand_flush(hand);
	}
}

struct hand *hand_new(struct loop *loop, int fd, void (*gone)(void *ctx), void *ctx)
{
	struct hand *hand = mem_alloc(sizeof(*hand));

	hand->fd = fd;
	hand->gone = gone;
	hand->ctx = ctx;
	list_init(&hand->outgoing);
	list_init(&hand->unanswered);
	list_init(&hand->unfinished);
	fd_nonblock(fd, true);
	hand->idle = loop_timer_new(loop, on_idle, hand);
	hand->io = loop_io_new(loop, fd, LOOP_READ, on_hand, hand);
	return hand;
}

uint64_t hand_planned_ns(const struct hand *hand) { return hand->planned_ns; }

int hand_result_err(const struct seam_result *result, const char *object, const char *what, struct err *err)
{
	static const char port[] = "port ";
	enum err_kind kind = ERR_KERNEL;

	if (result->status == 0)
		return 0;
	if (result->status == -EADDRINUSE)
		kind = ERR_PORTTAKEN;
	else if (result->status == -EACCES || (result->refused && result->status == -EPERM))
		kind = ERR_PERMISSION;
	else if (result->refused)
		kind = ERR_INTERNAL;
	/* its words on a port say all of it, and which port it is ("port 80/tcp of the host ...", check_nft.c) */
	if (result->refused && (kind == ERR_PORTTAKEN || kind == ERR_PERMISSION) && str_starts(result->text, port)) {
		const char *name = result->text + strlen(port);
		cleanup(mem_freep) char *number = mem_strndup(name, strcspn(name, " "));

		return err_set(err, kind, -result->status, number, "%s", result->text);
	}
	return err_set(err, kind, -result->status, object, "%s: %s", what,
		       result->text[0] ? result->text : strerror(-result->status));
}
