/* SPDX-License-Identifier: MIT */
/*
 * Multipart bodies of requests, part by part. What comes is gathered in one block, since a part's
 * head must lie in one piece; content is handed out where it lies there. The block has 16 KiB, and
 * grows for heads only, so a body of any size takes no more than a head's limit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <await/scope.h>
#include "base/base.h"
#include "server/multipart_read.h"
#include "server/server.h"

enum { BLOCK_BYTES = 16384, LINE_BYTES = 65536 };

static void multipart_free(void *arg)
{
	async_multipart *multipart = arg;

	part_end(&multipart->part);
	free(multipart->part.block);
	free(multipart->part.body);
	free(multipart->data);
	free(multipart->fields);
	free(multipart);
}

static const struct http_limits *limits_of(const async_request *request)
{
	return request->server ? &request->server->limits : &http_limits_default;
}

async_multipart *multipart_new(async_request *request, async_part *outer, const char *type,
			       const async_multipart_options *options)
{
	const struct http_limits *limits = limits_of(request);
	char boundary[HTTP_BOUNDARY_BYTES + 1];
	async_multipart *multipart;
	int error = http_multipart_boundary(type, strlen(type), boundary);

	if (error < 0) {
		request_blame_body(request, error);
		return NULL;
	}
	multipart = calloc(1, sizeof *multipart);
	if (!multipart || arena_on_end(&request->arena, multipart_free, multipart)) {
		free(multipart);
		async_fail(-ENOMEM, "no memory for reading a multipart body");
		return NULL;
	}
	multipart->request = request;
	multipart->outer = outer;
	multipart->part.multipart = multipart;
	if (options)
		multipart->options = *options;
	multipart->most = UINT64_MAX;
	multipart->room = BLOCK_BYTES;
	multipart->data = malloc(BLOCK_BYTES);
	multipart->fields = malloc(limits->fields * sizeof *multipart->fields);
	if (!multipart->data || !multipart->fields) {
		async_fail(-ENOMEM, "no memory for reading a multipart body");
		return NULL;
	}
	if (!multipart->options.line_bytes)
		multipart->options.line_bytes = LINE_BYTES;
	if (!multipart->options.part_bytes)
		multipart->options.part_bytes = request_body_most(request);
	if (!multipart->options.parts || multipart->options.parts > UINT32_MAX)
		multipart->options.parts = multipart->options.parts ? UINT32_MAX : HTTP_PARTS;
	http_head_begin(&multipart->head, limits, multipart->fields);
	http_multipart_begin(&multipart->reader, boundary, (uint32_t)multipart->options.parts,
			     &multipart->head);
	return multipart;
}

int multipart_broken(async_multipart *multipart, int error)
{
	if (error != async_cancelled())
		multipart->error = error;
	return request_blame_body(multipart->request, error);
}

static int make_room(async_multipart *multipart)
{
	size_t wanted = multipart->room * 2;
	char *larger;

	if (multipart->at) {
		memmove(multipart->data, multipart->data + multipart->at,
			multipart->size - multipart->at);
		multipart->size -= multipart->at;
		multipart->at = 0;
	}
	if (multipart->size < multipart->room)
		return 0;
	larger = realloc(multipart->data, wanted);
	if (!larger)
		return async_fail(-ENOMEM, "no memory for a part's head of %zu bytes", wanted);
	multipart->data = larger;
	multipart->room = wanted;
	return 0;
}

/* The next piece of the body: 1, 0 at its end, or an error. */
static int await_source(async_multipart *multipart)
{
	ssize_t n = multipart->outer ? await_part_chunk(multipart->outer, &multipart->source) :
				       await_request_chunk(multipart->request, &multipart->source);

	if (n <= 0)
		return (int)n;
	multipart->source_size = (size_t)n;
	multipart->taken += (size_t)n;
	if (multipart->taken > multipart->most)
		return request_body_large(multipart->request, multipart->most);
	return 1;
}

