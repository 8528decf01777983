/* SPDX-License-Identifier: MIT */
/* Servers: accepting, limits, closing step by step. */
#include <await.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"
#include "streams.h"

static async_stream *connect_to(async_server *server)
{
	return await_connect_stream(async_server_address(server, 0));
}

static void check_echo(async_stream *stream, const char *line)
{
	const char *answer = NULL;
	ssize_t size = (ssize_t)strlen(line);

	CHECK_INT(await_stream_write(stream, line, (size_t)size), size);
	CHECK_INT(await_stream_readline(stream, &answer), size);
	CHECK(answer && !memcmp(answer, line, (size_t)size));
}

TEST_TASK(a_server_answers_every_client, "Z15 Z16 Z17 S01 S02 G03 G04")
{
	async_server *server = await_server_start(NULL, "127.0.0.1:0", echo_lines, NULL);
	async_stream *clients[20];
	async_server_closed how;

	CHECK(async_server_is_serving(server));
	CHECK(async_server_descriptor(server, 0) >= 0);
	CHECK(!async_server_address(server, 1));
	CHECK_INT(async_server_descriptor(server, 1), -1);
	for (int i = 0; i < 20; i++)
		clients[i] = connect_to(server);
	for (int i = 0; i < 20; i++)
		check_echo(clients[i], "hello\n");
	CHECK_INT(async_server_connections(server), 20);
	for (int i = 0; i < 10; i++)
		CHECK_INT(await_stream_close(clients[i]), 0);
	await_sleep(0.02);
	CHECK_INT(async_server_connections(server), 10);
	CHECK_INT(await_server_close(server, &how), 0);
	CHECK_INT(how.ended, 10);
	CHECK_INT(how.cancelled + how.aborted, 0);
	for (int i = 10; i < 20; i++) {
		const char *line;

		CHECK_INT(await_stream_readline(clients[i], &line), 0);
		CHECK_INT(await_stream_close(clients[i]), 0);
	}
}

TEST_TASK(several_addresses_at_once, "G03 S03 G06")
{
	char *folder = strdup("/tmp/await-server-XXXXXX"), address[300], path[100];
	async_server *server;
	async_stream *stream;
	struct stat status;

	CHECK(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/socket", folder);
	snprintf(address, sizeof address, "127.0.0.1:0, [::1]:0,unix:%s", path);
	server = await_server_start(&(async_server_options){ .unix_mode = 0600 }, address,
				    echo_lines, NULL);
	if (!server && async_error_code() == -EADDRNOTAVAIL)
		SKIP("no IPv6 here");
	CHECK(server);
	CHECK(!strncmp(async_server_address(server, 0), "127.0.0.1:", 10));
	CHECK(!strncmp(async_server_address(server, 1), "[::1]:", 6));
	CHECK(!strncmp(async_server_address(server, 2), "unix:/tmp/", 10));
	for (size_t i = 0; i < 3; i++) {
		stream = await_connect_stream(async_server_address(server, i));
		check_echo(stream, "x\n");
		await_stream_close(stream);
	}
	if (strcmp(async_backend_name(), "sim")) {
		CHECK_INT(stat(path, &status), 0);
		CHECK_INT(status.st_mode & 0777, 0600);
	}
	await_server_close(server, NULL);
	CHECK(stat(path, &status) && errno == ENOENT);
	rmdir(folder);
	free(folder);
}

TEST_TASK_WITH(a_stale_path_is_replaced_and_a_live_one_is_not, "G06 S03", .backends = REAL_BACKENDS)
{
	char folder[] = "/tmp/await-server-XXXXXX", address[100];
	async_server *first, *second;
	struct stat status;
	int fd;

	CHECK(mkdtemp(folder));
	snprintf(address, sizeof address, "unix:%s/socket", folder);
	fd = await_unix_listen(address);
	async_close(fd); /* its path stays */
	first = await_server_start(NULL, address, echo_lines, NULL);
	CHECK(first);
	second = await_server_start(NULL, address, echo_lines, NULL);
	CHECK(!second);
	CHECK_INT(async_error_code(), -EADDRINUSE);
	CHECK_TEXT_HAS(async_error(), address);
	/* Somebody else's by now: it is left alone. */
	CHECK_INT(unlink(address + 5), 0);
	fd = await_unix_listen(address);
	await_server_close(first, NULL);
	CHECK_INT(stat(address + 5, &status), 0);
	async_close(fd);
	unlink(address + 5);
	rmdir(folder);
}

TEST_TASK(a_bad_address_or_option_has_its_text, "G03 N03")
{
	static const struct {
		const char *address, *text;
		async_server_options options;
	} cases[] = {
		{ "localhost", "write HOST:PORT", { .backlog = 0 } },
		{ "127.0.0.1:0,127.0.0.1:99999", "no port number", { .backlog = 0 } },
		{ "fd:x", "a descriptor's number must follow fd:", { .backlog = 0 } },
		{ "fd:999", "descriptor 999: Bad file descriptor (EBADF)", { .backlog = 0 } },
		{ "activation:",
		  "no sockets were passed to this process (LISTEN_PID is not set",
		  { .backlog = 0 } },
		{ ":0", "backlog (-1) must not be negative", { .backlog = -1 } },
		{ ":0", "grace_seconds (-1)", { .grace_seconds = -1 } },
		{ ":0",
		  "write_low (2) is above write_high (1)",
		  { .stream = { .write_high = 1, .write_low = 2 } } },
	};

	unsetenv("LISTEN_PID");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK(!await_server_start(&cases[i].options, cases[i].address, echo_lines, NULL));
		CHECK_TEXT_HAS(async_error(), cases[i].text);
	}
	CHECK(!await_server_start(NULL, NULL, echo_lines, NULL));
	CHECK_INT(await_serve("127.0.0.1:70000", echo_lines, NULL), -EINVAL);
}

