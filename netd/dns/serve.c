/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve - queries by UDP, and the verdict on every query. Floor F4.
 *
 * One UDP socket a router takes both families. The network of the asker is
 * told by the device a query came in by, not by its source address: devices
 * cannot be forged. The answer leaves with the address that was asked, by the
 * device it came from (IPV6_PKTINFO; of IPv4 too, whose addresses are mapped).
 *
 * Queries are read and answered in batches; a tenant whose queue never ends
 * gives way after DNS_TURN of them.
 */
#include <errno.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/dns/dns.h"

enum { CONTROL_SIZE = CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo)) };

/* Of the one thread there is: 32 queries, their answers, and what recvmmsg(2) wants to be told of both. */
struct batch {
	struct mmsghdr in[DNS_BATCH], out[DNS_BATCH];
	struct iovec in_iov[DNS_BATCH], out_iov[DNS_BATCH];
	struct sockaddr_in6 from[DNS_BATCH];
	_Alignas(struct cmsghdr) uint8_t in_control[DNS_BATCH][CONTROL_SIZE];
	_Alignas(struct cmsghdr) uint8_t out_control[DNS_BATCH][CONTROL_SIZE];
	uint8_t query[DNS_BATCH][MESSAGE_QUERY_MAX];
	uint8_t answer[DNS_BATCH][MESSAGE_EDNS_SIZE];
};

/* ------------------------------------------------------------------ addresses */

static void ip_of(const struct in6_addr *address, struct ip *ip)
{
	*ip = (struct ip){ 0 };
	if (IN6_IS_ADDR_V4MAPPED(address)) {
		ip->family = 4;
		memcpy(ip->b, address->s6_addr + 12, 4);
	} else {
		ip->family = 6;
		memcpy(ip->b, address->s6_addr, 16);
	}
}

/* ------------------------------------------------------------------ the verdict */

static size_t own(const uint8_t *data, const struct question *question, enum names_verdict verdict,
		  const struct names_answer *answer, size_t limit, uint8_t *ret_answer)
{
	enum message_code code = verdict == NAMES_NONE ? MESSAGE_NXDOMAIN : MESSAGE_OK;

	return message_answer(data, question, code, verdict == NAMES_FOUND ? answer : NULL, limit, ret_answer);
}

/* What the tenant's own names say to it. */
static enum names_verdict ask_names(const struct client *client, const struct question *question,
				    struct names_answer *answer)
{
	const struct names *names = &client->tenant->names;
	enum names_verdict verdict;
	struct ip ip;
	int families = 0; /* another type: whether the name exists */

	/* a label with a strange byte in it is no name of ours */
	if (!question->plain)
		return question->labels == 1 ? NAMES_NONE : NAMES_OTHER;
	if (question->labels == 0 || (question->labels == 1 && message_is_zone(question) &&
				      names_lookup(names, question->name, client->network, 10, answer) == NAMES_NONE))
		return NAMES_OTHER;
	if (names_reverse_parse(question->name, &ip)) {
		verdict = names_reverse(names, &ip, answer);
		return verdict == NAMES_FOUND && !message_is_reverse(question) ? NAMES_NODATA : verdict;
	}
	(void)message_is_address(question, &families);
	return names_lookup(names, question->name, client->network, families, answer);
}

size_t serve_query(struct dns *dns, const struct client *client, const uint8_t *data, size_t size, size_t limit,
		   uint8_t *ret_answer)
{
	struct question question;
	struct names_answer answer;
	enum names_verdict verdict;
	int r = message_parse(data, size, &question);

	if (r < 0 || size > MESSAGE_QUERY_MAX)
		return 0;
	if (r > 0)
		return message_error(data, (enum message_code)r, ret_answer);
	if (limit == 0)
		limit = message_limit(&question);
	if (question.version != 0)
		return message_answer(data, &question, MESSAGE_BADVERS, NULL, limit, ret_answer);
	answer.count = 0;
	answer.name[0] = '\0';
	verdict = ask_names(client, &question, &answer);
	if (verdict != NAMES_OTHER)
		return own(data, &question, verdict, &answer, limit, ret_answer);
	if (client->flags & DNSREC_INTERNAL)
		return message_answer(data, &question, MESSAGE_REFUSED, NULL, limit, ret_answer);
	if (forward_query(dns->forward, client, &question, data, size) == 0)
		return 0;
	return message_answer(data, &question, MESSAGE_SERVFAIL, NULL, limit, ret_answer);
}

