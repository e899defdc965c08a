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

int doom_gather(struct nlsock *sock, const char *const *names, size_t count, struct nlack *ret_acks)
{
	struct nlbatch batch = {0};
	int r;

	for (size_t i = 0; i < count; i++)
		rtnl_link_group(&batch, names[i], DOOM_GROUP);
	r = nlsock_exec(sock, &batch, ret_acks);
	nlbatch_fini(&batch);
	return r < 0 ? r : 0;
}

static int remove_one(struct nlsock *sock, const char *name, struct nlack *ack)
{
	struct nlbatch batch = {0};
	int r;

	rtnl_link_del(&batch, name);
	r = nlsock_exec(sock, &batch, ack);
	nlbatch_fini(&batch);
	gone_is_success(ack, 1);
	return r < 0 ? r : remaining(ack, 1);
}

int doom_remove(struct nlsock *sock, const char *const *names, size_t count, struct nlack *acks)
{
	struct nlbatch batch = {0};
	struct nlack group;
	int r;

	if (count == 1)
		return remove_one(sock, names[0], acks);
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
		int r = n > 1 ? doom_gather(sock, names + done, n, ret_acks + done) : 0;

		if (r == 0)
			r = doom_remove(sock, names + done, n, ret_acks + done);
		if (r < 0)
			return r;
		worst |= r;
	}
	return worst;
}
