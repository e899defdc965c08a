/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * supervisor - keeps engine, hand and name service alive, and what must outlive them: the
 * listening socket, the lock, the held namespaces. Floor F4. It decides
 * nothing about networks and reads no byte a client sent.
 */
#ifndef MOAT_NETD_SUPERVISOR_SUPERVISOR_H
#define MOAT_NETD_SUPERVISOR_SUPERVISOR_H

#include "lib/base/err.h"

/**
 * struct supervisor_options - what the command line says
 * @libexec: folder of moatd-hand, moatd-engine and moatd-dns
 * @dns_user: NULL: "moat-dns"
 * @resolv_conf: where the host's name servers stand
 * @config: moatd.yaml, for engine and hand
 * @reserved_ports: file of host ports nobody may publish, handed to the hand; NULL: its own default
 * @allowed_ports: the same of ports that users may publish
 */
struct supervisor_options {
	const char *runtime_dir;
	const char *state_dir;
	const char *engine_user;
	const char *dns_user;
	const char *admin_group;
	const char *libexec;
	const char *log_level;
	const char *config;
	const char *reserved_ports, *allowed_ports;
	const char *resolv_conf;
};

/**
 * supervisor_run() - serve until SIGTERM or SIGINT
 * What stands in the kernel stays, whatever happens here.
 * Return: 0 after an orderly end, -errno when it could not start.
 */
int supervisor_run(const struct supervisor_options *options, struct err *err);

#endif
