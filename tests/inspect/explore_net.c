/* SPDX-License-Identifier: MIT */
/* Every call of await/net.h that waits, under the cancellation explorer: no descriptor is lost, nobody waits for
 * ever. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "inspect/explore.h"

/* ---- A server that echoes, as servers are written ---- */

static int echo_client(void *arg)
{
	int fd = async_int(arg);
	char data[64];
	ssize_t n;

	while ((n = await_recv(fd, data, sizeof data)) > 0)
		if (await_sendall(fd, data, (size_t)n) < 0)
			break;
	async_close(fd);
	return n < 0 && n != -ECONNRESET ? (int)n : 0;
}

/* Owns the listener: once nobody accepts any more, those who knock must hear of it. */
static int echo_server(void *arg)
{
	AWAIT_GROUP(clients, ASYNC_ISOLATED);
	int listener = async_int(arg), fd;

	while ((fd = await_accept(listener)) >= 0)
		if (async_spawn(&clients, echo_client, ASYNC_INT(fd)))
			async_close(fd);
	async_close(listener);
	return fd;
}

/* Whatever the client does, the server ends with it. */
static int beside_server(int listener, int (*client)(int fd), int (*connect)(void))
{
	AWAIT_GROUP(group);
	int fd, error;

	if (listener < 0)
		return listener;
	if (async_spawn(&group, echo_server, ASYNC_INT(listener)))
		async_close(listener);
	fd = connect();
	error = fd < 0 ? fd : client(fd);
	if (fd >= 0)
		async_close(fd);
	async_group_cancel(&group);
	await_group(&group);
	return error;
}

static int connect_tcp(void)
{
	return await_tcp_connect("127.0.0.1:4000");
}

static int beside_tcp_server(int (*client)(int fd))
{
	return beside_server(await_tcp_listen("127.0.0.1:4000"), client, connect_tcp);
}

static int get_back(int fd, size_t wanted)
{
	char data[64];

	while (wanted) {
		ssize_t n = await_recv(fd, data, sizeof data);

		if (n <= 0)
			return n ? (int)n : -EPIPE;
		wanted -= (size_t)n;
	}
	return 0;
}

/* ---- Streams ---- */

static int client_sendall(int fd)
{
	for (int i = 0; i < 3; i++) {
		ssize_t n = await_sendall(fd, "hello, world", 12);
		int error = n < 0 ? (int)n : get_back(fd, 12);

		if (error)
			return error;
	}
	async_shutdown(fd, SHUT_WR);
	return get_back(fd, 1) == -EPIPE ? 0 : -EIO;
}

static int scenario_accept(void *arg)
{
	(void)arg;
	return beside_tcp_server(client_sendall);
}

TEST_WITH(explore_accept_connect_recv_sendall, "F01 F02 F03 F04 F07 X13", .backends = BACKEND_SIM)
{
	explore(scenario_accept, NULL);
}

static int client_send_read(int fd)
{
	char data[8];
	ssize_t n = await_send(fd, "abcd", 4), m;

	if (n < 0)
		return (int)n;
	m = await_write(fd, "efgh", 4);
	if (m < 0)
		return (int)m;
	for (n += m; n > 0; n -= m) {
		m = await_read(fd, data, sizeof data);
		if (m <= 0)
			return m ? (int)m : -EPIPE;
	}
	return 0;
}

static int scenario_send_read(void *arg)
{
	(void)arg;
	return beside_tcp_server(client_send_read);
}

TEST_WITH(explore_send_read_write, "F01 F02 F07 X13", .backends = BACKEND_SIM)
{
	explore(scenario_send_read, NULL);
}

