/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * obj - kernel objects as values. Floor F1, pure: no netlink, no descriptor.
 *
 * Everything Moat keeps in a kernel is one `struct obj`: a namespace, a link,
 * an address, a set element. A desired state is an array of them, a snapshot
 * of the kernel is an array of them, and a plan is an array of (verb, obj).
 * An object has a key (what makes it itself: namespace, kind, name ...) and a
 * value (the rest). Two arrays are compared by key, then by value, and that is
 * all the diff there is.
 *
 * The struct has a fixed size and no padding, since it travels over the seam
 * between engine and hand as it is; unused bytes are zero, so that memcmp()
 * is equality.
 */
#ifndef MOAT_OBJ_OBJ_H
#define MOAT_OBJ_OBJ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

enum {
	OBJ_IFNAME_SIZE = 16, /* IFNAMSIZ */
	OBJ_ALIAS_SIZE = 160, /* of IFALIASZ 256 */
	OBJ_FAMILY_IPV4 = 2, /* NFPROTO_IPV4, NFPROTO_IPV6 */
	OBJ_FAMILY_IPV6 = 10,
	OBJ_ROUTE_MTU_MAX = 65520,    /* that the kernel keeps as it is (net/ipv4/metrics.c, ip_metrics_convert()) */
	OBJ_ROUTE_ADVMSS_MAX = 65495, /* the same */
	OBJ_ROUTE_PROTO = 77, /* our mark on routes and rules (RTPROT_*, /etc/iproute2/rt_protos leaves it free) */
	OBJ_TABLE_FIRST = 77 << 16, /* routing tables of ours: 65536 from here; those below 256 have users by name */
	OBJ_TABLE_LAST = OBJ_TABLE_FIRST + 0xffff,
	OBJ_IFB_FIRST = 1 << 30, /* numbers of our ifb devices, up to 2^31 - 1: far above those that the kernel gives out */
	OBJ_RULE_PRIORITY = 7700, /* of our routing rules: before the main table's 32766 */
};

/*
 * A namespace is named by a 64-bit number: the class in the top 16 bits, the
 * 48-bit id of the tenant or stack below. The host is 0.
 */
enum ns_class {
	NS_HOST = 0,	/* the namespace the daemon was started in: never made, never deleted */
	NS_ROUTER = 1,	/* a tenant's virtual router: made by the hand, pinned by a mount */
	NS_STACK = 2,	/* a bare stack: made by the hand, pinned by a mount, ip_unprivileged_port_start=0 */
	NS_CONTAINER = 3, /* made by the runner inside a user namespace, adopted by fd, held by the supervisor */
	NS_FOREIGN = 4,	/* somebody else's, adopted by fd for one plan, never held */
};
#define NS_ID(class_, id48) (((uint64_t)(class_) << 48) | ((id48) & 0xffffffffffffULL))
static inline enum ns_class ns_class(uint64_t ns) { return (enum ns_class)(ns >> 48); }
static inline uint64_t ns_id48(uint64_t ns) { return ns & 0xffffffffffffULL; }

enum obj_kind {
	OBJ_NONE,
	OBJ_NETNS,  /* key: ns. ADD makes and pins it, DEL unpins it */
	OBJ_LINK,   /* key: ns, name */
	OBJ_SYSCTL, /* key: ns, sysctl.key, sysctl.dev. DEL does nothing: it dies with its link or namespace */
	OBJ_ADDR,   /* key: ns, dev, address, length */
	OBJ_UP,	    /* key: ns, name: the link is administratively up. Apart from the link, since the guard must stand between them */
	OBJ_ROUTE,  /* key: all of it, value none; always protocol OBJ_ROUTE_PROTO */
	OBJ_RULE,   /* key: ns, source, table: value none; always protocol OBJ_ROUTE_PROTO, priority OBJ_RULE_PRIORITY */
	OBJ_NEIGH,  /* key: ns, dev, ip; value mac. NUD_PERMANENT */
	OBJ_FDB,    /* key: ns, dev, mac. NTF_MASTER, NUD_NOARP: static, not local */
	OBJ_RULESET, /* key: ns, ruleset.kind: a constant nft skeleton; value: version, digest */
	OBJ_ELEM,   /* key: ns, elem.set and its key fields; value: its data fields */
	OBJ_PORT,   /* key: ns, name: the device is bound to the guard's ingress hook */
	OBJ_PROXY,  /* key: ns, dev, ip: the host answers neighbour solicitations for it there; always protocol OBJ_ROUTE_PROTO */
	OBJ_QDISC,  /* key: ns, dev; value: a token bucket (TBF) as the root queue of the device */
	OBJ_REDIRECT, /* key: ns, dev; value: the ifb device that what comes in by it takes its way through, behind the guard */
	OBJ_KIND_COUNT
};

