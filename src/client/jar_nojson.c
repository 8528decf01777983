/* SPDX-License-Identifier: MIT */
/* Built without jansson. */
#include <errno.h>
#include "client/jar.h"
#include "core/loop.h"

int await_cookie_jar_save(async_cookie_jar *jar, const char *path)
{
	struct async_task *self = task_self("await_cookie_jar_save");

	(void)jar;
	if (self->cancel_error)
		return self->cancel_error;
	return async_fail(-EOPNOTSUPP, "cookies to %s: libawait was built without jansson",
			  path ? path : "a file");
}

ssize_t await_cookie_jar_load(async_cookie_jar *jar, const char *path)
{
	struct async_task *self = task_self("await_cookie_jar_load");

	(void)jar;
	if (self->cancel_error)
		return self->cancel_error;
	return async_fail(-EOPNOTSUPP, "cookies from %s: libawait was built without jansson",
			  path ? path : "a file");
}
