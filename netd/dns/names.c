/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names - tables of one tenant's names; see names.h. Floor F4, pure. */
#include "netd/dns/names.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

/* All hosts of one name; and those that have it as an alias, who are asked for where there are none. */
struct group {
	char name[DNSREC_NAME_SIZE];
	struct list hosts, aliases;
};

struct alias {
	struct list same, link; /* in its group, and in its host */
	struct name_host *host;
	struct group *group;
};

static void fold(char dst[DNSREC_NAME_SIZE], const char *name)
{
	size_t i;

	for (i = 0; name[i] && i < DNSREC_NAME_SIZE - 1; i++)
		dst[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i]);
	dst[i] = '\0';
}

/* ------------------------------------------------------------------- networks */

void names_network(struct names *names, const struct dnsrec *rec)
{
	struct name_net *net = mem_alloc(sizeof(*net));

	names_network_gone(names, rec->network);
	net->id = rec->network;
	net->flags = rec->flags;
	fold(net->name, rec->name);
	memcpy(net->subnet, rec->ip, sizeof(net->subnet));
	memcpy(net->len, rec->len, sizeof(net->len));
	net->subnet_count = rec->count;
	table_add(&names->networks, &net->id, sizeof(net->id), net);
	/* two that differ in case alone: the first keeps the name */
	(void)table_add_str(&names->network_names, net->name, net);
}

void names_network_gone(struct names *names, uint64_t id)
{
	struct name_net *net = table_del(&names->networks, &id, sizeof(id)), *other;
	size_t cursor = 0;

	if (!net)
		return;
	if (table_find_str(&names->network_names, net->name) == net) {
		table_del_str(&names->network_names, net->name);
		while ((other = table_next(&names->networks, &cursor)))
			if (str_eq(other->name, net->name) && table_add_str(&names->network_names, other->name, other) == 0)
				break;
	}
	free(net);
}

const struct name_net *names_network_find(const struct names *names, uint64_t id)
{
	return table_find(&names->networks, &id, sizeof(id));
}

/* ---------------------------------------------------------------------- hosts */

/* Of two with one address (link-local ones, of one MAC in two networks) the first is known by it. */
static void address_add(struct names *names, struct name_host *host, const struct ip *ip)
{
	if (ip->family)
		(void)table_add(&names->addresses, ip, sizeof(*ip), host);
}

static void address_del(struct names *names, const struct name_host *host, const struct ip *ip)
{
	if (table_find(&names->addresses, ip, sizeof(*ip)) == host)
		table_del(&names->addresses, ip, sizeof(*ip));
}

static struct group *group_get(struct names *names, const char name[DNSREC_NAME_SIZE])
{
	struct group *group = table_find_str(&names->host_names, name);

	if (group)
		return group;
	group = mem_alloc(sizeof(*group));
	memcpy(group->name, name, sizeof(group->name));
	list_init(&group->hosts);
	list_init(&group->aliases);
	table_add_str(&names->host_names, group->name, group);
	return group;
}

static void group_put(struct names *names, struct group *group)
{
	if (!list_empty(&group->hosts) || !list_empty(&group->aliases))
		return;
	table_del_str(&names->host_names, group->name);
	free(group);
}

void names_alias(struct names *names, const struct dnsrec *rec)
{
	struct name_host *host = names_host_find(names, rec->host);
	char name[DNSREC_NAME_SIZE] = "";
	struct alias *alias;
	size_t count = 0;

	if (!host)
		return;
	fold(name, rec->name);
	list_each(node, &host->aliases)
		if (++count >= NAMES_ALIASES_MAX || str_eq(container_of(node, struct alias, link)->group->name, name))
			return;
	alias = mem_alloc(sizeof(*alias));
	alias->host = host;
	alias->group = group_get(names, name);
	list_append(&alias->group->aliases, &alias->same);
	list_append(&host->aliases, &alias->link);
}

void names_host(struct names *names, const struct dnsrec *rec)
{
	const struct name_host *old = names_host_find(names, rec->host);
	struct name_host *host = mem_alloc(sizeof(*host));
	struct group *group;

	if (old) {
		host->outstanding = old->outstanding;
		host->connections = old->connections;
		names_host_gone(names, rec->host);
	}
	host->id = rec->host;
	host->network = rec->network;
	host->link = rec->link;
	host->ip_count = rec->count;
	memcpy(host->ip, rec->ip, sizeof(host->ip));
	list_init(&host->aliases);
	fold(host->name, rec->name);
	group = group_get(names, host->name);
	list_append(&group->hosts, &host->same);
	table_add(&names->hosts, &host->id, sizeof(host->id), host);
	for (size_t i = 0; i < host->ip_count; i++)
		address_add(names, host, &host->ip[i]);
	address_add(names, host, &host->link);
}

void names_host_gone(struct names *names, uint64_t id)
{
	struct name_host *host = table_del(&names->hosts, &id, sizeof(id));
	struct group *group;

	if (!host)
		return;
	group = table_find_str(&names->host_names, host->name);
	list_remove(&host->same);
	group_put(names, group);
	list_each_safe(node, &host->aliases) {
		struct alias *alias = container_of(node, struct alias, link);

		list_remove(&alias->same);
		group_put(names, alias->group);
		free(alias);
	}
	for (size_t i = 0; i < host->ip_count; i++)
		address_del(names, host, &host->ip[i]);
	address_del(names, host, &host->link);
	free(host);
}

