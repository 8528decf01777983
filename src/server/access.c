/* SPDX-License-Identifier: MIT */
/*
 * The access log: a line for each answer, of a format that is compiled when the server starts. What
 * came from the peer is escaped, so that a line is a line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <await/run.h>
#include "base/base.h"
#include "server/access.h"
#include "http/clock.h"
#include "http/html.h"
#include "server/server.h"

static const char usual[] = "%a %t \"%r\" %s %b \"%{Referer}i\" \"%{User-Agent}i\"";

enum { LINE_BYTES = 4096, VALUE_BYTES = 1024 };

struct http_access {
	FILE *out;
	size_t count;
	struct item {
		char what;	  /* 0: text; 'f': seconds with a fraction */
		const char *text; /* of the format, or the name of a field */
		size_t size;
	} items[];
};

static bool known(char what)
{
	return what && strchr("aPtrsbTD%", what);
}

/* One item from `at` on; where the next begins, or NULL. */
static const char *read_item(const char *at, struct item *item)
{
	const char *end;

	*item = (struct item){ .text = at };
	if (*at != '%') {
		item->size = strcspn(at, "%");
		return at + item->size;
	}
	if (at[1] == '{') {
		end = strchr(at, '}');
		if (!end || (end[1] != 'i' && end[1] != 'o') || end == at + 2)
			return NULL;
		*item = (struct item){ end[1], at + 2, (size_t)(end - at) - 2 };
		return end + 2;
	}
	if (!known(at[1]))
		return NULL;
	item->what = at[1];
	if (at[1] == 'T' && at[2] == 'f') {
		item->what = 'f';
		return at + 3;
	}
	return at + 2;
}

int http_access_new(struct http_access **made, FILE *out, const char *format)
{
	size_t most = format ? strlen(format) : sizeof usual;
	struct http_access *access = calloc(1, sizeof *access + most * sizeof *access->items);
	const char *at = format ? format : usual;

	if (!access)
		return async_fail(-ENOMEM, "no memory for an access log");
	access->out = out;
	while (*at) {
		const char *next = read_item(at, &access->items[access->count++]);

		if (!next) {
			free(access);
			return async_fail(
				-EINVAL,
				"HTTP option `access_format`: \"%.20s\" is none of %%a %%t "
				"%%P %%r %%s %%b %%T %%Tf %%D %%{Name}i %%{Name}o %%%%",
				at);
		}
		at = next;
	}
	*made = access;
	return 0;
}

/* "[23/Nov/2026:15:04:05 +0000]", when the request began, made once a second. */
static const char *time_text(double began)
{
	static __thread char text[40];
	static __thread time_t made = -1;
	time_t second = (time_t)(http_wall_clock() - (async_now() - began));
	struct tm local;

	if (second != made) {
		made = second;
		strftime(text, sizeof text, "[%d/%b/%Y:%H:%M:%S %z]", localtime_r(&second, &local));
	}
	return text;
}

static const char *field_of(async_request *request, const struct item *item)
{
	char name[100];

	snprintf(name, sizeof name, "%.*s", (int)item->size, item->text);
	return item->what == 'i' ? async_request_header(request, name) :
				   async_respond_header_value(request, name);
}

static size_t write_escaped(char *room, size_t size, const char *text)
{
	if (!text || !*text)
		text = "-";
	if (size > VALUE_BYTES)
		size = VALUE_BYTES;
	http_log_escape(room, size, text, strlen(text));
	return strlen(room);
}

static size_t write_request_line(async_request *request, char *room, size_t size)
{
	char text[VALUE_BYTES];

	snprintf(text, sizeof text, "%s %s HTTP/1.%d", async_request_method(request),
		 async_request_target(request), async_request_minor(request));
	return write_escaped(room, size, text);
}

static size_t write_number(char *room, size_t size, const char *format, double number)
{
	int n = snprintf(room, size, format, number);

	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

static size_t write_text(char *room, size_t size, const struct item *item)
{
	if (item->size >= size)
		return 0;
	memcpy(room, item->text, item->size);
	return item->size;
}

static size_t write_item(async_request *request, const struct item *item, char *room, size_t size)
{
	double seconds = async_answered_seconds(request);

	switch (item->what) {
	case 'a':
		return write_escaped(room, size, async_request_remote(request));
	case 't':
		return write_escaped(room, size, time_text(request->began));
	case 'P':
		return write_number(room, size, "%.0f", getpid());
	case 'r':
		return write_request_line(request, room, size);
	case 's':
		return write_number(room, size, "%.0f", async_answered_status(request));
	case 'b':
		return write_number(room, size, "%.0f", (double)async_answered_bytes(request));
	case 'T':
		return write_number(room, size, "%.0f", (double)(long)seconds);
	case 'f':
		return write_number(room, size, "%.6f", seconds);
	case 'D':
		return write_number(room, size, "%.0f", seconds * 1e6);
	case '%':
		return write_escaped(room, size, "%");
	case 0:
		return write_text(room, size, item);
	default:
		return write_escaped(room, size, field_of(request, item));
	}
}

void http_access_write(const struct http_access *access, async_request *request)
{
	char line[LINE_BYTES];
	size_t used = 0;

	for (size_t i = 0; i < access->count; i++)
		used += write_item(request, &access->items[i], line + used, sizeof line - 1 - used);
	line[used++] = '\n';
	fwrite(line, 1, used, access->out); /* one call: lines of several threads stay whole */
}

int async_answered_status(const async_request *request)
{
	return request->answer.begun ? request->answer.status : 0;
}

uint64_t async_answered_bytes(const async_request *request)
{
	return request->answer.sent;
}

double async_answered_seconds(const async_request *request)
{
	return request->began ? async_now() - request->began : 0;
}
