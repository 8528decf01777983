/* SPDX-License-Identifier: MIT */
/*
 * The HTTPS server under load: `/` answers text, `/large` 8 MiB, over TLS 1.3. bench/run compares
 *it with nginx.
 *
 *	https_hello PORT [PEM_FILE]
 *
 * The file holds a certificate and its key; without one the program makes its own, for 127.0.0.1.
 * Sessions are not resumed, so that each connection costs a whole handshake.
 */
#include <await.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE_BYTES = 8 << 20, DAY_SECONDS = 86400 };

static char *large;

static int hello(async_request *request, void *arg)
{
	(void)arg;
	return await_respond_text(request, "Hello, World!");
}

static int much(async_request *request, void *arg)
{
	(void)arg;
	return await_respond_data(request, "application/octet-stream", large, LARGE_BYTES);
}

/* ---- A certificate ---- */

static X509 *certificate_for(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);
	X509_EXTENSION *names =
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_SECONDS);
	X509_gmtime_adj(X509_getm_notAfter(certificate), DAY_SECONDS);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"bench", -1, -1,
				   0);
	X509_set_issuer_name(certificate, name);
	X509_add_ext(certificate, names, -1);
	X509_EXTENSION_free(names);
	X509_sign(certificate, key, EVP_sha256());
	return certificate;
}

/* Certificate and key as PEM, the caller's to free. */
static char *identity(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = certificate_for(key);
	BIO *pem = BIO_new(BIO_s_mem());
	char *data, *text;
	long size;

	PEM_write_bio_X509(pem, certificate);
	PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL);
	size = BIO_get_mem_data(pem, &data);
	text = strndup(data, (size_t)size);
	BIO_free(pem);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return text;
}

int main(int argc, char **argv)
{
	async_tls_options options = { .min_version = ASYNC_TLS_1_3, .no_resumption = true };
	async_app *app = async_app_new(NULL);
	char address[32], *own = NULL;
	async_tls *tls;
	int result;

	if (argc > 2)
		options.identity.certificate_file = argv[2];
	else
		options.identity.certificate = own = identity();
	tls = async_tls_server(&options);
	if (!tls) {
		fprintf(stderr, "https_hello: %s\n", async_error());
		return 1;
	}
	large = calloc(1, LARGE_BYTES);
	snprintf(address, sizeof address, "127.0.0.1:%s", argc > 1 ? argv[1] : "8443");
	async_route(app, "GET", "/", hello, NULL);
	async_route(app, "GET", "/large", much, NULL);
	result = await_http_serve_with(
		&(async_http_options){ .quiet = true, .server.loops = 1, ASYNC_HTTPS(tls) }, app,
		address);
	async_tls_free(tls);
	free(large);
	free(own);
	return result < 0;
}