/* ------------------------------------------------------------------------- UDP */

static void put_local(struct msghdr *msg, uint8_t *control, const struct in6_pktinfo *local)
{
	struct cmsghdr *cmsg = (struct cmsghdr *)(void *)control;

	msg->msg_control = control;
	msg->msg_controllen = CMSG_SPACE(sizeof(*local));
	memset(control, 0, CMSG_SPACE(sizeof(*local)));
	cmsg->cmsg_level = IPPROTO_IPV6;
	cmsg->cmsg_type = IPV6_PKTINFO;
	cmsg->cmsg_len = CMSG_LEN(sizeof(*local));
	memcpy(CMSG_DATA(cmsg), local, sizeof(*local));
}

void serve_send(const struct client *client, const uint8_t *data, size_t size)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_SIZE];
	struct iovec iov = { (void *)(uintptr_t)data, size };
	struct sockaddr_in6 to = client->address;
	struct msghdr msg = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1 };

	put_local(&msg, control, &client->local);
	(void)sendmsg(client->tenant->udp, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool client_fill(struct tenant *tenant, struct msghdr *msg, const struct sockaddr_in6 *from, struct client *ret_client)
{
	struct client client = { .tenant = tenant, .address = *from };
	const struct name_net *net;
	const struct name_host *host;
	struct ip ip;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level == IPPROTO_IPV6 &&
		    (cmsg->cmsg_type == IPV6_PKTINFO || cmsg->cmsg_type == IPV6_2292PKTINFO))
			memcpy(&client.local, CMSG_DATA(cmsg), sizeof(client.local));
	}
	client.network = tenant_network(tenant, client.local.ipi6_ifindex);
	net = client.network ? names_network_find(&tenant->names, client.network) : NULL;
	if (!net)
		return false;
	client.flags = net->flags;
	ip_of(&client.address.sin6_addr, &ip);
	host = names_asker(&tenant->names, &ip);
	client.host = host ? host->id : 0;
	*ret_client = client;
	return true;
}

static void batch_prepare(struct batch *batch)
{
	for (size_t i = 0; i < DNS_BATCH; i++) {
		batch->in_iov[i] = (struct iovec){ batch->query[i], MESSAGE_QUERY_MAX };
		batch->in[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->from[i],
			.msg_namelen = sizeof(batch->from[i]),
			.msg_iov = &batch->in_iov[i],
			.msg_iovlen = 1,
			.msg_control = batch->in_control[i],
			.msg_controllen = CONTROL_SIZE,
		};
	}
}

