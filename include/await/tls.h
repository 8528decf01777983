/* SPDX-License-Identifier: MIT */
/*
 * TLS 1.2 and 1.3 under any stream (RFC 5246, RFC 8446), by OpenSSL. In libawait-tls, a library of
 * its own.
 *
 *	stream = await_connect_tls("example.org:443", NULL);
 *
 *	static int handle(async_stream *stream, void *tls)		a server's handler
 *	{
 *		if (await_stream_start_tls(stream, tls, NULL))
 *			return 0;
 *
 * A stream with TLS is read, written, parked and closed like any other. While idle it holds no
 * buffer. What is different: await_stream_end and await_stream_close send close_notify, and a close
 * waits for the peer's (option shutdown_seconds); a connection that ends without one was perhaps
 * cut short, and reading it fails with -ECONNABORTED; after await_stream_end a peer with TLS 1.2
 * may stop sending, as that version has it.
 */
#ifndef AWAIT_TLS_H
#define AWAIT_TLS_H

#include <time.h>
#include <await/stream.h>
#include <await/thread.h>

ASYNC_BEGIN_DECLS

/* What connections share: certificates, trust, sessions, limits. Loops and threads may share one;
 * it lives until async_tls_free and the end of its last connection. */
typedef struct async_tls async_tls;

/* A certificate and its key, each a PEM file or PEM text; intermediate certificates follow the
 * certificate. Without a key of its own it is looked for beside the certificate. */
typedef struct async_tls_certificate {
	const char *certificate_file, *key_file;
	const char *certificate, *key;
	const char *key_password; /* NULL: the key is not encrypted */
} async_tls_certificate;

enum { ASYNC_TLS_1_2 = 0x0303, ASYNC_TLS_1_3 = 0x0304 };
enum { ASYNC_TLS_NOT_ASKED, ASYNC_TLS_OPTIONAL, ASYNC_TLS_REQUIRED };

/* Zero-filled is the default, and a safe one; every field may also be left out. Texts are copied. */
typedef struct async_tls_options {
	/* What this side shows. A server needs one. A server with several names has more of them
	 * here, and chooses by the name asked for (SNI); when none fits, the first. */
	async_tls_certificate identity;
	const async_tls_certificate *more;
	size_t more_count;

	/* Whom a client trusts instead of the system's authorities, or which clients' certificates
	 * a server accepts: PEM file or PEM text. crl_file: revocation lists, one of each authority
	 * of a chain: without one a certificate is not accepted. */
	const char *ca_file, *ca, *crl_file;
	int client_certificates; /* server: ASYNC_TLS_OPTIONAL or _REQUIRED; needs ca_file or ca */
	/* SHA-256 fingerprints, in hexadecimal, separated by commas: the peer's certificate must
	 * have one of them, whatever else is checked. */
	const char *pins;
	bool insecure; /* client: any certificate will do (with pins: only theirs) */

	const char *alpn;	  /* protocols, best first: "h2,http/1.1" (RFC 7301) */
	int min_version;	  /* 0: ASYNC_TLS_1_2; nothing older is offered (RFC 8996) */
	int max_version;	  /* 0: the newest */
	const char *ciphers;	  /* OpenSSL's list for TLS 1.2; NULL: its default */
	const char *suites;	  /* for TLS 1.3 */
	double handshake_seconds; /* 0: 60 */
	double shutdown_seconds;  /* for the peer's close_notify; 0: 30; < 0: do not wait */
	bool accept_truncation;	  /* a connection may end without close_notify */
	bool no_resumption;	  /* no session tickets; by default sessions are resumed, a client's
				   * by host name, at most 64 of them */
	bool threads;		  /* handshakes compute on threads ... */
	async_pool *pool;	  /* ... of this pool; NULL: the default one */
} async_tls_options;

/* Contexts. NULL: -EINVAL for an option, -ENOENT, -EBADMSG for what PEM cannot be, -ENOMEM, with a
 * text that names option and file. Options may be NULL for clients. */
