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

ASYNC_END_DECLS

#endif
