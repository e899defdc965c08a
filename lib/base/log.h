/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log - one line a message on stderr, with the program's name; programs log, libraries never. Floor F0. */
#ifndef MOAT_BASE_LOG_H
#define MOAT_BASE_LOG_H

#include "lib/base/err.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/** log_init() - once, in main(). With @systemd the lines bear "<N>" as sd-daemon(3) describes. */
void log_init(const char *program, enum log_level level, int systemd);
void log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_failure(const struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...) log_msg(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_msg(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_msg(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_msg(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
