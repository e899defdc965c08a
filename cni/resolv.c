/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolv - `ipam.resolvConf`, a file as resolv.conf(5) has it, for the result's dns. Floor F5. Where a delegate is asked it reads
 * that itself, and its result has what it found.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cni/conf.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

enum { FILE_MAX = 64 * 1024 };

static void line_take(char *line, json_t *dns);
static void words_add(json_t *dns, const char *key, char *rest, bool all);

int cni_resolv_read(const char *path, json_t **ret_dns, struct err *err)
{
	cleanup(mem_freep) char *text = NULL;
	cleanup(fd_closep) int fd = -1;
	char *rest, *line;
	ssize_t size = -1;
	struct stat st;

	/* looked at first: to open a device may do something */
	if (stat(path, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)) {
		err_set(err, ERR_USAGE, EINVAL, path, "ipam.resolvConf: %s is no file of at most %d bytes", path, FILE_MAX);
		return CNI_CONFIG;
	}
	text = mem_array(FILE_MAX + 1, 1);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	do
		size = fd < 0 ? -1 : read(fd, text, FILE_MAX);
	while (fd >= 0 && size < 0 && errno == EINTR);
	if (size < 0) {
		err_sys(err, ERR_IO, errno, path, "ipam.resolvConf: %s cannot be read", path);
		return CNI_IO;
	}
	text[size] = '\0';
	*ret_dns = json_object();
	for (rest = text; (line = strsep(&rest, "\n"));)
		line_take(line, *ret_dns);
	return CNI_OK;
}

/* What is no text of JSON's is passed over, as is what the resolver passes over. */
static void line_take(char *line, json_t *dns)
{
	char *word;

	line[strcspn(line, "#;")] = '\0';
	do
		word = strsep(&line, " \t\r");
	while (word && !*word);
	if (!word || !line)
		return;
	if (str_eq(word, "nameserver"))
		words_add(dns, "nameservers", line, false);
	else if (str_eq(word, "search") || str_eq(word, "options"))
		words_add(dns, word, line, true);
	else if (str_eq(word, "domain") && (line += strspn(line, " \t"), *line))
		json_object_set_new(dns, "domain", json_stringn(line, strcspn(line, " \t\r")));
}

/* The first word, or all, behind those that are there. */
static void words_add(json_t *dns, const char *key, char *rest, bool all)
{
	json_t *list = json_object_get(dns, key);
	char *word;

	while ((word = strsep(&rest, " \t\r"))) {
		if (!*word)
			continue;
		if (!list) {
			list = json_array();
			json_object_set_new(dns, key, list);
		}
		json_array_append_new(list, json_string(word));
		if (!all)
			return;
	}
}
