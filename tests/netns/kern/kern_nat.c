/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kern_nat - the rulesets of host and router under traffic: a whole small world,
 * and for each pair whether it may talk, by which port, and who is seen.
 *
 *   outside --- eth0 host mu1 --- uplink red    mb1: r1 r2 (10.0.0.0/24)   mb2: r3 (10.1.0.0/24, no egress)
 *                         mu2 --- uplink blue   mb1: b1    (10.0.0.0/24)
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/needs.h"
#include "tests/netns/kern/world.h"

#define MU1 "mu000000000001"
#define MU2 "mu000000000002"
#define MB1 "mb000000000001"
#define MB2 "mb000000000002"

static struct world world;
static struct stack host, outside, red, blue, r1, r2, r3, b1;

static void forwarding(struct stack *stack)
{
	set_sysctl(&world, stack, SYSCTL_BRIDGE_CALL_IPTABLES, "", 0);
	set_sysctl(&world, stack, SYSCTL_BRIDGE_CALL_IP6TABLES, "", 0);
	set_sysctl(&world, stack, SYSCTL_BRIDGE_CALL_ARPTABLES, "", 0);
	set_sysctl(&world, stack, SYSCTL_IPV4_FORWARDING, "all", 1);
	set_sysctl(&world, stack, SYSCTL_IPV6_FORWARDING, "all", 1);
}

static void uplink(struct stack *router, const char *mu, const char *mac_host,
		   const char *mac_router, const char *host4, const char *router4,
		   const char *host6, const char *router6)
{
	char prefix[PREFIX_STR_SIZE + 8];
	struct obj obj;

	wire(&host, mu, mac_host, NULL, router, "uplink", mac_router);
	snprintf(prefix, sizeof(prefix), "%s/31", host4);
	address(&host, mu, prefix);
	snprintf(prefix, sizeof(prefix), "%s/31", router4);
	address(router, "uplink", prefix);
	snprintf(prefix, sizeof(prefix), "%s/127", host6);
	address(&host, mu, prefix);
	snprintf(prefix, sizeof(prefix), "%s/127", router6);
	address(router, "uplink", prefix);
	route(router, "0.0.0.0/0", host4, "uplink");
	route(router, "::/0", host6, "uplink");
	set_sysctl(&world, &host, SYSCTL_IPV4_ROUTE_LOCALNET, mu, 1);
	obj = elem_of(0, SET_HOST_UPLINK, mu, NULL, NULL);
	add_elem(&host, &obj);
	obj = elem_of(0, SET_HOST_SRC4, mu, NULL, router4);
	add_elem(&host, &obj);
	obj = elem_of(0, SET_HOST_SRC6, mu, NULL, router6);
	add_elem(&host, &obj);
}

static void network(struct stack *router, const char *bridge, const char *mac, const char *gw4,
		    const char *gw6)
{
	char prefix[PREFIX_STR_SIZE + 8];

	bridge_up(router, bridge, mac);
	snprintf(prefix, sizeof(prefix), "%s/24", gw4);
	address(router, bridge, prefix);
	snprintf(prefix, sizeof(prefix), "%s/64", gw6);
	address(router, bridge, prefix);
}

static void endpoint(struct stack *router, const char *bridge, const char *port,
		     struct stack *stack, const char *mac, const char *ip4, const char *ip6,
		     const char *gw4, const char *gw6)
{
	char prefix[PREFIX_STR_SIZE + 8];

	wire(router, port, "02:00:00:00:02:01", bridge, stack, "eth0", mac);
	snprintf(prefix, sizeof(prefix), "%s/24", ip4);
	address(stack, "eth0", prefix);
	snprintf(prefix, sizeof(prefix), "%s/64", ip6);
	address(stack, "eth0", prefix);
	route(stack, "0.0.0.0/0", gw4, "eth0");
	route(stack, "::/0", gw6, "eth0");
}

static void publish(struct stack *router, const char *ip4, const char *router4, uint16_t port,
		    const char *to4, const char *router6, const char *to6)
{
	struct obj obj;

	if (ip4)
		obj = pub_of(0, SET_HOST_PUBIP4, ip4, IPPROTO_TCP, port, router4, port);
	else
		obj = pub_of(0, SET_HOST_PUB4, NULL, IPPROTO_TCP, port, router4, port);
	add_elem(&host, &obj);
	obj = pub_of(router->ns, SET_ROUTER_PUB4, NULL, IPPROTO_TCP, port, to4, 80);
	add_elem(router, &obj);
	if (!router6)
		return;
	obj = pub_of(0, SET_HOST_PUB6, NULL, IPPROTO_TCP, port, router6, port);
	add_elem(&host, &obj);
	obj = pub_of(router->ns, SET_ROUTER_PUB6, NULL, IPPROTO_TCP, port, to6, 80);
	add_elem(router, &obj);
}

