/* SPDX-License-Identifier: MIT */
/* Where and how connections are made: resolvers, addresses, sockets, unix. */
#include <errno.h>
#include <netinet/in.h>
#include "server/serving.h"

static async_http_server *http;
static uint16_t port;

static void begin(void)
{
	async_app *app = async_app_new(NULL);

	async_route(app, "GET", "/", say, "hello");
	http = serve_app(app, NULL);
	port = (uint16_t)atoi(strrchr(async_http_address(http, 0), ':') + 1);
}

static int asked;

static int resolve(const char *host, uint16_t at, async_addresses *addresses, void *arg)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(at),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	(void)arg;
	asked++;
	if (!strcmp(host, "none.test"))
		return 0;
	if (strcmp(host, "there.test"))
		return async_fail(-ENXIO, "there is no %s", host);
	return async_addresses_add(addresses, (struct sockaddr *)&address, sizeof address);
}

static const char *fetch(const async_session_options *options, const char *url)
{
	async_session *session = async_session_new(options);
	const char *text = take_answer(await_session_get(session, url));

	CHECK_INT(await_session_close(session), 0);
	return text;
}

TEST_TASK(a_resolver_of_ones_own, "H32")
{
	async_session_options options = { .await_resolve = resolve };
	char url[80];

	begin();
	snprintf(url, sizeof url, "http://there.test:%d/", port);
	CHECK_STR(fetch(&options, url), "hello");
	CHECK_TEXT_HAS(fetch(&options, "http://gone.test/"), "there is no gone.test");
	CHECK_TEXT_HAS(fetch(&options, "http://none.test/"), "no address of none.test");
	CHECK_INT(asked, 3);
	/* Numbers ask nobody, and all their disguises are numbers (WHATWG URL, 3.5). */
	snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
	CHECK_STR(fetch(&options, url), "hello");
	snprintf(url, sizeof url, "http://0x7f.1:%d/", port);
	CHECK_STR(fetch(&options, url), "hello");
	CHECK_INT(asked, 3);
	await_http_close(http);
}

static int prepared;

static int prepare(int fd, const struct sockaddr *address, void *arg)
{
	int on = 1;

	prepared++;
	CHECK_INT(address->sa_family, AF_INET);
	return arg ? -EPERM : async_setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

TEST_TASK(sockets_are_prepared, "H33")
{
	async_connect_options connect = { .prepare = prepare };
	async_session_options options = { .connect = &connect };
	char url[80];

	begin();
	snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
	CHECK_STR(fetch(&options, url), "hello");
	CHECK_INT(prepared, 1);
	connect.prepare_arg = &connect;
	CHECK_TEXT_HAS(fetch(&options, url), "EPERM");
	await_http_close(http);
}

TEST_TASK(where_from_and_by_which_family, "H33")
{
	async_connect_options connect = { .local = "127.0.0.2:0", .family = AF_INET };
	async_session_options options = { .connect = &connect };
	char url[80];

	begin();
	snprintf(url, sizeof url, "http://localhost:%d/", port);
	CHECK_STR(fetch(&options, url), "hello");
	connect = (async_connect_options){ .family = AF_INET6 };
	CHECK_TEXT_HAS(fetch(&options, url), "cannot connect");
	await_http_close(http);
}

TEST_TASK(names_are_asked_for_once, "H31")
{
	/* Who keeps and shares the answers is the resolver: tests/names/cache.c. */
	char url[80];

	begin();
	snprintf(url, sizeof url, "http://localhost:%d/", port);
	for (int i = 0; i < 3; i++)
		CHECK_STR(fetch(NULL, url), "hello");
	await_http_close(http);
}

TEST_TASK(a_unix_socket, "H34")
{
	char *directory = make_site();
	async_session_options options = { 0 };
	async_app *app = async_app_new(NULL);
	async_http_server *server;
	char address[120];

	snprintf(address, sizeof address, "unix:%s/http.sock", directory);
	async_route(app, "GET", "/", say, "by path");
	server = await_http_start(NULL, app, address);
	CHECK(server);
	options.unix_path = address + 5;
	CHECK_STR(fetch(&options, "http://whatever.test/"), "by path");
	options.unix_path = "/nowhere/at/all";
	CHECK_TEXT_HAS(fetch(&options, "http://whatever.test/"), "/nowhere/at/all");
	await_http_close(server);
	remove_site(directory);
}
