/* SPDX-License-Identifier: MIT */
/* Forms that are sent: what they hold, and the two ways to write them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <await/file.h>
#include <await/net.h>
#include "client/client.h"
#include "client/upload.h"
#include "http/mime.h"
#include "http/multipart.h"

struct part {
	struct part *next;
	async_form_part given; /* texts and data are the arena's */
	uint64_t file_size;    /* as it was when the sending began */
};

struct async_form_data {
	struct part *first, **last;
	bool multipart;
	struct arena arena;
};

/* ---- What it holds ---- */

async_form_data *async_form_data_new(void)
{
	struct async_form_data *form = calloc(1, sizeof *form);

	if (!form) {
		async_fail(-ENOMEM, "no memory for a form");
		return NULL;
	}
	form->last = &form->first;
	arena_begin(&form->arena, NULL, 0);
	return form;
}

void async_form_data_free(async_form_data *form)
{
	if (!form)
		return;
	arena_end(&form->arena);
	free(form);
}

void async_form_data_multipart(async_form_data *form)
{
	form->multipart = true;
}

static int check_part(const async_form_part *part)
{
	struct http_part shown = { part->name, part->filename, part->type, NULL, 0 };

	if (!part->name)
		return async_fail(-EINVAL, "a part of a form needs a name");
	if (!!part->file + !!part->source + !!part->data > 1)
		return async_fail(-EINVAL, "a part of a form is one of data, file and source");
	if (!part->data && !part->file && !part->source && part->size)
		return async_fail(-EINVAL, "a part of a form has a size, and no data");
	return (int)(http_part_write(NULL, 0, "x", true, &shown) < 0 ? -EINVAL : 0);
}

int async_form_data_add_part(async_form_data *form, const async_form_part *part)
{
	struct part *own;
	int error;

	if (!form || !part)
		return async_fail(-EINVAL, "async_form_data_add_part: no form, or no part");
	error = check_part(part);
	if (error)
		return error;
	own = arena_alloc(&form->arena, sizeof *own);
	if (!own)
		return async_fail(-ENOMEM, "no memory for a form");
	*own = (struct part){ .given = *part };
	if (part->file && !part->filename)
		own->given.filename = client_file_name(part->file);
	own->given.data =
		arena_text(&form->arena, part->data ? part->data : "", part->data ? part->size : 0);
	if (!arena_keep(&form->arena, &own->given.name) ||
	    !arena_keep(&form->arena, &own->given.filename) ||
	    !arena_keep(&form->arena, &own->given.type) ||
	    !arena_keep(&form->arena, &own->given.file) || !own->given.data)
		return async_fail(-ENOMEM, "no memory for a form");
	if (own->given.filename && !own->given.type)
		own->given.type = http_mime_type(own->given.filename, strlen(own->given.filename));
	form->multipart |= own->given.filename || own->given.type || part->source;
	*form->last = own;
	form->last = &own->next;
	return 0;
}

int async_form_data_add(async_form_data *form, const char *name, const char *value)
{
	async_form_part part = { .name = name, .data = value, .size = value ? strlen(value) : 0 };

	return async_form_data_add_part(form, &part);
}

int async_form_data_add_file(async_form_data *form, const char *name, const char *path)
{
	async_form_part part = { .name = name, .file = path };

	if (!path)
		return async_fail(-EINVAL, "async_form_data_add_file: no path");
	return async_form_data_add_part(form, &part);
}

/* ---- application/x-www-form-urlencoded ---- */

static int urlencode(struct client_upload *upload, const struct async_form_data *form)
{
	async_query query = { 0 };
	int error = 0;

	for (const struct part *part = form->first; part && !error; part = part->next)
		error = async_query_add_bytes(&query, part->given.name, strlen(part->given.name),
					      part->given.data, part->given.size);
	if (error) {
		async_query_free(&query);
		return error;
	}
	upload->text = query.data;
	client_upload_set_bytes(upload, query.data ? query.data : "", query.size,
				"application/x-www-form-urlencoded");
	return 0;
}

/* ---- multipart/form-data ---- */

struct client_multipart {
	struct async_form_data *form;
	struct part *part; /* whose head is next */
	bool inside;	   /* the content of a part is being read */
	bool first, ended;
	async_source content;
	async_bytes_source bytes;
	async_file_source file;
	int fd;
	char boundary[HTTP_BOUNDARY_TEXT_BYTES];
	char *room;
	size_t room_size;
};

static struct http_part shown(const struct part *part)
{
	return (struct http_part){ part->given.name, part->given.filename, part->given.type, NULL,
				   0 };
}

static void close_file(struct client_multipart *multipart)
{
	async_file_source_end(&multipart->file);
	if (multipart->fd >= 0)
		async_close(multipart->fd);
	multipart->fd = -1;
}

