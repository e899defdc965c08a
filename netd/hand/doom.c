/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doom - links into a group, then the group away; see doom.h. Floor F4. */
#include "netd/hand/doom.h"

#include <errno.h>

#include "lib/kern/rtnl.h"

static void gone_is_success(struct nlack *acks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (acks[i].status == -ENODEV)
			acks[i].status = 0;
	}
}

static int remaining(const struct nlack *acks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (acks[i].status != 0)
			return 1;
	}
	return 0;
}

static int doom_chunk(struct nlsock *sock, const char *const *names, size_t count,
		      struct nlack *acks)
{
	struct nlbatch batch = {0};
	struct nlack group;
	int r;

	if (count == 1) {
		rtnl_link_del(&batch, names[0]);
		r = nlsock_exec(sock, &batch, acks);
		nlbatch_fini(&batch);
		gone_is_success(acks, 1);
		return r < 0 ? r : remaining(acks, 1);
	}
	for (size_t i = 0; i < count; i++)
		rtnl_link_group(&batch, names[i], DOOM_GROUP);
	r = nlsock_exec(sock, &batch, acks);
	nlbatch_fini(&batch);
	if (r < 0)
		return r;
	rtnl_group_del(&batch, DOOM_GROUP);
	r = nlsock_exec(sock, &batch, &group);
	nlbatch_fini(&batch);
	if (r < 0)
		return r;
	/* Those that could not be put into the group were gone, or stay with their own failure. */
	gone_is_success(acks, count);
	for (size_t i = 0; i < count && group.status != 0 && group.status != -ENODEV; i++) {
		if (acks[i].status == 0)
			acks[i] = group;
	}
	return remaining(acks, count);
}

int doom_links(struct nlsock *sock, const char *const *names, size_t count,
	       struct nlack *ret_acks)
{
	int worst = 0;

	for (size_t done = 0; done < count; done += DOOM_CHUNK) {
		size_t n = count - done < DOOM_CHUNK ? count - done : DOOM_CHUNK;
		int r = doom_chunk(sock, names + done, n, ret_acks + done);

		if (r < 0)
			return r;
		worst |= r;
	}
	return worst;
}
