/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab - the value itself: nodes and links enter it here and nowhere else, so
 * that every rule about names, doubles and addresses holds whatever the format
 * of the file. Floor F5, pure. Not here: formats, addresses, routes.
 */
#include "runner/cli/lab/lab.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"

static int end_check(const struct lab *lab, const struct lab_link *link, size_t which,
		     struct err *err);
static int address_check(const struct lab *lab, const struct lab_end *end,
			 const struct prefix *prefix, struct err *err);
static const char *ifname_key(struct lab *lab, uint32_t node, const char *ifname);
static bool looks_like_xml(const char *data, size_t size);

int lab_load(const char *file, const char *data, size_t size, const struct lab_options *options,
	     struct lab **ret_lab, struct err *err)
{
	cleanup(lab_freep) struct lab *lab = lab_new(file);
	struct err rule = ERR_INIT;
	int rc;

	if (size > LAB_FILE_MAX)
		return lab_fail(lab, (struct lab_pos){0}, err, ERR_LIMIT,
				"%zu bytes are more than the %d of a lab file", size,
				(int)LAB_FILE_MAX);
	if (looks_like_xml(data, size))
		rc = graphml_parse(lab, data, size, err);
	else
		rc = clab_parse(lab, data, size, options, err);
	if (rc < 0)
		return rc;
	if (options->name) {
		lab->name = arena_strdup(lab->arena, options->name);
		lab->name_pos = (struct lab_pos){0};
	}
	if (name_tenant_check(lab->name, &rule) < 0) /* a lab is a tenant */
		return lab_fail(lab, lab->name_pos, err, ERR_NAME,
				"lab \"%.100s\": %s; --name gives it another", lab->name,
				rule.msg);
	if (lab->automatic) {
		rc = lab_address(lab, err);
		if (rc < 0)
			return rc;
	}
	if (lab->routing == LAB_ROUTING_STATIC) {
		rc = lab_routes(lab, err);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < lab->node_count; i++)
		lab->nodes[i].forwarding =
			lab->routing == LAB_ROUTING_STATIC || lab->nodes[i].link_count > 1;
	*ret_lab = lab;
	lab = NULL;
	return 0;
}

struct lab *lab_new(const char *file)
{
	struct lab *lab = mem_alloc(sizeof(*lab));

	lab->arena = arena_new();
	lab->file = arena_strdup(lab->arena, file);
	return lab;
}

void lab_free(struct lab *lab)
{
	if (!lab)
		return;
	for (size_t i = 0; i < lab->node_count; i++)
		free(lab->nodes[i].routes);
	free(lab->nodes);
	free(lab->links);
	free(lab->left_out);
	table_fini(&lab->node_index);
	table_fini(&lab->ifnames);
	arena_free(lab->arena);
	free(lab);
}

void lab_freep(struct lab **lab)
{
	lab_free(*lab);
	*lab = NULL;
}

size_t lab_route_count(const struct lab *lab)
{
	size_t count = 0;

	for (size_t i = 0; i < lab->node_count; i++)
		count += lab->nodes[i].route_count;
	return count;
}

int lab_ifname_check(const struct lab *lab, const char *node, const char *ifname,
		     struct lab_pos pos, struct err *err)
{
	struct err rule = ERR_INIT;

	if (name_ifname_check(ifname, &rule) == 0)
		return 0;
	return lab_fail(lab, pos, err, ERR_USAGE, "%s:%.40s: %s", node, ifname, rule.msg);
}

const char *lab_name_make(struct arena *arena, const char *file)
{
	const char *base = strrchr(file, '/');
	char text[64];
	size_t len = 0;

	base = base ? base + 1 : file;
	for (const char *p = base; *p && *p != '.' && len < sizeof(text) - 1; p++) {
		if ((unsigned char)*p < 128 && isalnum((unsigned char)*p))
			text[len++] = (char)tolower((unsigned char)*p);
		else if (len && text[len - 1] != '-')
			text[len++] = '-';
	}
	while (len && text[len - 1] == '-')
		len--;
	text[len] = '\0';
	return arena_strdup(arena, len ? text : "lab");
}

