/* SPDX-License-Identifier: MIT */
/* A peer that is OpenSSL in memory, so that its records come when and as a case wants them to. */
#include <errno.h>
#include "fault.h"
#include "stream/layer.h"
#include "tls/ends.h"

struct peer {
	async_stream *stream;
	SSL_CTX *context;
	SSL *ssl;
	BIO *in, *out;
};

static void peer_open(struct peer *peer, async_stream *stream, bool is_server)
{
	*peer = (struct peer){ .stream = stream,
			       .in = BIO_new(BIO_s_mem()),
			       .out = BIO_new(BIO_s_mem()) };
	peer->context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
	SSL_CTX_set_session_id_context(peer->context, (const unsigned char *)"p", 1);
	if (is_server) {
		SSL_CTX_use_certificate(peer->context, server.certificate);
		SSL_CTX_use_PrivateKey(peer->context, server.key);
	}
	peer->ssl = SSL_new(peer->context);
	SSL_set_bio(peer->ssl, peer->in, peer->out);
	if (is_server)
		SSL_set_accept_state(peer->ssl);
	else
		SSL_set_connect_state(peer->ssl);
}

static void peer_free(struct peer *peer)
{
	SSL_free(peer->ssl);
	SSL_CTX_free(peer->context);
	ERR_clear_error();
}

/* Send at most so much of what the peer has made; how much is left. */
static size_t peer_send(struct peer *peer, size_t most)
{
	char *data;
	size_t size = (size_t)BIO_get_mem_data(peer->out, &data), n = size < most ? size : most;
	char *copy = malloc(n + 1);

	BIO_read(peer->out, copy, (int)n);
	CHECK_INT(await_stream_write(peer->stream, copy, n), (long)n);
	free(copy);
	return size - n;
}

/* The length of the first record that the peer has made. */
static size_t first_record(struct peer *peer)
{
	unsigned char *data;

	CHECK(BIO_get_mem_data(peer->out, &data) >= 5);
	return 5 + ((size_t)data[3] << 8 | data[4]);
}

static void peer_receive(struct peer *peer)
{
	const char *data;
	ssize_t n = await_stream_chunk(peer->stream, &data);

	CHECK(n > 0);
	BIO_write(peer->in, data, (int)n);
}

/* The peer's half of a handshake; what comes behind its end stays in `out`. */
static void peer_shake(struct peer *peer)
{
	while (!SSL_is_init_finished(peer->ssl)) {
		int n = SSL_do_handshake(peer->ssl);

		if (n == 1)
			return;
		CHECK_INT(SSL_get_error(peer->ssl, n), SSL_ERROR_WANT_READ);
		peer_send(peer, SIZE_MAX);
		peer_receive(peer);
	}
}

static void peer_reads(struct peer *peer, const char *text)
{
	char data[100];
	int n;

	while ((n = SSL_read(peer->ssl, data, sizeof data)) <= 0)
		peer_receive(peer);
	CHECK_INT(n, strlen(text));
	CHECK_INT(memcmp(data, text, strlen(text)), 0);
}

static int take_any(X509_STORE_CTX *store, void *arg)
{
	(void)store, (void)arg;
	return 1;
}

static void ends_free(async_stream *ends[2], struct start *start, struct peer *peer)
{
	async_stream_abort(ends[0]);
	async_stream_abort(ends[1]);
	async_tls_free(start->tls);
	peer_free(peer);
}

/* A client of ours and a server by hand, whose ticket, since it holds the client's certificate, is
 * longer than its records. The ticket is still with the server. */
