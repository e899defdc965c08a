/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recipes - what services need whose files only the host's root may read.
 * Floor F4. A recipe changes a specification and nothing else: its command,
 * steps before it, files it begins with. Known by the command's base name, and
 * only for the view of the host's file system.
 *
 *	postgres [ARG...]                  a cluster of its own below /var/lib/postgresql, made by initdb where
 *	pg_ctlcluster VERSION NAME start   there is none, owned and run by postgres; listens on every address of its
 *					   stack, asks for passwords there (POSTGRES_PASSWORD sets the first), and on
 *					   its socket trusts the user of the same name
 *
 *	sshd -D			   a fresh host key; keys open it, passwords do not
 *	redis-server FILE	   a copy of /etc/redis; as its user, in the foreground
 *	haproxy -f FILE		   a copy of /etc/haproxy; in the foreground
 *	frrinit.sh start	   a copy of /etc/frr; the daemons it names, with the capabilities they ask for. The
 *				   container ends when all of them have
 *	watchfrr, zebra, bgpd...   the same for each of them alone
 *
 * nginx needs none. Copies are made when the container is, of what the host has then.
 */
#ifndef MOAT_RUNNER_SPEC_RECIPES_H
#define MOAT_RUNNER_SPEC_RECIPES_H

#include "runner/spec/spec.h"

/**
 * recipes_apply() - where one fits
 * @dropped: capabilities that were refused by name: no recipe gives them back
 * Return: 1 and @spec changed; 0 none fits; -errno when what it needs is not installed.
 */
int recipes_apply(struct spec *spec, uint64_t dropped, struct arena *arena, struct err *err);

#endif
