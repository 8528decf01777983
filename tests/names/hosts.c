/* SPDX-License-Identifier: MIT */
/* What needs no server: the hosts file, localhost, services, nsswitch.conf, the simulation's table,
 * the system's resolver; and what is refused. */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <unistd.h>
#include "dns_server.h"
#include "fault.h"
#include "names/hosts.h"
#include "names/reply.h"
#include "names/services.h"

static const char *resolved(const char *text, int family)
{
	async_resolve_options options = { .family = family };
	async_addresses addresses;
	const char *list;
	int error = await_resolve(text, &options, &addresses);

	if (error)
		return async_error();
	list = list_text(&addresses);
	async_addresses_free(&addresses);
	return list;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	CHECK(file && fputs(text, file) >= 0 && !fclose(file));
}

static void no_server(async_names_options *options)
{
	options->servers = "127.0.0.1:1";
	options->timeout = 0.05;
	options->tries = 1;
	CHECK_INT(async_names_set(options), 0);
}

TEST_TASK_WITH(hosts_file, "N01 X12", .backends = REAL_BACKENDS)
{
	char path[] = "/tmp/await-hosts-XXXXXX";
	async_names_options options = { .hosts_path = path, .use = ASYNC_NAMES_DNS };
	struct sockaddr_storage address;
	socklen_t length;
	char host[80];
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	write_file(path, "# nothing\n10.1.2.3\tOne.test  uno # a comment\nfd00::5 one.test\n"
			 "bad line\n10.1.2.4\n10.9.9.9 localhost.test one.test");
	no_server(&options);
	CHECK_STR(resolved("one.test:80", 0), "10.1.2.3:80 [fd00::5]:80 10.9.9.9:80");
	CHECK_STR(resolved("ONE.test.:80", AF_INET6), "[fd00::5]:80");
	CHECK_STR(resolved("uno:http", 0), "10.1.2.3:80");
	CHECK_INT(async_address_parse("10.1.2.3:80", &address, &length), 0);
	CHECK_INT(await_nameinfo((struct sockaddr *)&address, length, host, sizeof host, NULL, 0,
				 0),
		  0);
	CHECK_STR(host, "one.test");
	write_file(path, "10.1.2.77 one.test\n");
	CHECK_STR(resolved("one.test:80", 0), "10.1.2.77:80");
	CHECK_INT(async_names_statistics().asked, 0);
	close(fd);
	unlink(path);
}

TEST_TASK(localhost_and_what_needs_nobody, "N01 X12 F04")
{
	async_resolve_options passive = { .passive = 1 };
	async_addresses addresses;

	CHECK_TEXT_HAS(resolved("localhost:80", AF_INET), "127.0.0.1:80");
	CHECK_TEXT_HAS(resolved("x.localhost:80", 0), "[::1]:80 127.0.0.1:80");
	CHECK_STR(resolved("127.0.0.1:http", 0), "127.0.0.1:80");
	CHECK_STR(resolved("[::1]:https", 0), "[::1]:443");
	CHECK_STR(resolved(":http", AF_INET), "127.0.0.1:80");
	CHECK_STR(resolved(":81", 0), "[::1]:81 127.0.0.1:81");
	CHECK_STR(resolved("unix:/run/x", 0), "unix:/run/x");
	CHECK_INT(await_resolve(":80", &passive, &addresses), 0);
	CHECK_STR(list_text(&addresses), "[::]:80 0.0.0.0:80");
	async_addresses_free(&addresses);
	async_addresses_free(NULL);
}

