/* SPDX-License-Identifier: MIT */
/* One try of one URL: see fetch.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "facts.h"
#include "fetch.h"

/* A kept connection may be used again within so much. */
static const double IDLE_SECONDS = 2;

/* The page that says what is wrong is not kept; reading so much of it keeps the connection. */
enum { ERROR_BODY_BYTES = 64 << 10 };

/* What a try needs while it lasts. */
struct attempt {
	struct fetcher *fetcher;
	const char *url;
	struct result *result;
	struct sink sink;
	async_scope limit;
};

/* ---- What tries share ---- */

/* A middleware. A host that a redirect leads to is asked no more often than others. Meanwhile the
 * connection that led here is not held, the limit of the try stands still, and somebody else is
 * fetched. */
static async_response *await_patiently(async_outgoing *request, void *arg)
{
	struct fetcher *fetcher = arg;
	struct attempt *attempt = async_outgoing_context(request);
	double left, when;
	char *host;
	int error;

	if (!async_outgoing_redirects(request))
		return await_outgoing_next(request);
	host = async_url_address(async_outgoing_url(request));
	if (!host)
		return NULL;
	when = schedule_visit(fetcher->schedule, host);
	free(host);
	left = async_scope_deadline(&attempt->limit) - async_now();
	async_scope_reschedule(&attempt->limit, INFINITY);
	fetcher->patient++;
	async_event_set(&fetcher->schedule->changed);
	error = await_sleep_until(when);
	fetcher->patient--;
	async_scope_reschedule(&attempt->limit, left);
	return error ? NULL : await_outgoing_next(request);
}

int fetcher_open(struct fetcher *fetcher, const struct options *options, struct schedule *schedule,
		 uint64_t *received)
{
	async_tls_options tls = { .ca_file = options->ca_file, .insecure = options->insecure };
	async_client_middleware patience = { await_patiently, fetcher };
	async_session_options session = {
		.middlewares = &patience,
		.middleware_count = options->delay > 0,
		.connections = options->concurrency,
		.per_host = options->per_host,
		.idle_seconds = fmax(IDLE_SECONDS, fmin(2 * options->delay, 10)),
		.total_seconds = INFINITY, /* the scope around a try: output does not count */
		.connect_seconds = options->connect_seconds,
		.read_seconds = options->read_seconds,
		.redirects = options->redirects ? (int)options->redirects + 1 : -1,
		.user_agent = options->user_agent,
		.no_cookies = !options->cookies, /* a million hosts have millions */
		.proxy = options->proxy,
		.environment = options->environment,
	};
	int error;

	*fetcher =
		(struct fetcher){ .options = options, .schedule = schedule, .received = received };
	error = outlet_open(&fetcher->outlet, options);
	if (error)
		return error;
	fetcher->tls = async_tls_client(&tls);
	if (!fetcher->tls)
		return async_error_code();
	session.tls = fetcher->tls;
	fetcher->keeping = async_session_new(&session);
	if (!fetcher->keeping)
		return async_error_code();
	/* A list of a million hosts must not keep a connection to each. */
	session.idle_seconds = -1;
	session.cookies = async_session_cookies(fetcher->keeping);
	fetcher->closing = async_session_new(&session);
	return fetcher->closing ? 0 : async_error_code();
}

int await_fetcher_close(struct fetcher *fetcher, bool ended)
{
	await_session_close(fetcher->closing);
	await_session_close(fetcher->keeping);
	async_tls_free(fetcher->tls);
	return await_outlet_close(&fetcher->outlet, ended);
}

/* ---- A try ---- */

static int failed(struct result *result, int error, const char *text)
{
	result->error = error;
	snprintf(result->text, sizeof result->text, "%s", text);
	return error;
}

static int failed_client(struct attempt *attempt, int error)
{
	struct result *result = attempt->result;

	result->error = error;
	facts_text(result->text, sizeof result->text, async_error());
	/* The client counts the redirect that it refuses. */
	if (error == -ELOOP)
		snprintf(result->text, sizeof result->text, "more than %zu redirects (--redirects)",
			 attempt->fetcher->options->redirects);
	return error;
}

static int failed_output(struct attempt *attempt, int error)
{
	bool shortage = error == -EMFILE || error == -ENFILE || error == -ENOMEM;

	if (error != -ECANCELED)
		attempt->result->local = !shortage;
	return failed(attempt->result, error, async_error());
}

static int too_long(struct attempt *attempt)
{
	char text[100];

	snprintf(text, sizeof text, "the body is longer than %zu bytes (--max-bytes)",
		 attempt->fetcher->options->most_bytes);
	return failed(attempt->result, -EMSGSIZE, text);
}