struct name_host *names_host_find(const struct names *names, uint64_t id)
{
	return table_find(&names->hosts, &id, sizeof(id));
}

struct name_host *names_asker(const struct names *names, const struct ip *ip)
{
	return table_find(&names->addresses, ip, sizeof(*ip));
}

void names_fini(struct names *names)
{
	struct name_host *host;
	struct name_net *net;
	size_t cursor = 0;

	while ((host = table_next(&names->hosts, &cursor)))
		names_host_gone(names, host->id);
	cursor = 0;
	while ((net = table_next(&names->networks, &cursor))) {
		table_del(&names->networks, &net->id, sizeof(net->id));
		free(net);
	}
	table_fini(&names->networks);
	table_fini(&names->network_names);
	table_fini(&names->hosts);
	table_fini(&names->host_names);
	table_fini(&names->addresses);
}

/* -------------------------------------------------------------------- look-up */

static void take(const struct name_host *host, int families, struct names_answer *answer)
{
	for (size_t i = 0; i < host->ip_count && answer->count < NAMES_ANSWERS_MAX; i++)
		if (families == 10 || host->ip[i].family == families)
			answer->ip[answer->count++] = host->ip[i];
}

/* Hosts of the group on @network, 0: on any. Return: were there any? */
static bool take_group(const struct group *group, uint64_t network, int families, struct names_answer *answer)
{
	bool any = false;

	list_each(node, &group->hosts) {
		const struct name_host *host = container_of(node, struct name_host, same);

		if (network && host->network != network)
			continue;
		any = true;
		take(host, families, answer);
	}
	if (!list_empty(&group->hosts))
		return any;
	list_each(node, &group->aliases) {
		const struct name_host *host = container_of(node, struct alias, same)->host;

		if (network && host->network != network)
			continue;
		any = true;
		take(host, families, answer);
	}
	return any;
}

static enum names_verdict found(const struct names_answer *answer) { return answer->count ? NAMES_FOUND : NAMES_NODATA; }

enum names_verdict names_lookup(const struct names *names, const char *name, uint64_t network, int families,
				struct names_answer *ret_answer)
{
	const struct group *group = table_find_str(&names->host_names, name);
	bool own = strchr(name, '.') == NULL;

	ret_answer->count = 0;
	ret_answer->name[0] = '\0';
	if (group) {
		if (!take_group(group, network, families, ret_answer))
			take_group(group, 0, families, ret_answer);
		return found(ret_answer);
	}
	if (table_find_str(&names->network_names, name))
		return NAMES_NODATA; /* it is there, since there are names below it */
	for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
		const struct name_net *net = table_find_str(&names->network_names, dot + 1);
		char host[NAMES_TEXT_SIZE];
		size_t len = (size_t)(dot - name);

		if (!net || len >= sizeof(host))
			continue;
		own = true;
		memcpy(host, name, len);
		host[len] = '\0';
		group = table_find_str(&names->host_names, host);
		if (group && take_group(group, net->id, families, ret_answer))
			return found(ret_answer);
	}
	return own ? NAMES_NONE : NAMES_OTHER;
}

/* -------------------------------------------------------------------- reverse */

enum names_verdict names_reverse(const struct names *names, const struct ip *ip, struct names_answer *ret_answer)
{
	const struct name_host *host = names_asker(names, ip);
	const struct name_net *net;
	size_t cursor = 0;

	if (host && !ip_is_linklocal(ip)) {
		net = names_network_find(names, host->network);
		snprintf(ret_answer->name, sizeof(ret_answer->name), "%s%s%s", host->name, net ? "." : "",
			 net ? net->name : "");
		ret_answer->count = 1;
		return NAMES_FOUND;
	}
	while ((net = table_next(&names->networks, &cursor)))
		for (size_t i = 0; i < net->subnet_count; i++) {
			const struct prefix subnet = { net->subnet[i], net->len[i] };

			if (prefix_contains(&subnet, ip))
				return NAMES_NONE;
		}
	return NAMES_OTHER;
}

static bool reverse4(const char *name, struct ip *ip)
{
	unsigned b[4];
	char again[32];

	if (sscanf(name, "%3u.%3u.%3u.%3u", &b[0], &b[1], &b[2], &b[3]) != 4)
		return false;
	for (int i = 0; i < 4; i++) {
		if (b[i] > 255)
			return false;
		ip->b[3 - i] = (uint8_t)b[i];
	}
	/* written as it would be written: no leading zero, nothing behind */
	snprintf(again, sizeof(again), "%u.%u.%u.%u.in-addr.arpa", b[0], b[1], b[2], b[3]);
	ip->family = 4;
	return str_eq(name, again);
}

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool reverse6(const char *name, struct ip *ip)
{
	for (size_t i = 0; i < 32; i++) {
		int value = nibble(name[0]);

		if (value < 0 || name[1] != '.')
			return false;
		name += 2;
		ip->b[15 - i / 2] = (uint8_t)(ip->b[15 - i / 2] | (i % 2 ? value << 4 : value));
	}
	ip->family = 6;
	return str_eq(name, "ip6.arpa");
}

bool names_reverse_parse(const char *name, struct ip *ret_ip)
{
	struct ip ip = { 0 };

	if (!reverse4(name, &ip)) {
		ip = (struct ip){ 0 };
		if (!reverse6(name, &ip))
			return false;
	}
	*ret_ip = ip;
	return true;
}
