/* SPDX-License-Identifier: MIT */
/*
 * Certificates for tests, made as the program starts and before any case runs, so that no case is
 * charged for them. The same for what OpenSSL allocates once in a process: a first handshake is
 * made in memory. Keys are Ed25519, whose signatures all have the same size: a simulation then
 * moves the same number of bytes each time.
 */
#ifndef TESTS_TLS_CERTIFICATES_H
#define TESTS_TLS_CERTIFICATES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "harness.h"
#include "tls/tls.h"

struct made {
	X509 *certificate;
	EVP_PKEY *key;
	char *pem, *key_pem; /* pem: with its issuer's behind it where that is no root */
};

/* authority signs server, other, expired, future, revoked, client and intermediate; intermediate
 * signs chained; stranger signs foreign. alone has signed itself. former, an intermediate that has
 * expired, signs late; server, which is no authority, misissued. */
/* Used by all: else the leak checker misses what nothing points to. */
__attribute__((used)) static struct made authority, stranger, intermediate, server, other, expired,
	future, revoked, client, foreign, alone, chained, chained_bare, former, late, misissued;
__attribute__((used)) static char *revocations;

static inline void made_or_die(int works)
{
	if (works)
		return;
	ERR_print_errors_fp(stderr);
	abort();
}

static inline char *take_text(BIO *bio)
{
	char *data, *text;
	long size = BIO_get_mem_data(bio, &data);

	text = strndup(data, (size_t)size);
	BIO_free(bio);
	return text;
}

static inline void add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	made_or_die(extension && X509_add_ext(certificate, extension, -1));
	X509_EXTENSION_free(extension);
}

static inline void set_subject(X509 *certificate, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);

	X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)"Tests", -1,
				   -1, 0);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
				   0);
}

/* names: "DNS:a,IP:b", or NULL for an authority; valid from `from` to `to` days from now. */
static inline void make_certificate(struct made *made, const struct made *issuer, const char *name,
				    const char *names, int from, int to)
{
	static long serial = 1;
	X509 *certificate = X509_new();
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *pem = BIO_new(BIO_s_mem()), *key_pem = BIO_new(BIO_s_mem());

	made_or_die(certificate && key);
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 86400L * from);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * to);
	set_subject(certificate, name);
	X509_set_issuer_name(certificate,
			     X509_get_subject_name(issuer->certificate ? issuer->certificate :
									 certificate));
	X509_set_pubkey(certificate, key);
	add_extension(certificate, NID_basic_constraints, names ? "CA:FALSE" : "CA:TRUE");
	if (names)
		add_extension(certificate, NID_subject_alt_name, names);
	made_or_die(X509_sign(certificate, issuer->key ? issuer->key : key, NULL));
	PEM_write_bio_X509(pem, certificate);
	if (issuer == &intermediate || issuer == &former || issuer == &server)
		PEM_write_bio_X509(pem, issuer->certificate);
	PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL);
	*made = (struct made){ certificate, key, take_text(pem), take_text(key_pem) };
}

/* The list of an issuer, with one that it has revoked, or none; good for so many days. */
static inline char *revocations_of(const struct made *issuer, const struct made *gone, int days)
{
	X509_CRL *list = X509_CRL_new();
	ASN1_TIME *time = ASN1_TIME_new();
	BIO *pem = BIO_new(BIO_s_mem());

	X509_CRL_set_version(list, 1);
	X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer->certificate));
	X509_gmtime_adj(time, -2 * 86400L);
	X509_CRL_set1_lastUpdate(list, time);
	if (gone) {
		X509_REVOKED *entry = X509_REVOKED_new();

		X509_REVOKED_set_revocationDate(entry, time);
		X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(gone->certificate));
		X509_CRL_add0_revoked(list, entry);
	}
	X509_gmtime_adj(time, 86400L * days);
	X509_CRL_set1_nextUpdate(list, time);
	made_or_die(X509_CRL_sign(list, issuer->key, NULL));
	PEM_write_bio_X509_CRL(pem, list);
	ASN1_TIME_free(time);
	X509_CRL_free(list);
	return take_text(pem);
}

/* A handshake in memory, some bytes, and bytes that are none. Returns the session. */
static inline SSL_SESSION *connect_once(SSL_CTX *contexts[2], SSL_SESSION *session)
{
	SSL *sides[2] = { SSL_new(contexts[0]), SSL_new(contexts[1]) };
	BIO *ends[2];
	char data[10];

	made_or_die(BIO_new_bio_pair(&ends[0], 0, &ends[1], 0));
	for (int i = 0; i < 2; i++)
		SSL_set_bio(sides[i], ends[i], ends[i]);
	SSL_set_connect_state(sides[0]);
	SSL_set_accept_state(sides[1]);
	if (session)
		SSL_set_session(sides[0], session);
	SSL_SESSION_free(session);
	for (int i = 0; i < 10; i++)
		SSL_do_handshake(sides[i % 2]);
	made_or_die(SSL_is_init_finished(sides[0]) && SSL_is_init_finished(sides[1]));
	made_or_die(SSL_session_reused(sides[0]) == (session != NULL));
	for (int i = 0; i < 2; i++) {
		SSL_write(sides[i], "hello", 5);
		made_or_die(SSL_read(sides[1 - i], data, sizeof data) == 5);
	}
	session = SSL_get1_session(sides[0]);
	BIO_write(ends[0], "nonsense nonsense", 17);
	SSL_read(sides[1], data, sizeof data);
	ERR_clear_error();
	for (int i = 0; i < 2; i++) {
		SSL_shutdown(sides[i]);
		SSL_free(sides[i]);
	}
	return session;
}