enum link_type {
	LINK_LOOPBACK, /* exists in every namespace; never added or deleted; may be OBJ_UP */
	LINK_BRIDGE,
	LINK_VETH,
	LINK_TAP, /* persistent, one queue; made by ioctl, the kernel takes no message for it */
	LINK_IFB, /* a queue for what comes in: see OBJ_REDIRECT */
};

enum link_flag {
	/* bridge port flags as we set them on every guarded port: learning off, unicast flooding off, multicast flooding on */
	LINK_PORT_STATIC = 1 << 0,
};

/**
 * struct obj_link
 * @name: of the link in obj.ns
 * @mac: all zero: not asked for (compare ignores it)
 * @mtu: bytes; 0: not asked for
 * @master: name of the bridge it is a port of, or ""
 * @alias: IFLA_IFALIAS: human name, no newline
 * @peer_ns, @peer_name, @peer_mac: LINK_VETH only: the other end, made in place in the same message
 *   (given when adding; a snapshot leaves them zero, and obj_same() does not look at them)
 * @index: LINK_IFB only: the number it is made with, by which OBJ_REDIRECT means it
 */
struct obj_link {
	char name[OBJ_IFNAME_SIZE];
	char master[OBJ_IFNAME_SIZE];
	char peer_name[OBJ_IFNAME_SIZE];
	uint64_t peer_ns;
	uint32_t mtu;
	struct mac mac;
	struct mac peer_mac;
	uint8_t type;  /* enum link_type */
	uint8_t flags; /* enum link_flag */
	uint8_t zero[2];
	uint32_t index;
	char alias[OBJ_ALIAS_SIZE];
};

/* Every sysctl we may write, by number: the path is a constant of the hand (table in obj.c: name, per device or not). */
enum sysctl_key {
	SYSCTL_NONE,
	SYSCTL_IPV4_FORWARDING,		/* net.ipv4.conf.DEV.forwarding */
	SYSCTL_IPV6_FORWARDING,		/* net.ipv6.conf.DEV.forwarding */
	SYSCTL_IPV6_FORCE_FORWARDING,	/* net.ipv6.conf.DEV.force_forwarding (>= 6.17) */
	SYSCTL_IPV6_ACCEPT_RA,		/* net.ipv6.conf.DEV.accept_ra */
	SYSCTL_IPV6_AUTOCONF,
	SYSCTL_IPV6_ADDR_GEN_MODE,
	SYSCTL_IPV6_ACCEPT_REDIRECTS,
	SYSCTL_IPV6_ACCEPT_SOURCE_ROUTE,
	SYSCTL_IPV6_DISABLE,		/* net.ipv6.conf.DEV.disable_ipv6 */
	SYSCTL_IPV4_ACCEPT_REDIRECTS,
	SYSCTL_IPV4_SECURE_REDIRECTS,
	SYSCTL_IPV4_SEND_REDIRECTS,
	SYSCTL_IPV4_ACCEPT_SOURCE_ROUTE,
	SYSCTL_IPV4_RP_FILTER,
	SYSCTL_IPV4_ARP_IGNORE,
	SYSCTL_IPV4_ARP_ANNOUNCE,
	SYSCTL_IPV4_ROUTE_LOCALNET,
	SYSCTL_BRIDGE_CALL_IPTABLES,	/* net.bridge.bridge-nf-call-iptables; absent without br_netfilter: counts as 0 */
	SYSCTL_BRIDGE_CALL_IP6TABLES,
	SYSCTL_BRIDGE_CALL_ARPTABLES,
	SYSCTL_CT_TCP_LOOSE,		/* net.netfilter.nf_conntrack_tcp_loose */
	SYSCTL_UNPRIVILEGED_PORT_START, /* net.ipv4.ip_unprivileged_port_start */
	SYSCTL_IPV4_NEIGH_MCAST_SOLICIT, /* net.ipv4.neigh.DEV.mcast_solicit: how often a neighbour is searched for */
	SYSCTL_IPV6_NEIGH_MCAST_SOLICIT,
	SYSCTL_PING_GROUP_RANGE,	/* net.ipv4.ping_group_range: value 1 writes "0 2147483647" */
	SYSCTL_IPV6_PROXY_NDP,		/* net.ipv6.conf.DEV.proxy_ndp: solicitations for proxies of ours are answered */
	SYSCTL_IPV6_NEIGH_PROXY_DELAY,	/* net.ipv6.neigh.DEV.proxy_delay: at most so late, hundredths of a second */
	SYSCTL_IP_EARLY_DEMUX,		/* net.ipv4.ip_early_demux, of IPv6 too: a socket is looked for before a route is */
	SYSCTL_KEY_COUNT
};

