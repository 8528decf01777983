/* SPDX-License-Identifier: MIT */
/* The body of a request as a form: its fields, and files that were sent with it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <await/file.h>
#include <await/scope.h>
#include "base/base.h"
#include "http/charset.h"
#include "http/form.h"
#include "server/multipart_read.h"
#include "server/spool.h"

enum { MEMORY_BYTES = 1 << 20, FIRST_ENTRIES = 8 };

struct entry {
	async_field field;
	struct spool spool;
};

struct async_form {
	async_request *request;
	async_form_options options;
	struct entry *list;
	size_t count, room;
	size_t size, most; /* of all contents together */
	int error;	   /* it was not read to its end */
};

static void form_clear(async_form *form)
{
	for (size_t i = 0; i < form->count; i++)
		spool_free(&form->list[i].spool);
	free(form->list);
	form->list = NULL;
	form->count = form->room = 0;
}

static void form_free(void *form)
{
	form_clear(form);
}

static int no_memory(void)
{
	return async_fail(-ENOMEM, "no memory for a form");
}

/* One more. Those before may move. */
static struct entry *add(async_form *form)
{
	size_t room = form->room ? form->room * 2 : FIRST_ENTRIES;
	struct entry *list = form->list;

	if (form->count == form->room) {
		list = realloc(form->list, room * sizeof *list);
		if (!list)
			return NULL;
		form->list = list;
		form->room = room;
	}
	memset(&list[form->count].field, 0, sizeof list->field);
	list[form->count].field.fd = -1;
	spool_begin(&list[form->count].spool, SIZE_MAX, form->options.directory);
	return &list[form->count++];
}

/* ---- Urlencoded ---- */

static int await_urlencoded(async_form *form)
{
	struct arena *arena = &form->request->arena;
	struct http_pairs pairs;
	struct entry *entry;
	const char *body;
	ssize_t n = await_request_body(form->request, &body);
	int error = n < 0 ? (int)n :
			    http_pairs_parse(&pairs, arena, body, (size_t)n, form->options.fields);

	if (error == -EMSGSIZE)
		return request_blame_body(form->request, error);
	for (size_t i = 0; !error && i < pairs.count; i++) {
		entry = add(form);
		if (!entry)
			return no_memory();
		entry->field.name = pairs.list[i].name;
		entry->field.value = pairs.list[i].value;
		entry->field.size = pairs.list[i].value_size;
	}
	return error;
}

/* ---- Multipart ---- */

static int malformed(async_form *form, const char *what)
{
	return request_blame_body(form->request,
				  async_fail(-EBADMSG, "a form with a part %s", what));
}

/* What the part says of itself, as long as the request lives. */
static int describe(async_form *form, struct entry *entry, async_part *part)
{
	struct arena *arena = &form->request->arena;
	const char *name = async_part_name(part), *file = async_part_filename(part);
	const char *type = async_part_header(part, "Content-Type");

	if (!name)
		return malformed(form, "that has no name");
	if (!strncmp(async_part_content_type(part), "multipart/", 10))
		return malformed(form, "that has parts");
	entry->field.name = arena_text(arena, name, strlen(name));
	if (!entry->field.name)
		return no_memory();
	if (!file)
		return 0;
	entry->spool.memory_bytes = form->options.memory_bytes;
	entry->field.filename = arena_text(arena, file, strlen(file));
	if (type)
		entry->field.type = arena_text(arena, type, strlen(type));
	return entry->field.filename && (!type || entry->field.type) ? 0 : no_memory();
}

static int await_content(async_form *form, struct entry *entry, async_part *part)
{
	const char *piece;
	ssize_t n;
	int error = async_part_decode(part);

	while (!error && (n = await_part_chunk(part, &piece)) != 0) {
		if (n < 0)
			return (int)n;
		if ((size_t)n > form->most - form->size)
			return request_body_large(form->request, form->most);
		form->size += (size_t)n;
		error = await_spool_add(&entry->spool, piece, (size_t)n);
	}
	return error ? error : await_spool_end(&entry->spool);
}

/* A field in another charset. */
static int await_convert(async_form *form, struct spool *spool, const char *charset)
{
	char *text;
	ssize_t n = await_charset_convert(charset, spool->data, spool->used, &text);

	if (n < 0)
		return request_blame_body(form->request, (int)n);
	free(spool->data);
	spool->data = text;
	spool->used = (size_t)n;
	return 0;
}

static int await_entry(async_form *form, async_part *part)
{
	struct entry *entry;
	int error;

	if (form->count == form->options.fields)
		return request_blame_body(
			form->request,
			async_fail(-EMSGSIZE,
				   "a form of more than %zu fields (form option `fields`)",
				   form->options.fields));
	entry = add(form);
	error = entry ? describe(form, entry, part) : no_memory();
	if (!error)
		error = await_content(form, entry, part);
	if (!error && !entry->field.filename && !charset_is_utf8(async_part_charset(part)))
		error = await_convert(form, &entry->spool, async_part_charset(part));
	if (error)
		return error;
	entry->field.size = spool_size(&entry->spool);
	entry->field.value = entry->spool.data;
	entry->field.fd = entry->spool.fd;
	return 0;
}

