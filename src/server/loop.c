/* SPDX-License-Identifier: MIT */
/* What each loop keeps for a server of HTTP: a clock for slow peers, and the date. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <await/run.h>
#include <await/sync.h>
#include "base/list.h"
#include "http/clock.h"
#include "server/server.h"

/* The shorter of two limits. */
static double smaller(double a, double b)
{
	return a < b ? a : b;
}

/* A quarter of the shortest limit, at most a second. */
static double tick_of(const async_http_options *options)
{
	double least = smaller(smaller(options->idle_seconds, options->head_seconds),
			       smaller(options->body_seconds, options->write_seconds));

	least = smaller(least, options->linger_seconds) / 4;
	return least > 1 ? 1 : least < 0.001 ? 0.001 : least;
}

struct http_gate {
	struct http_gate *next;
	const struct app_route *route;
	async_semaphore semaphore;
};

static void loop_free(void *value)
{
	struct http_loop *loop = value;

	async_handle_cancel(&loop->clock);
	while (loop->gates) {
		struct http_gate *gate = loop->gates;

		loop->gates = gate->next;
		free(gate);
	}
	free(loop);
}

struct http_loop *http_loop_of(struct async_http_server *server)
{
	struct http_loop *loop = async_loop_value(server);

	if (loop && loop->number == server->number)
		return loop;
	if (loop) /* of one that lay there and ended on another loop */
		http_loop_end(server);
	loop = calloc(1, sizeof *loop);
	if (!loop)
		return NULL;
	loop->number = server->number;
	loop->tick_seconds = tick_of(&server->options);
	loop->date_until = -INFINITY;
	if (async_loop_set_value(server, loop, loop_free)) {
		free(loop);
		return NULL;
	}
	return loop;
}

void http_loop_end(struct async_http_server *server)
{
	struct http_loop *loop = async_loop_take_value(server);

	if (loop)
		loop_free(loop);
}

struct async_semaphore *http_loop_gate(struct http_loop *loop, const struct app_route *route)
{
	struct http_gate *gate = loop ? loop->gates : NULL;

	while (gate && gate->route != route)
		gate = gate->next;
	if (gate || !loop)
		return gate ? &gate->semaphore : NULL;
	gate = calloc(1, sizeof *gate);
	if (!gate)
		return NULL;
	gate->route = route;
	gate->semaphore = (async_semaphore)ASYNC_SEMAPHORE(route->options.concurrency);
	gate->next = loop->gates;
	loop->gates = gate;
	return &gate->semaphore;
}

/* No order among them: limits differ, and a second is soon over. */
static void tick(void *arg)
{
	struct http_loop *loop = arg;
	struct async_link_ *link, *next;

	loop->ticks++;
	for (link = loop->waits.first; link; link = next) {
		struct http_wait *wait = (struct http_wait *)link;

		next = link->next;
		if ((int32_t)(loop->ticks - wait->due) >= 0 && !wait->late) {
			wait->late = true;
			async_scope_cancel(wait->scope);
		}
	}
	loop->ticking = loop->waits.first &&
			!async_call_later(&loop->clock, loop->tick_seconds, tick, loop);
}

void http_wait_begin(struct http_loop *loop, struct http_wait *wait, async_scope *scope,
		     double seconds)
{
	double ticks = seconds / loop->tick_seconds;

	/* Rounded up, and one more: the current tick has begun already. */
	uint32_t whole = ticks < INT32_MAX / 2 ? (uint32_t)ticks : INT32_MAX / 2;

	wait->due = loop->ticks + 1 + whole + (whole < ticks);
	wait->late = false;
	wait->scope = scope;
	if (unlikely(!loop->ticking))
		loop->ticking = !async_call_later(&loop->clock, loop->tick_seconds, tick, loop);
	list_append(&loop->waits, &wait->link);
}

bool http_wait_end(struct http_loop *loop, struct http_wait *wait)
{
	list_remove(&loop->waits, &wait->link);
	return wait->late;
}

const char *http_loop_date(struct http_loop *loop)
{
	double now = async_now();

	if (now >= loop->date_until) {
		double wall = http_wall_clock();

		memcpy(loop->date, "Date: ", 6);
		http_date(loop->date + 6, (time_t)wall);
		memcpy(loop->date + 6 + HTTP_DATE_BYTES - 1, "\r\n", 3);
		loop->date_until = now + ((double)((time_t)wall + 1) - wall);
	}
	return loop->date;
}
