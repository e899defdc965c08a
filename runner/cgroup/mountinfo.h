/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mountinfo - a line of /proc/self/mountinfo (proc_pid_mountinfo(5)). Floor F4. */
#ifndef MOAT_RUNNER_CGROUP_MOUNTINFO_H
#define MOAT_RUNNER_CGROUP_MOUNTINFO_H

#include <stdbool.h>

/** struct mount_line - "31 23 0:28 / /sys/fs/resctrl rw,relatime shared:4 - resctrl resctrl rw". @options: the file system's own */
struct mount_line {
	char *root, *point, *type, *options;
	unsigned int major, minor;
};

/** mount_line_parse() - @line is cut in pieces, which @ret_mount points into. Return: whether it is one. */
bool mount_line_parse(char *line, struct mount_line *ret_mount);
/** mount_line_visible() - is it what is seen at @point, in our mount namespace and not below another mount? */
bool mount_line_visible(const char *point, unsigned int major, unsigned int minor);

#endif
