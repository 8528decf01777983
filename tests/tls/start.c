/* SPDX-License-Identifier: MIT */
/* Handshakes: how they go, how they fail, and when they end. */
#include <errno.h>
#include "fault.h"
#include "tls/ends.h"

static void converse(struct start starts[2])
{
	const char *line;

	for (int i = 0; i < 2; i++) {
		async_stream *from = starts[i].stream, *to = starts[1 - i].stream;

		if (starts[i].result)
			harness_fail(__FILE__, __LINE__, "side %d: %s", i, starts[i].text);
		CHECK_INT(await_stream_write(from, "hello\n", 6), 6);
		CHECK_INT(await_stream_readline(to, &line), 6);
		CHECK_INT(memcmp(line, "hello\n", 6), 0);
	}
}

TEST_TASK(hello, "S17 S20")
{
	struct start starts[2];
	const char *line;

	tls_ends(starts);
	converse(starts);
	CHECK_INT(await_stream_end(starts[0].stream), 0);
	CHECK_INT(await_stream_readline(starts[1].stream, &line), 0);
	close_both(starts);
}

TEST_TASK(in_memory, "S17")
{
	struct start starts[2] = { { .tls = client_with(&authority), .host = "localhost" },
				   { .tls = server_with(&server) } };
	async_stream *ends[2];

	CHECK_INT(async_stream_pair(ends, NULL), 0);
	starts[0].stream = ends[0];
	starts[1].stream = ends[1];
	start_both(starts);
	converse(starts);
	close_both(starts);
	async_tls_free(starts[0].tls);
	async_tls_free(starts[1].tls);
}

TEST_TASK(old_and_new_versions, "S17")
{
	for (int version = ASYNC_TLS_1_2; version <= ASYNC_TLS_1_3; version++) {
		async_tls_options options = { .ca = authority.pem, .max_version = version };
		struct start starts[2];

		try_tls(async_tls_client(&options), server_with(&server), "localhost", starts);
		converse(starts);
		CHECK_STR(async_stream_fact(starts[0].stream, "tls_version"),
			  version == ASYNC_TLS_1_2 ? "TLSv1.2" : "TLSv1.3");
		close_both(starts);
	}
}

TEST_TASK(tls_inside_tls, "S18")
{
	struct start starts[2];

	tls_ends(starts);
	for (int depth = 0; depth < 2; depth++) {
		async_tls *tls[2] = { client_with(&authority), server_with(&other) };

		starts[0].tls = tls[0];
		starts[0].host = "other.test";
		starts[1].tls = tls[1];
		start_both(starts);
		converse(starts);
		CHECK_STR(async_stream_fact(starts[0].stream, "tls_server_name"), "other.test");
		async_tls_free(tls[0]);
		async_tls_free(tls[1]);
	}
	close_both(starts);
}

/* STARTTLS, and a client so sure of it that its first TLS bytes come along. */
static int eager_client(void *arg)
{
	struct start *start = arg;
	const char *line;

	CHECK_INT(await_stream_readline(start->stream, &line), 6);
	async_stream_buffer(start->stream, "STARTTLS\n", 9);
	start_one(start);
	return 0;
}

static int slow_server(void *arg)
{
	struct start *start = arg;
	const char *line;

	CHECK_INT(await_stream_write(start->stream, "ready\n", 6), 6);
	CHECK_INT(await_stream_readline(start->stream, &line), 9);
	await_sleep(0.01);
	start_one(start);
	return 0;
}

TEST_TASK(in_the_middle_of_a_stream, "S18")
{
	struct start starts[2] = { { .tls = client_with(&authority), .host = "localhost" },
				   { .tls = server_with(&server) } };
	async_stream *ends[2];

	socket_ends(ends, NULL);
	starts[0].stream = ends[0];
	starts[1].stream = ends[1];
	{
		AWAIT_GROUP(group);

		async_spawn(&group, eager_client, &starts[0]);
		async_spawn(&group, slow_server, &starts[1]);
	}
	converse(starts);
	close_both(starts);
	async_tls_free(starts[0].tls);
	async_tls_free(starts[1].tls);
}

/* The whole ClientHello is in the server's buffer already when it begins. */
TEST_TASK(what_was_buffered_is_tls, "S18")
{
	struct start starts[2] = { { .tls = client_with(&authority), .host = "localhost" },
				   { .tls = server_with(&server) } };
	async_stream *ends[2];
	const char *data;
	ssize_t n;

	socket_ends(ends, NULL);
	starts[0].stream = ends[0];
	starts[1].stream = ends[1];
	{
		AWAIT_GROUP(group);

		async_spawn(&group, start_one, &starts[0]);
		n = await_stream_peek(ends[1], 6, &data);
		CHECK(n >= 6 && async_tls_is_hello(data, (size_t)n));
		CHECK(async_stream_readable(ends[1]) > 100);
		async_spawn(&group, start_one, &starts[1]);
	}
	converse(starts);
	close_both(starts);
	async_tls_free(starts[0].tls);
	async_tls_free(starts[1].tls);
}

