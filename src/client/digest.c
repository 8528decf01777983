/* SPDX-License-Identifier: MIT */
/* The answer to a Digest challenge (RFC 7616, 3.4). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "client/digest.h"
#include "http/bytes.h"
#include "url/url.h"

enum { PIECES = 11 };

/* What one answer is made of. */
struct work {
	struct digest_challenge *challenge;
	const struct digest_library *library;
	const struct digest_login *login;
	const struct digest_request *request;
	const char *qop; /* NULL: as in RFC 2069 */
	char count[9];	 /* nc */
};

static async_url_part piece_of(const char *text)
{
	return (async_url_part){ text, strlen(text) };
}

/* Of texts with colons between them. */
static int hash_joined(const struct work *work, char hex[DIGEST_HEX_BYTES],
		       const async_url_part *texts, int count)
{
	async_url_part pieces[PIECES];

	for (int i = 0; i < count; i++) {
		pieces[2 * i] = texts[i];
		if (i)
			pieces[2 * i - 1] = piece_of(":");
	}
	return work->library->hash(work->challenge->algorithm, pieces, 2 * count - 1, hex);
}

/* A1: with -sess the key of a session, made of the first nonce for all of its requests. */
static int hash_login(const struct work *work, char hex[DIGEST_HEX_BYTES])
{
	const struct digest_challenge *challenge = work->challenge;
	char key[DIGEST_HEX_BYTES];
	async_url_part login[] = { piece_of(work->login->user), piece_of(challenge->realm),
				   piece_of(work->login->password) };
	int error = hash_joined(work, hex, login, 3);

	if (!error && challenge->session) {
		async_url_part session[] = { piece_of(hex), piece_of(challenge->first_nonce),
					     piece_of(challenge->cnonce) };

		error = hash_joined(work, key, session, 3);
		memcpy(hex, key, sizeof key);
	}
	explicit_bzero(key, sizeof key);
	return error;
}

/* A2 */
static int hash_request(const struct work *work, const char *method, char hex[DIGEST_HEX_BYTES])
{
	const struct digest_request *request = work->request;
	async_url_part texts[3] = { piece_of(method), request->target };
	async_url_part body = { request->body, request->body_size };
	char body_hex[DIGEST_HEX_BYTES];
	int error;

	if (!work->qop || strcmp(work->qop, "auth-int") != 0)
		return hash_joined(work, hex, texts, 2);
	error = work->library->hash(work->challenge->algorithm, &body, 1, body_hex);
	if (error)
		return error;
	texts[2] = piece_of(body_hex);
	return hash_joined(work, hex, texts, 3);
}

static int hash_response(const struct work *work, const char *method, char hex[DIGEST_HEX_BYTES])
{
	const struct digest_challenge *challenge = work->challenge;
	char login[DIGEST_HEX_BYTES], request[DIGEST_HEX_BYTES];
	int error = hash_login(work, login);

	if (!error)
		error = hash_request(work, method, request);
	if (!error && work->qop) {
		async_url_part texts[] = { piece_of(login),	  piece_of(challenge->nonce),
					   piece_of(work->count), piece_of(challenge->cnonce),
					   piece_of(work->qop),	  piece_of(request) };

		error = hash_joined(work, hex, texts, 6);
	} else if (!error) {
		async_url_part texts[] = { piece_of(login), piece_of(challenge->nonce),
					   piece_of(request) };

		error = hash_joined(work, hex, texts, 3);
	}
	explicit_bzero(login, sizeof login);
	return error;
}

/* What a server that knows the password, too, answers with: the same without a method (RFC 7616,
 * 3.5). With auth-int it is about the body of the answer, which is not there yet. */
static int hash_proof(const struct work *work)
{
	char *proof = work->request->proof;

	if (!proof)
		return 0;
	*proof = '\0';
	return work->qop && !strcmp(work->qop, "auth") ? hash_response(work, "", proof) : 0;
}

/* ---- Writing ---- */

static void put(struct url_output *out, const char *text)
{
	url_put(out, text, strlen(text));
}

static void put_quoted(struct url_output *out, const char *name, async_url_part value)
{
	put(out, name);
	put(out, "=\"");
	for (size_t i = 0; i < value.size; i++) {
		if (value.data[i] == '"' || value.data[i] == '\\')
			url_put_byte(out, '\\');
		url_put_byte(out, value.data[i]);
	}
	url_put_byte(out, '"');
}

