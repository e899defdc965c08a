/* SPDX-License-Identifier: GPL-2.0-or-later */
/* registry - the namespaces of the hand; see registry.h. Floor F4. */
#include "netd/hand/registry.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/kern/nft.h"
#include "netd/seam/hold.h"

enum { PIN_NAME_SIZE = 17 };

static char *pin_path(const struct registry *reg, uint64_t ns)
{
	return mem_printf("%s/%016" PRIx64, reg->folder, ns);
}

/* 16 lower-case hex digits of a class that is pinned. */
static int pin_parse(const char *name, uint64_t *ret_ns)
{
	uint64_t ns = 0;

	if (strlen(name) != PIN_NAME_SIZE - 1 ||
	    strspn(name, "0123456789abcdef") != PIN_NAME_SIZE - 1)
		return -EINVAL;
	if (sscanf(name, "%16" SCNx64, &ns) != 1 ||
	    (ns_class(ns) != NS_ROUTER && ns_class(ns) != NS_STACK))
		return -EINVAL;
	*ret_ns = ns;
	return 0;
}

static uint64_t now_ms(void)
{
	return clock_monotonic_ns() / 1000000;
}

int registry_init(struct registry *reg, const char *runtime_dir, int control, struct err *err)
{
	int initial, r;

	*reg = (struct registry){.control = control, .host = {.fd = -1, .dirs = SYSCTL_DIRS_INIT}};
	r = netns_home(&reg->host.fd, err);
	if (r == 0)
		r = netns_identify(reg->host.fd, &reg->host.id, err);
	if (r < 0)
		return r;
	/* A daemon in a namespace of its own (tests) has another host; process 1's is nobody's to adopt all the same. */
	if (netns_open("/proc/1/ns/net", &initial, NULL) == 0) {
		reg->initial_known = netns_identify(initial, &reg->initial, NULL) == 0;
		fd_close(initial);
	}
	list_init(&reg->foreign);
	reg->folder = mem_printf("%s/ns", runtime_dir);
	sysctl_roots_open(&reg->roots);
	sysctl_dirs_init(&reg->host.dirs, &reg->roots, NS_HOST);
	return 0;
}

static_assert(sizeof(struct netns_id) == 2 * sizeof(uint64_t), "a key of by_id has no gaps");

static void entry_close(struct ns_entry *entry)
{
	nlsock_close(entry->rtnl);
	nlsock_close(entry->nft);
	nlsock_close(entry->loan);
	sysctl_dirs_close(&entry->dirs);
	entry->rtnl = entry->nft = entry->loan = NULL;
	fd_close(entry->fd);
	entry->fd = -1;
}

void registry_fini(struct registry *reg)
{
	struct ns_entry *entry;
	size_t cursor = 0;

	while ((entry = table_next(&reg->entries, &cursor)) != NULL) {
		entry_close(entry);
		free(entry);
	}
	table_fini(&reg->entries);
	table_fini(&reg->by_id);
	entry_close(&reg->host);
	sysctl_roots_close(&reg->roots);
	free(reg->folder);
}

struct ns_entry *registry_find(struct registry *reg, uint64_t ns)
{
	return ns == 0 ? &reg->host : table_find(&reg->entries, &ns, sizeof(ns));
}

/* Takes @fd in any case. @id: what is known of it already, or NULL. */
static int entry_add(struct registry *reg, uint64_t ns, int fd, const struct netns_id *id, struct ns_entry **ret_entry,
		     struct err *err)
{
	struct ns_entry *entry;
	struct netns_id asked;
	char name[24];
	int r = 0;

	ns_print(ns, name);
	if (reg->entries.count >= REGISTRY_MAX)
		r = err_set(err, ERR_LIMIT, EMFILE, name, "there are %d namespaces already",
			    REGISTRY_MAX);
	if (r == 0 && id == NULL) {
		r = netns_identify(fd, &asked, err);
		id = &asked;
	}
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	entry = mem_alloc(sizeof(*entry));
	*entry = (struct ns_entry){.ns = ns, .fd = fd, .id = *id};
	list_init(&entry->foreign);
	sysctl_dirs_init(&entry->dirs, &reg->roots, ns);
	if (table_add(&reg->entries, &entry->ns, sizeof(entry->ns), entry) < 0) {
		fd_close(fd);
		free(entry);
		return err_set(err, ERR_TAKEN, EEXIST, name, "namespace %s exists already",
			       name);
	}
	/* of two pins of one namespace the first is found: neither is taken for another */
	(void)table_add(&reg->by_id, &entry->id, sizeof(struct netns_id), entry);
	*ret_entry = entry;
	return 0;
}

