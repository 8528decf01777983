/* SPDX-License-Identifier: MIT */
/* A web site from a directory: `files [DIRECTORY [ADDRESS]]`, this one and port 8080 if nothing is
 * said. Directories without an index are listed; a log of requests goes to standard error. */
#include <await.h>

int main(int argc, char **argv)
{
	async_http_options http = { .access_log = stderr };
	async_static_options site = { .list = true };
	async_app *app = async_app_new(NULL);

	async_static(app, "", argc > 1 ? argv[1] : ".", &site);
	return await_http_serve_with(&http, app, argc > 2 ? argv[2] : ":8080") < 0;
}
