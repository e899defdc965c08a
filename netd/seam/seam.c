/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seam - framing of the socket between engine and hand. Floor F4.
 *
 * One head, then records. Both ends use the same two functions, and both
 * believe nothing: a head is judged by a table before a byte of memory is
 * taken for what it announces, and the memory grows only as bytes arrive.
 * What the records mean is not judged here (op_valid(), netd/hand/check.c).
 */
#include "netd/seam/seam.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"

enum {
	SEAM_CHUNK = 1 << 20,     /* bytes of memory taken ahead of the bytes that came */
	SEAM_SYSCTLS_MAX = 65536, /* objects a dump may ask to be read back */
};

_Static_assert(sizeof(struct seam_head) == 32, "head is a record of the seam");
_Static_assert(sizeof(struct seam_result) == 216, "result is a record of the seam");
_Static_assert(sizeof(struct seam_scope) == 16, "scope is a record of the seam");
_Static_assert(sizeof(struct seam_open) == 16, "open is a record of the seam");
_Static_assert(sizeof(struct seam_adopt) == 16, "adopt is a record of the seam");
_Static_assert(sizeof(struct seam_nsinfo) == 24, "nsinfo is a record of the seam");

/*
 * struct form - one shape a verb's payload may have
 * @tail: of a shape in bytes (size 1): what stands behind the first @least bytes comes in records of this size
 */
struct form {
	uint16_t verb;
	bool from_engine;
	uint32_t size;
	uint32_t least, most;
	uint32_t tail;
	uint8_t fds_least, fds_most;
};

/* clang-format off */
static const struct form forms[] = {
	{ SEAM_DUMP, true, 1, sizeof(struct seam_scope),
	  sizeof(struct seam_scope) + SEAM_SYSCTLS_MAX * sizeof(struct obj), sizeof(struct obj), 0, 0 },
	{ SEAM_PLAN,   true,  sizeof(struct op),          0, SEAM_OPS_MAX,  0, 0, 0 },
	{ SEAM_OPEN,   true,  sizeof(struct seam_open),   1, 1,             0, 0, 0 },
	{ SEAM_ADOPT,  true,  sizeof(struct seam_adopt),  1, 1,             0, 1, 1 },
	{ SEAM_QUIT,   true,  0,                          0, 0,             0, 0, 0 },
	{ SEAM_SOON,   true,  0,                          0, 0,             0, 0, 0 },
	{ SEAM_ANSWER, false, sizeof(struct seam_result), 1, 1,             0, 0, FDIO_FDS_MAX },
	{ SEAM_ANSWER, false, sizeof(struct seam_nsinfo), 1, 1,             0, 0, 0 },
	{ SEAM_ANSWER, false, 1,                          0, SEAM_DUMP_MAX, 0, 0, 0 },
	{ SEAM_DONE,   false, sizeof(struct seam_result), 1, 1,             0, 0, 0 },
};
/* clang-format on */

static const struct form *form_find(const struct seam_head *head, int from_engine)
{
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
		const struct form *form = &forms[i];

		if (form->verb != head->verb || form->from_engine != (from_engine != 0) ||
		    form->size != head->size)
			continue;
		if (head->count < form->least || head->count > form->most)
			return NULL;
		if (form->tail != 0 && (head->count - form->least) % form->tail != 0)
			return NULL;
		return form;
	}
	return NULL;
}

int seam_head_check(const struct seam_head *head, int from_engine)
{
	bool plan = head->verb == SEAM_PLAN, uid = plan || head->verb == SEAM_OPEN;

	if (head->magic != SEAM_MAGIC || head->zero != 0)
		return -EPROTO;
	if (form_find(head, from_engine) == NULL)
		return -EPROTO;
	if (plan ? head->commit > head->count : head->commit != 0)
		return -EPROTO;
	if (head->arg > (uid ? UINT32_MAX : head->verb == SEAM_SOON ? SEAM_SOON_MAX : 0))
		return -EPROTO;
	return 0;
}