/* What a process allocates with its first handshake, its first resumed one, its first error. */
static inline void warm_up(int version)
{
	SSL_CTX *contexts[2] = { SSL_CTX_new(TLS_client_method()),
				 SSL_CTX_new(TLS_server_method()) };
	SSL_SESSION *session = NULL;

	for (int i = 0; i < 2; i++) {
		SSL_CTX_set_max_proto_version(contexts[i], version);
		SSL_CTX_use_certificate(contexts[i], server.certificate);
		SSL_CTX_use_PrivateKey(contexts[i], server.key);
		X509_STORE_add_cert(SSL_CTX_get_cert_store(contexts[i]), authority.certificate);
	}
	SSL_CTX_set_verify(contexts[0], SSL_VERIFY_PEER, NULL);
	for (int i = 0; i < 3; i++)
		session = connect_once(contexts, session);
	SSL_SESSION_free(session);
	SSL_CTX_free(contexts[0]);
	SSL_CTX_free(contexts[1]);
}

/* OpenSSL's queue of errors resizes its texts with each error, and a heap may hand out 16 bytes
 * more than asked for. So a case may end with a little more than it began with: with what it lets
 * go of here. Real leaks are larger, and the leak checker of the sanitizer sees all of them. */
__attribute__((used)) static void *slack;

static inline void let_go_of_slack(void)
{
	free(slack);
	slack = NULL;
}

static inline async_tls *server_with(const struct made *made)
{
	async_tls_options options = { .identity = { .certificate = made->pem,
						    .key = made->key_pem } };
	async_tls *tls = async_tls_server(&options);

	let_go_of_slack();
	if (!tls)
		harness_fail(__FILE__, __LINE__, "%s", async_error());
	return tls;
}

__attribute__((constructor)) static void make_certificates(void)
{
	static const struct made nobody;
	const char *here = "DNS:localhost,DNS:example.test,IP:127.0.0.1,IP:::1";

	make_certificate(&authority, &nobody, "Test authority", NULL, -10, 10);
	make_certificate(&stranger, &nobody, "Strange authority", NULL, -10, 10);
	make_certificate(&intermediate, &authority, "Intermediate", NULL, -10, 10);
	make_certificate(&server, &authority, "server", here, -1, 2);
	make_certificate(&other, &authority, "other", "DNS:other.test,DNS:*.wild.test", -1, 2);
	make_certificate(&expired, &authority, "expired", here, -9, -1);
	make_certificate(&future, &authority, "future", here, 1, 2);
	make_certificate(&revoked, &authority, "revoked", here, -1, 2);
	make_certificate(&client, &authority, "client", "email:client@example.test", -1, 2);
	make_certificate(&foreign, &stranger, "foreign", here, -1, 2);
	make_certificate(&alone, &nobody, "alone", here, -1, 2);
	make_certificate(&chained, &intermediate, "chained", here, -1, 2);
	make_certificate(&former, &authority, "Former", NULL, -10, -1);
	make_certificate(&late, &former, "late", here, -2, 2);
	make_certificate(&misissued, &server, "misissued", here, -1, 2);
	chained_bare = chained;
	chained_bare.pem =
		strndup(chained.pem, (size_t)(strstr(chained.pem + 1, "-----BEGIN") - chained.pem));
	revocations = revocations_of(&authority, &revoked, 1);
	warm_up(TLS1_2_VERSION);
	warm_up(TLS1_3_VERSION);
	/* Each place of the queue of errors keeps the memory of its text. */
	for (int i = 0; i < 2 * ERR_NUM_ERRORS; i++)
		ERR_raise_data(ERR_LIB_SSL, SSL_R_BAD_LENGTH, "%0200d", i);
	ERR_clear_error();
	/* And what the library allocates once. */
	async_tls_free(server_with(&server));
	BIO_free(bio_new(NULL));
	slack = malloc(256);
}

/* A file for what only takes files. The name is good until the next call but three. */
static inline const char *in_file(const char *text)
{
	static char names[4][64];
	static int next;
	char *name = names[next++ % 4];
	FILE *file;

	snprintf(name, sizeof names[0], "/tmp/await-tls-%d-%d.pem", (int)getpid(), next);
	file = fopen(name, "w");
	if (file) {
		fputs(text, file);
		fclose(file);
	}
	return name;
}

#endif
