/* SPDX-License-Identifier: MIT */
/* Built without jansson. */
#include <errno.h>
#include <stddef.h>
#include <await/form.h>
#include <await/http.h>

static int missing(const char *what)
{
	return async_fail(-EOPNOTSUPP, "%s: libawait was built without jansson", what);
}

struct json_t *await_request_json(async_request *request)
{
	(void)request;
	missing("await_request_json");
	return NULL;
}

struct json_t *await_part_json(async_part *part)
{
	(void)part;
	missing("await_part_json");
	return NULL;
}

int await_respond_json(async_request *request, struct json_t *json)
{
	(void)request;
	(void)json;
	return missing("await_respond_json");
}
