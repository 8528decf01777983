/* SPDX-License-Identifier: MIT */
/*
 * Regular expressions in patterns of routes, by PCRE2. The variables' expressions are compiled one
 * by one first, so that an error tells which and where, and then together with what stands between
 * them: only the whole knows how much each may take.
 *
 * What a match needs besides the expression (places for groups, a stack for compiled code) is made
 * once and handed from one match to the next. The stack matters: by default compiled code takes
 * 32 KiB of the caller's, and a task's is small.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <await/base.h>
#include <errno.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "server/route_pattern.h"

enum {
	GROUPS_MAX = 64, /* of a pattern, its variables included */
	CODE_STACK_BYTES = 32 * 1024,
	CODE_STACK_BYTES_MAX = 256 * 1024,
};

/* A group of the program's own is of no use to a route but may be back-referenced. What could look
 * outside of the subject, or make bytes mean something else than they do here, is off. */
static const uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;

struct regex_scratch {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
};

static void *regex_allocate(size_t size, void *unused)
{
	(void)unused;
	return malloc(size);
}

static void regex_release(void *block, void *unused)
{
	(void)unused;
	free(block);
}

/* PCRE2 would take the same functions; through these, tests can make them fail. What is made with a
 * context keeps them, not the context. */
static pcre2_general_context *context_new(void)
{
	return pcre2_general_context_create(regex_allocate, regex_release, NULL);
}

static pcre2_code *compile(const char *text, uint32_t more_options, int *code, size_t *offset)
{
	pcre2_general_context *general = context_new();
	pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
	pcre2_code *regex = NULL;

	*code = PCRE2_ERROR_NOMEMORY;
	if (context)
		regex = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
				      options | more_options, code, offset, context);
	pcre2_compile_context_free(context);
	pcre2_general_context_free(general);
	return regex;
}

static int regex_refuse(const struct route_pattern *pattern, const char *name, int code,
			size_t offset)
{
	PCRE2_UCHAR message[200];

	/* The compiler's number for it is another one than the matcher's. */
	if (code == PCRE2_ERROR_NOMEMORY || code == PCRE2_ERROR_HEAP_FAILED)
		return async_fail(-ENOMEM, "route pattern \"%.200s\"", pattern->text);
	if (pcre2_get_error_message(code, message, sizeof message) < 0)
		message[0] = '\0';
	return async_fail(-EINVAL,
			  "route pattern \"%.200s\": the regular expression of \"%.80s\": %s "
			  "(offset %zu in it)",
			  pattern->text, name, (char *)message, offset);
}

/* How many groups the variable's expression has, or a negative error. */
static int count_groups(const struct route_pattern *pattern, const struct route_variable *variable)
{
	uint32_t groups = 0;
	size_t offset = 0;
	int code = 0;
	pcre2_code *regex;

	if (!variable->regex)
		return 0;
	regex = compile(variable->regex, 0, &code, &offset);
	if (!regex)
		return regex_refuse(pattern, variable->name, code, offset);
	pcre2_pattern_info(regex, PCRE2_INFO_CAPTURECOUNT, &groups);
	pcre2_code_free(regex);
	return (int)groups;
}

/* Numbers the variables' groups. Returns the size of the whole expression, or a negative error. */
static ssize_t number_groups(struct route_pattern *pattern)
{
	size_t size = sizeof "\\Q\\E" + pattern->literal_size;
	int group = 1;

	for (unsigned int i = 0; i < pattern->count; i++) {
		struct route_variable *variable = &pattern->variables[i];
		int groups = count_groups(pattern, variable);

		if (groups < 0)
			return groups;
		variable->group = (uint16_t)group;
		group += 1 + groups;
		if (group > GROUPS_MAX)
			return async_fail(-EINVAL,
					  "route pattern \"%.200s\": more than %d groups; (?:...) "
					  "groups without counting",
					  pattern->text, GROUPS_MAX - 1);
		size += sizeof "([^/]+)\\Q\\E" + variable->literal_size +
			(variable->regex ? strlen(variable->regex) : 0);
	}
	return (ssize_t)size;
}

/* Canonical literals hold no backslash, so none can end the quotation. */
static void write_whole(const struct route_pattern *pattern, char *text)
{
	char *at = stpcpy(stpcpy(stpcpy(text, "\\Q"), pattern->literal), "\\E");

	for (unsigned int i = 0; i < pattern->count; i++) {
		const struct route_variable *variable = &pattern->variables[i];

		at = stpcpy(at, "(");
		at = stpcpy(at, variable->regex ? variable->regex : "[^/]+");
		at = stpcpy(stpcpy(stpcpy(at, ")\\Q"), variable->literal), "\\E");
	}
}

