/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/base/fdio: whole transfers, passing descriptors, small files. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"

static int pair[2];

static int pair_open(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

static int pair_close(void **state)
{
	(void)state;
	fd_closep(&pair[0]);
	fd_closep(&pair[1]);
	return 0;
}

/* How many descriptors this process holds. */
static size_t fds_open(void) { return entries("/proc/self/fd"); }

static void flags(void **state)
{
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	assert_int_equal(fd_nonblock(fd, true), 0);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(fd_nonblock(fd, false), 0);
	assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(fd_cloexec(fd, true), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fd_cloexec(fd, false), 0);
	assert_false(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fd_close(fd);
	assert_int_equal(fd_nonblock(-1, true), -EBADF);
	assert_int_equal(fd_cloexec(-1, true), -EBADF);
	errno = ENOENT;
	fd_close(-1);
	fd_close(fd); /* already closed: errno is kept all the same */
	assert_int_equal(errno, ENOENT);
}

/* A child writes in small pieces, then ends; both sides non-blocking. */
static void whole_transfers(void **state)
{
	enum { SIZE = 1 << 20 };
	cleanup(mem_freep) uint8_t *data = mem_alloc(SIZE);
	cleanup(mem_freep) uint8_t *got = mem_alloc(SIZE);
	int status = -1;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (uint8_t)(i * 31 >> 3);
	assert_int_equal(fd_nonblock(pair[0], true) + fd_nonblock(pair[1], true), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fd_close(pair[0]);
		_exit(fd_write_all(pair[1], data, SIZE) == 0 ? 0 : 1);
	}
	fd_close(pair[1]);
	pair[1] = -1;
	assert_int_equal(fd_read_all(pair[0], got, SIZE), 0);
	assert_memory_equal(got, data, SIZE);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(fd_read_all(pair[0], got, 1), -EPIPE);
	assert_int_equal(fd_read_all(pair[0], got, 0), 0);
}

static void end_and_errors(void **state)
{
	char got[4];

	(void)state;
	assert_int_equal(fd_write_all(pair[1], "ab", 2), 0);
	fd_close(pair[1]);
	pair[1] = -1;
	assert_int_equal(fd_read_all(pair[0], got, 4), -EPIPE);  /* half of it came */
	assert_int_equal(fd_write_all(pair[0], "x", 1), -EPIPE); /* and no SIGPIPE */
	assert_int_equal(fd_read_all(-1, got, 1), -EBADF);
	assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
}

static void write_to_a_pipe(void **state)
{
	char got[4];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fd_write_all(ends[1], "pipe", 4), 0);
	assert_int_equal(fd_read_all(ends[0], got, 4), 0);
	assert_memory_equal(got, "pipe", 4);
	fd_close(ends[0]);
	fd_close(ends[1]);
}

static void pass_descriptors(void **state)
{
	int sent[FDIO_FDS_MAX], got[FDIO_FDS_MAX];
	size_t before = fds_open(), count = 99;
	char text[16];

	(void)state;
	for (size_t i = 0; i < FDIO_FDS_MAX; i++)
		sent[i] = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_send(pair[0], "hello", 5, sent, FDIO_FDS_MAX), 0);
	assert_int_equal(fd_recv(pair[1], text, sizeof(text), got, &count), 5);
	assert_memory_equal(text, "hello", 5);
	assert_int_equal(count, FDIO_FDS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct stat a, b;

		assert_true(fcntl(got[i], F_GETFD) & FD_CLOEXEC);
		assert_int_equal(fstat(sent[i], &a) + fstat(got[i], &b), 0);
		assert_int_equal(a.st_ino, b.st_ino);
		fd_close(sent[i]);
		fd_close(got[i]);
	}
	assert_int_equal(fds_open(), before);
	assert_int_equal(fd_send(pair[0], "x", 1, NULL, 0), 0);
	assert_int_equal(fd_recv(pair[1], text, sizeof(text), got, &count), 1);
	assert_int_equal(count, 0);
}

/* One call, with descriptors or without, which does not wait for room though its socket would. */
static void send_once(void **state)
{
	size_t before = fds_open(), count = 99;
	int got[FDIO_FDS_MAX], fds[FDIO_FDS_MAX + 1] = {0};
	char text[16];
	ssize_t n;

	(void)state;
	assert_int_equal(fd_send_once(pair[0], "plain", 5, NULL, 0), 5);
	assert_int_equal(fd_recv(pair[1], text, sizeof(text), got, &count), 5);
	assert_int_equal(count, 0);
	assert_int_equal(fd_send_once(pair[0], "laden", 5, (int[]){0, 1}, 2), 5);
	assert_int_equal(fd_recv(pair[1], text, sizeof(text), got, &count), 5);
	assert_int_equal(count, 2);
	fd_close(got[0]);
	fd_close(got[1]);
	assert_int_equal(fd_send_once(pair[0], "x", 1, fds, FDIO_FDS_MAX + 1), -E2BIG);
	while ((n = fd_send_once(pair[0], "full", 4, NULL, 0)) > 0)
		;
	assert_int_equal(n, -EAGAIN);
	assert_int_equal(fds_open(), before);
}

