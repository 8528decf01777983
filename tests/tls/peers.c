/* SPDX-License-Identifier: MIT */
/* OpenSSL's own programs on the other side, over TCP. */
#include <errno.h>
#include <signal.h>
#include <await/process.h>
#include "tls/ends.h"

static bool has_openssl(void)
{
	return !system("openssl version > /dev/null 2>&1");
}

/* ---- Our server, openssl s_client ---- */

static int echo(async_stream *stream, void *tls)
{
	const char *line;
	ssize_t n;

	if (await_stream_start_tls(stream, tls, NULL)) {
		fprintf(stderr, "%s\n", async_error());
		return 0;
	}
	while ((n = await_stream_readline(stream, &line)) > 0)
		await_stream_write(stream, line, (size_t)n);
	return (int)n;
}

static async_process *start_client(const char *address, const char *ca, const char *more)
{
	static const async_process_options pipes = { .in = ASYNC_PIPE,
						     .out = ASYNC_PIPE,
						     .err = ASYNC_PIPE };
	char line[500];
	async_process *child;

	snprintf(line, sizeof line,
		 "exec openssl s_client -connect %s -CAfile %s -verify_return_error -verify_quiet"
		 " -nocommands %s",
		 address, ca, more);
	child = async_process_start(&pipes, ASYNC_ARGV("/bin/sh", "-c", line));
	if (!child)
		harness_fail(__FILE__, __LINE__, "%s", async_error());
	return child;
}

/* A client that cannot: its errors, in memory of malloc's. */
static char *client_fails(const char *address, const char *ca, const char *more)
{
	async_process *child = start_client(address, ca, more);
	async_process_output output = { 0 };
	char *errors;

	CHECK(await_process_communicate(child, "hello\n", 6, &output) > 0);
	CHECK(await_process_close(child) > 0);
	errors = output.err;
	output.err = NULL;
	async_process_output_free(&output);
	return errors;
}

/* s_client prints much of its own before and between. */
static bool reads(async_stream *stream, const char *wanted)
{
	char text[500];
	const char *line;
	ssize_t n;

	while ((n = await_stream_readline(stream, &line)) > 0) {
		snprintf(text, sizeof text, "%.*s", (int)n, line);
		if (strstr(text, wanted))
			return true;
	}
	return false;
}

static void talk_to_s_client(const char *more, const char *version)
{
	async_tls *tls = server_with(&server);
	async_server *running = await_server_start(NULL, "127.0.0.1:0", echo, tls);
	const char *ca = in_file(authority.pem);
	async_process *child = start_client(async_server_address(running, 0), ca, more);

	CHECK_INT(await_stream_write(async_process_in(child), "hello\nworld\n", 12), 12);
	CHECK(reads(async_process_out(child), version));
	CHECK(reads(async_process_out(child), "hello\n"));
	CHECK(reads(async_process_out(child), "world\n"));
	CHECK_INT(await_process_end_input(child), 0);
	CHECK(!reads(async_process_out(child), "hello"));
	CHECK_INT(await_process_wait(child), 0);
	CHECK_INT(await_process_close(child), 0);
	CHECK_INT(await_server_close(running, NULL), 0);
	unlink(ca);
	async_tls_free(tls);
}

TEST_TASK_WITH(s_client, "S17 S20", .backends = REAL_BACKENDS, .deadline = 30)
{
	if (!has_openssl())
		SKIP("no program openssl");
	talk_to_s_client("-tls1_3", "TLSv1.3");
	talk_to_s_client("-tls1_2", "TLSv1.2");
}

TEST_TASK_WITH(s_client_too_old, "S17", .backends = REAL_BACKENDS, .deadline = 30,
	       .expect_stderr = "the peer offers no TLS version that is allowed here")
{
	async_tls *tls = server_with(&server);
	async_server *running = await_server_start(NULL, "127.0.0.1:0", echo, tls);
	const char *ca = in_file(authority.pem);
	char *errors;

	if (!has_openssl())
		SKIP("no program openssl");
	errors = client_fails(async_server_address(running, 0), ca,
			      "-tls1_1 -cipher DEFAULT@SECLEVEL=0");
	CHECK_TEXT_HAS(errors, "protocol version");
	free(errors);
	CHECK_INT(await_server_close(running, NULL), 0);
	unlink(ca);
	async_tls_free(tls);
}

