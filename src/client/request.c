/* SPDX-License-Identifier: MIT */
/* From a URL to an answer: redirects, and the one retry that is safe. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await/retry.h>
#include "client/outgoing.h"

/* ---- Second tries ---- */

bool client_is_repeatable(const struct async_outgoing *request)
{
	return (request->call->repeatable || async_method_is_idempotent(request->method)) &&
	       client_upload_can_repeat(&request->upload);
}

/* A connection that was kept may have been closed at the very moment: nobody has seen the request,
 * or it does no harm to ask again (RFC 9110, 9.2.2). */
bool client_met_closing(const struct async_outgoing *request, int error)
{
	return request->reused && !request->heard && client_is_repeatable(request) &&
	       (error == -ECONNRESET || error == -EPIPE || error == -ECONNABORTED);
}

/* Each request earns a part of a second try, so that a server in trouble is not asked for twice as
 * much. */
bool client_take_retry(struct async_session *session, int error)
{
	char text[200];

	if (session->retries >= 1) {
		session->retries -= 1;
		return true;
	}
	if (!error)
		return false;
	async_error_words_(text, sizeof text);
	async_fail(error, "%s; not asked again (session option `retry_ratio`: %g)", text,
		   session->options.retry_ratio);
	return false;
}

static void earn_retry(struct async_session *session)
{
	session->retries += session->options.retry_ratio;
	if (session->retries > RETRIES_SAVED)
		session->retries = RETRIES_SAVED;
	if (session->options.retry_ratio < 0)
		session->retries = 0;
}

/* It does not know about 100 Continue: once more without (RFC 9110, 10.1.1). Nothing was done yet. */
static bool must_not_expect(struct async_outgoing *request, const struct async_response *answer)
{
	if (!answer || answer->head.status != 417 || !request->upload.given ||
	    !request->upload.expect || !client_upload_can_repeat(&request->upload))
		return false;
	request->upload.expect = false;
	return true;
}

static struct async_response *await_attempts(struct async_outgoing *request)
{
	struct async_response *answer;

	request->fresh = false;
	earn_retry(request->session);
	for (;;) {
		int error = await_outgoing_prepare(request);

		if (error)
			return NULL;
		answer = await_outgoing_next(request);
		if (must_not_expect(request, answer)) {
			async_response_free(answer);
			continue;
		}
		if (answer || request->fresh || !client_met_closing(request, async_error_code()) ||
		    !client_take_retry(request->session, async_error_code()))
			return answer;
		request->fresh = true;
	}
}

/* ---- Redirects ---- */

/* 301 and 302 turn POST into GET, as everybody does; 303 everything but HEAD (RFC 9110, 15.4). */
static const char *method_after(int status, const char *method)
{
	if (status == 303 && strcmp(method, "HEAD"))
		return "GET";
	if ((status == 301 || status == 302) && !strcmp(method, "POST"))
		return "GET";
	return method;
}

static const char *redirect_of(const struct async_outgoing *request, struct async_response *answer)
{
	const char *location;

	if (request->redirects_max < 0 || !strcmp(request->method, "HEAD"))
		return NULL;
	switch (answer->head.status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		location = async_response_header(answer, "Location");
		return location ? location : async_response_header(answer, "URI");
	default:
		return NULL;
	}
}

static int keep_step(struct async_outgoing *request, int status)
{
	struct client_step *step = malloc(sizeof *step + request->url.size + 1);

	if (!step)
		return async_fail(-ENOMEM, "no memory for a redirect");
	step->next = NULL;
	step->status = status;
	memcpy(step->url, request->url.href, request->url.size + 1);
	*request->last_step = step;
	request->last_step = &step->next;
	return 0;
}

/* Who asks for a page does not want to speak another protocol. */
static int lead(struct async_outgoing *request, const char *location)
{
	bool was_http = request->url.scheme <= ASYNC_URL_HTTPS;
	int error = async_url_redirect(&request->url, location);

	if (error || !was_http || request->url.scheme <= ASYNC_URL_HTTPS)
		return error;
	return async_fail(-EPROTONOSUPPORT, "a redirect from http to %.200s", location);
}

