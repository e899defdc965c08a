/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * service - org.varlink.service, the interface every varlink service answers, and the refusal of
 * interfaces that are not there. Floor F2. The methods of our own interface are the engine's.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/varlink/varlink.h"

#define SERVICE "org.varlink.service"

/* As published at https://varlink.org/Service */
static const char service_description[] =
	"# The Varlink Service Interface is provided by every varlink service. It\n"
	"# describes the service and the interfaces it implements.\n"
	"interface org.varlink.service\n"
	"\n"
	"# Get a list of all the interfaces a service provides and information\n"
	"# about the implementation.\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"# Get the description of an interface that is implemented by this service.\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"# The requested interface was not found.\n"
	"error InterfaceNotFound (interface: string)\n"
	"\n"
	"# The requested method was not found\n"
	"error MethodNotFound (method: string)\n"
	"\n"
	"# The interface defines the requested method, but the service does not\n"
	"# implement it.\n"
	"error MethodNotImplemented (method: string)\n"
	"\n"
	"# One of the passed parameters is invalid.\n"
	"error InvalidParameter (parameter: string)\n";

static int info_reply(const struct varlink_service *service, struct varlink_conn *conn,
		      const struct varlink_call *call);
static int description_reply(const struct varlink_service *service, struct varlink_conn *conn,
			     const struct varlink_call *call);
static int refuse(struct varlink_conn *conn, const char *error, const char *key,
		  const char *value);
static bool is_of(const char *method, const char *interface);

int varlink_service_handle(const struct varlink_service *service, struct varlink_conn *conn,
			   const struct varlink_call *call)
{
	int rc;

	if (is_of(call->method, service->interface))
		return 0;
	if (call->oneway)
		return 1;
	if (str_eq(call->method, SERVICE ".GetInfo")) {
		rc = info_reply(service, conn, call);
	} else if (str_eq(call->method, SERVICE ".GetInterfaceDescription")) {
		rc = description_reply(service, conn, call);
	} else if (is_of(call->method, SERVICE)) {
		rc = varlink_reply_no_method(conn, call->method);
	} else {
		cleanup(mem_freep) char *interface = mem_strndup(
			call->method, (size_t)(strrchr(call->method, '.') - call->method));

		rc = refuse(conn, SERVICE ".InterfaceNotFound", "interface", interface);
	}
	return rc < 0 ? rc : 1;
}

static int info_reply(const struct varlink_service *service, struct varlink_conn *conn,
		      const struct varlink_call *call)
{
	cleanup(json_freep) json_t *info = NULL;
	struct err err = ERR_INIT;

	if (json_decode(call->parameters, (const struct json_field[]){{0}}, 0, NULL, NULL,
			&err) < 0)
		return refuse(conn, SERVICE ".InvalidParameter", "parameter", err.object);
	info = json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", service->vendor, "product",
			 service->product, "version", service->version, "url", service->url,
			 "interfaces", SERVICE, service->interface);
	return varlink_reply(conn, info, false);
}

static int description_reply(const struct varlink_service *service, struct varlink_conn *conn,
			     const struct varlink_call *call)
{
	struct fields {
		const char *interface;
	} fields = {0};
	static const struct json_field rows[] = {
		{"interface", JSON_FIELD_STRING, offsetof(struct fields, interface),
		 JSON_REQUIRED, 0, 0},
		{0},
	};
	cleanup(json_freep) json_t *reply = NULL;
	struct err err = ERR_INIT;
	const char *text;

	if (json_decode(call->parameters, rows, 0, NULL, &fields, &err) < 0)
		return refuse(conn, SERVICE ".InvalidParameter", "parameter", err.object);
	if (str_eq(fields.interface, service->interface))
		text = service->description;
	else if (str_eq(fields.interface, SERVICE))
		text = service_description;
	else
		return refuse(conn, SERVICE ".InterfaceNotFound", "interface",
			      fields.interface);
	reply = json_pack("{s:s}", "description", text);
	return varlink_reply(conn, reply, false);
}

static int refuse(struct varlink_conn *conn, const char *error, const char *key,
		  const char *value)
{
	cleanup(json_freep) json_t *parameters = json_pack("{s:s}", key, value);

	return varlink_reply_error(conn, error, parameters);
}

/* "a.b.Method" is of "a.b", and not of "a". */
static bool is_of(const char *method, const char *interface)
{
	size_t len = (size_t)(strrchr(method, '.') - method);

	return strlen(interface) == len && strncmp(method, interface, len) == 0;
}
