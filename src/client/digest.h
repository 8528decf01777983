/* SPDX-License-Identifier: MIT */
/*
 * Digest authentication (RFC 7616, and servers of RFC 2617 and 2069): from a challenge and a login
 *to the value of Authorization or Proxy-Authorization. Nothing here waits.
 *
 *	digest_challenge_take(&challenge, fields, data, HTTP_NAME_WWW_AUTHENTICATE, &url);
 *	digest_authorize(&challenge, &digest_library, &login, &request, &value);
 *
 * A challenge serves as many requests as its server lets it: each counts up. The next 401 has a new
 * one, and is worth another try with the same login only if it says that the old one was stale.
 */
#ifndef CLIENT_DIGEST_H
#define CLIENT_DIGEST_H

#include <await/url.h>
#include "http/head.h"

enum {
	DIGEST_HEX_BYTES = 129, /* SHA-512 in hexadecimal, and a zero */
	DIGEST_CNONCE_BYTES = 64,
	DIGEST_DOMAINS = 32, /* of a challenge's list; the rest is not looked at */
};

/* From the weakest to the strongest. */
enum digest_algorithm {
	DIGEST_MD5,
	DIGEST_SHA, /* SHA-1, which no RFC names, but servers do */
	DIGEST_SHA_256,
	DIGEST_SHA_512_256,
	DIGEST_SHA_512,
};

/* Where the hashes come from. Only who names digest_library links libcrypto. */
struct digest_library {
	/* Of all pieces together, in hexadecimal. -EOPNOTSUPP with a text, -ENOMEM. */
	int (*hash)(enum digest_algorithm algorithm, const async_url_part *pieces, int count,
		    char hex[DIGEST_HEX_BYTES]);
};
extern const struct digest_library digest_library;

struct digest_challenge {
	/* Decoded, ending in a zero; NULL for what was not said. `texts` holds them all. */
	char *texts;
	const char *realm, *opaque;
	const char *first_nonce;    /* what a session's key is made of */
	const char *algorithm_name; /* as the server writes it */
	const char *nonce;	    /* the first one, or: */
	char *next_nonce;	    /* malloc's */
	enum digest_algorithm algorithm;
	bool session;		      /* -sess */
	bool qop_auth, qop_integrity; /* what it offers; neither: RFC 2069 */
	bool stale, user_hash, utf8;
	async_url *domains; /* the first is the URL that was asked for; then the list */
	size_t domain_count;
	bool listed; /* there is a list: the first URL counts only if it is in it */
	char cnonce[DIGEST_CNONCE_BYTES];
	uint32_t count; /* requests with this nonce */
};

/*
 * The strongest of what one answer's fields of that name offer; `base` is the URL that was asked
 * for, NULL for a proxy. *challenge is filled, and the caller's to end, or zero-filled with
 *	-ENOENT		no Digest challenge, or none that is complete
 *	-EOPNOTSUPP	none with an algorithm or a qop that is known here
 *	-ENOMEM
 */
int digest_challenge_take(struct digest_challenge *challenge, const struct http_fields *fields,
			  const char *data, enum http_name name, const async_url *base);
/* The same for the text of one field. */
int digest_challenge_read(struct digest_challenge *challenge, const char *text, size_t size,
			  const async_url *base);
void digest_challenge_end(struct digest_challenge *challenge);

/* Authentication-Info (RFC 7616, 3.5): a nonce to go on with. 1: it was taken, 0: there is none. */
int digest_take_next_nonce(struct digest_challenge *challenge, const char *text, size_t size);
/* The same field: 0, or -EBADMSG for an `rspauth` that is another one than the proof. */
int digest_check_proof(const char *proof, const char *text, size_t size);

/* Whether the server said that its challenge is good for requests to that URL, too. */
bool digest_covers(const struct digest_challenge *challenge, const async_url *url);

struct digest_login {
	const char *user, *password; /* UTF-8 */
};
struct digest_request {
	const char *method;
	async_url_part target; /* as in the request line */
	const void *body;
	size_t body_size;
	bool body_streams; /* it is not known yet, so that auth-int is out of the question */
	/* NULL, or DIGEST_HEX_BYTES, filled with what `rspauth` must be; "" where that is not
	 * known. */
	char *proof;
};

/*
 * "Digest username=...", the caller's to free. Counts the request.
 *	-EINVAL		a user with control bytes
 *	-EOPNOTSUPP	the server wants auth-int of a body that is not known beforehand; or the
 *hash is not there -ENOMEM
 */
int digest_authorize(struct digest_challenge *challenge, const struct digest_library *library,
		     const struct digest_login *login, const struct digest_request *request,
		     char **value);

#endif
