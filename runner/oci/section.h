/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * section - linux.seccomp of a configuration as it is written, without decoding it. Floor F4. A profile of an engine's is four
 * fifths of its configuration; one that was compiled before is known by its bytes. Pure.
 *
 * All else of the document is decoded with null in its place. That is a document, and the section is a value, exactly where
 * the whole is a document; and a section is only known once it was decoded as a part of one.
 */
#ifndef MOAT_RUNNER_OCI_SECTION_H
#define MOAT_RUNNER_OCI_SECTION_H

#include <jansson.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

/** struct oci_section - within the text of a configuration; size 0: none was put aside */
struct oci_section {
	const char *text;
	size_t size;
};

/**
 * oci_section_parse() - a configuration to a document, as oci_json_parse(), but for the section
 * @text: stays as it is where something is put aside, and as long as *ret_section is used
 * @ret_section: none where there is no object of that name, where it may have a listener (whose socket must be had early),
 * or where the rest is no document: then all of it is in the document, or the error says what is wrong with it
 */
int oci_section_parse(struct buf *text, struct oci_section *ret_section, json_t **ret_doc, struct err *err);

/** oci_section_decode() - the section itself: a new reference. As strict, and as deep, as if it were in its place. */
int oci_section_decode(const struct oci_section *section, json_t **ret_doc, struct err *err);

#endif
