/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ports - reserved, allowed and busy ports of the host; see ports.h. Floor F4. */
#include "netd/hand/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

enum { PORTS_FILE_MAX = 1 << 20 };

static const struct {
	uint8_t proto;
	const char *word;
} protos[PORTS_PROTOS] = {
	{IPPROTO_TCP, "tcp"},
	{IPPROTO_UDP, "udp"},
	{IPPROTO_SCTP, "sctp"},
};

/* Return: the place of @proto in tables, PORTS_PROTOS for one that has no ports. */
static size_t proto_index(uint8_t proto)
{
	size_t i = 0;

	while (i < PORTS_PROTOS && protos[i].proto != proto)
		i++;
	return i;
}

static void portset_add(struct portset *set, uint16_t first, uint16_t last)
{
	for (unsigned port = first; port <= last; port++)
		set->bits[port / 8] |= (uint8_t)(1U << port % 8);
}

/* The lowest of @first..@last in it, 0 for none (port 0 is nobody's). */
static uint16_t portset_find(const struct portset *set, uint16_t first, uint16_t last)
{
	for (unsigned port = first; port <= last; port++) {
		if (set->bits[port / 8] == 0)
			port |= 7; /* none of these eight */
		else if (set->bits[port / 8] & 1U << port % 8)
			return (uint16_t)port;
	}
	return 0;
}

int ports_init(struct ports *ports, struct err *err)
{
	*ports = (struct ports){.diag = -1};
	return sockdiag_open(&ports->diag, err);
}

void ports_fini(struct ports *ports)
{
	ports_forget(ports);
	free(ports->allowed);
	fd_close(ports->diag);
}

/* ---- files ---- */

static int proto_parse(const char *word, uint8_t *ret_proto)
{
	for (size_t i = 0; i < PORTS_PROTOS; i++) {
		if (str_eq(word, protos[i].word)) {
			*ret_proto = protos[i].proto;
			return 0;
		}
	}
	return -EINVAL;
}

static int number_parse(const char *s, uint16_t *ret_port)
{
	uint64_t port;

	if (str_u64(s, UINT16_MAX, &port) < 0 || port == 0)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

/* "22/tcp", "8000-8099/udp"; without a protocol @proto is left as it is. @s is changed. */
static int range_parse(char *s, uint8_t *proto, uint16_t *ret_first, uint16_t *ret_last)
{
	char *slash = strchr(s, '/'), *dash;

	if (slash != NULL) {
		*slash = '\0';
		if (proto_parse(slash + 1, proto) < 0)
			return -EINVAL;
	}
	dash = strchr(s, '-');
	if (dash != NULL)
		*dash++ = '\0';
	if (number_parse(s, ret_first) < 0 || number_parse(dash != NULL ? dash : s, ret_last) < 0 ||
	    *ret_last < *ret_first)
		return -EINVAL;
	return 0;
}

/* The next word of a line, NULL at its end; *@rest is moved on. */
static char *word_next(char **rest)
{
	char *word = *rest + strspn(*rest, " \t\r");
	size_t size = strcspn(word, " \t\r");

	if (size == 0)
		return NULL;
	*rest = word + size;
	if (**rest != '\0')
		*(*rest)++ = '\0';
	return word;
}

typedef int (*line_fn)(struct ports *ports, char *line);

/* Every line of a file but empty ones and comments. @form: how a line looks, for messages. */
static int lines_parse(struct ports *ports, const char *text, line_fn fn, const char *form, struct err *err)
{
	cleanup(mem_freep) char *copy = mem_strdup(text);
	unsigned number = 0;

	for (char *line = copy, *next; line != NULL; line = next) {
		number++;
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		line[strcspn(line, "#")] = '\0';
		if (line[strspn(line, " \t\r")] != '\0' && fn(ports, line) < 0)
			return err_set(err, ERR_USAGE, EINVAL, NULL, "line %u: not of the form %s", number, form);
	}
	return 0;
}

static int file_parse(struct ports *ports, const char *path,
		      int (*fn)(struct ports *ports, const char *text, struct err *err), struct err *err)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return errno == ENOENT
			       ? 0
			       : err_sys(err, ERR_IO, errno, path, "cannot read %s", path);
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err, ERR_PERMISSION, EPERM, path,
			       "%s must belong to root and be writable by root alone", path);
	r = file_read(path, PORTS_FILE_MAX, &text);
	if (r < 0)
		return err_sys(err, ERR_IO, -r, path, "cannot read %s", path);
	r = fn(ports, buf_cstr(&text), err);
	return r < 0 ? err_wrap(err, "%s", path) : 0;
}

static int reserve_line(struct ports *ports, char *line)
{
	char *word = word_next(&line);
	uint16_t first, last;
	uint8_t proto = 0;

	if (word_next(&line) != NULL || range_parse(word, &proto, &first, &last) < 0 || proto == 0)
		return -EINVAL;
	portset_add(&ports->reserved[proto_index(proto)], first, last);
	return 0;
}

int ports_reserve(struct ports *ports, const char *text, struct err *err)
{
	return lines_parse(ports, text, reserve_line, "22/tcp or 8000-8099/udp", err);
}

