// SPDX-License-Identifier: GPL-2.0-or-later
/* terminal - the caller's side of a container's terminal. Floor F4. */
#include "runner/terminal/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"

enum { CTRL_P = 0x10, CTRL_Q = 0x11 };
enum { POLL_TYPED, POLL_MASTER, POLL_OUTPUT, POLL_SHOWN };

static int raw_set(struct terminal *terminal);
static void raw_unset(struct terminal *terminal);
static int guard_start(struct terminal *terminal);
static void guard_run(const struct termios *before, int pipe_end) __attribute__((noreturn));
static bool typed(struct terminal *terminal);
static bool keys_sort(struct terminal *terminal, const char *data, size_t size);
static void way_write(struct terminal_way *way, int fd);
static bool output_read(struct terminal *terminal);
static void size_set(const struct terminal *terminal, unsigned short more);

int terminal_check(bool input, struct err *err)
{
	if (!input || isatty(STDIN_FILENO))
		return 0;
	return err_set(err, ERR_USAGE, ENOTTY, NULL,
		       "standard input is no terminal");
}

struct spec_size terminal_size(void)
{
	struct winsize size = {0};

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return (struct spec_size){.rows = size.ws_row, .columns = size.ws_col};
}

int terminal_start(struct terminal *terminal, int master, struct err *err)
{
	int rc = 0;

	if (terminal->master >= 0 && terminal->master != terminal->output)
		fd_close(terminal->master);
	terminal->master = master;
	/* It may have changed since it was told. */
	size_set(terminal, 0);
	if (terminal->input && !terminal->raw) {
		rc = guard_start(terminal);
		if (rc == 0)
			rc = raw_set(terminal);
	}
	return rc < 0 ? err_sys(err, ERR_KERNEL, -rc, NULL, "raw mode of the terminal") : 0;
}

void terminal_redraw(struct terminal *terminal)
{
	/* SIGWINCH is sent only where the size changes. */
	size_set(terminal, 1);
	size_set(terminal, 0);
}

void terminal_fini(struct terminal *terminal)
{
	struct pollfd ready = {.fd = terminal->output, .events = POLLIN};

	/* Whoever wrote it is done; what is on its way is all there is. */
	if (terminal->out.len > 0)
		(void)fd_write_all(STDOUT_FILENO, terminal->out.data + terminal->out.off,
				   terminal->out.len);
	while (terminal->output >= 0 && poll(&ready, 1, 0) == 1 && output_read(terminal))
		if (fd_write_all(STDOUT_FILENO, terminal->out.data, terminal->out.len) < 0)
			break;
	if (terminal->guard > 0) {
		/* First: it must not put back later what somebody else has set by then. */
		(void)kill(terminal->guard, SIGKILL);
		while (waitpid(terminal->guard, NULL, 0) < 0 && errno == EINTR)
			;
	}
	raw_unset(terminal);
	fd_close(terminal->guard_pipe);
	if (terminal->output != terminal->master)
		fd_close(terminal->output);
	fd_close(terminal->master);
	*terminal = TERMINAL_INIT;
}

void terminal_pollfds(const struct terminal *terminal, struct pollfd fds[TERMINAL_POLLFDS])
{
	bool in = terminal->in.len > 0, out = terminal->out.len > 0;

	for (int i = 0; i < TERMINAL_POLLFDS; i++)
		fds[i] = (struct pollfd){.fd = -1};
	if (terminal->input && terminal->master >= 0 && !in)
		fds[POLL_TYPED] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	if (in)
		fds[POLL_MASTER] = (struct pollfd){.fd = terminal->master, .events = POLLOUT};
	if (!out)
		fds[POLL_OUTPUT] = (struct pollfd){.fd = terminal->output, .events = POLLIN};
	else
		fds[POLL_SHOWN] = (struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT};
}

bool terminal_handle(struct terminal *terminal, const struct pollfd fds[TERMINAL_POLLFDS])
{
	bool go_on = true;

	if (fds[POLL_TYPED].fd >= 0 && fds[POLL_TYPED].revents)
		go_on = typed(terminal);
	if (fds[POLL_MASTER].fd >= 0 && fds[POLL_MASTER].revents)
		way_write(&terminal->in, terminal->master);
	if (fds[POLL_SHOWN].fd >= 0 && fds[POLL_SHOWN].revents)
		way_write(&terminal->out, STDOUT_FILENO);
	if (fds[POLL_OUTPUT].fd >= 0 && fds[POLL_OUTPUT].revents && !output_read(terminal)) {
		/* Its end. Why, we shall be told elsewhere. */
		if (terminal->output != terminal->master)
			fd_close(terminal->output);
		terminal->output = -1;
	}
	return go_on;
}

