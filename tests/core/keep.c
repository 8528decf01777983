/* SPDX-License-Identifier: MIT */
/* Values that libraries keep per loop. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "fault.h"
#include "harness.h"

static char order[64];
static const int first_key, second_key, third_key;

static void note(void *value)
{
	strcat(order, value);
}

/* May await, and may leave something new behind. */
static void note_late(void *value)
{
	CHECK_INT(await_sleep(0.001), 0);
	note(value);
	CHECK_INT(async_loop_set_value(&third_key, (char *)"late", note), 0);
}

static int keep_two(void *arg)
{
	(void)arg;
	CHECK(!async_loop_value(&first_key));
	CHECK_INT(async_loop_set_value(&first_key, (char *)"first", note), 0);
	CHECK_INT(async_loop_set_value(&second_key, (char *)"second ", note_late), 0);
	CHECK_INT(async_loop_set_value(&first_key, (char *)"again", note), -EEXIST);
	CHECK_STR(async_loop_value(&first_key), "first");
	CHECK_STR(order, "");
	return 0;
}

TEST(values_go_with_their_loop_newest_first, "A01 A06")
{
	CHECK_INT(async_run(keep_two, NULL), 0);
	CHECK_STR(order, "second latefirst");
}

TEST_TASK(a_value_that_was_taken_is_the_callers, "A01")
{
	CHECK(!async_loop_take_value(&first_key));
	CHECK_INT(async_loop_set_value(&first_key, (char *)"first", note), 0);
	CHECK_INT(async_loop_set_value(&second_key, (char *)"second", note), 0);
	CHECK_STR(async_loop_take_value(&first_key), "first");
	CHECK(!async_loop_value(&first_key));
	CHECK_STR(async_loop_value(&second_key), "second");
	CHECK_INT(async_loop_set_value(&first_key, (char *)"again", NULL), 0);
	CHECK_STR(async_loop_take_value(&second_key), "second");
	CHECK_STR(async_loop_take_value(&first_key), "again");
	CHECK_STR(order, "");
}

TEST_TASK(values_need_memory, "A01")
{
	fault_inject("malloc", 1, ENOMEM);
	CHECK_INT(async_loop_set_value(&first_key, (char *)"x", NULL), -ENOMEM);
	CHECK(!async_loop_value(&first_key));
}
