/* SPDX-License-Identifier: MIT */
/* What a server asks for in Digest challenges, and which of them is taken. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await/sim.h>
#include "base/base.h"
#include "client/challenge.h"
#include "client/digest.h"
#include "http/bytes.h"
#include "http/cookie.h"
#include "http/field.h"

enum {
	REALM,
	NONCE,
	OPAQUE,
	ALGORITHM,
	KEPT,
	DOMAIN = KEPT,
	QOP,
	STALE,
	USERHASH,
	CHARSET,
	MEMBERS
};

static const char *const member_names[MEMBERS] = {
	[REALM] = "realm",   [NONCE] = "nonce",		[OPAQUE] = "opaque",
	[DOMAIN] = "domain", [ALGORITHM] = "algorithm", [QOP] = "qop",
	[STALE] = "stale",   [USERHASH] = "userhash",	[CHARSET] = "charset",
};

/* A challenge as it stands in a field. */
struct offer {
	struct {
		const char *data; /* NULL: not said */
		size_t size;
	} members[MEMBERS];
	enum digest_algorithm algorithm;
	bool session, qop_auth, qop_integrity;
};

/* All offers of an answer. */
struct choice {
	struct offer current, best;
	bool in_digest; /* `current` is being read */
	bool found;	/* `best` is one */
	bool unknown;	/* one was complete, but not for us */
};

/* RFC 7616, 3.3, and as other clients and servers write them. */
static const struct {
	const char *name;
	enum digest_algorithm algorithm;
} algorithm_names[] = {
	{ "md5", DIGEST_MD5 },
	{ "sha", DIGEST_SHA },
	{ "sha-1", DIGEST_SHA },
	{ "sha1", DIGEST_SHA },
	{ "sha-256", DIGEST_SHA_256 },
	{ "sha256", DIGEST_SHA_256 },
	{ "sha-512-256", DIGEST_SHA_512_256 },
	{ "sha-512", DIGEST_SHA_512 },
	{ "sha512", DIGEST_SHA_512 },
};

enum { WORD_BYTES = 32 };

/* Decoded, in small letters and cut: for words that are compared. */
static void take_word(const struct offer *offer, int member, char word[WORD_BYTES])
{
	char room[4 * WORD_BYTES];
	size_t size = offer->members[member].size;

	*word = '\0';
	if (!offer->members[member].data || size > sizeof room)
		return;
	size = challenge_decode(offer->members[member].data, size, room);
	if (size >= WORD_BYTES)
		return;
	for (size_t i = 0; i < size; i++)
		word[i] = byte_lower(room[i]);
	word[size] = '\0';
}

static bool know_algorithm(struct offer *offer)
{
	static const char session[] = "-sess";
	char word[WORD_BYTES];
	size_t size, suffix = sizeof session - 1;

	offer->algorithm = DIGEST_MD5;
	if (!offer->members[ALGORITHM].data)
		return true;
	take_word(offer, ALGORITHM, word);
	size = strlen(word);
	if (size > suffix && !strcmp(word + size - suffix, session)) {
		offer->session = true;
		word[size - suffix] = '\0';
	}
	for (size_t i = 0; i < array_length(algorithm_names); i++) {
		if (!strcmp(word, algorithm_names[i].name)) {
			offer->algorithm = algorithm_names[i].algorithm;
			return true;
		}
	}
	return false;
}

/* A list of words, of which those that are not known do not count. Without it, as in RFC 2069. */
static bool know_qop(struct offer *offer)
{
	const char *at = offer->members[QOP].data, *end;

	if (!at)
		return true;
	end = at + offer->members[QOP].size;
	while (at < end) {
		const char *word = at;
		size_t size;

		while (at < end && byte_is(*at, BYTE_TOKEN))
			at++;
		size = (size_t)(at - word);
		offer->qop_auth |= size == 4 && bytes_same(word, "auth", 4);
		offer->qop_integrity |= size == 8 && bytes_same(word, "auth-int", 8);
		at += !size;
	}
	return offer->qop_auth || offer->qop_integrity;
}

/* What was being read has ended. */
static void finish_offer(struct choice *choice)
{
	struct offer *offer = &choice->current;

	if (!choice->in_digest)
		return;
	choice->in_digest = false;
	if (!offer->members[REALM].data || !offer->members[NONCE].data)
		return;
	if (!know_algorithm(offer) || !know_qop(offer)) {
		choice->unknown = true;
		return;
	}
	if (!choice->found || offer->algorithm > choice->best.algorithm)
		choice->best = *offer;
	choice->found = true;
}

