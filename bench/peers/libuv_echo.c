/* SPDX-License-Identifier: MIT */
/*
 * The echo server in libuv, as its fast users write it: one read buffer for everybody, a try-write
 * first, and a write request only for what the socket did not take; reading stops until it is gone.
 *
 * libuv_echo PORT listens on 127.0.0.1.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { BACKLOG = 4096, BUFFER_SIZE = 64 * 1024 };

struct rest {
	uv_write_t request;
	char data[];
};

static char buffer[BUFFER_SIZE];

static void on_read(uv_stream_t *client, ssize_t n, const uv_buf_t *data);

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void drop(uv_stream_t *client)
{
	if (!uv_is_closing((uv_handle_t *)client))
		uv_close((uv_handle_t *)client, free_handle);
}

static void lend_buffer(uv_handle_t *client, size_t suggested, uv_buf_t *data)
{
	(void)client;
	(void)suggested;
	*data = uv_buf_init(buffer, sizeof buffer);
}

static void on_written(uv_write_t *request, int status)
{
	uv_stream_t *client = request->handle;

	free(request);
	if (status < 0 || uv_read_start(client, lend_buffer, on_read))
		drop(client);
}

static void write_rest(uv_stream_t *client, const char *data, size_t size)
{
	struct rest *rest = malloc(sizeof *rest + size);
	uv_buf_t part;

	if (!rest) {
		drop(client);
		return;
	}
	memcpy(rest->data, data, size);
	part = uv_buf_init(rest->data, size);
	uv_read_stop(client);
	if (uv_write(&rest->request, client, &part, 1, on_written)) {
		free(rest);
		drop(client);
	}
}

static void on_read(uv_stream_t *client, ssize_t n, const uv_buf_t *data)
{
	uv_buf_t part;
	int written;

	if (n == 0)
		return;
	if (n < 0) {
		drop(client);
		return;
	}
	part = uv_buf_init(data->base, n);
	written = uv_try_write(client, &part, 1);
	if (written == n)
		return;
	if (written < 0 && written != UV_EAGAIN)
		drop(client);
	else
		write_rest(client, data->base + (written < 0 ? 0 : written),
			   n - (written < 0 ? 0 : written));
}

static void on_connection(uv_stream_t *listener, int status)
{
	uv_tcp_t *client = status < 0 ? NULL : malloc(sizeof *client);

	if (!client)
		return;
	uv_tcp_init(listener->loop, client);
	if (uv_accept(listener, (uv_stream_t *)client) || uv_tcp_nodelay(client, 1) ||
	    uv_read_start((uv_stream_t *)client, lend_buffer, on_read))
		drop((uv_stream_t *)client);
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	struct sockaddr_in address;
	uv_tcp_t listener;
	int error;

	if (argc != 2) {
		fprintf(stderr, "usage: libuv_echo PORT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN); /* a client that leaves early is no reason to die */
	uv_ip4_addr("127.0.0.1", atoi(argv[1]), &address);
	uv_tcp_init(loop, &listener);
	error = uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0);
	if (!error)
		error = uv_listen((uv_stream_t *)&listener, BACKLOG, on_connection);
	if (error) {
		fprintf(stderr, "libuv_echo: %s\n", uv_strerror(error));
		return 1;
	}
	return uv_run(loop, UV_RUN_DEFAULT);
}
