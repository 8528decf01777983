/* SPDX-License-Identifier: MIT */
/*
 * Forms and uploads. All at once, files beyond a size on the disk:
 *
 *	async_form *form = await_request_form(request);
 *	const async_field *photo;
 *
 *	if (!form)
 *		return async_error_code(); // answered 400, 413 or 415
 *	photo = async_form_file(form, "photo");
 *	if (photo)
 *		await_form_save(photo, "photo.jpg");
 *	return await_respond_text(request, async_form_value(form, "title"));
 *
 * Or part by part as they come, in constant memory:
 *
 *	async_multipart *multipart = async_request_multipart(request);
 *	async_part *part;
 *	int more;
 *
 *	while ((more = await_multipart_next(multipart, &part)) > 0)
 *		while ((n = await_part_chunk(part, &data)) > 0)
 *			...
 *	return more < 0 ? more : await_respond_text(request, "thanks");
 */
#ifndef AWAIT_FORM_H
#define AWAIT_FORM_H

#include <await/request.h>

ASYNC_BEGIN_DECLS

/* ---- All at once ---- */

/* A field, or a file. Texts end in a zero byte that is not counted; they are in UTF-8 if the client
 * keeps to the standard, as browsers do, or names another charset. */
typedef struct async_field {
	const char *name;
	const char *value;    /* a field's; a file's content while it is in memory, else NULL */
	size_t size;	      /* of the value or the content, in bytes */
	const char *filename; /* as the client calls it, without directories and control bytes, so
				 perhaps ""; NULL: no file. Clients lie: it is for showing */
	const char *type;     /* of a file, as the client says: "image/png"; NULL: it says none */
	int fd; /* an unlinked file with the content, for reading with await_pread; -1: in memory */
} async_field;

/* Zero-filled is the default. */
typedef struct async_form_options {
	size_t memory_bytes;   /* of one file's content in memory; 0: 1 MiB */
	size_t fields;	       /* and files; 0: 1000 */
	const char *directory; /* for what is longer; NULL: $TMPDIR, or /tmp */
} async_form_options;

/*
 * The fields of a body that is application/x-www-form-urlencoded or multipart/form-data, parts out
 * of their transfer encodings and content codings. The request's own, also the files: they are gone
 * when it has been answered. Asked for again, it is the same. Without a body: no fields.
 *
 * NULL: async_error_code(). -EINVAL: another type (415); -EBADMSG: malformed (400), also a part
 * without a name; -EILSEQ, -EOPNOTSUPP: a text or coding that cannot be read (400, 415); -EMSGSIZE:
 * more than the route's `body_bytes` as it came or decoded, or a limit above (413); of files:
 * -ENOSPC and others of open(2) and pwrite(2).
 */
typedef struct async_form async_form;
ASYNC_API async_form *await_request_form(async_request *request);
ASYNC_API async_form *await_request_form_with(async_request *request,
					      const async_form_options *options);

/* The i-th of all in their order; NULL past the last. */
ASYNC_API const async_field *async_form_at(const async_form *form, size_t i);
/* The value of the first field of that name that is no file, or NULL; the i-th, from 0. */
ASYNC_API const char *async_form_value(const async_form *form, const char *name);
ASYNC_API const char *async_form_nth(const async_form *form, const char *name, size_t i);
/* The first file of that name, or NULL; the i-th. Where nothing was chosen browsers send a file
 * without a name and of no bytes: that is none. */
ASYNC_API const async_field *async_form_file(const async_form *form, const char *name);
ASYNC_API const async_field *async_form_file_nth(const async_form *form, const char *name,
						 size_t i);

/* Read a file wherever it lies: pread(2). */
ASYNC_API ssize_t await_form_read(const async_field *file, void *data, size_t size, off_t offset);
/* Keep a file: in one step and synced, as await_write_file does; what was at the path is replaced.
 * The path is the server's choice. 0, or an error of the calls on files. */
ASYNC_API int await_form_save(const async_field *file, const char *path);

/* ---- Part by part ---- */

/* Zero-filled is the default. */
typedef struct async_multipart_options {
	size_t parts;	   /* 0: 1000 */
	size_t line_bytes; /* of await_part_readline; 0: 65536 */
	size_t part_bytes; /* of await_part_body and what rests on it; 0: the route's body_bytes */
} async_multipart_options;

/* Read a body that is multipart/anything (RFC 2046, 5.1), of any size. The request's own. NULL:
 * async_error_code(), -EINVAL when it is of another type, or without a boundary (415). */
typedef struct async_multipart async_multipart;
typedef struct async_part async_part;
ASYNC_API async_multipart *async_request_multipart(async_request *request);
ASYNC_API async_multipart *async_request_multipart_with(async_request *request,
							const async_multipart_options *options);

/* 1 and the next part, which is valid until the next call; what was left of the one before is
 * skipped. 0: that was all. Errors as of reading the body, -EBADMSG malformed (400), -EMSGSIZE a
 * limit (413); for a multipart of NULL, what it failed with. */
ASYNC_API int await_multipart_next(async_multipart *multipart, async_part **part);

/* Its field's name, and the file's, as in async_field; NULL: it has none. */
ASYNC_API const char *async_part_name(const async_part *part);
ASYNC_API const char *async_part_filename(const async_part *part);
/* "image/png", in small letters, without parameters; "text/plain" when it does not say (RFC 2046,
 * 5.1). Its charset in small letters; "" without. */
ASYNC_API const char *async_part_content_type(async_part *part);
ASYNC_API const char *async_part_charset(async_part *part);
/* Fields of the part, as async_request_header and async_request_header_at. */
ASYNC_API const char *async_part_header(async_part *part, const char *name);
ASYNC_API const char *async_part_header_at(async_part *part, size_t i, const char **value);

/* From here on the content comes out of its Content-Transfer-Encoding (base64, quoted-printable)
 * and Content-Encoding. Call it before anything is read. -EOPNOTSUPP: one that is not known here
 * (415); -EBUSY: something was read; -ENOMEM. */
ASYNC_API int async_part_decode(async_part *part);

/* The content as it comes: as await_request_read and await_request_chunk. Any size. */
ASYNC_API ssize_t await_part_read(async_part *part, void *data, size_t size);
ASYNC_API ssize_t await_part_chunk(async_part *part, const char **data);
/* A line with its LF, and a zero byte behind; the last may have none. Valid until the next call; 0
 * at the end. -EMSGSIZE: longer than `line_bytes` (413). */
ASYNC_API ssize_t await_part_readline(async_part *part, const char **line);

/* What is left of it as a whole, and a zero byte behind; valid as long as the part. -EMSGSIZE: more
 * than `part_bytes` (413). The others decode first: */
ASYNC_API ssize_t await_part_body(async_part *part, const char **data);
/* as await_request_text, */
ASYNC_API ssize_t await_part_text(async_part *part, const char **text);
/* as await_request_json, whatever type the part says; valid as long as the request, */
ASYNC_API struct json_t *await_part_json(async_part *part);
/* and a part that is multipart itself. Read it to its end before the next part of the outer one. */
ASYNC_API async_multipart *async_part_multipart(async_part *part);

ASYNC_END_DECLS

#endif
