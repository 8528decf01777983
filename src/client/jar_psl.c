/* SPDX-License-Identifier: MIT */
/* Public suffixes by libpsl, with the list that is built into it: no file is read. */
#include <libpsl.h>
#include <string.h>
#include "client/jar.h"

bool jar_is_public_suffix(const char *domain)
{
	const psl_ctx_t *list = psl_builtin();

	return list ? psl_is_public_suffix(list, domain) : !strchr(domain, '.');
}