static void with_long_ticket(struct start *start, struct peer *peer, async_stream *ends[2])
{
	async_tls_options options = { .ca = authority.pem,
				      .identity = { .certificate = client.pem,
						    .key = client.key_pem },
				      .shutdown_seconds = 2 };

	socket_ends(ends, NULL);
	peer_open(peer, ends[1], true);
	SSL_CTX_set_cert_verify_callback(peer->context, take_any, NULL);
	SSL_set_verify(peer->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_set_max_send_fragment(peer->ssl, 512);
	SSL_set_num_tickets(peer->ssl, 1);
	*start = (struct start){ .stream = ends[0],
				 .tls = async_tls_client(&options),
				 .host = "localhost" };
	{
		AWAIT_GROUP(group);

		async_spawn(&group, start_one, start);
		peer_shake(peer);
		CHECK(BIO_pending(peer->out) > 560);
	}
	CHECK_STR(start->text, "");
}

/* A message of the protocol lies half here: that is no time to be unable to write. */
TEST_TASK(half_a_ticket, "S17")
{
	struct start start;
	struct peer peer;
	async_stream *ends[2];
	char data[10];

	with_long_ticket(&start, &peer, ends);
	peer_send(&peer, first_record(&peer));
	async_timeout (0.02)
		CHECK_INT(await_stream_read(ends[0], data, sizeof data), -ETIMEDOUT);
	CHECK_STR(async_stream_fact(ends[0], "tls_version"), "TLSv1.3");
	CHECK_INT(await_stream_write(ends[0], "hello", 5), 5);
	peer_send(&peer, SIZE_MAX);
	SSL_write(peer.ssl, "answer", 6);
	peer_send(&peer, SIZE_MAX);
	CHECK_INT(await_stream_readexactly(ends[0], data, 6), 6);
	peer_reads(&peer, "hello");
	ends_free(ends, &start, &peer);
}

/* Held is only so much, and not at any price. */
TEST_TASK(half_a_ticket_for_ever, "S17 S20")
{
	for (int i = 0; i < 2; i++) {
		static char much[1 << 20];
		struct start start;
		struct peer peer;
		async_stream *ends[2];
		size_t total = 0;
		ssize_t n;

		with_long_ticket(&start, &peer, ends);
		peer_send(&peer, first_record(&peer));
		async_timeout (0.02)
			CHECK_INT(await_stream_read(ends[0], much, 1), -ETIMEDOUT);
		if (i)
			fault_inject("realloc", 1, ENOMEM);
		while ((n = await_stream_write(ends[0], much, sizeof much)) > 0)
			total += (size_t)n;
		CHECK_INT(n, i ? -ENOMEM : -EPROTO);
		CHECK_INT(total, i ? 0 : HELD_BYTES);
		CHECK_TEXT_HAS(async_error(),
			       i ? "no memory for" : "16777216 bytes wait for the rest");
		CHECK_INT(await_stream_read(ends[0], much, 1), n);
		ends_free(ends, &start, &peer);
	}
}

/* A server of ours, and a client by hand. */
static void with_client(struct start *start, struct peer *peer, async_stream *ends[2], int version)
{
	AWAIT_GROUP(group);

	*start = (struct start){ .tls = server_with(&server) };
	socket_ends(ends, NULL);
	start->stream = ends[0];
	peer_open(peer, ends[1], false);
	SSL_set_max_proto_version(peer->ssl, version);
	async_spawn(&group, start_one, start);
	peer_shake(peer);
	peer_send(peer, SIZE_MAX);
}

static int start_and_read(void *arg)
{
	struct start *start = arg;
	const char *line;

	start_one(start);
	CHECK_STR(start->text, "");
	CHECK_INT(await_stream_readline(start->stream, &line), 6);
	CHECK_INT(memcmp(line, "hello\n", 6), 0);
	CHECK_INT(await_stream_readline(start->stream, &line), 0);
	return 0;
}

/* Each byte on its own; the loop has a turn after each. */
static void peer_trickles(struct peer *peer)
{
	while (peer_send(peer, 1))
		await_sleep(0);
	await_sleep(0);
}

TEST_TASK_WITH(byte_by_byte, "S17", .deadline = 30)
{
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct start start = { .tls = server_with(&server) };
		async_stream *ends[2];
		struct peer peer;

		socket_ends(ends, NULL);
		start.stream = ends[0];
		peer_open(&peer, ends[1], false);
		SSL_set_max_proto_version(peer.ssl, version);
		{
			AWAIT_GROUP(group);

			async_spawn(&group, start_and_read, &start);
			while (SSL_do_handshake(peer.ssl) != 1) {
				peer_trickles(&peer);
				peer_receive(&peer);
			}
			SSL_write(peer.ssl, "hello\n", 6);
			SSL_shutdown(peer.ssl);
			/* What comes behind the end is nothing. */
			BIO_write(peer.out, "\x17\3\3\0\5abcde", 10);
			peer_trickles(&peer);
		}
		ends_free(ends, &start, &peer);
	}
}