/* What comes in by the bridge is of a network, and what is of it may go out by the bridge. */
static void member(struct stack *router, const char *bridge, uint32_t mark)
{
	struct obj in = elem_of(router->ns, SET_ROUTER_NETWORK, bridge, NULL, NULL);
	struct obj out = elem_of(router->ns, SET_ROUTER_MEMBER, bridge, NULL, NULL);

	in.elem.to_mark = out.elem.mark = mark;
	add_elem(router, &in);
	add_elem(router, &out);
}

static int setup(void **state)
{
	struct obj obj;

	(void)state;
	host = stack_make(&world, 0);
	outside = stack_make(&world, NS_ID(NS_STACK, 9));
	red = stack_make(&world, NS_ID(NS_ROUTER, 1));
	blue = stack_make(&world, NS_ID(NS_ROUTER, 2));
	r1 = stack_make(&world, NS_ID(NS_STACK, 1));
	r2 = stack_make(&world, NS_ID(NS_STACK, 2));
	r3 = stack_make(&world, NS_ID(NS_STACK, 3));
	b1 = stack_make(&world, NS_ID(NS_STACK, 4));

	wire(&host, "eth0", "02:00:00:00:00:f1", NULL, &outside, "eth0", "02:00:00:00:00:f2");
	address(&host, "eth0", "198.51.100.2/24");
	address(&host, "eth0", "198.51.100.3/24");
	address(&host, "eth0", "2001:db8:51::2/64");
	address(&outside, "eth0", "198.51.100.1/24");
	address(&outside, "eth0", "2001:db8:51::1/64");
	address(&outside, "lo", "203.0.113.80/32");
	address(&outside, "lo", "2001:db8:113::80/128");
	route(&host, "0.0.0.0/0", "198.51.100.1", "eth0");
	route(&host, "::/0", "2001:db8:51::1", "eth0");
	/* outside has been told where the private networks are: nothing but the edge stands between */
	route(&outside, "10.0.0.0/8", "198.51.100.2", "eth0");
	route(&outside, "fd00::/8", "2001:db8:51::2", "eth0");
	assert_int_equal(
		run_in(&world, &host,
		       "ip link set lo up; ip -6 addr add ::1/128 dev lo 2>/dev/null; true"),
		0);

	forwarding(&host);
	forwarding(&red);
	forwarding(&blue);
	lay(&host, RULESET_HOST, &world.features);
	lay(&red, RULESET_ROUTER, &world.features);
	lay(&blue, RULESET_ROUTER, &world.features);
	uplink(&red, MU1, "02:00:00:00:01:01", "02:00:00:00:01:02", "10.248.0.0", "10.248.0.1",
	       "fd01::", "fd01::1");
	uplink(&blue, MU2, "02:00:00:00:01:03", "02:00:00:00:01:04", "10.248.0.2", "10.248.0.3",
	       "fd01::2", "fd01::3");
	network(&red, MB1, "02:00:00:00:00:01", "10.0.0.1", "fd00::1");
	network(&red, MB2, "02:00:00:00:00:02", "10.1.0.1", "fd00:1::1");
	network(&blue, MB1, "02:00:00:00:00:01", "10.0.0.1", "fd00::1");
	obj = elem_of(red.ns, SET_ROUTER_EGRESS, MB1, NULL, NULL);
	add_elem(&red, &obj);
	obj = elem_of(blue.ns, SET_ROUTER_EGRESS, MB1, NULL, NULL);
	add_elem(&blue, &obj);
	member(&red, MB1, 1);
	member(&red, MB2, 2);
	member(&blue, MB1, 1);
	endpoint(&red, MB1, "mp000000000001", &r1, "02:00:00:00:03:01", "10.0.0.11", "fd00::11",
		 "10.0.0.1", "fd00::1");
	endpoint(&red, MB1, "mp000000000002", &r2, "02:00:00:00:03:02", "10.0.0.12", "fd00::12",
		 "10.0.0.1", "fd00::1");
	endpoint(&red, MB2, "mp000000000003", &r3, "02:00:00:00:03:03", "10.1.0.13",
		 "fd00:1::13", "10.1.0.1", "fd00:1::1");
	endpoint(&blue, MB1, "mp000000000004", &b1, "02:00:00:00:03:04", "10.0.0.11",
		 "fd00::11", "10.0.0.1", "fd00::1");

	publish(&red, NULL, "10.248.0.1", 8080, "10.0.0.11", "fd01::1", "fd00::11");
	publish(&blue, NULL, "10.248.0.3", 8081, "10.0.0.11", "fd01::3", "fd00::11");
	publish(&blue, "198.51.100.3", "10.248.0.3", 8080, "10.0.0.11", NULL,
		NULL); /* one address of the host only */
	return 0;
}

