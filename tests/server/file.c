/* SPDX-License-Identifier: MIT */
/* One file as answer: what is said about it, its bytes, and files that are none or change. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <await/http_test.h>
#include "fault.h"
#include "serving.h"

static const char *path;
static const async_file_options *options;

static int send_it(async_request *request, void *arg)
{
	(void)arg;
	return await_respond_file_with(request, options, path);
}

static async_http_server *serve_path(const char *of)
{
	async_app *app = async_app_new(NULL);

	path = of;
	options = NULL;
	async_route(app, "GET,POST", "/", send_it, NULL);
	return serve_app(app, NULL);
}

static const char *ask_with(async_http_server *server, const char *fields)
{
	char text[600];

	snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n",
		 fields);
	return ask(server, text);
}

/* Status and, where one is needed, its tag; sizes in base 16 are in it. */
#define TAG "ae1b981bc490a05-a" /* of put_file's time, and ten bytes */

TEST_TASK(what_is_said_about_a_file, "W40 W41")
{
	char *site = make_site();
	async_http_server *server;
	const char *answer;

	put_text(site, "page.html", "0123456789");
	server = serve_path(site_path(site, "page.html"));
	CHECK_STR(get(server, "/"), "HTTP/1.1 200 OK\r\n"
				    "ETag: \"" TAG "\"\r\n"
				    "Last-Modified: Sun, 06 Nov 1994 08:49:38 GMT\r\n"
				    "Accept-Ranges: bytes\r\n"
				    "Content-Type: text/html; charset=utf-8\r\n"
				    "Content-Length: 10\r\n"
				    "Server: libawait\r\nConnection: close\r\n\r\n0123456789");
	answer = ask(server, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	CHECK_TEXT_HAS(answer, "200 OK\r\n");
	CHECK_TEXT_HAS(answer, "Content-Length: 10\r\n");
	CHECK_STR(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

TEST_TASK(an_empty_file, "W40 W42")
{
	char *site = make_site();
	async_http_server *server;

	put_text(site, "nothing", "");
	server = serve_path(site_path(site, "nothing"));
	CHECK_TEXT_HAS(get(server, "/"), "Content-Type: application/octet-stream\r\n");
	CHECK_TEXT_HAS(get(server, "/"), "Content-Length: 0\r\n");
	CHECK_TEXT_HAS(ask_with(server, "Range: bytes=0-\r\n"), "416 Range Not Satisfiable");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

TEST_TASK(conditions_and_ranges_of_a_file, "W41 W42")
{
	static const struct {
		const char *fields, *wanted;
	} cases[] = {
		{ "If-None-Match: \"x\", \"" TAG "\"\r\n", "304 Not Modified" },
		{ "If-None-Match: \"x\"\r\n", "\r\n\r\n0123456789" },
		{ "If-Match: \"x\"\r\n", "412 Precondition Failed" },
		{ "If-Match: \"" TAG "\"\r\n", "\r\n\r\n0123456789" },
		{ "If-Modified-Since: Sun, 06 Nov 1994 08:49:38 GMT\r\n", "304 Not Modified" },
		{ "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "200 OK" },
		{ "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "412 " },
		/* The first kind outranks the second. */
		{ "If-None-Match: \"x\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:38 GMT\r\n",
		  "200 OK" },
		{ "Range: bytes=2-4\r\n", "\r\n\r\n234" },
		{ "Range: bytes=2-4\r\n", "206 Partial Content\r\n" },
		{ "Range: bytes=2-4\r\n", "Content-Range: bytes 2-4/10\r\n" },
		{ "Range: bytes=2-4\r\n", "Content-Length: 3\r\n" },
		{ "Range: bytes=-2\r\n", "\r\n\r\n89" },
		{ "Range: bytes=7-\r\n", "\r\n\r\n789" },
		{ "Range: bytes=10-\r\n", "416 Range Not Satisfiable" },
		{ "Range: bytes=10-\r\n", "Content-Range: bytes */10\r\n" },
		{ "Range: bytes=0-0,2-3\r\n", "200 OK" },
		{ "Range: bytes=2-4\r\nIf-Range: \"" TAG "\"\r\n", "\r\n\r\n234" },
		{ "Range: bytes=2-4\r\nIf-Range: \"x\"\r\n", "\r\n\r\n0123456789" },
		{ "Range: bytes=2-4\r\nIf-Range: Sun, 06 Nov 1994 08:49:38 GMT\r\n", "206 " },
		{ "Range: bytes=2-4\r\nIf-Range: Sun, 06 Nov 1994 08:49:39 GMT\r\n", "200 " },
	};
	char *site = make_site();
	async_http_server *server;

	put_text(site, "page.html", "0123456789");
	server = serve_path(site_path(site, "page.html"));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_TEXT_HAS(ask_with(server, cases[i].fields), cases[i].wanted);
	options = &(async_file_options){ .no_ranges = true };
	CHECK_TEXT_HAS(ask_with(server, "Range: bytes=2-4\r\n"), "\r\n\r\n0123456789");
	CHECK(!strstr(ask_with(server, ""), "Accept-Ranges"));
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

/* Byte i of put_file's with that text. */
static void check_bytes(const char *data, size_t size, const char *text, size_t from)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < size; i++) {
		if (data[i] != text[(from + i) % length])
			harness_fail(__FILE__, __LINE__, "byte %zu of %zu is wrong", i, size);
	}
}

enum { LARGE = 900 * 1000 };

static void check_large(async_http_server *server, size_t from, size_t count)
{
	char text[200];
	const char *answer, *body;

	snprintf(text, sizeof text,
		 "GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=%zu-%zu\r\nConnection: close\r\n\r\n",
		 from, from + count - 1);
	answer = ask(server, text);
	body = strstr(answer, "\r\n\r\n");
	CHECK(body);
	CHECK_INT(strlen(body + 4), count);
	check_bytes(body + 4, count, "a large file: ", from);
}

TEST_TASK_WITH(a_large_file_arrives_as_it_is, "W40 W42", .deadline = 20)
{
	char *site = make_site();
	async_http_server *server;

	put_file(site, "large", "a large file: ", LARGE);
	server = serve_path(site_path(site, "large"));
	check_large(server, 0, LARGE);
	check_large(server, 1, LARGE - 2);
	check_large(server, 300 * 1000, 32 * 1024);
	check_large(server, 300 * 1000, 32 * 1024 + 1);
	/* The kernel has none of it, or has no such calls: in the pool, then. */
	CHECK(fault_inject_from("preadv2", 1, EAGAIN));
	CHECK(fault_inject_from("cachestat", 1, EPERM));
	check_large(server, 0, LARGE);
	CHECK(fault_inject_from("preadv2", 1, EOPNOTSUPP));
	check_large(server, 5, LARGE - 5);
	fault_clear();
	CHECK(fault_inject("sendfile", 1, EINVAL));
	check_large(server, 0, LARGE);
	fault_clear();
	CHECK(fault_short("sendfile", 2, 1000));
	check_large(server, 0, LARGE);
	fault_clear();
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

TEST_TASK(files_that_are_none, "W40")
{
	char *site = make_site();
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	async_http_server *server = serve_path("/no/such/file");
	int fd;

	CHECK_TEXT_HAS(get(server, "/"), "404 Not Found");
	put_text(site, "file", "x");
	CHECK_INT(mkdir(site_path(site, "directory"), 0755), 0);
	path = site_path(site, "directory");
	CHECK_TEXT_HAS(get(server, "/"), "403 Forbidden");
	CHECK_INT(mkfifo(site_path(site, "fifo"), 0644), 0);
	path = site_path(site, "fifo");
	CHECK_TEXT_HAS(get(server, "/"), "403 Forbidden");
	path = "/dev/null";
	CHECK_TEXT_HAS(get(server, "/"), "403 Forbidden");
	CHECK(strlen(site_path(site, "socket")) < sizeof address.sun_path);
	memcpy(address.sun_path, site_path(site, "socket"), strlen(site_path(site, "socket")) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_INT(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	path = site_path(site, "socket");
	CHECK_TEXT_HAS(get(server, "/"), "403 Forbidden");
	close(fd);
	path = site_path(site, "file/below");
	CHECK_TEXT_HAS(get(server, "/"), "404 Not Found");
	path = site_path(site, "circle");
	CHECK_INT(symlink("circle", path), 0);
	CHECK_TEXT_HAS(get(server, "/"), "404 Not Found");
	path = site_path(site, "file");
	CHECK(fault_inject("openat2", 1, EACCES));
	CHECK_TEXT_HAS(get(server, "/"), "403 Forbidden");
	CHECK_TEXT_HAS(get(server, "/"), "\r\n\r\nx");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

TEST_TASK_WITH(a_server_that_cannot_open_says_so_to_its_owner, "W40",
	       .expect_stderr = "GET /: await_respond_file: ")
{
	char *site = make_site();
	async_http_server *server;

	put_text(site, "file", "x");
	server = serve_path(site_path(site, "file"));
	CHECK(fault_inject("openat2", 1, EMFILE));
	CHECK_TEXT_HAS(get(server, "/"), "500 Internal Server Error");
	CHECK_TEXT_HAS(get(server, "/"), "\r\n\r\nx");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

TEST_TASK(siblings, "W43")
{
	char *site = make_site();
	async_http_server *server;
	const char *answer;

	put_text(site, "a.js", "plain");
	put_text(site, "a.js.gz", "gzip");
	put_text(site, "a.js.br", "brotli");
	server = serve_path(site_path(site, "a.js"));
	answer = ask_with(server, "Accept-Encoding: gzip, br\r\n");
	CHECK_TEXT_HAS(answer, "Content-Encoding: br\r\n");
	CHECK_TEXT_HAS(answer, "Vary: Accept-Encoding\r\n");
	CHECK_TEXT_HAS(answer, "Content-Type: text/javascript; charset=utf-8\r\n");
	CHECK_TEXT_HAS(answer, "-6-br\"\r\n");
	CHECK_TEXT_HAS(answer, "\r\n\r\nbrotli");
	CHECK_TEXT_HAS(ask_with(server, "Accept-Encoding: gzip\r\n"), "\r\n\r\ngzip");
	CHECK_TEXT_HAS(ask_with(server, "Accept-Encoding: br;q=0, gzip\r\n"), "\r\n\r\ngzip");
	CHECK_TEXT_HAS(ask_with(server, "Accept-Encoding: deflate\r\n"), "\r\n\r\nplain");
	answer = ask_with(server, "");
	CHECK_TEXT_HAS(answer, "\r\n\r\nplain");
	CHECK(!strstr(answer, "Content-Encoding"));
	CHECK_TEXT_HAS(ask_with(server, "Accept-Encoding: br\r\nRange: bytes=-3\r\n"),
		       "\r\n\r\ntli");
	/* A page for a failure is no brotli. */
	answer = ask_with(server, "Accept-Encoding: br\r\nRange: bytes=9-\r\n");
	CHECK_TEXT_HAS(answer, "416 Range");
	CHECK(!strstr(answer, "Content-Encoding"));
	/* Regular files only. */
	CHECK_INT(unlink(site_path(site, "a.js.br")), 0);
	CHECK_INT(mkdir(site_path(site, "a.js.br"), 0755), 0);
	path = site_path(site, "a.js");
	CHECK_TEXT_HAS(ask_with(server, "Accept-Encoding: gzip, br\r\n"), "\r\n\r\ngzip");
	options = &(async_file_options){ .no_siblings = true };
	CHECK_TEXT_HAS(ask_with(server, "Accept-Encoding: gzip, br\r\n"), "\r\n\r\nplain");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

TEST_TASK_WITH(a_file_that_shrinks_cuts_the_connection, "W40", .deadline = 20,
	       .expect_stderr = "got shorter while it was sent")
{
	char *site = make_site(), *rest;
	async_http_server *server;
	async_stream *stream;
	ssize_t n;

	put_text(site, "large", "");
	CHECK_INT(truncate(site_path(site, "large"), 64 << 20), 0);
	server = serve_path(strdup(site_path(site, "large")));
	stream = connect_http(server);
	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, false), "Content-Length: 67108864\r\n");
	CHECK_INT(truncate(path, 40000), 0);
	/* Whole pieces may have been on their way; it ends before its length. */
	n = await_stream_readall(stream, &rest, 64 << 20);
	CHECK(n < (64 << 20));
	free(rest);
	await_stream_close(stream);
	/* One that is shorter already when it is read is not begun. */
	CHECK_INT(truncate(path, 10), 0);
	CHECK(fault_inject("preadv2", 1, EAGAIN));
	CHECK_TEXT_HAS(get(server, "/"), "200 OK");
	CHECK_INT(await_http_close(server), 0);
	free((char *)path);
	remove_site(site);
}

TEST_TASK_WITH(a_file_that_grows_is_sent_as_it_was, "W40", .deadline = 20)
{
	static const char again[] = "GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=-5\r\n\r\n";
	char *site = make_site();
	async_http_server *server;
	async_stream *stream;
	char room[65536];

	put_text(site, "large", "");
	CHECK_INT(truncate(site_path(site, "large"), 16 << 20), 0);
	server = serve_path(strdup(site_path(site, "large")));
	stream = connect_http(server);
	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, false), "Content-Length: 16777216\r\n");
	put_file(site, "more", "grown", 5);
	CHECK_INT(truncate(path, 17 << 20), 0);
	for (size_t left = 16 << 20; left; left -= sizeof room)
		CHECK_INT(await_stream_readexactly(stream, room, sizeof room), sizeof room);
	send_text(stream, again);
	CHECK_TEXT_HAS(read_answer(stream, true), "bytes 17825787-17825791/17825792\r\n");
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
	free((char *)path);
	remove_site(site);
}

TEST_TASK_WITH(names_for_what_is_saved, "W40", .expect_stderr = "more than the 255")
{
	static const struct {
		const char *name, *wanted;
	} cases[] = {
		{ "a b.pdf", "Content-Disposition: attachment; filename=\"a b.pdf\"\r\n" },
		{ "a\"\\b", "filename=\"a\\\"\\\\b\"\r\n" },
		{ "\xc3\xa4.txt", "filename=\"__.txt\"; filename*=UTF-8''%C3%A4.txt\r\n" },
		{ "50%", "filename=\"50%\"; filename*=UTF-8''50%25\r\n" },
		{ "a\r\nSet-Cookie: b",
		  "filename=\"a__Set-Cookie: b\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20b\r\n" },
	};
	char *site = make_site(), longest[300];
	async_file_options wanted = { .content_type = "application/x-thing" };
	async_http_server *server;

	put_text(site, "file.txt", "x");
	server = serve_path(site_path(site, "file.txt"));
	options = &wanted;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		wanted.attachment = cases[i].name;
		CHECK_TEXT_HAS(get(server, "/"), cases[i].wanted);
	}
	CHECK_TEXT_HAS(get(server, "/"), "Content-Type: application/x-thing\r\n");
	memset(longest, 0xe4, sizeof longest);
	longest[255] = '\0';
	wanted.attachment = longest;
	CHECK_TEXT_HAS(get(server, "/"), "200 OK");
	longest[255] = 'x';
	longest[256] = '\0';
	CHECK_TEXT_HAS(get(server, "/"), "500 Internal Server Error");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

static int send_prepared(async_request *request, void *arg)
{
	(void)arg;
	async_respond_status(request, 404);
	async_respond_type(request, "text/plain");
	async_respond_etag(request, "mine", false);
	return await_respond_file(request, path);
}

TEST_TASK(what_the_handler_prepared_stays, "W40 W41")
{
	async_app *app = async_app_new(NULL);
	char *site = make_site();
	async_http_server *server;
	const char *answer;

	put_text(site, "lost.html", "lost");
	path = site_path(site, "lost.html");
	async_fallback(app, send_prepared, NULL);
	server = serve_app(app, NULL);
	/* Conditions and ranges are those of what was asked for, which is not there. */
	answer = ask_with(server, "If-None-Match: \"mine\"\r\nRange: bytes=0-1\r\n");
	CHECK_TEXT_HAS(answer, "404 Not Found\r\n");
	CHECK_TEXT_HAS(answer, "Content-Type: text/plain\r\n");
	CHECK_TEXT_HAS(answer, "ETag: \"mine\"\r\n");
	CHECK_TEXT_HAS(answer, "\r\n\r\nlost");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

static int send_compressed(async_request *request, void *arg)
{
	(void)arg;
	async_respond_compress(request);
	return await_respond_file(request, path);
}

TEST_TASK(a_file_that_is_compressed_as_it_goes, "W40 W43")
{
	async_app *app = async_app_new(NULL);
	char *site = make_site();
	async_http_server *server;

	put_file(site, "large.txt", "a large file: ", LARGE);
	path = site_path(site, "large.txt");
	async_route(app, "GET", "/", send_compressed, NULL);
	server = serve_app(app, NULL);
	check_large(server, 0, LARGE);
	if (strstr(ask_with(server, "Accept-Encoding: gzip\r\n"), "Content-Encoding: gzip"))
		CHECK_TEXT_HAS(ask_with(server, "Accept-Encoding: gzip\r\n"),
			       "Transfer-Encoding: chunked\r\n");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

static int send_with_no_time(async_request *request, void *arg)
{
	int result = 0;

	(void)arg;
	async_timeout (0)
		result = await_respond_file(request, path);
	CHECK_INT(result, -ETIMEDOUT);
	CHECK_INT(await_respond_file(request, NULL), -EINVAL);
	CHECK_INT(await_respond_file(NULL, path), -EINVAL);
	CHECK_INT(await_respond_file(request, path), 0);
	CHECK_INT(await_respond_file(request, path), -EALREADY);
	return 0;
}

TEST_TASK(bad_arguments_and_no_time, "W40")
{
	async_request *request = async_fake_request("GET", "/", NULL, NULL, 0);
	char *site = make_site();

	put_text(site, "x.txt", "text");
	path = site_path(site, "x.txt");
	CHECK_INT(await_fake_call(request, send_with_no_time, NULL), 200);
	CHECK_STR(async_fake_body(request, NULL), "text");
	CHECK_STR(async_fake_header(request, "Content-Type"), "text/plain; charset=utf-8");
	async_fake_free(request);
	remove_site(site);
}

static int call_off(async_request *request, void *arg)
{
	int result = await_respond_file(request, arg);

	CHECK(result == -ETIMEDOUT || result == 0);
	return result;
}

/* Deadlines that pass while the pool opens or reads lose no descriptor: the harness counts. */
TEST_TASK(a_cancel_loses_nothing, "W40")
{
	char *site = make_site();
	async_request *request;

	put_file(site, "x.txt", "text", 100 * 1000);
	for (int i = 0; i < 20; i++) {
		CHECK(fault_inject("openat2", 1, EAGAIN));
		CHECK(fault_inject_from("preadv2", 1, EAGAIN));
		CHECK(fault_inject_from("cachestat", 1, EPERM));
		request = async_fake_request("GET", "/", NULL, NULL, 0);
		async_timeout (i * 2e-5)
			await_fake_call(request, call_off, (void *)site_path(site, "x.txt"));
		async_fake_free(request);
		fault_clear();
	}
	remove_site(site);
}

static async_http_server *serve_slowly(const char *of)
{
	async_app *app = async_app_new(NULL);

	path = of;
	options = NULL;
	async_route(app, "GET", "/", send_it, NULL);
	return serve_app(app, &(async_http_options){ .write_seconds = 0.3 });
}

/* What it takes keeps it going, however large the piece is. */
TEST_TASK_WITH(a_slow_peer_that_takes_something_is_not_cut, "W40", .deadline = 40)
{
	char *site = make_site(), *room = malloc(1 << 20);
	async_http_server *server;
	async_stream *stream;

	put_text(site, "large", "");
	CHECK_INT(truncate(site_path(site, "large"), 24 << 20), 0);
	server = serve_slowly(site_path(site, "large"));
	stream = connect_http(server);
	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_TEXT_HAS(read_answer(stream, false), "Content-Length: 25165824\r\n");
	for (int i = 0; i < 24; i++) {
		CHECK_INT(await_stream_readexactly(stream, room, 1 << 20), 1 << 20);
		await_sleep(0.06);
	}
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
	free(room);
	remove_site(site);
}

TEST_TASK_WITH(a_peer_that_takes_nothing_of_a_file_is_cut, "W40", .deadline = 40,
	       .expect_stderr = "the peer took nothing of an answer for 0.3 s")
{
	char *site = make_site();
	async_http_server *server;
	async_stream *stream;
	char *rest = NULL;

	put_text(site, "large", "");
	CHECK_INT(truncate(site_path(site, "large"), 64 << 20), 0);
	server = serve_slowly(site_path(site, "large"));
	stream = connect_http(server);
	send_text(stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	await_sleep(2);
	CHECK(await_stream_readall(stream, &rest, 65 << 20) < (64 << 20));
	free(rest);
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}
