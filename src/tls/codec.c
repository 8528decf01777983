/* SPDX-License-Identifier: MIT */
/* One connection's TLS: bytes in, bytes out. See tls.h for the rule about OpenSSL's errors. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "tls/tls.h"

static bool is_address(const char *host)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* "[fe80::1%eth0]" is fe80::1, since a zone means something on this machine only (RFC 4007 6), and
 * "example.org." the same as without the dot. */
static char *plain_host(const char *host)
{
	size_t size = strlen(host);
	const char *zone;

	if (size > 2 && host[0] == '[' && host[size - 1] == ']') {
		host++;
		size -= 2;
	}
	zone = memchr(host, '%', size);
	if (zone && memchr(host, ':', (size_t)(zone - host)))
		size = (size_t)(zone - host);
	else if (size > 1 && host[size - 1] == '.')
		size--;
	return strndup(host, size);
}

/* Whom the certificate must name, and whom to ask for. */
static bool set_host(struct codec *codec, const char *host)
{
	X509_VERIFY_PARAM *wanted = SSL_get0_param(codec->ssl);
	bool check = !codec->tls->options.insecure;

	codec->host = plain_host(host);
	if (!codec->host)
		return false;
	X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (is_address(codec->host))
		return !check || X509_VERIFY_PARAM_set1_ip_asc(wanted, codec->host);
	if (check && !X509_VERIFY_PARAM_set1_host(wanted, codec->host, 0))
		return false;
	return SSL_set_tlsext_host_name(codec->ssl, codec->host);
}

static bool prepare(struct codec *codec, const char *host)
{
	BIO *bio = bio_new(codec);

	if (!bio)
		return false;
	SSL_set_bio(codec->ssl, bio, bio);
	if (!SSL_set_app_data(codec->ssl, codec))
		return false;
	if (codec->tls->is_server) {
		SSL_set_accept_state(codec->ssl);
		return true;
	}
	SSL_set_connect_state(codec->ssl);
	if (host && !set_host(codec, host))
		return false;
	session_offer(codec);
	return true;
}

struct codec *codec_new(struct async_tls *tls, const char *host)
{
	struct codec *codec = calloc(1, sizeof *codec);
	bool works;

	if (!codec) {
		async_fail(-ENOMEM, "no memory for a TLS connection");
		return NULL;
	}
	tls_keep(tls);
	codec->tls = tls;
	ERR_clear_error();
	codec->ssl = tls_connection(tls);
	works = codec->ssl && prepare(codec, host);
	if (!works) {
		char reason[REASON_BYTES];

		async_fail(-ENOMEM, "cannot prepare a TLS connection%s%.200s: %s",
			   host ? " to " : "", host ? host : "",
			   openssl_reason(reason, sizeof reason));
		codec_free(codec);
		return NULL;
	}
	ERR_clear_error();
	return codec;
}

void codec_free(void *arg)
{
	struct codec *codec = arg;

	SSL_free(codec->ssl);
	X509_free(codec->verify_certificate);
	free(codec->host);
	free(codec->problem);
	free(codec->staged);
	free(codec->held);
	facts_free(codec->facts);
	async_tls_free(codec->tls);
	free(codec);
	ERR_clear_error();
}

enum step codec_step(struct codec *codec)
{
	int result, wanted;

	if (codec_check_first(codec))
		return STEP_FAILED;
	ERR_clear_error();
	result = SSL_do_handshake(codec->ssl);
	wanted = result == 1 ? SSL_ERROR_NONE : SSL_get_error(codec->ssl, result);
	if (result != 1 && wanted != SSL_ERROR_WANT_READ)
		codec_explain(codec, "");
	ERR_clear_error();
	if (codec->error)
		return STEP_FAILED;
	codec->shaken = result == 1;
	return codec->shaken ? STEP_DONE : STEP_MORE;
}

/* ---- Writing, also in the middle of the peer's messages ---- */

static int hold(struct codec *codec, const char *data, size_t size)
{
	char *held;

	if (codec->held_size + size > HELD_BYTES)
		return codec_fail(codec, -EPROTO,
				  "writing with TLS: the peer has sent half a message of the"
				  " protocol, and %d bytes wait for the rest",
				  HELD_BYTES);
	held = realloc(codec->held, codec->held_size + size);
	if (!held)
		return codec_fail(codec, -ENOMEM, "no memory for %zu bytes of TLS output", size);
	memcpy(held + codec->held_size, data, size);
	codec->held = held;
	codec->held_size += size;
	return 0;
}