/* Return: whether the queue may hold more. */
static bool batch_serve(struct tenant *tenant, struct batch *batch)
{
	unsigned answers = 0, sent = 0;
	int n;

	batch_prepare(batch);
	n = recvmmsg(tenant->udp, batch->in, DNS_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct msghdr *in = &batch->in[i].msg_hdr, *out = &batch->out[answers].msg_hdr;
		struct client client;
		size_t size;

		if ((in->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || in->msg_namelen != sizeof(batch->from[i]) ||
		    !client_fill(tenant, in, &batch->from[i], &client))
			continue;
		/* who asks by a multicast address asks everybody, and us not */
		if (IN6_IS_ADDR_MULTICAST(&client.local.ipi6_addr))
			continue;
		size = serve_query(tenant->dns, &client, batch->query[i], batch->in[i].msg_len, 0, batch->answer[answers]);
		if (size == 0)
			continue;
		batch->out_iov[answers] = (struct iovec){ batch->answer[answers], size };
		*out = (struct msghdr){ .msg_name = &batch->from[i],
					.msg_namelen = sizeof(batch->from[i]),
					.msg_iov = &batch->out_iov[answers],
					.msg_iovlen = 1 };
		put_local(out, batch->out_control[answers], &client.local);
		answers++;
	}
	/* one that cannot be sent ends the call: the next ones go all the same */
	while (sent < answers) {
		int done = sendmmsg(tenant->udp, batch->out + sent, answers - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		sent += done > 0 ? (unsigned)done : 1;
	}
	return n == DNS_BATCH;
}

static void on_udp(void *ctx, unsigned events)
{
	static struct batch batch; /* a buffer, no state: nothing in it outlives the call */
	struct tenant *tenant = ctx;

	(void)events;
	for (int i = 0; i < DNS_TURN && batch_serve(tenant, &batch); i++)
		;
}

/* --------------------------------------------------------------------- tenants */

struct tenant *tenant_find(struct dns *dns, uint64_t id) { return table_find(&dns->tenants, &id, sizeof(id)); }

struct tenant *tenant_make(struct dns *dns, uint64_t id)
{
	struct tenant *tenant = tenant_find(dns, id);

	if (tenant || dns->tenants.count >= DNS_TENANTS_MAX)
		return tenant;
	tenant = mem_alloc(sizeof(*tenant));
	tenant->id = id;
	tenant->dns = dns;
	tenant->udp = tenant->tcp = -1;
	list_init(&tenant->streams);
	table_add(&dns->tenants, &tenant->id, sizeof(tenant->id), tenant);
	return tenant;
}

static void sockets_close(struct tenant *tenant)
{
	forward_drop(tenant->dns->forward, tenant, NULL);
	list_each_safe(node, &tenant->streams)
		tcp_free((struct connection *)(void *)node);
	loop_io_free(tenant->udp_io);
	loop_io_free(tenant->tcp_io);
	tenant->udp_io = tenant->tcp_io = NULL;
	fd_close(tenant->udp);
	fd_close(tenant->tcp);
	tenant->udp = tenant->tcp = -1;
}

void tenant_sockets(struct tenant *tenant, int udp, int tcp)
{
	sockets_close(tenant);
	tenant->udp = udp;
	tenant->tcp = tcp;
	tenant->udp_io = loop_io_new(tenant->dns->loop, udp, LOOP_READ, on_udp, tenant);
	tenant->tcp_io = loop_io_new(tenant->dns->loop, tcp, LOOP_READ, tcp_accept, tenant);
}

void tenant_free(struct tenant *tenant)
{
	sockets_close(tenant);
	table_del(&tenant->dns->tenants, &tenant->id, sizeof(tenant->id));
	names_fini(&tenant->names);
	names_fini(&tenant->next);
	free(tenant);
}

void tenant_forget_devices(struct tenant *tenant) { memset(tenant->devices, 0, sizeof(tenant->devices)); }

/* "mb" and a network's id, or "mp" and an endpoint's: what lib/model calls bridges and ports. */
static uint64_t network_of(const struct tenant *tenant, const char *device)
{
	const struct name_host *host;
	uint64_t id;

	if (device[0] != 'm' || strlen(device) != 14 || str_hex48(device + 2, &id) < 0)
		return 0;
	if (device[1] == 'p') {
		host = names_host_find(&tenant->names, id);
		return host ? host->network : 0;
	}
	return device[1] == 'b' && names_network_find(&tenant->names, id) ? id : 0;
}

uint64_t tenant_network(struct tenant *tenant, unsigned index)
{
	struct device *device = &tenant->devices[index % DNS_DEVICES];
	struct ifreq request = { .ifr_ifindex = (int)index };
	uint64_t network;

	if (device->index == index && index)
		return device->network;
	if (ioctl(tenant->udp, SIOCGIFNAME, &request) < 0)
		return 0;
	request.ifr_name[IFNAMSIZ - 1] = '\0';
	network = network_of(tenant, request.ifr_name);
	if (network) /* of what is not known yet the engine may still tell */
		*device = (struct device){ index, network };
	return network;
}
