/* SPDX-License-Identifier: MIT */
/*
 * Whom to trust: certificates that the program names, or the system's. Those are read once for the
 * process and shared, when a client needs them for the first time: where they are one large file
 * that takes tens of milliseconds, so a thread does it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "tls/tls.h"

/* Whatever PEM holds: certificates, and lists of revoked ones. How many of those that are `wanted`
 * there were. */
enum what { CERTIFICATES, REVOCATIONS };
static int add_all(BIO *bio, X509_STORE *store, enum what wanted, STACK_OF(X509_NAME) * names)
{
	STACK_OF(X509_INFO) *all = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
	int count = 0;

	for (int i = 0; all && i < sk_X509_INFO_num(all); i++) {
		const X509_INFO *info = sk_X509_INFO_value(all, i);
		X509_NAME *name;

		/* Have its extensions read now. OpenSSL reads them once, and a lack of memory then
		 * makes the certificate bad for as long as it lives. */
		if (info->x509)
			X509_check_purpose(info->x509, -1, 0);
		if (info->x509 && X509_STORE_add_cert(store, info->x509) == 1)
			count += wanted == CERTIFICATES;
		if (info->crl && X509_STORE_add_crl(store, info->crl) == 1)
			count += wanted == REVOCATIONS;
		name = info->x509 && names ? X509_NAME_dup(X509_get_subject_name(info->x509)) :
					     NULL;
		if (name && !sk_X509_NAME_push(names, name))
			X509_NAME_free(name);
	}
	sk_X509_INFO_pop_free(all, X509_INFO_free);
	return count;
}

static int add_pem(X509_STORE *store, const char *file, const char *text, enum what wanted,
		   const char *option, STACK_OF(X509_NAME) * names)
{
	static const char *const kinds[] = { "certificate", "list of revoked certificates" };
	FILE *stream = file ? fopen(file, "re") : NULL;
	char reason[REASON_BYTES];
	int count = 0;
	BIO *bio;

	if (file && !stream)
		return async_fail(-errno, "TLS option %s: cannot read %s", option, file);
	bio = file ? BIO_new_fp(stream, BIO_CLOSE) : BIO_new_mem_buf(text, -1);
	if (bio)
		count = add_all(bio, store, wanted, names);
	else if (stream)
		fclose(stream);
	BIO_free(bio);
	if (!count)
		return async_fail(
			-EBADMSG, "TLS option %s: no %s in PEM form in %s%s%s", option,
			kinds[wanted], file ? file : "the text", ERR_peek_last_error() ? ": " : "",
			ERR_peek_last_error() ? openssl_reason(reason, sizeof reason) : "");
	ERR_clear_error();
	return 0;
}

/* Clients are told whose certificates are welcome. */
static int add_authorities(const async_tls_options *options, SSL_CTX *context, X509_STORE *store,
			   bool is_server)
{
	STACK_OF(X509_NAME) *names = is_server ? sk_X509_NAME_new_null() : NULL;
	int error = 0;

	if (options->ca_file)
		error = add_pem(store, options->ca_file, NULL, CERTIFICATES, "ca_file", names);
	if (!error && options->ca)
		error = add_pem(store, NULL, options->ca, CERTIFICATES, "ca", names);
	if (names)
		SSL_CTX_set_client_CA_list(context, names);
	return error;
}

int trust_load(const struct async_tls *tls, SSL_CTX *context)
{
	const async_tls_options *options = &tls->options;
	X509_STORE *store;
	int error;

	if (!options->ca_file && !options->ca) {
		if (options->crl_file)
			return async_fail(-EINVAL, "TLS option crl_file needs ca_file or ca");
		return 0;
	}
	store = X509_STORE_new();
	if (!store)
		return async_fail(-ENOMEM, "no memory for trusted certificates");
	error = add_authorities(options, context, store, tls->is_server);
	if (!error && options->crl_file) {
		error = add_pem(store, options->crl_file, NULL, REVOCATIONS, "crl_file", NULL);
		/* All of the chain: an intermediate that was revoked vouches for nobody. */
		X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	}
	if (!error)
		SSL_CTX_set1_cert_store(context, store);
	X509_STORE_free(store);
	return error;
}

bool trust_is_system(const struct async_tls *tls)
{
	const async_tls_options *options = &tls->options;

	return !tls->is_server && !options->insecure && !options->ca_file && !options->ca;
}

static pthread_mutex_t system_lock = PTHREAD_MUTEX_INITIALIZER;
static X509_STORE *system_store;

/* Where nothing is found every certificate has an unknown issuer, which says it all. */
static X509_STORE *read_system(void)
{
	X509_STORE *store = X509_STORE_new();

	if (store)
		X509_STORE_set_default_paths(store);
	ERR_clear_error();
	return store;
}

long trust_load_system(void *arg)
{
	struct async_tls *tls = arg;
	X509_STORE *store;

	pthread_mutex_lock(&system_lock);
	if (!system_store)
		system_store = read_system();
	store = system_store;
	if (store)
		X509_STORE_up_ref(store);
	pthread_mutex_unlock(&system_lock);
	if (!store)
		return -ENOMEM;
	pthread_mutex_lock(&tls->lock);
	if (!tls->trust_ready)
		SSL_CTX_set1_cert_store(tls->context, store);
	tls->trust_ready = true;
	pthread_mutex_unlock(&tls->lock);
	X509_STORE_free(store);
	return 0;
}

int trust_renew_system(SSL_CTX *context)
{
	X509_STORE *store = read_system();

	if (!store)
		return -ENOMEM;
	SSL_CTX_set1_cert_store(context, store);
	pthread_mutex_lock(&system_lock);
	X509_STORE_free(system_store);
	system_store = store;
	pthread_mutex_unlock(&system_lock);
	return 0;
}
