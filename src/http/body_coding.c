/* SPDX-License-Identifier: MIT */
/* Content codings of bodies that are read. One at a time: nobody sends two, and each would multiply
 * what a small body may turn into. */
#include <await/base.h>
#include <errno.h>
#include <stdlib.h>
#include "http/body_coding.h"
#include "http/html.h"

static int refuse(const char *value, size_t size)
{
	char text[80];

	http_log_escape(text, sizeof text, value, size);
	return async_fail(-EOPNOTSUPP,
			  "a body in the content coding \"%s\", which is not one of "
			  "those known here",
			  text);
}

int body_coding_new(const char *value, size_t size, uint32_t ratio, struct body_coding **coding)
{
	const struct http_decode_limits limits = { .decoded_ratio = ratio };
	enum http_coding name = http_coding_find(value, size);
	struct body_coding *made;

	*coding = NULL;
	if (!size || name == HTTP_CODING_IDENTITY)
		return 0;
	if (name == HTTP_CODING_OTHER)
		return refuse(value, size);
	made = malloc(sizeof *made);
	if (!made)
		return async_fail(-ENOMEM, "no memory for decoding a body");
	made->size = 0;
	made->over = made->full = false;
	made->decoder = http_decoder_new(name, &limits);
	if (!made->decoder) {
		free(made);
		return async_error_code();
	}
	*coding = made;
	return 0;
}

void body_coding_free(void *coding)
{
	struct body_coding *mine = coding;

	http_decoder_free(mine->decoder);
	free(mine);
}

ssize_t body_coding_next(struct body_coding *coding, const char **data)
{
	size_t used, made = 0;
	int result;

	while (coding->size || coding->full) {
		result = http_decoder_step(coding->decoder, coding->data, coding->size, &used,
					   coding->room, sizeof coding->room, &made);
		coding->data += used;
		coding->size -= used;
		coding->full = result == HTTP_CODEC_ROOM;
		if (result < 0)
			return result;
		if (made) {
			*data = coding->room;
			return (ssize_t)made;
		}
	}
	return coding->over ? http_decoder_finish(coding->decoder) : 0;
}
