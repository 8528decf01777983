/* SPDX-License-Identifier: MIT */
/*
 * Which URL is next. What was read but is not finished is held here: URLs that wait for their host,
 * in its queue; URLs that wait for another try, by a timer; URLs being fetched. There are at most
 * `window` of them, so that memory does not grow with the input. Hosts that may begin a fetch stand
 * in a circle and are served in turn: one that is slow, paused or at its limit is not in it, and
 * holds up nobody until the window is full of its URLs. A host of which nothing is held, and which
 * owes no delay, is forgotten.
 */
#ifndef AFETCH_SCHEDULE_H
#define AFETCH_SCHEDULE_H

#include <await.h>

struct host;

/* A URL, from being read to being finished. */
struct entry {
	struct entry *next;	     /* in its host's queue */
	struct entry *newer, *older; /* being fetched, or waiting for another try */
	struct schedule *schedule;
	struct host *host;
	async_handle timer; /* until the next try */
	double begun;	    /* this try, on async_now()'s clock */
	double first_begun; /* the first one; 0: none yet */
	unsigned tries;
	unsigned shortages; /* tries that this machine could not begin, in a row */
	uint64_t line;	    /* of the input; 0: of the command line */
	size_t size;
	char url[]; /* as given, ending in a zero */
};

enum { HOST_BUCKETS = 4096 };

struct schedule {
	size_t window, window_bytes, per_host;
	double delay;
	void *user;	     /* whose it is */
	async_event changed; /* something can begin, or all is done */
	async_event room;    /* for another URL */

	struct host *hosts[HOST_BUCKETS];
	struct host *ready, *ready_last; /* the circle */
	struct entry *active;		 /* being fetched, newest first */
	struct entry *retrying;		 /* waiting for another try */
	size_t held, held_bytes, active_count, host_count;
	size_t unfinished; /* of those held: begun once */
};

void schedule_begin(struct schedule *schedule, size_t window, size_t per_host, double delay,
		    void *user);
/* Frees all that is held. */
void schedule_end(struct schedule *schedule);

bool schedule_has_room(const struct schedule *schedule);
/* A copy of the URL waits at its host, "example.org:81". -ENOMEM. */
int schedule_add(struct schedule *schedule, const char *host, const char *url, size_t size,
		 uint64_t line);
/* Whether schedule_take would find something. */
bool schedule_is_ready(const struct schedule *schedule);
/* The next URL, which from now on is being fetched; NULL: none may begin now. */
struct entry *schedule_take(struct schedule *schedule);
/* One being fetched: it is finished, and freed; or it waits for another try. */
void schedule_finish(struct entry *entry);
void schedule_again(struct entry *entry, double seconds);
/* Its host asks to be left alone for so long. */
void schedule_pause(struct entry *entry, double seconds);
/* A fetch that is under way leads to another host (or again to its own): the moment on
 * async_now()'s clock at which it may ask there, which from now on is taken. */
double schedule_visit(struct schedule *schedule, const char *host);
const char *schedule_host(const struct entry *entry);
/* Whether there has been more than one URL of its host here at a time: a connection to it is worth
 * being kept. */
bool schedule_is_frequent(const struct entry *entry);

#endif
