/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysctl - the closed list of kernel switches Moat may write, with the largest
 * value each takes. Floor F1, pure: it makes a path, it opens none.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/obj/fields.h"

/* Meaning and range of each: Documentation/networking/ip-sysctl.rst of the kernel, nf_conntrack-sysctl.rst. */
static const struct sysctl_def sysctls[SYSCTL_KEY_COUNT] = {
	[SYSCTL_IPV4_FORWARDING] = {"net/ipv4/conf/*/forwarding", 1},
	[SYSCTL_IPV6_FORWARDING] = {"net/ipv6/conf/*/forwarding", 1},
	[SYSCTL_IPV6_FORCE_FORWARDING] = {"net/ipv6/conf/*/force_forwarding", 1},
	[SYSCTL_IPV6_ACCEPT_RA] = {"net/ipv6/conf/*/accept_ra", 2},
	[SYSCTL_IPV6_AUTOCONF] = {"net/ipv6/conf/*/autoconf", 1},
	[SYSCTL_IPV6_ADDR_GEN_MODE] = {"net/ipv6/conf/*/addr_gen_mode", 3},
	[SYSCTL_IPV6_ACCEPT_REDIRECTS] = {"net/ipv6/conf/*/accept_redirects", 1},
	[SYSCTL_IPV6_ACCEPT_SOURCE_ROUTE] = {"net/ipv6/conf/*/accept_source_route", 1},
	[SYSCTL_IPV6_DISABLE] = {"net/ipv6/conf/*/disable_ipv6", 1},
	[SYSCTL_IPV4_ACCEPT_REDIRECTS] = {"net/ipv4/conf/*/accept_redirects", 1},
	[SYSCTL_IPV4_SECURE_REDIRECTS] = {"net/ipv4/conf/*/secure_redirects", 1},
	[SYSCTL_IPV4_SEND_REDIRECTS] = {"net/ipv4/conf/*/send_redirects", 1},
	[SYSCTL_IPV4_ACCEPT_SOURCE_ROUTE] = {"net/ipv4/conf/*/accept_source_route", 1},
	[SYSCTL_IPV4_RP_FILTER] = {"net/ipv4/conf/*/rp_filter", 2},
	[SYSCTL_IPV4_ARP_IGNORE] = {"net/ipv4/conf/*/arp_ignore", 8},
	[SYSCTL_IPV4_ARP_ANNOUNCE] = {"net/ipv4/conf/*/arp_announce", 2},
	[SYSCTL_IPV4_ROUTE_LOCALNET] = {"net/ipv4/conf/*/route_localnet", 1},
	[SYSCTL_BRIDGE_CALL_IPTABLES] = {"net/bridge/bridge-nf-call-iptables", 1},
	[SYSCTL_BRIDGE_CALL_IP6TABLES] = {"net/bridge/bridge-nf-call-ip6tables", 1},
	[SYSCTL_BRIDGE_CALL_ARPTABLES] = {"net/bridge/bridge-nf-call-arptables", 1},
	[SYSCTL_CT_TCP_LOOSE] = {"net/netfilter/nf_conntrack_tcp_loose", 1},
	[SYSCTL_UNPRIVILEGED_PORT_START] = {"net/ipv4/ip_unprivileged_port_start", 65535},
	[SYSCTL_IPV4_NEIGH_MCAST_SOLICIT] = {"net/ipv4/neigh/*/mcast_solicit", 3},
	[SYSCTL_IPV6_NEIGH_MCAST_SOLICIT] = {"net/ipv6/neigh/*/mcast_solicit", 3},
	[SYSCTL_PING_GROUP_RANGE] = {"net/ipv4/ping_group_range", 1},
	[SYSCTL_IPV6_PROXY_NDP] = {"net/ipv6/conf/*/proxy_ndp", 1},
	[SYSCTL_IPV6_NEIGH_PROXY_DELAY] = {"net/ipv6/neigh/*/proxy_delay", 80},
	[SYSCTL_IP_EARLY_DEMUX] = {"net/ipv4/ip_early_demux", 1},
};

const struct sysctl_def *sysctl_def_get(unsigned key)
{
	return key > SYSCTL_NONE && key < ARRAY_COUNT(sysctls) ? &sysctls[key] : NULL;
}

bool sysctl_is_per_device(const struct sysctl_def *def)
{
	return strchr(def->pattern, '*');
}

const char *sysctl_word(unsigned key)
{
	const struct sysctl_def *def = sysctl_def_get(key);

	return def ? def->pattern : NULL;
}

int obj_sysctl_path(const struct obj_sysctl *sysctl, char *dst, size_t size)
{
	const struct sysctl_def *def = sysctl_def_get(sysctl->key);
	const char *star;
	int n;

	if (!def)
		return -EINVAL;
	star = strchr(def->pattern, '*');
	if (star ? !name_valid(sysctl->dev) : sysctl->dev[0])
		return -EINVAL;
	if (star)
		n = snprintf(dst, size, "%.*s%s%s", (int)(star - def->pattern), def->pattern,
			     sysctl->dev, star + 1);
	else
		n = snprintf(dst, size, "%s", def->pattern);
	return n >= 0 && (size_t)n < size ? 0 : -EINVAL;
}
