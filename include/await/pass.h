/* SPDX-License-Identifier: MIT */
/* Descriptors and credentials over unix sockets: unix(7), SCM_RIGHTS and SO_PEERCRED. */
#ifndef AWAIT_PASS_H
#define AWAIT_PASS_H

#include <sys/types.h>
#include <await/base.h>

ASYNC_BEGIN_DECLS

enum { ASYNC_PASS_MAX = 253 }; /* descriptors in one message: the kernel's SCM_MAX_FD */

/*
 * Send up to ASYNC_PASS_MAX descriptors along with at least one byte of data (all of it goes in one
 * message). They stay open here. Returns how many bytes went; -EINVAL for no data or too many
 * descriptors; -EOPNOTSUPP in simulation; others as await_sendmsg.
 */
ASYNC_API ssize_t await_send_fds(int socket, const void *data, size_t size, const int *fds,
				 size_t count);
/*
 * Receive data and the descriptors that came with it: *count is room before and number after; they
 * are close-on-exec and the caller's. Returns bytes as await_recv. More than there is room for are
 * closed, and the call fails with -EMSGSIZE, which has taken the data.
 */
ASYNC_API ssize_t await_recv_fds(int socket, void *data, size_t size, int *fds, size_t *count);

/* Who is at the other end of a connected unix socket, as of its connect. pid, uid and gid may be
 * NULL. -EOPNOTSUPP in simulation. */
ASYNC_API int async_peer_credentials(int socket, pid_t *pid, uid_t *uid, gid_t *gid);

ASYNC_END_DECLS

#endif
