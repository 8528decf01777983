/* SPDX-License-Identifier: MIT */
/* Connecting to several addresses: in order, raced, from a given address, and all failing. */
#define _GNU_SOURCE
#include <await.h>
#include <await/sim.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "fault.h"
#include "harness.h"

static void add(async_addresses *addresses, const char *text)
{
	struct sockaddr_storage address;
	socklen_t length;

	CHECK_INT(async_address_parse(text, &address, &length), 0);
	CHECK_INT(async_addresses_add(addresses, (struct sockaddr *)&address, length), 0);
}

/* A port where nobody listens. */
static void closed_port(char *text, size_t size)
{
	int sock = await_tcp_listen("127.0.0.1:0");

	snprintf(text, size, "%s", async_sockname(sock));
	CHECK_INT(async_close(sock), 0);
}

TEST_TASK(list_of_addresses, "F04 G01")
{
	int sock = await_tcp_listen("127.0.0.1:0"), client;
	async_addresses addresses = { NULL, 0 };
	async_connect_options options = { .addresses = &addresses, .delay = INFINITY };
	char closed[80];

	closed_port(closed, sizeof closed);
	add(&addresses, closed);
	add(&addresses, async_sockname(sock));
	add(&addresses, closed);
	CHECK_INT(addresses.count, 2);
	for (int raced = 0; raced < 2; raced++) {
		client = await_connect_to(NULL, &options);
		CHECK(client >= 0);
		CHECK_STR(async_peername(client), async_sockname(sock));
		async_close(client);
		options.delay = 0;
	}
	async_addresses_free(&addresses);
	async_close(sock);
}

TEST_TASK(every_failure_is_named, "G01 Z51")
{
	async_addresses addresses = { NULL, 0 };
	async_connect_options options = { .addresses = &addresses };
	char closed[80], other[80];
	int error;

	CHECK_INT(await_connect_to("nowhere", &options), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "cannot connect to nowhere: no address");
	closed_port(closed, sizeof closed);
	do
		closed_port(other, sizeof other);
	while (!strcmp(closed, other));
	add(&addresses, closed);
	CHECK_INT(await_connect_to("nowhere:80", &options), -ECONNREFUSED);
	CHECK_TEXT_HAS(async_error(), "cannot connect to nowhere:80: Connection refused");
	add(&addresses, other);
	for (int raced = 0; raced < 2; raced++) {
		CHECK_INT(await_connect_to(NULL, &options), -ECONNREFUSED);
		CHECK_TEXT_HAS(async_error(), "cannot connect to the addresses given (127.0.0.1:");
		CHECK_TEXT_HAS(async_error(), closed);
		CHECK_TEXT_HAS(async_error(), other);
		CHECK_TEXT_HAS(async_error(), " ECONNREFUSED, 127.0.0.1:");
		options.delay = INFINITY;
	}
	for (int i = 2; i < 12; i++) {
		char text[80];

		snprintf(text, sizeof text, "127.0.0.%d%s", i, strrchr(closed, ':'));
		add(&addresses, text);
	}
	error = await_connect_to(NULL, &options);
	CHECK(error < 0);
	CHECK_TEXT_HAS(async_error(), " more)");
	options.family = AF_INET6;
	CHECK_INT(await_connect_to(NULL, &options), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "no address of that family");
	options.delay = -1;
	CHECK_INT(await_connect_to(NULL, &options), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "option delay is -1 s");
	async_addresses_free(&addresses);
}

TEST_TASK(from_an_address, "G01")
{
	int sock = await_tcp_listen("127.0.0.1:0"), client;
	async_connect_options options = { .local = "127.0.0.1:0" };
	char address[80];

	strcpy(address, async_sockname(sock));
	client = await_connect_to(address, &options);
	CHECK(client >= 0);
	CHECK_TEXT_HAS(async_sockname(client), "127.0.0.1:");
	async_close(client);
	options.local = "[::1]:0";
	CHECK_INT(await_connect_to(address, &options), -EADDRNOTAVAIL);
	options.local = "nonsense";
	CHECK_INT(await_connect_to(address, &options), -EINVAL);
	options.local = ":0";
	client = await_connect_to(address, &options);
	CHECK(client >= 0);
	async_close(client);
	async_close(sock);
}

/* A resolver of the test's own in the place of the names library. */
static int three_addresses(const char *text, const char *host, const char *service,
			   const async_resolve_options *options, async_addresses *addresses)
{
	char number[80];

	CHECK(text && options);
	if (strcmp(host, "here.test"))
		return async_fail(-ENXIO, "no such name: %s", host);
	for (int i = 1; i <= 3; i++) {
		snprintf(number, sizeof number, "127.0.0.%d:%s", i, service);
		add(addresses, number);
	}
	return 0;
}

TEST_TASK(names_through_a_resolver, "F04 G01 S01")
{
	int sock = await_tcp_listen("127.0.0.3:0"), client, other;
	char text[80];

	async_resolver_use_(three_addresses);
	CHECK(sock >= 0);
	snprintf(text, sizeof text, "here.test%s", strrchr(async_sockname(sock), ':'));
	client = await_tcp_connect(text);
	CHECK(client >= 0);
	CHECK_STR(async_peername(client), async_sockname(sock));
	async_close(client);
	other = await_tcp_listen("here.test:0");
	CHECK(other >= 0);
	CHECK_TEXT_HAS(async_sockname(other), "127.0.0.1:");
	async_close(other);
	other = await_udp_bind("here.test:0");
	CHECK(other >= 0);
	async_close(other);
	CHECK_INT(await_tcp_connect("there.test:80"), -ENXIO);
	CHECK_TEXT_HAS(async_error(), "no such name: there.test");
	CHECK_INT(await_tcp_listen("there.test:80"), -ENXIO);
	async_close(sock);
	async_resolver_use_(NULL);
}

