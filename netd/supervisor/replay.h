/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay - deletions that the CNI plugin noted while nobody answered. Floor F4. */
#ifndef MOAT_NETD_SUPERVISOR_REPLAY_H
#define MOAT_NETD_SUPERVISOR_REPLAY_H

/**
 * replay_start() - where STATE/cni holds some, start the program that carries them out; nobody waits for it
 * @libexec: where that is
 */
void replay_start(const char *libexec, const char *runtime_dir, const char *state_dir);

#endif
