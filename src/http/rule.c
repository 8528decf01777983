/* SPDX-License-Identifier: MIT */
/* What a refusal says, and its number. Off the hot path: only hostile or broken input comes here. */
#include <await/base.h>
#include <errno.h>
#include <stdio.h>
#include "base/base.h"
#include "http/rule.h"

static const struct {
	const char *name;
	const char *text;
	uint16_t status;
} rules[] = { [HTTP_OK] = { "OK", "nothing wrong", 0 },
#define HTTP_RULE_ENTRY(name_, status_, text_) [HTTP_##name_] = { #name_, text_, status_ },
	      HTTP_RULES(HTTP_RULE_ENTRY)
#undef HTTP_RULE_ENTRY
};

const char *http_rule_name(enum http_rule rule)
{
	return rules[rule].name;
}

unsigned int http_rule_status(enum http_rule rule)
{
	return rules[rule].status;
}

static int error_of(unsigned int status)
{
	switch (status) {
	case 413:
	case 414:
	case 431:
		return -EMSGSIZE;
	case 501:
	case 505:
		return -EOPNOTSUPP;
	default:
		return -EBADMSG;
	}
}

int http_refuse(const struct http_error *error, const char *what, const char *data, size_t size)
{
	char text[160], byte[32] = "";

	/* Two steps: the rule's text holds the only %u there is. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof text, rules[error->rule].text, error->limit);
#pragma GCC diagnostic pop
	if (error->at < size)
		snprintf(byte, sizeof byte, ", byte 0x%02x", (unsigned char)data[error->at]);
	return async_fail(error_of(rules[error->rule].status), "HTTP %s: %s (offset %u%s)", what,
			  text, error->at, byte);
}
