/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log - lines on stderr. Floor F0, for programs only. The settings below are the one mutable
 * global of the floor: main() writes them once, before anything else runs.
 */
#include "lib/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fdio.h"

enum { LOG_LINE_SIZE = 2048 }; /* longer lines are cut */

static struct {
	const char *program;
	enum log_level level;
	int systemd;
} settings = {.program = "moat", .level = LOG_LEVEL_INFO};

static void line_write(enum log_level level, const char *text, const char *object,
		       const char *msg);
static const char *level_word(enum log_level level);

void log_init(const char *program, enum log_level level, int systemd)
{
	settings.program = program;
	settings.level = level;
	settings.systemd = systemd;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	char text[LOG_LINE_SIZE];
	va_list ap;

	if (level > settings.level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	line_write(level, text, "", "");
}

void log_failure(const struct err *err, const char *fmt, ...)
{
	char text[LOG_LINE_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	line_write(LOG_LEVEL_ERROR, text, err->object, err->msg);
}

/* One write(2) a line, so that the lines of several processes do not mix. Keeps errno. */
static void line_write(enum log_level level, const char *text, const char *object,
		       const char *msg)
{
	char head[16] = "", line[LOG_LINE_SIZE];
	int saved = errno;
	size_t len;

	if (settings.systemd)
		snprintf(head, sizeof(head), "<%d>", (int)level);
	snprintf(line, sizeof(line) - 1, "%s%s: %s%s%s%s%s%s", head, settings.program,
		 settings.systemd ? "" : level_word(level), text, *object ? ": " : "", object,
		 *msg ? ": " : "", msg);
	len = strlen(line);
	for (size_t i = 0; i < len; i++) /* bytes of UTF-8 may pass, controls may not */
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	(void)fd_write_all(STDERR_FILENO, line, len);
	errno = saved;
}

static const char *level_word(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error: ";
	case LOG_LEVEL_WARN:
		return "warning: ";
	case LOG_LEVEL_INFO:
	case LOG_LEVEL_DEBUG:
		break;
	}
	return "";
}
