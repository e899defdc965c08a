/* SPDX-License-Identifier: GPL-2.0-or-later */
/* request - what was made by which request, so that one asked again changes nothing. Floor F2, pure. */
#include "lib/model/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

const char *request_key(const struct tenant *tenant, uint32_t uid, const char *request_id, char dst[REQUEST_KEY_SIZE])
{
	snprintf(dst, REQUEST_KEY_SIZE, "%u %s %s", uid, tenant->name, request_id);
	return dst;
}

struct endpoint *model_request(const struct tenant *tenant, uint32_t uid, const char *request_id)
{
	char key[REQUEST_KEY_SIZE];

	if (strlen(request_id) >= REQUEST_ID_SIZE)
		return NULL;
	return table_find_str(&tenant->model->requests, request_key(tenant, uid, request_id, key));
}

struct stack *model_stack_requested(const struct tenant *tenant, uint32_t uid, const char *request_id)
{
	char key[REQUEST_KEY_SIZE];

	if (strlen(request_id) >= REQUEST_ID_SIZE)
		return NULL;
	return table_find_str(&tenant->model->stack_requests, request_key(tenant, uid, request_id, key));
}

int model_stack_request(struct stack *stack, uint32_t uid, const char *request_id, struct err *err)
{
	char key[REQUEST_KEY_SIZE], full[NAME_FULL_SIZE];

	stack_name_print(stack, full);
	if (strlen(request_id) >= REQUEST_ID_SIZE || model_stack_requested(stack->tenant, uid, request_id))
		return err_set(err, ERR_USAGE, EINVAL, full, "the requestId is too long or in use");
	stack->request = mem_strdup(request_key(stack->tenant, uid, request_id, key));
	table_add_str(&stack->tenant->model->stack_requests, stack->request, stack);
	return 0;
}