static int await_body(struct attempt *attempt, async_response *response)
{
	size_t most = attempt->fetcher->options->most_bytes;
	struct result *result = attempt->result;
	bool has_no_body = !strcmp(attempt->fetcher->options->method, "HEAD");
	const char *data;
	ssize_t n;
	int error;

	if (most && async_response_length(response) > (int64_t)most && !has_no_body &&
	    !async_response_header(response, "Content-Encoding"))
		return too_long(attempt);
	while ((n = await_response_chunk(response, &data)) > 0) {
		result->size += (uint64_t)n;
		*attempt->fetcher->received += (uint64_t)n;
		if (most && result->size > most)
			return too_long(attempt);
		error = await_sink_write(&attempt->sink, data, (size_t)n);
		if (error)
			return failed_output(attempt, error);
	}
	return n ? failed_client(attempt, (int)n) : 0;
}

/* Refused: what else comes is only read. */
static int await_refusal(struct attempt *attempt, async_response *response)
{
	const char *data, *reason = async_response_reason(response);
	ssize_t n;
	char text[200];

	while (attempt->result->size < ERROR_BODY_BYTES &&
	       (n = await_response_chunk(response, &data)) > 0) {
		attempt->result->size += (uint64_t)n;
		*attempt->fetcher->received += (uint64_t)n;
	}
	snprintf(text, sizeof text, "status %d%s%.100s", attempt->result->status,
		 reason && *reason ? " " : "", reason ? reason : "");
	return failed(attempt->result, -EREMOTEIO, text);
}

/* By the URL as it was asked for: where it leads may be somewhere else tomorrow. */
static int await_keep(struct attempt *attempt)
{
	struct result *result = attempt->result;
	async_url url;
	int error;

	if (attempt->fetcher->outlet.kind == SINK_FILES) {
		error = async_url_parse(attempt->url, NULL, &url);
		if (error)
			return failed(result, error, async_error());
		name_of_url(&url, result->file);
		async_url_free(&url);
	}
	error = await_sink_finish(&attempt->sink, result->file);
	if (!error)
		return 0;
	*result->file = 0;
	return failed_output(attempt, error);
}

static int await_answer(struct attempt *attempt, async_response *response)
{
	struct result *result = attempt->result;
	int error;

	result->status = async_response_status(response);
	result->redirects = async_response_redirects(response);
	result->final_url = strdup(async_response_url(response));
	if (attempt->fetcher->options->log)
		result->headers = record_headers(response);
	result->retry_after = async_response_retry_after(response);
	if (result->status >= 400)
		return await_refusal(attempt, response);
	error = await_body(attempt, response);
	return error ? error : await_keep(attempt);
}

/* The limit around all of it has no text of its own. */
static void tell_of_limit(struct attempt *attempt)
{
	struct result *result = attempt->result;

	if (async_scope_end(&attempt->limit) != -ETIMEDOUT || result->error != -ETIMEDOUT)
		return;
	result->local = false;
	snprintf(result->text, sizeof result->text,
		 "%s: it took longer than %g s in all (--timeout)", facts_doing(&result->facts),
		 attempt->fetcher->options->total_seconds);
}

int await_fetch(struct fetcher *fetcher, const char *url, bool keep, struct result *result)
{
	const struct options *options = fetcher->options;
	async_call call = { .fields = options->fields,
			    .field_count = options->field_count,
			    .body = options->data,
			    .size = options->data_size,
			    .type = options->data ? "application/x-www-form-urlencoded" : NULL,
			    .facts = &result->facts };
	struct attempt attempt = { .fetcher = fetcher, .url = url, .result = result };
	async_response *response;
	double begun = async_now();

	memset(result, 0, sizeof *result);
	result->retry_after = -1;
	call.context = &attempt;
	sink_begin(&attempt.sink, &fetcher->outlet, &attempt.limit);
	async_scope_begin(&attempt.limit, options->total_seconds);
	/* A limit of each host needs one session to count in: redirects lead anywhere. */
	keep |= options->per_host > 0;
	response = await_http_request(keep ? fetcher->keeping : fetcher->closing, options->method,
				      url, &call);
	if (response)
		await_answer(&attempt, response);
	else
		failed_client(&attempt, async_error_code());
	tell_of_limit(&attempt);
	result->spoiled = attempt.sink.writing;
	sink_drop(&attempt.sink);
	async_response_free(response);
	result->facts.total = async_now() - begun; /* with the time that output took */
	return result->error;
}
