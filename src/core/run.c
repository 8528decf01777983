/* SPDX-License-Identifier: MIT */
/* Making, running and ending a loop; the private loop of a thread that just calls an await_
 * function. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <unistd.h>
#include "core/group.h"
#include "core/handle.h"
#include "core/interrupt.h"
#include "core/overflow.h"
#include "core/report.h"
#include "core/stackuse.h"
#include "core/watchdog.h"

enum { HUB_STACK_BYTES = 256 * 1024 };

/* The C++ runtime's record of the exceptions under way in this thread, where there is a C++
 * runtime. */
extern void *__cxa_get_globals(void) __attribute__((weak));

__thread void (*loop_made)(struct async_loop *loop) __attribute__((tls_model("initial-exec")));

static pthread_key_t private_loop_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void private_loop_end(void *loop)
{
	if (loop_current == loop)
		loop_free(loop);
}

/* After fork the child has no loop: the parent's descriptors and tasks are not its own. */
static void child_forgets(void)
{
	loop_current = NULL;
}

static void process_init(void)
{
	pthread_key_create(&private_loop_key, private_loop_end);
	pthread_atfork(NULL, NULL, child_forgets);
}

/* Keys' destructors do not run for the main thread: its private loop ends with the process. */
__attribute__((destructor)) static void process_term(void)
{
	if (loop_current && loop_current->is_private &&
	    loop_current->running == &loop_current->root)
		private_loop_end(loop_current);
}

static int options_take(struct async_loop *loop, const async_options *options)
{
	const char *seed = getenv("LIBAWAIT_SEED"), *debug = getenv("LIBAWAIT_DEBUG");

	if (options)
		loop->options = *options;
	if (!loop->options.backend)
		loop->options.backend = getenv("LIBAWAIT_BACKEND");
	if (!loop->options.without)
		loop->options.without = getenv("LIBAWAIT_WITHOUT");
	if (!loop->options.stack_bytes)
		loop->options.stack_bytes = STACK_BYTES_DEFAULT;
	if (!loop->options.seed && seed)
		loop->options.seed = strtoull(seed, NULL, 0);
	if (!loop->options.debug && debug)
		loop->options.debug = atoi(debug);
	if (loop->options.stack_bytes < STACK_BYTES_MIN ||
	    loop->options.stack_bytes > STACK_BYTES_MAX)
		return async_fail(-EINVAL, "option stack_bytes is %zu: it must be from %d to %d",
				  loop->options.stack_bytes, STACK_BYTES_MIN, STACK_BYTES_MAX);
	return 0;
}

/* A fresh main task; its values are those of the run before. */
static void root_init(struct async_loop *loop)
{
	struct local_value *locals = loop->root.locals;

	loop->root = (struct async_task){
		.loop = loop, .site = "main", .begun = true, .locals = locals
	};
	task_init_links(&loop->root);
	fiber_init(&loop->root.fiber, NULL, 0);
}

/* The end of a main task. */
static void root_end(struct async_loop *loop)
{
	task_tell_callbacks(&loop->root);
	free(loop->root.name);
	free(loop->root.error_text);
	loop->root.name = loop->root.error_text = NULL;
}

static int hub_init(struct async_loop *loop)
{
	if (stack_take(&loop->stacks, HUB_STACK_BYTES, &loop->hub_stack))
		return async_fail(-ENOMEM, "no memory for the loop's own stack");
	loop->stacks.used = 0;
	loop->hub = (struct async_task){ .loop = loop, .site = "loop", .stack = loop->hub_stack };
	fiber_init(&loop->hub.fiber, loop->hub_stack.low,
		   (size_t)(loop->hub_stack.top - loop->hub_stack.low));
	context_make(&loop->hub.context, loop->hub_stack.top, loop_hub, loop);
	return 0;
}

static void scheduler_init(struct async_loop *loop)
{
	loop->ready_last = &loop->ready_first;
	loop->calls_last = &loop->calls;
	loop->budget = loop->budget_full = 1;
	loop->errno_address = &errno;
	loop->exceptions = __cxa_get_globals ? __cxa_get_globals() : NULL;
	loop->strays.loop_ = loop;
	loop->strays.site_ = "tasks without a group";
	list_append(&loop->groups, &loop->strays.in_loop_);
}

int loop_new(const async_options *options, struct async_loop **made)
{
	struct async_loop *loop = calloc(1, sizeof *loop);
	int error;

	pthread_once(&once, process_init);
	if (!loop)
		return async_fail(-ENOMEM, "no memory for a loop");
	scheduler_init(loop);
	error = options_take(loop, options);
	if (error)
		goto free_loop;
	stack_pool_init(&loop->stacks, loop->options.without);
	root_init(loop);
	error = overflow_watch_thread();
	if (!error)
		error = hub_init(loop);
	if (!error)
		error = backend_open(loop, loop->options.backend, loop->options.without);
	if (error)
		goto free_stacks;
	loop->now_ns = loop_clock(loop);
	error = watchdog_start(loop);
	if (error)
		goto close_backend;
	*made = loop;
	return 0;

close_backend:
	loop->backend->close(loop);
free_stacks:
	if (!loop_current)
		overflow_unwatch_thread();
	stack_pool_term(&loop->stacks);
free_loop:
	free(loop);
	return error;
}

