/* SPDX-License-Identifier: MIT */
/* What is tried again, and when. */
#include <errno.h>
#include "harness.h"
#include "retry.h"

TEST_WITH(what_may_go_away_is_worth_it, "H46", .backends = ONCE)
{
	CHECK(retry_is_worth(-ECONNREFUSED, 0, false));
	CHECK(retry_is_worth(-EHOSTUNREACH, 0, false));
	CHECK(retry_is_worth(-ETIMEDOUT, 0, true) && !retry_is_worth(-ETIMEDOUT, 0, false));
	CHECK(retry_is_worth(-ECONNRESET, 0, true) && !retry_is_worth(-ECONNRESET, 0, false));
	CHECK(retry_is_worth(-ENODATA, 200, true) && !retry_is_worth(-ENODATA, 200, false));
	CHECK(retry_is_worth(0, 429, false) && retry_is_worth(0, 503, false));
	CHECK(retry_is_worth(0, 502, true) && !retry_is_worth(0, 502, false));
	CHECK(retry_is_worth(0, 408, true) && retry_is_worth(0, 504, true));
}

TEST_WITH(what_stays_is_not, "H46", .backends = ONCE)
{
	static const int errors[] = { -EKEYREJECTED, -EKEYEXPIRED, -EPROTO,  -ENXIO,
				      -EINVAL,	     -ELOOP,	   -EBADMSG, -EMSGSIZE };

	for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++)
		CHECK(!retry_is_worth(errors[i], 0, true));
	CHECK(!retry_is_worth(0, 200, true) && !retry_is_worth(0, 404, true));
	CHECK(!retry_is_worth(0, 500, true) && !retry_is_worth(0, 501, true));
	CHECK(retry_is_safe("GET") && retry_is_safe("PUT") && retry_is_safe("HEAD"));
	CHECK(!retry_is_safe("POST") && !retry_is_safe("PATCH") && !retry_is_safe("get"));
}

/* In milliseconds. */
static long long delay(int tries, double random)
{
	return (long long)(retry_delay(tries, 0.5, 60, random) * 1000 + 0.5);
}

TEST_WITH(delays_double_up_to_a_limit, "H46", .backends = ONCE)
{
	CHECK_INT(delay(1, 0), 500);
	CHECK_INT(delay(2, 0), 1000);
	CHECK_INT(delay(5, 0), 8000);
	CHECK_INT(delay(9, 0), 60000);
	CHECK_INT(delay(1000000, 0), 60000);
	CHECK_INT(delay(2, 1), 500);
	CHECK_INT(delay(9, 0.5), 45000);
}

/* The C library keeps its time zone. */
TEST_WITH(servers_say_when, "H46", .backends = ONCE, .may_leak = 1)
{
	const time_t now = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */

	CHECK_INT(retry_after("0", now), 0);
	CHECK_INT(retry_after("120", now), 120);
	CHECK(retry_after("99999999999999999999999999", now) > 1e25);
	CHECK_INT(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), 10);
	CHECK_INT(retry_after("Sunday, 06-Nov-94 08:50:37 GMT", now), 60);
	CHECK_INT(retry_after("Sun Nov  6 08:49:38 1994", now), 1);
	CHECK_INT(retry_after("Sun, 06 Nov 1994 08:49:36 GMT", now), 0);
	CHECK_INT(retry_after("", now), -1);
	CHECK_INT(retry_after("-1", now), -1);
	CHECK_INT(retry_after("1.5", now), -1);
	CHECK_INT(retry_after("soon", now), -1);
	CHECK_INT(retry_after("Sun, 06 Nov 1994 08:49:47 GMT and more", now), -1);
}
