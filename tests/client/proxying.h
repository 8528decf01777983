/* SPDX-License-Identifier: MIT */
/* A proxy that answers by heart, for the tests of those who talk to one. */
#ifndef TESTS_CLIENT_PROXYING_H
#define TESTS_CLIENT_PROXYING_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await.h>
#include "base/base.h"
#include "harness.h"

enum { PROXYING_BYTES = 1 << 20 };

/* What the proxy says, cut in two; then it hangs up. */
struct script {
	const char *answer;
	size_t size, cut;
	async_stream *stream;
};

/* How a conversation went. */
struct outcome {
	int result;
	char text[400]; /* of the error */
	char *heard;	/* by the proxy */
	char *rest;	/* what the client had left to read; NULL after a failure */
};

static inline int play(void *arg)
{
	struct script *script = arg;

	if (script->cut)
		await_stream_write(script->stream, script->answer, script->cut);
	await_sleep(0);
	await_sleep(0);
	if (script->size > script->cut)
		await_stream_write(script->stream, script->answer + script->cut,
				   script->size - script->cut);
	await_stream_end(script->stream);
	return 0;
}

/* In hexadecimal where it is no text. */
static inline char *shown(const char *data, size_t size)
{
	char *text = malloc(4 * size + 1), *at = text;

	*at = '\0';
	for (size_t i = 0; i < size; i++)
		at += sprintf(at, data[i] >= ' ' && data[i] <= '~' ? "%c" : "<%02x>",
			      (unsigned char)data[i]);
	return text;
}

static inline char *all_of(async_stream *stream)
{
	char *data, *text;
	ssize_t n = await_stream_readall(stream, &data, PROXYING_BYTES);

	CHECK(n >= 0);
	text = shown(data, (size_t)n);
	free(data);
	return text;
}

/* `talk` is the client. */
static inline struct outcome converse(const char *answer, size_t size, size_t cut,
				      int (*talk)(async_stream *stream, void *arg), void *arg)
{
	struct outcome outcome = { .rest = NULL };
	struct script script = { answer, size, cut, NULL };
	async_stream *ends[2];
	async_task *proxy;

	CHECK_INT(async_stream_pair(ends, NULL), 0);
	script.stream = ends[1];
	proxy = async_create_task(play, &script);
	outcome.result = talk(ends[0], arg);
	if (outcome.result)
		snprintf(outcome.text, sizeof outcome.text, "%s", async_error());
	CHECK_INT(await_task(proxy), 0);
	if (!outcome.result)
		outcome.rest = all_of(ends[0]);
	CHECK_INT(await_stream_end(ends[0]), 0);
	outcome.heard = all_of(ends[1]);
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
	return outcome;
}

static inline void outcome_end(struct outcome *outcome)
{
	free(outcome->heard);
	free(outcome->rest);
}

/* Wherever the answer is cut, the same comes about. */
static inline struct outcome converse_cut(const char *answer, size_t size,
					  int (*talk)(async_stream *stream, void *arg), void *arg)
{
	struct outcome whole = converse(answer, size, size, talk, arg);

	for (size_t cut = 0; cut < size; cut++) {
		struct outcome again = converse(answer, size, cut, talk, arg);

		CHECK_INT(again.result, whole.result);
		CHECK_STR(again.text, whole.text);
		CHECK_STR(again.heard, whole.heard);
		if (whole.rest)
			CHECK_STR(again.rest, whole.rest);
		outcome_end(&again);
	}
	return whole;
}

#endif