TEST_TASK(the_end_is_the_end, "S20")
{
	struct start start;
	async_stream *ends[2];
	struct peer peer;
	char data[10];

	with_client(&start, &peer, ends, TLS1_3_VERSION);
	SSL_write(peer.ssl, "last", 4);
	SSL_shutdown(peer.ssl);
	BIO_write(peer.out, "no record", 9);
	peer_send(&peer, SIZE_MAX);
	CHECK_INT(await_stream_readexactly(ends[0], data, 4), 4);
	CHECK_INT(await_stream_read(ends[0], data, sizeof data), 0);
	CHECK_INT(await_stream_read(ends[0], data, sizeof data), 0);
	/* The other direction goes on (RFC 8446 6.1). */
	CHECK_INT(await_stream_write(ends[0], "answer", 6), 6);
	peer_reads(&peer, "answer");
	ends_free(ends, &start, &peer);
}

/* RFC 5746's way out: the peer is told no, and may go on. */
TEST_TASK(no_renegotiation, "S17")
{
	struct start start;
	async_stream *ends[2];
	struct peer peer;
	char data[10];

	with_client(&start, &peer, ends, TLS1_2_VERSION);
	CHECK_INT(SSL_renegotiate(peer.ssl), 1);
	CHECK(SSL_do_handshake(peer.ssl) <= 0);
	peer_send(&peer, SIZE_MAX);
	async_timeout (0.02)
		CHECK_INT(await_stream_read(ends[0], data, sizeof data), -ETIMEDOUT);
	CHECK_INT(await_stream_write(ends[0], "here", 4), 4);
	peer_receive(&peer);
	/* OpenSSL as a client takes it for the end. */
	CHECK(SSL_read(peer.ssl, data, sizeof data) <= 0);
	CHECK_INT(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
	ends_free(ends, &start, &peer);
}

/* A peer that asks for new keys all the time and reads nothing must not fill our memory. */
static ssize_t ask_for_keys(struct peer *peer, async_stream *ours, size_t data_bytes, size_t *most)
{
	static char data[10000];
	ssize_t n = 1;

	*most = 0;
	for (int i = 0; i < 100 && n > 0; i++) {
		const struct output *output = &ours->layer->inner.output;

		for (int j = 0; j < 50; j++) {
			SSL_key_update(peer->ssl, SSL_KEY_UPDATE_REQUESTED);
			SSL_write(peer->ssl, data, (int)data_bytes);
		}
		SSL_write(peer->ssl, "x", 1);
		peer_send(peer, SIZE_MAX);
		for (size_t got = 0; got < 50 * data_bytes + 1 && n > 0; got += (size_t)n)
			n = await_stream_read(ours, data,
					      50 * data_bytes + 1 - got < 5000 ?
						      50 * data_bytes + 1 - got :
						      5000);
		if (output->chunks.bytes > *most)
			*most = output->chunks.bytes;
	}
	return n;
}

TEST_TASK(endless_key_updates, "S17 S20")
{
	struct start start;
	async_stream *ends[2];
	struct peer peer;
	size_t most;

	with_client(&start, &peer, ends, TLS1_3_VERSION);
	CHECK_INT(ask_for_keys(&peer, ends[0], 1, &most), -EPROTO);
	CHECK_TEXT_HAS(async_error(), "the peer asks for new keys again and again");
	CHECK(most <= ANSWER_BYTES + 1000);
	ends_free(ends, &start, &peer);
}

/* In step with what it sends, it may. */
TEST_TASK(many_key_updates, "S17")
{
	struct start start;
	async_stream *ends[2];
	struct peer peer;
	size_t most;

	with_client(&start, &peer, ends, TLS1_3_VERSION);
	CHECK(ask_for_keys(&peer, ends[0], 500, &most) > 0);
	ends_free(ends, &start, &peer);
}
