/* SPDX-License-Identifier: MIT */
/* netrc files as people write them, broken ones, and which file is read. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <await.h>
#include "client/netrc.h"
#include "fault.h"
#include "harness.h"

static struct netrc netrc;

static int parse(const char *text)
{
	return netrc_parse(&netrc, strdup(text), strlen(text), "test.netrc");
}

/* "login/account/password" of a host, "-" for none. */
static const char *login_as(const char *host, const char *login)
{
	static char out[300];
	const struct netrc_entry *entry = netrc_find(&netrc, host, strlen(host), login);

	snprintf(out, sizeof out, "-");
	if (entry)
		snprintf(out, sizeof out, "%s/%s/%s", entry->login, entry->account,
			 entry->password);
	return out;
}

static const char *login_of(const char *host)
{
	return login_as(host, NULL);
}

TEST_WITH(machines, "H37", .backends = ONCE)
{
	CHECK_INT(parse("machine a.org login me password secret\n"
			"machine B.org\n\tpassword p\r\n\r\n\tlogin l\n\taccount c\n"
			"machine c.org password only machine d.org\nmachine e.org user u\n"),
		  0);
	CHECK_STR(login_of("a.org"), "me//secret");
	CHECK_STR(login_of("A.ORG"), "me//secret");
	CHECK_STR(login_of("b.org"), "l/c/p");
	CHECK_STR(login_of("c.org"), "//only");
	CHECK_STR(login_of("d.org"), "//");
	CHECK_STR(login_of("e.org"), "u//");
	CHECK_STR(login_of("f.org"), "-");
	CHECK_STR(login_of("org"), "-");
	netrc_end(&netrc);
	CHECK_INT(parse(""), 0);
	CHECK_STR(login_of("a.org"), "-");
	netrc_end(&netrc);
	netrc_end(&netrc);
}

TEST_WITH(defaults_and_several_logins, "H37", .backends = ONCE)
{
	CHECK_INT(parse("default login anonymous password guest\n"
			"machine a.org login one password 1\nmachine a.org login two password 2\n"
			"default login late password no"),
		  0);
	CHECK_STR(login_of("a.org"), "one//1");
	CHECK_STR(login_as("a.org", "two"), "two//2");
	CHECK_STR(login_as("a.org", "late"), "late//no");
	CHECK_STR(login_as("a.org", "three"), "-");
	CHECK_STR(login_of("b.org"), "anonymous//guest");
	CHECK_STR(login_of(""), "anonymous//guest");
	netrc_end(&netrc);
}

TEST_WITH(quotes_and_comments, "H37", .backends = ONCE)
{
	CHECK_INT(parse("# all of it\n#machine x.org login x\n"
			"machine a.org # here, too: login no\n"
			"\tlogin \"a b\" password \"q\\\"\\\\\tr\"\n"
			"# between\n\tmachine b.org login #me password #x#\n"
			"machine c.org login \"\" password pass\"word # last"),
		  0);
	CHECK_STR(login_of("a.org"), "a b//q\"\\\tr");
	CHECK_STR(login_of("b.org"), "#me//#x#");
	netrc_end(&netrc);
	CHECK_INT(parse("machine a.org password \\\"y\\ z\\\\ login \xc3\xbc"), 0);
	CHECK_STR(login_of("a.org"), "\xc3\xbc//\"y z\\");
	CHECK_STR(login_of("x.org"), "-");
	netrc_end(&netrc);
	CHECK_INT(parse("machine c.org login \"\" password pass\"word # last"), 0);
	CHECK_STR(login_of("c.org"), "//pass\"word");
	netrc_end(&netrc);
}

TEST_WITH(macros, "H37", .backends = ONCE)
{
	CHECK_INT(parse("macdef init\ncd /pub\nmachine x.org login x\n\n"
			"machine a.org login l\nmacdef other  \r\nls\r\n\r\n"
			"machine b.org login m\nmacdef none\n\nmachine c.org login n\n"
			"macdef last\nmachine y.org"),
		  0);
	CHECK_STR(login_of("a.org"), "l//");
	CHECK_STR(login_of("b.org"), "m//");
	CHECK_STR(login_of("c.org"), "n//");
	CHECK_STR(login_of("x.org"), "-");
	CHECK_STR(login_of("y.org"), "-");
	netrc_end(&netrc);
}

static void refused(const char *text, const char *why)
{
	CHECK_INT(parse(text), -EBADMSG);
	CHECK_TEXT_HAS(async_error(), why);
	CHECK(!strstr(async_error(), "secret"));
	CHECK(!netrc.text && !netrc.entries);
}