static int await_follow(struct async_outgoing *request, struct async_response *answer,
			const char *location)
{
	const char *method = method_after(answer->head.status, request->method);
	int error = keep_step(request, answer->head.status);

	client_watch_phase(&request->watch, ASYNC_CALL_REDIRECT);
	if (error)
		return error;
	if (++request->redirects >= request->redirects_max)
		return async_fail(-ELOOP,
				  "%d redirects, the last to %.200s (option `redirects` of the "
				  "session or the call: %d)",
				  request->redirects, location, request->redirects_max);
	error = lead(request, location);
	if (error)
		return error; /* its text names the location */
	request->watch.facts->redirects++;
	client_trace(&request->watch, (async_trace_event){ .what = ASYNC_TRACE_REQUEST_REDIRECT,
							   .method = method,
							   .url = request->url.href,
							   .status = answer->head.status });
	if (!request->same_origin || !async_url_same_origin(&request->url, request->origin))
		client_leave_origin(request);
	if (method != request->method) {
		client_upload_drop(&request->upload);
		request->body_dropped = true;
	}
	request->method = method;
	return client_take_credentials(request);
}

static struct async_response *await_answer(struct async_outgoing *request)
{
	for (;;) {
		struct async_response *answer = await_attempts(request);
		const char *location = answer ? redirect_of(request, answer) : NULL;
		int error;

		if (!location)
			return answer;
		await_client_drain(answer);
		error = await_follow(request, answer, location);
		async_response_free(answer);
		if (error)
			return NULL;
	}
}

/* ---- The whole ---- */

static struct async_response *await_first_to_last(struct async_outgoing *request)
{
	struct async_response *answer;
	async_url origin;

	if (await_upload_begin(&request->upload, request->call) ||
	    async_url_copy(&request->url, &origin))
		return NULL;
	request->origin = &origin;
	client_trace(&request->watch, (async_trace_event){ .what = ASYNC_TRACE_REQUEST_START,
							   .method = request->method,
							   .url = request->url.href });
	answer = await_answer(request);
	async_url_free(&origin);
	if (!answer)
		return NULL;
	answer->steps = request->steps;
	answer->redirects = request->redirects;
	request->steps = NULL;
	client_trace(&request->watch, (async_trace_event){ .what = ASYNC_TRACE_REQUEST_END,
							   .method = request->method,
							   .url = request->url.href,
							   .status = answer->head.status });
	if (request->session->options.check && async_response_check(answer)) {
		async_response_free(answer);
		return NULL;
	}
	return answer;
}

async_response *await_http_request(async_session *session, const char *method, const char *url,
				   const async_call *call)
{
	static const async_call nothing;
	struct async_outgoing request;
	struct async_response *answer = NULL;

	if (!session || !method || !url) {
		async_fail(-EINVAL, "await_http_request: session, method and URL must not be NULL");
		return NULL;
	}
	if (!client_outgoing_begin(&request, session, method, url, call ? call : &nothing))
		answer = await_first_to_last(&request);
	if (!answer) {
		int error = async_error_code();

		client_watch_failed(&request.watch, error);
		client_trace(&request.watch,
			     (async_trace_event){ .what = ASYNC_TRACE_REQUEST_EXCEPTION,
						  .method = request.method,
						  .url = request.url.href ? request.url.href : url,
						  .error = error });
	}
	client_outgoing_end(&request);
	return answer;
}

async_response *await_session_get(async_session *session, const char *url)
{
	return await_http_request(session, "GET", url, NULL);
}

async_response *await_session_post(async_session *session, const char *url, const char *type,
				   const void *body, size_t size)
{
	async_call call = { .type = type, .body = body, .size = size };

	return await_http_request(session, "POST", url, &call);
}