static void take_parameter(struct choice *choice, const struct challenge_item *item)
{
	for (int i = 0; choice->in_digest && i < MEMBERS; i++) {
		/* Said twice, the first counts. */
		if (challenge_is(item, member_names[i]) && !choice->current.members[i].data) {
			choice->current.members[i].data = item->value;
			choice->current.members[i].size = item->value_size;
		}
	}
}

static void read_field(struct choice *choice, const char *text, size_t size)
{
	struct challenge_reader reader;
	struct challenge_item item;

	challenge_begin(&reader, text, size);
	while (challenge_next(&reader, &item)) {
		if (item.kind == CHALLENGE_PARAMETER) {
			take_parameter(choice, &item);
		} else if (item.kind == CHALLENGE_SCHEME) {
			finish_offer(choice);
			choice->current = (struct offer){ 0 };
			choice->in_digest = challenge_is(&item, "digest");
		} else {
			choice->in_digest = false;
		}
	}
	finish_offer(choice);
}

/* ---- What is kept of it ---- */

static bool is_word(const struct offer *offer, int member, const char *lower)
{
	char word[WORD_BYTES];

	take_word(offer, member, word);
	return !strcmp(word, lower);
}

static int keep_texts(struct digest_challenge *challenge, const struct offer *offer)
{
	const char **texts[KEPT] = { [REALM] = &challenge->realm,
				     [NONCE] = &challenge->first_nonce,
				     [OPAQUE] = &challenge->opaque,
				     [ALGORITHM] = &challenge->algorithm_name };
	size_t size = KEPT;
	char *at;

	for (int i = 0; i < KEPT; i++)
		size += offer->members[i].size;
	at = challenge->texts = malloc(size);
	if (!at)
		return -ENOMEM;
	for (int i = 0; i < KEPT; i++) {
		if (!offer->members[i].data)
			continue;
		*texts[i] = at;
		at += challenge_decode(offer->members[i].data, offer->members[i].size, at);
		*at++ = '\0';
	}
	challenge->nonce = challenge->first_nonce;
	return 0;
}

/* One of the list; what is no URL is passed over. */
static int keep_domain(struct digest_challenge *challenge, const char *text, size_t size,
		       const async_url *base)
{
	async_url_options options = { .base = base };
	async_url *domain = &challenge->domains[challenge->domain_count];
	int error = async_url_parse_bytes(text, size, &options, domain);

	challenge->domain_count += !error;
	return error == -ENOMEM ? error : 0;
}

static int keep_domains(struct digest_challenge *challenge, const struct offer *offer,
			const async_url *base)
{
	size_t size = offer->members[DOMAIN].size;
	char *list = malloc(size + 1), *at = list, *end;
	int error;

	challenge->domains = calloc(1 + DIGEST_DOMAINS, sizeof *challenge->domains);
	error = list && challenge->domains ? async_url_copy(base, challenge->domains) : -ENOMEM;
	if (error) {
		free(list);
		return error;
	}
	challenge->domain_count = 1;
	end = list + challenge_decode(offer->members[DOMAIN].data, size, list);
	while (!error && at < end && challenge->domain_count <= DIGEST_DOMAINS) {
		char *next = memchr(at, ' ', (size_t)(end - at));

		next = next ? next : end;
		if (next > at)
			error = keep_domain(challenge, at, (size_t)(next - at), base);
		at = next + 1;
	}
	challenge->listed = challenge->domain_count > 1;
	free(list);
	return error;
}

static int keep(struct digest_challenge *challenge, const struct offer *offer,
		const async_url *base)
{
	int error = keep_texts(challenge, offer);

	if (!error && base)
		error = keep_domains(challenge, offer, base);
	if (error) {
		digest_challenge_end(challenge);
		return async_fail(error, "no memory for a Digest challenge");
	}
	challenge->algorithm = offer->algorithm;
	challenge->session = offer->session;
	challenge->qop_auth = offer->qop_auth;
	challenge->qop_integrity = offer->qop_integrity;
	challenge->stale = is_word(offer, STALE, "true");
	challenge->user_hash = is_word(offer, USERHASH, "true");
	challenge->utf8 = is_word(offer, CHARSET, "utf-8");
	snprintf(challenge->cnonce, sizeof challenge->cnonce, "%016" PRIx64 "%016" PRIx64,
		 async_random(UINT64_MAX), async_random(UINT64_MAX));
	return 0;
}