static void send_refuses(void **state)
{
	int fds[FDIO_FDS_MAX + 1] = {0};

	(void)state;
	assert_int_equal(fd_send(pair[0], "x", 1, fds, FDIO_FDS_MAX + 1), -E2BIG);
	assert_int_equal(fd_send(pair[0], "", 0, fds, 1), -EINVAL);
	assert_int_equal(fd_send(pair[0], "x", 1, &(int){12345}, 1), -EBADF);
	fd_close(pair[1]);
	pair[1] = -1;
	assert_int_equal(fd_send(pair[0], "x", 1, fds, 1), -EPIPE);
}

static void send_too_many(size_t count)
{
	union {
		struct cmsghdr head;
		char data[CMSG_SPACE(100 * sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (char[]){'x'}, .iov_len = 1};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.data,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(count * sizeof(int));
	for (size_t i = 0; i < count; i++) /* of zeros, that is stdin */
		memcpy(CMSG_DATA(&control.head) + i * sizeof(int), &(int){0}, sizeof(int));
	assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
}

/* More than the limit are refused and all closed, be they few or many more, with SO_PASSCRED too. */
static void receive_too_many(void **state)
{
	size_t before = fds_open();

	(void)state;
	for (int passcred = 0; passcred < 2; passcred++) {
		setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &passcred, sizeof(passcred));
		for (size_t many = FDIO_FDS_MAX - 1; many <= 100; many++) {
			int got[FDIO_FDS_MAX];
			size_t count = 99;
			char text[4];
			ssize_t n;

			send_too_many(many);
			n = fd_recv(pair[1], text, sizeof(text), got, &count);
			if (many <= FDIO_FDS_MAX) {
				assert_int_equal(n, 1);
				assert_int_equal(count, many);
				for (size_t i = 0; i < count; i++)
					fd_close(got[i]);
			} else {
				assert_int_equal(n, -E2BIG);
				assert_int_equal(count, 99);
			}
			assert_int_equal(fds_open(), before);
		}
	}
}

/* No free descriptor: told apart from too many, and what did arrive is closed. */
static void receive_without_room(void **state)
{
	size_t before = fds_open(), count = 99;
	struct rlimit old, low;
	int got[FDIO_FDS_MAX], top = dup(0);
	char text[4];
	ssize_t n;

	(void)state;
	fd_close(top);
	send_too_many(8);
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = (rlim_t)top + 3;
	setrlimit(RLIMIT_NOFILE, &low);
	n = fd_recv(pair[1], text, sizeof(text), got, &count);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(n, -EMFILE);
	assert_int_equal(fds_open(), before);
}

static void receive_end(void **state)
{
	int got[FDIO_FDS_MAX];
	size_t count = 99;
	char text[4];

	(void)state;
	assert_int_equal(fd_nonblock(pair[0], true), 0);
	assert_int_equal(fd_recv(pair[0], text, sizeof(text), got, &count), -EAGAIN);
	fd_close(pair[1]);
	pair[1] = -1;
	assert_int_equal(fd_recv(pair[0], text, sizeof(text), got, &count), 0);
	assert_int_equal(count, 0);
}

/* Files: each test in a folder of its own, found empty again. */
static char folder[64], path[128];

static int folder_make(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/moat-unit-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int folder_remove(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder); /* fails the test where a temporary file was left */
}

static void read_small_files(void **state)
{
	cleanup(buf_fini) struct buf data = BUF_INIT;

	(void)state;
	buf_str(&data, "before");
	assert_int_equal(file_read("/nowhere/at/all", 10, &data), -ENOENT);
	assert_int_equal(file_read(folder, 10, &data), -EISDIR);
	assert_int_equal(file_read("/dev/zero", 10, &data), -EINVAL);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_read(path, 10, &data), -EINVAL); /* and does not wait */
	assert_int_equal(unlink(path), 0);
	assert_string_equal(buf_cstr(&data), "before");
	assert_int_equal(file_write_atomic(path, "0123456789", 10, 0600, false, NULL), 0);
	assert_int_equal(file_read(path, 9, &data), -E2BIG);
	assert_string_equal(buf_cstr(&data), "before");
	assert_int_equal(file_read(path, 10, &data), 0);
	assert_string_equal(buf_cstr(&data), "0123456789");
	assert_int_equal(file_write_atomic(path, "", 0, 0600, false, NULL), 0);
	assert_int_equal(file_read(path, 0, &data), 0);
	assert_int_equal(data.size, 0);
	assert_int_equal(file_read("/proc/self/status", 1 << 16, &data), 0);
	assert_non_null(strstr(buf_cstr(&data), "Pid:"));
}

