/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * refuse - see refuse.h. Floor F4. The answer is an error of varlink, whatever was asked: a client reads it before it hears
 * that the connection has ended, also where what it sent was never read.
 */
#include "netd/supervisor/refuse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/err.h"
#include "lib/base/fdio.h"

enum { TURN_MAX = 256 }; /* then signals and children have theirs */

/* No JSON library here (docs/layers.txt): nothing is left that would have to be quoted. */
static void text_clean(const char *src, char dst[REFUSE_REASON_SIZE])
{
	size_t i;

	for (i = 0; src[i] != '\0' && i + 1 < REFUSE_REASON_SIZE; i++) {
		dst[i] = src[i] < ' ' || src[i] > '~' || src[i] == '\\' ? '?' : src[i];
		if (dst[i] == '"')
			dst[i] = '\'';
	}
	dst[i] = '\0';
}

int refuse_waiting(int listen, const char *reason)
{
	char clean[REFUSE_REASON_SIZE], text[REFUSE_REASON_SIZE + 128];
	int size;

	text_clean(reason, clean);
	size = snprintf(text, sizeof(text), "{\"error\":\"%s\",\"parameters\":{\"message\":\"moatd is not ready: %s\",\"object\":\"\"}}",
			err_kind_name(ERR_UNAVAILABLE), clean);
	for (int left = TURN_MAX; left > 0; left--) {
		int fd = accept4(listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? 0 : -errno;
		/* with its NUL; a fresh socket has room for it */
		(void)!send(fd, text, (size_t)size + 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		fd_close(fd);
	}
	return 0;
}
