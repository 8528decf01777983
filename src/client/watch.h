/* SPDX-License-Identifier: MIT */
/* What watches over a request and its answer: its limits, its facts, those who trace it. */
#ifndef CLIENT_WATCH_H
#define CLIENT_WATCH_H

#include <await/call.h>
#include <await/hook.h>
#include <await/scope.h>

struct async_session;

struct client_watch {
	const struct async_session *session;
	double deadline; /* on async_now()'s clock */
	double total_seconds, connect_seconds, read_seconds;
	async_call_facts *facts; /* NULL: nobody asks */
	void *context;
};

void client_watch_begin(struct client_watch *watch, const struct async_session *session,
			const async_call *call);
/* A phase begins; the one before is over. */
void client_watch_phase_(struct client_watch *watch, enum async_call_phase phase);
static inline void client_watch_phase(struct client_watch *watch, enum async_call_phase phase)
{
	if (watch->facts)
		client_watch_phase_(watch, phase);
}
/* It has failed, in the phase that it is in. Returns the error. */
int client_watch_failed(struct client_watch *watch, int error);

/* The last error's text without its number, which async_fail adds again. */
void client_error_text(char *text, size_t size);
/* The same error; its text begins with who is to blame. */
int client_blame(const async_url *url, int error);

/* Tell the traces; time and context are filled in. */
void client_trace(const struct client_watch *watch, async_trace_event event);

/* A limit around something that waits: the least of the request's and the phase's. */
struct client_limit {
	async_scope scope;
	const char *what, *option;
	double seconds;
};
void client_limit_begin(struct client_limit *limit, const struct client_watch *watch,
			const char *what, double seconds, const char *option);
/* From now on a shorter one. */
void client_limit_tighten(struct client_limit *limit, const struct client_watch *watch,
			  double seconds, const char *option);
/* `result`, or -ETIMEDOUT with a text that says what was waited for. */
int64_t client_limit_end(struct client_limit *limit, int64_t result);

#endif
