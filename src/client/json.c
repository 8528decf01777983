/* SPDX-License-Identifier: MIT */
/* Bodies of answers and requests that are JSON, by jansson. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "client/client.h"

static void release(void *json)
{
	json_decref(json);
}

json_t *await_response_any_json(async_response *response)
{
	json_error_t error;
	const char *body;
	size_t bom;
	ssize_t n;

	if (response && response->json)
		return response->json;
	n = await_response_body(response, &body);
	if (n < 0)
		return NULL;
	bom = client_bom_size(body, (size_t)n);
	response->json = (size_t)n > bom ?
				 json_loadb(body + bom, (size_t)n - bom, JSON_DECODE_ANY, &error) :
				 json_null();
	if (!response->json) {
		async_fail(-EBADMSG, "%s answers no JSON: line %d, column %d: %s",
			   async_response_url(response), error.line, error.column, error.text);
	} else if (arena_on_end(&response->arena, release, response->json)) {
		json_decref(response->json);
		response->json = NULL;
		async_fail(-ENOMEM, "no memory for JSON");
	}
	return response->json;
}

json_t *await_response_json(async_response *response)
{
	const char *type;

	if (!response || client_response_is_json(response))
		return await_response_any_json(response);
	type = async_response_header(response, "Content-Type");
	async_fail(-EINVAL, "%s answers %s, not application/json", async_response_url(response),
		   type ? type : "without a type");
	return NULL;
}

async_response *await_session_post_json(async_session *session, const char *url, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
	async_response *answer;

	json_decref(json);
	if (!text) {
		async_fail(-EINVAL, "await_session_post_json: no JSON, or it cannot be written");
		return NULL;
	}
	answer = await_session_post(session, url, "application/json", text, strlen(text));
	free(text);
	return answer;
}
