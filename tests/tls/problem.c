/* SPDX-License-Identifier: MIT */
/* OpenSSL's reasons in words that say what to do. */
#include <errno.h>
#include "tls/ends.h"

static void explained(int library, int reason, int error, const char *text)
{
	struct codec codec = { 0 };

	ERR_raise(library, reason);
	CHECK_INT(codec_explain(&codec, "reading: "), error);
	CHECK_TEXT_HAS(codec.problem, text);
	CHECK_INT(strncmp(codec.problem, "reading: ", 9), 0);
	ERR_clear_error();
	/* The first one counts. */
	CHECK_INT(codec_explain(&codec, "writing: "), error);
	CHECK_INT(strncmp(codec.problem, "reading: ", 9), 0);
	free(codec.problem);
}

TEST_WITH(reasons, "S17", .backends = ONCE, .may_leak = 1)
{
	explained(ERR_LIB_SSL, SSL_R_DH_KEY_TOO_SMALL, -EPROTO,
		  "too weak (TLS option `ciphers`, as in \"DEFAULT@SECLEVEL=1\"");
	explained(ERR_LIB_SSL, SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, -EPROTO,
		  "no secure renegotiation (RFC 5746)");
	explained(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER, -EPROTO, "is no TLS, or no longer");
	explained(ERR_LIB_SSL, SSL_R_UNSUPPORTED_PROTOCOL, -EPROTO, "TLS option `min_version`");
	explained(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER, -EPROTO, "`ciphers` and `suites`");
	explained(ERR_LIB_SSL, SSL_R_BAD_LENGTH, -EPROTO, "bad length");
	explained(ERR_LIB_SSL, SSL_AD_REASON_OFFSET + SSL_AD_INTERNAL_ERROR, -EPROTO,
		  "the peer has sent the alert \"internal error\" (80): it failed");
	explained(ERR_LIB_SSL, SSL_AD_REASON_OFFSET + SSL_AD_DECODE_ERROR, -EPROTO,
		  "the alert \"decode error\" (50)");
	explained(ERR_LIB_SSL, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, -EKEYREJECTED,
		  "the client has shown no certificate");
	/* Not an alert of a large number. */
	explained(ERR_LIB_SSL, ERR_R_MALLOC_FAILURE, -ENOMEM, "no memory");
	explained(ERR_LIB_SSL, ERR_R_INTERNAL_ERROR, -EPROTO, "internal error");
	explained(ERR_LIB_SSL, ERR_R_EVP_LIB, -EPROTO, "EVP lib");
	/* A number of another part of OpenSSL's means something else. */
	explained(ERR_LIB_EVP, SSL_R_WRONG_VERSION_NUMBER, -EPROTO, "reading: ");
}

static void not_accepted(int verify_error, int error, const char *text)
{
	struct codec codec = { .verify_error = verify_error,
			       .verify_certificate = server.certificate };

	CHECK_INT(codec_explain(&codec, ""), error);
	CHECK_TEXT_HAS(codec.problem, text);
	free(codec.problem);
}

TEST_WITH(certificates, "S17", .backends = ONCE, .may_leak = 1)
{
	not_accepted(X509_V_ERR_EE_KEY_TOO_SMALL, -EKEYREJECTED,
		     "CN=server, O=Tests is too weak: EE certificate key too weak (TLS option"
		     " `ciphers`");
	not_accepted(X509_V_ERR_OUT_OF_MEM, -ENOMEM, "no memory to verify the certificate of CN=");
	not_accepted(X509_V_ERR_CERT_REVOKED, -EKEYREVOKED, "was revoked by CN=Test authority");
	not_accepted(X509_V_ERR_PATH_LENGTH_EXCEEDED, -EKEYREJECTED,
		     "is not accepted: path length constraint exceeded");
	not_accepted(X509_V_ERR_PERMITTED_VIOLATION, -EKEYREJECTED, "permitted subtree violation");
}
