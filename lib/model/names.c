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
		       "a %s's name is 1 to 128 of A-Z, a-z, 0-9, '_', '.' and '-', and begins with a letter or digit",
		       what);
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

/* One port number of a specification; @whole is it all, for messages. */
static int port_parse(const char *s, const char *whole, uint16_t *ret_port, struct err *err)
{
	uint64_t value;

	if (strchr(s, '-'))
		return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, whole, "ranges of ports are not supported yet");
	if (str_u64(s, 65535, &value) < 0 || value == 0)
		return err_set(err, ERR_USAGE, EINVAL, whole, "'%s' is not a port number from 1 to 65535", s);
	*ret_port = (uint16_t)value;
	return 0;
}

int portspec_parse(const char *s, struct portspec *ret_spec, struct err *err)
{
	struct portspec spec = { .proto = IPPROTO_TCP };
	char text[PORTSPEC_SIZE];
	char *proto, *cont, *host, *address = NULL;
	int r;

	if (str_copy(text, sizeof(text), s) < 0)
		return err_set(err, ERR_USAGE, EINVAL, NULL, "a port specification is too long");
	proto = strchr(text, '/');
	if (proto) {
		*proto++ = '\0';
		if (str_eq(proto, "udp"))
			spec.proto = IPPROTO_UDP;
		else if (str_eq(proto, "sctp"))
			return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, s, "publishing sctp is not supported yet");
		else if (!str_eq(proto, "tcp"))
			return err_set(err, ERR_USAGE, EINVAL, s, "the protocol is tcp or udp, not '%s'", proto);
	}
	cont = strrchr(text, ':');
	if (!cont)
		return err_set(err, ERR_USAGE, EINVAL, s,
			       "a port specification is [HOSTIP:]HOST:CONT[/tcp|udp]; write '%s:%s' to publish port %s as "
			       "itself",
			       text, text, text);
	*cont++ = '\0';
	host = strrchr(text, ':');
	if (host) {
		address = text;
		*host++ = '\0';
		if (address[0] == '[') {
			size_t len = strlen(address);

			if (address[len - 1] != ']')
				return err_set(err, ERR_USAGE, EINVAL, s, "'[' without ']' in the host address");
			address[len - 1] = '\0';
			address++;
			if (ip_parse(address, &spec.host_ip) < 0 || spec.host_ip.family != 6)
				return err_set(err, ERR_USAGE, EINVAL, s, "'%s' is not an IPv6 address", address);
		} else if (ip_parse(address, &spec.host_ip) < 0 || spec.host_ip.family != 4) {
			return err_set(err, ERR_USAGE, EINVAL, s,
				       "'%s' is not an IPv4 address (an IPv6 one stands in brackets)", address);
		}
		if (ip_is_unspecified(&spec.host_ip))
			spec.host_ip = (struct ip){ 0 };
		else if (ip_is_multicast(&spec.host_ip))
			return err_set(err, ERR_USAGE, EINVAL, s, "the host address is a multicast address");
	} else {
		host = text;
	}
	r = port_parse(host, s, &spec.host_port, err);
	if (r < 0)
		return r;
	r = port_parse(cont, s, &spec.port, err);
	if (r < 0)
		return r;
	*ret_spec = spec;
	return 0;
}

const char *portspec_print(const struct portspec *spec, char dst[PORTSPEC_SIZE])
{
	const char *proto = spec->proto == IPPROTO_UDP ? "udp" : "tcp";
	char ip[IP_STR_SIZE];

	ip_print(&spec->host_ip, ip);
	if (spec->host_ip.family == 0)
		snprintf(dst, PORTSPEC_SIZE, "%u:%u/%s", spec->host_port, spec->port, proto);
	else
		snprintf(dst, PORTSPEC_SIZE, spec->host_ip.family == 6 ? "[%s]:%u:%u/%s" : "%s:%u:%u/%s", ip,
			 spec->host_port, spec->port, proto);
	return dst;
}