static bool is_ascii(const char *text)
{
	while (*text && !(*text & 0x80))
		text++;
	return !*text;
}

/* attr-char of RFC 8187, 3.2.1: tokens without what the form itself is made of. */
static void put_extended(struct url_output *out, const char *name, const char *value)
{
	static const char digits[] = "0123456789ABCDEF";

	put(out, name);
	put(out, "*=UTF-8''");
	for (; *value; value++) {
		unsigned char byte = (unsigned char)*value;

		if (byte_is(*value, BYTE_TOKEN) && !strchr("*'%", *value)) {
			url_put_byte(out, *value);
			continue;
		}
		url_put_byte(out, '%');
		url_put_byte(out, digits[byte >> 4]);
		url_put_byte(out, digits[byte & 15]);
	}
}

/* Hashed; or as it is; or, beyond ASCII where the server says how, as RFC 8187 has it. */
static int put_user(const struct work *work, struct url_output *out)
{
	const char *user = work->login->user;
	char hex[DIGEST_HEX_BYTES];
	int error;

	if (work->challenge->user_hash) {
		async_url_part texts[] = { piece_of(user), piece_of(work->challenge->realm) };

		error = hash_joined(work, hex, texts, 2);
		if (!error)
			put_quoted(out, "username", piece_of(hex));
		return error;
	}
	if (work->challenge->utf8 && !is_ascii(user)) {
		put_extended(out, "username", user);
		return 0;
	}
	put_quoted(out, "username", piece_of(user));
	return 0;
}

static int put_answer(const struct work *work, struct url_output *out)
{
	const struct digest_challenge *challenge = work->challenge;
	char hex[DIGEST_HEX_BYTES];
	int error = hash_response(work, work->request->method, hex);

	if (!error)
		error = hash_proof(work);
	put(out, "Digest ");
	if (!error)
		error = put_user(work, out);
	if (error)
		return error;
	put_quoted(out, ", realm", piece_of(challenge->realm));
	put_quoted(out, ", nonce", piece_of(challenge->nonce));
	put_quoted(out, ", uri", work->request->target);
	if (challenge->algorithm_name) {
		put(out, ", algorithm=");
		put(out, challenge->algorithm_name);
	}
	if (work->qop) {
		put(out, ", qop=");
		put(out, work->qop);
		put(out, ", nc=");
		put(out, work->count);
	}
	if (work->qop || challenge->session)
		put_quoted(out, ", cnonce", piece_of(challenge->cnonce));
	put_quoted(out, ", response", piece_of(hex));
	if (challenge->opaque)
		put_quoted(out, ", opaque", piece_of(challenge->opaque));
	if (challenge->user_hash)
		put(out, ", userhash=true");
	url_put_byte(out, '\0');
	return 0;
}

/* auth where it is offered: auth-int needs the whole body beforehand, and servers get it wrong. */
static int choose_qop(struct work *work)
{
	const struct digest_challenge *challenge = work->challenge;

	if (challenge->qop_auth)
		work->qop = "auth";
	else if (challenge->qop_integrity)
		work->qop = "auth-int";
	if (challenge->qop_auth || !challenge->qop_integrity || !work->request->body_streams)
		return 0;
	return async_fail(-EOPNOTSUPP, "Digest authentication with qop=auth-int hashes the body, "
				       "which is not known before it is sent: give it as a whole");
}

static int check_user(const char *user)
{
	for (; *user; user++) {
		if ((unsigned char)*user < ' ' || *user == 0x7f)
			return async_fail(-EINVAL, "a user with a control byte cannot be sent");
	}
	return 0;
}

int digest_authorize(struct digest_challenge *challenge, const struct digest_library *library,
		     const struct digest_login *login, const struct digest_request *request,
		     char **value)
{
	struct work work = {
		.challenge = challenge, .library = library, .login = login, .request = request
	};
	struct url_output out = { .data = NULL };
	int error = check_user(login->user);

	*value = NULL;
	if (!error)
		error = choose_qop(&work);
	if (error)
		return error;
	snprintf(work.count, sizeof work.count, "%08" PRIx32, challenge->count + 1);
	error = put_answer(&work, &out);
	if (!error && out.failed)
		error = async_fail(-ENOMEM, "no memory for Digest authentication");
	if (error) {
		free(out.data);
		return error;
	}
	challenge->count++;
	*value = out.data;
	return 0;
}
