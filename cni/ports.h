/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ports - runtimeConfig.portMappings: many mappings into few ranges. Floor F5. Pure. */
#ifndef MOAT_CNI_PORTS_H
#define MOAT_CNI_PORTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

/**
 * struct cni_ports - what was taken out of a configuration
 * @specs: as `moat publish` has them, NULL-terminated, in the arena
 * @text, @size: the configuration with an empty array in place of the mappings
 */
struct cni_ports {
	const char *const *specs;
	const char *text;
	size_t size;
};

/**
 * cni_ports_take() - take the mappings out of a configuration's text before it is parsed
 *
 * Takes what runtimes write, and leaves all else to cni_ports_decode(): whoever is given both gets the same (the fuzz
 * target compares). It judges nothing but the array; that what is left is JSON, and so was the whole, says the parser.
 * Cost: one pass, and no allocation a mapping.
 * Return: true, or false: nothing was taken.
 */
bool cni_ports_take(const char *text, size_t size, struct arena *arena, struct cni_ports *ret_ports);

/** cni_ports_decode() - the array itself. Return: CNI_OK, or the code of a mapping that cannot be. */
int cni_ports_decode(const json_t *ports, struct arena *arena, const char *const **ret_specs, struct err *err);

#endif
