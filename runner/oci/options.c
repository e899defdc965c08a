// SPDX-License-Identifier: GPL-2.0-or-later
/* options - reading options by a table, as Go's programs take them. Floor F4. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/oci/cli.h"

static const struct oci_option *option_find(const struct oci_option *options, const char *word,
					    const char **ret_value);
static int option_set(const struct oci_option *option, const char *value, void *values,
		      struct err *err);

/* "--name value", "--name=value", "-n value", and "-name" for "--name". "--" ends them. */
int oci_options_parse(const struct oci_option *options, char **argv, void *values, struct err *err)
{
	int i = 1;

	for (; argv[i] && argv[i][0] == '-' && argv[i][1]; i++) {
		const struct oci_option *option;
		const char *value = NULL;
		bool flag;
		int rc;

		if (str_eq(argv[i], "--"))
			return i + 1;
		option = option_find(options, argv[i], &value);
		if (!option)
			return err_set(err, ERR_USAGE, EINVAL, argv[i], "no such option of %s",
				       argv[0]);
		flag = option->kind == OCI_OPTION_FLAG || option->kind == OCI_OPTION_IGNORED_FLAG;
		if (!flag && !value) {
			value = argv[++i];
			if (!value)
				return err_set(err, ERR_USAGE, EINVAL, argv[i - 1],
					       "the option needs a value");
		}
		rc = option_set(option, value, values, err);
		if (rc < 0)
			return rc;
	}
	return i;
}

int oci_signal_parse(const char *text, struct err *err)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint64_t number;

	if (str_u64(text, NSIG - 1, &number) == 0)
		return (int)number;
	for (int i = 1; i < NSIG; i++)
		if (sigabbrev_np(i) && strcasecmp(sigabbrev_np(i), name) == 0)
			return i;
	if (strncasecmp(name, "RTMIN", 5) == 0 || strncasecmp(name, "RTMAX", 5) == 0) {
		bool least = name[4] == 'N' || name[4] == 'n';
		int base = least ? SIGRTMIN : SIGRTMAX, sign = least ? 1 : -1;

		if (!name[5])
			return base;
		if (name[5] == (sign > 0 ? '+' : '-') &&
		    str_u64(name + 6, (uint64_t)(SIGRTMAX - SIGRTMIN), &number) == 0)
			return base + sign * (int)number;
	}
	return err_set(err, ERR_USAGE, EINVAL, text, "unknown signal");
}

int oci_preserve_count(const char *text, unsigned int *ret_count, struct err *err)
{
	const char *listen_fds = getenv("LISTEN_FDS");
	uint64_t count = 0, more = 0;

	if (text && str_u64(text, 65536, &count) < 0)
		return err_set(err, ERR_USAGE, EINVAL, text, "--preserve-fds is a number");
	if (listen_fds && str_u64(listen_fds, 65536, &more) < 0)
		more = 0;
	*ret_count = (unsigned int)(count + more);
	return 0;
}

int oci_usage(struct err *err, const char *text)
{
	return err_set(err, ERR_USAGE, EINVAL, NULL, "usage: moat-runtime %s", text);
}

/* ----------------------------------------------------------------- helpers */

static const struct oci_option *option_find(const struct oci_option *options, const char *word,
					    const char **ret_value)
{
	const char *name = word + (word[1] == '-' ? 2 : 1);
	size_t len = strcspn(name, "=");

	*ret_value = name[len] ? name + len + 1 : NULL;
	for (; options->name; options++)
		if ((strlen(options->name) == len && strncmp(options->name, name, len) == 0) ||
		    (len == 1 && word[1] != '-' && options->letter == name[0]))
			return options;
	return NULL;
}

static int option_set(const struct oci_option *option, const char *value, void *values,
		      struct err *err)
{
	void *place = (char *)values + option->offset;
	struct oci_list *list = place;

	switch (option->kind) {
	case OCI_OPTION_FLAG:
		if (value && !str_eq(value, "true") && !str_eq(value, "false"))
			return err_set(err, ERR_USAGE, EINVAL, option->name,
				       "must be true or false, not \"%s\"", value);
		memcpy(place, &(bool){!value || str_eq(value, "true")}, sizeof(bool));
		return 0;
	case OCI_OPTION_STRING:
		memcpy(place, &value, sizeof(value));
		return 0;
	case OCI_OPTION_LIST:
		list->items = mem_grow(list->items, list->count + 2, sizeof(*list->items));
		list->items[list->count++] = value;
		list->items[list->count] = NULL;
		return 0;
	case OCI_OPTION_IGNORED:
	case OCI_OPTION_IGNORED_FLAG:
		return 0;
	}
	return 0;
}
