/* SPDX-License-Identifier: MIT */
/* Limits around each step of a request, the times that they took, and those who look on. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <await/run.h>
#include "client/client.h"

static double or_session(double call, double session)
{
	return call > 0 ? call : session;
}

void client_watch_begin(struct client_watch *watch, const struct async_session *session,
			const async_call *call)
{
	const async_session_options *options = &session->options;

	*watch = (struct client_watch){
		.session = session,
		.total_seconds = or_session(call->total_seconds, options->total_seconds),
		.connect_seconds = or_session(call->connect_seconds, options->connect_seconds),
		.read_seconds = or_session(call->read_seconds, options->read_seconds),
		.facts = call->facts,
		.context = call->context,
	};
	watch->deadline = async_now() + watch->total_seconds;
	if (watch->facts)
		*watch->facts =
			(async_call_facts){ .phase = ASYNC_CALL_REQUEST, .since_ = async_now() };
}

void client_watch_phase_(struct client_watch *watch, enum async_call_phase phase)
{
	async_call_facts *facts = watch->facts;
	double now = async_now();

	facts->seconds[facts->phase] += now - facts->since_;
	facts->total += now - facts->since_;
	facts->phase = phase;
	facts->since_ = now;
}

int client_watch_failed(struct client_watch *watch, int error)
{
	if (watch->facts) {
		client_watch_phase_(watch, watch->facts->phase);
		watch->facts->error = error;
	}
	return error;
}

const char *async_call_phase_name(enum async_call_phase phase)
{
	static const char *const names[ASYNC_CALL_PHASES] = {
		[ASYNC_CALL_REQUEST] = "request",   [ASYNC_CALL_QUEUE] = "queue",
		[ASYNC_CALL_RESOLVE] = "resolve",   [ASYNC_CALL_CONNECT] = "connect",
		[ASYNC_CALL_PROXY] = "proxy",	    [ASYNC_CALL_TLS] = "tls",
		[ASYNC_CALL_SEND] = "send",	    [ASYNC_CALL_HEAD] = "head",
		[ASYNC_CALL_REDIRECT] = "redirect", [ASYNC_CALL_BODY] = "body",
		[ASYNC_CALL_DONE] = "done",
	};

	return (unsigned int)phase < ASYNC_CALL_PHASES ? names[phase] : "?";
}

void client_error_text(char *text, size_t size)
{
	const char *what = strerrordesc_np(-async_error_code());
	size_t used;
	char *end;

	snprintf(text, size, "%s", async_error());
	used = what ? strlen(what) : 0;
	for (end = used ? strstr(text, what) : NULL; end; end = strstr(end + 1, what)) {
		if (end - text >= 2 && !memcmp(end - 2, ": ", 2) && end[used] == ' ')
			end[-2] = '\0';
	}
}

int client_blame(const async_url *url, int error)
{
	char text[400];

	client_error_text(text, sizeof text);
	return async_fail(error, "%.*s: %s", ASYNC_URL_PART(async_url_authority(url)), text);
}

void client_trace(const struct client_watch *watch, async_trace_event event)
{
	const async_session_options *options = &watch->session->options;

	if (!options->trace_count)
		return;
	event.time = async_now();
	event.context = watch->context;
	for (size_t i = 0; i < options->trace_count; i++)
		options->traces[i].tell(&event, options->traces[i].arg);
}

void client_limit_begin(struct client_limit *limit, const struct client_watch *watch,
			const char *what, double seconds, const char *option)
{
	double left = watch->deadline - async_now();

	limit->what = what;
	limit->option = option;
	limit->seconds = seconds;
	if (left < seconds) {
		limit->option = "total_seconds";
		limit->seconds = watch->total_seconds;
		seconds = left;
	}
	async_scope_begin(&limit->scope, seconds);
}

void client_limit_tighten(struct client_limit *limit, const struct client_watch *watch,
			  double seconds, const char *option)
{
	if (watch->deadline - async_now() <= seconds)
		return;
	limit->option = option;
	limit->seconds = seconds;
	async_scope_reschedule(&limit->scope, seconds);
}

int64_t client_limit_end(struct client_limit *limit, int64_t result)
{
	if (async_scope_end(&limit->scope) != -ETIMEDOUT || result != -ETIMEDOUT)
		return result;
	return async_fail(-ETIMEDOUT,
			  "%s took longer than %g s (option `%s` of the session or the call)",
			  limit->what, limit->seconds, limit->option);
}
