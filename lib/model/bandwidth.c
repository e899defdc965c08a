/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bandwidth - what an endpoint may receive and send. Floor F2, pure. How it is shaped is desired_shape.c's. */
#include <errno.h>

#include "lib/base/mem.h"
#include "lib/model/model.h"

enum { RATE_MIN = 1000 }; /* a frame would wait for longer than its connection lives */
static const uint64_t BITS_MAX = 1000000000000000; /* the largest that Kubernetes takes, and far beyond any machine */

uint32_t endpoint_shaper_index(uint64_t id)
{
	return OBJ_IFB_FIRST | (uint32_t)(id & (OBJ_IFB_FIRST - 1));
}

static int direction_check(uint64_t rate, uint64_t burst, const char *what, const char *full, struct err *err)
{
	if (burst && !rate)
		return err_set(err, ERR_USAGE, EINVAL, full, "a burst for what it %s, but no rate", what);
	if (rate && (rate < RATE_MIN || rate > BITS_MAX))
		return err_set(err, ERR_USAGE, ERANGE, full, "the rate of what it %s must be from %d to 10^15 bit/s", what,
			       RATE_MIN);
	if (burst > BITS_MAX)
		return err_set(err, ERR_USAGE, ERANGE, full, "the burst of what it %s must be at most 10^15 bits", what);
	return 0;
}

/* Of ids, by which devices are named, 30 bits go into the number: of those that are shaped in one router no two are the same. */
static int index_check(const struct tenant *tenant, uint64_t id, const char *full, struct err *err)
{
	list_each(node, &tenant->stack_order)
		list_each(link, &container_of(node, struct stack, order)->endpoints)
		{
			const struct endpoint *other = container_of(link, struct endpoint, stack_link);

			if (other->bandwidth.egress_rate && other->id != id &&
			    endpoint_shaper_index(other->id) == endpoint_shaper_index(id))
				return err_set(err, ERR_CONFLICT, EEXIST, full,
					       "its id is too like that of %s/%s:%s for both to be shaped: attach it anew",
					       tenant->name, other->stack->name, other->ifname);
		}
	return 0;
}

int bandwidth_check(const struct tenant *tenant, uint64_t id, const struct bandwidth *bandwidth, const char *full,
		    struct err *err)
{
	int r = direction_check(bandwidth->ingress_rate, bandwidth->ingress_burst, "receives", full, err);

	if (r == 0)
		r = direction_check(bandwidth->egress_rate, bandwidth->egress_burst, "sends", full, err);
	return r == 0 && bandwidth->egress_rate ? index_check(tenant, id, full, err) : r;
}

bool bandwidth_same(const struct bandwidth *a, const struct bandwidth *b)
{
	return a->ingress_rate == b->ingress_rate && a->ingress_burst == b->ingress_burst &&
	       a->egress_rate == b->egress_rate && a->egress_burst == b->egress_burst;
}
