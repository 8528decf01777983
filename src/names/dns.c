/* SPDX-License-Identifier: MIT */
/*
 * c-ares on the loop. It is asked to do no I/O of its own accord: its sockets are the loop's, it is
 * told when they are readable (async_watch) and when its next timeout is due (async_call_later).
 * All its callbacks run inside those two, or inside the call that asks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "names/dns.h"

enum {
	EDNS_BYTES = 1232,	/* what travels unfragmented: the DNS flag day of 2020 */
	SOCKET_BYTES = 1 << 20, /* many answers may come at once; the kernel may grant less */
	READS_PER_TURN = 32,	/* as in cache.c: others have turns */
	RCODE_SERVFAIL = 2,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
};

struct dns_socket {
	struct dns_socket *next;
	struct dns *dns;
	int fd;
	async_watcher reader, writer;
	bool reading, writing;
};

/* ---- When is the next timeout? ---- */

static void dns_timer(struct dns *dns);

static void timed_out(void *arg)
{
	struct dns *dns = arg;

	ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	dns_timer(dns);
}

/* c-ares goes through all its queries to tell: so this is done once a turn and not per query. */
static void set_timer(void *arg)
{
	struct dns *dns = arg;
	struct timeval wait, *next = ares_timeout(dns->channel, NULL, &wait);

	dns->settling = false;
	async_handle_cancel(&dns->timer);
	if (next)
		async_call_later(&dns->timer, (double)next->tv_sec + (double)next->tv_usec / 1e6,
				 timed_out, dns);
}

static void dns_timer(struct dns *dns)
{
	if (!dns->settling)
		dns->settling = !async_call_soon(&dns->settle, set_timer, dns);
}

/* ---- Sockets ---- */

static void socket_ready(int fd, int events, void *arg)
{
	struct dns_socket *socket = arg;
	struct dns *dns = socket->dns;
	bool writable = events & POLLOUT || (socket->writing && events & (POLLERR | POLLHUP));

	dns->reads_left = READS_PER_TURN;
	/* The socket may be gone afterwards. */
	ares_process_fd(dns->channel, events & ~POLLOUT ? fd : ARES_SOCKET_BAD,
			writable ? fd : ARES_SOCKET_BAD);
	dns_timer(dns);
}

static struct dns_socket *socket_find(struct dns *dns, int fd)
{
	struct dns_socket *socket = dns->sockets;

	while (socket && socket->fd != fd)
		socket = socket->next;
	return socket;
}

static bool watch(async_watcher *watcher, struct dns_socket *socket, int events, bool wanted,
		  bool now)
{
	if (wanted && !now)
		return !async_watch(watcher, socket->fd, events, socket_ready, socket);
	if (!wanted && now)
		async_unwatch(watcher);
	return wanted;
}

/* c-ares says what it waits for. A watch that cannot be had shows as a timeout. */
static void socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct dns_socket *socket = socket_find(arg, fd);

	if (!socket)
		return;
	socket->reading = watch(&socket->reader, socket, POLLIN, readable, socket->reading);
	socket->writing = watch(&socket->writer, socket, POLLOUT, writable, socket->writing);
}

static ares_socket_t socket_open(int domain, int type, int protocol, void *arg)
{
	struct dns *dns = arg;
	struct dns_socket *socket = calloc(1, sizeof *socket);
	int fd = socket ? async_socket(domain, type, protocol) : -ENOMEM, bytes = SOCKET_BYTES;

	if (fd < 0) {
		free(socket);
		dns->socket_error = fd;
		errno = -fd;
		return ARES_SOCKET_BAD;
	}
	if (type == SOCK_DGRAM)
		async_setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	socket->fd = fd;
	socket->dns = dns;
	socket->next = dns->sockets;
	dns->sockets = socket;
	return fd;
}

static int socket_close(ares_socket_t fd, void *arg)
{
	struct dns *dns = arg;
	struct dns_socket **at = &dns->sockets, *socket;

	while (*at && (*at)->fd != fd)
		at = &(*at)->next;
	socket = *at;
	if (socket) {
		*at = socket->next;
		async_unwatch(&socket->reader);
		async_unwatch(&socket->writer);
		free(socket);
	}
	return async_close(fd);
}

static int socket_connect(ares_socket_t fd, const struct sockaddr *address, ares_socklen_t length,
			  void *arg)
{
	(void)arg;
	return connect(fd, address, length);
}