static void check(const char *what, const struct stack *from, const char *ip, uint16_t port,
		  int listener, const char *want_peer)
{
	struct ip peer = {0};
	char text[IP_STR_SIZE];
	int r = reach(&world, from, ip, port, listener, want_peer ? REACH_MS : NO_REACH_MS,
		      &peer);

	if (want_peer && r < 0)
		fail_msg("%s: %s port %u: %s", what, ip, port, strerror(-r));
	if (!want_peer && r == 0)
		fail_msg("%s: %s port %u is reached", what, ip, port);
	if (want_peer && strcmp(ip_print(&peer, text), want_peer) != 0)
		fail_msg("%s: the server sees %s, not %s", what, text, want_peer);
}

static void test_egress(void **state)
{
	int web4 = serve(&world, &outside, "203.0.113.80", 80),
	    web6 = serve(&world, &outside, "2001:db8:113::80", 80);

	(void)state;
	check("out", &r1, "203.0.113.80", 80, web4, "198.51.100.2");
	check("out", &r1, "2001:db8:113::80", 80, web6, "2001:db8:51::2");
	check("out of blue", &b1, "203.0.113.80", 80, web4, "198.51.100.2");
	check("out of blue", &b1, "2001:db8:113::80", 80, web6, "2001:db8:51::2");
	check("no egress", &r3, "203.0.113.80", 80, web4, NULL);
	check("no egress", &r3, "2001:db8:113::80", 80, web6, NULL);
	close(web4);
	close(web6);
}

static void test_published(void **state)
{
	int red4 = serve(&world, &r1, "10.0.0.11", 80),
	    red6 = serve(&world, &r1, "fd00::11", 80);
	int blue4 = serve(&world, &b1, "10.0.0.11", 80),
	    blue6 = serve(&world, &b1, "fd00::11", 80);

	(void)state;
	check("from outside", &outside, "198.51.100.2", 8080, red4, "198.51.100.1");
	check("from outside", &outside, "2001:db8:51::2", 8080, red6, "2001:db8:51::1");
	check("from outside", &outside, "198.51.100.2", 8081, blue4, "198.51.100.1");
	check("from outside", &outside, "2001:db8:51::2", 8081, blue6, "2001:db8:51::1");
	check("one address before any", &outside, "198.51.100.3", 8080, blue4, "198.51.100.1");
	check("any other address", &outside, "198.51.100.2", 8080, red4, "198.51.100.1");
	check("not published", &outside, "198.51.100.2", 80, red4, NULL);
	check("straight", &outside, "10.0.0.11", 80, red4, NULL);
	check("straight", &outside, "fd00::11", 80, red6, NULL);
	check("router's own port", &outside, "10.248.0.1", 80, red4, NULL);

	check("host by its address", &host, "198.51.100.2", 8080, red4, "198.51.100.2");
	check("host by its address", &host, "2001:db8:51::2", 8080, red6, "2001:db8:51::2");
	check("host by 127.0.0.1", &host, "127.0.0.1", 8080, red4, "10.248.0.0");
	check("host by 127.0.0.9", &host, "127.0.0.9", 8081, blue4, "10.248.0.2");
	check("host, one address", &host, "198.51.100.3", 8080, blue4, "198.51.100.2");

	check("itself by the host", &r1, "198.51.100.2", 8080, red4, "10.248.0.0");
	check("itself by the host", &r1, "2001:db8:51::2", 8080, red6, "fd01::");
	check("its neighbour by the host", &r2, "198.51.100.2", 8080, red4, "10.248.0.0");
	check("its neighbour by the router", &r2, "10.248.0.1", 8080, red4, "10.0.0.1");
	check("its neighbour by the gateway", &r2, "10.0.0.1", 8080, red4, "10.0.0.1");
	check("its neighbour by the gateway", &r2, "fd00::1", 8080, red6, "fd00::1");
	check("tenant to tenant", &b1, "198.51.100.2", 8080, red4, "10.248.0.0");
	check("tenant to tenant", &b1, "2001:db8:51::2", 8080, red6, "fd01::");
	check("tenant to tenant", &r1, "198.51.100.3", 8080, blue4, "10.248.0.2");
	close(red4);
	close(red6);
	close(blue4);
	close(blue6);
}

