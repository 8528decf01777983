/* SPDX-License-Identifier: MIT */
/* A source that is compressed on its way. */
#include <errno.h>
#include <stdlib.h>
#include "client/client.h"
#include "client/upload.h"

enum { ROOM_BYTES = 16384 };

struct client_encoder {
	async_source from;
	enum http_coding coding;
	struct http_encoder *encoder;
	const char *data; /* not encoded yet */
	size_t size;
	bool over, ended;
	char room[ROOM_BYTES];
};

static ssize_t encode(struct client_encoder *encoder, const char **data)
{
	size_t used, made;
	int result = http_encoder_step(encoder->encoder,
				       encoder->over ? HTTP_ENCODE_FINISH : HTTP_ENCODE,
				       encoder->data, encoder->size, &used, encoder->room,
				       sizeof encoder->room, &made);

	if (result < 0)
		return result;
	encoder->data += used;
	encoder->size -= used;
	encoder->ended = result == HTTP_CODEC_END;
	*data = encoder->room;
	return (ssize_t)made;
}

static ssize_t next_encoded(void *arg, const char **data)
{
	struct client_encoder *encoder = arg;

	while (!encoder->ended) {
		ssize_t n = 0;

		if (!encoder->size && !encoder->over) {
			n = encoder->from.await_next(encoder->from.arg, &encoder->data);
			if (n < 0)
				return n;
			encoder->size = (size_t)n;
			encoder->over = !n;
		}
		n = encode(encoder, data);
		if (n)
			return n;
	}
	return 0;
}

static int rewind_encoded(void *arg)
{
	struct client_encoder *encoder = arg;
	int error = encoder->from.await_rewind(encoder->from.arg);
	struct http_encoder *fresh = error ? NULL : http_encoder_new(encoder->coding, 0);

	if (!fresh)
		return error ? error : async_error_code();
	http_encoder_free(encoder->encoder);
	encoder->encoder = fresh;
	encoder->size = 0;
	encoder->over = encoder->ended = false;
	return 0;
}

struct client_encoder *client_encoder_new(enum http_coding coding, const async_source *from,
					  async_source *source)
{
	struct client_encoder *encoder = malloc(sizeof *encoder);

	if (!encoder) {
		async_fail(-ENOMEM, "no memory to compress a body");
		return NULL;
	}
	encoder->from = *from;
	encoder->coding = coding;
	encoder->data = NULL;
	encoder->size = 0;
	encoder->over = encoder->ended = false;
	encoder->encoder = http_encoder_new(coding, 0);
	if (!encoder->encoder) {
		free(encoder);
		return NULL;
	}
	*source = (async_source){ .await_next = next_encoded,
				  .await_rewind = from->await_rewind ? rewind_encoded : NULL,
				  .arg = encoder };
	return encoder;
}

void client_encoder_free(struct client_encoder *encoder)
{
	if (!encoder)
		return;
	if (encoder->encoder)
		http_encoder_free(encoder->encoder);
	free(encoder);
}
