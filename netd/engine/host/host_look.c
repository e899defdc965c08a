/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_look - two dumps of the host and what follows from them; see host_look.h. Floor F4. */
#include "netd/engine/host/host_look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/engine/compare/snapshot.h"
#include "netd/engine/store/store.h"

/* Marks as text: "eth0/4 eth0/6 all/6", and of what answers for endpoints "eth0/n" (proxy_ndp) and "eth0/r" (forwarding). */
enum { MARKS_SIZE = 4 * HOST_DEVS_MAX * (OBJ_IFNAME_SIZE + 3) + 8 };

struct marks {
	struct host_devs devs4, devs6, proxies, routers6;
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

static void devs_print(const struct host_devs *devs, char what, struct buf *text)
{
	for (size_t i = 0; i < devs->count; i++)
		buf_printf(text, "%s/%c ", devs->names[i], what);
}

static void marks_print(const struct marks *marks, char dst[MARKS_SIZE])
{
	struct buf text cleanup(buf_fini) = BUF_INIT;

	devs_print(&marks->devs4, '4', &text);
	devs_print(&marks->devs6, '6', &text);
	devs_print(&marks->proxies, 'n', &text);
	devs_print(&marks->routers6, 'r', &text);
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
			devs_add(slash[1] == 'n'   ? &ret_marks->proxies
				 : slash[1] == 'r' ? &ret_marks->routers6
						   : &ret_marks->devs6,
				 word);
	}
}

/* Return: 0, or -errno where they cannot be read; that there are none is no failure. */
static int marks_text(struct engine *engine, char dst[MARKS_SIZE], struct err *err)
{
	int r = store_opened(engine->store, dst, MARKS_SIZE);

	if (r == -ENOENT)
		dst[0] = '\0';
	else if (r < 0)
		return err_set(err, ERR_IO, -r, "host", "what we opened of it cannot be read");
	return 0;
}

static int marks_load(struct engine *engine, struct marks *ret_marks, struct err *err)
{
	char text[MARKS_SIZE];
	int r = marks_text(engine, text, err);

	if (r == 0)
		marks_parse(text, ret_marks);
	return r;
}

static int marks_save(struct engine *engine, const struct marks *marks, struct err *err)
{
	char text[MARKS_SIZE], old[MARKS_SIZE];
	int r = marks_text(engine, old, err);

	marks_print(marks, text);
	if (r < 0 || str_eq(text, old))
		return r;
	return store_set_opened(engine->store, text, err);
}