ASYNC_API async_tls *async_tls_client(const async_tls_options *options);
ASYNC_API async_tls *async_tls_server(const async_tls_options *options);
ASYNC_API void async_tls_free(async_tls *tls);
/* Read certificates, keys and trust anew from their files, for handshakes from now on: a renewed
 * certificate needs no restart. Blocks for the files. On failure all stays as it was. */
ASYNC_API int async_tls_reload(async_tls *tls);

/*
 * Begin TLS on a stream, on either side, at its start or in the middle (STARTTLS), also on one that
 * has TLS already. Input that was not read yet goes to TLS; output goes first. `host`: client: whom
 * the certificate must name, and SNI unless it is an address; server: NULL. tls NULL: a client with
 * the defaults.
 *
 * 0, or an error; then, and when cancelled, the stream is only good for closing:
 *	-EKEYREJECTED	the certificate is not trusted, or not for this host; none was shown
 *	-EKEYEXPIRED, -EKEYREVOKED	... because it has expired, was revoked
 *	-ENOKEY		it has none of the pinned fingerprints
 *	-EPROTO		the peer refuses, or does not speak TLS, or nothing is in common
 *	-ECONNABORTED	the peer has closed the connection
 *	-ETIMEDOUT	handshake_seconds are over
 *	-EINVAL		a client without host, or one of over 255 bytes; nothing has happened (so
 *			with -EBUSY, -ENOMEM)
 */
ASYNC_API int await_stream_start_tls(async_stream *stream, async_tls *tls, const char *host);

/* await_connect_stream_with and await_stream_start_tls. `host` NULL: the address's own. NULL:
 * async_error() and async_error_code(). */
struct async_connect_options; /* <await/connect.h> */
ASYNC_API async_stream *await_connect_tls(const char *address, async_tls *tls);
ASYNC_API async_stream *await_connect_tls_with(const char *address, async_tls *tls,
					       const char *host,
					       const struct async_connect_options *connect,
					       const async_stream_options *options);

/*
 * What came of the handshake. Each is also an async_stream_fact() of its name after "tls_", as in
 * "tls_version"; a bool is "1" there, times are as in "2026-01-31 12:00:00 GMT". NULL: not known.
 * The texts live as long as the stream.
 */
typedef struct async_tls_facts {
	const char *version;	 /* "TLSv1.3" */
	const char *cipher;	 /* "TLS_AES_256_GCM_SHA384" */
	const char *alpn;	 /* the protocol chosen */
	const char *server_name; /* SNI: asked for, or offered to the peer */
	bool resumed;		 /* an earlier session went on: no certificate was sent */
	/* The peer's certificate; NULL and 0 if it showed none. */
	const char *peer_subject, *peer_issuer; /* "CN=example.org, O=..." (RFC 2253) */
	const char *peer_names;			/* "DNS:example.org, IP:192.0.2.1" */
	const char *peer_fingerprint;		/* SHA-256, 64 hexadecimal digits */
	time_t peer_not_before, peer_not_after;
} async_tls_facts;

/* 0; -ENOTCONN: this stream has no TLS, or its handshake has failed; -ENOMEM. */
ASYNC_API int async_stream_tls(async_stream *stream, async_tls_facts *facts);
/* OpenSSL's object, to ask for what is not offered here; NULL without TLS. Neither read, write nor
 * keep it. */
struct ssl_st;
ASYNC_API struct ssl_st *async_stream_ssl(async_stream *stream);

/*
 * Whether bytes can be the beginning of a TLS connection (a ClientHello's record): for servers that
 * speak plainly and want to say so, or that speak both on one port. Ask with 3 bytes or more, as
 * from await_stream_peek(stream, 3, &data). Needs nothing of the library.
 */
static inline bool async_tls_is_hello(const void *data, size_t size)
{
	const unsigned char *bytes = (const unsigned char *)data;

	return size >= 3 && bytes[0] == 22 && bytes[1] == 3 && bytes[2] <= 4 &&
	       (size < 6 || bytes[5] == 1);
}

ASYNC_END_DECLS

#endif
