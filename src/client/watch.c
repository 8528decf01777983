/* SPDX-License-Identifier: MIT */
/* Limits around each step of a request, the times that they took, and those who look on. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <await/run.h>
#include "client/client.h"

static const double STALL_SECONDS = 300, CONNECT_SECONDS = 30;

static const char *const option_names[WATCH_LIMITS] = {
	"total_seconds",   "stall_seconds", "queue_seconds", "connect_seconds",
	"resolve_seconds", "tls_seconds",   "head_seconds",  "read_seconds",
};

/* The call's, or the session's, or the default. */
static double seconds_of(double call, double session, double usual)
{
	if (call)
		return call;
	return session ? session : usual;
}

static int take_limits(double limits[WATCH_LIMITS], const async_session_options *options,
		       const async_call *call)
{
	const double given[WATCH_LIMITS][3] = {
		{ call->total_seconds, options->total_seconds, INFINITY },
		{ call->stall_seconds, options->stall_seconds, STALL_SECONDS },
		{ call->queue_seconds, options->queue_seconds, INFINITY },
		{ call->connect_seconds, options->connect_seconds, CONNECT_SECONDS },
		{ call->resolve_seconds, options->resolve_seconds, INFINITY },
		{ call->tls_seconds, options->tls_seconds, INFINITY },
		{ call->head_seconds, options->head_seconds, INFINITY },
		{ call->read_seconds, options->read_seconds, INFINITY },
	};

	for (int i = 0; i < WATCH_LIMITS; i++) {
		limits[i] = seconds_of(given[i][0], given[i][1], given[i][2]);
		if (!(limits[i] > 0))
			return async_fail(-EINVAL,
					  "option `%s` of the session or the call: %g s is no "
					  "limit; INFINITY is none, and 0 the default",
					  option_names[i], limits[i]);
	}
	return 0;
}

int client_watch_check(const async_session_options *options)
{
	static const async_call nothing;
	double limits[WATCH_LIMITS];

	return take_limits(limits, options, &nothing);
}

int client_watch_begin(struct client_watch *watch, const struct async_session *session,
		       const async_call *call)
{
	double now = async_now();
	int error = take_limits(watch->limits, &session->options, call);

	watch->session = session;
	watch->deadline = now + watch->limits[WATCH_TOTAL];
	watch->facts = call->facts ? call->facts : &watch->own;
	*watch->facts = (async_call_facts){ .phase = ASYNC_CALL_REQUEST, .since_ = now };
	watch->context = call->context;
	return error;
}

void client_watch_copy(struct client_watch *to, const struct client_watch *from)
{
	*to = *from;
	if (from->facts == &from->own)
		to->facts = &to->own;
}

void client_watch_phase(struct client_watch *watch, enum async_call_phase phase)
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
	client_watch_phase(watch, watch->facts->phase);
	watch->facts->error = error;
	return error;
}

const char *async_call_phase_name(enum async_call_phase phase)
{
	static const char *const names[ASYNC_CALL_PHASES] = {
		[ASYNC_CALL_REQUEST] = "request",   [ASYNC_CALL_QUEUE] = "queue",
		[ASYNC_CALL_RESOLVE] = "resolve",   [ASYNC_CALL_CONNECT] = "connect",
		[ASYNC_CALL_PROXY] = "proxy",	    [ASYNC_CALL_TLS] = "tls",
		[ASYNC_CALL_SEND] = "send",	    [ASYNC_CALL_HEAD] = "head",
		[ASYNC_CALL_REDIRECT] = "redirect", [ASYNC_CALL_RETRY] = "retry",
		[ASYNC_CALL_BODY] = "body",	    [ASYNC_CALL_DONE] = "done",
	};

	return (unsigned int)phase < ASYNC_CALL_PHASES ? names[phase] : "?";
}

static int blame(const char *title, async_url_part who, int error)
{
	char text[400];

	async_error_words_(text, sizeof text);
	return async_fail(error, "%s%.*s: %s", title, ASYNC_URL_PART(who), text);
}

int client_blame_part(async_url_part who, int error)
{
	return blame("", who, error);
}

int client_blame_proxy(const async_url *proxy, int error)
{
	return blame("the proxy ", async_url_authority(proxy), error);
}

int client_blame(const async_url *url, int error)
{
	return client_blame_part(async_url_authority(url), error);
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

/* ---- Limits ---- */

static double choose(struct client_limit *limit)
{
	const struct client_watch *watch = limit->watch;
	double seconds, left = watch->deadline - async_now();

	/* The head is the first piece of an answer. */
	if (limit->own == WATCH_HEAD && isinf(watch->limits[WATCH_HEAD]))
		limit->own = WATCH_READ;
	seconds = watch->limits[limit->own];
	limit->least = limit->own;
	if (limit->own == WATCH_TOTAL)
		seconds = INFINITY;
	if (limit->own != WATCH_QUEUE && watch->limits[WATCH_STALL] < seconds) {
		limit->least = WATCH_STALL;
		seconds = watch->limits[WATCH_STALL];
	}
	if (left < seconds) {
		limit->least = WATCH_TOTAL;
		seconds = left;
	}
	return seconds;
}

void client_limit_begin(struct client_limit *limit, const struct client_watch *watch,
			const char *what, enum watch_limit own)
{
	limit->watch = watch;
	limit->what = what;
	limit->own = own;
	async_scope_begin(&limit->scope, choose(limit));
}

void client_limit_again(struct client_limit *limit, enum watch_limit own)
{
	limit->own = own;
	async_scope_reschedule(&limit->scope, choose(limit));
}

/* "connect 0.21, tls 0.79": where the time went. */
static void tell_times(const async_call_facts *facts, char *text, size_t size)
{
	size_t used = 0;

	for (int i = 0; i < ASYNC_CALL_PHASES && used < size; i++) {
		double seconds = facts->seconds[i];

		if (i == (int)facts->phase)
			seconds += async_now() - facts->since_;
		if (seconds >= 0.0005)
			used += (size_t)snprintf(text + used, size - used, "%s%s %.3g",
						 used ? ", " : "", async_call_phase_name(i),
						 seconds);
	}
}

int64_t client_limit_end(struct client_limit *limit, int64_t result)
{
	char times[200] = "";

	if (async_scope_end(&limit->scope) != -ETIMEDOUT || result != -ETIMEDOUT)
		return result;
	tell_times(limit->watch->facts, times, sizeof times);
	return async_fail(-ETIMEDOUT,
			  "%s took longer than %g s (option `%s` of the session or the call); "
			  "seconds: %s",
			  limit->what, limit->watch->limits[limit->least],
			  option_names[limit->least], times);
}
