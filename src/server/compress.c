/* SPDX-License-Identifier: MIT */
/* Answers compressed as the peer accepts it: small ones at once, large ones in the thread pool, and
 * those in pieces as they come. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <await/scope.h>
#include <await/thread.h>
#include "base/base.h"
#include "http/accept.h"
#include "server/compress.h"
#include "server/server.h"

enum {
	LEAST_BYTES = 256,	 /* less than that does not get shorter */
	POOL_BYTES = 128 * 1024, /* more than that would keep other tasks waiting: a few ms */
	OUT_BYTES = 16 * 1024,
};

/* What the peer takes, of what is worth the time: gzip first among equals, since everyone has it. */
static enum http_coding choose(const struct async_request *request)
{
	static const enum http_coding offers[] = { HTTP_CODING_BR, HTTP_CODING_GZIP,
						   HTTP_CODING_DEFLATE };
	enum http_coding here[3];
	size_t count = 0;

	for (size_t i = 0; i < sizeof offers / sizeof *offers; i++) {
		if (http_coding_available(offers[i]))
			here[count++] = offers[i];
	}
	return http_accept_coding(&request->head->fields, request->block, here, count);
}

static bool is_worth_it(const struct async_request *request, int64_t size)
{
	const struct answer *answer = &request->answer;

	return (size < 0 || size >= LEAST_BYTES) && answer->status != 204 &&
	       answer->status != 206 && answer->status != 304 &&
	       !async_respond_header_value(request, "Content-Encoding");
}

int async_respond_compress(async_request *request)
{
	if (!request || request->answer.begun)
		return request ? async_fail(-EALREADY, "async_respond_compress: the head of the "
						       "answer has been sent") :
				 -EINVAL;
	request->answer.compress = true;
	return async_respond_add(request, "Vary", "Accept-Encoding");
}

/* The coding that this answer gets, announced; identity: none. */
static enum http_coding announce(struct async_request *request, int64_t size)
{
	enum http_coding coding = is_worth_it(request, size) ? choose(request) :
							       HTTP_CODING_IDENTITY;

	request->answer.compress = false;
	if (coding == HTTP_CODING_IDENTITY || coding >= HTTP_CODING_OTHER ||
	    async_respond_header(request, "Content-Encoding", http_coding_name(coding)))
		return HTTP_CODING_IDENTITY;
	/* It is another representation now: a strong tag would say that it is the same. */
	http_weaken_etag(request);
	return coding;
}

/* ---- A whole body ---- */

struct work {
	enum http_coding coding;
	const char *data;
	size_t size;
	char *out;
	size_t out_size;
};

static long compress_all(void *arg)
{
	struct work *work = arg;
	struct http_encoder *encoder = http_encoder_new(work->coding, 0);
	size_t room = work->size / 2 + OUT_BYTES, at = 0, used, made;
	int result = encoder ? HTTP_CODEC_ROOM : -ENOMEM;

	work->out = malloc(room);
	if (!work->out)
		result = -ENOMEM;
	while (result == HTTP_CODEC_ROOM || result == HTTP_CODEC_MORE) {
		if (work->out_size == room) {
			char *larger = realloc(work->out, room *= 2);

			if (!larger) {
				result = -ENOMEM;
				break;
			}
			work->out = larger;
		}
		result = http_encoder_step(encoder, HTTP_ENCODE_FINISH, work->data + at,
					   work->size - at, &used, work->out + work->out_size,
					   room - work->out_size, &made);
		at += used;
		work->out_size += made;
	}
	http_encoder_free(encoder);
	return result < 0 ? result : 0;
}

int await_compressed(struct async_request *request, const void *data, size_t size, char **out,
		     size_t *out_size)
{
	struct work work = { .data = data, .size = size };
	int error = 0;

	work.coding = announce(request, (int64_t)size);
	*out = NULL;
	if (work.coding == HTTP_CODING_IDENTITY)
		return 0;
	if (size > POOL_BYTES) {
		/* The job works on memory of this task: it is waited for. */
		async_shield (INFINITY)
			error = (int)await_thread(compress_all, &work);
	} else {
		error = (int)compress_all(&work);
	}
	if (error < 0) {
		free(work.out);
		return async_fail(error, "an answer could not be compressed");
	}
	*out = work.out;
	*out_size = work.out_size;
	return 0;
}

/* ---- A body in pieces ---- */

static void release(void *encoder)
{
	http_encoder_free(encoder);
}

int http_compress_begin(struct async_request *request)
{
	enum http_coding coding = announce(request, -1);

	if (coding == HTTP_CODING_IDENTITY)
		return 0;
	request->answer.length = -1; /* nobody knows how long it gets */
	request->compressor = http_encoder_new(coding, 0);
	if (!request->compressor)
		return async_error_code();
	if (arena_on_end(&request->arena, release, request->compressor)) {
		http_encoder_free(request->compressor);
		request->compressor = NULL;
		return async_fail(-ENOMEM, "no memory to compress an answer");
	}
	return 0;
}

/* What was written can be decoded at once: pieces are sent one by one because somebody waits. */
int await_write_compressed(struct async_request *request, enum http_encode_mode mode,
			   const void *data, size_t size)
{
	char *out = malloc(OUT_BYTES);
	size_t used, made;
	int result, error = 0;

	if (!out)
		return async_fail(-ENOMEM, "no memory to compress an answer");
	do {
		result = http_encoder_step(request->compressor, mode, data, size, &used, out,
					   OUT_BYTES, &made);
		if (result < 0)
			break;
		data = (const char *)data + used;
		size -= used;
		if (made)
			error = request->carrier->write(request, out, made);
		request->answer.sent += made;
	} while (!error && result == HTTP_CODEC_ROOM);
	free(out);
	return result < 0 ? result : error;
}
