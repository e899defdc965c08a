/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ports - reserved and busy ports of the host; see ports.h. Floor F4. */
#include "netd/hand/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

enum { RESERVED_FILE_MAX = 1 << 20 };

int ports_init(struct ports *ports, struct err *err)
{
	*ports = (struct ports){.diag = -1};
	return sockdiag_open(&ports->diag, err);
}

void ports_fini(struct ports *ports)
{
	ports_forget(ports);
	free(ports->reserved);
	fd_close(ports->diag);
}

static int proto_parse(const char *word, uint8_t *ret_proto)
{
	if (str_eq(word, "tcp"))
		*ret_proto = IPPROTO_TCP;
	else if (str_eq(word, "udp"))
		*ret_proto = IPPROTO_UDP;
	else if (str_eq(word, "sctp"))
		*ret_proto = IPPROTO_SCTP;
	else
		return -EINVAL;
	return 0;
}

/* "22/tcp"; @line is changed. */
static int line_parse(char *line, struct port_reserved *ret_port)
{
	char *slash = strchr(line, '/');
	uint64_t port;
	int r;

	if (slash == NULL)
		return -EINVAL;
	*slash = '\0';
	r = proto_parse(slash + 1, &ret_port->proto);
	if (r == 0)
		r = str_u64(line, UINT16_MAX, &port);
	if (r < 0 || port == 0)
		return -EINVAL;
	ret_port->port = (uint16_t)port;
	return 0;
}

int ports_reserve(struct ports *ports, const char *text, struct err *err)
{
	cleanup(mem_freep) char *copy = mem_strdup(text);
	unsigned number = 0;

	for (char *line = copy, *next; line != NULL; line = next) {
		struct port_reserved port;
		size_t size;

		number++;
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		line[strcspn(line, "#")] = '\0';
		line += strspn(line, " \t\r");
		size = strcspn(line, " \t\r");
		if (size == 0)
			continue;
		if (line[size + strspn(line + size, " \t\r")] != '\0')
			return err_set(err, ERR_USAGE, EINVAL, NULL,
				       "line %u: one PORT/PROTOCOL a line", number);
		line[size] = '\0';
		if (line_parse(line, &port) < 0 || ports->reserved_count == PORTS_RESERVED_MAX)
			return err_set(err, ERR_USAGE, EINVAL, NULL,
				       "line %u: not of the form 22/tcp", number);
		ports->reserved =
			mem_grow(ports->reserved, ports->reserved_count + 1, sizeof(port));
		ports->reserved[ports->reserved_count++] = port;
	}
	return 0;
}

int ports_reserve_file(struct ports *ports, const char *path, struct err *err)
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
	r = file_read(path, RESERVED_FILE_MAX, &text);
	if (r < 0)
		return err_sys(err, ERR_IO, -r, path, "cannot read %s", path);
	r = ports_reserve(ports, buf_cstr(&text), err);
	return r < 0 ? err_wrap(err, "%s", path) : 0;
}

bool ports_reserved(const struct ports *ports, uint8_t proto, uint16_t port)
{
	for (size_t i = 0; i < ports->reserved_count; i++) {
		if (ports->reserved[i].port == port && ports->reserved[i].proto == proto)
			return true;
	}
	return false;
}

int ports_busy(struct ports *ports, const struct obj_elem *elem, uint8_t family)
{
	bool udp = elem->proto == IPPROTO_UDP;
	const struct sockdiag_local *items;
	int count;

	if (!udp && elem->proto != IPPROTO_TCP)
		return 0; /* nothing of the host serves SCTP that we could ask for */
	if (udp ? !ports->udp.known : !ports->tcp.known) {
		struct sockdiag_local *fresh = NULL;

		count = sockdiag_list(ports->diag, elem->proto, &fresh, NULL);
		if (count < 0)
			return count;
		if (udp) {
			ports->udp.items = fresh;
			ports->udp.count = count;
			ports->udp.known = true;
		} else {
			ports->tcp.items = fresh;
			ports->tcp.count = count;
			ports->tcp.known = true;
		}
	}
	items = udp ? ports->udp.items : ports->tcp.items;
	count = udp ? ports->udp.count : ports->tcp.count;
	for (int i = 0; i < count; i++) {
		if (sockdiag_conflicts(&items[i], family, &elem->ip, elem->port))
			return 1;
	}
	return 0;
}

void ports_forget(struct ports *ports)
{
	free(ports->tcp.items);
	free(ports->udp.items);
	ports->tcp.items = ports->udp.items = NULL;
	ports->tcp.known = ports->udp.known = false;
}
