/* SPDX-License-Identifier: MIT */
/* A server on several loops: see loops.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/report.h"
#include "net/address.h"
#include "stream/loops.h"

/* What crosses threads goes by async_call_threadsafe, in the direction that each handle's name
 * tells; the rest is written before the thread starts or after it ended. */
struct worker {
	struct loops *loops;
	pthread_t thread;
	bool made, stop_sent;
	bool released; /* atomic: the supervisor is done with the worker's loop */
	char *address;
	async_server_options options;
	async_options loop_options;
	async_handle told, failed, ended; /* to the supervisor */
	async_handle stop;		  /* to the worker */
	struct async_loop *loop;	  /* from when it told of its start until its end */
	struct async_server *server;
	int error, result;
	bool stopped; /* the worker's: on_stop has come */
	struct async_waiters_ waiting;
};

int loops_wanted(const async_server_options *options)
{
	cpu_set_t cpus;

	if (options->loops >= 0)
		return options->loops ? options->loops : 1;
	return sched_getaffinity(0, sizeof cpus, &cpus) ? 1 : CPU_COUNT(&cpus);
}

/* On the supervisor's loop. */
static void on_told(void *arg)
{
	struct worker *worker = arg;
	struct loops *loops = worker->loops;

	loops->silent--;
	if (worker->error && !loops->error)
		loops->error = worker->error;
	wait_wake_all(&loops->told, 0);
}

static void on_ended(void *arg)
{
	struct worker *worker = arg;
	struct loops *loops = worker->loops;

	pthread_join(worker->thread, NULL);
	worker->made = false;
	worker->loop = NULL;
	loops->running--;
	loops->unclean += worker->result < 0;
	wait_wake_all(&loops->told, 0);
}

/* On the worker's loop. */
static void on_stop(void *arg)
{
	struct worker *worker = arg;

	worker->stopped = true;
	async_server_stop(worker->server);
	wait_wake_all(&worker->waiting, 0);
}

/* On the supervisor's: one that fails stops all. */
static void on_failed(void *arg)
{
	const struct loops *loops = ((struct worker *)arg)->loops;
	struct async_server *server = loops->server;

	if (loops->stopping)
		return; /* the server may be gone by now */
	if (!server->stopped)
		server->error = ((struct worker *)arg)->result;
	async_server_stop(server);
}

/* The loop stays until the supervisor has said stop, since that call must find it. */
static void wait_for_stop(struct worker *worker)
{
	static const struct wait_kind kind = { "the word to stop", wait_cancel, NULL };

	async_shield (INFINITY)
		while (!worker->stopped)
			wait_or_cancel(&worker->waiting, &kind, worker);
	/* The word may be here before the call that sent it has returned. */
	while (!__atomic_load_n(&worker->released, __ATOMIC_ACQUIRE))
		sched_yield();
}

static int worker_main(void *arg)
{
	struct worker *worker = arg;
	const struct async_server *main_server = worker->loops->server;
	struct async_loop *supervisor = worker->loops->supervisor;
	int error, closed;

	error = server_start(&worker->options, worker->address, main_server->handler,
			     main_server->arg, main_server->site, &worker->server);
	worker->error = error;
	worker->loop = async_current_loop();
	async_call_threadsafe(supervisor, &worker->told, on_told, worker);
	if (error)
		return error;
	error = server_wait_stopped(worker->server);
	if (error) {
		worker->result = error;
		async_call_threadsafe(supervisor, &worker->failed, on_failed, worker);
	}
	wait_for_stop(worker);
	closed = await_server_close(worker->server, NULL);
	worker->server = NULL;
	return error ? error : closed;
}

static void *thread_main(void *arg)
{
	struct worker *worker = arg;

	worker->error = -ECANCELED;
	worker->result = async_run_with(&worker->loop_options, worker_main, worker);
	if (!worker->loop) { /* there was no loop to run on */
		worker->error = worker->result;
		async_call_threadsafe(worker->loops->supervisor, &worker->told, on_told, worker);
	}
	async_call_threadsafe(worker->loops->supervisor, &worker->ended, on_ended, worker);
	return NULL;
}

