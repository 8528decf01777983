/* SPDX-License-Identifier: MIT */
/* What the client tells about a try: see facts.h. */
#include "facts.h"

void facts_begin(struct facts *facts, async_call *call)
{
	(void)call;
	*facts = (struct facts){ .begun = async_now() };
}

void facts_head(struct facts *facts)
{
	facts->headed = async_now();
}

void facts_end(const struct facts *facts, struct times *times)
{
	double now = async_now();

	times->total = now - facts->begun;
	times->head = (facts->headed ? facts->headed : now) - facts->begun;
	times->body = facts->headed ? now - facts->headed : 0;
}

const char *facts_doing(const struct facts *facts)
{
	return facts->headed ? "reading the body" : "waiting for the answer";
}
