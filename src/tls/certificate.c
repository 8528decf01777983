/* SPDX-License-Identifier: MIT */
/* The peer's certificate: what is wrong with it, and what stands in it. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/x509v3.h>
#include "tls/tls.h"

int on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct codec *codec = SSL_get_app_data(ssl);
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);

	if (ok || codec->verify_error)
		return ok;
	codec->verify_error = X509_STORE_CTX_get_error(store);
	if (certificate && X509_up_ref(certificate))
		codec->verify_certificate = certificate;
	return 0;
}

static char *bio_text(BIO *bio)
{
	const char *data;
	long size = BIO_get_mem_data(bio, &data);
	char *text = size > 0 ? strndup(data, (size_t)size) : NULL;

	BIO_free(bio);
	return text;
}

/* The most specific part first, as people read it. */
char *name_text(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (!bio)
		return NULL;
	X509_NAME_print_ex(bio, name, 0,
			   XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_DN_REV | ASN1_STRFLGS_ESC_CTRL |
				   ASN1_STRFLGS_ESC_2253);
	return bio_text(bio);
}

static void print_name(BIO *bio, const GENERAL_NAME *name)
{
	char address[INET6_ADDRSTRLEN];
	const ASN1_STRING *value;
	int type;

	value = GENERAL_NAME_get0_value(name, &type);
	if (type == GEN_IPADD) {
		int length = ASN1_STRING_length(value);

		if ((length == 4 || length == 16) &&
		    inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value),
			      address, sizeof address))
			BIO_printf(bio, "%sIP:%s", BIO_pending(bio) ? ", " : "", address);
		return;
	}
	if (type != GEN_DNS && type != GEN_EMAIL && type != GEN_URI)
		return;
	BIO_printf(bio, "%s%s:", BIO_pending(bio) ? ", " : "",
		   type == GEN_DNS   ? "DNS" :
		   type == GEN_EMAIL ? "email" :
				       "URI");
	ASN1_STRING_print_ex(bio, value, ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_ESC_2253);
}

char *certificate_names(const X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	BIO *bio = names ? BIO_new(BIO_s_mem()) : NULL;

	for (int i = 0; bio && i < sk_GENERAL_NAME_num(names); i++)
		print_name(bio, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
	return bio ? bio_text(bio) : NULL;
}

static char *time_text(const ASN1_TIME *time)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (!bio)
		return NULL;
	ASN1_TIME_print_ex(bio, time, ASN1_DTFLGS_ISO8601);
	return bio_text(bio);
}

static const char *or_unknown(const char *text)
{
	return text ? text : "?";
}

/* Whom this context trusts, for a message. */
static const char *trusted(const struct async_tls *tls)
{
	return tls->options.ca_file ? tls->options.ca_file :
	       tls->options.ca	    ? "the option `ca`" :
				      "the system's authorities";
}

