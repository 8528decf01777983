/* SPDX-License-Identifier: MIT */
/* Socket options of the simulation: those that mean something here are obeyed, the others
 * remembered. */
#include <errno.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "backend/sim.h"

enum { OPTION_BYTES_MAX = 256 };

void sim_options_free(struct sim_socket *socket)
{
	while (socket->options) {
		struct sim_option *option = socket->options;

		socket->options = option->next;
		free(option);
	}
}

static struct sim_option *find(const struct sim_socket *socket, int level, int name)
{
	struct sim_option *option = socket->options;

	while (option && (option->level != level || option->name != name))
		option = option->next;
	return option;
}

static int remember(struct sim_socket *socket, int level, int name, const void *value,
		    socklen_t length)
{
	struct sim_option *option = find(socket, level, name), **at = &socket->options;

	if (option && option->length == length) {
		memcpy(option->value, value, length);
		return 0;
	}
	option = malloc(sizeof *option + length);
	if (!option)
		return -ENOMEM;
	while (*at && ((*at)->level != level || (*at)->name != name))
		at = &(*at)->next;
	if (*at) {
		struct sim_option *old = *at;

		*at = old->next;
		free(old);
	}
	*option = (struct sim_option){ socket->options, level, name, length };
	memcpy(option->value, value, length);
	socket->options = option;
	return 0;
}

/* Which levels a kind of socket has. */
static int check_level(const struct sim_socket *socket, int level)
{
	bool inet = socket->domain != AF_UNIX;

	if (level == SOL_SOCKET)
		return 0;
	if (!inet)
		return -EOPNOTSUPP;
	if (level == IPPROTO_IP || (level == IPPROTO_IPV6 && socket->domain == AF_INET6))
		return 0;
	return level == (socket->type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP) ? 0 :
										    -ENOPROTOOPT;
}

static int obey(struct sim_socket *socket, int level, int name, const void *value, socklen_t length)
{
	struct linger linger;
	int number;

	memcpy(&number, value, sizeof number);
	if (level == SOL_SOCKET && name == SO_REUSEADDR) {
		socket->reuse_address = number;
	} else if (level == SOL_SOCKET && name == SO_REUSEPORT) {
		socket->reuse_port = number;
	} else if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY) {
		if (socket->bound)
			return -EINVAL;
		socket->v6only = number;
	} else if (level == SOL_SOCKET && name == SO_LINGER) {
		if (length < sizeof linger)
			return -EINVAL;
		memcpy(&linger, value, sizeof linger);
		socket->reset_on_close = linger.l_onoff && !linger.l_linger;
	} else if (level == SOL_SOCKET &&
		   (name == SO_TYPE || name == SO_ERROR || name == SO_DOMAIN ||
		    name == SO_PROTOCOL || name == SO_ACCEPTCONN)) {
		return -ENOPROTOOPT;
	}
	return 0;
}

int sim_setsockopt(struct async_loop *loop, int fd, int level, int name, const void *value,
		   socklen_t length)
{
	struct sim_socket *socket = sim_socket_at(sim_of(loop), fd);
	int error;

	if (!socket)
		return fd < SIM_FIRST_FD ? posix_setsockopt(loop, fd, level, name, value, length) :
					   -EBADF;
	error = check_level(socket, level);
	if (error)
		return error;
	if (!value)
		return -EFAULT;
	if (length < sizeof(int) || length > OPTION_BYTES_MAX)
		return -EINVAL;
	error = obey(socket, level, name, value, length);
	return error ? error : remember(socket, level, name, value, length);
}

/* The options that the socket knows by itself; false for the others. */
static bool known(struct sim_socket *socket, int name, int *value)
{
	switch (name) {
	case SO_TYPE:
		*value = socket->type;
		return true;
	case SO_DOMAIN:
		*value = socket->domain;
		return true;
	case SO_PROTOCOL:
		*value = socket->domain == AF_UNIX   ? 0 :
			 socket->type == SOCK_STREAM ? IPPROTO_TCP :
						       IPPROTO_UDP;
		return true;
	case SO_ERROR:
		*value = -sim_take_error(socket);
		return true;
	case SO_ACCEPTCONN:
		*value = socket->state == SIM_LISTENING;
		return true;
	default:
		return false;
	}
}

static int give(const void *from, socklen_t length, void *value, socklen_t *room)
{
	if (*room > length)
		*room = length;
	memcpy(value, from, *room);
	return 0;
}

int sim_getsockopt(struct async_loop *loop, int fd, int level, int name, void *value,
		   socklen_t *length)
{
	struct sim_socket *socket = sim_socket_at(sim_of(loop), fd);
	struct ucred credentials = { getpid(), getuid(), getgid() };
	const struct sim_option *option;
	int error, number = 0;

	if (!socket)
		return fd < SIM_FIRST_FD ? posix_getsockopt(loop, fd, level, name, value, length) :
					   -EBADF;
	error = check_level(socket, level);
	if (error)
		return error;
	if (level == SOL_SOCKET && known(socket, name, &number))
		return give(&number, sizeof number, value, length);
	if (level == SOL_SOCKET && name == SO_PEERCRED && socket->domain == AF_UNIX)
		return give(&credentials, sizeof credentials, value, length);
	if (level == SOL_SOCKET && (name == SO_SNDBUF || name == SO_RCVBUF))
		number = (int)sim_buffer_bytes(sim_of(loop));
	option = find(socket, level, name);
	if (option)
		return give(option->value, option->length, value, length);
	return give(&number, sizeof number, value, length);
}
