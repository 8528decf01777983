/* SPDX-License-Identifier: MIT */
/*
 * Servers: a task and a stream for each connection.
 *
 *	static int handle(async_stream *stream, void *arg) { ... }
 *	int main(void) { return async_run(serve, NULL); }	where serve calls
 *	await_serve(":25000", handle, NULL)
 *
 * The handler's task owns its connection: when the handler returns, what it has written is flushed
 * and the stream closed. A failure that it returns is reported with the task's name; a peer that
 * went away (-EPIPE, -ECONNRESET) is not worth a report.
 */
#ifndef AWAIT_SERVER_H
#define AWAIT_SERVER_H

#include <sys/types.h>
#include <await/stream.h>

ASYNC_BEGIN_DECLS

typedef int async_stream_handler(async_stream *stream, void *arg);

/*
 * A handler returns this when its connection has nothing to do for now: its task ends, and with it
 * stack and buffers; a record of less than 1 KB stays. When the peer sends or closes, the handler
 * is called again in a new task, with the same async_stream_user(). With unread input or unsent
 * output it is called again at once, or when that is gone.
 */
enum { ASYNC_PARK = 0x7fffffff };

typedef struct async_server async_server;

/* Zero-filled is the default; every field may also be left out. */
typedef struct async_server_options {
	async_stream_options stream; /* of every connection */
	size_t max_connections;	     /* at this many none is accepted; 0: as many as descriptors */
	double grace_seconds;	     /* for connections at work when the server closes; 0: 30 */
	double cancel_seconds;	     /* then they are cancelled, and have this for clean-up; 0: 5 */
	int backlog;		     /* connections the kernel may hold; 0: 4096 */
	int loops;		     /* await_serve: 0 or 1: this one; n: that many threads with a
				      * loop each; < 0: one for each processor. The handler
				      * then runs on several threads at once, and so may the
				      * loop's report function; a limit is split evenly */
	double park_seconds;	     /* a connection parked for so long is closed; 0: never */
	/* Called with async_stream_user() when a connection has ended; may be NULL. */
	void (*forget)(void *user);
	bool reuse_port;     /* SO_REUSEPORT: other processes may listen there, too */
	bool keep_alive;     /* SO_KEEPALIVE on every connection */
	bool paused;	     /* listen, but accept only after async_server_resume */
	bool ignore_sigterm; /* await_serve closes gracefully on SIGTERM, and on SIGINT where no
			      * async_run does, unless this is set or the program handles them */
	mode_t unix_mode;    /* permissions of a unix socket's path; 0: as the umask says */
	/* Called once all addresses are listened on, before anything is accepted; may be NULL. */
	void (*listening)(async_server *server, void *arg);
	/* Called when the server closes, once it listens no more and before connections are told to
	 * end; may await; may be NULL. */
	int (*closing)(async_server *server, void *arg);
} async_server_options;

/*
 * Serve until the calling task is cancelled (-ECANCELED, as by Ctrl-C), SIGTERM comes or
 * async_server_stop is called (0); then close gracefully, as await_server_close. `address` is one
 * or several, separated by commas:
 *
 *	"127.0.0.1:80" "[::1]:80" "localhost:80"	":80" is every address of this machine
 *	"unix:/run/x.sock" "unix:@abstract"	a stale path is replaced; ours is removed at the end
 *	"fd:3"		a socket that listens already, inherited or passed
 *	"activation:"	all sockets passed by a service manager (LISTEN_FDS of sd_listen_fds(3))
 *
 * Port 0 takes a free one. Errors: those of socket(2), bind(2) and listen(2); -EINVAL for a bad
 * address or option.
 */
#define await_serve(address, handler, arg) await_serve_with(NULL, address, handler, arg)
#define await_serve_with(options, address, handler, arg) \
	await_serve_at_(options, address, handler, (void *)(arg), ASYNC_SITE_(#handler))
ASYNC_API int await_serve_at_(const async_server_options *options, const char *address,
			      async_stream_handler *handler, void *arg, const char *site);

/*
 * The same in the background. Whoever starts a server ends it with await_server_close. NULL:
 * async_error(). `loops` is ignored here. May be called before the first await of a main task.
 */
#define await_server_start(options, address, handler, arg) \
	await_server_start_at_(options, address, handler, (void *)(arg), ASYNC_SITE_(#handler))
ASYNC_API async_server *await_server_start_at_(const async_server_options *options,
					       const char *address, async_stream_handler *handler,
					       void *arg, const char *site);

/* What was left to do when a server closed. */
typedef struct async_server_closed {
	size_t ended;	  /* connections whose handlers ended by themselves */
	size_t cancelled; /* were cancelled after grace_seconds */
	size_t aborted;	  /* had their descriptor closed under them after cancel_seconds more */
	double seconds;	  /* all of it took */
} async_server_closed;

/*
 * Close gracefully and free: stop listening; connections that wait for their peer's next message
 * find the end of the stream, those at work may finish it (grace_seconds), then are cancelled
 * (cancel_seconds), then lose their descriptor; all are awaited. A step that was needed is
 * reported with the tasks' names. A cancel of the caller skips the waiting, not the steps. 0;
 * -ETIMEDOUT when connections had to be cancelled. `how` may be NULL.
 */
ASYNC_API int await_server_close(async_server *server, async_server_closed *how);

/* Stop listening at once; connections go on. Idempotent. await_server_wait then returns when the
 * last one is gone. */
ASYNC_API void async_server_stop(async_server *server);
/* Wait until the server was stopped and the last connection has ended. 0, or the error that ended
 * its listening. */
ASYNC_API int await_server_wait(async_server *server);
/* Stop accepting, with the listening sockets left open, and go on. */
ASYNC_API void async_server_pause(async_server *server);
ASYNC_API void async_server_resume(async_server *server);

/* Cancel all handlers, or close their streams under them. */
ASYNC_API void async_server_cancel_clients(async_server *server);
ASYNC_API void async_server_abort_clients(async_server *server);

/* Serve a connection that was accepted elsewhere, as if this server had. The descriptor is the
 * server's from now on; on failure it stays the caller's. -ESHUTDOWN once stopped. */
ASYNC_API int async_server_adopt(async_server *server, int fd);

ASYNC_API bool async_server_is_serving(const async_server *server);
/* Open connections. */
ASYNC_API size_t async_server_connections(const async_server *server);
/* The i-th listening socket: its address as text ("127.0.0.1:43210"), NULL past the last; and its
 * descriptor, -1 past the last. The text lives as long as the server. */
ASYNC_API const char *async_server_address(const async_server *server, size_t i);
ASYNC_API int async_server_descriptor(const async_server *server, size_t i);

ASYNC_END_DECLS

#endif
