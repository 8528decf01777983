/* SPDX-License-Identifier: MIT */
/* Standard input and output as streams. */
#ifndef AFETCH_DESCRIPTOR_H
#define AFETCH_DESCRIPTOR_H

#include <await.h>

/*
 * A stream over descriptor 0 or 1 that leaves the descriptor itself as it was. A stream makes what
 * it reads and writes non-blocking, for everybody who shares the open file: the shell would find
 * its terminal so, and the next program its pipe. It is therefore opened once more. Files are
 * then appended to: io_uring, writing at a file's own position, forgets to move it when the disk is
 * full, and the next write tells of success (Linux 6.18). NULL: async_error().
 */
async_stream *descriptor_stream(int fd, const async_stream_options *options);
/* After the last write: whoever writes to the file next goes on behind it. */
void descriptor_settle(int fd);

#endif
