/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nlbuf - messages appended to a batch, and read back. Floor F2, private to lib/kern. */
#include "lib/kern/nlbuf.h"

#include <assert.h>
#include <string.h>

void nlbatch_fini(struct nlbatch *batch)
{
	buf_fini(&batch->bytes);
	batch->count = 0;
}

void nlbatch_clear(struct nlbatch *batch)
{
	buf_clear(&batch->bytes);
	batch->count = 0;
}

struct nlmsghdr *nlbuf_begin(struct nlbatch *batch, size_t room, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf_extend(&batch->bytes, room));

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return nlh;
}

void nlbuf_end(struct nlbatch *batch, struct nlmsghdr *nlh)
{
	size_t start = (size_t)((uint8_t *)nlh - batch->bytes.data);

	assert(start + nlbuf_align(nlh->nlmsg_len) <= batch->bytes.size);
	batch->bytes.size = start + nlbuf_align(nlh->nlmsg_len);
	batch->count++;
}

const struct nlmsghdr *nlbuf_next(const void *data, size_t size, size_t *offset, bool *ret_bad)
{
	const struct nlmsghdr *nlh = (const void *)((const uint8_t *)data + *offset);

	if (*offset >= size)
		return NULL;
	if (size - *offset < sizeof(*nlh) || nlh->nlmsg_len < sizeof(*nlh) ||
	    nlh->nlmsg_len > size - *offset) {
		*ret_bad = true;
		return NULL;
	}
	*offset += nlbuf_align(nlh->nlmsg_len);
	return nlh;
}

void nlbuf_index(const void *bytes, size_t size, const struct nlattr **table, size_t count)
{
	const uint8_t *data = bytes;

	memset(table, 0, count * sizeof(*table));
	while (size >= sizeof(struct nlattr)) {
		const struct nlattr *attr = (const void *)data;
		uint16_t type =
			attr->nla_type & (uint16_t) ~(NLA_F_NESTED | NLA_F_NET_BYTEORDER);
		size_t step;

		if (attr->nla_len < sizeof(*attr) || attr->nla_len > size)
			return;
		if (type < count)
			table[type] = attr;
		step = nlbuf_align(attr->nla_len);
		if (step >= size)
			return;
		data += step;
		size -= step;
	}
}

void nlbuf_attrs(const struct nlmsghdr *nlh, size_t header, const struct nlattr **table,
		 size_t count)
{
	size_t skip = sizeof(*nlh) + nlbuf_align(header);

	if (nlh->nlmsg_len < skip)
		memset(table, 0, count * sizeof(*table));
	else
		nlbuf_index((const uint8_t *)nlh + skip, nlh->nlmsg_len - skip, table, count);
}

void nlbuf_nested(const struct nlattr *outer, const struct nlattr **table, size_t count)
{
	if (!outer)
		memset(table, 0, count * sizeof(*table));
	else
		nlbuf_index((const uint8_t *)outer + sizeof(*outer),
			    outer->nla_len - sizeof(*outer), table, count);
}

const struct nlattr *nlbuf_list_next(const struct nlattr *list, size_t *used)
{
	size_t size = list->nla_len - sizeof(*list);
	const struct nlattr *item;

	if (*used >= size || size - *used < sizeof(*item))
		return NULL;
	item = (const void *)((const uint8_t *)list + sizeof(*list) + *used);
	if (item->nla_len < sizeof(*item) || item->nla_len > size - *used)
		return NULL;
	*used += nlbuf_align(item->nla_len);
	return item;
}

const void *nlbuf_payload(const struct nlattr *attr, size_t size)
{
	if (!attr || attr->nla_len < sizeof(*attr) + size)
		return NULL;
	return (const uint8_t *)attr + sizeof(*attr);
}

uint32_t nlbuf_u32(const struct nlattr *attr, uint32_t otherwise)
{
	const void *payload = nlbuf_payload(attr, sizeof(otherwise));

	if (payload)
		memcpy(&otherwise, payload, sizeof(otherwise));
	return otherwise;
}

uint8_t nlbuf_u8(const struct nlattr *attr, uint8_t otherwise)
{
	const uint8_t *payload = nlbuf_payload(attr, sizeof(otherwise));

	return payload ? *payload : otherwise;
}

bool nlbuf_name(const struct nlattr *attr, char *dst, size_t size)
{
	const char *payload = nlbuf_payload(attr, 1);
	size_t max, len;

	if (!payload)
		return false;
	max = attr->nla_len - sizeof(*attr);
	len = strnlen(payload, max);
	if (len >= size)
		return false;
	memset(dst, 0, size);
	memcpy(dst, payload, len);
	return true;
}