TEST_TASK_WITH(no_socket_for_an_attempt, "G01 G02 X19", .backends = REAL_BACKENDS)
{
	int sock = await_tcp_listen("127.0.0.1:0"), client;
	async_addresses addresses = { NULL, 0 };
	async_connect_options options = { .addresses = &addresses };
	char closed[80];

	closed_port(closed, sizeof closed);
	add(&addresses, closed);
	add(&addresses, async_sockname(sock));
	if (!fault_inject("socket", 1, EMFILE))
		SKIP("no fault injection here");
	client = await_connect_to(NULL, &options);
	CHECK(client >= 0);
	async_close(client);
	CHECK(fault_inject_from("socket", 1, EMFILE));
	CHECK_INT(await_connect_to(NULL, &options), -EMFILE);
	CHECK_TEXT_HAS(async_error(), " EMFILE, 127.0.0.1:");
	fault_clear();
	CHECK(fault_inject("calloc", 1, ENOMEM));
	CHECK_INT(await_connect_to(NULL, &options), -ENOMEM);
	fault_clear();
	async_addresses_free(&addresses);
	async_close(sock);
}

/* ---- Races, on a clock that can be read exactly ---- */

static int race_to(const char *const list[], double delay)
{
	async_addresses addresses = { NULL, 0 };
	async_connect_options options = { .addresses = &addresses, .delay = delay };
	int fd;

	for (size_t i = 0; list[i]; i++)
		add(&addresses, list[i]);
	fd = await_connect_to(NULL, &options);
	async_addresses_free(&addresses);
	return fd;
}

static bool took(double start, double seconds)
{
	return fabs(async_now() - start - seconds) < 0.001;
}

TEST_TASK_WITH(slow_address_loses, "G02 X13", .backends = BACKEND_SIM)
{
	const char *const list[] = { "10.0.0.1:1001", "10.0.0.2:1002", NULL };
	int one = await_tcp_listen("10.0.0.1:1001"), two = await_tcp_listen("10.0.0.2:1002"), fd;
	double start = async_now();

	CHECK(one >= 0 && two >= 0);
	CHECK_INT(async_sim_partition(1001), 0);
	fd = race_to(list, 0);
	CHECK(fd >= 0);
	CHECK_STR(async_peername(fd), "10.0.0.2:1002");
	CHECK(took(start, 0.25));
	async_close(fd);
	start = async_now();
	fd = race_to(list, 2);
	CHECK(took(start, 2));
	async_close(fd);
	/* The one that began first wins after all, if it is first to connect. */
	CHECK_INT(async_sim_heal(1001), 0);
	fd = race_to(list, 0);
	CHECK_STR(async_peername(fd), "10.0.0.1:1001");
	async_close(fd);
	async_close(one);
	async_close(two);
}

TEST_TASK_WITH(failed_attempt_starts_the_next_at_once, "G02 X13", .backends = BACKEND_SIM)
{
	const char *const list[] = { "10.0.0.1:1001", "10.0.0.2:1002", "10.0.0.3:1003", NULL };
	int three = await_tcp_listen("10.0.0.3:1003"), fd;
	double start = async_now();

	fd = race_to(list, 0);
	CHECK(fd >= 0);
	CHECK(took(start, 0));
	async_close(fd);
	async_close(three);
}

TEST_TASK_WITH(families_take_turns, "G02 X13", .backends = BACKEND_SIM)
{
	const char *const list[] = { "[fd00::1]:1001", "[fd00::2]:1002", "[fd00::3]:1003",
				     "10.0.0.4:1004", NULL };
	int socks[4], fd;
	double start = async_now();

	for (int i = 0; i < 4; i++) {
		socks[i] = await_tcp_listen(list[i]);
		CHECK(socks[i] >= 0);
		if (i < 3)
			CHECK_INT(async_sim_partition(1001 + i), 0);
	}
	fd = race_to(list, 0);
	CHECK_STR(async_peername(fd), "10.0.0.4:1004");
	CHECK(took(start, 0.25));
	async_close(fd);
	for (int i = 0; i < 4; i++)
		async_close(socks[i]);
}

TEST_TASK_WITH(race_in_rough_weather, "G02 X13", .backends = BACKEND_SIM)
{
	async_sim_options rough = { .latency_min = 0.01, .latency_max = 0.9, .refuse = 0.4 };
	const char *const list[] = { "10.0.0.1:1001", "[fd00::2]:1002", "10.0.0.3:1003", NULL };
	int socks[3], connected = 0;

	for (int i = 0; i < 3; i++)
		socks[i] = await_tcp_listen(list[i]);
	CHECK_INT(async_sim_set(&rough), 0);
	for (int i = 0; i < 100; i++) {
		int fd = race_to(list, 0);

		CHECK(fd >= 0 || fd == -ECONNREFUSED);
		connected += fd >= 0;
		async_close(fd);
	}
	CHECK(connected > 50 && connected < 100);
	for (int i = 0; i < 3; i++)
		async_close(socks[i]);
}
