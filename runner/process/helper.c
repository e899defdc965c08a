// SPDX-License-Identifier: GPL-2.0-or-later
/* helper - our programs, found by where we lie ourselves. Floor F4. */
#include "runner/process/helper.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

char *helper_path(const char *name)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *origin = getenv(HELPER_ORIGIN);
	char *slash, *beside;

	if (len < 0)
		return mem_strdup(name);
	path[len] = '\0';
	/* A copy's path is "/", or of a memfd; anybody else's own path counts, whatever the environment says. */
	if (origin && (str_eq(path, "/") || str_starts(path, "/memfd:")) &&
	    str_copy(path, sizeof(path), origin) < 0)
		return mem_strdup(name);
	slash = strrchr(path, '/');
	if (!slash)
		return mem_strdup(name);
	*slash = '\0';
	beside = mem_printf("%s/%s", path, name);
	if (access(beside, X_OK) == 0)
		return beside;
	free(beside);
	return mem_printf("%s/../libexec/moat/%s", path, name);
}