static in_port_t port_of(const struct listener *listener)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;

	if (async_getsockname(listener->fd, (struct sockaddr *)&address, &length))
		return 0;
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

/* How a worker gets at the same address; text has room for it. */
static int address_of(const struct listener *listener, char *text, size_t size)
{
	int fd;

	if (listener->everywhere) {
		snprintf(text, size, ":%u", port_of(listener));
		return 0;
	}
	if (listener->reusable) {
		snprintf(text, size, "%s", listener->address);
		return 0;
	}
	fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return async_fail(-errno, "cannot share descriptor %d with another loop",
				  listener->fd);
	snprintf(text, size, "fd:%d", fd);
	return 0;
}

static int addresses_of(const struct async_server *server, char **address)
{
	size_t size = server->count * (ADDRESS_BYTES + 1), used = 0;
	char *text = malloc(size);

	if (!text)
		return async_fail(-ENOMEM, "no memory for an address");
	for (size_t i = 0; i < server->count; i++) {
		int error = address_of(&server->listeners[i], text + used, ADDRESS_BYTES);

		if (error) {
			free(text);
			return error;
		}
		used += strlen(text + used);
		text[used++] = ',';
	}
	text[used - 1] = '\0';
	*address = text;
	return 0;
}

static int worker_start(struct loops *loops, struct worker *worker)
{
	const struct async_server *server = loops->server;
	int error;

	worker->loops = loops;
	worker->options = server->options;
	worker->options.listening = NULL;
	worker->options.closing = NULL;
	worker->options.loops = 1; /* its share of the limit was taken already */
	worker->loop_options = server->loop->options;
	worker->loop_options.backend = server->loop->backend->name;
	worker->loop_options.ignore_sigint = 1;
	error = addresses_of(server, &worker->address);
	if (error)
		return error;
	error = pthread_create(&worker->thread, NULL, thread_main, worker);
	if (error)
		return async_fail(-error, "cannot start a thread for another loop");
	worker->made = true;
	loops->silent++;
	loops->running++;
	return 0;
}

static void wait_told(struct loops *loops, const size_t *count)
{
	static const struct wait_kind kind = { "the server's other loops", wait_cancel, NULL };

	while (*count)
		wait_or_cancel(&loops->told, &kind, loops);
}

int await_loops_start(struct loops *loops, struct async_server *server)
{
	int wanted = server->loop->backend->virtual_clock ? 1 : loops_wanted(&server->options);
	int error = 0;

	*loops = (struct loops){ .server = server, .supervisor = server->loop };
	if (wanted == 1)
		return 0;
	loops->workers = calloc((size_t)wanted - 1, sizeof *loops->workers);
	if (!loops->workers)
		return async_fail(-ENOMEM, "no memory for %d loops", wanted);
	async_current_loop(); /* other threads will wake it */
	while (!error && (int)loops->count < wanted - 1)
		error = worker_start(loops, &loops->workers[loops->count++]);
	async_shield (INFINITY)
		wait_told(loops, &loops->silent);
	return error ? error : loops->error;
}

void async_loops_stop(struct loops *loops)
{
	loops->stopping = true;
	for (size_t i = 0; i < loops->count; i++) {
		struct worker *worker = &loops->workers[i];

		if (!worker->made || !worker->loop || worker->error || worker->stop_sent)
			continue;
		worker->stop_sent = true;
		async_call_threadsafe(worker->loop, &worker->stop, on_stop, worker);
		__atomic_store_n(&worker->released, true, __ATOMIC_RELEASE);
	}
}

size_t await_loops_end(struct loops *loops)
{
	size_t unclean;

	wait_told(loops, &loops->running);
	for (size_t i = 0; i < loops->count; i++)
		free(loops->workers[i].address);
	free(loops->workers);
	unclean = loops->unclean;
	*loops = (struct loops){ .server = NULL };
	return unclean;
}
