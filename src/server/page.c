/* SPDX-License-Identifier: MIT */
/* What is answered when a handler does not: a short page for a status, and the end of every answer.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <await/run.h>
#include "base/base.h"
#include "http/html.h"
#include "http/field.h"
#include "server/server.h"

enum { TEXT_BYTES = 1024 };

/* Browsers ask for it by name; everyone else gets plain text. */
static bool wants_html(const struct async_request *request)
{
	return http_list_has(&request->head->fields, request->block, HTTP_NAME_ACCEPT, "text/html");
}

static int await_html_page(struct async_request *request, unsigned int status, const char *reason,
			   const char *text)
{
	char escaped[TEXT_BYTES * 2];

	http_html_escape(escaped, sizeof escaped, text, strlen(text));
	return await_respond_printf(
		request,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
		"<title>%u %s</title>\n<h1>%u %s</h1>\n<p>%s</p>\n</html>\n",
		status, reason, status, reason, escaped);
}

int await_answer_status(struct async_request *request, unsigned int status)
{
	const char *text = request->answer.refusal ? request->answer.refusal : "";
	const char *reason = http_reason(status);

	async_respond_status(request, (int)status);
	if (status < 300 || status == 304)
		return await_respond_known(request, NULL, 0, "", 0);
	if (!wants_html(request))
		return await_respond_printf(request, "%u: %s\n%s%s", status, reason, text,
					    *text ? "\n" : "");
	if (!request->answer.typed)
		async_respond_type(request, "text/html; charset=utf-8");
	return await_html_page(request, status, reason, text);
}

/* A peer that went away, and what is its own fault, is none of the owner's business. */
static bool is_worth_telling(const struct async_request *request, int error)
{
	return error != -EPIPE && error != -ECONNRESET && error != -ENODATA &&
	       error != request->blamed && !(error == -ECANCELED && async_cancelled());
}

static void tell(struct async_request *request, int error, const char *what)
{
	char target[200];

	if (!is_worth_telling(request, error))
		return;
	http_log_escape(target, sizeof target, request->block + request->head->target.at,
			request->head->target.size);
	async_report_error(error, "%.*s %s: %s", (int)request->head->method_text.size,
			   request->block + request->head->method_text.at, target, what);
}

/* The text of that failure, if it is the last one that there was. */
static const char *text_of(int error)
{
	return async_error_code() == error ? async_error() : "its handler failed";
}

static unsigned int status_of(const struct async_request *request, int error)
{
	if (request->blame && error == request->blamed)
		return request->blame;
	return error == -ETIMEDOUT ? 504 : 500;
}

/* Nothing has been sent. What was prepared for another answer does not belong to this one. */
static int await_failure(struct async_request *request, int error)
{
	const async_http_options *options = request->server ? &request->server->options : NULL;
	unsigned int status = status_of(request, error);
	char text[TEXT_BYTES] = "";

	if (request->blame || (options && options->debug))
		snprintf(text, sizeof text, "%s", text_of(error));
	tell(request, error, text_of(error));
	answer_begin(&request->answer);
	async_refuse(request, (int)status, "%s", text);
	return await_answer_status(request, status);
}

static int await_missing(struct async_request *request, int result)
{
	char text[80];

	if (result)
		snprintf(text, sizeof text, "its handler returned %d, which is no status", result);
	else
		snprintf(text, sizeof text, "its handler returned without an answer");
	tell(request, -EINVAL, text);
	answer_begin(&request->answer);
	return await_answer_status(request, 500);
}

void await_answer_end(struct async_request *request, int result)
{
	struct answer *answer = &request->answer;
	int error = 0;

	if (likely(answer->ended && result >= 0))
		return;
	if (!answer->begun) {
		if (result >= 200 && result <= 599)
			error = await_answer_status(request, (unsigned int)result);
		else
			error = result < 0 ? await_failure(request, result) :
					     await_missing(request, result);
		if (error && !answer->begun && error != result)
			error = await_failure(request, error);
	} else if (result < 0) {
		tell(request, result, text_of(result));
		if (!answer->ended)
			request->carrier->cut(request);
	} else if (!answer->ended) {
		error = await_respond_end(request);
		if (error)
			tell(request, error, text_of(error));
	}
	if (!answer->begun)
		request->carrier->cut(request);
}
