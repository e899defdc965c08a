/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * features - what this kernel has and has not, found by trying it. Floor F2.
 * The tries run in a network namespace made for them and thrown away.
 */
#ifndef MOAT_KERN_FEATURES_H
#define MOAT_KERN_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

/** struct kern_features - field by field what struct seam_features tells the engine */
struct kern_features {
	bool nft_owner_persist; /* NFT_TABLE_F_OWNER|PERSIST, and an orphan can be adopted (>= 6.9) */
	bool netdev_device_add; /* devices can be added to a standing netdev chain (>= 6.4) */
	bool force_forwarding;  /* net.ipv6.conf.*.force_forwarding (>= 6.17) */
	bool ipv6;
	bool br_netfilter; /* net.bridge.* exists: the module is loaded */
	char release[64];
};

/**
 * features_probe() - fill @ret_features; costs some milliseconds
 * @home_fd: the caller's network namespace, to come back to. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
 */
int features_probe(int home_fd, struct kern_features *ret_features, struct err *err);

#endif
