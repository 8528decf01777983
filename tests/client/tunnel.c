/* SPDX-License-Identifier: MIT */
/* CONNECT from the client's side, byte by byte. */
#include "client/tunnel.h"
#include "fault.h"
#include "proxying.h"

/* A request, and what came of it. */
struct talk {
	struct tunnel_request request;
	int status;
	char challenge[100];
};

static int talk(async_stream *stream, void *arg)
{
	struct tunnel_answer *answer = malloc(sizeof *answer);
	struct talk *talk = arg;
	int result = await_tunnel_open(stream, &talk->request, answer);
	const struct http_field *field;

	talk->status = answer->head.status;
	*talk->challenge = '\0';
	field = talk->status ?
			http_field_known(&answer->head.fields, HTTP_NAME_PROXY_AUTHENTICATE) :
			NULL;
	if (field)
		snprintf(talk->challenge, sizeof talk->challenge, "%.*s", (int)field->value.size,
			 answer->block + field->value.at);
	tunnel_answer_end(answer);
	free(answer);
	return result;
}

#define ASKED "CONNECT a.org:443 HTTP/1.1<0d><0a>Host: a.org:443<0d><0a>"

static struct talk plain = { .request = { .authority = "a.org:443" } };

static void opens(struct talk *with, const char *answer, int status, const char *heard,
		  const char *rest)
{
	struct outcome outcome = converse_cut(answer, strlen(answer), talk, with);

	CHECK_INT(outcome.result, 0);
	CHECK_INT(with->status, status);
	CHECK_STR(outcome.heard, heard);
	CHECK_STR(outcome.rest, rest);
	outcome_end(&outcome);
}

static void fails(struct talk *with, const char *answer, int status, int error, const char *text)
{
	struct outcome outcome = converse_cut(answer, strlen(answer), talk, with);

	CHECK_INT(outcome.result, error);
	CHECK_INT(with->status, status);
	CHECK_TEXT_HAS(outcome.text, text);
	outcome_end(&outcome);
}

TEST_TASK(tunnels, "H36")
{
	opens(&plain, "HTTP/1.1 200 Connection established\r\n\r\n", 200, ASKED "<0d><0a>", "");
	opens(&plain, "HTTP/1.0 200\r\nProxy-Agent: x\r\n\r\n", 200, ASKED "<0d><0a>", "");
	/* What follows is the target's, whatever the head says of a body (RFC 9110, 9.3.6). */
	opens(&plain, "HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello", 204,
	      ASKED "<0d><0a>", "5<0d><0a>hello");
	opens(&plain, "HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\n\r\nabc", 200, ASKED "<0d><0a>",
	      "<0d><0a>abc");
	/* Announcements before it. */
	opens(&plain,
	      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n"
	      "HTTP/1.1 200 OK\r\n\r\nx",
	      200, ASKED "<0d><0a>", "x");
}

TEST_TASK(fields_for_the_proxy, "H36")
{
	static const async_http_field fields[] = { { "User-Agent", "me" }, { "X-Trace", "1" } };
	static const async_http_field host[] = { { "HOST", "b.org" } };
	char large[5000];
	async_http_field much = { "X-Much", large };
	struct talk with = { .request = { .authority = "[::1]:443",
					  .authorization = "Basic bWU6c2VjcmV0",
					  .fields = fields,
					  .field_count = 2 } };
	struct outcome outcome;

	opens(&with, "HTTP/1.1 200 OK\r\n\r\n", 200,
	      "CONNECT [::1]:443 HTTP/1.1<0d><0a>Host: [::1]:443<0d><0a>"
	      "Proxy-Authorization: Basic bWU6c2VjcmV0<0d><0a>User-Agent: me<0d><0a>X-Trace: "
	      "1<0d><0a><0d><0a>",
	      "");
	with = (struct talk){
		.request = { .authority = "a.org:443", .fields = host, .field_count = 1 }
	};
	opens(&with, "HTTP/1.1 200 OK\r\n\r\n", 200,
	      "CONNECT a.org:443 HTTP/1.1<0d><0a>HOST: b.org<0d><0a><0d><0a>", "");
	/* More than lies on the stack. */
	memset(large, 'x', sizeof large);
	large[sizeof large - 1] = '\0';
	with.request.fields = &much;
	outcome = converse("HTTP/1.1 200 OK\r\n\r\n", 19, 0, talk, &with);
	CHECK_INT(outcome.result, 0);
	CHECK_TEXT_HAS(outcome.heard, large);
	outcome_end(&outcome);
}

TEST_TASK(refusals, "H36")
{
	struct talk with = plain;

	fails(&with,
	      "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic "
	      "realm=\"x\"\r\nContent-Length: 2\r\n\r\nno",
	      407, -EACCES, "wants a login for a.org:443: 407 Proxy Authentication Required");
	CHECK_STR(with.challenge, "Basic realm=\"x\"");
	with.request.authorization = "Basic eDp5";
	fails(&with, "HTTP/1.1 407 \r\n\r\n", 407, -EACCES, "wants another login");
	fails(&with,
	      "HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=\"x, y\", nonce=a, NTLM\r\n"
	      "Proxy-Authenticate: Negotiate\r\n\r\n",
	      407, -EACCES, "(it takes Digest, NTLM, Negotiate;");
	fails(&plain, "HTTP/1.1 403 No\r\n\r\n", 403, -EREMOTEIO, "CONNECT a.org:443 with 403 No");
	fails(&plain, "HTTP/1.1 502 Bad \x80 Gateway\r\n\r\n", 502, -EREMOTEIO, "502 Bad \\x80");
	fails(&plain, "HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n", 302, -EREMOTEIO, "302");
	fails(&plain, "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", 101, -EPROTO, "101");
}

