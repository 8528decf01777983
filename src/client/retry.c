/* SPDX-License-Identifier: MIT */
/* What is worth another try, and when; asking again, and not too often. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <await/retry.h>
#include <await/sim.h>
#include "client/outgoing.h"
#include "http/bytes.h"
#include "http/validator.h"

static const async_retry_options usual = { .tries = 4, .first_seconds = 0.5, .most_seconds = 60 };

/* ---- What, and when ---- */

bool async_method_is_idempotent(const char *method)
{
	static const char *const methods[] = { "GET", "HEAD",	"OPTIONS", "TRACE",
					       "PUT", "DELETE", "QUERY" };

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (!strcmp(method, methods[i]))
			return true;
	}
	return false;
}

static bool error_is_worth(int error, bool safe)
{
	switch (-error) {
	case ECONNREFUSED: /* the request has not gone out */
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case EADDRNOTAVAIL:
		return true;
	case ETIMEDOUT:
	case ECONNRESET:
	case ECONNABORTED:
	case EPIPE:
	case ENODATA: /* the answer was cut short */
		return safe;
	default:
		return false;
	}
}

bool async_retry_is_worth(int error, int status, bool safe)
{
	if (error)
		return error_is_worth(error, safe);
	switch (status) {
	case 429: /* these two say that nothing was done */
	case 503:
		return true;
	case 408:
	case 502:
	case 504:
		return safe;
	default:
		return false;
	}
}

static async_retry_options filled_in(const async_retry_options *options)
{
	async_retry_options all = options ? *options : usual;

	if (!all.tries)
		all.tries = usual.tries;
	if (!all.first_seconds)
		all.first_seconds = usual.first_seconds;
	if (!all.most_seconds)
		all.most_seconds = usual.most_seconds;
	return all;
}

double async_retry_delay(const async_retry_options *options, int tries)
{
	static const uint64_t parts = (uint64_t)1 << 32;
	async_retry_options all = filled_in(options);
	double off = (double)async_random(parts) / (double)parts / 2;
	double seconds = all.first_seconds;

	while (--tries > 0 && seconds < all.most_seconds)
		seconds *= 2;
	return (seconds < all.most_seconds ? seconds : all.most_seconds) * (1 - off);
}

double async_response_retry_after(async_response *response)
{
	const char *value = async_response_header(response, "Retry-After");
	double seconds = 0;
	time_t then, now;
	size_t i = 0;

	if (!value)
		return -1;
	for (; byte_is(value[i], BYTE_DIGIT); i++)
		seconds = seconds * 10 + (value[i] - '0');
	if (i && !value[i])
		return seconds;
	if (!http_date_parse(value, strlen(value), &then))
		return -1;
	now = time(NULL);
	return then > now ? difftime(then, now) : 0;
}

/* ---- Asking again ---- */

static int check_options(const async_retry_options *options)
{
	if (options->tries > 0 && options->first_seconds > 0 && options->most_seconds > 0)
		return 0;
	return async_fail(
		-EINVAL,
		"await_http_retry: `tries` %d, `first_seconds` %g, `most_seconds` %g; each must "
		"be more than 0, which is the default",
		options->tries, options->first_seconds, options->most_seconds);
}

/* Nobody can have seen it, or it does no harm. */
static bool is_safe(const struct async_outgoing *request, int error)
{
	return (error && request->watch.facts->phase < ASYNC_CALL_SEND) ||
	       client_is_repeatable(request);
}

static double seconds_to_wait(const struct async_outgoing *request,
			      const async_retry_options *options, int tries, async_response *answer,
			      int error)
{
	double asked = answer ? async_response_retry_after(answer) : -1;

	if (error && !request->fresh && client_met_closing(request, error))
		return 0;
	return asked >= 0 ? asked : async_retry_delay(options, tries);
}

/* < 0: what came is the last. */
static double plan(struct async_outgoing *request, const async_retry_options *options, int tries,
		   async_response *answer)
{
	int error = answer ? 0 : async_error_code();
	double seconds;

	if (tries >= options->tries || async_cancelled() ||
	    !async_retry_is_worth(error, async_response_status(answer), is_safe(request, error)) ||
	    !client_upload_can_repeat(&request->upload))
		return -1;
	seconds = seconds_to_wait(request, options, tries, answer, error);
	if (seconds > options->most_seconds || async_now() + seconds >= request->watch.deadline ||
	    !client_take_retry(request->session, error))
		return -1;
	return seconds;
}

async_response *await_http_retry(async_outgoing *request, void *given)
{
	async_retry_options options = filled_in(given);

	if (check_options(&options))
		return NULL;
	for (int tries = 1;; tries++) {
		async_response *answer = await_outgoing_next(request);
		double seconds = plan(request, &options, tries, answer);

		if (!answer)
			request->fresh = true; /* also when it is not asked again, by anybody */
		if (seconds < 0)
			return answer;
		if (answer)
			await_client_drain(answer);
		async_response_free(answer);
		client_watch_phase(&request->watch, ASYNC_CALL_RETRY);
		if (await_sleep(seconds))
			return NULL;
	}
}

async_response *await_http_throttle(async_outgoing *request, void *rate)
{
	if (!rate) {
		async_fail(-EINVAL, "await_http_throttle: its argument, an async_rate, is NULL");
		return NULL;
	}
	return await_rate(rate, 1) ? NULL : await_outgoing_next(request);
}
