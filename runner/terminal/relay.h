/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay - carries standard streams between a container's pipes and the
 * caller's, so that no descriptor of the caller's (a terminal least of all)
 * gets inside. Floor F4. Waits for room before it reads: a slow reader slows
 * the writer, not us.
 */
#ifndef MOAT_RUNNER_TERMINAL_RELAY_H
#define MOAT_RUNNER_TERMINAL_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "runner/state/logfile.h"

enum {
	RELAY_READ = 65536, /* what a pipe holds, at once */
	RELAY_WRITE = 4096, /* PIPE_BUF: so much a pipe that polls writable takes */
	RELAY_POLLFDS = 3,
};

/**
 * struct relay_stream - one direction
 * @from, @to: owned; -1 closed. With @to -1 what is read goes to the log alone.
 * @number: 0, 1, 2 as seen inside
 * @lasting: it outlives its reader: of a terminal, which others may take
 */
struct relay_stream {
	int from, to;
	int number;
	bool lasting;
	char data[RELAY_READ];
	size_t off, len; /* yet to be written: @len bytes from @off */
};

/** struct relay - the three streams; @log may be NULL; @peer: keeps a terminal from ending while nobody has it open */
struct relay {
	struct relay_stream streams[3];
	struct logfile *log;
	int peer;
	bool ending;
};
#define RELAY_INIT                                                                             \
	((struct relay){.streams = {{.from = -1, .to = -1},                                    \
				    {.from = -1, .to = -1, .number = 1},                       \
				    {.from = -1, .to = -1, .number = 2}},                      \
			.peer = -1})

/**
 * relay_init() - make the pipes
 * @caller: the caller's ends, taken; caller[0] -1: standard input is /dev/null
 * @ret_inside: the container's ends, the caller's to close after the fork; -1 where none
 */
int relay_init(struct relay *relay, const int caller[3], struct logfile *log,
	       int ret_inside[3]);
void relay_fini(struct relay *relay); /* may be used again afterwards */

/**
 * relay_init_tty() - one stream, of a terminal: what comes out of it, to @to (taken; -1: to the log alone)
 * relay_tty() - its @master, taken, as soon as there is one
 * relay_take() - @to (taken) reads it from now on; who did before sees the end
 */
void relay_init_tty(struct relay *relay, int to, struct logfile *log);
void relay_tty(struct relay *relay, int master);
void relay_take(struct relay *relay, int to);

/** relay_pollfds() - fills @fds. Return: how many. */
size_t relay_pollfds(const struct relay *relay, struct pollfd fds[RELAY_POLLFDS]);
/** relay_handle() - after poll(2), with the same array */
void relay_handle(struct relay *relay, const struct pollfd *fds, size_t count);
/** relay_input_close() - nobody reads standard input any more */
void relay_input_close(struct relay *relay);
/**
 * relay_ending() - the container has ended: what its pipes hold is still carried, but nobody waits for their end,
 * which somebody far away might hold open
 */
void relay_ending(struct relay *relay);
/** relay_forget_caller() - the caller is gone: what comes goes to the log alone */
void relay_forget_caller(struct relay *relay);
/** relay_busy() - is an output stream still open, or unwritten? */
bool relay_busy(const struct relay *relay);

#endif
