/* SPDX-License-Identifier: MIT */
/* The listening sockets of a server: made from a list of addresses, inherited, or passed by a
 * service manager. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "net/address.h"
#include "stream/server.h"

enum { FIRST_PASSED = 3 /* SD_LISTEN_FDS_START */ };

static struct listener *listener_new(struct async_server *server)
{
	struct listener *grown =
		realloc(server->listeners, (server->count + 1) * sizeof *server->listeners);

	if (!grown) {
		async_fail(-ENOMEM, "no memory for listening sockets");
		return NULL;
	}
	server->listeners = grown;
	grown[server->count] = (struct listener){ .server = server, .fd = -1 };
	return &grown[server->count++];
}

/* Whether nobody listens at a unix path any more; only then it may be replaced. */
static bool is_stale(const struct sockaddr_storage *address, socklen_t length)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool stale = fd >= 0 && connect(fd, (const struct sockaddr *)address, length) &&
		     errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return stale;
}

static void remove_stale(const char *path, const struct sockaddr_storage *address, socklen_t length)
{
	struct stat status;

	if (!lstat(path, &status) && S_ISSOCK(status.st_mode) && is_stale(address, length))
		unlink(path);
}

static void set_options(const struct listener *listener, int family, bool both_families)
{
	const async_server_options *options = &listener->server->options;
	int on = 1, v6only = !both_families;

	if (family == AF_UNIX)
		return;
	async_setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (options->reuse_port)
		async_setsockopt(listener->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
	if (family == AF_INET6)
		async_setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only);
	/* Connections inherit these on Linux: no call for each of them. */
	async_setsockopt(listener->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (options->keep_alive)
		async_setsockopt(listener->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/* The path as it was made: it is removed at the end if it is still that one. */
static int remember_path(struct listener *listener, const char *path)
{
	mode_t mode = listener->server->options.unix_mode;

	if (loop_current->backend->virtual_clock || path[0] == '\0')
		return 0;
	if (mode && chmod(path, mode))
		return async_fail(-errno, "cannot set the permissions of %s", path);
	if (stat(path, &listener->place))
		return 0;
	listener->path = strdup(path);
	return listener->path ? 0 : async_fail(-ENOMEM, "no memory for a path");
}

static int bind_and_listen(struct listener *listener, const struct sockaddr_storage *address,
			   socklen_t length)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)address;
	int backlog = listener->server->options.backlog, error;

	if (address->ss_family == AF_UNIX && un->sun_path[0] &&
	    !loop_current->backend->virtual_clock)
		remove_stale(un->sun_path, address, length);
	error = async_bind(listener->fd, (const struct sockaddr *)address, length);
	if (!error)
		error = async_listen(listener->fd, backlog ? backlog : SERVER_BACKLOG);
	if (!error && address->ss_family == AF_UNIX)
		error = remember_path(listener, un->sun_path);
	return error;
}

static int name_listener(struct listener *listener)
{
	listener->address = strdup(async_sockname(listener->fd));
	return listener->address ? 0 : async_fail(-ENOMEM, "no memory for an address");
}

static int open_one(struct async_server *server, const char *text,
		    const struct sockaddr_storage *address, socklen_t length)
{
	struct listener *listener = listener_new(server);
	bool everywhere = text[0] == ':';
	int error;

	if (!listener)
		return -ENOMEM;
	listener->fd = async_socket(address->ss_family, SOCK_STREAM, 0);
	if (listener->fd < 0)
		return listener->fd;
	listener->everywhere = everywhere;
	listener->reusable = address->ss_family != AF_UNIX;
	set_options(listener, address->ss_family, everywhere);
	error = bind_and_listen(listener, address, length);
	return error ? error : name_listener(listener);
}

/* Close and forget the sockets behind the first `count`. */
static void drop_last(struct async_server *server, size_t count)
{
	while (server->count > count) {
		struct listener *listener = &server->listeners[--server->count];

		listener_close(listener);
		free(listener->address);
		free(listener->path);
	}
}

static int adopt(struct async_server *server, int fd, const char *text)
{
	struct listener *listener;
	socklen_t length = sizeof(int);
	int listens = 0, error;

	error = async_getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length);
	if (error)
		return async_fail(error, "address \"%s\": descriptor %d", text, fd);
	if (!listens)
		return async_fail(-EINVAL, "address \"%s\": descriptor %d does not listen", text,
				  fd);
	listener = listener_new(server);
	if (!listener)
		return -ENOMEM;
	listener->fd = fd;
	return name_listener(listener);
}

