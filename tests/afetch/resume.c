/* SPDX-License-Identifier: MIT */
/* What an earlier run has fetched. */
#include <await.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"
#include "resume.h"

TEST_WITH(a_set_of_many, "H46", .backends = ONCE)
{
	struct done_set set = { 0 };
	char url[40];

	CHECK(!done_has(&set, "http://h/", 9));
	for (int i = 0; i < 100000; i++) {
		int n = snprintf(url, sizeof url, "http://h/%d", i);

		CHECK(!done_has(&set, url, (size_t)n));
		CHECK_INT(done_add(&set, url, (size_t)n), 0);
		CHECK_INT(done_add(&set, url, (size_t)n), 0);
	}
	CHECK_INT(set.count, 100000);
	CHECK(set.capacity * sizeof *set.slots <= 100000 * 22);
	for (int i = 0; i < 100000; i++) {
		int n = snprintf(url, sizeof url, "http://h/%d", i);

		CHECK(done_has(&set, url, (size_t)n));
	}
	CHECK(!done_has(&set, "http://h/100000", 15));
	done_free(&set);
}

TEST_WITH(no_memory_for_the_set, "H46", .backends = ONCE)
{
	struct done_set set = { 0 };
	char url[40];
	int error = 0, added = 0;

	fault_inject("calloc", 2, ENOMEM);
	while (!error) {
		int n = snprintf(url, sizeof url, "http://h/%d", added);

		error = done_add(&set, url, (size_t)n);
		added += !error;
	}
	CHECK_INT(error, -ENOMEM);
	CHECK_INT(added, 768);
	CHECK_TEXT_HAS(async_error(), "no memory for 768 URLs");
	CHECK(done_has(&set, "http://h/0", 10));
	done_free(&set);
}

static char path[] = "/tmp/await-resume-XXXXXX";

static int read_text(struct done_set *set, const char *text, size_t size, off_t *end)
{
	int fd = mkstemp(path), error;

	CHECK_INT(write(fd, text, size), size);
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	error = resume_read(set, fd, path, end);
	close(fd);
	unlink(path);
	strcpy(path + strlen(path) - 6, "XXXXXX");
	return error;
}

TEST_WITH(a_log_is_read, "H46", .backends = ONCE)
{
	static const char log[] = "{\"url\":\"http://a/\",\"ok\":true,\"error\":null}\n"
				  "{\"url\":\"http://b/\",\"ok\":false,\"error\":\"no\"}\n"
				  "{\"url\":null,\"ok\":false,\"error\":\"too long\"}\n"
				  "{\"url\":\"x\\u0000y\",\"ok\":false}\n"
				  "{\"url\":\"http://c/\",\"o";
	struct done_set set = { 0 };
	off_t end;

	CHECK_INT(read_text(&set, log, strlen(log), &end), 0);
	CHECK_INT(end, strrchr(log, '\n') + 1 - log);
	CHECK_INT(set.count, 1);
	CHECK(done_has(&set, "http://a/", 9) && !done_has(&set, "http://b/", 9));
	CHECK(!done_has(&set, "http://c/", 9));
	done_free(&set);
}

/* Escapes in URLs, and headers that look like more than they are. */
TEST_WITH(records_are_not_mistaken, "H46", .backends = ONCE)
{
	static const char log[] =
		"{\"url\":\"x\\u0000y\",\"ok\":true,\"error\":null}\n"
		"{\"url\":\"a\\\"b\",\"ok\":true,\"error\":null}\n"
		"{\"url\":\"http://c/\",\"headers\":{\"ok\":\"true\",\"x\":\",\\\"ok\\\":true,\"},"
		"\"ok\":false,\"error\":\"no\"}\n"
		"{\"ok\":true,\"url\":\"http://d/\"}\n"
		"{\"url\":\"caf\xc3\xa9\",\"ok\":true,\"error\":null}\n";
	struct done_set set = { 0 };
	off_t end;

	CHECK_INT(read_text(&set, log, sizeof log - 1, &end), 0);
	CHECK_INT(end, sizeof log - 1);
	CHECK_INT(set.count, 4);
	CHECK(done_has(&set, "x\0y", 3) && done_has(&set, "a\"b", 3));
	CHECK(!done_has(&set, "http://c/", 9) && done_has(&set, "http://d/", 9));
	CHECK(done_has(&set, "caf\xc3\xa9", 5));
	done_free(&set);
}

TEST_WITH(what_is_no_log_is_refused, "H46", .backends = ONCE)
{
	static const char *const wrong[] = {
		"no JSON\n", "{}\n", "{\"url\":1,\"ok\":true}\n", "{\"url\":\"http://a/\"}\n",
		"[]\n",	     "\n"
	};
	struct done_set set = { 0 };
	off_t end;

	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		CHECK_INT(read_text(&set, wrong[i], strlen(wrong[i]), &end), -EBADMSG);
		CHECK_TEXT_HAS(async_error(), ":1: no record of afetch");
	}
	{
		int fd = open("/", O_RDONLY);

		CHECK_INT(resume_read(&set, fd, "/", &end), -EIO);
		close(fd);
		CHECK_INT(resume_read(&set, fd, "closed", &end), -EBADF);
		CHECK_TEXT_HAS(async_error(), "cannot read the log closed: Bad file descriptor");
	}
	CHECK_INT(set.count, 0);
	done_free(&set);
}