static int await_begin_content(struct client_multipart *multipart, const struct part *part)
{
	if (part->given.source) {
		multipart->content = *part->given.source;
		return 0;
	}
	if (!part->given.file) {
		multipart->content =
			async_source_bytes(&multipart->bytes, part->given.data, part->given.size);
		return 0;
	}
	multipart->fd = await_open(part->given.file, O_RDONLY, 0);
	if (multipart->fd < 0)
		return multipart->fd;
	multipart->content = async_source_file(&multipart->file, multipart->fd, 0, part->file_size);
	return 0;
}

static ssize_t await_next_head(struct client_multipart *multipart, const char **data)
{
	const struct part *part = multipart->part;
	struct http_part head;
	ssize_t n;
	int error;

	*data = multipart->room;
	if (!part) {
		multipart->ended = true;
		return http_part_write_end(multipart->room, multipart->room_size,
					   multipart->boundary, multipart->first);
	}
	head = shown(part);
	n = http_part_write(multipart->room, multipart->room_size, multipart->boundary,
			    multipart->first, &head);
	error = await_begin_content(multipart, part);
	if (error)
		return error;
	multipart->first = false;
	multipart->inside = true;
	multipart->part = part->next;
	return n;
}

static ssize_t next_multipart(void *arg, const char **data)
{
	struct client_multipart *multipart = arg;

	if (multipart->inside) {
		ssize_t n = multipart->content.await_next(multipart->content.arg, data);

		if (n)
			return n;
		multipart->inside = false;
		close_file(multipart);
	}
	return multipart->ended ? 0 : await_next_head(multipart, data);
}

static int rewind_multipart(void *arg)
{
	struct client_multipart *multipart = arg;

	close_file(multipart);
	multipart->part = multipart->form->first;
	multipart->inside = multipart->ended = false;
	multipart->first = true;
	for (const struct part *part = multipart->part; part; part = part->next) {
		const async_source *source = part->given.source;
		int error = source ? source->await_rewind(source->arg) : 0;

		if (error)
			return error;
	}
	return 0;
}

/* The size of a part's content, and whether that is known. */
static int await_measure(struct part *part, uint64_t *size, bool *sized)
{
	struct stat status;
	int error;

	if (part->given.source) {
		*size = part->given.source->size;
		*sized = part->given.source->sized;
		return 0;
	}
	*sized = true;
	*size = part->given.size;
	if (!part->given.file)
		return 0;
	error = await_stat(part->given.file, &status);
	if (!error)
		error = client_check_regular(&status, part->given.file);
	*size = part->file_size = error ? 0 : (uint64_t)status.st_size;
	return error;
}

static int await_size(struct client_multipart *multipart, async_source *source, bool *again)
{
	bool first = true;

	source->sized = *again = true;
	for (struct part *part = multipart->form->first; part; part = part->next) {
		struct http_part head = shown(part);
		ssize_t n = http_part_write(NULL, 0, multipart->boundary, first, &head);
		uint64_t size = 0;
		bool sized = false;
		int error = n < 0 ? (int)n : await_measure(part, &size, &sized);

		if (error)
			return error;
		if ((size_t)n > multipart->room_size)
			multipart->room_size = (size_t)n;
		source->size += (uint64_t)n + size;
		source->sized = source->sized && sized;
		*again = *again && (!part->given.source || part->given.source->await_rewind);
		first = false;
	}
	source->size += (uint64_t)http_part_write_end(NULL, 0, multipart->boundary, first);
	return 0;
}

static int set_type(struct client_upload *upload, const char *boundary)
{
	static const char type[] = "multipart/form-data; boundary=";

	upload->text = malloc(sizeof type + HTTP_BOUNDARY_TEXT_BYTES);
	if (!upload->text)
		return async_fail(-ENOMEM, "no memory for a form");
	sprintf(upload->text, "%s%s", type, boundary);
	upload->type = upload->text;
	return 0;
}

static int await_multipart(struct client_upload *upload, struct async_form_data *form)
{
	struct client_multipart *multipart = calloc(1, sizeof *multipart);
	async_source *source = &upload->source;
	uint64_t random[2];
	bool again;
	int error;

	if (!multipart)
		return async_fail(-ENOMEM, "no memory for a form");
	upload->multipart = multipart;
	*multipart = (struct client_multipart){
		.form = form, .part = form->first, .first = true, .fd = -1, .room_size = 128
	};
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return async_fail(-errno, "no random numbers for a boundary");
	http_boundary_make(multipart->boundary, random[0], random[1]);
	*source = (async_source){ .await_next = next_multipart, .arg = multipart };
	error = await_size(multipart, source, &again);
	if (error)
		return error;
	source->await_rewind = again ? rewind_multipart : NULL;
	multipart->room = malloc(multipart->room_size);
	if (!multipart->room)
		return async_fail(-ENOMEM, "no memory for a form");
	return set_type(upload, multipart->boundary);
}

void client_multipart_free(struct client_multipart *multipart)
{
	if (!multipart)
		return;
	close_file(multipart);
	free(multipart->room);
	free(multipart);
}

int await_form_data_begin(struct client_upload *upload, async_form_data *form)
{
	return form->multipart ? await_multipart(upload, form) : urlencode(upload, form);
}