int ports_reserve_file(struct ports *ports, const char *path, struct err *err)
{
	return file_parse(ports, path, ports_reserve, err);
}

/* Of /etc/passwd alone: what getpwnam(3) may load besides has no place in this process. Others are named by uid. */
static int uid_of(const char *user, uint32_t *ret_uid)
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *passwd = NULL;

	while (file != NULL && (passwd = fgetpwent(file)) != NULL && !str_eq(passwd->pw_name, user))
		;
	if (passwd != NULL)
		*ret_uid = passwd->pw_uid;
	if (file != NULL)
		fclose(file);
	return passwd != NULL ? 0 : -ENOENT;
}

static int allow_line(struct ports *ports, char *line)
{
	const char *user = word_next(&line);
	char *range = word_next(&line);
	struct port_allowance allowance = {0};
	uint64_t uid;

	if (range == NULL || word_next(&line) != NULL || ports->allowed_count == PORTS_ALLOWED_MAX ||
	    range_parse(range, &allowance.proto, &allowance.first, &allowance.last) < 0)
		return -EINVAL;
	if (str_eq(user, "*")) {
		allowance.everybody = true;
	} else if (str_u64(user, UINT32_MAX - 1, &uid) == 0) {
		allowance.uid = (uint32_t)uid;
	} else if (uid_of(user, &allowance.uid) < 0) {
		return -EINVAL;
	}
	ports->allowed = mem_grow(ports->allowed, ports->allowed_count + 1, sizeof(allowance));
	ports->allowed[ports->allowed_count++] = allowance;
	return 0;
}

int ports_allow(struct ports *ports, const char *text, struct err *err)
{
	ports->limited = true;
	return lines_parse(ports, text, allow_line, "USER 30000-30999[/tcp], USER a name of /etc/passwd, a uid or *", err);
}

int ports_allow_file(struct ports *ports, const char *path, struct err *err)
{
	return file_parse(ports, path, ports_allow, err);
}

/* ---- answers ---- */

uint16_t ports_reserved(const struct ports *ports, uint8_t proto, uint16_t first, uint16_t last)
{
	size_t i = proto_index(proto);

	return i < PORTS_PROTOS ? portset_find(&ports->reserved[i], first, last) : 0;
}

/* Lines may share a range between them: from @first on, what one of them allows is taken off until nothing is left. */
bool ports_allowed(const struct ports *ports, uint32_t uid, uint8_t proto, uint16_t first, uint16_t last)
{
	unsigned next = first;
	bool moved = true;

	if (uid == 0 || !ports->limited)
		return true;
	while (moved && next <= last) {
		moved = false;
		for (size_t i = 0; i < ports->allowed_count; i++) {
			const struct port_allowance *a = &ports->allowed[i];

			if ((!a->everybody && a->uid != uid) || (a->proto != 0 && a->proto != proto) ||
			    next < a->first || next > a->last)
				continue;
			next = a->last + 1U;
			moved = true;
		}
	}
	return next > last;
}

/* Sockets of @sockets' protocol, asked for once until ports_forget(). A kernel without that protocol has none. */
static int sockets_know(struct ports *ports, struct port_sockets *sockets, uint8_t proto)
{
	int count;

	if (sockets->known)
		return 0;
	count = sockdiag_list(ports->diag, proto, &sockets->items, NULL);
	if (count == -ENOENT)
		count = 0;
	if (count < 0)
		return count;
	sockets->count = count;
	sockets->known = true;
	for (int i = 0; i < count; i++)
		portset_add(&sockets->held, sockets->items[i].port, sockets->items[i].port);
	return 0;
}

void ports_look(struct ports *ports, uint8_t proto)
{
	size_t index = proto_index(proto);

	if (index < PORTS_PROTOS)
		(void)sockets_know(ports, &ports->sockets[index], proto);
}

int ports_busy(struct ports *ports, const struct obj_elem *elem, uint8_t family)
{
	uint16_t last = elem->last != 0 ? elem->last : elem->port;
	size_t index = proto_index(elem->proto);
	struct port_sockets *sockets;
	int lowest = 0, r;

	if (index == PORTS_PROTOS)
		return 0;
	sockets = &ports->sockets[index];
	r = sockets_know(ports, sockets, elem->proto);
	if (r < 0)
		return r;
	if (portset_find(&sockets->held, elem->port, last) == 0)
		return 0;
	for (int i = 0; i < sockets->count; i++) {
		uint16_t port = sockets->items[i].port;

		if (port >= elem->port && port <= last && (lowest == 0 || port < lowest) &&
		    sockdiag_conflicts(&sockets->items[i], family, &elem->ip, port))
			lowest = port;
	}
	return lowest;
}

void ports_forget(struct ports *ports)
{
	for (size_t i = 0; i < PORTS_PROTOS; i++) {
		struct port_sockets *sockets = &ports->sockets[i];

		for (int j = 0; sockets->known && j < sockets->count; j++)
			sockets->held.bits[sockets->items[j].port / 8] = 0; /* and its neighbours, which go, too */
		free(sockets->items);
		sockets->items = NULL;
		sockets->known = false;
	}
}
