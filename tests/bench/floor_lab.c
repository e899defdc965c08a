/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor_lab - a lab by the fewest kernel calls there are. What is to be made comes from the plan that Moat prints
 * ("moat lab up FILE --dry-run"), so it is the same; how it is made is ours: parsing and preparing are not timed.
 *
 *   each namespace   unshare, open, socket, write its sysctls, pin by a bind mount
 *                    sendmsg  all veths it owns, peers made in place
 *                    setns, write the sysctls of devices
 *                    sendmsg  addresses, up, routes
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/plan/plan.h"
#include "tests/bench/floor.h"

#define PIN_FOLDER "/run/floor-lab"

enum { SLOTS_MAX = 4096, SYSCTL_PATH_SIZE = 128 };

/* A namespace of the lab. */
struct slot {
	uint64_t ns;
	int fd, sock;
	bool devices; /* some sysctls are of devices */
	char pin[64];
};

/* An operation made ready: where, and what to write. */
struct step {
	const struct obj *obj;
	unsigned slot, peer;
	char path[SYSCTL_PATH_SIZE], value[32];
};

static struct lab {
	struct plan plan;
	struct slot *slots;
	struct step *steps;
	size_t slot_count, step_count;
} lab;

static unsigned slot_of(uint64_t ns)
{
	for (size_t i = 0; i < lab.slot_count; i++)
		if (lab.slots[i].ns == ns)
			return (unsigned)i;
	die("the plan speaks of a namespace it does not make");
}

static bool sysctl_of_device(const struct obj *obj)
{
	const char *dev = obj->sysctl.dev;

	return dev[0] && strcmp(dev, "all") != 0 && strcmp(dev, "default") != 0;
}

static void step_prepare(struct step *step, const struct obj *obj)
{
	const char *root = "/proc/sys/";

	step->obj = obj;
	step->slot = slot_of(obj->ns);
	if (obj->kind == OBJ_LINK)
		step->peer = slot_of(obj->link.peer_ns);
	if (obj->kind != OBJ_SYSCTL)
		return;
	memcpy(step->path, root, strlen(root));
	if (obj_sysctl_path(&obj->sysctl, step->path + strlen(root), sizeof(step->path) - strlen(root)) < 0)
		die("a sysctl without a path");
	if (obj->sysctl.key == SYSCTL_PING_GROUP_RANGE)
		snprintf(step->value, sizeof(step->value), "0 2147483647");
	else
		snprintf(step->value, sizeof(step->value), "%d", obj->sysctl.value);
	lab.slots[step->slot].devices |= sysctl_of_device(obj);
}

static void plan_read(const char *file)
{
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	uint8_t part[4096];
	ssize_t n;

	if (fd < 0)
		die("%s: %s", file, strerror(errno));
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_add(&text, part, (size_t)n);
	close(fd);
	if (plan_parse(buf_cstr(&text), &lab.plan, &err) < 0)
		die("%s: %s", file, err.msg);
	buf_fini(&text);
}

static void prepare(const char *file)
{
	plan_read(file);
	lab.slots = mem_alloc(SLOTS_MAX * sizeof(*lab.slots));
	lab.steps = mem_alloc((lab.plan.count + 1) * sizeof(*lab.steps));
	mkdir(PIN_FOLDER, 0700);
	for (size_t i = 0; i < lab.plan.count; i++) {
		const struct op *op = &lab.plan.ops[i];
		struct slot *slot = &lab.slots[lab.slot_count];

		if (op->verb == OP_DEL)
			die("the plan removes something: %s", obj_kind_name((enum obj_kind)op->obj.kind));
		if (op->obj.kind != OBJ_NETNS)
			continue;
		if (lab.slot_count == SLOTS_MAX)
			die("too many namespaces");
		snprintf(slot->pin, sizeof(slot->pin), PIN_FOLDER "/%zu", lab.slot_count);
		slot->ns = op->obj.ns;
		lab.slot_count++;
	}
	for (size_t i = 0; i < lab.plan.count; i++)
		if (lab.plan.ops[i].obj.kind != OBJ_NETNS)
			step_prepare(&lab.steps[lab.step_count++], &lab.plan.ops[i].obj);
}

