/* SPDX-License-Identifier: MIT */
/* Contexts: options and their errors, several certificates, ALPN, certificates of clients, reload. */
#include <errno.h>
#include "tls/ends.h"

/* ---- Options ---- */

static void refused(bool is_server, const async_tls_options *options, int error, const char *text)
{
	async_tls *tls = is_server ? async_tls_server(options) : async_tls_client(options);

	CHECK(!tls);
	CHECK_INT(async_error_code(), error);
	CHECK_TEXT_HAS(async_error(), text);
}

#define REFUSED(is_server_, error_, text_, ...) \
	refused(is_server_, &(async_tls_options){ __VA_ARGS__ }, error_, text_)
#define GOOD .identity = { .certificate = server.pem, .key = server.key_pem }

TEST_WITH(options_that_are_none, "S17 S19", .backends = ONCE, .may_leak = 1)
{
	REFUSED(true, -EINVAL, "needs a certificate (TLS option identity)", .alpn = NULL);
	REFUSED(true, -EINVAL, "handshake_seconds is -1: it must be positive", GOOD,
		.handshake_seconds = -1);
	REFUSED(true, -EINVAL, "older versions are not offered", GOOD, .min_version = 0x0302);
	REFUSED(true, -EINVAL, "older versions are not offered", GOOD, .max_version = 0x0302);
	REFUSED(true, -EINVAL, "min_version lies above max_version", GOOD,
		.min_version = ASYNC_TLS_1_3, .max_version = ASYNC_TLS_1_2);
	REFUSED(true, -EINVAL, "insecure is for clients", GOOD, .insecure = true);
	REFUSED(true, -EINVAL, "needs ca_file or ca", GOOD,
		.client_certificates = ASYNC_TLS_REQUIRED);
	REFUSED(true, -EINVAL, "is 7, which is no choice", GOOD, .client_certificates = 7);
	REFUSED(true, -EINVAL, "pins of a server needs client_certificates", GOOD, .pins = "00");
	REFUSED(false, -EINVAL, "is for servers", .client_certificates = ASYNC_TLS_OPTIONAL);
	REFUSED(false, -EINVAL, "alpn: a protocol's name has 1 to 255 bytes", .alpn = "h2,,x");
	REFUSED(false, -EINVAL, "alpn: a protocol's name has 1 to 255 bytes", .alpn = "");
	REFUSED(false, -EINVAL, "TLS option ciphers \"nonsense\"", .ciphers = "nonsense");
	REFUSED(false, -EINVAL, "TLS option suites \"nonsense\"", .suites = "nonsense");
	REFUSED(false, -EINVAL, "crl_file needs ca_file or ca", .crl_file = "/dev/null");
	REFUSED(false, -EINVAL, "identity: a key without its certificate",
		.identity = { .key = server.key_pem });
	REFUSED(true, -EINVAL, "more_count is 2, and more is NULL", GOOD, .more_count = 2);
	REFUSED(true, -EINVAL, "more[0] names no certificate", GOOD,
		.more = &(async_tls_certificate){ .key = server.key_pem }, .more_count = 1);
}

TEST_WITH(files_that_are_none, "S17", .backends = ONCE, .may_leak = 1)
{
	REFUSED(true, -ENOENT, "TLS option certificate_file: cannot read /nowhere/x.pem",
		.identity = { .certificate_file = "/nowhere/x.pem" });
	REFUSED(true, -EBADMSG, "no certificate in PEM form in /dev/null",
		.identity = { .certificate_file = "/dev/null" });
	REFUSED(true, -ENOENT, "TLS option key_file: cannot read /nowhere/x.key",
		.identity = { .certificate = server.pem, .key_file = "/nowhere/x.key" });
	REFUSED(true, -EBADMSG, "no private key", .identity = { .certificate = server.pem });
	REFUSED(true, -EBADMSG, "does not belong to the certificate",
		.identity = { .certificate = server.pem, .key = other.key_pem });
	REFUSED(false, -ENOENT, "ca_file: cannot read /nowhere/ca.pem",
		.ca_file = "/nowhere/ca.pem");
	REFUSED(false, -EBADMSG, "ca: no certificate in PEM form in the text", .ca = "nothing");
	REFUSED(false, -EBADMSG, "ca_file: no certificate in PEM form in /dev/null: Bad message",
		.ca_file = "/dev/null");
	REFUSED(false, -EBADMSG, "ca: no certificate in PEM form", .ca = revocations);
	REFUSED(false, -ENOENT, "crl_file: cannot read /nowhere/crl.pem", .ca = authority.pem,
		.crl_file = "/nowhere/crl.pem");
}

