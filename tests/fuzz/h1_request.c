/* SPDX-License-Identifier: MIT */
/*
 * Heads of requests: the first two bytes say where the rest is split. Whole and split, with every
 * set of inner loops, the result is the same; and what is accepted comes back when it is written
 * again.
 */
#include "h1.h"
#include "http/write.h"

static void parse(struct h1_run *run, const char *data, size_t size, size_t split)
{
	char *copy;

	http_head_begin(&run->head, &h1_limits, run->list);
	run->result = 0;
	for (size_t end = split; !run->result; end = size) {
		copy = h1_copy(data, end);
		run->result = http_request_parse(&run->head, copy, end);
		free(copy);
		if (end == size)
			break;
	}
}

static void write_again(const struct h1_run *run, const char *data)
{
	char method[300], target[300], text[2000];
	struct http_writer writer;
	struct h1_run again;
	ssize_t n;

	snprintf(method, sizeof method, "%.*s", (int)run->head.method_text.size,
		 data + run->head.method_text.at);
	snprintf(target, sizeof target, "%.*s", (int)run->head.target.size,
		 data + run->head.target.at);
	http_write_begin(&writer, text, sizeof text);
	http_write_request(&writer, run->head.minor, method, target);
	for (uint32_t i = 0; i < run->head.fields.count; i++) {
		const struct http_field *field = &run->list[i];

		/* The writer is stricter with what parsers pass over. */
		if ((HTTP_NAME_BIT(field->name) & run->head.fields.repeated) && field->name)
			return;
		http_write_field(&writer, data + field->name_at, field->name_size,
				 data + field->value.at, field->value.size);
	}
	n = http_write_end(&writer, NULL);
	h1_check(n > 0);
	http_head_begin(&again.head, NULL, again.list);
	again.result = http_request_parse(&again.head, text, (size_t)n);
	h1_check(again.result == n);
	h1_check(again.head.fields.count == run->head.fields.count);
	h1_check(again.head.framing.body == run->head.framing.body);
	h1_check(again.head.framing.length == run->head.framing.length);
	h1_check(again.head.framing.keep_alive == run->head.framing.keep_alive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct h1_run whole, other;
	const char *text = (const char *)data + 2;
	size_t split;

	if (size < 2)
		return 0;
	size -= 2;
	split = (size_t)(data[0] | data[1] << 8) % (size + 1);
	head_parser_forced = &head_parser_base;
	parse(&whole, text, size, size);
	parse(&other, text, size, split);
	h1_same(&whole, &other);
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2")) {
		head_parser_forced = &head_parser_avx2;
		parse(&other, text, size, size);
		h1_same(&whole, &other);
		parse(&other, text, size, split);
		h1_same(&whole, &other);
	}
#endif
	if (whole.result > 0) {
		h1_fields_right(&whole, text);
		h1_slice_inside(&whole, whole.head.path);
		h1_slice_inside(&whole, whole.head.query);
		h1_slice_inside(&whole, whole.head.host);
		write_again(&whole, text);
	}
	return 0;
}
