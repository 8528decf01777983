/* SPDX-License-Identifier: MIT */
/*
 * Connecting to what a text means: one address, or several that are raced (RFC 8305). Each attempt
 * of a race is a child task, so that a cancel of the loser is an ordinary cancel, which closes its
 * socket on the way out; with one address, or one at a time, no task is made.
 */
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await/connect.h>
#include <await/group.h>
#include <await/net.h>
#include <await/sync.h>
#include "core/loop.h"
#include "core/report.h"
#include "net/address.h"

/* RFC 8305 5: the recommended Connection Attempt Delay. */
#define DELAY_SECONDS 0.25

enum { FAILURES_BYTES = 200 }; /* what an error text has room for */

struct attempt {
	struct race *race;
	const async_address *address;
	int error; /* 0 while it is under way, or never begun */
};

struct race {
	const char *text;
	const async_connect_options *options;
	async_addresses addresses, local;
	struct attempt *attempts;
	async_event ended; /* one of those under way */
	size_t running;
	int fd; /* the winner's, or -1 */
};

/* ---- One attempt ---- */

static int bind_local(int fd, const struct race *race, int family)
{
	for (size_t i = 0; i < race->local.count; i++) {
		const async_address *local = &race->local.list[i];

		if (local->address.ss_family == family)
			return async_bind(fd, (struct sockaddr *)&local->address, local->length);
	}
	return race->local.count ? -EADDRNOTAVAIL : 0;
}

/* A connected socket, or why not. */
static int await_attempt(const struct race *race, const async_address *address)
{
	int family = address->address.ss_family, on = 1, error;
	int fd = async_socket(family, SOCK_STREAM, 0);

	if (fd < 0)
		return fd;
	if (family != AF_UNIX)
		async_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	error = bind_local(fd, race, family);
	if (!error && race->options->prepare)
		error = race->options->prepare(fd, (struct sockaddr *)&address->address,
					       race->options->prepare_arg);
	if (!error)
		error = await_connect(fd, (struct sockaddr *)&address->address, address->length);
	if (!error)
		return fd;
	async_close(fd);
	return error;
}

/* ---- Failures in words ---- */

static int fail_all(const struct race *race)
{
	char all[FAILURES_BYTES] = "", address[ADDRESS_BYTES];
	size_t count = race->addresses.count, used = 0, told = 0;
	int first = race->attempts[0].error;

	if (count == 1)
		return async_fail(first, "cannot connect to %.150s", race->text);
	for (; told < count; told++) {
		const async_address *to = race->attempts[told].address;
		int n = snprintf(all + used, sizeof all - used, "%s%s %s", told ? ", " : "",
				 async_address_format((struct sockaddr *)&to->address, to->length,
						      address, sizeof address),
				 error_name(race->attempts[told].error));

		if (n < 0 || used + (size_t)n >= sizeof all - 20) {
			snprintf(all + used, sizeof all - used, ", %zu more", count - told);
			break;
		}
		used += (size_t)n;
	}
	return async_fail(first, "cannot connect to %.60s (%s)", race->text, all);
}

/* ---- One after the other ---- */

static int await_in_order(struct race *race)
{
	for (size_t i = 0; i < race->addresses.count; i++) {
		int fd = await_attempt(race, race->attempts[i].address);

		if (fd >= 0 || async_cancelled())
			return fd;
		race->attempts[i].error = fd;
	}
	return fail_all(race);
}

/* ---- A race ---- */

static int compete(void *arg)
{
	struct attempt *attempt = arg;
	struct race *race = attempt->race;
	int fd = await_attempt(race, attempt->address);

	race->running--;
	if (fd < 0)
		attempt->error = fd;
	else if (race->fd < 0)
		race->fd = fd;
	else
		async_close(fd);
	async_event_set(&race->ended);
	return 0;
}

/* Until the next attempt is due: somebody has ended, or the delay is over. The cancel error of the
 * caller, if it is cancelled. */
static int await_turn(struct race *race, double seconds)
{
	async_timeout (seconds)
		await_event(&race->ended);
	return async_cancelled();
}