/**
 * struct obj_sysctl
 * @dev: link name, "all", "default", or "" where the key is not per device
 */
struct obj_sysctl {
	char dev[OBJ_IFNAME_SIZE];
	int32_t value;
	uint16_t key; /* enum sysctl_key */
	uint8_t zero[2];
};

/** struct obj_addr - always nodad for IPv6, no prefix route left out; scope link for link-local ones */
struct obj_addr {
	char dev[OBJ_IFNAME_SIZE];
	struct prefix addr; /* host bits kept */
};

/**
 * struct obj_route
 * @metric: 0: the kernel's own, which is 0 of IPv4 and 1024 of IPv6 (and so never 1024 here)
 * @table: 0: main; else one of ours
 * @mtu, @advmss: of what takes it: size of a packet, and segment that a TCP connection announces; 0: those of the link
 */
struct obj_route {
	char dev[OBJ_IFNAME_SIZE]; /* "" lets the kernel choose by the gateway */
	struct prefix dst;	   /* network form; len 0 is the default route */
	struct ip via;		   /* family 0: on link */
	uint8_t zero;
	uint32_t metric, table;
	uint32_t mtu, advmss;
};

/** struct obj_rule - what leaves with this source address is routed by @table, one of ours */
struct obj_rule {
	struct prefix src; /* one address */
	uint8_t zero[2];
	uint32_t table;
};

struct obj_neigh {
	char dev[OBJ_IFNAME_SIZE];
	struct ip ip;
	struct mac mac;
};

/** struct obj_proxy - @ip: IPv6 */
struct obj_proxy {
	char dev[OBJ_IFNAME_SIZE];
	struct ip ip;
};

struct obj_fdb {
	char dev[OBJ_IFNAME_SIZE];
	struct mac mac;
};

enum ruleset_kind {
	RULESET_NONE,
	RULESET_HOST,	/* table inet moat in the host: publishing, masquerade, edge filter */
	RULESET_ROUTER, /* table inet moat in a router: input, forward, NAT */
	RULESET_GUARD,	/* table netdev moat in a router: the guard of its ports */
	RULESET_KIND_COUNT
};

/** struct obj_ruleset - @digest: of a snapshot: 1 when every chain, set and rule of that version stands, else 0 */
struct obj_ruleset {
	uint16_t kind;
	uint16_t version;
	uint32_t digest;
};

