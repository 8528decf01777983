/* SPDX-License-Identifier: MIT */
/* Streams and servers by name. */
#include <await.h>
#include <await/names.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "stream/streams.h"

TEST_TASK(a_server_listens_at_all_addresses_of_a_name, "G03 S01 S02 F04 G01")
{
	async_server *server =
		await_server_start(NULL, "localhost:0, localhost:0", echo_lines, NULL);
	async_stream *stream;
	char address[64];
	const char *line;
	size_t count = 0;

	CHECK(server);
	while (async_server_address(server, count)) {
		const char *port = strrchr(async_server_address(server, count++), ':');

		snprintf(address, sizeof address, "localhost%s", port);
		stream = await_connect_stream(address);
		CHECK_INT(await_stream_write(stream, "x\n", 2), 2);
		CHECK_INT(await_stream_readline(stream, &line), 2);
		CHECK_INT(await_stream_close(stream), 0);
	}
	CHECK(count >= 1);
	CHECK_INT(await_server_close(server, NULL), 0);
	CHECK(!await_connect_stream(address));
	CHECK_INT(async_error_code(), -ECONNREFUSED);
	CHECK_TEXT_HAS(async_error(), address);
}

TEST_TASK(a_name_that_is_none_has_its_text, "N01 N03 G01 G03")
{
	async_names_options nobody = {
		.servers = "127.0.0.1:1", .timeout = 0.05, .tries = 1, .use = ASYNC_NAMES_DNS
	};

	async_txt_records records;

	CHECK_INT(async_names_set(&nobody), 0);
	if (await_resolve_txt("no-such-host.invalid", &records) == -ENOTSUP &&
	    strcmp(async_backend_name(), "sim"))
		SKIP("built without c-ares: this would ask the machine's servers");
	CHECK(!await_server_start(NULL, "no-such-host.invalid:80", echo_lines, NULL));
	CHECK_TEXT_HAS(async_error(), "no-such-host.invalid");
	CHECK(!await_connect_stream("no-such-host.invalid:80"));
	CHECK_TEXT_HAS(async_error(), "no-such-host.invalid");
	CHECK(!await_connect_stream("no host:80"));
	CHECK(!await_connect_stream("localhost:no-such-service"));
	CHECK_TEXT_HAS(async_error(), "no-such-service");
}
