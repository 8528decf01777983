/* SPDX-License-Identifier: MIT */
/* Heads: which inner loops this machine takes, what follows them, and looking fields up. */
#include <string.h>
#include "http/head.h"

const struct http_limits http_limits_default = {
	.line_bytes = 8190,
	.head_bytes = 64 * 1024,
	.extension_bytes = 4096,
	.field_bytes = 8190,
	.fields = 128,
};

void http_limits_fill(struct http_limits *limits)
{
	const struct http_limits *standard = &http_limits_default;

	limits->line_bytes = limits->line_bytes ? limits->line_bytes : standard->line_bytes;
	limits->head_bytes = limits->head_bytes ? limits->head_bytes : standard->head_bytes;
	limits->field_bytes = limits->field_bytes ? limits->field_bytes : standard->field_bytes;
	limits->fields = limits->fields ? limits->fields : standard->fields;
	if (!limits->extension_bytes)
		limits->extension_bytes = standard->extension_bytes;
}

const struct head_parser *head_parser_forced;
/* Found at the first call. Threads may find it at the same time: the same value. */
static const struct head_parser *chosen;

const struct head_parser *head_parser_choose(void)
{
#if defined(__x86_64__)
	/* Asks for the kernel's side, too: whether it saves the wide registers. */
	if (__builtin_cpu_supports("avx2"))
		return &head_parser_avx2;
#endif
	return &head_parser_base;
}

static const struct head_parser *parser_find(void)
{
	const struct head_parser *parser = __atomic_load_n(&chosen, __ATOMIC_RELAXED);

	if (unlikely(head_parser_forced))
		return head_parser_forced;
	if (unlikely(!parser)) {
		parser = head_parser_choose();
		__atomic_store_n(&chosen, parser, __ATOMIC_RELAXED);
	}
	return parser;
}

void http_head_begin(struct http_head *head, const struct http_limits *limits,
		     struct http_field *list)
{
	memset(head, 0, offsetof(struct http_head, fields.first));
	head->limits = limits ? limits : &http_limits_default;
	head->fields.list = list;
}

static int head_refuse(struct http_head *head, const char *what, const char *data, size_t size)
{
	return http_refuse(&head->error, what, data, size);
}

ssize_t http_request_parse(struct http_head *head, const char *data, size_t size)
{
	size_t used = parser_find()->request(head, data, size);

	if (likely(used && http_request_framing(head, data)))
		return (ssize_t)used;
	return head->error.rule ? head_refuse(head, "request", data, size) : 0;
}

ssize_t http_response_parse(struct http_head *head, enum http_method asked, const char *data,
			    size_t size)
{
	size_t used = parser_find()->response(head, data, size);

	if (likely(used && http_response_framing(head, asked, data)))
		return (ssize_t)used;
	return head->error.rule ? head_refuse(head, "response", data, size) : 0;
}

ssize_t http_fields_parse(struct http_head *head, const char *data, size_t size)
{
	size_t used = parser_find()->fields(head, data, size);

	if (likely(used))
		return (ssize_t)used;
	return head->error.rule ? head_refuse(head, "fields", data, size) : 0;
}

const struct http_field *http_field_find(const struct http_fields *fields, const char *data,
					 const char *name, size_t size,
					 const struct http_field *after)
{
	const struct http_field *field = after ? after + 1 : fields->list;
	const struct http_field *end = fields->list + fields->count;
	size_t i;

	for (; field < end; field++) {
		const char *text = data + field->name_at;

		if (field->name_size != size)
			continue;
		/* ASCII letters only; strncasecmp would ask the locale. */
		for (i = 0; i < size; i++) {
			unsigned char a = (unsigned char)text[i], b = (unsigned char)name[i];

			if (a != b && ((a ^ b) != 0x20 || (a | 0x20) < 'a' || (a | 0x20) > 'z'))
				break;
		}
		if (i == size)
			return field;
	}
	return NULL;
}

#define METHOD_IS(word) (size == sizeof(word) - 1 && !memcmp(text, word, sizeof(word) - 1))

enum http_method http_method_find(const char *text, size_t size)
{
	switch (text[0]) {
	case 'G':
		return METHOD_IS("GET") ? HTTP_METHOD_GET : HTTP_METHOD_OTHER;
	case 'H':
		return METHOD_IS("HEAD") ? HTTP_METHOD_HEAD : HTTP_METHOD_OTHER;
	case 'P':
		return METHOD_IS("POST")  ? HTTP_METHOD_POST :
		       METHOD_IS("PUT")	  ? HTTP_METHOD_PUT :
		       METHOD_IS("PATCH") ? HTTP_METHOD_PATCH :
					    HTTP_METHOD_OTHER;
	case 'D':
		return METHOD_IS("DELETE") ? HTTP_METHOD_DELETE : HTTP_METHOD_OTHER;
	case 'C':
		return METHOD_IS("CONNECT") ? HTTP_METHOD_CONNECT : HTTP_METHOD_OTHER;
	case 'O':
		return METHOD_IS("OPTIONS") ? HTTP_METHOD_OPTIONS : HTTP_METHOD_OTHER;
	case 'T':
		return METHOD_IS("TRACE") ? HTTP_METHOD_TRACE : HTTP_METHOD_OTHER;
	default:
		return HTTP_METHOD_OTHER;
	}
}
