/* SPDX-License-Identifier: MIT */
/* What the client tells about a try: see facts.h. */
#include <stdio.h>
#include <string.h>
#include "facts.h"

const char *facts_doing(const async_call_facts *facts)
{
	static const char *const names[ASYNC_CALL_PHASES] = {
		[ASYNC_CALL_REQUEST] = "preparing the request",
		[ASYNC_CALL_QUEUE] = "waiting for a connection to the host",
		[ASYNC_CALL_RESOLVE] = "looking up the host",
		[ASYNC_CALL_CONNECT] = "connecting",
		[ASYNC_CALL_PROXY] = "asking the proxy for a tunnel",
		[ASYNC_CALL_TLS] = "beginning TLS",
		[ASYNC_CALL_SEND] = "sending the request",
		[ASYNC_CALL_HEAD] = "waiting for the answer",
		[ASYNC_CALL_REDIRECT] = "following a redirect",
		[ASYNC_CALL_BODY] = "reading the body",
		[ASYNC_CALL_DONE] = "ending",
	};

	return names[facts->phase];
}

/* Whole microseconds: shorter to read, and all that is known. */
static json_t *seconds_of(double seconds)
{
	return json_real((double)(int64_t)(seconds * 1e6 + 0.5) / 1e6);
}

json_t *facts_times(const async_call_facts *facts)
{
	static const enum async_call_phase phases[] = {
		ASYNC_CALL_QUEUE, ASYNC_CALL_RESOLVE, ASYNC_CALL_CONNECT, ASYNC_CALL_PROXY,
		ASYNC_CALL_TLS,	  ASYNC_CALL_SEND,    ASYNC_CALL_HEAD,	  ASYNC_CALL_BODY,
	};
	json_t *times = json_object();

	for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
		json_object_set_new(times, async_call_phase_name(phases[i]),
				    seconds_of(facts->seconds[phases[i]]));
	json_object_set_new(times, "total", seconds_of(facts->total));
	return times;
}

void facts_text(char *to, size_t room, const char *text)
{
	static const char *const names[][2] = {
		{ "`connect_seconds`", "(--connect-timeout)" },
		{ "`read_seconds`", "(--read-timeout)" },
		{ "`redirects`", "(--redirects)" },
	};

	snprintf(to, room, "%s", text);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *at = strstr(to, names[i][0]);

		while (at && at > to && *at != '(')
			at--;
		if (at)
			snprintf(at, room - (size_t)(at - to), "%s", names[i][1]);
	}
}
