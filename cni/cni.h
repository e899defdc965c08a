/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cni - the CNI plugin of type "moat": one call of a container runtime, decoded, carried out over
 * the API, answered. Floor F5. It holds no state but the journal of deletions that the daemon was
 * not there for.
 *
 * Codes: a function that can fail returns CNI_OK or the code of the CNI error, with *err filled.
 */
#ifndef MOAT_CNI_CNI_H
#define MOAT_CNI_CNI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/varlink/varlink.h"

/* https://www.cni.dev/docs/spec/#error; 8 and 999 are what the reference plugins use beyond it; 100 on are ours. */
enum cni_code {
	CNI_OK = 0,
	CNI_VERSION = 1,     /* incompatible version of the specification */
	CNI_FIELD = 2,       /* unsupported field: the message has key and value */
	CNI_UNKNOWN = 3,     /* unknown container: there is nothing to clean up */
	CNI_ENVIRONMENT = 4, /* the message has the names */
	CNI_IO = 5,
	CNI_DECODE = 6,
	CNI_CONFIG = 7,
	CNI_NETNS = 8,
	CNI_TRY_AGAIN = 11,
	CNI_NOT_AVAILABLE = 50, /* of STATUS: an ADD would fail */
	CNI_LIMITED = 51,       /* of STATUS: and what is attached is cut off, too */
	CNI_NO_SUCH_OBJECT = 100,
	CNI_TAKEN = 101, /* this attachment exists */
	CNI_ADDRESS_TAKEN = 102,
	CNI_PORT_TAKEN = 103,
	CNI_EXHAUSTED = 104,
	CNI_REFUSED = 105, /* permission, quota, limit, conflict */
	CNI_UNSUPPORTED = 106,
	CNI_KERNEL = 107,
	CNI_DIFFERS = 108, /* of CHECK: the kernel, or prevResult, is not what ADD made */
	CNI_INTERNAL = 999,
};

enum cni_verb {
	CNI_VERB_NONE,
	CNI_VERB_ADD,
	CNI_VERB_DEL,
	CNI_VERB_CHECK,
	CNI_VERB_STATUS,
	CNI_VERB_GC,
	CNI_VERB_VERSION
};

enum {
	CNI_IFNAME_MAX = 15,
	CNI_STACK_ID_MAX = 40, /* characters of the container's id in the name of its stack */
	CNI_STACK_SIZE = 4 + CNI_STACK_ID_MAX + 1 + 12 + 1,
	CNI_PORTS_MAX = 65536,
	CNI_UNREAD_S = 40,  /* while the daemon reads no request; later than it says itself that it is not ready (supervisor.c) */
	CNI_ANSWER_S = 120, /* while it works on one, for hundreds may be before it */
	CNI_STATUS_S = 30,  /* of STATUS, and for the lock of the journal */
};

/** struct cni_env - what the runtime set; NULL or "" where it did not */
struct cni_env {
	const char *command, *container_id, *netns, *ifname, *args;
	const char *path;           /* CNI_PATH */
	const char *netns_override; /* CNI_NETNS_OVERRIDE: our own namespace is meant */
	const char *socket;         /* MOAT_SOCKET */
	const char *state_dir;      /* MOAT_STATE_DIR */
};

/**
 * struct cni_request - one call, decoded and judged; strings live in the arena or in @doc
 * @version: of the configuration, one of cni_versions
 * @name: of the configuration; @network: of Moat's network, in @tenant
 * @stack: name of the stack, derived from the container's id alone, so that DEL needs nothing else
 * @netns: CNI_NETNS verbatim
 * @subnets, @gateways, @ips, @publish, @aliases: NULL-terminated, never NULL
 * @excluded: ranges of the subnets that nobody is given an address of; the same
 * @ports: what @publish will be, where it was taken out of the text before that was parsed (ports.h); or NULL
 * @ipam_type: plugin that chooses addresses, or NULL; @delegate: its path, NULL where it is not there
 * @leased: it speaks on the interface (dhcp), which must stand before it is asked, and until it has given back
 * @given: its result in the shape of 1.1.0, or NULL; borrowed
 * @bare: an empty ipam: a port without addresses; @internal: a network without a way out; @by_netavark: netavark called
 * @sysctls: to be written inside: "net.a.b" -> text; owned; @tx_queue: packets, -1 not said
 * @labels: of args.cni, an object, or NULL; owned
 * @masquerade, @host_access, @name_service: -1 not said * @default_route: wanted; where it was not asked for, the first interface of the stack keeps it
 * @bandwidth: as EndpointAttach has it, or NULL; owned
 * @dns: an object for the result, or NULL; owned; @resolv: what the file of ipam.resolvConf says where that has nothing; the same
 * @routes: beside the default route, as EndpointAttach has them, or NULL; owned
 * @pod: K8S_POD_NAMESPACE and the like for labels, an object; owned
 * @prev: prevResult in the shape of 1.1.0, or NULL; owned
 * @attachments: of GC: those that are valid, checked; null is none; @attachments_given: the runtime said so
 */
