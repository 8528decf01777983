/* SPDX-License-Identifier: MIT */
/*
 * TLS as a layer of a stream (await/layer.h). OpenSSL is a codec here: it works on memory, through
 * a BIO of our own, and never waits. Its queue of errors belongs to the thread, so each call into
 * it that may fail is wrapped: the queue is cleared before, turned into words and drained after,
 * and no task is ever switched in between.
 *
 * Only public calls of the core are used.
 */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include <pthread.h>
#include <openssl/ssl.h>
#include <await.h>
#include <await/layer.h>
#include <await/tls.h>
#include "base/base.h"
#include "base/list.h"

enum {
	HANDSHAKE_SECONDS = 60, /* option handshake_seconds */
	SHUTDOWN_SECONDS = 30,	/* option shutdown_seconds */
	SESSIONS_KEPT = 64,	/* of a client context */
	RECORD_BYTES = 16384,	/* RFC 8446 5.1: the longest piece of one record */
	REASON_BYTES = 256,
	HOST_BYTES = 255, /* RFC 1035 2.3.4; SNI takes no more */
	/* What is written while half a message of the peer's protocol lies here. */
	HELD_BYTES = 16 << 20,
	/* A peer makes us answer (new keys, no renegotiation) at no cost to itself: so much, and
	 * then in proportion to the data it sends. */
	ANSWER_BYTES = 64 << 10,
	ANSWER_SHARE = 16,
};

/* A certificate, its intermediates and its key. */
struct identity {
	X509 *certificate;
	STACK_OF(X509) * chain;
	EVP_PKEY *key;
};

/* What belongs to one SSL_CTX and goes with it: connections keep those they began with. */
struct identities {
	struct identity *all;
	size_t count;
};

struct async_tls {
	unsigned references; /* atomic */
	bool is_server;
	async_tls_options options;
	async_tls_certificate *certificates; /* identity and more; copies */
	size_t certificate_count;
	unsigned char *alpn; /* as on the wire: each with its length before it */
	size_t alpn_size;
	unsigned char (*pins)[32];
	size_t pin_count;
	pthread_mutex_t lock; /* guards what is below */
	SSL_CTX *context;
	bool trust_ready;		/* whom to trust was loaded */
	struct async_waiters_ sessions; /* least recently used first */
	unsigned session_count;
};

/* The TLS of one stream. */
struct codec {
	SSL *ssl;
	async_layer *layer;
	struct async_tls *tls;
	char *host;  /* without brackets; NULL: a server, or nobody in particular */
	bool begun;  /* the peer's first bytes were looked at */
	bool shaken; /* the handshake is done */
	bool ended;  /* the peer has sent close_notify */
	int error;   /* it has failed, and why: */
	char *problem;
	/* OpenSSL writes nothing while it has read a message of the protocol in part; this is
	 * written as soon as the rest is there. */
	char *held;
	size_t held_size;
	bool reading; /* what is put now is an answer */
	uint64_t received, answered;
	/* What verification found first. */
	int verify_error;
	X509 *verify_certificate;
	/* A handshake on another thread puts its output here. */
	bool staging;
	char *staged;
	size_t staged_size;
	struct facts *facts;
};

/* bio.c */
BIO *bio_new(struct codec *codec);
/* Hand what was put on another thread to the layer. 0 or -ENOMEM. */
int bio_unstage(struct codec *codec);

/* codec.c */
extern const async_layer_kind tls_kind;
struct codec *codec_new(struct async_tls *tls, const char *host);
void codec_free(void *codec);
enum step { STEP_DONE, STEP_MORE, STEP_FAILED };
/* One step of the handshake, on any thread. */
enum step codec_step(struct codec *codec);

/* problem.c */
/* Remember why it has failed; the first one counts. Returns the error. */
int codec_fail(struct codec *codec, int error, const char *format, ...) ASYNC_PRINTF_(3, 4);
const char *codec_problem(const struct codec *codec);
/* The same for the calling task's async_error(). */
int codec_tell(const struct codec *codec);
/* What the last call into OpenSSL found wrong, behind `doing`, such as "reading: ". The queue of
 * errors is the caller's to clear. */
int codec_explain(struct codec *codec, const char *doing);
/* The peer's first bytes are no TLS: 0, or the failure. */
int codec_check_first(struct codec *codec);
/* The newest entry of the queue, in words; drains it. */
const char *openssl_reason(char *text, size_t size);

/* certificate.c: what verification found, and why in words. */
int on_verify(int ok, X509_STORE_CTX *store);
int codec_explain_certificate(struct codec *codec);
/* The names that a certificate is for, as "DNS:a, IP:b". */
char *certificate_names(const X509 *certificate);
char *name_text(const X509_NAME *name);
void fingerprint_text(const X509 *certificate, char text[65]);
int codec_check_pins(struct codec *codec);
int pins_parse(struct async_tls *tls, const char *text);

/* context.c */
void tls_keep(struct async_tls *tls);
/* The default client's context, made when first asked for; NULL: no memory. */
struct async_tls *tls_default(void);
/* A connection's SSL of the context as it is now; NULL: async_error(). */
SSL *tls_connection(struct async_tls *tls);
/* Settings that do not come from files: 0 or an error. */
int options_copy(struct async_tls *tls, const async_tls_options *options);
void options_free(struct async_tls *tls);

/* identity.c */
/* Load certificates into a context. */
int identities_load(struct async_tls *tls, SSL_CTX *context);

/* trust.c */
/* Load whom to trust into a context, unless that is the system's. */
int trust_load(const struct async_tls *tls, SSL_CTX *context);
/* Whether a context is to trust the system's authorities, which everybody shares. */
bool trust_is_system(const struct async_tls *tls);
/* Load those into the context; may read many files, on any thread. */
long trust_load_system(void *tls);
/* Read them anew, for this context and for all to come. 0 or -ENOMEM. */
int trust_renew_system(SSL_CTX *context);

/* session.c */
void sessions_begin(struct async_tls *tls, SSL_CTX *context);
/* Offer the session that this host gave last. */
void session_offer(struct codec *codec);
void sessions_free(struct async_tls *tls);

/* facts.c */
const char *tls_fact(void *codec, const char *name);
void facts_free(struct facts *facts);

#endif
