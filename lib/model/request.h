/* SPDX-License-Identifier: GPL-2.0-or-later */
/* request - whose request something came of: the keys of model.requests and model.stack_requests. Floor F2, pure. */
#ifndef MOAT_MODEL_REQUEST_H
#define MOAT_MODEL_REQUEST_H

#include "lib/model/model.h"

enum { REQUEST_KEY_SIZE = REQUEST_ID_SIZE + NAME_TENANT_SIZE + 12 };

/**
 * request_key() - "UID TENANT ID": what two users, or one in two tenants, ask for by the same id does not meet
 * Neither a number nor a tenant's name has a blank, so no id reads as another user's. Return: @dst.
 */
const char *request_key(const struct tenant *tenant, uint32_t uid, const char *request_id, char dst[REQUEST_KEY_SIZE]);

#endif