/* Leaves the thread in the new namespace. */
static void namespace_make(unsigned number)
{
	struct slot *slot = &lab.slots[number];
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		die("unshare: %s", strerror(errno));
	slot->fd = ns_current();
	slot->sock = netlink_open(NETLINK_ROUTE);
	for (size_t i = 0; i < lab.step_count; i++) {
		const struct step *step = &lab.steps[i];

		if (step->slot == number && step->obj->kind == OBJ_SYSCTL && !sysctl_of_device(step->obj))
			sysctl_put(step->path, step->value);
	}
	fd = open(slot->pin, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0400);
	if (fd < 0 || mount("/proc/thread-self/ns/net", slot->pin, NULL, MS_BIND, NULL) < 0)
		die("%s: %s", slot->pin, strerror(errno));
	close(fd);
}

static void veths_make(unsigned number, struct msgs *m)
{
	for (size_t i = 0; i < lab.step_count; i++) {
		const struct step *step = &lab.steps[i];

		if (step->slot == number && step->obj->kind == OBJ_LINK)
			put_veth(m, &step->obj->link, 0, lab.slots[step->peer].fd);
	}
	msgs_run(m, lab.slots[number].sock, "veths");
}

static void device_sysctls(unsigned number)
{
	if (!lab.slots[number].devices)
		return;
	ns_enter(lab.slots[number].fd);
	for (size_t i = 0; i < lab.step_count; i++) {
		const struct step *step = &lab.steps[i];

		if (step->slot == number && step->obj->kind == OBJ_SYSCTL && sysctl_of_device(step->obj))
			sysctl_put(step->path, step->value);
	}
}

static void put_step(struct msgs *m, int sock, const struct obj *obj)
{
	switch ((enum obj_kind)obj->kind) {
	case OBJ_ADDR:
		put_addr(m, ifindex(sock, obj->addr.dev), &obj->addr.addr);
		return;
	case OBJ_UP:
		put_up(m, ifindex(sock, obj->up.dev));
		return;
	case OBJ_ROUTE:
		put_route(m, obj->route.dev[0] ? ifindex(sock, obj->route.dev) : 0, &obj->route.dst, &obj->route.via,
			  obj->route.metric, false);
		return;
	case OBJ_NEIGH:
		put_neigh(m, true, ifindex(sock, obj->neigh.dev), &obj->neigh.ip, &obj->neigh.mac);
		return;
	case OBJ_LINK:
	case OBJ_SYSCTL:
		return;
	case OBJ_NONE:
	case OBJ_NETNS:
	case OBJ_RULE:
	case OBJ_FDB:
	case OBJ_RULESET:
	case OBJ_ELEM:
	case OBJ_PORT:
	case OBJ_PROXY:
	case OBJ_QDISC:
	case OBJ_REDIRECT:
	case OBJ_KIND_COUNT:
		break;
	}
	die("a lab with %s: not known here", obj_kind_name((enum obj_kind)obj->kind));
}

uint64_t lab_up(const char *file)
{
	static struct msgs m;
	int home = ns_current();
	uint64_t start, spent;

	prepare(file);
	start = now_ns();
	for (unsigned i = 0; i < lab.slot_count; i++)
		namespace_make(i);
	ns_enter(home);
	for (unsigned i = 0; i < lab.slot_count; i++)
		veths_make(i, &m);
	for (unsigned i = 0; i < lab.slot_count; i++)
		device_sysctls(i);
	ns_enter(home);
	for (unsigned i = 0; i < lab.slot_count; i++) {
		for (size_t j = 0; j < lab.step_count; j++)
			if (lab.steps[j].slot == i)
				put_step(&m, lab.slots[i].sock, lab.steps[j].obj);
		msgs_run(&m, lab.slots[i].sock, "addresses and routes");
	}
	spent = now_ns() - start;
	close(home);
	return spent;
}

void lab_down(void)
{
	for (size_t i = 0; i < lab.slot_count; i++) {
		umount2(lab.slots[i].pin, MNT_DETACH);
		unlink(lab.slots[i].pin);
		close(lab.slots[i].fd);
		close(lab.slots[i].sock);
	}
	free(lab.slots);
	free(lab.steps);
	plan_fini(&lab.plan);
	lab = (struct lab){ 0 };
	rmdir(PIN_FOLDER);
}
