/* SPDX-License-Identifier: MIT */
/* Descriptors and credentials over unix sockets. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <await/net.h>
#include <await/pass.h>
#include "core/loop.h"

/* Room for the largest control message. */
union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(ASYNC_PASS_MAX * sizeof(int))];
};

ssize_t await_send_fds(int socket, const void *data, size_t size, const int *fds, size_t count)
{
	struct async_task *self = task_self("await_send_fds");
	struct iovec part = { (void *)data, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	union control control;

	if (self->cancel_error)
		return self->cancel_error;
	if (!size)
		return async_fail(-EINVAL, "await_send_fds: descriptors travel with at least one"
					   " byte of data");
	if (count > ASYNC_PASS_MAX)
		return async_fail(-EINVAL,
				  "await_send_fds: %zu descriptors, of which a message takes %d"
				  " (ASYNC_PASS_MAX)",
				  count, ASYNC_PASS_MAX);
	if (count) {
		memset(&control, 0, sizeof control);
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	}
	return await_sendmsg(socket, &message, 0);
}

/* What came: as many as there is room for, the rest is closed. How many there were. */
static size_t take(struct msghdr *message, int *fds, size_t room)
{
	size_t count = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
			if (count < room)
				fds[count] = fd;
			else
				close(fd);
			count++;
		}
	}
	return count;
}

ssize_t await_recv_fds(int socket, void *data, size_t size, int *fds, size_t *count)
{
	struct async_task *self = task_self("await_recv_fds");
	struct iovec part = { data, size };
	union control control;
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof control };
	size_t room = *count, came;
	ssize_t n;

	*count = 0;
	if (self->cancel_error)
		return self->cancel_error;
	n = await_recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return n;
	came = take(&message, fds, room);
	if (came <= room && !(message.msg_flags & MSG_CTRUNC)) {
		*count = came;
		return n;
	}
	for (size_t i = 0; i < came && i < room; i++)
		close(fds[i]);
	return async_fail(-EMSGSIZE,
			  "await_recv_fds: %zu descriptors came, with room for %zu (argument"
			  " `count`), or more than this process may have",
			  came, room);
}

int async_peer_credentials(int socket, pid_t *pid, uid_t *uid, gid_t *gid)
{
	struct ucred credentials;
	socklen_t length = sizeof credentials;
	int error = async_getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length);

	if (socket < 0)
		return socket;
	if (!error && length != sizeof credentials)
		error = -EOPNOTSUPP;
	if (error)
		return async_fail(error == -ENOPROTOOPT ? -EOPNOTSUPP : error,
				  "the credentials of the peer of descriptor %d", socket);
	if (pid)
		*pid = credentials.pid;
	if (uid)
		*uid = credentials.uid;
	if (gid)
		*gid = credentials.gid;
	return 0;
}
