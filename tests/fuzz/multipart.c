/* SPDX-License-Identifier: MIT */
/*
 * Multipart bodies: the first byte says how many bytes of boundary follow, the next two where the
 * rest is split. Whole and split the same events come; the fields that came are read as parameters;
 * the rest is decoded as base64 and quoted-printable; and what is not needed for a body becomes the
 * content of one that is written and read again.
 */
#define _GNU_SOURCE
#include "h1.h"
#include "http/form.h"
#include "http/multipart.h"
#include "http/part_coding.h"

enum { LOG_BYTES = 100000, PARTS = 5 };

struct run {
	struct h1_run fields;
	struct http_multipart multipart;
	char *log; /* contents, and a mark for each event */
	size_t size;
	int result;
};

static void note(struct run *run, const char *data, size_t size)
{
	h1_check(run->size + size <= LOG_BYTES);
	memcpy(run->log + run->size, data, size);
	run->size += size;
}

static void read_fields(const struct http_head *head, const char *data)
{
	for (uint32_t i = 0; i < head->fields.count; i++) {
		const struct http_slice *value = &head->fields.list[i].value;
		char *text = h1_copy(data + value->at, value->size);
		char *room = malloc(value->size + 1), boundary[HTTP_BOUNDARY_BYTES + 1];
		size_t used;

		if (http_parameter_find(text, value->size, "name", room, &used))
			h1_check(used <= value->size);
		if (http_filename_find(text, value->size, room, &used))
			h1_check(!memchr(room, '/', used) && !memchr(room, '\\', used));
		http_multipart_boundary(text, value->size, boundary);
		free(text);
		free(room);
	}
}

static ssize_t feed(struct run *run, const char *data, size_t size)
{
	size_t at = 0, used;

	for (;;) {
		char *copy = h1_copy(data + at, size - at);
		struct http_slice piece;
		int event = http_multipart_next(&run->multipart, copy, size - at, &used, &piece);

		h1_check(used <= size - at);
		if (event == HTTP_PART_HEAD) {
			note(run, "\1", 1);
			note(run, copy + piece.at, piece.size);
			read_fields(&run->fields.head, copy + piece.at);
		} else if (event == HTTP_PART_DATA) {
			h1_check(piece.size && piece.size <= used);
			note(run, copy + piece.at, piece.size);
		} else if (event == HTTP_PART_END) {
			note(run, "\2", 1);
		}
		free(copy);
		at += used;
		if (event < 0)
			return event;
		if (event == HTTP_PART_MORE || event == HTTP_PART_DONE)
			return (ssize_t)at;
	}
}

static void read_body(struct run *run, const char *boundary, const char *data, size_t size,
		      size_t split)
{
	ssize_t result;

	run->log = malloc(LOG_BYTES);
	run->size = 0;
	http_head_begin(&run->fields.head, &h1_limits, run->fields.list);
	http_multipart_begin(&run->multipart, boundary, PARTS, &run->fields.head);
	result = feed(run, data, split);
	if (result >= 0)
		result = feed(run, data + result, size - (size_t)result);
	run->result = result < 0 ? (int)result : http_multipart_eof(&run->multipart);
}

/* Any content but one that holds the boundary. */
static void write_and_read(const char *data, size_t size)
{
	struct http_part part = { .name = "n" };
	char *text = malloc(size + 200);
	size_t used = (size_t)http_part_write(text, 200, "fuzz", true, &part), head = used;
	struct run run;

	if (!memmem(data, size, "--fuzz", 6)) {
		memcpy(text + used, data, size);
		used += size;
		used += (size_t)http_part_write_end(text + used, 200, "fuzz", false);
		read_body(&run, "fuzz", text, used, used / 2);
		h1_check(!run.result && run.size == head - 8 + 1 + size + 1);
		h1_check(!memcmp(run.log + 1 + head - 8, data, size));
		free(run.log);
	}
	free(text);
}

/* In place and in two pieces. Returns the size, or -1 when it is refused. */
static ssize_t decode(const char *kind, char *data, size_t size, size_t split)
{
	struct part_coding coding;
	ssize_t first, second;

	h1_check(!part_coding_begin(&coding, kind, strlen(kind)));
	first = part_coding_step(&coding, data, split);
	h1_check(first <= (ssize_t)split);
	if (first < 0)
		return -1;
	second = part_coding_step(&coding, data + split, size - split);
	h1_check(second <= (ssize_t)(size - split));
	if (second < 0 || part_coding_end(&coding))
		return -1;
	memmove(data + first, data + split, (size_t)second);
	return first + second;
}

static void decode_split(const char *kind, const char *data, size_t size, size_t split)
{
	char *whole = h1_copy(data, size), *parts = h1_copy(data, size);
	ssize_t n = decode(kind, whole, size, size);

	h1_check(n == decode(kind, parts, size, split));
	h1_check(n <= 0 || !memcmp(whole, parts, (size_t)n));
	free(whole);
	free(parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char boundary[HTTP_BOUNDARY_BYTES + 1] = "";
	const char *text = (const char *)data + 3;
	struct run whole, split;
	size_t boundary_size, at;

	if (size < 4)
		return 0;
	size -= 3;
	boundary_size = 1 + data[0] % HTTP_BOUNDARY_BYTES;
	if (boundary_size > size || size > LOG_BYTES / 2)
		return 0;
	memcpy(boundary, text, boundary_size);
	text += boundary_size;
	size -= boundary_size;
	if (memchr(boundary, '\0', boundary_size) || memchr(boundary, '\r', boundary_size))
		return 0;
	at = (size_t)(data[1] | data[2] << 8) % (size + 1);
	read_body(&whole, boundary, text, size, size);
	read_body(&split, boundary, text, size, at);
	h1_check(whole.result == split.result && whole.size == split.size);
	h1_check(!memcmp(whole.log, split.log, whole.size));
	free(whole.log);
	free(split.log);
	write_and_read(text, size);
	decode_split("base64", text, size, at);
	decode_split("quoted-printable", text, size, at);
	return 0;
}