struct cni_request {
	json_t *doc;
	enum cni_verb verb;
	const char *version;
	const char *name, *tenant, *network, *stack;
	const char *container_id, *netns, *ifname;
	bool netns_may_be_ours;
	const char *mode;
	const char *const *subnets, *const *gateways, *const *ips, *const *publish, *const *ports;
	const char *const *aliases, *const *excluded;
	const char *mac, *conf_mac; /* conf_mac: of the configuration, where nobody says another */
	int64_t mtu; /* 0: not said */
	int masquerade, host_access, name_service;
	const char *ipam_type, *delegate;
	bool bare, internal, by_netavark, leased;
	const json_t *given;
	json_t *sysctls;
	bool default_route, default_route_asked; /* asked: the configuration says so */
	bool promisc, allmulti;
	int64_t tx_queue;
	json_t *bandwidth, *dns, *pod, *prev, *routes, *labels, *resolv;
	const json_t *attachments;
	bool attachments_given;
	const char *socket, *state_dir, *path;
};

extern const char *const cni_versions[]; /* oldest first, NULL at the end */

enum cni_verb cni_verb_parse(const char *command); /* CNI_VERB_NONE where unknown */

/**
 * cni_request_decode() - environment and configuration into a request. Pure.
 * @text, @size: standard input
 * What only ADD needs is not judged for DEL: a DEL shall find its attachment whatever else is wrong.
 * On failure @ret_request->version is set if it could be read. cni_request_fini() either way.
 */
int cni_request_decode(const struct cni_env *env, const char *text, size_t size,
		       struct arena *arena, struct cni_request *ret_request, struct err *err);
void cni_request_fini(struct cni_request *request);

/* conf.c and args.c, for cni_request_decode() */
int cni_conf_decode(struct cni_request *request, struct arena *arena, struct err *err);
int cni_args_decode(struct cni_request *request, const char *args, struct arena *arena,
		    const char **ret_mac, const char *const **ret_ips, struct err *err);

/** cni_sysctl_allowed() - may a configuration have this one written inside a container? (tune.c) */
bool cni_sysctl_allowed(const char *name);
/** cni_tune() - what the request wants tuned in the namespace @netns: sysctls, flags and queue of the interface */
int cni_tune(const struct cni_request *request, int netns, struct err *err);
/** cni_tune_check() - are flags and queue as the request has them? CNI_DIFFERS */
int cni_tune_check(const struct cni_request *request, int netns, struct err *err);

/*
 * delegate.c: the plugin that `ipam.type` names, run as the specification has it: the same environment and the whole
 * configuration, another command.
 */
/** cni_delegate_find() - its path in CNI_PATH, in @arena; NULL where there is none */
const char *cni_delegate_find(const char *path, const char *type, struct arena *arena);
/**
 * cni_delegate() - one call of it; without a delegate nothing
 * @container, @ifname: another attachment than the request's, or NULL
 * @ret_result: of ADD, in the shape of cni_result_parse(); NULL for others
 * Return: CNI_OK, or the delegate's code with its message
 */
int cni_delegate(const struct cni_request *request, enum cni_verb verb, const char *container, const char *ifname,
		 json_t **ret_result, struct err *err);

/** cni_routes_given() - the routes of what a delegate gave into the request (routes.c) */
int cni_routes_given(struct cni_request *request, const json_t *given, struct arena *arena, struct err *err);

/** cni_names_check() - id and interface, as the specification has them */
int cni_names_check(const char *container_id, const char *ifname, struct err *err);

/** cni_stack_name() - "cni-" and the id, shortened with a hash of the whole where it is long. Never two ids one name. */
void cni_stack_name(const char *container_id, char dst[CNI_STACK_SIZE]);

/* result.c: documents for standard output. Pure; the caller's. */
json_t *cni_result_version(const char *version);
json_t *cni_result_error(const char *version, int code, const struct err *err);
/**
 * cni_result_add() - from the replies of EndpointAttach and NetworkShow
 * @default_route: the endpoint got one
 * Return: CNI_OK and *ret_result, or a code.
 */
int cni_result_add(const struct cni_request *request, const json_t *endpoint,
		   const json_t *network, bool default_route, json_t **ret_result,
		   struct err *err);
/* convert.c: between the shapes of the versions */
/** cni_result_convert() - one of 1.1.0 in the shape of @version. CNI_VERSION where that has no room for it. */
int cni_result_convert(const json_t *result, const char *version, json_t **ret_result,
		       struct err *err);
/** cni_result_parse() - of any shape into that of 1.1.0; from outside, so judged */
int cni_result_parse(const json_t *doc, json_t **ret_result, struct err *err);
/** cni_result_merge() - put what came before, of cni_result_parse(), before what @result has */
int cni_result_merge(json_t *result, const json_t *prev, struct err *err);

/** cni_code_of() - the CNI code of a failure of the API */
int cni_code_of(const struct err *err);

/* verbs.c: over the API. *ret_result: the document to print, or NULL. */
/** cni_add() - @request gets the routes that its delegate gives */
int cni_add(struct cni_request *request, json_t **ret_result, struct err *err);
int cni_del(const struct cni_request *request, struct err *err);
int cni_check(const struct cni_request *request, struct err *err);  /* check.c */
int cni_status(const struct cni_request *request, struct err *err); /* status.c */
int cni_gc(const struct cni_request *request, struct err *err);     /* gc.c */

/*
 * journal.c: deletions that wait for the daemon, in STATE/cni, a folder of root's alone. One file an
 * attachment; readers and writers hold the folder's lock.
 */
int cni_journal_add(const struct cni_request *request, struct err *err);
/**
 * cni_journal_replay() - carry out what waits, this request's own attachment included
 * Called before any other change, so that a later ADD of an attachment never meets an older DEL.
 */
int cni_journal_replay(const struct cni_request *request, struct varlink_client *client,
		       struct err *err);

#endif
