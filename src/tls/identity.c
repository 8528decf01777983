/* SPDX-License-Identifier: MIT */
/* The certificates that a side shows, with their keys; which of several fits a name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "tls/tls.h"

static void identities_free(struct identities *identities)
{
	for (size_t i = 0; identities && i < identities->count; i++) {
		X509_free(identities->all[i].certificate);
		sk_X509_pop_free(identities->all[i].chain, X509_free);
		EVP_PKEY_free(identities->all[i].key);
	}
	if (identities)
		free(identities->all);
	free(identities);
}

/* They go with the SSL_CTX. */
static void context_freed(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long number,
			  void *arg)
{
	(void)parent, (void)data, (void)index, (void)number, (void)arg;
	identities_free(pointer);
}

/* One for the process, taken by whoever needs it first, or next where there was no memory. */
static int identities_index = -1;

static bool has_index(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	bool has;

	pthread_mutex_lock(&lock);
	if (identities_index < 0)
		identities_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, context_freed);
	has = identities_index >= 0;
	pthread_mutex_unlock(&lock);
	return has;
}

/* Not asked on the terminal, as OpenSSL would. */
static int give_password(char *buffer, int size, int writing, void *password)
{
	size_t length = password ? strlen(password) : 0;

	(void)writing;
	if (!length || length > (size_t)size)
		return 0;
	memcpy(buffer, password, length);
	return (int)length;
}

/* `what`: the option's name for messages. */
static BIO *open_pem(const char *file, const char *text, const char *what)
{
	FILE *stream;
	BIO *bio;

	if (text && !file) {
		bio = BIO_new_mem_buf(text, -1);
		if (!bio)
			async_fail(-ENOMEM, "no memory for TLS option %s", what);
		return bio;
	}
	stream = fopen(file, "re");
	if (!stream) {
		async_fail(-errno, "TLS option %s_file: cannot read %s", what, file);
		return NULL;
	}
	bio = BIO_new_fp(stream, BIO_CLOSE);
	if (!bio) {
		fclose(stream);
		async_fail(-ENOMEM, "no memory for TLS option %s_file", what);
	}
	return bio;
}

static int bad_pem(const char *file, const char *what, const char *wanted)
{
	char reason[REASON_BYTES];

	return async_fail(-EBADMSG, "TLS option %s%s: no %s in PEM form in %s: %s", what,
			  file ? "_file" : "", wanted, file ? file : "the text",
			  openssl_reason(reason, sizeof reason));
}

static int load_certificates(const async_tls_certificate *from, struct identity *identity)
{
	BIO *bio = open_pem(from->certificate_file, from->certificate, "certificate");
	bool pushed;
	X509 *next;

	if (!bio)
		return async_error_code();
	identity->certificate = PEM_read_bio_X509_AUX(bio, NULL, give_password, NULL);
	identity->chain = identity->certificate ? sk_X509_new_null() : NULL;
	pushed = identity->chain;
	while (pushed && (next = PEM_read_bio_X509(bio, NULL, give_password, NULL))) {
		pushed = sk_X509_push(identity->chain, next);
		if (!pushed)
			X509_free(next);
	}
	BIO_free(bio);
	if (!identity->certificate)
		return bad_pem(from->certificate_file, "certificate", "certificate");
	if (!pushed)
		return async_fail(-ENOMEM, "no memory for certificates");
	/* That there is no further one is how it ends. */
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return bad_pem(from->certificate_file, "certificate",
			       "further certificate that is whole");
	ERR_clear_error();
	return 0;
}

static int load_key(const async_tls_certificate *from, struct identity *identity)
{
	bool own = from->key_file || from->key;
	const char *file = own ? from->key_file : from->certificate_file;
	BIO *bio = open_pem(file, own ? from->key : from->certificate, "key");

	if (!bio)
		return async_error_code();
	identity->key =
		PEM_read_bio_PrivateKey(bio, NULL, give_password, (void *)from->key_password);
	BIO_free(bio);
	if (!identity->key)
		return bad_pem(file, "key", "private key that key_password opens");
	if (!X509_check_private_key(identity->certificate, identity->key)) {
		ERR_clear_error();
		return async_fail(-EBADMSG,
				  "the key in %s does not belong to the certificate in %s",
				  file ? file : "the text",
				  from->certificate_file ? from->certificate_file : "the text");
	}
	return 0;
}

/* From several certificates those for the name asked for, else the first. The first one named
 * stands for its type of key; OpenSSL then chooses the type that the client knows. */
static int choose(SSL *ssl, void *arg)
{
	const struct identities *identities =
		SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), identities_index);
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	bool found = false;

	(void)arg;
	for (size_t i = identities->count; name && i-- > 0;) {
		const struct identity *identity = &identities->all[i];

		if (X509_check_host(identity->certificate, name, 0, 0, NULL) != 1)
			continue;
		if (!found)
			SSL_certs_clear(ssl);
		found = true;
		if (SSL_use_cert_and_key(ssl, identity->certificate, identity->key, identity->chain,
					 1) != 1)
			return 0;
	}
	return 1;
}

static int use(SSL_CTX *context, const struct identities *identities)
{
	const struct identity *first = &identities->all[0];

	if (SSL_CTX_use_cert_and_key(context, first->certificate, first->key, first->chain, 1) !=
	    1) {
		char reason[REASON_BYTES];

		return async_fail(-EINVAL, "TLS option identity: %s",
				  openssl_reason(reason, sizeof reason));
	}
	if (identities->count > 1)
		SSL_CTX_set_cert_cb(context, choose, NULL);
	return 0;
}

int identities_load(struct async_tls *tls, SSL_CTX *context)
{
	struct identities *identities;
	int error = 0;

	if (!tls->certificate_count)
		return 0;
	identities = calloc(1, sizeof *identities);
	if (identities)
		identities->all = calloc(tls->certificate_count, sizeof *identities->all);
	if (!identities || !identities->all || !has_index() ||
	    !SSL_CTX_set_ex_data(context, identities_index, identities)) {
		identities_free(identities);
		return async_fail(-ENOMEM, "no memory for certificates");
	}
	for (size_t i = 0; i < tls->certificate_count && !error; i++) {
		identities->count++;
		error = load_certificates(&tls->certificates[i], &identities->all[i]);
		if (!error)
			error = load_key(&tls->certificates[i], &identities->all[i]);
	}
	return error ? error : use(context, identities);
}