static int choose(struct digest_challenge *challenge, const struct choice *choice,
		  const async_url *base)
{
	if (choice->found)
		return keep(challenge, &choice->best, base);
	if (choice->unknown)
		return async_fail(-EOPNOTSUPP, "Digest authentication by an algorithm or qop that "
					       "is not known here: MD5, SHA, SHA-256, SHA-512-256 "
					       "and SHA-512 are, each with -sess; auth, auth-int");
	return async_fail(-ENOENT, "no Digest challenge with a realm and a nonce");
}

int digest_challenge_read(struct digest_challenge *challenge, const char *text, size_t size,
			  const async_url *base)
{
	struct choice choice = { .found = false };

	*challenge = (struct digest_challenge){ .texts = NULL };
	read_field(&choice, text, size);
	return choose(challenge, &choice, base);
}

int digest_challenge_take(struct digest_challenge *challenge, const struct http_fields *fields,
			  const char *data, enum http_name name, const async_url *base)
{
	const struct http_field *field = http_field_known(fields, name);
	struct choice choice = { .found = false };

	*challenge = (struct digest_challenge){ .texts = NULL };
	for (; field; field = http_field_next(fields, field))
		read_field(&choice, data + field->value.at, field->value.size);
	return choose(challenge, &choice, base);
}

void digest_challenge_end(struct digest_challenge *challenge)
{
	for (size_t i = 0; i < challenge->domain_count; i++)
		async_url_free(&challenge->domains[i]);
	free(challenge->domains);
	free(challenge->texts);
	free(challenge->next_nonce);
	*challenge = (struct digest_challenge){ .texts = NULL };
}

/* ---- Authentication-Info ---- */

static bool find_parameter(const char *text, size_t size, const char *name,
			   struct challenge_item *item)
{
	struct challenge_reader reader;

	challenge_begin(&reader, text, size);
	do {
		if (!challenge_next(&reader, item))
			return false;
	} while (item->kind != CHALLENGE_PARAMETER || !challenge_is(item, name));
	return true;
}

int digest_check_proof(const char *proof, const char *text, size_t size)
{
	struct challenge_item item;
	size_t length = strlen(proof);
	char said[DIGEST_HEX_BYTES + 2]; /* with its quotes */

	if (!length || !find_parameter(text, size, "rspauth", &item))
		return 0;
	if (item.value_size <= sizeof said &&
	    challenge_decode(item.value, item.value_size, said) == length &&
	    bytes_same(said, proof, length))
		return 0;
	return async_fail(-EBADMSG, "the server does not prove that it knows the password: its "
				    "rspauth is wrong (RFC 7616, 3.5)");
}

int digest_take_next_nonce(struct digest_challenge *challenge, const char *text, size_t size)
{
	struct challenge_item item;
	char *nonce;

	if (!find_parameter(text, size, "nextnonce", &item))
		return 0;
	nonce = malloc(item.value_size + 1);
	if (!nonce)
		return async_fail(-ENOMEM, "no memory for the next nonce");
	nonce[challenge_decode(item.value, item.value_size, nonce)] = '\0';
	if (!*nonce) {
		free(nonce);
		return 0;
	}
	free(challenge->next_nonce);
	challenge->nonce = challenge->next_nonce = nonce;
	challenge->count = 0;
	return 1;
}

/* ---- Where it is good ---- */

/* Whether a path lies below another is asked as for cookies. */
static bool lies_below(const async_url *url, const async_url *domain)
{
	async_url_part path = async_url_path(url), prefix = async_url_path(domain);

	return http_cookie_path_match(path.data, path.size, prefix.data, prefix.size);
}

bool digest_covers(const struct digest_challenge *challenge, const async_url *url)
{
	if (challenge->domain_count && !challenge->listed)
		return async_url_same_origin(&challenge->domains[0], url);
	for (size_t i = 1; i < challenge->domain_count; i++) {
		if (async_url_same_origin(&challenge->domains[i], url) &&
		    lies_below(url, &challenge->domains[i]))
			return true;
	}
	return false;
}