/* Wait, as the main task, until no other is left. */
static void drain(struct async_loop *loop)
{
	static const struct wait_kind kind = { .name = "the end of all tasks" };

	while (loop->tasks)
		wait_in(&loop->strays.waiters_, &kind, loop);
}

static void leftover_end(struct async_task *task, void *arg)
{
	char name[64];

	(void)arg;
	if (task == &task->loop->root)
		return;
	if (!task->done && !task->detached && task->group == &task->loop->strays)
		loop_report(task->loop, "left", 0, task,
			    "task %s (%s) was neither awaited nor detached: it is cancelled",
			    task_name_in(task, name, sizeof name), task->site);
	task_cancel_with(task, -ECANCELED);
}

/* Handles that ended and that nobody took: their failures are told here at the latest. */
static void handles_end(struct async_loop *loop)
{
	list_for_each (&loop->strays.children_, link, following) {
		struct async_task *task = container_of(link, struct async_task, sibling);

		async_task_detach(task);
	}
}

/* Other threads do not reach the loop from here on; what they do for it is awaited. */
static void mailbox_close(struct async_loop *loop)
{
	void *mailbox = __atomic_exchange_n(&loop->mailbox, LOOP_GONE, __ATOMIC_ACQ_REL);

	if (mailbox)
		loop->mailbox_end(mailbox);
}

static void loop_close(struct async_loop *loop)
{
	loop->closing = true;
	root_end(loop);
	root_init(loop);
	loop->running = &loop->root;
	tasks_visit(loop, leftover_end, NULL);
	drain(loop);
	loop_values_free(loop);
	drain(loop);
	while (loop->orphans)
		await_sleep(0.0005);
	mailbox_close(loop);
	handles_end(loop);
	root_end(loop);
	callbacks_drop(loop);
	loop_sweep(loop);
	locals_release(loop->root.locals);
	__atomic_store_n(&loop->closed, true, __ATOMIC_RELEASE);
}

void loop_free(struct async_loop *loop)
{
	struct async_loop *before = loop_current;

	loop_current = loop;
	loop_close(loop);
	watchdog_stop(loop);
	loop->backend->close(loop);
	loop_current = before == loop ? NULL : before;
	buffer_pool_term(&loop->buffers);
	stack_use_term(loop);
	timers_term(&loop->timers);
	fiber_term(&loop->hub.fiber);
	stack_pool_term(&loop->stacks);
	if (!loop_current)
		overflow_unwatch_thread();
	if (loop->is_private)
		pthread_setspecific(private_loop_key, NULL);
	free(loop);
}

struct async_loop *loop_of_thread(void)
{
	struct async_loop *loop = loop_current;

	if (likely(loop != NULL))
		return loop;
	if (loop_new(NULL, &loop))
		return NULL;
	loop->is_private = true;
	loop->active = true;
	loop->running = &loop->root;
	pthread_setspecific(private_loop_key, loop);
	loop_current = loop;
	if (loop_made)
		loop_made(loop);
	return loop;
}

async_loop *async_loop_new(const async_options *options)
{
	struct async_loop *loop = NULL;

	loop_new(options, &loop);
	return loop;
}

/* What the root's failure means to the owner of the process: main() seldom looks. */
static void tell_failure(struct async_loop *loop, int result)
{
	if (result >= 0 || loop->sigint.count)
		return;
	loop_report(loop, "failure", result, &loop->root, "main task (%s) failed: %s",
		    loop->root.site, task_failure_text(&loop->root));
}

int async_report_main(int error)
{
	struct async_loop *loop = loop_current;

	if (error < 0 && error != -ECANCELED && loop && loop->is_private)
		loop_report(loop, "failure", error, NULL, "%s", async_error());
	return error;
}

/* One running loop per thread; a private one stands back while its thread runs another. */
static int refuse_nested(const char *site)
{
	const struct async_loop *outer = loop_current;

	if (!outer || (outer->is_private && outer->running == &outer->root))
		return 0;
	return async_fail(
		-EBUSY,
		"async_run(%s): a loop runs in this thread already; inside it, start a task and"
		" await it",
		site);
}

int async_loop_run_at_(async_loop *loop, async_fn *fn, void *arg, const char *site)
{
	struct async_loop *outer = loop_current;
	int result = refuse_nested(site);

	if (result)
		return result;
	loop_current = loop;
	root_init(loop);
	loop->root.site = site;
	loop->running = &loop->root;
	loop->active = true;
	loop->deadlock_told = false;
	interrupt_watch(loop);
	result = fn(arg);
	if (interrupt_unwatch(loop) && result == -ECANCELED)
		result = -EINTR;
	loop->root.result = result;
	tell_failure(loop, result);
	root_end(loop);
	loop->active = false;
	loop_current = outer;
	return result;
}

void async_loop_free(async_loop *loop)
{
	if (loop)
		loop_free(loop);
}

int async_run_at_(const async_options *options, async_fn *fn, void *arg, const char *site)
{
	struct async_loop *loop;
	int result = refuse_nested(site);

	if (result)
		return result;
	result = loop_new(options, &loop);
	if (result) {
		fprintf(stderr, "libawait: cannot make a loop: %s\n", async_error());
		return result;
	}
	result = async_loop_run_at_(loop, fn, arg, site);
	loop_free(loop);
	return result;
}

const char *async_version(void)
{
	return LIBAWAIT_VERSION;
}
