/* SPDX-License-Identifier: MIT */
/* A result on its way between threads, counted: one reference each for who waits and who gives. */
#ifndef THREAD_REMOTE_H
#define THREAD_REMOTE_H

#include <await/thread.h>
#include "core/report.h"
#include "thread/mailbox.h"

struct async_remote {
	pthread_mutex_t mutex;
	pthread_cond_t finished;
	unsigned references;
	bool done, cancelled, detached;
	int result;
	struct async_waiters_ waits; /* remote_wait */
	char error[ERROR_TEXT_BYTES];

	/* Of one that is a task: */
	struct mailbox *mailbox; /* of its loop */
	async_fn *fn;
	void *arg;
	const char *site;
	struct letter start, stop;
	struct async_task *task; /* of its loop's thread */
};

struct async_remote *remote_make(void);
void remote_release(struct async_remote *remote);
/* The first result counts. text may be NULL. */
bool remote_finish(struct async_remote *remote, int result, const char *text);

#endif
