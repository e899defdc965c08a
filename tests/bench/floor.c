/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor - what the kernel itself costs: the same kernel objects as Moat makes, by the same kernel calls, and nothing
 * around them: no daemon, no check, no store, no undo, no answer to anybody. The benchmarks compare Moat to it.
 *
 * It is as fast as we know how: sockets into host and router stand open, messages go in the largest batches that the
 * kernel's own order allows, only the last of a batch is acknowledged, what can be prepared before is not timed. It
 * reads commands from standard input and answers each with one line of nanoseconds; it exits when a call fails.
 *
 *   world            a router with one bridge network 10.66.0.0/16 fd66::/64 (not timed), in a host of its own
 *   routed           the same with a routed network
 *   ports N STRIDE   so many are published by each endpoint from here on, those of the next begin STRIDE behind; 1 and 1 at first
 *   attach N PATH    the N-th endpoint with its published ports into the namespace at PATH
 *   detach N         two figures: until it is cut off; until its link is gone, too
 *   pair             two processes that make and undo endpoints for us (floor_pair.c)
 *   pass N [PATH]    attach by them; detach, where there is no PATH
 *   drop N COUNT     two figures: COUNT links from the N-th on deleted as one group; with putting them into it
 *   dump FILE        two figures: reading all that stands in the namespaces of FILE; its bytes
 *   lab FILE         what the plan in FILE adds; unlab: take it away
 *   spawn CMD...     fork, exec, wait; the second figure is the status
 *   cost CMD...      the same; the second figure is nanoseconds of processor time, of it and of what it waited for; must succeed
 *   peak CMD...      the same; the first figure is bytes: the largest resident set of it and of what it waited for
 *
 * It is not a part of Moat, and the one way to learn what an attach must cost.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/floor.h"

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("floor: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Words of a line, in place. Return: their number. */
static size_t split(char *line, char **words, size_t max)
{
	size_t count = 0;
	char *save = NULL;

	for (char *word = strtok_r(line, " \n", &save); word && count + 1 < max; word = strtok_r(NULL, " \n", &save))
		words[count++] = word;
	words[count] = NULL;
	return count;
}

/* Nothing of ours but the standard descriptors goes into the child: what is open is O_CLOEXEC. */
static uint64_t spawn(char **argv, int *ret_status, struct rusage *ret_usage)
{
	uint64_t start = now_ns();
	pid_t pid = fork();
	int status, null;

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (wait4(pid, &status, 0, ret_usage) != pid)
		die("wait4: %s", strerror(errno));
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return now_ns() - start;
}

static unsigned number(const char *word)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);

	if (*end || n < 1 || n > 30000)
		die("bad number %s", word);
	return (unsigned)n;
}

static uint64_t processor_ns(const struct rusage *usage)
{
	return ((uint64_t)usage->ru_utime.tv_sec + (uint64_t)usage->ru_stime.tv_sec) * 1000000000 +
	       ((uint64_t)usage->ru_utime.tv_usec + (uint64_t)usage->ru_stime.tv_usec) * 1000;
}

static void answer(uint64_t a, uint64_t b)
{
	printf("%llu %llu\n", (unsigned long long)a, (unsigned long long)b);
	fflush(stdout);
}

static void command(struct world *w, char **words, size_t count)
{
	uint64_t all = 0, spent;
	struct rusage usage;
	int status = 0;

	if (count == 1 && strcmp(words[0], "world") == 0) {
		world_make(w, false);
		answer(0, 0);
	} else if (count == 1 && strcmp(words[0], "routed") == 0) {
		world_make(w, true);
		answer(0, 0);
	} else if (count == 2 && strcmp(words[0], "dump") == 0) {
		spent = dump(w->home, &w->roots, words[1], &all);
		answer(spent, all);
	} else if (count == 3 && strcmp(words[0], "ports") == 0) {
		w->ports = number(words[1]);
		w->stride = number(words[2]);
		answer(0, 0);
	} else if (count == 3 && strcmp(words[0], "attach") == 0) {
		spent = attach(w, number(words[1]), words[2]);
		answer(spent, 0);
	} else if (count == 2 && strcmp(words[0], "detach") == 0) {
		spent = detach(w, number(words[1]), &all);
		answer(spent, all);
	} else if (count == 1 && strcmp(words[0], "pair") == 0) {
		pair_make(w);
		answer(0, 0);
	} else if ((count == 2 || count == 3) && strcmp(words[0], "pass") == 0) {
		answer(pair_ask(w, number(words[1]), words[2]), 0);
	} else if (count == 3 && strcmp(words[0], "drop") == 0) {
		spent = drop(w, number(words[1]), number(words[2]), &all);
		answer(spent, all);
	} else if (count == 2 && strcmp(words[0], "lab") == 0) {
		answer(lab_up(words[1]), 0);
	} else if (count == 1 && strcmp(words[0], "unlab") == 0) {
		lab_down();
		answer(0, 0);
	} else if (count >= 2 && strcmp(words[0], "spawn") == 0) {
		spent = spawn(words + 1, &status, &usage);
		answer(spent, (uint64_t)status);
	} else if (count >= 2 && strcmp(words[0], "cost") == 0) {
		spent = spawn(words + 1, &status, &usage);
		if (status)
			die("%s: status %d", words[1], status);
		answer(spent, processor_ns(&usage));
	} else if (count >= 2 && strcmp(words[0], "peak") == 0) {
		(void)spawn(words + 1, &status, &usage);
		answer((uint64_t)usage.ru_maxrss * 1024, (uint64_t)status);
	} else {
		die("not understood: %s", count ? words[0] : "an empty line");
	}
}

int main(void)
{
	static struct world w;
	char line[4096], *words[64];

	while (fgets(line, sizeof(line), stdin))
		command(&w, words, split(line, words, sizeof(words) / sizeof(words[0])));
	return 0;
}
