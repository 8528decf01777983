/* SPDX-License-Identifier: MIT */
/* What the files of the server share. */
#ifndef STREAM_SERVER_H
#define STREAM_SERVER_H

#include <await/server.h>
#include <sys/stat.h>
#include "stream/stream.h"

enum { GRACE_SECONDS = 30, CANCEL_SECONDS = 5, SERVER_BACKLOG = 4096 };

/* A listening socket. */
struct listener {
	struct async_server *server;
	int fd;
	char *address;	   /* as text, once it listens */
	bool everywhere;   /* on all addresses of the machine */
	bool reusable;	   /* another socket may listen there, with SO_REUSEPORT */
	char *path;	   /* of a unix socket that is removed at the end, or NULL */
	struct stat place; /* what lay there when it was made: only that is removed */
};

struct async_server {
	async_server_options options;
	async_stream_handler *handler;
	void *arg;
	const char *site;
	struct async_loop *loop;
	struct async_task *task; /* runs server_main */
	struct listener *listeners;
	size_t count;
	struct async_group *group; /* of acceptors and connections, on the task's stack */
	struct async_waiters_ connections;
	struct async_waiters_ parked; /* connections without a task: park.c */
	size_t open;
	bool stopped;		       /* listens no more */
	bool paused, starved;	       /* starved: out of descriptors, and that was told */
	int error;		       /* that ended its listening */
	struct async_waiters_ room;    /* acceptors: until there may be another connection */
	struct async_waiters_ changes; /* wait for connections to end */
};

/* A connection, on the stack of its task. */
struct connection {
	struct async_stream stream;
	struct async_server *server;
	struct async_task *task;
	struct async_link_ link;
	struct sockaddr_storage peer;
	bool cancelled; /* by the server */
	bool ending;	/* its handler has returned */
};

/* listen.c: open all sockets of an address list. 0 or an error, with none left open. */
int listeners_open(struct async_server *server, const char *address);
void listener_close(struct listener *listener);
void listeners_free(struct async_server *server);

/* server.c: await_server_start with the error as its result. */
int server_start(const async_server_options *options, const char *address,
		 async_stream_handler *handler, void *arg, const char *site,
		 struct async_server **started);
/* Until it is stopped, or has failed: 0, or the error. */
int server_wait_stopped(struct async_server *server);

/* connection.c */
/* Run the handler on a new connection in a task of its own; owns fd on success. */
int connection_begin(struct async_server *server, int fd, const struct sockaddr_storage *peer,
		     socklen_t length);

/* Call the handler, and again, until the connection ends or is parked. */
int connection_serve(struct connection *connection);

/* park.c */
/* Let the connection go on without its task, which then only returns. False: it has something to
 * do. */
bool connection_park(struct connection *connection);
/* At most so many of them. */
void connections_close_parked(struct async_server *server, size_t most);

/* acceptor.c */
int acceptor_main(void *listener);

#endif