TEST_WITH(errors_name_the_line, "H37", .backends = ONCE)
{
	refused("login me", "test.netrc, line 1: a word where");
	refused("machine a.org\n\nlogin me password my secret\n\n", "line 3: a word where");
	refused("machine a.org login x\nsecret\n", "line 2: a word where");
	refused("# one\n\nmachine", "line 3: a keyword without its value");
	refused("machine a.org\nlogin", "line 2: a keyword");
	refused("machine a.org\nlogin \n\n", "line 2: a keyword");
	refused("macdef", "line 1: a keyword");
	refused("machine a.org\nlogin \"x\ny\nsecret", "line 2: a quote");
	refused("machine \"", "line 1: a quote");
	refused("machine a.org login \"a\nb\" password p secret", "line 2: a word");
	CHECK_INT(netrc_parse(&netrc, memcpy(malloc(20), "machine\0a.org", 14), 13, "x"), -EBADMSG);
	CHECK_TEXT_HAS(async_error(), "zero byte");
}

static char home_variable[100], netrc_variable[200];
static char home[] = "/tmp/netrc-XXXXXX";
static char path[100];
static char **before;

static void put(const char *text, unsigned int mode)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	CHECK_INT(fclose(file), 0);
	CHECK_INT(chmod(path, mode), 0);
}

static void begin_home(void)
{
	CHECK(mkdtemp(home));
	before = environ;
	snprintf(path, sizeof path, "%s/.netrc", home);
	snprintf(home_variable, sizeof home_variable, "HOME=%s", home);
	snprintf(netrc_variable, sizeof netrc_variable, "NETRC=%s", path);
}

/* Variables; setenv would keep memory. */
#define ENVIRONMENT(...)                               \
	environ = (char **)(uintptr_t)(const char *[]) \
	{                                              \
		__VA_ARGS__, NULL                      \
	}

static void end_home(void)
{
	environ = before;
	unlink(path);
	CHECK_INT(rmdir(home), 0);
}

TEST_TASK(the_file_of_the_user, "H37")
{
	begin_home();
	ENVIRONMENT(home_variable);
	CHECK_INT(await_netrc_read(&netrc, 0), -ENOENT);
	put("machine a.org login l password p\n", 0600);
	CHECK_INT(await_netrc_read(&netrc, 0), 0);
	CHECK_STR(login_of("a.org"), "l//p");
	netrc_end(&netrc);
	CHECK_INT(await_netrc_read(&netrc, 10), -EFBIG);
	CHECK_TEXT_HAS(async_error(), "10 bytes");
	put("nonsense", 0600);
	CHECK_INT(await_netrc_read(&netrc, 0), -EBADMSG);
	CHECK_TEXT_HAS(async_error(), path);
	async_timeout (0) {
		await_sleep(1);
		CHECK_INT(await_netrc_read(&netrc, 0), -ETIMEDOUT);
	}
	ENVIRONMENT("A=");
	CHECK_INT(await_netrc_read(&netrc, 0), -ENOENT);
	CHECK_TEXT_HAS(async_error(), "HOME");
	end_home();
}

TEST_TASK(what_others_may_read, "H37")
{
	begin_home();
	ENVIRONMENT(home_variable);
	put("machine a.org login l password p\n", 0640);
	CHECK_INT(await_netrc_read(&netrc, 0), -EPERM);
	CHECK_TEXT_HAS(async_error(), "chmod 600");
	CHECK(!netrc.text);
	put("machine a.org login anonymous password p\n", 0644);
	CHECK_INT(await_netrc_read(&netrc, 0), 0);
	netrc_end(&netrc);
	/* Named by the variable it is the user's business. */
	put("machine a.org login l password p\n", 0644);
	ENVIRONMENT(netrc_variable);
	CHECK_INT(await_netrc_read(&netrc, 0), 0);
	CHECK_STR(login_of("a.org"), "l//p");
	netrc_end(&netrc);
	ENVIRONMENT("NETRC=/nowhere/at/all", home_variable);
	CHECK_INT(await_netrc_read(&netrc, 0), -ENOENT);
	if (!getuid() && !chown(path, 12345, 0)) {
		ENVIRONMENT("NETRC=", home_variable);
		chmod(path, 0600);
		CHECK_INT(await_netrc_read(&netrc, 0), -EPERM);
		CHECK_TEXT_HAS(async_error(), "12345");
	}
	end_home();
}

TEST_WITH(no_memory, "H37", .backends = ONCE)
{
	for (int nth = 1, failed = 1; failed; nth++) {
		char *text = strdup("machine a machine b machine c");
		int error;

		fault_clear();
		if (!fault_inject("realloc", nth, ENOMEM))
			SKIP("this build cannot inject into that call");
		error = netrc_parse(&netrc, text, strlen(text), "x");
		failed = fault_count("realloc") >= nth;
		fault_clear();
		CHECK_INT(error, failed ? -ENOMEM : 0);
		netrc_end(&netrc);
	}
}

/* As services have it. */
TEST_TASK_WITH(a_home_that_is_none, "H37", .may_leak = 1)
{
	struct netrc none;

	unsetenv("NETRC");
	setenv("HOME", "/dev/null", 1);
	CHECK_INT(await_netrc_read(&none, 0), -ENOENT);
	setenv("NETRC", "/dev/null/x", 1);
	CHECK_INT(await_netrc_read(&none, 0), -ENOTDIR);
}