/* An intermediate certificate that was cut off is missed by clients, and only by some. */
TEST_WITH(a_damaged_chain, "S17", .backends = ONCE, .may_leak = 1)
{
	char *text = strdup(chained.pem), *second = strstr(text + 1, "-----BEGIN");
	const char *list = in_file(server.pem);
	async_tls *tls;

	second[200] = '*';
	REFUSED(true, -EBADMSG, "certificate: no further certificate that is whole in PEM form",
		.identity = { .certificate = text, .key = chained.key_pem });
	second[200] = '\0';
	REFUSED(true, -EBADMSG, "certificate: no further certificate that is whole in PEM form",
		.identity = { .certificate = text, .key = chained.key_pem });
	/* Other text behind it does no harm. */
	strcpy(second, "the end\n");
	tls = async_tls_server(&(async_tls_options){
		.identity = { .certificate = text, .key = chained.key_pem } });
	CHECK(tls);
	async_tls_free(tls);
	REFUSED(false, -EBADMSG, "crl_file: no list of revoked certificates in PEM form",
		.ca = authority.pem, .crl_file = list);
	unlink(list);
	free(text);
}

/* ---- Keys: in one file with the certificate, or locked ---- */

static char *locked_key(const char *password)
{
	BIO *bio = BIO_new(BIO_s_mem());

	made_or_die(PEM_write_bio_PKCS8PrivateKey(bio, server.key, EVP_aes_128_cbc(), password,
						  (int)strlen(password), NULL, NULL));
	return take_text(bio);
}

TEST_TASK_WITH(keys_in_every_shape, "S17", .may_leak = 1)
{
	char *both = malloc(strlen(server.pem) + strlen(server.key_pem) + 1);
	char *locked = locked_key("sesame");
	const char *file;
	struct start starts[2];

	strcat(strcpy(both, server.pem), server.key_pem);
	file = in_file(both);
	async_tls_options options[] = {
		{ .identity = { .certificate_file = file } },
		{ .identity = { .certificate = both } },
		{ .identity = { .certificate = server.pem,
				.key = locked,
				.key_password = "sesame" } },
	};

	for (int i = 0; i < 3; i++) {
		async_tls *tls = async_tls_server(&options[i]);

		if (!tls)
			harness_fail(__FILE__, __LINE__, "%d: %s", i, async_error());
		try_tls(client_with(&authority), tls, "localhost", starts);
		CHECK_STR(starts[0].text, "");
		close_both(starts);
	}
	REFUSED(true, -EBADMSG, "no private key that key_password opens",
		.identity = { .certificate = server.pem, .key = locked, .key_password = "wrong" });
	REFUSED(true, -EBADMSG, "no private key that key_password opens",
		.identity = { .certificate = server.pem, .key = locked });
	unlink(file);
	free(locked);
	free(both);
}

/* ---- Several names ---- */

static async_tls *server_with_two(void)
{
	async_tls_certificate more = { .certificate = other.pem, .key = other.key_pem };
	async_tls_options options = { GOOD, .more = &more, .more_count = 1 };
	async_tls *tls = async_tls_server(&options);

	CHECK(tls);
	return tls;
}

TEST_TASK(a_certificate_for_each_name, "S17")
{
	static const char *const hosts[] = { "localhost", "other.test", "a.wild.test",
					     "example.test", "127.0.0.1" };
	static const char *const subjects[] = { "CN=server, O=Tests", "CN=other, O=Tests",
						"CN=other, O=Tests", "CN=server, O=Tests",
						"CN=server, O=Tests" };
	struct start starts[2];

	for (int i = 0; i < 5; i++) {
		try_tls(client_with(&authority), server_with_two(), hosts[i], starts);
		CHECK_STR(starts[0].text, "");
		CHECK_STR(async_stream_fact(starts[0].stream, "tls_peer_subject"), subjects[i]);
		close_both(starts);
	}
	try_tls(client_with(&authority), server_with_two(), "third.test", starts);
	CHECK_INT(starts[0].result, -EKEYREJECTED);
	CHECK_TEXT_HAS(starts[0].text, "not for third.test but for DNS:localhost");
	close_both(starts);
}

/* ---- ALPN ---- */

static void alpn(const char *offered, const char *spoken, const char *chosen)
{
	async_tls_options client_options = { .ca = authority.pem, .alpn = offered };
	async_tls_options server_options = { GOOD, .alpn = spoken };
	struct start starts[2];

	try_tls(async_tls_client(&client_options), async_tls_server(&server_options), "localhost",
		starts);
	if (chosen && *chosen == '!') {
		CHECK_INT(starts[0].result, -EPROTO);
		CHECK_TEXT_HAS(starts[0].text,
			       "no application protocol\" (120): it speaks none of");
		CHECK_INT(starts[1].result, -EPROTO);
		CHECK_TEXT_HAS(starts[1].text, "none of the protocols that are spoken here (TLS"
					       " option `alpn`)");
	} else {
		CHECK_STR(starts[0].text, "");
		for (int i = 0; i < 2; i++) {
			const char *got = async_stream_fact(starts[i].stream, "tls_alpn");

			CHECK_STR(got ? got : "none", chosen ? chosen : "none");
		}
	}
	close_both(starts);
}

