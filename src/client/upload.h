/* SPDX-License-Identifier: MIT */
/* Bodies of requests. */
#ifndef CLIENT_UPLOAD_H
#define CLIENT_UPLOAD_H

#include <sys/stat.h>
#include <await/call.h>
#include "http/codec.h"

struct async_outgoing;
struct async_response;
struct client_link;

/* Up to this, a body goes with the head, before anybody looks for an answer. */
enum { UPLOAD_AT_ONCE_BYTES = 65536 };

struct client_upload {
	bool given;   /* there is a body */
	bool used;    /* its source has been read from */
	bool in_head; /* small: sent with the head */
	bool chunked;
	bool expect; /* it waits for 100 Continue */
	bool sized;
	uint64_t size;
	const void *data; /* in memory; NULL: */
	const char *type;
	async_source source;
	/* What the source rests on. */
	async_bytes_source bytes;
	async_file_source file;
	int fd;
	enum http_coding coding; /* HTTP_CODING_IDENTITY: as it is */
	struct client_encoder *encoder;
	struct client_multipart *multipart;
	char *text; /* of a form, or its type */
};

/* encode.c: what `from` has, compressed; the encoder goes with the upload. NULL: -ENOMEM,
 * -EOPNOTSUPP. */
struct client_encoder *client_encoder_new(enum http_coding coding, const async_source *from,
					  async_source *source);
void client_encoder_free(struct client_encoder *encoder);

/* What a file is called behind the directories of its path. */
const char *client_file_name(const char *path);
/* 0, or -EINVAL with a text. */
int client_check_regular(const struct stat *status, const char *path);

/* form_data.c: the form as a body, in upload->data or upload->source. */
int await_form_data_begin(struct client_upload *upload, async_form_data *form);
void client_multipart_free(struct client_multipart *multipart);

/* From what the call gives: opens its file. 0, or why not; ended in any case. */
int await_upload_begin(struct client_upload *upload, const async_call *call);
void client_upload_end(struct client_upload *upload);
/* In place of what was given. */
void client_upload_set_bytes(struct client_upload *upload, const void *data, size_t size,
			     const char *type);
/* A redirect has made it a request without a body. */
void client_upload_drop(struct client_upload *upload);
/* To be sent from its beginning: 0, or an error where that cannot be done again. */
int await_upload_rewind(struct client_upload *upload);
/* Whether a second try would find it whole. */
bool client_upload_can_repeat(const struct client_upload *upload);

/* Send a body that did not go with the head, and read the final head of the answer meanwhile. */
int await_upload(struct async_outgoing *request, struct async_response *response);

#endif
