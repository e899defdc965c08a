/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names - rules of names and port specifications. Floor F2: no descriptor, no
 * kernel, no clock.
 */
#include "lib/model/names.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"

static bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
static bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

int name_tenant_check(const char *s, struct err *err)
{
	size_t len = s ? strlen(s) : 0;
	bool good = len >= 1 && len < NAME_TENANT_SIZE && is_lower_alnum(s[0]);

	for (size_t i = 0; good && i < len; i++)
		good = is_lower_alnum(s[i]) || s[i] == '-';
	if (good)
		return 0;
	return err_set(err, ERR_NAME, EINVAL, s,
		       "a tenant's name is 1 to 63 of a-z, 0-9 and '-', and begins with a letter or digit");
}

int name_check(const char *what, const char *s, struct err *err)
{
	size_t len = s ? strlen(s) : 0;
	bool good = len >= 1 && len < NAME_SIZE && is_alnum(s[0]);

	for (size_t i = 0; good && i < len; i++)
		good = is_alnum(s[i]) || s[i] == '_' || s[i] == '.' || s[i] == '-';
	if (good)
		return 0;
	return err_set(err, ERR_NAME, EINVAL, s,
		       "%s %s's name is 1 to 128 of A-Z, a-z, 0-9, '_', '.' and '-', and begins with a letter or digit",
		       strchr("aeiou", what[0]) ? "an" : "a", what);
}

int name_ifname_check(const char *s, struct err *err)
{
	size_t len = s ? strlen(s) : 0;
	bool good = len >= 1 && len < NAME_IFNAME_SIZE && !str_eq(s, ".") && !str_eq(s, "..") && !str_eq(s, "lo") &&
		    !str_eq(s, "all") && !str_eq(s, "default");

	for (size_t i = 0; good && i < len; i++)
		good = s[i] > ' ' && s[i] < 127 && s[i] != '/' && s[i] != ':' && s[i] != '%';
	if (good)
		return 0;
	return err_set(err, ERR_NAME, EINVAL, s,
		       "an interface name is 1 to 15 printable characters without space, '/', ':' and '%%', and none of "
		       "'.', '..', 'lo', 'all', 'default'");
}

int name_parse(const char *what, const char *s, bool with_ifname, struct name *ret_name, struct err *err)
{
	struct name name = { 0 };
	const char *slash, *rest, *colon;
	char part[NAME_FULL_SIZE];
	int r;

	if (!s || strlen(s) >= NAME_FULL_SIZE)
		return err_set(err, ERR_NAME, EINVAL, NULL, "the name of the %s is %s", what, s ? "too long" : "missing");
	slash = strchr(s, '/');
	if (slash) {
		memcpy(part, s, (size_t)(slash - s));
		part[slash - s] = '\0';
		r = name_tenant_check(part, err);
		if (r < 0)
			return r;
		(void)str_copy(name.tenant, sizeof(name.tenant), part);
		rest = slash + 1;
	} else {
		(void)str_copy(name.tenant, sizeof(name.tenant), "default");
		rest = s;
	}
	colon = with_ifname ? strchr(rest, ':') : NULL;
	if (colon) {
		r = name_ifname_check(colon + 1, err);
		if (r < 0)
			return r;
		(void)str_copy(name.ifname, sizeof(name.ifname), colon + 1);
		memcpy(part, rest, (size_t)(colon - rest));
		part[colon - rest] = '\0';
		rest = part;
	}
	r = name_check(what, rest, err);
	if (r < 0)
		return r;
	(void)str_copy(name.name, sizeof(name.name), rest);
	*ret_name = name;
	return 0;
}

const char *name_print(const struct name *name, char dst[NAME_FULL_SIZE])
{
	snprintf(dst, NAME_FULL_SIZE, "%s/%s%s%s", name->tenant, name->name, name->ifname[0] ? ":" : "", name->ifname);
	return dst;
}

