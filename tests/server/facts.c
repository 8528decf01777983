/* SPDX-License-Identifier: MIT */
/* What a request says of itself, and its body as a whole. */
#include <errno.h>
#include "serving.h"

static int show(async_request *request, void *arg)
{
	const char *value = "", *name = async_request_header_at(request, 0, &value);
	const char *second = async_request_query_nth(request, "x", 1);

	(void)arg;
	return await_respond_printf(request, "%s|%s|%s|%s|%s|%s|%s|%s|%s|%s=%s|%s|%d|%lld|%s|%s",
				    async_request_method(request), async_request_target(request),
				    async_request_path(request), async_request_query(request),
				    async_request_query_value(request, "x"), second ? second : "-",
				    async_request_match(request, "v"), async_request_host(request),
				    async_request_url(request), name, value,
				    async_request_remote(request), async_request_minor(request),
				    (long long)async_request_length(request),
				    async_request_content_type(request),
				    async_request_charset(request));
}

TEST_TASK(all_there_is_to_know, "W19 W13 W09")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "*", "/p/{v}", show, NULL);
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(
		ask(server, "PUT /p/a%2fb%20c?x=1+%26&y&x=%zz HTTP/1.0\r\nHost: h:80\r\n"
			    "Content-Type: Text/HTML; a=b; Charset=\"UTF-8\"\r\nContent-Length: 2"
			    "\r\n\r\nab"),
		"\r\n\r\nPUT|/p/a%2fb%20c?x=1+%26&y&x=%zz|/p/a/b c|x=1+%26&y&x=%zz|1 &|%zz|a/b c|h:80|"
		"http://h:80/p/a%2fb%20c?x=1+%26&y&x=%zz|Host=h:80|127.0.0.1|0|2|text/html|utf-8");
	CHECK_TEXT_HAS(ask(server,
			   "GET http://other/p/x?x= HTTP/1.1\r\nHost: h\r\nConnection: close"
			   "\r\n\r\n"),
		       "|/p/x|x=||-|x|other|http://other/p/x?x=|Host=h|127.0.0.1|1|0|"
		       "application/octet-stream|");
	CHECK_INT(await_http_close(server), 0);
}

static int behind_proxy(async_request *request, void *key)
{
	CHECK_INT(async_request_set_origin(request, "https", "public.example",
					   async_request_header(request, "x-real-ip")),
		  0);
	CHECK(!async_request_value(request, key));
	CHECK_INT(async_request_set_value(request, key, (void *)"first"), 0);
	CHECK_INT(async_request_set_value(request, key, (void *)"kept"), 0);
	return await_next(request);
}

static int show_origin(async_request *request, void *key)
{
	CHECK(async_request_app(request) && async_request_stream(request));
	CHECK(!async_request_header(request, "No-Such-Field"));
	CHECK(!async_request_match(request, "none"));
	CHECK_INT(async_request_match_int(request, "none"), -EINVAL);
	CHECK(!async_request_is_ending(request));
	return await_respond_printf(request, "%s %s %s %s", async_request_scheme(request),
				    async_request_url(request), async_request_remote(request),
				    (char *)async_request_value(request, key));
}

TEST_TASK(what_a_middleware_knows_better, "W19 W17 W47")
{
	static const int key;
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_middleware(app, behind_proxy, (void *)&key);
	async_route(app, "GET", "/", show_origin, &key);
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(ask(server, "GET / HTTP/1.0\r\nX-Real-IP: 192.0.2.7\r\nX-Forwarded-For: "
				   "6.6.6.6\r\n\r\n"),
		       "\r\n\r\nhttps https://public.example/ 192.0.2.7 kept");
	CHECK_INT(await_http_close(server), 0);
}

static int proxies(async_request *request, void *arg)
{
	const char *first = async_request_forwarded(request, 0, "for");
	const char *host = async_request_forwarded(request, 1, "host");
	const char *last = async_request_forwarded(request, 2, "for");

	(void)arg;
	CHECK(!async_request_forwarded(request, 0, "by"));
	CHECK(!async_request_forwarded(request, 3, "for"));
	return await_respond_printf(request, "%s, %s, %s, %s", first, host, last,
				    async_request_remote(request));
}

