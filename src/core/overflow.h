/* SPDX-License-Identifier: MIT */
/* Stack overflow, told in words: which task, made where, how large its stack was. */
#ifndef CORE_OVERFLOW_H
#define CORE_OVERFLOW_H

#include "core/loop.h"

/* Give this thread a stack for signal handlers, if it has none. */
int overflow_watch_thread(void);
void overflow_unwatch_thread(void);

#endif