/* Beneath a folder that is open; written by write(2) alone. */
static void read_and_write_by_descriptors(void **state)
{
	cleanup(buf_fini) struct buf data = BUF_INIT;
	cleanup(fd_closep) int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *name = strrchr(path, '/') + 1;
	cleanup(fd_closep) int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fd_write_file(fd, "01234", 5), 0);
	assert_int_equal(fd_write_file(fd, "56789", 5), 0);
	assert_int_equal(file_read_at(at, name, 9, &data), -E2BIG);
	assert_int_equal(file_read_at(at, name, 10, &data), 0);
	assert_string_equal(buf_cstr(&data), "0123456789");
	assert_int_equal(file_read_at(at, "nowhere", 10, &data), -ENOENT);
	assert_int_equal(fd_write_file(-1, "x", 1), -EBADF);
}

static void read_many_chunks(void **state)
{
	enum { SIZE = 50000 };
	cleanup(buf_fini) struct buf data = BUF_INIT;
	cleanup(mem_freep) char *text = mem_alloc(SIZE);

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		text[i] = (char)(i * 7 >> 4);
	assert_int_equal(file_write_atomic(path, text, SIZE, 0600, true, NULL), 0);
	assert_int_equal(file_read(path, SIZE - 1, &data), -E2BIG);
	assert_int_equal(file_read(path, SIZE, &data), 0);
	assert_int_equal(data.size, SIZE);
	assert_memory_equal(data.data, text, SIZE);
}

static void write_replaces(void **state)
{
	cleanup(buf_fini) struct buf data = BUF_INIT;
	struct stat first, second;
	mode_t old = umask(077);

	(void)state;
	assert_int_equal(file_write_atomic(path, "one", 3, 0644, true, NULL), 0);
	assert_int_equal(stat(path, &first), 0);
	assert_int_equal(first.st_mode & 07777, 0644); /* the umask has no say */
	assert_int_equal(file_write_atomic(path, "second", 6, 0600, false, NULL), 0);
	umask(old);
	assert_int_equal(stat(path, &second), 0);
	assert_int_equal(second.st_mode & 07777, 0600);
	assert_true(first.st_ino != second.st_ino); /* a new file, never a half old one */
	assert_int_equal(file_read(path, 100, &data), 0);
	assert_string_equal(buf_cstr(&data), "second");
}

static void write_fails_clean(void **state)
{
	struct err err = ERR_INIT;
	struct rlimit old, low;
	char inside[160];

	(void)state;
	assert_int_equal(file_write_atomic("/nowhere/at/all", "x", 1, 0600, false, &err),
			 -ENOENT);
	assert_int_equal(err.kind, ERR_IO);
	assert_string_equal(err.object, "/nowhere/at/all");
	/* a folder is in the place: the rename fails, the temporary file is gone */
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(file_write_atomic(path, "x", 1, 0600, false, &err), -EISDIR);
	snprintf(inside, sizeof(inside), "%s/file", folder);
	assert_int_equal(rmdir(inside), 0);
	/* the disk is full, as it were: the old content stays */
	assert_int_equal(file_write_atomic(path, "old", 3, 0600, false, NULL), 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	low = old;
	low.rlim_cur = 4;
	setrlimit(RLIMIT_FSIZE, &low);
	assert_int_equal(file_write_atomic(path, "much longer", 11, 0600, false, &err), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_DFL);
	{
		cleanup(buf_fini) struct buf data = BUF_INIT;

		assert_int_equal(file_read(path, 100, &data), 0);
		assert_string_equal(buf_cstr(&data), "old");
	}
}

static void write_in_the_current_folder(void **state)
{
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(file_write_atomic("file", "x", 1, 0600, true, NULL), 0);
	assert_int_equal(fchdir(here), 0);
	fd_close(here);
	assert_int_equal(access(path, F_OK), 0);
}

#define pair_test(f) cmocka_unit_test_setup_teardown(f, pair_open, pair_close)
#define file_test(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags),      pair_test(whole_transfers),
		pair_test(end_and_errors),    cmocka_unit_test(write_to_a_pipe),
		pair_test(pass_descriptors),
		pair_test(send_once),  pair_test(send_refuses),
		pair_test(receive_too_many),  pair_test(receive_without_room),
		pair_test(receive_end),       file_test(read_small_files),
		file_test(read_and_write_by_descriptors),
		file_test(read_many_chunks),  file_test(write_replaces),
		file_test(write_fails_clean), file_test(write_in_the_current_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
