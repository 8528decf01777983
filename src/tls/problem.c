/* SPDX-License-Identifier: MIT */
/* What went wrong, in words that say what to do about it. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <openssl/err.h>
#include "tls/tls.h"

int codec_fail(struct codec *codec, int error, const char *format, ...)
{
	va_list arguments;

	if (codec->error)
		return codec->error;
	codec->error = error;
	va_start(arguments, format);
	if (vasprintf(&codec->problem, format, arguments) < 0)
		codec->problem = NULL;
	va_end(arguments);
	return error;
}

const char *codec_problem(const struct codec *codec)
{
	return codec->problem ? codec->problem :
				"TLS has failed, and there is no memory to say why";
}

int codec_tell(const struct codec *codec)
{
	return async_fail(codec->error, "%s", codec_problem(codec));
}

const char *openssl_reason(char *text, size_t size)
{
	unsigned long entry = ERR_peek_last_error();
	const char *reason = entry ? ERR_reason_error_string(entry) : NULL;

	if (reason)
		snprintf(text, size, "%s", reason);
	else if (entry)
		ERR_error_string_n(entry, text, size);
	else
		snprintf(text, size, "no reason given");
	ERR_clear_error();
	return text;
}

/* Alerts of RFC 8446 6.2 that say something about us. */
static const char *alert_meaning(int alert)
{
	switch (alert) {
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_UNKNOWN:
		return "it does not accept our certificate";
	case SSL_AD_CERTIFICATE_EXPIRED:
		return "our certificate has expired";
	case SSL_AD_CERTIFICATE_REVOKED:
		return "our certificate was revoked";
	case SSL_AD_UNKNOWN_CA:
		return "it does not know who signed our certificate";
	case SSL_AD_CERTIFICATE_REQUIRED:
		return "it wants a certificate (TLS option `identity`)";
	case SSL_AD_PROTOCOL_VERSION:
		return "it has no TLS version in common with us (TLS option `min_version`)";
	case SSL_AD_HANDSHAKE_FAILURE:
		return "it finds no cipher, group or signature in common, or wants a certificate";
	case SSL_AD_UNRECOGNIZED_NAME:
		return "it does not know the host that was asked for";
	case SSL_AD_NO_APPLICATION_PROTOCOL:
		return "it speaks none of the protocols offered (TLS option `alpn`)";
	case SSL_AD_INTERNAL_ERROR:
		return "it failed";
	default:
		return NULL;
	}
}

static int explain_alert(struct codec *codec, int alert, const char *doing)
{
	const char *meaning = alert_meaning(alert);

	return codec_fail(codec, -EPROTO, "%sthe peer has sent the alert \"%s\" (%d)%s%s", doing,
			  SSL_alert_desc_string_long(alert), alert, meaning ? ": " : "",
			  meaning ? meaning : "");
}

/* Reasons of OpenSSL's that deserve better words. */
static const char *reason_meaning(int reason)
{
	switch (reason) {
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_WRONG_SSL_VERSION:
	case SSL_R_VERSION_TOO_LOW:
	case SSL_R_UNKNOWN_PROTOCOL:
		return "the peer offers no TLS version that is allowed here (TLS option"
		       " `min_version`)";
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_NO_SUITABLE_KEY_SHARE:
	case SSL_R_NO_SHARED_GROUPS:
	case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
		return "no cipher, group or signature in common with the peer (TLS options"
		       " `ciphers` and `suites`, type of the key)";
	case SSL_R_NO_APPLICATION_PROTOCOL:
		return "the peer offers none of the protocols that are spoken here (TLS option"
		       " `alpn`)";
	case SSL_R_DH_KEY_TOO_SMALL:
	case SSL_R_EE_KEY_TOO_SMALL:
	case SSL_R_CA_KEY_TOO_SMALL:
	case SSL_R_CA_MD_TOO_WEAK:
		return "a key or signature is too weak (TLS option `ciphers`, as in"
		       " \"DEFAULT@SECLEVEL=1\", allows less)";
	case SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED:
		return "the server is too old: it knows no secure renegotiation (RFC 5746)";
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
	case SSL_R_UNEXPECTED_RECORD:
		return "what the peer sends is no TLS, or no longer";
	case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
		return "a record was damaged on its way";
	default:
		return NULL;
	}
}

/* The alert that the peer has sent, or -1. Reasons that all of OpenSSL's parts share have flags in
 * high bits. */
static int alert_of(unsigned long entry)
{
	int alert = ERR_GET_REASON(entry) - SSL_AD_REASON_OFFSET;

	return ERR_GET_LIB(entry) == ERR_LIB_SSL && alert > 0 && alert <= UINT8_MAX ? alert : -1;
}

int codec_explain(struct codec *codec, const char *doing)
{
	unsigned long entry = ERR_peek_error(); /* the first is the cause */
	int reason = ERR_GET_REASON(entry);
	char text[REASON_BYTES];
	const char *meaning;

	if (codec->error)
		return codec->error;
	if (codec->verify_error)
		return codec_explain_certificate(codec);
	if (alert_of(entry) > 0)
		return explain_alert(codec, alert_of(entry), doing);
	if (ERR_GET_LIB(entry) == ERR_LIB_SSL && reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		return codec_fail(codec, -EKEYREJECTED,
				  "%sthe client has shown no certificate (TLS option"
				  " `client_certificates`)",
				  doing);
	if (reason == ERR_R_MALLOC_FAILURE)
		return codec_fail(codec, -ENOMEM, "%sno memory", doing);
	meaning = ERR_GET_LIB(entry) == ERR_LIB_SSL ? reason_meaning(reason) : NULL;
	return codec_fail(codec, -EPROTO, "%s%s", doing,
			  meaning ? meaning : openssl_reason(text, sizeof text));
}

/* The beginning of something, fit for a message. */
static const char *printable(const unsigned char *data, size_t size, char text[33])
{
	size_t n = 0;

	for (; n < size && n < 32 && data[n] != '\r' && data[n] != '\n'; n++)
		text[n] = isprint(data[n]) && data[n] != '"' ? (char)data[n] : '.';
	text[n] = '\0';
	return text;
}

/* A record of a handshake or an alert comes first; whatever has letters there is another
 * protocol. */
int codec_check_first(struct codec *codec)
{
	const void *data;
	size_t size = async_layer_peek(codec->layer, &data);
	const unsigned char *bytes = data;
	char text[33];

	if (codec->begun || !size)
		return 0;
	codec->begun = true;
	if ((bytes[0] == 22 || bytes[0] == 21) && (size < 2 || bytes[1] == 3))
		return 0;
	printable(bytes, size, text);
	if (codec->tls->is_server)
		return codec_fail(codec, -EPROTO,
				  "the client does not speak TLS on this port, which is for TLS:"
				  " its first bytes are \"%s\"",
				  text);
	return codec_fail(codec, -EPROTO,
			  "the server does not speak TLS on this port: its first bytes are \"%s\"",
			  text);
}
