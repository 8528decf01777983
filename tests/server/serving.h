/* SPDX-License-Identifier: MIT */
/* A server of HTTP and a client that writes bytes as they are: what the tests of the server share. */
#ifndef TESTS_SERVER_SERVING_H
#define TESTS_SERVER_SERVING_H

#include <fcntl.h>
#include <iconv.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <await.h>
#include "harness.h"

/* A new directory for files to serve, in memory of its own. */
static inline char *make_site(void)
{
	char *path = strdup("/tmp/site-XXXXXX");

	CHECK(mkdtemp(path));
	return path;
}

static inline const char *site_path(const char *site, const char *name)
{
	static char path[300];

	snprintf(path, sizeof path, "%s/%s", site, name);
	return path;
}

/* A file there of `size` bytes, which are those of the text, again and again; of 1994. */
static inline void put_file(const char *site, const char *name, const char *text, size_t size)
{
	static const struct timespec times[2] = { { 784111777, 5 }, { 784111777, 5 } };
	int fd = open(site_path(site, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	size_t length = strlen(text);

	CHECK(fd >= 0);
	for (size_t at = 0; at < size; at += length) {
		size_t part = size - at < length ? size - at : length;

		CHECK_INT(write(fd, text, part), (long long)part);
	}
	CHECK_INT(futimens(fd, times), 0);
	close(fd);
}

static inline void put_text(const char *site, const char *name, const char *text)
{
	put_file(site, name, text, strlen(text));
}

static inline void remove_site(char *site)
{
	char command[300];

	snprintf(command, sizeof command, "rm -rf '%s'", site);
	CHECK_INT(system(command), 0);
	free(site);
}

/* iconv(3) loads most converters as libraries: a program that is linked statically, or runs under
 * an emulator, may be without. */
static inline bool has_charsets(void)
{
	static const char *const names[] = { "ISO-8859-1", "WINDOWS-1252", "SHIFT_JIS", "GB18030" };
	bool all = true;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		iconv_t converter = iconv_open("UTF-8", names[i]);

		all = all && converter != (iconv_t)-1;
		if (converter != (iconv_t)-1)
			iconv_close(converter);
	}
	return all;
}

/* Answers with its argument, a text. */
static inline int say(async_request *request, void *text)
{
	return await_respond_text(request, text);
}

/* Serve it on a free port; options may be NULL. */
static inline async_http_server *serve_app(async_app *app, const async_http_options *options)
{
	async_http_server *server = await_http_start(options, app, "127.0.0.1:0");

	if (!server)
		harness_fail(__FILE__, __LINE__, "not served: %s", async_error());
	return server;
}

static inline async_stream *connect_http(const async_http_server *server)
{
	async_stream *stream = await_connect_stream(async_http_address(server, 0));

	CHECK(stream);
	return stream;
}

/* The next answer on the connection, with its body by Content-Length; the Date is taken out. What
 * came is in memory that the next call uses again. */
static inline const char *read_answer(async_stream *stream, bool with_body)
{
	static char text[1 << 20];
	char *at, *date;
	size_t used = 0;
	const char *line;
	ssize_t n;
	long length = 0;

	do {
		n = await_stream_readline(stream, &line);
		if (n <= 0)
			return n == 0 ? "" : async_error();
		if (!strncmp(line, "Content-Length: ", 16))
			length = atol(line + 16);
		memcpy(text + used, line, (size_t)n);
		used += (size_t)n;
	} while (n != 2);
	if (with_body && length) {
		CHECK_INT(await_stream_readexactly(stream, text + used, (size_t)length), length);
		used += (size_t)length;
	}
	text[used] = '\0';
	date = strstr(text, "Date: ");
	if (date) {
		at = strstr(date, "\r\n");
		CHECK_INT(at - date, 35);
		memmove(date, at + 2, strlen(at + 2) + 1);
	}
	return text;
}

static inline void send_text(async_stream *stream, const char *text)
{
	CHECK_INT(await_stream_write(stream, text, strlen(text)), (long long)strlen(text));
}

/* One request on a connection of its own, and all that comes back until its end. */
static inline const char *ask(const async_http_server *server, const char *text)
{
	static char answer[1 << 20];
	async_stream *stream = connect_http(server);
	char *all = NULL, *date, *at;
	ssize_t n;

	send_text(stream, text);
	n = await_stream_readall(stream, &all, sizeof answer - 1);
	if (n < 0)
		snprintf(answer, sizeof answer, "%s", async_error());
	else
		snprintf(answer, sizeof answer, "%s", all);
	free(all);
	await_stream_close(stream);
	date = strstr(answer, "Date: ");
	at = date ? strstr(date, "\r\n") : NULL;
	if (at)
		memmove(date, at + 2, strlen(at + 2) + 1);
	return answer;
}

/* GET in a connection that closes. */
static inline const char *get(const async_http_server *server, const char *target)
{
	char text[1000];

	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		 target);
	return ask(server, text);
}

/* The body of an answer to a client as text, or why there is none; frees the answer. What came is
 * in memory that the next call uses again. */
static inline const char *take_answer(async_response *answer)
{
	static char text[1000];
	const char *body = await_response_text(answer);

	snprintf(text, sizeof text, "%s", body ? body : async_error());
	async_response_free(answer);
	return text;
}

#endif
