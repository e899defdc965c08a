/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model - what should be: tenants, networks, stacks, endpoints, published
 * ports, wires. Floor F2, pure: data and the rules that keep it sound. It
 * touches no descriptor, kernel or clock; ids come from the caller.
 *
 * Identity is the 48-bit id, never a name or an address: a name may be taken
 * again the moment its holder is cut off, while the holder's kernel objects,
 * which bear the id, still wait to be removed.
 *
 * Every function that adds checks all its rules first and changes nothing
 * when one is broken.
 */
#ifndef MOAT_MODEL_MODEL_H
#define MOAT_MODEL_MODEL_H

#include "lib/base/addr.h"
#include "lib/base/ds.h"
#include "lib/base/err.h"
#include "lib/model/ipam.h"
#include "lib/model/names.h"
#include "lib/obj/obj.h"

enum {
	MODEL_SUBNETS_MAX = IPAM_SUBNETS_MAX, /* of one network */
	TENANT_ALLOW_PORTS_MAX = 16,
	MODEL_ROUTED_MAX = 16,
	MODEL_ONLINK_MAX = 8,
	MODEL_HELD_MAX = 32,
	MODEL_ROUTES_MAX = 64,
	MODEL_IPS_MAX = IPAM_IPS_MAX,	      /* of one endpoint */
	NETWORK_PORTS_MAX = 1023, /* net/bridge/br_private.h: BR_MAX_PORTS 1 << 10, number 0 is not used */
	NETWORK_ROUTED_MAX = 10000,
	ENDPOINT_PUBLISH_MAX = 1024,
	ENDPOINT_ALLOW_MAX = 16, /* prefixes */
	ENDPOINT_ALIASES_MAX = 16,
	ENDPOINT_ROUTES_MAX = 64,
	ROUTE_METRIC_MAX = INT32_MAX, /* the numbers of an object are signed */
	ROUTE_ADVMSS_MAX = OBJ_ROUTE_ADVMSS_MAX,
	STACK_ROUTES_MAX = 16384,
	ROUTE_METRIC_FIRST = 1024, /* of a stack's first default route: what IPv6 and DHCP clients give; room before and behind */
	LABELS_SIZE = 2048, /* bytes of JSON */
	REQUEST_ID_SIZE = 129,
};

enum tenant_kind { TENANT_PLAIN, TENANT_LAB };
/**
 * enum network_mode
 * NETWORK_BRIDGE: one segment with a gateway, its table fixed
 * NETWORK_ROUTED: no segment: a route and a link for each endpoint; the gateway has one address in all networks
 * NETWORK_L2: a segment that learns, without gateway, addresses and guard, from which nothing leads anywhere
 */
enum network_mode { NETWORK_BRIDGE, NETWORK_ROUTED, NETWORK_L2, NETWORK_MODE_COUNT };
enum stack_kind { STACK_BARE, STACK_CONTAINER, STACK_FOREIGN };

/**
 * enum life - where an object is on its way
 * LIFE_PENDING: its plan is on the way; its names and addresses are taken, nobody is told of it but moatd-dns
 * LIFE_UP: it stands
 * What is to go leaves the model at once, so that its names and addresses are free; its kernel objects go by id.
 */
enum life { LIFE_PENDING, LIFE_UP };

struct quota {
	int64_t endpoints, networks, ports; /* -1: no limit */
};

/**
 * struct pools - address space that tenants are given from; chosen at first start so that it overlaps no route
 * @transit4, @transit6: one /31 and one /127 a tenant for its uplink
 * @nets4, @nets6: a /24 and a /64 for each network that asks for none
 */
struct pools {
	struct prefix transit4, transit6, nets4, nets6;
};

struct tenant {
	uint64_t id;
	char name[NAME_TENANT_SIZE];
	enum tenant_kind kind;
	enum life life;
	char delegate[33]; /* user name, "" for none (LOGIN_NAME_MAX is larger, utmp's is 32) */
	struct quota quota;
	struct port_range allow_ports[TENANT_ALLOW_PORTS_MAX]; /* the ports of the host it may publish; none: any */
	size_t allow_ports_count;
	uint32_t transit;	 /* index of its uplink prefix in the pools */
	struct table networks;	 /* by name */
	struct table stacks;	 /* by name */
	struct list stack_order; /* of stacks, as they were made */
	size_t endpoint_count, port_count; /* ports: each of a range counts */
	struct model *model;
};

