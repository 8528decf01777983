/* SPDX-License-Identifier: MIT */
/*
 * Tasks: made, switched, ended. A task stops in task_suspend and task_yield; they are never
 * inlined, so that tools/check-await can see who reaches them. A task that stops switches straight
 * to the next ready one; the hub gets its turn when nobody is ready or when the budget of switches
 * is used up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/group.h"
#include "core/loop.h"
#include "core/report.h"
#include "core/stackuse.h"

__thread struct async_loop *loop_current __attribute__((tls_model("initial-exec")));

enum { CACHE_LINE = 64, NUMBERS_AT_A_TIME = 4096 };

/* Process-wide, so that names stay unique when there are several loops; each loop takes a stretch
 * of numbers. */
static uint64_t numbers_taken;

static inline uint64_t next_number(struct async_loop *loop)
{
	if (unlikely(loop->number % NUMBERS_AT_A_TIME == 0))
		loop->number =
			__atomic_fetch_add(&numbers_taken, NUMBERS_AT_A_TIME, __ATOMIC_RELAXED);
	return ++loop->number;
}

/* The C++ runtime keeps the exceptions under way per thread: each task has its own. Only in
 * programs with C++. */
__attribute__((noinline)) static void exceptions_leave(struct async_loop *loop,
						       struct async_task *self)
{
	self->saved_exceptions[0] = loop->exceptions[0];
	self->saved_exceptions[1] = loop->exceptions[1];
}

__attribute__((noinline)) static void exceptions_enter(struct async_loop *loop,
						       struct async_task *self)
{
	loop->exceptions[0] = self->saved_exceptions[0];
	loop->exceptions[1] = self->saved_exceptions[1];
}

/* Leave `self` and go on with `next`; returns when somebody switches back. `cxx` is a constant in
 * each caller. */
__attribute__((always_inline)) static inline void
switch_with(struct async_loop *loop, struct async_task *self, struct async_task *next, bool cxx)
{
	loop->steps++;
	loop->running = next;
	self->saved_errno = *loop->errno_address;
	if (cxx)
		exceptions_leave(loop, self);
#ifdef FIBER_SANITIZED
	loop->previous = self->done ? NULL : self;
	fiber_leave(self->done ? NULL : &self->fiber, &next->fiber);
#endif
	context_switch(&self->context, &next->context);
	loop = self->loop;
#ifdef FIBER_SANITIZED
	fiber_enter(&self->fiber, loop->previous ? &loop->previous->fiber : NULL);
#endif
	*loop->errno_address = self->saved_errno;
	if (cxx)
		exceptions_enter(loop, self);
}

static void switch_to(struct async_loop *loop, struct async_task *self, struct async_task *next)
{
	switch_with(loop, self, next, loop->exceptions != NULL);
}

/* The next ready task, or the hub when there is none or its turn has come. */
static inline struct async_task *pick(struct async_loop *loop)
{
	struct async_task *next = loop->ready_first, *second;

	if (unlikely(!next || --loop->budget == 0))
		return &loop->hub;
	second = next->next_ready;
	loop->ready_first = second;
	if (!second) {
		loop->ready_last = &loop->ready_first;
		return next;
	}
	if (likely(!loop->crowded))
		return next;
	/* With a thousand tasks their stacks no longer fit the caches: fetch what the next switches
	 * will touch, the frame of the second and the record of the third, while this one runs.
	 * Worth 6 % at a thousand connections. */
	__builtin_prefetch(second->context.sp);
	__builtin_prefetch((char *)second->context.sp + CACHE_LINE);
	__builtin_prefetch(second->next_ready);
	__builtin_prefetch((char *)second->next_ready + CACHE_LINE);
	return next;
}

__attribute__((noinline)) static int64_t suspend_cxx(struct async_loop *loop,
						     struct async_task *self)
{
	switch_with(loop, self, pick(loop), true);
	return self->wait_result;
}

