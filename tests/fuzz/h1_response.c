/* SPDX-License-Identifier: MIT */
/* Heads of responses, as h1_request does; the third byte says what was asked. */
#include "h1.h"

static void parse(struct h1_run *run, enum http_method asked, const char *data, size_t size,
		  size_t split)
{
	char *copy;

	http_head_begin(&run->head, &h1_limits, run->list);
	run->result = 0;
	for (size_t end = split; !run->result; end = size) {
		copy = h1_copy(data, end);
		run->result = http_response_parse(&run->head, asked, copy, end);
		free(copy);
		if (end == size)
			break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct h1_run whole, other;
	const char *text = (const char *)data + 3;
	enum http_method asked;
	size_t split;

	if (size < 3)
		return 0;
	size -= 3;
	asked = data[2] % (HTTP_METHOD_PATCH + 1);
	split = (size_t)(data[0] | data[1] << 8) % (size + 1);
	head_parser_forced = &head_parser_base;
	parse(&whole, asked, text, size, size);
	parse(&other, asked, text, size, split);
	h1_same(&whole, &other);
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2")) {
		head_parser_forced = &head_parser_avx2;
		parse(&other, asked, text, size, size);
		h1_same(&whole, &other);
	}
#endif
	if (whole.result > 0) {
		h1_fields_right(&whole, text);
		h1_slice_inside(&whole, whole.head.reason);
		h1_check(whole.head.status >= 100 && whole.head.status <= 999);
	}
	return 0;
}
