/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_look - two dumps of the host and what follows from them; see host_look.h. Floor F4. */
#include "netd/engine/host_look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/engine/snapshot.h"
#include "netd/engine/store.h"

/* Marks as text: "eth0/4 eth0/6 all/6". */
enum { MARKS_SIZE = 2 * HOST_DEVS_MAX * (OBJ_IFNAME_SIZE + 3) + 8 };

struct marks {
	struct host_devs devs4, devs6;
	bool all6;
};

struct look {
	struct engine *engine;
	host_look_fn done;
	void *ctx;
	struct host_facts facts;
	struct marks marks;
};

static bool devs_has(const struct host_devs *devs, const char *name)
{
	for (size_t i = 0; i < devs->count; i++)
		if (str_eq(devs->names[i], name))
			return true;
	return false;
}

static void devs_add(struct host_devs *devs, const char *name)
{
	if (!devs_has(devs, name) && devs->count < HOST_DEVS_MAX)
		(void)str_copy(devs->names[devs->count++], OBJ_IFNAME_SIZE, name);
}

/* ------------------------------------------------------------------------ marks */

static void marks_print(const struct marks *marks, char dst[MARKS_SIZE])
{
	struct buf text cleanup(buf_fini) = BUF_INIT;

	for (size_t i = 0; i < marks->devs4.count; i++)
		buf_printf(&text, "%s/4 ", marks->devs4.names[i]);
	for (size_t i = 0; i < marks->devs6.count; i++)
		buf_printf(&text, "%s/6 ", marks->devs6.names[i]);
	if (marks->all6)
		buf_str(&text, "all/6 ");
	(void)str_copy(dst, MARKS_SIZE, buf_cstr(&text));
}

/* What is no mark is passed over: no name of a device has a slash. */
static void marks_parse(char *text, struct marks *ret_marks)
{
	char *rest = NULL;

	*ret_marks = (struct marks){ 0 };
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		char *slash = strchr(word, '/');

		if (!slash)
			continue;
		*slash = '\0';
		if (str_eq(slash + 1, "4"))
			devs_add(&ret_marks->devs4, word);
		else if (str_eq(word, "all"))
			ret_marks->all6 = true;
		else
			devs_add(&ret_marks->devs6, word);
	}
}

static void marks_load(struct engine *engine, struct marks *ret_marks)
{
	char text[MARKS_SIZE];

	if (store_opened(engine->store, text, sizeof(text)) < 0)
		text[0] = '\0';
	marks_parse(text, ret_marks);
}

static int marks_save(struct engine *engine, const struct marks *marks, struct err *err)
{
	char text[MARKS_SIZE], old[MARKS_SIZE];

	marks_print(marks, text);
	if (store_opened(engine->store, old, sizeof(old)) < 0)
		old[0] = '\0';
	return str_eq(text, old) ? 0 : store_set_opened(engine->store, text, err);
}

int host_mark(struct engine *engine, struct err *err)
{
	const struct host_facts *facts = &engine->facts;
	const struct marks marks = { facts->opened4, facts->opened6, facts->opened_all6 };

	return marks_save(engine, &marks, err);
}

/* --------------------------------------------------------------------- switches */

/* Return: its value, -1 where it is not there. */
static int32_t value_of(const struct objv *switches, enum sysctl_key key, const char *dev)
{
	struct obj wanted = obj_sysctl(NS_HOST, key, dev, 0);
	const struct obj *found = objv_find(switches, &wanted);

	return found ? found->sysctl.value : -1;
}

/*
 * The devices whose @key is off, or on since we turned it on; @ret_marked: those to be written down. What cannot be read
 * now is as it was: a mark forgotten would make a device that we opened look like one that always routed.
 */
static void devs_judge(const struct look *look, const struct objv *switches, enum sysctl_key key,
		       const struct host_devs *marked, struct host_devs *ret_opened, struct host_devs *ret_marked)
{
	bool routers = engine_routers(look->engine) > 0;

	for (size_t i = 0; i < look->facts.egress_count + marked->count; i++) {
		bool egress = i < look->facts.egress_count;
		const char *dev = egress ? look->facts.egress[i] : marked->names[i - look->facts.egress_count];
		int32_t value = value_of(switches, key, dev);
		bool mark = devs_has(marked, dev);

		if (!mark && (value < 0 || value > 0))
			continue;
		if (value == 0 && !egress)
			continue;
		if (value >= 0 || egress)
			devs_add(ret_opened, dev);
		if (value != 0 || routers)
			devs_add(ret_marked, dev);
	}
}