/* 0; -EAGAIN: it would read first; or a failure, in codec->error. */
static int write_some(struct codec *codec, const char *data, size_t size)
{
	size_t n;
	int result = SSL_write_ex(codec->ssl, data, size, &n);

	if (likely(result))
		return 0;
	if (SSL_get_error(codec->ssl, result) == SSL_ERROR_WANT_READ && !codec->error)
		return -EAGAIN;
	return codec_explain(codec, "writing with TLS: ");
}

/* What could not be written before: perhaps it can now. */
static void let_go_of_held(struct codec *codec)
{
	ERR_clear_error();
	if (!codec->error && !write_some(codec, codec->held, codec->held_size)) {
		free(codec->held);
		codec->held = NULL;
		codec->held_size = 0;
	}
	ERR_clear_error();
}

/* ---- Reading ---- */

/* One call of SSL_read: 1 and its bytes; 0 and what it means in *status. */
static int read_some(struct codec *codec, char *data, size_t size, size_t *n, ssize_t *status)
{
	int result;

	ERR_clear_error();
	codec->reading = true;
	result = SSL_read_ex(codec->ssl, data, size, n);
	codec->reading = false;
	if (likely(result)) {
		codec->received += *n;
		return 1;
	}
	switch (SSL_get_error(codec->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		*status = -EAGAIN;
		break;
	case SSL_ERROR_ZERO_RETURN:
		codec->ended = true;
		*status = 0;
		break;
	default:
		*status = codec_explain(codec, "reading with TLS: ");
	}
	ERR_clear_error();
	return 0;
}

/* As many records as there are and fit. What ends it shows in the call after the last bytes. */
static ssize_t codec_read(void *arg, void *data, size_t size)
{
	struct codec *codec = arg;
	ssize_t status = -EAGAIN;
	size_t done = 0, n;
	const void *rest;

	if (codec->error)
		return codec_tell(codec);
	if (codec->ended)
		return 0;
	while (done < size && read_some(codec, (char *)data + done, size - done, &n, &status)) {
		done += n;
		if (!SSL_pending(codec->ssl) && !async_layer_peek(codec->layer, &rest))
			break;
	}
	if (unlikely(codec->held_size))
		let_go_of_held(codec);
	if (done)
		return (ssize_t)done;
	if (codec->error)
		return codec_tell(codec);
	return status;
}

static int codec_write(void *arg, const void *data, size_t size)
{
	struct codec *codec = arg;
	int error = codec->held_size ? -EAGAIN : 0;

	if (codec->error)
		return codec_tell(codec);
	ERR_clear_error();
	if (!error)
		error = write_some(codec, data, size);
	if (likely(!error))
		return 0;
	if (error == -EAGAIN)
		error = hold(codec, data, size);
	ERR_clear_error();
	return error ? codec_tell(codec) : 0;
}

static int codec_cut(void *arg)
{
	struct codec *codec = arg;

	if (codec->error)
		return codec_tell(codec);
	if (codec->ended || codec->tls->options.accept_truncation)
		return 0;
	return async_fail(-ECONNABORTED,
			  "the connection ended without TLS's close_notify: what came may be cut"
			  " short (TLS option `accept_truncation`)");
}

static void codec_part(void *arg)
{
	struct codec *codec = arg;

	if (codec->error)
		return;
	if (codec->held_size)
		let_go_of_held(codec);
	ERR_clear_error();
	SSL_shutdown(codec->ssl);
	ERR_clear_error();
}

static double codec_part_seconds(const void *arg)
{
	return ((const struct codec *)arg)->tls->options.shutdown_seconds;
}

/* An end or a failure that was seen behind the last bytes is still to be told. */
static bool codec_is_idle(const void *arg)
{
	const struct codec *codec = arg;

	return !codec->ended && !codec->error && !SSL_pending(codec->ssl);
}

const async_layer_kind tls_kind = {
	.name = "tls",
	.read = codec_read,
	.write = codec_write,
	.cut = codec_cut,
	.part = codec_part,
	.part_seconds = codec_part_seconds,
	.part_option = "TLS option `shutdown_seconds`",
	.is_idle = codec_is_idle,
	.fact = tls_fact,
	.free = codec_free,
	.unit = RECORD_BYTES,
};