int lab_node_add(struct lab *lab, const char *name, struct lab_pos pos, struct err *err)
{
	const struct lab_node *twin;
	struct err rule = ERR_INIT;
	struct lab_node *node;

	if (name_check("node", name, &rule) < 0)
		return lab_fail(lab, pos, err, ERR_USAGE, "node \"%.140s\": %s", name,
				rule.msg);
	twin = lab_node_find(lab, name);
	if (twin)
		return lab_fail(lab, pos, err, ERR_USAGE, "node %s stands in line %u already",
				name, (unsigned)twin->pos.line);
	if (lab->node_count == LAB_NODES_MAX)
		return lab_fail(lab, pos, err, ERR_LIMIT,
				"node %s: a lab holds at most %d nodes", name,
				(int)LAB_NODES_MAX);
	if (lab->node_count == lab->node_capacity) {
		lab->node_capacity = lab->node_capacity ? 2 * lab->node_capacity : 16;
		lab->nodes = mem_grow(lab->nodes, lab->node_capacity, sizeof(*lab->nodes));
	}
	node = &lab->nodes[lab->node_count++];
	*node = (struct lab_node){.name = arena_strdup(lab->arena, name), .pos = pos};
	/* the array moves as it grows: the table holds the index plus one */
	table_add_str(&lab->node_index, node->name, (void *)(uintptr_t)lab->node_count);
	return 0;
}

struct lab_node *lab_node_find(struct lab *lab, const char *name)
{
	uintptr_t index = (uintptr_t)table_find_str(&lab->node_index, name);

	return index ? &lab->nodes[index - 1] : NULL;
}

int lab_link_add(struct lab *lab, const struct lab_link *link, struct err *err)
{
	const struct lab_end *a = &link->end[0], *b = &link->end[1];

	assert(a->node < lab->node_count && b->node < lab->node_count);
	if (a->node == b->node)
		return lab_fail(lab, link->pos, err, ERR_USAGE,
				"link %s:%s to %s:%s joins a node with itself",
				lab->nodes[a->node].name, a->ifname, lab->nodes[b->node].name,
				b->ifname);
	if (lab->link_count == LAB_LINKS_MAX)
		return lab_fail(lab, link->pos, err, ERR_LIMIT, "a lab holds at most %d links",
				(int)LAB_LINKS_MAX);
	if (link->mtu && (link->mtu < LAB_MTU_MIN || link->mtu > LAB_MTU_MAX))
		return lab_fail(lab, link->pos, err, ERR_USAGE,
				"link %s:%s: an MTU is %d..%d bytes, not %u",
				lab->nodes[a->node].name, a->ifname, (int)LAB_MTU_MIN,
				(int)LAB_MTU_MAX, (unsigned)link->mtu);
	for (size_t i = 0; i < 2; i++) {
		int rc = end_check(lab, link, i, err);

		if (rc < 0)
			return rc;
	}
	if (!mac_is_zero(&a->mac) && !memcmp(&a->mac, &b->mac, sizeof(a->mac)))
		return lab_fail(lab, b->pos, err, ERR_USAGE,
				"%s:%s has the MAC of the other end of its link",
				lab->nodes[b->node].name, b->ifname);
	for (size_t i = 0; i < 2; i++) {
		const struct lab_end *end = &link->end[i];
		const char *key = ifname_key(lab, end->node, end->ifname);

		if (table_add_str(&lab->ifnames, key, (void *)(uintptr_t)key) < 0)
			return lab_fail(lab, end->pos, err, ERR_USAGE,
					"interface %s of node %s is used by a link already",
					end->ifname, lab->nodes[end->node].name);
	}
	if (lab->link_count == lab->link_capacity) {
		lab->link_capacity = lab->link_capacity ? 2 * lab->link_capacity : 16;
		lab->links = mem_grow(lab->links, lab->link_capacity, sizeof(*lab->links));
	}
	lab->links[lab->link_count++] = *link;
	lab->nodes[a->node].link_count++;
	lab->nodes[b->node].link_count++;
	return 0;
}