TEST_TASK_WITH(s_client_does_not_know_us, "S17", .backends = REAL_BACKENDS, .deadline = 30,
	       .expect_stderr = "it does not know who signed our certificate")
{
	async_tls *tls = server_with(&server);
	async_server *running = await_server_start(NULL, "127.0.0.1:0", echo, tls);
	const char *ca = in_file(stranger.pem);

	if (!has_openssl())
		SKIP("no program openssl");
	free(client_fails(async_server_address(running, 0), ca, "-tls1_2"));
	CHECK_INT(await_server_close(running, NULL), 0);
	unlink(ca);
	async_tls_free(tls);
}

/* ---- openssl s_server, our client ---- */

/* A port that nobody has. */
static void free_address(char *address, size_t size)
{
	int fd = await_tcp_listen("127.0.0.1:0");

	snprintf(address, size, "%s", async_sockname(fd));
	async_close(fd);
}

/* Until it listens. */
static async_stream *connect_patiently(const char *address)
{
	async_stream *stream = NULL;

	for (int i = 0; !stream && i < 200; i++) {
		stream = await_connect_stream(address);
		if (!stream)
			await_sleep(0.05);
	}
	if (!stream)
		harness_fail(__FILE__, __LINE__, "%s", async_error());
	return stream;
}

static void talk_to_s_server(const char *version, const char *alpn)
{
	const char *certificate = in_file(server.pem), *key = in_file(server.key_pem);
	async_tls_options options = { .ca = authority.pem, .alpn = "h2,http/1.1" };
	async_process_options quiet = { .in = ASYNC_DEVNULL,
					.out = ASYNC_DEVNULL,
					.err = ASYNC_DEVNULL };
	async_tls *tls = async_tls_client(&options);
	async_stream *stream;
	async_process *child;
	char address[64];
	const char *line;

	free_address(address, sizeof address);
	child = async_process_start(&quiet, ASYNC_ARGV("openssl", "s_server", "-accept", address,
						       "-cert", certificate, "-key", key, "-rev",
						       version, "-alpn", "http/1.1"));
	CHECK(child);
	for (int i = 0; i < 3; i++) {
		stream = connect_patiently(address);
		if (await_stream_start_tls(stream, tls, "localhost"))
			harness_fail(__FILE__, __LINE__, "%s", async_error());
		CHECK_INT(await_stream_write(stream, "hello\n", 6), 6);
		CHECK_INT(await_stream_readline(stream, &line), 6);
		CHECK_INT(memcmp(line, "olleh\n", 6), 0);
		CHECK_STR(async_stream_fact(stream, "tls_alpn"), alpn);
		CHECK_INT(async_stream_fact(stream, "tls_resumed") != NULL, i > 0);
		CHECK_INT(await_stream_write(stream, "CLOSE\n", 6), 6);
		CHECK_INT(await_stream_readline(stream, &line), 0);
		CHECK_INT(await_stream_close(stream), 0);
	}
	stream = connect_patiently(address);
	CHECK_INT(await_stream_start_tls(stream, tls, "wrong.test"), -EKEYREJECTED);
	await_stream_close(stream);
	async_process_kill(child, SIGKILL);
	await_process_close(child);
	async_tls_free(tls);
	unlink(certificate);
	unlink(key);
}

TEST_TASK_WITH(s_server, "S17 S20 S21", .backends = REAL_BACKENDS, .deadline = 30)
{
	if (!has_openssl())
		SKIP("no program openssl");
	talk_to_s_server("-tls1_3", "http/1.1");
	talk_to_s_server("-tls1_2", "http/1.1");
}
