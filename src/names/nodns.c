/* SPDX-License-Identifier: MIT */
/* In the place of dns.c where the library is built without c-ares: the system looks up addresses
 * and their names, and other records cannot be had. */
#include <errno.h>
#include "names/names.h"

static void no_start(struct names *names, struct entry *entry)
{
	if (entry->question == ASK_ADDRESSES || entry->question == ASK_POINTER)
		system_engine.start(names, entry);
	else
		flight_done(entry, answer_failed(-ENOTSUP, 0,
						 "the names library was built without c-ares"));
}

static void no_free(struct names *names)
{
	(void)names;
}

const struct engine dns_engine = { no_start, no_free };
