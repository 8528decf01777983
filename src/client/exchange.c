/* SPDX-License-Identifier: MIT */
/* One request and the head of its answer on a connection. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "client/outgoing.h"

/* ---- Receiving ---- */

static bool is_final(const struct async_response *response)
{
	/* 1xx are about the request that is on its way; 101 is final (RFC 9110, 15.2). */
	return response->head.status >= 200 || response->head.status == 101;
}

/* Those before the answer must not go on for ever, nor keep the loop busy until a limit in time. */
static int count_interim(struct async_response *response, size_t size)
{
	size_t most = response->session->limits.head_bytes;

	response->interim += is_final(response) ? 0 : size;
	if (response->interim <= most)
		return 0;
	return async_fail(-EMSGSIZE,
			  "answers of 1xx before the final one are longer than %zu bytes (session "
			  "option `head_bytes`)",
			  most);
}

/* A head is complete: keep a copy, in which texts can be given a zero byte. */
static int take_head(struct async_response *response, const char *data, size_t size)
{
	int error = count_interim(response, size);

	if (error)
		return error;
	response->block = arena_bytes(&response->arena, size + 1);
	if (!response->block)
		return async_fail(-ENOMEM, "no memory for the head of an answer");
	memcpy(response->block, data, size);
	return async_stream_consume(response->link->stream, size);
}

static int hung_up(const struct async_response *response)
{
	return async_fail(-ECONNRESET, "%.*s hung up %s",
			  ASYNC_URL_PART(async_url_authority(&response->url)),
			  response->heard ? "in the middle of its answer" : "before it answered");
}

ssize_t await_client_peek_head(async_stream *stream, struct http_head *head, enum http_method asked,
			       const char **data, size_t *had)
{
	ssize_t size = 0;

	*had = 0;
	while (!size) {
		ssize_t n = await_stream_peek(stream, *had + 1, data);

		if (n < 0)
			return n;
		if ((size_t)n <= *had)
			return 0;
		*had = (size_t)n;
		size = http_response_parse(head, asked, *data, *had);
	}
	return size;
}

static int await_next_head(struct async_response *response)
{
	enum http_method asked = http_method_find(response->method, strlen(response->method));
	const char *data;
	size_t had;
	ssize_t size;

	http_head_begin(&response->head, &response->session->limits, response->fields);
	size = await_client_peek_head(response->link->stream, &response->head, asked, &data, &had);
	response->heard |= had > 0;
	if (size > 0)
		return take_head(response, data, (size_t)size);
	if (size == -ECONNRESET || (!size && !had))
		return hung_up(response);
	if (!size)
		return async_fail(-ENODATA, "the server hung up in the middle of the head of its "
					    "answer");
	return (int)size;
}

static int await_one_head(struct async_response *response)
{
	int error = await_next_head(response);

	/* What it broke off with, or what is wrong with what it says; a limit in time is told by
	 * who set it. */
	if (error == -ENODATA || error == -EBADMSG || error == -EMSGSIZE || error == -EOPNOTSUPP)
		return client_blame(&response->url, error);
	return error;
}

int await_client_head(struct async_response *response, async_event *go)
{
	int error;

	do {
		error = await_one_head(response);
		if (go && !error && response->head.status == 100)
			async_event_set(go);
	} while (!error && !is_final(response));
	return error;
}

static int await_head_of(struct async_outgoing *request, struct async_response *response)
{
	struct client_limit limit;
	int error;

	client_watch_phase(&request->watch, ASYNC_CALL_HEAD);
	client_limit_begin(&limit, &request->watch, "waiting for the answer", WATCH_HEAD);
	error = await_client_head(response, NULL);
	return (int)client_limit_end(&limit, error);
}

static void take_cookies(struct async_response *response)
{
	const char *value;

	if (!response->session->jar)
		return;
	/* One that is refused must not lose the answer, nor the others. */
	for (size_t i = 0; (value = async_response_header_nth(response, "Set-Cookie", i)); i++)
		async_cookie_jar_set(response->session->jar, &response->url, value, strlen(value));
}

/* ---- Both ---- */

static int await_talk(struct async_outgoing *request, struct async_response *response)
{
	int error;

	client_watch_phase(&request->watch, ASYNC_CALL_SEND);
	request->watch.facts->tries++;
	error = await_client_send_head(request, response->link);
	/* Who refuses a body may say so and hang up before it has all of it. */
	if (error && error != -EPIPE && error != -ECONNRESET)
		return error;
	if (!error && request->upload.given && !request->upload.in_head) {
		error = await_upload(request, response);
	} else {
		response->unsent = error != 0;
		error = await_head_of(request, response);
	}
	request->watch.facts->upload_complete = !response->unsent;
	return error;
}

static int await_link(struct async_outgoing *request, struct async_response *response)
{
	struct client_host *host;
	int error;

	error = await_client_proxy(request);
	if (error)
		return error;
	client_watch_phase(&request->watch, ASYNC_CALL_QUEUE);
	error = await_client_permit(request, &host, &response->link);
	if (error)
		return error;
	if (!response->link) {
		response->link = await_client_connect(request, host);
	} else {
		client_trace(&request->watch,
			     (async_trace_event){ .what = ASYNC_TRACE_CONNECTION_REUSE,
						  .url = request->url.href });
	}
	if (!response->link)
		return async_error_code();
	request->reused = response->link->reused;
	request->watch.facts->reused = request->reused;
	return 0;
}

struct async_response *await_client_exchange(struct async_outgoing *request)
{
	struct async_response *response = client_response_new(request);
	int error;

	if (!response)
		return NULL;
	request->heard = request->reused = false;
	request->watch.facts->error = 0; /* of an answer that only led here, say */
	error = await_upload_rewind(&request->upload);
	if (!error)
		error = await_link(request, response);
	if (!error)
		error = await_talk(request, response);
	request->heard = response->heard;
	client_watch_copy(&response->watch, &request->watch);
	if (!error)
		take_cookies(response);
	if (!error)
		error = client_response_begin_body(response);
	if (!error)
		return response;
	async_response_free(response);
	return NULL;
}