struct network {
	uint64_t id;
	char name[NAME_SIZE];
	enum network_mode mode;
	enum life life;
	struct tenant *tenant;
	struct prefix subnets[MODEL_SUBNETS_MAX]; /* network form */
	struct ip gateways[MODEL_SUBNETS_MAX];	  /* one a subnet; of a routed network not part of it */
	size_t subnet_count;
	uint32_t mtu;
	bool guard, masquerade, internal;
	bool host_access;	 /* the host and its endpoints reach one another: where its subnets are routed */
	bool dns;		 /* names are served on its gateway */
	bool dns_rebind_protect; /* names from outside that lead to private addresses are refused */
	bool setting; /* a change of its definition is on its way, or was when it was stored: nothing is attached meanwhile */
	bool routed[MODEL_SUBNETS_MAX];	    /* the subnet leaves with its own addresses, and the host routes it here */
	bool reached[MODEL_SUBNETS_MAX];    /* the host and the subnet reach one another: of host_access */
	uint64_t cursor[MODEL_SUBNETS_MAX]; /* next host number to try */
	struct ipam ipam;
	struct table used;		    /* struct ip -> struct endpoint */
	struct table macs;		    /* struct mac -> struct endpoint */
	struct list endpoints;		    /* by network_link */
	size_t endpoint_count;
};

/**
 * struct stack_route - a way out of a stack
 * @via: family 0, of an endpoint's alone: the network's gateway, and on link where there is none
 * @metric: of an endpoint's; 0: that of its default route
 * @mtu, @advmss: of what takes it, of an endpoint's; 0: the interface's
 */
struct stack_route {
	struct prefix dst;
	struct ip via;
	uint32_t metric;
	uint32_t mtu, advmss;
};

struct stack {
	uint64_t id, ns; /* ns: NS_ID(class by kind, id) */
	char name[NAME_SIZE];
	enum stack_kind kind;
	enum life life;
	struct tenant *tenant;
	struct list order;	   /* in tenant.stack_order */
	struct list endpoints;	   /* by stack_link */
	uint64_t netns[2];	   /* device and inode of the namespace, 0 when not known: model_stack_set_netns() */
	char netns_path[256];	   /* as the caller named a foreign one, "" else */
	bool forwarding;	   /* lab node that routes */
	struct prefix loopback[4]; /* lab node's own addresses */
	size_t loopback_count;
	struct stack_route *routes; /* lab node's static routes, owned */
	size_t route_count;
	char *request; /* as of an endpoint, of model.stack_requests; NULL for none; owned */
};

struct publish {
	struct portspec spec;
	struct endpoint *endpoint;
};

/**
 * struct bandwidth - what an endpoint may receive (ingress, as CNI calls it) and send (egress)
 * Rates in bits a second, bursts in bits; a rate of 0 is no limit, a burst of 0 one that goes with the rate.
 */
struct bandwidth {
	uint64_t ingress_rate, ingress_burst;
	uint64_t egress_rate, egress_burst;
};

struct endpoint {
	uint64_t id;
	enum life life;
	struct stack *stack;
	struct network *network; /* NULL: an end of a wire */
	struct endpoint *peer;	 /* the other end of a wire */
	bool wire_first;	 /* of the two ends the one that stands for the veth pair */
	struct list stack_link, network_link;
	char ifname[NAME_IFNAME_SIZE];
	struct mac mac;
	struct prefix ips[MODEL_IPS_MAX];
	size_t ip_count;
	size_t leaving; /* it has none, but the first so many of @ips until that is certain: see model_endpoint_ips_settle() */
	uint32_t mtu;
	bool mtu_follows; /* the network's, and changes with it */
	bool default_route; /* has one in the main table */
	uint16_t metric;    /* of it; the least of a stack wins. No two of a stack have the same */
	bool own_table;	    /* what leaves from its addresses is routed by a table of its own */
	char **aliases; /* other names that the name service has it under; owned */
	size_t alias_count;
	struct stack_route *routes; /* ways by it beside the default route, which one to all addresses takes the place of; owned */
	size_t route_count;
	struct bandwidth bandwidth;
	bool setting;	    /* a change of it is on its way */
	bool tap;	    /* a tap device, whose other side is a virtual machine; the stack has no address of it */
	struct prefix *allow; /* what it may send from beside its own addresses, and what is routed to it; owned */
	size_t allow_count;
	struct publish **publish; /* owned */
	size_t publish_count;
	char *labels; /* JSON object as text, or NULL; owned */
	char *request; /* who asked, in which tenant, with which requestId: the key of model.requests; NULL for none; owned */
};

