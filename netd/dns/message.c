/* SPDX-License-Identifier: GPL-2.0-or-later */
/* message - DNS messages by ldns; see message.h. Floor F4, pure. */
#include "netd/dns/message.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <string.h>

#include "lib/base/mem.h"

enum {
	FLAG_QR = 0x8000,
	FLAG_OPCODE = 0x7800,
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_RA = 0x0080,
	FLAG_CD = 0x0010,
	CODE_MASK = 0x000f,
	NAME_POINTER = 0xc00c, /* to the question's name */
	OPT_SIZE = 11,
	LABEL_MAX = 63,
	ADDITIONAL_MAX = 8,  /* records we look at for OPT */
	RECORDS_MAX = 1024,  /* records we look at for addresses */
};

static uint16_t get16(const uint8_t *p) { return ldns_read_uint16(p); }

static void rdf_freep(ldns_rdf **rdf) { ldns_rdf_deep_free(*rdf); }

/* A name on the wire as folded text. Return: is all that it says in the text? */
static bool name_text(const ldns_rdf *rdf, char dst[NAMES_TEXT_SIZE], unsigned *ret_labels)
{
	const uint8_t *data = ldns_rdf_data(rdf);
	bool plain = true;
	size_t at = 0;

	*ret_labels = 0;
	for (size_t i = 0; data[i]; i += (size_t)data[i] + 1) {
		if (at)
			dst[at++] = '.';
		++*ret_labels;
		for (size_t j = 1; j <= data[i]; j++) {
			char c = (char)data[i + j];

			if (c >= 'A' && c <= 'Z')
				c = (char)(c + ('a' - 'A'));
			plain = plain && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_');
			dst[at++] = c;
		}
	}
	dst[at] = '\0';
	return plain;
}

/* Behind the name at *@pos, wherever pointers lead. Return: false where it is broken. */
static bool name_skip(const uint8_t *data, size_t size, size_t *pos)
{
	ldns_rdf *rdf cleanup(rdf_freep) = NULL;

	return ldns_wire2dname(&rdf, data, size, pos) == LDNS_STATUS_OK;
}

/* The OPT record (RFC 6891, 6.1.2) of a query with nothing but that and the like behind its question. */
static void find_edns(const uint8_t *data, size_t size, struct question *question)
{
	size_t pos = question->size;
	unsigned count = LDNS_ARCOUNT(data);

	if (LDNS_ANCOUNT(data) || LDNS_NSCOUNT(data))
		return;
	for (unsigned i = 0; i < count && i < ADDITIONAL_MAX; i++) {
		bool root = pos < size && data[pos] == 0;

		if (!name_skip(data, size, &pos) || size - pos < 10)
			return;
		if (root && get16(data + pos) == LDNS_RR_TYPE_OPT) {
			question->edns = get16(data + pos + 2);
			if (question->edns < MESSAGE_UDP_SIZE)
				question->edns = MESSAGE_UDP_SIZE;
			question->version = data[pos + 5];
			return;
		}
		pos += 10 + (size_t)get16(data + pos + 8);
		if (pos > size)
			return;
	}
}

int message_parse(const uint8_t *data, size_t size, struct question *ret_question)
{
	struct question question = { 0 };
	ldns_rdf *name cleanup(rdf_freep) = NULL;
	size_t pos = MESSAGE_HEAD_SIZE;

	if (size < MESSAGE_HEAD_SIZE || LDNS_QR_WIRE(data))
		return -EBADMSG;
	if (LDNS_OPCODE_WIRE(data) != LDNS_PACKET_QUERY)
		return MESSAGE_NOTIMP;
	if (LDNS_QDCOUNT(data) != 1 || ldns_wire2dname(&name, data, size, &pos) != LDNS_STATUS_OK)
		return MESSAGE_FORMERR;
	/* of one piece: a pointer in a question is nobody's, and could not be compared */
	if (pos - MESSAGE_HEAD_SIZE != ldns_rdf_size(name) || size - pos < 4)
		return MESSAGE_FORMERR;
	question.id = LDNS_ID_WIRE(data);
	question.recurse = LDNS_RD_WIRE(data) != 0;
	question.type = get16(data + pos);
	question.class = get16(data + pos + 2);
	question.size = pos + 4;
	question.plain = name_text(name, question.name, &question.labels);
	find_edns(data, size, &question);
	*ret_question = question;
	return 0;
}