TEST_TASK(at_its_limit_a_server_stops_accepting_and_recovers, "G05 S02")
{
	async_server_options options = { .max_connections = 2 };

	for (int sockets = 1; sockets <= 2; sockets++) {
		async_server *server;
		char two[80];

		snprintf(two, sizeof two, "127.0.0.1:0,unix:@await-limit-%d", getpid());
		server = await_server_start(&options, sockets == 1 ? "127.0.0.1:0" : two,
					    echo_lines, NULL);
		async_stream *clients[3];
		const char *line;

		CHECK(server);
		for (int i = 0; i < 2; i++) {
			clients[i] = connect_to(server);
			check_echo(clients[i], "x\n");
		}
		/* The kernel connects it; nobody answers. */
		clients[2] = connect_to(server);
		CHECK_INT(await_stream_write(clients[2], "wait\n", 5), 5);
		async_timeout (0.05)
			CHECK_INT(await_stream_readline(clients[2], &line), -ETIMEDOUT);
		CHECK_INT(async_server_connections(server), 2);
		await_stream_close(clients[0]);
		CHECK_INT(await_stream_readline(clients[2], &line), 5);
		await_stream_close(clients[1]);
		await_stream_close(clients[2]);
		CHECK_INT(await_server_close(server, NULL), 0);
	}
}

static char told[4000];

static void note_report(const async_report *report, void *arg)
{
	(void)arg;
	strncat(told, report->text, sizeof told - strlen(told) - 2);
	strcat(told, "\n");
}

static int run_out(void *arg)
{
	async_server *server = await_server_start(NULL, "127.0.0.1:0", echo_lines, NULL);
	async_stream *client;
	double begun;

	(void)arg;
	await_sleep(0);
	fault_inject_from("accept4", 1, EMFILE);
	client = connect_to(server);
	begun = async_now();
	await_sleep(0.5);
	CHECK_INT(async_server_connections(server), 0);
	CHECK(fault_count("accept4") <= 3); /* no spin */
	fault_clear();
	check_echo(client, "x\n");
	CHECK(async_now() - begun < 3);
	await_stream_close(client);
	return await_server_close(server, NULL);
}

TEST_WITH(out_of_descriptors_it_pauses_and_says_so_once, "G05", .backends = BACKEND_EPOLL,
	  .deadline = 20)
{
	async_options options = { .report = note_report };

	CHECK_INT(async_run_with(&options, run_out, NULL), 0);
	CHECK_TEXT_HAS(told, "accepting stops for 1 s at a time");
	CHECK_TEXT_HAS(told, "EMFILE");
	CHECK(!strstr(strstr(told, "EMFILE") + 1, "EMFILE"));
}

static int fail(async_stream *stream, void *arg)
{
	(void)stream, (void)arg;
	return async_fail(-EPROTO, "the handler's own failure");
}

static int run_failing(void *arg)
{
	async_server *server = await_server_start(NULL, "127.0.0.1:0", fail, NULL);
	async_stream *client = connect_to(server);
	const char *line;

	(void)arg;
	CHECK_INT(await_stream_readline(client, &line), 0);
	await_stream_close(client);
	return await_server_close(server, NULL);
}