int host_mark(struct engine *engine, struct err *err)
{
	const struct host_facts *facts = &engine->facts;
	const struct marks marks = { facts->opened4, facts->opened6, facts->proxies_opened, facts->routers6,
				     facts->opened_all6 };

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
 * Of @devs, the devices whose @key is off, or on since we turned it on; @ret_marked: those to be written down. What cannot be read
 * now is as it was: a mark forgotten would make a device that we opened look like one that always routed.
 */
static void devs_judge(const struct look *look, const struct objv *switches, enum sysctl_key key,
		       const struct host_devs *devs, const struct host_devs *marked, struct host_devs *ret_opened,
		       struct host_devs *ret_marked)
{
	bool routers = engine_routers(look->engine) > 0;

	for (size_t i = 0; i < devs->count + marked->count; i++) {
		bool egress = i < devs->count;
		const char *dev = egress ? devs->names[i] : marked->names[i - devs->count];
		int32_t value = value_of(switches, key, dev);
		bool mark = devs_has(marked, dev);

		if (!mark && value != 0)
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
	struct host_devs egress = { .count = facts->egress_count };
	int32_t all4 = value_of(switches, SYSCTL_IPV4_FORWARDING, "all");
	int32_t all6 = value_of(switches, SYSCTL_IPV6_FORWARDING, "all");

	if (all4 < 0 || (facts->ipv6 && all6 < 0))
		return err_set(err, ERR_KERNEL, EIO, "host", "whether it forwards cannot be read");
	_Static_assert(sizeof(egress.names) == sizeof(facts->egress), "both are lists of devices");
	memcpy(egress.names, facts->egress, sizeof(egress.names));
	*ret_marks = (struct marks){ 0 };
	if (all4 == 0)
		devs_judge(look, switches, SYSCTL_IPV4_FORWARDING, &egress, &look->marks.devs4, &facts->opened4,
			   &ret_marks->devs4);
	if (facts->ipv6 && facts->force_forwarding && all6 == 0)
		devs_judge(look, switches, SYSCTL_IPV6_FORCE_FORWARDING, &egress, &look->marks.devs6, &facts->opened6,
			   &ret_marks->devs6);
	if (facts->ipv6 && !facts->force_forwarding) {
		facts->opened_all6 = all6 == 0 || (all6 > 0 && look->marks.all6);
		ret_marks->all6 = facts->opened_all6 && (all6 > 0 || engine_routers(look->engine) > 0);
	}
	/* of a host that is a router by itself nothing is taken back */
	if (facts->ipv6 && (facts->force_forwarding ? all6 == 0 : facts->opened_all6))
		devs_judge(look, switches, SYSCTL_IPV6_PROXY_NDP, &facts->proxies, &look->marks.proxies,
			   &facts->proxies_opened, &ret_marks->proxies);
	if (facts->ipv6 && facts->force_forwarding && all6 == 0)
		devs_judge(look, switches, SYSCTL_IPV6_FORWARDING, &facts->proxies, &look->marks.routers6, &facts->routers6,
			   &ret_marks->routers6);
	ra_judge(facts, switches);
	return 0;
}

static void look_end(struct look *look, const struct err *failure)
{
	host_look_fn done = look->done;
	void *ctx = look->ctx;

	if (!failure) {
		look->engine->facts = look->facts;
		look->engine->model.links = look->facts.links;
		model_route_all(&look->engine->model);
	}
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

static void ask_all(struct objv *switches, enum sysctl_key key, const struct host_devs *devs)
{
	for (size_t i = 0; i < devs->count; i++)
		ask(switches, key, devs->names[i]);
}

static void on_links(void *ctx, struct hand_answer *answer)
{
	struct look *look = ctx;
	struct host_facts *facts = &look->facts;
	struct objv switches = { 0 };
	struct err err = ERR_INIT;
	int r = hand_result_err(&answer->result, "host", "dump", &err);

	if (r == 0)
		r = snapshot_host(answer->data, answer->size, &look->engine->features, &look->engine->settings, facts, &err);
	if (r == 0)
		r = marks_load(look->engine, &look->marks, &err);
	if (r < 0) {
		look_end(look, &err);
		return;
	}
	facts->connections = look->engine->settings.connections;
	ask(&switches, SYSCTL_IPV4_FORWARDING, "all");
	ask(&switches, SYSCTL_IPV6_FORWARDING, "all");
	for (size_t i = 0; i < facts->egress_count; i++) {
		ask(&switches, SYSCTL_IPV4_FORWARDING, facts->egress[i]);
		ask(&switches, SYSCTL_IPV6_FORCE_FORWARDING, facts->egress[i]);
	}
	ask_all(&switches, SYSCTL_IPV4_FORWARDING, &look->marks.devs4);
	ask_all(&switches, SYSCTL_IPV6_FORCE_FORWARDING, &look->marks.devs6);
	ask_all(&switches, SYSCTL_IPV6_PROXY_NDP, &facts->proxies);
	ask_all(&switches, SYSCTL_IPV6_PROXY_NDP, &look->marks.proxies);
	ask_all(&switches, SYSCTL_IPV6_FORWARDING, &facts->proxies);
	ask_all(&switches, SYSCTL_IPV6_FORWARDING, &look->marks.routers6);
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
