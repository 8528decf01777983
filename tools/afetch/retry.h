/* SPDX-License-Identifier: MIT */
/* What is worth another try, and when. */
#ifndef AFETCH_RETRY_H
#define AFETCH_RETRY_H

#include <stdbool.h>
#include <time.h>

/* Whether a request that does no harm twice may be sent again (RFC 9110, 9.2.2). */
bool retry_is_safe(const char *method);

/* After a failure (error < 0), or an answer of that status: what may go away by itself. `safe`: the
 * request was not sent, or may be carried out twice. */
bool retry_is_worth(int error, int status, bool safe);

/* Seconds before the try after `tries` tries: doubled each time from `first`, never more than
 * `most`. `random` from 0 to 1 takes up to half off, so that those who failed together do not come
 * back together. */
double retry_delay(int tries, double first, double most, double random);

/* Seconds that a Retry-After field asks for, from `now` (RFC 9110, 10.2.3): a number or a date; one
 * that has passed is 0. < 0: it is neither. */
double retry_after(const char *value, time_t now);

#endif