/* ---- loading ---- */

/* A hand killed between making the file and mounting on it leaves an empty file: nothing is lost with it. */
static void pin_broken(const char *path, const struct err *err)
{
	log_warn("%s is no pinned namespace (%s): removed", path, err->msg);
	netns_unpin(path, NULL);
}

int registry_load_pins(struct registry *reg, struct err *err)
{
	DIR *dir = opendir(reg->folder);
	struct dirent *item;
	int found = 0;

	if (dir == NULL)
		return err_sys(err, ERR_IO, errno, reg->folder, "cannot read %s", reg->folder);
	while ((item = readdir(dir)) != NULL) {
		struct err why = ERR_INIT;
		struct ns_entry *entry;
		uint64_t ns;
		char *path;
		int fd;

		if (item->d_name[0] == '.')
			continue;
		if (pin_parse(item->d_name, &ns) < 0) {
			log_warn("%s/%s is not ours: left alone", reg->folder, item->d_name);
			continue;
		}
		path = pin_path(reg, ns);
		if (netns_open(path, &fd, &why) < 0) {
			/* one that cannot be opened just now is no reason to lose what lives in it: another start may */
			if (!netns_is_none(path)) {
				free(path);
				closedir(dir);
				*err = why;
				return -why.no;
			}
			pin_broken(path, &why);
		} else if (entry_add(reg, ns, fd, NULL, &entry, &why) < 0)
			log_failure(&why, "cannot take up %s", path);
		else
			found++;
		free(path);
	}
	closedir(dir);
	return found;
}

int registry_load_holds(struct registry *reg, struct err *err)
{
	int found = 0;

	for (;;) {
		struct err why = ERR_INIT;
		struct ns_entry *entry;
		struct hold_msg msg;
		int fd, r = hold_recv(reg->control, &msg, &fd);

		if (r < 0)
			return err_sys(err, ERR_INTERNAL, -r, NULL,
				       "cannot read from the supervisor");
		if (msg.verb == HOLD_END)
			return found;
		if (msg.verb != HOLD_KEEP)
			return err_set(err, ERR_INTERNAL, EPROTO, NULL,
				       "the supervisor sent verb %u", msg.verb);
		if (entry_add(reg, msg.ns, fd, NULL, &entry, &why) < 0) {
			log_failure(&why, "cannot take up a held namespace");
			continue;
		}
		entry->held = true;
		reg->held_count++;
		found++;
	}
}

/* ---- making, adopting, forgetting ---- */

int registry_make(struct registry *reg, uint64_t ns, struct err *err)
{
	struct ns_entry *entry;
	char name[24];
	char *path;
	int fd, r;

	ns_print(ns, name);
	if (registry_find(reg, ns) != NULL)
		return err_set(err, ERR_TAKEN, EEXIST, name, "namespace %s exists already",
			       name);
	r = netns_create(reg->host.fd, &fd, err);
	if (r < 0)
		return r;
	path = pin_path(reg, ns);
	r = netns_pin(fd, path, err);
	if (r < 0) {
		fd_close(fd);
	} else {
		r = entry_add(reg, ns, fd, NULL, &entry, err);
		if (r < 0)
			netns_unpin(path, NULL);
	}
	free(path);
	return r;
}