/* sd_listen_fds(3): as many sockets as LISTEN_FDS says, for the process that LISTEN_PID names. */
static int adopt_passed(struct async_server *server, const char *text)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	int n = count ? atoi(count) : 0, error = 0;

	if (!pid || atoi(pid) != getpid() || n <= 0)
		return async_fail(-EINVAL,
				  "address \"%s\": no sockets were passed to this process"
				  " (LISTEN_PID is %s, LISTEN_FDS is %s)",
				  text, pid ? pid : "not set", count ? count : "not set");
	for (int i = 0; i < n && !error; i++)
		error = adopt(server, FIRST_PASSED + i, text);
	return error;
}

static bool is_duplicate(const struct async_server *server, const async_address *address)
{
	char text[ADDRESS_BYTES];

	async_address_format((const struct sockaddr *)&address->address, address->length, text,
			     sizeof text);
	for (size_t i = 0; i < server->count; i++)
		if (!strcmp(server->listeners[i].address, text))
			return true;
	return false;
}

/* What a name stands for may hold families that this machine has not: one that works is enough. And
 * without IPv6 every address there is is every one of IPv4. */
static bool may_be_missing(int error, bool everywhere)
{
	return error == -EAFNOSUPPORT || (error == -EADDRNOTAVAIL && !everywhere);
}

/* A socket for each address of a text; one for both families is enough for all there are. */
static int open_addresses(struct async_server *server, const char *text,
			  const async_addresses *addresses)
{
	bool everywhere = text[0] == ':';
	size_t opened = 0;
	int error = 0;

	for (size_t i = 0; i < addresses->count && !(everywhere && opened); i++) {
		const async_address *address = &addresses->list[i];
		size_t before = server->count;

		if (!everywhere && is_duplicate(server, address)) {
			opened++;
			continue;
		}
		error = open_one(server, text, &address->address, address->length);
		if (!error)
			opened++;
		else if (!may_be_missing(error, everywhere))
			return error;
		else
			drop_last(server, before);
	}
	return opened ? 0 : error;
}

static int open_host(struct async_server *server, const char *text)
{
	async_addresses addresses = { 0 };
	int error = listen_addresses(text, &addresses);

	if (!error)
		error = open_addresses(server, text, &addresses);
	async_addresses_free(&addresses);
	return error;
}

static int open_text(struct async_server *server, const char *text)
{
	char *end;
	int fd;

	if (!strncmp(text, "fd:", 3)) {
		fd = (int)strtol(text + 3, &end, 10);
		if (end == text + 3 || *end)
			return async_fail(
				-EINVAL,
				"address \"%s\": a descriptor's number must follow fd:", text);
		return adopt(server, fd, text);
	}
	if (!strcmp(text, "activation:"))
		return adopt_passed(server, text);
	return open_host(server, text);
}

int listeners_open(struct async_server *server, const char *address)
{
	char *copy = address ? strdup(address) : NULL, *rest = copy, *text;
	int error = 0;

	if (!copy)
		return address ? async_fail(-ENOMEM, "no memory for an address") :
				 async_fail(-EINVAL, "the address is NULL");
	while (!error && (text = strsep(&rest, ","))) {
		text += strspn(text, " \t");
		text[strcspn(text, " \t")] = '\0';
		error = open_text(server, text);
	}
	free(copy);
	if (error)
		listeners_free(server);
	return error;
}

void listener_close(struct listener *listener)
{
	struct stat now;

	if (listener->fd < 0)
		return;
	if (listener->path && !stat(listener->path, &now) && now.st_ino == listener->place.st_ino &&
	    now.st_dev == listener->place.st_dev)
		unlink(listener->path);
	async_close(listener->fd);
	listener->fd = -1;
}

void listeners_free(struct async_server *server)
{
	drop_last(server, 0);
	free(server->listeners);
	server->listeners = NULL;
}
