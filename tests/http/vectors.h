/* SPDX-License-Identifier: MIT */
/*
 * Messages as test vectors. Each is parsed whole, byte by byte and in every split, with every set
 * of inner loops that this machine has; each time in memory of exactly its size and at another
 * place, so that ASan and Valgrind see a byte too far. All must agree with the first.
 */
#ifndef TESTS_HTTP_VECTORS_H
#define TESTS_HTTP_VECTORS_H

#include <await.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "http/head.h"

enum { VECTOR_FIELDS = 300 };

enum vector_kind { VECTOR_REQUEST, VECTOR_RESPONSE, VECTOR_TRAILERS };

struct vector_run {
	enum vector_kind kind;
	enum http_method asked; /* responses */
	const struct http_limits *limits;
	ssize_t result;
	struct http_head head;
	struct http_field list[VECTOR_FIELDS];
};

static inline const struct head_parser **vector_parsers(void)
{
	static const struct head_parser *parsers[4];
	int n = 0;

	parsers[n++] = &head_parser_base;
	parsers[n++] = &head_parser_bytes;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2"))
		parsers[n++] = &head_parser_avx2;
#endif
	parsers[n] = NULL;
	return parsers;
}

static inline void vector_begin(struct vector_run *run)
{
	memset(run->list, 0, sizeof run->list);
	memset(&run->head, 0, sizeof run->head);
	http_head_begin(&run->head, run->limits, run->list);
}

/* One call with the first `size` bytes, in memory of their own. */
static inline ssize_t vector_step(struct vector_run *run, const char *data, size_t size)
{
	char *block = malloc(size ? size : 1);

	CHECK(block);
	memcpy(block, data, size);
	switch (run->kind) {
	case VECTOR_REQUEST:
		run->result = http_request_parse(&run->head, block, size);
		break;
	case VECTOR_RESPONSE:
		run->result = http_response_parse(&run->head, run->asked, block, size);
		break;
	default:
		run->result = http_fields_parse(&run->head, block, size);
	}
	free(block);
	return run->result;
}

static inline void vector_compare(const struct vector_run *a, const struct vector_run *b)
{
	const struct http_head *x = &a->head, *y = &b->head;

	CHECK_STR(http_rule_name(x->error.rule), http_rule_name(y->error.rule));
	CHECK_INT(a->result, b->result);
	CHECK_INT(x->error.at, y->error.at);
	if (a->result <= 0)
		return;
	CHECK_INT(x->method, y->method);
	CHECK_INT(x->form, y->form);
	CHECK_INT(x->minor, y->minor);
	CHECK_INT(x->status, y->status);
	CHECK(!memcmp(&x->target, &y->target, sizeof x->target));
	CHECK(!memcmp(&x->host, &y->host, sizeof x->host));
	CHECK(!memcmp(&x->path, &y->path, sizeof x->path));
	CHECK(!memcmp(&x->query, &y->query, sizeof x->query));
	CHECK(!memcmp(&x->reason, &y->reason, sizeof x->reason));
	CHECK_INT(x->framing.body, y->framing.body);
	CHECK_INT((long long)x->framing.length, (long long)y->framing.length);
	CHECK_INT(x->framing.keep_alive, y->framing.keep_alive);
	CHECK_INT(x->framing.expect, y->framing.expect);
	CHECK_INT(x->framing.upgrade, y->framing.upgrade);
	CHECK_INT(x->fields.count, y->fields.count);
	CHECK(!memcmp(a->list, b->list, x->fields.count * sizeof *a->list));
}

static inline void vector_other_ways(const struct vector_run *whole, const char *data, size_t size)
{
	struct vector_run *run = malloc(sizeof *run);
	size_t split, step;

	CHECK(run);
	*run = *whole;
	vector_begin(run);
	for (step = 0; step <= size && !vector_step(run, data, step); step++)
		;
	vector_compare(run, whole);
	for (split = 0; split < size; split++) {
		vector_begin(run);
		if (!vector_step(run, data, split))
			vector_step(run, data, size);
		vector_compare(run, whole);
	}
	free(run);
}

/* Parses in every way; `whole` has kind, asked and limits set and holds what came out. */
static inline void vector_parse(struct vector_run *whole, const char *data, size_t size)
{
	const struct head_parser **parsers = vector_parsers();
	struct vector_run *first = malloc(sizeof *first);

	CHECK(first);
	for (int i = 0; parsers[i]; i++) {
		head_parser_forced = parsers[i];
		vector_begin(whole);
		vector_step(whole, data, size);
		if (i)
			vector_compare(whole, first);
		*first = *whole;
		vector_other_ways(whole, data, size);
	}
	head_parser_forced = NULL;
	free(first);
}

/* The text of a slice, as a string that lasts until the next call but three. */
static inline const char *vector_text(const char *data, struct http_slice slice)
{
	static char texts[4][512];
	static int turn;
	char *text = texts[turn++ % 4];

	CHECK(slice.size < sizeof texts[0]);
	memcpy(text, data + slice.at, slice.size);
	text[slice.size] = '\0';
	return text;
}

/* A message that must be refused by that rule. */
struct refused {
	const char *data;
	size_t size;
	enum http_rule rule;
};

#define REFUSED(text, rule_)                                                 \
	{                                                                    \
		.data = text, .size = sizeof(text) - 1, .rule = HTTP_##rule_ \
	}

static inline void check_refused(enum vector_kind kind, const struct refused *vectors, size_t count)
{
	static struct vector_run run;

	for (size_t i = 0; i < count; i++) {
		memset(&run, 0, sizeof run);
		run.kind = kind;
		run.asked = HTTP_METHOD_GET;
		vector_parse(&run, vectors[i].data, vectors[i].size);
		if (run.head.error.rule != vectors[i].rule)
			harness_fail(__FILE__, __LINE__, "vector %zu: %s, expected %s: %s", i,
				     http_rule_name(run.head.error.rule),
				     http_rule_name(vectors[i].rule), vectors[i].data);
		CHECK(run.result < 0);
		CHECK(*async_error());
	}
}

#define CHECK_REFUSED(kind, vectors) \
	check_refused(kind, vectors, sizeof(vectors) / sizeof *(vectors))

#endif