TEST_TASK(protocols, "S17")
{
	alpn("h2,http/1.1", "http/1.1", "http/1.1");
	alpn("http/1.1,h2", "h2,http/1.1", "h2"); /* the server's choice */
	alpn("h2", NULL, NULL);
	alpn(NULL, "h2", NULL);
	alpn("h2", "http/1.1", "!");
}

/* ---- Certificates of clients ---- */

static void mutual(const struct made *shown, int wanted, int client_result, int server_result,
		   const char *server_text)
{
	async_tls_options client_options = { .ca = authority.pem };
	async_tls_options server_options = { GOOD, .ca = authority.pem,
					     .client_certificates = wanted };
	struct start starts[2];
	char data;
	ssize_t n;

	if (shown)
		client_options.identity =
			(async_tls_certificate){ .certificate = shown->pem, .key = shown->key_pem };
	try_tls(async_tls_client(&client_options), async_tls_server(&server_options), "localhost",
		starts);
	CHECK_INT(starts[1].result, server_result);
	CHECK_TEXT_HAS(starts[1].text, server_text);
	/* A client with TLS 1.3 is done before the server looks. */
	CHECK_INT(starts[0].result, 0);
	if (server_result) {
		n = await_stream_read(starts[0].stream, &data, 1);
		CHECK_INT(n, client_result);
	} else {
		const char *subject = async_stream_fact(starts[1].stream, "tls_peer_subject");

		CHECK_STR(subject ? subject : "", shown ? "CN=client, O=Tests" : "");
	}
	close_both(starts);
}

TEST_TASK(clients_show_who_they_are, "S17")
{
	mutual(&client, ASYNC_TLS_REQUIRED, 0, 0, "");
	mutual(&client, ASYNC_TLS_OPTIONAL, 0, 0, "");
	mutual(NULL, ASYNC_TLS_OPTIONAL, 0, 0, "");
	mutual(NULL, ASYNC_TLS_REQUIRED, -EPROTO, -EKEYREJECTED,
	       "the client has shown no certificate (TLS option `client_certificates`)");
	mutual(&foreign, ASYNC_TLS_REQUIRED, -EPROTO, -EKEYREJECTED,
	       "unknown issuer: CN=Strange authority, O=Tests");
	mutual(&foreign, ASYNC_TLS_OPTIONAL, -EPROTO, -EKEYREJECTED, "unknown issuer");
	mutual(&expired, ASYNC_TLS_REQUIRED, -EPROTO, -EKEYEXPIRED, "has expired on");
}

TEST_TASK(a_server_asks_for_a_certificate, "S17")
{
	async_tls_options server_options = { GOOD, .ca = authority.pem,
					     .client_certificates = ASYNC_TLS_REQUIRED };
	struct start starts[2];
	char data;

	try_tls(client_with(&authority), async_tls_server(&server_options), "localhost", starts);
	CHECK_INT(await_stream_read(starts[0].stream, &data, 1), -EPROTO);
	CHECK_TEXT_HAS(async_error(), "it wants a certificate (TLS option `identity`)");
	close_both(starts);
}

/* ---- Reload ---- */

static void overwrite(const char *file, const char *text)
{
	FILE *out = fopen(file, "w");

	CHECK(out && fputs(text, out) >= 0 && !fclose(out));
}

static void subject_is(async_tls *server_tls, const char *host, const char *subject)
{
	struct start starts[2];

	tls_keep(server_tls);
	try_tls(client_with(&authority), server_tls, host, starts);
	CHECK_STR(starts[0].text, "");
	CHECK_STR(async_stream_fact(starts[0].stream, "tls_peer_subject"), subject);
	close_both(starts);
}

TEST_TASK_WITH(renewed_certificates, "S17", .may_leak = 1)
{
	const char *certificate = in_file(server.pem), *key = in_file(server.key_pem);
	async_tls_options options = {
		.identity = { .certificate_file = certificate, .key_file = key },
	};
	async_tls *tls = async_tls_server(&options);

	CHECK(tls);
	subject_is(tls, "localhost", "CN=server, O=Tests");
	overwrite(certificate, other.pem);
	subject_is(tls, "localhost", "CN=server, O=Tests");
	/* The key is not renewed yet: all stays as it was. */
	CHECK_INT(async_tls_reload(tls), -EBADMSG);
	subject_is(tls, "localhost", "CN=server, O=Tests");
	overwrite(key, other.key_pem);
	CHECK_INT(async_tls_reload(tls), 0);
	subject_is(tls, "other.test", "CN=other, O=Tests");
	CHECK_INT(async_tls_reload(NULL), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "there is no context");
	async_tls_free(tls);
	async_tls_free(NULL);
	unlink(certificate);
	unlink(key);
}
