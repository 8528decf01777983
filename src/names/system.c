/* SPDX-License-Identifier: MIT */
/*
 * The C library's resolver, for what nsswitch.conf sends elsewhere than to files and DNS. It
 * blocks, so it runs in threads; they are its own, few, and gone when there is nothing to do, so
 * that slow names hold up other slow names and nothing else. A job owns its memory: a loop that
 * ends forgets those under way, and their threads free them.
 */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "names/names.h"

enum {
	THREADS_MAX = 4,
	THREAD_STACK_BYTES = 256 * 1024, /* getaddrinfo takes 12 KB here; modules may take more */
	NAME_BYTES = NI_MAXHOST,
};

struct job {
	struct job *next; /* in the queue */
	struct job *next_of_loop;
	struct jobs *jobs; /* NULL: the loop has forgotten it */
	struct entry *entry;
	async_loop *loop;
	async_handle handle;
	bool queued;
	enum question question;
	int family, error;
	int saved_errno;
	struct addrinfo *found;
	char host[NAME_BYTES]; /* asked for; then the name found */
};

struct jobs {
	struct job *first;
};

/* All loops share the threads. The lock is held for a few instructions, never during a lookup. */
static struct {
	pthread_mutex_t lock;
	struct job *first, **last;
	unsigned threads;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

static pthread_once_t pool_once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
	pthread_mutex_lock(&pool.lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&pool.lock);
}

/* The child has no loop and no threads; what was asked in the parent is the parent's. */
static void in_child(void)
{
	pool.first = NULL;
	pool.last = &pool.first;
	pool.threads = 0;
	pthread_mutex_unlock(&pool.lock);
}

static void pool_init(void)
{
	pool.last = &pool.first;
	pthread_atfork(before_fork, after_fork, in_child);
}

static void job_free(struct job *job)
{
	if (job->found)
		freeaddrinfo(job->found);
	free(job);
}

/* ---- In a thread ---- */

static void job_run(struct job *job)
{
	struct addrinfo hints = { .ai_family = job->family, .ai_socktype = SOCK_STREAM };
	async_address address;

	if (job->question == ASK_ADDRESSES)
		job->error = getaddrinfo(job->host, NULL, &hints, &job->found);
	else if (host_number(job->host, &address))
		job->error = getnameinfo((struct sockaddr *)&address.address, address.length,
					 job->host, sizeof job->host, NULL, 0, NI_NAMEREQD);
	else
		job->error = EAI_NONAME;
	job->saved_errno = errno;
}

static void job_done(void *arg);

static struct job *job_next(void)
{
	struct job *job = pool.first;

	if (job) {
		pool.first = job->next;
		if (!pool.first)
			pool.last = &pool.first;
		job->queued = false;
	} else {
		pool.threads--;
	}
	return job;
}

static void *helper(void *arg)
{
	struct job *job;

	pthread_mutex_lock(&pool.lock);
	while ((job = job_next())) {
		pthread_mutex_unlock(&pool.lock);
		job_run(job);
		pthread_mutex_lock(&pool.lock);
		/* Under the lock: the loop cannot end between the question and the call. */
		if (!job->jobs || async_call_threadsafe(job->loop, &job->handle, job_done, job))
			job_free(job);
	}
	pthread_mutex_unlock(&pool.lock);
	return arg;
}

/* Signals are for the program's own threads. */
static int thread_start(void)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	pthread_t thread;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&thread, &attributes, helper, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -error;
}

/* ---- On the loop ---- */

static struct answer *addresses_answer(const struct job *job)
{
	async_addresses addresses = { NULL, 0 };

	for (const struct addrinfo *info = job->found; info; info = info->ai_next) {
		if (async_addresses_add(&addresses, info->ai_addr, info->ai_addrlen)) {
			async_addresses_free(&addresses);
			return NULL;
		}
	}
	return answer_new(addresses.list, addresses.count, 0);
}

