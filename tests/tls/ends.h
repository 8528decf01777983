/* SPDX-License-Identifier: MIT */
/* Two streams with TLS between them, for tests. */
#ifndef TESTS_TLS_ENDS_H
#define TESTS_TLS_ENDS_H

#include <await.h>
#include <await/layer.h>
#include "harness.h"
#include "stream/stream.h"
#include "tls/certificates.h"

struct start {
	async_stream *stream;
	async_tls *tls;
	const char *host;
	int result;
	char text[1024];
};

static inline int start_one(void *arg)
{
	struct start *start = arg;

	start->result = await_stream_start_tls(start->stream, start->tls, start->host);
	snprintf(start->text, sizeof start->text, "%s", start->result ? async_error() : "");
	return 0;
}

/* Both handshakes at once; [0] is the client. */
static inline void start_both(struct start starts[2])
{
	AWAIT_GROUP(group);

	async_spawn(&group, start_one, &starts[0]);
	async_spawn(&group, start_one, &starts[1]);
}

static inline async_tls *client_with(const struct made *trusted)
{
	async_tls_options options = { .ca = trusted->pem };
	async_tls *tls = async_tls_client(&options);

	let_go_of_slack();
	if (!tls)
		harness_fail(__FILE__, __LINE__, "%s", async_error());
	return tls;
}

static inline void socket_ends(async_stream *ends[2], const async_stream_options *options)
{
	int fds[2];

	let_go_of_slack();
	CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ends[0] = async_stream_open(fds[0], options);
	ends[1] = async_stream_open(fds[1], options);
	CHECK(ends[0] && ends[1]);
}

/* Handshakes with these contexts, which are let go of; what comes of it in starts. */
static inline void try_tls(async_tls *client_tls, async_tls *server_tls, const char *host,
			   struct start starts[2])
{
	async_stream *ends[2];

	socket_ends(ends, NULL);
	starts[0] = (struct start){ .stream = ends[0], .tls = client_tls, .host = host };
	starts[1] = (struct start){ .stream = ends[1], .tls = server_tls };
	start_both(starts);
	async_tls_free(client_tls);
	async_tls_free(server_tls);
}

static inline void close_both(struct start starts[2])
{
	AWAIT_GROUP(group);

	async_spawn(&group, (async_fn *)await_stream_close, starts[0].stream);
	async_spawn(&group, (async_fn *)await_stream_close, starts[1].stream);
}

/* Connected, or the case fails. */
static inline void tls_ends(struct start starts[2])
{
	try_tls(client_with(&authority), server_with(&server), "localhost", starts);
	for (int i = 0; i < 2; i++)
		if (starts[i].result)
			harness_fail(__FILE__, __LINE__, "side %d: %s", i, starts[i].text);
}

#endif
