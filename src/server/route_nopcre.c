/* SPDX-License-Identifier: MIT */
/* In place of route_pcre.c in a library that was built without PCRE2. */
#include <await/base.h>
#include <errno.h>
#include "server/route_pattern.h"

int route_regex_compile(struct route_pattern *pattern)
{
	return async_fail(-EOPNOTSUPP,
			  "route pattern \"%.200s\": libawait was built without PCRE2, so it knows "
			  "{name}, {name:\\d+} and, at the end, {name:.*} and {name:.+}",
			  pattern->text);
}

void route_regex_free(struct route_pattern *pattern)
{
	(void)pattern;
}

int route_regex_match(const struct route_pattern *pattern, struct route_scratch *scratch,
		      const char *path, size_t size, struct http_slice *values)
{
	(void)pattern, (void)scratch, (void)path, (void)size, (void)values;
	return 0;
}

void route_scratch_free(struct route_scratch *scratch)
{
	(void)scratch;
}
