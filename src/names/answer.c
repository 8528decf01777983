/* SPDX-License-Identifier: MIT */
/* Answers, and what is a name at all. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "names/names.h"

enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63 };

struct answer *answer_new(void *items, size_t count, double seconds)
{
	struct answer *answer = calloc(1, sizeof *answer);

	if (!answer) {
		free(items);
		return NULL;
	}
	answer->references = 1;
	answer->items = items;
	answer->count = count;
	answer->seconds = seconds;
	return answer;
}

struct answer *answer_failed(int error, double seconds, const char *format, ...)
{
	struct answer *answer = answer_new(NULL, 0, seconds);
	va_list arguments;

	if (!answer)
		return NULL;
	answer->error = error;
	va_start(arguments, format);
	vsnprintf(answer->reason, sizeof answer->reason, format, arguments);
	va_end(arguments);
	return answer;
}

struct answer *answer_take(struct answer *answer)
{
	__atomic_add_fetch(&answer->references, 1, __ATOMIC_RELAXED);
	return answer;
}

void answer_release(struct answer *answer)
{
	if (!answer || __atomic_sub_fetch(&answer->references, 1, __ATOMIC_ACQ_REL))
		return;
	free(answer->items);
	free(answer);
}

int answer_fail(const struct answer *answer, const char *name)
{
	const char *what = answer->error == -ENXIO ? "no such name: " : "";

	return async_fail(answer->error, "%s%.100s (%s)", what, name, answer->reason);
}

bool name_ends(const char *name, const char *suffix)
{
	size_t size = strlen(name), end = strlen(suffix);

	if (size && name[size - 1] == '.')
		size--;
	return size >= end && !strncasecmp(name + size - end, suffix, end);
}

/* What cannot be sent to a server, or would come out of it as something else. Letters of any
 * script but ASCII's are to be given as punycode. */
static const char *name_fault(const char *name)
{
	size_t size = strlen(name), label = 0;

	if (size && name[size - 1] == '.')
		size--;
	if (!size)
		return "it is empty";
	if (size > NAME_MAX_BYTES)
		return "it has more than 253 bytes";
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c >= 0x80)
			return "it is not ASCII: write it in punycode, xn--...";
		if (c <= ' ' || c == 0x7f || strchr("\\/:@[]#?%\"<>", c))
			return "it holds a character that names cannot have";
		if (c == '.' && !label)
			return "it has an empty label";
		label = c == '.' ? 0 : label + 1;
		if (label > LABEL_MAX_BYTES)
			return "it has a label of more than 63 bytes";
	}
	return NULL;
}

int name_check(const char *name)
{
	const char *fault = name ? name_fault(name) : "it is NULL";

	return fault ? async_fail(-EINVAL, "\"%.100s\" is no host name: %s", name ? name : "",
				  fault) :
		       0;
}
