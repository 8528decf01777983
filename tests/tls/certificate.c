/* SPDX-License-Identifier: MIT */
/* Certificates that are not accepted, and why: the error's number and its words. */
#include <errno.h>
#include "tls/ends.h"

/* The client's failure, and what the server learns of it. */
static void fails(async_tls *client_tls, async_tls *server_tls, const char *host, int error,
		  const char *text, const char *server_text)
{
	struct start starts[2];
	char data;

	try_tls(client_tls, server_tls, host, starts);
	CHECK_INT(starts[0].result, error);
	CHECK_TEXT_HAS(starts[0].text, text);
	/* In TLS 1.3 the server may be done before the client objects. */
	if (!starts[1].result) {
		CHECK_INT(await_stream_read(starts[1].stream, &data, 1), -EPROTO);
		CHECK_TEXT_HAS(async_error(), server_text);
	} else {
		CHECK_TEXT_HAS(starts[1].text, server_text);
	}
	/* The stream is only good for closing. */
	CHECK_INT(await_stream_read(starts[0].stream, &data, 1), error);
	CHECK_INT(await_stream_write(starts[0].stream, "x", 1), error);
	close_both(starts);
}

TEST_TASK(a_good_one, "S17")
{
	const char *hosts[] = { "localhost",	 "127.0.0.1",	 "[::1]",    "::1",
				"example.test.", "EXAMPLE.test", "[::1%lo]", "::1%lo" };

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		struct start starts[2];

		try_tls(client_with(&authority), server_with(&server), hosts[i], starts);
		CHECK_STR(starts[0].text, "");
		CHECK_STR(starts[1].text, "");
		close_both(starts);
	}
}

TEST_TASK(a_wildcard, "S17")
{
	struct start starts[2];

	try_tls(client_with(&authority), server_with(&other), "a.wild.test", starts);
	CHECK_STR(starts[0].text, "");
	close_both(starts);
	fails(client_with(&authority), server_with(&other), "a.b.wild.test", -EKEYREJECTED,
	      "not for a.b.wild.test but for DNS:other.test, DNS:*.wild.test",
	      "\"bad certificate\"");
}

TEST_TASK(for_another_host, "S17")
{
	fails(client_with(&authority), server_with(&server), "wrong.test", -EKEYREJECTED,
	      "TLS handshake with wrong.test: the certificate is not for wrong.test but for"
	      " DNS:localhost, DNS:example.test, IP:127.0.0.1, IP:::1",
	      "does not accept our certificate");
	fails(client_with(&authority), server_with(&server), "127.0.0.2", -EKEYREJECTED,
	      "not for 127.0.0.2 but for", "does not accept our certificate");
}

TEST_TASK(expired_or_not_yet_valid, "S17")
{
	fails(client_with(&authority), server_with(&expired), "localhost", -EKEYEXPIRED,
	      "the certificate of CN=expired, O=Tests has expired on 20",
	      "our certificate has expired");
	fails(client_with(&authority), server_with(&future), "localhost", -EKEYREJECTED,
	      "is not valid before 20", "does not accept our certificate");
}

TEST_TASK(self_signed, "S17")
{
	fails(client_with(&authority), server_with(&alone), "localhost", -EKEYREJECTED,
	      "the certificate of CN=alone, O=Tests is self-signed and not among the option `ca`",
	      "does not know who signed our certificate");
}

TEST_TASK(trusted_though_self_signed, "S17")
{
	struct start starts[2];

	try_tls(client_with(&alone), server_with(&alone), "localhost", starts);
	CHECK_STR(starts[0].text, "");
	close_both(starts);
}

TEST_TASK(unknown_issuer, "S17")
{
	fails(client_with(&authority), server_with(&foreign), "localhost", -EKEYREJECTED,
	      "unknown issuer: CN=Strange authority, O=Tests has signed the certificate of"
	      " CN=foreign, O=Tests",
	      "does not know who signed our certificate");
}

TEST_TASK(intermediates_are_sent_along, "S17")
{
	struct start starts[2];

	try_tls(client_with(&authority), server_with(&chained), "localhost", starts);
	CHECK_STR(starts[0].text, "");
	close_both(starts);
	fails(client_with(&authority), server_with(&chained_bare), "localhost", -EKEYREJECTED,
	      "unknown issuer: CN=Intermediate, O=Tests",
	      "does not know who signed our certificate");
}

/* It is told whose certificate it is that is wrong. */
TEST_TASK(issuers_that_are_none, "S17")
{
	fails(client_with(&authority), server_with(&late), "localhost", -EKEYEXPIRED,
	      "the certificate of CN=Former, O=Tests has expired on 20",
	      "our certificate has expired");
	fails(client_with(&authority), server_with(&misissued), "localhost", -EKEYREJECTED,
	      "the certificate of CN=server, O=Tests is not accepted: invalid CA certificate",
	      "does not know who signed our certificate");
}

TEST_TASK(a_revoked_one, "S17")
{
	const char *list = in_file(revocations);
	async_tls_options options = { .ca = authority.pem, .crl_file = list };
	async_tls *strict = async_tls_client(&options);
	struct start starts[2];

	CHECK(strict);
	fails(strict, server_with(&revoked), "localhost", -EKEYREVOKED,
	      "the certificate of CN=revoked, O=Tests was revoked by CN=Test authority, O=Tests",
	      "our certificate was revoked");
	try_tls(async_tls_client(&options), server_with(&server), "localhost", starts);
	CHECK_STR(starts[0].text, "");
	close_both(starts);
	unlink(list);
}