TEST(a_failing_handler_is_told_and_its_connection_closed, "S02 G12")
{
	async_options options = { .report = note_report };

	CHECK_INT(async_run_with(&options, run_failing, NULL), 0);
	CHECK_TEXT_HAS(told, "fail-");
	CHECK_TEXT_HAS(told, "the handler's own failure: Protocol error (EPROTO)");
}

/* Answers after a while, whatever happens meanwhile. */
static int slow(async_stream *stream, void *seconds)
{
	const char *line;
	ssize_t n;

	while ((n = await_stream_readline(stream, &line)) > 0) {
		char copy[100];

		memcpy(copy, line, (size_t)n);
		if (await_sleep(*(double *)seconds))
			return -ECANCELED;
		await_stream_write(stream, copy, (size_t)n);
	}
	return (int)n;
}

TEST_TASK(closing_lets_work_end_and_idle_ones_go_at_once, "G04 S02 S15")
{
	double seconds = 0.2;
	async_server *server = await_server_start(NULL, "127.0.0.1:0", slow, &seconds);
	async_stream *idle = connect_to(server), *busy = connect_to(server);
	async_server_closed how;
	const char *line;

	CHECK_INT(await_stream_write(busy, "work\n", 5), 5);
	await_sleep(0.05);
	CHECK_INT(await_server_close(server, &how), 0);
	CHECK(how.seconds >= 0.1);
	CHECK_INT(how.ended, 2);
	CHECK_INT(await_stream_readline(busy, &line), 5);
	CHECK_INT(await_stream_readline(busy, &line), 0);
	CHECK_INT(await_stream_readline(idle, &line), 0);
	await_stream_close(idle);
	await_stream_close(busy);
}

static int stubborn(async_stream *stream, void *arg)
{
	char byte;

	(void)arg;
	async_shield (INFINITY)
		byte = (char)await_stream_readexactly(stream, &byte, 1);
	return byte;
}

/* Peers that have sent half of something; one handler can be cancelled, one shields itself. */
static int run_close(void *arg)
{
	async_server_options options = { .grace_seconds = 0.05, .cancel_seconds = 0.05 };
	double seconds = 100;
	async_server *cancelled = await_server_start(&options, "127.0.0.1:0", slow, &seconds),
		     *cut = await_server_start(&options, "127.0.0.1:0", arg, NULL);
	async_stream *first = connect_to(cancelled), *second = connect_to(cut);
	async_server_closed how;

	CHECK_INT(await_stream_write(first, "work\n", 5), 5);
	await_sleep(0.02);
	CHECK_INT(await_server_close(cancelled, &how), -ETIMEDOUT);
	CHECK_TEXT_HAS(async_error(), "1 connections were cancelled and 0 cut off");
	CHECK_INT(how.cancelled, 1);
	async_server_stop(cut);
	CHECK(!async_server_is_serving(cut));
	CHECK_INT(await_server_close(cut, &how), 0);
	CHECK_INT(how.ended, 1);
	await_stream_close(first);
	await_stream_close(second);
	return 0;
}

TEST(closing_takes_its_steps_and_tells_them, "G04")
{
	async_options options = { .report = note_report };

	CHECK_INT(async_run_with(&options, run_close, stubborn), 0);
	CHECK_TEXT_HAS(told, "is cancelled, after 0.05 s (server option `grace_seconds`)");
}

static int deaf(async_stream *stream, void *arg)
{
	char data[4];

	(void)arg;
	await_stream_read(stream, data, 4);
	async_shield (INFINITY)
		arg = ASYNC_INT(await_stream_readexactly(stream, data, 4));
	return async_int(arg);
}

static int run_cut(void *arg)
{
	async_server_options options = { .grace_seconds = 0.03, .cancel_seconds = 0.03 };
	async_server *server = await_server_start(&options, "127.0.0.1:0", deaf, NULL);
	async_stream *client = connect_to(server);
	async_server_closed how;
	char data[4];

	(void)arg;
	CHECK_INT(await_stream_write(client, "12345", 5), 5);
	await_sleep(0.02);
	CHECK_INT(await_server_close(server, &how), -ETIMEDOUT);
	CHECK_INT(how.aborted, 1);
	CHECK(await_stream_read(client, data, 4) <= 0);
	await_stream_close(client);
	return 0;
}

TEST(whoever_ignores_a_cancel_loses_the_descriptor, "G04")
{
	async_options options = { .report = note_report };

	CHECK_INT(async_run_with(&options, run_cut, NULL), 0);
	CHECK_TEXT_HAS(told, "is cut off, after 0.03 s (server option `cancel_seconds`)");
}

