/* SPDX-License-Identifier: MIT */
/* Names by DNS, against a server of the tests' own. */
#define _GNU_SOURCE
#include <unistd.h>
#include "dns_server.h"
#include "fault.h"

/* Begin a case with a server; end it. */
#define WITH_SERVER(server, group, ...)                \
	struct dns_server server;                      \
	async_names_options options = { __VA_ARGS__ }; \
	AWAIT_GROUP(group, ASYNC_ISOLATED);            \
	dns_server_start(&server, &group, &options)

static void expect(const char *text, int family, const char *expected)
{
	async_resolve_options options = { .family = family };
	async_addresses addresses;

	if (await_resolve(text, &options, &addresses))
		harness_fail(__FILE__, __LINE__, "%s: %s", text, async_error());
	CHECK_STR(list_text(&addresses), expected);
	async_addresses_free(&addresses);
}

static void refuse(const char *text, int error, const char *why)
{
	async_addresses addresses;

	CHECK_INT(await_resolve(text, NULL, &addresses), error);
	CHECK_TEXT_HAS(async_error(), why);
	CHECK(!addresses.list && !addresses.count);
}

TEST_TASK_WITH(addresses_by_dns, "N01 X12", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 2);

	expect("a.test:80", AF_INET, "10.0.0.1:80");
	expect("a.test:80", AF_INET6, "[fd00::1]:80");
	expect("A.Test.:443", AF_INET, "10.0.0.1:443");
	expect("a.test:http", AF_INET, "10.0.0.1:80");
	expect("four.test:80", 0, "10.0.0.1:80");
	expect("six.test:80", 0, "[fd00::1]:80");
	expect("alias.test:80", AF_INET, "10.0.0.9:80");
	dns_server_stop(&server, &group);
}

TEST_TASK_WITH(both_families_at_once, "N01 X12", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 2);
	async_addresses addresses;

	CHECK_INT(await_resolve("a.test:80", NULL, &addresses), 0);
	CHECK_INT(addresses.count, 2);
	CHECK(strstr(list_text(&addresses), "10.0.0.1:80"));
	CHECK(strstr(list_text(&addresses), "[fd00::1]:80"));
	CHECK_INT(server.udp_queries, 2);
	async_addresses_free(&addresses);
	dns_server_stop(&server, &group);
}

TEST_TASK_WITH(failures_say_what_the_server_said, "N01 X12", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 0.05, .tries = 2);

	refuse("nx.test:80", -ENXIO, "no such name: nx.test (the server said NXDOMAIN)");
	refuse("none.test:80", -ENODATA, "has no record of this kind");
	refuse("servfail.test:80", -EREMOTEIO, "SERVFAIL");
	refuse("refused.test:80", -EREMOTEIO, "REFUSED");
	refuse("silent.test:80", -ETIMEDOUT, "no answer in time from the servers of 127.0.0.1:");
	refuse("silent2.test:80", -ETIMEDOUT, "(options timeout, tries)");
	refuse("garbage.test:80", -EBADMSG, "garbage.test");
	dns_server_stop(&server, &group);
}

TEST_TASK_WITH(servers_that_are_none, "N01 X12", .backends = REAL_BACKENDS)
{
	async_names_options bad = { .servers = "nowhere at all", .use = ASYNC_NAMES_DNS };

	CHECK_INT(async_names_set(&bad), 0);
	refuse("a.test:80", -EINVAL, "option servers \"nowhere at all\"");
	CHECK_INT(async_sim_host("a.test", "10.0.0.1"), -ENOTSUP);
}

/* Whether the kernel tells of a closed port (ICMP) depends on the machine. */
TEST_TASK_WITH(nobody_at_the_servers_port, "N01 X12", .backends = REAL_BACKENDS)
{
	async_addresses addresses;
	int error;

	{
		WITH_SERVER(server, group, .timeout = 3, .tries = 1);

		dns_server_stop(&server, &group);
	}
	error = await_resolve("a.test:80", NULL, &addresses);
	CHECK(error == -ECONNREFUSED || error == -ETIMEDOUT);
	CHECK_TEXT_HAS(async_error(), "127.0.0.1:");
}

TEST_TASK_WITH(what_is_cut_comes_by_tcp, "X12", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 2);
	async_addresses addresses;

	CHECK_INT(await_resolve("big.test:80", &(async_resolve_options){ .family = AF_INET },
				&addresses),
		  0);
	CHECK_INT(addresses.count, BIG_ANSWER);
	CHECK_INT(server.tcp_queries, 1);
	async_addresses_free(&addresses);
	dns_server_stop(&server, &group);
}