static int await_multipart(async_form *form)
{
	async_multipart_options options = { .parts = SIZE_MAX };
	async_multipart *multipart = async_request_multipart_with(form->request, &options);
	async_part *part;
	int more, error = multipart ? 0 : async_error_code();

	if (multipart)
		multipart->most = form->most;
	while (!error && (more = await_multipart_next(multipart, &part)) != 0)
		error = more < 0 ? more : await_entry(form, part);
	return error;
}

/* ---- Either ---- */

static int await_form(async_form *form)
{
	async_request *request = form->request;
	const char *type = async_request_content_type(request);

	if (!strcmp(type, "multipart/form-data")) {
		if (request_body_announced(request) > form->most)
			return request_body_large(request, form->most);
		return await_multipart(form);
	}
	if (!async_request_has_body(request))
		return 0;
	if (!strcmp(type, "application/x-www-form-urlencoded"))
		return await_urlencoded(form);
	return request_blame_body(request, async_fail(-EINVAL,
						      "the body is %s, which is not a form "
						      "(application/x-www-form-urlencoded or "
						      "multipart/form-data)",
						      type));
}

static async_form *form_new(async_request *request, const async_form_options *options)
{
	async_form *form = arena_alloc(&request->arena, sizeof *form);

	if (!form) {
		no_memory();
		return NULL;
	}
	memset(form, 0, sizeof *form);
	if (arena_on_end(&request->arena, form_free, form)) {
		no_memory();
		return NULL;
	}
	form->request = request;
	if (options)
		form->options = *options;
	if (!form->options.memory_bytes)
		form->options.memory_bytes = MEMORY_BYTES;
	if (!form->options.fields)
		form->options.fields = HTTP_FORM_FIELDS;
	form->most = request_body_most(request);
	return form;
}

async_form *await_request_form_with(async_request *request, const async_form_options *options)
{
	async_form *form;

	if (!request || async_cancelled()) {
		async_fail(request ? async_cancelled() : -EINVAL, "await_request_form");
		return NULL;
	}
	form = request->form;
	if (!form) {
		form = form_new(request, options);
		if (!form)
			return NULL;
		request->form = form;
		form->error = await_form(form);
		if (form->error)
			form_clear(form);
	} else if (form->error) {
		async_fail(form->error, "this form was not read to its end before");
	}
	return form->error ? NULL : form;
}

async_form *await_request_form(async_request *request)
{
	return await_request_form_with(request, NULL);
}

/* ---- What is in it ---- */

const async_field *async_form_at(const async_form *form, size_t i)
{
	return form && i < form->count ? &form->list[i].field : NULL;
}

static const async_field *find(const async_form *form, const char *name, size_t i, bool file)
{
	for (size_t at = 0; form && at < form->count; at++) {
		const async_field *field = &form->list[at].field;

		if (file != (field->filename != NULL) || strcmp(field->name, name) != 0)
			continue;
		/* Nothing was chosen. */
		if (file && !*field->filename && !field->size)
			continue;
		if (!i--)
			return field;
	}
	return NULL;
}

const char *async_form_nth(const async_form *form, const char *name, size_t i)
{
	const async_field *field = find(form, name, i, false);

	return field ? field->value : NULL;
}

const char *async_form_value(const async_form *form, const char *name)
{
	return async_form_nth(form, name, 0);
}

const async_field *async_form_file_nth(const async_form *form, const char *name, size_t i)
{
	return find(form, name, i, true);
}

const async_field *async_form_file(const async_form *form, const char *name)
{
	return async_form_file_nth(form, name, 0);
}

ssize_t await_form_read(const async_field *file, void *data, size_t size, off_t offset)
{
	ssize_t n = async_cancelled();

	if (n)
		return n;
	if (!file || offset < 0)
		return async_fail(-EINVAL, "await_form_read: no file, or offset %lld",
				  (long long)offset);
	if (file->fd >= 0)
		return await_pread(file->fd, data, size, offset);
	if ((size_t)offset >= file->size)
		return 0;
	if (size > file->size - (size_t)offset)
		size = file->size - (size_t)offset;
	memcpy(data, file->value + offset, size);
	return (ssize_t)size;
}

int await_form_save(const async_field *file, const char *path)
{
	int error = async_cancelled();

	if (error)
		return error;
	if (!file)
		return async_fail(-EINVAL, "await_form_save: no file to be kept as %s", path);
	if (file->fd < 0)
		return await_write_file(path, file->value, file->size, 0666);
	return await_spool_copy(file->fd, file->size, path);
}
