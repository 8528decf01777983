/* SPDX-License-Identifier: MIT */
/* Requests without a network: a carrier that reads from memory and writes into it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <await/http_test.h>
#include "base/base.h"
#include "server/server.h"

enum { FIELDS = 128, FIRST_BYTES = 2048, PIECE_BYTES = 65536 };

struct fake {
	struct async_request request;
	struct http_head head;
	struct http_field fields[FIELDS];
	const char *body; /* the caller's */
	size_t size;
	char *answer; /* its body */
	size_t answer_size;
	struct http_outgoing out;
	bool cut;
	char *text; /* the head */
	char first[FIRST_BYTES];
};

static struct fake *fake_of(const struct async_request *request)
{
	return container_of((struct async_request *)request, struct fake, request);
}

static ssize_t fake_read(struct async_request *request, const char **data)
{
	struct fake *fake = fake_of(request);
	size_t size = fake->size < PIECE_BYTES ? fake->size : PIECE_BYTES;

	*data = fake->body;
	fake->body += size;
	fake->size -= size;
	request->body_ended = !size;
	return (ssize_t)size;
}

static int add(struct fake *fake, const void *data, size_t size)
{
	char *larger = realloc(fake->answer, fake->answer_size + size + 1);

	if (!larger)
		return async_fail(-ENOMEM, "no memory for an answer");
	if (size)
		memcpy(larger + fake->answer_size, data, size);
	fake->answer = larger;
	fake->answer_size += size;
	larger[fake->answer_size] = '\0';
	return 0;
}

/* The writer judges the head as it would one that is sent. */
static int fake_head(struct async_request *request, const void *data, size_t size, bool whole)
{
	struct fake *fake = fake_of(request);
	const struct answer *answer = &request->answer;
	struct http_writer writer;
	char room[16384];
	ssize_t used;
	int error;

	http_write_begin(&writer, room, sizeof room);
	http_write_response(&writer, 1, (enum http_method)fake->head.method, answer->status,
			    answer->reason);
	if (answer->status != 204 && answer->status != 304 && (whole || answer->length >= 0))
		http_write_length(&writer, whole ? size : (uint64_t)answer->length);
	used = http_write_end(&writer, &fake->out);
	if (used < 0)
		return (int)used;
	request->answer.begun = true;
	if (writer.empty)
		return add(fake, NULL, 0);
	error = http_outgoing_send(&fake->out, size);
	return error ? error : add(fake, data, size);
}

static int fake_write(struct async_request *request, const void *data, size_t size)
{
	struct fake *fake = fake_of(request);
	int error;

	if (fake->head.method == HTTP_METHOD_HEAD)
		return 0;
	error = http_outgoing_send(&fake->out, size);
	if (error)
		fake->cut = true;
	return error ? error : add(fake, data, size);
}

static int fake_end(struct async_request *request)
{
	int error = http_outgoing_end(&fake_of(request)->out);

	if (error)
		fake_of(request)->cut = true;
	return error;
}

static ssize_t fake_sendfile(struct async_request *request, int file, off_t offset, size_t size)
{
	char *data = malloc(PIECE_BYTES);
	ssize_t n = data ? pread(file, data, size < PIECE_BYTES ? size : PIECE_BYTES, offset) :
			   -ENOMEM;

	if (data && n < 0)
		n = -errno;
	if (n > 0 && fake_write(request, data, (size_t)n))
		n = -EINVAL;
	free(data);
	return n;
}

static void fake_cut(struct async_request *request)
{
	fake_of(request)->cut = true;
}

static const struct http_carrier fake_carrier = {
	.read = fake_read,
	.head = fake_head,
	.write = fake_write,
	.end = fake_end,
	.sendfile = fake_sendfile,
	.cut = fake_cut,
};

static bool has_field(const char *fields, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = fields; at; at = strstr(at, "\r\n")) {
		at += *at == '\r' ? 2 : 0;
		if (!strncasecmp(at, name, size) && at[size] == ':')
			return true;
	}
	return false;
}

static char *head_text(const char *method, const char *target, const char *fields, size_t size)
{
	char *text, length[48] = "";
	int n;

	if (!fields)
		fields = "";
	if (size && !has_field(fields, "Content-Length"))
		snprintf(length, sizeof length, "Content-Length: %zu\r\n", size);
	n = asprintf(&text, "%s %s HTTP/1.1\r\n%s%s%s\r\n", method, target,
		     has_field(fields, "Host") ? "" : "Host: localhost\r\n", fields, length);
	return n < 0 ? NULL : text;
}

static bool parse(struct fake *fake)
{
	ssize_t size = (ssize_t)strlen(fake->text);
	ssize_t parsed;

	http_head_begin(&fake->head, NULL, fake->fields);
	parsed = http_request_parse(&fake->head, fake->text, (size_t)size);
	if (parsed == size)
		return true;
	if (parsed >= 0)
		async_fail(-EBADMSG, "async_fake_request: fields must be lines that end in CRLF");
	return false;
}

async_request *async_fake_request(const char *method, const char *target, const char *fields,
				  const void *body, size_t size)
{
	struct fake *fake = calloc(1, sizeof *fake);

	if (fake)
		fake->text = head_text(method, target, fields, size);
	if (!fake || !fake->text) {
		free(fake);
		async_fail(-ENOMEM, "no memory for a request");
		return NULL;
	}
	if (!parse(fake)) {
		free(fake->text);
		free(fake);
		return NULL;
	}
	fake->body = body;
	fake->size = size;
	fake->request.carrier = &fake_carrier;
	fake->request.head = &fake->head;
	request_begin(&fake->request, fake->first, sizeof fake->first);
	fake->request.block = fake->text;
	return &fake->request;
}

void async_fake_free(async_request *request)
{
	if (!request)
		return;
	request_end(request);
	free(fake_of(request)->text);
	free(fake_of(request)->answer);
	free(fake_of(request));
}

static int outcome(struct async_request *request, int result)
{
	await_answer_end(request, result);
	if (fake_of(request)->cut)
		return result < 0 ? result : -EIO;
	return request->answer.status;
}

int await_fake_answer(async_request *request, async_app *app)
{
	int error = !request ? -EINVAL : app && app->frozen ? 0 : app_freeze(app);

	if (error)
		return error;
	request->outer = request->app = app;
	return outcome(request, await_app_handle(request));
}

int await_fake_call(async_request *request, async_http_handler *handler, void *arg)
{
	return request ? outcome(request, handler(request, arg)) : -EINVAL;
}

const char *async_fake_header(const async_request *request, const char *name)
{
	return async_respond_header_value(request, name);
}

const char *async_fake_body(const async_request *request, size_t *size)
{
	const struct fake *fake = fake_of(request);

	if (size)
		*size = fake->answer_size;
	return fake->answer ? fake->answer : "";
}
