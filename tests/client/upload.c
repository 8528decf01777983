/* SPDX-License-Identifier: MIT */
/* Bodies of requests: from memory, files, functions; coded, in chunks, asked for, refused. */
#include <errno.h>
#include <fcntl.h>
#include "fault.h"
#include "http/codec.h"
#include "server/serving.h"
#include "talker.h"

/* How the body came, how long it is, and a sum over it. */
static int measure(async_request *request, void *arg)
{
	const char *data, *length = async_request_header(request, "Content-Length");
	unsigned long size = 0, sum = 0;
	ssize_t n;

	(void)arg;
	while ((n = await_request_chunk(request, &data)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum += (unsigned char)data[i];
		size += (unsigned long)n;
	}
	return n < 0 ? (int)n :
		       await_respond_printf(request, "%s %s %lu %lu %s",
					    async_request_method(request),
					    length ? length : "chunked", size, sum,
					    async_request_content_type(request));
}

static int moved(async_request *request, void *arg)
{
	(void)arg;
	return async_redirect(request, 307, "/measure");
}

static int refuse(async_request *request, void *arg)
{
	(void)arg;
	return await_respond_text(request, "ok");
}

static struct {
	async_http_server *http;
	async_session *session;
	char base[64];
} site;

static void begin(void)
{
	static async_route_options large = { .body_bytes = 64 << 20 };
	async_session_options options = { .base_url = site.base };
	async_app *app = async_app_new(NULL);

	async_route_with(app, &large, "*", "/measure", measure, NULL);
	async_route(app, "*", "/moved", moved, NULL);
	async_route(app, "*", "/refuse", refuse, NULL);
	site.http = serve_app(app, NULL);
	snprintf(site.base, sizeof site.base, "http://%s/", async_http_address(site.http, 0));
	site.session = async_session_new(&options);
	CHECK(site.session);
}

static void end(void)
{
	CHECK_INT(await_session_close(site.session), 0);
	await_http_close(site.http);
}

static const char *put_to(const char *target, const async_call *call)
{
	return take_answer(await_http_request(site.session, "PUT", target, call));
}

TEST_TASK(bytes_small_and_large, "H10 H04 H07")
{
	char *large = malloc(3000000);
	async_call call = { .body = "abc", .size = 3, .type = "text/plain" };

	memset(large, 1, 3000000);
	begin();
	CHECK_STR(put_to("measure", &call), "PUT 3 3 294 text/plain");
	CHECK_STR(put_to("moved", &call), "PUT 3 3 294 text/plain");
	call = (async_call){ .body = large, .size = 3000000 };
	CHECK_STR(put_to("measure", &call), "PUT 3000000 3000000 3000000 application/octet-stream");
	CHECK_STR(put_to("moved", &call), "PUT 3000000 3000000 3000000 application/octet-stream");
	call = (async_call){ .body = "", .size = 0, .chunked = true };
	CHECK_STR(put_to("measure", &call), "PUT chunked 0 0 application/octet-stream");
	call = (async_call){ .body = "abc", .size = 3, .chunked = true };
	CHECK_STR(put_to("measure", &call), "PUT chunked 3 294 application/octet-stream");
	free(large);
	end();
}

TEST_TASK(a_file_is_streamed, "H10")
{
	char *directory = make_site();
	async_call call = { .file = site_path(directory, "a.html") };
	static char text[200000];

	memset(text, 2, sizeof text - 1);
	put_file(directory, "a.html", text, sizeof text);
	begin();
	CHECK_STR(put_to("measure", &call), "PUT 200000 200000 400000 text/html");
	CHECK_STR(put_to("moved", &call), "PUT 200000 200000 400000 text/html");
	call.file = directory;
	CHECK_TEXT_HAS(put_to("measure", &call), "no regular file");
	call.file = "/nowhere/at/all";
	CHECK_TEXT_HAS(put_to("measure", &call), "/nowhere/at/all");
	end();
	remove_site(directory);
}

struct count {
	int n, most, error;
	char text[16];
};

static ssize_t next_count(void *arg, const char **data)
{
	struct count *count = arg;

	if (count->n == count->most)
		return count->error ? async_fail(count->error, "the source is dry") : 0;
	if (count->n % 100 == 50)
		await_sleep(0.0001);
	*data = count->text;
	return sprintf(count->text, "%06d\n", count->n++);
}

TEST_TASK(a_function_makes_the_body, "H10 H13")
{
	struct count count = { .most = 1000 };
	async_source source = { .await_next = next_count, .arg = &count };
	async_call call = { .source = &source };

	begin();
	CHECK_STR(put_to("measure", &call), "PUT chunked 7000 311500 application/octet-stream");
	/* It can be read once only. */
	count.n = 0;
	CHECK_TEXT_HAS(put_to("moved", &call), "once only");
	/* A size that is right goes into Content-Length. */
	count.n = 0;
	source.sized = true;
	source.size = 7000;
	CHECK_STR(put_to("measure", &call), "PUT 7000 7000 311500 application/octet-stream");
	count.n = 0;
	source.size = 8000;
	CHECK_TEXT_HAS(put_to("measure", &call), "less than the 8000 bytes");
	count.n = 0;
	source.size = 6000;
	CHECK_TEXT_HAS(put_to("measure", &call), "more than the 6000 bytes");
	/* The session is as good as before. */
	count.n = 0;
	source.size = 7000;
	CHECK_STR(put_to("measure", &call), "PUT 7000 7000 311500 application/octet-stream");
	end();
}

TEST_TASK(a_source_that_fails_is_the_error, "H10 H45")
{
	struct count count = { .most = 500, .error = -EIO };
	async_source source = { .await_next = next_count, .arg = &count };
	async_call_facts facts;
	async_call call = { .source = &source, .facts = &facts };

	begin();
	CHECK(!await_http_request(site.session, "POST", "measure", &call));
	CHECK_INT(async_error_code(), -EIO);
	CHECK_TEXT_HAS(async_error(), "the source is dry");
	CHECK_INT(facts.phase, ASYNC_CALL_SEND);
	CHECK_INT(facts.error, -EIO);
	CHECK(facts.sent > 0 && facts.sent <= 3500);
	CHECK(!facts.upload_complete);
	end();
}

/* As of a connection that is the source, and was closed: that is no word of the server. */
TEST_TASK(a_source_may_hang_up, "H10 H45")
{
	struct count count = { .most = 500, .error = -ECONNRESET };
	async_source source = { .await_next = next_count, .arg = &count };
	async_call call = { .source = &source };

	begin();
	CHECK(!await_http_request(site.session, "POST", "measure", &call));
	CHECK_INT(async_error_code(), -ECONNRESET);
	CHECK_TEXT_HAS(async_error(), "the source is dry");
	end();
}

TEST_TASK(a_body_is_compressed, "H12")
{
	static char text[100000];
	static const char *const codings[] = { "gzip", "deflate", "br", "zstd" };

	memset(text, 'x', sizeof text);
	begin();
	for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
		async_call_facts facts;
		async_call call = {
			.body = text, .size = sizeof text, .coding = codings[i], .facts = &facts
		};

		if (!http_coding_available(http_coding_find(codings[i], strlen(codings[i]))))
			continue;
		CHECK_STR(put_to("measure", &call),
			  "PUT chunked 100000 12000000 application/octet-stream");
		CHECK(facts.sent < 5000);
		CHECK(facts.upload_complete);
		CHECK_STR(put_to("moved", &call),
			  "PUT chunked 100000 12000000 application/octet-stream");
	}
	end();
}