/** struct model_watch - told of what was up and leaves, while it is whole; members may be NULL */
struct model_watch {
	void *ctx;
	void (*endpoint_gone)(void *ctx, const struct endpoint *endpoint);
	void (*network_gone)(void *ctx, const struct network *network);
};

/**
 * struct host_links - what the host's own links have of what is routed to it
 * @onlink: IPv6 prefixes of links by which the host goes out: the routers there ask each address for itself, so that the host
 *   must answer for endpoints
 * @routes: private prefixes to which the host itself leads, by other links than ours; @routes_more: they are too many to be known
 * @held: addresses of the host and of its next hops, which no network can have
 */
struct host_links {
	struct {
		struct prefix prefix;
		char dev[OBJ_IFNAME_SIZE];
	} onlink[MODEL_ONLINK_MAX];
	size_t onlink_count;
	struct ip held[MODEL_HELD_MAX];
	size_t held_count;
	struct prefix routes[MODEL_ROUTES_MAX];
	size_t routes_count;
	bool routes_more;
};

struct model {
	struct model_watch watch;
	struct pools pools;
	struct prefix routed[MODEL_ROUTED_MAX]; /* what is routed to this host, as its administrator says */
	size_t routed_count;
	struct host_links links; /* as they are now */
	struct table tenants; /* by name */
	struct table ids;     /* every id in use */
	struct table endpoint_ids; /* id -> struct endpoint */
	struct table stack_nss;	   /* stack.ns -> struct stack */
	struct table memories; /* id -> struct ipam_memory */
	struct table transits; /* by index */
	struct table ports;   /* (protocol, address of the host or tenant) -> struct port_scope of publish.c */
	struct list port_addresses; /* those of them that are addresses of the host */
	struct table requests; /* endpoint.request -> struct endpoint */
	struct table stack_requests; /* stack.request -> struct stack */
	uint64_t *forgotten;   /* rows of memories that the store may drop: model_forgotten(); owned */
	size_t forgotten_count;
	struct table netnses;  /* stack.netns -> struct stack */
	uint32_t **transits_held; /* indexes of nobody who is known: model_transit_hold(); owned */
	size_t transits_held_count;
	bool strangers; /* something of the kernel is there for tenants who are not known: the host's part stands for them */
	bool loading; /* what the store held stands whatever the quotas say: they may have been set below it */
	uint32_t transit_cursor;
	uint64_t net4_cursor, net6_cursor;
	struct table nets; /* struct prefix given from the pools -> struct network */
};

void model_init(struct model *model, const struct pools *pools);
void model_fini(struct model *model);
/** quota_left() - may @count more be had, where @held are held and @limit is the quota? */
bool quota_left(const struct tenant *tenant, int64_t limit, size_t held, size_t count);
bool model_id_taken(const struct model *model, uint64_t id);

/* Look-ups find what stands and what is pending. NULL where there is none. */
struct tenant *model_tenant(const struct model *model, const char *name);
struct network *model_network(const struct model *model, const struct name *name);
struct stack *model_stack(const struct model *model, const struct name *name);
struct endpoint *stack_endpoint(const struct stack *stack, const char *ifname);

/* -------------------------------------------------------------------- tenants */
struct tenant_want {
	const char *name;
	enum tenant_kind kind;
	const char *delegate; /* NULL: none */
	struct quota quota;
	const struct port_range *allow_ports;
	size_t allow_ports_count;
	uint64_t id;
	int64_t transit; /* -1: the next free one; else as stored */
};
int model_tenant_add(struct model *model, const struct tenant_want *want, struct tenant **ret_tenant, struct err *err);
void model_tenant_del(struct tenant *tenant); /* with all in it */
/** model_transit_hold() - give uplink number @index to nobody. One that is somebody's, or none of the pool, is passed over. */
void model_transit_hold(struct model *model, uint64_t index);
struct prefix tenant_transit4(const struct tenant *tenant, bool router); /* /31, address of that side */
struct prefix tenant_transit6(const struct tenant *tenant, bool router); /* /127 */