TEST_TASK(names_that_are_none, "N01 F04 Z51")
{
	char text[400];
	async_addresses addresses;

	CHECK_TEXT_HAS(resolved("a..b:80", 0), "\"a..b\" is no host name: it has an empty label");
	CHECK_TEXT_HAS(resolved("a b:80", 0), "a character that names cannot have");
	CHECK_TEXT_HAS(resolved("m\303\274ller:80", 0), "punycode");
	CHECK_TEXT_HAS(resolved(".:80", 0), "it is empty");
	CHECK_TEXT_HAS(resolved("1.2.3:80", 0), "no numeric address");
	CHECK_TEXT_HAS(resolved("localhost:nosuchservice", 0), "there is no service");
	CHECK_TEXT_HAS(resolved("[::1]:80", AF_INET), "is no IPv4 address");
	CHECK_TEXT_HAS(resolved("127.0.0.1:80", AF_INET6), "is no IPv6 address");
	CHECK_TEXT_HAS(resolved("localhost:80", 77), "option family is 77");
	memset(text, 'x', 100);
	strcpy(text + 100, ":80");
	CHECK_TEXT_HAS(resolved(text, 0), "a label of more than 63 bytes");
	for (int i = 0; i < 127; i++)
		memcpy(text + 2 * i, "x.", 2);
	strcpy(text + 254, "x:80");
	CHECK_TEXT_HAS(resolved(text, 0), "more than 253 bytes");
	CHECK_INT(await_resolve("localhost:80", &(async_resolve_options){ .numeric = 1 },
				&addresses),
		  -EINVAL);
	CHECK_TEXT_HAS(async_error(), "option numeric forbids");
	async_timeout (0)
		CHECK_INT(await_resolve("localhost:80", NULL, &addresses), -ETIMEDOUT);
}

TEST_TASK(settings_that_are_refused, "N01 X12")
{
	async_names_options bad = { .tries = 50 };

	CHECK_INT(async_names_set(&bad), -EINVAL);
	CHECK_TEXT_HAS(async_error(), "tries is 50: it must be from 0 to 20");
	bad = (async_names_options){ .timeout = -1 };
	CHECK_INT(async_names_set(&bad), -EINVAL);
	bad = (async_names_options){ .use = (enum async_names_use)9 };
	CHECK_INT(async_names_set(&bad), -EINVAL);
	CHECK_INT(async_names_set(NULL), 0);
}

static void nsswitch(const char *line, int all_system, int local_mdns, int own_name)
{
	struct nsswitch found = { 0 };

	nsswitch_parse(line, &found);
	if (found.all_system != all_system || found.local_mdns != local_mdns ||
	    found.own_name != own_name)
		harness_fail(__FILE__, __LINE__, "hosts: %s", line);
}

TEST_WITH(what_nsswitch_wants, "X12", .backends = ONCE)
{
	nsswitch(" files dns\n", 0, 0, 0);
	nsswitch(" files mdns4_minimal [NOTFOUND=return] dns myhostname", 0, 1, 1);
	nsswitch("files resolve [!UNAVAIL=return] dns", 1, 0, 0);
	nsswitch("files ldap dns", 1, 0, 0);
	nsswitch("dns files", 1, 0, 0);
	nsswitch("files", 1, 0, 0);
	nsswitch("files[SUCCESS=return]dns [", 0, 0, 0);
}

TEST_WITH(lines_of_services, "N01", .backends = ONCE)
{
	char good[] = "domain\t\t53/udp nameserver # x", bad[] = "http tcp/80", empty[] = "# 1/tcp";
	struct service service;

	CHECK(service_parse_line(good, &service));
	CHECK_STR(service.name, "domain");
	CHECK_STR(service.protocol, "udp");
	CHECK_INT(service.port, 53);
	CHECK(!service_parse_line(bad, &service));
	CHECK(!service_parse_line(empty, &service));
}

TEST_WITH(how_long_a_reply_may_be_kept, "X12", .backends = ONCE)
{
	static const unsigned char reply[] = "\0\0\201\200\0\1\0\1\0\0\0\0\1a\0\0\1\0\1"
					     "\300\014\0\1\0\1\0\0\0\052\0\4\12\0\0\1";
	static const unsigned char negative[] = "\0\0\201\203\0\1\0\0\0\1\0\0\1a\0\0\1\0\1"
						"\0\0\6\0\1\0\0\1\0\0\26\0\0"
						"\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\7";

	CHECK_INT(reply_seconds(reply, sizeof reply - 1), 42);
	CHECK_INT(reply_seconds(negative, sizeof negative - 1), 7);
	for (size_t size = 0; size < sizeof reply - 1; size++)
		CHECK_INT(reply_seconds(reply, size), -1);
}

/* ---- Simulation ---- */