static void await_winner(struct race *race, double delay)
{
	AWAIT_GROUP(attempts);
	size_t next = 0;
	int error = 0;

	while (!error && race->fd < 0 && (next < race->addresses.count || race->running)) {
		bool last = next == race->addresses.count;

		async_event_clear(&race->ended);
		if (!last) {
			struct attempt *attempt = &race->attempts[next++];

			attempt->error = async_spawn(&attempts, compete, attempt);
			if (attempt->error)
				continue;
			race->running++;
			last = next == race->addresses.count;
		}
		error = await_turn(race, last ? INFINITY : delay);
	}
	/* The losers close their sockets; the end of this block waits for them. */
	async_group_cancel(&attempts);
}

/* Families take turns, beginning with that of the first address (RFC 8305 4). */
static void interleave(async_addresses *addresses)
{
	for (size_t i = 1; i < addresses->count; i++) {
		int before = addresses->list[i - 1].address.ss_family;
		size_t other = i;
		async_address taken;

		while (other < addresses->count &&
		       addresses->list[other].address.ss_family == before)
			other++;
		if (other == addresses->count)
			return;
		taken = addresses->list[other];
		memmove(&addresses->list[i + 1], &addresses->list[i],
			(other - i) * sizeof *addresses->list);
		addresses->list[i] = taken;
	}
}

static int await_race(struct race *race, double delay)
{
	struct async_task *self = loop_current->running;

	await_winner(race, delay);
	if (race->fd >= 0)
		return race->fd;
	return self->cancel_error ? self->cancel_error : fail_all(race);
}

/* ---- What to connect to ---- */

static int copy_addresses(const async_addresses *from, int family, async_addresses *to)
{
	int error = 0;

	for (size_t i = 0; !error && i < from->count; i++)
		if (!family || family == from->list[i].address.ss_family)
			error = async_addresses_add(to, (struct sockaddr *)&from->list[i].address,
						    from->list[i].length);
	return error;
}

static int find_addresses(struct race *race)
{
	async_resolve_options passive = { .family = race->options->family, .passive = 1 };
	async_resolve_options resolve = { .family = race->options->family };
	int error;

	if (race->options->addresses)
		error = copy_addresses(race->options->addresses, resolve.family, &race->addresses);
	else
		error = await_resolve(race->text, &resolve, &race->addresses);
	if (!error && race->options->local)
		error = await_resolve(race->options->local, &passive, &race->local);
	if (!error && !race->addresses.count)
		error = async_fail(-EINVAL, "cannot connect to %.100s: no address%s", race->text,
				   resolve.family ? " of that family" : "");
	return error;
}

static int await_connected(struct race *race, double delay)
{
	int error = find_addresses(race), fd;

	if (error)
		return error;
	race->attempts = calloc(race->addresses.count, sizeof *race->attempts);
	if (!race->attempts)
		return async_fail(-ENOMEM, "cannot connect to %.150s", race->text);
	if (isfinite(delay))
		interleave(&race->addresses);
	for (size_t i = 0; i < race->addresses.count; i++)
		race->attempts[i] = (struct attempt){ race, &race->addresses.list[i], 0 };
	fd = isfinite(delay) && race->addresses.count > 1 ? await_race(race, delay) :
							    await_in_order(race);
	free(race->attempts);
	return fd;
}

int await_connect_to(const char *address, const async_connect_options *options)
{
	static const async_connect_options defaults;
	struct async_task *self = task_self("await_connect_to");
	struct race race = { .text = address, .fd = -1 };
	double delay;
	int fd;

	if (self->cancel_error)
		return self->cancel_error;
	race.options = options ? options : &defaults;
	if (!address && race.options->addresses)
		race.text = "the addresses given";
	delay = race.options->delay;
	if (isnan(delay) || delay < 0)
		return async_fail(
			-EINVAL,
			"await_connect_to: option delay is %g s: give 0 for %g s, or INFINITY"
			" for one attempt after the other",
			delay, DELAY_SECONDS);
	fd = await_connected(&race, delay ? delay : DELAY_SECONDS);
	async_addresses_free(&race.addresses);
	async_addresses_free(&race.local);
	return fd;
}

int await_tcp_connect(const char *address)
{
	static const async_connect_options in_order = { .delay = INFINITY };

	return await_connect_to(address, &in_order);
}

int await_unix_connect(const char *path)
{
	char text[ADDRESS_BYTES];
	int error = unix_text(path, text, sizeof text);

	return error ? error : await_tcp_connect(text);
}
