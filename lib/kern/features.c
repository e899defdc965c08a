/* SPDX-License-Identifier: GPL-2.0-or-later */
/* features - what this kernel has, found by trying it in a namespace made for that. Floor F2. */
#include "lib/kern/features.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/str.h"
#include "lib/kern/netns.h"
#include "lib/kern/nft.h"
#include "lib/kern/nft_decode.h"
#include "lib/kern/rtnl.h"

static int lay_guard(struct nlsock *nft, const struct kern_features *features)
{
	struct obj ruleset = obj_ruleset(0, RULESET_GUARD, NFT_RULESET_VERSION);
	struct nlbatch batch = {0};
	int r;

	nft_begin(&batch);
	r = nft_ruleset_add(&batch, &ruleset.ruleset, features);
	nft_end(&batch);
	if (r == 0)
		r = nft_exec(nft, &batch, NULL, NULL);
	nlbatch_fini(&batch);
	return r;
}

/* A table with both flags outlives its socket and obeys the next one. */
static bool try_owner(int ns_fd, int home_fd)
{
	const struct kern_features features = {.nft_owner_persist = true};
	struct nlsock *first, *second;
	struct nlbatch batch = {0};
	int r;

	if (nlsock_open(NLSOCK_NFT, ns_fd, home_fd, &first, NULL) < 0)
		return false;
	r = lay_guard(first, &features);
	nlsock_close(first);
	if (r < 0 || nlsock_open(NLSOCK_NFT, ns_fd, home_fd, &second, NULL) < 0)
		return false;
	nft_begin(&batch);
	nft_ruleset_adopt(&batch, RULESET_GUARD, &features);
	nft_end(&batch);
	r = nft_exec(second, &batch, NULL, NULL);
	nlbatch_clear(&batch);
	nft_begin(&batch);
	nft_ruleset_del(&batch, RULESET_GUARD);
	nft_end(&batch);
	if (r == 0)
		r = nft_exec(second, &batch, NULL, NULL);
	nlbatch_fini(&batch);
	nlsock_close(second);
	return r == 0;
}

static int bind_port(struct nlsock *nft, const char *dev, const struct kern_features *features)
{
	struct obj port = obj_port(0, dev);
	struct nlbatch batch = {0};
	int r;

	nft_begin(&batch);
	nft_port_add(&batch, &port.port, features);
	nft_end(&batch);
	r = nft_exec(nft, &batch, NULL, NULL);
	nlbatch_fini(&batch);
	return r;
}

static bool guard_intact(struct nlsock *nft)
{
	struct buf bytes = BUF_INIT;
	struct objv objs = {0};
	bool intact = false;

	if (nft_dump(nft, &bytes, NULL) == 0 &&
	    nft_decode(bytes.data, bytes.size, NS_ID(NS_ROUTER, 1), &objs, NULL) == 0) {
		for (size_t i = 0; i < objs.count; i++)
			intact |= objs.items[i].kind == OBJ_RULESET &&
				  objs.items[i].ruleset.digest == 1;
	}
	objv_fini(&objs);
	buf_fini(&bytes);
	return intact;
}

/*
 * A device is added to a chain that has none, vanishes (on some kernels the chain goes with its last device, which
 * would leave the next port without guard), and another one is added.
 */
static bool try_devices(int ns_fd, int home_fd)
{
	const struct kern_features features = {.netdev_device_add = true};
	struct obj link =
		obj_veth(0, "try0", &(struct mac){0}, 0, "try1", &(struct mac){0}, 0, "", "");
	struct nlsock *nft, *rtnl;
	struct nlbatch batch = {0};
	struct nlack acks[2];
	bool works = false;

	if (nlsock_open(NLSOCK_NFT, ns_fd, home_fd, &nft, NULL) < 0)
		return false;
	if (nlsock_open(NLSOCK_RTNL, ns_fd, home_fd, &rtnl, NULL) == 0) {
		rtnl_veth_add(&batch, &link.link, 0, -1);
		works = lay_guard(nft, &features) == 0 &&
			nlsock_exec(rtnl, &batch, acks) == 0 &&
			bind_port(nft, "try0", &features) == 0;
		nlbatch_clear(&batch);
		rtnl_link_del(&batch, "try0");
		rtnl_veth_add(&batch, &link.link, 0, -1);
		works = works && nlsock_exec(rtnl, &batch, acks) == 0 && guard_intact(nft) &&
			bind_port(nft, "try1", &features) == 0 && guard_intact(nft);
		nlbatch_fini(&batch);
		nlsock_close(rtnl);
	}
	nlsock_close(nft);
	return works;
}

int features_probe(int home_fd, struct kern_features *ret_features, struct err *err)
{
	struct kern_features features = {0};
	struct utsname name;
	int fd = -1, r;

	r = netns_create(home_fd, &fd, err);
	if (r < 0)
		return r;
	if (uname(&name) == 0)
		(void)str_copy(features.release, sizeof(features.release), name.release);
	features.nft_owner_persist = try_owner(fd, home_fd);
	features.netdev_device_add = try_devices(fd, home_fd);
	r = netns_enter(fd, err);
	if (r == 0) {
		features.ipv6 = access("/proc/sys/net/ipv6/conf/all", F_OK) == 0;
		features.force_forwarding =
			access("/proc/sys/net/ipv6/conf/all/force_forwarding", F_OK) == 0;
		features.br_netfilter = access("/proc/sys/net/bridge", F_OK) == 0;
		netns_leave(home_fd);
		*ret_features = features;
	}
	fd_close(fd);
	return r;
}