TEST_TASK(what_cannot_go_together, "H12 H13 H08")
{
	async_http_field length = { "Content-Length", "3" },
			 coding = { "content-encoding", "gzip" };
	async_source source = { .await_next = next_count };
	async_call call = { .body = "abc", .size = 3, .fields = &length, .field_count = 1 };

	begin();
	CHECK_TEXT_HAS(put_to("measure", &call), "Content-Length is the client's own");
	call = (async_call){ .body = "abc", .size = 3, .source = &source };
	CHECK_TEXT_HAS(put_to("measure", &call), "one of body, file, source and form");
	call = (async_call){ .body = "abc", .size = 3, .coding = "rot13" };
	CHECK_TEXT_HAS(put_to("measure", &call), "\"rot13\" is not one of");
	if (http_coding_available(HTTP_CODING_GZIP)) {
		call = (async_call){ .body = "abc",
				     .size = 3,
				     .coding = "gzip",
				     .fields = &coding,
				     .field_count = 1 };
		CHECK_TEXT_HAS(put_to("measure", &call), "and the call's `coding`");
	}
	end();
}

/* ---- 100 Continue ---- */

TEST_TASK(a_body_waits_for_its_go, "H13")
{
	static const char *const answers[] = {
		"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		NULL
	};
	struct talker talker = { .answers = answers, .deaf = true, .stalls = true };
	async_session *session = async_session_new(NULL);
	async_call_facts facts;
	async_call call = { .body = "abc", .size = 3, .expect = true, .facts = &facts };
	async_response *answer;

	talker_begin(&talker);
	answer = await_http_request(session, "PUT", talker.url, &call);
	CHECK_INT(async_response_status(answer), 200);
	CHECK_TEXT_HAS(talker.heard, "Expect: 100-continue\r\n");
	CHECK_INT(facts.sent, 3);
	CHECK(facts.upload_complete);
	async_response_free(answer);
	await_session_close(session);
	talker_end(&talker);
}