/* Fields a set's key and data are made of, in the order they stand in the kernel's concatenation. */
enum elem_field {
	ELEM_DEV = 1 << 0,     /* ifname, 16 bytes */
	ELEM_MAC = 1 << 1,     /* 6 bytes */
	ELEM_IP = 1 << 2,      /* 4 or 16 bytes by the set's family */
	ELEM_PROTO = 1 << 3,   /* 1 byte */
	ELEM_PORT = 1 << 4,    /* 2 bytes, network order in the kernel, host order here */
	ELEM_TO_IP = 1 << 5,   /* data */
	ELEM_TO_PORT = 1 << 6, /* data */
	ELEM_LAST = 1 << 7,    /* of an interval set: the last port of the key, ELEM_PORT being the first */
	ELEM_TO_LAST = 1 << 8, /* data */
	ELEM_FAMILY = 1 << 12, /* 1 byte: NFPROTO_IPV4, NFPROTO_IPV6 */
	ELEM_LEN = 1 << 13,    /* of an interval set, a concatenation: ELEM_IP is a prefix of this length */
	ELEM_MARK = 1 << 9,    /* 4 bytes, host order */
	ELEM_TO_MARK = 1 << 10, /* data */
};

enum nft_set {
	SET_NONE,
	/* guard (table netdev moat of a router) */
	SET_GUARD_MAC, /* mac_ok: ifname . ether saddr; used for ND link-layer options too */
	SET_GUARD_ARP, /* arp_ok: ifname . ether . ip4 */
	SET_GUARD_IP4, /* ip4_ok: ifname . ip4 */
	SET_GUARD_IP6, /* ip6_ok: ifname . ip6, link-local included; used for ND targets too */
	SET_GUARD_ALLOW4, /* allow4: ifname . prefix: what a port may send from beside its own addresses */
	SET_GUARD_ALLOW6,
	SET_GUARD_ROUTED, /* routed: ifname of a port that stands in no bridge */
	/* router (table inet moat) */
	SET_ROUTER_EGRESS, /* egress: ifname of a bridge, or of a routed port, that may go out by the uplink, masqueraded */
	SET_ROUTER_PUB4,   /* pub4: map proto . port -> ip4 . port */
	SET_ROUTER_PUB6,
	SET_ROUTER_RANGE4, /* range4: map proto . ports -> ip4: the port stays */
	SET_ROUTER_RANGE6,
	SET_ROUTER_SHIFT4, /* shift4: map proto . ports -> ip4 . ports: obj_valid() says which the kernel can shift */
	SET_ROUTER_SHIFT6,
	SET_ROUTER_DNS, /* dns: ifname of a bridge (or port) from which names may be asked */
	SET_ROUTER_NETWORK, /* network_of: map ifname of a bridge or a routed port -> mark of its network */
	SET_ROUTER_MEMBER,  /* members: ifname . mark: the same, for the way out */
	SET_ROUTER_ROUTED4, /* routed4: prefix . mark: of a network whose addresses leave as they are */
	SET_ROUTER_ROUTED6,
	SET_ROUTER_HOST4, /* host4: ip . mark: the host's end of the uplink, and a network that it may reach */
	SET_ROUTER_HOST6,
	/* host (table inet moat) */
	SET_HOST_UPLINK,  /* uplinks: ifname */
	SET_HOST_CAP_1K,  /* cap_1024 ...: ifname of an uplink through which so many connections may go at a time */
	SET_HOST_CAP_4K,
	SET_HOST_CAP_16K,
	SET_HOST_CAP_64K,
	SET_HOST_OPENED4, /* opened4: ifname of a device that forwards for our sake alone */
	SET_HOST_OPENED6,
	SET_HOST_OPENED_ALL, /* opened_all: family in which all devices do (IPv6 before 6.17) */
	SET_HOST_SRC4,	  /* src4: ifname . ip4: what may come from an uplink */
	SET_HOST_SRC6,
	SET_HOST_ROUTED4, /* routed4: ifname . prefix: what is routed to an uplink, and may come from it */
	SET_HOST_ROUTED6,
	SET_HOST_OWN4,	  /* own4: prefix . family: the same of all uplinks: not translated, and of nobody outside */
	SET_HOST_OWN6,
	SET_HOST_ACCESS4, /* access4: ifname . prefix: from where the host itself is reached */
	SET_HOST_ACCESS6,
	SET_HOST_PUB4,	  /* pub4: map proto . port -> ip4 . port: any local address */
	SET_HOST_PUB6,
	SET_HOST_PUBIP4,  /* pubip4: map ip4 . proto . port -> ip4 . port: one local address */
	SET_HOST_PUBIP6,
	SET_HOST_RANGE4,   /* range4: map proto . ports -> ip4: any local address */
	SET_HOST_RANGE6,
	SET_HOST_RANGEIP4, /* rangeip4: map ip4 . proto . ports -> ip4: one local address */
	SET_HOST_RANGEIP6,
	SET_COUNT
};

