/* SPDX-License-Identifier: MIT */
/* Which URL is next: see schedule.h. host_settle is the one place that decides what becomes of a
 * host; everything that changes one calls it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "schedule.h"
#include "text.h"

/* What URLs of usual length need: a list of very long ones is looked ahead less far. */
enum { BYTES_PER_URL = 1024 };

struct host {
	struct host *next;	 /* in its bucket */
	struct host *ready_next; /* in the circle */
	struct schedule *schedule;
	struct entry *first, *last; /* URLs that wait, in order */
	size_t active, retrying;    /* URLs being fetched; waiting for another try */
	double free_at;		    /* nothing begins before, on async_now()'s clock */
	async_handle timer;	    /* until then */
	bool ready;		    /* in the circle */
	bool frequent;		    /* it has had several URLs at a time */
	char name[];
};

void schedule_begin(struct schedule *schedule, size_t window, size_t per_host, double delay,
		    void *user)
{
	*schedule = (struct schedule){ .window = window,
				       .window_bytes = window * BYTES_PER_URL,
				       .per_host = per_host ? per_host : SIZE_MAX,
				       .delay = delay,
				       .user = user,
				       .changed = ASYNC_EVENT,
				       .room = ASYNC_EVENT };
}

/* ---- Hosts ---- */

static struct host **bucket_of(struct schedule *schedule, const char *name)
{
	return &schedule->hosts[text_hash(name, strlen(name)) % HOST_BUCKETS];
}

static struct host *host_of(struct schedule *schedule, const char *name)
{
	struct host **bucket = bucket_of(schedule, name), *host = *bucket;
	size_t size = strlen(name) + 1;

	while (host && strcmp(host->name, name))
		host = host->next;
	if (host)
		return host;
	host = calloc(1, sizeof *host + size);
	if (!host)
		return NULL;
	memcpy(host->name, name, size);
	host->schedule = schedule;
	host->next = *bucket;
	*bucket = host;
	schedule->host_count++;
	return host;
}

static void host_forget(struct host *host)
{
	struct host **at = bucket_of(host->schedule, host->name);

	while (*at != host)
		at = &(*at)->next;
	*at = host->next;
	host->schedule->host_count--;
	async_handle_cancel(&host->timer);
	free(host);
}

static void host_append(struct host *host, struct entry *entry)
{
	entry->next = NULL;
	if (host->last)
		host->last->next = entry;
	else
		host->first = entry;
	host->last = entry;
}

static void ready_append(struct schedule *schedule, struct host *host)
{
	host->ready = true;
	host->ready_next = NULL;
	if (schedule->ready_last)
		schedule->ready_last->ready_next = host;
	else
		schedule->ready = host;
	schedule->ready_last = host;
	async_event_set(&schedule->changed);
}

static void on_free(void *host);

/* Into the circle, behind a timer, or away. Without memory for the timer it begins too early. */
static void host_settle(struct host *host)
{
	struct schedule *schedule = host->schedule;
	bool waits = host->first && host->active < schedule->per_host;
	bool idle = !host->first && !host->active && !host->retrying;

	if (host->ready || (!waits && !idle))
		return;
	if (async_now() < host->free_at) {
		if (async_handle_when(&host->timer) <= host->free_at)
			return; /* it looks again when it is due */
		async_handle_cancel(&host->timer);
		if (!async_call_at(&host->timer, host->free_at, on_free, host))
			return;
	}
	if (waits)
		ready_append(schedule, host);
	else
		host_forget(host);
}

static void on_free(void *host)
{
	host_settle(host);
}

/* ---- URLs ---- */

bool schedule_has_room(const struct schedule *schedule)
{
	return schedule->held < schedule->window && schedule->held_bytes < schedule->window_bytes;
}

int schedule_add(struct schedule *schedule, const char *host, const char *url, size_t size,
		 uint64_t line)
{
	struct entry *entry = calloc(1, sizeof *entry + size + 1);

	if (entry)
		entry->host = host_of(schedule, host);
	if (!entry || !entry->host) {
		free(entry);
		return async_fail(-ENOMEM, "no memory for a URL");
	}
	entry->schedule = schedule;
	entry->line = line;
	entry->size = size;
	memcpy(entry->url, url, size);
	schedule->held++;
	schedule->held_bytes += size;
	entry->host->frequent |= entry->host->first || entry->host->active || entry->host->retrying;
	host_append(entry->host, entry);
	host_settle(entry->host);
	return 0;
}