/* A device whose router advertisements the kernel does not read (a daemon does it, or nobody) is left as it is. */
static void ra_judge(struct host_facts *facts, const struct objv *switches)
{
	size_t kept = 0;

	for (size_t i = 0; i < facts->ra_count; i++)
		if (value_of(switches, SYSCTL_IPV6_ACCEPT_RA, facts->ra[i]) > 0)
			memmove(facts->ra[kept++], facts->ra[i], sizeof(facts->ra[i]));
	facts->ra_count = kept;
}

static int look_judge(struct look *look, const struct objv *switches, struct marks *ret_marks, struct err *err)
{
	struct host_facts *facts = &look->facts;
	int32_t all4 = value_of(switches, SYSCTL_IPV4_FORWARDING, "all");
	int32_t all6 = value_of(switches, SYSCTL_IPV6_FORWARDING, "all");

	if (all4 < 0 || (facts->ipv6 && all6 < 0))
		return err_set(err, ERR_KERNEL, EIO, "host", "whether it forwards cannot be read");
	*ret_marks = (struct marks){ 0 };
	if (all4 == 0)
		devs_judge(look, switches, SYSCTL_IPV4_FORWARDING, &look->marks.devs4, &facts->opened4, &ret_marks->devs4);
	if (facts->ipv6 && facts->force_forwarding && all6 == 0)
		devs_judge(look, switches, SYSCTL_IPV6_FORCE_FORWARDING, &look->marks.devs6, &facts->opened6,
			   &ret_marks->devs6);
	if (facts->ipv6 && !facts->force_forwarding) {
		facts->opened_all6 = all6 == 0 || (all6 > 0 && look->marks.all6);
		ret_marks->all6 = facts->opened_all6 && (all6 > 0 || engine_routers(look->engine) > 0);
	}
	ra_judge(facts, switches);
	return 0;
}

static void look_end(struct look *look, const struct err *failure)
{
	host_look_fn done = look->done;
	void *ctx = look->ctx;

	if (!failure)
		look->engine->facts = look->facts;
	free(look);
	done(ctx, failure);
}

static void on_switches(void *ctx, struct hand_answer *answer)
{
	struct look *look = ctx;
	struct objv switches = { 0 };
	struct marks marks;
	struct err err = ERR_INIT;
	int r = hand_result_err(&answer->result, "host", "dump", &err);

	if (r == 0)
		r = snapshot_decode(answer->data, answer->size, NS_HOST, &switches, &err);
	if (r == 0) {
		objv_sort(&switches);
		r = look_judge(look, &switches, &marks, &err);
		if (r == 0)
			r = marks_save(look->engine, &marks, &err);
	}
	objv_fini(&switches);
	look_end(look, r < 0 ? &err : NULL);
}

static void ask(struct objv *switches, enum sysctl_key key, const char *dev)
{
	struct obj obj = obj_sysctl(NS_HOST, key, dev, 0);

	objv_add(switches, &obj);
}

static void on_links(void *ctx, struct hand_answer *answer)
{
	struct look *look = ctx;
	struct host_facts *facts = &look->facts;
	struct objv switches = { 0 };
	struct err err = ERR_INIT;
	int r = hand_result_err(&answer->result, "host", "dump", &err);

	if (r == 0)
		r = snapshot_host(answer->data, answer->size, &look->engine->features, facts, &err);
	if (r < 0) {
		look_end(look, &err);
		return;
	}
	facts->connections = look->engine->settings.connections;
	marks_load(look->engine, &look->marks);
	ask(&switches, SYSCTL_IPV4_FORWARDING, "all");
	ask(&switches, SYSCTL_IPV6_FORWARDING, "all");
	for (size_t i = 0; i < facts->egress_count; i++) {
		ask(&switches, SYSCTL_IPV4_FORWARDING, facts->egress[i]);
		ask(&switches, SYSCTL_IPV6_FORCE_FORWARDING, facts->egress[i]);
	}
	for (size_t i = 0; i < look->marks.devs4.count; i++)
		ask(&switches, SYSCTL_IPV4_FORWARDING, look->marks.devs4.names[i]);
	for (size_t i = 0; i < look->marks.devs6.count; i++)
		ask(&switches, SYSCTL_IPV6_FORCE_FORWARDING, look->marks.devs6.names[i]);
	for (size_t i = 0; i < facts->ra_count; i++)
		ask(&switches, SYSCTL_IPV6_ACCEPT_RA, facts->ra[i]);
	hand_dump(look->engine->hand, NS_HOST, SEAM_SYSCTLS, switches.items, switches.count, on_switches, look);
	objv_fini(&switches);
}

void host_look(struct engine *engine, host_look_fn done, void *ctx)
{
	struct look *look = mem_alloc(sizeof(*look));

	look->engine = engine;
	look->done = done;
	look->ctx = ctx;
	hand_dump(engine->hand, NS_HOST, SEAM_LINKS | SEAM_ROUTES, NULL, 0, on_links, look);
}
