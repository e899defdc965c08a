/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnsrec - records between engine and moatd-dns; see dnsrec.h. Floor F4. */
#include "netd/seam/dnsrec.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"

_Static_assert(sizeof(struct dnsrec) == 336, "a record of the channel");

#define ID48_MAX ((UINT64_C(1) << 48) - 1)

/* What a verb may carry; all else must be zero. */
enum field {
	F_NUMBER = 1 << 0,
	F_TENANT = 1 << 1,
	F_NETWORK = 1 << 2,
	F_HOST = 1 << 3,
	F_NAME = 1 << 4,
	F_LENS = 1 << 5,
	F_LINK = 1 << 6,
	F_PORT = 1 << 7,
	F_TARGET = 1 << 8, /* one address, IPv6 */
};

/* @ips: the most addresses; @flags: the largest value. */
static const struct form {
	bool known, from_engine;
	uint16_t fields;
	uint8_t ips, fds_least, fds_most;
	uint16_t flags;
} forms[DNSREC_VERB_COUNT] = {
	[DNSREC_BEGIN] = { true, true, F_NUMBER, 0, 0, 0, 0 },
	[DNSREC_END] = { true, true, 0, 0, 0, 0, 0 },
	[DNSREC_SERVERS] = { true, true, 0, DNSREC_SERVERS_MAX, 0, 0, 0 },
	[DNSREC_OUTLETS] = { true, true, 0, 0, 1, FDIO_FDS_MAX, DNSREC_OUTLET_COUNT - 1 },
	[DNSREC_ROUTER] = { true, true, F_TENANT, 0, 2, 2, 0 },
	[DNSREC_NETWORK] = { true, true, F_TENANT | F_NETWORK | F_NAME | F_LENS, DNSREC_PREFIXES_MAX, 0, 0, DNSREC_FLAGS },
	[DNSREC_NETWORK_GONE] = { true, true, F_TENANT | F_NETWORK, 0, 0, 0, 0 },
	[DNSREC_HOST] = { true, true, F_TENANT | F_NETWORK | F_HOST | F_NAME | F_LINK, DNSREC_IPS_MAX, 0, 0, 0 },
	[DNSREC_ALIAS] = { true, true, F_TENANT | F_HOST | F_NAME, 0, 0, 0, 0 },
	[DNSREC_HOST_GONE] = { true, true, F_TENANT | F_HOST, 0, 0, 0, 0 },
	[DNSREC_CLOSE] = { true, true, F_TENANT, 0, 0, 0, 0 },
	[DNSREC_HELLO] = { true, false, F_NUMBER, 0, 0, 0, 0 },
	[DNSREC_CLOSED] = { true, false, F_TENANT, 0, 0, 0, 0 },
	[DNSREC_LISTEN] = { true, true, F_TENANT | F_PORT | F_TARGET, 1, 1, 1, 0 },
	[DNSREC_UNLISTEN] = { true, true, F_TENANT | F_PORT, 0, 0, 0, 0 },
	[DNSREC_WANT] = { true, false, 0, 0, 0, 0, DNSREC_OUTLET_COUNT - 1 },
};

static bool id_ok(uint64_t id, bool used) { return used ? id != 0 && id <= ID48_MAX : id == 0; }

static bool all_zero(const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Not empty, ended within the field, nothing behind the end. */
static bool name_ok(const char *name, bool used)
{
	size_t len = strnlen(name, DNSREC_NAME_SIZE);

	return (len > 0) == used && len < DNSREC_NAME_SIZE && all_zero(name + len, DNSREC_NAME_SIZE - len);
}

static bool ips_ok(const struct dnsrec *rec, const struct form *form)
{
	if (rec->count > form->ips)
		return false;
	for (size_t i = 0; i < DNSREC_IPS_MAX; i++) {
		const struct ip *ip = &rec->ip[i];

		if (i >= rec->count ? !all_zero(ip, sizeof(*ip)) : ip_size(ip) == 0)
			return false;
		if (ip->family == 4 && !all_zero(ip->b + 4, sizeof(ip->b) - 4))
			return false;
	}
	for (size_t i = 0; i < DNSREC_PREFIXES_MAX; i++) {
		bool used = (form->fields & F_LENS) != 0 && i < rec->count;

		if (used ? rec->len[i] > ip_bits(&rec->ip[i]) : rec->len[i] != 0)
			return false;
	}
	return true;
}

static bool port_ok(const struct dnsrec *rec, bool used)
{
	if (!used)
		return rec->port == 0 && rec->proto == 0;
	return rec->port != 0 && (rec->proto == IPPROTO_TCP || rec->proto == IPPROTO_UDP);
}

bool dnsrec_valid(const struct dnsrec *rec, bool from_engine, size_t fd_count)
{
	const struct form *form;

	if (rec->magic != DNSREC_MAGIC || rec->verb >= DNSREC_VERB_COUNT)
		return false;
	form = &forms[rec->verb];
	if (!form->known || form->from_engine != from_engine || fd_count < form->fds_least || fd_count > form->fds_most ||
	    rec->flags > form->flags)
		return false;
	if ((form->fields & F_LINK) == 0 ? !all_zero(&rec->link, sizeof(rec->link))
					 : rec->link.family != 6 || !ip_is_linklocal(&rec->link))
		return false;
	if ((form->fields & F_TARGET) != 0 && (rec->count != 1 || rec->ip[0].family != 6))
		return false;
	return port_ok(rec, (form->fields & F_PORT) != 0) && ((form->fields & F_NUMBER) != 0 || rec->number == 0) && id_ok(rec->tenant, form->fields & F_TENANT) &&
	       id_ok(rec->network, form->fields & F_NETWORK) && id_ok(rec->host, form->fields & F_HOST) &&
	       name_ok(rec->name, form->fields & F_NAME) && ips_ok(rec, form) && all_zero(rec->zero, sizeof(rec->zero));
}

int dnsrec_send(int sock, const struct dnsrec *recs, size_t count, const int *fds, size_t fd_count)
{
	ssize_t n = count > DNSREC_BATCH ? -E2BIG : fd_send_once(sock, recs, count * sizeof(*recs), fds, fd_count);

	return n < 0 ? (int)n : 0;
}

int dnsrec_recv(int sock, bool from_engine, struct dnsrec *ret_recs, int *ret_fds, size_t *ret_fd_count)
{
	uint8_t room[DNSREC_BATCH * sizeof(*ret_recs) + 1];
	size_t fd_count = 0, count;
	ssize_t n;
	bool ok;

	do {
		n = fd_recv(sock, room, sizeof(room), ret_fds, &fd_count);
	} while (n == -EINTR);
	*ret_fd_count = 0;
	if (n <= 0)
		return (int)n;
	count = (size_t)n / sizeof(*ret_recs);
	ok = (size_t)n % sizeof(*ret_recs) == 0 && count <= DNSREC_BATCH && (fd_count == 0 || count == 1);
	if (ok)
		memcpy(ret_recs, room, (size_t)n);
	for (size_t i = 0; ok && i < count; i++)
		ok = dnsrec_valid(&ret_recs[i], from_engine, fd_count);
	if (!ok) {
		for (size_t i = 0; i < fd_count; i++)
			fd_close(ret_fds[i]);
		return -EPROTO;
	}
	*ret_fd_count = fd_count;
	return (int)count;
}
