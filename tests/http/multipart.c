/* SPDX-License-Identifier: MIT */
/* Multipart bodies: read in every split, written and read again. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "http/form.h"
#include "http/multipart.h"

static struct http_field list[200];
static char log_text[20000];
static char *log_at;

/* "[name: value|...]content;" for each part, then "." or the error's number. */
static void log_fields(const struct http_head *head, const char *data)
{
	log_at += sprintf(log_at, "[");
	for (uint32_t i = 0; i < head->fields.count; i++) {
		const struct http_field *field = &head->fields.list[i];

		log_at += sprintf(log_at, "%s%.*s: %.*s", i ? "|" : "", (int)field->name_size,
				  data + field->name_at, (int)field->value.size,
				  data + field->value.at);
	}
	log_at += sprintf(log_at, "]");
}

/* All that can be done with a block. Returns how much of it is used, or a negative error. */
static ssize_t feed(struct http_multipart *multipart, const char *data, size_t size)
{
	size_t at = 0, used;

	for (;;) {
		/* In memory of its own: nothing is kept, and nothing beyond is looked at. */
		char *copy = malloc(size - at + 1);
		struct http_slice piece;
		int event;

		memcpy(copy, data + at, size - at);
		event = http_multipart_next(multipart, copy, size - at, &used, &piece);
		CHECK(used <= size - at);
		if (event == HTTP_PART_HEAD)
			log_fields(multipart->head, copy + piece.at);
		if (event == HTTP_PART_DATA) {
			CHECK(piece.size && piece.at + piece.size <= used);
			log_at += sprintf(log_at, "%.*s", (int)piece.size, copy + piece.at);
		}
		free(copy);
		if (event == HTTP_PART_END)
			log_at += sprintf(log_at, ";");
		at += used;
		if (event < 0)
			return event;
		if (event == HTTP_PART_MORE || event == HTTP_PART_DONE)
			return (ssize_t)at;
	}
}

static const struct http_limits *limits;
static uint32_t parts_max;

/* Pieces of `step` bytes at most, the first one of `split`. */
static int read_in(const char *boundary, const char *data, size_t size, size_t split, size_t step)
{
	struct http_multipart multipart;
	struct http_head head;
	size_t begin = 0, end = split;
	ssize_t result;

	log_at = log_text;
	*log_at = '\0';
	http_head_begin(&head, limits, list);
	http_multipart_begin(&multipart, boundary, parts_max, &head);
	for (;;) {
		result = feed(&multipart, data + begin, end - begin);
		if (result < 0)
			break;
		begin += (size_t)result;
		if (end == size) {
			result = http_multipart_eof(&multipart);
			break;
		}
		end = size - end < step ? size : end + step;
	}
	sprintf(log_at, "%s", result ? "!" : ".");
	return (int)result;
}

static const char *read_bytes(const char *boundary, const char *data, size_t size)
{
	static char whole[20000];
	int result = read_in(boundary, data, size, size, 1);

	strcpy(whole, log_text);
	for (size_t split = 0; split <= size; split++) {
		CHECK_INT(read_in(boundary, data, size, split, size + 1), result);
		CHECK_STR(log_text, whole);
	}
	for (size_t step = 1; step < 8; step++) {
		CHECK_INT(read_in(boundary, data, size, 0, step), result);
		CHECK_STR(log_text, whole);
	}
	return whole;
}

static const char *read_all(const char *data)
{
	return read_bytes("b", data, strlen(data));
}