/* More of the body into the block: as await_source. */
static int await_more(async_multipart *multipart)
{
	int error = multipart->source_size ? 1 : await_source(multipart);
	size_t size;

	if (error <= 0)
		return error;
	error = make_room(multipart);
	if (error)
		return error;
	size = multipart->room - multipart->size;
	if (size > multipart->source_size)
		size = multipart->source_size;
	memcpy(multipart->data + multipart->size, multipart->source, size);
	multipart->size += size;
	multipart->source += size;
	multipart->source_size -= size;
	return 1;
}

/* The next event of the body but HTTP_PART_MORE, or an error. `piece` has offsets from `*from`. */
static int await_event_of(async_multipart *multipart, char **from, struct http_slice *piece)
{
	size_t used;
	int event, error;

	for (;;) {
		*from = multipart->data + multipart->at;
		event = http_multipart_next(&multipart->reader, *from,
					    multipart->size - multipart->at, &used, piece);
		multipart->at += used;
		if (event < 0)
			return multipart_broken(multipart, event == -EMSGSIZE ? event : -EBADMSG);
		if (event != HTTP_PART_MORE)
			return event;
		error = await_more(multipart);
		if (!error)
			error = http_multipart_eof(&multipart->reader);
		if (error < 0)
			return error == -EBADMSG ? multipart_broken(multipart, error) : error;
	}
}

ssize_t await_part_sent(async_part *part, char **data)
{
	async_multipart *multipart = part->multipart;
	struct http_slice piece;
	char *from;
	int event;

	if (!multipart->inside)
		return 0;
	if (multipart->error)
		return multipart->error;
	event = await_event_of(multipart, &from, &piece);
	if (event < 0)
		return event;
	if (event == HTTP_PART_DATA) {
		*data = from + piece.at;
		return piece.size;
	}
	multipart->inside = false;
	return 0;
}

/* What follows the last boundary does not count, but it is part of the body (RFC 2046, 5.1.1). */
static int await_epilogue(async_multipart *multipart)
{
	int more;

	while ((more = await_source(multipart)) > 0)
		continue;
	return more;
}

/* The part's own copy of its head: the block goes on. */
static int keep_head(async_part *part, const char *from, struct http_slice piece)
{
	if (part->block_room < piece.size + 1u) {
		char *larger = realloc(part->block, piece.size + 1u);

		if (!larger)
			return async_fail(-ENOMEM, "no memory for a part's head of %u bytes",
					  piece.size);
		part->block = larger;
		part->block_room = piece.size + 1u;
	}
	memcpy(part->block, from + piece.at, piece.size);
	return part_begin(part);
}

int await_multipart_next(async_multipart *multipart, async_part **part)
{
	struct http_slice piece;
	char *from, *skipped;
	ssize_t n;
	int event = async_cancelled();

	if (event)
		return event;
	if (!multipart) /* what async_request_multipart failed with */
		return async_error_code() ? async_error_code() : -EINVAL;
	if (multipart->error)
		return multipart->error;
	while (multipart->inside) {
		n = await_part_sent(&multipart->part, &skipped);
		if (n < 0)
			return (int)n;
	}
	part_end(&multipart->part);
	if (!multipart->done) {
		event = await_event_of(multipart, &from, &piece);
		if (event < 0)
			return event;
		multipart->done = event == HTTP_PART_DONE;
	}
	if (multipart->done)
		return await_epilogue(multipart);
	multipart->inside = true;
	event = keep_head(&multipart->part, from, piece);
	if (event)
		return multipart_broken(multipart, event);
	*part = &multipart->part;
	return 1;
}

async_multipart *async_request_multipart_with(async_request *request,
					      const async_multipart_options *options)
{
	const char *type;

	type = async_request_header(request, "Content-Type");
	return multipart_new(request, NULL, type ? type : "", options);
}

async_multipart *async_request_multipart(async_request *request)
{
	return async_request_multipart_with(request, NULL);
}
