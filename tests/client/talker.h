/* SPDX-License-Identifier: MIT */
/* A server that says what it is told to say, whatever it is asked, and remembers what it heard. */
#ifndef CLIENT_TALKER_H
#define CLIENT_TALKER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await.h>
#include "harness.h"

struct talker {
	const char *const *answers; /* to each request in turn; NULL: hangs up */
	size_t piece;		    /* bytes at a time; 0: all at once */
	bool deaf;		    /* bodies of requests are not read */
	bool stalls;	 /* after the last answer nothing happens, the connection stays */
	bool first_word; /* speaks before it has heard anything */
	int connections, requests;
	char heard[32768]; /* heads and bodies, as they came */
	size_t heard_size;
	char url[64];
	async_event over;
	async_server *server;
};

static inline void talker_heard(struct talker *talker, const char *data, size_t size)
{
	if (size > sizeof talker->heard - 1 - talker->heard_size)
		size = sizeof talker->heard - 1 - talker->heard_size;
	memcpy(talker->heard + talker->heard_size, data, size);
	talker->heard_size += size;
	talker->heard[talker->heard_size] = '\0';
}

static inline int talker_say(struct talker *talker, async_stream *stream, const char *text)
{
	size_t left = strlen(text), piece = talker->piece ? talker->piece : left;
	ssize_t n = 0;

	for (; left && n >= 0; text += piece, left -= piece) {
		piece = piece < left ? piece : left;
		n = await_stream_write(stream, text, piece);
		if (n >= 0 && talker->piece)
			n = await_sleep(0);
	}
	return n < 0 ? (int)n : 0;
}

static inline int talker_listen(struct talker *talker, async_stream *stream)
{
	const char *data, *length;
	ssize_t n = await_stream_readuntil(stream, "\r\n\r\n", &data);
	unsigned long left;

	if (n <= 0)
		return -1;
	talker->requests++;
	talker_heard(talker, data, (size_t)n);
	length = strstr(talker->heard + talker->heard_size - n, "Content-Length: ");
	left = length ? strtoul(length + 16, NULL, 10) : 0;
	while (left && !talker->deaf) {
		n = await_stream_peek(stream, 1, &data);
		if (n <= 0)
			return -1;
		if ((unsigned long)n > left)
			n = (ssize_t)left;
		talker_heard(talker, data, (size_t)n);
		async_stream_consume(stream, (size_t)n);
		left -= (unsigned long)n;
	}
	return 0;
}

static inline int talker_handle(async_stream *stream, void *arg)
{
	struct talker *talker = arg;

	talker->connections++;
	while (*talker->answers) {
		if (!talker->first_word && talker_listen(talker, stream))
			return 0;
		if (talker_say(talker, stream, *talker->answers++))
			return 0;
	}
	if (talker->stalls)
		await_event(&talker->over);
	return 0;
}

static inline void talker_begin(struct talker *talker)
{
	talker->over = (async_event)ASYNC_EVENT;
	talker->server = await_server_start(NULL, "127.0.0.1:0", talker_handle, talker);
	CHECK(talker->server);
	snprintf(talker->url, sizeof talker->url, "http://%s/",
		 async_server_address(talker->server, 0));
}

static inline void talker_end(struct talker *talker)
{
	async_event_set(&talker->over);
	async_server_abort_clients(talker->server);
	await_server_close(talker->server, NULL);
}

#endif