TEST_TASK(on_threads, "S17 P06")
{
	static async_pool pool = ASYNC_POOL("shake", 2);
	async_tls_options options = { .ca = authority.pem, .threads = true, .pool = &pool };
	async_tls_options options2 = {
		.identity = { .certificate = server.pem, .key = server.key_pem }, .threads = true
	};
	struct start starts[2];

	try_tls(async_tls_client(&options), async_tls_server(&options2), "localhost", starts);
	converse(starts);
	close_both(starts);
	try_tls(async_tls_client(&options), async_tls_server(&options2), "wrong.test", starts);
	CHECK_INT(starts[0].result, -EKEYREJECTED);
	CHECK_TEXT_HAS(starts[0].text, "not for wrong.test");
	close_both(starts);
}

static long doze(void *arg)
{
	(void)arg;
	usleep(100 * 1000);
	return 0;
}

static int occupy(void *pool)
{
	return (int)await_thread_in(pool, doze, NULL);
}

/* Waiting for a thread is a part of the handshake. */
TEST_TASK_WITH(no_thread_is_free, "S19 P06", .backends = REAL_BACKENDS)
{
	static async_pool pool = ASYNC_POOL("busy", 1);
	async_tls_options options = {
		.ca = authority.pem, .threads = true, .pool = &pool, .handshake_seconds = 0.02
	};
	async_tls *tls = async_tls_client(&options);
	async_stream *ends[2];
	AWAIT_GROUP(group);

	socket_ends(ends, NULL);
	async_spawn(&group, occupy, &pool);
	await_sleep(0);
	CHECK_INT(await_stream_start_tls(ends[0], tls, "localhost"), -ETIMEDOUT);
	CHECK_TEXT_HAS(async_error(), "not done within 0.02 s (TLS option `handshake_seconds`)");
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
	async_tls_free(tls);
}

/* ---- Who is no TLS peer ---- */

/* A handshake of one side with bytes that somebody else sends. `then_end`: and ends the stream. */
static void against(async_tls *tls, const char *host, const void *bytes, size_t size, bool then_end,
		    int error, const char *text)
{
	async_stream *ends[2];
	char drop[1000];

	socket_ends(ends, NULL);
	CHECK_INT(await_stream_write(ends[1], bytes, size), (long)size);
	if (then_end)
		CHECK_INT(await_stream_end(ends[1]), 0);
	CHECK_INT(await_stream_start_tls(ends[0], tls, host), error);
	CHECK_TEXT_HAS(async_error(), text);
	CHECK_INT(await_stream_write(ends[0], "x", 1), error);
	CHECK_INT(await_stream_read(ends[0], drop, sizeof drop), error);
	CHECK_INT(await_stream_close(ends[0]), 0);
	await_stream_close(ends[1]);
	async_tls_free(tls);
}

TEST_TASK(plain_bytes, "S17")
{
	against(server_with(&server), NULL, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, false, -EPROTO,
		"the client does not speak TLS on this port, which is for TLS: its first bytes are"
		" \"GET / HTTP/1.1\"");
	against(client_with(&authority), "localhost", "HTTP/1.1 400 Bad Request\r\n\r\n", 28, false,
		-EPROTO,
		"TLS handshake with localhost: the server does not speak TLS on this port: its"
		" first bytes are \"HTTP/1.1 400 Bad Request\"");
	against(server_with(&server), NULL, "\0\1\2\"\x80", 5, false, -EPROTO, "\".....\"");
}

TEST_TASK(garbage, "S17")
{
	char bytes[3000];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * i >> 3);
	/* Records whose contents are none. */
	memcpy(bytes, "\x16\x03\x01\x02\x00", 5);
	against(server_with(&server), NULL, bytes, sizeof bytes, false, -EPROTO, "TLS handshake: ");
	against(client_with(&authority), "localhost", bytes, sizeof bytes, false, -EPROTO,
		"TLS handshake with localhost: ");
	memcpy(bytes, "\x16\x03\x01\xff\xff", 5);
	against(server_with(&server), NULL, bytes, sizeof bytes, false, -EPROTO, "TLS handshake: ");
}

