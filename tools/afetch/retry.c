/* SPDX-License-Identifier: MIT */
/* What is worth another try: see retry.h. */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "retry.h"

bool retry_is_safe(const char *method)
{
	static const char *const methods[] = { "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE" };

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (!strcmp(method, methods[i]))
			return true;
	}
	return false;
}

/* The request has not gone out. */
static bool never_began(int error)
{
	switch (-error) {
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case EADDRNOTAVAIL:
		return true;
	default:
		return false;
	}
}

bool retry_is_worth(int error, int status, bool safe)
{
	if (error) {
		switch (-error) {
		case ETIMEDOUT:
		case ECONNRESET:
		case ECONNABORTED:
		case EPIPE:
		case ENODATA: /* the answer was cut short */
			return safe;
		default:
			return never_began(error);
		}
	}
	switch (status) {
	case 429: /* these two say that nothing was done */
	case 503:
		return true;
	case 408:
	case 502:
	case 504:
		return safe;
	default:
		return false;
	}
}

double retry_delay(int tries, double first, double most, double random)
{
	double seconds = ldexp(first, tries > 1 ? tries - 1 : 0);

	return fmin(seconds, most) * (1 - random / 2);
}

/* strptime without a locale set: the names are the English ones. */
static bool date_of(const char *value, time_t *time)
{
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT", /* the one that is sent */
		"%a, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
		"%a %b %d %H:%M:%S %Y",	     /* asctime */
	};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct tm tm = { 0 };
		const char *end = strptime(value, forms[i], &tm);

		if (end && !*end) {
			*time = timegm(&tm);
			return true;
		}
	}
	return false;
}

double retry_after(const char *value, time_t now)
{
	size_t digits = strspn(value, "0123456789");
	double seconds = 0;
	time_t time;

	if (digits && !value[digits]) {
		for (size_t i = 0; i < digits; i++)
			seconds = seconds * 10 + (value[i] - '0');
		return seconds;
	}
	if (!date_of(value, &time))
		return -1;
	return time > now ? (double)(time - now) : 0;
}
