/* SPDX-License-Identifier: MIT */
/*
 * Dates that others wrote: the three forms of RFC 9110, 5.6.7, exactly; and the dates of cookies
 * (RFC 6265, 5.1.1), where anything goes that holds a day, a month, a year and a time. No
 * strptime, which asks the locale, and no timegm, which asks the time zone's lock.
 */
#include <string.h>
#include "base/base.h"
#include "http/bytes.h"
#include "http/cookie.h"
#include "http/validator.h"

struct date {
	int year, month, day; /* month from 1 */
	int hour, minute, second;
};

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* false: there is no such day. Leap seconds count as the second after. */
static bool date_to_time(const struct date *date, time_t *time)
{
	static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	static const uint16_t before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t years = date->year - 1, days;
	int length;

	if (date->month < 1 || date->month > 12 || date->hour > 23 || date->minute > 59 ||
	    date->second > 60)
		return false;
	length = lengths[date->month - 1] + (date->month == 2 && is_leap(date->year));
	if (date->day < 1 || date->day > length)
		return false;
	/* Days since 1 January of the year 1, of which 719162 lie before 1970. */
	days = years * 365 + years / 4 - years / 100 + years / 400 + before[date->month - 1] +
	       (date->month > 2 && is_leap(date->year)) + date->day - 1 - 719162;
	*time = (time_t)(days * 86400 + date->hour * 3600 + date->minute * 60 + date->second);
	return true;
}

/* From 1; 0: none. Three letters, of either case. */
static int month_of(const char *text)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	int i;

	for (i = 0; i < 12; i++) {
		if ((text[0] | 0x20) == months[3 * i] && (text[1] | 0x20) == months[3 * i + 1] &&
		    (text[2] | 0x20) == months[3 * i + 2])
			return i + 1;
	}
	return 0;
}

/* Walks along the text; once something did not fit, nothing does. */
struct reader {
	const char *at, *end;
	bool wrong;
};

static void expect(struct reader *reader, const char *word)
{
	size_t size = strlen(word);

	if (reader->wrong || (size_t)(reader->end - reader->at) < size ||
	    memcmp(reader->at, word, size) != 0)
		reader->wrong = true;
	else
		reader->at += size;
}

static int digits(struct reader *reader, int count)
{
	int number = 0;

	if (reader->end - reader->at < count)
		reader->wrong = true;
	for (; count && !reader->wrong; count--) {
		if (byte_is(*reader->at, BYTE_DIGIT))
			number = number * 10 + (*reader->at++ - '0');
		else
			reader->wrong = true;
	}
	return number;
}

static int month(struct reader *reader)
{
	int number = 0;

	if (!reader->wrong && reader->end - reader->at >= 3)
		number = month_of(reader->at);
	reader->at += number ? 3 : 0;
	reader->wrong |= !number;
	return number;
}

static void time_of_day(struct reader *reader, struct date *date)
{
	date->hour = digits(reader, 2);
	expect(reader, ":");
	date->minute = digits(reader, 2);
	expect(reader, ":");
	date->second = digits(reader, 2);
}

/* Returns whether the name stands there, of which `size` letters are enough. */
static bool weekday(struct reader *reader, bool whole)
{
	static const char *const names[] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
					     "Friday", "Saturday", "Sunday" };

	for (size_t i = 0; i < array_length(names); i++) {
		size_t size = whole ? strlen(names[i]) : 3;

		if ((size_t)(reader->end - reader->at) > size &&
		    !memcmp(reader->at, names[i], size) &&
		    (reader->at[size] == ',' || reader->at[size] == ' ')) {
			reader->at += size;
			return true;
		}
	}
	return false;
}

/* The year with these two digits that is at most 50 years ahead. */
static int century(int year)
{
	int this_year = (int)(1970 + time(NULL) / 31556952);

	year += this_year - this_year % 100;
	while (year > this_year + 50)
		year -= 100;
	return year;
}

/* "Sun Nov  6 08:49:37 1994", behind the day. */
static void asctime_form(struct reader *reader, struct date *date)
{
	expect(reader, " ");
	date->month = month(reader);
	expect(reader, " ");
	if (reader->at < reader->end && *reader->at == ' ') {
		reader->at++;
		date->day = digits(reader, 1);
	} else {
		date->day = digits(reader, 2);
	}
	expect(reader, " ");
	time_of_day(reader, date);
	expect(reader, " ");
	date->year = digits(reader, 4);
}

