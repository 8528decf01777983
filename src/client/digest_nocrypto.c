/* SPDX-License-Identifier: MIT */
/* Built without OpenSSL. */
#include <errno.h>
#include "client/digest.h"

static int hash(enum digest_algorithm algorithm, const async_url_part *pieces, int count,
		char hex[DIGEST_HEX_BYTES])
{
	(void)algorithm;
	(void)pieces;
	(void)count;
	*hex = '\0';
	return async_fail(-EOPNOTSUPP,
			  "Digest authentication: libawait was built without OpenSSL (libssl-dev)");
}

const struct digest_library digest_library = { .hash = hash };