TEST_TASK_WITH(answers_are_kept_as_long_as_they_say, "X12", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 2);
	double start = async_now();

	expect("ttl1.test:80", AF_INET, "10.0.0.1:80");
	expect("TTL1.test:81", AF_INET, "10.0.0.1:81");
	if (async_now() - start < 1) {
		CHECK_INT(server.udp_queries, 1);
		CHECK_INT(async_names_statistics().cached, 1);
		CHECK_INT(async_names_statistics().entries, 1);
	}
	await_sleep(1.05);
	expect("ttl1.test:80", AF_INET, "10.0.0.1:80");
	CHECK_INT(server.udp_queries, 2);
	expect("ttl0.test:80", AF_INET, "10.0.0.1:80");
	expect("ttl0.test:80", AF_INET, "10.0.0.1:80");
	CHECK_INT(server.udp_queries, 4);
	dns_server_stop(&server, &group);
}

TEST_TASK_WITH(failures_are_kept_for_a_moment, "X12", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 2);
	async_addresses addresses;
	async_resolve_options four = { .family = AF_INET };
	double start = async_now();

	for (int i = 0; i < 3; i++)
		CHECK_INT(await_resolve("nx.test:80", &four, &addresses), -ENXIO);
	if (async_now() - start < 4)
		CHECK_INT(server.udp_queries, 1);
	dns_server_stop(&server, &group);
}

TEST_TASK_WITH(cache_has_a_limit, "X12", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 2, .cache_entries = 3);

	for (int i = 1; i <= 5; i++) {
		char name[32], expected[32];

		sprintf(name, "n%d.test:80", i);
		sprintf(expected, "10.0.0.%d:80", i);
		expect(name, AF_INET, expected);
	}
	CHECK_INT(async_names_statistics().entries, 3);
	CHECK_INT(server.udp_queries, 5);
	expect("n5.test:80", AF_INET, "10.0.0.5:80");
	CHECK_INT(server.udp_queries, 5);
	expect("n1.test:80", AF_INET, "10.0.0.1:80");
	CHECK_INT(server.udp_queries, 6);
	options.cache_entries = -1;
	CHECK_INT(async_names_set(&options), 0);
	expect("n1.test:80", AF_INET, "10.0.0.1:80");
	expect("n1.test:80", AF_INET, "10.0.0.1:80");
	CHECK_INT(server.udp_queries, 8);
	dns_server_stop(&server, &group);
}

static int ask_slow(void *arg)
{
	async_addresses addresses;
	int error = await_resolve("slow.test:80", &(async_resolve_options){ .family = AF_INET },
				  &addresses);

	(void)arg;
	if (!error)
		CHECK_INT(addresses.count, 1);
	async_addresses_free(&addresses);
	return error;
}

TEST_TASK_WITH(one_flight_per_name, "X12 N01", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 5);
	async_task *tasks[5];

	for (int i = 0; i < 5; i++)
		tasks[i] = async_create_task(ask_slow, NULL);
	await_sleep(0.01);
	CHECK_INT(async_names_set(NULL), -EBUSY);
	CHECK_TEXT_HAS(async_error(), "1 lookups are under way");
	/* The first one asked, and leaves: the others get their answer all the same. */
	async_task_cancel(tasks[0]);
	async_task_cancel(tasks[3]);
	for (int i = 0; i < 5; i++)
		CHECK_INT(await_task(tasks[i]), i % 3 ? 0 : -ECANCELED);
	CHECK_INT(server.udp_queries, 1);
	CHECK_INT(async_names_statistics().shared, 4);
	dns_server_stop(&server, &group);
}

TEST_TASK_WITH(timeout_leaves_the_query_to_others, "N01 X12", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 5);
	int error = 0;

	async_timeout (0.01)
		error = ask_slow(NULL);
	CHECK_INT(error, -ETIMEDOUT);
	CHECK_INT(ask_slow(NULL), 0);
	CHECK_INT(server.udp_queries, 1);
	dns_server_stop(&server, &group);
}

/* The loop ends with questions under way and answers on their way: nothing is left of them. */
TEST_TASK_WITH(loop_ends_during_a_lookup, "N01 X12", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 5);
	int error = 0;

	server.slow_seconds = 60;
	async_timeout (0.02)
		error = ask_slow(NULL);
	CHECK_INT(error, -ETIMEDOUT);
	async_timeout (0)
		error = ask_slow(NULL);
	CHECK_INT(error, -ETIMEDOUT);
	dns_server_stop(&server, &group);
}

