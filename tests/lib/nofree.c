/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nofree - loaded before a program (LD_PRELOAD) that uses what it has given back: it keeps all. For nft 1.0.6 alone, which prints the
 * one flag of a table from memory that it has just freed (src/json.c, table_print_json()), and, as its heap lies, dies of that.
 */
void free(void *p);
void free(void *p) { (void)p; }
