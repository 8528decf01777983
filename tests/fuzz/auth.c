/* SPDX-License-Identifier: MIT */
/*
 * WWW-Authenticate: words lie in the field and decode to no more than they are; a challenge that is
 * taken has what it needs, and its answer is read again as what it says.
 */
#include "h1.h"
#include "client/challenge.h"
#include "client/digest.h"

static void read_words(const char *data, size_t size)
{
	struct challenge_reader reader;
	struct challenge_item item;
	const char *last = data;

	challenge_begin(&reader, data, size);
	while (challenge_next(&reader, &item)) {
		char *room = malloc(item.value_size ? item.value_size : 1);

		if (item.name_size) {
			h1_check(item.name >= last && item.name + item.name_size <= data + size);
			last = item.name + item.name_size;
		}
		if (item.value_size && item.kind != CHALLENGE_MALFORMED) {
			h1_check(item.value >= last);
			last = item.value + item.value_size;
			h1_check(last <= data + size);
			h1_check(challenge_decode(item.value, item.value_size, room) <=
				 item.value_size);
		}
		free(room);
	}
}

/* In place of a hash: fast, and there without libcrypto. */
static int no_hash(enum digest_algorithm algorithm, const async_url_part *pieces, int count,
		   char hex[DIGEST_HEX_BYTES])
{
	(void)algorithm;
	for (int i = 0; i < count; i++)
		h1_check(!pieces[i].size || pieces[i].data);
	memcpy(hex, "0123456789abcdef", 17);
	return 0;
}

/* The answer has the form of a challenge. */
static void read_answer(const struct digest_challenge *challenge, const char *value)
{
	struct challenge_reader reader;
	struct challenge_item item;
	bool realm = false, nonce = false;

	challenge_begin(&reader, value, strlen(value));
	h1_check(challenge_next(&reader, &item) == CHALLENGE_SCHEME);
	while (challenge_next(&reader, &item)) {
		char *room = malloc(item.value_size + 1);

		h1_check(item.kind == CHALLENGE_PARAMETER);
		room[challenge_decode(item.value, item.value_size, room)] = '\0';
		if (challenge_is(&item, "realm"))
			realm = !strcmp(room, challenge->realm);
		if (challenge_is(&item, "nonce"))
			nonce = !strcmp(room, challenge->nonce);
		free(room);
	}
	h1_check(realm && nonce);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct digest_library library = { .hash = no_hash };
	static const struct digest_login login = { "us\"er\xc3\xbc", "password" };
	struct digest_request request = { .method = "GET",
					  .target = { "/\"\\", 3 },
					  .body_streams = size % 2 };
	struct digest_challenge challenge;
	char *copy = h1_copy(data, size), *value;
	async_url url;

	read_words(copy, size);
	h1_check(!async_url_parse("http://a.org/x/y", NULL, &url));
	if (!digest_challenge_read(&challenge, copy, size, &url)) {
		h1_check(challenge.realm && challenge.nonce);
		h1_check(challenge.listed || digest_covers(&challenge, &url));
		if (!digest_authorize(&challenge, &library, &login, &request, &value))
			read_answer(&challenge, value);
		free(value);
		if (digest_take_next_nonce(&challenge, copy, size))
			h1_check(!challenge.count && *challenge.nonce);
	}
	digest_challenge_end(&challenge);
	async_url_free(&url);
	free(copy);
	return 0;
}
