/* SPDX-License-Identifier: MIT */
/* Descriptors and credentials over unix sockets. */
#include <await.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "harness.h"

TEST_TASK_WITH(descriptors_travel, "X22", .backends = REAL_BACKENDS)
{
	int fds[2], pipes[2], got[4];
	size_t count = 4;
	char data[8];

	CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_INT(pipe(pipes), 0);
	CHECK_INT(await_send_fds(fds[0], "two", 3, pipes, 2), 3);
	CHECK_INT(await_recv_fds(fds[1], data, sizeof data, got, &count), 3);
	CHECK_INT(count, 2);
	CHECK(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
	close(pipes[0]);
	close(pipes[1]);
	CHECK_INT(write(got[1], "hi", 2), 2);
	CHECK_INT(read(got[0], data, 8), 2);
	/* Plain data without any. */
	CHECK_INT(await_send_fds(fds[0], "x", 1, NULL, 0), 1);
	count = 4;
	CHECK_INT(await_recv_fds(fds[1], data, sizeof data, got + 2, &count), 1);
	CHECK_INT(count, 0);
	/* Too many for the room: none stays open. */
	CHECK_INT(await_send_fds(fds[0], "y", 1, got, 2), 1);
	count = 1;
	CHECK_INT(await_recv_fds(fds[1], data, sizeof data, got + 2, &count), -EMSGSIZE);
	CHECK_INT(count, 0);
	CHECK_TEXT_HAS(async_error(), "2 descriptors came, with room for 1 (argument `count`)");
	close(got[0]);
	close(got[1]);
	async_close(fds[0]);
	async_close(fds[1]);
}

TEST_TASK(bad_passing_is_refused, "X22")
{
	int fds[2], many[300] = { 0 };
	size_t count = 0;
	char data;

	CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_INT(await_send_fds(fds[0], "", 0, many, 1), -EINVAL);
	CHECK_INT(await_send_fds(fds[0], "x", 1, many, 300), -EINVAL);
	CHECK_TEXT_HAS(async_error(),
		       "300 descriptors, of which a message takes 253 (ASYNC_PASS_MAX)");
	if (!strcmp(async_backend_name(), "sim"))
		CHECK_INT(await_send_fds(fds[0], "x", 1, many, 1), -EOPNOTSUPP);
	async_timeout (0.01)
		CHECK_INT(await_recv_fds(fds[1], &data, 1, NULL, &count), -ETIMEDOUT);
	CHECK_INT(await_recv_fds(-EMFILE, &data, 1, NULL, &count), -EMFILE);
	async_close(fds[0]);
	async_close(fds[1]);
}

TEST_TASK_WITH(peers_have_credentials, "X22", .backends = REAL_BACKENDS)
{
	int fds[2], tcp;
	pid_t pid;
	uid_t uid;
	gid_t gid;

	CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_INT(async_peer_credentials(fds[0], &pid, &uid, &gid), 0);
	CHECK_INT(pid, getpid());
	CHECK_INT(uid, getuid());
	CHECK_INT(gid, getgid());
	CHECK_INT(async_peer_credentials(fds[0], NULL, NULL, NULL), 0);
	CHECK_INT(async_peer_credentials(-1, &pid, NULL, NULL), -1);
	tcp = await_tcp_listen("127.0.0.1:0");
	CHECK_INT(async_peer_credentials(tcp, &pid, &uid, &gid), 0);
	async_close(tcp);
	async_close(fds[0]);
	async_close(fds[1]);
}