static void test_closed(void **state)
{
	int on_host = serve(&world, &host, "0.0.0.0", 22),
	    on_host6 = serve(&world, &host, "::", 22);
	int on_red = serve(&world, &red, "0.0.0.0", 22),
	    on_r1 = serve(&world, &r1, "10.0.0.11", 80);
	int on_r3 = serve(&world, &r3, "10.1.0.13", 80),
	    on_blue = serve(&world, &blue, "0.0.0.0", 23);
	int local = serve(&world, &host, "127.0.0.1", 631);

	(void)state;
	check("the host's sshd from outside", &outside, "198.51.100.2", 22, on_host,
	      "198.51.100.1");
	check("host by its address", &r1, "198.51.100.2", 22, on_host, NULL);
	check("host by its address", &r1, "2001:db8:51::2", 22, on_host6, NULL);
	check("host by the uplink", &r1, "10.248.0.0", 22, on_host, NULL);
	check("host by the uplink", &r1, "fd01::", 22, on_host6, NULL);
	check("host by the router", &red, "10.248.0.0", 22, on_host, NULL);
	check("router by the gateway", &r1, "10.0.0.1", 22, on_red, NULL);
	check("router by the transit address", &r1, "10.248.0.1", 22, on_red, NULL);
	check("router from the host", &host, "10.248.0.1", 22, on_red, NULL);
	check("another tenant's router", &r1, "10.248.0.3", 23, on_blue, NULL);
	check("another network", &r3, "10.0.0.11", 80, on_r1, NULL);
	check("another network", &r1, "10.1.0.13", 80, on_r3, NULL);
	check("the same network", &r2, "10.0.0.11", 80, on_r1, "10.0.0.12");
	/* 127.0.0.0/8 of the host, which route_localnet would let in: sent as a router would if it were taken over */
	assert_int_equal(run_in(&world, &red,
				"sysctl -qw net.ipv4.conf.uplink.route_localnet=1; ip addr del "
				"127.0.0.1/8 dev lo; "
				"ip route add 127.0.0.1/32 via 10.248.0.0 dev uplink table 77; "
				"ip rule add pref 1 to 127.0.0.1 lookup 77"),
			 0);
	check("loopback of the host", &red, "127.0.0.1", 631, local, NULL);
	close(on_host);
	close(on_host6);
	close(on_red);
	close(on_r1);
	close(on_r3);
	close(on_blue);
	close(local);
}

/* br_netfilter loaded after us turns its sysctls on: a network must go on, and no other open. */
static void needs_br_netfilter(void **state)
{
	int on_r1 = serve(&world, &r1, "10.0.0.11", 80),
	    on_r1_6 = serve(&world, &r1, "fd00::11", 80);
	int on_r3 = serve(&world, &r3, "10.1.0.13", 80);

	(void)state;
	needs(world.features.br_netfilter, "br_netfilter is not loaded");
	for (int32_t on = 1; on >= 0; on--) {
		set_sysctl(&world, &red, SYSCTL_BRIDGE_CALL_IPTABLES, "", on);
		set_sysctl(&world, &red, SYSCTL_BRIDGE_CALL_IP6TABLES, "", on);
		check("the same network", &r2, "10.0.0.11", 80, on_r1, "10.0.0.12");
		check("the same network", &r2, "fd00::11", 80, on_r1_6, "fd00::12");
		check("another network", &r2, "10.1.0.13", 80, on_r3, NULL);
		check("another network", &r3, "10.0.0.11", 80, on_r1, NULL);
	}
	close(on_r1);
	close(on_r1_6);
	close(on_r3);
}

/* The raw chain alone, without the router's own rules: a router that is taken over sends what it likes. */
static void test_taken_router(void **state)
{
	struct nlbatch batch = {0};
	int web = serve(&world, &outside, "203.0.113.80", 80);

	(void)state;
	nft_begin(&batch);
	nft_ruleset_del(&batch, RULESET_ROUTER);
	assert_int_equal(nft_run(&red, &batch), 0);
	assert_int_equal(run_in(&world, &red,
				"ip addr add 10.248.0.3/32 dev lo; ip route change default via "
				"10.248.0.0 src 10.248.0.3"),
			 0);
	check("the transit address of another", &red, "203.0.113.80", 80, web, NULL);
	assert_int_equal(
		run_in(&world, &red, "ip route change default via 10.248.0.0 src 10.248.0.1"),
		0);
	check("own transit address", &red, "203.0.113.80", 80, web, "198.51.100.2");
	check("an address behind it", &r1, "203.0.113.80", 80, web,
	      NULL); /* forwarded with its own source */
	close(web);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_egress),       cmocka_unit_test(test_published),
		cmocka_unit_test(test_closed),       cmocka_unit_test(needs_br_netfilter),
		cmocka_unit_test(test_taken_router),
	};

	world_enter(&world);
	needs_choose(argc, argv);
	return needs_status(cmocka_run_group_tests(tests, setup, NULL));
}
