/* SPDX-License-Identifier: MIT */
/* The hashes of Digest authentication, by libcrypto. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include "client/digest.h"

static const EVP_MD *method_of(enum digest_algorithm algorithm)
{
	switch (algorithm) {
	case DIGEST_SHA:
		return EVP_sha1();
	case DIGEST_SHA_256:
		return EVP_sha256();
	case DIGEST_SHA_512_256:
		return EVP_sha512_256();
	case DIGEST_SHA_512:
		return EVP_sha512();
	default:
		return EVP_md5();
	}
}

static bool hash_all(EVP_MD_CTX *context, const EVP_MD *method, const async_url_part *pieces,
		     int count, unsigned char *digest, unsigned int *size)
{
	if (!EVP_DigestInit_ex(context, method, NULL))
		return false;
	for (int i = 0; i < count; i++) {
		if (pieces[i].size && !EVP_DigestUpdate(context, pieces[i].data, pieces[i].size))
			return false;
	}
	return EVP_DigestFinal_ex(context, digest, size);
}

static int hash(enum digest_algorithm algorithm, const async_url_part *pieces, int count,
		char hex[DIGEST_HEX_BYTES])
{
	const EVP_MD *method = method_of(algorithm);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	bool done;

	if (!context)
		return async_fail(-ENOMEM, "no memory for a hash");
	done = hash_all(context, method, pieces, count, digest, &size);
	EVP_MD_CTX_free(context);
	if (!done) {
		/* Nothing may be left on the thread's queue: a TLS connection would take it for its
		 * own. */
		ERR_clear_error();
		return async_fail(-EOPNOTSUPP,
				  "Digest authentication: this OpenSSL does not offer %s",
				  EVP_MD_get0_name(method));
	}
	for (unsigned int i = 0; i < size; i++)
		snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
	return 0;
}

const struct digest_library digest_library = { .hash = hash };