TEST_TASK_WITH(names_of_the_simulation, "N01 X12 X13", .backends = BACKEND_SIM)
{
	struct sockaddr_storage address;
	socklen_t length;
	char host[80];

	CHECK_INT(async_sim_host("db.test", "10.0.0.7"), 0);
	CHECK_INT(async_sim_host("DB.test", "fd00::7"), 0);
	CHECK_STR(resolved("db.test:5432", 0), "10.0.0.7:5432 [fd00::7]:5432");
	CHECK_STR(resolved("db.test:5432", AF_INET6), "[fd00::7]:5432");
	CHECK_TEXT_HAS(resolved("other.test:1", 0), "no such name: other.test");
	CHECK_TEXT_HAS(async_error(), "async_sim_host adds one");
	CHECK_INT(async_address_parse("10.0.0.7:1", &address, &length), 0);
	CHECK_INT(await_nameinfo((struct sockaddr *)&address, length, host, sizeof host, NULL, 0,
				 0),
		  0);
	CHECK_STR(host, "db.test");
	CHECK_INT(async_sim_host("db.test", NULL), 0);
	CHECK_TEXT_HAS(resolved("db.test:1", 0), "no such name");
	CHECK_INT(async_sim_host("db.test", "nonsense"), -EINVAL);
	CHECK_INT(async_sim_host("d b", "10.0.0.1"), -EINVAL);
	CHECK_INT(await_resolve_srv("db.test", &(async_srv_records){ 0 }), -ENXIO);
}

/* ---- The system's resolver ---- */

static int threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int count = -2;

	while (readdir(tasks))
		count++;
	closedir(tasks);
	return count;
}

/* The system's resolver asks the servers that this machine is set up for: keep it from doing so. */
static bool leave_network(void)
{
	return !unshare(CLONE_NEWNET) || !unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

/* The C library keeps what it read of its own files for ever. */
TEST_TASK_WITH(system_resolver, "N01 X12", .backends = REAL_BACKENDS, .may_leak = 1)
{
	async_names_options options = { .use = ASYNC_NAMES_SYSTEM };
	struct sockaddr_storage address;
	socklen_t length;
	char host[200];
	int before =
		threads() + !!test_is_instrumented(); /* a sanitizer may start one of its own */

	if (!leave_network())
		SKIP("cannot be kept from asking the machine's servers");
	CHECK_INT(async_names_set(&options), 0);
	CHECK_STR(resolved("127.0.0.1:http", 0), "127.0.0.1:80");
	CHECK_TEXT_HAS(resolved("localhost:80", AF_INET), "127.0.0.1:80");
	CHECK_TEXT_HAS(resolved("no-such-host.invalid:80", AF_INET), "the system's resolver");
	CHECK_INT(async_address_parse("127.0.0.1:80", &address, &length), 0);
	CHECK_INT(await_nameinfo((struct sockaddr *)&address, length, host, sizeof host, NULL, 0,
				 0),
		  0);
	if (!test_is_instrumented() && fault_inject_from("pthread_create", 1, EAGAIN)) {
		while (threads() > before)
			await_sleep(0.01);
		CHECK_TEXT_HAS(resolved("localhost.test:80", 0),
			       "no thread for the system's resolver (at most 4)");
		fault_clear();
	}
	while (threads() > before)
		await_sleep(0.01);
}

static int ask_system(void *arg)
{
	char name[40];
	async_addresses addresses;
	int error;

	sprintf(name, "host%d.invalid:80", async_int(arg));
	error = await_resolve(name, NULL, &addresses);
	async_addresses_free(&addresses);
	return error;
}

/* The loop ends while threads work and more wait: they free what is theirs. */
TEST_WITH(loop_ends_before_the_system_answers, "N01 X12", .backends = REAL_BACKENDS, .may_leak = 1,
	  .in_task = 1)
{
	async_names_options options = { .use = ASYNC_NAMES_SYSTEM };
	async_task *tasks[20];
	int before = threads() + !!test_is_instrumented();

	if (!leave_network())
		SKIP("cannot be kept from asking the machine's servers");
	CHECK_INT(async_names_set(&options), 0);
	for (int i = 0; i < 20; i++)
		tasks[i] = async_create_task(ask_system, ASYNC_INT(i));
	await_sleep(0.005);
	CHECK(threads() <= before + 4);
	for (int i = 0; i < 20; i++)
		async_task_cancel(tasks[i]);
	for (int i = 0; i < 20; i++)
		CHECK(await_task(tasks[i]) < 0);
}
