/* SPDX-License-Identifier: MIT */
/* Jars as files. */
#include <sys/stat.h>
#include <unistd.h>
#include "fault.h"
#include "keeping.h"

static char directory[] = "/tmp/jar-XXXXXX";
static char path[100];

static async_cookie_jar *begin(void)
{
	async_cookie_jar *jar = async_cookie_jar_new(NULL);

	CHECK(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/cookies.json", directory);
	if (await_cookie_jar_save(jar, path) == -EOPNOTSUPP) {
		CHECK_TEXT_HAS(async_error(), "jansson");
		CHECK_INT(await_cookie_jar_load(jar, path), -EOPNOTSUPP);
		CHECK_TEXT_HAS(async_error(), "jansson");
		async_cookie_jar_free(jar);
		rmdir(directory);
		SKIP("built without jansson");
	}
	return jar;
}

static void end(async_cookie_jar *jar)
{
	async_cookie_jar_free(jar);
	unlink(path);
	CHECK_INT(rmdir(directory), 0); /* nothing is left beside it */
}

static ssize_t load_text(async_cookie_jar *jar, const char *text)
{
	CHECK_INT(await_write_file(path, text, strlen(text), 0600), 0);
	return await_cookie_jar_load(jar, path);
}

TEST_TASK(there_and_back, "H40")
{
	async_cookie_jar *jar = begin(), *again = async_cookie_jar_new(NULL);
	async_jar_cookie a = { 0 }, b = { 0 };
	struct stat status;
	char *first;

	set_from(jar, "https://www.a.org/x/", "a=1; Secure; HttpOnly; SameSite=None; Partitioned");
	set_from(jar, "http://www.a.org/", "b=\xff\xfe; Domain=a.org; Max-Age=1000");
	set_from(jar, "http://www.a.org/", "\xc3\xbc=\"q\\\"\"; SameSite=Lax");
	set_from(jar, "http://www.a.org/", "nameless; SameSite=Strict");
	CHECK_INT(await_cookie_jar_save(jar, path), 0);
	CHECK_INT(stat(path, &status), 0);
	CHECK_INT(status.st_mode & 07777, 0600);
	CHECK_INT(await_cookie_jar_load(again, path), 4);
	first = strdup(all_of(jar));
	CHECK_STR(all_of(again), first);
	free(first);
	while (async_cookie_jar_next(jar, &a)) {
		CHECK(async_cookie_jar_next(again, &b));
		CHECK_INT(a.http_only, b.http_only);
		CHECK_INT(a.partitioned, b.partitioned);
		CHECK_STR(a.same_site ? a.same_site : "-", b.same_site ? b.same_site : "-");
		CHECK(a.expires == b.expires || fabs(a.expires - b.expires) <= 1);
	}
	CHECK(!async_cookie_jar_next(again, &b));
	/* A second time they are replaced; what is newer stays beside them. */
	set_from(again, "http://www.a.org/", "new=1");
	CHECK_INT(await_cookie_jar_load(again, path), 4);
	CHECK_INT(async_cookie_jar_count(again), 5);
	async_cookie_jar_free(again);
	end(jar);
}

TEST_TASK_WITH(what_has_expired_is_not_saved, "H40", .backends = BACKEND_SIM)
{
	async_cookie_jar *jar = begin();

	set_from(jar, "http://a.org/", "a=1; Max-Age=10");
	set_from(jar, "http://a.org/", "b=1; Max-Age=100");
	CHECK_INT(await_cookie_jar_save(jar, path), 0);
	await_sleep(11);
	async_cookie_jar_clear(jar);
	CHECK_INT(await_cookie_jar_load(jar, path), 1);
	CHECK_STR(all_of(jar), "b=1 a.org/ H|");
	CHECK_INT(await_cookie_jar_save(jar, path), 0);
	CHECK_INT(await_cookie_jar_load(jar, path), 1);
	end(jar);
}

#define COOKIES(list_) "{\"version\": 1, \"cookies\": [" list_ "]}"
#define PLACE	       "\"domain\": \"a.org\", \"path\": \"/\""

TEST_TASK(bad_entries_among_good_ones, "H40")
{
	async_cookie_jar *jar = begin();

	CHECK_INT(load_text(jar,
			    COOKIES("{\"name\": \"a\", \"value\": \"1\", " PLACE "},"
				    "1, null, \"x\", [], {},"
				    "{\"name\": \"b\", " PLACE "},"
				    "{\"name\": \"b\", \"value\": 1, " PLACE "},"
				    "{\"name\": \"b\", \"value\": \"x\\r\\ny\", " PLACE "},"
				    "{\"name\": \"b\", \"value\": \"x;y\", " PLACE "},"
				    "{\"name\": \"b=c\", \"value\": \"x\", " PLACE "},"
				    "{\"name\": \"b\", \"value\": {\"hex\": \"4\"}, " PLACE "},"
				    "{\"name\": \"b\", \"value\": {\"hex\": \"4g\"}, " PLACE "},"
				    "{\"name\": \"b\", \"value\": {\"hex\": \"0a\"}, " PLACE "},"
				    "{\"name\": \"\", \"value\": \"\", " PLACE "},"
				    "{\"name\": \"b\", \"value\": \"x\", \"domain\": \"\","
				    "	\"path\": \"/\"},"
				    "{\"name\": \"b\", \"value\": \"x\", \"domain\": \"a.org\","
				    "	\"path\": \"x\"},"
				    "{\"name\": \"b\", \"value\": \"x\", \"domain\": \"org\","
				    "	\"path\": \"/\"},"
				    "{\"name\": \"b\", \"value\": \"1\", \"expires\": -1, " PLACE
				    "},"
				    "{\"name\": \"b\", \"value\": \"1\", \"expires\": \"x\", " PLACE
				    "},"
				    "{\"name\": \"__Host-b\", \"value\": \"1\", " PLACE "},"
				    "{\"name\": \"__secure-b\", \"value\": \"1\", " PLACE "},"
				    "{\"name\": \"\", \"value\": \"__Host-b=1\", " PLACE "},"
				    "{\"name\": \"b\", \"value\": \"1\", \"domain\": \"127.0.0.1\","
				    "	\"path\": \"/\", \"host_only\": true},"
				    "{\"name\": \"z\", \"value\": {\"hex\": \"4Aff\"},"
				    "	\"domain\": \"A.org\", \"path\": \"/\", \"secure\": true,"
				    "	\"same_site\": \"lax?\"}")),
		  2);
	CHECK_STR(all_of(jar), "a=1 a.org/ |z=J\xff a.org/ S|");
	end(jar);
}

TEST_TASK(no_files_of_cookies, "H40")
{
	async_cookie_jar *jar = begin(), *small;

	CHECK_INT(load_text(jar, "{"), -EBADMSG);
	CHECK_TEXT_HAS(async_error(), "line 1");
	CHECK_INT(load_text(jar, "[]"), -EBADMSG);
	CHECK_INT(load_text(jar, "{\"version\": 2, \"cookies\": []}"), -EBADMSG);
	CHECK_TEXT_HAS(async_error(), "\"version\": 1");
	CHECK_INT(load_text(jar, "{\"version\": 1, \"cookies\": {}}"), -EBADMSG);
	CHECK_INT(load_text(jar, ""), -EBADMSG);
	CHECK_INT(load_text(jar, COOKIES("")), 0);
	CHECK_INT(await_cookie_jar_load(jar, "/nowhere/at/all"), -ENOENT);
	CHECK_INT(await_cookie_jar_save(jar, "/nowhere/at/all"), -ENOENT);
	CHECK_INT(await_cookie_jar_save(NULL, path), -EINVAL);
	CHECK_INT(await_cookie_jar_load(jar, NULL), -EINVAL);
	small = async_cookie_jar_new(&(async_cookie_jar_options){ .file_bytes = 10 });
	CHECK_INT(await_cookie_jar_load(small, path), -EFBIG);
	CHECK_TEXT_HAS(async_error(), "10 bytes");
	async_cookie_jar_free(small);
	end(jar);
}

TEST_TASK(cancelled_before_it_began, "H40")
{
	async_cookie_jar *jar = begin();
	struct stat before, after;

	CHECK_INT(stat(path, &before), 0);
	async_timeout (0) {
		await_sleep(1);
		CHECK_INT(await_cookie_jar_save(jar, path), -ETIMEDOUT);
		CHECK_INT(await_cookie_jar_load(jar, path), -ETIMEDOUT);
	}
	CHECK_INT(stat(path, &after), 0);
	CHECK_INT(before.st_ino, after.st_ino);
	end(jar);
}

TEST_TASK_WITH(no_memory_to_load, "H40", .backends = ONCE)
{
	async_cookie_jar *jar = begin();

	set_from(jar, "http://a.org/", "a=1; Max-Age=100");
	CHECK_INT(await_cookie_jar_save(jar, path), 0);
	for (int nth = 1, failed = 1; failed; nth++) {
		ssize_t n;

		async_cookie_jar_clear(jar);
		fault_clear();
		if (!fault_inject("malloc", nth, ENOMEM))
			SKIP("this build cannot inject into that call");
		n = await_cookie_jar_load(jar, path);
		failed = fault_count("malloc") >= nth;
		fault_clear();
		CHECK_INT(n, failed ? -ENOMEM : 1);
		CHECK_INT(async_cookie_jar_count(jar), !failed);
	}
	end(jar);
}
