/* SPDX-License-Identifier: MIT */
/*
 * A file as answer: which of its forms, what is said about it, and its bytes. The first of them go
 * out with the head, so that a small file is one packet; the rest by sendfile(2), in pieces, each
 * of which the peer has `write_seconds` to take.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <await/run.h>
#include "http/accept.h"
#include "server/file.h"
#include "http/mime.h"
#include "server/server.h"

enum {
	SMALL_BYTES = 32 * 1024, /* is copied and sent with its head */
	PIECE_BYTES = 2 * 1024 * 1024,
	NAME_BYTES = 255, /* of an attachment */
};

/* ---- Its forms ---- */

/* One that the client likes better lies beside it. */
static bool await_sibling(struct async_request *request, struct http_open *file,
			  enum http_coding coding, struct http_open *sibling)
{
	char *path;

	if (asprintf(&path, "%s%s", file->path, http_mime_suffix(coding)) < 0)
		return false;
	*sibling = (struct http_open){ .directory = file->directory,
				       .path = path,
				       .beneath = file->beneath };
	if (!http_file_judge(sibling, await_http_file_open(sibling)) &&
	    !async_respond_header(request, "Content-Encoding", http_coding_name(coding)) &&
	    !async_respond_add(request, "Vary", "Accept-Encoding")) {
		free(path);
		return true;
	}
	http_file_close(sibling);
	free(path);
	return false;
}

/* The coding of what is in `file` afterwards. */
static enum http_coding await_choose(struct async_request *request, struct http_open *file)
{
	enum http_coding offers[] = { HTTP_CODING_BR, HTTP_CODING_GZIP };
	size_t count = sizeof offers / sizeof *offers;
	struct http_open sibling;

	if (async_respond_header_value(request, "Content-Encoding"))
		return HTTP_CODING_IDENTITY;
	while (count) {
		enum http_coding coding =
			http_accept_coding(&request->head->fields, request->block, offers, count);

		if (coding != HTTP_CODING_BR && coding != HTTP_CODING_GZIP)
			break;
		if (await_sibling(request, file, coding, &sibling)) {
			http_file_close(file);
			file->fd = sibling.fd;
			file->status = sibling.status;
			return coding;
		}
		if (coding == offers[0])
			offers[0] = offers[1];
		count--;
	}
	return HTTP_CODING_IDENTITY;
}

/* ---- What is said about it ---- */

/* Whole seconds, rounded up: who has a copy of that date has the last change, too. Not later than
 * now, which clients would not believe (RFC 9110, 8.8.2.1). */
static time_t modified_of(const struct statx *status)
{
	time_t modified = status->stx_mtime.tv_sec + (status->stx_mtime.tv_nsec > 0);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return modified > now.tv_sec ? now.tv_sec : modified;
}

static int say_validators(struct async_request *request, const struct statx *status,
			  enum http_coding coding)
{
	char tag[64];
	int error = 0;

	/* The coding, since a file and its sibling may agree in both. */
	snprintf(tag, sizeof tag, "%llx-%llx%s%s",
		 (unsigned long long)status->stx_mtime.tv_sec * 1000000000 +
			 status->stx_mtime.tv_nsec,
		 (unsigned long long)status->stx_size, coding == HTTP_CODING_IDENTITY ? "" : "-",
		 coding == HTTP_CODING_IDENTITY ? "" : http_coding_name(coding));
	if (!async_respond_header_value(request, "ETag"))
		error = async_respond_etag(request, tag, false);
	if (!error && !async_respond_header_value(request, "Last-Modified"))
		error = async_respond_last_modified(request, modified_of(status));
	return error;
}

/* RFC 6266: the name in ASCII for those who know no better, and in full (RFC 8187). */
static int say_attachment(struct async_request *request, const char *name)
{
	static const char digits[] = "0123456789ABCDEF";
	char text[40 + NAME_BYTES * 5], *at = stpcpy(text, "attachment; filename=\"");
	bool full = false;

	if (strlen(name) > NAME_BYTES)
		return answer_bad(request, async_fail(-EINVAL,
						      "the name of an attachment has %zu bytes, "
						      "more than the 255 of a file's",
						      strlen(name)));
	for (const char *byte = name; *byte; byte++) {
		bool plain = *byte >= ' ' && *byte < 0x7f;

		if (*byte == '"' || *byte == '\\')
			*at++ = '\\';
		*at++ = plain ? *byte : '_';
		full = full || !plain || *byte == '%';
	}
	*at++ = '"';
	if (full)
		at = stpcpy(at, "; filename*=UTF-8''");
	for (const char *byte = name; full && *byte; byte++) {
		unsigned char code = (unsigned char)*byte;
		unsigned char letter = code | 0x20;

		if ((letter >= 'a' && letter <= 'z') || (code >= '0' && code <= '9') ||
		    strchr("-._~", code)) {
			*at++ = *byte;
			continue;
		}
		*at++ = '%';
		*at++ = digits[code >> 4];
		*at++ = digits[code & 15];
	}
	*at = '\0';
	return async_respond_header(request, "Content-Disposition", text);
}

