/* SPDX-License-Identifier: MIT */
/* What the client tells about a try: how long its phases took, and what a limit was met by. */
#ifndef AFETCH_FACTS_H
#define AFETCH_FACTS_H

#include "record.h"

/* A try being measured. */
struct facts {
	double begun, headed; /* on async_now()'s clock; 0: not yet */
};

void facts_begin(struct facts *facts, async_call *call);
/* The head of the answer is there. */
void facts_head(struct facts *facts);
/* The try is over. */
void facts_end(const struct facts *facts, struct times *times);
/* What the try was at, for "... while waiting for the answer". */
const char *facts_doing(const struct facts *facts);

#endif
