/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack - ctnetlink: filtered dumps of flows, and their end; see conntrack.h. Floor F2. */
#include "lib/kern/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/kern/nlbuf.h"

/* Bits of CTA_FILTER_*_FLAGS, which no header shows (net/netfilter/nf_conntrack_netlink.c, CTA_FILTER_F_CTA_*). */
enum {
	FILTER_IP_SRC = 1 << 0,
	FILTER_PROTO_NUM = 1 << 3,
	FILTER_PROTO_DST_PORT = 1 << 5,
};

static struct nlmsghdr *message(struct nlbatch *batch, size_t room, unsigned type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *nlh =
		nlbuf_begin(batch, room, (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type), flags);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nfg->nfgen_family = family == 4 ? AF_INET : AF_INET6;
	nfg->version = NFNETLINK_V0;
	return nlh;
}

/*
 *   CTA_TUPLE_REPLY { CTA_TUPLE_IP { CTA_IP_V4_SRC } }
 *   CTA_TUPLE_ORIG { CTA_TUPLE_PROTO { CTA_PROTO_NUM, CTA_PROTO_DST_PORT } }
 *   CTA_FILTER { CTA_FILTER_ORIG_FLAGS, CTA_FILTER_REPLY_FLAGS }   CTA_STATUS, CTA_STATUS_MASK
 */
static void put_filter(struct nlmsghdr *nlh, const struct conntrack_query *query)
{
	static const uint32_t status[][2] = { /* value, mask */
		[CONNTRACK_LED] = {IPS_DST_NAT, IPS_DST_NAT},
		[CONNTRACK_VAIN] = {0, IPS_NAT_MASK | IPS_SEEN_REPLY},
		[CONNTRACK_BACK] = {IPS_SRC_NAT, IPS_SRC_NAT},
		[CONNTRACK_ANY] = {0, 0},
	};
	bool back = query->which == CONNTRACK_BACK && query->port; /* never with @to */
	struct nlattr *tuple, *part;

	if (query->to.family == 4) {
		tuple = mnl_attr_nest_start(nlh, CTA_TUPLE_REPLY);
		part = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
		mnl_attr_put(nlh, CTA_IP_V4_SRC, ip_size(&query->to), query->to.b);
		mnl_attr_nest_end(nlh, part);
		mnl_attr_nest_end(nlh, tuple);
	}
	if (back) {
		tuple = mnl_attr_nest_start(nlh, CTA_TUPLE_REPLY);
		part = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
		mnl_attr_put_u8(nlh, CTA_PROTO_NUM, query->proto);
		mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(query->port));
		mnl_attr_nest_end(nlh, part);
		mnl_attr_nest_end(nlh, tuple);
	}
	if (query->from.family == 4) { /* never with @proto */
		tuple = mnl_attr_nest_start(nlh, CTA_TUPLE_ORIG);
		part = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
		mnl_attr_put(nlh, CTA_IP_V4_SRC, ip_size(&query->from), query->from.b);
		mnl_attr_nest_end(nlh, part);
		mnl_attr_nest_end(nlh, tuple);
	}
	if (query->proto) {
		tuple = mnl_attr_nest_start(nlh, CTA_TUPLE_ORIG);
		part = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
		mnl_attr_put_u8(nlh, CTA_PROTO_NUM, query->proto);
		if (query->port && !back)
			mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(query->port));
		mnl_attr_nest_end(nlh, part);
		mnl_attr_nest_end(nlh, tuple);
	}
	part = mnl_attr_nest_start(nlh, CTA_FILTER);
	mnl_attr_put_u32(nlh, CTA_FILTER_ORIG_FLAGS,
			 (query->from.family == 4 ? FILTER_IP_SRC : 0) | (query->proto ? FILTER_PROTO_NUM : 0) | (query->port && !back ? FILTER_PROTO_DST_PORT : 0));
	mnl_attr_put_u32(nlh, CTA_FILTER_REPLY_FLAGS,
			 (query->to.family == 4 ? FILTER_IP_SRC : 0) | (back ? FILTER_PROTO_NUM | FILTER_PROTO_DST_PORT : 0));
	mnl_attr_nest_end(nlh, part);
	if (query->which == CONNTRACK_ANY) /* a mask of nothing is refused */
		return;
	mnl_attr_put_u32(nlh, CTA_STATUS, htonl(status[query->which][0]));
	mnl_attr_put_u32(nlh, CTA_STATUS_MASK, htonl(status[query->which][1]));
}

