/* SPDX-License-Identifier: GPL-2.0-or-later */
/* world - private namespaces and short words for the tests of lib/kern. */
#include "tests/netns/kern/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"

void world_skip(const char *reason)
{
	const char *must = getenv("MOAT_MUST_WORK");

	fprintf(stderr, "skipped: %s\n", reason);
	exit(must && strcmp(must, "1") == 0 ? 1 : WORLD_SKIP);
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

void world_enter(struct world *world)
{
	uid_t uid = geteuid();
	char map[64];

	world->root = uid == 0;
	if (uid != 0) {
		gid_t gid = getegid();

		if (unshare(CLONE_NEWUSER) < 0)
			world_skip("neither root nor user namespaces");
		write_text("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_text("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1", gid);
		write_text("/proc/self/gid_map", map);
	}
	if (unshare(CLONE_NEWNET) < 0)
		world_skip("cannot make a network namespace");
	if (netns_home(&world->home, NULL) < 0)
		world_skip("no /proc");
	if (features_probe(world->home, &world->features, NULL) < 0)
		world_skip("cannot probe the kernel");
}

bool world_has(const char *program)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", program);
	return system(command) == 0;
}

struct stack stack_make(const struct world *world, uint64_t ns)
{
	struct stack stack = {.ns = ns, .fd = -1};
	struct err err = ERR_INIT;

	if (netns_create(world->home, &stack.fd, &err) < 0 ||
	    nlsock_open(NLSOCK_RTNL, stack.fd, world->home, &stack.rtnl, &err) < 0 ||
	    nlsock_open(NLSOCK_NFT, stack.fd, world->home, &stack.nft, &err) < 0)
		fail_msg("%s", err.msg);
	return stack;
}

void stack_fini(struct stack *stack)
{
	nlsock_close(stack->rtnl);
	nlsock_close(stack->nft);
	fd_close(stack->fd);
}

struct mac mac_of(const char *text)
{
	struct mac mac = {0};

	assert_int_equal(mac_parse(text, &mac), 0);
	return mac;
}

struct ip ip_of(const char *text)
{
	struct ip ip = {0};

	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

struct prefix prefix_of(const char *text)
{
	struct prefix prefix = {0};

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return prefix;
}

void rtnl_run(struct stack *stack, struct nlbatch *batch)
{
	struct nlack *acks = mem_array(batch->count + 1, sizeof(*acks));
	int r = nlsock_exec(stack->rtnl, batch, acks);

	for (uint32_t i = 0; i < batch->count; i++) {
		if (acks[i].status)
			fail_msg("message %u of %u: %s (%s)", i, batch->count,
				 strerror(-acks[i].status), acks[i].text);
	}
	assert_int_equal(r, 0);
	free(acks);
	nlbatch_fini(batch);
}

int nft_run(struct stack *stack, struct nlbatch *batch)
{
	struct err err = ERR_INIT;
	int r;

	nft_end(batch);
	r = nft_exec(stack->nft, batch, NULL, &err);
	if (r < 0)
		print_message("nft: %s\n", err.msg);
	nlbatch_fini(batch);
	return r;
}

uint32_t index_of(const struct stack *stack, const char *name)
{
	int index = nlsock_ifindex(stack->rtnl, name);

	assert_true(index > 0);
	return (uint32_t)index;
}

void snapshot(struct stack *stack, struct objv *objs)
{
	struct buf parts[RTNL_PART_COUNT] = {0}, nft = BUF_INIT;
	struct err err = ERR_INIT;
	struct rtnl_raw raw;

	for (int i = 0; i < RTNL_PART_COUNT; i++) {
		if (rtnl_dump(stack->rtnl, (enum rtnl_part)i, &parts[i], &err) < 0)
			fail_msg("%s", err.msg);
	}
	raw = (struct rtnl_raw){
		.links = {parts[RTNL_LINKS].data, parts[RTNL_LINKS].size},
		.addrs = {parts[RTNL_ADDRS].data, parts[RTNL_ADDRS].size},
		.routes = {parts[RTNL_ROUTES].data, parts[RTNL_ROUTES].size},
		.neighs = {parts[RTNL_NEIGHS].data, parts[RTNL_NEIGHS].size},
		.fdb = {parts[RTNL_FDB].data, parts[RTNL_FDB].size},
		.rules = {parts[RTNL_RULES].data, parts[RTNL_RULES].size},
		.qdiscs = {parts[RTNL_QDISCS].data, parts[RTNL_QDISCS].size},
	};
	objv_clear(objs);
	if (rtnl_decode(&raw, stack->ns, objs, &err) < 0 ||
	    nft_dump(stack->nft, &nft, &err) < 0 ||
	    nft_decode(nft.data, nft.size, stack->ns, objs, &err) < 0)
		fail_msg("%s", err.msg);
	objv_sort(objs);
	for (int i = 0; i < RTNL_PART_COUNT; i++)
		buf_fini(&parts[i]);
	buf_fini(&nft);
}

static void print_all(const char *title, const struct objv *objs)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < objs->count; i++) {
		obj_print(&objs->items[i], &text);
		buf_str(&text, "\n");
	}
	print_message("%s:\n%s", title, buf_cstr(&text));
	buf_fini(&text);
}