static const struct {
	uint8_t proto;
	const char *word;
} protos[] = {
	{ IPPROTO_TCP, "tcp" },
	{ IPPROTO_UDP, "udp" },
	{ IPPROTO_SCTP, "sctp" },
};

#define PORTSPEC_FORM "[HOSTIP:]HOST[-END]:CONT[-END][/tcp|udp|sctp]"

static int port_parse(const char *s, const char *whole, uint16_t *ret_port, struct err *err)
{
	uint64_t value;

	if (str_u64(s, 65535, &value) < 0 || value == 0)
		return err_set(err, ERR_USAGE, EINVAL, whole, "'%s' is not a port number from 1 to 65535", s);
	*ret_port = (uint16_t)value;
	return 0;
}

/* "80" or "80-89" of a specification; @whole is it all, for messages. @s is changed. */
static int ports_parse(char *s, const char *whole, uint16_t *ret_first, uint16_t *ret_last, struct err *err)
{
	char *dash = strchr(s, '-');
	int r;

	if (dash)
		*dash++ = '\0';
	r = port_parse(s, whole, ret_first, err);
	if (r == 0)
		r = port_parse(dash ? dash : s, whole, ret_last, err);
	if (r == 0 && *ret_last < *ret_first)
		return err_set(err, ERR_USAGE, EINVAL, whole, "the range %u-%u ends before it begins", *ret_first, *ret_last);
	return r;
}

/* "192.0.2.1" or "[2001:db8::1]"; @address is changed. */
static int host_ip_parse(char *address, const char *whole, struct ip *ret_ip, struct err *err)
{
	if (address[0] == '[') {
		size_t len = strlen(address);

		if (address[len - 1] != ']')
			return err_set(err, ERR_USAGE, EINVAL, whole, "'[' without ']' in the host address");
		address[len - 1] = '\0';
		address++;
		if (ip_parse(address, ret_ip) < 0 || ret_ip->family != 6)
			return err_set(err, ERR_USAGE, EINVAL, whole, "'%s' is not an IPv6 address", address);
	} else if (ip_parse(address, ret_ip) < 0 || ret_ip->family != 4) {
		return err_set(err, ERR_USAGE, EINVAL, whole,
			       "'%s' is not an IPv4 address (an IPv6 one stands in brackets)", address);
	}
	if (ip_is_unspecified(ret_ip))
		*ret_ip = (struct ip){ 0 };
	else if (ip_is_multicast(ret_ip))
		return err_set(err, ERR_USAGE, EINVAL, whole, "the host address is a multicast address");
	return 0;
}

static int proto_parse(const char *word, const char *whole, uint8_t *ret_proto, struct err *err)
{
	for (size_t i = 0; i < sizeof(protos) / sizeof(*protos); i++)
		if (str_eq(word, protos[i].word)) {
			*ret_proto = protos[i].proto;
			return 0;
		}
	return err_set(err, ERR_USAGE, EINVAL, whole, "the protocol is tcp, udp or sctp, not '%s'", word);
}

int portspec_parse(const char *s, struct portspec *ret_spec, struct err *err)
{
	struct portspec spec = { .proto = IPPROTO_TCP };
	char text[PORTSPEC_SIZE];
	char *proto, *cont, *host;
	uint16_t host_last, last;
	int r = 0;

	if (str_copy(text, sizeof(text), s) < 0)
		return err_set(err, ERR_USAGE, EINVAL, NULL, "a port specification is too long");
	proto = strchr(text, '/');
	if (proto) {
		*proto++ = '\0';
		r = proto_parse(proto, s, &spec.proto, err);
		if (r < 0)
			return r;
	}
	cont = strrchr(text, ':');
	if (!cont)
		return err_set(err, ERR_USAGE, EINVAL, s,
			       "a port specification is " PORTSPEC_FORM "; write '%s:%s' to publish port %s as itself", text,
			       text, text);
	*cont++ = '\0';
	host = strrchr(text, ':');
	if (host) {
		*host++ = '\0';
		r = host_ip_parse(text, s, &spec.host_ip, err);
	} else {
		host = text;
	}
	if (r == 0)
		r = ports_parse(host, s, &spec.host_port, &host_last, err);
	if (r == 0)
		r = ports_parse(cont, s, &spec.port, &last, err);
	if (r < 0)
		return r;
	spec.more = (uint16_t)(host_last - spec.host_port);
	if (spec.more != last - spec.port)
		return err_set(err, ERR_USAGE, EINVAL, s, "%d ports of the host cannot lead to %d ports: both sides are ranges of one length",
			       spec.more + 1, last - spec.port + 1);
	*ret_spec = spec;
	return 0;
}