/** struct set_def - one row a set: everything coder, printer and parser need to know */
struct set_def {
	const char *name;     /* in the table */
	enum ruleset_kind in; /* whose table it stands in */
	uint8_t family;	      /* of ELEM_IP and ELEM_TO_IP: 4, 6, or 0 */
	uint16_t key;	      /* enum elem_field bits */
	uint16_t data;	      /* 0 for a set, else a map */
};
/** set_def_get() - the row of @set, NULL for a number that is none */
const struct set_def *set_def_get(unsigned set);

struct obj_elem {
	char dev[OBJ_IFNAME_SIZE];
	struct mac mac;
	struct ip ip;
	uint8_t proto; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	uint16_t port; /* host order */
	struct ip to_ip;
	uint8_t family; /* NFPROTO_IPV4 (2), NFPROTO_IPV6 (10) */
	uint16_t to_port; /* host order */
	uint16_t set;	  /* enum nft_set */
	uint16_t last;	  /* of an interval set: from @port to this, inclusive */
	uint16_t to_last;
	uint32_t mark;	  /* 1 to 2^31 - 1 */
	uint32_t to_mark; /* the same */
	uint8_t len;	  /* of the prefix @ip */
	uint8_t zero[3];
};

/** set_of_cap() - the set of uplinks that may have @connections (1024, 4096, 16384, 65536), SET_NONE for other numbers */
enum nft_set set_of_cap(uint32_t connections);

/** struct obj_port - one device under the guard: bound by a chain of its own, or by one chain's device list (kernel >= 6.4) */
struct obj_port {
	char dev[OBJ_IFNAME_SIZE];
};

/**
 * struct obj_qdisc - what leaves by @dev, at most @rate of it
 * @rate: bytes a second
 * @burst: how long it may go at full speed after a pause, in the kernel's ticks of 64 ns (PSCHED_SHIFT, include/net/pkt_sched.h):
 *   what it shows is then what it was given
 * @limit: bytes that wait at most; what comes beyond is dropped
 */
struct obj_qdisc {
	char dev[OBJ_IFNAME_SIZE];
	uint64_t rate;
	uint32_t burst, limit;
};
enum { OBJ_TICK_NS = 64 };

/** struct obj_redirect - @to: index of the ifb device */
struct obj_redirect {
	char dev[OBJ_IFNAME_SIZE];
	uint32_t to;
};

struct obj {
	uint64_t ns;
	uint16_t kind; /* enum obj_kind */
	uint8_t zero[6];
	union {
		struct obj_link link;
		struct obj_sysctl sysctl;
		struct obj_addr addr;
		struct obj_port up;
		struct obj_route route;
		struct obj_rule rule;
		struct obj_neigh neigh;
		struct obj_proxy proxy;
		struct obj_fdb fdb;
		struct obj_ruleset ruleset;
		struct obj_elem elem;
		struct obj_port port;
		struct obj_qdisc qdisc;
		struct obj_redirect redirect;
		uint8_t bytes[240];
	};
};
_Static_assert(sizeof(struct obj) == 256, "obj is a record of the seam");
_Static_assert(sizeof(struct obj_link) == 240, "obj_link fills the union");

/* A growing array of objects. Zero initialised is empty. */
struct objv {
	struct obj *items;
	size_t count, capacity;
};
void objv_fini(struct objv *v);
void objv_clear(struct objv *v);
void objv_add(struct objv *v, const struct obj *obj);
void objv_sort(struct objv *v); /* by obj_key_cmp */
/** objv_find() - the object with the key of @key in a sorted array, or NULL */
const struct obj *objv_find(const struct objv *v, const struct obj *key);

