/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * security - from options to what a container may do, and the defaults. Floor
 * F4, pure. How it is enforced: filter/filter.h, privilege.h, landlock.h, mounts.h, namespaces.h.
 */
#ifndef MOAT_RUNNER_SPEC_SECURITY_H
#define MOAT_RUNNER_SPEC_SECURITY_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "runner/spec/spec.h"

/**
 * security_option_take() - one --security-opt, as docker and podman have them, and allow=GROUP[,GROUP]... of ours
 * seccomp=FILE is not taken here: it is for who has read the other options (runner/cli/profile.h).
 * Return: 0; -EINVAL for an unknown one; -ENOTSUP for one that this host, or Moat, has not.
 */
int security_option_take(const char *text, struct spec *spec, struct arena *arena,
			 struct err *err);

/** security_landlock_add() - one --landlock. Return: 0; -EINVAL. */
int security_landlock_add(const char *text, struct spec *spec, struct arena *arena,
			  struct err *err);

/** security_refused() - groups of system calls its programs may not make: enum filter_group, as a bit mask */
uint32_t security_refused(const struct spec *spec);

/** security_filter_make() - of the container's programs: the default's, or the one it was given. As filter_make(). */
int security_filter_make(const struct spec *spec, struct sock_fprog *program, struct err *err);

/**
 * security_scopes() - Landlock scopes of its programs
 * @command: of the container's own; else of one that was started beside it by `exec`, which is in no domain with those
 * and must reach them
 */
unsigned int security_scopes(const struct spec *spec, bool command);

/** security_seals() - are further user namespaces forbidden inside? */
bool security_seals(const struct spec *spec);

/** security_unmasked() - was the default cover of @path, absolute, taken off? */
bool security_unmasked(const struct spec *spec, const char *path);

#endif