bool schedule_is_ready(const struct schedule *schedule)
{
	return schedule->ready;
}

static void list_insert(struct entry **list, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = *list;
	if (entry->older)
		entry->older->newer = entry;
	*list = entry;
}

static void list_remove(struct entry **list, struct entry *entry)
{
	if (entry->newer)
		entry->newer->older = entry->older;
	else
		*list = entry->older;
	if (entry->older)
		entry->older->newer = entry->newer;
}

static void active_remove(struct entry *entry)
{
	list_remove(&entry->schedule->active, entry);
	entry->schedule->active_count--;
	entry->host->active--;
}

/* The first of the circle that may still begin one: a pause may have come meanwhile. */
static struct host *next_host(struct schedule *schedule)
{
	struct host *host;

	while ((host = schedule->ready)) {
		schedule->ready = host->ready_next;
		if (!schedule->ready)
			schedule->ready_last = NULL;
		host->ready = false;
		if (async_now() >= host->free_at)
			return host;
		host_settle(host);
	}
	return NULL;
}

struct entry *schedule_take(struct schedule *schedule)
{
	struct host *host = next_host(schedule);
	struct entry *entry;

	if (!host)
		return NULL;
	entry = host->first;
	host->first = entry->next;
	if (!host->first)
		host->last = NULL;
	host->active++;
	if (schedule->delay > 0)
		host->free_at = async_now() + schedule->delay;
	list_insert(&schedule->active, entry);
	schedule->active_count++;
	host_settle(host);
	entry->begun = async_now();
	if (!entry->first_begun) {
		entry->first_begun = entry->begun;
		schedule->unfinished++;
	}
	return entry;
}

void schedule_finish(struct entry *entry)
{
	struct schedule *schedule = entry->schedule;

	active_remove(entry);
	host_settle(entry->host);
	schedule->held--;
	schedule->held_bytes -= entry->size;
	schedule->unfinished--;
	free(entry);
	async_event_set(&schedule->room);
	if (!schedule->held)
		async_event_set(&schedule->changed);
}

static void on_again(void *arg)
{
	struct entry *entry = arg;

	list_remove(&entry->schedule->retrying, entry);
	entry->host->retrying--;
	host_append(entry->host, entry);
	host_settle(entry->host);
}

void schedule_again(struct entry *entry, double seconds)
{
	active_remove(entry);
	list_insert(&entry->schedule->retrying, entry);
	entry->host->retrying++;
	if (async_call_later(&entry->timer, seconds, on_again, entry))
		on_again(entry); /* no memory for the timer */
	else
		host_settle(entry->host);
}

void schedule_pause(struct entry *entry, double seconds)
{
	entry->host->free_at = fmax(entry->host->free_at, async_now() + seconds);
}

/* Without memory for the host it is not kept waiting. */
double schedule_visit(struct schedule *schedule, const char *name)
{
	struct host *host = host_of(schedule, name);
	double when = async_now();

	if (!host)
		return when;
	when = fmax(when, host->free_at);
	host->free_at = when + schedule->delay;
	host_settle(host);
	return when;
}

bool schedule_is_frequent(const struct entry *entry)
{
	return entry->host->frequent;
}

const char *schedule_host(const struct entry *entry)
{
	return entry->host->name;
}

/* ---- The end ---- */

static void free_all(struct entry *entry, struct entry *(*next)(struct entry *))
{
	while (entry) {
		struct entry *following = next(entry);

		async_handle_cancel(&entry->timer);
		free(entry);
		entry = following;
	}
}

static struct entry *next_in_queue(struct entry *entry)
{
	return entry->next;
}

static struct entry *next_in_list(struct entry *entry)
{
	return entry->older;
}

void schedule_end(struct schedule *schedule)
{
	free_all(schedule->active, next_in_list);
	free_all(schedule->retrying, next_in_list);
	for (size_t i = 0; i < HOST_BUCKETS; i++) {
		while (schedule->hosts[i]) {
			free_all(schedule->hosts[i]->first, next_in_queue);
			host_forget(schedule->hosts[i]);
		}
	}
}