bool http_date_parse(const char *text, size_t size, time_t *time)
{
	struct reader reader = { text, text + size, false };
	struct date date = { 0 };

	if (weekday(&reader, true)) {
		/* "Sunday, 06-Nov-94 08:49:37 GMT" */
		expect(&reader, ", ");
		date.day = digits(&reader, 2);
		expect(&reader, "-");
		date.month = month(&reader);
		expect(&reader, "-");
		date.year = century(digits(&reader, 2));
		expect(&reader, " ");
		time_of_day(&reader, &date);
		expect(&reader, " GMT");
	} else if (!weekday(&reader, false)) {
		return false;
	} else if (*reader.at == ',') {
		/* "Sun, 06 Nov 1994 08:49:37 GMT" */
		expect(&reader, ", ");
		date.day = digits(&reader, 2);
		expect(&reader, " ");
		date.month = month(&reader);
		expect(&reader, " ");
		date.year = digits(&reader, 4);
		expect(&reader, " ");
		time_of_day(&reader, &date);
		expect(&reader, " GMT");
	} else {
		asctime_form(&reader, &date);
	}
	return !reader.wrong && reader.at == reader.end && date.year && date_to_time(&date, time);
}

/* RFC 6265, 5.1.1, step 1: what stands between the parts of a date. */
static bool is_delimiter(char byte)
{
	unsigned char value = (unsigned char)byte;

	return value == '\t' || (value >= 0x20 && value <= 0x2f) ||
	       (value >= 0x3b && value <= 0x40) || (value >= 0x5b && value <= 0x60) ||
	       (value >= 0x7b && value <= 0x7e);
}

/* 1 to `most` digits at the beginning, and no further one. Returns how many, 0: not so. */
static int leading_digits(const char *at, const char *end, int most, int *number)
{
	int count = 0;

	for (*number = 0; at < end && byte_is(*at, BYTE_DIGIT); at++) {
		if (++count > most)
			return 0;
		*number = *number * 10 + (*at - '0');
	}
	return count;
}

static bool cookie_time(const char *at, const char *end, struct date *date)
{
	int *const numbers[] = { &date->hour, &date->minute, &date->second };

	for (int i = 0; i < 3; i++) {
		int count = leading_digits(at, end, 2, numbers[i]);

		if (!count)
			return false;
		at += count;
		if (i < 2 && (at == end || *at++ != ':'))
			return false;
	}
	return true;
}

struct cookie_date {
	struct date date;
	bool has_time, has_day, has_month, has_year;
};

/* The first part of each kind counts; a part that is none is passed over. */
static void cookie_part(struct cookie_date *found, const char *at, const char *end)
{
	struct date *date = &found->date;
	struct date try = *date;
	int number, count;

	if (!found->has_time && cookie_time(at, end, &try)) {
		*date = try;
		found->has_time = true;
		return;
	}
	count = leading_digits(at, end, 4, &number);
	if (!found->has_day && (count == 1 || count == 2)) {
		date->day = number;
		found->has_day = true;
	} else if (!found->has_month && end - at >= 3 && month_of(at)) {
		date->month = month_of(at);
		found->has_month = true;
	} else if (!found->has_year && (count == 2 || count == 4)) {
		date->year = number;
		found->has_year = true;
	}
}

bool http_cookie_date_parse(const char *text, size_t size, time_t *time)
{
	const char *at = text, *end = text + size;
	struct cookie_date found = { 0 };

	while (at < end) {
		const char *part;

		while (at < end && is_delimiter(*at))
			at++;
		part = at;
		while (at < end && !is_delimiter(*at))
			at++;
		cookie_part(&found, part, at);
	}
	if (!found.has_time || !found.has_day || !found.has_month || !found.has_year)
		return false;
	if (found.date.year >= 70 && found.date.year <= 99)
		found.date.year += 1900;
	else if (found.date.year <= 69)
		found.date.year += 2000;
	return found.date.year >= 1601 && found.date.second <= 59 &&
	       date_to_time(&found.date, time);
}
