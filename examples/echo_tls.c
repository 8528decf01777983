/* SPDX-License-Identifier: MIT */
/*
 * The echo server over TLS: echo_tls ADDRESS CERTIFICATE KEY, both in PEM. A connection that does
 * not speak TLS is told of, and closed. Between two lines it has no task: it is parked, with its
 * TLS. SIGHUP reads the certificate anew.
 *
 *	openssl s_client -quiet -connect localhost:25000
 */
#include <await.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>

static int begin(async_stream *stream, async_tls *tls)
{
	if (await_stream_start_tls(stream, tls, NULL)) {
		fprintf(stderr, "%s: %s\n", async_stream_peer(stream), async_error());
		return -ECONNABORTED;
	}
	printf("Connection from: %s, %s\n", async_stream_peer(stream),
	       async_stream_fact(stream, "tls_version"));
	return 0;
}

static int handle_echo(async_stream *stream, void *tls)
{
	const char *line;
	ssize_t n;

	if (!async_stream_ssl(stream) && begin(stream, tls))
		return 0;
	n = await_stream_readline(stream, &line);
	if (n > 0) {
		await_stream_write(stream, line, (size_t)n);
		return ASYNC_PARK;
	}
	printf("Connection closed\n");
	return (int)n;
}

static void reload(int number, void *tls)
{
	(void)number;
	if (async_tls_reload(tls))
		fprintf(stderr, "the certificate stays as it was: %s\n", async_error());
	else
		printf("Certificate read\n");
}

static int echo_server(void *arg)
{
	char **words = arg;
	async_tls_options options = {
		.identity = { .certificate_file = words[2], .key_file = words[3] },
	};
	async_tls *tls = async_tls_server(&options);
	async_signals signals;
	int result;

	if (!tls)
		return async_error_code();
	result = async_signals_open(&signals, SIGHUP, 0);
	if (!result) {
		async_signals_call(&signals, reload, tls);
		result = await_serve(words[1], handle_echo, tls);
		async_signals_close(&signals);
	}
	async_tls_free(tls);
	return result;
}

int main(int argc, char **argv)
{
	setlinebuf(stdout);
	if (argc != 4) {
		fprintf(stderr, "usage: %s ADDRESS CERTIFICATE KEY\n", argv[0]);
		return 2;
	}
	return async_run(echo_server, argv) < 0;
}
