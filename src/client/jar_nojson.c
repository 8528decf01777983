/* SPDX-License-Identifier: MIT */
/* Built without jansson. */
#include <errno.h>
#include <await/scope.h>
#include "client/jar.h"

int await_cookie_jar_save(async_cookie_jar *jar, const char *path)
{
	int cancelled = async_cancelled();

	(void)jar;
	if (cancelled)
		return cancelled;
	return async_fail(-EOPNOTSUPP, "cookies to %s: libawait was built without jansson",
			  path ? path : "a file");
}

ssize_t await_cookie_jar_load(async_cookie_jar *jar, const char *path)
{
	int cancelled = async_cancelled();

	(void)jar;
	if (cancelled)
		return cancelled;
	return async_fail(-EOPNOTSUPP, "cookies from %s: libawait was built without jansson",
			  path ? path : "a file");
}
