/* SPDX-License-Identifier: MIT */
/* What came of a handshake, put together when somebody asks for the first time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tls/tls.h"

struct facts {
	async_tls_facts facts;
	char *alpn, *subject, *issuer, *names;
	char fingerprint[65], not_before[32], not_after[32];
};

static time_t seconds_of(const ASN1_TIME *time, char text[32])
{
	struct tm parts = { 0 };

	if (!ASN1_TIME_to_tm(time, &parts))
		return 0;
	strftime(text, 32, "%Y-%m-%d %H:%M:%S GMT", &parts);
	return timegm(&parts);
}

static void add_certificate(struct facts *facts, const X509 *certificate)
{
	async_tls_facts *out = &facts->facts;

	out->peer_subject = facts->subject = name_text(X509_get_subject_name(certificate));
	out->peer_issuer = facts->issuer = name_text(X509_get_issuer_name(certificate));
	out->peer_names = facts->names = certificate_names(certificate);
	fingerprint_text(certificate, facts->fingerprint);
	out->peer_fingerprint = facts->fingerprint;
	out->peer_not_before = seconds_of(X509_get0_notBefore(certificate), facts->not_before);
	out->peer_not_after = seconds_of(X509_get0_notAfter(certificate), facts->not_after);
}

static struct facts *facts_of(struct codec *codec)
{
	struct facts *facts = codec->facts;
	const unsigned char *alpn;
	const X509 *certificate;
	unsigned size;

	if (facts || !codec->shaken)
		return facts;
	facts = calloc(1, sizeof *facts);
	if (!facts)
		return NULL;
	facts->facts.version = SSL_get_version(codec->ssl);
	facts->facts.cipher = SSL_get_cipher_name(codec->ssl);
	facts->facts.server_name = SSL_get_servername(codec->ssl, TLSEXT_NAMETYPE_host_name);
	facts->facts.resumed = SSL_session_reused(codec->ssl);
	SSL_get0_alpn_selected(codec->ssl, &alpn, &size);
	if (alpn)
		facts->facts.alpn = facts->alpn = strndup((const char *)alpn, size);
	certificate = SSL_get0_peer_certificate(codec->ssl);
	if (certificate)
		add_certificate(facts, certificate);
	codec->facts = facts;
	return facts;
}

void facts_free(struct facts *facts)
{
	if (!facts)
		return;
	free(facts->alpn);
	free(facts->subject);
	free(facts->issuer);
	free(facts->names);
	free(facts);
}

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

const char *tls_fact(void *codec, const char *name)
{
	const struct facts *facts;

	if (strncmp(name, "tls_", 4) != 0)
		return NULL;
	name += 4;
	facts = facts_of(codec);
	if (!facts)
		return NULL;
	if (!strcmp(name, "version"))
		return facts->facts.version;
	if (!strcmp(name, "cipher"))
		return facts->facts.cipher;
	if (!strcmp(name, "alpn"))
		return facts->facts.alpn;
	if (!strcmp(name, "server_name"))
		return facts->facts.server_name;
	if (!strcmp(name, "resumed"))
		return facts->facts.resumed ? "1" : NULL;
	if (!strcmp(name, "peer_subject"))
		return facts->facts.peer_subject;
	if (!strcmp(name, "peer_issuer"))
		return facts->facts.peer_issuer;
	if (!strcmp(name, "peer_names"))
		return facts->facts.peer_names;
	if (!strcmp(name, "peer_fingerprint"))
		return facts->facts.peer_fingerprint;
	if (!strcmp(name, "peer_not_before"))
		return or_null(facts->not_before);
	if (!strcmp(name, "peer_not_after"))
		return or_null(facts->not_after);
	return NULL;
}

int async_stream_tls(async_stream *stream, async_tls_facts *facts)
{
	struct codec *codec = async_layer_codec(stream, &tls_kind);
	const struct facts *mine = codec ? facts_of(codec) : NULL;

	if (!codec)
		return async_fail(-ENOTCONN, "async_stream_tls: the stream has no TLS");
	if (!mine && !codec->shaken)
		return async_fail(-ENOTCONN, "async_stream_tls: the handshake was not done");
	if (!mine)
		return async_fail(-ENOMEM, "async_stream_tls: no memory");
	*facts = mine->facts;
	return 0;
}

struct ssl_st *async_stream_ssl(async_stream *stream)
{
	struct codec *codec = async_layer_codec(stream, &tls_kind);

	return codec ? codec->ssl : NULL;
}
