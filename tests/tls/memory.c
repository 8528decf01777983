/* SPDX-License-Identifier: MIT */
/* OpenSSL without memory: each of its allocations fails in turn. What comes of a connection is a
 * failure that is told, or none. */
#include <errno.h>
#include "tls/ends.h"

static long left; /* allocations until one fails; 0: none does */
static long count;
static bool installed;

static bool fails(void)
{
	count++;
	return left && !--left;
}

static void *allocate(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return fails() ? NULL : malloc(size);
}

static void *reallocate(void *memory, size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return fails() ? NULL : realloc(memory, size);
}

static void release(void *memory, const char *file, int line)
{
	(void)file, (void)line;
	free(memory);
}

/* Before OpenSSL allocates anything: before the certificates are made. */
__attribute__((constructor(101))) static void install(void)
{
	installed = CRYPTO_set_mem_functions(allocate, reallocate, release);
}

static BIO *first;

/* What a process makes once is made by the next who needs it. */
__attribute__((constructor(102))) static void fail_first(void)
{
	left = installed ? 2 : 0; /* OpenSSL's lock comes before */
	first = bio_new(NULL);
	left = 0;
}

TEST_WITH(once_is_not_once_for_all, "S17", .backends = ONCE, .may_leak = 1)
{
	BIO *second = bio_new(NULL);

	if (!installed)
		SKIP("OpenSSL has allocated before");
	CHECK(!first && second);
	BIO_free(second);
}

static int say(void *arg)
{
	struct start *start = arg;
	char data[5];
	ssize_t n = await_stream_start_tls(start->stream, start->tls, start->host);

	if (!n)
		n = await_stream_write(start->stream, "hello", 5);
	if (n >= 0)
		n = await_stream_readexactly(start->stream, data, 5);
	if (n == 5)
		CHECK_INT(memcmp(data, "hello", 5), 0);
	start->result = n < 0 ? (int)n : 0;
	/* The other side shall not wait for what will not come. */
	if (n < 0)
		async_stream_abort(start->stream);
	else
		await_stream_close(start->stream);
	return 0;
}

/* Whether both sides were content. */
static bool converse_without(long nth, bool again, async_tls *tls[2])
{
	struct start starts[2] = { { .tls = tls[0], .host = "localhost" }, { .tls = tls[1] } };
	async_stream *ends[2];

	socket_ends(ends, NULL);
	starts[0].stream = ends[0];
	starts[1].stream = ends[1];
	left = again ? 0 : nth;
	count = 0;
	{
		AWAIT_GROUP(group);

		async_spawn(&group, say, &starts[0]);
		async_spawn(&group, say, &starts[1]);
	}
	left = 0;
	return !starts[0].result && !starts[1].result;
}

static void fail_one(long nth)
{
	async_tls *tls[2] = { client_with(&authority), server_with(&server) };

	converse_without(nth, false, tls);
	/* Nothing is left over of it: not in a context, not in the queue of errors. */
	CHECK(converse_without(nth, true, tls));
	async_tls_free(tls[0]);
	async_tls_free(tls[1]);
}

TEST_TASK_WITH(each_allocation_fails, "S17", .backends = BACKEND_EPOLL, .deadline = 60,
	       .may_leak = 1)
{
	async_tls *tls[2] = { client_with(&authority), server_with(&server) };
	long total;

	if (!installed)
		SKIP("OpenSSL has allocated before");
	CHECK(converse_without(0, true, tls));
	total = count;
	CHECK(total > 1000);
	async_tls_free(tls[0]);
	async_tls_free(tls[1]);
	/* All of the beginning; the rest would take ten seconds. */
	for (long nth = 1; nth <= total; nth += nth < 100 ? 1 : 3)
		fail_one(nth);
}
