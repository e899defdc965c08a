/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply_part - what the files of apply.h have in common. Floor F4; nobody else's. */
#ifndef MOAT_NETD_HAND_APPLY_PART_H
#define MOAT_NETD_HAND_APPLY_PART_H

#include "lib/base/err.h"
#include "netd/hand/apply.h"

/** outcome_fail() - @status: -errno; @text: cut to its room */
void outcome_fail(struct outcome *out, int status, const char *text);
void outcome_fail_err(struct outcome *out, const struct err *err);
/** outcome_fail_shaping() - shaping needs three things that a kernel may have been built without; its own words name none of them */
void outcome_fail_shaping(struct outcome *out, const struct op *op);

/** apply_nft_group() - apply_group() of APPLY_NFT. Return: how many operations were taken up. */
size_t apply_nft_group(struct apply *apply, struct ns_entry *entry, const struct op *ops, size_t count, bool go_on,
		       struct outcome *out);

#endif
