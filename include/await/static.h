/* SPDX-License-Identifier: MIT */
/*
 * Files as answers, one at a time or a directory of them.
 *
 *	async_static(app, "/static", "/srv/site/static", NULL);
 *
 *	static int report(async_request *request, void *arg)
 *	{
 *		return await_respond_file(request, "/srv/reports/latest.pdf");
 *	}
 *
 * No call on a file keeps the other tasks waiting for a disk: what the kernel has in memory is
 * opened and sent at once, the rest is first fetched in the thread pool.
 */
#ifndef AWAIT_STATIC_H
#define AWAIT_STATIC_H

#include <await/app.h>

ASYNC_BEGIN_DECLS

/* Zero-filled is the default; every field may also be left out. */
typedef struct async_file_options {
	const char *content_type; /* NULL: what the handler prepared, or by the name's suffix */
	/* "report 2024.pdf", in UTF-8: browsers save it under that name (RFC 6266). */
	const char *attachment;
	bool no_ranges;	  /* the whole, whatever is asked for */
	bool no_siblings; /* not `path`.br or .gz in its place */
} async_file_options;

/*
 * Answer with a regular file: its bytes by sendfile(2) where the connection is a socket (over TLS
 * they are copied), Content-Type, ETag (of the time of its change in nanoseconds and its size) and
 * Last-Modified unless the handler prepared them, conditions (RFC 9110, 13) and single ranges (14)
 * where the status is 200. Where the client accepts br or gzip and `path`.br or `path`.gz is a
 * regular file that one is sent, with Content-Encoding and Vary, as what `path` is.
 *
 * Returns what the handler returns: 0; 304, 412 or 416; 404 where there is no such file; 403 for
 * directories, special files and what must not be read; or an error. A file that shrinks while it
 * is sent cuts the connection (-EIO); one that grows is sent as long as it was.
 *
 * `path` is used as it is: what a client wrote has no place in it. Use async_static for that.
 */
#define await_respond_file(request, path) await_respond_file_with(request, NULL, path)
ASYNC_API int await_respond_file_with(async_request *request, const async_file_options *options,
				      const char *path);

/* Zero-filled is the default; every field may also be left out. */
typedef struct async_static_options {
	const char *name;    /* for await_static_url; as of a route */
	const char *index;   /* of a directory; NULL: "index.html"; "": none */
	bool list;	     /* directories without one are listed */
	size_t list_entries; /* at most, then the list says so; 0: 10000 */
	bool hidden;	     /* names that begin with a dot are served and listed, too */
	bool follow_links;   /* symbolic links may lead anywhere, not only beneath the directory */
	async_file_options files; /* of each */
	const async_route_options *route;
} async_static_options;

/*
 * Serve the files below a directory for GET and HEAD, each as await_respond_file does: `prefix`,
 * which is "" or begins with a slash, and what follows is a path in it, percent-decoded.
 *
 * Nothing else can be reached: "..", encoded or not, is resolved before; what holds a NUL, an
 * encoded slash or an empty segment is 404, and so is a symbolic link that leaves the directory, is
 * absolute, or changes as it is looked at (openat2(2), RESOLVE_BENEATH; where that is missing the
 * opened file's own path is checked). A backslash is part of a name. Names that begin with a dot
 * are 404. A directory is redirected to its slash, then answered with its index, its list, or 403.
 *
 * Options may be NULL and are copied. The directory is opened here, once: one that is later renamed
 * to its place is not seen. 0; open(2)'s errors; those of async_route, of which it makes two:
 * `prefix` and what is below.
 */
ASYNC_API int async_static(async_app *app, const char *prefix, const char *directory,
			   const async_static_options *options);

/*
 * The path of a file below the async_static named so, for pages: "/static/site.css?v=" and a hash
 * of its contents (SHA-256, 96 bits of it), so that it may be cached for ever. It is computed in
 * the thread pool, again when the file changes. From malloc. NULL, and async_error_code(): -ENOENT
 * no such name or file, -EINVAL no regular file, -ENOMEM, or the cancel's. Of a mounted
 * application: ask that.
 */
ASYNC_API char *await_static_url(async_app *app, const char *name, const char *path);

ASYNC_END_DECLS

#endif
