/* SPDX-License-Identifier: MIT */
/* What the client tells about a try, in the words of this program. */
#ifndef AFETCH_FACTS_H
#define AFETCH_FACTS_H

#include <await.h>
#include <jansson.h>

/* "waiting for the answer": what the try is, or was, at. */
const char *facts_doing(const async_call_facts *facts);

/* Seconds of each phase, and in all, as an object. */
json_t *facts_times(const async_call_facts *facts);

/* A copy of a text of the client's, with the options of its sessions called by the names that they
 * have here. */
void facts_text(char *to, size_t room, const char *text);

#endif
