/* SPDX-License-Identifier: MIT */
/* Bodies of answers: as text, by line, into files, into other requests. */
#include <errno.h>
#include <fcntl.h>
#include "server/serving.h"

static int typed(async_request *request, void *body)
{
	async_respond_type(request, async_request_query_value(request, "type"));
	return await_respond_text(request, body);
}

static int lines(async_request *request, void *arg)
{
	(void)arg;
	await_respond_begin(request);
	for (int i = 0; i < 3000; i++)
		await_respond_writef(request, "line %d\n", i);
	return 0;
}

static int count(async_request *request, void *arg)
{
	const char *body;
	ssize_t n = await_request_body(request, &body);

	(void)arg;
	return n < 0 ? (int)n : await_respond_printf(request, "%zd", n);
}

static int broken(async_request *request, void *arg)
{
	(void)arg;
	await_respond_begin(request);
	await_respond_write(request, "half", 4);
	return -EIO;
}

static struct {
	async_http_server *http;
	async_session *session;
	char base[64];
} site;

static void begin(const char *charset)
{
	async_session_options options = { .base_url = site.base, .charset = charset };
	async_app *app = async_app_new(NULL);

	async_route(app, "GET", "/e-acute", typed, "caf\xe9");
	async_route(app, "GET", "/utf8", typed, "caf\xc3\xa9");
	async_route(app, "GET", "/empty", typed, "");
	async_route(app, "GET", "/marked", typed, "\xef\xbb\xbf[1]");
	async_route(app, "GET", "/mark", typed, "\xef\xbb\xbf");
	async_route(app, "GET", "/lines", lines, NULL);
	async_route(app, "POST", "/count", count, NULL);
	async_route(app, "GET", "/broken", broken, NULL);
	site.http = serve_app(app, NULL);
	snprintf(site.base, sizeof site.base, "http://%s/", async_http_address(site.http, 0));
	site.session = async_session_new(&options);
}

static void end(void)
{
	CHECK_INT(await_session_close(site.session), 0);
	await_http_close(site.http);
}

static const char *text_of(const char *url)
{
	async_response *answer = await_session_get(site.session, url);
	const char *body = await_response_text(answer);

	CHECK(body == await_response_text(answer) || !body);
	return take_answer(answer);
}

TEST_TASK_WITH(text_by_its_charset, "H15 Z26", .may_leak = 1)
{
	begin(NULL);
	CHECK_STR(text_of("utf8?type=text/plain"), "caf\xc3\xa9");
	CHECK_STR(text_of("utf8?type=text/plain;charset=UTF-8"), "caf\xc3\xa9");
	CHECK_STR(text_of("utf8?type=application/json"), "caf\xc3\xa9");
	CHECK_STR(text_of("utf8?type=text/plain;charset=klingon"), "caf\xc3\xa9");
	CHECK_TEXT_HAS(text_of("e-acute?type=text/plain"), "EILSEQ");
	CHECK_TEXT_HAS(text_of("e-acute?type=text/plain;charset=klingon"), "EILSEQ");
	end();
	if (!has_charsets())
		return;
	begin("latin1");
	CHECK_STR(text_of("e-acute?type=text/plain"), "caf\xc3\xa9");
	CHECK_STR(text_of("e-acute?type=text/plain;charset=iso-8859-1"), "caf\xc3\xa9");
	CHECK_STR(text_of("e-acute?type=text/plain;charset=klingon"), "caf\xc3\xa9");
	CHECK_STR(text_of("utf8?type=application/json"), "caf\xc3\xa9");
	end();
}

TEST_TASK(a_body_by_line_and_by_amount, "H17 H18")
{
	async_response *answer;
	async_stream *stream;
	const char *line;
	char amount[16];
	ssize_t n;
	int seen = 2;

	begin(NULL);
	answer = await_session_get(site.session, "lines");
	stream = async_response_stream(answer);
	CHECK(stream == async_response_stream(answer));
	CHECK_INT(await_stream_readline(stream, &line), 7);
	CHECK_INT(await_stream_readexactly(stream, amount, 5), 5);
	CHECK(!memcmp(amount, "line ", 5));
	CHECK_INT(await_stream_readuntil(stream, "\n", &line), 2);
	while ((n = await_stream_readline(stream, &line)) > 0) {
		char expected[20];
		int size = sprintf(expected, "line %d\n", seen++);

		CHECK(n == size && !memcmp(line, expected, (size_t)size));
	}
	CHECK_INT(n, 0);
	CHECK_INT(seen, 3000);
	async_response_free(answer);

	answer = await_session_get(site.session, "broken");
	stream = async_response_stream(answer);
	while ((n = await_stream_readline(stream, &line)) > 0)
		continue;
	CHECK(n < 0);
	async_response_free(answer);
	end();
}

TEST_TASK(an_answer_is_the_body_of_another_request, "H10")
{
	async_response *from, *to;
	async_source source;
	async_call call = { .source = &source };

	begin(NULL);
	from = await_session_get(site.session, "lines");
	source = async_response_source(from);
	to = await_http_request(site.session, "POST", "count", &call);
	CHECK_STR(await_response_text(to), "28890");
	async_response_free(to);
	async_response_free(from);
	end();
}

TEST_TASK(an_answer_is_saved, "H17 X13")
{
	char *directory = make_site();
	char path[400], *data;
	async_response *answer;
	struct stat status;

	begin(NULL);
	snprintf(path, sizeof path, "%s", site_path(directory, "saved"));
	answer = await_session_get(site.session, "lines");
	CHECK_INT(await_response_save(answer, path), 28890);
	async_response_free(answer);
	CHECK_INT(await_read_file(path, &data, 0), 28890);
	free(data);
	/* A body that breaks off leaves what was there. */
	answer = await_session_get(site.session, "broken");
	CHECK(await_response_save(answer, path) < 0);
	async_response_free(answer);
	CHECK_INT(stat(path, &status), 0);
	CHECK_INT(status.st_size, 28890);
	answer = await_session_get(site.session, "lines");
	CHECK_INT(await_response_save(answer, "/nowhere/at/all"), -ENOENT);
	async_response_free(answer);
	end();
	remove_site(directory);
}

/* The mark is no part of the text. */
TEST_TASK(a_byte_order_mark, "H15 H16")
{
	async_response *answer;
	const char *body;

	begin("UTF-8");
	answer = await_session_get(site.session, "marked?type=application/json");
	CHECK_STR(await_response_text(answer), "[1]");
	CHECK_INT(await_response_body(answer, &body), 6);
	async_response_free(answer);
	answer = await_session_get(site.session, "mark?type=text/plain");
	CHECK_STR(await_response_text(answer), "");
	CHECK_STR(await_response_text(answer), "");
	async_response_free(answer);
	end();
}

TEST_TASK(a_body_is_saved_after_it_was_read, "H17 X13")
{
	char *directory = make_site();
	char path[400], *data;
	async_response *answer;

	begin(NULL);
	snprintf(path, sizeof path, "%s", site_path(directory, "saved"));
	answer = await_session_get(site.session, "utf8?type=text/plain");
	CHECK_STR(await_response_text(answer), "caf\xc3\xa9");
	CHECK_INT(await_response_save(answer, path), 5);
	CHECK_INT(await_response_save(answer, path), 5);
	async_response_free(answer);
	CHECK_INT(await_read_file(path, &data, 0), 5);
	CHECK_STR(data, "caf\xc3\xa9");
	free(data);
	end();
	remove_site(directory);
}
