/* SPDX-License-Identifier: MIT */
/* Domains beyond ASCII where the library was built without libidn2. */
#include <errno.h>
#include "url/url.h"

int url_domain_to_ascii(const char *domain, size_t size, char **ascii, const char **why)
{
	(void)domain;
	(void)size;
	*ascii = NULL;
	*why = "beyond ASCII, and this library was built without libidn2 (libidn2-dev)";
	return -ENOTSUP;
}
