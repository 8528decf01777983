/* SPDX-License-Identifier: MIT */
/*
 * Sessions, so that connecting again costs no certificates. A server keeps nothing: its tickets
 * are sealed with the context's keys. A client keeps what it was given, by host name, since a
 * session that goes on is not verified again. A ticket of TLS 1.3 is used once (RFC 8446 C.4), so
 * some are kept for each host.
 */
#include <stdlib.h>
#include <string.h>
#include "tls/tls.h"

enum { SESSIONS_OF_A_HOST = 4 };

struct session {
	struct async_link_ link;
	SSL_SESSION *session;
	char host[];
};

static void forget(struct async_tls *tls, struct session *session)
{
	list_remove(&tls->sessions, &session->link);
	tls->session_count--;
	SSL_SESSION_free(session->session);
	free(session);
}

/* Room for one more of this host: the oldest goes. */
static void make_room(struct async_tls *tls, const char *host)
{
	struct session *oldest = NULL;
	unsigned count = 0;

	list_for_each (&tls->sessions, link, following) {
		struct session *session = container_of(link, struct session, link);

		if (strcmp(session->host, host) != 0)
			continue;
		if (!oldest)
			oldest = session;
		count++;
	}
	if (count >= SESSIONS_OF_A_HOST)
		forget(tls, oldest);
	else if (tls->session_count >= SESSIONS_KEPT)
		forget(tls, container_of(tls->sessions.first, struct session, link));
}

/* OpenSSL's: 1 keeps the reference it passes. */
static int session_came(SSL *ssl, SSL_SESSION *given)
{
	struct codec *codec = SSL_get_app_data(ssl);
	struct async_tls *tls = codec->tls;
	struct session *session;
	bool current;
	size_t size;

	if (!codec->host || !SSL_SESSION_is_resumable(given))
		return 0;
	size = strlen(codec->host) + 1;
	session = malloc(sizeof *session + size);
	if (!session)
		return 0;
	memcpy(session->host, codec->host, size);
	session->session = given;
	pthread_mutex_lock(&tls->lock);
	/* Of a connection from before a reload, the peer was verified by another trust. */
	current = SSL_get_SSL_CTX(ssl) == tls->context;
	if (current) {
		make_room(tls, session->host);
		list_append(&tls->sessions, &session->link);
		tls->session_count++;
	}
	pthread_mutex_unlock(&tls->lock);
	if (!current)
		free(session);
	return current;
}

static struct session *newest_of(const struct async_tls *tls, const char *host)
{
	struct session *newest = NULL;

	list_for_each (&tls->sessions, link, following) {
		struct session *session = container_of(link, struct session, link);

		if (!strcmp(session->host, host))
			newest = session;
	}
	return newest;
}

void session_offer(struct codec *codec)
{
	struct async_tls *tls = codec->tls;
	struct session *session;

	if (!codec->host || tls->options.no_resumption)
		return;
	pthread_mutex_lock(&tls->lock);
	session = newest_of(tls, codec->host);
	if (session) {
		SSL_set_session(codec->ssl, session->session);
		if (SSL_SESSION_get_protocol_version(session->session) >= TLS1_3_VERSION)
			forget(tls, session);
	}
	pthread_mutex_unlock(&tls->lock);
}

void sessions_begin(struct async_tls *tls, SSL_CTX *context)
{
	static const unsigned char id[] = "libawait";

	if (tls->options.no_resumption) {
		SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(context, 0);
	} else if (tls->is_server) {
		SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_session_id_context(context, id, sizeof id - 1);
	} else {
		SSL_CTX_set_session_cache_mode(context,
					       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(context, session_came);
	}
}

void sessions_free(struct async_tls *tls)
{
	pthread_mutex_lock(&tls->lock);
	while (tls->sessions.first)
		forget(tls, container_of(tls->sessions.first, struct session, link));
	pthread_mutex_unlock(&tls->lock);
}
