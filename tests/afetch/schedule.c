/* SPDX-License-Identifier: MIT */
/* Which URL is next. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fault.h"
#include "harness.h"
#include "schedule.h"

static struct schedule *schedule;

static void begin(size_t window, size_t per_host, double delay)
{
	schedule = malloc(sizeof *schedule);
	schedule_begin(schedule, window, per_host, delay, NULL);
}

static void end(void)
{
	schedule_end(schedule);
	free(schedule);
}

static void add(const char *host, const char *url)
{
	CHECK_INT(schedule_add(schedule, host, url, strlen(url), 0), 0);
}

static struct entry *take(const char *url)
{
	struct entry *entry = schedule_take(schedule);

	CHECK(entry);
	CHECK_STR(entry->url, url);
	return entry;
}

TEST_TASK(hosts_take_turns, "H46")
{
	begin(100, 0, 0);
	add("a:80", "a1");
	add("a:80", "a2");
	add("a:80", "a3");
	add("b:80", "b1");
	add("c:80", "c1");
	take("a1");
	take("b1");
	take("c1");
	take("a2");
	take("a3");
	CHECK(!schedule_take(schedule));
	CHECK_INT(schedule->active_count, 5);
	while (schedule->active)
		schedule_finish(schedule->active);
	CHECK_INT(schedule->host_count, 0);
	CHECK_INT(schedule->held, 0);
	end();
}

TEST_TASK(a_host_has_a_limit, "H46 H28")
{
	struct entry *first;

	begin(100, 2, 0);
	add("a:80", "a1");
	add("a:80", "a2");
	add("a:80", "a3");
	first = take("a1");
	take("a2");
	CHECK(!schedule_is_ready(schedule) && !schedule_take(schedule));
	add("b:80", "b1");
	take("b1");
	schedule_finish(first);
	take("a3");
	CHECK_STR(schedule_host(schedule->active), "a:80");
	end();
}

TEST_TASK(a_host_is_left_alone_between, "H46")
{
	double begun = async_now();

	begin(100, 0, 0.05);
	add("a:80", "a1");
	add("a:80", "a2");
	schedule_finish(take("a1"));
	CHECK(!schedule_take(schedule));
	async_event_clear(&schedule->changed);
	CHECK_INT(await_event(&schedule->changed), 0);
	CHECK(async_now() >= begun + 0.05);
	schedule_finish(take("a2"));
	/* The delay is still owed: a URL that comes now must wait, too. */
	CHECK_INT(schedule->host_count, 1);
	add("a:80", "a3");
	CHECK(!schedule_take(schedule));
	async_event_clear(&schedule->changed);
	CHECK_INT(await_event(&schedule->changed), 0);
	CHECK(async_now() >= begun + 0.1);
	schedule_finish(take("a3"));
	CHECK_INT(await_sleep(0.06), 0);
	CHECK_INT(schedule->host_count, 0);
	end();
}

/* Redirects take their turn among the URLs of the host they lead to. */
TEST_TASK(visits_keep_the_distance, "H46")
{
	double begun, first, second;

	begin(100, 0, 0.05);
	begun = async_now();
	add("a:80", "a1");
	first = schedule_visit(schedule, "b:80");
	second = schedule_visit(schedule, "b:80");
	CHECK(first <= async_now() && first >= begun);
	CHECK(second >= first + 0.05);
	add("b:80", "b1");
	schedule_finish(take("a1"));
	CHECK(!schedule_take(schedule));
	async_event_clear(&schedule->changed);
	CHECK_INT(await_event(&schedule->changed), 0);
	CHECK(async_now() >= begun + 0.1);
	schedule_finish(take("b1"));
	/* One that nobody else asks for is forgotten in its time. */
	schedule_visit(schedule, "c:80");
	CHECK_INT(await_sleep(0.12), 0);
	CHECK_INT(schedule->host_count, 0);
	fault_inject("calloc", 1, ENOMEM);
	CHECK(schedule_visit(schedule, "d:80") <= async_now());
	CHECK_INT(schedule->host_count, 0);
	end();
}