TEST_TASK(what_proxies_say_is_read_and_not_believed, "W19")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route(app, "GET", "/", proxies, NULL);
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(ask(server,
			   "GET / HTTP/1.0\r\nForwarded: For=\"[2001:db8::1]:47\";proto=http,"
			   " for=\"a, b\"; host=\"x\\\"y\"\r\nForwarded: for=192.0.2.1\r\n\r\n"),
		       "\r\n\r\n[2001:db8::1]:47, x\"y, 192.0.2.1, 127.0.0.1");
	CHECK_INT(await_http_close(server), 0);
}

static int ended;

static void count_end(void *arg)
{
	ended = ended * 10 + async_int(arg);
}

static int allocates(async_request *request, void *arg)
{
	char *memory = async_request_alloc(request, 100000);

	(void)arg;
	memset(memory, 'x', 100000);
	async_request_on_end(request, count_end, ASYNC_INT(1));
	async_request_on_end(request, count_end, ASYNC_INT(2));
	return await_respond_data(request, NULL, memory, 10);
}

TEST_TASK(memory_of_a_request, "W23")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	ended = 0;
	async_route(app, "GET", "/", allocates, NULL);
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(get(server, "/"), "application/octet-stream\r\nContent-Length: 10\r\n");
	CHECK_INT(ended, 21);
	CHECK_INT(await_http_close(server), 0);
}

static int sum(async_request *request, void *arg)
{
	char data[7];
	ssize_t n;
	long total = 0, count = 0;

	(void)arg;
	while ((n = await_request_read(request, data, sizeof data)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			total += data[i] - '0';
		count++;
	}
	CHECK_INT(await_request_read(request, data, sizeof data), n);
	return n < 0 ? (int)n : await_respond_printf(request, "%ld in %ld", total, count);
}

TEST_TASK(a_body_as_it_comes, "W21 W22 H17")
{
	async_app *app = async_app_new(&(async_route_options){ .body_bytes = 4 });
	async_http_server *server;

	async_route(app, "POST", "/", sum, NULL);
	server = serve_app(app, NULL);
	/* The limit is for bodies as a whole. */
	CHECK_TEXT_HAS(ask(server, "POST / HTTP/1.0\r\nContent-Length: 10\r\n\r\n1234567890"),
		       "45 in 2");
	CHECK_TEXT_HAS(ask(server,
			   "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
			   "Transfer-Encoding: chunked\r\n\r\n3\r\n111\r\n1\r\n2\r\n0\r\n\r\n"),
		       "5 in 2");
	CHECK_TEXT_HAS(ask(server,
			   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "0x3\r\n111\r\n"),
		       "400 Bad Request");
	CHECK_INT(await_http_close(server), 0);
}

static int twice(async_request *request, void *arg)
{
	const char *first, *again;
	ssize_t n = await_request_body(request, &first);

	(void)arg;
	if (n < 0)
		return (int)n;
	CHECK_INT(await_request_body(request, &again), n);
	CHECK(first == again && !first[n]);
	return await_respond_data(request, NULL, first, (size_t)n);
}

TEST_TASK(a_body_as_a_whole_has_a_limit, "W21 W22")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;

	async_route_with(app, &(async_route_options){ .body_bytes = 5 }, "POST", "/", twice, NULL);
	server = serve_app(app, NULL);
	CHECK_TEXT_HAS(ask(server, "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n12345"),
		       "\r\n\r\n12345");
	CHECK_TEXT_HAS(ask(server, "POST / HTTP/1.0\r\n\r\n"), "Content-Length: 0\r\n");
	CHECK_TEXT_HAS(ask(server, "POST / HTTP/1.0\r\nContent-Length: 6\r\n\r\n123456"),
		       "larger than 5 bytes (route option `body_bytes`)");
	CHECK_TEXT_HAS(ask(server,
			   "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
			   "Transfer-Encoding: chunked\r\n\r\n3\r\n123\r\n3\r\n456\r\n0\r\n\r\n"),
		       "413 Content Too Large");
	CHECK_INT(await_http_close(server), 0);
}