TEST_TASK(stopping_keeps_clients, "G04")
{
	async_server *server = await_server_start(NULL, "127.0.0.1:0", echo_lines, NULL);
	async_stream *client = connect_to(server);
	char address[64];

	snprintf(address, sizeof address, "%s", async_server_address(server, 0));
	check_echo(client, "before\n");
	async_server_stop(server);
	async_server_stop(server);
	CHECK(!await_connect_stream(address));
	CHECK_INT(async_error_code(), -ECONNREFUSED);
	check_echo(client, "after\n");
	async_timeout (0.02)
		CHECK_INT(await_server_wait(server), -ETIMEDOUT);
	await_stream_close(client);
	CHECK_INT(await_server_wait(server), 0);
	CHECK_INT(await_server_close(server, NULL), 0);
}

TEST_TASK(paused_it_listens_without_accepting, "G04")
{
	async_server_options options = { .paused = true };
	async_server *server = await_server_start(&options, "127.0.0.1:0", echo_lines, NULL);
	async_stream *client = connect_to(server);

	await_sleep(0.02);
	CHECK_INT(async_server_connections(server), 0);
	async_server_resume(server);
	check_echo(client, "x\n");
	async_server_pause(server);
	check_echo(client, "y\n");
	await_stream_close(client);
	await_server_close(server, NULL);
}

TEST_TASK(clients_can_be_cancelled_or_cut_off, "G04")
{
	async_server *server = await_server_start(NULL, "127.0.0.1:0", echo_lines, NULL);
	async_stream *client = connect_to(server);
	char byte;

	check_echo(client, "x\n");
	async_server_cancel_clients(server);
	CHECK_INT(await_stream_read(client, &byte, 1), 0);
	await_stream_close(client);
	client = connect_to(server);
	check_echo(client, "x\n");
	async_server_abort_clients(server);
	CHECK(await_stream_read(client, &byte, 1) <= 0);
	await_stream_close(client);
	await_server_close(server, NULL);
}

TEST_TASK(a_connection_accepted_elsewhere_is_adopted, "F09")
{
	async_server *server = await_server_start(&(async_server_options){ .paused = true },
						  "127.0.0.1:0", echo_lines, NULL);
	async_stream *client;
	int fds[2];

	CHECK(tcp_ends(fds));
	CHECK_INT(async_server_adopt(server, fds[1]), 0);
	CHECK_INT(async_server_adopt(server, -EMFILE), -EMFILE);
	client = async_stream_open(fds[0], NULL);
	check_echo(client, "adopted\n");
	await_stream_close(client);
	async_server_stop(server);
	CHECK_INT(async_server_adopt(server, 0), -ESHUTDOWN);
	await_server_close(server, NULL);
}

TEST_TASK_WITH(sockets_may_be_inherited_or_passed, "F09 X22 G03", .backends = REAL_BACKENDS)
{
	int listener = await_tcp_listen("127.0.0.1:0"), others[2];
	char address[32];
	async_server *server;
	async_stream *client;

	snprintf(address, sizeof address, "fd:%d", listener);
	server = await_server_start(NULL, address, echo_lines, NULL);
	client = connect_to(server);
	check_echo(client, "inherited\n");
	await_stream_close(client);
	await_server_close(server, NULL);
	CHECK(tcp_ends(others));
	snprintf(address, sizeof address, "fd:%d", others[0]);
	CHECK(!await_server_start(NULL, address, echo_lines, NULL));
	CHECK_TEXT_HAS(async_error(), "does not listen");
	async_close(others[0]);
	async_close(others[1]);
}

static int serve_passed(void *arg)
{
	async_server *server = await_server_start(NULL, "activation:", echo_lines, NULL);
	async_stream *client = connect_to(server);

	(void)arg;
	check_echo(client, "passed\n");
	await_stream_close(client);
	setenv("LISTEN_PID", "1", 1); /* somebody else's */
	CHECK(!await_server_start(NULL, "activation:", echo_lines, NULL));
	CHECK_TEXT_HAS(async_error(), "LISTEN_PID is 1");
	return await_server_close(server, NULL);
}

/* What a service manager does: descriptors from 3 on, before there is any other. The environment
 * grows, and stays. */
TEST_WITH(a_service_manager_passes_sockets, "F09 X22", .backends = REAL_BACKENDS, .may_leak = 1)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	char pid[16];

	CHECK_INT(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	CHECK_INT(listen(listener, 5), 0);
	if (listener != 3) {
		CHECK(fcntl(3, F_GETFD) < 0);
		CHECK_INT(dup2(listener, 3), 3);
		close(listener);
	}
	snprintf(pid, sizeof pid, "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	CHECK_INT(async_run(serve_passed, NULL), 0);
}
