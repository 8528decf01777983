/* SPDX-License-Identifier: MIT */
/* One request over two connections, the second one after a while: whose answer comes first wins. */
#include <errno.h>
#include <await/group.h>
#include <await/retry.h>
#include "client/outgoing.h"

enum { TEXT_BYTES = 400 };

struct race {
	async_session *session;
	const char *method, *url;
	async_event changed; /* somebody has come in, or fallen */
	struct runner *winner;
	int running;
};

/* Facts of its own: there is one place for them in the call, and two who write. */
struct runner {
	struct race *race;
	async_call call;
	async_call_facts facts;
	async_response *answer;
	int error;
	char text[TEXT_BYTES];
};

static int check(async_session *session, const char *method, const char *url,
		 const async_call *call, double after_seconds)
{
	if (!session || !method || !url)
		return async_fail(-EINVAL,
				  "await_http_hedge: session, method and URL must not be NULL");
	if (!(after_seconds >= 0))
		return async_fail(-EINVAL, "await_http_hedge: %g seconds to wait", after_seconds);
	if (!call->repeatable && !async_method_is_idempotent(method))
		return async_fail(-EINVAL,
				  "await_http_hedge: %.40s may do harm twice; if it does not, the "
				  "call says `repeatable`",
				  method);
	if (call->source || call->form)
		return async_fail(-EINVAL, "await_http_hedge: a source or form cannot be read by "
					   "two at once");
	return 0;
}

/* What went wrong is the race's to tell, not the group's. */
static int run(void *arg)
{
	struct runner *runner = arg;
	struct race *race = runner->race;

	runner->answer = await_http_request(race->session, race->method, race->url, &runner->call);
	if (!runner->answer) {
		runner->error = async_error_code();
		async_error_words_(runner->text, sizeof runner->text);
	} else if (!race->winner) {
		race->winner = runner;
	}
	race->running--;
	async_event_set(&race->changed);
	return 0;
}

static int start(struct race *race, async_group *group, struct runner *runner,
		 const async_call *call)
{
	int error;

	runner->race = race;
	runner->call = *call;
	runner->call.facts = &runner->facts;
	error = async_spawn(group, run, runner);
	race->running += !error;
	return error;
}

/* 0: one has an answer, or all that were started have failed. */
static int await_race(struct race *race, async_group *group, struct runner runners[2],
		      const async_call *call, double after_seconds)
{
	async_scope patience;
	int error = start(race, group, &runners[0], call);

	if (error)
		return error;
	async_scope_begin(&patience, after_seconds);
	error = await_event(&race->changed);
	if (async_scope_end(&patience) == -ETIMEDOUT)
		error = 0;
	/* Without memory for a second one the first goes on. */
	if (!error && race->running && client_take_retry(race->session, 0))
		start(race, group, &runners[1], call);
	while (!error && race->running && !race->winner) {
		async_event_clear(&race->changed);
		error = await_event(&race->changed);
	}
	return error;
}

/* The facts of the one that is told about, where the call wants them. */
static void hand_over(struct runner *runner, async_call_facts *facts)
{
	async_response *answer = runner->answer;

	if (facts)
		*facts = runner->facts;
	if (!answer)
		return;
	answer->watch.own = runner->facts;
	answer->watch.facts = facts ? facts : &answer->watch.own;
}

async_response *await_http_hedge(async_session *session, const char *method, const char *url,
				 const async_call *call, double after_seconds)
{
	static const async_call nothing;
	struct race race = { session, method, url, ASYNC_EVENT, NULL, 0 };
	struct runner runners[2] = { 0 }, *told;
	int error = check(session, method, url, call ? call : &nothing, after_seconds);
	AWAIT_GROUP(group);

	if (error)
		return NULL;
	error = await_race(&race, &group, runners, call ? call : &nothing, after_seconds);
	async_group_cancel(&group);
	await_group(&group);
	told = race.winner && !error ? race.winner : &runners[0];
	for (int i = 0; i < 2; i++) {
		if (error || &runners[i] != race.winner) {
			async_response_free(runners[i].answer);
			runners[i].answer = NULL;
		}
	}
	hand_over(told, call ? call->facts : NULL);
	if (error) /* the caller's own: it was cancelled, or there is no memory */
		async_fail(error, "await_http_hedge");
	else if (!told->answer)
		async_fail(told->error, "%s", told->text);
	return told->answer;
}
