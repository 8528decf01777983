/* SPDX-License-Identifier: MIT */
/* The body of an answer as a whole: bytes, text, a file; and as what other calls read from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <await/file.h>
#include "client/client.h"
#include "http/charset.h"

/* ---- Bytes ---- */

static int grow(struct async_response *response, size_t *room, size_t more)
{
	size_t wanted = *room ? *room * 2 : 16384;
	char *larger;

	if (wanted < response->whole_size + more + 1)
		wanted = response->whole_size + more + 1;
	larger = realloc(response->whole, wanted);
	if (!larger)
		return async_fail(-ENOMEM, "no memory for a body of %zu bytes", wanted);
	response->whole = larger;
	*room = wanted;
	return 0;
}

static ssize_t await_whole(struct async_response *response)
{
	size_t most = response->session->options.body_bytes, room = 0;
	const char *piece;
	ssize_t n;
	int error = grow(response, &room, 0);

	while (!error && (n = await_response_chunk(response, &piece)) != 0) {
		if (n < 0)
			return n;
		if ((size_t)n > most - response->whole_size)
			return client_response_broken(
				response,
				async_fail(-EMSGSIZE,
					   "the body is larger than %zu bytes (session option "
					   "`body_bytes`)",
					   most));
		if ((size_t)n >= room - response->whole_size)
			error = grow(response, &room, (size_t)n);
		if (error) {
			/* It is read again by whoever comes back. */
			response->piece = piece;
			response->piece_size = (size_t)n;
			break;
		}
		memcpy(response->whole + response->whole_size, piece, (size_t)n);
		response->whole_size += (size_t)n;
	}
	if (error)
		return error;
	response->whole[response->whole_size] = '\0';
	response->complete = true;
	return (ssize_t)response->whole_size;
}

ssize_t await_response_body(async_response *response, const char **data)
{
	ssize_t n = client_response_reading(response);

	if (n && !(response && response->complete && n != -ECANCELED))
		return n;
	if (!response->complete) {
		n = await_whole(response);
		if (n < 0)
			return n;
	}
	*data = response->whole;
	return (ssize_t)response->whole_size;
}

/* ---- Nobody wants it ---- */

/* A connection is worth no more. */
enum { DRAINED_BYTES = 16384 };
static const double DRAINED_SECONDS = 1;

void await_client_drain(struct async_response *answer)
{
	size_t left = DRAINED_BYTES;
	const char *data;
	ssize_t n = 0;

	if (async_response_length(answer) > DRAINED_BYTES)
		return;
	async_timeout (DRAINED_SECONDS)
		do {
			left -= (size_t)n;
			n = await_response_chunk(answer, &data);
		} while (n > 0 && (size_t)n < left);
}

/* ---- Text ---- */

static ssize_t await_converted(struct async_response *response, const char *charset,
			       const char *body, size_t size, char **text)
{
	ssize_t n = await_charset_convert(charset, body, size, text);

	if (n != -EINVAL)
		return n;
	charset = response->session->options.charset;
	if (!charset_is_utf8(charset))
		return await_charset_convert(charset, body, size, text);
	*text = NULL;
	return charset_check_utf8(body, size);
}

static const char *await_text(struct async_response *response, const char *charset,
			      const char *body, size_t size)
{
	char *text;
	ssize_t n = await_converted(response, charset, body, size, &text);

	if (n < 0)
		return NULL;
	if (!text)
		return body;
	if (arena_on_end(&response->arena, free, text)) {
		free(text);
		async_fail(-ENOMEM, "no memory for text of %zd bytes", n);
		return NULL;
	}
	return text;
}

/* The mark that says that it is UTF-8 is no part of the text (RFC 8259, 8.1, and WHATWG Encoding). */
size_t client_bom_size(const char *text, size_t size)
{
	return size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
}

const char *await_response_text(async_response *response)
{
	const char *body, *charset;
	ssize_t n = await_response_body(response, &body);

	if (n < 0)
		return NULL;
	if (response->text)
		return response->text;
	charset = async_response_charset(response);
	if (!*charset)
		charset = client_response_is_json(response) ? "utf-8" :
							      response->session->options.charset;
	if (charset_is_utf8(charset))
		response->text = charset_check_utf8(body, (size_t)n) ? NULL : body;
	else
		response->text = await_text(response, charset, body, (size_t)n);
	if (response->text == body)
		response->text += client_bom_size(body, (size_t)n);
	return response->text;
}

/* ---- Sources, streams, files ---- */

static ssize_t next_chunk(void *arg, const char **data)
{
	return await_response_chunk(arg, data);
}

/* Of a body that is there as a whole. */
static int read_again(void *arg)
{
	struct async_response *response = arg;

	response->piece = response->whole;
	response->piece_size = response->whole_size;
	return 0;
}

async_source async_response_source(async_response *response)
{
	async_source source = { .await_next = next_chunk, .arg = response };

	if (!response)
		return source;
	if (response->complete) {
		source.await_rewind = read_again;
		if (!response->piece_size)
			read_again(response);
	}
	source.size = response->piece_size + (response->ended ? 0 : response->body.left);
	source.sized =
		response->complete ||
		(!response->coding && (response->ended || response->body.kind == HTTP_LENGTH));
	return source;
}

async_stream *async_response_stream(async_response *response)
{
	async_source source = async_response_source(response);

	if (!response) {
		if (!async_error_code())
			async_fail(-EINVAL, "no answer to read");
		return NULL;
	}
	if (!response->stream)
		response->stream = async_stream_of_source(&source, NULL);
	return response->stream;
}

int64_t await_response_save(async_response *response, const char *path)
{
	async_source source = async_response_source(response);
	int error = client_response_reading(response);

	return error ? error : await_save_source(path, &source, 0666);
}