TEST_TASK(alerts, "S17")
{
	against(client_with(&authority), "localhost", "\x15\x03\x03\x00\x02\x02\x70", 7, false,
		-EPROTO,
		"the peer has sent the alert \"unrecognized name\" (112): it does not know");
	against(client_with(&authority), "localhost", "\x15\x03\x03\x00\x02\x02\x46", 7, false,
		-EPROTO, "it has no TLS version in common with us");
	against(client_with(&authority), "localhost", "\x15\x03\x03\x00\x02\x02\x28", 7, false,
		-EPROTO, "handshake failure");
}

/* A server that is asked for TLS 1.1 and nothing else. */
TEST_TASK(too_old, "S17")
{
	static const unsigned char hello[] = "\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x02"
					     "0123456789abcdef0123456789abcdef\x00"
					     "\x00\x04\xc0\x13\x00\x2f\x01\x00";

	against(server_with(&server), NULL, hello, sizeof hello - 1, false, -EPROTO,
		"the peer offers no TLS version that is allowed here (TLS option `min_version`)");
}

/* ---- Ends and stalls, in every phase ---- */

/* Passes bytes on between two streams as they come, and after `most` pieces from `side` stops,
 * with an end or without. */
struct relay {
	async_stream *from, *to;
	int *left;
	bool end;
	struct relay *other;
};

static int pass_on(void *arg)
{
	struct relay *relay = arg;
	const char *data;
	ssize_t n;

	while ((n = await_stream_chunk(relay->from, &data)) > 0) {
		if (*relay->left == 0) {
			if (!relay->end)
				return (int)await_sleep(100);
			*relay->left = -1;
			async_stream_abort(relay->to);
			async_stream_abort(relay->other->to);
			return 0;
		}
		--*relay->left;
		if (await_stream_write(relay->to, data, (size_t)n) < 0)
			break;
	}
	return 0;
}

/* Both through a relay that breaks after so many pieces; false once it held out. */
static bool break_after(int pieces, bool end, struct start starts[2],
			const async_tls_options *client_options,
			const async_tls_options *server_options)
{
	async_stream *left[2], *right[2];
	struct relay relays[2];
	int count = pieces;
	bool broke;

	socket_ends(left, NULL);
	socket_ends(right, NULL);
	starts[0] = (struct start){ .stream = left[0],
				    .tls = async_tls_client(client_options),
				    .host = "localhost" };
	starts[1] = (struct start){ .stream = right[0], .tls = async_tls_server(server_options) };
	relays[0] = (struct relay){ left[1], right[1], &count, end, &relays[1] };
	relays[1] = (struct relay){ right[1], left[1], &count, end, &relays[0] };
	{
		AWAIT_GROUP(group, ASYNC_ISOLATED);

		async_spawn(&group, pass_on, &relays[0]);
		async_spawn(&group, pass_on, &relays[1]);
		start_both(starts);
		async_group_cancel(&group);
	}
	broke = starts[0].result || starts[1].result;
	for (int i = 0; i < 2; i++) {
		async_stream_abort(starts[i].stream);
		async_tls_free(starts[i].tls);
	}
	if (count >= 0) {
		async_stream_abort(left[1]);
		async_stream_abort(right[1]);
	}
	return broke;
}

static void in_every_phase(bool end, int max_version, int error, const char *text)
{
	async_tls_options client_options = { .ca = authority.pem,
					     .max_version = max_version,
					     .handshake_seconds = end ? 0 : 0.2 };
	async_tls_options server_options = { .identity = { .certificate = server.pem,
							   .key = server.key_pem },
					     .handshake_seconds = end ? 0 : 0.2 };
	struct start starts[2];
	int broken = 0;

	for (int pieces = 0; break_after(pieces, end, starts, &client_options, &server_options);
	     pieces++) {
		int failed = starts[0].result ? 0 : 1;

		broken++;
		CHECK_TEXT_HAS(starts[failed].text, "TLS handshake");
		if (starts[failed].result == -ECONNRESET)
			continue; /* the end came as a reset */
		CHECK_INT(starts[failed].result, error);
		CHECK_TEXT_HAS(starts[failed].text, text);
	}
	CHECK(broken >= 2);
}

TEST_TASK_WITH(the_end_in_every_phase, "S19 S20", .deadline = 30)
{
	in_every_phase(true, ASYNC_TLS_1_2, -ECONNABORTED,
		       "the peer has closed the connection during");
	in_every_phase(true, ASYNC_TLS_1_3, -ECONNABORTED, "the peer has closed the connection");
}