static int client_vectors(int fd)
{
	char data[8] = "abcdefg";
	struct iovec parts[2] = { { data, 3 }, { data + 3, 5 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n = await_writev(fd, parts, 2), m;

	if (n < 0)
		return (int)n;
	m = await_sendmsg(fd, &message, 0);
	if (m < 0)
		return (int)m;
	for (n += m; n > 0; n -= m) {
		m = n % 2 ? await_readv(fd, parts, 2) : await_recvmsg(fd, &message, 0);
		if (m <= 0)
			return m ? (int)m : -EPIPE;
	}
	return 0;
}

static int scenario_vectors(void *arg)
{
	(void)arg;
	return beside_tcp_server(client_vectors);
}

TEST_WITH(explore_vectors_and_messages, "F01 F02 F07 X13", .backends = BACKEND_SIM)
{
	explore(scenario_vectors, NULL);
}

static int client_poll(int fd)
{
	int events = await_poll(fd, POLLOUT);
	ssize_t n;

	if (events < 0)
		return events;
	n = await_send(fd, "x", 1);
	events = n < 0 ? (int)n : await_poll(fd, POLLIN);
	return events < 0 ? events : get_back(fd, 1);
}

static int scenario_poll(void *arg)
{
	(void)arg;
	return beside_tcp_server(client_poll);
}

TEST_WITH(explore_poll, "F07 F08 X13", .backends = BACKEND_SIM)
{
	explore(scenario_poll, NULL);
}

static int connect_unix(void)
{
	return await_unix_connect("/run/simulated.sock");
}

static int scenario_unix(void *arg)
{
	(void)arg;
	return beside_server(await_unix_listen("/run/simulated.sock"), client_sendall, connect_unix);
}

TEST_WITH(explore_unix, "F03 F04 G06 X13", .backends = BACKEND_SIM)
{
	explore(scenario_unix, NULL);
	CHECK(access("/run/simulated.sock", F_OK) != 0);
}

static int client_sendfile(int fd)
{
	int file = memfd_create("file", MFD_CLOEXEC), error;
	off_t offset = 100;
	ssize_t n;

	CHECK_INT(ftruncate(file, 1100), 0);
	n = await_sendfile(fd, file, &offset, 0);
	error = n < 0 ? (int)n : get_back(fd, 1000);
	if (!error)
		CHECK_INT(offset, 1100);
	async_close(file);
	return error;
}

static int scenario_sendfile(void *arg)
{
	(void)arg;
	return beside_tcp_server(client_sendfile);
}

TEST_WITH(explore_sendfile, "F06 X13", .backends = BACKEND_SIM)
{
	explore(scenario_sendfile, NULL);
}

static int client_with_back_pressure(int fd)
{
	static char data[200];
	async_sim_options small = { .buffer_bytes = 50, .latency_max = 0.1 };
	ssize_t n;

	async_sim_set(&small);
	n = await_sendall(fd, data, 90);
	return n < 0 ? (int)n : get_back(fd, 90);
}

static int scenario_back_pressure(void *arg)
{
	(void)arg;
	return beside_tcp_server(client_with_back_pressure);
}

TEST_WITH(explore_a_sender_that_waits, "F02 F07 X13", .backends = BACKEND_SIM)
{
	explore(scenario_back_pressure, NULL);
}

/* ---- Datagrams, pipes, watches ---- */

static int sends_datagrams(void *arg)
{
	struct sockaddr_storage to;
	socklen_t length;
	int fd = await_udp_bind("127.0.0.1:0"), error = 0;

	(void)arg;
	if (fd < 0)
		return fd;
	CHECK_INT(async_address_parse("127.0.0.1:5000", &to, &length), 0);
	for (int i = 0; i < 3 && error >= 0; i++) {
		error = (int)await_sendto(fd, "datagram", 8, 0, (struct sockaddr *)&to, length);
		if (error >= 0)
			error = await_sleep(0.01);
	}
	async_close(fd);
	return error;
}

static int scenario_datagrams(void *arg)
{
	AWAIT_GROUP(group);
	int fd = await_udp_bind("127.0.0.1:5000"), came = 0;
	char data[16];

	(void)arg;
	if (fd < 0)
		return fd;
	async_spawn(&group, sends_datagrams, NULL);
	async_timeout (10)
		while (came < 3 && await_recvfrom(fd, data, sizeof data, 0, NULL, NULL) == 8)
			came++;
	async_close(fd);
	return await_group(&group);
}

TEST_WITH(explore_datagrams, "F05 F07 X13", .backends = BACKEND_SIM)
{
	explore(scenario_datagrams, NULL);
}

static int fills_unix_datagrams(void *arg)
{
	int fd = async_int(arg), error = 0;
	static char data[30000];

	for (int i = 0; i < 4 && error >= 0; i++)
		error = (int)await_send(fd, data, sizeof data);
	async_close(fd);
	return error;
}

static int scenario_unix_datagrams(void *arg)
{
	AWAIT_GROUP(group);
	static char data[30000];
	int fds[2];

	(void)arg;
	CHECK_INT(async_socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	async_spawn(&group, fills_unix_datagrams, ASYNC_INT(fds[0]));
	async_timeout (10)
		while (await_recv(fds[1], data, sizeof data) > 0)
			continue;
	async_close(fds[1]);
	return await_group(&group);
}

TEST_WITH(explore_unix_datagrams, "F05 F07 X13", .backends = BACKEND_SIM)
{
	explore(scenario_unix_datagrams, NULL);
}

static int writes_pipe(void *arg)
{
	int fd = async_int(arg), error = await_sleep(0.1);

	if (!error)
		error = (int)await_write(fd, "pipe", 4);
	async_close(fd);
	return excused(error);
}

static int scenario_pipe(void *arg)
{
	AWAIT_GROUP(group);
	char data[8];
	int fds[2];

	(void)arg;
	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	async_spawn(&group, writes_pipe, ASYNC_INT(fds[1]));
	while (await_read(fds[0], data, sizeof data) > 0)
		continue;
	async_close(fds[0]);
	return await_group(&group);
}

TEST_WITH(explore_real_pipe, "F07 X13", .backends = BACKEND_SIM)
{
	explore(scenario_pipe, NULL);
}

static async_event readable;

static void on_readable(int fd, int events, void *arg)
{
	(void)arg;
	CHECK(fd >= 0 && events & POLLIN);
	async_event_set(&readable);
}

static int scenario_watch(void *arg)
{
	async_watcher watcher;
	int fds[2], error;

	(void)arg;
	readable = (async_event)ASYNC_EVENT;
	CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_INT(async_watch(&watcher, fds[0], POLLIN, on_readable, NULL), 0);
	error = await_sleep(1);
	if (!error)
		error = (int)await_send(fds[1], "x", 1);
	if (error > 0)
		error = await_event(&readable);
	async_unwatch(&watcher);
	async_close(fds[0]);
	async_close(fds[1]);
	return excused(error);
}

TEST_WITH(explore_watch, "F08 X13", .backends = BACKEND_SIM)
{
	explore(scenario_watch, NULL);
}
