/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fields - what each kind of object is made of, as rows of a table. Floor F1,
 * private to lib/obj. Comparison, validity, printer and parser all walk the
 * same rows, so that they cannot disagree on what an object holds.
 */
#ifndef MOAT_OBJ_FIELDS_H
#define MOAT_OBJ_FIELDS_H

#include "lib/obj/obj.h"

enum field_type {
	FIELD_NAME,   /* char[OBJ_IFNAME_SIZE]: interface name */
	FIELD_TEXT,   /* char[OBJ_ALIAS_SIZE]: quoted in text */
	FIELD_MAC,    /* struct mac, unicast */
	FIELD_IP,     /* struct ip, unicast */
	FIELD_PREFIX, /* struct prefix */
	FIELD_NUMBER, /* uint8_t, uint16_t, uint32_t, int32_t or uint64_t by size, decimal */
	FIELD_ENUM,   /* uint8_t or uint16_t by size, a word */
	FIELD_PEER,   /* obj_link.peer_ns and .peer_name, as NS/NAME */
};

enum field_flag {
	FIELD_KEY = 1 << 0,      /* part of what makes the object itself */
	FIELD_OPTIONAL = 1 << 1, /* all zero means absent; else it must be given */
};

/**
 * struct field - one row
 * @name: in text, before the '='
 * @type: enum field_type
 * @flags: enum field_flag
 * @elem: the enum elem_field bit it is in an element, else 0
 * @offset, @size: place in struct obj
 * @word: of FIELD_ENUM: the word of a value, NULL for a value that is none
 */
struct field {
	const char *name;
	uint8_t type;
	uint8_t flags;
	uint16_t elem;
	uint16_t offset, size;
	const char *(*word)(unsigned value);
};

/** fields_of() - rows of @kind in key and text order, ended by a NULL name; NULL for an unknown kind */
const struct field *fields_of(unsigned kind);

/** field_number() - value of a FIELD_NUMBER or FIELD_ENUM, widened */
int64_t field_number(const struct obj *obj, const struct field *field);
/** field_put() - the inverse; what does not fit is refused. Return: whether it did fit. */
bool field_put(struct obj *obj, const struct field *field, int64_t value);
/** field_present() - is any byte of it not zero? */
bool field_present(const struct obj *obj, const struct field *field);

/* Words, NULL for a value that has none. */
const char *set_word(unsigned set); /* "guard.mac_ok": sets.c */
const char *ruleset_word(unsigned kind);
const char *sysctl_word(unsigned key); /* the path with '*' for the device: sysctl.c */

/** struct sysctl_def - @pattern: below /proc/sys, '*' stands for the device; @max: values are 0..@max */
struct sysctl_def {
	const char *pattern;
	int32_t max;
};
const struct sysctl_def *sysctl_def_get(unsigned key); /* NULL for a number that is none */
bool sysctl_is_per_device(const struct sysctl_def *def);

/** name_valid() - an interface name the kernel takes as it is, zero-padded to OBJ_IFNAME_SIZE */
bool name_valid(const char name[OBJ_IFNAME_SIZE]);
bool ns_valid(uint64_t ns);

#endif
