/* SPDX-License-Identifier: MIT */
/*
 * The loop of one thread: who is ready, who is next, what is due. It runs on a stack of its own
 * (the hub), tasks switch among themselves as long as anyone is ready, and come back to the hub
 * when nobody is, or when it is time to look at the kernel.
 */
#ifndef CORE_LOOP_H
#define CORE_LOOP_H

#include <await/loop.h>
#include <await/run.h>
#include "core/backend.h"
#include "core/buffer.h"
#include "core/stack.h"
#include "core/task.h"
#include "core/timer.h"

struct signal_state {
	bool installed;
	unsigned count; /* of SIGINT so far */
};

/* Something that a library keeps per loop: see async_loop_set_value. */
struct loop_value {
	struct loop_value *older;
	const void *key;
	void *value;
	void (*free_value)(void *value);
};

struct async_loop {
	/* What every switch touches comes first. */
	struct async_task *running; /* NULL on the hub */
	struct async_task *ready_first;
	struct async_task **ready_last; /* where the next one is linked in */
	uint32_t budget;		/* switches until the hub is due */
	uint32_t budget_full;
	uint32_t queued; /* counts entries into the ready queue */
	uint32_t picked; /* and, as of the hub's last visit, what left it */
	uint64_t steps;	 /* counts switches: the heartbeat */
	int *errno_address;
	void **exceptions; /* the C++ runtime's record of this thread, or NULL */
	uint64_t now_ns;   /* the clock as of the hub's last visit */
	const struct backend *backend;
	void *backend_state;
	size_t operations; /* started and not completed */
	/* The backend's short cuts, or what does without them. */
	int64_t (*recv)(struct async_loop *loop, struct operation *operation);
	int64_t (*sendall)(struct async_loop *loop, struct operation *operation);
	int64_t (*lend)(struct async_loop *loop, struct operation *operation);
	struct buffer_pool buffers;
	size_t orphans; /* operations under way whose owners are gone, but not yet their memory */

	struct async_task hub;	     /* the loop itself: a context and a stack like a task's */
	struct async_task root;	     /* runs on the thread's own stack */
	struct async_task *previous; /* who was left by the last switch */
	struct async_task *dead; /* ended and not yet freed, because it was running on its stack */
	struct stack hub_stack;
	struct stack_pool stacks;
	struct timer_heap timers;

	struct async_waiters_ soon;		 /* handles of async_call_soon */
	struct async_call_ *calls, **calls_last; /* of ended tasks and finished futures */
	struct async_handle *foreign;		 /* handles from other threads: an atomic stack */
	struct async_group strays;		 /* owner of tasks that have no group */
	struct async_waiters_ groups;		 /* open groups, strays first */
	size_t tasks;				 /* alive, root apart */
	uint64_t ended;
	uint64_t number; /* of the task made last */

	async_options options;
	bool active; /* inside async_loop_run */
	bool closing, closed;
	bool is_private; /* made for a thread that called an await_ function */
	bool outside;	 /* other threads may wake it: nothing is a deadlock */
	bool deadlock_told;
	uint64_t turn_ns; /* the clock as of the last poll */
	bool crowded;	  /* many tasks are ready: worth fetching ahead what they will touch */
	struct signal_state sigint;
	struct watchdog *watchdog;
	struct loop_value *values;   /* newest first */
	struct loop_value *lists;    /* what is open, by kind; goes after the values */
	struct stack_use *stack_use; /* table of high-water marks, once asked for */
	/* Of thread/mailbox.c, made when first another thread has to do with this loop: how they
	 * reach it (LOOP_GONE: too late), and what ends that, in the main task. */
	void *mailbox;
	void (*mailbox_end)(void *mailbox);
	bool guest; /* another event loop owns the thread and calls when there is something to do */
	/* Of a simulation: */
	uint64_t random_state[4];
	uint64_t trace;		     /* hash over all that happened */
	struct async_task *stepping; /* whose step this is, or was */
};

extern __thread struct async_loop *loop_current __attribute__((tls_model("initial-exec")));

/* loop->mailbox of a loop that closes. */
#define LOOP_GONE ((void *)1)

/* Called with each private loop that this thread makes; NULL: nobody wants to know. */
extern __thread void (*loop_made)(struct async_loop *loop)
	__attribute__((tls_model("initial-exec")));

/* 0 and a loop; -EINVAL, -ENOTSUP, -ENOMEM, -EMFILE. */
int loop_new(const async_options *options, struct async_loop **made);
void loop_free(struct async_loop *loop);
/* The thread's loop; makes a private one where there is none. NULL: no memory or descriptors. */
struct async_loop *loop_of_thread(void);

/* On the hub, for ever. */
void loop_hub(void *loop);

/* Free the tasks that ended while they stood on their stacks. Not on such a stack. */
void loop_sweep(struct async_loop *loop);

/* core/keep.c: a list of the loop's under a key, empty at first; `end` gets it, and frees it, as
 * the loop closes. NULL: no memory. */
struct async_waiters_ *loop_list(const void *key, void (*end)(void *list));
/* Free what libraries keep, as the main task, newest first. */
void loop_values_free(struct async_loop *loop);

/* Nanoseconds on the loop's clock, now. */
uint64_t loop_clock(struct async_loop *loop);

static inline void loop_ready(struct async_loop *loop, struct async_task *task)
{
	loop->queued++;
	task->next_ready = NULL;
	*loop->ready_last = task;
	loop->ready_last = &task->next_ready;
}

/* End a wait with a result. False when something else had ended it. */
static inline bool wait_trigger(struct wait *wait, int64_t result)
{
	struct async_task *task = wait->task;

	if (unlikely(task->wait != wait))
		return false;
	task->wait = NULL;
	task->wait_result = result;
	loop_ready(task->loop, task);
	return true;
}

/* Complete a task's operation that went well and that nobody has cancelled: the short way of
 * operation_complete. */
static inline void operation_succeed(struct async_loop *loop, struct operation *operation,
				     int64_t result)
{
	struct async_task *task = operation->wait.task;

	loop->operations--;
	task->wait = NULL;
	task->wait_result = result;
	loop_ready(loop, task);
}

/* task_self where there is no running task: make a private loop, or abort inside a loop callback. */
struct async_task *task_self_slow(const char *caller);

/* The running task. On a thread without a loop it makes a private one whose main task is the
 * thread's own stack; inside a loop callback it aborts, naming the caller. */
static inline struct async_task *task_self(const char *caller)
{
	struct async_loop *loop = loop_current;

	if (likely(loop && loop->running))
		return loop->running;
	return task_self_slow(caller);
}

/* Whether this thread runs the loop, or owns it without running it just now: errno has one address
 * in each thread. */
static inline bool loop_is_mine(const struct async_loop *loop)
{
	return likely(loop == loop_current) || loop->errno_address == &errno;
}

/* Abort when the loop is another thread's: going on would corrupt it. */
void loop_check_mine(const struct async_loop *loop, const char *caller);

/* The same without the detours: NULL where there is no running task. */
static inline struct async_task *task_running(void)
{
	struct async_loop *loop = loop_current;

	return likely(loop != NULL) ? loop->running : NULL;
}

/* backend/choose.c: open the backend that was asked for, or the best one. */
int backend_open(struct async_loop *loop, const char *name, const char *without);

#endif
