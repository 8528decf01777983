/* SPDX-License-Identifier: MIT */
/* await_serve: a server from start to end in one call, stopped by a cancel or by SIGTERM. */
#include <errno.h>
#include <math.h>
#include <await/run.h>
#include <await/signal.h>
#include "stream/loops.h"
#include "stream/server.h"

/* SIGTERM stops the server, and Ctrl-C where no async_run sees to it, unless the program has its
 * own idea of them. The second of them then ends the program at once. */
struct terminator {
	async_signals signals;
	struct async_server *server;
};

static void terminate(int signo, void *arg)
{
	struct terminator *terminator = arg;

	(void)signo;
	async_server_stop(terminator->server);
}

static bool is_free(int signo)
{
	struct sigaction action;

	return !sigaction(signo, NULL, &action) && action.sa_handler == SIG_DFL;
}

static void terminator_begin(struct terminator *terminator, struct async_server *server)
{
	int first = is_free(SIGTERM) ? SIGTERM : 0, second = is_free(SIGINT) ? SIGINT : 0;

	terminator->server = server;
	terminator->signals.taken_ = 0;
	if (server->options.ignore_sigterm || !(first || second))
		return;
	if (!async_signals_open(&terminator->signals, first ? first : second, first ? second : 0,
				0))
		async_signals_call(&terminator->signals, terminate, terminator);
}

static int serve(const async_server_options *options, const char *address,
		 async_stream_handler *handler, void *arg, const char *site)
{
	struct async_server *server;
	struct terminator terminator;
	struct loops loops;
	int error = server_start(options, address, handler, arg, site, &server), closed = 0;

	if (error)
		return error;
	terminator_begin(&terminator, server);
	error = await_loops_start(&loops, server);
	if (!error)
		error = server_wait_stopped(server);
	async_signals_close(&terminator.signals);
	/* All of it has its own limits. */
	async_shield (INFINITY) {
		async_loops_stop(&loops);
		closed = await_server_close(server, NULL);
		closed = await_loops_end(&loops) ? -ETIMEDOUT : closed;
	}
	return error ? error : closed;
}

int await_serve_at_(const async_server_options *options, const char *address,
		    async_stream_handler *handler, void *arg, const char *site)
{
	struct async_task *self = task_self("await_serve");

	if (self->cancel_error)
		return self->cancel_error;
	return async_report_main(serve(options, address, handler, arg, site));
}
