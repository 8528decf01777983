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
/*
 * Write out what a stream of output has buffered, and close it. Who reads it may take as long as it
 * likes; but only a few seconds when the run is over because of a cancel or is `ended`. `fd`: the
 * descriptor it was made from, or -1; whoever writes to that next goes on behind it. An error: not
 * all was written.
 */
int await_descriptor_close(async_stream *stream, int fd, bool ended);

#endif
