/* SPDX-License-Identifier: MIT */
/* Dates and reason phrases: what a response says in fixed words. No gmtime, no strftime: these ask
 * the time zone's lock and the locale. */
#include <string.h>
#include "base/base.h"
#include "http/write.h"

enum { SECONDS_PER_DAY = 86400, DAYS_PER_ERA = 146097 };

static char *two_digits(char *at, unsigned int number)
{
	at[0] = (char)('0' + number / 10);
	at[1] = (char)('0' + number % 10);
	return at + 2;
}

static char *word(char *at, const char *text, size_t size)
{
	memcpy(at, text, size);
	return at + size;
}

void http_date(char *text, time_t time)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static const char weekdays[] = "ThuFriSatSunMonTueWed"; /* 1 January 1970 was one */
	int64_t days = time / SECONDS_PER_DAY, second = time % SECONDS_PER_DAY;
	int64_t era, day, year, shifted, month;
	char *at = text;

	if (second < 0) {
		second += SECONDS_PER_DAY;
		days--;
	}
	at = word(at, weekdays + 3 * ((days % 7 + 7) % 7), 3);
	/* Years that begin in March have their leap day last; eras of 400 of them are all alike. */
	days += 719468;
	era = (days >= 0 ? days : days - DAYS_PER_ERA + 1) / DAYS_PER_ERA;
	day = days - era * DAYS_PER_ERA;
	year = (day - day / 1460 + day / 36524 - day / (DAYS_PER_ERA - 1)) / 365;
	day -= 365 * year + year / 4 - year / 100;
	shifted = (5 * day + 2) / 153;
	month = shifted < 10 ? shifted + 2 : shifted - 10; /* from 0: January */
	year += era * 400 + (month < 2);
	day += 1 - (153 * shifted + 2) / 5;
	at = two_digits(word(at, ", ", 2), (unsigned int)day);
	at = word(word(word(at, " ", 1), months + 3 * month, 3), " ", 1);
	at = two_digits(two_digits(at, (unsigned int)(year / 100)), (unsigned int)(year % 100));
	at = two_digits(word(at, " ", 1), (unsigned int)(second / 3600));
	at = two_digits(word(at, ":", 1), (unsigned int)(second / 60 % 60));
	at = two_digits(word(at, ":", 1), (unsigned int)(second % 60));
	memcpy(at, " GMT", sizeof " GMT");
}

/* The registry of RFC 9110, 16.2.1. */
static const struct {
	uint16_t status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" },
	{ 404, "Not Found" },
	{ 304, "Not Modified" },
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 102, "Processing" },
	{ 103, "Early Hints" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 203, "Non-Authoritative Information" },
	{ 204, "No Content" },
	{ 205, "Reset Content" },
	{ 206, "Partial Content" },
	{ 207, "Multi-Status" },
	{ 208, "Already Reported" },
	{ 226, "IM Used" },
	{ 300, "Multiple Choices" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 305, "Use Proxy" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 423, "Locked" },
	{ 424, "Failed Dependency" },
	{ 425, "Too Early" },
	{ 426, "Upgrade Required" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 451, "Unavailable For Legal Reasons" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 506, "Variant Also Negotiates" },
	{ 507, "Insufficient Storage" },
	{ 508, "Loop Detected" },
	{ 511, "Network Authentication Required" },
};

const char *http_reason(unsigned int status)
{
	size_t i;

	for (i = 0; i < array_length(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "";
}