/* ------------------------------------------------------------------- networks */
struct network_def;
struct network_want {
	struct name name;
	uint64_t id;
	const struct prefix *subnets;
	size_t subnet_count; /* 0: the next free /24 and /64 of the pools */
	const struct ip *gateways;
	size_t gateway_count; /* fewer than subnets: the first address of the subnet */
	enum network_mode mode;
	uint32_t mtu;
	bool guard, masquerade, internal, dns, dns_rebind_protect, host_access;
	const struct ip_range *excluded;
	size_t excluded_count;
	const struct ipam_reserve *reserved;
	size_t reserved_count;
};
int model_network_add(struct model *model, const struct network_want *want, struct network **ret_network, struct err *err);
void model_network_del(struct network *network); /* must hold no endpoint */
/** network_has_dns() - is there a name service: wanted, and a gateway to serve it from */
bool network_has_dns(const struct network *network);
/** network_mode_name() - "bridge", "routed", "l2" */
const char *network_mode_name(enum network_mode mode);
/** network_mode_parse() - Return: 0 or -EINVAL */
int network_mode_parse(const char *name, enum network_mode *ret_mode);
/** network_gateway() - of routed networks: 169.254.1.1 for family 4, fe80::1 for 6 */
struct ip network_gateway(uint8_t family);
/**
 * network_names6() - where the name service of routed networks is reached by IPv6: fec0:0:0:ffff::1
 * One address a router, as 169.254.1.1 is. It cannot be the gateway's, which is link-local and would have to stand on each port.
 * This one was set apart for name servers (draft-ietf-ipngwg-dns-discovery; systems without another ask there), in a range that
 * nobody routes any more (RFC 3879).
 */
struct ip network_names6(void);
/** network_goes_out() - may its endpoints use the uplink? */
bool network_goes_out(const struct network *network);
/**
 * network_route() - find out which subnets of @network are routed: those of a network without masquerade, that may go out, that
 * are part of model.routed and of no other network's; and which are reached from the host: routed ones, and private ones that
 * neither another network has so nor the host itself leads to
 */
void network_route(struct network *network);
/** network_proxy_dev() - the link of the host on which it answers for @ip, of an endpoint of @network; NULL: none */
const char *network_proxy_dev(const struct network *network, const struct ip *ip);
/** model_route_all() - model.links is another: network_route() of all */
void model_route_all(struct model *model);
/** network_access_check() - may @network (to be: NULL) with these be one with host access? Return: 0, -EOPNOTSUPP, -EEXIST. */
int network_access_check(const struct model *model, const struct network *network, const struct network_def *def,
			 const char *full, struct err *err);
/** network_is_routed() - is any of its subnets? */
bool network_is_routed(const struct network *network);
/**
 * network_route_check() - would @subnet be routed for @network (of a network to be: NULL), and to another already, or is it,
 * or part of it, the host's own? Return: 0 or -EEXIST.
 */
int network_route_check(const struct model *model, const struct network *network, const struct prefix *subnet,
			const char *full, struct err *err);
/** network_mark() - number of the network in its router: of the id, 31 bits, no other network of the tenant has it */
uint32_t network_mark(uint64_t id);

/**
 * struct network_def - what of a network may be changed while it stands, as a value
 * A change is: get, alter, check, apply; and back by applying what was got first.
 */
struct network_def {
	uint32_t mtu;
	bool masquerade, internal, dns, dns_rebind_protect, host_access;
	struct prefix subnets[MODEL_SUBNETS_MAX];
	struct ip gateways[MODEL_SUBNETS_MAX];
	size_t subnet_count;
	struct ip_range *excluded; /* owned */
	size_t excluded_count;
	struct ipam_reserve *reserved; /* owned */
	size_t reserved_count;
};
void network_def_get(const struct network *network, struct network_def *ret_def);
void network_def_fini(struct network_def *def);
/* Alter: each names in @err what cannot be. What is there already, or gone already, is no failure. */
int network_def_subnet_add(struct network_def *def, const struct network *network, const struct prefix *subnet,
			   const struct ip *gateway, struct err *err); /* @gateway NULL: the first address */
int network_def_subnet_remove(struct network_def *def, const struct network *network, const struct prefix *subnet,
			      struct err *err); /* in which nobody has an address, and that is not the last */
int network_def_exclude(struct network_def *def, const struct network *network, const struct ip_range *range, struct err *err);
int network_def_unexclude(struct network_def *def, const struct network *network, const struct ip_range *range,
			  struct err *err);
int network_def_reserve(struct network_def *def, const struct network *network, const struct ipam_reserve *reserve,
			struct err *err);
