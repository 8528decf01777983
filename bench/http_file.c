/* SPDX-License-Identifier: MIT */
/*
 * One file at every request, `/`, as await_respond_file sends it: to be compared with nginx and
 * `sendfile on`.
 *
 *	http_file PORT FILE
 */
#include <await.h>
#include <stdio.h>

static int send_file(async_request *request, void *path)
{
	return await_respond_file(request, path);
}

int main(int argc, char **argv)
{
	async_http_options options = { .quiet = true };
	async_app *app = async_app_new(NULL);
	char address[32];

	if (argc != 3) {
		fprintf(stderr, "usage: http_file PORT FILE\n");
		return 2;
	}
	snprintf(address, sizeof address, "127.0.0.1:%s", argv[1]);
	async_route(app, "GET", "/", send_file, argv[2]);
	return await_http_serve_with(&options, app, address) < 0;
}