TEST_TASK(an_old_list, "S17")
{
	char *old = revocations_of(&authority, NULL, -1);
	const char *list = in_file(old);
	async_tls_options options = { .ca = authority.pem, .crl_file = list };

	fails(async_tls_client(&options), server_with(&server), "localhost", -EKEYREJECTED,
	      "the list of CN=Test authority, O=Tests is out of date (TLS option `crl_file`;"
	      " async_tls_reload)",
	      "certificate");
	unlink(list);
	free(old);
}

/* A whole chain is looked at: who was revoked vouches for nobody. */
TEST_TASK(a_revoked_intermediate, "S17")
{
	char *of_root = revocations_of(&authority, &intermediate, 1);
	char *of_intermediate = revocations_of(&intermediate, NULL, 1);
	char *all = malloc(strlen(of_root) + strlen(of_intermediate) + 1);
	const char *roots = in_file(of_root), *both;
	async_tls_options options = { .ca = authority.pem, .crl_file = roots };

	both = in_file(strcat(strcpy(all, of_root), of_intermediate));
	fails(async_tls_client(&options), server_with(&chained), "localhost", -EKEYREJECTED,
	      "nobody knows whether the certificate of CN=chained, O=Tests was revoked: there is no"
	      " list of CN=Intermediate, O=Tests (TLS option `crl_file`)",
	      "does not know who signed our certificate");
	options.crl_file = both;
	fails(async_tls_client(&options), server_with(&chained), "localhost", -EKEYREVOKED,
	      "the certificate of CN=Intermediate, O=Tests was revoked",
	      "our certificate was revoked");
	unlink(roots);
	unlink(both);
	free(of_root);
	free(of_intermediate);
	free(all);
}

TEST_TASK(insecure_takes_any, "S17")
{
	static const async_tls_options options = { .insecure = true };
	struct start starts[2];

	try_tls(async_tls_client(&options), server_with(&expired), "wrong.test", starts);
	CHECK_STR(starts[0].text, "");
	close_both(starts);
	try_tls(async_tls_client(&options), server_with(&alone), NULL, starts);
	CHECK_STR(starts[0].text, "");
	close_both(starts);
}

/* ---- Pins ---- */

static char *fingerprint_with_colons(const struct made *made)
{
	static char text[200];
	char plain[65];
	int n = 0;

	fingerprint_text(made->certificate, plain);
	for (int i = 0; i < 64; i += 2)
		n += sprintf(text + n, "%s%c%c", i ? ":" : "", plain[i] - (plain[i] > '9' ? 32 : 0),
			     plain[i + 1]);
	return text;
}

static async_tls *pinned(const struct made *first, const struct made *second, bool insecure)
{
	char both[300];
	async_tls_options options = { .ca = insecure ? NULL : authority.pem,
				      .insecure = insecure,
				      .pins = both };
	int n = sprintf(both, "%s%s", fingerprint_with_colons(first), second ? "," : "");

	if (second)
		fingerprint_text(second->certificate, both + n);
	return async_tls_client(&options);
}

TEST_TASK(a_pinned_one, "S17")
{
	struct start starts[2];

	try_tls(pinned(&server, NULL, false), server_with(&server), "localhost", starts);
	CHECK_STR(starts[0].text, "");
	close_both(starts);
	try_tls(pinned(&other, &server, false), server_with(&server), "localhost", starts);
	CHECK_STR(starts[0].text, "");
	close_both(starts);
	/* A pin alone is enough where nothing else is checked. */
	try_tls(pinned(&alone, NULL, true), server_with(&alone), "localhost", starts);
	CHECK_STR(starts[0].text, "");
	close_both(starts);
	/* A pin does not make a bad certificate good. */
	try_tls(pinned(&expired, NULL, false), server_with(&expired), "localhost", starts);
	CHECK_INT(starts[0].result, -EKEYEXPIRED);
	close_both(starts);
}

TEST_TASK(another_than_the_pinned_one, "S17")
{
	struct start starts[2];
	char print[65];

	fingerprint_text(server.certificate, print);
	try_tls(pinned(&other, &client, false), server_with(&server), "localhost", starts);
	CHECK_INT(starts[0].result, -ENOKEY);
	CHECK_TEXT_HAS(starts[0].text, "another fingerprint than those pinned");
	CHECK_TEXT_HAS(starts[0].text, print);
	close_both(starts);
}

TEST_WITH(pins_that_are_none, "S17", .backends = ONCE, .may_leak = 1)
{
	static const async_tls_options empty = { .pins = "", .insecure = true };
	const char *bad[] = { "12", "md5:00", "0123456789abcdef0123456789abcdef01234567", ",",
			      "zz23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		async_tls_options options = { .pins = bad[i] };

		CHECK(!async_tls_client(&options));
		CHECK_INT(async_error_code(), -EINVAL);
		CHECK_TEXT_HAS(async_error(), "is no SHA-256 fingerprint");
	}
	CHECK(!async_tls_client(&empty));
	CHECK_INT(async_error_code(), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "pins is empty");
}