__attribute__((noinline)) int64_t task_suspend(struct wait *wait)
{
	struct async_task *self = wait->task;
	struct async_loop *loop = self->loop;

	self->wait = wait;
	wait->since_ns = loop->now_ns;
	if (unlikely(loop->exceptions != NULL))
		return suspend_cxx(loop, self);
	switch_with(loop, self, pick(loop), false);
	return self->wait_result;
}

/* A yield needs no wait record: it is ready as it stops. tools/check-await looks for it as for
 * task_suspend. */
__attribute__((noinline)) void task_yield(struct async_task *self)
{
	struct async_loop *loop = self->loop;

	loop_ready(loop, self);
	if (unlikely(loop->exceptions != NULL))
		suspend_cxx(loop, self);
	else
		switch_with(loop, self, pick(loop), false);
}

/* The hub's side: run the tasks that are ready, until they switch back here. */
void task_run_ready(struct async_loop *loop)
{
	uint32_t waiting = loop->queued - loop->picked, before = loop->budget_full + 1;
	struct async_task *next;

	/* Whoever is ready now has a turn before the kernel is asked again. */
	if (waiting >= before && !loop->backend->virtual_clock)
		before = waiting + 1;
	loop->budget = before;
	loop->crowded = waiting > CROWD;
	next = pick(loop);
	if (next == &loop->hub)
		return;
	switch_to(loop, &loop->hub, next);
	loop->running = NULL;
	loop->picked += before - loop->budget - (loop->budget == 0);
}

void task_tell_callbacks(struct async_task *task)
{
	struct async_call_ *call = task->callbacks;

	task->callbacks = NULL;
	loop_callbacks_soon(task->loop, call);
}

void task_free(struct async_task *task)
{
	struct async_loop *loop = task->loop;

	if (unlikely(task->name || task->error_text)) {
		free(task->name);
		free(task->error_text);
	}
	if (unlikely(task->locals))
		locals_release(task->locals);
	if (unlikely(loop->stack_use))
		stack_use_record(loop, task);
	fiber_term(&task->fiber);
	stack_give(&loop->stacks, &task->stack);
}

/* The end of a task, on its own stack. Its memory is only marked as free: it stays in place until
 * the switch. */
_Noreturn static void task_finish(struct async_task *self)
{
	struct async_loop *loop = self->loop;
	bool owned;

	self->done = true;
	self->ended = ++loop->ended;
	if (unlikely(self->callbacks))
		task_tell_callbacks(self);
	owned = group_child_ended(self);
	wait_wake_all(&self->end_waiters, 0);
	if (!owned && !self->joiners) {
#ifdef FIBER_SANITIZED
		self->next_ready = loop->dead;
		loop->dead = self;
#else
		task_free(self);
#endif
	}
	switch_to(loop, self, pick(loop));
	__builtin_unreachable();
}

/* The first frame of every task. */
static void task_main(void *arg)
{
	struct async_task *self = arg;

#ifdef FIBER_SANITIZED
	fiber_enter(&self->fiber, self->loop->previous ? &self->loop->previous->fiber : NULL);
#endif
	if (unlikely(self->loop->exceptions))
		self->loop->exceptions[0] = self->loop->exceptions[1] = NULL;
	self->begun = true;
	self->result = self->fn(self->arg);
	if (unlikely(loop_current != self->loop))
		die("a forked child returned into its parent's loop from %s: end it with _exit()",
		    self->site);
	task_finish(self);
}

/* Clear what a new task begins with as zero, in pieces small enough to become plain stores: for the
 * whole the compiler takes a string instruction, which needs longer to get going than all of this. */
static inline void clear_fresh(struct async_task *task)
{
	enum {
		FIRST = offsetof(struct async_task, wait),
		BYTES = offsetof(struct async_task, scope) - FIRST,
		PIECE = BYTES / 4 / sizeof(uint64_t) * sizeof(uint64_t),
	};
	char *fresh = (char *)task + FIRST;

	memset(fresh, 0, PIECE);
	memset(fresh + PIECE, 0, PIECE);
	memset(fresh + 2 * PIECE, 0, PIECE);
	memset(fresh + 3 * PIECE, 0, BYTES - 3 * PIECE);
}

