/* SPDX-License-Identifier: MIT */
/* Addresses as text, both ways. */
#include <await.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "harness.h"

static void round_trip(const char *text, const char *expected)
{
	struct sockaddr_storage address;
	char again[160];
	socklen_t length;

	CHECK_INT(async_address_parse(text, &address, &length), 0);
	CHECK_STR(async_address_format((struct sockaddr *)&address, length, again, sizeof again),
		  expected);
}

static void refused(const char *text, const char *why)
{
	struct sockaddr_storage address;
	socklen_t length;

	CHECK_INT(async_address_parse(text, &address, &length), -EINVAL);
	CHECK_TEXT_HAS(async_error(), why);
	CHECK_TEXT_HAS(async_error(), "EINVAL");
}

TEST_WITH(addresses_that_are_understood, "F04", .backends = ONCE)
{
	round_trip("127.0.0.1:80", "127.0.0.1:80");
	round_trip("[::1]:65535", "[::1]:65535");
	round_trip("[2001:db8::7]:1", "[2001:db8::7]:1");
	round_trip(":25000", "[::]:25000");
	round_trip("[::ffff:10.0.0.1]:5", "10.0.0.1:5");
	round_trip("unix:/run/x.sock", "unix:/run/x.sock");
	round_trip("unix:@abstract", "unix:@abstract");
}

TEST_WITH(addresses_that_are_refused, "F04 Z51", .backends = ONCE)
{
	char path[200] = "unix:/", long_name[400];

	refused("", "write HOST:PORT");
	refused("127.0.0.1", "write HOST:PORT");
	refused("127.0.0.1:", "a port number from 0 to 65535 must follow the colon");
	refused("127.0.0.1:http", "a port number from 0 to 65535 must follow the colon");
	refused("127.0.0.1:65536", "\"65536\" is no port number");
	refused("127.0.0.1:80x", "\"80x\" is no port number");
	refused("127.0.0.1:-1", "a port number");
	refused("1.2.3:80", "no numeric address");
	refused("::1:80", "an IPv6 address goes in brackets");
	refused("[::1:80", "a closing bracket is missing");
	refused("[:::1]:80", "is no IPv6 address");
	refused("unix:", "a path must follow unix:");
	memset(path + 6, 'x', sizeof path - 7);
	refused(path, "a unix path holds at most 107 bytes");
	memset(path, '1', sizeof path - 1);
	memcpy(path + 190, ":80", 4);
	refused(path, "no numeric address");
	memset(path, 'x', sizeof path - 1);
	memcpy(path + 196, ":80", 4);
	memcpy(long_name, path, 196);
	memset(long_name + 196, 'x', 200);
	strcpy(long_name + 396, ":80");
	refused(long_name, "at most 253 bytes");
	refused(NULL, "NULL");
}
