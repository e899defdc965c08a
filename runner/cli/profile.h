/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * profile - --security-opt seccomp=FILE: a profile as docker and podman have
 * them, to a compiled filter in the specification. Floor F5. Compiled once,
 * when it is named: what becomes of the file later changes nothing.
 */
#ifndef MOAT_RUNNER_CLI_PROFILE_H
#define MOAT_RUNNER_CLI_PROFILE_H

#include "runner/spec/spec.h"

enum { PROFILE_SIZE_MAX = 1 << 20 };

/** profile_take() - compile the file @path for @spec, whose capabilities are known by now. Return: 0; -errno with why. */
int profile_take(const char *path, struct spec *spec, struct arena *arena, struct err *err);

#endif