int conntrack_count(struct nlsock *sock)
{
	const struct nlattr *attrs[CTA_STATS_GLOBAL_MAX + 1] = {0};
	cleanup(buf_fini) struct buf bytes = BUF_INIT;
	struct nlbatch request = {0};
	const struct nlmsghdr *nlh;
	size_t offset = 0;
	bool bad = false;
	int r;

	nlbuf_end(&request, message(&request, 64, IPCTNL_MSG_CT_GET_STATS, 0, 4));
	r = nlsock_dump(sock, &request, &bytes, NULL);
	nlbatch_fini(&request);
	if (r < 0)
		return r;
	nlh = nlbuf_next(bytes.data, bytes.size, &offset, &bad);
	if (!nlh)
		return -EBADMSG;
	nlbuf_attrs(nlh, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
	return (int)ntohl(nlbuf_u32(attrs[CTA_STATS_GLOBAL_ENTRIES], 0));
}

int conntrack_dump(struct nlsock *sock, const struct conntrack_query *query, struct buf *bytes, struct err *err)
{
	struct nlbatch request = {0};
	struct nlmsghdr *nlh = message(&request, 512, IPCTNL_MSG_CT_GET, NLM_F_DUMP, query->family);
	int r;

	put_filter(nlh, query);
	nlbuf_end(&request, nlh);
	r = nlsock_dump(sock, &request, bytes, err);
	nlbatch_fini(&request);
	return r;
}

/* One tuple: addresses and ports as far as they are asked for. */
static bool tuple_read(const struct nlattr *attr, uint8_t family, struct ip *src, struct ip *dst, uint8_t *proto,
		       uint16_t *dport)
{
	const struct nlattr *tuple[CTA_TUPLE_MAX + 1], *ips[CTA_IP_MAX + 1], *protos[CTA_PROTO_MAX + 1];
	struct ip got = {.family = family};
	const void *from, *to, *port;

	if (!attr)
		return false;
	nlbuf_nested(attr, tuple, ARRAY_COUNT(tuple));
	if (!tuple[CTA_TUPLE_IP] || !tuple[CTA_TUPLE_PROTO])
		return false;
	nlbuf_nested(tuple[CTA_TUPLE_IP], ips, ARRAY_COUNT(ips));
	nlbuf_nested(tuple[CTA_TUPLE_PROTO], protos, ARRAY_COUNT(protos));
	from = nlbuf_payload(ips[family == 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC], ip_size(&got));
	to = nlbuf_payload(ips[family == 4 ? CTA_IP_V4_DST : CTA_IP_V6_DST], ip_size(&got));
	port = nlbuf_payload(protos[CTA_PROTO_DST_PORT], sizeof(*dport));
	if (!from || !to || !port)
		return false;
	*src = *dst = got;
	memcpy(src->b, from, ip_size(&got));
	memcpy(dst->b, to, ip_size(&got));
	memcpy(dport, port, sizeof(*dport));
	*dport = ntohs(*dport);
	*proto = nlbuf_u8(protos[CTA_PROTO_NUM], 0);
	return true;
}

static bool flow_read(const struct nlmsghdr *nlh, struct conntrack_flow *flow)
{
	const struct nlattr *attrs[CTA_MAX + 1];
	const struct nfgenmsg *nfg;
	uint8_t proto, family;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW) ||
	    nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*nfg)))
		return false;
	nfg = mnl_nlmsg_get_payload(nlh);
	if (nfg->nfgen_family != AF_INET && nfg->nfgen_family != AF_INET6)
		return false;
	family = nfg->nfgen_family == AF_INET ? 4 : 6;
	nlbuf_attrs(nlh, sizeof(*nfg), attrs, ARRAY_COUNT(attrs));
	return tuple_read(attrs[CTA_TUPLE_ORIG], family, &flow->src, &flow->dst, &flow->proto, &flow->port) &&
	       tuple_read(attrs[CTA_TUPLE_REPLY], family, &flow->to, &flow->back, &proto, &flow->back_port);
}

int conntrack_list(const void *data, size_t size, struct conntrack_flow **ret_flows)
{
	size_t offset = 0, at = 0, count = 0, capacity = 0;
	struct conntrack_flow *flows = NULL;
	const struct nlmsghdr *nlh;
	bool bad = false;

	for (; count < CONNTRACK_FLOWS_MAX && (nlh = nlbuf_next(data, size, &offset, &bad)); at = offset) {
		struct conntrack_flow flow = {.offset = at};

		if (!flow_read(nlh, &flow))
			continue;
		if (count == capacity) {
			capacity = capacity ? 2 * capacity : 32;
			flows = mem_grow(flows, capacity, sizeof(*flows));
		}
		flows[count++] = flow;
	}
	if (bad) {
		free(flows);
		return -EBADMSG;
	}
	*ret_flows = flows;
	return (int)count;
}

static void copy_attr(struct nlmsghdr *nlh, const struct nlattr *attr)
{
	if (attr)
		mnl_attr_put(nlh, attr->nla_type, mnl_attr_get_payload_len(attr), mnl_attr_get_payload(attr));
}

/* The tuple finds it, the id tells it from one that took its place meanwhile. */
void conntrack_del(struct nlbatch *batch, const void *data, const struct conntrack_flow *flow)
{
	const struct nlmsghdr *old = (const void *)((const uint8_t *)data + flow->offset);
	const struct nlattr *attrs[CTA_MAX + 1];
	struct nlmsghdr *nlh = message(batch, 512, IPCTNL_MSG_CT_DELETE, 0, flow->dst.family);

	nlbuf_attrs(old, sizeof(struct nfgenmsg), attrs, ARRAY_COUNT(attrs));
	copy_attr(nlh, attrs[CTA_TUPLE_ORIG]);
	copy_attr(nlh, attrs[CTA_ID]);
	copy_attr(nlh, attrs[CTA_ZONE]);
	nlbuf_end(batch, nlh);
}