void assert_have(struct stack *stack, const struct obj *want)
{
	struct objv have = {0}, wanted = {0};
	const struct obj *found;

	snapshot(stack, &have);
	found = objv_find(&have, want);
	if (!found || !obj_same(want, found)) {
		objv_add(&wanted, want);
		print_all("wanted", &wanted);
		print_all("have", &have);
		fail_msg("%s", found ? "another value" : "missing");
	}
	objv_fini(&have);
}

void assert_have_not(struct stack *stack, const struct obj *key)
{
	struct objv have = {0};

	snapshot(stack, &have);
	if (objv_find(&have, key)) {
		print_all("have", &have);
		fail_msg("still there");
	}
	objv_fini(&have);
}

void assert_is(struct stack *stack, struct objv *want)
{
	struct objv have = {0};
	bool same;

	objv_sort(want);
	snapshot(stack, &have);
	same = want->count == have.count;
	for (size_t i = 0; same && i < want->count; i++)
		same = obj_key_cmp(&want->items[i], &have.items[i]) == 0 &&
		       obj_same(&want->items[i], &have.items[i]);
	if (!same) {
		print_all("wanted", want);
		print_all("have", &have);
		fail_msg("another snapshot");
	}
	objv_fini(&have);
}

void lay(struct stack *stack, enum ruleset_kind kind, const struct kern_features *features)
{
	struct obj ruleset = obj_ruleset(stack->ns, kind, NFT_RULESET_VERSION);
	struct nlbatch batch = {0};

	nft_begin(&batch);
	assert_int_equal(nft_ruleset_add(&batch, &ruleset.ruleset, features), 0);
	assert_int_equal(nft_run(stack, &batch), 0);
}

struct obj elem_of(uint64_t ns, enum nft_set set, const char *dev, const char *mac,
		   const char *ip)
{
	struct obj obj = obj_elem(ns, set);

	if (dev)
		snprintf(obj.elem.dev, sizeof(obj.elem.dev), "%s", dev);
	if (mac)
		obj.elem.mac = mac_of(mac);
	if (ip)
		obj.elem.ip = ip_of(ip);
	return obj;
}

struct obj pub_of(uint64_t ns, enum nft_set set, const char *ip, uint8_t proto, uint16_t port,
		  const char *to_ip, uint16_t to_port)
{
	struct obj obj = elem_of(ns, set, NULL, NULL, ip);

	obj.elem.proto = proto;
	obj.elem.port = port;
	obj.elem.to_ip = ip_of(to_ip);
	obj.elem.to_port = to_port;
	return obj;
}

struct obj range_of(uint64_t ns, enum nft_set set, const char *ip, uint8_t proto, uint16_t first,
		    uint16_t last, const char *to_ip, uint16_t to_port)
{
	struct obj obj = pub_of(ns, set, ip, proto, first, to_ip, to_port);

	obj.elem.last = last;
	obj.elem.to_last = to_port ? (uint16_t)(to_port + last - first) : 0;
	return obj;
}

struct obj allow_of(uint64_t ns, const char *dev, const char *prefix)
{
	struct prefix p = prefix_of(prefix);
	struct obj obj = elem_of(ns, p.ip.family == 4 ? SET_GUARD_ALLOW4 : SET_GUARD_ALLOW6, dev, NULL, NULL);

	obj.elem.ip = p.ip;
	obj.elem.len = p.len;
	return obj;
}

void add_elem(struct stack *stack, const struct obj *elem)
{
	struct nlbatch batch = {0};

	nft_begin(&batch);
	nft_elem_add(&batch, &elem->elem);
	assert_int_equal(nft_run(stack, &batch), 0);
}

