/* SPDX-License-Identifier: MIT */
/* What is known of a connection. */
#include <errno.h>
#include "tls/ends.h"

TEST_TASK(facts_of_a_client, "S21 S16 G07")
{
	async_tls_facts facts;
	struct start starts[2];
	time_t now = time(NULL);
	char print[65];

	tls_ends(starts);
	fingerprint_text(server.certificate, print);
	CHECK_INT(async_stream_tls(starts[0].stream, &facts), 0);
	CHECK_STR(facts.version, "TLSv1.3");
	CHECK_TEXT_HAS(facts.cipher, "TLS_");
	CHECK(!facts.alpn && !facts.resumed);
	CHECK_STR(facts.server_name, "localhost");
	CHECK_STR(facts.peer_subject, "CN=server, O=Tests");
	CHECK_STR(facts.peer_issuer, "CN=Test authority, O=Tests");
	CHECK_STR(facts.peer_names, "DNS:localhost, DNS:example.test, IP:127.0.0.1, IP:::1");
	CHECK_STR(facts.peer_fingerprint, print);
	CHECK(facts.peer_not_before < now && now < facts.peer_not_after);
	CHECK(facts.peer_not_after - facts.peer_not_before == 3 * 86400);
	close_both(starts);
}

TEST_TASK(facts_by_name, "S21 S16")
{
	struct start starts[2];
	static const char *const names[] = {
		"version",    "cipher",		  "server_name",     "peer_subject",  "peer_issuer",
		"peer_names", "peer_fingerprint", "peer_not_before", "peer_not_after"
	};
	char name[40];

	tls_ends(starts);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(name, sizeof name, "tls_%s", names[i]);
		CHECK(async_stream_fact(starts[0].stream, name) != NULL);
		/* The client has shown no certificate. */
		CHECK_INT(async_stream_fact(starts[1].stream, name) != NULL,
			  strncmp(names[i], "peer", 4) != 0);
	}
	CHECK_TEXT_HAS(async_stream_fact(starts[0].stream, "tls_peer_not_after"), " GMT");
	CHECK(!async_stream_fact(starts[0].stream, "tls_compression"));
	CHECK(!async_stream_fact(starts[0].stream, "compression"));
	CHECK_STR(async_stream_fact(starts[0].stream, "transport"), "tls");
	CHECK(async_stream_ssl(starts[0].stream) != NULL);
	close_both(starts);
}

TEST_TASK(without_tls_there_are_none, "S21")
{
	async_stream *ends[2];
	async_tls_facts facts;

	socket_ends(ends, NULL);
	CHECK_INT(async_stream_tls(ends[0], &facts), -ENOTCONN);
	CHECK_TEXT_HAS(async_error(), "has no TLS");
	CHECK_INT(async_stream_tls(NULL, &facts), -ENOTCONN);
	CHECK(!async_stream_ssl(ends[0]) && !async_stream_ssl(NULL));
	CHECK(!async_stream_fact(ends[0], "tls_version"));
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
}

TEST(what_a_hello_looks_like, "S17")
{
	CHECK(async_tls_is_hello("\x16\x03\x01\x02\x00\x01", 6));
	CHECK(async_tls_is_hello("\x16\x03\x01", 3));
	CHECK(!async_tls_is_hello("\x16\x03\x01\x02\x00\x02", 6));
	CHECK(!async_tls_is_hello("\x16\x03", 2));
	CHECK(!async_tls_is_hello("GET / HTTP/1.1", 14));
	CHECK(!async_tls_is_hello("\x15\x03\x01", 3));
	CHECK(!async_tls_is_hello("\x16\x02\x01", 3));
}
