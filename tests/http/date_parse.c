/* SPDX-License-Identifier: MIT */
/* Dates in the three forms, and in those of cookies. */
#include <await.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "harness.h"
#include "http/cookie.h"
#include "http/validator.h"
#include "http/write.h"

static long long parsed(const char *text)
{
	char *copy = strndup(text, strlen(text));
	time_t time = 0;
	bool right = http_date_parse(copy, strlen(copy), &time);

	free(copy);
	return right ? (long long)time : -1;
}

TEST_WITH(three_forms, "W20", .backends = ONCE)
{
	CHECK_INT(parsed("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
	CHECK_INT(parsed("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
	CHECK_INT(parsed("Sun Nov  6 08:49:37 1994"), 784111777);
	CHECK_INT(parsed("Sun Nov 16 08:49:37 1994"), 784975777);
	CHECK_INT(parsed("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
	CHECK_INT(parsed("Thu, 29 Feb 2024 23:59:60 GMT"), 1709251200);
	/* The weekday is not looked at beyond its being one. */
	CHECK_INT(parsed("Mon, 06 Nov 1994 08:49:37 GMT"), 784111777);
}

TEST_WITH(no_dates, "W20", .backends = ONCE)
{
	static const char *const wrong[] = {
		"",
		"Sun",
		"Sun,",
		"Sun, ",
		"0",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 94 08:49:37 GMT",
		"Sun, 06 Nox 1994 08:49:37 GMT",
		"Sux, 06 Nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 29 Feb 1900 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:49:37 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 06 Nov 0000 08:49:37 GMT",
		"Sunday, 06-Nov-1994 08:49:37 GMT",
		"Sunday 06-Nov-94 08:49:37 GMT",
		"Sun Nov 6 08:49:37 1994",
		"Sun Nov  6 08:49:37 94",
		"Sun, 06-Nov-1994 08:49:37 GMT",
		"Sun, +6 Nov 1994 08:49:37 GMT",
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		CHECK_INT(parsed(wrong[i]), -1);
}

/* All days of four centuries, there and back. */
TEST_WITH(round_trip, "W20", .backends = ONCE)
{
	char text[HTTP_DATE_BYTES];

	for (time_t time = -5000000000; time < 9000000000; time += 86400 * 3 + 4567) {
		http_date(text, time);
		CHECK_INT(parsed(text), time == -1 ? 0 : time);
	}
}

/* Of two digits the past is meant, rather than what is far ahead. */
TEST_WITH(two_digits, "W20", .backends = ONCE)
{
	int this_year = (int)(1970 + time(NULL) / 31556952);

	for (int year = 0; year < 100; year++) {
		char text[60], again[HTTP_DATE_BYTES];
		int found;

		snprintf(text, sizeof text, "Friday, 06-Jun-%02d 08:49:37 GMT", year);
		http_date(again, (time_t)parsed(text));
		found = atoi(again + 12);
		CHECK_INT(found % 100, year);
		CHECK(found <= this_year + 50 && found > this_year - 50);
	}
}

static long long cookie_date(const char *text)
{
	time_t time = 0;

	return http_cookie_date_parse(text, strlen(text), &time) ? (long long)time : -1;
}

TEST_WITH(cookie_dates, "H40", .backends = ONCE)
{
	CHECK_INT(cookie_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
	CHECK_INT(cookie_date("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
	CHECK_INT(cookie_date("Sun Nov  6 08:49:37 1994"), 784111777);
	CHECK_INT(cookie_date("1994 nov 6 8:49:37"), 784111777);
	CHECK_INT(cookie_date("08:49:37x;06 November 94 PST"), 784111777);
	CHECK_INT(cookie_date("Mon, 06-Nov-2034 08:49:37 GMT"), 2046415777);
	CHECK_INT(cookie_date("6 Nov 69 0:0:0"), 3150921600);
	CHECK_INT(cookie_date("6 Nov 70 0:0:0"), 26697600);
	CHECK_INT(cookie_date("6 Nov 1600 0:0:0"), -1);
	CHECK_INT(cookie_date("32 Nov 1994 0:0:0"), -1);
	CHECK_INT(cookie_date("30 Feb 1994 0:0:0"), -1);
	CHECK_INT(cookie_date("6 Nov 1994 0:0:60"), -1);
	CHECK_INT(cookie_date("6 Nov 1994"), -1);
	CHECK_INT(cookie_date("6 1994 1:2:3"), -1);
	CHECK_INT(cookie_date("Nov 1:2:3"), -1);
	CHECK_INT(cookie_date(""), -1);
}
