/* SPDX-License-Identifier: MIT */
/* The HTTP client over TLS: whom it trusts, and what it says when it does not. */
#include <errno.h>
#include "http/serving.h"
#include "tls/ends.h"

static async_http_server *serve_https(const struct made *identity, async_tls **tls)
{
	async_tls_options options = { .identity = { .certificate = identity->pem,
						    .key = identity->key_pem },
				      .shutdown_seconds = -1 };
	async_http_options http_options = { ASYNC_HTTPS(NULL) };
	async_app *app = async_app_new(NULL);

	*tls = async_tls_server(&options);
	http_options.tls = *tls;
	async_route(app, "GET", "/", say, "secret");
	return serve_app(app, &http_options);
}

static int fetch(const struct made *identity, const char *host, const char *ca, char text[300])
{
	async_tls_options trust = { .ca = ca, .shutdown_seconds = -1 };
	async_tls *server_tls, *tls = async_tls_client(&trust);
	async_http_server *http = serve_https(identity, &server_tls);
	async_session_options options = { ASYNC_CLIENT_TLS(tls) };
	async_session *session = async_session_new(&options);
	const char *port = strrchr(async_http_address(http, 0), ':');
	char url[100];
	int status = 0;

	snprintf(url, sizeof url, "https://%s%s/", host, port);
	for (int i = 0; i < 2; i++) { /* the second on the connection that was kept */
		async_response *answer = await_session_get(session, url);
		const char *body = await_response_text(answer);

		status = async_response_status(answer);
		snprintf(text, 300, "%s", body ? body : async_error());
		async_response_free(answer);
	}
	CHECK_INT(await_session_close(session), 0);
	CHECK_INT(await_http_close(http), 0);
	async_tls_free(tls);
	async_tls_free(server_tls);
	return status;
}

TEST_TASK_WITH(whom_a_client_trusts, "H35 Z27", .may_leak = 1)
{
	char text[300];

	CHECK_INT(fetch(&server, "127.0.0.1", authority.pem, text), 200);
	CHECK_STR(text, "secret");
	CHECK_INT(fetch(&other, "127.0.0.1", authority.pem, text), -EKEYREJECTED);
	CHECK_TEXT_HAS(text, "127.0.0.1");
	CHECK_TEXT_HAS(text, "other.test");
	CHECK_INT(fetch(&expired, "127.0.0.1", authority.pem, text), -EKEYEXPIRED);
	CHECK_TEXT_HAS(text, "expired");
	CHECK_INT(fetch(&alone, "127.0.0.1", authority.pem, text), -EKEYREJECTED);
	CHECK_INT(fetch(&foreign, "127.0.0.1", authority.pem, text), -EKEYREJECTED);
}