/** network_def_unreserve() - one address of the name, or (family 0) all of them */
int network_def_unreserve(struct network_def *def, const struct network *network, const struct ipam_reserve *reserve,
			  struct err *err);
/** network_def_check() - does all of it hold together, and with what stands? */
int network_def_check(const struct network_def *def, const struct network *network, struct err *err);
void network_def_apply(const struct network_def *def, struct network *network);
/** model_subnet_check() - may @want's subnet @index stand in the tenant? */
int model_subnet_check(const struct tenant *tenant, const struct network_want *want, size_t index, const char *full,
		       struct err *err);

/* --------------------------------------------------------------------- stacks */
int model_stack_add(struct tenant *tenant, const char *name, enum stack_kind kind, uint64_t id, struct stack **ret_stack,
		    struct err *err);
void model_stack_del(struct stack *stack); /* with its endpoints */
/** model_stack_request() - it was made by @uid's request of this id; once a stack. Return: 0, -EINVAL: too long or in use. */
int model_stack_request(struct stack *stack, uint32_t uid, const char *request_id, struct err *err);
/** model_stack_requested() - the stack that @uid asked for with this requestId in @tenant, NULL where there is none */
struct stack *model_stack_requested(const struct tenant *tenant, uint32_t uid, const char *request_id);
/** model_stack_set_netns() - which namespace it is; the first stack of a namespace is found by it */
void model_stack_set_netns(struct stack *stack, uint64_t dev, uint64_t ino);
/** model_stack_by_ns() - by the number of its namespace in plans, NULL where there is none */
struct stack *model_stack_by_ns(const struct model *model, uint64_t ns);
struct stack *model_stack_by_netns(const struct model *model, uint64_t dev, uint64_t ino);

/* ------------------------------------------------------------------ endpoints */
struct endpoint_want {
	uint64_t id;
	const char *ifname;	  /* checked by the caller's name_ifname_check() */
	const struct ip *ips;	  /* asked for */
	size_t ip_count;	  /* fewer families than subnets: the rest automatically */
	const struct prefix *prefixes; /* instead: exactly these, with their lengths (wires, l2, and what the store held) */
	size_t prefix_count;
	struct mac mac;		  /* zero: from the id */
	uint32_t mtu;		  /* 0: the network's */
	bool default_route;
	bool tap;
	bool first_route; /* before those of the stack's other interfaces; else behind them */
	uint16_t metric;  /* as the store held it, with own_table; 0: chosen */
	bool own_table;
	const struct prefix *allow;
	size_t allow_count;
	const char *const *aliases;
	size_t alias_count;
	const struct stack_route *routes;
	size_t route_count;
	struct bandwidth bandwidth;
	const struct portspec *publish;
	size_t publish_count;
	const char *labels;	/* JSON text or NULL */
	const char *request_id; /* or NULL */
	uint32_t request_uid;	/* whose requestId it is */
};
int model_endpoint_add(struct stack *stack, struct network *network, const struct endpoint_want *want,
		       struct endpoint **ret_endpoint, struct err *err);
/** model_endpoint_by_id() - NULL where there is none */
struct endpoint *model_endpoint_by_id(const struct model *model, uint64_t id);
/** model_default_endpoint() - the one whose default route a stack uses, NULL where it has none */
const struct endpoint *model_default_endpoint(const struct stack *stack);
int model_wire_add(struct stack *a, const struct endpoint_want *want_a, struct stack *b, const struct endpoint_want *want_b,
		   struct endpoint **ret_a, struct err *err);
void model_endpoint_del(struct endpoint *endpoint); /* of a wire: both ends */
/** model_host_address() - may an interface have it: unicast, and with a prefix length */
bool model_host_address(const struct prefix *prefix);
/**
 * model_endpoint_ips_set() - it had none, or has none from now on: of a network of mode l2, where nothing else hangs on them
 * To be settled: until then those that go are nobody else's. Return: 0 or what is wrong.
 */
int model_endpoint_ips_set(struct endpoint *endpoint, const struct prefix *prefixes, size_t count, const char *full, struct err *err);
/** model_endpoint_ips_settle() - the change stands (@done), or is taken back */
void model_endpoint_ips_settle(struct endpoint *endpoint, bool done);
/** model_endpoint_up() - it stands */
void model_endpoint_up(struct endpoint *endpoint);
/** model_request() - what @uid asked for with this requestId in @tenant; two who use one id do not meet */
struct endpoint *model_request(const struct tenant *tenant, uint32_t uid, const char *request_id);