void lab_note(struct lab *lab, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (lab->note_count == LAB_NOTES_MAX) {
		lab->notes_dropped++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	lab->notes[lab->note_count++] = arena_strdup(lab->arena, text);
}

void lab_leave_out(struct lab *lab, const char *key, struct lab_pos pos)
{
	for (size_t i = 0; i < lab->left_out_count; i++) {
		if (!strcmp(lab->left_out[i].key, key)) {
			lab->left_out[i].count++;
			return;
		}
	}
	if (lab->left_out_count == lab->left_out_capacity) {
		lab->left_out_capacity =
			lab->left_out_capacity ? 2 * lab->left_out_capacity : 16;
		lab->left_out =
			mem_grow(lab->left_out, lab->left_out_capacity, sizeof(*lab->left_out));
	}
	lab->left_out[lab->left_out_count++] = (struct lab_left_out){
		.key = arena_strdup(lab->arena, key), .first = pos, .count = 1};
}

int lab_fail(const struct lab *lab, struct lab_pos pos, struct err *err, enum err_kind kind,
	     const char *fmt, ...)
{
	char object[ERR_OBJECT_SIZE], msg[ERR_MSG_SIZE];
	size_t len = strlen(lab->file), room = sizeof(object) - 32;
	const char *file = len > room ? lab->file + len - room
				      : lab->file; /* the end of a path says more */
	va_list ap;

	if (pos.line)
		snprintf(object, sizeof(object), "%s:%u:%u", file, (unsigned)pos.line,
			 (unsigned)pos.column);
	else
		snprintf(object, sizeof(object), "%s", file);
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return err_set(err, kind, kind == ERR_LIMIT ? E2BIG : EINVAL, object, "%s", msg);
}

/* ------------------------------------------------------------------ helpers */

static int end_check(const struct lab *lab, const struct lab_link *link, size_t which,
		     struct err *err)
{
	const struct lab_end *end = &link->end[which], *other = &link->end[!which];
	const char *node = lab->nodes[end->node].name;
	int rc;

	rc = lab_ifname_check(lab, node, end->ifname, end->pos, err);
	if (rc < 0)
		return rc;
	if (!mac_is_zero(&end->mac) && !mac_is_unicast(&end->mac))
		return lab_fail(lab, end->pos, err, ERR_USAGE,
				"%s:%s: the MAC is not one of a single station", node,
				end->ifname);
	rc = address_check(lab, end, &end->ip4, err);
	if (!rc)
		rc = address_check(lab, end, &end->ip6, err);
	if (rc < 0)
		return rc;
	if (which && ((end->ip4.ip.family && !ip_cmp(&end->ip4.ip, &other->ip4.ip)) ||
		      (end->ip6.ip.family && !ip_cmp(&end->ip6.ip, &other->ip6.ip))))
		return lab_fail(lab, end->pos, err, ERR_USAGE,
				"%s:%s has the address of the other end of its link", node,
				end->ifname);
	return 0;
}

static int address_check(const struct lab *lab, const struct lab_end *end,
			 const struct prefix *prefix, struct err *err)
{
	const struct ip *ip = &prefix->ip;
	const char *node = lab->nodes[end->node].name, *why = NULL;
	char text[PREFIX_STR_SIZE];
	struct prefix network;
	struct ip last;

	if (!ip->family)
		return 0;
	network = prefix_network(prefix);
	last = prefix_last(prefix);
	if (ip_is_unspecified(ip) || ip_is_loopback(ip) || ip_is_multicast(ip))
		why = "is not the address of a single interface";
	else if (ip->family == 4 && ip->b[0] >= 240)
		why = "is reserved (RFC 1112)";
	else if (ip->family == 4 && ip->b[0] == 0)
		why = "is \"this network\" (RFC 1122)";
	else if (ip->family == 6 && ip_is_linklocal(ip))
		why = "is link-local: each interface has one of its own already";
	else if (!prefix->len)
		why = "has no prefix";
	else if (ip->family == 4 && prefix->len < 31 && !ip_cmp(ip, &network.ip))
		why = "is the address of the network itself";
	else if (ip->family == 4 && prefix->len < 31 && !ip_cmp(ip, &last))
		why = "is the broadcast address of its network";
	if (!why)
		return 0;
	return lab_fail(lab, end->pos, err, ERR_USAGE, "%s:%s: %s %s", node, end->ifname,
			prefix_print(prefix, text), why);
}

static const char *ifname_key(struct lab *lab, uint32_t node, const char *ifname)
{
	return arena_printf(lab->arena, "%u:%s", (unsigned)node, ifname);
}

static bool looks_like_xml(const char *data, size_t size)
{
	size_t i = 0;

	if (size >= 3 && !memcmp(data, "\xef\xbb\xbf", 3))
		i = 3;
	/* UTF-16, by its mark of order: YAML is refused in it, XML is not */
	if (size >= 2 && (!memcmp(data, "\xff\xfe", 2) || !memcmp(data, "\xfe\xff", 2)))
		return true;
	while (i < size && strchr(" \t\r\n", data[i]) && data[i])
		i++;
	return i < size && data[i] == '<';
}