TEST_WITH(parts, "W24 M01", .backends = ONCE)
{
	CHECK_STR(read_all("--b\r\nA: 1\r\n\r\nx\r\n--b--\r\n"), "[A: 1]x;.");
	CHECK_STR(read_all("--b\r\nA: 1\r\nB: 2\r\n\r\nx\r\ny\r\n--b\r\n\r\nz\r\n--b--"),
		  "[A: 1|B: 2]x\r\ny;[]z;.");
	/* What stands around the parts does not count. */
	CHECK_STR(read_all("pre\r\namble--b\r\n\r\n--b\r\n\r\nx\r\n--b--epi\r\n--b\r\nlogue"),
		  "[]x;.");
	CHECK_STR(read_all("\r\n--b\r\n\r\nx\r\n--b--\r\n"), "[]x;.");
	/* Blanks behind a boundary. */
	CHECK_STR(read_all("--b \t \r\n\r\nx\r\n--b-- \r\n"), "[]x;.");
	/* Empty content, with its own line break and without. */
	CHECK_STR(read_all("--b\r\nA: 1\r\n\r\n\r\n--b--"), "[A: 1];.");
	CHECK_STR(read_all("--b\r\nA: 1\r\n\r\n--b--"), "[A: 1];.");
	CHECK_STR(read_all("--b\r\n\r\n--b\r\n\r\n\r\n\r\n--b--"), "[];[]\r\n;.");
	/* No parts at all, as browsers send an empty form. */
	CHECK_STR(read_all("--b--\r\n"), ".");
}

/* What only looks like a boundary is content. */
TEST_WITH(nearly_boundaries, "W24 M01", .backends = ONCE)
{
	CHECK_STR(read_all("--b\r\n\r\n\r\r\n-\r\n--\r\n--c\n--b\r--b--b\r\n--b--"),
		  "[]\r\r\n-\r\n--\r\n--c\n--b\r--b--b;.");
	CHECK_STR(read_all("--b\r\n\r\n\r\n\r\n\r\n-\r\r\n--b--"), "[]\r\n\r\n\r\n-\r;.");
	CHECK_STR(read_all("-\r\n--b\r\n\r\n-\r\n--b--"), "[]-;.");
	static const char repeating[] = "--aXaXb\r\n\r\n\r\n--aXaXaXb\r\n--aXaXb--";
	CHECK_STR(read_bytes("aXaXb", repeating, strlen(repeating)), "[]\r\n--aXaXaXb;.");
	static const char hyphens[] = "---\r\n\r\nx\r\n-----";
	CHECK_STR(read_bytes("-", hyphens, strlen(hyphens)), "[]x;.");
}

TEST_WITH(malformed, "W24 H20", .backends = ONCE)
{
	CHECK_STR(read_all(""), "!");
	CHECK_TEXT_HAS(async_error(), "it ends without its final boundary (part 0)");
	CHECK_STR(read_all("--b"), "!");
	CHECK_STR(read_all("--b-"), "!");
	CHECK_STR(read_all("--b\r\nA: 1\r\n\r\nx"), "[A: 1]x!");
	CHECK_STR(read_all("--b\r\nA: 1\r\n\r\nx\r\n--b\r\n"), "[A: 1]x;!");
	CHECK_TEXT_HAS(async_error(), "final boundary (part 2)");
	CHECK_STR(read_all("--b\r\nA: 1\r\n"), "!");
	/* One that begins as ours does is a mistake, or an attempt to be read twice. */
	CHECK_STR(read_all("--bc\r\n\r\nx\r\n--b--"), "!");
	CHECK_TEXT_HAS(async_error(), "something follows a boundary");
	CHECK_STR(read_all("--b\r\n\r\nx\r\n--bx--"), "[]x;!");
	CHECK_STR(read_all("--b-x"), "!");
	CHECK_STR(read_all("--b\n\r\nx\r\n--b--"), "!");
	CHECK_STR(read_all("--b\rx"), "!");
	/* Fields by the rules of heads. */
	CHECK_STR(read_all("--b\r\nA 1\r\n\r\nx\r\n--b--"), "!");
	CHECK_STR(read_all("--b\r\nA: 1\n\r\nx\r\n--b--"), "!");
	CHECK_STR(read_all("--b\r\nA: 1\r\n B\r\n\r\nx\r\n--b--"), "!");
	CHECK_STR(read_all("--b\r\nA: 1\r\n--b--"), "!");
}

TEST_WITH(padding, "W24 M12", .backends = ONCE)
{
	char text[200];

	sprintf(text, "--b%64s\r\n\r\nx\r\n--b--", "");
	CHECK_STR(read_all(text), "[]x;.");
	sprintf(text, "--b%65s\r\n\r\nx\r\n--b--", "");
	CHECK_STR(read_all(text), "!");
	CHECK_TEXT_HAS(async_error(), "more than 64 blanks");
}

