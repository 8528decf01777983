/* SPDX-License-Identifier: MIT */
/* A reverse proxy: a server whose handler is a client. Bodies go through in pieces, both ways, so
 * that neither side can fill its memory. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct upstream {
	char *origin; /* "http://127.0.0.1:8000" */
	async_session *session;
};

/* About one connection each (RFC 9110, 7.6.1): what is known to be, and what `connection`, a field
 * of that name, lists; and what server and client say themselves. */
static bool is_own(const char *name, const char *connection)
{
	static const char *const own[] = {
		"Connection", "Keep-Alive",	"Proxy-Connection", "TE",   "Transfer-Encoding",
		"Upgrade",    "Content-Length", "Expect",	    "Host", "Trailer"
	};

	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		if (!strcasecmp(name, own[i]))
			return true;
	}
	while (connection && *connection) {
		size_t size = strcspn(connection, ", \t");

		if (size == strlen(name) && !strncasecmp(connection, name, size))
			return true;
		connection += size;
		connection += strspn(connection, ", \t");
	}
	return false;
}

static async_response *await_upstream(async_request *request, const char *url,
				      async_session *session)
{
	async_source body = async_request_source(request);
	async_http_field fields[130];
	async_call call = { .fields = fields, .redirects = -1 };
	const char *connection = async_request_header(request, "Connection"), *name, *value;

	/* The server takes bodies out of their coding. */
	for (size_t i = 0; (name = async_request_header_at(request, i, &value)); i++) {
		if (!is_own(name, connection) && strcasecmp(name, "Content-Encoding") &&
		    call.field_count < 128)
			fields[call.field_count++] = (async_http_field){ name, value };
	}
	fields[call.field_count++] =
		(async_http_field){ "X-Forwarded-For", async_request_remote(request) };
	if (async_request_has_body(request))
		call.source = &body;
	return await_http_request(session, async_request_method(request), url, &call);
}

static int forward(async_request *request, void *arg)
{
	const struct upstream *upstream = arg;
	const char *target = async_request_target(request), *connection, *name, *value, *data;
	async_response *answer;
	char url[9000];
	ssize_t n = 0;

	/* Behind the upstream's own name, so that "//elsewhere/" does not lead there. */
	if (*target != '/' ||
	    (size_t)snprintf(url, sizeof url, "%s%s", upstream->origin, target) >= sizeof url)
		return 400;
	answer = await_upstream(request, url, upstream->session);

	if (!answer) {
		fprintf(stderr, "%s\n", async_error());
		return async_error_code() == -ETIMEDOUT ? 504 : 502;
	}
	async_respond_status(request, async_response_status(answer));
	connection = async_response_header(answer, "Connection");
	for (size_t i = 0; (name = async_response_header_at(answer, i, &value)); i++) {
		if (!is_own(name, connection))
			async_respond_add(request, name, value);
	}
	if (async_response_length(answer) >= 0)
		async_respond_length(request, (uint64_t)async_response_length(answer));
	await_respond_begin(request);
	while (n >= 0 && (n = await_response_chunk(answer, &data)) > 0)
		n = await_respond_write(request, data, (size_t)n);
	async_response_free(answer);
	return (int)n;
}

int main(int argc, char **argv)
{
	/* What is compressed goes through as it is, and so do cookies: they are the browsers'. */
	async_session_options options = { .keep_encoded = true, .no_cookies = true };
	async_app *app = async_app_new(NULL);
	struct upstream upstream;
	async_url url;

	if (argc != 3) {
		fprintf(stderr, "usage: %s http://UPSTREAM/ ADDRESS\n", argv[0]);
		return 2;
	}
	upstream.session = async_session_new(&options);
	if (!upstream.session || async_url_parse(argv[1], NULL, &url) ||
	    !(upstream.origin = async_url_origin(&url)) ||
	    async_fallback(app, forward, &upstream) || await_http_serve(app, argv[2])) {
		fprintf(stderr, "%s\n", async_error());
		return 1;
	}
	await_session_close(upstream.session);
	async_url_free(&url);
	free(upstream.origin);
	return 0;
}