/* Memories of addresses (ipam.h) live in the store as rows of their own. */
void model_memory_made(struct model *model, struct ipam_memory *memory);
void model_memory_gone(struct model *model, struct ipam_memory *memory);
/** model_memory() - the memory of that id; NULL where it has been forgotten */
const struct ipam_memory *model_memory(const struct model *model, uint64_t id);
/** model_forgotten() - ids of memories that are no more, since the last call; *ret_ids is the caller's to free */
size_t model_forgotten(struct model *model, uint64_t **ret_ids);

/* ------------------------------------------------------------------ bandwidth */
/** bandwidth_check() - may the endpoint @id of @tenant, there or to be, have it? Return: 0, -EINVAL, -ERANGE, -EEXIST. */
int bandwidth_check(const struct tenant *tenant, uint64_t id, const struct bandwidth *bandwidth, const char *full,
		    struct err *err);
bool bandwidth_same(const struct bandwidth *a, const struct bandwidth *b);
/** endpoint_shaper_index() - number of the device that shapes what the endpoint @id sends; no two of a router have one */
uint32_t endpoint_shaper_index(uint64_t id);

/* --------------------------------------------------------------------- routes */
/** endpoint_reaches() - has it an address beside @gateway? Not where the subnet came after it. In a routed network every one is. */
bool endpoint_reaches(const struct endpoint *endpoint, const struct ip *gateway);
/** endpoint_route_via() - the next hop of one of its routes; NULL: on link */
const struct ip *endpoint_route_via(const struct endpoint *endpoint, const struct stack_route *route);
bool endpoint_has_route(const struct endpoint *endpoint, const struct prefix *dst);
/** endpoint_routes_take() - @routes instead of those it has, when it has its addresses. Return: 0 or what is wrong with one. */
int endpoint_routes_take(struct endpoint *endpoint, const struct stack_route *routes, size_t count, const char *full,
			 struct err *err);

/* ---------------------------------------------------------- allowed addresses */
/** allow_parse() - a prefix, or an address alone. Return: 0 or -EINVAL. */
int allow_parse(const char *s, struct prefix *ret_prefix);
/** allow_on_link() - does it lie in a subnet of @network, and so needs no route? */
bool allow_on_link(const struct network *network, const struct prefix *prefix);
/** allow_holder() - the endpoint of @tenant that is allowed something of @prefix, or NULL */
const struct endpoint *allow_holder(const struct tenant *tenant, const struct prefix *prefix, struct prefix *ret_held);
/** allow_take() - give @prefixes to an endpoint that has its addresses, and hangs in no list yet; its owner frees them */
int allow_take(struct endpoint *endpoint, const struct prefix *prefixes, size_t count, const char *full, struct err *err);
/** allow_still_excluded() - would all that is allowed of the network's subnets be excluded by @ranges, too? */
int allow_still_excluded(const struct network *network, const struct ip_range *ranges, size_t count, const char *full,
			 struct err *err);

/* ------------------------------------------------------------------ publishing */
/** model_publish() - all of @specs or none. Cost: flat in what is published, and in the length of a range. */
int model_publish(struct endpoint *endpoint, const struct portspec *specs, size_t count, struct err *err);
/** model_unpublish() - Return: whether it was published. */
bool model_unpublish(struct endpoint *endpoint, const struct portspec *spec);
/** endpoint_publishes() - the publication that is @spec, NULL when there is none */
const struct publish *endpoint_publishes(const struct endpoint *endpoint, const struct portspec *spec);
/** endpoint_publishes_part() - one of this endpoint that has ports of @spec on its address, NULL when there is none */
const struct publish *endpoint_publishes_part(const struct endpoint *endpoint, const struct portspec *spec);

/* Names of links and texts; @dst sizes as given. */
void model_ifname(char kind, uint64_t id, char dst[OBJ_IFNAME_SIZE]); /* 'u' uplink, 'b' bridge, 'p' port, 's' its shaper, 'v' its far end beside a tap */
void stack_name_print(const struct stack *stack, char dst[NAME_FULL_SIZE]);	  /* "red/w1" */
void network_name_print(const struct network *network, char dst[NAME_FULL_SIZE]);
void endpoint_name_print(const struct endpoint *endpoint, char dst[NAME_FULL_SIZE]); /* "red/w1:eth0" */
#define UPLINK_NAME "uplink" /* the router's end */

#endif
