/* SPDX-License-Identifier: MIT */
/* Writing to a pipe that nobody reads, and sendfile(2) to a socket whose peer is gone, must be
 * errors and no signal, but know no MSG_NOSIGNAL. So the first such use makes the process ignore
 * SIGPIPE. A program that handles it keeps its handler. */
#ifndef CORE_SIGPIPE_H
#define CORE_SIGPIPE_H

void sigpipe_ignore(void);

#endif
