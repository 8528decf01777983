/* SPDX-License-Identifier: MIT */
/* What the tests of the cookie jar share. */
#ifndef TESTS_CLIENT_KEEPING_H
#define TESTS_CLIENT_KEEPING_H

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await.h>
#include "base/base.h"
#include "client/jar.h"
#include "harness.h"

static inline int set_from(async_cookie_jar *jar, const char *url_text, const char *set_cookie)
{
	async_url url;
	int result;

	CHECK_INT(async_url_parse(url_text, NULL, &url), 0);
	result = async_cookie_jar_set(jar, &url, set_cookie, strlen(set_cookie));
	async_url_free(&url);
	return result;
}

/* What goes to that URL; "" for nothing. */
static inline const char *field_to(async_cookie_jar *jar, const char *url_text)
{
	static char text[20000];
	async_url url;
	char *field;

	CHECK_INT(async_url_parse(url_text, NULL, &url), 0);
	CHECK_INT(async_cookie_jar_field(jar, &url, &field), 0);
	snprintf(text, sizeof text, "%s", field ? field : "");
	free(field);
	async_url_free(&url);
	return text;
}

/* All of it: "a=1 example.org/ HS|" with H for host-only and S for secure. */
static inline const char *all_of(async_cookie_jar *jar)
{
	static char text[20000];
	async_jar_cookie cookie = { 0 };
	size_t used = 0;

	*text = '\0';
	while (async_cookie_jar_next(jar, &cookie))
		used += (size_t)snprintf(text + used, sizeof text - used, "%s=%s %s%s %s%s|",
					 cookie.name, cookie.value, cookie.domain, cookie.path,
					 cookie.host_only ? "H" : "", cookie.secure ? "S" : "");
	return text;
}

#endif