static int say_rest(struct async_request *request, const async_file_options *options,
		    const char *path)
{
	int error = 0;

	if (options->content_type)
		error = async_respond_type(request, options->content_type);
	else if (!request->answer.typed)
		error = async_respond_type(request, http_mime_type(path, strlen(path)));
	if (!error && options->attachment)
		error = say_attachment(request, options->attachment);
	return error;
}

/* ---- Its bytes ---- */

struct body {
	int fd;
	const char *path;
	uint64_t at, left;
};

static int shrank(const struct body *body)
{
	return async_fail(-EIO, "%s got shorter while it was sent: %llu bytes are missing",
			  body->path, (unsigned long long)body->left);
}

/* Where it cannot be sent without a copy: chunked, compressed. */
static ssize_t await_copy(struct async_request *request, const struct body *body, char *room)
{
	size_t size = body->left < SMALL_BYTES ? (size_t)body->left : SMALL_BYTES;
	ssize_t n = await_http_file_read(body->fd, room, size, (off_t)body->at);
	int error = n > 0 ? await_respond_write(request, room, (size_t)n) : 0;

	return error ? error : n;
}

static ssize_t await_piece(struct async_request *request, const struct body *body, char *room)
{
	size_t size = body->left < PIECE_BYTES ? (size_t)body->left : PIECE_BYTES;
	ssize_t n = -EOPNOTSUPP;

	if (!request->compressor) {
		n = await_http_file_load(body->fd, (off_t)body->at, size);
		if (n < 0)
			return n;
		n = request->carrier->sendfile(request, body->fd, (off_t)body->at, size);
		if (n > 0)
			request->answer.sent += (uint64_t)n;
	}
	return n == -EOPNOTSUPP ? await_copy(request, body, room) : n;
}

static int await_rest(struct async_request *request, struct body *body, char *room)
{
	while (body->left) {
		ssize_t n = await_piece(request, body, room);

		if (n < 0)
			return (int)n;
		if (!n)
			return shrank(body);
		body->at += (uint64_t)n;
		body->left -= (uint64_t)n;
	}
	return await_respond_end(request);
}

static int await_head_only(struct async_request *request, uint64_t size)
{
	int error = async_respond_length(request, size);

	if (!error)
		error = await_respond_begin(request);
	return error ? error : await_respond_end(request);
}

/* Read, and sent with the head: one packet. */
static int await_small(struct async_request *request, const struct body *body, char *room)
{
	ssize_t n = await_http_file_read(body->fd, room, (size_t)body->left, (off_t)body->at);

	if (n < 0)
		return (int)n;
	if ((uint64_t)n < body->left)
		return shrank(body);
	return await_respond_known(request, NULL, 0, room, (size_t)n);
}

static int await_body(struct async_request *request, struct body *body)
{
	bool small = body->left <= SMALL_BYTES;
	char *room = malloc(SMALL_BYTES);
	int error;

	if (!room)
		return async_fail(-ENOMEM, "no memory to send %s", body->path);
	if (small) {
		error = await_small(request, body, room);
	} else {
		error = async_respond_length(request, body->left);
		if (!error)
			error = await_respond_begin(request);
		if (!error)
			error = await_rest(request, body, room);
	}
	free(room);
	return error;
}

/* ---- All of it ---- */

static int await_answer(struct async_request *request, const async_file_options *options,
			struct http_open *file)
{
	enum http_coding coding = options->no_siblings ? HTTP_CODING_IDENTITY :
							 await_choose(request, file);
	struct body body = { .fd = file->fd, .path = file->path, .left = file->status.stx_size };
	int result = say_validators(request, &file->status, coding);

	if (!result && request->answer.status == 200) {
		result = async_respond_condition(request);
		if (!result && !options->no_ranges)
			result = async_respond_header(request, "Accept-Ranges", "bytes");
		if (!result && !options->no_ranges)
			result = async_respond_range(request, file->status.stx_size, &body.at,
						     &body.left);
		if (result == 200 || result == 206)
			result = 0;
	}
	if (!result)
		result = say_rest(request, options, file->path);
	if (result) /* its page is not coded as the file is */
		async_respond_header(request, "Content-Encoding", NULL);
	if (result)
		return result;
	if (request->head->method == HTTP_METHOD_HEAD)
		return await_head_only(request, body.left);
	return await_body(request, &body);
}

int await_respond_opened(struct async_request *request, const async_file_options *options,
			 struct http_open *file, int error)
{
	int result = http_file_judge(file, error);

	if (result < 0)
		async_fail(result, "await_respond_file: %s", file->path);
	if (!result)
		result = await_answer(request, options, file);
	http_file_close(file);
	return result;
}

int await_respond_file_with(async_request *request, const async_file_options *options,
			    const char *path)
{
	static const async_file_options defaults;
	struct http_open file = { .directory = AT_FDCWD, .path = path };
	int cancelled = async_cancelled();

	if (cancelled)
		return cancelled;
	if (!request || !path)
		return async_fail(-EINVAL, "await_respond_file: no request, or no path");
	if (request->answer.begun)
		return async_fail(-EALREADY, "await_respond_file: the request is being answered");
	return await_respond_opened(request, options ? options : &defaults, &file,
				    await_http_file_open(&file));
}
