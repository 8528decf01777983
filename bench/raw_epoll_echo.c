/* SPDX-License-Identifier: MIT */
/*
 * The hand-written limit for the epoll backend: an echo server with nothing between it and the
 * kernel. raw_epoll_echo PORT listens on 127.0.0.1, prints nothing and runs until it is killed.
 */
#include "raw_epoll.h"

static void serve(int fd)
{
	ssize_t n;

	if (!may_serve(fd))
		return;
	do {
		n = recv(fd, buffer, sizeof buffer, 0);
		if (__builtin_expect(n <= 0, 0)) {
			if (n == 0 || errno != EAGAIN)
				drop(fd);
			return;
		}
		if (!send_or_keep(fd, buffer, n))
			return;
	} while (n == sizeof buffer);
}
