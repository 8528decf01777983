/* SPDX-License-Identifier: MIT */
/* Holes of other HTTP libraries that concern bodies, as cve.c has those of the message layer. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fault.h"
#include "harness.h"
#include "http/form.h"
#include "http/multipart.h"

static struct http_field list[128];
static struct http_head head;
static struct http_multipart multipart;

static void begin(void)
{
	http_head_begin(&head, NULL, list);
	http_multipart_begin(&multipart, "b", 0, &head);
}

/* Reads a block to its end and returns the last event. No call may get nothing done but the last
 * one, or it would be called for ever. */
static int drain(const char *data, size_t size, size_t *kept)
{
	struct http_slice piece;
	size_t at = 0, used;
	int event;

	for (;;) {
		event = http_multipart_next(&multipart, data + at, size - at, &used, &piece);
		at += used;
		*kept = size - at;
		if (event < 0 || event == HTTP_PART_MORE || event == HTTP_PART_DONE)
			return event;
		CHECK(used);
	}
}

/* A malformed body kept the reader looping; so did one that ended early, when checks were compiled
 * out. Wherever a body ends, it is an error and the end of it. */
TEST_WITH(cve_2024_30251_and_2025_69227, "M16 W24", .backends = ONCE)
{
	static const char text[] = "pre\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n"
				   "1\r\n--b\r\n\r\n2\r\n--b--";
	size_t kept;

	for (size_t size = 0; size < sizeof text - 1; size++) {
		begin();
		CHECK_INT(drain(text, size, &kept), HTTP_PART_MORE);
		CHECK_INT(http_multipart_eof(&multipart), -EBADMSG);
		CHECK_INT(drain(text + size - kept, kept, &kept), HTTP_PART_MORE);
		CHECK_INT(http_multipart_eof(&multipart), -EBADMSG);
	}
	begin();
	CHECK_INT(drain(text, sizeof text - 1, &kept), HTTP_PART_DONE);
	CHECK_INT(http_multipart_eof(&multipart), 0);
}

/* A form that fills the memory: fields and parts are counted, and the reader holds nothing. */
TEST_WITH(cve_2025_69228, "M16 W23 W24 M12", .backends = ONCE)
{
	static const char part[] = "--b\r\n\r\n\r\n";
	enum { PART_BYTES = sizeof part - 1, PARTS_BYTES = HTTP_PARTS * PART_BYTES };
	char *text = malloc(PARTS_BYTES + PART_BYTES);
	struct http_pairs form;
	struct arena arena;
	size_t kept;
	int mallocs;

	CHECK(text);
	for (int i = 0; i <= HTTP_PARTS; i++)
		memcpy(text + PART_BYTES * i, part, PART_BYTES);
	begin();
	mallocs = fault_count("malloc") + fault_count("calloc") + fault_count("realloc");
	CHECK_INT(drain(text, PARTS_BYTES, &kept), HTTP_PART_MORE);
	CHECK_INT(fault_count("malloc") + fault_count("calloc") + fault_count("realloc"), mallocs);
	CHECK_INT(drain(text + PARTS_BYTES - kept, PART_BYTES + kept, &kept), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "more than 1000 parts (HTTP limit `parts`)");
	memset(text, '&', PARTS_BYTES);
	for (int i = 0; i < PARTS_BYTES; i += 2)
		text[i] = 'a';
	arena_begin(&arena, NULL, 0);
	CHECK_INT(http_pairs_parse(&form, &arena, text, PARTS_BYTES, 0), -EMSGSIZE);
	free(text);
}

/* A Content-Type that somebody else chose brought fields of its own into a part. */
TEST_WITH(cve_2026_34514_in_parts, "M16 M13 H11", .backends = ONCE)
{
	struct http_part part = { .name = "f", .type = "text/plain\r\nX-Injected: 1" };
	char text[200];

	CHECK_INT(http_part_write(text, sizeof text, "b", true, &part), -EINVAL);
}

/* The same with fields that are given by name. */
TEST_WITH(cve_2026_50269, "M16 M13 H11", .backends = ONCE)
{
	struct http_part_field fields[] = { { "X-A", "1" }, { "X-B", "1\r\n\r\n--b--" } };
	struct http_part part = { .fields = fields, .field_count = 2 };
	char text[200];

	CHECK_INT(http_part_write(text, sizeof text, "b", true, &part), -EINVAL);
	fields[1] = (struct http_part_field){ "X-B\r\nX-C", "1" };
	CHECK_INT(http_part_write(text, sizeof text, "b", true, &part), -EINVAL);
	fields[1] = (struct http_part_field){ "X-B", "1\n" };
	CHECK_INT(http_part_write(text, sizeof text, "b", true, &part), -EINVAL);
}

/* Fields of parts without number. */
TEST_WITH(cve_2026_34516, "M16 W24 M12", .backends = ONCE)
{
	char *text = malloc(200 * 6 + 10), *at;
	size_t kept;

	CHECK(text);
	at = stpcpy(text, "--b\r\n");
	for (int i = 0; i < 129; i++)
		at = stpcpy(at, "A: b\r\n");
	at = stpcpy(at, "\r\n");
	begin();
	CHECK_INT(drain(text, (size_t)(at - text), &kept), -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(), "more than 128 fields (HTTP limit `fields`;");
	free(text);
}

/* A field was read as a whole before anybody looked at its size. Here each block's worth is handed
 * on before the next is needed. */
TEST_WITH(cve_2026_34517, "M16 W22 W24", .backends = ONCE)
{
	static const char fields[] = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n";
	char block[1000];
	size_t kept;

	begin();
	CHECK_INT(drain(fields, sizeof fields - 1, &kept), HTTP_PART_MORE);
	CHECK_INT(kept, 0);
	memset(block, 'x', sizeof block);
	for (int i = 0; i < 1000; i++) {
		CHECK_INT(drain(block, sizeof block, &kept), HTTP_PART_MORE);
		CHECK_INT(kept, 0);
	}
	/* What may begin a boundary is all that ever stays. */
	memcpy(block + sizeof block - 4, "\r\n--", 4);
	CHECK_INT(drain(block, sizeof block, &kept), HTTP_PART_MORE);
	CHECK_INT(kept, 4);
}