bool terminal_signal(struct terminal *terminal, int signal_number)
{
	switch (signal_number) {
	case SIGWINCH:
		size_set(terminal, 0);
		return true;
	case SIGTSTP:
		/* In raw mode ctrl-z goes inside: this one was sent by somebody who means us. */
		if (terminal->raw)
			(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->before);
		(void)kill(getpid(), SIGSTOP);
		return true;
	case SIGCONT:
		if (terminal->raw)
			(void)raw_set(terminal);
		size_set(terminal, 0);
		return true;
	default:
		return false;
	}
}

/* ----------------------------------------------------------------- helpers */

static int raw_set(struct terminal *terminal)
{
	struct termios raw = terminal->before;

	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
		return -errno;
	terminal->raw = true;
	return 0;
}

static void raw_unset(struct terminal *terminal)
{
	if (terminal->raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->before);
	terminal->raw = false;
}

/* Nobody can catch SIGKILL, but a child can see the end of a pipe. */
static int guard_start(struct terminal *terminal)
{
	sigset_t all, mask;
	int ends[2];

	if (tcgetattr(STDIN_FILENO, &terminal->before) < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	/* Whatever ends us must not end it, from its first instruction on. */
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &mask);
	terminal->guard = fork();
	if (terminal->guard == 0) {
		(void)close(ends[1]);
		guard_run(&terminal->before, ends[0]);
	}
	if (terminal->guard > 0)
		(void)setpgid(terminal->guard, terminal->guard);
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	fd_close(ends[0]);
	terminal->guard_pipe = ends[1];
	return terminal->guard < 0 ? -EAGAIN : 0;
}

/*
 * All signals are blocked, and it is in a group of its own, so that what ends us spares it; a background group may set
 * modes where it blocks SIGTTOU.
 */
static void guard_run(const struct termios *before, int pipe_end)
{
	char byte;

	(void)setpgid(0, 0);
	(void)prctl(PR_SET_NAME, "moat-guard");
	if (dup2(pipe_end, 3) < 0)
		_exit(1);
	(void)close(STDOUT_FILENO);
	(void)close(STDERR_FILENO);
	(void)close_range(4, ~0U, 0);
	while (read(3, &byte, 1) < 0 && errno == EINTR)
		;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, before);
	_exit(0);
}

/* Return: false when it was the detach keys. */
static bool typed(struct terminal *terminal)
{
	char data[TERMINAL_CHUNK - 1]; /* with a held ctrl-p it fits */
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0) {
		/* Hung up: the signal for that goes its own way. */
		terminal->input = false;
		return true;
	}
	return keys_sort(terminal, data, (size_t)n);
}

/* A ctrl-p is held back until the next key tells what it was. */
static bool keys_sort(struct terminal *terminal, const char *data, size_t size)
{
	struct terminal_way *in = &terminal->in;

	in->off = 0;
	for (size_t i = 0; i < size; i++) {
		if (terminal->held) {
			terminal->held = false;
			if (data[i] == CTRL_Q)
				return false;
			in->data[in->len++] = CTRL_P;
		}
		if (terminal->keys && data[i] == CTRL_P)
			terminal->held = true;
		else
			in->data[in->len++] = data[i];
	}
	return true;
}

static void way_write(struct terminal_way *way, int fd)
{
	ssize_t n = write(fd, way->data + way->off, way->len);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) { /* nobody takes it any more */
		way->len = 0;
		return;
	}
	way->off += (size_t)n;
	way->len -= (size_t)n;
}

/* Return: false at its end. */
static bool output_read(struct terminal *terminal)
{
	ssize_t n = read(terminal->output, terminal->out.data, sizeof(terminal->out.data));

	terminal->out.off = 0;
	terminal->out.len = n > 0 ? (size_t)n : 0;
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static void size_set(const struct terminal *terminal, unsigned short more)
{
	struct spec_size size = terminal_size();
	struct winsize winsize = {.ws_row = (unsigned short)(size.rows + more),
				  .ws_col = (unsigned short)size.columns};

	if (terminal->master >= 0 && size.rows > 0)
		(void)ioctl(terminal->master, TIOCSWINSZ, &winsize);
}