TEST_TASK(a_body_that_nobody_wants_is_not_sent, "H13 H43")
{
	static const char *const answers[] = {
		"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL
	};
	struct talker talker = { .answers = answers, .deaf = true };
	async_session *session = async_session_new(NULL);
	async_call_facts facts;
	async_call call = { .body = "abc", .size = 3, .expect = true, .facts = &facts };
	async_response *answer;

	talker_begin(&talker);
	answer = await_http_request(session, "PUT", talker.url, &call);
	CHECK_INT(async_response_status(answer), 413);
	CHECK_STR(await_response_text(answer), "no!");
	CHECK_INT(facts.sent, 0);
	CHECK(!facts.upload_complete);
	async_response_free(answer);
	/* The server still waits for the body: nothing else may go there. */
	async_response_free(await_session_get(session, talker.url));
	CHECK_INT(talker.connections, 2);
	await_session_close(session);
	talker_end(&talker);
}

TEST_TASK(a_server_that_never_says_go, "H13")
{
	static const char *const answers[] = { "", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
					       NULL };
	struct talker talker = { .answers = answers, .deaf = true };
	async_session *session = async_session_new(NULL);
	/* An empty line ends what it takes for a head. */
	async_call call = { .body = "abc\r\n\r\n", .size = 7, .expect = true };
	double began = async_now();
	async_response *answer;

	talker_begin(&talker);
	answer = await_http_request(session, "PUT", talker.url, &call);
	CHECK_INT(async_response_status(answer), 200);
	CHECK(async_now() - began >= 0.99);
	async_response_free(answer);
	await_session_close(session);
	talker_end(&talker);
}

/* ---- Answers that come early ---- */

TEST_TASK(an_upload_that_is_refused_stops, "H43")
{
	static const char *const answers[] = {
		"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nshut", NULL
	};
	struct talker talker = { .answers = answers, .deaf = true, .stalls = true };
	async_session *session = async_session_new(NULL);
	char *large = calloc(1, 64 << 20);
	async_call_facts facts;
	async_call call = { .body = large, .size = 64 << 20, .facts = &facts };
	async_response *answer;

	talker_begin(&talker);
	answer = await_http_request(session, "POST", talker.url, &call);
	CHECK_INT(async_response_status(answer), 403);
	CHECK_STR(await_response_text(answer), "shut");
	CHECK(facts.sent < call.size);
	CHECK(!facts.upload_complete);
	async_response_free(answer);
	CHECK_INT(await_session_close(session), 0);
	free(large);
	talker_end(&talker);
}

/* Sends its head, and reads only then. */
static int eager(async_request *request, void *arg)
{
	const char *data;
	uint64_t size = 0;
	ssize_t n;

	(void)arg;
	await_respond_begin(request);
	await_respond_write(request, "<", 1);
	while ((n = await_request_chunk(request, &data)) > 0)
		size += (uint64_t)n;
	return n < 0 ? (int)n :
		       (int)await_respond_writef(request, "%llu>", (unsigned long long)size);
}

TEST_TASK(an_early_yes_does_not_stop_it, "H43")
{
	static async_route_options large = { .body_bytes = 64 << 20 };
	async_app *app = async_app_new(NULL);
	async_session *session = async_session_new(NULL);
	char *data = calloc(1, 5000000), url[64];
	async_call call = { .body = data, .size = 5000000 };
	async_http_server *http;
	async_response *answer;

	async_route_with(app, &large, "POST", "/", eager, NULL);
	http = serve_app(app, NULL);
	snprintf(url, sizeof url, "http://%s/", async_http_address(http, 0));
	answer = await_http_request(session, "POST", url, &call);
	CHECK_STR(await_response_text(answer), "<5000000>");
	async_response_free(answer);
	await_session_close(session);
	await_http_close(http);
	free(data);
}

