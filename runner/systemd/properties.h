/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * properties - limits as files of cgroup v2 to properties of a unit of systemd's
 * (systemd.resource-control(5)), so that it keeps them when it writes a unit's
 * files anew (daemon-reload). Floor F4.
 */
#ifndef MOAT_RUNNER_SYSTEMD_PROPERTIES_H
#define MOAT_RUNNER_SYSTEMD_PROPERTIES_H

#include <systemd/sd-bus.h>

/**
 * property_append() - a file and its value as (sv), or as two of them; into an open array a(sv)
 * Files that systemd has no property for are left out: a scope with Delegate=yes has them as they were written.
 * Return: 0 or -errno; -EINVAL for what is no value of that file.
 */
int property_append(sd_bus_message *message, const char *file, const char *value);

#endif