/* Clearing the record as a whole, operation and all, would take longer than the rest of starting a
 * task. What is not set here is set before it is read. */
static inline void task_init(struct async_task *task, struct async_loop *loop,
			     const struct stack *stack)
{
	clear_fresh(task);
	task_init_links(task);
	task->loop = loop;
	task->id = next_number(loop);
	/* One by one: copied as a whole it would be read in pairs of words right after it was
	 * written word by word, which the processor's store buffer cannot serve: 25 ns. */
	task->stack.low = stack->low;
	task->stack.top = stack->top;
	task->stack.slab = stack->slab;
	task->stack.index = stack->index;
	task->io.cancelling = task->io.begun = task->io.polling = false;
	task->io.lend = 0;
}

struct async_task *task_create(struct async_loop *loop, struct async_group *group, async_fn *fn,
			       void *arg, const async_task_options *options, const char *site)
{
	size_t bytes = options && options->stack_bytes ? options->stack_bytes :
							 loop->options.stack_bytes;
	struct async_task *creator = loop->running, *task;
	struct stack stack;

	if (unlikely(stack_take(&loop->stacks, bytes, &stack))) {
		async_fail(
			-ENOMEM,
			"no memory for the stack of %s (%zu bytes, option stack_bytes; %zu tasks)",
			site, bytes, loop->tasks);
		return NULL;
	}
	task = (struct async_task *)stack.top - 1;
	task_init(task, loop, &stack);
	task->fn = fn;
	task->arg = arg;
	task->group = group;
	task->site = site;
	task->parent_id = creator ? creator->id : 0;
	if (unlikely(options && options->name) && async_task_set_name(task, options->name)) {
		stack_give(&loop->stacks, &stack);
		return NULL;
	}
	if (unlikely(creator && creator->locals)) {
		task->locals = creator->locals;
		task->locals->references++;
	}
	if (unlikely(loop->stack_use))
		stack_use_empty(task);
	fiber_init(&task->fiber, stack.low, (size_t)(stack.top - stack.low));
	context_make(&task->context, task, task_main, task);
	task->eager = options && options->eager;
	list_append(&group->children_, &task->sibling);
	group->running_++;
	loop->tasks++;
	return task;
}

void task_begin(struct async_task *task)
{
	struct async_loop *loop = task->loop;
	struct async_task *self = loop->running;

	if (likely(!task->eager || !self)) {
		loop_ready(loop, task);
		return;
	}
	/* The creator goes on as soon as the eager task first stops: it stands first in the queue. */
	loop->queued++;
	self->next_ready = loop->ready_first;
	if (!loop->ready_first)
		loop->ready_last = &self->next_ready;
	loop->ready_first = self;
	loop->stepping = task;
	switch_to(loop, self, task);
}

async_task *async_create_task_at_(async_fn *fn, void *arg, const async_task_options *options,
				  const char *site)
{
	struct async_loop *loop = loop_of_thread();
	struct async_task *task;

	if (!loop)
		return NULL;
	if (loop->closing) {
		async_fail(-ESHUTDOWN, "cannot make task %s: its loop is closing", site);
		return NULL;
	}
	task = task_create(loop, &loop->strays, fn, arg, options, site);
	if (task)
		task_begin(task);
	return task;
}

struct async_task *task_self_slow(const char *caller)
{
	struct async_loop *loop = loop_current;

	if (loop)
		die("%s called inside a loop callback, which cannot wait: start a task there",
		    caller);
	loop = loop_of_thread();
	if (!loop)
		die("%s called on a thread without a loop, and none could be made: %s", caller,
		    async_error());
	return loop->running;
}