bool message_is_address(const struct question *question, int *ret_families)
{
	if (question->class != LDNS_RR_CLASS_IN)
		return false;
	if (question->type != LDNS_RR_TYPE_A && question->type != LDNS_RR_TYPE_AAAA && question->type != LDNS_RR_TYPE_ANY)
		return false;
	*ret_families = question->type == LDNS_RR_TYPE_A ? 4 : question->type == LDNS_RR_TYPE_AAAA ? 6 : 10;
	return true;
}

bool message_is_reverse(const struct question *question)
{
	return question->class == LDNS_RR_CLASS_IN &&
	       (question->type == LDNS_RR_TYPE_PTR || question->type == LDNS_RR_TYPE_ANY);
}

bool message_is_zone(const struct question *question)
{
	return question->type == LDNS_RR_TYPE_NS || question->type == LDNS_RR_TYPE_SOA || question->type == LDNS_RR_TYPE_DS ||
	       question->type == LDNS_RR_TYPE_DNSKEY;
}

size_t message_limit(const struct question *question)
{
	if (question->edns == 0)
		return MESSAGE_UDP_SIZE;
	return question->edns < MESSAGE_EDNS_SIZE ? question->edns : MESSAGE_EDNS_SIZE;
}

/* -------------------------------------------------------------------- answers */

/* Everything of a record but its data. */
static void put_head(ldns_buffer *out, uint16_t type, size_t size)
{
	ldns_buffer_write_u16(out, NAME_POINTER);
	ldns_buffer_write_u16(out, type);
	ldns_buffer_write_u16(out, LDNS_RR_CLASS_IN);
	ldns_buffer_write_u32(out, MESSAGE_TTL);
	ldns_buffer_write_u16(out, (uint16_t)size);
}

static bool put_address(ldns_buffer *out, size_t limit, const struct ip *ip)
{
	size_t size = ip_size(ip);

	if (ldns_buffer_position(out) + 12 + size > limit)
		return false;
	put_head(out, ip->family == 4 ? LDNS_RR_TYPE_A : LDNS_RR_TYPE_AAAA, size);
	ldns_buffer_write(out, ip->b, size);
	return true;
}

/* "w1.web" as labels; false where one is too long for DNS, or there is no room. */
static bool put_name(ldns_buffer *out, size_t limit, const char *name)
{
	size_t len = strlen(name);

	if (len + 2 > 255 || ldns_buffer_position(out) + 12 + len + 2 > limit)
		return false;
	put_head(out, LDNS_RR_TYPE_PTR, len + 2);
	for (const char *label = name; label; label = strchr(label, '.') ? strchr(label, '.') + 1 : NULL) {
		size_t n = strcspn(label, ".");

		if (n == 0 || n > LABEL_MAX)
			return false;
		ldns_buffer_write_u8(out, (uint8_t)n);
		ldns_buffer_write(out, label, n);
	}
	ldns_buffer_write_u8(out, 0);
	return true;
}

static uint16_t put_answers(ldns_buffer *out, size_t limit, const struct names_answer *answer, bool *ret_cut)
{
	uint16_t count = 0;

	if (!answer || answer->count == 0)
		return 0;
	if (answer->name[0]) {
		size_t before = ldns_buffer_position(out);

		if (put_name(out, limit, answer->name))
			return 1;
		ldns_buffer_set_position(out, before);
		return 0;
	}
	for (size_t i = 0; i < answer->count && !*ret_cut; i++) {
		if (put_address(out, limit, &answer->ip[i]))
			count++;
		else
			*ret_cut = true;
	}
	return count;
}

static void put_opt(ldns_buffer *out, enum message_code code)
{
	ldns_buffer_write_u8(out, 0);
	ldns_buffer_write_u16(out, LDNS_RR_TYPE_OPT);
	ldns_buffer_write_u16(out, MESSAGE_EDNS_SIZE);
	ldns_buffer_write_u8(out, (uint8_t)((unsigned)code >> 4));
	ldns_buffer_write_u8(out, 0);
	ldns_buffer_write_u16(out, 0);
	ldns_buffer_write_u16(out, 0);
}