TEST_TASK_WITH(search_list_and_ndots, "X12", .backends = REAL_BACKENDS)
{
	char path[] = "/tmp/await-resolv-XXXXXX";
	int fd = mkstemp(path);

	CHECK(fd >= 0 && write(fd, "search test nx.test\noptions ndots:1\n", 36) == 36);
	{
		WITH_SERVER(server, group, .timeout = 2, .resolv_conf_path = path);

		expect("four:80", 0, "10.0.0.1:80");
		dns_server_stop(&server, &group);
	}
	close(fd);
	unlink(path);
}

TEST_TASK_WITH(services_in_their_order, "X12", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 2);
	async_srv_records records;
	int first_a = 0;

	for (int i = 0; i < 40; i++) {
		CHECK_INT(await_resolve_srv("_svc._tcp.test", &records), 0);
		CHECK_INT(records.count, 3);
		first_a += !strcmp(records.list[0].host, "a.test");
		CHECK_INT(records.list[0].priority, 10);
		CHECK_INT(records.list[1].priority, 10);
		CHECK_STR(records.list[2].host, "c.test");
		CHECK_INT(records.list[2].port, 5003);
		async_srv_records_free(&records);
	}
	/* By equal weights, 40 times: the same one each time has a chance of 2 in 10^12. */
	CHECK(first_a > 0 && first_a < 40);
	CHECK_INT(server.udp_queries, 1);
	CHECK_INT(await_resolve_srv("nx.test", &records), -ENXIO);
	CHECK_TEXT_HAS(async_error(), "no such name: nx.test");
	CHECK_INT(await_resolve_srv("none.test", &records), -ENODATA);
	CHECK_INT(await_resolve_srv("a b", &records), -EINVAL);
	CHECK(!records.list);
	async_srv_records_free(&records);
	async_srv_records_free(NULL);
	dns_server_stop(&server, &group);
}

TEST_TASK_WITH(texts, "X12", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 2);
	async_txt_records records;

	CHECK_INT(await_resolve_txt("txt.test", &records), 0);
	CHECK_INT(records.count, 2);
	CHECK_STR(records.list[0].data, "hello wide");
	CHECK_INT(records.list[0].size, 10);
	CHECK_INT(records.list[1].size, 0);
	async_txt_records_free(&records);
	CHECK_INT(await_resolve_txt("servfail.test", &records), -EREMOTEIO);
	CHECK_INT(await_resolve_txt(NULL, &records), -EINVAL);
	async_txt_records_free(NULL);
	dns_server_stop(&server, &group);
}

static void ask_names(void)
{
	WITH_SERVER(server, group, .timeout = 2);
	struct sockaddr_storage address;
	char host[100], service[20], tiny[3];
	socklen_t length;

	CHECK_INT(async_address_parse("10.0.0.1:80", &address, &length), 0);
	CHECK_INT(await_nameinfo((struct sockaddr *)&address, length, host, sizeof host, service,
				 sizeof service, 0),
		  0);
	CHECK_STR(host, "pointed.test");
	CHECK_STR(service, "http");
	CHECK_INT(await_nameinfo((struct sockaddr *)&address, length, host, sizeof host, service,
				 sizeof service, NI_NUMERICHOST | NI_NUMERICSERV),
		  0);
	CHECK_STR(host, "10.0.0.1");
	CHECK_STR(service, "80");
	CHECK_INT(await_nameinfo((struct sockaddr *)&address, length, tiny, sizeof tiny, NULL, 0,
				 0),
		  -ENOBUFS);
	CHECK_TEXT_HAS(async_error(), "needs 13 bytes, not 3");
	CHECK_INT(async_address_parse("[fd00::1]:80", &address, &length), 0);
	CHECK_INT(await_nameinfo((struct sockaddr *)&address, length, host, sizeof host, NULL, 0,
				 NI_NOFQDN),
		  0);
	CHECK_STR(host, "pointed");
	CHECK_INT(await_nameinfo((struct sockaddr *)&address, 2, host, sizeof host, NULL, 0, 0),
		  -EINVAL);
	dns_server_stop(&server, &group);
}