static int explain_issuer(struct codec *codec, const char *subject, const char *issuer)
{
	int error = codec->verify_error;

	if (error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
		return codec_fail(codec, -EKEYREJECTED,
				  "the certificate of %s is self-signed and not among %s (TLS"
				  " options `ca_file` and `pins`)",
				  subject, trusted(codec->tls));
	if (error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN)
		return codec_fail(codec, -EKEYREJECTED,
				  "unknown issuer: the chain ends in %s, which is not among %s (TLS"
				  " option `ca_file`)",
				  subject, trusted(codec->tls));
	return codec_fail(codec, -EKEYREJECTED,
			  "unknown issuer: %s has signed the certificate of %s, is not among %s and"
			  " was not sent along (TLS option `ca_file`)",
			  issuer, subject, trusted(codec->tls));
}

static int explain_names(struct codec *codec, const char *subject, const char *names)
{
	return codec_fail(codec, -EKEYREJECTED, "the certificate is not for %s but for %s",
			  codec->host, names ? names : subject);
}

static int explain(struct codec *codec, const char *subject, const char *issuer, const char *names,
		   const char *since, const char *until)
{
	switch (codec->verify_error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return codec_fail(codec, -EKEYEXPIRED, "the certificate of %s has expired on %s",
				  subject, until);
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return codec_fail(codec, -EKEYREJECTED,
				  "the certificate of %s is not valid before %s: is the clock"
				  " right?",
				  subject, since);
	case X509_V_ERR_CERT_REVOKED:
		return codec_fail(codec, -EKEYREVOKED,
				  "the certificate of %s was revoked by %s (TLS option `crl_file`)",
				  subject, issuer);
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return explain_names(codec, subject, names);
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return explain_issuer(codec, subject, issuer);
	case X509_V_ERR_UNABLE_TO_GET_CRL:
		return codec_fail(codec, -EKEYREJECTED,
				  "nobody knows whether the certificate of %s was revoked: there is"
				  " no list of %s (TLS option `crl_file`)",
				  subject, issuer);
	case X509_V_ERR_CRL_HAS_EXPIRED:
		return codec_fail(codec, -EKEYREJECTED,
				  "nobody knows whether the certificate of %s was revoked: the list"
				  " of %s is out of date (TLS option `crl_file`; async_tls_reload)",
				  subject, issuer);
	case X509_V_ERR_OUT_OF_MEM:
		return codec_fail(codec, -ENOMEM, "no memory to verify the certificate of %s",
				  subject);
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return codec_fail(
			codec, -EKEYREJECTED,
			"the certificate of %s is too weak: %s (TLS option `ciphers`, as in"
			" \"DEFAULT@SECLEVEL=1\", allows less)",
			subject, X509_verify_cert_error_string(codec->verify_error));
	default:
		return codec_fail(codec, -EKEYREJECTED, "the certificate of %s is not accepted: %s",
				  subject, X509_verify_cert_error_string(codec->verify_error));
	}
}

int codec_explain_certificate(struct codec *codec)
{
	const X509 *certificate = codec->verify_certificate;
	char *subject = NULL, *issuer = NULL, *names = NULL, *since = NULL, *until = NULL;
	int error;

	if (certificate) {
		subject = name_text(X509_get_subject_name(certificate));
		issuer = name_text(X509_get_issuer_name(certificate));
		names = certificate_names(certificate);
		since = time_text(X509_get0_notBefore(certificate));
		until = time_text(X509_get0_notAfter(certificate));
	}
	error = explain(codec, or_unknown(subject), or_unknown(issuer), names, or_unknown(since),
			or_unknown(until));
	free(subject);
	free(issuer);
	free(names);
	free(since);
	free(until);
	return error;
}

static void digest(const X509 *certificate, unsigned char bytes[32])
{
	unsigned length = 32;

	if (!X509_digest(certificate, EVP_sha256(), bytes, &length))
		memset(bytes, 0, 32);
}

void fingerprint_text(const X509 *certificate, char text[65])
{
	unsigned char bytes[32];

	digest(certificate, bytes);
	for (int i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

int codec_check_pins(struct codec *codec)
{
	X509 *certificate = SSL_get0_peer_certificate(codec->ssl);
	unsigned char bytes[32];
	char text[65] = "no certificate";

	if (!codec->tls->pin_count)
		return 0;
	if (certificate) {
		digest(certificate, bytes);
		for (size_t i = 0; i < codec->tls->pin_count; i++)
			if (!memcmp(codec->tls->pins[i], bytes, sizeof bytes))
				return 0;
		fingerprint_text(certificate, text);
	}
	return codec_fail(codec, -ENOKEY,
			  "the peer's certificate has another fingerprint than those pinned (TLS"
			  " option `pins`): %s",
			  text);
}

/* 64 hexadecimal digits; colons between them do no harm. */
static int parse_pin(const char *text, size_t size, unsigned char bytes[32])
{
	char digits[65];
	size_t n = 0;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == ':' || text[i] == ' ')
			continue;
		if (n == 64 || !strchr("0123456789abcdefABCDEF", text[i]))
			return -EINVAL;
		digits[n++] = text[i];
	}
	if (n != 64)
		return -EINVAL;
	for (int i = 0; i < 32; i++) {
		char two[3] = { digits[2 * i], digits[2 * i + 1], '\0' };

		bytes[i] = (unsigned char)strtoul(two, NULL, 16);
	}
	return 0;
}

int pins_parse(struct async_tls *tls, const char *text)
{
	/* Perhaps a setting that was left out; no pin at all would let anybody in. */
	if (text && !*text)
		return async_fail(-EINVAL, "TLS option pins is empty: NULL is for no pins");
	while (text && *text) {
		size_t size = strcspn(text, ",");
		void *pins = realloc(tls->pins, (tls->pin_count + 1) * sizeof *tls->pins);

		if (!pins)
			return async_fail(-ENOMEM, "no memory for TLS option pins");
		tls->pins = pins;
		if (parse_pin(text, size, tls->pins[tls->pin_count]))
			return async_fail(
				-EINVAL,
				"TLS option pins: \"%.*s\" is no SHA-256 fingerprint, which"
				" has 64 hexadecimal digits",
				(int)(size < 100 ? size : 100), text);
		tls->pin_count++;
		text += size + (text[size] == ',');
	}
	return 0;
}