/* Constructors: the whole value, zeroed where not given. Names that do not fit are a bug of the caller (assert). */
struct obj obj_netns(uint64_t ns);
struct obj obj_bridge(uint64_t ns, const char *name, const struct mac *mac, uint32_t mtu, const char *alias);
struct obj obj_veth(uint64_t ns, const char *name, const struct mac *mac, uint64_t peer_ns, const char *peer_name,
		    const struct mac *peer_mac, uint32_t mtu, const char *master, const char *alias);
struct obj obj_tap(uint64_t ns, const char *name, uint32_t mtu, const char *master, const char *alias);
struct obj obj_sysctl(uint64_t ns, enum sysctl_key key, const char *dev, int32_t value);
struct obj obj_addr(uint64_t ns, const char *dev, const struct prefix *addr);
struct obj obj_up(uint64_t ns, const char *dev);
struct obj obj_route(uint64_t ns, const struct prefix *dst, const struct ip *via, const char *dev);
struct obj obj_route_in(uint64_t ns, const struct prefix *dst, const struct ip *via, const char *dev, uint32_t metric,
			uint32_t table);
struct obj obj_rule(uint64_t ns, const struct ip *src, uint32_t table);
struct obj obj_neigh(uint64_t ns, const char *dev, const struct ip *ip, const struct mac *mac);
struct obj obj_proxy(uint64_t ns, const char *dev, const struct ip *ip);
struct obj obj_fdb(uint64_t ns, const char *dev, const struct mac *mac);
struct obj obj_ruleset(uint64_t ns, enum ruleset_kind kind, uint16_t version);
struct obj obj_port(uint64_t ns, const char *dev);
struct obj obj_ifb(uint64_t ns, const char *name, uint32_t index, const char *alias);
struct obj obj_qdisc(uint64_t ns, const char *dev, uint64_t rate, uint32_t burst, uint32_t limit);
struct obj obj_redirect(uint64_t ns, const char *dev, uint32_t to);
struct obj obj_elem(uint64_t ns, enum nft_set set); /* fields filled by the caller */

/** obj_key_cmp() - order by (ns, kind, key fields); 0 means the same object */
int obj_key_cmp(const struct obj *a, const struct obj *b);
/**
 * obj_same() - of two objects with one key: are the values equal as far as a kernel can show them?
 * @want is the desired one: fields it leaves at "not asked for" are not compared.
 */
bool obj_same(const struct obj *want, const struct obj *have);

/**
 * obj_valid() - is it well formed: known kind, known enums, NUL-terminated printable names, lengths within
 * families, unused bytes zero? The hand runs it on every record; it is a decoder of hostile input.
 */
bool obj_valid(const struct obj *obj);

/** obj_implies() - does the end of @outer end @inner too (a namespace and all in it, a link and what hangs on it but its port and redirect, a ruleset and its elements, ports, redirects)? */
bool obj_implies(const struct obj *outer, const struct obj *inner);

/** obj_sysctl_path() - "net/ipv4/conf/eth0/forwarding" below /proc/sys. Return: 0 or -EINVAL. */
int obj_sysctl_path(const struct obj_sysctl *sysctl, char *dst, size_t size);

/**
 * obj_print() - one line of text, appended: kind, namespace, then key=value in a fixed order:
 *   link ns=router:0123456789ab name=mp... type=veth mac=.. mtu=1500 master=mb... peer=stack:..../eth0 alias="red/w1:eth0"
 * obj_parse() is its inverse for every valid object. Return: 0 or -EINVAL with the column in @err.
 */
void obj_print(const struct obj *obj, struct buf *text);
int obj_parse(const char *line, struct obj *ret_obj, struct err *err);
/** ns_print() - "host", "router:0123456789ab", "stack:...", "container:...", "foreign:..." */
void ns_print(uint64_t ns, char dst[24]);
int ns_parse(const char *s, uint64_t *ret_ns);
const char *obj_kind_name(enum obj_kind kind);

#endif
