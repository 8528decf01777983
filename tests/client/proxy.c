/* SPDX-License-Identifier: MIT */
/* Requests through proxies: what the proxy sees, what the target sees. The proxy here does what
 * HTTP and SOCKS proxies do; real ones are in tests/system/proxies.sh. */
#include <errno.h>
#include <arpa/inet.h>
#include "server/serving.h"
#include "joining.h"

static struct {
	async_server *server;
	char address[40];
	int connections, requests;
	char heard[8000];
	int refuse; /* with this status */
} proxy;

static async_http_server *http;
static char target[64];

static void hear(const char *data, size_t size)
{
	size_t used = strlen(proxy.heard);

	snprintf(proxy.heard + used, sizeof proxy.heard - used, "%.*s", (int)size, data);
}

/* "CONNECT a:1 HTTP/1.1" or "GET http://a:1/x HTTP/1.1": by name or not, it leads to the target. */
static int http_proxy(async_stream *stream)
{
	const char *head;
	char path[100] = "", request[300];
	async_stream *up;
	ssize_t n;

	while ((n = await_stream_readuntil(stream, "\r\n\r\n", &head)) > 0) {
		proxy.requests++;
		hear(head, (size_t)n);
		if (proxy.refuse) {
			n = snprintf(request, sizeof request,
				     "HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n", proxy.refuse);
			await_stream_write(stream, request, (size_t)n);
			continue;
		}
		up = await_connect_stream(async_http_address(http, 0));
		if (!strncmp(head, "CONNECT ", 8)) {
			await_stream_write(stream, "HTTP/1.1 200 Yes\r\n\r\n", 20);
			join(stream, up);
			return 0;
		}
		sscanf(head, "%*s http://%*[^/]%99s", path);
		n = snprintf(request, sizeof request,
			     "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
		await_stream_write(up, request, (size_t)n);
		n = await_stream_readall(up, (char **)&head, 100000);
		await_stream_write(stream, head, (size_t)n);
		free((char *)head);
		async_stream_abort(up);
		return 0;
	}
	return 0;
}

/* RFC 1928, with a login by RFC 1929 where one is offered. */
static int socks_proxy(async_stream *stream)
{
	unsigned char head[300];
	async_stream *up;

	await_stream_readexactly(stream, head, 2);
	await_stream_readexactly(stream, head + 2, head[1]);
	if (memchr(head + 2, 2, head[1])) {
		await_stream_write(stream, "\5\2", 2);
		await_stream_readexactly(stream, head, 2);
		await_stream_readexactly(stream, head, head[1]);
		hear((char *)head, 2);
		await_stream_readexactly(stream, head, 1);
		await_stream_readexactly(stream, head + 1, head[0]);
		await_stream_write(stream, "\1\0", 2);
	} else {
		await_stream_write(stream, "\5\0", 2);
	}
	await_stream_readexactly(stream, head, 4);
	if (head[3] == 3) {
		await_stream_readexactly(stream, head + 4, 1);
		await_stream_readexactly(stream, head + 5, head[4] + 2u);
		hear((char *)head + 5, head[4]);
	} else {
		await_stream_readexactly(stream, head + 4, head[3] == 1 ? 6 : 18);
		hear(head[3] == 1 ? "an address" : "an address of 16", 16);
	}
	proxy.requests++;
	if (proxy.refuse) {
		await_stream_write(stream, "\5\2\0\1\0\0\0\0\0\0", 10);
		return 0;
	}
	up = await_connect_stream(async_http_address(http, 0));
	await_stream_write(stream, "\5\0\0\1\0\0\0\0\0\0", 10);
	join(stream, up);
	return 0;
}

/* Version 4A: the address 0.0.0.1 says that a name follows. */
static int socks4_proxy(async_stream *stream)
{
	unsigned char head[8];
	async_stream *up;
	const char *text;
	ssize_t n;

	await_stream_readexactly(stream, head, 8);
	n = await_stream_readuntil_any(stream, &(struct iovec){ (char *)"", 1 }, 1, &text);
	hear(text, (size_t)n - 1);
	if (!head[4] && !head[5] && !head[6]) {
		n = await_stream_readuntil_any(stream, &(struct iovec){ (char *)"", 1 }, 1, &text);
		hear(text, (size_t)n - 1);
	} else {
		hear("an address", 10);
	}
	up = await_connect_stream(async_http_address(http, 0));
	await_stream_write(stream, "\0\x5a\0\0\0\0\0\0", 8);
	join(stream, up);
	return 0;
}

static int handle(async_stream *stream, void *arg)
{
	const char *first;

	(void)arg;
	proxy.connections++;
	if (await_stream_peek(stream, 1, &first) <= 0)
		return 0;
	if (*first == 4)
		return socks4_proxy(stream);
	return *first == 5 ? socks_proxy(stream) : http_proxy(stream);
}

static int show(async_request *request, void *arg)
{
	const char *login = async_request_header(request, "Proxy-Authorization");

	(void)arg;
	return await_respond_printf(request, "%s %s", async_request_target(request),
				    login ? login : "-");
}

static void begin(void)
{
	async_app *app = async_app_new(NULL);

	async_route(app, "*", "/", show, NULL);
	async_route(app, "*", "/x", show, NULL);
	http = serve_app(app, NULL);
	memset(&proxy, 0, sizeof proxy);
	proxy.server = await_server_start(NULL, "127.0.0.1:0", handle, NULL);
	snprintf(proxy.address, sizeof proxy.address, "%s", async_server_address(proxy.server, 0));
	snprintf(target, sizeof target, "http://target.test:%s/x",
		 strrchr(async_http_address(http, 0), ':') + 1);
}

static void end(void)
{
	async_server_abort_clients(proxy.server);
	await_server_close(proxy.server, NULL);
	await_http_close(http);
}

static const char *fetch(async_session *session, const char *url, const async_call *call)
{
	return take_answer(await_http_request(session, "GET", url, call));
}

static const char *with(const char *scheme, const char *login)
{
	static char text[100];

	snprintf(text, sizeof text, "%s%s%s", scheme, login, proxy.address);
	return text;
}

TEST_TASK(http_is_asked_of_the_proxy, "H36")
{
	async_session_options options = { 0 };
	async_http_field mine = { "Proxy-Authorization", "mine" };
	async_call direct = { .proxy = "" }, login = { .fields = &mine, .field_count = 1 };
	async_session *session;
	char expected[100], url[80];

	begin();
	options.proxy = with("http://", "me:secret@");
	session = async_session_new(&options);
	CHECK_STR(fetch(session, target, NULL), "/x -");
	snprintf(expected, sizeof expected, "GET %s HTTP/1.1\r\nHost: target.test:", target);
	CHECK_TEXT_HAS(proxy.heard, expected);
	CHECK_TEXT_HAS(proxy.heard, "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n");
	/* None for one request; then what is meant for a proxy stays here. */
	direct.fields = &mine;
	direct.field_count = 1;
	snprintf(url, sizeof url, "http://%s/", async_http_address(http, 0));
	CHECK_STR(fetch(session, url, &direct), "/ -");
	CHECK_INT(proxy.requests, 1);
	*proxy.heard = '\0';
	fetch(session, target, &login);
	CHECK_TEXT_HAS(proxy.heard, "Proxy-Authorization: mine\r\n");
	CHECK(!strstr(proxy.heard, "Basic"));
	await_session_close(session);

	proxy.refuse = 407;
	session = async_session_new(&options);
	CHECK_INT(async_response_status(NULL) < 0, 1);
	{
		async_response *answer = await_session_get(session, target);

		CHECK_INT(async_response_status(answer), 407);
		async_response_free(answer);
	}
	await_session_close(session);
	end();
}

TEST_TASK(connections_to_a_proxy_serve_all_targets, "H36 H29")
{
	async_session_options options = { 0 };
	async_session *session;

	begin();
	proxy.refuse = 404; /* keeps its connection */
	options.proxy = with("", "");
	session = async_session_new(&options);
	fetch(session, "http://one.test/", NULL);
	fetch(session, "http://two.test/", NULL);
	CHECK_INT(proxy.requests, 2);
	CHECK_INT(proxy.connections, 1);
	await_session_close(session);
	end();
}

TEST_TASK(socks_with_names_here_and_there, "H36 X08")
{
	async_session_options options = { 0 };
	async_call_facts facts;
	async_call call = { .facts = &facts };
	async_session *session;
	char url[80];

	begin();
	/* A password like a port is none. */
	options.proxy = "socks5h://me:80@127.0.0.1";
	CHECK((session = async_session_new(&options)));
	CHECK(!await_http_request(session, "GET", target, NULL));
	CHECK_TEXT_HAS(async_error(), ":1080");
	await_session_close(session);
	options.proxy = with("socks5h://", "me:secret@");
	session = async_session_new(&options);
	CHECK_STR(fetch(session, target, NULL), "/x -");
	CHECK_STR(proxy.heard, "metarget.test");
	CHECK_STR(fetch(session, target, &call), "/x -");
	CHECK_INT(proxy.connections, 1); /* the connection is kept */
	CHECK(facts.reused);
	await_session_close(session);

	*proxy.heard = '\0';
	options.proxy = with("socks5://", "");
	session = async_session_new(&options);
	snprintf(url, sizeof url, "http://localhost:%s/",
		 strrchr(async_http_address(http, 0), ':') + 1);
	CHECK_STR(fetch(session, url, NULL), "/ -");
	CHECK_TEXT_HAS(proxy.heard, "an address");
	await_session_close(session);

	proxy.refuse = 1;
	session = async_session_new(&options);
	CHECK(!await_http_request(session, "GET", "http://127.0.0.1:9/", &call));
	CHECK_INT(async_error_code(), -EPERM);
	CHECK_INT(facts.phase, ASYNC_CALL_PROXY);
	await_session_close(session);
	end();
}

/* ::1 comes first, for which version 4 has no room. */
static int resolve_both(const char *host, uint16_t port, async_addresses *addresses, void *arg)
{
	static const char *const texts[] = { "[::1]:%d", "127.0.0.1:%d" };
	int error = 0;

	(void)host, (void)arg;
	for (size_t i = 0; i < 2 && !error; i++) {
		struct sockaddr_storage address;
		socklen_t length;
		char text[40];

		snprintf(text, sizeof text, texts[i], port);
		async_address_parse(text, &address, &length);
		error = async_addresses_add(addresses, (struct sockaddr *)&address, length);
	}
	return error;
}

TEST_TASK(socks_of_version_4_and_several_addresses, "X08")
{
	async_session_options options = { .await_resolve = resolve_both };
	async_session *session;

	begin();
	options.proxy = with("socks4://", "");
	session = async_session_new(&options);
	CHECK_STR(fetch(session, target, NULL), "/x -");
	CHECK_STR(proxy.heard, "an address");
	await_session_close(session);
	end();
}

TEST_TASK(ports_of_proxies, "X08 H36")
{
	static const struct {
		const char *proxy, *said;
	} cases[] = {
		{ "socks5h://127.0.0.1", "127.0.0.1:1080" },
		{ "socks5h://127.0.0.1:80", "127.0.0.1:80" },
		{ "socks5h://127.0.0.1:80/", "127.0.0.1:80" },
		{ "socks5h://me:80@127.0.0.1/:80", "127.0.0.1:1080" },
		{ "socks5h://[::80]", "[::80]:1080" },
		{ "socks5h://[::1]:80", "[::1]:80" },
		{ "socks5h://127.0.0.1:8080", "127.0.0.1:8080" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		async_session_options options = { .proxy = cases[i].proxy, .connect_seconds = 5 };
		async_session *session = async_session_new(&options);

		CHECK(session);
		CHECK(!await_http_request(session, "GET", "http://nowhere.invalid/", NULL));
		CHECK_TEXT_HAS(async_error(), cases[i].said);
		await_session_close(session);
	}
}

/* An upgrade would be one of the connection to the proxy. */
TEST_TASK(upgrades_take_a_tunnel, "H36 H13")
{
	async_session_options options = { 0 };
	async_http_field upgrade = { "Upgrade", "x" };
	async_call call = { .fields = &upgrade, .field_count = 1 };
	async_session *session;
	char url[80];

	begin();
	options.proxy = with("http://", "me:secret@");
	session = async_session_new(&options);
	CHECK_STR(fetch(session, target, &call), "/x -");
	CHECK_TEXT_HAS(proxy.heard, "CONNECT target.test:");
	*proxy.heard = '\0';
	snprintf(url, sizeof url, "ws%s", target + 4);
	CHECK_STR(fetch(session, url, NULL), "/x -");
	CHECK_TEXT_HAS(proxy.heard, "CONNECT target.test:");
	await_session_close(session);
	end();
}

TEST_TASK(socks_of_version_4, "X08")
{
	async_session_options options = { 0 };
	async_session *session;
	char url[80];

	begin();
	options.proxy = with("socks4a://", "me@");
	session = async_session_new(&options);
	CHECK_STR(fetch(session, target, NULL), "/x -");
	CHECK_STR(proxy.heard, "metarget.test");
	await_session_close(session);
	*proxy.heard = '\0';
	options.proxy = with("socks4://", "");
	session = async_session_new(&options);
	snprintf(url, sizeof url, "http://127.0.0.1:%s/",
		 strrchr(async_http_address(http, 0), ':') + 1);
	CHECK_STR(fetch(session, url, NULL), "/ -");
	CHECK_STR(proxy.heard, "an address");
	await_session_close(session);
	end();
}

TEST_TASK_WITH(proxies_of_the_environment, "H37", .may_leak = 1)
{
	async_session_options options = { .environment = true };
	async_session *session;
	char url[80];

	begin();
	unsetenv("no_proxy");
	setenv("http_proxy", with("", ""), 1);
	setenv("no_proxy", "127.0.0.1", 1);
	setenv("NETRC", "/nowhere/at/all", 1);
	session = async_session_new(&options);
	CHECK_STR(fetch(session, target, NULL), "/x -");
	CHECK_INT(proxy.requests, 1);
	snprintf(url, sizeof url, "http://%s/", async_http_address(http, 0));
	CHECK_STR(fetch(session, url, NULL), "/ -");
	CHECK_INT(proxy.requests, 1);
	setenv("http_proxy", "http://no such:1", 1);
	CHECK_TEXT_HAS(fetch(session, target, NULL), "the environment (http_proxy");
	setenv("http_proxy", with(" \thttp://", ""), 1);
	CHECK_STR(fetch(session, target, NULL), "/x -");
	CHECK_INT(proxy.requests, 2);
	await_session_close(session);
	options.environment = false;
	session = async_session_new(&options);
	fetch(session, url, NULL);
	CHECK_INT(proxy.requests, 2);
	await_session_close(session);
	end();
}

static int resolve_nothing(const char *host, uint16_t port, async_addresses *addresses, void *arg)
{
	(void)port;
	(void)addresses;
	(void)arg;
	return async_fail(-ENXIO, "no such name: %s", host);
}

TEST_TASK(proxies_that_are_none, "H36 H45")
{
	async_session_options options = { .proxy = "ftp://x" };
	async_call_facts facts;
	async_call call = { .facts = &facts };
	async_session *session;

	CHECK(!async_session_new(&options));
	CHECK_TEXT_HAS(async_error(), "scheme ftp");
	options.proxy = "http://a:secret@[";
	CHECK(!async_session_new(&options));
	CHECK(!strstr(async_error(), "secret"));
	options = (async_session_options){ .proxy = "http://x", .unix_path = "/x" };
	CHECK(!async_session_new(&options));
	options = (async_session_options){ .proxy = "http://me:secret@127.0.0.1:1" };
	session = async_session_new(&options);
	CHECK(!await_http_request(session, "GET", "http://target.test/", &call));
	CHECK_INT(async_error_code(), -ECONNREFUSED);
	CHECK(!strstr(async_error(), "secret"));
	CHECK_TEXT_HAS(async_error(), "the proxy 127.0.0.1:1: ");
	CHECK_INT(facts.phase, ASYNC_CALL_CONNECT);
	await_session_close(session);
	options = (async_session_options){ .proxy = "http://proxy.invalid:8080",
					   .await_resolve = resolve_nothing };
	session = async_session_new(&options);
	CHECK(!await_http_request(session, "GET", "http://target.test/", &call));
	CHECK_TEXT_HAS(async_error(), "the proxy proxy.invalid:8080: no such name");
	CHECK_INT(facts.phase, ASYNC_CALL_RESOLVE);
	await_session_close(session);
}
