/* SPDX-License-Identifier: MIT */
/* Contexts: made of options, shared, reloaded. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include "tls/tls.h"

void tls_keep(struct async_tls *tls)
{
	__atomic_fetch_add(&tls->references, 1, __ATOMIC_RELAXED);
}

void async_tls_free(async_tls *tls)
{
	if (!tls || __atomic_sub_fetch(&tls->references, 1, __ATOMIC_ACQ_REL))
		return;
	sessions_free(tls);
	SSL_CTX_free(tls->context);
	options_free(tls);
	pthread_mutex_destroy(&tls->lock);
	free(tls);
}

/* RFC 7301 3.2: a server that speaks none of the client's protocols ends the handshake. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length,
			   const unsigned char *offered, unsigned size, void *arg)
{
	const struct async_tls *tls = arg;
	unsigned char *found;

	(void)ssl;
	if (SSL_select_next_proto(&found, length, tls->alpn, (unsigned)tls->alpn_size, offered,
				  size) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*chosen = found;
	return SSL_TLSEXT_ERR_OK;
}

static int refuse(const char *option, const char *value)
{
	char reason[REASON_BYTES];

	return async_fail(-EINVAL, "TLS option %s \"%.200s\": %s", option, value,
			  openssl_reason(reason, sizeof reason));
}

static int set_protocols(struct async_tls *tls, SSL_CTX *context)
{
	const async_tls_options *options = &tls->options;

	SSL_CTX_set_min_proto_version(context, options->min_version);
	SSL_CTX_set_max_proto_version(context, options->max_version);
	if (options->ciphers && !SSL_CTX_set_cipher_list(context, options->ciphers))
		return refuse("ciphers", options->ciphers);
	if (options->suites && !SSL_CTX_set_ciphersuites(context, options->suites))
		return refuse("suites", options->suites);
	if (tls->alpn && tls->is_server)
		SSL_CTX_set_alpn_select_cb(context, choose_protocol, tls);
	else if (tls->alpn && SSL_CTX_set_alpn_protos(context, tls->alpn, (unsigned)tls->alpn_size))
		return async_fail(-ENOMEM, "no memory for TLS option alpn");
	return 0;
}

static void set_verification(const struct async_tls *tls, SSL_CTX *context)
{
	const async_tls_options *options = &tls->options;
	int mode = SSL_VERIFY_PEER;

	if (tls->is_server ? !options->client_certificates : options->insecure)
		return;
	if (options->client_certificates == ASYNC_TLS_REQUIRED)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(context, mode, on_verify);
}

static int configure(struct async_tls *tls, SSL_CTX *context)
{
	int error;

	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					     SSL_OP_PRIORITIZE_CHACHA |
					     SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	set_verification(tls, context);
	sessions_begin(tls, context);
	error = set_protocols(tls, context);
	if (!error)
		error = identities_load(tls, context);
	return error ? error : trust_load(tls, context);
}

static int build(struct async_tls *tls, SSL_CTX **built)
{
	SSL_CTX *context;
	int error;

	ERR_clear_error();
	context = SSL_CTX_new(tls->is_server ? TLS_server_method() : TLS_client_method());
	if (!context) {
		char reason[REASON_BYTES];

		return async_fail(-ENOMEM, "cannot make a TLS context: %s",
				  openssl_reason(reason, sizeof reason));
	}
	error = configure(tls, context);
	ERR_clear_error();
	if (error)
		SSL_CTX_free(context);
	else
		*built = context;
	return error;
}

static async_tls *tls_new(const async_tls_options *options, bool is_server)
{
	struct async_tls *tls = calloc(1, sizeof *tls);

	if (!tls) {
		async_fail(-ENOMEM, "no memory for a TLS context");
		return NULL;
	}
	tls->references = 1;
	tls->is_server = is_server;
	pthread_mutex_init(&tls->lock, NULL);
	if (options_copy(tls, options) || build(tls, &tls->context)) {
		async_tls_free(tls);
		return NULL;
	}
	return tls;
}

async_tls *async_tls_client(const async_tls_options *options)
{
	return tls_new(options, false);
}

async_tls *async_tls_server(const async_tls_options *options)
{
	return tls_new(options, true);
}

struct async_tls *tls_default(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct async_tls *shared;

	pthread_mutex_lock(&lock);
	if (!shared)
		shared = async_tls_client(NULL);
	pthread_mutex_unlock(&lock);
	return shared;
}

/* Clients that hold a ticket of the old context come back to the new one. Not where they had to
 * show a certificate: whom to trust may have changed. */
static void keep_ticket_keys(SSL_CTX *from, SSL_CTX *to)
{
	unsigned char keys[128];
	long size = SSL_CTX_get_tlsext_ticket_keys(from, NULL, 0);

	if (size > 0 && size <= (long)sizeof keys &&
	    SSL_CTX_get_tlsext_ticket_keys(from, keys, size) > 0)
		SSL_CTX_set_tlsext_ticket_keys(to, keys, size);
	OPENSSL_cleanse(keys, sizeof keys);
	ERR_clear_error();
}

/* The context as it is now, the caller's to free. */
static SSL_CTX *take_context(struct async_tls *tls)
{
	SSL_CTX *context;

	pthread_mutex_lock(&tls->lock);
	context = tls->context;
	SSL_CTX_up_ref(context);
	pthread_mutex_unlock(&tls->lock);
	return context;
}

int async_tls_reload(async_tls *tls)
{
	SSL_CTX *fresh, *old;
	int error;

	if (!tls)
		return async_fail(-EINVAL, "async_tls_reload: there is no context");
	error = build(tls, &fresh);
	if (error)
		return error;
	if (trust_is_system(tls) && trust_renew_system(fresh)) {
		SSL_CTX_free(fresh);
		return async_fail(-ENOMEM, "no memory for trusted certificates");
	}
	if (tls->is_server && !tls->options.client_certificates) {
		old = take_context(tls); /* another thread may reload it, too */
		keep_ticket_keys(old, fresh);
		SSL_CTX_free(old);
	}
	pthread_mutex_lock(&tls->lock);
	tls->trust_ready = trust_is_system(tls);
	old = tls->context;
	tls->context = fresh;
	pthread_mutex_unlock(&tls->lock);
	SSL_CTX_free(old);
	/* Sessions of an earlier trust are none of this one. */
	sessions_free(tls);
	return 0;
}

SSL *tls_connection(struct async_tls *tls)
{
	SSL_CTX *context = take_context(tls);
	SSL *ssl = SSL_new(context);

	SSL_CTX_free(context);
	return ssl;
}
