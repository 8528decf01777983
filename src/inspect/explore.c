/* SPDX-License-Identifier: MIT */
/*
 * The cancellation explorer: runs a scenario in simulation, again and again, each time with a
 * cancel at another point. A point is a moment at which a task stands still: when it has just been
 * suspended, and when it is about to go on, made or woken but not yet running. The second kind is
 * where permits and items get lost, for then the wait has been served already. Each point is tried
 * with a cancel and with a timeout, which take different ways through groups.
 *
 * Nothing here looks into the scenario: what is left behind is told by the loop's own reports, by
 * the heap and by the check. A heap that has grown proves little, since the C library keeps pieces
 * for later; so that run is repeated, and only what grows each time is a leak.
 */
#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "backend/sim.h"
#include "core/report.h"

enum { HEAP_REPEATS = 3 };

struct explorer {
	const async_options *options;
	async_fn *fn;
	void *arg;
	int (*check)(void *arg);
	const char *site;
	unsigned target, counted; /* points of this run; target 0: leave everyone alone */
	int error;		  /* that the target's task gets */
	int unable;		  /* the run did not take place */
	size_t grown;		  /* heap bytes */
	char where[208];	  /* the target: who stood there */
	char fault[256];	  /* the first thing found wrong, or "" */
};

static size_t heap_bytes(void)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
	struct mallinfo2 heap = mallinfo2();

	return heap.uordblks + heap.hblkhd;
#else
	return 0;
#endif
}

static void ASYNC_PRINTF_(2, 3) blame(struct explorer *explorer, const char *format, ...)
{
	va_list arguments;

	if (explorer->fault[0])
		return;
	va_start(arguments, format);
	vsnprintf(explorer->fault, sizeof explorer->fault, format, arguments);
	va_end(arguments);
}

static void at_point(struct async_task *task, bool before, void *arg)
{
	struct explorer *explorer = arg;
	char name[64], state[96];

	if (++explorer->counted != explorer->target)
		return;
	task_state_in(task, state, sizeof state);
	snprintf(explorer->where, sizeof explorer->where, "%s (%.60s) %s%s",
		 task_name_in(task, name, sizeof name), task->site,
		 before ? "about to go on" : "suspended: ", before ? "" : state);
	task_cancel_with(task, explorer->error);
}

/* Failures are what a cancel is expected to cause; the others are not. */
static void on_report(const async_report *report, void *arg)
{
	static const char *const wrong[] = { "left", "deadlock" };
	struct explorer *explorer = arg;

	for (size_t i = 0; i < array_length(wrong); i++)
		if (!strcmp(report->kind, wrong[i]))
			blame(explorer, "%s: %s", report->kind, report->text);
	if (!explorer->target && explorer->options && explorer->options->report)
		explorer->options->report(report, explorer->options->report_arg);
}

static void find_alive(struct async_task *task, void *arg)
{
	char name[64];

	if (task != &task->loop->root && !task->done)
		blame(arg, "task %s (%s) outlives the run", task_name_in(task, name, sizeof name),
		      task->site);
}

static void run_once(struct explorer *explorer)
{
	async_options options = explorer->options ? *explorer->options : (async_options){ 0 };
	size_t before = heap_bytes();
	struct async_loop *loop;
	int error;

	options.backend = "sim";
	options.report = on_report;
	options.report_arg = explorer;
	explorer->counted = 0;
	explorer->fault[0] = '\0';
	explorer->unable = loop_new(&options, &loop);
	if (explorer->unable)
		return;
	sim_observe(loop, at_point, explorer);
	async_loop_run_at_(loop, explorer->fn, explorer->arg, explorer->site);
	sim_observe(loop, NULL, NULL);
	tasks_visit(loop, find_alive, explorer);
	async_loop_free(loop);
	error = explorer->check ? explorer->check(explorer->arg) : 0;
	if (error)
		blame(explorer, "the check returned %d", error);
	explorer->grown = heap_bytes() > before ? heap_bytes() - before : 0;
}

/* Run, and find out whether it left something behind. */
static bool run_fails(struct explorer *explorer, unsigned target, int error)
{
	explorer->target = target;
	explorer->error = error;
	run_once(explorer);
	for (int i = 0; i < HEAP_REPEATS && explorer->grown; i++)
		run_once(explorer);
	if (explorer->grown)
		blame(explorer, "%zu bytes of memory are lost", explorer->grown);
	return explorer->fault[0];
}

static void try_point(struct explorer *explorer, unsigned point, async_exploration *found)
{
	static const int errors[] = { -ECANCELED, -ETIMEDOUT };
	bool failed = false;

	for (size_t i = 0; i < array_length(errors) && !failed; i++)
		failed = run_fails(explorer, point, errors[i]);
	if (!failed)
		return;
	if (!found->failures++) {
		found->first_failure = point;
		snprintf(found->text, sizeof found->text, "point %u, %s of %s: %s", point,
			 explorer->error == -ECANCELED ? "cancel" : "timeout", explorer->where,
			 explorer->fault);
	}
}

int async_explore_at_(const async_options *options, async_fn *fn, void *arg,
		      int (*check)(void *arg), async_exploration *found, const char *site)
{
	struct explorer explorer = {
		.options = options,
		.fn = fn,
		.arg = arg,
		.check = check,
		.site = site,
	};
	const struct async_loop *outer = loop_current;
	async_exploration unwanted;

	if (!found)
		found = &unwanted;
	memset(found, 0, sizeof *found);
	if (outer && (!outer->is_private || outer->running != &outer->root))
		return async_fail(-EBUSY, "async_explore(%s): a loop runs in this thread already",
				  site);
	if (run_fails(&explorer, 0, 0)) {
		found->failures = 1;
		snprintf(found->text, sizeof found->text, "even without a cancel: %s",
			 explorer.fault);
	}
	if (explorer.unable)
		return explorer.unable;
	if (found->failures)
		return async_fail(-ENOTRECOVERABLE, "async_explore(%s): %s", site, found->text);
	found->points = explorer.counted;
	for (unsigned point = 1; point <= found->points; point++)
		try_point(&explorer, point, found);
	if (!found->failures)
		return 0;
	return async_fail(-ENOTRECOVERABLE, "async_explore(%s): %u of %u points fail; %s", site,
			  found->failures, found->points, found->text);
}
