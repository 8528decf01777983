/* SPDX-License-Identifier: MIT */
/* Which backend a loop gets: the one asked for, or the first that opens. */
#include <errno.h>
#include <string.h>
#include "core/loop.h"

extern const struct backend backend_uring, backend_epoll, backend_sim;

/* In the order of preference; the simulation only when asked for. */
static const struct backend *const backends[] = { &backend_uring, &backend_epoll, &backend_sim };
enum { PREFERRED = 2 };

static int try_open(struct async_loop *loop, const struct backend *backend, const char *without)
{
	loop->backend = backend;
	loop->recv = backend->recv ? backend->recv : recv_plainly;
	loop->sendall = backend->sendall ? backend->sendall : sendall_plainly;
	loop->lend = backend->lend ? backend->lend : lend_plainly;
	return backend->open(loop, without);
}

int backend_open(struct async_loop *loop, const char *name, const char *without)
{
	int error = 0;

	for (size_t i = 0; name && i < array_length(backends); i++) {
		if (strcmp(name, backends[i]->name))
			continue;
		error = try_open(loop, backends[i], without);
		if (error == -EPERM || error == -ENOSYS)
			return async_fail(-ENOTSUP,
					  "backend %s is forbidden or unknown to this kernel",
					  name);
		return error;
	}
	if (name)
		return async_fail(
			-ENOTSUP,
			"there is no backend \"%s\": uring, epoll, sim (LIBAWAIT_BACKEND or option"
			" backend)",
			name);
	for (size_t i = 0; i < PREFERRED; i++) {
		error = try_open(loop, backends[i], without);
		if (!error)
			return 0;
	}
	return error;
}
