/* SPDX-License-Identifier: MIT */
/*
 * WWW-Authenticate and its like (RFC 9110, 11.3): challenges, each a scheme with a token or with
 * parameters, commas between all of them. A comma may end a parameter or a challenge; which of the
 * two is known by what follows it, so this is read word by word:
 *
 *	Negotiate, Digest realm="a, b", nonce=x, Basic realm="c"
 *	SCHEME     SCHEME PARAMETER     PARAMETER SCHEME PARAMETER
 */
#ifndef CLIENT_CHALLENGE_H
#define CLIENT_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>

enum challenge_kind {
	CHALLENGE_END,
	CHALLENGE_SCHEME,    /* name */
	CHALLENGE_TOKEN,     /* value: what follows the scheme in place of parameters */
	CHALLENGE_PARAMETER, /* name and value */
	CHALLENGE_MALFORMED, /* nothing behind this can be told; what came before stands */
};

struct challenge_item {
	enum challenge_kind kind;
	const char *name, *value; /* in the text; the value may be in quotes */
	size_t name_size, value_size;
};

struct challenge_reader {
	const char *at, *end;
	bool after_scheme, after_item;
};

void challenge_begin(struct challenge_reader *reader, const char *text, size_t size);
enum challenge_kind challenge_next(struct challenge_reader *reader, struct challenge_item *item);

/* The name, letters of either case; `lower` is in small ones. */
bool challenge_is(const struct challenge_item *item, const char *lower);
/* What a value stands for: without quotes and backslashes. `room` has size bytes; returns how many
 * were written. */
size_t challenge_decode(const char *value, size_t size, char *room);

#endif
