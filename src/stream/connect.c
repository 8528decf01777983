/* SPDX-License-Identifier: MIT */
/* Streams to servers. */
#include <await/connect.h>
#include "stream/stream.h"

async_stream *await_connect_stream_with(const char *address, const async_connect_options *connect,
					const async_stream_options *options)
{
	struct async_stream *stream;
	int fd = await_connect_to(address, connect);

	if (fd < 0)
		return NULL;
	stream = async_stream_open(fd, options);
	if (!stream)
		async_close(fd);
	return stream;
}

async_stream *await_connect_stream(const char *address)
{
	return await_connect_stream_with(address, NULL, NULL);
}