TEST_WITH(part_limits, "W24 M12", .backends = ONCE)
{
	static const struct http_limits few = {
		.line_bytes = 20, .head_bytes = 30, .field_bytes = 15, .fields = 2
	};

	limits = &few;
	CHECK_STR(read_all("--b\r\nA: 1\r\nB: 2\r\n\r\nx\r\n--b--"), "[A: 1|B: 2]x;.");
	CHECK_STR(read_all("--b\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\nx\r\n--b--"), "!");
	CHECK_TEXT_HAS(async_error(), "HTTP limit `fields`");
	CHECK_STR(read_all("--b\r\nA: 1234567890123\r\n\r\nx\r\n--b--"), "!");
	CHECK_TEXT_HAS(async_error(), "HTTP limit `field_bytes`");
	CHECK_STR(read_all("--b\r\nA: 123456789012\r\nB: 123456789012\r\n\r\nx\r\n--b--"), "!");
	CHECK_TEXT_HAS(async_error(), "HTTP limit `head_bytes`");
	/* Each part has the limits for itself. */
	CHECK_STR(read_all("--b\r\nA: 1\r\nB: 2\r\n\r\n\r\n--b\r\nA: 1\r\nB: 2\r\n\r\n\r\n--b--"),
		  "[A: 1|B: 2];[A: 1|B: 2];.");
	limits = NULL;
	parts_max = 2;
	CHECK_STR(read_all("--b\r\n\r\n\r\n--b\r\n\r\n\r\n--b--"), "[];[];.");
	CHECK_STR(read_all("--b\r\n\r\n\r\n--b\r\n\r\n\r\n--b\r\n\r\n\r\n--b--"), "[];[];!");
	CHECK_TEXT_HAS(async_error(), "more than 2 parts (HTTP limit `parts`)");
	parts_max = 0;
}

/* A part that is multipart itself goes to a reader of its own. */
TEST_WITH(nested, "W24", .backends = ONCE)
{
	static const char body[] =
		"--outer\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n"
		"--inner\r\nX: 1\r\n\r\none\r\n--inner\r\nX: 2\r\n\r\ntwo\r\n--inner--\r\n"
		"\r\n--outer\r\n\r\nplain\r\n--outer--\r\n";
	char inner[500];
	const char *content;

	content = read_bytes("outer", body, strlen(body));
	content = strchr(content, ']') + 1;
	strcpy(inner, content);
	*strstr(inner, ";[]plain;.") = '\0';
	CHECK_STR(read_bytes("inner", inner, strlen(inner)), "[X: 1]one;[X: 2]two;.");
}

