/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mountinfo - see mountinfo.h. Floor F4. */
#include "runner/cgroup/mountinfo.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

bool mount_line_parse(char *line, struct mount_line *ret_mount)
{
	char *fields[5], *rest = strstr(line, " - ");

	if (!rest)
		return false;
	*rest = '\0';
	rest += 3;
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		fields[i] = strsep(&line, " ");
	ret_mount->root = fields[3];
	ret_mount->point = fields[4];
	ret_mount->type = strsep(&rest, " ");
	(void)strsep(&rest, " ");
	ret_mount->options = rest;
	if (!fields[4] || !rest ||
	    sscanf(fields[2], "%u:%u", &ret_mount->major, &ret_mount->minor) != 2)
		return false;
	str_unoctal(ret_mount->root);
	str_unoctal(ret_mount->point);
	return ret_mount->point[0] == '/';
}

bool mount_line_visible(const char *point, unsigned int major, unsigned int minor)
{
	struct stat st;

	return stat(point, &st) == 0 && st.st_dev == makedev(major, minor);
}