/* ---- Cancels ---- */

static int put_slowly(void *arg)
{
	async_call call = { .source = arg };
	async_response *answer = await_http_request(site.session, "PUT", "measure", &call);
	int status = async_response_status(answer);

	async_response_free(answer);
	return status;
}

static ssize_t next_never(void *arg, const char **data)
{
	(void)arg;
	*data = "x";
	return await_sleep(10) ? -ECANCELED : 1;
}

TEST_TASK(a_cancelled_upload_leaves_nothing, "H43 X13")
{
	async_source source = { .await_next = next_never };
	async_call_facts facts;
	async_call call = { .source = &source, .total_seconds = 0.02, .facts = &facts };
	async_task *task;

	begin();
	task = async_create_task(put_slowly, &source);
	await_sleep(0.01);
	async_task_cancel(task);
	CHECK_INT(await_task(task), -ECANCELED);
	CHECK(!await_http_request(site.session, "PUT", "measure", &call));
	CHECK_INT(async_error_code(), -ETIMEDOUT);
	CHECK_TEXT_HAS(async_error(), "`total_seconds`");
	CHECK_INT(facts.phase, ASYNC_CALL_SEND);
	end();
}

TEST_TASK(no_memory_for_an_upload, "X20")
{
	static char large[100000];

	begin();
	for (int nth = 1; nth < 30; nth++) {
		async_call call = { .body = large, .size = sizeof large };
		async_response *answer;

		fault_inject("malloc", nth, ENOMEM);
		FORGET_ERROR();
		answer = await_http_request(site.session, "PUT", "measure", &call);
		fault_clear();
		if (!answer)
			CHECK(async_error_code() < 0); /* the server's memory may fail, too */
		async_response_free(answer);
	}
	end();
}

/* ---- A source that does not begin anew ---- */

struct stubborn {
	int pieces, refusals;
};

static ssize_t next_of_two(void *arg, const char **data)
{
	struct stubborn *stubborn = arg;

	*data = stubborn->pieces ? "second" : "first ";
	return stubborn->pieces++ < 2 ? 6 : 0;
}

static int rewind_reluctantly(void *arg)
{
	struct stubborn *stubborn = arg;

	if (stubborn->refusals--)
		return async_fail(-EAGAIN, "not yet");
	stubborn->pieces = 0;
	return 0;
}

static async_response *await_three_times(async_outgoing *request, void *arg)
{
	async_response *answer = NULL;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		async_response_free(answer);
		answer = await_outgoing_next(request);
	}
	return answer;
}

/* What was read of it is never taken for the whole. */
TEST_TASK(a_body_is_sent_from_its_beginning, "H10 H42")
{
	static const char *const codings[] = { NULL, "gzip" };
	async_client_middleware three = { await_three_times, NULL };

	begin();
	for (size_t i = 0; i < 2; i++) {
		struct stubborn stubborn = { .refusals = 1 };
		async_source source = { next_of_two, rewind_reluctantly, &stubborn, true, 12 };
		async_call call = { .source = &source,
				    .middlewares = &three,
				    .middleware_count = 1,
				    .coding = codings[i] };

		if (codings[i] && !http_coding_available(HTTP_CODING_GZIP))
			continue;
		CHECK_TEXT_HAS(put_to("measure", &call),
			       codings[i] ? "PUT chunked 12 1220 " : "PUT 12 12 1220 ");
		CHECK_INT(stubborn.refusals, -1);
	}
	end();
}

TEST_TASK(a_server_that_knows_no_expectations, "H13")
{
	static const char *const answers[] = { "HTTP/1.1 417 What\r\nContent-Length: 0\r\n\r\n",
					       "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
					       NULL };
	struct talker talker = { .answers = answers, .deaf = true };
	async_call call = { .body = "body", .size = 4, .expect = true };
	struct talked talked = talk_once(&talker, NULL, "POST", &call);

	CHECK_INT(talked.status, 200);
	CHECK_INT(talked.facts.tries, 2);
	CHECK_INT(talker.connections, 2);
	CHECK_TEXT_HAS(talker.heard, "Expect: 100-continue\r\n");
	CHECK(!strstr(strstr(talker.heard, "\r\n\r\n"), "Expect"));
}