const char *portspec_proto(const struct portspec *spec)
{
	for (size_t i = 0; i < sizeof(protos) / sizeof(*protos); i++)
		if (protos[i].proto == spec->proto)
			return protos[i].word;
	return "?";
}

uint16_t portspec_last(const struct portspec *spec) { return (uint16_t)(spec->host_port + spec->more); }

bool portspec_same(const struct portspec *a, const struct portspec *b)
{
	return a->proto == b->proto && a->host_port == b->host_port && a->port == b->port && a->more == b->more &&
	       ip_cmp(&a->host_ip, &b->host_ip) == 0;
}

bool portspec_is_loopback6(const struct portspec *spec)
{
	return spec->host_ip.family == 6 && ip_is_loopback(&spec->host_ip);
}

const char *portspec_print(const struct portspec *spec, char dst[PORTSPEC_SIZE])
{
	char address[IP_STR_SIZE + 3] = "", host[16] = "", cont[16] = "", ip[IP_STR_SIZE];

	if (spec->host_ip.family)
		snprintf(address, sizeof(address), spec->host_ip.family == 6 ? "[%s]:" : "%s:",
			 ip_print(&spec->host_ip, ip));
	if (spec->more) {
		snprintf(host, sizeof(host), "-%d", spec->host_port + spec->more);
		snprintf(cont, sizeof(cont), "-%d", spec->port + spec->more);
	}
	snprintf(dst, PORTSPEC_SIZE, "%s%u%s:%u%s/%s", address, spec->host_port, host, spec->port, cont,
		 portspec_proto(spec));
	return dst;
}

/* ------------------------------------------------------------------ ranges of ports */

int port_range_parse(const char *s, struct port_range *ret_range, struct err *err)
{
	struct port_range range = { 0 };
	char text[PORT_RANGE_SIZE], *proto;
	int r = 0;

	if (str_copy(text, sizeof(text), s) < 0)
		return err_set(err, ERR_USAGE, EINVAL, NULL, "a range of ports is too long");
	proto = strchr(text, '/');
	if (proto) {
		*proto++ = '\0';
		r = proto_parse(proto, s, &range.proto, err);
	}
	if (r == 0)
		r = ports_parse(text, s, &range.first, &range.last, err);
	if (r == 0)
		*ret_range = range;
	return r;
}

const char *port_range_print(const struct port_range *range, char dst[PORT_RANGE_SIZE])
{
	const struct portspec spec = { .proto = range->proto };
	char ports[12];

	if (range->first == range->last)
		snprintf(ports, sizeof(ports), "%u", range->first);
	else
		snprintf(ports, sizeof(ports), "%u-%u", range->first, range->last);
	snprintf(dst, PORT_RANGE_SIZE, "%s%s%s", ports, range->proto ? "/" : "", range->proto ? portspec_proto(&spec) : "");
	return dst;
}

uint16_t portspec_outside(const struct portspec *spec, const struct port_range *ranges, size_t count)
{
	unsigned port = spec->host_port, last = portspec_last(spec);
	size_t i = 0;

	while (port <= last && i < count) {
		const struct port_range *range = &ranges[i++];

		if ((range->proto && range->proto != spec->proto) || port < range->first || port > range->last)
			continue;
		port = range->last + 1U; /* what comes after it may be in one that stood before */
		i = 0;
	}
	return port <= last ? (uint16_t)port : 0;
}