/* The sockets may be non-blocking at the engine's end; the verbs are not. */
static int wait_for(int sock, short events)
{
	struct pollfd pfd = {.fd = sock, .events = events};

	while (poll(&pfd, 1, -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static int seam_again(int sock, int no, short events)
{
	if (no == EINTR)
		return 0;
	if (no == EAGAIN)
		return wait_for(sock, events);
	return -no;
}

/* What a send(2) returned: *@done grows by it, or the socket is waited for. Return: 0: go on; -errno. */
static int sent(int sock, ssize_t n, size_t *done)
{
	if (n < 0)
		return seam_again(sock, errno, POLLOUT);
	*done += (size_t)n;
	return 0;
}

static void control_fill(struct msghdr *msg, void *control, size_t size, const int *fds,
			 size_t fd_count)
{
	struct cmsghdr *cmsg;

	memset(control, 0, size);
	msg->msg_control = control;
	msg->msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, fd_count * sizeof(int));
}

int seam_send(int sock, const struct seam_head *head, const void *payload, const int *fds,
	      size_t fd_count)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(FDIO_FDS_MAX * sizeof(int))];
	size_t body = (size_t)head->count * head->size;
	size_t done = 0;

	if (fd_count > FDIO_FDS_MAX)
		return -E2BIG;
	while (done < sizeof(*head) + body) {
		struct iovec iov[2];
		struct msghdr msg = {.msg_iov = iov};
		int r;

		if (done < sizeof(*head)) {
			iov[msg.msg_iovlen++] = (struct iovec){
				.iov_base = (uint8_t *)(uintptr_t)head + done,
				.iov_len = sizeof(*head) - done,
			};
		}
		if (body > 0) {
			size_t off = done > sizeof(*head) ? done - sizeof(*head) : 0;

			iov[msg.msg_iovlen++] = (struct iovec){
				.iov_base = (uint8_t *)(uintptr_t)payload + off,
				.iov_len = body - off,
			};
		}
		if (done == 0 && fd_count > 0)
			control_fill(&msg, control, sizeof(control), fds, fd_count);
		r = sent(sock, sendmsg(sock, &msg, MSG_NOSIGNAL), &done);
		if (r < 0)
			return r;
	}
	return 0;
}

int seam_send_whole(int sock, const void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		int r = sent(sock, send(sock, (const uint8_t *)data + done, size - done, MSG_NOSIGNAL), &done);

		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * The head, and the descriptors beside it. Never more than the head: the kernel ends a read behind a message with descriptors,
 * not before it (tests/platform/rights_end_a_read.c), so one that asked for more could take what belongs to the next.
 */
static int head_recv(int sock, struct seam_head *ret_head, int *fds, size_t *fd_count)
{
	size_t done = 0;

	while (done < sizeof(*ret_head)) {
		int more[FDIO_FDS_MAX];
		size_t more_count = 0;
		ssize_t n = fd_recv(sock, (uint8_t *)ret_head + done, sizeof(*ret_head) - done,
				    more, &more_count);

		if (n < 0) {
			int r = seam_again(sock, (int)-n, POLLIN);

			if (r < 0)
				return r;
			continue;
		}
		if (n == 0)
			return done == 0 ? -EPIPE : -EPROTO;
		for (size_t i = 0; i < more_count; i++) {
			if (*fd_count < FDIO_FDS_MAX && done == 0)
				fds[(*fd_count)++] = more[i];
			else
				fd_close(more[i]);
		}
		done += (size_t)n;
	}
	return 0;
}

/* Descriptors sent beside payload bytes are closed by the kernel: there is no room for them in this read. */
static int body_recv(int sock, size_t size, struct buf *payload)
{
	buf_clear(payload);
	while (payload->size < size) {
		size_t old = payload->size,
		       want = size - old < SEAM_CHUNK ? size - old : SEAM_CHUNK;
		uint8_t *room = buf_extend(payload, want);
		size_t done = 0;

		while (done < want) {
			ssize_t n = recv(sock, room + done, want - done, 0);

			if (n == 0)
				return -EPROTO;
			if (n < 0) {
				int r = seam_again(sock, errno, POLLIN);

				if (r < 0)
					return r;
				continue;
			}
			done += (size_t)n;
		}
	}
	return 0;
}

int seam_recv(int sock, int from_engine, struct seam_head *ret_head, struct buf *payload,
	      int *ret_fds, size_t *ret_fd_count)
{
	const struct form *form;
	struct seam_head head = {0};
	int fds[FDIO_FDS_MAX];
	size_t fd_count = 0;
	int r;

	*ret_fd_count = 0;
	r = head_recv(sock, &head, fds, &fd_count);
	if (r == 0)
		r = seam_head_check(&head, from_engine);
	if (r == 0) {
		form = form_find(&head, from_engine);
		if (fd_count < form->fds_least || fd_count > form->fds_most)
			r = -EPROTO;
	}
	if (r == 0)
		r = body_recv(sock, (size_t)head.count * head.size, payload);
	if (r < 0) {
		for (size_t i = 0; i < fd_count; i++)
			fd_close(fds[i]);
		return r;
	}
	memcpy(ret_fds, fds, fd_count * sizeof(*fds));
	*ret_fd_count = fd_count;
	*ret_head = head;
	return 0;
}
