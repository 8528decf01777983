/* SPDX-License-Identifier: MIT */
/* What the HTTP/1 fuzz targets share: heads whose parts lie where they should. */
#ifndef FUZZ_H1_H
#define FUZZ_H1_H

#include <await.h>
#include <stdlib.h>
#include <string.h>
#include "http/body.h"
#include "http/bytes.h"
#include "http/field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { H1_FIELDS = 16 };

/* Small, so that the fuzzer finds them. */
static const struct http_limits h1_limits = { .line_bytes = 200,
					      .head_bytes = 600,
					      .extension_bytes = 20,
					      .field_bytes = 200,
					      .fields = H1_FIELDS };

struct h1_run {
	struct http_head head;
	struct http_field list[H1_FIELDS];
	ssize_t result;
};

static inline void h1_check(bool right)
{
	if (!right)
		abort();
}

/* `size` bytes in memory of their own, so that the sanitizer guards their end. */
static inline char *h1_copy(const void *data, size_t size)
{
	char *copy = malloc(size ? size : 1);

	if (size)
		memcpy(copy, data, size);
	return copy;
}

static inline void h1_slice_inside(const struct h1_run *run, struct http_slice slice)
{
	h1_check(slice.at <= (size_t)run->result && slice.size <= (size_t)run->result - slice.at);
}

static inline void h1_fields_right(const struct h1_run *run, const char *data)
{
	for (uint32_t i = 0; i < run->head.fields.count; i++) {
		const struct http_field *field = &run->list[i];
		const char *value = data + field->value.at;

		h1_slice_inside(run, (struct http_slice){ field->name_at, field->name_size });
		h1_slice_inside(run, field->value);
		h1_check(http_is_token(data + field->name_at, field->name_size));
		h1_check(!field->value.size || (value[0] != ' ' && value[0] != '\t'));
		for (uint32_t j = 0; j < field->value.size; j++)
			h1_check(byte_is(value[j], BYTE_TEXT));
		h1_check(field->name == http_name_find(data + field->name_at, field->name_size));
	}
}

static inline void h1_same(const struct h1_run *a, const struct h1_run *b)
{
	h1_check(a->result == b->result);
	h1_check(a->head.error.rule == b->head.error.rule);
	h1_check(a->head.error.at == b->head.error.at);
	if (a->result <= 0)
		return;
	h1_check(a->head.fields.count == b->head.fields.count);
	h1_check(!memcmp(a->list, b->list, a->head.fields.count * sizeof *a->list));
	h1_check(a->head.framing.body == b->head.framing.body);
	h1_check(a->head.framing.length == b->head.framing.length);
	h1_check(a->head.framing.keep_alive == b->head.framing.keep_alive);
	h1_check(!memcmp(&a->head.target, &b->head.target, sizeof a->head.target));
}

#endif