static bool id_same(const struct netns_id *a, const struct netns_id *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

/* Everything that may be wrong with what somebody brought. */
static int adopt_check(struct registry *reg, const struct seam_adopt *adopt, int fd,
		       struct netns_id *ret_id, struct err *err)
{
	const struct ns_entry *same;
	char name[24], other[24];
	uint32_t owner = 0;
	int r;

	ns_print(adopt->ns, name);
	if (adopt->hold > 1 || ns_class(adopt->ns) != (adopt->hold ? NS_CONTAINER : NS_FOREIGN))
		return err_set(err, ERR_USAGE, EINVAL, name,
			       "namespace %s cannot be adopted so", name);
	r = netns_check(fd, err);
	if (r == 0)
		r = netns_identify(fd, ret_id, err);
	if (r < 0)
		return r;
	if (id_same(ret_id, &reg->host.id) ||
	    (reg->initial_known && id_same(ret_id, &reg->initial)))
		return err_set(err, ERR_PERMISSION, EPERM, name,
			       "that is the host's own network namespace");
	if (adopt->uid != 0) {
		r = netns_owner(fd, &owner, err);
		if (r < 0)
			return r;
		if (adopt->uid != owner)
			return err_set(
				err, ERR_PERMISSION, EPERM, name,
				"the namespace belongs to uid %u, and uid %u asked to have it attached",
				owner, adopt->uid);
	}
	same = table_find(&reg->by_id, ret_id, sizeof(struct netns_id));
	if (same != NULL && same->ns != adopt->ns && (adopt->hold || ns_class(same->ns) != NS_FOREIGN)) {
		ns_print(same->ns, other);
		return err_set(err, ERR_CONFLICT, EEXIST, name,
			       "that namespace is known already as %s", other);
	}
	if ((same == NULL || same->ns != adopt->ns) && registry_find(reg, adopt->ns) != NULL)
		return err_set(err, ERR_TAKEN, EEXIST, name, "%s is another namespace already",
			       name);
	return 0;
}

/*
 * A foreign one that is known by another number was taken for a request that then sent no plan, or whose plan is done: an
 * entry of a foreign namespace lives from its ADOPT to its PLAN. Who brings it now has it by the new number.
 */
static int adopt_new(struct registry *reg, const struct seam_adopt *adopt, int fd, const struct netns_id *id,
		     struct ns_entry **ret_entry, struct err *err)
{
	const struct ns_entry *same = table_find(&reg->by_id, id, sizeof(struct netns_id));
	char *pin;
	int r;

	if (same != NULL)
		registry_forget(reg, same->ns, &pin);

	if (adopt->hold && (reg->control < 0 || reg->held_count >= hold_limit())) {
		fd_close(fd);
		return err_set(err, ERR_LIMIT, EMFILE, NULL, "%zu namespaces are held already",
			       reg->held_count);
	}
	r = entry_add(reg, adopt->ns, fd, id, ret_entry, err);
	if (r < 0)
		return r;
	if (!adopt->hold)
		return 0;
	r = hold_send(reg->control, HOLD_KEEP, adopt->ns, fd);
	if (r < 0) {
		registry_forget(reg, adopt->ns, &pin);
		return err_sys(err, ERR_INTERNAL, -r, NULL,
			       "cannot give the namespace to the supervisor");
	}
	(*ret_entry)->held = true;
	reg->held_count++;
	return 0;
}

static struct seam_nsinfo entry_info(const struct ns_entry *entry)
{
	return (struct seam_nsinfo){
		.ns = entry->ns,
		.dev = entry->id.dev,
		.ino = entry->id.ino,
	};
}

int registry_adopt(struct registry *reg, const struct seam_adopt *adopt, int fd,
		   struct seam_nsinfo *ret_info, struct err *err)
{
	struct ns_entry *entry;
	struct netns_id id;
	int r = adopt_check(reg, adopt, fd, &id, err);

	if (r < 0) {
		fd_close(fd);
		return r;
	}
	entry = registry_find(reg, adopt->ns);
	if (entry != NULL) {
		fd_close(fd);
	} else {
		r = adopt_new(reg, adopt, fd, &id, &entry, err);
		if (r < 0)
			return r;
	}
	if (ns_class(entry->ns) == NS_FOREIGN) {
		list_remove(&entry->foreign);
		list_append(&reg->foreign, &entry->foreign);
		entry->adopted_ms = now_ms();
	}
	*ret_info = entry_info(entry);
	return 0;
}

void registry_forget(struct registry *reg, uint64_t ns, char **ret_pin)
{
	struct ns_entry *entry = ns == 0 ? NULL : table_del(&reg->entries, &ns, sizeof(ns));

	*ret_pin = NULL;
	if (entry == NULL)
		return;
	if (ns_class(ns) == NS_ROUTER || ns_class(ns) == NS_STACK)
		*ret_pin = pin_path(reg, ns);
	if (table_find(&reg->by_id, &entry->id, sizeof(struct netns_id)) == entry)
		table_del(&reg->by_id, &entry->id, sizeof(struct netns_id));
	list_remove(&entry->foreign);
	if (entry->held) {
		int r = hold_send(reg->control, HOLD_DROP, ns, -1);

		if (r < 0)
			log_error("cannot tell the supervisor to drop a namespace: %s",
				  strerror(-r));
		reg->held_count--;
	}
	entry_close(entry);
	free(entry);
}

void registry_rest(struct registry *reg, uint64_t ns)
{
	struct ns_entry *entry = registry_find(reg, ns);

	if (entry == NULL || ns_class(ns) == NS_HOST || ns_class(ns) == NS_ROUTER)
		return;
	nlsock_close(entry->rtnl);
	nlsock_close(entry->nft);
	sysctl_dirs_close(&entry->dirs);
	entry->rtnl = entry->nft = NULL;
}

void registry_settle(struct registry *reg, uint64_t ns)
{
	char *pin;

	if (ns_class(ns) == NS_FOREIGN)
		registry_forget(reg, ns, &pin);
	else
		registry_rest(reg, ns);
}

int registry_expire(struct registry *reg, uint64_t now)
{
	while (!list_empty(&reg->foreign)) {
		const struct ns_entry *entry = container_of(reg->foreign.next, struct ns_entry, foreign);
		uint64_t age = now - entry->adopted_ms;
		char *pin;

		if (age < REGISTRY_FOREIGN_MS)
			return (int)(REGISTRY_FOREIGN_MS - age);
		registry_forget(reg, entry->ns, &pin);
	}
	return -1;
}

/* ---- sockets ---- */

int registry_rtnl(struct registry *reg, struct ns_entry *entry, struct nlsock **ret_sock,
		  struct err *err)
{
	if (entry->rtnl == NULL) {
		int r = nlsock_open(NLSOCK_RTNL, entry->fd, reg->host.fd, &entry->rtnl, err);

		if (r < 0)
			return r;
	}
	*ret_sock = entry->rtnl;
	return 0;
}

void registry_rtnl_here(struct ns_entry *entry)
{
	if (entry->rtnl == NULL)
		(void)nlsock_open(NLSOCK_RTNL, -1, -1, &entry->rtnl, NULL);
}

/* The tables in a namespace of ours that a hand before us owned. That there are none is the usual case. */
static int tables_adopt(struct registry *reg, struct nlsock *sock, enum ns_class class,
			struct err *err)
{
	static const struct {
		enum ns_class class;
		enum ruleset_kind kind;
	} tables[] = {
		{NS_HOST, RULESET_HOST},
		{NS_ROUTER, RULESET_ROUTER},
		{NS_ROUTER, RULESET_GUARD},
	};

	if (!reg->features.nft_owner_persist)
		return 0;
	for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
		struct nlbatch batch = {0};
		int r;

		if (tables[i].class != class)
			continue;
		nft_begin(&batch);
		nft_ruleset_adopt(&batch, tables[i].kind, &reg->features);
		nft_end(&batch);
		r = nft_exec(sock, &batch, &(uint32_t){0}, err);
		nlbatch_fini(&batch);
		/* one that was made without an owner cannot get one (-EOPNOTSUPP): ours to change all the same */
		if (r < 0 && r != -ENOENT && r != -EOPNOTSUPP)
			return err_wrap(err, "cannot take over our tables");
	}
	return 0;
}