int route_regex_compile(struct route_pattern *pattern)
{
	ssize_t size = number_groups(pattern);
	size_t offset = 0;
	int code = 0;
	char *text;

	if (size < 0)
		return (int)size;
	text = malloc((size_t)size);
	if (!text)
		return async_fail(-ENOMEM, "route pattern \"%.200s\"", pattern->text);
	write_whole(pattern, text);
	pattern->regex = compile(text, PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &offset);
	free(text);
	if (!pattern->regex)
		return regex_refuse(pattern, pattern->text, code, offset);
	/* Where it cannot be had, the interpreter does the same. */
	pcre2_jit_compile(pattern->regex, PCRE2_JIT_COMPLETE);
	return 0;
}

void route_regex_free(struct route_pattern *pattern)
{
	pcre2_code_free(pattern->regex);
	pattern->regex = NULL;
}

static void scratch_free(struct regex_scratch *scratch)
{
	if (!scratch)
		return;
	pcre2_match_data_free(scratch->data);
	pcre2_match_context_free(scratch->context);
	pcre2_jit_stack_free(scratch->stack);
	free(scratch);
}

static struct regex_scratch *scratch_new(const struct http_route_limits *limits)
{
	struct regex_scratch *scratch = calloc(1, sizeof *scratch);
	pcre2_general_context *general = context_new();

	if (scratch && general) {
		scratch->data = pcre2_match_data_create(GROUPS_MAX, general);
		scratch->context = pcre2_match_context_create(general);
		scratch->stack =
			pcre2_jit_stack_create(CODE_STACK_BYTES, CODE_STACK_BYTES_MAX, general);
	}
	pcre2_general_context_free(general);
	if (!scratch || !scratch->data || !scratch->context) {
		scratch_free(scratch);
		return NULL;
	}
	pcre2_set_match_limit(scratch->context, limits->steps);
	pcre2_set_depth_limit(scratch->context, limits->depth);
	/* Without one, because memory is short or PCRE2 knows no compiled code: the interpreter. */
	if (scratch->stack)
		pcre2_jit_stack_assign(scratch->context, NULL, scratch->stack);
	return scratch;
}

static int match_failed(const struct route_pattern *pattern, const struct route_scratch *scratch,
			int code)
{
	switch (code) {
	case PCRE2_ERROR_NOMATCH:
		return 0;
	case PCRE2_ERROR_MATCHLIMIT:
		return async_fail(
			-EMSGSIZE,
			"route pattern \"%.200s\": matching a path took more than %u steps "
			"(route limit `steps`)",
			pattern->text, scratch->limits.steps);
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_JIT_STACKLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
		return async_fail(
			-EMSGSIZE,
			"route pattern \"%.200s\": matching a path went deeper than %u, or "
			"took more than %d bytes of stack (route limit `depth`)",
			pattern->text, scratch->limits.depth, CODE_STACK_BYTES_MAX);
	case PCRE2_ERROR_NOMEMORY:
		return async_fail(-ENOMEM, "matching a path with \"%.200s\"", pattern->text);
	default:
		return async_fail(-EINVAL, "route pattern \"%.200s\": PCRE2 error %d",
				  pattern->text, code);
	}
}

int route_regex_match(const struct route_pattern *pattern, struct route_scratch *scratch,
		      const char *path, size_t size, struct http_slice *values)
{
	struct regex_scratch *own = __atomic_exchange_n(&scratch->spare, NULL, __ATOMIC_ACQ_REL);
	const size_t *places;
	int code;

	if (unlikely(!own))
		own = scratch_new(&scratch->limits);
	if (unlikely(!own))
		return async_fail(-ENOMEM, "matching a path with \"%.200s\"", pattern->text);
	code = pcre2_match(pattern->regex, (PCRE2_SPTR)path, size, 0, own->stack ? 0 : PCRE2_NO_JIT,
			   own->data, own->context);
	places = pcre2_get_ovector_pointer(own->data);
	for (unsigned int i = 0; code > 0 && i < pattern->count; i++) {
		const size_t *place = &places[2 * pattern->variables[i].group];

		values[i] =
			(struct http_slice){ (uint32_t)place[0], (uint32_t)(place[1] - place[0]) };
	}
	scratch_free(__atomic_exchange_n(&scratch->spare, own, __ATOMIC_ACQ_REL));
	return likely(code > 0) ? 1 : match_failed(pattern, scratch, code);
}

void route_scratch_free(struct route_scratch *scratch)
{
	scratch_free(scratch->spare);
	scratch->spare = NULL;
}