/* A server that cannot answer looks to c-ares like one that is not there; the text is to say which
 * it was. */
static void note_refusal(struct dns *dns, const unsigned char *data, ssize_t size)
{
	unsigned rcode = size > 3 ? data[3] & 15u : 0;

	if (rcode == RCODE_SERVFAIL || rcode == RCODE_NOTIMP || rcode == RCODE_REFUSED)
		dns->refusals++;
}

static ares_ssize_t socket_receive(ares_socket_t fd, void *data, size_t size, int flags,
				   struct sockaddr *from, ares_socklen_t *length, void *arg)
{
	struct dns *dns = arg;
	ssize_t n;

	if (!dns->reads_left) {
		errno = EAGAIN;
		return -1;
	}
	dns->reads_left--;
	n = recvfrom(fd, data, size, flags | MSG_DONTWAIT, from, length);
	if (from)
		note_refusal(dns, data, n);
	return n;
}

/* A socket has many queries. That an earlier one was refused is told to whoever sends next, and to
 * nobody else: so send again, for that to be refused in its turn, which the socket then tells as it
 * is read and c-ares takes for all. */
static ares_ssize_t socket_send(ares_socket_t fd, const struct iovec *vector, int count, void *arg)
{
	struct msghdr message = { .msg_iov = (struct iovec *)vector, .msg_iovlen = (size_t)count };
	ssize_t n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	(void)arg;
	if (n < 0 && errno == ECONNREFUSED)
		n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n;
}

/* ---- The channel ---- */

static int set_options(struct names *names, struct dns *dns, struct ares_options *options)
{
	int mask = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;

	options->flags = ARES_FLAG_EDNS;
	options->ednspsz = EDNS_BYTES;
	options->lookups = (char *)"b"; /* the hosts file is ours */
	options->sock_state_cb = socket_state;
	options->sock_state_cb_data = dns;
	if (names->options.timeout > 0) {
		options->timeout = (int)(names->options.timeout * 1e3 + 0.999);
		mask |= ARES_OPT_TIMEOUTMS;
	}
	if (names->options.tries) {
		options->tries = names->options.tries;
		mask |= ARES_OPT_TRIES;
	}
	if (names->options.resolv_conf_path) {
		options->resolvconf_path = (char *)names->options.resolv_conf_path;
		mask |= ARES_OPT_RESOLVCONF;
	}
	return mask;
}

static int open_channel(struct names *names, struct dns *dns)
{
	static const struct ares_socket_functions functions = {
		socket_open, socket_close, socket_connect, socket_receive, socket_send,
	};
	struct ares_options options = { 0 };
	int status = ares_init_options(&dns->channel, &options, set_options(names, dns, &options));

	if (status == ARES_SUCCESS) {
		ares_set_socket_functions(dns->channel, &functions, dns);
		if (names->options.servers)
			status = ares_set_servers_ports_csv(dns->channel, names->options.servers);
		if (status != ARES_SUCCESS)
			ares_destroy(dns->channel);
	}
	return status;
}

static struct answer *open_dns(struct names *names)
{
	struct dns *dns = calloc(1, sizeof *dns);
	int status;

	if (!dns)
		return NULL;
	dns->names = names;
	status = open_channel(names, dns);
	if (status == ARES_SUCCESS) {
		names->dns = dns;
		return NULL;
	}
	free(dns);
	if (status == ARES_ENOMEM)
		return NULL;
	return answer_failed(-EINVAL, 0, "no resolver: %s (option servers \"%.60s\")",
			     ares_strerror(status),
			     names->options.servers ? names->options.servers : "");
}

static void dns_start(struct names *names, struct entry *entry)
{
	struct answer *failed = names->dns ? NULL : open_dns(names);

	if (!names->dns) {
		flight_done(entry, failed);
		return;
	}
	dns_ask(names->dns, entry);
	dns_timer(names->dns);
}

static void dns_free(struct names *names)
{
	struct dns *dns = names->dns;

	if (!dns)
		return;
	names->dns = NULL;
	ares_destroy(dns->channel);
	async_handle_cancel(&dns->timer);
	async_handle_cancel(&dns->settle);
	free(dns);
}

const struct engine dns_engine = { dns_start, dns_free };

__attribute__((constructor)) static void library_init(void)
{
	ares_library_init(ARES_LIB_INIT_ALL);
}

__attribute__((destructor)) static void library_term(void)
{
	ares_library_cleanup();
}