int run_in(const struct world *world, const struct stack *stack, const char *fmt, ...)
{
	char command[1024];
	va_list args;
	int status;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	assert_int_equal(netns_enter(stack->fd, NULL), 0);
	status = system(command);
	netns_leave(world->home);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void bridge_up(struct stack *stack, const char *name, const char *mac)
{
	struct mac m = mac_of(mac);
	struct obj obj = obj_bridge(stack->ns, name, &m, 1500, "");
	struct nlbatch batch = {0};

	rtnl_bridge_add(&batch, &obj.link);
	rtnl_link_up(&batch, name, true);
	rtnl_run(stack, &batch);
}

/*
 * A bridge lets a port forward when linkwatch has seen its carrier, in a work queue of the kernel: a packet sent in
 * the first instant may be lost, and an ARP request is repeated after a second only.
 */
static void settle(struct stack *stack, const char *name)
{
	for (int i = 0; i < 1000; i++) {
		struct rtnl_link_info *links = NULL;
		struct buf bytes = BUF_INIT;
		bool running;

		assert_int_equal(rtnl_link_get(stack->rtnl, name, &bytes, NULL), 0);
		assert_int_equal(
			rtnl_list_links((struct rtnl_slice){bytes.data, bytes.size}, &links),
			1);
		running = links[0].running;
		free(links);
		buf_fini(&bytes);
		if (running)
			return;
		usleep(1000);
	}
	fail_msg("%s does not come up", name);
}

void wire(struct stack *near, const char *near_name, const char *near_mac, const char *master,
	  struct stack *far, const char *far_name, const char *far_mac)
{
	struct mac near_m = mac_of(near_mac), far_m = mac_of(far_mac);
	struct obj obj = obj_veth(near->ns, near_name, &near_m, far->ns, far_name, &far_m, 1500,
				  master ? master : "", "");
	struct nlbatch batch = {0};

	if (master)
		obj.link.flags = LINK_PORT_STATIC;
	rtnl_veth_add(&batch, &obj.link, master ? index_of(near, master) : 0, far->fd);
	rtnl_run(near, &batch);
	rtnl_link_up(&batch, far_name, true);
	rtnl_link_up(&batch, "lo", true);
	rtnl_run(far, &batch);
	rtnl_link_up(&batch, near_name, true);
	rtnl_run(near, &batch);
	settle(near, near_name);
	settle(far, far_name);
	if (master) {
		struct obj fdb = obj_fdb(near->ns, near_name, &far_m);

		rtnl_fdb_add(&batch, &fdb.fdb, index_of(near, near_name));
		rtnl_run(near, &batch);
	}
}

void address(struct stack *stack, const char *dev, const char *prefix)
{
	struct prefix p = prefix_of(prefix);
	struct obj obj = obj_addr(stack->ns, dev, &p);
	struct nlbatch batch = {0};

	rtnl_addr_add(&batch, &obj.addr, index_of(stack, dev));
	rtnl_run(stack, &batch);
}

void route(struct stack *stack, const char *dst, const char *via, const char *dev)
{
	struct prefix p = prefix_of(dst);
	struct ip gateway = ip_of(via);
	struct obj obj = obj_route(stack->ns, &p, &gateway, dev);
	struct nlbatch batch = {0};

	rtnl_route_add(&batch, &obj.route, index_of(stack, dev));
	rtnl_run(stack, &batch);
}

void set_sysctl(const struct world *world, struct stack *stack, enum sysctl_key key,
		const char *dev, int32_t value)
{
	struct obj obj = obj_sysctl(stack->ns, key, dev, value);
	struct err err = ERR_INIT;
	int r;

	assert_int_equal(netns_enter(stack->fd, NULL), 0);
	r = sysctl_write(NULL, &obj.sysctl, &err);
	netns_leave(world->home);
	if (r < 0)
		fail_msg("%s", err.msg);
}

static socklen_t sockaddr_of(const struct ip *ip, uint16_t port,
			     struct sockaddr_storage *ret_addr)
{
	memset(ret_addr, 0, sizeof(*ret_addr));
	if (ip->family == 4) {
		struct sockaddr_in *in = (void *)ret_addr;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, ip->b, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (void *)ret_addr;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, ip->b, 16);
	return sizeof(*in6);
}

static int socket_in(const struct world *world, const struct stack *stack, int family)
{
	int fd;

	assert_int_equal(netns_enter(stack->fd, NULL), 0);
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	netns_leave(world->home);
	assert_true(fd >= 0);
	return fd;
}

int serve(const struct world *world, const struct stack *stack, const char *ip, uint16_t port)
{
	struct ip address_ip = ip_of(ip);
	struct sockaddr_storage addr;
	socklen_t size = sockaddr_of(&address_ip, port, &addr);
	int fd = socket_in(world, stack, addr.ss_family), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (addr.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, size), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

int reach(const struct world *world, const struct stack *from, const char *ip, uint16_t port,
	  int listener, int ms, struct ip *ret_peer)
{
	struct ip to = ip_of(ip);
	struct sockaddr_storage addr;
	socklen_t size = sockaddr_of(&to, port, &addr);
	int fd = socket_in(world, from, addr.ss_family), server, r = 0, error = 0;
	struct pollfd wait = {.fd = fd, .events = POLLOUT};

	if (connect(fd, (struct sockaddr *)&addr, size) < 0 && errno != EINPROGRESS)
		r = -errno;
	if (r == 0 && poll(&wait, 1, ms) != 1)
		r = -ETIMEDOUT;
	size = sizeof(error);
	if (r == 0 && (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error))
		r = -error;
	if (r == 0) {
		struct pollfd taken = {.fd = listener, .events = POLLIN};

		(void)poll(&taken, 1, 500); /* the last ACK may still be on its way */
		size = sizeof(addr);
		server = accept4(listener, (struct sockaddr *)&addr, &size, SOCK_CLOEXEC);
		if (server < 0) {
			r = -errno; /* somebody else answered */
		} else if (ret_peer) {
			*ret_peer = (struct ip){.family = addr.ss_family == AF_INET ? 4 : 6};
			if (addr.ss_family == AF_INET)
				memcpy(ret_peer->b,
				       &((struct sockaddr_in *)(void *)&addr)->sin_addr, 4);
			else
				memcpy(ret_peer->b,
				       &((struct sockaddr_in6 *)(void *)&addr)->sin6_addr, 16);
		}
		fd_close(server);
	}
	fd_close(fd);
	return r;
}
