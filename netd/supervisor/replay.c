/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay - see replay.h. Floor F4. The journal is cni/journal.c's, in a folder of root's alone, so that the engine
 * cannot read it, and the supervisor should not: it looks whether there is something, and a program of the plugin's does the rest.
 */
#include "netd/supervisor/replay.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "netd/supervisor/spawn.h"

static bool waits(const char *state_dir)
{
	cleanup(mem_freep) char *path = mem_printf("%s/cni", state_dir);
	const struct dirent *entry;
	bool found = false;
	DIR *list = opendir(path);

	while (list && !found && (entry = readdir(list)))
		found = entry->d_name[0] != '.';
	if (list)
		closedir(list);
	return found;
}

void replay_start(const char *libexec, const char *runtime_dir, const char *state_dir)
{
	cleanup(mem_freep) char *path = mem_printf("%s/moatd-replay", libexec);
	cleanup(mem_freep) char *socket = mem_printf("%s/moatd.sock", runtime_dir);
	const char *argv[] = { "moatd-replay", socket, state_dir, NULL };
	struct spawn spawn = { .path = path, .argv = (char *const *)(uintptr_t)argv };
	struct err err = ERR_INIT;
	pid_t pid;

	if (waits(state_dir) && spawn_start(&spawn, &pid, &err) < 0)
		log_failure(&err, "deletions of CNI wait for the plugin's next call");
}