TEST_TASK_WITH(a_stall_in_every_phase, "S19", .deadline = 30)
{
	in_every_phase(false, ASYNC_TLS_1_2, -ETIMEDOUT,
		       "not done within 0.2 s (TLS option `handshake_seconds`)");
	in_every_phase(false, ASYNC_TLS_1_3, -ETIMEDOUT,
		       "not done within 0.2 s (TLS option `handshake_seconds`)");
}

TEST_TASK(an_outer_limit_is_not_ours, "S19 B14")
{
	async_tls *tls = client_with(&authority);
	async_stream *ends[2];

	socket_ends(ends, NULL);
	async_timeout (0.02)
		CHECK_INT(await_stream_start_tls(ends[0], tls, "localhost"), -ETIMEDOUT);
	CHECK(!strstr(async_error(), "handshake_seconds"));
	CHECK_INT(await_stream_write(ends[0], "x", 1), -ETIMEDOUT);
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
	async_tls_free(tls);
}

/* ---- Arguments, memory, and OpenSSL's queue of errors ---- */

TEST_TASK(bad_arguments, "S17")
{
	async_tls *tls = client_with(&authority);
	async_stream *ends[2];
	char host[300];

	socket_ends(ends, NULL);
	memset(host, 'a', sizeof host - 1);
	host[sizeof host - 1] = '\0';
	CHECK_INT(await_stream_start_tls(NULL, tls, "localhost"), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "there is no stream");
	CHECK_INT(await_stream_start_tls(ends[0], tls, host), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "a host of 299 bytes; 255 are the longest there is");
	CHECK_INT(await_stream_start_tls(ends[0], tls, NULL), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "a client names the host");
	CHECK_INT(await_stream_start_tls(ends[0], tls, ""), -EINVAL);
	/* Nothing has happened to the stream. */
	CHECK_INT(await_stream_write(ends[0], "plain", 5), 5);
	CHECK_STR(async_stream_fact(ends[0], "transport"), "socket");
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
	async_tls_free(tls);
}

TEST_TASK_WITH(stale_errors_are_nobodys, "S17", .may_leak = 1)
{
	struct start starts[2];
	char data[10];

	/* As another library on this thread leaves them. */
	ERR_raise(ERR_LIB_X509, ERR_R_INTERNAL_ERROR);
	tls_ends(starts);
	ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
	converse(starts);
	CHECK_INT(ERR_peek_error(), 0);
	ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
	async_timeout (0.01)
		CHECK_INT(await_stream_read(starts[0].stream, data, 10), -ETIMEDOUT);
	converse(starts);
	ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
	close_both(starts);
	CHECK_INT(ERR_peek_error(), 0);
}

TEST_TASK_WITH(failures_leave_no_errors, "S17", .may_leak = 1)
{
	struct start starts[2];

	try_tls(client_with(&authority), server_with(&foreign), "localhost", starts);
	CHECK_INT(starts[0].result, -EKEYREJECTED);
	CHECK_INT(ERR_peek_error(), 0);
	close_both(starts);
	CHECK_INT(ERR_peek_error(), 0);
}

static int start_or_abort(void *arg)
{
	struct start *start = arg;

	start_one(start);
	if (!start->result)
		return 0;
	async_stream_abort(start->stream);
	start->stream = NULL;
	return 0;
}

/* The connection fails under the handshake, at each of its calls. */
TEST_TASK_WITH(the_connection_fails, "S17", .backends = BACKEND_EPOLL)
{
	static const char *const calls[] = { "send", "recv" };

	for (int i = 0; i < 2; i++)
		for (int nth = 1; nth < 6; nth++) {
			struct start starts[2] = { { .tls = client_with(&authority),
						     .host = "localhost" },
						   { .tls = server_with(&server) } };
			async_stream *ends[2];

			socket_ends(ends, NULL);
			if (!fault_inject(calls[i], nth, ECONNRESET))
				SKIP("no faults here");
			for (int side = 0; side < 2; side++)
				starts[side].stream = ends[side];
			{
				AWAIT_GROUP(group);

				async_spawn(&group, start_or_abort, &starts[0]);
				async_spawn(&group, start_or_abort, &starts[1]);
			}
			fault_clear();
			for (int side = 0; side < 2; side++) {
				if (starts[side].result == -ECONNRESET)
					CHECK_TEXT_HAS(starts[side].text,
						       ": the connection has failed: Connection");
				else if (starts[side].result)
					CHECK_TEXT_HAS(starts[side].text, "TLS handshake");
				async_stream_abort(starts[side].stream);
				async_tls_free(starts[side].tls);
			}
		}
}

