/* SPDX-License-Identifier: MIT */
/* Groups: nothing outlives its owner and no error gets lost. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "harness.h"
#include "settle.h"

static int done_count;

static int work(void *arg)
{
	int error = await_sleep(async_int(arg) / 1000.0);

	done_count++;
	return error;
}

static int fail_after(void *arg)
{
	int error = await_sleep(async_int(arg) / 1000.0);

	return error ? error : async_fail(-EIO, "on purpose");
}

static void open_and_leave(void)
{
	AWAIT_GROUP(group);

	for (int i = 1; i <= 3; i++)
		CHECK_INT(async_spawn(&group, work, ASYNC_INT(i)), 0);
	CHECK_INT((int)async_group_size(&group), 3);
}

TEST_TASK(closing_brace_waits, "B17 X20 B26")
{
	open_and_leave();
	CHECK_INT(done_count, 3);
}

struct nested {
	async_group *group;
	int depth;
};

static int grow(void *arg)
{
	struct nested *nested = arg;

	await_sleep(0);
	if (nested->depth-- > 0)
		CHECK_INT(async_spawn(nested->group, grow, nested), 0);
	done_count++;
	return 0;
}

TEST_TASK(children_may_add_children, "B17")
{
	AWAIT_GROUP(group);
	struct nested nested = { &group, 5 };

	async_spawn(&group, grow, &nested);
	CHECK_INT(await_group(&group), 0);
	CHECK_INT(done_count, 6);
	CHECK_INT(async_spawn(&group, grow, &nested), 0);
	CHECK_INT(await_group(&group), 0);
}

TEST_TASK(first_failure_cancels_the_rest, "B18")
{
	AWAIT_GROUP(group);

	async_spawn(&group, work, ASYNC_INT(60000));
	async_spawn(&group, fail_after, ASYNC_INT(5));
	async_spawn(&group, work, ASYNC_INT(60000));
	CHECK_INT(await_sleep(30), -ECANCELED);
	CHECK_INT(await_group(&group), -EIO);
	CHECK_TEXT_HAS(async_error(), "of group group tests/core/group.c:");
	CHECK_TEXT_HAS(async_error(), "on purpose");
	CHECK_TEXT_HAS(async_group_failure(&group, 0)->text, "on purpose");
	CHECK_TEXT_HAS(async_group_failure(&group, 0)->task, "fail_after-");
	CHECK_TEXT_HAS(async_group_failure(&group, 0)->site, "tests/core/group.c:");
	CHECK(!async_group_failure(&group, 1));
	CHECK_INT(done_count, 2);
	CHECK_INT(async_spawn(&group, work, ASYNC_INT(1)), -ECANCELED);
}

static int fail_while_cancelled(void *arg)
{
	(void)arg;
	await_sleep(60);
	return async_fail(-EPIPE, "second");
}

TEST_TASK(all_failures_are_kept, "B18")
{
	AWAIT_GROUP(group);

	async_spawn(&group, fail_while_cancelled, NULL);
	async_spawn(&group, fail_after, ASYNC_INT(1));
	CHECK_INT(await_group(&group), -EIO);
	CHECK_INT(async_group_failure(&group, 0)->error, -EIO);
	CHECK_INT(async_group_failure(&group, 1)->error, -EPIPE);
}

static char reported[1024];
static int reports;

static void keep_report(const async_report *report, void *arg)
{
	(void)arg;
	reports++;
	snprintf(reported, sizeof reported, "%s|%s", report->kind, report->text);
}

static int leave_failed_group(void *arg)
{
	(void)arg;
	{
		AWAIT_GROUP(group);

		async_spawn(&group, fail_after, ASYNC_INT(0));
	}
	return await_sleep(0);
}

TEST(failure_nobody_asked_for_is_reported, "B18 X20 C05")
{
	async_options options = { .report = keep_report };

	CHECK_INT(async_run_with(&options, leave_failed_group, NULL), 0);
	CHECK_INT(reports, 1);
	CHECK_TEXT_HAS(reported, "on purpose");
}

static int isolated(void *arg)
{
	AWAIT_GROUP(group, ASYNC_ISOLATED);

	(void)arg;
	async_spawn(&group, fail_after, ASYNC_INT(0));
	async_spawn(&group, work, ASYNC_INT(10));
	return await_group(&group);
}

TEST(isolated_failure_is_reported_and_the_others_go_on, "B18 X20")
{
	async_options options = { .report = keep_report };

	CHECK_INT(async_run_with(&options, isolated, NULL), 0);
	CHECK_INT(done_count, 1);
	CHECK_INT(reports, 1);
	CHECK_TEXT_HAS(reported, "failure|task fail_after-");
	CHECK_TEXT_HAS(reported, "tests/core/group.c:");
}

static int owner(void *arg)
{
	AWAIT_GROUP(group);
	int result;

	(void)arg;
	async_spawn(&group, work, ASYNC_INT(60000));
	async_spawn(&group, work, ASYNC_INT(60000));
	result = await_group(&group);
	CHECK_INT(done_count, 2);
	return result;
}

TEST_TASK(outer_cancel_reaches_all_children, "B19")
{
	async_task *task = async_create_task(owner, NULL);

	settle();
	async_task_cancel(task);
	CHECK_INT(await_task(task), -ECANCELED);
}

static int failing_owner(void *arg)
{
	AWAIT_GROUP(group);
	int result;

	(void)arg;
	async_spawn(&group, fail_while_cancelled, NULL);
	result = await_group(&group);
	CHECK_INT(result, -EPIPE);
	CHECK_INT(await_sleep(0), -ECANCELED);
	return result;
}

TEST_TASK(errors_win_over_the_cancel_which_stays_visible, "B19")
{
	async_task *task = async_create_task(failing_owner, NULL);

	settle();
	async_task_cancel(task);
	CHECK_INT(await_task(task), -EPIPE);
}

TEST_TASK(group_under_a_timeout, "B14 B19")
{
	async_timeout (0.01) {
		AWAIT_GROUP(group);

		async_spawn(&group, work, ASYNC_INT(60000));
		CHECK_INT(await_group(&group), -ETIMEDOUT);
	}
	CHECK_INT(done_count, 1);
}

TEST_TASK(group_cancelled_by_its_owner_is_no_error, "B20")
{
	int result;

	{
		AWAIT_GROUP(group);

		async_spawn(&group, work, ASYNC_INT(60000));
		async_spawn(&group, work, ASYNC_INT(60000));
		await_sleep(0);
		async_group_cancel(&group);
		async_group_cancel(&group);
		CHECK_INT(await_sleep(10), -ECANCELED);
		result = await_group(&group);
	}
	CHECK_INT(result, 0);
	CHECK_INT(done_count, 2);
	CHECK_INT(await_sleep(0), 0);
}

struct grower {
	async_group *group;
	int spawned;
};

static int grow_when_cancelled(void *arg)
{
	struct grower *grower = arg;

	await_sleep(60);
	grower->spawned = async_spawn(grower->group, work, ASYNC_INT(60000));
	return 0;
}

static int cancelled_owner(void *arg)
{
	AWAIT_GROUP(group);
	struct grower *grower = arg;

	grower->group = &group;
	async_spawn(&group, grow_when_cancelled, grower);
	return await_group(&group);
}

TEST_TASK(child_added_during_a_cancel_is_born_cancelled, "B17 B19")
{
	struct grower grower = { 0 };
	async_task *task = async_create_task(cancelled_owner, &grower);

	await_sleep(0);
	await_sleep(0);
	async_task_cancel(task);
	CHECK_INT(await_wait_for(task, 5), -ECANCELED);
	CHECK_INT(grower.spawned, 0);
}

TEST_TASK(closed_group_refuses, "B17")
{
	async_group group;

	async_group_begin(&group, 0);
	CHECK_INT(await_group_end(&group), 0);
	CHECK_INT(async_spawn(&group, work, NULL), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "group is not open");
	CHECK_INT(await_group(&group), -EINVAL);
	CHECK_INT(await_group_end(&group), 0);
}

static int bind_and_serve(void *arg)
{
	await_sleep(0.01);
	async_started(arg);
	return await_sleep(60);
}

static int fail_to_bind(void *arg)
{
	(void)arg;
	return async_fail(-EADDRINUSE, "cannot bind");
}

static int end_early(void *arg)
{
	(void)arg;
	return 0;
}

TEST_TASK(child_tells_when_it_is_ready, "X03")
{
	AWAIT_GROUP(group);
	void *port = NULL;

	CHECK_INT(await_start(&group, bind_and_serve, ASYNC_INT(8080), &port), 0);
	CHECK_INT(async_int(port), 8080);
	CHECK_INT(await_start(&group, fail_to_bind, NULL, NULL), -EADDRINUSE);
	CHECK_INT(await_start(&group, end_early, NULL, NULL), -EPIPE);
	CHECK_INT(await_sleep(0), 0);
	async_group_cancel(&group);
	CHECK_INT(await_group(&group), 0);
}

TEST_TASK(cancelled_start_ends_the_child, "X03")
{
	AWAIT_GROUP(group);
	int result = 0;

	async_timeout (0.005)
		result = await_start(&group, work, ASYNC_INT(60000), NULL);
	CHECK(result < 0);
	CHECK_INT((int)async_group_size(&group), 0);
	CHECK_INT(await_group(&group), 0);
}

TEST_WITH(group_without_a_loop, "A04 B17", .in_thread = 1)
{
	open_and_leave();
	CHECK_INT(done_count, 3);
}
