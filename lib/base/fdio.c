/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fdio - whole reads and writes, descriptors over sockets, small files. Floor F0. Not an event
 * loop: on a non-blocking descriptor the "all" functions wait by poll(2) until all is done.
 */
#include "lib/base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"

/* Room for our descriptors, and for the credentials that SO_PASSCRED puts before them. */
union control {
	struct cmsghdr head;
	char data[CMSG_SPACE(FDIO_FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

static int write_all(int fd, const void *data, size_t size, bool sock);
static int fd_wait(int fd, short events);
static int fd_flag(int fd, int get, int set, int flag, bool on);
static int file_fill(int fd, const void *data, size_t size, mode_t mode, bool sync);
static int folder_sync(const char *path);

void fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

void fd_closep(int *fd)
{
	fd_close(*fd);
}

int fd_streams_open(int flags)
{
	struct pollfd streams[] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};

	if (poll(streams, ARRAY_COUNT(streams), 0) < 0)
		return -errno;
	for (int i = 0; i < (int)ARRAY_COUNT(streams); i++)
		if (streams[i].revents & POLLNVAL && open("/dev/null", flags) != i)
			return -EBADF;
	return 0;
}

int fd_nonblock(int fd, bool on)
{
	return fd_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int fd_cloexec(int fd, bool on)
{
	return fd_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int fd_read_all(int fd, void *data, size_t size)
{
	char *p = data;

	while (size > 0) {
		ssize_t n = read(fd, p, size);

		if (n == 0)
			return -EPIPE;
		if (n > 0) {
			p += n;
			size -= (size_t)n;
		} else if (errno == EAGAIN) {
			int rc = fd_wait(fd, POLLIN);

			if (rc < 0)
				return rc;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

int fd_write_all(int fd, const void *data, size_t size)
{
	return write_all(fd, data, size, true);
}

int fd_write_file(int fd, const void *data, size_t size)
{
	return write_all(fd, data, size, false);
}

/* Whether it is a socket, the first send(2) tells. */
static int write_all(int fd, const void *data, size_t size, bool sock)
{
	const char *p = data;

	while (size > 0) {
		ssize_t n = sock ? send(fd, p, size, MSG_NOSIGNAL) : write(fd, p, size);

		if (n >= 0) {
			p += n;
			size -= (size_t)n;
		} else if (sock && errno == ENOTSOCK) {
			sock = false;
		} else if (errno == EAGAIN) {
			int rc = fd_wait(fd, POLLOUT);

			if (rc < 0)
				return rc;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

int file_read(const char *path, size_t max, struct buf *ret_data)
{
	return file_read_at(AT_FDCWD, path, max, ret_data);
}

int file_put_at(int folder, const char *path, const char *text)
{
	cleanup(fd_closep) int fd = openat(folder, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd_write_file(fd, text, strlen(text));
}

int file_read_at(int folder, const char *path, size_t max, struct buf *ret_data)
{
	cleanup(buf_fini) struct buf data = BUF_INIT;
	cleanup(fd_closep) int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(
		    st.st_mode)) /* files of procfs and sysfs say they are regular, of size 0 */
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	/* room for all of it at once, instead of twice as much again and again */
	if (st.st_size > 0 && (size_t)st.st_size <= max) {
		(void)buf_extend(&data, (size_t)st.st_size);
		buf_clear(&data);
	}
	for (;;) {
		char chunk[4096];
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if ((size_t)n > max - data.size)
			return -E2BIG;
		buf_add(&data, chunk, (size_t)n);
		if (st.st_size > 0 && (off_t)data.size == st.st_size)
			break;
	}
	buf_fini(ret_data);
	*ret_data = data;
	data = BUF_INIT;
	return 0;
}

int file_write_atomic(const char *path, const void *data, size_t size, mode_t mode, bool sync,
		      struct err *err)
{
	cleanup(mem_freep) char *temporary = mem_printf("%s.XXXXXX", path);
	cleanup(fd_closep) int fd = mkostemp(temporary, O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_sys(err, ERR_IO, errno, path, "cannot make a file beside it");
	rc = file_fill(fd, data, size, mode, sync);
	if (rc == 0 && rename(temporary, path) < 0)
		rc = -errno;
	if (rc < 0) {
		unlink(temporary);
		return err_sys(err, ERR_IO, -rc, path, "cannot write");
	}
	if (sync) {
		rc = folder_sync(path);
		if (rc < 0)
			return err_sys(err, ERR_IO, -rc, path, "cannot sync its folder");
	}
	return 0;
}

static ssize_t send_once(int sock, const void *data, size_t size, const int *fds, size_t fd_count, int flags)
{
	struct iovec iov = {.iov_len = size};
	union control control = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (fd_count > FDIO_FDS_MAX)
		return -E2BIG;
	memcpy(&iov.iov_base, &data, sizeof(data)); /* sendmsg(2) does not write there */
	if (fd_count > 0) {
		msg.msg_control = control.data;
		msg.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, fd_count * sizeof(int));
	}
	do {
		n = sendmsg(sock, &msg, flags | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

ssize_t fd_send_once(int sock, const void *data, size_t size, const int *fds, size_t fd_count)
{
	return send_once(sock, data, size, fds, fd_count, MSG_DONTWAIT);
}

int fd_send(int sock, const void *data, size_t size, const int *fds, size_t fd_count)
{
	ssize_t n;

	if (fd_count == 0)
		return fd_write_all(sock, data, size);
	if (size == 0) /* a stream carries descriptors only beside a byte */
		return -EINVAL;
	while ((n = send_once(sock, data, size, fds, fd_count, 0)) < 0) {
		int rc = n == -EAGAIN ? fd_wait(sock, POLLOUT) : (int)n;

		if (rc < 0)
			return rc;
	}
	return fd_write_all(sock, (const char *)data + n, size - (size_t)n);
}

ssize_t fd_recv(int sock, void *data, size_t size, int *ret_fds, size_t *ret_fd_count)
{
	struct iovec iov = {.iov_base = data, .iov_len = size};
	union control control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.data,
		.msg_controllen = sizeof(control),
	};
	int fds[sizeof(control) / sizeof(int)];
	size_t count = 0;
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (struct cmsghdr *head = CMSG_FIRSTHDR(&msg); head; head = CMSG_NXTHDR(&msg, head)) {
		size_t more = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds + count, CMSG_DATA(head), more * sizeof(int));
		count += more;
	}
	if (count > FDIO_FDS_MAX || (msg.msg_flags & MSG_CTRUNC)) {
		for (size_t i = 0; i < count; i++)
			fd_close(fds[i]);
		/* cut short: too many came, or we have no free descriptor (EMFILE) */
		return count >= FDIO_FDS_MAX ? -E2BIG : -EMFILE;
	}
	memcpy(ret_fds, fds, count * sizeof(int));
	*ret_fd_count = count;
	return n;
}

static int fd_wait(int fd, short events)
{
	struct pollfd pfd = {.fd = fd, .events = events};

	if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static int fd_flag(int fd, int get, int set, int flag, bool on)
{
	int flags = fcntl(fd, get);
	int wanted = on ? flags | flag : flags & ~flag;

	if (flags < 0 || (wanted != flags && fcntl(fd, set, wanted) < 0))
		return -errno;
	return 0;
}

static int file_fill(int fd, const void *data, size_t size, mode_t mode, bool sync)
{
	int rc = fd_write_all(fd, data, size);

	if (rc < 0)
		return rc;
	if (fchmod(fd, mode) < 0 || (sync && fsync(fd) < 0))
		return -errno;
	return 0;
}

/* A rename is durable only when its folder is. */
static int folder_sync(const char *path)
{
	const char *slash = strrchr(path, '/');
	cleanup(mem_freep) char *folder =
		slash ? mem_strndup(path, (size_t)(slash - path) + 1) : mem_strdup(".");
	cleanup(fd_closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}
