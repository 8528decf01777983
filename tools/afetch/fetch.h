/* SPDX-License-Identifier: MIT */
/* One try of one URL. */
#ifndef AFETCH_FETCH_H
#define AFETCH_FETCH_H

#include "options.h"
#include "record.h"
#include "schedule.h"
#include "sink.h"

struct fetcher {
	const struct options *options;
	async_session *keeping; /* its connections, for a while */
	async_session *closing; /* them at once */
	async_tls *tls;
	struct outlet outlet;
	struct schedule *schedule;
	size_t patient;	    /* fetches that wait for their turn at a host they were led to */
	uint64_t *received; /* bytes of bodies are added here as they come */
};

/* 0, or an error with async_error(): an option that is wrong, output that cannot be. */
int fetcher_open(struct fetcher *fetcher, const struct options *options, struct schedule *schedule,
		 uint64_t *received);
/* An error: standard output could not take all. */
int await_fetcher_close(struct fetcher *fetcher, bool ended);

/* `keep`: the connection, for other URLs. Fills in the result, the caller's to free. -ECANCELED:
 * neither fetched nor failed. */
int await_fetch(struct fetcher *fetcher, const char *url, bool keep, struct result *result);

#endif