TEST_TASK(no_proxies, "H36")
{
	struct talk with = plain;

	fails(&with, "", 0, -ECONNRESET, "before it answered");
	fails(&with, "HTTP/1.1 200 OK\r\nA", 0, -ENODATA, "in the middle");
	fails(&with, "HTTP/1.1 100 Continue\r\n\r\n", 0, -ECONNRESET, "before it answered");
	fails(&with, "\5\377", 0, -EBADMSG, "HTTP");
	fails(&with, "SSH-2.0-OpenSSH\r\n", 0, -EBADMSG, "HTTP");
	fails(&with, "HTTP/1.1 200 OK\nA: b\r\n\r\n", 0, -EBADMSG, "LF without CR");
}

TEST_TASK_WITH(limits_of_the_head, "H36", .deadline = 60)
{
	static char answer[70000];
	struct http_limits limits = http_limits_default;
	struct talk with = { .request = { .authority = "a.org:443", .limits = &limits } };
	struct outcome outcome;
	size_t used = 0;

	limits.head_bytes = 60;
	fails(&with, "HTTP/1.1 200 OK\r\nA: 0123456789012345678901234567890123456789x\r\n\r\n", 0,
	      -EMSGSIZE, "60 bytes (HTTP limit `head_bytes`)");
	limits = http_limits_default;
	limits.fields = 1;
	fails(&with, "HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n", 0, -EMSGSIZE, "more than 1 fields");
	/* More than there is room for is not asked for. */
	limits.fields = 2 * TUNNEL_FIELDS;
	used = (size_t)sprintf(answer, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i <= TUNNEL_FIELDS; i++)
		used += (size_t)sprintf(answer + used, "A: b\r\n");
	sprintf(answer + used, "\r\n");
	outcome = converse(answer, strlen(answer), 7, talk, &with);
	CHECK_INT(outcome.result, -EMSGSIZE);
	outcome_end(&outcome);
	/* 1xx without end. */
	*answer = '\0';
	for (used = 0; used + 40 < sizeof answer;)
		used += (size_t)sprintf(answer + used, "HTTP/1.1 100 Continue\r\n\r\n");
	outcome = converse(answer, 20 * 25, 7, talk, &with);
	CHECK_INT(outcome.result, -EPROTO);
	CHECK_TEXT_HAS(outcome.text, "more than 10 heads");
	outcome_end(&outcome);
}

TEST_TASK(what_cannot_be_asked, "H36")
{
	static const char *const authorities[] = { "",		 "a.org",   ":443",
						   "a b:443",	 "a.org:x", "a.org:443\r\nX: y",
						   "u@a.org:443" };
	static const async_http_field body = { "content-length", "5" };
	static const async_http_field injected = { "X", "y\r\nZ: z" };
	static const async_http_field twice = { "proxy-authorization", "Basic x" };
	struct talk with = plain;

	for (size_t i = 0; i < array_length(authorities); i++) {
		with.request.authority = authorities[i];
		fails(&with, "", 0, -EINVAL, "no host with a port");
	}
	with = plain;
	with.request.field_count = 1;
	with.request.fields = &body;
	fails(&with, "", 0, -EINVAL, "no body");
	with.request.fields = &injected;
	fails(&with, "", 0, -EINVAL, "");
	with.request.fields = &twice;
	with.request.authorization = "Basic y";
	fails(&with, "", 0, -EINVAL, "Proxy-Authorization");
}

TEST_TASK(a_proxy_that_stalls, "H36")
{
	async_stream *ends[2];

	CHECK_INT(async_stream_pair(ends, NULL), 0);
	async_timeout (0.01)
		CHECK_INT(talk(ends[0], &plain), -ETIMEDOUT);
	async_timeout (0) {
		await_sleep(1);
		CHECK_INT(talk(ends[0], &plain), -ETIMEDOUT);
	}
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
}

/* The streams need memory as well; whichever asks in vain, it is told. */
TEST_TASK_WITH(no_memory, "H36", .backends = ONCE)
{
	for (int nth = 1, failed = 1; failed; nth++) {
		async_stream *ends[2];
		int result;

		CHECK_INT(async_stream_pair(ends, NULL), 0);
		CHECK_INT(await_stream_write(ends[1], "HTTP/1.1 200 OK\r\n\r\n", 19), 19);
		fault_clear();
		/* The first is the test's own. */
		if (!fault_inject("malloc", nth + 1, ENOMEM))
			SKIP("this build cannot inject into that call");
		result = talk(ends[0], &plain);
		failed = fault_count("malloc") >= nth + 1;
		fault_clear();
		CHECK_INT(result, failed ? -ENOMEM : 0);
		await_stream_close(ends[0]);
		await_stream_close(ends[1]);
	}
}
