/* SPDX-License-Identifier: MIT */
/* Chunked bodies: whole, and in steps of the first byte's size, give the same. */
#include "h1.h"

struct outcome {
	int result;
	enum http_rule rule;
	uint64_t bytes, sum;
	size_t used;
	uint32_t trailers;
};

static struct outcome decode(const char *data, size_t size, size_t step)
{
	static const struct http_framing framing = { .body = HTTP_CHUNKED };
	struct outcome outcome = { .sum = 5381 };
	struct http_field list[H1_FIELDS];
	struct http_head head;
	struct http_body body;
	size_t end = 0;

	http_head_begin(&head, &h1_limits, list);
	http_body_begin(&body, &framing, &head);
	for (;;) {
		struct http_slice piece;
		size_t used;
		char *copy = h1_copy(data + outcome.used, end - outcome.used);

		outcome.result = http_body_next(&body, copy, end - outcome.used, &used, &piece);
		h1_check(used <= end - outcome.used);
		if (outcome.result == HTTP_DATA) {
			h1_check(piece.size && piece.at + piece.size == used);
			for (uint32_t i = 0; i < piece.size; i++)
				outcome.sum = outcome.sum * 33 + (unsigned char)copy[piece.at + i];
			outcome.bytes += piece.size;
		}
		free(copy);
		outcome.used += used;
		if (outcome.result < 0 || outcome.result == HTTP_END)
			break;
		if (outcome.result == HTTP_MORE) {
			if (end == size)
				break;
			end = end + step < size ? end + step : size;
		}
	}
	outcome.rule = head.error.rule;
	outcome.trailers = head.fields.count;
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, steps;

	if (!size)
		return 0;
	whole = decode((const char *)data + 1, size - 1, size);
	steps = decode((const char *)data + 1, size - 1, data[0] ? data[0] : 1);
	h1_check(whole.result == steps.result && whole.rule == steps.rule);
	h1_check(whole.bytes == steps.bytes && whole.sum == steps.sum);
	if (whole.result == HTTP_END)
		h1_check(whole.used == steps.used && whole.trailers == steps.trailers);
	return 0;
}
