/* SPDX-License-Identifier: MIT */
/* Digest authentication as a middleware. What is computed is in digest.c; only programs that use
 * this link libcrypto. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "client/digest.h"
#include "client/outgoing.h"

struct async_digest {
	struct digest_challenge challenge;
	bool challenged;
	async_url origin; /* the first that was asked */
	bool bound;
	char *user, *password;
};

async_digest *async_digest_new(const char *user, const char *password)
{
	char hex[DIGEST_HEX_BYTES];
	struct async_digest *digest;

	if (!user || !password) {
		async_fail(-EINVAL, "async_digest_new: no user, or no password");
		return NULL;
	}
	if (digest_library.hash(DIGEST_SHA_256, NULL, 0, hex))
		return NULL; /* built without libcrypto */
	digest = calloc(1, sizeof *digest);
	if (digest) {
		digest->user = strdup(user);
		digest->password = strdup(password);
	}
	if (digest && digest->user && digest->password)
		return digest;
	async_digest_free(digest);
	async_fail(-ENOMEM, "no memory for a login");
	return NULL;
}

void async_digest_free(async_digest *digest)
{
	if (!digest)
		return;
	if (digest->challenged)
		digest_challenge_end(&digest->challenge);
	if (digest->bound)
		async_url_free(&digest->origin);
	if (digest->password)
		explicit_bzero(digest->password, strlen(digest->password));
	free(digest->password);
	free(digest->user);
	free(digest);
}

/* Whether the login may go to where the request does. */
static bool is_ours(struct async_digest *digest, const async_url *url)
{
	if (!digest->bound && !async_url_copy(url, &digest->origin))
		digest->bound = true;
	return digest->bound && (async_url_same_origin(&digest->origin, url) ||
				 (digest->challenged && digest_covers(&digest->challenge, url)));
}

static int authorize(struct async_digest *digest, async_outgoing *request,
		     char proof[DIGEST_HEX_BYTES])
{
	struct digest_login login = { digest->user, digest->password };
	struct digest_request what = { .method = request->method,
				       .target = async_url_target(&request->url),
				       .body = request->upload.data,
				       .body_size = request->upload.data ? request->upload.size : 0,
				       .body_streams = request->upload.given &&
						       !request->upload.data,
				       .proof = proof };
	char *value;
	int error = digest_authorize(&digest->challenge, &digest_library, &login, &what, &value);

	if (error)
		return error;
	error = async_outgoing_set_header(request, "Authorization", value);
	free(value);
	return error;
}

static int take_challenge(struct async_digest *digest, struct async_response *answer)
{
	struct digest_challenge fresh;
	int error = digest_challenge_take(&fresh, &answer->head.fields, answer->block,
					  HTTP_NAME_WWW_AUTHENTICATE, &answer->url);

	if (error)
		return error;
	if (digest->challenged)
		digest_challenge_end(&digest->challenge);
	digest->challenge = fresh;
	digest->challenged = true;
	return 0;
}

/* That it is the server who answers, and a nonce to go on with (RFC 7616, 3.5). */
static int take_info(struct async_digest *digest, struct async_response *answer, const char *proof)
{
	const char *info = async_response_header(answer, "Authentication-Info");
	int error = info ? digest_check_proof(proof, info, strlen(info)) : 0;

	if (error)
		return client_blame(&answer->url, error);
	if (info)
		digest_take_next_nonce(&digest->challenge, info, strlen(info));
	return 0;
}

static async_response *await_authorized(struct async_digest *digest, async_outgoing *request)
{
	char proof[DIGEST_HEX_BYTES];
	struct async_response *answer;

	if (authorize(digest, request, proof))
		return NULL;
	answer = await_outgoing_next(request);
	if (!answer || answer->head.status == 401 || !take_info(digest, answer, proof))
		return answer;
	async_response_free(answer);
	return NULL;
}

async_response *await_digest(async_outgoing *request, void *arg)
{
	struct async_digest *digest = arg;
	struct async_response *answer;
	bool sent;

	if (async_outgoing_header(request, "Authorization") || !is_ours(digest, &request->url))
		return await_outgoing_next(request);
	sent = digest->challenged && digest_covers(&digest->challenge, &request->url);
	answer = sent ? await_authorized(digest, request) : await_outgoing_next(request);
	/* With a login that was refused, another try helps only against an old nonce. */
	if (async_response_status(answer) != 401 || take_challenge(digest, answer) ||
	    (sent && !digest->challenge.stale))
		return answer;
	await_client_drain(answer);
	async_response_free(answer);
	return await_authorized(digest, request);
}