/* getaddrinfo tells no TTL: its answers are not kept. */
static struct answer *answer_of(const struct job *job)
{
	char *name;

	switch (job->error) {
	case 0:
		break;
	case EAI_MEMORY:
		return NULL;
	case EAI_NONAME:
		return answer_failed(-ENXIO, 0, "the system's resolver knows no such name");
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return answer_failed(-ENODATA, 0, "the system's resolver: %s",
				     gai_strerror(job->error));
	case EAI_AGAIN:
		return answer_failed(-ETIMEDOUT, 0, "the system's resolver: %s",
				     gai_strerror(job->error));
	case EAI_SYSTEM:
		return answer_failed(job->saved_errno ? -job->saved_errno : -EIO, 0,
				     "the system's resolver");
	default:
		return answer_failed(-EREMOTEIO, 0, "the system's resolver: %s",
				     gai_strerror(job->error));
	}
	if (job->question == ASK_ADDRESSES)
		return addresses_answer(job);
	name = strdup(job->host);
	return name ? answer_new(name, 1, 0) : NULL;
}

static void forget(struct job *job)
{
	struct job **at = &job->jobs->first;

	while (*at != job)
		at = &(*at)->next_of_loop;
	*at = job->next_of_loop;
	job->jobs = NULL;
}

static void job_done(void *arg)
{
	struct job *job = arg;
	struct entry *entry = job->entry;
	struct answer *answer = answer_of(job);

	pthread_mutex_lock(&pool.lock);
	forget(job);
	pthread_mutex_unlock(&pool.lock);
	job_free(job);
	flight_done(entry, answer);
}

static void unqueue(struct job *job)
{
	struct job **at = &pool.first;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	if (!job->next)
		pool.last = at;
}

/* 0, or why no thread will ever run it. */
static int enqueue(struct job *job)
{
	int error = 0;

	pthread_mutex_lock(&pool.lock);
	job->queued = true;
	job->next = NULL;
	*pool.last = job;
	pool.last = &job->next;
	if (pool.threads < THREADS_MAX) {
		error = thread_start();
		if (!error)
			pool.threads++;
		else if (pool.threads)
			error = 0; /* one of those that run will take it */
		else
			unqueue(job);
	}
	if (!error) {
		job->next_of_loop = job->jobs->first;
		job->jobs->first = job;
	}
	pthread_mutex_unlock(&pool.lock);
	return error;
}

static void system_start(struct names *names, struct entry *entry)
{
	struct job *job = NULL;
	int error;

	pthread_once(&pool_once, pool_init);
	if (!names->jobs)
		names->jobs = calloc(1, sizeof *names->jobs);
	if (names->jobs)
		job = calloc(1, sizeof *job);
	if (!job) {
		flight_done(entry, NULL);
		return;
	}
	job->jobs = names->jobs;
	job->entry = entry;
	job->loop = async_current_loop();
	job->question = entry->question;
	job->family = entry->family;
	strncpy(job->host, entry->name, sizeof job->host - 1);
	error = enqueue(job);
	if (error) {
		free(job);
		flight_done(entry, answer_failed(error, 0,
						 "no thread for the system's resolver (at most %d)",
						 THREADS_MAX));
	}
}

/* The loop ends. What a thread works on stays the thread's. */
static void job_abandon(struct job *job)
{
	forget(job);
	if (job->queued) {
		unqueue(job);
		job_free(job);
	} else if (async_handle_cancel(&job->handle)) {
		job_free(job);
	}
}

static void system_free(struct names *names)
{
	struct entry *entry;

	while (names->jobs && names->jobs->first) {
		pthread_mutex_lock(&pool.lock);
		entry = names->jobs->first->entry;
		job_abandon(names->jobs->first);
		pthread_mutex_unlock(&pool.lock);
		flight_done(entry, answer_failed(-ECANCELED, 0, "the loop ends"));
	}
	free(names->jobs);
	names->jobs = NULL;
}

const struct engine system_engine = { system_start, system_free };