/* Somebody closes the stream in the middle of it. */
TEST_TASK(closed_under_a_handshake, "S15 S17")
{
	struct start start = { .tls = client_with(&authority), .host = "localhost" };
	async_stream *ends[2];
	async_task *task;

	socket_ends(ends, NULL);
	start.stream = ends[0];
	task = async_create_task(start_one, &start);
	await_sleep(0.01);
	CHECK_INT(await_stream_start_tls(ends[0], start.tls, "localhost"), -EBUSY);
	CHECK_TEXT_HAS(async_error(), "another task uses the stream");
	async_stream_abort(ends[0]);
	await_task(task);
	CHECK_INT(start.result, -EBADF);
	await_stream_close(ends[1]);
	async_tls_free(start.tls);
}

/* Each allocation of ours fails in turn; OpenSSL's are not seen by the injector. */
TEST_TASK_WITH(no_memory, "S17", .deadline = 30)
{
	static const char *const calls[] = { "calloc", "malloc", "strdup", "realloc" };

	if (!fault_inject("calloc", 1000000, ENOMEM))
		SKIP("no faults here");
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		for (int nth = 1; nth < 20; nth++) {
			async_tls *tls[2] = { client_with(&authority), server_with(&server) };
			struct start starts[2] = { { .tls = tls[0], .host = "localhost" },
						   { .tls = tls[1] } };
			async_stream *ends[2];

			CHECK_INT(async_stream_pair(ends, NULL), 0);
			starts[0].stream = ends[0];
			starts[1].stream = ends[1];
			fault_clear();
			fault_inject(calls[i], nth, ENOMEM);
			async_timeout (5) {
				AWAIT_GROUP(group);

				async_spawn(&group, start_or_abort, &starts[1]);
				start_or_abort(&starts[0]);
			}
			fault_clear();
			CHECK(!async_timed_out());
			async_stream_abort(starts[0].stream);
			async_stream_abort(starts[1].stream);
			async_tls_free(tls[0]);
			async_tls_free(tls[1]);
		}
}

static int serve_hello(async_stream *stream, void *tls)
{
	const char *line;

	if (await_stream_start_tls(stream, tls, NULL))
		return 0;
	await_stream_readline(stream, &line);
	await_stream_write(stream, "hello\n", 6);
	return 0;
}

TEST_TASK(connecting, "S01 S17")
{
	async_tls *server_tls = server_with(&server), *client_tls = client_with(&authority);
	async_server *running = await_server_start(NULL, "127.0.0.1:0", serve_hello, server_tls);
	const char *address = async_server_address(running, 0), *line;
	async_stream *stream = await_connect_tls(address, client_tls);
	char gone[64];

	if (!stream)
		harness_fail(__FILE__, __LINE__, "%s", async_error());
	CHECK_INT(await_stream_write(stream, "?\n", 2), 2);
	CHECK_INT(await_stream_readline(stream, &line), 6);
	CHECK_INT(await_stream_readline(stream, &line), 0);
	CHECK_STR(async_stream_peer(stream), address);
	CHECK_INT(await_stream_close(stream), 0);
	/* Another name than the address's. */
	stream = await_connect_tls_with(address, client_tls, "example.test", NULL, NULL);
	CHECK(stream);
	CHECK_STR(async_stream_fact(stream, "tls_server_name"), "example.test");
	await_stream_close(stream);
	CHECK(!await_connect_tls_with(address, client_tls, "wrong.test", NULL, NULL));
	CHECK_INT(async_error_code(), -EKEYREJECTED);
	CHECK_TEXT_HAS(async_error(), "not for wrong.test");
	snprintf(gone, sizeof gone, "%s", address);
	CHECK_INT(await_server_close(running, NULL), 0);
	CHECK(!await_connect_tls(gone, client_tls));
	CHECK_INT(async_error_code(), -ECONNREFUSED);
	async_tls_free(server_tls);
	async_tls_free(client_tls);
}

/* Nobody on this machine is trusted by the system's authorities. */
TEST_TASK_WITH(the_system_is_asked_by_default, "S17", .may_leak = 1)
{
	async_tls *server_tls = server_with(&server);
	async_server *running = await_server_start(NULL, "127.0.0.1:0", serve_hello, server_tls);

	for (int i = 0; i < 2; i++) {
		CHECK(!await_connect_tls(async_server_address(running, 0), NULL));
		CHECK_INT(async_error_code(), -EKEYREJECTED);
		CHECK_TEXT_HAS(async_error(), "unknown issuer");
		CHECK_TEXT_HAS(async_error(), "not among the system's authorities");
	}
	CHECK_INT(await_server_close(running, NULL), 0);
	async_tls_free(server_tls);
}
