/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nlbuf - build one netlink message at the end of a batch. Floor F2, private
 * to lib/kern: the room is reserved first, since libmnl and libnftnl write
 * without bounds, and given back when the message is finished.
 */
#ifndef MOAT_KERN_NLBUF_H
#define MOAT_KERN_NLBUF_H

#include <libmnl/libmnl.h>

#include "lib/kern/nlsock.h"

enum {
	NLBUF_RTNL_ROOM = 2048, /* the longest is a veth with alias: about 700 bytes */
	NLBUF_NFT_ROOM =
		16384, /* the longest is a rule of some ten expressions: about 1,500 bytes */
};

static inline size_t nlbuf_align(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

/** nlbuf_begin() - header of a new message with @room bytes of zeroes behind it; valid until nlbuf_end() */
struct nlmsghdr *nlbuf_begin(struct nlbatch *batch, size_t room, uint16_t type, uint16_t flags);
void nlbuf_end(struct nlbatch *batch, struct nlmsghdr *nlh);

/** nlbuf_next() - the message at *@offset of raw bytes, or NULL at the end; *@ret_bad is set when bytes are left that are none */
const struct nlmsghdr *nlbuf_next(const void *data, size_t size, size_t *offset, bool *ret_bad);

/**
 * nlbuf_attrs() - index the attributes behind @header bytes of a message's payload
 * @table: @count pointers, set to NULL or to the attribute whose type is the index
 */
void nlbuf_attrs(const struct nlmsghdr *nlh, size_t header, const struct nlattr **table,
		 size_t count);
/** nlbuf_index() - the same of attributes that stand anywhere */
void nlbuf_index(const void *bytes, size_t size, const struct nlattr **table, size_t count);
void nlbuf_nested(const struct nlattr *outer, const struct nlattr **table, size_t count);
/** nlbuf_list_next() - the item at *@used of a list attribute, NULL at the end and for bytes that are none */
const struct nlattr *nlbuf_list_next(const struct nlattr *list, size_t *used);
/** nlbuf_payload() - payload of @attr when it exists and has at least @size bytes, else NULL */
const void *nlbuf_payload(const struct nlattr *attr, size_t size);
uint32_t nlbuf_u32(const struct nlattr *attr, uint32_t otherwise);
uint8_t nlbuf_u8(const struct nlattr *attr, uint8_t otherwise);
/** nlbuf_name() - a string attribute into @dst; false when absent, not terminated within, or too long */
bool nlbuf_name(const struct nlattr *attr, char *dst, size_t size);

#endif
