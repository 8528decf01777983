/* SPDX-License-Identifier: MIT */
/* See sigpipe.h. */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include "core/sigpipe.h"

void sigpipe_ignore(void)
{
	static bool done; /* twice at the same time does no harm */
	struct sigaction action;

	if (__atomic_exchange_n(&done, true, __ATOMIC_RELAXED))
		return;
	if (!sigaction(SIGPIPE, NULL, &action) && action.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}