TEST_TASK_WITH(names_of_addresses, "N01 X12", .backends = REAL_BACKENDS)
{
	struct sockaddr_storage address;
	socklen_t length;
	char host[100];

	ask_names();
	/* Nobody answers: then it is a number, unless a name is a must. */
	CHECK_INT(async_names_set(&(async_names_options){ .servers = "127.0.0.1:1",
							  .timeout = 0.05,
							  .tries = 1,
							  .hosts_path = "/dev/null",
							  .use = ASYNC_NAMES_DNS }),
		  0);
	CHECK_INT(async_address_parse("[fd00::2]:80", &address, &length), 0);
	CHECK_INT(await_nameinfo((struct sockaddr *)&address, length, host, sizeof host, NULL, 0,
				 0),
		  0);
	CHECK_STR(host, "fd00::2");
	CHECK_INT(await_nameinfo((struct sockaddr *)&address, length, host, sizeof host, NULL, 0,
				 NI_NAMEREQD) < 0,
		  1);
}

/* ---- Many at once ---- */

static double worst_delay;
static bool looking;

/* An echo between two ends of a pair, as long as names are looked up: how long does one take? */
static int echoes(void *arg)
{
	int fds[2];
	char byte;

	(void)arg;
	CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	while (looking) {
		double start = async_now();

		CHECK_INT(await_sendall(fds[0], "x", 1), 1);
		CHECK_INT(await_sleep(0), 0);
		CHECK_INT(await_recv(fds[1], &byte, 1), 1);
		if (async_now() - start > worst_delay)
			worst_delay = async_now() - start;
		await_sleep(0.0005);
	}
	async_close(fds[0]);
	async_close(fds[1]);
	return 0;
}

static int ask_one(void *arg)
{
	async_resolve_options four = { .family = AF_INET };
	async_addresses addresses;
	char name[32];
	int error;

	sprintf(name, "n%d.test:80", async_int(arg));
	error = await_resolve(name, &four, &addresses);
	async_addresses_free(&addresses);
	return error;
}

TEST_TASK_WITH(a_thousand_names_delay_nobody, "N01 X12", .backends = REAL_BACKENDS, .deadline = 30)
{
	enum { NAMES = 1000 };
	WITH_SERVER(server, group, .timeout = 2);
	static async_task *tasks[NAMES];
	static int results[NAMES];
	int count = test_is_instrumented() ? NAMES / 10 : NAMES;
	async_task *echo;
	double start;

	worst_delay = 0;
	looking = true;
	echo = async_create_task(echoes, NULL);
	await_sleep(0.01);
	start = async_now();
	for (int i = 0; i < count; i++)
		tasks[i] = async_create_task(ask_one, ASYNC_INT(i + 1));
	CHECK_INT(await_gather(tasks, (size_t)count, results, 0), 0);
	printf("%d names in %.0f ms; the longest echo meanwhile took %.2f ms\n", count,
	       (async_now() - start) * 1e3, worst_delay * 1e3);
	looking = false;
	CHECK_INT(await_task(echo), 0);
	/* 10 ms are the aim; a machine with other work may take longer. */
	CHECK(worst_delay < 0.5 * test_patience());
	dns_server_stop(&server, &group);
}

/* ---- Faults ---- */

TEST_TASK_WITH(no_sockets_for_queries, "N01 X12 X19", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 0.1, .tries = 1);

	if (!fault_inject_from("socket", 1, EMFILE))
		SKIP("no fault injection here");
	refuse("a.test:80", -EMFILE, "no socket to ask the server by");
	fault_clear();
	CHECK(fault_inject_from("connect", 1, ENETUNREACH));
	refuse("four.test:80", -ECONNREFUSED, "no name server is there");
	fault_clear();
	expect("a.test:80", AF_INET, "10.0.0.1:80");
	dns_server_stop(&server, &group);
}

TEST_TASK_WITH(a_lost_answer_is_asked_for_again, "X12", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 0.05, .tries = 4);

	/* The first answer is read as an error. */
	if (!fault_inject("recvfrom", 1, ECONNREFUSED))
		SKIP("no fault injection here");
	expect("a.test:80", AF_INET, "10.0.0.1:80");
	fault_clear();
	dns_server_stop(&server, &group);
}

TEST_TASK_WITH(no_memory_for_a_lookup, "N01 X12 X19", .backends = REAL_BACKENDS)
{
	WITH_SERVER(server, group, .timeout = 1);
	async_addresses addresses;
	int error = -1;

	expect("n1.test:80", AF_INET, "10.0.0.1:80");
	for (int nth = 1; nth < 30 && error; nth++) {
		if (!fault_inject("calloc", nth, ENOMEM))
			SKIP("no fault injection here");
		error = await_resolve("n2.test:80", &(async_resolve_options){ .family = AF_INET },
				      &addresses);
		fault_clear();
		CHECK(!error || error == -ENOMEM);
		async_addresses_free(&addresses);
	}
	CHECK_INT(error, 0);
	dns_server_stop(&server, &group);
}
