/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table - output of `moat`: aligned tables, cells, JSON documents. Floor F5. Bytes that a terminal
 * would obey never pass: some of the text was chosen by others.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/cli.h"

struct cli_table {
	size_t columns, rows;
	char **cells; /* row 0 holds the headers */
};

static bool colour_wanted(void);

struct cli_table *cli_table_new(const char *const *headers)
{
	struct cli_table *table = mem_alloc(sizeof(*table));

	while (headers[table->columns])
		table->columns++;
	cli_table_row(table, headers);
	return table;
}

void cli_table_row(struct cli_table *table, const char *const *cells)
{
	size_t count = table->rows * table->columns;

	table->cells = mem_grow(table->cells, count + table->columns, sizeof(*table->cells));
	for (size_t i = 0; i < table->columns; i++) {
		char *cell = mem_strdup(cells[i] && cells[i][0] ? cells[i] : "-");

		for (char *c = cell; *c; c++)
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				*c = '?';
		table->cells[count + i] = cell;
	}
	table->rows++;
}

void cli_table_print(struct cli_table *table)
{
	bool colour = colour_wanted();
	int *widths = mem_array(table->columns, sizeof(*widths));
	size_t count = table->rows * table->columns;

	for (size_t i = 0; i < count; i++)
		if ((int)strlen(table->cells[i]) > widths[i % table->columns])
			widths[i % table->columns] = (int)strlen(table->cells[i]);
	for (size_t i = 0; i < count; i++) {
		bool last = i % table->columns + 1 == table->columns;

		if (colour && i == 0)
			printf("\033[1m");
		printf("%-*s%s", last ? 0 : widths[i % table->columns], table->cells[i],
		       last ? "" : "  ");
		if (colour && i + 1 == table->columns)
			printf("\033[0m");
		if (last)
			printf("\n");
		free(table->cells[i]);
	}
	free(table->cells);
	free(widths);
	free(table);
}

void cli_print_json(const json_t *doc)
{
	cleanup(mem_freep) char *text = json_text(doc);

	printf("%s\n", text);
}

char *cli_cell(const json_t *value)
{
	struct buf text = BUF_INIT;
	const json_t *item;
	const char *key;
	size_t index;

	/* a switch over every kind of jansson: a new one shall not compile silently */
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		buf_str(&text, json_string_value(value));
		break;
	case JSON_INTEGER:
		buf_printf(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		buf_printf(&text, "%g", json_real_value(value));
		break;
	case JSON_TRUE:
		buf_str(&text, "yes");
		break;
	case JSON_FALSE:
		buf_str(&text, "no");
		break;
	case JSON_NULL:
		break;
	case JSON_ARRAY:
		json_array_foreach(value, index, item) {
			cleanup(mem_freep) char *cell = cli_cell(item);

			buf_printf(&text, "%s%s", index > 0 ? "," : "", cell);
		}
		break;
	case JSON_OBJECT:
		/* jansson's iterators take no const, but only json_object_iter_set() writes */
		json_object_foreach((json_t *)(uintptr_t)value, key, item) {
			cleanup(mem_freep) char *cell = cli_cell(item);

			if (!json_is_null(item))
				buf_printf(&text, "%s%s=%s", text.size > 0 ? "," : "", key,
					   cell);
		}
		break;
	}
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < ' ' || text.data[i] == 0x7f)
			text.data[i] = '?';
	if (text.size == 0)
		buf_str(&text, "-");
	return (char *)text.data;
}

/* Asked at the time of printing, for tables of every verb alike. */
static bool colour_wanted(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}
