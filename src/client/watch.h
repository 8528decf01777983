/* SPDX-License-Identifier: MIT */
/* What watches over a request and its answer: its limits, its facts, those who trace it. */
#ifndef CLIENT_WATCH_H
#define CLIENT_WATCH_H

#include <await/client.h>
#include <await/scope.h>

struct async_session;

/* The seconds of options and calls, each with its name. */
enum watch_limit {
	WATCH_TOTAL,
	WATCH_STALL,
	WATCH_QUEUE,
	WATCH_CONNECT,
	WATCH_RESOLVE,
	WATCH_TLS,
	WATCH_HEAD,
	WATCH_READ,
	WATCH_LIMITS
};

struct client_watch {
	const struct async_session *session;
	double deadline; /* by WATCH_TOTAL, on async_now()'s clock */
	double limits[WATCH_LIMITS];
	async_call_facts *facts, own; /* the call's, or `own` */
	void *context;
};

/* 0, or -EINVAL: seconds that are no limit. */
int client_watch_check(const async_session_options *options);
int client_watch_begin(struct client_watch *watch, const struct async_session *session,
		       const async_call *call);
void client_watch_copy(struct client_watch *to, const struct client_watch *from);
/* A phase begins; the one before is over. */
void client_watch_phase(struct client_watch *watch, enum async_call_phase phase);
/* It has failed, in the phase that it is in. Returns the error. */
int client_watch_failed(struct client_watch *watch, int error);

/* The same error; its text begins with who is to blame. */
int client_blame(const async_url *url, int error);
int client_blame_part(async_url_part who, int error);
/* For a failure on the way to it, which would read like one of the server. */
int client_blame_proxy(const async_url *proxy, int error);

/* Tell the traces; time and context are filled in. */
void client_trace(const struct client_watch *watch, async_trace_event event);

/* A limit around something that waits: its own, that for the whole, or, unless it is about a turn
 * in the pool, that for nothing moving; whichever is over first. */
struct client_limit {
	async_scope scope;
	const struct client_watch *watch;
	const char *what;
	enum watch_limit own, least;
};
void client_limit_begin(struct client_limit *limit, const struct client_watch *watch,
			const char *what, enum watch_limit own);
/* Something has moved, or another one counts from now on. */
void client_limit_again(struct client_limit *limit, enum watch_limit own);
/* `result`, or -ETIMEDOUT with a text that says what was waited for. */
int64_t client_limit_end(struct client_limit *limit, int64_t result);

#endif
