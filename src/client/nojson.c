/* SPDX-License-Identifier: MIT */
/* Built without jansson. */
#include <errno.h>
#include <stddef.h>
#include <await/client.h>

struct json_t *await_response_json(async_response *response)
{
	(void)response;
	async_fail(-EOPNOTSUPP, "await_response_json: libawait was built without jansson");
	return NULL;
}

struct json_t *await_response_any_json(async_response *response)
{
	return await_response_json(response);
}

async_response *await_session_post_json(async_session *session, const char *url,
					struct json_t *json)
{
	(void)session;
	(void)url;
	(void)json;
	async_fail(-EOPNOTSUPP, "await_session_post_json: libawait was built without jansson");
	return NULL;
}
