/* SPDX-License-Identifier: MIT */
/*
 * A connection that speaks no HTTP any more belongs to whoever asked for that. The session forgets
 * it at once, its turn in the pool too: such a connection may live for days, and a session whose
 * turns are all held by them would answer nobody, nor could it be closed.
 */
#include <errno.h>
#include "client/client.h"

static int check(const struct async_response *response)
{
	if (response->body.kind != HTTP_TUNNEL)
		return async_fail(
			-EINVAL,
			"%s answers %d: a stream can be taken after 101, or 2xx to CONNECT",
			response->url.href, response->head.status);
	if (!response->link)
		return async_fail(-EINVAL, "the stream of %s was taken before", response->url.href);
	if (response->unsent)
		return async_fail(-EINVAL,
				  "%s answers %d before it had the request's body, which was not "
				  "sent to its end",
				  response->url.href, response->head.status);
	return 0;
}

async_stream *async_response_take_stream(async_response *response)
{
	async_stream *stream;

	if (!response) {
		if (!async_error_code())
			async_fail(-EINVAL, "no answer to take a stream from");
		return NULL;
	}
	if (check(response))
		return NULL;
	stream = client_link_part(response->link);
	response->link = NULL;
	/* That of heads, which were longer, was ours. */
	async_stream_set_limit(stream, 0);
	return stream;
}
