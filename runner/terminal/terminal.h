/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terminal - the caller's side of a container's terminal: what is typed goes
 * in, what comes out is shown, the size follows, and our own terminal is as it
 * was afterwards. Floor F4.
 */
#ifndef MOAT_RUNNER_TERMINAL_H
#define MOAT_RUNNER_TERMINAL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include "lib/base/err.h"
#include "runner/spec/spec.h"

enum {
	TERMINAL_CHUNK = 4096, /* PIPE_BUF: so much a pipe that polls writable takes */
	TERMINAL_POLLFDS = 4,
};

/** struct terminal_way - bytes on their way: @len of them from @off */
struct terminal_way {
	char data[TERMINAL_CHUNK];
	size_t off, len;
};

/**
 * struct terminal - between our standard streams and a pty inside
 * @master: of the pty: what is typed, and the size, go there; -1: not yet known. Owned.
 * @output: what comes out of it is read here: a pipe, or @master itself. Owned, unless it is.
 * @input: our standard input is typed into it
 * @keys: ctrl-p ctrl-q let go of it
 * @raw: ours is in raw mode; @before: what it was in
 * @guard: a process that mends ours should we be killed; it reads the other end of @guard_pipe
 */
struct terminal {
	int master, output;
	bool input, keys, raw, held;
	struct termios before;
	pid_t guard;
	int guard_pipe;
	struct terminal_way in, out;
};
#define TERMINAL_INIT ((struct terminal){.master = -1, .output = -1, .guard_pipe = -1})

/** terminal_check() - may standard input be typed in? Return: 0; -ENOTTY when it is no terminal. */
int terminal_check(bool input, struct err *err);

/** terminal_size() - of ours; 0, 0 where we have none */
struct spec_size terminal_size(void);

/** terminal_start() - the pty is there: raw mode, where @input says so, until terminal_fini(). @master: taken. */
int terminal_start(struct terminal *terminal, int master, struct err *err);

/** terminal_redraw() - the size as it is, told so that programs inside draw again */
void terminal_redraw(struct terminal *terminal);

/** terminal_fini() - all that has come out is shown, our terminal as it was, descriptors closed */
void terminal_fini(struct terminal *terminal);

void terminal_pollfds(const struct terminal *terminal, struct pollfd fds[TERMINAL_POLLFDS]);
/** terminal_handle() - after poll(2), with the same array. Return: false when the detach keys were typed. */
bool terminal_handle(struct terminal *terminal, const struct pollfd fds[TERMINAL_POLLFDS]);

/** terminal_signal() - one that we got. Return: true where it was meant for our terminal alone. */
bool terminal_signal(struct terminal *terminal, int signal_number);

#endif