int registry_nft(struct registry *reg, struct ns_entry *entry, struct nlsock **ret_sock,
		 struct err *err)
{
	if (entry->nft == NULL) {
		struct nlsock *sock;
		int r = nlsock_open(NLSOCK_NFT, entry->fd, reg->host.fd, &sock, err);

		if (r < 0)
			return r;
		r = tables_adopt(reg, sock, ns_class(entry->ns), err);
		if (r < 0) {
			nlsock_close(sock);
			return r;
		}
		entry->nft = sock;
	}
	*ret_sock = entry->nft;
	return 0;
}

void registry_loan_open(struct registry *reg, uint64_t ns)
{
	struct ns_entry *entry = ns_class(ns) == NS_ROUTER ? registry_find(reg, ns) : NULL;

	if (entry != NULL && entry->loan == NULL && !entry->lent)
		(void)nlsock_open_beside(NLSOCK_RTNL, REGISTRY_LOAN, entry->fd, reg->host.fd, &entry->loan, NULL);
}

void registry_lend(struct ns_entry *entry, struct registry_loan *ret_loan)
{
	*ret_loan = (struct registry_loan){.sock = entry->loan, .ns = entry->ns, .id = entry->id};
	entry->lent |= entry->loan != NULL;
	entry->loan = NULL;
}

void registry_take_back(struct registry *reg, struct registry_loan *loan)
{
	struct ns_entry *entry = loan->sock != NULL ? registry_find(reg, loan->ns) : NULL;

	if (entry != NULL && entry->lent && id_same(&entry->id, &loan->id)) {
		entry->loan = loan->sock;
		entry->lent = false;
	} else {
		nlsock_close(loan->sock);
	}
	loan->sock = NULL;
}

void registry_info(const struct registry *reg, struct buf *bytes)
{
	const struct ns_entry *entry;
	size_t cursor = 0;

	while ((entry = table_next(&reg->entries, &cursor)) != NULL) {
		struct seam_nsinfo info = entry_info(entry);

		buf_add(bytes, &info, sizeof(info));
	}
}
