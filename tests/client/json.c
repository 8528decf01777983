/* SPDX-License-Identifier: MIT */
/* JSON to a server and back. */
#include <errno.h>
#include <jansson.h>
#include "server/serving.h"
#include "talker.h"

static int add(async_request *request, void *arg)
{
	json_t *body = await_request_json(request);
	json_int_t a, b;

	(void)arg;
	if (!body || json_unpack(body, "{s:I, s:I}", "a", &a, "b", &b))
		return 422;
	return await_respond_json(request, json_pack("{s:I}", "sum", a + b));
}

static int broken(async_request *request, void *arg)
{
	async_respond_type(request, "application/problem+json");
	return await_respond_text(request, arg);
}

TEST_TASK(json_to_a_server_and_back, "H08 H16")
{
	async_app *app = async_app_new(NULL);
	async_session *session = async_session_new(NULL);
	async_http_server *server;
	async_response *answer;
	char url[100];
	json_t *sum;

	async_route(app, "POST", "/add", add, NULL);
	async_route(app, "GET", "/broken", broken, "{");
	async_route(app, "GET", "/text", say, "{}");
	server = serve_app(app, NULL);
	snprintf(url, sizeof url, "http://%s/add", async_http_address(server, 0));
	answer = await_session_post_json(session, url, json_pack("{s:i, s:i}", "a", 40, "b", 2));
	sum = await_response_json(answer);
	CHECK(sum && await_response_json(answer) == sum);
	CHECK_INT(json_integer_value(json_object_get(sum, "sum")), 42);
	async_response_free(answer);
	CHECK(!await_session_post_json(session, url, NULL));
	CHECK_INT(async_error_code(), -EINVAL);

	snprintf(url, sizeof url, "http://%s/broken", async_http_address(server, 0));
	answer = await_session_get(session, url);
	CHECK(!await_response_json(answer));
	CHECK_INT(async_error_code(), -EBADMSG);
	CHECK_TEXT_HAS(async_error(), "line 1, column");
	async_response_free(answer);

	snprintf(url, sizeof url, "http://%s/text", async_http_address(server, 0));
	answer = await_session_get(session, url);
	CHECK(!await_response_json(answer));
	CHECK_TEXT_HAS(async_error(), "text/plain; charset=utf-8, not application/json");
	async_response_free(answer);
	CHECK(!await_response_json(NULL));
	CHECK_INT(await_session_close(session), 0);
	CHECK_INT(await_http_close(server), 0);
}

TEST_TASK(json_behind_a_byte_order_mark, "H16")
{
	static const char *const answers[] = { "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"
					       "\xef\xbb\xbf[1]",
					       "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
					       "\xef\xbb\xbf",
					       NULL };
	struct talker talker = { .answers = answers };
	async_session *session = async_session_new(NULL);
	async_response *answer;

	talker_begin(&talker);
	answer = await_session_get(session, talker.url);
	CHECK_INT(json_array_size(await_response_any_json(answer)), 1);
	async_response_free(answer);
	answer = await_session_get(session, talker.url);
	CHECK(json_is_null(await_response_any_json(answer)));
	async_response_free(answer);
	CHECK_INT(await_session_close(session), 0);
	talker_end(&talker);
}
