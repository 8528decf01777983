/* SPDX-License-Identifier: MIT */
/* A server that says what it is told to say, whatever it is asked, and remembers what it heard. */
#ifndef CLIENT_TALKER_H
#define CLIENT_TALKER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await.h>
#include "harness.h"

/* Among the answers: hang up without one, once the request has come; or when its first byte has,
 * which is not read, so that the client's kernel learns that it went to nobody. */
static const char talker_hangs_up[] = "hangs up", talker_slams[] = "slams";

struct talker {
	const char *const *answers; /* to each request in turn; NULL: hangs up */
	const size_t *sizes;	    /* of the answers; NULL: they are texts */
	const char *endless;	    /* said again and again after the last answer; NULL: not */
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

static inline int talker_say(struct talker *talker, async_stream *stream, const char *text,
			     size_t left)
{
	size_t piece = talker->piece ? talker->piece : left;
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
	const char *text;
	int error = 0;

	talker->connections++;
	while ((text = *talker->answers)) {
		if (text == talker_slams)
			await_stream_peek(stream, 1, &text);
		else if (!talker->first_word && talker_listen(talker, stream))
			return 0;
		text = *talker->answers++;
		if (text == talker_slams || text == talker_hangs_up)
			return 0;
		if (talker_say(talker, stream, text,
			       talker->sizes ? *talker->sizes++ : strlen(text)))
			return 0;
	}
	while (talker->endless && !error) {
		error = talker_say(talker, stream, talker->endless, strlen(talker->endless));
		await_sleep(0); /* others may read */
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

/* What comes back: status and body, or the error and its text. */
struct talked {
	int status; /* or the error, of the body also */
	char text[1000];
	async_call_facts facts;
};

static inline struct talked talk(async_session *session, const char *method, const char *url,
				 const async_call *how)
{
	struct talked talked = { .status = 0 };
	async_call call = how ? *how : (async_call){ 0 };
	async_response *answer;
	const char *body;
	ssize_t n;

	call.facts = &talked.facts;
	answer = await_http_request(session, method, url, &call);
	n = await_response_body(answer, &body);
	talked.status = n < 0 ? async_error_code() : async_response_status(answer);
	snprintf(talked.text, sizeof talked.text, "%s", n < 0 ? async_error() : body);
	async_response_free(answer);
	return talked;
}

static inline void talker_end(struct talker *talker)
{
	async_event_set(&talker->over);
	async_server_abort_clients(talker->server);
	await_server_close(talker->server, NULL);
}

/* A question to a server that answers so, in a session of its own; options and call may be NULL. */
static inline struct talked talk_once(struct talker *talker, const async_session_options *options,
				      const char *method, const async_call *call)
{
	async_session *session = async_session_new(options);
	struct talked talked;

	CHECK(session);
	talker_begin(talker);
	talked = talk(session, method, talker->url, call);
	CHECK_INT(await_session_close(session), 0);
	talker_end(talker);
	return talked;
}

#endif
