/* SPDX-License-Identifier: MIT */
/*
 * Uploads: a page with a form, and files that end up in a directory. Whatever their size, they
 * take a megabyte of memory at most on the way.
 *
 *	upload /tmp/uploads
 *	curl -F file=@photo.jpg -F file=@film.mkv localhost:25000/
 */
#include <await.h>
#include <stdio.h>

static const char page[] =
	"<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>Upload</title>\n"
	"<form method=\"post\" enctype=\"multipart/form-data\">\n"
	"<input type=\"file\" name=\"file\" multiple> <input type=\"submit\">\n</form>\n";

static int show(async_request *request, void *directory)
{
	(void)directory;
	return await_respond_html(request, page);
}

static int upload(async_request *request, void *directory)
{
	async_form *form = await_request_form(request);
	const async_field *file;
	char path[4096];
	size_t bytes = 0;
	int error, count = 0;

	if (!form)
		return async_error_code(); /* answered 400, 413 or 415 */
	for (; (file = async_form_file_nth(form, "file", (size_t)count)); count++) {
		if (!*file->filename || *file->filename == '.')
			return async_refuse(request, 422, "a file needs a name");
		snprintf(path, sizeof path, "%s/%s", (char *)directory, file->filename);
		error = await_form_save(file, path);
		if (error)
			return error;
		bytes += file->size;
	}
	return await_respond_printf(request, "%d files, %zu bytes\n", count, bytes);
}

int main(int argc, char **argv)
{
	async_app *app = async_app_new(&(async_route_options){ .body_bytes = (size_t)4 << 30 });

	if (argc < 2) {
		fprintf(stderr, "usage: upload DIRECTORY [ADDRESS]\n");
		return 2;
	}
	async_route(app, "GET", "/", show, NULL);
	async_route(app, "POST", "/", upload, argv[1]);
	return await_http_serve(app, argc > 2 ? argv[2] : ":25000") ? 1 : 0;
}