size_t message_answer(const uint8_t *query, const struct question *question, enum message_code code,
		      const struct names_answer *answer, size_t limit, uint8_t *ret_data)
{
	uint16_t flags = (uint16_t)(FLAG_QR | (get16(query + 2) & (FLAG_RD | FLAG_CD)) | FLAG_RA | ((unsigned)code & CODE_MASK));
	size_t opt = question->edns ? OPT_SIZE : 0;
	bool cut = false;
	uint16_t count;
	/* on the caller's memory: ldns_buffer_new_frm_data() would copy it */
	ldns_buffer out = { ._data = ret_data, ._limit = limit, ._capacity = limit, ._fixed = 1, ._status = LDNS_STATUS_OK };

	ldns_buffer_write(&out, query, question->size);
	count = put_answers(&out, limit - opt, answer, &cut);
	if (opt)
		put_opt(&out, code);
	if (code == MESSAGE_OK || code == MESSAGE_NXDOMAIN)
		flags |= FLAG_AA;
	if (cut)
		flags |= FLAG_TC;
	ldns_write_uint16(ret_data + 2, flags);
	ldns_write_uint16(ret_data + 6, count);
	ldns_write_uint16(ret_data + 8, 0);
	ldns_write_uint16(ret_data + 10, opt ? 1 : 0);
	return ldns_buffer_position(&out);
}

size_t message_error(const uint8_t *query, enum message_code code, uint8_t *ret_data)
{
	memset(ret_data, 0, MESSAGE_HEAD_SIZE);
	memcpy(ret_data, query, 2);
	ldns_write_uint16(ret_data + 2, (uint16_t)(FLAG_QR | (get16(query + 2) & (FLAG_OPCODE | FLAG_RD)) | (unsigned)code));
	return MESSAGE_HEAD_SIZE;
}

/* ------------------------------------------------------------- others' answers */

void message_set_id(uint8_t *data, uint16_t id) { ldns_write_uint16(data, id); }

enum message_code message_code(const uint8_t *data) { return (enum message_code)LDNS_RCODE_WIRE(data); }

/* Names are compared without regard to case: some servers fold them. */
static bool same_folded(const uint8_t *a, const uint8_t *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t x = a[i], y = b[i];

		if (x >= 'A' && x <= 'Z')
			x = (uint8_t)(x + 32);
		if (y >= 'A' && y <= 'Z')
			y = (uint8_t)(y + 32);
		if (x != y)
			return false;
	}
	return true;
}

bool message_fits(const uint8_t *data, size_t size, const uint8_t *query, size_t question_size, uint16_t id)
{
	size_t name = question_size - MESSAGE_HEAD_SIZE - 4;

	if (size < MESSAGE_HEAD_SIZE || get16(data) != id || !LDNS_QR_WIRE(data) ||
	    LDNS_OPCODE_WIRE(data) != LDNS_OPCODE_WIRE(query))
		return false;
	/* a server that could not read the query may leave the question out */
	if (LDNS_QDCOUNT(data) == 0)
		return message_code(data) == MESSAGE_FORMERR || message_code(data) == MESSAGE_NOTIMP;
	return LDNS_QDCOUNT(data) == 1 && size >= question_size &&
	       same_folded(data + MESSAGE_HEAD_SIZE, query + MESSAGE_HEAD_SIZE, name) &&
	       memcmp(data + question_size - 4, query + question_size - 4, 4) == 0;
}

static bool private4(const uint8_t *b)
{
	return b[0] == 0 || b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
	       (b[0] == 169 && b[1] == 254) || (b[0] == 100 && (b[1] & 0xc0) == 64);
}

static bool private6(const uint8_t *b)
{
	static const uint8_t zero[12], mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(b, mapped, 12) == 0)
		return private4(b + 12);
	return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || memcmp(b, zero, 12) == 0;
}

bool message_private(const uint8_t *data, size_t size)
{
	size_t pos = MESSAGE_HEAD_SIZE;
	unsigned questions, records;

	if (size < MESSAGE_HEAD_SIZE)
		return true;
	questions = LDNS_QDCOUNT(data);
	records = (unsigned)LDNS_ANCOUNT(data) + LDNS_NSCOUNT(data) + LDNS_ARCOUNT(data);
	for (unsigned i = 0; i < questions; i++) {
		if (!name_skip(data, size, &pos) || size - pos < 4)
			return true; /* what cannot be read is not passed on where this is asked for */
		pos += 4;
	}
	for (unsigned i = 0; i < records; i++) {
		uint16_t type, length;

		if (i == RECORDS_MAX || !name_skip(data, size, &pos) || size - pos < 10)
			return true;
		type = get16(data + pos);
		length = get16(data + pos + 8);
		pos += 10;
		if (length > size - pos)
			return true;
		if ((type == LDNS_RR_TYPE_A && length == 4 && private4(data + pos)) ||
		    (type == LDNS_RR_TYPE_AAAA && length == 16 && private6(data + pos)))
			return true;
		pos += length;
	}
	return false;
}
