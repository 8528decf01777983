/* SPDX-License-Identifier: MIT */
/* Server-sent events: a page shows a clock that the server drives. Each open page is a handler that
 * loops; it is cancelled when its page is closed, and ends when the server does. */
#include <await.h>
#include <time.h>

static const char page[] =
	"<!DOCTYPE html>\n<title>Events</title>\n<h1 id=\"clock\">...</h1>\n"
	"<script>\n"
	"new EventSource('/events').onmessage =\n"
	"	event => document.getElementById('clock').textContent = event.data;\n"
	"</script>\n";

static int show_page(async_request *request, void *arg)
{
	(void)arg;
	return await_respond_html(request, page);
}

static int tell_time(async_request *request, void *arg)
{
	char text[32];
	struct tm utc;
	int error;

	(void)arg;
	async_respond_type(request, "text/event-stream");
	async_respond_header(request, "Cache-Control", "no-cache");
	do {
		time_t now = time(NULL);

		strftime(text, sizeof text, "%H:%M:%S", gmtime_r(&now, &utc));
		error = await_respond_writef(request, "data: %s\n\n", text);
		if (!error)
			error = await_sleep(0.2);
	} while (!error && !async_request_is_ending(request));
	return error;
}

int main(int argc, char **argv)
{
	async_route_options streams = { .gone = ASYNC_GONE_CANCEL };
	async_app *app = async_app_new(NULL);

	async_route(app, "GET", "/", show_page, NULL);
	async_route_with(app, &streams, "GET", "/events", tell_time, NULL);
	return await_http_serve(app, argc > 1 ? argv[1] : ":25000") < 0;
}
