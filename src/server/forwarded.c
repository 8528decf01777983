/* SPDX-License-Identifier: MIT */
/* Forwarded (RFC 7239): read, and never believed by itself. */
#include <errno.h>
#include <string.h>
#include "http/field.h"
#include "http/form.h"
#include "server/request.h"

/* The end of an element: a comma that is not in quotes. */
static const char *element_end(const char *at, const char *end)
{
	bool quoted = false;

	for (; at < end && (quoted || *at != ','); at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (*at == '\\' && quoted && at + 1 < end)
			at++;
	}
	return at;
}

static const char *value_in(async_request *request, const char *text, size_t size, const char *name)
{
	char *room = arena_bytes(&request->arena, size + 1);
	/* It begins before a parameter: at the comma, or what precedes the value. */
	struct http_parameters parameters = { text - 1, text + size };
	struct http_parameter parameter;

	while (room && http_parameters_next(&parameters, &parameter)) {
		size_t used = 0;

		if (parameter.name_size != strlen(name) ||
		    !http_token_equals(parameter.name, name, parameter.name_size))
			continue;
		for (size_t i = 0; i < parameter.value_size; i++) {
			if (parameter.quoted && parameter.value[i] == '\\' &&
			    i + 1 < parameter.value_size)
				i++;
			room[used++] = parameter.value[i];
		}
		room[used] = '\0';
		return room;
	}
	return NULL;
}

const char *async_request_forwarded(async_request *request, size_t i, const char *parameter)
{
	const struct http_field *field = NULL;

	while ((field = http_field_find(&request->head->fields, request->block, "Forwarded", 9,
					field))) {
		const char *at = request->block + field->value.at, *end = at + field->value.size;

		while (at < end) {
			const char *stop = element_end(at, end);

			if (!i--)
				return value_in(request, at, (size_t)(stop - at), parameter);
			at = stop + 1;
		}
	}
	return NULL;
}
