/* SPDX-License-Identifier: MIT */
/* The buffers that a loop lends: sizes, reuse, and what many at once cost. */
#include <await.h>
#include <errno.h>
#include <string.h>
#include "core/loop.h"
#include "fault.h"
#include "harness.h"

TEST_TASK(as_large_as_is_needed, "S12")
{
	struct async_loop *loop = loop_of_thread();
	char *large = buffer_take(loop), *small = buffer_take_for(loop, LENT_SMALL_BYTES);
	char *larger = buffer_take_for(loop, LENT_SMALL_BYTES + 1);

	CHECK_INT(buffer_bytes(large), LENT_BYTES);
	CHECK_INT(buffer_bytes(larger), LENT_BYTES);
	CHECK_INT(buffer_bytes(small), LENT_SMALL_BYTES);
	memset(large, 1, LENT_BYTES);
	memset(small, 2, LENT_SMALL_BYTES);
	buffer_give(loop, small);
	buffer_give(loop, large);
	buffer_give(loop, larger);
	/* The last one in is the first one out. */
	CHECK(buffer_take(loop) == larger);
	CHECK(buffer_take_for(loop, 1) == small);
	buffer_give(loop, larger);
	buffer_give(loop, small);
}

static void take_and_give(struct async_loop *loop, size_t size, int count)
{
	char *taken[2 * LENT_SMALL_KEPT];

	for (int i = 0; i < count; i++) {
		taken[i] = buffer_take_for(loop, size);
		CHECK(taken[i] != NULL);
	}
	for (int i = 0; i < count; i++)
		buffer_give(loop, taken[i]);
}

TEST_TASK_WITH(so_many_are_kept, "S12", .backends = ONCE)
{
	struct async_loop *loop = loop_of_thread();

	if (!fault_inject("aligned_alloc", 1, ENOMEM))
		SKIP("no fault injection here");
	CHECK(!buffer_take(loop));
	for (int i = 0; i < 2; i++) {
		fault_clear();
		take_and_give(loop, 100, LENT_SMALL_KEPT);
		take_and_give(loop, LENT_BYTES, LENT_KEPT);
		CHECK_INT(fault_count("aligned_alloc"), i ? 0 : LENT_SMALL_KEPT + LENT_KEPT);
	}
	take_and_give(loop, 100, LENT_SMALL_KEPT + 10);
	take_and_give(loop, LENT_BYTES, LENT_KEPT + 10);
	CHECK_INT(loop->buffers.small.count, LENT_SMALL_KEPT);
	CHECK_INT(loop->buffers.large.count, LENT_KEPT);
	CHECK_INT(loop->buffers.large.made, LENT_KEPT);
}

enum { PAIRS = 3 * LENT_KEPT };

static async_stream *ends[PAIRS][2];

static void make_pairs(void)
{
	for (int i = 0; i < PAIRS; i++) {
		int fds[2];

		CHECK_INT(async_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		ends[i][0] = async_stream_open(fds[0], NULL);
		ends[i][1] = async_stream_open(fds[1], NULL);
	}
}

/* Each pair has a line that nobody has taken yet, and an answer that is not sent yet. */
static void one_round(void)
{
	const char *line;

	for (int i = 0; i < PAIRS; i++)
		CHECK_INT(async_stream_buffer(ends[i][0], "request\n", 8), 8);
	for (int i = 0; i < PAIRS; i++)
		CHECK_INT(await_stream_peek(ends[i][1], 8, &line), 8);
	for (int i = 0; i < PAIRS; i++)
		CHECK_INT(async_stream_buffer(ends[i][1], "answer\n", 7), 7);
	for (int i = 0; i < PAIRS; i++) {
		CHECK_INT(await_stream_readline(ends[i][1], &line), 8);
		CHECK_INT(memcmp(line, "request\n", 8), 0);
		CHECK_INT(await_stream_readline(ends[i][0], &line), 7);
		CHECK_INT(memcmp(line, "answer\n", 7), 0);
	}
}

/* However many hold a message at once, in a steady state none needs memory. */
TEST_TASK_WITH(messages_of_many_cost_no_memory_each, "S12 S18", .backends = REAL_BACKENDS)
{
	make_pairs();
	one_round();
	one_round();
	if (!fault_inject("aligned_alloc", 1, ENOMEM))
		SKIP("no fault injection here");
	fault_clear();
	one_round();
	CHECK_INT(fault_count("aligned_alloc"), 0);
	for (int i = 0; i < PAIRS; i++) {
		async_stream_abort(ends[i][0]);
		async_stream_abort(ends[i][1]);
	}
}

TEST_TASK_WITH(without_memory_a_large_one_serves, "S12 X19", .backends = ONCE)
{
	struct async_loop *loop = loop_of_thread();
	char *buffer = buffer_take(loop), *small;

	strcpy(buffer, "text");
	CHECK(buffer_shrink(loop, buffer, LENT_SMALL_BYTES + 1) == buffer);
	if (!fault_inject("aligned_alloc", 1, ENOMEM))
		SKIP("no fault injection here");
	CHECK(buffer_shrink(loop, buffer, 5) == buffer);
	small = buffer_shrink(loop, buffer, 5);
	CHECK(small != buffer);
	CHECK_STR(small, "text");
	CHECK_INT(loop->buffers.large.count, 1);
	/* There are large ones left. */
	take_and_give(loop, LENT_BYTES, 2);
	buffer = buffer_take(loop);
	CHECK(buffer_shrink(loop, buffer, 5) == buffer);
	buffer_give(loop, buffer);
	buffer_give(loop, small);
}