TEST_WITH(boundaries, "W24", .backends = ONCE)
{
	static const char seventy[] =
		"0123456789012345678901234567890123456789012345678901234567890123456789";
	char boundary[HTTP_BOUNDARY_BYTES + 1], text[300];

	CHECK_INT(http_multipart_boundary("multipart/form-data; boundary=x", 31, boundary), 1);
	CHECK_STR(boundary, "x");
	CHECK_INT(http_multipart_boundary("Multipart/mixed;a=b; BOUNDARY=\"a b:?\"", 37, boundary),
		  5);
	CHECK_STR(boundary, "a b:?");
	sprintf(text, "multipart/mixed; boundary=%s", seventy);
	CHECK_INT(http_multipart_boundary(text, strlen(text), boundary), 70);
	sprintf(text, "--%s\r\n\r\nx\r\n--%s--", seventy, seventy);
	CHECK_STR(read_bytes(boundary, text, strlen(text)), "[]x;.");
	sprintf(text, "multipart/mixed; boundary=%sx", seventy);
	CHECK_INT(http_multipart_boundary(text, strlen(text), boundary), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "1 to 70 bytes");
	char *large = calloc(1, 601);
	memset(large, ' ', 600);
	memcpy(large, "multipart/mixed; boundary=x;", 28);
	CHECK_INT(http_multipart_boundary(large, 600, boundary), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "600 bytes, where 512 are enough");
	free(large);
	static const char *const wrong[] = { "multipart/mixed",
					     "multipart/mixed; boundary=",
					     "multipart/mixed; boundary=\"\"",
					     "multipart/mixed; boundary=\"x \"",
					     "multipart/mixed; boundary=\"x\x01\"",
					     "multipart/mixed; boundary=\xc3\xa9",
					     "text/plain; boundary=x",
					     "",
					     "multipart" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		CHECK_INT(http_multipart_boundary(wrong[i], strlen(wrong[i]), boundary), -EINVAL);
}

TEST_WITH(write_parts, "H11 H09 M13", .backends = ONCE)
{
	static const struct http_part_field fields[] = { { "X-A", "1" }, { "X-B", "\xc3\xa9" } };
	struct http_part part = { .name = "a\"b\\", .filename = "x y\\.txt" };
	char text[1000], room[100], boundary[HTTP_BOUNDARY_TEXT_BYTES];
	const char *read;
	size_t size, room_used;

	http_boundary_make(boundary, 0x123456789abcdef0, 1);
	CHECK_STR(boundary, "await-123456789abcdef00000000000000001");
	size = (size_t)http_part_write(text, sizeof text, boundary, true, &part);
	size += (size_t)sprintf(text + size, "content");
	part = (struct http_part){ .type = "a/b", .fields = fields, .field_count = 2 };
	size += (size_t)http_part_write(text + size, sizeof text - size, boundary, false, &part);
	size += (size_t)http_part_write_end(text + size, sizeof text - size, boundary, false);
	read = read_bytes(boundary, text, size);
	CHECK_STR(read, "[Content-Disposition: form-data; name=\"a\\\"b\\\\\"; "
			"filename=\"x y\\\\.txt\"]content;"
			"[Content-Type: a/b|X-A: 1|X-B: \xc3\xa9];.");
	read = strchr(read, ' ') + 1;
	size = strcspn(read, "]");
	CHECK(http_parameter_find(read, size, "name", text, &room_used));
	CHECK_INT(room_used, 4);
	CHECK(!memcmp(text, "a\"b\\", 4));
	CHECK(http_parameter_find(read, size, "filename", text, &room_used));
	CHECK_INT(room_used, 8);

	/* What it would take can be asked. */
	part = (struct http_part){ .name = "n" };
	size = (size_t)http_part_write(NULL, 0, "b", true, &part);
	CHECK_INT(http_part_write(room, size, "b", true, &part), size);
	CHECK_INT(size, strlen("--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n"));
	CHECK_INT(http_part_write_end(NULL, 0, "b", true), 7);
	CHECK_INT(http_part_write_end(room, 7, "b", true), 7);
	CHECK(!memcmp(room, "--b--\r\n", 7));
}

TEST_WITH(injection, "H09 H11 M13", .backends = ONCE)
{
	struct http_part_field field = { "X", "y\r\nZ: 1" };
	struct http_part part = { .name = "a\r\nX: y" };
	char text[300];

	CHECK_INT(http_part_write(text, sizeof text, "b", true, &part), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "name holds the control byte 0x0d");
	part = (struct http_part){ .name = "a", .filename = "x\n" };
	CHECK_INT(http_part_write(text, sizeof text, "b", true, &part), -EINVAL);
	part = (struct http_part){ .name = "a", .type = "a/b\r\n" };
	CHECK_INT(http_part_write(text, sizeof text, "b", true, &part), -EINVAL);
	part = (struct http_part){ .fields = &field, .field_count = 1 };
	CHECK_INT(http_part_write(text, sizeof text, "b", true, &part), -EINVAL);
	field = (struct http_part_field){ "X: y\r\nZ", "1" };
	CHECK_INT(http_part_write(text, sizeof text, "b", true, &part), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "no token");
	part = (struct http_part){ .name = "a" };
	CHECK_INT(http_part_write(text, sizeof text, "", true, &part), -EINVAL);
	CHECK_INT(http_part_write(text, sizeof text, "a b", true, &part), -EINVAL);
	CHECK_INT(http_part_write(text, sizeof text, "a\r\n", true, &part), -EINVAL);
	CHECK_INT(http_part_write_end(text, sizeof text, "a\"", true), -EINVAL);
}
