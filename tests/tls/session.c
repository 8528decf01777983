/* SPDX-License-Identifier: MIT */
/* Sessions that go on, and those that must not. */
#include <errno.h>
#include "tls/ends.h"

/* A connection; whether it went on with an earlier session. */
static bool resumed(async_tls *client_tls, async_tls *server_tls, const char *host)
{
	struct start starts[2];
	const char *line;
	bool both;

	tls_keep(client_tls);
	tls_keep(server_tls);
	try_tls(client_tls, server_tls, host, starts);
	CHECK_STR(starts[0].text, "");
	/* Tickets come with the first read. */
	CHECK_INT(await_stream_write(starts[1].stream, "x\n", 2), 2);
	CHECK_INT(await_stream_readline(starts[0].stream, &line), 2);
	both = async_stream_fact(starts[0].stream, "tls_resumed") != NULL;
	CHECK_INT(both, async_stream_fact(starts[1].stream, "tls_resumed") != NULL);
	/* The facts are as of the first time. */
	CHECK_STR(async_stream_fact(starts[0].stream, "tls_peer_subject"), "CN=server, O=Tests");
	close_both(starts);
	return both;
}

TEST_TASK(a_session_goes_on, "S17")
{
	for (int version = ASYNC_TLS_1_2; version <= ASYNC_TLS_1_3; version++) {
		async_tls_options options = { .ca = authority.pem, .max_version = version };
		async_tls *client_tls = async_tls_client(&options);
		async_tls *server_tls = server_with(&server);

		CHECK(!resumed(client_tls, server_tls, "localhost"));
		for (int i = 0; i < 5; i++)
			CHECK(resumed(client_tls, server_tls, "localhost"));
		/* Another name was not verified with that session. */
		CHECK(!resumed(client_tls, server_tls, "example.test"));
		/* A server with the same keys under a renewed certificate. */
		CHECK_INT(async_tls_reload(server_tls), 0);
		CHECK(resumed(client_tls, server_tls, "localhost"));
		/* Trust was read anew: everybody is verified again. */
		CHECK_INT(async_tls_reload(client_tls), 0);
		CHECK(!resumed(client_tls, server_tls, "localhost"));
		async_tls_free(client_tls);
		async_tls_free(server_tls);
	}
}

/* A ticket that comes late is of a connection that was verified before the reload. */
TEST_TASK(a_ticket_from_before_a_reload, "S17")
{
	async_tls *client_tls = client_with(&authority), *server_tls = server_with(&server);
	struct start starts[2];
	const char *line;

	tls_keep(client_tls);
	tls_keep(server_tls);
	try_tls(client_tls, server_tls, "localhost", starts);
	CHECK_INT(async_tls_reload(client_tls), 0);
	CHECK_INT(await_stream_write(starts[1].stream, "x\n", 2), 2);
	CHECK_INT(await_stream_readline(starts[0].stream, &line), 2);
	CHECK_INT(client_tls->session_count, 0);
	close_both(starts);
	CHECK(!resumed(client_tls, server_tls, "localhost"));
	CHECK(resumed(client_tls, server_tls, "localhost"));
	async_tls_free(client_tls);
	async_tls_free(server_tls);
}

TEST_TASK(a_server_that_began_anew, "S17")
{
	async_tls *client_tls = client_with(&authority), *server_tls = server_with(&server);

	CHECK(!resumed(client_tls, server_tls, "localhost"));
	async_tls_free(server_tls);
	server_tls = server_with(&server);
	CHECK(!resumed(client_tls, server_tls, "localhost"));
	CHECK(resumed(client_tls, server_tls, "localhost"));
	async_tls_free(client_tls);
	async_tls_free(server_tls);
}

/* Whom to trust may have changed: those who show a certificate show it again. */
TEST_TASK(a_server_that_asks_for_certificates, "S17")
{
	async_tls_options client_options = { .ca = authority.pem,
					     .identity = { .certificate = client.pem,
							   .key = client.key_pem } };
	async_tls_options server_options = { .ca = authority.pem,
					     .client_certificates = ASYNC_TLS_REQUIRED,
					     .identity = { .certificate = server.pem,
							   .key = server.key_pem } };
	async_tls *client_tls = async_tls_client(&client_options);
	async_tls *server_tls = async_tls_server(&server_options);

	CHECK(!resumed(client_tls, server_tls, "localhost"));
	CHECK(resumed(client_tls, server_tls, "localhost"));
	CHECK_INT(async_tls_reload(server_tls), 0);
	CHECK(!resumed(client_tls, server_tls, "localhost"));
	async_tls_free(client_tls);
	async_tls_free(server_tls);
}

TEST_TASK(switched_off, "S17")
{
	for (int side = 0; side < 2; side++) {
		async_tls_options client_options = { .ca = authority.pem,
						     .no_resumption = side == 0 };
		async_tls_options server_options = { .identity = { .certificate = server.pem,
								   .key = server.key_pem },
						     .no_resumption = side == 1 };
		async_tls *client_tls = async_tls_client(&client_options);
		async_tls *server_tls = async_tls_server(&server_options);

		for (int i = 0; i < 3; i++)
			CHECK(!resumed(client_tls, server_tls, "localhost"));
		async_tls_free(client_tls);
		async_tls_free(server_tls);
	}
}

TEST_TASK(who_was_refused_is_verified_again, "S17")
{
	async_tls *client_tls = client_with(&authority);
	struct start starts[2];

	for (int i = 0; i < 2; i++) {
		tls_keep(client_tls);
		try_tls(client_tls, server_with(&expired), "localhost", starts);
		CHECK_INT(starts[0].result, -EKEYEXPIRED);
		close_both(starts);
	}
	async_tls_free(client_tls);
}

TEST_TASK_WITH(only_so_many_are_kept, "S17", .deadline = 30)
{
	static const async_tls_options options = { .insecure = true };
	async_tls *client_tls = async_tls_client(&options), *server_tls = server_with(&server);
	char host[32];

	for (int i = 0; i < 40; i++) {
		snprintf(host, sizeof host, "host%d.test", i);
		CHECK(!resumed(client_tls, server_tls, host));
	}
	CHECK(client_tls->session_count <= SESSIONS_KEPT);
	CHECK(resumed(client_tls, server_tls, "host39.test"));
	CHECK(!resumed(client_tls, server_tls, "host0.test"));
	async_tls_free(client_tls);
	async_tls_free(server_tls);
}