TEST_TASK(another_try_comes_later, "H46")
{
	struct entry *entry;
	double begun;

	begin(100, 1, 0);
	add("a:80", "a1");
	add("a:80", "a2");
	entry = take("a1");
	begun = async_now();
	schedule_again(entry, 0.05);
	entry = take("a2"); /* its host goes on meanwhile */
	schedule_finish(entry);
	CHECK(!schedule_take(schedule));
	CHECK_INT(schedule->held, 1);
	async_event_clear(&schedule->changed);
	CHECK_INT(await_event(&schedule->changed), 0);
	CHECK(async_now() >= begun + 0.05);
	schedule_finish(take("a1"));
	CHECK_INT(schedule->host_count, 0);
	end();
}

TEST_TASK(a_pause_is_the_hosts, "H46")
{
	double begun = async_now();

	begin(100, 0, 0);
	for (const char *url = "123"; *url; url++)
		add("a:80", url);
	add("b:80", "b");
	schedule_pause(take("123"), 0.05);
	take("b"); /* although a stood before it in the circle */
	CHECK(!schedule_take(schedule));
	async_event_clear(&schedule->changed);
	CHECK_INT(await_event(&schedule->changed), 0);
	CHECK(async_now() >= begun + 0.05);
	take("23");
	take("3");
	end();
}

TEST_TASK(hosts_of_many_are_frequent, "H46 H29")
{
	begin(100, 0, 0);
	add("a:80", "a1");
	add("b:80", "b1");
	CHECK(!schedule_is_frequent(take("a1")));
	add("b:80", "b2");
	CHECK(schedule_is_frequent(take("b1")));
	add("a:80", "a2"); /* while the first is being fetched */
	schedule_finish(take("b2"));
	CHECK(schedule_is_frequent(take("a2")));
	while (schedule->active)
		schedule_finish(schedule->active);
	add("a:80", "a3"); /* forgotten meanwhile */
	CHECK(!schedule_is_frequent(take("a3")));
	end();
}

TEST_TASK(the_window_is_bounded, "H46")
{
	static char url[5000];

	begin(4, 0, 0);
	memset(url, 'x', sizeof url - 1);
	for (int i = 0; i < 4; i++) {
		CHECK(schedule_has_room(schedule));
		add("a:80", "short");
	}
	CHECK(!schedule_has_room(schedule));
	schedule_finish(schedule_take(schedule));
	CHECK(schedule_has_room(schedule) && async_event_is_set(&schedule->room));
	/* In bytes, too: 1 KiB for each. */
	add("a:80", url);
	schedule_finish(schedule_take(schedule));
	schedule_finish(schedule_take(schedule));
	CHECK_INT(schedule->held, 2);
	CHECK(!schedule_has_room(schedule));
	end();
}

TEST_TASK(no_memory_for_a_url, "H46")
{
	begin(100, 0, 0);
	add("a:80", "a1");
	for (int nth = 1; nth <= 2; nth++) { /* the URL, its host */
		fault_inject("calloc", nth, ENOMEM);
		CHECK_INT(schedule_add(schedule, "b:80", "b1", 2, 0), -ENOMEM);
		CHECK_INT(schedule->held, 1);
		CHECK_INT(schedule->host_count, 1);
	}
	add("b:80", "b1");
	take("a1");
	take("b1");
	end();
}

/* Whatever state they are in: the harness counts what is left. */
TEST_TASK(the_end_frees_all, "H46")
{
	char name[20], url[20];

	begin(1000, 1, 0.5);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "h%d:80", i % 50);
		snprintf(url, sizeof url, "u%d", i);
		add(name, url);
	}
	for (int i = 0; i < 50; i++) {
		struct entry *entry = schedule_take(schedule);

		if (i % 3 == 0)
			schedule_again(entry, 10);
		else if (i % 3 == 1)
			schedule_finish(entry);
	}
	CHECK(!schedule_take(schedule));
	CHECK_INT(schedule->host_count, 50);
	end();
}
