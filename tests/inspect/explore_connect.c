/* SPDX-License-Identifier: MIT */
/* Looking up and connecting under the cancellation explorer: wherever a cancel strikes, no socket,
 * task or lookup is left. */
#define _GNU_SOURCE
#include <await/names.h>
#include "inspect/explore.h"

/* One who is found, one who is not; two ask for the same. */
static int looks_up(void *arg)
{
	async_addresses addresses;
	int error = await_resolve(async_int(arg) ? "none.test:1" : "server.test:1001", NULL,
				  &addresses);

	if (!error)
		CHECK_INT(addresses.count, 3);
	async_addresses_free(&addresses);
	return error == -ENXIO ? 0 : error;
}

static void fill_table(void)
{
	CHECK_INT(async_sim_host("server.test", "10.0.0.1"), 0);
	CHECK_INT(async_sim_host("server.test", "10.0.0.2"), 0);
	CHECK_INT(async_sim_host("server.test", "fd00::3"), 0);
}

static int scenario_names(void *arg)
{
	AWAIT_GROUP(group);

	(void)arg;
	fill_table();
	async_spawn(&group, looks_up, ASYNC_INT(0));
	async_spawn(&group, looks_up, ASYNC_INT(0));
	async_spawn(&group, looks_up, ASYNC_INT(1));
	return await_group(&group);
}

TEST_WITH(explore_names, "N01 X12 X13", .backends = BACKEND_SIM)
{
	explore(scenario_names, NULL);
}

/* Two addresses do not answer or refuse, the third one listens. */
static int scenario_race(void *arg)
{
	int sock = await_tcp_listen("[fd00::3]:1001"), fd;

	(void)arg;
	if (sock < 0)
		return sock;
	fill_table();
	fd = await_connect_to("server.test:1001", NULL);
	async_close(fd);
	async_close(sock);
	return fd < 0 ? fd : 0;
}

TEST_WITH(explore_race, "G01 G02 S01 X13", .backends = BACKEND_SIM)
{
	explore(scenario_race, NULL);
}

static int scenario_in_order(void *arg)
{
	int sock = await_tcp_listen("10.0.0.2:1001"), fd;

	(void)arg;
	if (sock < 0)
		return sock;
	fill_table();
	fd = await_tcp_connect("server.test:1001");
	async_close(fd);
	async_close(sock);
	return fd < 0 ? fd : 0;
}

TEST_WITH(explore_in_order, "F04 G01 X13", .backends = BACKEND_SIM)
{
	explore(scenario_in_order, NULL);
}
