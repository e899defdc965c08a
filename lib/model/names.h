/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names - the names users give to objects: rules, full names, port
 * specifications. Floor F2, pure.
 */
#ifndef MOAT_MODEL_NAMES_H
#define MOAT_MODEL_NAMES_H

#include <stdbool.h>

#include "lib/base/addr.h"
#include "lib/base/err.h"

enum {
	NAME_TENANT_SIZE = 64,	/* 63 characters and NUL */
	NAME_SIZE = 129,	/* 128 characters and NUL */
	NAME_IFNAME_SIZE = 16,	/* IFNAMSIZ */
	NAME_FULL_SIZE = NAME_TENANT_SIZE + NAME_SIZE + NAME_IFNAME_SIZE + 2,
	PORTSPEC_SIZE = 96,
};

/* Is @s a legal name of its kind? Each failure names the rule in @err. Return: 0 or -EINVAL (ERR_NAME). */
int name_tenant_check(const char *s, struct err *err);
int name_check(const char *what, const char *s, struct err *err);
int name_ifname_check(const char *s, struct err *err);

/**
 * struct name - a full name taken apart
 * @ifname: "" when there was no ":IFNAME"
 */
struct name {
	char tenant[NAME_TENANT_SIZE];
	char name[NAME_SIZE];
	char ifname[NAME_IFNAME_SIZE];
};

/**
 * name_parse() - "TENANT/NAME", "NAME" (tenant "default"), and with @with_ifname also ":IFNAME" behind it
 * @what: for messages: "network", "stack"
 */
int name_parse(const char *what, const char *s, bool with_ifname, struct name *ret_name, struct err *err);
/** name_print() - inverse: "red/w1", or "red/w1:eth0" where there is an interface */
const char *name_print(const struct name *name, char dst[NAME_FULL_SIZE]);

/**
 * struct portspec - one published port, or a range of them
 * @host_ip: family 0: every address of the host
 * @more: ports of a range beyond the first, on both sides; 0: one port
 */
struct portspec {
	struct ip host_ip;
	uint8_t proto; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	uint16_t host_port, port;
	uint16_t more;
};

/**
 * portspec_parse() - [HOSTIP:]HOST[-END]:CONT[-END][/tcp|udp|sctp], HOSTIP as 192.0.2.1 or [2001:db8::1]
 * A bare port is refused with a hint, and so are ranges of two lengths. Port 0 is refused. A range of one port is
 * that port; the unspecified address is every address.
 */
int portspec_parse(const char *s, struct portspec *ret_spec, struct err *err);
/** portspec_print() - the normal form, protocol always given */
const char *portspec_print(const struct portspec *spec, char dst[PORTSPEC_SIZE]);
bool portspec_same(const struct portspec *a, const struct portspec *b);
uint16_t portspec_last(const struct portspec *spec); /* of the host's ports */
const char *portspec_proto(const struct portspec *spec);

enum { PORT_RANGE_SIZE = 24 };
/** struct port_range - @proto 0: any; @first..@last of the host's ports */
struct port_range {
	uint16_t first, last;
	uint8_t proto;
};
/** port_range_parse() - "FIRST[-LAST][/tcp|udp|sctp]" */
int port_range_parse(const char *s, struct port_range *ret_range, struct err *err);
const char *port_range_print(const struct port_range *range, char dst[PORT_RANGE_SIZE]);
/** portspec_outside() - the first port of the host that @spec takes and no range has; 0: all are in them */
uint16_t portspec_outside(const struct portspec *spec, const struct port_range *ranges, size_t count);

/** portspec_is_loopback6() - on [::1] of the host: nftables cannot lead there, a listener of moatd-dns does */
bool portspec_is_loopback6(const struct portspec *spec);

#endif
